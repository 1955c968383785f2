//! One sign-in, of which nothing is open, by a policy read in the simplest words.

use std::net::IpAddr;

use estate::{AccessPolicy, Field, Known};

use crate::directory::{Directory, Subject};
use crate::policy::{self, state_of};
use crate::question::{Application, Client, Platform, Risk};
use crate::{PolicyState, Tri};

/// A sign-in of which all is told.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What somebody signs in to.
    pub application: Application,
    /// From which address.
    pub address: IpAddr,
    /// In which country; none where nobody knows it.
    pub country: Option<String>,
    /// From which system.
    pub platform: Platform,
    /// With what.
    pub client: Client,
    /// The risk of the sign-in.
    pub sign_in_risk: Risk,
    /// The risk of the person.
    pub user_risk: Risk,
    /// Which rules for devices hold, by their texts.
    pub rules: Vec<String>,
}

/// Whether a policy that is in force, or only reported, is for a sign-in.
pub fn is_for(directory: &Directory<'_>, subject: &Subject<'_>, policy: &AccessPolicy, one: &SignIn) -> Tri {
    let on = match state_of(policy) {
        PolicyState::Off => return Tri::No,
        PolicyState::Unknown => Tri::Maybe,
        PolicyState::On | PolicyState::ReportOnly => Tri::Yes,
    };
    let groups = directory.groups_of(subject.id);
    let (person, _) = policy::person(directory, subject, &groups, policy);
    let (application, _) = policy::application(&one.application, policy);
    let listed = |field: &Field<Vec<Box<str>>>, word: &str| match field {
        None => Tri::Yes,
        Some(Known::Value(all)) if all.is_empty() => Tri::Yes,
        Some(Known::Value(all)) => {
            let all: Vec<String> = all.iter().map(|one| one.to_lowercase()).collect();
            (all.contains(&"all".to_owned()) || all.contains(&word.to_lowercase())).into()
        }
        Some(Known::Unknown(_)) => Tri::Maybe,
    };
    let client = listed(&policy.client_types, one.client.word());
    let platform = {
        let include = listed(&policy.include_platforms, one.platform.word());
        let exclude = match &policy.exclude_platforms {
            None => Tri::No,
            Some(Known::Value(all)) if all.is_empty() => Tri::No,
            other => listed(other, one.platform.word()),
        };
        include.and(!exclude)
    };
    let place = {
        let within = |name: &str| is_in(directory, name, one);
        let any = |field: &Field<Vec<Box<str>>>| match field {
            None => Tri::No,
            Some(Known::Value(all)) => all.iter().fold(Tri::No, |so, name| so.or(within(name))),
            Some(Known::Unknown(_)) => Tri::Maybe,
        };
        let named = |field: &Field<Vec<Box<str>>>| !matches!(field, None | Some(Known::Value(_)) if count(field) == 0);
        if named(&policy.include_locations) || named(&policy.exclude_locations) {
            any(&policy.include_locations).and(!any(&policy.exclude_locations))
        } else {
            Tri::Yes
        }
    };
    let device = match (&policy.device_rule, &policy.device_mode) {
        (None, _) => Tri::Yes,
        (Some(Known::Value(rule)), Some(Known::Value(mode))) => {
            let holds = one.rules.iter().any(|held| **held == **rule);
            (holds == mode.eq_ignore_ascii_case("include")).into()
        }
        _ => Tri::Maybe,
    };
    [
        on,
        person.so,
        application.so,
        client,
        platform,
        listed(&policy.sign_in_risk, one.sign_in_risk.word()),
        listed(&policy.user_risk, one.user_risk.word()),
        place,
        device,
    ]
    .into_iter()
    .fold(Tri::Yes, Tri::and)
}

fn count(field: &Field<Vec<Box<str>>>) -> usize {
    field.as_ref().and_then(Known::value).map_or(0, Vec::len)
}

/// Whether a sign-in is in a named place.
fn is_in(directory: &Directory<'_>, name: &str, one: &SignIn) -> Tri {
    let estate = directory.estate();
    let holds = |place: &estate::NamedLocation| -> Tri {
        if let Some(Known::Value(countries)) = &place.countries {
            return match &one.country {
                Some(country) => countries.iter().any(|its| its.eq_ignore_ascii_case(country)).into(),
                None => (place.unknown_countries == Some(Known::Value(true))).into(),
            };
        }
        let Some(Known::Value(space)) = &place.ranges else { return Tri::No };
        match one.address {
            IpAddr::V4(address) => space.v4.contains(address.to_bits()).into(),
            IpAddr::V6(address) => space.v6.contains(address.to_bits()).into(),
        }
    };
    let mut places = estate.around.named_locations.iter();
    match name {
        "All" => Tri::Yes,
        "AllTrusted" => places
            .filter(|place| place.trusted == Some(Known::Value(true)))
            .fold(Tri::No, |so, place| so.or(holds(place))),
        id => places
            .find(|place| estate.text(place.id).eq_ignore_ascii_case(id))
            .map_or(Tri::from(false), holds),
    }
}
