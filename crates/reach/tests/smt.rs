//! The symbolic answers against the rules themselves, for every packet at once: a solver looks for one on which
//! they differ.
//!
//! Rules are written for the solver from what `estate` has read, with what names stand for spelled out here;
//! answers as the union of their regions. `cargo xtask test --full` runs this: it needs z3.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Command, Stdio};

use estate::{
    Access, AddressSpec, Bound, Collector, Direction, Estate, Family, Known, Part, PortSpec, Prefix,
    Protocol, RangeSet, SecurityRule, ServiceTag, SourceIndex, parse_prefix, split::Splitter,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reach::{Endpoint, GroupAnswer, Level, Opening, Protocols, Reach, RuleAccess};

/// How many pairs of groups are proved, for each family.
const PAIRS: usize = 300;

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";
const OWN: [&str; 2] = ["10.0.0.0/16", "fd00:1::/48"];
const VM: [&str; 2] = ["10.0.0.4", "fd00:1::4"];
const PLATFORM: [&str; 2] = ["168.63.129.16/32", "fe80::1234:5678:9abc/128"];
/// What `Internet` holds: of IPv4 all but these, of IPv6 global unicast.
const NOT_INTERNET: [&str; 10] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
];
const GLOBAL_UNICAST: &str = "2000::/3";

// Writing formulas.

fn or(terms: impl IntoIterator<Item = String>) -> String {
    format!("(or false {})", terms.into_iter().collect::<Vec<_>>().join(" "))
}

fn and(terms: impl IntoIterator<Item = String>) -> String {
    format!("(and true {})", terms.into_iter().collect::<Vec<_>>().join(" "))
}

fn not(term: &str) -> String {
    format!("(not {term})")
}

/// Whether a variable of so many bits is in a set.
fn within<T: Bound + Into<u128>>(variable: &str, bits: usize, set: &RangeSet<T>) -> String {
    let digits = bits / 4;
    or(set.ranges().iter().map(|range| {
        let (first, last): (u128, u128) = (range.first.into(), range.last.into());
        format!("(and (bvule #x{first:0digits$x} {variable}) (bvule {variable} #x{last:0digits$x}))")
    }))
}

fn bits(family: Family) -> usize {
    if family == Family::V4 { 32 } else { 128 }
}

fn at(family: Family, both: [&'static str; 2]) -> &'static str {
    if family == Family::V4 { both[0] } else { both[1] }
}

/// Whether the remote address is in one of these prefixes.
fn prefixes(family: Family, texts: &[&str]) -> String {
    or(texts.iter().map(|text| match parse_prefix(text).unwrap() {
        Prefix::V4(range) if family == Family::V4 => {
            within("a", 32, &[range].into_iter().collect::<RangeSet<u32>>())
        }
        Prefix::V6(range) if family == Family::V6 => {
            within("a", 128, &[range].into_iter().collect::<RangeSet<u128>>())
        }
        _ => "false".to_owned(),
    }))
}

fn internet(family: Family) -> String {
    let outside = match family {
        Family::V4 => not(&prefixes(family, &NOT_INTERNET)),
        Family::V6 => prefixes(family, &[GLOBAL_UNICAST]),
    };
    and([outside, not(&prefixes(family, &[at(family, OWN)]))])
}

fn network(family: Family) -> String {
    let platform: &[&str] = if family == Family::V4 { &PLATFORM[..1] } else { &[] };
    or([prefixes(family, &[at(family, OWN)]), prefixes(family, platform)])
}

/// The protocols by number: those that have ports come first.
const PROTOCOLS: [(Protocol, Protocols); 5] = [
    (Protocol::Tcp, Protocols::TCP),
    (Protocol::Udp, Protocols::UDP),
    (Protocol::Icmp, Protocols::ICMP),
    (Protocol::Esp, Protocols::ESP),
    (Protocol::Ah, Protocols::AH),
];
const HAVE_PORTS: &str = "(bvult p #x2)";

// The rules, as the solver sees them.

/// When a rule certainly matches, and when it may.
type Match = [String; 2];

fn all_of(matches: impl IntoIterator<Item = Match>) -> Match {
    let (must, may): (Vec<_>, Vec<_>) = matches.into_iter().map(|[must, may]| (must, may)).unzip();
    [and(must), and(may)]
}

fn known(certain: bool) -> Match {
    [certain.to_string(), "true".to_owned()]
}

fn remote(spec: &AddressSpec, family: Family) -> Match {
    let set = match family {
        Family::V4 => within("a", 32, &spec.v4),
        Family::V6 => within("a", 128, &spec.v6),
    };
    let tags = spec.tags.iter().map(|tag| match tag {
        ServiceTag::Internet => internet(family),
        ServiceTag::VirtualNetwork => network(family),
        ServiceTag::AzureLoadBalancer => prefixes(family, &[at(family, PLATFORM)]),
        ServiceTag::Other(_) => panic!("not among the made-up rules"),
    });
    let must = or([set, spec.any.to_string()].into_iter().chain(tags));
    let may = if spec.unreadable.is_some() { "true".to_owned() } else { must.clone() };
    [must, may]
}

/// The VM's own side does not depend on the packet.
fn local(spec: &AddressSpec, family: Family) -> Match {
    let named = match at(family, VM).parse().unwrap() {
        IpAddr::V4(address) => spec.v4.contains(address.to_bits()),
        IpAddr::V6(address) => spec.v6.contains(address.to_bits()),
    };
    let must = spec.any || named || spec.tags.contains(&ServiceTag::VirtualNetwork);
    [must.to_string(), (must || spec.unreadable.is_some()).to_string()]
}

fn ports(variable: &str, spec: &PortSpec) -> Match {
    let must = within(variable, 16, &spec.ports);
    let may = if spec.unreadable.is_some() { "true".to_owned() } else { must.clone() };
    [must, may]
}

fn protocol(rule: &SecurityRule) -> Match {
    match &rule.protocol {
        Known::Unknown(_) => known(false),
        Known::Value(Protocol::Any) => known(true),
        Known::Value(its) => {
            let number = PROTOCOLS.iter().position(|(other, _)| other == its).unwrap();
            let same = format!("(= p #x{number:x})");
            [same.clone(), same]
        }
    }
}

/// What a rule does, and when it does.
struct Step {
    priority: Option<u32>,
    access: Option<Access>,
    matches: Match,
}

fn step(rule: &SecurityRule, direction: Direction, family: Family) -> Step {
    let ((here, here_ports), (there, there_ports)) = {
        let source = (&rule.source, &rule.source_ports);
        let destination = (&rule.destination, &rule.destination_ports);
        if direction == Direction::Inbound { (destination, source) } else { (source, destination) }
    };
    let way = match &rule.direction {
        Known::Value(its) if *its == direction => known(true),
        Known::Value(_) => ["false".to_owned(), "false".to_owned()],
        Known::Unknown(_) => known(false),
    };
    let [local_must, local_may] = ports("l", here_ports);
    let [remote_must, remote_may] = ports("r", there_ports);
    let every_port = (here_ports.ports.is_all() && there_ports.ports.is_all()).to_string();
    let ports = [
        format!("(ite {HAVE_PORTS} {} {every_port})", and([local_must, remote_must])),
        format!("(or (not {HAVE_PORTS}) {})", and([local_may, remote_may])),
    ];
    let priority = rule.priority.value().copied();
    Step {
        priority,
        access: rule.access.value().copied(),
        matches: all_of([
            way,
            known(priority.is_some()),
            protocol(rule),
            ports,
            local(here, family),
            remote(there, family),
        ]),
    }
}

/// Azure's own rules.
fn defaults(direction: Direction, family: Family) -> Vec<Step> {
    let step = |priority, access, term: String| Step {
        priority: Some(priority),
        access: Some(access),
        matches: [term.clone(), term],
    };
    let second = match direction {
        Direction::Inbound => prefixes(family, &[at(family, PLATFORM)]),
        Direction::Outbound => internet(family),
    };
    vec![
        step(65000, Access::Allow, network(family)),
        step(65001, Access::Allow, second),
        step(65500, Access::Deny, "true".to_owned()),
    ]
}

/// Defines `NAME-allowed` and `NAME-denied`: what may be allowed and denied by first match.
fn first_match(text: &mut String, name: &str, rules: &[SecurityRule], direction: Direction, family: Family) {
    let mut steps: Vec<Step> = rules.iter().map(|rule| step(rule, direction, family)).collect();
    steps.extend(defaults(direction, family));
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    for (index, Step { matches: [must, may], .. }) in steps.iter().enumerate() {
        writeln!(text, "(define-fun {name}-must-{index} () Bool {must})").unwrap();
        writeln!(text, "(define-fun {name}-may-{index} () Bool {may})").unwrap();
    }
    for (index, step) in steps.iter().enumerate() {
        // It decides unless a rule that certainly comes before it certainly matches.
        let before = steps.iter().enumerate().filter(|(_, other)| other.priority < step.priority);
        let nothing_before = before.map(|(other, _)| format!("(not {name}-must-{other})"));
        let decides = and(nothing_before.chain([format!("{name}-may-{index}")]));
        writeln!(text, "(define-fun {name}-decides-{index} () Bool {decides})").unwrap();
        if step.access != Some(Access::Deny) {
            allowed.push(format!("{name}-decides-{index}"));
        }
        if step.access != Some(Access::Allow) {
            denied.push(format!("{name}-decides-{index}"));
        }
    }
    writeln!(text, "(define-fun {name}-allowed () Bool {})", or(allowed)).unwrap();
    writeln!(text, "(define-fun {name}-denied () Bool {})", or(denied)).unwrap();
}

// The answers, as the solver sees them.

fn protocols(set: Protocols) -> String {
    let named = (0..).zip(PROTOCOLS).filter(|(_, (_, one))| set.contains(*one));
    let rest = PROTOCOLS.iter().fold(Protocols::NONE, |sum, (_, one)| sum.or(*one));
    let other = Protocols::EACH.into_iter().filter(|one| rest.and(*one).is_empty() && set.contains(*one));
    let numbers = named.map(|(number, _)| number).chain(other.map(|_| PROTOCOLS.len()));
    or(numbers.map(|number| format!("(= p #x{number:x})")))
}

/// The packets of an answer that have one of these verdicts.
fn union(answer: &GroupAnswer, family: Family, wanted: &[RuleAccess]) -> String {
    or(answer.regions().map(|(addresses, cells)| {
        let cells = cells.filter(|cell| wanted.contains(&cell.verdict.access)).map(|cell| {
            let (here, there) = (within("l", 16, cell.local_ports), within("r", 16, cell.remote_ports));
            and([protocols(cell.protocols), here, there])
        });
        and([or(cells), within("a", bits(family), &addresses)])
    }))
}

fn openings(all: &[Opening], family: Family, certain: bool) -> String {
    or(all.iter().map(|opening| {
        let set = if certain { &opening.internet.must } else { &opening.internet.may };
        let (here, there) = (within("l", 16, &opening.local_ports), within("r", 16, &opening.remote_ports));
        and([protocols(opening.protocols), here, there, within("a", bits(family), set)])
    }))
}

// Made-up groups.

fn rule() -> impl Strategy<Value = String> {
    let some = |usual: &'static [&'static str], odd: &'static str| prop_oneof![24 => proptest::sample::select(usual), 1 => Just(odd)];
    let range = || {
        let port = prop_oneof![4 => 0..40u32, 2 => 0..65_536u32, 1 => Just(65_535u32)];
        (port.clone(), port).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)))
    };
    let ports = || {
        prop_oneof![
            4 => Just(r#"PortRange":"*""#.to_owned()),
            5 => range().prop_map(|range| format!(r#"PortRange":"{range}""#)),
            3 => (range(), range()).prop_map(|(a, b)| format!(r#"PortRanges":["{a}","{b}"]"#)),
            1 => range().prop_map(|range| format!(r#"PortRanges":["{range}","bad"]"#)),
        ]
    };
    let prefix = || {
        prop_oneof![
            (any::<u32>(), 4..33u32).prop_map(|(address, length)| {
                // Half of them near each other, so that they overlap.
                let near = if address & 1 == 0 { 0x1400_0000 | address & 0xffff } else { address };
                format!("{}/{length}", std::net::Ipv4Addr::from_bits(near & (u32::MAX << (32 - length))))
            }),
            (any::<u128>(), 8..129u32).prop_map(|(address, length)| {
                let near = if address & 1 == 0 { 0x2001_0db8 << 96 | address & 0xffff } else { address };
                format!("{}/{length}", std::net::Ipv6Addr::from_bits(near & (u128::MAX << (128 - length))))
            }),
        ]
    };
    let there = prop_oneof![
        3 => Just(r#"AddressPrefix":"*""#.to_owned()),
        1 => Just(r#"AddressPrefix":"Internet""#.to_owned()),
        1 => Just(r#"AddressPrefix":"VirtualNetwork""#.to_owned()),
        1 => Just(r#"AddressPrefix":"AzureLoadBalancer""#.to_owned()),
        8 => proptest::collection::vec(prefix(), 1..5)
            .prop_map(|all| format!(r#"AddressPrefixes":["{}"]"#, all.join(r#"",""#))),
        1 => prefix().prop_map(|one| format!(r#"AddressPrefixes":["{one}","10.0.0.0/99"]"#)),
    ];
    let here = some(
        &[
            r#"AddressPrefix":"*""#,
            r#"AddressPrefix":"*""#,
            r#"AddressPrefix":"VirtualNetwork""#,
            r#"AddressPrefixes":["10.0.0.4","fd00:1::/64"]"#,
            r#"AddressPrefixes":["10.0.0.5","fd00:1::5"]"#,
        ],
        r#"AddressPrefixes":["10.0.0.5","10.0.0.0/99"]"#,
    );
    let access = some(&["\"Allow\"", "\"Deny\""], "7");
    let protocol = some(&["\"Tcp\"", "\"Tcp\"", "\"*\"", "\"Udp\"", "\"Icmp\"", "\"Ah\""], "7");
    let direction = some(&["\"Inbound\"", "\"Inbound\"", "\"Outbound\""], "7");
    let priority =
        prop_oneof![30 => (100..400u32).prop_map(|at| at.to_string()), 1 => Just("\"x\"".to_owned())];
    (priority, direction, access, protocol, (here, ports()), (there, ports())).prop_map(
        |(priority, direction, access, protocol, (here, here_ports), (there, there_ports))| {
            let (one, other) = if direction == "\"Outbound\"" {
                ("source", "destination")
            } else {
                ("destination", "source")
            };
            format!(
                r#""properties":{{"priority":{priority},"direction":{direction},"access":{access},"protocol":{protocol},"{one}{here},"{one}{here_ports},"{other}{there},"{other}{there_ports}}}"#
            )
        },
    )
}

fn estate(subnet: &[String], nic: &[String]) -> Estate {
    let group = |name: &str, rules: &[String]| {
        let rules = rules.iter().enumerate().map(|(index, rule)| format!(r#"{{"name":"r{index}",{rule}}}"#));
        let rules = rules.collect::<Vec<_>>().join(",");
        format!(
            r#"{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/{name}","properties":{{"securityRules":[{rules}]}}}}"#
        )
    };
    let guard = |name: &str| {
        format!(r#""networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/{name}"}}"#)
    };
    let ip = |index: usize, version: &str| {
        format!(
            r#"{{"name":"i{index}","properties":{{"privateIPAddress":"{}","privateIPAddressVersion":"{version}","subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s"}},"publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p{index}"}}}}}}"#,
            VM[index]
        )
    };
    let public = |index: usize| {
        format!(
            r#"{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p{index}","sku":{{"name":"Standard"}},"properties":{{}}}}"#
        )
    };
    let [v4, v6] = OWN;
    let text = format!(
        r#"[{},{},{},{},
        {{"id":"{RG}/Microsoft.Network/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["{v4}","{v6}"]}},"subnets":[{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s","properties":{{"addressPrefixes":["10.0.0.0/24","fd00:1::/64"],{}}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/networkInterfaces/n","properties":{{{},"ipConfigurations":[{},{}]}}}}]"#,
        group("sg", subnet),
        group("ng", nic),
        public(0),
        public(1),
        guard("sg"),
        guard("ng"),
        ip(0, "IPv4"),
        ip(1, "IPv6"),
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

// Asking.

/// What is asked: a name, and whether a difference is expected.
struct Questions {
    text: String,
    expected: Vec<(String, bool)>,
}

impl Questions {
    fn new() -> Self {
        Self { text: "(set-logic QF_BV)\n".to_owned(), expected: Vec::new() }
    }

    /// A packet: `p` its protocol, `a` and `r` address and port of the other side, `l` the port on the VM.
    fn packet(&mut self, family: Family) {
        let bits = bits(family);
        writeln!(
            self.text,
            "(push 1)\n(declare-const p (_ BitVec 4))\n(declare-const a (_ BitVec {bits}))\n\
             (declare-const r (_ BitVec 16))\n(declare-const l (_ BitVec 16))\n(assert (bvule p #x5))"
        )
        .unwrap();
    }

    fn end(&mut self) {
        writeln!(self.text, "(pop 1)").unwrap();
    }

    /// Is there a packet for which these differ?
    fn ask(&mut self, name: String, pairs: &[(String, String)], expected: bool) {
        let differ = or(pairs.iter().map(|(one, other)| format!("(xor {one} {other})")));
        writeln!(self.text, "(push 1)\n(assert {differ})\n(check-sat)\n(pop 1)").unwrap();
        self.expected.push((name, expected));
    }

    /// Gives all of it to one solver.
    fn answer(self) {
        let mut solver = Command::new("z3")
            .arg("-in")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("z3 starts");
        let mut input = solver.stdin.take().unwrap();
        let text = self.text;
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = solver.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(
            said.len(),
            self.expected.len(),
            "an answer to each question: {:?}",
            said.iter().find(|line| line.contains("error"))
        );
        for ((name, differs), said) in self.expected.iter().zip(&said) {
            assert_eq!(*said, if *differs { "sat" } else { "unsat" }, "{name}");
        }
    }
}

fn solver() -> bool {
    let there = Command::new("z3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: z3 is not installed, so no answer was proved (apt-get install z3)");
    }
    there
}

fn rules_of<'e>(estate: &'e Estate, name: &str) -> &'e [SecurityRule] {
    let nsg = estate.nsgs.iter().find(|nsg| estate.text(nsg.id).ends_with(name)).unwrap();
    nsg.rules.as_ref().unwrap().value().unwrap()
}

/// Asks whether the answers for `estate` are those of the rules of `truth`: the same estate, but where a
/// difference is expected.
fn compare(questions: &mut Questions, name: &str, estate: &Estate, truth: &Estate, expected: bool) {
    let reach = Reach::new(estate);
    let nic = &estate.nics[0];
    let Some(Known::Value(configurations)) = &nic.ip_configurations else { panic!() };
    for ip in configurations {
        let family = ip.family;
        let endpoint = Endpoint::new(estate, nic, ip);
        questions.packet(family);
        for (direction, level, group) in [
            (Direction::Inbound, &endpoint.subnet_level, "sg"),
            (Direction::Inbound, &endpoint.nic_level, "ng"),
            (Direction::Outbound, &endpoint.nic_level, "ng"),
        ] {
            let Level::Group(id) = level else { panic!("{level:?}") };
            let answer = reach.decided(*id, direction, &endpoint).unwrap();
            let rules = format!("{group}-{direction:?}");
            first_match(&mut questions.text, &rules, rules_of(truth, group), direction, family);
            let must = union(&answer, family, &[RuleAccess::Allow]);
            let may = union(&answer, family, &[RuleAccess::Allow, RuleAccess::Unknown]);
            // Both are asked at once: what may and what certainly gets through.
            let pairs = [
                (format!("{rules}-allowed"), may),
                (format!("(and {rules}-allowed (not {rules}-denied))"), must),
            ];
            if !expected || group == "ng" && direction == Direction::Inbound {
                questions.ask(format!("{name}: {family:?} {rules}"), &pairs, expected);
            }
        }
        let all = reach.from_internet(nic, ip).ways.remove(0).openings;
        // The platform's own address is told only where the internet gets in, too.
        let outside = and([internet(family), not(&prefixes(family, &[at(family, PLATFORM)]))]);
        let [sg, ng] = ["sg-Inbound", "ng-Inbound"];
        let may = format!("(and {outside} {sg}-allowed {ng}-allowed)");
        let must = format!("(and {may} (not {sg}-denied) (not {ng}-denied))");
        let told = |certain| and([outside.clone(), openings(&all, family, certain)]);
        questions.ask(
            format!("{name}: {family:?} openings"),
            &[(may, told(false)), (must, told(true))],
            expected,
        );
        questions.end();
    }
}

#[test]
#[ignore = "run by `cargo xtask test --full`: needs z3"]
fn no_packet_tells_an_answer_from_its_rules() {
    if !solver() {
        return;
    }
    // Always the same groups.
    let mut runner = TestRunner::deterministic();
    let group = || proptest::collection::vec(rule(), 0..14);
    let pair = (group(), group());
    let mut questions = Questions::new();
    for number in 0..PAIRS {
        let (subnet, nic) = pair.new_tree(&mut runner).unwrap().current();
        let estate = estate(&subnet, &nic);
        compare(&mut questions, &format!("pair {number}: {subnet:?} {nic:?}"), &estate, &estate, false);
    }
    eprintln!("z3 is asked about {PAIRS} pairs of groups: {} questions", questions.expected.len());
    questions.answer();
}

#[test]
#[ignore = "run by `cargo xtask test --full`: needs z3"]
fn broken_rules_are_found() {
    if !solver() {
        return;
    }
    let rule = |priority: u32, access: &str, protocol: &str, source: &str, from: &str, to: &str| {
        format!(
            r#""properties":{{"priority":{priority},"direction":"Inbound","access":"{access}","protocol":"{protocol}","sourceAddressPrefixes":[{source}],"sourcePortRange":"{from}","destinationAddressPrefix":"*","destinationPortRange":"{to}"}}"#
        )
    };
    let office = r#""203.0.113.6/31","2001:db8::6/127""#;
    let deny = rule(200, "Deny", "*", r#""203.0.113.7","2001:db8::7""#, "*", "22");
    let right = [rule(300, "Allow", "Tcp", office, "1024-65535", "22"), deny.clone()];
    let open = [rule(100, "Allow", "*", r#""0.0.0.0/0","::/0""#, "*", "*")];
    let broken = [
        ("one port more", rule(300, "Allow", "Tcp", office, "1024-65535", "22-23"), deny.clone()),
        ("one source port less", rule(300, "Allow", "Tcp", office, "1025-65535", "22"), deny.clone()),
        ("another protocol", rule(300, "Allow", "*", office, "1024-65535", "22"), deny.clone()),
        (
            "one address more",
            rule(
                300,
                "Allow",
                "Tcp",
                r#""203.0.113.5","203.0.113.6/31","2001:db8::5","2001:db8::6/127""#,
                "1024-65535",
                "22",
            ),
            deny.clone(),
        ),
        ("another order", rule(199, "Allow", "Tcp", office, "1024-65535", "22"), deny.clone()),
        ("another access", rule(300, "Deny", "Tcp", office, "1024-65535", "22"), deny.clone()),
        ("the same priority", rule(200, "Allow", "Tcp", office, "1024-65535", "22"), deny.clone()),
        ("a port that nobody can read", rule(300, "Allow", "Tcp", office, "1024-65535", "22,bad"), deny),
    ];
    let mut questions = Questions::new();
    let truth = estate(&open, &right);
    compare(&mut questions, "as it is", &truth, &truth, false);
    for (name, one, other) in broken {
        compare(&mut questions, name, &estate(&open, &[one, other]), &truth, true);
    }
    questions.answer();
}
