//! What closes a finding: the smallest change, proved before it is made, and taken back with one command.
//!
//! A plan is data ([`Plan`], [`Fix`], [`Step`]). A step is a [`Write`]: what a resource of Azure is to become, said as a
//! difference from what it is, so that the same data tells people, makes commands and templates ([`forms`]), is carried out
//! ([`apply`]) and is turned round ([`Write::undo`]).
//!
//! INVARIANT: nothing here reads a clock, a file or a socket. What is written to Azure is only what a step names; what others
//! wrote meanwhile stays.

pub mod apply;
pub mod forms;
mod lang;
mod owner;
mod plan;
pub mod proof;
pub mod undo;
mod versions;
mod write;

pub use owner::{Owner, OwnerKind, owner};
pub use plan::{
    Ask, By, Closes, Cover, Effects, Fix, Options, Plan, Planner, Private, Step, coverage, plan, private,
    share,
};
pub use write::{Act, Edit, State, Write};
