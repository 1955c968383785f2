//! A change to an estate, as data: what a fix, a lease or a deployment would do.

use crate::id::ResourceId;
use crate::known::Known;
use crate::model::{Estate, Kind};
use crate::rule::SecurityRule;

/// One change. Applying it gives the change that undoes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Adds a rule to a group, or replaces the one of the same name.
    PutRule {
        /// The group.
        nsg: ResourceId,
        /// The rule.
        rule: Box<SecurityRule>,
    },
    /// Removes a rule from a group.
    DeleteRule {
        /// The group.
        nsg: ResourceId,
        /// The name of the rule.
        rule: Box<str>,
    },
    /// Gives an IP configuration of a NIC another public address, or takes it away.
    SetPublicIp {
        /// The NIC.
        nic: ResourceId,
        /// The name of the IP configuration.
        ip_configuration: Box<str>,
        /// The public address.
        public_ip: Option<ResourceId>,
    },
}

/// Why a change cannot be applied.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChangeError {
    /// The resource is not in the estate, or too little of it is known.
    #[error("`{id}` is not in the estate, or not enough of it is known to change it")]
    NotKnown {
        /// The id of the resource.
        id: Box<str>,
    },
    /// The group has no such rule, or the NIC no such IP configuration.
    #[error("`{id}` has no `{name}`")]
    NoSuchPart {
        /// The id of the resource.
        id: Box<str>,
        /// The name of the rule or IP configuration.
        name: Box<str>,
    },
}

/// Applies a change and gives the one that undoes it. After an error the estate is as it was.
pub fn apply(estate: &mut Estate, change: &Change) -> Result<Change, ChangeError> {
    match change {
        Change::PutRule { nsg, rule } => {
            let rules = rules_of(estate, *nsg)?;
            let same = rules.iter().position(|mine| mine.name.eq_ignore_ascii_case(&rule.name));
            let undo = match same {
                Some(index) => Change::PutRule { nsg: *nsg, rule: Box::new(rules.remove(index)) },
                None => Change::DeleteRule { nsg: *nsg, rule: rule.name.clone() },
            };
            let priority =
                |rule: &SecurityRule| (rule.priority.value().copied(), rule.name.to_ascii_lowercase());
            let at = rules.partition_point(|mine| priority(mine) < priority(rule));
            rules.insert(at, rule.as_ref().clone());
            Ok(undo)
        }
        Change::DeleteRule { nsg, rule } => {
            let id: Box<str> = estate.text(*nsg).into();
            let rules = rules_of(estate, *nsg)?;
            let Some(index) = rules.iter().position(|mine| mine.name.eq_ignore_ascii_case(rule)) else {
                return Err(ChangeError::NoSuchPart { id, name: rule.clone() });
            };
            Ok(Change::PutRule { nsg: *nsg, rule: Box::new(rules.remove(index)) })
        }
        Change::SetPublicIp { nic, ip_configuration, public_ip } => {
            let id: Box<str> = estate.text(*nic).into();
            let not_known = || ChangeError::NotKnown { id: id.clone() };
            let slot = estate.slot(*nic).filter(|slot| slot.kind == Kind::Nic).ok_or_else(not_known)?;
            let record = estate.nics.get_mut(slot.index as usize).ok_or_else(not_known)?;
            let Some(Known::Value(all)) = &mut record.ip_configurations else { return Err(not_known()) };
            let Some(mine) = all.iter_mut().find(|mine| mine.name.eq_ignore_ascii_case(ip_configuration))
            else {
                return Err(ChangeError::NoSuchPart { id, name: ip_configuration.clone() });
            };
            let before = mine.public_ip.as_ref().and_then(|before| before.value().copied());
            mine.public_ip = public_ip.map(Known::Value);
            Ok(Change::SetPublicIp {
                nic: *nic,
                ip_configuration: ip_configuration.clone(),
                public_ip: before,
            })
        }
    }
}

fn rules_of(estate: &mut Estate, nsg: ResourceId) -> Result<&mut Vec<SecurityRule>, ChangeError> {
    let id: Box<str> = estate.text(nsg).into();
    let slot = estate.slot(nsg).filter(|slot| slot.kind == Kind::Nsg);
    let record = slot.and_then(|slot| estate.nsgs.get_mut(slot.index as usize));
    match record.map(|record| &mut record.rules) {
        Some(Some(Known::Value(rules))) => Ok(rules),
        _ => Err(ChangeError::NotKnown { id }),
    }
}
