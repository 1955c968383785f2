//! People that no policy and no right tells apart.

use estate::{DirectoryList, Field, Known, ResourceId, RiskyPerson};
use hashbrown::{HashMap, HashSet};

use crate::directory::{Directory, Subject};
use crate::question::Risk;
use crate::tri::Tri;

/// What somebody is to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// One of its own.
    Member,
    /// A guest, or an account of another organisation.
    Guest,
    /// A person of whom the input does not tell which of the two they are.
    Person,
    /// A program: a service principal, or the identity of a resource.
    Program,
    /// Something that the input does not tell of: a person, a group or a program.
    Untold,
    /// An account that is not in the directory any more.
    Gone,
}

impl Standing {
    /// A stable name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Guest => "guest",
            Self::Person => "person",
            Self::Program => "program",
            Self::Untold => "untold",
            Self::Gone => "gone",
        }
    }
}

/// People that nothing tells apart that matters to who gets in.
pub struct People<'e> {
    /// Who they are.
    pub members: Vec<Subject<'e>>,
    /// What they are to the organisation.
    pub standing: Standing,
    /// Whether their accounts may be used; none where that is not told.
    pub enabled: Option<bool>,
    /// How likely it is that their accounts are in other hands, where somebody has said so.
    pub risk: Option<Risk>,
    /// Those of their groups that rights or policies name, and themselves, if these do.
    pub holders: Vec<ResourceId>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    standing: Standing,
    /// What policies go by, which look at both by themselves.
    guest: (Tri, Tri),
    enabled: Option<bool>,
    risk: Option<Risk>,
    holders: Vec<ResourceId>,
}

/// The risk of somebody, where it is told that there is one.
pub(crate) fn risk_of(risky: &RiskyPerson) -> Option<Risk> {
    let text = |field: &Field<Box<str>>| field.as_ref().and_then(Known::value).map(ToString::to_string);
    let state = text(&risky.state)?;
    if ["atRisk", "confirmedCompromised"].iter().all(|word| !state.eq_ignore_ascii_case(word)) {
        return None;
    }
    Some(Risk::of(&text(&risky.level)?).filter(|risk| *risk != Risk::No).unwrap_or(Risk::High))
}

/// Everybody, in classes. `named` are all ids that rights and policies name; `kinds` what assignments say that somebody is.
pub(crate) fn classes<'e>(
    directory: &Directory<'e>,
    named: &HashSet<ResourceId>,
    kinds: &HashMap<ResourceId, &'e str>,
) -> Vec<People<'e>> {
    let estate = directory.estate();
    let around = &estate.around;
    let mut seen: HashSet<ResourceId> = HashSet::new();
    let mut all: Vec<Subject<'e>> = Vec::new();
    for person in &around.people {
        if seen.insert(person.id) {
            all.push(Subject { id: person.id, person: Some(person) });
        }
    }
    let is_group = |id: ResourceId| {
        directory.is_group(id) || kinds.get(&id).is_some_and(|kind| kind.eq_ignore_ascii_case("Group"))
    };
    let members = around.memberships.iter().filter(|part| named.contains(&part.owner));
    let members = members.filter_map(|part| part.members.as_ref()?.value()).flatten().copied();
    let mut others: Vec<ResourceId> =
        members.chain(kinds.keys().copied()).filter(|id| !is_group(*id)).collect();
    others.sort_unstable();
    for id in others {
        if seen.insert(id) {
            all.push(Subject { id, person: None });
        }
    }
    let all_people = around.lists(DirectoryList::People);
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut classes: Vec<People<'e>> = Vec::new();
    for subject in all {
        let kind = kinds.get(&subject.id).copied();
        let is = |word: &str| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(word));
        let own = directory.standing(&subject);
        let guest = (own.guest, own.external);
        let standing = match (subject.person, own.guest.or(own.external)) {
            (Some(_), Tri::Yes) => Standing::Guest,
            (Some(_), Tri::No) => Standing::Member,
            (Some(_), Tri::Maybe) => Standing::Person,
            (None, _) if is("ServicePrincipal") => Standing::Program,
            (None, _) if is("User") && all_people => Standing::Gone,
            (None, _) if is("User") => Standing::Person,
            // What is in a group and is no person of a whole list is a program, or a device.
            (None, _) if kind.is_none() && all_people => Standing::Program,
            (None, _) => Standing::Untold,
        };
        let enabled = subject.person.and_then(|person| person.enabled.as_ref()?.value()).copied();
        let risk = around.risky_people.of(subject.id).iter().find_map(risk_of);
        let mut holders = directory.with_groups(subject.id);
        holders.retain(|holder| named.contains(holder));
        holders.sort_unstable();
        let key = Key { standing, guest, enabled, risk, holders };
        if let Some(class) = places.get(&key).and_then(|at| classes.get_mut(*at)) {
            class.members.push(subject);
            continue;
        }
        let holders = key.holders.clone();
        places.insert(key, classes.len());
        classes.push(People { members: vec![subject], standing, enabled, risk, holders });
    }
    classes
}
