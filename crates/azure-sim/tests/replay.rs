//! The writes that somebody recorded of Azure, sent to the stand-in, and its answers held to Azure's. The recordings are kept
//! outside of this repository; where they are not at hand the test is skipped, and says so.
//!
//! Of each write the status is the same, and all that Azure answered is answered, with the same value. What differs is in
//! [`EXPLAINED`], with the reason, or the test fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use azure_sim::{Change, Quota, World, Writes, start};
use serde_json::Value;

const TENANT: &str = "11111111-1111-1111-1111-111111111111";

/// What is another one each time, or is Azure's to choose: never compared.
const CHOSEN: [&str; 1] = ["etag"];

/// Differences with a reason: a part of the type, a part of the pointer, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    ("", "/resourceGuid", "a GUID is Azure's to choose"),
    ("", "/vmId", "a GUID is Azure's to choose"),
    ("", "/uniqueIdentifier", "a GUID is Azure's to choose"),
    ("", "/systemData", "who did it, and when, is of the day"),
    ("alertssuppressionrules", "UTC", "who did it, and when, is of the day"),
    ("pricings", "/enablementTime", "who did it, and when, is of the day"),
    ("roleassignments", "/properties/", "who did it, and when, is of the day"),
    ("schedules", "/createdDate", "who did it, and when, is of the day"),
    ("", "/fqdn", "names of hosts are Azure's to choose"),
    ("", "/internalDomainNameSuffix", "names of hosts are Azure's to choose"),
    ("networkinterfaces", "/privateIPAddress", "addresses depend on NICs that were not recorded"),
    ("loadbalancers", "/provisioningState", "how fast Azure was"),
    ("networkinterfaces", "/provisioningState", "how fast Azure was"),
    ("publicipprefixes", "/provisioningState", "how fast Azure was"),
    ("applicationsecuritygroups", "/provisioningState", "how fast Azure was"),
    ("azurefirewalls", "/provisioningState", "how fast Azure was"),
    ("bastionhosts", "/provisioningState", "how fast Azure was"),
    ("staticmembers", "/provisioningState", "how fast Azure was"),
    ("loadbalancers", "/inboundNat", "which part of a balancer refers to which is not worked out"),
    ("loadbalancers", "/loadBalancingRules", "which part of a balancer refers to which is not worked out"),
    ("loadbalancers", "/backendAddressPool", "which part of a balancer refers to which is not worked out"),
    ("firewallpolicies", "", "is kept as it is sent, without defaults"),
    ("azurefirewalls", "/rules/", "is kept as it is sent, without defaults"),
    ("ipgroups", "", "is kept as it is sent, without defaults"),
    ("networkmanagers", "", "is kept as it is sent, without defaults"),
    ("virtualnetworkgateways", "", "is kept as it is sent, without defaults"),
    ("virtualnetworkpeerings", "", "is kept as it is sent, without defaults"),
    ("microsoft.compute/images", "/storageProfile", "is kept as it is sent, without defaults"),
    ("microsoft.security/assessment", "/properties/", "is kept as it is sent, without defaults"),
    ("pricings", "/extensions/", "is kept as it is sent, without defaults"),
    ("recoveryservices", "/properties/", "is kept as it is sent, without defaults"),
    ("subnets", "/ipConfigurations/*/id", "who made the names plain left this one"),
    ("virtualmachines", "/deleteOption", "is kept as it is sent, without defaults"),
    ("virtualnetworks", "/dhcpOptions", "is kept as it is sent, without defaults"),
];

fn recordings() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let folder = std::fs::read_dir(root.join("shared/azure/responses")).ok()?;
    let mut all: Vec<_> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.retain(|path| path.extension().is_some_and(|end| end == "json"));
    all.sort();
    Some(all)
}

/// `microsoft.network/networksecuritygroups/securityrules`
fn kind(path: &str) -> String {
    let lower = path.to_ascii_lowercase();
    let mut steps = lower.rsplit("/providers/").next().unwrap_or_default().split('/');
    let first = steps.next().unwrap_or_default().to_owned();
    steps.step_by(2).fold(first, |text, step| format!("{text}/{step}"))
}

/// What Azure said and the stand-in does not, by pointer.
fn missing(azure: &Value, ours: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match (azure, ours) {
        (Value::Object(azure), Value::Object(ours)) => {
            for (name, value) in azure {
                if CHOSEN.contains(&name.as_str()) || value.is_null() {
                    continue;
                }
                match ours.get(name) {
                    None => found.push((format!("{at}/{name}"), format!("{value} is not said"))),
                    Some(own) => missing(value, own, &format!("{at}/{name}"), found),
                }
            }
        }
        (Value::Array(azure), Value::Array(ours)) if azure.len() == ours.len() => {
            for (place, value) in azure.iter().enumerate() {
                // Azure sorts some lists; parts are told by their names.
                let named = ours.iter().find(|own| value["name"].is_string() && own["name"] == value["name"]);
                missing(value, named.unwrap_or(&ours[place]), &format!("{at}/*"), found);
            }
        }
        (Value::String(azure), Value::String(ours)) if azure.eq_ignore_ascii_case(ours) => {}
        (azure, ours) if azure == ours => {}
        (azure, ours) => found.push((at.to_owned(), format!("{azure} and not {ours}"))),
    }
}

#[tokio::test]
async fn writes_are_answered_as_azure_answered_them() {
    let Some(files) = recordings() else {
        eprintln!("skipped: the recordings are not at hand");
        return;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut same, mut exact, mut left_out) = (0, 0, 0);
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(Value::Array(exchanges)) = serde_json::from_str(&text) else { continue };
        let mut world = World::new(TENANT, []);
        // What recordings refer to may have been made by what was not recorded.
        world.set_writes(Writes { references: false, ..Writes::default() });
        let sim = start(world, Quota::NONE, 1000, Vec::new()).await.unwrap();
        let authority = reqwest::Certificate::from_pem_bundle(sim.authority.as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_merge(authority).build().unwrap();
        let token = sim.issue();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for exchange in exchanges {
            let (method, path) = (exchange["method"].as_str().unwrap(), exchange["path"].as_str().unwrap());
            let (body, status) = (&exchange["response_body"], exchange["status"].as_u64().unwrap());
            let own = body["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(path));
            // What Azure reads out is how it is, however it came to be so.
            if method == "GET" {
                let rows = body["value"].as_array().cloned().unwrap_or_default();
                let rows = if own { vec![body.clone()] } else { rows };
                for row in rows
                    .into_iter()
                    .filter(|row| row["id"].as_str().is_some_and(|id| id.contains("/providers/")))
                {
                    sim.meanwhile(&Change::Put(row));
                }
                continue;
            }
            let kind = kind(path);
            let ours = matches!(method, "PUT" | "PATCH" | "DELETE")
                || ["deallocate", "poweroff", "assesspatches", "installpatches"]
                    .iter()
                    .any(|action| path.to_ascii_lowercase().ends_with(&format!("/{action}")));
            let version = exchange["api_version"].as_str().filter(|version| !version.is_empty());
            // One recording has a network at the address of a subnet, by the hand of who made its names plain.
            let told = own || body["id"].is_null();
            let Some(version) = version.filter(|_| ours && told && !kind.contains("deployments")) else {
                left_out += 1;
                continue;
            };
            // Azure answered 2xx to what was there; a recording may leave out how it came.
            let there = sim.resource(path).is_some();
            let lower = path.to_ascii_lowercase();
            for list in [
                "/extensions/",
                "/subnets/",
                "/securityrules/",
                "/virtualnetworkpeerings/",
                "/backendaddresspools/",
            ] {
                let Some(id) = lower.rfind(list).and_then(|at| path.get(..at)) else { continue };
                if sim.resource(id).is_none() {
                    sim.meanwhile(&Change::Put(
                        serde_json::json!({"id": id, "name": id.rsplit('/').next(), "properties": {}}),
                    ));
                }
            }
            if !there && (method == "PATCH" || status == 202 && method == "DELETE" || status == 200) {
                let id = if method == "POST" { path.rsplit_once('/').unwrap().0 } else { path };
                sim.meanwhile(&Change::Put(
                    serde_json::json!({"id": id, "name": id.rsplit('/').next(), "properties": {}}),
                ));
            }
            let address = format!(
                "{}{}?api-version={version}",
                sim.base,
                path.trim_start_matches('/').replace(' ', "%20")
            );
            let mut request = http.request(method.parse().unwrap(), &address).bearer_auth(&token);
            if !exchange["request_body"].is_null() {
                request = request.body(exchange["request_body"].to_string());
            }
            let answer = request.send().await.unwrap();
            let said = u64::from(answer.status().as_u16());
            let bytes = answer.bytes().await.unwrap();
            let told: Value =
                if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
            let mut found = Vec::new();
            if said != status {
                found.push(("status".to_owned(), format!("{status} and not {said}: {told}")));
            } else if status < 300 {
                missing(body, &told, "", &mut found);
            } else {
                missing(&body["error"]["code"], &told["error"]["code"], "/error/code", &mut found);
            }
            exact += usize::from(found.is_empty());
            let mut good = true;
            for (pointer, what) in found {
                let fits = |(of, part, _): &&(&str, &str, &str)| kind.contains(of) && pointer.contains(part);
                // A reason is for what is not said, or is another one; never for a status.
                match EXPLAINED.iter().filter(|_| pointer != "status").find(fits) {
                    Some((_, _, why)) => *explained.entry(why).or_default() += 1,
                    None => {
                        good = false;
                        let entry = wrong
                            .entry(format!("{method} {kind} {pointer}"))
                            .or_insert((0, format!("{name}: {what}")));
                        entry.0 += 1;
                    }
                }
            }
            same += usize::from(good);
            // From here on it is as Azure has it.
            if own && status < 300 {
                sim.meanwhile(&Change::Put(body.clone()));
            }
        }
    }
    eprintln!(
        "recorded writes: {exact} as Azure, {} with a reason, {left_out} left out\nreasons: {explained:#?}",
        same - exact
    );
    for (what, (count, example)) in &wrong {
        eprintln!("{count:4} {what}\n     {}", example.chars().take(700).collect::<String>());
    }
    assert!(wrong.is_empty(), "{} differences without a reason", wrong.len());
    assert!(same >= 200 && exact >= 80, "only {same} writes, {exact} of them as Azure");
}
