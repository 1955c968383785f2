//! The internet gets over open logins to a machine that may change Azure itself.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap};

use estate::{Feed, Known, Reason, ResourceId, RoleAssignment, Vm, resource_name};
use reach::Protocols;
use reach::difference::machines;
use reach::paths::{Hop, Map, Member, Origin, Path};
use signin::{Action, Directory, Rights, Tri};

use super::net001_exposed_management_port::services;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::open_ports;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::Fault;
use crate::view::{AddressView, Cause, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET014",
    slug: "attack-path",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Critical,
    title: Text {
        en: "the internet has a path to a VM with rights over Azure",
        ja: "インターネットから Azure の権限を持つ VM に至る攻撃経路",
    },
    why: Text {
        en: "Whoever is on a machine has the rights of its identity: one request to 169.254.169.254, and no password. With a role like these over a subscription or resource group, one guessed login becomes everything in it.",
        ja: "仮想マシンに侵入した攻撃者は、169.254.169.254 に要求を送るだけで、パスワードなしにその ID の権限を使えます。サブスクリプションやリソース グループに対する強い権限があると、ログインを 1 つ破られただけで、そのすべてを奪われます。",
    },
    fix: Text {
        en: "Close the login where the path begins, let only the bastion in to the machines on it, and give the identity a role of its own for what it does, on the resources that it needs: `az role assignment delete --ids <ASSIGNMENT-ID>`.",
        ja: "経路の起点となるログイン ポートを閉じ、途中の仮想マシンへの接続は Bastion からに限定してください。ID には、必要なリソースに対する必要最小限のロールだけを割り当ててください: `az role assignment delete --ids <割り当て ID>`",
    },
    feed: Some(Feed::Rights),
    refs: &[
        Reference::Mcsb("PA-7"),
        Reference::Mcsb("NS-1"),
        Reference::Attack("T1021"),
        Reference::Attack("T1552.005"),
        Reference::Page("https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"),
    ],
    run: Run::Paths(Subject::Machine, run),
};

/// The most machines that a path leads over.
const STEPS: usize = 8;

/// What gives whoever may do it everything else: roles for others, or for oneself; commands on machines; secrets.
const TAKE_OVER: [Action<'_>; 6] = [
    Action::Control("Microsoft.Authorization/roleAssignments/write"),
    Action::Control("Microsoft.Authorization/roleDefinitions/write"),
    Action::Control("Microsoft.Authorization/elevateAccess/action"),
    Action::Control("Microsoft.Compute/virtualMachines/runCommand/action"),
    Action::Control("Microsoft.Compute/virtualMachines/extensions/write"),
    Action::Data("Microsoft.KeyVault/vaults/secrets/getSecret/action"),
];

/// What a machine's identity may do.
struct Right {
    role: String,
    scope: String,
    /// Set where nobody can tell what the role lets it do.
    unknown: bool,
}

fn run(context: &Context<'_>, sink: &mut Sink) {
    let directory = Directory::new(context.estate());
    let rights = rights(context, &Rights::new(&directory));
    let mut targets = Vec::new();
    for (id, vm) in vms(context) {
        match &vm.upkeep.principals {
            _ if !vm.described && context.estate().vm(id).is_some() => {
                sink.unknown(&CHECK, id, vec![context.estate().missing(estate::Kind::Vm, id)]);
            }
            // Without an identity there is nothing to take over but the machine.
            None => {}
            Some(Known::Unknown(reason)) => sink.unknown(&CHECK, id, vec![reason.as_ref().clone()]),
            Some(Known::Value(principals)) => {
                let best = principals
                    .iter()
                    .flat_map(|one| holders(&directory, one))
                    .filter_map(|holder| rights.get(&holder.to_ascii_lowercase()))
                    .min_by_key(|right| (right.unknown, right.scope.len(), &right.role));
                match best {
                    Some(right) => targets.push((id, right)),
                    None if principals.is_empty() => {}
                    None => {
                        if let Err(reasons) = context.whole_for(Feed::Rights, id, &vm.origins) {
                            sink.unknown(&CHECK, id, reasons);
                        }
                    }
                }
            }
        }
    }
    if targets.is_empty() {
        return;
    }
    let login = &context.ports[0];
    let map = Map::new(context.reach, login, login);
    let entries = Entries::of(context, &map);
    // Where one gets from the entries is the same for all targets.
    let spread = |all: Vec<ResourceId>| (!all.is_empty()).then(|| map.from(Origin::Machines(all), STEPS));
    let certain = spread(entries.certain.keys().copied().collect());
    let perhaps = LazyCell::new(|| spread(entries.perhaps.keys().copied().collect()));
    for (target, right) in targets {
        let paths = |perhaps_too: bool| {
            let spread = if perhaps_too { perhaps.as_ref() } else { certain.as_ref() };
            spread.map(|spread| map.on_to(target, spread, (Protocols::TCP, login))).unwrap_or_default()
        };
        judge(context, sink, &map, &entries, (target, right), &paths);
    }
}

/// Machines and models of scale sets.
fn vms<'e>(context: &Context<'e>) -> impl Iterator<Item = (ResourceId, &'e Vm)> {
    let estate = context.estate();
    let sets = estate.scale_sets.iter().filter_map(|set| Some((set.id, &set.model.as_ref()?.value()?.vm)));
    estate.vms.iter().map(|vm| (vm.id, vm)).chain(sets)
}

/// The strongest right of each principal over a subscription, a resource group or more.
fn rights(context: &Context<'_>, rights: &Rights<'_, '_>) -> BTreeMap<String, Right> {
    let estate = context.estate();
    let mut all: BTreeMap<String, Right> = BTreeMap::new();
    for assignment in &estate.around.role_assignments {
        let Some(Known::Value(principal)) = &assignment.principal else { continue };
        let scope = estate.text(assignment.owner);
        if !is_wide(scope) {
            continue;
        }
        let Some((role, unknown)) = role(rights, assignment) else { continue };
        let right = Right { role, scope: one_line(scope), unknown };
        let before = all.get(&principal.to_ascii_lowercase());
        let better = |other: &Right| {
            (right.unknown, right.scope.len(), &right.role) < (other.unknown, other.scope.len(), &other.role)
        };
        if before.is_none_or(better) {
            all.insert(principal.to_ascii_lowercase(), right);
        }
    }
    all
}

/// Whether a scope is a resource group, a subscription, or a group of these.
fn is_wide(scope: &str) -> bool {
    let parts: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => true,
        [first, ..] if first.eq_ignore_ascii_case("subscriptions") => parts.len() <= 4,
        [_, kind, group, _] => {
            kind.eq_ignore_ascii_case("Microsoft.Management")
                && group.eq_ignore_ascii_case("managementGroups")
        }
        _ => false,
    }
}

/// The name of a role that gives its scope away, and whether it only may; none for any other.
fn role(rights: &Rights<'_, '_>, assignment: &RoleAssignment) -> Option<(String, bool)> {
    let given = TAKE_OVER.map(|action| rights.gives(assignment, action));
    let (name, so) = given.into_iter().max_by_key(|(_, so)| *so)?;
    (so != Tri::No).then(|| (one_line(&name), so == Tri::Maybe))
}

/// Who has rights for an identity: itself, and the groups that it is in.
fn holders(directory: &Directory<'_>, principal: &str) -> Vec<String> {
    let estate = directory.estate();
    let known = estate.ids().find(principal).map(|id| directory.with_groups(id));
    let groups = known.into_iter().flatten().map(|one| estate.text(one).to_owned());
    std::iter::once(principal.to_owned()).chain(groups).collect()
}

/// The machines that the internet gets to by a login port: certainly, with the ports; or perhaps, with the reasons.
struct Entries {
    certain: BTreeMap<ResourceId, Vec<u16>>,
    perhaps: BTreeMap<ResourceId, Vec<Reason>>,
}

impl Entries {
    fn of(context: &Context<'_>, map: &Map<'_, '_>) -> Self {
        let mut all = Self { certain: BTreeMap::new(), perhaps: BTreeMap::new() };
        for class in &map.classes {
            // Nothing tells members of a class apart: one stands for all.
            let Some(first) = class.members.first() else { continue };
            let Some(vm) = vm_of(context, first.vm) else { continue };
            let exposure = context.reach.from_internet(first.nic, first.ip);
            if exposure.ways.is_empty() {
                continue;
            }
            let address = AddressView { nic: first.nic, index: 0, ip: first.ip, exposure };
            let view = VmView { vm, addresses: vec![address], unknown: Vec::new() };
            let limit = context.settings.wide_after;
            let verdict = open_ports(context, &view, Protocols::TCP, &context.ports[0], limit);
            let mut ports: Vec<u16> =
                verdict.open.iter().flat_map(|open| open.ports.first..=open.ports.last).collect();
            ports.sort_unstable();
            ports.dedup();
            for member in &class.members {
                if !ports.is_empty() {
                    all.certain.entry(member.vm).or_default().extend(&ports);
                } else if !verdict.unknown.is_empty() {
                    all.perhaps.entry(member.vm).or_default().extend(verdict.unknown.iter().cloned());
                }
            }
        }
        all
    }
}

fn vm_of<'e>(context: &Context<'e>, id: ResourceId) -> Option<&'e Vm> {
    let estate = context.estate();
    let of_set = || Some(&estate.scale_set(id)?.model.as_ref()?.value()?.vm);
    estate.vm(id).or_else(of_set)
}

fn judge(
    context: &Context<'_>,
    sink: &mut Sink,
    map: &Map<'_, '_>,
    entries: &Entries,
    (target, right): (ResourceId, &Right),
    paths_from: &dyn Fn(bool) -> Vec<Path>,
) {
    let login = &context.ports[0];
    if let Some(ports) = entries.certain.get(&target) {
        return match right.unknown {
            true => sink.unknown(&CHECK, target, vec![no_role()]),
            false => tell(context, sink, (target, right), &[(target, ports.clone())]),
        };
    }
    let mut paths = paths_from(false);
    let shortest = paths.iter().filter(|path| path.certain()).map(|path| path.hops.len()).min();
    if let Some(shortest) = shortest {
        if right.unknown {
            return sink.unknown(&CHECK, target, vec![no_role()]);
        }
        let mut told = Vec::new();
        for path in paths.iter().filter(|path| path.certain() && path.hops.len() == shortest) {
            let way = machines_of(map, entries, path, target);
            let Some((entry, _)) = way.first().cloned() else { continue };
            if !told.contains(&entry) {
                told.push(entry);
                tell(context, sink, (target, right), &way);
            }
        }
        return;
    }
    let mut reasons: Vec<Reason> = entries.perhaps.get(&target).cloned().unwrap_or_default();
    if paths.is_empty() {
        paths = paths_from(true);
        if !paths.is_empty() {
            reasons.extend(entries.perhaps.values().flatten().cloned());
        }
    }
    let doubtful = paths.iter().flat_map(|path| path.hops.iter().filter(|hop| !hop.certain));
    reasons.extend(doubtful.filter_map(|hop| map.doubt(hop)));
    if reasons.is_empty() {
        // A machine whose addresses are not told may be on the way.
        reasons.extend(map.unseen(target, (Protocols::TCP, login)).map(|(_, reason)| reason.clone()));
        let untold = machines(context.estate()).into_iter().find(|machine| machine.id == target);
        reasons.extend(untold.and_then(|machine| machine.doubt(context.reach)));
    }
    match (reasons.is_empty(), paths.is_empty()) {
        (true, true) => sink.pass(context, &CHECK, target),
        (true, false) => sink.unknown(&CHECK, target, vec![Reason::SamePriority]),
        (false, _) => {
            reasons.sort_unstable();
            reasons.dedup();
            sink.unknown(&CHECK, target, reasons);
        }
    }
}

/// What the role of an assignment lets people do is not told.
fn no_role() -> Reason {
    Reason::NotWhole { feed: Feed::Rights, action: None }
}

/// The machines on a path, each with the ports that it is taken over by: the first from the internet.
fn machines_of(
    map: &Map<'_, '_>,
    entries: &Entries,
    path: &Path,
    target: ResourceId,
) -> Vec<(ResourceId, Vec<u16>)> {
    let mut way: Vec<(ResourceId, Vec<u16>)> = Vec::new();
    let members = |class: Option<usize>| {
        let class = class.and_then(|at| map.classes.get(at));
        class.map(|class| class.members.as_slice()).unwrap_or_default()
    };
    let entry = members(path.hops.first().and_then(|hop| hop.from))
        .iter()
        .map(|member| member.vm)
        .find(|vm| *vm != target && entries.certain.contains_key(vm));
    if let Some(entry) = entry {
        way.push((entry, entries.certain.get(&entry).cloned().unwrap_or_default()));
    }
    let last = path.hops.len().saturating_sub(1);
    for (at, hop) in path.hops.iter().enumerate() {
        let next = path.hops.get(at + 1).and_then(|next: &Hop| next.from);
        // The one that goes on has addresses in both classes.
        let goes_on = |member: &&Member<'_>| {
            member.vm != target && members(next).iter().any(|other| other.vm == member.vm)
        };
        let vm = match at == last {
            true => Some(target),
            false => members(Some(hop.to)).iter().find(goes_on).map(|member| member.vm),
        };
        way.extend(vm.map(|vm| (vm, vec![hop.packet.local_port])));
    }
    let mut once: HashMap<ResourceId, ()> = HashMap::new();
    way.retain(|(vm, _)| once.insert(*vm, ()).is_none());
    way
}

fn tell(
    context: &Context<'_>,
    sink: &mut Sink,
    (target, right): (ResourceId, &Right),
    way: &[(ResourceId, Vec<u16>)],
) {
    let (estate, lang) = (context.estate(), context.lang);
    let machine = context.name(target);
    let role = &right.role;
    let scope = resource_name(&right.scope);
    let path: Vec<String> = way
        .iter()
        .map(|(vm, ports)| format!("`{}` ({})", context.name(*vm), services(ports.iter().copied(), lang)))
        .collect();
    let path = path.join(" → ");
    let message = say!(
        lang,
        "the internet gets to `{machine}`, whose identity is {role} of `{scope}`: internet → {path}",
        "`{scope}` の {role} の権限を持つ `{machine}` に、インターネットから到達できます: インターネット → {path}"
    );
    let plain: Vec<String> = way
        .iter()
        .map(|(vm, ports)| {
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            format!("{} (tcp {})", context.name(*vm), ports.join(", "))
        })
        .collect();
    let mut fault = Fault::new(message)
        .fact("path", format!("internet > {}", plain.join(" > ")))
        .fact("role", role.clone())
        .fact("scope", right.scope.clone());
    if let Some((entry, _)) = way.first() {
        fault = fault.fact("entry", estate.text(*entry));
        if let Some(vm) = vm_of(context, target) {
            let cause = Cause::field(target, vm.origins.first(), "/identity");
            // One finding for each machine that a path begins at.
            let key = estate.text(*entry).to_ascii_lowercase().into();
            fault = fault.because(Cause { key, ..cause });
        }
    }
    sink.fail(fault.finding(context, &CHECK, target));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_single_resources_give_little_away() {
        for scope in [
            "/",
            "",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/g",
            "/providers/Microsoft.Management/managementGroups/m",
        ] {
            assert!(is_wide(scope), "{scope}");
        }
        for scope in [
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/m",
            "/providers/Microsoft.Authorization/roleDefinitions/r",
        ] {
            assert!(!is_wide(scope), "{scope}");
        }
    }
}
