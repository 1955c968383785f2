//! Firewalls that translate destinations.

use serde_json::{Value, json};

use crate::balancers::{balancer, forward, ssh_for_all};
use crate::common::{id, net};
use crate::world::{World, evidence, rule, verdict};

/// A classic firewall that sends `to:port` what comes to its port 4000 from `source`.
pub(crate) fn firewall(source: &str, to: &str, port: &str) -> Value {
    json!({"id": net("azureFirewalls/fw"), "properties": {
        "ipConfigurations": [{"name": "c", "properties": {
            "subnet": id("virtualNetworks/v/subnets/AzureFirewallSubnet"),
            "publicIPAddress": id("publicIPAddresses/front")}}],
        "natRuleCollections": [{"name": "in", "properties": {"priority": 200, "action": {"type": "Dnat"}, "rules": [
            {"name": "to-vm", "protocols": ["TCP"], "sourceAddresses": [source],
             "destinationAddresses": ["20.1.2.3"], "destinationPorts": ["4000"],
             "translatedAddress": to, "translatedPort": port}]}}],
        "networkRuleCollections": [],
    }})
}

#[test]
fn a_firewall_translates_and_its_packets_come_from_inside() {
    // No rule of its own: the default rule for the network lets the firewall in.
    let world = World::new(Some(vec![])).with(firewall("*", "10.0.0.4", "3389"));
    let report = world.check();
    world.verify(&report);
    let port = &evidence(&report, "NET001")[0];
    assert_eq!(port["through"]["kind"], "firewall");
    assert_eq!(port["through"]["seen_from"], json!(["10.0.1.0/26"]));
    assert_eq!(port["through"]["frontend_port"], "4000");
    assert_eq!(port["decided_by"][0]["rule"], "defaultSecurityRules/AllowVnetInBound");
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "NET001").unwrap();
    assert_eq!(finding["cause"]["resource"], net("azureFirewalls/fw"));
    // The client's address does not matter to the group, the firewall's does.
    let verdict = |rules: Vec<Value>, firewall: Value| World::new(Some(rules)).with(firewall).verdict();
    let to_vm = || firewall("*", "10.0.0.4", "3389");
    assert_eq!(verdict(vec![rule("no-internet", 200, "Deny", "Internet", "*")], to_vm()), "fail");
    assert_eq!(verdict(vec![rule("no-firewall", 200, "Deny", "10.0.1.0/26", "*")], to_vm()), "pass");
    assert_eq!(verdict(vec![rule("half", 200, "Deny", "10.0.1.0/27", "*")], to_vm()), "unknown");
    // The firewall's own sources count.
    assert_eq!(verdict(vec![], firewall("203.0.113.0/28", "10.0.0.4", "3389")), "pass");
    assert_eq!(verdict(vec![], firewall("*", "10.0.0.5", "3389")), "pass", "to another address");
    assert_eq!(verdict(vec![], firewall("*", "10.0.0.4", "8080")), "pass", "to another port");
}

#[test]
fn a_firewall_may_lead_to_a_private_balancer() {
    let mut private = balancer("Standard", json!({}));
    private["properties"]["loadBalancingRules"] = forward(
        "loadBalancingRules",
        "inner",
        &json!({"frontendPort": 2200, "backendPort": 22, "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")}),
    );
    let world =
        |port: &str| World::new(Some(vec![])).with(private.clone()).with(firewall("*", "10.0.0.100", port));
    assert_eq!(world("2200").verdict(), "fail");
    assert_eq!(world("22").verdict(), "pass", "the balancer does not listen there");
}

#[test]
fn an_earlier_translation_takes_the_packet() {
    let mut both = firewall("*", "10.0.0.4", "3389");
    let collection = |priority: u32, source: &str| {
        let mut first = firewall(source, "10.0.0.9", "3389")["properties"]["natRuleCollections"][0].clone();
        first["properties"]["priority"] = priority.into();
        first["properties"]["rules"][0]["name"] = "elsewhere".into();
        first
    };
    let all = |fw: &Value, more: Value| {
        let mut fw = fw.clone();
        fw["properties"]["natRuleCollections"].as_array_mut().unwrap().push(more);
        World::new(Some(vec![])).with(fw).verdict()
    };
    assert_eq!(all(&both, collection(100, "*")), "pass");
    assert_eq!(all(&both, collection(300, "*")), "fail");
    assert_eq!(all(&both, collection(100, "203.0.113.0/24")), "fail", "the others still come");
    // A network rule of the firewall that denies may win.
    both["properties"]["networkRuleCollections"] =
        json!([{"name": "d", "properties": {"priority": 100, "action": {"type": "Deny"}, "rules": []}}]);
    assert_eq!(World::new(Some(vec![])).with(both).verdict(), "unknown");
}

/// The same firewall with a policy `p` in place of rules of its own, and its rule as policies write one.
fn by_policy() -> (Value, Value) {
    let mut fw = firewall("*", "10.0.0.4", "3389");
    let mut rule = fw["properties"]["natRuleCollections"][0]["properties"]["rules"][0].clone();
    let properties = fw["properties"].as_object_mut().unwrap();
    properties.remove("natRuleCollections");
    properties.remove("networkRuleCollections");
    properties.insert("firewallPolicy".to_owned(), id("firewallPolicies/p"));
    (rule["ruleType"], rule["ipProtocols"]) = ("NatRule".into(), json!(["TCP"]));
    (fw, rule)
}

#[test]
fn a_policy_holds_the_translations_of_its_firewalls() {
    let (fw, rule) = by_policy();
    let policy = |groups: Value| json!({"id": net("firewallPolicies/p"), "properties": {"ruleCollectionGroups": groups}});
    let group = json!({"id": net("firewallPolicies/p/ruleCollectionGroups/g"), "properties": {"priority": 100,
        "ruleCollections": [{"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "c", "priority": 200,
            "action": {"type": "DNAT"}, "rules": [rule]}]}});
    let listed = json!([id("firewallPolicies/p/ruleCollectionGroups/g")]);
    let world = || World::new(Some(vec![])).with(fw.clone());
    assert_eq!(world().with(policy(listed.clone())).with(group.clone()).verdict(), "fail");
    assert_eq!(world().with(policy(json!([]))).verdict(), "pass", "a policy without rules");
    // Many exports leave the groups out: nobody can tell then.
    assert_eq!(world().with(policy(listed)).verdict(), "unknown");
    assert_eq!(world().verdict(), "unknown");
    // In a network that the firewall does not route to it does not matter.
    let mut elsewhere = world();
    elsewhere.all.push(json!({"id": net("virtualNetworks/w"), "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"id": net("virtualNetworks/w/subnets/s"), "properties": {"addressPrefix": "10.9.0.0/24"}}]}}));
    elsewhere.all[1]["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
        id("virtualNetworks/w/subnets/s");
    assert_eq!(elsewhere.with(policy(json!([]))).with(group).verdict(), "pass");
}

#[test]
fn what_is_not_known_of_a_balancer_behind_a_firewall_is_not_certain() {
    let behind = |fields: Value| {
        let mut private = balancer("Standard", json!({}));
        let mut rule = json!({"frontendPort": 2200, "backendPort": 22,
            "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")});
        for (name, value) in fields.as_object().unwrap() {
            rule[name] = value.clone();
        }
        private["properties"]["loadBalancingRules"] = forward("loadBalancingRules", "inner", &rule);
        private
    };
    let world = |rules: Vec<Value>, fields: Value| {
        World::new(Some(rules)).with(behind(fields)).with(firewall("*", "10.0.0.100", "2200")).verdict()
    };
    let unknown = json!({"$unknown": {"reason": "a parameter"}});
    assert_eq!(world(vec![], json!({})), "fail");
    assert_eq!(world(vec![], json!({"backendPort": unknown})), "unknown");
    assert_eq!(world(vec![], json!({"protocol": unknown})), "unknown");
    // With floating IP the group sees the frontend's address.
    let mut named = rule("ssh", 300, "Allow", "*", "22");
    named["properties"]["destinationAddressPrefix"] = "10.0.0.4".into();
    let shut = || rule("shut", 400, "Deny", "*", "*");
    assert_eq!(world(vec![named.clone(), shut()], json!({})), "fail");
    assert_eq!(world(vec![named, shut()], json!({"enableFloatingIP": true})), "unknown");
}

#[test]
fn a_translation_is_confirmed_by_any_of_its_ports() {
    let mut fw = firewall("*", "10.0.0.4", "22");
    let rules = fw["properties"]["natRuleCollections"][0]["properties"]["rules"].as_array_mut().unwrap();
    let mut second = rules[0].clone();
    second["name"] = "second".into();
    second["destinationPorts"] = json!(["4000-4001"]);
    second["translatedPort"] = "3389".into();
    rules.push(second);
    let world = World::new(Some(vec![])).with(fw);
    let report = world.check();
    world.verify(&report);
    let ports = evidence(&report, "NET001").as_array().unwrap();
    let said: Vec<_> = ports.iter().map(|port| (&port["port"], &port["through"]["rule"])).collect();
    assert!(said.contains(&(&json!("3389"), &json!("second"))), "{report:#}");
}

#[test]
fn a_firewall_that_is_not_known_matters_only_where_it_routes_to() {
    let mut fw = firewall("*", "10.0.0.4", "22");
    fw["properties"]["natRuleCollections"] = json!({"$unknown": {"reason": "a parameter"}});
    let other = json!({"id": net("virtualNetworks/w"), "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"id": net("virtualNetworks/w/subnets/AzureFirewallSubnet"),
            "properties": {"addressPrefix": "10.9.1.0/26"}}]}});
    assert_eq!(World::new(ssh_for_all()).with(fw.clone()).with(other.clone()).verdict(), "unknown");
    fw["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
        id("virtualNetworks/w/subnets/AzureFirewallSubnet");
    assert_eq!(World::new(ssh_for_all()).with(fw).with(other).verdict(), "pass");
}

#[test]
fn a_firewall_with_several_addresses_translates_on_the_one_that_is_named() {
    let second = || json!({"id": net("publicIPAddresses/second"), "sku": {"name": "Standard"}, "properties": {"ipAddress": "20.1.2.4"}});
    let with_two = |destination: &str| {
        let mut fw = firewall("*", "10.0.0.4", "3389");
        let properties = &mut fw["properties"];
        properties["natRuleCollections"][0]["properties"]["rules"][0]["destinationAddresses"] =
            json!([destination]);
        properties["ipConfigurations"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "d", "properties": {"publicIPAddress": id("publicIPAddresses/second")}}));
        World::new(Some(vec![])).with(fw)
    };
    for (destination, address) in [("20.1.2.3", "front"), ("20.1.2.4", "second")] {
        let world = with_two(destination).with(second());
        let report = world.check();
        world.verify(&report);
        let via = &evidence(&report, "NET001")[0]["via"];
        assert!(via.as_str().unwrap().ends_with(&format!("publicIPAddresses/{address}")), "{via}");
    }
    assert_eq!(with_two("20.9.9.9").with(second()).verdict(), "pass", "an address of somebody else");
    assert_eq!(with_two("20.9.9.9").verdict(), "unknown", "the second address is not told");
}

#[test]
fn a_firewall_leads_to_the_peers_of_its_network_and_no_further() {
    let hub = |peers: Value| {
        json!({"id": net("virtualNetworks/hub"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "virtualNetworkPeerings": peers,
            "subnets": [{"id": net("virtualNetworks/hub/subnets/AzureFirewallSubnet"),
                "properties": {"addressPrefix": "10.9.1.0/26"}}]}})
    };
    let peering = || {
        json!([{"name": "p", "properties": {"peeringState": "Connected",
        "allowVirtualNetworkAccess": true, "remoteVirtualNetwork": id("virtualNetworks/v")}}])
    };
    let world = |peers: Value| {
        let mut fw = firewall("*", "10.0.0.4", "3389");
        fw["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
            id("virtualNetworks/hub/subnets/AzureFirewallSubnet");
        World::new(Some(vec![rule("all", 300, "Allow", "*", "*")])).with(hub(peers)).with(fw)
    };
    assert_eq!(world(peering()).verdict(), "fail");
    assert_eq!(world(json!([])).verdict(), "pass");
}

#[test]
fn a_collection_that_cannot_be_read_may_come_first() {
    let with = |more: Value| {
        let mut fw = firewall("*", "10.0.0.4", "3389");
        fw["properties"]["natRuleCollections"].as_array_mut().unwrap().push(more);
        verdict(&World::new(Some(vec![])).with(fw).check(), "NET001")
    };
    let unknown = || json!({"$unknown": {"reason": "a parameter"}});
    let collection = |priority: Value, rules: Value| json!({"name": "x", "properties": {"priority": priority, "action": {"type": "Dnat"}, "rules": rules}});
    assert_eq!(with(collection(json!(100), unknown())), "unknown");
    assert_eq!(with(collection(json!(300), unknown())), "fail", "what comes later takes nothing away");
    assert_eq!(with(collection(unknown(), unknown())), "unknown");
}

#[test]
fn a_base_policy_comes_first() {
    let (fw, nat) = by_policy();
    let translate = json!({"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "c", "priority": 200,
        "action": {"type": "DNAT"}, "rules": [nat]});
    let deny = json!({"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "d", "priority": 100,
        "action": {"type": "Deny"}, "rules": [{"ruleType": "NetworkRule", "name": "all"}]});
    let policy = |name: &str, base: Option<&str>| {
        let groups = json!([id(&format!("firewallPolicies/{name}/ruleCollectionGroups/g"))]);
        let mut one = json!({"id": net(&format!("firewallPolicies/{name}")), "properties": {"ruleCollectionGroups": groups}});
        if let Some(base) = base {
            one["properties"]["basePolicy"] = id(&format!("firewallPolicies/{base}"));
        }
        one
    };
    let group = |name: &str, collections: Value| {
        json!({"id": net(&format!("firewallPolicies/{name}/ruleCollectionGroups/g")),
            "properties": {"priority": 100, "ruleCollections": collections}})
    };
    let world = |own: Value, base: Option<Value>| {
        let mut world =
            World::new(Some(vec![])).with(fw.clone()).with(policy("p", Some("parent"))).with(group("p", own));
        if let Some(base) = base {
            world = world.with(policy("parent", None)).with(group("parent", base));
        }
        world.verdict()
    };
    assert_eq!(world(json!([translate]), Some(json!([]))), "fail");
    assert_eq!(world(json!([translate]), Some(json!([deny]))), "unknown", "its network rules may deny");
    assert_eq!(world(json!([translate, deny]), Some(json!([]))), "unknown", "its own may");
    assert_eq!(world(json!([translate]), None), "unknown", "it is not in the input");
    assert_eq!(world(json!([]), Some(json!([translate]))), "unknown", "documents disagree");
    assert_eq!(world(json!([]), Some(json!([]))), "pass");
    // One that is based on itself is no endless chain.
    let circle = World::new(Some(vec![]))
        .with(fw.clone())
        .with(policy("p", Some("p")))
        .with(group("p", json!([translate])));
    assert_eq!(circle.verdict(), "fail");
}

#[test]
fn how_far_a_firewall_sends_is_told_by_peerings() {
    let network = |name: &str, prefix: &str, peers: &[&str], more: Option<Value>| {
        let peerings: Vec<Value> = peers
            .iter()
            .map(|peer| {
                json!({"name": peer, "properties": {
            "peeringState": "Connected", "allowVirtualNetworkAccess": true,
            "remoteVirtualNetwork": id(&format!("virtualNetworks/{peer}"))}})
            })
            .collect();
        let mut subnets =
            vec![json!({"id": net(&format!("virtualNetworks/{name}/subnets/AzureFirewallSubnet")),
            "properties": {"addressPrefix": prefix}})];
        subnets.extend(more);
        json!({"id": net(&format!("virtualNetworks/{name}")), "properties": {
            "addressSpace": {"addressPrefixes": [prefix]}, "virtualNetworkPeerings": peerings, "subnets": subnets}})
    };
    let world = |own: &[&str], others: Vec<Value>| {
        let mut fw = firewall("*", "10.0.0.4", "3389");
        fw["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
            id("virtualNetworks/hub/subnets/AzureFirewallSubnet");
        let mut world = World::new(Some(vec![rule("all", 300, "Allow", "*", "*")])).with(fw);
        world.all[2]["properties"]["virtualNetworkPeerings"] = own
            .iter()
            .map(|peer| {
                json!({"name": peer,
            "properties": {"peeringState": "Connected", "allowVirtualNetworkAccess": true,
                "remoteVirtualNetwork": id(&format!("virtualNetworks/{peer}"))}})
            })
            .collect();
        world.all.extend(others);
        world.verdict()
    };
    let hub = |peers: &[&str]| network("hub", "10.9.0.0/16", peers, None);
    assert_eq!(world(&[], vec![hub(&[])]), "pass", "nothing joins the two");
    assert_eq!(world(&["hub"], vec![hub(&[])]), "fail", "the other side tells of the peering");
    let mid = |peers: &[&str]| network("mid", "10.8.0.0/16", peers, None);
    assert_eq!(
        world(&["mid"], vec![hub(&["mid"]), mid(&["hub", "v"])]),
        "unknown",
        "over a network in between"
    );
    assert_eq!(world(&[], vec![hub(&["mid"]), mid(&["hub"])]), "pass", "the network in between ends there");
    // Who knows what a network is joined to that is not in the input? Not to one that tells of no peering itself.
    let far = "not-in-the-input";
    assert_eq!(world(&[], vec![hub(&[far])]), "pass");
    assert_eq!(world(&[far], vec![hub(&[far])]), "unknown");
    assert_eq!(world(&[], vec![hub(&["mid"]), mid(&["hub", far])]), "pass");
    assert_eq!(world(&[far], vec![hub(&["mid"]), mid(&["hub", far])]), "unknown");
    assert_eq!(
        world(&[far], vec![hub(&["mid"]), mid(&["hub"])]),
        "pass",
        "nothing leads out of the other side"
    );
    // What each of the two is joined to may be joined, too.
    assert_eq!(world(&["elsewhere"], vec![hub(&["mid"]), mid(&["hub", far])]), "unknown");
    let gateway = json!({"id": net("virtualNetworks/mid/subnets/GatewaySubnet"), "name": "GatewaySubnet",
        "properties": {"addressPrefix": "10.8.9.0/27"}});
    let lent = network("mid", "10.8.0.0/16", &["hub"], Some(gateway));
    assert_eq!(world(&["elsewhere"], vec![hub(&["mid"]), lent]), "unknown", "a gateway leads anywhere");
    let gateway = || {
        Some(json!({"id": net("virtualNetworks/hub/subnets/GatewaySubnet"),
        "properties": {"addressPrefix": "10.9.255.0/27"}}))
    };
    let with_gateway = || network("hub", "10.9.0.0/16", &[], gateway());
    assert_eq!(world(&[], vec![with_gateway()]), "pass", "a gateway has none on the other side");
    assert_eq!(world(&[far], vec![with_gateway()]), "unknown", "by a gateway");
}

#[test]
fn an_earlier_translation_takes_just_its_own_ports_and_protocols() {
    let open = |first: Value, second: Value| {
        let mut fw = firewall("*", "10.0.0.9", "");
        let rules = fw["properties"]["natRuleCollections"][0]["properties"]["rules"].as_array_mut().unwrap();
        let base = rules[0].clone();
        rules.clear();
        for (name, to, fields) in [("first", "10.0.0.9", first), ("second", "10.0.0.4", second)] {
            let mut rule = base.clone();
            (rule["name"], rule["translatedAddress"]) = (name.into(), to.into());
            rule.as_object_mut().unwrap().remove("translatedPort");
            for (field, value) in fields.as_object().unwrap() {
                rule[field] = value.clone();
            }
            rules.push(rule);
        }
        let report = World::new(Some(vec![])).with(fw).check();
        let mut ports: Vec<String> = Vec::new();
        for finding in report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["code"] == "NET001" || one["code"] == "NET003")
        {
            for port in finding["evidence"]["ports"].as_array().unwrap() {
                ports.push(format!(
                    "{} {}",
                    port["protocol"].as_str().unwrap(),
                    port["port"].as_str().unwrap()
                ));
            }
        }
        ports.sort();
        ports.join(", ")
    };
    let both = || json!({"destinationPorts": ["22", "3389"]});
    let all = |ports: &str| ports.to_owned();
    assert_eq!(open(json!({"destinationPorts": ["80"]}), both()), all("tcp 22, tcp 3389"));
    assert_eq!(open(json!({"destinationPorts": ["22"]}), both()), all("tcp 3389"));
    let any = || json!({"destinationPorts": ["22"], "protocols": ["TCP", "UDP"]});
    assert_eq!(open(json!({"destinationPorts": ["22"]}), any()), all("udp 22"));
    assert_eq!(open(json!({"destinationPorts": ["22"], "protocols": ["UDP"]}), any()), all("tcp 22"));
    // A doubtful one makes what it may take doubtful, and no more.
    let doubtful = json!({"destinationPorts": ["22"], "destinationAddresses": [{"$unknown": {"reason": "a parameter"}}]});
    assert_eq!(open(doubtful, both()), all("tcp 3389"), "what is certain is told");
    let some = json!({"destinationPorts": ["22"], "sourceAddresses": ["203.0.113.0/24"]});
    assert_eq!(open(some, both()), all("tcp 22, tcp 3389"), "the others still come");
}
