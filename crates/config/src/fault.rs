//! What is wrong with a file, in both languages.

use posture::Lang;

/// What is wrong, and where: lines and columns count from one, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The text is not TOML.
    Syntax(String),
    /// No key has this name.
    UnknownKey {
        /// The name.
        key: String,
        /// What comes closest.
        nearest: &'static str,
    },
    /// A value is of a wrong kind or cannot be used.
    BadValue {
        /// Its key.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// No check has this name.
    NoCheck {
        /// The name.
        word: String,
        /// What comes closest.
        nearest: &'static str,
    },
    /// A key is missing.
    Missing(&'static str),
    /// A suppression says of no finding in particular.
    NoCondition,
}

/// What was expected, in Japanese.
fn expected_ja(expected: &str) -> &str {
    match expected {
        "a string" => "文字列",
        "a table" => "テーブル",
        "a list of tables" => "テーブルの配列 ([[suppress]])",
        "true or false" => "true または false",
        "a whole number from 0 to 16777216" => "0 から 16777216 までの整数",
        "a list of ports from 1 to 65535" => "1 から 65535 までのポート番号の配列",
        "ports from 1 to 65535" => "1 から 65535 までのポート番号",
        "a string or a list of strings" => "文字列または文字列の配列",
        "a list of strings" => "文字列の配列",
        "ja or en" => "ja または en",
        "low, medium, high or critical" => "low、medium、high、critical のいずれか",
        "low, medium, high, critical or never" => "low、medium、high、critical、never のいずれか",
        "text, json, sarif, html, markdown, csv or junit" => {
            "text、json、sarif、html、markdown、csv、junit のいずれか"
        }
        "an address or a prefix such as 203.0.113.0/24" => {
            "アドレスまたは 203.0.113.0/24 のようなプレフィックス"
        }
        "a prefix that starts at its first address, such as 203.0.113.0/24" => {
            "203.0.113.0/24 のように先頭アドレスで始まるプレフィックス"
        }
        "prefixes of a /8 together at the most (IPv6: /16)" => {
            "合わせて /8 (IPv6 は /16) までのプレフィックス"
        }
        "the id of a finding, such as NET001-0123456789abcdef" => "NET001-0123456789abcdef のような検出の ID",
        "a text that is not empty" => "空でない文字列",
        "a day such as 2027-03-31" => "2027-03-31 のような日付",
        other => other,
    }
}

impl FaultKind {
    /// What is wrong, in words.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Syntax(detail), Lang::En) => format!("this is not TOML: {detail}"),
            (Self::Syntax(detail), Lang::Ja) => format!("TOML として読み取れません: {detail}"),
            (Self::UnknownKey { key, nearest }, Lang::En) => {
                format!("no key is called `{key}`{}", meant(nearest, lang))
            }
            (Self::UnknownKey { key, nearest }, Lang::Ja) => {
                format!("`{key}` というキーはありません{}", meant(nearest, lang))
            }
            (Self::BadValue { key, expected }, Lang::En) => format!("`{key}` takes {expected}"),
            (Self::BadValue { key, expected }, Lang::Ja) => {
                format!("`{key}` には{}を指定してください", spaced(expected_ja(expected)))
            }
            (Self::NoCheck { word, nearest }, Lang::En) => {
                format!("no check is called `{word}`{}", meant(nearest, lang))
            }
            (Self::NoCheck { word, nearest }, Lang::Ja) => {
                format!("`{word}` というチェックはありません{}", meant(nearest, lang))
            }
            (Self::Missing(key), Lang::En) => format!("`{key}` is missing"),
            (Self::Missing(key), Lang::Ja) => format!("`{key}` がありません"),
            (Self::NoCondition, Lang::En) => {
                "this would suppress everything; give an `id`, `code`, `resource` or `tag`".to_owned()
            }
            (Self::NoCondition, Lang::Ja) => {
                "このままではすべての検出が抑制されます。`id`、`code`、`resource`、`tag` のいずれかを指定してください".to_owned()
            }
        }
    }
}

/// What was probably meant, if anything.
fn meant(nearest: &str, lang: Lang) -> String {
    match (nearest, lang) {
        ("", _) => String::new(),
        (_, Lang::En) => format!("; did you mean `{nearest}`?"),
        (_, Lang::Ja) => format!("。`{nearest}` の間違いではありませんか"),
    }
}

/// Japanese sets Latin letters apart from its own with a space.
fn spaced(words: &str) -> String {
    let before = if words.starts_with(|c: char| c.is_ascii()) { " " } else { "" };
    let after = if words.ends_with(|c: char| c.is_ascii_alphanumeric()) { " " } else { "" };
    format!("{before}{words}{after}")
}
