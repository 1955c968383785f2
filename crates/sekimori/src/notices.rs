//! What the team should know of its own decisions.

use posture::{Lang, Stale, Suppression};

use crate::settings::File;

/// Suppressions that have ended, or that cover nothing.
pub(crate) fn of_suppressions(stale: &[Stale], list: &[Suppression], file: &File, lang: Lang) -> Vec<String> {
    let name = file.name();
    let place = |by: usize| match list.get(by) {
        Some(decision) => (format!("{name}:{}", decision.line), decision.until, decision.reason.as_str()),
        None => (name.clone(), posture::Day { year: 0, month: 0, day: 0 }, ""),
    };
    stale
        .iter()
        .map(|stale| match *stale {
            Stale::Ended { by, findings, judged } => {
                let (place, until, reason) = place(by);
                let until = report::day_text(until, lang);
                match (lang, findings) {
                    (Lang::En, 1) => format!(
                        "{place}: this suppression ended on {until} (`{reason}`); it would cover 1 finding: mend it or decide again"
                    ),
                    (Lang::En, 0) if !judged => {
                        format!("{place}: this suppression ended on {until} (`{reason}`)")
                    }
                    (Lang::Ja, 0) if !judged => {
                        format!("{place}: この抑制は {until}で期限が切れました (`{reason}`)")
                    }
                    (Lang::En, 0) => {
                        format!("{place}: this suppression ended on {until} (`{reason}`) and covers nothing: take it out")
                    }
                    (Lang::En, _) => format!(
                        "{place}: this suppression ended on {until} (`{reason}`); it would cover {findings} findings: mend them or decide again"
                    ),
                    (Lang::Ja, 0) => format!(
                        "{place}: この抑制は {until}で期限が切れ (`{reason}`)、該当する検出もありません。削除してください"
                    ),
                    (Lang::Ja, _) => format!(
                        "{place}: この抑制は {until}で期限が切れました (`{reason}`)。該当する検出が {findings} 件あります。是正するか、あらためて判断してください"
                    ),
                }
            }
            Stale::Idle { by } => {
                let (place, _, reason) = place(by);
                match lang {
                    Lang::En => format!("{place}: this suppression covers nothing (`{reason}`): take it out"),
                    Lang::Ja => {
                        format!("{place}: この抑制に該当する検出はありません (`{reason}`)。削除してください")
                    }
                }
            }
        })
        .collect()
}
