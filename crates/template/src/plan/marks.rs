//! What a state as Terraform keeps it marks as sensitive, in the form that plans have for it.
//!
//! INVARIANT: a path that cannot be read marks everything that it may lead to.
//!
//! Source: <https://developer.hashicorp.com/terraform/language/state/sensitive-data>; the paths are those that
//! `sensitive_attributes` holds in `terraform.tfstate`, version 4.

use hashbrown::HashMap;

use crate::value::{Kind, Member, Object, Span, Value};

/// The longest path that is followed; a longer one marks what it leads through.
const STEP_LIMIT: usize = 32;

/// Marks by where the instance stands.
#[derive(Default)]
pub(super) struct Marks {
    all: HashMap<Span, Value>,
}

impl Marks {
    pub(super) fn read(state: &Value) -> Self {
        let resources = state.object().and_then(|state| state.get("resources")?.list()).unwrap_or_default();
        let instances = resources.iter().filter_map(|one| one.object()?.get("instances")?.list()).flatten();
        let mark = |instance: &Value| {
            let paths = instance.object()?.get("sensitive_attributes")?.list()?;
            let marked = paths.iter().fold(nothing(), |marked, path| {
                let steps = path.list().unwrap_or_default();
                with(marked, steps.get(..steps.len().min(STEP_LIMIT)).unwrap_or_default())
            });
            (!paths.is_empty()).then_some((instance.at, marked))
        };
        Self { all: instances.filter_map(mark).collect() }
    }

    /// The marks of an instance.
    pub(super) fn of(&self, instance: &Value) -> Option<&Value> {
        self.all.get(&instance.at)
    }
}

fn nothing() -> Value {
    Value::new(Kind::Bool(false), Span::default())
}

/// A mark with what a path leads to marked as well.
fn with(mark: Value, path: &[Value]) -> Value {
    let everything = Value::new(Kind::Bool(true), Span::default());
    let Some((step, rest)) = path.split_first() else { return everything };
    if matches!(mark.kind, Kind::Bool(true)) {
        return mark;
    }
    let told = step.object().and_then(|step| step.get("value"));
    let told = told.map(|told| told.object().and_then(|inner| inner.get("value")).unwrap_or(told));
    match told.map(|told| &told.kind) {
        Some(Kind::Text(name)) => {
            let mut members = mark.object().map(|own| own.members().to_vec()).unwrap_or_default();
            let place = members.iter().position(|member| member.name.eq_ignore_ascii_case(name));
            match place.and_then(|place| members.get_mut(place)) {
                Some(member) => member.value = with(member.value.clone(), rest),
                None => {
                    let value = with(nothing(), rest);
                    members.push(Member { name: name.clone(), at: Span::default(), value });
                }
            }
            Value::new(Kind::Object(Object::new(members).into()), Span::default())
        }
        Some(Kind::Int(index)) => {
            let Some(index) = usize::try_from(*index).ok().filter(|index| *index < 4096) else {
                return everything;
            };
            let mut items = mark.list().map(<[Value]>::to_vec).unwrap_or_default();
            if items.len() <= index {
                items.resize(index + 1, nothing());
            }
            if let Some(item) = items.get_mut(index) {
                *item = with(std::mem::replace(item, nothing()), rest);
            }
            Value::of_list(items, Span::default())
        }
        // An element of a set has no number.
        _ => everything,
    }
}
