//! `sekimori fix`: closes what should be closed, proves it first, and can take it back.

mod applied;
mod code;
mod keeps;
mod record;
mod shown;

use anyhow::{anyhow, bail};
use estate::Estate;
use fix::proof::{self, Keep, Need, Proof, Refusal};
use fix::{Ask, Closes, Fix, Options, Plan, Planner, Private, plan, private, share};
use posture::{CHECKS, Finding, Lang, Live, Status, suppress};
use reach::Reach;
use reach::flow::Finder;

use crate::check::live;
use crate::cli::{CheckArgs, FixArgs, FixForm};
use crate::flow::error_text;
use crate::language::pick;
use crate::reached::named_sets;
use crate::settings::{File, choose};
use crate::source::{self, Reading};
use crate::tags;

use record::Records;

/// Everything that a run has worked out.
pub(crate) struct Worked {
    pub(crate) fixes: Vec<(Fix, Proof)>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) keeps: Vec<Keep>,
    /// Findings that are there still after all fixes that say they close them.
    pub(crate) left: Vec<Closes>,
    /// How many failures there were.
    pub(crate) findings: usize,
    /// Whether somebody gets to a login port from where the person comes from.
    pub(crate) own_passes: bool,
    /// What changes in the code that was named.
    changes: Option<Vec<code::Change>>,
}

pub(crate) fn run(args: &FixArgs, file: &File, lang: Lang) -> anyhow::Result<u8> {
    if (args.apply || args.undo.is_some()) && !matches!(args.format, FixForm::Text | FixForm::Json) {
        bail!(pick(
            lang,
            "--apply and --undo make the changes themselves: leave --format out, or take json",
            "--apply と --undo は変更を直接適用します。--format は指定しないか、json を指定してください",
        ));
    }
    if let Some(path) = &args.undo {
        return applied::undo(args, path, lang);
    }
    if args.format == FixForm::Patch && args.code.is_none() {
        bail!(pick(
            lang,
            "--format patch is of code: name its folder with --code",
            "--format patch には --code でコードのフォルダーを指定してください",
        ));
    }
    let code = args.code.as_deref().map(|folder| code::Code::read(folder, lang)).transpose()?;
    let flags = CheckArgs {
        select: args.select.clone(),
        ignore: args.ignore.clone(),
        management_ports: args.management_ports.clone(),
        approve: args.approve.clone(),
        ..CheckArgs::default()
    };
    let chosen = choose(Some(&flags), file, lang)?;
    // To make a machine private takes all that is said of it.
    let checks = if args.private.is_empty() { chosen.checks(false, lang)? } else { CHECKS.to_vec() };
    if !args.sources.is_empty() && args.live.is_narrowed() && !args.apply {
        bail!(pick(
            lang,
            "--subscription, --management-group and --no-directory are for live Azure: leave SOURCE out",
            "--subscription、--management-group、--no-directory は Azure を直接読み取る場合の指定です。SOURCE は指定しないでください",
        ));
    }
    let reading = match args.sources.is_empty() {
        true => live(&args.live, lang)?,
        false => source::read(&args.sources, lang)?,
    };
    source::tell(&reading, lang);
    if !reading.estate.holds_azure() {
        bail!(pick(lang, "nothing usable could be read", "有効なデータを 1 件も読み取れませんでした"));
    }
    if args.apply && reading.expansion.templates > 0 {
        bail!(pick(
            lang,
            "SOURCE is a template or a plan, of which nothing is there to change yet: mend its code (--code)",
            "SOURCE はテンプレートまたはプランのため、変更対象がまだ存在しません。コードを修正してください (--code)",
        ));
    }
    let as_of = crate::check::now(lang)?;
    let tags = tags::list(lang)?;
    let settings = posture::Settings { now: estate::Moment::parse(&as_of), ..chosen.settings() };
    let mut outcome = posture::run(&reading.estate, &tags, &checks, &settings, lang, false);
    let today = as_of.get(..10).and_then(posture::Day::parse);
    if let Some(today) = today {
        suppress(&mut outcome, &reading.estate, &chosen.suppress, today);
    }
    let findings: Vec<&Finding> = outcome
        .findings
        .iter()
        .filter(|finding| finding.status == Status::Fail && is_wanted(args, finding, &reading.estate))
        .collect();
    unknown_names(args, &outcome, &reading.estate, lang)?;
    let records = Records::new(&reading);
    let options = Options {
        close: args.close,
        lease: args.lease,
        passwords_off: args.passwords_off,
        vault: args.vault.clone(),
        backup_policy: args.backup_policy.clone(),
    };
    let mut keeps = keeps_of(args, &reading.estate, &settings, lang)?;
    keeps.extend(
        outcome.suppressed.iter().flat_map(|one| keeps::suppressed(&one.finding, &reading.estate, lang)),
    );
    let made = {
        let reach = Reach::with_tags(&reading.estate, std::sync::Arc::clone(&tags));
        let planner = Planner {
            estate: &reading.estate,
            reach: &reach,
            settings: &settings,
            options: &options,
            lang,
            record: &|id| records.of(id),
        };
        match args.private.is_empty() {
            true => plan(&planner, &findings),
            false => privately(args, &planner, &findings, &mut keeps, lang)?,
        }
    };
    let count = match args.private.is_empty() {
        true => findings.len(),
        false => made.fixes.iter().map(|fix| fix.closes.len()).sum(),
    };
    drop(records);
    let Reading { estate, sources, .. } = reading;
    let whole = estate.problems.is_empty();
    let internet = keeps::internet();
    let mut live = Live::new(estate, &tags, &checks, settings, lang, internet.clone());
    let own_passes = keeps.iter().any(|keep| keep.need == Need::Own && proof::may_pass(&live, keep));
    let fixes: Vec<(Fix, Proof)> = made
        .fixes
        .into_iter()
        .map(|fix| {
            let mut proof = proof::prove(&mut live, &fix, &keeps, &internet);
            if args.lock_me_out {
                proof.refused.retain(|why| {
                    !matches!(why, Refusal::Stops { keep, .. } if keeps.get(*keep).is_some_and(|keep| keep.need == Need::Own))
                });
            }
            (fix, proof)
        })
        .collect();
    let may = fixes.iter().filter(|(_, proof)| proof.refused.is_empty()).map(|(fix, _)| fix);
    let left = proof::left(&live, may);
    let may = fixes.iter().enumerate().filter(|(_, (_, proof))| proof.refused.is_empty());
    let changes = code.map(|code| code.changes(may.map(|(number, (fix, _))| (number, fix)), lang));
    let worked = Worked { fixes, asks: made.asks, keeps, left, findings: count, own_passes, changes };
    // Programs are told what was made; people see first what would be.
    if !(args.apply && args.format == FixForm::Json) {
        shown::show(args, &worked, live.estate(), &sources.names(), &as_of, lang)?;
    }
    let settled = worked.asks.is_empty()
        && worked.left.is_empty()
        && worked.fixes.iter().all(|(_, proof)| proof.refused.is_empty() && proof.doubted.is_empty());
    if args.apply {
        let code = applied::apply(args, &worked, live.estate(), &sources.names(), lang)?;
        // What failed is worse than what could not be read.
        return Ok(match (code.max(u8::from(!settled)), whole) {
            (0, false) => 3,
            (code, _) => code,
        });
    }
    Ok(match (whole, settled) {
        (false, _) => 3,
        (true, true) => 0,
        (true, false) => 1,
    })
}

/// The plan that takes machines' public addresses away; the private ways to them have to pass afterwards.
fn privately(
    args: &FixArgs,
    planner: &Planner<'_>,
    findings: &[&Finding],
    keeps: &mut Vec<Keep>,
    lang: Lang,
) -> anyhow::Result<Plan> {
    let finder = Finder::new(planner.estate);
    let mut relays = Vec::new();
    for text in &args.relay {
        let sets = named_sets(text).ok_or_else(|| match lang {
            Lang::En => anyhow!("--relay takes addresses such as 10.9.0.0/24, not `{text}`"),
            Lang::Ja => anyhow!("--relay には 10.9.0.0/24 のようなアドレスを指定してください: `{text}`"),
        })?;
        relays.push((text.clone(), sets));
    }
    let ways = Private { nat_gateway: args.nat_gateway.clone(), relays };
    let mut plan = Plan::default();
    let mut named: Vec<&String> = args.private.iter().collect();
    named.sort_unstable();
    named.dedup();
    for name in named {
        let vm = finder.vm(name).map_err(|error| anyhow!(error_text(&error, lang)))?;
        match private(planner, vm, findings, &ways) {
            Ok((fix, more)) => {
                plan.fixes.push(fix);
                keeps.extend(more);
            }
            Err(asks) => plan.asks.extend(asks),
        }
    }
    share(&mut plan.fixes);
    Ok(plan)
}

/// Fails where a finding or resource was named that there is none of: a slip of the pen is no success.
fn unknown_names(
    args: &FixArgs,
    outcome: &posture::Outcome,
    estate: &Estate,
    lang: Lang,
) -> anyhow::Result<()> {
    let all = || outcome.findings.iter().filter(|finding| finding.status == Status::Fail);
    for wanted in &args.finding {
        if !all().any(|finding| finding.id(estate).eq_ignore_ascii_case(wanted)) {
            match lang {
                Lang::En => bail!("there is no finding `{wanted}` among those that are selected"),
                Lang::Ja => bail!("選択された検出に `{wanted}` はありません"),
            }
        }
    }
    for wanted in &args.resource {
        let is = |id: &str| {
            estate::resource_name(id).eq_ignore_ascii_case(wanted) || id.eq_ignore_ascii_case(wanted)
        };
        if !estate.records().any(|record| is(estate.text(record.id)))
            && !all().any(|finding| is(estate.text(finding.resource)))
        {
            match lang {
                Lang::En => bail!("the input holds no resource `{wanted}`"),
                Lang::Ja => bail!("入力に `{wanted}` というリソースがありません"),
            }
        }
    }
    Ok(())
}

/// Whether a finding is one of those that were named.
fn is_wanted(args: &FixArgs, finding: &Finding, estate: &Estate) -> bool {
    let id = estate.text(finding.resource);
    let named =
        |name: &String| estate::resource_name(id).eq_ignore_ascii_case(name) || id.eq_ignore_ascii_case(name);
    let finding_named = |wanted: &String| finding.id(estate).eq_ignore_ascii_case(wanted);
    (args.resource.is_empty() || args.resource.iter().any(named))
        && (args.finding.is_empty() || args.finding.iter().any(finding_named))
}

fn keeps_of(
    args: &FixArgs,
    estate: &Estate,
    settings: &posture::Settings,
    lang: Lang,
) -> anyhow::Result<Vec<Keep>> {
    let finder = Finder::new(estate);
    let mut all = Vec::new();
    for text in &args.keep {
        all.push(keeps::keep(text, &finder, estate, &settings.approved, lang)?);
    }
    for path in &args.keep_file {
        all.extend(keeps::batch(path, &finder, lang)?);
    }
    for address in &args.my_address {
        all.extend(keeps::own(address, estate, &settings.management_ports, lang)?);
    }
    Ok(all)
}
