//! A public address taken away: what certainly gets out and in afterwards, and what nobody is told for certain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use estate::{Estate, Family, PortSet, of_text, parse_prefix};
use fix::proof::{Keep, Need, Refusal, prove};
use fix::{Act, Ask, Fix, Options, Plan, Planner, Private, plan, private, share};
use posture::{CHECKS, Finding, Lang, Live, Settings, Status};
use reach::tags::Tags;
use reach::{Addresses, Reach};
use serde_json::{Value, json};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

fn id(kind: &str, name: &str) -> String {
    format!("{RG}/Microsoft.Network/{kind}/{name}")
}

fn subnet(vnet: &str, name: &str) -> String {
    id("virtualNetworks", &format!("{vnet}/subnets/{name}"))
}

fn rule(name: &str, priority: u32, source: &str, port: &str, allow: bool) -> Value {
    json!({"name": name, "properties": {"priority": priority, "direction": "Inbound",
        "access": if allow { "Allow" } else { "Deny" }, "protocol": if allow { "Tcp" } else { "*" }, "sourceAddressPrefix": source,
        "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": port}})
}

/// Everybody by SSH.
fn ssh() -> Value {
    rule("ssh", 100, "*", "22", true)
}

fn deny() -> Value {
    rule("deny", 4096, "*", "*", false)
}

fn group(rules: &[Value]) -> Value {
    json!({"id": id("networkSecurityGroups", "g"), "location": "japaneast", "properties": {"securityRules": rules}})
}

fn vnet(name: &str, octet: u8, no_lent_address: bool) -> Value {
    let mut own = json!({"addressPrefix": format!("10.{octet}.1.0/24"),
        "networkSecurityGroup": {"id": id("networkSecurityGroups", if name == "v" { "g" } else { "other" })}});
    if no_lent_address {
        own["defaultOutboundAccess"] = json!(false);
    }
    json!({"id": id("virtualNetworks", name), "location": "japaneast", "properties": {
        "addressSpace": {"addressPrefixes": [format!("10.{octet}.0.0/16")]}, "subnets": [
            {"id": subnet(name, "s"), "name": "s", "properties": own},
            {"id": subnet(name, "AzureBastionSubnet"), "name": "AzureBastionSubnet",
                "properties": {"addressPrefix": format!("10.{octet}.254.0/26")}}]}})
}

fn address(name: &str, number: &str) -> Value {
    let version = if number.contains(':') { "IPv6" } else { "IPv4" };
    json!({"id": id("publicIPAddresses", name), "location": "japaneast", "sku": {"name": "Standard"}, "properties": {
        "publicIPAddressVersion": version, "publicIPAllocationMethod": "Static", "ipAddress": number}})
}

/// A NIC with a public address, and that address.
fn nic(vnet: &str, octet: u8, number: u8) -> Vec<Value> {
    let name = format!("n{number}");
    vec![
        json!({"id": id("networkInterfaces", &name), "location": "japaneast", "properties": {"ipConfigurations": [
            {"name": "i", "properties": {"privateIPAddress": format!("10.{octet}.1.{}", number + 3), "primary": true,
                "subnet": {"id": subnet(vnet, "s")},
                "publicIPAddress": {"id": id("publicIPAddresses", &format!("p{number}"))}}}]}}),
        address(&format!("p{number}"), &format!("20.1.1.{number}")),
    ]
}

fn vm(number: u8, os: Option<&str>) -> Value {
    let mut vm = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/m{number}"), "location": "japaneast",
        "properties": {"networkProfile": {"networkInterfaces": [{"id": id("networkInterfaces", &format!("n{number}"))}]}}});
    if let Some(os) = os {
        vm["properties"]["storageProfile"] = json!({"osDisk": {"osType": os}});
    }
    vm
}

/// One machine behind one group, in a subnet to which Azure lends an address.
fn estate_of(rules: &[Value], more: Vec<Value>) -> Vec<Value> {
    let mut all = vec![group(rules), vnet("v", 0, false), vm(1, Some("Linux"))];
    all.extend(nic("v", 0, 1));
    all.extend(more);
    all
}

fn bastion(sku: &str) -> Value {
    let mut properties = json!({"provisioningState": "Succeeded"});
    match sku {
        "Developer" => properties["virtualNetwork"] = json!({"id": id("virtualNetworks", "v")}),
        _ => {
            properties["ipConfigurations"] =
                json!([{"name": "c", "properties": {"subnet": {"id": subnet("v", "AzureBastionSubnet")}}}]);
        }
    }
    json!({"id": id("bastionHosts", "b"), "sku": {"name": sku}, "properties": properties})
}

fn gateway(pools: &[&str]) -> Value {
    json!({"id": id("virtualNetworkGateways", "gw"), "properties": {"gatewayType": "Vpn",
        "vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": pools}},
        "ipConfigurations": [{"name": "c", "properties": {"subnet": {"id": subnet("v", "GatewaySubnet")}}}]}})
}

/// A site that is connected to the gateway.
fn site(space: &str) -> [Value; 2] {
    [
        json!({"id": id("localNetworkGateways", "site"), "properties": {"localNetworkAddressSpace": {"addressPrefixes": [space]}}}),
        json!({"id": id("connections", "c"), "properties": {"connectionStatus": "Connected", "connectionType": "IPsec",
            "virtualNetworkGateway1": {"id": id("virtualNetworkGateways", "gw")},
            "localNetworkGateway2": {"id": id("localNetworkGateways", "site")}}}),
    ]
}

fn nat(change: impl Fn(&mut Value)) -> Value {
    let mut gateway = json!({"id": id("natGateways", "nat"), "location": "Japan East", "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": id("publicIPAddresses", "pn")}]}});
    change(&mut gateway);
    gateway
}

fn read(records: &[Value]) -> Estate {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    of_text(text.as_bytes())
}

fn internet() -> [Addresses; 2] {
    [Family::V4, Family::V6].map(|family| reach::internet(family).clone())
}

struct Asked {
    private: Private,
    settings: Settings,
    options: Options,
    /// A resource of which there is no record.
    hidden: Option<String>,
}

impl Asked {
    fn plain() -> Self {
        Self {
            private: Private::default(),
            settings: Settings::default(),
            options: Options::default(),
            hidden: None,
        }
    }

    fn nat(id: &str) -> Self {
        let mut asked = Self::plain();
        asked.private.nat_gateway = Some(id.to_owned());
        asked
    }

    fn relay(prefix: &str) -> Self {
        let Some(estate::Prefix::V4(range)) = parse_prefix(prefix) else { panic!() };
        let range = estate::Range { first: range.first.into(), last: range.last.into() };
        let mut asked = Self::plain();
        asked.private.relays.push((prefix.to_owned(), [[range].into_iter().collect(), Addresses::empty()]));
        asked
    }

    fn made(&self, records: &[Value], machine: &str) -> Result<(Fix, Vec<Keep>, Live), Vec<Ask>> {
        let estate = read(records);
        let (fix, keeps) = self.with(&estate, records, |planner, findings| {
            let vm = estate.vms.iter().find(|vm| estate.text(vm.id).ends_with(machine)).unwrap();
            private(planner, vm, findings, &self.private)
        })?;
        let tags = Tags::built_in();
        let live = Live::new(estate, &tags, CHECKS, self.settings.clone(), Lang::En, internet());
        Ok((fix, keeps, live))
    }

    /// What is planned where nobody asks for a machine to become private.
    fn planned(&self, records: &[Value]) -> Plan {
        self.with(&read(records), records, plan)
    }

    fn with<T>(
        &self,
        estate: &Estate,
        records: &[Value],
        make: impl FnOnce(&Planner<'_>, &[&Finding]) -> T,
    ) -> T {
        let outcome = posture::run(estate, &Tags::built_in(), CHECKS, &self.settings, Lang::En, false);
        let findings: Vec<&Finding> =
            outcome.findings.iter().filter(|finding| finding.status == Status::Fail).collect();
        let reach = Reach::new(estate);
        let record = |id| {
            let text = estate.text(id);
            let is = |record: &&Value| record["id"].as_str().unwrap().eq_ignore_ascii_case(text);
            records.iter().find(is).filter(|_| self.hidden.as_deref() != Some(text)).cloned()
        };
        let (settings, options) = (&self.settings, &self.options);
        make(
            &Planner { estate, reach: &reach, settings, options, lang: Lang::En, record: &record },
            &findings,
        )
    }

    /// A plan that is proved.
    fn proved(&self, records: &[Value]) -> (Fix, Vec<Keep>) {
        let (fix, keeps, mut live) = match self.made(records, "m1") {
            Ok(made) => made,
            Err(asks) => panic!("{}", questions(&asks)),
        };
        assert!(keeps.iter().all(|keep| keep.need == Need::Way));
        let proof = prove(&mut live, &fix, &keeps, &internet());
        assert!(proof.refused.is_empty(), "{:?}", proof.refused);
        (fix, keeps)
    }

    fn asked(&self, records: &[Value]) -> String {
        match self.made(records, "m1") {
            Ok((fix, ..)) => panic!("{}: {:?}", fix.title, fix.notes),
            Err(asks) => questions(&asks),
        }
    }
}

fn questions(asks: &[Ask]) -> String {
    let all = asks.iter().map(|ask| format!("{} ({})", ask.question, ask.answers.join(" | ")));
    all.collect::<Vec<_>>().join("\n")
}

fn notes(fix: &Fix) -> String {
    fix.notes.join("\n")
}

/// The targets of what is made or changed, by their last word.
fn targets(fix: &Fix) -> Vec<&str> {
    fix.steps.iter().map(|step| step.write.target.rsplit('/').next().unwrap()).collect()
}

#[test]
fn a_way_by_a_gateway_is_proved_or_asked_about() {
    let vpn = |rules: &[Value]| estate_of(rules, vec![gateway(&["172.16.0.0/24"]), nat(|_| ())]);
    let asked = || Asked::nat(&id("natGateways", "nat"));
    // Without the rule for everybody nothing lets the clients in.
    let text = asked().asked(&vpn(&[ssh(), deny()]));
    assert!(text.contains("where do people come from") && text.contains("vpn gateway gw"), "{text}");
    assert!(text.contains("--relay PREFIX"), "{text}");
    // What Azure itself lets in of the network holds them.
    let (fix, keeps) = asked().proved(&vpn(&[ssh()]));
    assert!(keeps.is_empty() && notes(&fix).contains("in: by vpn gateway gw"), "{}", notes(&fix));
    // Or a rule of their own; one for some of them does not do.
    let with = |source: &str| [ssh(), rule("vpn", 200, source, "22", true), deny()];
    asked().proved(&vpn(&with("172.16.0.0/24")));
    asked().asked(&vpn(&with("172.16.0.0/25")));
    asked().asked(&vpn(&with("203.0.113.0/24")));
}

#[test]
fn a_connected_network_is_where_it_is_written_down() {
    let joined = |rules: &[Value]| {
        let mut all = estate_of(rules, vec![gateway(&[]), nat(|_| ())]);
        all.extend(site("192.168.0.0/16"));
        all
    };
    let with = |source: &str| [ssh(), rule("site", 200, source, "22", true), deny()];
    let named = id("natGateways", "nat");
    let (fix, _) = Asked::nat(&named).proved(&joined(&with("192.168.0.0/16")));
    assert!(notes(&fix).contains("in: by vpn gateway gw (site)"), "{}", notes(&fix));
    // A part of it only: the person says where people sit.
    let part = joined(&with("192.168.7.0/24"));
    Asked::nat(&named).asked(&part);
    let mut relay = Asked::relay("192.168.7.0/24");
    relay.private.nat_gateway = Some(named.clone());
    let (fix, keeps) = relay.proved(&part);
    assert!(keeps.is_empty() && notes(&fix).contains("192.168.7.0/24"), "{}", notes(&fix));
    let mut other = Asked::relay("192.168.8.0/24");
    other.private.nat_gateway = Some(named);
    let (fix, keeps, mut live) =
        other.made(&part, "m1").unwrap_or_else(|asks| panic!("{}", questions(&asks)));
    let proof = prove(&mut live, &fix, &keeps, &internet());
    assert!(matches!(proof.refused.as_slice(), [Refusal::NoWay { .. }]), "{:?}", proof.refused);
}

#[test]
fn bastions_are_proved_by_where_they_come_from() {
    let plain = Asked::plain();
    let standard = |rules: &[Value]| estate_of(rules, vec![bastion("Standard")]);
    let (_, keeps) = plain.proved(&standard(&[ssh()]));
    assert_eq!(keeps.len(), 1);
    assert!(plain.asked(&standard(&[ssh(), deny()])).contains("bastion b"));
    // The developers' one comes from an address of the platform.
    let developer = |rules: &[Value]| estate_of(rules, vec![bastion("Developer")]);
    let (fix, keeps) = plain.proved(&developer(&[ssh()]));
    assert!(keeps.is_empty() && notes(&fix).contains("in: by bastion b"), "{}", notes(&fix));
    assert!(plain.asked(&developer(&[ssh(), deny()])).contains("bastion b"));
    let own = rule("dev", 200, "168.63.129.16", "22", true);
    plain.proved(&developer(&[ssh(), own, deny()]));
    // One way that is proved is enough, and the other is told.
    let both = [ssh(), rule("b", 200, "10.0.254.0/26", "22", true), deny()];
    let (fix, keeps) = plain.proved(&estate_of(&both, vec![bastion("Standard")]));
    assert!(keeps.len() == 1 && !notes(&fix).contains("not proved"));
    let more = vec![bastion("Standard"), gateway(&["172.16.0.0/24"]), nat(|_| ())];
    let (fix, keeps) = Asked::nat(&id("natGateways", "nat")).proved(&estate_of(&both, more));
    assert!(keeps.len() == 1, "{}", notes(&fix));
}

/// A public load balancer with the machine in its pool, and rules.
fn balancer(rules: &Value) -> Vec<Value> {
    let at = id("loadBalancers", "lb");
    let mut properties = json!({
        "frontendIPConfigurations": [
            {"name": "fe", "id": format!("{at}/frontendIPConfigurations/fe"),
                "properties": {"publicIPAddress": {"id": id("publicIPAddresses", "plb")}}},
            {"name": "in", "id": format!("{at}/frontendIPConfigurations/in"),
                "properties": {"privateIPAddress": "10.0.1.9", "subnet": {"id": subnet("v", "s")}}}],
        "backendAddressPools": [{"name": "pool", "id": format!("{at}/backendAddressPools/pool"), "properties": {}}]});
    for (name, value) in rules.as_object().unwrap() {
        properties[name] = value.clone();
    }
    vec![json!({"id": at, "sku": {"name": "Standard"}, "properties": properties}), address("plb", "20.8.8.8")]
}

#[test]
fn a_load_balancer_gives_a_way_out_by_its_rules_alone() {
    let at = id("loadBalancers", "lb");
    let pool = json!({"id": format!("{at}/backendAddressPools/pool")});
    let world = |rules: &Value, lent: bool| {
        let mut all = estate_of(&[ssh()], vec![bastion("Standard")]);
        all[1] = vnet("v", 0, !lent);
        all[3]["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
            json!([pool]);
        all.extend(balancer(rules));
        all
    };
    let forward = |front: &str, off: bool| {
        json!({"loadBalancingRules": [{"name": "r", "id": format!("{at}/loadBalancingRules/r"), "properties": {
            "frontendIPConfiguration": {"id": format!("{at}/frontendIPConfigurations/{front}")}, "backendAddressPool": pool,
            "protocol": "Tcp", "frontendPort": 8443, "backendPort": 8443, "disableOutboundSnat": off}}]})
    };
    let out = json!({"outboundRules": [{"name": "o", "id": format!("{at}/outboundRules/o"), "properties": {"protocol": "All",
        "frontendIPConfigurations": [{"id": format!("{at}/frontendIPConfigurations/fe")}], "backendAddressPool": pool}}]});
    let plain = Asked::plain();
    for rules in [&out, &forward("fe", false)] {
        let (fix, _) = plain.proved(&world(rules, true));
        assert!(
            notes(&fix).contains("out: by the load balancer") && targets(&fix).len() == 2,
            "{:?}",
            targets(&fix)
        );
    }
    for rules in [&json!({}), &forward("fe", true), &forward("in", false)] {
        let (fix, _) = plain.proved(&world(rules, true));
        assert!(targets(&fix).contains(&"v-s-nat"), "{:?} {}", targets(&fix), notes(&fix));
    }
    // Where its record is not there nobody is told.
    let mut hidden = Asked::plain();
    hidden.hidden = Some(at.clone());
    assert!(hidden.asked(&world(&out, true)).contains("the rules of the load balancer `lb` are not known"));
    // An address that nobody comes by goes on its own where the way out is certain.
    let off = |asked: &Asked, rules: &Value| {
        let mut all = world(rules, true);
        all[0] = group(&[rule("corp", 100, "10.0.0.0/8", "22", true)]);
        let plan = asked.planned(&all);
        let goes = plan.fixes.iter().any(|fix| fix.id.starts_with("address"));
        (goes, questions(&plan.asks))
    };
    assert!(off(&plain, &out).0 && off(&plain, &forward("fe", false)).0);
    for rules in [&json!({}), &forward("fe", true), &forward("in", false)] {
        let (goes, asks) = off(&plain, rules);
        assert!(!goes && asks.contains("is the only way by which"), "{asks}");
    }
    let (goes, asks) = off(&hidden, &out);
    assert!(!goes && asks.contains("load balancer `lb`"), "{asks}");
}

#[test]
fn the_port_that_people_log_in_by_is_known_or_asked_for() {
    let unknown = |rules: &[Value]| {
        let mut all = estate_of(rules, vec![bastion("Standard")]);
        all[2] = vm(1, None);
        all
    };
    let plain = Asked::plain();
    let (_, keeps) = plain.proved(&unknown(&[rule("rdp", 100, "*", "3389", true)]));
    assert_eq!(keeps[0].ports, PortSet::one(3389));
    // Nothing is open, and nothing tells what it runs.
    let text = plain.asked(&unknown(&[rule("site", 100, "10.0.0.0/8", "22", true)]));
    assert!(text.contains("by which port"), "{text}");
    // The port of the operating system is one that people log in by where the team says so.
    let linux = |rules: &[Value]| estate_of(rules, vec![bastion("Standard")]);
    let ports =
        |ports: &[u16]| ports.iter().fold(PortSet::default(), |sum, port| sum.union(&PortSet::one(*port)));
    assert_eq!(plain.proved(&linux(&[rule("rdp", 100, "*", "3389", true)])).1[0].ports, ports(&[22, 3389]));
    let mut close = Asked::plain();
    close.options.close = true;
    close.settings.management_ports = vec![2222];
    assert_eq!(close.proved(&linux(&[rule("wide", 100, "*", "*", true)])).1[0].ports, ports(&[2222]));
    assert!(close.asked(&estate_of(&[], vec![bastion("Standard")])).contains("by which port"));
}

#[test]
fn a_nat_gateway_that_is_named_is_looked_at() {
    let world = |nat: Value| {
        let mut all = estate_of(&[ssh()], vec![bastion("Standard"), nat]);
        all[1] = vnet("v", 0, true);
        all
    };
    let named = id("natGateways", "nat");
    let (fix, _) = Asked::nat(&named).proved(&world(nat(|_| ())));
    assert_eq!(targets(&fix), ["s", "ssh", "n1"]);
    // By prefixes, too.
    let prefixes = nat(|nat| nat["properties"] = json!({"publicIpPrefixes": [{"id": "/p"}]}));
    Asked::nat(&named).proved(&world(prefixes));
    for wrong in [
        "nat",
        "/subscriptions/s/natGateways/nat",
        &id("publicIPAddresses", "p1"),
        &format!("{named}/x/y"),
        "/a//b",
    ] {
        let text = Asked::nat(wrong).asked(&world(nat(|_| ())));
        assert!(text.contains("is no id of a NAT gateway"), "{wrong}: {text}");
    }
    let asked = |nat: Value| Asked::nat(&named).asked(&world(nat));
    assert!(asked(nat(|nat| nat["location"] = json!("westus"))).contains("is in westus"));
    assert!(asked(nat(|nat| nat["properties"] = json!({}))).contains("has no public address"));
    let elsewhere = nat(|nat| nat["properties"]["subnets"] = json!([{"id": subnet("w", "s")}]));
    assert!(asked(elsewhere).contains("serves the network `w`"));
    // One that the input does not hold is told to be unseen.
    let (fix, _) = Asked::nat(&id("natGateways", "unseen")).proved(&world(nat(|_| ())));
    assert!(notes(&fix).contains("no record of the NAT gateway `unseen`"), "{}", notes(&fix));
}

#[test]
fn a_doubt_about_routes_is_settled_by_the_gateway_that_is_named() {
    let mut world = estate_of(&[ssh()], vec![gateway(&["172.16.0.0/24"])]);
    world[1]["properties"]["subnets"].as_array_mut().unwrap().push(
        json!({"id": subnet("v", "GatewaySubnet"), "name": "GatewaySubnet", "properties": {"addressPrefix": "10.0.255.0/27"}}),
    );
    assert!(Asked::plain().asked(&world).contains("--nat-gateway ID"));
    world.push(nat(|_| ()));
    let (fix, _) = Asked::nat(&id("natGateways", "nat")).proved(&world);
    assert_eq!(targets(&fix), ["s", "ssh", "n1"]);
    world[1]["properties"]["subnets"][0]["properties"]["natGateway"] =
        json!({"id": id("natGateways", "nat")});
    let (fix, _) = Asked::nat(&id("natGateways", "nat")).proved(&world);
    assert_eq!(targets(&fix), ["ssh", "n1"]);
}

#[test]
fn ipv6_is_no_business_of_a_nat_gateway() {
    let mut world = estate_of(&[ssh()], vec![bastion("Standard"), address("p6", "2603:1040::5")]);
    world[1] = vnet("v", 0, true);
    world[1]["properties"]["addressSpace"]["addressPrefixes"] = json!(["10.0.0.0/16", "fd00::/48"]);
    world[1]["properties"]["subnets"][0]["properties"]["addressPrefixes"] =
        json!(["10.0.1.0/24", "fd00::/64"]);
    world[3]["properties"]["ipConfigurations"].as_array_mut().unwrap().push(
        json!({"name": "six", "properties": {
        "privateIPAddress": "fd00::4", "privateIPAddressVersion": "IPv6", "subnet": {"id": subnet("v", "s")},
        "publicIPAddress": {"id": id("publicIPAddresses", "p6")}}}),
    );
    let text = Asked::plain().asked(&world);
    assert!(text.contains("need IPv6") && text.contains("`six`"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    // Nor where the subnet has one, in whichever order Azure tells.
    world[1]["properties"]["subnets"][0]["properties"]["natGateway"] =
        json!({"id": id("natGateways", "nat")});
    assert!(Asked::plain().asked(&world).contains("need IPv6"));
    world[3]["properties"]["ipConfigurations"].as_array_mut().unwrap().reverse();
    assert!(Asked::plain().asked(&world).contains("need IPv6"));
    // Without it the rest is as always.
    world[3]["properties"]["ipConfigurations"].as_array_mut().unwrap().remove(0);
    let (fix, _) = Asked::plain().proved(&world);
    assert!(notes(&fix).contains("as now"));
}

#[test]
fn what_two_machines_share_is_made_once() {
    let mut world =
        estate_of(&[ssh()], vec![bastion("Standard"), vm(2, Some("Linux")), vm(3, Some("Linux"))]);
    world[1] = vnet("v", 0, true);
    world.extend(nic("v", 0, 2));
    world.push(vnet("w", 1, true));
    world.push(json!({"id": id("networkSecurityGroups", "other"), "location": "japaneast", "properties": {"securityRules": [ssh()]}}));
    world.extend(nic("w", 1, 3));
    let fix = |machine: &str| {
        let mut asked = Asked::relay(if machine == "m3" { "10.1.9.0/24" } else { "10.0.9.0/24" });
        asked.options.close = true;
        let made = asked.made(&world, machine);
        made.unwrap_or_else(|asks| panic!("{}", questions(&asks))).0
    };
    let mut fixes = [fix("m1"), fix("m2"), fix("m3")];
    share(&mut fixes);
    let [one, two, three] = &fixes;
    assert_eq!(targets(one)[..3], ["v-s-nat-ip", "v-s-nat", "s"]);
    assert_eq!(targets(two), ["n2"]);
    assert_eq!(two.after, std::slice::from_ref(&one.id));
    // Another network with a subnet of the same name.
    assert_eq!(targets(three)[..3], ["w-s-nat-ip", "w-s-nat", "s"]);
    assert!(one.after.is_empty() && three.after.is_empty());
    assert!(one.steps.iter().all(|step| !matches!(step.write.act, Act::Run { .. })));
}

#[test]
fn names_are_as_long_as_azure_allows() {
    let long = "x".repeat(80);
    let text = serde_json::to_string(&estate_of(&[ssh()], vec![bastion("Standard")])).unwrap();
    let text = text.replace("/subnets/s\"", &format!("/subnets/{long}\""));
    let mut world: Vec<Value> = serde_json::from_str(&text).unwrap();
    world[1]["properties"]["subnets"][0]["properties"]["defaultOutboundAccess"] = json!(false);
    let (fix, _) = Asked::plain().proved(&world);
    let [address, gateway, ..] = targets(&fix)[..] else { panic!() };
    assert!(address.len() <= 80 && gateway.len() <= 80 && address.starts_with(gateway), "{address}");
    assert!(gateway.starts_with("v-xxx") && gateway.ends_with("-nat"), "{gateway}");
}

#[test]
fn what_is_asked_of_a_rule_is_told() {
    // The group cannot be read as Azure has it, so that its rule stays.
    let mut asked = Asked::plain();
    asked.hidden = Some(id("networkSecurityGroups", "g"));
    let world = estate_of(&[ssh()], vec![bastion("Standard")]);
    let (fix, keeps, _) = asked.made(&world, "m1").unwrap_or_else(|asks| panic!("{}", questions(&asks)));
    assert!(notes(&fix).contains("cannot be read as Azure has it"), "{}", notes(&fix));
    assert!(keeps.len() == 1 && targets(&fix) == ["n1"]);
    // What nothing but the record tells is not proved.
    asked.private.nat_gateway = Some(id("natGateways", "nat"));
    asked.asked(&estate_of(&[ssh()], vec![gateway(&["172.16.0.0/24"]), nat(|_| ())]));
}
