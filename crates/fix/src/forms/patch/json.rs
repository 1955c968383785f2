//! Reads JSON as Azure Resource Manager takes it: with comments, with single quotes, with a comma behind the last element.
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments-and-metadata>.

use super::scan::Scan;
use super::tree::{DEPTH, Kind, Member, Node, Syntax};

pub(super) fn read(text: &str) -> Option<Node> {
    let reader = Reader(Scan { text, syntax: Syntax::Json });
    let from = usize::from(text.starts_with('\u{feff}')) * 3;
    let node = reader.value(reader.0.skip(from, true, false), 0)?;
    (reader.0.skip(node.end, true, false) == text.len()).then_some(node)
}

struct Reader<'t>(Scan<'t>);

impl Reader<'_> {
    fn value(&self, start: usize, depth: usize) -> Option<Node> {
        if depth > DEPTH {
            return None;
        }
        let scan = &self.0;
        match scan.byte(start)? {
            b'{' => {
                let (mut members, mut at) = (Vec::new(), start + 1);
                loop {
                    at = scan.skip(at, true, true);
                    if scan.byte(at)? == b'}' {
                        return Some(Node { kind: Kind::Object(members), start, end: at + 1 });
                    }
                    let key = self.text(at)?;
                    let colon = scan.skip(key.end, true, false);
                    if scan.byte(colon)? != b':' {
                        return None;
                    }
                    let value = self.value(scan.skip(colon + 1, true, false), depth + 1)?;
                    let start = at;
                    at = value.end;
                    let Kind::Text(key) = key.kind else { return None };
                    members.push(Member { key, start, value, block: None });
                }
            }
            b'[' => {
                let (mut all, mut at) = (Vec::new(), start + 1);
                loop {
                    at = scan.skip(at, true, true);
                    if scan.byte(at)? == b']' {
                        return Some(Node { kind: Kind::List(all), start, end: at + 1 });
                    }
                    let one = self.value(at, depth + 1)?;
                    at = one.end;
                    all.push(one);
                }
            }
            b'"' | b'\'' => {
                let node = self.text(start)?;
                let Kind::Text(text) = &node.kind else { return None };
                let kind = match (text.strip_prefix('['), text.ends_with(']')) {
                    (Some(rest), true) if rest.starts_with('[') => Kind::Text(rest.to_owned()),
                    (Some(_), true) => Kind::Code,
                    _ => return Some(node),
                };
                Some(Node { kind, ..node })
            }
            _ => {
                let rest = scan.text.get(start..)?;
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
                    .unwrap_or(rest.len());
                let word = rest.get(..length)?;
                serde_json::from_str::<serde_json::Value>(word).ok()?;
                Some(Node { kind: Kind::Word(word.to_owned()), start, end: start + length })
            }
        }
    }

    fn text(&self, start: usize) -> Option<Node> {
        let quote = self.0.byte(start).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let mut at = start + 1;
        loop {
            match self.0.byte(at)? {
                b'\\' => at += 2,
                byte if byte == quote => break,
                _ => at += 1,
            }
        }
        let bare = self.0.text.get(start + 1..at)?;
        let json = match quote {
            b'"' => format!("\"{bare}\""),
            _ => format!("\"{}\"", bare.replace("\\'", "'").replace('"', "\\\"")),
        };
        // A text may go over several lines.
        let json = json.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
        let text = serde_json::from_str::<String>(&json).ok()?;
        Some(Node { kind: Kind::Text(text), start, end: at + 1 })
    }
}
