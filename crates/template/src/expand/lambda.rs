//! Functions that take a function: `map`, `filter`, `reduce`, `sort`, `toObject`, `groupBy`, `mapValues`.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-lambda>.

use std::sync::Arc;

use super::condition::{takes, truth};
use super::machine::Machine;
use super::scope::Ctx;
use crate::expression::Expr;
use crate::fault::{Fault, FaultKind};
use crate::value::{Kind, Member, Object, Span, Unknown, Value};

/// A lambda: the names of its variables, and what it gives.
struct Lambda<'e> {
    names: Vec<&'e Arc<str>>,
    body: &'e Expr,
}

fn lambda(expr: &Expr) -> Option<Lambda<'_>> {
    let Expr::Call { name, args } = expr else { return None };
    let (body, names) = args.split_last()?;
    if !name.eq_ignore_ascii_case("lambda") {
        return None;
    }
    let names = names.iter().map(|name| match name {
        Expr::Text(name) => Some(name),
        _ => None,
    });
    Some(Lambda { names: names.collect::<Option<_>>()?, body })
}

/// What of a call is not known, as a value.
fn doubtful(function: &str, unknown: &Arc<Unknown>, at: Span) -> Value {
    let key = format!("{function}({})@{}:{}", unknown.key, at.file, at.start);
    Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at)
}

impl Machine<'_> {
    fn apply(&mut self, lambda: &Lambda<'_>, values: &[Value], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let mut ctx = ctx.clone();
        for (name, value) in lambda.names.iter().zip(values) {
            ctx = ctx.local(name, value.clone());
        }
        self.expr(lambda.body, &ctx, at)
    }

    /// A function that takes a function, or `None` for another one.
    pub(super) fn higher(
        &mut self,
        name: &str,
        args: &[Expr],
        ctx: &Ctx,
        at: Span,
    ) -> Option<Result<Value, Fault>> {
        let (function, usage) = match name {
            "map" => ("map", "map(array, lambda(item, …))"),
            "filter" => ("filter", "filter(array, lambda(item, …))"),
            "sort" => ("sort", "sort(array, lambda(a, b, …))"),
            "reduce" => ("reduce", "reduce(array, initial, lambda(current, next, …))"),
            "toobject" => ("toObject", "toObject(array, lambda(item, …), lambda(item, …))"),
            "groupby" => ("groupBy", "groupBy(array, lambda(item, …))"),
            "mapvalues" => ("mapValues", "mapValues(object, lambda(value, …))"),
            _ => return None,
        };
        Some(
            self.higher_value(function, args, ctx, at)
                .and_then(|value| value.ok_or_else(|| takes(function, usage, at))),
        )
    }

    fn higher_value(
        &mut self,
        function: &str,
        args: &[Expr],
        ctx: &Ctx,
        at: Span,
    ) -> Result<Option<Value>, Fault> {
        let Some((first, rest)) = args.split_first() else { return Ok(None) };
        let first = self.expr(first, ctx, at)?;
        if let Some(unknown) = first.doubt() {
            return Ok(Some(doubtful(function, unknown, at)));
        }
        let value = match (function, &first.kind, rest) {
            ("map", Kind::List(items), [body]) => self.map(items, body, ctx, at)?,
            ("filter", Kind::List(items), [body]) => self.filter(items, body, ctx, at)?,
            ("sort", Kind::List(items), [body]) => self.sort(items, body, ctx, at)?,
            ("reduce", Kind::List(items), [initial, body]) => {
                let Some(body) = lambda(body) else { return Ok(None) };
                let mut current = self.expr(initial, ctx, at)?;
                for (index, item) in items.iter().enumerate() {
                    current = self.apply(&body, &[current, item.clone(), number(index, at)], ctx, at)?;
                    self.weigh(&current, at)?;
                }
                Some(current)
            }
            ("toObject", Kind::List(items), [key, rest @ ..]) if rest.len() < 2 => {
                self.object_of(items, key, rest.first(), ctx, at)?
            }
            ("groupBy", Kind::List(items), [key]) => self.group(items, key, ctx, at)?,
            ("mapValues", Kind::Object(object), [body]) => {
                let Some(body) = lambda(body) else { return Ok(None) };
                let mut made = Vec::with_capacity(object.members().len());
                let mut left = self.limits.values;
                for member in object.members() {
                    let value = self.apply(&body, std::slice::from_ref(&member.value), ctx, at)?;
                    self.fill(&mut left, &value, at)?;
                    made.push(Member { value, ..member.clone() });
                }
                Some(Value::new(Kind::Object(Arc::new(Object::new(made))), at))
            }
            _ => None,
        };
        Ok(value)
    }

    fn map(&mut self, items: &[Value], body: &Expr, ctx: &Ctx, at: Span) -> Result<Option<Value>, Fault> {
        let Some(body) = lambda(body) else { return Ok(None) };
        let mut made = Vec::with_capacity(items.len());
        let mut left = self.limits.values;
        for (index, item) in items.iter().enumerate() {
            let value = self.apply(&body, &[item.clone(), number(index, at)], ctx, at)?;
            self.fill(&mut left, &value, at)?;
            made.push(value);
        }
        Ok(Some(Value::of_list(made, at)))
    }

    /// Takes room for one more value in a list or an object.
    fn fill(&mut self, left: &mut u64, value: &Value, at: Span) -> Result<(), Fault> {
        let limit = self.limits.values;
        let rest = left.checked_sub(self.weigh(value, at)?);
        *left = rest.ok_or_else(|| Fault::new(FaultKind::TooLarge { what: "values", limit }, at))?;
        Ok(())
    }

    fn filter(&mut self, items: &[Value], body: &Expr, ctx: &Ctx, at: Span) -> Result<Option<Value>, Fault> {
        let Some(body) = lambda(body) else { return Ok(None) };
        let mut made = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let holds = self.apply(&body, &[item.clone(), number(index, at)], ctx, at)?;
            match truth(&holds) {
                Ok(Some(true)) => made.push(item.clone()),
                Ok(Some(false)) => {}
                Ok(None) => return Ok(holds.doubt().map(|unknown| doubtful("filter", unknown, at))),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(Value::of_list(made, at)))
    }

    /// Merges sorted halves, so that a comparison that contradicts itself does no harm.
    fn sort(&mut self, items: &[Value], body: &Expr, ctx: &Ctx, at: Span) -> Result<Option<Value>, Fault> {
        let Some(body) = lambda(body) else { return Ok(None) };
        let mut runs: Vec<Vec<Value>> = items.iter().map(|item| vec![item.clone()]).collect();
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
            let mut pairs = runs.into_iter();
            while let Some(left) = pairs.next() {
                let Some(right) = pairs.next() else {
                    merged.push(left);
                    break;
                };
                let mut run = Vec::with_capacity(left.len() + right.len());
                let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
                while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                    // The first one stays in front unless the second one is certainly less.
                    let less = self.apply(&body, &[b.clone(), a.clone()], ctx, at)?;
                    match truth(&less) {
                        Ok(Some(true)) => run.extend(right.next()),
                        Ok(Some(false)) => run.extend(left.next()),
                        Ok(None) => return Ok(less.doubt().map(|unknown| doubtful("sort", unknown, at))),
                        Err(_) => return Ok(None),
                    }
                }
                run.extend(left);
                run.extend(right);
                merged.push(run);
            }
            runs = merged;
        }
        Ok(Some(Value::of_list(runs.pop().unwrap_or_default(), at)))
    }

    fn object_of(
        &mut self,
        items: &[Value],
        key: &Expr,
        value: Option<&Expr>,
        ctx: &Ctx,
        at: Span,
    ) -> Result<Option<Value>, Fault> {
        let Some(key) = lambda(key) else { return Ok(None) };
        let value = match value.map(lambda) {
            Some(None) => return Ok(None),
            Some(Some(value)) => Some(value),
            None => None,
        };
        let mut made = Vec::with_capacity(items.len());
        let mut left = self.limits.values;
        for (index, item) in items.iter().enumerate() {
            let arguments = [item.clone(), number(index, at)];
            let name = self.apply(&key, &arguments, ctx, at)?;
            if let Some(unknown) = name.doubt() {
                return Ok(Some(doubtful("toObject", unknown, at)));
            }
            let Some(name) = name.shown() else { return Ok(None) };
            self.step_text(name.len(), at)?;
            let value = match &value {
                Some(value) => self.apply(value, &arguments, ctx, at)?,
                None => item.clone(),
            };
            self.fill(&mut left, &value, at)?;
            made.push(Member { name: Arc::from(&*name), at: item.at, value });
        }
        Ok(Some(Value::new(Kind::Object(Arc::new(Object::new(made))), at)))
    }

    fn group(&mut self, items: &[Value], key: &Expr, ctx: &Ctx, at: Span) -> Result<Option<Value>, Fault> {
        let Some(key) = lambda(key) else { return Ok(None) };
        let mut groups: Vec<(Arc<str>, Vec<Value>)> = Vec::new();
        let mut places = hashbrown::HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let name = self.apply(&key, &[item.clone(), number(index, at)], ctx, at)?;
            if let Some(unknown) = name.doubt() {
                return Ok(Some(doubtful("groupBy", unknown, at)));
            }
            let Some(name) = name.shown() else { return Ok(None) };
            self.step_text(name.len(), at)?;
            let place = *places.entry(name.to_string()).or_insert_with(|| {
                groups.push((Arc::from(&*name), Vec::new()));
                groups.len() - 1
            });
            if let Some((_, group)) = groups.get_mut(place) {
                group.push(item.clone());
            }
        }
        let member = |(name, items)| Member { name, at, value: Value::of_list(items, at) };
        let made = groups.into_iter().map(member).collect();
        Ok(Some(Value::new(Kind::Object(Arc::new(Object::new(made))), at)))
    }
}

fn number(index: usize, at: Span) -> Value {
    Value::new(Kind::Int(i64::try_from(index).unwrap_or(i64::MAX)), at)
}
