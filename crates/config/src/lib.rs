//! What a team has set: `sekimori.toml`, its keys and their meaning.
//!
//! One table, [`KEYS`], says which keys there are, which flag and which environment variable override
//! them, and what they mean in both languages; the reader, the editors' schema and the documentation
//! all go by it.
//!
//! INVARIANT: nothing in a file is passed over. A key that is not known, a value that cannot be used
//! and a decision without reason or end are faults with their place; a file with a fault sets nothing.

mod choice;
mod fault;
mod keys;
mod parse;
mod schema;
mod select;
mod values;

pub use choice::{FailOn, Format};
pub use fault::{Fault, FaultKind};
pub use keys::{KEYS, Key, Kind, SUPPRESS_KEYS, SubKey};
pub use parse::{Config, Set, parse};
pub use schema::schema;
pub use select::{NoCheck, close, named, named_or_foreign, names};
pub use values::{
    ValueFault, approved_source, by_code, finding_id, language, narrow_enough, ports, severity,
};
