//! A policy of just-in-time access names a machine that is not there any more.

use estate::{Feed, JitPolicy, Kind, resource_type};

use super::jit_access::partial;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "JIT008",
    slug: "jit-gone-machine",
    checkpoint: Checkpoint::Jit,
    severity: Severity::Low,
    title: Text {
        en: "just-in-time access names a VM that is gone",
        ja: "存在しない仮想マシンを含む Just-In-Time VM アクセス",
    },
    why: Text {
        en: "A policy that names machines which are gone hides which are really covered, and has kept people from cleaning up. A new VM of the same name finds an entry with sources and times that nobody chose for it.",
        ja: "存在しない仮想マシンがポリシーに残っていると、実際に保護されている仮想マシンが分かりにくくなり、リソースの整理の妨げにもなります。同じ名前の仮想マシンを作成すると、意図していない接続元や時間の設定が残っていることになります。",
    },
    fix: Text {
        en: "Take the VM out of the policy: `az rest --method get --url 'https://management.azure.com<POLICY-ID>?api-version=2020-01-01'`, change it and send it back with `--method put --body @policy.json` (a PUT replaces the whole policy). Delete a policy that has no other VM: `az rest --method delete --url 'https://management.azure.com<POLICY-ID>?api-version=2020-01-01'`.",
        ja: "ポリシーから仮想マシンを削除してください: `az rest --method get --url 'https://management.azure.com<ポリシー ID>?api-version=2020-01-01'` で取得し、変更して `--method put --body @policy.json` で更新します (PUT はポリシー全体を置き換えます)。ほかに仮想マシンがなければポリシー自体を削除してください: `az rest --method delete --url 'https://management.azure.com<ポリシー ID>?api-version=2020-01-01'`",
    },
    feed: Some(Feed::JitPolicies),
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage"),
    ],
    run: Run::Estate(Subject::JitPolicy, run),
};

/// How many machines a finding names.
const SAMPLE: usize = 10;

fn run(context: &Context<'_>, sink: &mut Sink) {
    for policy in &context.estate().around.jit_policies {
        sink.take(context, &CHECK, policy.id, judge(context, policy));
    }
}

fn judge(context: &Context<'_>, policy: &JitPolicy) -> Judged {
    let estate = context.estate();
    let Some(machines) = context.known(&policy.machines)? else {
        return Err(vec![partial(context, policy.id)]);
    };
    let mut gone = Vec::new();
    for machine in machines.iter().filter(|machine| estate.vm(machine.vm).is_none()) {
        // Nobody was asked for machines of another kind.
        let kind = resource_type(estate.text(machine.vm));
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(Kind::Vm.resource_type())) {
            return Err(vec![estate.missing(Kind::Vm, machine.vm)]);
        }
        context.whole_for(Feed::Machines, machine.vm, &policy.origins)?;
        gone.push(machine);
    }
    let Some(first) = gone.first() else { return Ok(Verdict::Pass) };
    let lang = context.lang;
    let name = context.name(policy.id);
    let names: Vec<String> = gone.iter().take(SAMPLE).map(|machine| context.name(machine.vm)).collect();
    let shown = listed(&names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>(), lang);
    let more = if gone.len() > 3 { " …" } else { "" };
    let message = say!(
        lang,
        "the policy `{name}` names VMs that do not exist: {shown}{more}",
        "ポリシー `{name}` に、存在しない仮想マシンが含まれています: {shown}{more}"
    );
    let pointer = format!("/properties/virtualMachines/{}/id", first.index);
    let cause =
        Cause { key: "virtualMachines".into(), ..Cause::field(policy.id, policy.origins.first(), &pointer) };
    let fault = Fault::new(message).because(cause).fact("machines", gone.len().to_string());
    names.into_iter().fold(fault, |fault, name| fault.fact("sample", name)).verdict()
}
