//! Sets of addresses of one family, and what service tags stand for.
//!
//! Source of all tags: <https://learn.microsoft.com/azure/virtual-network/service-tags-overview>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use estate::{Bound, Family, Prefix, Range, RangeSet, ServiceTag, Space, parse_prefix};

use crate::tags::Tags;

/// A set of addresses of one family: IPv4 addresses are their numbers.
pub type Addresses = RangeSet<u128>;

/// What certainly is in a set, and what may be.
///
/// INVARIANT: `must ⊆ may`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MustMay {
    /// Certainly in the set.
    pub must: Addresses,
    /// Possibly in the set.
    pub may: Addresses,
}

impl MustMay {
    pub(crate) fn certain(set: Addresses) -> Self {
        Self { must: set.clone(), may: set }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.must = self.must.union(&other.must);
        self.may = self.may.union(&other.may);
    }
}

/// Every address of a family.
pub fn everything(family: Family) -> Addresses {
    match family {
        Family::V4 => [Range { first: 0, last: u128::from(u32::MAX) }].into_iter().collect(),
        Family::V6 => Addresses::all(),
    }
}

/// The number of an address.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of a number.
pub(crate) fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        Family::V6 => Ipv6Addr::from_bits(number).into(),
    }
}

fn widen<T: Bound + Into<u128>>(set: &RangeSet<T>) -> Addresses {
    set.ranges().iter().map(|range| Range { first: range.first.into(), last: range.last.into() }).collect()
}

/// The addresses of one family in a space.
pub fn of_space(space: &Space, family: Family) -> Addresses {
    match family {
        Family::V4 => widen(&space.v4),
        Family::V6 => widen(&space.v6),
    }
}

pub(crate) fn of_sets(v4: &estate::V4, v6: &estate::V6, family: Family) -> Addresses {
    match family {
        Family::V4 => widen(v4),
        Family::V6 => widen(v6),
    }
}

pub(crate) fn of_prefixes(prefixes: &[&str], family: Family) -> Addresses {
    prefixes
        .iter()
        .filter_map(|text| match (parse_prefix(text)?, family) {
            (Prefix::V4(range), Family::V4) => {
                Some(Range { first: range.first.into(), last: range.last.into() })
            }
            (Prefix::V6(range), Family::V6) => Some(range),
            _ => None,
        })
        .collect()
}

/// What the `Internet` tag has never held in any recorded answer of Azure.
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

static INTERNET_V4: LazyLock<Addresses> =
    LazyLock::new(|| everything(Family::V4).difference(&of_prefixes(&NOT_INTERNET, Family::V4)));
// No recorded answer of Azure shows the tag in IPv6; global unicast is what the internet routes
// (RFC 4291, section 2.4).
static INTERNET_V6: LazyLock<Addresses> = LazyLock::new(|| of_prefixes(&["2000::/3"], Family::V6));

/// The internet's addresses: 3,702,259,456 of IPv4, global unicast of IPv6.
pub fn internet(family: Family) -> &'static Addresses {
    match family {
        Family::V4 => &INTERNET_V4,
        Family::V6 => &INTERNET_V6,
    }
}

/// The platform's address: health probes, DNS, DHCP. In `VirtualNetwork` and `AzureLoadBalancer`.
const PLATFORM: [&str; 2] = ["168.63.129.16/32", "fe80::1234:5678:9abc/128"];

pub(crate) fn platform(family: Family) -> Addresses {
    of_prefixes(&PLATFORM, family)
}

/// What the `VirtualNetwork` tag also holds besides address space.
pub(crate) fn platform_in_network(family: Family) -> Addresses {
    of_prefixes(PLATFORM.get(..1).unwrap_or_default(), family)
}

/// Addresses that are nobody's on the internet: where a network that is not in the input lies.
pub(crate) fn private(family: Family) -> Addresses {
    everything(family).difference(internet(family))
}

/// What a service tag stands for. `network` is the `VirtualNetwork` tag of the endpoint's subnet,
/// `own` the address space in it, `tags` the published list. A tag that is not in the list may be any
/// public address.
pub(crate) fn of_tag(
    tag: &ServiceTag,
    family: Family,
    network: &MustMay,
    own: &Addresses,
    tags: &Tags,
) -> MustMay {
    match tag {
        ServiceTag::VirtualNetwork => network.clone(),
        ServiceTag::Internet => MustMay::certain(internet(family).difference(own)),
        ServiceTag::AzureLoadBalancer => MustMay::certain(platform(family)),
        ServiceTag::Other(name) => match tags.in_family(name, family) {
            Some(addresses) => MustMay::certain(addresses),
            None => MustMay { must: Addresses::empty(), may: internet(family).union(&platform(family)) },
        },
    }
}

/// The prefixes that make up a set, smallest address first, at most `limit` of them.
pub fn prefixes_of(set: &Addresses, family: Family, limit: usize) -> Vec<String> {
    let text = |(first, length)| format!("{}/{length}", address(family, first));
    each_prefix(set, family).take(limit).map(text).collect()
}

/// The same, without prefixes that hold nothing of another set.
pub fn prefixes_touching(set: &Addresses, other: &Addresses, family: Family, limit: usize) -> Vec<String> {
    let touches = |(first, length): &(u128, u32)| {
        let bits = family_width(family) - length;
        let last = first | (1u128.checked_shl(bits).map_or(u128::MAX, |block| block - 1));
        let block: Addresses = [Range { first: *first, last }].into_iter().collect();
        block.overlaps(other)
    };
    let text = |(first, length)| format!("{}/{length}", address(family, first));
    each_prefix(set, family).filter(touches).take(limit).map(text).collect()
}

fn family_width(family: Family) -> u32 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

/// The prefixes that make up a set: first address and length.
pub(crate) fn prefixes_in(set: &Addresses, family: Family) -> Vec<(u128, u32)> {
    each_prefix(set, family).collect()
}

fn each_prefix(set: &Addresses, family: Family) -> impl Iterator<Item = (u128, u32)> {
    let width = family_width(family);
    set.ranges().iter().flat_map(move |range| {
        let mut next = Some(range.first);
        std::iter::from_fn(move || {
            let first = next?;
            // The largest aligned block that starts here and fits.
            let aligned = if first == 0 { width } else { first.trailing_zeros().min(width) };
            let span = range.last - first;
            let fits = match span.checked_add(1) {
                Some(count) => count.ilog2(),
                None => 128,
            };
            let bits = aligned.min(fits);
            let last = first | (1u128.checked_shl(bits).map_or(u128::MAX, |block| block - 1));
            next = last.checked_add(1).filter(|_| last < range.last);
            Some((first, width - bits))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_as_wide_as_recorded() {
        assert_eq!(internet(Family::V4).count(), 3_702_259_456);
        let inside = |text: &str| internet(Family::V4).contains(number(text.parse().unwrap()));
        for text in ["1.0.0.1", "198.51.100.1", "203.0.113.9", "168.63.129.16", "223.255.255.255"] {
            assert!(inside(text), "{text}");
        }
        for text in ["10.1.2.3", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "0.1.2.3"] {
            assert!(!inside(text), "{text}");
        }
    }

    #[test]
    fn sets_are_written_as_prefixes() {
        let check = |prefixes: &[&str], family: Family, expected: &[&str]| {
            assert_eq!(prefixes_of(&of_prefixes(prefixes, family), family, 100), expected);
        };
        check(&["0.0.0.0/0"], Family::V4, &["0.0.0.0/0"]);
        check(&["0.0.0.0/1", "128.0.0.0/1"], Family::V4, &["0.0.0.0/0"]);
        check(&["::/0"], Family::V6, &["::/0"]);
        check(&["10.0.0.0/24", "10.0.1.0/24", "10.0.3.7"], Family::V4, &["10.0.0.0/23", "10.0.3.7/32"]);
        check(&["255.255.255.255", "0.0.0.0"], Family::V4, &["0.0.0.0/32", "255.255.255.255/32"]);
        check(&["2001:db8::/32", "ffff::/16"], Family::V6, &["2001:db8::/32", "ffff::/16"]);
        let odd = [Range { first: 1, last: 6 }].into_iter().collect();
        assert_eq!(
            prefixes_of(&odd, Family::V4, 100),
            ["0.0.0.1/32", "0.0.0.2/31", "0.0.0.4/31", "0.0.0.6/32"]
        );
        assert_eq!(prefixes_of(&odd, Family::V4, 2).len(), 2);
    }

    #[test]
    fn prefixes_that_touch_nothing_of_the_other_set_are_left_out() {
        let touching = |set: &[&str], other: &[&str], family: Family, limit: usize| {
            prefixes_touching(&of_prefixes(set, family), &of_prefixes(other, family), family, limit)
        };
        let set = ["10.0.0.0/23", "10.0.4.0/24", "20.0.0.0/8"];
        assert_eq!(touching(&set, &["10.0.1.255"], Family::V4, 9), ["10.0.0.0/23"]);
        assert_eq!(
            touching(&set, &["10.0.0.0", "20.255.255.255"], Family::V4, 9),
            ["10.0.0.0/23", "20.0.0.0/8"]
        );
        assert_eq!(touching(&set, &["0.0.0.0/0"], Family::V4, 2), ["10.0.0.0/23", "10.0.4.0/24"]);
        assert!(touching(&set, &["10.0.2.0", "10.0.5.0", "19.255.255.255"], Family::V4, 9).is_empty());
        assert_eq!(touching(&["::/0"], &["ffff::1"], Family::V6, 9), ["::/0"]);
    }

    #[test]
    fn a_tag_that_is_not_in_the_list_may_be_anything_public() {
        let tag = |name: &str| {
            let none = MustMay::certain(Addresses::empty());
            of_tag(&ServiceTag::Other(name.into()), Family::V4, &none, &Addresses::empty(), &Tags::built_in())
        };
        for name in ["azurecloud", "azurecloud.japaneast", "storage"] {
            let set = tag(name);
            assert!(!set.must.is_empty() && set.must == set.may, "{name}");
        }
        let unknown = tag("nosuchtag");
        assert!(unknown.must.is_empty() && unknown.may.contains_all(internet(Family::V4)));
    }
}
