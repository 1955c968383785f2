//! What goes wrong with writes.

use azure_sim::{Change, Conflict, Fault, Rate, Script, Writes};
use serde_json::json;

use crate::client::Client;
use crate::{network, rule, world};

fn at(name: &str) -> String {
    network(&format!("networkSecurityGroups/n/securityRules/{name}"))
}

async fn client(fault: Fault) -> Client {
    let script = Script { when: "PUT securityRules/a".to_owned(), fault, after: 0, times: 1 };
    Client::of(world(Writes::default()), vec![script]).await
}

#[tokio::test]
async fn a_cut_before_changes_nothing_and_a_cut_after_does() {
    for (fault, then) in [(Fault::Cut, 404), (Fault::CutAfter, 200)] {
        let az = client(fault.clone()).await;
        assert!(az.ask("PUT", &at("a"), Some(&rule(200)), &[]).await.is_none());
        assert_eq!(az.sim.seen()[0].status, 0);
        assert_eq!(az.get(&at("a")).await.status, then, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_is_refused_or_ends_as_the_script_says() {
    for (fault, code) in [
        (Fault::Refused(Conflict::Retryable), (429, "RetryableErrorDueToAnotherOperation")),
        (Fault::Refused(Conflict::InProgress), (409, "AnotherOperationInProgress")),
        (Fault::Refused(Conflict::ConcurrentWrite), (409, "ConflictingConcurrentWriteNotAllowed")),
        (Fault::Refused(Conflict::Superseded), (409, "CanceledAndSupersededDueToAnotherOperation")),
        (Fault::Changed, (412, "PreconditionFailed")),
        (Fault::Throttled(Some(1)), (429, "RateLimiting")),
    ] {
        let az = client(fault).await;
        assert_eq!(az.put(&at("a"), &rule(200)).await.code(), code);
        assert_eq!(az.get(&at("a")).await.status, 404);
        assert_eq!(az.put(&at("a"), &rule(200)).await.status, 201, "once");
    }
    for (fault, status) in [(Fault::Failed, "Failed"), (Fault::Canceled, "Canceled")] {
        let az = client(fault).await;
        let said = az.put(&at("a"), &rule(200)).await;
        assert_eq!((said.status, &az.ended(&said).await["status"]), (201, &json!(status)));
    }
}

#[tokio::test]
async fn another_writer_comes_in_between() {
    let group = network("networkSecurityGroups/n");
    let other = json!({"id": at("other"), "name": "other", "properties": rule(150)["properties"]});
    let script = Script {
        when: "PUT networkSecurityGroups/n?".to_owned(),
        fault: Fault::Meanwhile(vec![Change::Put(other.clone())]),
        after: 0,
        times: 1,
    };
    let az = Client::of(world(Writes { polls: 0, ..Writes::default() }), vec![script]).await;
    let etag = az.get(&group).await.header("etag").to_owned();
    let body = json!({"location": "japaneast", "properties": {"securityRules": []}});
    let said = az.ask("PUT", &group, Some(&body), &[("if-match", &etag)]).await.unwrap();
    assert_eq!(said.code(), (412, "PreconditionFailed"));
    assert_eq!(az.get(&at("other")).await.status, 200);
    // Without the condition it is wiped.
    az.sim.meanwhile(&Change::Put(other));
    assert_eq!(az.put(&group, &body).await.status, 200);
    assert_eq!(az.get(&at("other")).await.status, 404);
    // It comes before a read as well.
    let gone = Fault::Meanwhile(vec![Change::Delete(group.clone())]);
    az.sim.script(vec![Script {
        when: "GET networkSecurityGroups".to_owned(),
        fault: gone,
        after: 0,
        times: 1,
    }]);
    assert_eq!(az.get(&group).await.status, 404);
}

#[tokio::test]
async fn writes_are_counted() {
    let rate = Rate { size: 2, refill: 1 };
    let az = Client::of(world(Writes { rate, ..Writes::default() }), Vec::new()).await;
    let first = az.put(&at("a"), &rule(200)).await;
    assert_eq!(first.header("x-ms-ratelimit-remaining-subscription-writes"), "1");
    let mut last = az.delete(&at("a")).await;
    assert!(!last.header("x-ms-ratelimit-remaining-subscription-deletes").is_empty());
    // The clock goes on by itself: some more may be taken.
    for _ in 0..50 {
        last = az.put(&at("b"), &rule(201)).await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(last.code(), (429, "SubscriptionRequestsThrottled"));
    assert_eq!(last.header("retry-after"), "1");
    assert_eq!(az.get(&at("there")).await.status, 200, "reads are others");
    az.sim.set_clock(5);
    assert_ne!(az.put(&at("b"), &rule(201)).await.status, 429);
}
