//! What a condition asks for: fields of the resource, functions that Azure alone can answer, parameters.

use std::collections::BTreeSet;

use regorus::languages::azure_policy::ast::{
    Condition, Constraint, CountNode, Expr, ExprLiteral, FieldKind, FieldNode, JsonValue, Lhs, ValueOrExpr,
};

/// What a condition asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Aliases, as they are written.
    pub(crate) aliases: BTreeSet<String>,
    /// Fields beside `properties`, in lower case: `type`, `tags`, `identity`.
    pub(crate) roots: BTreeSet<String>,
    /// Functions whose answer is not in the input, as they are written: `resourceGroup().location`.
    pub(crate) functions: BTreeSet<String>,
    /// Parameters, in lower case.
    pub(crate) parameters: BTreeSet<String>,
}

impl Needs {
    /// Whether it asks for type, name or kind alone: what Azure looks at to tell whether a policy is for a resource at all.
    /// <https://learn.microsoft.com/azure/governance/policy/concepts/policy-applicability>
    pub(crate) fn is_of_kind(&self) -> bool {
        const KIND: [&str; 3] = ["type", "name", "kind"];
        self.aliases.is_empty()
            && self.functions.is_empty()
            && !self.roots.is_empty()
            && self.roots.iter().all(|root| KIND.contains(&root.as_str()))
    }
}

pub(crate) fn of_condition(condition: &Condition) -> Needs {
    let mut needs = Needs::default();
    needs.condition(condition);
    needs
}

impl Needs {
    fn condition(&mut self, condition: &Condition) {
        match &condition.lhs {
            Lhs::Field(field) => self.field(field),
            Lhs::Value { value, .. } => self.value(value),
            Lhs::Count(CountNode::Field { field, where_, .. }) => {
                self.field(field);
                where_.iter().for_each(|inner| self.constraint(inner));
            }
            Lhs::Count(CountNode::Value { value, where_, .. }) => {
                self.value(value);
                where_.iter().for_each(|inner| self.constraint(inner));
            }
        }
        self.value(&condition.rhs);
    }

    fn constraint(&mut self, constraint: &Constraint) {
        match constraint {
            Constraint::AllOf { constraints, .. } | Constraint::AnyOf { constraints, .. } => {
                constraints.iter().for_each(|one| self.constraint(one));
            }
            Constraint::Not { constraint, .. } => self.constraint(constraint),
            Constraint::Condition(condition) => self.condition(condition),
        }
    }

    fn field(&mut self, field: &FieldNode) {
        match &field.kind {
            FieldKind::Alias(alias) => {
                self.aliases.insert(alias.clone());
            }
            FieldKind::Expr(expr) => {
                self.expr(expr);
                self.roots.insert("tags".into());
            }
            kind => {
                self.roots.insert(root(kind).into());
            }
        }
    }

    fn value(&mut self, value: &ValueOrExpr) {
        match value {
            ValueOrExpr::Value(value) => self.json(value),
            ValueOrExpr::Expr { expr, .. } => self.expr(expr),
        }
    }

    /// Lists may hold expressions, too, which nobody has parsed yet: what they ask for is read off their text.
    fn json(&mut self, value: &JsonValue) {
        match value {
            JsonValue::Array(_, items) => items.iter().for_each(|item| self.json(item)),
            JsonValue::Str(_, text) if text.starts_with('[') && !text.starts_with("[[") => {
                let lower = text.to_ascii_lowercase();
                for part in lower.split("parameters(").skip(1) {
                    let name = part.trim_start().strip_prefix('\'').and_then(|rest| rest.split('\'').next());
                    self.parameters.extend(name.map(str::to_owned));
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Literal { value: ExprLiteral::String(text), .. } if is_alias(text) => {
                self.aliases.insert(text.clone());
            }
            Expr::Literal { .. } | Expr::Ident { .. } => {}
            Expr::Call { func, args, .. } => {
                self.call(func, args, None);
            }
            Expr::Dot { object, field, .. } => match object.as_ref() {
                Expr::Call { func, args, .. } => self.call(func, args, Some(field)),
                other => self.expr(other),
            },
            Expr::Index { object, index, .. } => {
                self.expr(object);
                self.expr(index);
            }
        }
    }

    fn call(&mut self, func: &Expr, args: &[Expr], member: Option<&str>) {
        let name = match func {
            Expr::Ident { name, .. } => name.to_ascii_lowercase(),
            other => {
                self.expr(other);
                String::new()
            }
        };
        let text = match args.first() {
            Some(Expr::Literal { value: ExprLiteral::String(text), .. }) => Some(text.as_str()),
            _ => None,
        };
        match (name.as_str(), text) {
            ("parameters", Some(text)) => {
                self.parameters.insert(text.to_ascii_lowercase());
                return;
            }
            ("field", Some(text)) => {
                if is_alias(text) {
                    self.aliases.insert(text.to_owned());
                } else {
                    let root = text.split(['.', '[']).next().unwrap_or(text);
                    self.roots.insert(root.to_ascii_lowercase());
                }
                return;
            }
            // What it means was asked for by the `count` around it.
            ("current", Some(text)) => {
                if is_alias(text) {
                    self.aliases.insert(text.to_owned());
                }
                return;
            }
            // These are told by the id of the resource.
            ("subscription", _) if matches!(member, Some("subscriptionId" | "id")) => {}
            ("resourcegroup", _) if matches!(member, Some("name" | "id")) => {}
            ("subscription" | "resourcegroup" | "requestcontext" | "policy" | "claims", _) => {
                let member = member.map(|member| format!(".{member}")).unwrap_or_default();
                self.functions.insert(format!("{name}(){member}"));
            }
            _ => {}
        }
        args.iter().for_each(|arg| self.expr(arg));
    }
}

fn is_alias(text: &str) -> bool {
    text.contains('/') && text.split('/').next().is_some_and(|provider| provider.contains('.'))
}

fn root(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Type => "type",
        FieldKind::Id => "id",
        FieldKind::Kind => "kind",
        FieldKind::Name | FieldKind::FullName => "name",
        FieldKind::Location => "location",
        FieldKind::Tags | FieldKind::Tag(_) => "tags",
        FieldKind::IdentityType | FieldKind::IdentityField(_) => "identity",
        FieldKind::ApiVersion => "apiversion",
        FieldKind::Alias(_) | FieldKind::Expr(_) => "",
    }
}
