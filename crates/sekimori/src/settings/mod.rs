//! What holds for this run: flags, then environment variables, then `sekimori.toml`, then defaults.

mod find;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use config::{Config, FailOn, Format, KEYS, Key, Set};
use posture::{Approved, Check, Lang, Severity, Suppression};

pub(crate) use find::{File, load};

use crate::cli::CheckArgs;
use crate::select;

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Flag(&'static str),
    Variable(&'static str),
    /// The line of the file.
    File(usize),
    Default,
}

/// A value, and who set it.
pub(crate) struct Chosen<T> {
    pub(crate) value: T,
    pub(crate) from: From,
}

/// Everything that holds for this run.
pub(crate) struct Chosens {
    pub(crate) format: Chosen<Format>,
    pub(crate) fail_on: Chosen<FailOn>,
    pub(crate) select: Chosen<Vec<String>>,
    pub(crate) ignore: Chosen<Vec<String>>,
    pub(crate) require: Chosen<Vec<String>>,
    pub(crate) baseline: Chosen<Option<PathBuf>>,
    pub(crate) fail_on_new: Chosen<bool>,
    pub(crate) management_ports: Chosen<Vec<u16>>,
    pub(crate) wide_after: Chosen<u128>,
    pub(crate) needed_addresses: Chosen<u128>,
    pub(crate) severity: Chosen<BTreeMap<&'static str, Severity>>,
    pub(crate) approved_sources: Chosen<Vec<Approved>>,
    pub(crate) suppress: Vec<Suppression>,
}

/// Puts together what flags, environment and file say. `flags` is missing for commands that have none.
pub(crate) fn choose(flags: Option<&CheckArgs>, file: &File, lang: Lang) -> anyhow::Result<Chosens> {
    let empty = Config::default();
    let config = file.config.as_ref().unwrap_or(&empty);
    let defaults = posture::Settings::default();
    let chooser = Chooser { lang };
    let words = |text: &str| Ok(split(text));
    // `--ignore ''` says: none, whatever the file says.
    let list = |flag: Option<&Vec<String>>| {
        let words = flag.filter(|words| !words.is_empty())?.iter().filter(|word| !word.trim().is_empty());
        Some(words.cloned().collect::<Vec<_>>())
    };
    let baseline = config.baseline.as_ref().map(|set| Set {
        // From the folder of the file, wherever somebody stands.
        value: Some(file.folder.join(&set.value)),
        line: set.line,
    });
    let switch = flags.and_then(|flags| flags.fail_on_new);
    Ok(Chosens {
        format: chooser.one(
            "format",
            flags.and_then(|flags| flags.format),
            config.format.as_ref(),
            Format::Text,
            |text| Format::of_name(text).ok_or_else(|| names(&Format::ALL.map(|(_, name, ..)| name))),
        )?,
        fail_on: chooser.one(
            "fail-on",
            flags.and_then(|flags| flags.fail_on),
            config.fail_on.as_ref(),
            FailOn::From(Severity::Low),
            |text| FailOn::of_name(text).ok_or_else(|| names(&FailOn::ALL.map(|(_, name)| name))),
        )?,
        select: chooser.one(
            "select",
            list(flags.map(|flags| &flags.select)),
            config.select.as_ref(),
            Vec::new(),
            words,
        )?,
        ignore: chooser.one(
            "ignore",
            list(flags.map(|flags| &flags.ignore)),
            config.ignore.as_ref(),
            Vec::new(),
            words,
        )?,
        require: chooser.one(
            "require",
            list(flags.map(|flags| &flags.require)),
            config.require.as_ref(),
            Vec::new(),
            words,
        )?,
        baseline: chooser.one(
            "baseline",
            flags.and_then(|flags| flags.baseline.clone()).map(Some),
            baseline.as_ref(),
            None,
            |text| Ok(Some(PathBuf::from(text))),
        )?,
        fail_on_new: chooser.one(
            "fail-on-new",
            switch,
            config.fail_on_new.as_ref(),
            false,
            |text| match text {
                "1" | "true" | "yes" => Ok(true),
                "0" | "false" | "no" => Ok(false),
                _ => Err(names(&["true", "false"])),
            },
        )?,
        management_ports: chooser.text(
            "management-ports",
            list(flags.map(|flags| &flags.management_ports)).map(|all| all.join(",")),
            config.management_ports.as_ref(),
            defaults.management_ports,
            |text| config::ports(text).map_err(|fault| chooser.expected(fault.0)),
        )?,
        wide_after: chooser.text(
            "wide-after",
            flags.and_then(|flags| flags.wide_after.clone()),
            config.wide_after.as_ref(),
            defaults.wide_after,
            |text| count(text).ok_or_else(|| chooser.expected(COUNT)),
        )?,
        needed_addresses: chooser.text(
            "needed-addresses",
            flags.and_then(|flags| flags.needed_addresses.clone()),
            config.needed_addresses.as_ref(),
            defaults.needed,
            |text| count(text).ok_or_else(|| chooser.expected(COUNT)),
        )?,
        severity: chooser.text(
            "severity",
            list(flags.map(|flags| &flags.severity)).map(|all| all.join(",")),
            config.severity.as_ref(),
            BTreeMap::new(),
            |text| severities(text, lang, &chooser),
        )?,
        approved_sources: chooser.text(
            "approved-sources",
            list(flags.map(|flags| &flags.approve)).map(|all| all.join(",")),
            config.approved_sources.as_ref(),
            Vec::new(),
            |text| approved(text).map_err(|fault| chooser.expected(fault.0)),
        )?,
        suppress: config.suppress.clone(),
    })
}

impl Chosens {
    /// What checks go by.
    pub(crate) fn settings(&self) -> posture::Settings {
        posture::Settings {
            management_ports: self.management_ports.value.clone(),
            wide_after: self.wide_after.value,
            needed: self.needed_addresses.value,
            approved: self.approved_sources.value.clone(),
            severity: self.severity.value.clone(),
            now: None,
        }
    }

    /// The checks to run.
    pub(crate) fn checks(&self, policies: bool, lang: Lang) -> anyhow::Result<Vec<&'static Check>> {
        select::checks(&self.select.value, &self.ignore.value, policies, lang)
    }
}

const COUNT: &str = "a whole number from 0 to 16777216";

/// An environment variable that says something.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

struct Chooser {
    lang: Lang,
}

impl Chooser {
    /// The first of flag, variable, file and default that says something.
    fn one<T: Clone>(
        &self,
        name: &str,
        flag: Option<T>,
        file: Option<&Set<T>>,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<Chosen<T>> {
        let key = key(name);
        if let (Some(value), Some(flag)) = (flag, key.and_then(|key| key.flag)) {
            return Ok(Chosen { value, from: From::Flag(flag) });
        }
        let its = key.and_then(|key| key.variable);
        if let Some((its, text)) = its.and_then(|its| Some((its, variable(its)?))) {
            let value = parse(&text).map_err(|expected| self.bad(its, &text, &expected))?;
            return Ok(Chosen { value, from: From::Variable(its) });
        }
        Ok(match file {
            Some(set) => Chosen { value: set.value.clone(), from: From::File(set.line) },
            None => Chosen { value: default, from: From::Default },
        })
    }

    /// The same where the flag is a text, too.
    fn text<T: Clone>(
        &self,
        name: &str,
        flag: Option<String>,
        file: Option<&Set<T>>,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<Chosen<T>> {
        let given = match flag {
            None => None,
            Some(text) => {
                let its = key(name).and_then(|key| key.flag).unwrap_or_default();
                Some(parse(&text).map_err(|expected| self.bad(its, &text, &expected))?)
            }
        };
        self.one(name, given, file, default, parse)
    }

    fn bad(&self, what: &str, text: &str, expected: &str) -> anyhow::Error {
        match self.lang {
            Lang::En => anyhow!("`{what}` is `{text}`: {expected}"),
            Lang::Ja => anyhow!("`{what}` の値 `{text}` が正しくありません。{expected}"),
        }
    }

    /// What a value should be, in words.
    fn expected(&self, expected: &'static str) -> String {
        let kind = config::FaultKind::BadValue { key: String::new(), expected };
        let text = kind.text(self.lang);
        // Without the key, which is told before.
        match self.lang {
            Lang::En => text.replacen("`` takes ", "it takes ", 1),
            Lang::Ja => text.replacen("`` には", "", 1).trim_start().to_owned(),
        }
    }
}

/// Names are what people type: the same in both languages.
fn names(names: &[&str]) -> String {
    names.join(" | ")
}

fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

fn count(text: &str) -> Option<u128> {
    text.trim().parse().ok().filter(|number| *number <= 1 << 24)
}

/// `NET004=low,udp=high`.
fn severities(text: &str, lang: Lang, chooser: &Chooser) -> Result<BTreeMap<&'static str, Severity>, String> {
    let mut words = Vec::new();
    for entry in split(text) {
        let (word, level) = entry.split_once('=').unwrap_or((&entry, ""));
        let severity = config::severity(level).map_err(|fault| chooser.expected(fault.0))?;
        select::codes(&[word.to_owned()], lang).map_err(|error| error.to_string())?;
        words.push((word.to_owned(), severity));
    }
    Ok(config::by_code(&words))
}

/// `office=203.0.113.7,office=198.51.100.0/28`: a prefix without a name is called as it is written.
fn approved(text: &str) -> Result<Vec<Approved>, config::ValueFault> {
    let mut by_name: Vec<(String, Vec<String>)> = Vec::new();
    for entry in split(text) {
        let (name, prefix) = entry.split_once('=').unwrap_or((&entry, &entry));
        let (name, prefix) = (name.trim(), prefix.trim().to_owned());
        match by_name.iter_mut().find(|(its, _)| its == name) {
            Some((_, prefixes)) => prefixes.push(prefix),
            None => by_name.push((name.to_owned(), vec![prefix])),
        }
    }
    let all: Result<Vec<_>, _> =
        by_name.into_iter().map(|(name, prefixes)| config::approved_source(&name, prefixes)).collect();
    let all = all?;
    config::narrow_enough(&all)?;
    Ok(all)
}

/// The configuration, or an error that tells everything that is wrong with it.
pub(crate) fn usable(file: File, lang: Lang) -> anyhow::Result<File> {
    match file.faults.is_empty() {
        true => Ok(file),
        false => bail!("{}", file.faults_text(lang)),
    }
}
