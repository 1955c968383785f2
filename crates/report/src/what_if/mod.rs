//! What conditional access demands of somebody, for people and programs.

mod json;
mod text;
mod words;

use estate::{Field, Known, Person};
use signin::{Answer, Demand, Directory, PolicyState, Question, Region, Rules, Strictness, Subject, Verdict};

pub use json::document;
pub(crate) use json::{region as region_json, tri};
pub(crate) use posture::never_text;
pub use text::page;
pub(crate) use text::{region_text, verdict_text};
pub(crate) use words::{doubt_parts, never_code};

/// What is asked and what is answered.
pub struct Told<'t, 'e> {
    /// The directory.
    pub directory: &'t Directory<'e>,
    /// Who signs in.
    pub subject: &'t Subject<'e>,
    /// What was asked.
    pub question: &'t Question,
    /// What is answered.
    pub answer: &'t Answer<'e>,
    /// What else the input tells of rules.
    pub rules: Rules,
}

impl Told<'_, '_> {
    /// How strict all of it is together.
    pub fn strictness(&self, demand: &Demand) -> Strictness {
        self.rules.strictness(&self.question.application, self.answer, demand)
    }

    fn verdict(&self, demand: &Demand, regions: &[Region]) -> Verdict {
        Verdict::of_case(self.rules, &self.question.application, self.answer, demand, regions)
    }

    /// What the person is called: their login, name or id.
    fn who(&self) -> String {
        person_name(self.directory, self.subject)
    }
}

/// What somebody is called: their login, name or id.
pub fn person_name(directory: &Directory<'_>, subject: &Subject<'_>) -> String {
    let told = |field: fn(&Person) -> &Field<Box<str>>| {
        subject.person.and_then(|person| field(person).as_ref()?.value()).map(ToString::to_string)
    };
    told(|person| &person.login)
        .or_else(|| told(|person| &person.name))
        .unwrap_or_else(|| directory.estate().text(subject.id).to_owned())
}

/// The word of a state.
fn state_word(state: PolicyState) -> &'static str {
    match state {
        PolicyState::On => "enabled",
        PolicyState::ReportOnly => "enabledForReportingButNotEnforced",
        PolicyState::Off => "disabled",
        PolicyState::Unknown => "unknown",
    }
}

/// What a policy is called.
fn policy_name(told: &Told<'_, '_>, at: usize) -> String {
    let Some(answer) = told.answer.policies.get(at) else { return String::new() };
    match &answer.policy.name {
        Some(Known::Value(name)) => name.to_string(),
        _ => told.directory.estate().text(answer.policy.id).to_owned(),
    }
}
