//! Backups of machines, and what guards the vaults that keep them.
//!
//! Which vault a machine goes to costs money and decides who may bring it back, so it is the person's choice: where none is
//! given, the vaults that could take it are named and asked about, even where there is just one.
//!
//! INVARIANT: immutability is never locked here, as Azure does not take that back; nor is soft delete set to stay on.
//!
//! Sources: <https://learn.microsoft.com/rest/api/backup/protected-items/create-or-update>,
//! <https://learn.microsoft.com/azure/backup/backup-azure-security-feature-cloud>

use std::collections::BTreeMap;

use estate::{resource_group, resource_name, resource_subscription};
use serde_json::{Value, json};

use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{
    Draft, Make, Task, clean, edit, edits, grouped, is_of_type, pick, put, region, text,
};
use crate::versions::{BACKUP_VAULTS, BACKUPS, VAULTS};
use crate::write::at;

const RECOVERY: &str = "Microsoft.RecoveryServices/vaults";

/// Soft delete.
pub(super) fn vaults(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["BKP004"]);
    let estate = draft.estate();
    for (_, tasks) in grouped(&tasks, |task| Some(estate.text(task.finding.resource).to_owned())) {
        let Some(first) = tasks.first() else { continue };
        let lang = draft.lang();
        let (id, name) = (estate.text(first.finding.resource), draft.name(first.finding.resource));
        let Some(record) = draft.record(first.finding.resource) else {
            let question = say!(
                lang,
                "The input holds no record of the vault `{name}`.",
                "入力にコンテナー `{name}` のレコードがありません。"
            );
            draft.ask(&tasks, question, vec![format!("`az resource show --ids {id}`")]);
            continue;
        };
        let settings = "properties/securitySettings/softDeleteSettings";
        let (version, changes) = if is_of_type(id, RECOVERY) {
            let mut changes = vec![edit(&record, format!("{settings}/softDeleteState"), "Enabled")];
            let days = format!("{settings}/softDeleteRetentionPeriodInDays");
            if at(&record, &days).and_then(Value::as_u64).is_none_or(|days| days < 14) {
                changes.push(edit(&record, days, 14));
            }
            (VAULTS, changes)
        } else {
            (BACKUP_VAULTS, vec![edit(&record, format!("{settings}/state"), "On")])
        };
        let title = say!(
            lang,
            "Keep what is deleted from the vault `{name}` for a while",
            "コンテナー `{name}` の論理的な削除を有効にする"
        );
        let says =
            say!(lang, "switch on soft delete, for 14 days", "論理的な削除を有効にします (保持期間 14 日)");
        let notes = vec![
            say!(
                lang,
                "who administers the vault can switch it off again; `AlwaysOn` cannot be taken back, so it is left to you",
                "コンテナーの管理者は再び無効にできます。`AlwaysOn` は元に戻せないため、この計画では設定しません"
            ),
            say!(
                lang,
                "where the vault is under a Resource Guard, the change needs its approval",
                "コンテナーが Resource Guard で保護されている場合は、承認が必要です"
            ),
        ];
        draft.fix(
            &tasks,
            Make {
                kind: "soft-delete",
                title,
                steps: vec![edits(says, id, version, changes, false)],
                effects: Effects::default(),
                notes,
            },
        );
    }
}

/// A vault that could take machines of its region and subscription.
struct Place {
    id: String,
    subscription: String,
    region: String,
}

/// Backups of machines.
pub(super) fn machines(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["BKP001"]);
    if tasks.is_empty() {
        return;
    }
    let estate = draft.estate();
    let vaults = estate.around.vaults.iter().filter_map(|vault| {
        let id = estate.text(vault.id);
        let region = region(&draft.record(vault.id)?)?;
        let subscription = resource_subscription(id)?.to_ascii_lowercase();
        is_of_type(id, RECOVERY).then(|| Place { id: id.to_owned(), subscription, region })
    });
    let mut vaults: Vec<Place> = vaults.collect();
    vaults.sort_by(|a, b| a.id.cmp(&b.id));
    let possible = |subscription: &str, region: Option<&str>| -> Vec<&str> {
        let takes = |vault: &&Place| vault.subscription == subscription && Some(&*vault.region) == region;
        vaults.iter().filter(takes).map(|vault| vault.id.as_str()).collect()
    };
    // One question for all machines that the same vaults could take.
    let mut asked: BTreeMap<(String, Option<String>), Vec<Task<'_>>> = BTreeMap::new();
    for (_, tasks) in grouped(&tasks, |task| Some(estate.text(task.finding.resource).to_owned())) {
        let Some(first) = tasks.first() else { continue };
        let record = draft.record(first.finding.resource);
        let place = record.as_ref().and_then(region);
        let subscription = resource_subscription(estate.text(first.finding.resource)).unwrap_or_default();
        let subscription = subscription.to_ascii_lowercase();
        match draft.planner.options.vault.clone() {
            None => asked.entry((subscription, place)).or_default().extend(tasks),
            Some(vault) => {
                let possible = possible(&subscription, place.as_deref());
                machine(draft, &tasks, record.as_ref(), &vault, &possible);
            }
        }
    }
    for ((subscription, place), tasks) in asked {
        let (lang, possible) = (draft.lang(), possible(&subscription, place.as_deref()));
        let count = tasks.len();
        let name = match tasks.as_slice() {
            [one] => format!("`{}`", draft.name(one.finding.resource)),
            _ => {
                let place = place.unwrap_or_default();
                say!(lang, "{count} VMs in {place}", "{place} の {count} 台の VM")
            }
        };
        let question = say!(
            lang,
            "Which Recovery Services vault is to keep backups of {name}? It has to be in the region and the subscription of the VM, and backups cost by size and machine.",
            "{name} のバックアップをどの Recovery Services コンテナーに保存しますか? コンテナーは VM と同じリージョンとサブスクリプションにある必要があり、料金は VM の台数とデータ量に応じて発生します。"
        );
        let mut answers = which(draft, &possible);
        answers.push(say!(
            lang,
            "none, for a VM that can be made anew from a template and holds no data: suppress the finding with that reason",
            "テンプレートから作り直せてデータを持たない VM の場合: 理由を添えて検出結果を抑制してください"
        ));
        draft.ask(&tasks, question, answers);
    }
}

/// What may be answered when it is asked for a vault.
fn which(draft: &Draft<'_, '_>, possible: &[&str]) -> Vec<String> {
    let lang = draft.lang();
    let mut answers: Vec<String> = possible
        .iter()
        .map(|vault| {
            say!(lang, "this one: `--vault {vault}`", "このコンテナーを使用する場合: `--vault {vault}`")
        })
        .collect();
    answers.push(say!(
        lang,
        "another one, or a new one: `az backup vault create -g <RESOURCE-GROUP> -n <NAME> -l <REGION>`",
        "別のコンテナーまたは新しいコンテナーを使用する場合: `az backup vault create -g <リソース グループ> -n <名前> -l <リージョン>`"
    ));
    answers
}

fn machine(
    draft: &mut Draft<'_, '_>,
    tasks: &[Task<'_>],
    record: Option<&Value>,
    vault: &str,
    possible: &[&str],
) {
    let Some(first) = tasks.first() else { return };
    let (lang, estate) = (draft.lang(), draft.estate());
    let (id, name) = (estate.text(first.finding.resource), draft.name(first.finding.resource));
    if !possible.iter().any(|its| its.eq_ignore_ascii_case(vault)) {
        let question = say!(
            lang,
            "The vault `{vault}` is not in the region and the subscription of `{name}`, is no Recovery Services vault, or the input holds no record of it. Which one is it to be?",
            "コンテナー `{vault}` は、`{name}` と同じリージョンとサブスクリプションの Recovery Services コンテナーではないか、入力にレコードがありません。どのコンテナーを使用しますか?"
        );
        let answers = which(draft, possible);
        return draft.ask(tasks, question, answers);
    }
    // The portal gives machines of trusted launch the enhanced kind of policy, which each new vault has under this name.
    // https://learn.microsoft.com/azure/backup/backup-azure-vms-enhanced-policy
    let kind = record.and_then(|it| text(it, "properties/securityProfile/securityType"));
    let trusted = kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("Standard"));
    let standard = if trusted { "EnhancedPolicy" } else { "DefaultPolicy" };
    let policy = draft.planner.options.backup_policy.clone().unwrap_or_else(|| standard.to_owned());
    let policy_id = format!("{vault}/backupPolicies/{policy}");
    let known = estate.ids().find(vault).map(|id| estate.around.backup_policies.of(id)).unwrap_or_default();
    if !known.is_empty() && !known.iter().any(|one| estate.text(one.id).eq_ignore_ascii_case(&policy_id)) {
        let question = say!(
            lang,
            "The vault `{}` has no policy `{}`. Which one is `{name}` to have?",
            "コンテナー `{}` にポリシー `{}` がありません。`{name}` にどのポリシーを使用しますか?",
            clean(resource_name(vault)),
            clean(&policy)
        );
        let mut answers: Vec<String> = known
            .iter()
            .filter(|one| {
                draft.record(one.id).is_some_and(|it| {
                    text(&it, "properties/backupManagementType")
                        .is_none_or(|it| it.eq_ignore_ascii_case("AzureIaasVM"))
                })
            })
            .map(|one| format!("`--backup-policy {}`", draft.name(one.id)))
            .collect();
        answers.sort_unstable();
        return draft.ask(tasks, question, answers);
    }
    let (group, machine) = (resource_group(id).unwrap_or_default(), resource_name(id));
    let container = format!("iaasvmcontainer;iaasvmcontainerv2;{group};{machine}");
    let target = format!(
        "{vault}/backupFabrics/Azure/protectionContainers/{container}/protectedItems/vm;iaasvmcontainerv2;{group};{machine}"
    );
    let body = json!({"properties": {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "policyId": policy_id,
        "sourceResourceId": id,
    }});
    let (vault_name, policy_name) = (clean(resource_name(vault)), clean(&policy));
    let says = say!(
        lang,
        "let `{vault_name}` back it up by the policy `{policy_name}`",
        "コンテナー `{vault_name}` のポリシー `{policy_name}` でバックアップを有効にします"
    );
    let effects = Effects {
        cost: Some(say!(
            lang,
            "backup is paid by machine and by what the vault keeps: https://azure.microsoft.com/pricing/details/backup/",
            "バックアップの料金は、VM の台数とコンテナーに保存されるデータ量に応じて発生します: https://azure.microsoft.com/ja-jp/pricing/details/backup/"
        )),
        ..Effects::default()
    };
    let mut notes = vec![
        say!(
            lang,
            "undoing it stops the backup and deletes what the vault keeps of the VM, which soft delete holds for 14 days",
            "元に戻すとバックアップは停止し、保存済みのデータも削除されます (論理的な削除により 14 日間は復元できます)"
        ),
        say!(
            lang,
            "the first backup runs by the schedule of the policy: `az backup protection backup-now` makes one at once",
            "最初のバックアップはポリシーのスケジュールで実行されます。すぐに実行するには `az backup protection backup-now` を使用します"
        ),
    ];
    if trusted && draft.planner.options.backup_policy.is_none() {
        notes.push(say!(
            lang,
            "the VM is of trusted launch, so the enhanced kind of policy is taken: its snapshots cost more, and there is no way back to the standard kind; another one is chosen by `--backup-policy`",
            "トラステッド起動の VM のため、拡張ポリシーを使用します。スナップショットの料金が高くなり、標準ポリシーには戻せません。別のポリシーは `--backup-policy` で指定できます"
        ));
    }
    let title = say!(lang, "Back up `{name}`", "`{name}` のバックアップを有効にする");
    let steps = vec![put(says, target, BACKUPS, None, body)];
    draft.fix(tasks, Make { kind: "backup", title, steps, effects, notes });
}
