//! `sekimori check`.

use std::fs;
use std::io::{IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use config::Format;
use posture::{Baseline, Comparison, Day, Finding, Lang, Outcome, Status, compare, suppress};
use report::{Page, Report};

use crate::against::{self, Against, Judged};
use crate::cli::{CheckArgs, LiveArgs};
use crate::language::pick;
use crate::policy::{self, Policies, World};
use crate::settings::{Chosens, File, choose};
use crate::source::{self, Reading};
use crate::template::Expansion;
use crate::version::VERSION;
use crate::{collect, configuration, notices, output, select, tags};

pub(crate) fn run(args: &CheckArgs, file: &File, lang: Lang) -> anyhow::Result<u8> {
    let chosen = choose(Some(args), file, lang)?;
    let checks = chosen.checks(!args.policy.is_empty(), lang)?;
    let required = select::codes(&chosen.require.value, lang)?;
    let targets = targets(args, chosen.format.value, lang)?;
    let policies = Policies::read(&args.policy, lang)?;
    let several = args.live.subscription.len() > 1 || args.live.is_narrowed_otherwise();
    if !args.sources.is_empty() && several && args.against.is_none() {
        bail!(not_live(lang));
    }
    if args.sources.is_empty() && (args.deploy.deploy(None).is_given() || args.against.is_some()) {
        bail!(pick(
            lang,
            "--parameters, --resource-group, --location and --against are for templates: name one as SOURCE",
            "--parameters、--resource-group、--location、--against はテンプレート用の指定です。SOURCE にテンプレートを指定してください",
        ));
    }
    // What cannot be had is told before the work, not after it.
    let baseline = chosen.baseline.value.as_deref().map(|path| baseline(path, lang)).transpose()?;
    if chosen.fail_on_new.value && baseline.is_none() {
        bail!(pick(
            lang,
            "--fail-on-new needs --baseline: an earlier report in JSON",
            "--fail-on-new には --baseline (以前の JSON レポート) が必要です",
        ));
    }
    for path in targets.iter().filter_map(|target| target.path.as_ref()) {
        output::check_writable(path, lang)?;
    }
    if targets.iter().any(|target| target.path.is_some()) {
        output::tidy_on_signals();
    }
    // The process ends after the report: taking a large estate and its findings apart first would only cost time.
    let deploy = args.deploy.deploy(args.live.subscription.first().map(String::as_str));
    let (mut nameless, mut untold) = (Vec::new(), false);
    let (reading, before) = match (&args.against, args.sources.is_empty()) {
        (Some(now), _) => {
            if !args.policy.is_empty() {
                bail!(pick(
                    lang,
                    "--policy judges what is there: leave --against out, or judge by policies in a check of its own",
                    "--policy は --against と併用できません。ポリシーによる判定は別に実行してください",
                ));
            }
            let Against { before, after, nameless: ids, open } =
                Against::read(&args.sources, now, &args.live, deploy, lang)?;
            nameless = ids;
            untold = open;
            (after, Some(before))
        }
        (None, true) => (live(&args.live, lang)?, None),
        (None, false) => (source::read_deployed(&args.sources, &deploy, lang)?, None),
    };
    let reading = ManuallyDrop::new(reading);
    if !args.sources.is_empty() && !args.live.subscription.is_empty() && reading.expansion.templates == 0 {
        bail!(not_live(lang));
    }
    let Reading { estate, sources, .. } = &*reading;
    for path in targets.iter().filter_map(|target| target.path.as_ref()) {
        if sources.files().any(|source| output::same_file(source, path)) {
            let name = path.display();
            match lang {
                Lang::En => bail!("--output names `{name}`, which is read as a source"),
                Lang::Ja => bail!("--output に指定された `{name}` は、入力として読み取るファイルです"),
            }
        }
    }
    let as_of = now(lang)?;
    let tags = tags::list(lang)?;
    let settings = posture::Settings { now: estate::Moment::parse(&as_of), ..chosen.settings() };
    let judgement = policies.as_ref().map(|policies| policy::judge(policies, estate, sources, &as_of, lang));
    let faults = policies.as_ref().map(|policies| policies.faults(lang)).unwrap_or_default();
    let mut checks = checks;
    let mut faults = faults;
    let mut notices = source::told(&reading);
    notices.extend(against::nameless_text(&nameless, lang));
    let given = match policies.as_ref().zip(judgement) {
        None => Vec::new(),
        Some((policies, judgement)) => {
            let world = World { estate, sources, tags: &tags, settings: &settings, as_of: &as_of, lang };
            let own = policy::own(policies, &world)?;
            faults.extend(own.faults.iter().map(|fault| policy::told(fault, lang)));
            if !judgement.rows.is_empty() {
                notices.push(policy::summary(policies, &judgement, lang));
            }
            let brought = [policy::checks(&judgement), own.checks].concat();
            let brought = select::more(&chosen.select.value, &chosen.ignore.value, &brought, lang)
                .inspect_err(|_| {
                    faults.iter().for_each(|fault| output::note(fault));
                })?;
            let wanted = |one: &posture::Given| brought.iter().any(|check| check.code == one.check.code);
            let given = judgement.given.into_iter().chain(own.given).filter(wanted).collect();
            checks.extend(brought);
            given
        }
    };
    notices.extend(faults.iter().cloned());
    let outcome = posture::run_with(estate, &tags, &checks, &settings, lang, args.all, given);
    let mut outcome = ManuallyDrop::new(outcome);
    let exposes = match &before {
        Some(before) => {
            let world = Judged { tags: &tags, checks: &checks, settings: &settings, lang };
            let there = against::keep_new(&mut outcome, estate, before, &world);
            let exposes = against::exposes(before, estate, lang)?;
            notices.push(against::left_out(there, &exposes, lang));
            Some(exposes)
        }
        None => None,
    };
    let today = as_of.get(..10).and_then(Day::parse).unwrap_or(Day { year: 1970, month: 1, day: 1 });
    let stale = suppress(&mut outcome, estate, &chosen.suppress, today);
    notices.extend(notices::of_suppressions(&stale, &chosen.suppress, file, lang));
    let comparison = baseline.map(|before| compare(&outcome, estate, before));
    let locate = |origin: estate::Origin, pointer: &str| sources.locate(origin, pointer);
    let excerpts = |origin: estate::Origin, pointer: &str| sources.excerpts(origin, pointer);
    let errors = estate
        .problems
        .iter()
        .map(|problem| (problem.clone(), sources.locate_problem(&problem.at)))
        .collect();
    let own_settings = configuration::own(&chosen, file, lang);
    let unmet: Vec<_> = required.into_iter().filter(|code| !judged(&outcome, code)).collect();
    let report = Report {
        estate,
        source: sources.names(),
        as_of,
        version: VERSION,
        tags_data: &tags.date,
        outcome: &outcome,
        suppressions: &chosen.suppress,
        settings: &settings,
        own_settings: &own_settings,
        unmet: &unmet,
        comparison: comparison.as_ref(),
        exposes: exposes.as_ref(),
        notices: &notices,
        errors,
        locate: &locate,
        excerpts: &excerpts,
        catalogues: &args.compliance,
        checks: &checks,
        lang,
    };
    // A template may deploy nothing, by its conditions.
    let nothing = |expansion: &Expansion| expansion.templates > 0 && !expansion.untold;
    let usable = estate.holds_azure() || estate.problems.is_empty() && nothing(&reading.expansion);
    for target in &targets {
        // Of nothing there is no report; JSON tells programs what was wrong.
        if usable || target.format == Format::Json {
            write(&report, target)?;
        }
    }
    if !usable {
        tell_errors(&report);
        let message = pick(lang, "nothing usable could be read", "有効なデータを 1 件も読み取れませんでした");
        output::note(&format!("{}: {message}", pick(lang, "error", "エラー")));
        return Ok(2);
    }
    if !targets.iter().any(|target| target.format == Format::Text && target.path.is_none()) {
        // Whoever reads the text form has seen these there.
        notices.iter().for_each(|notice| output::note(notice));
        tell_errors(&report);
    }
    tell_unmet(&report);
    Ok(if faults.is_empty() && nameless.is_empty() && !untold { exit_code(&report, &chosen) } else { 3 })
}

/// What says which part of Azure is read, beside sources that are read.
fn not_live(lang: Lang) -> &'static str {
    pick(
        lang,
        "--subscription, --management-group and --no-directory are for live Azure: leave SOURCE out; of a template, --subscription says where it is deployed",
        "--subscription、--management-group、--no-directory は Azure を直接読み取る場合の指定です。SOURCE は指定しないでください。テンプレートでは --subscription でデプロイ先を 1 つ指定できます",
    )
}

/// What runs in Azure now: collected into a file that goes away, and read as any other.
pub(crate) fn live(args: &LiveArgs, lang: Lang) -> anyhow::Result<Reading> {
    let (_folder, path) = live_file(args, lang)?;
    source::read_as(LIVE, &path)
}

/// What people call live Azure.
pub(crate) const LIVE: &str = "azure";

/// What runs in Azure now, in a file that goes away with its folder.
pub(crate) fn live_file(args: &LiveArgs, lang: Lang) -> anyhow::Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::Builder::new().prefix("sekimori-").tempdir()?;
    output::goes_away(folder.path());
    output::tidy_on_signals();
    let path = folder.path().join("azure.ndjson.zst");
    collect::snapshot(args, &path, None, lang)?;
    Ok((folder, path))
}

/// Whether a check ran and could judge everything that it looked at.
fn judged(outcome: &Outcome, code: &str) -> bool {
    outcome.by_check.iter().any(|its| its.check.code == code)
        && outcome.unknown.iter().all(|row| row.code != code)
        && outcome.not_assessed.iter().all(|(check, _)| check.code != code)
}

/// Tells which required checks were not judged, and what would settle it.
fn tell_unmet(report: &Report<'_>) {
    let lang = report.lang;
    for code in report.unmet {
        let row = report.outcome.unknown.iter().find(|row| row.code == *code);
        let not_assessed = report.outcome.not_assessed.iter().find(|(check, _)| check.code == *code);
        let why = match (row, not_assessed, lang) {
            (Some(row), _, Lang::En) => {
                format!("unknown for {}: {}; settled by {}", row.count, row.reason, row.settled_by)
            }
            (Some(row), _, Lang::Ja) => {
                format!("{} 件が不明です ({})。解決方法: {}", row.count, row.reason, row.settled_by)
            }
            (None, Some((_, reason)), _) => reason.clone(),
            (None, None, Lang::En) => "it did not run; see --select and --ignore".to_owned(),
            (None, None, Lang::Ja) => {
                "実行されていません。--select と --ignore を確認してください".to_owned()
            }
        };
        output::note(&match lang {
            Lang::En => format!("{code} is required and was not judged: {why}"),
            Lang::Ja => format!("必須のチェック {code} を判定できません: {why}"),
        });
    }
}

/// Tells what could not be read, the first places of it.
fn tell_errors(report: &Report<'_>) {
    const TOLD: usize = 20;
    for (problem, at) in report.errors.iter().take(TOLD) {
        let text = report::problem_text(&problem.kind, report.lang, &|_| "?".to_owned());
        output::note(&format!("{}:{}:{}: {text}", at.file, at.line, at.column));
    }
    let more = report.errors.len().saturating_sub(TOLD);
    if more > 0 {
        output::note(&match report.lang {
            Lang::En => format!("… and {more} more"),
            Lang::Ja => format!("… ほか {more} 件"),
        });
    }
}

fn exit_code(report: &Report<'_>, chosen: &Chosens) -> u8 {
    let outcome: &Outcome = report.outcome;
    if !report.errors.is_empty() || !report.unmet.is_empty() {
        return 3;
    }
    let counts = |finding: &Finding| match (chosen.fail_on_new.value, report.comparison) {
        (true, Some(comparison)) => Comparison::is_new(comparison, &finding.id(report.estate)),
        _ => true,
    };
    let fails = |finding: &Finding| {
        finding.status == Status::Fail && chosen.fail_on.value.fails(finding.severity) && counts(finding)
    };
    let wider = report.exposes.is_some_and(report::difference::Compared::is_wider);
    u8::from(wider || outcome.findings.iter().any(fails))
}

/// Where a report goes, and in which form.
struct Target {
    format: Format,
    /// Standard output without one.
    path: Option<PathBuf>,
}

/// Where the report goes. The name of a file tells its form; `--format` says it where the name does
/// not, and for a single file it has the last word.
fn targets(args: &CheckArgs, format: Format, lang: Lang) -> anyhow::Result<Vec<Target>> {
    if args.output.is_empty() {
        return Ok(vec![Target { format, path: None }]);
    }
    let single = args.output.len() == 1;
    let told = |path: &PathBuf| path.as_os_str() != "-" && Format::of_file(&path.to_string_lossy()).is_some();
    if !single && args.format.is_some() && args.output.iter().all(told) {
        bail!(pick(
            lang,
            "--format has no effect here: the names of the files tell their forms; leave it out, or add `-o -`",
            "ファイル名で形式が決まるため、--format は無効です。--format を外すか、`-o -` を加えてください",
        ));
    }
    let mut targets: Vec<Target> = Vec::new();
    for path in &args.output {
        let standard = path.as_os_str() == "-";
        let of_name = Format::of_file(&path.to_string_lossy());
        let chosen = match args.format {
            Some(format) if standard || single => Some(format),
            given if standard => Some(given.unwrap_or(format)),
            given => of_name.or(given),
        };
        let Some(chosen) = chosen else {
            let name = path.display();
            match lang {
                Lang::En => bail!(
                    "the name of `{name}` tells no form; let it end in .html, .json, .sarif, .md, .csv, .xml, .xlsx, .ocsf.json, .defender.csv or .txt, or add --format"
                ),
                Lang::Ja => bail!(
                    "`{name}` という名前からは形式が分かりません。拡張子を .html、.json、.sarif、.md、.csv、.xml、.xlsx、.ocsf.json、.defender.csv、.txt のいずれかにするか、--format を指定してください"
                ),
            }
        };
        let path = (!standard).then(|| path.clone());
        let same = |other: &Option<PathBuf>| match (other, &path) {
            (Some(a), Some(b)) => output::same_file(a, b),
            (None, None) => true,
            _ => false,
        };
        if targets.iter().any(|target| same(&target.path)) {
            let name = path.as_ref().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
            match lang {
                Lang::En => bail!("--output names `{name}` twice"),
                Lang::Ja => bail!("--output に `{name}` が重複しています"),
            }
        }
        targets.push(Target { format: chosen, path });
    }
    Ok(targets)
}

fn write(report: &Report<'_>, target: &Target) -> anyhow::Result<()> {
    let lang = report.lang;
    let page = if target.path.is_some() { Page::PLAIN } else { output::page() };
    let text = match target.format {
        Format::Text => {
            let exposes = report.exposes.map(|exposes| against::to_text(exposes, lang, &page));
            exposes.unwrap_or_default() + &report::to_text(report, page)
        }
        // The longest forms are never in memory as a whole.
        Format::Json | Format::Ocsf | Format::Xlsx => String::new(),
        Format::Sarif => report::to_sarif(report),
        Format::Html => report::to_html(report),
        Format::Markdown => report::to_markdown(report),
        Format::Csv => report::to_csv(report),
        Format::DefenderCsv => report::to_defender_csv(report),
        Format::Junit => report::to_junit(report),
    };
    if target.format == Format::Xlsx && target.path.is_none() && std::io::stdout().is_terminal() {
        bail!(pick(
            lang,
            "a workbook is nothing for a terminal: name a file with --output report.xlsx",
            "Excel ブックは端末に表示できません。--output report.xlsx のようにファイルを指定してください",
        ));
    }
    let workbook = match target.format {
        Format::Xlsx => report::to_xlsx(report)?,
        _ => Vec::new(),
    };
    let fill = |out: &mut dyn Write| match target.format {
        Format::Json => report::write_json(report, out),
        Format::Ocsf => report::write_ocsf(report, out),
        Format::Xlsx => out.write_all(&workbook),
        _ => out.write_all(text.as_bytes()),
    };
    match &target.path {
        None if target.format == Format::Text => output::print(&text),
        None => output::print_pieces(fill),
        Some(path) => {
            output::fill_file(path, lang, fill)?;
            output::note(&written(path, target.format, lang));
            Ok(())
        }
    }
}

/// What was written, and how to look at it.
fn written(path: &Path, format: Format, lang: Lang) -> String {
    let name = path.display();
    let regular = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    match (format, fs::canonicalize(path).ok().filter(|_| regular).and_then(|path| address(&path)), lang) {
        (Format::Html, Some(address), Lang::En) => {
            format!("wrote {name}; look at it in a browser: {address}")
        }
        (Format::Html, Some(address), Lang::Ja) => {
            format!("{name} に書き込みました。ブラウザーで開けます: {address}")
        }
        (_, _, Lang::En) => format!("wrote {name}"),
        (_, _, Lang::Ja) => format!("{name} に書き込みました"),
    }
}

/// The address of a file, as terminals make links of it.
fn address(path: &Path) -> Option<String> {
    let path = path.to_str()?.trim_start_matches(r"\\?\").replace('\\', "/");
    let mut address = String::from(if path.starts_with('/') { "file://" } else { "file:///" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                address.push(byte.into());
            }
            _ => address += &format!("%{byte:02X}"),
        }
    }
    Some(address)
}

/// Reads an earlier report.
fn baseline(path: &Path, lang: Lang) -> anyhow::Result<Baseline> {
    let name = path.display();
    let opened = fs::File::open(path).with_context(|| match lang {
        Lang::En => format!("cannot open the baseline `{name}`"),
        Lang::Ja => format!("基準レポート `{name}` を開けません"),
    })?;
    report::read_earlier(opened).map_err(|error| match lang {
        Lang::En => anyhow!(
            "the baseline `{name}` cannot be used: {}; write one with `sekimori check … -o baseline.json`",
            error.text(lang)
        ),
        Lang::Ja => anyhow!(
            "基準レポート `{name}` を利用できません: {}。`sekimori check … -o baseline.json` で作成してください",
            error.text(lang)
        ),
    })
}

/// The moment of the check. `SOURCE_DATE_EPOCH` sets it, for output that can be compared
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub(crate) fn now(lang: Lang) -> anyhow::Result<String> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().context(pick(
            lang,
            "SOURCE_DATE_EPOCH is not a number of seconds",
            "SOURCE_DATE_EPOCH が秒数ではありません",
        ))?,
        Err(_) => return clock(),
    };
    Ok(jiff::Timestamp::from_second(seconds)?.to_string())
}

/// What the clock of this machine says.
pub(crate) fn clock() -> anyhow::Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the program is the one place that reads the clock")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(jiff::Timestamp::from_second(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))?.to_string())
}
