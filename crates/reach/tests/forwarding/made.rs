//! What random estates are made of, and the resources that they become.

use std::net::IpAddr;

use estate::{Collector, Estate, Part, SourceIndex, split::Splitter};
use proptest::prelude::*;
use reach::Protocols;
use serde_json::{Value, json};

pub(crate) const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

pub(crate) fn net(name: &str) -> String {
    format!("{RG}/Microsoft.Network/{name}")
}

pub(crate) fn id(name: &str) -> Value {
    json!({"id": net(name)})
}

pub(crate) fn read(resources: &Value) -> Estate {
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
pub(crate) struct Rule {
    pub(crate) priority: u32,
    pub(crate) allow: bool,
    pub(crate) protocol: &'static str,
    pub(crate) source: &'static str,
    pub(crate) source_port: &'static str,
    pub(crate) destination: &'static str,
    pub(crate) port: &'static str,
}

/// Sources; what begins with `asg:` is an application security group.
pub(crate) const SOURCES: [&str; 14] = [
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
pub(crate) const DESTINATIONS: [&str; 6] =
    ["*", "asg:a", "10.0.0.4", "10.0.0.0/24", "20.1.2.3", "VirtualNetwork"];
pub(crate) const PORTS: [&str; 6] = ["*", "22", "20-25", "3389", "4000-4010", "80"];

pub(crate) fn one_of(from: &'static [&'static str], usual: usize) -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => 0..usual, 1 => 0..from.len()].prop_map(|index| from[index])
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
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
pub(crate) struct Admin {
    pub(crate) rule: Rule,
    pub(crate) access: &'static str,
    /// The network that it is deployed to.
    pub(crate) vnet: Option<&'static str>,
}

pub(crate) fn admin() -> impl Strategy<Value = Admin> {
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
pub(crate) enum To {
    PoolOfNic,
    PoolByAddress,
    EmptyPool,
    Nat,
    NatRange,
}

#[derive(Clone, Debug)]
pub(crate) struct Balancing {
    pub(crate) to: To,
    pub(crate) public: bool,
    pub(crate) protocol: &'static str,
    /// Zero for HA ports.
    pub(crate) frontend: u16,
    pub(crate) backend: u16,
    pub(crate) floating: bool,
}

/// Azure takes one rule for a frontend and a port: of several the first stays.
pub(crate) fn distinct(all: Vec<Balancing>) -> Vec<Balancing> {
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

pub(crate) fn balancing() -> impl Strategy<Value = Balancing> {
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
    pub(crate) fn carries(&self, protocol: Protocols) -> bool {
        match self.protocol {
            "Tcp" => protocol == Protocols::TCP,
            "Udp" => protocol == Protocols::UDP,
            _ => protocol == Protocols::TCP || protocol == Protocols::UDP,
        }
    }

    pub(crate) fn listens(&self, port: u16) -> bool {
        match self.to {
            _ if self.frontend == 0 => true,
            To::NatRange => (self.frontend..self.frontend + 10).contains(&port),
            _ => port == self.frontend,
        }
    }

    /// The port that packets have behind it.
    pub(crate) fn behind(&self, port: u16) -> u16 {
        if self.backend == 0 { port } else { self.backend }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Dnat {
    pub(crate) priority: u32,
    pub(crate) protocols: &'static [&'static str],
    pub(crate) source: &'static str,
    /// First and last.
    pub(crate) ports: (u16, u16),
    /// To the VM, to the private frontend, or elsewhere.
    pub(crate) to: &'static str,
    pub(crate) to_port: u16,
}

pub(crate) fn dnat() -> impl Strategy<Value = Dnat> {
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
    pub(crate) fn takes(&self, protocol: Protocols, client: IpAddr, port: u16) -> bool {
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
pub(crate) struct World {
    pub(crate) subnet: Option<Vec<Rule>>,
    pub(crate) nic: Option<Vec<Rule>>,
    pub(crate) admins: Vec<Admin>,
    pub(crate) balancing: Vec<Balancing>,
    pub(crate) balancer_sku: &'static str,
    pub(crate) translations: Vec<Dnat>,
    pub(crate) public: Option<&'static str>,
    pub(crate) member: bool,
    pub(crate) peered: bool,
    pub(crate) peer_connected: bool,
}

pub(crate) fn world() -> impl Strategy<Value = World> {
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

pub(crate) fn side(properties: &mut Value, side: &str, named: &str) {
    match named.strip_prefix("asg:") {
        Some(group) => {
            properties[format!("{side}ApplicationSecurityGroups")] =
                json!([id(&format!("applicationSecurityGroups/{group}"))]);
        }
        None => properties[format!("{side}AddressPrefix")] = named.into(),
    }
}

pub(crate) fn group(name: &str, rules: &[Rule]) -> Value {
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

pub(crate) const IP: &str = "networkInterfaces/n/ipConfigurations/i";

impl World {
    pub(crate) fn estate(&self) -> Estate {
        read(&self.resources().into())
    }

    pub(crate) fn resources(&self) -> Vec<Value> {
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
        all
    }

    pub(crate) fn balancer(&self) -> Value {
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

    pub(crate) fn firewall(&self) -> Value {
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
    pub(crate) fn taken(&self, protocol: Protocols, client: IpAddr, port: u16) -> Option<(usize, &Dnat)> {
        let mut order: Vec<(usize, &Dnat)> = self.translations.iter().enumerate().collect();
        order.sort_by_key(|(_, one)| one.priority);
        order.into_iter().find(|(_, one)| one.takes(protocol, client, port))
    }
}

pub(crate) fn admin_rule(at: usize, admin: &Admin) -> Value {
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
