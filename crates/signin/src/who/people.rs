//! People that no policy and no right tells apart.

use estate::{DirectoryList, Field, Known, MemberKind, ResourceId, RiskyPerson};
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
    /// Somebody whom a record names by an id that cannot be read; the id here is the record's.
    Unread,
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
            Self::Unread => "unread",
            Self::Gone => "gone",
        }
    }
}

/// How likely it is that the account of somebody is in other hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonRisk {
    /// Nobody has said that it is.
    NotSaid,
    /// Something was said, and cannot be read.
    Unread,
    /// It may be: how likely that is is hidden from who asked.
    Hidden,
    /// So likely.
    Level(Risk),
}

impl PersonRisk {
    /// A stable name; none where nothing is said that can be read.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::NotSaid | Self::Unread => None,
            Self::Hidden => Some("hidden"),
            Self::Level(level) => Some(level.word()),
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
    /// How likely it is that their accounts are in other hands.
    pub risk: PersonRisk,
    /// Those of their groups that rights or policies name, and themselves, if these do.
    pub holders: Vec<ResourceId>,
    /// Set for one person whom a right names, and nothing else does: the class that they are in for everything else. What
    /// they have is what both have.
    pub base: Option<usize>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    standing: Standing,
    /// What policies go by, which look at both by themselves.
    guest: (Tri, Tri),
    enabled: Option<bool>,
    risk: PersonRisk,
    holders: Vec<ResourceId>,
}

/// The risk of somebody.
///
/// Source: <https://learn.microsoft.com/graph/api/resources/riskyuser>
fn risk_of(risky: &RiskyPerson) -> PersonRisk {
    fn told(field: &Field<Box<str>>) -> Option<&str> {
        field.as_ref().and_then(Known::value).map(|text| &**text)
    }
    let is = |state: &str, words: &[&str]| words.iter().any(|word| state.eq_ignore_ascii_case(word));
    match told(&risky.state) {
        Some(state) if is(state, &["atRisk", "confirmedCompromised"]) => {
            // Without a licence for it the level is hidden, and there is a risk all the same.
            let level = told(&risky.level).and_then(Risk::of).filter(|risk| *risk != Risk::No);
            level.map_or(PersonRisk::Hidden, PersonRisk::Level)
        }
        Some(state) if is(state, &["none", "confirmedSafe", "remediated", "dismissed"]) => {
            PersonRisk::NotSaid
        }
        _ => PersonRisk::Unread,
    }
}

/// Everybody, in classes. `named` are all ids that policies and groups of rights go by; `kinds` what assignments say that
/// somebody is; `unread` records that name somebody by an id that cannot be read. Whom a right alone names has a class of their own beside.
pub(crate) fn classes<'e>(
    directory: &Directory<'e>,
    named: &HashSet<ResourceId>,
    kinds: &HashMap<ResourceId, &'e str>,
    unread: &HashSet<ResourceId>,
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
    let members = around.memberships.iter().filter_map(|part| part.members.as_ref()?.value()).flatten();
    let mut others: Vec<ResourceId> =
        members.map(|member| member.id).chain(kinds.keys().copied()).filter(|id| !is_group(*id)).collect();
    others.sort_unstable();
    for id in others {
        if seen.insert(id) {
            all.push(Subject { id, person: None });
        }
    }
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut classes: Vec<People<'e>> = Vec::new();
    let mut alone: Vec<(Subject<'e>, usize)> = Vec::new();
    for subject in all {
        let own = directory.standing(&subject);
        let guest = (own.guest, own.external);
        let standing = match unread.contains(&subject.id) {
            true => Standing::Unread,
            false => standing(directory, &subject, kinds.get(&subject.id).copied()),
        };
        let enabled = subject.person.and_then(|person| person.enabled.as_ref()?.value()).copied();
        let risks = around.risky_people.of(subject.id).iter().map(risk_of);
        let risk = risks.max().unwrap_or(PersonRisk::NotSaid);
        let mut holders = directory.with_groups(subject.id);
        holders.retain(|holder| named.contains(holder));
        holders.sort_unstable();
        let key = Key { standing, guest, enabled, risk, holders };
        let at = match places.get(&key) {
            Some(at) => *at,
            None => {
                let holders = key.holders.clone();
                places.insert(key, classes.len());
                let members = Vec::new();
                classes.push(People { members, standing, enabled, risk, holders, base: None });
                classes.len() - 1
            }
        };
        if let Some(class) = classes.get_mut(at) {
            class.members.push(subject);
        }
        if kinds.contains_key(&subject.id) && !named.contains(&subject.id) {
            alone.push((subject, at));
        }
    }
    for (subject, at) in alone {
        let Some(class) = classes.get(at) else { continue };
        let mut holders = class.holders.clone();
        holders.push(subject.id);
        let one = People { members: vec![subject], holders, base: Some(at), ..*class };
        classes.push(one);
    }
    classes
}

/// What somebody is, by all that tells of them.
fn standing(directory: &Directory<'_>, subject: &Subject<'_>, assigned: Option<&str>) -> Standing {
    let around = &directory.estate().around;
    let is = |word: &str| assigned.is_some_and(|kind| kind.eq_ignore_ascii_case(word));
    let own = directory.standing(subject);
    let program = is("ServicePrincipal") || !around.programs.of(subject.id).is_empty();
    let all_people = around.lists(DirectoryList::People);
    let member = directory.kind_of(subject.id);
    match (subject.person, own.guest.or(own.external)) {
        (Some(_), Tri::Yes) => Standing::Guest,
        (Some(_), Tri::No) => Standing::Member,
        (Some(_), Tri::Maybe) => Standing::Person,
        (None, _) if program => {
            let listed = !around.programs.of(subject.id).is_empty();
            let gone = around.lists(DirectoryList::Programs) && !listed && member != MemberKind::Other;
            if gone { Standing::Gone } else { Standing::Program }
        }
        (None, _) if member == MemberKind::Person => Standing::Person,
        (None, _) if member == MemberKind::Other => Standing::Program,
        (None, _) if is("User") && all_people => Standing::Gone,
        // A user whom the input does not hold may be gone.
        // What is in a group and is no person of a whole list is a program, or a device.
        (None, _) if assigned.is_none() && all_people => Standing::Program,
        (None, _) => Standing::Untold,
    }
}
