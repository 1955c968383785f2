//! `sekimori effective-nsg`: JSON in the shape of Azure's answer.

use std::path::PathBuf;

use anyhow::bail;
use estate::{Access, Direction, Estate, Nic, PortSet, Protocol, Reason, resource_group, resource_name};
use posture::{Lang, reason_text, settled_by};
use reach::Reach;
use reach::effective::{EffectiveGroup, EffectiveRule, EffectiveSide, effective};
use serde_json::{Map, Value, json};

use crate::source::{self, Reading};
use crate::{output, tags};

/// Some of the answer is not known.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(paths: &[PathBuf], nic: &str, lang: Lang) -> anyhow::Result<u8> {
    let Reading { estate, sources, .. } = source::read(paths, lang)?;
    source::tell_problems(&estate, &sources, lang);
    let nic = find(&estate, nic, lang)?;
    let reach = Reach::with_tags(&estate, tags::list(lang)?);
    let (answer, unknown) = answer(&reach, nic);
    for reason in &unknown {
        let (why, settled_by) = (reason_text(reason, lang), settled_by(reason, lang));
        output::note(&match lang {
            Lang::En => format!("not known in full: {why}; settled by: {settled_by}"),
            Lang::Ja => format!("一部を確定できません: {why}。解決方法: {settled_by}"),
        });
    }
    output::print_json(&answer)?;
    Ok(if unknown.is_empty() && estate.problems.is_empty() { 0 } else { INCOMPLETE })
}

/// The groups in force at a NIC, in the shape of Azure's answer, and why some of it is not known.
pub(crate) fn answer(reach: &Reach<'_>, nic: &Nic) -> (Value, Vec<Reason>) {
    let groups = effective(reach, nic);
    let reasons = |group: &EffectiveGroup| {
        let of_rules = group.rules.iter().filter_map(|rule| rule.unknown.clone());
        group.unknown.iter().cloned().chain(of_rules).collect::<Vec<_>>()
    };
    let known = groups.iter().filter(|group| group.nsg.is_some());
    let value: Vec<Value> = known.map(|group| group_json(reach.estate(), nic, group)).collect();
    (json!({"value": value}), groups.iter().flat_map(reasons).collect())
}

/// The NIC that people mean: a name, `group/name` or an id, in any case.
pub(crate) fn find<'e>(estate: &'e Estate, asked: &str, lang: Lang) -> anyhow::Result<&'e Nic> {
    let fits = |nic: &&Nic| {
        let id = estate.text(nic.id);
        let of_group = || {
            let (group, name) = asked.split_once('/')?;
            let fits = resource_group(id)?.eq_ignore_ascii_case(group)
                && resource_name(id).eq_ignore_ascii_case(name);
            Some(fits)
        };
        id.eq_ignore_ascii_case(asked)
            || resource_name(id).eq_ignore_ascii_case(asked)
            || of_group().unwrap_or(false)
    };
    let mut found: Vec<&Nic> = estate.nics.iter().filter(fits).collect();
    found.sort_by_key(|nic| estate.text(nic.id));
    match (found.as_slice(), lang) {
        ([only], _) => Ok(only),
        ([], _) => {
            let lower = asked.to_lowercase();
            let names = estate.nics.iter().map(|nic| resource_name(estate.text(nic.id)));
            let near =
                names.min_by_key(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &lower), *name));
            match (near, lang) {
                (None, Lang::En) => {
                    bail!("the input holds no NIC; `az network nic list -o json` prints them")
                }
                (None, Lang::Ja) => {
                    bail!("入力に NIC が含まれていません。`az network nic list -o json` で出力できます")
                }
                (Some(near), Lang::En) => bail!("no NIC is called `{asked}`; did you mean `{near}`?"),
                (Some(near), Lang::Ja) => {
                    bail!("`{asked}` という NIC はありません。`{near}` の間違いではありませんか")
                }
            }
        }
        (several, _) => {
            let ids: Vec<_> = several.iter().map(|nic| estate.text(nic.id)).collect();
            let ids = ids.join("\n  ");
            match lang {
                Lang::En => bail!("several NICs are called `{asked}`; give one of these ids:\n  {ids}"),
                Lang::Ja => {
                    bail!("`{asked}` に当てはまる NIC が複数あります。ID を指定してください:\n  {ids}")
                }
            }
        }
    }
}

fn group_json(estate: &Estate, nic: &Nic, group: &EffectiveGroup) -> Value {
    let id = group.nsg.map(|id| estate.text(id)).unwrap_or_default();
    let association = match group.on_subnet {
        false => json!({"networkInterface": {"id": estate.text(nic.id)}}),
        true => json!({"subnet": {"id": subnet(estate, nic).unwrap_or_default()}}),
    };
    let mut tags = Map::new();
    for side in group.rules.iter().flat_map(|rule| [&rule.source, &rule.destination]) {
        if let [tag] = side.prefixes.as_slice()
            && !side.expanded.is_empty()
        {
            tags.insert(tag.clone(), side.expanded.clone().into());
        }
    }
    json!({
        "networkSecurityGroup": {"id": id},
        "association": association,
        "effectiveSecurityRules": group.rules.iter().map(rule_json).collect::<Vec<_>>(),
        "tagMap": tags,
    })
}

fn subnet<'e>(estate: &'e Estate, nic: &Nic) -> Option<&'e str> {
    let first = nic.ip_configurations.as_ref()?.value()?.first()?;
    Some(estate.text(*first.subnet.as_ref()?.value()?))
}

fn rule_json(rule: &EffectiveRule) -> Value {
    let mut map = Map::new();
    let protocol = rule.protocol.map(|protocol| match protocol {
        Protocol::Any => "All",
        Protocol::Tcp => "Tcp",
        Protocol::Udp => "Udp",
        Protocol::Icmp => "Icmp",
        Protocol::Esp => "Esp",
        Protocol::Ah => "Ah",
    });
    map.insert("name".to_owned(), rule.name.as_str().into());
    map.insert("protocol".to_owned(), protocol.into());
    for (name, ports) in [("source", &rule.source_ports), ("destination", &rule.destination_ports)] {
        one_and_all(&mut map, name, "PortRange", ports_text(ports));
    }
    for (name, side) in [("source", &rule.source), ("destination", &rule.destination)] {
        one_and_all(&mut map, name, "AddressPrefix", side.prefixes.clone());
    }
    for (name, side) in [("Source", &rule.source), ("Destination", &rule.destination)] {
        let EffectiveSide { expanded, .. } = side;
        if !expanded.is_empty() {
            map.insert(format!("expanded{name}AddressPrefix"), expanded.clone().into());
        }
    }
    let access = rule.access.map(|access| match access {
        Access::Allow => "Allow",
        Access::Deny => "Deny",
    });
    map.insert("access".to_owned(), access.into());
    map.insert("priority".to_owned(), rule.priority.into());
    let direction = rule.direction.map(|direction| match direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
    });
    map.insert("direction".to_owned(), direction.into());
    map.into()
}

/// `sourcePortRange` where there is one, and `sourcePortRanges` always, as Azure's newer answers have.
fn one_and_all(map: &mut Map<String, Value>, side: &str, what: &str, all: Vec<String>) {
    if let [one] = all.as_slice() {
        map.insert(format!("{side}{what}"), one.as_str().into());
    }
    let plural = if what == "PortRange" { "PortRanges" } else { "AddressPrefixes" };
    map.insert(format!("{side}{plural}"), all.into());
}

fn ports_text(ports: &PortSet) -> Vec<String> {
    ports.ranges().iter().map(|range| format!("{}-{}", range.first, range.last)).collect()
}
