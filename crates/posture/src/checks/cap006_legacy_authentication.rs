//! Protocols that know nothing but a password are let in.

use estate::{AccessPolicy, DirectoryList, Feed, Known};
use signin::{Client, PolicyState, Tri, Who, is_for_client, state_of};

use super::gets_in::{
    Reaches, controls, directory, is_for_every_risk, is_for_everything, is_none, names_any, policy_name,
    spares_many, whole,
};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP006",
    slug: "legacy-authentication",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::High,
    title: Text {
        en: "legacy authentication is not blocked", ja: "ブロックされていないレガシ認証"
    },
    why: Text {
        en: "IMAP, POP, SMTP and their like ask for a password and cannot ask for more, so attackers try stolen and guessed passwords there. What they find opens everything else that demands no MFA, and is worth a phone call where it does.",
        ja: "IMAP、POP、SMTP などはパスワードしか確認できないため、攻撃者は盗んだパスワードや推測したパスワードをここで試します。見つかったパスワードは、MFA のないほかのサービスへの侵入に使われます。",
    },
    fix: Text {
        en: "Block them for everybody: a policy of conditional access for all users and all resources, with the client apps Exchange ActiveSync clients and Other clients, and Block access. Look at the sign-in logs for who still uses them first.",
        ja: "すべてのユーザーとリソースを対象に、クライアント アプリ「Exchange ActiveSync クライアント」と「その他のクライアント」をブロックする条件付きアクセス ポリシーを作成してください。事前にサインイン ログで利用者を確認してください。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1110.003"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let Some((resource, origins)) = directory(context) else { return };
    let around = &context.estate().around;
    let defaults = around.security_defaults.iter().any(|own| own.on == Some(Known::Value(true)));
    let reaches = Reaches::of(who);
    // Each of the two kinds of clients may be kept out by another policy.
    let kept = CLIENTS.map(|client| {
        let all =
            around.access_policies.iter().map(|policy| keeps_out(context, who, &reaches, policy, client));
        all.fold(Tri::No, Tri::or)
    });
    let [one, other] = kept;
    match one.and(other) {
        _ if defaults => return sink.pass(context, &CHECK, resource),
        Tri::Yes => return sink.pass(context, &CHECK, resource),
        Tri::Maybe => return sink.unknown(&CHECK, resource, vec![estate::Reason::SignInRules]),
        Tri::No => {}
    }
    if let Err(reasons) = whole(context, DirectoryList::Policies, Feed::AccessPolicies) {
        return sink.unknown(&CHECK, resource, reasons);
    }
    let on = around.access_policies.iter().any(|policy| state_of(policy) == PolicyState::On);
    // Microsoft's own rules do it where they hold; they cannot where a policy is on.
    if around.security_defaults.is_empty() && !on {
        return sink.unknown(&CHECK, resource, vec![estate::Reason::SignInRules]);
    }
    let lang = context.lang;
    let near = around.access_policies.iter().filter(|policy| {
        controls(context, policy).block == Tri::Yes && names_any(&policy.client_types, &["other"])
    });
    let fault = match near.min_by_key(|policy| (state_of(policy), policy_name(context, policy))) {
        None => {
            let message = say!(
                lang,
                "no policy blocks legacy authentication",
                "レガシ認証をブロックするポリシーがありません"
            );
            Fault::new(message).at_record(resource, origins, "")
        }
        Some(policy) => {
            let name = policy_name(context, policy);
            let message = say!(
                lang,
                "`{name}` does not block legacy authentication for everybody: it is off, only reports, or is not for everything",
                "`{name}` はレガシ認証を全面的にはブロックしていません (無効、レポート専用、または対象が限定されています)"
            );
            Fault::new(message).fact("policy", name).at_record(policy.id, &policy.origins, "/state")
        }
    };
    sink.fail(fault.finding(context, &CHECK, resource));
}

/// Clients that know nothing but a password.
const CLIENTS: [Client; 2] = [Client::ActiveSync, Client::Legacy];

/// Whether a policy lets no client of a kind in: it blocks them, or demands of everybody what they cannot give.
fn keeps_out(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    reaches: &Reaches,
    policy: &AccessPolicy,
    client: Client,
) -> Tri {
    let strict = controls(context, policy).strictness();
    let demands = strict.blocked.or(strict.mfa).or(strict.device).or(strict.either);
    // Mail is what these clients are for, so an application that is left out is a door.
    let own = is_for_client(policy, client).and(is_for_every_risk(policy)).and(is_none(&policy.exclude_apps));
    let own = own.and(demands).and(is_for_everything(policy));
    if own == Tri::No { own } else { own.and(!spares_many(context, who, reaches, policy)) }
}
