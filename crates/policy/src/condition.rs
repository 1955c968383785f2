//! Conditions of policies: `allOf`, `anyOf` and `not` over leaves, each leaf a program of its own.
//!
//! Azure knows true and false. We know a third: what a leaf asks for may not be told by the input. So the tree is worked out
//! here, by three values, and a leaf by `regorus`, where all of its fields are told.
//! Source: <https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule>.

use std::sync::Arc;

use hashbrown::HashMap;
use regorus::Source;
use regorus::languages::azure_policy::ast::{Constraint, Span};
use regorus::languages::azure_policy::{compiler, parser};
use regorus::rvm::program::Program;
use serde_json::{Map, Value};

use crate::alias::Aliases;
use crate::expression;
use crate::needs::{Needs, of_condition};

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// The number of a leaf in [`Leaves`].
    Leaf(usize),
}

/// A condition without parts.
pub(crate) struct Leaf {
    /// As it is written, on one line.
    pub(crate) text: String,
    /// What it asks for.
    pub(crate) needs: Needs,
    /// The same as JSON where it asks for the type of a resource, which tells beforehand whom a policy is for.
    pub(crate) of_type: Option<Map<String, Value>>,
    /// What works it out, or why nothing does.
    pub(crate) program: Result<Arc<Program>, String>,
    /// Tells whether a function of it, which always gives something, gives anything: the library goes on where Azure stops.
    pub(crate) guard: Option<Arc<Program>>,
    /// Where it was written first: line and column in its document, from 1.
    pub(crate) place: (usize, usize),
}

impl Leaf {
    /// Whether nothing works it out although every field that it asks for is known. A field of a type that is not read cannot
    /// matter: the input holds no such resource.
    pub(crate) fn is_unworkable(&self) -> bool {
        self.program.is_err() && self.needs.aliases.iter().all(|alias| Aliases::get().holds(alias))
    }
}

/// All leaves of all policies: many of them are the same, and are worked out once for a resource.
#[derive(Default)]
pub(crate) struct Leaves {
    pub(crate) all: Vec<Leaf>,
    by_text: HashMap<String, usize>,
}

/// How deep conditions may be nested. Azure's own are no deeper than 10.
const DEPTH: usize = 64;

impl Leaves {
    /// Takes a condition apart.
    ///
    /// # Errors
    ///
    /// When it is nested too deep.
    pub(crate) fn take(&mut self, constraint: &Constraint, line: usize) -> Result<Node, String> {
        self.take_at(constraint, line, 0)
    }

    fn take_at(&mut self, constraint: &Constraint, line: usize, depth: usize) -> Result<Node, String> {
        if depth > DEPTH {
            return Err(format!("conditions are nested more than {DEPTH} deep"));
        }
        let mut many = |all: &[Constraint]| -> Result<Vec<Node>, String> {
            all.iter().map(|one| self.take_at(one, line, depth + 1)).collect()
        };
        Ok(match constraint {
            Constraint::AllOf { constraints, .. } => Node::All(many(constraints)?),
            Constraint::AnyOf { constraints, .. } => Node::Any(many(constraints)?),
            Constraint::Not { constraint, .. } => {
                Node::Not(Box::new(self.take_at(constraint, line, depth + 1)?))
            }
            Constraint::Condition(condition) => Node::Leaf(self.leaf(
                &condition.span,
                of_condition(condition),
                expression::guarded(condition),
                line,
            )),
        })
    }

    fn leaf(&mut self, span: &Span, needs: Needs, guarded: Option<&str>, line: usize) -> usize {
        let written = span.text();
        if let Some(number) = self.by_text.get(written) {
            return *number;
        }
        let leaf = Leaf {
            text: written.split_whitespace().collect::<Vec<_>>().join(" "),
            needs,
            of_type: of_type(written),
            program: compile(written),
            guard: guarded.and_then(|text| {
                let leaf = serde_json::json!({"value": text, "exists": "true"});
                compile(&leaf.to_string()).ok()
            }),
            place: (line + span.line as usize - 1, span.col as usize),
        };
        self.by_text.insert(written.to_owned(), self.all.len());
        self.all.push(leaf);
        self.all.len() - 1
    }

    /// A leaf of our own making.
    pub(crate) fn made(&mut self, text: &str, line: usize) -> Result<Node, String> {
        let source = Source::from_contents("policy".into(), text.to_owned())
            .map_err(|error| message(&error.to_string()))?;
        let constraint = parser::parse_constraint(&source).map_err(|error| message(&error.to_string()))?;
        let node = self.take(&constraint, line)?;
        Ok(node)
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Leaf> {
        self.all.get(number)
    }
}

fn of_type(written: &str) -> Option<Map<String, Value>> {
    let Ok(Value::Object(leaf)) = serde_json::from_str(written) else { return None };
    let field = leaf.get("field").and_then(Value::as_str)?;
    field.eq_ignore_ascii_case("type").then_some(leaf)
}

/// Makes a program of a leaf. Each has a source of its own: a program keeps all of the text that it was made of.
fn compile(written: &str) -> Result<Arc<Program>, String> {
    let text = format!("{{\"if\":{},\"then\":{{\"effect\":\"audit\"}}}}", small_parameters(written));
    let source = Source::from_contents("policy".into(), text).map_err(|error| message(&error.to_string()))?;
    let long = std::num::NonZeroU32::new(u32::MAX);
    let mut rule =
        parser::parse_policy_rule_with_max_col(&source, long).map_err(|error| message(&error.to_string()))?;
    if let Constraint::Condition(condition) = &mut rule.condition {
        expression::prepare(condition)?;
    }
    let registry = Arc::clone(Aliases::get().registry());
    compiler::compile_policy_rule_with_aliases(&rule, registry)
        .map_err(|error| message(&format!("{error:#}")))
}

/// Names of parameters mean the same in any case; the library compares them as they are written. Lists hold expressions as text,
/// so this is done on the text.
fn small_parameters(written: &str) -> String {
    let lower = written.to_ascii_lowercase();
    let mut out = String::with_capacity(written.len());
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find("parameters(")) {
        let start = at + found;
        let inside = start + "parameters(".len();
        let rest = lower.get(inside..).unwrap_or_default();
        let end = match rest.trim_start().strip_prefix('\'') {
            Some(name) => {
                let quote = inside + (rest.len() - rest.trim_start().len()) + 1;
                quote + name.find('\'').unwrap_or(0)
            }
            None => inside,
        };
        out.push_str(written.get(at..start).unwrap_or_default());
        out.push_str(lower.get(start..end).unwrap_or_default());
        at = end;
    }
    out.push_str(written.get(at..).unwrap_or_default());
    out
}

/// What the library says, without the picture of the source before it.
pub(crate) fn message(text: &str) -> String {
    let told = text.rsplit_once("error: ").map_or(text, |(_, told)| told);
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is known of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tri {
    True,
    False,
    /// Nobody can tell, and why.
    Unknown(Vec<estate::Reason>),
}

impl Node {
    /// Works the condition out. `leaf` tells of one leaf; what does not matter for the answer is not asked.
    pub(crate) fn decide(&self, leaf: &mut dyn FnMut(usize) -> Tri) -> Tri {
        match self {
            Self::Leaf(number) => leaf(*number),
            Self::Not(node) => match node.decide(leaf) {
                Tri::True => Tri::False,
                Tri::False => Tri::True,
                unknown @ Tri::Unknown(_) => unknown,
            },
            Self::All(nodes) => fold(nodes, leaf, Tri::False),
            Self::Any(nodes) => fold(nodes, leaf, Tri::True),
        }
    }

    /// The leaves of it, in their order.
    pub(crate) fn leaves(&self, into: &mut Vec<usize>) {
        match self {
            Self::Leaf(number) => into.push(*number),
            Self::Not(node) => node.leaves(into),
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.leaves(into)),
        }
    }
}

/// `decides` is the value that one part has to have to decide for all.
fn fold(nodes: &[Node], leaf: &mut dyn FnMut(usize) -> Tri, decides: Tri) -> Tri {
    let mut open: Option<Vec<estate::Reason>> = None;
    for node in nodes {
        match node.decide(leaf) {
            one if one == decides => return decides,
            Tri::Unknown(reasons) => open.get_or_insert_default().extend(reasons),
            _ => {}
        }
    }
    match open {
        Some(reasons) => Tri::Unknown(reasons),
        None if decides == Tri::True => Tri::False,
        None => Tri::True,
    }
}
