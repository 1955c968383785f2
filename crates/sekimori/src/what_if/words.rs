//! Words for what a policy is not for, and for what nobody can tell.

use posture::Lang;
use serde_json::{Value, json};
use signin::{Client, Doubt, Never, Platform, Risk};

use crate::language::pick;

/// A stable name.
pub(super) fn never_code(never: Never) -> &'static str {
    match never {
        Never::Off => "off",
        Never::Workloads => "for-workload-identities",
        Never::Person => "other-people",
        Never::PersonExcluded => "person-excluded",
        Never::Application => "other-applications",
        Never::ApplicationExcluded => "application-excluded",
        Never::Client => "other-clients",
        Never::Platform => "other-platforms",
        Never::SignInRisk => "other-sign-in-risks",
        Never::UserRisk => "other-user-risks",
        Never::Place => "other-places",
        Never::Device => "other-devices",
    }
}

pub(super) fn never_text(never: Never, lang: Lang) -> &'static str {
    let (en, ja) = match never {
        Never::Off => ("it is off", "無効です"),
        Never::Workloads => ("it is for programs and not for people", "ワークロード ID 用です"),
        Never::Person => ("it is for other people", "対象のユーザーではありません"),
        Never::PersonExcluded => ("it leaves this person out", "このユーザーは除外されています"),
        Never::Application => ("it is for other applications", "対象のアプリケーションではありません"),
        Never::ApplicationExcluded => {
            ("it leaves this application out", "このアプリケーションは除外されています")
        }
        Never::Client => ("it is for other clients", "対象のクライアントではありません"),
        Never::Platform => ("it is for other systems", "対象のプラットフォームではありません"),
        Never::SignInRisk => {
            ("it is for other risks of the sign-in", "対象のサインイン リスクではありません")
        }
        Never::UserRisk => ("it is for other risks of the person", "対象のユーザー リスクではありません"),
        Never::Place => ("it is for other places", "対象の場所ではありません"),
        Never::Device => ("it is for other devices", "対象のデバイスではありません"),
    };
    pick(lang, en, ja)
}

/// A stable form: what is not known, and of what.
pub(super) fn doubt_code(doubt: &Doubt) -> Value {
    let (what, of) = match doubt {
        Doubt::State => ("state", None),
        Doubt::Group(group) => ("group-members", Some(group)),
        Doubt::Role(role) => ("role-members", Some(role)),
        Doubt::Guest => ("kind-of-guest", None),
        Doubt::Person => ("person", None),
        Doubt::Condition(name) => ("condition", Some(name)),
        Doubt::Location(place) => ("named-location", Some(place)),
        Doubt::Country => ("country", None),
        Doubt::TrustedAddresses => ("mfa-trusted-ips", None),
        Doubt::Device => ("device", None),
        Doubt::Application(suite) => ("application", Some(suite)),
    };
    json!({"what": what, "of": of})
}

/// What is not known, and what would settle it.
pub(super) fn doubt_text(doubt: &Doubt, lang: Lang) -> String {
    const GRAPH: &str = "https://graph.microsoft.com/v1.0";
    match (doubt, lang) {
        (Doubt::State, Lang::En) => "its state is none that is known here".to_owned(),
        (Doubt::State, Lang::Ja) => "状態が読み取れません".to_owned(),
        (Doubt::Group(group), Lang::En) => {
            format!(
                "who is in the group `{group}` (settled by: az rest --url '{GRAPH}/groups/{group}/transitiveMembers')"
            )
        }
        (Doubt::Group(group), Lang::Ja) => {
            format!(
                "グループ `{group}` のメンバーが分かりません (解決方法: az rest --url '{GRAPH}/groups/{group}/transitiveMembers')"
            )
        }
        (Doubt::Role(role), Lang::En) => {
            format!(
                "who has the role `{role}` (settled by: az rest --url '{GRAPH}/roleManagement/directory/roleAssignments')"
            )
        }
        (Doubt::Role(role), Lang::Ja) => {
            format!(
                "ロール `{role}` の割り当てが分かりません (解決方法: az rest --url '{GRAPH}/roleManagement/directory/roleAssignments')"
            )
        }
        (Doubt::Guest, Lang::En) => {
            format!(
                "whether the person is a guest of such a kind (settled by: az rest --url '{GRAPH}/users?$select=id,userPrincipalName,userType')"
            )
        }
        (Doubt::Guest, Lang::Ja) => {
            format!(
                "該当する種類のゲストかどうか分かりません (解決方法: az rest --url '{GRAPH}/users?$select=id,userPrincipalName,userType')"
            )
        }
        (Doubt::Person, Lang::En) => "the input does not tell of the person".to_owned(),
        (Doubt::Person, Lang::Ja) => "ユーザーの情報が入力にありません".to_owned(),
        (Doubt::Condition(name), Lang::En) => format!("the condition `{name}` is none that is known here"),
        (Doubt::Condition(name), Lang::Ja) => format!("条件 `{name}` は判定できません"),
        (Doubt::Location(place), Lang::En) => {
            format!(
                "which addresses the place `{place}` has (settled by: az rest --url '{GRAPH}/identity/conditionalAccess/namedLocations')"
            )
        }
        (Doubt::Location(place), Lang::Ja) => {
            format!(
                "場所 `{place}` のアドレスが分かりません (解決方法: az rest --url '{GRAPH}/identity/conditionalAccess/namedLocations')"
            )
        }
        (Doubt::Country, Lang::En) => "in which country the phone of who signs in is".to_owned(),
        (Doubt::Country, Lang::Ja) => "サインインに使う電話の所在国が分かりません".to_owned(),
        (Doubt::TrustedAddresses, Lang::En) => {
            "which addresses the older MFA settings trust (settled by: --no-mfa-trusted-ips, where there are none)".to_owned()
        }
        (Doubt::TrustedAddresses, Lang::Ja) => {
            "以前の MFA 設定の「信頼できる IP」が分かりません (解決方法: 設定がなければ --no-mfa-trusted-ips を指定)".to_owned()
        }
        (Doubt::Device, Lang::En) => "whether its rule for devices holds (settled by: --device)".to_owned(),
        (Doubt::Device, Lang::Ja) => {
            "デバイスのルールに該当するか分かりません (解決方法: --device)".to_owned()
        }
        (Doubt::Application(suite), Lang::En) => format!("whether the application is part of `{suite}`"),
        (Doubt::Application(suite), Lang::Ja) => {
            format!("アプリケーションが `{suite}` に含まれるか分かりません")
        }
    }
}

pub(super) fn client_word(client: Client, lang: Lang) -> &'static str {
    let (en, ja) = match client {
        Client::Browser => ("a browser", "ブラウザー"),
        Client::Modern => ("modern apps", "先進認証のアプリ"),
        Client::ActiveSync => ("Exchange ActiveSync", "Exchange ActiveSync"),
        Client::Legacy => ("legacy clients", "レガシ認証のクライアント"),
    };
    pick(lang, en, ja)
}

pub(super) fn platform_word(platform: Platform, lang: Lang) -> &'static str {
    match platform {
        Platform::Android => "Android",
        Platform::Ios => "iOS",
        Platform::Windows => "Windows",
        Platform::WindowsPhone => "Windows Phone",
        Platform::MacOs => "macOS",
        Platform::Linux => "Linux",
        Platform::Other => pick(lang, "any other", "その他"),
    }
}

pub(super) fn risk_word(risk: Risk, lang: Lang) -> &'static str {
    let (en, ja) = match risk {
        Risk::No => ("none", "なし"),
        Risk::Low => ("low", "低"),
        Risk::Medium => ("medium", "中"),
        Risk::High => ("high", "高"),
    };
    pick(lang, en, ja)
}
