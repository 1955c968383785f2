//! Policies of just-in-time access of Defender for Cloud: one for each resource group and region, which Azure takes whole.
//!
//! A port may be opened to the team's approved sources alone, where there are any; a request then has to name one of them. Where
//! there are none, a policy takes any source, as the portal proposes: a request that names none opens the port to the address that
//! it comes from, and JIT004 tells that more could be asked for.
//!
//! Sources: <https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage>,
//! <https://learn.microsoft.com/rest/api/defenderforcloud/jit-network-access-policies>

use std::collections::{BTreeMap, BTreeSet};

use estate::{
    Family, Known, OsFamily, Prefix, Range, ResourceId, Vm, parse_prefix, resource_group, resource_name,
};
use reach::{Addresses, every_address, internet, of_space};
use serde_json::{Value, json};

use super::{defender, subscription};
use crate::lang::say;
use crate::plan::draft::{Draft, Make, Task, delete, edit, edits, pick, put, region};
use crate::plan::{Effects, Step};
use crate::versions::JIT;
use crate::write::at;

/// How long a port stays open at most: what the portal proposes.
const LONGEST: &str = "PT3H";

/// What is to become of one policy.
#[derive(Default)]
struct Change<'f> {
    tasks: Vec<Task<'f>>,
    /// Ports that machines are to have, by the id of the machine as the estate writes it.
    ports: BTreeMap<String, BTreeSet<u16>>,
    narrow: bool,
    shorten: bool,
    drop_gone: bool,
    location: String,
}

pub(super) fn plan(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let mut changes: BTreeMap<String, Change<'_>> = BTreeMap::new();
    let mut unpaid: BTreeMap<String, Vec<Task<'_>>> = BTreeMap::new();
    for task in pick(tasks, &["JIT001", "JIT003"]) {
        add_ports(draft, task, &mut changes, &mut unpaid);
    }
    for tasks in unpaid.into_values() {
        ask_for_plan(draft, &tasks);
    }
    for task in pick(tasks, &["JIT004", "JIT005", "JIT008"]) {
        let estate = draft.estate();
        let policies = &estate.around.jit_policies;
        if !policies.iter().any(|policy| policy.id == task.finding.resource) {
            continue;
        }
        if task.code == "JIT004" && draft.planner.settings.approved.is_empty() {
            let (lang, name) = (draft.lang(), draft.name(task.finding.resource));
            let question = say!(
                lang,
                "Where do the people come from who ask for ports by the policy `{name}`? No approved source is set.",
                "ポリシー `{name}` でポートを要求するユーザーの接続元はどこですか? 承認済みの接続元が設定されていません。"
            );
            let answers = vec![say!(
                lang,
                "set approved sources in `sekimori.toml`, and plan again",
                "`sekimori.toml` に承認済みの接続元を設定し、計画し直してください"
            )];
            draft.ask(&[task], question, answers);
            continue;
        }
        let change = changes.entry(estate.text(task.finding.resource).to_owned()).or_default();
        change.narrow |= task.code == "JIT004";
        change.shorten |= task.code == "JIT005";
        change.drop_gone |= task.code == "JIT008";
        change.tasks.push(task);
    }
    for (id, change) in changes {
        write(draft, &id, change);
    }
}

/// Notes the ports that a machine lacks in the policy of its group and region.
fn add_ports<'f>(
    draft: &mut Draft<'_, '_>,
    task: Task<'f>,
    changes: &mut BTreeMap<String, Change<'f>>,
    unpaid: &mut BTreeMap<String, Vec<Task<'f>>>,
) {
    let (lang, estate) = (draft.lang(), draft.estate());
    let id = task.finding.resource;
    let (text, name) = (estate.text(id), draft.name(id));
    let location = draft.record(id).as_ref().and_then(region);
    let group = resource_group(text);
    let (Some(vm), Some(location), Some(group), Some(above)) =
        (estate.vm(id), location, group, subscription(draft, &task))
    else {
        let question = say!(
            lang,
            "The input does not tell in which region `{name}` is, so that its policy cannot be told.",
            "`{name}` のリージョンが入力から分からないため、対象のポリシーを特定できません。"
        );
        return draft.ask(&[task], question, vec![format!("`az vm show --ids {text}`")]);
    };
    let guarded = is_guarded(draft, vm);
    if guarded != Some(true) || resource_name(text).len() + "default".len() > 56 {
        let question = match guarded {
            Some(true) => say!(
                lang,
                "The name of `{name}` is too long for just-in-time access: with the name of the policy it has to fit into 56 characters. Which other way in is it to have?",
                "`{name}` の名前は Just-In-Time VM アクセスには長すぎます (ポリシー名と合わせて 56 文字以内)。どの接続方法を使用しますか?"
            ),
            _ => say!(
                lang,
                "Just-in-time access writes rules into a network security group, and none guards every address of `{name}`. Which group is it to have?",
                "Just-In-Time VM アクセスは NSG に規則を追加しますが、`{name}` には NSG で保護されていないアドレスがあります。どの NSG を関連付けますか?"
            ),
        };
        let answers = vec![say!(
            lang,
            "give its subnet or NIC a group first (NET006), or let people in over Azure Bastion alone",
            "先にサブネットまたは NIC に NSG を関連付けるか (NET006)、Azure Bastion だけで接続できるようにしてください"
        )];
        return draft.ask(&[task], question, answers);
    }
    let full = defender::servers(draft, &above).map(|(_, record)| defender::is_full(&record));
    if full != Some(true) && !draft.planner.options.lease {
        unpaid.entry(above.to_ascii_lowercase()).or_default().push(task);
        return;
    }
    let management = &draft.planner.settings.management_ports;
    let open = |port: &u16| {
        task.finding.evidence.iter().any(|one| (one.ports.first..=one.ports.last).contains(port))
    };
    let mut ports: BTreeSet<u16> = management.iter().copied().filter(open).collect();
    if task.finding.evidence.is_empty() {
        // A recommendation of Defender's tells no ports: that of the system.
        let windows = vm.os == Some(Known::Value(OsFamily::Windows));
        ports.insert(if windows { 3389 } else { 22 });
    }
    // The machine may be in a policy of another name already.
    let policy = estate.around.jit_of(id).map(|(policy, _)| estate.text(policy.id).to_owned()).next();
    let policy = policy.unwrap_or_else(|| {
        let wanted = format!(
            "{above}/resourceGroups/{group}/providers/Microsoft.Security/locations/{location}/jitNetworkAccessPolicies/default"
        );
        let known = estate.ids().find(&wanted);
        let known = known.filter(|id| estate.around.jit_policies.iter().any(|policy| policy.id == *id));
        known.map_or(wanted, |id| estate.text(id).to_owned())
    });
    let change = changes.entry(policy).or_default();
    change.ports.entry(text.to_owned()).or_default().extend(ports);
    change.location = location;
    change.tasks.push(task);
}

/// Asks whether machines of a subscription are to have what needs a plan that is not on.
fn ask_for_plan(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let (lang, count) = (draft.lang(), tasks.len());
    let name = match tasks {
        [one] => format!("`{}`", draft.name(one.finding.resource)),
        _ => say!(lang, "{count} VMs", "{count} 台の VM"),
    };
    let question = say!(
        lang,
        "Just-in-time access needs Defender for Servers, plan 2, which is not on, or is not told. Is it to be on for {name}?",
        "Just-In-Time VM アクセスには Defender for Servers プラン 2 が必要ですが、有効になっていないか、入力から分かりません。{name}で使用しますか?"
    );
    let answers = vec![
        say!(
            lang,
            "yes: plan again with `--lease`, which switches the plan on, too",
            "使用する場合: `--lease` を付けて計画し直してください (プランも有効にします)"
        ),
        say!(
            lang,
            "no: rules that let people in from approved sources alone close the port to everybody else (NET001)",
            "使用しない場合: NSG の規則で承認済みの接続元だけを許可してください (NET001)"
        ),
    ];
    draft.ask(tasks, question, answers);
}

/// Whether a group guards every address of a machine; none where nobody can tell.
fn is_guarded(draft: &Draft<'_, '_>, vm: &Vm) -> Option<bool> {
    let estate = draft.estate();
    let has = |field: &estate::Field<ResourceId>| matches!(field, Some(Known::Value(_)));
    for id in &vm.nics {
        let nic = estate.nic(*id)?;
        if has(&nic.nsg) {
            continue;
        }
        for ip in nic.ip_configurations.as_ref()?.value()? {
            let subnet = estate.subnet(*ip.subnet.as_ref()?.value()?)?;
            if !has(&subnet.nsg) {
                return Some(false);
            }
        }
    }
    (!vm.nics.is_empty()).then_some(true)
}

/// Sources that a port may be opened to, as members of a port.
fn sources(draft: &Draft<'_, '_>) -> (&'static str, Value) {
    let approved = &draft.planner.settings.approved;
    let mut all: Vec<&str> = approved.iter().flat_map(|one| &one.prefixes).map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    match all.as_slice() {
        [] => ("allowedSourceAddressPrefix", json!("*")),
        [one] => ("allowedSourceAddressPrefix", json!(one)),
        all => ("allowedSourceAddressPrefixes", json!(all)),
    }
}

fn new_port(draft: &Draft<'_, '_>, number: u16) -> Value {
    let (name, sources) = sources(draft);
    json!({"number": number, "protocol": "TCP", name: sources, "maxRequestAccessDuration": LONGEST})
}

/// Whether a port may be opened to more addresses of the internet than people need who log in, the team's own apart: as JIT004
/// judges it.
fn is_wide(draft: &Draft<'_, '_>, port: &Value) -> bool {
    let settings = draft.planner.settings;
    let one = port.get("allowedSourceAddressPrefix").and_then(Value::as_str);
    let several = port.get("allowedSourceAddressPrefixes").and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(Value::as_str);
    let (mut v4, mut v6) = (Addresses::empty(), Addresses::empty());
    for source in one.into_iter().chain(several).map(str::trim) {
        let anybody = ["*", "any", "internet"].iter().any(|word| source.eq_ignore_ascii_case(word));
        match parse_prefix(source) {
            Some(Prefix::V4(range)) => {
                let range = Range { first: u128::from(range.first), last: u128::from(range.last) };
                v4 = v4.union(&[range].into_iter().collect());
            }
            Some(Prefix::V6(range)) => v6 = v6.union(&[range].into_iter().collect()),
            None if anybody => v4 = every_address(Family::V4),
            // What is in other tags nobody tells.
            None => {}
        }
    }
    [(v4, Family::V4, settings.needed), (v6, Family::V6, 1 << 64)].into_iter().any(|(set, family, limit)| {
        let mut strangers = set.intersection(internet(family));
        for one in &settings.approved {
            strangers = strangers.difference(&of_space(&one.space, family));
        }
        strangers.count() > limit
    })
}

/// Whether a port may stay open for longer than three hours.
fn is_long(port: &Value) -> bool {
    let text = port.get("maxRequestAccessDuration").and_then(Value::as_str).unwrap_or_default();
    let Some(text) = text.strip_prefix('P') else { return false };
    let (days, clock) = text.split_once('T').unwrap_or((text, ""));
    let mut seconds = 0_u64;
    for (part, units) in
        [(days, [('D', 86_400), ('\0', 0), ('\0', 0)]), (clock, [('H', 3600), ('M', 60), ('S', 1)])]
    {
        let mut number = String::new();
        for c in part.chars() {
            match units.iter().find(|(unit, _)| *unit == c) {
                Some((_, times)) => {
                    let count: u64 = number.split('.').next().and_then(|it| it.parse().ok()).unwrap_or(0);
                    seconds = seconds.saturating_add(count.saturating_mul(*times));
                    number.clear();
                }
                None => number.push(c),
            }
        }
    }
    seconds > 3 * 3600
}

/// The machines of a policy as they are to be.
fn machines(draft: &Draft<'_, '_>, before: &[Value], change: &Change<'_>) -> Vec<Value> {
    let estate = draft.estate();
    let is_gone = |machine: &Value| {
        let id = machine.get("id").and_then(Value::as_str).and_then(|id| estate.ids().find(id));
        id.is_some_and(|id| estate.vm(id).is_none())
    };
    let mut all: Vec<Value> =
        before.iter().filter(|machine| !(change.drop_gone && is_gone(machine))).cloned().collect();
    let ports = all.iter_mut().filter_map(|machine| machine.get_mut("ports")?.as_array_mut()).flatten();
    for port in ports {
        let (wide, long) = (change.narrow && is_wide(draft, port), change.shorten && is_long(port));
        let Some(members) = port.as_object_mut() else { continue };
        if wide {
            let (name, sources) = sources(draft);
            members.retain(|name, _| !name.to_ascii_lowercase().starts_with("allowedsourceaddressprefix"));
            members.insert(name.to_owned(), sources);
        }
        if long {
            members.insert("maxRequestAccessDuration".to_owned(), json!(LONGEST));
        }
    }
    for (id, ports) in &change.ports {
        let ports: Vec<Value> = ports.iter().map(|number| new_port(draft, *number)).collect();
        let is = |machine: &Value| {
            machine.get("id").and_then(Value::as_str).is_some_and(|its| its.eq_ignore_ascii_case(id))
        };
        let there = all.iter_mut().find(|machine| is(machine)).and_then(Value::as_object_mut);
        match there {
            None => all.push(json!({"id": id, "ports": ports})),
            Some(machine) => {
                let list = machine.entry("ports").or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.extend(ports);
                }
            }
        }
    }
    all
}

fn write(draft: &mut Draft<'_, '_>, id: &str, change: Change<'_>) {
    let (lang, estate) = (draft.lang(), draft.estate());
    let there = estate.ids().find(id);
    let there = there.filter(|id| estate.around.jit_policies.iter().any(|policy| policy.id == *id));
    let record = there.and_then(|id| draft.record(id));
    let before =
        record.as_ref().and_then(|it| at(it, "properties/virtualMachines")).and_then(Value::as_array);
    if there.is_some() && before.is_none() {
        let question = say!(
            lang,
            "What the policy `{}` holds cannot be read, and Azure takes policies whole: others in it would be lost.",
            "ポリシー `{}` の内容を読み取れません。ポリシー全体を書き換える必要があるため、既存の設定が失われるおそれがあります。",
            resource_name(id)
        );
        let answers = vec![format!("`az security jit-policy list --query \"[?id=='{id}']\"`")];
        return draft.ask(&change.tasks, question, answers);
    }
    let mut steps: Vec<Step> = Vec::new();
    let above =
        estate::resource_subscription(id).map(|name| format!("/subscriptions/{name}")).unwrap_or_default();
    let mut cost = None;
    if !change.ports.is_empty()
        && let Some((plan, record)) = defender::servers(draft, &above)
        && let Some(step) = defender::step(draft, &plan, &record)
    {
        steps.push(step);
        cost = Some(defender::cost(draft, &above));
    }
    let becomes = machines(draft, before.map(Vec::as_slice).unwrap_or_default(), &change);
    let group = resource_group(id).unwrap_or_default();
    let mut notes = Vec::new();
    let version = JIT;
    match &record {
        None => {
            let body = json!({"kind": "Basic", "location": change.location, "properties": {"virtualMachines": becomes}});
            let says = say!(
                lang,
                "make a policy of just-in-time access for the group `{group}`",
                "リソース グループ `{group}` に Just-In-Time VM アクセスのポリシーを作成します"
            );
            steps.push(put(says, id.to_owned(), version, None, body));
        }
        Some(record) if becomes.is_empty() => {
            let says = say!(
                lang,
                "remove the policy, which names no VM that exists",
                "存在する VM を含まないポリシーを削除します"
            );
            steps.push(delete(says, id.to_owned(), version, record, None));
        }
        Some(record) => {
            let says = say!(
                lang,
                "write the policy back with what changes in it",
                "変更箇所だけを書き換えたポリシーを保存します"
            );
            let edit = edit(record, "properties/virtualMachines", becomes);
            steps.push(edits(says, id, version, vec![edit], true));
        }
    }
    if !change.ports.is_empty() {
        notes.push(say!(
            lang,
            "just-in-time access closes nothing that another rule opens: rules that let the internet in have to go, too (NET001, JIT002)",
            "Just-In-Time VM アクセスを有効にしても、ほかの規則で許可されているポートは閉じません。インターネットを許可する規則も削除してください (NET001、JIT002)"
        ));
        notes.push(say!(
            lang,
            "people who ask need `Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action` on the group and the right to read the VM",
            "アクセスを要求するユーザーには、リソース グループに対する `Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action` と、VM を読み取る権限が必要です"
        ));
        notes.push(match draft.planner.settings.approved.is_empty() {
            true => say!(
                lang,
                "no approved source is set, so the policy takes any: a request that names none opens the port to the address that it comes from alone",
                "承認済みの接続元が設定されていないため、ポリシーは任意の接続元を許可します。接続元を指定せずに要求すると、要求元のアドレスだけに対してポートが開きます"
            ),
            false => say!(
                lang,
                "a request has to name one of the approved sources as it is written in the policy",
                "要求時には、ポリシーに書かれた承認済みの接続元のいずれかをそのまま指定する必要があります"
            ),
        });
    }
    notes.push(say!(
        lang,
        "Azure takes policies whole: what others write into this one between reading and writing is lost",
        "Azure はポリシー全体を置き換えるため、読み取りから書き込みまでの間に加えられた他の変更は失われます"
    ));
    let title = match &record {
        None => say!(
            lang,
            "Put VMs of `{group}` under just-in-time access",
            "リソース グループ `{group}` の VM で Just-In-Time VM アクセスを有効にする"
        ),
        Some(_) => say!(
            lang,
            "Mend the policy of just-in-time access `{}` of `{group}`",
            "リソース グループ `{group}` の Just-In-Time VM アクセスのポリシー `{}` を修正する",
            resource_name(id)
        ),
    };
    let effects = Effects { cost, ..Effects::default() };
    draft.fix(&change.tasks, Make { kind: "jit-policy", title, steps, effects, notes });
}
