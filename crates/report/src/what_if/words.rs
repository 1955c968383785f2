//! Words for what a policy is not for, and for what nobody can tell.

use posture::Lang;
use serde_json::{Value, json};
use signin::{Client, Doubt, Flow, Never, Platform, Risk};

use crate::words::pick;

/// A stable name.
pub(crate) fn never_code(never: Never) -> &'static str {
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
        Never::Flow => "other-flows",
        Never::Place => "other-places",
        Never::Device => "other-devices",
    }
}

/// A stable form: what is not known, and of what.
pub(crate) fn doubt_code(doubt: &Doubt) -> Value {
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

/// What is not known, and what would settle it, if anything does.
pub(crate) fn doubt_parts(doubt: &Doubt, lang: Lang) -> (String, Option<String>) {
    const GRAPH: &str = "https://graph.microsoft.com/v1.0";
    let ask = |path: String| Some(format!("az rest --url '{GRAPH}/{path}'"));
    let say = |en: String, ja: String| pick(lang, en, ja);
    match doubt {
        Doubt::State => {
            (say("its state is none that is known here".into(), "状態が読み取れません".into()), None)
        }
        Doubt::Group(group) => (
            say(
                format!("who is in the group `{group}`"),
                format!("グループ `{group}` のメンバーが分かりません"),
            ),
            ask(format!("groups/{group}/transitiveMembers")),
        ),
        Doubt::Role(role) => (
            say(format!("who has the role `{role}`"), format!("ロール `{role}` の割り当てが分かりません")),
            ask("roleManagement/directory/roleAssignments".to_owned()),
        ),
        Doubt::Guest => (
            say(
                "whether the person is a guest of such a kind".into(),
                "該当する種類のゲストかどうか分かりません".into(),
            ),
            ask("users?$select=id,userPrincipalName,userType".to_owned()),
        ),
        Doubt::Person => (
            say("the input does not tell of the person".into(), "ユーザーの情報が入力にありません".into()),
            None,
        ),
        Doubt::Condition(name) => (
            say(
                format!("the condition `{name}` is none that is known here"),
                format!("条件 `{name}` は判定できません"),
            ),
            None,
        ),
        Doubt::Location(place) => (
            say(
                format!("which addresses the place `{place}` has"),
                format!("場所 `{place}` のアドレスが分かりません"),
            ),
            ask("identity/conditionalAccess/namedLocations".to_owned()),
        ),
        Doubt::Country => (
            say(
                "in which country the phone of who signs in is".into(),
                "サインインに使う電話の所在国が分かりません".into(),
            ),
            None,
        ),
        Doubt::TrustedAddresses => (
            say(
                "which addresses the older MFA settings trust".into(),
                "以前の MFA 設定の「信頼できる IP」が分かりません".into(),
            ),
            Some(say(
                "--no-mfa-trusted-ips, where there are none".into(),
                "設定がなければ --no-mfa-trusted-ips を指定".into(),
            )),
        ),
        Doubt::Device => (
            say(
                "whether its rule for devices holds".into(),
                "デバイスのルールに該当するか分かりません".into(),
            ),
            Some("--device".to_owned()),
        ),
        Doubt::Application(suite) => (
            say(
                format!("whether the application is part of `{suite}`"),
                format!("アプリケーションが `{suite}` に含まれるか分かりません"),
            ),
            None,
        ),
    }
}

/// The same on one line.
pub(crate) fn doubt_text(doubt: &Doubt, lang: Lang) -> String {
    match (doubt_parts(doubt, lang), lang) {
        ((reason, None), _) => reason,
        ((reason, Some(settled)), Lang::En) => format!("{reason} (settled by: {settled})"),
        ((reason, Some(settled)), Lang::Ja) => format!("{reason} (解決方法: {settled})"),
    }
}

pub(crate) fn client_word(client: Client, lang: Lang) -> &'static str {
    let (en, ja) = match client {
        Client::Browser => ("a browser", "ブラウザー"),
        Client::Modern => ("modern apps", "先進認証のアプリ"),
        Client::ActiveSync => ("Exchange ActiveSync", "Exchange ActiveSync"),
        Client::Legacy => ("legacy clients", "レガシ認証のクライアント"),
    };
    pick(lang, en, ja)
}

pub(crate) fn platform_word(platform: Platform, lang: Lang) -> &'static str {
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

pub(crate) fn flow_word(flow: Flow, lang: Lang) -> &'static str {
    let (en, ja) = match flow {
        Flow::Direct => ("on the device itself", "通常のサインイン"),
        Flow::DeviceCode => ("by a device code", "デバイス コード フロー"),
        Flow::Transfer => ("from another device", "認証の転送"),
    };
    pick(lang, en, ja)
}

pub(crate) fn risk_word(risk: Risk, lang: Lang) -> &'static str {
    let (en, ja) = match risk {
        Risk::No => ("none", "なし"),
        Risk::Low => ("low", "低"),
        Risk::Medium => ("medium", "中"),
        Risk::High => ("high", "高"),
    };
    pick(lang, en, ja)
}
