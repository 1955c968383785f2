//! `sekimori verify-evidence`: the findings of a report, looked at again in the simplest way.

use std::fmt::Write;
use std::fs::File;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use estate::{Estate, ResourceId};
use posture::Lang;
use reach::evidence::{Claim, Doubt, verify};
use reach::tags::Tags;
use reach::{Packet, Protocols};
use serde::Deserialize;
use serde_json::json;

use crate::cli::Form;
use crate::source;
use crate::{output, tags};

/// The part of a report that matters here.
#[derive(Deserialize)]
struct Report {
    schema: String,
    tags_data: String,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    code: String,
    status: String,
    resource: String,
    #[serde(default)]
    evidence: Evidence,
}

#[derive(Deserialize, Default)]
struct Evidence {
    #[serde(default)]
    ports: Vec<Port>,
}

#[derive(Deserialize)]
struct Port {
    port: String,
    witness: Option<Witness>,
    decided_by: Vec<DecidedBy>,
    via: String,
    through: Option<Through>,
}

#[derive(Deserialize)]
struct Through {
    resource: String,
    rule: String,
}

#[derive(Deserialize)]
struct Witness {
    from: String,
    to: String,
    protocol: String,
}

#[derive(Deserialize)]
struct DecidedBy {
    nsg: String,
    level: String,
    rule: String,
}

/// A way in of a finding that was looked at.
struct Looked {
    finding: String,
    port: String,
    fault: Option<Fault>,
}

/// What is wrong with a way in, in words, and whether nobody can tell.
struct Fault {
    text: String,
    unknown: bool,
}

/// Checks that say who reaches a port: their findings rest on packets.
const ON_PACKETS: [&str; 4] = ["NET001", "NET002", "NET003", "NET005"];

pub(crate) fn run(
    result: &Path,
    paths: &[PathBuf],
    deploy: &crate::template::Deploy,
    form: Form,
    lang: Lang,
) -> anyhow::Result<u8> {
    let name = result.display();
    let file = File::open(result).with_context(|| match lang {
        Lang::En => format!("cannot open `{name}`"),
        Lang::Ja => format!("`{name}` を開けません"),
    })?;
    let report: Report = serde_json::from_reader(BufReader::new(file)).map_err(|error| match lang {
        Lang::En => anyhow!(
            "`{name}` is not the JSON form of a check (line {}, column {})",
            error.line(),
            error.column()
        ),
        Lang::Ja => anyhow!(
            "`{name}` は check の JSON 形式ではありません ({} 行 {} 列)",
            error.line(),
            error.column()
        ),
    })?;
    if report.schema != report::SCHEMA {
        match lang {
            Lang::En => bail!("the schema of `{name}` is `{}`, not `{}`", report.schema, report::SCHEMA),
            Lang::Ja => bail!("`{name}` のスキーマは `{}` ではなく `{}` です", report::SCHEMA, report.schema),
        }
    }
    let reading = source::read_deployed(paths, deploy, lang)?;
    source::tell(&reading, lang);
    let estate = reading.estate;
    if !estate.holds_azure() {
        match lang {
            Lang::En => bail!("nothing usable could be read"),
            Lang::Ja => bail!("有効なデータを 1 件も読み取れませんでした"),
        }
    }
    let tags = tags::list(lang)?;
    if tags.date != report.tags_data {
        let (then, now) = (&report.tags_data, &tags.date);
        output::note(&match lang {
            Lang::En => format!("the report goes by service tags of {then}, this by those of {now}"),
            Lang::Ja => {
                format!("レポートは {then} のサービス タグ、この確認は {now} のサービス タグによります")
            }
        });
    }
    let mut without = 0usize;
    let mut looked = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.status == "fail") {
        if finding.evidence.ports.is_empty() {
            if ON_PACKETS.contains(&finding.code.as_str()) {
                let fault = Some(Fault { text: unread(lang), unknown: false });
                looked.push(Looked { finding: finding.id.clone(), port: String::new(), fault });
            } else {
                without += 1;
            }
        }
        looked.extend(finding.evidence.ports.iter().map(|port| Looked {
            finding: finding.id.clone(),
            port: port.port.clone(),
            fault: look(&estate, &tags, finding, port, lang).err(),
        }));
    }
    let faults = looked.iter().filter(|looked| looked.fault.is_some()).count();
    match form {
        Form::Json => output::print_json(&json!({
            "verified": looked.len() - faults,
            "failed": faults,
            "without_evidence": without,
            "faults": looked.iter().filter_map(|looked| {
                let fault = looked.fault.as_ref()?;
                Some(json!({"id": looked.finding, "port": looked.port, "fault": fault.text, "unknown": fault.unknown}))
            }).collect::<Vec<_>>(),
        }))?,
        Form::Text => output::print(&text(&looked, faults, without, lang))?,
    }
    let wrong = looked.iter().any(|looked| looked.fault.as_ref().is_some_and(|fault| !fault.unknown));
    Ok(match (wrong, faults > 0 || !estate.problems.is_empty()) {
        (true, _) => 1,
        (false, true) => 3,
        (false, false) => 0,
    })
}

fn text(looked: &[Looked], faults: usize, without: usize, lang: Lang) -> String {
    let mut out = String::new();
    for looked in looked {
        if let Some(fault) = &looked.fault {
            let line = format!("{} {}: {}", looked.finding, looked.port, fault.text);
            let _ = writeln!(out, "{}", report::clean(&line));
        }
    }
    let (all, held) = (looked.len(), looked.len() - faults);
    let _ = match lang {
        Lang::En => writeln!(
            out,
            "{held} of {all} ways in hold: the packet gets through, by the rules that are named; how many addresses do was not looked at, nor {without} findings that rest on no packet"
        ),
        Lang::Ja => writeln!(
            out,
            "経路 {all} 件中 {held} 件で、パケットが記載の規則によって許可されることを確認しました。アドレスの数と、パケットによらない検出 {without} 件は確認していません"
        ),
    };
    out
}

/// Looks at one way in again.
fn look(estate: &Estate, tags: &Tags, finding: &Finding, port: &Port, lang: Lang) -> Result<(), Fault> {
    let unread = || Fault { text: unread(lang), unknown: false };
    let missing = |id: &str| Fault {
        text: match lang {
            Lang::En => format!("`{id}` is not in the input"),
            Lang::Ja => format!("`{id}` が入力に含まれていません"),
        },
        unknown: true,
    };
    let find = |id: &str| -> Result<ResourceId, Fault> { estate.ids().find(id).ok_or_else(|| missing(id)) };
    let witness = port.witness.as_ref().ok_or_else(unread)?;
    let protocol = match witness.protocol.as_str() {
        "tcp" => Protocols::TCP,
        "udp" => Protocols::UDP,
        _ => return Err(unread()),
    };
    let from: SocketAddr = witness.from.parse().map_err(|_| unread())?;
    let (to, local_port) = match witness.to.strip_prefix("unassigned:") {
        Some(port) => (None, port.parse().map_err(|_| unread())?),
        None => {
            let to: SocketAddr = witness.to.parse().map_err(|_| unread())?;
            (Some(to.ip()), to.port())
        }
    };
    let (first, last) = port.port.split_once('-').unwrap_or((&port.port, &port.port));
    let range = (first.parse::<u16>().map_err(|_| unread())?, last.parse::<u16>().map_err(|_| unread())?);
    if local_port < range.0 || local_port > range.1 {
        return Err(unread());
    }
    let mut decided_by = Vec::new();
    for rule in &port.decided_by {
        decided_by.push((rule.level.as_str(), find(&rule.nsg)?, rule.rule.as_str()));
    }
    let claim = Claim {
        vm: find(&finding.resource)?,
        via: find(port.via.split_once(' ').map_or(port.via.as_str(), |(_, id)| id))?,
        through: match &port.through {
            Some(through) => Some((find(&through.resource)?, through.rule.as_str())),
            None => None,
        },
        packet: Packet { protocol, remote: from.ip(), remote_port: from.port(), local_port },
        to,
        decided_by,
    };
    verify(estate, tags, &claim).map_err(|doubt| Fault {
        text: doubt_text(&doubt, lang),
        unknown: matches!(doubt, Doubt::Unknown { .. }),
    })
}

fn unread(lang: Lang) -> String {
    match lang {
        Lang::En => "the report does not tell a packet that can be read".to_owned(),
        Lang::Ja => "レポートからパケットを読み取れません".to_owned(),
    }
}

fn level_ja(level: &str) -> &str {
    match level {
        "subnet" => "サブネットの NSG",
        "nic" => "NIC の NSG",
        "admin" => "セキュリティ管理規則",
        "firewall" => "ファイアウォール",
        _ => "パブリック IP",
    }
}

fn doubt_text(doubt: &Doubt, lang: Lang) -> String {
    match (doubt, lang) {
        (Doubt::NoSuchWay, Lang::En) => {
            "no NIC of the VM has this public address, and nothing forwards to it as is told".to_owned()
        }
        (Doubt::NoSuchWay, Lang::Ja) => {
            "このパブリック IP を持つ NIC が VM になく、記載のとおりに転送するものもありません".to_owned()
        }
        (Doubt::OtherAddress, Lang::En) => "the VM has another private address".to_owned(),
        (Doubt::OtherAddress, Lang::Ja) => "VM のプライベート アドレスが異なります".to_owned(),
        (Doubt::NotFromInternet, Lang::En) => "the packet does not come from the internet".to_owned(),
        (Doubt::NotFromInternet, Lang::Ja) => "パケットの送信元がインターネットではありません".to_owned(),
        (Doubt::ClosedBySku, Lang::En) => {
            "a Standard public address without a group lets nothing in".to_owned()
        }
        (Doubt::ClosedBySku, Lang::Ja) => {
            "NSG のない Standard のパブリック IP では、通信は許可されません".to_owned()
        }
        (Doubt::Unknown { level }, Lang::En) => format!("nobody can tell what happens at the {level}"),
        (Doubt::Unknown { level }, Lang::Ja) => format!("{}での扱いを判定できません", level_ja(level)),
        (Doubt::Denied { level, rule }, Lang::En) => format!("{rule} at the {level} drops the packet"),
        (Doubt::Denied { level, rule }, Lang::Ja) => {
            format!("{} ({rule}) がパケットを拒否します", level_ja(level))
        }
        (Doubt::OtherRule { level, rule }, Lang::En) if rule.is_empty() => {
            format!("there is no group at the {level}")
        }
        (Doubt::OtherRule { level, rule }, Lang::Ja) if rule.is_empty() => {
            format!("{}はありません", level_ja(level))
        }
        (Doubt::OtherRule { level, rule }, Lang::En) => format!("at the {level} it is {rule} that decides"),
        (Doubt::OtherRule { level, rule }, Lang::Ja) => {
            format!("{}で判定するのは {rule} です", level_ja(level))
        }
    }
}
