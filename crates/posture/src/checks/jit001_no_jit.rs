//! The internet reaches a management port that just-in-time access does not close between requests.
//!
//! A machine with closed management ports passes: there is nothing to open. Defender for Cloud's own recommendation
//! (805651bc) is broader and looks at groups alone.

use reach::Protocols;

use super::jit_access::{covered, is_single, may_be_named, port_names};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{one_by_one, open_ports, open_to, stopped};
use crate::lang::{Text, say};
use crate::view::{Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "JIT001",
    slug: "no-jit",
    checkpoint: Checkpoint::Jit,
    severity: Severity::High,
    title: Text {
        en: "an open management port has no just-in-time access",
        ja: "Just-In-Time VM アクセスのない公開管理ポート",
    },
    why: Text {
        en: "A port that is open all day is tried all day: brute force needs nothing but time. People log in for minutes; just-in-time access opens the port for these minutes, to the one who asked, and closes it by itself.",
        ja: "常に開いているポートは、一日中総当たり攻撃を受け続けます。実際にログインしているのは限られた時間です。Just-In-Time (JIT) VM アクセスを使うと、要求した人に対して必要な時間だけポートが開き、自動的に閉じます。",
    },
    fix: Text {
        en: "Put the VM under just-in-time access (Microsoft Defender for Cloud > Workload protections > Just-in-time VM access; it needs Defender for Servers Plan 2), then remove the rule that leaves the port open: Defender does not. With a policy in a file: `az rest --method put --url 'https://management.azure.com<POLICY-ID>?api-version=2020-01-01' --body @policy.json`.",
        ja: "仮想マシンで Just-In-Time VM アクセスを有効にし (Microsoft Defender for Cloud > ワークロード保護 > Just-In-Time VM アクセス。Defender for Servers プラン 2 が必要)、ポートを開いたままにしている規則を削除してください (自動では削除されません)。ポリシーをファイルに用意した場合: `az rest --method put --url 'https://management.azure.com<ポリシー ID>?api-version=2020-01-01' --body @policy.json`",
    },
    feed: Some(estate::Feed::JitPolicies),
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Defender("805651bc-6ecd-4c73-9b55-97a19d0582d0"),
        Reference::Policy("b0f33259-77d7-4c9e-aac6-3aabcfae693c"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview"),
    ],
    run: Run::Vm(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    if !is_single(context, view) {
        return;
    }
    if covered(context, vm.id).is_some() {
        return sink.pass(context, &CHECK, vm.id);
    }
    let verdict = open_ports(context, view, Protocols::TCP, &context.ports[0], context.settings.wide_after);
    let Some(open) = verdict.open_or_tell(context, &CHECK, view, sink) else { return };
    if let Some(reason) = may_be_named(context, vm.id) {
        return sink.unknown(&CHECK, vm.id, vec![reason]);
    }
    if let Err(reasons) = context.whole(estate::Feed::JitPolicies, view) {
        return sink.unknown(&CHECK, vm.id, reasons);
    }
    let evidence = one_by_one(open);
    let lang = context.lang;
    let open = open_to(&context.name(vm.id), &evidence, lang, |ports| port_names(ports, lang));
    let open = stopped(vm, lang, open);
    let message = say!(
        lang,
        "{open}; no policy of just-in-time access names the VM",
        "{open}。Just-In-Time VM アクセスのポリシーの対象になっていません"
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
