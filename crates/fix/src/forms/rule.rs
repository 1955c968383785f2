//! A rule of a security group, with its words in one shape however Azure was given them.

use serde_json::Value;

/// One side of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) prefixes: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) ports: Vec<String>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) priority: String,
    pub(super) direction: String,
    pub(super) access: String,
    pub(super) protocol: String,
    pub(super) source: Side,
    pub(super) destination: Side,
    pub(super) description: Option<String>,
}

impl Rule {
    /// Reads a rule in Azure's nested shape; nothing where a member that every rule has is not there, or it has one that
    /// nothing here knows.
    pub(super) fn read(rule: &Value) -> Option<Self> {
        const KNOWN: [&str; 17] = [
            "priority",
            "direction",
            "access",
            "protocol",
            "description",
            "sourceAddressPrefix",
            "sourceAddressPrefixes",
            "sourcePortRange",
            "sourcePortRanges",
            "sourceApplicationSecurityGroups",
            "destinationAddressPrefix",
            "destinationAddressPrefixes",
            "destinationPortRange",
            "destinationPortRanges",
            "destinationApplicationSecurityGroups",
            "provisioningState",
            "resourceGuid",
        ];
        let all = rule.get("properties")?.as_object()?;
        if !all.keys().all(|name| KNOWN.contains(&name.as_str())) {
            return None;
        }
        let text = |name: &str| all.get(name)?.as_str().map(str::to_owned);
        let words = |one: &str, list: &str| -> Option<Vec<String>> {
            let mut words: Vec<String> = Vec::new();
            words.extend(text(one).filter(|word| !word.is_empty()));
            match all.get(list) {
                None | Some(Value::Null) => {}
                Some(Value::Array(list)) => {
                    for word in list {
                        words.push(word.as_str()?.to_owned());
                    }
                }
                Some(_) => return None,
            }
            Some(words)
        };
        let groups = |name: &str| -> Option<Vec<String>> {
            let list = all.get(name).and_then(Value::as_array).into_iter().flatten();
            list.map(|one| Some(one.get("id")?.as_str()?.to_owned())).collect()
        };
        let side = |name: &str| -> Option<Side> {
            Some(Side {
                prefixes: words(&format!("{name}AddressPrefix"), &format!("{name}AddressPrefixes"))?,
                groups: groups(&format!("{name}ApplicationSecurityGroups"))?,
                ports: words(&format!("{name}PortRange"), &format!("{name}PortRanges"))?,
            })
        };
        Some(Self {
            priority: all.get("priority")?.as_u64()?.to_string(),
            direction: text("direction")?,
            access: text("access")?,
            protocol: text("protocol")?,
            source: side("source")?,
            destination: side("destination")?,
            description: text("description").filter(|text| !text.is_empty()),
        })
    }
}
