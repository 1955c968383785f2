//! The program: command line, wiring, exit codes. Nothing depends on it.

mod against;
mod check;
mod cli;
mod collect;
mod completions;
mod configuration;
mod difference;
mod effective;
mod evidence;
mod expanded;
mod exported;
mod fix;
mod flow;
mod import;
mod kept;
mod language;
mod man;
mod notices;
mod output;
mod policy;
mod reached;
mod routes;
mod select;
mod settings;
mod source;
mod tags;
mod template;
mod truth;
mod usage;
mod version;
mod what_if;
mod who;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use cli::{Cli, Command, ConfigCommand, Form};
use posture::{CHECKS, Lang};
use settings::File;

/// Trees of JSON are made and dropped by the hundred thousand, on every thread at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Wrong usage, or nothing usable could be read.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let lang = language(&arguments);
    cli::speak(lang);
    output::prepare(usage::colour(&arguments), !arguments.iter().any(|word| word == "--no-pager"));
    if let Err(value) = language::of_variable() {
        let error = match lang {
            Lang::En => anyhow::anyhow!("`SEKIMORI_LANG` is `{value}`: ja or en"),
            Lang::Ja => anyhow::anyhow!(
                "`SEKIMORI_LANG` の値 `{value}` が正しくありません。ja または en を指定してください"
            ),
        };
        output::fail(&error, lang);
        return ExitCode::from(USAGE);
    }
    let asked = language::asked(&arguments);
    let code = match usage::parse(arguments, lang) {
        Ok(cli) => run(&cli, asked, lang),
        Err(code) => Ok(code),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::fail(&error, lang);
            ExitCode::from(USAGE)
        }
    }
}

/// The language: a flag, `SEKIMORI_LANG`, `sekimori.toml`, the locale. What is wrong with the file is
/// told by whoever needs the rest of it.
fn language(arguments: &[OsString]) -> Lang {
    let system = language::of_system();
    let of_file = || {
        let named = named_config(arguments);
        if named.is_none() && arguments.iter().any(|word| word == "--no-config") {
            return None;
        }
        let file = settings::load(named.as_deref(), system).ok()?;
        Some(file.config?.lang?.value)
    };
    let of_variable = || language::of_variable().ok().flatten();
    language::asked(arguments).or_else(of_variable).or_else(of_file).unwrap_or(system)
}

/// The file that `--config` names, read before the rest of the command line.
fn named_config(arguments: &[OsString]) -> Option<PathBuf> {
    let at = arguments.iter().position(|word| word.to_string_lossy().starts_with("--config"))?;
    let word = arguments.get(at)?.to_string_lossy();
    match word.split_once('=') {
        Some(("--config", path)) => Some(path.into()),
        None if word == "--config" => arguments.get(at + 1).map(PathBuf::from),
        _ => None,
    }
}

fn run(cli: &Cli, asked: Option<Lang>, lang: Lang) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Check(args) => {
            let file = match args.no_config {
                true => File::default(),
                false => settings::usable(settings::load(args.config.as_deref(), lang)?, lang)?,
            };
            check::run(args, &file, lang)
        }
        Command::Collect(args) => collect::run(args, lang),
        Command::Truth(args) => truth::run(args, lang),
        Command::Flow(args) => flow::run(args, lang),
        Command::Reach(args) => reached::run(args, lang),
        Command::Diff(args) => difference::run(args, lang),
        Command::Expand(args) => expanded::run(args, lang),
        Command::Export(args) => exported::run(args, lang),
        Command::Fix(args) => {
            let file = match args.no_config {
                true => File::default(),
                false => settings::usable(settings::load(args.config.as_deref(), lang)?, lang)?,
            };
            fix::run(args, &file, lang)
        }
        Command::Import(args) => {
            let file = match args.no_config {
                true => File::default(),
                false => settings::usable(settings::load(args.config.as_deref(), lang)?, lang)?,
            };
            import::run(args, &file, lang)
        }
        Command::VerifyEvidence { result, sources, form, target } => {
            evidence::run(result, sources, &target.deploy(), form.form, lang)
        }
        Command::EffectiveNsg { sources, nic } => effective::run(sources, nic, lang),
        Command::EffectiveRoutes { sources, nic } => routes::effective(sources, nic, lang),
        Command::NextHop(args) => routes::next(args, lang),
        Command::WhatIf(args) => what_if::run(args, lang),
        Command::Who(args) => who::run(args, lang),
        Command::Explain { check } => {
            let check = select::one(check, lang)?;
            output::print(&report::explain(check, lang, output::page()))?;
            Ok(0)
        }
        Command::Checks { form } => {
            match form.form {
                Form::Json => output::print_json(&report::checks_json(lang))?,
                Form::Text => output::print(&report::list_checks(CHECKS, lang, output::page().style))?,
            }
            Ok(0)
        }
        Command::Config { command } => match command {
            ConfigCommand::Check { config } => configuration::check(config, lang),
            ConfigCommand::Show { config, form } => configuration::show(config, form.form, asked, lang),
            ConfigCommand::Schema => output::print_json(&config::schema()).map(|()| 0),
            ConfigCommand::Table => output::print_plain(&configuration::table(lang)).map(|()| 0),
        },
        Command::Tags { command } => tags::run(command, lang),
        Command::OwnChecks { memory, seconds, parent } => policy::serve(*memory, *seconds, *parent),
        Command::Policy { command } => policy::run(command, lang),
        Command::Completions { shell } => completions::print(*shell).map(|()| 0),
        Command::Man { folder } => man::write(folder.as_deref(), lang).map(|()| 0),
        Command::Version { verbose, form } => {
            {
                // Who asks for the version may do so because something is broken.
                let tags = tags::list(lang).unwrap_or_else(|error| {
                    output::fail(&error, lang);
                    reach::tags::Tags::built_in()
                });
                version::print(*verbose, form.form, &tags, lang).map(|()| 0)
            }
        }
    }
}
