//! Names that policies have for fields of resources, and where these stand.
//!
//! An alias such as `Microsoft.Network/networkSecurityGroups/securityRules[*].direction` names the type and a path below
//! `properties`; elements of some lists have `properties` of their own, and a few aliases are called otherwise than their field.
//! The catalogue (`data/aliases.txt`) is of our own derivation: paths that resources of the types that are read have, and what
//! Azure's own definitions name. Source of the rules:
//! <https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-alias>.

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use regorus::languages::azure_policy::aliases::AliasRegistry;
use regorus::languages::azure_policy::aliases::types::{AliasEntry, ProviderAliases, ResourceTypeAliases};

/// What is known of aliases.
pub(crate) struct Aliases {
    /// Where fields stand, by alias in lower case: for each type that has it, its name in lower case and the path.
    paths: HashMap<String, Vec<(String, String)>>,
    /// The types, in lower case, each with the lists whose elements have `properties` of their own.
    types: Vec<(String, Vec<&'static str>)>,
    registry: Arc<AliasRegistry>,
}

/// The text that the catalogue stands in. A line without indentation is a type; below it `of LIST` says that elements of a list
/// have `properties` of their own, `NAME` is an alias, `NAME = PATH` one that is called otherwise, `/NAME = PATH` one that is
/// called after the provider alone.
const CATALOGUE: &str = include_str!("../data/aliases.txt");

impl Aliases {
    /// The catalogue.
    pub(crate) fn get() -> &'static Self {
        static ALIASES: OnceLock<Aliases> = OnceLock::new();
        ALIASES.get_or_init(|| Self::read(CATALOGUE))
    }

    fn read(text: &'static str) -> Self {
        let mut aliases = Self { paths: HashMap::new(), types: Vec::new(), registry: Arc::default() };
        let mut providers: Vec<ProviderAliases> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some(line) = line.strip_prefix("  ") else {
                aliases.types.push((line.to_ascii_lowercase(), Vec::new()));
                let (namespace, resource_type) = line.split_once('/').unwrap_or((line, ""));
                let own = ResourceTypeAliases {
                    resource_type: resource_type.to_owned(),
                    aliases: Vec::new(),
                    capabilities: None,
                    default_api_version: None,
                };
                providers
                    .push(ProviderAliases { namespace: namespace.to_owned(), resource_types: vec![own] });
                continue;
            };
            let Some(provider) = providers.last_mut() else { continue };
            let Some(own) = provider.resource_types.last_mut() else { continue };
            let Some((_, lists)) = aliases.types.last_mut() else { continue };
            if let Some(list) = line.strip_prefix("of ") {
                lists.push(list);
                continue;
            }
            // The library is given elements without `properties` of their own: see `Record::normalized`.
            let (name, path, flat) = match line.split_once(" = ") {
                Some((name, path)) => (name, path.to_owned(), path.replace("[*].properties.", "[*].")),
                None => (line, derived(line, lists), derived(line, &[])),
            };
            let of = format!("{}/{}", provider.namespace, own.resource_type);
            let name = match name.strip_prefix('/') {
                Some(name) => format!("{}/{name}", provider.namespace),
                None => format!("{of}/{name}"),
            };
            let key = name.to_ascii_lowercase();
            aliases.paths.entry(key).or_default().push((of.to_ascii_lowercase(), path));
            own.aliases.push(AliasEntry { name, default_path: Some(flat), ..AliasEntry::default() });
        }
        let mut registry = AliasRegistry::new();
        providers.into_iter().for_each(|provider| registry.load_provider(provider));
        aliases.registry = Arc::new(registry);
        aliases
    }

    /// The same for the library that works conditions out.
    pub(crate) fn registry(&self) -> &Arc<AliasRegistry> {
        &self.registry
    }

    /// Whether any type has such an alias.
    pub(crate) fn holds(&self, alias: &str) -> bool {
        self.paths.contains_key(&alias.to_ascii_lowercase())
    }

    /// The path of an alias in resources of a type (lower case): `properties.securityRules[*].properties.direction`. None where
    /// such resources have no such field.
    pub(crate) fn path(&self, alias: &str, resource_type: &str) -> Option<&str> {
        let all = self.paths.get(&alias.to_ascii_lowercase())?;
        all.iter().find(|(of, _)| of == resource_type).map(|(_, path)| path.as_str())
    }

    /// Whether the catalogue holds aliases of a type (lower case), which is so for what is read.
    pub(crate) fn has_type(&self, resource_type: &str) -> bool {
        self.types.iter().any(|(own, _)| own == resource_type)
    }

    /// Lists of a type (lower case) whose elements have `properties` of their own.
    pub(crate) fn lists(&self, resource_type: &str) -> Vec<&'static str> {
        self.types
            .iter()
            .find(|(own, _)| own == resource_type)
            .map(|(_, lists)| lists.clone())
            .unwrap_or_default()
    }

    /// Whether an alias that is not held is of a type that is read, or of one whose name is nearly that of such a type.
    pub(crate) fn is_near(&self, alias: &str) -> bool {
        let lower = alias.to_ascii_lowercase();
        let Some((of, _)) = lower.rsplit_once('/') else { return false };
        let near = |own: &str| strsim::damerau_levenshtein(own, of) <= 2;
        self.has_type(of)
            || self.types.iter().any(|(own, _)| near(own))
            || !of.contains('/')
                && self.paths.keys().any(|key| key.rsplit_once('/').is_some_and(|(own, _)| own == of))
    }

    /// The alias that was probably meant.
    pub(crate) fn nearest(&self, alias: &str) -> Option<&str> {
        let lower = alias.to_ascii_lowercase();
        let (of, field) = lower.rsplit_once('/')?;
        // Most slips are in the field; of the many aliases just those of its type are looked at.
        let known = self.has_type(of);
        let all = self.paths.keys().filter_map(|key| {
            let (its, name) = key.rsplit_once('/')?;
            let type_far = if its == of { 0 } else { strsim::damerau_levenshtein(its, of) };
            let near = if known { type_far == 0 } else { type_far <= 2 };
            near.then(|| (type_far + strsim::damerau_levenshtein(name, field), key))
        });
        let (far, key) = all.min()?;
        (far <= field.len() / 4 + 2).then_some(key.as_str())
    }
}

/// Where a field stands that is called as it is: below `properties`, but for what stands beside it.
fn derived(name: &str, lists: &[&str]) -> String {
    const BESIDE: [&str; 3] = ["sku", "zones", "identity"];
    /// What an element has beside its own `properties`.
    const OWN: [&str; 5] = ["id", "name", "type", "etag", "zones"];
    let first = name.split(['.', '[']).next().unwrap_or(name);
    if BESIDE.contains(&first) {
        return name.to_owned();
    }
    let mut path = String::from("properties");
    let mut segments = name.split('.').peekable();
    while let Some(segment) = segments.next() {
        path.push('.');
        path.push_str(segment);
        let list = segment.strip_suffix("[*]").is_some_and(|list| lists.contains(&list));
        if list && segments.peek().is_some_and(|next| !OWN.contains(next)) {
            path.push_str(".properties");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_azure_keeps_them() {
        let aliases = Aliases::get();
        let path = |alias, of: &str| aliases.path(alias, of).map(str::to_owned);
        let group = "microsoft.network/networksecuritygroups";
        assert_eq!(
            path("Microsoft.Network/networkSecurityGroups/securityRules[*].direction", group).as_deref(),
            Some("properties.securityRules[*].properties.direction")
        );
        assert_eq!(
            path("Microsoft.Network/networkSecurityGroups/securityRules[*].name", group).as_deref(),
            Some("properties.securityRules[*].name")
        );
        let vm = "microsoft.compute/virtualmachines";
        assert_eq!(
            path("microsoft.compute/VIRTUALMACHINES/sku.name", vm).as_deref(),
            Some("properties.hardwareProfile.vmSize")
        );
        assert_eq!(
            path("Microsoft.Compute/imagePublisher", vm).as_deref(),
            Some("properties.storageProfile.imageReference.publisher")
        );
        assert_eq!(
            path("Microsoft.Compute/disks/managedBy", "microsoft.compute/disks").as_deref(),
            Some("managedBy")
        );
        assert!(aliases.path("Microsoft.Compute/disks/managedBy", vm).is_none());
    }

    #[test]
    fn a_slip_is_recognised() {
        let aliases = Aliases::get();
        assert!(!aliases.holds("Microsoft.Compute/disks/networkAcessPolicy"));
        assert_eq!(
            aliases.nearest("Microsoft.Compute/disks/networkAcessPolicy"),
            Some("microsoft.compute/disks/networkaccesspolicy")
        );
        assert_eq!(aliases.nearest("Microsoft.Compute/disks/zzzzzzzzzzzz"), None);
    }
}
