//! A VM is reached through a public address or load balancer of the retired Basic SKU.

use estate::{Front, Known, LoadBalancer, Sku};
use reach::{Level, levels};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::remedy::{scope, shell};
use crate::view::{AddressView, Cause, Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET008",
    slug: "retired-basic-sku",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Medium,
    title: Text {
        en: "a public address or load balancer of the retired Basic SKU",
        ja: "廃止された Basic SKU のパブリック IP またはロード バランサー",
    },
    why: Text {
        en: "Azure retired the Basic SKU on 30 September 2025. A Basic address is open wherever no group closes it, while a Standard one stays closed until a group opens it. Sekimori judges Basic addresses as still open.",
        ja: "Azure の Basic SKU は 2025 年 9 月 30 日に廃止されました。Basic のアドレスは NSG で閉じない限り公開されますが、Standard は NSG で許可するまで公開されません。Sekimori は Basic のアドレスを、引き続き公開されているものとして判定します。",
    },
    fix: Text {
        en: "Move to the Standard SKU, with a group on the subnet first: an address that no group guards becomes closed by the move, and whoever relies on it is cut off.",
        ja: "先にサブネットに NSG を関連付けてから、Standard SKU へ移行してください。NSG のないアドレスは移行後に閉じられるため、利用中の通信が切れます。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-basic-upgrade-guidance",
        ),
        Reference::Page(
            "https://learn.microsoft.com/azure/load-balancer/load-balancer-basic-upgrade-guidance",
        ),
    ],
    run: Run::Vm(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let (vm, estate, lang) = (view.vm, context.estate(), context.lang);
    let mut unknown = view.unknown.clone();
    let mut retired = Vec::new();
    let mut guarded = Vec::new();
    for address in &view.addresses {
        if let Some(Known::Value(id)) = &address.ip.public_ip {
            match estate.public_ip(*id).and_then(|record| record.sku.as_ref()) {
                Some(Known::Value(Sku::Basic)) => {
                    retired.push(*id);
                    guarded.push(is_guarded(context, address));
                }
                Some(Known::Value(Sku::Standard)) => {}
                Some(Known::Unknown(reason)) => unknown.push(reason.as_ref().clone()),
                None => unknown.push(estate.missing(estate::Kind::PublicIp, *id)),
            }
        }
        let Known::Value(parts) = &address.ip.forwarded_by else { continue };
        for part in parts {
            let owner = estate.text(*part).rsplitn(3, '/').nth(2).and_then(|owner| estate.ids().find(owner));
            let balancer = owner.and_then(|owner| estate.load_balancer(owner));
            if let Some(balancer) = balancer.filter(|balancer| is_public(balancer))
                && balancer.sku == Some(Known::Value(Sku::Basic))
            {
                retired.push(balancer.id);
                guarded.push(is_guarded(context, address));
            }
        }
    }
    // Azure lists NICs in any order.
    retired.sort_by_cached_key(|id| estate.text(*id).to_ascii_lowercase());
    retired.dedup();
    let Some(first) = retired.first() else {
        return if unknown.is_empty() {
            sink.pass(context, &CHECK, vm.id);
        } else {
            sink.unknown(&CHECK, vm.id, unknown);
        };
    };
    let names: Vec<_> = retired.iter().map(|id| format!("`{}`", context.name(*id))).collect();
    let names = listed(&names, lang);
    let machine = context.name(vm.id);
    let origin = match (estate.public_ip(*first), estate.load_balancer(*first)) {
        (Some(record), _) => record.origins.first(),
        (None, Some(record)) => record.origins.first(),
        (None, None) => vm.origins.first(),
    };
    let mut message = say!(
        lang,
        "`{machine}` is reached through {names}, of the retired Basic SKU",
        "`{machine}` への経路に、廃止された Basic SKU の {names} が使われています"
    );
    let mut facts: Vec<_> = retired.iter().map(|id| ("basic", estate.text(*id).to_owned())).collect();
    // What the move to the Standard SKU does to packets from the internet.
    if guarded.contains(&Some(false)) {
        facts.push(("upgrade", "closes".to_owned()));
        message += &say!(
            lang,
            "; no group guards it, so it is open today and the Standard SKU closes it",
            "。NSG がないため現在は公開されていますが、Standard SKU に移行すると閉じられます"
        );
    } else if guarded.iter().all(|here| *here == Some(true)) {
        facts.push(("upgrade", "keeps".to_owned()));
    }
    let commands: String = retired
        .iter()
        .filter(|id| estate.public_ip(**id).is_some())
        .map(|id| {
            let (scope, name) = (scope(estate.text(*id)), shell(&context.name(*id)));
            format!("\n  az network public-ip update {scope} --name {name} --sku Standard")
        })
        .collect();
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: vm.id,
        message,
        cause: Some(Cause::field(*first, origin, "/sku/name")),
        evidence: Vec::new(),
        facts,
        fix: format!("{}{commands}", CHECK.fix.of(lang)).into(),
    });
}

/// Whether a group guards an address at its subnet or NIC; none where nobody can tell.
fn is_guarded(context: &Context<'_>, address: &AddressView<'_>) -> Option<bool> {
    match levels(context.estate(), address.nic, address.ip) {
        [Level::Group(_), _] | [_, Level::Group(_)] => Some(true),
        [Level::Open, Level::Open] => Some(false),
        [Level::Unknown(_), _] | [_, Level::Unknown(_)] => None,
    }
}

/// Whether a frontend of the load balancer is public.
fn is_public(balancer: &LoadBalancer) -> bool {
    let frontends = balancer.frontends.as_ref().and_then(Known::value);
    frontends.is_some_and(|all| {
        all.iter().any(|one| matches!(one.front, Known::Value(Front::Public(_) | Front::Prefix(_))))
    })
}
