//! PUT, PATCH and DELETE of a resource or a part of one, from the checks to the operation that does it.

use serde_json::{Map, Value, json};

use super::address::Address;
use super::operations::{Conflict, Effect, End, Operation, finish, supersede};
use super::store::{Change, apply, find, id_of, is_named, mark, merge, set, text};
use super::{Request, allocate, compute, guard, jit, object, references, shape, validate};
use crate::answers::Answer;
use crate::faults::Fault;
use crate::world::{World, type_of};

/// What is to be done, after it was found good.
struct Work {
    name: &'static str,
    address: Address,
    changes: Vec<Change>,
    /// What is in another state meanwhile; empty for what has none.
    settles: String,
    /// Which state that is.
    state: &'static str,
    status: u16,
    body: Value,
    output: Option<Value>,
    fails: Option<(String, String)>,
    is_action: bool,
}

pub(crate) fn write(world: &mut World, request: &Request<'_>) -> Result<Answer, Answer> {
    if let Some(answer) = group(world, request)? {
        return Ok(answer);
    }
    let Some(address) = Address::read(request.path) else {
        return Err(Answer::error(405, "MethodNotAllowed", "The address is of no resource."));
    };
    let address = as_it_is(world, &address);
    guard::locked(world, &address, request.method == "DELETE")?;
    guard::group(world, &address)?;
    match request.fault {
        Some(Fault::Changed) => return Err(super::etag::changed(&address)),
        Some(Fault::Refused(conflict)) => return Err(conflict.refusal()),
        _ => {}
    }
    if address.is(jit::KIND) && request.method != "PATCH" {
        return match request.method {
            "PUT" => jit::put(world, &address, &object(request.body)?, request.now),
            _ => Ok(jit::delete(world, &address, request.now)),
        };
    }
    wait(world, &address, request.now)?;
    let existing = find(world, &address.id()).cloned();
    request.conditions.check(&address, existing.as_ref())?;
    let work = match request.method {
        "PUT" => put(world, &address, existing.as_ref(), &object(request.body)?)?,
        "PATCH" => {
            let Some(existing) = existing else { return Err(guard::missing(&address)) };
            patch(world, &address, &existing, &object(request.body)?)?
        }
        _ => match existing {
            None => {
                guard::parent(world, &address)?;
                return Ok(Answer { status: 204, headers: Vec::new(), body: Value::Null });
            }
            Some(existing) => delete(world, &address, &existing)?,
        },
    };
    Ok(commit(world, work, request))
}

/// The address with the names that the resource, or its parent, has already.
fn as_it_is(world: &World, address: &Address) -> Address {
    if let Some(known) = find(world, &address.id()).and_then(|known| Address::read(id_of(known))) {
        return known;
    }
    let parent = address.parent().and_then(|parent| Address::read(id_of(world.resource(&parent.id())?)));
    match (parent, address.steps.last()) {
        (Some(mut parent), Some(last)) => {
            parent.steps.push(last.clone());
            parent
        }
        _ => address.clone(),
    }
}

/// What a write meets that comes while another one runs.
fn wait(world: &mut World, address: &Address, now: i64) -> Result<(), Answer> {
    let target = address.root().id().to_ascii_lowercase();
    let conflict = world.writes.conflict;
    while let Some(running) = world.operations.running_on(&target) {
        let (id, name) = (running.id.clone(), running.name);
        match conflict {
            Conflict::Waits => finish(world, &id, now),
            _ if address.is_of("Microsoft.Compute") => {
                return Err(if name.contains("Extension") {
                    Answer::error(
                        409,
                        "OperationNotAllowed",
                        "This operation cannot be performed when extension operations are in progress. Please try again later.",
                    )
                } else {
                    Answer::error(
                        409,
                        "Conflict",
                        "The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests.",
                    )
                });
            }
            // Its turn comes when this one is accepted.
            Conflict::Superseded => return Ok(()),
            conflict => return Err(conflict.refusal()),
        }
    }
    Ok(())
}

/// Whether a type is written by an operation that goes on after the answer.
fn is_slow(address: &Address) -> bool {
    let kind = address.kind().to_ascii_lowercase();
    match address.provider.to_ascii_lowercase().as_str() {
        "microsoft.network" => !kind.starts_with("microsoft.network/networkmanagers"),
        "microsoft.compute" => true,
        "microsoft.recoveryservices" => {
            kind == "microsoft.recoveryservices/vaults" || kind.ends_with("/protecteditems")
        }
        _ => false,
    }
}

/// Types that have a `provisioningState` though they are done at once.
fn has_state(address: &Address) -> bool {
    is_slow(address) || address.is_of("Microsoft.Network") || address.is_of("Microsoft.DevTestLab")
}

fn state_of_put(address: &Address, created: bool) -> &'static str {
    match address.provider.to_ascii_lowercase().as_str() {
        _ if !is_slow(address) => "Succeeded",
        "microsoft.compute" if created => "Creating",
        "microsoft.recoveryservices" => "Provisioning",
        _ => "Updating",
    }
}

fn status_of_put(address: &Address, created: bool) -> u16 {
    let kind = address.kind().to_ascii_lowercase();
    let always_200 = [
        "microsoft.security/",
        "microsoft.insights/diagnosticsettings",
        "microsoft.network/networkmanagers",
        "microsoft.recoveryservices/vaults/backuppolicies",
        "microsoft.recoveryservices/vaults/backupconfig",
    ];
    if kind.ends_with("/protecteditems") {
        202
    } else if kind == "microsoft.devtestlab/schedules" {
        201
    } else if !created || always_200.iter().any(|begin| kind.starts_with(begin)) {
        200
    } else {
        201
    }
}

fn status_of_delete(address: &Address) -> u16 {
    if is_slow(address) {
        202
    } else if address.is("Microsoft.Security/alertsSuppressionRules") {
        204
    } else {
        200
    }
}

fn name_of(address: &Address, method: &str) -> &'static str {
    let kind = address.kind().to_ascii_lowercase();
    match (method, kind.as_str()) {
        ("DELETE", "microsoft.network/networksecuritygroups/securityrules") => "DeleteSecurityRuleOperation",
        (_, "microsoft.network/networksecuritygroups/securityrules") => "PutSecurityRuleOperation",
        ("DELETE", "microsoft.network/networksecuritygroups") => "DeleteNetworkSecurityGroupOperation",
        (_, "microsoft.network/networksecuritygroups") => "PutNetworkSecurityGroupOperation",
        (_, "microsoft.network/virtualnetworks/subnets") => "PutSubnetOperation",
        (_, "microsoft.network/loadbalancers") => "PutLoadBalancerOperation",
        (_, "microsoft.network/networkinterfaces") => "PutNicOperation",
        (_, "microsoft.compute/virtualmachines/extensions") => "ExtensionOperation",
        (_, "microsoft.compute/virtualmachines") => "VirtualMachineOperation",
        _ => "ResourceOperation",
    }
}

fn put(
    world: &mut World,
    address: &Address,
    existing: Option<&Value>,
    body: &Map<String, Value>,
) -> Result<Work, Answer> {
    guard::parent(world, address)?;
    guard::location(address, existing, body)?;
    if body.get("sku").is_some_and(|sku| sku.is_object() && sku.get("name").is_none()) {
        return Err(Answer::error(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: Required property 'name' not found in 'sku'.",
        ));
    }
    if address.is_of("Microsoft.Network") && (address.steps.len() == 1 || address.list().is_some()) {
        validate::name(address.name())?;
    }
    let created = existing.is_none();
    let (etag, state) = (world.etag(), state_of_put(address, created));
    let told = has_state(address).then_some(state);
    let mut made = shape::resource(world, address, existing, body, &etag, told);
    if let Some(existing) = existing.filter(|_| compute::is_machine(address)) {
        compute::keep(existing, &mut made);
        compute::check(existing, &made)?;
    }
    check(world, address, &made, body)?;
    compute::identity(world, &mut made);
    allocate::addresses(world, &mut made);
    if compute::is_machine(address) && created {
        let id = world.guid();
        set(&mut made, &["properties", "vmId"], id.into());
        let running = json!({"code": "PowerState/running", "level": "Info", "displayStatus": "VM running"});
        set(&mut made, &["properties", "extended"], json!({"instanceView": {"powerState": running}}));
    }
    let mut changes = vec![Change::Put(made.clone())];
    changes.extend(references::backs(world, existing, Some(&made)));
    let status = status_of_put(address, created);
    let fails = world.writes.extensions_fail.clone().filter(|_| compute::is_extension(address));
    Ok(Work {
        name: name_of(address, "PUT"),
        address: address.clone(),
        changes,
        settles: settled(address, told.is_some()),
        state,
        status,
        body: if status == 202 { Value::Null } else { made },
        output: None,
        fails,
        is_action: false,
    })
}

/// The resource that is in another state while an operation runs.
fn settled(address: &Address, has_state: bool) -> String {
    match address.list() {
        _ if !has_state => String::new(),
        Some(_) => address.root().id(),
        None => address.id(),
    }
}

/// Rules and references of what is to be.
fn check(world: &World, address: &Address, made: &Value, body: &Map<String, Value>) -> Result<(), Answer> {
    let rules = |value: &Value| value.pointer("/properties/securityRules").and_then(Value::as_array).cloned();
    if address.is("Microsoft.Network/networkSecurityGroups") {
        let sent = body.get("properties").and_then(|properties| properties.get("securityRules"));
        if sent.is_some_and(|sent| !sent.is_array() && !sent.is_null()) {
            return Err(validate::unreadable("Error converting value of 'properties.securityRules'."));
        }
        validate::rules(address, &rules(made).unwrap_or_default())?;
    }
    if address.is("Microsoft.Network/networkSecurityGroups/defaultSecurityRules") {
        return Err(Answer::error(405, "MethodNotAllowed", "Default security rules cannot be changed."));
    }
    if let Some(group) =
        address.parent().filter(|_| address.is("Microsoft.Network/networkSecurityGroups/securityRules"))
    {
        let mut all = world.resource(&group.id()).and_then(rules).unwrap_or_default();
        // What was there before is Azure's to judge, not ours: only this one is new.
        validate::rules(&group, std::slice::from_ref(made))?;
        all.retain(|rule| !is_named(rule, address.name()));
        all.push(made.clone());
        validate::together(&group, &all)?;
    }
    if world.writes.references && address.is_of("Microsoft.Network") {
        references::check(world, address, made)?;
    }
    Ok(())
}

fn patch(
    world: &mut World,
    address: &Address,
    existing: &Value,
    body: &Map<String, Value>,
) -> Result<Work, Answer> {
    let network = address.is_of("Microsoft.Network");
    let fixed = ["id", "name", "type", "etag", "location"];
    let mut wanted = Map::new();
    for (name, value) in body {
        if network && name != "tags" && !fixed.contains(&name.as_str()) {
            // https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/update-tags
            return Err(Answer::error(
                400,
                "InvalidRequestContent",
                &format!(
                    "The request content was invalid and could not be deserialized: Could not find member '{name}' on object of type 'ResourceDefinition'."
                ),
            ));
        }
        if !fixed.contains(&name.as_str()) {
            wanted.insert(name.clone(), value.clone());
        }
    }
    let mut wanted = Value::Object(wanted);
    for secret in ["/properties", "/properties/osProfile"] {
        if let Some(members) = wanted.pointer_mut(secret).and_then(Value::as_object_mut) {
            ["adminPassword", "customData", "protectedSettings", "provisioningState"]
                .iter()
                .for_each(|name| drop(members.shift_remove(*name)));
        }
    }
    let mut made = existing.clone();
    merge(&mut made, &wanted);
    if compute::is_machine(address) {
        compute::check(existing, &made)?;
    }
    compute::identity(world, &mut made);
    let told = has_state(address) && existing.pointer("/properties/provisioningState").is_some();
    let state = if is_slow(address) { "Updating" } else { "Succeeded" };
    let etag = world.etag();
    super::store::stamp(&mut made, Some(&etag), told.then_some(state));
    // The identity's ids are Azure's, and part of the change.
    if let Some(identity) = made.get("identity").filter(|_| wanted.get("identity").is_some()) {
        set(&mut wanted, &["identity"], identity.clone());
    }
    let mut changes = vec![Change::Merge(address.id(), wanted)];
    changes.extend(references::backs(world, Some(existing), Some(&made)));
    let fails = world.writes.extensions_fail.clone().filter(|_| compute::is_extension(address));
    Ok(Work {
        name: name_of(address, "PATCH"),
        address: address.clone(),
        changes,
        settles: settled(address, told),
        state,
        status: 200,
        body: made,
        output: None,
        fails,
        is_action: false,
    })
}

fn delete(world: &mut World, address: &Address, existing: &Value) -> Result<Work, Answer> {
    references::in_use(world, address, existing)?;
    if address.is("Microsoft.Network/networkSecurityGroups/defaultSecurityRules") {
        return Err(Answer::error(405, "MethodNotAllowed", "Default security rules cannot be deleted."));
    }
    let mut changes = vec![Change::Delete(address.id())];
    // What is below it goes with it.
    let below = format!("{}/", address.id().to_ascii_lowercase());
    let is_below = |id: &&str| id.to_ascii_lowercase().starts_with(&below);
    changes
        .extend(world.resources.iter().map(id_of).filter(is_below).map(|id| Change::Delete(id.to_owned())));
    changes.extend(references::backs(world, Some(existing), None));
    Ok(Work {
        name: name_of(address, "DELETE"),
        address: address.clone(),
        changes,
        // A part that is gone leaves its parent in another state.
        settles: if address.list().is_some() { settled(address, is_slow(address)) } else { String::new() },
        state: "Updating",
        status: status_of_delete(address),
        // Of an assignment it is told what it was.
        body: if address.is("Microsoft.Authorization/roleAssignments") {
            existing.clone()
        } else {
            Value::Null
        },
        output: None,
        fails: None,
        is_action: false,
    })
}

/// An action on a VM; none for what is no action.
pub(crate) fn act(
    world: &mut World,
    address: &Address,
    action: &str,
    request: &Request<'_>,
) -> Option<Result<Answer, Answer>> {
    let address = as_it_is(world, address);
    let machine = find(world, &address.id()).cloned();
    let nothing = json!({"id": address.id()});
    let done = compute::act(world, machine.as_ref().unwrap_or(&nothing), action, request.body, request.now)?;
    let checked = |world: &mut World| -> Result<Answer, Answer> {
        if machine.is_none() {
            return Err(guard::missing(&address));
        }
        guard::locked(world, &address, false)?;
        if let Some(Fault::Refused(conflict)) = request.fault {
            return Err(conflict.refusal());
        }
        wait(world, &address, request.now)?;
        let done = done?;
        let work = Work {
            name: done.name,
            address: address.clone(),
            changes: done.changes,
            settles: String::new(),
            state: "Updating",
            status: 202,
            body: Value::Null,
            output: done.output,
            fails: None,
            is_action: true,
        };
        Ok(commit(world, work, request))
    };
    Some(checked(world))
}

/// Accepts what is to be done: at once, or by an operation.
fn commit(world: &mut World, work: Work, request: &Request<'_>) -> Answer {
    let now = request.now;
    let slow = is_slow(&work.address) || work.status == 202;
    if !slow {
        work.changes.iter().for_each(|change| apply(world, change, now));
        let body = if work.body.is_null() { Value::Null } else { shown(&work.body) };
        return tagged(Answer { status: work.status, headers: Vec::new(), body });
    }
    let (id, target) = (world.guid(), work.address.root().id().to_ascii_lowercase());
    supersede(world, &target, &id, now);
    let end = match request.fault {
        Some(Fault::Failed) => End::Failed("InternalServerError".to_owned(), "An error occurred.".to_owned()),
        Some(Fault::Canceled) => End::Superseded(world.guid()),
        _ => work.fails.map_or(End::Succeeded, |(code, message)| End::Failed(code, message)),
    };
    let writes = world.writes.clone();
    // What an action does is done in the end: a VM that is starting is not started.
    let early = writes.effect == Effect::Accepted && !work.is_action;
    if early {
        work.changes.iter().for_each(|change| apply(world, change, now));
        mark(world, &work.settles, work.state, None, now);
    }
    world.operations.push(Operation {
        id: id.clone(),
        name: work.name,
        target,
        settles: work.settles,
        started: now,
        ends: now.saturating_add(i64::try_from(writes.seconds).unwrap_or(i64::MAX)),
        polls: writes.polls,
        running: true,
        end,
        changes: if early { Vec::new() } else { work.changes },
        output: work.output,
    });
    let mut body = work.body;
    if writes.polls == 0 {
        finish(world, &id, now);
        // It is as it is in the end.
        if let Some(found) = find(world, &work.address.id()).filter(|_| !body.is_null()) {
            body = found.clone();
        }
    }
    let root = world.resource(&work.address.root().id());
    let place = root.map(|root| text(root, "/location").replace(' ', "").to_ascii_lowercase());
    let place = place.filter(|place| !place.is_empty()).unwrap_or_else(|| "global".to_owned());
    let (subscription, provider) = (work.address.subscription(), &work.address.provider);
    let at = |kind: &str, more: &str| {
        format!(
            "{}subscriptions/{subscription}/providers/{provider}/locations/{place}/{kind}/{id}?{more}api-version={}",
            request.base, request.version
        )
    };
    let body = if body.is_null() { body } else { shown(&body) };
    let mut answer = Answer { status: work.status, headers: Vec::new(), body }
        .with("azure-asyncoperation", at("operations", ""))
        .with("retry-after", writes.retry_after);
    if work.status == 202 {
        let location = if provider == "Microsoft.Compute" {
            at("operations", "monitor=true&")
        } else {
            at("operationResults", "")
        };
        answer = answer.with("location", location);
    }
    tagged(answer)
}

/// A resource as it is answered: a VM's power is told only where one asks for it.
fn shown(value: &Value) -> Value {
    let mut value = value.clone();
    let is_machine = type_of(id_of(&value)) == "microsoft.compute/virtualmachines";
    if let Some(properties) =
        value.get_mut("properties").and_then(Value::as_object_mut).filter(|_| is_machine)
    {
        properties.shift_remove("extended");
    }
    value
}

fn tagged(answer: Answer) -> Answer {
    match text(&answer.body, "/etag").to_owned() {
        etag if etag.is_empty() || etag.contains(['\r', '\n']) => answer,
        etag => answer.with("etag", etag),
    }
}

/// Resource groups: made, and deleted with all that is in them.
fn group(world: &mut World, request: &Request<'_>) -> Result<Option<Answer>, Answer> {
    let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let [subscriptions, subscription, groups, name] = steps.as_slice() else { return Ok(None) };
    if !subscriptions.eq_ignore_ascii_case("subscriptions") || !groups.eq_ignore_ascii_case("resourceGroups")
    {
        return Ok(None);
    }
    let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
    // A lock stands below what it locks, as a resource does.
    let within = Address { scope: id.clone(), provider: "Microsoft.Resources".to_owned(), steps: Vec::new() };
    guard::locked(world, &within, request.method == "DELETE")?;
    let existing = world.resource(&id).cloned();
    if request.method == "DELETE" {
        let below = format!("{}/", id.to_ascii_lowercase());
        let all: Vec<Change> = world
            .resources
            .iter()
            .map(id_of)
            .filter(|one| one.eq_ignore_ascii_case(&id) || one.to_ascii_lowercase().starts_with(&below))
            .map(|one| Change::Delete(one.to_owned()))
            .collect();
        if all.is_empty() {
            return Err(Answer::error(
                404,
                "ResourceGroupNotFound",
                &format!("Resource group '{name}' could not be found."),
            ));
        }
        all.iter().for_each(|change| apply(world, change, request.now));
        return Ok(Some(Answer { status: 200, headers: Vec::new(), body: Value::Null }));
    }
    let body = object(request.body)?;
    let mut made = existing.clone().unwrap_or_else(|| {
        json!({"id": id, "name": name, "type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}})
    });
    if existing.is_none() && body.get("location").and_then(Value::as_str).is_none() {
        return Err(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    }
    let wanted: Map<String, Value> = body
        .into_iter()
        .filter(|(name, _)| ["location", "tags", "managedBy"].contains(&name.as_str()))
        .collect();
    merge(&mut made, &Value::Object(wanted));
    apply(world, &Change::Put(made.clone()), request.now);
    Ok(Some(Answer { status: if existing.is_none() { 201 } else { 200 }, headers: Vec::new(), body: made }))
}
