//! Problems in words.

use estate::{At, Expected, ProblemKind};
use posture::Lang;

use crate::words::pick;

fn bilingual(lang: Lang, en: String, ja: String) -> String {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// What was expected or found, in words.
fn words(expected: Expected, lang: Lang) -> String {
    let (en, ja) = match expected {
        Expected::Null => ("null", "null"),
        Expected::Boolean => ("true or false", "true または false"),
        Expected::Number => ("a number", "数値"),
        Expected::Text => ("a string", "文字列"),
        Expected::TextOrWhole => ("a string or a whole number", "文字列または整数"),
        Expected::Object => ("an object", "オブジェクト"),
        Expected::Array => ("an array", "配列"),
        Expected::Value => ("a value", "値"),
        Expected::Moment => ("a moment such as `2026-11-26T09:00:00Z`", "日時 (`2026-11-26T09:00:00Z` など)"),
        Expected::LastPort => ("a port that is not before the first one", "開始ポート以上のポート"),
        Expected::Ports => ("a port or a range such as 1000-2000", "ポート、または 1000-2000 のような範囲"),
        Expected::PortsOrAny => (
            "a port from 0 to 65535, a range such as 1000-2000, or *",
            "0 から 65535 までのポート、1000-2000 のような範囲、* のいずれか",
        ),
        Expected::Address => ("an IP address", "IP アドレス"),
        Expected::Prefix => ("a prefix such as 10.0.0.0/16", "10.0.0.0/16 のようなプレフィックス"),
        Expected::PrefixOrTag => (
            "a prefix such as 10.0.0.0/16, or a service tag",
            "10.0.0.0/16 のようなプレフィックス、またはサービス タグ",
        ),
        Expected::AddressOrTag => (
            "an address, a prefix such as 203.0.113.0/24, a service tag or *",
            "アドレス、203.0.113.0/24 のようなプレフィックス、サービス タグ、* のいずれか",
        ),
        Expected::From(first, last) => {
            return bilingual(
                lang,
                format!("a number from {first} to {last}"),
                format!("{first} から {last} までの数値"),
            );
        }
        Expected::OneOf(words) => {
            return match (words, lang) {
                ([one, other], Lang::Ja) => format!("{one} または {other}"),
                (words, Lang::Ja) => format!("{} のいずれか", words.join("、")),
                ([before @ .., last], Lang::En) if !before.is_empty() => {
                    format!("{} or {last}", before.join(", "))
                }
                (words, Lang::En) => words.concat(),
            };
        }
    };
    pick(lang, en, ja).to_owned()
}

/// A problem in words. `place` writes the place of another record.
pub fn problem_text(kind: &ProblemKind, lang: Lang, place: &dyn Fn(&At) -> String) -> String {
    let (en, ja) = match kind {
        ProblemKind::Unreadable { detail } => (
            format!("this source cannot be read: {detail}"),
            format!("この入力を読み取れません: {detail}"),
        ),
        ProblemKind::More { count } => (
            format!("{count} further problems are not listed"),
            format!("このほかに {count} 件の問題があります (一覧は省略)"),
        ),
        ProblemKind::Empty => (
            "the source is empty; save the output of `az … -o json` here".to_owned(),
            "入力が空です。`az … -o json` の出力を保存してください".to_owned(),
        ),
        ProblemKind::Syntax { detail } => (
            format!("this is not JSON: {detail}"),
            format!("JSON として読み取れません: {detail}"),
        ),
        ProblemKind::Truncated => (
            "the text ends in the middle of a value; was the file saved in full?".to_owned(),
            "値の途中でファイルが終わっています。最後まで保存されているか確認してください".to_owned(),
        ),
        ProblemKind::NotUtf8 => (
            "the text is not UTF-8".to_owned(),
            "UTF-8 として不正なバイト列が含まれています".to_owned(),
        ),
        ProblemKind::TooDeep { limit } => (
            format!("nested deeper than {limit} levels; Azure's resources are not"),
            format!("入れ子が {limit} 段を超えています。Azure のリソースがこれほど深く入れ子になることはありません"),
        ),
        ProblemKind::TooLarge { limit } => (
            format!("one value of more than {} MiB; Azure's resources are smaller than 4 MB", limit >> 20),
            format!("1 つの値が {} MiB を超えています。Azure のリソースは 4 MB 未満です", limit >> 20),
        ),
        ProblemKind::NotAResource => (
            "this is no Azure resource: it has no `id`".to_owned(),
            "`id` がないため、Azure のリソースではありません".to_owned(),
        ),
        ProblemKind::OtherFormat { format } if format.starts_with("a list of") => (
            format!("this is {format}: give it as Microsoft Graph writes it, or a snapshot of `sekimori collect`"),
            match *format {
                "a list of members that does not say of which group" => {
                    "どのグループのものか分からないメンバーの一覧です。`sekimori collect` のスナップショットを指定してください"
                }
                _ => "`@odata.context` が一覧より後にあるため、何の一覧か分かりません。Microsoft Graph の出力のまま、または `sekimori collect` のスナップショットを指定してください",
            }
            .to_owned(),
        ),
        ProblemKind::OtherFormat { format } => (
            format!("this is {format} among other records: give it as a file of its own"),
            format!("ほかのレコードの中に {} があります。単独のファイルとして指定してください", match *format {
                "an ARM template" => "ARM テンプレート",
                "a Terraform plan" => "Terraform プラン",
                other => other,
            }),
        ),
        ProblemKind::Template { detail } => (detail.to_string(), detail.to_string()),
        ProblemKind::MorePages => (
            "this is one page of several: the answer says that more follow; use `az … list`, which reads them all".to_owned(),
            "複数ページのうちの 1 ページです (続きがあります)。すべてのページを読み取る `az … list` を使ってください".to_owned(),
        ),
        ProblemKind::WrongType { field, expected, found } => (
            format!("`{field}` is {}, not {}", words(*found, lang), words(*expected, lang)),
            format!("`{field}` には{}が必要ですが、{}です", words(*expected, lang), words(*found, lang)),
        ),
        ProblemKind::BadValue { field, value, expected } => (
            format!("`{field}` is `{value}`, not {}", words(*expected, lang)),
            format!("`{field}` の値 `{value}` が不正です。{}を指定してください", words(*expected, lang)),
        ),
        ProblemKind::MissingField { field } => (
            format!("`{field}` is missing"),
            format!("`{field}` がありません"),
        ),
        ProblemKind::DuplicateField { field } => (
            format!("`{field}` stands here twice"),
            format!("`{field}` が重複しています"),
        ),
        ProblemKind::Contradiction { field, other } => (
            format!("`{field}` and `{other}` say different things"),
            format!("`{field}` と `{other}` の内容が食い違っています"),
        ),
        ProblemKind::AcrossNetworks { id } => (
            format!("members of the application security group `{id}` are in several virtual networks"),
            format!("アプリケーション セキュリティ グループ `{id}` のメンバーが複数の仮想ネットワークに属しています"),
        ),
        ProblemKind::NotCollected { what, scope, action: Some(action), detail } => (
            format!("{what} of {scope} were not read: that needs {action} (role {detail})"),
            format!(
                "{}の{}を読み取る権限がありません。{action} (ロール: {detail}) が必要です",
                scope_ja(scope),
                what_ja(what)
            ),
        ),
        ProblemKind::NotCollected { what, scope, action: None, detail } => (
            format!("{what} of {scope} were not read in full: {detail}"),
            format!(
                "{}の{}を完全には読み取れませんでした: {}",
                scope_ja(scope),
                what_ja(what),
                reason_ja(detail)
            ),
        ),
        ProblemKind::Conflict { field, id, other } => {
            let other = place(other);
            (
                format!("two records of `{id}` disagree about `{field}`; the other one is at {other}"),
                format!("`{id}` の `{field}` が 2 つのレコードで食い違っています (もう一方は {other})"),
            )
        }
    };
    bilingual(lang, en, ja)
}

/// Where something was asked, as manifests write it.
fn scope_ja(scope: &str) -> String {
    match scope {
        "the directory" => "ディレクトリ".to_owned(),
        _ => match (scope.strip_suffix(" subscriptions"), scope.strip_prefix("the group ")) {
            (Some(count), _) => format!("サブスクリプション {count} 件"),
            (_, Some(group)) => format!("グループ {group} "),
            _ => format!("サブスクリプション {scope} "),
        },
    }
}

/// What was asked, as manifests write it.
fn what_ja(what: &str) -> &str {
    const WORDS: [(&str, &str); 38] = [
        ("machines", "仮想マシン"),
        ("images", "イメージ"),
        ("networks", "ネットワーク"),
        ("vaults", "Recovery Services コンテナー"),
        ("backup vaults", "バックアップ コンテナー"),
        ("network rules", "ネットワーク規則"),
        ("scale set instances", "スケール セットのインスタンス"),
        ("updates", "更新プログラム"),
        ("guest configuration", "ゲスト構成"),
        ("backups", "バックアップ"),
        ("security", "セキュリティ評価"),
        ("rights", "ロール割り当て"),
        ("subscriptions", "サブスクリプション"),
        ("policies", "ポリシー割り当て"),
        ("maintenance", "メンテナンス構成"),
        ("just-in-time policies", "JIT ポリシー"),
        ("locks", "ロック"),
        ("backup policies", "バックアップ ポリシー"),
        ("security contacts", "セキュリティ連絡先"),
        ("Defender for Cloud settings", "Defender for Cloud の設定"),
        ("alert suppression", "アラートの抑制ルール"),
        ("exports", "連続エクスポート"),
        ("deny assignments", "拒否割り当て"),
        ("eligible rights", "資格のあるロール割り当て"),
        ("taken rights", "有効化されたロール割り当て"),
        ("conditional access", "条件付きアクセス ポリシー"),
        ("named locations", "ネームド ロケーション"),
        ("authentication strengths", "認証強度"),
        ("security defaults", "セキュリティの既定値群"),
        ("people", "ユーザー"),
        ("groups", "グループ"),
        ("programs", "サービス プリンシパル"),
        ("authentication methods", "認証方法"),
        ("directory roles", "ディレクトリ ロールの割り当て"),
        ("directory role definitions", "ディレクトリ ロールの定義"),
        ("eligible directory roles", "資格のあるディレクトリ ロール"),
        ("risky people", "危険なユーザー"),
        ("group members", "メンバー"),
    ];
    WORDS.iter().find(|(english, _)| *english == what).map_or(what, |(_, japanese)| japanese)
}

/// Why something is not whole, as manifests write it, as far as the words are ours.
fn reason_ja(reason: &str) -> String {
    if let Some((came, all)) = reason.strip_suffix(" rows came").and_then(|text| text.split_once(" of ")) {
        return format!("{all} 行のうち {came} 行しか取得できませんでした");
    }
    let gave_up = reason.strip_prefix("no answer after ").and_then(|text| text.split_once(" tries: "));
    match gave_up {
        Some((tries, last)) => format!("{tries} 回試しましたが、応答が得られません ({last})"),
        None => reason.to_owned(),
    }
}
