//! The resources of a plan with their ids, and how one finds another.
//!
//! INVARIANT: every converted resource has an id, and the same unknown name gives the same id wherever it is
//! mentioned. Each look-up takes the time of one.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::block::Block;
use super::fate::Fate;
use super::ids::{Scheme, scheme};
use super::input::{Input, Resource};
use super::joint::{Among, Joint};
use super::naming::{outside, parts, unknown_part};
use super::provider::{Subscriptions, key_of};
use super::references::{Found, Wanted, find};
use super::version::Version;
use crate::value::{Kind, Part, Span, Value};
use crate::wire::is_id;

/// The deepest chain of resources of which one is in the id of the next.
const DEPTH_LIMIT: usize = 64;

/// Attributes by resource and address: by what they count, and where.
type Counted = BTreeMap<(usize, String), (&'static str, Span)>;

pub(super) struct Estate<'p> {
    pub(super) input: Input<'p>,
    pub(super) version: Version,
    ids: Vec<OnceCell<Value>>,
    subscriptions: Subscriptions,
    /// Attributes that lead to the instance with the same index, though an expression may count otherwise.
    by_index: RefCell<Counted>,
    /// Resources by id, in lower case.
    by_id: HashMap<String, usize>,
    /// Resources by kind, subscription, group and name, as far as these have names; in lower case.
    by_name: HashMap<String, usize>,
}

impl<'p> Estate<'p> {
    pub(super) fn new(input: Input<'p>) -> Self {
        let version = Version::of(&input);
        let subscriptions = Subscriptions::read(&input);
        let ids = input.resources.iter().map(|_| OnceCell::new()).collect();
        let (by_id, by_name) = (HashMap::new(), HashMap::new());
        let mut estate =
            Self { input, version, ids, subscriptions, by_index: RefCell::default(), by_id, by_name };
        // Networks, groups and the like first: others name them.
        for number in 0..estate.input.resources.len() {
            if let Some(key) = estate.name_key_of(number).filter(|_| estate.is_there(number)) {
                estate.by_name.entry(key).or_insert(number);
            }
        }
        for number in 0..estate.input.resources.len() {
            let id = estate.id(number);
            let key = id.text().map_or_else(|| id.key(), str::to_owned).trim_end_matches('/').to_lowercase();
            let Some(resource) = estate.input.resources.get(number) else { continue };
            // What changes another resource has its id, and is none itself.
            if scheme(resource.kind).is_none()
                || resource.kind == "azapi_update_resource"
                || !estate.is_there(number)
            {
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

    /// Whether a resource is there afterwards.
    pub(super) fn is_there(&self, number: usize) -> bool {
        self.resource(number).is_some_and(|resource| resource.fate != Fate::Leaves)
    }

    /// The subscription that a resource stands in.
    pub(super) fn subscription(&self, number: usize) -> Part {
        let Some(resource) = self.resource(number) else {
            return self.subscriptions.of(super::provider::DEFAULT);
        };
        match resource.told_subscription() {
            Some(told) => Part::Literal(told.into()),
            None => self.subscriptions.of(key_of(&self.input, resource.config)),
        }
    }

    /// The subscription of a resource that the plan does not hold.
    pub(super) fn subscription_at(&self, address: &str) -> Part {
        self.subscriptions.of(key_of(&self.input, self.input.configured(address)))
    }

    /// What an attribute refers to. A join by index is kept in mind.
    pub(super) fn find(&self, block: &Block<'p>, attribute: &str, wanted: &Wanted<'_>) -> Option<Found> {
        let resource = self.resource(block.resource)?;
        let found = find(&self.input, resource, &block.references(attribute), wanted);
        if let Some(word) = found.by_index {
            let key = (block.resource, block.address(attribute));
            self.by_index.borrow_mut().entry(key).or_insert((word, block.at));
        }
        Some(found)
    }

    /// The joins by index: `count.index` or `each.key`, how many, and where the first one is.
    pub(super) fn joins_by_index(&self) -> Vec<(&'static str, usize, Span)> {
        let mut all: Vec<(&'static str, usize, Span)> = Vec::new();
        for (word, at) in self.by_index.borrow().values() {
            match all.iter_mut().find(|(own, ..)| own == word) {
                Some((_, count, _)) => *count += 1,
                None => all.push((word, 1, *at)),
            }
        }
        all
    }

    pub(super) fn block(&self, number: usize) -> Option<Block<'p>> {
        self.resource(number).map(|resource| Block::of_resource(number, resource))
    }

    pub(super) fn scheme_of(&self, number: usize) -> Option<Scheme> {
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

    pub(super) fn id_at(&self, number: usize, depth: usize) -> Value {
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
            let wanted = Wanted { kinds: &[kind], attribute: "name" };
            let Some(found) = self.find(block, attribute, &wanted) else {
                return Joint::Open(block.doubt(attribute, at), Among::Any);
            };
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
        if let Some(number) =
            self.by_name.get(&self.name_key(kind, &self.subscription(block.resource), &group, &name))
        {
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

    pub(super) fn parent(&self, block: &Block<'p>, attribute: &str, kinds: &[&str], depth: usize) -> Value {
        match self.joint_at(block, attribute, kinds, depth) {
            Some(joint) => joint.id(),
            None => block.doubt(attribute, block.at),
        }
    }

    /// Where an attribute with the id of a resource leads to; `None` where it is not set.
    pub(super) fn joint(&self, block: &Block<'p>, attribute: &str, kinds: &[&str]) -> Option<Joint> {
        self.joint_at(block, attribute, kinds, 0)
    }

    pub(super) fn joint_at(
        &self,
        block: &Block<'p>,
        attribute: &str,
        kinds: &[&str],
        depth: usize,
    ) -> Option<Joint> {
        let value = block.filled(attribute)?;
        if value.text().is_some() {
            let number = self.by_id.get(&value.text()?.trim_end_matches('/').to_lowercase()).copied();
            return Some(Joint::To(value, number));
        }
        let Kind::Unknown(_) = value.kind else {
            return Some(Joint::Open(block.doubt(attribute, value.at), Among::Any));
        };
        let found = self.find(block, attribute, &Wanted { kinds, attribute: "id" })?;
        if found.all.is_empty() && found.missing.is_empty() && kinds.contains(&"azurerm_subnet") {
            return Some(self.inline_subnet(block, attribute, value.at));
        }
        Some(self.settle(block, attribute, value.at, found, depth))
    }

    fn settle(&self, block: &Block<'p>, attribute: &str, at: Span, found: Found, depth: usize) -> Joint {
        match (found.open, found.all.as_slice(), found.missing.as_slice()) {
            (false, [only], []) if *only != block.resource => {
                let id = self.id_at(*only, depth + 1).moved(at);
                // The id of what is no resource of Azure is none of Azure's.
                match is_id(&id) {
                    true => Joint::To(id, Some(*only)),
                    false => Joint::Open(block.doubt(attribute, at), Among::Elsewhere),
                }
            }
            (false, [], [missing]) => match self.missing_id(missing, at) {
                Some(id) => Joint::To(id, None),
                None => Joint::Open(outside(&format!("{missing}.id"), at), Among::Elsewhere),
            },
            _ => self.open(block, attribute, at, found),
        }
    }

    /// The subnet that a network has inside of it, where the network is what is referred to.
    fn inline_subnet(&self, block: &Block<'p>, attribute: &str, at: Span) -> Joint {
        let networks = self.resources_behind(block, attribute, "azurerm_virtual_network", "subnet");
        if let [only] = networks.as_slice()
            && let Some(network) = self.block(*only)
            && let subnets = network.blocks("subnet")
            && let ([subnet], None) = (subnets.all.as_slice(), &subnets.unknown)
        {
            let id = self.part_of(&self.id(*only), "subnets", subnet, "name").moved(at);
            let number = self.at_id(&id);
            return Joint::To(id, number);
        }
        Joint::Open(block.doubt(attribute, at), Among::Any)
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
            let found = self.find(block, attribute, &Wanted { kinds, attribute: "id" })?;
            // Of what several blocks share nobody can tell which one uses which.
            if block.shares_references() && found.all.len() > 1 {
                return None;
            }
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
        let wanted = Wanted { kinds: &[kind], attribute: theirs };
        match self.find(block, attribute, &wanted) {
            Some(found) if !found.open => found.all,
            _ => Vec::new(),
        }
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
pub(super) fn arm_type(kind: &str) -> Option<&'static str> {
    match scheme(kind)? {
        Scheme::InGroup(arm) => Some(arm),
        _ => None,
    }
}
