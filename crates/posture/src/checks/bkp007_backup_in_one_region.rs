//! Backups lie in the region of the machines that they are of.

use estate::{Feed, Vault};

use super::bkp004_vault_without_soft_delete::partial;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "BKP007",
    slug: "backup-in-one-region",
    checkpoint: Checkpoint::Backup,
    severity: Severity::Low,
    title: Text {
        en: "backups can be brought back in one region only",
        ja: "1 つのリージョンでしか復元できないバックアップ",
    },
    why: Text {
        en: "A region that is down takes its VMs and the vault beside them with it. Backups that are kept in the paired region, with cross-region restore, can be brought back there at any time.",
        ja: "リージョンに障害が起きると、VM だけでなく同じリージョンのコンテナーも使えなくなります。geo 冗長とリージョンをまたがる復元を有効にすれば、ペア リージョンでいつでも復元できます。",
    },
    fix: Text {
        en: "Set it before the first backup, as redundancy cannot be changed later: `az backup vault backup-properties set --name <VAULT> -g <RESOURCE-GROUP> --backup-storage-redundancy GeoRedundant --cross-region-restore-flag true`. It costs more; rules on where data may be come first.",
        ja: "冗長性は後から変更できないため、最初のバックアップの前に設定してください: `az backup vault backup-properties set --name <コンテナー> -g <リソース グループ> --backup-storage-redundancy GeoRedundant --cross-region-restore-flag true`。費用は増えます。データの保存場所に関する規定がある場合は、そちらを優先してください。",
    },
    feed: Some(Feed::Vaults),
    refs: &[
        Reference::Policy("8f09fda1-91a2-4e14-96a2-67c6281158f7"),
        Reference::Page(
            "https://learn.microsoft.com/powershell/module/az.recoveryservices/set-azrecoveryservicesbackupproperty",
        ),
    ],
    run: Run::Estate(Subject::Vault, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for vault in &context.estate().around.vaults {
        sink.take(context, &CHECK, vault.id, judge(context, vault));
    }
}

fn judge(context: &Context<'_>, vault: &Vault) -> Judged {
    let Some(redundancy) = context.known(&vault.redundancy)? else {
        // Backup vaults, which keep disks and databases but no VMs, tell of it elsewhere.
        let kind = estate::resource_type(context.estate().text(vault.id)).unwrap_or_default();
        return match kind.eq_ignore_ascii_case("Microsoft.RecoveryServices/vaults") {
            true => Err(vec![partial(context, vault)]),
            false => Ok(Verdict::NotFor),
        };
    };
    let name = context.name(vault.id);
    let (message, pointer) = if says(&vault.redundancy, "GeoRedundant") {
        match context.known(&vault.cross_region)? {
            Some(true) => return Ok(Verdict::Pass),
            Some(false) => {}
            None => return Err(vec![partial(context, vault)]),
        }
        let message = say!(
            context.lang,
            "backups in the vault `{name}` are kept in the paired region, too, but cannot be brought back there until Microsoft gives the first region up",
            "コンテナー `{name}` のバックアップはペア リージョンにも保存されますが、Microsoft がプライマリ リージョンの障害を宣言するまで、そこでは復元できません"
        );
        (message, "/properties/redundancySettings/crossRegionRestore")
    } else {
        let message = say!(
            context.lang,
            "backups in the vault `{name}` lie in one region",
            "コンテナー `{name}` のバックアップは 1 つのリージョンにしか保存されません"
        );
        (message, "/properties/redundancySettings/standardTierStorageRedundancy")
    };
    Fault::new(message)
        .fact("redundancy", one_line(redundancy))
        .at_record(vault.id, &vault.origins, pointer)
        .verdict()
}
