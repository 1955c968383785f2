//! Just-in-time access of Defender for Cloud.

use azure_sim::{JitNames, World, Writes};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{SCOPE, network, world};

const POLICY: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Security/locations/japaneast/jitNetworkAccessPolicies/default";

fn machine() -> String {
    format!("{SCOPE}/Microsoft.Compute/virtualMachines/vm")
}

fn policy(changes: &Value) -> Value {
    let mut port = json!({"number": 22, "protocol": "TCP", "allowedSourceAddressPrefix": "*", "maxRequestAccessDuration": "PT3H"});
    for (name, value) in changes.as_object().unwrap() {
        port[name] = value.clone();
    }
    json!({"kind": "Basic", "properties": {"virtualMachines": [{"id": machine(), "ports": [port]}]}})
}

async fn rules(az: &Client) -> Vec<(String, i64, String)> {
    let group = az.get(&network("networkSecurityGroups/n")).await.body;
    let mut all: Vec<_> = group["properties"]["securityRules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (
                text(&rule["name"]),
                rule["properties"]["priority"].as_i64().unwrap(),
                text(&rule["properties"]["access"]),
            )
        })
        .collect();
    all.sort_by_key(|(_, priority, _)| *priority);
    all
}

fn request(az: &Client, seconds: i64) -> Value {
    let end = az.sim.now() + seconds;
    // 1970 and so many days: whole days are enough for a test.
    json!({"virtualMachines": [{"id": machine(), "ports": [{"number": 22, "endTimeUtc": moment(end),
        "allowedSourceAddressPrefix": "203.0.113.7"}]}], "justification": "a test"})
}

fn moment(unix: i64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(unix).unwrap());
    let text = httpdate::fmt_http_date(at);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = 1 + months.iter().position(|name| *name == &text[8..11]).unwrap();
    format!("{}-{month:02}-{}T{}Z", &text[12..16], &text[5..7], &text[17..25])
}

#[tokio::test]
async fn access_is_closed_opened_for_a_time_and_closed() {
    let az = Client::of(world(Writes::default()), Vec::new()).await;
    let made = az.put(POLICY, &policy(&json!({}))).await;
    assert_eq!((made.status, &made.body["properties"]["provisioningState"]), (200, &json!("Succeeded")));
    let closed = rules(&az).await;
    assert_eq!((closed.len(), closed[1].1, closed[1].2.as_str()), (2, 4096, "Deny"));
    assert!(closed[1].0.starts_with("MicrosoftDefenderForCloud-JITRule_-"), "{closed:?}");
    let rule =
        az.sim.resource(&network(&format!("networkSecurityGroups/n/securityRules/{}", closed[1].0))).unwrap();
    assert_eq!(rule["properties"]["destinationAddressPrefix"], "10.0.0.4");
    assert_eq!(
        rule["properties"]["description"],
        "MDC JIT Network Access rule for policy 'default' of VM 'vm'."
    );

    let said = az.post(&format!("{POLICY}/initiate"), &request(&az, 3600)).await;
    assert_eq!(said.status, 202, "{said:?}");
    let open = rules(&az).await;
    assert!(open[0].0.starts_with("MicrosoftDefenderForCloud-JITRule-"), "{open:?}");
    assert_eq!((open[0].1, open[0].2.as_str()), (100, "Allow"));
    assert_eq!((open[1].0.as_str(), open[1].1), ("there", 101), "a rule of others is moved");
    let told = az.get(POLICY).await.body["properties"]["requests"][0].clone();
    assert_eq!(
        (&told["virtualMachines"][0]["ports"][0]["status"], &told["justification"]),
        (&json!("Initiated"), &json!("a test"))
    );

    // Asked for again, the first is no more.
    az.post(&format!("{POLICY}/initiate"), &request(&az, 600)).await;
    assert_eq!(rules(&az).await.len(), 3);
    let requests = az.get(POLICY).await.body["properties"]["requests"].clone();
    let reason = |at: usize| requests[at]["virtualMachines"][0]["ports"][0]["statusReason"].clone();
    assert_eq!(reason(0), "NewerRequestInitiated");
    az.sim.set_clock(601);
    assert_eq!(rules(&az).await.len(), 2, "it is over by the clock");
    let requests = az.get(POLICY).await.body["properties"]["requests"].clone();
    let port = &requests[1]["virtualMachines"][0]["ports"][0];
    assert_eq!((&port["status"], &port["statusReason"]), (&json!("Revoked"), &json!("Expired")));
    let listed = az.get("subscriptions/s/providers/Microsoft.Security/jitNetworkAccessPolicies").await.body;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    for scope in [
        "subscriptions/s/resourceGroups/g",
        "subscriptions/s/resourceGroups/g/providers/Microsoft.Security/locations/japaneast",
    ] {
        let provider = if scope.contains("locations") { "" } else { "/providers/Microsoft.Security" };
        let listed = az.get(&format!("{scope}{provider}/jitNetworkAccessPolicies")).await;
        assert_eq!(listed.body["value"].as_array().unwrap().len(), 1, "{scope} {listed:?}");
    }
    assert_eq!((az.delete(POLICY).await.status, az.delete(POLICY).await.status), (200, 204));
    assert_eq!(rules(&az).await.len(), 1);
}

#[tokio::test]
async fn what_a_policy_needs_is_asked_for() {
    let az = Client::of(world(Writes { jit_names: JitNames::Old, ..Writes::default() }), Vec::new()).await;
    for odd in [
        json!({"number": 70000}),
        json!({"number": null}),
        json!({"protocol": "ICMP"}),
        json!({"maxRequestAccessDuration": "PT4M"}),
        json!({"maxRequestAccessDuration": "P2D"}),
        json!({"maxRequestAccessDuration": null}),
        json!({"allowedSourceAddressPrefixes": ["10.0.0.0/8"]}),
    ] {
        assert_eq!(az.put(POLICY, &policy(&odd)).await.status, 400, "{odd}");
    }
    let mut other = policy(&json!({}));
    other["kind"] = Value::Null;
    assert_eq!(az.put(POLICY, &other).await.status, 400);
    assert_eq!(az.put(&POLICY.replace("japaneast", "japanwest"), &policy(&json!({}))).await.status, 400);
    assert_eq!(rules(&az).await.len(), 1, "nothing was written");
    assert_eq!(
        az.put(
            POLICY,
            &policy(
                &json!({"allowedSourceAddressPrefix": null, "allowedSourceAddressPrefixes": ["10.0.0.0/8"]})
            )
        )
        .await
        .status,
        200
    );
    assert!(rules(&az).await[1].0.starts_with("SecurityCenter-JITRule_-"));
    let initiate = format!("{POLICY}/initiate");
    assert_eq!(az.post(&initiate, &request(&az, 3600)).await.status, 400, "the source is not of the policy");
    assert_eq!(az.post(&initiate, &request(&az, 4 * 3600)).await.status, 400, "it is too long");
    assert_eq!(az.post(&initiate, &json!({})).await.status, 400);
    assert_eq!(az.post(&initiate.replace("default", "none"), &request(&az, 60)).await.status, 404);
    let pricing = "/subscriptions/s/providers/Microsoft.Security/pricings/VirtualMachines";
    for (tier, plan, status) in [("Free", "P2", 400), ("Standard", "P1", 400), ("Standard", "P2", 200)] {
        az.put(pricing, &json!({"properties": {"pricingTier": tier, "subPlan": plan}})).await;
        assert_eq!(az.put(POLICY, &policy(&json!({}))).await.status, status, "{tier} {plan}");
    }
    // A VM without a group has nothing that could be closed.
    let mut bare = World::new("t", []);
    bare.add(json!({"id": machine(), "name": "vm", "location": "japaneast", "properties": {}}));
    let az = Client::of(bare, Vec::new()).await;
    assert_eq!(az.put(POLICY, &policy(&json!({}))).await.status, 400);
}
