//! An estate that takes changes says the same as one that is judged anew after each of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeSet;

use estate::{Change, Estate, Family, SecurityRule, of_text};
use posture::{CHECKS, Lang, Live, Run, Settings, Status};
use proptest::prelude::*;
use reach::difference::{between, machines, ways};
use reach::tags::Tags;
use reach::{Reach, internet};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

/// Four machines: two in a subnet with group `a`, the second of them with group `b` on its NIC, too; one with just
/// `b`; one that no group guards, and passes packets on if `appliance`. The rules of group `donor`, on nothing, are those that are put into others.
fn text(appliance: bool) -> String {
    let net = |name: &str| format!("{RG}/Microsoft.Network/{name}");
    let mut all = Vec::new();
    let mut donor = Vec::new();
    for (at, source) in ["*", "Internet", "203.0.113.0/24", "10.0.0.0/8", "NoSuchTag"].iter().enumerate() {
        for (port, access) in [("22", "Allow"), ("3389", "Allow"), ("53", "Allow"), ("*", "Deny")] {
            for priority in [100, 200, 300] {
                donor.push(format!(
                    r#"{{"name":"r{at}","properties":{{"priority":{},"direction":"Inbound","access":"{access}","protocol":"*","sourceAddressPrefix":"{source}","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"{port}"}}}}"#,
                    priority + at
                ));
            }
        }
    }
    all.push(format!(
        r#"{{"id":"{}","properties":{{"securityRules":[{}]}}}}"#,
        net("networkSecurityGroups/donor"),
        donor.join(",")
    ));
    for group in ["a", "b"] {
        all.push(format!(
            r#"{{"id":"{}","properties":{{"securityRules":[]}}}}"#,
            net(&format!("networkSecurityGroups/{group}"))
        ));
    }
    let subnet = |name: &str, prefix: &str, group: &str| {
        format!(
            r#"{{"id":"{}","properties":{{"addressPrefix":"{prefix}"{group}}}}}"#,
            net(&format!("virtualNetworks/v/subnets/{name}"))
        )
    };
    let guarded = format!(r#","networkSecurityGroup":{{"id":"{}"}}"#, net("networkSecurityGroups/a"));
    all.push(format!(
        r#"{{"id":"{}","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[{},{}]}}}}"#,
        net("virtualNetworks/v"),
        subnet("guarded", "10.0.0.0/24", &guarded),
        subnet("open", "10.0.1.0/24", ""),
    ));
    for (at, (subnet, own)) in
        [("guarded", false), ("guarded", true), ("open", true), ("open", false)].iter().enumerate()
    {
        let own = match own {
            true => format!(r#","networkSecurityGroup":{{"id":"{}"}}"#, net("networkSecurityGroups/b")),
            false => String::new(),
        };
        let sku = if at % 2 == 0 { "Standard" } else { "Basic" };
        all.push(format!(r#"{{"id":"{RG}/Microsoft.Compute/virtualMachines/m{at}","properties":{{"networkProfile":{{"networkInterfaces":[{{"id":"{}"}}]}}}}}}"#, net(&format!("networkInterfaces/n{at}"))));
        all.push(format!(
            r#"{{"id":"{}","sku":{{"name":"{sku}"}},"properties":{{"ipAddress":"20.0.0.{at}"}}}}"#,
            net(&format!("publicIPAddresses/p{at}"))
        ));
        all.push(format!(
            r#"{{"id":"{}","properties":{{"enableIPForwarding":{},"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.{}.{}","subnet":{{"id":"{}"}},"publicIPAddress":{{"id":"{}"}}}}}}]{own}}}}}"#,
            net(&format!("networkInterfaces/n{at}")),
            appliance && at == 3,
            u8::from(*subnet == "open"),
            at + 4,
            net(&format!("virtualNetworks/v/subnets/{subnet}")),
            net(&format!("publicIPAddresses/p{at}")),
        ));
    }
    format!("[{}]", all.join(","))
}

fn read(appliance: bool) -> Estate {
    let text = text(appliance);
    let estate = of_text(text.as_bytes());
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

/// A change, to be made of what an estate holds.
#[derive(Clone, Debug)]
enum Step {
    Put { group: bool, rule: usize },
    Delete { group: bool, name: usize },
    Public { machine: usize, on: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), 0..60usize).prop_map(|(group, rule)| Step::Put { group, rule }),
        2 => (any::<bool>(), 0..5usize).prop_map(|(group, name)| Step::Delete { group, name }),
        1 => (0..4usize, any::<bool>()).prop_map(|(machine, on)| Step::Public { machine, on }),
    ]
}

fn change(estate: &Estate, step: &Step) -> Change {
    let id = |name: String| estate.ids().find(&format!("{RG}/Microsoft.Network/{name}")).unwrap();
    let group = |group: &bool| id(format!("networkSecurityGroups/{}", if *group { "a" } else { "b" }));
    match step {
        Step::Put { group: at, rule } => {
            let donor = estate.nsg(id("networkSecurityGroups/donor".to_owned())).unwrap();
            let rules: &Vec<SecurityRule> = donor.rules.as_ref().unwrap().value().unwrap();
            Change::PutRule { nsg: group(at), rule: Box::new(rules[*rule % rules.len()].clone()) }
        }
        Step::Delete { group: at, name } => {
            Change::DeleteRule { nsg: group(at), rule: format!("r{name}").into() }
        }
        Step::Public { machine, on } => Change::SetPublicIp {
            nic: id(format!("networkInterfaces/n{machine}")),
            ip_configuration: "i".into(),
            public_ip: on.then(|| id(format!("publicIPAddresses/p{machine}"))),
        },
    }
}

/// What a whole run says, without passes: resource, code, id of the finding.
fn whole(estate: &Estate) -> BTreeSet<(String, String, Option<String>)> {
    // What rests on rules anywhere is not kept.
    let kept: Vec<_> = CHECKS.iter().copied().filter(|check| !matches!(check.run, Run::Paths(..))).collect();
    let outcome = posture::run(estate, &Tags::built_in(), &kept, &Settings::default(), Lang::En, false);
    let fails = outcome.findings.iter().filter(|finding| finding.status == Status::Fail).map(|finding| {
        (estate.text(finding.resource).to_owned(), finding.check.code.to_owned(), Some(finding.id(estate)))
    });
    let unknown = outcome.unknown_resources.iter().flat_map(|(code, resources)| {
        resources.iter().map(|resource| (estate.text(*resource).to_owned(), (*code).to_owned(), None))
    });
    fails.chain(unknown).collect()
}

fn said(live: &Live) -> BTreeSet<(String, String, Option<String>)> {
    let all = live.said();
    all.map(|(id, one)| (live.estate().text(id).to_owned(), one.code.to_owned(), one.finding.clone()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 1000 + 4, ..ProptestConfig::default() })]
    #[test]
    fn a_live_estate_says_what_a_whole_run_says(
        steps in proptest::collection::vec(step(), 1..12),
        appliance: bool,
    ) {
        let sources = [Family::V4, Family::V6].map(|family| internet(family).clone());
        let tags = Tags::built_in();
        let mut live = Live::new(read(appliance), &tags, CHECKS, Settings::default(), Lang::En, sources.clone());
        // The same estate beside it, judged as a whole.
        let mut beside = read(appliance);
        let mut undo = Vec::new();
        let first = said(&live);
        prop_assert_eq!(&first, &whole(&beside));
        for step in &steps {
            let before = said(&live);
            let was: Vec<_> = {
                let reach = Reach::new(&beside);
                machines(&beside).iter().map(|machine| ways(&reach, Some(machine), &sources)).collect()
            };
            let one = change(live.estate(), step);
            let same = change(&beside, step);
            let applied = estate::apply(&mut beside, &same);
            let changed = match (live.apply(&one), applied) {
                (Ok(changed), Ok(_)) => changed,
                (Err(_), Err(_)) => {
                    prop_assert_eq!(&said(&live), &before, "an error changes nothing");
                    continue;
                }
                _ => return Err(TestCaseError::fail("one of the two took the change")),
            };
            let after = said(&live);
            prop_assert_eq!(&after, &whole(&beside), "{:?}", step);
            let text = |id| live.estate().text(id).to_owned();
            let new: BTreeSet<_> = changed.new.iter().map(|finding| finding.id(live.estate())).collect();
            let ids = |all: &BTreeSet<(String, String, Option<String>)>| -> BTreeSet<String> {
                all.iter().filter_map(|(_, _, id)| id.clone()).collect()
            };
            prop_assert_eq!(&new, &ids(&after).difference(&ids(&before)).cloned().collect::<BTreeSet<_>>());
            let gone: BTreeSet<_> = changed.gone.iter()
                .map(|(id, one)| (text(*id), one.code.to_owned(), one.finding.clone())).collect();
            prop_assert_eq!(&gone, &before.difference(&after).cloned().collect::<BTreeSet<_>>());
            let unknown: BTreeSet<_> = changed.unknown.iter()
                .map(|(id, code)| (text(*id), (*code).to_owned(), None)).collect();
            let doubted = after.difference(&before).filter(|(_, _, id)| id.is_none()).cloned().collect::<BTreeSet<_>>();
            prop_assert_eq!(&unknown, &doubted);
            // Exposures differ where they differ in the whole estate, and nowhere else.
            let reach = Reach::new(&beside);
            let differing: BTreeSet<String> = machines(&beside).iter().zip(&was)
                .filter(|(machine, was)| !between(was, &ways(&reach, Some(machine), &sources)).is_empty())
                .map(|(machine, _)| beside.text(machine.id).to_owned())
                .collect();
            prop_assert_eq!(changed.exposures.iter().map(|(id, _)| text(*id)).collect::<BTreeSet<_>>(), differing);
            undo.push(changed.undo);
        }
        for change in undo.iter().rev() {
            live.apply(change).unwrap();
        }
        prop_assert_eq!(said(&live), first, "undone in the opposite order, everything is as it was");
    }
}

#[test]
fn a_change_looks_only_at_the_machines_behind_the_group() {
    let sources = [Family::V4, Family::V6].map(|family| internet(family).clone());
    let mut live = Live::new(read(false), &Tags::built_in(), CHECKS, Settings::default(), Lang::En, sources);
    let put = change(live.estate(), &Step::Put { group: false, rule: 0 });
    let changed = live.apply(&put).unwrap();
    assert_eq!(changed.looked_at, 2, "the two NICs with group b");
    let opened: Vec<_> = changed.new.iter().map(|finding| finding.check.code).collect();
    assert!(opened.contains(&"NET001"), "{opened:?}");
    assert_eq!(changed.exposures.len(), 1, "the other one's subnet stays closed");
}
