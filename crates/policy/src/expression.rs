//! Expressions in conditions, made ready for the library: names in small letters, and nothing that grows without end.

use regorus::languages::azure_policy::ast::{
    Condition, Constraint, CountNode, Expr, ExprLiteral, FieldKind, Lhs, ValueOrExpr,
};

/// How deep parentheses in an expression may be: the library's parser calls itself for each.
const DEPTH: usize = 100;

/// How large the value of an expression may become, in bytes, as far as can be told beforehand.
const LARGEST: f64 = 16e6;

/// What a field of a resource and a parameter are taken to have.
const FIELD: f64 = 4e3;

/// Whether a text holds expressions that are too deep to be read.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            // No expression goes over the end of a line: a text does not.
            b'\n' => depth = 0,
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}

/// The expression of a condition that is the work of a function which gives something or fails.
pub(crate) fn guarded(condition: &Condition) -> Option<&str> {
    const GIVES: [&str; 8] = ["int", "substring", "add", "sub", "mul", "div", "mod", "split"];
    let Lhs::Value { value: ValueOrExpr::Expr { raw, expr, .. }, .. } = &condition.lhs else { return None };
    let Expr::Call { func, .. } = expr else { return None };
    let Expr::Ident { name, .. } = func.as_ref() else { return None };
    GIVES.iter().any(|own| name.eq_ignore_ascii_case(own)).then_some(raw.as_str())
}

/// Makes the expressions of a condition ready.
///
/// # Errors
///
/// When one of them may become too large.
pub(crate) fn prepare(condition: &mut Condition) -> Result<(), String> {
    match &mut condition.lhs {
        Lhs::Field(field) => {
            if let FieldKind::Expr(expr) = &mut field.kind {
                expression(expr)?;
            }
        }
        Lhs::Value { value, .. } => value_of(value)?,
        Lhs::Count(CountNode::Field { where_, .. }) => inner(where_.as_deref_mut())?,
        Lhs::Count(CountNode::Value { value, where_, .. }) => {
            value_of(value)?;
            inner(where_.as_deref_mut())?;
        }
    }
    value_of(&mut condition.rhs)
}

fn inner(constraint: Option<&mut Constraint>) -> Result<(), String> {
    match constraint {
        None => Ok(()),
        Some(Constraint::AllOf { constraints, .. } | Constraint::AnyOf { constraints, .. }) => {
            constraints.iter_mut().try_for_each(|one| inner(Some(one)))
        }
        Some(Constraint::Not { constraint, .. }) => inner(Some(constraint)),
        Some(Constraint::Condition(condition)) => prepare(condition),
    }
}

fn value_of(value: &mut ValueOrExpr) -> Result<(), String> {
    match value {
        ValueOrExpr::Value(_) => Ok(()),
        ValueOrExpr::Expr { expr, .. } => expression(expr),
    }
}

fn expression(expr: &mut Expr) -> Result<(), String> {
    small(expr);
    if size(expr) > LARGEST { Err("the value of an expression may become too large".into()) } else { Ok(()) }
}

/// Members of objects mean the same in any case; the library has them in small letters.
fn small(expr: &mut Expr) {
    match expr {
        Expr::Literal { .. } | Expr::Ident { .. } => {}
        Expr::Call { func, args, .. } => {
            small(func);
            args.iter_mut().for_each(small);
        }
        Expr::Dot { object, field, .. } => {
            field.make_ascii_lowercase();
            small(object);
        }
        Expr::Index { object, index, .. } => {
            small(object);
            match index.as_mut() {
                Expr::Literal { value: ExprLiteral::String(text), .. } => text.make_ascii_lowercase(),
                other => small(other),
            }
        }
    }
}

/// How large the value of an expression is, at the most, in bytes.
fn size(expr: &Expr) -> f64 {
    let number = |expr: Option<&Expr>| match expr {
        Some(Expr::Literal { value: ExprLiteral::Number(text), .. }) => {
            text.parse::<f64>().unwrap_or(f64::INFINITY).abs()
        }
        _ => FIELD,
    };
    match expr {
        Expr::Literal { value: ExprLiteral::String(text), .. } => text.len() as f64,
        Expr::Literal { .. } => 8.0,
        Expr::Ident { name, .. } => name.len() as f64,
        Expr::Dot { object, .. } => size(object),
        Expr::Index { object, .. } => size(object),
        Expr::Call { func, args, .. } => {
            let name = match func.as_ref() {
                Expr::Ident { name, .. } => name.to_ascii_lowercase(),
                _ => String::new(),
            };
            let sizes: Vec<f64> = args.iter().map(size).collect();
            let all: f64 = sizes.iter().sum();
            let at = |number: usize| sizes.get(number).copied().unwrap_or(0.0);
            match name.as_str() {
                "field" | "current" | "parameters" | "resourcegroup" | "subscription" => FIELD,
                "replace" => at(0) * at(2).max(1.0),
                "padleft" => at(0).max(number(args.get(1))),
                "range" => number(args.get(1)) * 16.0,
                "join" => at(0) + at(0) * at(1),
                // What they give is small, and what they are given is there already.
                "length" | "empty" | "equals" | "contains" | "startswith" | "endswith" | "int" | "not"
                | "and" | "or" => all.max(8.0),
                _ => all + 8.0,
            }
        }
    }
}
