//! Who a source of a rule is, and which ports a rule is for.
//!
//! INVARIANT: what cannot be read counts as the whole internet, and as every port.

use std::net::IpAddr;

use serde_json::Value;

use super::records::{list, text};

/// Ports that people sign in by.
pub(super) const SIGN_IN: [u16; 4] = [22, 3389, 5985, 5986];
/// Ports that servers of the web offer on purpose.
pub(super) const WEB: [u16; 2] = [80, 443];

/// A source or destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Anybody, the network included.
    Anybody,
    /// More of the internet than anybody knows.
    Internet,
    /// Some addresses on the internet.
    Few,
    /// A service of Azure's, by its tag.
    Service,
    /// The whole network.
    Network,
    /// A part of the network, or the platform.
    Inside,
}

/// How many addresses of the internet somebody can know.
const FEW_V4: u32 = 8;
const FEW_V6: u32 = 64;

/// An address range: its first address and the length of its prefix.
pub(super) fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.trim().split_once('/').map_or((text.trim(), None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(most), |length| length.parse().ok())?;
    (length <= most).then_some((address, length))
}

/// Whether people may be trusted to come from there: some addresses, not a good part of the internet.
pub(super) fn is_trustable(text: &str) -> bool {
    range(text).is_some_and(|(address, length)| length >= if address.is_ipv4() { 8 } else { 32 })
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Whether one range holds the other.
pub(super) fn holds(outer: (IpAddr, u8), inner: (IpAddr, u8)) -> bool {
    let apart = (bits(outer.0) ^ bits(inner.0)).leading_zeros();
    outer.0.is_ipv4() == inner.0.is_ipv4() && outer.1 <= inner.1 && apart >= u32::from(outer.1)
}

const PRIVATE: [&str; 10] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// Who a prefix or tag is, for networks of these prefixes.
pub(super) fn who(source: &str, networks: &[String]) -> Who {
    let source = source.trim();
    let is = |word: &str| source.eq_ignore_ascii_case(word);
    let starts = |word: &str| source.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if source == "*" || is("any") || is("0.0.0.0/0") || is("::/0") {
        return Who::Anybody;
    }
    if is("virtualnetwork") || is("virtual_network") {
        return Who::Network;
    }
    if is("azureloadbalancer") || is("azure_loadbalancer") {
        return Who::Inside;
    }
    if is("internet") || starts("azurecloud") {
        return Who::Internet;
    }
    let Some(range) = range(source) else {
        let is_tag = source.starts_with(|c: char| c.is_ascii_alphabetic());
        return if is_tag { Who::Service } else { Who::Internet };
    };
    if networks
        .iter()
        .filter_map(|it| self::range(it))
        .any(|network| holds(range, network) || half(network, range))
    {
        return if range.1 < 8 && range.0.is_ipv4() { Who::Anybody } else { Who::Network };
    }
    if PRIVATE.iter().filter_map(|it| self::range(it)).any(|private| holds(private, range)) {
        return Who::Inside;
    }
    let (most, few) = if range.0.is_ipv4() { (32, FEW_V4) } else { (128, FEW_V6) };
    match most - u32::from(range.1) <= few {
        true => Who::Few,
        false if range.1 < 8 => Who::Anybody,
        false => Who::Internet,
    }
}

fn half(network: (IpAddr, u8), range: (IpAddr, u8)) -> bool {
    holds(network, range) && range.1 == network.1 + 1
}

/// The sources or destinations of a rule, `side` being `source` or `destination`.
pub(super) fn of_rule(rule: &Value, side: &str) -> Vec<String> {
    let one = text(rule, &[&format!("{side}AddressPrefix")]).into_iter();
    let more = list(rule, &[&format!("{side}AddressPrefixes")]).iter().filter_map(Value::as_str);
    one.chain(more).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// Ranges of ports, in order and apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// The ports that a rule is for.
    pub(super) fn of_rule(rule: &Value) -> Self {
        let one = text(rule, &["destinationPortRange"]).into_iter();
        let more = list(rule, &["destinationPortRanges"]).iter().filter_map(Value::as_str);
        let mut all: Vec<(u16, u16)> = one.chain(more).filter(|it| !it.is_empty()).map(port_range).collect();
        if all.is_empty() {
            all.push((0, u16::MAX));
        }
        Self::joined(all)
    }

    /// These ports alone.
    pub(super) fn these(ports: &[u16]) -> Self {
        Self::joined(ports.iter().map(|port| (*port, *port)).collect())
    }

    fn joined(mut all: Vec<(u16, u16)>) -> Self {
        all.sort_unstable();
        let mut joined: Vec<(u16, u16)> = Vec::new();
        for (first, last) in all {
            match joined.last_mut() {
                Some(before) if u32::from(first) <= u32::from(before.1) + 1 => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|(first, last)| u32::from(*last) - u32::from(*first) + 1).sum()
    }

    /// Those of some ports that are among these.
    pub(super) fn among(&self, ports: &[u16]) -> Vec<u16> {
        let is_in = |port: &u16| self.0.iter().any(|(first, last)| (first..=last).contains(&port));
        ports.iter().copied().filter(is_in).collect()
    }

    /// All but some ports.
    pub(super) fn without(&self, ports: &[u16]) -> Self {
        let mut all = self.0.clone();
        for port in ports {
            all = all
                .into_iter()
                .flat_map(|(first, last)| {
                    if !(first..=last).contains(port) {
                        return [Some((first, last)), None];
                    }
                    let before = port.checked_sub(1).filter(|end| *end >= first).map(|end| (first, end));
                    let behind =
                        port.checked_add(1).filter(|start| *start <= last).map(|start| (start, last));
                    [before, behind]
                })
                .flatten()
                .collect();
        }
        Self(all)
    }

    /// As a rule writes them.
    pub(super) fn texts(&self) -> Vec<String> {
        let one = |(first, last): &(u16, u16)| match (first, last) {
            (0, &u16::MAX) => "*".to_owned(),
            _ if first == last => first.to_string(),
            _ => format!("{first}-{last}"),
        };
        self.0.iter().map(one).collect()
    }
}

fn port_range(text: &str) -> (u16, u16) {
    let (first, last) = text.trim().split_once('-').unwrap_or((text.trim(), text.trim()));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if first <= last => (first, last),
        _ => (0, u16::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        let networks = ["10.1.0.0/16".to_owned()];
        for (source, expected) in [
            ("*", Who::Anybody),
            ("0.0.0.0/0", Who::Anybody),
            ("0.0.0.0/1", Who::Anybody),
            ("INTERNET", Who::Internet),
            ("AzureCloud.japaneast", Who::Internet),
            ("203.0.112.0/20", Who::Internet),
            ("203.0.113.0/24", Who::Few),
            ("203.0.113.9", Who::Few),
            ("GatewayManager", Who::Service),
            ("VirtualNetwork", Who::Network),
            ("10.0.0.0/8", Who::Network),
            ("10.1.128.0/17", Who::Network),
            ("10.1.3.0/24", Who::Inside),
            ("168.63.129.16", Who::Inside),
            ("1.2.3.4-5", Who::Internet),
            ("2001:db8::/32", Who::Internet),
            ("2001:db8::1", Who::Few),
        ] {
            assert_eq!(who(source, &networks), expected, "{source}");
        }
        assert!(is_trustable("198.51.100.0/28") && !is_trustable("0.0.0.0/0") && !is_trustable("Internet"));
    }

    #[test]
    fn ports_are_taken_out() {
        let all = Ports::of_rule(&serde_json::json!({"destinationPortRange": "*"}));
        assert_eq!(all.without(&SIGN_IN).texts(), ["0-21", "23-3388", "3390-5984", "5987-65535"]);
        let some = Ports::of_rule(&serde_json::json!({"destinationPortRanges": ["80", "20-22", "bad"]}));
        assert_eq!(some.texts(), ["*"]);
        let some =
            Ports::of_rule(&serde_json::json!({"properties": {"destinationPortRanges": ["80", "20-22"]}}));
        assert_eq!(some.texts(), ["20-22", "80"]);
        assert_eq!(some.among(&SIGN_IN), [22]);
        assert_eq!(some.without(&[20, 22, 80]).texts(), ["21"]);
        assert_eq!(some.count(), 4);
    }
}
