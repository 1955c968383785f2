//! Which release of the azurerm provider a plan was made with, as far as its defaults depend on it.
//!
//! Source: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/guides/4.0-upgrade-guide>

use super::input::Input;
use crate::value::{Object, Value};

/// The release of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.x and earlier.
    Three,
    /// 4.x and later.
    Four,
    /// The plan does not tell.
    Untold,
}

/// Attributes that 4.0 took away: a plan that has one, be it `null`, was made with an earlier release.
const GONE: [(&str, &str); 6] = [
    ("azurerm_network_interface", "enable_ip_forwarding"),
    ("azurerm_network_interface", "enable_accelerated_networking"),
    ("azurerm_subnet", "private_endpoint_network_policies_enabled"),
    ("azurerm_subnet", "enforce_private_link_endpoint_network_policies"),
    ("azurerm_subnet", "enforce_private_link_service_network_policies"),
    ("azurerm_route_table", "disable_bgp_route_propagation"),
];

impl Version {
    pub(super) fn of(input: &Input<'_>) -> Self {
        let providers = input.providers.map(Object::members).unwrap_or_default();
        let constraint = |provider: &Object| {
            super::provider::is_azurerm(provider).then_some(())?;
            Some(Self::of_constraint(provider.text("version_constraint")?))
        };
        let told = providers.iter().filter_map(|member| member.value.object()).filter_map(constraint);
        let told: Vec<Self> = told.filter(|version| *version != Self::Untold).collect();
        if let Some(version) = told.first() {
            return *version;
        }
        let gone = input.resources.iter().any(|resource| {
            let has =
                |name: &str| resource.values.is_some_and(|values: &Object| values.member(name).is_some());
            !resource.data
                && resource.fate != super::fate::Fate::Leaves
                && GONE.iter().any(|(kind, name)| *kind == resource.kind && has(name))
        });
        if gone { Self::Three } else { Self::Untold }
    }

    /// `~> 3.0`, `>= 3.0, < 4.0`, `4.1.0`.
    /// Source: <https://developer.hashicorp.com/terraform/language/expressions/version-constraints>
    fn of_constraint(text: &str) -> Self {
        let (mut least, mut most) = (0, u32::MAX);
        for part in text.split(',') {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
            let (sign, version) = part.split_at_checked(digits).unwrap_or((part, ""));
            let mut numbers = version.split('.').map(|number| number.trim().parse::<u32>().unwrap_or(0));
            let major = numbers.next().unwrap_or(0);
            let exact = numbers.clone().next().is_some();
            match sign.trim() {
                "" | "=" => (least, most) = (major, major),
                "~>" if exact => (least, most) = (major, major),
                "~>" | ">=" | ">" => least = least.max(major),
                // Below 4.0 is 3 at most.
                "<" if numbers.all(|number| number == 0) => most = most.min(major.saturating_sub(1)),
                "<" | "<=" => most = most.min(major),
                _ => {}
            }
        }
        match (least, most) {
            (4.., _) => Self::Four,
            (_, ..4) => Self::Three,
            _ => Self::Untold,
        }
    }

    /// The value of what differs; `None` where the release is not told.
    pub(super) fn pick<T>(self, three: T, four: T) -> Option<T> {
        match self {
            Self::Three => Some(three),
            Self::Four => Some(four),
            Self::Untold => None,
        }
    }

    #[cfg(test)]
    fn check(text: &str, expected: Self) {
        assert_eq!(Self::of_constraint(text), expected, "{text}");
    }
}

/// A value that the provider documents for what is left out.
#[derive(Clone, Copy)]
pub(super) enum Documented {
    Flag(bool),
    Text(&'static str),
    /// What 3.x has, and what 4.x has.
    ByRelease(&'static str, &'static str),
}

impl Documented {
    pub(super) fn value(self, block: &super::block::Block<'_>, name: &str, version: Version) -> Value {
        match self {
            Self::Flag(flag) => Value::new(crate::value::Kind::Bool(flag), block.at),
            Self::Text(text) => Value::of_text(text, block.at),
            Self::ByRelease(three, four) => match version.pick(three, four) {
                Some(text) => Value::of_text(text, block.at),
                None => block.doubt(name, block.at),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn constraints_tell_the_release_where_they_leave_but_one() {
        Version::check("~> 3.0", Version::Three);
        Version::check("~> 3.100.0", Version::Three);
        Version::check("3.9.0", Version::Three);
        Version::check("=4.1.0", Version::Four);
        Version::check(">= 4.1", Version::Four);
        Version::check(">= 3.0", Version::Untold);
        Version::check("~> 3", Version::Untold);
        Version::check(">= 3.0, < 4.0", Version::Three);
        Version::check(">= 3.0, < 4.5", Version::Untold);
        Version::check("", Version::Untold);
        Version::check("<é", Version::Untold);
    }
}
