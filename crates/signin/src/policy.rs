//! Which sign-ins a policy of conditional access is for, condition by condition.
//!
//! Source: <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions>

use estate::{AccessPolicy, Field, Guests, Known};

use crate::device::Rule;
use crate::directory::{Directory, Subject};
use crate::question::{Application, Client, Flow, Platform, Risk};
use crate::tri::Tri;

/// Whether a policy is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyState {
    /// It is.
    On,
    /// It is looked at and written down, and demands nothing.
    ReportOnly,
    /// It is not.
    Off,
    /// Its record does not tell, or says a word that is not known.
    Unknown,
}

/// Why a policy is never for a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Never {
    /// It is off.
    Off,
    /// It is for programs, which sign in without a person.
    Workloads,
    /// It is not for the person.
    Person,
    /// It is for the person by what it includes, and leaves them out.
    PersonExcluded,
    /// It is not for the application.
    Application,
    /// It is for the application by what it includes, and leaves it out.
    ApplicationExcluded,
    /// It is not for such a client.
    Client,
    /// It is not for such a system.
    Platform,
    /// It is not for such a risk of the sign-in.
    SignInRisk,
    /// It is not for such a risk of the person.
    UserRisk,
    /// It is not for such a flow.
    Flow,
    /// It is not for such a place.
    Place,
    /// It is not for such a device.
    Device,
}

/// Why nobody can tell whether a policy is for a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// Its state is not known.
    State,
    /// Who is in a group is not told.
    Group(String),
    /// Who has a role of the directory is not told.
    Role(String),
    /// Whether somebody is a guest, or of which kind, is not told.
    Guest,
    /// The input does not tell of the person.
    Person,
    /// A condition that is not known here, or cannot be read.
    Condition(String),
    /// A named place that is not in the input.
    Location(String),
    /// In which country a phone is, nothing tells.
    Country,
    /// Which addresses the older settings of multifactor authentication trust is not told.
    TrustedAddresses,
    /// A rule for devices that cannot be read, or attributes that are not told.
    Device,
    /// Whether an application is part of what a policy names.
    Application(String),
}

/// The state of a policy.
pub fn state_of(policy: &AccessPolicy) -> PolicyState {
    let Some(Known::Value(state)) = &policy.state else { return PolicyState::Unknown };
    let is = |word: &str| state.eq_ignore_ascii_case(word);
    if is("enabled") {
        PolicyState::On
    } else if is("enabledForReportingButNotEnforced") {
        PolicyState::ReportOnly
    } else if is("disabled") {
        PolicyState::Off
    } else {
        PolicyState::Unknown
    }
}

/// An answer with the reasons why it is not certain.
pub(crate) struct Judged {
    pub(crate) so: Tri,
    pub(crate) doubts: Vec<Doubt>,
}

/// The texts of a list; a list that cannot be read is a doubt.
pub(crate) fn texts<'p>(
    field: &'p Field<Vec<Box<str>>>,
    name: &str,
    doubts: &mut Vec<Doubt>,
) -> &'p [Box<str>] {
    match field {
        None => &[],
        Some(Known::Value(all)) => all,
        Some(Known::Unknown(_)) => {
            doubts.push(Doubt::Condition(name.to_owned()));
            &[]
        }
    }
}

/// Included, and not excluded. Where a list could not be read, it may be either.
pub(crate) fn chosen(include: Tri, exclude: Tri, unread: bool) -> Tri {
    match (include, exclude) {
        (_, Tri::Yes) => Tri::No,
        (Tri::No, _) if !unread => Tri::No,
        (Tri::Yes, Tri::No) if !unread => Tri::Yes,
        _ => Tri::Maybe,
    }
}

fn says(all: &[Box<str>], word: &str) -> bool {
    all.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// Whether a policy is for a person: by their id, groups, roles, and what they are to the organisation.
pub(crate) fn person(
    directory: &Directory<'_>,
    subject: &Subject<'_>,
    groups: &[estate::ResourceId],
    policy: &AccessPolicy,
) -> (Judged, Option<Never>) {
    let mut doubts = Vec::new();
    let own = directory.estate().text(subject.id);
    let standing = directory.standing(subject);
    let mut side = |users: &Field<Vec<Box<str>>>,
                    in_groups: &Field<Vec<Box<str>>>,
                    roles: &Field<Vec<Box<str>>>,
                    guests: &Field<Guests>| {
        let (mut found, mut why) = (Tri::No, Vec::new());
        let before = doubts.len();
        let users = texts(users, "users", &mut doubts);
        for word in
            users.iter().filter(|word| !is_user_word(word) && !is_id(word) && !directory.is_person(word))
        {
            found = Tri::Maybe;
            why.push(Doubt::Condition(format!("users: {word}")));
        }
        if says(users, "All") || says(users, own) {
            found = Tri::Yes;
        }
        if says(users, "GuestsOrExternalUsers") {
            let guest = standing.guest.or(standing.external);
            found = found.or(guest);
            why.extend((guest == Tri::Maybe).then_some(Doubt::Guest));
        }
        for group in texts(in_groups, "groups", &mut doubts) {
            let member = directory.is_in(groups, group);
            found = found.or(member);
            why.extend((member == Tri::Maybe).then(|| Doubt::Group(group.to_string())));
        }
        for role in texts(roles, "roles", &mut doubts) {
            let has = directory.has_role(subject.id, groups, role);
            found = found.or(has);
            why.extend((has == Tri::Maybe).then(|| Doubt::Role(role.to_string())));
        }
        match guests {
            None => {}
            Some(Known::Unknown(_)) => doubts.push(Doubt::Condition("guests".to_owned())),
            Some(Known::Value(guests)) => {
                let meant = guests.kinds.iter().map(|kind| is_guest(kind, standing)).fold(Tri::No, Tri::or);
                let meant = if guests.some_tenants { meant.min(Tri::Maybe) } else { meant };
                found = found.or(meant);
                why.extend((meant == Tri::Maybe).then_some(Doubt::Guest));
            }
        }
        let unread = doubts.len() > before;
        if found == Tri::Maybe {
            doubts.extend(why);
        }
        (found, unread)
    };
    let (include, unread) =
        side(&policy.include_users, &policy.include_groups, &policy.include_roles, &policy.include_guests);
    let (exclude, unread_too) =
        side(&policy.exclude_users, &policy.exclude_groups, &policy.exclude_roles, &policy.exclude_guests);
    // A policy for people says which: one that does not was not told in full.
    let untold = policy.include_users.is_none()
        && policy.include_groups.is_none()
        && policy.include_roles.is_none()
        && policy.include_guests.is_none();
    if untold {
        doubts.push(Doubt::Condition("users".to_owned()));
    }
    let so = chosen(include, exclude, unread || unread_too || untold);
    let never = (so == Tri::No).then(|| match exclude {
        Tri::Yes if include != Tri::No => Never::PersonExcluded,
        _ => Never::Person,
    });
    (Judged { so, doubts }, never)
}

fn is_user_word(word: &str) -> bool {
    ["All", "None", "GuestsOrExternalUsers"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a word is an id of the directory: any other is a name that Microsoft has given something.
fn is_id(word: &str) -> bool {
    word.len() == 36 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether somebody is a guest of a kind.
fn is_guest(kind: &str, standing: crate::directory::Standing) -> Tri {
    let crate::directory::Standing { guest, external } = standing;
    let is = |word: &str| kind.trim().eq_ignore_ascii_case(word);
    // The login of a guest need not tell where they come from.
    let elsewhere = if external == Tri::Yes { Tri::Yes } else { Tri::Maybe };
    if is("internalGuest") {
        guest.and(!elsewhere)
    } else if is("b2bCollaborationGuest") {
        guest.and(elsewhere)
    } else if is("b2bCollaborationMember") {
        (!guest).and(external)
    } else if is("b2bDirectConnectUser") || is("serviceProvider") {
        // These have no account in the directory.
        Tri::No
    } else if is("otherExternalUser") {
        guest.and(Tri::Maybe)
    } else {
        Tri::Maybe
    }
}

/// Whether a policy is for an application.
pub(crate) fn application(asked: &Application, policy: &AccessPolicy) -> (Judged, Option<Never>) {
    let mut doubts = Vec::new();
    let include = texts(&policy.include_apps, "applications", &mut doubts);
    let exclude = texts(&policy.exclude_apps, "applications", &mut doubts);
    let told = policy.include_apps.is_some()
        || policy.user_actions.is_some()
        || policy.contexts.is_some()
        || policy.app_filter.is_some();
    if !told {
        doubts.push(Doubt::Condition("applications".to_owned()));
    }
    let unread = !doubts.is_empty();
    let mut named = |all: &[Box<str>]| {
        let mut found = Tri::from(says(all, "All") || says(all, &asked.id));
        // Names of Microsoft's for several applications: of those known, signing in to a machine is in none.
        let other =
            |one: &str| !is_id(one) && !["All", "None"].iter().any(|word| one.eq_ignore_ascii_case(word));
        for name in all.iter().filter(|one| other(one) && !(asked.is_machine() && is_suite(one))) {
            if found == Tri::No {
                found = Tri::Maybe;
                doubts.push(Doubt::Application(name.to_string()));
            }
        }
        found
    };
    let (include, exclude) = (named(include), named(exclude));
    let mut so = chosen(include, exclude, unread);
    // Which applications have such attributes is not told.
    if policy.app_filter == Some(Known::Value(true)) && exclude != Tri::Yes {
        so = Tri::Maybe;
        doubts.push(Doubt::Condition("applicationFilter".to_owned()));
    }
    let never = (so == Tri::No).then(|| match exclude {
        Tri::Yes if include != Tri::No => Never::ApplicationExcluded,
        _ => Never::Application,
    });
    (Judged { so, doubts }, never)
}

/// Whether a policy is for an application by what it names.
pub fn is_for_application(policy: &AccessPolicy, asked: &Application) -> Tri {
    application(asked, policy).0.so
}

fn is_suite(name: &str) -> bool {
    ["Office365", "MicrosoftAdminPortals"].iter().any(|suite| name.eq_ignore_ascii_case(suite))
}

/// Whether a policy is for a client. A list that is empty, or of `all`, is for each.
pub fn is_for_client(policy: &AccessPolicy, client: Client) -> Tri {
    let Some(field) = &policy.client_types else { return Tri::Yes };
    let Known::Value(all) = field else { return Tri::Maybe };
    let named = |word: &str| match Client::of(word) {
        Some(one) => (one == client).into(),
        None if word.eq_ignore_ascii_case("all") => Tri::Yes,
        // Kinds of ActiveSync that older versions told apart.
        None if ["easSupported", "easUnsupported"].iter().any(|old| word.eq_ignore_ascii_case(old)) => {
            if client == Client::ActiveSync {
                Tri::Maybe
            } else {
                Tri::No
            }
        }
        None => Tri::Maybe,
    };
    if all.is_empty() { Tri::Yes } else { all.iter().map(|word| named(word)).fold(Tri::No, Tri::or) }
}

/// Whether a policy is for a system. Without the condition it is for each.
pub(crate) fn platform(policy: &AccessPolicy, platform: Platform) -> Tri {
    let (include, exclude) = (&policy.include_platforms, &policy.exclude_platforms);
    let named = |field: &Field<Vec<Box<str>>>, nothing: Tri| match field {
        None => nothing,
        Some(Known::Unknown(_)) => Tri::Maybe,
        Some(Known::Value(all)) => all
            .iter()
            .map(|word| match Platform::of(word) {
                Some(one) => (one == platform).into(),
                None if word.eq_ignore_ascii_case("all") => Tri::Yes,
                None => Tri::Maybe,
            })
            .fold(Tri::No, Tri::or),
    };
    match (is_empty(include), is_empty(exclude)) {
        (true, true) => return Tri::Yes,
        // Graph writes both where there is such a condition.
        (true, false) => return Tri::Maybe,
        (false, _) => {}
    }
    chosen(named(include, Tri::No), named(exclude, Tri::No), false)
}

fn is_empty(field: &Field<Vec<Box<str>>>) -> bool {
    match field {
        None => true,
        Some(Known::Value(all)) => all.is_empty(),
        Some(Known::Unknown(_)) => false,
    }
}

/// Whether a policy is for a risk. Without the condition it is for each.
pub(crate) fn risk(levels: &Field<Vec<Box<str>>>, risk: Risk) -> Tri {
    match levels {
        None => Tri::Yes,
        Some(Known::Unknown(_)) => Tri::Maybe,
        Some(Known::Value(all)) if all.is_empty() => Tri::Yes,
        Some(Known::Value(all)) => all
            .iter()
            .map(|word| Risk::of(word).map_or(Tri::Maybe, |one| (one == risk).into()))
            .fold(Tri::No, Tri::or),
    }
}

/// Whether a policy is for a flow. Without the condition it is for each.
///
/// Source: <https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows>
pub(crate) fn flow(flows: &Field<Vec<Box<str>>>, flow: Flow) -> Tri {
    match flows {
        None => Tri::Yes,
        Some(Known::Unknown(_)) => Tri::Maybe,
        Some(Known::Value(all)) if all.is_empty() => Tri::Yes,
        // A flow that is not known here is none of a sign-in on the device itself.
        Some(Known::Value(_)) if flow == Flow::Direct => Tri::No,
        Some(Known::Value(all)) => all
            .iter()
            .map(|word| Flow::of(word).map_or(Tri::Maybe, |one| (one == flow).into()))
            .fold(Tri::No, Tri::or),
    }
}

/// The rule for devices of a policy, and whether it is for those that the rule describes, or for all others.
pub(crate) enum Devices {
    /// It is for every device.
    Every,
    /// It is for those of a rule, or for all but those.
    Some(Rule, bool),
    /// Nobody can tell.
    Unread,
}

pub(crate) fn devices(policy: &AccessPolicy) -> Devices {
    let old = [&policy.include_devices, &policy.exclude_devices].into_iter().any(|field| match field {
        None => false,
        Some(Known::Value(all)) => all.iter().any(|one| !one.eq_ignore_ascii_case("all")),
        Some(Known::Unknown(_)) => true,
    });
    if old {
        return Devices::Unread;
    }
    match (&policy.device_rule, &policy.device_mode) {
        (None, _) if matches!(policy.device_filter, None | Some(Known::Value(false))) => Devices::Every,
        (Some(Known::Value(rule)), Some(Known::Value(mode))) => {
            let include = match &**mode {
                mode if mode.eq_ignore_ascii_case("include") => true,
                mode if mode.eq_ignore_ascii_case("exclude") => false,
                _ => return Devices::Unread,
            };
            match Rule::parse(rule) {
                // The same said the other way round is the same rule.
                Ok(Rule::Not(rule)) if rule.is_comparison() => Devices::Some(*rule, !include),
                Ok(rule) => Devices::Some(rule, include),
                Err(_) => Devices::Unread,
            }
        }
        _ => Devices::Unread,
    }
}
