//! Lines of a width, in both languages.

use unicode_width::UnicodeWidthStr;

/// Breaks a text into lines of at most `width` columns. Japanese breaks between any two characters
/// except before closing punctuation and
/// inside a word of katakana.
pub fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    let mut word = String::new();
    let mut flush = |out: &mut String, word: &mut String| {
        if word.is_empty() {
            return;
        }
        let size = word.trim_end().width();
        if column > 0 && column + size > width {
            while out.ends_with(' ') {
                out.pop();
            }
            out.push('\n');
            column = 0;
        }
        column += word.width();
        out.push_str(word);
        word.clear();
    };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        word.push(c);
        let wide = unicode_width::UnicodeWidthChar::width(c) == Some(2);
        let next_closes = chars.peek().is_some_and(|next| "、。」』)）・ー".contains(*next));
        let next_wide =
            chars.peek().is_some_and(|next| unicode_width::UnicodeWidthChar::width(*next) == Some(2));
        let opens = "「『(（".contains(c);
        let katakana = |c: char| ('\u{30a1}'..='\u{30ff}').contains(&c);
        let inside_word = katakana(c) && chars.peek().is_some_and(|next| katakana(*next));
        if c == ' ' || ((wide || next_wide) && !next_closes && !opens && !inside_word) {
            flush(&mut out, &mut word);
        }
    }
    flush(&mut out, &mut word);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_in_both_languages() {
        let english = wrap("one two three four", 9);
        assert_eq!(english, "one two\nthree\nfour");
        let japanese = wrap("管理ポートを閉じ、中継サーバーを使います。", 12);
        for line in japanese.lines() {
            assert!(line.width() <= 14, "{line}");
            assert!(!line.starts_with(['、', '。', 'ー']), "{line}");
        }
        assert_eq!(japanese.replace('\n', ""), "管理ポートを閉じ、中継サーバーを使います。");
    }
}
