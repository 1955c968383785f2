//! Snapshots: what was collected, in one file, and a journal beside it from which collecting goes on after it was
//! stopped.
//!
//! A snapshot is lines of JSON in zstd: one resource a line, the manifest last. Every part is a frame of its own, so
//! that what is in the file when the machine stops is whole. INVARIANT: a file without `.part` in its name is complete:
//! it ends with a manifest, and got its name when it had one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use azure_core::time::{Duration, parse_rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::credential::Caller;
use crate::redact::redact;
use crate::since::Since;

/// The kind of the manifest, by which readers know a snapshot.
pub const KIND: &str = "sekimori.snapshot/1";

/// What a snapshot is of, and what it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// [`KIND`].
    pub kind: &'static str,
    /// What was asked for.
    pub asked: Asked,
    /// Whose rights were used, and which credential.
    pub by: By,
    /// When it was begun and ended (RFC 3339, UTC).
    pub started: String,
    /// When it ended.
    pub finished: String,
    /// How many rows each question brought.
    pub rows: BTreeMap<String, u64>,
    /// How many secrets were taken out.
    pub redacted: u64,
    /// What the caller may not read.
    pub refused: Vec<Refused>,
    /// What could not be read in full, and why.
    pub partial: Vec<Partial>,
    /// How many subscriptions hold nothing that the caller sees.
    pub empty_subscriptions: u64,
    /// What was taken from an earlier snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// By how many seconds Azure's clock was ahead of the machine's that collected, where it is more than five minutes:
    /// `started` and `finished` are by the machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_off_by: Option<i64>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The cloud.
    pub cloud: String,
    /// Subscriptions by id; all that the caller sees if there is none.
    pub subscriptions: Vec<String>,
    /// Management groups by name.
    pub management_groups: Vec<String>,
    /// Whether the directory was asked, too.
    pub directory: bool,
    /// When the snapshot was begun that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Whose rights were used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct By {
    /// The credential: `azure-cli`, `environment`.
    pub credential: String,
    /// Who the token is made out to.
    #[serde(flatten)]
    pub caller: Caller,
}

/// Something that the caller may not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refused {
    /// What was asked: `locks`.
    pub what: String,
    /// Where: a subscription, or the directory.
    pub scope: String,
    /// The right that it needs.
    pub action: String,
    /// A role that has it.
    pub role: String,
    /// What Azure says.
    pub message: String,
}

/// Something that could not be read in full.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Partial {
    /// What was asked.
    pub what: String,
    /// Where.
    pub scope: String,
    /// Why.
    pub reason: String,
}

/// A part of a snapshot: the answers to one question in some subscriptions.
#[derive(Default)]
pub(crate) struct Part {
    lines: Vec<u8>,
    frame: Vec<u8>,
    pub(crate) rows: u64,
    pub(crate) redacted: u64,
    /// Groups that have rights, or that policies name.
    groups: BTreeSet<String>,
    /// Images of the Marketplace that machines were made from.
    images: BTreeMap<String, String>,
}

/// What one question came to.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) part: Part,
    pub(crate) refused: Vec<Refused>,
    pub(crate) partial: Vec<Partial>,
    /// What was taken from an earlier snapshot.
    pub(crate) since: Option<Since>,
}

impl Said {
    /// Adds what another question came to.
    pub(crate) fn append(&mut self, mut other: Self) -> io::Result<()> {
        self.part.pack()?;
        other.part.pack()?;
        self.part.frame.append(&mut other.part.frame);
        self.part.rows += other.part.rows;
        self.part.redacted += other.part.redacted;
        self.part.groups.append(&mut other.part.groups);
        self.part.images.append(&mut other.part.images);
        self.refused.append(&mut other.refused);
        self.partial.append(&mut other.partial);
        Ok(())
    }
}

/// Clocks that are nearer than so many seconds are one.
const CLOCKS_DIFFER: i64 = 300;

/// How many bytes of lines are gathered before they are packed.
const PACKED: usize = 1 << 20;

impl Part {
    /// Adds a row; secrets are taken out of it.
    pub(crate) fn push(&mut self, mut row: Value) -> io::Result<()> {
        self.redacted += redact(&mut row) as u64;
        groups_of(&row, &mut self.groups);
        self.images.extend(image_of(&row));
        serde_json::to_writer(&mut self.lines, &row)?;
        self.lines.push(b'\n');
        self.rows += 1;
        if self.lines.len() >= PACKED { self.pack() } else { Ok(()) }
    }

    /// Adds a line of an earlier snapshot: what was secret was taken out of it then.
    pub(crate) fn push_line(&mut self, line: &[u8]) -> io::Result<()> {
        if line.windows(IMAGE.len()).any(|part| part == IMAGE.as_bytes()) {
            self.images.extend(serde_json::from_slice(line).ok().as_ref().and_then(image_of));
        }
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        self.rows += 1;
        if self.lines.len() >= PACKED { self.pack() } else { Ok(()) }
    }

    fn pack(&mut self) -> io::Result<()> {
        if !self.lines.is_empty() {
            self.frame.extend(zstd::encode_all(self.lines.as_slice(), 3)?);
            self.lines.clear();
        }
        Ok(())
    }
}

/// A line of the journal.
#[derive(Default, Serialize, Deserialize)]
struct Entry {
    /// The part.
    part: String,
    /// How long the file was after it.
    end: u64,
    rows: u64,
    redacted: u64,
    #[serde(default)]
    groups: BTreeSet<String>,
    #[serde(default)]
    images: BTreeMap<String, String>,
    #[serde(default)]
    refused: Vec<Refused>,
    #[serde(default)]
    partial: Vec<Partial>,
    #[serde(default)]
    since: Option<Since>,
    #[serde(default)]
    scope: Option<Scope>,
}

/// Where everything is asked, and by whom: the same after a stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Subscriptions that hold anything.
    pub(crate) filled: Vec<String>,
    /// How many there are besides.
    pub(crate) empty: u64,
    caller: Caller,
}

/// The entry of a journal that holds the scope.
const SCOPE: &str = "scope";

/// What was collected longer ago is not gone on with: it would not be what runs now.
const FRESH: Duration = Duration::days(1);

/// The first line of the journal.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Head {
    asked: Asked,
    started: String,
}

/// A snapshot that is being written.
pub struct Writer {
    path: PathBuf,
    file: File,
    journal: File,
    asked: Asked,
    started: String,
    done: BTreeMap<String, Entry>,
}

/// Why a snapshot cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Something else was being collected into this file.
    #[error("`{0}` holds what was collected so far of something else: remove it, or ask for the same again")]
    Other(PathBuf),
    /// Somebody else is writing it.
    #[error("`{0}` is being written by another run")]
    Busy(PathBuf),
    /// The disk says no.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Writer {
    /// Begins a snapshot, or goes on with one that was stopped. `now` is a moment in RFC 3339.
    ///
    /// # Errors
    ///
    /// The files beside it belong to another question, or cannot be written.
    pub fn open(path: &Path, asked: &Asked, now: &str) -> Result<Self, SnapshotError> {
        let (part, journal) = (beside(path, ".part"), beside(path, ".journal"));
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| SnapshotError::Write { path, error }
        };
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            // How a company is built is nobody else's business on this machine.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(path).map_err(failed(path))
        };
        let (file, mut log) = (open(&part)?, open(&journal)?);
        // Where the file system has no locks, nobody else is taken to write.
        if matches!(log.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(SnapshotError::Busy(part));
        }
        let (head, mut entries, good) = read_journal(&log).map_err(failed(&journal))?;
        let head = match head {
            Some(head) if head.asked != *asked && !entries.is_empty() => {
                return Err(SnapshotError::Other(journal));
            }
            Some(head) if head.asked == *asked && is_fresh(&head.started, now) => {
                log.set_len(good).map_err(failed(&journal))?;
                log.seek(SeekFrom::End(0)).map_err(failed(&journal))?;
                head
            }
            _ => {
                entries.clear();
                log.set_len(0).map_err(failed(&journal))?;
                log.rewind().map_err(failed(&journal))?;
                let head = Head { asked: asked.clone(), started: now.to_owned() };
                let line = serde_json::to_string(&head).unwrap_or_default() + "\n";
                log.write_all(line.as_bytes()).map_err(failed(&journal))?;
                head
            }
        };
        let Head { asked, started } = head;
        // Without entries the file is cut to nothing below.
        let mut writer =
            Self { path: path.to_path_buf(), file, journal: log, asked, started, done: BTreeMap::new() };
        let length = writer.file.metadata().map_err(failed(&part))?.len();
        // What the journal tells and the file does not hold is asked again.
        let entries = entries.into_iter().take_while(|entry| entry.end <= length);
        writer.done = entries.map(|entry| (entry.part.clone(), entry)).collect();
        let end = writer.done.values().map(|entry| entry.end).max().unwrap_or(0);
        // What was refused, or did not answer, may be had by now. Rows that came stay: they are in the file.
        writer.done.retain(|_, entry| entry.rows > 0 || entry.refused.is_empty() && entry.partial.is_empty());
        writer.file.set_len(end).map_err(failed(&part))?;
        // Lines that do not count must not count later, when the file has grown past them.
        writer.rewrite().map_err(failed(&journal))?;
        writer.file.seek(SeekFrom::End(0)).map_err(failed(&part))?;
        Ok(writer)
    }

    /// Writes the journal anew, with what counts.
    fn rewrite(&mut self) -> io::Result<()> {
        let head = Head { asked: self.asked.clone(), started: self.started.clone() };
        let mut text = serde_json::to_string(&head).unwrap_or_default() + "\n";
        let mut entries: Vec<&Entry> = self.done.values().collect();
        entries.sort_by_key(|entry| entry.end);
        for entry in entries {
            text += &(serde_json::to_string(entry).unwrap_or_default() + "\n");
        }
        self.journal.set_len(0)?;
        self.journal.rewind()?;
        self.journal.write_all(text.as_bytes())
    }

    /// Whether some part of a question was collected before.
    pub(crate) fn has_some(&self, question: &str) -> bool {
        self.done.keys().any(|part| part.split(':').next() == Some(question))
    }

    /// Where everything is asked, if that was settled before a stop.
    ///
    /// # Errors
    ///
    /// Somebody else had begun.
    pub(crate) fn scope(&self, caller: &Caller) -> Result<Option<Scope>, SnapshotError> {
        match self.done.get(SCOPE).and_then(|entry| entry.scope.clone()) {
            Some(scope) if scope.caller != *caller => {
                Err(SnapshotError::Other(beside(&self.path, ".journal")))
            }
            scope => Ok(scope),
        }
    }

    /// Settles where everything is asked, and by whom.
    pub(crate) fn settle(
        &mut self,
        filled: Vec<String>,
        empty: u64,
        caller: Caller,
    ) -> Result<(), SnapshotError> {
        let end = self.done.values().map(|entry| entry.end).max().unwrap_or(0);
        let scope = Some(Scope { filled, empty, caller });
        self.note(Entry { part: SCOPE.to_owned(), end, scope, ..Entry::default() })
    }

    /// Whether a part was collected before.
    pub(crate) fn has(&self, part: &str) -> bool {
        self.done.contains_key(part)
    }

    /// How many parts were collected.
    pub fn parts(&self) -> usize {
        self.done.keys().filter(|name| *name != SCOPE).count()
    }

    /// The groups that have rights, or that policies name, as far as was collected.
    pub(crate) fn groups(&self) -> BTreeSet<String> {
        self.done.values().flat_map(|entry| entry.groups.iter().cloned()).collect()
    }

    /// The images of the Marketplace that machines were made from, as far as was collected: each URN with its path.
    pub(crate) fn images(&self) -> BTreeMap<String, String> {
        let images = self.done.values().flat_map(|entry| entry.images.iter());
        images.map(|(urn, path)| (urn.clone(), path.clone())).collect()
    }

    /// Adds a part.
    pub(crate) fn add(&mut self, name: &str, said: Said) -> Result<(), SnapshotError> {
        let Said { mut part, refused, partial, since } = said;
        let failed = |path: PathBuf| move |error| SnapshotError::Write { path, error };
        let file = beside(&self.path, ".part");
        part.pack().map_err(failed(file.clone()))?;
        self.file.write_all(&part.frame).map_err(failed(file.clone()))?;
        self.file.sync_data().map_err(failed(file.clone()))?;
        let end = self.file.stream_position().map_err(failed(file))?;
        let Part { rows, redacted, groups, images, .. } = part;
        let entry = Entry {
            part: name.to_owned(),
            end,
            rows,
            redacted,
            groups,
            images,
            refused,
            partial,
            since,
            scope: None,
        };
        self.note(entry)
    }

    fn note(&mut self, entry: Entry) -> Result<(), SnapshotError> {
        let path = beside(&self.path, ".journal");
        let line = serde_json::to_string(&entry).unwrap_or_default() + "\n";
        let written = self.journal.write_all(line.as_bytes());
        written.map_err(|error| SnapshotError::Write { path, error })?;
        self.done.insert(entry.part.clone(), entry);
        Ok(())
    }

    /// Ends the snapshot: adds the manifest, gives the file its name, and removes the journal. `ahead` is by how many
    /// seconds Azure's clock is ahead of the one that `now` is told by.
    ///
    /// # Errors
    ///
    /// The disk says no; what was collected is kept.
    pub fn finish(mut self, by: By, now: &str, ahead: i64) -> Result<Manifest, SnapshotError> {
        let mut manifest = Manifest {
            kind: KIND,
            asked: self.asked.clone(),
            by,
            started: self.started.clone(),
            finished: now.to_owned(),
            rows: BTreeMap::new(),
            redacted: 0,
            refused: Vec::new(),
            partial: Vec::new(),
            clock_off_by: Some(ahead).filter(|seconds| seconds.abs() > CLOCKS_DIFFER),
            empty_subscriptions: self
                .done
                .values()
                .find_map(|entry| Some(entry.scope.as_ref()?.empty))
                .unwrap_or(0),
            since: self.done.values().find_map(|entry| entry.since.clone()),
        };
        for (name, entry) in self.done.iter().filter(|(name, _)| *name != SCOPE) {
            let question = name.split(':').next().unwrap_or(name).to_owned();
            *manifest.rows.entry(question).or_default() += entry.rows;
            manifest.redacted += entry.redacted;
            manifest.refused.extend(entry.refused.iter().cloned());
            manifest.partial.extend(entry.partial.iter().cloned());
        }
        manifest.refused.sort();
        manifest.partial.sort();
        let part = beside(&self.path, ".part");
        let failed = |error| SnapshotError::Write { path: part.clone(), error };
        let line = serde_json::to_string(&manifest).unwrap_or_default() + "\n";
        let frame = zstd::encode_all(line.as_bytes(), 3).map_err(failed)?;
        self.file.write_all(&frame).map_err(failed)?;
        self.file.sync_all().map_err(failed)?;
        std::fs::rename(&part, &self.path).map_err(failed)?;
        let journal = beside(&self.path, ".journal");
        std::fs::remove_file(&journal).map_err(|error| SnapshotError::Write { path: journal, error })?;
        Ok(manifest)
    }
}

/// The groups that a row gives rights to, takes them from, or that a policy of the directory names, and those that can have
/// roles of the directory.
///
/// Source: <https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept>
fn groups_of(row: &Value, groups: &mut BTreeSet<String>) {
    let mut add = |id: Option<&Value>| {
        // It becomes a part of an address.
        let is_id =
            |id: &&str| id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        groups.extend(id.and_then(Value::as_str).filter(is_id).map(str::to_ascii_lowercase));
    };
    let is_group = |kind: Option<&Value>| kind.and_then(Value::as_str) == Some("Group");
    if let Some(properties) = row.get("properties") {
        if is_group(properties.get("principalType")) {
            add(properties.get("principalId"));
        }
        for list in ["principals", "excludePrincipals"] {
            let all = properties.get(list).and_then(Value::as_array).into_iter().flatten();
            all.filter(|one| is_group(one.get("type"))).for_each(|one| add(one.get("id")));
        }
    }
    for one in row.get("value").and_then(Value::as_array).into_iter().flatten() {
        for list in ["includeGroups", "excludeGroups"] {
            let all = one.pointer(&format!("/conditions/users/{list}")).and_then(Value::as_array);
            all.into_iter().flatten().for_each(|id| add(Some(id)));
        }
        // No other group can have a role of the directory.
        if one.get("isAssignableToRole") == Some(&Value::Bool(true)) {
            add(one.get("id"));
        }
    }
}

/// What names the image of a machine.
const IMAGE: &str = "imageReference";

/// The image of the Marketplace that a machine was made from: its URN, and the path of one of its records, which are alike
/// in all regions and subscriptions.
fn image_of(row: &Value) -> Option<(String, String)> {
    let profile = ["/properties", "/properties/virtualMachineProfile"];
    let mut images = profile.iter().map(|at| row.pointer(&format!("{at}/storageProfile/{IMAGE}")));
    let image = images.find_map(|image| image)?;
    // All of it becomes a part of an address.
    let word = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (text.bytes().all(plain) && text.bytes().any(|byte| byte.is_ascii_alphanumeric()))
            .then(|| text.to_owned())
    };
    let of = |value: &Value, name: &str| word(value.get(name)?.as_str()?);
    let version = of(image, "exactVersion").or_else(|| of(image, "version"));
    let version = version.filter(|version| !version.eq_ignore_ascii_case("latest"))?;
    let (publisher, offer, sku) = (of(image, "publisher")?, of(image, "offer")?, of(image, "sku")?);
    let subscription = of(row, "subscriptionId")?;
    let location = word(&row.get("location")?.as_str()?.replace(' ', "").to_ascii_lowercase())?;
    let urn = format!("{publisher}:{offer}:{sku}:{version}").to_ascii_lowercase();
    let path = format!(
        "subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions/{version}"
    );
    Some((urn, path))
}

/// Whether one moment is at most so long after another. What is no moment is.
fn is_fresh(started: &str, now: &str) -> bool {
    match (parse_rfc3339(started), parse_rfc3339(now)) {
        (Ok(started), Ok(now)) => now - started < FRESH,
        _ => true,
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The head of a journal, its entries, and how long it is up to the last whole line.
fn read_journal(file: impl io::Read) -> io::Result<(Option<Head>, Vec<Entry>, u64)> {
    let mut reader = BufReader::new(file);
    let (mut head, mut entries, mut good) = (None, Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok((head, entries, good));
        }
        match &head {
            None => match serde_json::from_slice(&line) {
                Ok(first) => head = Some(first),
                Err(_) => return Ok((None, Vec::new(), 0)),
            },
            Some(_) => match serde_json::from_slice(&line) {
                Ok(entry) => entries.push(entry),
                Err(_) => return Ok((head, entries, good)),
            },
        }
        good += read as u64;
    }
}

/// Any bytes as a journal, and as a row.
pub(crate) fn read_anything(bytes: &[u8]) {
    let _ = read_journal(bytes);
    if let Ok(row) = serde_json::from_slice(bytes) {
        let _ = Part::default().push(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(path: &Path) -> String {
        String::from_utf8(zstd::decode_all(File::open(path).unwrap()).unwrap()).unwrap()
    }

    fn said(ids: &[&str]) -> Said {
        let mut part = Part::default();
        ids.iter().for_each(|id| part.push(json!({"id": id, "password": "x"})).unwrap());
        Said { part, ..Said::default() }
    }

    #[test]
    fn groups_that_matter_are_found() {
        let id = |number: u32| format!("00000000-0000-0000-0000-{number:012}");
        let mut groups = BTreeSet::new();
        groups_of(&json!({"properties": {"principalType": "Group", "principalId": id(1)}}), &mut groups);
        groups_of(&json!({"properties": {"principalType": "User", "principalId": id(2)}}), &mut groups);
        groups_of(&json!({"properties": {"principalType": "Group", "principalId": "../users"}}), &mut groups);
        groups_of(
            &json!({"properties": {"excludePrincipals": [{"type": "Group", "id": id(3)}, {"type": "User", "id": id(4)}]}}),
            &mut groups,
        );
        groups_of(
            &json!({"value": [{"conditions": {"users": {"includeGroups": [id(5)], "excludeGroups": [id(6), 7]}}}, 8]}),
            &mut groups,
        );
        groups_of(
            &json!({"value": [{"id": id(7), "isAssignableToRole": true}, {"id": id(8), "isAssignableToRole": null}]}),
            &mut groups,
        );
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), [id(1), id(3), id(5), id(6), id(7)]);
    }

    #[test]
    fn images_that_machines_were_made_from_are_found() {
        let image = json!({"publisher": "Canonical", "offer": "jammy", "sku": "22_04-lts", "version": "latest", "exactVersion": "22.04.202401010"});
        let machine = json!({"subscriptionId": "s", "location": "Japan East", "properties": {"storageProfile": {"imageReference": image}}});
        let path = "subscriptions/s/providers/Microsoft.Compute/locations/japaneast/publishers/Canonical/artifacttypes/vmimage/offers/jammy/skus/22_04-lts/versions/22.04.202401010";
        let expected = Some(("canonical:jammy:22_04-lts:22.04.202401010".to_owned(), path.to_owned()));
        assert_eq!(image_of(&machine), expected);
        let set = json!({"subscriptionId": "s", "location": "japaneast", "properties": {"virtualMachineProfile": machine["properties"]}});
        assert_eq!(image_of(&set), expected);
        let with = |name: &str, value: Value| {
            let mut other = machine.clone();
            other["properties"]["storageProfile"]["imageReference"][name] = value;
            image_of(&other)
        };
        for (name, value) in [
            ("exactVersion", json!(null)),
            ("exactVersion", json!("latest")),
            ("offer", json!("../../x")),
            ("sku", json!("..")),
            ("publisher", json!("a?b")),
            ("publisher", json!(7)),
        ] {
            let said = with(name, value.clone());
            assert_eq!(said, None, "{name}: {value}");
        }
        // Taken over from an earlier snapshot it counts, too.
        let mut part = Part::default();
        part.push_line(machine.to_string().as_bytes()).unwrap();
        assert_eq!(part.images.into_iter().next(), expected);
    }

    #[test]
    fn what_was_collected_before_it_stopped_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson.zst");
        let asked = Asked { cloud: "AzureCloud".to_owned(), ..Asked::default() };
        let mut writer = Writer::open(&path, &asked, "then").unwrap();
        writer.add("machines:1", said(&["/a", "/b"])).unwrap();
        writer.add("machines:2", said(&["/c"])).unwrap();
        drop(writer);
        assert!(!path.exists());
        // A part that was written and not noted, a line of the journal that was cut off.
        let mut torn = OpenOptions::new().append(true).open(beside(&path, ".part")).unwrap();
        torn.write_all(b"half a frame").unwrap();
        let mut torn = OpenOptions::new().append(true).open(beside(&path, ".journal")).unwrap();
        torn.write_all(b"{\"part\":\"machines:3\"").unwrap();
        let mut writer = Writer::open(&path, &asked, "later").unwrap();
        assert!(writer.has("machines:1") && writer.has("machines:2") && !writer.has("machines:3"));
        let refused = Refused {
            what: "locks".into(),
            scope: "s".into(),
            action: "a".into(),
            role: "Reader".into(),
            message: "no".into(),
        };
        writer.add("locks:s", Said { refused: vec![refused.clone()], ..Said::default() }).unwrap();
        let manifest = writer.finish(By::default(), "end", 299).unwrap();
        assert_eq!((manifest.started.as_str(), manifest.finished.as_str()), ("then", "end"));
        assert_eq!((manifest.rows["machines"], manifest.redacted), (3, 3));
        assert_eq!(manifest.refused, [refused]);
        let text = text(&path);
        let ids: Vec<_> =
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
        assert_eq!(ids, [json!("/a"), json!("/b"), json!("/c"), Value::Null]);
        assert!(text.lines().last().unwrap().contains(KIND));
        assert!(!beside(&path, ".part").exists() && !beside(&path, ".journal").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_lost_bytes_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson.zst");
        let mut writer = Writer::open(&path, &Asked::default(), "then").unwrap();
        writer.add("machines:1", said(&["/a"])).unwrap();
        writer.add("machines:2", said(&["/b"])).unwrap();
        drop(writer);
        let file = OpenOptions::new().write(true).open(beside(&path, ".part")).unwrap();
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        let writer = Writer::open(&path, &Asked::default(), "later").unwrap();
        assert!(writer.has("machines:1") && !writer.has("machines:2"));
        drop(writer);
        // Another question does not go on with it.
        let other = Asked { directory: true, ..Asked::default() };
        assert!(matches!(Writer::open(&path, &other, "later"), Err(SnapshotError::Other(_))));
        // A journal that is nonsense counts as none.
        std::fs::write(beside(&path, ".journal"), "\u{0}garbage\n{}\n").unwrap();
        assert_eq!(Writer::open(&path, &other, "later").unwrap().parts(), 0);
    }
}
