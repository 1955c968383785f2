//! The stand-in for Azure, for tests of the program.
#![allow(dead_code, reason = "each test binary uses its part")]

use azure_sim::{Quota, Recording, Running, Script, World, start};
use serde_json::Value;

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const CLIENT: &str = "22222222-2222-2222-2222-222222222222";

/// A tenant that runs until it is dropped.
pub(crate) struct Sim {
    pub(crate) running: Running,
    _runtime: tokio::runtime::Runtime,
}

impl std::ops::Deref for Sim {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// Starts a tenant with these resources, answers of Azure itself, and faults; pages are of five rows.
pub(crate) fn sim(resources: Vec<Value>, recordings: Vec<Recording>, faults: Vec<Script>) -> Sim {
    let mut world = World::new(TENANT, []);
    resources.into_iter().for_each(|resource| world.add(resource));
    recordings.into_iter().for_each(|one| world.record(one));
    of_world(world, faults)
}

/// The same of a world.
pub(crate) fn of_world(world: World, faults: Vec<Script>) -> Sim {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = runtime.block_on(start(world, Quota::NONE, 5, faults)).unwrap();
    Sim { running, _runtime: runtime }
}

/// The sign-in of a service principal, and of nobody else.
pub(crate) fn principal(language: &str) -> [(&'static str, &str); 5] {
    [
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", CLIENT),
        ("AZURE_CLIENT_SECRET", "hunter2-very-secret"),
        ("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"),
        ("LANG", language),
    ]
}
