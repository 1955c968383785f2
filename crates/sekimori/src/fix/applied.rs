//! Making changes in Azure and taking them back: asks, writes the undo file first, follows every write to its end.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use azure::{Client, Fault, Looked, Polled, Sent, Verb};
use estate::Estate;
use fix::Fix;
use fix::apply::{
    Answer, Effect, End, Event, Found, Job, Machine, Method, Outcome, Place, Poll, Request, Status, Way, Why,
    lanes, prepare, targets,
};
use fix::proof::Proof;
use fix::undo::{Entry, Head, Journal, JournalError, begin};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use posture::Lang;
use report::counted;
use serde_json::{Value, json};

use crate::check::clock;
use crate::cli::{FixArgs, FixForm};
use crate::collect::{connected, progress_bar};
use crate::language::pick;
use crate::output;

use super::{Worked, shown};

/// What programs read a report of what was made by.
const SCHEMA: &str = "sekimori.fix-applied/1";

/// How many resources are read, and how many lanes go on, at once: what the buckets of Azure's limits let through counts.
const AT_ONCE: usize = 32;

/// How often a wait looks whether somebody wants to stop.
const TICK: Duration = Duration::from_millis(100);

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
    let waits: HashMap<String, Vec<String>> =
        chosen.iter().map(|(fix, _)| (fix.id.clone(), fix.after.clone())).collect();
    let writes: usize = jobs.iter().map(|job| job.tasks.len()).sum();
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connected(&args.live, lang).await?;
        let (jobs, conflicts) = prepared(&client, jobs, lang).await?;
        for line in &conflicts {
            output::note(line);
        }
        report.left_out.extend(conflicts.iter().cloned());
        if jobs.is_empty() {
            report.tell(&[], &[])?;
            return Ok(1);
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
        // What waits for others is made when these are there, and only then.
        let is_first = |job: &Job| waits.get(&job.fix).is_none_or(Vec::is_empty);
        let (first, then): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(is_first);
        let mut outcomes = carry_out(&client, &file, first, Way::Apply, args.hurry).await;
        let is_done =
            |id: &String| outcomes.iter().any(|(its, outcome)| its == id && outcome.end == End::Complete);
        let (ready, waiting): (Vec<Job>, Vec<Job>) =
            then.into_iter().partition(|job| waits.get(&job.fix).into_iter().flatten().all(is_done));
        for job in &waiting {
            let title = report::clean(&job.title).into_owned();
            report.left_out.push(match lang {
                Lang::En => format!("not made: {title}: what has to be there before was not made"),
                Lang::Ja => format!("適用しません: {title}: 先に必要な変更が完了していません"),
            });
            report.left_out.last().iter().for_each(|line| output::note(line));
        }
        if !ready.is_empty() && output::stops() == 0 {
            outcomes.extend(carry_out(&client, &file, ready, Way::Apply, args.hurry).await);
        }
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
        let outcomes = carry_out(&client, &file, undo.jobs, Way::Undo, args.hurry).await;
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
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
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
async fn prepared(client: &Client, jobs: Vec<Job>, lang: Lang) -> anyhow::Result<(Vec<Job>, Vec<String>)> {
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
            Ok(Looked::Here { body, .. }) => drop(found.insert(target, Some(body))),
            Ok(Looked::Gone { .. }) => drop(found.insert(target, None)),
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
    Ok((jobs, told))
}

/// The undo file: every line is on disk before what comes after it is done.
struct UndoFile {
    file: RefCell<File>,
}

impl UndoFile {
    /// Makes a new one; never writes over another.
    fn make(path: &Path, text: &str, lang: Lang) -> anyhow::Result<Self> {
        let name = path.display();
        let failed = || match lang {
            Lang::En => format!("cannot make the undo file `{name}`, so nothing was changed"),
            Lang::Ja => format!("取り消し用ファイル `{name}` を作成できないため、何も変更していません"),
        };
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).with_context(failed)?;
        file.lock().with_context(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
        // The name of the file, too.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        Ok(Self { file: RefCell::new(file) })
    }

    /// Opens one that is there, for this process alone.
    fn open(path: &Path, lang: Lang) -> anyhow::Result<(Self, Vec<u8>)> {
        let name = path.display();
        let failed = || match lang {
            Lang::En => format!("cannot use the undo file `{name}`"),
            Lang::Ja => format!("取り消し用ファイル `{name}` を使用できません"),
        };
        let mut file = OpenOptions::new().read(true).append(true).open(path).with_context(failed)?;
        if file.try_lock().is_err() {
            match lang {
                Lang::En => bail!("another sekimori is at work on `{name}`: wait for its end"),
                Lang::Ja => bail!("別の sekimori が `{name}` を使用しています。終了を待ってください"),
            }
        }
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes).with_context(failed)?;
        Ok((Self { file: RefCell::new(file) }, bytes))
    }

    /// Takes a torn end away, so that lines come after whole lines.
    fn go_on(&self, journal: &Journal) -> anyhow::Result<()> {
        let mut file = self.file.borrow_mut();
        file.set_len(journal.whole as u64)?;
        if journal.open {
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        Ok(())
    }

    fn record(&self, entry: &Entry) -> io::Result<()> {
        let at = clock().unwrap_or_default();
        let mut file = self.file.borrow_mut();
        file.write_all(entry.line(&at).as_bytes())?;
        file.sync_data()
    }
}

/// Carries jobs out, several lanes at once, and tells how each came out, in the order in which they ended.
async fn carry_out(
    client: &Client,
    file: &UndoFile,
    jobs: Vec<Job>,
    way: Way,
    hurry: bool,
) -> Vec<(String, Outcome)> {
    output::tidy_on_signals();
    output::careful(true);
    let bar = progress_bar();
    bar.set_length(jobs.iter().map(|job| job.tasks.len() as u64).sum());
    let order = lanes(&jobs);
    let mut slots: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
    let mut queue: Vec<Vec<Job>> = order
        .into_iter()
        .map(|lane| lane.into_iter().filter_map(|at| slots.get_mut(at).and_then(Option::take)).collect())
        .collect();
    queue.reverse();
    let done = Cell::new(0_u64);
    let told = |writes: u64| {
        done.set(done.get() + writes);
        bar.set_position(done.get());
    };
    let lane = |jobs: Vec<Job>| async {
        let mut outcomes = Vec::new();
        for job in jobs {
            let (id, writes) = (job.fix.clone(), job.tasks.len() as u64);
            outcomes.push((id, one(client, file, job, way, hurry).await));
            told(writes);
        }
        outcomes
    };
    let mut running = FuturesUnordered::new();
    let mut all = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(next) = queue.pop()
        {
            running.push(lane(next));
        }
        match running.next().await {
            Some(outcomes) => all.extend(outcomes),
            None => break,
        }
    }
    bar.finish_and_clear();
    output::careful(false);
    all
}

/// Carries one job out.
async fn one(client: &Client, file: &UndoFile, job: Job, way: Way, hurry: bool) -> Outcome {
    let mut machine = Machine::new(job, way);
    let mut heeded = 0;
    let mut event = Event::Begin;
    loop {
        for _ in heeded..output::stops() {
            machine.stop();
        }
        heeded = output::stops();
        event = match machine.next(event) {
            Effect::Ended(outcome) => return outcome,
            Effect::Read { target, api_version } => match client.read_resource(&target, &api_version).await {
                Ok(Looked::Here { body, etag }) => Event::Read(Some(Found { body, etag })),
                Ok(Looked::Gone { .. }) => Event::Read(None),
                Err(fault) => {
                    let again = matches!(fault, Fault::GaveUp { .. } | Fault::Unreadable { .. });
                    Event::Unread { why: fault.to_string(), again }
                }
            },
            Effect::Record(entry) => match file.record(&entry) {
                Ok(()) => Event::Recorded,
                Err(error) => Event::Unrecorded { why: error.to_string() },
            },
            Effect::Send(request) => Event::Sent(send(client, request).await),
            Effect::Poll { url } => Event::Polled(match client.poll(&url).await {
                Ok(Polled::Running { retry_after }) => Poll::Running { retry_after },
                Ok(Polled::Succeeded) => Poll::Succeeded,
                Ok(Polled::Failed { code, message }) => Poll::Failed { code, message },
                Ok(Polled::Canceled { superseded }) => Poll::Canceled { superseded },
                Ok(Polled::Gone) => Poll::Gone,
                Err(fault) => Poll::Unasked { why: fault.to_string() },
            }),
            Effect::Wait { least, most } => {
                let part = if hurry { 50 } else { 1 };
                wait(least / part, most / part, heeded).await;
                Event::Waited
            }
        };
    }
}

/// Waits, or less where somebody asks to stop.
async fn wait(least: Duration, most: Duration, heeded: u32) {
    let spread = most.saturating_sub(least).as_secs_f64();
    let mut left = least + Duration::from_secs_f64(spread * chance());
    while !left.is_zero() && output::stops() == heeded {
        let now = left.min(TICK);
        tokio::time::sleep(now).await;
        left -= now;
    }
}

/// A number from 0 to 1 that nobody can foresee.
fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let number = std::collections::hash_map::RandomState::new().build_hasher().finish();
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

async fn send(client: &Client, request: Request) -> Answer {
    let write = azure::Write {
        verb: match request.method {
            Method::Put => Verb::Put,
            Method::Patch => Verb::Patch,
            Method::Delete => Verb::Delete,
            Method::Post => Verb::Post,
        },
        target: request.target,
        api_version: request.api_version,
        action: request.action,
        body: request.body,
        if_match: request.if_match,
        if_none_match: request.if_none_match,
    };
    match client.send(&write).await {
        Ok(Sent::Done(_)) => Answer::Done,
        Ok(Sent::Accepted { operation, retry_after }) => Answer::Accepted { operation, retry_after },
        Ok(Sent::Unsure { why, retry_after }) => Answer::Unsure { why, retry_after },
        Ok(Sent::NotSent { why }) => Answer::NotSent { why },
        Ok(Sent::Busy { code, retry_after }) => Answer::Busy { code, retry_after },
        Ok(Sent::Precondition) => Answer::Precondition,
        Ok(Sent::Throttled { retry_after }) => Answer::Throttled { retry_after },
        Ok(Sent::Refused { status, code, message }) => Answer::Refused { status, code, message },
        Err(fault) => Answer::NotSent { why: fault.to_string() },
    }
}

/// The command that takes changes back, as it has to be given here.
fn undo_command(args: &FixArgs, path: &Path) -> String {
    let mut command = format!("sekimori fix --undo {}", path.display());
    if args.live.cloud != "AzureCloud" {
        command += &format!(" --cloud {}", args.live.cloud);
    }
    if let Some(authority) = &args.live.authority {
        command += &format!(" --authority {}", authority.display());
    }
    command
}

/// What is told at the end.
struct Report {
    form: FixForm,
    way: Way,
    /// The undo file, and the command that takes everything back.
    undo: Option<(PathBuf, String)>,
    /// What was not made, and why.
    left_out: Vec<String>,
    asks: Value,
    lang: Lang,
}

impl Report {
    /// Tells how everything came out; whether all of it is as planned.
    fn tell(&self, outcomes: &[(String, Outcome)], titles: &[(String, String)]) -> anyhow::Result<bool> {
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
                    "Not all of it is as planned. `{back}` takes back what was made; the same command as before makes the rest.\n"
                ),
                Lang::Ja => format!(
                    "計画どおりに完了していないものがあります。`{back}` で元に戻せます。同じコマンドをもう一度実行すると残りを適用します。\n"
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
