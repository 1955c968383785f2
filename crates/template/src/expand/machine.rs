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
use crate::value::{Kind, Member, Object, Part, Span, Unknown, Value, Why, shortened};

/// How deep expressions, values, variables, parameters and deployments stand in and call each other.
const CALLS: usize = 3_000;

/// What a value that is made costs, in steps.
const MADE: u64 = 8;

/// How many bytes of a text cost a step to make.
const BYTES: u64 = 4;

/// What more of is not done.
const WORK: &str = "work, in steps";

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
    /// Expressions by their text: places of a template that was compiled are not those of its texts.
    parsed: HashMap<Box<str>, Rc<Expr>>,
    steps: u64,
    spent: bool,
    told_spent: bool,
    /// Values that may still be in resources.
    pub(super) room: u64,
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
            spent: false,
            told_spent: false,
            room: options.limits.total,
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
        let place = Place::new(&self.options.place, level, self.options.number);
        let given = self.given_parameters();
        let name =
            Value::unknown("deployment", "deployment", Why::Scope("deployment().name".into()), template.at);
        let root = self.open(object.clone(), template.at, name, place, given, None);
        self.check_parameters(root);
        self.enumerate(root);
        let mut resources = Vec::with_capacity(self.items.len());
        self.emit(root, &mut resources);
        self.check_dependencies(root);
        let linked = self.notes.iter().any(|note| matches!(note.kind, NoteKind::Link(_)));
        let resources = super::settle::settle(resources, linked);
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

    /// Notes a fault, once. That there was too much work is told where it was noticed first.
    pub(super) fn fault(&mut self, fault: Fault) {
        let is_work = matches!(fault.kind, FaultKind::TooLarge { what: WORK, .. });
        if is_work && std::mem::replace(&mut self.told_spent, true) {
            return;
        }
        if self.faults.len() < FAULTS && self.told.insert(fault.clone()) {
            self.faults.push(fault);
        }
    }

    pub(super) fn note(&mut self, at: Span, kind: NoteKind) {
        if self.notes.len() < FAULTS {
            let kind = match kind {
                NoteKind::Parameter(name) => NoteKind::Parameter(shortened(name)),
                NoteKind::Link(name) => NoteKind::Link(shortened(name)),
                NoteKind::Count { name, why } => NoteKind::Count { name: shortened(name), why },
                NoteKind::Condition { .. } => kind,
            };
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
                self.spent = true;
                Err(Fault::new(FaultKind::TooLarge { what: WORK, limit }, at))
            }
        }
    }

    /// Whether all steps were taken: nothing more is worked out, and loops end.
    pub(super) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Takes steps for a text of so many bytes that is made.
    pub(super) fn step_text(&mut self, length: usize, at: Span) -> Result<(), Fault> {
        self.step(length as u64 / BYTES, at)
    }

    /// Takes steps for a value that a function made.
    pub(super) fn step_made(&mut self, value: &Value, at: Span) -> Result<(), Fault> {
        match &value.kind {
            Kind::Text(text) => self.step_text(text.len(), at),
            Kind::Parts(parts) => self.step_text(parts.iter().map(Part::shown_length).sum(), at),
            Kind::List(_) | Kind::Object(_) => {
                let weight = self.weigh(value, at)?;
                self.step(weight.saturating_mul(MADE), at)
            }
            _ => Ok(()),
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

    /// Fails for a value that is too large or too deep to be walked, and takes steps for its size, which it tells.
    pub(super) fn weigh(&mut self, value: &Value, at: Span) -> Result<u64, Fault> {
        fn weight(value: &Value, depth: usize, left: &mut u64) -> Result<(), Excess> {
            if depth > DEPTH_LIMIT {
                return Err(Excess::Deep);
            }
            let own = match &value.kind {
                Kind::Text(text) => 1 + text.len() as u64 / 64,
                Kind::Parts(parts) => 1 + parts.len() as u64,
                _ => 1,
            };
            *left = left.checked_sub(own).ok_or(Excess::Large)?;
            match &value.kind {
                Kind::List(items) => items.iter().try_for_each(|item| weight(item, depth + 1, left)),
                Kind::Object(object) => object.members().iter().try_for_each(|member| {
                    let name = member.name.len() as u64 / 64;
                    *left = left.checked_sub(name).ok_or(Excess::Large)?;
                    weight(&member.value, depth + 1, left)
                }),
                _ => Ok(()),
            }
        }
        let limit = self.limits.values;
        let mut left = limit;
        let result = weight(value, 0, &mut left);
        self.step(limit - left, at)?;
        result.map(|()| limit - left).map_err(|excess| match excess {
            Excess::Large => Fault::new(FaultKind::TooLarge { what: "values", limit }, at),
            Excess::Deep => Fault::new(FaultKind::TooDeep(DEPTH_LIMIT), at),
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
                Text::Literal(literal) => {
                    self.step_text(literal.len(), raw.at)?;
                    Ok(Value::of_text(&literal, raw.at))
                }
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
                self.step(items.len() as u64 * MADE, raw.at)?;
                self.deeper(raw.at, |machine| Ok(machine.list(items, raw, ctx)))
            }
            Kind::Object(object) => {
                self.step(object.members().len() as u64 * MADE, raw.at)?;
                self.deeper(raw.at, |machine| machine.object(object, raw, ctx))
            }
            _ => Ok(raw.clone()),
        }
    }

    /// A list with its elements worked out: the very list where nothing in it is to be.
    fn list(&mut self, items: &[Value], raw: &Value, ctx: &Ctx) -> Value {
        let mut made: Option<Vec<Value>> = None;
        for (index, item) in items.iter().enumerate() {
            if made.is_none() && stays(item) && self.step(1, item.at).is_ok() {
                continue;
            }
            let value = self.value(item, ctx);
            if made.is_none() && value.is_very(item) {
                continue;
            }
            let before = || {
                let mut before = Vec::with_capacity(items.len());
                before.extend_from_slice(items.get(..index).unwrap_or_default());
                before
            };
            made.get_or_insert_with(before).push(value);
        }
        made.map_or_else(|| raw.clone(), |made| Value::of_list(made, raw.at))
    }

    /// An object with its members worked out: the very object where nothing in it is to be.
    fn object(&mut self, object: &Object, raw: &Value, ctx: &Ctx) -> Result<Value, Fault> {
        let mut made: Option<Vec<Member>> = None;
        for (index, member) in object.members().iter().enumerate() {
            let plain = !member.name.starts_with('[') && stays(&member.value);
            if made.is_none() && plain && self.step(1, member.value.at).is_ok() {
                continue;
            }
            let before = || {
                let mut before = Vec::with_capacity(object.members().len());
                before.extend_from_slice(object.members().get(..index).unwrap_or_default());
                before
            };
            if member.name.eq_ignore_ascii_case("copy")
                && let Some(loops) = super::copy::value_loops(&member.value)
            {
                let made = made.get_or_insert_with(before);
                for one in loops {
                    let value = match self.value_loop(&one, ctx) {
                        Ok(value) => value,
                        Err(fault) => self.failed(fault, one.at),
                    };
                    made.push(Member { name: one.name, at: one.at, value });
                }
                continue;
            }
            let name = match expression::text(&member.name) {
                Text::Literal(literal) if *literal == *member.name => member.name.clone(),
                Text::Literal(literal) => {
                    self.step_text(literal.len(), member.at)?;
                    Arc::from(&*literal)
                }
                Text::Expression(inner) => match self.name_of(inner, member.at, ctx) {
                    Ok(Ok(name)) => name,
                    // It may be any member, so nobody knows what the object holds.
                    Ok(Err(unknown)) => return Ok(Value::new(Kind::Unknown(unknown), raw.at)),
                    Err(fault) => {
                        self.fault(fault);
                        member.name.clone()
                    }
                },
            };
            let value = self.value(&member.value, ctx);
            if made.is_none() && value.is_very(&member.value) && Arc::ptr_eq(&name, &member.name) {
                continue;
            }
            made.get_or_insert_with(before).push(Member { name, at: member.at, value });
        }
        let whole = |made| Value::new(Kind::Object(Arc::new(Object::as_written(made))), raw.at);
        Ok(made.map_or_else(|| raw.clone(), whole))
    }

    /// The name of a member that is an expression. An id or a link in it is no name that means something to Azure, so
    /// it may have placeholders.
    fn name_of(&mut self, inner: &str, at: Span, ctx: &Ctx) -> Result<Result<Arc<str>, Arc<Unknown>>, Fault> {
        let expr = self.parsed(inner, at)?;
        let value = self.expr(&expr, ctx, at)?;
        if let Kind::Text(text) = &value.kind {
            return Ok(Ok(text.clone()));
        }
        self.step_made(&value, at)?;
        let shown = value.shown().unwrap_or_default();
        match value.doubt() {
            Some(unknown) if !shown.contains(['/', ':']) => Ok(Err(unknown.clone())),
            _ => Ok(Ok(shown.as_ref().into())),
        }
    }

    /// An expression, parsed once.
    fn parsed(&mut self, inner: &str, at: Span) -> Result<Rc<Expr>, Fault> {
        self.step(inner.len() as u64 / 256, at)?;
        if let Some(expr) = self.parsed.get(inner) {
            return Ok(expr.clone());
        }
        self.step_text(inner.len(), at)?;
        let expr = Rc::new(expression::parse(inner, at)?);
        self.parsed.insert(inner.into(), expr.clone());
        Ok(expr)
    }

    /// Works an expression out.
    pub(super) fn expr(&mut self, expr: &Expr, ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        self.step(1, at)?;
        self.deeper(at, |machine| match expr {
            Expr::Text(text) => Ok(Value::new(Kind::Text(text.clone()), at)),
            Expr::Int(number) => Ok(Value::new(Kind::Int(*number), at)),
            Expr::Call { name, args } => machine.call(name, args, ctx, at),
            Expr::Access { of, member, lenient } => {
                let base = machine.expr(of, ctx, at)?;
                let member = machine.expr(member, ctx, at)?;
                if is_keyed(&base, &member) {
                    machine.weigh(&base, at)?;
                }
                access(&base, &member, *lenient, at)
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

/// Whether a value is what is written, with nothing in it to work out.
fn stays(raw: &Value) -> bool {
    match &raw.kind {
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => true,
        Kind::Text(text) => !text.starts_with('['),
        _ => false,
    }
}

/// What a value has too much of.
#[derive(Clone, Copy)]
enum Excess {
    Large,
    Deep,
}

/// Whether what is asked of a list or an object is told by all that is in it.
fn is_keyed(base: &Value, member: &Value) -> bool {
    match (&base.kind, &member.kind) {
        (Kind::Object(object), Kind::Text(name)) => object.get(name).is_none(),
        (Kind::List(_), Kind::Int(_)) => false,
        (Kind::List(_) | Kind::Object(_), _) => true,
        _ => false,
    }
}

/// A member of an object or an element of a list.
pub(super) fn access(base: &Value, member: &Value, lenient: bool, at: Span) -> Result<Value, Fault> {
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
        Err(Fault::new(FaultKind::Missing { what: What::Property, name: what.into() }, at))
    };
    match (&base.kind, &member.kind) {
        (Kind::Object(object), Kind::Text(name)) => match object.get(name) {
            Some(value) => Ok(value.clone()),
            None if object.is_open() => {
                let key = format!("{}.{name}", base.key());
                Ok(Value::unknown(key, name, Why::Runtime(name.as_ref().into()), at))
            }
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
