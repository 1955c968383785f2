//! `sekimori who`: who gets into which machines, by which right, and what is demanded of them.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use estate::{Family, PortSet, Range, ResourceId};
use posture::Lang;
use reach::Reach;
use reach::flow::Finder;
use reach::paths::Origin;
use report::reached::Reached;
use report::who::{About, Question, to_html, to_text, who_form};
use signin::{Directory, Rights, Who};

use crate::check::live;
use crate::cli::{Picture, WhoArgs};
use crate::flow::error_text;
use crate::language::pick;
use crate::source::{self, Reading};
use crate::what_if::somebody;
use crate::{output, reached, tags};

/// Some of the answer is not known.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(args: &WhoArgs, lang: Lang) -> anyhow::Result<u8> {
    let form = form(args, lang)?;
    if let Some(path) = &args.output {
        output::check_writable(path, lang)?;
    }
    let (sources, vm) = asked(args, lang)?;
    let Reading { estate, sources, .. } = match sources.is_empty() {
        true => live(&args.live, lang)?,
        false => source::read(sources, lang)?,
    };
    source::tell_problems(&estate, &sources, lang);
    let reach = Reach::with_tags(&estate, tags::list(lang)?);
    let directory = Directory::new(&estate);
    let rights = Rights::new(&directory);
    let ports: PortSet = posture::Settings::default()
        .management_ports
        .iter()
        .map(|port| Range { first: *port, last: *port })
        .collect();
    let (mut about, mut ways) = (About::All, None);
    if let Some(vm) = vm {
        let finder = Finder::new(&estate);
        let id = finder.machine(&vm).map_err(|error| anyhow!(error_text(&error, lang)))?;
        about = About::Machine(id);
        ways = reached_of(&reach, id, &ports, lang);
    } else if let Some(person) = &args.person {
        about = About::Person(somebody(&directory, person, lang)?);
    }
    let who = Who::new(&rights, args.no_mfa_trusted_ips);
    let question = Question { who: &who, reach: &reach, ports: &ports, about, reached: ways, lang };
    let answer = who_form(&question);
    let text = match form {
        Picture::Json => serde_json::to_string_pretty(&answer)? + "\n",
        Picture::Html => to_html(&answer, lang),
        Picture::Text | Picture::Dot | Picture::Svg => {
            let page = if args.output.is_some() { report::Page::PLAIN } else { output::page() };
            to_text(&answer, lang, &page)
        }
    };
    match (&args.output, form) {
        (Some(path), _) => output::write_file(path, text.as_bytes(), lang)?,
        (None, Picture::Text) => output::print(&text)?,
        (None, _) => output::print_plain(&text)?,
    }
    Ok(if estate.problems.is_empty() && answer.unknown.is_empty() { 0 } else { INCOMPLETE })
}

/// The sources, and the machine that is asked about, if it is one.
fn asked(args: &WhoArgs, lang: Lang) -> anyhow::Result<(&[PathBuf], Option<String>)> {
    let (sources, vm) = if args.all || args.vm.is_some() || args.person.is_some() {
        (args.sources.as_slice(), args.vm.clone())
    } else {
        let Some((vm, sources)) = args.sources.split_last() else { bail!(nobody(lang)) };
        if sources.is_empty() && vm.exists() {
            bail!(nobody(lang));
        }
        (sources, Some(vm.to_string_lossy().into_owned()))
    };
    if !sources.is_empty() && args.live.is_narrowed() {
        bail!(pick(
            lang,
            "--subscription, --management-group and --no-directory are for live Azure: leave SOURCE out",
            "--subscription、--management-group、--no-directory は Azure から直接取得する場合のオプションです。SOURCE を省略してください",
        ));
    }
    Ok((sources, vm))
}

fn nobody(lang: Lang) -> &'static str {
    pick(
        lang,
        "say who is meant: a VM behind the sources, --person PERSON, or --all",
        "対象を指定してください: SOURCE の後に VM、または --person ユーザー、--all",
    )
}

/// The ways in to one machine, rule by rule.
fn reached_of(reach: &Reach<'_>, id: ResourceId, ports: &PortSet, lang: Lang) -> Option<Reached> {
    let everywhere = [Family::V4, Family::V6].map(reach::every_address);
    let asked = reached::Asked {
        from: "anywhere",
        sets: everywhere,
        origin: Origin::Internet,
        ports,
        login: ports,
        hops: 1,
    };
    reached::answer(reach, id, &asked, lang)
}

/// The form: the one that was asked for, else the one that the file's name tells.
fn form(args: &WhoArgs, lang: Lang) -> anyhow::Result<Picture> {
    if let Some(form) = args.format {
        return Ok(form);
    }
    let extension = |path: &Path| path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    let Some(path) = &args.output else { return Ok(Picture::Text) };
    match extension(path).as_deref() {
        Some("txt") => Ok(Picture::Text),
        Some("json") => Ok(Picture::Json),
        Some("html" | "htm") => Ok(Picture::Html),
        _ => match lang {
            Lang::En => bail!(
                "the name of `{}` does not tell its form: give --format, or end it in .txt, .json or .html",
                path.display()
            ),
            Lang::Ja => bail!(
                "`{}` の拡張子から形式を判断できません。--format を指定するか、拡張子を .txt、.json、.html のいずれかにしてください",
                path.display()
            ),
        },
    }
}
