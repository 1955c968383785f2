//! Tells templates, parameter files, plans and previews from records of what is there.

use std::io::{self, Read};

use template::{expand, json, plan};

use crate::source::Source;

/// How much of a source is looked at first.
const PREFIX: u64 = 1 << 12;

/// How much of one that may be a template without a schema.
const MORE: u64 = 1 << 20;

/// What a source is, beside records of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Template,
    Parameters,
    Plan,
    /// What `az deployment … what-if --no-pretty-print` prints.
    Preview,
    Bicep,
    /// What stands beside templates and tells nothing of Azure: their metadata, their page in the portal, settings.
    Aside,
}

/// What a source is; `None` for records, and for what cannot be read.
pub(super) fn of(source: &Source) -> Option<FileKind> {
    if source.name.to_ascii_lowercase().ends_with(".bicep") {
        return Some(FileKind::Bicep);
    }
    let outline = |limit| -> io::Result<Vec<(String, Option<String>)>> {
        let mut prefix = Vec::new();
        source.open()?.take(limit).read_to_end(&mut prefix)?;
        Ok(json::outline(&prefix))
    };
    let short = outline(PREFIX).ok()?;
    let kind = by_members(&short);
    let starts_like_one = short
        .iter()
        .any(|(name, _)| matches!(name.as_str(), "contentVersion" | "parameters" | "changes" | "variables"));
    // A plan whose members were sorted starts with what is longest.
    let sorted = short
        .first()
        .is_some_and(|(name, _)| matches!(name.as_str(), "applyable" | "complete" | "configuration"));
    if kind.is_some() || !starts_like_one && !sorted {
        return kind;
    }
    by_members(&outline(if sorted { u64::MAX } else { MORE }).ok()?)
}

fn by_members(outline: &[(String, Option<String>)]) -> Option<FileKind> {
    let has = |name: &str| outline.iter().any(|(its, _)| its == name);
    if has("id") {
        return None;
    }
    if expand::is_template(outline) {
        Some(FileKind::Template)
    } else if plan::is_plan(outline) {
        Some(FileKind::Plan)
    } else if has("changes") && (has("status") || has("potentialChanges") || has("diagnostics"))
        || has("status") && (has("properties") || has("error"))
    {
        Some(FileKind::Preview)
    } else if is_aside(outline) {
        Some(FileKind::Aside)
    } else if expand::is_parameters(outline) {
        Some(FileKind::Parameters)
    } else {
        None
    }
}

fn is_aside(outline: &[(String, Option<String>)]) -> bool {
    let schema = outline.iter().find(|(name, _)| name == "$schema").and_then(|(_, schema)| schema.as_deref());
    let schema = schema.unwrap_or_default().to_ascii_lowercase();
    let settings = |name: &str| matches!(name, "analyzers" | "experimentalFeaturesEnabled" | "moduleAliases");
    ["metadata.schema", "-metadata-", "createuidefinition"].iter().any(|part| schema.contains(part))
        || outline.first().is_some_and(|(name, _)| settings(name))
}
