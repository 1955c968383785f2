//! How everything came out, for people and programs.

use std::path::PathBuf;

use fix::apply::{End, Outcome, Place, Status, Way, Why};
use posture::Lang;
use serde_json::{Value, json};

use crate::cli::FixForm;
use crate::language::pick;
use crate::output;

/// What programs read it by.
const SCHEMA: &str = "sekimori.fix-applied/1";

/// What is told at the end.
pub(super) struct Report {
    pub(super) form: FixForm,
    pub(super) way: Way,
    /// The undo file, and the command that takes everything back.
    pub(super) undo: Option<(PathBuf, String)>,
    /// What was not made, and why.
    pub(super) left_out: Vec<String>,
    pub(super) asks: Value,
    pub(super) lang: Lang,
}

impl Report {
    /// Tells how everything came out; whether all of it is as planned.
    pub(super) fn tell(
        &self,
        outcomes: &[(String, Outcome)],
        titles: &[(String, String)],
    ) -> anyhow::Result<bool> {
        let lang = self.lang;
        let mut outcomes: Vec<&(String, Outcome)> = outcomes.iter().collect();
        let place = |id: &str| titles.iter().position(|(its, _)| its == id);
        outcomes.sort_by_key(|(id, _)| place(id));
        let is_whole = |outcome: &Outcome| outcome.end == End::Complete && outcome.unrecorded.is_none();
        let whole = outcomes.iter().all(|(_, outcome)| is_whole(outcome));
        let title = |id: &str| {
            titles.iter().find(|(its, _)| its == id).map(|(_, title)| title.clone()).unwrap_or_default()
        };
        if self.form == FixForm::Json {
            let fixes: Vec<Value> = outcomes
                .iter()
                .map(|(id, outcome)| {
                    let steps: Vec<Value> =
                        outcome.told.iter().map(|told| status_json(&told.status)).collect();
                    json!({"id": id, "title": title(id), "end": end_word(outcome.end), "steps": steps,
                        "unrecorded": outcome.unrecorded})
                })
                .collect();
            output::print_json(&json!({
                "schema": SCHEMA,
                "undoes": self.way == Way::Undo,
                "undo_file": self.undo.as_ref().map(|(path, _)| path.display().to_string()),
                "complete": whole && self.left_out.is_empty(),
                "fixes": fixes,
                "left_out": self.left_out,
                "asks": self.asks,
            }))?;
            return Ok(whole);
        }
        let mut text = String::new();
        for (id, outcome) in &outcomes {
            let mark = match (outcome.end, self.way) {
                (End::Complete, Way::Apply) => pick(lang, "done", "完了"),
                (End::Complete, Way::Undo) => pick(lang, "taken back", "元に戻しました"),
                (End::Stopped, _) => pick(lang, "stopped", "中断"),
                (End::Failed, _) => pick(lang, "FAILED", "失敗"),
            };
            text += &format!("{mark}: {}\n", report::clean(&title(id)));
            for told in &outcome.told {
                if let Some(line) = status_line(&told.place, &told.status, lang) {
                    text += &format!("  {}\n", report::clean(&line));
                }
            }
            if let Some(why) = &outcome.unrecorded {
                text += &match lang {
                    Lang::En => format!("  the undo file lacks lines of it: {why}\n"),
                    Lang::Ja => format!("  取り消し用ファイルに記録できなかった行があります: {why}\n"),
                };
            }
        }
        if let (Some((_, back)), false) = (&self.undo, whole) {
            text += &match lang {
                Lang::En => format!(
                    "Not all of it is as planned. `{back}` takes back what was made; plan again for the rest.\n"
                ),
                Lang::Ja => format!(
                    "計画どおりに完了していないものがあります。`{back}` で元に戻せます。残りはもう一度計画してください。\n"
                ),
            };
        }
        output::print(&text)?;
        Ok(whole)
    }
}

fn end_word(end: End) -> &'static str {
    match end {
        End::Complete => "complete",
        End::Stopped => "stopped",
        End::Failed => "failed",
    }
}

fn status_json(status: &Status) -> Value {
    match status {
        Status::Done => json!({"status": "done"}),
        Status::Already => json!({"status": "already"}),
        Status::Failed { why, sent, found } => {
            let mut found = found.clone().unwrap_or_default();
            azure::redact(&mut found);
            json!({"status": "failed", "why": why.to_string(), "sent": sent, "found": found})
        }
        Status::Left { sent } => json!({"status": "left", "sent": sent}),
        Status::NotBegun => json!({"status": "not-begun"}),
    }
}

/// What there is to say of one write; nothing where it went as planned.
fn status_line(place: &Place, status: &Status, lang: Lang) -> Option<String> {
    let step = place.step + 1;
    Some(match (status, lang) {
        (Status::Done, _) => return None,
        (Status::Already, Lang::En) => format!("step {step}: it was so already"),
        (Status::Already, Lang::Ja) => format!("手順 {step}: すでにその状態でした"),
        (Status::Failed { why, sent, .. }, Lang::En) => {
            let sent = if *sent { "; Azure may have taken it all the same" } else { "" };
            format!("step {step}: {why}{sent}")
        }
        (Status::Failed { why, sent, .. }, Lang::Ja) => {
            let sent = if *sent { " (Azure が受け付けた可能性があります)" } else { "" };
            format!("手順 {step}: {}{sent}", why_ja(why))
        }
        (Status::Left { sent: true }, Lang::En) => {
            format!("step {step}: left while it was under way; Azure may have taken it")
        }
        (Status::Left { sent: true }, Lang::Ja) => {
            format!("手順 {step}: 処理の途中で中断しました (Azure が受け付けた可能性があります)")
        }
        (Status::Left { sent: false }, Lang::En) => format!("step {step}: left before it was sent"),
        (Status::Left { sent: false }, Lang::Ja) => format!("手順 {step}: 送信前に中断しました"),
        (Status::NotBegun, Lang::En) => format!("step {step}: not begun"),
        (Status::NotBegun, Lang::Ja) => format!("手順 {step}: 開始していません"),
    })
}

fn why_ja(why: &Why) -> String {
    match why {
        Why::Conflict => "ほかの人がリソースを変更しています".to_owned(),
        Why::Changed => "書き込んだ内容と異なる状態になっています".to_owned(),
        Why::Refused { status, code, message } => {
            format!("Azure が拒否しました: {status} ({code}): {message}")
        }
        Why::Operation { code, message } => format!("Azure の処理が失敗しました ({code}): {message}"),
        Why::GaveUp { tries, last } => format!("{tries} 回試みましたが完了しませんでした: {last}"),
        Why::Unsure => "実行されたかどうか確認できません。再実行の前にリソースを確認してください".to_owned(),
        Why::Stopped => "中断しました".to_owned(),
        Why::Unread { why } => format!("リソースを読み取れません: {why}"),
        Why::Unrecorded { why } => format!("取り消し用ファイルに書き込めません: {why}"),
    }
}
