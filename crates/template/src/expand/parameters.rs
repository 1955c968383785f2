//! Parameters, variables and user-defined types.
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/templates/parameters>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/definitions>.
//!
//! INVARIANT: the value of a secure parameter never becomes a value here, wherever it comes from.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::NoteKind;
use super::machine::Machine;
use super::scope::{Ctx, DeploymentIndex, How, Seat, Slot};
use crate::fault::{Fault, FaultKind, What};
use crate::value::{Kind, Member, Object, Span, Value, Why};

/// How many types refer to each other before that is a circle.
const REFERENCES: usize = 32;

/// What it costs to hold a value against a property of its type, in steps.
const PROPERTY: u64 = 5;

/// The type of a parameter, a member or an element.
#[derive(Clone)]
struct Shape {
    object: Arc<Object>,
    /// In small letters; empty where none is told.
    name: String,
    nullable: bool,
}

impl Shape {
    fn is_secure(&self) -> bool {
        matches!(self.name.as_str(), "securestring" | "secureobject")
    }
}

impl Machine<'_> {
    /// The values of parameter files: `{"parameters": {"name": {"value": …}}}`, or what stands in `parameters`.
    pub(super) fn given_parameters(&mut self) -> HashMap<String, (Value, How)> {
        let mut given = HashMap::new();
        for file in self.options.parameters {
            let Some(object) = file.object() else {
                self.fault(Fault::new(FaultKind::Not("a parameter file"), file.at));
                continue;
            };
            let members = match object.get("parameters") {
                Some(parameters) => match parameters.object() {
                    Some(parameters) => parameters.members(),
                    None => {
                        self.fault(Fault::new(FaultKind::Not("a parameter file"), parameters.at));
                        continue;
                    }
                },
                None => object.members(),
            };
            for member in members.iter().filter(|member| !member.name.starts_with('$')) {
                let Some(value) = self.given(&member.name, &member.value) else { continue };
                let pair = member.value.object().is_some_and(|entry| entry.get(PAIR).is_some());
                let how = if pair { How::Typed } else { How::Literal };
                given.insert(member.name.to_ascii_lowercase(), (value, how));
            }
        }
        given
    }

    /// `{"value": …}` or `{"reference": {"keyVault": …}}`.
    pub(super) fn given(&mut self, name: &str, entry: &Value) -> Option<Value> {
        let object = entry.object();
        if let Some(value) = object.and_then(|object| object.get("value").or_else(|| object.get(PAIR))) {
            return Some(value.clone());
        }
        if object.is_some_and(|object| object.get("reference").is_some()) {
            let why = Why::KeyVault(name.into());
            return Some(Value::unknown(format!("parameters.{name}"), name, why, entry.at));
        }
        // Read by a tool that runs before the deployment.
        if object.is_some_and(|object| object.get("expression").is_some()) {
            let why = Why::Runtime("externalInput".into());
            return Some(Value::unknown(format!("parameters.{name}"), name, why, entry.at));
        }
        self.fault(Fault::new(FaultKind::Lacks("value"), entry.at));
        None
    }

    /// What is given and not there is a fault, as for Azure.
    pub(super) fn check_parameters(&mut self, deployment: DeploymentIndex) {
        let Some(its) = self.deployment(deployment) else { return };
        let mut unknown: Vec<(Span, String)> = Vec::new();
        let mut given: Vec<_> = its.given.iter().collect();
        given.sort_by_key(|(_, (value, _))| value.at);
        for (name, (value, _)) in given {
            if !its.parameters.contains_key(name) {
                unknown.push((value.at, name.clone()));
            }
        }
        for (at, name) in unknown {
            self.fault(Fault::new(FaultKind::NoParameter(name.into()), at));
        }
        let names: Vec<Arc<str>> = self.deployment(deployment).map_or_else(Vec::new, |its| {
            let declared = its.template.get("parameters").and_then(Value::object);
            declared.map_or_else(Vec::new, |all| all.members().iter().map(|one| one.name.clone()).collect())
        });
        // All are worked out, so that each that has no value is told, used or not.
        for name in names {
            if let Err(fault) = self.parameter(deployment, &name, Span::default()) {
                self.fault(fault);
            }
        }
    }

    /// The value of a parameter.
    pub(super) fn parameter(
        &mut self,
        deployment: DeploymentIndex,
        name: &str,
        at: Span,
    ) -> Result<Value, Fault> {
        let seat = Seat::Parameter(deployment, name.to_ascii_lowercase());
        self.settled(&seat, name, at, |machine, declared, how| {
            let How::Evaluate(ctx) = how else { return declared };
            machine.parameter_value(deployment, name, &declared, &ctx)
        })
    }

    fn parameter_value(
        &mut self,
        deployment: DeploymentIndex,
        name: &str,
        declared: &Value,
        ctx: &Ctx,
    ) -> Value {
        let Kind::Object(object) = &declared.kind else {
            return self.failed(Fault::new(FaultKind::Lacks("type"), declared.at), declared.at);
        };
        let shape = match self.shape(deployment, object) {
            Ok(shape) => shape,
            Err(fault) => return self.failed(fault, declared.at),
        };
        let key = match (deployment, self.options.number) {
            (0, 0) => format!("parameters.{name}"),
            (inner, number) => format!("parameters.{name}@{number}.{inner}"),
        };
        let given =
            self.deployment(deployment).and_then(|its| its.given.get(&name.to_ascii_lowercase())).cloned();
        let given = given.map(|(raw, how)| match how {
            How::Evaluate(ctx) => self.value(&raw, &ctx),
            How::Typed => typed(raw, &shape.name, declared.at),
            How::Literal | How::Loop(_) => raw,
        });
        // Who gives nothing gets the default: modules pass on what they were not given.
        let given = given.filter(|value| !value.is_null() || shape.nullable);
        let value = match given {
            Some(value) => value,
            None => match object.get("defaultValue") {
                Some(default) => self.value(default, ctx),
                None if shape.nullable => Value::new(Kind::Null, declared.at),
                None if shape.is_secure() => {
                    return Value::unknown(key, name, Why::Secret(name.into()), declared.at);
                }
                None => {
                    self.note(declared.at, NoteKind::Parameter(name.into()));
                    return Value::unknown(key, name, Why::Parameter(name.into()), declared.at);
                }
            },
        };
        if value.is_null()
            && (shape.nullable || shape.is_secure() || object.get("defaultValue").is_some_and(Value::is_null))
        {
            return value;
        }
        if let Some(allowed) = object.get("allowedValues").and_then(Value::list)
            && value.doubt_within().is_none()
            && !is_allowed(&value, allowed)
        {
            let kind = FaultKind::NotAllowed { name: name.into(), rule: "allowedValues" };
            self.fault(Fault::new(kind, value.at));
        }
        self.fits(deployment, name, &shape, &value, 0);
        self.masked(deployment, name, &key, &shape, value, 0)
    }

    /// A type, through its references.
    fn shape(&self, deployment: DeploymentIndex, object: &Arc<Object>) -> Result<Shape, Fault> {
        let mut object = object.clone();
        let mut nullable = false;
        for _ in 0..REFERENCES {
            nullable |= matches!(object.get("nullable").map(|value| &value.kind), Some(Kind::Bool(true)));
            let Some(reference) = object.get("$ref") else {
                let name = object.text("type").unwrap_or_default().to_ascii_lowercase();
                return Ok(Shape { object, name, nullable });
            };
            let path = reference.text().unwrap_or_default();
            let missing =
                || Fault::new(FaultKind::Missing { what: What::Type, name: path.into() }, reference.at);
            let name = path.strip_prefix("#/definitions/").ok_or_else(missing)?;
            let name = name.replace("~1", "/").replace("~0", "~");
            let definitions = self.deployment(deployment).and_then(|its| its.template.get("definitions"));
            let found = definitions.and_then(Value::object).and_then(|all| all.get(&name));
            let Some(Kind::Object(found)) = found.map(|found| &found.kind) else { return Err(missing()) };
            object = found.clone();
        }
        let at = object.member("$ref").map_or_else(Span::default, |member| member.at);
        Err(Fault::new(FaultKind::Cycle { what: What::Type, name: "$ref".into() }, at))
    }

    /// Tells what of a value its type does not take.
    fn fits(&mut self, deployment: DeploymentIndex, name: &str, shape: &Shape, value: &Value, depth: usize) {
        if depth > REFERENCES || matches!(value.kind, Kind::Unknown(_)) || (shape.nullable && value.is_null())
        {
            return;
        }
        let is = match shape.name.as_str() {
            "string" | "securestring" => matches!(value.kind, Kind::Text(_) | Kind::Parts(_)),
            "int" => {
                matches!(value.kind, Kind::Int(_))
                    || matches!(value.kind, Kind::Float(number) if number.fract() == 0.0)
            }
            "bool" => matches!(value.kind, Kind::Bool(_)),
            "array" => matches!(value.kind, Kind::List(_)),
            "object" | "secureobject" => matches!(value.kind, Kind::Object(_)),
            _ => true,
        };
        if !is {
            let (name, expected) = (format!("parameters.{name}").into(), shape.name.as_str().into());
            self.fault(Fault::new(FaultKind::Type { name, expected, found: value.type_name() }, value.at));
            return;
        }
        if let Some(rule) = broken_bound(&shape.object, value) {
            self.fault(Fault::new(FaultKind::NotAllowed { name: name.into(), rule }, value.at));
        }
        match &value.kind {
            Kind::Object(members) => {
                let properties = shape.object.get("properties").and_then(Value::object);
                let count = properties.map_or(0, |all| all.members().len()) as u64;
                if self.step(count * PROPERTY, value.at).is_err() {
                    return;
                }
                for property in properties.into_iter().flat_map(|all| all.members().iter()) {
                    let Kind::Object(declared) = &property.value.kind else { continue };
                    let Ok(its) = self.shape(deployment, declared) else { continue };
                    let full = format!("{name}.{}", property.name);
                    match members.get(&property.name) {
                        Some(value) => self.fits(deployment, &full, &its, value, depth + 1),
                        None if its.nullable => {}
                        None => {
                            let kind = FaultKind::Missing { what: What::Property, name: full.into() };
                            self.fault(Fault::new(kind, value.at));
                        }
                    }
                }
            }
            Kind::List(items) => {
                if let Some(Kind::Object(declared)) = shape.object.get("items").map(|items| &items.kind)
                    && let Ok(its) = self.shape(deployment, declared)
                {
                    for (index, item) in items.iter().enumerate() {
                        self.fits(deployment, &format!("{name}[{index}]"), &its, item, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// The value without what its type keeps secret. An empty text is no secret: templates use it for "none".
    fn masked(
        &mut self,
        deployment: DeploymentIndex,
        name: &str,
        key: &str,
        shape: &Shape,
        value: Value,
        depth: usize,
    ) -> Value {
        let secret = |at| Value::unknown(key, name, Why::Secret(name.into()), at);
        if shape.is_secure() {
            return match value.text() {
                Some("") => value,
                _ => secret(value.at),
            };
        }
        if depth > REFERENCES {
            return value;
        }
        let at = value.at;
        // Variants and tuples are not told apart here: one secret in them hides all.
        let variants = ["prefixItems", "discriminator"].iter().filter_map(|name| shape.object.get(name));
        if variants.into_iter().any(|variant| self.holds_secret(deployment, variant, 0)) {
            return secret(at);
        }
        match &value.kind {
            Kind::Object(members) => {
                let properties = shape.object.get("properties").and_then(Value::object);
                let more = shape.object.get("additionalProperties");
                if properties.is_none() && more.is_none() {
                    return value;
                }
                let mut made = Vec::with_capacity(members.members().len());
                for member in members.members() {
                    let declared = properties.and_then(|all| all.get(&member.name)).or(more);
                    let mut member = member.clone();
                    if let Some(Kind::Object(declared)) = declared.map(|declared| &declared.kind)
                        && let Ok(its) = self.shape(deployment, declared)
                    {
                        let (full, key) =
                            (format!("{name}.{}", member.name), format!("{key}.{}", member.name));
                        member.value = self.masked(deployment, &full, &key, &its, member.value, depth + 1);
                    }
                    made.push(member);
                }
                Value::new(Kind::Object(Arc::new(Object::new(made))), at)
            }
            Kind::List(items) => {
                let Some(Kind::Object(declared)) = shape.object.get("items").map(|items| &items.kind) else {
                    return value;
                };
                let Ok(its) = self.shape(deployment, declared) else { return value };
                let each = items.iter().enumerate().map(|(index, item)| {
                    let (full, key) = (format!("{name}[{index}]"), format!("{key}[{index}]"));
                    self.masked(deployment, &full, &key, &its, item.clone(), depth + 1)
                });
                let made = each.collect();
                Value::of_list(made, at)
            }
            _ => value,
        }
    }

    /// Whether a part of a type is a secure one.
    fn holds_secret(&self, deployment: DeploymentIndex, part: &Value, depth: usize) -> bool {
        if depth > 12 {
            return true;
        }
        match &part.kind {
            Kind::List(items) => items.iter().any(|item| self.holds_secret(deployment, item, depth + 1)),
            Kind::Object(object) => {
                let secure = |kind: &Arc<Object>| match self.shape(deployment, kind) {
                    Ok(shape) => {
                        shape.is_secure()
                            || !Arc::ptr_eq(&shape.object, kind)
                                && self.holds_secret(
                                    deployment,
                                    &Value::new(Kind::Object(shape.object), part.at),
                                    depth + 1,
                                )
                    }
                    Err(_) => false,
                };
                secure(object)
                    || object
                        .members()
                        .iter()
                        .any(|member| self.holds_secret(deployment, &member.value, depth + 1))
            }
            _ => false,
        }
    }

    /// The value of an output without what its type keeps secret.
    pub(super) fn output_masked(
        &mut self,
        deployment: DeploymentIndex,
        name: &str,
        declared: &Arc<Object>,
        value: Value,
    ) -> Value {
        match self.shape(deployment, declared) {
            Ok(shape) => {
                self.masked(deployment, name, &format!("outputs.{name}@{deployment}"), &shape, value, 0)
            }
            Err(_) => value,
        }
    }

    /// The value of a variable.
    pub(super) fn variable(
        &mut self,
        deployment: DeploymentIndex,
        name: &str,
        at: Span,
    ) -> Result<Value, Fault> {
        let seat = Seat::Variable(deployment, name.to_ascii_lowercase());
        self.settled(&seat, name, at, |machine, raw, how| match how {
            How::Evaluate(ctx) => machine.value(&raw, &ctx),
            How::Literal | How::Typed => raw,
            How::Loop(ctx) => match super::copy::one_loop(&raw) {
                Some(one) => match machine.value_loop(&one, &ctx) {
                    Ok(value) => value,
                    Err(fault) => machine.failed(fault, raw.at),
                },
                None => machine.failed(Fault::new(FaultKind::Lacks("input"), raw.at), raw.at),
            },
        })
    }
}

/// The member of a parameter's entry that holds a text as somebody typed it: `NAME=VALUE`.
pub const PAIR: &str = "$typed";

/// What somebody typed, as the type of the parameter has it: a text stays one, whatever it looks like.
///
/// It has no place in a file, so it gets that of the parameter's declaration, and nothing of it is ever quoted.
fn typed(raw: Value, kind: &str, declared: Span) -> Value {
    let Some(text) = raw.text() else { return raw };
    let at = Span { end: declared.start, ..declared };
    let other = match kind {
        "int" => text.trim().parse().ok().map(Kind::Int),
        "bool" => text.trim().to_ascii_lowercase().parse().ok().map(Kind::Bool),
        "array" | "object" | "secureobject" => {
            crate::json::read(text.as_bytes(), raw.at.file).ok().map(|value| value.kind)
        }
        _ => None,
    };
    match other {
        Some(kind) => crate::functions::respan(Value::new(kind, at), at),
        None => raw.moved(at),
    }
}

/// The variables of a template, each to be worked out when it is asked for.
pub(super) fn variable_slots(template: &Object, ctx: &Ctx) -> HashMap<String, Slot> {
    let mut slots = HashMap::new();
    let variables = template.get("variables").and_then(Value::object);
    for Member { name, value, .. } in variables.into_iter().flat_map(|all| all.members().iter()) {
        if name.eq_ignore_ascii_case("copy")
            && let Some(loops) = super::copy::value_loops(value)
        {
            let raw = value.list().unwrap_or_default();
            for (one, raw) in loops.into_iter().zip(raw) {
                slots.insert(one.name.to_ascii_lowercase(), Slot::Raw(raw.clone(), How::Loop(ctx.clone())));
            }
            continue;
        }
        slots.insert(name.to_ascii_lowercase(), Slot::Raw(value.clone(), How::Evaluate(ctx.clone())));
    }
    slots
}

/// The parameters of a template, each to be worked out when it is asked for.
pub(super) fn parameter_slots(template: &Object, ctx: &Ctx) -> HashMap<String, Slot> {
    let parameters = template.get("parameters").and_then(Value::object);
    let slot = |member: &Member| {
        let slot = Slot::Raw(member.value.clone(), How::Evaluate(ctx.clone()));
        (member.name.to_ascii_lowercase(), slot)
    };
    parameters.into_iter().flat_map(|all| all.members().iter()).map(slot).collect()
}

/// Texts are compared without regard to case, as Azure does; of a list each element has to be allowed.
fn is_allowed(value: &Value, allowed: &[Value]) -> bool {
    let key = |value: &Value| match value.text() {
        Some(text) => format!("{:?}", text.to_ascii_lowercase()),
        None => value.key(),
    };
    let allowed: HashSet<String> = allowed.iter().map(key).collect();
    let same = |value: &Value| allowed.contains(&key(value));
    match value.list() {
        Some(items) => same(value) || items.iter().all(same),
        None => same(value),
    }
}

fn broken_bound(shape: &Object, value: &Value) -> Option<&'static str> {
    let bound = |name: &str| match shape.get(name).map(|bound| &bound.kind) {
        Some(Kind::Int(bound)) => Some(*bound),
        _ => None,
    };
    let length = match &value.kind {
        Kind::Text(text) => i64::try_from(text.encode_utf16().count()).ok(),
        Kind::List(items) => i64::try_from(items.len()).ok(),
        _ => None,
    };
    let number = match &value.kind {
        Kind::Int(number) => Some(*number),
        _ => None,
    };
    let below = |value: Option<i64>, bound: Option<i64>| matches!((value, bound), (Some(value), Some(bound)) if value < bound);
    let rules = [
        ("minLength", below(length, bound("minLength"))),
        ("maxLength", below(bound("maxLength"), length)),
        ("minValue", below(number, bound("minValue"))),
        ("maxValue", below(bound("maxValue"), number)),
    ];
    rules.into_iter().find(|(_, broken)| *broken).map(|(rule, _)| rule)
}
