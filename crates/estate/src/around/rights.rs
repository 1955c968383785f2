//! Who has which role where, and what is taken from them.
//!
//! Source: <https://learn.microsoft.com/azure/role-based-access-control/overview>

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::id::{ResourceId, Use};
use crate::known::Known;
use crate::record::{record, scope};
use crate::wire::{Reader, member};

/// What is given, or taken, at the scope that the record tells.
fn given_at(reader: &mut Reader<'_>, object: &Object, text: &str) -> Option<ResourceId> {
    match reader.id_at(object, "/properties/scope") {
        Some(Known::Value(id)) => Some(id),
        _ => scope(reader, object, text),
    }
}

record! {
    /// A role that somebody has somewhere, or may take.
    RoleAssignment of given_at;
    /// Who: the object id in the directory.
    principal: text at "/properties/principalId",
    /// The same as an id.
    holder: id at "/properties/principalId",
    /// `User`, `Group`, `ServicePrincipal`.
    principal_kind: text at "/properties/principalType",
    /// The role.
    role: id at "/properties/roleDefinitionId",
    /// Where it holds only where this does.
    condition: text at "/properties/condition",
}

record! {
    /// How somebody has come to a role.
    ///
    /// Source: <https://learn.microsoft.com/rest/api/authorization/role-assignment-schedule-instances/list-for-scope>
    TakenRight of given_at;
    /// The assignment that it is.
    assignment: id at "/properties/originRoleAssignmentId",
    /// `Assigned` or `Activated`.
    how: text at "/properties/assignmentType",
}

record! {
    /// A role.
    RoleDefinition of |_, _, _| None;
    /// What it is called.
    title: text at "/properties/roleName",
    /// `BuiltInRole`, `CustomRole`.
    kind: text at "/properties/type" or "/roleType",
    /// What it lets people do, and what of that not; each permission by itself.
    permissions: (Vec<Permission>, permissions) at "/properties/permissions",
}

record! {
    /// What is taken from people whatever roles they have.
    DenyAssignment of given_at;
    /// What it is called.
    title: text at "/properties/denyAssignmentName",
    /// What it takes.
    permissions: (Vec<Permission>, permissions) at "/properties/permissions",
    /// From whom: object ids; all zeros are everybody.
    principals: (Vec<Box<str>>, principals) at "/properties/principals",
    /// From whom of these not.
    excluded: (Vec<Box<str>>, principals) at "/properties/excludePrincipals",
    /// Whether it holds at its scope alone, and not below.
    only_here: boolean at "/properties/doNotApplyToChildScopes",
    /// Where it holds only where this does.
    condition: text at "/properties/condition",
}

record! {
    /// An administrator as they were before there were roles.
    ClassicAdministrator of |reader, _, text| {
        let subscription = crate::id::resource_subscription(text)?;
        Some(reader.ids.intern(&format!("/subscriptions/{subscription}"), Use::Reference))
    };
    /// What they sign in by.
    email: text at "/properties/emailAddress",
    /// `ServiceAdministrator;AccountAdministrator`, `CoAdministrator`.
    role: text at "/properties/role",
}

record! {
    /// A subscription.
    Subscription of |_, _, _| None;
    /// What it is called.
    name: text at "/name",
    /// The names of the management groups that it is in, the nearest first.
    groups: (Vec<Box<str>>, ancestors) at "/properties/managementGroupAncestorsChain",
}

fn ancestors(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Box<str>>> {
    reader
        .objects(value, at)
        .map(|all| all.into_iter().filter_map(|one| Some(member(one, "name")?.as_str()?.into())).collect())
}

fn principals(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Box<str>>> {
    reader
        .objects(value, at)
        .map(|all| all.into_iter().filter_map(|one| Some(member(one, "id")?.as_str()?.into())).collect())
}

/// A part of a role: patterns of actions, such as `Microsoft.Authorization/*/write`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// What it allows.
    pub actions: Vec<Box<str>>,
    /// What of that it does not.
    pub not_actions: Vec<Box<str>>,
    /// What it allows inside of resources: to sign in to a machine.
    pub data_actions: Vec<Box<str>>,
    /// What of that it does not.
    pub not_data_actions: Vec<Box<str>>,
}

fn permissions(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Permission>> {
    reader.objects(value, at).map(|permissions| {
        let list = |permission: &Object, name: &str| {
            let list = member(permission, name).and_then(|list| list.as_array());
            let all = list.into_iter().flat_map(|list| list.iter());
            all.filter_map(|action| action.as_str().map(Box::from)).collect()
        };
        let of = |permission| Permission {
            actions: list(permission, "actions"),
            not_actions: list(permission, "notActions"),
            data_actions: list(permission, "dataActions"),
            not_data_actions: list(permission, "notDataActions"),
        };
        permissions.into_iter().map(of).collect()
    })
}
