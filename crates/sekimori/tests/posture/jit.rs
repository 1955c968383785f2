//! Just-in-time access: whether it is there, whether it closes, what it may open, and what is left of it.

use serde_json::{Value, json};

use crate::accounts::{behind, network};
use crate::common::rule;
use crate::{at, cases, exported, finding, lines, manifest, merge, snapshot, verdict, vm, vm_id};

const POLICIES: &str = "Microsoft.Security/locations/japaneast/jitNetworkAccessPolicies";

fn port(number: u16, change: Value) -> Value {
    let mut port = json!({
        "number": number,
        "protocol": "TCP",
        "allowedSourceAddressPrefix": "203.0.113.7",
        "maxRequestAccessDuration": "PT3H"
    });
    merge(&mut port, &change);
    port
}

fn policy_for(vm: &str, ports: &[Value], requests: &[Value]) -> Value {
    json!({
        "id": at(&format!("{POLICIES}/default")),
        "type": "Microsoft.Security/locations/jitNetworkAccessPolicies",
        "kind": "Basic",
        "properties": {"virtualMachines": [{"id": vm, "ports": ports}], "requests": requests}
    })
}

fn policy(ports: &[Value]) -> Value {
    policy_for(&vm_id(), ports, &[])
}

/// A request for SSH on the VM; snapshots are of 9 o'clock.
fn request(status: &str, until: &str) -> Value {
    json!({
        "requestor": "kaede@example.com",
        "startTimeUtc": "2026-11-26T07:00:00Z",
        "virtualMachines": [{
            "id": vm_id().to_uppercase(),
            "ports": [{"number": 22, "allowedSourceAddressPrefix": "*", "endTimeUtc": until, "status": status}]
        }]
    })
}

const LATER: &str = "2026-11-26T10:00:00.1234567Z";
const EARLIER: &str = "2026-11-26T08:59:59Z";
const OPENS: &str = "MicrosoftDefenderForCloud-JITRule-1170687618-8C18BF8921F041989344B4F1E3A0C370";
const CLOSES: &str = "MicrosoftDefenderForCloud-JITRule_-1105480617_9EF6964FE766478B9EC568B32FB82045";

fn ssh_open() -> Vec<String> {
    vec![rule("ssh", 200, "Allow", "Tcp", "*", "22")]
}

fn with(mut resources: Vec<Value>, more: Value) -> Vec<Value> {
    resources.push(more);
    resources
}

fn here(rules: &[String]) -> Vec<Value> {
    behind(json!({}), rules)
}

#[test]
fn open_machines_without_a_policy() {
    let other = vm_id().replace("/rg/", "/other/");
    let unread = json!({
        "id": at(&format!("{POLICIES}/default")),
        "properties": {"virtualMachines": {"$unknown": {"reason": "?"}}}
    });
    let elsewhere = json!({
        "id": at(&format!("{POLICIES}/default")).replace("11111111-1111", "22222222-1111"),
        "properties": {"virtualMachines": {"$unknown": {"reason": "?"}}}
    });
    cases(
        "JIT001",
        vec![
            ("fail", here(&ssh_open())),
            ("pass", with(here(&ssh_open()), policy(&[port(22, json!({}))]))),
            // A machine of the same name in another group.
            ("fail", with(here(&ssh_open()), policy_for(&other, &[port(22, json!({}))], &[]))),
            // There is nothing to open.
            ("pass", here(&[rule("ssh", 200, "Allow", "Tcp", "203.0.113.7", "22")])),
            ("pass", here(&[rule("web", 200, "Allow", "Tcp", "*", "443")])),
            ("unknown", vec![vm(json!({}))]),
            ("unknown", with(here(&ssh_open()), unread)),
            ("fail", with(here(&ssh_open()), elsewhere)),
        ],
    );
    assert_eq!(verdict(&exported(&here(&ssh_open())), "JIT001"), "not assessed");
    let refused = json!({"refused": [{"what": "just-in-time policies", "scope": "", "action": "x/read", "role": "Reader"}]});
    assert_eq!(verdict(&lines(&here(&ssh_open()), &manifest(refused)), "JIT001"), "unknown");
    let report = snapshot(&here(&ssh_open()));
    assert_eq!(finding(&report, "JIT001")["evidence"]["ports"][0]["port"], json!("22"), "{report:#}");
}

#[test]
fn policies_that_do_not_close() {
    let covered = |rules: &[String], requests: &[Value]| {
        with(here(rules), policy_for(&vm_id(), &[port(22, json!({}))], requests))
    };
    let closed = [rule(CLOSES, 1000, "Deny", "*", "*", "22")];
    let denied_late =
        [rule("ssh", 200, "Allow", "Tcp", "*", "22"), rule(CLOSES, 1000, "Deny", "*", "*", "22")];
    let denied_first =
        [rule("ssh", 2000, "Allow", "Tcp", "*", "22"), rule(CLOSES, 1000, "Deny", "*", "*", "22")];
    let opened = [rule(OPENS, 100, "Allow", "Tcp", "*", "22"), rule(CLOSES, 1000, "Deny", "*", "*", "22")];
    cases(
        "JIT002",
        vec![
            ("pass", covered(&closed, &[])),
            ("pass", covered(&denied_first, &[])),
            ("fail", covered(&denied_late, &[])),
            // No policy names it: JIT001 tells of that.
            ("", here(&denied_late)),
            // Another port is not the policy's.
            ("pass", covered(&[rule("rdp", 200, "Allow", "Tcp", "*", "3389")], &[])),
            // A request opens it on purpose, until its end.
            ("pass", covered(&opened, &[request("Initiated", LATER)])),
            ("pass", covered(&opened, &[request("Revoked", EARLIER), request("Initiating", LATER)])),
            ("fail", covered(&opened, &[request("Initiated", EARLIER)])),
            ("fail", covered(&opened, &[request("Revoked", LATER)])),
            ("fail", covered(&opened, &[])),
            ("unknown", covered(&opened, &[request("Initiated", "some day")])),
            // A rule of somebody else lets everybody in whether or not a request runs.
            ("fail", covered(&denied_late, &[request("Initiated", LATER)])),
            ("unknown", vec![vm(json!({})), policy(&[port(22, json!({}))])]),
        ],
    );
    let report = snapshot(&covered(&denied_late, &[]));
    let told = finding(&report, "JIT002");
    assert_eq!(told["severity"], "critical", "{told:#}");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("SSH (TCP 22)") && message.contains("`ssh` of `g`"), "{message}");
    assert!(told["fix"].as_str().unwrap().contains("nsg rule delete"), "{told:#}");
    assert_eq!(told["cause"]["pointer"], "/properties/securityRules/0", "{told:#}");
    let report = snapshot(&covered(&opened, &[]));
    let message = finding(&report, "JIT002")["message"].as_str().unwrap();
    assert!(message.contains("left from a request"), "{message}");
}

#[test]
fn policies_close_the_protocols_that_they_name() {
    let udp = [rule("rdp", 200, "Allow", "Udp", "*", "3389")];
    let covered = |protocol: &str| with(here(&udp), policy(&[port(3389, json!({"protocol": protocol}))]));
    cases(
        "JIT002",
        vec![
            ("pass", covered("TCP")),
            ("fail", covered("UDP")),
            ("fail", covered("udp")),
            ("fail", covered("*")),
        ],
    );
    let report = snapshot(&covered("*"));
    let message = finding(&report, "JIT002")["message"].as_str().unwrap();
    assert!(message.contains("UDP 3389"), "{message}");
}

#[test]
fn an_admin_rule_opens_what_a_policy_closes() {
    let admin = |access: &str| {
        json!({
            "id": at("Microsoft.Network/networkManagers/nm/securityAdminConfigurations/c/ruleCollections/rc/rules/remote"),
            "type": "Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
            "virtualNetwork": {"id": at("Microsoft.Network/virtualNetworks/v")},
            "properties": {
                "access": access, "direction": "Inbound", "priority": 10, "protocol": "Tcp",
                "sources": [], "destinations": [], "sourcePortRanges": ["0-65535"], "destinationPortRanges": ["22"]
            }
        })
    };
    let closed = [rule(CLOSES, 1000, "Deny", "*", "*", "22")];
    let of = |access: &str| with(with(here(&closed), policy(&[port(22, json!({}))])), admin(access));
    cases("JIT002", vec![("fail", of("AlwaysAllow")), ("pass", of("Allow")), ("pass", of("Deny"))]);
    let report = snapshot(&of("AlwaysAllow"));
    let message = finding(&report, "JIT002")["message"].as_str().unwrap();
    assert!(message.contains("security admin rule `remote`"), "{message}");
}

#[test]
fn ports_that_a_policy_leaves_out() {
    let covered = |rules: &[String], ports: &[Value]| with(here(rules), policy(ports));
    let all: Vec<Value> = [22, 3389, 5985, 5986].map(|number| port(number, json!({}))).to_vec();
    cases(
        "JIT003",
        vec![
            ("fail", covered(&ssh_open(), &[port(3389, json!({}))])),
            ("pass", covered(&ssh_open(), &[port(22, json!({}))])),
            ("fail", covered(&ssh_open(), &[port(22, json!({"protocol": "UDP"}))])),
            ("pass", covered(&[rule("web", 200, "Allow", "Tcp", "*", "443")], &[port(22, json!({}))])),
            ("", here(&ssh_open())),
            ("unknown", vec![vm(json!({})), policy(&[port(22, json!({}))])]),
            ("pass", with(vec![vm(json!({}))], policy(&all))),
        ],
    );
}

#[test]
fn sources_that_may_be_asked_for() {
    let from = |sources: Value| vec![vm(json!({})), policy(&[port(22, sources)])];
    let one = |source: &str| from(json!({"allowedSourceAddressPrefix": source}));
    let many =
        |all: &[&str]| from(json!({"allowedSourceAddressPrefix": null, "allowedSourceAddressPrefixes": all}));
    cases(
        "JIT004",
        vec![
            ("fail", one("*")),
            ("fail", one("0.0.0.0/0")),
            ("fail", one("internet")),
            ("fail", one("::/0")),
            ("fail", one("203.0.113.0/27")),
            ("pass", one("203.0.113.0/28")),
            ("pass", one("203.0.113.7")),
            ("fail", many(&["203.0.113.0/28", "198.51.100.7"])),
            ("pass", many(&["203.0.113.0/28", "203.0.113.7"])),
            // Nobody on the internet has these.
            ("pass", one("10.0.0.0/8")),
            ("unknown", many(&[])),
            ("unknown", one("AzureCloud.japaneast")),
            ("not assessed", vec![vm(json!({}))]),
        ],
    );
    let told = snapshot(&one("*"));
    let told = finding(&told, "JIT004");
    assert_eq!(told["evidence"]["allowed_sources"], "m:22 *", "{told:#}");
    assert_eq!(told["cause"]["pointer"], "/properties/virtualMachines/0/ports/0/allowedSourceAddressPrefix");
}

#[test]
fn times_that_may_be_asked_for() {
    let of = |time: Value| vec![policy(&[port(22, json!({"maxRequestAccessDuration": time}))])];
    cases(
        "JIT005",
        vec![
            ("fail", of(json!("PT24H"))),
            ("fail", of(json!("PT3H1M"))),
            ("pass", of(json!("PT3H"))),
            ("pass", of(json!("PT5M"))),
            ("unknown", of(json!(null))),
            ("unknown", of(json!("three hours"))),
        ],
    );
    let report = snapshot(&of(json!("P1D")));
    let message = finding(&report, "JIT005")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("24 h"), "{message}");
}

fn lands_on(mut rule: Value, address: &str) -> String {
    rule["properties"]["destinationAddressPrefix"] = json!(address);
    rule.to_string()
}

#[test]
fn rules_that_outlive_their_request() {
    let rule_to = |name: &str, access: &str, address: &str| {
        lands_on(serde_json::from_str(&rule(name, 100, access, "Tcp", "203.0.113.7", "22")).unwrap(), address)
    };
    let group = |rules: &[String], requests: &[Value]| {
        with(here(rules), policy_for(&vm_id(), &[port(22, json!({}))], requests))
    };
    let opened = [rule_to(OPENS, "Allow", "10.0.0.4")];
    cases(
        "JIT006",
        vec![
            ("fail", group(&opened, &[])),
            ("fail", here(&opened)),
            ("pass", group(&opened, &[request("Initiated", LATER)])),
            ("fail", group(&opened, &[request("Initiated", EARLIER)])),
            ("fail", group(&opened, &[request("Revoked", LATER)])),
            // A request that runs, for another machine or port.
            ("fail", group(&[rule_to(OPENS, "Allow", "10.0.0.5")], &[request("Initiated", LATER)])),
            ("unknown", group(&opened, &[request("Initiated", "some day")])),
            // The rule that closes stays for good.
            ("", group(&[rule_to(CLOSES, "Deny", "10.0.0.4")], &[])),
            ("", group(&ssh_open(), &[])),
            ("", group(&[rule_to("SecurityCenter-JITRule-1", "Allow", "10.0.0.4")], &[])),
        ],
    );
    let old = "SecurityCenter-JITRule--1170687618-8C18BF8921F041989344B4F1E3A0C370";
    let report = snapshot(&group(&[rule_to(old, "Allow", "10.0.0.4")], &[]));
    let told = finding(&report, "JIT006");
    assert_eq!(told["evidence"]["rule"], old, "{told:#}");
    assert_eq!(told["cause"]["pointer"], "/properties/securityRules/0");
    // A request for a machine that the input does not hold may be the one.
    let mut gone = network(&opened);
    gone.push(policy_for(&vm_id(), &[port(22, json!({}))], &[request("Initiated", LATER)]));
    assert_eq!(verdict(&snapshot(&gone), "JIT006"), "unknown");
    // Without all policies nobody knows which requests run.
    assert_eq!(verdict(&exported(&here(&opened)), "JIT006"), "not assessed");
    assert_eq!(verdict(&exported(&group(&opened, &[])), "JIT006"), "unknown");
}

#[test]
fn policies_that_nobody_serves() {
    let plan = |properties: Value| {
        json!({
            "id": format!("{}/providers/Microsoft.Security/pricings/VirtualMachines", crate::SUBSCRIPTION),
            "type": "Microsoft.Security/pricings",
            "properties": properties
        })
    };
    let of = |properties: Value| vec![policy(&[port(22, json!({}))]), plan(properties)];
    cases(
        "JIT007",
        vec![
            ("pass", of(json!({"pricingTier": "Standard", "subPlan": "P2"}))),
            // Standard without a word of which is the full plan.
            ("pass", of(json!({"pricingTier": "Standard"}))),
            ("fail", of(json!({"pricingTier": "Standard", "subPlan": "P1"}))),
            ("fail", of(json!({"pricingTier": "Free"}))),
            ("unknown", of(json!({"freeTrialRemainingTime": "PT0S"}))),
            ("unknown", vec![policy(&[port(22, json!({}))])]),
            ("not assessed", vec![plan(json!({"pricingTier": "Free"}))]),
        ],
    );
    let mut second = policy(&[port(22, json!({}))]);
    second["id"] = json!(at(&format!("{POLICIES}/second")));
    let mut all = of(json!({"pricingTier": "Free"}));
    all.push(second);
    let report = snapshot(&all);
    let told = finding(&report, "JIT007");
    assert_eq!(told["evidence"]["policies"], "2", "{told:#}");
    let count = report["findings"].as_array().unwrap().iter().filter(|row| row["code"] == "JIT007").count();
    assert_eq!(count, 1, "one for the subscription");
    assert_eq!(verdict(&exported(&[policy(&[port(22, json!({}))])]), "JIT007"), "unknown");
}

#[test]
fn machines_that_are_gone() {
    let gone = || policy_for(&vm_id().replace("/m", "/gone"), &[port(22, json!({}))], &[]);
    cases(
        "JIT008",
        vec![
            ("fail", vec![vm(json!({})), gone()]),
            ("pass", vec![vm(json!({})), policy_for(&vm_id().to_uppercase(), &[port(22, json!({}))], &[])]),
        ],
    );
    let classic = vm_id().replace("Microsoft.Compute", "Microsoft.ClassicCompute");
    let report = snapshot(&[vm(json!({})), policy_for(&classic, &[], &[])]);
    assert_eq!(verdict(&report, "JIT008"), "unknown");
    assert_eq!(verdict(&exported(&[vm(json!({})), gone()]), "JIT008"), "unknown");
    let told = snapshot(&[vm(json!({})), gone()]);
    assert_eq!(finding(&told, "JIT008")["evidence"]["sample"], "gone", "{told:#}");
}

#[test]
fn leases_that_are_past_their_end() {
    let lease = |name: &str, description: Value| {
        let mut one: Value =
            serde_json::from_str(&rule(name, 100, "Allow", "Tcp", "203.0.113.7", "22")).unwrap();
        one["properties"]["description"] = description;
        network(&[one.to_string()])
    };
    let until = |moment: &str| lease("sekimori-7f3a", json!(format!("lease of kaede until={moment}")));
    cases(
        "JIT009",
        vec![
            ("fail", until("2026-11-26T08:59:59Z")),
            ("fail", until("2026-11-26T09:00:00Z")),
            ("pass", until("2026-11-26T09:00:01Z")),
            ("pass", until("2026-11-26T18:30:00+09:00")),
            ("fail", lease("Sekimori-7f3a", json!("until=2026-11-26T08:00:00Z"))),
            ("unknown", until("tomorrow")),
            ("unknown", lease("sekimori-7f3a", json!(null))),
            // A rule of somebody else is none of ours, whatever it says.
            ("", lease("allow-ssh", json!("until=2026-11-26T08:00:00Z"))),
            ("", lease("my-sekimori-7f3a", json!("until=2026-11-26T08:00:00Z"))),
        ],
    );
    let report = snapshot(&until("2026-11-26T08:00:00Z"));
    let told = finding(&report, "JIT009");
    assert_eq!(told["evidence"]["lease"], "7f3a", "{told:#}");
    assert_eq!(told["evidence"]["until"], "2026-11-26T08:00:00Z");
    assert!(told["fix"].as_str().unwrap().contains("--name sekimori-7f3a"), "{told:#}");
    // A list that does not tell when it was exported is judged by the clock (22 November 2026 in tests).
    assert_eq!(verdict(&exported(&until("2026-11-22T00:00:00Z")), "JIT009"), "fail");
    assert_eq!(verdict(&exported(&until("2026-11-26T08:00:00Z")), "JIT009"), "pass");
}

/// A request from some address.
fn request_from(source: &str) -> Value {
    let mut one = request("Initiated", LATER);
    one["virtualMachines"][0]["ports"][0]["allowedSourceAddressPrefix"] = json!(source);
    one
}

#[test]
fn a_request_accounts_for_whom_it_named_and_for_nobody_else() {
    let opened = |source: &str, requests: &[Value]| {
        let rules = [rule(OPENS, 100, "Allow", "Tcp", source, "22")];
        with(here(&rules), policy_for(&vm_id(), &[port(22, json!({}))], requests))
    };
    let untold = || {
        let mut one = request_from("*");
        one["virtualMachines"][0]["ports"][0]["allowedSourceAddressPrefix"] = json!(null);
        one
    };
    for code in ["JIT002", "JIT006"] {
        cases(
            code,
            vec![
                ("pass", opened("*", &[request_from("*")])),
                ("fail", opened("*", &[request_from("203.0.113.5")])),
                ("pass", opened("*", &[request_from("203.0.113.5"), request_from("Internet")])),
                ("unknown", opened("*", &[untold()])),
            ],
        );
    }
    cases(
        "JIT006",
        vec![
            ("pass", opened("203.0.113.5", &[request_from("203.0.113.0/24")])),
            ("fail", opened("203.0.113.5", &[request_from("203.0.113.6")])),
        ],
    );
}

#[test]
fn parts_of_a_policy_that_cannot_be_read_may_say_anything() {
    let unknown = || json!({"$unknown": {"reason": "a parameter"}});
    let hidden = || {
        port(
            22,
            json!({"number": unknown(), "allowedSourceAddressPrefix": "*", "maxRequestAccessDuration": "PT24H"}),
        )
    };
    let some = |source: Value| {
        port(
            22,
            json!({"allowedSourceAddressPrefix": null, "allowedSourceAddressPrefixes": ["203.0.113.7", source]}),
        )
    };
    let nameless = || {
        let mut policy = policy(&[port(22, json!({}))]);
        policy["properties"]["virtualMachines"][0]["id"] = unknown();
        policy
    };
    cases("JIT001", vec![("unknown", with(here(&ssh_open()), nameless()))]);
    cases(
        "JIT002",
        vec![
            ("unknown", with(here(&[]), policy(&[port(3389, json!({})), hidden()]))),
            ("fail", with(here(&ssh_open()), policy(&[port(22, json!({})), hidden()]))),
        ],
    );
    cases("JIT003", vec![("unknown", with(here(&ssh_open()), policy(&[port(3389, json!({})), hidden()])))]);
    cases(
        "JIT004",
        vec![
            ("unknown", with(here(&[]), policy(&[hidden()]))),
            ("unknown", with(here(&[]), policy(&[some(unknown())]))),
            ("fail", with(here(&[]), policy(&[some(json!("*"))]))),
            ("pass", with(here(&[]), policy(&[some(json!("203.0.113.8"))]))),
        ],
    );
    cases("JIT005", vec![("unknown", with(here(&[]), policy(&[hidden()])))]);
    cases("JIT008", vec![("unknown", with(here(&[]), nameless()))]);
}
