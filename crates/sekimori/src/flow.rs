//! `sekimori flow`.

use std::io::{BufRead, BufReader};
use std::net::IpAddr;

use anyhow::{Context, anyhow, bail};
use estate::{AdminAccess, Direction, Estate, PortSet, parse_ports, resource_name};
use posture::{Lang, reason_text};
use reach::flow::{AdminPart, Finder, Flow, FlowAccess, FlowAnswer, FlowError, LevelAnswer, flow};
use reach::{Protocols, Reach, RuleRef, rule_name};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::{FlowArgs, Form};
use crate::language::pick;
use crate::output;
use crate::source::{self, Reading};

/// A question as people write it.
#[derive(Deserialize)]
struct Question {
    vm: String,
    nic: Option<String>,
    direction: String,
    protocol: String,
    local: String,
    remote: String,
    expect: Option<String>,
}

/// The longest line of a batch.
const LINE_LIMIT: u64 = 1 << 20;

pub(crate) fn run(args: &FlowArgs, lang: Lang) -> anyhow::Result<u8> {
    let dash = |path: &std::path::PathBuf| path.as_os_str() == "-";
    if args.batch.as_ref().is_some_and(dash) && args.sources.iter().any(dash) {
        bail!(pick(
            lang,
            "standard input cannot be both the source and the batch",
            "標準入力を SOURCE と --batch の両方に使うことはできません"
        ));
    }
    let reading = source::read_deployed(&args.sources, &args.target.deploy(), lang)?;
    source::tell(&reading, lang);
    let Reading { estate, .. } = reading;
    if estate.vms.is_empty() {
        bail!(pick(lang, "the input holds no virtual machine", "入力に仮想マシンが含まれていません"));
    }
    let reach = Reach::with_tags(&estate, crate::tags::list(lang)?);
    let finder = Finder::new(&estate);
    let incomplete = if estate.problems.is_empty() { 0 } else { 3 };
    if let Some(path) = &args.batch {
        return Ok(batch(path, &reach, &finder, lang)?.max(incomplete));
    }
    let field = |value: &Option<String>| value.clone().unwrap_or_default();
    let question = Question {
        vm: field(&args.vm),
        nic: args.nic.clone(),
        direction: field(&args.direction),
        protocol: field(&args.protocol),
        local: field(&args.local),
        remote: field(&args.remote),
        expect: None,
    };
    let asked = parse(&question, lang)?;
    let answer = flow(&reach, &finder, &asked).map_err(|error| anyhow!(error_text(&error, lang)))?;
    match args.form.form {
        Form::Json => output::print_json(&answer_json(&estate, &question, &answer, lang))?,
        Form::Text => output::print(&answer_text(&estate, &question, &answer, lang))?,
    }
    Ok(incomplete)
}

/// The names of a question's fields.
const FIELDS: [&str; 7] = ["vm", "nic", "direction", "protocol", "local", "remote", "expect"];

/// Reads a line of a batch; else the column, and what is wrong there. A field that looks like a misspelt one is wrong:
/// an expectation that nobody looks at would hold for ever.
fn question(line: &[u8], lang: Lang) -> Result<Question, (usize, String)> {
    let wrong = |error: serde_json::Error| {
        let text = error.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned();
        let said = match lang {
            Lang::En => what,
            Lang::Ja => format!("質問として読み取れません: {what}"),
        };
        (error.column(), said)
    };
    let fields: serde_json::Map<String, Value> = serde_json::from_slice(line).map_err(wrong)?;
    for name in fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
        let near = |field: &&&str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), field) >= 0.6;
        if let Some(field) = FIELDS.iter().find(near) {
            let said = match lang {
                Lang::En => format!("`{name}` is no field of a question; did you mean `{field}`?"),
                Lang::Ja => format!("`{name}` というフィールドはありません。`{field}` ではありませんか?"),
            };
            return Err((1, said));
        }
    }
    serde_json::from_slice(line).map_err(wrong)
}

fn batch(path: &std::path::Path, reach: &Reach<'_>, finder: &Finder<'_>, lang: Lang) -> anyhow::Result<u8> {
    let estate = reach.estate();
    let input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
        Box::new(BufReader::new(file))
    };
    let mut code = 0;
    let (mut expectations, mut broken) = (0u64, 0u64);
    let mut input = input;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut limited = std::io::Read::take(&mut input, LINE_LIMIT);
        if limited
            .read_until(b'\n', &mut line)
            .with_context(|| format!("cannot read `{}`", path.display()))?
            == 0
        {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if line.len() as u64 == LINE_LIMIT {
            bail!("{}:{number}: a line of more than {LINE_LIMIT} bytes", path.display());
        }
        let at = |column: usize, what: &str| anyhow!("{}:{number}:{column}: {what}", path.display());
        let answered =
            question(&line, lang).map_err(|(column, what)| at(column, &what)).and_then(|question| {
                if let Some(expected) = &question.expect
                    && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(expected))
                {
                    bail!(match lang {
                        Lang::En => format!("expect `{expected}` is not one of {}", WORDS.join(", ")),
                        Lang::Ja => {
                            format!(
                                "expect `{expected}` は不正です。{} のいずれかを指定してください",
                                WORDS.join("、")
                            )
                        }
                    });
                }
                let asked = parse(&question, lang)?;
                let answer =
                    flow(reach, finder, &asked).map_err(|error| anyhow!(error_text(&error, lang)))?;
                Ok((question, answer))
            });
        let value = match answered {
            Err(error) => {
                code = 3;
                json!({"access": "Unknown", "ruleName": null, "error": format!("{error:#}")})
            }
            Ok((question, answer)) => {
                let mut value = answer_json(estate, &question, &answer, lang);
                if let Some(expected) = &question.expect {
                    let holds = expected.eq_ignore_ascii_case(answer.access.name());
                    if let Some(object) = value.as_object_mut() {
                        object.insert("expect".to_owned(), expected.as_str().into());
                        object.insert("holds".to_owned(), holds.into());
                    }
                    expectations += 1;
                    if !holds {
                        code = code.max(1);
                        broken += 1;
                        let at = format!("{}:{number}", path.display());
                        for line in difference(estate, &at, &question, expected, &answer, lang) {
                            output::note(&line);
                        }
                    }
                }
                value
            }
        };
        if !output::print_json_line(&value)? {
            break;
        }
    }
    if broken > 0 {
        output::note(&match lang {
            Lang::En => format!("{broken} of {expectations} expectations do not hold"),
            Lang::Ja => format!("期待値 {expectations} 件のうち {broken} 件が一致しません"),
        });
    }
    Ok(code)
}

/// The questions of a batch, without their expectations.
pub(crate) fn questions(path: &std::path::Path, lang: Lang) -> anyhow::Result<Vec<Flow>> {
    let text = match path.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin().lock()),
        false => std::fs::read_to_string(path),
    };
    let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let one = |(line, number): (&str, usize)| {
        let at = |column: usize, what: &str| anyhow!("{}:{number}:{column}: {what}", path.display());
        let read = question(line.as_bytes(), lang).map_err(|(column, what)| at(column, &what))?;
        parse(&read, lang).map_err(|error| at(1, &format!("{error:#}")))
    };
    lines.map(one).collect()
}

/// What an answer may be expected to be.
const WORDS: [&str; 4] = ["Allow", "Deny", "Partial", "Unknown"];

/// An expectation that does not hold: the question, what was expected, what is so and which rule makes it so.
fn difference(
    estate: &Estate,
    at: &str,
    question: &Question,
    expected: &str,
    answer: &FlowAnswer,
    lang: Lang,
) -> [String; 3] {
    let (from, to) = match question.direction.eq_ignore_ascii_case("inbound") {
        true => (&question.remote, &question.local),
        false => (&question.local, &question.remote),
    };
    let rule = match answer.rule {
        Some((nsg, rule)) => {
            format!("  {} ({})", rule_name(estate, nsg, rule), resource_name(estate.text(nsg)))
        }
        None => String::new(),
    };
    let Question { vm, direction, protocol, .. } = question;
    let found = answer.access.name();
    let (expects, finds) = match lang {
        Lang::En => ("expected", "found   "),
        Lang::Ja => ("期待値", "結果  "),
    };
    [
        format!("{at}: {vm} {direction} {protocol} {from} → {to}"),
        format!("  - {expects} {expected}"),
        format!("  + {finds} {found}{rule}"),
    ]
}

fn parse(question: &Question, lang: Lang) -> anyhow::Result<Flow> {
    let direction = match question.direction.trim().to_ascii_lowercase().as_str() {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        other => bail!(
            "{} `{other}`{}",
            pick(lang, "direction", "方向"),
            pick(
                lang,
                " is not inbound or outbound",
                " は不正です。inbound または outbound を指定してください"
            )
        ),
    };
    let protocols = match question.protocol.trim().to_ascii_lowercase().as_str() {
        "tcp" => Protocols::TCP,
        "udp" => Protocols::UDP,
        "icmp" => Protocols::ICMP,
        "esp" => Protocols::ESP,
        "ah" => Protocols::AH,
        "*" | "any" | "all" => Protocols::ALL,
        other => bail!(
            "{} `{other}`{}",
            pick(lang, "protocol", "プロトコル"),
            pick(
                lang,
                " is not TCP, UDP, Icmp, Esp, Ah or *",
                " は不正です。TCP、UDP、Icmp、Esp、Ah、* のいずれかを指定してください"
            )
        ),
    };
    let (local, local_ports) = endpoint(&question.local, lang)?;
    let (remote, remote_ports) = endpoint(&question.remote, lang)?;
    Ok(Flow {
        vm: question.vm.clone(),
        nic: question.nic.clone(),
        direction,
        protocols,
        local,
        local_ports,
        remote,
        remote_ports,
    })
}

/// `10.0.0.4:22`, `10.0.0.4:*`, `10.0.0.4:1000-2000`, `[fd00::4]:22`.
fn endpoint(text: &str, lang: Lang) -> anyhow::Result<(IpAddr, PortSet)> {
    let bad = || match lang {
        Lang::En => {
            anyhow!("`{text}` is not IP:PORT, such as 10.0.0.4:22, 10.0.0.4:* or [fd00::4]:1000-2000")
        }
        Lang::Ja => anyhow!(
            "`{text}` は IP:ポート の形式ではありません (例: 10.0.0.4:22、10.0.0.4:*、[fd00::4]:1000-2000)"
        ),
    };
    let (address, ports) = text.trim().rsplit_once(':').ok_or_else(bad)?;
    let address = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let address = address.parse().map_err(|_| bad())?;
    let ports = parse_ports(ports).ok_or_else(bad)?;
    Ok((address, [ports].into_iter().collect()))
}

pub(crate) fn error_text(error: &FlowError, lang: Lang) -> String {
    match error {
        FlowError::NoSuch { kind, name, similar } => {
            let nearest = similar
                .iter()
                .min_by_key(|other| strsim::damerau_levenshtein(&other.to_lowercase(), &name.to_lowercase()));
            let what = match kind {
                estate::Kind::Nic => "NIC",
                _ => "VM",
            };
            match (nearest, lang) {
                (Some(nearest), Lang::En) => {
                    format!("no {what} is called `{name}`; did you mean `{nearest}`?")
                }
                (Some(nearest), Lang::Ja) => {
                    format!("`{name}` という {what} はありません。`{nearest}` の間違いではありませんか")
                }
                (None, Lang::En) => format!("no {what} is called `{name}`"),
                (None, Lang::Ja) => format!("`{name}` という {what} はありません"),
            }
        }
        FlowError::Ambiguous { ids } => {
            let list = ids.join(", ");
            match lang {
                Lang::En => format!("several VMs have that name; give group/name or an id: {list}"),
                Lang::Ja => format!(
                    "同じ名前の VM が複数あります。グループ名/名前 または ID で指定してください: {list}"
                ),
            }
        }
        FlowError::NoSuchAddress { address, known } => {
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            let known = known.join(", ");
            match lang {
                Lang::En => format!("the VM has no address {address}; it has: {known}"),
                Lang::Ja => format!(
                    "この VM に {address} というアドレスはありません。割り当て済みのアドレス: {known}"
                ),
            }
        }
        FlowError::MixedFamilies => pick(
            lang,
            "one address is IPv4 and the other IPv6",
            "IPv4 アドレスと IPv6 アドレスが混在しています",
        )
        .to_owned(),
    }
}

fn answer_json(estate: &Estate, question: &Question, answer: &FlowAnswer, lang: Lang) -> Value {
    let groups = answer.chain.iter().map(|level| level_json(estate, level, lang));
    let admin = (!answer.admin.is_empty()).then(|| admin_json(estate, &answer.admin));
    let chain: Vec<_> = admin.into_iter().chain(groups).collect();
    json!({
        "access": answer.access.name(),
        "ruleName": answer.rule.map(|(nsg, rule)| rule_name(estate, nsg, rule)),
        "nsg": answer.rule.map(|(nsg, _)| estate.text(nsg)),
        "vm": question.vm,
        "nic": estate.text(answer.nic),
        "direction": question.direction,
        "protocol": question.protocol,
        "local": question.local,
        "remote": question.remote,
        "chain": chain,
    })
}

/// What an admin rule does, as Azure writes it; nothing where none matches.
fn admin_word(admin: &AdminPart) -> Option<&'static str> {
    match admin.access {
        None => Some("Unknown"),
        Some(None) => None,
        Some(Some(AdminAccess::Allow)) => Some("Allow"),
        Some(Some(AdminAccess::AlwaysAllow)) => Some("AlwaysAllow"),
        Some(Some(AdminAccess::Deny)) => Some("Deny"),
    }
}

fn admin_name(estate: &Estate, admin: &AdminPart) -> Option<(estate::ResourceId, String)> {
    let RuleRef::Admin(index) = admin.part.rule else { return None };
    let id = estate.admin_rules.get(index as usize)?.id;
    Some((id, rule_name(estate, id, admin.part.rule)))
}

fn admin_json(estate: &Estate, all: &[AdminPart]) -> Value {
    let parts: Vec<_> = all
        .iter()
        .map(|admin| {
            json!({
                "access": admin_word(admin),
                "ruleName": admin_name(estate, admin).map(|(_, name)| name),
                "protocol": admin.part.protocols.names(),
                "localPorts": report::ports_text(&admin.part.local_ports),
                "remotePorts": report::ports_text(&admin.part.remote_ports),
            })
        })
        .collect();
    json!({"level": "admin", "nsg": null, "unknown": null, "parts": parts})
}

fn level_json(estate: &Estate, level: &LevelAnswer, lang: Lang) -> Value {
    let parts: Vec<_> = level
        .parts
        .iter()
        .map(|part| {
            json!({
                "access": part.access.name(),
                "ruleName": level.nsg.map(|nsg| rule_name(estate, nsg, part.rule)),
                "protocol": part.protocols.names(),
                "localPorts": report::ports_text(&part.local_ports),
                "remotePorts": report::ports_text(&part.remote_ports),
            })
        })
        .collect();
    json!({
        "level": level.level,
        "nsg": level.nsg.map(|nsg| estate.text(nsg)),
        "unknown": level.unknown.as_ref().map(|reason| reason_text(reason, lang)),
        "parts": parts,
    })
}

fn answer_text(estate: &Estate, question: &Question, answer: &FlowAnswer, lang: Lang) -> String {
    let mut out = String::new();
    // Names come from outside; the lines are ours.
    let name_of = |nsg: estate::ResourceId| report::clean(resource_name(estate.text(nsg))).into_owned();
    let rule_of = |nsg, rule| report::clean(&rule_name(estate, nsg, rule)).into_owned();
    let word = answer.access.name();
    let rule = answer.rule.map(|(nsg, rule)| format!("{} ({})", rule_of(nsg, rule), name_of(nsg)));
    let rule = rule.unwrap_or_else(|| match (answer.access, lang) {
        (FlowAccess::Allow, Lang::En) => "no group".to_owned(),
        (FlowAccess::Allow, Lang::Ja) => "NSG なし".to_owned(),
        (_, Lang::En) => "no single rule".to_owned(),
        (_, Lang::Ja) => "規則を特定できません".to_owned(),
    });
    out += &format!("{word}  {rule}\n");
    out += &format!(
        "  {} {} {} {} → {}\n",
        question.vm,
        question.direction,
        question.protocol,
        if question.direction.eq_ignore_ascii_case("inbound") { &question.remote } else { &question.local },
        if question.direction.eq_ignore_ascii_case("inbound") { &question.local } else { &question.remote },
    );
    let arrow = if question.direction.eq_ignore_ascii_case("inbound") { "←" } else { "→" };
    if !answer.admin.is_empty() {
        let label = pick(lang, "security admin rules", "セキュリティ管理規則");
        out += &format!("  {label}\n");
        for admin in &answer.admin {
            let name = admin_name(estate, admin).map(|(_, name)| report::clean(&name).into_owned());
            out += &format!(
                "    {}  {} {} {arrow} {}  {}\n",
                admin_word(admin).unwrap_or("–"),
                admin.part.protocols.names(),
                report::ports_text(&admin.part.local_ports),
                report::ports_text(&admin.part.remote_ports),
                name.unwrap_or_else(|| pick(lang, "left to the groups", "NSG で判定").to_owned()),
            );
        }
    }
    for level in &answer.chain {
        let label = match level.level {
            "subnet" => pick(lang, "subnet group", "サブネットの NSG"),
            _ => pick(lang, "NIC group", "NIC の NSG"),
        };
        match (&level.nsg, &level.unknown) {
            (None, None) => {
                out += &format!("  {label}: {}\n", pick(lang, "none, everything passes", "なし (すべて通過)"))
            }
            (None, Some(reason)) => out += &format!("  {label}: {}\n", reason_text(reason, lang)),
            (Some(nsg), _) => {
                out += &format!("  {label}: {}\n", name_of(*nsg));
                for part in &level.parts {
                    out += &format!(
                        "    {}  {} {} {arrow} {}  {}\n",
                        part.access.name(),
                        part.protocols.names(),
                        report::ports_text(&part.local_ports),
                        report::ports_text(&part.remote_ports),
                        rule_of(*nsg, part.rule)
                    );
                }
            }
        }
    }
    // Names come from the input; the lines are ours.
    out.lines().map(|line| report::clean(line).into_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_or_refused() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let found = endpoint(text, Lang::En)
                .ok()
                .map(|(address, ports)| (address.to_string(), report::ports_text(&ports)));
            assert_eq!(found, expected.map(|(a, p)| (a.to_owned(), p.to_owned())), "{text}");
        };
        check("10.0.0.4:22", Some(("10.0.0.4", "22")));
        check("10.0.0.4:*", Some(("10.0.0.4", "*")));
        check("[fd00::4]:10-20", Some(("fd00::4", "10-20")));
        check("fd00::4:22", Some(("fd00::4", "22")));
        check("10.0.0.4", None);
        check("10.0.0.4:", None);
        check("web1:22", None);
        check("10.0.0.4:70000", None);
    }
}
