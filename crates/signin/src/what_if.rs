//! Which policies meet a sign-in, and what they demand together: for all that a question leaves open at once.
//!
//! What is open is a handful of axes: client, system, risks, place, rules for devices. A policy is for a sign-in where it is
//! for its part on each axis. So the parts of one axis that no policy tells apart are one, and the answer is a diagram: axis by
//! axis, the policies that are left. Ends at which the same is demanded are one.

use estate::{AccessPolicy, Known, Space};
use hashbrown::HashSet;

use crate::device::Rule;
use crate::diagram::Diagram;
use crate::directory::{Directory, Subject};
use crate::outcome::{Controls, Demand};
use crate::places::Places;
use crate::policy::{self, Devices, Doubt, Never, PolicyState, state_of};
use crate::question::{Client, Flow, Platform, Question, Risk};
use crate::tri::Tri;

/// Something that a question may leave open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The client.
    Client,
    /// The system.
    Platform,
    /// The risk of the sign-in.
    SignInRisk,
    /// The risk of the person.
    UserRisk,
    /// The flow.
    Flow,
    /// The place.
    Place,
    /// Whether a rule for devices holds; its text, as one policy writes it.
    Rule(Rule, String),
}

/// A part of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// A client.
    Client(Client),
    /// A system.
    Platform(Platform),
    /// A risk.
    Risk(Risk),
    /// A flow.
    Flow(Flow),
    /// Addresses in the same named places, and countries in the same.
    Place {
        /// The addresses.
        addresses: Space,
        /// Names of the places of addresses that they are in.
        inside: Vec<String>,
        /// The countries.
        countries: Countries,
    },
    /// The rule holds, or not.
    Rule(bool),
}

/// A set of countries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// Any: no policy asks for them.
    Any,
    /// These, by their two letters.
    These(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
    /// None that is known.
    Unknown,
}

/// A policy, and whether it is for the sign-in.
pub struct PolicyAnswer<'e> {
    /// The policy.
    pub policy: &'e AccessPolicy,
    /// Whether it is in force.
    pub state: PolicyState,
    /// Whether it is for the sign-in.
    pub applies: Where,
    /// Why that is not certain, where it is not.
    pub doubts: Vec<Doubt>,
}

/// Where a policy is for a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Nowhere.
    Never(Never),
    /// Wherever what is open leads.
    Always,
    /// In these parts of each axis, as numbers of classes; an axis that is not named does not matter.
    Some(Vec<(usize, Vec<usize>)>),
}

/// A part of what is open: for each axis that matters, the numbers of the classes.
pub type Region = Vec<(usize, Vec<usize>)>;

/// What a question is answered by.
pub struct Answer<'e> {
    /// All policies of the input, by name.
    pub policies: Vec<PolicyAnswer<'e>>,
    /// What each of them demands.
    pub controls: Vec<Controls>,
    /// What is open, with its classes.
    pub axes: Vec<(Axis, Vec<Class>)>,
    /// What is demanded where. Regions do not overlap, and together they are all that is open.
    pub outcomes: Vec<(Demand, Vec<Region>)>,
    /// Whether outcomes tell the policies behind them. Where too many sets of policies meet, they tell how strict these are.
    pub by_policy: bool,
    /// Whether a policy goes by the places that the organisation trusts: addresses that are set elsewhere, and that no list
    /// of Microsoft Graph holds, count as trusted, too.
    pub by_trust: bool,
}

/// More cases than are looked at; a question that leaves less open has fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyCases;

/// How many different rules for devices are looked at. A directory has at most 240 policies.
///
/// Source: <https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions>
const RULES: usize = 256;

/// What a policy is for, axis by axis.
pub(crate) struct Row {
    /// By what is not open.
    pub(crate) fixed: Tri,
    never: Option<Never>,
    doubts: Vec<Doubt>,
    /// For each axis and class.
    pub(crate) parts: Vec<Vec<Tri>>,
}

/// Which policies meet a sign-in of somebody, and what they demand.
///
/// # Errors
///
/// Where so much is open that there are too many cases.
pub fn what_if<'e>(
    directory: &Directory<'e>,
    subject: &Subject<'e>,
    question: &Question,
) -> Result<Answer<'e>, TooManyCases> {
    answer(directory, subject, question, true, &mut { usize::MAX })
}

/// How strict it is where, without the policies behind it: where many policies meet there are far fewer cases to tell.
///
/// # Errors
///
/// Where so much is open that there are too many cases all the same.
pub fn how_strict<'e>(
    directory: &Directory<'e>,
    subject: &Subject<'e>,
    question: &Question,
) -> Result<Answer<'e>, TooManyCases> {
    answer(directory, subject, question, false, &mut { usize::MAX })
}

/// The same; `by_policy` says that the policies behind each case are wanted where there are not too many cases for it. Cases that
/// are looked at are taken from `budget`, and no more of them are looked at than it holds.
pub(crate) fn answer<'e>(
    directory: &Directory<'e>,
    subject: &Subject<'e>,
    question: &Question,
    by_policy: bool,
    budget: &mut usize,
) -> Result<Answer<'e>, TooManyCases> {
    let estate = directory.estate();
    let mut all: Vec<&AccessPolicy> = estate.around.access_policies.iter().collect();
    let name = |policy: &AccessPolicy| {
        let name = policy.name.as_ref().and_then(Known::value).map(|name| name.to_lowercase());
        (name, estate.text(policy.id).to_owned())
    };
    all.sort_by_cached_key(|policy| name(policy));
    let groups = directory.groups_of(subject.id);
    let places = Places::new(directory, &all, question);
    // Rules that say the same are one, however they are written. Those of policies that are for others do not matter.
    let mut rules: Vec<(Rule, String)> = Vec::new();
    if question.device.is_none() {
        let mut known: HashSet<Rule> = HashSet::new();
        let meant = |policy: &&&AccessPolicy| {
            let person = policy::person(directory, subject, &groups, policy).0.so;
            let application = policy::application(&question.application, policy).0.so;
            state_of(policy) != PolicyState::Off && person.and(application) != Tri::No
        };
        for policy in all.iter().filter(meant) {
            if let (Devices::Some(rule, _), Some(Known::Value(text))) =
                (policy::devices(policy), &policy.device_rule)
                && known.insert(rule.clone())
            {
                if known.len() > RULES {
                    return Err(TooManyCases);
                }
                let text = rule.text().unwrap_or_else(|| text.to_string());
                rules.push((rule, text));
            }
        }
    }
    let clients = if question.no_legacy_clients { Client::MODERN } else { Client::ALL };
    let user_risks = if question.user_is_at_risk { Risk::SOME } else { Risk::ALL };
    let mut axes = vec![
        (Axis::Client, one_or_all(question.client, clients, Class::Client)),
        (Axis::Platform, one_or_all(question.platform, Platform::ALL, Class::Platform)),
        (Axis::SignInRisk, one_or_all(question.sign_in_risk, Risk::ALL, Class::Risk)),
        (Axis::UserRisk, one_or_all(question.user_risk, user_risks, Class::Risk)),
        (Axis::Flow, one_or_all(question.flow, Flow::ALL, Class::Flow)),
        (Axis::Place, places.classes()),
    ];
    axes.extend(
        rules
            .into_iter()
            .map(|(rule, text)| (Axis::Rule(rule, text), vec![Class::Rule(true), Class::Rule(false)])),
    );
    let rows: Vec<Row> =
        all.iter().map(|policy| row(directory, subject, &groups, question, policy, &places, &axes)).collect();
    let controls: Vec<Controls> = all.iter().map(|policy| Controls::of_policy(estate, policy)).collect();
    let policies: Vec<PolicyAnswer<'e>> = all
        .iter()
        .zip(&rows)
        .map(|(policy, row)| PolicyAnswer {
            policy,
            state: state_of(policy),
            applies: row.place(&axes),
            doubts: row.doubts.clone(),
        })
        .collect();
    let mut diagram = |by_policy| {
        let most = *budget;
        Diagram::new(&policies, &rows, &axes, &controls, by_policy, most).outcomes(budget)
    };
    let (outcomes, by_policy) = match by_policy.then(|| diagram(true)) {
        Some(Ok(outcomes)) => (outcomes, true),
        Some(Err(TooManyCases)) | None => (diagram(false)?, false),
    };
    Ok(Answer { policies, controls, axes, outcomes, by_policy, by_trust: places.by_trust })
}

fn one_or_all<T: Copy>(one: Option<T>, all: &[T], class: fn(T) -> Class) -> Vec<Class> {
    one.map_or_else(|| all.iter().copied().map(class).collect(), |one| vec![class(one)])
}

fn row(
    directory: &Directory<'_>,
    subject: &Subject<'_>,
    groups: &[estate::ResourceId],
    question: &Question,
    policy: &AccessPolicy,
    places: &Places<'_>,
    axes: &[(Axis, Vec<Class>)],
) -> Row {
    let mut never = None;
    let mut doubts = Vec::new();
    let mut fixed = Tri::Yes;
    match state_of(policy) {
        PolicyState::Off => never = Some(Never::Off),
        PolicyState::Unknown => {
            fixed = Tri::Maybe;
            doubts.push(Doubt::State);
        }
        PolicyState::On | PolicyState::ReportOnly => {}
    }
    match &policy.workloads {
        Some(Known::Value(programs)) if !programs.is_empty() => {
            if policy.include_users.is_none() {
                never = never.or(Some(Never::Workloads));
            } else {
                fixed = fixed.and(Tri::Maybe);
                doubts.push(Doubt::Condition("clientApplications".to_owned()));
            }
        }
        Some(Known::Unknown(_)) => {
            fixed = fixed.and(Tri::Maybe);
            doubts.push(Doubt::Condition("clientApplications".to_owned()));
        }
        _ => {}
    }
    let person = policy::person(directory, subject, groups, policy);
    for (judged, why) in [person, policy::application(&question.application, policy)] {
        fixed = fixed.and(judged.so);
        // What is certain all the same leaves no doubt.
        doubts.extend(judged.doubts.into_iter().filter(|_| judged.so == Tri::Maybe));
        never = never.or(why);
    }
    match &policy.other_conditions {
        None => {}
        Some(Known::Value(names)) => {
            fixed = fixed.and(Tri::Maybe);
            doubts.extend(names.iter().map(|name| Doubt::Condition(name.to_string())));
        }
        Some(Known::Unknown(_)) => fixed = fixed.and(Tri::Maybe),
    }
    let devices = policy::devices(policy);
    let of_device = match (&devices, &question.device) {
        (Devices::Every, _) => Tri::Yes,
        (Devices::Unread, _) => Tri::Maybe,
        (Devices::Some(rule, include), Some(device)) => {
            let holds = rule.holds(device);
            if *include { holds } else { !holds }
        }
        (Devices::Some(..), None) => Tri::Yes,
    };
    fixed = fixed.and(of_device);
    match of_device {
        Tri::No => never = never.or(Some(Never::Device)),
        Tri::Maybe => doubts.push(Doubt::Device),
        Tri::Yes => {}
    }
    let mut parts = Vec::with_capacity(axes.len());
    for (axis, classes) in axes {
        let part: Vec<Tri> = classes
            .iter()
            .enumerate()
            .map(|(at, class)| match class {
                Class::Client(client) => policy::is_for_client(policy, *client),
                Class::Platform(platform) => policy::platform(policy, *platform),
                Class::Risk(risk) if *axis == Axis::SignInRisk => policy::risk(&policy.sign_in_risk, *risk),
                Class::Risk(risk) => policy::risk(&policy.user_risk, *risk),
                Class::Flow(flow) => policy::flow(&policy.flows, *flow),
                Class::Place { .. } => places.holds(policy, at, &mut doubts),
                Class::Rule(so) => match (&devices, axis) {
                    (Devices::Some(own, include), Axis::Rule(rule, _)) if own == rule => {
                        (so == include).into()
                    }
                    _ => Tri::Yes,
                },
            })
            .collect();
        if part.iter().all(|so| *so == Tri::No) {
            never = never.or(Some(match axis {
                Axis::Client => Never::Client,
                Axis::Platform => Never::Platform,
                Axis::SignInRisk => Never::SignInRisk,
                Axis::UserRisk => Never::UserRisk,
                Axis::Flow => Never::Flow,
                Axis::Place => Never::Place,
                Axis::Rule(..) => Never::Device,
            }));
        }
        let named = match axis {
            Axis::Client => "clientAppTypes",
            Axis::Platform => "platforms",
            Axis::SignInRisk => "signInRiskLevels",
            Axis::UserRisk => "userRiskLevels",
            Axis::Flow => "authenticationFlows",
            // These tell why by themselves.
            Axis::Place | Axis::Rule(..) => "",
        };
        if !named.is_empty() && part.contains(&Tri::Maybe) {
            doubts.push(Doubt::Condition(named.to_owned()));
        }
        parts.push(part);
    }
    if never.is_some() {
        (fixed, doubts) = (Tri::No, Vec::new());
    }
    doubts.sort_unstable();
    doubts.dedup();
    Row { fixed, never, doubts, parts }
}

impl Row {
    fn place(&self, axes: &[(Axis, Vec<Class>)]) -> Where {
        if let Some(never) = self.never {
            return Where::Never(never);
        }
        let mut some = Vec::new();
        for (at, (part, (_, classes))) in self.parts.iter().zip(axes).enumerate() {
            let here: Vec<usize> =
                (0..).zip(part).filter(|(_, so)| **so != Tri::No).map(|(at, _)| at).collect();
            if here.len() < classes.len() {
                some.push((at, here));
            }
        }
        if some.is_empty() { Where::Always } else { Where::Some(some) }
    }
}
