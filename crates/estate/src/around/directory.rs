//! The directory: who there is, in which groups and roles, and the rules of signing in.
//!
//! Lists of Microsoft Graph are told by their context and not by the ids of what is in them, which are bare numbers.
//!
//! Source: <https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy> (version 1.0).

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::Space;
use crate::address::{Prefix, parse_prefix};
use crate::expected::Expected;
use crate::id::{ResourceId, Use};
use crate::known::{Field, Known};
use crate::network::space_of;
use crate::record::record;
use crate::wire::{Reader, is_named, member};

record! {
    /// A policy of conditional access. Ids of people, groups, roles and locations are as they are written.
    AccessPolicy of |_, _, _| None;
    /// What it is called.
    name: text at "/displayName",
    /// `enabled`, `disabled`, `enabledForReportingButNotEnforced`.
    state: text at "/state",
    /// People: ids, `All`, `None`, `GuestsOrExternalUsers`.
    include_users: texts at "/conditions/users/includeUsers",
    /// People that it is not for.
    exclude_users: texts at "/conditions/users/excludeUsers",
    /// Groups.
    include_groups: texts at "/conditions/users/includeGroups",
    /// Groups that it is not for.
    exclude_groups: texts at "/conditions/users/excludeGroups",
    /// Roles of the directory, by their templates.
    include_roles: texts at "/conditions/users/includeRoles",
    /// Roles that it is not for.
    exclude_roles: texts at "/conditions/users/excludeRoles",
    /// Kinds of guests.
    include_guests: (Guests, guests) at "/conditions/users/includeGuestsOrExternalUsers",
    /// Kinds of guests that it is not for.
    exclude_guests: (Guests, guests) at "/conditions/users/excludeGuestsOrExternalUsers",
    /// Programs that it is for, which sign in without a person.
    workloads: texts at "/conditions/clientApplications/includeServicePrincipals",
    /// Applications: ids, `All`, `None`, names of suites.
    include_apps: texts at "/conditions/applications/includeApplications",
    /// Applications that it is not for.
    exclude_apps: texts at "/conditions/applications/excludeApplications",
    /// What people do other than to open an application.
    user_actions: texts at "/conditions/applications/includeUserActions",
    /// What applications ask for by themselves.
    contexts: texts at "/conditions/applications/includeAuthenticationContextClassReferences",
    /// Set where applications are told by their attributes.
    app_filter: (bool, present) at "/conditions/applications/applicationFilter",
    /// `all`, `browser`, `mobileAppsAndDesktopClients`, `exchangeActiveSync`, `other`.
    client_types: texts at "/conditions/clientAppTypes",
    /// Systems of devices; `all`.
    include_platforms: texts at "/conditions/platforms/includePlatforms",
    /// Systems that it is not for.
    exclude_platforms: texts at "/conditions/platforms/excludePlatforms",
    /// Places: ids, `All`, `AllTrusted`.
    include_locations: texts at "/conditions/locations/includeLocations",
    /// Places that it is not for.
    exclude_locations: texts at "/conditions/locations/excludeLocations",
    /// `include` or `exclude` of the devices that the rule describes.
    device_mode: text at "/conditions/devices/deviceFilter/mode",
    /// A rule for devices.
    device_rule: text at "/conditions/devices/deviceFilter/rule",
    /// Whether devices are a condition at all.
    device_filter: (bool, present) at "/conditions/devices/deviceFilter",
    /// States of devices as older policies have them.
    include_devices: texts at "/conditions/devices/includeDevices",
    /// States of devices that it is not for.
    exclude_devices: texts at "/conditions/devices/excludeDevices",
    /// `low`, `medium`, `high`, `none`.
    sign_in_risk: texts at "/conditions/signInRiskLevels",
    /// The same of the person.
    user_risk: texts at "/conditions/userRiskLevels",
    /// Ways to hand a sign-in from one device to another: `deviceCodeFlow`, `authenticationTransfer`.
    flows: (Vec<Box<str>>, flows) at "/conditions/authenticationFlows/transferMethods",
    /// Conditions, and parts of them, of later versions of the API, by name.
    other_conditions: [Vec<Box<str>>, other_conditions] at "/conditions",
    /// `AND`, `OR`.
    operator: text at "/grantControls/operator",
    /// `block`, `mfa`, `compliantDevice`, `domainJoinedDevice`, `passwordChange` …
    controls: texts at "/grantControls/builtInControls",
    /// Controls of other companies.
    custom_controls: texts at "/grantControls/customAuthenticationFactors",
    /// Terms of use.
    terms: texts at "/grantControls/termsOfUse",
    /// The strength of authentication, by its id.
    strength: text at "/grantControls/authenticationStrength/id",
    /// Ways to authenticate that this strength takes.
    strength_allows: texts at "/grantControls/authenticationStrength/allowedCombinations",
    /// Whether a strength is demanded, told by its id or not.
    has_strength: (bool, present) at "/grantControls/authenticationStrength",
    /// Controls of later versions of the API, by name.
    other_controls: [Vec<Box<str>>, other_controls] at "/grantControls",
    /// Whether its controls are told: a policy without any says so.
    tells_controls: [bool, tells_controls] at "/grantControls",
    /// What lasts for the session, by name.
    session: [Vec<Box<str>>, session] at "/sessionControls",
}

/// Kinds of guests and the tenants that they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guests {
    /// `internalGuest`, `b2bCollaborationGuest`, `b2bCollaborationMember`, `b2bDirectConnectUser`, `otherExternalUser`,
    /// `serviceProvider`.
    pub kinds: Vec<Box<str>>,
    /// Whether just some tenants are meant.
    pub some_tenants: bool,
}

fn guests(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Guests> {
    let Some(object) = value.as_object() else { return reader.wrong_at(at, value, Expected::Object) };
    let kinds = match member(object, "guestOrExternalUserTypes") {
        None => "",
        Some(kinds) => match kinds.as_str() {
            Some(kinds) => kinds,
            None => {
                return reader.wrong_at(&format!("{at}/guestOrExternalUserTypes"), kinds, Expected::Text);
            }
        },
    };
    let kinds = kinds.split(',').map(str::trim).filter(|kind| !kind.is_empty() && *kind != "none");
    let tenants = member(object, "externalTenants").and_then(|tenants| tenants.as_object());
    let kind = tenants.and_then(|tenants| member(tenants, "membershipKind")).and_then(|kind| kind.as_str());
    Known::Value(Guests {
        kinds: kinds.map(Box::from).collect(),
        some_tenants: tenants.is_some() && !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("all")),
    })
}

/// One text of words between commas.
fn flows(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Box<str>>> {
    let Some(text) = value.as_str() else { return reader.wrong_at(at, value, Expected::Text) };
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none");
    Known::Value(words.map(Box::from).collect())
}

/// Whether there is anything.
fn present(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<bool> {
    Known::Value(value.as_object().is_none_or(|object| {
        object.iter().any(|(key, value)| {
            let empty = value.is_null() || value.as_array().is_some_and(|all| all.is_empty());
            !key.starts_with('@') && !empty
        })
    }))
}

/// The members of a part of a policy that say something and are none of these.
fn others(object: &Object, part: &str, known: &[&str]) -> Field<Vec<Box<str>>> {
    let part = member(object, part)?.as_object()?;
    let says = |value: &Value| {
        let nothing = value.as_array().is_some_and(|all| all.is_empty())
            || value.as_object().is_some_and(|all| all.iter().all(|(_, value)| value.is_null()))
            || value.as_str().is_some_and(|text| text.is_empty() || text == "none");
        !value.is_null() && !nothing
    };
    let new = part.iter().filter(|(key, value)| {
        !key.contains('@') && !known.iter().any(|known| is_named(key, known)) && says(value)
    });
    let names: Vec<Box<str>> = new.map(|(key, _)| Box::from(key)).collect();
    (!names.is_empty()).then_some(Known::Value(names))
}

fn other_conditions(_: &mut Reader<'_>, object: &Object) -> Field<Vec<Box<str>>> {
    const KNOWN: [&str; 11] = [
        "users",
        "clientApplications",
        "applications",
        "clientAppTypes",
        "platforms",
        "locations",
        "devices",
        "signInRiskLevels",
        "userRiskLevels",
        "authenticationFlows",
        // Of programs, which have policies of their own.
        "servicePrincipalRiskLevels",
    ];
    const PARTS: [(&str, &[&str]); 6] = [
        (
            "users",
            &[
                "includeUsers",
                "excludeUsers",
                "includeGroups",
                "excludeGroups",
                "includeRoles",
                "excludeRoles",
                "includeGuestsOrExternalUsers",
                "excludeGuestsOrExternalUsers",
            ],
        ),
        (
            "applications",
            &[
                "includeApplications",
                "excludeApplications",
                "includeUserActions",
                "includeAuthenticationContextClassReferences",
                "applicationFilter",
            ],
        ),
        ("authenticationFlows", &["transferMethods"]),
        ("platforms", &["includePlatforms", "excludePlatforms"]),
        ("locations", &["includeLocations", "excludeLocations"]),
        (
            "devices",
            &[
                "deviceFilter",
                "includeDevices",
                "excludeDevices",
                "includeDeviceStates",
                "excludeDeviceStates",
            ],
        ),
    ];
    let mut all: Vec<Box<str>> = Vec::new();
    all.extend(
        others(object, "conditions", &KNOWN).into_iter().filter_map(|own| own.value().cloned()).flatten(),
    );
    let conditions = member(object, "conditions").and_then(|conditions| conditions.as_object());
    for (part, known) in PARTS {
        let new = conditions.and_then(|conditions| others(conditions, part, known));
        let new = new.into_iter().filter_map(|own| own.value().cloned()).flatten();
        all.extend(new.map(|name| Box::from(format!("{part}/{name}"))));
    }
    (!all.is_empty()).then_some(Known::Value(all))
}

fn tells_controls(_: &mut Reader<'_>, object: &Object) -> Field<bool> {
    Some(Known::Value(object.iter().any(|(key, _)| is_named(key, "grantControls"))))
}

fn other_controls(_: &mut Reader<'_>, object: &Object) -> Field<Vec<Box<str>>> {
    const KNOWN: [&str; 5] = [
        "operator",
        "builtInControls",
        "customAuthenticationFactors",
        "termsOfUse",
        "authenticationStrength",
    ];
    others(object, "grantControls", &KNOWN)
}

fn session(_: &mut Reader<'_>, object: &Object) -> Field<Vec<Box<str>>> {
    others(object, "sessionControls", &[])
}

record! {
    /// A place that policies name: addresses, or countries.
    NamedLocation of |_, _, _| None;
    /// What it is called.
    name: text at "/displayName",
    /// Whether the organisation trusts it.
    trusted: boolean at "/isTrusted",
    /// Its addresses; none for countries.
    ranges: (Space, ranges) at "/ipRanges",
    /// `clientIpAddress`, or `authenticatorAppGps` for countries by the phone of who signs in.
    lookup: text at "/countryLookupMethod",
    /// Countries by their two letters.
    countries: texts at "/countriesAndRegions",
    /// Whether addresses of which nobody knows the country are among them.
    unknown_countries: boolean at "/includeUnknownCountriesAndRegions",
}

fn ranges(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Space> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let mut all: Vec<Prefix> = Vec::with_capacity(objects.len());
    for (index, object) in objects.into_iter().enumerate() {
        let text = member(object, "cidrAddress").and_then(|text| text.as_str());
        match (text.and_then(parse_prefix), member(object, "cidrAddress")) {
            (Some(prefix), _) => all.push(prefix),
            (None, value) => {
                let value = value.cloned().unwrap_or_default();
                return reader.wrong_at(&format!("{at}/{index}/cidrAddress"), &value, Expected::Prefix);
            }
        }
    }
    Known::Value(space_of(&all))
}

record! {
    /// A strength of authentication.
    Strength of |_, _, _| None;
    /// What it is called.
    name: text at "/displayName",
    /// Ways to authenticate that it takes: `fido2`, `password,microsoftAuthenticatorPush`.
    allows: texts at "/allowedCombinations",
}

record! {
    /// Microsoft's own rules for organisations without policies.
    SecurityDefaults of |_, _, _| None;
    /// Whether they hold.
    on: boolean at "/isEnabled",
}

record! {
    /// Somebody.
    Person of |_, _, _| None;
    /// What they are called.
    name: text at "/displayName",
    /// What they sign in by.
    login: text at "/userPrincipalName",
    /// `Member`, `Guest`.
    kind: text at "/userType",
    /// Whether they may sign in at all.
    enabled: boolean at "/accountEnabled",
}

record! {
    /// A group of people.
    Group of |_, _, _| None;
    /// What it is called.
    name: text at "/displayName",
}

record! {
    /// Who is in a group, or a part of that: people, groups and programs, those of groups in the group included.
    Membership of |reader, _, text| Some(reader.ids.intern(text.split('/').next()?, Use::Reference));
    /// Who they are.
    members: (Vec<Member>, members) at "/value",
    /// Whether those of groups in the group are among them.
    transitive: (bool, is_transitive) at "/@odata.context",
    /// Whether there are more of them, on another page.
    more: [bool, has_more] at "/@odata.nextLink",
}

fn is_transitive(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<bool> {
    Known::Value(
        value.as_str().is_some_and(|context| context.to_ascii_lowercase().contains("/transitivemembers")),
    )
}

fn has_more(_: &mut Reader<'_>, object: &Object) -> Field<bool> {
    Some(Known::Value(member(object, "@odata.nextLink").is_some()))
}

/// Somebody or something in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: ResourceId,
    /// What it is.
    pub kind: MemberKind,
}

/// What is in a group, as the list says (`@odata.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A person.
    Person,
    /// A group.
    Group,
    /// A program, a device, a contact: nobody who signs in.
    Other,
    /// It does not say.
    Untold,
}

impl MemberKind {
    fn of(object: &Object) -> Self {
        let kind = member(object, "@odata.type").and_then(|kind| kind.as_str()).unwrap_or_default();
        match kind.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "user" => Self::Person,
            "group" => Self::Group,
            "serviceprincipal" | "device" | "orgcontact" => Self::Other,
            _ => Self::Untold,
        }
    }
}

fn members(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Member>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let mut all = Vec::with_capacity(objects.len());
    for (index, object) in objects.into_iter().enumerate() {
        match member(object, "id").and_then(|id| id.as_str()) {
            Some(id) => {
                let id = reader.ids.intern(id, Use::Reference);
                all.push(Member { id, kind: MemberKind::of(object) });
            }
            None => {
                let value = member(object, "id").cloned().unwrap_or_default();
                return reader.wrong_at(&format!("{at}/{index}/id"), &value, Expected::Text);
            }
        }
    }
    Known::Value(all)
}

record! {
    /// A program: an application, or the identity of a resource.
    ///
    /// Source: <https://learn.microsoft.com/graph/api/resources/serviceprincipal>
    ServicePrincipal of |_, _, _| None;
    /// What it is called.
    name: text at "/displayName",
    /// `Application`, `ManagedIdentity`, `Legacy`.
    kind: text at "/servicePrincipalType",
}

record! {
    /// A role of the directory that somebody has, or may take.
    DirectoryRole of |reader, object, _| match reader.text_at(object, "/principalId") {
        Some(Known::Value(principal)) => Some(reader.ids.intern(&principal, Use::Reference)),
        _ => None,
    };
    /// The role, by its definition or template.
    role: id at "/roleDefinitionId",
    /// Where: `/` is everywhere.
    within: text at "/directoryScopeId",
}

record! {
    /// What a role of the directory is.
    DirectoryRoleKind of |_, _, _| None;
    /// What it is called.
    name: text at "/displayName",
    /// The id that policies call it by.
    template: text at "/templateId",
}

record! {
    /// What somebody has to prove who they are.
    ///
    /// Source: <https://learn.microsoft.com/graph/api/resources/userregistrationdetails>
    SignInMethods of |_, _, _| None;
    /// What they sign in by.
    login: text at "/userPrincipalName",
    /// Whether they have a second factor that they are let to use.
    mfa: boolean at "/isMfaCapable",
    /// Whether they have a second factor.
    registered: boolean at "/isMfaRegistered",
    /// Everything that they have: `fido2SecurityKey`, `mobilePhone`, `microsoftAuthenticatorPush`.
    methods: texts at "/methodsRegistered",
}

record! {
    /// Somebody whose account may be in other hands.
    ///
    /// Source: <https://learn.microsoft.com/graph/api/resources/riskyuser>
    RiskyPerson of |_, _, _| None;
    /// What they sign in by.
    login: text at "/userPrincipalName",
    /// `low`, `medium`, `high`, `none`; `hidden` where the licence does not tell.
    level: text at "/riskLevel",
    /// `atRisk`, `confirmedCompromised`, `remediated`, `dismissed`, `confirmedSafe`, `none`.
    state: text at "/riskState",
    /// When that was found last.
    at: moment at "/riskLastUpdatedDateTime",
}

/// The lists of the directory, by what their context ends in, and what each is read as.
const LISTS: [(&str, &str); 13] = [
    ("identity/conditionalaccess/policies", ACCESS_POLICY),
    ("identity/conditionalaccess/namedlocations", NAMED_LOCATION),
    ("identity/conditionalaccess/authenticationstrength/policies", STRENGTH),
    ("policies/authenticationstrengthpolicies", STRENGTH),
    ("policies/identitysecuritydefaultsenforcementpolicy", SECURITY_DEFAULTS),
    ("users", PERSON),
    ("groups", GROUP),
    ("serviceprincipals", PROGRAM),
    ("rolemanagement/directory/roleassignments", DIRECTORY_ROLE),
    ("rolemanagement/directory/roleeligibilityscheduleinstances", ELIGIBLE_ROLE),
    ("rolemanagement/directory/roledefinitions", DIRECTORY_ROLE_KIND),
    ("reports/authenticationmethods/userregistrationdetails", METHODS),
    ("identityprotection/riskyusers", RISKY),
];

pub(crate) const ACCESS_POLICY: &str = "microsoft.graph/conditionalaccesspolicies";
pub(crate) const NAMED_LOCATION: &str = "microsoft.graph/namedlocations";
pub(crate) const STRENGTH: &str = "microsoft.graph/authenticationstrengths";
pub(crate) const SECURITY_DEFAULTS: &str = "microsoft.graph/securitydefaults";
pub(crate) const PERSON: &str = "microsoft.graph/users";
pub(crate) const GROUP: &str = "microsoft.graph/groups";
pub(crate) const MEMBERSHIP: &str = "microsoft.graph/groupmembers";
pub(crate) const DIRECTORY_ROLE: &str = "microsoft.graph/directoryroles";
pub(crate) const ELIGIBLE_ROLE: &str = "microsoft.graph/eligibledirectoryroles";
pub(crate) const DIRECTORY_ROLE_KIND: &str = "microsoft.graph/directoryroledefinitions";
const OTHER: &str = "microsoft.graph/other";
pub(crate) const PROGRAM: &str = "microsoft.graph/serviceprincipals";
pub(crate) const METHODS: &str = "microsoft.graph/authenticationmethods";
pub(crate) const RISKY: &str = "microsoft.graph/riskyusers";

/// What an object of the directory is, by its context or by itself.
pub(crate) enum Listed {
    /// A list of things of one kind.
    List(&'static str),
    /// Who is in a group, by its id.
    Members(String),
    /// One thing.
    One(&'static str),
    /// Members of a group that it does not name.
    Nobodys,
}

/// What an object of the directory is; none for anything else.
pub(crate) fn listed(object: &Object) -> Option<Listed> {
    let text = |name: &str| member(object, name).and_then(|text| text.as_str());
    let Some(context) = text("@odata.context") else {
        if text("@odata.type").is_some_and(|kind| kind.to_ascii_lowercase().ends_with("namedlocation")) {
            return Some(Listed::One(NAMED_LOCATION));
        }
        // As it stands in a list that somebody took out of its answer.
        let policy = member(object, "conditions").is_some_and(|conditions| conditions.is_object())
            && object.iter().any(|(key, _)| is_named(key, "grantControls"))
            && text("state").is_some();
        return policy.then_some(Listed::One(ACCESS_POLICY));
    };
    let context = context.to_ascii_lowercase();
    let path = match context.split_once("$metadata#") {
        Some((_, path)) => path,
        None => context.split_once("/v1.0/").or_else(|| context.split_once("/beta/"))?.1,
    };
    let (path, one) = match path.strip_suffix("/$entity") {
        Some(path) => (path, true),
        None => (path, false),
    };
    let path = path.split(['(', '?']).next().unwrap_or(path).trim_end_matches('/');
    if path == "directoryobjects" && !one {
        return Some(Listed::Nobodys);
    }
    let group = path.strip_prefix("groups/").and_then(|rest| rest.split_once('/'));
    if let Some((group, "transitivemembers" | "members")) = group {
        return Some(Listed::Members(group.to_owned()));
    }
    let known = LISTS.iter().find(|(name, _)| *name == path).map(|(_, kind)| *kind);
    let list = !one && member(object, "value").is_some_and(|value| value.is_array());
    match (known, list) {
        (Some(kind), false) => Some(Listed::One(kind)),
        // What nobody reads yet is counted.
        (kind, true) => Some(Listed::List(kind.unwrap_or(OTHER))),
        (None, false) => None,
    }
}

/// A list of the directory that somebody may have asked for, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryList {
    /// Policies of conditional access.
    Policies,
    /// Places that these name.
    Locations,
    /// Strengths of authentication.
    Strengths,
    /// People.
    People,
    /// Groups.
    Groups,
    /// Programs.
    Programs,
    /// Who has which role of the directory.
    Roles,
    /// Who may take which role of the directory.
    EligibleRoles,
    /// What people have to prove who they are.
    Methods,
    /// People whose accounts may be in other hands.
    Risky,
}

impl DirectoryList {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Policies => ACCESS_POLICY,
            Self::Locations => NAMED_LOCATION,
            Self::Strengths => STRENGTH,
            Self::People => PERSON,
            Self::Groups => GROUP,
            Self::Programs => PROGRAM,
            Self::Roles => DIRECTORY_ROLE,
            Self::EligibleRoles => ELIGIBLE_ROLE,
            Self::Methods => METHODS,
            Self::Risky => RISKY,
        }
    }
}
