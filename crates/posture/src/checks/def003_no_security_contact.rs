//! Nobody hears of alerts about a subscription's machines.

use estate::{Contact, Feed, Known};

use super::subscriptions::{Subscription, partial, with_machines};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF003",
    slug: "no-security-contact",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Medium,
    title: Text { en: "nobody hears of alerts", ja: "アラートの通知先が未設定" },
    why: Text {
        en: "Defender for Cloud sees the attack and writes it down where nobody looks on a Saturday night. An e-mail is what makes somebody get up.",
        ja: "Defender for Cloud が攻撃を検出しても、ポータルに記録されるだけでは土曜の夜に気付く人はいません。メールで通知されて初めて対応が始まります。",
    },
    fix: Text {
        en: "Set an address that several people read and the role Owner, for alerts of high severity at least: Defender for Cloud, Environment settings, the subscription, Email notifications.",
        ja: "Defender for Cloud の [環境設定] でサブスクリプションを開き、[メール通知] に複数人が読むアドレスと「所有者」ロールを設定して、少なくとも重要度「高」のアラートを通知してください。",
    },
    feed: Some(Feed::Contacts),
    refs: &[
        Reference::Policy("6e2593d9-add6-4083-9c9b-4b7d2188c899"),
        Reference::Policy("0b15565f-aa9e-48ba-8619-45960f2c314d"),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

/// What a contact comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hears {
    /// Somebody hears.
    Yes,
    /// Nobody can tell.
    Perhaps,
    /// There is somebody, and alerts are off.
    Off,
    /// There is nobody.
    Nobody,
}

fn hears(contact: &Contact) -> Hears {
    let addressed = says_something(contact) || contact.by_role == Some(Known::Value(true));
    let unread = matches!(contact.emails, Some(Known::Unknown(_)))
        || matches!(contact.by_role, Some(Known::Unknown(_)));
    if contact.on == Some(Known::Value(false)) || says(&contact.alerts, "Off") {
        return Hears::Off;
    }
    if !addressed {
        return if unread { Hears::Perhaps } else { Hears::Nobody };
    }
    match contact.alerts {
        Some(Known::Value(_)) => Hears::Yes,
        _ => Hears::Perhaps,
    }
}

fn says_something(contact: &Contact) -> bool {
    contact.emails.as_ref().and_then(Known::value).is_some_and(|emails| emails.contains('@'))
}

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subscription in with_machines(context) {
        sink.take(context, &CHECK, subscription.id, judge(context, &subscription));
    }
}

fn judge(context: &Context<'_>, subscription: &Subscription<'_>) -> Judged {
    let all = subscription.own.map(|own| context.estate().around.contacts.of(own)).unwrap_or_default();
    let best = all.iter().map(|contact| (hears(contact), contact)).min_by_key(|(hears, _)| *hears);
    if let Some((Hears::Yes, _)) = best {
        return Ok(Verdict::Pass);
    }
    if let Some((Hears::Perhaps, contact)) = best {
        return Err(vec![partial(context, contact.id)]);
    }
    subscription.whole(context, Feed::Contacts)?;
    let name = &subscription.name;
    match best {
        Some((Hears::Off, contact)) => {
            let message = say!(
                context.lang,
                "nobody hears of alerts in the subscription `{name}`: e-mails about alerts are off",
                "サブスクリプション `{name}` ではアラートのメール通知が無効です"
            );
            Fault::new(message)
                .fact("alerts", "Off")
                .at_record(contact.id, &contact.origins, "/properties/alertNotifications")
                .verdict()
        }
        other => {
            let fault = Fault::new(say!(
                context.lang,
                "nobody hears of alerts in the subscription `{name}`: it has neither an address nor a role to send them to",
                "サブスクリプション `{name}` には、アラートを通知するメール アドレスもロールも設定されていません"
            ));
            match other {
                Some((_, contact)) => {
                    fault.at_record(contact.id, &contact.origins, "/properties/emails").verdict()
                }
                None => subscription.nothing(fault).verdict(),
            }
        }
    }
}
