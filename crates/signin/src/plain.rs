//! One sign-in, of which nothing is open, by a policy read in the simplest words.

use std::net::IpAddr;

use estate::{AccessPolicy, Estate, Field, Known, ResourceId};

use crate::directory::{Directory, Subject};
use crate::policy::state_of;
use crate::question::{Application, Client, Flow, Platform, Risk};
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
    /// By which flow.
    pub flow: Flow,
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
    let estate = directory.estate();
    let person = {
        let include = [&policy.include_users, &policy.include_groups, &policy.include_roles];
        let exclude = [&policy.exclude_users, &policy.exclude_groups, &policy.exclude_roles];
        // Kinds of guests are not read here.
        let kinds = policy.include_guests.is_some() || policy.exclude_guests.is_some();
        let so = is_one_of(estate, subject, include).and(!is_one_of(estate, subject, exclude));
        if kinds { so.min(Tri::Maybe) } else { so }
    };
    let application = {
        let names = |field: &Words| match field {
            None => Tri::No,
            Some(Known::Value(all)) => all
                .iter()
                .any(|name| **name == *"All" || name.eq_ignore_ascii_case(&one.application.id))
                .into(),
            Some(Known::Unknown(_)) => Tri::Maybe,
        };
        names(&policy.include_apps).and(!names(&policy.exclude_apps))
    };
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
        person,
        application,
        client,
        platform,
        listed(&policy.sign_in_risk, one.sign_in_risk.word()),
        listed(&policy.user_risk, one.user_risk.word()),
        listed(&policy.flows, one.flow.word()),
        place,
        device,
    ]
    .into_iter()
    .fold(Tri::Yes, Tri::and)
}

type Words = Field<Vec<Box<str>>>;

/// A text that is told, or none.
fn told(field: Option<&Field<Box<str>>>) -> &str {
    field.and_then(|field| field.as_ref()?.value()).map_or("", |text| text)
}

/// Whether somebody is one of the people, in one of the groups, or has one of the roles of a policy.
fn is_one_of(estate: &Estate, subject: &Subject<'_>, [users, groups, roles]: [&Words; 3]) -> Tri {
    let any = |field: &Words, is: &dyn Fn(&str) -> bool| match field {
        None => Tri::No,
        Some(Known::Value(all)) => all.iter().any(|name| is(name)).into(),
        Some(Known::Unknown(_)) => Tri::Maybe,
    };
    let kind = told(subject.person.map(|person| &person.kind));
    let login = told(subject.person.map(|person| &person.login));
    let user = any(users, &|name| match name {
        "All" => true,
        "GuestsOrExternalUsers" => kind == "Guest" || login.contains("#EXT#"),
        id => estate.text(subject.id) == id,
    });
    let group = any(groups, &|id| is_member(estate, subject.id, id, 0));
    let role = any(roles, &|template| {
        estate.around.directory_roles.iter().any(|own| {
            let holder = estate.text(own.owner);
            let is = own.owner == subject.id || is_member(estate, subject.id, holder, 0);
            let role = matches!(own.role, Some(Known::Value(role)) if estate.text(role) == template);
            let everywhere = matches!(&own.within, Some(Known::Value(within)) if **within == *"/");
            is && role && everywhere
        })
    });
    user.or(group).or(role)
}

/// Whether somebody is in a group, or in a group that is; deeper than any directory nests them it is a circle.
fn is_member(estate: &Estate, who: ResourceId, group: &str, depth: usize) -> bool {
    depth < 8
        && estate.around.memberships.iter().any(|part| {
            let members = part.members.as_ref().and_then(Known::value).into_iter().flatten();
            let mut members = members.map(|member| member.id);
            estate.text(part.owner) == group
                && members.any(|id| id == who || is_member(estate, who, estate.text(id), depth + 1))
        })
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
