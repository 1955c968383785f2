//! Port ranges of a security rule.

use crate::known::Reason;
use crate::ranges::{Range, RangeSet};

/// A set of ports.
pub type PortSet = RangeSet<u16>;

/// The ports that a rule names: those that could be read, and a reason if some could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSpec {
    /// The ports that are certainly named.
    pub ports: PortSet,
    /// Set when the rule may name further ports.
    pub unreadable: Option<Box<Reason>>,
}

impl PortSpec {
    /// Every port.
    pub fn any() -> Self {
        Self { ports: PortSet::all(), unreadable: None }
    }
}

/// Reads `*`, `22` or `1000-2000`.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview>
pub fn parse_ports(text: &str) -> Option<Range<u16>> {
    let text = text.trim();
    if text == "*" || text.eq_ignore_ascii_case("any") {
        return Some(Range::ALL);
    }
    let port = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u16>().ok())
            .flatten()
    };
    match text.split_once('-') {
        None => port(text).map(|port| Range { first: port, last: port }),
        Some((first, last)) => {
            let (first, last) = (port(first)?, port(last)?);
            (first <= last).then_some(Range { first, last })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_or_refused() {
        let check = |text: &str, expected: Option<(u16, u16)>| {
            assert_eq!(parse_ports(text).map(|r| (r.first, r.last)), expected, "{text:?}");
        };
        check("*", Some((0, 65535)));
        check("22", Some((22, 22)));
        check(" 22 - 23 ", Some((22, 23)));
        check("0-65535", Some((0, 65535)));
        check("65536", None);
        check("70000", None);
        check("22-10", None);
        check("-22", None);
        check("+22", None);
        check("22-", None);
        check("22,23", None);
        check("", None);
        check("ssh", None);
    }
}
