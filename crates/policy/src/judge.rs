//! Judges an estate by the policies of a library.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use estate::{Estate, Known, Origin, PolicyGap, Reason, ResourceId};
use hashbrown::HashMap;
use posture::{Cause, Check, Fault as Found, Given, Judged, Lang, Verdict};
use rayon::prelude::*;
use regorus::rvm::RegoVM;
use regorus::rvm::program::Program;
use serde_json::Value;

use crate::check::{check_of, counterpart};
use crate::condition::{Leaf, Node, Tri, message};
use crate::definition::{CANDIDATE, Definition, Details, Effect};
use crate::library::{Assigned, Library};
use crate::record::{Read, Record, full_name, parts_of, type_of};
use crate::related::{Related, subscription};

/// What became of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was judged: how many resources meet it, do not, and could not be judged.
    Judged {
        /// Resources that meet it.
        pass: u64,
        /// Those that do not.
        fail: u64,
        /// Those of which nobody can tell.
        unknown: u64,
    },
    /// The input holds nothing that it is about.
    Nothing,
    /// It is about types of resources that are not read.
    OtherTypes,
    /// Its effect is to do nothing.
    Disabled,
    /// Microsoft has given it up, and nobody has assigned it.
    Deprecated,
    /// A parameter has no value.
    Parameter(String),
    /// No state of a resource tells whether its effect is met.
    Effect(String),
}

/// A policy, and what became of it.
pub struct Row {
    /// The check that stands for it.
    pub check: &'static Check,
    /// Its id, or its name.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The assignment or initiative that it was judged by.
    pub by: Option<String>,
    /// What became of it.
    pub standing: Standing,
}

/// What policies say of an estate.
pub struct Judgement {
    /// Each policy, in the order in which they were given.
    pub rows: Vec<Row>,
    /// What is said of resources.
    pub given: Vec<Given>,
}

/// A policy made ready.
struct Ready<'l> {
    number: usize,
    assigned: &'l Assigned,
    definition: &'l Definition,
    effect: Effect,
    parameters: regorus::Value,
}

/// One resource, and what is being worked out for it.
struct Subject<'r> {
    record: &'r Record,
    input: regorus::Value,
    context: regorus::Value,
    /// Leaves that ask for no parameter are the same for all policies.
    known: HashMap<usize, Tri>,
}

/// What a thread works with.
struct Bench<'l> {
    library: &'l Library,
    /// By the number of a leaf, and whether it is its guard.
    machines: HashMap<(usize, bool), RegoVM>,
    moment: &'l str,
}

/// How many resources a thread looks at before it takes the next ones: what it works with is made anew for these.
const CHUNK: usize = 512;

/// How many instructions a condition may take: Azure's largest take some thousand.
const INSTRUCTIONS: usize = 200_000;

/// Judges an estate. `moment` is what `utcNow()` gives: nothing here reads a clock.
pub fn judge(library: &Library, estate: &Estate, read: Read<'_>, moment: &str, lang: Lang) -> Judgement {
    let mut rows = Vec::new();
    let mut ready = Vec::new();
    for (number, assigned) in library.assigned.iter().enumerate() {
        let Some(definition) = library.definitions.get(assigned.definition) else { continue };
        let effect = match assigned.effect {
            Some(effect) => Ok(effect),
            None => definition.effect(&assigned.values),
        };
        let check = check_of(definition, effect.as_ref().copied().unwrap_or(Effect::Other));
        let standing = match &effect {
            Ok(Effect::Disabled) => Standing::Disabled,
            _ if definition.deprecated && !assigned.chosen => Standing::Deprecated,
            Ok(Effect::Other) => Standing::Effect(definition.effect.clone()),
            Err(name) => Standing::Parameter(name.clone()),
            Ok(_) if assigned.unworked.is_some() => {
                Standing::Parameter(assigned.unworked.clone().unwrap_or_default())
            }
            Ok(_) => match library.lacks_parameter(definition, &assigned.values) {
                Some(name) => Standing::Parameter(name),
                None => Standing::Nothing,
            },
        };
        if let (Ok(effect), Standing::Nothing) = (effect, &standing) {
            let parameters = parameters(&assigned.values);
            ready.push(Ready { number, assigned, definition, effect, parameters });
        }
        rows.push(Row {
            check,
            id: definition.key.clone(),
            title: definition.title.clone(),
            by: assigned.by.clone(),
            standing,
        });
    }
    let types = resources(estate);
    let concerned = concerned(library, &ready, &types);
    let asked: Vec<&str> = ready
        .iter()
        .filter(|one| one.effect.is_existence())
        .filter_map(|one| Some(one.definition.details.as_ref()?.resource_type.as_str()))
        .collect();
    let related = Related::new(estate, read, &asked);
    let mut given: Vec<(usize, ResourceId, Judged)> = Vec::new();
    for (of, resources) in &types {
        let own: Vec<&Ready<'_>> =
            concerned.get(of.as_str()).into_iter().flatten().filter_map(|at| ready.get(*at)).collect();
        let parts: Vec<(&'static str, Vec<&Ready<'_>>)> = parts_of(of)
            .map(|part| {
                (part, concerned.get(part).into_iter().flatten().filter_map(|at| ready.get(*at)).collect())
            })
            .filter(|(_, policies): &(_, Vec<_>)| !policies.is_empty())
            .collect();
        if own.is_empty() && parts.is_empty() {
            continue;
        }
        let said = resources.par_chunks(CHUNK).map(|chunk| {
            let mut bench = Bench { library, machines: HashMap::new(), moment };
            let mut said = Vec::new();
            for (id, origins) in chunk {
                let Some(record) = Record::load(estate, *id, of, origins, read) else { continue };
                bench.record(&record, &own, &related, lang, &mut said);
                for (part, policies) in &parts {
                    let mut of_parts = Vec::new();
                    for part in record.parts(part) {
                        bench.record(&part, policies, &related, lang, &mut of_parts);
                    }
                    said.extend(of_parts);
                }
            }
            said
        });
        given.extend(said.collect::<Vec<_>>().into_iter().flatten());
    }
    let given = one_each(given, &rows);
    for (number, _, judged) in &given {
        let Some(row) = rows.get_mut(*number) else { continue };
        let (mut pass, mut fail, mut unknown) = match row.standing {
            Standing::Judged { pass, fail, unknown } => (pass, fail, unknown),
            _ => (0, 0, 0),
        };
        match judged {
            Ok(Verdict::Pass) => pass += 1,
            Ok(Verdict::Fail(_)) => fail += 1,
            Ok(Verdict::NotFor) => continue,
            Err(_) => unknown += 1,
        }
        row.standing = Standing::Judged { pass, fail, unknown };
    }
    // What is about types that are never read is another thing than what the input holds none of.
    let read_types = |at: &Ready<'_>| reads_any(library, at);
    for one in ready.iter().filter(|one| !read_types(one)) {
        if let Some(row) = rows.get_mut(one.number).filter(|row| row.standing == Standing::Nothing) {
            row.standing = Standing::OtherTypes;
        }
    }
    let checks: Vec<&'static Check> = rows.iter().map(|row| row.check).collect();
    let given = given.into_iter().filter_map(|(number, resource, judged)| {
        Some(Given { check: checks.get(number)?, resource, judged })
    });
    Judgement { given: given.collect(), rows }
}

/// Every resource, by type in lower case.
fn resources(estate: &Estate) -> BTreeMap<String, Vec<(ResourceId, Vec<Origin>)>> {
    let mut types: BTreeMap<String, BTreeMap<ResourceId, Vec<Origin>>> = BTreeMap::new();
    for record in estate.records() {
        // The directory has no policies.
        if record.resource_type.is_empty() || record.resource_type.starts_with("microsoft.graph/") {
            continue;
        }
        let of = type_of(estate, &record);
        types.entry(of).or_default().entry(record.id).or_default().push(record.origin);
    }
    types.into_iter().map(|(of, all)| (of, all.into_iter().collect())).collect()
}

/// Which policies may be for resources of a type: their numbers, by type.
fn concerned<'t>(
    library: &Library,
    ready: &[Ready<'_>],
    types: &'t BTreeMap<String, Vec<(ResourceId, Vec<Origin>)>>,
) -> HashMap<&'t str, Vec<usize>> {
    let mut all: BTreeSet<&'t str> = types.keys().map(String::as_str).collect();
    all.extend(types.keys().flat_map(|of| parts_of(of).collect::<Vec<&'static str>>()));
    let mut concerned: HashMap<&'t str, Vec<usize>> = HashMap::new();
    for (at, one) in ready.iter().enumerate() {
        for of in &all {
            if may_be_for(library, one, of) {
                concerned.entry(of).or_default().push(at);
            }
        }
    }
    concerned
}

/// Whether a policy may be for resources of a type.
fn may_be_for(library: &Library, one: &Ready<'_>, of: &str) -> bool {
    let mut leaf = |number: usize| library.leaves.get(number).map_or(UNKNOWN, |leaf| of_type(leaf, of));
    one.definition.condition.decide(&mut leaf) != Tri::False
}

const UNKNOWN: Tri = Tri::Unknown(Vec::new());

/// What a leaf says of a type alone; unknown where it asks for anything else.
fn of_type(leaf: &Leaf, of: &str) -> Tri {
    let Some(leaf) = &leaf.of_type else { return UNKNOWN };
    let plain =
        |value: &Value| value.as_str().filter(|text| !text.starts_with('[')).map(str::to_ascii_lowercase);
    for (key, value) in leaf {
        let found = match (key.to_ascii_lowercase().as_str(), value) {
            ("equals", value) => plain(value).map(|text| text == of),
            ("notequals", value) => plain(value).map(|text| text != of),
            ("in", Value::Array(all)) => {
                all.iter().map(plain).collect::<Option<Vec<_>>>().map(|all| all.iter().any(|one| one == of))
            }
            ("notin", Value::Array(all)) => {
                all.iter().map(plain).collect::<Option<Vec<_>>>().map(|all| all.iter().all(|one| one != of))
            }
            _ => continue,
        };
        return match found {
            Some(true) => Tri::True,
            Some(false) => Tri::False,
            None => UNKNOWN,
        };
    }
    UNKNOWN
}

/// Whether a policy is about any type that is read.
fn reads_any(library: &Library, one: &Ready<'_>) -> bool {
    let mut leaves = Vec::new();
    one.definition.condition.leaves(&mut leaves);
    let types: Vec<String> = leaves
        .iter()
        .filter_map(|number| library.leaves.get(*number)?.of_type.as_ref())
        .flat_map(|leaf| match leaf.get("equals").or_else(|| leaf.get("in")) {
            Some(Value::String(one)) => vec![one.to_ascii_lowercase()],
            Some(Value::Array(all)) => {
                all.iter().filter_map(|one| Some(one.as_str()?.to_ascii_lowercase())).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let aliases = crate::alias::Aliases::get();
    types.is_empty() || types.iter().any(|of| aliases.has_type(of))
}

/// Of several parts of one resource, and of several assignments of one definition, the worst is told: a check says one thing of a
/// resource.
fn one_each(said: Vec<(usize, ResourceId, Judged)>, rows: &[Row]) -> Vec<(usize, ResourceId, Judged)> {
    let rank = |judged: &Judged| match judged {
        Ok(Verdict::Fail(_)) => 0,
        Err(_) => 1,
        Ok(Verdict::Pass) => 2,
        Ok(Verdict::NotFor) => 3,
    };
    let code = |number: usize| rows.get(number).map_or("", |row| row.check.code);
    let mut places: HashMap<(&str, ResourceId), usize> = HashMap::new();
    let mut kept: Vec<(usize, ResourceId, Judged)> = Vec::new();
    for (number, owner, judged) in said {
        match places.get(&(code(number), owner)).and_then(|place| kept.get_mut(*place)) {
            Some(before) => {
                if rank(&judged) < rank(&before.2) {
                    *before = (number, owner, judged);
                }
            }
            None => {
                places.insert((code(number), owner), kept.len());
                kept.push((number, owner, judged));
            }
        }
    }
    kept
}

/// Members of objects mean the same in any case.
fn small_keys(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), small_keys(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(small_keys).collect(),
        other => other,
    }
}

fn parameters(values: &BTreeMap<String, Value>) -> regorus::Value {
    let all: serde_json::Map<String, Value> =
        values.iter().map(|(name, value)| (name.clone(), small_keys(value.clone()))).collect();
    regorus::Value::from(Value::Object(all))
}

/// What a leaf without parameters sees.
fn input_of(record: &Record) -> regorus::Value {
    let mut input = regorus::Value::new_object();
    if let Ok(members) = input.as_object_mut() {
        members.insert(regorus::Value::from("resource"), record.normalized());
        members.insert(regorus::Value::from("parameters"), regorus::Value::new_object());
    }
    input
}

fn with_parameters(input: &regorus::Value, parameters: &regorus::Value) -> regorus::Value {
    let mut input = input.clone();
    if let Ok(members) = input.as_object_mut() {
        members.insert(regorus::Value::from("parameters"), parameters.clone());
    }
    input
}

fn context_of(record: &Record, moment: &str) -> regorus::Value {
    let subscription = subscription(&record.id);
    let group = estate::resource_group(&record.id).unwrap_or_default();
    regorus::Value::from(serde_json::json!({
        "subscription": {
            "subscriptionid": estate::resource_subscription(&record.id).unwrap_or_default(),
            "id": subscription,
        },
        "resourceGroup": {"name": group, "id": format!("{subscription}/resourcegroups/{group}")},
        "utcNow": moment,
    }))
}

impl<'l> Bench<'l> {
    /// Judges one resource by policies.
    fn record(
        &mut self,
        record: &Record,
        policies: &[&Ready<'_>],
        related: &Related<'_>,
        lang: Lang,
        said: &mut Vec<(usize, ResourceId, Judged)>,
    ) {
        let mut subject = self.subject(record);
        for one in policies {
            let judged = self.judge(&mut subject, one, related, lang);
            if !matches!(judged, Ok(Verdict::NotFor)) {
                said.push((one.number, record.owner, judged));
            }
        }
    }

    fn subject<'r>(&self, record: &'r Record) -> Subject<'r> {
        Subject {
            input: input_of(record),
            context: context_of(record, self.moment),
            record,
            known: HashMap::new(),
        }
    }

    fn judge(
        &mut self,
        subject: &mut Subject<'_>,
        one: &Ready<'_>,
        related: &Related<'_>,
        lang: Lang,
    ) -> Judged {
        let record = subject.record;
        let mut doubt = Vec::new();
        for told in [
            is_indexed(record, one.definition),
            in_scope(related.estate(), &record.id, one.assigned),
            spared(record, one.assigned, self.moment),
        ] {
            match told {
                Tri::False => return Ok(Verdict::NotFor),
                Tri::True => {}
                Tri::Unknown(reasons) => doubt.extend(reasons),
            }
        }
        match self.judge_within(subject, one, related, lang) {
            Ok(Verdict::Fail(_) | Verdict::Pass) if !doubt.is_empty() => Err(doubt),
            judged => judged,
        }
    }

    /// Judges what is certainly in the scope of an assignment.
    fn judge_within(
        &mut self,
        subject: &mut Subject<'_>,
        one: &Ready<'_>,
        related: &Related<'_>,
        lang: Lang,
    ) -> Judged {
        let mut held = Vec::new();
        let condition = self.decide(&one.definition.condition, subject, &one.parameters, &mut held);
        if one.effect.is_existence() {
            return match condition {
                Tri::False => Ok(Verdict::NotFor),
                Tri::Unknown(reasons) => Err(reasons),
                Tri::True => self.exists(subject, one, related, lang, &held),
            };
        }
        match condition {
            Tri::True => self.fault(subject, one, lang, &held, None).verdict(),
            // A policy is for all resources that its conditions on type, name and kind let through.
            decided => {
                let leaves = &self.library.leaves;
                let kind = |number: usize| leaves.get(number).is_some_and(|leaf| leaf.needs.is_of_kind());
                let applies = {
                    let mut asked = |number: usize| {
                        if kind(number) { self.leaf(number, subject, &one.parameters) } else { UNKNOWN }
                    };
                    one.definition.condition.decide(&mut asked)
                };
                match (applies, decided) {
                    (Tri::False, _) => Ok(Verdict::NotFor),
                    (_, Tri::Unknown(reasons)) => Err(reasons),
                    _ => Ok(Verdict::Pass),
                }
            }
        }
    }

    /// Works a condition out; `held` takes the leaves that held.
    fn decide(
        &mut self,
        node: &Node,
        subject: &mut Subject<'_>,
        parameters: &regorus::Value,
        held: &mut Vec<usize>,
    ) -> Tri {
        let mut leaf = |number: usize| {
            let told = self.leaf(number, subject, parameters);
            if told == Tri::True {
                held.push(number);
            }
            told
        };
        node.decide(&mut leaf)
    }

    fn leaf(&mut self, number: usize, subject: &mut Subject<'_>, parameters: &regorus::Value) -> Tri {
        let Some(leaf) = self.library.leaves.get(number) else { return UNKNOWN };
        let shared = leaf.needs.parameters.is_empty();
        if shared && let Some(told) = subject.known.get(&number) {
            return told.clone();
        }
        let told = self.work_out(number, subject, parameters);
        if shared {
            subject.known.insert(number, told.clone());
        }
        told
    }

    fn work_out(&mut self, number: usize, subject: &Subject<'_>, parameters: &regorus::Value) -> Tri {
        let gap = |gap, what: &str| Tri::Unknown(vec![Reason::Policy { gap, what: what.into() }]);
        let Some(leaf) = self.library.leaves.get(number) else { return UNKNOWN };
        for name in &leaf.needs.parameters {
            let there = parameters
                .as_object()
                .is_ok_and(|all| all.get(&regorus::Value::from(name.as_str())).is_some());
            if !there {
                return gap(PolicyGap::Parameter, name);
            }
        }
        let reasons = subject.record.lacks(&leaf.needs);
        if !reasons.is_empty() {
            return Tri::Unknown(reasons);
        }
        let program = match &leaf.program {
            Ok(program) => program,
            Err(error) => return gap(PolicyGap::Condition, error),
        };
        let plain = leaf.needs.parameters.is_empty();
        let input = if plain { subject.input.clone() } else { with_parameters(&subject.input, parameters) };
        if let Some(guard) = &leaf.guard {
            match self.execute((number, true), guard, input.clone(), subject) {
                Ok(regorus::Value::Undefined) => return gap(PolicyGap::Condition, &leaf.text),
                Ok(_) => {}
                Err(error) => return gap(PolicyGap::Condition, &error),
            }
        }
        match self.execute((number, false), program, input, subject) {
            Ok(regorus::Value::Undefined) => Tri::False,
            Ok(_) => Tri::True,
            Err(error) => gap(PolicyGap::Condition, &error),
        }
    }

    fn execute(
        &mut self,
        key: (usize, bool),
        program: &Arc<Program>,
        input: regorus::Value,
        subject: &Subject<'_>,
    ) -> Result<regorus::Value, String> {
        let machine = self.machines.entry(key).or_insert_with(|| {
            let mut machine = RegoVM::new();
            machine.set_max_instructions(INSTRUCTIONS);
            machine.load_program(program.clone());
            machine
        });
        machine.set_input(input);
        machine.set_context(subject.context.clone());
        machine.execute_entry_point_by_name("main").map_err(|error| message(&error.to_string()))
    }

    /// Whether what a policy asks for exists beside a resource.
    fn exists(
        &mut self,
        subject: &mut Subject<'_>,
        one: &Ready<'_>,
        related: &Related<'_>,
        lang: Lang,
        held: &[usize],
    ) -> Judged {
        let Some(details) = &one.definition.details else {
            let what = "then.details.type".into();
            return Err(vec![Reason::Policy { gap: PolicyGap::Type, what }]);
        };
        let (candidates, more) = related.of(subject.record, details);
        let mut reasons: Vec<Reason> = more.into_iter().collect();
        for candidate in candidates.iter() {
            match self.is_asked_for(subject, candidate, one, details) {
                Tri::True => return Ok(Verdict::Pass),
                Tri::False => {}
                Tri::Unknown(more) => reasons.extend(more),
            }
        }
        if !reasons.is_empty() {
            return Err(reasons);
        }
        self.fault(subject, one, lang, held, Some(details)).verdict()
    }

    /// Whether a resource is what a policy asks for.
    fn is_asked_for(
        &mut self,
        subject: &mut Subject<'_>,
        candidate: &Record,
        one: &Ready<'_>,
        details: &Details,
    ) -> Tri {
        let name = estate::resource_name(&candidate.id);
        let full = full_name(&candidate.id, &candidate.json).to_ascii_lowercase();
        if details.plain_name.as_ref().is_some_and(|wanted| *wanted != name && *wanted != full) {
            return Tri::False;
        }
        let group = estate::resource_group(&candidate.id).unwrap_or_default();
        for (node, values) in [(&details.group_is, &[group][..]), (&details.name, &[name, &full][..])] {
            let Some(node) = node else { continue };
            let mut is = Tri::False;
            for value in values {
                let mut parameters = one.parameters.clone();
                if let Ok(members) = parameters.as_object_mut() {
                    members.insert(regorus::Value::from(CANDIDATE), regorus::Value::from(*value));
                }
                is = self.decide(node, subject, &parameters, &mut Vec::new());
                if is != Tri::False {
                    break;
                }
            }
            if is != Tri::True {
                return is;
            }
        }
        let Some(condition) = &details.condition else { return Tri::True };
        let mut inner = self.subject(candidate);
        self.decide(condition, &mut inner, &one.parameters, &mut Vec::new())
    }

    fn fault(
        &self,
        subject: &Subject<'_>,
        one: &Ready<'_>,
        lang: Lang,
        held: &[usize],
        missing: Option<&Details>,
    ) -> Found {
        let record = subject.record;
        let leaves: Vec<_> = held.iter().filter_map(|number| self.library.leaves.get(*number)).collect();
        let place = leaves
            .iter()
            .filter(|leaf| !leaf.needs.is_of_kind())
            .find_map(|leaf| leaf.needs.aliases.iter().find_map(|alias| record.place(alias)));
        let part = !record.pointer.is_empty();
        let pointer = if part { record.pointer.clone() } else { place.unwrap_or_default() };
        let telling: Vec<&str> =
            leaves.iter().filter(|leaf| !leaf.needs.is_of_kind()).map(|leaf| leaf.text.as_str()).collect();
        let title = match (lang, &one.definition.title_ja) {
            (Lang::Ja, Some(title)) => title,
            _ => &one.definition.title,
        };
        let effect = one.effect.name();
        let message = match (missing, lang) {
            (None, Lang::En) => {
                format!("the policy \"{title}\" ({effect}) is about this resource, and its condition holds")
            }
            (None, Lang::Ja) => format!("ポリシー「{title}」({effect}) の条件に該当しています"),
            (Some(details), Lang::En) => {
                format!(
                    "the policy \"{title}\" ({effect}) asks for a `{}` that meets its condition, and there is none",
                    details.resource_type
                )
            }
            (Some(details), Lang::Ja) => {
                format!("ポリシー「{title}」({effect}) が求める `{}` がありません", details.resource_type)
            }
        };
        let shown: Vec<String> =
            telling.iter().take(3).map(|text| text.chars().take(200).collect()).collect();
        // A part is known by its name, whatever its place in the list.
        let name = crate::record::member(&record.json, "name").and_then(Value::as_str).unwrap_or_default();
        let key = if part { name } else { &pointer };
        let cause = Cause {
            resource: record.owner,
            key: key.into(),
            pointer: pointer.as_str().into(),
            origin: record.origin,
        };
        let mut found = Found::new(message)
            .because(cause)
            .fact("policy", one.definition.key.clone())
            .fact("effect", effect);
        if !shown.is_empty() {
            found = found.fact("condition", shown.join(" · "));
        }
        if let Some(details) = missing {
            found = found.fact("missing", details.resource_type.clone());
        }
        if part {
            found = found.fact("part", name);
        }
        if let Some(own) = counterpart(&one.definition.name) {
            found = found.fact("check", own.code);
        }
        if let Some(by) = &one.assigned.by {
            found = found.fact("assignment", by.clone());
        }
        if !one.definition.built_in || one.definition.file != crate::builtin::NAME {
            found = found.fact("defined_at", format!("{}:{}", one.definition.file, one.definition.line));
        }
        found
    }
}

/// Whether an assignment is for a resource as far as its selectors and exemptions go: false where it is exempt.
fn spared(record: &Record, assigned: &Assigned, moment: &str) -> Tri {
    let gap =
        |what: &str| Tri::Unknown(vec![Reason::Policy { gap: PolicyGap::Condition, what: what.into() }]);
    let below = |scope: &str| {
        record.id.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for exemption in assigned.exemptions.iter().filter(|one| below(&one.scope)) {
        // Both are written as RFC 3339 in UTC.
        if exemption.until.as_deref().is_none_or(|until| until > moment) {
            return if exemption.whole { Tri::False } else { gap("policyDefinitionReferenceIds") };
        }
    }
    match &assigned.open {
        Some(what) => gap(what),
        None => Tri::True,
    }
}

/// Whether an assignment is for a resource.
fn in_scope(estate: &Estate, id: &str, assigned: &Assigned) -> Tri {
    let not: Vec<Tri> = assigned.not_scopes.iter().map(|scope| below(estate, id, scope)).collect();
    let inside = if assigned.scope.is_empty() { Tri::True } else { below(estate, id, &assigned.scope) };
    if inside == Tri::False || not.contains(&Tri::True) {
        return Tri::False;
    }
    let open = not.into_iter().chain([inside]).find(|one| matches!(one, Tri::Unknown(_)));
    open.unwrap_or(Tri::True)
}

/// Whether a resource is below a scope (lower case, as the id is).
fn below(estate: &Estate, id: &str, scope: &str) -> Tri {
    let is = |yes: bool| if yes { Tri::True } else { Tri::False };
    let Some((_, group)) = scope.rsplit_once("/managementgroups/") else {
        let rest = id.strip_prefix(scope.trim_end_matches('/'));
        return is(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    };
    let own = subscription(id);
    let record =
        estate.around.subscriptions.iter().find(|one| estate.text(one.id).eq_ignore_ascii_case(&own));
    match record.and_then(|one| one.groups.as_ref()).and_then(Known::value) {
        Some(groups) => is(groups.iter().any(|one| one.eq_ignore_ascii_case(group))),
        None => Tri::Unknown(vec![Reason::Policy { gap: PolicyGap::Scope, what: group.into() }]),
    }
}

/// Whether a policy is for such resources by its mode: those of the mode `Indexed` are for resources that have a place and tags,
/// which groups of resources and subscriptions do not count among.
fn is_indexed(record: &Record, definition: &Definition) -> Tri {
    let has = |name: &str| crate::record::member(&record.json, name).is_some();
    if !definition.indexed || has("location") && !record.resource_type.starts_with("microsoft.resources/") {
        return Tri::True;
    }
    match record.whole
        || !record.pointer.is_empty()
        || record.resource_type.starts_with("microsoft.resources/")
    {
        true => Tri::False,
        false => Tri::Unknown(vec![Reason::Policy { gap: PolicyGap::Field, what: "location".into() }]),
    }
}
