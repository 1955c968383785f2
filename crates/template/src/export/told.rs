//! What an export changed and left out, as data: the words are the reporter's.
//!
//! INVARIANT: neither holds a value that was left out, only its place.

/// Something that hardening changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub kind: ChangeKind,
    /// The type of the resource.
    pub resource_type: &'static str,
    /// Its name in the template.
    pub resource: String,
    /// Where in the resource, as a JSON pointer; empty for the whole of it.
    pub pointer: String,
    /// The rule, address or subnet that it is about, by name; empty where the pointer says all.
    pub detail: String,
}

/// Something that could not be taken over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// What it is.
    pub kind: LeftOutKind,
    /// The name of the resource that it was of.
    pub resource: String,
    /// What of it: the name of a tag, disk or extension, or the id that a reference named.
    pub detail: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => [$($check:literal),*],)*) => {
        /// What hardening changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ChangeKind { $($(#[$doc])* $name,)* }

        impl ChangeKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The checks that the change is for.
            pub fn checks(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($check),*],)* }
            }
        }
    };
}

kinds! {
    /// A rule let the internet in to more than the web, or the network in to sign-in ports: it is gone.
    RuleRemoved => ["NET001", "NET002", "NET003", "NET005", "NET007", "NET009", "ACC006", "JIT001"],
    /// The same, but a part of it stays.
    RuleNarrowed => ["NET001", "NET002", "NET003", "NET005", "NET007", "NET009", "ACC006", "JIT001"],
    /// Rules for sign-in: bastions may, then the internet and the network may not.
    SignInDenied => ["NET001", "NET007", "NET009", "NET020"],
    /// A rule lets trusted addresses in to sign in, where no group was before.
    TrustedSignIn => ["NET005"],
    /// Rules for sending: the web and the time only.
    SendingLimited => ["NET010", "NET011"],
    /// A rule that lets a machine send to the whole internet is gone or narrowed.
    SendingRule => ["NET010", "NET011"],
    /// A subnet got a group.
    SubnetGroup => ["NET006", "NET013"],
    /// A network interface got a group, because that of its subnet is not exported.
    InterfaceGroup => ["NET006"],
    /// An interface lost its public address.
    PublicAddressRemoved => ["NET004", "NET017", "NET019"],
    /// A public address became one of the Standard SKU.
    PublicAddressStandard => ["NET008"],
    /// A public address is protected against floods, by a parameter.
    FloodProtection => ["NET017"],
    /// A subnet leaves by a NAT gateway.
    NatGateway => ["NET018"],
    /// Azure lends no address to machines of a subnet.
    DefaultOutboundOff => ["NET018"],
    /// A bastion was added, by a parameter.
    Bastion => ["NET004", "NET019"],
    /// An interface forwards packets no more.
    ForwardingOff => ["NET012"],
    /// The administrator's name is a parameter without a default.
    AdminName => ["ACC001", "ACC003", "ACC004"],
    /// SSH takes keys only.
    KeysOnly => ["ACC002"],
    /// The kind that has secure boot and a virtual TPM.
    TrustedLaunch => ["HRD001", "HRD002", "HRD003"],
    /// Caches and temporary disks are encrypted.
    EncryptionAtHost => ["ENC001"],
    /// A data disk cannot be downloaded from networks.
    DiskAccess => ["ENC006"],
    /// The disk that a machine starts from is a managed one.
    ManagedDisk => ["ENC007"],
    /// The platform installs updates and looks for them.
    Patching => ["UPD001", "UPD004"],
    /// The agent and extensions are allowed.
    Agent => ["HRD013"],
    /// WinRM without TLS is not configured.
    WinRm => ["HRD012"],
    /// Boot diagnostics are on.
    BootDiagnostics => ["HRD009"],
    /// The machine has an identity of its own.
    Identity => ["ENT002", "HRD006"],
    /// The extension that watches how the machine starts.
    GuestAttestation => ["HRD004"],
    /// The extension that looks at settings inside of the machine.
    GuestPolicy => ["HRD006", "ACC007", "HRD015"],
    /// The extension by which people sign in with Entra ID.
    EntraSignIn => ["ENT001"],
    /// Microsoft Antimalware.
    Antimalware => ["MAL001", "MAL002", "MAL003"],
    /// A policy of just-in-time access, by a parameter.
    JustInTime => ["JIT001", "JIT003", "JIT004", "JIT005"],
    /// A vault that keeps backups, by a parameter.
    Backup => ["BKP001", "BKP004", "BKP006", "BKP007"],
}

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOutKind {
    /// What stands on a data disk: the new one is empty.
    DataDiskContents,
    /// A data disk whose size is not known.
    DataDisk,
    /// `customData`, `userData`: they are secrets.
    StartupData,
    /// Certificates and answer files of the account profile.
    AccountSecrets,
    /// An extension that is not known, runs scripts or needs secrets.
    Extension,
    /// Protected settings of an extension, which Azure shows to nobody.
    ProtectedSettings,
    /// Settings of an extension, which may hold secrets.
    ExtensionSettings,
    /// An extension that Defender for Cloud puts in place by itself.
    DefenderExtension,
    /// A tag that looks like a secret.
    Tag,
    /// A description that looks like a secret.
    Description,
    /// A rule that just-in-time access or this product opened for a while.
    TemporaryRule,
    /// A peering of the network: it needs the other side.
    Peering,
    /// A reference to what is not in the input: it is kept as the literal id.
    Reference,
    /// A place that the machine had: host, scale set, proximity group, capacity reservation.
    Placement,
    /// The image is not known: it is a parameter.
    Image,
    /// The bastion or gateway of the network.
    PrivateWay,
    /// Hardening: the image is of the first generation, or nobody can tell.
    TrustedLaunch,
    /// Hardening: updates by the platform are for images of the marketplace.
    PlatformUpdates,
    /// Hardening: the image does not take sign-in with Entra ID.
    EntraSignIn,
    /// Hardening: Defender for Endpoint comes with Defender for Servers, not by a template.
    DefenderForEndpoint,
    /// Hardening: whether the disk of the system may be downloaded is not said when a machine is made.
    SystemDiskAccess,
    /// Hardening: flow logs stand in the resource group of Network Watcher.
    FlowLogs,
    /// Hardening: the vault is not locked, for that cannot be taken back.
    VaultLock,
    /// Hardening: the machine is backed up already, to a vault that stands elsewhere.
    Backup,
}
