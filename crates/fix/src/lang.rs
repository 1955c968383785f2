//! Sentences in the asked language.

/// Formats in the asked language: `say!(lang, "{n} ports", "ポート {n} 個")`.
macro_rules! say {
    ($lang:expr, $en:literal, $ja:literal $(, $($rest:tt)*)?) => {
        match $lang {
            posture::Lang::En => format!($en $(, $($rest)*)?),
            posture::Lang::Ja => format!($ja $(, $($rest)*)?),
        }
    };
}
pub(crate) use say;
