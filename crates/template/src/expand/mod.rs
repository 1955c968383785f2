//! What an ARM template would deploy: its resources with their values worked out.
//!
//! INVARIANT: what cannot be worked out is [`Unknown`](crate::Unknown) with its reason, never left out; what is at fault is
//! told with its place, and the rest is expanded all the same. Work is bounded by [`Limits`].

mod calls;
mod condition;
mod copy;
mod depends;
mod ids;
mod kinds;
mod lambda;
mod machine;
mod nested;
mod parameters;
mod place;
mod reference;
mod resources;
mod scope;
mod settle;
#[cfg(test)]
mod tests_bounds;

use crate::fault::{Fault, FaultKind};
use crate::value::{Span, Value, Why};

pub use kinds::{is_parameters, is_template};
pub use parameters::PAIR;
pub use place::Given;
pub use resources::is_subject;
pub use settle::settle;

/// What a template is expanded with.
pub struct Options<'o> {
    /// Where it is deployed to, as far as that is known.
    pub place: Given,
    /// Parameter files (or their `parameters` alone); of several values of one parameter the last one counts.
    pub parameters: &'o [Value],
    /// Reads a linked template: the number of the file that links, and the path relative to that file.
    /// `None` where it is not at hand.
    pub link: &'o (dyn Fn(u32, &str) -> Option<Value> + Sync),
    /// Tells the template from others that are read together and may go elsewhere: names that are not known of two of
    /// them are not the same. 0 where it is alone.
    pub number: u32,
    /// How much work is done.
    pub limits: Limits,
}

/// How much work is done for one template.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps: values looked at and made, each for the memory that it takes. A template of 1,000 machines takes about
    /// three million.
    pub steps: u64,
    /// Turns of one loop. Azure allows 800 resources.
    pub turns: u64,
    /// Values in one resource.
    pub values: u64,
    /// Values in all resources.
    pub total: u64,
    /// Resources, and deployments inside of deployments.
    pub resources: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 100_000_000, turns: 10_000, values: 1_000_000, total: 4_000_000, resources: 20_000 }
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            place: Given::default(),
            parameters: &[],
            link: &|_, _| None,
            number: 0,
            limits: Limits::default(),
        }
    }
}

/// What a template would deploy.
#[derive(Debug, Default)]
pub struct Expanded {
    /// Its resources, those of nested deployments in their places.
    pub resources: Vec<Resource>,
    /// Its outputs: name and value.
    pub outputs: Vec<(Box<str>, Value)>,
    /// What is not known before the deployment and decides about more than one value.
    pub notes: Vec<Note>,
    /// What is at fault. Azure would refuse such a template.
    pub faults: Vec<Fault>,
}

/// A resource that would be deployed.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The resource in ARM's nested shape: `id`, `name`, `type`, `location`, `properties` and so on.
    pub body: Value,
    /// The id, in small letters, with placeholders for what is not known.
    pub id: Box<str>,
    /// Where the template defines it.
    pub at: Span,
    /// Why nobody knows whether it is deployed at all. What stands around machines and may protect them has no
    /// known `properties` then.
    pub doubt: Option<Why>,
}

/// Something that is not known before the deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where it stands.
    pub at: Span,
    /// What it is.
    pub kind: NoteKind,
}

/// What is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// A parameter without a value.
    Parameter(Box<str>),
    /// Whether a resource is deployed.
    Condition {
        /// Its id.
        resource: Box<str>,
        /// Why.
        why: Why,
    },
    /// A linked template that is not at hand: what it deploys is not looked at.
    Link(Box<str>),
    /// How often a loop runs: one turn is looked at for all of them.
    Count {
        /// The loop, or the resource.
        name: Box<str>,
        /// Why.
        why: Why,
    },
}

/// The stack that expansion takes: expressions, variables and nested deployments call each other.
const STACK: usize = 256 << 20;

/// Expands a template.
pub fn expand(template: &Value, options: &Options<'_>) -> Result<Expanded, Fault> {
    if template.object().is_none() {
        return Err(Fault::new(FaultKind::Not("an ARM template"), template.at));
    }
    let broken = || Fault::new(FaultKind::Not("an ARM template that can be worked out"), template.at);
    std::thread::scope(|scope| {
        let work = || machine::Machine::new(options).run(template);
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        worker.map_err(|_| broken())?.join().map_err(|_| broken())?
    })
}
