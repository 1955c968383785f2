//! What `az network watcher test-ip-flow` asks: does a flow pass the groups of a NIC?
//!
//! Source: <https://learn.microsoft.com/azure/network-watcher/ip-flow-verify-overview>. Security admin rules
//! come before the groups; routes, public addresses and their SKUs play no part.

use std::net::IpAddr;
use std::sync::Arc;

use estate::{
    AdminAccess, Direction, Estate, Family, IpConfiguration, Kind, Known, Nic, PortSet, Reason, ResourceId,
    Vm, resource_group, resource_name,
};

use hashbrown::HashMap;

use crate::addresses::number;
use crate::admin::AdminAnswer;
use crate::cache::Reach;
use crate::endpoint::{Endpoint, Level};
use crate::group::GroupAnswer;
use crate::packet::Protocols;
use crate::rules::{NO_ADMIN_RULE, RuleAccess, RuleRef};

/// A question.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The VM: a name, `group/name` or an id, in any case.
    pub vm: String,
    /// One of its NICs by name or id, where the local address does not tell.
    pub nic: Option<String>,
    /// Which way the flow goes.
    pub direction: Direction,
    /// Its protocol, or all of them.
    pub protocols: Protocols,
    /// The address on the VM.
    pub local: IpAddr,
    /// The ports on the VM.
    pub local_ports: PortSet,
    /// The address of the other side.
    pub remote: IpAddr,
    /// The ports of the other side.
    pub remote_ports: PortSet,
}

/// Whether a flow passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowAccess {
    /// All of it.
    Allow,
    /// None of it.
    Deny,
    /// Some of the ports or protocols asked for.
    Partial,
    /// Nobody can tell.
    Unknown,
}

impl FlowAccess {
    /// The word that Azure answers with, and ours where it has none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
            Self::Partial => "Partial",
            Self::Unknown => "Unknown",
        }
    }
}

/// What one group does with a part of the flow.
#[derive(Clone, Debug)]
pub struct Part {
    /// The protocols of the part.
    pub protocols: Protocols,
    /// The ports on the VM.
    pub local_ports: PortSet,
    /// The ports of the other side.
    pub remote_ports: PortSet,
    /// What happens to it.
    pub access: FlowAccess,
    /// The rule that decides, or may.
    pub rule: RuleRef,
}

/// What one level does with the flow.
#[derive(Clone, Debug)]
pub struct LevelAnswer {
    /// `subnet` or `nic`.
    pub level: &'static str,
    /// The group, if there is one and it is known.
    pub nsg: Option<ResourceId>,
    /// Why nothing is known.
    pub unknown: Option<Reason>,
    /// What the group does; empty without a group.
    pub parts: Vec<Part>,
}

/// What security admin rules do with a part of the flow, before all groups.
#[derive(Clone, Debug)]
pub struct AdminPart {
    /// The part.
    pub part: Part,
    /// What happens to it, if that is known: nothing where no rule matches.
    pub access: Option<Option<AdminAccess>>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct FlowAnswer {
    /// The NIC that was asked.
    pub nic: ResourceId,
    /// Whether the flow passes.
    pub access: FlowAccess,
    /// The group and rule that decide: the first that denies, else the last that allows.
    pub rule: Option<(ResourceId, RuleRef)>,
    /// What security admin rules do; empty without any.
    pub admin: Vec<AdminPart>,
    /// Both levels, in Azure's order.
    pub chain: Vec<LevelAnswer>,
}

/// Why a question cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowError {
    /// No VM or NIC has this name.
    NoSuch {
        /// What was looked for.
        kind: Kind,
        /// Its name.
        name: String,
        /// Names that exist.
        similar: Vec<String>,
    },
    /// Several have it.
    Ambiguous {
        /// Their ids.
        ids: Vec<String>,
    },
    /// The VM has no such address.
    NoSuchAddress {
        /// The address.
        address: IpAddr,
        /// Those that it has.
        known: Vec<IpAddr>,
    },
    /// The two addresses are not of one family.
    MixedFamilies,
}

/// Answers a question.
pub fn flow(reach: &Reach<'_>, finder: &Finder<'_>, flow: &Flow) -> Result<FlowAnswer, FlowError> {
    let estate = reach.estate();
    if Family::of(flow.local) != Family::of(flow.remote) {
        return Err(FlowError::MixedFamilies);
    }
    let vm = finder.vm(&flow.vm)?;
    let (nic, ip) = match find_address(estate, vm, flow) {
        Ok(found) => found,
        Err(error) => {
            // An address that none of the known NICs has may be that of one that is not told.
            let missing =
                vm.nics.iter().find(|id| estate.nic(**id).is_none_or(|nic| nic.ip_configurations.is_none()));
            let Some(missing) = missing.filter(|_| matches!(error, FlowError::NoSuchAddress { .. })) else {
                return Err(error);
            };
            let unknown = Some(estate.missing(Kind::Nic, *missing));
            let level = |level| LevelAnswer { level, nsg: None, unknown: unknown.clone(), parts: Vec::new() };
            let chain = vec![level("subnet"), level("nic")];
            let admin = Vec::new();
            return Ok(FlowAnswer { nic: *missing, access: FlowAccess::Unknown, rule: None, admin, chain });
        }
    };
    let mut endpoint = Endpoint::new(estate, nic, ip);
    endpoint.address = Some(flow.local);
    let network = reach.network_number(&endpoint);
    let mut levels = [("subnet", &endpoint.subnet_level), ("nic", &endpoint.nic_level)];
    if flow.direction == Direction::Outbound {
        levels.reverse();
    }
    let chain: Vec<LevelAnswer> = levels
        .into_iter()
        .map(|(name, level)| {
            let empty = LevelAnswer { level: name, nsg: None, unknown: None, parts: Vec::new() };
            match level {
                Level::Open => empty,
                Level::Unknown(reason) => LevelAnswer { unknown: Some(reason.as_ref().clone()), ..empty },
                Level::Group(id) => {
                    let answer = reach.group(*id, flow.direction, &endpoint, network);
                    let parts = answer.map(|answer| parts(&answer, flow)).unwrap_or_default();
                    LevelAnswer { nsg: Some(*id), parts, ..empty }
                }
            }
        })
        .collect();
    let admin = match reach.admin(flow.direction, &endpoint, network) {
        Some((_, answer)) => admin_parts(reach, &answer, flow),
        None => Vec::new(),
    };
    let (access, rule) = together(estate, &admin, &chain);
    Ok(FlowAnswer { nic: nic.id, access, rule, admin, chain })
}

/// Finds VMs by the names that people use.
pub struct Finder<'e> {
    estate: &'e Estate,
    by_name: HashMap<String, Vec<&'e Vm>>,
}

impl<'e> Finder<'e> {
    /// Prepares an estate.
    pub fn new(estate: &'e Estate) -> Self {
        let mut by_name: HashMap<String, Vec<&Vm>> = HashMap::with_capacity(estate.vms.len());
        for vm in &estate.vms {
            by_name.entry(resource_name(estate.text(vm.id)).to_ascii_lowercase()).or_default().push(vm);
        }
        Self { estate, by_name }
    }

    /// The VM or scale set with this name, `group/name` or id, in any case.
    pub fn machine(&self, name: &str) -> Result<ResourceId, FlowError> {
        let error = match self.vm(name) {
            Ok(vm) => return Ok(vm.id),
            Err(error @ FlowError::Ambiguous { .. }) => return Err(error),
            Err(error) => error,
        };
        let wanted = name.trim_matches('/');
        let fits = |id: &&ResourceId| {
            let text = self.estate.text(**id);
            let grouped = || Some(format!("{}/{}", resource_group(text)?, resource_name(text)));
            text.trim_matches('/').eq_ignore_ascii_case(wanted)
                || resource_name(text).eq_ignore_ascii_case(wanted)
                || grouped().is_some_and(|its| its.eq_ignore_ascii_case(wanted))
        };
        let sets: Vec<ResourceId> = self.estate.scale_sets.iter().map(|set| set.id).collect();
        match sets.iter().filter(fits).collect::<Vec<_>>().as_slice() {
            [] => Err(error),
            [only] => Ok(**only),
            several => {
                let mut ids: Vec<_> = several.iter().map(|id| self.estate.text(**id).to_owned()).collect();
                ids.sort_unstable();
                Err(FlowError::Ambiguous { ids })
            }
        }
    }

    /// The VM with this name, `group/name` or id, in any case.
    pub fn vm(&self, name: &str) -> Result<&'e Vm, FlowError> {
        let wanted = name.trim_matches('/');
        let own = wanted.rsplit('/').next().unwrap_or(wanted).to_ascii_lowercase();
        let fits = |vm: &&&Vm| {
            let id = self.estate.text(vm.id);
            match wanted.split_once('/') {
                None => true,
                Some((group, rest)) if !rest.contains('/') => {
                    resource_group(id).is_some_and(|its| its.eq_ignore_ascii_case(group))
                }
                Some(_) => id.trim_matches('/').eq_ignore_ascii_case(wanted),
            }
        };
        let found: Vec<&Vm> = self.by_name.get(&own).into_iter().flatten().filter(fits).copied().collect();
        match found.as_slice() {
            [only] => Ok(only),
            [] => {
                let mut names: Vec<_> = self
                    .estate
                    .vms
                    .iter()
                    .map(|vm| resource_name(self.estate.text(vm.id)).to_owned())
                    .collect();
                names.sort_unstable();
                names.dedup();
                Err(FlowError::NoSuch { kind: Kind::Vm, name: name.to_owned(), similar: names })
            }
            several => {
                let mut ids: Vec<_> = several.iter().map(|vm| self.estate.text(vm.id).to_owned()).collect();
                ids.sort_unstable();
                Err(FlowError::Ambiguous { ids })
            }
        }
    }
}

/// The NIC and IP configuration that have the local address; one without an assigned address
/// stands for any address of its subnet.
fn find_address<'e>(
    estate: &'e Estate,
    vm: &Vm,
    flow: &Flow,
) -> Result<(&'e Nic, &'e IpConfiguration), FlowError> {
    let mut nics: Vec<&Nic> = vm.nics.iter().filter_map(|id| estate.nic(*id)).collect();
    if let Some(name) = &flow.nic {
        let all: Vec<_> = nics.iter().map(|nic| resource_name(estate.text(nic.id)).to_owned()).collect();
        nics.retain(|nic| {
            let id = estate.text(nic.id);
            resource_name(id).eq_ignore_ascii_case(name) || id.eq_ignore_ascii_case(name)
        });
        if nics.is_empty() {
            return Err(FlowError::NoSuch { kind: Kind::Nic, name: name.clone(), similar: all });
        }
    }
    let mut known = Vec::new();
    let mut open = Vec::new();
    for nic in nics {
        let Some(Known::Value(all)) = &nic.ip_configurations else { continue };
        for ip in all {
            match &ip.address {
                Some(Known::Value(address)) if *address == flow.local => return Ok((nic, ip)),
                Some(Known::Value(address)) => known.push(*address),
                _ if ip.family == Family::of(flow.local) => {
                    let endpoint = Endpoint::new(estate, nic, ip);
                    if endpoint.subnet.is_none_or(|subnet| subnet.contains(number(flow.local))) {
                        open.push((nic, ip));
                    }
                }
                _ => {}
            }
        }
    }
    match open.as_slice() {
        [only] => Ok(*only),
        _ => Err(FlowError::NoSuchAddress { address: flow.local, known }),
    }
}

/// What a group does with the packets of a flow.
fn parts(answer: &Arc<GroupAnswer>, flow: &Flow) -> Vec<Part> {
    let mut parts = Vec::new();
    for cell in answer.at(number(flow.remote)) {
        let protocols = cell.protocols.and(flow.protocols);
        let local_ports = cell.local_ports.intersection(&flow.local_ports);
        let remote_ports = cell.remote_ports.intersection(&flow.remote_ports);
        if protocols.is_empty() || local_ports.is_empty() || remote_ports.is_empty() {
            continue;
        }
        // The rule that decides, or the first that may.
        let Some((rule, _)) = cell.verdict.rules.first() else { continue };
        let access = match cell.verdict.access {
            RuleAccess::Allow => FlowAccess::Allow,
            RuleAccess::Deny => FlowAccess::Deny,
            RuleAccess::Unknown => FlowAccess::Unknown,
        };
        parts.push(Part { protocols, local_ports, remote_ports, access, rule: *rule });
    }
    parts.sort_by_key(|part| (part.local_ports.first(), part.remote_ports.first(), part.protocols));
    parts
}

/// What the admin rules do with the packets of a flow.
fn admin_parts(reach: &Reach<'_>, answer: &AdminAnswer, flow: &Flow) -> Vec<AdminPart> {
    let remote = number(flow.remote);
    let mut parts = Vec::new();
    for part in answer.parts.iter().filter(|part| part.remote.contains(remote)) {
        let protocols = part.protocols.and(flow.protocols);
        let local_ports = part.local_ports.intersection(&flow.local_ports);
        let remote_ports = part.remote_ports.intersection(&flow.remote_ports);
        if protocols.is_empty() || local_ports.is_empty() || remote_ports.is_empty() {
            continue;
        }
        let known = |rule: &RuleRef| match *rule == NO_ADMIN_RULE {
            true => Some(None),
            false => reach.admin_access(*rule).map(Some),
        };
        let may: Option<Vec<Option<AdminAccess>>> = part.rules.iter().map(known).collect();
        let leaves = |one: &Option<AdminAccess>| matches!(one, None | Some(AdminAccess::Allow));
        let access = match may.as_deref() {
            None => None,
            Some([first, rest @ ..]) if rest.iter().all(|one| one == first) => Some(*first),
            Some(all) if all.iter().all(leaves) => Some(None),
            Some(_) => None,
        };
        let word = match access {
            None => FlowAccess::Unknown,
            Some(Some(AdminAccess::Deny)) => FlowAccess::Deny,
            Some(_) => FlowAccess::Allow,
        };
        let rule = part.rules.first().copied().unwrap_or(NO_ADMIN_RULE);
        parts.push(AdminPart {
            part: Part { protocols, local_ports, remote_ports, access: word, rule },
            access,
        });
    }
    parts.sort_by_key(|admin| {
        (admin.part.local_ports.first(), admin.part.remote_ports.first(), admin.part.protocols)
    });
    parts
}

fn everything() -> Part {
    Part {
        protocols: Protocols::ALL,
        local_ports: PortSet::all(),
        remote_ports: PortSet::all(),
        access: FlowAccess::Allow,
        rule: RuleRef::Own(0),
    }
}

fn meet(one: &Part, other: &Part) -> Option<Part> {
    let part = Part {
        protocols: one.protocols.and(other.protocols),
        local_ports: one.local_ports.intersection(&other.local_ports),
        remote_ports: one.remote_ports.intersection(&other.remote_ports),
        ..other.clone()
    };
    let some = !part.protocols.is_empty() && !part.local_ports.is_empty() && !part.remote_ports.is_empty();
    some.then_some(part)
}

/// Puts all levels together, part by part.
fn together(
    estate: &Estate,
    admin: &[AdminPart],
    chain: &[LevelAnswer],
) -> (FlowAccess, Option<(ResourceId, RuleRef)>) {
    let mut outcomes: Vec<(FlowAccess, Option<(ResourceId, RuleRef)>)> = Vec::new();
    let none = [AdminPart { part: everything(), access: Some(None) }];
    for admin in if admin.is_empty() { &none } else { admin } {
        let named = match admin.part.rule {
            RuleRef::Admin(index) => {
                estate.admin_rules.get(index as usize).map(|rule| (rule.id, admin.part.rule))
            }
            _ => None,
        };
        match admin.access {
            Some(Some(AdminAccess::Deny)) => outcomes.push((FlowAccess::Deny, named)),
            Some(Some(AdminAccess::AlwaysAllow)) => outcomes.push((FlowAccess::Allow, named)),
            Some(Some(AdminAccess::Allow) | None) => by_groups(&admin.part, chain, &mut outcomes),
            None => outcomes.push((FlowAccess::Unknown, None)),
        }
    }
    let rule = match outcomes.split_first() {
        Some(((access, rule), rest)) if rest.iter().all(|(other, _)| other == access) => *rule,
        _ => None,
    };
    let all = |access: FlowAccess| outcomes.iter().all(|(its, _)| *its == access);
    let access = if outcomes.iter().any(|(access, _)| *access == FlowAccess::Unknown) {
        FlowAccess::Unknown
    } else if all(FlowAccess::Allow) {
        FlowAccess::Allow
    } else if all(FlowAccess::Deny) {
        FlowAccess::Deny
    } else {
        FlowAccess::Partial
    };
    (access, rule)
}

/// What the two groups do with a part of the flow.
fn by_groups(
    within: &Part,
    chain: &[LevelAnswer],
    outcomes: &mut Vec<(FlowAccess, Option<(ResourceId, RuleRef)>)>,
) {
    // A level is its parts, or one part that passes (no group) or may pass (unknown).
    let cells = |level: &LevelAnswer| -> Vec<(Part, Option<ResourceId>)> {
        match (&level.nsg, &level.unknown) {
            (Some(id), _) => level.parts.iter().map(|part| (part.clone(), Some(*id))).collect(),
            (None, Some(_)) => vec![(Part { access: FlowAccess::Unknown, ..everything() }, None)],
            (None, None) => vec![(everything(), None)],
        }
    };
    let mut levels = chain.iter().map(cells);
    let (first, second) = (levels.next().unwrap_or_default(), levels.next().unwrap_or_default());
    for (one, nsg) in &first {
        let Some(one) = meet(within, one) else { continue };
        for (other, other_nsg) in &second {
            if meet(&one, other).is_none() {
                continue;
            }
            let name = |part: &Part, nsg: &Option<ResourceId>| nsg.map(|nsg| (nsg, part.rule));
            outcomes.push(match (one.access, other.access) {
                (FlowAccess::Deny, _) => (FlowAccess::Deny, name(&one, nsg)),
                // Denied for certain, also where the first level may already have done it.
                (_, FlowAccess::Deny) => (FlowAccess::Deny, name(other, other_nsg)),
                (FlowAccess::Allow, FlowAccess::Allow) => {
                    (FlowAccess::Allow, name(other, other_nsg).or_else(|| name(&one, nsg)))
                }
                _ => (FlowAccess::Unknown, None),
            });
        }
    }
}
