//! A change to the estate changes what gets through, and its undo brings it back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use estate::{Change, Collector, Estate, Family, Known, Part, SourceIndex, apply, split::Splitter};
use reach::{Reach, internet};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";

fn estate() -> Estate {
    let rule = |name: &str, priority: u32, access: &str, port: &str| {
        format!(
            r#"{{"name":"{name}","properties":{{"priority":{priority},"direction":"Inbound","access":"{access}","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"{port}"}}}}"#
        )
    };
    let rules = [rule("ssh", 200, "Allow", "22"), rule("web", 210, "Allow", "443")].join(",");
    let text = format!(
        r#"[{{"id":"{RG}/networkSecurityGroups/g","properties":{{"securityRules":[{rules}]}}}},
        {{"id":"{RG}/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[{{"id":"{RG}/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24"}}}}]}}}},
        {{"id":"{RG}/networkInterfaces/n","properties":{{"networkSecurityGroup":{{"id":"{RG}/networkSecurityGroups/g"}},"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.4","subnet":{{"id":"{RG}/virtualNetworks/v/subnets/s"}},"publicIPAddress":{{"id":"{RG}/publicIPAddresses/p"}}}}}}]}}}}]"#
    );
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

/// The ports that everybody reaches.
fn open(estate: &Estate) -> Vec<u16> {
    let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { panic!() };
    let mut ports: Vec<u16> = Reach::new(estate)
        .from_internet(&estate.nics[0], &all[0])
        .ways
        .iter()
        .flat_map(|way| way.openings.iter())
        .filter(|opening| opening.internet.must == *internet(Family::V4))
        .flat_map(|opening| opening.local_ports.ranges().iter().map(|range| range.first))
        .collect();
    ports.sort_unstable();
    ports
}

#[test]
fn changes_change_what_gets_through() {
    let mut estate = estate();
    let (group, nic) = (estate.nsgs[0].id, estate.nics[0].id);
    assert_eq!(open(&estate), [22, 443]);
    let undo = apply(&mut estate, &Change::DeleteRule { nsg: group, rule: "ssh".into() }).unwrap();
    assert_eq!(open(&estate), [443]);
    apply(&mut estate, &undo).unwrap();
    assert_eq!(open(&estate), [22, 443]);
    let close = Change::SetPublicIp { nic, ip_configuration: "i".into(), public_ip: None };
    let undo = apply(&mut estate, &close).unwrap();
    assert!(open(&estate).is_empty());
    apply(&mut estate, &undo).unwrap();
    assert_eq!(open(&estate), [22, 443]);
}
