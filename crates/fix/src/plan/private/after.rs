//! The groups of a machine as they will be, made of its records with the writes in them.

use estate::{Direction, Estate, Family, Known, Nic, PortSet, Range, ResourceId, Space, Vm, of_text};
use reach::{Addresses, Endpoint, Level, Protocols, Reach, of_space};
use serde_json::{Value, json};

use crate::plan::{Planner, Step};
use crate::write::{Act, State, Write};

/// The machine behind its groups as the steps of a plan make them.
pub(super) struct After<'d, 'p> {
    planner: &'d Planner<'p>,
    vm: &'d Vm,
    /// The machine, what it stands in, and nothing else; none where the records do not tell.
    estate: Option<Estate>,
}

impl<'d, 'p> After<'d, 'p> {
    pub(super) fn new(planner: &'d Planner<'p>, vm: &'d Vm, networks: &[ResourceId], steps: &[Step]) -> Self {
        let estate = planner.estate;
        let mut ids: Vec<ResourceId> = vec![vm.id];
        ids.extend(networks);
        let known = |field: &Option<Known<ResourceId>>| field.as_ref().and_then(Known::value).copied();
        for nic in vm.nics.iter().filter_map(|id| estate.nic(*id)) {
            ids.push(nic.id);
            ids.extend(known(&nic.nsg));
            let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
            for subnet in ips.filter_map(|ip| estate.subnet(known(&ip.subnet)?)) {
                ids.push(subnet.id);
                ids.extend(known(&subnet.nsg));
                ids.extend(known(&subnet.route_table));
            }
        }
        ids.sort_by_key(|id| estate.text(*id).to_ascii_lowercase());
        ids.dedup();
        // A group or network of which there is no record may do anything; subnets stand in their networks.
        let told = |id: &&ResourceId| {
            estate.subnet(**id).is_some()
                || estate.route_table(**id).is_some()
                || (planner.record)(**id).is_some()
        };
        let whole = ids.iter().all(|id| told(&id) || networks.contains(id));
        let mut records: Vec<Value> = ids
            .into_iter()
            .filter_map(|id| {
                let mut record = (planner.record)(id)?;
                record.as_object_mut()?.insert("id".to_owned(), json!(estate.text(id)));
                Some(record)
            })
            .collect();
        let made = whole && steps.iter().all(|step| make(&mut records, &step.write).is_some());
        Self { planner, vm, estate: made.then(|| read(&records)) }
    }

    /// Whether all packets from some addresses certainly get to all of these TCP ports, on one of its addresses.
    /// None where the records do not tell.
    pub(super) fn lets_in(&self, from: &[Addresses; 2], ports: &PortSet) -> Option<bool> {
        if ports.is_empty() {
            return Some(false);
        }
        let estate = self.estate.as_ref()?;
        let mine = self.planner.estate.text(self.vm.id);
        let vm = estate.ids().find(mine).and_then(|id| estate.vm(id));
        let reach = Reach::new(estate);
        let nics = vm.into_iter().flat_map(|vm| &vm.nics).filter_map(|id| estate.nic(*id));
        Some(nics.into_iter().any(|nic| {
            let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
            ips.into_iter().any(|ip| {
                let [v4, v6] = from;
                let senders = if ip.family == Family::V4 { v4 } else { v6 };
                let mut endpoint = Endpoint::new(estate, nic, ip);
                // The tag of a network holds what is connected to it, who comes by a gateway included.
                // https://learn.microsoft.com/azure/virtual-network/service-tags-overview
                let tag = &mut endpoint.network.tag;
                (tag.must, tag.may) = (tag.must.union(senders), tag.may.union(senders));
                let levels = [&endpoint.subnet_level, &endpoint.nic_level];
                !senders.is_empty()
                    && self.is_not_overruled(nic, estate, &ip.name, senders, ports)
                    && levels.into_iter().all(|level| passes(&reach, level, &endpoint, senders, ports))
            })
        }))
    }

    /// Whether no admin rule stops packets: steps change none of these, so that what they let through now they do afterwards.
    fn is_not_overruled(
        &self,
        nic: &Nic,
        theirs: &Estate,
        part: &str,
        senders: &Addresses,
        ports: &PortSet,
    ) -> bool {
        let estate = self.planner.estate;
        if estate.admin_rules.is_empty() {
            return true;
        }
        let nic = estate.ids().find(theirs.text(nic.id)).and_then(|id| estate.nic(id));
        let ips = nic.and_then(|nic| nic.ip_configurations.as_ref()?.value());
        let ip = ips.and_then(|ips| ips.iter().find(|ip| *ip.name == *part));
        let (Some(nic), Some(ip)) = (nic, ip) else { return false };
        let mut endpoint = Endpoint::new(estate, nic, ip);
        let tag = &mut endpoint.network.tag;
        (tag.must, tag.may) = (tag.must.union(senders), tag.may.union(senders));
        let passage = self.planner.reach.passing(endpoint, Direction::Inbound, senders);
        passage.unknown.is_empty()
            && ports.ranges().iter().all(|range| {
                let ports: PortSet = [*range].into_iter().collect();
                let here = passage.openings.iter().filter(|opening| {
                    opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains_all(&ports)
                });
                let must = here.fold(Addresses::empty(), |sum, opening| sum.union(&opening.internet.must));
                must.contains_all(senders)
            })
    }
}

/// Whether a group lets all packets from some addresses through to all of these TCP ports.
fn passes(
    reach: &Reach<'_>,
    level: &Level,
    endpoint: &Endpoint,
    senders: &Addresses,
    ports: &PortSet,
) -> bool {
    let answer = match level {
        Level::Open => return true,
        Level::Unknown(_) => return false,
        Level::Group(id) => reach.decided(*id, Direction::Inbound, endpoint),
    };
    answer.is_some_and(|answer| {
        let good = answer.regions().filter_map(|(addresses, cells)| {
            let here: Vec<_> = cells
                .filter(|cell| cell.protocols.contains(Protocols::TCP) && cell.local_ports.overlaps(ports))
                .collect();
            let covered = here.iter().fold(PortSet::default(), |sum, cell| sum.union(cell.local_ports));
            let allowed = here.iter().all(|cell| cell.verdict.access == reach::RuleAccess::Allow);
            (allowed && covered.contains_all(ports)).then_some(addresses)
        });
        good.fold(Addresses::empty(), |sum, more| sum.union(&more)).contains_all(senders)
    })
}

/// Makes a write in records, if it is one of a rule or of a whole record among them; nothing where it cannot be made.
fn make(records: &mut [Value], write: &Write) -> Option<()> {
    let id = |record: &Value| record.get("id").and_then(Value::as_str).map(str::to_owned);
    let is = |record: &Value, wanted: &str| id(record).is_some_and(|id| id.eq_ignore_ascii_case(wanted));
    let Some((group, rule)) = write.target.split_once("/securityRules/") else {
        // NICs and subnets change nothing that lets packets in from the network.
        return Some(());
    };
    let record = records.iter_mut().find(|record| is(record, group))?;
    let rules = record.get_mut("properties")?.get_mut("securityRules")?.as_array_mut()?;
    let name = |one: &Value| one.get("name").and_then(Value::as_str).map(str::to_owned);
    let place = rules.iter().position(|one| name(one).is_some_and(|name| name.eq_ignore_ascii_case(rule)));
    if write.state(place.and_then(|place| rules.get(place))) != State::Was {
        return None;
    }
    match &write.act {
        Act::Put { becomes, .. } => {
            let new = json!({"name": rule, "properties": becomes.get("properties")?});
            match place.and_then(|place| rules.get_mut(place)) {
                Some(old) => *old = new,
                None => rules.push(new),
            }
        }
        Act::Delete { .. } => drop(rules.remove(place?)),
        Act::Edit { .. } | Act::Run { .. } => return None,
    }
    Some(())
}

/// An estate of a few records.
fn read(records: &[Value]) -> Estate {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    of_text(text.as_bytes())
}

pub(super) fn wide(range: &Range<u32>) -> Range<u128> {
    Range { first: range.first.into(), last: range.last.into() }
}

pub(super) fn one_range(first: u128, last: u128) -> Addresses {
    [Range { first, last }].into_iter().collect()
}

/// A space as sets of each family.
pub(super) fn sets(space: &Space) -> [Addresses; 2] {
    [Family::V4, Family::V6].map(|family| of_space(space, family))
}
