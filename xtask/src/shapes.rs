//! Groups of many rules, in shapes that are usual and in shapes that are hard to decide.
//!
//! Everything comes from a number, so that the same shape is the same group on every machine.

use clap::ValueEnum;

/// How the rules of a group lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// As people write them: some forty ports, each rule a few prefixes of 4,000 in all, every fourth a deny
    Prefixes,
    /// Each rule another wide range of ports on the VM, from anywhere
    Wide,
    /// Each rule another range of ports on both sides, from anywhere
    Ports,
    /// The same, each rule from prefixes of its own
    PortsAndPrefixes,
    /// Each rule around the one before it: ports on both sides and addresses
    Nested,
    /// Rules that each name one tooth of a comb: of ports here, ports there or addresses
    Comb,
    /// Ranges of both ports, each tenth rule with something that nobody can read
    Unknown,
}

/// A rule of a made-up group.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) priority: u32,
    pub(crate) access: &'static str,
    pub(crate) sources: Vec<String>,
    pub(crate) source_ports: String,
    pub(crate) ports: String,
}

/// How many prefixes a group names in all, as Azure allows.
const PREFIXES: u32 = 4000;

const PORTS: [&str; 40] = [
    "22", "80", "443", "3389", "1433", "3306", "5432", "5985", "5986", "8080", "8443", "9090", "9100",
    "9200", "6379", "11211", "27017", "53", "123", "161", "389", "445", "514", "636", "993", "995", "1521",
    "2049", "2379", "2380", "4443", "5000", "5601", "5671", "5672", "6443", "8000", "8081", "8888", "10250",
];

/// A number that looks like chance (the finalizer of a 64-bit mix, from the golden ratio).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

/// A range of ports that starts in the first half and ends in the second, or is as narrow as a tenth.
fn range(seed: u64) -> String {
    let first = mixed(seed) % 40_000;
    let last = first + 1 + mixed(seed ^ 0x5bd1) % 25_000;
    format!("{first}-{last}")
}

/// The `number`th prefix: a single address or a /29, spread over 20.0.0.0/8 to 99.0.0.0/8.
fn prefix(seed: u64, number: u32) -> String {
    let at = mixed(seed.wrapping_mul(7919).wrapping_add(u64::from(number)));
    let (a, b, c, d) = (20 + at % 80, at >> 8 & 255, at >> 16 & 255, at >> 24 & 248);
    let length = if at >> 40 & 3 == 0 { 29 } else { 32 };
    format!("{a}.{b}.{c}.{d}/{length}")
}

/// The rules of a group of a shape: with as many prefixes as Azure allows.
pub(crate) fn shaped(shape: Shape, count: u32) -> Vec<Rule> {
    rules(shape, count, (PREFIXES / count.max(1)).max(1), 1)
}

/// The rules of a group, each with so many prefixes.
pub(crate) fn rules(shape: Shape, count: u32, each: u32, seed: u64) -> Vec<Rule> {
    (0..count)
        .map(|index| {
            let at = seed.wrapping_mul(1_000_003).wrapping_add(u64::from(index));
            let own = || (0..each).map(|number| prefix(seed, index * each + number)).collect();
            let any = || vec!["*".to_owned()];
            let everything = || "*".to_owned();
            let (sources, source_ports, ports) = match shape {
                Shape::Prefixes => {
                    let port = PORTS.get((mixed(at) % PORTS.len() as u64) as usize).unwrap_or(&"22");
                    (own(), everything(), (*port).to_owned())
                }
                Shape::Wide => (any(), everything(), range(at)),
                Shape::Ports => (any(), range(at), range(at ^ 0xffff)),
                Shape::PortsAndPrefixes => (own(), range(at), range(at ^ 0xffff)),
                Shape::Nested => {
                    let around = |step: u32| {
                        let step = (index + 1) * step;
                        format!("{}-{}", 32_768 - step, 32_767 + step)
                    };
                    let lower = 0x5000_0000 - (index + 1);
                    (spanning(lower, 0x5000_0000 + index), around(30), around(31))
                }
                Shape::Comb => {
                    let tooth = u64::from(index / 3) * 90;
                    let tooth = format!("{}-{}", tooth, tooth + 44);
                    match index % 3 {
                        0 => (any(), everything(), tooth),
                        1 => (any(), tooth, everything()),
                        _ => (own(), everything(), everything()),
                    }
                }
                Shape::Unknown => {
                    let ports =
                        if index.is_multiple_of(10) { "unreadable".to_owned() } else { range(at ^ 0xffff) };
                    (any(), range(at), ports)
                }
            };
            let deny = match shape {
                Shape::Prefixes => index % 4 == 3,
                _ => index % 2 == 1,
            };
            Rule {
                name: format!("rule-{index}"),
                priority: 100 + index,
                access: if deny { "Deny" } else { "Allow" },
                sources,
                source_ports,
                ports,
            }
        })
        .collect()
}

/// The prefixes that a range of addresses is made of.
fn spanning(first: u32, last: u32) -> Vec<String> {
    let mut prefixes = Vec::new();
    let (mut at, end) = (u64::from(first), u64::from(last));
    while at <= end {
        let mut bits = 0;
        while bits < 32 && at.is_multiple_of(2 << bits) && at + (2 << bits) - 1 <= end {
            bits += 1;
        }
        prefixes.push(format!("{}/{}", std::net::Ipv4Addr::from_bits(at as u32), 32 - bits));
        at += 1 << bits;
    }
    prefixes
}
