//! Works values out: texts with expressions in them, objects, lists.
//!
//! INVARIANT: each value that is made was weighed, so that none is larger or deeper than the limits, and
//! whoever walks one may recurse.

use std::rc::Rc;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::place::{Level, Place};
use super::scope::{Ctx, Deployment, DeploymentIndex, Item, Seat, Slot};
use super::{Expanded, Limits, Note, NoteKind, Options, kinds};
use crate::expression::{self, Expr, Text};
use crate::fault::{Fault, FaultKind, What};
use crate::json::DEPTH_LIMIT;
use crate::value::{Kind, Member, Object, Part, Span, Unknown, Value, Why};

/// How deep expressions, variables, parameters and deployments call each other.
const CALLS: usize = 1_200;

/// How many faults are kept.
const FAULTS: usize = 1_000;

pub(super) struct Machine<'o> {
    pub(super) options: &'o Options<'o>,
    pub(super) limits: Limits,
    pub(super) deployments: Vec<Deployment>,
    pub(super) items: Vec<Item>,
    /// Resources by id, those of all deployments.
    pub(super) by_id: HashMap<Box<str>, Vec<usize>>,
    pub(super) notes: Vec<Note>,
    faults: Vec<Fault>,
    told: HashSet<Fault>,
    parsed: HashMap<Box<str>, Rc<Expr>>,
    steps: u64,
    calls: usize,
}

impl<'o> Machine<'o> {
    pub(super) fn new(options: &'o Options<'o>) -> Self {
        Self {
            options,
            limits: options.limits,
            deployments: Vec::new(),
            items: Vec::new(),
            by_id: HashMap::new(),
            notes: Vec::new(),
            faults: Vec::new(),
            told: HashSet::new(),
            parsed: HashMap::new(),
            steps: options.limits.steps,
            calls: 0,
        }
    }

    pub(super) fn run(mut self, template: &Value) -> Result<Expanded, Fault> {
        let Kind::Object(object) = &template.kind else {
            return Err(Fault::new(FaultKind::Not("an ARM template"), template.at));
        };
        if !kinds::looks_like_one(template) {
            return Err(Fault::new(FaultKind::Lacks("resources"), template.at));
        }
        let level = Level::of_schema(object.text("$schema").unwrap_or_default());
        let place = Place::new(&self.options.place, level);
        let given = self.given_parameters();
        let name =
            Value::unknown("deployment", "deployment", Why::Scope("deployment().name".into()), template.at);
        let root = self.open(object.clone(), template.at, name, place, given, None);
        self.check_parameters(root);
        self.enumerate(root);
        let mut resources = Vec::new();
        self.emit(root, &mut resources);
        self.check_dependencies(root);
        let outputs = self.outputs(root);
        let outputs = outputs.object().map(|outputs| {
            let value =
                |member: &Member| member.value.object().and_then(|output| output.get("value")).cloned();
            let all = outputs.members().iter();
            all.filter_map(|member| Some((Box::from(&*member.name), value(member)?))).collect()
        });
        self.notes.sort();
        self.notes.dedup();
        self.faults.sort();
        Ok(Expanded {
            resources,
            outputs: outputs.unwrap_or_default(),
            notes: self.notes,
            faults: self.faults,
        })
    }

    /// Notes a fault, once.
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS && self.told.insert(fault.clone()) {
            self.faults.push(fault);
        }
    }

    pub(super) fn note(&mut self, at: Span, kind: NoteKind) {
        if self.notes.len() < FAULTS {
            self.notes.push(Note { at, kind });
        }
    }

    /// Notes a fault; its value is not known.
    pub(super) fn failed(&mut self, fault: Fault, at: Span) -> Value {
        let key = format!("fault@{}:{}", fault.at.file, fault.at.start);
        self.fault(fault);
        Value::unknown(key, "fault", Why::Fault, at)
    }

    /// Takes steps of the budget.
    pub(super) fn step(&mut self, count: u64, at: Span) -> Result<(), Fault> {
        let limit = self.limits.steps;
        match self.steps.checked_sub(count) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => {
                self.steps = 0;
                Err(Fault::new(FaultKind::TooLarge { what: "work, in steps", limit }, at))
            }
        }
    }

    /// Goes one call deeper while `work` runs.
    pub(super) fn deeper<T>(
        &mut self,
        at: Span,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.calls >= CALLS {
            return Err(Fault::new(FaultKind::TooDeep(CALLS), at));
        }
        self.calls += 1;
        let result = work(self);
        self.calls -= 1;
        result
    }

    /// Fails for a value that is too large or too deep to be walked, and takes steps for its size.
    pub(super) fn weigh(&mut self, value: &Value, at: Span) -> Result<(), Fault> {
        fn weight(value: &Value, depth: usize, left: &mut u64) -> Result<(), FaultKind> {
            if depth > DEPTH_LIMIT {
                return Err(FaultKind::TooDeep(DEPTH_LIMIT));
            }
            let own = match &value.kind {
                Kind::Text(text) => 1 + text.len() as u64 / 64,
                Kind::Parts(parts) => 1 + parts.len() as u64,
                _ => 1,
            };
            *left = left.checked_sub(own).ok_or(FaultKind::TooLarge { what: "values", limit: 0 })?;
            match &value.kind {
                Kind::List(items) => items.iter().try_for_each(|item| weight(item, depth + 1, left)),
                Kind::Object(object) => {
                    object.members().iter().try_for_each(|member| weight(&member.value, depth + 1, left))
                }
                _ => Ok(()),
            }
        }
        let limit = self.limits.values;
        let mut left = limit;
        let result = weight(value, 0, &mut left);
        self.step(limit - left, at)?;
        result.map_err(|kind| match kind {
            FaultKind::TooLarge { what, .. } => Fault::new(FaultKind::TooLarge { what, limit }, at),
            kind => Fault::new(kind, at),
        })
    }

    /// Works a value out. What is at fault in it is noted, and unknown.
    pub(super) fn value(&mut self, raw: &Value, ctx: &Ctx) -> Value {
        match self.try_value(raw, ctx) {
            Ok(value) => value,
            Err(fault) => self.failed(fault, raw.at),
        }
    }

    /// Works a value out as a text with an expression in it fails as a whole, its parts noted.
    pub(super) fn try_value(&mut self, raw: &Value, ctx: &Ctx) -> Result<Value, Fault> {
        self.step(1, raw.at)?;
        match &raw.kind {
            Kind::Text(text) => match expression::text(text) {
                Text::Literal(literal) if *literal == **text => Ok(raw.clone()),
                Text::Literal(literal) => Ok(Value::of_text(&literal, raw.at)),
                Text::Expression(inner) => {
                    let expr = self.parsed(inner, raw.at)?;
                    let value = self.expr(&expr, ctx, raw.at)?;
                    if matches!(value.kind, Kind::List(_) | Kind::Object(_)) {
                        self.weigh(&value, raw.at)?;
                    }
                    Ok(value.moved(raw.at))
                }
            },
            Kind::List(items) => {
                let made: Vec<Value> = items.iter().map(|item| self.value(item, ctx)).collect();
                Ok(Value::of_list(made, raw.at))
            }
            Kind::Object(object) => self.object(object, ctx, raw.at),
            _ => Ok(raw.clone()),
        }
    }

    fn object(&mut self, object: &Object, ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let mut made = Vec::with_capacity(object.members().len());
        for member in object.members() {
            if member.name.eq_ignore_ascii_case("copy")
                && let Some(loops) = super::copy::value_loops(&member.value)
            {
                for one in loops {
                    let name = one.name.clone();
                    let value = match self.value_loop(&one, ctx) {
                        Ok(value) => value,
                        Err(fault) => self.failed(fault, one.at),
                    };
                    made.push(Member { name: name.as_str().into(), at: one.at, value });
                }
                continue;
            }
            let name = match expression::text(&member.name) {
                Text::Literal(literal) if *literal == *member.name => member.name.clone(),
                Text::Literal(literal) => Arc::from(&*literal),
                Text::Expression(inner) => match self.name_of(inner, member.at, ctx) {
                    Ok(name) => name,
                    Err(fault) => {
                        self.fault(fault);
                        member.name.clone()
                    }
                },
            };
            made.push(Member { name, at: member.at, value: self.value(&member.value, ctx) });
        }
        Ok(Value::new(Kind::Object(Arc::new(Object::new(made))), at))
    }

    fn name_of(&mut self, inner: &str, at: Span, ctx: &Ctx) -> Result<Arc<str>, Fault> {
        let expr = self.parsed(inner, at)?;
        let value = self.expr(&expr, ctx, at)?;
        Ok(value.shown().unwrap_or_default().as_ref().into())
    }

    /// An expression, parsed once for each text: places may be shared by several texts.
    fn parsed(&mut self, inner: &str, at: Span) -> Result<Rc<Expr>, Fault> {
        if let Some(expr) = self.parsed.get(inner) {
            return Ok(expr.clone());
        }
        self.step(inner.len() as u64 / 8, at)?;
        let expr = Rc::new(expression::parse(inner, at)?);
        self.parsed.insert(inner.into(), expr.clone());
        Ok(expr)
    }

    /// Works an expression out.
    pub(super) fn expr(&mut self, expr: &Expr, ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        self.step(1, at)?;
        self.deeper(at, |machine| match expr {
            Expr::Text(text) => Ok(Value::of_text(text, at)),
            Expr::Int(number) => Ok(Value::new(Kind::Int(*number), at)),
            Expr::Call { name, args } => machine.call(name, args, ctx, at),
            Expr::Access { of, member, lenient } => {
                let base = machine.expr(of, ctx, at)?;
                let member = machine.expr(member, ctx, at)?;
                let runtime = asks_azure(of);
                access(&base, &member, *lenient, runtime, at)
            }
        })
    }

    /// What a slot holds, worked out when it is first asked for.
    pub(super) fn settled(
        &mut self,
        seat: &Seat,
        name: &str,
        at: Span,
        work: impl FnOnce(&mut Self, Value, super::scope::How) -> Value,
    ) -> Result<Value, Fault> {
        let what = match seat {
            Seat::Parameter(..) => What::Parameter,
            Seat::Variable(..) => What::Variable,
            Seat::Body(_) => What::Resource,
        };
        let missing = || Fault::new(FaultKind::Missing { what, name: name.into() }, at);
        let place = self.slot(seat).ok_or_else(missing)?;
        match std::mem::replace(place, Slot::Busy) {
            Slot::Done(value) => {
                *place = Slot::Done(value.clone());
                Ok(value)
            }
            Slot::Busy => Err(Fault::new(FaultKind::Cycle { what, name: name.into() }, at)),
            Slot::Raw(raw, how) => {
                let done = self.deeper(raw.at, |machine| {
                    let value = work(machine, raw.clone(), how);
                    machine.weigh(&value, raw.at)?;
                    Ok(value)
                });
                let value = match done {
                    Ok(value) => value,
                    Err(fault) => self.failed(fault, raw.at),
                };
                if let Some(place) = self.slot(seat) {
                    *place = Slot::Done(value.clone());
                }
                Ok(value)
            }
        }
    }

    fn slot(&mut self, seat: &Seat) -> Option<&mut Slot> {
        match seat {
            Seat::Parameter(deployment, key) => {
                self.deployments.get_mut(*deployment)?.parameters.get_mut(key)
            }
            Seat::Variable(deployment, key) => self.deployments.get_mut(*deployment)?.variables.get_mut(key),
            Seat::Body(item) => self.items.get_mut(*item).map(|its| &mut its.body),
        }
    }

    pub(super) fn deployment(&self, index: DeploymentIndex) -> Option<&Deployment> {
        self.deployments.get(index)
    }
}

/// Whether an expression starts with a function that asks Azure: what such a value does not have yet, Azure
/// will tell.
fn asks_azure(expr: &Expr) -> bool {
    match expr {
        Expr::Access { of, .. } => asks_azure(of),
        Expr::Call { name, .. } => {
            let name = name.to_ascii_lowercase();
            matches!(
                name.as_str(),
                "reference"
                    | "references"
                    | "resourcegroup"
                    | "subscription"
                    | "deployment"
                    | "deployer"
                    | "tenant"
                    | "managementgroup"
                    | "environment"
            )
        }
        _ => false,
    }
}

/// A member of an object or an element of a list.
pub(super) fn access(
    base: &Value,
    member: &Value,
    lenient: bool,
    runtime: bool,
    at: Span,
) -> Result<Value, Fault> {
    let name = || member.shown().map_or_else(|| member.key(), |shown| shown.into_owned());
    let unknown_member = member.doubt();
    if let Kind::Unknown(unknown) = &base.kind {
        let key = format!("{}.{}", unknown.key, member.key());
        let label = format!("{}.{}", unknown.label, name());
        return Ok(Value::new(Kind::Unknown(Unknown::new(key, &label, unknown.why.clone())), at));
    }
    if let Some(unknown) = unknown_member {
        let key = format!("{}[{}]", base.key(), unknown.key);
        return Ok(Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at));
    }
    let missing = |what: &str| {
        if lenient {
            return Ok(Value::new(Kind::Null, at));
        }
        if runtime {
            let key = format!("{}.{what}", base.key());
            return Ok(Value::unknown(key, what, Why::Runtime(what.into()), at));
        }
        Err(Fault::new(FaultKind::Missing { what: What::Property, name: what.into() }, at))
    };
    match (&base.kind, &member.kind) {
        (Kind::Object(object), Kind::Text(name)) => match object.get(name) {
            Some(value) => Ok(value.clone()),
            None => missing(name),
        },
        (Kind::List(items), Kind::Int(index)) => {
            match usize::try_from(*index).ok().and_then(|index| items.get(index)) {
                Some(value) => Ok(value.clone()),
                None if lenient => Ok(Value::new(Kind::Null, at)),
                None => Err(Fault::new(FaultKind::Range { function: format!("[{index}]").into() }, at)),
            }
        }
        (Kind::Null, _) => missing(&name()),
        _ => Err(Fault::new(
            FaultKind::Type {
                name: name().into(),
                expected: "object | array".into(),
                found: base.type_name(),
            },
            at,
        )),
    }
}

/// A text of parts, for ids.
pub(super) fn text_of(parts: Vec<Part>, at: Span) -> Value {
    Value::of_parts(parts, at)
}
