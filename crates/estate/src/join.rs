//! From records to an estate: those of one resource become one, and what one resource tells of
//! another completes it.
//!
//! INVARIANT: the estate does not depend on the order in which threads delivered: records are
//! joined in the order of the input, and where two contradict each other the value is unknown and
//! a problem names both places.

use crate::collect::Part;
use crate::compute::{Disk, Vm};
use crate::firewall::{Firewall, FirewallPolicy, IpGroup, RuleGroup};
use crate::forward::{Forward, LoadBalancer, Pool, PrivateLink, WebGateway};
use crate::id::{Ids, ResourceId};
use crate::known::{Known, Reason, join as join_field};
use crate::model::{Estate, Kind, Other, Slot};
use crate::network::{Asg, IpConfiguration, LocalGateway, Nic, Peer, PublicIp, Subnet, Vnet};
use crate::origin::{Origin, Origins, Place};
use crate::problem::{At, Problem, ProblemKind};
use crate::route::{self, Route, RouteTable};
use crate::rule::{Nsg, SecurityRule};
use crate::scale_set::ScaleSet;
use crate::tags::Tags;

/// How many problems are listed; the others are counted.
const PROBLEMS: usize = 1000;

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
                    let also: fn(&mut Self, &mut Self, &mut Vec<&'static str>) = $also;
                    also(self, &mut other, conflicts);
                )?
                $(
                    let name = $pointer.rsplit('/').next().unwrap_or_default();
                    if join_field(&mut self.$field, other.$field, name) {
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
    } then |mine, other, conflicts| {
        mine.described |= other.described;
        mine.upkeep.absorb(*std::mem::take(&mut other.upkeep), conflicts);
        Tags::join(&mut mine.tags, other.tags.take());
        add_all(&mut mine.nics, &other.nics);
        if mine.nics_unknown.is_none() {
            mine.nics_unknown.clone_from(&other.nics_unknown);
        }
    };
    ScaleSet in scale_sets { model: "/properties/virtualMachineProfile" };
    Nic in nics {
        nsg: "/properties/networkSecurityGroup",
        vm: "/properties/virtualMachine",
        ip_forwarding: "/properties/enableIPForwarding",
        ip_configurations: "/properties/ipConfigurations"
    } then |mine, other, _| {
        mine.private_endpoint |= other.private_endpoint;
        mine.forwards |= other.forwards;
    };
    PublicIp in public_ips {
        sku: "/sku/name",
        address: "/properties/ipAddress",
        ddos: "/properties/ddosSettings/protectionMode"
    } then |mine, other, _| {
        mine.attached = mine.attached.or(other.attached);
    };
    Nsg in nsgs { rules: "/properties/securityRules" } then |mine, other, _| {
        add_all(&mut mine.subnets, &other.subnets);
        add_all(&mut mine.nics, &other.nics);
        Tags::join(&mut mine.tags, other.tags.take());
        // The configuration says more than Azure's view of it, which writes some things otherwise.
        if mine.effective && !other.effective && other.rules.is_some() {
            mine.effective = false;
            mine.rules = None;
        } else if other.effective && !mine.effective && mine.rules.is_some() {
            other.rules = None;
        }
    };
    Vnet in vnets {
        space: "/properties/addressSpace",
        peers: "/properties/virtualNetworkPeerings",
        location: "/location",
        ddos: "/properties/enableDdosProtection"
    } then |mine, other, _| {
        let mut all = [&*mine.prefixes, &*other.prefixes].concat();
        all.sort_unstable();
        all.dedup();
        mine.prefixes = all.into_boxed_slice();
    };
    Subnet in subnets {
        space: "/properties/addressPrefix",
        nsg: "/properties/networkSecurityGroup",
        guards_endpoints: "/properties/privateEndpointNetworkPolicies",
        route_table: "/properties/routeTable",
        service_endpoints: "/properties/serviceEndpoints",
        default_outbound: "/properties/defaultOutboundAccess"
    } then |mine, other, _| {
        mine.vnet = mine.vnet.or(other.vnet);
        mine.translated |= other.translated;
        mine.delegated |= other.delegated;
        mine.described |= other.described;
    };
    RouteTable in route_tables {
        routes: "/properties/routes",
        disable_bgp_propagation: "/properties/disableBgpRoutePropagation"
    };
    Asg in asgs {};
    LoadBalancer in load_balancers {
        sku: "/sku/name",
        frontends: "/properties/frontendIPConfigurations",
        rules: "/properties/loadBalancingRules",
        nat_rules: "/properties/inboundNatRules",
        pools: "/properties/backendAddressPools"
    };
    WebGateway in web_gateways {
        public: "/properties/frontendIPConfigurations",
        subnets: "/properties/gatewayIPConfigurations",
        pools: "/properties/backendAddressPools",
        ports: "/properties/backendHttpSettingsCollection"
    } then |mine, other, _| {
        mine.inner.append(&mut other.inner);
    };
    PrivateLink in private_links { frontends: "/properties/loadBalancerFrontendIpConfigurations" } then |mine, other, _| {
        mine.subnets.append(&mut other.subnets);
    };
    LocalGateway in local_gateways { space: "/properties/localNetworkAddressSpace" };
    Firewall in firewalls {
        public_ips: "/properties/ipConfigurations",
        subnet: "/properties/ipConfigurations",
        policy: "/properties/firewallPolicy",
        rules: "/properties/natRuleCollections"
    };
    FirewallPolicy in firewall_policies {
        groups: "/properties/ruleCollectionGroups",
        base: "/properties/basePolicy"
    };
    RuleGroup in rule_groups { priority: "/properties/priority", rules: "/properties/ruleCollections" };
    IpGroup in ip_groups { space: "/properties/ipAddresses" };
    Disk in disks { managed_by: "/managedBy", os: "/properties/osType" } then |mine, other, conflicts| {
        mine.guard.absorb(std::mem::take(&mut other.guard), conflicts);
    };
}

fn add_all(mine: &mut Vec<ResourceId>, theirs: &[ResourceId]) {
    for id in theirs {
        if !mine.contains(id) {
            mine.push(*id);
        }
    }
}

/// Joins what was read.
pub(crate) fn join(ids: Ids, read: Part) -> Estate {
    Joiner::join(ids, read)
}

impl Joiner {
    fn join(ids: Ids, read: Part) -> Estate {
        let slots = vec![None; ids.bound()];
        let estate = Estate {
            ids,
            slots,
            vms: read.vms,
            scale_sets: read.scale_sets,
            nics: read.nics,
            public_ips: read.public_ips,
            nsgs: read.nsgs,
            vnets: read.vnets,
            subnets: read.subnets,
            route_tables: read.route_tables,
            asgs: read.asgs,
            load_balancers: read.load_balancers,
            web_gateways: read.web_gateways,
            private_links: read.private_links,
            local_gateways: read.local_gateways,
            firewalls: read.firewalls,
            firewall_policies: read.firewall_policies,
            rule_groups: read.rule_groups,
            ip_groups: read.ip_groups,
            admin_rules: read.admin_rules,
            disks: read.disks,
            around: read.around,
            coverage: read.coverage,
            others: Vec::new(),
            problems: read.problems,
        };
        let mut joiner = Self { estate };
        for nsg in &mut joiner.estate.nsgs {
            sort_rules(nsg);
        }
        joiner.index::<Vm>();
        joiner.index::<ScaleSet>();
        joiner.index::<Nic>();
        joiner.index::<PublicIp>();
        joiner.index::<Nsg>();
        joiner.index::<Vnet>();
        joiner.index::<Subnet>();
        joiner.index::<RouteTable>();
        joiner.index::<Asg>();
        joiner.index::<LoadBalancer>();
        joiner.index::<WebGateway>();
        joiner.index::<PrivateLink>();
        joiner.index::<LocalGateway>();
        joiner.index::<Firewall>();
        joiner.index::<FirewallPolicy>();
        joiner.index::<RuleGroup>();
        joiner.index::<IpGroup>();
        joiner.index::<Disk>();
        joiner.add_others(read.others);
        joiner.join_surroundings();
        joiner.add_rules(read.rules);
        joiner.add_routes(read.routes);
        joiner.add_peerings(read.peerings);
        joiner.link_groups();
        joiner.link_public_ips();
        joiner.add_balancer_parts(read.pools, read.nat_rules);
        joiner.link_pools();
        joiner.sort_admin_rules();
        joiner.link_vms();
        joiner.judge_asgs();
        let mut estate = joiner.estate;
        estate.problems.sort_unstable();
        estate.problems.dedup();
        let more = read.more_problems + estate.problems.len().saturating_sub(PROBLEMS) as u64;
        estate.problems.truncate(PROBLEMS);
        if more > 0
            && let Some(last) = estate.problems.last()
        {
            let at = last.at.clone();
            estate.problems.push(Problem { at, kind: ProblemKind::More { count: more } });
        }
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

    fn join_surroundings(&mut self) {
        let mut around = std::mem::take(&mut self.estate.around);
        for found in around.join(&self.estate.ids) {
            self.conflict(found.id, found.pointer, found.one.min(found.other), found.one.max(found.other));
        }
        self.estate.around = around;
    }

    /// Rules that are resources of their own belong to their group.
    fn add_rules(&mut self, mut rules: Vec<(ResourceId, SecurityRule)>) {
        rules.sort_by(|(_, a), (_, b)| a.place.cmp(&b.place));
        let mut touched = Vec::new();
        for (group, rule) in rules {
            if self.estate.slot(group).is_none() {
                let origins = Origins::one(rule.place.origin);
                let (subnets, nics) = (Vec::new(), Vec::new());
                self.add(Nsg {
                    id: group,
                    origins,
                    rules: None,
                    subnets,
                    nics,
                    tags: None,
                    effective: false,
                });
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

    /// Routes that are resources of their own belong to their table.
    fn add_routes(&mut self, mut routes: Vec<(ResourceId, Route)>) {
        routes.sort_by(|(_, a), (_, b)| a.place.cmp(&b.place));
        for (table, route) in routes {
            if self.estate.slot(table).is_none() {
                self.add(RouteTable::of_one_route(table, &route));
            }
            let Some(slot) = self.estate.slot(table).filter(|slot| slot.kind == Kind::RouteTable) else {
                continue;
            };
            let Some(record) = self.estate.route_tables.get_mut(slot.index as usize) else { continue };
            // Without the table itself there may be further routes: they stay unknown.
            let Some(Known::Value(known)) = &mut record.routes else { continue };
            let Some(mine) = known.iter_mut().find(|mine| mine.name.eq_ignore_ascii_case(&route.name)) else {
                known.push(route);
                route::sort(known);
                continue;
            };
            if *mine != route {
                let (one, other) = (mine.place.origin, route.place.origin);
                let reason = || Reason::Conflict { field: "routes".into() };
                *mine = Route::unknown(mine.name.clone(), mine.place.clone(), reason);
                self.conflict(table, "/properties/routes", one.min(other), one.max(other));
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
            self.add(Subnet {
                id,
                vnet,
                origins,
                space: None,
                nsg,
                guards_endpoints: None,
                route_table: None,
                service_endpoints: None,
                translated: false,
                default_outbound: None,
                delegated: false,
                described: false,
                pointer: "".into(),
            });
        }
        for (id, nsg, origin) in nics {
            let (origins, nsg) = (Origins::one(origin), Some(Known::Value(nsg)));
            let (forwards, private_endpoint) = (false, false);
            self.add(Nic {
                id,
                origins,
                nsg,
                vm: None,
                forwards,
                ip_forwarding: None,
                private_endpoint,
                ip_configurations: None,
            });
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
            let Some(ip) = self.ip_configuration(target) else { continue };
            match &ip.public_ip {
                None => ip.public_ip = Some(Known::Value(public)),
                // One of the two records is behind: which, nobody can tell.
                Some(Known::Value(other)) if *other != public => {
                    ip.public_ip = Some(Known::unknown(Reason::Conflict { field: "publicIPAddress".into() }));
                    let nic =
                        crate::id::parent(self.estate.text(target)).and_then(|nic| self.estate.ids.find(nic));
                    let nic = nic.and_then(|nic| self.estate.nic(nic));
                    let one = nic.map(|nic| (nic.id, nic.origins.first()));
                    let other = self.estate.public_ip(public).map(|record| record.origins.first());
                    if let Some(((id, one), other)) = one.zip(other) {
                        self.conflict(id, "/properties/ipConfigurations", one, other);
                    }
                }
                _ => {}
            }
        }
    }

    /// Pools and NAT rules that are resources of their own belong to their load balancer.
    fn add_balancer_parts(&mut self, pools: Vec<Pool>, nat_rules: Vec<Forward>) {
        /// Adds a part to a list. Gives back one that the list has already.
        fn add<T>(list: &mut crate::known::Field<Vec<T>>, part: T, same: impl Fn(&T) -> bool) -> Option<T> {
            match list {
                Some(Known::Value(all)) if all.iter().any(same) => return Some(part),
                Some(Known::Value(all)) => all.push(part),
                Some(Known::Unknown(_)) => {}
                // Without the balancer itself there may be more; what is known still counts.
                none => *none = Some(Known::Value(vec![part])),
            }
            None
        }
        let mut nat_rules = nat_rules;
        nat_rules.sort_by(|a, b| a.place.cmp(&b.place));
        for rule in nat_rules {
            let origin = rule.place.origin;
            if let Some(balancer) = self.balancer_of(rule.id, origin) {
                let (id, owner) = (rule.id, balancer.id);
                let again = add(&mut balancer.nat_rules, rule, |mine| mine.id == id);
                let all = balancer.nat_rules.iter().filter_map(Known::value).flatten();
                let mine = all.into_iter().find(|mine| mine.id == id);
                if let Some((again, mine)) = again.zip(mine)
                    && again != *mine
                {
                    let (one, other) = (mine.place.origin, again.place.origin);
                    balancer.nat_rules =
                        Some(Known::unknown(Reason::Conflict { field: "inboundNatRules".into() }));
                    let pointer = "/properties/inboundNatRules";
                    self.conflict(owner, pointer, one.min(other), one.max(other));
                }
            }
        }
        for pool in pools {
            let slot = crate::id::parent(self.estate.text(pool.id)).and_then(|id| self.estate.ids.find(id));
            let slot =
                slot.and_then(|id| self.estate.slot(id)).filter(|slot| slot.kind == Kind::LoadBalancer);
            let balancer = slot.and_then(|slot| self.estate.load_balancers.get_mut(slot.index as usize));
            if let Some(balancer) = balancer {
                let id = pool.id;
                let again = add(&mut balancer.pools, pool, |mine| mine.id == id);
                let all = balancer.pools.iter_mut().filter_map(|list| match list {
                    Known::Value(all) => Some(all),
                    Known::Unknown(_) => None,
                });
                if let Some((again, mine)) = again.zip(all.flatten().find(|mine| mine.id == id)) {
                    mine.absorb(again);
                }
            }
        }
    }

    /// The load balancer that a part belongs to; one that only parts tell of is made.
    fn balancer_of(&mut self, part: ResourceId, origin: Origin) -> Option<&mut LoadBalancer> {
        let id = self.estate.ids.find(crate::id::parent(self.estate.text(part))?)?;
        if self.estate.slot(id).is_none() {
            self.add(LoadBalancer::empty(id, Origins::one(origin)));
        }
        let slot = self.estate.slot(id).filter(|slot| slot.kind == Kind::LoadBalancer)?;
        self.estate.load_balancers.get_mut(slot.index as usize)
    }

    /// Pools and NAT rules tell whom they forward to, by IP configuration or by address. That completes
    /// NICs that do not say so.
    fn link_pools(&mut self) {
        let mut by_id = Vec::new();
        let mut by_address = Vec::new();
        let balancers = self.estate.load_balancers.iter().map(|balancer| &balancer.pools);
        let gateways = self.estate.web_gateways.iter().map(|gateway| &gateway.pools);
        for pool in balancers.chain(gateways).filter_map(|pools| pools.as_ref()?.value()).flatten() {
            by_id.extend(pool.members.iter().map(|member| (*member, pool.id)));
            by_address.extend(pool.addresses.iter().map(|(address, vnet)| (*address, *vnet, pool.id)));
        }
        for rules in self.estate.load_balancers.iter().filter_map(|one| one.nat_rules.as_ref()?.value()) {
            by_id.extend(rules.iter().filter_map(|rule| Some((rule.target?, rule.id))));
        }
        for (target, part) in by_id {
            if let Some(ip) = self.ip_configuration(target) {
                member_of(ip, part);
            }
        }
        if by_address.is_empty() {
            return;
        }
        by_address.sort_unstable_by_key(|(address, ..)| *address);
        let Estate { nics, ids, .. } = &mut self.estate;
        for nic in nics {
            let Some(Known::Value(all)) = &mut nic.ip_configurations else { continue };
            for ip in all {
                let subnet = ip.subnet.as_ref().and_then(Known::value);
                let vnet = subnet.and_then(|id| ids.find(crate::id::parent(ids.text(*id))?));
                let Some(Known::Value(address)) = ip.address else {
                    // One that has no address yet may get any of its network, and be a member then.
                    let may_be = |its: &Option<ResourceId>| its.is_none() || vnet.is_none() || *its == vnet;
                    if by_address.iter().any(|(_, its, _)| may_be(its)) {
                        ip.forwarded_by = Known::unknown(Reason::NoAddress);
                    }
                    continue;
                };
                let first = by_address.partition_point(|(its, ..)| *its < address);
                let same = by_address.get(first..).unwrap_or_default();
                for (_, its, pool) in same.iter().take_while(|(its, ..)| *its == address) {
                    if its.is_none() || *its == vnet {
                        member_of(ip, *pool);
                    } else if vnet.is_none() {
                        // Whether it is in that network is not known.
                        ip.forwarded_by = Known::unknown(Reason::NoAddress);
                    }
                }
            }
        }
    }

    /// All members of an application security group are in one virtual network
    /// (<https://learn.microsoft.com/azure/virtual-network/application-security-groups>). Where they are not,
    /// nobody can tell which of them are members.
    fn judge_asgs(&mut self) {
        let Estate { nics, ids, .. } = &self.estate;
        let mut network_of: hashbrown::HashMap<ResourceId, (String, bool)> = hashbrown::HashMap::new();
        let vnet = |ip: &IpConfiguration| {
            let subnet = ip.subnet.as_ref()?.value()?;
            Some(crate::id::parent(ids.text(*subnet))?.to_ascii_lowercase())
        };
        let each = |nic: &Nic| match &nic.ip_configurations {
            Some(Known::Value(all)) => all.clone(),
            _ => Vec::new(),
        };
        for nic in nics.iter().filter(|nic| has_asgs(nic)) {
            for ip in each(nic) {
                let (Known::Value(asgs), Some(vnet)) = (&ip.asgs, vnet(&ip)) else { continue };
                for asg in asgs {
                    let (first, several) = network_of.entry(*asg).or_insert_with(|| (vnet.clone(), false));
                    *several |= *first != vnet;
                }
            }
        }
        network_of.retain(|_, (_, several)| *several);
        if network_of.is_empty() {
            return;
        }
        let mut problems = Vec::new();
        for nic in self.estate.nics.iter_mut() {
            let origin = nic.origins.first();
            let Some(Known::Value(all)) = &mut nic.ip_configurations else { continue };
            for (index, ip) in all.iter_mut().enumerate() {
                let Known::Value(asgs) = &ip.asgs else { continue };
                let Some(bad) = asgs.iter().find(|asg| network_of.contains_key(*asg)) else { continue };
                let pointer =
                    format!("/properties/ipConfigurations/{index}/properties/applicationSecurityGroups");
                problems.push((origin, pointer, *bad));
                ip.asgs = Known::unknown(Reason::Unreadable { field: "applicationSecurityGroups".into() });
            }
        }
        for (origin, pointer, asg) in problems {
            let kind = ProblemKind::AcrossNetworks { id: self.estate.text(asg).into() };
            let at = At::Place(Place { origin, pointer: pointer.into() });
            self.estate.problems.push(Problem { at, kind });
        }
    }

    /// Order and repetition of records do not matter.
    fn sort_admin_rules(&mut self) {
        let Estate { admin_rules, ids, .. } = &mut self.estate;
        let text = |id: ResourceId| ids.text(id).to_ascii_lowercase();
        admin_rules.sort_by_cached_key(|rule| (text(rule.id), rule.vnet.map(text), rule.rule.place.clone()));
        admin_rules
            .dedup_by(|b, a| a.id == b.id && a.vnet == b.vnet && a.access == b.access && a.rule == b.rule);
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

fn has_asgs(nic: &Nic) -> bool {
    let all = nic.ip_configurations.as_ref().and_then(Known::value);
    all.is_some_and(|all| all.iter().any(|ip| matches!(&ip.asgs, Known::Value(asgs) if !asgs.is_empty())))
}

fn member_of(ip: &mut IpConfiguration, part: ResourceId) {
    if let Known::Value(all) = &mut ip.forwarded_by
        && !all.contains(&part)
    {
        let mut more = all.to_vec();
        more.push(part);
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
