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
    /// What it lets people do, and what of that not; each permission by itself.
    permissions: (Vec<Permission>, permissions) at "/properties/permissions",
}

/// A part of a role: patterns of actions, such as `Microsoft.Authorization/*/write`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// What it allows.
    pub actions: Vec<Box<str>>,
    /// What of that it does not.
    pub not_actions: Vec<Box<str>>,
}

fn permissions(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Permission>> {
    reader.objects(value, at).map(|permissions| {
        let list = |permission: &sonic_rs::Object, name: &str| {
            let list = member(permission, name).and_then(|list| list.as_array());
            let all = list.into_iter().flat_map(|list| list.iter());
            all.filter_map(|action| action.as_str().map(Box::from)).collect()
        };
        let of = |permission| Permission {
            actions: list(permission, "actions"),
            not_actions: list(permission, "notActions"),
        };
        permissions.into_iter().map(of).collect()
    })
}
