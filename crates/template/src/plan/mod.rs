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
//! - Data sources tell ids and names. Those of `convert::READ` (groups, networks, subnets, addresses, NICs, route tables) become resources too: what stands there already
//!   may close or open what is planned.
//!
//! INVARIANT: a secret is never kept, and every value has the place of the plan that it comes from.

mod address;
mod around;
mod azapi;
mod belongings;
mod block;
mod body;
mod compute;
mod convert;
mod disk;
mod estate;
mod firewall;
mod forward;
mod ids;
mod input;
mod legacy;
mod naming;
mod network;
mod references;
mod scale_set;
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
}

/// What was not converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
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
    /// What was not converted, by type.
    pub notes: Vec<Note>,
    /// Associations of which nobody can tell what they are of.
    pub faults: Vec<Fault>,
}

/// Reads a plan or a state.
pub fn read(text: &Value) -> Result<Plan, Fault> {
    Ok(convert::convert(&estate::Estate::new(input::Input::read(text)?)))
}

/// Whether the outline of a file ([`crate::json::outline`]) is that of a plan or a state.
pub fn is_plan(outline: &[(String, Option<String>)]) -> bool {
    let has = |name: &str| outline.iter().any(|(own, _)| own == name);
    let parts = ["planned_values", "values", "resource_changes", "configuration", "terraform_version"];
    let shown = has("format_version") && parts.iter().any(|part| has(part));
    shown || has("terraform_version") && has("version") && (has("serial") || has("lineage"))
}
