//! Reading the command line: help and mistakes in the language of the person.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use posture::Lang;

use crate::cli::Cli;

/// What the words of the library are in Japanese. All else in help is ours.
const JAPANESE: [(&str, &str); 8] = [
    ("Usage:", "使い方:"),
    ("Commands:", "コマンド:"),
    ("Arguments:", "引数:"),
    ("Options:", "オプション:"),
    ("Possible values:", "指定できる値:"),
    ("[possible values: ", "[指定できる値: "),
    ("[default: ", "[既定値: "),
    ("[OPTIONS]", "[オプション]"),
];

/// The command line, or the exit code where there is nothing more to do.
pub(crate) fn parse(arguments: Vec<OsString>, lang: Lang) -> Result<Cli, u8> {
    let error = match Cli::try_parse_from(&arguments) {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    if lang == Lang::En {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        // Nobody is left to tell when the stream is closed.
        let _ = error.print();
        return Err(code);
    }
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if asked {
        let terminal = match error.use_stderr() {
            true => std::io::stderr().is_terminal(),
            false => std::io::stdout().is_terminal(),
        };
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let styled = error.render();
        let text = if colour { styled.ansi().to_string() } else { styled.to_string() };
        let text = japanese(&text);
        let _ = match error.use_stderr() {
            true => std::io::stderr().write_all(text.as_bytes()),
            false => std::io::stdout().write_all(text.as_bytes()),
        };
        return Err(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let mut text = format!("エラー: {}\n", mistake(&error));
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        text += &format!("\n{}\n", japanese(&usage.to_string()));
    }
    text += "\n詳しくは `--help` を付けて実行してください\n";
    let shown: Vec<_> = text.lines().map(report::clean).collect();
    let _ = writeln!(std::io::stderr(), "{}", shown.join("\n"));
    Err(2)
}

/// Help in Japanese: the few words that are the library's own.
pub(crate) fn japanese(text: &str) -> String {
    JAPANESE.iter().fold(text.to_owned(), |text, (en, ja)| text.replace(en, ja))
}

/// The whole command, for completions and manual pages.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// A mistake in Japanese, with what was probably meant.
fn mistake(error: &clap::Error) -> String {
    let get = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("、"),
        Some(ContextValue::Number(number)) => number.to_string(),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
        }
        _ => String::new(),
    };
    let argument = get(ContextKind::InvalidArg);
    let value = get(ContextKind::InvalidValue);
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .map(get)
        .find(|text| !text.is_empty());
    let meant = match meant {
        Some(text) => format!("。`{text}` の間違いではありませんか"),
        None => String::new(),
    };
    match error.kind() {
        ErrorKind::UnknownArgument => format!("`{argument}` という引数はありません{meant}"),
        ErrorKind::InvalidSubcommand => {
            format!("`{}` というコマンドはありません{meant}", get(ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("`{argument}` に値を指定してください"),
        ErrorKind::InvalidValue => {
            let valid = get(ContextKind::ValidValue);
            format!("`{argument}` に `{value}` は指定できません{meant}\n  指定できる値: {valid}")
        }
        ErrorKind::MissingRequiredArgument => format!("必須の引数がありません: {argument}"),
        ErrorKind::MissingSubcommand => "コマンドを指定してください".to_owned(),
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg);
            match other.is_empty() {
                true => format!("`{argument}` は複数回指定できません"),
                false => format!("`{argument}` と `{other}` は同時に指定できません"),
            }
        }
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            format!("`{argument}` の値の数が正しくありません")
        }
        ErrorKind::NoEquals => format!("`{argument}` には `=` で値を指定してください"),
        ErrorKind::ValueValidation => format!("`{argument}` に `{value}` は指定できません"),
        ErrorKind::InvalidUtf8 => "引数に UTF-8 でない文字が含まれています".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
