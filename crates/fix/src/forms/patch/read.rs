//! Reads Terraform and Bicep.

use super::scan::Scan;
use super::tree::{DEPTH, Kind, Member, Node, Syntax};

/// The blocks and resources of a file; nothing where it cannot be read.
pub(super) fn read(text: &str, syntax: Syntax) -> Option<Node> {
    let members = match syntax {
        Syntax::Json => return super::json::read(text),
        Syntax::Terraform => {
            let scan = Scan { text, syntax };
            let (members, end) = scan.body(usize::from(text.starts_with('\u{feff}')) * 3, 0)?;
            (end == text.len()).then_some(members)?
        }
        Syntax::Bicep => Scan { text, syntax }.statements(),
    };
    Some(Node { kind: Kind::Object(members), start: 0, end: text.len() })
}

impl Scan<'_> {
    /// Attributes and blocks up to a brace that none of them opened.
    fn body(&self, mut at: usize, depth: usize) -> Option<(Vec<Member>, usize)> {
        if depth > DEPTH {
            return None;
        }
        let mut members = Vec::new();
        loop {
            at = self.skip(at, true, false);
            if self.byte(at).is_none_or(|byte| byte == b'}') {
                return Some((members, at));
            }
            let start = at;
            at = self.word(at)?;
            let key = self.part(start, at).to_owned();
            at = self.skip(at, false, false);
            if self.byte(at) == Some(b'=') && self.byte(at + 1) != Some(b'=') {
                let value = self.value(at + 1, true, depth + 1)?;
                at = value.end;
                members.push(Member { key, start, value, block: None });
                continue;
            }
            let mut labels = Vec::new();
            while self.byte(at)? != b'{' {
                let end = match self.string(at) {
                    Some((end, _)) => end,
                    None => self.word(at)?,
                };
                labels.push(self.part(at, end).trim_matches('"').to_owned());
                at = self.skip(end, false, false);
            }
            let (inner, end) = self.body(at + 1, depth + 1)?;
            if self.byte(end)? != b'}' {
                return None;
            }
            let value = Node { kind: Kind::Object(inner), start: at, end: end + 1 };
            at = end + 1;
            members.push(Member { key, start, value, block: Some(labels) });
        }
    }

    /// The resources among the statements of a Bicep file.
    fn statements(&self) -> Vec<Member> {
        let (mut all, mut at) = (Vec::new(), 0);
        loop {
            at = self.skip(at, true, true);
            if self.byte(at).is_none() {
                return all;
            }
            if let Some(resource) = self.resource(at, 0) {
                at = resource.end();
                all.push(resource);
                continue;
            }
            let Some(end) = self.extent(at, true) else { return all };
            // A bracket that nothing opened: on with what is behind it.
            at = if end == at { at + 1 } else { end };
        }
    }

    /// `resource symbol 'type@version' existing = { … }`.
    fn resource(&self, start: usize, depth: usize) -> Option<Member> {
        let end = self.word(start)?;
        if self.part(start, end) != "resource" {
            return None;
        }
        let from = self.skip(end, false, false);
        let end = self.word(from)?;
        let mut labels = vec![self.part(from, end).to_owned()];
        let from = self.skip(end, false, false);
        let (end, expression) = self.string(from)?;
        labels.push(if expression { String::new() } else { self.part(from + 1, end - 1).to_owned() });
        let mut at = self.skip(end, false, false);
        if self.starts(at, "existing") {
            labels.push("existing".to_owned());
            at = self.skip(at + "existing".len(), false, false);
        }
        if self.byte(at)? != b'=' {
            return None;
        }
        at = self.skip(at + 1, true, false);
        if self.starts(at, "if") {
            let open = self.skip(at + 2, true, false);
            at = self.skip(self.close(open)? + 1, true, false);
        }
        let value = self.value(at, true, depth + 1)?;
        Some(Member { key: "resource".to_owned(), start, value, block: Some(labels) })
    }

    /// One value. Where it is not a literal as a whole, it is an expression.
    fn value(&self, from: usize, lines: bool, depth: usize) -> Option<Node> {
        let start = self.skip(from, !lines, false);
        let end = start + self.part(start, self.extent(start, lines)?).trim_end().len();
        if end == start {
            return None;
        }
        let kind = self.literal(start, end, depth).unwrap_or(Kind::Code);
        Some(Node { kind, start, end })
    }

    fn literal(&self, start: usize, end: usize, depth: usize) -> Option<Kind> {
        if depth > DEPTH {
            return None;
        }
        let text = self.part(start, end);
        match self.byte(start)? {
            b'"' | b'\'' => match self.string(start)? {
                (its, false) if its == end => self.unescaped(text).map(Kind::Text),
                _ => None,
            },
            b'[' => {
                let (mut all, mut at) = (Vec::new(), start + 1);
                loop {
                    at = self.skip(at, true, true);
                    if self.byte(at)? == b']' {
                        return (at + 1 == end).then_some(Kind::List(all));
                    }
                    if self.word(at).is_some_and(|end| self.part(at, end) == "for") {
                        return None;
                    }
                    let one = self.value(at, self.syntax == Syntax::Bicep, depth + 1)?;
                    at = one.end;
                    all.push(one);
                }
            }
            b'{' => {
                let (mut all, mut at) = (Vec::new(), start + 1);
                loop {
                    at = self.skip(at, true, true);
                    if self.byte(at)? == b'}' {
                        return (at + 1 == end).then_some(Kind::Object(all));
                    }
                    let resource = (self.syntax == Syntax::Bicep).then(|| self.resource(at, depth + 1));
                    if let Some(resource) = resource.flatten() {
                        at = resource.end();
                        all.push(resource);
                        continue;
                    }
                    let member = self.pair(at, depth)?;
                    at = member.end();
                    all.push(member);
                }
            }
            _ => {
                let word = matches!(text, "true" | "false" | "null");
                let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                    && serde_json::from_str::<serde_json::Number>(text).is_ok();
                (word || number).then(|| Kind::Word(text.to_owned()))
            }
        }
    }

    /// `key = value` or `key: value`.
    fn pair(&self, start: usize, depth: usize) -> Option<Member> {
        let (end, key) = match self.string(start) {
            Some((end, false)) => (end, self.unescaped(self.part(start, end))?),
            Some(_) => return None,
            None => {
                let end = self.word(start)?;
                (end, self.part(start, end).to_owned())
            }
        };
        let at = self.skip(end, false, false);
        let sign = self.byte(at)?;
        if sign != b':' && (sign != b'=' || self.syntax == Syntax::Bicep) {
            return None;
        }
        Some(Member { key, start, value: self.value(at + 1, true, depth + 1)?, block: None })
    }

    /// What a quoted text says.
    fn unescaped(&self, text: &str) -> Option<String> {
        let bare = text.get(1..text.len().checked_sub(1)?)?;
        if self.syntax == Syntax::Bicep && text.starts_with("'''") && text.len() >= 6 {
            return text.get(3..text.len() - 3).map(str::to_owned);
        }
        let mut out = String::new();
        let mut chars = bare.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next()? {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    // Nobody names a resource with these.
                    'u' | 'U' => return None,
                    c => out.push(c),
                },
                '$' | '%' if self.syntax == Syntax::Terraform && chars.peek() == Some(&c) => {
                    let mut ahead = chars.clone();
                    ahead.next();
                    if ahead.peek() == Some(&'{') {
                        chars.next();
                    }
                    out.push(c);
                }
                c => out.push(c),
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_is_taken_apart() {
        let text = r#"# resource "a" "b" {
resource "x" "y" { # }
  name = "a\"$${b}" // c
  b    = var.x == "}" ? { a = 1 } : [1]
  list = ["a", # one
    "b",
  ]
  h = <<-EOT
    } resource "no" "no" {
    EOT
  i = "${f("}")}"
  inner {
    n = -1
  }
}
"#;
        let root = read(text, Syntax::Terraform).unwrap();
        let [one] = root.members() else { panic!("{root:?}") };
        assert_eq!((one.label(0), one.label(1)), ("x", "y"));
        let value = &one.value;
        assert_eq!(value.text_of("name"), Some("a\"${b}"));
        assert!(matches!(value.get("b").unwrap().kind, Kind::Code));
        assert_eq!(value.get("list").unwrap().list().len(), 2);
        assert!(matches!(value.get("h").unwrap().kind, Kind::Code));
        assert!(matches!(value.get("i").unwrap().kind, Kind::Code));
        assert_eq!(value.blocks("inner").count(), 1);
        assert!(read("a {", Syntax::Terraform).is_none());
    }

    #[test]
    fn bicep_is_taken_apart() {
        let text = r"param a string = 'x' // resource
@description('''resource y 'no' = {''')
resource nsg 'M.N/nsgs@2024' = if (a == 'x') {
  name: 'it\'s'
  location: location
  properties: { rules: [
    { name: 'r', n: 1 }
    'b'
  ] }
  resource inner 'rules@2024' = {
    name: 'c${a}'
  }
}
resource old 'M.N/nsgs@2024' existing = { name: 'o' }
";
        let root = read(text, Syntax::Bicep).unwrap();
        let [nsg, old] = root.members() else { panic!("{root:?}") };
        assert_eq!(nsg.value.text_of("name"), Some("it's"));
        assert_eq!(nsg.value.get("properties").unwrap().get("rules").unwrap().list().len(), 2);
        assert_eq!(nsg.value.blocks("resource").next().unwrap().label(1), "rules@2024");
        assert_eq!((old.label(2), old.value.text_of("name")), ("existing", Some("o")));
    }

    #[test]
    fn what_is_too_deep_is_an_expression() {
        for (open, close) in [("[", "]"), ("{ a = ", "}"), ("(", ")")] {
            let text = format!("a = {}1{}", open.repeat(5_000), close.repeat(5_000));
            let root = read(&text, Syntax::Terraform).unwrap();
            assert!(root.code().is_some());
        }
        assert!(read(&"a {\n".repeat(5_000), Syntax::Terraform).is_none());
        read(&"resource a 'b' = {\n".repeat(5_000), Syntax::Bicep).unwrap();
    }
}
