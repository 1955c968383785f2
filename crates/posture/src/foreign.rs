//! Codes of checks that are made when policies are read: settings may name them before anybody has read these.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::check::{Check, Checkpoint, Run, Severity};
use crate::lang::Text;

static MADE: Mutex<BTreeMap<String, &'static Check>> = Mutex::new(BTreeMap::new());

/// What stands for a check that a policy (`POL-…`) or a team's own file (`OWN001`) may bring, by its code. None for other words.
/// It is kept for good; the same code gives the same one.
pub fn foreign(word: &str) -> Option<&'static Check> {
    let word = word.trim();
    let policy = word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("POL-"))
        && word.len() > 4
        && word.len() <= 80
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let own = word.len() == 6
        && word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("OWN"))
        && word.bytes().skip(3).all(|byte| byte.is_ascii_digit());
    if !policy && !own {
        return None;
    }
    let start = word.get(..3)?.to_ascii_uppercase();
    let code = format!("{start}{}", word.get(3..)?);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    Some(made.entry(code.clone()).or_insert_with(|| {
        let code: &'static str = Box::leak(code.into_boxed_str());
        let text = Text { en: code, ja: code };
        Box::leak(Box::new(Check {
            code,
            slug: code,
            checkpoint: Checkpoint::Hardening,
            severity: Severity::Medium,
            title: text,
            why: text,
            fix: text,
            feed: None,
            refs: &[],
            run: Run::Given,
        }))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_policies_and_own_checks_are_known_by_their_form() {
        let code = |word| foreign(word).map(|check| check.code);
        assert_eq!(code("pol-fc4d8e41"), Some("POL-fc4d8e41"));
        assert_eq!(code("own001"), Some("OWN001"));
        for word in ["NET001", "OWN1", "OWNER1", "POL-", "POL-a b", "OWN0O1"] {
            assert_eq!(code(word), None, "{word}");
        }
        assert!(std::ptr::eq(
            foreign("OWN002").unwrap_or(crate::CHECKS[0]),
            foreign("own002").unwrap_or(crate::CHECKS[1])
        ));
    }
}
