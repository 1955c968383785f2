//! Reports in files: whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use posture::Lang;

/// Whether something is written in place: a device or a pipe cannot be replaced.
fn in_place(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// The file itself, where a link names it: a link stays one, also where its file is not there yet. A
/// link that leads in a circle leads to an error.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..40 {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let to = fs::read_link(&path)?;
                path = folder(&path).join(to);
            }
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("the links lead in a circle"))
}

/// Whether two paths name one file, which need not be there yet.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        let path = target(path).ok()?;
        Some(fs::canonicalize(folder(&path)).ok()?.join(path.file_name()?))
    };
    a == b || place(a).is_some_and(|a| Some(a) == place(b))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn failed(path: &Path, lang: Lang) -> String {
    let name = path.display();
    match lang {
        Lang::En => format!("cannot write `{name}`"),
        Lang::Ja => format!("`{name}` に書き込めません"),
    }
}

/// A file beside the one that it will become. Whoever may read new files of the person may read it.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sekimori-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder(path)).map_err(own)
}

/// The error of the system, without the name of the file beside, which nobody has asked for: the
/// library puts it behind the system's own words and gives no other way to these.
fn own(error: io::Error) -> io::Error {
    let text = error.to_string();
    let words = text.split(" at path ").next().unwrap_or_default();
    io::Error::new(error.kind(), words.to_owned())
}

/// Fails now rather than after the work where a file cannot be written.
pub(crate) fn check_writable(path: &Path, lang: Lang) -> anyhow::Result<()> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory)).with_context(|| failed(path, lang));
    }
    if in_place(path) {
        // Opening a pipe waits for its reader, and closing it again would send the reader away.
        return Ok(());
    }
    let there = target(path).and_then(|target| beside(&target));
    there.map(drop).with_context(|| failed(path, lang))
}

/// Writes a file beside its place and then puts it there, so that nobody ever sees half of it.
pub(crate) fn write_file(path: &Path, bytes: &[u8], lang: Lang) -> anyhow::Result<()> {
    fill_file(path, lang, |file| file.write_all(bytes))
}

/// The same for what is written piece by piece.
pub(crate) fn fill_file(
    path: &Path,
    lang: Lang,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        if in_place(path) {
            let mut device = OpenOptions::new().write(true).open(path)?;
            return match fill(&mut device).and_then(|()| device.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other,
            };
        }
        let target = target(path)?;
        let mut file = beside(&target)?;
        unfinished().file = Some(file.path().to_path_buf());
        if let Ok(metadata) = fs::metadata(&target) {
            file.as_file().set_permissions(metadata.permissions())?;
        }
        fill(&mut file)?;
        // A full disk may tell itself only here.
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|error| error.error)?;
        Ok(())
    };
    let written = write().with_context(|| failed(path, lang));
    unfinished().file = None;
    written
}

/// What has to be done when somebody ends the program in the middle.
#[derive(Default)]
struct Unfinished {
    /// The file beside that is being written.
    file: Option<PathBuf>,
    /// Folders for this run alone.
    folders: Vec<PathBuf>,
    /// What there is to say.
    word: Option<String>,
}

static UNFINISHED: Mutex<Unfinished> = Mutex::new(Unfinished { file: None, folders: Vec::new(), word: None });

fn unfinished() -> MutexGuard<'static, Unfinished> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a folder away, too, when somebody ends the program in the middle.
pub(crate) fn goes_away(folder: &Path) {
    unfinished().folders.push(folder.to_path_buf());
}

/// What is said when somebody ends the program in the middle; nothing any more without a word.
pub(crate) fn last_word(word: Option<String>) {
    unfinished().word = word;
}

/// Whether work is under way that must come to an end by itself, and how often somebody has asked to stop it.
static CAREFUL: AtomicBool = AtomicBool::new(false);
static STOPS: AtomicU32 = AtomicU32::new(0);

/// From now on, asking to stop is only counted, and the work under way heeds it; or no more.
pub(crate) fn careful(on: bool) {
    CAREFUL.store(on, Ordering::SeqCst);
}

/// How often somebody has asked to stop careful work.
pub(crate) fn stops() -> u32 {
    STOPS.load(Ordering::SeqCst)
}

/// Takes away what is unfinished when somebody ends the program in the middle.
pub(crate) fn tidy_on_signals() {
    let tidy = || {
        if CAREFUL.load(Ordering::SeqCst) {
            STOPS.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let left = std::mem::take(&mut *unfinished());
        if let Some(path) = left.file {
            let _ = fs::remove_file(path);
        }
        for folder in left.folders {
            let _ = fs::remove_dir_all(folder);
        }
        if let Some(word) = left.word {
            super::note(&word);
        }
        // As shells tell an end by Ctrl-C.
        std::process::exit(130);
    };
    // Without a handler the program ends as ever, and may leave the file beside.
    let _ = ctrlc::set_handler(tidy);
}
