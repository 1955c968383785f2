//! What people name by `--policy`: files, folders and what the program holds.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use estate::{Estate, Origin};
use policy::{Document, Judgement, Library, Standing};
use posture::{Check, Lang};

use super::update;
use crate::source::Positions;

/// The policies that a run goes by.
pub(crate) struct Policies {
    pub(crate) library: Library,
    /// A team's own checks, in Rego.
    pub(crate) own: Vec<Document>,
    /// Files of folders that cannot be read, and why.
    unread: Vec<String>,
}

/// The largest file that is read: Azure's largest initiative has a few hundred KB.
const LARGEST: u64 = 16 << 20;

/// How many files a folder may hold, and how deep they may be.
const FILES: usize = 20_000;
const DEPTH: usize = 16;

impl Policies {
    /// Reads what was named; none where nothing was.
    pub(crate) fn read(named: &[PathBuf], lang: Lang) -> anyhow::Result<Option<Self>> {
        if named.is_empty() {
            return Ok(None);
        }
        let pack = update::pack(lang)?;
        let (mut documents, mut own, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for path in named {
            if path.as_os_str() == policy::BUILTIN {
                documents.push(pack.document());
                continue;
            }
            let mut files = Vec::new();
            collect(path, 0, &mut files).with_context(|| cannot(path, lang))?;
            files.sort();
            if files.is_empty() {
                let name = path.display();
                match lang {
                    Lang::En => bail!("the folder `{name}` holds no .json or .rego file"),
                    Lang::Ja => bail!("フォルダー `{name}` に .json または .rego ファイルがありません"),
                }
            }
            let alone = path.is_file();
            for file in files.iter().filter(|file| !is_test(file)) {
                let into = if is_rego(file) { &mut own } else { &mut documents };
                match document(file, lang) {
                    Ok(document) => into.push(document),
                    Err(error) if alone => return Err(error),
                    // The others of a folder are judged all the same.
                    Err(error) => unread.push(format!("{error:#}")),
                }
            }
        }
        Ok(Some(Self { library: Library::read(&documents, &pack), own, unread }))
    }

    /// What was wrong with them, in words with their places.
    pub(crate) fn faults(&self, lang: Lang) -> Vec<String> {
        let told = |fault: &policy::Fault| told(fault, lang);
        // What the library cannot work out of Azure's own is no fault of whoever asks: the summary counts it.
        let faults = self.library.faults.iter().filter(|fault| fault.file != policy::BUILTIN).map(told);
        self.unread.iter().cloned().chain(faults).collect()
    }
}

/// A fault in words, with its place.
pub(crate) fn told(fault: &policy::Fault, lang: Lang) -> String {
    let text = fault.kind.text(lang);
    match fault.line {
        0 => format!("{}: {text}", fault.file),
        line => format!("{}:{line}:{}: {text}", fault.file, fault.column),
    }
}

fn is_rego(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("rego"))
}

/// Tests stand beside checks and are none themselves.
fn is_test(path: &Path) -> bool {
    is_rego(path) && path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("_test"))
}

/// The files of own checks and their tests.
pub(super) fn rego(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Vec<Document>> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, 0, &mut files).with_context(|| cannot(path, lang))?;
    }
    files.sort();
    files.dedup();
    files.iter().filter(|file| is_rego(file)).map(|file| document(file, lang)).collect()
}

/// What policies say of an estate.
pub(crate) fn judge(
    policies: &Policies,
    estate: &Estate,
    sources: &Positions,
    moment: &str,
    lang: Lang,
) -> Judgement {
    let read = |origin: Origin| sources.record(origin);
    policy::judge(&policies.library, estate, &read, moment, lang)
}

/// The checks of those that were judged, each once.
pub(crate) fn checks(judgement: &Judgement) -> Vec<&'static Check> {
    let mut all: Vec<&'static Check> = Vec::new();
    for row in &judgement.rows {
        let judged = matches!(row.standing, Standing::Judged { .. });
        if judged && !all.iter().any(|check| check.code == row.check.code) {
            all.push(row.check);
        }
    }
    all
}

/// How many policies were judged, in a sentence.
pub(crate) fn summary(policies: &Policies, judgement: &Judgement, lang: Lang) -> String {
    let count = |is: fn(&Standing) -> bool| judgement.rows.iter().filter(|row| is(&row.standing)).count();
    let judged = count(|one| matches!(one, Standing::Judged { .. }));
    let nothing = count(|one| matches!(one, Standing::Nothing));
    let other = count(|one| matches!(one, Standing::OtherTypes));
    let disabled = count(|one| matches!(one, Standing::Disabled));
    let deprecated = count(|one| matches!(one, Standing::Deprecated));
    let open = count(|one| matches!(one, Standing::Parameter(_) | Standing::Effect(_)));
    let all = judgement.rows.len();
    let broken = policies.library.unworkable();
    let rows = [
        (nothing, "about nothing that the input holds", "入力に対象なし"),
        (other, "about types that are not read", "読み取り対象外の種類"),
        (disabled, "disabled by their own effect", "効果が既定で無効"),
        (deprecated, "deprecated", "非推奨"),
        (open, "without a value or a state to judge by", "値または状態がなく判定不可"),
    ];
    let rows = rows.into_iter().filter(|(count, ..)| *count > 0).map(|(count, en, ja)| match lang {
        Lang::En => format!(", {count} {en}"),
        Lang::Ja => format!("、{ja} {count} 件"),
    });
    let rows: String = rows.collect();
    let broken = match (broken, lang) {
        (0, _) => String::new(),
        (_, Lang::En) => {
            format!("; {broken} hold a condition that cannot be worked out and are unknown where it matters")
        }
        (_, Lang::Ja) => format!("。評価できない条件を含むもの {broken} 件 (その条件に依存する判定は不明)"),
    };
    match lang {
        Lang::En => {
            format!("policies: {all} given, {judged} judged{rows}{broken}; `sekimori policy list` tells each")
        }
        Lang::Ja => {
            format!(
                "ポリシー: 指定 {all} 件、判定 {judged} 件{rows}{broken}。内訳は `sekimori policy list` で確認できます"
            )
        }
    }
}

fn cannot(path: &Path, lang: Lang) -> String {
    let name = path.display();
    match lang {
        Lang::En => format!("cannot read the policies in `{name}`"),
        Lang::Ja => format!("ポリシー `{name}` を読み取れません"),
    }
}

/// The files of a folder, in any depth; links to folders are not followed.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth > DEPTH {
        bail!("> {DEPTH}");
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        // A pipe or a device has no end.
        let is_file =
            kind.is_file() || kind.is_symlink() && fs::metadata(&path).map_or(true, |of| of.is_file());
        let is_json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        let is_one = is_file && (is_rego(&path) || is_json);
        if kind.is_dir() {
            collect(&entry.path(), depth + 1, files)?;
        } else if is_one && files.len() < FILES {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn document(path: &Path, lang: Lang) -> anyhow::Result<Document> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .with_context(|| cannot(path, lang))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{}: > 16 MiB", cannot(path, lang));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Document { name: path.display().to_string(), text })
}
