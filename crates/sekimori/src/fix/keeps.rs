//! The flows that have to pass after a fix as before: `corp → vm1:443`, and questions of a `flow` batch.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use estate::{Family, PortSet, Range, parse_ports};
use fix::proof::{Keep, Need};
use posture::{Approved, Lang};
use reach::flow::Finder;
use reach::{Addresses, Protocols};
use serde_json::Value;

use crate::flow::error_text;
use crate::reached::named_sets;

/// The longest line of a batch.
const LINE_LIMIT: u64 = 1 << 20;

/// `FROM → VM:PORTS[/udp]`, with `->` for the arrow as well. FROM is what `reach --from` takes, or the name of an approved
/// source.
pub(super) fn keep(
    text: &str,
    finder: &Finder<'_>,
    estate: &estate::Estate,
    approved: &[Approved],
    lang: Lang,
) -> anyhow::Result<Keep> {
    let wrong = || match lang {
        Lang::En => {
            anyhow!("`{text}` is no flow, such as `203.0.113.0/24 -> vm1:443` or `internet -> vm1:53/udp`")
        }
        Lang::Ja => anyhow!(
            "`{text}` は通信の指定として読み取れません。`203.0.113.0/24 -> vm1:443` や `internet -> vm1:53/udp` のように指定してください"
        ),
    };
    let (from, to) = text.split_once('→').or_else(|| text.split_once("->")).ok_or_else(wrong)?;
    let (machine, port) = to.trim().rsplit_once(':').ok_or_else(wrong)?;
    let (port, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let protocols = match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Protocols::TCP,
        "udp" => Protocols::UDP,
        "*" => Protocols::TCP.or(Protocols::UDP),
        _ => return Err(wrong()),
    };
    let mut ports: Vec<Range<u16>> = Vec::new();
    for part in port.split(',') {
        ports.push(parse_ports(part.trim()).ok_or_else(wrong)?);
    }
    let id = finder.machine(machine.trim()).map_err(|error| anyhow!(error_text(&error, lang)))?;
    let from = sources(from.trim(), finder, estate, approved, lang)?;
    Ok(Keep {
        text: text.trim().to_owned(),
        from,
        machine: id,
        protocols,
        ports: ports.into_iter().collect(),
        need: Need::Kept,
    })
}

/// The addresses that people name.
fn sources(
    from: &str,
    finder: &Finder<'_>,
    estate: &estate::Estate,
    approved: &[Approved],
    lang: Lang,
) -> anyhow::Result<[Addresses; 2]> {
    if let Some(one) = approved.iter().find(|one| one.name.eq_ignore_ascii_case(from)) {
        let v4 = |range: &Range<u32>| Range { first: range.first.into(), last: range.last.into() };
        return Ok([
            one.space.v4.ranges().iter().map(v4).collect(),
            one.space.v6.ranges().iter().copied().collect(),
        ]);
    }
    if let Some(sets) = named_sets(from) {
        return Ok(sets);
    }
    let vm = finder.vm(from).map_err(|error| match lang {
        Lang::En => anyhow!(
            "`{from}` is none of internet, network, anywhere, addresses, approved sources and VMs: {}",
            error_text(&error, lang)
        ),
        Lang::Ja => anyhow!(
            "`{from}` は internet、network、anywhere、アドレス、承認済みの接続元、VM のいずれでもありません: {}",
            error_text(&error, lang)
        ),
    })?;
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for nic in vm.nics.iter().filter_map(|id| estate.nic(*id)) {
        let Some(all) = nic.ip_configurations.as_ref().and_then(|all| all.value()) else { continue };
        for address in all.iter().filter_map(|ip| ip.address.as_ref()?.value()) {
            match address {
                std::net::IpAddr::V4(one) => {
                    let number = u128::from(u32::from(*one));
                    v4.push(Range { first: number, last: number });
                }
                std::net::IpAddr::V6(one) => {
                    let number = u128::from(*one);
                    v6.push(Range { first: number, last: number });
                }
            }
        }
    }
    if v4.is_empty() && v6.is_empty() {
        match lang {
            Lang::En => {
                bail!("the addresses of the VM `{from}` are not known, so it is no source of a flow to keep")
            }
            Lang::Ja => bail!("VM `{from}` のアドレスが分からないため、維持する通信の送信元に指定できません"),
        }
    }
    Ok([v4.into_iter().collect(), v6.into_iter().collect()])
}

/// The inbound questions of a batch of `sekimori flow`, as flows to keep.
pub(super) fn batch(path: &Path, finder: &Finder<'_>, lang: Lang) -> anyhow::Result<Vec<Keep>> {
    let name = path.display();
    let file = std::fs::File::open(path).with_context(|| match lang {
        Lang::En => format!("cannot open `{name}`"),
        Lang::Ja => format!("`{name}` を開けません"),
    })?;
    let mut input = BufReader::new(file);
    let (mut keeps, mut passed_over) = (Vec::new(), 0_usize);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut limited = Read::take(&mut input, LINE_LIMIT);
        if limited.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.len() as u64 == LINE_LIMIT {
            bail!("{name}:{number}: a line of more than {LINE_LIMIT} bytes");
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let question: Value = serde_json::from_slice(&line).with_context(|| format!("{name}:{number}"))?;
        match of_question(&question, finder, lang).with_context(|| format!("{name}:{number}"))? {
            Some(keep) => keeps.push(keep),
            None => passed_over += 1,
        }
    }
    if passed_over > 0 {
        crate::output::note(&match lang {
            Lang::En => format!(
                "{name}: {passed_over} questions are outbound or expected to be denied: not heeded here"
            ),
            Lang::Ja => format!("{name}: 送信方向または拒否を期待する質問 {passed_over} 件は対象外です"),
        });
    }
    Ok(keeps)
}

/// A question as a flow to keep; nothing for an outbound one, which no fix of a way in touches, and for one that is expected
/// to be denied.
fn of_question(question: &Value, finder: &Finder<'_>, lang: Lang) -> anyhow::Result<Option<Keep>> {
    let text = |name: &str| question.get(name).and_then(Value::as_str);
    let missing = |name: &str| match lang {
        Lang::En => anyhow!("`{name}` is missing or cannot be read"),
        Lang::Ja => anyhow!("`{name}` がないか、読み取れません"),
    };
    let need = |name: &'static str| text(name).ok_or_else(|| missing(name));
    if need("direction")?.eq_ignore_ascii_case("outbound")
        || text("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("Deny"))
    {
        return Ok(None);
    }
    let (vm, remote, local) = (need("vm")?, need("remote")?, need("local")?);
    let machine = finder.machine(vm).map_err(|error| anyhow!(error_text(&error, lang)))?;
    let (address, _) = remote.rsplit_once(':').ok_or_else(|| missing("remote"))?;
    let (_, port) = local.rsplit_once(':').ok_or_else(|| missing("local"))?;
    let from = named_sets(address.trim_matches(['[', ']'])).ok_or_else(|| missing("remote"))?;
    let protocols = match need("protocol")?.to_ascii_lowercase().as_str() {
        "tcp" => Protocols::TCP,
        "udp" => Protocols::UDP,
        "icmp" => Protocols::ICMP,
        "esp" => Protocols::ESP,
        "ah" => Protocols::AH,
        "*" => Protocols::ALL,
        _ => return Err(missing("protocol")),
    };
    let ports: PortSet = [parse_ports(port).ok_or_else(|| missing("local"))?].into_iter().collect();
    Ok(Some(Keep {
        text: format!("{remote} → {vm} {local}"),
        from,
        machine,
        protocols,
        ports,
        need: Need::Kept,
    }))
}

/// The ways in of the person who asks: from an address to every login port of every machine.
pub(super) fn own(
    address: &str,
    estate: &estate::Estate,
    login: &[u16],
    lang: Lang,
) -> anyhow::Result<Vec<Keep>> {
    let from = named_sets(address).filter(|_| !address.eq_ignore_ascii_case("anywhere")).ok_or_else(
        || match lang {
            Lang::En => anyhow!("--my-address is an address such as 203.0.113.7, not `{address}`"),
            Lang::Ja => {
                anyhow!("--my-address には 203.0.113.7 のようなアドレスを指定してください: `{address}`")
            }
        },
    )?;
    let machines = reach::difference::machines(estate);
    let keep = |(machine, port): (estate::ResourceId, u16)| Keep {
        text: format!("{address} → {}:{port}", estate::resource_name(estate.text(machine))),
        from: from.clone(),
        machine,
        protocols: Protocols::TCP,
        ports: PortSet::one(port),
        need: Need::Own,
    };
    let each = machines.iter().flat_map(|machine| login.iter().map(|port| (machine.id, *port)));
    Ok(each.map(keep).collect())
}

/// What the team lives with stays open: ports of a finding that is suppressed.
pub(super) fn suppressed(finding: &posture::Finding, estate: &estate::Estate, lang: Lang) -> Vec<Keep> {
    let name = estate::resource_name(estate.text(finding.resource));
    let keep = |open: &posture::PortEvidence| {
        let (code, port) = (finding.check.code, open.port_text());
        Keep {
            text: match lang {
                Lang::En => format!("{name}:{port}, where {code} is suppressed"),
                Lang::Ja => format!("{name}:{port} ({code} を抑制中)"),
            },
            from: internet(),
            machine: finding.resource,
            protocols: open.protocol,
            ports: [open.ports].into_iter().collect(),
            need: Need::Kept,
        }
    };
    finding.evidence.iter().map(keep).collect()
}

/// Everything on the internet, of each family.
pub(super) fn internet() -> [Addresses; 2] {
    [Family::V4, Family::V6].map(|family| reach::internet(family).clone())
}
