//! Rules that requests left behind: of just-in-time access of Defender for Cloud, and of this product's own leases.

use estate::Change;
use serde_json::Value;

use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, clean, delete, grouped, pick};
use crate::versions::NETWORK;
use crate::write::at;

/// One fix for each group: its rules are written one after the other.
pub(super) fn plan(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["JIT006", "JIT009"]);
    let estate = draft.estate();
    for (_, tasks) in grouped(&tasks, |task| Some(estate.text(task.finding.resource).to_owned())) {
        let Some(first) = tasks.first() else { continue };
        let (lang, nsg) = (draft.lang(), first.finding.resource);
        let (id, group) = (estate.text(nsg), draft.name(nsg));
        let record = draft.record(nsg);
        let rules =
            record.as_ref().and_then(|it| at(it, "properties/securityRules")).and_then(Value::as_array);
        let (mut steps, mut closed, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for task in &tasks {
            let key = task.finding.cause.as_ref().map(|cause| cause.key.to_string()).unwrap_or_default();
            let is = |rule: &&Value| {
                rule.get("name").and_then(Value::as_str).is_some_and(|its| its.eq_ignore_ascii_case(&key))
            };
            let Some(rule) = rules.into_iter().flatten().find(is) else {
                unread.push(*task);
                continue;
            };
            let says = say!(lang, "remove the rule `{}`", "規則 `{}` を削除します", clean(&key));
            let change = Change::DeleteRule { nsg, rule: key.as_str().into() };
            let target = format!("{id}/securityRules/{key}");
            steps.push(delete(says, target, NETWORK, rule, Some(change)));
            closed.push(*task);
        }
        if !unread.is_empty() {
            let question = say!(
                lang,
                "A rule of `{group}` should be gone, and the input does not hold the record of the rule.",
                "`{group}` に残っている規則のレコードが入力にありません。"
            );
            let answers = vec![format!("`az network nsg show --ids {id}`")];
            draft.ask(&unread, question, answers);
        }
        if closed.is_empty() {
            continue;
        }
        let mut notes = vec![say!(
            lang,
            "connections that were made under the rule are not cut",
            "規則によって確立済みの接続は切断されません"
        )];
        if closed.iter().any(|task| task.code == "JIT006") {
            notes.push(say!(
                lang,
                "where a request runs that the input does not hold yet, Defender for Cloud is asked for it again by whoever needs it",
                "入力に含まれない新しい要求が有効な場合は、利用者がもう一度要求する必要があります"
            ));
        }
        let title = say!(
            lang,
            "Remove rules of `{group}` that requests left behind",
            "`{group}` に残っている期限切れの規則を削除する"
        );
        draft.fix(&closed, Make { kind: "stale-rules", title, steps, effects: Effects::default(), notes });
    }
}
