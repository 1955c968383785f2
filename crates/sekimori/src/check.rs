//! `sekimori check`.

use std::mem::ManuallyDrop;

use anyhow::{Context, bail};
use posture::{Lang, Settings, Status};
use report::{Report, to_json, to_text};

use crate::cli::{CheckArgs, Format};
use crate::language::pick;
use crate::source::{self, Reading};
use crate::{output, select};

pub(crate) fn run(args: &CheckArgs, lang: Lang) -> anyhow::Result<u8> {
    let checks = select::checks(&args.select, &args.ignore, lang)?;
    let required = select::codes(&args.require, lang)?;
    if args.sources.is_empty() {
        bail!(pick(
            lang,
            "no SOURCE: name a file, a folder or -; this version does not read live Azure yet. In Cloud Shell:\n  mkdir -p estate\n  az vm list -d -o json > estate/vms.json\n  az network nic list -o json > estate/nics.json\n  az network public-ip list -o json > estate/public-ips.json\n  az network nsg list -o json > estate/nsgs.json\n  az network vnet list -o json > estate/vnets.json\n  sekimori check estate",
            "SOURCE が指定されていません。ファイル、フォルダー、- のいずれかを指定してください (このバージョンでは Azure を直接読み取れません)。Cloud Shell では次のように実行します:\n  mkdir -p estate\n  az vm list -d -o json > estate/vms.json\n  az network nic list -o json > estate/nics.json\n  az network public-ip list -o json > estate/public-ips.json\n  az network nsg list -o json > estate/nsgs.json\n  az network vnet list -o json > estate/vnets.json\n  sekimori check estate",
        ));
    }
    // The process ends after the report: taking a large estate apart first would only cost time.
    let Reading { estate, sources } = &*ManuallyDrop::new(source::read(&args.sources, lang)?);
    let settings = Settings::default();
    let outcome = posture::run(estate, &checks, &settings, lang, args.all);
    let excerpts = args.format == Format::Text;
    let locate = |origin: estate::Origin, pointer: &str| sources.locate(origin, pointer, excerpts);
    let errors = estate
        .problems
        .iter()
        .map(|problem| (problem.clone(), sources.locate_problem(&problem.at)))
        .collect();
    let usable = estate.holds_azure();
    let report = Report {
        estate,
        source: sources.names(),
        as_of: now()?,
        tags_data: reach::TAGS_DATA,
        outcome: &outcome,
        errors,
        locate: &locate,
        checks: &checks,
        lang,
    };
    match args.format {
        Format::Json => output::print(&(to_json(&report) + "\n"))?,
        Format::Text if usable => output::print(&to_text(&report, output::style()))?,
        Format::Text => {
            for (problem, at) in report.errors.iter().take(20) {
                let text = report::problem_text(&problem.kind, lang, &|_| "?".to_owned());
                output::note(&format!("{}:{}:{}: {text}", at.file, at.line, at.column));
            }
        }
    }
    if !usable {
        let message = pick(lang, "nothing usable could be read", "有効なデータを 1 件も読み取れませんでした");
        output::note(&format!("{}: {message}", pick(lang, "error", "エラー")));
        return Ok(2);
    }
    let unknown = |code: &&str| {
        outcome.unknown.iter().any(|row| row.code == *code)
            || outcome.not_assessed.iter().any(|(check, _)| check.code == *code)
    };
    if !estate.problems.is_empty() || required.iter().any(unknown) {
        return Ok(3);
    }
    let fails =
        |finding: &posture::Finding| finding.status == Status::Fail && args.fail_on.fails(finding.severity);
    Ok(u8::from(outcome.findings.iter().any(fails)))
}

/// The moment of the check. `SOURCE_DATE_EPOCH` sets it, for output that can be compared
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
fn now() -> anyhow::Result<String> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().context("SOURCE_DATE_EPOCH is not a number of seconds")?,
        Err(_) => {
            #[expect(
                clippy::disallowed_methods,
                reason = "the program is the one place that reads the clock"
            )]
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        }
    };
    Ok(jiff::Timestamp::from_second(seconds)?.to_string())
}
