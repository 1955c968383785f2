//! Where texts, comments and expressions of Terraform and Bicep end.
//!
//! Sources: <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/bicep/file>.

use super::tree::Syntax;

/// A text that is read.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) syntax: Syntax,
}

/// What is inside of what, between the quotes of a text.
enum Inside {
    Text,
    /// An expression in a text, with as many braces open.
    Expression(usize),
}

impl Scan<'_> {
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub(super) fn part(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn starts(&self, at: usize, word: &str) -> bool {
        self.text.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(word.as_bytes()))
    }

    fn find(&self, from: usize, word: &str) -> Option<usize> {
        Some(from + self.text.get(from..)?.find(word)?)
    }

    /// The end of the comment at `at`, and whether it ends with its line.
    pub(super) fn comment(&self, at: usize) -> Option<(usize, bool)> {
        if self.starts(at, "/*") {
            return Some((self.find(at + 2, "*/").map_or(self.text.len(), |end| end + 2), false));
        }
        let hash = self.syntax == Syntax::Terraform && self.byte(at) == Some(b'#');
        (hash || self.starts(at, "//")).then(|| (self.find(at, "\n").unwrap_or(self.text.len()), true))
    }

    /// Past white space and comments; over line ends only with `lines`, over commas only with `commas`.
    pub(super) fn skip(&self, mut at: usize, lines: bool, commas: bool) -> usize {
        loop {
            match self.byte(at) {
                Some(b' ' | b'\t' | b'\r') => at += 1,
                Some(b'\n') if lines => at += 1,
                Some(b',') if commas => at += 1,
                _ => match self.comment(at) {
                    Some((end, line)) if lines || !line => at = end,
                    _ => return at,
                },
            }
        }
    }

    /// The end of a name that begins at `at`.
    pub(super) fn word(&self, at: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(at..)?;
        let own = |byte: &u8| {
            byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-' && self.syntax == Syntax::Terraform
        };
        let length = rest.iter().take_while(|byte| own(byte)).count();
        (length > 0).then_some(at + length)
    }

    /// The end of the text whose first quote is at `at`, and whether an expression is in it.
    pub(super) fn string(&self, at: usize) -> Option<(usize, bool)> {
        let quote = if self.syntax == Syntax::Bicep { b'\'' } else { b'"' };
        if self.syntax == Syntax::Bicep && self.starts(at, "'''") {
            let mut end = self.find(at + 3, "'''")? + 3;
            while self.byte(end) == Some(quote) {
                end += 1;
            }
            return Some((end, false));
        }
        if self.byte(at) != Some(quote) {
            return None;
        }
        let (mut inside, mut at, mut expression) = (vec![Inside::Text], at + 1, false);
        while let Some(byte) = self.byte(at) {
            match inside.last_mut()? {
                Inside::Text => match byte {
                    b'\\' => at += 1,
                    b'\n' => return None,
                    byte if byte == quote => {
                        inside.pop();
                        if inside.is_empty() {
                            return Some((at + 1, expression));
                        }
                    }
                    b'$' | b'%' if self.syntax == Syntax::Terraform && self.byte(at + 1) == Some(byte) => {
                        // `$${` is a dollar and a brace.
                        at += if self.byte(at + 2) == Some(b'{') { 2 } else { 0 };
                    }
                    b'$' | b'%' if self.byte(at + 1) == Some(b'{') && (byte == b'$' || quote == b'"') => {
                        expression = true;
                        at += 1;
                        inside.push(Inside::Expression(0));
                    }
                    _ => {}
                },
                Inside::Expression(open) => match byte {
                    byte if byte == quote => inside.push(Inside::Text),
                    b'{' => *open += 1,
                    b'}' if *open == 0 => drop(inside.pop()),
                    b'}' => *open -= 1,
                    _ => {}
                },
            }
            at += 1;
        }
        None
    }

    /// The end of the text over several lines that `<<` at `at` begins.
    fn heredoc(&self, at: usize) -> Option<usize> {
        let from = at + 2 + usize::from(self.byte(at + 2) == Some(b'-'));
        let end = self.word(from)?;
        let name = self.part(from, end);
        let mut line = self.find(end, "\n")? + 1;
        loop {
            let next = self.find(line, "\n").unwrap_or(self.text.len());
            if self.part(line, next).trim() == name {
                return Some(next);
            }
            if next >= self.text.len() {
                return None;
            }
            line = next + 1;
        }
    }

    /// Where the expression at `from` ends: before a comma, a bracket that it did not open, or with `lines` a line end.
    pub(super) fn extent(&self, from: usize, lines: bool) -> Option<usize> {
        let (mut at, mut open) = (from, 0_usize);
        while let Some(byte) = self.byte(at) {
            if let Some((end, line)) = self.comment(at) {
                if line && lines && open == 0 {
                    return Some(at);
                }
                at = end;
                continue;
            }
            let quote = if self.syntax == Syntax::Bicep { b'\'' } else { b'"' };
            if byte == quote {
                at = self.string(at)?.0;
                continue;
            }
            if self.syntax == Syntax::Terraform && self.starts(at, "<<") {
                at = self.heredoc(at)?;
                continue;
            }
            match byte {
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' if open == 0 => return Some(at),
                b')' | b']' | b'}' => open -= 1,
                b',' if open == 0 => return Some(at),
                b'\n' if open == 0 && lines => return Some(at),
                _ => {}
            }
            at += 1;
        }
        (open == 0).then_some(at)
    }

    /// The bracket that closes the one at `at`.
    pub(super) fn close(&self, at: usize) -> Option<usize> {
        let mut at = at + 1;
        loop {
            at = self.extent(at, false)?;
            match self.byte(at)? {
                b',' => at += 1,
                _ => return Some(at),
            }
        }
    }
}
