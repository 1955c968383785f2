//! What several parts of a deployment say of one resource, and what may be said of it elsewhere.
//!
//! INVARIANT: where it cannot be told which of them counts, the value is unknown; what might open a group is in it.

use std::sync::Arc;

use hashbrown::HashMap;

use super::Resource;
use crate::value::{Kind, Member, Object, Span, Value, Why};

/// Settles the resources of a deployment. `linked` is whether it deploys a template that is not at hand.
pub fn settle(resources: Vec<Resource>, linked: bool) -> Vec<Resource> {
    let mut resources = without_doubles(resources);
    subnets(&mut resources);
    subnets_of_unknown_networks(&mut resources);
    let mut rules = rules_of_unknown_groups(&resources);
    if linked {
        rules.push(rule("{linked template}", &Why::Link("template".into()), Span::default()));
    }
    if !rules.is_empty() {
        resources.iter_mut().filter(|one| is(one, GROUP)).for_each(|group| add_rules(group, &rules));
    }
    resources
}

const GROUP: &str = "microsoft.network/networksecuritygroups";
const RULE: &str = "microsoft.network/networksecuritygroups/securityrules";
const NETWORK: &str = "microsoft.network/virtualnetworks";
const SUBNET: &str = "microsoft.network/virtualnetworks/subnets";

fn is(resource: &Resource, kind: &str) -> bool {
    let text = resource.body.object().and_then(|body| body.text("type"));
    text.is_some_and(|text| text.eq_ignore_ascii_case(kind))
}

/// Of resources with one id the last one written counts, and which that is depends on the order of deployments: what
/// they do not agree in is not known. Nor is anything where one of them may not be deployed.
fn without_doubles(resources: Vec<Resource>) -> Vec<Resource> {
    let mut places: HashMap<Box<str>, usize> = HashMap::with_capacity(resources.len());
    let mut kept: Vec<Resource> = Vec::with_capacity(resources.len());
    for resource in resources {
        match places.get(&resource.id).copied().and_then(|at| kept.get_mut(at)) {
            Some(first) => merge(first, &resource),
            None => {
                places.insert(resource.id.clone(), kept.len());
                kept.push(resource);
            }
        }
    }
    kept
}

fn twice(id: &str, name: &str, at: Span) -> Value {
    Value::unknown(format!("twice({id}.{name})"), name, Why::Twice(name.into()), at)
}

fn merge(first: &mut Resource, second: &Resource) {
    let properties = |resource: &Resource| match resource.body.object()?.get("properties")?.kind.clone() {
        Kind::Object(properties) => Some(properties),
        _ => None,
    };
    let value = match (&first.doubt, &second.doubt, properties(first), properties(second)) {
        (None, None, Some(mine), Some(theirs)) => {
            let names = mine.members().iter().chain(theirs.members());
            let mut made: Vec<Member> = Vec::new();
            for Member { name, at, value } in names {
                if made.iter().any(|member| member.name.eq_ignore_ascii_case(name)) {
                    continue;
                }
                let same = mine.get(name).map(Value::key) == theirs.get(name).map(Value::key);
                let value = if same { value.clone() } else { twice(&first.id, name, value.at) };
                made.push(Member { name: name.clone(), at: *at, value });
            }
            Value::new(Kind::Object(Arc::new(Object::new(made))), first.at)
        }
        _ => twice(&first.id, "properties", first.at),
    };
    first.doubt = first.doubt.take().or_else(|| second.doubt.clone());
    let of = |body: &Value| body.object().map_or_else(Vec::new, |body| body.members().to_vec());
    let (mine, theirs) = (of(&first.body), of(&second.body));
    for member in mine.iter().chain(&theirs) {
        let is = |name: &str| member.name.eq_ignore_ascii_case(name);
        let told = |all: &[Member]| {
            all.iter()
                .find(|other| other.name.eq_ignore_ascii_case(&member.name))
                .map(|other| other.value.key())
        };
        if !["id", "name", "type", "properties", "apiVersion"].into_iter().any(is)
            && told(&mine) != told(&theirs)
        {
            set(&mut first.body, &member.name, twice(&first.id, &member.name, first.at));
        }
    }
    set(&mut first.body, "properties", value);
}

fn set(body: &mut Value, name: &str, value: Value) {
    let Kind::Object(object) = &body.kind else { return };
    let mut made = object.members().to_vec();
    match made.iter_mut().find(|member| member.name.eq_ignore_ascii_case(name)) {
        Some(member) => member.value = value,
        None => made.push(Member { name: name.into(), at: value.at, value }),
    }
    body.kind = Kind::Object(Arc::new(Object::new(made)));
}

/// What guards and leads a subnet, where its network says one thing and the subnet's own resource another.
fn subnets(resources: &mut [Resource]) {
    let mut inline: HashMap<String, Value> = HashMap::new();
    for network in resources.iter().filter(|one| is(one, NETWORK)) {
        let properties =
            network.body.object().and_then(|body| body.get("properties")).and_then(Value::object);
        let all = properties.and_then(|properties| properties.get("subnets")).and_then(Value::list);
        for subnet in all.unwrap_or_default() {
            let name = subnet.object().and_then(|subnet| subnet.get("name")).and_then(Value::shown);
            let id = format!("{}/subnets/{}", network.id, name.unwrap_or_default().to_ascii_lowercase());
            inline.insert(id, subnet.clone());
        }
    }
    if inline.is_empty() {
        return;
    }
    for subnet in resources.iter_mut().filter(|one| is(one, SUBNET)) {
        let Some(other) = inline.get(&*subnet.id) else { continue };
        let of = |value: &Value, name: &str| {
            let properties = value.object()?.get("properties")?.object()?;
            properties.some(name).map(Value::key)
        };
        for name in ["networkSecurityGroup", "routeTable"] {
            let (own, theirs) = (of(&subnet.body, name), of(other, name));
            // The subnet's own resource comes later, but writing it again without a group takes the group away.
            let lost = own.is_none() && theirs.is_some();
            if lost || subnet.doubt.is_some() && own != theirs {
                let Some(Kind::Object(properties)) =
                    subnet.body.object().and_then(|body| body.get("properties")).map(|own| own.kind.clone())
                else {
                    continue;
                };
                let mut value = Value::new(Kind::Object(properties), subnet.at);
                set(&mut value, name, twice(&subnet.id, name, subnet.at));
                set(&mut subnet.body, "properties", value);
            }
        }
    }
}

/// Subnets of a network whose name nobody knows: they may be written again without their group.
fn subnets_of_unknown_networks(resources: &mut [Resource]) {
    let known: HashMap<Box<str>, ()> =
        resources.iter().filter(|one| is(one, NETWORK)).map(|one| (one.id.clone(), ())).collect();
    let names: Vec<String> = resources
        .iter()
        .filter(|one| is(one, SUBNET))
        .filter_map(|one| {
            let (owner, name) = one.id.rsplit_once("/subnets")?;
            let network = owner.rsplit('/').next().unwrap_or_default();
            let unknown = network.contains(['{', '[']) && !known.contains_key(owner);
            unknown.then(|| name.trim_start_matches('/').to_owned())
        })
        .collect();
    if names.is_empty() {
        return;
    }
    let may_be = |name: &str| {
        names.iter().any(|other| other.is_empty() || other.contains('{') || other.eq_ignore_ascii_case(name))
    };
    for network in resources.iter_mut().filter(|one| is(one, NETWORK)) {
        let id = network.id.clone();
        let Some(properties) = network.body.object().and_then(|body| body.get("properties")).cloned() else {
            continue;
        };
        let Some(all) = properties.object().and_then(|own| own.get("subnets")).and_then(Value::list) else {
            continue;
        };
        let each = all.iter().map(|subnet| {
            let name = subnet.object().and_then(|subnet| subnet.get("name")).and_then(Value::shown);
            let name = name.unwrap_or_default();
            let own = subnet.object().and_then(|subnet| subnet.get("properties")).cloned();
            let (Some(mut own), true) = (own, may_be(&name)) else { return subnet.clone() };
            let mut subnet = subnet.clone();
            for field in ["networkSecurityGroup", "routeTable"] {
                set(&mut own, field, twice(&format!("{id}/subnets/{name}"), field, subnet.at));
            }
            set(&mut subnet, "properties", own);
            subnet
        });
        let made = Value::of_list(each.collect(), properties.at);
        let mut properties = properties;
        set(&mut properties, "subnets", made);
        set(&mut network.body, "properties", properties);
    }
}

/// Rules that let something in, of a group whose name nobody knows: they may be any group's.
fn rules_of_unknown_groups(resources: &[Resource]) -> Vec<Value> {
    let groups: HashMap<&str, ()> =
        resources.iter().filter(|one| is(one, GROUP)).map(|one| (&*one.id, ())).collect();
    let mut found = Vec::new();
    for one in resources.iter().filter(|one| is(one, RULE)) {
        let owner = one.id.rsplit_once("/securityrules").map_or("", |(owner, _)| owner);
        let name = owner.rsplit('/').next().unwrap_or_default();
        if groups.contains_key(owner) || !name.contains(['{', '[']) {
            continue;
        }
        let properties = one.body.object().and_then(|body| body.get("properties")).and_then(Value::object);
        let access = properties.and_then(|properties| properties.text("access"));
        if !access.is_some_and(|access| access.eq_ignore_ascii_case("deny")) {
            found.push(rule(
                &format!("{{{}}}", one.id.rsplit('/').next().unwrap_or_default()),
                &Why::Parameter("name".into()),
                one.at,
            ));
        }
    }
    found
}

/// A rule that lets in, of which nobody knows more.
fn rule(name: &str, why: &Why, at: Span) -> Value {
    let text = |text: &str| Value::of_text(text, at);
    let unknown = |what: &str| Value::unknown(format!("{name}.{what}"), what, why.clone(), at);
    let properties = Value::of_object(
        vec![
            ("access", text("Allow")),
            ("direction", text("Inbound")),
            ("protocol", text("*")),
            ("priority", unknown("priority")),
            ("sourcePortRange", text("*")),
            ("sourceAddressPrefix", unknown("sourceAddressPrefix")),
            ("destinationAddressPrefix", text("*")),
            ("destinationPortRange", unknown("destinationPortRange")),
        ],
        at,
    );
    Value::of_object(vec![("name", text(name)), ("properties", properties)], at)
}

fn add_rules(group: &mut Resource, rules: &[Value]) {
    let Some(properties) = group.body.object().and_then(|body| body.get("properties")).cloned() else {
        return;
    };
    let Some(Kind::List(own)) =
        properties.object().and_then(|own| own.get("securityRules")).map(|own| own.kind.clone())
    else {
        return;
    };
    let at = |value: &Value| {
        if value.at == Span::default() { value.clone().moved(group.at) } else { value.clone() }
    };
    let all: Vec<Value> = own.iter().cloned().chain(rules.iter().map(at)).collect();
    let mut properties = properties;
    set(&mut properties, "securityRules", Value::of_list(all, group.at));
    set(&mut group.body, "properties", properties);
}
