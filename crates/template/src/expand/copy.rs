//! Loops: those that make values. Source:
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-properties>.

use std::sync::Arc;

use super::NoteKind;
use super::machine::Machine;
use super::scope::Ctx;
use crate::fault::{Fault, FaultKind};
use crate::value::{Kind, Span, Value};

/// A loop as it is written.
pub(super) struct Loop {
    pub(super) name: Arc<str>,
    pub(super) at: Span,
    count: Value,
    input: Value,
}

/// The loops of a member `copy`, or `None` where it is just a member of that name.
pub(super) fn value_loops(copy: &Value) -> Option<Vec<Loop>> {
    let items = copy.list().filter(|items| !items.is_empty())?;
    items.iter().map(one_loop).collect()
}

/// A loop that is written as an object.
pub(super) fn one_loop(value: &Value) -> Option<Loop> {
    let object = value.object()?;
    Some(Loop {
        name: object.text("name").unwrap_or_default().into(),
        at: value.at,
        count: object.get("count")?.clone(),
        input: object.get("input")?.clone(),
    })
}

/// How often a loop runs.
pub(super) enum Turns {
    Known(i64),
    Unknown(Arc<crate::value::Unknown>),
}

impl Machine<'_> {
    /// How often a loop runs, within bounds.
    pub(super) fn turns(&mut self, count: &Value, ctx: &Ctx) -> Result<Turns, Fault> {
        let value = self.try_value(count, ctx)?;
        let number = match &value.kind {
            Kind::Int(number) => *number,
            Kind::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => *number as i64,
            Kind::Text(text) => match text.trim().parse() {
                Ok(number) => number,
                Err(_) => return Err(not_a_count(&value, count.at)),
            },
            Kind::Unknown(unknown) => return Ok(Turns::Unknown(unknown.clone())),
            _ => return Err(not_a_count(&value, count.at)),
        };
        if number < 0 {
            return Err(Fault::new(FaultKind::Range { function: "copy".into() }, count.at));
        }
        let limit = self.limits.turns;
        if number.unsigned_abs() > limit {
            return Err(Fault::new(FaultKind::TooLarge { what: "turns of a loop", limit }, count.at));
        }
        Ok(Turns::Known(number))
    }

    /// The list that a loop makes.
    pub(super) fn value_loop(&mut self, one: &Loop, ctx: &Ctx) -> Result<Value, Fault> {
        match self.turns(&one.count, ctx)? {
            Turns::Known(count) => {
                let mut items = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
                for index in 0..count {
                    self.step(1, one.at)?;
                    let turn = ctx.turn(&one.name, Value::new(Kind::Int(index), one.at), false);
                    items.push(self.value(&one.input, &turn));
                }
                Ok(Value::of_list(items, one.at))
            }
            Turns::Unknown(unknown) => {
                let kind = NoteKind::Count { name: (&*one.name).into(), why: unknown.why.clone() };
                self.note(one.at, kind);
                let key = format!("copy@{}:{}({})", one.at.file, one.at.start, unknown.key);
                Ok(Value::unknown(key, &one.name, unknown.why.clone(), one.at))
            }
        }
    }
}

fn not_a_count(value: &Value, at: Span) -> Fault {
    let (name, expected) = ("copy.count".into(), "int".into());
    Fault::new(FaultKind::Type { name, expected, found: value.type_name() }, at)
}
