//! What resources of their own say of another one: associations, and parts such as rules, routes and subnets.
//!
//! INVARIANT: an association whose target is not known never looks like none: whatever it may be of has the field as
//! unknown.

use hashbrown::{HashMap, HashSet};

use super::associations::{ADDED, Association, MEMBERS, NIC, ONE};
use super::block::Block;
use super::body::Props;
use super::estate::Estate;
use super::fate::Fate;
use super::ids::{MACHINES, Scheme, scheme};
use super::joint::{Among, Joint};
use super::leaving::Leaving;
use crate::fault::{Fault, FaultKind, What};
use crate::value::{Span, Value};

/// What is put into the IP configurations of a NIC.
pub(super) struct Membership {
    /// The list that it goes to.
    pub(super) list: &'static str,
    /// The name of the configuration; every one of them where it is none.
    pub(super) configuration: Option<String>,
    pub(super) member: Value,
}

/// A property of a resource that the plan does not hold.
pub(super) struct Elsewhere {
    pub(super) id: Value,
    pub(super) kind: &'static str,
    pub(super) number: usize,
    pub(super) at: Span,
    pub(super) properties: Props,
}

#[derive(Default)]
pub(super) struct Belongings {
    /// Properties by resource.
    fields: HashMap<usize, Vec<(&'static str, Value)>>,
    /// Elements of lists by resource.
    lists: HashMap<usize, Vec<(&'static str, Value)>>,
    memberships: HashMap<usize, Vec<Membership>>,
    /// Properties, elements and memberships of whatever is of a kind.
    any_field: HashMap<&'static str, Vec<(&'static str, Value)>>,
    any_element: HashMap<&'static str, Vec<(&'static str, Value)>>,
    any_member: Vec<(&'static str, Value)>,
    pub(super) elsewhere: Vec<Elsewhere>,
    elsewhere_by_id: HashMap<String, usize>,
    /// Machines by the disks that they have.
    owners: HashMap<usize, Value>,
    /// Set where any disk may have a machine.
    any_owner: Option<Value>,
    disks: HashMap<usize, Vec<Value>>,
    /// Parts that stand in their owner's lists.
    pub(super) placed: HashSet<usize>,
    /// Owners and lists that resources of azapi are parts of.
    azapi_parts: HashSet<(usize, String)>,
    pub(super) leaving: Leaving,
    pub(super) faults: Vec<Fault>,
}

/// More candidates than these are as good as any.
const CANDIDATES: usize = 16;

impl Belongings {
    /// What the associations of a plan say.
    pub(super) fn read(estate: &Estate<'_>) -> Self {
        let mut all = Self { leaving: Leaving::read(estate), ..Self::default() };
        for (number, resource) in estate.input.resources.iter().enumerate() {
            let is_planned = !resource.data && resource.fate != Fate::Leaves;
            let Some(block) = estate.block(number).filter(|_| is_planned) else { continue };
            if let Some(one) = ONE.iter().find(|one| one.kind == resource.kind) {
                all.take_field(estate, &block, one);
            } else if let Some((_, list, attribute, kind)) = MEMBERS.iter().find(|it| it.0 == resource.kind) {
                all.take_member(estate, &block, list, attribute, kind);
            } else if let Some((_, list, attribute, kind)) = ADDED.iter().find(|it| it.0 == resource.kind) {
                let value = estate.reference(&block, attribute, &[kind]);
                all.add(estate, &block, ("nat_gateway_id", "azurerm_nat_gateway"), list, value);
            } else if resource.kind == "azurerm_lb_backend_address_pool_address" {
                let address = pool_address(estate, &block);
                let target = ("backend_address_pool_id", "azurerm_lb_backend_address_pool");
                all.add(estate, &block, target, "loadBalancerBackendAddresses", Some(address));
            } else if resource.kind == "azurerm_virtual_machine_data_disk_attachment" {
                all.take_disk(estate, &block);
            } else if resource.kind == "azapi_resource" {
                let id = estate.id(number);
                let part = super::leaving::part(&id)
                    .and_then(|(owner, list, _)| Some((estate.at_id(&owner)?, list)));
                all.azapi_parts.extend(part);
            }
        }
        for one in std::mem::take(&mut all.leaving.elsewhere) {
            let (Some(block), Some(resource)) = (estate.block(one.number), estate.resource(one.number))
            else {
                continue;
            };
            let doubt = block.doubt(one.field, one.at);
            // Another association may take its place.
            if all.put_elsewhere(one.id, one.kind, &block, (one.field, doubt), false) {
                all.leaving.note(resource.kind, one.at);
            }
        }
        all
    }

    fn take_field(&mut self, estate: &Estate<'_>, block: &Block<'_>, one: &Association) {
        let (target, kind, arm) = one.target;
        let (attribute, wanted) = one.value;
        let value = estate.reference(block, attribute, &[wanted]);
        let is_put_off = estate.resource(block.resource).is_some_and(|own| own.fate != Fate::Stays);
        let value = value.filter(|_| !is_put_off).unwrap_or_else(|| block.doubt(attribute, block.at));
        match self.target(estate, block, target, kind) {
            Joint::To(_, Some(number)) => {
                self.fields.entry(number).or_default().insert(0, (one.field, value))
            }
            Joint::To(id, None) => {
                self.put_elsewhere(id, arm, block, (one.field, value), true);
            }
            Joint::Open(doubt, among) => {
                let doubt = block.doubt(attribute, doubt.at);
                match few(among) {
                    Some(numbers) => {
                        for number in numbers {
                            self.fields.entry(number).or_default().push((one.field, doubt.clone()));
                        }
                    }
                    None => push_once(self.any_field.entry(kind).or_default(), one.field, doubt),
                }
            }
        }
    }

    fn take_member(
        &mut self,
        estate: &Estate<'_>,
        block: &Block<'_>,
        list: &'static str,
        attribute: &'static str,
        kind: &'static str,
    ) {
        let member = match kind {
            "azurerm_application_gateway" => Some(gateway_pool(estate, block, attribute)),
            _ => estate.reference(block, attribute, &[kind]),
        };
        let member = member.unwrap_or_else(|| block.doubt(attribute, block.at));
        let configuration = block.text("ip_configuration_name");
        let member = |doubt: bool, at: Span| Membership {
            list,
            configuration: configuration.clone(),
            member: if doubt { block.doubt(attribute, at) } else { member.clone() },
        };
        let (target, kind, _) = NIC;
        match self.target(estate, block, target, kind) {
            Joint::To(id, Some(number)) => {
                self.memberships.entry(number).or_default().push(member(false, id.at))
            }
            // Whose configurations are not in the plan cannot be added to.
            Joint::To(id, None) => self.fault(block, target, id.at),
            Joint::Open(doubt, among) => match few(among) {
                Some(numbers) => {
                    for number in numbers {
                        self.memberships.entry(number).or_default().push(member(true, doubt.at));
                    }
                }
                None => push_once(&mut self.any_member, list, member(true, doubt.at).member),
            },
        }
    }

    fn add(
        &mut self,
        estate: &Estate<'_>,
        block: &Block<'_>,
        (target, kind): (&'static str, &'static str),
        list: &'static str,
        value: Option<Value>,
    ) {
        let value = value.unwrap_or_else(|| block.doubt(target, block.at));
        let joint = self.target(estate, block, target, kind);
        self.put(block, joint, kind, list, value);
    }

    /// Puts an element into the list of its owner; whether it has one in the plan.
    fn put(
        &mut self,
        block: &Block<'_>,
        joint: Joint,
        kind: &'static str,
        list: &'static str,
        value: Value,
    ) -> bool {
        match joint {
            Joint::To(_, Some(number)) => {
                self.lists.entry(number).or_default().push((list, value));
                true
            }
            Joint::To(_, None) | Joint::Open(_, Among::Elsewhere) => false,
            Joint::Open(doubt, among) => {
                let element = block.doubt(list, doubt.at);
                match few(among) {
                    Some(numbers) => {
                        for number in numbers {
                            self.lists.entry(number).or_default().push((list, element.clone()));
                        }
                    }
                    None => push_once(self.any_element.entry(kind).or_default(), list, element),
                }
                false
            }
        }
    }

    fn take_disk(&mut self, estate: &Estate<'_>, block: &Block<'_>) {
        let disk = estate.joint(block, "managed_disk_id", &["azurerm_managed_disk"]);
        let machine = estate.joint(block, "virtual_machine_id", MACHINES);
        let owner = match &machine {
            Some(Joint::To(machine, _)) => machine.clone(),
            Some(Joint::Open(doubt, _)) => doubt.clone(),
            None => block.doubt("virtual_machine_id", block.at),
        };
        match &disk {
            Some(Joint::To(_, Some(disk))) => drop(self.owners.insert(*disk, owner)),
            Some(Joint::Open(doubt, Among::Any | Among::These(_))) => self.any_owner = Some(doubt.clone()),
            _ => {}
        }
        let mut element = Props::default();
        element.take(block, &[("lun", "lun"), ("caching", "caching")]);
        element.text("createOption", "Attach", block.at);
        element.maybe("managedDisk", disk.map(Joint::reference));
        if let Some(Joint::To(_, Some(machine))) = machine {
            self.disks.entry(machine).or_default().push(element.object(block.at));
        }
    }

    /// What an association is of. One that is not known is told.
    fn target(&mut self, estate: &Estate<'_>, block: &Block<'_>, attribute: &str, kind: &str) -> Joint {
        let joint = estate.joint(block, attribute, &[kind]);
        let joint = joint.unwrap_or_else(|| Joint::Open(block.doubt(attribute, block.at), Among::Any));
        if let Joint::Open(doubt, Among::Any | Among::These(_)) = &joint {
            self.fault(block, attribute, doubt.at);
        }
        joint
    }

    fn fault(&mut self, block: &Block<'_>, attribute: &str, at: Span) {
        let kind = FaultKind::Missing { what: What::Resource, name: block.address(attribute).into() };
        self.faults.push(Fault::new(kind, at));
    }

    /// Sets a property of what the plan does not hold; whether it did. What is certain counts.
    fn put_elsewhere(
        &mut self,
        id: Value,
        kind: &'static str,
        block: &Block<'_>,
        (field, value): (&'static str, Value),
        certain: bool,
    ) -> bool {
        let key = id.text().map_or_else(|| id.key(), str::to_owned).to_lowercase();
        let next = self.elsewhere.len();
        let at = *self.elsewhere_by_id.entry(key).or_insert(next);
        if at == next {
            let properties = Props::default();
            self.elsewhere.push(Elsewhere { id, kind, number: block.resource, at: block.at, properties });
        }
        let Some(one) = self.elsewhere.get_mut(at).filter(|one| certain || !one.properties.has(field)) else {
            return false;
        };
        one.properties.set(field, value);
        true
    }

    /// Puts a part into the list of what it is a part of; whether that is in the plan.
    pub(super) fn place(&mut self, estate: &Estate<'_>, number: usize, element: Value) {
        let (Some(block), Some(resource)) = (estate.block(number), estate.resource(number)) else { return };
        let (joint, kind, list) = match scheme(resource.kind) {
            Some(Scheme::NamedPart(attribute, kind, list)) => {
                (estate.by_name(&block, attribute, kind), kind, list)
            }
            Some(Scheme::Part(attribute, [kind], list)) => match estate.joint(&block, attribute, &[kind]) {
                Some(joint) => (joint, *kind, list),
                None => return,
            },
            _ => return,
        };
        // What is not converted has no lists.
        let joint = match joint {
            Joint::To(id, Some(owner)) if !super::convert::is_converted(estate, owner) => Joint::To(id, None),
            joint => joint,
        };
        if let Joint::Open(doubt, Among::Any | Among::These(_)) = &joint {
            self.fault(&block, list, doubt.at);
        }
        if self.put(&block, joint, kind, list, element) {
            self.placed.insert(number);
        }
    }

    /// Puts what belongs to a resource into it. What it says itself counts less than an association.
    pub(super) fn complete(&self, kind: &str, number: usize, properties: &mut Props, at: Span) {
        self.leaving.take_from(number, properties);
        let mut set: HashSet<&'static str> = HashSet::new();
        for (name, value) in self.fields.get(&number).into_iter().flatten() {
            // Those that are certain come first.
            if set.insert(name) {
                properties.set(name, value.clone());
            }
        }
        for (name, value) in self.any_field.get(kind).into_iter().flatten() {
            if !properties.has(name) {
                properties.set(name, value.clone());
            }
        }
        let mut grouped: Vec<(&'static str, Vec<Value>)> = Vec::new();
        let own = self.lists.get(&number).into_iter().flatten();
        for (name, value) in own.chain(self.any_element.get(kind).into_iter().flatten()).cloned() {
            match grouped.iter_mut().find(|(list, _)| *list == name) {
                Some((_, all)) => all.push(value),
                None => grouped.push((name, vec![value])),
            }
        }
        for (name, values) in grouped {
            properties.append(name, values, at);
        }
    }

    /// Whether resources of their own are elements of a list.
    pub(super) fn has_parts(&self, number: usize, list: &str) -> bool {
        let own = self.lists.get(&number).into_iter().flatten().any(|(name, _)| *name == list);
        own || self.azapi_parts.contains(&(number, list.to_lowercase()))
    }

    /// The machine that has a disk.
    pub(super) fn owner(&self, disk: usize) -> Option<Value> {
        self.owners.get(&disk).or(self.any_owner.as_ref()).cloned()
    }

    /// The disks that associations attach to a machine.
    pub(super) fn disks(&self, number: usize) -> Vec<Value> {
        self.disks.get(&number).cloned().unwrap_or_default()
    }

    /// Puts what an IP configuration is a member of into it.
    pub(super) fn join(&self, number: usize, name: Option<&str>, properties: &mut Props, at: Span) {
        for one in self.memberships.get(&number).into_iter().flatten() {
            let same = match (&one.configuration, name) {
                (Some(wanted), Some(name)) => wanted.eq_ignore_ascii_case(name),
                _ => true,
            };
            if same {
                properties.append(one.list, vec![one.member.clone()], at);
            }
        }
        for (list, value) in &self.any_member {
            properties.append(list, vec![value.clone()], at);
        }
    }
}

/// The candidates, unless they are so many that any may be meant.
fn few(among: Among) -> Option<Vec<usize>> {
    match among {
        Among::These(numbers) if numbers.len() <= CANDIDATES => Some(numbers),
        Among::These(_) | Among::Any => None,
        Among::Elsewhere => Some(Vec::new()),
    }
}

fn push_once(list: &mut Vec<(&'static str, Value)>, name: &'static str, value: Value) {
    if !list.iter().any(|(own, _)| *own == name) {
        list.push((name, value));
    }
}

fn pool_address(estate: &Estate<'_>, block: &Block<'_>) -> Value {
    let mut properties = Props::default();
    properties.take(block, &[("ipAddress", "ip_address")]);
    properties
        .maybe("virtualNetwork", estate.reference(block, "virtual_network_id", &["azurerm_virtual_network"]));
    super::body::named(block, properties)
}

/// The pool of an application gateway: a block, so that only a gateway with one pool tells which it is.
fn gateway_pool(estate: &Estate<'_>, block: &Block<'_>, attribute: &str) -> Value {
    let Some(value) = block.filled(attribute) else { return block.doubt(attribute, block.at) };
    let at = value.at;
    if value.text().is_some() {
        return Value::of_object(vec![("id", value)], at);
    }
    let kind = "azurerm_application_gateway";
    let gateway = match estate.resources_behind(block, attribute, kind, "backend_address_pool").as_slice() {
        [only] => *only,
        _ => return block.doubt(attribute, at),
    };
    let pools = estate.block(gateway).map(|gateway| gateway.blocks("backend_address_pool"));
    let pools = pools.filter(|pools| pools.unknown.is_none()).map(|pools| pools.all).unwrap_or_default();
    match pools.as_slice() {
        [pool] => {
            let id = estate.part_of(&estate.id(gateway), "backendAddressPools", pool, "name");
            Value::of_object(vec![("id", id)], at)
        }
        _ => block.doubt(attribute, at),
    }
}
