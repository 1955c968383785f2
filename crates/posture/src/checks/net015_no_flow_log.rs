//! Nothing writes down what passes in a network with machines.

use std::collections::HashMap;

use estate::{Feed, Known, Nic, Reason, ResourceId};
use reach::difference::machines;

use super::flow_logs::logged;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET015",
    slug: "no-flow-log",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Low,
    title: Text { en: "a network has no flow log", ja: "フロー ログのない仮想ネットワーク" },
    why: Text {
        en: "After a break-in, flow logs tell who connected from where, what was reached from there, and what went out. What was not written down cannot be looked up.",
        ja: "侵入された後に、誰がどこから接続し、そこからどこへ広がり、何が外に出たのかを調べられるのはフロー ログがあるからです。記録していなければ、調べようがありません。",
    },
    fix: Text {
        en: "Write down what passes in the network and keep it for 90 days or more: `az network watcher flow-log create --location <REGION> --name <NAME> --resource-group <RESOURCE-GROUP> --vnet <NETWORK-ID> --storage-account <ACCOUNT-ID> --retention 90`. Flow logs of security groups cannot be made any more.",
        ja: "仮想ネットワークのフロー ログを有効にし、90 日以上保持してください: `az network watcher flow-log create --location <リージョン> --name <名前> --resource-group <リソース グループ> --vnet <仮想ネットワークの ID> --storage-account <ストレージ アカウントの ID> --retention 90`。NSG フロー ログは新規に作成できません。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("LT-4"),
        Reference::Policy("4c3c6c5f-0d47-4402-99b8-aa543dd8bcee"),
        Reference::Policy("27960feb-a23c-4577-8d36-ef8b5f35e0be"),
        Reference::Page("https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview"),
    ],
    run: Run::Estate(Subject::Network, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    let mut inside: HashMap<ResourceId, Vec<&Nic>> = HashMap::new();
    for machine in machines(estate) {
        for (nic, ip) in machine.addresses {
            if let Some(Known::Value(subnet)) = &ip.subnet {
                inside.entry(*subnet).or_default().push(nic);
            }
        }
    }
    let mut within: HashMap<ResourceId, Vec<_>> = HashMap::new();
    for subnet in &estate.subnets {
        if let (Some(vnet), Some(nics)) = (subnet.vnet, inside.get(&subnet.id)) {
            within.entry(vnet).or_default().push((subnet, nics));
        }
    }
    // Networks that the input does not hold have no record to stand at: their subnets' machines are told by others.
    for vnet in &estate.vnets {
        let Some(subnets) = within.get(&vnet.id) else { continue };
        let judged = judge(context, vnet, subnets);
        sink.take(context, &CHECK, vnet.id, judged);
    }
}

fn judge(context: &Context<'_>, vnet: &estate::Vnet, subnets: &[(&estate::Subnet, &Vec<&Nic>)]) -> Judged {
    let untold = |id: ResourceId| Reason::Partial {
        resource_type: "Microsoft.Network/networkWatchers/flowLogs".into(),
        id: context.estate().text(id).into(),
    };
    let mut unknown = Vec::new();
    let mut is_logged = |id: ResourceId| match logged(context, id) {
        Some(logged) => logged,
        None => {
            unknown.push(untold(id));
            false
        }
    };
    if is_logged(vnet.id) {
        return Ok(Verdict::Pass);
    }
    let mut group_of = |field: &estate::Field<ResourceId>| {
        field.as_ref().and_then(Known::value).is_some_and(|group| is_logged(*group))
    };
    let mut missing = Vec::new();
    for (subnet, nics) in subnets {
        let by_group = group_of(&subnet.nsg);
        let by_nics = !by_group && nics.iter().all(|nic| group_of(&nic.nsg));
        if !by_group && !by_nics {
            missing.push((*subnet, *nics));
        }
    }
    missing.retain(|(subnet, nics)| !is_logged(subnet.id) && !nics.iter().all(|nic| is_logged(nic.id)));
    if missing.is_empty() {
        return Ok(Verdict::Pass);
    }
    if !unknown.is_empty() {
        return Err(unknown);
    }
    context.whole_for(Feed::Networks, vnet.id, &vnet.origins)?;
    let name = context.name(vnet.id);
    let names: Vec<String> = missing.iter().map(|(subnet, _)| context.name(subnet.id)).collect();
    let message = match missing.len() == subnets.len() {
        true => say!(
            context.lang,
            "no flow log of `{name}` is on",
            "`{name}` で有効になっているフロー ログがありません"
        ),
        false => {
            let names = listed(&names, context.lang);
            say!(
                context.lang,
                "no flow log writes down what passes in these subnets of `{name}`: {names}",
                "`{name}` の次のサブネットでは、フロー ログが有効になっていません: {names}"
            )
        }
    };
    let mut fault = Fault::new(message);
    for name in names {
        fault = fault.fact("subnet", name);
    }
    fault.at_record(vnet.id, &vnet.origins, "/id").verdict()
}
