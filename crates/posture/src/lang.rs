//! The languages that people read.

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// 日本語.
    Ja,
}

/// A text in every language: a missing one does not compile.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// 日本語.
    pub ja: &'static str,
}

impl Text {
    /// The text in a language.
    pub fn of(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Ja => self.ja,
        }
    }
}

/// Formats in the asked language: `say!(lang, "{n} ports", "ポート {n} 個")`.
macro_rules! say {
    ($lang:expr, $en:literal, $ja:literal $(, $($rest:tt)*)?) => {
        match $lang {
            $crate::lang::Lang::En => format!($en $(, $($rest)*)?),
            $crate::lang::Lang::Ja => format!($ja $(, $($rest)*)?),
        }
    };
}
pub(crate) use say;
