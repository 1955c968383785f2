//! Azure's own definitions: those that the program holds, or newer ones that somebody brought.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use policy::Pack;
use posture::{Day, Lang};
use serde_json::Value;

use crate::{kept, output};

/// The largest definition that is read. Azure's largest has 400 KB.
const LARGEST: u64 = 4 << 20;

/// The definitions to go by: what was brought with `policy update`, unless the program holds newer ones.
pub(crate) fn pack(lang: Lang) -> anyhow::Result<Pack> {
    let own = Pack::own().map_err(|_| anyhow!("the program's own definitions cannot be read"))?;
    let Some(path) = kept::place(KEPT) else { return Ok(own) };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(own),
        Err(error) => return Err(error).with_context(|| unusable(&path, lang)),
    };
    let brought = Pack::from_bytes(&bytes).map_err(|_| anyhow!(unusable(&path, lang)))?;
    Ok(if brought.date >= own.date { brought } else { own })
}

/// What definitions are kept as.
const KEPT: &str = "policies.json.zst";

fn unusable(path: &Path, lang: Lang) -> String {
    let name = path.display();
    match lang {
        Lang::En => format!(
            "the definitions `{name}` cannot be used; run `sekimori policy update FOLDER` again, or remove the file"
        ),
        Lang::Ja => format!(
            "ポリシー定義 `{name}` を利用できません。`sekimori policy update FOLDER` をもう一度実行するか、このファイルを削除してください"
        ),
    }
}

/// Takes over definitions that Azure publishes.
pub(super) fn run(folder: &Path, date: &str, to: Option<&Path>, lang: Lang) -> anyhow::Result<()> {
    if Day::parse(date).is_none_or(|day| !day.exists()) {
        match lang {
            Lang::En => bail!("`{date}` is no day such as 2026-04-29"),
            Lang::Ja => bail!("`{date}` は 2026-04-29 のような日付ではありません"),
        }
    }
    let mut published = Vec::new();
    read(folder, 0, &mut published).with_context(|| match lang {
        Lang::En => format!("cannot read the folder `{}`", folder.display()),
        Lang::Ja => format!("フォルダー `{}` を読み取れません", folder.display()),
    })?;
    let pack = Pack::of(date, published);
    if pack.definitions.is_empty() {
        let name = folder.display();
        match lang {
            Lang::En => bail!(
                "`{name}` holds no policy definition; get them with: git clone https://github.com/Azure/azure-policy"
            ),
            Lang::Ja => bail!(
                "`{name}` にポリシー定義がありません。次のコマンドで入手できます: git clone https://github.com/Azure/azure-policy"
            ),
        }
    }
    let bytes = pack.to_bytes().map_err(|_| anyhow!("the definitions cannot be packed"))?;
    let path = kept::keep(KEPT, to, &bytes, lang)?;
    kept::tell(&path, lang);
    output::print(&told(&pack, lang))
}

/// Takes away what was brought.
pub(super) fn reset(lang: Lang) -> anyhow::Result<()> {
    kept::forget(KEPT, |path| unusable(path, lang))?;
    output::print(&told(&pack(lang)?, lang))
}

fn told(pack: &Pack, lang: Lang) -> String {
    let (date, count) = (&pack.date, pack.definitions.len());
    match lang {
        Lang::En => format!("{count} policy definitions of {date}\n"),
        Lang::Ja => format!("ポリシー定義 {count} 件 ({date})\n"),
    }
}

fn read(folder: &Path, depth: usize, into: &mut Vec<Value>) -> anyhow::Result<()> {
    if depth > 16 {
        bail!("> 16");
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            read(&path, depth + 1, into)?;
        } else if path.extension().is_some_and(|end| end == "json") && entry.metadata()?.len() <= LARGEST {
            let bytes = fs::read(&path)?;
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            into.extend(serde_json::from_slice::<Value>(text));
        }
    }
    Ok(())
}
