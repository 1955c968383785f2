//! The code that owns resources, and what of it a plan changes.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fix::Fix;
use fix::forms::{Patch, patch};
use posture::Lang;

use crate::language::pick;

/// The most files, and the largest, that are looked at.
const FILES: usize = 5000;
const BYTES: u64 = 8 << 20;

/// Folders that hold other people's code, or none.
const PASSED_OVER: [&str; 5] = [".git", ".terraform", "node_modules", "target", ".venv"];

/// Files of code, by their names from the folder.
pub(super) struct Code {
    files: Vec<(String, String)>,
}

/// What there is to change for one write.
pub(super) struct Change {
    /// The number of the fix, and of the step in it.
    pub(super) place: (usize, usize),
    pub(super) patch: Patch,
}

impl Code {
    pub(super) fn read(folder: &Path, lang: Lang) -> anyhow::Result<Self> {
        let name = folder.display();
        if !folder.is_dir() {
            match lang {
                Lang::En => bail!("--code takes a folder, and `{name}` is none"),
                Lang::Ja => bail!("--code にはフォルダーを指定してください: `{name}`"),
            }
        }
        let mut code = Self { files: Vec::new() };
        code.walk(folder, &PathBuf::new(), 0).with_context(|| match lang {
            Lang::En => format!("cannot read the code in `{name}`"),
            Lang::Ja => format!("`{name}` のコードを読み取れません"),
        })?;
        if code.files.is_empty() {
            match lang {
                Lang::En => bail!("`{name}` holds no Terraform (.tf), Bicep or ARM template"),
                Lang::Ja => bail!("`{name}` に Terraform (.tf)、Bicep、ARM テンプレートがありません"),
            }
        }
        Ok(code)
    }

    fn walk(&mut self, root: &Path, below: &Path, depth: usize) -> anyhow::Result<()> {
        if depth > 32 {
            return Ok(());
        }
        let mut entries: Vec<_> = std::fs::read_dir(root.join(below))?.collect::<Result<_, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = below.join(&name);
            let kind = entry.file_type()?;
            // Links are not followed: they may lead round in circles, or out.
            if kind.is_dir() && !PASSED_OVER.contains(&name.as_str()) {
                self.walk(root, &path, depth + 1)?;
            }
            let lower = name.to_ascii_lowercase();
            let is_code = [".tf", ".bicep", ".json", ".jsonc"].iter().any(|end| lower.ends_with(end));
            if !kind.is_file() || !is_code || entry.metadata()?.len() > BYTES {
                continue;
            }
            if self.files.len() == FILES {
                bail!("more than {FILES} files");
            }
            // What is no text is no code.
            if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
                self.files.push((path.to_string_lossy().replace('\\', "/"), text));
            }
        }
        Ok(())
    }

    /// What of the code changes, fix by fix: each patch is of the code as the ones before leave it.
    pub(super) fn changes<'f>(
        mut self,
        fixes: impl IntoIterator<Item = (usize, &'f Fix)>,
        lang: Lang,
    ) -> Vec<Change> {
        let mut all = Vec::new();
        for (number, fix) in fixes {
            for (step, one) in fix.steps.iter().enumerate() {
                let files: Vec<(&str, &str)> =
                    self.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
                let Some(patch) = patch(&files, &one.write, lang) else { continue };
                if let Patch::Diff { file, text, .. } = &patch
                    && let Some((_, its)) = self.files.iter_mut().find(|(name, _)| name == file)
                {
                    its.clone_from(text);
                }
                all.push(Change { place: (number, step), patch });
            }
        }
        all
    }
}

/// What there is to say of a change that is no diff.
pub(super) fn by_hand(patch: &Patch, lang: Lang) -> Option<String> {
    match patch {
        Patch::Diff { .. } => None,
        Patch::Elsewhere { file, line, says } => Some(format!("{file}:{line}: {says}")),
        Patch::Several { places } => {
            let places: Vec<String> = places.iter().map(|(file, line)| format!("{file}:{line}")).collect();
            let says = pick(lang, "several places could be meant", "該当する可能性のある箇所が複数あります");
            Some(format!("{}: {says}", places.join(", ")))
        }
    }
}
