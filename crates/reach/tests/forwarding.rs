//! Every way in against a plain reading of it, on random estates: public addresses, load balancers, firewalls,
//! security admin rules, application security groups, peerings, both levels of groups.
//!
//! The reading of load balancers and firewalls here is a second one, from what the estates are made of; groups
//! and admin rules are walked by `reach::plain`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::net::IpAddr;

use estate::{
    Access, AdminAccess, AdminRule, Collector, Direction, Estate, Family, Known, Part, PortSet, RangeSet,
    ResourceId, SourceIndex, split::Splitter,
};
use proptest::prelude::*;
use reach::evidence::{Claim, Doubt, verify};
use reach::flow::{Finder, Flow, flow};
use reach::plain;
use reach::tags::Tags;
use reach::{Endpoint, Level, Opening, Packet, Protocols, Reach, Start, Way, exposed, internet, rule_name};
use serde_json::{Value, json};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

fn net(name: &str) -> String {
    format!("{RG}/Microsoft.Network/{name}")
}

fn id(name: &str) -> Value {
    json!({"id": net(name)})
}

fn read(resources: &Value) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let text = resources.to_string();
    let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

/// A rule of a group or, without the fields that those do not have, of the network's administrators.
#[derive(Clone, Debug)]
struct Rule {
    priority: u32,
    allow: bool,
    protocol: &'static str,
    source: &'static str,
    source_port: &'static str,
    destination: &'static str,
    port: &'static str,
}

/// Sources; what begins with `asg:` is an application security group.
const SOURCES: [&str; 14] = [
    "*",
    "Internet",
    "0.0.0.0/0",
    "VirtualNetwork",
    "asg:b",
    "203.0.113.0/24",
    "10.0.0.9",
    "AzureCloud.japaneast",
    "10.0.1.0/28",
    "10.0.1.0/29",
    "10.9.0.0/16",
    "AzureLoadBalancer",
    "NoSuchTag",
    "Storage",
];
const DESTINATIONS: [&str; 6] = ["*", "asg:a", "10.0.0.4", "10.0.0.0/24", "20.1.2.3", "VirtualNetwork"];
const PORTS: [&str; 6] = ["*", "22", "20-25", "3389", "4000-4010", "80"];

fn one_of(from: &'static [&'static str], usual: usize) -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => 0..usual, 1 => 0..from.len()].prop_map(|index| from[index])
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        prop_oneof![20 => (0u32..12).prop_map(|at| 100 + 10 * at), 1 => Just(100)],
        prop_oneof![3 => Just(true), 2 => Just(false)],
        one_of(&["*", "Tcp", "Udp", "Icmp"], 3),
        one_of(&SOURCES, 12),
        one_of(&["*", "1024-65535"], 1),
        one_of(&DESTINATIONS, 3),
        prop_oneof![Just("*"), one_of(&PORTS, 6)],
    )
        .prop_map(|(priority, allow, protocol, source, source_port, destination, port)| Rule {
            priority,
            allow,
            protocol,
            source,
            source_port,
            destination,
            port,
        })
}

#[derive(Clone, Debug)]
struct Admin {
    rule: Rule,
    access: &'static str,
    /// The network that it is deployed to.
    vnet: Option<&'static str>,
}

fn admin() -> impl Strategy<Value = Admin> {
    (rule(), one_of(&["Deny", "Allow", "AlwaysAllow"], 3), 0u8..8).prop_map(|(rule, access, vnet)| Admin {
        rule: Rule { source: rule.source.strip_prefix("asg:").map_or(rule.source, |_| "*"), ..rule },
        access,
        vnet: match vnet {
            0..3 => None,
            3 => Some("w"),
            _ => Some("v"),
        },
    })
}

/// How a load balancer's rule names its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    PoolOfNic,
    PoolByAddress,
    EmptyPool,
    Nat,
    NatRange,
}

#[derive(Clone, Debug)]
struct Balancing {
    to: To,
    public: bool,
    protocol: &'static str,
    /// Zero for HA ports.
    frontend: u16,
    backend: u16,
    floating: bool,
}

/// Azure takes one rule for a frontend and a port: of several the first stays.
fn distinct(all: Vec<Balancing>) -> Vec<Balancing> {
    let mut kept: Vec<Balancing> = Vec::new();
    for one in all {
        let ports =
            |other: &Balancing| other.frontend == one.frontend || other.frontend == 0 || one.frontend == 0;
        if !kept.iter().any(|other| other.public == one.public && ports(other)) {
            kept.push(one);
        }
    }
    kept
}

fn balancing() -> impl Strategy<Value = Balancing> {
    (
        prop_oneof![
            Just(To::PoolOfNic),
            Just(To::PoolByAddress),
            Just(To::EmptyPool),
            Just(To::Nat),
            Just(To::NatRange)
        ],
        prop_oneof![2 => Just(true), 1 => Just(false)],
        one_of(&["Tcp", "Udp", "All"], 2),
        prop_oneof![Just(22u16), Just(4000), Just(2200), Just(0)],
        prop_oneof![Just(22u16), Just(3389), Just(80)],
        prop_oneof![4 => Just(false), 1 => Just(true)],
    )
        .prop_map(|(to, public, protocol, frontend, backend, floating)| {
            let whole = frontend == 0;
            Balancing {
                to: if whole && matches!(to, To::Nat | To::NatRange) { To::PoolOfNic } else { to },
                public,
                protocol: if whole { "All" } else { protocol },
                frontend,
                backend: if whole { 0 } else { backend },
                floating,
            }
        })
}

impl Balancing {
    fn carries(&self, protocol: Protocols) -> bool {
        match self.protocol {
            "Tcp" => protocol == Protocols::TCP,
            "Udp" => protocol == Protocols::UDP,
            _ => protocol == Protocols::TCP || protocol == Protocols::UDP,
        }
    }

    fn listens(&self, port: u16) -> bool {
        match self.to {
            _ if self.frontend == 0 => true,
            To::NatRange => (self.frontend..self.frontend + 10).contains(&port),
            _ => port == self.frontend,
        }
    }

    /// The port that packets have behind it.
    fn behind(&self, port: u16) -> u16 {
        if self.backend == 0 { port } else { self.backend }
    }
}

#[derive(Clone, Debug)]
struct Dnat {
    priority: u32,
    protocols: &'static [&'static str],
    source: &'static str,
    /// First and last.
    ports: (u16, u16),
    /// To the VM, to the private frontend, or elsewhere.
    to: &'static str,
    to_port: u16,
}

fn dnat() -> impl Strategy<Value = Dnat> {
    const PROTOCOLS: [&[&str]; 3] = [&["TCP"], &["UDP"], &["TCP", "UDP"]];
    (
        0u32..4,
        0..PROTOCOLS.len(),
        one_of(&["*", "203.0.113.0/24", "203.0.113.7", "8.8.8.8", "0.0.0.0/1"], 5),
        prop_oneof![
            Just((4000, 4000)),
            Just((4000, 4001)),
            Just((4001, 4003)),
            Just((4000, 4010)),
            Just((22, 22))
        ],
        one_of(&["10.0.0.4", "10.0.0.100", "10.0.0.77"], 3),
        prop_oneof![Just(22u16), Just(3389), Just(4000)],
    )
        .prop_map(|(at, protocols, source, ports, to, to_port)| Dnat {
            priority: 100 + 100 * at,
            protocols: PROTOCOLS[protocols],
            source,
            ports,
            to,
            to_port,
        })
}

impl Dnat {
    fn takes(&self, protocol: Protocols, client: IpAddr, port: u16) -> bool {
        let by_name = self.protocols.iter().any(|name| match *name {
            "TCP" => protocol == Protocols::TCP,
            _ => protocol == Protocols::UDP,
        });
        let IpAddr::V4(client) = client else { return false };
        let [a, b, c, d] = client.octets();
        let by_source = match self.source {
            "*" => true,
            "203.0.113.0/24" => (a, b, c) == (203, 0, 113),
            "203.0.113.7" => (a, b, c, d) == (203, 0, 113, 7),
            "8.8.8.8" => (a, b, c, d) == (8, 8, 8, 8),
            _ => a < 128,
        };
        by_name && by_source && (self.ports.0..=self.ports.1).contains(&port)
    }
}

/// What an estate is made of.
#[derive(Clone, Debug)]
struct World {
    subnet: Option<Vec<Rule>>,
    nic: Option<Vec<Rule>>,
    admins: Vec<Admin>,
    balancing: Vec<Balancing>,
    balancer_sku: &'static str,
    translations: Vec<Dnat>,
    public: Option<&'static str>,
    member: bool,
    peered: bool,
    peer_connected: bool,
}

fn world() -> impl Strategy<Value = World> {
    let group = || proptest::option::weighted(0.8, proptest::collection::vec(rule(), 0..6));
    let sku = || one_of(&["Standard", "Basic"], 2);
    (
        (
            group(),
            group(),
            prop_oneof![
                2 => Just(Vec::new()),
                1 => proptest::collection::vec(admin(), 1..4)
            ],
        ),
        (proptest::collection::vec(balancing(), 0..4), sku()),
        proptest::collection::vec(dnat(), 0..4),
        proptest::option::of(sku()),
        any::<(bool, bool, bool)>(),
    )
        .prop_map(
            |((subnet, nic, mut admins), (balancing, balancer_sku), translations, public, flags)| {
                // Two admin rules of one priority Azure refuses; groups have a few, to be unknown.
                admins.sort_by_key(|admin| admin.rule.priority);
                admins.dedup_by_key(|admin| admin.rule.priority);
                // So it does two rules of one frontend that listen to the same.
                let mut alone: Vec<Balancing> = Vec::new();
                for one in balancing {
                    let both = |other: &Balancing| {
                        [Protocols::TCP, Protocols::UDP]
                            .iter()
                            .any(|protocol| one.carries(*protocol) && other.carries(*protocol))
                    };
                    let same = |other: &Balancing| {
                        (0..=u16::MAX).any(|port| one.listens(port) && other.listens(port))
                    };
                    if !alone.iter().any(|other| other.public == one.public && both(other) && same(other)) {
                        alone.push(one);
                    }
                }
                let balancing = alone;
                World {
                    subnet,
                    nic,
                    admins,
                    balancing: distinct(balancing),
                    balancer_sku,
                    translations,
                    public,
                    member: flags.0,
                    peered: flags.1,
                    peer_connected: flags.2,
                }
            },
        )
}

fn side(properties: &mut Value, side: &str, named: &str) {
    match named.strip_prefix("asg:") {
        Some(group) => {
            properties[format!("{side}ApplicationSecurityGroups")] =
                json!([id(&format!("applicationSecurityGroups/{group}"))]);
        }
        None => properties[format!("{side}AddressPrefix")] = named.into(),
    }
}

fn group(name: &str, rules: &[Rule]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .enumerate()
        .map(|(at, rule)| {
            let mut properties = json!({"priority": rule.priority, "direction": "Inbound",
                "access": if rule.allow { "Allow" } else { "Deny" }, "protocol": rule.protocol,
                "sourcePortRange": rule.source_port, "destinationPortRange": rule.port});
            side(&mut properties, "source", rule.source);
            side(&mut properties, "destination", rule.destination);
            json!({"name": format!("r{at}"), "properties": properties})
        })
        .collect();
    json!({"id": net(&format!("networkSecurityGroups/{name}")), "properties": {"securityRules": rules}})
}

const IP: &str = "networkInterfaces/n/ipConfigurations/i";

impl World {
    fn estate(&self) -> Estate {
        let linked = |rules: &Option<Vec<Rule>>, name: &str| match rules {
            Some(_) => id(&format!("networkSecurityGroups/{name}")),
            None => Value::Null,
        };
        let mut all = Vec::new();
        for (rules, name) in [(&self.subnet, "sg"), (&self.nic, "ng")] {
            all.extend(rules.as_ref().map(|rules| group(name, rules)));
        }
        let peerings = match self.peered {
            true => json!([{"name": "w", "properties": {"peeringState": "Connected",
                "allowVirtualNetworkAccess": self.peer_connected, "remoteVirtualNetwork": id("virtualNetworks/w")}}]),
            false => json!([]),
        };
        all.push(json!({"id": net("virtualNetworks/v"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "virtualNetworkPeerings": peerings,
            "subnets": [
                {"id": net("virtualNetworks/v/subnets/s"), "properties": {"addressPrefix": "10.0.0.0/24",
                    "networkSecurityGroup": linked(&self.subnet, "sg")}},
                {"id": net("virtualNetworks/v/subnets/AzureFirewallSubnet"),
                 "properties": {"addressPrefix": "10.0.1.0/28"}}]}}));
        all.push(json!({"id": net("virtualNetworks/w"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": []}}));
        let asgs = match self.member {
            true => json!([id("applicationSecurityGroups/a")]),
            false => json!([id("applicationSecurityGroups/c")]),
        };
        let mut ip = json!({"privateIPAddress": "10.0.0.4", "subnet": id("virtualNetworks/v/subnets/s"),
            "applicationSecurityGroups": asgs,
            "loadBalancerBackendAddressPools": [id("loadBalancers/lb/backendAddressPools/nic")]});
        if let Some(sku) = self.public {
            ip["publicIPAddress"] = id("publicIPAddresses/own");
            all.push(json!({"id": net("publicIPAddresses/own"), "sku": {"name": sku}, "properties": {}}));
        }
        all.push(json!({"id": net("networkInterfaces/n"), "properties": {
            "virtualMachine": {"id": format!("{RG}/Microsoft.Compute/virtualMachines/m")},
            "networkSecurityGroup": linked(&self.nic, "ng"),
            "ipConfigurations": [{"name": "i", "id": net(IP), "properties": ip}]}}));
        all.push(json!({"id": net("networkInterfaces/other"), "properties": {
            "ipConfigurations": [{"name": "i", "id": net("networkInterfaces/other/ipConfigurations/i"), "properties": {
                "privateIPAddress": "10.0.0.9", "subnet": id("virtualNetworks/v/subnets/s"),
                "applicationSecurityGroups": [id("applicationSecurityGroups/b")]}}]}}));
        all.push(json!({"id": net("publicIPAddresses/front"), "sku": {"name": "Standard"},
            "properties": {"ipAddress": "20.1.2.3"}}));
        all.push(self.balancer());
        all.push(self.firewall());
        all.extend(self.admins.iter().enumerate().map(|(at, admin)| admin_rule(at, admin)));
        read(&all.into())
    }

    fn balancer(&self) -> Value {
        let (mut rules, mut nat) = (Vec::new(), Vec::new());
        for (at, one) in self.balancing.iter().enumerate() {
            let frontend = if one.public { "public" } else { "private" };
            let mut properties = json!({
                "frontendIPConfiguration": id(&format!("loadBalancers/lb/frontendIPConfigurations/{frontend}")),
                "protocol": one.protocol, "frontendPort": one.frontend, "backendPort": one.backend,
                "enableFloatingIP": one.floating});
            let pool = |name: &str| id(&format!("loadBalancers/lb/backendAddressPools/{name}"));
            match one.to {
                To::PoolOfNic => properties["backendAddressPool"] = pool("nic"),
                To::PoolByAddress => properties["backendAddressPools"] = json!([pool("address")]),
                To::EmptyPool => properties["backendAddressPool"] = pool("empty"),
                To::Nat => properties["backendIPConfiguration"] = id(IP),
                To::NatRange => {
                    properties["backendAddressPool"] = pool("nic");
                    properties["frontendPort"] = 0.into();
                    properties["frontendPortRangeStart"] = one.frontend.into();
                    properties["frontendPortRangeEnd"] = (one.frontend + 9).into();
                }
            }
            let list = match one.to {
                To::Nat | To::NatRange => ("inboundNatRules", &mut nat),
                _ => ("loadBalancingRules", &mut rules),
            };
            list.1.push(
                json!({"id": net(&format!("loadBalancers/lb/{}/{at}", list.0)), "name": at.to_string(),
                "properties": properties}),
            );
        }
        json!({"id": net("loadBalancers/lb"), "sku": {"name": self.balancer_sku}, "properties": {
            "frontendIPConfigurations": [
                {"id": net("loadBalancers/lb/frontendIPConfigurations/public"),
                 "properties": {"publicIPAddress": id("publicIPAddresses/front")}},
                {"id": net("loadBalancers/lb/frontendIPConfigurations/private"), "properties": {
                 "privateIPAddress": "10.0.0.100", "subnet": id("virtualNetworks/v/subnets/s")}}],
            "backendAddressPools": [
                {"id": net("loadBalancers/lb/backendAddressPools/nic"), "properties": {}},
                {"id": net("loadBalancers/lb/backendAddressPools/empty"), "properties": {}},
                {"id": net("loadBalancers/lb/backendAddressPools/address"), "properties": {
                 "loadBalancerBackendAddresses": [{"name": "a", "properties": {"ipAddress": "10.0.0.4",
                    "virtualNetwork": id("virtualNetworks/v")}}]}}],
            "loadBalancingRules": rules, "inboundNatRules": nat}})
    }

    fn firewall(&self) -> Value {
        let collections: Vec<Value> = self
            .translations
            .iter()
            .enumerate()
            .map(|(at, one)| {
                let ports = if one.ports.0 == one.ports.1 {
                    one.ports.0.to_string()
                } else {
                    format!("{}-{}", one.ports.0, one.ports.1)
                };
                json!({"name": format!("c{at}"), "properties": {"priority": one.priority,
                    "action": {"type": "Dnat"}, "rules": [{"name": format!("t{at}"),
                    "protocols": one.protocols, "sourceAddresses": [one.source],
                    "destinationAddresses": ["20.1.2.3"], "destinationPorts": [ports],
                    "translatedAddress": one.to, "translatedPort": one.to_port.to_string()}]}})
            })
            .collect();
        json!({"id": net("azureFirewalls/fw"), "properties": {
            "ipConfigurations": [{"name": "c", "properties": {
                "subnet": id("virtualNetworks/v/subnets/AzureFirewallSubnet"),
                "publicIPAddress": id("publicIPAddresses/front")}}],
            "natRuleCollections": collections, "networkRuleCollections": []}})
    }

    /// The translation that takes a packet: the first by priority, then as they stand.
    fn taken(&self, protocol: Protocols, client: IpAddr, port: u16) -> Option<(usize, &Dnat)> {
        let mut order: Vec<(usize, &Dnat)> = self.translations.iter().enumerate().collect();
        order.sort_by_key(|(_, one)| one.priority);
        order.into_iter().find(|(_, one)| one.takes(protocol, client, port))
    }
}

fn admin_rule(at: usize, admin: &Admin) -> Value {
    let side = |named: &str| match named.strip_prefix("asg:").unwrap_or(named) {
        "*" | "a" | "b" => json!([]),
        tag if tag.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            json!([{"addressPrefixType": "ServiceTag", "addressPrefix": tag}])
        }
        prefix => json!([{"addressPrefixType": "IPPrefix", "addressPrefix": prefix}]),
    };
    let ports = |range: &str| if range == "*" { json!(["0-65535"]) } else { json!([range]) };
    let rule = &admin.rule;
    let mut record = json!({
        "id": net(&format!("networkManagers/nm/securityAdminConfigurations/c/ruleCollections/rc/rules/a{at}")),
        "kind": "Custom", "properties": {
            "access": admin.access, "priority": rule.priority, "direction": "Inbound",
            "protocol": if rule.protocol == "*" { "Any" } else { rule.protocol },
            "sources": side(rule.source), "destinations": side(rule.destination),
            "sourcePortRanges": ports(rule.source_port), "destinationPortRanges": ports(rule.port)}});
    if let Some(vnet) = admin.vnet {
        record["virtualNetwork"] = id(&format!("virtualNetworks/{vnet}"));
    }
    record
}

/// The member of the group `b`.
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

/// What becomes of a packet: `None` when nobody can tell.
type Fate = Option<bool>;

/// A NIC in the light of the plain evaluator.
struct Plain<'e> {
    estate: &'e Estate,
    endpoint: Endpoint,
    tags: std::sync::Arc<Tags>,
}

impl Plain<'_> {
    fn admin(
        &self,
        rules: &[&AdminRule],
        endpoint: &Endpoint,
        packet: &Packet,
    ) -> Option<Option<AdminAccess>> {
        let members = |_, _| Some(false);
        plain::walk_admin(rules, self.estate, Direction::Inbound, endpoint, packet, &members, &self.tags)
    }

    /// Everything that admin rules may do, each rule asked by itself: nothing at all is the last.
    fn outcomes(&self, endpoint: &Endpoint, packet: &Packet) -> Vec<Option<AdminAccess>> {
        // Where the list of what is deployed is there, a configuration that is not in it is not.
        let all = &self.estate.admin_rules;
        let listed = all.iter().any(|admin| admin.vnet.is_some() && admin.vnet == endpoint.vnet);
        let mut rules: Vec<&AdminRule> = all.iter().filter(|admin| !listed || admin.vnet.is_some()).collect();
        rules.sort_by_key(|admin| admin.rule.priority.value().copied());
        let mut all = Vec::new();
        for admin in rules {
            // One that denies tells apart whether it matches for certain, perhaps or not at all.
            let denying = AdminRule { access: Known::Value(AdminAccess::Deny), ..admin.clone() };
            match self.admin(&[&denying], endpoint, packet) {
                Some(None) => {}
                matched => {
                    all.push(admin.access.value().copied());
                    if matched.is_some() {
                        return all;
                    }
                }
            }
        }
        all.push(None);
        all
    }

    /// What admin rules and both groups do.
    fn guards(&self, floating: bool, packet: &Packet) -> Fate {
        let mut endpoint = self.endpoint.clone();
        if floating {
            (endpoint.address, endpoint.subnet) = (None, None);
        }
        let members = |asg: ResourceId, address: IpAddr| {
            let number = number(address);
            if self.estate.text(asg).to_ascii_lowercase().ends_with("/b") && address == OTHER {
                return Some(true);
            }
            // A member that the input does not hold may have any address inside the network.
            let inside = endpoint.network.tag.may.contains(number) && !internet(Family::V4).contains(number);
            if inside { None } else { Some(false) }
        };
        let groups = [&endpoint.subnet_level, &endpoint.nic_level].map(|level| match level {
            Level::Open => Some(true),
            Level::Unknown(_) => None,
            Level::Group(id) => {
                let rules = self.estate.nsg(*id).unwrap().rules.as_ref().unwrap().value().unwrap();
                let verdict = plain::walk(rules, Direction::Inbound, &endpoint, packet, &members, &self.tags);
                verdict.access.map(|access| access == Access::Allow)
            }
        });
        let by_groups = match groups {
            [Some(false), _] | [_, Some(false)] => Some(false),
            [Some(true), Some(true)] => Some(true),
            _ => None,
        };
        let outcomes = self.outcomes(&endpoint, packet);
        let all: Vec<_> = self.estate.admin_rules.iter().collect();
        let together = self.admin(&all, &endpoint, packet);
        if let Some(known) = together {
            // The rules one by one and all of them in one walk tell the same.
            let leaves = |one: &Option<AdminAccess>| matches!(one, None | Some(AdminAccess::Allow));
            assert!(outcomes.iter().all(|one| *one == known || leaves(one) && leaves(&known)));
        }
        let fates: Vec<Fate> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Some(AdminAccess::Deny) => Some(false),
                Some(AdminAccess::AlwaysAllow) => Some(true),
                Some(AdminAccess::Allow) | None => by_groups,
            })
            .collect();
        fates[0].filter(|_| fates.iter().all(|fate| *fate == fates[0]))
    }

    /// Whether packets by a rule of the load balancer keep the frontend's address.
    fn floats(&self, rule: &str) -> bool {
        let balancer = &self.estate.load_balancers[0];
        let all =
            [&balancer.rules, &balancer.nat_rules].into_iter().flatten().filter_map(Known::value).flatten();
        all.into_iter().any(|one| one.name(self.estate) == rule && one.floating == Known::Value(true))
    }

    fn unguarded(&self) -> bool {
        self.endpoint.subnet_level == Level::Open && self.endpoint.nic_level == Level::Open
    }

    /// What becomes of a packet that comes to an address of this SKU.
    fn comes_in(&self, sku: &str, floating: bool, packet: &Packet) -> Fate {
        if self.unguarded() && sku == "Standard" {
            // Documented nowhere: nobody can tell.
            let delivers = self.outcomes(&self.endpoint, packet).contains(&Some(AdminAccess::AlwaysAllow));
            return if delivers { None } else { Some(false) };
        }
        self.guards(floating, packet)
    }
}

const CLIENTS: [&str; 11] = [
    "168.63.129.16",
    "8.8.8.8",
    "203.0.113.7",
    "203.0.113.8",
    "4.214.0.9",
    "20.150.0.1",
    "10.0.0.9",
    "10.0.1.3",
    "10.9.1.1",
    "192.168.1.1",
    "223.255.255.1",
];
const LOCAL: [u16; 9] = [22, 3389, 80, 4000, 4005, 4010, 0, 65535, 25];
const REMOTE: [u16; 4] = [50000, 1024, 1023, 0];

fn packet() -> impl Strategy<Value = Packet> {
    let protocols = [Protocols::TCP, Protocols::UDP, Protocols::TCP, Protocols::ICMP];
    (0..CLIENTS.len(), 0..LOCAL.len(), 0..REMOTE.len(), 0..protocols.len()).prop_map(move |(a, l, r, p)| {
        Packet {
            protocol: protocols[p],
            remote: CLIENTS[a].parse().unwrap(),
            remote_port: REMOTE[r],
            local_port: LOCAL[l],
        }
    })
}

fn number(address: IpAddr) -> u128 {
    let IpAddr::V4(address) = address else { panic!() };
    u128::from(address.to_bits())
}

/// Whether openings let a packet through: certainly, possibly.
fn open<'o>(openings: impl IntoIterator<Item = &'o Opening>, packet: &Packet) -> (bool, bool) {
    let number = number(packet.remote);
    let (mut must, mut may) = (false, false);
    for opening in openings {
        let here = opening.protocols.contains(packet.protocol)
            && opening.local_ports.contains(packet.local_port)
            && opening.remote_ports.contains(packet.remote_port);
        must |= here && opening.internet.must.contains(number);
        may |= here && opening.internet.may.contains(number);
    }
    (must, may)
}

/// Must is certain, and nothing that may get through is missing.
fn sound(said: (bool, bool), fate: Fate) -> bool {
    match fate {
        Some(true) => said.1,
        Some(false) => !said.0,
        None => !said.0 && said.1,
    }
}

/// Just what the plain reading says.
fn exact(said: (bool, bool), fate: Fate) -> bool {
    said == match fate {
        Some(true) => (true, true),
        Some(false) => (false, false),
        None => (false, true),
    }
}

/// The ways of a kind: by the public address, a rule of the balancer, a rule of the firewall.
fn of<'w>(ways: &'w [Way], rule: Option<(&'w str, &'w str)>, estate: &'w Estate) -> Vec<&'w Opening> {
    let fits = |way: &&Way| match (&way.through, rule) {
        (None, None) => true,
        (Some(through), Some((kind, name))) => {
            estate.text(through.resource).contains(kind) && &*through.rule == name
        }
        _ => false,
    };
    ways.iter().filter(fits).flat_map(|way| way.openings.iter()).collect()
}

/// A claim for each way in that is certain, and whether it is confirmed.
fn confirm(plain: &Plain<'_>, way: &Way, opening: &Opening) -> Result<(), String> {
    let (estate, tags) = (plain.estate, &plain.tags);
    for protocol in Protocols::EACH.into_iter().filter(|one| opening.protocols.contains(*one)) {
        let Some(packet) = opening.witness(Family::V4, protocol, &opening.local_ports) else { continue };
        let from = number(packet.remote);
        if !opening.internet.may.contains(from) || opening.internet.must.is_empty() {
            return Err(format!("the witness is no member: {packet:?} {opening:?}"));
        }
        if !opening.internet.must.contains(from) {
            return Err(format!("the witness is not certain: {packet:?}"));
        }
        let names: Vec<(&str, ResourceId, String)> = match opening.admin {
            Some(rule) => {
                let reach::RuleRef::Admin(index) = rule else { panic!() };
                let own = estate.admin_rules[index as usize].id;
                vec![("admin", own, rule_name(estate, own, rule))]
            }
            None => ["subnet", "nic"]
                .into_iter()
                .zip(way.groups())
                .zip(opening.rules)
                .filter_map(|((level, group), rule)| {
                    let (group, rule) = (group?, rule?);
                    Some((level, group, rule_name(estate, group, rule)))
                })
                .collect(),
        };
        let claim = Claim {
            vm: estate.vms[0].id,
            via: way.via,
            through: way.through.as_ref().map(|through| (through.resource, &*through.rule)),
            packet,
            to: way.endpoint.address,
            decided_by: names.iter().map(|(level, id, name)| (*level, *id, name.as_str())).collect(),
        };
        match verify(estate, tags, &claim) {
            Ok(()) => {}
            // Certain to get through, and not by which rule: the packet alone can be confirmed.
            Err(Doubt::Unknown { .. }) => {
                let sources: Vec<IpAddr> = match way.through.as_ref().and_then(|it| it.seen_from.as_ref()) {
                    None => vec![packet.remote],
                    Some(_) => inside().collect(),
                };
                let floats = way.through.as_ref().is_some_and(|it| plain.floats(&it.rule));
                for remote in sources {
                    let packet = Packet { remote, ..packet };
                    if plain.guards(floats, &packet) != Some(true) {
                        return Err(format!("not confirmed: {claim:?}"));
                    }
                }
            }
            Err(doubt) => return Err(format!("{doubt:?} {claim:?}")),
        }
    }
    Ok(())
}

fn one(port: u16) -> PortSet {
    RangeSet::one(port)
}

/// The addresses of the firewall's subnet.
fn inside() -> impl Iterator<Item = IpAddr> {
    (0..16u8).map(|last| IpAddr::from([10, 0, 1, last]))
}

proptest! {
    #![proptest_config(ProptestConfig::default())]
    #[test]
    fn every_way_in_agrees_with_a_plain_reading(
        world in world(),
        packets in proptest::collection::vec(packet(), 30),
    ) {
        let estate = world.estate();
        prop_assert!(estate.problems.is_empty(), "{:?}", estate.problems);
        let reach = Reach::new(&estate);
        let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
        let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
        let ip = &all[0];
        let plain = Plain { estate: &estate, endpoint: Endpoint::new(&estate, nic, ip), tags: Tags::built_in() };
        let ways = reach.from_internet(nic, ip).ways;
        for way in &ways {
            for opening in way.openings.iter() {
                prop_assert!(opening.internet.may.contains_all(&opening.internet.must));
                prop_assert!(opening.sources.may.contains_all(&opening.sources.must));
                prop_assert!(opening.sources.may.contains_all(&opening.internet.may));
                prop_assert!(opening.sources.must.contains_all(&opening.internet.must));
                prop_assert!(!opening.internet.may.is_empty());
                prop_assert!(way.unknown.is_empty() || opening.internet.must.is_empty());
                // What a rule with ports does to protocols without is unknown by itself, and named nowhere.
                let certain = opening.internet.must == opening.internet.may || !opening.protocols.have_ports();
                prop_assert!(certain || !opening.unknown.is_empty() || !way.unknown.is_empty(), "no reason: {opening:?}");
                if !opening.internet.must.is_empty()
                    && let Err(text) = confirm(&plain, way, opening)
                {
                    prop_assert!(false, "{}", text);
                }
            }
        }
        // Rows of what is exposed do not overlap, and hold what the openings hold.
        let rows = exposed(ways.iter().flat_map(|way| way.openings.iter()));
        for pair in rows.windows(2) {
            prop_assert!(pair[0].protocol != pair[1].protocol || pair[0].ports.last < pair[1].ports.first);
        }
        for packet in &packets {
            let any = Packet { remote_port: 50000, ..*packet };
            let (must, may) = open(ways.iter().flat_map(|way| way.openings.iter()), &any);
            let here = |row: &&reach::Exposed| {
                row.protocol == any.protocol && row.ports.first <= any.local_port && any.local_port <= row.ports.last
            };
            let row = rows.iter().find(here);
            let holds = |set: &reach::Addresses| set.contains(number(any.remote));
            prop_assert!(!must || row.is_some_and(|row| holds(&row.sources.must)));
            prop_assert!(!may || row.is_some_and(|row| holds(&row.sources.may)));
        }
        let own = &plain.endpoint.network.own;
        // Where an admin rule may deliver to a Standard address without a group, all of it is in doubt.
        let doubtful = plain.unguarded() && !world.admins.is_empty();
        let private = [reach::every_address(Family::V4), reach::every_address(Family::V6)];
        let around = reach.ways_in(nic, ip, &private);
        for packet in packets {
            let from = number(packet.remote);
            let outside = internet(Family::V4).contains(from) && !own.contains(from);
            let ask = |said, fate: Fate, in_full: bool, what: &str| {
                // The platform's own address is told only where the internet gets in, too.
                if packet.remote == IpAddr::from([168, 63, 129, 16]) {
                    return Ok(());
                }
                let fate = if outside { fate } else { Some(false) };
                let holds = if in_full { exact(said, fate) } else { sound(said, fate) };
                prop_assert!(holds, "{what}: {packet:?}: said {said:?}, plainly {fate:?}");
                Ok(())
            };
            let direct = match world.public {
                Some(sku) => plain.comes_in(sku, false, &packet),
                None => Some(false),
            };
            ask(open(of(&ways, None, &estate), &packet), direct, !doubtful, "the public address")?;
            for (at, rule) in world.balancing.iter().enumerate() {
                let comes = rule.public
                    && rule.to != To::EmptyPool
                    && rule.carries(packet.protocol)
                    && (rule.backend == 0 || packet.local_port == rule.backend);
                let fate = match comes {
                    true => plain.comes_in(world.balancer_sku, rule.floating, &packet),
                    false => Some(false),
                };
                let name = at.to_string();
                let said = open(of(&ways, Some(("loadBalancers", &name)), &estate), &packet);
                ask(said, fate, !doubtful, "the load balancer")?;
            }
            for at in 0..world.translations.len() {
                // The port that the client sends to is not the one that the VM sees.
                let leads = |port: u16| {
                    let (taken, rule) = world.taken(packet.protocol, packet.remote, port)?;
                    if taken != at {
                        return None;
                    }
                    match rule.to {
                        "10.0.0.4" => (rule.to_port == packet.local_port).then_some(false),
                        "10.0.0.100" => {
                            let mut behind = world.balancing.iter().filter(|balancing| {
                                !balancing.public
                                    && balancing.to != To::EmptyPool
                                    && balancing.carries(packet.protocol)
                                    && balancing.listens(rule.to_port)
                                    && balancing.behind(rule.to_port) == packet.local_port
                            });
                            behind.next().map(|balancing| balancing.floating)
                        }
                        _ => None,
                    }
                };
                let led: Vec<bool> = (22..=22).chain(4000..=4010).filter_map(leads).collect();
                // Every address of its subnet may be the one that the firewall sends from, by any port.
                let fates: Vec<Fate> = led.iter().flat_map(|floating| {
                    inside().flat_map(|source| REMOTE.map(|remote_port| (source, remote_port))).map(|(source, remote_port)| {
                        plain.guards(*floating, &Packet { remote: source, remote_port, ..packet })
                    })
                }).collect();
                let fate = match fates.first() {
                    None => Some(false),
                    Some(first) => first.filter(|_| fates.iter().all(|fate| fate == first)),
                };
                let name = format!("t{at}");
                let said = open(of(&ways, Some(("azureFirewalls", &name)), &estate), &packet);
                // Where several rules together let in every address that may be seen, that is not called certain.
                ask(said, fate, false, "the firewall")?;
            }
            // From the network around it.
            let openings = around.iter().filter(|way| matches!(way.start, Start::Network));
            let said = open(openings.flat_map(|way| &way.openings), &packet);
            let peer = from >> 16 == (10 << 8) + 9;
            // A peer that is kept out of the tag has its route all the same.
            let around = own.contains(from) || peer && world.peered;
            let fate = if around { plain.guards(false, &packet) } else { Some(false) };
            prop_assert!(exact(said, fate), "around: {packet:?}: said {said:?}, plainly {fate:?}");
            prop_assert!(!peer || own.contains(from) == (world.peered && world.peer_connected));
        }
    }

    #[test]
    fn what_levels_do_is_disjoint_and_total(world in world(), packets in proptest::collection::vec(packet(), 10)) {
        let estate = world.estate();
        let reach = Reach::new(&estate);
        let finder = Finder::new(&estate);
        for packet in packets {
            let question = |protocols, local_ports, remote_ports| Flow {
                vm: "m".into(),
                nic: None,
                direction: Direction::Inbound,
                protocols,
                local: "10.0.0.4".parse().unwrap(),
                local_ports,
                remote: packet.remote,
                remote_ports,
            };
            let whole = flow(&reach, &finder, &question(Protocols::ALL, PortSet::all(), PortSet::all())).unwrap();
            let single = flow(&reach, &finder, &question(packet.protocol, one(packet.local_port), one(packet.remote_port))).unwrap();
            let holds = |part: &reach::flow::Part| {
                part.protocols.contains(packet.protocol)
                    && part.local_ports.contains(packet.local_port)
                    && part.remote_ports.contains(packet.remote_port)
            };
            for (all, one) in whole.chain.iter().zip(&single.chain) {
                let here: Vec<_> = all.parts.iter().filter(|part| holds(part)).collect();
                prop_assert_eq!(here.len(), usize::from(all.nsg.is_some()), "{:?}", packet);
                prop_assert_eq!(one.parts.len(), here.len());
                if let ([here], [there]) = (here.as_slice(), one.parts.as_slice()) {
                    prop_assert_eq!((here.access, here.rule), (there.access, there.rule));
                }
                for (at, part) in all.parts.iter().enumerate() {
                    for other in &all.parts[at + 1..] {
                        prop_assert!(
                            part.protocols.and(other.protocols).is_empty()
                                || !part.local_ports.overlaps(&other.local_ports)
                                || !part.remote_ports.overlaps(&other.remote_ports),
                            "{:?} {:?}", part, other
                        );
                    }
                }
            }
            let here = whole.admin.iter().filter(|admin| holds(&admin.part)).count();
            prop_assert_eq!(here, usize::from(!whole.admin.is_empty()));
            // The whole answer of a flow is what the plain evaluator says of it.
            let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
            let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
            let plain = Plain { estate: &estate, endpoint: Endpoint::new(&estate, nic, &all[0]), tags: Tags::built_in() };
            let expected = match plain.guards(false, &packet) {
                Some(true) => "Allow",
                Some(false) => "Deny",
                None => "Unknown",
            };
            // A flow is unknown as soon as an admin rule that decides is, whatever the groups do.
            let all: Vec<_> = estate.admin_rules.iter().collect();
            let admin = plain.admin(&all, &plain.endpoint, &packet);
            let said = single.access.name();
            prop_assert!(said == expected || admin.is_none() && said == "Unknown", "{said} {expected} {packet:?}");
        }
    }
}
