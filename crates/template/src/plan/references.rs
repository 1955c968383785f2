//! Which resources an expression of the configuration refers to.
//!
//! INVARIANT: what cannot be followed (a local value, an attribute that is no id) makes the answer open; a
//! resource is named only where no other one can be meant. Steps are counted, so circles end.
//!
//! What an expression does with an index is not in the plan: `a.b[1 - count.index]` has the references of
//! `a.b[count.index]`. Both are taken for the latter, and [`Found::by_index`] says so.
//!
//! The references of an expression stand in the order of the configuration, each followed by its own
//! beginnings: `a.b[0].id`, `a.b[0]`, `a.b`. An index that is an expression, and a splat, leave `a.b` alone.

use super::address::{Index, Step, steps};
use super::input::{Group, Input, Resource, group_name};
use crate::value::{Object, Value};

/// How many references are looked at for one attribute.
const STEP_LIMIT: usize = 4096;

/// How many references one expression may have.
const REFERENCE_LIMIT: usize = 512;

/// How many instances one reference may stand for: none of the lists that are read takes as many.
const INSTANCE_LIMIT: usize = 64;

/// The deepest chain of variables and outputs.
const DEPTH_LIMIT: usize = 64;

/// What an expression refers to.
#[derive(Default)]
pub(super) struct Found {
    /// Resources, in the order of the configuration.
    pub(super) all: Vec<usize>,
    /// Addresses of resources that the plan does not hold.
    pub(super) missing: Vec<String>,
    /// Whether it may refer to others.
    pub(super) open: bool,
    /// Set where one of several instances was chosen by the index of what refers to it: what counts it.
    pub(super) by_index: Option<&'static str>,
}

/// What is asked for.
pub(super) struct Wanted<'w> {
    /// Which resources can be meant.
    pub(super) kinds: &'w [&'w str],
    /// Which of their attributes: `id`.
    pub(super) attribute: &'w str,
}

impl Wanted<'_> {
    fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind) || kind == "azapi_resource"
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Frame<'i, 'p> {
    module: usize,
    index: Option<&'i Index>,
    /// The block that `each.value` belongs to.
    owner: Option<&'p Object>,
}

struct Search<'i, 'p, 'w> {
    input: &'i Input<'p>,
    wanted: &'w Wanted<'w>,
    found: Found,
    steps: usize,
}

/// What an attribute of a resource refers to.
pub(super) fn find(
    input: &Input<'_>,
    resource: &Resource<'_>,
    lists: &[&[Value]],
    wanted: &Wanted<'_>,
) -> Found {
    let mut search = Search { input, wanted, found: Found::default(), steps: 0 };
    let frame = Frame { module: resource.module, index: resource.index.as_ref(), owner: resource.config };
    for list in lists {
        search.follow(list, frame, false, 0);
    }
    let mut found = search.found;
    let mut seen = hashbrown::HashSet::with_capacity(found.all.len());
    found.all.retain(|number| seen.insert(*number));
    found.missing.sort_unstable();
    found.missing.dedup();
    found
}

impl<'i, 'p> Search<'i, 'p, '_> {
    /// `indexed`: whether the value that is asked for is the one of the frame's own index.
    fn follow(&mut self, list: &[Value], frame: Frame<'i, 'p>, indexed: bool, depth: usize) {
        if depth > DEPTH_LIMIT || list.len() > REFERENCE_LIMIT {
            self.found.open = true;
            return;
        }
        let indexed =
            indexed || list.iter().any(|one| matches!(one.text(), Some("count.index" | "each.key")));
        let mut before: Option<&str> = None;
        for text in list.iter().filter_map(Value::text) {
            self.steps += 1;
            if self.steps > STEP_LIMIT {
                self.found.open = true;
                return;
            }
            // A beginning of what stands before it.
            if before.is_some_and(|before| begins(before, text)) {
                continue;
            }
            before = Some(text);
            self.follow_one(&steps(text), frame, indexed, depth);
        }
    }

    fn follow_one(&mut self, path: &[Step<'_>], frame: Frame<'i, 'p>, indexed: bool, depth: usize) {
        match path {
            [first, ..] if matches!(first.name, "count" | "path" | "terraform" | "self") => {}
            [first, name, ..] if first.name == "each" => {
                if name.name == "value" {
                    self.follow_each(frame, depth);
                }
            }
            [first, name, ..] if first.name == "var" => self.follow_variable(name.name, frame, depth),
            [first, call, rest @ ..] if first.name == "module" => {
                self.follow_output(call, rest.first().map(|step| step.name), frame, indexed, depth);
            }
            [first, kind, name, rest @ ..] if first.name == "data" => {
                self.take(true, kind.name, name, rest, frame, indexed);
            }
            [kind, name, rest @ ..] if kind.name.contains('_') => {
                self.take(false, kind.name, name, rest, frame, indexed);
            }
            _ => self.found.open = true,
        }
    }

    /// `each.value` is a resource where `for_each` goes over resources: the one with the same key.
    fn follow_each(&mut self, frame: Frame<'i, 'p>, depth: usize) {
        let expression = frame.owner.and_then(|owner| owner.get("for_each_expression")?.object());
        match expression.and_then(|expression| expression.get("references")?.list()) {
            // What a variable of the root holds is known, and so is what comes of it.
            Some(list) => self.follow(list, Frame { owner: None, ..frame }, true, depth + 1),
            None if expression.is_some() => {}
            None => self.found.open = true,
        }
    }

    fn follow_variable(&mut self, name: &str, frame: Frame<'i, 'p>, depth: usize) {
        let Some(module) = self.input.modules.get(frame.module) else { return };
        // A variable of the root is known before anything else is.
        let (Some(parent), Some(call)) = (module.parent, module.call) else { return };
        let expression = call.get("expressions").and_then(|all| all.object()?.get(name)?.object());
        let Some(list) = expression.and_then(|expression| expression.get("references")?.list()) else {
            return;
        };
        let frame = Frame { module: parent, index: module.index.as_ref(), owner: Some(call) };
        self.follow(list, frame, false, depth + 1);
    }

    fn follow_output(
        &mut self,
        call: &Step<'_>,
        output: Option<&str>,
        frame: Frame<'i, 'p>,
        indexed: bool,
        depth: usize,
    ) {
        let input = self.input;
        let Some(children) = input.calls.get(&(frame.module, call.name.into())) else {
            self.found.open = true;
            return;
        };
        let index_of = |child: &usize| input.modules.get(*child).and_then(|module| module.index.as_ref());
        let wanted = match (&call.index, frame.index) {
            (Some(index), _) => Some(index),
            (None, Some(index)) if indexed && children.iter().any(|child| index_of(child) == Some(index)) => {
                if children.len() > 1 {
                    self.found.by_index = Some(index.word());
                }
                Some(index)
            }
            _ => None,
        };
        for child in children.iter().filter(|child| wanted.is_none() || index_of(child) == wanted) {
            self.steps += 1;
            if self.steps > STEP_LIMIT {
                self.found.open = true;
                return;
            }
            let config = input.modules.get(*child).and_then(|module| module.config);
            let outputs = config.and_then(|config| config.get("outputs")?.object());
            let inner = Frame { module: *child, index: None, owner: None };
            let Some(outputs) = outputs else {
                self.found.open = true;
                continue;
            };
            for member in outputs.members() {
                // Behind an index that is an expression no one writes which output it is: any of them may be.
                if output.is_some_and(|output| *member.name != *output) {
                    continue;
                }
                let expression = member.value.object().and_then(|output| output.get("expression")?.object());
                if let Some(list) = expression.and_then(|expression| expression.get("references")?.list()) {
                    match output {
                        Some(_) => self.follow(list, inner, false, depth + 1),
                        None => self.follow_some_output(list, inner, depth + 1),
                    }
                }
            }
        }
    }

    /// An output that may not be the one: what is no id in it says nothing.
    fn follow_some_output(&mut self, list: &[Value], frame: Frame<'i, 'p>, depth: usize) {
        let open = self.found.open;
        self.follow(list, frame, false, depth);
        let other = list.iter().filter_map(Value::text).any(|text| text.starts_with("local."));
        self.found.open = open || other;
    }

    fn take(
        &mut self,
        data: bool,
        kind: &str,
        name: &Step<'_>,
        rest: &[Step<'_>],
        frame: Frame<'i, 'p>,
        indexed: bool,
    ) {
        if !self.wanted.takes(kind) {
            return;
        }
        if rest.first().is_some_and(|attribute| attribute.name != self.wanted.attribute) {
            self.found.open = true;
            return;
        }
        let group = group_name(data, kind, name.name);
        let Some(Group { all, by_index }) = self.input.groups.get(&(frame.module, group.as_str().into()))
        else {
            let module = self.input.modules.get(frame.module).map_or("", |module| &module.address);
            let dot = if module.is_empty() { "" } else { "." };
            let index = name.index.as_ref().or(frame.index.filter(|_| indexed));
            let shown = index.map(Index::shown).unwrap_or_default();
            self.found.missing.push(format!("{module}{dot}{group}{shown}"));
            return;
        };
        let same = frame.index.filter(|_| indexed).and_then(|index| by_index.get(index));
        match (&name.index, all.as_slice()) {
            (Some(index), _) => match by_index.get(index) {
                Some(number) => self.found.all.push(*number),
                None => self.found.missing.push(format!("{group}{}", index.shown())),
            },
            (None, [only]) => self.found.all.push(*only),
            (None, many) => match same {
                Some(number) => {
                    self.found.all.push(*number);
                    self.found.by_index = frame.index.map(Index::word);
                }
                None if many.len() > INSTANCE_LIMIT => self.found.open = true,
                None => self.found.all.extend(many),
            },
        }
    }
}

/// Whether a reference is the beginning of another one.
fn begins(whole: &str, text: &str) -> bool {
    whole.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
