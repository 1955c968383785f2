//! No security group guards an address of a VM.

use estate::{Known, Sku};
use reach::{Level, levels};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::{scope, shell};
use crate::view::{AddressView, Cause, Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET006",
    slug: "no-security-group",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Medium,
    title: Text {
        en: "no network security group guards a VM",
        ja: "ネットワーク セキュリティ グループに守られていない仮想マシン",
    },
    why: Text {
        en: "Without a group on its subnet or NIC, a VM takes every packet that arrives: from the whole network, from peers and on-premises, and from the internet where its public address is of the Basic SKU.",
        ja: "サブネットにも NIC にもネットワーク セキュリティ グループがない仮想マシンは、届いたパケットをすべて受け取ります。同じネットワーク、ピアリング先、オンプレミスのほか、Basic SKU のパブリック IP アドレスがあればインターネットからも届きます。",
    },
    fix: Text {
        en: "Put a group on the subnet: it then guards every VM in it, those to come included.",
        ja: "サブネットにネットワーク セキュリティ グループを関連付けてください。今後追加される仮想マシンも含め、サブネット内のすべてが守られます。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Defender("483f12ed-ae23-447e-a2de-a67a10db4353"),
        Reference::Defender("a9341235-9389-42f0-a0bf-9bfb57960d44"),
        Reference::Policy("f6de0be7-9a8a-4b8a-b349-43cf02d22f7c"),
        Reference::Policy("bb91dfba-c30d-4263-9add-9c2384e659a6"),
    ],
    run: Run::Vm(run),
};

/// Whether no group guards the address; the reason where nobody can tell.
fn unguarded(context: &Context<'_>, address: &AddressView<'_>) -> Result<bool, estate::Reason> {
    match levels(context.estate(), address.nic, address.ip) {
        [Level::Group(_), _] | [_, Level::Group(_)] => Ok(false),
        [Level::Open, Level::Open] => Ok(true),
        [Level::Unknown(reason), other] | [other, Level::Unknown(reason)] => {
            // A group that is named but not in the input guards all the same.
            let named = |level: &Level| matches!(level, Level::Unknown(reason) if names_group(reason));
            if names_group(&reason) || named(&other) { Ok(false) } else { Err(*reason) }
        }
    }
}

fn names_group(reason: &estate::Reason) -> bool {
    let nsg = estate::Kind::Nsg.resource_type();
    match reason {
        estate::Reason::Missing { resource_type, .. } | estate::Reason::Partial { resource_type, .. } => {
            **resource_type == *nsg
        }
        _ => false,
    }
}

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let estate = context.estate();
    let mut unknown = view.unknown.clone();
    let mut found: Option<&AddressView<'_>> = None;
    let mut basic = false;
    for address in &view.addresses {
        match unguarded(context, address) {
            Ok(false) => {}
            Err(reason) => unknown.push(reason),
            Ok(true) => {
                found = found.or(Some(address));
                let public = address.ip.public_ip.as_ref().and_then(|id| estate.public_ip(*id.value()?));
                basic |= public.is_some_and(|public| public.sku == Some(Known::Value(Sku::Basic)));
            }
        }
    }
    let Some(address) = found else {
        return if unknown.is_empty() {
            sink.pass(context, &CHECK, vm.id);
        } else {
            sink.unknown(&CHECK, vm.id, unknown);
        };
    };
    let lang = context.lang;
    let machine = context.name(vm.id);
    let nic = context.name(address.nic.id);
    let scope = scope(estate.text(address.nic.id));
    let message = if basic {
        say!(
            lang,
            "no group guards `{nic}` of `{machine}`, and its Basic public address lets the internet in",
            "`{machine}` の `{nic}` を守る NSG がなく、Basic SKU のパブリック IP アドレスによってインターネットに公開されています"
        )
    } else {
        say!(
            lang,
            "no group guards `{nic}` of `{machine}`",
            "`{machine}` の `{nic}` を守るネットワーク セキュリティ グループがありません"
        )
    };
    let command = match address.ip.subnet.as_ref().and_then(|subnet| subnet.value()) {
        Some(subnet) => format!(
            "az network vnet subnet update --ids {} --network-security-group <NSG>",
            shell(estate.text(*subnet))
        ),
        None => {
            format!("az network nic update {scope} --name {} --network-security-group <NSG>", shell(&nic))
        }
    };
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: if basic { Severity::Critical } else { CHECK.severity },
        resource: vm.id,
        message,
        cause: Some(Cause::field(
            address.nic.id,
            address.nic.origins.first(),
            "/properties/networkSecurityGroup",
        )),
        evidence: Vec::new(),
        facts: Vec::new(),
        fix: format!("{}\n  {command}", CHECK.fix.of(lang)).into(),
    });
}
