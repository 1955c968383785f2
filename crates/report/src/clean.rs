//! Text from outside, made harmless for a terminal.

use std::borrow::Cow;

/// Shows control characters, and the marks that turn the direction of text, as escapes, and breaks
/// what the agents of build servers take for a command in the middle of a line (`##vso[`, `##[`:
/// <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>).
pub fn clean(text: &str) -> Cow<'_, str> {
    let command = text.contains("##vso[") || text.contains("##[");
    if !command && !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if command {
        shown = shown.replace("##vso[", "#\\u{23}vso[").replace("##[", "#\\u{23}[");
    }
    Cow::Owned(shown)
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(clean("web-1 日本語"), "web-1 日本語");
        assert_eq!(clean("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(
            clean("x ##vso[task.setvariable]1 ##[error]"),
            "x #\\u{23}vso[task.setvariable]1 #\\u{23}[error]"
        );
        assert_eq!(clean("a\u{202e}b\u{9b}"), "a\\u{202e}b\\u{9b}");
    }
}
