//! Ways to machines that need no public address: bastions, gateways, relays.

use serde_json::{Value, json};

use crate::networks::{group, id, net, nic, nic_with_public, public, subnet, vnet, vnet_of};
use crate::{at, cases, exported, finding, merge, snapshot, verdict, vm, vm_id, windows};

/// A bastion in the network of the machine.
fn bastion(sku: &str, change: Value) -> Value {
    let mut bastion = json!({"id": net("bastionHosts/b"), "sku": {"name": sku}, "properties": {
        "ipConfigurations": [{"name": "c", "properties": {"subnet": id("virtualNetworks/v/subnets/AzureBastionSubnet")}}]}});
    merge(&mut bastion, &json!({"properties": change}));
    bastion
}

fn developer(network: &str) -> Value {
    json!({"id": net("bastionHosts/d"), "sku": {"name": "Developer"}, "properties": {"virtualNetwork": id(network)}})
}

fn gateway(kind: &str, sku: &str, change: Value) -> Value {
    let mut gateway = json!({"id": net("virtualNetworkGateways/gw"), "properties": {
        "gatewayType": kind, "sku": {"name": sku},
        "vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": ["172.16.201.0/24"]}},
        "ipConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/GatewaySubnet")}}]}});
    merge(&mut gateway, &json!({"properties": change}));
    gateway
}

/// The network with a subnet for a bastion, guarded or not.
fn with_bastion_subnet(group: Option<&str>) -> Value {
    let guard = match group {
        Some(name) => json!({"networkSecurityGroup": id(&format!("networkSecurityGroups/{name}"))}),
        None => json!({}),
    };
    vnet_of(json!([
        subnet("s", "10.0.1.0/24", json!({})),
        subnet("AzureBastionSubnet", "10.0.9.0/26", guard)
    ]))
}

/// The network with a subnet for a gateway.
fn with_gateway_subnet() -> Value {
    vnet_of(json!([subnet("s", "10.0.1.0/24", json!({})), subnet("GatewaySubnet", "10.0.8.0/27", json!({}))]))
}

/// The machine with a public address, and what else there is.
fn exposed(network: Value, more: &[Value]) -> Vec<Value> {
    [&[vm(json!({})), nic_with_public(), network, group("g", &[]), public("Standard", json!({}))], more]
        .concat()
}

fn peered(change: Value) -> Value {
    let mut peering = json!({"name": "hub", "properties": {"peeringState": "Connected",
        "allowVirtualNetworkAccess": true, "remoteVirtualNetwork": id("virtualNetworks/hub")}});
    merge(&mut peering, &json!({"properties": change}));
    vnet(json!({"properties": {"virtualNetworkPeerings": [peering]}}))
}

fn hub() -> Value {
    json!({"id": net("virtualNetworks/hub"), "properties": {
        "addressSpace": {"addressPrefixes": ["10.8.0.0/16"]}, "virtualNetworkPeerings": [], "subnets": [
            {"id": net("virtualNetworks/hub/subnets/AzureBastionSubnet"), "name": "AzureBastionSubnet",
                "properties": {"addressPrefix": "10.8.9.0/26"}},
            {"id": net("virtualNetworks/hub/subnets/GatewaySubnet"), "name": "GatewaySubnet",
                "properties": {"addressPrefix": "10.8.8.0/27"}}]}})
}

/// The same record in the network `hub`.
fn in_hub(record: Value) -> Value {
    serde_json::from_str(&record.to_string().replace("virtualNetworks/v/", "virtualNetworks/hub/")).unwrap()
}

#[test]
fn machines_without_a_private_way() {
    let plain = || with_bastion_subnet(None);
    let unused = || gateway("Vpn", "VpnGw1", json!({"vpnClientConfiguration": null}));
    let connection = |status: &str| {
        json!({"id": net("connections/c"), "properties": {"connectionType": "IPsec", "connectionStatus": status,
            "virtualNetworkGateway1": id("virtualNetworkGateways/gw")}})
    };
    let shut = || group("bastion", &[["Inbound", "Deny", "*", "*", "*", "*"]]);
    let using = || peered(json!({"useRemoteGateways": true}));
    // The machine lets in the internet and nobody else.
    let guarded = |way: Value| {
        let mut all = exposed(with_gateway_subnet(), &[way]);
        let rules = [
            ["Inbound", "Deny", "*", "VirtualNetwork", "*", "*"],
            ["Inbound", "Allow", "Tcp", "Internet", "*", "22"],
        ];
        let at = all.iter().position(|one| one["id"] == net("networkSecurityGroups/g")).unwrap();
        all[at] = group("g", &rules);
        all
    };
    cases(
        "NET019",
        vec![
            ("fail", exposed(vnet(json!({})), &[])),
            ("pass", exposed(plain(), &[bastion("Basic", json!({}))])),
            ("pass", exposed(vnet(json!({})), &[developer("virtualNetworks/v")])),
            ("pass", exposed(with_gateway_subnet(), &[gateway("Vpn", "VpnGw1", json!({}))])),
            ("pass", exposed(with_gateway_subnet(), &[gateway("ExpressRoute", "Standard", json!({}))])),
            // A gateway that nobody comes by leads nowhere.
            ("fail", exposed(with_gateway_subnet(), &[unused()])),
            ("pass", exposed(with_gateway_subnet(), &[unused(), connection("Connected")])),
            ("fail", exposed(with_gateway_subnet(), &[unused(), connection("NotConnected")])),
            // Rules keep the bastion out of the machine.
            ("fail", exposed(with_bastion_subnet(Some("bastion")), &[bastion("Basic", json!({})), shut()])),
            ("fail", exposed(with_gateway_subnet(), &[gateway("LocalGateway", "x", json!({}))])),
            ("fail", exposed(plain(), &[bastion("Basic", json!({"provisioningState": "Failed"}))])),
            // Rules keep out whoever comes by the gateway.
            ("fail", guarded(gateway("Vpn", "VpnGw1", json!({})))),
            ("fail", guarded(gateway("ExpressRoute", "Standard", json!({})))),
            // A bastion of a peer serves this network; one of the Developer SKU serves its own only.
            ("pass", exposed(peered(json!({})), &[hub(), in_hub(bastion("Standard", json!({})))])),
            ("fail", exposed(peered(json!({})), &[hub(), developer("virtualNetworks/hub")])),
            ("fail", exposed(peered(json!({})), &[hub(), in_hub(gateway("Vpn", "VpnGw1", json!({})))])),
            ("pass", exposed(using(), &[hub(), in_hub(gateway("Vpn", "VpnGw1", json!({})))])),
            // What stands in a network that was not read nobody can tell.
            ("unknown", exposed(peered(json!({})), &[])),
            ("", vec![vm(json!({})), nic(json!({})), vnet(json!({})), group("g", &[])]),
        ],
    );
    assert_eq!(verdict(&exported(&exposed(vnet(json!({})), &[])), "NET019"), "unknown");
}

#[test]
fn relays_are_private_ways() {
    let relay = |name: &str, rules: &[[&str; 6]]| {
        let id_of = |kind: &str| net(&format!("{kind}/{name}"));
        let vm_id = at(&format!("Microsoft.Compute/virtualMachines/{name}"));
        let mut machine = windows(json!({"id": vm_id, "name": name}));
        machine["properties"]["networkProfile"]["networkInterfaces"] =
            json!([{"id": id_of("networkInterfaces")}]);
        let nic = json!({"id": id_of("networkInterfaces"), "properties": {
            "virtualMachine": {"id": vm_id},
            "networkSecurityGroup": {"id": id_of("networkSecurityGroups")},
            "ipConfigurations": [{"name": "i", "properties": {"privateIPAddress": "10.0.1.20",
                "subnet": id("virtualNetworks/v/subnets/s"), "publicIPAddress": {"id": id_of("publicIPAddresses")}}}]}});
        let mut address = public("Standard", json!({"ipAddress": "20.1.2.9"}));
        address["id"] = id_of("publicIPAddresses").into();
        exposed(vnet(json!({})), &[machine, nic, group(name, rules), address])
    };
    let tcp = ["Inbound", "Allow", "Tcp", "Internet", "*", "443"];
    let udp = ["Inbound", "Allow", "Udp", "Internet", "*", "3391"];
    let any = ["Inbound", "Allow", "*", "Internet", "*", "*"];
    cases(
        "NET019",
        vec![
            ("pass", relay("rdgw01", &[tcp, udp])),
            // A web server over HTTP/3 offers the like.
            ("unknown", relay("relay", &[tcp, udp])),
            ("fail", relay("relay", &[tcp])),
            // A name says what somebody meant.
            ("unknown", relay("rdgw01", &[])),
            // Who opens everything offers nothing in particular.
            ("fail", relay("relay", &[any])),
        ],
    );
}

#[test]
fn a_public_address_names_the_ways_that_there_are() {
    let more = [bastion("Basic", json!({})), gateway("Vpn", "VpnGw1", json!({}))];
    let mut network = with_bastion_subnet(None);
    let gateway_subnet = subnet("GatewaySubnet", "10.0.8.0/27", json!({}));
    network["properties"]["subnets"].as_array_mut().unwrap().push(gateway_subnet);
    let report = snapshot(&exposed(network, &more));
    let found = finding(&report, "NET004");
    assert_eq!(found["evidence"]["private_ways"], json!(["bastion b", "vpn gateway gw"]), "{found:#}");
    assert!(found["fix"].to_string().contains("bastion b"), "{found:#}");
    let report = snapshot(&exposed(vnet(json!({})), &[]));
    assert!(finding(&report, "NET004")["evidence"]["private_ways"].is_null());
}

#[test]
fn bastions_that_rules_stop() {
    let needed = [
        // People come from an office; the whole internet would hold the control plane, too.
        ["Inbound", "Allow", "Tcp", "203.0.113.0/24", "*", "443"],
        ["Inbound", "Allow", "Tcp", "GatewayManager", "*", "443"],
        ["Inbound", "Deny", "*", "*", "*", "*"],
        ["Outbound", "Allow", "*", "*", "VirtualNetwork", "22 3389 8080 5701"],
        ["Outbound", "Allow", "Tcp", "*", "AzureCloud", "443"],
        ["Outbound", "Deny", "*", "*", "*", "*"],
        // What the parts of the bastion tell each other, in front of the denials.
        ["Inbound", "Allow", "*", "VirtualNetwork", "VirtualNetwork", "8080 5701"],
    ];
    let without = |left_out: usize| {
        let left = |(at, rule): (usize, &[&'static str; 6])| (at != left_out).then_some(*rule);
        let mut rules: Vec<_> = needed.iter().enumerate().filter_map(left).collect();
        rules.sort_by_key(|rule| rule[1] == "Deny");
        group("bastion", &rules)
    };
    let with = |machine: Value, rules: &[[&str; 6]], guard: Option<Value>, change: Value| {
        let network = with_bastion_subnet(guard.as_ref().map(|_| "bastion"));
        let mut all = vec![machine, nic(json!({})), network, group("g", rules), bastion("Standard", change)];
        all.extend(guard);
        all
    };
    let plain = |rules: &[[&str; 6]]| with(vm(json!({})), rules, None, json!({}));
    let guarded = |left_out: usize| with(vm(json!({})), &[], Some(without(left_out)), json!({}));
    let deny = |ports| ["Inbound", "Deny", "Tcp", "*", "*", ports];
    let mut private = guarded(0);
    merge(&mut private[4], &json!({"properties": {"enablePrivateOnlyBastion": true}}));
    cases(
        "NET020",
        vec![
            ("pass", plain(&[])),
            ("fail", plain(&[deny("22")])),
            // Linux needs no RDP, Windows no SSH.
            ("pass", plain(&[deny("3389")])),
            ("fail", with(windows(json!({})), &[deny("3389")], None, json!({}))),
            ("pass", with(windows(json!({})), &[deny("22")], None, json!({}))),
            ("pass", plain(&[["Inbound", "Allow", "Tcp", "10.0.9.0/26", "*", "22"], deny("*")])),
            ("fail", plain(&[["Inbound", "Allow", "Tcp", "10.0.8.0/26", "*", "22"], deny("*")])),
            // One of its addresses may be the one that it sends from.
            ("unknown", plain(&[["Inbound", "Allow", "Tcp", "10.0.9.4", "*", "22"], deny("*")])),
            ("pass", guarded(99)),
            ("fail", guarded(0)),
            ("fail", guarded(1)),
            ("fail", guarded(3)),
            ("fail", guarded(4)),
            ("fail", guarded(6)),
            ("pass", private),
            (
                "",
                vec![
                    vm(json!({})),
                    nic(json!({})),
                    vnet(json!({})),
                    group("g", &[deny("22")]),
                    developer("virtualNetworks/v"),
                ],
            ),
            (
                "unknown",
                vec![
                    vm(json!({})),
                    nic(json!({})),
                    vnet(json!({})),
                    group("g", &[]),
                    bastion("Basic", json!({})),
                ],
            ),
        ],
    );
    let report = snapshot(&guarded(1));
    let evidence = &finding(&report, "NET020")["evidence"];
    assert_eq!(evidence["missing"], "inbound TCP 443 from GatewayManager");
    assert_eq!(evidence["blocked"], "0");
    let report = snapshot(&guarded(3));
    assert_eq!(
        finding(&report, "NET020")["evidence"]["machine"],
        vm_id(),
        "it does not leave the bastion's subnet"
    );
}

#[test]
fn what_a_bastion_hands_out_and_keeps() {
    let one = |sku: &str, change: Value| vec![vm(json!({})), bastion(sku, change)];
    let untold = || {
        let mut bastion = bastion("Basic", json!({}));
        merge(&mut bastion, &json!({"sku": null}));
        vec![vm(json!({})), bastion]
    };
    cases(
        "NET021",
        vec![
            ("fail", one("Standard", json!({"enableShareableLink": true}))),
            ("pass", one("Standard", json!({"enableShareableLink": false}))),
            ("pass", one("Basic", json!({}))),
            ("unknown", untold()),
        ],
    );
    cases(
        "NET022",
        vec![
            ("fail", one("Standard", json!({}))),
            ("pass", one("Standard", json!({"disableCopyPaste": true}))),
            ("fail", one("Standard", json!({"disableCopyPaste": true, "enableFileCopy": true}))),
            ("fail", one("Basic", json!({"disableCopyPaste": false}))),
            ("unknown", untold()),
        ],
    );
    let report = snapshot(&one("Standard", json!({"disableCopyPaste": true, "enableFileCopy": true})));
    let evidence = &finding(&report, "NET022")["evidence"];
    assert_eq!(
        (evidence["copy_paste"].as_str(), evidence["file_copy"].as_str()),
        (Some("off"), Some("allowed"))
    );
    cases(
        "NET023",
        vec![
            ("pass", one("Premium", json!({"enableSessionRecording": true}))),
            ("fail", one("Premium", json!({}))),
            ("fail", one("Standard", json!({"enableSessionRecording": false}))),
            ("unknown", untold()),
        ],
    );
    let report = snapshot(&one("Basic", json!({})));
    assert!(finding(&report, "NET023")["message"].as_str().unwrap().contains("Basic, cannot"));
    assert_eq!(verdict(&snapshot(&[vm(json!({}))]), "NET021"), "not assessed");
}

#[test]
fn weak_gateways() {
    let one = |gateway: Value| vec![vm(json!({})), vnet(json!({})), gateway];
    let people = |ways: Value| {
        let client = json!({"vpnClientAddressPool": {"addressPrefixes": ["172.16.0.0/24"]}, "vpnAuthenticationTypes": ways});
        one(gateway("Vpn", "VpnGw1", json!({"vpnClientConfiguration": client})))
    };
    cases(
        "NET024",
        vec![
            ("pass", one(gateway("Vpn", "VpnGw1", json!({"vpnClientConfiguration": null})))),
            ("fail", one(gateway("Vpn", "Basic", json!({"vpnClientConfiguration": null})))),
            ("fail", people(json!(["Certificate"]))),
            ("fail", people(json!([]))),
            ("pass", people(json!(["AAD"]))),
            ("fail", people(json!(["AAD", "Certificate"]))),
            // Nobody connects: how they would sign in does not count.
            (
                "pass",
                one(gateway(
                    "Vpn",
                    "VpnGw1",
                    json!({"vpnClientConfiguration": {"vpnClientAddressPool": null, "vpnAuthenticationTypes": []}}),
                )),
            ),
            ("", one(gateway("ExpressRoute", "Standard", json!({})))),
            ("unknown", one(gateway("Vpn", "VpnGw1", json!({"vpnClientConfiguration": null, "sku": null})))),
            ("unknown", people(json!({"$unknown": {"reason": "at deployment"}}))),
        ],
    );
    let report = snapshot(&people(json!(["Certificate", "Radius"])));
    assert_eq!(finding(&report, "NET024")["evidence"]["sign_in"], "Certificate, Radius");
}
