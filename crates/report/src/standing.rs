//! How well an estate stands, in words.

use posture::{Gain, Lang, Points, Score, Step, feed_command, feed_word, grouped};

use crate::words::{checkpoint_word, counted, pick};

/// `score 21 of 100 (34 lost, 45 not known)`.
pub(crate) fn score_text(points: Option<Points>, lang: Lang) -> String {
    match (points, lang) {
        (None, Lang::En) => "score –".to_owned(),
        (None, Lang::Ja) => "スコア –".to_owned(),
        (Some(points), Lang::En) => {
            format!("score {} of 100 ({} lost, {} not known)", points.earned, points.lost, points.unknown)
        }
        (Some(points), Lang::Ja) => {
            format!("スコア {} / 100 (失点 {}、不明 {})", points.earned, points.lost, points.unknown)
        }
    }
}

/// How many steps a report tells.
pub(crate) const STEPS: usize = 10;

pub(crate) fn score_word(lang: Lang) -> &'static str {
    pick(lang, "Score", "スコア")
}

pub(crate) fn next_word(lang: Lang) -> &'static str {
    pick(lang, "What gives the most points next:", "次に取り組むと得点が大きい項目:")
}

/// What the parts of 100 points are called.
pub(crate) fn points_words(lang: Lang) -> [&'static str; 3] {
    pick(lang, ["earned", "lost", "not known"], ["得点", "失点", "不明"])
}

/// How the estate stands in all, and checkpoint by checkpoint.
pub(crate) fn score_rows(score: &Score, lang: Lang) -> Vec<(&'static str, Points)> {
    let in_all = score.all.map(|points| (pick(lang, "in all", "全体"), points));
    let rows = score.by_checkpoint.iter().map(|(its, points)| (checkpoint_word(*its, lang), *points));
    in_all.into_iter().chain(rows).collect()
}

/// What to do, and for how many it does it.
pub(crate) fn step_text(gain: &Gain, lang: Lang) -> String {
    match gain.step {
        Step::Mend { check, resources } => {
            let title = check.title.of(lang);
            let count = usize::try_from(resources).unwrap_or(usize::MAX);
            match lang {
                Lang::En => {
                    format!("mend {}: {title} ({})", check.code, counted(count, "resource", "resources"))
                }
                Lang::Ja => format!("{} を是正: {title} ({} 件)", check.code, grouped(u128::from(resources))),
            }
        }
        Step::Tell { feed: Some(feed), checks } => {
            let (what, command) = (feed_word(feed, lang), feed_command(feed));
            let count = usize::try_from(checks).unwrap_or(usize::MAX);
            match lang {
                Lang::En => format!("tell {what} ({}): {command}", counted(count, "check", "checks")),
                Lang::Ja => format!("{what}を入力に含める (チェック {checks} 個): {command}"),
            }
        }
        Step::Tell { feed: None, checks } => {
            let count = usize::try_from(checks).unwrap_or(usize::MAX);
            pick(
                lang,
                format!("settle what could not be judged ({})", counted(count, "check", "checks")),
                format!("判定できなかった項目の情報を補う (チェック {checks} 個)"),
            )
        }
    }
}

/// `+5.2`; for what is not told `up to +5.2`.
pub(crate) fn gain_text(gain: &Gain, lang: Lang) -> String {
    let points = format!("+{}.{}", gain.tenths / 10, gain.tenths % 10);
    match (gain.step, lang) {
        (Step::Mend { .. }, _) => points,
        (Step::Tell { .. }, Lang::En) => format!("up to {points}"),
        (Step::Tell { .. }, Lang::Ja) => format!("最大 {points}"),
    }
}
