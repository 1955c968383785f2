//! What the program keeps for a person: a newer list of service tags, newer policy definitions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use posture::Lang;

use crate::output;
use crate::settings::variable;

/// Where something is kept (XDG on Unix). <https://specifications.freedesktop.org/basedir-spec/latest/>
pub(crate) fn place(name: &str) -> Option<PathBuf> {
    let folder = match cfg!(windows) {
        true => PathBuf::from(variable("LOCALAPPDATA")?),
        false => match variable("XDG_DATA_HOME").filter(|path| Path::new(path).is_absolute()) {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(variable("HOME")?).join(".local/share"),
        },
    };
    Some(folder.join("sekimori").join(name))
}

/// Keeps something, or writes it to a file that was named; gives where.
pub(crate) fn keep(name: &str, to: Option<&Path>, bytes: &[u8], lang: Lang) -> anyhow::Result<PathBuf> {
    let path = match to.map(Path::to_path_buf).or_else(|| place(name)) {
        Some(path) => path,
        None => match lang {
            Lang::En => bail!("there is no folder for data: set HOME or XDG_DATA_HOME"),
            Lang::Ja => {
                bail!("データ用のフォルダーがありません。HOME または XDG_DATA_HOME を設定してください")
            }
        },
    };
    if let Some(folder) = path.parent() {
        make_folder(folder, lang)?;
    }
    output::write_file(&path, bytes, lang)?;
    Ok(path)
}

/// Tells where something was kept.
pub(crate) fn tell(path: &Path, lang: Lang) {
    output::note(&match lang {
        Lang::En => format!("kept as {}", path.display()),
        Lang::Ja => format!("{} に保存しました", path.display()),
    });
}

/// Takes away what was kept; `unusable` tells what to do where that fails.
pub(crate) fn forget(name: &str, unusable: impl Fn(&Path) -> String) -> anyhow::Result<()> {
    let Some(path) = place(name) else { return Ok(()) };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| unusable(&path))
        }
        _ => Ok(()),
    }
}

/// Makes a folder and those that it stands in; an empty path is the folder that we are in.
pub(crate) fn make_folder(folder: &Path, lang: Lang) -> anyhow::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    fs::create_dir_all(folder).with_context(|| match lang {
        Lang::En => format!("cannot make the folder `{}`", folder.display()),
        Lang::Ja => format!("フォルダー `{}` を作成できません", folder.display()),
    })
}
