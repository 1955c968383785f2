//! Backups in a vault can be deleted before their time.

use estate::{Feed, Vault};

use super::bkp004_vault_without_soft_delete::partial;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "BKP005",
    slug: "vault-not-immutable",
    checkpoint: Checkpoint::Backup,
    severity: Severity::Low,
    title: Text {
        en: "a vault whose backups can be deleted", ja: "変更不可にロックされていないコンテナー"
    },
    why: Text {
        en: "An administrator's account is enough to shorten or delete backups. A locked immutable vault refuses that to everybody, attackers with that account included; one that is not locked can be switched off first.",
        ja: "管理者のアカウントがあれば、バックアップの短縮や削除ができます。変更不可の設定をロックすると、そのアカウントを奪った攻撃者を含め、誰にも削除できません。ロックしていなければ、先に無効にされてしまいます。",
    },
    fix: Text {
        en: "Try it first, then lock it; a lock cannot be undone: `az backup vault update --name <VAULT> -g <RESOURCE-GROUP> --immutability-state Unlocked`, later `Locked` (a Backup vault: `az dataprotection backup-vault update --vault-name <VAULT>` with the same option).",
        ja: "まず試してからロックしてください (ロックは取り消せません): `az backup vault update --name <コンテナー> -g <リソース グループ> --immutability-state Unlocked`。問題がなければ `Locked` を指定します (バックアップ コンテナーは `az dataprotection backup-vault update --vault-name <コンテナー>` に同じオプションを指定)。",
    },
    feed: Some(Feed::Vaults),
    refs: &[
        Reference::Mcsb("BR-2"),
        Reference::Policy("d6f6f560-14b7-49a4-9fc8-d2c3a9807868"),
        Reference::Policy("2514263b-bc0d-4b06-ac3e-f262c0979018"),
        Reference::Attack("T1490"),
    ],
    run: Run::Estate(Subject::Vault, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for vault in &context.estate().around.vaults {
        sink.take(context, &CHECK, vault.id, judge(context, vault));
    }
}

fn judge(context: &Context<'_>, vault: &Vault) -> Judged {
    let state = context.known(&vault.immutability)?;
    if says(&vault.immutability, "Locked") {
        return Ok(Verdict::Pass);
    }
    let unlocked = says(&vault.immutability, "Unlocked");
    // Azure answers `null` for a vault where nobody has ever set it; soft delete tells that the settings are there.
    let off = says(&vault.immutability, "Disabled") || state.is_none() && vault.soft_delete.is_some();
    if !unlocked && !off {
        return Err(vec![partial(context, vault)]);
    }
    let name = context.name(vault.id);
    let message = if unlocked {
        say!(
            context.lang,
            "the vault `{name}` is immutable, but not locked: who administers it can switch that off and delete backups",
            "コンテナー `{name}` は変更不可に設定されていますが、ロックされていないため、管理者が無効にしてバックアップを削除できます"
        )
    } else {
        say!(
            context.lang,
            "who administers the vault `{name}` can delete its backups before their time",
            "コンテナー `{name}` のバックアップは、管理者が保持期間の終了前に削除できます"
        )
    };
    Fault::new(message)
        .fact("immutability", if unlocked { "Unlocked" } else { "Disabled" })
        .at_record(vault.id, &vault.origins, "/properties/securitySettings/immutabilitySettings/state")
        .verdict()
}
