//! What is demanded of people of a class at one door, and what would be, if a policy did not leave a hole.

use estate::Known;

use super::means::Door;
use crate::directory::{Directory, Subject};
use crate::outcome::Controls;
use crate::policy::{Never, PolicyState};
use crate::question::{Question, looks_like_machine};
use crate::tri::Tri;
use crate::verdict::{Rules, Verdict};
use crate::what_if::{self, Answer, Axis, Region, Where};
use crate::who::people::PersonRisk;

/// What conditional access demands of somebody at a door, whatever is left open.
pub struct SignIn<'e> {
    /// The door.
    pub door: Door,
    /// What was answered; none where there are too many cases.
    pub answer: Option<Answer<'e>>,
    /// What each of the answer's outcomes comes to, in their order.
    pub cases: Vec<Verdict>,
    /// Whether the risk of the person is one of several, and nobody can tell which.
    risk_untold: bool,
}

/// A policy that would demand a second factor, or let nobody in, and does not, or not always.
pub struct Hole {
    /// Its place in the answer's policies.
    pub policy: usize,
    /// Why it does not.
    pub why: Why,
    /// Whether it is meant for some risks or flows alone, which leaves no hole.
    pub of_some: bool,
}

/// Why a policy does not demand what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is for others, or off.
    Never(Never),
    /// It is looked at and demands nothing.
    ReportOnly,
    /// It is for a part of what is open.
    Only(Region),
    /// It demands something stronger, and takes something weaker in its place.
    Weak,
    /// It is for an application that people take for the one that is asked about; its name.
    Alike(&'static str),
}

impl Why {
    /// The nearer a policy is to demanding it, the less.
    fn rank(&self) -> u8 {
        match self {
            Self::Never(Never::PersonExcluded) => 0,
            Self::Never(Never::ApplicationExcluded) => 1,
            Self::Only(_) => 2,
            Self::Weak => 3,
            Self::Alike(_) => 4,
            Self::ReportOnly => 5,
            Self::Never(Never::Person) => 6,
            Self::Never(Never::Off) => 7,
            Self::Never(_) => 9,
        }
    }
}

impl Hole {
    /// Whether it is one that nobody meant, most likely.
    pub fn is_near(&self) -> bool {
        !self.of_some && self.why.rank() < 6
    }
}

/// How much is done for an answer.
pub(crate) struct Effort<'b> {
    /// Whether the policies behind each case are wanted.
    pub(crate) by_policy: bool,
    /// How many cases are looked at.
    pub(crate) budget: &'b mut usize,
}

/// What is asked of somebody at a door.
fn question(door: Door, risk: PersonRisk, no_trusted_addresses: bool) -> Question {
    let user_risk = match risk {
        PersonRisk::Level(level) => Some(level),
        PersonRisk::NotSaid | PersonRisk::Unread | PersonRisk::Hidden => None,
    };
    let user_is_at_risk = risk == PersonRisk::Hidden;
    let open = Question::open(door.application());
    Question { user_risk, user_is_at_risk, no_legacy_clients: true, no_trusted_addresses, ..open }
}

impl<'e> SignIn<'e> {
    pub(crate) fn of(
        directory: &Directory<'e>,
        rules: Rules,
        subject: &Subject<'e>,
        door: Door,
        risk: PersonRisk,
        no_trusted_addresses: bool,
        effort: Effort<'_>,
    ) -> Self {
        let question = question(door, risk, no_trusted_addresses);
        let answer = what_if::answer(directory, subject, &question, effort.by_policy, effort.budget).ok();
        let cases = answer.as_ref().map(|answer| {
            let verdict = |(demand, regions): &(_, Vec<Region>)| {
                Verdict::of_case(rules, &question.application, answer, demand, regions)
            };
            answer.outcomes.iter().map(verdict).collect()
        });
        let risk_untold = matches!(risk, PersonRisk::Hidden | PersonRisk::Unread);
        Self { door, answer, cases: cases.unwrap_or_default(), risk_untold }
    }

    /// The least that is demanded, wherever what is open leads. Where, when and with what people come is up to them; what
    /// risk they are at is not, so where that is untold and matters nobody can tell.
    pub fn least(&self) -> Verdict {
        let of_all = self.cases.iter().copied().min().unwrap_or(Verdict::Unknown);
        if !self.risk_untold || of_all.is_protected() {
            return of_all;
        }
        let Some(answer) = &self.answer else { return Verdict::Unknown };
        let levels = answer.axes.iter().position(|(axis, _)| *axis == Axis::UserRisk);
        let Some((axis, levels)) = levels.and_then(|at| Some((at, answer.axes.get(at)?.1.len()))) else {
            return of_all;
        };
        let at_level = |level: usize| {
            let is_there =
                |region: &Region| region.iter().all(|(its, here)| *its != axis || here.contains(&level));
            let all = answer.outcomes.iter().zip(&self.cases);
            let here = all.filter(|((_, regions), _)| regions.iter().any(is_there));
            here.map(|(_, verdict)| *verdict).min().unwrap_or(Verdict::Unknown)
        };
        let same = (0..levels).all(|level| at_level(level) == of_all);
        if same { of_all } else { Verdict::Unknown }
    }

    /// Policies that would demand a second factor or let nobody in where they do not, the nearest first.
    pub fn holes(&self) -> Vec<Hole> {
        let Some(answer) = &self.answer else { return Vec::new() };
        let demands = |controls: &Controls| {
            let strict = controls.strictness();
            strict.mfa == Tri::Yes || strict.blocked == Tri::Yes || strict.either == Tri::Yes
        };
        let all = answer.policies.iter().zip(&answer.controls).enumerate();
        let mut holes: Vec<Hole> = all
            .filter(|(_, (_, controls))| demands(controls) || controls.means_more())
            .filter_map(|(policy, (own, controls))| {
                let alike = own.policy.include_apps.as_ref().and_then(Known::value);
                let alike = alike.into_iter().flatten().find_map(|id| looks_like_machine(id));
                let why = match (&own.applies, own.state) {
                    (Where::Never(Never::Application), _) if alike.is_some() && self.door != Door::Azure => {
                        Why::Alike(alike?)
                    }
                    // What takes less than it means demands nothing more by being for others, too.
                    (Where::Never(_), _) if !demands(controls) => return None,
                    (Where::Never(never), _) => Why::Never(*never),
                    _ if own.state == PolicyState::On && !demands(controls) => Why::Weak,
                    (_, PolicyState::ReportOnly) => Why::ReportOnly,
                    (Where::Some(region), _) => Why::Only(region.clone()),
                    (Where::Always, _) => return None,
                };
                let levels = [&own.policy.sign_in_risk, &own.policy.user_risk];
                let of_some = levels
                    .into_iter()
                    .chain([&own.policy.flows])
                    .any(|some| some.as_ref().and_then(Known::value).is_some_and(|all| !all.is_empty()));
                Some(Hole { policy, why, of_some })
            })
            .collect();
        holes.sort_by_key(|hole| (hole.of_some, hole.why.rank(), hole.policy));
        holes
    }
}
