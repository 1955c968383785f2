//! Whether a resource is deployed, and choices that depend on what is not known.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/conditional-resource-deployment>.

use super::machine::Machine;
use super::scope::{Ctx, Presence};
use crate::expression::Expr;
use crate::fault::{Fault, FaultKind};
use crate::value::{Kind, Span, Unknown, Value};

/// Whether it is true; `None` where it is not known.
pub(super) fn truth(value: &Value) -> Result<Option<bool>, &'static str> {
    match &value.kind {
        Kind::Bool(value) => Ok(Some(*value)),
        Kind::Unknown(_) | Kind::Parts(_) => Ok(None),
        // Azure reads these as what they say.
        Kind::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Kind::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Kind::Int(number @ (0 | 1)) => Ok(Some(*number == 1)),
        _ => Err(value.type_name()),
    }
}

impl Machine<'_> {
    /// Whether a resource with this condition is deployed.
    pub(super) fn presence(&mut self, condition: &Value, ctx: &Ctx) -> Presence {
        let value = self.value(condition, ctx);
        match truth(&value) {
            Ok(Some(true)) => Presence::Yes,
            Ok(Some(false)) => Presence::No,
            Ok(None) => Presence::Unknown(match value.doubt() {
                Some(unknown) => unknown.why.clone(),
                None => crate::value::Why::Fault,
            }),
            Err(found) => {
                let kind = FaultKind::Type { name: "condition".into(), expected: "bool".into(), found };
                self.fault(Fault::new(kind, condition.at));
                Presence::Unknown(crate::value::Why::Fault)
            }
        }
    }

    /// `if(condition, a, b)`: the branch that is not taken is never worked out.
    pub(super) fn choose(&mut self, args: &[Expr], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let [condition, yes, no] = args else {
            return Err(takes("if", "if(condition, trueValue, falseValue)", at));
        };
        let value = self.expr(condition, ctx, at)?;
        let truth = truth(&value);
        match truth.map_err(|_| takes("if", "if(condition, trueValue, falseValue)", at))? {
            Some(true) => self.expr(yes, ctx, at),
            Some(false) => self.expr(no, ctx, at),
            None => {
                let (yes, no) = (self.expr(yes, ctx, at), self.expr(no, ctx, at));
                // A branch that fails may never be taken.
                let (Ok(yes), Ok(no)) = (yes, no) else { return Ok(undecided(&value, "if", at)) };
                for value in [&yes, &no] {
                    self.weigh(value, at)?;
                }
                if yes.key() == no.key() {
                    return Ok(yes);
                }
                let Some(unknown) = value.doubt() else { return Ok(yes) };
                let key = format!("if({},{},{})", unknown.key, yes.key(), no.key());
                Ok(Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at))
            }
        }
    }

    /// `and(…)`, `or(…)`: decided by the first argument that decides, whatever the others are.
    pub(super) fn junction(
        &mut self,
        name: &'static str,
        deciding: bool,
        args: &[Expr],
        ctx: &Ctx,
        at: Span,
    ) -> Result<Value, Fault> {
        let mut unknown: Option<Value> = None;
        let mut key = String::new();
        for arg in args {
            let value = self.expr(arg, ctx, at)?;
            self.weigh(&value, at)?;
            match truth(&value).map_err(|_| takes(name, "(condition, condition, …)", at))? {
                Some(value) if value == deciding => return Ok(Value::new(Kind::Bool(deciding), at)),
                Some(_) => {}
                None => {
                    key = key + &value.key() + ",";
                    unknown.get_or_insert(value);
                }
            }
        }
        match unknown.as_ref().and_then(Value::doubt) {
            Some(first) => {
                let key = format!("{name}({key})");
                Ok(Value::new(Kind::Unknown(Unknown::new(key, &first.label, first.why.clone())), at))
            }
            None => Ok(Value::new(Kind::Bool(!deciding), at)),
        }
    }
}

/// What depends on a value that is not known.
fn undecided(value: &Value, name: &str, at: Span) -> Value {
    match value.doubt() {
        Some(unknown) => {
            let key = format!("{name}({})@{}:{}", unknown.key, at.file, at.start);
            Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at)
        }
        None => value.clone(),
    }
}

/// A call with the wrong arguments.
pub(super) fn takes(function: &str, takes: &'static str, at: Span) -> Fault {
    Fault::new(FaultKind::Arguments { function: function.into(), takes }, at)
}
