//! Somebody whose account may be in other hands gets into machines.

use estate::{DirectoryList, Feed};
use signin::{PersonRisk, Risk, Standing, Who};

use super::gets_in::{Reaches, lacks, means_words, name, who_it_is, whole};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Lang, Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "IDP003",
    slug: "risky-person",
    checkpoint: Checkpoint::IdentityProtection,
    severity: Severity::High,
    title: Text {
        en: "a risky person gets into machines", ja: "仮想マシンに入れる危険なユーザー"
    },
    why: Text {
        en: "Microsoft has seen signs that somebody else uses this account, and nobody has looked at them yet. Until then whoever that is has the same way into the machines.",
        ja: "別人がこのアカウントを使っている兆候が検出されたまま、まだ対応されていません。その間、その人物も同じように仮想マシンに入れます。",
    },
    fix: Text {
        en: "Have the person change the password with MFA and revoke the sessions: `az rest --method post --url https://graph.microsoft.com/v1.0/users/<ID>/revokeSignInSessions`; look at what the account did (Risky users, Risk detections), then confirm or dismiss the risk.",
        ja: "MFA を伴うパスワード変更を求め、セッションを取り消してください: `az rest --method post --url https://graph.microsoft.com/v1.0/users/<ID>/revokeSignInSessions`。[危険なユーザー] と [リスク検出] でアカウントの操作を確認し、侵害を確認するか、リスクを無視してください。",
    },
    feed: Some(Feed::RiskyPeople),
    refs: &[
        Reference::Mcsb("IR-4"),
        Reference::Attack("T1078.004"),
        Reference::Page(
            "https://learn.microsoft.com/entra/id-protection/howto-identity-protection-remediate-unblock",
        ),
    ],
    run: Run::People(Subject::Machine, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let (lang, around) = (context.lang, &context.estate().around);
    let told = whole(context, DirectoryList::Risky, Feed::RiskyPeople);
    let unread = vec![lacks(context, Feed::RiskyPeople)];
    let reaches = Reaches::of(who);
    reaches.tell_untold(context, &CHECK, sink);
    reaches.each(who, |people, subject, reach| {
        if matches!(people.standing, Standing::Program | Standing::Gone) || people.enabled == Some(false) {
            return;
        }
        if people.standing == Standing::Unread {
            return sink.unknown(&CHECK, subject.id, vec![who_it_is(context, people.standing)]);
        }
        let risk = match (people.risk, &told) {
            (PersonRisk::Level(level), _) => Some(level),
            (PersonRisk::Hidden, _) => None,
            (PersonRisk::Unread, Ok(())) => return sink.unknown(&CHECK, subject.id, unread.clone()),
            (PersonRisk::NotSaid, Ok(())) => return sink.pass(context, &CHECK, subject.id),
            (_, Err(reasons)) => return sink.unknown(&CHECK, subject.id, reasons.clone()),
        };
        if people.enabled.is_none() {
            return sink.unknown(&CHECK, subject.id, vec![lacks(context, Feed::People)]);
        }
        let Some((means, _)) = reach.best else {
            return sink.unknown(&CHECK, subject.id, vec![lacks(context, Feed::Rights)]);
        };
        let own = around.risky_people.of(subject.id).first();
        let (person, count) = (name(who, subject), reach.count);
        let (machines, does) = (crate::exposure::machines_words(count, lang), means_words(means, lang));
        let sure =
            own.and_then(|own| own.state.as_ref()?.value()).map(ToString::to_string).unwrap_or_default();
        let message = match risk.map(|risk| risk_words(risk, lang)) {
            Some(level) => say!(
                lang,
                "`{person}` is at {level} risk and gets into {machines} ({does})",
                "`{person}` はリスク「{level}」で、{machines}に入れます ({does})"
            ),
            None => say!(
                lang,
                "`{person}` is at risk, of which the level is hidden, and gets into {machines} ({does})",
                "`{person}` はリスクあり (レベルは非表示) で、{machines}に入れます ({does})"
            ),
        };
        let severity = match risk {
            Some(Risk::High) => Severity::Critical,
            Some(Risk::Low) => Severity::Medium,
            Some(Risk::Medium | Risk::No) | None => CHECK.severity,
        };
        let mut fault = Fault::new(message)
            .fact("risk", people.risk.word().unwrap_or_default())
            .fact("state", sure)
            .fact("machines", count.to_string())
            .severity(severity);
        if let Some(own) = own {
            fault = fault.at_record(own.id, &own.origins, "/riskLevel");
        }
        sink.fail(fault.finding(context, &CHECK, subject.id));
    });
}

fn risk_words(risk: Risk, lang: Lang) -> &'static str {
    match (risk, lang) {
        (_, Lang::En) => risk.word(),
        (Risk::High, Lang::Ja) => "高",
        (Risk::Medium, Lang::Ja) => "中",
        (Risk::Low, Lang::Ja) => "低",
        (Risk::No, Lang::Ja) => "なし",
    }
}
