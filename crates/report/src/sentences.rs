//! What a check found, in a few sentences.

use std::collections::{BTreeMap, BTreeSet};

use estate::ResourceId;
use posture::{Lang, Settings, Severity, Status, grouped};

use crate::Report;
use crate::blocks::named;
use crate::clean::clean;
use crate::words::{counted, moment_text, pick};

/// `11 VMs, 11 NICs, …`: what was looked at.
pub(crate) fn looked_at(report: &Report<'_>) -> String {
    let estate = report.estate;
    let described = estate.vms.iter().filter(|vm| vm.described).count();
    let mentioned = estate.vms.len() - described;
    let rest = estate.count() - described - estate.nics.len() - estate.nsgs.len() - estate.public_ips.len();
    match report.lang {
        Lang::En => {
            let mut parts = vec![
                counted(described, "VM", "VMs"),
                counted(estate.nics.len(), "NIC", "NICs"),
                counted(estate.nsgs.len(), "security group", "security groups"),
                counted(estate.public_ips.len(), "public IP address", "public IP addresses"),
            ];
            if mentioned > 0 {
                parts.push(counted(mentioned, "VM known by its NIC only", "VMs known by their NICs only"));
            }
            if rest > 0 {
                parts.push(counted(rest, "other resource", "other resources"));
            }
            parts.join(", ")
        }
        Lang::Ja => {
            let number = |number: usize| grouped(number as u128);
            let mut parts = vec![
                format!("VM {} 台", number(described)),
                format!("NIC {} 個", number(estate.nics.len())),
                format!("NSG {} 個", number(estate.nsgs.len())),
                format!("パブリック IP {} 個", number(estate.public_ips.len())),
            ];
            if mentioned > 0 {
                parts.push(format!("NIC の情報にのみ現れる VM {} 台", number(mentioned)));
            }
            if rest > 0 {
                parts.push(format!("その他のリソース {} 個", number(rest)));
            }
            parts.join("、")
        }
    }
}

/// How many findings there are of each severity, the worst first.
pub(crate) fn by_severity(report: &Report<'_>) -> Vec<(Severity, usize)> {
    let mut by: BTreeMap<std::cmp::Reverse<Severity>, usize> = BTreeMap::new();
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Fail) {
        *by.entry(std::cmp::Reverse(finding.severity)).or_default() += 1;
    }
    by.into_iter().map(|(severity, number)| (severity.0, number)).collect()
}

/// Checks that the input has nothing for, put together by why.
pub(crate) fn not_assessed<'r>(report: &'r Report<'_>) -> BTreeMap<&'r str, Vec<&'static str>> {
    let mut all: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    for (check, reason) in &report.outcome.not_assessed {
        all.entry(reason).or_default().push(check.code);
    }
    all
}

/// The report in words, a sentence each. `blocks` is the number of root causes.
pub(crate) fn in_words(report: &Report<'_>, blocks: usize) -> Vec<String> {
    let lang = report.lang;
    let mut all = Vec::new();
    let (what, when) = (looked_at(report), moment_text(&report.as_of, lang));
    let source = clean(&report.source).into_owned();
    all.push(match lang {
        Lang::En => format!("Sekimori looked at {what} in {source} on {when}."),
        Lang::Ja => format!("{when} に {source} の {what}を点検しました。"),
    });
    all.extend(logins(report));
    let tally = report.outcome.tally;
    let fail = usize::try_from(tally.fail).unwrap_or(usize::MAX);
    all.push(match (fail, lang) {
        (0, _) => nothing(report),
        (_, Lang::En) => {
            let findings = counted(fail, "finding", "findings");
            let come = if fail == 1 { "comes" } else { "come" };
            format!("{findings} {come} from {}.", counted(blocks, "root cause", "root causes"))
        }
        (_, Lang::Ja) => format!(
            "検出は {} 件で、根本原因ごとにまとめると {} 件です。",
            grouped(u128::from(tally.fail)),
            grouped(blocks as u128)
        ),
    });
    if tally.unknown > 0 {
        let number = usize::try_from(tally.unknown).unwrap_or(usize::MAX);
        all.push(match lang {
            Lang::En => format!(
                "{} could not be judged; nothing is taken for safe that was not seen.",
                counted(number, "question", "questions")
            ),
            Lang::Ja => format!(
                "{} 件は判定できませんでした。確認できなかったものを安全とはみなしません。",
                grouped(u128::from(tally.unknown))
            ),
        });
    }
    let errors = report.errors.len();
    if errors > 0 {
        all.push(match lang {
            Lang::En => format!(
                "Some of the input could not be read ({}), so this report is not complete.",
                counted(errors, "place", "places")
            ),
            Lang::Ja => format!(
                "入力の一部 ({errors} か所) を読み取れなかったため、このレポートは完全ではありません。"
            ),
        });
    }
    let suppressed = report.outcome.suppressed.len();
    if suppressed > 0 {
        all.push(match lang {
            Lang::En => format!(
                "{} suppressed by decisions of the team.",
                match suppressed {
                    1 => "1 finding is".to_owned(),
                    many => format!("{} findings are", grouped(many as u128)),
                }
            ),
            Lang::Ja => {
                format!("このほかに {} 件が、設定により抑制されています。", grouped(suppressed as u128))
            }
        });
    }
    if let Some(comparison) = report.comparison {
        let fixed = comparison.fixed().count();
        let (changed, unsettled) = (comparison.changed().count(), comparison.unsettled().count());
        let rest = match (changed + unsettled, lang) {
            (0, _) => String::new(),
            (_, Lang::En) => format!(", {changed} for another cause, {unsettled} not looked at again"),
            (_, Lang::Ja) => format!("、別の原因 {changed} 件、確認できず {unsettled} 件"),
        };
        let when = moment_text(&clean(&comparison.as_of), lang);
        all.push(match lang {
            Lang::En => format!(
                "Since {when}: {} new, {} fixed, {} unchanged{rest}.",
                grouped(u128::from(comparison.new)),
                grouped(fixed as u128),
                grouped(u128::from(comparison.unchanged))
            ),
            Lang::Ja => format!(
                "{when} の点検と比べて、新規 {} 件、解消 {} 件、変化なし {} 件{rest}です。",
                grouped(u128::from(comparison.new)),
                grouped(fixed as u128),
                grouped(u128::from(comparison.unchanged))
            ),
        });
    }
    all
}

/// What there is to say where no finding is left.
pub(crate) fn nothing(report: &Report<'_>) -> String {
    let lang = report.lang;
    let assessed = report.checks.len() > report.outcome.not_assessed.len();
    let text = match (assessed, report.outcome.suppressed.is_empty()) {
        (false, _) => pick(
            lang,
            "Nothing could be assessed: the input holds nothing that these checks look at.",
            "評価できる項目がありませんでした。入力に、チェックの対象となるリソースが含まれていません。",
        ),
        (true, false) => pick(
            lang,
            "Nothing was found beyond what is suppressed.",
            "抑制されているもの以外に、検出された問題はありません。",
        ),
        (true, true) => pick(
            lang,
            "The checks that could be judged found nothing.",
            "判定できたチェックで、検出された問題はありません。",
        ),
    };
    text.to_owned()
}

/// What counts as an open login where the team has set it otherwise than by default.
fn measure(report: &Report<'_>) -> String {
    let (own, default) = (report.settings, Settings::default());
    let mut parts = Vec::new();
    if own.management_ports != default.management_ports {
        let ports: Vec<_> = own.management_ports.iter().map(ToString::to_string).collect();
        let ports = ports.join(pick(report.lang, ", ", "、"));
        parts.push(pick(report.lang, format!("TCP {ports} only"), format!("TCP {ports} のみ")));
    }
    if own.wide_after != default.wide_after {
        let number = grouped(own.wide_after);
        parts.push(pick(
            report.lang,
            format!("from more than {number} addresses"),
            format!("{number} 個を超えるアドレスから"),
        ));
    }
    match parts.is_empty() {
        true => String::new(),
        false => pick(report.lang, format!(" ({})", parts.join(", ")), format!(" ({})", parts.join("、"))),
    }
}

/// Whose login strangers reach: the question that the page begins with.
fn logins(report: &Report<'_>) -> Option<String> {
    const CODE: &str = "NET001";
    let ran = report.outcome.by_check.iter().find(|its| its.check.code == CODE)?;
    if report.outcome.not_assessed.iter().any(|(check, _)| check.code == CODE) {
        return None;
    }
    let suppressed = report.outcome.suppressed.iter().map(|row| &row.finding);
    let open: BTreeSet<(&str, ResourceId)> = report
        .outcome
        .findings
        .iter()
        .chain(suppressed)
        .filter(|finding| finding.check.code == CODE && finding.status == Status::Fail)
        .map(|finding| (report.estate.name(finding.resource), finding.resource))
        .collect();
    let open: Vec<ResourceId> = open.into_iter().map(|(_, resource)| resource).collect();
    let names = named(report, &open, 5);
    let unknown = match ran.unknown {
        0 => String::new(),
        1 => pick(report.lang, "; for one more nobody can tell", "。ほかに 1 台は判定できません").to_owned(),
        more => {
            let more = grouped(u128::from(more));
            pick(
                report.lang,
                format!("; for {more} more nobody can tell"),
                format!("。ほかに {more} 台は判定できません"),
            )
        }
    };
    let measure = measure(report);
    Some(match (open.len(), report.lang) {
        (0, Lang::En) => format!("No VM's login was found open to the internet{measure}{unknown}."),
        (0, Lang::Ja) => {
            format!("インターネットにログインを公開している VM は見つかりませんでした{measure}{unknown}。")
        }
        (1, Lang::En) => format!("The login of one VM is open to the internet{measure}: {names}{unknown}."),
        (count, Lang::En) => {
            let count = grouped(count as u128);
            format!("The logins of {count} VMs are open to the internet{measure}: {names}{unknown}.")
        }
        (count, Lang::Ja) => format!(
            "{} 台の VM ({names}) で、ログインがインターネットに公開されています{measure}{unknown}。",
            grouped(count as u128)
        ),
    })
}
