//! `sekimori effective-routes` and `sekimori next-hop`: in the shape of Azure's answers.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use estate::{Estate, Known, Reason, resource_name};
use posture::{Lang, reason_text, settled_by};
use reach::Reach;
use reach::flow::Finder;
use reach::routes::{EffectiveRoute, HopType, NextHop, asked_nic, effective_routes, next_hop};
use serde_json::{Map, Value, json};

use crate::cli::{Form, NextHopArgs};
use crate::effective::find;
use crate::language::pick;
use crate::{flow, output, source, tags};

/// Some of the answer is not known.
const INCOMPLETE: u8 = 3;

/// What Azure says instead of the id of a route table.
const SYSTEM: &str = "System Route";

pub(crate) fn effective(paths: &[PathBuf], nic: &str, lang: Lang) -> anyhow::Result<u8> {
    let estate = source::read_and_tell(paths, lang)?;
    let nic = find(&estate, nic, lang)?;
    let reach = Reach::with_tags(&estate, tags::list(lang)?);
    let table = effective_routes(&reach, nic);
    for reason in &table.unknown {
        let (why, settled_by) = (reason_text(reason, lang), settled_by(reason, lang));
        output::note(&match lang {
            Lang::En => format!("not known in full: {why}; settled by: {settled_by}"),
            Lang::Ja => format!("一部を確定できません: {why}。解決方法: {settled_by}"),
        });
    }
    let learnt = table.unknown.iter().any(|reason| matches!(reason, Reason::LearntRoutes { .. }));
    let value: Vec<Value> =
        table.routes.iter().map(|route| route_json(route, table.disable_bgp_propagation, learnt)).collect();
    output::print_json(&json!({"value": value}))?;
    Ok(if table.unknown.is_empty() && estate.problems.is_empty() { 0 } else { INCOMPLETE })
}

fn route_json(route: &EffectiveRoute, disable_bgp_propagation: bool, learnt: bool) -> Value {
    let mut map = Map::new();
    if let Some(name) = &route.name {
        map.insert("name".to_owned(), (**name).into());
    }
    let mut tags = Map::new();
    if let Some(tag) = &route.tag {
        tags.insert(tag.clone(), route.prefixes.clone().into());
    }
    map.insert("disableBgpRoutePropagation".to_owned(), disable_bgp_propagation.into());
    map.insert("source".to_owned(), if route.name.is_some() { "User" } else { "Default" }.into());
    map.insert("state".to_owned(), if route.active { "Active" } else { "Invalid" }.into());
    // What a gateway has learnt is not in the input.
    map.insert("hasBgpOverride".to_owned(), (!learnt).then_some(false).into());
    map.insert("addressPrefix".to_owned(), route.prefixes.clone().into());
    map.insert("nextHopType".to_owned(), route.hop.map(HopType::in_table).into());
    let addresses: Vec<String> = route.address.iter().map(ToString::to_string).collect();
    map.insert("nextHopIpAddress".to_owned(), addresses.into());
    map.insert("destinationServiceTags".to_owned(), route.tag.iter().cloned().collect::<Vec<_>>().into());
    map.insert("tagMap".to_owned(), tags.into());
    map.into()
}

pub(crate) fn next(args: &NextHopArgs, lang: Lang) -> anyhow::Result<u8> {
    let source = parse_address(&args.source_ip, lang)?;
    let destination = parse_address(&args.dest_ip, lang)?;
    if source.is_ipv4() != destination.is_ipv4() {
        bail!(pick(
            lang,
            "one address is IPv4 and the other IPv6",
            "IPv4 アドレスと IPv6 アドレスが混在しています",
        ));
    }
    let estate = source::read_and_tell(&args.sources, lang)?;
    if estate.vms.is_empty() {
        bail!(pick(lang, "the input holds no virtual machine", "入力に仮想マシンが含まれていません"));
    }
    let reach = Reach::with_tags(&estate, tags::list(lang)?);
    let failed = |error| anyhow!(flow::error_text(&error, lang));
    let vm = Finder::new(&estate).vm(&args.vm).map_err(failed)?;
    let nic = asked_nic(&estate, vm, args.nic.as_deref(), source).map_err(failed)?;
    let answer = match nic {
        Known::Value(nic) => next_hop(&reach, nic, source, destination),
        Known::Unknown(reason) => Known::Unknown(reason),
    };
    match args.form.form {
        Form::Json => output::print_json(&next_json(&estate, &answer, lang))?,
        Form::Text => {
            let vm = resource_name(estate.text(vm.id));
            let asked = format!("{vm} {source} → {destination}");
            output::print(&next_text(&estate, &asked, &answer, lang))?;
        }
    }
    let known = answer.value().is_some() && estate.problems.is_empty();
    Ok(if known { 0 } else { INCOMPLETE })
}

fn parse_address(text: &str, lang: Lang) -> anyhow::Result<IpAddr> {
    text.trim().parse().map_err(|_| match lang {
        Lang::En => anyhow!("`{text}` is not an IP address, such as 10.0.0.4 or fd00::4"),
        Lang::Ja => anyhow!("`{text}` は IP アドレスではありません (例: 10.0.0.4、fd00::4)"),
    })
}

fn next_json(estate: &Estate, answer: &Known<NextHop>, lang: Lang) -> Value {
    let next = match answer {
        Known::Value(next) => next,
        Known::Unknown(reason) => {
            return json!({
                "nextHopType": "Unknown",
                "routeTableId": null,
                "unknown": reason_text(reason, lang),
                "settledBy": settled_by(reason, lang),
            });
        }
    };
    let mut map = Map::new();
    map.insert("nextHopType".to_owned(), next.hop.as_next_hop().into());
    if let Some(address) = next.address {
        map.insert("nextHopIpAddress".to_owned(), address.to_string().into());
    }
    let table = next.route_table.map_or(SYSTEM, |id| estate.text(id));
    map.insert("routeTableId".to_owned(), table.into());
    map.into()
}

fn next_text(estate: &Estate, asked: &str, answer: &Known<NextHop>, lang: Lang) -> String {
    let mut out = String::new();
    match answer {
        Known::Unknown(reason) => {
            let (why, settled_by) = (reason_text(reason, lang), settled_by(reason, lang));
            out += &format!("Unknown  {why}\n  {asked}\n");
            out += &match lang {
                Lang::En => format!("  settled by: {settled_by}\n"),
                Lang::Ja => format!("  解決方法: {settled_by}\n"),
            };
        }
        Known::Value(next) => {
            let address = next.address.map(|address| format!("  {address}")).unwrap_or_default();
            out += &format!("{}{address}\n  {asked}\n", next.hop.as_next_hop());
            out += &match (next.route_table, lang) {
                (Some(id), Lang::En) => format!("  by the route table {}\n", resource_name(estate.text(id))),
                (Some(id), Lang::Ja) => format!("  ルート テーブル: {}\n", resource_name(estate.text(id))),
                (None, Lang::En) => "  by a route of Azure's own\n".to_owned(),
                (None, Lang::Ja) => "  Azure のシステム ルート\n".to_owned(),
            };
            if next.hop == HopType::None {
                out += &match (next.address, lang) {
                    (Some(address), Lang::En) => {
                        format!("  dropped: {address} is in neither the virtual network nor a peer of it\n")
                    }
                    (Some(address), Lang::Ja) => format!(
                        "  破棄されます: {address} は仮想ネットワークにもピアリング先にも含まれません\n"
                    ),
                    (None, Lang::En) => "  dropped\n".to_owned(),
                    (None, Lang::Ja) => "  破棄されます\n".to_owned(),
                };
            }
        }
    }
    // Names come from the input; the lines are ours.
    out.lines().map(|line| report::clean(line).into_owned() + "\n").collect()
}
