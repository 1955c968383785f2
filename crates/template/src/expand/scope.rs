//! What an expression sees: the deployment that it belongs to, the turns of loops, variables of lambdas, and
//! parameters of a user-defined function.

use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;

use super::place::Place;
use crate::value::{Object, Span, Value};

/// The number of a deployment: 0 is the template itself.
pub(super) type DeploymentIndex = usize;

/// The number of a resource.
pub(super) type ItemIndex = usize;

/// A value that is worked out when it is first asked for.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// Not yet: the value as written, and how it is read.
    Raw(Value, How),
    /// Being worked out: whoever asks goes round in a circle.
    Busy,
    /// Worked out.
    Done(Value),
}

/// Where a slot is.
#[derive(Clone, Debug)]
pub(super) enum Seat {
    /// A parameter, by its name in small letters.
    Parameter(DeploymentIndex, String),
    /// A variable, by its name in small letters.
    Variable(DeploymentIndex, String),
    /// What is in a resource.
    Body(ItemIndex),
}

/// How a raw value becomes a value.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// It is evaluated here.
    Evaluate(Ctx),
    /// It stands as it is, as in parameter files.
    Literal,
    /// Somebody typed it: what it is depends on the type of the parameter.
    Typed,
    /// A loop makes it.
    Loop(Ctx),
}

/// One deployment: a template, what its parameters are, and where it goes.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) template: Arc<Object>,
    pub(super) at: Span,
    pub(super) name: Value,
    pub(super) place: Place,
    /// How many deployments stand around it.
    pub(super) depth: usize,
    pub(super) given: HashMap<String, (Value, How)>,
    pub(super) parameters: HashMap<String, Slot>,
    pub(super) variables: HashMap<String, Slot>,
    /// Its resources in order.
    pub(super) items: Vec<ItemIndex>,
    /// By symbolic name, name of the copy loop, or name.
    pub(super) names: HashMap<String, Vec<ItemIndex>>,
    /// Expressions see this one: itself, or with outer scope the one around it.
    pub(super) ctx: Ctx,
    pub(super) outputs: Option<Value>,
    /// Why nobody knows whether it takes place.
    pub(super) doubt: Option<crate::value::Why>,
    pub(super) enumerated: bool,
}

/// A resource of a template, before it is worked out.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) deployment: DeploymentIndex,
    pub(super) raw: Arc<Object>,
    pub(super) at: Span,
    pub(super) ctx: Ctx,
    pub(super) resource_type: Arc<str>,
    pub(super) name: Value,
    pub(super) id: Value,
    pub(super) presence: Presence,
    pub(super) existing: bool,
    pub(super) body: Slot,
    /// The deployment that it is, once it was looked at.
    pub(super) nested: Option<Option<DeploymentIndex>>,
}

/// Whether a resource is deployed.
#[derive(Clone, Debug)]
pub(super) enum Presence {
    Yes,
    No,
    Unknown(crate::value::Why),
}

/// What an expression sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Ctx {
    pub(super) deployment: DeploymentIndex,
    pub(super) turns: Option<Rc<Turn>>,
    pub(super) locals: Option<Rc<Local>>,
    /// Of a user-defined function, its arguments.
    pub(super) arguments: Option<Rc<HashMap<String, Value>>>,
}

/// A turn of a loop, inside of others.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) name: Arc<str>,
    pub(super) index: Value,
    /// Whether it makes resources; others make values.
    pub(super) of_resources: bool,
    pub(super) around: Option<Rc<Turn>>,
}

/// A variable of a lambda, inside of others.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) name: Arc<str>,
    pub(super) value: Value,
    pub(super) around: Option<Rc<Local>>,
}

impl Ctx {
    /// The same inside of a turn of a loop.
    pub(super) fn turn(&self, name: &Arc<str>, index: Value, of_resources: bool) -> Self {
        let turn = Turn { name: name.clone(), index, of_resources, around: self.turns.clone() };
        Self { turns: Some(Rc::new(turn)), ..self.clone() }
    }

    /// The same with a variable of a lambda.
    pub(super) fn local(&self, name: &Arc<str>, value: Value) -> Self {
        let local = Local { name: name.clone(), value, around: self.locals.clone() };
        Self { locals: Some(Rc::new(local)), ..self.clone() }
    }

    /// The value of a variable of a lambda.
    pub(super) fn find_local(&self, name: &str) -> Option<Value> {
        let mut local = self.locals.as_ref();
        while let Some(its) = local {
            if its.name.eq_ignore_ascii_case(name) {
                return Some(its.value.clone());
            }
            local = its.around.as_ref();
        }
        None
    }

    /// The turn of the loop of a name; without one that of the innermost loop of resources, else of any.
    pub(super) fn find_turn(&self, name: Option<&str>) -> Option<Value> {
        let all = || std::iter::successors(self.turns.as_ref(), |turn| turn.around.as_ref());
        let found = match name {
            Some(name) => all().find(|turn| turn.name.eq_ignore_ascii_case(name)),
            None => all().find(|turn| turn.of_resources).or_else(|| all().next()),
        };
        found.map(|turn| turn.index.clone())
    }
}
