//! What Defender for Cloud says and does: plans, recommendations, alerts, just-in-time access.
//!
//! Sources: <https://learn.microsoft.com/rest/api/defenderforcloud/> (assessments 2020-01-01, pricings 2024-01-01,
//! jitNetworkAccessPolicies 2020-01-01, alerts 2022-01-01, securityContacts 2023-12-01-preview).

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::id::{ResourceId, Use};
use crate::known::{Field, Known, Reason};
use crate::moment::Moment;
use crate::record::{record, scope};
use crate::wire::{Reader, member};

record! {
    /// A recommendation, for one resource.
    Assessment of assessed;
    /// What it is called.
    title: text at "/properties/displayName",
    /// `Healthy`, `Unhealthy`, `NotApplicable`.
    status: text at "/properties/status/code",
    /// Why: `OffByPolicy`, `Exempt`.
    cause: text at "/properties/status/cause",
    /// The same in words.
    detail: text at "/properties/status/description",
    /// `High`, `Medium`, `Low`.
    severity: text at "/properties/metadata/severity",
    /// When the status changed last.
    changed: moment at "/properties/status/statusChangeDate",
}

/// The resource that is meant: the one that the id stands below, unless the record names another.
fn assessed(reader: &mut Reader<'_>, object: &Object, text: &str) -> Option<ResourceId> {
    scope(reader, object, text).or_else(|| match reader.id_at(object, "/properties/resourceDetails/Id") {
        Some(Known::Value(id)) => Some(id),
        _ => None,
    })
}

record! {
    /// A single finding of a recommendation: a vulnerability, a secret on a disk.
    SubAssessment of assessed;
    /// What it is called.
    title: text at "/properties/displayName",
    /// What it is known as: `CVE-2024-3094`, or a number of the scanner.
    known_as: text at "/properties/id",
    /// `Healthy`, `Unhealthy`, `NotApplicable`.
    status: text at "/properties/status/code",
    /// `High`, `Medium`, `Low`.
    severity: text at "/properties/status/severity",
    /// What kind of scanner found it: `ServerVulnerabilityTvm`, `SqlServerVulnerability`.
    scanner: text at "/properties/additionalData/assessedResourceType",
    /// Numbers of the common list of vulnerabilities.
    cves: [Vec<Box<str>>, cves] at "/properties/additionalData/cve",
    /// Whether the scanner knows of a working attack.
    exploitable: [bool, exploitable] at "/properties/additionalData/vulnerabilityDetails/exploitabilityAssessment",
    /// Whether an update mends it.
    patchable: boolean at "/properties/additionalData/patchable",
}

fn below<'v>(object: &'v Object, path: &[&str]) -> Option<&'v Value> {
    let properties = member(object, "properties").and_then(|properties| properties.as_object());
    let mut value = member(properties.unwrap_or(object), path.first()?)?;
    for name in path.iter().skip(1) {
        value = member(value.as_object()?, name)?;
    }
    Some(value)
}

/// `[{"title":"CVE-2024-3094"}]`, or one number under `vulnerabilityDetails`.
fn cves(_: &mut Reader<'_>, object: &Object) -> Field<Vec<Box<str>>> {
    if let Some(one) =
        below(object, &["additionalData", "vulnerabilityDetails", "cveId"]).and_then(|one| one.as_str())
    {
        return Some(Known::Value(vec![one.into()]));
    }
    let list = below(object, &["additionalData", "cve"])?.as_array()?;
    let title = |one: &Value| one.as_str().or_else(|| one.get("title")?.as_str()).map(Box::from);
    Some(Known::Value(list.iter().filter_map(title).collect()))
}

fn exploitable(_: &mut Reader<'_>, object: &Object) -> Field<bool> {
    let nested = || below(object, &["additionalData", "vulnerabilityDetails", "exploitabilityAssessment"]);
    let told =
        nested().or_else(|| below(object, &["additionalData", "exploitabilityAssessment"]))?.as_object()?;
    let known = ["exploitStepsPublished", "exploitStepsVerified", "isInExploitKit"];
    Some(Known::Value(
        known.iter().any(|name| member(told, name).is_some_and(|told| told.as_bool() == Some(true))),
    ))
}

/// A part of a plan that can be switched on and off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanPart {
    /// Which: `AgentlessVmScanning`.
    pub name: Box<str>,
    /// Whether it is on.
    pub enabled: bool,
}

record! {
    /// A plan of Defender for Cloud for one kind of resources of a subscription; its name tells which: `VirtualMachines`.
    Plan of scope;
    /// `Standard` where it is paid for, `Free` where it is not.
    tier: text at "/properties/pricingTier",
    /// `P1`, `P2`.
    sub_plan: text at "/properties/subPlan",
    /// Its parts.
    parts: (Vec<PlanPart>, parts) at "/properties/extensions",
}

fn parts(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<PlanPart>> {
    reader.objects(value, at).map(|objects| {
        let part = |object: &&Object| {
            let enabled = member(object, "isEnabled").is_some_and(|enabled| {
                enabled.as_bool() == Some(true)
                    || enabled.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
            });
            Some(PlanPart { name: member(object, "name")?.as_str()?.into(), enabled })
        };
        let mut all: Vec<PlanPart> = objects.iter().filter_map(part).collect();
        all.sort_unstable();
        all
    })
}

record! {
    /// Who hears of alerts.
    Contact of scope;
    /// Whether it is on; versions before 2023 have no word for it.
    on: boolean at "/properties/isEnabled",
    // Versions before 2020 had one address.
    /// Addresses.
    emails: text at "/properties/emails" or "/properties/email",
    /// Whether owners and the like hear of them, too.
    by_role: boolean at "/properties/alertsToAdmins" or "/properties/notificationsByRole/state",
    /// Whether alerts are sent at all, and from which severity on: `Off`, `Low`, `Medium`, `High`.
    alerts: [Box<str>, alerts] at "/properties/alertNotifications",
}

/// `alertNotifications` is a word before 2020, an object until 2023, and an entry of `notificationsSources` since.
fn alerts(_: &mut Reader<'_>, object: &Object) -> Field<Box<str>> {
    let off = || Some(Known::Value("Off".into()));
    if let Some(sources) = below(object, &["notificationsSources"]).and_then(|sources| sources.as_array()) {
        let alert = sources.iter().find(|source| {
            source
                .get("sourceType")
                .and_then(|kind| kind.as_str())
                .is_some_and(|kind| kind.eq_ignore_ascii_case("alert"))
        });
        let Some(alert) = alert else { return off() };
        let least = alert.get("minimalSeverity").and_then(|least| least.as_str()).unwrap_or("High");
        return Some(Known::Value(least.into()));
    }
    let told = below(object, &["alertNotifications"])?;
    if let Some(word) = told.as_str() {
        return if word.eq_ignore_ascii_case("on") { Some(Known::Value("High".into())) } else { off() };
    }
    let state = told.get("state").and_then(|state| state.as_str()).unwrap_or("Off");
    if !state.eq_ignore_ascii_case("on") {
        return off();
    }
    let least = told.get("minimalSeverity").and_then(|least| least.as_str()).unwrap_or("High");
    Some(Known::Value(least.into()))
}

record! {
    /// An alert.
    Alert of alerted_first;
    /// What it is called.
    title: text at "/properties/alertDisplayName",
    /// What kind it is: `VM_LinuxBruteForce`.
    kind: text at "/properties/alertType",
    /// `High`, `Medium`, `Low`, `Informational`.
    severity: text at "/properties/severity",
    /// `Active`, `InProgress`, `Dismissed`, `Resolved`.
    status: text at "/properties/status",
    /// When.
    at: moment at "/properties/timeGeneratedUtc",
    /// What it is about.
    resources: (Vec<ResourceId>, alerted) at "/properties/resourceIdentifiers",
}

/// The machine that an alert is about; the first of its resources where there is none.
fn alerted_first(reader: &mut Reader<'_>, object: &Object, _: &str) -> Option<ResourceId> {
    let all = below(object, &["resourceIdentifiers"])?.as_array()?;
    let ids: Vec<&str> = all.iter().filter_map(|one| one.get("azureResourceId")?.as_str()).collect();
    let is_machine = |id: &&&str| {
        crate::id::resource_type(id)
            .is_some_and(|name| name.eq_ignore_ascii_case("Microsoft.Compute/virtualMachines"))
    };
    let id = ids.iter().find(is_machine).or(ids.first())?;
    Some(reader.ids.intern(id, Use::Reference))
}

fn alerted(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<ResourceId>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let ids = objects.iter().filter_map(|object| member(object, "azureResourceId")?.as_str());
    Known::Value(ids.map(|id| reader.ids.intern(id, Use::Reference)).collect())
}

record! {
    /// Alerts that are kept from people.
    SuppressionRule of scope;
    /// Which alerts; `*` is all.
    kind: text at "/properties/alertType",
    /// `Enabled`, `Disabled`, `Expired`.
    state: text at "/properties/state",
    /// Until when; none is for ever.
    until: moment at "/properties/expirationDateUtc",
    /// Why.
    reason: text at "/properties/reason",
    /// The same in words.
    comment: text at "/properties/comment",
    /// Whether it narrows the alerts to some resources or values.
    narrowed: [bool, narrowed] at "/properties/suppressionAlertsScope",
}

fn narrowed(_: &mut Reader<'_>, object: &Object) -> Field<bool> {
    let all = below(object, &["suppressionAlertsScope", "allOf"]).and_then(|all| all.as_array());
    Some(Known::Value(all.is_some_and(|all| !all.is_empty())))
}

record! {
    /// A continuous export of findings and alerts.
    Export of |_, _, _| None;
    /// Whether it is on.
    on: boolean at "/properties/isEnabled",
    /// What it sends: `Alerts`, `Assessments`.
    sources: (Vec<Box<str>>, sources) at "/properties/sources",
    /// Subscriptions that it is for.
    scopes: (Vec<ResourceId>, scopes) at "/properties/scopes",
}

fn sources(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Box<str>>> {
    reader.objects(value, at).map(|objects| {
        objects.iter().filter_map(|object| Some(member(object, "eventSource")?.as_str()?.into())).collect()
    })
}

fn scopes(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<ResourceId>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let paths = objects.iter().filter_map(|object| member(object, "scopePath")?.as_str());
    Known::Value(paths.map(|path| reader.ids.intern(path, Use::Reference)).collect())
}

/// A port that just-in-time access opens on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitPort {
    /// Its number among the ports of the machine.
    pub index: usize,
    /// The port.
    pub number: u64,
    /// `TCP`, `UDP` or `*`.
    pub protocol: Box<str>,
    /// Who may ask for it to be opened to them: prefixes or `*`.
    pub sources: Vec<Box<str>>,
    /// Whether the input may hold further sources that cannot be read.
    pub more_sources: bool,
    /// For how many seconds at most; none where it cannot be read.
    pub longest: Option<u64>,
}

/// A machine of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitMachine {
    /// The machine.
    pub vm: ResourceId,
    /// Its number in the policy.
    pub index: usize,
    /// Its ports.
    pub ports: Vec<JitPort>,
    /// Whether the input holds further ports that cannot be read.
    pub more_ports: bool,
}

/// A port that was opened on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitRequest {
    /// The machine.
    pub vm: ResourceId,
    /// The port.
    pub port: u64,
    /// Whom it was opened to: prefixes or `*`; empty where that is not told.
    pub sources: Vec<Box<str>>,
    /// Until when.
    pub until: Option<Moment>,
    /// `Initiated`, `Revoked`, or words that are not documented.
    pub status: Box<str>,
}

record! {
    /// A policy of just-in-time access.
    JitPolicy of |_, _, _| None;
    /// Its machines.
    machines: (Vec<JitMachine>, jit_machines) at "/properties/virtualMachines",
    /// What was asked for.
    requests: (Vec<JitRequest>, jit_requests) at "/properties/requests",
}

/// Where policies name machines: machine, number of the policy, number in the policy; sorted.
///
/// INVARIANT: made anew whenever the list of policies changes.
#[derive(Default)]
pub(super) struct Guarded(Vec<(ResourceId, usize, usize)>);

impl Guarded {
    pub(super) fn new(policies: &super::Owned<JitPolicy>) -> Self {
        let of = |(number, policy): (usize, &JitPolicy)| {
            let machines = policy.machines.as_ref().and_then(Known::value).map(Vec::as_slice);
            let all = machines.unwrap_or_default().iter().enumerate();
            all.map(|(index, machine)| (machine.vm, number, index)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = policies.iter().enumerate().flat_map(of).collect();
        all.sort_unstable();
        Self(all)
    }

    /// Number of the policy and number in it, for each that names a machine.
    pub(super) fn of(&self, vm: ResourceId) -> impl Iterator<Item = (usize, usize)> {
        let from = self.0.partition_point(|(its, ..)| *its < vm);
        let rest = self.0.get(from..).unwrap_or_default().iter();
        rest.take_while(move |(its, ..)| *its == vm).map(|(_, policy, index)| (*policy, *index))
    }
}

fn text_of<'v>(object: &'v Object, name: &str) -> Option<&'v str> {
    member(object, name)?.as_str()
}

fn jit_machines(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<JitMachine>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let mut all = Vec::with_capacity(objects.len());
    for (index, object) in objects.into_iter().enumerate() {
        // Nobody knows which machine an unreadable id is of: it may be any.
        let Some(vm) = text_of(object, "id") else {
            return Known::unknown(Reason::Unreadable { field: "virtualMachines".into() });
        };
        let vm = reader.ids.intern(vm, Use::Reference);
        let ports = match member(object, "ports") {
            None => Vec::new(),
            Some(ports) => match reader.objects(ports, &format!("{at}/{index}/ports")) {
                Known::Value(ports) => ports,
                Known::Unknown(reason) => return Known::Unknown(reason),
            },
        };
        let count = ports.len();
        let ports: Vec<JitPort> =
            ports.into_iter().enumerate().filter_map(|(index, port)| jit_port(index, port)).collect();
        let more_ports = ports.len() < count;
        all.push(JitMachine { vm, index, ports, more_ports });
    }
    Known::Value(all)
}

/// The sources that a port may be opened to, and whether there are others that cannot be read.
fn jit_sources(object: &Object) -> (Vec<Box<str>>, bool) {
    let one = member(object, "allowedSourceAddressPrefix").filter(|one| !one.is_null());
    let several = member(object, "allowedSourceAddressPrefixes").filter(|all| !all.is_null());
    let list = several.and_then(|all| all.as_array());
    let all = || one.into_iter().chain(list.into_iter().flat_map(|all| all.iter()));
    let sources: Vec<Box<str>> = all().filter_map(|one| one.as_str()).map(Box::from).collect();
    let more = sources.len() < all().count() || several.is_some() && list.is_none();
    (sources, more)
}

fn jit_port(index: usize, object: &Object) -> Option<JitPort> {
    let number = member(object, "number")?.as_u64()?;
    let (sources, more_sources) = jit_sources(object);
    Some(JitPort {
        index,
        number,
        protocol: text_of(object, "protocol").unwrap_or("*").into(),
        sources,
        more_sources,
        longest: text_of(object, "maxRequestAccessDuration").and_then(seconds),
    })
}

/// A duration of ISO 8601 up to days: `PT3H`, `P1DT30M`.
fn seconds(text: &str) -> Option<u64> {
    let text = text.strip_prefix('P')?;
    let (days, clock) = text.split_once('T').unwrap_or((text, ""));
    let mut sum = 0_u64;
    for (part, units) in [(days, &[('D', 86_400_u64)][..]), (clock, &[('H', 3600), ('M', 60), ('S', 1)][..])]
    {
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, unit) = rest.split_at_checked(end)?;
            let (_, times) = units.iter().find(|(letter, _)| unit.starts_with(*letter))?;
            let number: u64 = number.split('.').next()?.parse().ok()?;
            sum = sum.checked_add(number.checked_mul(*times)?)?;
            rest = unit.get(1..)?;
        }
    }
    Some(sum)
}

fn jit_requests(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<JitRequest>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let mut all = Vec::new();
    for (index, object) in objects.into_iter().enumerate() {
        let Some(machines) = member(object, "virtualMachines") else { continue };
        let machines = match reader.objects(machines, &format!("{at}/{index}/virtualMachines")) {
            Known::Value(machines) => machines,
            Known::Unknown(reason) => return Known::Unknown(reason),
        };
        for machine in machines {
            // A request that cannot be read may be the one that a rule was made for.
            let unreadable = || Known::unknown(Reason::Unreadable { field: "requests".into() });
            let Some(vm) = text_of(machine, "id") else { return unreadable() };
            let vm = reader.ids.intern(vm, Use::Reference);
            let ports = member(machine, "ports").and_then(|ports| ports.as_array());
            for port in ports.into_iter().flat_map(|ports| ports.iter()).filter_map(|port| port.as_object()) {
                let Some(number) = member(port, "number").and_then(|number| number.as_u64()) else {
                    return unreadable();
                };
                all.push(JitRequest {
                    vm,
                    port: number,
                    sources: jit_sources(port).0,
                    until: text_of(port, "endTimeUtc").and_then(Moment::parse),
                    status: text_of(port, "status").unwrap_or_default().into(),
                });
            }
        }
    }
    Known::Value(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, expected) in [
            ("PT3H", Some(10_800)),
            ("PT5M", Some(300)),
            ("P1D", Some(86_400)),
            ("P1DT1H30M5.5S", Some(91_805)),
            ("3H", None),
            ("PT", Some(0)),
            ("PT3", None),
            ("PT3X", None),
            ("P99999999999999999999D", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
