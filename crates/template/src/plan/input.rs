//! The resources and modules of a plan or state, wherever its form keeps them.
//!
//! INVARIANT: modules are walked no deeper than [`MODULE_LIMIT`], and each resource is found by its address at once.
//! What the plan takes away stands beside the rest under no address, so that nothing leads to it.
//!
//! Source: <https://developer.hashicorp.com/terraform/internals/json-format>

use hashbrown::HashMap;

use super::Partial;
use super::address::{Index, steps};
use super::fate::Fate;
use super::marks::Marks;
use crate::fault::{Fault, FaultKind};
use crate::value::{Kind, Object, Span, Value};

/// The deepest nesting of modules that is read. Each level takes two of the file's own nesting, which is bounded too.
pub(super) const MODULE_LIMIT: usize = 32;

/// An instance of a resource.
pub(super) struct Resource<'p> {
    pub(super) address: Box<str>,
    pub(super) kind: &'p str,
    pub(super) index: Option<Index>,
    /// The number of the module instance that it is in.
    pub(super) module: usize,
    /// Whether it is a data source.
    pub(super) data: bool,
    pub(super) values: Option<&'p Object>,
    pub(super) unknown: Option<&'p Value>,
    pub(super) sensitive: [Option<&'p Value>; 2],
    /// What the configuration says of the resource.
    pub(super) config: Option<&'p Object>,
    /// What becomes of it.
    pub(super) fate: Fate,
    pub(super) at: Span,
}

/// An instance of a module.
pub(super) struct Module<'p> {
    /// Its address; empty for the root.
    pub(super) address: Box<str>,
    pub(super) parent: Option<usize>,
    /// Which instance of its call it is.
    pub(super) index: Option<Index>,
    /// The call in the configuration of its parent.
    pub(super) call: Option<&'p Object>,
    /// Its own configuration.
    pub(super) config: Option<&'p Object>,
    /// Resources of the configuration by `type.name`, and `data.type.name`.
    pub(super) configured: HashMap<String, &'p Object>,
}

/// The instances of one resource block.
#[derive(Default)]
pub(super) struct Group {
    pub(super) all: Vec<usize>,
    pub(super) by_index: HashMap<Index, usize>,
}

/// Everything that a plan holds.
pub(super) struct Input<'p> {
    pub(super) resources: Vec<Resource<'p>>,
    pub(super) modules: Vec<Module<'p>>,
    /// Instances by the module's number and `type.name`, or `data.type.name`.
    pub(super) groups: HashMap<(usize, Box<str>), Group>,
    /// Instances of a module by the number of the parent and the name of the call.
    pub(super) calls: HashMap<(usize, Box<str>), Vec<usize>>,
    by_address: HashMap<Box<str>, usize>,
    modules_by_address: HashMap<Box<str>, usize>,
    pub(super) root: Option<&'p Object>,
    /// The `provider_config` of the configuration.
    pub(super) providers: Option<&'p Object>,
    /// The values of the root's variables.
    pub(super) variables: Option<&'p Object>,
    /// Why it does not tell everything.
    pub(super) partial: Vec<Partial>,
}

/// A resource's change: what will be, what of it is unknown, what secret.
type Change<'p> = (&'p Object, Option<&'p Object>);

impl<'p> Input<'p> {
    pub(super) fn read(plan: &'p Value, marks: &'p Marks) -> Result<Self, Fault> {
        let not = || Fault::new(FaultKind::Not("a Terraform plan or state"), plan.at);
        let object = plan.object().ok_or_else(not)?;
        let configuration = object.get("configuration").and_then(Value::object);
        let mut input = Self {
            resources: Vec::new(),
            modules: Vec::new(),
            groups: HashMap::new(),
            calls: HashMap::new(),
            by_address: HashMap::new(),
            modules_by_address: HashMap::new(),
            root: configuration.and_then(|all| all.get("root_module")).and_then(Value::object),
            providers: configuration.and_then(|all| all.get("provider_config")).and_then(Value::object),
            variables: object.get("variables").and_then(Value::object),
            partial: Vec::new(),
        };
        input.add_module("", None, None, None, input.root);
        if object.get("format_version").is_none() && object.get("resources").and_then(Value::list).is_some() {
            input.read_raw_state(object, marks, plan.at)?;
            return Ok(input);
        }
        let version = object.text("format_version").ok_or_else(not)?;
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major > 1) {
            return Err(Fault::new(FaultKind::Version(version.into()), plan.at));
        }
        let told = ["planned_values", "values", "resource_changes"];
        if major == Some(0) && told.iter().all(|part| object.some(part).is_none()) {
            // What came before the form that is read.
            return Err(Fault::new(FaultKind::Version(version.into()), plan.at));
        }
        let parts = ["planned_values", "values", "resource_changes", "configuration"];
        if parts.iter().all(|part| object.some(part).is_none()) {
            // The state of nothing has no more than its version.
            return if object.get("terraform_version").is_some() { Ok(input) } else { Err(not()) };
        }
        let changes = object.some("resource_changes").and_then(Value::list).unwrap_or_default();
        let changed: HashMap<&str, Change<'p>> = changes.iter().filter_map(|one| change(one)).collect();
        // What is planned comes first: where a resource is told twice, that counts.
        let planned = object.some("planned_values").or_else(|| object.some("values"));
        match planned.and_then(|values| values.object()?.get("root_module")?.object()) {
            Some(root) => input.read_module(root, 0, &changed, 0, false)?,
            None => input.read_changes(changes, &changed)?,
        }
        let prior = object.some("prior_state").and_then(|state| state.object()?.get("values")?.object());
        if let Some(root) = prior.and_then(|values| values.get("root_module")).and_then(Value::object) {
            input.read_module(root, 0, &HashMap::new(), 0, true)?;
        }
        input.read_unfinished(object);
        for value in changes {
            input.read_leaving(value);
        }
        Ok(input)
    }

    /// The number of a module instance that is there; of one that is not, that of the root.
    pub(super) fn known_module(&self, address: &str) -> usize {
        self.modules_by_address.get(address).copied().unwrap_or_default()
    }

    /// The number of the resource with an address.
    pub(super) fn at_address(&self, address: &str) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    /// What the configuration says of a resource that the plan may not hold.
    pub(super) fn configured(&self, address: &str) -> Option<&'p Object> {
        let path = steps(address);
        let calls = path.chunks(2).take_while(|two| two.first().is_some_and(|step| step.name == "module"));
        let module = calls.filter_map(<[_]>::last).last();
        let number = match module {
            Some(step) => *self.modules_by_address.get(address.get(..step.end)?)?,
            None => 0,
        };
        let behind = module.map_or(0, |step| step.end + 1);
        let own: Vec<&str> = steps(address.get(behind..)?).iter().map(|step| step.name).collect();
        self.modules.get(number)?.configured.get(&own.join(".")).copied()
    }

    fn add_module(
        &mut self,
        address: &str,
        parent: Option<usize>,
        index: Option<Index>,
        call: Option<&'p Object>,
        config: Option<&'p Object>,
    ) -> usize {
        let number = self.modules.len();
        let all = config.and_then(|config| config.get("resources")).and_then(Value::list).unwrap_or_default();
        let configured = all.iter().filter_map(Value::object).filter_map(|one| {
            let data = one.text("mode") == Some("data");
            Some((group_name(data, one.text("type")?, one.text("name")?), one))
        });
        let configured = configured.collect();
        self.modules.push(Module { address: address.into(), parent, index, call, config, configured });
        self.modules_by_address.insert(address.into(), number);
        number
    }

    /// The number of a module instance. One that is mentioned for the first time is made known.
    fn module(&mut self, address: &str, at: Span) -> Result<usize, Fault> {
        if let Some(number) = self.modules_by_address.get(address) {
            return Ok(*number);
        }
        let path = steps(address);
        if path.len() / 2 > MODULE_LIMIT {
            return Err(Fault::new(FaultKind::TooDeep(MODULE_LIMIT), at));
        }
        let mut number = 0;
        for step in path.iter().skip(1).step_by(2) {
            let here = address.get(..step.end).unwrap_or(address);
            number = match self.modules_by_address.get(here) {
                Some(known) => *known,
                None => {
                    let config = self.modules.get(number).and_then(|module| module.config);
                    let calls = config.and_then(|config| config.get("module_calls")).and_then(Value::object);
                    let call = calls.and_then(|calls| calls.get(step.name)).and_then(Value::object);
                    let own = call.and_then(|call| call.get("module")).and_then(Value::object);
                    let child = self.add_module(here, Some(number), step.index.clone(), call, own);
                    self.calls.entry((number, step.name.into())).or_default().push(child);
                    child
                }
            };
        }
        Ok(number)
    }

    fn read_module(
        &mut self,
        module: &'p Object,
        number: usize,
        changes: &HashMap<&str, Change<'p>>,
        depth: usize,
        only_data: bool,
    ) -> Result<(), Fault> {
        for value in module.get("resources").and_then(Value::list).unwrap_or_default() {
            let Some(object) = value.object() else { continue };
            let data = object.text("mode") == Some("data");
            if only_data && !data {
                continue;
            }
            let change = object.text("address").and_then(|address| changes.get(address));
            let told = object.get("values");
            let after = change.and_then(|(change, _)| change.get("after")).and_then(Value::object);
            self.add(
                Resource {
                    address: object.text("address").unwrap_or_default().into(),
                    kind: object.text("type").unwrap_or_default(),
                    index: object.get("index").and_then(Index::of),
                    module: number,
                    data,
                    values: told.and_then(Value::object).or(after),
                    unknown: change.and_then(|(change, _)| change.get("after_unknown")),
                    sensitive: [
                        object.get("sensitive_values"),
                        change.and_then(|(change, _)| change.get("after_sensitive")),
                    ],
                    config: None,
                    fate: Fate::Stays,
                    at: told.filter(|told| told.object().is_some()).map_or(value.at, |told| told.at),
                },
                object.text("name").unwrap_or_default(),
            );
        }
        for child in module.get("child_modules").and_then(Value::list).unwrap_or_default() {
            let Some(object) = child.object() else { continue };
            if depth >= MODULE_LIMIT {
                return Err(Fault::new(FaultKind::TooDeep(MODULE_LIMIT), child.at));
            }
            let number = self.module(object.text("address").unwrap_or_default(), child.at)?;
            self.read_module(object, number, changes, depth + 1, only_data)?;
        }
        Ok(())
    }

    /// The resources of a plan that has no planned values.
    fn read_changes(&mut self, all: &'p [Value], changes: &HashMap<&str, Change<'p>>) -> Result<(), Fault> {
        for value in all {
            let Some((address, (change, object))) = change(value) else { continue };
            let (Some(object), true) = (object, changes.contains_key(address)) else { continue };
            let Some(after) = change.some("after") else { continue };
            let module = self.module(object.text("module_address").unwrap_or_default(), value.at)?;
            self.add(
                Resource {
                    address: address.into(),
                    kind: object.text("type").unwrap_or_default(),
                    index: object.get("index").and_then(Index::of),
                    module,
                    data: object.text("mode") == Some("data"),
                    values: after.object(),
                    unknown: change.get("after_unknown"),
                    sensitive: [change.get("after_sensitive"), None],
                    config: None,
                    fate: Fate::Stays,
                    at: after.at,
                },
                object.text("name").unwrap_or_default(),
            );
        }
        Ok(())
    }

    /// A state as Terraform keeps it (`terraform.tfstate`, version 4).
    fn read_raw_state(&mut self, state: &'p Object, marks: &'p Marks, at: Span) -> Result<(), Fault> {
        if !matches!(state.get("version").map(|version| &version.kind), Some(Kind::Int(4))) {
            let text = "a state that can be read: write it with `terraform show -json`";
            return Err(Fault::new(FaultKind::Not(text), at));
        }
        for value in state.get("resources").and_then(Value::list).unwrap_or_default() {
            let Some(object) = value.object() else { continue };
            let data = object.text("mode") == Some("data");
            let (kind, name) =
                (object.text("type").unwrap_or_default(), object.text("name").unwrap_or_default());
            let within = object.text("module").unwrap_or_default();
            let module = self.module(within, value.at)?;
            for instance in object.get("instances").and_then(Value::list).unwrap_or_default() {
                let Some(fields) = instance.object().filter(|fields| fields.get("deposed").is_none()) else {
                    continue;
                };
                let index = fields.get("index_key").and_then(Index::of);
                let dot = if within.is_empty() { "" } else { "." };
                let shown = index.as_ref().map(Index::shown).unwrap_or_default();
                let values = fields.get("attributes");
                self.add(
                    Resource {
                        address: format!("{within}{dot}{}{shown}", group_name(data, kind, name)).into(),
                        kind,
                        index,
                        module,
                        data,
                        values: values.and_then(Value::object),
                        unknown: None,
                        sensitive: [marks.of(instance), None],
                        config: None,
                        fate: Fate::Stays,
                        at: values.map_or(instance.at, |values| values.at),
                    },
                    name,
                );
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, mut resource: Resource<'p>, name: &str) {
        if self.by_address.contains_key(&resource.address) {
            return;
        }
        let number = self.resources.len();
        let group = group_name(resource.data, resource.kind, name);
        let module = self.modules.get(resource.module);
        resource.config = module.and_then(|module| module.configured.get(&group)).copied();
        let group = self.groups.entry((resource.module, group.into())).or_default();
        group.all.push(number);
        if let Some(index) = &resource.index {
            group.by_index.insert(index.clone(), number);
        }
        self.by_address.insert(resource.address.clone(), number);
        self.resources.push(resource);
    }
}

/// What a resource block is known by in its module.
pub(super) fn group_name(data: bool, kind: &str, name: &str) -> String {
    if data { format!("data.{kind}.{name}") } else { format!("{kind}.{name}") }
}

/// A change that leaves something behind, by address.
fn change(value: &Value) -> Option<(&str, Change<'_>)> {
    let object = value.object()?;
    let change = object.get("change")?.object()?;
    // A deposed object is what is left of an instance that is replaced.
    (object.some("deposed").is_none()).then_some((object.text("address")?, (change, Some(object))))
}
