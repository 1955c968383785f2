//! The keys of `sekimori.toml`, with what overrides them and what they mean.

use posture::Text;

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `"ja"` or `"en"`.
    Language,
    /// The name of a form of report.
    Format,
    /// A severity, or `"never"`.
    FailOn,
    /// A list of codes, prefixes, names or checkpoints.
    Checks,
    /// A path, from the folder of the file.
    Path,
    /// `true` or `false`.
    Switch,
    /// A list of ports.
    Ports,
    /// A whole number.
    Count,
    /// A table of severities by check.
    Severities,
    /// A table of prefixes by name.
    Sources,
    /// A list of tables.
    Suppressions,
}

/// A key.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The flag of `sekimori check` that overrides it.
    pub flag: Option<&'static str>,
    /// The environment variable that overrides it, below the flag.
    pub variable: Option<&'static str>,
    /// What holds where nobody says anything, as it would stand in the file; empty for nothing.
    pub default: &'static str,
    /// What it means.
    pub doc: Text,
}

/// Every key, in the order of the documentation.
pub const KEYS: [Key; 14] = [
    Key {
        name: "lang",
        kind: Kind::Language,
        flag: Some("--lang"),
        variable: Some("SEKIMORI_LANG"),
        default: "",
        doc: Text {
            en: "Language of the output; without it the locale decides",
            ja: "出力の言語。指定がなければロケールに従います",
        },
    },
    Key {
        name: "format",
        kind: Kind::Format,
        flag: Some("--format"),
        variable: Some("SEKIMORI_FORMAT"),
        default: "\"text\"",
        doc: Text { en: "Form of the report", ja: "レポートの形式" },
    },
    Key {
        name: "fail-on",
        kind: Kind::FailOn,
        flag: Some("--fail-on"),
        variable: Some("SEKIMORI_FAIL_ON"),
        default: "\"low\"",
        doc: Text {
            en: "Exit with 1 on findings of this severity or worse; `never` for not at all",
            ja: "この重大度以上の検出があれば終了コード 1 を返します。`never` なら返しません",
        },
    },
    Key {
        name: "select",
        kind: Kind::Checks,
        flag: Some("--select"),
        variable: Some("SEKIMORI_SELECT"),
        default: "[]",
        doc: Text {
            en: "Run these checks only: codes, prefixes of codes, names or checkpoints",
            ja: "実行するチェック (コード、コードの先頭部分、名前、点検項目)。省略するとすべて実行します",
        },
    },
    Key {
        name: "ignore",
        kind: Kind::Checks,
        flag: Some("--ignore"),
        variable: Some("SEKIMORI_IGNORE"),
        default: "[]",
        doc: Text { en: "Leave these checks out", ja: "実行しないチェック" },
    },
    Key {
        name: "require",
        kind: Kind::Checks,
        flag: Some("--require"),
        variable: Some("SEKIMORI_REQUIRE"),
        default: "[]",
        doc: Text {
            en: "Exit with 3 when one of these checks is unknown or not assessed",
            ja: "これらのチェックが不明または未評価なら終了コード 3 を返します",
        },
    },
    Key {
        name: "baseline",
        kind: Kind::Path,
        flag: Some("--baseline"),
        variable: Some("SEKIMORI_BASELINE"),
        default: "",
        doc: Text {
            en: "An earlier report in JSON, to tell new findings from known ones",
            ja: "比較の基準にする、以前の JSON レポート",
        },
    },
    Key {
        name: "fail-on-new",
        kind: Kind::Switch,
        flag: Some("--fail-on-new"),
        variable: Some("SEKIMORI_FAIL_ON_NEW"),
        default: "false",
        doc: Text {
            en: "Only findings that the baseline does not have change the exit code",
            ja: "baseline にない新規の検出だけを終了コードに反映します",
        },
    },
    Key {
        name: "management-ports",
        kind: Kind::Ports,
        flag: Some("--management-ports"),
        variable: Some("SEKIMORI_MANAGEMENT_PORTS"),
        default: "[22, 3389, 5985, 5986]",
        doc: Text {
            en: "The TCP ports that administrators log in through",
            ja: "管理者がログインに使う TCP ポート",
        },
    },
    Key {
        name: "wide-after",
        kind: Kind::Count,
        flag: Some("--wide-after"),
        variable: Some("SEKIMORI_WIDE_AFTER"),
        default: "256",
        doc: Text {
            en: "A port is open to the internet when more IPv4 addresses than this reach it",
            ja: "この数を超える IPv4 アドレスから接続できるポートを、インターネットに公開されているとみなします",
        },
    },
    Key {
        name: "needed-addresses",
        kind: Kind::Count,
        flag: Some("--needed-addresses"),
        variable: Some("SEKIMORI_NEEDED_ADDRESSES"),
        default: "16",
        doc: Text {
            en: "How many IPv4 addresses people who log in may need (NET005)",
            ja: "ログインする人に必要な IPv4 アドレスの数の上限 (NET005)",
        },
    },
    Key {
        name: "severity",
        kind: Kind::Severities,
        flag: Some("--severity"),
        variable: Some("SEKIMORI_SEVERITY"),
        default: "{}",
        doc: Text {
            en: "Severities of the team's own, by check: `NET004 = \"low\"`",
            ja: "チェックごとの独自の重大度 (例: `NET004 = \"low\"`)",
        },
    },
    Key {
        name: "approved-sources",
        kind: Kind::Sources,
        flag: Some("--approve"),
        variable: Some("SEKIMORI_APPROVE"),
        default: "{}",
        doc: Text {
            en: "Where the team's people come from, by name; these addresses do not count as strangers",
            ja: "自社の接続元を名前付きで登録します。登録したアドレスは、外部のアドレスとして数えません",
        },
    },
    Key {
        name: "suppress",
        kind: Kind::Suppressions,
        flag: None,
        variable: None,
        default: "[]",
        doc: Text {
            en: "Findings that the team lives with, each with a reason and an end",
            ja: "許容する検出。それぞれに理由と期限が必要です",
        },
    },
];

/// A key of an entry of `suppress`.
pub struct SubKey {
    /// Its name.
    pub name: &'static str,
    /// Whether an entry must have it.
    pub required: bool,
    /// What it means.
    pub doc: Text,
}

/// The keys of an entry of `suppress`. All conditions that are given must hold.
pub const SUPPRESS_KEYS: [SubKey; 6] = [
    SubKey {
        name: "id",
        required: false,
        doc: Text {
            en: "The id of one finding, as every report shows it",
            ja: "レポートに表示される検出の ID",
        },
    },
    SubKey {
        name: "code",
        required: false,
        doc: Text {
            en: "Checks: a code, prefix, name or checkpoint, or a list of these",
            ja: "チェック (コード、先頭部分、名前、点検項目、またはその配列)",
        },
    },
    SubKey {
        name: "resource",
        required: false,
        doc: Text {
            en: "A pattern for names, or for whole ids where it holds a `/`; `*` is any text, `?` any character",
            ja: "リソース名のパターン。`/` を含む場合は ID 全体と照合します。`*` は任意の文字列、`?` は任意の 1 文字です",
        },
    },
    SubKey {
        name: "tag",
        required: false,
        doc: Text {
            en: "A tag of the resource: `environment`, or `environment=lab*`",
            ja: "リソースのタグ (`environment` または `environment=lab*`)",
        },
    },
    SubKey { name: "reason", required: true, doc: Text { en: "Why", ja: "理由" } },
    SubKey {
        name: "until",
        required: true,
        doc: Text {
            en: "The last day on which it holds, in UTC: 2027-03-31",
            ja: "有効な最後の日 (UTC)。例: 2027-03-31",
        },
    },
];
