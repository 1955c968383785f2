//! The undo file on disk: every line is there for good before what comes after it is done.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context, bail};
use fix::undo::{Entry, Journal};
use posture::Lang;

use crate::check::clock;

/// The undo file: every line is on disk before what comes after it is done.
pub(super) struct UndoFile {
    file: RefCell<File>,
}

impl UndoFile {
    /// Makes a new one; never writes over another.
    pub(super) fn make(path: &Path, text: &str, lang: Lang) -> anyhow::Result<Self> {
        let name = path.display();
        let failed = || match lang {
            Lang::En => format!("cannot make the undo file `{name}`, so nothing was changed"),
            Lang::Ja => format!("取り消し用ファイル `{name}` を作成できないため、何も変更していません"),
        };
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).with_context(failed)?;
        file.lock().with_context(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
        // The name of the file, too.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        Ok(Self { file: RefCell::new(file) })
    }

    /// Opens one that is there, for this process alone.
    pub(super) fn open(path: &Path, lang: Lang) -> anyhow::Result<(Self, Vec<u8>)> {
        let name = path.display();
        let failed = || match lang {
            Lang::En => format!("cannot use the undo file `{name}`"),
            Lang::Ja => format!("取り消し用ファイル `{name}` を使用できません"),
        };
        let mut file = OpenOptions::new().read(true).append(true).open(path).with_context(failed)?;
        if file.try_lock().is_err() {
            match lang {
                Lang::En => bail!("another sekimori is at work on `{name}`: wait for its end"),
                Lang::Ja => bail!("別の sekimori が `{name}` を使用しています。終了を待ってください"),
            }
        }
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut file, &mut bytes).with_context(failed)?;
        Ok((Self { file: RefCell::new(file) }, bytes))
    }

    /// Takes a torn end away, so that lines come after whole lines.
    pub(super) fn go_on(&self, journal: &Journal) -> anyhow::Result<()> {
        let mut file = self.file.borrow_mut();
        file.set_len(journal.whole as u64)?;
        if journal.open {
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        Ok(())
    }

    pub(super) fn record(&self, entry: &Entry) -> io::Result<()> {
        let at = clock().unwrap_or_default();
        let mut file = self.file.borrow_mut();
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "somebody has removed it"));
        }
        file.write_all(entry.line(&at).as_bytes())?;
        file.sync_data()
    }
}
