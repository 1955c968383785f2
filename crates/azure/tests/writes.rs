//! Writing to a stand-in for Azure, over HTTPS: one attempt at a time, and what is known of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::time::Duration;

use azure::{Chain, Client, Cloud, Looked, Named, Polled, Sent, Variables, Verb, Write, connect};
use azure_sim::{Change, Conflict, Effect, Fault, Quota, Rate, Running, Script, World, Writes, start};
use serde_json::{Value, json};

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const SCOPE: &str = "/subscriptions/s/resourceGroups/g/providers";
const VERSION: &str = "2024-01-01";

fn group() -> String {
    format!("{SCOPE}/Microsoft.Network/networkSecurityGroups/n")
}

fn at(name: &str) -> String {
    format!("{}/securityRules/{name}", group())
}

fn machine() -> String {
    format!("{SCOPE}/Microsoft.Compute/virtualMachines/vm")
}

fn rule(priority: u16) -> Value {
    json!({"properties": {"priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": "203.0.113.7", "sourcePortRange": "*", "destinationAddressPrefix": "10.0.0.4",
        "destinationPortRange": "22"}})
}

fn world(writes: Writes) -> World {
    let mut world = World::new(TENANT, []);
    world.set_writes(writes);
    world.add(json!({"id": group(), "name": "n", "type": "Microsoft.Network/networkSecurityGroups",
        "location": "japaneast", "etag": "W/\"first\"", "properties": {"provisioningState": "Succeeded",
        "securityRules": [{"id": at("there"), "name": "there", "etag": "W/\"first\"", "properties": rule(100)["properties"]}]}}));
    world.add(json!({"id": machine(), "name": "vm", "location": "japaneast", "properties": {
        "osProfile": {"adminUsername": "operator", "linuxConfiguration": {"disablePasswordAuthentication": true}},
        "extended": {"instanceView": {"powerState": {"code": "PowerState/running"}}}}}));
    world
}

async fn client_of(sim: &Running) -> Client {
    let http = connect(sim.authority.as_bytes()).unwrap();
    client_by(sim, &http, http.clone()).await
}

/// A client that gets its tokens by one way, and writes by another.
async fn client_by(sim: &Running, tokens: &reqwest::Client, writes: reqwest::Client) -> Client {
    let Ok(Named::At(at)) = Cloud::named(&sim.base) else { panic!("{}", sim.base) };
    let said = tokens.get(at.join("metadata/endpoints?api-version=2022-09-01").unwrap()).send().await;
    let cloud = Cloud::from_metadata(&at, &said.unwrap().bytes().await.unwrap()).unwrap();
    let variables = Variables {
        tenant: Some(TENANT.to_owned()),
        client: Some("22222222-2222-2222-2222-222222222222".to_owned()),
        secret: Some("hunter2-very-secret".to_owned()),
        ..Variables::default()
    };
    let chain = Chain::new(cloud.clone(), tokens.clone(), variables).unwrap();
    Client::new(writes, cloud, chain)
}

async fn sim(writes: Writes, faults: Vec<Script>) -> (Running, Client) {
    let sim = start(world(writes), Quota::NONE, 1000, faults).await.unwrap();
    let client = client_of(&sim).await.impatient();
    (sim, client)
}

/// The next so many writes go wrong.
fn fault(fault: Fault, times: usize) -> Vec<Script> {
    vec![Script { when: "PUT securityRules/a".to_owned(), fault, after: 0, times }]
}

fn put(name: &str) -> Write {
    Write {
        verb: Verb::Put,
        target: at(name),
        api_version: VERSION.to_owned(),
        action: None,
        body: Some(rule(200)),
        if_match: None,
        if_none_match: false,
    }
}

/// Follows an operation to its end.
async fn end(client: &Client, sent: Sent) -> Polled {
    let Sent::Accepted { operation: Some(url), .. } = sent else { panic!("{sent:?}") };
    for _ in 0..10 {
        match client.poll(&url).await.unwrap() {
            Polled::Running { .. } => {}
            over => return over,
        }
    }
    panic!("it has no end")
}

async fn is_there(client: &Client, name: &str) -> bool {
    matches!(client.read_resource(&at(name), VERSION).await.unwrap(), Looked::Here { .. })
}

/// How many writes came.
fn writes(sim: &Running) -> usize {
    sim.seen().iter().filter(|seen| ["PUT", "PATCH", "DELETE"].contains(&&*seen.method)).count()
}

#[tokio::test]
async fn a_rule_is_made_and_removed_and_its_operation_followed() {
    let (sim, client) = sim(Writes { effect: Effect::Completed, ..Writes::default() }, Vec::new()).await;
    assert!(!is_there(&client, "a").await);
    let sent = client.send(&put("a")).await.unwrap();
    assert!(!is_there(&client, "a").await, "accepted is not done");
    assert_eq!(end(&client, sent).await, Polled::Succeeded);
    let Looked::Here { body, etag } = client.read_resource(&at("a"), VERSION).await.unwrap() else {
        panic!()
    };
    assert_eq!(body["properties"]["priority"], 200);
    assert!(etag.is_some());
    let sent = client.send(&Write { verb: Verb::Delete, body: None, ..put("a") }).await.unwrap();
    assert_eq!(end(&client, sent).await, Polled::Succeeded);
    assert!(!is_there(&client, "a").await);
    assert!(is_there(&client, "there").await);
    assert_eq!(writes(&sim), 2);
}

#[tokio::test]
async fn a_write_that_is_done_at_once_is_done() {
    let (_sim, client) = sim(Writes { polls: 0, ..Writes::default() }, Vec::new()).await;
    let sent = client.send(&put("a")).await.unwrap();
    if !matches!(sent, Sent::Done(_)) {
        assert_eq!(end(&client, sent).await, Polled::Succeeded);
    }
    assert!(is_there(&client, "a").await);
}

#[tokio::test]
async fn what_is_not_known_is_not_sent_again() {
    for (wrong, there) in [(Fault::Cut, false), (Fault::CutAfter, true), (Fault::Unavailable, false)] {
        let (sim, client) = sim(Writes { polls: 0, ..Writes::default() }, fault(wrong.clone(), 9)).await;
        let sent = client.send(&put("a")).await.unwrap();
        assert!(matches!(sent, Sent::Unsure { .. }), "{wrong:?}: {sent:?}");
        assert_eq!(writes(&sim), 1, "{wrong:?}");
        assert_eq!(is_there(&client, "a").await, there, "{wrong:?}");
    }
    // Of half an answer the head may have come, and nobody asks twice.
    let (sim, client) = sim(Writes { polls: 0, ..Writes::default() }, fault(Fault::Half, 9)).await;
    let sent = client.send(&put("a")).await.unwrap();
    assert!(matches!(sent, Sent::Done(_) | Sent::Accepted { .. } | Sent::Unsure { .. }), "{sent:?}");
    assert_eq!(writes(&sim), 1);
}

#[tokio::test]
async fn nothing_is_there_to_take_it() {
    let sim = start(world(Writes::default()), Quota::NONE, 1000, Vec::new()).await.unwrap();
    let tokens = connect(sim.authority.as_bytes()).unwrap();
    let client = client_by(&sim, &tokens, connect(sim.authority.as_bytes()).unwrap()).await;
    // Nobody listens any more; the way by which tokens come is open still.
    drop(sim);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let sent = client.send(&put("a")).await.unwrap();
    assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let busy = |code: &str, retry_after| Sent::Busy { code: code.to_owned(), retry_after };
    let second = Some(Duration::from_secs(1));
    for (wrong, expected) in [
        (Fault::Refused(Conflict::Retryable), busy("RetryableErrorDueToAnotherOperation", second)),
        (Fault::Refused(Conflict::InProgress), busy("AnotherOperationInProgress", None)),
        (Fault::Refused(Conflict::ConcurrentWrite), busy("ConflictingConcurrentWriteNotAllowed", None)),
        (Fault::Refused(Conflict::Superseded), busy("CanceledAndSupersededDueToAnotherOperation", None)),
        (Fault::Changed, Sent::Precondition),
        (Fault::Throttled(Some(1)), Sent::Throttled { retry_after: second }),
        (Fault::Throttled(None), Sent::Throttled { retry_after: None }),
    ] {
        let (sim, client) = sim(Writes::default(), fault(wrong.clone(), 1)).await;
        let sent = client.send(&put("a")).await.unwrap();
        match (&sent, &expected) {
            // Whether the stand-in names a time is its own matter.
            (Sent::Busy { code: one, .. }, Sent::Busy { code: other, .. }) => assert_eq!(one, other),
            _ => assert_eq!(sent, expected, "{wrong:?}"),
        }
        assert_eq!(writes(&sim), 1, "{wrong:?}");
    }
    let (_sim, client) = sim(Writes::default(), fault(Fault::Forbidden, 1)).await;
    let sent = client.send(&put("a")).await.unwrap();
    assert!(
        matches!(&sent, Sent::Refused { status: 403, code, .. } if code == "AuthorizationFailed"),
        "{sent:?}"
    );
}

#[tokio::test]
async fn operations_end_as_they_end() {
    let (_sim, client) = sim(Writes::default(), fault(Fault::Failed, 1)).await;
    let sent = client.send(&put("a")).await.unwrap();
    assert!(matches!(end(&client, sent).await, Polled::Failed { .. }));
    let (_sim, client) = sim(Writes::default(), fault(Fault::Canceled, 1)).await;
    let sent = client.send(&put("a")).await.unwrap();
    assert_eq!(end(&client, sent).await, Polled::Canceled { superseded: true });
}

#[tokio::test]
async fn etags_are_sent() {
    let (sim, client) = sim(Writes { polls: 0, ..Writes::default() }, Vec::new()).await;
    let Looked::Here { body, etag } = client.read_resource(&group(), VERSION).await.unwrap() else {
        panic!()
    };
    let whole = |etag: &Option<String>| Write {
        target: group(),
        body: Some(json!({"location": "japaneast", "tags": {"a": "b"}, "properties": body["properties"]})),
        if_match: etag.clone(),
        ..put("")
    };
    sim.meanwhile(&Change::Put(
        json!({"id": at("other"), "name": "other", "properties": rule(150)["properties"]}),
    ));
    assert_eq!(client.send(&whole(&etag)).await.unwrap(), Sent::Precondition);
    assert!(is_there(&client, "other").await);
    let Looked::Here { etag, .. } = client.read_resource(&group(), VERSION).await.unwrap() else { panic!() };
    let sent = client.send(&whole(&etag)).await.unwrap();
    assert!(matches!(sent, Sent::Done(_) | Sent::Accepted { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_token_that_is_too_old_is_no_attempt() {
    let (sim, client) = sim(Writes { polls: 0, ..Writes::default() }, Vec::new()).await;
    assert!(!is_there(&client, "a").await);
    sim.revoke();
    let sent = client.send(&put("a")).await.unwrap();
    assert!(matches!(sent, Sent::Done(_) | Sent::Accepted { .. }), "{sent:?}");
    assert!(is_there(&client, "a").await);
}

#[tokio::test]
async fn a_token_goes_nowhere_else() {
    let (sim, client) = sim(Writes::default(), Vec::new()).await;
    let before = sim.seen().len();
    for elsewhere in [
        "https://localhost:1/operations/1".to_owned(),
        "https://management.azure.com/subscriptions/s".to_owned(),
        sim.base.replace("https://", "http://"),
        sim.base.replace("https://", "https://somebody@"),
        format!("{}{}", sim.base, "a".repeat(20_000)),
        "//localhost:1/x".to_owned(),
    ] {
        let fault = client.poll(&elsewhere).await.unwrap_err();
        assert!(matches!(fault, azure::Fault::Unreadable { .. }), "{elsewhere}: {fault}");
    }
    for target in [
        "",
        "x",
        "/",
        "/subscriptions/s/../../metadata",
        "/subscriptions/s?x",
        "/subscriptions/s#",
        "/subscriptions/%2e%2e/x",
        "/subscriptions//x",
        "/subscriptions/a\nb",
        "//localhost:1/subscriptions/s",
    ] {
        let write = Write { target: target.to_owned(), ..put("") };
        let fault = client.send(&write).await.unwrap_err();
        assert!(matches!(fault, azure::Fault::Unreadable { .. }), "{target}: {fault}");
        assert!(client.read_resource(target, VERSION).await.is_err(), "{target}");
    }
    assert_eq!(sim.seen().len(), before, "nothing was asked");
}

#[tokio::test]
async fn what_is_not_there_is_told_from_what_cannot_be_seen() {
    let (_sim, client) = sim(Writes::default(), Vec::new()).await;
    assert_eq!(client.read_resource(&at("a"), VERSION).await.unwrap(), Looked::Gone { parent: false });
    let expired = format!(
        "{}providers/Microsoft.Network/operationResults/77?api-version=2023-09-01",
        client.cloud().arm
    );
    assert_eq!(client.poll(&expired).await.unwrap(), Polled::Gone);
    let nonsense =
        vec![Script { when: "GET securityRules".to_owned(), fault: Fault::Nonsense, after: 0, times: 1 }];
    let (_sim, client) = sim(Writes::default(), nonsense).await;
    assert!(client.read_resource(&at("there"), VERSION).await.is_err(), "a page of somebody in between");
}

#[tokio::test]
async fn a_machine_is_stopped_and_started() {
    let (_sim, client) = sim(Writes::default(), Vec::new()).await;
    for action in ["deallocate", "start"] {
        let write = Write {
            verb: Verb::Post,
            target: machine(),
            api_version: "2024-07-01".to_owned(),
            action: Some(action.to_owned()),
            body: None,
            ..put("")
        };
        let sent = client.send(&write).await.unwrap();
        assert_eq!(end(&client, sent).await, Polled::Succeeded, "{action}");
    }
}

/// As many writes as Azure's bucket gives are not slower than the bucket, and none is refused.
#[tokio::test]
async fn the_pace_is_that_of_the_bucket() {
    let rate = Rate::REAL;
    let sim = start(world(Writes { polls: 0, rate, ..Writes::default() }), Quota::NONE, 1000, Vec::new());
    let sim = sim.await.unwrap();
    let client = client_of(&sim).await;
    let mut throttled = 0;
    for number in 0..210_u16 {
        let write = Write { body: Some(rule(200 + number)), ..put(&format!("r{number}")) };
        throttled += u32::from(matches!(client.send(&write).await.unwrap(), Sent::Throttled { .. }));
    }
    assert_eq!(throttled, 0);
}
