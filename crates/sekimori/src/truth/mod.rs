//! `sekimori truth`: the same questions to Azure and to us, so that anyone can test us on their own estate.

mod compare;
mod nameless;
mod questions;
mod words;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use azure::{Client, Fault, FlowSaid, Watcher};
use estate::{Estate, resource_name, resource_subscription};
use futures_util::{StreamExt, stream};
use posture::Lang;
use reach::Reach;
use reach::flow::{Finder, FlowAnswer, flow};
use reach::rule_name;
use serde_json::Value;

use crate::cli::{Form, TruthArgs};
use crate::collect::{connected, fault_text, progress_bar};
use crate::language::pick;
use crate::source::{self, Reading};
use crate::{check, effective, output, tags};

use questions::{Asked, What};

/// How many questions are under way at once: each takes Azure some seconds.
const AT_ONCE: usize = 4;

/// Something could not be asked or read.
const INCOMPLETE: u8 = 3;

/// What came of one question.
pub(crate) struct Row<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) outcome: Outcome,
    /// The groups in force, ours and Azure's, where that was the question and the answers differ.
    pub(crate) groups: Option<(Value, Value)>,
}

/// Whether we agree.
pub(crate) enum Outcome {
    /// The same answer.
    Agrees,
    /// Another answer: ours, then Azure's.
    Differs(String, String),
    /// We did not know; Azure does.
    NotKnown(String),
    /// Azure did not answer.
    NotAnswered(String),
}

pub(crate) fn run(args: &TruthArgs, lang: Lang) -> anyhow::Result<u8> {
    if let Some(path) = &args.bug_report {
        output::check_writable(path, lang)?;
    }
    let Reading { estate, sources, .. } = match args.sources.is_empty() {
        true => check::live(&args.live, lang)?,
        false => source::read(&args.sources, lang)?,
    };
    source::tell_problems(&estate, &sources, lang);
    let tags = tags::list(lang)?;
    let reach = Reach::with_tags(&estate, Arc::clone(&tags));
    let chosen = match &args.batch {
        Some(path) => questions::own(&reach, &crate::flow::questions(path, lang)?, lang)?,
        None => questions::choose(&estate, &tags, (!args.all).then_some(args.sample), lang),
    };
    if chosen.asked.is_empty() {
        output::note(words::nothing(lang));
        return Ok(INCOMPLETE);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answers = runtime.block_on(async {
        let client = connected(&args.live, lang).await?;
        anyhow::Ok(ask(&client, &estate, &chosen.asked, lang).await)
    })?;
    let finder = Finder::new(&estate);
    let rows: Vec<Row<'_>> = chosen
        .asked
        .iter()
        .zip(answers)
        .map(|(asked, answer)| judge(&reach, &finder, asked, answer, lang))
        .collect();
    let differ: Vec<&Row<'_>> =
        rows.iter().filter(|row| matches!(row.outcome, Outcome::Differs(..))).collect();
    match args.form.form {
        Form::Json => output::print_json(&words::json(&estate, &rows, &chosen))?,
        Form::Text => output::print(&words::text(&estate, &rows, &chosen, lang))?,
    }
    if !differ.is_empty() {
        let path = args.bug_report.as_deref().unwrap_or(Path::new("sekimori-disagreements.json"));
        let cases = nameless::report(&reach, &sources, &differ)?;
        output::write_file(path, cases.as_bytes(), lang)?;
        output::note(&words::written(path, lang));
    }
    // Neither is an agreement.
    let unanswered =
        rows.iter().any(|row| matches!(row.outcome, Outcome::NotAnswered(_) | Outcome::NotKnown(_)));
    Ok(match (differ.is_empty(), unanswered || !estate.problems.is_empty()) {
        (false, _) => 1,
        (true, true) => INCOMPLETE,
        (true, false) => 0,
    })
}

/// What Azure answers to a question.
enum Answer {
    Flow(FlowSaid),
    Groups(Value),
    None(String),
}

async fn ask(client: &Client, estate: &Estate, all: &[Asked], lang: Lang) -> Vec<Answer> {
    let mut watchers: BTreeMap<String, Result<Vec<Watcher>, String>> = BTreeMap::new();
    for asked in all {
        let subscription = resource_subscription(estate.text(asked.vm)).unwrap_or_default().to_lowercase();
        if let Entry::Vacant(vacant) = watchers.entry(subscription) {
            let found = client.watchers(vacant.key()).await.map_err(|fault| fault_text(&fault, lang));
            vacant.insert(found);
        }
    }
    let bar = progress_bar();
    bar.set_length(all.len() as u64);
    let watchers = &watchers;
    let bar = &bar;
    let work = all.iter().map(|asked| async move {
        let answer = one(client, estate, watchers, asked, lang).await;
        bar.set_message(resource_name(estate.text(asked.vm)).to_owned());
        bar.inc(1);
        answer
    });
    let answers = stream::iter(work).buffered(AT_ONCE).collect().await;
    bar.finish_and_clear();
    answers
}

async fn one(
    client: &Client,
    estate: &Estate,
    watchers: &BTreeMap<String, Result<Vec<Watcher>, String>>,
    asked: &Asked,
    lang: Lang,
) -> Answer {
    let flow = match &asked.what {
        What::Groups => {
            let said = client.effective_groups(estate.text(asked.nic)).await;
            return said
                .map_or_else(|fault| Answer::None(reason(&fault, GROUPS_ACTION, lang)), Answer::Groups);
        }
        What::Flow(flow) => flow,
    };
    let subscription = resource_subscription(estate.text(asked.vm)).unwrap_or_default().to_lowercase();
    let watcher = match watchers.get(&subscription) {
        Some(Ok(all)) => all.iter().find(|one| asked.region.as_deref() == Some(one.location.as_str())),
        Some(Err(why)) => return Answer::None(why.clone()),
        None => None,
    };
    let Some(watcher) = watcher else {
        let Some(region) = asked.region.as_deref() else {
            let told = pick(
                lang,
                "the input does not tell the region of its network",
                "入力からネットワークのリージョンが分かりません",
            );
            return Answer::None(told.to_owned());
        };
        let told = match lang {
            Lang::En => format!("no Network Watcher in {region}"),
            Lang::Ja => format!("リージョン {region} に Network Watcher がありません"),
        };
        let mend =
            format!("az network watcher configure --locations {region} --enabled true -g NetworkWatcherRG");
        return Answer::None(format!("{told}: {mend}"));
    };
    let question = azure::FlowQuestion {
        watcher: watcher.id.clone(),
        vm: estate.text(asked.vm).to_owned(),
        nic: estate.text(asked.nic).to_owned(),
        outbound: flow.outbound,
        protocol: flow.protocol,
        local: flow.local,
        remote: flow.remote,
    };
    let said = client.verify_flow(&question).await;
    said.map_or_else(|fault| Answer::None(reason(&fault, FLOW_ACTION, lang)), Answer::Flow)
}

/// The rights that the questions need: they are actions, so `Reader` has none of them.
const FLOW_ACTION: &str = "Microsoft.Network/networkWatchers/ipFlowVerify/action";
const GROUPS_ACTION: &str = "Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action";

fn reason(fault: &Fault, action: &str, lang: Lang) -> String {
    let text = fault_text(fault, lang);
    match (fault, lang) {
        (Fault::Refused { .. }, Lang::En) => format!("{text}; it needs {action} (role Network Contributor)"),
        (Fault::Refused { .. }, Lang::Ja) => {
            format!("{text}。{action} (ロール: Network Contributor) が必要です")
        }
        _ => text,
    }
}

fn judge<'a>(
    reach: &Reach<'_>,
    finder: &Finder<'_>,
    asked: &'a Asked,
    answer: Answer,
    lang: Lang,
) -> Row<'a> {
    let estate = reach.estate();
    let mut groups = None;
    let outcome = match (answer, &asked.what) {
        (Answer::None(why), _) => Outcome::NotAnswered(why),
        (Answer::Groups(said), _) => {
            let ours = estate.nic(asked.nic).map(|nic| effective::answer(reach, nic));
            match ours {
                Some((ours, unknown)) if unknown.is_empty() => {
                    let outcome = compare::groups(&ours, &said);
                    groups = matches!(outcome, Outcome::Differs(..)).then_some((ours, said));
                    outcome
                }
                // Where some of it is unknown, an empty answer of ours means nothing.
                _ => Outcome::NotKnown(words::count(&said)),
            }
        }
        (Answer::Flow(said), What::Flow(question)) => {
            match flow(reach, finder, &question.asked(estate, asked)) {
                Ok(ours) => compare::flows(&word(estate, &ours), &said),
                Err(error) => Outcome::NotKnown(format!(
                    "{} {} (Sekimori: {})",
                    said.access,
                    said.rule.unwrap_or_default(),
                    crate::flow::error_text(&error, lang)
                )),
            }
        }
        (Answer::Flow(_), What::Groups) => Outcome::NotAnswered("another question was answered".to_owned()),
    };
    Row { asked, outcome, groups }
}

/// Our answer as Azure would write it: access, rule.
fn word(estate: &Estate, answer: &FlowAnswer) -> (&'static str, Option<String>) {
    (answer.access.name(), answer.rule.map(|(nsg, rule)| rule_name(estate, nsg, rule)))
}
