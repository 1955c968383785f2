//! Who has which role where.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};

use crate::known::Known;
use crate::record::{record, scope};
use crate::wire::{Reader, member};

record! {
    /// A role that somebody has somewhere.
    RoleAssignment of |reader, object, text| match reader.id_at(object, "/properties/scope") {
        Some(Known::Value(id)) => Some(id),
        _ => scope(reader, object, text),
    };
    /// Who: the object id in the directory.
    principal: text at "/properties/principalId",
    /// `User`, `Group`, `ServicePrincipal`.
    principal_kind: text at "/properties/principalType",
    /// The role.
    role: id at "/properties/roleDefinitionId",
}

record! {
    /// A role.
    RoleDefinition of |_, _, _| None;
    /// What it is called.
    title: text at "/properties/roleName",
    /// What it lets people do: patterns of actions.
    actions: (Vec<Box<str>>, actions) at "/properties/permissions",
}

fn actions(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Box<str>>> {
    reader.objects(value, at).map(|permissions| {
        let lists = permissions.iter().filter_map(|permission| member(permission, "actions")?.as_array());
        lists.flat_map(|list| list.iter()).filter_map(|action| action.as_str().map(Box::from)).collect()
    })
}
