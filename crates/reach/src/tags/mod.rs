//! The addresses of Azure's service tags, from the list that Microsoft publishes each week.
//!
//! Source: <https://www.microsoft.com/download/details.aspx?id=56519> (public cloud), and
//! <https://learn.microsoft.com/azure/virtual-network/service-tags-overview>. The product holds one list;
//! people bring a newer one with `sekimori tags update`.
//!
//! INVARIANT: a tag that the list does not hold is unknown, never empty.

mod compact;
mod published;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use estate::Family;
use hashbrown::HashMap;

use crate::addresses::Addresses;

pub use compact::BadTable;
pub use published::{BadList, read_published};

/// The list that the product holds.
static BUILT_IN: LazyLock<Arc<Tags>> = LazyLock::new(|| {
    let bytes: &'static [u8] = include_bytes!("../../data/service-tags-public.bin");
    Arc::new(Tags::from_compact(bytes).unwrap_or_default())
});

/// The addresses of a tag, of each family.
pub type TagAddresses = [Addresses; 2];

/// A list of service tags.
#[derive(Debug, Default)]
pub struct Tags {
    /// The number of the list: the larger, the newer.
    pub change: u64,
    /// The cloud, as the list calls it: `Public`, `AzureGovernment`, `China`.
    pub cloud: String,
    /// When it was published: `2025-10-25`.
    pub date: String,
    /// The tags in lower case with their names as published, sorted, and where their addresses are.
    entries: Vec<Entry>,
    bytes: Bytes,
    /// What was looked up.
    found: Mutex<HashMap<usize, Arc<TagAddresses>>>,
}

#[derive(Debug)]
struct Entry {
    lower: Box<str>,
    name: Box<str>,
    start: usize,
    end: usize,
}

/// The list of the product stands in the program; others are read.
#[derive(Debug)]
enum Bytes {
    Static(&'static [u8]),
    Owned(Vec<u8>),
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Static(&[])
    }
}

impl Bytes {
    fn all(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Tags {
    /// The list that the product holds.
    pub fn built_in() -> Arc<Self> {
        Arc::clone(&BUILT_IN)
    }

    /// The addresses of a tag, whatever its case; `None` where the list does not hold it.
    pub fn of(&self, tag: &str) -> Option<Arc<TagAddresses>> {
        let lower = tag.to_ascii_lowercase();
        let index = self.entries.binary_search_by(|entry| (*entry.lower).cmp(&lower)).ok()?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(addresses) = found.get(&index) {
            return Some(Arc::clone(addresses));
        }
        let entry = self.entries.get(index)?;
        let bytes = self.bytes.all().get(entry.start..entry.end)?;
        // What was looked through when the list was opened reads again.
        let addresses = Arc::new(compact::addresses(bytes)?);
        found.insert(index, Arc::clone(&addresses));
        Some(addresses)
    }

    /// The addresses of a tag in one family.
    pub(crate) fn in_family(&self, tag: &str, family: Family) -> Option<Addresses> {
        let [v4, v6] = &*self.of(tag)?;
        Some(match family {
            Family::V4 => v4.clone(),
            Family::V6 => v6.clone(),
        })
    }

    /// Whether the list holds a tag.
    pub fn holds(&self, tag: &str) -> bool {
        let lower = tag.to_ascii_lowercase();
        self.entries.binary_search_by(|entry| (*entry.lower).cmp(&lower)).is_ok()
    }

    /// The name of a tag as published, from any case.
    pub fn published_name(&self, tag: &str) -> Option<&str> {
        let lower = tag.to_ascii_lowercase();
        let index = self.entries.binary_search_by(|entry| (*entry.lower).cmp(&lower)).ok()?;
        self.entries.get(index).map(|entry| &*entry.name)
    }

    /// The names of the tags as published, sorted without regard to case.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_is_whole() {
        let tags = Tags::built_in();
        assert_eq!((tags.cloud.as_str(), tags.change), ("Public", 374));
        assert!(tags.names().len() > 3000);
        for name in tags.names() {
            let [v4, v6] = &*tags.of(name).unwrap_or_else(|| panic!("{name} cannot be read"));
            assert!(!v4.is_empty() || !v6.is_empty(), "{name} is empty");
        }
        assert!(tags.entries.windows(2).all(|pair| pair[0].lower < pair[1].lower), "sorted, each once");
    }

    #[test]
    fn tags_are_found_in_any_case_and_unknown_ones_are_not_empty() {
        let tags = Tags::built_in();
        let inside = |tag: &str, address: &str| {
            let number = crate::addresses::number(address.parse().unwrap());
            tags.in_family(tag, Family::of(address.parse().unwrap())).unwrap().contains(number)
        };
        assert!(inside("AzureCloud.japaneast", "4.214.0.9"));
        assert!(inside("azurecloud.JAPANEAST", "4.214.0.9"));
        assert!(inside("AzureCloud", "4.214.0.9"));
        assert!(!inside("AzureCloud.westeurope", "4.214.0.9"));
        assert!(tags.of("AzureCloud.atlantis").is_none() && tags.of("").is_none());
        // A region's part is in the whole.
        let whole = tags.of("AzureCloud").unwrap();
        assert_eq!(tags.in_family("AzureCloud", Family::V4).unwrap(), whole[0]);
        assert_eq!(tags.in_family("AzureCloud", Family::V6).unwrap(), whole[1]);
        assert!(inside("AzureCloud", "2603:1040:407::1") && !inside("AzureCloud", "2001:db8::1"));
        for region in ["japaneast", "japanwest", "westeurope", "eastus"] {
            let part = tags.of(&format!("AzureCloud.{region}")).unwrap();
            assert!(whole[0].contains_all(&part[0]) && whole[1].contains_all(&part[1]), "{region}");
        }
    }
}
