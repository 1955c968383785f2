//! The answer for people.

use std::fmt::Write;

use posture::Lang;
use signin::{Answer, Axis, Class, Controls, Countries, Demand, PolicyState, Region, Tri, Verdict, Where};

use super::never_text;
use super::words::{client_word, doubt_text, platform_word, risk_word};
use super::{Told, policy_name};
use crate::clean::clean;
use crate::words::pick;

/// How many regions of one outcome, and parts of one axis, are told.
const SHOWN: usize = 12;

/// The answer as text.
pub fn page(told: &Told<'_, '_>, lang: Lang) -> String {
    let mut out = String::new();
    let (who, application) = (clean(&told.who()).into_owned(), &told.question.application.name);
    let _ = match lang {
        Lang::En => writeln!(out, "{who} signs in to {application}\n"),
        Lang::Ja => writeln!(out, "{who} が {application} にサインインする場合\n"),
    };
    notes(told, lang, &mut out);
    let mut outcomes: Vec<_> = told
        .answer
        .outcomes
        .iter()
        .map(|(demand, regions)| (told.verdict(demand, regions), demand, regions))
        .collect();
    outcomes.sort_by_key(|(verdict, ..)| *verdict);
    for same in outcomes.chunk_by(|one, other| one.0 == other.0) {
        for (at, (verdict, demand, regions)) in same.iter().enumerate() {
            if at == 0 {
                let _ = writeln!(out, "{}", verdict_text(*verdict, lang));
            }
            outcome(told, demand, regions, lang, &mut out);
        }
        out.push('\n');
    }
    policies(told, lang, &mut out);
    out
}

fn outcome(told: &Told<'_, '_>, demand: &Demand, regions: &[Region], lang: Lang, out: &mut String) {
    for region in regions.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}", region_text(told.answer, region, lang));
    }
    if let more @ 1.. = regions.len().saturating_sub(SHOWN) {
        let _ = match lang {
            Lang::En => writeln!(out, "  and {more} more cases: --format json"),
            Lang::Ja => writeln!(out, "  ほか {more} 通り: --format json で確認できます"),
        };
    }
    let mut by = |en: &str, ja: &str, policies: &[usize]| {
        let names: Vec<String> = policies.iter().map(|at| named(told, *at, lang)).collect();
        if !names.is_empty() {
            let _ = writeln!(out, "    {}: {}", pick(lang, en, ja), names.join(", "));
        }
    };
    by("by", "ポリシー", &demand.certain);
    by("perhaps by", "適用される可能性のあるポリシー", &demand.possible);
}

fn notes(told: &Told<'_, '_>, lang: Lang, out: &mut String) {
    let mut note = |en: &str, ja: &str| {
        let _ = writeln!(out, "{}: {}\n", pick(lang, "note", "注意"), pick(lang, en, ja));
    };
    if !told.rules.whole {
        note(
            "the input does not hold the whole list of policies, so others may demand more (settled by: az rest --url 'https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies', or sekimori collect)",
            "ポリシーの一覧がすべて入力に含まれていないため、ほかのポリシーが適用される可能性があります (解決方法: az rest --url 'https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies'、または sekimori collect)",
        );
    }
    let disabled = told.subject.person.and_then(|person| person.enabled.as_ref()?.value()) == Some(&false);
    if disabled {
        note(
            "the account is disabled: nobody signs in by it",
            "このアカウントは無効で、サインインできません",
        );
    }
    if told.rules.defaults == Some(true) {
        note(
            "security defaults are on: Microsoft keeps legacy clients out, and demands MFA of administrators always and of others where it finds it necessary",
            "セキュリティの既定値群が有効です。レガシ認証はブロックされ、管理者には常に、その他のユーザーには Microsoft が必要と判断した場合に MFA が要求されます",
        );
    }
    if told.rules.defaults.is_none() && told.rules.defaults_may_hold(told.answer) {
        note(
            "whether security defaults are on is not known (settled by: az rest --url 'https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy')",
            "セキュリティの既定値群が有効かどうか分かりません (解決方法: az rest --url 'https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy')",
        );
    }
    if told.directory.may_take_a_role(told.subject) {
        note(
            "roles of the directory can be taken (PIM): policies for these apply once they are",
            "PIM で有効化できるディレクトリ ロールがあります。有効化すると、そのロールを対象とするポリシーも適用されます",
        );
    }
    if !told.answer.by_policy {
        note(
            "too many sets of policies meet to name them for each case: below is how strict they are",
            "ポリシーの組み合わせが多いため、場合ごとのポリシー名は省略し、要求の強さだけを示します",
        );
    }
}

pub(crate) fn verdict_text(verdict: Verdict, lang: Lang) -> &'static str {
    let (en, ja) = match verdict {
        Verdict::Blocked => ("BLOCKED", "ブロックされます"),
        Verdict::MfaAndDevice => {
            ("MFA and a managed device are demanded", "MFA と管理対象デバイスの両方が必要です")
        }
        Verdict::Mfa => ("MFA is demanded", "MFA が必要です"),
        Verdict::Managed => (
            "nothing more is demanded, from a managed device alone",
            "管理対象デバイスからのサインインに限り、追加の要求はありません",
        ),
        Verdict::Device => {
            ("a managed device is demanded, and no MFA", "管理対象デバイスが必要です (MFA は不要)")
        }
        Verdict::MfaOrDevice => {
            ("MFA or a managed device is demanded", "MFA または管理対象デバイスのどちらかが必要です")
        }
        Verdict::Other => {
            ("neither MFA nor a managed device is demanded", "MFA も管理対象デバイスも要求されません")
        }
        Verdict::Nothing => (
            "conditional access demands NOTHING: a password is enough",
            "条件付きアクセスは何も要求しません (パスワードだけでサインインできます)",
        ),
        Verdict::Unknown => ("not known", "不明です"),
    };
    pick(lang, en, ja)
}

/// A policy and what it demands.
fn named(told: &Told<'_, '_>, at: usize, lang: Lang) -> String {
    let name = clean(&policy_name(told, at)).into_owned();
    let demands = told.answer.controls.get(at).map(|controls| demands(controls, lang)).unwrap_or_default();
    format!("{name} ({demands})")
}

fn demands(controls: &Controls, lang: Lang) -> String {
    if controls.block == Tri::Yes {
        return pick(lang, "block", "ブロック").to_owned();
    }
    let all: Vec<String> = controls.each.iter().map(|control| clean(&control.name).into_owned()).collect();
    match (all.is_empty(), controls.all) {
        (true, _) => pick(lang, "demands nothing", "要求なし").to_owned(),
        (false, Tri::Yes) => all.join(" + "),
        (false, Tri::No) => all.join(pick(lang, " or ", " または ")),
        (false, Tri::Maybe) => all.join(" / "),
    }
}

pub(crate) fn region_text(answer: &Answer<'_>, region: &Region, lang: Lang) -> String {
    if region.is_empty() {
        return pick(lang, "whatever is left open", "未指定の条件にかかわらず").to_owned();
    }
    let parts: Vec<String> = region
        .iter()
        .filter_map(|(axis, here)| {
            let (axis, classes) = answer.axes.get(*axis)?;
            Some(axis_text(axis, classes, here, lang))
        })
        .collect();
    parts.join("; ")
}

fn axis_text(axis: &Axis, classes: &[Class], here: &[usize], lang: Lang) -> String {
    let name = match axis {
        Axis::Client => pick(lang, "client", "クライアント"),
        Axis::Platform => pick(lang, "system", "プラットフォーム"),
        Axis::SignInRisk => pick(lang, "risk of the sign-in", "サインイン リスク"),
        Axis::UserRisk => pick(lang, "risk of the person", "ユーザー リスク"),
        Axis::Flow => pick(lang, "flow", "認証フロー"),
        Axis::Place => pick(lang, "place", "場所"),
        Axis::Rule(_, rule) => {
            let holds = here.first().and_then(|at| classes.get(*at)) == Some(&Class::Rule(true));
            let rule = clean(rule);
            return match (lang, holds) {
                (Lang::En, true) => format!("device: `{rule}` holds"),
                (Lang::En, false) => format!("device: `{rule}` does not hold"),
                (Lang::Ja, true) => format!("デバイス: `{rule}` に該当する"),
                (Lang::Ja, false) => format!("デバイス: `{rule}` に該当しない"),
            };
        }
    };
    // What is left out, where that is less to read.
    let but = here.len() * 2 > classes.len();
    let told: Vec<String> = (0..classes.len())
        .filter(|at| here.contains(at) != but)
        .filter_map(|at| classes.get(at))
        .map(|class| class_text(class, lang))
        .collect();
    let more = told.len().saturating_sub(SHOWN);
    let mut list = told.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list += &match lang {
            Lang::En => format!(" and {more} more"),
            Lang::Ja => format!(" ほか {more} 件"),
        };
    }
    match (but, lang) {
        (false, _) => format!("{name}: {list}"),
        (true, Lang::En) => format!("{name}: any but {list}"),
        (true, Lang::Ja) => format!("{name}: {list} 以外"),
    }
}

fn class_text(class: &Class, lang: Lang) -> String {
    match class {
        Class::Client(client) => client_word(*client, lang).to_owned(),
        Class::Platform(platform) => platform_word(*platform, lang).to_owned(),
        Class::Risk(risk) => risk_word(*risk, lang).to_owned(),
        Class::Flow(flow) => super::words::flow_word(*flow, lang).to_owned(),
        Class::Rule(so) => so.to_string(),
        Class::Place { inside, countries, .. } => {
            let place = match inside.is_empty() {
                false => inside.iter().map(|name| clean(name).into_owned()).collect::<Vec<_>>().join(" + "),
                true => pick(lang, "outside of named addresses", "名前付きの場所の外").to_owned(),
            };
            let country = match (countries, lang) {
                (Countries::Any, _) => return place,
                (Countries::These(all), _) => all.join("/"),
                (Countries::AllBut(all), Lang::En) => format!("any country but {}", all.join("/")),
                (Countries::AllBut(all), Lang::Ja) => format!("{} 以外の国", all.join("/")),
                (Countries::Unknown, Lang::En) => "country not known".to_owned(),
                (Countries::Unknown, Lang::Ja) => "国が不明".to_owned(),
            };
            format!("{place} ({country})")
        }
    }
}

fn policies(told: &Told<'_, '_>, lang: Lang, out: &mut String) {
    if told.answer.policies.is_empty() {
        let _ = writeln!(out, "{}", pick(lang, "no policies", "ポリシーはありません"));
        return;
    }
    let _ = writeln!(out, "{}", pick(lang, "policies", "ポリシー"));
    for (at, answer) in told.answer.policies.iter().enumerate() {
        let state = match answer.state {
            PolicyState::On => pick(lang, "on", "有効"),
            PolicyState::ReportOnly => pick(lang, "report only", "レポート専用"),
            PolicyState::Off => pick(lang, "off", "無効"),
            PolicyState::Unknown => "?",
        };
        let place = match &answer.applies {
            Where::Never(never) => {
                format!("{}: {}", pick(lang, "does not apply", "適用されません"), never_text(*never, lang))
            }
            Where::Always if answer.doubts.is_empty() => pick(lang, "applies", "適用されます").to_owned(),
            Where::Always => pick(lang, "may apply", "適用される可能性があります").to_owned(),
            Where::Some(region) => {
                let word = match answer.doubts.is_empty() {
                    true => pick(lang, "applies where", "適用される条件"),
                    false => pick(lang, "may apply where", "適用される可能性のある条件"),
                };
                format!("{word} {}", region_text(told.answer, region, lang))
            }
        };
        let _ = writeln!(out, "  {} [{state}]\n    {place}", named(told, at, lang));
        for doubt in &answer.doubts {
            let _ = writeln!(out, "    {}: {}", pick(lang, "not known", "不明"), doubt_text(doubt, lang));
        }
    }
}
