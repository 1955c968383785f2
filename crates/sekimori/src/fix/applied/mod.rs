//! Making changes in Azure and taking them back: asks, writes the undo file first, follows every write to its end.

mod drive;
mod file;
mod told;

use std::collections::HashMap;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use azure::{Client, Fault, Looked};
use estate::Estate;
use fix::Fix;
use fix::apply::{Found, Job, Way, prepare, targets};
use fix::proof::Proof;
use fix::undo::{Head, Journal, JournalError, begin};
use futures_util::StreamExt;
use posture::Lang;
use report::counted;
use serde_json::Value;

use super::{Worked, shown};
use crate::check::clock;
use crate::cli::{FixArgs, FixForm};
use crate::collect::{connected, progress_bar};
use crate::language::pick;
use crate::output;
use drive::{Fresh, Run, carry_out};
use file::UndoFile;
use told::Report;

/// How many resources are read at once: what Azure's bucket of reads lets through counts.
const AT_ONCE: usize = 64;

/// Makes the fixes that may be made. The plan has been shown.
pub(super) fn apply(
    args: &FixArgs,
    worked: &Worked,
    estate: &Estate,
    source: &str,
    lang: Lang,
) -> anyhow::Result<u8> {
    let (chosen, left_out) = choose(args, &worked.fixes, lang);
    for line in &left_out {
        output::note(line);
    }
    let mut report = Report {
        form: args.format,
        way: Way::Apply,
        undo: None,
        left_out,
        asks: shown::asks_json(worked, estate),
        lang,
    };
    if chosen.is_empty() {
        output::note(pick(lang, "there is nothing to change", "変更するものはありません"));
        report.tell(&[], &[])?;
        return Ok(u8::from(!report.left_out.is_empty()));
    }
    if !args.lock_me_out && !args.my_address.is_empty() && !worked.own_passes {
        bail!(pick(
            lang,
            "from --my-address nobody gets to a login port now: is the address right? If it is, add --lock-me-out",
            "--my-address からは現在どのログイン用ポートにも接続できません。アドレスを確認してください。正しい場合は --lock-me-out を指定してください",
        ));
    }
    if !args.lock_me_out
        && args.my_address.is_empty()
        && chosen.iter().any(|(_, proof)| closes_something(proof))
    {
        bail!(pick(
            lang,
            "these changes stop packets from the internet: say where you come from yourself (--my-address 203.0.113.7), so that your own way in stays, or --lock-me-out",
            "インターネットからの通信を遮断する変更があります。自分の接続経路を維持するため --my-address 203.0.113.7 のように接続元を指定するか、--lock-me-out を指定してください",
        ));
    }
    let jobs: Vec<Job> = chosen.iter().map(|(fix, _)| Job::from(fix)).collect();
    let writes: usize = jobs.iter().map(|job| job.tasks.len()).sum();
    if args.format == FixForm::Json && !args.yes {
        // Who is asked sees first what would be.
        output::note(&shown::plan_text(worked, estate, lang));
    }
    confirm(
        args.yes,
        &match lang {
            Lang::En => format!(
                "Make {} ({})?",
                counted(jobs.len(), "fix", "fixes"),
                counted(writes, "write", "writes")
            ),
            Lang::Ja => format!("{} 件の是正 (書き込み {writes} 回) を適用しますか?", jobs.len()),
        },
        lang,
    )?;
    // From here on Ctrl-C is heeded by the work itself.
    output::tidy_on_signals();
    output::careful(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connected(&args.live, lang).await?;
        let (jobs, conflicts, fresh) = prepared(&client, jobs, lang).await?;
        for line in &conflicts {
            output::note(line);
        }
        report.left_out.extend(conflicts.iter().cloned());
        if jobs.is_empty() {
            report.tell(&[], &[])?;
            return Ok(1);
        }
        if output::stops() > 0 {
            bail!(pick(lang, "stopped; nothing was changed", "中断しました。何も変更していません"));
        }
        let when = clock()?;
        let path = match &args.undo_file {
            Some(path) => path.clone(),
            None => PathBuf::from(format!(
                "sekimori-undo-{}.ndjson",
                when.chars().filter(|one| one.is_ascii_alphanumeric()).collect::<String>()
            )),
        };
        let caller = client.chain().caller().await;
        let who = serde_json::to_value(&caller).ok().and_then(|caller| name_of(&caller));
        let head = Head::new(who.as_deref().unwrap_or("?"), &when, source, &jobs);
        let file = UndoFile::make(&path, &begin(&head, &jobs), lang)?;
        let (name, back) = (path.display(), undo_command(args, &path));
        output::note(&match lang {
            Lang::En => format!("the undo file is `{name}`: `{back}` takes everything back"),
            Lang::Ja => format!("取り消し用ファイル: `{name}` (`{back}` ですべて元に戻せます)"),
        });
        report.undo = Some((path.clone(), back));
        let titles = titles(&jobs);
        let run = Run { client: &client, file: &file, way: Way::Apply, fresh, hurry: args.hurry };
        let outcomes = carry_out(&run, jobs).await;
        let whole = report.tell(&outcomes, &titles)?;
        Ok(u8::from(!whole || !report.left_out.is_empty()))
    })
}

/// Takes back what an undo file tells of.
pub(super) fn undo(args: &FixArgs, path: &Path, lang: Lang) -> anyhow::Result<u8> {
    let name = path.display();
    let (file, bytes) = UndoFile::open(path, lang)?;
    let journal =
        Journal::read(&bytes).map_err(|error| anyhow!("`{name}`: {}", journal_text(&error, lang)))?;
    let undo = journal.undo();
    let mut report = Report {
        form: args.format,
        way: Way::Undo,
        undo: None,
        left_out: Vec::new(),
        asks: Value::Null,
        lang,
    };
    for place in &undo.cannot {
        let line = match lang {
            Lang::En => format!("step {} of {} cannot be taken back", place.step + 1, place.fix),
            Lang::Ja => format!("{} の手順 {} は元に戻せません", place.fix, place.step + 1),
        };
        output::note(&line);
        report.left_out.push(line);
    }
    if undo.jobs.is_empty() {
        output::note(pick(lang, "there is nothing to take back", "元に戻すものはありません"));
        report.tell(&[], &[])?;
        return Ok(u8::from(!undo.cannot.is_empty()));
    }
    file.go_on(&journal)?;
    for job in &undo.jobs {
        output::note(&format!("- {}", report::clean(&job.title)));
        for task in &job.tasks {
            let target = &task.write.target;
            if !target.starts_with("/subscriptions/") || target.chars().any(char::is_control) {
                match lang {
                    Lang::En => {
                        bail!("`{name}` names `{}`, which is no id of a resource", target.escape_debug())
                    }
                    Lang::Ja => bail!("`{name}` の `{}` はリソース ID ではありません", target.escape_debug()),
                }
            }
            output::note(&format!("    {}", report::clean(&shown::write_line(&task.write, lang))));
        }
    }
    confirm(
        args.yes,
        &match lang {
            Lang::En => format!("Take back {}?", counted(undo.jobs.len(), "fix", "fixes")),
            Lang::Ja => format!("{} 件の是正を元に戻しますか?", undo.jobs.len()),
        },
        lang,
    )?;
    output::tidy_on_signals();
    output::careful(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cannot = !undo.cannot.is_empty();
    runtime.block_on(async {
        let client = connected(&args.live, lang).await?;
        // Who is not signed in is told so, and nothing is said to have failed.
        if let Some(first) = targets(&undo.jobs).first()
            && let Err(fault @ Fault::Credential(_)) =
                client.read_resource(&first.target, &first.api_version).await
        {
            bail!(crate::collect::fault_text(&fault, lang));
        }
        let titles = titles(&undo.jobs);
        let run =
            Run { client: &client, file: &file, way: Way::Undo, fresh: Fresh::default(), hurry: args.hurry };
        let outcomes = carry_out(&run, undo.jobs).await;
        let whole = report.tell(&outcomes, &titles)?;
        Ok(u8::from(!whole || cannot))
    })
}

/// The name of a caller, whichever it has.
fn name_of(caller: &Value) -> Option<String> {
    let names = ["name", "user", "upn", "appid", "app", "object", "oid"];
    let by_name = names.iter().find_map(|name| caller.get(name).and_then(Value::as_str));
    by_name
        .map(str::to_owned)
        .or_else(|| caller.as_object().filter(|all| !all.is_empty()).map(|_| caller.to_string()))
}

/// The ids and titles of jobs, in their order.
fn titles(jobs: &[Job]) -> Vec<(String, String)> {
    jobs.iter().map(|job| (job.fix.clone(), job.title.clone())).collect()
}

/// The fixes that are made, and why others are not.
fn choose<'f>(args: &FixArgs, fixes: &'f [(Fix, Proof)], lang: Lang) -> (Vec<&'f (Fix, Proof)>, Vec<String>) {
    let (mut chosen, mut left_out): (Vec<&(Fix, Proof)>, Vec<String>) = (Vec::new(), Vec::new());
    for one in fixes {
        let (fix, proof) = one;
        let title = report::clean(&fix.title).into_owned();
        let why = if !proof.refused.is_empty() {
            pick(lang, "its proof failed", "証明できませんでした")
        } else if fix.owner.is_some() && !args.owned {
            pick(
                lang,
                "code or a service owns it: change it there (--code), or add --owned",
                "コードまたはサービスが管理しています。管理元で変更するか (--code)、--owned を指定してください",
            )
        } else if !fix.locks.is_empty() {
            pick(lang, "a lock stops it", "ロックされています")
        } else if (fix.effects.restart || fix.effects.deallocates) && !args.restart {
            pick(
                lang,
                "it restarts or stops the VM: add --restart",
                "VM の再起動または停止を伴います。適用するには --restart を指定してください",
            )
        } else {
            chosen.push(one);
            continue;
        };
        left_out.push(match lang {
            Lang::En => format!("not made: {title}: {why}"),
            Lang::Ja => format!("適用しません: {title}: {why}"),
        });
    }
    // What waits for a fix that is left out is left out, too.
    while let Some(at) = chosen.iter().position(|(fix, _): &&(Fix, Proof)| {
        fix.after.iter().any(|id| !chosen.iter().any(|(other, _)| other.id == *id))
    }) {
        let (fix, _) = chosen.remove(at);
        let title = report::clean(&fix.title).into_owned();
        left_out.push(match lang {
            Lang::En => format!("not made: {title}: what has to be there before is not made"),
            Lang::Ja => format!("適用しません: {title}: 先に必要な変更を適用しません"),
        });
    }
    (chosen, left_out)
}

/// Whether fewer get in afterwards.
fn closes_something(proof: &Proof) -> bool {
    !proof.exposures.is_empty()
}

/// Asks, unless the person has said yes before.
fn confirm(yes: bool, question: &str, lang: Lang) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    let input = io::stdin();
    if !input.is_terminal() {
        bail!(pick(
            lang,
            "nobody can be asked here: add --yes",
            "確認を求められる端末ではありません。--yes を指定してください",
        ));
    }
    output::note(&format!("{question} [y/N]"));
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "はい" => Ok(()),
        _ => bail!(pick(lang, "nothing was changed", "何も変更していません")),
    }
}

/// Reads what every write is about, before anything is written. Jobs that somebody else was quicker than are left out, and told.
async fn prepared(
    client: &Client,
    jobs: Vec<Job>,
    lang: Lang,
) -> anyhow::Result<(Vec<Job>, Vec<String>, Fresh)> {
    let mut fresh = Fresh::default();
    let wanted = targets(&jobs);
    let bar = progress_bar();
    bar.set_length(wanted.len() as u64);
    let mut found: HashMap<String, Option<Value>> = HashMap::new();
    let mut unread: HashMap<String, String> = HashMap::new();
    let mut reads = futures_util::stream::iter(wanted.into_iter().map(|one| async move {
        let read = client.read_resource(&one.target, &one.api_version).await;
        (one.target, read)
    }))
    .buffer_unordered(AT_ONCE);
    while let Some((target, read)) = reads.next().await {
        bar.inc(1);
        match read {
            Ok(Looked::Here { body, etag }) => {
                fresh.note(&target, Some(Found { body: body.clone(), etag }));
                found.insert(target, Some(body));
            }
            Ok(Looked::Gone { .. }) => {
                fresh.note(&target, None);
                found.insert(target, None);
            }
            Err(fault @ Fault::Credential(_)) => {
                bar.finish_and_clear();
                return Err(anyhow!(crate::collect::fault_text(&fault, lang)));
            }
            Err(fault) => drop(unread.insert(target, crate::collect::fault_text(&fault, lang))),
        }
    }
    bar.finish_and_clear();
    let prepared = prepare(jobs, &|target| found.get(target).cloned().flatten());
    let mut told = Vec::new();
    let mut bad: Vec<String> = Vec::new();
    for job in &prepared.jobs {
        let blind = job.tasks.iter().find_map(|task| unread.get(&task.write.target));
        if let Some(why) = blind {
            bad.push(job.fix.clone());
            told.push(match lang {
                Lang::En => format!("not made: {}: it cannot be read: {why}", job.title),
                Lang::Ja => format!("適用しません: {}: 読み取れません: {why}", job.title),
            });
        } else if prepared.conflicts.iter().any(|one| one.place.fix == job.fix) {
            bad.push(job.fix.clone());
            told.push(match lang {
                Lang::En => format!("not made: {}: it has been changed since the input was read", job.title),
                Lang::Ja => format!("適用しません: {}: 入力を読み取ったあとに変更されています", job.title),
            });
        }
    }
    let jobs = prepared.jobs.into_iter().filter(|job| !bad.contains(&job.fix)).collect();
    Ok((jobs, told, fresh))
}

/// The command that takes changes back, as it has to be given here.
fn undo_command(args: &FixArgs, path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut command = format!("sekimori fix --undo {}", quoted(&whole.display().to_string()));
    if args.live.cloud != "AzureCloud" {
        command += &format!(" --cloud {}", quoted(&args.live.cloud));
    }
    if let Some(authority) = &args.live.authority {
        let whole = std::path::absolute(authority).unwrap_or_else(|_| authority.clone());
        command += &format!(" --authority {}", quoted(&whole.display().to_string()));
    }
    command
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = |one: char| one.is_alphanumeric() || "._-/:".contains(one);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn journal_text(error: &JournalError, lang: Lang) -> String {
    match (error, lang) {
        (error, Lang::En) => error.to_string(),
        (JournalError::Empty, Lang::Ja) => {
            "先頭行がありません。このファイルによる Azure への書き込みはありません".to_owned()
        }
        (JournalError::Foreign, Lang::Ja) => "sekimori の取り消し用ファイルではありません".to_owned(),
        (JournalError::Version(version), Lang::Ja) => {
            format!(
                "形式が `{version}` です。このファイルを書き込んだバージョンの sekimori を使用してください"
            )
        }
        (JournalError::Line { number, detail }, Lang::Ja) => {
            format!("{number} 行目を読み取れません: {detail}")
        }
    }
}
