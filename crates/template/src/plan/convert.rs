//! Which converter takes which type, and how their bodies become resources.

use hashbrown::HashMap;

use super::belongings::Belongings;
use super::block::Block;
use super::body::{Body, Props};
use super::embedded::{embedded, is_deployment};
use super::estate::Estate;
use super::fate::Fate;
use super::ids::{Scheme, is_association, scheme};
use super::{Note, NoteKind, Plan, Planned};
use super::{around, azapi, compute, disk, firewall, forward, network, scale_set};
use crate::value::{Part, Value};

/// Data sources that become resources.
pub(super) const READ: [&str; 6] = [
    "azurerm_network_security_group",
    "azurerm_virtual_network",
    "azurerm_subnet",
    "azurerm_public_ip",
    "azurerm_network_interface",
    "azurerm_route_table",
];

/// Parts that stand in the lists of what they are parts of.
const PLACED: [&str; 12] = [
    "azurerm_subnet",
    "azurerm_virtual_network_peering",
    "azurerm_network_security_rule",
    "azurerm_route",
    "azurerm_lb_backend_address_pool",
    "azurerm_lb_rule",
    "azurerm_lb_nat_rule",
    "azurerm_lb_nat_pool",
    "azurerm_lb_probe",
    "azurerm_lb_outbound_rule",
    "azurerm_firewall_nat_rule_collection",
    "azurerm_firewall_network_rule_collection",
];

/// What converters work with.
pub(super) struct Maker<'e, 'p> {
    pub(super) estate: &'e Estate<'p>,
    pub(super) belongings: Belongings,
}

/// Whether a resource becomes one of Azure.
pub(super) fn is_converted(estate: &Estate<'_>, number: usize) -> bool {
    let Some(resource) = estate.resource(number) else { return false };
    if scheme(resource.kind).is_none() || resource.fate == Fate::Leaves {
        return false;
    }
    // What is read and managed is told once.
    let known = || resource.values.is_some_and(|values| values.text("id").is_some());
    !resource.data
        || READ.contains(&resource.kind) && known() && estate.at_id(&estate.id(number)) == Some(number)
}

pub(super) fn convert(estate: &Estate<'_>) -> Plan {
    let mut maker = Maker { estate, belongings: Belongings::read(estate) };
    let mut plan = Plan { partial: estate.input.partial.clone(), ..Plan::default() };
    // Inner parts before those that hold them.
    for (number, resource) in estate.input.resources.iter().enumerate() {
        if PLACED.contains(&resource.kind)
            && is_converted(estate, number)
            && let Some(element) = maker.element(number)
        {
            maker.belongings.place(estate, number, element);
        }
    }
    let mut notes: HashMap<String, usize> = HashMap::new();
    let mut updates = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (number, resource) in estate.input.resources.iter().enumerate() {
        if resource.fate == Fate::Leaves {
            continue;
        }
        if !is_converted(estate, number) {
            let deploys = !resource.data && is_deployment(resource.kind);
            if let Some(one) = deploys.then(|| embedded(estate, number)).flatten() {
                plan.templates.push(one);
            } else if !is_association(resource.kind) {
                let kind =
                    if resource.data { format!("data.{}", resource.kind) } else { resource.kind.to_owned() };
                let place = *notes.entry(kind.clone()).or_insert(plan.notes.len());
                let what = if deploys { NoteKind::Template } else { NoteKind::Skipped };
                let at = estate.block(number).map_or(resource.at, |block| block.at);
                match plan.notes.get_mut(place) {
                    Some(note) => note.count += 1,
                    None => plan.notes.push(Note { what, kind: kind.into(), count: 1, at }),
                }
            }
            continue;
        }
        if maker.belongings.placed.contains(&number) {
            continue;
        }
        let Some(body) = maker.resource(number) else { continue };
        let planned = Planned {
            body,
            address: resource.address.clone(),
            whole: resource.kind != "azapi_update_resource",
        };
        if resource.kind == "azapi_update_resource" {
            updates.push((number, planned));
        } else {
            places.insert(number, plan.resources.len());
            plan.resources.push(planned);
        }
    }
    for (number, update) in updates {
        let target = estate.at_id(&estate.id(number)).filter(|target| *target != number);
        match target.and_then(|target| places.get(&target)).and_then(|at| plan.resources.get_mut(*at)) {
            Some(target) => target.body = azapi::updated(&target.body, &update.body),
            None => plan.resources.push(update),
        }
    }
    for one in std::mem::take(&mut maker.belongings.elsewhere) {
        let Some(resource) = estate.resource(one.number) else { continue };
        let mut whole = Props::default();
        whole.maybe("name", last(&one.id));
        whole.set("id", one.id);
        whole.text("type", one.kind, one.at);
        whole.set("properties", one.properties.object(one.at));
        plan.resources.push(Planned {
            body: whole.object(one.at),
            address: resource.address.clone(),
            whole: false,
        });
    }
    let leaving = maker.belongings.leaving;
    plan.gone = leaving.gone;
    plan.notes.extend(leaving.notes);
    let joins = estate.joins_by_index().into_iter();
    plan.notes.extend(joins.map(|(word, count, at)| Note {
        what: NoteKind::Index,
        kind: word.into(),
        count,
        at,
    }));
    plan.faults = maker.belongings.faults;
    plan.faults.sort_unstable();
    plan
}

impl<'p> Maker<'_, 'p> {
    /// A part of another resource, as it stands in the list there.
    fn element(&mut self, number: usize) -> Option<Value> {
        let block = self.estate.block(number)?;
        let properties = match self.estate.resource(number)?.fate {
            // Nobody knows how many there will be.
            Fate::Deferred { counted: false } => return Some(block.doubt("properties", block.at)),
            Fate::Deferred { counted: true } => block.doubt("properties", block.at),
            _ => self.completed(number, &block)?.properties.object(block.at),
        };
        let id = self.estate.id(number);
        let mut whole = Props::default();
        whole.maybe("name", block.filled("name").or_else(|| last(&id)));
        whole.set("id", id);
        whole.set("properties", properties);
        Some(whole.object(block.at).moved(block.whole()))
    }

    fn completed(&mut self, number: usize, block: &Block<'p>) -> Option<Body> {
        let resource = self.estate.resource(number)?;
        let mut body = self.body(block, resource.kind)?;
        self.belongings.complete(resource.kind, number, &mut body.properties, block.at);
        Some(body)
    }

    fn resource(&mut self, number: usize) -> Option<Value> {
        let block = self.estate.block(number)?;
        let resource = self.estate.resource(number)?;
        let body = match resource.fate {
            Fate::Deferred { .. } => {
                Body { whole: Some(block.doubt("properties", block.at)), ..Body::default() }
            }
            _ => self.completed(number, &block)?,
        };
        let id = self.estate.id(number);
        let mut whole = Props::default();
        // The name of a role is what people read, not that of the resource.
        let name = block.filled("name").filter(|_| resource.kind != "azurerm_role_definition");
        whole.maybe("name", name.or_else(|| last(&id)));
        let kind = self.kind(&block, resource.kind, &id);
        whole.set("id", id);
        whole.set("type", Value::of_text(&kind, block.at));
        whole.take(&block, &[("location", "location"), ("tags", "tags")]);
        for (name, value) in body.top.into_members() {
            whole.set(name, value);
        }
        match body.whole {
            Some(properties) => whole.set("properties", properties),
            None if !body.properties.is_empty() => whole.set("properties", body.properties.object(block.at)),
            None => {}
        }
        Some(whole.object(block.at))
    }

    /// The type in Azure.
    fn kind(&self, block: &Block<'p>, kind: &str, id: &Value) -> String {
        match scheme(kind) {
            Some(Scheme::ResourceGroup) => "Microsoft.Resources/resourceGroups".to_owned(),
            Some(Scheme::InGroup(kind) | Scheme::OfSubscription(kind, _) | Scheme::Attached(_, kind, _)) => {
                kind.to_owned()
            }
            Some(Scheme::NamedPart(_, owner, list)) => format!("{}/{list}", self.owner_kind(owner)),
            Some(Scheme::Part(_, [owner, ..], list)) => format!("{}/{list}", self.owner_kind(owner)),
            Some(Scheme::BackupItem) => {
                "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
                    .to_owned()
            }
            Some(Scheme::Azapi) => {
                let told =
                    block.text("type").map(|kind| kind.split('@').next().unwrap_or_default().to_owned());
                told.or_else(|| azapi::kind_of(id.text()?)).unwrap_or_default()
            }
            Some(Scheme::Part(..)) | None => String::new(),
        }
    }

    fn owner_kind(&self, owner: &str) -> String {
        match scheme(owner) {
            Some(Scheme::InGroup(kind)) => kind.to_owned(),
            Some(Scheme::Part(_, [owner, ..], list)) => format!("{}/{list}", self.owner_kind(owner)),
            _ => String::new(),
        }
    }

    fn body(&mut self, block: &Block<'p>, kind: &str) -> Option<Body> {
        if kind.starts_with("azapi_") {
            return Some(azapi::body(self.estate, block));
        }
        network::body(self, block, kind)
            .or_else(|| compute::body(self, block, kind))
            .or_else(|| disk::body(self, block, kind))
            .or_else(|| scale_set::body(self, block, kind))
            .or_else(|| forward::body(self, block, kind))
            .or_else(|| firewall::body(self, block, kind))
            .or_else(|| around::body(self, block, kind))
    }
}

/// The last segment of an id.
pub(super) fn last(id: &Value) -> Option<Value> {
    let parts = id.parts()?;
    let mut kept: Vec<Part> = Vec::new();
    for part in parts.into_iter().rev() {
        let Part::Literal(text) = &part else {
            kept.push(part);
            continue;
        };
        match text.rsplit_once('/') {
            Some((_, rest)) => {
                kept.push(Part::Literal(rest.into()));
                break;
            }
            None => kept.push(part),
        }
    }
    kept.reverse();
    Some(Value::of_parts(kept, id.at))
}
