//! Words for what people can do, and by which right.

use posture::Lang;
use signin::{Means, Standing, Tri};

use super::{GrantForm, PersonForm, PrincipalForm};
use crate::clean::clean;
use crate::words::pick;

pub(super) fn means_text(means: Means, lang: Lang) -> &'static str {
    let (en, ja) = match means {
        Means::Login => ("log in", "ログイン"),
        Means::LoginAsAdmin => ("log in as administrator", "管理者としてログイン"),
        Means::RunCommand => ("run commands", "コマンドの実行"),
        Means::Extension => (
            "add extensions (reset passwords, run scripts)",
            "拡張機能の追加 (パスワードのリセット、スクリプトの実行)",
        ),
        Means::SerialConsole => ("use the serial console", "シリアル コンソールの利用"),
        Means::DiskCopy => ("copy the disk", "ディスクのコピー"),
        Means::GiveRights => ("give any role", "ロールの割り当て"),
    };
    pick(lang, en, ja)
}

/// The same in a word, for pictures.
pub(super) fn means_word(means: Means, lang: Lang) -> &'static str {
    let (en, ja) = match means {
        Means::Login => ("log in", "ログイン"),
        Means::LoginAsAdmin => ("as admin", "管理者"),
        Means::RunCommand => ("commands", "コマンド"),
        Means::Extension => ("extensions", "拡張機能"),
        Means::SerialConsole => ("console", "コンソール"),
        Means::DiskCopy => ("disk", "ディスク"),
        Means::GiveRights => ("roles", "ロール"),
    };
    pick(lang, en, ja)
}

pub(super) fn standing_text(person: &PersonForm, lang: Lang) -> String {
    let mut notes: Vec<String> = Vec::new();
    let (en, ja) = match person.what {
        Standing::Member | Standing::Person => ("", ""),
        Standing::Guest => ("guest", "ゲスト"),
        Standing::Program => ("program", "サービス プリンシパル"),
        Standing::Unread => ("whoever this record names", "この割り当ての対象者"),
        Standing::Untold => ("not told of", "詳細不明"),
        Standing::Gone => ("deleted", "削除済み"),
    };
    if !en.is_empty() {
        notes.push(pick(lang, en, ja).to_owned());
    }
    if person.enabled == Some(false) {
        notes.push(pick(lang, "disabled", "無効").to_owned());
    }
    if let Some(risk) = person.risk {
        notes.push(match lang {
            Lang::En if risk == "hidden" => "at risk".to_owned(),
            Lang::En => format!("risk: {risk}"),
            Lang::Ja => {
                let level = match risk {
                    "high" => "高",
                    "medium" => "中",
                    "low" => "低",
                    "hidden" => "レベル不明",
                    other => other,
                };
                format!("リスク: {level}")
            }
        });
    }
    if person.mfa_capable == Some(false) {
        notes.push(pick(lang, "has no second factor", "MFA 未登録").to_owned());
    }
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}

/// What somebody is called: login, name or id.
pub(super) fn name(person: &PersonForm) -> String {
    let name = person.login.as_ref().or(person.name.as_ref()).unwrap_or(&person.id);
    clean(name).into_owned()
}

pub(super) fn principal(principal: &PrincipalForm) -> String {
    clean(principal.name.as_ref().unwrap_or(&principal.id)).into_owned()
}

/// `subscription s`, `resource group g`, the name of a resource.
pub(super) fn scope_text(scope: &str, lang: Lang) -> String {
    let parts: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
    let of = |en: &str, ja: &str, name: &str| {
        let name = clean(name);
        match lang {
            Lang::En => format!("{en} `{name}`"),
            Lang::Ja => format!("{ja} `{name}`"),
        }
    };
    match parts.as_slice() {
        [] => pick(lang, "everything", "すべてのリソース").to_owned(),
        [first, name] if is(first, "subscriptions") => of("subscription", "サブスクリプション", name),
        [first, _, second, name] if is(first, "subscriptions") && is(second, "resourceGroups") => {
            of("resource group", "リソース グループ", name)
        }
        [_, _, kind, name] if is(kind, "managementGroups") => of("management group", "管理グループ", name),
        [.., name] => format!("`{}`", clean(name)),
    }
}

/// By which right: the role, where it holds, and whether it has to be taken.
pub(super) fn grant_text(grant: &GrantForm, group: bool, lang: Lang) -> String {
    let role = clean(&grant.role);
    let scope = match grant.of_directory {
        true => pick(lang, "the directory", "ディレクトリ").to_owned(),
        false => scope_text(&grant.scope, lang),
    };
    let mut text = match lang {
        Lang::En => format!("{role} of {scope}"),
        Lang::Ja => format!("{scope} の {role}"),
    };
    if group {
        let name = principal(&grant.principal);
        text += &match lang {
            Lang::En => format!(", by the group `{name}`"),
            Lang::Ja => format!(" (グループ `{name}`)"),
        };
    }
    if grant.eligible {
        text += pick(lang, ", has to be taken first (PIM)", "、PIM での有効化が必要");
    }
    if grant.conditional {
        text += pick(lang, ", where its condition holds", "、条件付き");
    }
    text
}

pub(super) fn tri_text(so: Tri, lang: Lang) -> &'static str {
    match so {
        Tri::Yes => pick(lang, "yes", "はい"),
        Tri::No => pick(lang, "no", "いいえ"),
        Tri::Maybe => pick(lang, "unknown", "不明"),
    }
}

/// What people sign in by in place of names: so many of a list.
pub(super) fn some(names: &[String], most: usize, lang: Lang) -> String {
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => pick(lang, format!("{shown} and {more} more"), format!("{shown} ほか {more} 件")),
    }
}
