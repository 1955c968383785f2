//! `sekimori export`: machines that are there as a template, so that they can be deployed anew, hardened.

mod words;

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use posture::Lang;
use serde_json::Value;
use template::export::{ExportFault, Exported, Options, template};

use crate::check::live;
use crate::cli::ExportArgs;
use crate::language::pick;
use crate::output;
use crate::source::{self, Reading};

pub(crate) fn run(args: &ExportArgs, lang: Lang) -> anyhow::Result<u8> {
    let companion = args.output.as_deref().map(companion);
    for path in args.output.iter().chain(&companion) {
        output::check_writable(path, lang)?;
    }
    if !args.source.is_empty() && args.live.is_narrowed() {
        bail!(pick(
            lang,
            "--subscription, --management-group and --no-directory are for live Azure: leave --source out",
            "--subscription、--management-group、--no-directory は Azure を直接読み取る場合の指定です。--source は指定しないでください",
        ));
    }
    let reading = match args.source.is_empty() {
        true => live(&args.live, lang)?,
        false => source::read(&args.source, lang)?,
    };
    source::tell(&reading, lang);
    let options = Options {
        hardened: args.hardened,
        machines: args.machines.clone(),
        trusted_sources: args.allow.clone(),
    };
    let exported =
        template(&records(&reading), &options).map_err(|fault| anyhow!(fault_text(&fault, lang)))?;
    for line in words::told(&exported, lang) {
        output::note(&line);
    }
    let text = serde_json::to_string_pretty(&exported.template)? + "\n";
    match (&args.output, companion) {
        (Some(path), Some(beside)) => {
            output::write_file(path, text.as_bytes(), lang)?;
            output::note(&written(path, lang));
            if has_parameters(&exported) {
                let parameters = serde_json::to_string_pretty(&exported.parameters)? + "\n";
                output::write_file(&beside, parameters.as_bytes(), lang)?;
                output::note(&fill_in(&beside, path, lang));
            }
        }
        _ => output::print_plain(&text)?,
    }
    Ok(if reading.estate.problems.is_empty() { 0 } else { 3 })
}

/// What the sources say of each resource, as they wrote it.
fn records(reading: &Reading) -> Vec<Value> {
    let Reading { estate, sources, .. } = reading;
    let mut origins: Vec<_> = estate.records().map(|record| record.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let read = |origin| serde_json::from_slice(&sources.record(origin)?).ok();
    origins.into_iter().filter_map(read).collect()
}

/// The file of parameters beside a template: `vm.parameters.json` beside `vm.json`.
fn companion(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}.parameters.json"))
}

fn has_parameters(exported: &Exported) -> bool {
    exported
        .parameters
        .get("parameters")
        .and_then(Value::as_object)
        .is_some_and(|parameters| !parameters.is_empty())
}

fn written(path: &Path, lang: Lang) -> String {
    match lang {
        Lang::En => format!("wrote {}", path.display()),
        Lang::Ja => format!("{} に書き込みました", path.display()),
    }
}

fn fill_in(beside: &Path, template: &Path, lang: Lang) -> String {
    let (beside, template) = (beside.display(), template.display());
    match lang {
        Lang::En => format!(
            "wrote {beside}: fill in its values, then `az deployment group create -g <RESOURCE-GROUP> --template-file {template} --parameters {beside}`"
        ),
        Lang::Ja => format!(
            "{beside} に書き込みました。値を記入してから `az deployment group create -g <リソース グループ> --template-file {template} --parameters {beside}` を実行してください"
        ),
    }
}

fn fault_text(fault: &ExportFault, lang: Lang) -> String {
    if lang == Lang::En {
        return fault.to_string();
    }
    match fault {
        ExportFault::NoMachine => "仮想マシンが指定されていません".to_owned(),
        ExportFault::Missing { name, near } if near.is_empty() => {
            format!("入力に仮想マシン `{name}` がありません")
        }
        ExportFault::Missing { name, near } => {
            format!("入力に仮想マシン `{name}` がありません。近い名前: `{}`", near.join("`, `"))
        }
        ExportFault::Ambiguous { name, ids } => {
            format!("`{name}` という仮想マシンが複数あります。ID で指定してください: `{}`", ids.join("`, `"))
        }
        ExportFault::NoProperties { id } => {
            format!(
                "`{id}` のレコードにプロパティがありません。`az vm show` などですべてのプロパティを読み取ってください"
            )
        }
        ExportFault::Source(text) => format!(
            "`{text}` はサインイン元のアドレスとして使えません。`198.51.100.0/28` のように指定してください"
        ),
    }
}
