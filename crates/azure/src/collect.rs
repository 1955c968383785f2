//! Collecting an estate: which questions are asked where, what is made of answers that are missing, and progress.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::{
    COUNTS, DIRECTORY, Directory, IMAGE_ACTION, IMAGE_VERSION, IMAGES, LISTS, List, MEMBERS, QUESTIONS,
    Question, READER,
};
use crate::http::{Ask, Client, Fault, Limit};
use crate::resource_graph::{Query, Scope};
use crate::since::{Base, PART, carried};
use crate::snapshot::{Asked, Part, Partial, Refused, Said, SnapshotError, Writer};

/// How many subscriptions a question is asked in at once: Azure's guidance is at most 300.
pub(crate) const BATCH: usize = 100;

/// How many questions are under way at once: enough to use the quota while answers travel.
const AT_ONCE: usize = 6;

/// So many questions in a row without an answer, and Azure is taken to be away.
const SILENT: usize = 3;

/// So many empty pages in a row, and no end of them is expected.
const EMPTY_PAGES: usize = 5;

/// How many entries of the directory are in one row: no line is longer than a reader takes.
const PEOPLE: usize = 1000;

/// How often the pages of one question are read anew when some were lost.
const AGAIN: usize = 2;

/// Why nothing, or not all, could be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Azure does not answer.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The snapshot cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The caller sees no subscription, or none of those that were asked for.
    #[error("the caller sees no subscription{}", .0.as_deref().map(|id| format!(" `{id}`")).unwrap_or_default())]
    NoSubscription(Option<String>),
}

/// How far collecting has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'p> {
    /// What was just read.
    pub what: &'p str,
    /// How many parts are done, of how many.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// How many rows were read.
    pub rows: u64,
}

/// One thing to ask.
enum Unit<'a> {
    Question(&'static Question, &'a [String]),
    List(&'static List, &'a str),
    Directory(&'static Directory),
    /// Who is in a group, groups in groups included.
    Members(&'a str),
    /// Whether an image of the Marketplace, by URN and path, is still offered.
    Image(&'a str, &'a str),
}

impl Unit<'_> {
    /// Its name in the journal: the question, then where it is asked.
    fn name(&self) -> String {
        match self {
            Self::Question(question, batch) => {
                let first = batch.first().map(String::as_str).unwrap_or_default();
                format!("{}:{first}+{}", question.name, batch.len())
            }
            Self::List(list, subscription) => format!("{}:{subscription}", list.name),
            Self::Directory(list) => format!("{}:directory", list.name),
            Self::Members(group) => format!("{}:{group}", MEMBERS.name),
            Self::Image(urn, _) => format!("{IMAGES}:{urn}"),
        }
    }
}

/// How many rows pages say that there are, from page to page.
///
/// Pages go by number. A row that is deleted meanwhile moves another one onto a page that was read: so as many rows are
/// expected as there ever were. One that is added moves one onto the next page, where it comes again: then as many as
/// there were at first. One of each between the same two pages does not show.
#[derive(Debug, Default)]
struct Totals {
    first: Option<u64>,
    most: u64,
    fell: bool,
}

impl Totals {
    fn told(&mut self, total: u64) {
        self.first.get_or_insert(total);
        self.fell |= total < self.most;
        self.most = self.most.max(total);
    }

    fn expected(&self) -> u64 {
        if self.fell { self.most } else { self.first.unwrap_or(0) }
    }
}

impl Client {
    /// Collects what checks read into a snapshot that was begun. What cannot be read is noted in it; it is ended by
    /// [`Writer::finish`].
    ///
    /// With an earlier snapshot, what has not changed is taken from there.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, no subscription is seen, Azure does not answer at all, or the disk is full: what was
    /// collected until then is kept.
    pub async fn collect(
        &self,
        writer: &mut Writer,
        asked: &Asked,
        base: Option<&Base>,
        told: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<(), CollectError> {
        let subscriptions = self.subscriptions(asked).await?;
        let caller = self.chain().caller().await;
        // After a stop the same subscriptions are asked: parts are known by them.
        let filled = match writer.scope(&caller)? {
            Some(scope) => scope.filled,
            None => {
                let filled = self.filled(&subscriptions).await?;
                let empty = (subscriptions.len() - filled.len().min(subscriptions.len())) as u64;
                writer.settle(filled.clone(), empty, caller)?;
                filled
            }
        };
        // Who had begun to read everything goes on so.
        let begun = carried().any(|question| writer.has_some(question.name)) && !writer.has(PART);
        let mut base = base.filter(|_| !begun);
        if let Some(earlier) = base {
            told(Progress { what: "changes", done: 0, of: 1, rows: 0 });
            match self.carry(writer, earlier, &filled).await {
                // Who may not read changes, or not in full, reads everything.
                Err(CollectError::Fault(Fault::Refused { .. } | Fault::Unreadable { .. })) => base = None,
                carried => carried?,
            }
        }
        let is_carried = |question: &Question| base.is_some() && carried().any(|one| one == question);
        let mut units: Vec<Unit<'_>> = Vec::new();
        for question in QUESTIONS.iter().filter(|question| !is_carried(question)) {
            units.extend(filled.chunks(BATCH).map(|batch| Unit::Question(question, batch)));
        }
        for list in &LISTS {
            units.extend(filled.iter().map(|subscription| Unit::List(list, subscription)));
        }
        if asked.directory {
            units.extend(DIRECTORY.iter().map(Unit::Directory));
        }
        self.work(writer, units, told).await?;
        let images = writer.images();
        self.work(writer, images.iter().map(|(urn, path)| Unit::Image(urn, path)).collect(), told).await?;
        if asked.directory {
            // Which groups matter is known when rights and policies were read.
            let groups = writer.groups();
            self.work(writer, groups.iter().map(|group| Unit::Members(group)).collect(), told).await?;
        }
        Ok(())
    }

    /// Asks what was not asked before.
    async fn work(
        &self,
        writer: &mut Writer,
        mut units: Vec<Unit<'_>>,
        told: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<(), CollectError> {
        let of = units.len();
        units.retain(|unit| !writer.has(&unit.name()));
        let before = of - units.len();
        let shared = &Mutex::new((writer, 0u64, before));
        let silent = &AtomicUsize::new(0);
        let work = units.into_iter().map(|unit| async move {
            let said = self.unit(&unit, silent).await?;
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let (writer, rows, done) = &mut *shared;
            *rows += said.part.rows;
            *done += 1;
            let name = unit.name();
            writer.add(&name, said)?;
            let what = name.split(':').next().unwrap_or(&name);
            told(Progress { what, done: *done, of, rows: *rows });
            Ok::<(), CollectError>(())
        });
        let mut all = stream::iter(work).buffer_unordered(AT_ONCE);
        while let Some(one) = all.next().await {
            one?;
        }
        Ok(())
    }

    /// The subscriptions that were asked for: those that the caller sees.
    async fn subscriptions(&self, asked: &Asked) -> Result<Vec<String>, CollectError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct One {
            subscription_id: String,
        }
        let mut seen: Vec<String> = if asked.management_groups.is_empty() {
            let rows = self.list("subscriptions?api-version=2022-12-01", Limit::Arm).await?;
            rows.into_iter()
                .filter_map(|row| serde_json::from_value::<One>(row).ok())
                .map(|one| one.subscription_id)
                .collect()
        } else {
            let text = "resourcecontainers | where type in~ ('microsoft.resources/subscriptions') | project id, subscriptionId | order by id asc";
            let rows = self.few(text, Scope::ManagementGroups(&asked.management_groups)).await?;
            rows.iter().filter_map(|row| Some(row.get("subscriptionId")?.as_str()?.to_owned())).collect()
        };
        if !asked.subscriptions.is_empty() {
            let missing =
                asked.subscriptions.iter().find(|id| !seen.iter().any(|one| one.eq_ignore_ascii_case(id)));
            if let Some(missing) = missing {
                return Err(CollectError::NoSubscription(Some(missing.clone())));
            }
            seen.retain(|one| asked.subscriptions.iter().any(|id| one.eq_ignore_ascii_case(id)));
        }
        seen.sort();
        seen.dedup();
        if seen.is_empty() { Err(CollectError::NoSubscription(None)) } else { Ok(seen) }
    }

    /// The subscriptions that hold anything.
    async fn filled(&self, subscriptions: &[String]) -> Result<Vec<String>, CollectError> {
        let mut filled = Vec::new();
        for batch in subscriptions.chunks(3 * BATCH) {
            let rows = self.few(COUNTS, Scope::Subscriptions(batch)).await?;
            filled
                .extend(rows.iter().filter_map(|row| Some(row.get("subscriptionId")?.as_str()?.to_owned())));
        }
        filled.sort();
        Ok(filled)
    }

    /// What a question comes to in some subscriptions.
    pub(crate) async fn answer_to(
        &self,
        question: &'static Question,
        subscriptions: &[String],
    ) -> Result<Said, CollectError> {
        self.unit(&Unit::Question(question, subscriptions), &AtomicUsize::new(SILENT)).await
    }

    /// `silent` counts questions in a row that had no answer at all.
    async fn unit(&self, unit: &Unit<'_>, silent: &AtomicUsize) -> Result<Said, CollectError> {
        let io = |error| SnapshotError::Write { path: "a part of the snapshot".into(), error };
        let gathered = |rows: Vec<Value>| -> Result<(Part, Option<String>), CollectError> {
            let mut part = Part::default();
            rows.into_iter().try_for_each(|row| part.push(row)).map_err(io)?;
            Ok((part, None))
        };
        let (what, scope, action, role, answer) = match unit {
            Unit::Question(question, batch) => {
                let answer = self.packed(&question.text(), Scope::Subscriptions(batch)).await;
                (
                    question.name,
                    format!("{} subscriptions", batch.len()),
                    question.action,
                    question.role,
                    answer,
                )
            }
            Unit::List(list, subscription) => {
                let path = format!("subscriptions/{subscription}/{}?api-version={}", list.path, list.version);
                let answer = or_none_without_licence(list.path, self.list(&path, Limit::Arm).await);
                let answer = answer.map_err(CollectError::from).and_then(gathered);
                (list.name, (*subscription).to_owned(), list.action, list.role, answer)
            }
            Unit::Directory(list) => {
                let answer = self.of_directory(list.path).await;
                let answer = answer.map_err(CollectError::from).and_then(gathered);
                (list.name, "the directory".to_owned(), list.permission, list.role, answer)
            }
            Unit::Members(group) => {
                let answer = self.of_directory(&MEMBERS.path.replace("{id}", group)).await;
                let answer = answer.map_err(CollectError::from).and_then(gathered);
                (MEMBERS.name, format!("the group {group}"), MEMBERS.permission, MEMBERS.role, answer)
            }
            Unit::Image(urn, path) => {
                let answer = self.list(&format!("{path}?api-version={IMAGE_VERSION}"), Limit::Arm).await;
                let answer = taken_out(path, answer).map_err(CollectError::from).and_then(gathered);
                (IMAGES, (*urn).to_owned(), IMAGE_ACTION, READER, answer)
            }
        };
        let mut said = Said::default();
        if !matches!(answer, Err(CollectError::Fault(Fault::GaveUp { .. }))) {
            silent.store(0, Ordering::Relaxed);
        }
        match answer {
            Ok((part, short)) => {
                said.part = part;
                said.partial.extend(short.map(|reason| Partial { what: what.to_owned(), scope, reason }));
            }
            Err(CollectError::Fault(Fault::Refused { code, message })) => said.refused.push(Refused {
                what: what.to_owned(),
                scope,
                action: action.to_owned(),
                role: role.to_owned(),
                message: if message.is_empty() { code } else { message },
            }),
            // A provider that nobody has registered there has nothing to list.
            Err(CollectError::Fault(Fault::Wrong { code, .. }))
                if code == "MissingSubscriptionRegistration" => {}
            // A group that was deleted, and whose rights were left: nobody is in it. An image that is not there any more.
            Err(CollectError::Fault(Fault::NotFound { .. }))
                if matches!(unit, Unit::Members(_) | Unit::Image(..)) => {}
            Err(CollectError::Fault(
                fault @ (Fault::NotFound { .. } | Fault::Wrong { .. } | Fault::Unreadable { .. }),
            )) => {
                said.partial.push(Partial { what: what.to_owned(), scope, reason: fault.to_string() });
            }
            // One that does not answer is told; when none does, Azure is away.
            Err(CollectError::Fault(fault @ Fault::GaveUp { .. }))
                if silent.fetch_add(1, Ordering::Relaxed) + 1 < SILENT =>
            {
                said.partial.push(Partial { what: what.to_owned(), scope, reason: fault.to_string() });
            }
            Err(error) => return Err(error),
        }
        Ok(said)
    }

    /// A list of the directory, so many people in a row: it is told by its context, not by the ids of what is in it.
    async fn of_directory(&self, path: &str) -> Result<Vec<Value>, Fault> {
        let rows = or_none_without_licence(path, self.list(path, Limit::Directory).await)?;
        let context = format!("https://graph.microsoft.com/{}", path.split('?').next().unwrap_or(path));
        let wrap = |rows: &[Value]| serde_json::json!({"@odata.context": context, "value": rows});
        // Also of nothing there is a row: it was asked for.
        let parts = rows.chunks(PEOPLE).map(wrap);
        Ok(if rows.is_empty() { vec![wrap(&[])] } else { parts.collect() })
    }

    /// The rows of a question that is known to be small.
    pub(crate) async fn few(&self, text: &str, scope: Scope<'_>) -> Result<Vec<Value>, CollectError> {
        let mut short = String::new();
        for _ in 0..=AGAIN {
            let mut rows = Vec::new();
            let mut take = |row| {
                rows.push(row);
                Ok(())
            };
            match self.pages(text, scope, &mut take).await? {
                None => return Ok(rows),
                Some(reason) => short = reason,
            }
        }
        let host = self.cloud().arm.host_str().unwrap_or_default().to_owned();
        Err(Fault::Unreadable { host, detail: short }.into())
    }

    /// All rows of a question, packed, and why these may not be all. Pages that were lost are read anew.
    async fn packed(&self, text: &str, scope: Scope<'_>) -> Result<(Part, Option<String>), CollectError> {
        let mut best: Option<(Part, Option<String>)> = None;
        for _ in 0..=AGAIN {
            let mut part = Part::default();
            let short = self.pages(text, scope, &mut |row| part.push(row)).await?;
            let whole = short.is_none();
            if best.as_ref().is_none_or(|(best, _)| part.rows >= best.rows) {
                best = Some((part, short));
            }
            if whole {
                break;
            }
        }
        Ok(best.unwrap_or_default())
    }

    /// Reads all pages of a question; why they may not be all.
    async fn pages(
        &self,
        text: &str,
        scope: Scope<'_>,
        take: &mut (dyn FnMut(Value) -> std::io::Result<()> + Send),
    ) -> Result<Option<String>, CollectError> {
        let mut seen: HashSet<u64> = HashSet::new();
        let mut tokens: HashSet<String> = HashSet::new();
        let (mut skip, mut totals, mut cut): (Option<String>, _, bool) = (None, Totals::default(), false);
        let mut empty = 0;
        let names = RandomState::new();
        loop {
            let page = self.page(&Query { text, scope, skip: skip.as_deref() }).await?;
            totals.told(page.total);
            empty = if page.rows.is_empty() { empty + 1 } else { 0 };
            if empty > EMPTY_PAGES {
                return Ok(Some("its pages are empty, and do not end".to_owned()));
            }
            cut |= page.cut;
            for row in page.rows {
                // A page that comes twice adds nothing. What has no id, such as a count, is told by all that it says.
                let key = match row.get("id").and_then(Value::as_str) {
                    Some(id) => names.hash_one(id.to_ascii_lowercase()),
                    None => names.hash_one(row.to_string()),
                };
                if seen.insert(key) {
                    take(row).map_err(|error| SnapshotError::Write {
                        path: "a part of the snapshot".into(),
                        error,
                    })?;
                }
            }
            match page.next {
                None => break,
                Some(next) if !tokens.insert(next.clone()) => {
                    return Ok(Some("its pages go round in a circle".to_owned()));
                }
                Some(next) => skip = Some(next),
            }
        }
        let count = seen.len() as u64;
        let total = totals.expected();
        Ok(if cut {
            Some("the caller sees more than 10,000 subscriptions, and Azure answers for 10,000".to_owned())
        } else {
            (count < total).then(|| format!("{count} of {total} rows came"))
        })
    }

    /// All rows of a list of Resource Manager or Microsoft Graph.
    pub(crate) async fn list(&self, path: &str, limit: Limit) -> Result<Vec<Value>, Fault> {
        #[derive(Deserialize)]
        struct Listed {
            value: Option<Vec<Value>>,
            #[serde(rename = "nextLink")]
            next: Option<String>,
            #[serde(rename = "@odata.nextLink")]
            odata_next: Option<String>,
        }
        let base = match limit {
            Limit::Directory => &self.cloud().graph,
            Limit::Arm | Limit::Action | Limit::ResourceGraph | Limit::Write => &self.cloud().arm,
        };
        let host = base.host_str().unwrap_or_default().to_owned();
        let unreadable = |detail: String| Fault::Unreadable { host: host.clone(), detail };
        let mut url = base.join(path).map_err(|error| unreadable(error.to_string()))?;
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        loop {
            seen.insert(url.to_string());
            let answer = self.ask(&Ask { url: url.clone(), body: None, limit }).await?;
            let whole: Value =
                serde_json::from_slice(&answer.body).map_err(|error| unreadable(error.to_string()))?;
            // One object instead of a list is a list of one.
            if whole.get("value").is_none() {
                rows.push(whole);
                return Ok(rows);
            }
            let said: Listed =
                serde_json::from_value(whole).map_err(|error| unreadable(error.to_string()))?;
            rows.extend(said.value.unwrap_or_default());
            let Some(next) = said.next.or(said.odata_next).filter(|next| !next.is_empty()) else {
                return Ok(rows);
            };
            let next = url.join(&next).map_err(|error| unreadable(error.to_string()))?;
            // INVARIANT: a token goes to the cloud that it was made for, and nowhere else.
            if next.origin() != base.origin() {
                return Err(unreadable(format!(
                    "its next page is at `{}`, another host",
                    next.host_str().unwrap_or_default()
                )));
            }
            if seen.contains(next.as_str()) {
                return Err(unreadable("its pages go round in a circle".to_owned()));
            }
            url = next;
        }
    }
}

/// What Azure says of an image that was taken out of the Marketplace is an error; it becomes the record that Azure has of
/// one that will be.
///
/// Source: <https://learn.microsoft.com/azure/virtual-machines/deprecated-images>
fn taken_out(path: &str, answer: Result<Vec<Value>, Fault>) -> Result<Vec<Value>, Fault> {
    match answer {
        Err(Fault::Wrong { code, .. } | Fault::NotFound { code, .. }) if code == "ImageVersionDeprecated" => {
            Ok(vec![serde_json::json!({
                "id": format!("/{path}"),
                "properties": {"imageDeprecationStatus": {"imageState": "Deprecated"}},
            })])
        }
        answer => answer,
    }
}

/// Where nobody has bought Privileged Identity Management, nobody takes a role by it: Azure answers so to whoever asks for
/// schedules of roles (`AadPremiumLicenseRequired`: "The tenant needs to have Microsoft Entra ID P2 …").
fn or_none_without_licence(path: &str, answer: Result<Vec<Value>, Fault>) -> Result<Vec<Value>, Fault> {
    match answer {
        Err(Fault::Wrong { code, .. } | Fault::Refused { code, .. })
            if code == "AadPremiumLicenseRequired" && path.contains("ScheduleInstances") =>
        {
            Ok(Vec::new())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_come_and_go_while_pages_are_read() {
        let expected = |totals: &[u64]| {
            let mut all = Totals::default();
            totals.iter().for_each(|total| all.told(*total));
            all.expected()
        };
        assert_eq!(expected(&[]), 0);
        assert_eq!(expected(&[40, 40, 40]), 40);
        assert_eq!(expected(&[40, 41, 42]), 40);
        assert_eq!(expected(&[40, 39]), 40);
        assert_eq!(expected(&[40, 41, 40]), 41);
        assert_eq!(expected(&[40, 39, 41]), 41);
    }
}
