//! Which questions the sources were asked in full: only then is what they do not hold not there.
//!
//! INVARIANT: a source without a manifest is never whole. A list that somebody exported tells what it holds and nothing of
//! what it does not.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

use crate::moment::Moment;
use crate::origin::{Origins, SourceIndex};
use crate::wire::{Reader, member};

/// A kind of facts that a source may have or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// Machines, their extensions and scripts, disks and snapshots.
    Machines,
    /// Images that machines are made from, of galleries and of the Marketplace.
    Images,
    /// Networks and everything in them.
    Networks,
    /// Vaults for backups.
    Vaults,
    /// What vaults keep.
    Backups,
    /// How long backups are kept.
    BackupPolicies,
    /// What updates machines lack.
    Updates,
    /// Schedules of updates.
    Maintenance,
    /// What was looked at inside machines.
    GuestConfiguration,
    /// Recommendations, plans and alerts of Defender for Cloud.
    Security,
    /// Who hears of alerts.
    Contacts,
    /// Alerts that are kept from people.
    SuppressionRules,
    /// Where findings and alerts are sent.
    Exports,
    /// Policies of just-in-time access.
    JitPolicies,
    /// Who has which role where.
    Rights,
    /// Who may take which role where.
    EligibleRights,
    /// Policies of conditional access.
    AccessPolicies,
    /// People.
    People,
    /// Programs.
    Programs,
    /// What people have to prove who they are.
    Methods,
    /// People whose accounts may be in other hands.
    RiskyPeople,
    /// Who has which role of the directory.
    DirectoryRoles,
    /// Who may take which role of the directory.
    EligibleRoles,
    /// Whether roles are given for good or were taken for some time.
    TakenRights,
}

impl Feed {
    /// The question that brings it, as manifests name it.
    pub fn question(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Images => "images",
            Self::Networks => "networks",
            Self::Vaults => "vaults",
            Self::Backups => "backups",
            Self::BackupPolicies => "backup policies",
            Self::Updates => "updates",
            Self::Maintenance => "maintenance",
            Self::GuestConfiguration => "guest configuration",
            Self::Security => "security",
            Self::Contacts => "security contacts",
            Self::SuppressionRules => "alert suppression",
            Self::Exports => "exports",
            Self::JitPolicies => "just-in-time policies",
            Self::Rights => "rights",
            Self::EligibleRights => "eligible rights",
            Self::AccessPolicies => "conditional access",
            Self::People => "people",
            Self::Programs => "programs",
            Self::Methods => "authentication methods",
            Self::RiskyPeople => "risky people",
            Self::DirectoryRoles => "directory roles",
            Self::EligibleRoles => "eligible directory roles",
            Self::TakenRights => "taken rights",
        }
    }
}

/// How the kind of a manifest begins that tells of what a deployment makes.
pub(crate) const DEPLOYMENT: &str = "sekimori.deployment/";

/// What a question left open somewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Gap {
    question: Box<str>,
    /// The id of a subscription or resource, lower case; empty for everywhere.
    scope: Box<str>,
    /// The right that was missing, if it was one.
    action: Option<Box<str>>,
}

/// What the manifest of one source says.
#[derive(Clone, Debug)]
struct Manifest {
    source: SourceIndex,
    /// When it was collected.
    finished: Option<Moment>,
    /// Questions that were asked.
    asked: Vec<Box<str>>,
    gaps: Vec<Gap>,
    /// Whether it tells of what a deployment makes: whole for its own resources, silent about all others.
    deployment: bool,
}

/// What the sources were asked for in full, by their manifests.
#[derive(Clone, Debug, Default)]
pub struct Coverage(Vec<Manifest>);

/// What is known of what a source does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was asked for everything of the kind, so what it does not hold is not there.
    Whole,
    /// It was asked and could not answer in full; with the right that was missing, if it was one.
    Gap(Option<Box<str>>),
    /// It was not asked.
    Never,
}

impl Coverage {
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// Reads the manifest at the end of a snapshot.
    pub(crate) fn read(&mut self, reader: &mut Reader<'_>, object: &Object) {
        let asked = member(object, "rows").and_then(|rows| rows.as_object());
        let asked = asked.into_iter().flat_map(|rows| rows.iter()).map(|(name, _)| name.into()).collect();
        let mut gaps = Vec::new();
        for list in ["refused", "partial"] {
            let items = member(object, list).and_then(|items| items.as_array());
            for item in items.into_iter().flat_map(|items| items.iter()) {
                let text = |name: &str| item.get(name).and_then(|text| text.as_str()).unwrap_or_default();
                gaps.push(Gap {
                    question: text("what").into(),
                    scope: text("scope").to_ascii_lowercase().into(),
                    action: (!text("action").is_empty()).then(|| text("action").into()),
                });
            }
        }
        gaps.sort_unstable();
        let finished = member(object, "finished").and_then(|text| Moment::parse(text.as_str()?));
        let kind = member(object, "kind").and_then(|kind| kind.as_str()).unwrap_or_default();
        let deployment = kind.starts_with(DEPLOYMENT);
        self.0.push(Manifest { source: reader.origin.source, finished, asked, gaps, deployment });
    }

    /// Whether the source of a resource was asked for everything of a kind where the resource (an id) is.
    pub fn asked(&self, feed: Feed, resource: &str, origins: &Origins) -> Asked {
        let of_source = |manifest: &&Manifest| origins.iter().any(|origin| origin.source == manifest.source);
        let mut open = Asked::Never;
        for manifest in self.0.iter().filter(of_source) {
            if !manifest.asked.iter().any(|name| **name == *feed.question()) {
                continue;
            }
            if manifest.gaps.is_empty() {
                return Asked::Whole;
            }
            let resource = resource.to_ascii_lowercase();
            let covers = |gap: &&Gap| {
                // What is not surely elsewhere may be here.
                let elsewhere = crate::id::resource_subscription(&gap.scope)
                    .is_some_and(|other| Some(other) != crate::id::resource_subscription(&resource));
                *gap.question == *feed.question() && !elsewhere
            };
            match manifest.gaps.iter().find(covers) {
                None => return Asked::Whole,
                Some(gap) => open = Asked::Gap(gap.action.clone()),
            }
        }
        open
    }

    /// Whether a source tells of what a deployment makes, and not of what is there.
    pub fn deploys(&self, source: SourceIndex) -> bool {
        self.0.iter().any(|manifest| manifest.deployment && manifest.source == source)
    }

    /// Whether any source was asked for facts of a kind.
    pub fn mentions(&self, feed: Feed) -> bool {
        self.0.iter().any(|manifest| manifest.asked.iter().any(|name| **name == *feed.question()))
    }

    /// Whether every source that tells what it was asked was asked for all facts of a kind, and answered in full; at least one
    /// of them.
    pub fn is_whole(&self, feed: Feed) -> bool {
        let asked = |manifest: &Manifest| {
            manifest.asked.iter().any(|name| **name == *feed.question())
                && !manifest.gaps.iter().any(|gap| *gap.question == *feed.question())
        };
        let mut snapshots = self.0.iter().filter(|manifest| !manifest.deployment).peekable();
        snapshots.peek().is_some() && snapshots.all(asked)
    }

    /// When the source of a resource was collected, if its manifest tells.
    pub fn collected(&self, origins: &Origins) -> Option<Moment> {
        let of_source = |manifest: &&Manifest| origins.first().source == manifest.source;
        self.0.iter().filter(of_source).find_map(|manifest| manifest.finished)
    }
}
