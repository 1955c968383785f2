//! The id of a resource, taken apart.
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>.

/// A resource as commands and templates name it. Its texts are those of the id, in its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The subscription; nothing above one.
    pub(super) subscription: Option<String>,
    /// The resource group; nothing for what is of a subscription.
    pub(super) group: Option<String>,
    /// The resource that this one extends.
    pub(super) scope: Option<String>,
    /// The namespace of its provider.
    pub(super) namespace: String,
    /// Types and names, outermost first.
    pub(super) steps: Vec<(String, String)>,
}

impl Target {
    /// Takes an id apart; nothing where it is none of a resource.
    pub(super) fn read(id: &str) -> Option<Self> {
        let parts: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
        if parts.len() > 64 || parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let at = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"))?;
        let (before, after) = parts.split_at_checked(at)?;
        let (namespace, steps) = after.get(1..)?.split_first()?;
        if steps.is_empty() || steps.len() % 2 != 0 {
            return None;
        }
        let named = |key: &str| {
            let pairs = before.chunks_exact(2);
            let found = pairs.filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
            found.take(2).find(|(its, _)| its.eq_ignore_ascii_case(key)).map(|(_, name)| (*name).to_owned())
        };
        let (subscription, group) = (named("subscriptions"), named("resourceGroups"));
        let extends = before.iter().any(|part| part.eq_ignore_ascii_case("providers"));
        Some(Self {
            subscription,
            group,
            scope: extends.then(|| format!("/{}", before.join("/"))),
            namespace: (*namespace).to_owned(),
            steps: steps
                .chunks_exact(2)
                .filter_map(|pair| Some(((*pair.first()?).to_owned(), (*pair.get(1)?).to_owned())))
                .collect(),
        })
    }

    /// The type with its namespace.
    pub(super) fn kind(&self) -> String {
        let types: Vec<&str> = self.steps.iter().map(|(kind, _)| kind.as_str()).collect();
        format!("{}/{}", self.namespace, types.join("/"))
    }

    /// Whether it has this type, given in lower case.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind().eq_ignore_ascii_case(kind)
    }

    /// The name of the step at `at`, counted from the outermost.
    pub(super) fn name_at(&self, at: usize) -> &str {
        self.steps.get(at).map_or("", |(_, name)| name)
    }

    /// Its own name.
    pub(super) fn name(&self) -> &str {
        self.steps.last().map_or("", |(_, name)| name)
    }

    /// The names of its steps with `/` between them, as templates write them.
    pub(super) fn path(&self) -> String {
        let names: Vec<&str> = self.steps.iter().map(|(_, name)| name.as_str()).collect();
        names.join("/")
    }
}

/// The id of the resource that a part is of: the id without its last type and name.
pub(super) fn parent(id: &str) -> &str {
    let (rest, _) = id.rsplit_once('/').unwrap_or((id, ""));
    rest.rsplit_once('/').map_or(rest, |(rest, _)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart() {
        let rule = Target::read(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n/securityRules/r",
        )
        .unwrap();
        assert_eq!(rule.kind(), "Microsoft.Network/networkSecurityGroups/securityRules");
        assert_eq!((rule.subscription.as_deref(), rule.group.as_deref()), (Some("s"), Some("g")));
        assert_eq!((rule.name_at(0), rule.name(), rule.path().as_str()), ("n", "r", "n/r"));
        assert_eq!(rule.scope, None);
        let plan = Target::read("/subscriptions/s/providers/Microsoft.Security/pricings/V").unwrap();
        assert_eq!((plan.group, plan.steps.len()), (None, 1));
        let on = Target::read(
            "/subscriptions/s/resourceGroups/g/providers/M.C/virtualMachines/v/providers/M.G/assignments/a",
        )
        .unwrap();
        assert_eq!(
            on.scope.as_deref(),
            Some("/subscriptions/s/resourceGroups/g/providers/M.C/virtualMachines/v")
        );
        assert_eq!(on.group.as_deref(), Some("g"));
        for id in
            ["", "/", "x", "/subscriptions/s", "/subscriptions/s/providers/A", "/providers/A/b", "/a//b"]
        {
            assert_eq!(Target::read(id), None, "{id}");
        }
        assert_eq!(parent("/a/b/c/d"), "/a/b");
        assert_eq!(parent(""), "");
    }
}
