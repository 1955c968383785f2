//! Whether a policy stops people at a risk that Microsoft sees.

use estate::{AccessPolicy, DirectoryList, Feed, Field, Known};
use signin::{PolicyState, state_of};

use super::gets_in::{directory, is_for_everything, lacks, names_any, policy_name, protects, whole};
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

pub(super) fn run(context: &Context<'_>, sink: &mut Sink, check: &'static Check, wanted: &Wanted) {
    let Some((resource, origins)) = directory(context) else { return };
    let lang = context.lang;
    let empty = |list: &Field<Vec<Box<str>>>| match list {
        None => true,
        Some(Known::Value(all)) => all.is_empty(),
        Some(Known::Unknown(_)) => false,
    };
    let meant = |policy: &&AccessPolicy| {
        let demands = protects(context, policy) || names_any(&policy.controls, wanted.controls);
        names_any((wanted.levels)(policy), &["high"]) && demands
    };
    let all: Vec<&AccessPolicy> = context.estate().around.access_policies.iter().filter(meant).collect();
    if all.iter().any(|policy| is_for_everything(policy) && empty((wanted.other)(policy))) {
        return sink.pass(context, check, resource);
    }
    if let Err(reasons) = whole(context, DirectoryList::Policies, Feed::AccessPolicies) {
        return sink.unknown(check, resource, reasons);
    }
    // A condition that cannot be read may be the one that is wanted.
    let unread = |policy: &AccessPolicy| matches!((wanted.levels)(policy), Some(Known::Unknown(_)));
    if context.estate().around.access_policies.iter().any(unread) {
        return sink.unknown(check, resource, vec![lacks(context, Feed::AccessPolicies)]);
    }
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
