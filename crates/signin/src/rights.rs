//! What people may do to a resource: roles at scopes, what is taken from them, and where conditions leave it open.
//!
//! Source: <https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource>

use estate::{
    DenyAssignment, Field, Known, Permission, ResourceId, RoleAssignment, RoleDefinition, resource_name,
};
use hashbrown::HashMap;

use crate::condition::condition_holds;
use crate::directory::{Directory, Subject};
use crate::tri::Tri;

/// Something that a right is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action<'a> {
    /// To a resource, by Resource Manager: `Microsoft.Compute/virtualMachines/runCommand/action`.
    Control(&'a str),
    /// Inside of a resource: `Microsoft.Compute/virtualMachines/login/action`.
    Data(&'a str),
}

/// A right to do something.
pub struct Right<'e> {
    /// What gives it.
    pub assignment: &'e RoleAssignment,
    /// The role, by what it is called, or its number.
    pub role: String,
    /// The scope that it is given at.
    pub scope: &'e str,
    /// The group that it is given to, if it is not given to the person.
    pub group: Option<ResourceId>,
    /// Whether it has to be taken first, for some time.
    pub eligible: bool,
    /// Whether it is a right to do this.
    pub so: Tri,
}

/// All rights of an estate.
pub struct Rights<'d, 'e> {
    directory: &'d Directory<'e>,
    definitions: HashMap<String, &'e RoleDefinition>,
    /// Assignments by the lower-cased id of who has them, and whether they have to be taken first.
    by_principal: HashMap<String, Vec<(&'e RoleAssignment, bool)>>,
    /// The lower-cased names of the management groups that a subscription (by its lower-cased id) is in.
    ancestors: HashMap<String, Option<Vec<String>>>,
}

/// Everybody, in what is taken from people.
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

impl<'d, 'e> Rights<'d, 'e> {
    /// Looks at an estate.
    pub fn new(directory: &'d Directory<'e>) -> Self {
        let estate = directory.estate();
        let around = &estate.around;
        let lower = |id: ResourceId| estate.text(id).to_ascii_lowercase();
        let mut by_principal: HashMap<String, Vec<(&RoleAssignment, bool)>> = HashMap::new();
        let own = around.role_assignments.iter().map(|one| (one, false));
        for (assignment, eligible) in own.chain(around.eligible_rights.iter().map(|one| (one, true))) {
            if let Some(Known::Value(principal)) = &assignment.principal {
                by_principal.entry(principal.to_ascii_lowercase()).or_default().push((assignment, eligible));
            }
        }
        for all in by_principal.values_mut() {
            all.sort_by_key(|(one, _)| estate.text(one.id));
        }
        let ancestors = around.subscriptions.iter().map(|own| {
            let groups = own.groups.as_ref().and_then(Known::value);
            let groups = groups.map(|all| all.iter().map(|name| name.to_ascii_lowercase()).collect());
            (lower(own.id), groups)
        });
        Self {
            directory,
            definitions: around
                .role_definitions
                .iter()
                .map(|one| (resource_name(estate.text(one.id)).to_ascii_lowercase(), one))
                .collect(),
            by_principal,
            ancestors: ancestors.collect(),
        }
    }

    /// The directory.
    pub fn directory(&self) -> &'d Directory<'e> {
        self.directory
    }

    /// What the role of an assignment is called, and whether it is one to do something, wherever that is.
    pub fn gives(&self, assignment: &RoleAssignment, action: Action<'_>) -> (String, Tri) {
        let (name, gives) = self.role(assignment, action);
        (name, gives.and(conditions(&assignment.condition, action)))
    }

    /// Every right of somebody to do something to a resource, or that may be one; what is taken from them left aside.
    pub fn of(&self, subject: &Subject<'_>, resource: &str, action: Action<'_>) -> Vec<Right<'e>> {
        let estate = self.directory.estate();
        let holders = std::iter::once((subject.id, None))
            .chain(self.directory.groups_of(subject.id).into_iter().map(|group| (group, Some(group))));
        let mut all = Vec::new();
        for (holder, group) in holders {
            let assigned = self.by_principal.get(&estate.text(holder).to_ascii_lowercase());
            for (assignment, eligible) in assigned.into_iter().flatten() {
                let scope = estate.text(assignment.owner);
                let covers = self.covers(scope, resource);
                let (role, gives) = self.gives(assignment, action);
                let so = covers.and(gives);
                if so != Tri::No {
                    all.push(Right { assignment, role, scope, group, eligible: *eligible, so });
                }
            }
        }
        all
    }

    /// Whether something is taken from somebody at a resource, whatever roles they have.
    pub fn denied(&self, subject: &Subject<'_>, resource: &str, action: Action<'_>) -> Tri {
        let estate = self.directory.estate();
        let groups = self.directory.groups_of(subject.id);
        let is = |all: &Field<Vec<Box<str>>>| match all {
            None => Tri::No,
            Some(Known::Unknown(_)) => Tri::Maybe,
            Some(Known::Value(all)) => all
                .iter()
                .map(|one| {
                    let own = estate.text(subject.id).eq_ignore_ascii_case(one);
                    if **one == *EVERYBODY || own { Tri::Yes } else { self.directory.may_be_in(&groups, one) }
                })
                .fold(Tri::No, Tri::or),
        };
        let denies = |deny: &DenyAssignment| {
            let scope = estate.text(deny.owner);
            let here = match deny.only_here {
                Some(Known::Value(true)) => scope.eq_ignore_ascii_case(resource.trim_end_matches('/')).into(),
                Some(Known::Unknown(_)) => self.covers(scope, resource).min(Tri::Maybe),
                Some(Known::Value(false)) | None => self.covers(scope, resource),
            };
            let takes = match &deny.permissions {
                Some(Known::Value(all)) => permits(all, action).into(),
                _ => Tri::Maybe,
            };
            here.and(takes)
                .and(is(&deny.principals))
                .and(!is(&deny.excluded))
                .and(conditions(&deny.condition, action))
        };
        estate.around.deny_assignments.iter().map(denies).fold(Tri::No, Tri::or)
    }

    /// Whether somebody may do something to a resource now, without taking a role first.
    pub fn may(&self, subject: &Subject<'_>, resource: &str, action: Action<'_>) -> Tri {
        let rights = self.of(subject, resource, action);
        let has = rights.iter().filter(|right| !right.eligible).map(|right| right.so).fold(Tri::No, Tri::or);
        has.and(!self.denied(subject, resource, action))
    }

    /// Whether a scope holds a resource: by its id, or by the management groups of its subscription.
    pub(crate) fn covers(&self, scope: &str, resource: &str) -> Tri {
        let scope = scope.trim_end_matches('/').to_ascii_lowercase();
        let resource = resource.trim_end_matches('/').to_ascii_lowercase();
        if let Some(group) = scope.strip_prefix("/providers/microsoft.management/managementgroups/") {
            if resource == scope {
                return Tri::Yes;
            }
            let subscription =
                estate::resource_subscription(&resource).map(|own| format!("/subscriptions/{own}"));
            let Some(subscription) = subscription else { return Tri::Maybe };
            return match self.ancestors.get(&subscription) {
                Some(Some(groups)) => groups.iter().any(|name| name == group).into(),
                _ => Tri::Maybe,
            };
        }
        let below = resource.strip_prefix(scope.as_str());
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')).into()
    }

    /// What a role is called, and whether it is one to do something.
    fn role(&self, assignment: &RoleAssignment, action: Action<'_>) -> (String, Tri) {
        let estate = self.directory.estate();
        let Some(Known::Value(role)) = &assignment.role else { return ("?".to_owned(), Tri::Maybe) };
        let number = resource_name(estate.text(*role)).to_ascii_lowercase();
        let Some(definition) = self.definitions.get(&number) else {
            return match built_in(&number) {
                Some((name, permission)) => (name.to_owned(), permits(&[permission], action).into()),
                None => (number, Tri::Maybe),
            };
        };
        let title = definition.title.as_ref().and_then(Known::value);
        let name = title.map_or(number, ToString::to_string);
        match &definition.permissions {
            Some(Known::Value(all)) => (name, permits(all, action).into()),
            _ => (name, Tri::Maybe),
        }
    }
}

fn conditions(condition: &Field<Box<str>>, action: Action<'_>) -> Tri {
    let (Action::Control(name) | Action::Data(name)) = action;
    match condition {
        None => Tri::Yes,
        Some(Known::Value(text)) => condition_holds(text, name),
        Some(Known::Unknown(_)) => Tri::Maybe,
    }
}

/// Whether permissions hold an action: one of them has it, and does not leave it out itself.
fn permits(all: &[Permission], action: Action<'_>) -> bool {
    all.iter().any(|one| {
        let (given, but, name) = match action {
            Action::Control(name) => (&one.actions, &one.not_actions, name),
            Action::Data(name) => (&one.data_actions, &one.not_data_actions, name),
        };
        given.iter().any(|pattern| fits(pattern, name)) && !but.iter().any(|pattern| fits(pattern, name))
    })
}

/// Whether a pattern of actions (`Microsoft.Authorization/*/write`) holds an action; `*` is any text, case does not count.
pub fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| action.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// Azure's own roles that matter for signing in, where the input does not hold their definitions.
///
/// Source: <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>
fn built_in(number: &str) -> Option<(&'static str, Permission)> {
    let list = |all: &[&str]| all.iter().map(|one| Box::from(*one)).collect();
    let control = |actions: &[&str], but: &[&str]| Permission {
        actions: list(actions),
        not_actions: list(but),
        ..Permission::default()
    };
    let login = |data: &[&str]| Permission {
        data_actions: list(data),
        ..control(&["Microsoft.Compute/virtualMachines/*/read"], &[])
    };
    Some(match number {
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" => ("Owner", control(&["*"], &[])),
        "b24988ac-6180-42a0-ab88-20f7382dd24c" => (
            "Contributor",
            control(
                &["*"],
                &[
                    "Microsoft.Authorization/*/Delete",
                    "Microsoft.Authorization/*/Write",
                    "Microsoft.Authorization/elevateAccess/Action",
                ],
            ),
        ),
        "acdd72a7-3385-48ef-bd42-f606fba81ae7" => ("Reader", control(&["*/read"], &[])),
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9" => (
            "User Access Administrator",
            control(&["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"], &[]),
        ),
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168" => (
            "Role Based Access Control Administrator",
            control(
                &[
                    "*/read",
                    "Microsoft.Authorization/roleAssignments/write",
                    "Microsoft.Authorization/roleAssignments/delete",
                ],
                &[],
            ),
        ),
        "00482a5a-887f-4fb3-b363-3b7fe8e74483" => (
            "Key Vault Administrator",
            Permission {
                data_actions: list(&["Microsoft.KeyVault/vaults/*"]),
                ..control(&["Microsoft.KeyVault/vaults/*/read"], &[])
            },
        ),
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c" => (
            "Virtual Machine Contributor",
            control(
                &[
                    "Microsoft.Compute/virtualMachines/*",
                    "Microsoft.Compute/virtualMachineScaleSets/*",
                    "Microsoft.Compute/disks/write",
                    "Microsoft.Compute/disks/read",
                    "Microsoft.Compute/disks/delete",
                    "Microsoft.SerialConsole/serialPorts/connect/action",
                ],
                &[],
            ),
        ),
        "1c0163c0-47e6-4577-8991-ea5c82e286e4" => (
            "Virtual Machine Administrator Login",
            login(&[
                "Microsoft.Compute/virtualMachines/login/action",
                "Microsoft.Compute/virtualMachines/loginAsAdmin/action",
            ]),
        ),
        "fb879df8-f326-4884-b1cf-06f3ad86be52" => {
            ("Virtual Machine User Login", login(&["Microsoft.Compute/virtualMachines/login/action"]))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_actions_hold_what_they_say() {
        let write = "microsoft.authorization/roleassignments/write";
        for pattern in [
            "*",
            "*/write",
            "Microsoft.Authorization/*",
            "Microsoft.Authorization/*/write",
            "Microsoft.Authorization/roleAssignments/*",
            "microsoft.authorization/roleassignments/write",
        ] {
            assert!(fits(pattern, write), "{pattern}");
        }
        for pattern in [
            "*/read",
            "Microsoft.Authorization/*/read",
            "Microsoft.Compute/*",
            "Microsoft.Authorization/roleAssignments",
            "Microsoft.Authorization/roleAssignments/write/x",
            "",
        ] {
            assert!(!fits(pattern, write), "{pattern}");
        }
    }
}
