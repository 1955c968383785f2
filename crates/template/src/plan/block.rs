//! An attribute or block of a planned resource: its value, what is unknown or secret of it, and its expression.
//!
//! INVARIANT: a secret leaves as [`Why::Sensitive`], whatever the plan holds, and no value has a place that takes in
//! the text of one: what a secret stands in, and what has no text of its own, begins where it begins and ends there.

use std::rc::Rc;

use crate::value::{Kind, Member, Object, Span, Value, Why};

/// A block of a resource, or the resource itself as the outermost one.
#[derive(Clone)]
pub(super) struct Block<'p> {
    /// The number of the resource.
    pub(super) resource: usize,
    /// The address of the block: that of the resource, and the path to it.
    path: Rc<str>,
    values: Option<&'p Object>,
    unknown: Option<&'p Value>,
    sensitive: [Option<&'p Value>; 2],
    expressions: Vec<&'p Object>,
    /// The place of what is made of the block and has no text of its own: that of its name, else where it begins.
    pub(super) at: Span,
    /// Where it was written, all of it.
    extent: Span,
}

/// The blocks of one name.
#[derive(Default)]
pub(super) struct Blocks<'p> {
    pub(super) all: Vec<Block<'p>>,
    /// Set when it is not known which there are.
    pub(super) unknown: Option<Value>,
}

/// Blocks that Terraform keeps as sets: their order in the plan is not that of the configuration.
const SETS: [&str; 4] = ["security_rule", "subnet", "route", "backend_address_pool"];

impl<'p> Block<'p> {
    pub(super) fn of_resource(number: usize, resource: &super::input::Resource<'p>) -> Self {
        let expressions =
            resource.config.and_then(|config| config.get("expressions")).and_then(Value::object);
        Self {
            resource: number,
            path: (*resource.address).into(),
            values: resource.values,
            unknown: resource.unknown,
            sensitive: resource.sensitive,
            expressions: expressions.into_iter().collect(),
            at: place(resource.values, resource.sensitive, resource.at),
            extent: resource.at,
        }
    }

    /// Where it was written, all of it; where it begins if it holds a secret.
    pub(super) fn whole(&self) -> Span {
        let marked = self.sensitive.iter().flatten().any(|one| !holds_nothing(one));
        let members = self.values.map(Object::members).unwrap_or_default();
        let secret = marked || members.iter().any(|own| holds_secret(&own.name, &own.value));
        if secret { beginning(self.extent) } else { self.extent }
    }

    /// The address of an attribute.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// An unknown value that stands for an attribute.
    pub(super) fn doubt(&self, name: &str, at: Span) -> Value {
        let address = self.address(name);
        Value::unknown(address.clone(), &address, Why::Apply(address.as_str().into()), at)
    }

    fn parts(&self, name: &str) -> Parts<'p> {
        let inner = |value: Option<&'p Value>| inside(value, name);
        Parts {
            value: self.values.and_then(|values| values.some(name)),
            unknown: inner(self.unknown),
            sensitive: self.sensitive.map(inner),
        }
    }

    /// The value of an attribute, with unknowns in their places.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        let parts = self.parts(name);
        let plain =
            parts.unknown.is_none() && parts.sensitive.iter().all(Option::is_none) && !is_secret(name);
        match parts.value {
            None if parts.unknown.is_none() => None,
            // What nobody has set is as in a template that leaves it out: Azure chooses it.
            None if is_true(parts.unknown) && self.is_left_out(name) => None,
            Some(value) if plain && !matches!(value.kind, Kind::Object(_) | Kind::List(_)) => {
                Some(value.clone())
            }
            _ => parts.merged(&self.address(name), name),
        }
    }

    /// Whether the configuration is there, and has no such attribute.
    pub(super) fn is_left_out(&self, name: &str) -> bool {
        !self.expressions.is_empty()
            && self.expressions.iter().all(|own| own.get(name).is_none() && !is_expression(own))
    }

    /// Whether the configuration has such an attribute or block. That it has none does not say that there is none:
    /// blocks that a `dynamic` one makes are left out of the plan.
    pub(super) fn is_written(&self, name: &str) -> bool {
        self.expressions.iter().any(|own| own.get(name).is_some())
    }

    /// Whether the references are those of all blocks of the name together: blocks that are attributes as well have
    /// one expression for all of them.
    pub(super) fn shares_references(&self) -> bool {
        self.expressions.len() > 1 || self.expressions.iter().any(|own| is_expression(own))
    }

    /// The same; an empty text is none.
    pub(super) fn filled(&self, name: &str) -> Option<Value> {
        self.get(name).filter(|value| value.text() != Some(""))
    }

    /// The text of an attribute, if it is known and no secret.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.filled(name)?.text().map(str::to_owned)
    }

    /// Whether the plan has the attribute at all, be it `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.is_some_and(|values| values.member(name).is_some())
    }

    /// What the configuration refers to in an attribute: lists of references.
    pub(super) fn references(&self, name: &str) -> Vec<&'p [Value]> {
        let of = |expressions: &&'p Object| match is_expression(expressions) {
            true => expressions.get("references")?.list(),
            false => expressions.get(name)?.object()?.get("references")?.list(),
        };
        self.expressions.iter().filter_map(of).collect()
    }

    /// The blocks of a name.
    pub(super) fn blocks(&self, name: &str) -> Blocks<'p> {
        let parts = self.parts(name);
        if is_true(parts.unknown) {
            return Blocks { all: Vec::new(), unknown: parts.merged(&self.address(name), name) };
        }
        if parts.sensitive.iter().any(|one| is_true(*one)) && parts.value.is_some() {
            return Blocks { all: Vec::new(), unknown: parts.merged(&self.address(name), name) };
        }
        let written = self.expressions.iter().filter_map(|expressions| expressions.get(name));
        let written: Vec<&'p Object> = written.flat_map(objects).filter_map(Value::object).collect();
        let items = |value: Option<&'p Value>| value.map(objects).unwrap_or_default();
        let (values, unknown) = (items(parts.value), items(parts.unknown));
        let [first, second] = parts.sensitive.map(items);
        let count = values.len().max(unknown.len());
        let block = |index: usize| {
            let value = values.get(index).copied();
            let unknown = unknown.get(index).copied();
            let fields = value.and_then(Value::object);
            let at = value.or(unknown).map_or(self.at, |value| value.at);
            let sensitive = [first.get(index).copied(), second.get(index).copied()];
            Block {
                resource: self.resource,
                path: format!("{}.{name}[{index}]", self.path).into(),
                values: fields,
                unknown,
                sensitive,
                expressions: expression_of(fields, index, name, &written),
                at: place(fields, sensitive, at),
                extent: at,
            }
        };
        Blocks { all: (0..count).map(block).collect(), unknown: None }
    }

    /// The only block of a name.
    pub(super) fn block(&self, name: &str) -> Option<Self> {
        self.blocks(name).all.into_iter().next()
    }
}

/// The expressions of one block of several. Where nobody can tell which are its own, those of all.
fn expression_of<'p>(
    fields: Option<&'p Object>,
    index: usize,
    name: &str,
    written: &[&'p Object],
) -> Vec<&'p Object> {
    if let [only] = written {
        return vec![only];
    }
    let constant = |one: &&&'p Object| one.get("name")?.object()?.text("constant_value");
    if let Some(own) = fields.and_then(|fields| fields.text("name")) {
        let mut same = written.iter().filter(|one| constant(one) == Some(own));
        if let (Some(found), None) = (same.next(), same.next()) {
            return vec![found];
        }
    }
    match SETS.contains(&name) {
        true => written.to_vec(),
        false => written.get(index).copied().into_iter().collect(),
    }
}

/// Whether an object is the expression of an attribute, and not a block with expressions inside.
fn is_expression(object: &Object) -> bool {
    object.get("references").is_some_and(|all| all.list().is_some())
        || object.get("constant_value").is_some_and(|value| {
            // An attribute may have this name.
            let inner = |inner: &Object| inner.get("references").or(inner.get("constant_value")).is_some();
            !value.object().is_some_and(inner)
        })
}

/// Where something begins, without any of its text.
pub(super) fn beginning(at: Span) -> Span {
    Span { end: at.start, ..at }
}

/// The place of what is made of an object.
fn place(values: Option<&Object>, sensitive: [Option<&Value>; 2], at: Span) -> Span {
    let hidden = sensitive.iter().any(|one| inside(*one, "name").is_some_and(|one| !holds_nothing(one)));
    let name = values.and_then(|values| values.get("name")).filter(|name| !hidden && name.text().is_some());
    name.map_or(beginning(at), |name| name.at)
}

/// Whether a value is a secret by its name, or holds one.
fn holds_secret(name: &str, value: &Value) -> bool {
    let is_set = !value.is_null() && value.text() != Some("");
    is_set
        && (is_secret(name)
            || match &value.kind {
                Kind::List(items) => items.iter().any(|item| holds_secret("", item)),
                Kind::Object(object) => {
                    object.members().iter().any(|own| holds_secret(&own.name, &own.value))
                }
                _ => false,
            })
}

/// A list's elements; what is no list is its only one.
fn objects(value: &Value) -> Vec<&Value> {
    match &value.kind {
        Kind::List(items) => items.iter().collect(),
        Kind::Object(_) => vec![value],
        _ => Vec::new(),
    }
}

fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| matches!(value.kind, Kind::Bool(true)))
}

/// What stands under a name in `after_unknown` or `after_sensitive`; `true` holds for everything inside.
fn inside<'p>(value: Option<&'p Value>, name: &str) -> Option<&'p Value> {
    match &value?.kind {
        Kind::Bool(true) => value,
        Kind::Object(object) => object.get(name),
        _ => None,
    }
}

/// Names of attributes that are secrets whether or not the plan marks them.
fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 5] =
        ["custom_data", "user_data", "user_data_base64", "protected_settings", "client_secret"];
    const ENDS: [&str; 7] =
        ["password", "access_key", "connection_string", "shared_key", "sas_token", "sas_url", "private_key"];
    NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

/// A value beside what the plan says of it.
#[derive(Clone, Copy)]
struct Parts<'p> {
    value: Option<&'p Value>,
    unknown: Option<&'p Value>,
    sensitive: [Option<&'p Value>; 2],
}

impl<'p> Parts<'p> {
    fn element(&self, index: usize) -> Self {
        let of = |value: Option<&'p Value>| match &value?.kind {
            Kind::Bool(true) => value,
            Kind::List(items) => items.get(index),
            _ => None,
        };
        let value = self.value.and_then(Value::list).and_then(|items| items.get(index));
        Self { value, unknown: of(self.unknown), sensitive: self.sensitive.map(of) }
    }

    fn member(&self, name: &str) -> Self {
        Self {
            value: self.value.and_then(Value::object).and_then(|object| object.get(name)),
            unknown: inside(self.unknown, name),
            sensitive: self.sensitive.map(|one| inside(one, name)),
        }
    }

    /// The value with unknowns in their places. Values are never nested deeper than what was read.
    fn merged(self, address: &str, name: &str) -> Option<Value> {
        let value = self.value.filter(|value| !value.is_null());
        let at = value.or(self.unknown).map(|value| value.at)?;
        let marked = self.sensitive.iter().flatten().any(|one| !holds_nothing(one));
        let at =
            if marked || value.is_some_and(|value| holds_secret(name, value)) { beginning(at) } else { at };
        if is_true(self.unknown) && value.is_none() {
            let secret = is_secret(name) || self.sensitive.iter().any(|one| is_true(*one));
            let why = if secret { Why::Sensitive(address.into()) } else { Why::Apply(address.into()) };
            return Some(Value::unknown(address, address, why, at));
        }
        if is_secret(name) || self.sensitive.iter().any(|one| is_true(*one)) {
            // `null` and an empty text are no secrets: nothing is set.
            let set = value?.text() != Some("");
            return set.then(|| Value::unknown(address, address, Why::Sensitive(address.into()), at));
        }
        let plain = self.unknown.is_none_or(holds_nothing)
            && self.sensitive.iter().flatten().all(|one| holds_nothing(one));
        match value.map(|value| &value.kind) {
            Some(Kind::Object(object)) => {
                let mut members: Vec<Member> = Vec::with_capacity(object.members().len());
                for member in object.members() {
                    let inner = self.member(&member.name);
                    let address = format!("{address}.{}", member.name);
                    if let Some(value) = inner.merged(&address, &member.name) {
                        members.push(Member { value, ..member.clone() });
                    } else if !is_secret(&member.name) {
                        members.push(member.clone());
                    }
                }
                if let Some(unknown) = self.unknown.and_then(Value::object) {
                    for member in unknown.members().iter().filter(|it| object.member(&it.name).is_none()) {
                        let address = format!("{address}.{}", member.name);
                        let value = self.member(&member.name).merged(&address, &member.name);
                        members.extend(value.map(|value| Member { value, ..member.clone() }));
                    }
                }
                Some(Value::new(Kind::Object(Object::new(members).into()), at))
            }
            Some(Kind::List(items)) => {
                if plain && items.iter().all(|item| !matches!(item.kind, Kind::Object(_) | Kind::List(_))) {
                    return value.cloned();
                }
                let count = items.len().max(self.unknown.and_then(Value::list).map_or(0, <[Value]>::len));
                let item = |index: usize| {
                    let merged = self.element(index).merged(&format!("{address}[{index}]"), name);
                    merged.unwrap_or(Value::new(Kind::Null, at))
                };
                Some(Value::of_list((0..count).map(item).collect(), at))
            }
            Some(_) => value.cloned(),
            None => {
                // Nothing is set, and only parts of it are unknown.
                let unknown = self.unknown?;
                match &unknown.kind {
                    Kind::List(items) if !holds_nothing(unknown) => {
                        let item =
                            |index: usize| self.element(index).merged(&format!("{address}[{index}]"), name);
                        let items: Vec<Value> = (0..items.len()).filter_map(item).collect();
                        Some(Value::of_list(items, at))
                    }
                    Kind::Object(object) if !holds_nothing(unknown) => {
                        let member = |member: &Member| {
                            let address = format!("{address}.{}", member.name);
                            let value = self.member(&member.name).merged(&address, &member.name)?;
                            Some(Member { value, ..member.clone() })
                        };
                        let members = object.members().iter().filter_map(member).collect();
                        Some(Value::new(Kind::Object(Object::new(members).into()), at))
                    }
                    _ => None,
                }
            }
        }
    }
}

/// Whether `after_unknown` or `after_sensitive` says nothing of a value.
fn holds_nothing(value: &Value) -> bool {
    match &value.kind {
        Kind::Bool(true) => false,
        Kind::List(items) => items.iter().all(holds_nothing),
        Kind::Object(object) => object.members().iter().all(|member| holds_nothing(&member.value)),
        _ => true,
    }
}
