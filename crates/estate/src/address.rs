//! Addresses of a security rule: prefixes, service tags, application security groups.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::id::ResourceId;
use crate::known::Reason;
use crate::ranges::{Range, RangeSet};

/// A set of IPv4 addresses.
pub type V4 = RangeSet<u32>;
/// A set of IPv6 addresses.
pub type V6 = RangeSet<u128>;

/// The family of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// A service tag as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceTag {
    /// `Internet`: what lies outside the virtual network and is reached through the internet.
    Internet,
    /// `VirtualNetwork`: the network itself and what is connected to it.
    VirtualNetwork,
    /// `AzureLoadBalancer`: where health probes come from.
    AzureLoadBalancer,
    /// Any other tag, in lower case.
    Other(Box<str>),
}

/// The addresses that one side of a rule names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSpec {
    /// Any address of either family (`*`).
    pub any: bool,
    /// IPv4 prefixes.
    pub v4: V4,
    /// IPv6 prefixes.
    pub v6: V6,
    /// Service tags, sorted.
    pub tags: Vec<ServiceTag>,
    /// Application security groups, in the order of the rule.
    pub asgs: Vec<ResourceId>,
    /// Set when the rule may name further addresses.
    pub unreadable: Option<Box<Reason>>,
}

impl AddressSpec {
    /// Any address.
    pub fn any() -> Self {
        Self { any: true, ..Self::default() }
    }

    /// One service tag.
    pub fn tag(tag: ServiceTag) -> Self {
        Self { tags: vec![tag], ..Self::default() }
    }

    /// Whether nothing at all is named.
    pub fn names_nothing(&self) -> bool {
        !self.any
            && self.v4.is_empty()
            && self.v6.is_empty()
            && self.tags.is_empty()
            && self.asgs.is_empty()
            && self.unreadable.is_none()
    }
}

/// One address or tag of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Any,
    V4(Range<u32>),
    V6(Range<u128>),
    Tag(ServiceTag),
}

/// Reads `*`, an address, a prefix or a service tag; `None` for anything else.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/service-tags-overview>. The classic
/// spellings `INTERNET`, `VIRTUAL_NETWORK` and `AZURE_LOADBALANCER` are on the same page.
pub(crate) fn parse_term(text: &str) -> Option<Term> {
    let text = text.trim();
    if text == "*" || text.eq_ignore_ascii_case("any") {
        return Some(Term::Any);
    }
    if let Some(prefix) = parse_prefix(text) {
        return Some(match prefix {
            Prefix::V4(range) => Term::V4(range),
            Prefix::V6(range) => Term::V6(range),
        });
    }
    let tag_like = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !tag_like {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    Some(Term::Tag(match lower.as_str() {
        "internet" => ServiceTag::Internet,
        "virtualnetwork" | "virtual_network" => ServiceTag::VirtualNetwork,
        "azureloadbalancer" | "azure_loadbalancer" => ServiceTag::AzureLoadBalancer,
        _ => ServiceTag::Other(lower.into()),
    }))
}

/// The addresses of one prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prefix {
    /// An IPv4 range.
    V4(Range<u32>),
    /// An IPv6 range.
    V6(Range<u128>),
}

/// Reads an address (`10.0.0.4`) or a prefix (`10.0.0.0/8`, `fd00::/8`).
pub fn parse_prefix(text: &str) -> Option<Prefix> {
    let text = text.trim();
    let (address, length) = match text.split_once('/') {
        None => (text, None),
        Some((address, length)) => {
            let digits = (1..=3).contains(&length.len()) && length.bytes().all(|byte| byte.is_ascii_digit());
            (address, Some(digits.then(|| length.parse::<u32>().ok()).flatten()?))
        }
    };
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let length = length.unwrap_or(32);
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            let first = Ipv4Addr::to_bits(address) & !host;
            (length <= 32).then_some(Prefix::V4(Range { first, last: first | host }))
        }
        IpAddr::V6(address) => {
            let length = length.unwrap_or(128);
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            let first = Ipv6Addr::to_bits(address) & !host;
            (length <= 128).then_some(Prefix::V6(Range { first, last: first | host }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_or_refused() {
        let check = |text: &str, expected: Option<Term>| {
            assert_eq!(parse_term(text), expected, "{text:?}");
        };
        let v4 = |first: [u8; 4], last: [u8; 4]| {
            Some(Term::V4(Range::new(u32::from_be_bytes(first), u32::from_be_bytes(last))))
        };
        check("*", Some(Term::Any));
        check("10.0.0.0/8", v4([10, 0, 0, 0], [10, 255, 255, 255]));
        check("10.1.2.3", v4([10, 1, 2, 3], [10, 1, 2, 3]));
        check("10.1.2.3/8", v4([10, 0, 0, 0], [10, 255, 255, 255]));
        check("0.0.0.0/0", v4([0, 0, 0, 0], [255, 255, 255, 255]));
        check("::/0", Some(Term::V6(Range::ALL)));
        check("INTERNET", Some(Term::Tag(ServiceTag::Internet)));
        check("Virtual_Network", Some(Term::Tag(ServiceTag::VirtualNetwork)));
        check("AzureCloud.JapanEast", Some(Term::Tag(ServiceTag::Other("azurecloud.japaneast".into()))));
        for bad in [
            "10.0.0.0/40",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "1.2.3.4-1.2.3.9",
            "",
            "a b",
            "10.0.0.0/255.0.0.0",
        ] {
            check(bad, None);
        }
    }
}
