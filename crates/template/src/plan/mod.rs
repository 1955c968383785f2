//! Terraform plans and states as ARM resources.
//!
//! Takes what `terraform show -json` prints, or a state file as Terraform keeps it, and gives what the azurerm and
//! azapi providers would make of it in Azure Resource Manager's shape: rules inside of their groups, associations
//! inside of what they are of. Only resources of these providers are read; [`Plan::notes`] counts what was left out.
//!
//! - Ids that are unknown before `apply` are made from group and name, and joined by the references of the
//!   configuration. A reference that may lead to several resources, or through a local value, is left unknown.
//! - Defaults that the provider documents are filled in where a plan leaves an attribute out; where releases differ
//!   and the plan does not tell which one made it, the value is unknown.
//! - Data sources tell ids and names. Those of `convert::READ` (groups, networks, subnets, addresses, NICs, route
//!   tables) become resources too: what stands there already may close or open what is planned.
//! - What a plan deletes is told ([`Plan::gone`]), and taken out of the lists that it was read back into. An association
//!   that ends leaves its subnet or NIC without it; where the plan does not hold that, a record with the one property
//!   unknown contradicts what stands there.
//! - Rules, routes and subnets may be blocks or resources of their own, and the configuration in a plan does not tell
//!   that there are no blocks: a list that is not known is that of the resources of their own, if there are some, else
//!   it is unknown.
//! - Each configuration of the provider (`alias`) has its own subscription. Where that is not known it has a placeholder
//!   of its own (`subscription`, `subscription azurerm.dev`); names meet within one subscription alone.
//! - `a.b[count.index]` and `a.b[1 - count.index]` are one thing in a plan: its references. Both are taken for the
//!   instance with the same index, and a note says how many such joins there are ([`NoteKind::Index`]).
//! - A plan that is not all of it says so ([`Plan::partial`]): without what is deferred, or after an error, machines may
//!   have more than what is told.
//! - Templates that are deployed by the plan are given as they are ([`Plan::templates`]).
//!
//! INVARIANT: a secret is never kept, and every value has the place of the plan that it comes from: an attribute that of
//! its text, what is made without one that of the name of its resource. No place takes in a secret.

mod address;
mod around;
mod associations;
mod azapi;
mod belongings;
mod block;
mod body;
mod compute;
mod convert;
mod disk;
mod embedded;
mod estate;
mod fate;
mod firewall;
mod forward;
mod ids;
mod input;
mod joint;
mod leaving;
mod legacy;
mod marks;
mod naming;
mod network;
mod provider;
mod read_back;
mod references;
mod scale_set;
mod secret;
mod version;

use crate::fault::Fault;
use crate::value::{Span, Value};

/// A resource of a plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The resource in ARM's nested shape.
    pub body: Value,
    /// Its address in Terraform: `module.net["a"].azurerm_subnet.x[0]`.
    pub address: Box<str>,
    /// Whether it is told as a whole. What an association says of a resource that the plan does not hold is a record of
    /// that property alone, to which nothing is to be added.
    pub whole: bool,
}

/// A resource that is not there afterwards.
#[derive(Clone, Debug)]
pub struct Gone {
    /// Its id: `…/networkSecurityGroups/n/securityRules/deny`.
    pub id: Value,
    /// Where the plan tells what it was.
    pub at: Span,
    /// Its address in Terraform.
    pub address: Box<str>,
}

/// A template that the plan deploys.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The template. All of it stands where the attribute stands that holds it.
    pub template: Value,
    /// Its parameters, as a parameter file has them below `parameters`; an unknown value where they are not known.
    pub parameters: Option<Value>,
    /// The name of the resource group; `null` of one for a subscription.
    pub resource_group: Value,
    /// The subscription's id.
    pub subscription: Value,
    /// Where the deployment stands.
    pub at: Span,
    /// Its address in Terraform.
    pub address: Box<str>,
}

/// Why a plan does not tell everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// What is missing.
    pub what: PartialKind,
    /// Where the plan says so.
    pub at: Span,
}

/// What is missing of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartialKind {
    /// Another plan is due after this one (`complete` is false).
    Incomplete,
    /// Planning ended with an error (`errored`).
    Errored,
    /// What becomes of a resource is put off (`deferred_changes`).
    Deferred {
        /// Its address in Terraform.
        address: Box<str>,
    },
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// A type that is not converted.
    Skipped,
    /// Joins by the same index, which an expression may count otherwise; the kind is `count.index` or `each.key`.
    Index,
    /// An association that ends, of what the plan does not hold; the kind is its type.
    Detached,
    /// A template that is deployed and not known; the kind is the type of the deployment.
    Template,
}

/// What was not converted, or not for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub what: NoteKind,
    /// The type in Terraform; data sources begin with `data.`.
    pub kind: Box<str>,
    /// How many there are.
    pub count: usize,
    /// Where the first one stands.
    pub at: Span,
}

/// What a plan or state says.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Its resources, in the order of the plan.
    pub resources: Vec<Planned>,
    /// What was not converted, by type, and what was not for certain.
    pub notes: Vec<Note>,
    /// What is not there afterwards, in the order of the changes.
    pub gone: Vec<Gone>,
    /// Templates that it deploys.
    pub templates: Vec<Embedded>,
    /// Why it does not tell everything; empty for one that does.
    pub partial: Vec<Partial>,
    /// Associations of which nobody can tell what they are of.
    pub faults: Vec<Fault>,
}

/// Reads a plan or a state.
pub fn read(text: &Value) -> Result<Plan, Fault> {
    let marks = marks::Marks::read(text);
    Ok(convert::convert(&estate::Estate::new(input::Input::read(text, &marks)?)))
}

/// Whether the outline of a file ([`crate::json::outline`]) is that of a plan or a state.
pub fn is_plan(outline: &[(String, Option<String>)]) -> bool {
    let has = |name: &str| outline.iter().any(|(own, _)| own == name);
    let parts = ["planned_values", "values", "resource_changes", "configuration", "terraform_version"];
    let shown = has("format_version") && parts.iter().any(|part| has(part));
    shown || has("terraform_version") && has("version") && (has("serial") || has("lineage"))
}
