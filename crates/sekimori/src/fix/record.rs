//! What the input says of one resource, as Azure would answer it.

use std::collections::HashMap;

use estate::{Origin, ResourceId};
use serde_json::Value;
use template::export::resource;

use crate::source::Reading;

/// Types whose records stand for themselves though they are parts of another resource.
const PARTS: [&str; 3] =
    ["networksecuritygroups/securityrules", "virtualnetworks/subnets", "routetables/routes"];

/// Where the records of each resource stand, and those of its parts.
pub(super) struct Records<'r> {
    reading: &'r Reading,
    places: HashMap<ResourceId, Vec<Origin>>,
}

impl<'r> Records<'r> {
    pub(super) fn new(reading: &'r Reading) -> Self {
        let estate = &reading.estate;
        let mut places: HashMap<ResourceId, Vec<Origin>> = HashMap::new();
        for record in estate.records() {
            places.entry(record.id).or_default().push(record.origin);
            let kind = record.resource_type.to_ascii_lowercase();
            if PARTS.iter().any(|part| kind.ends_with(part)) {
                let whole =
                    estate.text(record.id).rsplitn(3, '/').nth(2).and_then(|id| estate.ids().find(id));
                if let Some(whole) = whole {
                    places.entry(whole).or_default().push(record.origin);
                }
            }
        }
        Self { reading, places }
    }

    /// The resource; nothing where no record tells of it.
    pub(super) fn of(&self, id: ResourceId) -> Option<Value> {
        let mut places = self.places.get(&id)?.clone();
        places.sort_unstable();
        places.dedup();
        let read = |origin| serde_json::from_slice(&self.reading.sources.record(origin)?).ok();
        let records: Vec<Value> = places.into_iter().filter_map(read).collect();
        resource(&records, self.reading.estate.text(id))
    }
}
