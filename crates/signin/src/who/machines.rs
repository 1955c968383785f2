//! Machines that no right tells apart, and whether people can sign in to them with accounts of the directory.

use estate::{Asked, Estate, Extension, Feed, Field, Known, OsFamily, ResourceId, Vm};

use super::means::Door;
use crate::tri::Tri;

/// Whether people can sign in to a machine with accounts of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ready {
    /// Whether the extension for it is in place.
    pub extension: Tri,
    /// Whether the machine has the identity that the extension needs.
    pub identity: Tri,
}

impl Ready {
    /// Whether both are there.
    pub fn so(self) -> Tri {
        self.extension.and(self.identity)
    }
}

/// Machines that nothing tells apart that matters to who gets in.
#[derive(Clone, Debug)]
pub struct Machines {
    /// Their ids.
    pub members: Vec<ResourceId>,
    /// What people sign in to; none where the system is not told.
    pub door: Option<Door>,
    /// Whether people can sign in with accounts of the directory.
    pub ready: Ready,
    /// Whether they are scale sets, or instances of these.
    pub(crate) of_set: bool,
    /// Numbers of scopes that hold the machine, and whether they certainly do.
    pub(crate) scopes: Vec<(usize, Tri)>,
    /// The same for the disk that it starts from.
    pub(crate) disk_scopes: Vec<(usize, Tri)>,
}

/// The extensions that let people of the directory in: publisher and handler.
///
/// Sources: <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows>,
/// <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux>.
const EXTENSIONS: [&str; 2] = ["AADLoginForWindows", "AADSSHLoginForLinux"];
const PUBLISHER: &str = "Microsoft.Azure.ActiveDirectory";

/// Whether people can sign in to a machine with accounts of the directory. `set` is the scale set that it is an instance of.
pub fn ready(estate: &Estate, vm: &Vm, set: Option<ResourceId>) -> Ready {
    let all = &estate.around.extensions;
    let own = all.of(vm.id).iter().chain(set.map(|set| all.of(set)).unwrap_or_default());
    let (mut extension, mut nameless) = (Tri::No, false);
    for one in own {
        match is_login(one, door(vm)) {
            Tri::No => {}
            Tri::Maybe => nameless = true,
            Tri::Yes => extension = extension.or(works(one)),
        }
    }
    let told = vm.upkeep.lists_extensions == Some(Known::Value(true))
        || vm.profile != "/properties"
        || set.is_some_and(|set| estate.scale_set(set).is_some())
        || estate.coverage.asked(Feed::Machines, estate.text(vm.id), &vm.origins) == Asked::Whole;
    if extension == Tri::No && (nameless || !told) {
        extension = Tri::Maybe;
    }
    // An instance has the identity of its set.
    let of_set = set.and_then(|set| Some(&estate.scale_set(set)?.model.as_ref()?.value()?.vm));
    let identity = match &of_set.unwrap_or(vm).upkeep.system_identity {
        Some(Known::Value(so)) => (*so).into(),
        Some(Known::Unknown(_)) => Tri::Maybe,
        None => {
            if vm.described || vm.profile != "/properties" {
                Tri::No
            } else {
                Tri::Maybe
            }
        }
    };
    Ready { extension, identity }
}

/// Whether the extension by which people sign in to a machine is there, and in a state that says that something went wrong.
pub fn has_failed(estate: &Estate, vm: ResourceId) -> bool {
    let failed = |one: &&Extension| matches!(&one.state, Some(Known::Value(state)) if state.eq_ignore_ascii_case("Failed"));
    let system = estate.vm(vm).and_then(door);
    estate.around.extensions.of(vm).iter().filter(failed).any(|one| is_login(one, system) == Tri::Yes)
}

/// Whether an extension lets people of the directory in to a machine of a system: each is for one of the two.
fn is_login(extension: &Extension, system: Option<Door>) -> Tri {
    let is = |field: &Field<Box<str>>, words: &[&str]| match field {
        Some(Known::Value(text)) => words.iter().any(|word| text.eq_ignore_ascii_case(word)).into(),
        _ => Tri::Maybe,
    };
    let handlers: &[&str] = match system {
        Some(Door::Windows) => &EXTENSIONS[..1],
        Some(Door::Linux) => &EXTENSIONS[1..],
        Some(Door::Azure) | None => &EXTENSIONS,
    };
    is(&extension.publisher, &[PUBLISHER]).and(is(&extension.handler, handlers))
}

/// Whether an extension is in place. One of which the state is not told was asked for, and mostly is; one that has failed may
/// be there from before, or from a part of what it did.
fn works(extension: &Extension) -> Tri {
    match &extension.state {
        Some(Known::Value(state)) if state.eq_ignore_ascii_case("Succeeded") => Tri::Yes,
        _ => Tri::Maybe,
    }
}

pub(crate) fn door(vm: &Vm) -> Option<Door> {
    match &vm.os {
        Some(Known::Value(OsFamily::Windows)) => Some(Door::Windows),
        Some(Known::Value(OsFamily::Linux)) => Some(Door::Linux),
        _ => None,
    }
}

/// The scale set that an instance belongs to, by its id.
pub(crate) fn scale_set_of(estate: &Estate, vm: ResourceId) -> Option<ResourceId> {
    let text = estate.text(vm);
    let lower = text.to_ascii_lowercase();
    let at = lower.find("/virtualmachinescalesets/")?;
    let (set, _) = lower.split_at_checked(lower.find("/virtualmachines/").filter(|inner| *inner > at)?)?;
    estate.ids().find(set)
}
