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
mod operation;
mod redact;
mod resource_graph;
mod since;
mod snapshot;
mod verify;
mod write;

/// Any bytes as everything that comes from outside: answers of Azure, tokens, headers, snapshots and journals. For fuzzing.
#[doc(hidden)]
pub fn read_anything(bytes: &[u8]) {
    resource_graph::read_anything(bytes);
    snapshot::read_anything(bytes);
    since::read_anything(bytes);
    operation::read_anything(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = (http::error_of(bytes), limits::duration(&text), credential::caller(&text));
    if let Ok(Named::At(at)) = Cloud::named("https://localhost/") {
        let _ = Cloud::from_metadata(&at, bytes);
    }
    let _ = Cloud::named(&text);
}

pub use catalogue::{DIRECTORY, Directory, LISTS, List, MEMBERS, QUESTIONS, Question};
pub use certificate::CertificateError;
pub use cloud::{Audience, Cloud, CloudError, Named};
pub use collect::{CollectError, Progress};
pub use credential::{Caller, Chain, CredentialError, Link, Variables};
pub use http::{AnswerError, Client, Fault, answer_of, connect};
pub use operation::Polled;
pub use redact::redact;
pub use since::{Base, BaseError, Since};
pub use snapshot::{Asked, By, KIND, Manifest, Partial, Refused, SnapshotError, Writer};
pub use verify::{End, FlowQuestion, FlowSaid, Watcher};
pub use write::{Looked, Sent, Verb, Write};
