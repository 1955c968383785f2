//! An account that policies spare has nothing but a password.

use estate::{AccessPolicy, DirectoryList, Feed};
use signin::{Door, Standing, Tri, Verdict, Who};

use super::gets_in::{
    is_for_all_applications, is_for_every_risk, is_for_everybody_somewhere, is_for_modern_clients, lacks,
    name, protects, whole,
};
use super::methods::is_unphishable;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP007",
    slug: "break-glass-unprotected",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::High,
    title: Text {
        en: "an emergency account without a strong method",
        ja: "強力な認証方法のない緊急用アカウント",
    },
    why: Text {
        en: "No policy stops such an account, whoever uses it: that is what it is for. What is left to protect it is what it signs in with, and a password alone, however long, is written down, phished and reused.",
        ja: "緊急用アカウントは、誰が使ってもポリシーでは止まりません (それが目的です)。保護は認証方法だけが頼りであり、どれほど長くても、パスワードだけでは書き留められ、だまし取られ、使い回されます。",
    },
    fix: Text {
        en: "Register two security keys (FIDO2) or certificates for it, keep them in different safes, and have every sign-in of it alerted. Leave two such accounts, and no one else, out of policies.",
        ja: "FIDO2 セキュリティ キーまたは証明書を 2 つ登録して別々の金庫に保管し、サインインのたびに通知されるようにしてください。ポリシーから除外するのは、この 2 つのアカウントだけにしてください。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("PA-5"),
        Reference::Attack("T1078.004"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let around = &context.estate().around;
    // Policies that protect everybody who comes with more than a password, perhaps from some places alone.
    let meant = |policy: &&AccessPolicy| {
        let everybody = is_for_everybody_somewhere(policy).and(is_for_all_applications(policy));
        let always = is_for_every_risk(policy).and(is_for_modern_clients(policy));
        everybody.and(always).and(protects(context, policy)) == Tri::Yes
    };
    let all: Vec<&AccessPolicy> = around.access_policies.iter().filter(meant).collect();
    if all.is_empty() {
        return;
    }
    let methods = whole(context, DirectoryList::Methods, Feed::Methods);
    let (untold, doubts) = (lacks(context, Feed::Methods), super::gets_in::doubts(context, who));
    for (class, people) in who.people.iter().enumerate().filter(|(_, people)| people.base.is_none()) {
        if matches!(people.standing, Standing::Program | Standing::Gone | Standing::Unread)
            || people.enabled == Some(false)
        {
            continue;
        }
        let spared = all.iter().map(|policy| who.is_spared(class, policy)).fold(Tri::No, Tri::or);
        if spared == Tri::No {
            continue;
        }
        // Another policy may stop them all the same, wherever they come from and whatever they open.
        let least = Door::ALL.into_iter().map(|door| who.demanded(class, door).map(|own| own.least()));
        let least = least.map(|least| least.unwrap_or(Verdict::Unknown)).min().unwrap_or(Verdict::Unknown);
        if least.is_protected() {
            continue;
        }
        let may_be_off = people.enabled.is_none();
        let open = spared.and(if least == Verdict::Unknown { Tri::Maybe } else { Tri::Yes });
        for subject in &people.members {
            let own = around.sign_in_methods.of(subject.id).first();
            let strong = own
                .and_then(|own| own.methods.as_ref()?.value())
                .map(|all| all.iter().any(|one| is_unphishable(one)));
            match (strong, open) {
                (Some(true), _) => sink.pass(context, &CHECK, subject.id),
                (Some(false), Tri::Yes) if may_be_off => {
                    sink.unknown(&CHECK, subject.id, vec![lacks(context, Feed::People)]);
                }
                (Some(false), Tri::Yes) => {
                    let name = name(who, subject);
                    let has = own.and_then(|own| own.methods.as_ref()?.value()).map(|all| all.join(", "));
                    let message = say!(
                        context.lang,
                        "policies for everybody leave `{name}` out, and it has no key or certificate to sign in with",
                        "`{name}` は全員向けのポリシーから除外されており、セキュリティ キーや証明書も登録されていません"
                    );
                    let fault = Fault::new(message).fact("methods", has.unwrap_or_default());
                    let fault = match own {
                        Some(own) => fault.at_record(own.id, &own.origins, "/methodsRegistered"),
                        None => fault,
                    };
                    sink.fail(fault.finding(context, &CHECK, subject.id));
                }
                (None, _) => {
                    let reasons = methods.clone().err().unwrap_or_else(|| vec![untold.clone()]);
                    sink.unknown(&CHECK, subject.id, reasons);
                }
                (Some(false), _) => sink.unknown(&CHECK, subject.id, doubts.clone()),
            }
        }
    }
}
