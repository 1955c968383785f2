//! A machine is under just-in-time access, and a management port that the internet reaches is not.

use reach::Protocols;

use super::jit_access::{covered, port_names};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{one_by_one, open_ports, open_to, stopped};
use crate::lang::{Text, say};
use crate::view::{Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "JIT003",
    slug: "jit-port-missing",
    checkpoint: Checkpoint::Jit,
    severity: Severity::Medium,
    title: Text {
        en: "just-in-time access leaves out an open management port",
        ja: "Just-In-Time VM アクセスの対象から漏れている管理ポート",
    },
    why: Text {
        en: "The VM counts as protected, and attackers come in by the door that the policy does not know: WinRM beside RDP, SSH on another port.",
        ja: "仮想マシンは保護済みと見なされますが、ポリシーに含まれないポートから侵入されます。RDP だけを登録して WinRM が開いている、SSH を別のポートでも受け付けている、といった例があります。",
    },
    fix: Text {
        en: "Close the port, or add it to the policy and then remove the rule that leaves it open: `az rest --method get --url 'https://management.azure.com<POLICY-ID>?api-version=2020-01-01'`, add the port, send it back with `--method put --body @policy.json` (a PUT replaces the whole policy).",
        ja: "ポートを閉じるか、ポリシーに追加したうえでポートを開いたままにしている規則を削除してください: `az rest --method get --url 'https://management.azure.com<ポリシー ID>?api-version=2020-01-01'` で取得し、ポートを追加して `--method put --body @policy.json` で更新します (PUT はポリシー全体を置き換えます)。",
    },
    feed: Some(estate::Feed::JitPolicies),
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage"),
    ],
    run: Run::Vm(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let Some(covered) = covered(context, vm.id) else { return };
    let left = context.ports[0].difference(&covered.ports(Protocols::TCP));
    if left.is_empty() {
        return sink.pass(context, &CHECK, vm.id);
    }
    let verdict = open_ports(context, view, Protocols::TCP, &left, context.settings.wide_after);
    if let (Some(reason), false) = (covered.doubt(context), verdict.open.is_empty()) {
        return sink.unknown(&CHECK, vm.id, vec![reason]);
    }
    let Some(open) = verdict.open_or_tell(context, &CHECK, view, sink) else { return };
    let evidence = one_by_one(open);
    let lang = context.lang;
    let open = open_to(&context.name(vm.id), &evidence, lang, |ports| port_names(ports, lang));
    let open = stopped(vm, lang, open);
    let message = say!(
        lang,
        "{open}; the VM is under just-in-time access, but not this port",
        "{open}。仮想マシンは Just-In-Time VM アクセスの対象ですが、このポートは含まれていません"
    );
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: vm.id,
        message,
        cause: evidence.first().and_then(|open| open.cause.clone()),
        evidence,
        facts: Vec::new(),
        fix: CHECK.fix.of(lang).into(),
    });
}
