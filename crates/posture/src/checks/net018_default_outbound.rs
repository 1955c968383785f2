//! Machines of a subnet leave by an address that Azure lends and nobody chose.

use std::collections::HashMap;

use estate::{Kind, Known, Reason, ResourceId, Subnet, resource_subscription};

use super::way_out::{WayOut, way_out};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{AddressView, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET018",
    slug: "default-outbound",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Low,
    title: Text {
        en: "machines leave by default outbound access", ja: "既定の送信アクセスに頼るサブネット"
    },
    why: Text {
        en: "Azure lends machines without a way out an address that is nobody's: it changes without notice, partners cannot allow it, and nobody decided that these machines go out at all.",
        ja: "送信手段のない VM には、Azure が所有する一時的なアドレスが暗黙に割り当てられます。このアドレスは予告なく変わるため、接続先で許可できません。また、そもそも外部に送信させるかどうかを誰も判断していません。",
    },
    fix: Text {
        en: "Make the subnet private, `az network vnet subnet update --ids <SUBNET-ID> --default-outbound-access false`, and give it a NAT gateway where its machines have to go out; then stop (deallocate) and start them, or they keep the address.",
        ja: "サブネットをプライベートにし (`az network vnet subnet update --ids <サブネットの ID> --default-outbound-access false`)、外部への送信が必要な場合は NAT ゲートウェイを関連付けてください。その後 VM を停止 (割り当て解除) して起動しないと、アドレスは残ったままになります。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-2"),
        Reference::Policy("7bca8353-aa3b-429b-904a-9229c4385837"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access",
        ),
    ],
    // A change may give a machine a public address or take it away.
    run: Run::Paths(Subject::Subnet, run),
};

/// What is known of the machines of a subnet.
#[derive(Default)]
struct Inside {
    /// Those that leave by a lent address.
    lent: Vec<ResourceId>,
    unknown: Vec<Reason>,
}

fn run(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    let mut inside: HashMap<ResourceId, Inside> = HashMap::new();
    // Machines that may be in any subnet of their subscription, and why.
    let mut astray: HashMap<String, Reason> = HashMap::new();
    let subscription = |id| resource_subscription(estate.text(id)).unwrap_or_default().to_ascii_lowercase();
    let vms = estate.vms.iter().map(|vm| VmView::new(context.reach, vm));
    let sets = estate.scale_sets.iter().filter_map(|set| VmView::of_scale_set(context.reach, set));
    for view in vms.chain(sets) {
        let id = view.vm.id;
        for reason in &view.unknown {
            astray.entry(subscription(id)).or_insert_with(|| reason.clone());
        }
        for AddressView { nic, ip, .. } in &view.addresses {
            let subnet = match &ip.subnet {
                Some(Known::Value(subnet)) => *subnet,
                Some(Known::Unknown(reason)) => {
                    astray.entry(subscription(id)).or_insert_with(|| reason.as_ref().clone());
                    continue;
                }
                None => {
                    astray.entry(subscription(id)).or_insert_with(|| estate.partial(Kind::Nic, nic.id));
                    continue;
                }
            };
            let here = inside.entry(subnet).or_default();
            match way_out(context, view.vm, nic, ip) {
                Ok(WayOut::Default) if here.lent.last() != Some(&id) => here.lent.push(id),
                Ok(_) => {}
                Err(reasons) => here.unknown.extend(reasons),
            }
        }
    }
    for subnet in &estate.subnets {
        if let Some(mut inside) = inside.remove(&subnet.id) {
            inside.unknown.extend(astray.get(&subscription(subnet.id)).cloned());
            sink.take(context, &CHECK, subnet.id, judge(context, subnet, inside));
        }
    }
}

fn judge(context: &Context<'_>, subnet: &Subnet, inside: Inside) -> Judged {
    let Inside { mut lent, mut unknown } = inside;
    if lent.is_empty() {
        unknown.sort_unstable();
        unknown.dedup();
        return if unknown.is_empty() { Ok(Verdict::Pass) } else { Err(unknown) };
    }
    lent.sort_by_cached_key(|id| context.estate().text(*id).to_ascii_lowercase());
    lent.dedup();
    let name = context.name(subnet.id);
    let (count, first) = (lent.len(), lent.first().map(|id| context.name(*id)).unwrap_or_default());
    let message = match count {
        1 => say!(
            context.lang,
            "`{first}` in the subnet `{name}` goes out by default outbound access",
            "サブネット `{name}` の `{first}` は、既定の送信アクセスでインターネットに送信します"
        ),
        _ => say!(
            context.lang,
            "{count} machines in the subnet `{name}`, such as `{first}`, go out by default outbound access",
            "サブネット `{name}` の `{first}` など {count} 台は、既定の送信アクセスでインターネットに送信します"
        ),
    };
    let mut fault = Fault::new(message).fact("machines", count.to_string());
    for id in lent.iter().take(SAMPLE) {
        fault = fault.fact("machine", context.estate().text(*id));
    }
    let pointer = format!("{}/properties/defaultOutboundAccess", subnet.pointer);
    let holder = subnet.vnet.filter(|_| !subnet.pointer.is_empty()).unwrap_or(subnet.id);
    let mut fault = fault.at_record(holder, &subnet.origins, &pointer);
    if let Some(cause) = &mut fault.cause {
        cause.key = context.estate().text(subnet.id).to_ascii_lowercase().into();
    }
    fault.verdict()
}

/// How many machines stand for all.
const SAMPLE: usize = 5;
