//! The answer as JSON, stable: `sekimori.what-if/1`.

use std::net::{Ipv4Addr, Ipv6Addr};

use estate::Space;
use serde_json::{Map, Value, json};
use signin::{Answer, Axis, Class, Countries, Region, Tri, Where};

use super::words::{doubt_code, never_code};
use super::{Told, policy_name, state_word};

/// The name of the form.
const SCHEMA: &str = "sekimori.what-if/1";

/// How many ranges of addresses of a place are told.
const RANGES: usize = 64;

/// The answer as JSON.
pub fn document(told: &Told<'_, '_>) -> Value {
    let estate = told.directory.estate();
    let person = told.subject.person;
    let text = |field: Option<&estate::Field<Box<str>>>| {
        field.and_then(|field| field.as_ref()?.value()).map(ToString::to_string)
    };
    let outcomes: Vec<Value> = told
        .answer
        .outcomes
        .iter()
        .map(|(demand, regions)| {
            let strict = told.strictness(demand);
            let names =
                |all: &[usize]| -> Vec<String> { all.iter().map(|at| policy_name(told, *at)).collect() };
            json!({
                "verdict": told.verdict(demand, regions).word(),
                "blocked": tri(strict.blocked),
                "mfa": tri(strict.mfa),
                "managed_device": tri(strict.device),
                "mfa_or_managed_device": tri(strict.either),
                "policies": names(&demand.certain),
                "possible_policies": names(&demand.possible),
                "where": regions.iter().map(|region| self::region(told.answer, region)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let policies: Vec<Value> = told
        .answer
        .policies
        .iter()
        .zip(&told.answer.controls)
        .map(|(answer, controls)| {
            let (applies, why, place) = match &answer.applies {
                Where::Never(never) => ("never", Some(never_code(*never)), None),
                Where::Always => ("always", None, None),
                Where::Some(region) => ("where", None, Some(self::region(told.answer, region))),
            };
            let demands: Vec<&str> = controls.each.iter().map(|control| control.name.as_str()).collect();
            let mut form = Map::new();
            form.insert("id".to_owned(), estate.text(answer.policy.id).into());
            form.insert(
                "name".to_owned(),
                answer.policy.name.as_ref().and_then(estate::Known::value).map(ToString::to_string).into(),
            );
            form.insert("state".to_owned(), state_word(answer.state).into());
            form.insert("applies".to_owned(), applies.into());
            if let Some(why) = why {
                form.insert("because".to_owned(), why.into());
            }
            if let Some(place) = place {
                form.insert("where".to_owned(), place);
            }
            if !answer.doubts.is_empty() {
                let doubts: Vec<Value> = answer.doubts.iter().map(doubt_code).collect();
                form.insert("not_certain".to_owned(), doubts.into());
            }
            form.insert("blocks".to_owned(), tri(controls.block).into());
            form.insert("demands".to_owned(), demands.into());
            if controls.each.len() > 1 {
                form.insert("all_of_them".to_owned(), tri(controls.all).into());
            }
            if !controls.session.is_empty() {
                form.insert("session".to_owned(), controls.session.clone().into());
            }
            form.into()
        })
        .collect();
    let open: Vec<Value> = told
        .answer
        .axes
        .iter()
        .filter(|(_, classes)| classes.len() > 1)
        .map(|(axis, _)| axis_key(axis).into())
        .collect();
    json!({
        "schema": SCHEMA,
        "person": {
            "id": estate.text(told.subject.id),
            "login": text(person.map(|person| &person.login)),
            "name": text(person.map(|person| &person.name)),
        },
        "application": {"id": told.question.application.id, "name": told.question.application.name},
        "all_policies_known": told.rules.whole,
        "security_defaults": told.rules.defaults,
        "account_enabled": person.and_then(|person| person.enabled.as_ref()?.value()).copied(),
        "may_take_roles": told.directory.may_take_a_role(told.subject),
        "outcomes_tell_policies": told.answer.by_policy,
        "open": open,
        "outcomes": outcomes,
        "policies": policies,
    })
}

pub(crate) fn tri(so: Tri) -> &'static str {
    match so {
        Tri::Yes => "yes",
        Tri::No => "no",
        Tri::Maybe => "unknown",
    }
}

fn axis_key(axis: &Axis) -> String {
    match axis {
        Axis::Client => "client".to_owned(),
        Axis::Platform => "platform".to_owned(),
        Axis::SignInRisk => "sign_in_risk".to_owned(),
        Axis::UserRisk => "user_risk".to_owned(),
        Axis::Flow => "flow".to_owned(),
        Axis::Place => "place".to_owned(),
        Axis::Rule(_, rule) => format!("device: {rule}"),
    }
}

pub(crate) fn region(answer: &Answer<'_>, region: &Region) -> Value {
    let mut form = Map::new();
    for (axis, here) in region {
        let Some((axis, classes)) = answer.axes.get(*axis) else { continue };
        let all: Vec<Value> = here.iter().filter_map(|at| classes.get(*at)).map(class).collect();
        form.insert(axis_key(axis), all.into());
    }
    form.into()
}

fn class(class: &Class) -> Value {
    match class {
        Class::Client(client) => client.word().into(),
        Class::Platform(platform) => platform.word().into(),
        Class::Risk(risk) => risk.word().into(),
        Class::Flow(flow) => flow.word().into(),
        Class::Rule(so) => (*so).into(),
        Class::Place { addresses, inside, countries } => {
            let mut form = Map::new();
            form.insert("named_locations".to_owned(), inside.clone().into());
            // Of all other addresses the ranges are what is left, which says nothing to anybody.
            if !inside.is_empty() {
                let all = ranges(addresses);
                if all.len() > RANGES {
                    form.insert("more_ranges".to_owned(), true.into());
                }
                form.insert("ranges".to_owned(), all.into_iter().take(RANGES).collect::<Vec<_>>().into());
            }
            match countries {
                Countries::Any => {}
                Countries::These(all) => {
                    form.insert("countries".to_owned(), all.clone().into());
                }
                Countries::AllBut(all) => {
                    form.insert("countries_but".to_owned(), all.clone().into());
                }
                Countries::Unknown => {
                    form.insert("country_not_known".to_owned(), true.into());
                }
            }
            form.into()
        }
    }
}

/// The first ranges of a space, as `first-last`, and one more where there are more.
fn ranges(space: &Space) -> Vec<String> {
    let v4 = space
        .v4
        .ranges()
        .iter()
        .map(|range| format!("{}-{}", Ipv4Addr::from_bits(range.first), Ipv4Addr::from_bits(range.last)));
    let v6 = space
        .v6
        .ranges()
        .iter()
        .map(|range| format!("{}-{}", Ipv6Addr::from_bits(range.first), Ipv6Addr::from_bits(range.last)));
    v4.chain(v6).take(RANGES + 1).collect()
}
