//! From sources that people named to sources that can be read: templates and plans are expanded, what they
//! are made from stays beside them for places.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use posture::Lang;
use template::complete::complete;
use template::expand::{Note, Options, expand};
use template::{Fault, FaultKind, Value, json, plan};

use super::deploy::{Deploy, Parameters};
use super::kind::{self, FileKind};
use super::made::{Made, Stands};
use super::preview::{self, State};
use super::{bicep, words};
use crate::language::pick;
use crate::source::{Bytes, Role, Source, Text};

/// The largest template or plan that is read.
const LIMIT: u64 = estate::split::PIECE_LIMIT as u64 * 4;

/// What came of templates, beside sources.
#[derive(Default)]
pub(crate) struct Expansion {
    /// How many templates and plans there were.
    pub(crate) templates: usize,
    /// What is not known before the deployment, and where that stands.
    pub(crate) notes: Vec<(Stands, String)>,
    /// Outputs of templates: which source, name, value.
    pub(crate) outputs: Vec<(String, Value)>,
    /// Notes about files as a whole.
    pub(crate) asides: Vec<String>,
    /// Whether something will be deployed of which nothing is told here.
    pub(crate) untold: bool,
    /// Ids of what is there now and will be gone.
    pub(crate) gone: Vec<Box<str>>,
    /// Whether a template deploys another one that is not at hand.
    pub(crate) linked: bool,
    /// The templates: what is made of them shares most of their values, so taking the rest apart early gains nothing.
    read: Vec<Value>,
}

/// Expands the templates among sources.
pub(crate) fn expand_sources(
    named: Vec<Source>,
    deploy: &Deploy,
    lang: Lang,
) -> anyhow::Result<(Vec<Source>, Expansion)> {
    let kinds: Vec<_> = named.iter().map(kind::of).collect();
    let mut work =
        Work { sources: Vec::new(), expansion: Expansion::default(), deploy, lang, given: None, number: 0 };
    if kinds.iter().all(Option::is_none) {
        if deploy.is_given() {
            bail!(pick(
                lang,
                "--parameters, --resource-group and --location are for templates, and no source is one",
                "--parameters、--resource-group、--location はテンプレート用の指定ですが、入力にテンプレートがありません",
            ));
        }
        return Ok((named, work.expansion));
    }
    let single = named.len() == 1;
    let linked = Mutex::new(Vec::new());
    let mut templates = Vec::new();
    for (source, kind) in named.into_iter().zip(kinds) {
        match kind {
            None => work.sources.push(source),
            Some(FileKind::Parameters) if single => {
                let name = &source.name;
                match lang {
                    Lang::En => bail!(
                        "`{name}` is a parameter file: name the template, and give this with --parameters"
                    ),
                    Lang::Ja => bail!(
                        "`{name}` はパラメーター ファイルです。テンプレートを指定し、このファイルは --parameters で渡してください"
                    ),
                }
            }
            Some(FileKind::Aside) if single => work.sources.push(source),
            // In a folder these stand beside their templates.
            Some(FileKind::Parameters | FileKind::Aside) => {}
            Some(FileKind::Template) => templates.push(source),
            Some(FileKind::Plan) => work.plan(source)?,
            Some(FileKind::Preview) => work.preview(source)?,
            Some(FileKind::Bicep) => work.bicep(source)?,
        }
    }
    // What a template links is a part of it, and no template of its own. It never stands above.
    let mut templates: Vec<_> = templates.into_iter().map(|source| (path_of(&source), source)).collect();
    templates.sort_by_key(|(path, _)| path.as_ref().map_or(0, |path| path.components().count()));
    for (path, source) in templates {
        let is_linked =
            path.is_some_and(|path| linked.lock().unwrap_or_else(PoisonError::into_inner).contains(&path));
        if !is_linked {
            work.template(source, &linked)?;
            work.number += 1;
        }
    }
    Ok((work.sources, work.expansion))
}

fn path_of(source: &Source) -> Option<PathBuf> {
    match &source.bytes {
        Bytes::Path(path) => path.canonicalize().ok(),
        _ => None,
    }
}

struct Work<'d> {
    sources: Vec<Source>,
    expansion: Expansion,
    deploy: &'d Deploy,
    lang: Lang,
    /// The values of `--parameters`, read once.
    given: Option<Vec<Value>>,
    /// The number of the template that is expanded, where there are several.
    number: u32,
}

impl Work<'_> {
    fn next(&self) -> u32 {
        u32::try_from(self.sources.len()).unwrap_or(u32::MAX)
    }

    /// Reads a source as JSON, and keeps its text for places.
    fn read(&mut self, source: Source) -> anyhow::Result<Option<Value>> {
        let text = whole(&source, self.lang)?;
        let file = self.next();
        let read = json::read(&text, file);
        self.keep(source, text);
        match read {
            Ok(value) => Ok(Some(value)),
            Err(fault) => {
                self.fault(&fault);
                Ok(None)
            }
        }
    }

    /// Keeps a source for places alone.
    fn keep(&mut self, mut source: Source, bytes: Vec<u8>) {
        source.role = Role::Text(Text { bytes, faults: Vec::new() });
        self.sources.push(source);
    }

    fn fault(&mut self, fault: &Fault) {
        let detail = words::fault(&fault.kind, self.lang);
        if let Some(Role::Text(text)) =
            self.sources.get_mut(fault.at.file as usize).map(|source| &mut source.role)
        {
            text.faults.push((fault.at.start.into(), detail));
        }
    }

    fn note(&mut self, note: &Note) {
        self.expansion.notes.push((Stands::of(note.at), words::note(note, self.lang)));
    }

    /// What a template or plan would deploy, each resource with its address in the plan: a source of its own.
    fn made(&mut self, name: &str, bodies: Vec<(Value, Option<Box<str>>)>, whole: bool) {
        self.expansion.templates += 1;
        let made = Made::new(bodies, whole, self.lang);
        self.sources.push(Source::of_made(name.to_owned(), Arc::new(made)));
    }

    /// The values of `--parameters`.
    fn given(&mut self) -> anyhow::Result<Vec<Value>> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let mut given = Vec::new();
        for parameters in self.deploy.parameters(self.lang)? {
            let source = match parameters {
                Parameters::File(source) => source,
                Parameters::Pair(text) => Source::of_text("--parameters", text.into_bytes())?,
                Parameters::Bicep(path) => {
                    let text = bicep::parameters(&path, self.lang)?;
                    Source::of_text(&path.display().to_string(), text)?
                }
            };
            given.extend(self.read(source)?);
        }
        self.given = Some(given.clone());
        Ok(given)
    }

    fn template(&mut self, source: Source, linked: &Mutex<Vec<PathBuf>>) -> anyhow::Result<()> {
        let given = self.given()?;
        let path = path_of(&source);
        let name = source.name.clone();
        let offered = match (&path, self.deploy.parameters.is_empty()) {
            (Some(path), true) => neighbour(path, &name),
            _ => None,
        };
        let Some(template) = self.read(source)? else { return Ok(()) };
        self.expanded(&name, &template, &given, path.as_deref(), linked, offered);
        self.expansion.read.push(template);
        Ok(())
    }

    fn expanded(
        &mut self,
        name: &str,
        template: &Value,
        given: &[Value],
        path: Option<&Path>,
        linked: &Mutex<Vec<PathBuf>>,
        offered: Option<String>,
    ) {
        let links = Links::new(path, name, self.next());
        let options = Options {
            place: self.deploy.place.clone(),
            parameters: given,
            number: self.number,
            link: &|file, relative| links.read(file, relative, template.at.file),
            ..Options::default()
        };
        let expanded = expand(template, &options);
        let found = links.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        for one in found {
            linked.lock().unwrap_or_else(PoisonError::into_inner).push(one.path);
            self.keep(one.source, one.text);
            if let Some(fault) = one.fault {
                self.fault(&fault);
            }
        }
        let expanded = match expanded {
            Ok(expanded) => expanded,
            Err(fault) => {
                self.fault(&fault);
                return;
            }
        };
        expanded.faults.iter().for_each(|fault| self.fault(fault));
        let lacks =
            expanded.notes.iter().any(|note| matches!(note.kind, template::expand::NoteKind::Parameter(_)));
        let linked_elsewhere =
            expanded.notes.iter().any(|note| matches!(note.kind, template::expand::NoteKind::Link(_)));
        self.expansion.untold |= linked_elsewhere;
        expanded.notes.iter().for_each(|note| self.note(note));
        if let Some(offered) = offered.filter(|_| lacks) {
            self.expansion.asides.push(match self.lang {
                Lang::En => format!("{name}: parameters without a value; `{offered}` stands beside it: --parameters {offered}"),
                Lang::Ja => format!(
                    "{name}: 値のないパラメーターがあります。隣に `{offered}` があります: --parameters {offered}"
                ),
            });
        }
        let outputs = expanded.outputs.into_iter().map(|(name, value)| (name.to_string(), value));
        self.expansion.outputs.extend(outputs);
        // What a template that is not at hand adds to a machine, nobody knows.
        self.expansion.linked |= linked_elsewhere;
        let bodies = expanded.resources.into_iter().map(|resource| (resource.body, None));
        self.made(name, bodies.collect(), !linked_elsewhere);
    }

    fn plan(&mut self, source: Source) -> anyhow::Result<()> {
        let name = source.name.clone();
        let Some(text) = self.read(source)? else { return Ok(()) };
        let plan = match plan::read(&text) {
            Ok(plan) => plan,
            Err(fault) => {
                self.fault(&fault);
                return Ok(());
            }
        };
        plan.faults.iter().for_each(|fault| self.fault(fault));
        for note in &plan.notes {
            self.expansion.asides.push(super::words::plan_note(note, &name, self.lang));
        }
        for partial in &plan.partial {
            let text = super::words::partial(&partial.what, self.lang);
            self.expansion.notes.push((Stands::of(partial.at), text));
        }
        let gone = plan.gone.iter().filter_map(|gone| gone.id.shown());
        self.expansion.gone.extend(gone.map(|id| Box::from(&*id)));
        let mut bodies = Vec::with_capacity(plan.resources.len());
        for resource in plan.resources {
            let body = if resource.whole { complete(resource.body) } else { resource.body };
            bodies.push((body, Some(resource.address)));
        }
        let mut whole = plan.partial.is_empty();
        for embedded in plan.templates {
            whole &= self.embedded(&embedded, &mut bodies);
        }
        self.made(&name, bodies, whole);
        Ok(())
    }

    /// A template that a plan deploys: whether all of it is at hand.
    fn embedded(&mut self, embedded: &plan::Embedded, bodies: &mut Vec<(Value, Option<Box<str>>)>) -> bool {
        let text = |value: &Value| value.text().map(str::to_owned);
        let place = template::expand::Given {
            subscription: text(&embedded.subscription),
            resource_group: text(&embedded.resource_group),
            ..self.deploy.place.clone()
        };
        self.number += 1;
        let given: Vec<Value> = embedded.parameters.iter().cloned().collect();
        let options = Options { place, parameters: &given, number: self.number, ..Options::default() };
        let expanded = match expand(&embedded.template, &options) {
            Ok(expanded) => expanded,
            Err(fault) => {
                self.fault(&fault);
                return false;
            }
        };
        expanded.faults.iter().for_each(|fault| self.fault(fault));
        expanded.notes.iter().for_each(|note| self.note(note));
        let whole =
            !expanded.notes.iter().any(|note| matches!(note.kind, template::expand::NoteKind::Link(_)));
        let address = || Some(embedded.address.clone());
        bodies.extend(expanded.resources.into_iter().map(|resource| (resource.body, address())));
        whole
    }

    fn preview(&mut self, source: Source) -> anyhow::Result<()> {
        let name = source.name.clone();
        let Some(text) = self.read(source)? else { return Ok(()) };
        let preview = preview::read(&text);
        if let Some((at, message)) = preview.failed {
            self.fault(&Fault::new(FaultKind::Failed(message.into()), at));
        }
        for (at, message) in preview.diagnostics {
            self.expansion.notes.push((Stands::of(at), message));
        }
        let (mut resources, mut linked) = (Vec::new(), false);
        let mut there = |body: Value| {
            let id = body.object().and_then(|body| body.text("id")).unwrap_or_default().to_ascii_lowercase();
            let at = body.at;
            resources.push(template::expand::Resource { body, id: id.into(), at, doubt: None });
        };
        for state in preview.states {
            match state {
                Ok(State::There(body)) => there(body),
                Ok(State::Untold { id, body, at }) => {
                    self.expansion.notes.push((Stands::of(at), words::unsupported(&id, self.lang)));
                    self.expansion.untold = true;
                    // A deployment that is not told may open any group.
                    let kind = estate::resource_type(&id).unwrap_or_default();
                    linked |= kind.eq_ignore_ascii_case("Microsoft.Resources/deployments");
                    there(body);
                }
                Ok(State::Gone { id }) => self.expansion.gone.push(id),
                Err(fault) => self.fault(&fault),
            }
        }
        let settled = template::expand::settle(resources, linked).into_iter();
        self.made(&name, settled.map(|resource| (resource.body, None)).collect(), false);
        Ok(())
    }

    fn bicep(&mut self, source: Source) -> anyhow::Result<()> {
        let Bytes::Path(path) = &source.bytes else {
            bail!(pick(
                self.lang,
                "Bicep is read from files alone, as it may use others beside it",
                "Bicep はファイルからのみ読み取れます (隣のファイルを参照することがあるため)",
            ));
        };
        let given = self.given()?;
        let name = source.name.clone();
        let bicep = whole(&source, self.lang)?;
        let compiled = bicep::build(path, self.lang)?;
        // The text of the Bicep file is where people look, so places lead there.
        let file = self.next();
        let template = match json::read(&compiled, file) {
            Ok(template) => template,
            Err(_) => bail!(pick(
                self.lang,
                "`bicep` wrote something that is no template",
                "`bicep` の出力がテンプレートではありません",
            )),
        };
        let template = bicep::mapped(&template, &bicep, file);
        self.keep(source, bicep);
        self.expanded(&name, &template, &given, None, &Mutex::new(Vec::new()), None);
        Ok(())
    }
}

/// The text of a source.
fn whole(source: &Source, lang: Lang) -> anyhow::Result<Vec<u8>> {
    let size = source.size.min(LIMIT);
    let mut text = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
    let name = &source.name;
    let cannot = || match lang {
        Lang::En => format!("cannot read `{name}`"),
        Lang::Ja => format!("`{name}` を読み取れません"),
    };
    source.open().with_context(cannot)?.take(LIMIT + 1).read_to_end(&mut text).with_context(cannot)?;
    if text.len() as u64 > LIMIT {
        match lang {
            Lang::En => bail!("`{name}` is larger than {} MiB", LIMIT >> 20),
            Lang::Ja => bail!("`{name}` が {} MiB を超えています", LIMIT >> 20),
        }
    }
    Ok(text)
}

/// The parameter file that stands beside a template, as its name is shown.
fn neighbour(path: &Path, name: &str) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let beside = path.with_file_name(format!("{stem}.parameters.json"));
    let shown = Path::new(name).with_file_name(format!("{stem}.parameters.json"));
    beside.is_file().then(|| shown.display().to_string())
}

/// Templates that a template links: files beside it or below, and nowhere else.
struct Links {
    /// The folder of the template itself.
    root: Option<PathBuf>,
    /// The same as people named it.
    shown: PathBuf,
    first: u32,
    found: Mutex<Vec<Linked>>,
}

struct Linked {
    path: PathBuf,
    source: Source,
    text: Vec<u8>,
    fault: Option<Fault>,
    value: Option<Value>,
}

/// How many files one template links.
const LINKS: usize = 256;

impl Links {
    fn new(path: Option<&Path>, name: &str, first: u32) -> Self {
        let shown = Path::new(name).parent().map(Path::to_owned).unwrap_or_default();
        Self { root: path.and_then(Path::parent).map(Path::to_owned), shown, first, found: Mutex::default() }
    }

    /// The template at a path relative to a file.
    fn read(&self, file: u32, relative: &str, template: u32) -> Option<Value> {
        let root = self.root.as_ref()?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let from = match file.checked_sub(self.first).and_then(|index| found.get(index as usize)) {
            Some(linked) => linked.path.parent()?.to_owned(),
            None if file == template => root.clone(),
            None => return None,
        };
        let relative = PathBuf::from(relative.replace('\\', "/"));
        if !relative
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir | Component::ParentDir))
        {
            return None;
        }
        let path = from.join(relative).canonicalize().ok()?;
        // A template from elsewhere does not choose which files of this machine are read.
        if !path.starts_with(root) || !path.is_file() || found.len() >= LINKS {
            return None;
        }
        if let Some(known) = found.iter().find(|known| known.path == path) {
            return known.value.clone();
        }
        let mut source = Source::of_file(&path).ok()?;
        source.name = self.shown.join(path.strip_prefix(root).ok()?).display().to_string();
        let mut text = Vec::new();
        source.open().ok()?.take(LIMIT).read_to_end(&mut text).ok()?;
        let number = self.first.checked_add(u32::try_from(found.len()).ok()?)?;
        let (value, fault) = match json::read(&text, number) {
            Ok(value) => (Some(value), None),
            Err(fault) => (None, Some(fault)),
        };
        found.push(Linked { path, source, text, fault, value: value.clone() });
        value
    }
}
