//! The program: command line, wiring, exit codes. Nothing depends on it.

mod check;
mod cli;
mod flow;
mod language;
mod output;
mod select;
mod source;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use posture::CHECKS;

/// Trees of JSON are made and dropped by the hundred thousand, on every thread at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Wrong usage, or nothing usable could be read.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let lang = language::choose(cli.lang);
    let code = match cli.command {
        Command::Check(args) => check::run(&args, lang),
        Command::Flow(args) => flow::run(&args, lang),
        Command::Explain { check } => select::one(&check, lang).and_then(|check| {
            output::print(&report::explain(check, lang, output::style()))?;
            Ok(0)
        }),
        Command::Checks { format } => list_checks(format, lang),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::fail(&error, lang);
            ExitCode::from(USAGE)
        }
    }
}

fn list_checks(format: cli::Format, lang: posture::Lang) -> anyhow::Result<u8> {
    match format {
        cli::Format::Json => output::print_json(&report::checks_json(lang))?,
        cli::Format::Text => output::print(&report::list_checks(CHECKS, lang, output::style()))?,
    }
    Ok(0)
}
