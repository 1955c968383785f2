//! A VM has a public address.

use estate::Known;

use super::private_ways::{networks_of, private_ways};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::view::{Cause, Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET004",
    slug: "public-ip",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Medium,
    title: Text {
        en: "a VM has a public IP address", ja: "仮想マシンのパブリック IP アドレス"
    },
    why: Text {
        en: "With an address of its own on the internet, a VM is one mistaken rule away from being open. Without one, no rule can open it.",
        ja: "パブリック IP アドレスを持つ仮想マシンは、規則を 1 つ間違えるだけで公開されてしまいます。アドレスがなければ、規則を間違えても公開されません。",
    },
    fix: Text {
        en: "Take the address away and come in by VPN, ExpressRoute, Azure Bastion or a relay. Publish services through a load balancer or application gateway, and go out through a NAT gateway.",
        ja: "アドレスを外し、VPN、ExpressRoute、Azure Bastion、中継サーバーのいずれかを経由して接続してください。サービスの公開にはロード バランサーやアプリケーション ゲートウェイを、外向きの通信には NAT ゲートウェイを使ってください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-2"),
        Reference::Cis("7.7"),
        Reference::Policy("83a86a26-fd1f-447c-b59d-e51f44264114"),
        Reference::Page("https://learn.microsoft.com/azure/bastion/bastion-overview"),
    ],
    run: Run::Vm(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let mut unknown = view.unknown.clone();
    let mut found = Vec::new();
    for address in &view.addresses {
        match &address.ip.public_ip {
            None => {}
            Some(Known::Value(id)) => found.push((*id, address)),
            Some(Known::Unknown(reason)) => unknown.push(reason.as_ref().clone()),
        }
    }
    // Azure lists NICs in any order.
    found.sort_by_cached_key(|(id, _)| context.estate().text(*id).to_ascii_lowercase());
    let Some((_, first)) = found.first() else {
        return if unknown.is_empty() {
            sink.pass(context, &CHECK, vm.id);
        } else {
            sink.unknown(&CHECK, vm.id, unknown);
        };
    };
    let lang = context.lang;
    let estate = context.estate();
    let machine = context.name(vm.id);
    let names: Vec<_> = found
        .iter()
        .map(|(id, _)| {
            let name = context.name(*id);
            let assigned = estate.public_ip(*id).and_then(|record| record.address.as_ref()?.value());
            match assigned {
                Some(address) => format!("{name} ({address})"),
                None => name,
            }
        })
        .collect();
    let what = listed(&names, context.lang);
    let private = ways_in(context, view);
    let mut facts: Vec<_> = found.iter().map(|(id, _)| ("public_ip", estate.text(*id).to_owned())).collect();
    facts.extend(private.iter().map(|way| ("private_ways", way.clone())));
    let mut fix = CHECK.fix.of(lang).to_owned();
    if !private.is_empty() {
        let ways = listed(&private, lang);
        let there = say!(lang, " There is a way already: {ways}.", "すでに利用できる経路があります: {ways}");
        fix += &there;
    }
    let pointer = format!("/properties/ipConfigurations/{}/properties/publicIPAddress", first.index);
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: vm.id,
        message: say!(
            lang,
            "`{machine}` has the public address {what}",
            "`{machine}` にパブリック IP アドレス {what} が割り当てられています"
        ),
        cause: Some(Cause {
            key: first.ip.name.clone(),
            ..Cause::field(first.nic.id, first.nic.origins.first(), &pointer)
        }),
        evidence: Vec::new(),
        facts,
        fix: fix.into(),
    });
}

/// The bastions and gateways that lead to a machine without its public address.
fn ways_in(context: &Context<'_>, view: &VmView<'_>) -> Vec<String> {
    let networks = networks_of(context, view).unwrap_or_default();
    let mut names: Vec<String> = networks
        .into_iter()
        .flat_map(|network| private_ways(context, Some(view.vm), network).names)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
