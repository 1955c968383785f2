//! Settings of bastions, which Azure takes whole.
//!
//! Source: <https://learn.microsoft.com/azure/bastion/configuration-settings>

use serde_json::Value;

use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, flag, grouped, pick, text};
use crate::versions::NETWORK;

pub(super) fn plan(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["NET021", "NET022"]);
    let estate = draft.estate();
    for (id, tasks) in grouped(&tasks, |task| Some(estate.text(task.finding.resource).to_owned())) {
        let Some(first) = tasks.first() else { continue };
        let resource = first.finding.resource;
        match draft.record(resource) {
            Some(record) => mend(draft, estate.text(resource), &record, &tasks),
            None => {
                let (lang, name) = (draft.lang(), draft.name(resource));
                let question = say!(
                    lang,
                    "The input holds no record of the bastion `{name}`, and Azure takes bastions whole.",
                    "入力に Bastion `{name}` のレコードがありません。設定を変更するには Bastion 全体の情報が必要です。"
                );
                draft.ask(&tasks, question, vec![format!("`az network bastion show --ids {id}`")]);
            }
        }
    }
}

fn mend(draft: &mut Draft<'_, '_>, id: &str, record: &Value, tasks: &[Task<'_>]) {
    let lang = draft.lang();
    let name = crate::plan::draft::clean(estate::resource_name(id));
    let sku = text(record, "sku/name").unwrap_or_default();
    // The clipboard can be switched off on these alone.
    let may = ["Standard", "Premium"].iter().any(|its| sku.eq_ignore_ascii_case(its));
    let mut changes = Vec::new();
    let mut closed = pick(tasks, &["NET021"]);
    if !closed.is_empty() {
        changes.push(edit(record, "properties/enableShareableLink", false));
    }
    let carries = pick(tasks, &["NET022"]);
    let paste = flag(record, "properties/disableCopyPaste") != Some(true);
    let files = flag(record, "properties/enableFileCopy") == Some(true);
    if !carries.is_empty() && paste && !may {
        let question = say!(
            lang,
            "The SKU of the bastion `{name}`, {sku}, cannot switch the clipboard off. Is a larger one worth its price?",
            "Bastion `{name}` の {sku} SKU では、クリップボードの転送を無効にできません。上位の SKU に変更しますか?"
        );
        let answers = vec![
            say!(
                lang,
                "yes, and there is no way back to a smaller one: `az network bastion update --ids {id} --sku name=Standard --disable-copy-paste true`",
                "変更する場合 (下位の SKU には戻せません): `az network bastion update --ids {id} --sku name=Standard --disable-copy-paste true`"
            ),
            say!(
                lang,
                "no: suppress the finding with that reason",
                "変更しない場合: 理由を添えて検出結果を抑制してください"
            ),
        ];
        draft.ask(&carries, question, answers);
    } else if !carries.is_empty() {
        if paste {
            changes.push(edit(record, "properties/disableCopyPaste", true));
        }
        if files {
            changes.push(edit(record, "properties/enableFileCopy", false));
        }
        closed.extend(carries);
    }
    if changes.is_empty() {
        return;
    }
    let title =
        say!(lang, "Narrow what the bastion `{name}` lets through", "Bastion `{name}` の設定を制限する");
    let says = say!(
        lang,
        "write the bastion back with what changes in it",
        "変更箇所だけを書き換えた Bastion の設定を保存します"
    );
    let mut notes = Vec::new();
    if closed.iter().any(|task| task.code == "NET021") {
        notes.push(say!(
            lang,
            "links that are out stop working, and new ones have to be made if it is undone",
            "発行済みの共有可能リンクは使えなくなります。元に戻した場合は、リンクを作り直す必要があります"
        ));
    }
    let effects = Effects {
        downtime: Some(say!(
            lang,
            "Azure updates the bastion for some minutes, in which sessions over it may break off",
            "更新には数分かかり、その間 Bastion 経由のセッションが切断される可能性があります"
        )),
        ..Effects::default()
    };
    let steps = vec![edits(says, id, NETWORK, changes, true)];
    draft.fix(&closed, Make { kind: "bastion", title, steps, effects, notes });
}
