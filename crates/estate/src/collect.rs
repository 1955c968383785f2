//! From pieces of JSON to typed, possibly partial records, read in any order by several threads.
//!
//! INVARIANT: nothing is dropped silently: a value is a record, counted as something else, or a
//! problem with its place.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashSet;
use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::admin::AdminRule;
use crate::around::Surroundings;
use crate::around::directory::{self, Listed};
use crate::compute::{Disk, Vm};
use crate::coverage::{Coverage, DEPLOYMENT};
use crate::effective;
use crate::firewall::{Firewall, FirewallPolicy, IpGroup, RuleGroup};
use crate::forward::{Forward, ForwardKind, LoadBalancer, Pool, PrivateLink, WebGateway};
use crate::id::{IdsBuilder, ResourceId, Use, resource_type, type_segments};
use crate::join;
use crate::known::Known;
use crate::model::{Estate, Kind, Other};
use crate::network::{Asg, LocalGateway, Nested, Nic, Peer, PublicIp, Subnet, Vnet};
use crate::origin::{Origin, Origins, SourceIndex, locate};
use crate::problem::{At, Problem, ProblemKind};
use crate::route::{Route, RouteTable, lone_route};
use crate::rule::{Nsg, SecurityRule, owner_of};
use crate::scale_set::ScaleSet;
use crate::split::{self, Cut, DEPTH_LIMIT, Fault, PIECE_LIMIT, Splitter};
use crate::wire::{Fields, Reader, member};

/// Reads pieces of sources. Shared by the threads that read.
#[derive(Default)]
pub struct Collector {
    ids: IdsBuilder,
    /// How many bytes there are to read, to make lists in their final size at once.
    expected: u64,
    replaced: Replaced,
    done: Mutex<Part>,
}

/// Resources that a deployment puts in the place of those that are there.
#[derive(Clone, Debug, Default)]
pub struct Replaced {
    /// Their ids, in lower case. Records of them count only from the sources below.
    pub ids: HashSet<Box<str>>,
    /// The sources that hold what takes their place.
    pub by: HashSet<SourceIndex>,
}

/// The records that one thread has read.
#[derive(Default)]
pub struct Part {
    pub(crate) vms: Vec<Vm>,
    pub(crate) scale_sets: Vec<ScaleSet>,
    pub(crate) nics: Vec<Nic>,
    pub(crate) public_ips: Vec<PublicIp>,
    pub(crate) nsgs: Vec<Nsg>,
    pub(crate) vnets: Vec<Vnet>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) route_tables: Vec<RouteTable>,
    pub(crate) asgs: Vec<Asg>,
    pub(crate) load_balancers: Vec<LoadBalancer>,
    pub(crate) web_gateways: Vec<WebGateway>,
    pub(crate) private_links: Vec<PrivateLink>,
    pub(crate) local_gateways: Vec<LocalGateway>,
    pub(crate) firewalls: Vec<Firewall>,
    pub(crate) firewall_policies: Vec<FirewallPolicy>,
    pub(crate) rule_groups: Vec<RuleGroup>,
    pub(crate) ip_groups: Vec<IpGroup>,
    pub(crate) admin_rules: Vec<AdminRule>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) nat_rules: Vec<Forward>,
    pub(crate) disks: Vec<Disk>,
    pub(crate) rules: Vec<(ResourceId, SecurityRule)>,
    pub(crate) routes: Vec<(ResourceId, Route)>,
    pub(crate) peerings: Vec<(ResourceId, Peer)>,
    pub(crate) around: Surroundings,
    pub(crate) coverage: Coverage,
    pub(crate) others: Vec<Other>,
    pub(crate) problems: Vec<Problem>,
    /// Problems beyond [`PROBLEMS_A_PART`], which are counted only.
    pub(crate) more_problems: u64,
    /// How many bytes these records were read from.
    pub(crate) bytes: u64,
}

/// How many problems of one delivery are kept: broken input has millions.
const PROBLEMS_A_PART: usize = 200;

impl Part {
    /// Notes something that could not be read.
    pub fn problem(&mut self, source: SourceIndex, offset: u64, kind: ProblemKind) {
        self.problems.push(Problem { at: At::Offset { source, offset }, kind });
    }
}

/// How deep lists of lists are opened.
const LEVELS: usize = 4;

impl Collector {
    /// A collector that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A collector that is going to read about so many bytes.
    pub fn expecting(bytes: u64) -> Self {
        Self { expected: bytes, ..Self::default() }
    }

    /// Leaves out the records of what a deployment replaces.
    pub fn replacing(self, replaced: Replaced) -> Self {
        Self { replaced, ..self }
    }

    /// Takes over what a thread has read, and leaves its part empty.
    pub fn deliver(&self, part: &mut Part) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        part.problems.sort_unstable();
        part.problems.dedup();
        part.more_problems += part.problems.len().saturating_sub(PROBLEMS_A_PART) as u64;
        part.problems.truncate(PROBLEMS_A_PART);
        done.more_problems += std::mem::take(&mut part.more_problems);
        let times = if done.bytes == 0 { self.expected / part.bytes.max(1) } else { 0 };
        let times = usize::try_from(times).unwrap_or(0);
        done.bytes += std::mem::take(&mut part.bytes);
        fn move_all<T>(to: &mut Vec<T>, from: &mut Vec<T>, times: usize) {
            // Memory that is never written to is never taken from the system.
            to.reserve(from.len().saturating_mul(times.min(1 << 16)).saturating_add(from.len() / 8));
            to.append(from);
        }
        move_all(&mut done.vms, &mut part.vms, times);
        move_all(&mut done.scale_sets, &mut part.scale_sets, 0);
        move_all(&mut done.nics, &mut part.nics, times);
        move_all(&mut done.public_ips, &mut part.public_ips, 0);
        move_all(&mut done.nsgs, &mut part.nsgs, 0);
        move_all(&mut done.vnets, &mut part.vnets, 0);
        move_all(&mut done.subnets, &mut part.subnets, 0);
        move_all(&mut done.route_tables, &mut part.route_tables, 0);
        move_all(&mut done.asgs, &mut part.asgs, 0);
        move_all(&mut done.load_balancers, &mut part.load_balancers, 0);
        move_all(&mut done.web_gateways, &mut part.web_gateways, 0);
        move_all(&mut done.private_links, &mut part.private_links, 0);
        move_all(&mut done.local_gateways, &mut part.local_gateways, 0);
        move_all(&mut done.firewalls, &mut part.firewalls, 0);
        move_all(&mut done.firewall_policies, &mut part.firewall_policies, 0);
        move_all(&mut done.rule_groups, &mut part.rule_groups, 0);
        move_all(&mut done.ip_groups, &mut part.ip_groups, 0);
        move_all(&mut done.admin_rules, &mut part.admin_rules, 0);
        move_all(&mut done.pools, &mut part.pools, 0);
        move_all(&mut done.nat_rules, &mut part.nat_rules, 0);
        move_all(&mut done.disks, &mut part.disks, times);
        move_all(&mut done.rules, &mut part.rules, 0);
        move_all(&mut done.routes, &mut part.routes, 0);
        move_all(&mut done.peerings, &mut part.peerings, 0);
        done.around.append(&mut part.around);
        done.coverage.append(&mut part.coverage);
        move_all(&mut done.others, &mut part.others, 0);
        move_all(&mut done.problems, &mut part.problems, 0);
    }

    /// Reads what a [`Splitter`] cut out of a source.
    pub fn read(&self, part: &mut Part, source: SourceIndex, cut: Cut<'_>) {
        self.cut(part, source, 0, cut);
    }

    /// Reads one line of a source that holds one value a line.
    pub fn read_line(&self, part: &mut Part, source: SourceIndex, line: &[u8], offset: u64) {
        let text = line.trim_ascii_start();
        let offset = offset + (line.len() - text.len()) as u64;
        let text = text.trim_ascii_end();
        if !text.is_empty() {
            self.piece(part, source, 0, text, offset, text.len() as u64);
        }
    }

    fn cut(&self, part: &mut Part, source: SourceIndex, level: usize, cut: Cut<'_>) {
        match cut {
            Cut::Piece { bytes, offset } => {
                self.piece(part, source, level, bytes, offset, bytes.len() as u64)
            }
            Cut::Envelope { bytes, offset, len } => self.piece(part, source, LEVELS, bytes, offset, len),
            Cut::Fault { offset, fault } => {
                let kind = match fault {
                    Fault::NotJson => ProblemKind::Syntax { detail: "no JSON value starts here".into() },
                    Fault::Truncated => ProblemKind::Truncated,
                    Fault::TooDeep => ProblemKind::TooDeep { limit: DEPTH_LIMIT },
                    Fault::TooLarge => ProblemKind::TooLarge { limit: PIECE_LIMIT },
                };
                part.problem(source, offset, kind);
            }
        }
    }

    fn piece(&self, part: &mut Part, source: SourceIndex, level: usize, bytes: &[u8], offset: u64, len: u64) {
        part.bytes += if level == 0 { len } else { 0 };
        if part.problems.len() > 16 * PROBLEMS_A_PART {
            // The first ones are kept, whatever comes after.
            part.problems.sort_unstable();
            part.problems.dedup();
            part.more_problems += part.problems.len().saturating_sub(PROBLEMS_A_PART) as u64;
            part.problems.truncate(PROBLEMS_A_PART);
        }
        if split::depth(bytes) > DEPTH_LIMIT {
            return part.problem(source, offset, ProblemKind::TooDeep { limit: DEPTH_LIMIT });
        }
        let value: Value = match sonic_rs::from_slice(bytes) {
            Ok(value) => value,
            Err(error) => return part.problems.push(syntax_problem(source, offset, bytes, &error)),
        };
        let origin = Origin { source, offset, len: u32::try_from(len).unwrap_or(u32::MAX) };
        if let Some(object) = value.as_object() {
            self.object(part, origin, level, bytes, object);
        } else if value.is_array() && level < LEVELS {
            self.split_again(part, source, level, bytes, offset);
        } else {
            part.problem(source, offset, ProblemKind::NotAResource);
        }
    }

    fn split_again(&self, part: &mut Part, source: SourceIndex, level: usize, bytes: &[u8], offset: u64) {
        let mut splitter = Splitter::new();
        let mut emit = |cut: Cut<'_>| self.cut(part, source, level + 1, shift(cut, offset));
        splitter.push(bytes, &mut emit);
        splitter.finish(&mut emit);
    }

    fn object(&self, part: &mut Part, origin: Origin, level: usize, bytes: &[u8], object: &Object) {
        let mut problems = std::mem::take(&mut part.problems);
        let mut reader = Reader { ids: &self.ids, problems: &mut problems, origin };
        let id = member(object, "id").and_then(|id| id.as_str()).filter(|id| id.contains('/'));
        if let Some(id) = id {
            if self.replaced.ids.is_empty() || self.replaced.by.contains(&origin.source) {
                resource(part, &mut reader, object, id);
            } else if !self.replaced.ids.contains(id.to_ascii_lowercase().as_str()) {
                let before = (part.nsgs.len(), part.route_tables.len(), part.subnets.len());
                resource(part, &mut reader, object, id);
                self.leave_out_parts(part, before, id);
            }
        } else if effective::is_effective(object) {
            part.nsgs.extend(effective::read(&mut reader, object));
        } else if let Some(listed) = directory::listed(object) {
            if level < LEVELS {
                directory_list(part, &mut reader, bytes, object, &listed);
            } else {
                // Its elements were cut out before anything told what they are.
                let format = "a list of Microsoft Graph whose `@odata.context` stands behind it";
                reader.problem(String::new(), ProblemKind::OtherFormat { format });
            }
        } else if is_manifest(object) && !is_envelope(object) {
            part.coverage.read(&mut reader, object);
            manifest(&mut reader, object);
        } else if let Some(format) = other_format(object) {
            reader.problem(String::new(), ProblemKind::OtherFormat { format });
        } else if let Some(table) = member(object, "data").and_then(|data| data.as_object()) {
            table_rows(part, &mut reader, bytes, table);
        } else if is_envelope(object) {
            if more_pages(object) {
                reader.problem(String::new(), ProblemKind::MorePages);
            }
            if level == 0 && has_items(object) {
                part.problems = problems;
                return self.split_again(part, origin.source, level, bytes, origin.offset);
            }
            // What a template would deploy comes in one piece with what it tells of.
            if is_manifest(object) {
                part.coverage.read(&mut reader, object);
            }
        } else if member(object, "id").is_some_and(|id| id.is_str()) {
            other(part, &mut reader, object, "");
        } else if !object.is_empty() {
            reader.problem(String::new(), ProblemKind::NotAResource);
        }
        part.problems = problems;
    }

    /// Leaves out the rules, routes and subnets of a record that a deployment replaces one by one.
    fn leave_out_parts(&self, part: &mut Part, before: (usize, usize, usize), id: &str) {
        let owner = id.to_ascii_lowercase();
        let gone = |list: &str, name: &str| {
            self.replaced.ids.contains(format!("{owner}/{list}/{}", name.to_ascii_lowercase()).as_str())
        };
        for nsg in part.nsgs.iter_mut().skip(before.0) {
            if let Some(Known::Value(rules)) = &mut nsg.rules {
                rules.retain(|rule| !gone("securityrules", &rule.name));
            }
        }
        for table in part.route_tables.iter_mut().skip(before.1) {
            if let Some(Known::Value(routes)) = &mut table.routes {
                routes.retain(|route| !gone("routes", &route.name));
            }
        }
        if part.subnets.len() > before.2 {
            let start = format!("{owner}/subnets/");
            let subnets = self.replaced.ids.iter().filter(|id| id.starts_with(&start));
            let subnets: HashSet<_> = subnets.map(|id| self.ids.intern(id, Use::Reference)).collect();
            let mut index = 0;
            part.subnets.retain(|subnet| {
                index += 1;
                index <= before.2 || !subnets.contains(&subnet.id)
            });
        }
    }

    /// Joins what was delivered.
    pub fn finish(self) -> Estate {
        let done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        join::join(self.ids.freeze(), done)
    }
}

fn shift(cut: Cut<'_>, by: u64) -> Cut<'_> {
    match cut {
        Cut::Piece { bytes, offset } => Cut::Piece { bytes, offset: offset + by },
        Cut::Envelope { bytes, offset, len } => Cut::Envelope { bytes, offset: offset + by, len },
        Cut::Fault { offset, fault } => Cut::Fault { offset: offset + by, fault },
    }
}

fn syntax_problem(source: SourceIndex, offset: u64, bytes: &[u8], error: &sonic_rs::Error) -> Problem {
    if let Err(utf8) = std::str::from_utf8(bytes) {
        let at = At::Offset { source, offset: offset + utf8.valid_up_to() as u64 };
        return Problem { at, kind: ProblemKind::NotUtf8 };
    }
    let at = At::Offset { source, offset: offset + error.offset().min(bytes.len()) as u64 };
    if error.is_eof() {
        return Problem { at, kind: ProblemKind::Truncated };
    }
    // The reader's message goes on with an excerpt; its first sentence says what is wrong.
    let message = error.to_string();
    let detail = message.split(" at line").next().unwrap_or_default().trim().to_lowercase();
    Problem { at, kind: ProblemKind::Syntax { detail: detail.into() } }
}

fn is_envelope(object: &Object) -> bool {
    ["value", "data", "resources"].iter().any(|name| member(object, name).is_some_and(|list| list.is_array()))
}

fn has_items(object: &Object) -> bool {
    ["value", "data", "resources"].iter().any(|name| {
        member(object, name).and_then(|list| list.as_array()).is_some_and(|list| !list.is_empty())
    })
}

/// Whether an answer says that it is one page of several.
fn more_pages(object: &Object) -> bool {
    let text =
        |name| member(object, name).and_then(|value| value.as_str()).is_some_and(|text| !text.is_empty());
    let truncated = member(object, "resultTruncated")
        .is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"));
    text("nextLink") || text("@odata.nextLink") || text("$skipToken") || text("skip_token") || truncated
}

/// Whether it tells what a snapshot is of, and what it is not.
fn is_manifest(object: &Object) -> bool {
    let kind = member(object, "kind").and_then(|kind| kind.as_str());
    kind.is_some_and(|kind| kind.starts_with("sekimori.snapshot/") || kind.starts_with(DEPLOYMENT))
}

/// What could not be collected is a problem of the input.
fn manifest(reader: &mut Reader<'_>, object: &Object) {
    for (list, detail) in [("refused", "role"), ("partial", "reason")] {
        let items = member(object, list).and_then(|items| items.as_array());
        for (index, item) in items.into_iter().flat_map(|items| items.iter()).enumerate() {
            let text = |name: &str| item.get(name).and_then(|text| text.as_str()).map(Box::from);
            let kind = ProblemKind::NotCollected {
                what: text("what").unwrap_or_default(),
                scope: text("scope").unwrap_or_default(),
                action: text("action"),
                detail: text(detail).unwrap_or_default(),
            };
            reader.problem(format!("/{list}/{index}"), kind);
        }
    }
}

fn other_format(object: &Object) -> Option<&'static str> {
    if let Some(schema) = member(object, "$schema").and_then(|schema| schema.as_str())
        && schema.to_ascii_lowercase().contains("deploymenttemplate")
    {
        return Some("an ARM template");
    }
    if member(object, "planned_values").is_some() && member(object, "format_version").is_some() {
        return Some("a Terraform plan");
    }
    None
}

/// Resource Graph's table form: `{"columns":[{"name":…}],"rows":[[…]]}`.
fn table_rows(part: &mut Part, reader: &mut Reader<'_>, bytes: &[u8], table: &Object) {
    let names: Option<Vec<&str>> =
        member(table, "columns").and_then(|columns| columns.as_array()).map(|columns| {
            columns
                .iter()
                .map(|column| column.get("name").and_then(|name| name.as_str()).unwrap_or(""))
                .collect()
        });
    let rows = member(table, "rows").and_then(|rows| rows.as_array());
    let (Some(names), Some(rows)) = (names, rows) else {
        return reader.problem(String::new(), ProblemKind::NotAResource);
    };
    let envelope = reader.origin;
    for (row, place) in rows.iter().zip(places(envelope, bytes, "/data/rows")) {
        let mut object = Object::new();
        for (name, cell) in names.iter().zip(row.as_array().map(|cells| cells.as_slice()).unwrap_or_default())
        {
            object.insert(name, cell.clone());
        }
        reader.origin = place;
        let id = member(&object, "id").and_then(|id| id.as_str()).map(str::to_owned);
        match id {
            Some(id) => resource(part, reader, &object, &id),
            None => reader.problem(String::new(), ProblemKind::NotAResource),
        }
    }
    reader.origin = envelope;
}

/// Where each element of a list stands, as one walk over the text of what holds the list finds.
fn places(envelope: Origin, bytes: &[u8], pointer: &str) -> impl Iterator<Item = Origin> {
    let (mut at, _) = locate(bytes, pointer);
    at += 1;
    std::iter::from_fn(move || {
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b',') {
            at += 1;
        }
        let (start, end) = (at, split::skip_value(bytes, at).unwrap_or(bytes.len()));
        at = end;
        let len = u32::try_from(end - start).unwrap_or(u32::MAX);
        Some(Origin { offset: envelope.offset + start as u64, len, ..envelope })
    })
}

/// A list of the directory, or one thing of it.
fn directory_list(part: &mut Part, reader: &mut Reader<'_>, bytes: &[u8], object: &Object, listed: &Listed) {
    let more = more_pages(object);
    if more {
        reader.problem(String::new(), ProblemKind::MorePages);
    }
    match listed {
        Listed::One(kind) => {
            directory_entry(part, reader, object, kind);
        }
        Listed::Nobodys => {
            let format = "a list of members that does not say of which group";
            reader.problem(String::new(), ProblemKind::OtherFormat { format });
        }
        Listed::Members(group) => {
            // A group may come in several pieces.
            let origin = reader.origin;
            let text = format!("{group}/members/{}/{}", origin.source.0, origin.offset);
            let id = reader.ids.intern(&text, Use::Definition);
            part.around.take(reader, directory::MEMBERSHIP, id, &text, object);
            part.others.push(Other { id, resource_type: directory::MEMBERSHIP.into(), origin });
        }
        Listed::List(kind) => {
            let mut whole = !more;
            let items = member(object, "value").and_then(|items| items.as_array());
            let envelope = reader.origin;
            let items = items.into_iter().flat_map(|items| items.iter());
            for (item, place) in items.zip(places(envelope, bytes, "/value")) {
                reader.origin = place;
                whole &= match reader.element(item, format_args!("")) {
                    Some(item) => directory_entry(part, reader, item, kind),
                    None => false,
                };
            }
            reader.origin = envelope;
            part.around.lists.push((kind, !whole));
        }
    }
}

/// Gives whether it could be taken.
fn directory_entry(part: &mut Part, reader: &mut Reader<'_>, object: &Object, kind: &str) -> bool {
    let Some(id) = member(object, "id").and_then(|id| id.as_str()).filter(|id| !id.is_empty()) else {
        reader.problem("/id".to_owned(), ProblemKind::MissingField { field: "id".into() });
        return false;
    };
    let own = reader.ids.intern(id, Use::Definition);
    part.others.push(Other { id: own, resource_type: kind.into(), origin: reader.origin });
    part.around.take(reader, kind, own, id, object);
    true
}

/// Types with a parser of their own, or that are a part of another resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parser {
    Kind(Kind),
    Rule,
    DefaultRule,
    Route,
    Peering,
    Pool,
    NatRule,
    AdminRule,
}

const TYPES: [(&str, Parser); 29] = [
    ("microsoft.compute/virtualmachines", Parser::Kind(Kind::Vm)),
    ("microsoft.compute/virtualmachinescalesets", Parser::Kind(Kind::ScaleSet)),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines", Parser::Kind(Kind::Vm)),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces", Parser::Kind(Kind::Nic)),
    (
        "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces/ipconfigurations/publicipaddresses",
        Parser::Kind(Kind::PublicIp),
    ),
    ("microsoft.network/networkinterfaces", Parser::Kind(Kind::Nic)),
    ("microsoft.network/publicipaddresses", Parser::Kind(Kind::PublicIp)),
    ("microsoft.network/networksecuritygroups", Parser::Kind(Kind::Nsg)),
    ("microsoft.network/virtualnetworks", Parser::Kind(Kind::Vnet)),
    ("microsoft.network/virtualnetworks/subnets", Parser::Kind(Kind::Subnet)),
    ("microsoft.network/routetables", Parser::Kind(Kind::RouteTable)),
    ("microsoft.network/applicationsecuritygroups", Parser::Kind(Kind::Asg)),
    ("microsoft.network/loadbalancers", Parser::Kind(Kind::LoadBalancer)),
    ("microsoft.network/loadbalancers/backendaddresspools", Parser::Pool),
    ("microsoft.network/loadbalancers/inboundnatrules", Parser::NatRule),
    ("microsoft.network/applicationgateways", Parser::Kind(Kind::WebGateway)),
    ("microsoft.network/privatelinkservices", Parser::Kind(Kind::PrivateLink)),
    ("microsoft.network/localnetworkgateways", Parser::Kind(Kind::LocalGateway)),
    ("microsoft.network/azurefirewalls", Parser::Kind(Kind::Firewall)),
    ("microsoft.network/firewallpolicies", Parser::Kind(Kind::FirewallPolicy)),
    ("microsoft.network/firewallpolicies/rulecollectiongroups", Parser::Kind(Kind::RuleGroup)),
    ("microsoft.network/ipgroups", Parser::Kind(Kind::IpGroup)),
    ("microsoft.network/effectivesecurityadminrules", Parser::AdminRule),
    (
        "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules",
        Parser::AdminRule,
    ),
    ("microsoft.compute/disks", Parser::Kind(Kind::Disk)),
    ("microsoft.network/networksecuritygroups/securityrules", Parser::Rule),
    ("microsoft.network/networksecuritygroups/defaultsecurityrules", Parser::DefaultRule),
    ("microsoft.network/routetables/routes", Parser::Route),
    ("microsoft.network/virtualnetworks/virtualnetworkpeerings", Parser::Peering),
];

/// The type of a resource, lower case: the id tells it, and what `type` says counts only where the id does not.
fn type_of(object: &Object, id: &str) -> String {
    let declared =
        || member(object, "type").and_then(|declared| declared.as_str()).map(str::to_ascii_lowercase);
    type_segments(id).map(|own| own.lower()).or_else(declared).unwrap_or_default()
}

fn resource(part: &mut Part, reader: &mut Reader<'_>, object: &Object, id: &str) {
    let resource_type = type_of(object, id);
    let parser = TYPES.iter().find(|(name, _)| *name == resource_type).map(|(_, parser)| *parser);
    let kind = match parser {
        Some(Parser::Kind(kind)) => kind,
        parser => {
            // Parts that are resources of their own count, whether or not their whole is there.
            let own = other(part, reader, object, &resource_type);
            part.around.take(reader, &resource_type, own, id, object);
            return lone_part(part, reader, object, id, parser);
        }
    };
    // An object with nothing but an id is a reference, not a record.
    if object.iter().all(|(key, _)| matches!(key, "id" | "resourceGroup" | "primary")) {
        return mention(part, reader, kind, id);
    }
    let own = reader.ids.intern(id, Use::Definition);
    let mut nested = Nested::default();
    match kind {
        Kind::Vm => {
            part.vms.push(Vm::read(reader, own, object));
            nested_extensions(part, reader, object, "resources", "");
        }
        // Its instances are machines with records of their own.
        Kind::ScaleSet if ScaleSet::makes_none(object) => {
            other(part, reader, object, &kind.resource_type().to_ascii_lowercase());
        }
        Kind::ScaleSet => {
            part.scale_sets.push(ScaleSet::read(reader, own, object, id, &mut nested));
            let profile = ["virtualMachineProfile", "extensionProfile"]
                .iter()
                .try_fold(object, |object, name| Fields::of(object).raw(name)?.as_object());
            if let Some(profile) = profile {
                nested_extensions(part, reader, profile, "extensions", id);
            }
        }
        Kind::Nic => part.nics.push(Nic::read(reader, own, object, &mut nested)),
        Kind::PublicIp => part.public_ips.push(PublicIp::read(reader, own, object, format_args!(""), true)),
        Kind::Nsg => part.nsgs.push(Nsg::read(reader, own, object)),
        Kind::Vnet => part.vnets.push(Vnet::read(reader, own, object, &mut nested)),
        Kind::Subnet => part.subnets.push(Subnet::read(reader, own, object, format_args!(""))),
        Kind::RouteTable => part.route_tables.push(RouteTable::read(reader, own, object)),
        Kind::Asg => part.asgs.push(Asg::read(reader, own)),
        Kind::LoadBalancer => part.load_balancers.push(LoadBalancer::read(reader, own, object)),
        Kind::WebGateway => part.web_gateways.push(WebGateway::read(reader, own, object)),
        Kind::PrivateLink => part.private_links.push(PrivateLink::read(reader, own, object)),
        Kind::LocalGateway => part.local_gateways.push(LocalGateway::read(reader, own, object)),
        Kind::Firewall => part.firewalls.push(Firewall::read(reader, own, object)),
        Kind::FirewallPolicy => part.firewall_policies.push(FirewallPolicy::read(reader, own, object)),
        Kind::RuleGroup => part.rule_groups.push(RuleGroup::read(reader, own, object)),
        Kind::IpGroup => part.ip_groups.push(IpGroup::read(reader, own, object)),
        Kind::Disk => part.disks.push(Disk::read(reader, own, object)),
        Kind::Other => {}
    }
    part.subnets.append(&mut nested.subnets);
    part.public_ips.append(&mut nested.public_ips);
}

/// Extensions that stand in the record of their machine, or in the model of a scale set (whose id is `owner`).
fn nested_extensions(part: &mut Part, reader: &mut Reader<'_>, object: &Object, list: &str, owner: &str) {
    const TYPE: &str = "microsoft.compute/virtualmachines/extensions";
    let items = member(object, list).and_then(|items| items.as_array());
    for item in items.into_iter().flat_map(|items| items.iter()).filter_map(|item| item.as_object()) {
        // Lists of machines have the ids alone.
        if item.len() < 2 {
            continue;
        }
        let text = |name: &str| member(item, name).and_then(|text| text.as_str());
        let id = match (text("id"), text("name")) {
            (Some(id), _) => id.to_owned(),
            (None, Some(name)) if !owner.is_empty() => format!("{owner}/extensions/{name}"),
            _ => continue,
        };
        // Other children of a machine, such as run commands, stand there, too.
        if resource_type(&id).is_none_or(|name| !name.to_ascii_lowercase().ends_with("/extensions")) {
            continue;
        }
        let own = reader.ids.intern(&id, Use::Definition);
        part.others.push(Other { id: own, resource_type: TYPE.into(), origin: reader.origin });
        part.around.take(reader, TYPE, own, &id, item);
    }
}

/// A rule, route or peering that is a resource of its own.
fn lone_part(part: &mut Part, reader: &mut Reader<'_>, object: &Object, id: &str, parser: Option<Parser>) {
    match parser {
        Some(Parser::Rule) => {
            if let Some(group) = owner_of(reader, id) {
                let rule = SecurityRule::read(reader, object, format_args!(""));
                part.rules.push((group, rule));
            }
        }
        Some(Parser::Route) => {
            if let Some(table) = owner_of(reader, id) {
                let route = lone_route(reader, object, id);
                part.routes.push((table, route));
            }
        }
        Some(Parser::Peering) => {
            if let (Some(vnet), Some(peer)) =
                (owner_of(reader, id), Peer::read(reader, object, format_args!("")))
            {
                part.peerings.push((vnet, peer));
            }
        }
        Some(Parser::Pool) => part.pools.extend(Pool::read(reader, object, format_args!(""), "")),
        Some(Parser::NatRule) => {
            // The balancer is known by its part, whether or not it has a record.
            let _ = owner_of(reader, id);
            part.nat_rules.extend(Forward::read(reader, object, format_args!(""), "", ForwardKind::Nat));
        }
        Some(Parser::AdminRule) => part.admin_rules.push(AdminRule::read(reader, id, object)),
        Some(Parser::Kind(_) | Parser::DefaultRule) | None => {}
    }
}

/// `az vm nic list` and the like print `{"id":"…"}`: the resource exists, nothing else is told.
fn mention(part: &mut Part, reader: &mut Reader<'_>, kind: Kind, id: &str) {
    let id = reader.ids.intern(id, Use::Reference);
    if kind == Kind::Vm {
        part.vms.push(Vm::mentioned(id, Origins::one(reader.origin)));
    } else {
        let resource_type = kind.resource_type().to_ascii_lowercase().into();
        part.others.push(Other { id, resource_type, origin: reader.origin });
    }
}

fn other(part: &mut Part, reader: &mut Reader<'_>, object: &Object, resource_type: &str) -> ResourceId {
    let text = member(object, "id").and_then(|id| id.as_str()).unwrap_or_default();
    let id = reader.ids.intern(text, Use::Definition);
    part.others.push(Other { id, resource_type: resource_type.into(), origin: reader.origin });
    id
}

/// An estate of one text: records one after the other or in lists, as a source holds them. For tests, measurements and estates of
/// a few records; files are read piece by piece.
pub fn of_text(text: &[u8]) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text, &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}
