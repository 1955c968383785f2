//! What passes in a network is written down and taken away too early.

use estate::FlowLog;

use super::flow_logs::kind;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET016",
    slug: "flow-log-kept-short",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Low,
    title: Text {
        en: "a flow log is kept less than 90 days", ja: "保持期間が 90 日未満のフロー ログ"
    },
    why: Text {
        en: "Break-ins are often found weeks or months later. By then a log that is kept for a few days has nothing left of the day that matters.",
        ja: "侵入は、数週間から数か月後に見つかることがよくあります。保持期間が短いと、肝心な日の記録が残っていません。",
    },
    fix: Text {
        en: "Keep it for 90 days or more: `az network watcher flow-log update --location <REGION> --name <NAME> --retention 90`. Flow logs of security groups retire on 30 September 2027 and none can be made since 30 June 2025: move to one of the virtual network.",
        ja: "90 日以上保持してください: `az network watcher flow-log update --location <リージョン> --name <名前> --retention 90`。NSG フロー ログは 2025 年 6 月 30 日以降新規作成できず、2027 年 9 月 30 日に廃止されます。仮想ネットワークのフロー ログに移行してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("LT-4"),
        Reference::Page("https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview"),
        Reference::Page("https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview"),
    ],
    run: Run::Estate(Subject::Network, run),
};

/// For how many days a flow log is kept at the least.
const DAYS: u64 = 90;

fn run(context: &Context<'_>, sink: &mut Sink) {
    for log in &context.estate().around.flow_logs {
        sink.take(context, &CHECK, log.id, judge(context, log));
    }
}

fn judge(context: &Context<'_>, log: &FlowLog) -> Judged {
    match context.known(&log.on)? {
        Some(true) => {}
        Some(false) => return Ok(Verdict::NotFor),
        None => {
            let resource_type = "Microsoft.Network/networkWatchers/flowLogs".into();
            let id = context.estate().text(log.id).into();
            return Err(vec![estate::Reason::Partial { resource_type, id }]);
        }
    }
    // Both default to keeping it for ever: no limit, 0 days.
    // https://learn.microsoft.com/rest/api/network-watcher/flow-logs/get#retentionpolicyparameters
    let limited = context.known(&log.limited)?.copied().unwrap_or(false);
    let days = context.known(&log.days)?.copied().unwrap_or(0);
    if !limited || days == 0 || days >= DAYS {
        return Ok(Verdict::Pass);
    }
    let (name, target) = (context.name(log.id), context.name(log.owner));
    let message = say!(
        context.lang,
        "the flow log `{name}` of `{target}` is kept for {days} days",
        "`{target}` のフロー ログ `{name}` の保持期間は {days} 日です"
    );
    let fault = Fault::new(message).fact("days", days.to_string()).fact("kind", kind(context, log));
    fault.at_record(log.id, &log.origins, "/properties/retentionPolicy/days").verdict()
}
