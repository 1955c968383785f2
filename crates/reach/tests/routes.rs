//! Next hops. What recorded answers of Azure tell is told here in small: `docs/truth.md` says which is which.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use estate::{Collector, Estate, Known, Part, Reason, SourceIndex, split::Splitter};
use reach::flow::FlowError;
use reach::routes::{HopType, ReturnPath, asked_nic, effective_routes, next_hop, return_path};
use reach::{Endpoint, Reach};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";

/// A NIC in a network: what can be different about it.
#[derive(Clone, Copy, Default)]
struct World<'a> {
    /// The prefixes of the network.
    space: &'a str,
    peerings: &'a str,
    /// Further subnets.
    subnets: &'a str,
    /// Further fields of the NIC's subnet.
    subnet: &'a str,
    /// The routes of its table, if it has one.
    routes: Option<&'a str>,
    /// Further fields of the table.
    table: &'a str,
    /// Further resources.
    more: &'a str,
}

const PLAIN: World<'static> = World {
    space: r#""10.0.0.0/16""#,
    peerings: "",
    subnets: "",
    subnet: "",
    routes: None,
    table: "",
    more: "",
};

fn read(text: &str) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

impl World<'_> {
    fn estate(&self) -> Estate {
        read(&self.text())
    }

    fn text(&self) -> String {
        let World { space, peerings, subnets, subnet, routes, table, more } = self;
        let named = match routes {
            Some(_) => format!(r#","routeTable":{{"id":"{RG}/routeTables/t"}}"#),
            None => String::new(),
        };
        let table = match routes {
            Some(routes) => {
                format!(r#",{{"id":"{RG}/routeTables/t","properties":{{"routes":[{routes}]{table}}}}}"#)
            }
            None => String::new(),
        };
        format!(
            r#"[{{"id":"{RG}/networkInterfaces/n","properties":{{"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.4","subnet":{{"id":"{RG}/virtualNetworks/v/subnets/s"}}}}}}]}}}},
            {{"id":"{RG}/virtualNetworks/v","location":"japaneast","properties":{{"addressSpace":{{"addressPrefixes":[{space}]}},
              "subnets":[{{"id":"{RG}/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24"{named}{subnet}}}}}{subnets}],
              "virtualNetworkPeerings":[{peerings}]}}}}{table}{more}]"#
        )
    }

    fn to(&self, destination: &str) -> String {
        to(&self.estate(), destination)
    }

    fn back(&self, remote: &str) -> &'static str {
        let estate = self.estate();
        let nic = &estate.nics[0];
        let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
        match return_path(&Reach::new(&estate), nic, &all[0], remote.parse().unwrap()) {
            Known::Value(ReturnPath::Direct) => "direct",
            Known::Value(ReturnPath::Elsewhere(_)) => "elsewhere",
            Known::Unknown(_) => "?",
        }
    }

    fn all_to(&self, expected: &[(&str, &str)]) {
        for (destination, hop) in expected {
            assert_eq!(self.to(destination), *hop, "{destination}");
        }
    }
}

/// The next hop as Azure writes it, with the address and `t` for the table, or `?`.
fn to(estate: &Estate, destination: &str) -> String {
    let nic = &estate.nics[0];
    let source = "10.0.0.4".parse().unwrap();
    match next_hop(&Reach::new(estate), nic, source, destination.parse().unwrap()) {
        Known::Unknown(_) => "?".to_owned(),
        Known::Value(next) => {
            let mut text = next.hop.as_next_hop().to_owned();
            if let Some(address) = next.address {
                text += &format!(" {address}");
            }
            if next.route_table.is_some() {
                text += " t";
            }
            text
        }
    }
}

fn route(name: &str, prefix: &str, hop: &str, address: &str) -> String {
    let address = match address {
        "" => String::new(),
        address => format!(r#","nextHopIpAddress":"{address}""#),
    };
    format!(
        r#"{{"name":"{name}","properties":{{"addressPrefix":"{prefix}","nextHopType":"{hop}"{address}}}}}"#
    )
}

fn peering(vnet: &str, space: &str, more: &str) -> String {
    format!(
        r#"{{"name":"{vnet}","properties":{{"peeringState":"Connected","remoteVirtualNetwork":{{"id":"{RG}/virtualNetworks/{vnet}"}},"remoteAddressSpace":{{"addressPrefixes":[{space}]}}{more}}}}}"#
    )
}

#[test]
fn azures_own_routes() {
    PLAIN.all_to(&[
        ("10.0.0.6", "VirtualNetwork"),
        ("10.0.255.255", "VirtualNetwork"),
        ("10.1.0.0", "None"),
        ("172.31.0.1", "None"),
        ("172.32.0.1", "Internet"),
        ("192.168.2.4", "None"),
        ("100.64.0.1", "None"),
        ("100.128.0.1", "Internet"),
        ("8.8.8.8", "Internet"),
        ("168.63.129.16", "Internet"),
        // Microsoft's own networks: Azure has changed its mind.
        ("104.147.1.1", "?"),
        ("25.4.0.1", "?"),
        ("2001:db8::1", "Internet"),
    ]);
    // A network that holds what is reserved takes its place; a part of it does not.
    let wide = World { space: r#""10.0.0.0/8","192.168.0.0/16""#, ..PLAIN };
    wide.all_to(&[
        ("10.200.0.1", "VirtualNetwork"),
        ("192.168.9.9", "VirtualNetwork"),
        ("172.16.0.1", "None"),
    ]);
    let public = World { space: r#""10.0.0.0/16","25.0.0.0/8""#, ..PLAIN };
    public.all_to(&[("25.4.0.1", "VirtualNetwork"), ("104.147.1.1", "?")]);
}

#[test]
fn the_newest_recorded_table_is_told_whole() {
    let estate = PLAIN.estate();
    let table = effective_routes(&Reach::new(&estate), &estate.nics[0]);
    assert!(table.unknown.is_empty(), "{:?}", table.unknown);
    assert_eq!(table.routes.len(), 23);
    let count = |hop| table.routes.iter().filter(|route| route.hop == Some(hop)).count();
    assert_eq!((count(HopType::VnetLocal), count(HopType::Internet), count(HopType::None)), (1, 1, 21));
    assert!(table.routes.iter().all(|route| route.active && route.name.is_none()));
    let wide = World { space: r#""10.0.0.0/8""#, ..PLAIN }.estate();
    let table = effective_routes(&Reach::new(&wide), &wide.nics[0]);
    let ten: Vec<_> = table.routes.iter().filter(|route| route.prefixes == ["10.0.0.0/8"]).collect();
    assert!(ten.len() == 1 && ten[0].hop == Some(HopType::VnetLocal));
}

#[test]
fn the_longest_prefix_decides_and_a_route_of_the_table_before_azures() {
    let routes = [
        route("all", "0.0.0.0/0", "VirtualAppliance", "10.0.1.4"),
        route("block", "203.0.113.0/24", "None", ""),
        route("one", "203.0.113.7/32", "Internet", ""),
        route("net", "10.0.0.0/16", "VirtualAppliance", "10.0.1.4"),
        route("near", "10.0.0.0/24", "VnetLocal", ""),
        route("wide", "10.0.0.0/9", "VirtualNetworkGateway", ""),
    ]
    .join(",");
    let world = World { routes: Some(&routes), ..PLAIN };
    world.all_to(&[
        ("8.8.8.8", "VirtualAppliance 10.0.1.4 t"),
        ("203.0.113.6", "None t"),
        ("203.0.113.7", "Internet t"),
        ("10.0.7.7", "VirtualAppliance 10.0.1.4 t"),
        ("10.0.0.9", "VirtualNetwork t"),
        ("10.1.0.1", "VirtualNetworkGateway t"),
        ("10.200.0.1", "None"),
        ("192.168.0.1", "None"),
    ]);
    let estate = world.estate();
    let table = effective_routes(&Reach::new(&estate), &estate.nics[0]);
    let state = |prefix: &str, user: bool| {
        let found = |route: &&reach::routes::EffectiveRoute| {
            route.prefixes == [prefix] && route.name.is_some() == user
        };
        table.routes.iter().find(found).unwrap().active
    };
    assert!(!state("0.0.0.0/0", false) && state("0.0.0.0/0", true));
    assert!(!state("10.0.0.0/16", false) && state("10.0.0.0/16", true));
    assert!(state("10.0.0.0/8", false));
    // A wider route leaves the network's own in force; two prefixes that touch are two routes.
    let wider = route("r", "10.0.0.0/15", "None", "");
    assert_eq!(World { routes: Some(&wider), ..PLAIN }.to("10.0.0.9"), "VirtualNetwork");
    let touching = route("r", "10.0.0.0/23", "None", "");
    let split = World { space: r#""10.0.0.0/24","10.0.1.0/24""#, routes: Some(&touching), ..PLAIN };
    assert_eq!(split.to("10.0.1.9"), "VirtualNetwork");
    let longer = route("r", "104.147.1.0/24", "Internet", "");
    assert_eq!(World { routes: Some(&longer), ..PLAIN }.to("104.147.1.1"), "Internet t");
    let equal = route("r", "104.147.0.0/16", "Internet", "");
    assert_eq!(World { routes: Some(&equal), ..PLAIN }.to("104.147.1.1"), "Internet t");
    // The network holds what Azure drops elsewhere.
    let inside = route("r", "104.146.0.0/16", "Internet", "");
    let holds = World { space: r#""104.146.0.0/15""#, routes: Some(&inside), ..PLAIN };
    assert_eq!(holds.to("104.146.1.1"), "Internet t");
    let twice = [route("a", "8.8.8.0/24", "None", ""), route("b", "8.8.8.0/24", "Internet", "")].join(",");
    assert_eq!(World { routes: Some(&twice), ..PLAIN }.to("8.8.8.8"), "?");
}

#[test]
fn an_appliance_that_no_network_holds_drops_packets() {
    // Ten recorded answers: the network is 10.17.3.0/24, the appliance 10.0.1.2.
    let routes = route("route1", "10.1.3.0/24", "VirtualAppliance", "10.0.1.2");
    let world = World { space: r#""10.17.3.0/24""#, routes: Some(&routes), ..PLAIN };
    world.all_to(&[("10.1.3.6", "None 10.0.1.2 t"), ("12.11.12.14", "Internet"), ("10.1.4.6", "None")]);
    let peer = peering("w", r#""10.0.0.0/16""#, "");
    World { peerings: &peer, ..world }.all_to(&[("10.1.3.6", "VirtualAppliance 10.0.1.2 t")]);
    // Nobody knows where the peer lies.
    let unknown = peer.replace("remoteAddressSpace", "other");
    World { peerings: &unknown, ..world }.all_to(&[("10.1.3.6", "?"), ("10.17.3.9", "VirtualNetwork")]);
    let public = route("r", "9.9.9.0/24", "VirtualAppliance", "10.0.1.2");
    let doubtful = World { peerings: &unknown, routes: Some(&public), ..world };
    doubtful.all_to(&[("9.9.9.9", "?"), ("8.8.8.8", "Internet")]);
    let exact = route("r", "9.9.9.9/32", "VirtualAppliance", "10.0.1.2");
    let gateway = format!(
        r#",{{"id":"{RG}/virtualNetworks/v/subnets/gatewaysubnet","properties":{{"addressPrefix":"10.17.3.64/27"}}}}"#
    );
    World { subnets: &gateway, routes: Some(&exact), ..world }.all_to(&[("9.9.9.9", "?")]);
    World { routes: Some(&exact), ..world }.all_to(&[("9.9.9.9", "None 10.0.1.2 t")]);
    let nowhere = route("r", "8.8.8.8/32", "VirtualAppliance", "");
    assert_eq!(World { routes: Some(&nowhere), ..PLAIN }.to("8.8.8.8"), "?");
}

#[test]
fn peers_are_reached_and_peers_of_peers_are_not() {
    let peers = [
        peering("w", r#""10.1.0.0/16""#, r#","allowVirtualNetworkAccess":false"#),
        peering("x", r#""10.5.0.0/16""#, ""),
    ]
    .join(",");
    let more = format!(
        r#",{{"id":"{RG}/virtualNetworks/x","location":"westeurope","properties":{{"addressSpace":{{"addressPrefixes":["10.2.0.0/16"]}},"virtualNetworkPeerings":[{}]}}}}
        ,{{"id":"{RG}/virtualNetworks/y","properties":{{"addressSpace":{{"addressPrefixes":["10.3.0.0/16"]}}}}}}"#,
        peering("y", r#""10.3.0.0/16""#, "")
    );
    let world = World { peerings: &peers, more: &more, ..PLAIN };
    world.all_to(&[
        ("10.1.0.4", "VirtualNetworkPeering"),
        // The network itself knows its space better than the peering does.
        ("10.2.0.4", "VirtualNetworkPeering"),
        ("10.5.0.4", "None"),
        ("10.3.0.4", "None"),
    ]);
    let estate = world.estate();
    let table = effective_routes(&Reach::new(&estate), &estate.nics[0]);
    let hop = |prefix: &str| table.routes.iter().find(|route| route.prefixes == [prefix]).unwrap().hop;
    assert_eq!(hop("10.1.0.0/16"), Some(HopType::VnetPeering));
    assert_eq!(hop("10.2.0.0/16"), Some(HopType::VnetGlobalPeering));
    let near = more.replace("westeurope", "japaneast");
    let estate = World { more: &near, ..world }.estate();
    let table = effective_routes(&Reach::new(&estate), &estate.nics[0]);
    assert!(table.routes.iter().all(|route| route.hop != Some(HopType::VnetGlobalPeering)));
}

#[test]
fn what_a_gateway_learns_is_never_guessed() {
    let gateway = format!(
        r#",{{"id":"{RG}/virtualNetworks/v/subnets/GatewaySubnet","properties":{{"addressPrefix":"10.0.9.0/27"}}}}"#
    );
    let world = World { subnets: &gateway, ..PLAIN };
    world.all_to(&[("10.0.0.9", "VirtualNetwork"), ("192.168.0.1", "?"), ("8.8.8.8", "?")]);
    let lent = peering("w", r#""10.1.0.0/16""#, r#","useRemoteGateways":true"#);
    let lent = World { peerings: &lent, ..PLAIN };
    lent.all_to(&[("10.1.0.9", "VirtualNetworkPeering"), ("192.168.0.1", "?")]);
    let own = peering("w", r#""10.1.0.0/16""#, r#","useRemoteGateways":false,"allowGatewayTransit":true"#);
    let own = World { peerings: &own, ..PLAIN };
    own.all_to(&[("192.168.0.1", "None"), ("8.8.8.8", "Internet")]);
    // What it leads to is in the network's tag, and no record tells all of it.
    let learns = |world: World<'_>| {
        let estate = world.estate();
        let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { panic!() };
        matches!(
            Endpoint::new(&estate, &estate.nics[0], &all[0]).network.unknown.as_deref(),
            Some(Reason::LearntRoutes { .. })
        )
    };
    let both = World { peerings: lent.peerings, ..world };
    assert!(learns(world) && learns(lent) && learns(both));
    assert!(!learns(PLAIN) && !learns(own));
    let routes = [
        route("all", "0.0.0.0/0", "VirtualAppliance", "10.0.1.4"),
        route("one", "8.8.8.8/32", "Internet", ""),
    ]
    .join(",");
    let routed = World { routes: Some(&routes), ..world };
    routed.all_to(&[("8.8.8.8", "Internet t"), ("9.9.9.9", "?")]);
    let kept_out = World { table: r#","disableBgpRoutePropagation":true"#, ..routed };
    kept_out.all_to(&[("9.9.9.9", "VirtualAppliance 10.0.1.4 t"), ("192.168.0.1", "None")]);
    // Replies go elsewhere either way; without the route nobody knows.
    assert_eq!(routed.back("9.9.9.9"), "elsewhere");
    assert_eq!(routed.back("8.8.8.8"), "direct");
    assert_eq!(world.back("9.9.9.9"), "?");
    assert_eq!(PLAIN.back("9.9.9.9"), "direct");
    assert_eq!(PLAIN.back("25.4.0.1"), "?");
}

#[test]
fn service_tags_and_service_endpoints() {
    let routes = [
        route("cloud", "AzureCloud", "Internet", ""),
        route("all", "0.0.0.0/0", "VirtualAppliance", "10.0.1.4"),
    ]
    .join(",");
    let world = World { routes: Some(&routes), ..PLAIN };
    // 20.38.98.0 is in the published list for storage, 8.8.8.8 is not Azure's.
    world.all_to(&[
        ("20.38.98.1", "Internet t"),
        ("8.8.8.8", "VirtualAppliance 10.0.1.4 t"),
        ("10.0.0.9", "VirtualNetwork"),
    ]);
    assert_eq!(world.back("20.38.98.1"), "direct");
    // A prefix that competes may be shorter or longer than the tag's.
    let also = routes.clone() + "," + &route("some", "20.0.0.0/8", "None", "");
    World { routes: Some(&also), ..PLAIN }.all_to(&[("20.38.98.1", "?"), ("20.255.255.255", "?")]);
    let new = route("new", "NoSuchTag", "None", "");
    let unknown = |routes: &str| {
        let estate = World { routes: Some(routes), ..PLAIN }.estate();
        effective_routes(&Reach::new(&estate), &estate.nics[0]).unknown
    };
    assert!(unknown(&routes).is_empty());
    assert!(matches!(unknown(&new).as_slice(), [Reason::ServiceTag { .. }]));
    World { routes: Some(&new), ..PLAIN }.all_to(&[("8.8.8.8", "?"), ("192.168.0.1", "None")]);
    let endpoints = r#","serviceEndpoints":[{"service":"Microsoft.Storage"}]"#;
    let world = World { subnet: endpoints, ..PLAIN };
    world.all_to(&[("20.38.98.1", "?"), ("8.8.8.8", "Internet"), ("10.0.0.9", "VirtualNetwork")]);
    assert_eq!(World { subnet: r#","serviceEndpoints":[]"#, ..PLAIN }.to("20.38.98.1"), "Internet");
}

#[test]
fn what_is_not_told_is_unknown() {
    let world = World { routes: Some(""), ..PLAIN };
    assert_eq!(world.to("8.8.8.8"), "Internet");
    for (what, routes) in
        [("prefix", route("r", "10.0.0.0/40", "None", "")), ("another route", "7".to_owned())]
    {
        assert_eq!(World { routes: Some(&routes), ..PLAIN }.to("8.8.8.8"), "?", "{what}");
    }
    let hop = route("r", "9.9.9.0/24", "Firewall", "");
    World { routes: Some(&hop), ..PLAIN }.all_to(&[("9.9.9.9", "?"), ("8.8.8.8", "Internet")]);
    // A table that the input does not hold, or of which it holds a single route.
    let missing = World { subnet: r#","routeTable":{"id":"/x/routeTables/u"}"#, ..PLAIN };
    assert_eq!(missing.to("8.8.8.8"), "?");
    let lone = r#",{"id":"/x/routeTables/u/routes/r","properties":{"addressPrefix":"9.9.9.9/32","nextHopType":"None"}}"#;
    assert_eq!(World { more: lone, ..missing }.to("8.8.8.8"), "?");
    let empty = World { space: "", ..PLAIN };
    assert_eq!(empty.to("8.8.8.8"), "Internet");
    // A subnet that only a group mentions.
    let mention = format!(
        r#",{{"id":"{RG}/networkSecurityGroups/g","properties":{{"subnets":[{{"id":"{RG}/virtualNetworks/v/subnets/m"}}]}}}}"#
    );
    let own = format!(r#""subnet":{{"id":"{RG}/virtualNetworks/v/subnets/s"}}"#);
    let text = World { more: &mention, ..PLAIN }.text();
    assert_eq!(to(&read(&text.replace(&own, &own.replace("/s\"", "/m\""))), "8.8.8.8"), "?");
}

#[test]
fn a_question_about_a_machine_is_for_the_nic_that_is_named_or_has_the_source() {
    let vm = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";
    let nic = |name: &str| format!(r#"{{"id":"{RG}/networkInterfaces/{name}"}}"#);
    let asked = |nics: &[&str], name: Option<&str>, source: &str| {
        let nics = nics.iter().map(|name| nic(name)).collect::<Vec<_>>().join(",");
        let more = format!(
            r#",{{"id":"{vm}","properties":{{"networkProfile":{{"networkInterfaces":[{nics}]}}}}}},
            {{"id":"{RG}/networkInterfaces/back","properties":{{"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.7","subnet":{{"id":"{RG}/virtualNetworks/v/subnets/s"}}}}}}]}}}}"#
        );
        let estate = World { more: &more, ..PLAIN }.estate();
        match asked_nic(&estate, &estate.vms[0], name, source.parse().unwrap()) {
            Ok(Known::Value(nic)) => estate.text(nic.id).rsplit('/').next().unwrap().to_owned(),
            Ok(Known::Unknown(_)) => "?".to_owned(),
            Err(FlowError::NoSuchAddress { known, .. }) => format!("not of {known:?}"),
            Err(FlowError::NoSuch { name, similar, .. }) => format!("{name} is none of {similar:?}"),
            Err(other) => format!("{other:?}"),
        }
    };
    let both = ["n", "back"];
    assert_eq!(asked(&both, None, "10.0.0.4"), "n");
    assert_eq!(asked(&both, None, "10.0.0.7"), "back");
    assert_eq!(asked(&both, None, "10.0.0.9"), "not of [10.0.0.4, 10.0.0.7]");
    // Azure takes any source address of a NIC that is named.
    assert_eq!(asked(&both, Some("BACK"), "10.0.0.4"), "back");
    assert_eq!(asked(&both, Some(&format!("{RG}/networkinterfaces/back")), "10.0.0.9"), "back");
    assert_eq!(asked(&both, Some("front"), "10.0.0.4"), r#"front is none of ["n", "back"]"#);
    assert_eq!(asked(&["back"], None, "10.0.0.4"), "back");
    assert_eq!(asked(&["n", "gone"], None, "10.0.0.4"), "n");
    assert_eq!(asked(&["n", "gone"], None, "10.0.0.9"), "?");
    assert_eq!(asked(&["gone"], None, "10.0.0.4"), "?");
    assert_eq!(asked(&[], None, "10.0.0.4"), "?");
}

mod walk {
    //! The table that is printed, walked in the simplest words, decides as the next hop does.

    use estate::{Prefix, parse_prefix};
    use proptest::prelude::*;
    use reach::routes::EffectiveRoute;

    use super::*;

    /// How long the prefix of a route is, if it holds the address.
    fn matches(route: &EffectiveRoute, address: u32) -> Option<u32> {
        let text = route.prefixes.first()?;
        let Some(Prefix::V4(range)) = parse_prefix(text) else { return None };
        let (_, length) = text.split_once('/')?;
        range.contains(address).then(|| length.parse().unwrap())
    }

    fn prefix() -> impl Strategy<Value = String> {
        let near = (0u32..4, 0u32..4, 8u32..=32).prop_map(|(b, c, length)| format!("10.{b}.{c}.7/{length}"));
        let far = (any::<u32>(), 0u32..=32)
            .prop_map(|(bits, length)| format!("{}/{length}", std::net::Ipv4Addr::from_bits(bits)));
        prop_oneof![3 => near, 1 => far, 1 => Just("0.0.0.0/0".to_owned())]
    }

    proptest! {
        #[test]
        fn the_printed_table_decides_as_the_next_hop_does(
            user in proptest::collection::vec((prefix(), 0usize..4), 0..6),
            addresses in proptest::collection::vec(prop_oneof![0x0a00_0000u32..0x0a05_0000, any::<u32>()], 12),
        ) {
            let hops = ["VirtualAppliance", "Internet", "None", "VnetLocal"];
            // Azure takes no two routes for one prefix.
            let mut seen = Vec::new();
            let mut routes = Vec::new();
            for (index, (text, hop)) in user.iter().enumerate() {
                let key = (parse_prefix(text), text.split_once('/').unwrap().1);
                if !seen.contains(&key) {
                    let address = if *hop == 0 { "10.0.1.4" } else { "" };
                    routes.push(route(&format!("r{index}"), text, hops[*hop], address));
                    seen.push(key);
                }
            }
            let routes = routes.join(",");
            let peer = peering("w", r#""10.2.0.0/16""#, "");
            let estate = World { routes: Some(&routes), peerings: &peer, ..PLAIN }.estate();
            let (reach, nic) = (Reach::new(&estate), &estate.nics[0]);
            let table = effective_routes(&reach, nic);
            for address in addresses {
                let destination = std::net::Ipv4Addr::from_bits(address).into();
                let source = "10.0.0.4".parse().unwrap();
                let Known::Value(next) = next_hop(&reach, nic, source, destination) else { continue };
                let best = table
                    .routes
                    .iter()
                    .filter(|route| route.active)
                    .filter_map(|route| Some((matches(route, address)?, route)))
                    .max_by_key(|(length, _)| *length)
                    .unwrap()
                    .1;
                prop_assert_eq!(Some(next.hop), best.hop, "{}", destination);
                prop_assert_eq!(next.address, best.address, "{}", destination);
                prop_assert_eq!(next.route_table.is_some(), best.name.is_some(), "{}", destination);
            }
        }
    }
}
