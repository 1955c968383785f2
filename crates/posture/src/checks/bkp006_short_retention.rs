//! Daily backups of machines are kept for a few days only.

use std::collections::BTreeSet;

use estate::{BackupPolicy, Feed, Known, ResourceId};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "BKP006",
    slug: "short-retention",
    checkpoint: Checkpoint::Backup,
    severity: Severity::Medium,
    title: Text { en: "backups are kept for a few days only", ja: "保持期間が短いバックアップ" },
    why: Text {
        en: "Attackers are in for days before they strike. When every copy that is left was made after they came in, what is brought back brings them back, too.",
        ja: "攻撃者は、侵入してから実行に移るまで何日も潜伏します。残っているバックアップがすべて侵入後のものであれば、復元しても攻撃者まで一緒に戻ってきます。",
    },
    fix: Text {
        en: "Keep daily backups for 30 days, and weekly and monthly ones for longer, in the policy of the vault.",
        ja: "コンテナーのバックアップ ポリシーで、日次バックアップは 30 日、週次と月次のバックアップはそれより長く保持してください。",
    },
    feed: Some(Feed::BackupPolicies),
    refs: &[
        Reference::Mcsb("BR-1"),
        Reference::Attack("T1490"),
        Reference::Page("https://learn.microsoft.com/azure/backup/backup-azure-vms-introduction"),
    ],
    run: Run::Estate(Subject::Vault, run),
};

/// A week covers a weekend and the time until somebody looks.
const NEEDED_DAYS: u64 = 7;

fn run(context: &Context<'_>, sink: &mut Sink) {
    let around = &context.estate().around;
    let used: BTreeSet<ResourceId> = around
        .backup_items
        .iter()
        .filter_map(|item| item.policy.as_ref().and_then(Known::value).copied())
        .collect();
    for policy in &around.backup_policies {
        sink.take(context, &CHECK, policy.id, judge(context, policy, &used));
    }
}

fn judge(context: &Context<'_>, policy: &BackupPolicy, used: &BTreeSet<ResourceId>) -> Judged {
    if !says(&policy.manages, "AzureIaasVM") {
        return Ok(Verdict::NotFor);
    }
    // A policy that makes no daily backups keeps weekly ones, for weeks.
    let Some(count) = context.known(&policy.days)? else { return Ok(Verdict::NotFor) };
    let times = if says(&policy.unit, "Weeks") {
        7
    } else if says(&policy.unit, "Months") {
        28
    } else {
        1
    };
    let days = count.saturating_mul(times);
    if days >= NEEDED_DAYS {
        return Ok(Verdict::Pass);
    }
    if !used.contains(&policy.id) {
        context.whole_for(Feed::Backups, policy.id, &policy.origins)?;
        return Ok(Verdict::NotFor);
    }
    let name = context.name(policy.id);
    let message = say!(
        context.lang,
        "the policy `{name}` keeps daily backups for {days} days only",
        "ポリシー `{name}` では、日次バックアップが {days} 日間しか保持されません"
    );
    Fault::new(message)
        .fact("retention_days", days.to_string())
        .at_record(
            policy.id,
            &policy.origins,
            "/properties/retentionPolicy/dailySchedule/retentionDuration/count",
        )
        .verdict()
}
