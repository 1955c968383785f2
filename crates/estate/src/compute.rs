//! Virtual machines and disks.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

use crate::expected::Expected;
use crate::id::{ResourceId, Use};
use crate::known::{Field, Known, Reason};
use crate::origin::Origins;
use crate::record::fields;
use crate::tags::Tags;
use crate::upkeep::Upkeep;
use crate::wire::{Fields, Reader, member};

/// The operating system of a VM or disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OsFamily {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

/// Whether a VM runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerState {
    /// It runs.
    Running,
    /// It does not run now.
    Stopped,
}

/// A virtual machine.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand, or where it is mentioned when it has none.
    pub origins: Origins,
    /// Whether the input holds a record of the VM itself; else only NICs mention it.
    pub described: bool,
    /// Its NICs, from its own record and from the NICs' records.
    pub nics: Vec<ResourceId>,
    /// Set when it may have further NICs.
    pub nics_unknown: Option<Box<Reason>>,
    /// Its operating system.
    pub os: Field<OsFamily>,
    /// The name of the administrator that Azure made with the VM.
    pub admin_username: Field<Box<str>>,
    /// Whether the VM was made with password sign-in over SSH switched off. `None` for a VM without
    /// an OS profile (from a specialised disk): Azure does not know.
    pub password_disabled: Field<bool>,
    /// Whether it runs.
    pub power: Field<PowerState>,
    /// How it is made and kept.
    pub upkeep: Box<Upkeep>,
    /// Its tags, as far as its records tell.
    pub tags: Option<Tags>,
    /// Where its profiles stand in its record: `/properties`, or deeper for the model of a scale set.
    pub profile: &'static str,
}

/// A managed disk.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// The VM that it is attached to.
    pub managed_by: Field<ResourceId>,
    /// Its operating system, for a system disk.
    pub os: Field<OsFamily>,
    /// Who can get at what is on it.
    pub guard: DiskGuard,
}

fields! {
    /// Who can get at what is on a disk.
    DiskGuard;
    /// `EncryptionAtRestWithPlatformKey`, `…WithCustomerKey`, `…WithPlatformAndCustomerKeys`.
    encryption: text at "/properties/encryption/type",
    /// The keys of one's own, where it is encrypted with such.
    key_set: id at "/properties/encryption/diskEncryptionSetId",
    /// Whether Azure Disk Encryption is on.
    inner_encryption: boolean at "/properties/encryptionSettingsCollection/enabled",
    /// `Enabled`, `Disabled`.
    public_access: text at "/properties/publicNetworkAccess",
    /// `AllowAll`, `AllowPrivate`, `DenyAll`.
    access_policy: text at "/properties/networkAccessPolicy",
    /// `Attached`, `Unattached`, `Reserved`, `ActiveSAS`.
    state: text at "/properties/diskState",
    /// How many machines may have it at once.
    max_shares: whole at "/properties/maxShares",
    /// When it was made.
    created: moment at "/properties/timeCreated",
    /// When a machine had it last.
    released: moment at "/properties/LastOwnershipUpdateTime",
}

const OS: [(&str, OsFamily); 2] = [("linux", OsFamily::Linux), ("windows", OsFamily::Windows)];

fn object_in<'v>(reader: &mut Reader<'_>, fields: Fields<'v>, path: &[&'static str]) -> Field<&'v Object> {
    let mut fields = fields;
    let mut pointer = String::from("/properties");
    let mut found = None;
    for name in path {
        match reader.object(fields, name, format_args!("{pointer}"))? {
            Known::Value(object) => {
                fields = Fields::own(object);
                pointer.push('/');
                pointer.push_str(name);
                found = Some(Known::Value(object));
            }
            Known::Unknown(reason) => return Some(Known::Unknown(reason)),
        }
    }
    found
}

impl Vm {
    /// A VM that a NIC mentions and no record describes.
    pub(crate) fn mentioned(id: ResourceId, origins: Origins) -> Self {
        Self {
            id,
            origins,
            described: false,
            nics: Vec::new(),
            nics_unknown: None,
            os: None,
            admin_username: None,
            password_disabled: None,
            power: None,
            upkeep: Box::default(),
            tags: None,
            profile: "/properties",
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let all = fields.list();
        let fields = fields.listed(&all);
        let described = ["networkProfile", "hardwareProfile", "storageProfile", "osProfile"]
            .iter()
            .any(|name| fields.has(name));
        let mut vm = Self { described, ..Self::mentioned(id, Origins::one(reader.origin)) };
        match object_in(reader, fields, &["networkProfile"]) {
            Some(Known::Value(profile)) => {
                let at = format_args!("/properties/networkProfile");
                match reader.references(Fields::own(profile), "networkInterfaces", at) {
                    Some(Known::Value(nics)) => vm.nics = nics,
                    Some(Known::Unknown(reason)) => vm.nics_unknown = Some(reason),
                    None => {}
                }
            }
            Some(Known::Unknown(reason)) => vm.nics_unknown = Some(reason),
            None => {}
        }
        vm.os = match object_in(reader, fields, &["storageProfile", "osDisk"]) {
            Some(Known::Value(disk)) => {
                let at = format_args!("/properties/storageProfile/osDisk");
                reader.word(Fields::own(disk), "osType", at, &OS, Expected::OneOf(&["Linux", "Windows"]))
            }
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            None => None,
        };
        match object_in(reader, fields, &["osProfile"]) {
            Some(Known::Value(profile)) => vm.read_os_profile(reader, Fields::own(profile)),
            Some(Known::Unknown(reason)) => {
                vm.admin_username = Some(Known::Unknown(reason.clone()));
                vm.password_disabled = Some(Known::Unknown(reason));
            }
            None => {}
        }
        *vm.upkeep = Upkeep::read(reader, object);
        vm.power = power_state(object, fields);
        vm.tags = Tags::read(object);
        vm
    }

    fn read_os_profile(&mut self, reader: &mut Reader<'_>, profile: Fields<'_>) {
        let at = format_args!("/properties/osProfile");
        self.admin_username =
            reader.text(profile, "adminUsername", at).map(|name| name.map(|name| name.into()));
        let linux = reader.object(profile, "linuxConfiguration", at);
        if self.os.is_none() {
            let windows = reader.object(profile, "windowsConfiguration", at);
            self.os = match (&linux, windows) {
                (Some(_), None) => Some(Known::Value(OsFamily::Linux)),
                (None, Some(_)) => Some(Known::Value(OsFamily::Windows)),
                _ => None,
            };
        }
        self.password_disabled = match linux {
            // Absent means false: Azure's default for a VM made through ARM.
            // https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#linuxconfiguration
            Some(Known::Value(linux)) => {
                let at = format_args!("/properties/osProfile/linuxConfiguration");
                reader
                    .boolean(Fields::own(linux), "disablePasswordAuthentication", at)
                    .or(Some(Known::Value(false)))
            }
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            // Azure always tells it of a Linux VM with a profile: this record is a part only.
            None => None,
        };
    }
}

/// `powerState` as `az vm list -d` prints it (`VM running`), or the instance view's status
/// (`PowerState/running`), or Resource Graph's `extended` view.
fn power_state(object: &Object, fields: Fields<'_>) -> Field<PowerState> {
    fn below<'v>(value: &'v sonic_rs::Value, name: &str) -> Option<&'v sonic_rs::Value> {
        member(value.as_object()?, name)
    }
    let direct = member(object, "powerState").and_then(|state| state.as_str());
    let code = direct.or_else(|| {
        if !fields.has_any(&["instanceView", "extended"]) {
            return None;
        }
        let view = fields.raw("instanceView").or_else(|| below(fields.raw("extended")?, "instanceView"))?;
        if let Some(code) = below(view, "powerState").and_then(|state| below(state, "code")) {
            return code.as_str();
        }
        let mut codes =
            below(view, "statuses")?.as_array()?.iter().filter_map(|status| below(status, "code")?.as_str());
        codes.find(|code| without(code, "powerstate/").is_some())
    })?;
    let code = without(code, "powerstate/").unwrap_or(code);
    let state = without(code, "vm ").unwrap_or(code);
    let is = |words: &[&str]| words.iter().any(|word| state.eq_ignore_ascii_case(word));
    if is(&["running", "starting"]) {
        return Some(Known::Value(PowerState::Running));
    }
    is(&["stopped", "stopping", "deallocated", "deallocating"]).then_some(Known::Value(PowerState::Stopped))
}

/// What follows a beginning, in any case.
fn without<'t>(text: &'t str, beginning: &str) -> Option<&'t str> {
    let (first, rest) = text.split_at_checked(beginning.len())?;
    first.eq_ignore_ascii_case(beginning).then_some(rest)
}

impl Disk {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let own = Fields::own(object);
        let managed_by = match reader.text(own, "managedBy", format_args!("")) {
            Some(Known::Value(text)) if !text.is_empty() => {
                Some(Known::Value(reader.ids.intern(text, Use::Reference)))
            }
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            _ => None,
        };
        let os = reader.word(
            Fields::of(object),
            "osType",
            format_args!("/properties"),
            &OS,
            Expected::OneOf(&["Linux", "Windows"]),
        );
        let guard = DiskGuard::read(reader, object);
        Self { id, origins: Origins::one(reader.origin), managed_by, os, guard }
    }
}
