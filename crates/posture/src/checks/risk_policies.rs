//! Whether a policy stops people at a risk that Microsoft sees.

use estate::{AccessPolicy, DirectoryList, Feed, Field};
use signin::{PolicyState, Tri, Who, state_of};

use super::gets_in::{
    Reaches, directory, is_for_everything, is_for_modern_clients, is_none, may_name, policy_name, protects,
    spares_many, whole,
};
use crate::check::Check;
use crate::engine::Sink;
use crate::lang::say;
use crate::verdict::Fault;
use crate::view::Context;

/// What is looked for.
pub(super) struct Wanted {
    /// The condition of a policy that has levels of risk.
    pub(super) levels: fn(&AccessPolicy) -> &Field<Vec<Box<str>>>,
    /// The condition that it must not have: the other risk.
    pub(super) other: fn(&AccessPolicy) -> &Field<Vec<Box<str>>>,
    /// What it calls controls that count besides a block and a second factor.
    pub(super) controls: &'static [&'static str],
    /// Whose risk: English, Japanese.
    pub(super) whose: (&'static str, &'static str),
}

pub(super) fn run(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    sink: &mut Sink,
    check: &'static Check,
    wanted: &Wanted,
) {
    let Some((resource, origins)) = directory(context) else { return };
    let lang = context.lang;
    // Whether a policy stops whom Microsoft takes for somebody else; those that look at the risk are told where it does not.
    let looks = |policy: &AccessPolicy| may_name((wanted.levels)(policy), &["high"]);
    let reaches = Reaches::of(who);
    let stops = |policy: &AccessPolicy| {
        let demands = protects(context, policy).or(may_name(&policy.controls, wanted.controls));
        let alone = is_none((wanted.other)(policy));
        let own = looks(policy).and(demands).and(is_for_modern_clients(policy)).and(alone);
        let own = own.and(is_for_everything(policy));
        if own == Tri::No { own } else { own.and(!spares_many(context, who, &reaches, policy)) }
    };
    let policies = &context.estate().around.access_policies;
    match policies.iter().map(stops).fold(Tri::No, Tri::or) {
        Tri::Yes => return sink.pass(context, check, resource),
        Tri::Maybe => return sink.unknown(check, resource, vec![estate::Reason::SignInRules]),
        Tri::No => {}
    }
    if let Err(reasons) = whole(context, DirectoryList::Policies, Feed::AccessPolicies) {
        return sink.unknown(check, resource, reasons);
    }
    let all: Vec<&AccessPolicy> = policies.iter().filter(|policy| looks(policy) == Tri::Yes).collect();
    let whose = match lang {
        crate::lang::Lang::En => wanted.whose.0,
        crate::lang::Lang::Ja => wanted.whose.1,
    };
    let nearest = all.iter().min_by_key(|policy| (state_of(policy), policy_name(context, policy)));
    let fault = match nearest {
        None => {
            let message = say!(
                lang,
                "no policy of conditional access looks at the risk of {whose}",
                "{whose}のリスクを条件とする条件付きアクセス ポリシーがありません"
            );
            Fault::new(message).at_record(resource, origins, "")
        }
        Some(policy) => {
            let name = policy_name(context, policy);
            let why = match state_of(policy) {
                PolicyState::ReportOnly => say!(lang, "it only reports", "レポート専用です"),
                PolicyState::Off => say!(lang, "it is off", "無効です"),
                PolicyState::Unknown => say!(lang, "its state is not known", "状態が不明です"),
                PolicyState::On => {
                    say!(
                        lang,
                        "it is not for everybody and everything",
                        "対象がすべてのユーザーとアプリではありません"
                    )
                }
            };
            let message = say!(
                lang,
                "no policy stops everybody at a high risk of {whose}; `{name}` does not: {why}",
                "すべてのユーザーを対象に高い{whose}のリスクを止めるポリシーがありません (`{name}`: {why})"
            );
            Fault::new(message).fact("policy", name).at_record(policy.id, &policy.origins, "/state")
        }
    };
    sink.fail(fault.finding(context, check, resource));
}
