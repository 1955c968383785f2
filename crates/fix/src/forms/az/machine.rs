//! Commands for VMs, their extensions and their disks.
//!
//! `az vm update` is none of them: it (2.91.0) writes the VM back whole but for its identity, and turns the vTPM off where
//! secure boot alone is said. Members of a VM are changed by a PATCH that holds them and nothing else.
//!
//! Sources: <https://learn.microsoft.com/cli/azure/vm>, <https://learn.microsoft.com/cli/azure/vm/extension>,
//! <https://learn.microsoft.com/cli/azure/disk>.

use serde_json::Value;

use super::line::{Line, json, tame};
use crate::forms::target::{Target, parent};
use crate::write::{Act, Edit, Write};

pub(super) fn commands(write: &Write, target: &Target) -> Option<Vec<String>> {
    if target.scope.is_some() || !tame(&write.target) {
        return None;
    }
    let line = match target.kind().to_ascii_lowercase().as_str() {
        "microsoft.compute/virtualmachines" => match &write.act {
            Act::Edit { edits, .. } => identity(write, edits),
            Act::Run { action, body, .. } => run(write, action, body.as_ref()),
            _ => None,
        },
        "microsoft.compute/virtualmachines/extensions" => extension(write, target),
        "microsoft.compute/disks" => match &write.act {
            Act::Edit { edits, .. } => disk(write, edits),
            _ => None,
        },
        _ => None,
    };
    Some(vec![line?.text()])
}

/// Options of `az disk update` for members of a disk.
const DISK: [(&str, &str); 4] = [
    ("properties/networkAccessPolicy", "--network-access-policy"),
    ("properties/publicNetworkAccess", "--public-network-access"),
    ("properties/encryption/type", "--encryption-type"),
    ("properties/encryption/diskEncryptionSetId", "--disk-encryption-set"),
];

fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    tame(&text).then_some(text)
}

/// Turning on the identity of the VM itself; those that people made stay.
fn identity(write: &Write, edits: &[Edit]) -> Option<Line> {
    let [edit] = edits else { return None };
    let kind = |value: &Option<Value>| match (edit.path.as_str(), value) {
        ("identity/type", Some(Value::String(kind))) => Some(kind.to_ascii_lowercase()),
        ("identity", Some(value)) if value.as_object().is_some_and(|all| all.len() == 1) => {
            Some(value.get("type")?.as_str()?.to_ascii_lowercase())
        }
        _ => None,
    };
    let becomes = kind(&edit.becomes)?;
    let was = kind(&edit.was).unwrap_or_default();
    let adds = becomes.contains("systemassigned")
        && !was.contains("systemassigned")
        && becomes.contains("userassigned") == was.contains("userassigned");
    adds.then(|| Line::new("vm identity assign").with("--ids", [&write.target]))
}

fn run(write: &Write, action: &str, body: Option<&Value>) -> Option<Line> {
    let line = |verb: &str| Line::new(&format!("vm {verb}")).with("--ids", [&write.target]);
    match (action.to_ascii_lowercase().as_str(), body) {
        ("start", None) => Some(line("start")),
        ("restart", None) => Some(line("restart")),
        ("deallocate", None) => Some(line("deallocate")),
        ("poweroff", None) => Some(line("stop")),
        ("redeploy", None) => Some(line("redeploy")),
        ("reapply", None) => Some(line("reapply")),
        ("assesspatches", None) => Some(line("assess-patches")),
        ("installpatches", Some(body)) => patches(line("install-patches"), body),
        _ => None,
    }
}

fn patches(mut line: Line, body: &Value) -> Option<Line> {
    const SYSTEM: [(&str, &str, &str); 6] = [
        ("windowsParameters", "classificationsToInclude", "--classifications-to-include-win"),
        ("windowsParameters", "kbNumbersToInclude", "--kb-numbers-to-include"),
        ("windowsParameters", "kbNumbersToExclude", "--kb-numbers-to-exclude"),
        ("linuxParameters", "classificationsToInclude", "--classifications-to-include-linux"),
        ("linuxParameters", "packageNameMasksToInclude", "--package-name-masks-to-include"),
        ("linuxParameters", "packageNameMasksToExclude", "--package-name-masks-to-exclude"),
    ];
    for (name, value) in body.as_object()? {
        line = match name.as_str() {
            "maximumDuration" => line.with("--maximum-duration", [plain(value)?]),
            "rebootSetting" => line.with("--reboot-setting", [plain(value)?]),
            system => {
                for (name, value) in value.as_object()? {
                    let (_, _, option) = SYSTEM.iter().find(|(its, key, _)| *its == system && key == name)?;
                    let words: Option<Vec<String>> = value.as_array()?.iter().map(plain).collect();
                    line = line.with(option, words.filter(|words| !words.is_empty())?);
                }
                line
            }
        };
    }
    Some(line)
}

/// `az vm extension set` takes the type for `--name`, and changes the one extension that the VM has of this type and
/// publisher, whatever that is called.
fn extension(write: &Write, target: &Target) -> Option<Line> {
    match &write.act {
        Act::Delete { .. } => Some(Line::new("vm extension delete").with("--ids", [&write.target])),
        Act::Put { becomes, .. } => {
            const KNOWN: [&str; 7] = [
                "publisher",
                "type",
                "typeHandlerVersion",
                "settings",
                "autoUpgradeMinorVersion",
                "enableAutomaticUpgrade",
                "provisioningState",
            ];
            let all = becomes.get("properties")?.as_object()?;
            if !all.keys().all(|name| KNOWN.contains(&name.as_str())) || becomes.get("tags").is_some() {
                return None;
            }
            let text = |name: &str| all.get(name).and_then(plain);
            let mut line = Line::new("vm extension set")
                .with("--ids", [parent(&write.target)])
                .with("--publisher", [text("publisher")?])
                .with("--name", [text("type")?])
                .with("--extension-instance-name", [Some(target.name()).filter(|name| tame(name))?])
                .with("--version", [text("typeHandlerVersion")?]);
            // `az` turns both on where they are not said.
            if all.get("autoUpgradeMinorVersion").and_then(Value::as_bool) != Some(true) {
                line = line.with("--no-auto-upgrade-minor-version", ["true"]);
            }
            let upgrade = all.get("enableAutomaticUpgrade").and_then(Value::as_bool).unwrap_or(false);
            line = line.with("--enable-auto-upgrade", [upgrade.to_string()]);
            match all.get("settings") {
                None | Some(Value::Null) => {}
                Some(settings) => line = line.with("--settings", [json(settings)]),
            }
            Some(line)
        }
        _ => None,
    }
}

fn disk(write: &Write, edits: &[Edit]) -> Option<Line> {
    let mut line = Line::new("disk update").with("--ids", [&write.target]);
    for edit in edits {
        let (_, option) = DISK.iter().find(|(path, _)| path.eq_ignore_ascii_case(&edit.path))?;
        line = line.with(option, [plain(edit.becomes.as_ref()?)?]);
    }
    Some(line)
}
