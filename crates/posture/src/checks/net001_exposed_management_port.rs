//! The internet reaches a port that administrators log in through.

use reach::Protocols;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::compliance::OTHER_PORTS;
use crate::engine::Sink;
use crate::exposure::{listed, one_by_one, open_ports, open_to, stopped};
use crate::lang::{Lang, Text};
use crate::remedy::{Remedy, remedy};
use crate::view::{Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET001",
    slug: "exposed-management-port",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Critical,
    title: Text {
        en: "a management port is open to the internet",
        ja: "インターネットに公開された管理ポート",
    },
    why: Text {
        en: "Scanners find an open RDP, SSH or WinRM port within hours and try names and passwords on it without end. One weak account, and the VM mines coins for somebody else or becomes the way into your network.",
        ja: "RDP・SSH・WinRM のポートが開いていると、数時間のうちにスキャナーに発見され、ユーザー名とパスワードの組み合わせが延々と試されます。弱いアカウントが 1 つあるだけで、暗号資産のマイニングや社内への侵入の足掛かりに悪用されます。",
    },
    fix: Text {
        en: "Close the port and come in through a relay, Azure Bastion or a VPN. Where that cannot be, open it just in time and only for the addresses that your people come from.",
        ja: "ポートを閉じ、中継サーバー、Azure Bastion、VPN のいずれかを経由して接続してください。それができない場合は、必要なときだけ、接続元のアドレスに限って開いてください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Mcsb("NS-3"),
        Reference::Cis("7.1"),
        Reference::Cis("7.2"),
        Reference::Defender("bc303248-3d14-44c2-96a0-55f5c326b5fe"),
        Reference::Policy("22730e10-96f6-4aac-ad84-9383d35b5917"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/security/fundamentals/network-best-practices"),
    ],
    run: Run::Vm(run),
};

/// What people call the port.
pub(super) fn service(port: u16) -> &'static str {
    match port {
        22 => "SSH",
        3389 => "RDP",
        5985 => "WinRM (HTTP)",
        5986 => "WinRM (HTTPS)",
        _ => "TCP",
    }
}

/// `RDP (TCP 3389), SSH (TCP 22)`.
pub(super) fn services(ports: impl Iterator<Item = u16>, lang: Lang) -> String {
    let mut all: Vec<u16> = ports.collect();
    all.sort_unstable();
    all.dedup();
    let names: Vec<_> = all
        .iter()
        .map(|port| match service(*port) {
            "TCP" => format!("TCP {port}"),
            name => format!("{name}, TCP {port}"),
        })
        .collect();
    match names.as_slice() {
        [only] => only.replacen(", ", " (", 1) + if only.contains(", ") { ")" } else { "" },
        _ => {
            let short = |port: &u16| match service(*port) {
                "TCP" => port.to_string(),
                name => format!("{name} {port}"),
            };
            listed(&all.iter().map(short).collect::<Vec<_>>(), lang)
        }
    }
}

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let verdict = open_ports(context, view, Protocols::TCP, &context.ports[0], context.settings.wide_after);
    let others = !verdict.unknown.is_empty();
    let Some(open) = verdict.open_or_tell(context, &CHECK, view, sink) else { return };
    let evidence = one_by_one(open);
    let lang = context.lang;
    let machine = context.name(vm.id);
    let cause = evidence.first().and_then(|open| open.cause.clone());
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: vm.id,
        message: stopped(
            vm,
            lang,
            open_to(&machine, &evidence, lang, |ports| {
                services(ports.iter().map(|open| open.ports.first), lang)
            }),
        ),
        fix: remedy(context, &evidence, cause.as_ref(), Remedy::Narrow).into(),
        cause,
        evidence,
        facts: others.then(|| (OTHER_PORTS, "unknown".to_owned())).into_iter().collect(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_called_by_name() {
        assert_eq!(services([3389].into_iter(), Lang::En), "RDP (TCP 3389)");
        assert_eq!(services([3389, 22, 22].into_iter(), Lang::En), "SSH 22, RDP 3389");
        assert_eq!(services([2222].into_iter(), Lang::En), "TCP 2222");
        assert_eq!(services([3389, 22].into_iter(), Lang::Ja), "SSH 22、RDP 3389");
    }
}
