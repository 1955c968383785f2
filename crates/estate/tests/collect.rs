//! Records in every shape that people have them become one estate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use estate::{
    Access, Change, Collector, Estate, Known, Part, ProblemKind, Reason, Sku, SourceIndex, apply,
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

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

fn nsg(rules: &str) -> String {
    format!(
        r#"{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/g","properties":{{"securityRules":[{rules}]}}}}"#
    )
}

fn rule(fields: &str) -> String {
    format!(
        r#"{{"name":"r","properties":{{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","destinationAddressPrefix":"*","sourcePortRange":"*","destinationPortRange":"22"{fields}}}}}"#
    )
}

#[test]
fn bad_values_name_their_place_and_stay_unknown() {
    let check = |text: &str, field: &str, kind: fn(&ProblemKind) -> bool| {
        // Fields of the template are overridden by name, so that no field stands twice.
        let mut object: String = rule("");
        let (name, value) = text.split_once(':').unwrap();
        let from = object.find(&format!("\"{name}\":")).unwrap();
        let length = object[from..].find([',', '}']).unwrap();
        object.replace_range(from..from + length, &format!("\"{name}\":{value}"));
        let estate = read(&[&nsg(&object)]);
        assert_eq!(estate.problems.len(), 1, "{text}: {:?}", estate.problems);
        let problem = &estate.problems[0];
        assert!(kind(&problem.kind), "{problem:?}");
        let estate::At::Place(place) = &problem.at else { panic!("{problem:?}") };
        assert_eq!(&*place.pointer, format!("/properties/securityRules/0/properties/{field}"));
    };
    let bad = |kind: &ProblemKind| matches!(kind, ProblemKind::BadValue { .. });
    check(r#"destinationPortRange:"70000""#, "destinationPortRange", bad);
    check(r#"destinationPortRange:"22-10""#, "destinationPortRange", bad);
    check(r#"sourceAddressPrefix:"10.0.0.0/40""#, "sourceAddressPrefix", bad);
    check(r#"priority:"x""#, "priority", bad);
    check("priority:-5", "priority", |kind| matches!(kind, ProblemKind::WrongType { .. }));
    check("protocol:7", "protocol", bad);
    check("protocol:null", "protocol", |kind| matches!(kind, ProblemKind::WrongType { .. }));
    check(r#"access:"Maybe""#, "access", bad);
    check("direction:[]", "direction", |kind| matches!(kind, ProblemKind::WrongType { .. }));
    check("sourceAddressPrefix:null", "sourceAddressPrefix", |kind| {
        matches!(kind, ProblemKind::MissingField { .. })
    });
}

#[test]
fn stated_unknowns_are_no_problems() {
    let text = rule("").replace(r#""access":"Allow""#, r#""access":{"$unknown":{"reason":"a parameter"}}"#);
    let estate = read(&[&nsg(&text)]);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    let Some(Known::Value(rules)) = &estate.nsgs[0].rules else { panic!() };
    assert_eq!(rules[0].access, Known::unknown(Reason::Stated { reason: "a parameter".into() }));
}

#[test]
fn shapes_do_not_matter() {
    let nested = nsg(&rule(""));
    let flat = format!(
        r#"{{"id":"{RG}/microsoft.network/NETWORKSECURITYGROUPS/g","securityRules":[{{"name":"r","priority":100,"direction":"inbound","access":"ALLOW","protocol":"TCP","sourceAddressPrefix":null,"sourceAddressPrefixes":["*"],"destinationAddressPrefix":"*","destinationAddressPrefixes":[],"sourcePortRange":"*","destinationPortRange":null,"destinationPortRanges":[22]}}]}}"#
    );
    let envelope = |inner: &str| format!(r#"{{"value":[{inner}],"nextLink":null}}"#);
    let graph = format!(r#"{{"count":1,"data":[{nested}],"skip_token":null,"total_records":1}}"#);
    let table = format!(
        r#"{{"data":{{"columns":[{{"name":"id"}},{{"name":"properties"}}],"rows":[["{RG}/Microsoft.Network/networkSecurityGroups/g",{{"securityRules":[{}]}}]]}}}}"#,
        rule("")
    );
    let reference = read(&[&nested]);
    let Some(Known::Value(expected)) = &reference.nsgs[0].rules else { panic!() };
    assert_eq!(expected[0].access, Known::Value(Access::Allow));
    for text in [
        flat,
        envelope(&nested),
        format!("[{nested}]"),
        format!("[[{nested}]]"),
        graph,
        table,
        envelope(&nested) + "\n" + &nested,
    ] {
        let estate = read(&[&text]);
        assert!(estate.problems.is_empty(), "{text}: {:?}", estate.problems);
        assert_eq!(estate.nsgs.len(), 1, "{text}");
        assert_eq!(estate.nsgs[0].rules.as_ref().unwrap().value(), Some(expected), "{text}");
    }
}

#[test]
fn records_of_one_resource_complete_or_contradict_each_other() {
    let vm = |fields: &str| {
        format!(r#"{{"id":"{RG}/Microsoft.Compute/virtualMachines/v","hardwareProfile":{{}},{fields}}}"#)
    };
    let linux = vm(r#""storageProfile":{"osDisk":{"osType":"Linux"}}"#);
    let named = vm(r#""osProfile":{"adminUsername":"azureuser"}"#);
    let other = vm(r#""osProfile":{"adminUsername":"root"}"#);
    for order in [[&linux, &named], [&named, &linux]] {
        let estate = read(&[order[0], order[1]]);
        assert_eq!(estate.vms.len(), 1);
        assert!(estate.problems.is_empty());
        assert_eq!(estate.vms[0].admin_username, Some(Known::Value("azureuser".into())));
        assert!(estate.vms[0].os.is_some());
    }
    for order in [[&other, &named], [&named, &other]] {
        let estate = read(&[order[0], order[1]]);
        assert_eq!(estate.problems.len(), 1);
        assert!(matches!(estate.problems[0].kind, ProblemKind::Conflict { .. }));
        assert_eq!(
            estate.vms[0].admin_username,
            Some(Known::unknown(Reason::Conflict { field: "adminUsername".into() }))
        );
    }
}

#[test]
fn nothing_is_dropped_silently() {
    let estate =
        read(&[r#"[1, "x", null, true, {"name":"no id"}, {"id":"guid-of-a-person","displayName":"A"}, {}]"#]);
    let refused = estate.problems.iter().filter(|problem| problem.kind == ProblemKind::NotAResource).count();
    assert_eq!((refused, estate.others.len()), (5, 1));
    let estate = read(&[r#"{"value":[],"nextLink":"https://management.azure.com/next"}"#]);
    assert_eq!(estate.problems[0].kind, ProblemKind::MorePages);
    let estate = read(&[
        r#"{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","resources":[{"type":"a/b"}]}"#,
    ]);
    assert_eq!(estate.problems.len(), 1);
    assert!(matches!(estate.problems[0].kind, ProblemKind::OtherFormat { .. }));
}

#[test]
fn groups_and_nics_link_what_has_no_record() {
    let nic = format!(
        r#"{{"id":"{RG}/Microsoft.Network/networkInterfaces/n","properties":{{"virtualMachine":{{"id":"{RG}/Microsoft.Compute/virtualMachines/v"}},"ipConfigurations":[{{"name":"a","properties":{{"privateIPAddress":"10.0.0.4","subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/net/subnets/sn"}},"publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p","sku":{{"name":"Standard"}},"properties":{{"ipAddress":"20.1.2.3"}}}}}}}}]}}}}"#
    );
    let group = format!(
        r#"{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/g","securityRules":[],"subnets":[{{"id":"{RG}/Microsoft.Network/virtualNetworks/net/subnets/SN"}}]}}"#
    );
    let estate = read(&[&nic, &group]);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    assert!(!estate.vms[0].described);
    assert_eq!(estate.vms[0].nics, [estate.nics[0].id]);
    assert_eq!(estate.subnets[0].nsg, Some(Known::Value(estate.nsgs[0].id)));
    assert_eq!(estate.public_ips[0].sku, Some(Known::Value(Sku::Standard)));
}

#[test]
fn effective_views_tell_groups_and_associations() {
    let view = format!(
        r#"{{"value":[{{"association":{{"networkInterface":{{"id":"{RG}/Microsoft.Network/networkInterfaces/n"}}}},"networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/g"}},"effectiveSecurityRules":[{{"name":"defaultSecurityRules/DenyAllInBound","priority":65500}},{{"name":"securityRules/ssh","protocol":"Tcp","sourcePortRange":"0-65535","destinationPortRange":"22-22","sourceAddressPrefix":"0.0.0.0/0","destinationAddressPrefix":"0.0.0.0/0","access":"Allow","priority":1000,"direction":"Inbound"}}]}}]}}"#
    );
    let estate = read(&[&view]);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    let Some(Known::Value(rules)) = &estate.nsgs[0].rules else { panic!() };
    assert_eq!(rules.iter().map(|rule| &*rule.name).collect::<Vec<_>>(), ["ssh"]);
    assert_eq!(estate.nics[0].nsg, Some(Known::Value(estate.nsgs[0].id)));
}

#[test]
fn changes_undo_each_other() {
    let mut estate = read(&[&nsg(&rule(""))]);
    let group = estate.nsgs[0].id;
    let before = estate.nsgs[0].rules.clone();
    let undo = apply(&mut estate, &Change::DeleteRule { nsg: group, rule: "R".into() }).unwrap();
    assert_eq!(estate.nsgs[0].rules, Some(Known::Value(Vec::new())));
    assert!(apply(&mut estate, &Change::DeleteRule { nsg: group, rule: "r".into() }).is_err());
    assert_eq!(apply(&mut estate, &undo).unwrap(), Change::DeleteRule { nsg: group, rule: "r".into() });
    assert_eq!(estate.nsgs[0].rules, before);
}

#[test]
fn a_field_of_a_rule_that_stands_twice_is_unknown() {
    let twice = rule(r#","access":"Deny""#);
    let estate = read(&[&nsg(&twice)]);
    assert!(matches!(estate.problems[0].kind, ProblemKind::DuplicateField { .. }), "{:?}", estate.problems);
    let Some(Known::Value(rules)) = &estate.nsgs[0].rules else { panic!() };
    assert_eq!(rules[0].access, Known::unknown(Reason::Unreadable { field: "access".into() }));
}

#[test]
fn it_does_not_show_which_thread_was_quicker() {
    let vm = |name: &str| {
        format!(
            r#"{{"id":"{RG}/Microsoft.Compute/virtualMachines/v","hardwareProfile":{{}},"osProfile":{{"adminUsername":"{name}"}}}}"#
        )
    };
    let records = [vm("a"), vm("b"), vm("b")];
    let delivered = |order: [usize; 3]| {
        let collector = Collector::new();
        for index in order {
            let mut part = Part::default();
            let at = SourceIndex(u32::try_from(index).unwrap());
            collector.read_line(&mut part, at, records[index].as_bytes(), 0);
            collector.deliver(&mut part);
        }
        let estate = collector.finish();
        (estate.problems, estate.vms[0].origins.clone())
    };
    let expected = delivered([0, 1, 2]);
    assert_eq!(expected.0.len(), 1);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(delivered(order), expected, "{order:?}");
    }
}

#[test]
fn extensions_in_the_record_of_a_machine() {
    let vm = |resources: &str| {
        let vm = format!("{RG}/Microsoft.Compute/virtualMachines/m");
        let estate = read(&[&format!(
            r#"{{"id":"{vm}","properties":{{"hardwareProfile":{{"vmSize":"s"}}}}{}}}"#,
            resources.replace("VM", &vm)
        )]);
        let handlers: Vec<String> = estate
            .around
            .extensions
            .of(estate.vms[0].id)
            .iter()
            .map(|one| format!("{:?}", one.handler.as_ref().and_then(Known::value)))
            .collect();
        (handlers, estate.vms[0].upkeep.lists_extensions.is_some())
    };
    let nested =
        r#","resources":[{"id":"VM/extensions/x","properties":{"publisher":"P","type":"MDE.Linux"}}]"#;
    let some = vec!["Some(\"MDE.Linux\")".to_owned()];
    assert_eq!(vm(nested), (some.clone(), true));
    let flat = r#","resources":[{"id":"VM/extensions/x","type":"Microsoft.Compute/virtualMachines/extensions","publisher":"P","typePropertiesType":"MDE.Linux"}]"#;
    assert_eq!(vm(flat), (some, true));
    assert_eq!(vm(r#","resources":null"#), (vec![], true), "az says that there are none");
    assert_eq!(vm(""), (vec![], false), "Resource Graph says nothing");
    assert_eq!(vm(r#","resources":[{"id":"VM/extensions/x"}]"#), (vec![], false), "a list has the ids alone");
}
