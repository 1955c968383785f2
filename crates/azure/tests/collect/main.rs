//! Collecting from a stand-in for Azure, which has pages, quotas and faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod images;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azure::{
    Asked, Base, BaseError, By, Chain, Client, Cloud, CollectError, Fault, Link, Manifest, Named, Variables,
    Writer, connect,
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
    collect_since(client, path, asked, None).await
}

async fn collect_since(
    client: Client,
    path: &Path,
    asked: &Asked,
    base: Option<&Base>,
) -> Result<Manifest, CollectError> {
    let mut writer = Writer::open(path, asked, "2026-11-26T00:00:00Z").unwrap();
    client.collect(&mut writer, asked, base, &|_| {}).await?;
    let credential = client.chain().link().await.map(Link::name).unwrap_or_default().to_owned();
    let by = By { credential, caller: client.chain().caller().await };
    Ok(writer.finish(by, "2026-11-26T00:01:00Z", client.ahead()).unwrap())
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

/// 40 VMs with NIC and address, a policy, a lock, a group of rules, a subscription.
const ROWS: usize = 124;

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
    // Where nobody has bought it, nobody takes roles; of other questions it is told.
    let unlicensed = |list: &str| vec![fault(list, Fault::Unlicensed, 0, always)];
    let schedules = unlicensed("roleEligibilityScheduleInstances");
    let (manifest, _, _) = run(tenant(1, 40), Quota::NONE, 7, schedules).await;
    let manifest = manifest.unwrap();
    assert_eq!((manifest.partial.len(), manifest.refused.len()), (0, 0));
    let (manifest, _, _) =
        run(tenant(1, 40), Quota::NONE, 7, unlicensed("Microsoft.Authorization/locks")).await;
    assert_eq!(manifest.unwrap().partial[0].what, "locks");
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
    client.collect(&mut writer, &asked(), None, &told).await.unwrap();
    writer.finish(By::default(), "b", 0).unwrap();
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
        _ = first.collect(&mut writer, &everything, None, &told) => panic!("it ended before it was stopped"),
        _ = stopped => {}
    }
    drop(writer);
    assert!(!path.exists(), "a file that is not complete does not have its name");
    let before = sim.seen().len();
    let mut writer = Writer::open(&path, &asked(), "later").unwrap();
    let kept = writer.parts();
    assert!(kept >= 16, "{kept}");
    let again = client(&sim).await.impatient();
    again.collect(&mut writer, &asked(), None, &|_| {}).await.unwrap();
    writer.finish(By::default(), "end", 0).unwrap();
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

/// Every line but the manifest, sorted.
fn rows(path: &Path) -> Vec<String> {
    let mut all: Vec<String> = lines(path)
        .iter()
        .filter(|line| line.get("kind").is_none_or(Value::is_null))
        .map(Value::to_string)
        .collect();
    all.sort();
    all
}

fn resource(kind: &str, name: &str, properties: Value) -> Value {
    let id = format!("/subscriptions/{}/resourceGroups/g/providers/{kind}/{name}", subscription(0));
    json!({"id": id, "properties": properties})
}

#[tokio::test]
async fn what_changed_since_is_asked_and_the_rest_is_taken_over() {
    let mut world = tenant(2, 30);
    world.add(resource("Microsoft.Network/networkSecurityGroups", "n", json!({"securityRules": []})));
    let sim = start(world, Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [old, new, whole] =
        ["old.ndjson.zst", "new.ndjson.zst", "whole.ndjson.zst"].map(|name| folder.path().join(name));
    collect(&sim, &old, &asked()).await.unwrap();
    let moment = "2026-11-26T00:00:30Z";
    let machine = |name: &str, power: &str| {
        resource(
            "Microsoft.Compute/virtualMachines",
            name,
            json!({"extended": {"instanceView": {"powerState": {"code": power}}}}),
        )
    };
    sim.change(|world| {
        // A rule is told as a change of the rule; the group is what is asked for.
        world.put(
            resource(
                "Microsoft.Network/networkSecurityGroups",
                "n",
                json!({"securityRules": [{"name": "r"}]}),
            ),
            "2024-01-01T00:00:00Z",
            0,
        );
        world.put(
            resource("Microsoft.Network/networkSecurityGroups/n/securityRules", "r", json!({})),
            moment,
            0,
        );
        world.put(machine("new", "PowerState/running"), moment, 0);
        world.delete(machine("x00003", "")["id"].as_str().unwrap(), moment, 0);
        // Changes that nobody told: one stopped, one is new, one is gone.
        world.put(machine("x00004", "PowerState/deallocated"), "2024-01-01T00:00:00Z", 0);
        world.put(
            resource("Microsoft.Network/networkInterfaces", "untold", json!({})),
            "2024-01-01T00:00:00Z",
            0,
        );
        world.delete(
            resource("Microsoft.Network/publicIPAddresses", "x00007", json!({}))["id"].as_str().unwrap(),
            "2024-01-01T00:00:00Z",
            0,
        );
        // Other tables are asked whole.
        world.put(
            resource("Microsoft.Network/firewallPolicies/p/ruleCollectionGroups", "more", json!({})),
            moment,
            0,
        );
    });
    let base = Base::open(&old, &asked(), "2026-11-26T01:00:00Z").unwrap();
    let again = Asked { since: Some(base.started().to_owned()), ..asked() };
    let manifest = collect_since(client(&sim).await.impatient(), &new, &again, Some(&base)).await.unwrap();
    collect(&sim, &whole, &asked()).await.unwrap();
    assert_eq!(rows(&new), rows(&whole));
    let since = manifest.since.unwrap();
    assert_eq!(since.moment, "2026-11-25T23:30:00Z");
    // The networks of the first subscription were miscounted; of the machines most were taken over.
    assert_eq!(since.anew, 1, "{since:?}");
    assert!(since.unchanged >= 28 && since.changed >= 4, "{since:?}");
    // The next one goes on from this one.
    let next = Base::open(&new, &asked(), "2026-11-26T02:00:00Z").unwrap();
    let third = folder.path().join("third.ndjson.zst");
    let manifest = collect_since(client(&sim).await.impatient(), &third, &again, Some(&next)).await.unwrap();
    assert_eq!(rows(&third), rows(&whole));
    assert_eq!(manifest.since.unwrap().anew, 0);
}

#[tokio::test]
async fn an_earlier_snapshot_has_to_fit() {
    let sim = start(tenant(1, 2), Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.ndjson.zst");
    collect(&sim, &old, &asked()).await.unwrap();
    let open = |asked: &Asked, now: &str| Base::open(&old, asked, now);
    assert!(matches!(open(&asked(), "2026-12-03T00:00:01Z"), Err(BaseError::TooOld { .. })));
    assert!(matches!(open(&asked(), "no moment"), Err(BaseError::TooOld { .. })));
    let other = Asked { subscriptions: vec![subscription(0)], ..asked() };
    assert!(matches!(open(&other, "2026-11-26T01:00:00Z"), Err(BaseError::Other(_))));
    let nothing = Base::open(&folder.path().join("nothing"), &asked(), "2026-11-26T01:00:00Z");
    assert!(matches!(nothing, Err(BaseError::Read { .. })));
    let text = folder.path().join("odd.ndjson");
    for odd in ["", "[]", "{\"id\":\"/x\"}", "{\"kind\":\"sekimori.snapshot/1\"}"] {
        std::fs::write(&text, odd).unwrap();
        let read = Base::open(&text, &asked(), "2026-11-26T01:00:00Z");
        assert!(matches!(read, Err(BaseError::NoSnapshot(_))), "{odd}");
    }
}

#[tokio::test]
async fn a_part_that_was_refused_before_is_asked_anew() {
    let refused = vec![fault("virtualnetworks'", azure_sim::Fault::Forbidden, 0, 1)];
    let sim = start(tenant(1, 5), Quota::NONE, 7, refused).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [old, new, whole] =
        ["old.ndjson.zst", "new.ndjson.zst", "whole.ndjson.zst"].map(|name| folder.path().join(name));
    assert_eq!(collect(&sim, &old, &asked()).await.unwrap().refused.len(), 1);
    let base = Base::open(&old, &asked(), "2026-11-26T01:00:00Z").unwrap();
    let again = Asked { since: Some(base.started().to_owned()), ..asked() };
    let manifest = collect_since(client(&sim).await.impatient(), &new, &again, Some(&base)).await.unwrap();
    assert!(manifest.refused.is_empty());
    collect(&sim, &whole, &asked()).await.unwrap();
    assert_eq!(rows(&new), rows(&whole));
}

#[tokio::test]
async fn of_groups_that_have_rights_the_members_come_too() {
    let mut world = tenant(1, 1);
    let group = |number: u32| format!("00000000-0000-0000-0000-00000000000{number}");
    for (number, kind) in [(1, "Group"), (2, "User")] {
        let id = format!(
            "/subscriptions/{}/providers/Microsoft.Authorization/roleAssignments/a{number}",
            subscription(0)
        );
        world.add(json!({"id": id, "properties": {"principalType": kind, "principalId": group(number)}}));
    }
    let policy =
        json!({"id": "p", "conditions": {"users": {"includeGroups": ["All"], "excludeGroups": [group(3)]}}});
    world.add_directory("identity/conditionalAccess/policies", vec![policy]);
    let members: Vec<Value> = (0..9).map(|number| json!({"id": format!("m{number}")})).collect();
    world.add_directory(&format!("groups/{}/transitiveMembers", group(1)), members);
    let gone = vec![fault(&group(3), azure_sim::Fault::Missing, 0, usize::MAX)];
    let (manifest, lines, sim) = run(world, Quota::NONE, 4, gone).await;
    let manifest = manifest.unwrap();
    assert!(manifest.partial.is_empty() && manifest.refused.is_empty(), "{manifest:?}");
    let context = format!("https://graph.microsoft.com/v1.0/groups/{}/transitiveMembers", group(1));
    let list = lines.iter().find(|line| line["@odata.context"] == json!(context)).unwrap();
    assert_eq!(list["value"].as_array().unwrap().len(), 9);
    let asked = |number: u32| sim.seen().iter().filter(|seen| seen.path.contains(&group(number))).count();
    assert_eq!((asked(1), asked(2), asked(3)), (3, 0, 1));
}

#[tokio::test]
async fn a_management_group_names_its_subscriptions() {
    let mut world = tenant(3, 2);
    let id = format!(
        "/subscriptions/{}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/other",
        subscription(1)
    );
    world.add(json!({"id": id, "properties": {}}));
    world.put_under(&subscription(1), &["landing", "root"]);
    world.put_under(&subscription(0), &["root"]);
    let sim = start(world, Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut of = Vec::new();
    for group in ["landing", "root", "nothing"] {
        let path = folder.path().join(format!("{group}.ndjson.zst"));
        let asked = Asked { management_groups: vec![group.to_owned()], directory: false, ..asked() };
        let manifest = collect(&sim, &path, &asked).await;
        of.push(manifest.map(|_| ids(&lines(&path)).len()).map_err(|error| error.to_string()));
    }
    // Each with the record of the subscription.
    assert_eq!(of[0], Ok(1 + 1));
    assert_eq!(of[1], Ok(1 + 2 * 3 + 3 + 2));
    assert!(of[2].as_ref().unwrap_err().contains("no subscription"), "{of:?}");
}

#[tokio::test]
async fn resource_graph_is_late_and_says_so_in_time() {
    let sim = start(tenant(1, 1), Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = resource("Microsoft.Compute/virtualMachines", "late", json!({}));
    sim.change(|world| world.put(new.clone(), "2026-11-26T00:00:30Z", 1000));
    let [early, late] = ["early.ndjson.zst", "late.ndjson.zst"].map(|name| folder.path().join(name));
    collect(&sim, &early, &asked()).await.unwrap();
    let has = |path: &Path| ids(&lines(path)).iter().any(|id| id.ends_with("/late"));
    assert!(!has(&early));
    sim.change(|world| world.put(new, "2026-11-26T00:00:31Z", 0));
    collect(&sim, &late, &asked()).await.unwrap();
    assert!(has(&late));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_and_changes_are_asked_by_azures() {
    let sim = start(tenant(1, 1), Quota::NONE, 7, Vec::new()).await.unwrap();
    sim.set_clock(-7200);
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old.ndjson.zst", "new.ndjson.zst"].map(|name| folder.path().join(name));
    let manifest = collect(&sim, &old, &asked()).await.unwrap();
    let off = manifest.clock_off_by.unwrap();
    assert!((-7210..=-7190).contains(&off), "{off}");
    let base = Base::open(&old, &asked(), "2026-11-26T01:00:00Z").unwrap();
    let again = Asked { since: Some(base.started().to_owned()), ..asked() };
    let manifest = collect_since(client(&sim).await.impatient(), &new, &again, Some(&base)).await.unwrap();
    // Begun at midnight by our clock, which was two hours fast.
    assert!(manifest.since.unwrap().moment.starts_with("2026-11-25T21:"), "two hours and the overlap before");
}

/// Collects until so many parts are there, and stops.
async fn stopped_after(parts: usize, client: &Client, path: &Path, asked: &Asked) {
    let mut writer = Writer::open(path, asked, "2026-11-26T00:00:00Z").unwrap();
    let (send, stopped) = tokio::sync::oneshot::channel();
    let send = std::sync::Mutex::new((Some(send), 0));
    let told = |_: azure::Progress<'_>| {
        let mut send = send.lock().unwrap();
        send.1 += 1;
        if send.1 == parts {
            send.0.take().unwrap().send(()).unwrap();
        }
    };
    tokio::select! {
        _ = client.collect(&mut writer, asked, None, &told) => panic!("it ended before it was stopped"),
        _ = stopped => {}
    }
}

#[tokio::test]
async fn after_a_stop_the_same_subscriptions_are_asked_by_the_same_caller() {
    let mut world = World::new(TENANT, (0..150).map(subscription));
    let machine = |number: usize| {
        let id = format!(
            "/subscriptions/{}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/m{number}",
            subscription(number)
        );
        json!({"id": id, "properties": {}})
    };
    (0..150).for_each(|number| world.add(machine(number)));
    let sim = start(world, Quota::NONE, 1000, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    stopped_after(8, &client(&sim).await.impatient(), &path, &asked()).await;
    // One subscription is empty now: batches would be others.
    sim.change(|world| world.delete(machine(50)["id"].as_str().unwrap(), "2026-11-26T00:00:10Z", 0));
    let http = connect(sim.authority.as_bytes()).unwrap();
    let cloud = client(&sim).await.cloud().clone();
    let other =
        Variables { client: Some("33333333-3333-3333-3333-333333333333".to_owned()), ..variables(TENANT) };
    let other = Client::new(http.clone(), cloud.clone(), Chain::new(cloud, http, other).unwrap()).impatient();
    let mut writer = Writer::open(&path, &asked(), "2026-11-26T00:00:20Z").unwrap();
    let refused = other.collect(&mut writer, &asked(), None, &|_| {}).await;
    assert!(matches!(refused, Err(CollectError::Snapshot(azure::SnapshotError::Other(_)))), "{refused:?}");
    // Nobody else writes meanwhile.
    let busy = Writer::open(&path, &asked(), "2026-11-26T00:00:20Z");
    assert!(matches!(busy, Err(azure::SnapshotError::Busy(_))));
    drop(writer);
    collect(&sim, &path, &asked()).await.unwrap();
    let found = ids(&lines(&path));
    let lost: Vec<_> = (0..150)
        .filter(|number| *number != 50 && !found.iter().any(|id| id.ends_with(&format!("/m{number}"))))
        .collect();
    assert_eq!(lost, Vec::<usize>::new());
}

#[tokio::test]
async fn what_was_begun_too_long_ago_is_begun_anew() {
    let sim = start(tenant(1, 5), Quota::NONE, 7, Vec::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    stopped_after(8, &client(&sim).await.impatient(), &path, &asked()).await;
    assert!(Writer::open(&path, &asked(), "2026-11-26T23:00:00Z").unwrap().parts() >= 8);
    assert_eq!(Writer::open(&path, &asked(), "2026-11-27T01:00:00Z").unwrap().parts(), 0);
}

#[tokio::test]
async fn a_row_that_is_deleted_while_pages_are_read_hides_no_other() {
    // Pages of seven; after some questions a machine of the first page is gone, and every other one moves up.
    for late in 1..14 {
        let sim = start(tenant(1, 40), Quota::NONE, 7, Vec::new()).await.unwrap();
        let gone = resource("Microsoft.Compute/virtualMachines", "x00001", json!({}));
        sim.change(|world| world.delete(gone["id"].as_str().unwrap(), "2026-11-26T00:00:10Z", late));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("estate.ndjson.zst");
        let manifest = collect(&sim, &path, &asked()).await.unwrap();
        let found = ids(&lines(&path));
        let lost: Vec<_> = (0..40)
            .filter(|number| *number != 1)
            .filter(|number| !found.iter().any(|id| id.ends_with(&format!("virtualMachines/x{number:05}"))))
            .collect();
        assert!(lost.is_empty() || !manifest.partial.is_empty(), "{late}: {lost:?}");
        assert_eq!(lost, Vec::<usize>::new(), "{late}");
    }
}

#[tokio::test]
async fn one_list_that_never_answers_is_told_and_asked_again() {
    let away = vec![fault("Authorization/locks", azure_sim::Fault::Unavailable, 0, 8)];
    let sim = start(tenant(1, 2), Quota::NONE, 7, away).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    let mut writer = Writer::open(&path, &asked(), "2026-11-26T00:00:00Z").unwrap();
    client(&sim).await.impatient().collect(&mut writer, &asked(), None, &|_| {}).await.unwrap();
    drop(writer);
    // It was told as missing; who goes on asks for it again.
    let manifest = collect(&sim, &path, &asked()).await.unwrap();
    assert!(manifest.partial.is_empty(), "{manifest:?}");
    assert!(ids(&lines(&path)).iter().any(|id| id.contains("/locks/")));
    let always = vec![fault("Authorization/locks", azure_sim::Fault::Unavailable, 0, usize::MAX)];
    let (manifest, _, _) = run(tenant(1, 2), Quota::NONE, 7, always).await;
    let partial = manifest.unwrap().partial;
    assert!(partial.len() == 1 && partial[0].reason.contains("503"), "{partial:?}");
}

#[tokio::test]
async fn who_may_not_read_changes_reads_everything() {
    let refused = vec![fault("resourcechanges", azure_sim::Fault::Forbidden, 0, usize::MAX)];
    let sim = start(tenant(1, 5), Quota::NONE, 7, refused).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old.ndjson", "new.ndjson.zst"].map(|name| folder.path().join(name));
    collect(&sim, &old, &asked()).await.unwrap();
    // Whatever its name is, it is packed.
    let base = Base::open(&old, &asked(), "2026-11-26T01:00:00Z").unwrap();
    let again = Asked { since: Some(base.started().to_owned()), ..asked() };
    let manifest = collect_since(client(&sim).await.impatient(), &new, &again, Some(&base)).await.unwrap();
    assert!(manifest.since.is_none());
    assert_eq!(rows(&new), rows(&old));
}

#[tokio::test]
async fn rights_from_above_come_too() {
    let mut world = tenant(1, 1);
    for above in ["/providers/Microsoft.Management/managementGroups/root", ""] {
        let id = format!("{above}/providers/Microsoft.Authorization/roleAssignments/a");
        world.add(json!({"id": id, "properties": {"principalType": "User"}}));
    }
    let (_, lines, _) = run(world, Quota::NONE, 7, Vec::new()).await;
    let rights = ids(&lines).into_iter().filter(|id| id.contains("roleAssignments")).count();
    assert_eq!(rights, 2);
}

#[tokio::test]
async fn keys_of_connections_and_scripts_stay_out() {
    let mut world = tenant(1, 1);
    world.add(resource(
        "Microsoft.Network/connections",
        "c",
        json!({"authorizationKey": "hunter3", "sharedKey": "hunter3"}),
    ));
    world.add(resource(
        "Microsoft.Compute/virtualMachines/x00000/extensions",
        "script",
        json!({"settings": {"script": "aHVudGVyMw==", "arguments": "--password hunter3", "fileUris": []}}),
    ));
    let (manifest, lines, _) = run(world, Quota::NONE, 7, Vec::new()).await;
    let text: String = lines.iter().map(Value::to_string).collect();
    assert!(!text.contains("hunter3") && !text.contains("aHVudGVyMw"), "{text}");
    assert!(manifest.unwrap().redacted >= 4);
}

#[tokio::test]
async fn rows_that_are_added_while_pages_are_read_are_no_loss() {
    // One at each question, sorted before all others: in every reading a row comes twice.
    let sim = start(tenant(1, 40), Quota::NONE, 7, Vec::new()).await.unwrap();
    for late in 0..120 {
        let first = resource("Microsoft.Compute/virtualMachines", &format!("a-{:03}", 120 - late), json!({}));
        sim.change(|world| world.put(first, "2026-11-26T00:00:10Z", late));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("estate.ndjson.zst");
    let manifest = collect(&sim, &path, &asked()).await.unwrap();
    assert!(manifest.partial.is_empty(), "{manifest:?}");
    assert!(ids(&lines(&path)).len() >= ROWS);
}

#[tokio::test]
async fn one_place_that_takes_no_token_is_told_and_the_rest_comes() {
    let refused = vec![fault("riskyUsers", azure_sim::Fault::Expired, 0, usize::MAX)];
    let (manifest, lines, _) = run(tenant(1, 40), Quota::NONE, 7, refused).await;
    let partial = manifest.unwrap().partial;
    assert!(
        partial.len() == 1 && partial[0].what == "risky people" && partial[0].reason.contains("401"),
        "{partial:?}"
    );
    assert_eq!(ids(&lines).len(), ROWS);
}

#[tokio::test]
async fn who_had_begun_to_read_everything_goes_on_so() {
    let refused = vec![fault("resourcechanges", azure_sim::Fault::Forbidden, 0, 1)];
    let sim = start(tenant(1, 30), Quota::NONE, 7, refused).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old.ndjson.zst", "new.ndjson.zst"].map(|name| folder.path().join(name));
    collect(&sim, &old, &asked()).await.unwrap();
    let base = Base::open(&old, &asked(), "2026-11-26T01:00:00Z").unwrap();
    let again = Asked { since: Some(base.started().to_owned()), ..asked() };
    let mut writer = Writer::open(&new, &again, "2026-11-26T00:00:00Z").unwrap();
    let told = std::sync::atomic::AtomicUsize::new(0);
    let (send, stopped) = tokio::sync::oneshot::channel();
    let send = std::sync::Mutex::new(Some(send));
    let stop = |_: azure::Progress<'_>| {
        if told.fetch_add(1, Ordering::Relaxed) == 14
            && let Some(send) = send.lock().unwrap().take()
        {
            send.send(()).unwrap();
        }
    };
    let first = client(&sim).await.impatient();
    tokio::select! {
        _ = first.collect(&mut writer, &again, Some(&base), &stop) => panic!("it ended before it was stopped"),
        _ = stopped => {}
    }
    drop(writer);
    let manifest = collect_since(client(&sim).await.impatient(), &new, &again, Some(&base)).await.unwrap();
    assert!(manifest.since.is_none());
    assert_eq!(rows(&new), rows(&old));
}
