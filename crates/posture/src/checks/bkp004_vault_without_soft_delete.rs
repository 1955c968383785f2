//! What is deleted from a vault is gone at once.

use estate::{Feed, Known, Reason, Vault};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "BKP004",
    slug: "vault-without-soft-delete",
    checkpoint: Checkpoint::Backup,
    severity: Severity::High,
    title: Text { en: "a vault without soft delete", ja: "論理的な削除が無効なコンテナー" },
    why: Text {
        en: "Ransomware crews look for the backups first and delete them. With soft delete they can be brought back for two weeks; without it they are gone when the disks are encrypted.",
        ja: "ランサムウェアの攻撃者は、まずバックアップを探して削除します。論理的な削除が有効なら 2 週間は元に戻せますが、無効ならディスクを暗号化された時点でもう残っていません。",
    },
    fix: Text {
        en: "Switch it on, and to stay on: `az backup vault backup-properties set --name <VAULT> -g <RESOURCE-GROUP> --soft-delete-feature-state AlwaysOn` (a Backup vault: `az dataprotection backup-vault update --vault-name <VAULT> -g <RESOURCE-GROUP> --soft-delete-state AlwaysOn`).",
        ja: "常時有効に設定してください: `az backup vault backup-properties set --name <コンテナー> -g <リソース グループ> --soft-delete-feature-state AlwaysOn` (バックアップ コンテナーは `az dataprotection backup-vault update --vault-name <コンテナー> -g <リソース グループ> --soft-delete-state AlwaysOn`)",
    },
    feed: Some(Feed::Vaults),
    refs: &[
        Reference::Mcsb("BR-2"),
        Reference::Policy("31b8092a-36b8-434b-9af7-5ec844364148"),
        Reference::Policy("9798d31d-6028-4dee-8643-46102185c016"),
        Reference::Attack("T1490"),
        Reference::Page("https://learn.microsoft.com/azure/backup/backup-azure-security-feature-cloud"),
    ],
    run: Run::Estate(Subject::Vault, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for vault in &context.estate().around.vaults {
        sink.take(context, &CHECK, vault.id, judge(context, vault));
    }
}

/// The reason for what depends on a vault of which the input holds a part only.
pub(crate) fn partial(context: &Context<'_>, vault: &Vault) -> Reason {
    let id = context.estate().text(vault.id);
    let resource_type = estate::resource_type(id).unwrap_or_default().into();
    Reason::Partial { resource_type, id: id.into() }
}

fn judge(context: &Context<'_>, vault: &Vault) -> Judged {
    let state = context.known(&vault.soft_delete)?;
    if ["Enabled", "AlwaysOn", "On"].iter().any(|on| says(&vault.soft_delete, on)) {
        return Ok(Verdict::Pass);
    }
    if !says(&vault.soft_delete, "Disabled") && !says(&vault.soft_delete, "Off") {
        return Err(vec![partial(context, vault)]);
    }
    let name = context.name(vault.id);
    let message = say!(
        context.lang,
        "backups that are deleted from the vault `{name}` are gone at once: soft delete is off",
        "コンテナー `{name}` は論理的な削除が無効で、削除したバックアップを元に戻せません"
    );
    let mut fault =
        Fault::new(message).fact("soft_delete", state.map(|text| one_line(text)).unwrap_or_default());
    if let Some(Known::Value(days)) = &vault.soft_delete_days {
        fault = fault.fact("soft_delete_days", days.to_string());
    }
    fault
        .at_record(
            vault.id,
            &vault.origins,
            "/properties/securitySettings/softDeleteSettings/softDeleteState",
        )
        .verdict()
}
