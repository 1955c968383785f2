//! What a machine sends is limited, and ports of mining pools are open all the same.

use estate::Reason;

use super::net001_exposed_management_port::services;
use super::passages::{cause, deciding, doubts, receivers_may, receivers_must};
use super::way_out::{WayOut, way_out};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{AddressView, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET011",
    slug: "mining-egress",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Medium,
    title: Text {
        en: "ports of mining pools are open outward",
        ja: "外向きに開いているマイニング プールのポート",
    },
    why: Text {
        en: "Stolen machines mine coins: the miner connects to a pool on one of a few usual ports. Rules here keep other traffic in and let these through, which nobody needs.",
        ja: "乗っ取られた仮想マシンは暗号資産のマイニングによく使われ、マイニング プログラムは決まったいくつかのポートでプールに接続します。ほかの通信は制限されているのに、業務では使わないこれらのポートが許可されています。",
    },
    fix: Text {
        en: "Deny these ports outward, or better: deny the internet and allow what the machine needs. Pools listen on 443, too, so a firewall that knows names is the stronger guard.",
        ja: "これらのポートへの送信を拒否してください。インターネットへの送信をまとめて拒否し、必要な通信だけを許可するほうが確実です。443 番で待ち受けるプールもあるため、ドメイン名で制限できるファイアウォールの併用が有効です。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Attack("T1496"),
        Reference::Page(
            "https://www.reliaquest.com/blog/mining-for-better-threat-intelligence-cryptominer-pools/",
        ),
        Reference::Page("https://ipfyi.com/threat/cryptominer/"),
    ],
    run: Run::Machine(run),
};

/// TCP ports that mining pools usually listen on (Stratum).
///
/// Sources: the pages above; 14433 and 14444 as a pool's own instructions have them (`xmr.nanopool.org`).
const POOLS: [u16; 7] = [3333, 4444, 5555, 7777, 14433, 14444, 45700];

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let mut unknown: Vec<Reason> = view.unknown.clone();
    let mut open = false;
    for address in &view.addresses {
        match judge(context, view, address) {
            Ok(Verdict::Fail(fault)) => return Ok(Verdict::Fail(fault)),
            // What is open on every port is told by `open-egress`.
            Ok(Verdict::NotFor) => open = true,
            Ok(Verdict::Pass) => {}
            Err(reasons) => unknown.extend(reasons),
        }
    }
    match (open, unknown.is_empty()) {
        (true, _) => Ok(Verdict::NotFor),
        (false, true) => Ok(Verdict::Pass),
        (false, false) => Err(unknown),
    }
}

fn judge(context: &Context<'_>, view: &VmView<'_>, address: &AddressView<'_>) -> Judged {
    let passage = context.reach.to_internet(address.nic, address.ip);
    if passage.reaches_most().0 {
        return Ok(Verdict::NotFor);
    }
    let outside = passage.outside();
    // A pool may be anywhere; who allows a partner or the services of Azure opens no way to one.
    let most = |set: reach::Addresses| set.intersection(outside).count() > outside.count() / 2;
    if !POOLS.iter().any(|port| most(receivers_may(&passage, *port))) {
        return Ok(Verdict::Pass);
    }
    match way_out(context, view.vm, address.nic, address.ip)? {
        WayOut::Nowhere => return Ok(Verdict::Pass),
        WayOut::Elsewhere => {
            let id = context.estate().text(address.nic.id).into();
            return Err(vec![Reason::SentElsewhere { id }]);
        }
        _ => {}
    }
    let open: Vec<u16> =
        POOLS.iter().filter(|port| most(receivers_must(&passage, **port))).copied().collect();
    let Some(first) = open.first() else { return Err(doubts(&passage)) };
    let machine = context.name(view.vm.id);
    let ports = services(open.iter().copied(), context.lang);
    let message = say!(
        context.lang,
        "`{machine}` may send to ports of mining pools on the internet: {ports}",
        "`{machine}` は、インターネット上のマイニング プールのポート ({ports}) に送信できます"
    );
    let ports: Vec<String> = open.iter().map(u16::to_string).collect();
    let mut fault = Fault::new(message).fact("open_ports", ports.join(", "));
    let here = passage.openings.iter().filter(|opening| opening.remote_ports.contains(*first));
    if let Some(opening) = here.max_by_key(|opening| opening.internet.must.count()) {
        for rule in deciding(context, &passage.endpoint, opening) {
            fault = fault.fact("rule", rule);
        }
        fault = fault.because(cause(context, address.nic, &passage.endpoint, opening));
    }
    fault.verdict()
}
