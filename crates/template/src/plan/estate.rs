//! The resources of a plan with their ids, and how one finds another.
//!
//! INVARIANT: every converted resource has an id, and the same unknown name gives the same id wherever it is
//! mentioned. Each look-up takes the time of one.

use std::cell::OnceCell;
use std::sync::Arc;

use hashbrown::HashMap;

use super::address::steps;
use super::block::Block;
use super::ids::{MACHINES, Scheme, scheme};
use super::input::{Input, Resource};
use super::references::{Found, Wanted, find};
use super::version::Version;
use crate::value::{Kind, Part, Span, Unknown, Value, Why};

/// The deepest chain of resources of which one is in the id of the next.
const DEPTH_LIMIT: usize = 64;

pub(super) struct Estate<'p> {
    pub(super) input: Input<'p>,
    pub(super) version: Version,
    ids: Vec<OnceCell<Value>>,
    subscription: Part,
    /// Resources by id, in lower case.
    by_id: HashMap<String, usize>,
    /// Resources by kind, group and name, as far as these have names; in lower case.
    by_name: HashMap<String, usize>,
}

/// What an attribute with an id leads to.
pub(super) enum Joint {
    /// A resource, and its number where the plan holds it.
    To(Value, Option<usize>),
    /// It is not known which.
    Open(Value, Among),
}

/// Which resources may be meant.
pub(super) enum Among {
    /// These.
    These(Vec<usize>),
    /// One that the plan does not hold.
    Elsewhere,
    /// Any of its kind.
    Any,
}

impl Joint {
    /// `{"id": …}`, or the unknown itself.
    pub(super) fn reference(self) -> Value {
        match self {
            Self::To(id, _) => {
                let at = id.at;
                Value::of_object(vec![("id", id)], at)
            }
            Self::Open(value, _) => value,
        }
    }

    /// The id, or the unknown itself.
    pub(super) fn id(self) -> Value {
        match self {
            Self::To(id, _) => id,
            Self::Open(value, _) => value,
        }
    }
}

impl<'p> Estate<'p> {
    pub(super) fn new(input: Input<'p>) -> Self {
        let version = Version::of(&input);
        let subscription = match subscription(&input) {
            Some(text) => Part::Literal(text),
            None => {
                Part::Unknown(Unknown::new("subscription", "subscription", Why::Scope("subscription".into())))
            }
        };
        let ids = input.resources.iter().map(|_| OnceCell::new()).collect();
        let (by_id, by_name) = (HashMap::new(), HashMap::new());
        let mut estate = Self { input, version, ids, subscription, by_id, by_name };
        // Networks, groups and the like first: others name them.
        for number in 0..estate.input.resources.len() {
            if let Some(key) = estate.name_key_of(number) {
                estate.by_name.entry(key).or_insert(number);
            }
        }
        for number in 0..estate.input.resources.len() {
            let id = estate.id(number);
            let key = id.text().map_or_else(|| id.key(), str::to_owned).trim_end_matches('/').to_lowercase();
            let Some(resource) = estate.input.resources.get(number) else { continue };
            // What changes another resource has its id, and is none itself.
            if scheme(resource.kind).is_none() || resource.kind == "azapi_update_resource" {
                continue;
            }
            let known = estate.by_id.get(&key).and_then(|known| estate.input.resources.get(*known));
            // What is managed counts before what is only read, else what comes first.
            if known.is_none_or(|known| known.data && !resource.data) {
                estate.by_id.insert(key, number);
            }
        }
        estate
    }

    pub(super) fn resource(&self, number: usize) -> Option<&Resource<'p>> {
        self.input.resources.get(number)
    }

    pub(super) fn block(&self, number: usize) -> Option<Block<'p>> {
        self.resource(number).map(|resource| Block::of_resource(number, resource))
    }

    fn scheme_of(&self, number: usize) -> Option<Scheme> {
        scheme(self.resource(number)?.kind)
    }

    /// The number of the resource with an id.
    pub(super) fn at_id(&self, id: &Value) -> Option<usize> {
        let key = id.text().map_or_else(|| id.key(), str::to_owned);
        self.by_id.get(&key.trim_end_matches('/').to_lowercase()).copied()
    }

    /// The id of a resource.
    pub(super) fn id(&self, number: usize) -> Value {
        self.id_at(number, 0)
    }

    fn id_at(&self, number: usize, depth: usize) -> Value {
        let Some(cell) = self.ids.get(number) else { return Value::new(Kind::Null, Span::default()) };
        if let Some(id) = cell.get() {
            return id.clone();
        }
        let Some(block) = self.block(number) else { return Value::new(Kind::Null, Span::default()) };
        if depth > DEPTH_LIMIT {
            return block.doubt("id", block.at);
        }
        let id = self.make_id(&block, number, depth);
        cell.get_or_init(|| id).clone()
    }

    fn make_id(&self, block: &Block<'p>, number: usize, depth: usize) -> Value {
        let known = block.get("role_definition_resource_id").or_else(|| block.get("id"));
        if let Some(known) = known
            && let Some(text) = known.text().filter(|text| text.starts_with('/'))
        {
            // A role is kept with the scope behind its id.
            return match text.split_once('|') {
                Some((id, _)) => Value::of_text(id, known.at),
                None => known.clone(),
            };
        }
        let Some(scheme) = self.scheme_of(number) else { return block.doubt("id", block.at) };
        match scheme {
            Scheme::ResourceGroup => {
                let name = self.name_of(block, "name");
                self.join(block.at, [self.subscription_parts("/resourceGroups/"), parts(&name)])
            }
            Scheme::InGroup(kind) => {
                let name = self.name_of(block, "name");
                self.join(block.at, [self.in_group(block, kind), parts(&name)])
            }
            Scheme::Part(attribute, kinds, list) => {
                let parent = self.parent(block, attribute, kinds, depth);
                let name = self.name_of(block, "name");
                self.join(block.at, [parts(&parent), literal(format!("/{list}/")), parts(&name)])
            }
            Scheme::NamedPart(attribute, kind, list) => {
                let parent = match self.by_name(block, attribute, kind) {
                    Joint::To(_, Some(parent)) => self.id_at(parent, depth + 1),
                    Joint::To(id, None) | Joint::Open(id, _) => id,
                };
                let name = self.name_of(block, "name");
                self.join(block.at, [parts(&parent), literal(format!("/{list}/")), parts(&name)])
            }
            Scheme::OfSubscription(kind, attribute) => {
                let name =
                    block.filled(attribute).unwrap_or_else(|| Value::of_text(usual_name(kind), block.at));
                self.join(block.at, [self.subscription_parts(&format!("/providers/{kind}/")), parts(&name)])
            }
            Scheme::Attached(attribute, kind, name) => {
                let scope = self.parent(block, attribute, &[], depth);
                let name = self.name_of(block, name);
                self.join(block.at, [parts(&scope), literal(format!("/providers/{kind}/")), parts(&name)])
            }
            Scheme::BackupItem => {
                let vault =
                    self.by_name(block, "recovery_vault_name", "azurerm_recovery_services_vault").id();
                let machine = self.parent(block, "source_vm_id", MACHINES, depth);
                let name = match machine.text().and_then(|id| id.rsplit('/').next()) {
                    Some(name) => literal(name.to_owned()),
                    None => vec![unknown_part(&block.address("source_vm_id"))],
                };
                let container =
                    "/backupFabrics/Azure/protectionContainers/IaasVMContainer/protectedItems/VM;";
                self.join(block.at, [parts(&vault), literal(container.to_owned()), name])
            }
            Scheme::Azapi => self.azapi_id(block, depth),
        }
    }

    fn azapi_id(&self, block: &Block<'p>, depth: usize) -> Value {
        if let Some(joint) = self.joint_at(block, "resource_id", &[], depth) {
            return joint.id();
        }
        let Some(kind) = block.text("type") else { return block.doubt("id", block.at) };
        let kind = kind.split('@').next().unwrap_or_default();
        let parent = self.parent(block, "parent_id", &[], depth);
        let name = self.name_of(block, "name");
        let middle = match kind.matches('/').count() {
            0 | 1 => format!("/providers/{kind}/"),
            _ => format!("/{}/", kind.rsplit('/').next().unwrap_or_default()),
        };
        self.join(block.at, [parts(&parent), literal(middle), parts(&name)])
    }

    fn join<const N: usize>(&self, at: Span, all: [Vec<Part>; N]) -> Value {
        Value::of_parts(all.into_iter().flatten(), at)
    }

    fn subscription_parts(&self, behind: &str) -> Vec<Part> {
        let mut all = vec![Part::Literal("/subscriptions/".into()), self.subscription.clone()];
        all.extend((!behind.is_empty()).then(|| Part::Literal(behind.into())));
        all
    }

    fn in_group(&self, block: &Block<'p>, kind: &str) -> Vec<Part> {
        let mut all = self.subscription_parts("/resourceGroups/");
        all.extend(parts(&self.group_of(block)));
        all.push(Part::Literal(format!("/providers/{kind}/").into()));
        all
    }

    /// The id of one of Azure's own roles.
    pub(super) fn role_id(&self, guid: &str, at: Span) -> Value {
        let behind = format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}");
        self.join(at, [self.subscription_parts(&behind)])
    }

    /// The name of a resource; where nobody knows it yet, an unknown that is the same wherever it is mentioned.
    fn name_of(&self, block: &Block<'p>, attribute: &str) -> Value {
        match block.filled(attribute) {
            Some(value) => match value.kind {
                Kind::Int(number) => Value::of_text(&number.to_string(), value.at),
                Kind::Text(_) | Kind::Unknown(_) => value,
                _ => block.doubt(attribute, value.at),
            },
            None => block.doubt(attribute, block.at),
        }
    }

    /// The name of the group that a resource is in.
    fn group_of(&self, block: &Block<'p>) -> Value {
        self.name_in(block, "resource_group_name", "azurerm_resource_group")
    }

    /// The name of a resource of some kind that an attribute holds.
    fn name_in(&self, block: &Block<'p>, attribute: &str, kind: &str) -> Value {
        let value = match block.filled(attribute) {
            Some(value) if value.text().is_some() => return value,
            value => value,
        };
        let at = value.map_or(block.at, |value| value.at);
        let Some(resource) = self.resource(block.resource) else { return block.doubt(attribute, at) };
        let found = find(
            &self.input,
            resource,
            &block.references(attribute),
            &Wanted { kinds: &[kind], attribute: "name" },
        );
        match (found.open, found.all.as_slice(), found.missing.as_slice()) {
            (false, [only], []) => match self.block(*only) {
                Some(other) => self.name_of(&other, "name").moved(at),
                None => block.doubt(attribute, at),
            },
            (false, [], [missing]) => outside(&format!("{missing}.name"), at),
            _ => block.doubt(attribute, at),
        }
    }

    fn name_key(&self, kind: &str, group: &Value, name: &Value) -> String {
        format!("{kind}\n{}\n{}", group.key(), name.key()).to_lowercase()
    }

    fn name_key_of(&self, number: usize) -> Option<String> {
        let resource = self.resource(number)?;
        matches!(scheme(resource.kind), Some(Scheme::InGroup(_))).then_some(())?;
        let block = self.block(number)?;
        Some(self.name_key(resource.kind, &self.group_of(&block), &self.name_of(&block, "name")))
    }

    /// The resource that an attribute names, in the group of the block.
    pub(super) fn by_name(&self, block: &Block<'p>, attribute: &str, kind: &str) -> Joint {
        let value = block.filled(attribute);
        let at = value.as_ref().map_or(block.at, |value| value.at);
        if value.is_none()
            && let Some(arm) = arm_type(kind)
        {
            // A plan that leaves it out is a part of one.
            let name = vec![unknown_part(&block.address(attribute))];
            return Joint::To(self.join(at, [self.in_group(block, arm), name]), None);
        }
        if value.as_ref().is_none_or(|value| value.text().is_none()) {
            let Some(resource) = self.resource(block.resource) else {
                return Joint::Open(block.doubt(attribute, at), Among::Any);
            };
            let wanted = Wanted { kinds: &[kind], attribute: "name" };
            let found = find(&self.input, resource, &block.references(attribute), &wanted);
            if let (false, [only], []) = (found.open, found.all.as_slice(), found.missing.as_slice()) {
                return Joint::To(self.id_moved(*only, at), Some(*only));
            }
            if let (false, [], [missing]) = (found.open, found.all.as_slice(), found.missing.as_slice()) {
                // It stands in the group of what names it.
                let name = vec![unknown_part(&format!("{missing}.name"))];
                return match scheme(kind) {
                    Some(Scheme::InGroup(arm)) => {
                        Joint::To(self.join(at, [self.in_group(block, arm), name]), None)
                    }
                    _ => Joint::Open(outside(&format!("{missing}.id"), at), Among::Elsewhere),
                };
            }
            return self.open(block, attribute, at, found);
        }
        let name = self.name_in(block, attribute, kind);
        let group = self.group_of(block);
        if let Some(number) = self.by_name.get(&self.name_key(kind, &group, &name)) {
            return Joint::To(self.id_moved(*number, at), Some(*number));
        }
        let Some(Scheme::InGroup(arm)) = scheme(kind) else {
            return Joint::Open(block.doubt(attribute, at), Among::Elsewhere);
        };
        let id = self.join(at, [self.in_group(block, arm), parts(&name)]);
        Joint::To(id, None)
    }

    /// Ids of resources that were not made yet are made when they are asked for.
    fn id_moved(&self, number: usize, at: Span) -> Value {
        self.id_at(number, 1).moved(at)
    }

    fn parent(&self, block: &Block<'p>, attribute: &str, kinds: &[&str], depth: usize) -> Value {
        match self.joint_at(block, attribute, kinds, depth) {
            Some(joint) => joint.id(),
            None => block.doubt(attribute, block.at),
        }
    }

    /// Where an attribute with the id of a resource leads to; `None` where it is not set.
    pub(super) fn joint(&self, block: &Block<'p>, attribute: &str, kinds: &[&str]) -> Option<Joint> {
        self.joint_at(block, attribute, kinds, 0)
    }

    fn joint_at(&self, block: &Block<'p>, attribute: &str, kinds: &[&str], depth: usize) -> Option<Joint> {
        let value = block.filled(attribute)?;
        if value.text().is_some() {
            let number = self.by_id.get(&value.text()?.trim_end_matches('/').to_lowercase()).copied();
            return Some(Joint::To(value, number));
        }
        let Kind::Unknown(_) = value.kind else {
            return Some(Joint::Open(block.doubt(attribute, value.at), Among::Any));
        };
        let resource = self.resource(block.resource)?;
        let found =
            find(&self.input, resource, &block.references(attribute), &Wanted { kinds, attribute: "id" });
        Some(self.settle(block, attribute, value.at, found, depth))
    }

    fn settle(&self, block: &Block<'p>, attribute: &str, at: Span, found: Found, depth: usize) -> Joint {
        match (found.open, found.all.as_slice(), found.missing.as_slice()) {
            (false, [only], []) if *only != block.resource => {
                Joint::To(self.id_at(*only, depth + 1).moved(at), Some(*only))
            }
            (false, [], [missing]) => match self.missing_id(missing, at) {
                Some(id) => Joint::To(id, None),
                None => Joint::Open(outside(&format!("{missing}.id"), at), Among::Elsewhere),
            },
            _ => self.open(block, attribute, at, found),
        }
    }

    /// The id of a resource that the configuration has and the plan has not: all of its names are unknown.
    fn missing_id(&self, address: &str, at: Span) -> Option<Value> {
        let path = steps(address);
        let kind = path.len().checked_sub(2).and_then(|before| path.get(before))?.name;
        let unknown = |attribute: &str| vec![unknown_part(&format!("{address}.{attribute}"))];
        let in_group = |arm: &str, name: Vec<Part>| {
            let behind = literal(format!("/providers/{arm}/"));
            let group = unknown("resource_group_name");
            [self.subscription_parts("/resourceGroups/"), group, behind, name].concat()
        };
        if kind == "azurerm_subscription" {
            return Some(self.join(at, [self.subscription_parts("")]));
        }
        let all = match scheme(kind)? {
            Scheme::ResourceGroup => [self.subscription_parts("/resourceGroups/"), unknown("name")].concat(),
            Scheme::InGroup(arm) => in_group(arm, unknown("name")),
            Scheme::NamedPart(attribute, owner, list) => [
                in_group(arm_type(owner)?, unknown(attribute)),
                literal(format!("/{list}/")),
                unknown("name"),
            ]
            .concat(),
            Scheme::Part(attribute, [owner, ..], list) => [
                in_group(arm_type(owner)?, unknown(attribute)),
                literal(format!("/{list}/")),
                unknown("name"),
            ]
            .concat(),
            _ => return None,
        };
        Some(self.join(at, [all]))
    }

    fn open(&self, block: &Block<'p>, attribute: &str, at: Span, found: Found) -> Joint {
        let among = match found.open || found.all.is_empty() {
            true => Among::Any,
            false => Among::These(found.all),
        };
        Joint::Open(block.doubt(attribute, at), among)
    }

    /// The resources that a list of ids leads to; `Err` where it is not known which there are.
    pub(super) fn joints(
        &self,
        block: &Block<'p>,
        attribute: &str,
        kinds: &[&str],
    ) -> Option<Result<Vec<Joint>, Value>> {
        let value = block.get(attribute)?;
        let found = || -> Option<Vec<(Value, Option<usize>)>> {
            let resource = self.resource(block.resource)?;
            let found =
                find(&self.input, resource, &block.references(attribute), &Wanted { kinds, attribute: "id" });
            match (found.open, found.all.is_empty(), found.missing.is_empty()) {
                (false, _, true) => {
                    Some(found.all.into_iter().map(|it| (self.id_moved(it, value.at), Some(it))).collect())
                }
                (false, true, false) => {
                    found.missing.iter().map(|it| Some((self.missing_id(it, value.at)?, None))).collect()
                }
                _ => None,
            }
        };
        let Some(items) = value.list() else {
            // Without its length, the list is as long as the configuration writes it.
            let all = found().filter(|all| !all.is_empty());
            return Some(match all {
                Some(all) => Ok(all.into_iter().map(|(id, number)| Joint::To(id, number)).collect()),
                None => Err(block.doubt(attribute, value.at)),
            });
        };
        let known = |item: &Value| item.text().map(|_| (item.clone(), self.at_id(item)));
        let open = items.iter().filter(|item| item.text().is_none()).count();
        let told: hashbrown::HashSet<usize> = items.iter().filter_map(|item| self.at_id(item)).collect();
        // The unknown ones are the ones left over, in their order.
        let is_told = |number: Option<usize>| number.is_some_and(|number| told.contains(&number));
        let mut rest = match open {
            0 => Vec::new(),
            _ => found().unwrap_or_default(),
        };
        rest.retain(|(_, number)| !is_told(*number));
        let mut rest = if rest.len() == open { rest.into_iter() } else { Vec::new().into_iter() };
        let joint = |(index, item): (usize, &Value)| match known(item) {
            Some((id, number)) => Joint::To(id, number),
            None => match rest.next() {
                Some((id, number)) => Joint::To(id.moved(item.at), number),
                None => Joint::Open(block.doubt(&format!("{attribute}[{index}]"), item.at), Among::Any),
            },
        };
        Some(Ok(items.iter().enumerate().map(joint).collect()))
    }

    /// The same as a list of `{"id": …}`.
    pub(super) fn references(&self, block: &Block<'p>, attribute: &str, kinds: &[&str]) -> Option<Value> {
        let at = block.get(attribute)?.at;
        Some(match self.joints(block, attribute, kinds)? {
            Ok(all) => Value::of_list(all.into_iter().map(Joint::reference).collect(), at),
            Err(unknown) => unknown,
        })
    }

    /// The resources of which an attribute uses another attribute than the id.
    pub(super) fn resources_behind(
        &self,
        block: &Block<'p>,
        attribute: &str,
        kind: &str,
        theirs: &str,
    ) -> Vec<usize> {
        let Some(resource) = self.resource(block.resource) else { return Vec::new() };
        let wanted = Wanted { kinds: &[kind], attribute: theirs };
        let found = find(&self.input, resource, &block.references(attribute), &wanted);
        if found.open { Vec::new() } else { found.all }
    }

    /// The id of a part of a resource, by an attribute with its name.
    pub(super) fn part_of(&self, owner: &Value, list: &str, block: &Block<'p>, attribute: &str) -> Value {
        let name = self.name_of(block, attribute);
        self.join(name.at, [parts(owner), literal(format!("/{list}/")), parts(&name)])
    }

    /// `{"id": …}` of an attribute.
    pub(super) fn reference(&self, block: &Block<'p>, attribute: &str, kinds: &[&str]) -> Option<Value> {
        self.joint(block, attribute, kinds).map(Joint::reference)
    }

    /// The id of an attribute.
    pub(super) fn id_in(&self, block: &Block<'p>, attribute: &str, kinds: &[&str]) -> Option<Value> {
        self.joint(block, attribute, kinds).map(Joint::id)
    }
}

/// The type of a resource that stands in a group.
fn arm_type(kind: &str) -> Option<&'static str> {
    match scheme(kind)? {
        Scheme::InGroup(arm) => Some(arm),
        _ => None,
    }
}

/// Whether a value is an id, be it that parts of it are not known.
pub(super) fn is_id(value: &Value) -> bool {
    crate::wire::is_id(value)
}

/// An attribute of a resource that the plan does not hold.
fn outside(address: &str, at: Span) -> Value {
    Value::unknown(address, address, Why::Apply(address.into()), at)
}

fn literal(text: String) -> Vec<Part> {
    vec![Part::Literal(Arc::from(text))]
}

fn unknown_part(address: &str) -> Part {
    Part::Unknown(Unknown::new(address, address, Why::Apply(address.into())))
}

fn parts(value: &Value) -> Vec<Part> {
    value.parts().unwrap_or_default()
}

/// The name of a setting of which there is one for each subscription.
/// Source: <https://learn.microsoft.com/rest/api/defenderforcloud/security-contacts/create>; a plan without a type is
/// that of machines: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/security_center_subscription_pricing>
fn usual_name(kind: &str) -> &'static str {
    if kind.ends_with("pricings") { "VirtualMachines" } else { "default" }
}

/// The subscription, from the configuration of the provider or any id.
fn subscription(input: &Input<'_>) -> Option<Arc<str>> {
    let provider = |member: &crate::value::Member| {
        let provider = member.value.object()?;
        (provider.text("name") == Some("azurerm")).then_some(())?;
        let id = provider.get("expressions")?.object()?.get("subscription_id")?.object()?;
        id.text("constant_value").filter(|id| !id.is_empty()).map(Arc::from)
    };
    let providers = input.providers.map(crate::value::Object::members).unwrap_or_default();
    providers.iter().find_map(provider).or_else(|| {
        // Any id will do, but one of a data source may stand in another subscription.
        let known = |resource: &Resource<'_>| {
            let id = resource.values?.text("id")?;
            let rest = id
                .get(..15)
                .filter(|start| start.eq_ignore_ascii_case("/subscriptions/"))
                .and(id.get(15..))?;
            rest.split('/').next().filter(|id| !id.is_empty()).map(Arc::from)
        };
        let managed = |data: bool| input.resources.iter().filter(move |it| it.data == data).find_map(known);
        managed(false).or_else(|| managed(true))
    })
}
