//! Text from outside in texts of ours: words of a shell, lines of comments.
//!
//! INVARIANT: a word stays one word and a line one line, whatever a name holds.

/// A name from outside as a part of one line: no character of it starts another, and none turns the order of the rest.
pub(super) fn one_line(name: &str) -> String {
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().map(|c| if breaks(c) { '\u{fffd}' } else { c }).collect()
}

/// A word that a POSIX shell takes as it is. A NUL cannot be in one and is left out.
pub(super) fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | ',' | '+');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\0', "").replace('\'', r"'\''"))
}

/// The path of an id as a part of an address: what has a meaning of its own there is escaped.
pub(super) fn address(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'/'
            | b'.'
            | b'_'
            | b'-'
            | b'~'
            | b'('
            | b')'
            | b';'
            | b',' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Lines of a comment: each begins with `mark`, whatever `text` holds.
pub(super) fn comment(mark: &str, text: &str) -> String {
    text.split('\n').map(|line| format!("{mark} {}\n", one_line(line.trim_end_matches('\r')))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    #[test]
    fn words_and_lines_stay_whole() {
        assert_eq!(shell("web-1"), "web-1");
        assert_eq!(shell("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("*"), "'*'");
        assert_eq!(comment("#", "a\nrm -rf /\r\n\u{2028}b"), "# a\n# rm -rf /\n# \u{fffd}b\n");
        assert_eq!(address("/a b/c?d#e%{x}@"), "/a%20b/c%3Fd%23e%25%7Bx%7D%40");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_gives_words_back(words in proptest::collection::vec("[^\0]{0,12}", 1..4)) {
            let line: Vec<String> = words.iter().map(|word| shell(word)).collect();
            let out = Command::new("sh").arg("-c").arg(format!("printf '%s\\n!' {}", line.join(" "))).output().unwrap();
            let wanted: String = words.iter().map(|word| format!("{word}\n!")).collect();
            prop_assert_eq!(String::from_utf8(out.stdout).unwrap(), wanted);
        }
    }
}
