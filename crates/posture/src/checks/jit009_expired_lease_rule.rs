//! A rule that this product opened a port with is past its end.

use estate::{Access, Known, Moment, Nsg, Reason, SecurityRule};
use reach::RuleRef;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::lease_rule::{LeaseRule, lease_rule};
use crate::remedy::{one_line, scope, shell};
use crate::verdict::Fault;
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "JIT009",
    slug: "expired-lease-rule",
    checkpoint: Checkpoint::Jit,
    severity: Severity::High,
    title: Text { en: "a lease's rule is past its end", ja: "期限を過ぎた一時許可の規則" },
    why: Text {
        en: "Sekimori opened the port for a person and a time, and the time is over. Whoever has that address now gets in, and nobody asked. Sessions that are open are not cut when the rule goes.",
        ja: "この規則は、特定の利用者に期間を限って開いたものですが、期限を過ぎています。現在そのアドレスを使っている他人が接続できる状態です。なお、規則を削除しても、確立済みのセッションは切断されません。",
    },
    fix: Text {
        en: "Delete the rule, and look why the gate that has to sweep it does not run.",
        ja: "規則を削除し、期限切れの規則を削除するはずの関守が動作していない原因を確認してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"),
    ],
    run: Run::Nsg(run),
};

fn run(context: &Context<'_>, nsg: &Nsg, sink: &mut Sink) {
    let Some(Known::Value(rules)) = &nsg.rules else {
        let reason = match &nsg.rules {
            Some(Known::Unknown(reason)) => reason.as_ref().clone(),
            _ => context.estate().partial(estate::Kind::Nsg, nsg.id),
        };
        return sink.unknown(&CHECK, nsg.id, vec![reason]);
    };
    let leases = rules.iter().enumerate().filter_map(|(index, rule)| Some((index, rule, lease_rule(rule)?)));
    let (mut any, mut failed, mut unknown) = (false, false, Vec::new());
    for (index, rule, lease) in leases {
        any = true;
        match is_over(context, nsg, rule, &lease) {
            Ok(false) => {}
            Err(reason) => unknown.push(reason),
            Ok(true) => {
                failed = true;
                sink.take(context, &CHECK, nsg.id, fault(context, nsg, rule, &lease, index).verdict());
            }
        }
    }
    if failed || !any {
        return;
    }
    if unknown.is_empty() {
        sink.pass(context, &CHECK, nsg.id);
    } else {
        sink.unknown(&CHECK, nsg.id, unknown);
    }
}

fn is_over(
    context: &Context<'_>,
    nsg: &Nsg,
    rule: &SecurityRule,
    lease: &LeaseRule<'_>,
) -> Result<bool, Reason> {
    if rule.access == Known::Value(Access::Deny) {
        return Ok(false);
    }
    let until = lease.until.ok_or_else(|| Reason::Unreadable { field: "description".into() })?;
    let now: Option<Moment> = context.moment(&nsg.origins);
    now.map(|now| until <= now).ok_or_else(|| context.estate().partial(estate::Kind::Nsg, nsg.id))
}

fn fault(
    context: &Context<'_>,
    nsg: &Nsg,
    rule: &SecurityRule,
    lease: &LeaseRule<'_>,
    index: usize,
) -> Fault {
    let lang = context.lang;
    let (group, name) = (context.name(nsg.id), one_line(&rule.name));
    let until = one_line(lease.written.unwrap_or_default());
    let message = say!(
        lang,
        "the rule `{name}` of `{group}` should have been gone at {until}",
        "`{group}` の規則 `{name}` は {until} に期限が切れています"
    );
    let command = format!(
        "az network nsg rule delete {} --nsg-name {} --name {}",
        scope(context.estate().text(nsg.id)),
        shell(&group),
        shell(&name)
    );
    let mut fault = Fault::new(message)
        .fact("rule", name)
        .fact("lease", one_line(lease.lease))
        .fact("until", until)
        .fix(format!("{}\n  {command}", CHECK.fix.of(lang)));
    fault.cause = u32::try_from(index)
        .ok()
        .and_then(|index| Cause::rule(context.estate(), nsg.id, RuleRef::Own(index)));
    fault
}
