//! Conditions of role assignments, as far as the action decides them.
//!
//! Most conditions guard one action: `!(ActionMatches{'…/blobs/read'}) OR @Resource[…] StringEquals 'x'` holds for every other.
//! What is asked of attributes is not known here, and may hold or not.
//!
//! Source: <https://learn.microsoft.com/azure/role-based-access-control/conditions-format>

use crate::rights::fits;
use crate::tri::Tri;

/// How deep conditions may be nested.
const DEPTH: usize = 64;

/// Whether the condition of a role assignment holds for an action. One that cannot be read may hold.
pub fn condition_holds(condition: &str, action: &str) -> Tri {
    let mut reader = Reader { text: condition, at: 0, action };
    match reader.any(DEPTH) {
        Some(so) if reader.rest().trim().is_empty() => so,
        _ => Tri::Maybe,
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    action: &'t str,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes a sign or a word if it comes next.
    fn take(&mut self, word: &str) -> bool {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let Some(next) = self.rest().get(..word.len()).filter(|next| next.eq_ignore_ascii_case(word)) else {
            return false;
        };
        let is_word = next.ends_with(|last: char| last.is_ascii_alphanumeric());
        let goes_on = self.rest().get(word.len()..).is_some_and(|rest| {
            rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == ':' || next == '_')
        });
        if is_word && goes_on {
            return false;
        }
        self.at += word.len();
        true
    }

    fn any(&mut self, depth: usize) -> Option<Tri> {
        let mut so = self.all(depth)?;
        while self.take("OR") || self.take("||") {
            so = so.or(self.all(depth)?);
        }
        Some(so)
    }

    fn all(&mut self, depth: usize) -> Option<Tri> {
        let mut so = self.one(depth)?;
        while self.take("AND") || self.take("&&") {
            so = so.and(self.one(depth)?);
        }
        Some(so)
    }

    fn one(&mut self, depth: usize) -> Option<Tri> {
        let depth = depth.checked_sub(1)?;
        if self.take("!") || self.take("NOT") {
            return Some(!self.one(depth)?);
        }
        if self.take("(") {
            let so = self.any(depth)?;
            return self.take(")").then_some(so);
        }
        if self.take("ActionMatches") {
            if !self.take("{") {
                return None;
            }
            let mut so = false;
            loop {
                let pattern = self.quoted()?;
                so |= fits(&pattern, self.action);
                if self.take("}") {
                    return Some(so.into());
                }
                if !self.take(",") {
                    return None;
                }
            }
        }
        self.other()
    }

    fn quoted(&mut self) -> Option<String> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let inner = self.rest().strip_prefix('\'')?;
        let end = inner.find('\'')?;
        let text = inner.get(..end)?.to_owned();
        self.at += end + 2;
        Some(text)
    }

    /// Something about attributes: to the next `AND`, `OR` or closing bracket outside of quotes and brackets.
    fn other(&mut self) -> Option<Tri> {
        let (mut brackets, mut quoted, mut any) = (0_usize, false, false);
        loop {
            if !quoted && brackets == 0 {
                let before = self.at;
                for word in ["AND", "&&", "OR", "||"] {
                    let apart = self
                        .text
                        .get(..self.at)
                        .is_none_or(|text| !text.ends_with(|c: char| c.is_ascii_alphanumeric()));
                    if apart && self.take(word) {
                        self.at = before;
                        return any.then_some(Tri::Maybe);
                    }
                }
                self.at = before;
            }
            let Some(next) = self.rest().chars().next() else { return any.then_some(Tri::Maybe) };
            match next {
                '\'' => quoted = !quoted,
                _ if quoted => {}
                '[' | '{' | '(' => brackets += 1,
                ')' if brackets == 0 => return any.then_some(Tri::Maybe),
                ']' | '}' | ')' => brackets = brackets.checked_sub(1)?,
                _ => {}
            }
            any |= !next.is_whitespace();
            self.at += next.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::condition_holds as holds;

    #[test]
    fn a_condition_of_one_action_says_nothing_of_another() {
        const READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        const LOGIN: &str = "Microsoft.Compute/virtualMachines/login/action";
        for (condition, of_read, of_login) in [
            (
                "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'blobs-example (OR not)'))",
                Tri::Maybe,
                Tri::Yes,
            ),
            ("!(ActionMatches{'*/read'})", Tri::No, Tri::Yes),
            ("ActionMatches{'microsoft.compute/*'} && @Principal[x] BoolEquals true", Tri::No, Tri::Maybe),
            ("@Request[a:b] ForAnyOfAnyValues:GuidEquals {acdd72a7, 8e3af657}", Tri::Maybe, Tri::Maybe),
            ("(", Tri::Maybe, Tri::Maybe),
            ("", Tri::Maybe, Tri::Maybe),
            ("ActionMatches{'x'", Tri::Maybe, Tri::Maybe),
            ("ActionMatches{'*'} ActionMatches{'*'}", Tri::Maybe, Tri::Maybe),
        ] {
            assert_eq!((holds(condition, READ), holds(condition, LOGIN)), (of_read, of_login), "{condition}");
        }
        assert_eq!(holds(&"(".repeat(100_000), READ), Tri::Maybe);
        assert_eq!(holds(&"!".repeat(100_000), READ), Tri::Maybe);
    }
}
