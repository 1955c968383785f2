//! Fixes of rules and addresses on random estates: what the plan writes to Azure and what the proof counts on are the same,
//! nothing opens, and what was to be closed is closed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeSet;

use estate::{Estate, Family, Space, of_text};
use fix::proof::{Keep, Need, Refusal, left, prove};
use fix::{Act, Fix, Options, Plan, Planner, State, plan};
use posture::{Approved, CHECKS, Finding, Lang, Live, Settings, Status};
use proptest::prelude::*;
use reach::tags::Tags;
use reach::{Addresses, Protocols, Reach};
use serde_json::{Value, json};

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

fn id(kind: &str, name: &str) -> String {
    format!("{RG}/Microsoft.Network/{kind}/{name}")
}

/// A rule as a random choice: source, ports, protocol, access, priority.
type Chosen = (usize, usize, usize, bool, u32);

const SOURCES: [&str; 7] =
    ["*", "Internet", "203.0.113.0/24", "203.0.0.0/16", "VirtualNetwork", "198.51.100.0/28", "AzureCloud"];
const PORTS: [&[&str]; 6] = [&["22"], &["3389"], &["*"], &["20-25"], &["443"], &["22", "443", "8000-8010"]];
const PROTOCOLS: [&str; 3] = ["Tcp", "*", "Udp"];

fn rules(chosen: &[Chosen]) -> Vec<Value> {
    let mut used = BTreeSet::new();
    chosen
        .iter()
        .filter(|(.., priority)| used.insert(*priority))
        .enumerate()
        .map(|(at, (source, ports, protocol, allow, priority))| {
            let mut properties = json!({"priority": priority, "direction": "Inbound",
                "access": if *allow { "Allow" } else { "Deny" }, "protocol": PROTOCOLS[*protocol],
                "sourceAddressPrefix": SOURCES[*source], "sourcePortRange": "*", "destinationAddressPrefix": "*",
                "description": "of others"});
            match PORTS[*ports] {
                [one] => properties["destinationPortRange"] = json!(one),
                several => properties["destinationPortRanges"] = json!(several),
            }
            json!({"name": format!("r{at}"), "properties": properties})
        })
        .collect()
}

/// Two machines behind one group on their subnet, the second with a group of its own, too.
fn records(subnet: &[Chosen], card: &[Chosen]) -> Vec<Value> {
    let mut all = vec![
        json!({"id": id("networkSecurityGroups", "a"), "properties": {"securityRules": rules(subnet)}}),
        json!({"id": id("networkSecurityGroups", "b"), "properties": {"securityRules": rules(card)}}),
        json!({"id": id("virtualNetworks", "v"), "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"id": id("virtualNetworks", "v/subnets/one"), "name": "one", "properties": {"addressPrefix": "10.0.0.0/24",
                "networkSecurityGroup": {"id": id("networkSecurityGroups", "a")}}}]}}),
    ];
    for at in 0..2 {
        let nic = id("networkInterfaces", &format!("n{at}"));
        let address = id("publicIPAddresses", &format!("p{at}"));
        all.push(json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/m{at}"),
            "properties": {"networkProfile": {"networkInterfaces": [{"id": nic}]}}}));
        all.push(json!({"id": address, "sku": {"name": "Standard"},
            "properties": {"ipAddress": format!("20.0.0.{at}"), "publicIPAllocationMethod": "Static"}}));
        let mut properties = json!({"ipConfigurations": [{"name": "i", "properties": {
            "privateIPAddress": format!("10.0.0.{}", at + 4),
            "subnet": {"id": id("virtualNetworks", "v/subnets/one")}, "publicIPAddress": {"id": address}}}]});
        if at == 1 {
            properties["networkSecurityGroup"] = json!({"id": id("networkSecurityGroups", "b")});
        }
        all.push(json!({"id": nic, "properties": properties}));
    }
    all
}

fn read(records: &[Value]) -> Estate {
    let text = serde_json::to_string(records).unwrap();
    of_text(text.as_bytes())
}

fn approved(prefix: &str) -> Vec<Approved> {
    let Some(estate::Prefix::V4(range)) = estate::parse_prefix(prefix) else { panic!() };
    let space = Space { v4: [range].into_iter().collect(), ..Space::default() };
    vec![Approved { name: "corp".to_owned(), space, prefixes: vec![prefix.to_owned()] }]
}

struct World {
    records: Vec<Value>,
    settings: Settings,
    options: Options,
}

impl World {
    fn new(records: Vec<Value>, approved: Vec<Approved>, close: bool) -> Self {
        let settings = Settings { approved, ..Settings::default() };
        Self { records, settings, options: Options { close, ..Options::default() } }
    }

    /// The plan, and the estate that it was made from: ids are numbers of one estate alone.
    fn plan(&self) -> (Plan, Live) {
        let estate = read(&self.records);
        let tags = Tags::built_in();
        let outcome = posture::run(&estate, &tags, CHECKS, &self.settings, Lang::En, false);
        let findings: Vec<&Finding> =
            outcome.findings.iter().filter(|finding| finding.status == Status::Fail).collect();
        let reach = Reach::new(&estate);
        let record = |id| {
            let text = estate.text(id);
            let is = |record: &&Value| record["id"].as_str().unwrap().eq_ignore_ascii_case(text);
            self.records.iter().find(is).cloned()
        };
        let planner = Planner {
            estate: &estate,
            reach: &reach,
            settings: &self.settings,
            options: &self.options,
            lang: Lang::En,
            record: &record,
        };
        let plan = plan(&planner, &findings);
        drop(reach);
        (plan, self.judged(estate))
    }

    fn judged(&self, estate: Estate) -> Live {
        Live::new(estate, &Tags::built_in(), CHECKS, self.settings.clone(), Lang::En, internet())
    }

    fn live(&self) -> Live {
        self.judged(read(&self.records))
    }

    /// What Azure would hold after a fix, by its writes.
    fn write(&mut self, fix: &Fix) {
        for step in &fix.steps {
            let write = &step.write;
            let (group, rule) = match write.target.split_once("/securityRules/") {
                Some((group, rule)) => (group, Some(rule)),
                None => (write.target.as_str(), None),
            };
            let record =
                self.records.iter_mut().find(|record| record["id"].as_str().unwrap() == group).unwrap();
            let Some(rule) = rule else {
                assert_eq!(write.state(Some(record)), State::Was, "{write:?}");
                let id = record["id"].clone();
                *record = write.edited(record).unwrap();
                record["id"] = id;
                assert_eq!(write.state(Some(record)), State::Becomes, "{write:?}");
                continue;
            };
            let rules = record["properties"]["securityRules"].as_array_mut().unwrap();
            let place = rules.iter().position(|one| one["name"] == rule);
            let found = place.map(|place| rules[place].clone());
            assert_eq!(write.state(found.as_ref()), State::Was, "{write:?}");
            match (&write.act, place) {
                (Act::Put { becomes, .. }, Some(place)) => {
                    rules[place]["properties"] = becomes["properties"].clone();
                }
                (Act::Put { becomes, .. }, None) => {
                    rules.push(json!({"name": rule, "properties": becomes["properties"]}));
                }
                (Act::Delete { .. }, Some(place)) => drop(rules.remove(place)),
                other => panic!("{other:?}"),
            }
            let mut priorities = BTreeSet::new();
            for one in rules.iter() {
                let priority = one["properties"]["priority"].as_u64().unwrap();
                let fits = (100..=4096).contains(&priority) && priorities.insert(priority);
                assert!(fits, "Azure refuses it: {one}");
            }
        }
    }
}

fn internet() -> [Addresses; 2] {
    [Family::V4, Family::V6].map(|family| reach::internet(family).clone())
}

fn said(live: &Live) -> BTreeSet<(String, &'static str, Option<String>)> {
    live.said()
        .filter(|(_, said)| said.code.starts_with("NET00"))
        .map(|(id, said)| (live.estate().text(id).to_ascii_lowercase(), said.code, said.finding.clone()))
        .collect()
}

fn chosen() -> impl Strategy<Value = Vec<Chosen>> {
    let allow = prop::bool::weighted(0.75);
    let one = (0..SOURCES.len(), 0..PORTS.len(), 0..PROTOCOLS.len(), allow, 100_u32..112);
    prop::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn what_is_proved_is_what_is_written(
        subnet in chosen(),
        card in chosen(),
        source in prop::option::of(prop::sample::select(vec!["203.0.113.0/24", "198.51.100.0/28", "10.0.0.0/8"])),
        close in any::<bool>(),
    ) {
        let approved = source.map(approved).unwrap_or_default();
        let mut world = World::new(records(&subnet, &card), approved, close);
        let (plan, mut live) = world.plan();
        let mut made = Vec::new();
        for fix in &plan.fixes {
            let proof = prove(&mut live, fix, &[], &internet());
            for why in &proof.refused {
                prop_assert!(!matches!(why, Refusal::Opens { .. }), "{}", fix.title);
            }
            if proof.refused.is_empty() {
                world.write(fix);
                made.push(fix);
            }
        }
        // The estate of the proof is the one that Azure would have.
        prop_assert_eq!(said(&live), said(&world.live()));
        // What is left is nothing that a fix of a rule alone was to close: others were refused or asked about.
        let asked: BTreeSet<&str> =
            plan.asks.iter().flat_map(|ask| &ask.closes).map(|one| one.finding.as_str()).collect();
        for closes in left(&live, made.iter().copied()) {
            prop_assert!(
                asked.contains(closes.finding.as_str()) || made.len() < plan.fixes.len(),
                "{} is left, and nobody was asked", closes.finding
            );
        }
    }
}

fn only(source: usize, ports: usize, protocol: usize) -> Vec<Chosen> {
    vec![(source, ports, protocol, true, 100)]
}

fn titles(plan: &Plan) -> Vec<&str> {
    plan.fixes.iter().filter(|fix| fix.id.starts_with("rule")).map(|fix| fix.title.as_str()).collect()
}

#[test]
fn the_order_is_the_one_that_is_written_down() {
    let corp = || approved("203.0.113.0/24");
    let planned = |approved: Vec<Approved>, close: bool, ports: usize| {
        let (plan, _) = World::new(records(&only(0, ports, 0), &[]), approved, close).plan();
        let asks = plan.asks.iter().filter(|ask| ask.question.starts_with("who needs")).count();
        (titles(&plan).join(" | "), asks)
    };
    assert_eq!(planned(corp(), false, 0).0, "Narrow the rule `r0` of `a` (port 22) to 203.0.113.0/24");
    // Approved sources come before closing.
    assert_eq!(planned(corp(), true, 0).0, "Narrow the rule `r0` of `a` (port 22) to 203.0.113.0/24");
    assert_eq!(planned(Vec::new(), true, 0).0, "Remove the rule `r0` of `a` (port 22)");
    assert_eq!(planned(Vec::new(), false, 0), (String::new(), 1));
    // A port that a program offers is never narrowed to where people come from.
    assert_eq!(planned(corp(), false, 4), (String::new(), 1));
    assert_eq!(planned(corp(), true, 4).0, "Remove the rule `r0` of `a` (port 443)");
    // Of a rule for several ports only those are changed that the finding is about.
    assert_eq!(
        planned(corp(), false, 5).0,
        "Split the rule `r0` of `a`: port 22 for 203.0.113.0/24 alone, its other ports as they are"
    );
}

#[test]
fn every_machine_behind_a_shared_group_is_listed() {
    let world = World::new(records(&only(0, 0, 0), &only(0, 0, 0)), approved("203.0.113.0/24"), false);
    let (plan, mut live) = world.plan();
    let fix = plan.fixes.iter().find(|fix| fix.title.contains("of `a`")).unwrap();
    let proof = prove(&mut live, fix, &[], &internet());
    assert!(proof.refused.is_empty());
    assert_eq!(proof.machines.len(), 2);
    let gone: BTreeSet<_> =
        proof.gone.iter().filter(|(_, said)| said.code == "NET001").map(|(id, _)| *id).collect();
    assert_eq!(gone.len(), 2, "on both");
    assert_eq!(proof.exposures.len(), 2);
}

#[test]
fn what_has_to_pass_is_not_stopped() {
    let world = World::new(records(&only(0, 0, 0), &[]), approved("203.0.113.0/24"), false);
    let keep = |from: u128, to: u128, need: Need, port: u16| {
        move |live: &Live| {
            let machine =
                live.estate().vms.iter().find(|vm| live.estate().text(vm.id).ends_with("m0")).unwrap().id;
            let from = [[estate::Range { first: from, last: to }].into_iter().collect(), Addresses::empty()];
            let ports = estate::PortSet::one(port);
            Keep { text: "flow".to_owned(), from, machine, protocols: Protocols::TCP, ports, need }
        }
    };
    let refused = |keep: &dyn Fn(&Live) -> Keep| {
        let (plan, mut live) = world.plan();
        let fix = plan.fixes.iter().find(|fix| fix.id.starts_with("rule")).unwrap();
        let keep = keep(&live);
        let before = said(&live);
        let proof = prove(&mut live, fix, &[keep], &internet());
        if !proof.refused.is_empty() {
            assert_eq!(said(&live), before, "a fix that is refused changes nothing");
        }
        (proof.refused, proof.did_not_pass)
    };
    // 198.51.100.7 is no approved source; 203.0.113.9 is.
    let (why, _) = refused(&keep(0xc633_6407, 0xc633_6407, Need::Own, 22));
    let [Refusal::Stops { keep: 0, difference, rules }] = why.as_slice() else { panic!("{why:?}") };
    assert_eq!(difference.witness.as_ref().unwrap().packet.remote.to_string(), "198.51.100.7");
    assert_eq!(rules, &["a/securityRules/r0"]);
    assert!(refused(&keep(0xcb00_7109, 0xcb00_7109, Need::Own, 22)).0.is_empty());
    // What did not pass before is told, and refuses nothing, unless it is to take the place of another way.
    let (why, not) = refused(&keep(0xc633_6407, 0xc633_6407, Need::Kept, 443));
    assert!(why.is_empty());
    assert_eq!(not, [0]);
    let (why, _) = refused(&keep(0xc633_6407, 0xc633_6407, Need::Way, 443));
    assert!(matches!(why.as_slice(), [Refusal::NoWay { keep: 0 }]), "{why:?}");
}

#[test]
fn an_address_that_nobody_uses_goes_and_comes_back() {
    let mut world = World::new(records(&[], &[]), Vec::new(), false);
    let (plan, _) = world.plan();
    let off: Vec<&Fix> = plan.fixes.iter().filter(|fix| fix.id.starts_with("address")).collect();
    assert_eq!(off.len(), 2);
    let before = world.records.clone();
    world.write(off[0]);
    assert_ne!(world.records, before);
    let back = off[0].steps[0].write.undo().unwrap();
    let nic = world.records.iter_mut().find(|record| record["id"] == back.target.as_str()).unwrap();
    assert_eq!(back.state(Some(nic)), State::Was);
    let id = nic["id"].clone();
    *nic = back.edited(nic).unwrap();
    nic["id"] = id;
    assert_eq!(world.records, before);
    // One that is in use is asked about.
    let (plan, _) = World::new(records(&only(0, 4, 0), &[]), Vec::new(), false).plan();
    assert!(plan.fixes.iter().all(|fix| !fix.id.starts_with("address") || fix.title.contains("`n1`")));
    assert!(plan.asks.iter().any(|ask| ask.question.contains("is reached from the internet by `p0`")));
}
