//! `sekimori import`: results of other tools beside ours.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use estate::{Estate, ResourceId};
use peers::{Open, Ours, Own, OwnStatus, Protocol, Report, compare};
use posture::{CHECKS, Day, Finding, Lang, Outcome, Reference, Status, suppress};
use reach::Protocols;
use report::beside::{beside, fault_text, to_text};

use crate::check::now;
use crate::cli::{Form, ImportArgs};
use crate::settings::{File, choose};
use crate::source::{self, Encoding, Reading};
use crate::{output, tags};

/// Some input could not be read in full.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(args: &ImportArgs, file: &File, lang: Lang) -> anyhow::Result<u8> {
    let is_input = |path: &&std::path::PathBuf| path.as_os_str() == "-";
    if args.from.iter().chain(&args.sources).filter(is_input).count() > 1 {
        match lang {
            Lang::En => bail!("`-` is standard input, which can be read once: give a file for the other"),
            Lang::Ja => {
                bail!("`-` (標準入力) は 1 回しか指定できません。もう一方にはファイルを指定してください")
            }
        }
    }
    let (mut files, mut reports) = (Vec::new(), Vec::new());
    // What cannot be used is told before the work, not after it.
    for path in &args.from {
        for report in read(path, lang)? {
            files.push(path.display().to_string());
            reports.push(report);
        }
    }
    let chosen = choose(None, file, lang)?;
    let checks = chosen.checks(false, lang)?;
    let Reading { estate, sources, .. } = source::read(&args.sources, lang)?;
    source::tell_problems(&estate, &sources, lang);
    if !estate.holds_azure() {
        match lang {
            Lang::En => bail!("the sources hold no Azure resource"),
            Lang::Ja => bail!("入力に Azure のリソースが含まれていません"),
        }
    }
    let as_of = now(lang)?;
    let settings = posture::Settings { now: estate::Moment::parse(&as_of), ..chosen.settings() };
    let mut outcome = posture::run(&estate, &tags::list(lang)?, &checks, &settings, lang, true);
    let today = as_of.get(..10).and_then(Day::parse).unwrap_or(Day { year: 1970, month: 1, day: 1 });
    suppress(&mut outcome, &estate, &chosen.suppress, today);
    let own = own(&outcome, &estate);
    let codes: Vec<&'static str> = CHECKS.iter().chain(&checks).map(|check| check.code).collect();
    let known = |id: &str| estate.ids().find(id).is_some();
    let ours = Ours { own: &own, codes: &codes, keys: &assessments(), known: &known };
    let compared = compare(&ours, &reports);
    let answer = beside(&compared, &files, &reports);
    match args.form.form {
        Form::Json => output::print_plain(&(serde_json::to_string_pretty(&answer)? + "\n"))?,
        Form::Text => output::print(&to_text(&answer, lang, &output::page()))?,
    }
    let complete = estate.problems.is_empty() && reports.iter().all(|report| report.skipped == 0);
    Ok(match (complete, compared.pairs.iter().any(|pair| pair.kind.is_contradiction())) {
        (false, _) => INCOMPLETE,
        (true, contradicts) => u8::from(contradicts),
    })
}

/// What other tools say in a file.
fn read(path: &Path, lang: Lang) -> anyhow::Result<Vec<Report>> {
    let name = path.display();
    let context = || match lang {
        Lang::En => format!("cannot read `{name}`"),
        Lang::Ja => format!("`{name}` を読み取れません"),
    };
    let mut file: Box<dyn Read + Send> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(fs::File::open(path).with_context(context)?),
    };
    let mut first = Vec::new();
    file.by_ref().take(4).read_to_end(&mut first).with_context(context)?;
    let encoding = Encoding::of(&first);
    let whole = encoding.decode(std::io::Cursor::new(first).chain(file)).with_context(context)?;
    let mut bytes = Vec::new();
    // One byte more than is taken tells that there is too much.
    whole.take(peers::LIMIT + 1).read_to_end(&mut bytes).with_context(context)?;
    peers::read(&bytes).map_err(|fault| match lang {
        Lang::En => anyhow!("`{name}` cannot be used: {}", fault_text(&fault, lang)),
        Lang::Ja => anyhow!("`{name}` を利用できません: {}", fault_text(&fault, lang)),
    })
}

/// Assessments of Defender for Cloud, with the checks that judge the same.
fn assessments() -> Vec<(&'static str, &'static str)> {
    let keys = CHECKS.iter().flat_map(|check| check.refs.iter().map(|reference| (check.code, reference)));
    keys.filter_map(|(code, reference)| match reference {
        Reference::Defender(key) => Some((*key, code)),
        _ => None,
    })
    .collect()
}

/// Everything that we say, finding by finding.
fn own(outcome: &Outcome, estate: &Estate) -> Vec<Own> {
    let found = outcome.findings.iter().map(|finding| match finding.status {
        Status::Fail => of_finding(finding, OwnStatus::Fail, estate),
        Status::Pass => of_finding(finding, OwnStatus::Pass, estate),
    });
    let suppressed =
        outcome.suppressed.iter().map(|row| of_finding(&row.finding, OwnStatus::Suppressed, estate));
    let mut all: Vec<Own> = found.chain(suppressed).collect();
    for (code, resources) in &outcome.unknown_resources {
        let rows: Vec<_> = outcome.unknown.iter().filter(|row| row.code == *code).collect();
        all.extend(resources.iter().map(|id| {
            // Just some of the resources of a reason are named; where there is one reason, it is that of all.
            let named = rows.iter().find(|row| row.sample.contains(id));
            let only = rows.first().filter(|_| rows.len() == 1);
            Own {
                code,
                id: None,
                status: OwnStatus::Unknown,
                resource: estate.text(*id).to_owned(),
                touches: around(estate, *id),
                opens: None,
                message: named.or(only).map(|row| row.reason.clone()).unwrap_or_default(),
                settled_by: named.or(only).map(|row| row.settled_by.clone()),
            }
        }));
    }
    all.extend(outcome.not_assessed.iter().map(|(check, reason)| Own {
        code: check.code,
        id: None,
        status: OwnStatus::NotAssessed,
        resource: String::new(),
        touches: Vec::new(),
        opens: None,
        message: reason.clone(),
        settled_by: None,
    }));
    all
}

fn of_finding(finding: &Finding, status: OwnStatus, estate: &Estate) -> Own {
    let text = |id: ResourceId| estate.text(id).to_owned();
    let mut touches = around(estate, finding.resource);
    touches.extend(finding.cause.iter().map(|cause| text(cause.resource)));
    for open in &finding.evidence {
        touches.extend([open.via, open.nic].map(text));
        touches.extend(open.subnet.map(text));
        touches.extend(open.decided_by.iter().map(|rule| text(rule.nsg)));
    }
    touches.sort_unstable();
    touches.dedup();
    touches.retain(|one| *one != estate.text(finding.resource));
    Own {
        code: finding.check.code,
        id: (status != OwnStatus::Pass).then(|| finding.id(estate)),
        status,
        resource: text(finding.resource),
        touches,
        opens: opens(finding),
        message: finding.message.clone(),
        settled_by: None,
    }
}

/// What is open by a finding: by its evidence, or by its facts where nothing stands behind what would let it in.
fn opens(finding: &Finding) -> Option<Vec<Open>> {
    let mut all: Vec<Open> = Vec::new();
    for open in &finding.evidence {
        let (first, last) = (open.ports.first, open.ports.last);
        for (ours, protocol) in [(Protocols::TCP, Protocol::Tcp), (Protocols::UDP, Protocol::Udp)] {
            all.extend(open.protocol.contains(ours).then_some(Open { protocol, first, last }));
        }
    }
    for (name, value) in &finding.facts {
        let protocol = match *name {
            "tcp_ports" => Protocol::Tcp,
            "udp_ports" => Protocol::Udp,
            _ => continue,
        };
        all.extend(value.split(", ").filter_map(|ports| {
            let (first, last) = match ports.split_once('-') {
                _ if ports == "*" => (0, u16::MAX),
                Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
                None => (ports.parse().ok()?, ports.parse().ok()?),
            };
            Some(Open { protocol, first, last })
        }));
    }
    (!all.is_empty()).then_some(all)
}

/// The networks of a machine: others judge by these what we judge by machines.
fn around(estate: &Estate, id: ResourceId) -> Vec<String> {
    let nics = estate.vm(id).into_iter().flat_map(|vm| &vm.nics).filter_map(|nic| estate.nic(*nic));
    let addresses = nics.filter_map(|nic| nic.ip_configurations.as_ref()?.value()).flatten();
    let subnets = addresses.filter_map(|ip| estate.subnet(*ip.subnet.as_ref()?.value()?));
    subnets.filter_map(|subnet| Some(estate.text(subnet.vnet?).to_owned())).collect()
}
