//! What a plan takes away: resources that are deleted, parts that leave the lists of what they are parts of, and
//! associations that end.
//!
//! INVARIANT: what is planned under the same id stays, whichever address has it. A list that the configuration writes
//! is left as it is; only what was read back into one is taken out of it.

use hashbrown::{HashMap, HashSet};

use super::associations::{MEMBERS, NIC, ONE};
use super::block::Block;
use super::estate::Estate;
use super::fate::Fate;
use super::ids::{is_association, scheme};
use super::joint::Joint;
use super::{Gone, Note, NoteKind};
use crate::value::{Part, Span, Value};
use crate::wire::is_id;

/// What is taken away.
#[derive(Default)]
pub(super) struct Leaving {
    /// Names of parts by owner and list, in lower case.
    parts: HashMap<usize, Vec<(String, String)>>,
    /// Properties that an association set, by resource.
    fields: HashMap<usize, Vec<&'static str>>,
    /// Ids of resources that are deleted, in lower case.
    ids: HashSet<String>,
    /// Properties of resources that the plan does not hold.
    pub(super) elsewhere: Vec<Detached>,
    pub(super) gone: Vec<Gone>,
    pub(super) notes: Vec<Note>,
}

/// A property that an association set until now.
pub(super) struct Detached {
    pub(super) id: Value,
    pub(super) kind: &'static str,
    pub(super) field: &'static str,
    /// The number of the association.
    pub(super) number: usize,
    pub(super) at: Span,
}

impl Leaving {
    pub(super) fn read(estate: &Estate<'_>) -> Self {
        let mut all = Self::default();
        let leaving = estate.input.resources.iter().enumerate().filter(|(_, one)| one.fate == Fate::Leaves);
        let (joins, own): (Vec<_>, Vec<_>) = leaving.partition(|(_, one)| is_association(one.kind));
        for (number, resource) in own {
            if let Some(block) = estate.block(number).filter(|_| resource.kind != "azapi_update_resource") {
                all.take_resource(estate, &block, number);
            }
        }
        for (number, resource) in joins {
            if let Some(block) = estate.block(number) {
                all.take_association(estate, &block, resource.kind);
            }
        }
        all
    }

    fn take_resource(&mut self, estate: &Estate<'_>, block: &Block<'_>, number: usize) {
        let Some(resource) = estate.resource(number) else { return };
        let id = match scheme(resource.kind) {
            Some(_) => estate.id(number),
            None => {
                let azure = resource.kind.starts_with("azurerm_") || resource.kind.starts_with("azapi_");
                let told =
                    block.get("id").filter(|id| azure && id.text().is_some_and(|id| !id.contains('|')));
                match told {
                    Some(id) => id,
                    None => return,
                }
            }
        };
        // What is planned with its id takes its place.
        let stays = estate.at_id(&id).and_then(|at| estate.resource(at)).is_some_and(|it| !it.data);
        let planned = estate.input.at_address(&resource.address).map(|at| estate.id(at));
        if planned.is_some() && scheme(resource.kind).is_none() {
            // Of what replaces it nobody can tell the id.
            return;
        }
        if !is_id(&id) || stays || planned.is_some_and(|planned| same_in_group(&planned, &id)) {
            return;
        }
        if let Some((owner, list, name)) = part(&id)
            && let Some(owner) = estate.at_id(&owner)
            && let Some(holder) = estate.block(owner)
            && !written_as(&list).is_some_and(|attribute| holder.is_written(attribute))
        {
            self.parts.entry(owner).or_default().push((list, name));
        }
        self.ids.extend(id.shown().map(|id| id.to_lowercase()));
        self.gone.push(Gone { id, at: block.at, address: resource.address.clone() });
    }

    fn take_association(&mut self, estate: &Estate<'_>, block: &Block<'_>, kind: &str) {
        let one = ONE.iter().find(|one| one.kind == kind);
        let member = MEMBERS.iter().any(|(own, ..)| *own == kind);
        let (attribute, owner, arm, field) = match one {
            Some(one) => (one.target.0, one.target.1, one.target.2, one.field),
            // Of what its configurations are members of, nobody can tell the rest.
            None if member => (NIC.0, NIC.1, NIC.2, "ipConfigurations"),
            None => return self.note(kind, block.at),
        };
        let joint = estate.joint(block, attribute, &[owner]);
        let planned = estate.resource(block.resource).and_then(|own| estate.input.at_address(&own.address));
        let planned = planned.and_then(|at| estate.joint(&estate.block(at)?, attribute, &[owner]));
        match (joint, planned) {
            (Some(Joint::To(id, _)), Some(Joint::To(planned, _))) if same(&id, &planned) => {}
            (Some(Joint::To(_, Some(number))), _) if one.is_some() => {
                self.fields.entry(number).or_default().push(field);
            }
            // A NIC of the plan says itself what it is a member of.
            (Some(Joint::To(_, Some(_))), _) => {}
            (Some(Joint::To(id, None)), _) => {
                // What goes as well is told as such.
                if self.leaves(&id) {
                    return;
                }
                self.elsewhere.push(Detached { id, kind: arm, field, number: block.resource, at: block.at });
            }
            (Some(Joint::Open(..)) | None, _) => self.note(kind, block.at),
        }
    }

    /// Whether a resource, or what it is a part of, is deleted.
    fn leaves(&self, id: &Value) -> bool {
        let Some(id) = id.shown().map(|id| id.to_lowercase()) else { return false };
        let ends = id.match_indices('/').map(|(at, _)| at).chain([id.len()]);
        ends.filter_map(|end| id.get(..end)).any(|part| self.ids.contains(part))
    }

    /// Notes an association that ends.
    pub(super) fn note(&mut self, kind: &str, at: Span) {
        match self.notes.iter_mut().find(|note| *note.kind == *kind) {
            Some(note) => note.count += 1,
            None => self.notes.push(Note { what: NoteKind::Detached, kind: kind.into(), count: 1, at }),
        }
    }

    /// Takes out of a resource what goes.
    pub(super) fn take_from(&self, number: usize, properties: &mut super::body::Props) {
        for field in self.fields.get(&number).into_iter().flatten() {
            properties.remove(field);
        }
        for (list, name) in self.parts.get(&number).into_iter().flatten() {
            properties.remove_named(list, name);
        }
    }
}

/// The attribute that a list of parts is written as, where there is one.
fn written_as(list: &str) -> Option<&'static str> {
    match list {
        "securityrules" => Some("security_rule"),
        "routes" => Some("route"),
        "subnets" => Some("subnet"),
        _ => None,
    }
}

fn same(one: &Value, other: &Value) -> bool {
    let key = |id: &Value| id.shown().map(|id| id.trim_end_matches('/').to_lowercase());
    key(one).is_some() && key(one) == key(other)
}

/// Whether two ids are one; the subscription of one that is not made yet may not be known.
fn same_in_group(planned: &Value, id: &Value) -> bool {
    let within = |id: &Value| {
        let shown = id.shown()?.trim_end_matches('/').to_lowercase();
        shown.find("/resourcegroups/").and_then(|at| shown.get(at..).map(str::to_owned))
    };
    same(planned, id) || within(planned).is_some() && within(planned) == within(id)
}

/// The id of what something is a part of, the list that it is in and its name there, in lower case.
pub(super) fn part(id: &Value) -> Option<(Value, String, String)> {
    let mut parts = id.parts()?;
    let Some(Part::Literal(last)) = parts.pop() else { return None };
    let (rest, name) = last.trim_end_matches('/').rsplit_once('/')?;
    let (rest, list) = rest.rsplit_once('/')?;
    parts.push(Part::Literal(rest.into()));
    Some((Value::of_parts(parts, id.at), list.to_lowercase(), name.to_lowercase()))
}
