//! The internet reaches a UDP port.

use std::sync::LazyLock;

use estate::{PortSet, Range};
use reach::Protocols;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{listed, open_ports, open_to, port_text, stopped};
use crate::lang::{Text, say};
use crate::remedy::{Remedy, remedy};
use crate::view::{Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET003",
    slug: "exposed-udp-port",
    checkpoint: Checkpoint::Udp,
    severity: Severity::High,
    title: Text {
        en: "a UDP port is open to the internet", ja: "インターネットに公開された UDP ポート"
    },
    why: Text {
        en: "UDP does not check who is asking. Attackers ask with the address of their victim, and your VM sends the much larger answer there: it becomes a stepping stone for attacks on others.",
        ja: "UDP は要求元を確認しません。攻撃者が被害者のアドレスを詐称して要求を送ると、仮想マシンはそれよりはるかに大きな応答を被害者へ送りつけてしまい、第三者への攻撃の踏み台になります。",
    },
    fix: Text {
        en: "Close every UDP port that need not face the internet. The platform's DDoS protection does not stop your VM from attacking others.",
        ja: "インターネットに公開する必要のない UDP ポートはすべて閉じてください。プラットフォームの DDoS 保護は、仮想マシンが踏み台にされることを防ぐものではありません。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Cis("7.3"),
        Reference::Attack("T1498.002"),
        Reference::Page("https://learn.microsoft.com/azure/ddos-protection/fundamental-best-practices"),
    ],
    run: Run::Vm(run),
};

/// Port, name, factor.
type Amplifier = (u16, &'static str, &'static str);

/// Services that answer with more than they were asked, by port: name and bandwidth amplification
/// factor. Sorted. Source: US-CERT TA14-017A, UDP-Based Amplification Attacks.
const AMPLIFIERS: [Amplifier; 16] = [
    (17, "QOTD", "140"),
    (19, "CharGEN", "359"),
    (53, "DNS", "28–54"),
    (69, "TFTP", "60"),
    (111, "portmapper", "7–28"),
    (123, "NTP", "557"),
    (137, "NetBIOS", "3.8"),
    (161, "SNMP", "6.3"),
    (389, "CLDAP", "56–70"),
    (520, "RIP", "131"),
    (751, "Kad", "16"),
    (1900, "SSDP", "31"),
    (5353, "mDNS", "2–10"),
    (6881, "BitTorrent", "3.8"),
    (11211, "memcached", "10,000–51,000"),
    (27015, "Steam", "5.5"),
];

/// The strongest of a range.
fn amplifier(ports: Range<u16>) -> Option<&'static Amplifier> {
    AMPLIFIERS.iter().filter(|(port, _, _)| ports.contains(*port)).max_by_key(strength)
}

/// The first number of the factor: the list is short.
fn strength((_, _, factor): &&Amplifier) -> u32 {
    let digits: String =
        factor.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
    digits.parse().unwrap_or(0)
}

/// Every port.
static ALL: LazyLock<PortSet> = LazyLock::new(PortSet::all);

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let verdict = open_ports(context, view, Protocols::UDP, &ALL, context.settings.wide_after);
    let Some(open) = verdict.open_or_tell(context, &CHECK, view, sink) else { return };
    let evidence = open;
    let lang = context.lang;
    let machine = context.name(vm.id);
    let all: PortSet = evidence.iter().map(|open| open.ports).collect();
    let worst = all.ranges().iter().filter_map(|range| amplifier(*range)).max_by_key(strength);
    let mut message = stopped(
        vm,
        lang,
        open_to(&machine, &evidence, lang, |ports| {
            let set: PortSet = ports.iter().map(|open| open.ports).collect();
            if set.is_all() {
                return say!(lang, "every UDP port", "すべての UDP ポート");
            }
            let mut texts: Vec<_> = set.ranges().iter().take(8).map(|range| port_text(*range)).collect();
            if set.ranges().len() > 8 {
                texts.push("…".to_owned());
            }
            format!("UDP {}", listed(&texts, lang))
        }),
    );
    let mut facts = Vec::new();
    if let Some((port, name, factor)) = worst {
        message += &say!(
            lang,
            "; {name} ({port}) can be made to flood others with {factor} times what it receives",
            "。{name} ({port}) は、受け取った量の {factor} 倍を第三者に送りつける攻撃に悪用されます"
        );
        facts.push(("amplification", format!("{name} {factor}")));
    }
    let cause = evidence.first().and_then(|open| open.cause.clone());
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: if worst.is_some() { Severity::Critical } else { CHECK.severity },
        resource: vm.id,
        message,
        fix: remedy(context, &evidence, cause.as_ref(), Remedy::Close).into(),
        cause,
        evidence,
        facts,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_amplifier_of_a_range_is_told() {
        assert!(AMPLIFIERS.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted");
        let name = |first, last| amplifier(Range { first, last }).map(|(_, name, _)| *name);
        assert_eq!(name(0, 65535), Some("memcached"));
        assert_eq!(name(53, 123), Some("NTP"));
        assert_eq!(name(51820, 51820), None);
    }
}
