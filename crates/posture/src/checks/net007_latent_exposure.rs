//! A security group that exposes nothing today would expose whatever is put behind it.

use estate::{Family, Known, Nsg, PortSet, Reason};
use reach::{Opening, Protocols, RuleRef};

use super::net001_exposed_management_port::services;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{listed, port_text, sought, wide};
use crate::lang::{Text, say};
use crate::remedy::{Remedy, remedy};
use crate::view::{Cause, Context, Finding, Status};

pub(crate) const CHECK: Check = Check {
    code: "NET007",
    slug: "latent-exposure",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Low,
    title: Text {
        en: "a security group would expose what is attached to it",
        ja: "関連付けたリソースを公開するネットワーク セキュリティ グループ",
    },
    why: Text {
        en: "The group lets the internet in to management or UDP ports. Nothing is reached through it today, but the next VM with a public address behind it will be open from its first minute.",
        ja: "このグループは、インターネットから管理ポートや UDP ポートへの通信を許可しています。現在このグループを通じて公開されている仮想マシンはありませんが、次にパブリック IP アドレスを持つ仮想マシンを関連付けた瞬間から公開されます。",
    },
    fix: Text {
        en: "Narrow or remove the rule now, while nobody depends on it; delete the group if nothing uses it.",
        ja: "影響が出ない今のうちに、規則の範囲を狭めるか削除してください。使っていないグループであれば、グループごと削除してください。",
    },
    feed: None,
    refs: &[Reference::Mcsb("NS-1"), Reference::Defender("bbff27d2-73db-4c2d-8b1a-5f20b1f1da7e")],
    run: Run::Nsg(run),
};

fn run(context: &Context<'_>, nsg: &Nsg, sink: &mut Sink) {
    let estate = context.estate();
    match &nsg.rules {
        Some(Known::Value(_)) => {}
        Some(Known::Unknown(reason)) => return sink.unknown(&CHECK, nsg.id, vec![reason.as_ref().clone()]),
        None => return sink.unknown(&CHECK, nsg.id, vec![estate.partial(estate::Kind::Nsg, nsg.id)]),
    }
    // What is exposed today is told by the checks on VMs.
    if context.exposing.is_some_and(|exposing| exposing.contains(&nsg.id)) {
        return sink.pass(context, &CHECK, nsg.id);
    }
    let limit = context.settings.wide_after;
    let (mut certain, mut unknown) = (Vec::new(), Vec::new());
    let mut over_v4 = false;
    for family in [Family::V4, Family::V6] {
        for opening in context.reach.latent(nsg.id, family) {
            if !sought(context, &opening) {
                continue;
            }
            if wide(&context.strangers(&opening.internet.must, family), family, limit) {
                certain.push(opening);
                over_v4 |= family == Family::V4;
            } else if wide(&context.strangers(&opening.internet.may, family), family, limit) {
                // A rule for one address is no danger to the next one.
                let one = |reason: &&Reason| matches!(reason, Reason::NoAddress);
                if opening.unknown.is_empty() {
                    unknown.push(Reason::SamePriority);
                }
                unknown.extend(opening.unknown.iter().filter(|reason| !one(reason)).cloned());
            }
        }
    }
    let Some(first) = certain.first() else {
        return if unknown.is_empty() {
            sink.pass(context, &CHECK, nsg.id);
        } else {
            sink.unknown(&CHECK, nsg.id, unknown);
        };
    };
    let lang = context.lang;
    let name = context.name(nsg.id);
    let mut what = ports(context, &certain);
    if !over_v4 {
        what += say!(lang, " over IPv6", " (IPv6)").as_str();
    }
    let cause = first.rules[1].and_then(|rule| Cause::rule(estate, nsg.id, rule));
    let own = certain.iter().filter_map(|opening| match opening.rules[1] {
        Some(rule @ RuleRef::Own(_)) => Cause::rule(estate, nsg.id, rule),
        _ => None,
    });
    let mut facts: Vec<_> = own.map(|cause| ("rule", cause.key.to_string())).collect();
    facts.sort_unstable();
    facts.dedup();
    for (name, protocol) in [("tcp_ports", Protocols::TCP), ("udp_ports", Protocols::UDP)] {
        let open = certain.iter().filter(|opening| opening.protocols.contains(protocol));
        let all = open.fold(PortSet::default(), |all, opening| all.union(&opening.local_ports));
        let texts: Vec<_> = all.ranges().iter().copied().map(port_text).collect();
        if !texts.is_empty() {
            facts.push((name, texts.join(", ")));
        }
    }
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: nsg.id,
        message: say!(
            lang,
            "`{name}` lets the internet in to {what}, though no VM is known to be reached through it today",
            "`{name}` はインターネットから {what} への通信を許可しています (このグループを通じて公開されている仮想マシンは確認されていません)"
        ),
        fix: remedy(context, &[], cause.as_ref(), Remedy::Narrow).into(),
        cause,
        evidence: Vec::new(),
        facts,
    });
}

/// The ports that would be open, in words.
fn ports(context: &Context<'_>, openings: &[Opening]) -> String {
    let tcp = |port: &&u16| {
        openings
            .iter()
            .any(|opening| opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains(**port))
    };
    let management: Vec<u16> = context.settings.management_ports.iter().filter(tcp).copied().collect();
    let mut texts = Vec::new();
    if !management.is_empty() {
        texts.push(services(management.into_iter(), context.lang));
    }
    let mut udp: Vec<_> = openings
        .iter()
        .filter(|opening| opening.protocols.contains(Protocols::UDP))
        .flat_map(|opening| opening.local_ports.ranges().iter().copied())
        .collect();
    udp.sort_unstable();
    udp.dedup();
    if !udp.is_empty() {
        let list: Vec<_> = udp.iter().take(4).map(|range| port_text(*range)).collect();
        texts.push(format!("UDP {}", listed(&list, context.lang)));
    }
    texts.join("; ")
}
