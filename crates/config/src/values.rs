//! Values as people write them, in a file, a flag or an environment variable.

use estate::{Prefix, Space, parse_prefix};
use posture::{Approved, Lang, Severity};

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
/// When one of the prefixes is none, or when they are too many addresses together.
pub fn approved_source(name: &str, prefixes: Vec<String>) -> Result<Approved, ValueFault> {
    const EXPECTED: ValueFault =
        ValueFault("an address or a prefix such as 203.0.113.0/24, of a /8 (IPv6: /16) at the most");
    let mut space = Space::default();
    for text in &prefixes {
        match parse_prefix(text.trim()).ok_or(EXPECTED)? {
            Prefix::V4(range) => space.v4 = space.v4.union(&[range].into_iter().collect()),
            Prefix::V6(range) => space.v6 = space.v6.union(&[range].into_iter().collect()),
        }
    }
    // Whoever approves of half the internet has not thought of attackers.
    if prefixes.is_empty() || space.v4.count() > 1 << 24 || space.v6.count() > 1 << 112 {
        return Err(EXPECTED);
    }
    Ok(Approved { name: name.to_owned(), space, prefixes })
}
