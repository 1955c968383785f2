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

impl Machine<'_> {
    /// Tells what a deployment's resources wait for in vain.
    pub(super) fn check_dependencies(&mut self, deployment: DeploymentIndex) {
        let Some(its) = self.deployment(deployment) else { return };
        let items = its.items.clone();
        let mut loops: HashMap<String, usize> = HashMap::new();
        let mut members: Vec<Vec<ItemIndex>> = Vec::new();
        let mut edges: HashMap<Node, Vec<Node>> = HashMap::new();
        for item in &items {
            let Some(its) = self.items.get(*item) else { continue };
            if matches!(its.presence, super::scope::Presence::No) {
                continue;
            }
            let ctx = its.ctx.clone();
            let Some(Kind::List(waits)) = its.raw.some("dependsOn").map(|waits| waits.kind.clone()) else {
                continue;
            };
            for raw in waits.iter() {
                let target = self.value(raw, &ctx);
                let Some(shown) = target.shown().filter(|_| target.doubt().is_none()) else { continue };
                let node = match self.names_of(deployment, &target, &shown) {
                    Some(found) if found.len() > 1 => {
                        let next = members.len();
                        let index = *loops.entry(shown.to_ascii_lowercase()).or_insert(next);
                        if index == next {
                            members.push(found);
                        }
                        Some(Node::Loop(index))
                    }
                    Some(found) => found.first().copied().map(Node::Item),
                    None => {
                        self.fault(missing(&shown, raw.at));
                        None
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

    /// The resources that an element of `dependsOn` names; `None` where there are none.
    fn names_of(&self, deployment: DeploymentIndex, target: &Value, shown: &str) -> Option<Vec<ItemIndex>> {
        let its = self.deployment(deployment)?;
        if let Some(found) = its.names.get(&shown.to_ascii_lowercase()) {
            return Some(found.clone());
        }
        let ctx = super::scope::Ctx { deployment, ..super::scope::Ctx::default() };
        if let Some(item) = self.find(target, &ctx) {
            return Some(vec![item]);
        }
        // An id that leaves the type's scope to Azure, or one of a resource in another scope.
        let (resource_type, name) = ids::type_of(shown);
        let found = its.items.iter().copied().find(|item| {
            self.items.get(*item).is_some_and(|its| {
                its.resource_type.eq_ignore_ascii_case(&resource_type)
                    && its.name.shown().is_some_and(|its| its.eq_ignore_ascii_case(&name))
            })
        });
        found.map(|item| vec![item])
    }
}

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
