//! `sekimori check TEMPLATE --against azure|SNAPSHOT`: what a deployment would expose that is not exposed now.
//!
//! The template's resources take the place of those with their ids, everything else stays as it is; then both estates are
//! judged, and what was there before is left out.

use std::path::{Path, PathBuf};

use anyhow::bail;
use estate::Estate;
use hashbrown::HashSet;
use posture::{Check, Lang, Outcome, Settings, Status};
use reach::tags::Tags;
use report::Page;
use report::difference::{Compared, to_text as differences_text};

use crate::check::{LIVE, live_file};
use crate::cli::LiveArgs;
use crate::language::pick;
use crate::source::{self, Reading};
use crate::template::Deploy;
use crate::{difference, reached};

/// An estate before a deployment and after it.
pub(crate) struct Against {
    pub(crate) before: Estate,
    pub(crate) after: Reading,
    /// Resources of networks and machines of which nobody knows whether they are there already, as their names are
    /// not known.
    pub(crate) nameless: Vec<String>,
    /// Whether the deployment does something that nothing is told of.
    pub(crate) open: bool,
}

impl Against {
    /// Reads what is there, and what will be.
    pub(crate) fn read(
        templates: &[PathBuf],
        now: &Path,
        live: &LiveArgs,
        deploy: Deploy,
        lang: Lang,
    ) -> anyhow::Result<Self> {
        let folder;
        let (name, path) = match now.as_os_str() == LIVE && !now.exists() {
            true => {
                folder = live_file(live, lang)?;
                (LIVE.to_owned(), folder.1.clone())
            }
            false => (now.display().to_string(), now.to_owned()),
        };
        let mut deploy = deploy;
        let before = source::read_as_source(&name, &path, lang)?;
        source::tell_problems(&before.estate, &before.sources, lang);
        if before.expansion.templates > 0 {
            match lang {
                Lang::En => bail!(
                    "`{name}` is a template or a plan itself: --against takes `azure`, a snapshot or what `az` prints; `sekimori diff` compares two templates"
                ),
                Lang::Ja => bail!(
                    "`{name}` はテンプレートまたはプランです。--against には `azure`、スナップショット、`az` の出力を指定してください。2 つのテンプレートの比較には `sekimori diff` を使ってください"
                ),
            }
        }
        if !before.estate.holds_azure() {
            match lang {
                Lang::En => bail!("`{name}` holds no Azure resource"),
                Lang::Ja => bail!("`{name}` に Azure のリソースが含まれていません"),
            }
        }
        if deploy.place.subscription.is_none() {
            deploy.place.subscription = only_subscription(&before.estate);
        }
        let after = source::read_over(templates, &deploy, (&name, &path), lang)?;
        if after.expansion.templates == 0 {
            bail!(pick(
                lang,
                "--against compares a template with what is there, and SOURCE is no template; `sekimori diff` compares two estates",
                "--against はテンプレートを現在の環境と比較する指定ですが、SOURCE がテンプレートではありません。2 つの環境の比較には `sekimori diff` を使ってください",
            ));
        }
        if let Some(open) = nowhere(&after) {
            match lang {
                Lang::En => bail!("where the template is deployed is not known: {open}"),
                Lang::Ja => bail!("テンプレートのデプロイ先が分かりません: {open} を指定してください"),
            }
        }
        let nameless = nameless(&after);
        let open = after.expansion.linked || after.expansion.untold;
        Ok(Self { before: before.estate, after, nameless, open })
    }
}

/// The subscription of an estate that has but one.
fn only_subscription(estate: &Estate) -> Option<String> {
    let ids = estate.vms.iter().map(|vm| vm.id).chain(estate.nics.iter().map(|nic| nic.id));
    let ids = ids.chain(estate.vnets.iter().map(|vnet| vnet.id)).chain(estate.nsgs.iter().map(|nsg| nsg.id));
    let mut all =
        ids.filter_map(|id| estate::resource_subscription(estate.text(id)).map(str::to_ascii_lowercase));
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// Ids of what may take the place of something that is there, and nobody can tell of what.
fn nameless(reading: &Reading) -> Vec<String> {
    let id = |body: &template::Value| Some(body.object()?.get("id")?.shown()?.into_owned());
    let ids = reading.sources.made().filter_map(|(body, _)| id(body));
    let matters = |id: &String| {
        let kind = estate::resource_type(id).unwrap_or_default().to_ascii_lowercase();
        id.contains('{')
            && (kind.starts_with("microsoft.network/")
                || kind.starts_with("microsoft.compute/virtualmachine"))
    };
    ids.filter(matters).collect()
}

/// Tells that some of what is deployed could not be put in its place.
pub(crate) fn nameless_text(ids: &[String], lang: Lang) -> Option<String> {
    let first = ids.first()?;
    let more = ids.len() - 1;
    Some(match lang {
        Lang::En => format!(
            "whether `{first}`{} takes the place of something that is there is not known, as its name is not: the comparison is not whole",
            if more > 0 { format!(" (and {more} more)") } else { String::new() }
        ),
        Lang::Ja => format!(
            "`{first}`{} は名前が決まらないため、既存のリソースを置き換えるかどうか分かりません。比較は完全ではありません",
            if more > 0 { format!(" ほか {more} 件") } else { String::new() }
        ),
    })
}

/// The flag that is missing for the template's ids to be those of Azure.
fn nowhere(reading: &Reading) -> Option<&'static str> {
    let mut group = false;
    for (body, _) in reading.sources.made() {
        let id = body
            .object()
            .and_then(|body| body.get("id"))
            .and_then(template::Value::shown)
            .unwrap_or_default();
        if id.contains("{subscription}") {
            return Some("--subscription ID");
        }
        group |= id.contains("{resourceGroup}");
    }
    group.then_some("--resource-group NAME")
}

/// What both estates are judged by.
pub(crate) struct Judged<'j> {
    pub(crate) tags: &'j std::sync::Arc<Tags>,
    pub(crate) checks: &'j [&'static Check],
    pub(crate) settings: &'j Settings,
    pub(crate) lang: Lang,
}

/// Leaves out the findings that are there already: how many.
pub(crate) fn keep_new(outcome: &mut Outcome, after: &Estate, before: &Estate, by: &Judged<'_>) -> usize {
    let earlier = posture::run(before, by.tags, by.checks, by.settings, by.lang, false);
    let known: HashSet<String> = earlier.findings.iter().map(|finding| finding.id(before)).collect();
    let (mut kept, mut left) = (Vec::new(), 0);
    for finding in std::mem::take(&mut outcome.findings) {
        if finding.status != Status::Fail || !known.contains(&finding.id(after)) {
            kept.push(finding);
            continue;
        }
        left += 1;
        outcome.tally.fail = outcome.tally.fail.saturating_sub(1);
        if let Some(tally) = outcome.by_check.iter_mut().find(|its| its.check.code == finding.check.code) {
            tally.fail = tally.fail.saturating_sub(1);
        }
    }
    outcome.findings = kept;
    left
}

/// Tells how many findings are left out.
pub(crate) fn left_out(count: usize, exposes: &Compared, lang: Lang) -> String {
    let of = |kind: &str| exposes.summary.get(kind).copied().unwrap_or(0);
    let wider = of("appeared") + of("widened") + of("moved");
    let doubted = of("doubted");
    match lang {
        Lang::En => format!(
            "only what the deployment brings is listed: {count} findings are there already; from the internet {wider} ways appear or widen, {doubted} cannot be told"
        ),
        Lang::Ja => format!(
            "デプロイによって新たに生じるものだけを示します (既存の検出 {count} 件は省略)。インターネットからの経路: 出現または拡大 {wider} 件、不明 {doubted} 件"
        ),
    }
}

/// Who reaches what after the deployment and not before.
pub(crate) fn exposes(before: &Estate, after: &Estate, lang: Lang) -> anyhow::Result<Compared> {
    const FROM: &str = "internet";
    difference::compare(before, after, FROM, &reached::sets(FROM, lang)?, lang)
}

/// The same for people.
pub(crate) fn to_text(exposes: &Compared, lang: Lang, page: &Page) -> String {
    let head = pick(
        lang,
        "what this deployment changes for the internet",
        "このデプロイによるインターネットからの到達性の変化",
    );
    format!("{head}\n\n{}\n", differences_text(exposes, lang, page))
}
