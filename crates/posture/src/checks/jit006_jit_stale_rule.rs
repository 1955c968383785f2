//! A rule that Defender for Cloud made for a request is still there though no request runs.

use std::net::IpAddr;

use estate::{
    Access, AddressSpec, Direction, Feed, JitRequest, Known, Nsg, Reason, ResourceId, SecurityRule,
};
use reach::RuleRef;

use super::jit_access::{Made, accounts_for, made_by_defender, partial, runs};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::{one_line, scope, shell};
use crate::verdict::Fault;
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "JIT006",
    slug: "jit-stale-rule",
    checkpoint: Checkpoint::Jit,
    severity: Severity::High,
    title: Text {
        en: "a rule of a just-in-time request has outlived it",
        ja: "要求の終了後も残っている Just-In-Time VM アクセスの規則",
    },
    why: Text {
        en: "The rule opened a port for a few hours, before all other rules. Nobody takes it away any more: the group was copied or deployed anew, or Defender could not remove it. The port is open for ever, and no request tells of it.",
        ja: "数時間だけポートを開くために、ほかの規則より高い優先度で作られた規則です。NSG の複製や再デプロイ、削除の失敗によって残ると、自動的に消えることはなく、要求の記録もないままポートが開き続けます。",
    },
    fix: Text {
        en: "Delete the rule, and find out why it stayed: groups that are copied or deployed from templates bring such rules back.",
        ja: "規則を削除し、残った原因を確認してください。NSG を複製したりテンプレートから再デプロイしたりすると、こうした規則が復活することがあります。",
    },
    feed: Some(Feed::JitPolicies),
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview"),
    ],
    run: Run::Nsg(run),
};

fn run(context: &Context<'_>, nsg: &Nsg, sink: &mut Sink) {
    // A group of which nobody knows the rules may hold one.
    let Some(Known::Value(rules)) = &nsg.rules else {
        let reason = match &nsg.rules {
            Some(Known::Unknown(reason)) => reason.as_ref().clone(),
            _ => context.estate().partial(estate::Kind::Nsg, nsg.id),
        };
        return sink.unknown(&CHECK, nsg.id, vec![reason]);
    };
    let made =
        rules.iter().enumerate().filter(|(_, rule)| made_by_defender(&rule.name) == Some(Made::ToOpen));
    let made: Vec<(usize, &SecurityRule)> = made.collect();
    if made.is_empty() {
        return;
    }
    let running = Running::of(context);
    let (mut failed, mut unknown) = (false, Vec::new());
    for (index, rule) in made {
        match is_stale(context, nsg, rule, &running) {
            Ok(false) => {}
            Err(reasons) => unknown.extend(reasons),
            Ok(true) => {
                failed = true;
                sink.take(context, &CHECK, nsg.id, fault(context, nsg, rule, index).verdict());
            }
        }
    }
    if failed {
        return;
    }
    if unknown.is_empty() {
        sink.pass(context, &CHECK, nsg.id);
    } else {
        sink.unknown(&CHECK, nsg.id, unknown);
    }
}

/// The requests that run, or may, of all policies.
struct Running<'e> {
    /// Each with whether it certainly does, and its policy.
    requests: Vec<(&'e JitRequest, bool, ResourceId)>,
    /// Why there may be others.
    unknown: Vec<Reason>,
}

impl<'e> Running<'e> {
    fn of(context: &Context<'e>) -> Self {
        let mut all = Self { requests: Vec::new(), unknown: Vec::new() };
        for policy in &context.estate().around.jit_policies {
            let moment = context.moment(&policy.origins);
            match &policy.requests {
                None => {}
                Some(Known::Unknown(reason)) => all.unknown.push(reason.as_ref().clone()),
                Some(Known::Value(requests)) => {
                    let running = requests.iter().map(|request| (request, runs(request, moment)));
                    let open = running.filter(|(_, runs)| *runs != Some(false));
                    all.requests.extend(open.map(|(request, runs)| (request, runs == Some(true), policy.id)));
                }
            }
        }
        all
    }
}

fn is_stale(
    context: &Context<'_>,
    nsg: &Nsg,
    rule: &SecurityRule,
    running: &Running<'_>,
) -> Result<bool, Vec<Reason>> {
    let told = |reason: &Reason| vec![reason.clone()];
    match (&rule.access, &rule.direction) {
        (Known::Unknown(reason), _) | (_, Known::Unknown(reason)) => return Err(told(reason)),
        (Known::Value(Access::Deny), _) | (_, Known::Value(Direction::Outbound)) => return Ok(false),
        (Known::Value(Access::Allow), Known::Value(Direction::Inbound)) => {}
    }
    let mut unknown = running.unknown.clone();
    for (request, runs, policy) in &running.requests {
        match is_for(context, nsg, rule, (request, *policy)) {
            Ok(false) => {}
            Ok(true) if *runs => return Ok(false),
            Ok(true) => unknown.push(partial(context, *policy)),
            Err(reason) => unknown.push(reason),
        }
    }
    if !unknown.is_empty() {
        return Err(unknown);
    }
    context.whole_for(Feed::JitPolicies, nsg.id, &nsg.origins)?;
    Ok(true)
}

/// Whether a rule of the group may be the one that a request had made.
fn is_for(
    context: &Context<'_>,
    nsg: &Nsg,
    rule: &SecurityRule,
    (request, policy): (&JitRequest, ResourceId),
) -> Result<bool, Reason> {
    let estate = context.estate();
    if let Some(reason) = rule.destination_ports.unreadable.as_ref().or(rule.destination.unreadable.as_ref())
    {
        return Err(reason.as_ref().clone());
    }
    let port = u16::try_from(request.port).ok();
    if !port.is_some_and(|port| rule.destination_ports.ports.contains(port)) {
        return Ok(false);
    }
    // One that lets in more than was asked for was made for another request.
    let accounts = accounts_for(request, rule);
    if accounts == Some(false) {
        return Ok(false);
    }
    let vm = estate.vm(request.vm).ok_or_else(|| estate.missing(estate::Kind::Vm, request.vm))?;
    let mut unknown = vm.nics_unknown.as_deref().cloned();
    let is = |field: &Option<Known<ResourceId>>, unknown: &mut Option<Reason>| match field {
        None => false,
        Some(Known::Value(id)) => *id == nsg.id,
        Some(Known::Unknown(reason)) => {
            *unknown = Some(reason.as_ref().clone());
            false
        }
    };
    for id in &vm.nics {
        let Some(nic) = estate.nic(*id) else {
            unknown = Some(estate.missing(estate::Kind::Nic, *id));
            continue;
        };
        let Some(Known::Value(all)) = &nic.ip_configurations else {
            unknown = Some(estate.partial(estate::Kind::Nic, *id));
            continue;
        };
        for ip in all {
            let subnet = ip.subnet.as_ref().and_then(Known::value);
            let by_subnet = match subnet.map(|id| (id, estate.subnet(*id))) {
                Some((_, Some(subnet))) => is(&subnet.nsg, &mut unknown),
                Some((id, None)) => {
                    unknown = Some(estate.missing(estate::Kind::Subnet, *id));
                    false
                }
                None => false,
            };
            if by_subnet || is(&nic.nsg, &mut unknown) {
                match names(&rule.destination, &ip.address) {
                    Some(true) if accounts.is_none() => unknown = Some(partial(context, policy)),
                    Some(true) => return Ok(true),
                    Some(false) => {}
                    None => unknown = Some(Reason::NoAddress),
                }
            }
        }
    }
    unknown.map_or(Ok(false), Err)
}

/// Whether a rule names an address of a machine; none where nobody can tell.
fn names(destination: &AddressSpec, address: &estate::Field<IpAddr>) -> Option<bool> {
    if destination.any || !destination.tags.is_empty() || !destination.asgs.is_empty() {
        return Some(true);
    }
    match address.as_ref().and_then(Known::value)? {
        IpAddr::V4(address) => Some(destination.v4.contains(address.to_bits())),
        IpAddr::V6(address) => Some(destination.v6.contains(address.to_bits())),
    }
}

fn fault(context: &Context<'_>, nsg: &Nsg, rule: &SecurityRule, index: usize) -> Fault {
    let lang = context.lang;
    let (group, name) = (context.name(nsg.id), one_line(&rule.name));
    let message = say!(
        lang,
        "the rule `{name}` of `{group}` opens a port for a just-in-time request, and no such request runs",
        "`{group}` の規則 `{name}` は Just-In-Time VM アクセスの要求で作られたものですが、有効な要求はありません"
    );
    let command = format!(
        "az network nsg rule delete {} --nsg-name {} --name {}",
        scope(context.estate().text(nsg.id)),
        shell(&group),
        shell(&name)
    );
    let mut fault =
        Fault::new(message).fact("rule", name).fix(format!("{}\n  {command}", CHECK.fix.of(lang)));
    if let Some(priority) = rule.priority.value() {
        fault = fault.fact("priority", priority.to_string());
    }
    fault.cause = u32::try_from(index)
        .ok()
        .and_then(|index| Cause::rule(context.estate(), nsg.id, RuleRef::Own(index)));
    fault
}
