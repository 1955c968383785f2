//! Reading the command line: help and mistakes in the language of the person.

use std::ffi::OsString;
use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use posture::Lang;
use report::Style;
use unicode_width::UnicodeWidthStr;

use crate::cli::{Cli, Colour};
use crate::output;

/// What the words of the library are in Japanese. All else in help is ours.
const JAPANESE: [(&str, &str); 9] = [
    ("Usage:", "使い方:"),
    ("Commands:", "コマンド:"),
    ("Arguments:", "引数:"),
    ("Options:", "オプション:"),
    ("Possible values:", "指定できる値:"),
    ("Possible\\ values:", "指定できる値:"),
    ("[possible values: ", "[指定できる値: "),
    ("[default:", "[既定値:"),
    ("[OPTIONS]", "[オプション]"),
];

/// The command line, or the exit code where there is nothing more to do.
pub(crate) fn parse(arguments: Vec<OsString>, lang: Lang) -> Result<Cli, u8> {
    let error = match Cli::try_parse_from(&arguments) {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if asked {
        let page = output::page();
        let styled = error.render();
        let text = match (lang, page.style) {
            (Lang::En, Style::Colour) => styled.ansi().to_string(),
            (Lang::En, Style::Plain) => styled.to_string(),
            // Japanese has no spaces to break lines at, so the lines are made here.
            (Lang::Ja, _) => fit(&japanese(&styled.to_string()), page.width),
        };
        let printed = match error.use_stderr() {
            true => {
                // Nobody is left to tell when standard error is closed.
                let _ = std::io::stderr().write_all(text.as_bytes());
                Ok(())
            }
            false => output::print(&text),
        };
        return Err(if printed.is_err() { 2 } else { code });
    }
    if lang == Lang::En {
        let _ = error.print();
        return Err(code);
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

/// What `--color` says, read before the rest of the command line: help is coloured, too.
pub(crate) fn colour(arguments: &[OsString]) -> Option<Colour> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let at = words.iter().position(|word| word.starts_with("--color"))?;
    let value = match words.get(at)?.strip_prefix("--color") {
        Some("") => words.get(at + 1)?.clone().into_owned(),
        Some(rest) => rest.strip_prefix('=')?.to_owned(),
        None => return None,
    };
    match value.as_str() {
        "always" => Some(Colour::Always),
        "never" => Some(Colour::Never),
        _ => Some(Colour::Auto),
    }
}

/// Breaks lines that are too wide, and goes on where their text started.
fn fit(text: &str, width: usize) -> String {
    let fit = |line: &str| -> String {
        if line.width() <= width {
            return line.to_owned();
        }
        let indent = line.len() - line.trim_start().len();
        let body = line.get(indent..).unwrap_or_default();
        // The description of an option stands behind two spaces at least.
        let start = body.find("  ").map_or(indent, |gap| {
            let rest = body.get(gap..).unwrap_or_default();
            indent + gap + rest.len() - rest.trim_start().len()
        });
        let (head, tail) = line.split_at(start);
        let column = head.width();
        let lines = report::wrap(tail, width.saturating_sub(column).max(20));
        let rest = format!("\n{}", " ".repeat(column));
        format!("{head}{}", lines.lines().collect::<Vec<_>>().join(&rest))
    };
    text.lines().map(|line| fit(line) + "\n").collect()
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
        Some(ContextValue::Strings(texts)) => texts.join("`、`"),
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
            let valid = get(ContextKind::ValidValue).replace('`', "");
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
    fn wide_lines_go_on_where_their_text_started() {
        let line = "  -o, --output <F>  レポートをファイルに書き込む。形式は拡張子で決まります";
        let fitted = fit(line, 44);
        for line in fitted.lines() {
            assert!(line.width() <= 44, "{line}");
        }
        assert!(fitted.lines().nth(1).unwrap().starts_with(&" ".repeat(20)), "{fitted}");
        assert_eq!(fit("short", 44), "short\n");
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
