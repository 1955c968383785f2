//! How a machine is made and kept: image, keys, secure boot, updates, disks, identity.
//!
//! Source: <https://learn.microsoft.com/rest/api/compute/virtual-machines/get> (version 2024-07-01).

use sha2::{Digest, Sha256};
use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::expected::Expected;
use crate::id::{ResourceId, Use};
use crate::known::{Field, Known};
use crate::moment::Moment;
use crate::record::fields;
use crate::secret::{self, Secret};
use crate::wire::{Reader, member, stated_unknown};

/// The image that a machine was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// `Canonical`.
    pub publisher: Box<str>,
    /// `0001-com-ubuntu-server-jammy`.
    pub offer: Box<str>,
    /// `22_04-lts-gen2`.
    pub sku: Box<str>,
    /// What was asked for: `latest`.
    pub version: Box<str>,
    /// What came of it: `22.04.202401010`.
    pub exact_version: Box<str>,
    /// The id of an image of one's own, or of a gallery.
    pub id: Box<str>,
}

impl Image {
    /// Whether it is one of the Marketplace of which the version is not told: the newest of a plan at some time.
    pub fn is_open(&self) -> bool {
        self.id.is_empty() && !self.publisher.is_empty() && self.made_from().is_none()
    }

    /// The version that the machine was made from; none where it is not told.
    fn made_from(&self) -> Option<&str> {
        let all = [&self.exact_version, &self.version];
        all.into_iter()
            .map(|version| &**version)
            .find(|it| !it.is_empty() && !it.eq_ignore_ascii_case("latest"))
    }

    /// What owns the records of an image of the Marketplace, see [`crate::SourceImage`]; none for any other, and where
    /// its version is not told.
    pub fn offered(&self) -> Option<String> {
        let Self { publisher, offer, sku, .. } = self;
        let version = self.made_from()?;
        // Names with anything else in them are asked of nobody.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(plain);
        if !self.id.is_empty() || ![publisher, offer, sku, version].into_iter().all(is_word) {
            return None;
        }
        let text = format!(
            "/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions/{version}"
        );
        Some(text.to_ascii_lowercase())
    }

    /// The ids of the definition of an image of a gallery and, where it is told, of its version; none for any other.
    pub fn of_gallery(&self) -> Option<(&str, Option<String>)> {
        let lower = self.id.to_ascii_lowercase();
        if !lower.contains("/providers/microsoft.compute/galleries/") {
            return None;
        }
        match lower.find("/versions/") {
            Some(at) => Some((self.id.get(..at)?, Some(self.id.to_string()))),
            None => {
                Some((&self.id, self.made_from().map(|version| format!("{}/versions/{version}", self.id))))
            }
        }
    }
}

fields! {
    /// How a machine is made and kept.
    Upkeep;
    /// The size: `Standard_B2s`.
    size: text at "/properties/hardwareProfile/vmSize",
    /// The image.
    image: (Box<Image>, image) at "/properties/storageProfile/imageReference",
    /// What it is licensed as: `UBUNTU_PRO`, `RHEL_ELS_6`, `Windows_Server`.
    licence: text at "/properties/licenseType",
    /// Who sells the image, where somebody does.
    plan_publisher: text at "/plan/publisher",
    /// `TrustedLaunch`, `ConfidentialVM`, `Standard`; none is `Standard`.
    security_type: text at "/properties/securityProfile/securityType",
    /// Whether it starts signed code alone.
    secure_boot: boolean at "/properties/securityProfile/uefiSettings/secureBootEnabled",
    /// Whether it has a chip that proves how it started.
    vtpm: boolean at "/properties/securityProfile/uefiSettings/vTpmEnabled",
    /// Whether the host encrypts caches and temporary disks.
    host_encryption: boolean at "/properties/securityProfile/encryptionAtHost",
    /// Who installs updates: `Manual`, `AutomaticByOS`, `AutomaticByPlatform`, `ImageDefault`.
    patch_mode: text at "/properties/osProfile/windowsConfiguration/patchSettings/patchMode"
        or "/properties/osProfile/linuxConfiguration/patchSettings/patchMode",
    /// Whether the platform installs updates by a schedule of one's own alone, and none without one.
    own_schedule: boolean at "/properties/osProfile/windowsConfiguration/patchSettings/automaticByPlatformSettings/bypassPlatformSafetyChecksOnUserSchedule"
        or "/properties/osProfile/linuxConfiguration/patchSettings/automaticByPlatformSettings/bypassPlatformSafetyChecksOnUserSchedule",
    /// Who looks for updates: `ImageDefault`, `AutomaticByPlatform`.
    assessment_mode: text at "/properties/osProfile/windowsConfiguration/patchSettings/assessmentMode"
        or "/properties/osProfile/linuxConfiguration/patchSettings/assessmentMode",
    /// Whether Windows updates itself.
    automatic_updates: boolean at "/properties/osProfile/windowsConfiguration/enableAutomaticUpdates",
    /// Whether the agent is on it, without which no extension works.
    agent: boolean at "/properties/osProfile/windowsConfiguration/provisionVMAgent"
        or "/properties/osProfile/linuxConfiguration/provisionVMAgent",
    /// Whether extensions may be put on it.
    extensions_allowed: boolean at "/properties/osProfile/allowExtensionOperations",
    /// Whether WinRM listens without encryption.
    winrm_in_clear: (bool, winrm_in_clear) at "/properties/osProfile/windowsConfiguration/winRM/listeners",
    /// Fingerprints of the keys that the administrator was made with: `SHA256:…`.
    ssh_keys: (Vec<Box<str>>, ssh_keys) at "/properties/osProfile/linuxConfiguration/ssh/publicKeys",
    /// Object ids of its identities in the directory.
    principals: (Vec<Box<str>>, principals) at "/identity",
    /// Whether it has an identity of its own, and not just some that are lent to it.
    system_identity: (bool, system_identity) at "/identity",
    /// Whether its screen and log can be seen when it does not start.
    boot_diagnostics: boolean at "/properties/diagnosticsProfile/bootDiagnostics/enabled",
    /// The disk that it starts from.
    os_disk: id at "/properties/storageProfile/osDisk/managedDisk",
    /// Whether it was made from a disk that had a system already, so that Azure knows none of its accounts.
    from_disk: (bool, from_disk) at "/properties/storageProfile/osDisk/createOption",
    /// A disk that is a file of a storage account: its address.
    unmanaged_disk: text at "/properties/storageProfile/osDisk/vhd/uri",
    /// Whether Azure Disk Encryption is on, as the record of the machine has it.
    disk_encryption: boolean at "/properties/storageProfile/osDisk/encryptionSettings/enabled",
    /// Whether the system is on the host and nothing of it stays.
    ephemeral: text at "/properties/storageProfile/osDisk/diffDiskSettings/option",
    /// The scale set that it is an instance of, for one that is a machine of its own.
    scale_set: id at "/properties/virtualMachineScaleSet",
    /// Its other disks.
    data_disks: (Vec<ResourceId>, data_disks) at "/properties/storageProfile/dataDisks",
    /// When it was made.
    created: moment at "/properties/timeCreated",
    // The instance view stands among the properties where the machine was asked for it, and below `extended` in Resource Graph.
    /// What the machine says that it runs: `ubuntu`, `Microsoft Windows Server 2016 Datacenter`.
    os_name: text at "/properties/instanceView/osName" or "/properties/extended/instanceView/osName",
    /// In which version.
    os_version: text at "/properties/instanceView/osVersion" or "/properties/extended/instanceView/osVersion",
    /// `V1` (BIOS), `V2` (UEFI).
    generation: text at "/properties/instanceView/hyperVGeneration" or "/properties/extended/instanceView/hyperVGeneration",
    /// Critical and security updates that it lacks, as the machine's record tells.
    lacking: {u64, lacking} at "/properties/instanceView/patchStatus/availablePatchSummary"
        or "/properties/extended/instanceView/patchStatus/availablePatchSummary",
    /// When that was so.
    lacking_at: moment at "/properties/instanceView/patchStatus/availablePatchSummary/lastModifiedTime"
        or "/properties/extended/instanceView/patchStatus/availablePatchSummary/lastModifiedTime",
    /// Whether its record lists its extensions, so that one that is not there is not there.
    lists_extensions: [bool, lists_extensions] at "/resources",
    /// Where what it was made with, which every reader sees, holds secrets.
    secrets: [Vec<(Box<str>, Secret)>, secrets] at "/properties/osProfile/customData",
}

fn text_in(object: &Object, name: &str) -> Box<str> {
    member(object, name).and_then(|value| value.as_str()).unwrap_or_default().into()
}

fn image(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<Box<Image>> {
    let Some(object) = value.as_object() else { return Known::Value(Box::default()) };
    let gallery = ["sharedGalleryImageId", "communityGalleryImageId"];
    let id = text_in(object, "id");
    let id = gallery
        .iter()
        .map(|name| text_in(object, name))
        .fold(id, |id, other| if id.is_empty() { other } else { id });
    Known::Value(Box::new(Image {
        publisher: text_in(object, "publisher"),
        offer: text_in(object, "offer"),
        sku: text_in(object, "sku"),
        version: text_in(object, "version"),
        exact_version: text_in(object, "exactVersion"),
        id,
    }))
}

/// Templates and Azure write the word in different cases.
fn from_disk(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<bool> {
    Known::Value(value.as_str().is_some_and(|word| word.eq_ignore_ascii_case("attach")))
}

fn winrm_in_clear(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<bool> {
    let clear = |listener: &Value| {
        listener
            .get("protocol")
            .and_then(|protocol| protocol.as_str())
            .is_some_and(|it| it.eq_ignore_ascii_case("http"))
    };
    Known::Value(value.as_array().is_some_and(|all| all.iter().any(clear)))
}

/// `ssh-keygen -l` shows a key by the SHA-256 of what its base64 holds.
fn ssh_keys(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<Box<str>>> {
    reader.objects(value, at).map(|objects| {
        let key = |object: &&Object| {
            let data = member(object, "keyData")?.as_str()?;
            let body = data.split_whitespace().nth(1)?;
            let bytes = crate::base64::decode(body)?;
            Some(format!("SHA256:{}", crate::base64::encode(&Sha256::digest(bytes))).into())
        };
        let mut all: Vec<Box<str>> = objects.iter().filter_map(key).collect();
        all.sort_unstable();
        all.dedup();
        all
    })
}

fn principals(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<Vec<Box<str>>> {
    let Some(object) = value.as_object() else { return Known::Value(Vec::new()) };
    let id = |object: &Object| member(object, "principalId")?.as_str().map(Box::<str>::from);
    let mut all: Vec<Box<str>> = id(object).into_iter().collect();
    let assigned = member(object, "userAssignedIdentities").and_then(|all| all.as_object());
    all.extend(assigned.into_iter().flat_map(|all| all.iter()).filter_map(|(_, one)| id(one.as_object()?)));
    all.sort_unstable();
    Known::Value(all)
}

fn system_identity(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<bool> {
    let Some(object) = value.as_object() else { return Known::Value(false) };
    let kind = member(object, "type").and_then(|kind| kind.as_str()).unwrap_or_default();
    Known::Value(kind.to_ascii_lowercase().contains("systemassigned"))
}

fn data_disks(reader: &mut Reader<'_>, value: &Value, at: &str) -> Known<Vec<ResourceId>> {
    let objects = match reader.objects(value, at) {
        Known::Value(objects) => objects,
        Known::Unknown(reason) => return Known::Unknown(reason),
    };
    let ids = objects
        .into_iter()
        .filter_map(|object| member(member(object, "managedDisk")?.as_object()?, "id")?.as_str());
    Known::Value(ids.map(|id| reader.ids.intern(id, Use::Reference)).collect())
}

/// What was counted where the machine could be looked at, and not what stands there before or after a failure.
fn lacking(reader: &mut Reader<'_>, value: &Value, at: &'static str) -> Field<u64> {
    let Some(summary) = value.as_object() else { return Some(reader.wrong_at(at, value, Expected::Object)) };
    let status = member(summary, "status").map(|status| status.as_str().unwrap_or_default());
    let counted = |status: &str| {
        ["Succeeded", "CompletedWithWarnings"].iter().any(|word| status.eq_ignore_ascii_case(word))
    };
    if status.is_some_and(|status| !counted(status)) {
        return None;
    }
    let count = member(summary, COUNT)?;
    Some(match (count.as_u64(), stated_unknown(count)) {
        (Some(count), _) => Known::Value(count),
        (None, Some(reason)) => Known::unknown(reason),
        (None, None) => reader.wrong_at(&format!("{at}/{COUNT}"), count, Expected::Number),
    })
}

const COUNT: &str = "criticalAndSecurityPatchCount";

/// `az` prints `resources` always, `null` where there are none; a list of machines has their ids alone, and Azure's own
/// answers leave the member out where there is nothing, so that its absence says nothing.
fn lists_extensions(_: &mut Reader<'_>, object: &Object) -> Field<bool> {
    let (_, value) = object.iter().find(|(name, _)| name.eq_ignore_ascii_case("resources"))?;
    let whole = |item: &Value| item.as_object().is_some_and(|item| item.len() > 1);
    let told = value.is_null() || value.as_array().is_some_and(|items| items.iter().all(whole));
    told.then_some(Known::Value(true))
}

fn secrets(_: &mut Reader<'_>, object: &Object) -> Field<Vec<(Box<str>, Secret)>> {
    let properties =
        member(object, "properties").and_then(|properties| properties.as_object()).unwrap_or(object);
    let profile = member(properties, "osProfile").and_then(|profile| profile.as_object());
    let text = |object: Option<&Object>, name: &str| member(object?, name)?.as_str().map(str::to_owned);
    let mut found: Vec<(Box<str>, Secret)> = Vec::new();
    let data = [
        ("/properties/osProfile/customData", text(profile, "customData")),
        ("/properties/userData", text(Some(properties), "userData")),
    ];
    for (at, text) in data {
        found.extend(text.and_then(|text| secret::in_base64(&text)).map(|secret| (at.into(), secret)));
    }
    if let Some(secret) =
        text(profile, "adminPassword").and_then(|text| secret::in_named("adminPassword", &text))
    {
        found.push(("/properties/osProfile/adminPassword".into(), secret));
    }
    if let Some(tags) = member(object, "tags") {
        secret::inside(tags, "/tags", &mut found);
    }
    if !found.is_empty() {
        return Some(Known::Value(found));
    }
    // What a template is not told yet may hold some.
    let untold = [profile.and_then(|profile| member(profile, "customData")), member(properties, "userData")];
    untold.into_iter().flatten().find_map(stated_unknown).map(Known::unknown)
}

impl Upkeep {
    /// What a scale set tells beside its model of a machine.
    pub(crate) fn read_whole(&mut self, reader: &mut Reader<'_>, object: &Object) {
        self.size = reader.text_at(object, "/sku/name");
        self.plan_publisher = reader.text_at(object, "/plan/publisher");
        self.principals = reader.custom_at(object, "/identity", principals);
        self.system_identity = reader.custom_at(object, "/identity", system_identity);
    }

    /// When the newest disk image of the machine was made, as Azure's own images tell by their versions
    /// (`22.04.202401010`, `20348.2762.241102`).
    pub fn image_day(&self) -> Option<Moment> {
        let image = self.image.as_ref()?.value()?;
        image_day(&image.exact_version).or_else(|| image_day(&image.version))
    }
}

/// The day in the version of an image; none where it has none.
fn image_day(version: &str) -> Option<Moment> {
    let (_, last) = version.rsplit_once('.')?;
    let digits: String = last.chars().take_while(char::is_ascii_digit).collect();
    let (year, rest) = match digits.len() {
        8.. if digits.starts_with("20") => digits.split_at_checked(4)?,
        6 => (&*format!("20{}", digits.get(..2)?), digits.get(2..)?),
        _ => return None,
    };
    let (month, day) = (rest.get(..2)?, rest.get(2..4)?);
    Moment::parse(&format!("{year}-{month}-{day}")).filter(|moment| moment.0 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_tell_their_day() {
        for (version, day) in [
            ("22.04.202401010", Some("2024-01-01")),
            ("16.04.201802220", Some("2018-02-22")),
            ("20348.2762.241102", Some("2024-11-02")),
            ("9.4.2024121014", Some("2024-12-10")),
            ("latest", None),
            ("1.0.0", None),
            ("7.9.99999999", None),
        ] {
            assert_eq!(image_day(version).map(Moment::day).as_deref(), day, "{version}");
        }
    }
}
