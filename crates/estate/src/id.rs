//! Resource ids, interned: an id is compared without regard to case and costs four bytes to hold.
//!
//! Azure compares ids without regard to ASCII case and echoes whatever case a caller used, so one
//! resource shows up in several spellings. The spelling that people see is the one of the
//! resource's own record, else the smallest by bytes: it never depends on the order of the input.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::{DefaultHashBuilder, HashTable};

/// A resource id of one estate. Meaningless without the [`Ids`] that made it.
/// Their order means nothing, and is another in each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(u32);

const SHARDS: usize = 16;

#[derive(Default)]
struct Shard {
    /// Texts, one behind the other. Blocks never grow, so no text is ever copied.
    blocks: Vec<String>,
    entries: Vec<Entry>,
    table: HashTable<u32>,
}

/// How many bytes of text one block holds.
const BLOCK: usize = 1 << 16;

#[derive(Clone, Copy)]
struct Entry {
    block: u32,
    start: u32,
    len: u32,
    /// Places the entry again when the table grows.
    hash: u64,
    defined: bool,
}

/// How a text is used where it is interned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The record of the resource itself.
    Definition,
    /// Something that points at the resource.
    Reference,
}

/// Interns ids from several threads at once.
#[derive(Default)]
pub(crate) struct IdsBuilder {
    hasher: DefaultHashBuilder,
    shards: [Mutex<Shard>; SHARDS],
}

/// The ids of an estate.
pub struct Ids {
    hasher: DefaultHashBuilder,
    shards: [Shard; SHARDS],
}

impl Shard {
    fn text(&self, entry: Entry) -> &str {
        let (start, len) = (entry.start as usize, entry.len as usize);
        self.blocks
            .get(entry.block as usize)
            .and_then(|block| block.get(start..start + len))
            .unwrap_or_default()
    }

    /// Keeps a text and tells where.
    fn keep(&mut self, text: &str) -> (u32, u32) {
        let fits = |block: &String| block.capacity() - block.len() >= text.len();
        if !self.blocks.last().is_some_and(fits) {
            self.blocks.push(String::with_capacity(text.len().max(BLOCK)));
        }
        let number = u32::try_from(self.blocks.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let Some(block) = self.blocks.last_mut() else { return (0, 0) };
        let start = u32::try_from(block.len()).unwrap_or(u32::MAX);
        block.push_str(text);
        (number, start)
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        self.table
            .find(hash, |index| {
                self.entries
                    .get(*index as usize)
                    .is_some_and(|entry| self.text(*entry).eq_ignore_ascii_case(text))
            })
            .copied()
    }

    fn intern(&mut self, hash: u64, text: &str, usage: Use) -> u32 {
        let defined = usage == Use::Definition;
        if let Some(index) = self.find(hash, text) {
            if let Some(entry) = self.entries.get(index as usize).copied() {
                let better = (!defined, text) < (!entry.defined, self.text(entry));
                if better {
                    let (start, end) = (entry.start as usize, entry.start as usize + entry.len as usize);
                    // The spellings differ in ASCII case only, so the lengths are the same.
                    if let Some(block) = self.blocks.get_mut(entry.block as usize) {
                        block.replace_range(start..end, text);
                    }
                }
                if let Some(entry) = self.entries.get_mut(index as usize) {
                    entry.defined |= defined;
                }
            }
            return index;
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let (block, start) = self.keep(text);
        self.entries.push(Entry { block, start, len, hash, defined });
        let entries = &self.entries;
        self.table
            .insert_unique(hash, index, |index| entries.get(*index as usize).map_or(0, |entry| entry.hash));
        index
    }
}

fn hash(hasher: &DefaultHashBuilder, text: &str) -> u64 {
    let mut buffer = [0u8; 512];
    match buffer.get_mut(..text.len()) {
        Some(lower) => {
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            hasher.hash_one(&*lower)
        }
        None => hasher.hash_one(text.to_ascii_lowercase().as_bytes()),
    }
}

fn split_hash(hash: u64) -> (usize, u64) {
    ((hash >> 32) as usize % SHARDS, hash)
}

fn handle(shard: usize, index: u32) -> ResourceId {
    ResourceId(index.wrapping_mul(SHARDS as u32).wrapping_add(shard as u32))
}

impl IdsBuilder {
    fn lock(&self, shard: usize) -> Option<MutexGuard<'_, Shard>> {
        // A panic cannot leave a shard half changed in a way that matters: ids only ever grow.
        self.shards.get(shard).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn intern(&self, text: &str, usage: Use) -> ResourceId {
        let text = text.trim_end_matches('/');
        let (shard, hash) = split_hash(hash(&self.hasher, text));
        let index = self.lock(shard).map_or(0, |mut at| at.intern(hash, text, usage));
        handle(shard, index)
    }

    pub(crate) fn freeze(self) -> Ids {
        let shards = self.shards.map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ids { hasher: self.hasher, shards }
    }
}

impl Ids {
    /// The id as people see it.
    pub fn text(&self, id: ResourceId) -> &str {
        let (index, shard) = (id.0 as usize / SHARDS, id.0 as usize % SHARDS);
        let Some(shard) = self.shards.get(shard) else { return "" };
        shard.entries.get(index).map_or("", |entry| shard.text(*entry))
    }

    /// The id of this text, if the estate mentions it.
    pub fn find(&self, text: &str) -> Option<ResourceId> {
        let text = text.trim_end_matches('/');
        let (shard, hash) = split_hash(hash(&self.hasher, text));
        self.shards.get(shard)?.find(hash, text).map(|index| handle(shard, index))
    }

    /// One more than the largest number that [`Ids::index`] gives.
    pub(crate) fn bound(&self) -> usize {
        self.shards.iter().map(|shard| shard.entries.len()).max().unwrap_or(0) * SHARDS
    }

    /// A small number for the id, to index arrays with.
    pub(crate) fn index(id: ResourceId) -> usize {
        id.0 as usize
    }
}

fn segments(id: &str) -> impl DoubleEndedIterator<Item = &str> {
    id.split('/').filter(|segment| !segment.is_empty())
}

/// The last segment of an id: the name of the resource.
pub fn resource_name(id: &str) -> &str {
    segments(id).next_back().unwrap_or(id)
}

/// The resource group of an id, if it has one.
pub fn resource_group(id: &str) -> Option<&str> {
    let mut rest = segments(id);
    rest.find(|segment| segment.eq_ignore_ascii_case("resourceGroups"))?;
    rest.next()
}

/// The subscription of an id, if it has one.
pub fn resource_subscription(id: &str) -> Option<&str> {
    let mut segments = segments(id);
    segments.next().filter(|word| word.eq_ignore_ascii_case("subscriptions"))?;
    segments.next()
}

/// The type that an id implies (`Microsoft.Network/networkSecurityGroups/securityRules`), read
/// after its last `providers` segment. `None` for an id without a type, such as a subscription's.
///
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types>
pub fn resource_type(id: &str) -> Option<String> {
    let segments = type_segments(id)?;
    let mut name = String::with_capacity(48);
    for segment in segments.each() {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(segment);
    }
    Some(name)
}

/// The part of an id that tells its type: namespace, then type and name in turn.
#[derive(Clone)]
pub(crate) struct TypeSegments<'i>(&'i str);

/// The part of an id behind its last `providers`, if it tells a type.
pub(crate) fn type_segments(id: &str) -> Option<TypeSegments<'_>> {
    // Keys and values take turns in an id, so `providers` counts only where a key stands: a
    // resource may be called so.
    let mut found = None;
    let mut rest = id;
    let mut key = true;
    while let Some((segment, later)) = next_segment(rest) {
        if key && segment.eq_ignore_ascii_case("providers") {
            found = Some(later);
        }
        key = !key;
        rest = later;
    }
    let behind = found?;
    // Type and name take turns, so an id ends in a name; a collection's path does not.
    let mut count = 0;
    let mut rest = behind;
    while let Some((_, later)) = next_segment(rest) {
        count += 1;
        rest = later;
    }
    (count >= 3 && count % 2 == 1).then_some(TypeSegments(behind))
}

fn next_segment(text: &str) -> Option<(&str, &str)> {
    let start = text.bytes().position(|byte| byte != b'/')?;
    let text = text.get(start..)?;
    let end = memchr::memchr(b'/', text.as_bytes()).unwrap_or(text.len());
    text.split_at_checked(end)
}

impl<'i> TypeSegments<'i> {
    /// Namespace and types.
    fn each(&self) -> impl Iterator<Item = &'i str> {
        let mut rest = self.0;
        let all = std::iter::from_fn(move || {
            let (segment, later) = next_segment(rest)?;
            rest = later;
            Some(segment)
        });
        all.enumerate().filter(|(index, _)| *index == 0 || index % 2 == 1).map(|(_, segment)| segment)
    }

    /// The type, lower case.
    pub(crate) fn lower(&self) -> String {
        let mut name = String::with_capacity(80);
        for segment in self.each() {
            if !name.is_empty() {
                name.push('/');
            }
            name.extend(segment.chars().map(|letter| letter.to_ascii_lowercase()));
        }
        name
    }
}

/// The id of the resource that holds this one: the NSG of a rule, the NIC of an IP configuration.
pub(crate) fn parent(id: &str) -> Option<&str> {
    let id = id.trim_end_matches('/');
    let (rest, _) = id.rsplit_once('/')?;
    let (parent, _) = rest.rsplit_once('/')?;
    (!parent.is_empty()).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NSG: &str =
        "/subscriptions/s/resourceGroups/Rg/providers/Microsoft.Network/networkSecurityGroups/web";

    #[test]
    fn spelling_is_the_definition_whatever_the_order() {
        let upper = NSG.to_uppercase();
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
            let ids = IdsBuilder::default();
            for step in order {
                match step {
                    0 => ids.intern(&upper, Use::Reference),
                    1 => ids.intern(NSG, Use::Definition),
                    _ => ids.intern(&NSG.to_lowercase(), Use::Reference),
                };
            }
            let ids = ids.freeze();
            let id = ids.find(&upper).unwrap();
            assert_eq!(ids.text(id), NSG);
        }
    }

    #[test]
    fn ids_tell_type_group_and_parent() {
        let check = |id: &str, expected: Option<&str>| {
            assert_eq!(resource_type(id).as_deref(), expected, "{id}");
        };
        check(NSG, Some("Microsoft.Network/networkSecurityGroups"));
        check(
            &format!("{NSG}/securityRules/ssh"),
            Some("Microsoft.Network/networkSecurityGroups/securityRules"),
        );
        check(
            &format!("{NSG}/providers/Microsoft.Security/assessments/a"),
            Some("Microsoft.Security/assessments"),
        );
        check(
            "resourceGroups/test/providers/Microsoft.Compute/virtualMachines/VM1",
            Some("Microsoft.Compute/virtualMachines"),
        );
        check("/subscriptions/s", None);
        check("/subscriptions/s/resourceGroups/providers", None);
        check(&format!("{NSG}/securityRules"), None);
        check("", None);
        assert_eq!(resource_group(NSG), Some("Rg"));
        assert_eq!(resource_name(&format!("{NSG}/")), "web");
        assert_eq!(parent(&format!("{NSG}/securityRules/ssh")), Some(NSG));
    }
}
