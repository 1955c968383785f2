//! A team's own checks: the estate as they see it, and what they say of it.

use std::sync::Arc;

use estate::{Estate, Known, Origin, OsFamily, ResourceId};
use hashbrown::HashMap;
use policy::{Document, Taken};
use posture::{CHECKS, Lang, Outcome, Settings};
use reach::tags::Tags;
use report::Report;
use serde_json::{Value, json};

use super::worker;
use crate::source::Positions;
use crate::version::VERSION;

/// The form of the input; `docs/schema/estate-1.json` tells all of it.
const SCHEMA: &str = "sekimori.estate/1";

/// What a run goes by.
pub(crate) struct World<'w> {
    pub(crate) estate: &'w Estate,
    pub(crate) sources: &'w Positions,
    pub(crate) tags: &'w Arc<Tags>,
    pub(crate) settings: &'w Settings,
    pub(crate) as_of: &'w str,
    pub(crate) lang: Lang,
}

/// Judges an estate by own checks.
pub(crate) fn judge(files: &[Document], world: &World<'_>) -> anyhow::Result<Taken> {
    if files.is_empty() {
        return Ok(Taken::default());
    }
    let input = input(world)?.to_string();
    Ok(policy::take(worker::evaluate(files, &input)?, world.estate, world.lang))
}

/// The estate as own checks see it, with what the program's own checks say.
pub(crate) fn input(world: &World<'_>) -> anyhow::Result<Value> {
    let World { estate, sources, tags, settings, as_of, lang } = *world;
    let outcome = posture::run(estate, tags, CHECKS, settings, lang, true);
    let findings = findings(world, &outcome)?;
    let read = |origin: Origin| sources.record(origin);
    let mask = |record: &mut Value| {
        azure::redact(record);
    };
    let resources = policy::resources(estate, &read, &mask);
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_ascii_lowercase);
    let by_id: HashMap<String, &Value> =
        resources.iter().filter_map(|one| Some((text(one, "id")?, one))).collect();
    let mut open: HashMap<String, Vec<Value>> = HashMap::new();
    for finding in findings.iter().filter(|finding| tells_ports(finding)) {
        let ports = finding.pointer("/evidence/ports").and_then(Value::as_array);
        let (Some(id), Some(ports)) = (text(finding, "resource"), ports) else { continue };
        let all = open.entry(id).or_default();
        for port in ports {
            if !all.contains(port) {
                all.push(port.clone());
            }
        }
    }
    let machines: Vec<Value> = estate
        .vms
        .iter()
        .filter(|vm| vm.described)
        .map(|vm| {
            let id = estate.text(vm.id).to_ascii_lowercase();
            machine(estate, &outcome, vm, by_id.get(&id).copied(), open.remove(&id).unwrap_or_default())
        })
        .collect();
    Ok(json!({
        "schema": SCHEMA,
        "as_of": as_of,
        "machines": machines,
        "resources": resources,
        "findings": findings,
    }))
}

/// Findings as the JSON form of a report has them.
fn findings(world: &World<'_>, outcome: &Outcome) -> anyhow::Result<Vec<Value>> {
    let nowhere = |_: Origin, _: &str| None;
    let nothing = |_: Origin, _: &str| Vec::new();
    let report = Report {
        estate: world.estate,
        source: String::new(),
        as_of: world.as_of.to_owned(),
        version: VERSION,
        tags_data: &world.tags.date,
        outcome,
        suppressions: &[],
        settings: world.settings,
        own_settings: &[],
        unmet: &[],
        comparison: None,
        exposes: None,
        notices: &[],
        errors: Vec::new(),
        locate: &nowhere,
        excerpts: &nothing,
        catalogues: &[],
        checks: CHECKS,
        lang: world.lang,
    };
    let mut text = Vec::new();
    report::write_json(&report, &mut text)?;
    let mut json: Value = serde_json::from_slice(&text)?;
    let all = json.get_mut("findings").map(Value::take);
    Ok(match all {
        Some(Value::Array(all)) => all,
        _ => Vec::new(),
    })
}

/// The checks that tell which ports of a machine the internet reaches.
const REACH: [&str; 4] = ["NET001", "NET002", "NET003", "NET005"];

/// Whether a finding tells which ports of a machine the internet reaches.
fn tells_ports(finding: &Value) -> bool {
    let text = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default();
    text("status") == "fail" && REACH.contains(&text("code"))
}

fn machine(
    estate: &Estate,
    outcome: &Outcome,
    vm: &estate::Vm,
    resource: Option<&Value>,
    open: Vec<Value>,
) -> Value {
    let id = estate.text(vm.id);
    let is_unknown = |code: &&&str| {
        outcome.unknown_resources.get(**code).is_some_and(|all| all.binary_search(&vm.id).is_ok())
    };
    let unknown: Vec<&&str> = REACH.iter().filter(is_unknown).collect();
    let root = |name: &str| resource.and_then(|one| one.get(name)).cloned().unwrap_or(Value::Null);
    json!({
        "id": id,
        "name": estate::resource_name(id),
        "subscription": estate::resource_subscription(id),
        "resource_group": estate::resource_group(id),
        "location": root("location"),
        "tags": root("tags"),
        "os": vm.os.as_ref().and_then(Known::value).map(|os| match os { OsFamily::Windows => "windows", OsFamily::Linux => "linux" }),
        "admin_username": vm.admin_username.as_ref().and_then(Known::value),
        "password_sign_in": vm.password_disabled.as_ref().and_then(Known::value).map(|disabled| !disabled),
        "open": open,
        "unknown": unknown,
        "addresses": addresses(estate, &vm.nics),
    })
}

/// The addresses of a machine.
fn addresses(estate: &Estate, nics: &[ResourceId]) -> Vec<Value> {
    let mut all = Vec::new();
    for nic in nics.iter().filter_map(|id| estate.nic(*id)) {
        let configurations = nic.ip_configurations.as_ref().and_then(Known::value);
        for ip in configurations.into_iter().flatten() {
            let text = |id: Option<&ResourceId>| id.map(|id| estate.text(*id));
            all.push(json!({
                "nic": estate.text(nic.id),
                "private_ip": ip.address.as_ref().and_then(Known::value).map(ToString::to_string),
                "subnet": text(ip.subnet.as_ref().and_then(Known::value)),
                "public_ip": text(ip.public_ip.as_ref().and_then(Known::value)),
            }));
        }
    }
    all
}
