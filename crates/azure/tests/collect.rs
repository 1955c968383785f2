//! Collecting from a stand-in for Azure, which has pages, quotas and faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azure::{
    Asked, By, Chain, Client, Cloud, CollectError, Fault, Link, Manifest, Named, Variables, Writer, connect,
};
use azure_sim::{Quota, Running, Script, World, start};
use serde_json::{Value, json};

const TENANT: &str = "11111111-1111-1111-1111-111111111111";

fn subscription(number: usize) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

/// A tenant of so many subscriptions, the first with so many VMs in it, each with a NIC and an address.
fn tenant(subscriptions: usize, vms: usize) -> World {
    let mut world = World::new(TENANT, (0..subscriptions).map(subscription));
    for number in 0..vms {
        let id = |kind: &str| {
            format!("/subscriptions/{}/resourceGroups/g/providers/{kind}/x{number:05}", subscription(0))
        };
        world.add(json!({"id": id("Microsoft.Compute/virtualMachines"), "properties": {"osProfile": {"customData": "c2VjcmV0"}}}));
        world.add(json!({"id": id("Microsoft.Network/networkInterfaces"), "properties": {}}));
        world.add(
            json!({"id": id("Microsoft.Network/publicIPAddresses"), "properties": {"ipAddress": "20.0.0.1"}}),
        );
    }
    let policy = format!(
        "/subscriptions/{}/resourceGroups/g/providers/Microsoft.Security/locations/japaneast/jitNetworkAccessPolicies/default",
        subscription(0)
    );
    world.add(json!({"id": policy, "properties": {}}));
    let lock = format!("/subscriptions/{}/providers/Microsoft.Authorization/locks/l", subscription(0));
    world.add(json!({"id": lock, "properties": {"level": "ReadOnly"}}));
    let rules = format!(
        "/subscriptions/{}/resourceGroups/g/providers/Microsoft.Network/firewallPolicies/p/ruleCollectionGroups/r",
        subscription(0)
    );
    world.add(json!({"id": rules, "properties": {}}));
    for (path, name) in [("identity/conditionalAccess/policies", "p"), ("users", "u"), ("groups", "g")] {
        world.add_directory(path, (0..7).map(|number| json!({"id": format!("{name}{number}")})).collect());
    }
    world
}

fn asked() -> Asked {
    Asked { cloud: "Sim".to_owned(), directory: true, ..Asked::default() }
}

fn variables(tenant: &str) -> Variables {
    Variables {
        tenant: Some(tenant.to_owned()),
        client: Some("22222222-2222-2222-2222-222222222222".to_owned()),
        secret: Some("hunter2-very-secret".to_owned()),
        ..Variables::default()
    }
}

async fn client(sim: &Running) -> Client {
    let http = connect(sim.authority.as_bytes()).unwrap();
    let Ok(Named::At(at)) = Cloud::named(&sim.base) else { panic!("{}", sim.base) };
    let said = http.get(at.join("metadata/endpoints?api-version=2022-09-01").unwrap()).send().await.unwrap();
    let cloud = Cloud::from_metadata(&at, &said.bytes().await.unwrap()).unwrap();
    let chain = Chain::new(cloud.clone(), http.clone(), variables(TENANT)).unwrap();
    Client::new(http, cloud, chain)
}

async fn collect(sim: &Running, path: &Path, asked: &Asked) -> Result<Manifest, CollectError> {
    collect_by(client(sim).await.impatient(), path, asked).await
}

async fn collect_by(client: Client, path: &Path, asked: &Asked) -> Result<Manifest, CollectError> {
    let mut writer = Writer::open(path, asked, "2026-11-26T00:00:00Z").unwrap();
    client.collect(&mut writer, asked, &|_| {}).await?;
    let credential = client.chain().link().await.map(Link::name).unwrap_or_default().to_owned();
    let by = By { credential, caller: client.chain().caller().await };
    Ok(writer.finish(by, "2026-11-26T00:01:00Z").unwrap())
}

fn lines(path: &Path) -> Vec<Value> {
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The ids of resources, sorted.
fn ids(lines: &[Value]) -> Vec<String> {
    let mut all: Vec<_> =
        lines.iter().filter_map(|line| Some(line.get("id")?.as_str()?.to_owned())).collect();
    all.sort();
    all
}

async fn run(
    world: World,
    quota: Quota,
    page: usize,
    faults: Vec<Script>,
) -> (Result<Manifest, CollectError>, Vec<Value>, Running) {
    let sim = start(world, quota, page, faults).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    let manifest = collect(&sim, &path, &asked()).await;
    let lines = if path.exists() { lines(&path) } else { Vec::new() };
    (manifest, lines, sim)
}

fn fault(when: &str, fault: azure_sim::Fault, after: usize, times: usize) -> Script {
    Script { when: when.to_owned(), fault, after, times }
}

/// 40 VMs with NIC and address, a policy, a lock, a group of rules.
const ROWS: usize = 123;

#[tokio::test]
async fn everything_comes_once_with_a_manifest_of_what_it_is() {
    let (manifest, lines, sim) = run(tenant(3, 40), Quota::NONE, 7, Vec::new()).await;
    let manifest = manifest.unwrap();
    assert_eq!(ids(&lines).len(), ROWS);
    let mut once = ids(&lines);
    once.dedup();
    assert_eq!(once.len(), ROWS);
    assert_eq!(
        (manifest.rows["machines"], manifest.rows["networks"], manifest.rows["network rules"]),
        (40, 80, 1)
    );
    assert_eq!((manifest.rows["just-in-time policies"], manifest.rows["locks"]), (1, 1));
    assert_eq!((manifest.refused.len(), manifest.partial.len()), (0, 0), "{manifest:?}");
    // Who asked is told, and no secret.
    assert_eq!(manifest.by.credential, "environment");
    assert_eq!(manifest.by.caller.tenant.as_deref(), Some(TENANT));
    assert_eq!(manifest.redacted, 40);
    let all = Value::from(lines.clone()).to_string();
    for secret in ["c2VjcmV0", "hunter2", "eyJ"] {
        assert!(!all.contains(secret), "{secret}");
    }
    let last = lines.last().unwrap();
    assert_eq!(
        (last["kind"].as_str(), last["started"].as_str()),
        (Some("sekimori.snapshot/1"), Some("2026-11-26T00:00:00Z"))
    );
    // The directory's lists are told by their context, all pages of them.
    let people = lines
        .iter()
        .find(|line| line["@odata.context"].as_str().is_some_and(|text| text.ends_with("/users")))
        .unwrap();
    assert_eq!(people["value"].as_array().unwrap().len(), 7);
    // Empty subscriptions are asked about once, and not by each question.
    let lists = sim.seen().iter().filter(|seen| seen.path.contains(&subscription(1))).count();
    assert_eq!(lists, 0);
}

#[tokio::test]
async fn faults_that_pass_leave_no_trace() {
    use azure_sim::Fault;
    for (name, kind) in [
        ("a second to wait", Fault::Throttled(Some(1))),
        ("no word of how long", Fault::Throttled(None)),
        ("not well", Fault::Unavailable),
        ("half an answer", Fault::Half),
        ("no answer", Fault::Cut),
        ("a token that is too old", Fault::Expired),
        ("a page that is empty", Fault::Lost),
        ("a page that comes twice", Fault::Repeated),
    ] {
        let faults = vec![
            fault("microsoft.compute/virtualmachines'", kind.clone(), 2, 1),
            fault("Microsoft.Authorization/locks", kind.clone(), 0, 1),
        ];
        let (manifest, lines, _) = run(tenant(1, 40), Quota::NONE, 7, faults).await;
        let manifest = manifest.unwrap();
        assert_eq!(ids(&lines).len(), ROWS, "{name}");
        assert_eq!((manifest.refused.len(), manifest.partial.len()), (0, 0), "{name}: {manifest:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_the_rest_comes() {
    use azure_sim::Fault;
    let always = usize::MAX;
    let locks = |kind: Fault| vec![fault("Microsoft.Authorization/locks", kind, 0, always)];
    let (manifest, lines, _) = run(tenant(1, 40), Quota::NONE, 7, locks(Fault::Forbidden)).await;
    let manifest = manifest.unwrap();
    assert_eq!(ids(&lines).len(), ROWS - 1);
    let refused = &manifest.refused[0];
    assert_eq!(
        (refused.what.as_str(), refused.action.as_str(), refused.role.as_str()),
        ("locks", "Microsoft.Authorization/locks/read", "Reader")
    );
    assert_eq!(refused.scope, subscription(0));
    assert_eq!(lines.last().unwrap()["refused"][0]["what"], "locks");
    // Where nobody has registered a provider there is nothing; what is not there otherwise is told.
    let (manifest, lines, _) = run(tenant(1, 40), Quota::NONE, 7, locks(Fault::Unregistered)).await;
    assert_eq!((manifest.unwrap().partial.len(), ids(&lines).len()), (0, ROWS - 1));
    let (manifest, _, _) = run(tenant(1, 40), Quota::NONE, 7, locks(Fault::Missing)).await;
    assert_eq!(manifest.unwrap().partial[0].what, "locks");
    // What is lost for good, cut off, or nonsense is partial.
    for (kind, reason) in [
        (Fault::Lost, "of 40 rows came"),
        (Fault::Truncated, "cut off"),
        (Fault::Nonsense, "cannot be read"),
        (Fault::Repeated, "of 40 rows came"),
    ] {
        let faults = vec![fault("microsoft.compute/virtualmachines'", kind.clone(), 1, always)];
        let (manifest, _, _) = run(tenant(1, 40), Quota::NONE, 7, faults).await;
        let manifest = manifest.unwrap();
        assert_eq!(manifest.partial.len(), 1, "{kind:?}");
        assert_eq!(manifest.partial[0].what, "machines", "{kind:?}");
        assert!(manifest.partial[0].reason.contains(reason), "{kind:?}: {}", manifest.partial[0].reason);
    }
    // A token goes to no other host, whatever an answer says.
    let faults = vec![fault("v1.0/users", Fault::Elsewhere, 0, always)];
    let (manifest, _, _) = run(tenant(1, 1), Quota::NONE, 5, faults).await;
    let manifest = manifest.unwrap();
    let people = manifest.partial.iter().find(|one| one.what == "people").unwrap();
    assert!(people.reason.contains("another host"), "{}", people.reason);
}

#[tokio::test]
async fn nobody_signed_in_and_nothing_to_see_say_what_to_do() {
    use azure_sim::Fault as Wrong;
    let (refused, _, _) =
        run(tenant(1, 1), Quota::NONE, 5, vec![fault("oauth2/v2.0/token", Wrong::Forbidden, 0, usize::MAX)])
            .await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("nobody is signed in") && error.contains("environment: "), "{error}");
    assert!(error.contains("azure-cli: "), "every link says why: {error}");
    assert!(!error.contains("hunter2"), "{error}");
    let (none, _, _) = run(World::new(TENANT, []), Quota::NONE, 5, Vec::new()).await;
    assert!(matches!(none, Err(CollectError::NoSubscription(None))), "{none:?}");
    let sim = start(tenant(1, 1), Quota::NONE, 5, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let asked = Asked { subscriptions: vec![subscription(9)], ..asked() };
    let error = collect(&sim, &folder.path().join("x"), &asked).await.unwrap_err();
    assert!(error.to_string().contains(&subscription(9)), "{error}");
}

#[tokio::test]
async fn a_token_that_is_revoked_in_the_middle_is_made_anew() {
    let sim = start(tenant(1, 40), Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    let client = client(&sim).await.impatient();
    let mut writer = Writer::open(&path, &asked(), "a").unwrap();
    let count = AtomicUsize::new(0);
    let told = |_: azure::Progress<'_>| {
        if count.fetch_add(1, Ordering::Relaxed) == 2 {
            sim.revoke();
        }
    };
    client.collect(&mut writer, &asked(), &told).await.unwrap();
    writer.finish(By::default(), "b").unwrap();
    assert_eq!(ids(&lines(&path)).len(), ROWS);
}

#[tokio::test]
async fn what_was_collected_before_a_stop_is_not_asked_again() {
    let sim = start(tenant(1, 40), Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    let first = client(&sim).await.impatient();
    let mut writer = Writer::open(&path, &asked(), "a").unwrap();
    let (send, stopped) = tokio::sync::oneshot::channel();
    let send = std::sync::Mutex::new((Some(send), 0));
    let told = |_: azure::Progress<'_>| {
        let mut send = send.lock().unwrap();
        send.1 += 1;
        if send.1 == 16 {
            send.0.take().unwrap().send(()).unwrap();
        }
    };
    let everything = asked();
    tokio::select! {
        _ = first.collect(&mut writer, &everything, &told) => panic!("it ended before it was stopped"),
        _ = stopped => {}
    }
    drop(writer);
    assert!(!path.exists(), "a file that is not complete does not have its name");
    let before = sim.seen().len();
    let mut writer = Writer::open(&path, &asked(), "later").unwrap();
    let kept = writer.parts();
    assert!(kept >= 16, "{kept}");
    let again = client(&sim).await.impatient();
    again.collect(&mut writer, &asked(), &|_| {}).await.unwrap();
    writer.finish(By::default(), "end").unwrap();
    assert_eq!(ids(&lines(&path)).len(), ROWS);
    // Nothing that was done is asked again; what was under way when it stopped may come late.
    let asked_again = sim.seen().len() - before;
    let (_, _, whole) = run(tenant(1, 40), Quota::NONE, 7, Vec::new()).await;
    assert!(
        asked_again + kept <= whole.seen().len() + 6,
        "{asked_again} requests after {before}, {kept} parts kept"
    );
}

#[tokio::test]
async fn a_quota_is_kept_to_and_nothing_is_lost() {
    // The pace is the one that people have.
    let quota = Quota { queries: 6, window: Duration::from_secs(2) };
    let sim = start(tenant(1, 40), quota, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    let manifest = collect_by(client(&sim).await, &path, &asked()).await.unwrap();
    assert_eq!((manifest.partial.len(), ids(&lines(&path)).len()), (0, ROWS));
    let refused = sim.seen().iter().filter(|seen| seen.status == 429).count();
    let queries =
        sim.seen().iter().filter(|seen| seen.method == "POST" && seen.path.contains("ResourceGraph")).count();
    assert!(refused * 4 < queries, "{refused} of {queries} were refused");
}

#[tokio::test]
async fn ten_thousand_empty_subscriptions_are_few_questions() {
    let (manifest, _, sim) = run(tenant(10_000, 3), Quota::NONE, 1000, Vec::new()).await;
    assert_eq!(manifest.unwrap().partial, []);
    let queries = sim.seen().iter().filter(|seen| seen.path.contains("ResourceGraph")).count();
    assert!(queries < 60, "{queries}");
}

#[tokio::test]
async fn a_fault_without_end_ends() {
    let sim = start(
        tenant(1, 1),
        Quota::NONE,
        5,
        vec![fault("subscriptions?", azure_sim::Fault::Unavailable, 0, usize::MAX)],
    )
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let result = tokio::time::timeout(Duration::from_secs(120), collect(&sim, &path, &asked())).await;
    assert!(matches!(result, Ok(Err(CollectError::Fault(Fault::GaveUp { .. })))), "{result:?}");
}
