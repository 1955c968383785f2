//! A stand-in for Azure's endpoints: metadata, tokens, Resource Manager's lists, Resource Graph, parts of Microsoft
//! Graph; over TLS, with pages, quotas and faults. Resources are written as they are read: a test or a demonstration changes
//! a rule, and what is collected afterwards has it.
//!
//! INVARIANT: what it answers comes from the resources that it was given, by rules of its own. It knows nothing of how
//! `azure` asks, and refuses every query that it cannot evaluate for real.

mod answers;
mod clock;
mod faults;
mod query;
mod quota;
mod recorded;
mod server;
mod world;
mod write;

pub use faults::{Fault, Script};
pub use quota::{Quota, Rate};
pub use recorded::Recording;
pub use server::{Running, Seen, start, start_at};
pub use world::World;
pub use write::{Change, Conflict, Effect, JitNames, Writes};
