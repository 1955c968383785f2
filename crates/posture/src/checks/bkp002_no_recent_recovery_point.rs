//! The newest backup of a machine is old.

use estate::{BackupItem, Feed, Field, Known, Moment, Reason};

use super::kept::{kept, partial};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "BKP002",
    slug: "no-recent-recovery-point",
    checkpoint: Checkpoint::Backup,
    severity: Severity::High,
    title: Text { en: "no recent recovery point", ja: "最近の復元ポイントがない VM" },
    why: Text {
        en: "Whoever encrypts the disks today takes away all that was written since the last backup. A VM that is listed as protected and has none is the one that nobody looks at until it is needed.",
        ja: "今日ディスクを暗号化されれば、最後のバックアップ以降のデータはすべて失われます。「保護済み」と表示されながら復元ポイントがない VM は、必要になるまで誰にも気付かれません。",
    },
    fix: Text {
        en: "Look at the failed jobs and run a backup now: `az backup job list --vault-name <VAULT> -g <RESOURCE-GROUP> --status Failed`, `az backup protection backup-now --vault-name <VAULT> --container-name <VM> --item-name <VM> -g <RESOURCE-GROUP> --backup-management-type AzureIaasVM`.",
        ja: "失敗したジョブを確認し、今すぐバックアップしてください: `az backup job list --vault-name <コンテナー> -g <リソース グループ> --status Failed`、`az backup protection backup-now --vault-name <コンテナー> --container-name <VM> --item-name <VM> -g <リソース グループ> --backup-management-type AzureIaasVM`",
    },
    feed: Some(Feed::Backups),
    refs: &[
        Reference::Mcsb("BR-1"),
        Reference::Attack("T1490"),
        Reference::Page("https://learn.microsoft.com/azure/backup/backup-azure-vms-introduction"),
    ],
    run: Run::Machine(run),
};

const DAY: i64 = 86_400;

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let items = kept(context, view)?;
    let mut newest: Option<(Moment, &BackupItem)> = None;
    for item in items.iter().copied() {
        let moment = newest_of(item);
        // Protected, and no word of when: the record is a part only.
        if moment.is_none() && !says(&item.state, "IRPending") && !tells_of_none(item) {
            return Err(vec![partial(context, item)]);
        }
        if let Some(moment) = moment.filter(|moment| newest.is_none_or(|(other, _)| *moment > other)) {
            newest = Some((moment, item));
        }
    }
    let Some(first) = items.first() else {
        // BKP001 tells of machines without a backup.
        return Ok(Verdict::NotFor);
    };
    let machine = context.name(view.vm.id);
    let Some((moment, item)) = newest else {
        let message = say!(
            context.lang,
            "`{machine}` has no recovery point yet",
            "`{machine}` にはまだ復元ポイントがありません"
        );
        return Fault::new(message)
            .at_record(first.id, &first.origins, "/properties/protectionState")
            .verdict();
    };
    let Some(now) = context.moment(&item.origins) else { return Err(vec![partial(context, item)]) };
    let (shortest, limit) = limit_days(context, item);
    if now.0 - moment.0 <= shortest * DAY {
        return Ok(Verdict::Pass);
    }
    if now.0 - moment.0 <= limit * DAY {
        return Err(vec![Reason::NotAsked { feed: Feed::BackupPolicies }]);
    }
    let days = now.days_since(moment);
    let message = say!(
        context.lang,
        "the newest recovery point of `{machine}` is {days} days old",
        "`{machine}` の最新の復元ポイントは {days} 日前のものです"
    );
    Fault::new(message)
        .fact("recovery_point", moment.day())
        .fact("limit_days", limit.to_string())
        .at_record(item.id, &item.origins, "/properties/lastRecoveryPoint")
        .verdict()
}

/// For how many days a backup is surely recent, and for how many it may be: one may fail, and a policy may ask for a weekly
/// one alone.
fn limit_days(context: &Context<'_>, item: &BackupItem) -> (i64, i64) {
    let estate = context.estate();
    let policy = item.policy.as_ref().and_then(Known::value).and_then(|id| {
        let vault = estate.text(*id).rsplitn(3, '/').nth(2)?;
        estate.around.backup_policies.of(estate.ids().find(vault)?).iter().find(|policy| policy.id == *id)
    });
    match policy {
        Some(policy) if policy.manages.is_some() && policy.days.is_none() => (8, 8),
        Some(_) => (2, 2),
        None => (2, 8),
    }
}

/// Azure writes the beginning of 2001 for a moment that never was.
fn told(field: &Field<Moment>) -> Option<Moment> {
    const NEVER: Moment = Moment(1_009_843_200);
    field.as_ref().and_then(Known::value).copied().filter(|moment| *moment > NEVER)
}

/// The newest moment that a machine can be brought back to.
fn newest_of(item: &BackupItem) -> Option<Moment> {
    // One that runs, or of which nothing is told, may come to nothing.
    let done = ["Completed", "CompletedWithWarnings"].iter().any(|word| says(&item.last_status, word));
    let finished = done.then(|| told(&item.last_backup)).flatten();
    told(&item.recovery_point).max(finished)
}

/// Whether a record says that there was no backup yet.
fn tells_of_none(item: &BackupItem) -> bool {
    matches!(item.last_backup, Some(Known::Value(_))) && told(&item.last_backup).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_that_never_were_are_none() {
        let at = |text| Some(Known::Value(Moment::parse(text).unwrap()));
        assert_eq!(told(&at("2001-01-01T00:00:00Z")), None);
        assert_eq!(told(&at("0001-01-01T00:00:00Z")), None);
        assert_eq!(told(&None), None);
        assert_eq!(told(&at("2026-11-25")), Moment::parse("2026-11-25"));
    }
}
