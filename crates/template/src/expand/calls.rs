//! Calls of functions: those that look at the template and its place here, those whose result depends on
//! their arguments alone in [`crate::functions`].
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions>.

use std::borrow::Cow;
use std::rc::Rc;

use hashbrown::HashMap;

use super::condition::takes;
use super::ids;
use super::machine::{Machine, access};
use super::place::{Level, Place, text_parts};
use super::scope::Ctx;
use crate::expression::Expr;
use crate::fault::{Fault, FaultKind, What};
use crate::functions;
use crate::value::{Joined, Kind, Part, Span, Unknown, Value, Why};

/// Functions that only Azure can answer, apart from those that start with `list`.
const ASK_AZURE: [&str; 8] = [
    "pickzones",
    "tologicalzone",
    "tologicalzones",
    "tophysicalzone",
    "tophysicalzones",
    "providers",
    "deployer",
    "externalinput",
];

/// Functions whose algorithm is not published.
const GENERATED: [(&str, &str); 2] = [("uniquestring", "uniqueString"), ("guid", "guid")];

/// Functions that give something else each time.
const EACH_TIME: [(&str, &str); 2] = [("utcnow", "utcNow"), ("newguid", "newGuid")];

/// What a function of the template and its place costs, in steps.
const HERE: u64 = 20;

impl Machine<'_> {
    /// A call.
    pub(super) fn call(&mut self, name: &str, args: &[Expr], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "if" => return self.choose(args, ctx, at),
            "and" => return self.junction("and", false, args, ctx, at),
            "or" => return self.junction("or", true, args, ctx, at),
            "lambdavariables" => {
                let name = self.one_text("lambdaVariables", "lambdaVariables(name)", args, ctx, at)?;
                let missing = || {
                    Fault::new(
                        FaultKind::Missing { what: What::LambdaVariable, name: name.as_str().into() },
                        at,
                    )
                };
                return ctx.find_local(&name).ok_or_else(missing);
            }
            "lambda" => return Err(takes("lambda", "lambda(name, …, value) inside of map, filter, …", at)),
            "coalesce" => return self.coalesce(args, ctx, at),
            _ => {}
        }
        if let Some(answer) = self.higher(&lower, args, ctx, at) {
            return answer;
        }
        if lower.contains('.') {
            return self.call_own(name, &lower, args, ctx, at);
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.expr(arg, ctx, at)?);
        }
        // What these give is there already.
        let given = matches!(&*lower, "parameters" | "variables" | "copyindex");
        for value in &values {
            match &value.kind {
                Kind::Text(text) if given => self.step_text(text.len(), at)?,
                _ => drop(self.weigh(value, at)?),
            }
        }
        if let Some(answer) = self.call_here(&lower, &values, ctx, at) {
            let value = answer?;
            if !given {
                self.step(HERE, at)?;
            }
            if matches!(value.kind, Kind::Text(_) | Kind::Parts(_)) && !given {
                self.step_made(&value, at)?;
            }
            return Ok(value);
        }
        if let Some(answer) = asks(name, &lower, &values, at) {
            return Ok(answer);
        }
        if looks_for_members(&lower) && values.iter().any(Value::is_open_within) {
            return self.of_runtime(name, &lower, &values, at);
        }
        self.step(functions::comparisons(&lower, &values), at)?;
        match functions::call(&lower, &values, at) {
            Some(answer) => {
                let value = answer?;
                self.step_made(&value, at)?;
                Ok(value)
            }
            None => Err(Fault::new(FaultKind::NoFunction(name.into()), at)),
        }
    }

    /// A function that looks which members there are, of an object to which Azure will add some.
    fn of_runtime(&mut self, name: &str, lower: &str, values: &[Value], at: Span) -> Result<Value, Fault> {
        if let Some(answer) = functions::call(lower, values, at) {
            let value = answer?;
            let sure = match lower {
                "contains" => matches!(value.kind, Kind::Bool(true)),
                "tryget" => !value.is_null(),
                "empty" => matches!(value.kind, Kind::Bool(false)),
                _ => false,
            };
            if sure {
                return Ok(value);
            }
        }
        let keys: Vec<_> = values.iter().map(Value::key).collect();
        Ok(Value::unknown(format!("{lower}({})", keys.join(",")), name, Why::Runtime(name.into()), at))
    }

    /// Functions that look at the template, the deployment, its resources.
    fn call_here(&mut self, name: &str, args: &[Value], ctx: &Ctx, at: Span) -> Option<Result<Value, Fault>> {
        Some(match name {
            "parameters" => match args {
                [name] => self.parameters_call(name, ctx, at),
                _ => Err(takes("parameters", "parameters(name)", at)),
            },
            "variables" => match args {
                [Value { kind: Kind::Text(name), .. }] => self.variable(ctx.deployment, name, at),
                [value] if value.doubt().is_some() => access(value, value, false, at),
                _ => Err(takes("variables", "variables(name)", at)),
            },
            "copyindex" => copy_index(args, ctx, at),
            "reference" => self.reference(args, ctx, at),
            "references" => self.references(args, ctx, at),
            "resourceid" => self.resource_id(args, ctx, None, at),
            "subscriptionresourceid" => self.resource_id(args, ctx, Some(Level::Subscription), at),
            "managementgroupresourceid" => self.resource_id(args, ctx, Some(Level::ManagementGroup), at),
            "tenantresourceid" => self.resource_id(args, ctx, Some(Level::Tenant), at),
            "extensionresourceid" => extension_id(args, at),
            "resourceinfo" => self.resource_info(args, ctx, at),
            "subscription" => Ok(self.subscription(ctx, at).opened()),
            "resourcegroup" => Ok(self.resource_group(ctx, at).opened()),
            "managementgroup" => Ok(self.management_group(ctx, at).opened()),
            "tenant" => Ok(self.tenant(ctx, at).opened()),
            "deployment" => Ok(self.deployment_call(ctx, at).opened()),
            "environment" => Ok(environment(at).opened()),
            "uri" => match args {
                [base, relative] if is_template_uri(base) => Ok(beside(base, relative, at)),
                _ => return None,
            },
            "fail" => Err(Fault::new(
                FaultKind::Failed(args.first().and_then(Value::shown).unwrap_or_default().into()),
                at,
            )),
            _ => return None,
        })
    }

    fn parameters_call(&mut self, name: &Value, ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let Some(text) = name.text() else {
            return match name.doubt() {
                Some(unknown) => {
                    let key = format!("parameters({})", unknown.key);
                    Ok(Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at))
                }
                None => Err(takes("parameters", "parameters(name)", at)),
            };
        };
        if let Some(arguments) = &ctx.arguments {
            let missing = || Fault::new(FaultKind::Missing { what: What::Parameter, name: text.into() }, at);
            return arguments.get(&text.to_ascii_lowercase()).cloned().ok_or_else(missing);
        }
        self.parameter(ctx.deployment, text, at)
    }

    fn one_text(
        &mut self,
        function: &str,
        usage: &'static str,
        args: &[Expr],
        ctx: &Ctx,
        at: Span,
    ) -> Result<String, Fault> {
        let [arg] = args else { return Err(takes(function, usage, at)) };
        let value = self.expr(arg, ctx, at)?;
        value.text().map(str::to_owned).ok_or_else(|| takes(function, usage, at))
    }

    /// The first that is not `null`; those behind are not worked out.
    fn coalesce(&mut self, args: &[Expr], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let mut last = Value::new(Kind::Null, at);
        for (index, arg) in args.iter().enumerate() {
            last = self.expr(arg, ctx, at)?;
            if let Kind::Unknown(unknown) = &last.kind
                && index + 1 < args.len()
            {
                let key = format!("coalesce({})@{}:{}", unknown.key, at.file, at.start);
                return Ok(Value::new(
                    Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())),
                    at,
                ));
            }
            if !last.is_null() {
                break;
            }
        }
        Ok(last)
    }

    /// A user-defined function: `namespace.name(…)`.
    /// Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/user-defined-functions>.
    fn call_own(
        &mut self,
        name: &str,
        lower: &str,
        args: &[Expr],
        ctx: &Ctx,
        at: Span,
    ) -> Result<Value, Fault> {
        let none = || Fault::new(FaultKind::NoFunction(name.into()), at);
        let namespaces =
            self.deployment(ctx.deployment).and_then(|its| its.template.get("functions")?.list());
        self.step(namespaces.map_or(0, <[Value]>::len) as u64, at)?;
        let function = self.own_function(ctx.deployment, lower).ok_or_else(none)?;
        let object = function.object().ok_or_else(none)?;
        let declared = object.get("parameters").and_then(Value::list).unwrap_or_default();
        if declared.len() != args.len() {
            return Err(takes(name, "as many arguments as it has parameters", at));
        }
        let mut arguments = HashMap::new();
        for (parameter, arg) in declared.iter().zip(args) {
            let its = parameter.object().and_then(|parameter| parameter.text("name")).unwrap_or_default();
            let value = self.expr(arg, ctx, at)?;
            arguments.insert(its.to_ascii_lowercase(), value);
        }
        let output = object.get("output").and_then(Value::object).and_then(|output| output.get("value"));
        let output = output.ok_or_else(|| Fault::new(FaultKind::Lacks("output.value"), function.at))?.clone();
        let inside = Ctx { arguments: Some(Rc::new(arguments)), turns: None, locals: None, ..ctx.clone() };
        self.deeper(at, |machine| {
            let value = machine.try_value(&output, &inside)?;
            machine.weigh(&value, at)?;
            Ok(value)
        })
    }

    fn own_function(&self, deployment: usize, lower: &str) -> Option<Value> {
        let (namespace, name) = lower.rsplit_once('.')?;
        let namespaces = self.deployment(deployment)?.template.get("functions")?.list()?;
        for one in namespaces {
            let one = one.object()?;
            if one.text("namespace")?.eq_ignore_ascii_case(namespace)
                && let Some(found) = one.get("members").and_then(Value::object).and_then(|all| all.get(name))
            {
                return Some(found.clone());
            }
        }
        None
    }

    pub(super) fn place(&self, ctx: &Ctx) -> Cow<'_, Place> {
        match self.deployment(ctx.deployment) {
            Some(its) => Cow::Borrowed(&its.place),
            None => Cow::Owned(Place::new(&self.options.place, Level::ResourceGroup, self.options.number)),
        }
    }

    /// `resourceId([subscription], [group], type, name, …)`.
    fn resource_id(&self, args: &[Value], ctx: &Ctx, level: Option<Level>, at: Span) -> Result<Value, Fault> {
        let usage = "resourceId([subscriptionId], [resourceGroupName], resourceType, resourceName1, …)";
        let is_type =
            |value: &Value| value.text().is_some_and(|text| text.contains('/') && !text.starts_with('/'));
        let Some(position) = args.iter().position(is_type) else {
            // A type that is not known makes an id that is not known.
            return match args.iter().find_map(Value::doubt) {
                Some(unknown) => {
                    let keys: Vec<_> = args.iter().map(Value::key).collect();
                    let key = format!("resourceId({})", keys.join(","));
                    Ok(Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at))
                }
                None => Err(takes("resourceId", usage, at)),
            };
        };
        let (before, rest) = args.split_at(position);
        let Some((resource_type, names)) = rest.split_first() else {
            return Err(takes("resourceId", usage, at));
        };
        let resource_type = resource_type.text().unwrap_or_default().trim_end_matches('/');
        let mut place = self.place(ctx);
        match (level, before) {
            (Some(level), []) => place.to_mut().level = level,
            (Some(Level::Subscription), [subscription]) => {
                let place = place.to_mut();
                place.level = Level::Subscription;
                place.subscription = subscription.clone();
            }
            (Some(Level::ManagementGroup), [group]) => {
                let place = place.to_mut();
                place.level = Level::ManagementGroup;
                place.management_group = group.clone();
            }
            (None, []) => {}
            (None, [one]) if place.level == Level::ResourceGroup && !is_guid(one) => {
                place.to_mut().group = one.clone();
            }
            (None, [one]) => {
                let place = place.to_mut();
                place.level = Level::Subscription;
                place.subscription = one.clone();
            }
            (None, [subscription, group]) => {
                let place = place.to_mut();
                place.level = Level::ResourceGroup;
                place.subscription = subscription.clone();
                place.group = group.clone();
            }
            _ => return Err(takes("resourceId", usage, at)),
        }
        let segments = resource_type.split('/').count() - 1;
        let split: Vec<_> = names.iter().flat_map(ids::segments).collect();
        // A name that holds slashes may stand for several segments, or be one.
        let all = if split.len() != segments && names.len() == segments {
            names.iter().map(text_parts).collect()
        } else {
            split
        };
        if all.len() != segments && names.iter().all(|name| name.doubt().is_none()) {
            return Err(takes("resourceId", usage, at));
        }
        if resource_type.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") {
            let mut id = place.prefix_at(Level::Subscription);
            id.text("/resourceGroups/");
            id.extend(all.first().into_iter().flatten());
            return Ok(id.value(at));
        }
        let mut id = place.prefix();
        ids::provider_path(&mut id, resource_type, &all);
        Ok(id.value(at))
    }

    fn subscription(&self, ctx: &Ctx, at: Span) -> Value {
        let place = self.place(ctx);
        let id = place.prefix_at(Level::Subscription).value(at);
        Value::of_object(
            vec![
                ("id", id),
                ("subscriptionId", place.subscription.clone()),
                ("tenantId", place.tenant.clone()),
                ("displayName", runtime("subscription().displayName", "displayName", at)),
            ],
            at,
        )
    }

    fn resource_group(&self, ctx: &Ctx, at: Span) -> Value {
        let place = self.place(ctx);
        let id = place.prefix_at(Level::ResourceGroup).value(at);
        Value::of_object(
            vec![
                ("id", id),
                ("name", place.group.clone()),
                ("type", Value::of_text("Microsoft.Resources/resourceGroups", at)),
                ("location", place.location.clone()),
                ("managedBy", runtime("resourceGroup().managedBy", "managedBy", at)),
                ("tags", runtime("resourceGroup().tags", "tags", at)),
                (
                    "properties",
                    Value::of_object(vec![("provisioningState", Value::of_text("Succeeded", at))], at),
                ),
            ],
            at,
        )
    }

    fn management_group(&self, ctx: &Ctx, at: Span) -> Value {
        let place = self.place(ctx);
        let id = place.prefix_at(Level::ManagementGroup).value(at);
        Value::of_object(
            vec![
                ("id", id),
                ("name", place.management_group.clone()),
                ("type", Value::of_text("Microsoft.Management/managementGroups", at)),
                ("properties", runtime("managementGroup().properties", "properties", at)),
            ],
            at,
        )
    }

    fn tenant(&self, ctx: &Ctx, at: Span) -> Value {
        Value::of_object(
            vec![
                ("tenantId", self.place(ctx).tenant.clone()),
                ("displayName", runtime("tenant().displayName", "displayName", at)),
                ("countryCode", runtime("tenant().countryCode", "countryCode", at)),
            ],
            at,
        )
    }

    fn deployment_call(&self, ctx: &Ctx, at: Span) -> Value {
        let Some(its) = self.deployment(ctx.deployment) else {
            return runtime("deployment()", "deployment", at);
        };
        let uri = Value::unknown(
            TEMPLATE_URI,
            "templateUri",
            Why::Scope("deployment().properties.templateLink.uri".into()),
            at,
        );
        let link = Value::of_object(
            vec![
                ("uri", uri),
                ("id", runtime("deployment().properties.templateLink.id", "templateLink.id", at)),
            ],
            at,
        );
        let properties = Value::of_object(
            vec![
                ("templateLink", link),
                // It holds defaults of secure parameters.
                ("template", runtime("deployment().properties.template", "template", at)),
                ("mode", Value::of_text("Incremental", at)),
                ("provisioningState", Value::of_text("Accepted", at)),
            ],
            at,
        );
        Value::of_object(
            vec![
                ("name", its.name.clone()),
                ("location", its.place.location.clone()),
                ("properties", properties),
            ],
            at,
        )
    }
}

/// The key of the address that the template itself was read from.
pub(super) const TEMPLATE_URI: &str = "deployment().properties.templateLink.uri";

/// What stands before the path of something beside the template.
pub(super) const BESIDE: &str = "deployment().properties.templateLink.uri/..";

/// Whether a value is the address of the template, or of the folder that it is in.
fn is_template_uri(value: &Value) -> bool {
    matches!(&value.kind, Kind::Unknown(unknown) if matches!(&*unknown.key, TEMPLATE_URI | BESIDE))
}

/// The address of something beside the template.
fn beside(base: &Value, relative: &Value, at: Span) -> Value {
    let why = base.doubt().map_or(Why::Fault, |unknown| unknown.why.clone());
    let mut address = Joined::default();
    address.push(&Part::Unknown(Unknown::new(BESIDE, "templateUri", why)));
    address.text("/");
    address.extend(&text_parts(relative));
    address.value(at)
}

fn runtime(key: &str, label: &str, at: Span) -> Value {
    Value::unknown(key, label, Why::Scope(key.into()), at)
}

fn is_guid(value: &Value) -> bool {
    let text = match &value.kind {
        Kind::Text(text) => text,
        Kind::Unknown(unknown) => return unknown.key.as_ref() == "subscription",
        _ => return false,
    };
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `extensionResourceId(resourceId, type, name, …)`.
fn extension_id(args: &[Value], at: Span) -> Result<Value, Fault> {
    let usage = "extensionResourceId(resourceId, resourceType, resourceName1, …)";
    let [base, Value { kind: Kind::Text(resource_type), .. }, names @ ..] = args else {
        return Err(takes("extensionResourceId", usage, at));
    };
    let mut id = Joined::default();
    id.extend(&text_parts(base));
    let all: Vec<_> = names.iter().flat_map(ids::segments).collect();
    ids::provider_path(&mut id, resource_type, &all);
    Ok(id.value(at))
}

/// `copyIndex()`, `copyIndex(offset)`, `copyIndex(loop)`, `copyIndex(loop, offset)`.
fn copy_index(args: &[Value], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
    let usage = "copyIndex([loopName], [offset])";
    let (name, offset) = match args {
        [] => (None, 0),
        [Value { kind: Kind::Int(offset), .. }] => (None, *offset),
        [Value { kind: Kind::Text(name), .. }] => (Some(&**name), 0),
        [Value { kind: Kind::Text(name), .. }, Value { kind: Kind::Int(offset), .. }] => {
            (Some(&**name), *offset)
        }
        _ => return Err(takes("copyIndex", usage, at)),
    };
    let missing =
        || Fault::new(FaultKind::Missing { what: What::Copy, name: name.unwrap_or_default().into() }, at);
    let index = ctx.find_turn(name).ok_or_else(missing)?;
    match &index.kind {
        Kind::Int(index) => {
            let range = || Fault::new(FaultKind::Range { function: "copyIndex".into() }, at);
            Ok(Value::new(Kind::Int(index.checked_add(offset).ok_or_else(range)?), at))
        }
        Kind::Unknown(unknown) if offset != 0 => {
            let key = format!("{}+{offset}", unknown.key);
            Ok(Value::new(Kind::Unknown(Unknown::new(key, &unknown.label, unknown.why.clone())), at))
        }
        _ => Ok(index.moved(at)),
    }
}

/// Functions that nobody but Azure can answer.
fn asks(name: &str, lower: &str, args: &[Value], at: Span) -> Option<Value> {
    let lists = lower.strip_prefix("list").is_some_and(|rest| !rest.is_empty());
    let told = GENERATED.iter().chain(&EACH_TIME).any(|(its, _)| *its == lower);
    if !lists && !told && !ASK_AZURE.contains(&lower) {
        return None;
    }
    let keys: Vec<_> = args.iter().map(Value::key).collect();
    let key = format!("{lower}({})", keys.join(","));
    let of = |all: [(&'static str, &'static str); 2]| all.into_iter().find(|(its, _)| *its == lower);
    if let Some((_, name)) = of(GENERATED) {
        return Some(Value::unknown(key, name, Why::Generated(name.into()), at));
    }
    if let Some((_, name)) = of(EACH_TIME) {
        // Two calls are two values.
        let key = format!("{key}@{}:{}", at.file, at.start);
        return Some(Value::unknown(key, name, Why::EachTime(name.into()), at));
    }
    Some(Value::unknown(key, name, Why::Runtime(name.into()), at))
}

/// What `environment()` tells of the public cloud.
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-deployment#environment>.
fn environment(at: Span) -> Value {
    let text = |text: &str| Value::of_text(text, at);
    let suffixes = Value::of_object(
        vec![
            ("acrLoginServer", text(".azurecr.io")),
            ("azureDatalakeAnalyticsCatalogAndJob", text("azuredatalakeanalytics.net")),
            ("azureDatalakeStoreFileSystem", text("azuredatalakestore.net")),
            ("azureFrontDoorEndpointSuffix", text("azurefd.net")),
            ("keyvaultDns", text(".vault.azure.net")),
            ("sqlServerHostname", text(".database.windows.net")),
            ("storage", text("core.windows.net")),
        ],
        at,
    );
    let authentication = Value::of_object(
        vec![
            ("loginEndpoint", text("https://login.microsoftonline.com/")),
            (
                "audiences",
                Value::of_list(
                    vec![text("https://management.core.windows.net/"), text("https://management.azure.com/")],
                    at,
                ),
            ),
            ("tenant", text("common")),
            ("identityProvider", text("AAD")),
        ],
        at,
    );
    Value::of_object(
        vec![
            ("name", text("AzureCloud")),
            ("gallery", text("https://gallery.azure.com/")),
            ("graph", text("https://graph.windows.net/")),
            ("portal", text("https://portal.azure.com")),
            ("graphAudience", text("https://graph.windows.net/")),
            ("activeDirectoryDataLake", text("https://datalake.azure.net/")),
            ("batch", text("https://batch.core.windows.net/")),
            ("media", text("https://rest.media.azure.net")),
            ("sqlManagement", text("https://management.core.windows.net:8443/")),
            (
                "vmImageAliasDoc",
                text(
                    "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json",
                ),
            ),
            ("resourceManager", text("https://management.azure.com/")),
            ("authentication", authentication),
            ("suffixes", suffixes),
        ],
        at,
    )
}

/// Whether a function's result depends on which members an object has.
fn looks_for_members(lower: &str) -> bool {
    matches!(
        lower,
        "contains"
            | "tryget"
            | "empty"
            | "items"
            | "length"
            | "objectkeys"
            | "union"
            | "intersection"
            | "shallowmerge"
            | "string"
            | "equals"
    )
}
