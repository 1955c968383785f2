//! What checks look at, and what they say.

use std::borrow::Cow;
use std::collections::HashSet;

use estate::{
    Estate, Family, IpConfiguration, Kind, Known, Nic, Origin, Pointer, PortSet, Reason, ResourceId,
    ScaleSet, Vm, resource_name,
};
use reach::{Addresses, Exposure, Reach, RuleRef};

use crate::check::{Check, Severity};
use crate::exposure::PortEvidence;
use crate::lang::Lang;
use crate::remedy::one_line;
use crate::settings::Settings;

/// What every check may use.
pub struct Context<'e> {
    /// The estate as a network.
    pub reach: &'e Reach<'e>,
    /// What the team has set.
    pub settings: &'e Settings,
    /// The language of messages.
    pub lang: Lang,
    /// The groups that let the internet in to a VM today.
    pub exposing: Option<&'e HashSet<ResourceId>>,
    /// The management ports, and all others.
    pub(crate) ports: &'e [PortSet; 2],
    /// What the team's approved sources are together, of each family.
    pub(crate) approved: &'e [Addresses; 2],
}

impl<'e> Context<'e> {
    /// The estate.
    pub fn estate(&self) -> &'e Estate {
        self.reach.estate()
    }

    /// What is left of a set without the sources that the team has approved of.
    pub(crate) fn strangers<'s>(&self, set: &'s Addresses, family: Family) -> Cow<'s, Addresses> {
        let [v4, v6] = self.approved;
        let approved = if family == Family::V4 { v4 } else { v6 };
        match approved.is_empty() {
            true => Cow::Borrowed(set),
            false => Cow::Owned(set.difference(approved)),
        }
    }

    /// The names of the approved sources that have addresses in a set.
    pub(crate) fn approved_in(&self, set: &Addresses, family: Family) -> Vec<String> {
        let all = self.settings.approved.iter();
        let within = all.filter(|approved| approved.addresses(family).overlaps(set));
        within.map(|approved| approved.name.clone()).collect()
    }

    /// The last part of an id, on one line.
    pub fn name(&self, id: ResourceId) -> String {
        one_line(resource_name(self.estate().text(id)))
    }
}

/// A VM with everything that leads to it.
pub struct VmView<'e> {
    /// The VM.
    pub vm: &'e Vm,
    /// Its addresses.
    pub addresses: Vec<AddressView<'e>>,
    /// Why it may have addresses that are not told.
    pub unknown: Vec<Reason>,
}

/// One address of a VM.
pub struct AddressView<'e> {
    /// The NIC.
    pub nic: &'e Nic,
    /// The number of the IP configuration in the NIC.
    pub index: usize,
    /// The IP configuration.
    pub ip: &'e IpConfiguration,
    /// What of it can be reached from the internet.
    pub exposure: Exposure,
}

impl<'e> VmView<'e> {
    /// Looks at a VM.
    pub(crate) fn new(reach: &Reach<'e>, vm: &'e Vm) -> Self {
        Self::with(reach, vm, |id| reach.estate().nic(id))
    }

    /// Looks at what a scale set makes its instances like; `None` for one that does not tell.
    pub(crate) fn of_scale_set(reach: &Reach<'e>, set: &'e ScaleSet) -> Option<Self> {
        let Some(Known::Value(model)) = &set.model else { return None };
        Some(Self::with(reach, &model.vm, |id| model.nics.iter().find(|nic| nic.id == id)))
    }

    fn with(reach: &Reach<'e>, vm: &'e Vm, find: impl Fn(ResourceId) -> Option<&'e Nic>) -> Self {
        let estate = reach.estate();
        let mut view = Self { vm, addresses: Vec::new(), unknown: Vec::new() };
        view.unknown.extend(vm.nics_unknown.as_deref().cloned());
        if vm.nics.is_empty() && view.unknown.is_empty() {
            view.unknown.push(estate.partial(Kind::Vm, vm.id));
        }
        for id in &vm.nics {
            let Some(nic) = find(*id) else {
                view.unknown.push(estate.missing(Kind::Nic, *id));
                continue;
            };
            match &nic.ip_configurations {
                None => view.unknown.push(estate.partial(Kind::Nic, *id)),
                Some(Known::Unknown(reason)) => view.unknown.push(reason.as_ref().clone()),
                Some(Known::Value(all)) => {
                    for (index, ip) in all.iter().enumerate() {
                        let exposure = reach.from_internet(nic, ip);
                        view.addresses.push(AddressView { nic, index, ip, exposure });
                    }
                }
            }
        }
        view
    }
}

/// Whether a check is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It is not.
    Fail,
    /// It is.
    Pass,
}

/// What a check says about a resource.
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// Whether it is met.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub resource: ResourceId,
    /// What is so, in the asked language.
    pub message: String,
    /// What makes it so.
    pub cause: Option<Cause>,
    /// What proves it.
    pub evidence: Vec<PortEvidence>,
    /// Facts besides ports, as names and values.
    pub facts: Vec<(&'static str, String)>,
    /// What to do, in the asked language.
    pub fix: Cow<'static, str>,
}

impl Finding {
    /// A stable name: a hash of code, lower-cased resource and cause, which neither the message nor
    /// the position goes into.
    pub fn id(&self, estate: &Estate) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let mut lower = Vec::with_capacity(256);
        let mut part = |text: &str| {
            lower.clear();
            lower.extend_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            lower.push(0);
            hash.update(&lower);
        };
        part(self.check.code);
        part(estate.text(self.resource));
        if let Some(cause) = &self.cause {
            part(estate.text(cause.resource));
            part(&cause.key);
        }
        let digest = hash.finalize();
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{}-{number:016x}", self.check.code)
    }
}

/// The value that makes something so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The resource that holds it.
    pub resource: ResourceId,
    /// Where it is in the resource, in ARM's nested shape.
    pub pointer: Pointer,
    /// The record that it stands in.
    pub origin: Origin,
    /// What tells this cause from others of the resource whatever the order of its parts: the
    /// name of a rule.
    pub key: Box<str>,
}

impl Cause {
    /// A value of a record.
    pub(crate) fn field(resource: ResourceId, origin: Origin, pointer: &str) -> Self {
        Self { resource, pointer: pointer.into(), origin, key: pointer.into() }
    }

    /// A rule of a group.
    pub(crate) fn rule(estate: &Estate, nsg: ResourceId, rule: RuleRef) -> Option<Self> {
        let record = estate.nsg(nsg)?;
        match rule {
            RuleRef::Own(index) => {
                let rule = record.rules.as_ref()?.value()?.get(index as usize)?;
                Some(Self {
                    resource: nsg,
                    pointer: rule.place.pointer.clone(),
                    origin: rule.place.origin,
                    key: rule.name.clone(),
                })
            }
            // No group holds it.
            RuleRef::Admin(_) => None,
            RuleRef::Default(rule) => Some(Self {
                resource: nsg,
                pointer: "".into(),
                origin: record.origins.first(),
                key: rule.name().into(),
            }),
        }
    }
}
