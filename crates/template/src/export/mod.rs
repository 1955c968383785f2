//! Writes live machines and their networks as an ARM template, so that they can be deployed anew with the newest image.
//!
//! INVARIANT: what is written was allowed by name (`allow`), so a property that Azure may add tomorrow, and anything
//! that may be a secret, stays out. The same records and options give the same bytes.
//!
//! Names are those of the machines: deploy to another resource group, or where the old machine is gone.
//! What hardening does and which checks it is for: [`ChangeKind::checks`].

mod allow;
mod compute;
mod copying;
mod draft;
mod extensions;
mod guards;
mod harden;
mod harden_vm;
mod network;
mod protect;
mod records;
mod rule_text;
mod rules;
mod secrets;
mod sources;
mod told;

use serde_json::Value;

use draft::Draft;
use records::Records;

pub use records::resource;
pub use told::{Change, ChangeKind, LeftOut, LeftOutKind};

/// What to export, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether to change what the checks would find.
    pub hardened: bool,
    /// Resource ids of the machines; a name will do where only one machine has it.
    pub machines: Vec<String>,
    /// Addresses in CIDR notation that people may sign in from. Empty: nobody signs in from the internet. Only
    /// hardening looks at it.
    pub trusted_sources: Vec<String>,
}

/// A template, and what it is not.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The deployment template.
    pub template: Value,
    /// The file of parameters: those without a default, to be filled in.
    pub parameters: Value,
    /// What hardening changed, in the order of the resources.
    pub changes: Vec<Change>,
    /// What could not be taken over.
    pub left_out: Vec<LeftOut>,
}

/// Why nothing was exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportFault {
    /// No machine was asked for.
    #[error("no machine was named")]
    NoMachine,
    /// A machine is not in the records.
    #[error("no machine `{name}` in the input{}", near_text(.near))]
    Missing {
        /// What was asked for.
        name: String,
        /// Ids of machines with a name like it, the nearest first.
        near: Vec<String>,
    },
    /// Several machines have the name.
    #[error("several machines are called `{name}`, give the id of one: `{}`", .ids.join("`, `"))]
    Ambiguous {
        /// The name.
        name: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// The record of a machine says nothing but its name.
    #[error("the record of `{id}` has no properties, read the machine with all of them (`az vm show`)")]
    NoProperties {
        /// The id of the machine.
        id: String,
    },
    /// A source is no address.
    #[error("`{0}` is no address or range that people could sign in from, write `198.51.100.0/28`")]
    Source(String),
}

fn near_text(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(", did you mean `{}`?", near.join("`, `")) }
}

/// Writes machines as a template.
///
/// `records` are ARM resources of the estate, in the shape of the REST API or as `az` prints them; several records of
/// one id complete each other.
///
/// # Errors
/// Fails where a machine cannot be found or is not described, and where a trusted source is none.
pub fn template(records: &[Value], options: &Options) -> Result<Exported, ExportFault> {
    if options.hardened
        && let Some(source) = options.trusted_sources.iter().find(|source| !sources::is_trustable(source))
    {
        return Err(ExportFault::Source(source.clone()));
    }
    let records = Records::new(records);
    let machines = records.machines(&options.machines)?;
    let mut draft = Draft::new(&records, options, &machines);
    network::write(&mut draft);
    compute::write(&mut draft);
    if options.hardened {
        harden::network(&mut draft);
        harden_vm::machines(&mut draft);
        protect::machines(&mut draft);
    }
    Ok(draft.finish())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_hardened;
