//! What a resource waits for: it has to be there, and not wait for the resource itself.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-dependency>.

use hashbrown::HashMap;

use super::ids;
use super::machine::Machine;
use super::scope::{DeploymentIndex, ItemIndex};
use crate::fault::{Fault, FaultKind, What};
use crate::value::{Kind, Span, Value};

/// A resource, or all of a loop.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Item(ItemIndex),
    Loop(usize),
}

/// What an element of `dependsOn` costs, in steps.
const EDGE: u64 = 10;

impl Machine<'_> {
    /// Tells what a deployment's resources wait for in vain.
    pub(super) fn check_dependencies(&mut self, deployment: DeploymentIndex) {
        let Some(its) = self.deployment(deployment) else { return };
        let items = its.items.clone();
        let mut loops: HashMap<String, usize> = HashMap::new();
        let mut members: Vec<Vec<ItemIndex>> = Vec::new();
        let mut edges: HashMap<Node, Vec<Node>> = HashMap::new();
        let mut by_name: Option<Names> = None;
        for item in &items {
            if self.is_spent() {
                return;
            }
            let Some(its) = self.items.get(*item) else { continue };
            if matches!(its.presence, super::scope::Presence::No) {
                continue;
            }
            let ctx = its.ctx.clone();
            let Some(Kind::List(waits)) = its.raw.some("dependsOn").map(|waits| waits.kind.clone()) else {
                continue;
            };
            for raw in waits.iter() {
                if let Err(fault) = self.step(EDGE, raw.at) {
                    return self.fault(fault);
                }
                let target = self.value(raw, &ctx);
                let Some(shown) = target.shown().filter(|_| target.doubt().is_none()) else { continue };
                let key = shown.to_ascii_lowercase();
                let node = match self.deployment(deployment).and_then(|its| its.names.get(&key)) {
                    Some(found) if found.len() > 1 => {
                        let next = members.len();
                        let index = *loops.entry(key).or_insert(next);
                        if index == next {
                            members.push(found.clone());
                        }
                        Some(Node::Loop(index))
                    }
                    Some(found) => found.first().copied().map(Node::Item),
                    None => {
                        let found = self.by_id(deployment, &target, (&shown, &key), &mut by_name);
                        if found.is_none() {
                            self.fault(missing(&shown, raw.at));
                        }
                        found.map(Node::Item)
                    }
                };
                if let Some(node) = node {
                    edges.entry(Node::Item(*item)).or_default().push(node);
                }
            }
        }
        for (index, found) in members.into_iter().enumerate() {
            edges.insert(Node::Loop(index), found.into_iter().map(Node::Item).collect());
        }
        if let Some(item) = circle(&items, &edges)
            && let Some(its) = self.items.get(item)
        {
            let (name, at) = (its.name.shown().unwrap_or_default().into_owned(), its.at);
            self.fault(Fault::new(FaultKind::Depends(name.into()), at));
        }
    }

    /// The resource whose id an element of `dependsOn` is, told as it is written and in small letters.
    fn by_id(
        &self,
        deployment: DeploymentIndex,
        target: &Value,
        (shown, key): (&str, &str),
        by_name: &mut Option<Names>,
    ) -> Option<ItemIndex> {
        let ctx = super::scope::Ctx { deployment, ..super::scope::Ctx::default() };
        if let Some(item) = self.find_by(target, key, &ctx) {
            return Some(item);
        }
        // An id that leaves the type's scope to Azure, or one of a resource in another scope.
        let by_name = by_name.get_or_insert_with(|| self.by_type_and_name(deployment));
        let (resource_type, name) = match shown.contains('/') {
            true => ids::type_of(shown),
            // A child may be named by its own name alone.
            false => (String::new(), shown.to_owned()),
        };
        by_name.get(&(resource_type.to_ascii_lowercase(), name.to_ascii_lowercase())).copied()
    }

    /// The first resource of each type and name.
    fn by_type_and_name(&self, deployment: DeploymentIndex) -> Names {
        let mut names = Names::new();
        let items = self.deployment(deployment).map_or(&[][..], |its| &its.items);
        for item in items {
            if let Some(its) = self.items.get(*item)
                && let Some(name) = its.name.shown()
            {
                let name = name.to_ascii_lowercase();
                let last = name.rsplit('/').next().unwrap_or_default().to_owned();
                names.entry((String::new(), last)).or_insert(*item);
                names.entry((its.resource_type.to_ascii_lowercase(), name)).or_insert(*item);
            }
        }
        names
    }
}

/// Resources by type and name, both in small letters.
type Names = HashMap<(String, String), ItemIndex>;

fn missing(name: &str, at: Span) -> Fault {
    Fault::new(FaultKind::Missing { what: What::Resource, name: name.into() }, at)
}

/// A resource that waits for itself, by a walk without recursion.
fn circle(items: &[ItemIndex], edges: &HashMap<Node, Vec<Node>>) -> Option<ItemIndex> {
    // Absent: not seen. False: on the way. True: done.
    let mut seen: HashMap<Node, bool> = HashMap::new();
    for start in items.iter().map(|item| Node::Item(*item)) {
        if seen.contains_key(&start) {
            continue;
        }
        let mut way: Vec<(Node, usize)> = vec![(start, 0)];
        seen.insert(start, false);
        while let Some((node, next)) = way.last_mut() {
            let waits = edges.get(node).map(Vec::as_slice).unwrap_or_default();
            match waits.get(*next) {
                Some(wait) => {
                    *next += 1;
                    match seen.get(wait) {
                        Some(false) => {
                            let on_way = way.iter().rev().find_map(|(node, _)| match node {
                                Node::Item(item) => Some(*item),
                                Node::Loop(_) => None,
                            });
                            return on_way;
                        }
                        Some(true) => {}
                        None => {
                            seen.insert(*wait, false);
                            way.push((*wait, 0));
                        }
                    }
                }
                None => {
                    seen.insert(*node, true);
                    way.pop();
                }
            }
        }
    }
    None
}
