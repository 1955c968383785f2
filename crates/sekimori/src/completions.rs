//! `sekimori completions`.

use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use posture::CHECKS;

use crate::{output, usage};

/// Prints a script that completes commands, flags, choices and the names of checks.
pub(crate) fn print(shell: Shell) -> anyhow::Result<()> {
    let words: Vec<&str> = CHECKS.iter().flat_map(|check| [check.code, check.slug]).collect();
    let names = || PossibleValuesParser::new(words.clone());
    let command = usage::command()
        .mut_subcommand("explain", |explain| explain.mut_arg("check", |arg| arg.value_parser(names())))
        .mut_subcommand("check", |check| {
            ["select", "ignore", "require"]
                .into_iter()
                .fold(check, |check, name| check.mut_arg(name, |arg| arg.value_parser(names())))
        });
    let mut command = command;
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "sekimori", &mut text);
    output::print_plain(&String::from_utf8_lossy(&text))
}
