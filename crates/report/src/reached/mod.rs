//! The whole exposure of a VM, ready to be shown: ways in, what comes by each, and paths over other machines.

mod graph;
pub(crate) mod html;
mod text;

use estate::{Estate, Family, PortSet, Reason, ResourceId, resource_name};
use posture::{Lang, grouped, reason_text, settled_by};
use reach::paths::{Map, Member, Origin, Path};
use reach::{Opening, Protocols, Reach, RuleRef, Start, WayIn, internet, prefixes_of, rule_name};
use serde::Serialize;

use crate::clean::clean;
use crate::through::{ThroughForm, noun, ports_text};
use crate::words::pick;

pub use graph::{to_dot, to_svg};
pub use html::to_html;
pub use text::to_text;
pub(crate) use text::write_ways;

/// The version of the JSON form.
pub const SCHEMA: &str = "sekimori.reach/1";

/// How many prefixes of a set are shown.
const RANGES: usize = 50;

/// How many paths are shown.
const PATHS: usize = 20;

/// The answer to "who gets to this VM".
#[derive(Clone, Debug, Serialize)]
pub struct Reached {
    /// The version of this form.
    pub schema: &'static str,
    /// The VM.
    pub to: String,
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// Where packets were asked to come from: `anywhere`, `internet`, prefixes, or a VM.
    pub from: String,
    /// The ports that were asked for: `*` or a list.
    pub ports: String,
    /// `reachable`, `unknown` or `unreachable`.
    pub verdict: &'static str,
    /// Whether it is so without other machines on the way.
    pub directly: bool,
    /// Its addresses.
    pub addresses: Vec<AddressForm>,
    /// Paths over other machines, certain ones first.
    pub paths: Vec<PathForm>,
    /// How many further paths there are.
    pub more_paths: usize,
    /// What nobody can tell, and what would settle it.
    pub unknown: Vec<UnknownForm>,
    /// Whether packets were asked to come from a VM: then paths are all there is.
    #[serde(skip)]
    pub from_vm: bool,
}

/// One address of the VM.
#[derive(Clone, Debug, Serialize)]
pub struct AddressForm {
    /// Its NIC.
    pub nic: String,
    /// The name of its IP configuration.
    pub ip_configuration: String,
    /// The private address, if one is assigned.
    pub address: Option<String>,
    /// The ways that lead in.
    pub ways: Vec<WayForm>,
}

/// One way in.
#[derive(Clone, Debug, Serialize)]
pub struct WayForm {
    /// `internet` or `network`.
    pub start: &'static str,
    /// What has the public address: its kind and its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Its name and address, for people.
    #[serde(skip)]
    pub via_name: String,
    /// What forwards on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<ThroughForm>,
    /// What gets through.
    pub rows: Vec<RowForm>,
    /// Whether replies go another way than packets come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Packets that get through by the same rules.
#[derive(Clone, Debug, Serialize)]
pub struct RowForm {
    /// Protocols: `tcp`, `tcp,udp` or `*`.
    pub protocol: String,
    /// The ports on the VM.
    pub ports: String,
    /// The ports that they come from.
    pub source_ports: String,
    /// Whether they certainly get through.
    pub certain: bool,
    /// Who gets through.
    pub sources: SourcesForm,
    /// The rules that let them through.
    pub decided_by: Vec<RuleForm>,
    /// A packet that gets through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessForm>,
    /// Why it is not certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// Who gets through.
#[derive(Clone, Debug, Serialize)]
pub struct SourcesForm {
    /// How many addresses.
    pub addresses: u128,
    /// How many of them are the internet's, in IPv4.
    pub internet_ipv4_addresses: u128,
    /// The prefixes, the first of them.
    pub ranges: Vec<String>,
    /// Whether there are more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more_ranges: bool,
    /// Whether it is all of the internet.
    #[serde(skip)]
    pub everyone: bool,
}

/// A rule on the way.
#[derive(Clone, Debug, Serialize)]
pub struct RuleForm {
    /// `admin`, `subnet` or `nic`.
    pub level: &'static str,
    /// Its group; an admin rule stands for itself.
    pub nsg: String,
    /// Its name.
    pub rule: String,
}

/// A packet.
#[derive(Clone, Debug, Serialize)]
pub struct WitnessForm {
    /// Where it comes from.
    pub from: String,
    /// Where it goes.
    pub to: String,
    /// Its protocol.
    pub protocol: &'static str,
}

/// A path over other machines.
#[derive(Clone, Debug, Serialize)]
pub struct PathForm {
    /// Whether every step certainly gets through.
    pub certain: bool,
    /// Its steps.
    pub hops: Vec<HopForm>,
}

/// A step of a path.
#[derive(Clone, Debug, Serialize)]
pub struct HopForm {
    /// `internet`, `network`, prefixes, or the id of a VM.
    pub from: String,
    /// The id of a VM.
    pub to: String,
    /// How many other addresses would do as well as `to`.
    pub alike: usize,
    /// Whether it certainly gets through.
    pub certain: bool,
    /// The public address that it goes to: its kind and its id; none for a step inside Azure's networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// A packet that makes the step.
    pub packet: WitnessForm,
    /// The rules that let it out.
    pub outward: Vec<RuleForm>,
    /// The rules that let it in.
    pub inward: Vec<RuleForm>,
}

/// What nobody can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnknownForm {
    /// Why.
    pub reason: String,
    /// What would settle it.
    pub settled_by: String,
}

/// What was asked.
pub struct Asked<'a> {
    /// The VM.
    pub vm: ResourceId,
    /// Where packets come from, as people wrote it.
    pub from: &'a str,
    /// The ports.
    pub ports: &'a PortSet,
    /// Why the VM may have addresses that are not told.
    pub unknown: Option<&'a Reason>,
    /// Another machine that may be on the way, and why nobody can tell.
    pub between: Option<&'a (ResourceId, Reason)>,
    /// The language of texts.
    pub lang: Lang,
}

/// An address of the VM with the ways in to it, and a note on its replies.
pub type AddressWays<'e> = (&'e estate::Nic, &'e estate::IpConfiguration, Vec<(WayIn, Option<String>)>);

/// Puts an answer into the form that is shown.
pub fn reached(
    reach: &Reach<'_>,
    asked: &Asked<'_>,
    addresses: &[AddressWays<'_>],
    map: &Map<'_, '_>,
    paths: &[Path],
    origin: &Origin,
) -> Reached {
    let estate = reach.estate();
    let mut unknown: Vec<UnknownForm> = Vec::new();
    let mut told = |reason: &Reason| {
        let row = UnknownForm {
            reason: reason_text(reason, asked.lang),
            settled_by: settled_by(reason, asked.lang),
        };
        if !unknown.contains(&row) {
            unknown.push(row);
        }
    };
    let forms: Vec<AddressForm> = addresses
        .iter()
        .map(|(nic, ip, ways)| AddressForm {
            nic: estate.text(nic.id).to_owned(),
            ip_configuration: ip.name.to_string(),
            address: ip.address.as_ref().and_then(|address| Some(address.value()?.to_string())),
            ways: ways
                .iter()
                .filter_map(|(way, note)| way_form(reach, asked, way, note.clone(), &mut told))
                .collect(),
        })
        .collect();
    // A path of one step is a way in, which is told above.
    let longer: Vec<&Path> = match origin {
        Origin::Vm(_) | Origin::Machines(_) => paths.iter().collect(),
        _ => paths.iter().filter(|path| path.hops.len() > 1).collect(),
    };
    let start = match origin {
        Origin::Internet => "internet",
        Origin::Addresses(_) | Origin::Vm(_) | Origin::Machines(_) => asked.from,
    };
    let path_forms: Vec<PathForm> =
        longer.iter().take(PATHS).map(|path| path_form(estate, map, path, asked, start)).collect();
    for path in longer.iter().filter(|path| !path.certain()) {
        for hop in path.hops.iter().filter(|hop| !hop.certain) {
            if let Some(reason) = map.doubt(hop) {
                told(&reason);
            }
        }
    }
    let rows = || forms.iter().flat_map(|address| &address.ways).flat_map(|way| &way.rows);
    asked.unknown.into_iter().for_each(&mut told);
    if let Some((machine, reason)) = asked.between {
        let (name, why) = (resource_name(estate.text(*machine)), reason_text(reason, asked.lang));
        let reason_text = match asked.lang {
            Lang::En => format!("`{name}` may be on the way: {why}"),
            Lang::Ja => format!("`{name}` を経由する可能性があります: {why}"),
        };
        unknown.push(UnknownForm { reason: reason_text, settled_by: settled_by(reason, asked.lang) });
    }
    let short = |path: &&Path| path.hops.len() == 1;
    let sure = rows().any(|row| row.certain) || paths.iter().filter(short).any(Path::certain);
    let perhaps = asked.unknown.is_some() || rows().next().is_some() || paths.iter().any(|path| short(&path));
    let (verdict, directly) =
        match (sure, paths.iter().any(Path::certain), perhaps, paths.is_empty() && asked.between.is_none()) {
            (true, ..) => ("reachable", true),
            (false, true, ..) => ("reachable", false),
            (false, false, true, _) => ("unknown", true),
            (false, false, false, false) => ("unknown", false),
            (false, false, false, true) => ("unreachable", true),
        };
    unknown.sort();
    Reached {
        schema: SCHEMA,
        to: estate.text(asked.vm).to_owned(),
        name: clean(resource_name(estate.text(asked.vm))).into_owned(),
        from: asked.from.to_owned(),
        ports: ports_text(asked.ports),
        verdict,
        directly,
        addresses: forms,
        paths: path_forms,
        more_paths: longer.len().saturating_sub(PATHS),
        unknown,
        from_vm: matches!(origin, Origin::Vm(_)),
    }
}

fn way_form(
    reach: &Reach<'_>,
    asked: &Asked<'_>,
    way: &WayIn,
    note: Option<String>,
    told: &mut impl FnMut(&Reason),
) -> Option<WayForm> {
    let estate = reach.estate();
    let merged = merged(&way.openings);
    let rows: Vec<RowForm> =
        merged.iter().filter_map(|opening| row_form(reach, asked, way, opening, told)).collect();
    if rows.is_empty() {
        return None;
    }
    way.unknown.iter().for_each(told);
    let (start, via, via_name, through) = match &way.start {
        Start::Network => ("network", None, String::new(), None),
        Start::Internet { via, through } => {
            let id = estate.text(*via);
            let record = estate.public_ip(*via);
            let address = record.and_then(|record| record.address.as_ref()?.value());
            let name = clean(resource_name(id)).into_owned();
            let name = address.map_or_else(|| name.clone(), |address| format!("{name} ({address})"));
            let family = way.endpoint.family;
            let through = through.as_deref().map(|through| ThroughForm::of(estate, through, family));
            ("internet", Some(format!("{} {id}", noun(id))), name, through)
        }
    };
    Some(WayForm { start, via, via_name, through, rows, note })
}

/// Openings by the same rules from the same sources, put together.
fn merged(openings: &[Opening]) -> Vec<Opening> {
    let same = |a: &Opening, b: &Opening| {
        a.rules == b.rules
            && a.admin == b.admin
            && a.internet == b.internet
            && a.remote_ports == b.remote_ports
    };
    let mut all: Vec<Opening> = Vec::new();
    let mut done = vec![false; openings.len()];
    for (at, first) in openings.iter().enumerate() {
        if done.get(at).copied().unwrap_or(true) {
            continue;
        }
        // Ports by protocol, then protocols with the same ports together.
        let mut by_protocol = vec![PortSet::empty(); Protocols::EACH.len()];
        for (other, done) in openings.iter().zip(&mut done).skip(at) {
            if !same(first, other) {
                continue;
            }
            *done = true;
            for (protocol, ports) in Protocols::EACH.into_iter().zip(&mut by_protocol) {
                if other.protocols.contains(protocol) {
                    *ports = ports.union(&other.local_ports);
                }
            }
        }
        let mut rows: Vec<(PortSet, Protocols)> = Vec::new();
        for (protocol, ports) in Protocols::EACH.into_iter().zip(by_protocol) {
            match rows.iter_mut().find(|(its, _)| *its == ports) {
                _ if ports.is_empty() => {}
                Some((_, protocols)) => *protocols = protocols.or(protocol),
                None => rows.push((ports, protocol)),
            }
        }
        all.extend(rows.into_iter().map(|(local_ports, protocols)| Opening {
            protocols,
            local_ports,
            ..first.clone()
        }));
    }
    all
}

fn row_form(
    reach: &Reach<'_>,
    asked: &Asked<'_>,
    way: &WayIn,
    opening: &Opening,
    told: &mut impl FnMut(&Reason),
) -> Option<RowForm> {
    let estate = reach.estate();
    let ports = match opening.protocols.have_ports() {
        true => opening.local_ports.intersection(asked.ports),
        // Protocols without ports count where all of them were asked for.
        false if asked.ports.is_all() => opening.local_ports.clone(),
        false => return None,
    };
    if ports.is_empty() {
        return None;
    }
    let protocols = match asked.ports.is_all() {
        true => opening.protocols,
        false => opening.protocols.and(Protocols::TCP.or(Protocols::UDP)),
    };
    let family = way.endpoint.family;
    let certain = !opening.internet.must.is_empty();
    let set = if certain { &opening.internet.must } else { &opening.internet.may };
    let outside = internet(family);
    let ranges = prefixes_of(set, family, RANGES + 1);
    opening.unknown.iter().for_each(&mut *told);
    let one = Protocols::EACH.into_iter().find(|one| protocols.contains(*one))?;
    let witness = opening.witness(family, one, &ports).map(|packet| WitnessForm {
        from: end(Some(packet.remote), packet.remote_port, one),
        to: end(way.endpoint.address, packet.local_port, one),
        protocol: one.name(),
    });
    let unknown = match opening.internet.must == opening.internet.may {
        true => Vec::new(),
        false => {
            let reasons = opening.unknown.iter().chain(&way.unknown);
            let mut texts: Vec<_> = reasons.map(|reason| reason_text(reason, asked.lang)).collect();
            texts.dedup();
            texts
        }
    };
    Some(RowForm {
        protocol: protocols.names(),
        ports: ports_text(&ports),
        source_ports: ports_text(&opening.remote_ports),
        certain,
        sources: SourcesForm {
            addresses: set.count(),
            internet_ipv4_addresses: match family {
                Family::V4 => set.intersection(outside).count(),
                Family::V6 => 0,
            },
            everyone: set.contains_all(&outside.difference(&way.endpoint.network.own)),
            more_ranges: ranges.len() > RANGES,
            ranges: ranges.into_iter().take(RANGES).collect(),
        },
        decided_by: rules(estate, &way.endpoint, opening.rules, opening.admin),
        witness,
        unknown,
    })
}

/// One end of a packet: its address, and its port where the protocol has one.
pub(crate) fn end(address: Option<std::net::IpAddr>, port: u16, protocol: Protocols) -> String {
    match (address, protocol.have_ports()) {
        (Some(address), true) => std::net::SocketAddr::new(address, port).to_string(),
        (Some(address), false) => address.to_string(),
        (None, true) => format!("unassigned:{port}"),
        (None, false) => "unassigned".to_owned(),
    }
}

/// The rules of the two levels, in Azure's order.
pub(crate) fn rules(
    estate: &Estate,
    endpoint: &reach::Endpoint,
    by: [Option<RuleRef>; 2],
    admin: Option<RuleRef>,
) -> Vec<RuleForm> {
    let levels = [("subnet", &endpoint.subnet_level), ("nic", &endpoint.nic_level)];
    let groups = levels.into_iter().zip(by).filter_map(|((level, group), rule)| match group {
        reach::Level::Group(nsg) => {
            Some(RuleForm { level, nsg: estate.text(*nsg).to_owned(), rule: rule_name(estate, *nsg, rule?) })
        }
        _ => None,
    });
    let admin = admin.and_then(|rule| match rule {
        RuleRef::Admin(index) => {
            let id = estate.admin_rules.get(index as usize)?.id;
            Some(RuleForm {
                level: "admin",
                nsg: estate.text(id).to_owned(),
                rule: rule_name(estate, id, rule),
            })
        }
        _ => None,
    });
    admin.into_iter().chain(groups).collect()
}

fn path_form(estate: &Estate, map: &Map<'_, '_>, path: &Path, asked: &Asked<'_>, start: &str) -> PathForm {
    let last = path.hops.len().saturating_sub(1);
    // A machine of the class: the one that was asked for, else one that was reached, and never the target.
    let before = |class: Option<usize>, reached: Option<usize>| {
        let class = map.classes.get(class?)?;
        let named = class.members.iter().find(|member| {
            let id = estate.text(member.vm);
            resource_name(id).eq_ignore_ascii_case(start) || id.eq_ignore_ascii_case(start)
        });
        let others = || class.members.iter().filter(|member| member.vm != asked.vm);
        let reached = reached.and_then(|at| map.classes.get(at));
        let both = |member: &&Member<'_>| {
            reached.is_some_and(|class| class.members.iter().any(|other| other.vm == member.vm))
        };
        named.or_else(|| others().find(both)).or_else(|| others().next())
    };
    let hops = path.hops.iter().enumerate().map(|(at, hop)| {
        let class = map.classes.get(hop.to);
        let members = class.map(|class| class.members.as_slice()).unwrap_or_default();
        let target = members.iter().find(|member| (member.vm == asked.vm) == (at == last));
        let to = target.or(members.first());
        let address = to.and_then(|member| member.ip.address.as_ref()?.value().copied());
        let endpoint = map.endpoint(hop.to);
        let from_endpoint = hop.from.and_then(|from| map.endpoint(from));
        let [out_nic, out_subnet] = hop.outward;
        let previous = at.checked_sub(1).and_then(|at| path.hops.get(at)).map(|hop| hop.to);
        let sender = before(hop.from, previous);
        let remote = sender.and_then(|member| member.ip.address.as_ref()?.value().copied());
        let remote = remote.filter(|_| hop.via.is_none()).unwrap_or(hop.packet.remote);
        let others = members.iter().filter(|member| member.vm != asked.vm).count();
        HopForm {
            from: sender.map_or(start, |member| estate.text(member.vm)).to_owned(),
            to: to.map_or_else(String::new, |member| estate.text(member.vm).to_owned()),
            alike: if at == last { 0 } else { others.saturating_sub(1) },
            certain: hop.certain,
            via: hop.via.map(|via| format!("{} {}", noun(estate.text(via)), estate.text(via))),
            packet: WitnessForm {
                from: end(Some(remote), hop.packet.remote_port, hop.packet.protocol),
                to: end(address, hop.packet.local_port, hop.packet.protocol),
                protocol: hop.packet.protocol.name(),
            },
            outward: from_endpoint
                .map(|endpoint| rules(estate, endpoint, [out_subnet, out_nic], None))
                .unwrap_or_default(),
            inward: endpoint.map(|endpoint| rules(estate, endpoint, hop.inward, None)).unwrap_or_default(),
        }
    });
    PathForm { certain: path.certain(), hops: hops.collect() }
}

impl SourcesForm {
    /// Who gets through, in words.
    pub(crate) fn text(&self, lang: Lang) -> String {
        if self.everyone {
            let count = grouped(self.internet_ipv4_addresses);
            return match (self.internet_ipv4_addresses, lang) {
                (0, Lang::En) => "the whole internet".to_owned(),
                (0, Lang::Ja) => "インターネット全体".to_owned(),
                (_, Lang::En) => format!("the whole internet ({count} addresses)"),
                (_, Lang::Ja) => format!("インターネット全体 ({count} 個のアドレス)"),
            };
        }
        let mut ranges = self.ranges.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        if self.ranges.len() > 4 || self.more_ranges {
            ranges += ", …";
        }
        match (self.internet_ipv4_addresses, lang) {
            (0, _) => ranges,
            (1, Lang::En) => format!("1 internet address ({ranges})"),
            (count, Lang::En) => format!("{} internet addresses ({ranges})", grouped(count)),
            (count, Lang::Ja) => format!("インターネットのアドレス {} 個 ({ranges})", grouped(count)),
        }
    }
}

impl RowForm {
    /// `TCP 22`, or all ports of all protocols in words.
    pub(crate) fn what(&self, lang: Lang) -> String {
        match (self.protocol.as_str(), self.ports.as_str()) {
            ("*", "*") => pick(lang, "every port and protocol", "すべてのポートとプロトコル").to_owned(),
            (protocol @ ("tcp" | "udp"), "*") => {
                let protocol = protocol.to_ascii_uppercase();
                pick(lang, format!("every {protocol} port"), format!("{protocol} のすべてのポート"))
            }
            (protocols, "*") => {
                let names: Vec<_> = protocols.split(',').map(str::to_ascii_uppercase).collect();
                let names = names.join(", ");
                pick(lang, format!("all of {names}"), format!("{names} のすべて"))
            }
            ("*", ports) => pick(lang, format!("port {ports}"), format!("ポート {ports}")),
            (protocol, ports) => format!("{} {ports}", protocol.to_ascii_uppercase()),
        }
    }
}

impl RuleForm {
    /// `web-nsg / allow-ssh`.
    pub(crate) fn text(&self) -> String {
        let own = self.rule.rsplit('/').next().unwrap_or(&self.rule);
        match self.level {
            "admin" => clean(own).into_owned(),
            _ => format!("{} / {}", clean(resource_name(&self.nsg)), clean(own)),
        }
    }
}

/// A VM by its name; the words of a beginning as they are.
pub(crate) fn name_of(id: &str, lang: Lang) -> String {
    match id {
        "internet" => pick(lang, "internet", "インターネット").to_owned(),
        "network" => pick(lang, "the network", "仮想ネットワーク").to_owned(),
        "anywhere" => pick(lang, "anywhere", "任意の送信元").to_owned(),
        id if id.contains("/providers/") => clean(resource_name(id)).into_owned(),
        other => clean(other).into_owned(),
    }
}
