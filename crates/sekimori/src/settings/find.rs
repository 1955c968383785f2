//! Where the configuration is.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use config::{Config, Fault};
use posture::Lang;

use super::variable;

/// The name that is looked for.
const NAME: &str = "sekimori.toml";

/// The largest file that is read.
const LIMIT: u64 = 1 << 20;

/// A configuration file, or none.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Where it is, as people see it.
    pub(crate) path: Option<PathBuf>,
    /// The folder that paths in it start from.
    pub(crate) folder: PathBuf,
    /// What it sets, if it is right.
    pub(crate) config: Option<Config>,
    /// What is wrong with it.
    pub(crate) faults: Vec<Fault>,
}

impl File {
    /// What people call it.
    pub(crate) fn name(&self) -> String {
        self.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }

    /// What is wrong with it, one fault a line.
    pub(crate) fn faults_text(&self, lang: Lang) -> String {
        let name = self.name();
        let lines = self
            .faults
            .iter()
            .map(|fault| format!("{name}:{}:{}: {}", fault.line, fault.column, fault.kind.text(lang)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Reads the configuration: the named file, else that of `SEKIMORI_CONFIG`, else the first
/// `sekimori.toml` from the working folder upward.
pub(crate) fn load(named: Option<&Path>, lang: Lang) -> anyhow::Result<File> {
    let path = match named.map(Path::to_path_buf).or_else(|| variable("SEKIMORI_CONFIG").map(PathBuf::from)) {
        Some(path) => path,
        None => match upward() {
            Some(path) => path,
            None => return Ok(File::default()),
        },
    };
    let name = path.display().to_string();
    let failed = || match lang {
        Lang::En => format!("cannot read the configuration `{name}`"),
        Lang::Ja => format!("設定ファイル `{name}` を読み取れません"),
    };
    let size = std::fs::metadata(&path).with_context(failed)?.len();
    if size > LIMIT {
        match lang {
            Lang::En => bail!("the configuration `{name}` is larger than a mebibyte"),
            Lang::Ja => bail!("設定ファイル `{name}` が 1 MiB を超えています"),
        }
    }
    let text = std::fs::read_to_string(&path).with_context(failed)?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (config, faults) = match config::parse(text) {
        Ok(config) => (Some(config), Vec::new()),
        Err(faults) => (None, faults),
    };
    Ok(File { path: Some(path), folder, config, faults })
}

/// The nearest file of the name, told as people stand: `sekimori.toml`, `../sekimori.toml`.
fn upward() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut way = PathBuf::new();
    for folder in here.ancestors() {
        if folder.join(NAME).is_file() {
            return Some(way.join(NAME));
        }
        way.push("..");
    }
    None
}
