//! Ports of a VM that the internet reaches: what the checks on ports have in common.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use estate::{
    Estate, Family, Known, Origin, Pointer, PortSet, PowerState, Range, Reason, ResourceId, ServiceTag, Vm,
};
use reach::routes::{NextHop, ReturnPath, return_path};
use reach::{Addresses, Opening, Protocols, RuleRef, Through, Way, prefixes_touching, rule_name};

use crate::check::Check;
use crate::engine::Sink;
use crate::lang::{Lang, say};
use crate::view::{AddressView, Cause, Context, VmView};

/// Ports that the internet reaches, with the proof.
#[derive(Clone, Debug)]
pub struct PortEvidence {
    /// The protocol.
    pub protocol: Protocols,
    /// The ports on the VM.
    pub ports: Range<u16>,
    /// Who reaches them.
    pub sources: Sources,
    /// A packet that gets through: from, to.
    pub witness: Option<(String, String)>,
    /// The rules that let the packet through, in the order in which Azure looks.
    pub decided_by: Vec<DecidedBy>,
    /// The public address, or what has one.
    pub via: ResourceId,
    /// What forwards on the way: a load balancer, a firewall.
    pub through: Option<Arc<Through>>,
    /// Where replies go, if they leave another way than the packets came.
    pub replies: Option<NextHop>,
    /// The NIC that has it.
    pub nic: ResourceId,
    /// The subnet of the address.
    pub subnet: Option<ResourceId>,
    /// What makes it so.
    pub cause: Option<Cause>,
}

/// Who reaches a port.
#[derive(Clone, Debug)]
pub struct Sources {
    /// How many of the internet's IPv4 addresses, at least.
    pub internet_ipv4_addresses: u128,
    /// How many of these the team has not approved of.
    pub strangers: u128,
    /// The names of approved sources that are among them.
    pub approved: Vec<String>,
    /// Whether that is all of the internet, of either family.
    pub everyone: bool,
    /// The prefixes that are let through, private ones included: the first of them.
    pub ranges: Vec<String>,
    /// Whether there are more than these.
    pub more_ranges: bool,
    /// Service tags that the deciding rules name, but for those of the network itself.
    pub tags: Vec<String>,
}

/// A rule on the way of a packet.
#[derive(Clone, Debug)]
pub struct DecidedBy {
    /// Its group; a security admin rule stands for itself.
    pub nsg: ResourceId,
    /// The group of the subnet or of the NIC, or `admin`.
    pub level: &'static str,
    /// Its name, as Azure's answers write it.
    pub rule: String,
    /// Its priority, if it is known.
    pub priority: Option<u32>,
    /// Where it stands; the group's record for one of Azure's default rules.
    pub place: Option<(Origin, Pointer)>,
}

/// What is known of some ports of a VM.
pub(crate) struct PortVerdict {
    /// Ports that are certainly open.
    pub(crate) open: Vec<PortEvidence>,
    /// Why others may be.
    pub(crate) unknown: Vec<Reason>,
}

impl PortVerdict {
    /// The open ports; tells the sink what is so where there are none.
    pub(crate) fn open_or_tell(
        self,
        context: &Context<'_>,
        check: &'static Check,
        view: &VmView<'_>,
        sink: &mut Sink,
    ) -> Option<Vec<PortEvidence>> {
        if !self.open.is_empty() {
            return Some(self.open);
        }
        if self.unknown.is_empty() {
            sink.pass(context, check, view.vm.id);
        } else {
            sink.unknown(check, view.vm.id, self.unknown);
        }
        None
    }
}

/// How many prefixes a finding shows.
const SHOWN_RANGES: usize = 100;

/// Whether a set holds more of the internet than `limit` IPv4 addresses. A household has one IPv6
/// /64 (RFC 6177), so for IPv6 more than one of those is wide.
pub(crate) fn wide(set: &Addresses, family: Family, limit: u128) -> bool {
    match family {
        Family::V4 => set.count() > limit,
        Family::V6 => set.count() > 1 << 64,
    }
}

/// Judges the ports of `select` that `protocol` opens to more than `limit` internet addresses.
pub(crate) fn open_ports(
    context: &Context<'_>,
    view: &VmView<'_>,
    protocol: Protocols,
    select: &PortSet,
    limit: u128,
) -> PortVerdict {
    let mut verdict = PortVerdict { open: Vec::new(), unknown: view.unknown.clone() };
    for address in &view.addresses {
        for way in &address.exposure.ways {
            judge_way(context, address, way, protocol, select, limit, &mut verdict);
        }
    }
    verdict.open.sort_by_key(|open| (open.ports, open.via_key(context)));
    verdict
}

impl PortEvidence {
    /// The ports as people write them: `22`, `1000-2000` or `*`.
    pub fn port_text(&self) -> String {
        port_text(self.ports)
    }

    /// The family of its packets.
    pub fn family(&self) -> Family {
        match self.sources.ranges.first() {
            Some(range) if range.contains(':') => Family::V6,
            _ => Family::V4,
        }
    }

    fn via_key(&self, context: &Context<'_>) -> String {
        context.estate().text(self.via).to_ascii_lowercase()
    }
}

fn judge_way(
    context: &Context<'_>,
    address: &AddressView<'_>,
    way: &Way,
    protocol: Protocols,
    select: &PortSet,
    limit: u128,
    verdict: &mut PortVerdict,
) {
    let family = way.endpoint.family;
    let here: Vec<&Opening> = way
        .openings
        .iter()
        .filter(|opening| opening.protocols.contains(protocol) && opening.local_ports.overlaps(select))
        .collect();
    if here.is_empty() {
        return;
    }
    let counts: Vec<u128> = here.iter().map(|opening| opening.internet.may.count()).collect();
    for (ports, at) in stretches(&here, select) {
        let openings: Vec<&Opening> = at.iter().filter_map(|at| here.get(*at)).copied().collect();
        // The widest first: most of the others add nothing to it.
        let mut widest = at;
        widest.sort_by_key(|at| Reverse(counts.get(*at)));
        let all = |set: fn(&Opening) -> &Addresses| {
            let sets = widest.iter().filter_map(|at| here.get(*at)).map(|opening| set(opening));
            sets.fold(Addresses::empty(), |sum, set| if sum.contains_all(set) { sum } else { sum.union(set) })
        };
        let must = all(|opening| &opening.internet.must);
        if wide(&context.strangers(&must, family), family, limit) {
            let best = openings.iter().max_by_key(|opening| opening.internet.must.count());
            let sources = all(|opening| &opening.sources.must);
            verdict.open.extend(
                best.map(|best| evidence(context, address, way, best, protocol, ports, &must, &sources)),
            );
        } else if wide(&context.strangers(&all(|opening| &opening.internet.may), family), family, limit) {
            let before = verdict.unknown.len();
            verdict.unknown.extend(way.unknown.iter().cloned());
            for opening in openings {
                verdict.unknown.extend(opening.unknown.iter().cloned());
            }
            // INVARIANT: what is not certain is never told as closed, whether or not the reason is found.
            if verdict.unknown.len() == before {
                verdict.unknown.push(Reason::SamePriority);
            }
        }
    }
}

/// Cuts the ports of `select` where an opening starts or ends: those that some opening holds, each stretch with
/// the places of the openings that hold it.
fn stretches(openings: &[&Opening], select: &PortSet) -> Vec<(Range<u16>, Vec<usize>)> {
    let mut changes: Vec<(u32, usize, bool)> = Vec::new();
    for (at, opening) in openings.iter().enumerate() {
        for range in opening.local_ports.intersection(select).ranges() {
            changes.push((u32::from(range.first), at, true));
            changes.push((u32::from(range.last) + 1, at, false));
        }
    }
    changes.sort_unstable();
    let mut here: BTreeSet<usize> = BTreeSet::new();
    let mut stretches = Vec::new();
    let mut first = 0;
    for same in changes.chunk_by(|one, other| one.0 == other.0) {
        let after = same.first().map_or(0, |(port, ..)| *port);
        if !here.is_empty()
            && let (Ok(first), Ok(last)) = (u16::try_from(first), u16::try_from(after - 1))
        {
            stretches.push((Range { first, last }, here.iter().copied().collect()));
        }
        first = after;
        for (_, at, starts) in same {
            if *starts {
                here.insert(*at);
            } else {
                here.remove(at);
            }
        }
    }
    stretches
}

#[expect(clippy::too_many_arguments, reason = "each is another fact of one evidence")]
fn evidence(
    context: &Context<'_>,
    address: &AddressView<'_>,
    way: &Way,
    opening: &Opening,
    protocol: Protocols,
    ports: Range<u16>,
    internet: &Addresses,
    sources: &Addresses,
) -> PortEvidence {
    let estate = context.estate();
    let family = way.endpoint.family;
    let these: PortSet = [ports].into_iter().collect();
    let packet = opening.witness(family, protocol, &these);
    let replies = packet.and_then(|packet| replies(context, address, way, packet.remote));
    let witness = packet.map(|packet| {
        let to = match way.endpoint.address {
            Some(address) => std::net::SocketAddr::new(address, packet.local_port).to_string(),
            None => format!("unassigned:{}", packet.local_port),
        };
        (std::net::SocketAddr::new(packet.remote, packet.remote_port).to_string(), to)
    });
    let decided_by = way
        .groups()
        .into_iter()
        .zip(["subnet", "nic"])
        .zip(opening.rules)
        .filter_map(|((nsg, level), rule)| {
            let (nsg, rule) = (nsg?, rule?);
            let priority = match rule {
                RuleRef::Default(rule) => Some(rule.priority()),
                RuleRef::Admin(_) => None,
                RuleRef::Own(index) => {
                    estate.nsg(nsg)?.rules.as_ref()?.value()?.get(index as usize)?.priority.value().copied()
                }
            };
            let place = Cause::rule(estate, nsg, rule).map(|cause| (cause.origin, cause.pointer));
            Some(DecidedBy { nsg, level, rule: rule_name(estate, nsg, rule), priority, place })
        })
        .chain(opening.admin.and_then(|rule| by_admin(estate, rule)))
        .collect();
    // Prefixes that are nobody's on the internet tell nothing here.
    let outside = reach::internet(family);
    let ranges = prefixes_touching(sources, outside, family, SHOWN_RANGES + 1);
    let more_ranges = ranges.len() > SHOWN_RANGES;
    let outside = outside.difference(&way.endpoint.network.own);
    PortEvidence {
        protocol,
        ports,
        sources: Sources {
            internet_ipv4_addresses: if family == Family::V4 { internet.count() } else { 0 },
            strangers: match family {
                Family::V4 => context.strangers(internet, family).count(),
                Family::V6 => 0,
            },
            approved: context.approved_in(internet, family),
            everyone: internet.contains_all(&outside),
            ranges: ranges.into_iter().take(SHOWN_RANGES).collect(),
            more_ranges,
            tags: tags(context, way, opening),
        },
        witness,
        decided_by,
        via: way.via,
        through: way.through.clone(),
        replies,
        nic: address.nic.id,
        subnet: address.ip.subnet.as_ref().and_then(|subnet| subnet.value().copied()),
        cause: cause(context, address, way, opening),
    }
}

/// Where replies to a client go, if they certainly leave another way. Only routes that somebody has set lead them
/// there.
fn replies(context: &Context<'_>, address: &AddressView<'_>, way: &Way, client: IpAddr) -> Option<NextHop> {
    if way.through.as_deref().is_some_and(|through| through.seen_from.is_some()) {
        return None;
    }
    let subnet = address.ip.subnet.as_ref().and_then(Known::value)?;
    context.estate().subnet(*subnet)?.route_table.as_ref()?;
    match return_path(context.reach, address.nic, address.ip, client) {
        Known::Value(ReturnPath::Elsewhere(next)) => Some(next),
        Known::Value(ReturnPath::Direct) | Known::Unknown(_) => None,
    }
}

/// What replies that leave another way mean.
///
/// Source: <https://learn.microsoft.com/azure/firewall/firewall-faq> (asymmetric routing breaks connections).
pub fn replies_text(next: &NextHop, lang: Lang) -> String {
    if next.hop == reach::routes::HopType::None {
        return say!(
            lang,
            "a route drops replies: no TCP connection is made, while UDP and single packets still get in",
            "応答はルートにより破棄されます。TCP 接続は成立しませんが、UDP や単発のパケットは届きます"
        );
    }
    let hop = next.hop.as_next_hop();
    let to = match next.address {
        Some(address) => format!("{hop} {address}"),
        None => hop.to_owned(),
    };
    say!(
        lang,
        "replies leave by {to}, another way than the packets come: TCP connections likely break, while UDP and single packets still get in",
        "応答は {to} を経由し、受信と異なる経路で出ていきます。TCP 接続は成立しない可能性が高い一方、UDP や単発のパケットは届きます"
    )
}

/// A security admin rule that delivers packets.
fn by_admin(estate: &Estate, rule: RuleRef) -> Option<DecidedBy> {
    let RuleRef::Admin(index) = rule else { return None };
    let admin = estate.admin_rules.get(index as usize)?;
    Some(DecidedBy {
        nsg: admin.id,
        level: "admin",
        rule: rule_name(estate, admin.id, rule),
        priority: admin.rule.priority.value().copied(),
        place: Some((admin.rule.place.origin, admin.rule.place.pointer.clone())),
    })
}

/// The service tags that the deciding rules name.
fn tags(context: &Context<'_>, way: &Way, opening: &Opening) -> Vec<String> {
    let mut tags = Vec::new();
    for (nsg, rule) in way.groups().into_iter().zip(opening.rules) {
        let (Some(nsg), Some(RuleRef::Own(index))) = (nsg, rule) else { continue };
        let rules = context.estate().nsg(nsg).and_then(|nsg| nsg.rules.as_ref()?.value());
        let Some(rule) = rules.and_then(|rules| rules.get(index as usize)) else { continue };
        for tag in &rule.source.tags {
            if let ServiceTag::Other(name) = tag {
                let published = context.reach.tags().published_name(name);
                tags.push(published.unwrap_or(name).to_owned());
            }
        }
    }
    tags
}

/// The rule to change: the NIC's own, else the subnet's, else the public address that no group
/// guards.
fn cause(context: &Context<'_>, address: &AddressView<'_>, way: &Way, opening: &Opening) -> Option<Cause> {
    let estate = context.estate();
    let [subnet, nic] = way.groups();
    let own = |rule: &Option<RuleRef>| matches!(rule, Some(RuleRef::Own(_)));
    let [by_subnet, by_nic] = &opening.rules;
    let candidates = [(nic, by_nic), (subnet, by_subnet)];
    if let Some(admin) = opening.admin.and_then(|rule| by_admin(estate, rule)) {
        let (origin, pointer) = admin.place?;
        return Some(Cause { resource: admin.nsg, pointer, origin, key: admin.rule.into() });
    }
    let forwarder = way.through.as_deref().and_then(|through| {
        let place = through.place.as_ref()?;
        let pointer = place.pointer.clone();
        Some(Cause { resource: through.holder, pointer, origin: place.origin, key: through.rule.clone() })
    });
    // A firewall's packets come from inside: it is the firewall that lets strangers in.
    let inside = way.through.as_deref().is_some_and(|through| through.seen_from.is_some());
    if inside && forwarder.is_some() {
        return forwarder;
    }
    let best = candidates
        .iter()
        .find(|(group, rule)| group.is_some() && own(rule))
        .or_else(|| candidates.iter().find(|(group, rule)| group.is_some() && rule.is_some()));
    if let Some((Some(nsg), Some(rule))) = best {
        return Cause::rule(estate, *nsg, *rule);
    }
    if forwarder.is_some() {
        return forwarder;
    }
    match estate.public_ip(way.via) {
        Some(record) => Some(Cause::field(record.id, record.origins.first(), "/sku/name")),
        None => Some(Cause::field(
            address.nic.id,
            address.nic.origins.first(),
            &format!("/properties/ipConfigurations/{}/properties/publicIPAddress", address.index),
        )),
    }
}

/// The groups that let the internet in to ports of a machine that attackers look for.
pub(crate) fn exposing_groups(context: &Context<'_>, view: &VmView<'_>) -> Vec<ResourceId> {
    let mut groups = Vec::new();
    for address in &view.addresses {
        for way in &address.exposure.ways {
            let open = way
                .openings
                .iter()
                .any(|opening| !opening.internet.must.is_empty() && sought(context, opening));
            if !open {
                continue;
            }
            for group in way.groups().into_iter().flatten() {
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
    }
    groups
}

/// Whether an opening lets management or UDP through.
pub(crate) fn sought(context: &Context<'_>, opening: &Opening) -> bool {
    let management = context.settings.management_ports.iter().any(|port| opening.local_ports.contains(*port));
    opening.protocols.contains(Protocols::UDP) || (management && opening.protocols.contains(Protocols::TCP))
}

/// Cuts evidence on neighbouring ports apart, so that each port is told by itself.
pub(crate) fn one_by_one(evidence: Vec<PortEvidence>) -> Vec<PortEvidence> {
    let mut all = Vec::with_capacity(evidence.len());
    for wide in evidence {
        for port in wide.ports.first..=wide.ports.last {
            let mut one = PortEvidence { ports: Range { first: port, last: port }, ..wide.clone() };
            if let Some((_, to)) = &mut one.witness
                && let Some((host, _)) = to.rsplit_once(':')
            {
                *to = format!("{host}:{port}");
            }
            all.push(one);
        }
    }
    all
}

/// `22`, `1000-2000` or `*`.
pub(crate) fn port_text(ports: Range<u16>) -> String {
    match (ports.first, ports.last) {
        (0, u16::MAX) => "*".to_owned(),
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    }
}

/// A number with separators, as both languages write it.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Who reaches a port, in words.
fn audience(open: &PortEvidence, lang: Lang) -> String {
    if open.sources.everyone {
        return say!(lang, "the whole internet", "インターネット全体");
    }
    let cloud = |tag: &&String| tag.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("AzureCloud"));
    if let Some(tag) = open.sources.tags.iter().find(cloud) {
        return match tag.contains('.') {
            true => say!(
                lang,
                "every Azure customer of a region (service tag `{tag}`)",
                "リージョンのすべての Azure 利用者 (サービス タグ `{tag}`)"
            ),
            false => say!(
                lang,
                "every Azure customer (service tag `{tag}`)",
                "Azure のすべての利用者 (サービス タグ `{tag}`)"
            ),
        };
    }
    match open.sources.internet_ipv4_addresses {
        0 => {
            let range = open.sources.ranges.first().cloned().unwrap_or_default();
            say!(lang, "the IPv6 internet ({range})", "IPv6 インターネット ({range})")
        }
        count => {
            let number = grouped(count);
            let addresses = if count == 1 { "address" } else { "addresses" };
            say!(lang, "{number} internet {addresses}", "インターネットの {number} 個のアドレス")
        }
    }
}

/// Words in a list, as a sentence has them.
/// So many machines.
pub(crate) fn machines_words(count: usize, lang: Lang) -> String {
    let shown = grouped(count as u128);
    match count {
        1 => say!(lang, "1 machine", "1 台のマシン"),
        _ => say!(lang, "{shown} machines", "{shown} 台のマシン"),
    }
}

pub(crate) fn listed(words: &[String], lang: Lang) -> String {
    words.join(match lang {
        Lang::En => ", ",
        Lang::Ja => "、",
    })
}

/// Evidence put together by who reaches the ports, the widest first: each group with its audience.
pub(crate) fn by_audience(evidence: &[PortEvidence], lang: Lang) -> Vec<(String, Vec<&PortEvidence>)> {
    let mut sorted: Vec<&PortEvidence> = evidence.iter().collect();
    sorted.sort_by_key(|open| {
        (!open.sources.everyone, std::cmp::Reverse(open.sources.internet_ipv4_addresses), open.ports)
    });
    let mut groups: Vec<(String, Vec<&PortEvidence>)> = Vec::new();
    for open in sorted {
        let who = audience(open, lang);
        match groups.iter_mut().find(|(its, _)| *its == who) {
            Some((_, group)) => group.push(open),
            None => groups.push((who, vec![open])),
        }
    }
    groups
}

/// Words as they stand in a sentence: Japanese sets Latin letters apart from its own with a space.
pub(crate) fn spaced(words: &str, lang: Lang) -> String {
    if lang == Lang::En {
        return words.to_owned();
    }
    let before = if words.starts_with(|c: char| c.is_ascii()) { " " } else { "" };
    let after = if words.ends_with(|c: char| c.is_ascii()) { " " } else { "" };
    format!("{before}{words}{after}")
}

/// `SSH (TCP 22) is open to everybody; RDP (TCP 3389) to 512 addresses`, with `what` naming ports.
pub(crate) fn open_to(
    machine: &str,
    evidence: &[PortEvidence],
    lang: Lang,
    what: impl Fn(&[&PortEvidence]) -> String,
) -> String {
    let groups = by_audience(evidence, lang);
    let texts: Vec<_> = groups
        .iter()
        .enumerate()
        .map(|(index, (who, group))| {
            let what = spaced(&what(group), lang);
            let are = if several(&what, group) { "are" } else { "is" };
            match index {
                0 => say!(
                    lang,
                    "{what} of `{machine}` {are} open to {who}",
                    "`{machine}` の{what}が{who}に公開されています"
                ),
                _ => say!(lang, "{what} to {who}", "{what}は{who}に公開されています"),
            }
        })
        .collect();
    texts.join(match lang {
        Lang::En => "; ",
        Lang::Ja => "。",
    })
}

/// The same of a machine that does not run: nobody gets in now, and everybody does once it starts.
pub(crate) fn stopped(vm: &Vm, lang: Lang, message: String) -> String {
    match vm.power {
        Some(Known::Value(PowerState::Stopped)) => say!(
            lang,
            "{message}, as soon as it starts: it is stopped now",
            "{message} (現在は停止中で、起動すると到達可能になります)"
        ),
        _ => message,
    }
}

/// Whether a name of ports is plural in English.
pub(crate) fn several(what: &str, ports: &[&PortEvidence]) -> bool {
    let first = ports.first().map(|open| open.ports);
    let one = first.is_some_and(|range| range.first == range.last)
        && ports.iter().all(|open| Some(open.ports) == first);
    !what.starts_with("every ") && !one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ports_are_written_for_people() {
        assert_eq!(grouped(3_702_259_456), "3,702,259,456");
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(port_text(Range { first: 0, last: 65535 }), "*");
    }
}
