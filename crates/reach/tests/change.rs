//! A change to the estate changes what gets through, and its undo brings it back.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::sync::Arc;

use estate::{
    AddressSpec, Change, Collector, Estate, Family, Known, Part, Range, SourceIndex, apply, split::Splitter,
};
use reach::tags::Tags;
use reach::{Facts, Reach, internet};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";

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
    read(&text)
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

/// The ports that somebody on the internet gets to, or may, by what is known of the estate already.
fn may_reach(estate: &Estate, facts: &Arc<Facts>, nic: &str) -> Vec<u16> {
    let reach = Reach::with_facts(estate, Arc::clone(facts));
    let nic = estate.nics.iter().find(|one| estate.text(one.id).ends_with(nic)).unwrap();
    let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
    let ways = reach.from_internet(nic, &all[0]).ways;
    let openings = ways.iter().flat_map(|way| way.openings.iter());
    let mut ports: Vec<u16> =
        openings.flat_map(|opening| opening.local_ports.ranges().iter().map(|range| range.first)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Two NICs of a network, both behind the group `g` and with public addresses, and a machine with two NICs: `inner`
/// passes packets on, if it does, `outer` is the way to it. `lone` passes packets on, and no record tells of its machine.
fn several(passing: bool) -> Estate {
    let nic = |name: &str, address: &str, more: &str, public: bool| {
        let public = match public {
            true => format!(r#","publicIPAddress":{{"id":"{RG}/publicIPAddresses/{name}"}}"#),
            false => String::new(),
        };
        format!(
            r#"{{"id":"{RG}/networkInterfaces/{name}","properties":{{"networkSecurityGroup":{{"id":"{RG}/networkSecurityGroups/g"}}{more},"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"{address}","subnet":{{"id":"{RG}/virtualNetworks/v/subnets/s"}}{public}}}}}]}}}}"#
        )
    };
    let vm = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";
    let of_vm = format!(r#","virtualMachine":{{"id":"{vm}"}}"#);
    let nics = [
        nic("one", "10.0.0.4", "", true),
        nic("two", "10.0.0.5", "", true),
        nic("none", "10.0.0.6", "", false),
        nic("outer", "10.0.0.7", &of_vm, false),
        nic("inner", "10.0.0.8", &format!(r#"{of_vm},"enableIPForwarding":{passing}"#), false),
        nic("lone", "10.0.0.9", r#","enableIPForwarding":true"#, false),
    ];
    read(&format!(
        r#"[{{"id":"{RG}/networkSecurityGroups/g","properties":{{"securityRules":[{{"name":"ssh","properties":{{"priority":200,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"22"}}}},
            {{"name":"shut","properties":{{"priority":4000,"direction":"Inbound","access":"Deny","protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*"}}}}]}}}},
        {{"id":"{RG}/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[{{"id":"{RG}/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24"}}}}]}}}},
        {{"id":"{vm}","properties":{{"networkProfile":{{"networkInterfaces":[{{"id":"{RG}/networkInterfaces/outer"}},{{"id":"{RG}/networkInterfaces/inner"}}]}}}}}},
        {{"id":"{RG}/publicIPAddresses/spare","sku":{{"name":"Standard"}},"properties":{{}}}},{}]"#,
        nics.join(",")
    ))
}

#[test]
fn what_is_known_already_is_looked_at_again_after_a_change() {
    let mut estate = several(true);
    let mut facts = Arc::new(Facts::new(&estate, Tags::built_in()));
    let change = |estate: &mut Estate, facts: &mut Arc<Facts>, change: &Change| {
        let undo = apply(estate, change).unwrap();
        Arc::get_mut(facts).unwrap().refresh(estate, change);
        undo
    };
    let of =
        |estate: &Estate, facts: &Arc<Facts>| ["one", "two", "none"].map(|nic| may_reach(estate, facts, nic));
    assert_eq!(of(&estate, &facts), [vec![22], vec![22], vec![]]);
    // A rule that looks at the machine's own address: the two are no longer alike.
    let group = estate.nsgs[0].id;
    let Some(Known::Value(rules)) = &estate.nsgs[0].rules else { panic!() };
    let mut narrow = rules.iter().find(|rule| &*rule.name == "ssh").unwrap().clone();
    narrow.destination = AddressSpec {
        any: false,
        v4: [Range { first: 0x0a00_0004, last: 0x0a00_0004 }].into_iter().collect(),
        ..narrow.destination
    };
    let undo = change(&mut estate, &mut facts, &Change::PutRule { nsg: group, rule: Box::new(narrow) });
    assert_eq!(of(&estate, &facts), [vec![22], vec![], vec![]]);
    change(&mut estate, &mut facts, &undo);
    assert_eq!(of(&estate, &facts), [vec![22], vec![22], vec![]]);
    // A way to an appliance, by that NIC of it which passes packets on or by another one.
    let spare = estate.ids().find(&format!("{RG}/publicIPAddresses/spare"));
    for name in ["inner", "outer", "lone"] {
        let nic = estate.ids().find(&format!("{RG}/networkInterfaces/{name}")).unwrap();
        let open = Change::SetPublicIp { nic, ip_configuration: "i".into(), public_ip: spare };
        let undo = change(&mut estate, &mut facts, &open);
        assert_eq!(may_reach(&estate, &facts, "none"), [22], "{name}");
        change(&mut estate, &mut facts, &undo);
        assert!(may_reach(&estate, &facts, "none").is_empty(), "{name}");
    }
}

#[test]
fn an_appliance_without_a_record_of_its_machine_is_led_to_by_its_own_address() {
    let mut estate = several(false);
    let tags = Tags::built_in();
    let mut facts = Facts::new(&estate, Arc::clone(&tags));
    let [nic, public] = ["networkInterfaces/lone", "publicIPAddresses/spare"]
        .map(|name| estate.ids().find(&format!("{RG}/{name}")));
    let open = Change::SetPublicIp { nic: nic.unwrap(), ip_configuration: "i".into(), public_ip: public };
    apply(&mut estate, &open).unwrap();
    facts.refresh(&estate, &open);
    assert!(Arc::ptr_eq(&facts.tags(), &tags), "by the list that was given");
    assert_eq!(may_reach(&estate, &Arc::new(facts), "none"), [22]);
}
