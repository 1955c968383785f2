//! `sekimori man`.

use std::path::Path;

use anyhow::Context;
use clap_mangen::Man;
use posture::Lang;

use crate::{output, usage};

/// Prints the page of the program, or writes one for each command into a folder.
pub(crate) fn write(folder: Option<&Path>, lang: Lang) -> anyhow::Result<()> {
    let mut command = usage::command();
    command.build();
    let Some(folder) = folder else {
        return output::print_plain(&page(&command, "sekimori", lang)?);
    };
    std::fs::create_dir_all(folder).with_context(|| match lang {
        Lang::En => format!("cannot make the folder `{}`", folder.display()),
        Lang::Ja => format!("フォルダー `{}` を作成できません", folder.display()),
    })?;
    pages(&command, "sekimori", folder, lang)
}

fn pages(command: &clap::Command, name: &str, folder: &Path, lang: Lang) -> anyhow::Result<()> {
    output::write_file(&folder.join(format!("{name}.1")), page(command, name, lang)?.as_bytes(), lang)?;
    for part in command.get_subcommands().filter(|part| !part.is_hide_set()) {
        pages(part, &format!("{name}-{}", part.get_name()), folder, lang)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str, lang: Lang) -> anyhow::Result<String> {
    let command = command.clone().name(name.to_owned()).bin_name(name.replace('-', " "));
    let mut text = Vec::new();
    Man::new(command).title(name.to_uppercase()).manual("Sekimori").render(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(match lang {
        Lang::En => text,
        Lang::Ja => {
            let text = usage::japanese(&text).replace("\\fIsubcommands\\fR", "\\fIコマンド\\fR");
            HEADINGS
                .iter()
                .fold(text, |text, (en, ja)| text.replace(&format!(".SH {en}\n"), &format!(".SH {ja}\n")))
        }
    })
}

/// The headings of manual pages, as Japanese ones have them.
const HEADINGS: [(&str, &str); 8] = [
    ("NAME", "名前"),
    ("SYNOPSIS", "書式"),
    ("DESCRIPTION", "説明"),
    ("OPTIONS", "オプション"),
    ("SUBCOMMANDS", "コマンド"),
    ("EXTRA", "補足"),
    ("VERSION", "バージョン"),
    ("ARGUMENTS", "引数"),
];
