//! Reads template expressions: `[concat(parameters('name'), '-nic')[0].id]`.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions>.
//!
//! INVARIANT: nothing is nested deeper than [`NESTING`], so whoever walks an expression may recurse.

use std::sync::Arc;

use crate::fault::{Fault, FaultKind};
use crate::value::Span;

/// The deepest nesting of calls and brackets that is read.
const NESTING: usize = 200;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// `'text'`
    Text(Arc<str>),
    /// `42`
    Int(i64),
    /// `concat(…)`, `contoso.name(…)`
    Call { name: Box<str>, args: Vec<Expr> },
    /// `….name`, `…[0]`, `…?.name`, `…[?0]`: the last two are `null` where there is no such element.
    Access { of: Box<Expr>, member: Box<Expr>, lenient: bool },
}

/// What a text of a template is.
pub(crate) enum Text<'t> {
    /// Just a text.
    Literal(std::borrow::Cow<'t, str>),
    /// An expression, without its brackets.
    Expression(&'t str),
}

/// A text is an expression if it stands in brackets; `[[` makes it a text that starts with one.
pub(crate) fn text(text: &str) -> Text<'_> {
    match text.strip_prefix('[') {
        Some(rest) if rest.starts_with('[') => Text::Literal(rest.into()),
        Some(rest) => match rest.strip_suffix(']') {
            Some(inner) => Text::Expression(inner),
            None => Text::Literal(text.into()),
        },
        None => Text::Literal(text.into()),
    }
}

/// Reads an expression.
pub(crate) fn parse(text: &str, at: Span) -> Result<Expr, Fault> {
    let mut parser = Parser { text: text.as_bytes(), whole: text, at: 0, span: at };
    let expr = parser.expression(0)?;
    parser.skip();
    if parser.at < parser.text.len() {
        return Err(parser.fault("something stands behind its end"));
    }
    Ok(expr)
}

struct Parser<'t> {
    text: &'t [u8],
    whole: &'t str,
    at: usize,
    span: Span,
}

impl Parser<'_> {
    /// A fault at the place in the file, as far as the text holds no escapes.
    fn fault(&self, what: &'static str) -> Fault {
        // Behind the quote and the bracket.
        let start = self.span.start.saturating_add(2).saturating_add(u32::try_from(self.at).unwrap_or(0));
        let start = start.clamp(self.span.start, self.span.end.saturating_sub(1).max(self.span.start));
        Fault::new(FaultKind::Expression(what), Span { start, ..self.span })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expression(&mut self, depth: usize) -> Result<Expr, Fault> {
        if depth > NESTING {
            return Err(self.fault("it is nested too deep"));
        }
        self.skip();
        let mut expr = match self.peek() {
            Some(b'\'') => Expr::Text(self.string()?),
            Some(b'-' | b'+' | b'0'..=b'9') => self.number()?,
            Some(byte) if is_name(byte) => self.call(depth)?,
            Some(_) => return Err(self.fault("a function, a text or a number is due")),
            None => return Err(self.fault("it ends where a value is due")),
        };
        let mut chain = 0;
        loop {
            self.skip();
            let lenient = self.peek() == Some(b'?');
            let (member, lenient) = match self.text.get(self.at + usize::from(lenient)) {
                Some(b'.') => {
                    self.at += 1 + usize::from(lenient);
                    self.skip();
                    // Bicep writes `.?name`, too.
                    let lenient = lenient | self.take(b'?');
                    self.skip();
                    (Expr::Text(Arc::from(self.name()?)), lenient)
                }
                Some(b'[') => {
                    self.at += 1 + usize::from(lenient);
                    let lenient = lenient | self.take(b'?');
                    let member = self.expression(depth + 1)?;
                    if !self.take(b']') {
                        return Err(self.fault("a closing bracket is due"));
                    }
                    (member, lenient)
                }
                _ => return Ok(expr),
            };
            chain += 1;
            if depth + chain > NESTING {
                return Err(self.fault("it is nested too deep"));
            }
            expr = Expr::Access { of: Box::new(expr), member: Box::new(member), lenient };
        }
    }

    fn call(&mut self, depth: usize) -> Result<Expr, Fault> {
        let mut name = self.name()?.into_string();
        self.skip();
        // The namespace of a user-defined function.
        while self.peek() == Some(b'.') {
            self.at += 1;
            name = name + "." + &self.name()?;
            self.skip();
        }
        if !self.take(b'(') {
            return Err(self.fault("an opening parenthesis is due"));
        }
        let mut args = Vec::new();
        if self.take(b')') {
            return Ok(Expr::Call { name: name.into(), args });
        }
        loop {
            args.push(self.expression(depth + 1)?);
            if self.take(b')') {
                return Ok(Expr::Call { name: name.into(), args });
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or a closing parenthesis is due"));
            }
        }
    }

    fn name(&mut self) -> Result<Box<str>, Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| is_name(byte) || byte.is_ascii_digit()) {
            self.at += 1;
        }
        match self.whole.get(start..self.at) {
            Some(name) if !name.is_empty() => Ok(name.into()),
            _ => Err(self.fault("a name is due")),
        }
    }

    fn number(&mut self) -> Result<Expr, Fault> {
        let start = self.at;
        self.at += 1;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let number = self.whole.get(start..self.at).and_then(|number| number.parse().ok());
        number.map(Expr::Int).ok_or_else(|| self.fault("a number that cannot be read"))
    }

    /// A text in single quotes, with `''` for one of them.
    fn string(&mut self) -> Result<Arc<str>, Fault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.whole.get(self.at..).unwrap_or_default();
            let Some(end) = rest.find('\'') else { return Err(self.fault("a text has no end")) };
            text += rest.get(..end).unwrap_or_default();
            self.at += end + 1;
            if self.peek() != Some(b'\'') {
                return Ok(text.into());
            }
            text.push('\'');
            self.at += 1;
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(expr: &Expr) -> String {
        match expr {
            Expr::Text(text) => format!("{text:?}"),
            Expr::Int(number) => number.to_string(),
            Expr::Call { name, args } => {
                format!("{name}({})", args.iter().map(show).collect::<Vec<_>>().join(","))
            }
            Expr::Access { of, member, lenient } => {
                format!("{}{}[{}]", show(of), if *lenient { "?" } else { "" }, show(member))
            }
        }
    }

    fn check(text: &str, expected: Result<&str, &'static str>) {
        let read = parse(text, Span::default());
        let read = read.map(|expr| show(&expr)).map_err(|fault| fault.kind);
        assert_eq!(read, expected.map(str::to_owned).map_err(FaultKind::Expression), "{text}");
    }

    #[test]
    fn expressions_are_read() {
        check("parameters('a')", Ok("parameters(\"a\")"));
        check(" concat ( 'it''s' , -3,+4 ) ", Ok("concat(\"it's\",-3,4)"));
        check("f().a.b[0]['c d'][g('x')]", Ok("f()[\"a\"][\"b\"][0][\"c d\"][g(\"x\")]"));
        check("contoso.name('a')", Ok("contoso.name(\"a\")"));
        check("__bicep._1.f(1)", Ok("__bicep._1.f(1)"));
        check("f()?.a[?1].?b?[2]", Ok("f()?[\"a\"]?[1]?[\"b\"]?[2]"));
        check("'日本'", Ok("\"日本\""));
        check("f(", Err("it ends where a value is due"));
        check("f", Err("an opening parenthesis is due"));
        check("f() g()", Err("something stands behind its end"));
        check("f('a'", Err("a comma or a closing parenthesis is due"));
        check("'a", Err("a text has no end"));
        check("f().", Err("a name is due"));
        check("f()[1", Err("a closing bracket is due"));
        check("99999999999999999999", Err("a number that cannot be read"));
        check("日", Err("a function, a text or a number is due"));
        check(&"f(".repeat(500), Err("it is nested too deep"));
        check(&("f()".to_owned() + &".a".repeat(500)), Err("it is nested too deep"));
    }

    #[test]
    fn brackets_make_expressions() {
        let literal = |given: &str| match text(given) {
            Text::Literal(text) => Some(text.into_owned()),
            Text::Expression(_) => None,
        };
        assert_eq!(literal("[[a]"), Some("[a]".to_owned()));
        assert_eq!(literal("[a"), Some("[a".to_owned()));
        assert_eq!(literal("a]"), Some("a]".to_owned()));
        assert_eq!(literal("[a]"), None);
        assert_eq!(literal("["), Some("[".to_owned()));
    }
}
