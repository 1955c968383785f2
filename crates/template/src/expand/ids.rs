//! Ids of resources, from types, names and scopes.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/scope-functions>.

use super::place::{Level, Place, literal, text_parts};
use crate::value::{Joined, Kind, Part, Span, Unknown, Value};

/// The segments of a name: `vnet/subnet` has two. An unknown part belongs to one segment.
pub(super) fn segments(name: &Value) -> Vec<Vec<Part>> {
    let mut all = vec![Vec::new()];
    for part in text_parts(name) {
        let text = match &part {
            Part::Literal(text) if text.contains('/') => text,
            Part::Literal(text) if text.is_empty() => continue,
            _ => {
                if let Some(last) = all.last_mut() {
                    last.push(part);
                }
                continue;
            }
        };
        for (index, segment) in text.split('/').enumerate() {
            if index > 0 {
                all.push(Vec::new());
            }
            if let Some(last) = all.last_mut()
                && !segment.is_empty()
            {
                last.push(literal(segment));
            }
        }
    }
    all
}

/// Adds `/providers/Microsoft.Network/virtualNetworks/a/subnets/b` to an id: a type with the segments of a name. Names
/// that do not have as many segments as the type are taken as far as they go.
pub(super) fn provider_path(id: &mut Joined, resource_type: &str, names: &[Vec<Part>]) {
    let mut types = resource_type.split('/');
    id.text("/providers/");
    id.text(types.next().unwrap_or_default());
    let mut names = names.iter();
    for segment in types {
        id.text("/");
        id.text(segment);
        if let Some(name) = names.next() {
            id.text("/");
            name.iter().for_each(|part| id.push(&in_any_case(part)));
        }
    }
    // More names than types: one name holds slashes, as some of extensions do.
    for name in names {
        id.text("/");
        id.extend(name);
    }
}

/// What there is of subscriptions alone, whichever schema a template names.
/// Source: <https://learn.microsoft.com/azure/templates/microsoft.security/pricings>.
const OF_SUBSCRIPTIONS: [&str; 5] = [
    "microsoft.security/autoprovisioningsettings",
    "microsoft.security/pricings",
    "microsoft.security/securitycontacts",
    "microsoft.security/settings",
    "microsoft.security/workspacesettings",
];

/// Ids are the same in any case of letters, so names that are not known yet are, too.
fn in_any_case(part: &Part) -> Part {
    let Part::Unknown(unknown) = part else { return part.clone() };
    let mut key = &*unknown.key;
    while let Some(inner) = ["toLower(", "toUpper("].iter().find_map(|start| {
        let starts = key.get(..start.len()).is_some_and(|its| its.eq_ignore_ascii_case(start));
        key.get(start.len()..)?.strip_suffix(')').filter(|_| starts)
    }) {
        key = inner;
    }
    if key.len() == unknown.key.len() {
        return part.clone();
    }
    Part::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone()))
}

/// The id of a resource at a place, or below the scope of another resource.
pub(super) fn id(place: &Place, scope: Option<&Value>, resource_type: &str, name: &Value, at: Span) -> Value {
    let mut id = match scope {
        Some(scope) => scope_prefix(place, scope),
        None => match resource_type.to_ascii_lowercase().as_str() {
            "microsoft.resources/resourcegroups" => {
                let mut id = place.prefix_at(Level::Subscription);
                id.text("/resourceGroups/");
                id.extend(&text_parts(name));
                return id.value(at);
            }
            "microsoft.management/managementgroups" | "microsoft.subscription/aliases" => Joined::default(),
            kind if OF_SUBSCRIPTIONS.contains(&kind) && place.level == Level::ResourceGroup => {
                place.prefix_at(Level::Subscription)
            }
            _ => place.prefix(),
        },
    };
    provider_path(&mut id, resource_type, &segments(name));
    id.value(at)
}

/// The start of ids below a scope: an id, `Microsoft.Storage/storageAccounts/a` of the same place, or `/` for
/// the tenant.
fn scope_prefix(place: &Place, scope: &Value) -> Joined {
    let mut id = Joined::default();
    match &scope.kind {
        Kind::Text(text) if &**text == "/" => {}
        Kind::Text(text)
            if text.to_ascii_lowercase().starts_with("microsoft.management/managementgroups/") =>
        {
            id.text("/providers/");
            id.text(text);
        }
        _ if starts_with(scope, "/") => id.extend(&text_parts(scope)),
        Kind::Text(_) | Kind::Parts(_) if !matches!(text_parts(scope).first(), Some(Part::Unknown(_))) => {
            let (resource_type, name) = split_path(scope);
            id = place.prefix();
            provider_path(&mut id, &resource_type, &name);
        }
        _ => id.extend(&text_parts(scope)),
    }
    id
}

fn starts_with(value: &Value, start: &str) -> bool {
    match text_parts(value).first() {
        Some(Part::Literal(text)) => text.starts_with(start),
        _ => false,
    }
}

/// `Microsoft.Network/virtualNetworks/a/subnets/b` as type and names.
pub(super) fn split_path(path: &Value) -> (String, Vec<Vec<Part>>) {
    let (mut resource_type, mut names) = (String::new(), Vec::new());
    for (index, segment) in segments(path).into_iter().enumerate() {
        if index == 0 || index % 2 == 1 {
            let text = Value::of_parts(segment, Span::default());
            if index > 0 {
                resource_type.push('/');
            }
            resource_type += &text.shown().unwrap_or_default();
        } else {
            names.push(segment);
        }
    }
    (resource_type, names)
}

/// An id as it is looked up by.
pub(super) fn lookup_key(id: &Value) -> Box<str> {
    let mut key = id.shown().unwrap_or_default().into_owned();
    key.make_ascii_lowercase();
    key.into()
}

/// What follows the last `/providers/` of an id: its type, and its names joined by slashes.
pub(super) fn type_of(id: &str) -> (String, String) {
    let lower = id.to_ascii_lowercase();
    let tail = match lower.rfind("/providers/") {
        Some(at) => id.get(at + "/providers/".len()..).unwrap_or_default(),
        None => {
            return (
                "Microsoft.Resources/resourceGroups".to_owned(),
                id.rsplit('/').next().unwrap_or_default().to_owned(),
            );
        }
    };
    let (mut types, mut names) = (String::new(), String::new());
    for (index, segment) in tail.split('/').enumerate() {
        let to = if index == 0 || index % 2 == 1 { &mut types } else { &mut names };
        if !to.is_empty() {
            to.push('/');
        }
        *to += segment;
    }
    (types, names)
}

#[cfg(test)]
mod tests {
    use super::super::place::Given;
    use super::*;

    fn check(schema: &str, resource_type: &str, name: &str, expected: &str) {
        let given =
            Given { subscription: Some("s".into()), resource_group: Some("g".into()), ..Given::default() };
        let place = Place::new(&given, Level::of_schema(schema), 0);
        let name = Value::of_text(name, Span::default());
        let id = id(&place, None, resource_type, &name, Span::default());
        assert_eq!(id.text(), Some(expected));
    }

    #[test]
    fn ids_say_where_a_resource_is() {
        let (group, subscription) = ("/deploymentTemplate.json#", "/subscriptionDeploymentTemplate.json#");
        let vnet = "Microsoft.Network/virtualNetworks";
        check(
            group,
            vnet,
            "v",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
        );
        check(subscription, "Microsoft.Resources/resourceGroups", "h", "/subscriptions/s/resourceGroups/h");
        for schema in [group, subscription] {
            let plan = "/subscriptions/s/providers/Microsoft.Security/pricings/VirtualMachines";
            check(schema, "Microsoft.Security/pricings", "VirtualMachines", plan);
        }
        let policy =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Security/jitNetworkAccessPolicies/j";
        check(group, "Microsoft.Security/jitNetworkAccessPolicies", "j", policy);
    }
}
