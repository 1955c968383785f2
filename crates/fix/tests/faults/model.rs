//! A small Azure: resources with ETags, operations that take time, other people, and everything that goes wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use fix::apply::{Answer, Event, Found, Method, Poll, Request};
use serde_json::{Map, Value, json};

pub(crate) const GROUP: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
pub(crate) const NIC: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/nic";
pub(crate) const VM: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm";

pub(crate) fn rule_id(name: &str) -> String {
    format!("{GROUP}/securityRules/{name}")
}

pub(crate) fn rule(priority: u64, source: &str) -> Value {
    json!({"properties": {"priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": source, "sourcePortRange": "*", "destinationAddressPrefix": "*",
        "destinationPortRange": "22"}})
}

/// Chance that is the same for the same seed.
#[derive(Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// So many times of a thousand.
    pub(crate) fn often(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }
}

/// How often, of a thousand, what goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Knobs {
    pub(crate) cut: u64,
    pub(crate) busy: u64,
    pub(crate) throttle: u64,
    pub(crate) refuse: u64,
    /// Writes that take time.
    pub(crate) slow: u64,
    /// Of those, such as fail.
    pub(crate) fails: u64,
    /// Of those, such as are not seen before they are over.
    pub(crate) lag: u64,
    /// Writes that Azure says are done, and that are lost.
    pub(crate) lost: u64,
    /// Reads of what was there a moment ago.
    pub(crate) stale: u64,
    /// Reads and polls that fail.
    pub(crate) unread: u64,
    /// Whether nobody knows of any operation that is asked after.
    pub(crate) forgets: bool,
    /// Lines that are not written.
    pub(crate) full: u64,
    /// Writes of other people, at each moment.
    pub(crate) others: u64,
    /// Somebody changes the very rule that is changed, at each moment, once.
    pub(crate) hostile: u64,
    /// Whether others change what is removed, just before it is, where ETags count. Where they do not, such a change is lost,
    /// and Azure has no way to prevent that. Of two runs that remove it, one that was cut off may take the other's work for its
    /// own, and then its file holds what was there before the change.
    pub(crate) described: bool,
    /// Whether a VM has to be stopped for a change.
    pub(crate) strict: bool,
    /// Whether a read tells what the VM does, where that is asked for.
    pub(crate) views: bool,
    /// Whether ETags count for parts of a group.
    pub(crate) child_etags: bool,
    /// Whether an operation takes the place of the one under way; else it is refused.
    pub(crate) supersede: bool,
}

#[derive(Clone, Debug)]
struct Resource {
    body: Value,
    state: &'static str,
}

struct Operation {
    root: String,
    target: String,
    left: u64,
    fails: bool,
    /// What it makes when it is over; nothing where that is there already.
    makes: Option<Makes>,
    /// What comes back when it fails, if nobody has changed the resource since.
    back: Option<(Option<Resource>, u64)>,
    state: Over,
}

#[derive(Clone, Copy, PartialEq)]
enum Over {
    Running,
    Succeeded,
    Failed,
    Superseded,
}

#[derive(Clone)]
enum Makes {
    Whole(Option<Value>),
    Members(Value),
    Power(&'static str),
    Patches,
}

/// The moment of the last change of a resource, and what it was before.
struct Before {
    resource: Option<Resource>,
    version: u64,
    until: u64,
}

pub(crate) struct Azure {
    pub(crate) knobs: Knobs,
    pub(crate) rng: Rng,
    resources: BTreeMap<String, Resource>,
    versions: BTreeMap<String, u64>,
    before: BTreeMap<String, Before>,
    operations: Vec<Operation>,
    now: u64,
    pub(crate) power: &'static str,
    /// What the VM did before, and until when a read may tell that.
    power_before: (&'static str, u64),
    /// How often updates were installed.
    pub(crate) installs: u32,
    /// What others have written, as writes on any world.
    others: Vec<(String, Option<String>, Value)>,
    pub(crate) hostile: Option<(String, Value)>,
}

fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

fn root(id: &str) -> String {
    [GROUP, NIC, VM].into_iter().map(key).find(|root| key(id).starts_with(root)).unwrap()
}

pub(crate) fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let its = value.as_object_mut().unwrap();
    for (name, new) in members {
        match new.is_null() {
            true => drop(its.shift_remove(name)),
            false => merge(its.entry(name).or_insert(Value::Null), new),
        }
    }
}

impl Azure {
    pub(crate) fn new(seed: u64, knobs: Knobs) -> Self {
        let mut azure = Self {
            knobs,
            rng: Rng::new(seed),
            resources: BTreeMap::new(),
            versions: BTreeMap::new(),
            before: BTreeMap::new(),
            operations: Vec::new(),
            now: 0,
            power: "running",
            power_before: ("running", 0),
            installs: 0,
            others: Vec::new(),
            hostile: None,
        };
        for (id, body) in Self::first() {
            azure.resources.insert(id, Resource { body, state: "Succeeded" });
        }
        azure
    }

    /// What is there at first.
    pub(crate) fn first() -> BTreeMap<String, Value> {
        let mut wide = rule(100, "*");
        wide["properties"]["description"] = json!("who wrote this?");
        [
            (rule_id("allow"), wide),
            (rule_id("old"), rule(110, "*")),
            (rule_id("theirs"), rule(120, "10.0.0.0/8")),
            (
                NIC.to_owned(),
                json!({"location": "japaneast", "properties": {"ipConfigurations": [{"name": "a", "properties":
                    {"publicIPAddress": {"id": "/p"}, "privateIPAddress": "10.0.0.4"}}], "others": {}}}),
            ),
            (
                VM.to_owned(),
                json!({"location": "japaneast", "properties": {"securityProfile": {"encryptionAtHost": false}}, "tags": {}}),
            ),
        ]
        .into_iter()
        .map(|(id, body)| (key(&id), body))
        .collect()
    }

    /// What is there now.
    pub(crate) fn world(&self) -> BTreeMap<String, Value> {
        self.resources.iter().map(|(id, resource)| (id.clone(), resource.body.clone())).collect()
    }

    /// A world, and what others have written in it.
    pub(crate) fn with_others(&self, mut world: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        for (id, member, value) in &self.others {
            match world.get_mut(id) {
                Some(body) => put_other(body, member.as_deref(), value),
                // What is to be removed had been changed before.
                None if member.is_some() => {}
                None => drop(world.insert(id.clone(), value.clone())),
            }
        }
        world
    }

    pub(crate) fn body(&self, id: &str) -> Option<Value> {
        self.resources.get(&key(id)).map(|resource| resource.body.clone())
    }

    /// What a read shows that shows all as it is.
    pub(crate) fn found(&self, id: &str) -> Option<Found> {
        self.resources.get(&key(id)).map(|resource| Self::shown(resource.clone(), self.version(id)))
    }

    fn shown(resource: Resource, version: u64) -> Found {
        let mut body = resource.body;
        body["properties"]["provisioningState"] = json!(resource.state);
        body["etag"] = json!(format!("W/\"{version}\""));
        Found { body, etag: None }
    }

    /// Whether Azure calls it a failure.
    pub(crate) fn is_failed(&self, id: &str) -> bool {
        self.resources.get(&key(id)).is_some_and(|resource| resource.state == "Failed")
    }

    fn version(&self, id: &str) -> u64 {
        self.versions.get(&root(id)).copied().unwrap_or(1)
    }

    fn store(&mut self, id: &str, body: Option<Value>, state: &'static str) {
        let key = key(id);
        let version = self.version(id);
        let until = self.now + 2;
        let old = self.resources.get(&key).cloned();
        self.before.insert(key.clone(), Before { resource: old, version, until });
        match body {
            Some(body) => drop(self.resources.insert(key, Resource { body, state })),
            None => drop(self.resources.remove(&key)),
        }
        self.versions.insert(root(id), version + 1);
    }

    pub(crate) fn read(&mut self, id: &str, view: bool) -> Event {
        if self.rng.often(self.knobs.unread) {
            return Event::Unread { why: "down".to_owned(), again: true };
        }
        let (mut resource, mut version) = (self.resources.get(&key(id)).cloned(), self.version(id));
        if self.rng.often(self.knobs.stale)
            && let Some(before) = self.before.get(&key(id)).filter(|before| before.until > self.now)
        {
            (resource, version) = (before.resource.clone(), before.version);
        }
        let mut power = (view && self.knobs.views).then_some(self.power);
        if power.is_some() && self.power_before.1 > self.now && self.rng.often(self.knobs.stale) {
            power = Some(self.power_before.0);
        }
        Event::Read(resource.map(|resource| {
            let mut found = Self::shown(resource, version);
            if let Some(power) = power {
                found.body["properties"]["instanceView"] =
                    json!({"statuses": [{"code": format!("PowerState/{power}")}]});
            }
            found
        }))
    }

    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        let wait = |rng: &mut Rng| rng.often(500).then(|| Duration::from_secs(rng.below(20)));
        let knobs = self.knobs;
        if self.rng.often(knobs.throttle) {
            return Answer::Throttled { retry_after: wait(&mut self.rng) };
        }
        if self.rng.often(knobs.refuse) {
            let (code, message) = ("AuthorizationFailed".to_owned(), String::new());
            return Answer::Refused { status: 403, code, message };
        }
        let unsure = || Answer::Unsure { why: "cut".to_owned(), retry_after: None };
        if self.rng.often(knobs.cut) {
            return match self.rng.often(300) {
                true => Answer::NotSent { why: "no connection".to_owned() },
                false => unsure(),
            };
        }
        let answer = self.accept(request);
        let taken = matches!(answer, Answer::Done | Answer::Accepted { .. });
        if taken && self.rng.often(knobs.cut) { unsure() } else { answer }
    }

    fn running(&mut self, id: &str) -> Option<&mut Operation> {
        let root = root(id);
        self.operations.iter_mut().find(|one| one.root == root && one.state == Over::Running)
    }

    /// Another operation takes the place of the one under way.
    fn supersede(&mut self, id: &str) {
        if let Some(running) = self.running(id) {
            running.state = Over::Superseded;
            let target = running.target.clone();
            self.set_state(&target, "Succeeded");
        }
    }

    fn accept(&mut self, request: &Request) -> Answer {
        let id = &request.target;
        let busy = |rng: &mut Rng| Answer::Busy {
            code: "AnotherOperationInProgress".to_owned(),
            retry_after: rng.often(300).then(|| Duration::from_secs(rng.below(10))),
        };
        if self.rng.often(self.knobs.busy) {
            return busy(&mut self.rng);
        }
        let child = key(id).contains("/securityrules/");
        if !child || self.knobs.child_etags {
            let etag = format!("W/\"{}\"", self.version(id));
            let there = self.resources.contains_key(&key(id));
            if request.if_match.as_ref().is_some_and(|its| !there || *its != etag)
                || (request.if_none_match && there)
            {
                return Answer::Precondition;
            }
        }
        if self.running(id).is_some() {
            if !self.knobs.supersede {
                return busy(&mut self.rng);
            }
            self.supersede(id);
        }
        if self.knobs.strict && request.method == Method::Patch && self.power == "running" {
            let (code, message) = ("OperationNotAllowed".to_owned(), String::new());
            return Answer::Refused { status: 409, code, message };
        }
        let there = self.body(id);
        let makes = match (request.method, &request.action) {
            (Method::Put, _) => Makes::Whole(request.body.clone()),
            (Method::Delete, _) if there.is_none() => return Answer::Done,
            (Method::Delete, _) => Makes::Whole(None),
            (Method::Patch, _) => Makes::Members(request.body.clone().unwrap()),
            (Method::Post, Some(action)) => match action.as_str() {
                "deallocate" => Makes::Power("deallocated"),
                "start" => Makes::Power("running"),
                _ => Makes::Patches,
            },
            (Method::Post, None) => panic!("a POST without an action"),
        };
        if !self.rng.often(self.knobs.slow) {
            if !self.rng.often(self.knobs.lost) || matches!(makes, Makes::Power(_) | Makes::Patches) {
                self.make(id, &makes, "Succeeded");
            }
            return Answer::Done;
        }
        let action = matches!(makes, Makes::Power(_) | Makes::Patches);
        let fails = self.rng.often(self.knobs.fails);
        let removes = matches!(makes, Makes::Whole(None));
        let lag = action || (removes && fails) || self.rng.often(self.knobs.lag);
        let old = self.resources.get(&key(id)).cloned();
        // What nobody sees is over soon.
        let left = 1 + self.rng.below(if lag && !action { 4 } else { 9 });
        let mut back = None;
        if !lag {
            self.make(id, &makes, "Updating");
            back = self.rng.often(500).then(|| (old, self.version(id)));
        }
        // Azure says that it is done in the end, and it is lost.
        let makes = if self.rng.often(self.knobs.lost) && !action { None } else { Some(makes) };
        self.operations.push(Operation {
            root: root(id),
            target: key(id),
            left,
            fails,
            makes: makes.filter(|_| lag),
            back,
            state: Over::Running,
        });
        let url = format!("https://azure/{}", self.operations.len() - 1);
        let told = action || !self.rng.often(50);
        let retry_after = self.rng.often(500).then(|| Duration::from_secs(self.rng.below(15)));
        Answer::Accepted { operation: told.then_some(url), retry_after }
    }

    fn make(&mut self, id: &str, makes: &Makes, state: &'static str) {
        match makes {
            Makes::Whole(body) => {
                let mut body = body.clone();
                if let Some(members) = body.as_mut().and_then(Value::as_object_mut) {
                    members.shift_remove("etag");
                }
                self.store(id, body, state);
            }
            Makes::Members(patch) => {
                let mut body = self.body(id).unwrap();
                merge(&mut body, patch);
                self.store(id, Some(body), state);
            }
            Makes::Power(power) => {
                self.power_before = (self.power, self.now + 2);
                self.power = power;
            }
            Makes::Patches => self.installs += 1,
        }
    }

    pub(crate) fn poll(&mut self, url: &str) -> Poll {
        if self.rng.often(self.knobs.unread) {
            return Poll::Unasked { why: "down".to_owned() };
        }
        self.tick();
        let number: usize = url.rsplit('/').next().unwrap().parse().unwrap();
        let forgotten = self.rng.often(self.knobs.unread);
        let (code, message) = ("InternalOperationError".to_owned(), String::new());
        match self.operations[number].state {
            _ if self.knobs.forgets => Poll::Gone,
            Over::Running => Poll::Running { retry_after: None },
            _ if forgotten => Poll::Gone,
            Over::Succeeded => Poll::Succeeded,
            Over::Failed => Poll::Failed { code, message },
            Over::Superseded => Poll::Canceled { superseded: true },
        }
    }

    /// Time passes.
    pub(crate) fn tick(&mut self) {
        self.now += 1;
        for number in 0..self.operations.len() {
            let one = &mut self.operations[number];
            if one.state != Over::Running {
                continue;
            }
            one.left = one.left.saturating_sub(1);
            if one.left > 0 {
                continue;
            }
            let (target, makes, back) = (one.target.clone(), one.makes.take(), one.back.take());
            one.state = if one.fails { Over::Failed } else { Over::Succeeded };
            match (one.state, makes, back) {
                (Over::Succeeded, Some(makes), _) => self.make(&target, &makes, "Succeeded"),
                (Over::Succeeded, None, _) => self.set_state(&target, "Succeeded"),
                (_, None, Some((old, version))) if self.version(&target) == version => {
                    self.store(&target, old.map(|old| old.body), "Failed");
                }
                (_, None, _) => self.set_state(&target, "Failed"),
                _ => {}
            }
        }
    }

    fn set_state(&mut self, target: &str, state: &'static str) {
        if let Some(resource) = self.resources.get_mut(target) {
            resource.state = state;
        }
    }

    /// All operations come to their end, and reads show what is there.
    pub(crate) fn settle(&mut self) {
        for _ in 0..20 {
            self.tick();
        }
    }

    /// Other people do what they do.
    pub(crate) fn others(&mut self) {
        if self.rng.often(self.knobs.hostile) && self.hostile.is_none() {
            let target = rule_id(if self.rng.often(500) { "allow" } else { "extra" });
            if self.running(&target).is_none() {
                let theirs = rule(100, "192.0.2.7");
                self.store(&target, Some(theirs.clone()), "Succeeded");
                self.hostile = Some((key(&target), theirs));
            }
        }
        if !self.rng.often(self.knobs.others) {
            return;
        }
        let number = self.others.len();
        let (id, member, value) = match self.rng.below(6) {
            0 => (rule_id(&format!("other-{number}")), None, rule(1000 + number as u64, "10.1.0.0/16")),
            1 => (rule_id("theirs"), None, rule(120, &format!("10.2.{number}.0/24"))),
            2 => (rule_id("old"), Some("/properties/description".to_owned()), json!(number)),
            5 => (rule_id("allow"), Some("/properties/description".to_owned()), json!(number)),
            3 => (NIC.to_owned(), Some(format!("/properties/others/k{number}")), json!(number)),
            _ => (VM.to_owned(), Some(format!("/tags/k{number}")), json!(number)),
        };
        // A resource is locked while it is written.
        if member.is_some() && self.running(&id).is_some() {
            return;
        }
        let described = member.as_deref() == Some("/properties/description");
        if self.hostile.as_ref().is_some_and(|(theirs, _)| *theirs == key(&id)) {
            return;
        }
        if described && (!self.knobs.described || !self.knobs.child_etags || self.body(&id).is_none()) {
            return;
        }
        if self.knobs.supersede && self.rng.often(300) {
            self.supersede(&id);
        }
        let mut body = self.body(&id).unwrap_or(Value::Null);
        put_other(&mut body, member.as_deref(), &value);
        self.store(&id, Some(body), "Succeeded");
        self.others.push((key(&id), member, value));
    }
}

fn put_other(body: &mut Value, member: Option<&str>, value: &Value) {
    match member.and_then(|member| member.rsplit_once('/')) {
        None => *body = value.clone(),
        Some((parent, name)) => body.pointer_mut(parent).unwrap()[name] = value.clone(),
    }
}
