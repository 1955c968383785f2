//! Which language to speak.

use posture::Lang;

use crate::cli::LangArg;

/// The asked language, else that of the locale.
pub(crate) fn choose(asked: Option<LangArg>) -> Lang {
    match asked {
        Some(LangArg::Ja) => Lang::Ja,
        Some(LangArg::En) => Lang::En,
        None => of_locale(&locale()),
    }
}

/// The locale of messages: the variables of POSIX first (the first that is set decides), then what
/// the system says.
fn locale() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set("SEKIMORI_LANG")
        .or_else(|| set("LC_ALL"))
        .or_else(|| set("LC_MESSAGES"))
        .or_else(|| set("LANG"))
        .or_else(sys_locale::get_locale)
        .unwrap_or_default()
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
}
