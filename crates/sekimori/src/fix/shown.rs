//! A plan for people and programs.

use std::fmt::Write as _;

use estate::{Estate, ResourceId, resource_name};
use fix::forms::{Form, Patch, render};
use fix::proof::{Need, Proof, Refusal};
use fix::{Act, Closes, Fix, Write as Change};
use posture::Lang;
use reach::difference::{Difference, Kind};
use report::{Page, counted, ports_text};
use serde_json::{Value, json};

use super::Worked;
use super::code::by_hand;
use crate::cli::{FixArgs, FixForm};
use crate::language::pick;
use crate::output;

/// What programs read it by.
pub(crate) const SCHEMA: &str = "sekimori.fix/1";

/// How many machines and differences are named for people.
const NAMED: usize = 12;

pub(super) fn show(
    args: &FixArgs,
    worked: &Worked,
    estate: &Estate,
    source: &str,
    as_of: &str,
    lang: Lang,
) -> anyhow::Result<()> {
    match args.format {
        FixForm::Text => output::print(&text(worked, args.apply, estate, lang, &output::page())),
        FixForm::Json => output::print_json(&document(worked, estate, source, as_of, lang)),
        FixForm::Az => written(Form::Az, worked, lang),
        FixForm::Arm => written(Form::Arm, worked, lang),
        FixForm::Bicep => written(Form::Bicep, worked, lang),
        FixForm::Terraform => written(Form::Terraform, worked, lang),
        FixForm::Patch => patches(worked, lang),
    }
}

/// The fixes that may be made, as commands or code. What is refused or asked is told beside them.
fn written(form: Form, worked: &Worked, lang: Lang) -> anyhow::Result<()> {
    let may: Vec<&Fix> =
        worked.fixes.iter().filter(|(_, proof)| proof.refused.is_empty()).map(|(fix, _)| fix).collect();
    if !may.is_empty() {
        output::print_plain(&render(form, &may, lang))?;
    }
    output::note(&summary(worked, false, lang));
    Ok(())
}

/// The changes of the code, and beside them what has to be changed by hand.
fn patches(worked: &Worked, lang: Lang) -> anyhow::Result<()> {
    let changes = worked.changes.as_deref().unwrap_or_default();
    let mut out = String::new();
    for change in changes {
        match &change.patch {
            Patch::Diff { diff, .. } => out += diff,
            other => by_hand(other, lang).iter().for_each(|line| output::note(line)),
        }
    }
    if !out.is_empty() {
        output::print_plain(&out)?;
    }
    let of = |number: usize| changes.iter().any(|change| change.place.0 == number);
    let elsewhere = worked
        .fixes
        .iter()
        .enumerate()
        .filter(|(number, (_, proof))| proof.refused.is_empty() && !of(*number));
    for (_, (fix, _)) in elsewhere {
        let title = report::clean(&fix.title).into_owned();
        output::note(&match lang {
            Lang::En => format!("not in this code: {title}"),
            Lang::Ja => format!("このコードにはありません: {title}"),
        });
    }
    output::note(&summary(worked, false, lang));
    Ok(())
}

/// What a proof came to.
fn verdict(fix: &Fix, proof: &Proof) -> &'static str {
    match (proof.refused.is_empty(), fix.steps.iter().any(|step| step.change.is_some())) {
        (false, _) => "refused",
        (true, true) if !proof.doubted.is_empty() => "not-proved",
        (true, true) => "proved",
        (true, false) => "read-back",
    }
}

/// The plan for people, where it goes beside something else.
pub(super) fn plan_text(worked: &Worked, estate: &Estate, lang: Lang) -> String {
    text(worked, true, estate, lang, &Page::PLAIN)
}

/// One write, short: what is done, and to what.
pub(super) fn write_line(write: &Change, lang: Lang) -> String {
    let target = &write.target;
    match (&write.act, lang) {
        (Act::Put { was: None, .. }, Lang::En) => format!("make {target}"),
        (Act::Put { was: None, .. }, Lang::Ja) => format!("作成: {target}"),
        (Act::Put { .. }, Lang::En) => format!("put {target}"),
        (Act::Put { .. }, Lang::Ja) => format!("変更: {target}"),
        (Act::Delete { .. }, Lang::En) => format!("delete {target}"),
        (Act::Delete { .. }, Lang::Ja) => format!("削除: {target}"),
        (Act::Edit { edits, .. }, lang) => {
            let paths: Vec<&str> = edits.iter().map(|edit| edit.path.as_str()).collect();
            let paths = paths.join(", ");
            match lang {
                Lang::En => format!("change {target}: {paths}"),
                Lang::Ja => format!("変更: {target}: {paths}"),
            }
        }
        (Act::Run { action, .. }, Lang::En) => format!("{action} {target}"),
        (Act::Run { action, .. }, Lang::Ja) => format!("実行: {action} {target}"),
    }
}

fn text(worked: &Worked, applies: bool, estate: &Estate, lang: Lang, page: &Page) -> String {
    let mut out = String::new();
    let style = page.style;
    for (number, (fix, proof)) in worked.fixes.iter().enumerate() {
        let mark = match verdict(fix, proof) {
            "refused" => style.severity(posture::Severity::High, pick(lang, "refused", "中止")),
            "not-proved" => style.severity(
                posture::Severity::Medium,
                pick(lang, "narrows; not proved to close", "範囲は狭まるが、閉じることは未証明"),
            ),
            "proved" => style.good(pick(lang, "proved", "証明済み")),
            _ => style.dim(pick(lang, "checked after it is made", "適用後に確認")),
        };
        let _ = writeln!(out, "{}. {} [{mark}]", number + 1, style.bold(&report::clean(&fix.title)));
        for closes in &fix.closes {
            let name = report::clean(resource_name(estate.text(closes.resource))).into_owned();
            let _ = writeln!(out, "     {} {name} ({})", closes.code, closes.finding);
        }
        if fix.steps.first().is_some_and(|step| step.says != fix.title) {
            for step in &fix.steps {
                let _ = writeln!(out, "   - {}", report::clean(&step.says));
            }
        }
        for line in told(fix, lang).iter().flat_map(|text| text.lines()) {
            let _ = writeln!(out, "   {}", report::clean(line));
        }
        for line in proof_lines(worked, fix, proof, estate, lang) {
            let _ = writeln!(out, "   {}", report::clean(&line));
        }
        for change in worked.changes.iter().flatten().filter(|change| change.place.0 == number) {
            match &change.patch {
                Patch::Diff { diff, .. } => {
                    for line in diff.lines() {
                        let _ = writeln!(out, "   | {}", report::clean(line));
                    }
                }
                other => by_hand(other, lang).iter().for_each(|line| {
                    let _ = writeln!(out, "   {}", report::clean(line));
                }),
            }
        }
        out.push('\n');
    }
    if !worked.asks.is_empty() {
        let heading = pick(lang, "To be decided:", "判断が必要な項目:");
        let _ = writeln!(out, "{}", style.bold(heading));
        for ask in &worked.asks {
            let _ = writeln!(out, "? {}", report::clean(&ask.question));
            for closes in &ask.closes {
                let name = report::clean(resource_name(estate.text(closes.resource))).into_owned();
                let _ = writeln!(out, "     {} {name} ({})", closes.code, closes.finding);
            }
            for answer in &ask.answers {
                for (index, line) in answer.lines().enumerate() {
                    let lead = if index == 0 { "   - " } else { "     " };
                    let _ = writeln!(out, "{lead}{}", report::clean(line));
                }
            }
        }
        out.push('\n');
    }
    for closes in &worked.left {
        let (code, name) =
            (closes.code, report::clean(resource_name(estate.text(closes.resource))).into_owned());
        let line = match lang {
            Lang::En => format!(
                "{code} of {name} is there still after these changes: something else has a part in it"
            ),
            Lang::Ja => {
                format!("{name} の {code} は、これらの変更だけでは解消しません (ほかにも原因があります)")
            }
        };
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}", summary(worked, applies, lang));
    out
}

fn summary(worked: &Worked, applies: bool, lang: Lang) -> String {
    let refused = worked.fixes.iter().filter(|(_, proof)| !proof.refused.is_empty()).count();
    let (fixes, asks, findings) = (worked.fixes.len() - refused, worked.asks.len(), worked.findings);
    let so_far = match applies {
        true => "",
        false => pick(
            lang,
            ". Nothing has been changed: `--apply` makes the changes",
            "。まだ何も変更していません (`--apply` で適用します)",
        ),
    };
    match lang {
        Lang::En => format!(
            "{} for {}; {refused} refused; {} to decide{so_far}",
            counted(fixes, "fix", "fixes"),
            counted(findings, "finding", "findings"),
            counted(asks, "thing", "things"),
        ),
        Lang::Ja => {
            format!("検出 {findings} 件に対する是正 {fixes} 件、中止 {refused} 件、要判断 {asks} 件{so_far}")
        }
    }
}

/// What a fix costs, stops, and what else there is to know.
fn told(fix: &Fix, lang: Lang) -> Vec<String> {
    let effects = &fix.effects;
    let mut lines = Vec::new();
    if let Some(cost) = &effects.cost {
        lines.push(format!("{}: {cost}", pick(lang, "cost", "費用")));
    }
    if effects.deallocates {
        lines.push(
            pick(
                lang,
                "the VM is stopped and deallocated meanwhile",
                "VM を停止 (割り当て解除) して行います",
            )
            .to_owned(),
        );
    } else if effects.restart {
        lines.push(pick(lang, "the VM may restart", "VM が再起動することがあります").to_owned());
    }
    if let Some(downtime) = &effects.downtime {
        lines.push(format!("{}: {downtime}", pick(lang, "stops", "影響")));
    }
    lines.extend(fix.notes.iter().cloned());
    if !fix.after.is_empty() {
        let after = fix.after.join(", ");
        lines.push(match lang {
            Lang::En => format!("made only after {after}, which makes the just-in-time access"),
            Lang::Ja => format!("JIT VM アクセスを設定する {after} が完了したあとに適用します"),
        });
    }
    lines
}

fn proof_lines(worked: &Worked, fix: &Fix, proof: &Proof, estate: &Estate, lang: Lang) -> Vec<String> {
    let name = |id| resource_name(estate.text(id)).to_owned();
    let mut lines = Vec::new();
    if proof.machines.len() > 1 {
        let mut names: Vec<String> = proof.machines.iter().map(|id| name(*id)).collect();
        names.sort_unstable();
        names.truncate(NAMED);
        let more = proof.machines.len().saturating_sub(NAMED);
        let rest = match (more, lang) {
            (0, _) => String::new(),
            (more, Lang::En) => format!(" and {more} more"),
            (more, Lang::Ja) => format!(" ほか {more} 台"),
        };
        let all = format!("{}{rest}", names.join(", "));
        lines.push(match lang {
            Lang::En => format!("concerns {}: {all}", counted(proof.machines.len(), "machine", "machines")),
            Lang::Ja => format!("影響する VM {} 台: {all}", proof.machines.len()),
        });
    }
    let mut all: Vec<(String, &Difference)> = proof
        .exposures
        .iter()
        .flat_map(|(id, differences)| differences.iter().map(|one| (name(*id), one)))
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    for (machine, difference) in all.iter().take(NAMED) {
        lines.push(difference_line(machine, difference, lang));
    }
    let selected = |id: &ResourceId| fix.closes.iter().any(|closes| closes.resource == *id);
    let mut others: Vec<String> = proof
        .exposures
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| !selected(id) && estate.nsg(*id).is_none())
        .map(name)
        .collect();
    others.sort_unstable();
    if !others.is_empty() && !fix.closes.iter().all(|closes| estate.nsg(closes.resource).is_some()) {
        let others = others.join(", ");
        lines.push(match lang {
            Lang::En => {
                format!("no finding about {others} was selected, and the change closes ports there, too")
            }
            Lang::Ja => format!("選択した検出の対象ではない {others} のポートも閉じられます"),
        });
    }
    if all.len() > NAMED {
        let more = all.len() - NAMED;
        lines.push(match lang {
            Lang::En => format!("… and {more} more"),
            Lang::Ja => format!("… ほか {more} 件"),
        });
    }
    let inside: Vec<String> = proof.inside.iter().map(|(id, _)| name(*id)).collect();
    if let Some((_, differences)) = proof.inside.first() {
        let packet = differences.iter().find_map(packet).unwrap_or_default();
        let machines = inside.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        lines.push(match lang {
            Lang::En => format!(
                "from inside the networks, too, fewer get to {machines}, such as {packet}: name what is needed with --keep"
            ),
            Lang::Ja => format!(
                "ネットワーク内部からの通信も一部遮断されます ({machines}、例: {packet})。必要な通信は --keep で指定してください"
            ),
        });
    }
    for (resource, code) in &proof.doubted {
        let name = name(*resource);
        lines.push(match lang {
            Lang::En => format!("{code} of {name}: nobody can tell whether it is closed then"),
            Lang::Ja => format!("{name} の {code}: 適用後に閉じているかどうかは判定できません"),
        });
    }
    for number in &proof.did_not_pass {
        if let Some(keep) = worked.keeps.get(*number) {
            let text = &keep.text;
            lines.push(match lang {
                Lang::En => format!("`{text}` does not certainly pass today either"),
                Lang::Ja => format!("`{text}` は現在も通過すると確認できません"),
            });
        }
    }
    for why in &proof.refused {
        lines.push(refusal(worked, why, estate, lang));
    }
    lines
}

fn difference_line(machine: &str, difference: &Difference, lang: Lang) -> String {
    let ports = ports_text(&[difference.ports].into_iter().collect());
    let protocol = difference.protocol.name();
    let may = (difference.before.may.count(), difference.after.may.count());
    let must = (difference.before.must.count(), difference.after.must.count());
    if may.0 == may.1 {
        // Fewer certainly get in; whether the others do, nobody can tell.
        let (was, is, may) = (posture::grouped(must.0), posture::grouped(must.1), posture::grouped(may.1));
        return match lang {
            Lang::En => format!(
                "{machine} {protocol} {ports}: certainly open to {is} addresses of the internet in place of {was}; perhaps still to {may}"
            ),
            Lang::Ja => format!(
                "{machine} {protocol} {ports}: 確実に公開されるのは {was} 個から {is} 個のアドレスに変更 (判定できない範囲を含めると {may} 個)"
            ),
        };
    }
    let (was, is) = (posture::grouped(may.0), posture::grouped(may.1));
    match (difference.kind, lang) {
        (Kind::Vanished, Lang::En) => {
            format!("{machine} {protocol} {ports}: closed to the internet (was open to {was} addresses)")
        }
        (Kind::Vanished, Lang::Ja) => format!(
            "{machine} {protocol} {ports}: インターネットから閉じます (現在 {was} 個のアドレスに公開)"
        ),
        (_, Lang::En) => {
            format!("{machine} {protocol} {ports}: open to {is} addresses of the internet in place of {was}")
        }
        (_, Lang::Ja) => {
            format!("{machine} {protocol} {ports}: 公開範囲を {was} 個から {is} 個のアドレスに変更")
        }
    }
}

/// A packet of a difference: from, to.
fn packet(difference: &Difference) -> Option<String> {
    let witness = difference.witness.as_ref()?;
    let packet = witness.packet;
    let to = witness.to.map_or_else(|| "?".to_owned(), |to| to.to_string());
    Some(format!(
        "{} {}:{} → {to}:{}",
        packet.protocol.name(),
        packet.remote,
        packet.remote_port,
        packet.local_port
    ))
}

fn refusal(worked: &Worked, why: &Refusal, estate: &Estate, lang: Lang) -> String {
    let name = |id| resource_name(estate.text(id)).to_owned();
    let shown = |difference: &Difference, rules: &[String]| {
        let packet = packet(difference).unwrap_or_default();
        match rules {
            [] => packet,
            rules => format!("{packet} ({})", rules.join(", ")),
        }
    };
    match why {
        Refusal::Stops { keep, difference, rules } => {
            let flow = worked.keeps.get(*keep);
            let text = flow.map(|keep| keep.text.clone()).unwrap_or_default();
            let own = flow.is_some_and(|keep| keep.need == Need::Own);
            let shown = shown(difference, rules);
            match (lang, own) {
                (Lang::En, false) => format!("refused: it stops `{text}`: {shown}"),
                (Lang::Ja, false) => format!("中止: 維持すべき通信 `{text}` が遮断されます: {shown}"),
                (Lang::En, true) => format!(
                    "refused: it locks you out (`{text}`): {shown}; --lock-me-out makes it all the same"
                ),
                (Lang::Ja, true) => format!(
                    "中止: あなた自身が接続できなくなります (`{text}`): {shown}。それでも適用するには --lock-me-out を指定してください"
                ),
            }
        }
        Refusal::NoWay { keep } => {
            let text = worked.keeps.get(*keep).map(|keep| keep.text.clone()).unwrap_or_default();
            match lang {
                Lang::En => {
                    format!("refused: the private way `{text}` does not certainly lead to it afterwards")
                }
                Lang::Ja => {
                    format!("中止: 適用後にプライベートな経路 `{text}` で確実に接続できるとは言えません")
                }
            }
        }
        Refusal::Opens { machine, difference, rules } => {
            let (machine, shown) = (name(*machine), shown(difference, rules));
            match lang {
                Lang::En => format!(
                    "refused: it lets something in to `{machine}` that is not let in now, or that nobody can tell: {shown}"
                ),
                Lang::Ja => format!(
                    "中止: 現在は許可されていない (または判定できない) `{machine}` への通信が許可されます: {shown}"
                ),
            }
        }
        Refusal::Brings { resource, code, message } => {
            let name = name(*resource);
            match lang {
                Lang::En => format!("refused: {code} of `{name}` would be new: {message}"),
                Lang::Ja => format!("中止: `{name}` に新たな検出 {code} が生じます: {message}"),
            }
        }
        Refusal::NotKnown(error) => match lang {
            Lang::En => format!("refused: {error}"),
            Lang::Ja => format!("中止: 変更対象を確認できません ({error})"),
        },
    }
}

fn closes_json(closes: &Closes, estate: &Estate) -> Value {
    json!({"id": closes.finding, "code": closes.code, "resource": estate.text(closes.resource)})
}

/// What is done, as a word: `put`, `delete`, `edit`, `run`.
fn act(write: &Change) -> &'static str {
    match write.act {
        Act::Put { .. } => "put",
        Act::Delete { .. } => "delete",
        Act::Edit { .. } => "edit",
        Act::Run { .. } => "run",
    }
}

/// What somebody has to decide.
pub(super) fn asks_json(worked: &Worked, estate: &Estate) -> Value {
    let ask = |ask: &fix::Ask| {
        json!({
            "closes": ask.closes.iter().map(|one| closes_json(one, estate)).collect::<Vec<_>>(),
            "question": ask.question,
            "answers": ask.answers,
        })
    };
    worked.asks.iter().map(ask).collect()
}

fn document(worked: &Worked, estate: &Estate, source: &str, as_of: &str, lang: Lang) -> Value {
    let fixes: Vec<Value> = worked
        .fixes
        .iter()
        .enumerate()
        .map(|(number, (fix, proof))| {
            let code = |step: usize| {
                let mut all = worked.changes.iter().flatten();
                all.find(|change| change.place == (number, step)).map(|change| patch_json(&change.patch, lang))
            };
            let steps: Vec<Value> = fix
                .steps
                .iter()
                .enumerate()
                .map(|(at, step)| {
                    json!({"says": step.says, "does": act(&step.write), "write": step.write, "code": code(at)})
                })
                .collect();
            json!({
                "id": fix.id,
                "title": fix.title,
                "closes": fix.closes.iter().map(|one| closes_json(one, estate)).collect::<Vec<_>>(),
                "steps": steps,
                "effects": fix.effects,
                "notes": fix.notes,
                "owner": fix.owner,
                "locks": fix.locks,
                "after": fix.after,
                "proof": proof_json(worked, fix, proof, estate, lang),
            })
        })
        .collect();
    let refused = worked.fixes.iter().filter(|(_, proof)| !proof.refused.is_empty()).count();
    json!({
        "schema": SCHEMA,
        "as_of": as_of,
        "source": source,
        "fixes": fixes,
        "asks": asks_json(worked, estate),
        "left": worked.left.iter().map(|one| closes_json(one, estate)).collect::<Vec<_>>(),
        "summary": {"findings": worked.findings, "fixes": worked.fixes.len(), "refused": refused, "asks": worked.asks.len()},
    })
}

fn patch_json(patch: &Patch, lang: Lang) -> Value {
    match patch {
        Patch::Diff { file, diff, .. } => json!({"file": file, "diff": diff}),
        Patch::Elsewhere { file, line, says } => json!({"file": file, "line": line, "says": says}),
        several @ Patch::Several { .. } => json!({"says": by_hand(several, lang)}),
    }
}

fn proof_json(worked: &Worked, fix: &Fix, proof: &Proof, estate: &Estate, lang: Lang) -> Value {
    let exposures: Vec<Value> = proof
        .exposures
        .iter()
        .flat_map(|(machine, differences)| {
            differences.iter().map(|one| {
                json!({
                    "resource": estate.text(*machine),
                    "protocol": one.protocol.name(),
                    "ports": ports_text(&[one.ports].into_iter().collect()),
                    "internet_addresses_before": one.before.may.count().to_string(),
                    "internet_addresses_after": one.after.may.count().to_string(),
                    "certain_before": one.before.must.count().to_string(),
                    "certain_after": one.after.must.count().to_string(),
                    "packet": packet(one),
                })
            })
        })
        .collect();
    let gone: Vec<Value> = proof
        .gone
        .iter()
        .filter_map(|(resource, said)| {
            Some(json!({"code": said.code, "id": said.finding.as_ref()?, "resource": estate.text(*resource)}))
        })
        .collect();
    json!({
        "status": verdict(fix, proof),
        "machines": proof.machines.iter().map(|id| estate.text(*id)).collect::<Vec<_>>(),
        "gone": gone,
        "exposures": exposures,
        "inside": proof.inside.iter().map(|(machine, differences)| json!({
            "resource": estate.text(*machine),
            "packet": differences.iter().find_map(packet),
        })).collect::<Vec<_>>(),
        "doubted": proof.doubted.iter().map(|(resource, code)| json!({"code": code, "resource": estate.text(*resource)})).collect::<Vec<_>>(),
        "refused": proof.refused.iter().map(|why| refusal(worked, why, estate, lang)).collect::<Vec<_>>(),
    })
}
