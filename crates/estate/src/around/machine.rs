//! What tells of the inside of a machine: extensions, updates, guest configuration.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::id::{ResourceId, Use};
use crate::known::{Field, Known};
use crate::record::{parent, record, scope};
use crate::secret::{self, Secret};
use crate::wire::{Reader, member};

record! {
    /// An extension of a machine.
    Extension of parent;
    /// Who makes it: `Microsoft.Azure.Security`.
    publisher: text at "/properties/publisher",
    /// What it is: `IaaSAntimalware`.
    handler: [Box<str>, handler] at "/properties/type",
    /// `Succeeded` once it is in place.
    state: text at "/properties/provisioningState",
    /// Whether Azure installs newer versions of it by itself.
    upgrades: boolean at "/properties/enableAutomaticUpgrade",
    /// Whether antimalware is on.
    antimalware: boolean at "/properties/settings/AntimalwareEnabled",
    /// Whether antimalware looks at files as they are opened.
    realtime: boolean at "/properties/settings/RealtimeProtectionEnabled",
    /// What antimalware leaves out: folders and files, processes, endings.
    exclusions: (Vec<Box<str>>, exclusions) at "/properties/settings/Exclusions",
    /// Which disks are encrypted from within: `OS`, `Data`, `All`.
    volumes: text at "/properties/settings/VolumeType",
    /// How: `EnableEncryption`, `EnableEncryptionFormatAll`.
    encryption: text at "/properties/settings/EncryptionOperation",
    /// Where scripts that it runs come from.
    scripts: texts at "/properties/settings/fileUris",
    /// Where its settings, which every reader sees, hold secrets.
    secrets: (Vec<(Box<str>, Secret)>, secrets) at "/properties/settings",
}

/// `az` flattens the handler's type to a name of its own, as `type` is the resource's.
fn handler(reader: &mut Reader<'_>, object: &Object) -> Field<Box<str>> {
    if member(object, "properties").is_some_and(|properties| properties.is_object()) {
        return reader.text_at(object, "/properties/type");
    }
    let own = reader.text_at(object, "/typePropertiesType");
    own.or_else(|| reader.text_at(object, "/virtualMachineExtensionType"))
}

/// Lists that are one text, parts of it divided by `;`.
fn exclusions(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<Vec<Box<str>>> {
    let mut all = Vec::new();
    for (_, list) in value.as_object().into_iter().flat_map(|object| object.iter()) {
        for part in list.as_str().into_iter().flat_map(|text| text.split(';')) {
            let part = part.trim();
            if !part.is_empty() {
                all.push(part.into());
            }
        }
    }
    Known::Value(all)
}

fn secrets(_: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<(Box<str>, Secret)>> {
    let mut found = Vec::new();
    secret::inside(value, at, &mut found);
    Known::Value(found)
}

record! {
    /// A script that Azure runs on a machine.
    RunCommand of parent;
    /// Where it holds secrets.
    secrets: (Vec<(Box<str>, Secret)>, secrets) at "/properties/source",
    /// Where its parameters, which every reader sees, hold secrets.
    parameters: (Vec<(Box<str>, Secret)>, parameters) at "/properties/parameters",
}

/// `[{"name":…,"value":…}]`
fn parameters(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<(Box<str>, Secret)>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let found = objects.iter().enumerate().filter_map(|(index, object)| {
        let text = |name| member(object, name).and_then(|value| value.as_str());
        let secret = secret::in_named(text("name")?, text("value")?)?;
        Some((format!("{at}/{index}/value").into(), secret))
    });
    Known::Value(found.collect())
}

record! {
    /// What updates a machine lacks, as it was looked at last.
    PatchAssessment of parent;
    /// `Succeeded` where the machine could be looked at.
    status: text at "/properties/status",
    /// When.
    at: moment at "/properties/lastModifiedDateTime",
    /// Critical updates.
    critical: whole at "/properties/availablePatchCountByClassification/critical",
    /// Security updates.
    security: whole at "/properties/availablePatchCountByClassification/security",
    /// Whether installed updates wait for a restart.
    reboot_pending: boolean at "/properties/rebootPending",
}

record! {
    /// An update that a machine lacks.
    Patch of |reader, object, text| {
        let assessment = crate::id::parent(text)?;
        parent(reader, object, assessment)
    };
    /// What it is called.
    name: text at "/properties/patchName",
    /// `Critical`, `Security`, `UpdateRollup`.
    classifications: texts at "/properties/classifications",
    /// Since when it is there.
    published: moment at "/properties/publishedDateTime",
    /// How bad what it mends is: `Critical`, `Important`.
    severity: text at "/properties/msrcSeverity",
}

/// A rule of a guest configuration that a machine does not keep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GuestFailure {
    /// The rule.
    pub rule: Box<str>,
    /// What the machine says of it.
    pub reason: Box<str>,
}

record! {
    /// What was looked at inside a machine: a guest configuration, such as the Windows security baseline.
    GuestAssignment of scope;
    /// Which one: `AzureWindowsBaseline`.
    configuration: text at "/properties/guestConfiguration/name",
    /// `Compliant`, `NonCompliant`, `Pending`.
    status: text at "/properties/complianceStatus",
    /// When it was looked at.
    at: moment at "/properties/lastComplianceStatusChecked",
    /// Rules that are not kept.
    failures: (Vec<GuestFailure>, failures) at "/properties/latestAssignmentReport/resources",
}

/// `[{"complianceStatus":…,"resourceId":…,"reasons":[{"phrase":…}]}]`
fn failures(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<GuestFailure>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let mut all = Vec::new();
    for object in objects {
        let compliant = member(object, "complianceStatus").is_some_and(|status| match status.as_str() {
            Some(text) => text.eq_ignore_ascii_case("compliant") || text.eq_ignore_ascii_case("true"),
            None => status.as_bool() == Some(true),
        });
        if compliant {
            continue;
        }
        let rule = member(object, "resourceId").and_then(|rule| rule.as_str()).unwrap_or_default();
        // `[CustomResource]Rule name`
        let rule = rule.rsplit_once(']').map_or(rule, |(_, rule)| rule).trim();
        let phrases = member(object, "reasons").and_then(|reasons| reasons.as_array());
        let phrases = phrases.into_iter().flat_map(|reasons| reasons.iter());
        let reason: Vec<&str> = phrases.filter_map(|reason| reason.get("phrase")?.as_str()).collect();
        all.push(GuestFailure { rule: rule.into(), reason: reason.join(" ").into() });
    }
    all.sort_unstable();
    Known::Value(all)
}

record! {
    /// An image that machines are made from: of a gallery, or of the Marketplace.
    SourceImage of |reader, _, text| {
        let lower = text.to_ascii_lowercase();
        // Of an image of the Marketplace what is the same in every subscription and region.
        let offered = lower.get(lower.find("/publishers/")?..)?;
        Some(reader.ids.intern(offered, Use::Reference))
    };
    // Definitions have it among their own properties, versions among those of their publishing.
    /// When its owner takes it out of a gallery.
    end_of_life: moment at "/properties/endOfLifeDate" or "/properties/publishingProfile/endOfLifeDate",
    /// Of the Marketplace: `Active`, `ScheduledForDeprecation`, `Deprecated`.
    state: text at "/properties/imageDeprecationStatus/imageState",
    /// When the Marketplace takes it out.
    scheduled: moment at "/properties/imageDeprecationStatus/scheduledDeprecationTime",
    /// The plan or offer that its publisher names in its place.
    alternative: text at "/properties/imageDeprecationStatus/alternativeOption/value",
}

record! {
    /// A schedule by which Azure updates a machine.
    Maintenance of |reader, object, text| maintained(reader, object, text);
    /// The schedule.
    configuration: id at "/properties/maintenanceConfigurationId",
}

fn maintained(reader: &mut Reader<'_>, object: &Object, text: &str) -> Option<ResourceId> {
    match reader.id_at(object, "/properties/resourceId") {
        Some(Known::Value(id)) => Some(id),
        _ => scope(reader, object, text),
    }
}
