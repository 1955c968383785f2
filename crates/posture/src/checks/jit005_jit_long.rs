//! Just-in-time access may leave a port open for longer than by default.

use estate::JitPolicy;

use super::jit_access::partial;
use super::jit_ports::{listed_ports, some};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "JIT005",
    slug: "jit-long",
    checkpoint: Checkpoint::Jit,
    severity: Severity::Low,
    title: Text {
        en: "just-in-time access may leave a port open for long",
        ja: "最大要求時間の長い Just-In-Time VM アクセス",
    },
    why: Text {
        en: "The longest time that may be asked for becomes the time that people ask for. A port that is open all day is tried all day, and then just-in-time access is a rule like any other.",
        ja: "要求できる最大の時間は、そのまま日常的に要求される時間になります。一日中開いているポートは一日中攻撃を受け、JIT VM アクセスを使う意味がなくなります。",
    },
    fix: Text {
        en: "Set `maxRequestAccessDuration` to what a task takes, three hours (`PT3H`) at the most; whoever needs longer asks again: `az rest --method get --url 'https://management.azure.com<POLICY-ID>?api-version=2020-01-01'`, change it and send it back with `--method put --body @policy.json` (a PUT replaces the whole policy).",
        ja: "`maxRequestAccessDuration` を作業に必要な時間 (長くても 3 時間 `PT3H`) に設定し、足りない場合は再度要求する運用にしてください: `az rest --method get --url 'https://management.azure.com<ポリシー ID>?api-version=2020-01-01'` で取得し、変更して `--method put --body @policy.json` で更新します (PUT はポリシー全体を置き換えます)。",
    },
    feed: Some(estate::Feed::JitPolicies),
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage"),
    ],
    run: Run::Estate(Subject::JitPolicy, run),
};

/// Three hours, which the portal proposes (<https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage>).
const DEFAULT_SECONDS: u64 = 3 * 3600;

fn run(context: &Context<'_>, sink: &mut Sink) {
    for policy in &context.estate().around.jit_policies {
        sink.take(context, &CHECK, policy.id, judge(context, policy));
    }
}

/// `24 h`, `3 h 30 min`.
fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds % 3600 / 60) {
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn judge(context: &Context<'_>, policy: &JitPolicy) -> Judged {
    let Some(machines) = context.known(&policy.machines)? else {
        return Err(vec![partial(context, policy.id)]);
    };
    let all = || machines.iter().flat_map(|machine| machine.ports.iter().map(move |port| (machine, port)));
    let ports: Vec<_> =
        all().filter(|(_, port)| port.longest.is_some_and(|its| its > DEFAULT_SECONDS)).collect();
    let Some((machine, port)) = ports.first() else {
        // Azure takes no policy without it.
        let hidden = machines.iter().any(|machine| machine.more_ports);
        return match hidden || all().any(|(_, port)| port.longest.is_none()) {
            true => Err(vec![partial(context, policy.id)]),
            false => Ok(Verdict::Pass),
        };
    };
    let lang = context.lang;
    let (name, what) = (context.name(policy.id), listed_ports(context, &ports));
    let longest = duration(ports.iter().filter_map(|(_, port)| port.longest).max().unwrap_or_default());
    let message = say!(
        lang,
        "the policy `{name}` lets people keep {what} open for up to {longest}",
        "ポリシー `{name}` では、{what} を最大 {longest} 開いたままにできます"
    );
    let pointer = format!(
        "/properties/virtualMachines/{}/ports/{}/maxRequestAccessDuration",
        machine.index, port.index
    );
    let cause = Cause {
        key: "maxRequestAccessDuration".into(),
        ..Cause::field(policy.id, policy.origins.first(), &pointer)
    };
    let fault = Fault::new(message).because(cause).fact("port_count", ports.len().to_string());
    let facts = some(context, &ports, |port| duration(port.longest.unwrap_or_default()));
    facts.into_iter().fold(fault, |fault, fact| fault.fact("max_duration", fact)).verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_for_people() {
        assert_eq!(duration(86_400), "24 h");
        assert_eq!(duration(12_600), "3 h 30 min");
    }
}
