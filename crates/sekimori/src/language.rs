//! Which language to speak.

use std::ffi::OsString;

use posture::Lang;

/// The language that a command line asks for, read before anything else: mistakes in the rest of it
/// are told in this language.
pub(crate) fn asked(arguments: &[OsString]) -> Option<Lang> {
    let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--lang") {
            Some("") => words.next()?.into_owned(),
            Some(rest) => match rest.strip_prefix('=') {
                Some(value) => value.to_owned(),
                None => continue,
            },
            None if word == "--" => return None,
            None => continue,
        };
        return config::language(&value).ok();
    }
    None
}

/// The language of the environment, `SEKIMORI_LANG`: a language or a locale. A value that is neither is
/// given back.
pub(crate) fn of_variable() -> Result<Option<Lang>, String> {
    let Some(value) = std::env::var("SEKIMORI_LANG").ok().filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let lang = of_locale(&value);
    let english = ["en", "C", "POSIX"].iter().any(|name| {
        let rest = value.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.', '@']))
    });
    if lang == Lang::Ja || english { Ok(Some(lang)) } else { Err(value) }
}

/// The locale of messages: the variables of POSIX first (the first that is set decides), then what
/// the system says.
pub(crate) fn of_system() -> Lang {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_MESSAGES"))
        .or_else(|| set("LANG"))
        .or_else(sys_locale::get_locale)
        .unwrap_or_default();
    of_locale(&locale)
}

fn of_locale(locale: &str) -> Lang {
    let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
    if language.eq_ignore_ascii_case("ja") { Lang::Ja } else { Lang::En }
}

/// A text in the asked language.
pub(crate) fn pick<'t>(lang: Lang, en: &'t str, ja: &'t str) -> &'t str {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_tell_the_language() {
        for locale in ["ja_JP.UTF-8", "ja", "ja-JP", "JA_jp@x"] {
            assert_eq!(of_locale(locale), Lang::Ja, "{locale}");
        }
        for locale in ["en_US.UTF-8", "C", "POSIX", "", "jam_JM"] {
            assert_eq!(of_locale(locale), Lang::En, "{locale}");
        }
    }

    #[test]
    fn the_command_line_tells_the_language_before_it_is_read() {
        let check = |words: &[&str], expected: Option<Lang>| {
            let arguments: Vec<OsString> = ["sekimori"].iter().chain(words).map(OsString::from).collect();
            assert_eq!(asked(&arguments), expected, "{words:?}");
        };
        check(&["check", "--lang", "ja", "--nonsense"], Some(Lang::Ja));
        check(&["--lang=en"], Some(Lang::En));
        check(&["--language=ja", "x"], None);
        check(&["--lang"], None);
        check(&["--lang", "fr"], None);
        check(&["check", "--", "--lang", "ja"], None);
    }
}
