//! A NIC passes on packets that are not its machine's own.

use estate::{Kind, Known, Reason};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET012",
    slug: "ip-forwarding",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Medium,
    title: Text { en: "a VM forwards packets of others", ja: "IP 転送が有効な VM" },
    why: Text {
        en: "Azure drops packets that are not from or for a NIC's own address, unless forwarding is on. With it, whoever holds the machine can send in the name of others and pass packets on between networks.",
        ja: "Azure は、NIC 自身のアドレス宛てでも発でもないパケットを破棄しますが、IP 転送が有効だとこの保護が外れます。乗っ取られると、他人のアドレスを名乗った送信や、ネットワーク間の中継に悪用されます。",
    },
    fix: Text {
        en: "Switch it off: `az network nic update --ids <NIC-ID> --ip-forwarding false`. A firewall, router or VPN machine needs it: suppress the finding for that one, with this reason.",
        ja: "無効にしてください: `az network nic update --ids <NIC-ID> --ip-forwarding false`。ファイアウォール、ルーター、VPN などの仮想アプライアンスには必要な設定です。その場合は、理由を添えて抑制してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Defender("c3b51c94-588b-426b-a892-24696f9e54cc"),
        Reference::Policy("bd352bd5-2853-4985-bf0d-73806b4a5744"),
        Reference::Policy("88c0b9da-ce96-4b03-9635-f29a937e2900"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-network/virtual-network-network-interface",
        ),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let estate = context.estate();
    let mut unknown: Vec<Reason> = view.unknown.clone();
    let mut before = None;
    for address in &view.addresses {
        let nic = address.nic;
        if before == Some(nic.id) {
            continue;
        }
        before = Some(nic.id);
        match &nic.ip_forwarding {
            Some(Known::Value(true)) => {
                let (machine, name) = (context.name(view.vm.id), context.name(nic.id));
                let message = say!(
                    context.lang,
                    "`{name}` of `{machine}` forwards packets that are not its own",
                    "`{machine}` の `{name}` で IP 転送が有効になっています"
                );
                let fault = Fault::new(message).fact("nic", estate.text(nic.id));
                return fault.at_record(nic.id, &nic.origins, "/properties/enableIPForwarding").verdict();
            }
            Some(Known::Unknown(reason)) => unknown.push(reason.as_ref().clone()),
            // Absent means off.
            // https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/get#networkinterface
            Some(Known::Value(false)) => {}
            None if nic.ip_configurations.is_some() => {}
            None => unknown.push(estate.partial(Kind::Nic, nic.id)),
        }
    }
    if unknown.is_empty() { Ok(Verdict::Pass) } else { Err(unknown) }
}
