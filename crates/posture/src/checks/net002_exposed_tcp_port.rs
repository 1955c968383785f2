//! The internet reaches a TCP port that is not for management.

use estate::{PortSet, Range};
use reach::Protocols;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{PortEvidence, listed, open_ports, open_to, port_text, stopped};
use crate::lang::{Lang, Text, say};
use crate::remedy::{Remedy, remedy};
use crate::view::{Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET002",
    slug: "exposed-tcp-port",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Medium,
    title: Text {
        en: "a TCP port is open to the internet", ja: "インターネットに公開された TCP ポート"
    },
    why: Text {
        en: "Every port that faces the internet is one more program whose faults strangers may try. A web server may need its port; databases, file shares, container and cluster interfaces never do.",
        ja: "インターネットに面したポートが 1 つ増えるたびに、第三者が脆弱性を突けるプログラムが増えます。Web サーバーには必要でも、データベースやファイル共有、コンテナーやクラスターの管理用ポートは公開すべきではありません。",
    },
    fix: Text {
        en: "Close what nobody outside needs. Put web sites behind an application gateway or Front Door, and let in only that.",
        ja: "外部から不要なポートは閉じてください。Web サイトはアプリケーション ゲートウェイや Front Door の背後に置き、そこからの通信だけを許可してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Cis("7.4"),
        Reference::Defender("3b20e985-f71f-483b-b078-f30d73936d43"),
        Reference::Policy("9daedab3-fb2d-461e-b861-71790eead4f6"),
        Reference::Attack("T1190"),
    ],
    run: Run::Vm(run),
};

/// Web ports: open on purpose more often than not.
const WEB: [u16; 2] = [80, 443];

/// Services that nobody should offer to the internet, by port, sorted.
///
/// The first ones are Microsoft's own list of ports to block from outside:
/// <https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins>
const RISKY: [(u16, &str); 44] = [
    (20, "FTP"),
    (21, "FTP"),
    (23, "Telnet"),
    (111, "portmapper"),
    (119, "NNTP"),
    (135, "RPC"),
    (137, "NetBIOS"),
    (138, "NetBIOS"),
    (139, "NetBIOS"),
    (161, "SNMP"),
    (162, "SNMP"),
    (389, "LDAP"),
    (445, "SMB"),
    (512, "rexec"),
    (514, "rsh"),
    (593, "RPC over HTTP"),
    (873, "rsync"),
    (1099, "Java RMI"),
    (1433, "SQL Server"),
    (1434, "SQL Server"),
    (1521, "Oracle"),
    (2049, "NFS"),
    (2222, "SSH"),
    (2375, "Docker"),
    (2376, "Docker"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (4899, "Radmin"),
    (5432, "PostgreSQL"),
    (5601, "Kibana"),
    (5800, "VNC"),
    (5900, "VNC"),
    (5938, "TeamViewer"),
    (6379, "Redis"),
    (6443, "Kubernetes"),
    (7001, "WebLogic"),
    (8006, "Proxmox"),
    (9090, "Prometheus"),
    (9200, "Elasticsearch"),
    (9300, "Elasticsearch"),
    (10250, "kubelet"),
    (11211, "memcached"),
    (15672, "RabbitMQ"),
    (27017, "MongoDB"),
];

fn risky(ports: Range<u16>) -> impl Iterator<Item = &'static (u16, &'static str)> {
    RISKY.iter().filter(move |(port, _)| ports.contains(*port))
}

fn severity(evidence: &[PortEvidence]) -> Severity {
    if evidence.iter().any(|open| risky(open.ports).next().is_some()) {
        return Severity::High;
    }
    let web = |open: &PortEvidence| open.ports.first == open.ports.last && WEB.contains(&open.ports.first);
    if evidence.iter().all(web) { Severity::Low } else { Severity::Medium }
}

/// The ports in words, the risky ones by name.
fn ports(evidence: &[&PortEvidence], lang: Lang) -> String {
    let all: PortSet = evidence.iter().map(|open| open.ports).collect();
    if all.count() > 65_000 {
        return say!(lang, "every other TCP port", "その他すべての TCP ポート");
    }
    let mut texts: Vec<_> = all
        .ranges()
        .iter()
        .map(|range| match (range.first == range.last, risky(*range).next()) {
            (true, Some((port, name))) => format!("{port} ({name})"),
            _ => port_text(*range),
        })
        .collect();
    let more = texts.len().saturating_sub(8);
    texts.truncate(8);
    let list = listed(&texts, lang);
    if more > 0 { format!("TCP {list}, … (+{more})") } else { format!("TCP {list}") }
}

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let verdict = open_ports(context, view, Protocols::TCP, &context.ports[1], context.settings.wide_after);
    let Some(open) = verdict.open_or_tell(context, &CHECK, view, sink) else { return };
    let evidence = open;
    let lang = context.lang;
    let machine = context.name(vm.id);
    let cause = evidence.first().and_then(|open| open.cause.clone());
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: severity(&evidence),
        resource: vm.id,
        message: stopped(vm, lang, open_to(&machine, &evidence, lang, |group| ports(group, lang))),
        fix: remedy(context, &evidence, cause.as_ref(), Remedy::Close).into(),
        cause,
        evidence,
        facts: Vec::new(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risky_services_are_found_in_ranges() {
        assert!(RISKY.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted");
        let names = |first, last| risky(Range { first, last }).map(|(_, name)| *name).collect::<Vec<_>>();
        assert_eq!(names(440, 450), ["SMB"]);
        assert!(names(80, 80).is_empty());
        assert!(names(443, 444).is_empty());
    }
}
