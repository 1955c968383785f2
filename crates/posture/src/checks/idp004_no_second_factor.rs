//! Somebody who gets into machines has no second factor.

use estate::{DirectoryList, Feed, Known};
use signin::{Standing, Who};

use super::gets_in::{Reaches, lacks, means_words, name, who_it_is, whole};
use super::methods::{is_strong, is_weak};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "IDP004",
    slug: "no-second-factor",
    checkpoint: Checkpoint::IdentityProtection,
    severity: Severity::Medium,
    title: Text { en: "people without a strong second factor", ja: "強力な MFA のないユーザー" },
    why: Text {
        en: "A policy that demands MFA meets somebody who has none: then whoever signs in first with the password registers a phone of their own, and that may be the thief.",
        ja: "MFA を要求するポリシーがあっても、登録がなければ、最初にパスワードでサインインした人が自分の電話を登録できます。それが攻撃者かもしれません。",
    },
    fix: Text {
        en: "Have the person register a passkey, a security key or Microsoft Authenticator with a Temporary Access Pass, and demand a trusted place or device for registering (the user action Register security information).",
        ja: "一時アクセス パスを使ってパスキー、セキュリティ キー、または Microsoft Authenticator を登録してもらい、登録時 (ユーザー操作「セキュリティ情報の登録」) に信頼できる場所またはデバイスを要求してください。",
    },
    feed: Some(Feed::Methods),
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Policy("e3e008c3-56b9-4133-8fd7-d3347377402a"),
        Reference::Policy("931e118d-50a1-4457-a5e4-78550e086c52"),
        Reference::Attack("T1098.005"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-security-info-registration",
        ),
    ],
    run: Run::People(Subject::Machine, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let (lang, around) = (context.lang, &context.estate().around);
    let told = whole(context, DirectoryList::Methods, Feed::Methods);
    let untold = vec![lacks(context, Feed::Methods)];
    let reaches = Reaches::of(who);
    reaches.tell_untold(context, &CHECK, sink);
    reaches.each(who, |people, subject, reach| {
        if matches!(people.standing, Standing::Program | Standing::Gone) || people.enabled == Some(false) {
            return;
        }
        if people.standing == Standing::Unread {
            return sink.unknown(&CHECK, subject.id, vec![who_it_is(context, people.standing)]);
        }
        let own = around.sign_in_methods.of(subject.id).first();
        let told_of = |field: &estate::Field<bool>| field.as_ref().and_then(Known::value).copied();
        // One that policies of the directory do not let them use is none.
        let capable = own.and_then(|own| told_of(&own.mfa));
        let registered = own.and_then(|own| told_of(&own.registered));
        let methods = own.and_then(|own| own.methods.as_ref()?.value());
        let strong = methods.is_some_and(|all| all.iter().any(|one| is_strong(one)));
        let weak = methods.is_some_and(|all| !all.is_empty() && all.iter().all(|one| is_weak(one)));
        let has = match (capable, registered) {
            (Some(false), _) | (None, Some(false)) => Some(false),
            // Whether it is a strong one is told by the list alone.
            (Some(true), _) if strong || weak => Some(true),
            _ => None,
        };
        let Some(has) = has else {
            let reasons = told.clone().err().unwrap_or_else(|| untold.clone());
            return sink.unknown(&CHECK, subject.id, reasons);
        };
        if has && !weak {
            return sink.pass(context, &CHECK, subject.id);
        }
        if people.enabled.is_none() {
            return sink.unknown(&CHECK, subject.id, vec![lacks(context, Feed::People)]);
        }
        let Some((means, _)) = reach.best else {
            return sink.unknown(&CHECK, subject.id, vec![lacks(context, Feed::Rights)]);
        };
        let (person, count) = (name(who, subject), reach.count);
        let machines = crate::exposure::machines_words(count, lang);
        let does = means_words(means, lang);
        let all = methods.map(|all| crate::remedy::one_line(&all.join(", "))).unwrap_or_default();
        let message = match has {
            false => say!(
                lang,
                "`{person}` gets into {machines} ({does}) and has no second factor",
                "`{person}` は MFA を登録しておらず、{machines}に入れます ({does})"
            ),
            true => say!(
                lang,
                "`{person}` gets into {machines} ({does}) and has weak second factors alone: {all}",
                "`{person}` の MFA は弱い方法 ({all}) だけで、{machines}に入れます ({does})"
            ),
        };
        let severity = if has { Severity::Low } else { CHECK.severity };
        let has = methods.map(|all| all.join(", ")).unwrap_or_default();
        let mut fault =
            Fault::new(message).fact("machines", count.to_string()).fact("methods", has).severity(severity);
        if let Some(own) = own {
            fault = fault.at_record(own.id, &own.origins, "/methodsRegistered");
        }
        sink.fail(fault.finding(context, &CHECK, subject.id));
    });
}
