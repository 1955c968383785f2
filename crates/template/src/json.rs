//! Reads JSON as Azure Resource Manager takes it, and keeps where everything stands: comments, texts over
//! several lines, texts in single quotes, a comma behind the last element.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments-and-metadata>.
//!
//! INVARIANT: nothing is nested deeper than [`DEPTH_LIMIT`], so whoever walks a value may recurse.

use std::sync::Arc;

use crate::fault::{Fault, FaultKind};
use crate::value::{Kind, Member, Object, Span, Value};

/// The deepest nesting that is read.
pub const DEPTH_LIMIT: usize = 128;

/// The largest text that is read, in bytes.
pub const TEXT_LIMIT: usize = 1 << 30;

/// Reads one value, and nothing but white space and comments behind it.
pub fn read(text: &[u8], file: u32) -> Result<Value, Fault> {
    let mut reader = Reader::new(text, file);
    if text.len() > TEXT_LIMIT {
        return Err(reader.fault(FaultKind::TooLarge { what: "a file, in bytes", limit: TEXT_LIMIT as u64 }));
    }
    let value = reader.value(0)?;
    reader.skip()?;
    if reader.at < text.len() {
        return Err(reader.fault(FaultKind::Json("something stands behind its end")));
    }
    Ok(value)
}

struct Reader<'t> {
    text: &'t [u8],
    /// The text up to the first byte that is no UTF-8: most texts are looked at once as a whole.
    sound: &'t str,
    at: usize,
    file: u32,
    /// Members of the objects, and elements of the lists, that have not ended yet: how many there will be is known then.
    members: Vec<Member>,
    items: Vec<Value>,
}

impl<'t> Reader<'t> {
    /// A reader behind the byte order mark.
    fn new(text: &'t [u8], file: u32) -> Self {
        let sound = match std::str::from_utf8(text) {
            Ok(sound) => sound,
            Err(error) => text
                .get(..error.valid_up_to())
                .and_then(|it| std::str::from_utf8(it).ok())
                .unwrap_or_default(),
        };
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { text, sound, at, file, members: Vec::new(), items: Vec::new() }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize) -> Span {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: number(start), end: number(self.at) }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(kind, self.span(self.at))
    }

    fn json(&self, what: &'static str) -> Fault {
        self.fault(FaultKind::Json(what))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// White space and comments.
    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            // Most white space is indentation.
            while self.rest().starts_with(b"        ") {
                self.at += 8;
            }
            let rest = self.rest();
            let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            self.at += rest.iter().position(|byte| !is_space(byte)).unwrap_or(rest.len());
            match self.peek() {
                Some(b'/') => match self.text.get(self.at + 1) {
                    Some(b'/') => {
                        let rest = self.rest();
                        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    }
                    Some(b'*') => {
                        let rest = self.text.get(self.at + 2..).unwrap_or_default();
                        match rest.windows(2).position(|two| two == b"*/") {
                            Some(end) => self.at += end + 4,
                            None => return Err(self.json("a comment has no end")),
                        }
                    }
                    _ => return Err(self.json("a value is due")),
                },
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        self.skip()?;
        if depth > DEPTH_LIMIT {
            return Err(self.fault(FaultKind::TooDeep(DEPTH_LIMIT)));
        }
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(quote @ (b'"' | b'\'')) => Kind::Text(self.string(quote)?),
            // `.5` is none in JSON, but Azure takes it.
            Some(b'-' | b'.' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::Bool(true))?,
            Some(b'f') => self.word("false", Kind::Bool(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(_) => return Err(self.json("a value is due")),
            None => return Err(self.json("it ends in the middle of a value")),
        };
        Ok(Value::new(kind, self.span(start)))
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.json("a value is due"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Fault> {
        self.at += 1;
        let first = self.members.len();
        loop {
            self.skip()?;
            match self.peek() {
                Some(b'}') => break,
                Some(quote @ (b'"' | b'\'')) => {
                    let start = self.at;
                    let name = self.string(quote)?;
                    let at = self.span(start);
                    self.skip()?;
                    if self.peek() != Some(b':') {
                        return Err(self.json("a colon is due"));
                    }
                    self.at += 1;
                    let value = self.value(depth + 1)?;
                    self.members.push(Member { name, at, value });
                }
                Some(_) => return Err(self.json("a name in quotes is due")),
                None => return Err(self.json("it ends in the middle of a value")),
            }
            self.skip()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                Some(_) => return Err(self.json("a comma is due")),
                None => return Err(self.json("it ends in the middle of a value")),
            }
        }
        self.at += 1;
        let members = self.members.split_off(first);
        Ok(Kind::Object(Arc::new(Object::as_written(members))))
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Fault> {
        self.at += 1;
        let first = self.items.len();
        loop {
            self.skip()?;
            if self.peek() == Some(b']') {
                break;
            }
            let item = self.value(depth + 1)?;
            self.items.push(item);
            self.skip()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                Some(_) => return Err(self.json("a comma is due")),
                None => return Err(self.json("it ends in the middle of a value")),
            }
        }
        self.at += 1;
        Ok(Kind::List(Arc::new(self.items.split_off(first))))
    }

    fn string(&mut self, quote: u8) -> Result<Arc<str>, Fault> {
        self.at += 1;
        let start = self.at;
        // Most texts have no escape and are taken as they stand.
        let rest = self.rest();
        self.at += rest.iter().position(|byte| *byte == quote || *byte == b'\\').unwrap_or(rest.len());
        match self.peek() {
            Some(b'\\') => {}
            Some(_) => {
                let text = self.utf8(start, self.at)?.into();
                self.at += 1;
                return Ok(text);
            }
            None => return Err(self.json("a text has no end")),
        }
        let mut text = self.utf8(start, self.at)?.to_owned();
        let mut from = self.at;
        loop {
            match self.peek() {
                Some(byte) if byte == quote => {
                    text += self.utf8(from, self.at)?;
                    self.at += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => {
                    text += self.utf8(from, self.at)?;
                    self.at += 1;
                    text.push(self.escape()?);
                    from = self.at;
                }
                Some(_) => self.at += 1,
                None => return Err(self.json("a text has no end")),
            }
        }
    }

    fn utf8(&self, from: usize, to: usize) -> Result<&'t str, Fault> {
        if let Some(text) = self.sound.get(from..to) {
            return Ok(text);
        }
        let bytes = self.text.get(from..to).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| self.json("it is not UTF-8"))
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let byte = self.peek().ok_or_else(|| self.json("a text has no end"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' | b'\'' => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            // A text that goes on in the next line, as JavaScript has it.
            b'\n' => '\n',
            b'u' => {
                let first = self.unit()?;
                if let 0xd800..0xdc00 = first
                    && self.text.get(self.at..self.at + 2) == Some(b"\\u")
                {
                    let before = self.at;
                    self.at += 2;
                    let second = self.unit()?;
                    if let 0xdc00..0xe000 = second {
                        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = before;
                }
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.json("an escape that JSON does not have")),
        })
    }

    fn unit(&mut self) -> Result<u32, Fault> {
        let digits = self.text.get(self.at..self.at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| self.json("an escape that JSON does not have"))
    }

    fn number(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = self.utf8(start, self.at)?;
        if let Ok(number) = text.parse() {
            return Ok(Kind::Int(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Kind::Float(number)),
            _ => Err(self.json("a number that cannot be read")),
        }
    }
}

/// The names of the outermost object's members in the first bytes of a text, and the value of each where it is
/// a short text. Enough to tell what a file is without reading it; stops at whatever is no JSON.
pub fn outline(prefix: &[u8]) -> Vec<(String, Option<String>)> {
    let mut names = Vec::new();
    let mut reader = Reader::new(prefix, 0);
    let mut more = || -> Result<(), Fault> {
        reader.skip()?;
        if reader.peek() != Some(b'{') {
            return Ok(());
        }
        reader.at += 1;
        loop {
            reader.skip()?;
            let Some(quote @ (b'"' | b'\'')) = reader.peek() else { return Ok(()) };
            let name = reader.string(quote)?;
            reader.skip()?;
            if reader.peek() != Some(b':') {
                return Ok(());
            }
            reader.at += 1;
            reader.skip()?;
            names.push((name.to_string(), None));
            match reader.value(1) {
                Ok(value) => {
                    if let (Some(last), Some(text)) = (names.last_mut(), value.text()) {
                        last.1 = Some(text.chars().take(200).collect());
                    }
                }
                // Too long for the prefix, or no JSON.
                Err(fault) => return Err(fault),
            }
            reader.skip()?;
            if reader.peek() != Some(b',') {
                return Ok(());
            }
            reader.at += 1;
        }
    };
    let _ = more();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, FaultKind>) {
        let read = read(text.as_bytes(), 0).map(|value| value.key()).map_err(|fault| fault.kind);
        assert_eq!(read, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn json_is_read_as_azure_takes_it() {
        check(r#" {"a": [1, -2, 1.5, true, null, "x"]} "#, Ok(r#"{"a":[1,-2,1.5,true,null,"x",],}"#));
        check("{ // one\n 'a': /* two */ \"b\nc\", }", Ok(r#"{"a":"b\nc",}"#));
        check(r#"["\u00e9\ud83d\ude00\n",]"#, Ok(r#"["é😀\n",]"#));
        check(r#"{"a":1,"a":2,"b":3}"#, Ok(r#"{"a":2,"b":3,}"#));
        check(r#"{"a":1,"A":2,"b":3}"#, Ok(r#"{"A":twice@0:11,"b":3,}"#));
        check("\u{feff}{}", Ok("{}"));
        check("{} {}", Err(FaultKind::Json("something stands behind its end")));
        check("{\"a\" 1}", Err(FaultKind::Json("a colon is due")));
        check("[1 2]", Err(FaultKind::Json("a comma is due")));
        check("[1", Err(FaultKind::Json("it ends in the middle of a value")));
        check("\"a", Err(FaultKind::Json("a text has no end")));
        check("/* ", Err(FaultKind::Json("a comment has no end")));
        check("[.25, -.5]", Ok("[0.25,-0.5,]"));
        check(".", Err(FaultKind::Json("a number that cannot be read")));
        check("tru", Err(FaultKind::Json("a value is due")));
        check(&"[".repeat(200), Err(FaultKind::TooDeep(DEPTH_LIMIT)));
    }

    #[test]
    fn everything_keeps_its_place() {
        let text = "{\"a\": [10, \"x\"]}";
        let value = read(text.as_bytes(), 3).unwrap();
        let list = value.object().unwrap().get("A").unwrap();
        assert_eq!(&text[list.at.start as usize..list.at.end as usize], "[10, \"x\"]");
        assert_eq!(list.list().unwrap()[1].at, Span { file: 3, start: 11, end: 14 });
    }

    #[test]
    fn an_outline_needs_but_the_start() {
        let outline = outline(b"{\"$schema\": \"s\", \"x\": {\"y\": 1}, \"resources\": [{\"a\":");
        let names: Vec<_> = outline.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["$schema", "x", "resources"]);
        assert_eq!(outline[0].1.as_deref(), Some("s"));
    }
}
