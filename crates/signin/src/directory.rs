//! The directory as who is in what.

use estate::{DirectoryList, Estate, Known, MemberKind, Person, ResourceId};
use hashbrown::{HashMap, HashSet};

use crate::tri::Tri;

/// The directory of an estate, with what is asked often looked up once.
pub struct Directory<'e> {
    estate: &'e Estate,
    people: HashMap<ResourceId, &'e Person>,
    /// Groups of which the members are told.
    listed: HashSet<ResourceId>,
    /// Groups of which the members are told, and which hold others of which they are not.
    leaky: HashSet<ResourceId>,
    /// What members of groups are, where a list says so.
    kinds: HashMap<ResourceId, MemberKind>,
    /// The groups that somebody is told to be in, themselves or by another group.
    groups_of: HashMap<ResourceId, Vec<ResourceId>>,
    /// The ids that policies call a role by, by the id of its definition.
    templates: HashMap<ResourceId, &'e str>,
}

/// Who signs in.
#[derive(Clone, Copy)]
pub struct Subject<'e> {
    /// Their id.
    pub id: ResourceId,
    /// What the directory tells of them; none where the input does not.
    pub person: Option<&'e Person>,
}

/// What somebody is to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether their account says guest.
    pub(crate) guest: Tri,
    /// Whether their account is of another organisation.
    pub(crate) external: Tri,
}

impl<'e> Directory<'e> {
    /// Looks at an estate.
    pub fn new(estate: &'e Estate) -> Self {
        let around = &estate.around;
        let mut groups_of: HashMap<ResourceId, Vec<ResourceId>> = HashMap::new();
        let mut listed = HashSet::new();
        let mut cut_short = HashSet::new();
        let mut kinds = HashMap::new();
        for part in &around.memberships {
            let Some(Known::Value(members)) = &part.members else {
                cut_short.insert(part.owner);
                continue;
            };
            listed.insert(part.owner);
            if part.more == Some(Known::Value(true)) {
                cut_short.insert(part.owner);
            }
            for member in members {
                if member.kind != MemberKind::Untold {
                    kinds.insert(member.id, member.kind);
                }
                groups_of.entry(member.id).or_default().push(part.owner);
            }
        }
        // A group of several pages may name somebody twice.
        for groups in groups_of.values_mut() {
            groups.sort_unstable();
            groups.dedup();
        }
        // What is on another page, or cannot be read, may be anybody.
        listed.retain(|group| !cut_short.contains(group));
        let templates = around.directory_role_kinds.iter().filter_map(|kind| {
            let template = kind.template.as_ref()?.value()?;
            Some((kind.id, &**template))
        });
        let people: HashMap<ResourceId, &Person> =
            around.people.iter().map(|person| (person.id, person)).collect();
        let leaky = leaky(estate, &listed, &people, &kinds, &groups_of);
        Self { estate, people, listed, leaky, kinds, groups_of, templates: templates.collect() }
    }

    /// The estate.
    pub fn estate(&self) -> &'e Estate {
        self.estate
    }

    /// Somebody by their id, login or name; all that fit.
    pub fn find(&self, text: &str) -> Vec<Subject<'e>> {
        let text = text.trim();
        let by_id = self.estate.ids().find(text);
        if let Some(person) = by_id.and_then(|id| self.people.get(&id)) {
            return vec![Subject { id: person.id, person: Some(person) }];
        }
        let fits = |field: &estate::Field<Box<str>>| {
            field
                .as_ref()
                .and_then(Known::value)
                .is_some_and(|told| told.to_lowercase() == text.to_lowercase())
        };
        let by = |which: fn(&Person) -> &estate::Field<Box<str>>| -> Vec<Subject<'e>> {
            let all = self.estate.around.people.iter().filter(|person| fits(which(person)));
            let mut all: Vec<_> = all.map(|person| Subject { id: person.id, person: Some(person) }).collect();
            all.sort_by_key(|one| self.estate.text(one.id));
            all
        };
        let by_login = by(|person| &person.login);
        if !by_login.is_empty() {
            return by_login;
        }
        let by_name = by(|person| &person.name);
        // Somebody that only a policy or a group names.
        let around = &self.estate.around;
        let is_somebody = |id: &ResourceId| {
            let listed = [around.groups.of(*id).is_empty(), around.access_policies.of(*id).is_empty()];
            listed.into_iter().all(|nothing| nothing) && around.named_locations.of(*id).is_empty()
        };
        match by_id.filter(is_somebody) {
            Some(id) if by_name.is_empty() => vec![Subject { id, person: None }],
            _ => by_name,
        }
    }

    /// Somebody, and every group that they are in.
    pub fn with_groups(&self, subject: ResourceId) -> Vec<ResourceId> {
        std::iter::once(subject).chain(self.groups_of(subject)).collect()
    }

    /// Every group that somebody is in, by groups in groups; what stands in a circle is looked at once.
    pub(crate) fn groups_of(&self, subject: ResourceId) -> Vec<ResourceId> {
        let mut all: Vec<ResourceId> = Vec::new();
        let mut seen: HashSet<ResourceId> = [subject].into_iter().collect();
        let mut next = vec![subject];
        while let Some(one) = next.pop() {
            for group in self.groups_of.get(&one).into_iter().flatten() {
                if seen.insert(*group) {
                    all.push(*group);
                    next.push(*group);
                }
            }
        }
        all
    }

    /// Whether somebody with these groups is in a group, by its id.
    pub(crate) fn is_in(&self, groups: &[ResourceId], group: &str) -> Tri {
        let whole = self.estate.around.lists(DirectoryList::Groups);
        let Some(group) = self.estate.ids().find(group) else {
            return if whole { Tri::No } else { Tri::Maybe };
        };
        if groups.contains(&group) {
            return Tri::Yes;
        }
        // One that was deleted has nobody in it.
        if whole && self.estate.around.groups.of(group).is_empty() {
            return Tri::No;
        }
        // Members may be in it by a group of which nobody told the members.
        if self.tells_members(group) { Tri::No } else { Tri::Maybe }
    }

    /// Whether an id that may be a person's or a group's is that of a group that somebody is in.
    pub(crate) fn may_be_in(&self, groups: &[ResourceId], id: &str) -> Tri {
        if self.is_person(id) { Tri::No } else { self.is_in(groups, id) }
    }

    /// Whether somebody has a role of the directory everywhere, by the id that policies call it by.
    pub(crate) fn has_role(&self, subject: ResourceId, groups: &[ResourceId], template: &str) -> Tri {
        let around = &self.estate.around;
        let is = |role: ResourceId| self.is_role(role, template);
        let mut found = Tri::No;
        for assigned in &around.directory_roles {
            let role = match &assigned.role {
                Some(Known::Value(role)) => is(*role).into(),
                _ => Tri::Maybe,
            };
            if role == Tri::No || found == Tri::Yes {
                continue;
            }
            // Policies look at roles for the whole directory alone.
            let everywhere = match &assigned.within {
                Some(Known::Value(within)) => (**within == *"/").into(),
                _ => Tri::Maybe,
            };
            // Of an assignment that does not tell whose it is the owner is itself.
            let holder = if assigned.owner == subject || groups.contains(&assigned.owner) {
                Tri::Yes
            } else if assigned.owner == assigned.id {
                Tri::Maybe
            } else {
                self.may_be_in(groups, self.estate.text(assigned.owner))
            };
            found = found.or(role.and(everywhere).and(holder));
        }
        if found == Tri::No && !around.lists(DirectoryList::Roles) { Tri::Maybe } else { found }
    }

    /// Whether a role of the directory is the one that policies call by this id.
    pub fn is_role(&self, role: ResourceId, template: &str) -> bool {
        self.estate.text(role).eq_ignore_ascii_case(template)
            || self.templates.get(&role).is_some_and(|its| its.eq_ignore_ascii_case(template))
    }

    /// What a list of members says that somebody is.
    pub(crate) fn kind_of(&self, id: ResourceId) -> MemberKind {
        self.kinds.get(&id).copied().unwrap_or(MemberKind::Untold)
    }

    /// Whether somebody is a group, as far as is told.
    pub fn is_group(&self, id: ResourceId) -> bool {
        let around = &self.estate.around;
        let listed = !around.groups.of(id).is_empty() || !around.memberships.of(id).is_empty();
        listed || self.kind_of(id) == MemberKind::Group
    }

    /// Whether the members of a group are told, or the group was deleted, so that nobody is in it.
    pub fn tells_members(&self, group: ResourceId) -> bool {
        let whole = self.estate.around.lists(DirectoryList::Groups);
        let told = self.listed.contains(&group) && !self.leaky.contains(&group);
        told || (whole && self.estate.around.groups.of(group).is_empty())
    }

    /// Whether somebody may take a role of the directory that they do not have now.
    pub fn may_take_a_role(&self, subject: &Subject<'_>) -> bool {
        let holders = self.with_groups(subject.id);
        holders.into_iter().any(|holder| !self.estate.around.eligible_roles.of(holder).is_empty())
    }

    /// Whether somebody of this id is told of.
    pub(crate) fn is_person(&self, id: &str) -> bool {
        self.estate.ids().find(id).is_some_and(|id| self.people.contains_key(&id))
    }

    pub(crate) fn standing(&self, subject: &Subject<'_>) -> Standing {
        let Some(person) = subject.person else {
            return Standing { guest: Tri::Maybe, external: Tri::Maybe };
        };
        let guest = match &person.kind {
            Some(Known::Value(kind)) => kind.eq_ignore_ascii_case("guest").into(),
            Some(Known::Unknown(_)) | None => Tri::Maybe,
        };
        let external = match &person.login {
            Some(Known::Value(login)) => login.to_ascii_uppercase().contains("#EXT#").into(),
            Some(Known::Unknown(_)) | None => Tri::Maybe,
        };
        Standing { guest, external }
    }
}

/// Groups that may hold more people than is told: by groups in them of which nobody told the members, however deep. A list that
/// holds the members of its groups, too, has these beside them.
fn leaky(
    estate: &Estate,
    listed: &HashSet<ResourceId>,
    people: &HashMap<ResourceId, &Person>,
    kinds: &HashMap<ResourceId, MemberKind>,
    groups_of: &HashMap<ResourceId, Vec<ResourceId>>,
) -> HashSet<ResourceId> {
    let memberships = &estate.around.memberships;
    let whole = |group: ResourceId| {
        memberships.of(group).iter().all(|part| part.transitive == Some(Known::Value(true)))
    };
    let mut next: Vec<ResourceId> = Vec::new();
    for part in memberships.iter().filter(|part| listed.contains(&part.owner) && !whole(part.owner)) {
        let untold = |id: ResourceId| {
            let kind = kinds.get(&id).copied().unwrap_or(MemberKind::Untold);
            let may_hold = matches!(kind, MemberKind::Group | MemberKind::Untold);
            may_hold && !listed.contains(&id) && !people.contains_key(&id)
        };
        let members = part.members.as_ref().and_then(Known::value).into_iter().flatten();
        if members.into_iter().any(|member| untold(member.id)) {
            next.push(part.owner);
        }
    }
    let mut found: HashSet<ResourceId> = HashSet::new();
    while let Some(group) = next.pop() {
        if !found.insert(group) {
            continue;
        }
        let above = groups_of.get(&group).into_iter().flatten().copied();
        next.extend(above.filter(|above| listed.contains(above) && !whole(*above)));
    }
    found
}
