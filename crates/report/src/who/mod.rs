//! Who gets into which machines, ready to be shown: people and machines in classes, the rights behind them, and what is
//! demanded of them.

mod build;
mod html;
mod text;
mod words;

use reach::Reach;
use serde::Serialize;
use serde_json::Value;
use signin::{Means, Standing, Subject, Tri, Verdict, Who};

use estate::{PortSet, ResourceId};
use posture::Lang;

use crate::reached::{Reached, UnknownForm};

pub use build::who_form;
pub use html::to_html;
pub use text::to_text;

/// The version of the JSON form.
pub const SCHEMA: &str = "sekimori.who/1";

/// What is asked.
pub struct Question<'a, 'd, 'e> {
    /// Who gets in.
    pub who: &'a Who<'d, 'e>,
    /// From where machines are reached.
    pub reach: &'a Reach<'e>,
    /// The ports that people log in by.
    pub ports: &'a PortSet,
    /// About whom.
    pub about: About<'e>,
    /// The ways in to the one machine that is asked about.
    pub reached: Option<Reached>,
    /// The language of texts.
    pub lang: Lang,
}

/// About whom something is asked.
#[derive(Clone, Copy)]
pub enum About<'e> {
    /// A machine, or a scale set.
    Machine(ResourceId),
    /// Somebody.
    Person(Subject<'e>),
    /// All machines.
    All,
}

/// Who gets into which machines.
#[derive(Clone, Debug, Serialize)]
pub struct WhoForm {
    /// The version of this form.
    pub schema: &'static str,
    /// The id of what is asked about, by `machine` or `person`; or `all`.
    pub asked: Value,
    /// What it is called.
    #[serde(skip)]
    pub title: String,
    /// Whether the input holds all policies of conditional access.
    pub all_policies_known: bool,
    /// Whether Microsoft's own rules hold, if that is told.
    pub security_defaults: Option<bool>,
    /// The machines.
    pub machines: Vec<MachineForm>,
    /// Machines that nothing tells apart.
    pub machine_classes: Vec<ClassForm>,
    /// The people who get in, or may.
    pub people: Vec<PersonForm>,
    /// Roles that let them in.
    pub grants: Vec<GrantForm>,
    /// What is demanded of them.
    pub sign_ins: Vec<SignInForm>,
    /// The ways in to the one machine that is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reached>,
    /// What nobody can tell, and what would settle it.
    pub unknown: Vec<UnknownForm>,
}

impl WhoForm {
    /// Whether somebody was asked about, and not machines.
    pub(crate) fn is_of_person(&self) -> bool {
        self.asked.get("person").is_some()
    }
}

/// A machine.
#[derive(Clone, Debug, Serialize)]
pub struct MachineForm {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its class, by its place.
    pub class: usize,
    /// The account that it was made with; none where Azure knows of none.
    pub account: Option<AccountForm>,
}

/// An account of a machine, which Azure made with it.
#[derive(Clone, Debug, Serialize)]
pub struct AccountForm {
    /// Its name; none where it is not told.
    pub name: Option<String>,
    /// Whether it was made to sign in by a password: `yes`, `no`, `unknown`.
    pub password: &'static str,
    /// How many SSH keys it was made with; none where that is not told.
    pub ssh_keys: Option<usize>,
    /// How many other machines one of these keys opens.
    pub keys_open_others: usize,
}

/// Machines that nothing tells apart.
#[derive(Clone, Debug, Serialize)]
pub struct ClassForm {
    /// How many there are.
    pub count: usize,
    /// `windows`, `linux` or `unknown`.
    pub system: &'static str,
    /// Whether people can sign in with accounts of the directory.
    pub entra: EntraForm,
    /// By which ways packets get to them.
    pub ways: Vec<WayForm>,
    /// Whether these are all.
    pub all_ways_known: bool,
    /// Who has which means for them.
    pub holders: Vec<HolderForm>,
}

/// Whether people can sign in to a machine with accounts of the directory: `yes`, `no`, `unknown`.
#[derive(Clone, Debug, Serialize)]
pub struct EntraForm {
    /// All of it together.
    pub ready: &'static str,
    /// Whether the extension is in place.
    pub extension: &'static str,
    /// Whether the machine has an identity of its own.
    pub identity: &'static str,
    #[serde(skip)]
    pub(crate) so: (Tri, Tri),
}

/// A way by which packets get to a machine's login.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct WayForm {
    /// `internet` or `network`.
    pub from: &'static str,
    /// The TCP ports.
    pub ports: String,
    /// How many of the internet's IPv4 addresses get there.
    pub internet_ipv4_addresses: u128,
    /// Whether they certainly do.
    pub certain: bool,
}

/// Somebody who has means to get in.
#[derive(Clone, Debug, Serialize)]
pub struct HolderForm {
    /// Classes of people.
    pub people: Vec<usize>,
    /// A group of which the members are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<PrincipalForm>,
    /// What they can do.
    pub can: Vec<CanForm>,
    /// What is demanded when they sign in to the machine, by its place.
    pub sign_in: Option<usize>,
    /// What is demanded when they sign in to Azure, by its place.
    pub sign_in_to_azure: Option<usize>,
}

/// Something that somebody can do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CanForm {
    /// `login`, `login-as-admin`, `run-command`, `extension`, `serial-console`, `disk-copy`, `give-rights`.
    pub means: &'static str,
    /// Whether they can now: `yes`, `no`, `unknown`.
    pub now: &'static str,
    /// Whether they can once they take a role that they may take.
    pub after_taking_a_role: &'static str,
    /// The grants behind it, by their places.
    pub grants: Vec<usize>,
    #[serde(skip)]
    pub(crate) what: Means,
    #[serde(skip)]
    pub(crate) so: (Tri, Tri),
}

/// Somebody.
#[derive(Clone, Debug, Serialize)]
pub struct PersonForm {
    /// Their id in the directory.
    pub id: String,
    /// What they sign in by.
    pub login: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// `member`, `guest`, `person`, `program`, `untold`, `unread`, `gone`.
    pub standing: &'static str,
    /// Whether the account may be used.
    pub enabled: Option<bool>,
    /// How likely it is that the account is in other hands, where somebody has said so.
    pub risk: Option<&'static str>,
    /// Whether they have a second factor that they are let to use, if that is told.
    pub mfa_capable: Option<bool>,
    /// Their classes: what is so of each of these is so of them.
    pub classes: Vec<usize>,
    #[serde(skip)]
    pub(crate) what: Standing,
}

/// A person, a group or a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrincipalForm {
    /// The id in the directory.
    pub id: String,
    /// What it is called, if that is told.
    pub name: Option<String>,
    /// `User`, `Group`, `ServicePrincipal`, if that is told.
    pub kind: Option<String>,
}

/// A role that lets somebody in.
#[derive(Clone, Debug, Serialize)]
pub struct GrantForm {
    /// The id of the assignment.
    pub id: String,
    /// What the role is called.
    pub role: String,
    /// Whether it is a role of the directory.
    pub of_directory: bool,
    /// Who has it.
    pub principal: PrincipalForm,
    /// Where it holds.
    pub scope: String,
    /// Whether it has to be taken first, for some time.
    pub eligible: bool,
    /// Whether it holds only where a condition does.
    pub conditional: bool,
}

/// What conditional access demands at a door.
#[derive(Clone, Debug, Serialize)]
pub struct SignInForm {
    /// `windows-vm`, `linux-vm`, `azure-management`.
    pub application: &'static str,
    /// The least that is demanded.
    pub least: &'static str,
    /// What is demanded where.
    pub outcomes: Vec<OutcomeForm>,
    /// Policies that would demand a second factor, or let nobody in, and do not, or not always: the nearest first.
    pub holes: Vec<HoleForm>,
    #[serde(skip)]
    pub(crate) verdict: Verdict,
}

/// What is demanded somewhere.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeForm {
    /// What it comes to, as `what-if` has it.
    pub verdict: &'static str,
    /// Policies that demand it.
    pub policies: Vec<String>,
    /// Policies that may.
    pub possible_policies: Vec<String>,
    /// Where: each a set of what is left open.
    #[serde(rename = "where")]
    pub places: Vec<Value>,
    #[serde(skip)]
    pub(crate) what: Verdict,
    #[serde(skip)]
    pub(crate) texts: Vec<String>,
}

/// A policy that does not demand what it says.
#[derive(Clone, Debug, Serialize)]
pub struct HoleForm {
    /// The policy.
    pub policy: String,
    /// `person-excluded`, `application-excluded`, `report-only`, `only-where` … as `what-if` has them.
    pub because: &'static str,
    /// Where it demands it, if that is not everywhere.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<Value>,
    #[serde(skip)]
    pub(crate) text: String,
    #[serde(skip)]
    pub(crate) near: bool,
}
