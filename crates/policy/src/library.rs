//! Everything that was given to `--policy`: definitions, and what initiatives and assignments make of them.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::builtin::{NAME, Pack};
use crate::condition::{Leaf, Leaves, Node};
use crate::definition::{CANDIDATE, Definition, Effect, Piece, parameter_in};
use crate::fault::{Fault, FaultKind};
use crate::record::member;

/// A file, or a part of what the program holds.
pub struct Document {
    /// How people call it.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A definition that is judged: as it is, or as somebody assigned it.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    /// The number of the definition.
    pub(crate) definition: usize,
    /// Values by the name of the parameter, in lower case.
    pub(crate) values: BTreeMap<String, Value>,
    /// The name of the assignment or initiative; none where the definition stands alone.
    pub(crate) by: Option<String>,
    /// Where it holds, in lower case; everywhere where it is empty.
    pub(crate) scope: String,
    /// Where it does not, in lower case.
    pub(crate) not_scopes: Vec<String>,
    /// Whether somebody chose it: what is deprecated is judged just then.
    pub(crate) chosen: bool,
    /// The effect that an assignment puts in place of the definition's.
    pub(crate) effect: Option<Effect>,
    /// A parameter whose value cannot be worked out.
    pub(crate) unworked: Option<String>,
    /// A part of the assignment that is not understood: whom it is for is open.
    pub(crate) open: Option<String>,
    /// What is exempt from the assignment.
    pub(crate) exemptions: Vec<Exemption>,
}

/// What is exempt from an assignment.
#[derive(Clone, Debug)]
pub(crate) struct Exemption {
    /// The assignment, in lower case.
    assignment: String,
    /// Where, in lower case.
    pub(crate) scope: String,
    /// Until when, as Azure writes it.
    pub(crate) until: Option<String>,
    /// Whether all of the assignment is meant.
    pub(crate) whole: bool,
}

/// Definitions, initiatives and assignments.
#[derive(Default)]
pub struct Library {
    pub(crate) definitions: Vec<Definition>,
    pub(crate) leaves: Leaves,
    pub(crate) assigned: Vec<Assigned>,
    /// What is wrong with what was given.
    pub faults: Vec<Fault>,
}

/// How large a document may be. Azure's largest initiative has half of it.
const LARGEST: usize = 16 << 20;

/// How many definitions there may be: Azure has some 4,000 of its own.
const MOST: usize = 20_000;

/// What stands before the name of a parameter whose value cannot be worked out.
const UNWORKED: &str = "\u{0}";

/// How many definitions an assignment may stand for, initiatives in initiatives counted each time.
const STEPS: usize = 20_000;

/// An initiative, not yet taken apart.
struct Initiative {
    key: String,
    title: String,
    defaults: BTreeMap<String, Value>,
    members: Vec<Member>,
    file: String,
    line: usize,
}

struct Member {
    key: String,
    parameters: BTreeMap<String, Value>,
}

/// An assignment.
struct Assignment {
    title: String,
    key: String,
    given: BTreeMap<String, Value>,
    scope: String,
    not_scopes: Vec<String>,
    id: String,
    effect: Option<Effect>,
    open: Option<String>,
    file: String,
    line: usize,
}

#[derive(Default)]
struct Read {
    initiatives: Vec<Initiative>,
    assignments: Vec<Assignment>,
    exemptions: Vec<Exemption>,
    by_key: HashMap<String, usize>,
    /// What each definition was made of, to tell whether two are the same.
    written: HashMap<String, Value>,
    /// Those that the program holds.
    built_in: BTreeSet<String>,
}

impl Library {
    /// Reads documents. What is wrong with one of them is told and does not stand in the way of the others. Of `built_in` what
    /// initiatives and assignments refer to is taken over.
    pub fn read(documents: &[Document], built_in: &Pack) -> Self {
        let mut library = Self::default();
        let mut read = Read::default();
        for document in documents {
            library.document(document, &mut read);
        }
        library.bring(&mut read, built_in);
        library.assign(&read);
        library
    }

    /// A parameter that a definition goes by and that has no value: Azure does not take such an assignment.
    pub(crate) fn lacks_parameter(
        &self,
        definition: &Definition,
        values: &BTreeMap<String, Value>,
    ) -> Option<String> {
        let mut leaves = Vec::new();
        definition.condition.leaves(&mut leaves);
        if let Some(details) = &definition.details {
            [&details.name, &details.condition]
                .into_iter()
                .flatten()
                .for_each(|node| node.leaves(&mut leaves));
        }
        let asked = leaves
            .iter()
            .filter_map(|number| self.leaves.get(*number))
            .flat_map(|leaf| &leaf.needs.parameters);
        let candidate = CANDIDATE.to_ascii_lowercase();
        asked.filter(|name| **name != candidate).find(|name| !values.contains_key(*name)).cloned()
    }

    /// How many definitions hold a condition that cannot be worked out.
    pub fn unworkable(&self) -> usize {
        let broken = |node: &Node| {
            let mut leaves = Vec::new();
            node.leaves(&mut leaves);
            leaves.iter().any(|number| self.leaves.get(*number).is_some_and(Leaf::is_unworkable))
        };
        let any = |one: &&Definition| {
            let details = one.details.as_ref();
            let inner =
                [details.and_then(|own| own.name.as_ref()), details.and_then(|own| own.condition.as_ref())];
            broken(&one.condition) || inner.into_iter().flatten().any(broken)
        };
        self.definitions.iter().filter(any).count()
    }

    /// How many definitions there are.
    pub fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    fn document(&mut self, document: &Document, read: &mut Read) {
        let file = document.name.as_str();
        let text = document.text.trim_start_matches('\u{feff}');
        let fault = |line, column, kind| Fault { file: file.to_owned(), line, column, kind };
        if text.len() > LARGEST {
            return self.faults.push(fault(0, 1, FaultKind::TooLarge));
        }
        match pieces(text) {
            Err(error) => {
                let what = error.to_string();
                let what = what.split(" at line ").next().unwrap_or_default().to_owned();
                self.faults.push(fault(error.line(), error.column().max(1), FaultKind::NotJson(what)));
            }
            Ok(all) => {
                let (mut line, mut counted) = (1, 0);
                for raw in all {
                    let start = offset(text, raw);
                    let passed = text.get(counted..start).unwrap_or_default();
                    line += passed.bytes().filter(|byte| *byte == b'\n').count();
                    counted = start;
                    let Ok(json) = serde_json::from_str(raw) else { continue };
                    self.piece(&Piece { file, text: raw, line, json }, read);
                }
            }
        }
    }

    /// Takes over definitions of Azure's own that initiatives and assignments refer to.
    fn bring(&mut self, read: &mut Read, built_in: &Pack) {
        let members =
            read.initiatives.iter().flat_map(|initiative| initiative.members.iter().map(|one| &one.key));
        let wanted = members.chain(read.assignments.iter().map(|assignment| &assignment.key));
        let names: BTreeSet<String> = wanted
            .filter(|key| !read.by_key.contains_key(*key))
            .map(|key| estate::resource_name(key).to_owned())
            .filter(|name| !read.by_key.contains_key(name))
            .collect();
        if names.is_empty() {
            return;
        }
        let is_wanted = |one: &&Value| {
            let name = member(one, "name").and_then(Value::as_str).unwrap_or_default();
            names.contains(&name.to_ascii_lowercase())
        };
        let definitions: Vec<Value> = built_in.definitions.iter().filter(is_wanted).cloned().collect();
        let document = Pack { date: built_in.date.clone(), definitions }.document();
        self.document(&document, read);
    }

    fn piece(&mut self, piece: &Piece<'_>, read: &mut Read) {
        let properties = piece.properties();
        if member(properties, "policyRule").is_some() {
            let key = piece.key();
            if let Some(before) = read.written.get(&key) {
                // The program holds less of Azure's own than Azure publishes.
                let own = piece.file == NAME || read.built_in.contains(&key);
                if *before != piece.json && !own {
                    self.faults.push(piece.fault(FaultKind::Twice(key)));
                }
                return;
            }
            if self.definitions.len() >= MOST || piece.text.len() > 1 << 20 {
                return self.faults.push(piece.fault(FaultKind::TooLarge));
            }
            match Definition::read(piece, &mut self.leaves, &mut self.faults) {
                Ok(definition) => {
                    let number = self.definitions.len();
                    // Initiatives name definitions by id, and people by name.
                    read.by_key.entry(definition.name.clone()).or_insert(number);
                    read.by_key.insert(definition.key.clone(), number);
                    if piece.file == NAME {
                        read.built_in.insert(key.clone());
                    }
                    read.written.insert(key, piece.json.clone());
                    self.definitions.push(definition);
                }
                Err(fault) => self.faults.push(fault),
            }
        } else if let Some(members) = member(properties, "policyDefinitions").and_then(Value::as_array) {
            let defaults = member(properties, "parameters").and_then(Value::as_object).into_iter().flatten();
            let default = |(name, value): (&String, &Value)| {
                Some((name.to_ascii_lowercase(), member(value, "defaultValue")?.clone()))
            };
            read.initiatives.push(Initiative {
                key: piece.key(),
                title: title(piece),
                defaults: defaults.filter_map(default).collect(),
                members: members.iter().filter_map(initiative_member).collect(),
                file: piece.file.to_owned(),
                line: piece.line,
            });
        } else if let Some(assignment) = member(properties, "policyAssignmentId").and_then(Value::as_str) {
            let id = piece.key();
            let scope =
                id.split_once("/providers/microsoft.authorization/").map(|(scope, _)| scope.to_owned());
            let parts = member(properties, "policyDefinitionReferenceIds").and_then(Value::as_array);
            let selectors = member(properties, "resourceSelectors").and_then(Value::as_array);
            read.exemptions.push(Exemption {
                assignment: assignment.to_ascii_lowercase(),
                scope: scope.unwrap_or(id),
                until: member(properties, "expiresOn").and_then(Value::as_str).map(str::to_owned),
                whole: parts.is_none_or(Vec::is_empty) && selectors.is_none_or(Vec::is_empty),
            });
        } else if let Some(key) = member(properties, "policyDefinitionId").and_then(Value::as_str) {
            let text = |name: &str| member(properties, name).and_then(Value::as_str);
            let scope = text("scope").map(str::to_owned).or_else(|| {
                let id = piece.text_of("id")?.to_ascii_lowercase();
                id.split_once("/providers/microsoft.authorization/").map(|(scope, _)| scope.to_owned())
            });
            let not_scopes = member(properties, "notScopes").and_then(Value::as_array).into_iter().flatten();
            read.assignments.push(Assignment {
                title: title(piece),
                key: key.to_ascii_lowercase(),
                given: values(member(properties, "parameters")),
                scope: scope.unwrap_or_default().to_ascii_lowercase(),
                not_scopes: not_scopes.filter_map(|one| Some(one.as_str()?.to_ascii_lowercase())).collect(),
                id: piece.key(),
                effect: effect_of(properties),
                open: open_part(properties),
                file: piece.file.to_owned(),
                line: piece.line,
            });
        } else {
            self.faults.push(piece.fault(FaultKind::NotPolicy));
        }
    }

    /// Works out which definition is judged with which values.
    fn assign(&mut self, read: &Read) {
        let mut used = BTreeSet::new();
        for assignment in &read.assignments {
            let before = self.assigned.len();
            let place = (assignment.file.as_str(), assignment.line);
            let scope = (&assignment.scope, assignment.not_scopes.as_slice());
            self.target(read, &assignment.key, &assignment.given, &assignment.title, scope, place, &mut used);
            let own = |one: &&Exemption| {
                one.assignment == assignment.id
                    || estate::resource_name(&one.assignment) == estate::resource_name(&assignment.id)
            };
            let exemptions: Vec<Exemption> = read.exemptions.iter().filter(own).cloned().collect();
            for assigned in self.assigned.iter_mut().skip(before) {
                assigned.effect = assignment.effect;
                assigned.open.clone_from(&assignment.open);
                assigned.exemptions.clone_from(&exemptions);
            }
        }
        let nowhere = String::new();
        for initiative in &read.initiatives {
            if used.contains(&initiative.key) {
                continue;
            }
            let place = (initiative.file.as_str(), initiative.line);
            let given = BTreeMap::new();
            self.target(read, &initiative.key, &given, &initiative.title, (&nowhere, &[]), place, &mut used);
        }
        for (number, definition) in self.definitions.iter().enumerate() {
            if !used.contains(&definition.key) {
                self.assigned.push(Assigned {
                    definition: number,
                    values: definition.values(&BTreeMap::new()),
                    by: None,
                    scope: String::new(),
                    not_scopes: Vec::new(),
                    chosen: false,
                    effect: None,
                    unworked: None,
                    open: None,
                    exemptions: Vec::new(),
                });
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what an assignment consists of")]
    fn target(
        &mut self,
        read: &Read,
        key: &str,
        given: &BTreeMap<String, Value>,
        by: &str,
        scope: (&String, &[String]),
        place: (&str, usize),
        used: &mut BTreeSet<String>,
    ) {
        // What is still to be taken apart: a key, the values for it, and the initiatives that it is in.
        let mut waiting = vec![(key.to_owned(), given.clone(), Vec::<String>::new())];
        let mut steps = 0;
        while let Some((key, given, within)) = waiting.pop() {
            steps += 1;
            if steps > STEPS {
                let kind = FaultKind::TooLarge;
                self.faults.push(Fault { file: place.0.to_owned(), line: place.1, column: 1, kind });
                break;
            }
            let fault = |kind| Fault { file: place.0.to_owned(), line: place.1, column: 1, kind };
            let name = estate::resource_name(&key);
            let initiative =
                read.initiatives.iter().find(|one| one.key == key || estate::resource_name(&one.key) == name);
            if let Some(initiative) = initiative {
                if within.contains(&initiative.key) {
                    let names = within.iter().map(String::as_str).chain([initiative.key.as_str()]);
                    let kind = FaultKind::Cycle(names.collect::<Vec<_>>().join(" → "));
                    if !self.faults.iter().any(|fault| fault.kind == kind) {
                        self.faults.push(fault(kind));
                    }
                    continue;
                }
                used.insert(initiative.key.clone());
                let mut within = within;
                within.push(initiative.key.clone());
                let mut values = initiative.defaults.clone();
                values.extend(given);
                for one in initiative.members.iter().rev() {
                    let handed = one.parameters.iter().map(|(name, value)| {
                        let text = value.as_str().unwrap_or_default();
                        let is_expression = text.starts_with('[') && !text.starts_with("[[");
                        match text_parameter(text) {
                            Some(from) => match values.get(&from) {
                                Some(value) => (name.clone(), value.clone()),
                                None => (format!("{UNWORKED}{name}"), Value::Null),
                            },
                            // Anything else is worked out by Azure at the moment of assignment.
                            None if is_expression => (format!("{UNWORKED}{name}"), Value::Null),
                            None => (name.clone(), value.clone()),
                        }
                    });
                    waiting.push((one.key.clone(), handed.collect(), within.clone()));
                }
                continue;
            }
            let found = read.by_key.get(&key).or_else(|| read.by_key.get(name)).copied();
            let Some((number, definition)) =
                found.and_then(|number| Some((number, self.definitions.get(number)?)))
            else {
                self.faults.push(fault(FaultKind::NoDefinition(key)));
                continue;
            };
            used.insert(definition.key.clone());
            let strange = given.keys().find(|name| {
                !name.starts_with(UNWORKED)
                    && !definition.parameters.iter().any(|one| one.name.eq_ignore_ascii_case(name))
            });
            if let Some(name) = strange {
                let kind = FaultKind::Parameter(format!("{} has no parameter {name}", definition.name));
                self.faults.push(fault(kind));
                continue;
            }
            if let Some(parameter) = definition.not_allowed(&given) {
                let kind = FaultKind::Parameter(format!("{parameter} ({})", definition.name));
                self.faults.push(fault(kind));
                continue;
            }
            self.assigned.push(Assigned {
                definition: number,
                values: definition.values(&given),
                by: Some(by.to_owned()),
                scope: scope.0.clone(),
                not_scopes: scope.1.to_vec(),
                chosen: true,
                effect: None,
                unworked: given.keys().find_map(|name| name.strip_prefix(UNWORKED)).map(str::to_owned),
                open: None,
                exemptions: Vec::new(),
            });
        }
    }
}

fn title(piece: &Piece<'_>) -> String {
    let own = member(piece.properties(), "displayName").and_then(Value::as_str);
    own.map_or_else(|| estate::resource_name(&piece.key()).to_owned(), str::to_owned)
}

fn initiative_member(value: &Value) -> Option<Member> {
    let key = member(value, "policyDefinitionId")?.as_str()?.to_ascii_lowercase();
    Some(Member { key, parameters: values(member(value, "parameters")) })
}

/// `{"name":{"value":…}}` as names in lower case and values.
fn values(parameters: Option<&Value>) -> BTreeMap<String, Value> {
    let all = parameters.and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), member(value, "value")?.clone())))
        .collect()
}

/// The things that a document holds: it is one, a list of them, or `{"value":[…]}` around such a list.
fn pieces(text: &str) -> Result<Vec<&str>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Envelope<'t> {
        #[serde(borrow)]
        value: Vec<&'t RawValue>,
    }
    let whole: &RawValue = serde_json::from_str(text)?;
    // That it can be read as a whole is worth knowing before it is cut.
    serde_json::from_str::<Value>(whole.get())?;
    if whole.get().starts_with('[') {
        let all: Vec<&RawValue> = serde_json::from_str(whole.get())?;
        return Ok(all.into_iter().map(RawValue::get).collect());
    }
    if let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(whole.get()) {
        return Ok(envelope.value.into_iter().map(RawValue::get).collect());
    }
    Ok(vec![whole.get()])
}

/// The parameter that a text consists of, in lower case.
fn text_parameter(text: &str) -> Option<String> {
    parameter_in(text).map(str::to_ascii_lowercase)
}

/// The effect that an assignment puts in place of the definition's, for all resources.
fn effect_of(properties: &Value) -> Option<Effect> {
    let all = member(properties, "overrides").and_then(Value::as_array)?;
    let [only] = all.as_slice() else { return None };
    let plain = member(only, "selectors").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let kind = member(only, "kind").and_then(Value::as_str)?;
    let value = member(only, "value").and_then(Value::as_str)?;
    (plain && kind.eq_ignore_ascii_case("policyEffect")).then(|| Effect::parse(value)).flatten()
}

/// A part of an assignment that says whom it is for, or what it does, and is not understood.
fn open_part(properties: &Value) -> Option<String> {
    let has =
        |name: &str| member(properties, name).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if has("resourceSelectors") {
        return Some("resourceSelectors".into());
    }
    (has("overrides") && effect_of(properties).is_none()).then(|| "overrides".into())
}

/// Where a part of a text starts.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}
