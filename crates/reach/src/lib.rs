//! Which packets get from A to B in an Azure network, and which rule decides.
//!
//! INVARIANT: every answer about a set of packets is a pair `must ⊆ may`: what certainly happens and
//! what may happen. Something is open when `must` is not empty, closed when `may` is empty, and
//! unknown otherwise, with the rule or resource that makes it so.
//!
//! The way through the crate: an IP configuration becomes an [`Endpoint`]; the groups of its subnet
//! and of its NIC are each turned into a [`GroupAnswer`] (which rule decides, by address and ports); [`Reach::from_internet`] and [`flow`](flow::flow) put the two together. Answers are cached by what a
//! group can tell apart, so the cost grows with distinct groups and not with VMs.
//!
//! [`plain`] says the same in the simplest words: it walks the rules for one packet. Tests hold the
//! two against each other.

mod addresses;
mod admin;
mod beside;
pub mod difference;
pub mod effective;
mod endpoint;
pub mod evidence;
pub mod flow;
mod forward;
mod group;
mod internet;
mod looks;
mod packet;
pub mod paths;
pub mod plain;
pub mod routes;
mod rules;
mod share;
pub mod tags;
mod ways;

pub use addresses::{
    Addresses, MustMay, everything as every_address, internet, of_space, prefixes_of, prefixes_touching,
};
pub use beside::Passage;
pub use endpoint::{Endpoint, Level, levels};
pub use forward::Through;
pub use group::{Cell, GroupAnswer, Verdict};
pub use internet::{Exposure, Opening, Way};
pub use packet::{Packet, Protocols};
pub use rules::{DefaultRule, RuleAccess, RuleRef, rule_name};
pub use ways::{Exposed, Start, WayIn, exposed};

mod cache;
pub use cache::{Facts, Reach};

/// An estate of these resources.
#[cfg(test)]
fn read(resources: &serde_json::Value) -> estate::Estate {
    let collector = estate::Collector::new();
    let mut part = estate::Part::default();
    let mut splitter = estate::split::Splitter::new();
    let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, estate::SourceIndex(0), cut);
    splitter.push(resources.to_string().as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}
