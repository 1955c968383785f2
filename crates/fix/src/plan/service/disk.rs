//! Disks and snapshots that can be downloaded from anywhere.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-machines/disks-enable-private-links-for-import-export-portal>

use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, pick, run, text};
use crate::versions::DISKS;

pub(super) fn plan(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    for task in pick(tasks, &["ENC006"]) {
        let (lang, estate) = (draft.lang(), draft.estate());
        let resource = task.finding.resource;
        let (id, name) = (estate.text(resource), draft.name(resource));
        let Some(record) = draft.record(resource) else {
            let question = say!(
                lang,
                "The input holds no record of `{name}`.",
                "入力に `{name}` のレコードがありません。"
            );
            draft.ask(&[task], question, vec![format!("`az resource show --ids {id}`")]);
            continue;
        };
        let mut steps = Vec::new();
        let mut notes = vec![say!(
            lang,
            "nobody can export or upload it from then on; who has to, switches that on for as long as it takes",
            "以後はエクスポートやアップロードができなくなります。必要な場合は、作業中だけ一時的に許可してください"
        )];
        let out = text(&record, "properties/diskState");
        if out.is_some_and(|state| state.to_ascii_lowercase().starts_with("activesas")) {
            let says = say!(
                lang,
                "revoke the address that it can be downloaded from",
                "発行済みのダウンロード用 URL を取り消します"
            );
            steps.push(run(says, id, DISKS, ("endGetAccess", None, None)));
            notes.push(say!(
                lang,
                "the address that is out stops working, and does not come back: a copy that runs breaks off. Whoever had it may have the disk already",
                "発行済みの URL は無効になり、元に戻せません。実行中のコピーは中断されます。URL を知っている人がすでにダウンロードしている可能性もあります"
            ));
        }
        let changes = vec![
            edit(&record, "properties/networkAccessPolicy", "DenyAll"),
            edit(&record, "properties/publicNetworkAccess", "Disabled"),
        ];
        let says =
            say!(lang, "let nobody read it over the network", "ネットワーク経由のアクセスをすべて禁止します");
        steps.push(edits(says, id, DISKS, changes, false));
        let title = say!(lang, "Keep `{name}` from being downloaded", "`{name}` のダウンロードを禁止する");
        draft.fix(&[task], Make { kind: "disk-access", title, steps, effects: Effects::default(), notes });
    }
}
