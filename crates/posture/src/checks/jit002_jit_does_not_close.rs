//! A policy of just-in-time access covers a port, and the internet gets in to it between requests all the same.

use estate::{Reason, SecurityRule};
use reach::Protocols;

use super::jit_access::{Made, covered, made_by_defender, port_names};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{DecidedBy, PortEvidence, one_by_one, open_ports, open_to, stopped};
use crate::lang::{Lang, Text, say};
use crate::remedy::{Remedy, one_line, remedy, scope, shell};
use crate::view::{Cause, Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "JIT002",
    slug: "jit-does-not-close",
    checkpoint: Checkpoint::Jit,
    severity: Severity::Critical,
    title: Text {
        en: "just-in-time access does not close a port that it covers",
        ja: "Just-In-Time VM アクセスを有効にしても閉じていないポート",
    },
    why: Text {
        en: "Just-in-time access closes a port with a deny rule that comes late: a rule that was there before, a security admin rule or a rule that a request left behind lets everybody in first. The VM counts as protected while scanners try it all day.",
        ja: "Just-In-Time (JIT) VM アクセスは、優先度の低い拒否規則でポートを閉じます。以前からある許可規則、セキュリティ管理規則、過去の要求で残った規則があると、そちらが先に適用されて誰でも接続できます。保護済みのつもりでいる間も、攻撃を受け続けます。",
    },
    fix: Text {
        en: "Remove what lets the internet in: just-in-time access opens the port by itself when somebody asks.",
        ja: "インターネットからの通信を許可している規則を削除してください。要求があれば、JIT VM アクセスがポートを開きます。",
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

/// Whether it is a rule for a request that lets a port be reached.
fn by_request(open: &PortEvidence) -> bool {
    let rule = open.decided_by.iter().any(|by| made_by_defender(&by.rule) == Some(Made::ToOpen));
    // A firewall gets rules of its own: `MDC-JIT…`, before 2023 `ASC-JIT…`.
    let forwarded = open.through.as_deref().is_some_and(|through| {
        through
            .rule
            .get(..7)
            .is_some_and(|start| ["MDC-JIT", "ASC-JIT"].iter().any(|its| start.eq_ignore_ascii_case(its)))
    });
    rule || forwarded
}

/// The rules for requests that let a port be reached.
fn opening<'e>(context: &Context<'e>, open: &PortEvidence) -> Vec<&'e SecurityRule> {
    let made = open.decided_by.iter().filter(|by| made_by_defender(&by.rule) == Some(Made::ToOpen));
    let rule = |by: &DecidedBy| {
        let name = by.rule.rsplit('/').next()?;
        let rules = context.estate().nsg(by.nsg)?.rules.as_ref()?.value()?;
        rules.iter().find(|rule| &*rule.name == name)
    };
    made.filter_map(rule).collect()
}

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let Some(covered) = covered(context, vm.id) else { return };
    let mut evidence: Vec<PortEvidence> = Vec::new();
    let mut unknown: Vec<Reason> = covered.doubt(context).into_iter().collect();
    for protocol in [Protocols::TCP, Protocols::UDP] {
        let ports = covered.ports(protocol);
        if ports.is_empty() {
            continue;
        }
        let verdict = open_ports(context, view, protocol, &ports, context.settings.wide_after);
        unknown.extend(verdict.unknown);
        for open in one_by_one(verdict.open) {
            // A request opens its port on purpose; anything else that lets the internet in does so without one.
            if !by_request(&open) {
                evidence.push(open);
                continue;
            }
            match covered.is_asked_for(context, vm.id, open.ports.first, &opening(context, &open)) {
                Ok(true) => {}
                Ok(false) => evidence.push(open),
                Err(reason) => unknown.push(reason),
            }
        }
    }
    let Some(first) = evidence.first() else {
        return if unknown.is_empty() {
            sink.pass(context, &CHECK, vm.id);
        } else {
            sink.unknown(&CHECK, vm.id, unknown);
        };
    };
    let lang = context.lang;
    let cause = first.cause.clone();
    let open = open_to(&context.name(vm.id), &evidence, lang, |ports| port_names(ports, lang));
    let open = stopped(vm, lang, open);
    let by = because(context, first, lang);
    let message = say!(
        lang,
        "{open}, although just-in-time access covers it: {by}",
        "{open}。Just-In-Time VM アクセスの対象ですが、閉じていません: {by}"
    );
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: vm.id,
        message,
        fix: fix(context, &evidence, cause.as_ref()).into(),
        cause,
        evidence,
        facts: Vec::new(),
    });
}

/// What lets the internet in, in words.
fn because(context: &Context<'_>, open: &PortEvidence, lang: Lang) -> String {
    let Some(cause) = &open.cause else {
        return say!(lang, "no group guards the address", "アドレスを守る NSG がありません");
    };
    // A security admin rule is told as `securityAdminRules/<name>`.
    let rule = one_line(cause.key.rsplit('/').next().unwrap_or(&cause.key));
    if open.decided_by.iter().any(|by| by.level == "admin") {
        return say!(
            lang,
            "the security admin rule `{rule}` delivers it whatever the groups say",
            "セキュリティ管理規則 `{rule}` により、NSG に関係なく許可されます"
        );
    }
    if open.through.as_deref().is_some_and(|through| through.holder == cause.resource) {
        let holder = context.name(cause.resource);
        return say!(lang, "`{holder}` passes on to it (`{rule}`)", "`{holder}` が転送しています (`{rule}`)");
    }
    if context.estate().nsg(cause.resource).is_none() {
        return say!(lang, "no group guards the address", "アドレスを守る NSG がありません");
    }
    let group = context.name(cause.resource);
    if made_by_defender(&rule) == Some(Made::ToOpen) {
        return say!(
            lang,
            "the rule `{rule}` of `{group}` is left from a request that has ended",
            "終了した要求の規則 `{rule}` が `{group}` に残っています"
        );
    }
    say!(
        lang,
        "the rule `{rule}` of `{group}` lets it in without any request",
        "`{group}` の規則 `{rule}` により、要求がなくても許可されます"
    )
}

/// The commands that remove the rules, or what closes the port where it is no rule of a group.
fn fix(context: &Context<'_>, evidence: &[PortEvidence], cause: Option<&Cause>) -> String {
    let estate = context.estate();
    let mut commands: Vec<String> = Vec::new();
    for cause in evidence.iter().filter_map(|open| open.cause.as_ref()) {
        let Some(nsg) = estate.nsg(cause.resource) else { continue };
        let rules = nsg.rules.as_ref().and_then(|rules| rules.value()).map(Vec::as_slice).unwrap_or_default();
        if rules.iter().any(|rule| rule.name == cause.key) {
            let (scope, group) = (scope(estate.text(nsg.id)), shell(&context.name(nsg.id)));
            let rule = shell(&cause.key);
            let command = format!("\n  az network nsg rule delete {scope} --nsg-name {group} --name {rule}");
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    match commands.is_empty() {
        true => remedy(context, evidence, cause, Remedy::Narrow),
        false => format!("{}{}", CHECK.fix.of(context.lang), commands.concat()),
    }
}
