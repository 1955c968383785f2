//! Who can sign in, and under which rules.
//!
//! [`Directory`] is the estate seen as people, groups and roles; [`what_if()`] tells which policies of conditional access meet a
//! sign-in of which some is left open, and what is demanded where. [`plain`] reads the same policies for one sign-in in the
//! simplest words: a second evaluator, to hold the first one against.

mod condition;
mod device;
mod diagram;
mod directory;
mod outcome;
mod places;
pub mod plain;
mod policy;
mod question;
mod rights;
mod tri;
mod verdict;
mod what_if;
mod who;

pub use condition::condition_holds;
pub use device::{Device, Rule, RuleError};
pub use directory::{Directory, Subject};
pub use outcome::{Controls, Demand, Strictness};
pub use policy::{Doubt, Never, PolicyState, is_for_application, is_for_client, state_of};
pub use question::{Application, Client, Flow, Place, Platform, Question, Risk, looks_like_machine};
pub use rights::{Action, Right, Rights, fits};
pub use tri::Tri;
pub use verdict::{Rules, Verdict};
pub use what_if::{
    Answer, Axis, Class, Countries, PolicyAnswer, Region, TooManyCases, Where, how_strict, what_if,
};
pub use who::{
    Door, GIVE_RIGHTS, Given, Grant, Held, Holder, Holding, Hole, Machines, Means, People, PersonRisk, Ready,
    SignIn, Standing, Who, Why, has_failed, ready,
};
