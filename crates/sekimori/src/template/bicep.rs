//! Bicep files, through the `bicep` command or `az bicep`, and the way back from what these write.
//!
//! The compiler writes no map from its JSON to the Bicep text. So the text is looked through for declarations, which
//! stand in the same order in both, and for members of their objects. Where that finds nothing, a place is that of the
//! declaration around it.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use posture::Lang;
use template::value::Member;
use template::{Kind, Object, Span, Value};

/// The JSON of a Bicep file.
pub(super) fn build(path: &Path, lang: Lang) -> anyhow::Result<Vec<u8>> {
    run(path, &["build", "--stdout"], &["bicep", "build", "--stdout", "--file"], lang)
}

/// The parameters that a `.bicepparam` file gives, in the form of a parameter file.
pub(super) fn parameters(path: &Path, lang: Lang) -> anyhow::Result<Vec<u8>> {
    let text =
        run(path, &["build-params", "--stdout"], &["bicep", "build-params", "--stdout", "--file"], lang)?;
    let read: serde_json::Value = serde_json::from_slice(&text).with_context(|| match lang {
        Lang::En => format!("what `bicep` wrote for `{}` is no JSON", path.display()),
        Lang::Ja => format!("`{}` に対する `bicep` の出力が JSON ではありません", path.display()),
    })?;
    // The command puts the file's text into a member of its answer.
    let parameters = read.get("parametersJson").and_then(|text| text.as_str());
    Ok(parameters.map_or(text, |text| text.as_bytes().to_vec()))
}

fn run(path: &Path, own: &[&str], of_az: &[&str], lang: Lang) -> anyhow::Result<Vec<u8>> {
    let mut bicep = Command::new("bicep");
    let mut words = own.iter();
    bicep.args(words.next()).arg(path).args(words);
    let mut az = Command::new("az");
    az.args(of_az).arg(path);
    for mut command in [bicep, az] {
        command.stdin(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        if output.status.success() {
            return Ok(output.stdout);
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let told: Vec<&str> = told.lines().filter(|line| !line.trim().is_empty()).take(20).collect();
        match lang {
            Lang::En => bail!("`{}` cannot be compiled:\n{}", path.display(), told.join("\n")),
            Lang::Ja => bail!("`{}` をコンパイルできません:\n{}", path.display(), told.join("\n")),
        }
    }
    match lang {
        Lang::En => bail!(
            "`{}` is Bicep, which the `bicep` command compiles, and it is not there: install it (`az bicep install`, or https://aka.ms/bicep-install), or give the JSON that `bicep build` writes",
            path.display()
        ),
        Lang::Ja => bail!(
            "`{}` は Bicep ファイルです。コンパイルに必要な `bicep` コマンドが見つかりません。インストールするか (`az bicep install` または https://aka.ms/bicep-install)、`bicep build` が出力する JSON を指定してください",
            path.display()
        ),
    }
}

/// A declared thing of a Bicep text: where it is, and what its object holds.
#[derive(Clone, Debug, Default)]
struct Node {
    start: usize,
    end: usize,
    members: Vec<(String, Node)>,
    items: Vec<Node>,
}

/// How deep objects of a Bicep text are looked into.
const DEPTH: usize = 64;

/// The template with its places in the Bicep text.
pub(super) fn mapped(template: &Value, bicep: &[u8], file: u32) -> Value {
    let text = String::from_utf8_lossy(bicep);
    let declared = declarations(&text);
    let mut by_key: HashMap<&str, Vec<&Node>> = HashMap::new();
    for (key, node) in &declared {
        by_key.entry(key).or_default().push(node);
    }
    let declared = |key: &str, number: usize| by_key.get(key).and_then(|all| all.get(number)).copied();
    let whole = Node { start: 0, end: 0, ..Node::default() };
    let Kind::Object(object) = &template.kind else { return placed(template, &whole, file) };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut members = Vec::new();
    for member in object.members() {
        let value = match &*member.name {
            "parameters" | "variables" | "outputs" => {
                let word = match &*member.name {
                    "parameters" => "param",
                    "variables" => "var",
                    _ => "output",
                };
                each(&member.value, file, &whole, |name| declared(&format!("{word} {name}"), 0))
            }
            "resources" => {
                let mut one = |value: &Value| {
                    let object = value.object();
                    let kind = object.and_then(|object| object.text("type")).unwrap_or_default();
                    let key = match kind.eq_ignore_ascii_case("Microsoft.Resources/deployments") {
                        true => "module".to_owned(),
                        false => format!("resource {}", kind.to_ascii_lowercase()),
                    };
                    let number = seen.entry(key.clone()).or_default();
                    let node = declared(&key, *number);
                    *number += 1;
                    placed(value, node.unwrap_or(&whole), file)
                };
                match &member.value.kind {
                    Kind::List(items) => {
                        Value::of_list(items.iter().map(&mut one).collect(), at(&whole, file))
                    }
                    Kind::Object(object) => {
                        let made = object.members().iter().map(|member| Member {
                            value: one(&member.value),
                            at: at(&whole, file),
                            name: member.name.clone(),
                        });
                        Value::new(Kind::Object(Arc::new(Object::new(made.collect()))), at(&whole, file))
                    }
                    _ => placed(&member.value, &whole, file),
                }
            }
            _ => placed(&member.value, &whole, file),
        };
        members.push(Member { value, at: at(&whole, file), name: member.name.clone() });
    }
    Value::new(Kind::Object(Arc::new(Object::new(members))), at(&whole, file))
}

fn each<'n>(value: &Value, file: u32, whole: &Node, find: impl Fn(&str) -> Option<&'n Node>) -> Value {
    let Kind::Object(object) = &value.kind else { return placed(value, whole, file) };
    let made = object.members().iter().map(|member| {
        let node = find(&member.name).unwrap_or(whole);
        Member { value: placed(&member.value, node, file), at: at(node, file), name: member.name.clone() }
    });
    Value::new(Kind::Object(Arc::new(Object::new(made.collect()))), at(whole, file))
}

fn at(node: &Node, file: u32) -> Span {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: number(node.start), end: number(node.end) }
}

/// A value with the places of a node, and of those inside of it. Values are never nested deeper than what was read.
fn placed(value: &Value, node: &Node, file: u32) -> Value {
    let outer = Node { start: node.start, end: node.end, ..Node::default() };
    let inner = |name: &str| {
        node.members.iter().find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, node)| node)
    };
    let here = at(node, file);
    match &value.kind {
        Kind::Object(object) => {
            let made = object.members().iter().map(|member| {
                let node = inner(&member.name).unwrap_or(&outer);
                Member {
                    value: placed(&member.value, node, file),
                    at: at(node, file),
                    name: member.name.clone(),
                }
            });
            Value::new(Kind::Object(Arc::new(Object::new(made.collect()))), here)
        }
        Kind::List(items) => {
            let made = items
                .iter()
                .enumerate()
                .map(|(index, item)| placed(item, node.items.get(index).unwrap_or(&outer), file));
            Value::of_list(made.collect(), here)
        }
        _ => value.clone().moved(here),
    }
}

/// The declarations of a Bicep text: `resource type`, `module`, `param name`, `var name`, `output name`, in order.
fn declarations(text: &str) -> Vec<(String, Node)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut scanner = Scanner { text: text.as_bytes(), at: 0 };
    while start < text.len() {
        let rest = text.get(start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let key = match words.as_slice() {
            ["resource", _, kind, ..] => {
                let kind = kind.trim_matches('\'').split('@').next().unwrap_or_default();
                Some(format!("resource {}", kind.to_ascii_lowercase()))
            }
            ["module", _, _, ..] => Some("module".to_owned()),
            [word @ ("param" | "var" | "output"), name, ..] => {
                Some(format!("{word} {}", name.trim_end_matches(['=', ':'])))
            }
            _ => None,
        };
        let existing = words.contains(&"existing");
        let Some(key) = key else {
            start += line.len() + 1;
            continue;
        };
        let equals = line.find('=');
        scanner.at = start + equals.map_or(line.len(), |equals| equals + 1);
        let mut node = match equals {
            Some(_) => scanner.value(0),
            None => Node::default(),
        };
        let end = scanner.at.max(start + line.len());
        // The name of a declaration is its place; what is inside of it has its own.
        node.start = start;
        node.end = start + line.trim_end().len();
        // Existing resources are written only where resources have symbolic names.
        if !existing {
            found.push((key, node));
        }
        let next =
            text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| end + newline + 1);
        start = next;
    }
    found
}

/// Finds members and elements in an object of a Bicep text. Understands as much as it takes to find them again.
struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, lines: bool) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\n') if lines => self.at += 1,
                Some(b'/') if self.text.get(self.at + 1) == Some(&b'/') => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                Some(b'/') if self.text.get(self.at + 1) == Some(&b'*') => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let end = rest.windows(2).position(|two| two == b"*/");
                    self.at += end.map_or(rest.len(), |end| end + 2);
                }
                _ => return,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Node {
        self.skip(false);
        let start = self.at;
        let mut node = Node { start, ..Node::default() };
        if depth < DEPTH {
            match self.peek() {
                Some(b'{') => self.object(&mut node, depth),
                Some(b'[') => self.list(&mut node, depth),
                _ => self.plain(&mut node, depth),
            }
        } else {
            self.plain(&mut node, DEPTH);
        }
        node.end = self.at;
        node
    }

    fn object(&mut self, node: &mut Node, depth: usize) {
        self.at += 1;
        loop {
            self.skip(true);
            match self.peek() {
                None => return,
                Some(b'}') => {
                    self.at += 1;
                    return;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let before = self.at;
            let Some(name) = self.name() else {
                // A nested declaration or a spread: to the end of its line, or of its object.
                let mut aside = Node::default();
                self.plain(&mut aside, depth);
                if self.at == before {
                    self.at += 1;
                }
                continue;
            };
            let value = self.value(depth + 1);
            node.members.push((name, value));
        }
    }

    /// A name with the colon behind it.
    fn name(&mut self) -> Option<String> {
        let before = self.at;
        let name = match self.peek() {
            Some(b'\'') => {
                self.string();
                let text = self.text.get(before + 1..self.at.saturating_sub(1)).unwrap_or_default();
                String::from_utf8_lossy(text).into_owned()
            }
            _ => {
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    self.at += 1;
                }
                String::from_utf8_lossy(self.text.get(before..self.at).unwrap_or_default()).into_owned()
            }
        };
        self.skip(false);
        if name.is_empty() || self.peek() != Some(b':') {
            self.at = before;
            return None;
        }
        self.at += 1;
        Some(name)
    }

    fn list(&mut self, node: &mut Node, depth: usize) {
        self.at += 1;
        loop {
            self.skip(true);
            match self.peek() {
                None => return,
                Some(b']') => {
                    self.at += 1;
                    return;
                }
                Some(b',') => self.at += 1,
                _ => {
                    let before = self.at;
                    let value = self.value(depth + 1);
                    if self.at == before {
                        self.at += 1;
                    }
                    node.items.push(value);
                }
            }
        }
    }

    /// Anything else, to the end of its line. An object in it, as behind `if (…)`, lends its members.
    fn plain(&mut self, node: &mut Node, depth: usize) {
        let mut round = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' => {
                    self.string();
                    continue;
                }
                b'(' => round += 1,
                b')' if round > 0 => round -= 1,
                b'{' if depth < DEPTH => {
                    let mut inner = Node::default();
                    self.object(&mut inner, depth + 1);
                    if node.members.is_empty() {
                        node.members = inner.members;
                    }
                    continue;
                }
                b'[' if depth < DEPTH => {
                    let mut inner = Node::default();
                    self.list(&mut inner, depth + 1);
                    continue;
                }
                b'}' | b']' | b')' => return,
                b',' if round == 0 => return,
                b'\n' if round == 0 => return,
                b'/' if matches!(self.text.get(self.at + 1), Some(b'/' | b'*')) => {
                    self.skip(false);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// A text in quotes, or in three of them.
    fn string(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(b"'''") {
            let body = rest.get(3..).unwrap_or_default();
            let end = body.windows(3).position(|three| three == b"'''");
            self.at += end.map_or(rest.len(), |end| end + 6);
            return;
        }
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\'' | b'\n' => return,
                _ => {}
            }
        }
        self.at = self.at.min(self.text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_the_bicep_text() {
        let bicep = "param port string = '22'\n\n// a group\nresource nsg 'Microsoft.Network/networkSecurityGroups@2023-09-01' = if (port != '') {\n  name: 'nsg'\n  properties: {\n    securityRules: [\n      {\n        name: 'ssh'\n        properties: { destinationPortRange: port, access: 'Allow' }\n      }\n    ]\n  }\n}\n";
        let json = r#"{"parameters":{"port":{"type":"string","defaultValue":"22"}},"resources":[{"type":"Microsoft.Network/networkSecurityGroups","name":"nsg","properties":{"securityRules":[{"name":"ssh","properties":{"destinationPortRange":"[parameters('port')]","access":"Allow"}}]}}]}"#;
        let template = template::json::read(json.as_bytes(), 9).unwrap();
        let mapped = mapped(&template, bicep.as_bytes(), 2);
        let check = |pointer: &str, expected: &str| {
            let at = template::wire::find(&mapped, pointer).at;
            assert_eq!(&bicep[at.start as usize..at.end as usize], expected, "{pointer}");
            assert_eq!(at.file, 2);
        };
        check("/resources/0/properties/securityRules/0/properties/destinationPortRange", "port");
        check("/resources/0/properties/securityRules/0/properties/access", "'Allow' ");
        check("/resources/0/name", "'nsg'");
        check(
            "/resources/0",
            "resource nsg 'Microsoft.Network/networkSecurityGroups@2023-09-01' = if (port != '') {",
        );
        check("/parameters/port", "param port string = '22'");
    }

    #[test]
    fn broken_text_is_looked_through_to_its_end() {
        for text in [
            "resource a 'b@c' = {",
            "resource a 'b@c' = { x: '",
            "var x = [[[",
            "resource a b = }}",
            "var a = '''",
            "param",
            "resource a 'b' = { { { ( [",
        ] {
            let _ = declarations(text);
        }
    }
}
