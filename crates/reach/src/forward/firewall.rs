//! Azure Firewall's destination translation: which packets it sends on to whom.
//!
//! Source: <https://learn.microsoft.com/azure/firewall/firewall-faq> (destination translation comes first; the
//! packet that goes on comes from the firewall's own subnet).

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use estate::{
    AddressSpec, Dnat, Estate, Family, Firewall, FirewallRules, IpConfiguration, Kind, Known, Place, PortSet,
    Range, Reason, ResourceId, ServiceTag,
};
use hashbrown::HashMap;

use super::scope::Scope;
use super::{Doubted, Entrance, FAMILIES, Through, family_index, network_of, parent_network, space_of};
use crate::addresses::{Addresses, MustMay, everything, internet, number, of_sets, of_space, private};
use crate::endpoint::Tri;
use crate::packet::Protocols;
use crate::rules::Names;

/// The translations of all firewalls, by the address that they lead to.
#[derive(Default)]
pub(super) struct Translations(HashMap<IpAddr, Vec<Translation>>);

/// A translation of a firewall, ready to be asked.
#[derive(Clone)]
pub(super) struct Translation {
    firewall: ResourceId,
    /// The resource whose record holds the rule.
    holder: ResourceId,
    via: ResourceId,
    rule: Box<str>,
    place: Place,
    protocols: Protocols,
    /// The addresses that it listens on.
    destination: [MustMay; 2],
    ports: PortSet,
    to_port: Option<u16>,
    clients: [MustMay; 2],
    /// Why it is not known whose packets it takes.
    client_doubts: Vec<Reason>,
    scope: Arc<Scope>,
    /// Why it is not certain that the firewall routes there.
    scope_doubt: Reason,
    seen_from: [MustMay; 2],
    doubts: Vec<Reason>,
}

/// What all rules of one firewall have in common.
struct Context<'a> {
    estate: &'a Estate,
    names: &'a Names,
    firewall: &'a Firewall,
    denies: bool,
    scope: Arc<Scope>,
    seen_from: [MustMay; 2],
}

/// A rule with the place of its group in the order, the resource that holds it, and why that place is not known.
type Placed<'a> = (Option<u32>, ResourceId, Option<Reason>, Cow<'a, Dnat>);

impl Translations {
    /// Adds a firewall; what is not known of its rules goes to `doubted`.
    pub(super) fn add(
        &mut self,
        estate: &Estate,
        names: &Names,
        firewall: &Firewall,
        doubted: &mut Vec<Doubted>,
    ) {
        let network =
            firewall.subnet.as_ref().and_then(Known::value).and_then(|id| parent_network(estate, *id));
        let scope = Arc::new(Scope::around(estate, network));
        let seen_from = seen_from(estate, firewall);
        let mut doubt = |reason: Reason| {
            doubted.push(Doubted {
                via: firewall.id,
                appliance: None,
                scope: Arc::clone(&scope),
                seen_from: seen_from.clone(),
                protocols: Protocols::ALL,
                ports: PortSet::all(),
                reason,
            });
        };
        let (rules, denies) = rules_of(estate, firewall);
        let context = Context {
            estate,
            names,
            firewall,
            denies,
            scope: Arc::clone(&scope),
            seen_from: seen_from.clone(),
        };
        let mut earlier: Vec<Translation> = Vec::new();
        for (_, holder, unplaced, rule) in rules {
            let found = context.translations(holder, unplaced, &rule);
            if let Known::Unknown(reason) = &rule.to
                && !found.is_empty()
            {
                doubt(reason.as_ref().clone());
            }
            for translation in found {
                if let Known::Value(address) = &rule.to {
                    let mut left = vec![translation.clone()];
                    for before in &earlier {
                        left = left.into_iter().flat_map(|part| part.yield_to(before)).collect();
                    }
                    self.0.entry(*address).or_default().extend(left);
                }
                earlier.push(translation);
            }
        }
    }

    /// The ways that lead to an address of a VM.
    pub(super) fn to(&self, estate: &Estate, ip: &IpConfiguration, all: &mut Vec<Entrance>) {
        if self.0.is_empty() {
            return;
        }
        let network = network_of(estate, ip);
        let Some(Known::Value(address)) = &ip.address else {
            // It may be the address that a translation leads to.
            let subnet = ip.subnet.as_ref().and_then(Known::value).and_then(|id| estate.subnet(*id));
            let space = subnet.and_then(|subnet| subnet.space.as_ref()?.value());
            for (target, translations) in &self.0 {
                let inside =
                    space.is_none_or(|space| of_space(space, Family::of(*target)).contains(number(*target)));
                let here = translations.iter().filter(|_| inside && Family::of(*target) == ip.family);
                let entrances = here.filter_map(|one| one.entrance(ip.family, network, None));
                all.extend(entrances.map(|entrance| entrance.doubting(Reason::NoAddress)));
            }
            return;
        };
        let here = self.0.get(address).into_iter().flatten();
        all.extend(here.filter_map(|one| one.entrance(ip.family, network, None)));
    }

    /// The translations that lead to a frontend in a network; any of the network where its address is not known.
    pub(super) fn to_front(&self, address: Option<IpAddr>) -> impl Iterator<Item = &Translation> {
        let here = self.0.iter().filter(move |(target, _)| address.is_none_or(|address| address == **target));
        here.flat_map(|(_, all)| all)
    }
}

/// The rules of a firewall in their order, and whether it has network rules that deny. What cannot be read stands
/// among them, where it may be.
fn rules_of<'e>(estate: &'e Estate, firewall: &'e Firewall) -> (Vec<Placed<'e>>, bool) {
    let mut rules: Vec<Placed<'e>> = Vec::new();
    let mut denies = false;
    let unread = |priority, holder, reason: Reason| -> Placed<'e> {
        let place = Place { origin: firewall.origins.first(), pointer: "".into() };
        let rule = Dnat::unread(place, Known::unknown(reason.clone()), &reason);
        (priority, holder, None, Cow::Owned(rule))
    };
    match &firewall.policy {
        Some(Known::Unknown(reason)) => rules.push(unread(None, firewall.id, reason.as_ref().clone())),
        Some(Known::Value(own)) => {
            let mut policy = Some(*own);
            let mut seen = Vec::new();
            // A policy inherits the rules of the one that it is based on, and these come first.
            while let Some(id) = policy.filter(|id| !seen.contains(id)) {
                seen.push(id);
                let inherited =
                    (id != *own).then(|| Reason::InheritedTranslation { id: estate.text(id).into() });
                denies |= of_policy(estate, id, inherited.as_ref(), &unread, &mut rules);
                let record = estate.firewall_policy(id);
                policy = match record.and_then(|record| record.base.as_ref()) {
                    Some(Known::Value(base)) => Some(*base),
                    Some(Known::Unknown(reason)) => {
                        rules.push(unread(None, id, reason.as_ref().clone()));
                        None
                    }
                    None => None,
                };
            }
        }
        None => match &firewall.rules {
            Some(Known::Value(its)) => {
                denies |= its.denies;
                rules.extend(placed(its, Some(0), firewall.id, None));
            }
            Some(Known::Unknown(reason)) => {
                rules.push(unread(None, firewall.id, reason.as_ref().clone()));
            }
            None if firewall.public_ips.is_none() => {
                rules.push(unread(None, firewall.id, estate.partial(Kind::Firewall, firewall.id)));
            }
            None => {}
        },
    }
    rules.sort_by_key(|(group, _, _, rule)| (*group, rule.priority.value().copied()));
    (rules, denies)
}

/// The rules of a group with their place; `unplaced` is why that is not known.
fn placed<'e>(
    its: &'e FirewallRules,
    priority: Option<u32>,
    holder: ResourceId,
    unplaced: Option<&Reason>,
) -> impl Iterator<Item = Placed<'e>> {
    let unplaced = unplaced.cloned();
    its.nat.iter().map(move |rule| (priority, holder, unplaced.clone(), Cow::Borrowed(rule)))
}

/// Adds the rules of a policy's own groups; whether some of them deny. `inherited` is set for a policy that another
/// one is based on: why it is not known whether its translations count.
fn of_policy<'e>(
    estate: &'e Estate,
    policy: ResourceId,
    inherited: Option<&Reason>,
    unread: &impl Fn(Option<u32>, ResourceId, Reason) -> Placed<'e>,
    rules: &mut Vec<Placed<'e>>,
) -> bool {
    let mut denies = false;
    let mut found = Vec::new();
    for group in &estate.rule_groups {
        let owner = estate.text(group.id).rsplitn(3, '/').nth(2);
        if owner.and_then(|owner| estate.ids().find(owner)) != Some(policy) {
            continue;
        }
        found.push(group.id);
        let missing = estate.partial(Kind::RuleGroup, group.id);
        let (priority, unplaced) = match &group.priority {
            Some(Known::Value(priority)) => (Some(*priority), None),
            Some(Known::Unknown(reason)) => (None, Some(reason.as_ref())),
            None => (None, Some(&missing)),
        };
        // What is inherited comes before everything of one's own.
        let (priority, unplaced) = match inherited {
            Some(reason) => (None, Some(reason)),
            None => (priority, unplaced),
        };
        match &group.rules {
            Some(Known::Value(its)) => {
                denies |= its.denies;
                rules.extend(placed(its, priority, group.id, unplaced));
            }
            Some(Known::Unknown(reason)) => {
                rules.push(unread(priority, group.id, reason.as_ref().clone()));
            }
            None => rules.push(unread(priority, group.id, missing.clone())),
        }
    }
    // The groups of a policy are resources of their own, which many exports leave out.
    let mut lost = |holder, reason| rules.push(unread(None, holder, reason));
    match estate.firewall_policy(policy).map(|policy| &policy.groups) {
        Some(Some(Known::Value(all))) => {
            for missing in all.iter().filter(|id| !found.contains(id)) {
                lost(*missing, estate.missing(Kind::RuleGroup, *missing));
            }
        }
        Some(None) => {}
        Some(Some(Known::Unknown(reason))) => lost(policy, reason.as_ref().clone()),
        None => lost(policy, estate.missing(Kind::FirewallPolicy, policy)),
    }
    denies
}

/// The addresses that packets of a firewall come from.
fn seen_from(estate: &Estate, firewall: &Firewall) -> [MustMay; 2] {
    FAMILIES.map(|family| match &firewall.subnet {
        Some(Known::Value(subnet)) => space_of(estate, *subnet, family),
        _ => MustMay { must: Addresses::empty(), may: private(family) },
    })
}

impl Context<'_> {
    /// The addresses that a rule names; why these are not known goes to `doubts`.
    fn named(
        &self,
        spec: &AddressSpec,
        groups: &[ResourceId],
        family: Family,
        doubts: &mut Vec<Reason>,
    ) -> MustMay {
        if spec.any {
            return MustMay::certain(everything(family));
        }
        let mut all = MustMay::certain(of_sets(&spec.v4, &spec.v6, family));
        for tag in &spec.tags {
            all.add(&match tag {
                ServiceTag::Internet => MustMay::certain(internet(family).clone()),
                ServiceTag::Other(name) => match self.names.tags.in_family(name, family) {
                    Some(addresses) => MustMay::certain(addresses),
                    None => {
                        doubts.push(Reason::ServiceTag { tag: name.as_ref().into() });
                        MustMay { must: Addresses::empty(), may: everything(family) }
                    }
                },
                ServiceTag::VirtualNetwork | ServiceTag::AzureLoadBalancer => {
                    MustMay::certain(Addresses::empty())
                }
            });
        }
        for group in groups {
            match self.estate.ip_group(*group).and_then(|group| group.space.as_ref()) {
                Some(Known::Value(space)) => all.add(&MustMay::certain(of_space(space, family))),
                known => {
                    all.may = everything(family);
                    doubts.push(match known {
                        Some(Known::Unknown(reason)) => reason.as_ref().clone(),
                        _ => self.estate.missing(Kind::IpGroup, *group),
                    });
                }
            }
        }
        if spec.unreadable.is_some() {
            all.may = everything(family);
        }
        all
    }

    /// What a rule translates: one for each public address that it listens on. Nothing for one that does not
    /// listen to the internet.
    fn translations(&self, holder: ResourceId, unplaced: Option<Reason>, rule: &Dnat) -> Vec<Translation> {
        let mut doubts: Vec<Reason> = unplaced.into_iter().collect();
        if self.denies {
            doubts.push(Reason::FirewallDenies { id: self.estate.text(self.firewall.id).into() });
        }
        let unread = |field: Option<&Reason>, doubts: &mut Vec<Reason>| doubts.extend(field.cloned());
        let protocols = match &rule.protocols {
            Known::Value(all) => all.iter().fold(Protocols::NONE, |sum, one| sum.or(Protocols::of(*one))),
            Known::Unknown(reason) => {
                unread(Some(reason), &mut doubts);
                Protocols::ALL
            }
        };
        let ports = match &rule.ports {
            Known::Value(ports) => ports.clone(),
            Known::Unknown(reason) => {
                unread(Some(reason), &mut doubts);
                PortSet::all()
            }
        };
        let mut to_port = None;
        let mut any_port = false;
        match &rule.to_port {
            Known::Value(port) => to_port = *port,
            Known::Unknown(reason) => {
                unread(Some(reason), &mut doubts);
                any_port = true;
            }
        }
        if let Known::Unknown(reason) = &rule.priority {
            unread(Some(reason), &mut doubts);
        }
        unread(rule.source.unreadable.as_deref(), &mut doubts);
        unread(rule.destination.unreadable.as_deref(), &mut doubts);
        let listening = FAMILIES.map(|family| self.named(&rule.destination, &[], family, &mut doubts));
        let mut client_doubts = Vec::new();
        let clients =
            FAMILIES.map(|family| self.named(&rule.source, &rule.source_groups, family, &mut client_doubts));
        client_doubts.dedup();
        let one = |via: ResourceId, destination: [MustMay; 2]| Translation {
            firewall: self.firewall.id,
            holder,
            via,
            rule: rule.name.clone(),
            place: rule.place.clone(),
            protocols,
            destination,
            ports: if any_port { PortSet::all() } else { ports.clone() },
            to_port,
            clients: clients.clone(),
            client_doubts: client_doubts.clone(),
            scope: Arc::clone(&self.scope),
            scope_doubt: Reason::NotModelled {
                resource_type: Kind::Firewall.resource_type().to_ascii_lowercase().into(),
                id: self.estate.text(self.firewall.id).into(),
            },
            seen_from: self.seen_from.clone(),
            doubts: doubts.clone(),
        };
        let mut all = Vec::new();
        // Why an address of the firewall may be one that the rule names, and nobody can tell.
        let mut elsewhere = match &self.firewall.public_ips {
            Some(Known::Value(_)) => None,
            Some(Known::Unknown(reason)) => Some(reason.as_ref().clone()),
            None => Some(self.estate.partial(Kind::Firewall, self.firewall.id)),
        };
        let publics = self.firewall.public_ips.as_ref().and_then(Known::value);
        let mut rest = listening.clone();
        for public in publics.into_iter().flatten() {
            let record = self.estate.public_ip(*public);
            let Some(Known::Value(address)) = record.and_then(|record| record.address.as_ref()) else {
                elsewhere = Some(match record {
                    None => self.estate.missing(Kind::PublicIp, *public),
                    Some(_) => self.estate.partial(Kind::PublicIp, *public),
                });
                continue;
            };
            let family = Family::of(*address);
            let at = number(*address);
            let Some(names) = listening.get(family_index(family)).filter(|names| names.may.contains(at))
            else {
                continue;
            };
            let only: Addresses = [Range { first: at, last: at }].into_iter().collect();
            let must = names.must.intersection(&only);
            if let Some(rest) = rest.get_mut(family_index(family)) {
                rest.may = rest.may.difference(&only);
            }
            let destination = FAMILIES.map(|its| match its == family {
                true => MustMay { must: must.clone(), may: only.clone() },
                false => MustMay::certain(Addresses::empty()),
            });
            all.push(one(*public, destination));
        }
        if let Some(reason) = elsewhere {
            let public = |(set, family): (&MustMay, Family)| set.may.overlaps(internet(family));
            if rest.iter().zip(FAMILIES).any(public) {
                let rest = rest.map(|set| MustMay { must: Addresses::empty(), may: set.may });
                let mut one = one(self.firewall.id, rest);
                one.doubts.push(reason);
                all.push(one);
            }
        }
        all
    }
}

impl Translation {
    /// Leaves to an earlier rule what that one takes: the parts that are left, disjoint. What the earlier one only may
    /// take is not certain here.
    fn yield_to(self, before: &Self) -> Vec<Self> {
        let pairs = || self.destination.iter().zip(&before.destination);
        let protocols = self.protocols.and(before.protocols);
        let ports = self.ports.intersection(&before.ports);
        if !pairs().any(|(mine, its)| mine.may.overlaps(&its.may)) || protocols.is_empty() || ports.is_empty()
        {
            return vec![self];
        }
        let mut parts = vec![
            Self { protocols: self.protocols.without(protocols), ..self.clone() },
            Self { protocols, ports: self.ports.difference(&ports), ..self.clone() },
        ];
        let certain = before.doubts.is_empty() && pairs().all(|(mine, its)| its.must.contains_all(&mine.may));
        let takes_all =
            self.clients.iter().zip(&before.clients).all(|(mine, its)| its.must.contains_all(&mine.may));
        if !certain || !takes_all {
            let mut shared = Self { protocols, ports, ..self };
            for (mine, its) in shared.clients.iter_mut().zip(&before.clients) {
                mine.must = mine.must.difference(&its.may);
                if certain {
                    mine.may = mine.may.difference(&its.must);
                }
            }
            shared.client_doubts.extend(before.doubts.iter().chain(&before.client_doubts).cloned());
            parts.push(shared);
        }
        parts.retain(|part| {
            !part.protocols.is_empty()
                && !part.ports.is_empty()
                && part.clients.iter().any(|clients| !clients.may.is_empty())
        });
        parts
    }

    /// The way in that it is for an address of a network. `behind` is a load balancer's rule that it leads
    /// to: the ports that the rule listens on, those behind it, and its protocols.
    pub(super) fn entrance(
        &self,
        family: Family,
        network: Option<ResourceId>,
        behind: Option<(&PortSet, &PortSet, Protocols)>,
    ) -> Option<Entrance> {
        let mut doubts = self.doubts.clone();
        match self.scope.reaches(network) {
            Tri::No => return None,
            Tri::Maybe => doubts.push(self.scope_doubt.clone()),
            Tri::Yes => {}
        }
        let mut protocols = self.protocols;
        let mut ports = match self.to_port {
            Some(port) => [Range { first: port, last: port }].into_iter().collect(),
            None => self.ports.clone(),
        };
        if let Some((listens, leads_to, carries)) = behind {
            protocols = protocols.and(carries);
            if !listens.overlaps(&ports) || protocols.is_empty() {
                return None;
            }
            let whole = listens.is_all() && leads_to.is_all();
            ports = if whole { ports } else { leads_to.clone() };
        }
        let at = family_index(family);
        let (clients, seen_from) = (self.clients.get(at)?.clone(), self.seen_from.get(at)?.clone());
        let through = Through {
            resource: self.firewall,
            holder: self.holder,
            rule: self.rule.clone(),
            place: Some(self.place.clone()),
            frontend_ports: self.ports.clone(),
            backend_ports: ports.clone(),
            seen_from: Some(seen_from.may.clone()),
        };
        Some(Entrance {
            through: Some(Arc::new(through)),
            protocols,
            ports,
            clients: Some(clients),
            client_doubts: self.client_doubts.clone(),
            seen_from: Some(seen_from),
            doubts,
            ..Entrance::open(self.via, family)
        })
    }
}
