//! Collecting what has changed since an earlier snapshot, and taking the rest from there.
//!
//! Resource Graph tells what changed in its table `resources`; all other tables are asked whole, as ever. That nothing
//! is lost is not taken on trust: whether machines run is asked of all of them, and the rows of each type
//! are counted in each subscription; where the count is another one, the question is asked there anew.
//!
//! Source: <https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes> (14 days are kept, for
//! a time it were 7; changes show within five minutes).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use azure_core::time::{Duration, OffsetDateTime, parse_rfc3339, to_rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::{QUESTIONS, Question};
use crate::collect::{BATCH, CollectError};
use crate::http::Client;
use crate::resource_graph::Scope;
use crate::snapshot::{Asked, KIND, Said, SnapshotError, Writer};

/// How long ago changes are asked for at most.
const KEPT: Duration = Duration::days(7);

/// Changes show some minutes later, and clocks differ.
const OVERLAP: Duration = Duration::minutes(30);

/// No clock is believed to be further off, in seconds.
const YEAR: i64 = 366 * 86_400;

/// How many resources are asked for by id at once.
const IDS: usize = 100;

/// In how many subscriptions rows are counted at once: an answer without ids has one page of 1,000 rows, one for each
/// type in each of them.
const COUNTED: usize = 30;

/// The longest line of a snapshot: what a resource has at most, and some more.
const LINE_LIMIT: u64 = 64 << 20;

/// An earlier snapshot.
#[derive(Debug)]
pub struct Base {
    path: PathBuf,
    manifest: Before,
}

/// The part of an earlier manifest that counts.
#[derive(Debug, Deserialize)]
struct Before {
    kind: String,
    asked: Asked,
    started: String,
    #[serde(default)]
    clock_off_by: Option<i64>,
    #[serde(default)]
    refused: Vec<What>,
    #[serde(default)]
    partial: Vec<What>,
}

#[derive(Debug, Deserialize)]
struct What {
    what: String,
}

/// What was taken from an earlier snapshot, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// Changes from this moment on were asked for.
    pub moment: String,
    /// How many rows were taken from it.
    pub unchanged: u64,
    /// How many resources had changed, or were gone.
    pub changed: u64,
    /// How often a question was asked anew in a subscription, since its rows were too few or too many.
    pub anew: u64,
}

/// Why an earlier snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It has no manifest.
    #[error("`{0}` is no snapshot that `sekimori collect` has ended")]
    NoSnapshot(PathBuf),
    /// It is of something else.
    #[error(
        "`{0}` was asked for other subscriptions, groups or another cloud: ask for the same, or leave --since out"
    )]
    Other(PathBuf),
    /// Azure does not tell changes that long.
    #[error("`{path}` is of {started}: Azure tells changes of the last 7 days; leave --since out")]
    TooOld {
        /// The file.
        path: PathBuf,
        /// When it was begun.
        started: String,
    },
}

impl Base {
    /// Reads the manifest of an earlier snapshot. `now` is a moment in RFC 3339.
    ///
    /// # Errors
    ///
    /// It cannot be read, is none, is too old, or is of something else than `asked`.
    pub fn open(path: &Path, asked: &Asked, now: &str) -> Result<Self, BaseError> {
        let path = path.to_path_buf();
        let mut last = Vec::new();
        let read = each_line(&path, |line| {
            last.clear();
            last.extend_from_slice(line);
            Ok(())
        });
        read.map_err(|error| BaseError::Read { path: path.clone(), error })?;
        let manifest: Option<Before> = serde_json::from_slice(&last).ok();
        let Some(manifest) = manifest.filter(|manifest| manifest.kind == KIND) else {
            return Err(BaseError::NoSnapshot(path));
        };
        let same = Asked { since: None, ..manifest.asked.clone() } == Asked { since: None, ..asked.clone() };
        if !same {
            return Err(BaseError::Other(path));
        }
        let age = parse_rfc3339(now).ok().zip(parse_rfc3339(&manifest.started).ok());
        match age {
            Some((now, started)) if now - started < KEPT && started - now < OVERLAP => {
                Ok(Self { path, manifest })
            }
            _ => Err(BaseError::TooOld { path, started: manifest.started }),
        }
    }

    /// When it was begun: what a new snapshot says that it goes on from.
    pub fn started(&self) -> &str {
        &self.manifest.started
    }

    /// From when on changes are asked for.
    fn moment(&self) -> String {
        let started = parse_rfc3339(&self.manifest.started).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        // By Azure's clock: it is Azure that tells when something changed.
        let moment = started
            + Duration::seconds(self.manifest.clock_off_by.unwrap_or_default().clamp(-YEAR, YEAR))
            - OVERLAP;
        // To the second: that is how questions write it.
        let text = to_rfc3339(&moment);
        format!("{}Z", text.get(..19).unwrap_or(&text))
    }

    /// The question whose rows are taken from here: those of the table `resources` that were answered in full.
    fn question(&self, resource_type: &str) -> Option<&'static Question> {
        let short = |name: &str| {
            self.manifest.refused.iter().chain(&self.manifest.partial).any(|one| one.what == name)
        };
        let of_type =
            |question: &&Question| question.types.iter().any(|one| one.eq_ignore_ascii_case(resource_type));
        carried().find(of_type).filter(|question| !short(question.name))
    }
}

/// The questions whose changes Azure tells.
pub(crate) fn carried() -> impl Iterator<Item = &'static Question> {
    QUESTIONS.iter().filter(|question| question.table == "resources")
}

/// The part of a journal that has what was taken over.
pub(crate) const PART: &str = "resources:since";

/// A row of an earlier snapshot, as far as it counts here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    resource_type: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    subscription_id: std::borrow::Cow<'a, str>,
    #[serde(default)]
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(default)]
    extended: Option<Extended>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extended {
    #[serde(default)]
    instance_view: Option<InstanceView>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceView {
    #[serde(default)]
    power_state: Option<PowerState>,
}

#[derive(Deserialize)]
struct PowerState {
    #[serde(default)]
    code: Option<String>,
}

impl Row<'_> {
    fn power(&self) -> &str {
        let view = self.properties.as_ref().and_then(|one| one.extended.as_ref()?.instance_view.as_ref());
        view.and_then(|view| view.power_state.as_ref()?.code.as_deref()).unwrap_or_default()
    }
}

const MACHINE: &str = "microsoft.compute/virtualmachines";

/// Rows by type and subscription, both in lower case.
type Counts = BTreeMap<(String, String), u64>;

impl Client {
    /// Adds to a snapshot the rows of the table `resources`: those of an earlier snapshot that have not changed, and
    /// the others as they are now.
    pub(crate) async fn carry(
        &self,
        writer: &mut Writer,
        base: &Base,
        filled: &[String],
    ) -> Result<(), CollectError> {
        if writer.has(PART) {
            return Ok(());
        }
        let moment = base.moment();
        let mut touched = self.changes(filled, &moment).await?;
        let powers = self.powers(filled).await?;
        let seen: HashSet<String> = filled.iter().map(|one| one.to_lowercase()).collect();
        let failed = |error: io::Error| SnapshotError::Write { path: base.path.clone(), error };
        let mut counts = Counts::new();
        each_row(base, &seen, |_, row, _| {
            let id = row.id.to_lowercase();
            let is_machine = row.resource_type.eq_ignore_ascii_case(MACHINE);
            if is_machine && powers.get(&id).map(String::as_str) != Some(row.power()) {
                touched.insert(id);
            } else if !touched.contains(&id) {
                let key = (row.resource_type.to_lowercase(), row.subscription_id.to_lowercase());
                *counts.entry(key).or_default() += 1;
            }
            Ok(())
        })
        .map_err(failed)?;
        let fresh = self.by_id(&touched, filled).await?;
        for (_, subscription, row) in &fresh {
            let its = row.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
            *counts.entry((its, subscription.clone())).or_default() += 1;
        }
        let anew = self.miscounted(&counts, filled).await?;
        let mut since = Since {
            moment,
            unchanged: 0,
            changed: touched.len() as u64,
            anew: anew.values().map(|all| all.len() as u64).sum(),
        };
        let again = |question: &Question, subscription: &str| {
            anew.get(question.name)
                .is_some_and(|all| all.iter().any(|one| one.eq_ignore_ascii_case(subscription)))
        };
        let mut said = Said::default();
        each_row(base, &seen, |question, row, line| {
            if touched.contains(&row.id.to_lowercase()) || again(question, &row.subscription_id) {
                return Ok(());
            }
            since.unchanged += 1;
            said.part.push_line(line)
        })
        .map_err(failed)?;
        for (question, subscription, row) in fresh {
            if !again(question, &subscription) {
                said.part.push(row).map_err(failed)?;
            }
        }
        for question in carried() {
            let Some(subscriptions) = anew.get(question.name) else { continue };
            for batch in subscriptions.chunks(BATCH) {
                let its = self.answer_to(question, batch).await?;
                said.append(its).map_err(failed)?;
            }
        }
        said.since = Some(since);
        Ok(writer.add(PART, said)?)
    }

    /// What has changed since a moment of what a snapshot holds, by id in lower case.
    async fn changes(&self, filled: &[String], moment: &str) -> Result<HashSet<String>, CollectError> {
        let text = format!(
            "resourcechanges | where todatetime(properties.changeAttributes.timestamp) >= datetime({moment}) | project id, subscriptionId, target = tostring(properties.targetResourceId) | order by id asc"
        );
        let mut touched = HashSet::new();
        for batch in filled.chunks(BATCH) {
            for row in self.few(&text, Scope::Subscriptions(batch)).await? {
                let target = row.get("target").and_then(Value::as_str).unwrap_or_default();
                touched.extend(looked_at(target));
            }
        }
        Ok(touched)
    }

    /// Whether machines run: it may change without a word.
    async fn powers(&self, filled: &[String]) -> Result<HashMap<String, String>, CollectError> {
        let text = format!(
            "resources | where type in~ ('{MACHINE}') | project id, subscriptionId, power = tostring(properties.extended.instanceView.powerState.code) | order by id asc"
        );
        let mut powers = HashMap::new();
        for batch in filled.chunks(BATCH) {
            for row in self.few(&text, Scope::Subscriptions(batch)).await? {
                let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
                powers.insert(field("id").to_lowercase(), field("power").to_owned());
            }
        }
        Ok(powers)
    }

    /// Resources as they are now, with their questions and subscriptions; those that are gone are not among them.
    async fn by_id(
        &self,
        touched: &HashSet<String>,
        filled: &[String],
    ) -> Result<Vec<(&'static Question, String, Value)>, CollectError> {
        let mut ids: Vec<&str> = touched.iter().map(String::as_str).collect();
        ids.sort_unstable();
        let mut rows = Vec::new();
        for batch in ids.chunks(IDS) {
            let quoted: Vec<String> = batch.iter().map(|id| format!("'{id}'")).collect();
            let text = Question::by_ids(&quoted.join(", "));
            // Ids tell their subscriptions; the question has to name some.
            let subscriptions: BTreeSet<&str> = batch.iter().filter_map(|id| id.split('/').nth(2)).collect();
            let named = |one: &&String| subscriptions.contains(one.to_lowercase().as_str());
            let within: Vec<String> = filled.iter().filter(named).cloned().collect();
            for within in within.chunks(BATCH) {
                for row in self.few(&text, Scope::Subscriptions(within)).await? {
                    let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
                    let resource_type = field("type").to_owned();
                    let fits = |one: &&Question| {
                        one.types.iter().any(|its| its.eq_ignore_ascii_case(&resource_type))
                    };
                    if let Some(question) = carried().find(fits) {
                        rows.push((question, field("subscriptionId").to_lowercase(), row));
                    }
                }
            }
        }
        Ok(rows)
    }

    /// Where the rows of a question are more or fewer than they should be. Those of a question that was not read in full
    /// before are not taken, so they are too few.
    async fn miscounted(
        &self,
        counts: &Counts,
        filled: &[String],
    ) -> Result<BTreeMap<&'static str, Vec<String>>, CollectError> {
        let mut anew: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for question in carried() {
            let mut there = Counts::new();
            for batch in filled.chunks(COUNTED) {
                for row in self.few(&question.counts(), Scope::Subscriptions(batch)).await? {
                    let field =
                        |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
                    let count = row.get("count_").and_then(Value::as_u64).unwrap_or_default();
                    there.insert((field("type"), field("subscriptionId")), count);
                }
            }
            for subscription in filled {
                let same = question.types.iter().all(|one| {
                    let key = ((*one).to_owned(), subscription.to_lowercase());
                    counts.get(&key).copied().unwrap_or_default()
                        == there.get(&key).copied().unwrap_or_default()
                });
                if !same {
                    anew.entry(question.name).or_default().push(subscription.clone());
                }
            }
        }
        Ok(anew)
    }
}

/// What of a change is in a snapshot: the resource, and those that it is a part of. Of
/// `…/networkSecurityGroups/n/securityRules/r` that is the group; of a storage account nothing.
fn looked_at(id: &str) -> Vec<String> {
    let id = id.to_lowercase();
    // No name in Azure has these: what has is no id.
    if id.contains(['\'', '\\', '\n']) {
        return Vec::new();
    }
    let Some(at) = id.rfind("/providers/").map(|at| at + "/providers/".len()) else { return Vec::new() };
    let (head, tail) = id.split_at(at);
    let steps: Vec<&str> = tail.split('/').collect();
    let Some((provider, pairs)) = steps.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    let (mut its_type, mut its_id) = ((*provider).to_owned(), format!("{head}{provider}"));
    for pair in pairs.chunks(2) {
        let [kind, name] = pair else { break };
        its_type = format!("{its_type}/{kind}");
        its_id = format!("{its_id}/{kind}/{name}");
        if carried().any(|question| question.types.contains(&its_type.as_str())) {
            found.push(its_id.clone());
        }
    }
    found
}

fn each_line(path: &Path, take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let file = File::open(path)?;
    let mut head = [0u8; 4];
    let length = io::Read::read(&mut &file, &mut head)?;
    io::Seek::rewind(&mut &file)?;
    // <https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1>
    match length == 4 && head == [0x28, 0xb5, 0x2f, 0xfd] {
        true => each_line_of(zstd::Decoder::new(file)?, take),
        false => each_line_of(file, take),
    }
}

fn each_line_of(reader: impl io::Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        if io::Read::take(&mut reader, LINE_LIMIT).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LINE_LIMIT {
            return Err(io::Error::other("a line is too long"));
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            take(text)?;
        }
    }
}

/// The rows of an earlier snapshot that may be taken: of subscriptions that are still seen.
fn each_row(
    base: &Base,
    seen: &HashSet<String>,
    mut take: impl FnMut(&'static Question, &Row<'_>, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    each_line(&base.path, |line| {
        // The manifest, and lists of the directory, are no rows of a table.
        let Ok(row) = serde_json::from_slice::<Row<'_>>(line) else { return Ok(()) };
        match base.question(&row.resource_type) {
            Some(question) if seen.contains(&row.subscription_id.to_lowercase()) => {
                take(question, &row, line)
            }
            _ => Ok(()),
        }
    })
}

/// Any bytes as an earlier snapshot, and as the id of what has changed.
pub(crate) fn read_anything(bytes: &[u8]) {
    let _ = each_line_of(bytes, |line| {
        let _ = serde_json::from_slice::<Row<'_>>(line).map(|row| row.power().len());
        let _ = serde_json::from_slice::<Before>(line);
        Ok(())
    });
    let _ = looked_at(&String::from_utf8_lossy(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_in_a_part_changed_above_and_what_is_not_collected_nowhere() {
        let of = |tail: &str| looked_at(&format!("/subscriptions/S/resourceGroups/g/providers/{tail}"));
        let at = |tail: &str| format!("/subscriptions/s/resourcegroups/g/providers/{tail}");
        assert_eq!(
            of("Microsoft.Network/networkSecurityGroups/n/securityRules/r"),
            [at("microsoft.network/networksecuritygroups/n")]
        );
        assert_eq!(
            of("Microsoft.Compute/virtualMachines/v/extensions/e"),
            [
                at("microsoft.compute/virtualmachines/v"),
                at("microsoft.compute/virtualmachines/v/extensions/e")
            ]
        );
        assert_eq!(of("Microsoft.Storage/storageAccounts/a"), Vec::<String>::new());
        for odd in [
            "",
            "/subscriptions/s",
            "/subscriptions/s/providers/",
            "it's",
            "/providers/microsoft.compute/virtualmachines",
        ] {
            assert_eq!(looked_at(odd), Vec::<String>::new(), "{odd}");
        }
    }
}
