//! Values as people write them, in a file, a flag or an environment variable.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use estate::{Prefix, Space, parse_prefix};
use posture::{Approved, CHECKS, Check, Lang, Severity};

/// Why a value cannot be used: what would be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueFault(pub &'static str);

/// `ja` or `en`.
///
/// # Errors
///
/// When it is neither.
pub fn language(text: &str) -> Result<Lang, ValueFault> {
    match text.trim().to_ascii_lowercase().as_str() {
        "ja" => Ok(Lang::Ja),
        "en" => Ok(Lang::En),
        _ => Err(ValueFault("ja or en")),
    }
}

/// `low`, `medium`, `high` or `critical`.
///
/// # Errors
///
/// When it is none of these.
pub fn severity(text: &str) -> Result<Severity, ValueFault> {
    let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let text = text.trim();
    let found = all.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(text));
    found.ok_or(ValueFault("low, medium, high or critical"))
}

/// Ports, one or a list between commas.
///
/// # Errors
///
/// When one of them is no port.
pub fn ports(text: &str) -> Result<Vec<u16>, ValueFault> {
    let one = |text: &str| match text.trim().parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(ValueFault("ports from 1 to 65535")),
    };
    text.split(',').map(one).collect()
}

/// Addresses that a team's people come from, by name.
///
/// # Errors
///
/// When one of the prefixes is none.
pub fn approved_source(name: &str, prefixes: Vec<String>) -> Result<Approved, ValueFault> {
    const EXPECTED: ValueFault = ValueFault("an address or a prefix such as 203.0.113.0/24");
    let mut space = Space::default();
    for text in &prefixes {
        let prefix = parse_prefix(text.trim()).ok_or(EXPECTED)?;
        // `198.51.100.5/24` names one address and says 256: whichever was meant, somebody should look.
        let written: Option<IpAddr> = text.trim().split('/').next().and_then(|text| text.parse().ok());
        let first = match &prefix {
            Prefix::V4(range) => IpAddr::V4(Ipv4Addr::from_bits(range.first)),
            Prefix::V6(range) => IpAddr::V6(Ipv6Addr::from_bits(range.first)),
        };
        if written.is_some_and(|written| written != first) {
            return Err(ValueFault("a prefix that starts at its first address, such as 203.0.113.0/24"));
        }
        match prefix {
            Prefix::V4(range) => space.v4 = space.v4.union(&[range].into_iter().collect()),
            Prefix::V6(range) => space.v6 = space.v6.union(&[range].into_iter().collect()),
        }
    }
    if prefixes.is_empty() {
        return Err(EXPECTED);
    }
    Ok(Approved { name: name.to_owned(), space, prefixes })
}

/// Whether approved sources are few enough together: whoever approves of half the internet has not
/// thought of attackers, and a check could not tell strangers from friends any more.
///
/// # Errors
///
/// When they are more than a /8, or for IPv6 more than a /16.
pub fn narrow_enough(sources: &[Approved]) -> Result<(), ValueFault> {
    let all = sources.iter().fold(Space::default(), |sum, source| sum.union(&source.space));
    match all.v4.count() > 1 << 24 || all.v6.count() > 1 << 112 {
        true => Err(ValueFault("prefixes of a /8 together at the most (IPv6: /16)")),
        false => Ok(()),
    }
}

/// The id of a finding, as reports show it.
///
/// # Errors
///
/// When it is none, or of no check.
pub fn finding_id(text: &str) -> Result<String, ValueFault> {
    const EXPECTED: ValueFault = ValueFault("the id of a finding, such as NET001-0123456789abcdef");
    let (code, hash) = text.trim().rsplit_once('-').ok_or(EXPECTED)?;
    let own = CHECKS.iter().any(|check| check.code.eq_ignore_ascii_case(code));
    let known = own || posture::foreign(code).is_some();
    let hex = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if known && hex { Ok(text.trim().to_owned()) } else { Err(EXPECTED) }
}

/// Severities by code, from words that name checks, in any order: the word that names the fewest
/// checks counts, so that `NET = "low"` with `NET001 = "critical"` means what it says.
pub fn by_code(words: &[(String, Severity)]) -> BTreeMap<&'static str, Severity> {
    let mut named: Vec<(usize, &[&'static Check], Severity)> = Vec::new();
    let found: Vec<_> = words
        .iter()
        .filter_map(|(word, severity)| Some((crate::named_or_foreign(word).ok()?, *severity)))
        .collect();
    named.extend(found.iter().map(|(checks, severity)| (checks.len(), checks.as_slice(), *severity)));
    named.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let all =
        named.iter().flat_map(|(_, checks, severity)| checks.iter().map(|check| (check.code, *severity)));
    all.collect()
}
