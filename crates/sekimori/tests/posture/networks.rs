//! Networks: what gets to machines from around them, what leaves them, and what watches it.

use serde_json::{Value, json};

use crate::{at, cases, exported, finding, lines, manifest, merge, snapshot, verdict, vm, vm_id};

pub(crate) fn net(name: &str) -> String {
    at(&format!("Microsoft.Network/{name}"))
}

pub(crate) fn id(name: &str) -> Value {
    json!({"id": net(name)})
}

/// The network `v` with the subnet `s` that the machine is in, with changes.
pub(crate) fn vnet(change: Value) -> Value {
    let mut vnet = json!({
        "id": net("virtualNetworks/v"),
        "location": "japaneast",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [subnet("s", "10.0.1.0/24", json!({}))],
            "virtualNetworkPeerings": []
        }
    });
    merge(&mut vnet, &change);
    vnet
}

/// A subnet of it.
pub(crate) fn subnet(name: &str, prefix: &str, change: Value) -> Value {
    let mut subnet = json!({"id": net(&format!("virtualNetworks/v/subnets/{name}")), "properties": {"addressPrefix": prefix}});
    merge(&mut subnet, &json!({"properties": change}));
    subnet
}

/// The same network with this subnet alone.
pub(crate) fn vnet_of(subnets: Value) -> Value {
    vnet(json!({"properties": {"subnets": subnets}}))
}

/// The NIC of the machine, behind the group `g`, with changes of its one IP configuration.
pub(crate) fn nic(change: Value) -> Value {
    let mut ip = json!({"privateIPAddress": "10.0.1.4", "subnet": id("virtualNetworks/v/subnets/s")});
    merge(&mut ip, &change);
    json!({
        "id": net("networkInterfaces/n"),
        "properties": {
            "virtualMachine": {"id": vm_id()},
            "networkSecurityGroup": id("networkSecurityGroups/g"),
            "ipConfigurations": [{"name": "i", "id": net("networkInterfaces/n/ipConfigurations/i"), "properties": ip}]
        }
    })
}

/// A group with these rules: direction, access, protocol, source, destination, ports.
pub(crate) fn group(name: &str, rules: &[[&str; 6]]) -> Value {
    let rules: Vec<Value> = (100..)
        .zip(rules)
        .map(|(priority, [direction, access, protocol, source, destination, ports])| {
            json!({"name": format!("r{priority}"), "properties": {
                "priority": priority, "direction": direction, "access": access, "protocol": protocol,
                "sourceAddressPrefix": source, "sourcePortRange": "*", "destinationAddressPrefix": destination,
                "destinationPortRanges": ports.split(' ').collect::<Vec<_>>()}})
        })
        .collect();
    json!({"id": net(&format!("networkSecurityGroups/{name}")), "properties": {"securityRules": rules}})
}

/// A machine in its network, behind these rules.
fn behind(rules: &[[&str; 6]]) -> Vec<Value> {
    vec![vm(json!({})), nic(json!({})), vnet(json!({})), group("g", rules)]
}

/// A public address.
pub(crate) fn public(sku: &str, change: Value) -> Value {
    let mut public = json!({"id": net("publicIPAddresses/p"), "sku": {"name": sku},
        "properties": {"ipAddress": "20.1.2.3", "publicIPAllocationMethod": "Static"}});
    merge(&mut public, &json!({"properties": change}));
    public
}

/// The NIC of the machine with it.
pub(crate) fn nic_with_public() -> Value {
    nic(json!({"publicIPAddress": id("publicIPAddresses/p")}))
}

#[test]
fn what_an_upgrade_of_a_basic_address_changes() {
    let with = |sku: &str, guarded: bool| {
        let mut nic = nic_with_public();
        if !guarded {
            merge(&mut nic, &json!({"properties": {"networkSecurityGroup": null}}));
        }
        snapshot(&[vm(json!({})), nic, vnet(json!({})), group("g", &[]), public(sku, json!({}))])
    };
    let report = with("Basic", false);
    let found = finding(&report, "NET008");
    assert_eq!(found["evidence"]["upgrade"], "closes");
    assert!(found["message"].as_str().unwrap().contains("closes it"), "{found}");
    let report = with("Basic", true);
    let found = finding(&report, "NET008");
    assert_eq!(found["evidence"]["upgrade"], "keeps");
    assert!(!found["message"].as_str().unwrap().contains("closes it"), "{found}");
    assert_eq!(verdict(&with("Standard", false), "NET008"), "pass");
}

#[test]
fn management_from_the_whole_network() {
    let deny = ["Inbound", "Deny", "Tcp", "VirtualNetwork", "*", "22 3389 5985 5986"];
    let allow = |source| ["Inbound", "Allow", "Tcp", source, "*", "22 3389"];
    cases(
        "NET009",
        vec![
            ("fail", behind(&[])),
            ("pass", behind(&[deny])),
            ("pass", behind(&[allow("10.0.9.0/26"), deny])),
            // Half of the network is not all of it; both halves are.
            ("pass", behind(&[allow("10.0.0.0/17"), deny])),
            ("fail", behind(&[allow("10.0.0.0/17"), allow("10.0.128.0/17"), deny])),
            // Other ports are no logins, and UDP is none.
            ("pass", behind(&[["Inbound", "Allow", "Tcp", "*", "*", "443"], deny])),
            ("pass", behind(&[["Inbound", "Allow", "Udp", "*", "*", "3389"], deny])),
            ("unknown", vec![vm(json!({})), nic(json!({})), group("g", &[])]),
        ],
    );
    let no_group = |nic: Value| {
        let mut nic = nic;
        merge(&mut nic, &json!({"properties": {"networkSecurityGroup": null}}));
        vec![vm(json!({})), nic, vnet(json!({}))]
    };
    cases("NET009", vec![("fail", no_group(nic(json!({}))))]);
    let report = snapshot(&behind(&[["Inbound", "Deny", "Tcp", "*", "*", "22 5985 5986"]]));
    let evidence = &finding(&report, "NET009")["evidence"];
    assert_eq!(evidence["open_ports"], "3389", "{report:#}");
    assert_eq!(evidence["addresses"], "65536");
    assert!(evidence["rule"].as_str().unwrap().contains("AllowVnetInBound"), "{evidence}");
    // A rule that nobody can read may be the one that denies.
    let mut unreadable = behind(&[deny]);
    merge(&mut unreadable[3]["properties"]["securityRules"][0], &json!({"properties": {"priority": "soon"}}));
    assert_eq!(verdict(&snapshot(&unreadable), "NET009"), "unknown");
}

#[test]
fn what_leaves_for_the_internet() {
    let out = |access, destination, ports| ["Outbound", access, "*", "*", destination, ports];
    let shut = out("Deny", "Internet", "*");
    let all = |code: &str, expected: [&'static str; 6]| {
        cases(
            code,
            [
                behind(&[]),
                behind(&[shut]),
                // All ports but one are as good as all.
                behind(&[out("Deny", "Internet", "25")]),
                behind(&[out("Allow", "Internet", "80 443"), shut]),
                behind(&[out("Allow", "AzureCloud", "*"), shut]),
                behind(&[out("Allow", "Internet", "3333"), shut]),
            ]
            .into_iter()
            .zip(expected)
            .map(|(resources, expected)| (expected, resources))
            .collect(),
        );
    };
    all("NET010", ["fail", "pass", "fail", "pass", "pass", "pass"]);
    all("NET011", ["", "pass", "", "pass", "pass", "fail"]);
    cases("NET011", vec![("unknown", vec![vm(json!({}))])]);
    let report = snapshot(&behind(&[]));
    let evidence = &finding(&report, "NET010")["evidence"];
    assert_eq!(evidence["way_out"], "default-outbound-access");
    assert!(evidence["rule"].as_str().unwrap().contains("AllowInternetOutBound"), "{evidence}");
    let report = snapshot(&behind(&[out("Allow", "Internet", "3333 4000-5555"), shut]));
    assert_eq!(finding(&report, "NET011")["evidence"]["open_ports"], "3333, 4444, 5555");
}

/// The network with a route for everything.
fn routed(hop: &str, address: Value) -> Vec<Value> {
    let table = json!({"id": net("routeTables/t"), "properties": {"disableBgpRoutePropagation": false, "routes": [
        {"name": "all", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": hop, "nextHopIpAddress": address}}]}});
    let subnets = json!([subnet("s", "10.0.1.0/24", json!({"routeTable": id("routeTables/t")}))]);
    vec![vm(json!({})), nic(json!({})), vnet_of(subnets), group("g", &[]), table]
}

#[test]
fn who_has_no_way_out_sends_nothing() {
    let private = || vnet_of(json!([subnet("s", "10.0.1.0/24", json!({"defaultOutboundAccess": false}))]));
    let shut = |sku: &str| {
        let balancer = json!({"id": net("loadBalancers/lb"), "sku": {"name": sku}, "properties": {
            "frontendIPConfigurations": [{"id": net("loadBalancers/lb/frontendIPConfigurations/f"),
                "properties": {"subnet": id("virtualNetworks/v/subnets/s"), "privateIPAddress": "10.0.1.9"}}],
            "backendAddressPools": [{"id": net("loadBalancers/lb/backendAddressPools/b")}]}});
        let nic =
            nic(json!({"loadBalancerBackendAddressPools": [id("loadBalancers/lb/backendAddressPools/b")]}));
        vec![vm(json!({})), nic, vnet(json!({})), group("g", &[]), balancer]
    };
    let machine =
        |nic: Value| vec![vm(json!({})), nic, private(), group("g", &[]), public("Standard", json!({}))];
    for (code, open) in [("NET010", "fail"), ("NET018", "fail")] {
        cases(
            code,
            vec![
                (open, behind(&[])),
                ("pass", machine(nic(json!({})))),
                ("pass", routed("None", Value::Null)),
                ("pass", shut("Standard")),
                (open, shut("Basic")),
            ],
        );
    }
    cases(
        "NET010",
        vec![
            ("fail", machine(nic_with_public())),
            ("unknown", routed("VirtualAppliance", json!("10.0.9.4"))),
        ],
    );
    let set = || {
        let ip = json!([{"name": "i", "properties": {"subnet": id("virtualNetworks/v/subnets/s")}}]);
        let nics = json!([{"name": "n", "properties": {"primary": true, "ipConfigurations": ip}}]);
        json!({"id": at("Microsoft.Compute/virtualMachineScaleSets/set"), "properties": {"orchestrationMode": "Uniform",
            "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": nics}}}})
    };
    let astray = || {
        vm(
            json!({"id": at("Microsoft.Compute/virtualMachines/other"), "properties": {"networkProfile": {"networkInterfaces": [id("networkInterfaces/other")]}}}),
        )
    };
    let flexible = vm(
        json!({"properties": {"virtualMachineScaleSet": {"id": at("Microsoft.Compute/virtualMachineScaleSets/f")}}}),
    );
    cases(
        "NET018",
        vec![
            ("pass", machine(nic_with_public())),
            ("pass", routed("VirtualAppliance", json!("10.0.9.4"))),
            ("unknown", routed("Nowhere", Value::Null)),
            ("pass", vec![flexible, nic(json!({})), vnet(json!({}))]),
            // Nobody is in it.
            ("", vec![vm(json!({})), vnet(json!({}))]),
            // A machine with an address of its own stands beside a scale set without any.
            (
                "fail",
                vec![vm(json!({})), nic_with_public(), vnet(json!({})), public("Standard", json!({})), set()],
            ),
            ("fail", vec![vnet(json!({})), set()]),
            // One whose NIC nobody knows may stand there, too.
            (
                "unknown",
                vec![
                    vm(json!({})),
                    nic_with_public(),
                    vnet(json!({})),
                    public("Standard", json!({})),
                    astray(),
                ],
            ),
            ("pass", {
                let gateway = json!({"natGateway": id("natGateways/out")});
                vec![vm(json!({})), nic(json!({})), vnet_of(json!([subnet("s", "10.0.1.0/24", gateway)]))]
            }),
        ],
    );
    let report = snapshot(&behind(&[]));
    let found = finding(&report, "NET018");
    assert_eq!(
        (found["evidence"]["machines"].as_str(), found["evidence"]["machine"].as_str()),
        (Some("1"), Some(&*vm_id()))
    );
    assert!(found["resource"].as_str().unwrap().ends_with("/subnets/s"), "{found}");
}

#[test]
fn nics_that_forward() {
    let with = |value: Value| {
        let mut nic = nic(json!({}));
        merge(&mut nic, &json!({"properties": {"enableIPForwarding": value}}));
        vec![vm(json!({})), nic, vnet(json!({})), group("g", &[])]
    };
    cases(
        "NET012",
        vec![
            ("fail", with(json!(true))),
            ("pass", with(json!(false))),
            ("pass", with(Value::Null)),
            ("unknown", with(json!({"$unknown": {"reason": "at deployment"}}))),
            ("unknown", vec![vm(json!({}))]),
        ],
    );
    let report = snapshot(&with(json!(true)));
    assert_eq!(finding(&report, "NET012")["evidence"]["nic"], net("networkInterfaces/n"));
}

#[test]
fn subnets_without_a_group() {
    let one = |name: &str, change: Value| vec![vnet_of(json!([subnet(name, "10.0.1.0/24", change)]))];
    let guarded = json!({"networkSecurityGroup": id("networkSecurityGroups/g")});
    let delegated =
        json!({"delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]});
    cases(
        "NET013",
        vec![
            ("fail", one("s", json!({}))),
            ("pass", one("s", guarded)),
            ("fail", one("s", json!({"delegations": []}))),
            ("", one("s", delegated)),
            ("", one("gatewaysubnet", json!({}))),
            ("", one("AzureFirewallManagementSubnet", json!({}))),
            ("", one("AzureBastionSubnet", json!({}))),
            ("fail", one("GatewaySubnet2", json!({}))),
            ("unknown", one("s", json!({"networkSecurityGroup": {"$unknown": {"reason": "at deployment"}}}))),
        ],
    );
    let two = json!([subnet("a", "10.0.1.0/24", json!({})), subnet("b", "10.0.2.0/24", json!({}))]);
    let report = snapshot(&[vnet_of(two)]);
    let all = report["findings"].as_array().unwrap();
    let ids: std::collections::BTreeSet<&str> =
        all.iter().filter(|row| row["code"] == "NET013").map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "each subnet is told by itself: {report:#}");
}

/// A flow log of something.
fn log(target: &str, change: Value) -> Value {
    let mut log = json!({"id": net("networkWatchers/w/flowLogs/l"), "properties": {
        "targetResourceId": net(target), "enabled": true, "retentionPolicy": {"days": 90, "enabled": true}}});
    merge(&mut log, &json!({"properties": change}));
    log
}

#[test]
fn flow_logs() {
    let with = |logs: &[Value]| {
        let guarded = json!({"networkSecurityGroup": id("networkSecurityGroups/sg")});
        let vnet =
            vnet_of(json!([subnet("s", "10.0.1.0/24", guarded), subnet("empty", "10.0.2.0/24", json!({}))]));
        [&[vm(json!({})), nic(json!({})), vnet, group("g", &[]), group("sg", &[])], logs].concat()
    };
    let on = |target: &str| with(&[log(target, json!({}))]);
    cases(
        "NET015",
        vec![
            ("fail", with(&[])),
            ("pass", on("virtualNetworks/v")),
            ("pass", on("virtualNetworks/v/subnets/s")),
            ("pass", on("networkSecurityGroups/sg")),
            // All NICs of the subnet are behind it.
            ("pass", on("networkSecurityGroups/g")),
            ("pass", on("networkInterfaces/n")),
            ("fail", on("virtualNetworks/v/subnets/empty")),
            ("fail", on("virtualNetworks/other")),
            ("fail", with(&[log("virtualNetworks/v", json!({"enabled": false}))])),
            ("unknown", with(&[log("virtualNetworks/v", json!({"enabled": null}))])),
            ("", vec![vm(json!({})), vnet(json!({}))]),
        ],
    );
    assert_eq!(verdict(&exported(&with(&[])), "NET015"), "unknown", "a list may leave out flow logs");
    let refused = json!({"partial": [{"what": "networks", "scope": "", "reason": "throttled"}]});
    assert_eq!(verdict(&lines(&with(&[]), &manifest(refused)), "NET015"), "unknown");
    let kept = |change: Value| vec![vm(json!({})), vnet(json!({})), log("networkSecurityGroups/g", change)];
    let policy =
        |days: Value, enabled: Value| kept(json!({"retentionPolicy": {"days": days, "enabled": enabled}}));
    cases(
        "NET016",
        vec![
            ("pass", policy(json!(90), json!(true))),
            ("fail", policy(json!(89), json!(true))),
            ("pass", policy(json!(0), json!(true))),
            ("pass", policy(json!(7), json!(false))),
            ("pass", kept(json!({"retentionPolicy": null}))),
            ("", kept(json!({"enabled": false, "retentionPolicy": {"days": 7}}))),
            ("unknown", kept(json!({"enabled": null}))),
            ("unknown", policy(json!("a week"), json!(true))),
        ],
    );
    let report = snapshot(&policy(json!(7), json!(true)));
    let evidence = &finding(&report, "NET016")["evidence"];
    assert_eq!(
        (evidence["days"].as_str(), evidence["kind"].as_str()),
        (Some("7"), Some("nsg")),
        "{evidence}"
    );
}

#[test]
fn protection_against_floods() {
    let with = |mode: Value, plan: Value| {
        let vnet = vnet(json!({"properties": {"enableDdosProtection": plan}}));
        let settings = json!({"ddosSettings": {"protectionMode": mode}});
        vec![vm(json!({})), nic_with_public(), vnet, group("g", &[]), public("Standard", settings)]
    };
    let inherited = || json!("VirtualNetworkInherited");
    cases(
        "NET017",
        vec![
            ("fail", with(inherited(), json!(false))),
            ("fail", with(Value::Null, Value::Null)),
            ("pass", with(inherited(), json!(true))),
            ("pass", with(json!("Enabled"), json!(false))),
            // Its own word counts before its network's.
            ("fail", with(json!("Disabled"), json!(true))),
            ("unknown", with(inherited(), json!({"$unknown": {"reason": "at deployment"}}))),
            ("unknown", vec![vm(json!({})), nic_with_public(), vnet(json!({}))]),
            ("", behind(&[])),
            // What comes over a load balancer comes to the address of its frontend.
            ("fail", balanced(json!("Disabled"), &["22"])),
            ("pass", balanced(json!("Enabled"), &["22"])),
            ("", balanced(json!("Disabled"), &[])),
        ],
    );
    let report = snapshot(&balanced(json!("Disabled"), &["22"]));
    assert_eq!(finding(&report, "NET017")["evidence"]["public_ip"], net("publicIPAddresses/front"));
}

/// The machine without an address of its own behind a load balancer with one, which passes ports on.
fn balanced(mode: Value, ports: &[&str]) -> Vec<Value> {
    let part = |name: &str| id(&format!("loadBalancers/lb/{name}"));
    let rule = |port: &&str| {
        let number: u16 = port.parse().unwrap();
        json!({"name": port, "properties": {"protocol": "Tcp", "frontendPort": number, "backendPort": number,
            "frontendIPConfiguration": part("frontendIPConfigurations/f"),
            "backendAddressPool": part("backendAddressPools/b")}})
    };
    let rules: Vec<Value> = ports.iter().map(rule).collect();
    let balancer = json!({"id": net("loadBalancers/lb"), "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"id": net("loadBalancers/lb/frontendIPConfigurations/f"),
            "name": "f", "properties": {"publicIPAddress": id("publicIPAddresses/front")}}],
        "backendAddressPools": [{"id": net("loadBalancers/lb/backendAddressPools/b"), "name": "b"}],
        "loadBalancingRules": rules}});
    let mut front = public("Standard", json!({"ddosSettings": {"protectionMode": mode}}));
    front["id"] = net("publicIPAddresses/front").into();
    let nic = nic(json!({"loadBalancerBackendAddressPools": [part("backendAddressPools/b")]}));
    let open = group("g", &[["Inbound", "Allow", "Tcp", "*", "*", "22"]]);
    vec![vm(json!({})), nic, vnet(json!({})), open, balancer, front]
}

/// A further machine in the same network, behind a group of its own name.
fn machine(name: &str, address: &str, rules: &[[&str; 6]], identity: Value) -> Vec<Value> {
    let mut vm = vm(json!({
        "id": at(&format!("Microsoft.Compute/virtualMachines/{name}")),
        "name": name,
        "identity": identity,
        "properties": {"networkProfile": {"networkInterfaces": [id(&format!("networkInterfaces/{name}"))]}}
    }));
    vm["properties"]["networkProfile"]["networkInterfaces"] =
        json!([id(&format!("networkInterfaces/{name}"))]);
    let mut nic = nic(json!({"privateIPAddress": address}));
    merge(
        &mut nic,
        &json!({"id": net(&format!("networkInterfaces/{name}")), "properties": {
        "virtualMachine": {"id": at(&format!("Microsoft.Compute/virtualMachines/{name}"))},
        "networkSecurityGroup": id(&format!("networkSecurityGroups/{name}"))}}),
    );
    nic["properties"]["ipConfigurations"][0]["id"] =
        net(&format!("networkInterfaces/{name}/ipConfigurations/i")).into();
    vec![vm, nic, group(name, rules)]
}

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn assignment(role: &str, scope: &str) -> Value {
    let scope = format!("{}{scope}", crate::SUBSCRIPTION);
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/a"),
        "properties": {
            "principalId": "AAAA1111-0000-0000-0000-000000000000",
            "principalType": "ServicePrincipal",
            "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/{role}", crate::SUBSCRIPTION),
            "scope": scope
        }
    })
}

fn definition(role: &str, actions: Value) -> Value {
    json!({
        "id": format!("{}/providers/Microsoft.Authorization/roleDefinitions/{role}", crate::SUBSCRIPTION),
        "properties": {"roleName": "our role", "type": "CustomRole", "permissions": [{"actions": actions}]}
    })
}

#[test]
fn paths_from_the_internet_to_rights_over_azure() {
    let identity =
        || json!({"type": "SystemAssigned", "principalId": "aaaa1111-0000-0000-0000-000000000000"});
    let ssh = |source| ["Inbound", "Allow", "Tcp", source, "*", "22"];
    let shut = ["Inbound", "Deny", "*", "*", "*", "*"];
    // The internet gets to `web`; just `web` gets to `jump`, and just `jump` to `db`.
    let estate = |web: &[[&str; 6]], db: &[[&str; 6]], more: &[Value]| {
        let mut all = vec![vnet(json!({})), public("Standard", json!({}))];
        let mut front = machine("web", "10.0.1.10", web, Value::Null);
        front[1]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
            id("publicIPAddresses/p");
        all.extend(front);
        all.extend(machine("jump", "10.0.1.11", &[ssh("10.0.1.10"), shut], Value::Null));
        all.extend(machine("db", "10.0.1.12", db, identity()));
        all.extend_from_slice(more);
        all
    };
    let open = || vec![ssh("Internet"), shut];
    let inner = || vec![["Inbound", "Allow", "Tcp", "10.0.1.11", "*", "3389"], shut];
    let owner = || assignment(OWNER, "");
    let nested = assignment(OWNER, "/resourceGroups/rg/providers/Microsoft.Compute/disks/d");
    cases(
        "NET014",
        vec![
            ("fail", estate(&open(), &inner(), &[owner()])),
            ("fail", estate(&open(), &inner(), &[assignment(OWNER, "/resourceGroups/rg")])),
            ("pass", estate(&[shut], &inner(), &[owner()])),
            // Nobody gets from one to the next.
            ("pass", estate(&open(), &[shut], &[owner()])),
            // An office is not the internet.
            ("pass", estate(&[ssh("20.9.9.9"), shut], &inner(), &[owner()])),
            // It may do little, or little in one place.
            ("", estate(&open(), &inner(), &[assignment(READER, ""), definition(READER, json!(["*/read"]))])),
            ("", estate(&open(), &inner(), &[nested])),
            (
                "fail",
                estate(
                    &open(),
                    &inner(),
                    &[assignment("own", ""), definition("own", json!(["Microsoft.Authorization/*"]))],
                ),
            ),
            ("unknown", estate(&open(), &inner(), &[assignment("own", "")])),
            ("unknown", estate(&[ssh("NoSuchTag"), shut], &inner(), &[owner()])),
            (
                "unknown",
                estate(
                    &open(),
                    &[
                        ["Inbound", "Allow", "Tcp", "NoSuchTag", "*", "22"],
                        ["Inbound", "Deny", "Tcp", "*", "*", "*"],
                    ],
                    &[owner()],
                )
                .into_iter()
                .map(|mut one| {
                    // Public addresses inside: the tag may hold them.
                    let text = one.to_string().replace("10.0.", "52.9.");
                    one = serde_json::from_str(&text).unwrap();
                    one
                })
                .collect(),
            ),
        ],
    );
    assert_eq!(verdict(&exported(&estate(&open(), &inner(), &[])), "NET014"), "not assessed");
    let other = json!({"id": format!("{}/providers/Microsoft.Authorization/roleAssignments/b", crate::SUBSCRIPTION),
        "properties": {"principalId": "bbbb", "roleDefinitionId": OWNER}});
    assert_eq!(
        verdict(&exported(&estate(&open(), &inner(), &[other])), "NET014"),
        "unknown",
        "it may have a role"
    );
    let report = snapshot(&estate(&open(), &inner(), &[owner()]));
    let found = finding(&report, "NET014");
    assert!(found["resource"].as_str().unwrap().ends_with("/db"), "{found:#}");
    let evidence = &found["evidence"];
    assert_eq!(evidence["path"], "internet > web (tcp 22) > jump (tcp 22) > db (tcp 3389)");
    assert_eq!(
        (evidence["role"].as_str(), evidence["scope"].as_str()),
        (Some("Owner"), Some(crate::SUBSCRIPTION))
    );
    // The machine itself is open: no way is shorter.
    let mut direct = estate(&open(), &open(), &[owner()]);
    for one in &mut direct {
        if one["id"] == net("networkInterfaces/db") {
            one["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
                id("publicIPAddresses/q");
        }
    }
    let mut second = public("Standard", json!({"ipAddress": "20.1.2.4"}));
    second["id"] = net("publicIPAddresses/q").into();
    direct.push(second);
    let report = snapshot(&direct);
    assert_eq!(finding(&report, "NET014")["evidence"]["path"], "internet > db (tcp 22)");
    // A balancer leads the internet to one of two machines behind one group: nothing else tells these apart.
    let around = || vec![["Inbound", "Allow", "Tcp", "VirtualNetwork", "*", "3389"], shut];
    let mut alike = estate(&open(), &around(), &[owner()]);
    let mut aside = machine("aside", "10.0.1.9", &[], Value::Null);
    aside[1]["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/web");
    aside.pop();
    alike.extend(aside);
    // Its rule names the address of one of them.
    alike.retain(|one| !one["id"].as_str().unwrap().ends_with("/jump"));
    for one in &mut alike {
        if one["id"] == net("networkInterfaces/web") {
            one["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] = Value::Null;
        }
    }
    let front = "loadBalancers/lb/frontendIPConfigurations/f";
    alike.push(json!({"id": net("loadBalancers/lb"), "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"id": net(front), "name": "f", "properties": {"publicIPAddress": id("publicIPAddresses/p")}}],
        "inboundNatRules": [{"id": net("loadBalancers/lb/inboundNatRules/n"), "name": "n", "properties": {
            "frontendIPConfiguration": id(front), "protocol": "Tcp", "frontendPort": 22, "backendPort": 22,
            "backendIPConfiguration": id("networkInterfaces/web/ipConfigurations/i")}}]}}));
    let report = snapshot(&alike);
    assert_eq!(finding(&report, "NET014")["evidence"]["path"], "internet > web (tcp 22) > db (tcp 3389)");
    // By a group that the identity is in.
    let mut given = owner();
    given["properties"]["principalId"] = "helpers".into();
    let members = |who: &str| json!({"@odata.context": "https://graph.microsoft.com/v1.0/groups/helpers/transitiveMembers", "value": [{"id": who}]});
    let by =
        |who: &str| verdict(&snapshot(&estate(&open(), &inner(), &[given.clone(), members(who)])), "NET014");
    assert_eq!(by("AAAA1111-0000-0000-0000-000000000000"), "fail");
    assert_ne!(by("somebody"), "fail");
}
