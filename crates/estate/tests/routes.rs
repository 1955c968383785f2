//! Route tables in every shape, and what is wrong with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use estate::{
    At, Collector, Destination, Estate, Known, NextHopType, Part, ProblemKind, Reason, SourceIndex,
    split::Splitter,
};

fn read(sources: &[&str]) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    for (index, source) in sources.iter().enumerate() {
        let mut splitter = Splitter::new();
        let at = SourceIndex(u32::try_from(index).unwrap());
        let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, at, cut);
        splitter.push(source.as_bytes(), &mut emit);
        splitter.finish(&mut emit);
    }
    collector.deliver(&mut part);
    collector.finish()
}

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";

fn table(routes: &str) -> String {
    format!(
        r#"{{"id":"{RG}/routeTables/t","properties":{{"disableBgpRoutePropagation":true,"routes":[{routes}]}}}}"#
    )
}

fn route(name: &str, prefix: &str, hop: &str) -> String {
    format!(r#"{{"name":"{name}","properties":{{"addressPrefix":"{prefix}","nextHopType":"{hop}"}}}}"#)
}

/// Names and next hops of the routes of the only table.
fn routes(estate: &Estate) -> Vec<(String, Option<NextHopType>)> {
    let Some(Known::Value(all)) = &estate.route_tables[0].routes else { return Vec::new() };
    all.iter().map(|route| (route.name.to_string(), route.next_hop.value().copied())).collect()
}

#[test]
fn routes_are_read_in_both_shapes_and_any_case() {
    let nested = table(
        r#"{"name":"b","properties":{"addressPrefix":"10.9.0.0/16","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.1.4"}},
           {"name":"a","properties":{"addressPrefix":"Storage.JapanEast","nextHopType":"INTERNET"}}"#,
    );
    let flat = format!(
        r#"{{"ID":"{RG}/ROUTETABLES/t","disableBgpRoutePropagation":true,"routes":[
        {{"name":"A","addressPrefix":"storage.japaneast","nexthoptype":"internet"}},
        {{"name":"B","addressPrefix":"10.9.1.2/16","nextHopType":"virtualappliance","nextHopIpAddress":"10.0.1.4"}}]}}"#
    );
    for sources in [vec![nested.as_str()], vec![&flat], vec![&nested, &flat], vec![&flat, &nested]] {
        let estate = read(&sources);
        assert!(estate.problems.is_empty(), "{:?}", estate.problems);
        let table = &estate.route_tables[0];
        assert_eq!(table.disable_bgp_propagation, Some(Known::Value(true)));
        let Some(Known::Value(all)) = &table.routes else { panic!("{:?}", table.routes) };
        let destinations: Vec<_> = all.iter().map(|route| route.destination.value().cloned()).collect();
        assert_eq!(destinations[0], Some(Destination::Tag("storage.japaneast".into())));
        assert_eq!(all[1].next_hop, Known::Value(NextHopType::VirtualAppliance));
        assert_eq!(all[1].next_hop_address, Some(Known::Value("10.0.1.4".parse().unwrap())));
        let Some(Known::Value((space, by_tag))) = table.prefixes() else { panic!() };
        assert!(by_tag && space.v4.count() == 65_536);
    }
}

#[test]
fn what_cannot_be_read_is_a_problem_with_its_place() {
    let check = |text: &str, field: &str, kind: fn(&ProblemKind) -> bool| {
        let estate = read(&[&table(text)]);
        assert_eq!(estate.problems.len(), 1, "{text}: {:?}", estate.problems);
        let problem = &estate.problems[0];
        assert!(kind(&problem.kind), "{problem:?}");
        let At::Place(place) = &problem.at else { panic!("{problem:?}") };
        assert_eq!(&*place.pointer, format!("/properties/routes/0/properties/{field}"), "{text}");
        // The route stays, and with it the doubt.
        assert_eq!(routes(&estate).len(), 1, "{text}");
    };
    let bad = |kind: &ProblemKind| matches!(kind, ProblemKind::BadValue { .. });
    check(&route("r", "10.0.0.0/40", "None"), "addressPrefix", bad);
    check(&route("r", "10.0.0.0-10.0.0.9", "None"), "addressPrefix", bad);
    check(&route("r", "10.0.0.0/8", "Firewall"), "nextHopType", bad);
    check(&route("r", "10.0.0.0/8", "VNetPeering"), "nextHopType", bad);
    check(
        r#"{"name":"r","properties":{"addressPrefix":"10.0.0.0/8","nextHopType":"VirtualAppliance","nextHopIpAddress":"ten"}}"#,
        "nextHopIpAddress",
        bad,
    );
    let missing = |kind: &ProblemKind| matches!(kind, ProblemKind::MissingField { .. });
    check(r#"{"name":"r","properties":{"nextHopType":"None"}}"#, "addressPrefix", missing);
    check(r#"{"name":"r","properties":{"addressPrefix":"10.0.0.0/8"}}"#, "nextHopType", missing);
    let twice = |kind: &ProblemKind| matches!(kind, ProblemKind::DuplicateField { .. });
    check(
        r#"{"name":"r","properties":{"addressPrefix":"10.0.0.0/8","nextHopType":"None","NextHopType":"Internet"}}"#,
        "nextHopType",
        twice,
    );
    let estate = read(&[&table("7")]);
    assert!(matches!(estate.route_tables[0].routes, Some(Known::Unknown(_))));
    assert_eq!(estate.problems.len(), 1);
    let stated =
        route("r", "10.0.0.0/8", "None").replace(r#""None""#, r#"{"$unknown":{"reason":"a parameter"}}"#);
    assert!(read(&[&table(&stated)]).problems.is_empty());
}

#[test]
fn routes_of_their_own_join_their_table() {
    let lone = |name: &str, hop: &str| {
        format!(
            r#"{{"id":"{RG}/routeTables/t/routes/{name}","properties":{{"addressPrefix":"10.9.0.0/16","nextHopType":"{hop}"}}}}"#
        )
    };
    let whole = table(&route("a", "10.9.0.0/16", "None"));
    let check = |sources: &[&str], expected: &[(&str, Option<NextHopType>)], conflicts: usize| {
        let estate = read(sources);
        let expected: Vec<_> = expected.iter().map(|(name, hop)| ((*name).to_owned(), *hop)).collect();
        assert_eq!(routes(&estate), expected, "{sources:?}");
        assert_eq!(estate.problems.len(), conflicts, "{:?}", estate.problems);
    };
    let (none, internet) = (Some(NextHopType::None), Some(NextHopType::Internet));
    check(&[&whole, &lone("b", "Internet")], &[("a", none), ("b", internet)], 0);
    check(&[&lone("b", "Internet"), &whole], &[("a", none), ("b", internet)], 0);
    check(&[&whole, &lone("A", "None")], &[("a", none)], 0);
    // Two records that disagree: nobody can tell.
    check(&[&whole, &lone("a", "Internet")], &[("a", None)], 1);
    // Of a table that is not there one route is known, and others may be there.
    let estate = read(&[&lone("b", "Internet")]);
    assert_eq!(estate.route_tables.len(), 1);
    assert!(estate.route_tables[0].routes.is_none() && estate.route_tables[0].prefixes().is_none());
    let other = table(&route("a", "10.8.0.0/16", "None"));
    let conflict = read(&[&whole, &other]);
    assert_eq!(
        conflict.route_tables[0].routes,
        Some(Known::unknown(Reason::Conflict { field: "routes".into() }))
    );
}

#[test]
fn networks_keep_their_prefixes_one_by_one() {
    let vnet = format!(
        r#"{{"id":"{RG}/virtualNetworks/v","location":"Japan East","properties":{{"addressSpace":{{"addressPrefixes":["10.0.1.0/24","10.0.0.0/24"]}},
        "subnets":[{{"id":"{RG}/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24","serviceEndpoints":[{{"service":"Microsoft.Storage","locations":["*"]}}]}}}}],
        "virtualNetworkPeerings":[{{"name":"p","properties":{{"peeringState":"Connected","allowVirtualNetworkAccess":false,"useRemoteGateways":true,
          "remoteVirtualNetwork":{{"id":"{RG}/virtualNetworks/w"}},"remoteAddressSpace":{{"addressPrefixes":["10.9.0.0/16"]}}}}}},
          {{"name":"q","properties":{{"peeringState":"Disconnected","remoteVirtualNetwork":{{"id":"{RG}/virtualNetworks/x"}}}}}}]}}}}"#
    );
    let estate = read(&[&vnet]);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    let vnet = &estate.vnets[0];
    assert_eq!(vnet.prefixes.len(), 2);
    assert_eq!(vnet.location, Some(Known::Value("japaneast".into())));
    let Some(Known::Value(peers)) = &vnet.peers else { panic!() };
    assert_eq!(peers.len(), 1, "one that is not connected carries nothing");
    assert!(!peers[0].in_tag);
    assert_eq!(peers[0].use_remote_gateways, Some(Known::Value(true)));
    assert_eq!(estate.subnets[0].service_endpoints, Some(Known::Value(vec!["Microsoft.Storage".into()])));
}
