//! Live Azure: what runs now, read from Resource Manager, Resource Graph and Microsoft Graph.
//!
//! INVARIANT: the only crate that knows Azure's HTTP. It writes snapshots, which are read as any other source is.

mod catalogue;
mod certificate;
mod cloud;
mod collect;
mod credential;
mod http;
mod limits;
mod redact;
mod resource_graph;
mod since;
mod snapshot;
mod verify;

pub use catalogue::{DIRECTORY, Directory, LISTS, List, MEMBERS, QUESTIONS, Question};
pub use certificate::CertificateError;
pub use cloud::{Audience, Cloud, CloudError, Named};
pub use collect::{CollectError, Progress};
pub use credential::{Caller, Chain, CredentialError, Link, Variables};
pub use http::{AnswerError, Client, Fault, answer_of, connect};
pub use since::{Base, BaseError, Since};
pub use snapshot::{Asked, By, KIND, Manifest, Partial, Refused, SnapshotError, Writer};
pub use verify::{End, FlowQuestion, FlowSaid, Watcher};
