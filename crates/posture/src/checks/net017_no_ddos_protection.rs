//! Nothing but the platform keeps floods away from a public address.

use estate::{Kind, Known, Reason, ResourceId, resource_type};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{AddressView, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET017",
    slug: "no-ddos-protection",
    checkpoint: Checkpoint::Ddos,
    severity: Severity::Low,
    title: Text {
        en: "a public address has the platform's flood protection only",
        ja: "DDoS Protection で保護されていないパブリック IP アドレス",
    },
    why: Text {
        en: "Azure's platform keeps floods away from everybody, tuned for the region and not for one small service: what is below its limits still takes a VM down. DDoS Protection learns what is normal for an address and tells of attacks. Services over UDP want it above all.",
        ja: "Azure のプラットフォームの DDoS 保護はすべての利用者に適用されますが、しきい値はリージョン全体を守るためのもので、それを下回る攻撃でも個々の VM は停止します。DDoS Protection は、アドレスごとの通常の通信量を学習し、攻撃を通知します。UDP のサービスでは特に有効です。",
    },
    fix: Text {
        en: "Take the address away where nobody needs it. Else protect it by itself, `az network public-ip update --ids <PUBLIC-IP-ID> --ddos-protection-mode Enabled`, or its network with a plan. A machine whose downtime costs nothing may be suppressed with that reason.",
        ja: "不要なアドレスは削除してください。必要なアドレスは個別に保護するか (`az network public-ip update --ids <パブリック IP の ID> --ddos-protection-mode Enabled`)、仮想ネットワークに DDoS 保護プランを設定してください。停止しても困らない VM は、理由を添えて抑制できます。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-5"),
        Reference::Defender("e3de1cc0-f4dd-3b34-e496-8b5381ba2d70"),
        Reference::Policy("a7aca53f-2ed4-4466-a25e-0b45ade68efd"),
        Reference::Policy("94de2ad3-e0c1-4caf-ad78-5d47bbc83d3d"),
        Reference::Attack("T1498"),
        Reference::Page("https://learn.microsoft.com/azure/ddos-protection/ddos-protection-sku-comparison"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let mut unknown: Vec<Reason> = view.unknown.clone();
    let mut protected = false;
    for address in &view.addresses {
        let mut judged: Vec<Judged> =
            fronts(context, address).map(|public| judge(context, view, address, public)).collect();
        match context.known(&address.ip.public_ip) {
            Ok(Some(public)) => judged.push(judge(context, view, address, *public)),
            Ok(None) => {}
            Err(reasons) => judged.push(Err(reasons)),
        }
        for one in judged {
            match one {
                Ok(Verdict::Fail(fault)) => return Ok(Verdict::Fail(fault)),
                Ok(Verdict::Pass) => protected = true,
                Ok(Verdict::NotFor) => {}
                Err(reasons) => unknown.extend(reasons),
            }
        }
    }
    match (unknown.is_empty(), protected) {
        (false, _) => Err(unknown),
        (true, true) => Ok(Verdict::Pass),
        (true, false) => Ok(Verdict::NotFor),
    }
}

/// The public addresses of load balancers by which packets come to an address. They share in the plan of the network of
/// what stands behind them.
///
/// Source: <https://learn.microsoft.com/azure/ddos-protection/ddos-protection-reference-architectures>
fn fronts<'v>(
    context: &'v Context<'_>,
    address: &'v AddressView<'_>,
) -> impl Iterator<Item = ResourceId> + 'v {
    let estate = context.estate();
    let ways = address.exposure.ways.iter();
    let by_balancer = ways.filter(|way| {
        way.through.as_ref().is_some_and(|through| estate.load_balancer(through.resource).is_some())
    });
    // A frontend may be of a prefix, which has no settings, or nobody tells of which address it is.
    let is_address = |id: &ResourceId| {
        let kind = resource_type(estate.text(*id));
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case(Kind::PublicIp.resource_type()))
    };
    by_balancer.map(|way| way.via).filter(is_address)
}

/// Whether floods are kept away from a public address by which packets come to an address of a machine.
fn judge(context: &Context<'_>, view: &VmView<'_>, address: &AddressView<'_>, public: ResourceId) -> Judged {
    let estate = context.estate();
    let Some(record) = estate.public_ip(public) else {
        return Err(vec![estate.missing(Kind::PublicIp, public)]);
    };
    let mode = context.known(&record.ddos)?;
    if says(&record.ddos, "Enabled") {
        return Ok(Verdict::Pass);
    }
    // An address without a word of its own goes by its network.
    // https://learn.microsoft.com/azure/ddos-protection/ddos-protection-sku-comparison
    if mode.is_none() || says(&record.ddos, "VirtualNetworkInherited") {
        let subnet = match &address.ip.subnet {
            Some(Known::Value(id)) => *id,
            Some(Known::Unknown(reason)) => return Err(vec![reason.as_ref().clone()]),
            None => return Err(vec![estate.partial(Kind::Nic, address.nic.id)]),
        };
        let id = estate.subnet(subnet).and_then(|subnet| subnet.vnet);
        let Some(vnet) = id.and_then(|id| estate.vnet(id)) else {
            return Err(vec![match id {
                Some(id) => estate.missing(Kind::Vnet, id),
                None => estate.missing(Kind::Subnet, subnet),
            }]);
        };
        // A network that does not say so has no plan.
        // https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get#virtualnetwork
        if context.known(&vnet.ddos)? == Some(&true) {
            return Ok(Verdict::Pass);
        }
        if vnet.space.is_none() {
            return Err(vec![estate.partial(Kind::Vnet, vnet.id)]);
        }
    }
    let (machine, name) = (context.name(view.vm.id), context.name(public));
    let message = say!(
        context.lang,
        "`{name}` of `{machine}` has neither a DDoS plan nor protection of its own, just the platform's",
        "`{machine}` の `{name}` は、DDoS 保護プランでも個別の IP 保護でも保護されておらず、プラットフォームの基本的な保護だけです"
    );
    let fault = Fault::new(message).fact("public_ip", estate.text(public));
    fault.at_record(public, &record.origins, "/properties/ddosSettings/protectionMode").verdict()
}
