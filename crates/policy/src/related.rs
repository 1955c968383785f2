//! What exists beside a resource: extensions of a machine, assessments, plans of a subscription.

use std::sync::{Arc, Mutex, PoisonError};

use estate::{Asked, Estate, Feed, Origin, Origins, PolicyGap, Reason, ResourceId};
use hashbrown::HashMap;

use crate::definition::Details;
use crate::record::{Read, Record, parts_of, type_of, whole_of};

/// The types that are asked for, and by which question.
const ASKED: [(&str, Feed); 30] = [
    ("microsoft.compute/virtualmachines", Feed::Machines),
    ("microsoft.compute/virtualmachines/extensions", Feed::Machines),
    ("microsoft.compute/virtualmachines/runcommands", Feed::Machines),
    ("microsoft.compute/virtualmachinescalesets", Feed::Machines),
    ("microsoft.compute/virtualmachinescalesets/extensions", Feed::Machines),
    ("microsoft.compute/disks", Feed::Machines),
    ("microsoft.compute/snapshots", Feed::Machines),
    ("microsoft.network/networkinterfaces", Feed::Networks),
    ("microsoft.network/publicipaddresses", Feed::Networks),
    ("microsoft.network/networksecuritygroups", Feed::Networks),
    ("microsoft.network/virtualnetworks", Feed::Networks),
    ("microsoft.network/virtualnetworks/subnets", Feed::Networks),
    ("microsoft.network/routetables", Feed::Networks),
    ("microsoft.network/loadbalancers", Feed::Networks),
    ("microsoft.network/applicationgateways", Feed::Networks),
    ("microsoft.network/azurefirewalls", Feed::Networks),
    ("microsoft.network/firewallpolicies", Feed::Networks),
    ("microsoft.network/bastionhosts", Feed::Networks),
    ("microsoft.network/networkwatchers", Feed::Networks),
    ("microsoft.network/networkwatchers/flowlogs", Feed::Networks),
    ("microsoft.network/virtualnetworkgateways", Feed::Networks),
    ("microsoft.network/privateendpoints", Feed::Networks),
    ("microsoft.recoveryservices/vaults", Feed::Vaults),
    ("microsoft.guestconfiguration/guestconfigurationassignments", Feed::GuestConfiguration),
    ("microsoft.security/assessments", Feed::Security),
    ("microsoft.security/pricings", Feed::Security),
    ("microsoft.security/securitycontacts", Feed::Contacts),
    ("microsoft.security/automations", Feed::Exports),
    ("microsoft.security/alertssuppressionrules", Feed::SuppressionRules),
    (PROTECTED, Feed::Backups),
];

/// That a machine is backed up, as policies ask for it: nothing has this type but for them.
pub(crate) const PROTECTED: &str = "microsoft.recoveryservices/backupprotecteditems";

/// Types of which each hangs on the resource that it tells of, whatever its provider.
const HANGING: [&str; 6] = [
    "microsoft.security/assessments",
    "microsoft.guestconfiguration/guestconfigurationassignments",
    "microsoft.insights/diagnosticsettings",
    "microsoft.insights/datacollectionruleassociations",
    "microsoft.security/complianceresults",
    PROTECTED,
];

/// Resources of one type, sorted by id.
type Sorted = Vec<(String, ResourceId, Vec<Origin>)>;

/// What was read for a place (an id in lower case) and a type.
type Kept = HashMap<(String, String), Arc<Vec<Record>>>;

/// Finds what exists beside a resource.
pub(crate) struct Related<'e> {
    estate: &'e Estate,
    read: Read<'e>,
    by_type: HashMap<String, Sorted>,
    /// What stands in groups and subscriptions is asked for many times.
    kept: Mutex<Kept>,
}

impl<'e> Related<'e> {
    /// Of an estate, for the types that policies ask for.
    pub(crate) fn new(estate: &'e Estate, read: Read<'e>, types: &[&str]) -> Self {
        let wanted = |of: &str| types.contains(&of) || parts_of(of).any(|part| types.contains(&part));
        let mut found: HashMap<String, HashMap<ResourceId, Vec<Origin>>> = HashMap::new();
        for record in estate.records() {
            let of = type_of(estate, &record);
            if wanted(&of) {
                found.entry(of).or_default().entry(record.id).or_default().push(record.origin);
            }
        }
        let sorted = |all: HashMap<ResourceId, Vec<Origin>>| {
            let mut all: Sorted = all
                .into_iter()
                .map(|(id, origins)| (estate.text(id).to_ascii_lowercase(), id, origins))
                .collect();
            all.sort_unstable();
            all
        };
        let by_type = found.into_iter().map(|(of, all)| (of, sorted(all))).collect();
        Self { estate, read, by_type, kept: Mutex::default() }
    }

    pub(crate) fn estate(&self) -> &'e Estate {
        self.estate
    }

    /// What there is that a policy asks for beside a resource, and why there may be more.
    pub(crate) fn of(&self, record: &Record, details: &Details) -> (Arc<Vec<Record>>, Option<Reason>) {
        let wanted = details.resource_type.as_str();
        if wanted == PROTECTED {
            let backed = !self.estate.around.backup_items.of(record.owner).is_empty();
            let item = backed.then(|| Record {
                id: format!("{}/providers/{PROTECTED}/item", record.id),
                resource_type: PROTECTED.into(),
                json: serde_json::json!({"type": PROTECTED, "properties": {}}),
                whole: false,
                ..record.clone()
            });
            return (Arc::new(item.into_iter().collect()), self.may_be_more(record, wanted));
        }
        let below =
            wanted.strip_prefix(record.resource_type.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let hangs = HANGING.contains(&wanted) && record.resource_type != SUBSCRIPTION;
        let place = if below || hangs {
            record.id.clone()
        } else if details.in_subscription
            || details.group_is.is_some()
            || record.resource_type == SUBSCRIPTION
        {
            subscription(&record.id)
        } else {
            let group = details.group.as_deref().or_else(|| estate::resource_group(&record.id));
            group
                .map(|group| format!("{}/resourcegroups/{group}", subscription(&record.id)))
                .unwrap_or_default()
        };
        let mut all = self.below(&place, wanted);
        // Parts that stand in the resource itself are told by its record.
        let own: Vec<Record> = if below { record.parts(wanted) } else { Vec::new() };
        if !own.is_empty() {
            let mut both = own;
            both.extend(
                all.iter().filter(|one| both.iter().all(|own| own.id != one.id)).cloned().collect::<Vec<_>>(),
            );
            all = Arc::new(both);
        }
        (all, self.may_be_more(record, wanted))
    }

    fn below(&self, place: &str, wanted: &str) -> Arc<Vec<Record>> {
        let key = (place.to_owned(), wanted.to_owned());
        if let Some(found) = self.kept().get(&key) {
            return Arc::clone(found);
        }
        let mut all: Vec<Record> = Vec::new();
        for (of, is_part) in [(Some(wanted), false), (whole_of(wanted), true)] {
            let Some(of) = of else { continue };
            let Some(sorted) = self.by_type.get(of) else { continue };
            let start = format!("{place}/");
            let from = sorted.partition_point(|(id, ..)| id.as_str() < start.as_str());
            for (id, owner, origins) in sorted.iter().skip(from).take_while(|(id, ..)| id.starts_with(&start))
            {
                let Some(record) = Record::load(self.estate, *owner, of, origins, self.read) else {
                    continue;
                };
                debug_assert_eq!(*id, record.id);
                if is_part {
                    all.extend(record.parts(wanted));
                } else {
                    all.push(record);
                }
            }
        }
        let mut seen = hashbrown::HashSet::new();
        all.retain(|one| seen.insert(one.id.clone()));
        let all = Arc::new(all);
        // What hangs on one machine is asked for while that one is looked at, and never again.
        if place.matches('/').count() <= 4 {
            self.kept().insert(key, Arc::clone(&all));
        }
        all
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why there may be more of a type beside a resource than the input holds.
    fn may_be_more(&self, record: &Record, wanted: &str) -> Option<Reason> {
        let Some((_, feed)) = ASKED.iter().find(|(of, _)| *of == wanted) else {
            return Some(Reason::Policy { gap: PolicyGap::Type, what: wanted.into() });
        };
        match self.estate.coverage.asked(*feed, &record.id, &Origins::one(record.origin)) {
            Asked::Whole => None,
            Asked::Gap(action) => Some(Reason::NotWhole { feed: *feed, action }),
            Asked::Never => Some(Reason::NotAsked { feed: *feed }),
        }
    }
}

pub(crate) const SUBSCRIPTION: &str = "microsoft.resources/subscriptions";

/// The id of the subscription of a resource.
pub(crate) fn subscription(id: &str) -> String {
    estate::resource_subscription(id)
        .map(|own| format!("/subscriptions/{own}"))
        .unwrap_or_default()
        .to_ascii_lowercase()
}
