//! Just-in-time access may open a port to more addresses than one who logs in needs.

use estate::{Family, JitPolicy, JitPort, Reason};
use reach::Addresses;

use super::jit_access::{addresses_of, partial};
use super::jit_ports::{listed_ports, some};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::wide;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "JIT004",
    slug: "jit-wide-source",
    checkpoint: Checkpoint::Jit,
    severity: Severity::Medium,
    title: Text {
        en: "just-in-time access may open a port to everybody",
        ja: "接続元を限定していない Just-In-Time VM アクセス",
    },
    why: Text {
        en: "Who asks may have the port opened to any source. One careless request, or one stolen account, opens it to the whole internet for hours, and scanners need minutes.",
        ja: "要求する人は、任意の接続元に対してポートを開くことができます。不注意な要求や、盗まれたアカウントによる要求が 1 件あるだけで、数時間にわたってインターネット全体に公開されます。スキャナーによる発見には数分しかかかりません。",
    },
    fix: Text {
        en: "Allow the addresses that your people come from in `allowedSourceAddressPrefixes` of each port: `az rest --method get --url 'https://management.azure.com<POLICY-ID>?api-version=2020-01-01'`, change it and send it back with `--method put --body @policy.json` (a PUT replaces the whole policy).",
        ja: "各ポートの `allowedSourceAddressPrefixes` を、利用者の接続元アドレスに限定してください: `az rest --method get --url 'https://management.azure.com<ポリシー ID>?api-version=2020-01-01'` で取得し、変更して `--method put --body @policy.json` で更新します (PUT はポリシー全体を置き換えます)。",
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

fn run(context: &Context<'_>, sink: &mut Sink) {
    for policy in &context.estate().around.jit_policies {
        sink.take(context, &CHECK, policy.id, judge(context, policy));
    }
}

/// Whether a port may be opened to too many; the reason where nobody can tell.
fn is_wide(context: &Context<'_>, policy: &JitPolicy, port: &JitPort) -> Result<bool, Reason> {
    let ([v4, v6], tag) = addresses_of(&port.sources);
    let untold = port.sources.is_empty() || port.more_sources;
    let unknown = tag.or_else(|| untold.then(|| partial(context, policy.id)));
    let stranger = |set: &Addresses, family| {
        let on_internet = set.intersection(reach::internet(family));
        wide(&context.strangers(&on_internet, family), family, context.settings.needed)
    };
    match stranger(&v4, Family::V4) || stranger(&v6, Family::V6) {
        true => Ok(true),
        false => unknown.map_or(Ok(false), Err),
    }
}

fn judge(context: &Context<'_>, policy: &JitPolicy) -> Judged {
    let Some(machines) = context.known(&policy.machines)? else {
        return Err(vec![partial(context, policy.id)]);
    };
    let (mut ports, mut unknown) = (Vec::new(), Vec::new());
    for machine in machines {
        unknown.extend(machine.more_ports.then(|| partial(context, policy.id)));
        for port in &machine.ports {
            match is_wide(context, policy, port) {
                Ok(true) => ports.push((machine, port)),
                Ok(false) => {}
                Err(reason) => unknown.push(reason),
            }
        }
    }
    let Some((machine, port)) = ports.first() else {
        return if unknown.is_empty() { Ok(Verdict::Pass) } else { Err(unknown) };
    };
    let lang = context.lang;
    let (name, what) = (context.name(policy.id), listed_ports(context, &ports));
    let needed = context.settings.needed;
    let message = say!(
        lang,
        "the policy `{name}` lets people open {what} to more than {needed} addresses",
        "ポリシー `{name}` では、{what} を {needed} 個を超えるアドレスに対して開くことができます"
    );
    let pointer = format!(
        "/properties/virtualMachines/{}/ports/{}/allowedSourceAddressPrefix",
        machine.index, port.index
    );
    let cause = Cause {
        key: "allowedSourceAddressPrefix".into(),
        ..Cause::field(policy.id, policy.origins.first(), &pointer)
    };
    let fault = Fault::new(message).because(cause).fact("port_count", ports.len().to_string());
    let facts = some(context, &ports, |port| {
        port.sources.iter().map(|source| one_line(source)).collect::<Vec<_>>().join(" ")
    });
    facts.into_iter().fold(fault, |fault, fact| fault.fact("allowed_sources", fact)).verdict()
}
