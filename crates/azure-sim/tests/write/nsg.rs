//! Groups, rules, and what stands beside them.

use azure_sim::{Conflict, Effect, Writes};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{network, rule, world};

fn group() -> String {
    network("networkSecurityGroups/n")
}

#[tokio::test]
async fn a_rule_is_made_read_listed_replaced_and_deleted() {
    let az = Client::of(world(Writes::default()), Vec::new()).await;
    let path = format!("{}/securityRules/new", group());
    let made = az.put(&path, &rule(200)).await;
    assert_eq!((made.status, &made.body["properties"]["provisioningState"]), (201, &json!("Updating")));
    assert_eq!(made.body["id"], path);
    assert_eq!(made.body["etag"], made.header("etag"));
    let during = az.get(&group()).await.body;
    assert_eq!(during["properties"]["provisioningState"], "Updating");
    assert_eq!(during["etag"], made.body["etag"], "a group and its rules have one ETag");
    assert_ne!(during["etag"], "W/\"first\"");
    assert_eq!(az.ended(&made).await["status"], "Succeeded");
    let read = az.get(&path).await;
    assert_eq!((read.status, &read.body["properties"]["provisioningState"]), (200, &json!("Succeeded")));
    assert_ne!(read.body["etag"], made.body["etag"]);
    let listed = az.get(&format!("{}/securityRules", group())).await.body;
    assert_eq!(listed["value"].as_array().unwrap().len(), 2);
    // Resource Graph has it as well, and tells of the change.
    let rows = az.rows("resources | where type in~ ('microsoft.network/networksecuritygroups')").await;
    assert_eq!(rows[0]["properties"]["securityRules"].as_array().unwrap().len(), 2);
    assert!(!az.rows("resourcechanges | project id, properties").await.as_array().unwrap().is_empty());

    let again = az.put(&path, &rule(201)).await;
    assert_eq!((again.status, &again.body["properties"]["priority"]), (200, &json!(201)));
    let gone = az.delete(&path).await;
    assert_eq!((gone.status, gone.body.is_null()), (202, true));
    assert!(!gone.header("location").is_empty() && !gone.header("retry-after").is_empty());
    assert_eq!(az.get(gone.header("location")).await.status, 202);
    assert_eq!(az.get(gone.header("location")).await.status, 204);
    assert_eq!(az.ended(&gone).await["status"], "Succeeded");
    assert_eq!(az.get(&path).await.status, 404);
    assert_eq!(az.delete(&path).await.status, 204);
    assert_eq!(
        az.put(&network("networkSecurityGroups/none/securityRules/r"), &rule(100)).await.code(),
        (404, "ParentResourceNotFound")
    );
}

#[tokio::test]
async fn a_group_is_replaced_by_what_is_sent() {
    let az = Client::of(world(Writes { polls: 0, ..Writes::default() }), Vec::new()).await;
    az.put(&format!("{}/securityRules/meanwhile", group()), &rule(300)).await;
    let mut sent = rule(150);
    sent["name"] = json!("only");
    let body = json!({"location": "Japan East", "tags": {"a": "b"}, "properties": {"securityRules": [sent]}});
    let made = az.put(&group(), &body).await;
    assert_eq!((made.status, &made.body["properties"]["provisioningState"]), (200, &json!("Succeeded")));
    let read = az.get(&group()).await.body;
    let names: Vec<&str> = read["properties"]["securityRules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["only"], "rules that were made meanwhile are wiped");
    assert_eq!(read["properties"]["defaultSecurityRules"].as_array().unwrap().len(), 6);
    assert_eq!(read["properties"]["networkInterfaces"][0]["id"], network("networkInterfaces/nic"));
    assert!(read["properties"]["resourceGuid"].is_string());
    assert_eq!(az.delete(&group()).await.code(), (400, "InUseNetworkSecurityGroupCannotBeDeleted"));
    // Off the NIC, it can go; the NIC's address is still its own.
    let nic = json!({"location": "japaneast", "properties": {"ipConfigurations": [{"name": "a", "properties": {
        "subnet": {"id": network("virtualNetworks/v/subnets/a")}}}]}});
    let nic = az.put(&network("networkInterfaces/nic"), &nic).await;
    assert_eq!(
        (nic.status, &nic.body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]),
        (200, &json!("10.0.0.4"))
    );
    assert_eq!(az.delete(&group()).await.status, 202);
    assert_eq!(az.get(&group()).await.status, 404);
}

#[tokio::test]
async fn etags_are_of_groups_and_not_of_rules() {
    let az = Client::of(world(Writes { polls: 0, ..Writes::default() }), Vec::new()).await;
    let body = json!({"location": "japaneast", "properties": {"securityRules": []}});
    let put = |path: String, body: Value, name: &'static str, value: String| {
        let az = &az;
        async move { az.ask("PUT", &path, Some(&body), &[(name, &value)]).await.unwrap() }
    };
    assert_eq!(
        put(group(), body.clone(), "if-match", "W/\"old\"".into()).await.code(),
        (412, "PreconditionFailed")
    );
    assert_eq!(az.get(&group()).await.body["properties"]["securityRules"].as_array().unwrap().len(), 1);
    let path = format!("{}/securityRules/new", group());
    assert_eq!(put(path.clone(), rule(200), "if-match", "W/\"old\"".into()).await.status, 201);
    assert_eq!(put(path, rule(200), "if-none-match", "*".into()).await.code(), (412, "PreconditionFailed"));
    let etag = az.get(&group()).await.header("etag").to_owned();
    assert_eq!(put(group(), body, "if-match", etag.clone()).await.status, 200);
    let seen = az.sim.seen();
    assert!(
        seen.iter()
            .any(|one| one.if_match == etag && one.body.contains("securityRules") && one.method == "PUT")
    );
}

#[tokio::test]
async fn a_write_meets_the_one_that_runs() {
    for (conflict, code) in [
        (Conflict::Retryable, (429, "RetryableErrorDueToAnotherOperation")),
        (Conflict::InProgress, (409, "AnotherOperationInProgress")),
        (Conflict::ConcurrentWrite, (409, "ConflictingConcurrentWriteNotAllowed")),
    ] {
        let az = Client::of(world(Writes { conflict, ..Writes::default() }), Vec::new()).await;
        let at = |name: &str| format!("{}/securityRules/{name}", group());
        let first = az.put(&at("a"), &rule(200)).await;
        assert_eq!(az.put(&at("b"), &rule(201)).await.code(), code);
        assert_eq!(az.get(&at("b")).await.status, 404);
        assert_eq!(az.ended(&first).await["status"], "Succeeded");
        assert_eq!(az.put(&at("b"), &rule(201)).await.status, 201);
        // Who does not poll has ended some time as well.
        az.sim.set_clock(61);
        assert_eq!(az.put(&at("c"), &rule(202)).await.status, 201);
    }
    let at = |name: &str| format!("{}/securityRules/{name}", group());
    let writes = Writes { conflict: Conflict::Superseded, effect: Effect::Completed, ..Writes::default() };
    let az = Client::of(world(writes), Vec::new()).await;
    let first = az.put(&at("a"), &rule(200)).await;
    assert_eq!(az.get(&at("a")).await.status, 404, "it is in force at the end");
    let second = az.put(&at("b"), &rule(201)).await;
    let ended = az.ended(&first).await;
    assert_eq!(
        (&ended["status"], &ended["error"]["details"][0]["code"]),
        (&json!("Canceled"), &json!("CanceledAndSupersededDueToAnotherOperation"))
    );
    assert_eq!(az.ended(&second).await["status"], "Succeeded");
    assert_eq!((az.get(&at("a")).await.status, az.get(&at("b")).await.status), (404, 200));
}

#[tokio::test]
async fn what_azure_refuses_is_refused_and_changes_nothing() {
    let az = Client::of(world(Writes::default()), Vec::new()).await;
    let before = az.get(&group()).await.body;
    let at = |name: &str| format!("{}/securityRules/{name}", group());
    let changed = |field: &str, value: Value| {
        let mut rule = rule(200);
        rule["properties"][field] = value;
        rule
    };
    for (path, body, code) in [
        (at("a"), rule(100), (400, "SecurityRuleConflict")),
        (at("a"), rule(99), (400, "SecurityRuleInvalidPriority")),
        (at("a"), changed("destinationPortRange", json!("90-80")), (400, "SecurityRuleInvalidPortRange")),
        (
            at("a"),
            changed("sourceAddressPrefix", json!("10.0.0.0/40")),
            (400, "SecurityRuleInvalidAddressPrefix"),
        ),
        (at("a"), changed("protocol", json!("Gre")), (400, "InvalidRequestFormat")),
        (at("a"), json!([1]), (400, "InvalidRequestContent")),
        (at("a"), json!({}), (400, "InvalidRequestFormat")),
        (at(".a"), rule(200), (400, "InvalidResourceName")),
        (network("networkSecurityGroups/x"), json!({}), (400, "LocationRequired")),
        (group(), json!({"location": "japanwest"}), (409, "InvalidResourceLocation")),
        (
            group(),
            json!({"location": "japaneast", "properties": {"securityRules": 1}}),
            (400, "InvalidRequestFormat"),
        ),
        (format!("{}/defaultSecurityRules/DenyAllInBound", group()), rule(200), (405, "MethodNotAllowed")),
        (
            network("networkInterfaces/other"),
            json!({"location": "japaneast", "properties": {"networkSecurityGroup": {"id": network("networkSecurityGroups/none")}}}),
            (400, "InvalidResourceReference"),
        ),
        ("subscriptions/s".to_owned(), json!({}), (405, "MethodNotAllowed")),
    ] {
        let said = az.put(&path, &body).await;
        assert_eq!(said.code(), code, "{path} {body}");
    }
    assert_eq!(az.get(&group()).await.body, before);
    let odd = az.ask("PUT", &at("a"), Some(&Value::from("x".repeat(5 << 20))), &[]).await;
    assert!(odd.is_none_or(|said| said.status == 400), "what is too long is not read");
}

#[tokio::test]
async fn locks_and_resource_groups_are_heeded() {
    let mut world = world(Writes { polls: 0, ..Writes::default() });
    let lock = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/locks/l";
    world.add(json!({"id": "/subscriptions/s/resourceGroups/g", "type": "Microsoft.Resources/resourceGroups", "name": "g"}));
    let az = Client::of(world, Vec::new()).await;
    let there = format!("{}/securityRules/there", group());
    assert_eq!(az.put(lock, &json!({"properties": {"level": "CanNotDelete"}})).await.status, 201);
    assert_eq!(az.delete(&there).await.code(), (409, "ScopeLocked"));
    assert_eq!(az.put(&there, &rule(100)).await.status, 200);
    assert_eq!(az.put(lock, &json!({"properties": {"level": "ReadOnly"}})).await.status, 200);
    assert_eq!(az.put(&there, &rule(100)).await.code(), (409, "ScopeLocked"));
    assert_eq!(az.delete("subscriptions/s/resourceGroups/g").await.code(), (409, "ScopeLocked"));
    assert_eq!(az.delete(lock).await.status, 200);
    let other = "/subscriptions/s/resourceGroups/h/providers/Microsoft.Network/networkSecurityGroups/n";
    let body = json!({"location": "japaneast"});
    assert_eq!(az.put(other, &body).await.code(), (404, "ResourceGroupNotFound"));
    assert_eq!(az.put("subscriptions/s/resourceGroups/h", &body).await.status, 201);
    assert_eq!(az.put(other, &body).await.status, 201);
    assert_eq!(az.delete("subscriptions/s/resourceGroups/h").await.status, 200);
    assert_eq!(az.get(other).await.status, 404);
}

#[tokio::test]
async fn other_resources_of_the_network_and_elsewhere_are_written() {
    let az = Client::of(world(Writes { polls: 0, ..Writes::default() }), Vec::new()).await;
    let subnet = network("virtualNetworks/v/subnets/b");
    let body =
        json!({"properties": {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": group()}}});
    assert_eq!(az.put(&subnet, &body).await.status, 201);
    assert_eq!(az.get(&group()).await.body["properties"]["subnets"], json!([{"id": subnet}]));
    let address = network("publicIPAddresses/p");
    let sku = json!({"location": "japaneast", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}});
    let made = az.put(&address, &sku).await;
    assert!(made.status == 201 && made.body["properties"]["ipAddress"].is_string(), "{made:?}");
    let gateway = json!({"location": "japaneast", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": address}]}});
    assert_eq!(az.put(&network("natGateways/n"), &gateway).await.status, 201);
    assert_eq!(az.delete(&address).await.code(), (400, "PublicIPAddressCannotBeDeleted"));
    assert_eq!(az.delete(&network("natGateways/n")).await.status, 202);
    assert_eq!(az.delete(&address).await.status, 202);
    assert_eq!(az.delete(&network("virtualNetworks/v")).await.code(), (400, "InUseSubnetCannotBeDeleted"));
    assert_eq!(az.delete(&subnet).await.status, 202);
    assert!(az.get(&group()).await.body["properties"].get("subnets").is_none());
    let tags = az.patch(&group(), &json!({"tags": {"a": "b"}})).await;
    assert_eq!((tags.status, &tags.body["tags"]), (200, &json!({"a": "b"})));
    assert_eq!(az.get(&group()).await.body["tags"], json!({"a": "b"}));
    assert_eq!(az.patch(&group(), &json!({"properties": {}})).await.code(), (400, "InvalidRequestContent"));
    assert_eq!(
        az.patch(&network("networkSecurityGroups/x"), &json!({})).await.code(),
        (404, "ResourceNotFound")
    );

    let pricing = "/subscriptions/s/providers/Microsoft.Security/pricings/VirtualMachines";
    assert_eq!(az.put(pricing, &json!({"properties": {"pricingTier": "Standard"}})).await.status, 200);
    assert_eq!(az.get(pricing).await.body["properties"]["pricingTier"], "Standard");
    let vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v";
    let item = format!("{vault}/backupFabrics/Azure/protectionContainers/c/protectedItems/i");
    let protected = az.put(&item, &json!({"properties": {"policyId": "/p"}})).await;
    assert_eq!((protected.status, protected.body.is_null()), (202, true));
    assert_eq!(az.ended(&protected).await["status"], "Succeeded");
    assert_eq!(az.get(&item).await.body["properties"]["policyId"], "/p");
    let settings = format!("{}/providers/Microsoft.Insights/diagnosticSettings/d", group());
    assert_eq!(az.put(&settings, &json!({"properties": {"logs": []}})).await.status, 200);
    assert_eq!(az.delete(&settings).await.status, 200);
}
