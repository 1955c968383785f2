//! What came of the questions, for people and programs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use estate::{Estate, resource_name};
use posture::Lang;
use report::counted;
use serde_json::{Value, json};

use super::questions::{Asked, Chosen, What};
use super::{Outcome, Row};
use crate::language::pick;

pub(crate) fn nothing(lang: Lang) -> &'static str {
    pick(
        lang,
        "no running virtual machine to ask Azure about",
        "Azure に問い合わせる対象となる、実行中の仮想マシンがありません",
    )
}

pub(crate) fn written(path: &Path, lang: Lang) -> String {
    let name = path.display();
    match lang {
        Lang::En => format!("`{name}` holds the disagreements, without names: please send it to us"),
        Lang::Ja => format!(
            "一致しなかった内容を、名前を除いて `{name}` に書き込みました。ご報告いただけると幸いです"
        ),
    }
}

/// How many groups and rules Azure tells.
pub(crate) fn count(said: &Value) -> String {
    let groups = said.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rules =
        groups.iter().filter_map(|group| group.get("effectiveSecurityRules")?.as_array()).map(Vec::len);
    format!("{} NSG, {} rules", groups.len(), rules.sum::<usize>())
}

/// The question in a line.
fn question(estate: &Estate, asked: &Asked) -> String {
    let vm = resource_name(estate.text(asked.vm));
    match &asked.what {
        What::Groups => format!("{vm} effective-nsg {}", resource_name(estate.text(asked.nic))),
        What::Flow(packet) => {
            let (direction, from, to) = match packet.outbound {
                true => ("outbound", packet.local, packet.remote),
                false => ("inbound", packet.remote, packet.local),
            };
            format!("{vm} {direction} {} {from} → {to}", packet.protocol)
        }
    }
}

struct Counts {
    agreed: usize,
    differ: usize,
    unknown: usize,
    unanswered: usize,
}

fn counts(rows: &[Row<'_>]) -> Counts {
    let of = |fits: fn(&Outcome) -> bool| rows.iter().filter(|row| fits(&row.outcome)).count();
    Counts {
        agreed: of(|outcome| matches!(outcome, Outcome::Agrees)),
        differ: of(|outcome| matches!(outcome, Outcome::Differs(..))),
        unknown: of(|outcome| matches!(outcome, Outcome::NotKnown(_))),
        unanswered: of(|outcome| matches!(outcome, Outcome::NotAnswered(_))),
    }
}

pub(crate) fn text(estate: &Estate, rows: &[Row<'_>], chosen: &Chosen, lang: Lang) -> String {
    let mut out = String::new();
    let Counts { agreed, differ, unknown, unanswered } = counts(rows);
    let answered = agreed + differ;
    let _ = match lang {
        Lang::En => writeln!(
            out,
            "Azure and Sekimori agree in {agreed} of {} about {}",
            counted(answered, "answer", "answers"),
            counted(chosen.vms, "VM", "VMs")
        ),
        Lang::Ja => writeln!(
            out,
            "VM {} 台についての回答 {answered} 件のうち {agreed} 件が Azure と一致しました",
            chosen.vms
        ),
    };
    for row in rows {
        if let Outcome::Differs(ours, theirs) = &row.outcome {
            let _ = writeln!(
                out,
                "  {}\n    Azure     {theirs}\n    Sekimori  {ours}",
                question(estate, row.asked)
            );
        }
    }
    if unknown > 0 {
        let title =
            pick(lang, "Azure knew, Sekimori did not:", "Sekimori では判定できず、Azure が回答したもの:");
        let _ = writeln!(out, "{title} {unknown}");
        for row in rows {
            if let Outcome::NotKnown(azure) = &row.outcome {
                let _ = writeln!(out, "  {}\n    Azure     {azure}", question(estate, row.asked));
            }
        }
    }
    if unanswered > 0 {
        let title = pick(lang, "Azure did not answer:", "Azure が回答しなかったもの:");
        let _ = writeln!(out, "{title} {unanswered}");
        for (why, count) in reasons(rows) {
            let _ = writeln!(out, "  {count} × {why}");
        }
    }
    if chosen.stopped > 0 {
        let _ = match lang {
            Lang::En => {
                writeln!(out, "Not asked, as it does not run: {}", counted(chosen.stopped, "VM", "VMs"))
            }
            Lang::Ja => writeln!(out, "停止中のため問い合わせなかった VM: {} 台", chosen.stopped),
        };
    }
    if chosen.left_out > 0 {
        let _ = match lang {
            Lang::En => {
                writeln!(
                    out,
                    "Not in the sample: {}; --all asks about all",
                    counted(chosen.left_out, "VM", "VMs")
                )
            }
            Lang::Ja => writeln!(
                out,
                "抽出の対象外: {} 台。--all を指定すると、すべて問い合わせます",
                chosen.left_out
            ),
        };
    }
    // Names come from the input and from Azure; the lines are ours.
    out.lines().map(|line| report::clean(line).into_owned() + "\n").collect()
}

fn reasons<'r>(rows: &'r [Row<'_>]) -> BTreeMap<&'r str, usize> {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        if let Outcome::NotAnswered(why) = &row.outcome {
            *all.entry(why.as_str()).or_default() += 1;
        }
    }
    all
}

pub(crate) fn json(estate: &Estate, rows: &[Row<'_>], chosen: &Chosen) -> Value {
    let Counts { agreed, differ, unknown, unanswered } = counts(rows);
    let list = |fits: fn(&Outcome) -> bool| -> Vec<Value> {
        let all = rows.iter().filter(|row| fits(&row.outcome));
        all.map(|row| {
            let mut one = json!({"vm": estate.text(row.asked.vm), "nic": estate.text(row.asked.nic),
                "question": question(estate, row.asked)});
            let told = match &row.outcome {
                Outcome::Differs(ours, theirs) => vec![("sekimori", ours), ("azure", theirs)],
                Outcome::NotKnown(azure) => vec![("azure", azure)],
                Outcome::NotAnswered(why) => vec![("reason", why)],
                Outcome::Agrees => Vec::new(),
            };
            if let Some(members) = one.as_object_mut() {
                members.extend(told.into_iter().map(|(name, text)| (name.to_owned(), text.as_str().into())));
            }
            one
        })
        .collect()
    };
    json!({
        "schema": "sekimori.truth/1",
        "vms": chosen.vms,
        "stopped": chosen.stopped,
        "left_out": chosen.left_out,
        "asked": rows.len(),
        "agreed": agreed,
        "counts": {"differ": differ, "not_known": unknown, "not_answered": unanswered},
        "differ": list(|outcome| matches!(outcome, Outcome::Differs(..))),
        "not_known": list(|outcome| matches!(outcome, Outcome::NotKnown(_))),
        "not_answered": list(|outcome| matches!(outcome, Outcome::NotAnswered(_))),
    })
}
