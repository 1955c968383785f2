//! NICs that pass on packets which are not their machine's: switched off where surely no route leads to them.

use std::net::IpAddr;

use estate::{Asked, Feed, Known, Nic};

use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, fact, pick};
use crate::versions::NETWORK;

/// Whether packets are led to a NIC, which then is an appliance.
enum Led {
    No,
    /// By this route table.
    By(String),
    Untold,
}

pub(super) fn plan(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    for task in pick(tasks, &["NET012"]) {
        one(draft, task);
    }
}

fn one(draft: &mut Draft<'_, '_>, task: Task<'_>) {
    let (lang, estate) = (draft.lang(), draft.estate());
    // A recommendation of Defender's names the machine alone.
    let told = fact(task.finding, "nic").and_then(|id| estate.ids().find(id));
    let of_machine = || {
        let vm = estate.vm(task.finding.resource)?;
        let mut all = vm.nics.iter().filter_map(|id| estate.nic(*id));
        let forwards = |nic: &&Nic| nic.ip_forwarding == Some(Known::Value(true));
        let first = all.find(forwards)?;
        all.all(|nic| !forwards(&nic)).then_some(first)
    };
    let nic = told.and_then(|id| estate.nic(id)).or_else(of_machine);
    let record = nic.and_then(|nic| draft.record(nic.id));
    let machine = draft.name(task.finding.resource);
    let (Some(nic), Some(record)) = (nic, record) else {
        let question = say!(
            lang,
            "The input does not hold the record of the NIC of `{machine}` that forwards.",
            "IP 転送が有効な `{machine}` の NIC のレコードが入力にありません。"
        );
        return draft.ask(&[task], question, vec!["`az network nic list`".to_owned()]);
    };
    let (id, name) = (estate.text(nic.id), draft.name(nic.id));
    let off = format!("`az network nic update --ids {id} --ip-forwarding false`");
    match led(draft, nic) {
        Led::No => {}
        Led::By(table) => {
            let question = say!(
                lang,
                "The route table `{table}` leads packets to `{name}` of `{machine}`: is it an appliance?",
                "ルート テーブル `{table}` が `{machine}` の `{name}` にパケットを転送しています。仮想アプライアンスですか?"
            );
            let answers = vec![
                say!(
                    lang,
                    "it is: suppress the finding with that reason",
                    "仮想アプライアンスの場合: 理由を添えて検出結果を抑制してください"
                ),
                say!(
                    lang,
                    "it is not: take the route away, then {off}",
                    "そうでない場合: ルートを削除してから {off} を実行してください"
                ),
            ];
            return draft.ask(&[task], question, answers);
        }
        Led::Untold => {
            let question = say!(
                lang,
                "Is `{name}` of `{machine}` an appliance that passes packets on? The input does not hold all route tables and load balancers that could lead packets to it.",
                "`{machine}` の `{name}` は、パケットを転送する仮想アプライアンスですか? パケットを転送し得るルート テーブルやロード バランサーのすべてが入力に含まれているとは限りません。"
            );
            let answers = vec![
                say!(
                    lang,
                    "it is: suppress the finding with that reason",
                    "仮想アプライアンスの場合: 理由を添えて検出結果を抑制してください"
                ),
                say!(lang, "it is not: {off}", "そうでない場合: {off}"),
            ];
            return draft.ask(&[task], question, answers);
        }
    }
    let title = say!(
        lang,
        "Switch off IP forwarding of `{name}` of `{machine}`",
        "`{machine}` の `{name}` の IP 転送を無効にする"
    );
    let says =
        say!(lang, "write the NIC back without IP forwarding", "IP 転送を無効にした NIC の設定を保存します");
    let change = edit(&record, "properties/enableIPForwarding", false);
    let notes = vec![say!(
        lang,
        "no route table of the input leads packets to it; containers or VPN software in the VM that need it stop working",
        "入力のどのルート テーブルもこの NIC を宛先にしていません。VM 内のコンテナーや VPN ソフトウェアが IP 転送を使用している場合は動作しなくなります"
    )];
    draft.fix(
        &[task],
        Make {
            kind: "ip-forwarding",
            title,
            steps: vec![edits(says, id, NETWORK, vec![change], true)],
            effects: Effects::default(),
            notes,
        },
    );
}

fn led(draft: &Draft<'_, '_>, nic: &Nic) -> Led {
    let estate = draft.estate();
    let Some(Known::Value(all)) = &nic.ip_configurations else { return Led::Untold };
    let mut addresses: Vec<IpAddr> = Vec::new();
    for ip in all {
        match &ip.address {
            Some(Known::Value(address)) => addresses.push(*address),
            _ => return Led::Untold,
        }
        // Routes may lead to a load balancer in front of it.
        match &ip.forwarded_by {
            Known::Value(by) if by.is_empty() => {}
            _ => return Led::Untold,
        }
    }
    let mut untold = false;
    for table in &estate.route_tables {
        let Some(Known::Value(routes)) = &table.routes else {
            untold = true;
            continue;
        };
        for route in routes {
            match &route.next_hop_address {
                None => {}
                Some(Known::Value(address)) if addresses.contains(address) => {
                    return Led::By(draft.name(table.id));
                }
                Some(Known::Value(_)) => {}
                Some(Known::Unknown(_)) => untold = true,
            }
        }
    }
    let whole =
        matches!(estate.coverage.asked(Feed::Networks, estate.text(nic.id), &nic.origins), Asked::Whole);
    if untold || !whole { Led::Untold } else { Led::No }
}
