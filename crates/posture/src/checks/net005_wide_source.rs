//! More of the internet reaches a management port than the people who need it.

use reach::Protocols;

use super::net001_exposed_management_port::services;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::exposure::{by_audience, grouped, one_by_one, open_ports, several, spaced};
use crate::lang::{Lang, Text, say};
use crate::remedy::{Remedy, remedy};
use crate::view::{Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET005",
    slug: "wide-source",
    checkpoint: Checkpoint::Sources,
    severity: Severity::Medium,
    title: Text {
        en: "more addresses may log in than people need", ja: "必要以上に広い接続元アドレス"
    },
    why: Text {
        en: "An office goes out through one or a few addresses. Each further one that a rule lets in belongs to somebody else, and a provider's whole range is full of other people's infected machines.",
        ja: "オフィスからの通信は、通常 1 個から数個のアドレスに限られます。規則で許可したそれ以外のアドレスは、すべて他人のものです。プロバイダーの範囲をまるごと許可すると、マルウェアに感染した他人の端末からも接続できてしまいます。",
    },
    fix: Text {
        en: "Let in the addresses that your people really come from, or open the port just in time for the address of the person who asks.",
        ja: "実際に使っている接続元アドレスだけを許可するか、Just-In-Time (JIT) VM アクセスで、要求者のアドレスに限って開いてください。",
    },
    feed: None,
    refs: &[Reference::Mcsb("NS-1"), Reference::Mcsb("PA-2"), Reference::Attack("T1133")],
    run: Run::Vm(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let needed = context.settings.needed;
    let verdict = open_ports(context, view, Protocols::TCP, &context.ports[0], needed);
    let Some(open) = verdict.open_or_tell(context, &CHECK, view, sink) else { return };
    let evidence = one_by_one(open);
    let lang = context.lang;
    let machine = context.name(vm.id);
    let most = evidence.iter().map(|open| open.sources.strangers).max().unwrap_or(0);
    let all = reach::internet(estate::Family::V4).count();
    let groups = by_audience(&evidence, lang);
    let texts: Vec<_> = groups
        .iter()
        .map(|(who, group)| {
            let what = spaced(&services(group.iter().map(|open| open.ports.first), lang), lang);
            let count = group.first().map_or(0, |open| open.sources.internet_ipv4_addresses);
            // In tenths of a per cent, so that one part in a thousand still shows.
            let number = grouped(count);
            let part = match count.saturating_mul(1000) / all {
                0 => String::new(),
                1000 => say!(lang, " ({number} addresses)", " ({number} 個のアドレス) "),
                share => say!(lang, " ({}.{} % of it)", " (全体の {}.{} %) ", share / 10, share % 10),
            };
            let admit = if several(&what, group) { "admit" } else { "admits" };
            say!(lang, "{what} {admit} {who}{part}", "{what}は{who}{part}から接続できます")
        })
        .collect();
    let message = match lang {
        Lang::En => {
            let addresses = if needed == 1 { "address" } else { "addresses" };
            format!("`{machine}`: {}; people need {needed} {addresses} at the most", texts.join("; "))
        }
        Lang::Ja => format!("`{machine}` の{}。通常、必要なアドレスは {needed} 個以下です", texts.join("。")),
    };
    let cause = evidence.first().and_then(|open| open.cause.clone());
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: if most > context.settings.wide_after || most == 0 {
            CHECK.severity
        } else {
            Severity::Low
        },
        resource: vm.id,
        message,
        fix: remedy(context, &evidence, cause.as_ref(), Remedy::Narrow).into(),
        cause,
        evidence,
        facts: Vec::new(),
    });
}
