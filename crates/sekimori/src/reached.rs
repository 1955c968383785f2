//! `sekimori reach`: everything that gets to a VM.

use anyhow::{anyhow, bail};
use estate::{Family, IpConfiguration, Known, Nic, PortSet, Prefix, Range, parse_ports, parse_prefix};
use posture::Lang;
use reach::difference::Machine;
use reach::flow::Finder;
use reach::paths::{Map, Origin};
use reach::routes::{ReturnPath, return_path};
use reach::{Addresses, Protocols, Reach, Start, WayIn, internet};
use report::reached::{self, AddressWays};

use crate::cli::{Picture, ReachArgs};
use crate::flow::error_text;
use crate::source::{self, Reading};
use crate::{output, tags};

/// Some input could not be read in full.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(args: &ReachArgs, lang: Lang) -> anyhow::Result<u8> {
    let form = form(args, lang)?;
    if let Some(path) = &args.output {
        output::check_writable(path, lang)?;
    }
    let ports = args.port.as_deref().map_or_else(|| Ok(PortSet::all()), |text| ports(text, lang))?;
    let login = ports_or(args.login_ports.as_deref(), &posture::Settings::default().management_ports, lang)?;
    let reading = source::read_deployed(&args.sources, &args.target.deploy(), lang)?;
    source::tell(&reading, lang);
    let Reading { estate, .. } = reading;
    let reach = Reach::with_tags(&estate, tags::list(lang)?);
    let finder = Finder::new(&estate);
    let id = finder.machine(&args.to).map_err(|error| anyhow!(error_text(&error, lang)))?;
    let (origin, sets) = origin(&args.from, &finder, lang)?;
    if matches!(origin, Origin::Vm(vm) if vm == id) {
        match lang {
            Lang::En => bail!("--from and --to are the same VM"),
            Lang::Ja => bail!("--from と --to に同じ VM が指定されています"),
        }
    }
    let asked = Asked { from: &args.from, sets, origin, ports: &ports, login: &login, hops: args.hops };
    let Some(answer) = answer(&reach, id, &asked, lang) else {
        bail!("`{}` is neither a VM nor a scale set", args.to)
    };
    let text = match form {
        Picture::Text => {
            let page = if args.output.is_some() { report::Page::PLAIN } else { output::page() };
            reached::to_text(&answer, lang, &page)
        }
        Picture::Json => serde_json::to_string_pretty(&answer)? + "\n",
        Picture::Html => reached::to_html(&answer, lang),
        Picture::Dot => reached::to_dot(&answer, lang),
        Picture::Svg => reached::to_svg(&answer, lang),
    };
    match (&args.output, form) {
        (Some(path), _) => output::write_file(path, text.as_bytes(), lang)?,
        (None, Picture::Text) => output::print(&text)?,
        (None, _) => output::print_plain(&text)?,
    }
    Ok(if estate.problems.is_empty() { 0 } else { INCOMPLETE })
}

/// What is asked of a machine.
pub(crate) struct Asked<'a> {
    /// Where packets come from, as people wrote it.
    pub(crate) from: &'a str,
    /// The same as addresses of each family.
    pub(crate) sets: [Addresses; 2],
    /// Where paths begin.
    pub(crate) origin: Origin,
    /// The ports that they go to.
    pub(crate) ports: &'a PortSet,
    /// The ports by which a machine on the way is taken over.
    pub(crate) login: &'a PortSet,
    /// The most steps of a path.
    pub(crate) hops: usize,
}

/// Everything that gets to a machine; none for what is no machine.
pub(crate) fn answer(
    reach: &Reach<'_>,
    id: estate::ResourceId,
    asked: &Asked<'_>,
    lang: Lang,
) -> Option<reached::Reached> {
    let estate = reach.estate();
    let target = match (estate.vm(id), estate.scale_set(id)) {
        (Some(vm), _) => Machine::of_vm(estate, vm),
        (None, Some(set)) => Machine::of_scale_set(estate, set),
        (None, None) => return None,
    };
    let addresses: Vec<AddressWays<'_>> = target
        .addresses
        .iter()
        .map(|(nic, ip)| {
            let (nic, ip) = (*nic, *ip);
            let ways = reach.ways_in(nic, ip, &asked.sets).into_iter();
            let ways = ways.map(|way| {
                let note = replies(reach, nic, ip, &way, lang);
                (way, note)
            });
            let ways = ways.collect();
            (nic, ip, ways)
        })
        .collect();
    let asked_ports = if asked.ports.is_all() { asked.login } else { asked.ports };
    let map = Map::new(reach, asked.login, asked_ports);
    let both = Protocols::TCP.or(Protocols::UDP);
    let wanted = (if asked.ports.is_all() { Protocols::TCP } else { both }, asked_ports);
    let paths = map.to(id, &asked.origin, wanted, asked.hops);
    let unknown = target.doubt(reach);
    let hidden = if asked.hops > 1 { map.unseen(id, wanted) } else { None };
    let between = hidden.filter(|_| paths.is_empty());
    let (from, ports) = (asked.from, asked.ports);
    let question = reached::Asked { vm: id, from, ports, unknown: unknown.as_ref(), between, lang };
    Some(reached::reached(reach, &question, &addresses, &map, &paths, &asked.origin))
}

/// What there is to say of replies to clients of a way in.
fn replies(reach: &Reach<'_>, nic: &Nic, ip: &IpConfiguration, way: &WayIn, lang: Lang) -> Option<String> {
    let Start::Internet { through, .. } = &way.start else { return None };
    if through.as_ref().is_some_and(|through| through.seen_from.is_some()) {
        return None;
    }
    let opening = way.openings.first()?;
    let one = Protocols::EACH.into_iter().find(|one| opening.protocols.contains(*one))?;
    let packet = opening.witness(ip.family, one, &PortSet::all())?;
    match return_path(reach, nic, ip, packet.remote) {
        Known::Value(ReturnPath::Elsewhere(next)) => Some(posture::replies_text(&next, lang)),
        Known::Value(ReturnPath::Direct) | Known::Unknown(_) => None,
    }
}

/// The form: the one that was asked for, else the one that the file's name tells.
fn form(args: &ReachArgs, lang: Lang) -> anyhow::Result<Picture> {
    if let Some(form) = args.format {
        return Ok(form);
    }
    let Some(path) = &args.output else { return Ok(Picture::Text) };
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("txt") => Ok(Picture::Text),
        Some("json") => Ok(Picture::Json),
        Some("html" | "htm") => Ok(Picture::Html),
        Some("dot" | "gv") => Ok(Picture::Dot),
        Some("svg") => Ok(Picture::Svg),
        _ => match lang {
            Lang::En => bail!(
                "the name of `{}` does not tell its form: give --format, or end it in .txt, .json, .html, .dot or .svg",
                path.display()
            ),
            Lang::Ja => bail!(
                "`{}` の拡張子から形式を判断できません。--format を指定するか、拡張子を .txt、.json、.html、.dot、.svg のいずれかにしてください",
                path.display()
            ),
        },
    }
}

/// `22`, `22,3389` or `20-25`.
fn ports(text: &str, lang: Lang) -> anyhow::Result<PortSet> {
    let mut all: Vec<Range<u16>> = Vec::new();
    for part in text.split(',') {
        match parse_ports(part) {
            Some(range) => all.push(range),
            None => match lang {
                Lang::En => bail!("`{part}` is not a port, such as 22, 20-25 or *"),
                Lang::Ja => bail!("`{part}` はポートではありません。22、20-25、* のように指定してください"),
            },
        }
    }
    Ok(all.into_iter().collect())
}

fn ports_or(text: Option<&str>, default: &[u16], lang: Lang) -> anyhow::Result<PortSet> {
    match text {
        Some(text) => ports(text, lang),
        None => Ok(default.iter().map(|port| Range { first: *port, last: *port }).collect()),
    }
}

/// The addresses, of each family, that people name: all, the internet's, those inside, or prefixes.
pub(crate) fn sets(text: &str, lang: Lang) -> anyhow::Result<[Addresses; 2]> {
    named_sets(text).map_or_else(
        || match lang {
            Lang::En => bail!("--from is internet, network, anywhere, or addresses such as 203.0.113.0/24, not `{text}`"),
            Lang::Ja => bail!("--from には internet、network、anywhere、アドレス (203.0.113.0/24 など) のいずれかを指定してください: `{text}`"),
        },
        Ok,
    )
}

/// Where packets come from: the beginning of paths, and the set of addresses of each family.
fn origin(text: &str, finder: &Finder<'_>, lang: Lang) -> anyhow::Result<(Origin, [Addresses; 2])> {
    if let Some(sets) = named_sets(text) {
        let origin = match text.to_ascii_lowercase().as_str() {
            "anywhere" | "*" | "internet" => Origin::Internet,
            _ => Origin::Addresses(sets.clone()),
        };
        return Ok((origin, sets));
    }
    let vm = finder.machine(text).map_err(|error| match lang {
        Lang::En => anyhow!(
            "--from is internet, network, anywhere, addresses such as 203.0.113.0/24, or a VM: {}",
            error_text(&error, lang)
        ),
        Lang::Ja => anyhow!(
            "--from には internet、network、anywhere、アドレス (203.0.113.0/24 など)、VM のいずれかを指定してください: {}",
            error_text(&error, lang)
        ),
    })?;
    // From a VM, what counts is the paths that begin there.
    Ok((Origin::Vm(vm), [Addresses::empty(), Addresses::empty()]))
}

pub(crate) fn named_sets(text: &str) -> Option<[Addresses; 2]> {
    let everything = || [Family::V4, Family::V6].map(reach::every_address);
    match text.to_ascii_lowercase().as_str() {
        "anywhere" | "*" => return Some(everything()),
        "internet" => return Some([Family::V4, Family::V6].map(|family| internet(family).clone())),
        "network" => {
            let inside = |family| reach::every_address(family).difference(internet(family));
            return Some([Family::V4, Family::V6].map(inside));
        }
        _ => {}
    }
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for part in text.split(',') {
        match parse_prefix(part)? {
            Prefix::V4(range) => v4.push(Range { first: range.first.into(), last: range.last.into() }),
            Prefix::V6(range) => v6.push(range),
        }
    }
    Some([v4.into_iter().collect(), v6.into_iter().collect()])
}
