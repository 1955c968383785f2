//! The yardstick: every line of a file parsed into a tree, on all cores, and dropped.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Result, anyhow};
use sonic_rs::Value;

use crate::shell::show;

const STRETCH: u64 = 1 << 20;

/// Parses a file of one value a line and tells how many there are.
pub(crate) fn tree(path: &Path) -> Result<()> {
    let size = std::fs::metadata(path)?.len();
    let next = AtomicU64::new(0);
    let work = || -> Result<u64> {
        let mut file = File::open(path)?;
        let mut buffer = Vec::new();
        let mut count = 0;
        loop {
            let start = next.fetch_add(1, Ordering::Relaxed) * STRETCH;
            if start >= size {
                return Ok(count);
            }
            count += stretch(&mut file, &mut buffer, start)?;
        }
    };
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let count = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_fold(0, |sum, worker| {
            let count = worker.join().map_err(|_| anyhow!("a thread failed"))??;
            Ok::<u64, anyhow::Error>(sum + count)
        })
    })?;
    show(&format!("{count} values"));
    Ok(())
}

/// The lines that start in one stretch of the file.
fn stretch(file: &mut File, buffer: &mut Vec<u8>, start: u64) -> Result<u64> {
    let before = u64::from(start > 0);
    file.seek(SeekFrom::Start(start - before))?;
    buffer.clear();
    file.by_ref().take(STRETCH + before).read_to_end(buffer)?;
    let whole = buffer.len() as u64 == STRETCH + before;
    while whole && buffer.last() != Some(&b'\n') {
        let size = buffer.len();
        file.by_ref().take(1 << 14).read_to_end(buffer)?;
        let more = buffer.get(size..).unwrap_or_default();
        if more.is_empty() {
            break;
        }
        if let Some(newline) = memchr::memchr(b'\n', more) {
            buffer.truncate(size + newline + 1);
        }
    }
    let mut at = match before {
        0 => 0,
        _ => memchr::memchr(b'\n', buffer).map_or(buffer.len(), |newline| newline + 1),
    };
    let mut count = 0;
    while at < buffer.len() && (at as u64) < STRETCH + before {
        let rest = buffer.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let value: Value = sonic_rs::from_slice(rest.get(..length).unwrap_or_default())?;
        std::hint::black_box(&value);
        count += 1;
        at += length + 1;
    }
    Ok(count)
}
