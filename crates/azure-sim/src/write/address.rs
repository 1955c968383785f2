//! Where a resource is: what its id says, and in which list of which parent it stands.
//!
//! INVARIANT: an address is only made of text; whether there is such a resource is asked of the world.

/// Providers and types as Azure writes them; those who ask write them as they like.
const NAMES: [&str; 40] = [
    "Microsoft.Network",
    "Microsoft.Compute",
    "Microsoft.Security",
    "Microsoft.Authorization",
    "Microsoft.RecoveryServices",
    "Microsoft.Insights",
    "Microsoft.Storage",
    "applicationSecurityGroups",
    "azureFirewalls",
    "backendAddressPools",
    "bastionHosts",
    "defaultSecurityRules",
    "disks",
    "extensions",
    "firewallPolicies",
    "frontendIPConfigurations",
    "inboundNatPools",
    "inboundNatRules",
    "ipConfigurations",
    "jitNetworkAccessPolicies",
    "loadBalancers",
    "loadBalancingRules",
    "locations",
    "locks",
    "natGateways",
    "networkInterfaces",
    "networkManagers",
    "networkSecurityGroups",
    "outboundRules",
    "pricings",
    "probes",
    "publicIPAddresses",
    "publicIPPrefixes",
    "routeTables",
    "routes",
    "securityRules",
    "subnets",
    "virtualMachines",
    "virtualNetworkPeerings",
    "virtualNetworks",
];

/// The lists of a type whose elements have ids of their own.
const PARTS: [(&str, &[&str]); 5] = [
    ("microsoft.network/networksecuritygroups", &["securityRules", "defaultSecurityRules"]),
    ("microsoft.network/virtualnetworks", &["subnets", "virtualNetworkPeerings"]),
    ("microsoft.network/routetables", &["routes"]),
    ("microsoft.network/networkinterfaces", &["ipConfigurations"]),
    (
        "microsoft.network/loadbalancers",
        &[
            "frontendIPConfigurations",
            "backendAddressPools",
            "loadBalancingRules",
            "probes",
            "inboundNatRules",
            "inboundNatPools",
            "outboundRules",
        ],
    ),
];

fn canonical(text: &str) -> &str {
    NAMES.iter().find(|name| name.eq_ignore_ascii_case(text)).copied().unwrap_or(text)
}

/// The lists of a type (in lower case) whose elements have ids of their own.
pub(crate) fn parts_of(kind: &str) -> &'static [&'static str] {
    PARTS.iter().find(|(its, _)| *its == kind).map_or(&[], |(_, lists)| lists)
}

/// The address of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// What stands before the last `/providers/`: `/subscriptions/s/resourceGroups/g`, or another resource.
    pub(crate) scope: String,
    pub(crate) provider: String,
    /// Types and names.
    pub(crate) steps: Vec<(String, String)>,
}

impl Address {
    /// Reads an id, or a path without its first slash. None for what names no resource.
    pub(crate) fn read(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let at = path.to_ascii_lowercase().rfind("providers/")?;
        let before = path.get(..at)?.trim_end_matches('/');
        let mut words = path.get(at + "providers/".len()..)?.split('/');
        let provider = canonical(words.next().filter(|word| !word.is_empty())?).to_owned();
        let mut steps = Vec::new();
        while let Some(kind) = words.next() {
            let name = words.next()?;
            if kind.is_empty() || name.is_empty() {
                return None;
            }
            steps.push((canonical(kind).to_owned(), name.to_owned()));
        }
        if steps.is_empty() {
            return None;
        }
        let scope = before
            .split('/')
            .filter(|word| !word.is_empty())
            .map(|word| match word {
                word if word.eq_ignore_ascii_case("resourcegroups") => "/resourceGroups".to_owned(),
                word if word.eq_ignore_ascii_case("subscriptions") => "/subscriptions".to_owned(),
                word => format!("/{word}"),
            })
            .collect();
        Some(Self { scope, provider, steps })
    }

    pub(crate) fn id(&self) -> String {
        let steps: String = self.steps.iter().map(|(kind, name)| format!("/{kind}/{name}")).collect();
        format!("{}/providers/{}{steps}", self.scope, self.provider)
    }

    /// `Microsoft.Network/networkSecurityGroups/securityRules`
    pub(crate) fn kind(&self) -> String {
        let steps: String = self.steps.iter().map(|(kind, _)| format!("/{kind}")).collect();
        format!("{}{steps}", self.provider)
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind().eq_ignore_ascii_case(kind)
    }

    pub(crate) fn is_of(&self, provider: &str) -> bool {
        self.provider.eq_ignore_ascii_case(provider)
    }

    pub(crate) fn name(&self) -> &str {
        self.steps.last().map_or("", |(_, name)| name)
    }

    /// The resource that it is a child of.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, steps) = self.steps.split_last()?;
        (!steps.is_empty()).then(|| Self { steps: steps.to_vec(), ..self.clone() })
    }

    /// The resource that it belongs to: itself, or the first of its parents.
    pub(crate) fn root(&self) -> Self {
        Self { steps: self.steps.iter().take(1).cloned().collect(), ..self.clone() }
    }

    /// The list of its parent that it stands in.
    pub(crate) fn list(&self) -> Option<&'static str> {
        let parent = self.parent()?;
        let (kind, _) = self.steps.last()?;
        parts_of(&parent.kind().to_ascii_lowercase())
            .iter()
            .find(|list| list.eq_ignore_ascii_case(kind))
            .copied()
    }

    fn after(&self, word: &str) -> Option<&str> {
        let mut words = self.scope.split('/').skip_while(|one| !one.eq_ignore_ascii_case(word));
        words.nth(1)
    }

    pub(crate) fn subscription(&self) -> &str {
        self.after("subscriptions").unwrap_or_default()
    }

    pub(crate) fn group(&self) -> Option<&str> {
        self.after("resourceGroups")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_any_case() {
        let path = "subscriptions/s/resourcegroups/g/providers/microsoft.network/NETWORKSECURITYGROUPS/n/securityrules/r";
        let one = Address::read(path).unwrap();
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n/securityRules/r";
        assert_eq!(one.id(), id);
        assert_eq!(one.kind(), "Microsoft.Network/networkSecurityGroups/securityRules");
        assert_eq!((one.name(), one.list(), one.subscription()), ("r", Some("securityRules"), "s"));
        assert_eq!((one.group(), one.root().name()), (Some("g"), "n"));
        assert_eq!(one.parent().unwrap().list(), None);
        let lock =
            "/subscriptions/s/resourceGroups/g/providers/a.b/c/d/providers/Microsoft.Authorization/locks/l";
        assert_eq!(Address::read(lock).unwrap().scope, "/subscriptions/s/resourceGroups/g/providers/a.b/c/d");
    }

    #[test]
    fn what_names_no_resource_is_no_address() {
        for odd in ["", "/", "subscriptions/s", "providers", "providers/", "providers/a.b", "providers/a.b/c"]
        {
            assert_eq!(Address::read(odd), None, "{odd}");
        }
        for odd in ["providers/a.b/c/d/e", "providers/a.b//d", "providers/a.b/c//"] {
            assert_eq!(Address::read(odd), None, "{odd}");
        }
        assert!(Address::read("/providers/ä.b/c/🦀").is_some());
    }
}
