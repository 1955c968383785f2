//! From pieces of JSON to an estate: records are read in any order, by several threads, and joined
//! by id.
//!
//! INVARIANT: the estate does not depend on the order of the records: those of one resource
//! complete each other, and where two contradict each other the value is unknown and a problem
//! names both places.

use std::sync::{Mutex, PoisonError};

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::compute::{Disk, Vm};
use crate::effective;
use crate::id::{Ids, IdsBuilder, ResourceId, Use, resource_type, type_segments};
use crate::known::{Known, Reason, join};
use crate::model::{Estate, Kind, Other, Slot};
use crate::network::{
    Asg, IpConfiguration, LoadBalancer, Nested, Nic, Peer, PublicIp, RouteTable, Subnet, Vnet,
};
use crate::origin::{Origin, Origins, Place, SourceIndex, locate};
use crate::problem::{At, Problem, ProblemKind};
use crate::rule::{Nsg, SecurityRule, owner_of};
use crate::split::{self, Cut, DEPTH_LIMIT, Fault, PIECE_LIMIT, Splitter};
use crate::wire::{Reader, member};

/// Reads pieces of sources. Shared by the threads that read.
#[derive(Default)]
pub struct Collector {
    ids: IdsBuilder,
    /// How many bytes there are to read, to make lists in their final size at once.
    expected: u64,
    done: Mutex<Part>,
}

/// The records that one thread has read.
#[derive(Default)]
pub struct Part {
    vms: Vec<Vm>,
    nics: Vec<Nic>,
    public_ips: Vec<PublicIp>,
    nsgs: Vec<Nsg>,
    vnets: Vec<Vnet>,
    subnets: Vec<Subnet>,
    route_tables: Vec<RouteTable>,
    asgs: Vec<Asg>,
    load_balancers: Vec<LoadBalancer>,
    disks: Vec<Disk>,
    rules: Vec<(ResourceId, SecurityRule)>,
    routes: Vec<RouteTable>,
    peerings: Vec<(ResourceId, Peer)>,
    others: Vec<Other>,
    problems: Vec<Problem>,
    /// How many bytes these records were read from.
    bytes: u64,
}

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

    /// Takes over what a thread has read, and leaves its part empty.
    pub fn deliver(&self, part: &mut Part) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let times = if done.bytes == 0 { self.expected / part.bytes.max(1) } else { 0 };
        let times = usize::try_from(times).unwrap_or(0);
        done.bytes += std::mem::take(&mut part.bytes);
        fn move_all<T>(to: &mut Vec<T>, from: &mut Vec<T>, times: usize) {
            // Memory that is never written to is never taken from the system.
            to.reserve(from.len().saturating_mul(times.min(1 << 16)).saturating_add(from.len() / 8));
            to.append(from);
        }
        move_all(&mut done.vms, &mut part.vms, times);
        move_all(&mut done.nics, &mut part.nics, times);
        move_all(&mut done.public_ips, &mut part.public_ips, 0);
        move_all(&mut done.nsgs, &mut part.nsgs, 0);
        move_all(&mut done.vnets, &mut part.vnets, 0);
        move_all(&mut done.subnets, &mut part.subnets, 0);
        move_all(&mut done.route_tables, &mut part.route_tables, 0);
        move_all(&mut done.asgs, &mut part.asgs, 0);
        move_all(&mut done.load_balancers, &mut part.load_balancers, 0);
        move_all(&mut done.disks, &mut part.disks, times);
        move_all(&mut done.rules, &mut part.rules, 0);
        move_all(&mut done.routes, &mut part.routes, 0);
        move_all(&mut done.peerings, &mut part.peerings, 0);
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
            resource(part, &mut reader, object, id);
        } else if effective::is_effective(object) {
            part.nsgs.extend(effective::read(&mut reader, object));
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
        } else if member(object, "id").is_some_and(|id| id.is_str()) {
            other(part, &mut reader, object, "");
        } else if !object.is_empty() {
            reader.problem(String::new(), ProblemKind::NotAResource);
        }
        part.problems = problems;
    }

    /// Joins what was delivered.
    pub fn finish(self) -> Estate {
        let done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        Joiner::join(self.ids.freeze(), done)
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
    text("nextLink") || text("$skipToken") || text("skip_token") || truncated
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
    for (index, row) in rows.iter().enumerate() {
        let mut object = Object::new();
        for (name, cell) in names.iter().zip(row.as_array().map(|cells| cells.as_slice()).unwrap_or_default())
        {
            object.insert(name, cell.clone());
        }
        let (start, end) = locate(bytes, &format!("/data/rows/{index}"));
        reader.origin = Origin {
            offset: envelope.offset + start as u64,
            len: u32::try_from(end - start).unwrap_or(u32::MAX),
            ..envelope
        };
        let id = member(&object, "id").and_then(|id| id.as_str()).map(str::to_owned);
        match id {
            Some(id) => resource(part, reader, &object, &id),
            None => reader.problem(String::new(), ProblemKind::NotAResource),
        }
    }
    reader.origin = envelope;
}

/// Types with a parser of their own, or that are a part of another resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parser {
    Kind(Kind),
    Rule,
    DefaultRule,
    Route,
    Peering,
}

const TYPES: [(&str, Parser); 14] = [
    ("microsoft.compute/virtualmachines", Parser::Kind(Kind::Vm)),
    ("microsoft.network/networkinterfaces", Parser::Kind(Kind::Nic)),
    ("microsoft.network/publicipaddresses", Parser::Kind(Kind::PublicIp)),
    ("microsoft.network/networksecuritygroups", Parser::Kind(Kind::Nsg)),
    ("microsoft.network/virtualnetworks", Parser::Kind(Kind::Vnet)),
    ("microsoft.network/virtualnetworks/subnets", Parser::Kind(Kind::Subnet)),
    ("microsoft.network/routetables", Parser::Kind(Kind::RouteTable)),
    ("microsoft.network/applicationsecuritygroups", Parser::Kind(Kind::Asg)),
    ("microsoft.network/loadbalancers", Parser::Kind(Kind::LoadBalancer)),
    ("microsoft.compute/disks", Parser::Kind(Kind::Disk)),
    ("microsoft.network/networksecuritygroups/securityrules", Parser::Rule),
    ("microsoft.network/networksecuritygroups/defaultsecurityrules", Parser::DefaultRule),
    ("microsoft.network/routetables/routes", Parser::Route),
    ("microsoft.network/virtualnetworks/virtualnetworkpeerings", Parser::Peering),
];

/// How to read a resource with this id: the id tells its type, and what `type` says counts only
/// where the id does not.
fn parser_of(object: &Object, id: &str) -> Option<Parser> {
    if let Some(own) = type_segments(id) {
        return TYPES.iter().find(|(name, _)| own.eq_by_case(name)).map(|(_, parser)| *parser);
    }
    let declared = member(object, "type")?.as_str()?;
    TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(declared)).map(|(_, parser)| *parser)
}

/// The type of a resource without a parser, lower case.
fn type_of(object: &Object, id: &str) -> String {
    let declared = || member(object, "type").and_then(|declared| declared.as_str()).map(str::to_owned);
    resource_type(id).or_else(declared).unwrap_or_default().to_ascii_lowercase()
}

fn resource(part: &mut Part, reader: &mut Reader<'_>, object: &Object, id: &str) {
    let kind = match parser_of(object, id) {
        Some(Parser::Kind(kind)) => kind,
        parser => {
            // Parts that are resources of their own count, whether or not their whole is there.
            other(part, reader, object, &type_of(object, id));
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
        Kind::Vm => part.vms.push(Vm::read(reader, own, object)),
        Kind::Nic => part.nics.push(Nic::read(reader, own, object, &mut nested)),
        Kind::PublicIp => part.public_ips.push(PublicIp::read(reader, own, object, format_args!(""), true)),
        Kind::Nsg => part.nsgs.push(Nsg::read(reader, own, object)),
        Kind::Vnet => part.vnets.push(Vnet::read(reader, own, object, &mut nested)),
        Kind::Subnet => part.subnets.push(Subnet::read(reader, own, object, format_args!(""))),
        Kind::RouteTable => part.route_tables.push(RouteTable::read(reader, own, object)),
        Kind::Asg => part.asgs.push(Asg::read(reader, own)),
        Kind::LoadBalancer => part.load_balancers.push(LoadBalancer::read(reader, own, object)),
        Kind::Disk => part.disks.push(Disk::read(reader, own, object)),
        Kind::Other => {}
    }
    part.subnets.append(&mut nested.subnets);
    part.public_ips.append(&mut nested.public_ips);
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
        Some(Parser::Route) => part.routes.extend(RouteTable::of_route(reader, object, id)),
        Some(Parser::Peering) => {
            if let (Some(vnet), Some(peer)) =
                (owner_of(reader, id), Peer::read(reader, object, format_args!("")))
            {
                part.peerings.push((vnet, peer));
            }
        }
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

fn other(part: &mut Part, reader: &mut Reader<'_>, object: &Object, resource_type: &str) {
    let text = member(object, "id").and_then(|id| id.as_str()).unwrap_or_default();
    let id = reader.ids.intern(text, Use::Definition);
    part.others.push(Other { id, resource_type: resource_type.into(), origin: reader.origin });
}

/// Joins parts into an estate.
struct Joiner {
    estate: Estate,
}

/// A record that can be joined with another one of the same resource.
trait Record {
    const KIND: Kind;
    fn id(&self) -> ResourceId;
    /// Takes over what the other one says; names the pointers of contradictions.
    fn absorb(&mut self, other: Self, conflicts: &mut Vec<&'static str>);
    fn origins(&self) -> &Origins;
    fn list(estate: &mut Estate) -> &mut Vec<Self>
    where
        Self: Sized;
}

macro_rules! records {
    ($($record:ident in $list:ident { $($field:ident: $pointer:literal),* } $(then $also:expr)?;)*) => {$(
        impl Record for $record {
            const KIND: Kind = Kind::$record;
            fn id(&self) -> ResourceId {
                self.id
            }
            #[allow(unused_mut, reason = "not every record has more to take over")]
            fn absorb(&mut self, mut other: Self, conflicts: &mut Vec<&'static str>) {
                $(
                    let also: fn(&mut Self, &mut Self) = $also;
                    also(self, &mut other);
                )?
                $(
                    let name = $pointer.rsplit('/').next().unwrap_or_default();
                    if join(&mut self.$field, other.$field, name) {
                        conflicts.push($pointer);
                    }
                )*
                self.origins.absorb(&other.origins);
                let _ = conflicts;
            }
            fn origins(&self) -> &Origins {
                &self.origins
            }
            fn list(estate: &mut Estate) -> &mut Vec<Self> {
                &mut estate.$list
            }
        }
    )*};
}

records! {
    Vm in vms {
        os: "/properties/storageProfile/osDisk/osType",
        admin_username: "/properties/osProfile/adminUsername",
        password_disabled: "/properties/osProfile/linuxConfiguration/disablePasswordAuthentication",
        power: "/powerState"
    } then |mine, other| {
        mine.described |= other.described;
        add_all(&mut mine.nics, &other.nics);
        if mine.nics_unknown.is_none() {
            mine.nics_unknown.clone_from(&other.nics_unknown);
        }
    };
    Nic in nics {
        nsg: "/properties/networkSecurityGroup",
        vm: "/properties/virtualMachine",
        ip_configurations: "/properties/ipConfigurations"
    };
    PublicIp in public_ips { sku: "/sku/name", address: "/properties/ipAddress" } then |mine, other| {
        mine.attached = mine.attached.or(other.attached);
    };
    Nsg in nsgs { rules: "/properties/securityRules" } then |mine, other| {
        add_all(&mut mine.subnets, &other.subnets);
        add_all(&mut mine.nics, &other.nics);
        // The configuration says more than Azure's view of it, which writes some things otherwise.
        if mine.effective && !other.effective && other.rules.is_some() {
            mine.effective = false;
            mine.rules = None;
        } else if other.effective && !mine.effective && mine.rules.is_some() {
            other.rules = None;
        }
    };
    Vnet in vnets { space: "/properties/addressSpace", peers: "/properties/virtualNetworkPeerings" };
    Subnet in subnets {
        space: "/properties/addressPrefix",
        nsg: "/properties/networkSecurityGroup",
        route_table: "/properties/routeTable"
    } then |mine, other| {
        mine.vnet = mine.vnet.or(other.vnet);
    };
    RouteTable in route_tables { prefixes: "/properties/routes" };
    Asg in asgs {};
    LoadBalancer in load_balancers { public: "/properties/frontendIPConfigurations" } then |mine, other| {
        mine.backends.append(&mut other.backends);
        mine.addresses.append(&mut other.addresses);
    };
    Disk in disks { managed_by: "/managedBy", os: "/properties/osType" };
}

fn add_all(mine: &mut Vec<ResourceId>, theirs: &[ResourceId]) {
    for id in theirs {
        if !mine.contains(id) {
            mine.push(*id);
        }
    }
}

impl Joiner {
    fn join(ids: Ids, read: Part) -> Estate {
        let slots = vec![None; ids.bound()];
        let estate = Estate {
            ids,
            slots,
            vms: read.vms,
            nics: read.nics,
            public_ips: read.public_ips,
            nsgs: read.nsgs,
            vnets: read.vnets,
            subnets: read.subnets,
            route_tables: read.route_tables,
            asgs: read.asgs,
            load_balancers: read.load_balancers,
            disks: read.disks,
            others: Vec::new(),
            problems: read.problems,
        };
        let mut joiner = Self { estate };
        for nsg in &mut joiner.estate.nsgs {
            sort_rules(nsg);
        }
        joiner.index::<Vm>();
        joiner.index::<Nic>();
        joiner.index::<PublicIp>();
        joiner.index::<Nsg>();
        joiner.index::<Vnet>();
        joiner.index::<Subnet>();
        joiner.index::<RouteTable>();
        joiner.index::<Asg>();
        joiner.index::<LoadBalancer>();
        joiner.index::<Disk>();
        joiner.add_others(read.others);
        joiner.add_rules(read.rules);
        joiner.add_routes(read.routes);
        joiner.add_peerings(read.peerings);
        joiner.link_groups();
        joiner.link_public_ips();
        joiner.link_load_balancers();
        joiner.link_vms();
        let mut estate = joiner.estate;
        estate.problems.sort_unstable();
        estate.problems.dedup();
        estate
    }

    /// Joins the records of each resource and notes where each stands.
    fn index<R: Record>(&mut self) {
        let mut records = std::mem::take(R::list(&mut self.estate));
        let mut again = false;
        for (index, record) in records.iter().enumerate() {
            again |= self.estate.slot(record.id()).is_some();
            self.set_slot(record.id(), R::KIND, index);
        }
        if again {
            // Some resource has several records. They are joined in the order of the input, so that
            // it does not show which thread was quicker.
            records.sort_by_key(|record| record.origins().first());
            for record in &records {
                self.clear_slot(record.id());
            }
            let mut joined: Vec<R> = Vec::with_capacity(records.len());
            for record in records {
                match self.estate.slot(record.id()) {
                    Some(slot) => {
                        if let Some(first) = joined.get_mut(slot.index as usize) {
                            self.absorb(first, record);
                        }
                    }
                    None => {
                        self.set_slot(record.id(), R::KIND, joined.len());
                        joined.push(record);
                    }
                }
            }
            records = joined;
        }
        *R::list(&mut self.estate) = records;
    }

    fn clear_slot(&mut self, id: ResourceId) {
        if let Some(slot) = self.estate.slots.get_mut(Ids::index(id)) {
            *slot = None;
        }
    }

    fn set_slot(&mut self, id: ResourceId, kind: Kind, index: usize) {
        if let Some(slot) = self.estate.slots.get_mut(Ids::index(id)) {
            *slot = Some(Slot { kind, index: u32::try_from(index).unwrap_or(u32::MAX) });
        }
    }

    /// Adds what another resource tells of one.
    fn add<R: Record>(&mut self, record: R) {
        let id = record.id();
        match self.estate.slot(id) {
            // The id tells the kind, so another kind cannot stand here.
            Some(slot) if slot.kind != R::KIND => {}
            Some(slot) => {
                let mut records = std::mem::take(R::list(&mut self.estate));
                if let Some(first) = records.get_mut(slot.index as usize) {
                    self.absorb(first, record);
                }
                *R::list(&mut self.estate) = records;
            }
            None => {
                let index = R::list(&mut self.estate).len();
                R::list(&mut self.estate).push(record);
                self.set_slot(id, R::KIND, index);
            }
        }
    }

    fn absorb<R: Record>(&mut self, first: &mut R, mut again: R) {
        // Which thread was quicker must not show: the record that stands first is the one kept.
        if again.origins().first() < first.origins().first() {
            std::mem::swap(first, &mut again);
        }
        let (one, other) = (first.origins().first(), again.origins().first());
        let mut conflicts = Vec::new();
        first.absorb(again, &mut conflicts);
        let id = first.id();
        for pointer in conflicts {
            self.conflict(id, pointer, one.min(other), one.max(other));
        }
    }

    fn conflict(&mut self, id: ResourceId, pointer: &'static str, one: Origin, other: Origin) {
        let place = |origin| At::Place(Place { origin, pointer: pointer.into() });
        let kind = ProblemKind::Conflict {
            field: pointer.rsplit('/').next().unwrap_or_default().into(),
            id: self.estate.text(id).into(),
            other: Box::new(place(other)),
        };
        self.estate.problems.push(Problem { at: place(one), kind });
    }

    fn add_others(&mut self, others: Vec<Other>) {
        for other in others {
            // A mention adds nothing to a resource that was read, and two records count once.
            if self.estate.slot(other.id).is_some() {
                continue;
            }
            self.set_slot(other.id, Kind::Other, self.estate.others.len());
            self.estate.others.push(other);
        }
    }

    /// Rules that are resources of their own belong to their group.
    fn add_rules(&mut self, mut rules: Vec<(ResourceId, SecurityRule)>) {
        rules.sort_by(|(_, a), (_, b)| a.place.cmp(&b.place));
        let mut touched = Vec::new();
        for (group, rule) in rules {
            if self.estate.slot(group).is_none() {
                let origins = Origins::one(rule.place.origin);
                let (subnets, nics) = (Vec::new(), Vec::new());
                self.add(Nsg { id: group, origins, rules: None, subnets, nics, effective: false });
            }
            let Some(slot) = self.estate.slot(group).filter(|slot| slot.kind == Kind::Nsg) else { continue };
            let Some(nsg) = self.estate.nsgs.get_mut(slot.index as usize) else { continue };
            // Without the group itself there may be further rules: they stay unknown.
            let Some(Known::Value(known)) = &mut nsg.rules else { continue };
            touched.push(slot.index);
            let Some(mine) = known.iter_mut().find(|mine| mine.name.eq_ignore_ascii_case(&rule.name)) else {
                known.push(rule);
                continue;
            };
            if *mine != rule {
                let (one, other) = (mine.place.origin, rule.place.origin);
                let reason = || Reason::Conflict { field: "securityRules".into() };
                *mine = SecurityRule::unknown(mine.name.clone(), mine.place.clone(), reason);
                self.conflict(group, "/properties/securityRules", one.min(other), one.max(other));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for index in touched {
            if let Some(nsg) = self.estate.nsgs.get_mut(index as usize) {
                sort_rules(nsg);
            }
        }
    }

    /// Routes that are resources of their own belong to their table, which may be known by them only.
    fn add_routes(&mut self, routes: Vec<RouteTable>) {
        for route in routes {
            let slot = self.estate.slot(route.id).filter(|slot| slot.kind == Kind::RouteTable);
            match slot.and_then(|slot| self.estate.route_tables.get_mut(slot.index as usize)) {
                None => self.add(route),
                Some(table) => {
                    table.prefixes = match (table.prefixes.take(), route.prefixes) {
                        (Some(Known::Value(all)), Some(Known::Value(more))) => {
                            Some(Known::Value(all.union(&more)))
                        }
                        (Some(Known::Unknown(reason)), _) | (_, Some(Known::Unknown(reason))) => {
                            Some(Known::Unknown(reason))
                        }
                        (all, more) => all.or(more),
                    };
                }
            }
        }
    }

    /// Peerings that are resources of their own belong to their network, if it is known.
    fn add_peerings(&mut self, peerings: Vec<(ResourceId, Peer)>) {
        for (vnet, peer) in peerings {
            let slot = self.estate.slot(vnet).filter(|slot| slot.kind == Kind::Vnet);
            let Some(vnet) = slot.and_then(|slot| self.estate.vnets.get_mut(slot.index as usize)) else {
                continue;
            };
            match &mut vnet.peers {
                Some(Known::Value(peers)) if !peers.contains(&peer) => peers.push(peer),
                Some(_) => {}
                none => *none = Some(Known::Value(vec![peer])),
            }
        }
    }

    /// A group tells which subnets and NICs it is on. That completes subnets and NICs that do not say
    /// so themselves, and contradicts those that name another group.
    fn link_groups(&mut self) {
        let mut subnets = Vec::new();
        let mut nics = Vec::new();
        for nsg in &self.estate.nsgs {
            let origin = nsg.origins.first();
            subnets.extend(nsg.subnets.iter().map(|subnet| (*subnet, nsg.id, origin)));
            nics.extend(nsg.nics.iter().map(|nic| (*nic, nsg.id, origin)));
        }
        // The first in the input is told first, whichever thread read it.
        subnets.sort_unstable_by_key(|(_, _, origin)| *origin);
        nics.sort_unstable_by_key(|(_, _, origin)| *origin);
        for (id, nsg, origin) in subnets {
            let vnet = crate::id::parent(self.estate.text(id)).and_then(|vnet| self.estate.ids.find(vnet));
            let origins = Origins::one(origin);
            let nsg = Some(Known::Value(nsg));
            self.add(Subnet { id, vnet, origins, space: None, nsg, route_table: None });
        }
        for (id, nsg, origin) in nics {
            let (origins, nsg) = (Origins::one(origin), Some(Known::Value(nsg)));
            self.add(Nic { id, origins, nsg, vm: None, ip_configurations: None });
        }
    }

    /// The IP configuration with this id: its NIC's slot and its number there.
    fn ip_configuration(&mut self, id: ResourceId) -> Option<&mut IpConfiguration> {
        let text = self.estate.text(id);
        let name = crate::id::resource_name(text).to_owned();
        let nic = self.estate.ids.find(crate::id::parent(text)?)?;
        let slot = self.estate.slot(nic).filter(|slot| slot.kind == Kind::Nic)?;
        match &mut self.estate.nics.get_mut(slot.index as usize)?.ip_configurations {
            Some(Known::Value(all)) => all.iter_mut().find(|ip| ip.name.eq_ignore_ascii_case(&name)),
            _ => None,
        }
    }

    /// A public address tells where it is attached. That completes NICs that do not say so.
    fn link_public_ips(&mut self) {
        let links: Vec<_> =
            self.estate.public_ips.iter().filter_map(|public| Some((public.attached?, public.id))).collect();
        for (target, public) in links {
            if let Some(ip) = self.ip_configuration(target)
                && ip.public_ip.is_none()
            {
                ip.public_ip = Some(Known::Value(public));
            }
        }
    }

    /// A load balancer tells whom it forwards to, by IP configuration or by address.
    fn link_load_balancers(&mut self) {
        let mut by_id = Vec::new();
        let mut by_address = Vec::new();
        for balancer in &self.estate.load_balancers {
            by_id.extend(balancer.backends.iter().map(|target| (*target, balancer.id)));
            by_address.extend(balancer.addresses.iter().map(|target| (*target, balancer.id)));
        }
        for (target, balancer) in by_id {
            if let Some(ip) = self.ip_configuration(target) {
                forwarded_by(ip, balancer);
            }
        }
        if by_address.is_empty() {
            return;
        }
        for nic in &mut self.estate.nics {
            let Some(Known::Value(all)) = &mut nic.ip_configurations else { continue };
            for ip in all {
                let Some(Known::Value(address)) = ip.address else { continue };
                for (_, balancer) in by_address.iter().filter(|(target, _)| *target == address) {
                    forwarded_by(ip, *balancer);
                }
            }
        }
    }

    /// A NIC tells which VM it is on, and a VM tells its NICs: either is enough.
    fn link_vms(&mut self) {
        let links: Vec<_> = self
            .estate
            .nics
            .iter()
            .filter_map(|nic| match nic.vm {
                Some(Known::Value(vm)) => Some((vm, nic.id, nic.origins.clone())),
                _ => None,
            })
            .collect();
        let mut links = links;
        links.sort_by_key(|(_, _, origins)| origins.first());
        let mut pushed = Vec::new();
        for (vm, nic, origins) in links {
            if self.estate.slot(vm).is_none() {
                self.add(Vm::mentioned(vm, origins));
            }
            if let Some(slot) = self.estate.slot(vm).filter(|slot| slot.kind == Kind::Vm)
                && let Some(vm) = self.estate.vms.get_mut(slot.index as usize)
                && !vm.nics.contains(&nic)
            {
                vm.nics.push(nic);
                pushed.push(slot.index);
            }
        }
        // NICs that a VM's own record does not list come in the order of their names.
        pushed.sort_unstable();
        pushed.dedup();
        let ids = &self.estate.ids;
        for index in pushed {
            if let Some(vm) = self.estate.vms.get_mut(index as usize) {
                vm.nics.sort_by_cached_key(|nic| ids.text(*nic).to_ascii_lowercase());
            }
        }
    }
}

fn forwarded_by(ip: &mut IpConfiguration, balancer: ResourceId) {
    if let Known::Value(all) = &mut ip.forwarded_by
        && !all.contains(&balancer)
    {
        let mut more = all.to_vec();
        more.push(balancer);
        *all = more.into_boxed_slice();
    }
}

/// Rules in the order in which Azure looks at them; those of unknown priority first.
fn sort_rules(nsg: &mut Nsg) {
    if let Some(Known::Value(rules)) = &mut nsg.rules {
        rules.sort_by(|a, b| {
            let key = |rule: &SecurityRule| (rule.priority.value().copied(), rule.name.to_ascii_lowercase());
            key(a).cmp(&key(b)).then_with(|| a.place.cmp(&b.place))
        });
    }
}
