//! What a check is.

use estate::{Feed, Nsg};
use signin::Who;

use crate::engine::Sink;
use crate::lang::Text;
use crate::verdict::Judged;
use crate::view::{Context, VmView};

/// A check: what it looks for, how bad that is, and the code that looks.
pub struct Check {
    /// Never changes its meaning.
    pub code: &'static str,
    /// The same in words.
    pub slug: &'static str,
    /// The theme on the check list.
    pub checkpoint: Checkpoint,
    /// How bad it is, unless the finding says otherwise.
    pub severity: Severity,
    /// What is wrong, in a few words.
    pub title: Text,
    /// Why it matters.
    pub why: Text,
    /// What to do.
    pub fix: Text,
    /// The facts that it needs; it is not assessed where no source has any. None: machines and networks alone.
    pub feed: Option<Feed>,
    /// Where others say the same.
    pub refs: &'static [Reference],
    /// The code that looks.
    pub run: Run,
}

/// What a check looks at, one at a time.
#[derive(Clone, Copy)]
pub enum Run {
    /// A VM and everything that leads to it.
    Vm(fn(&Context<'_>, &VmView<'_>, &mut Sink)),
    /// A VM and what is told of it.
    Machine(fn(&Context<'_>, &VmView<'_>) -> Judged),
    /// A network security group.
    Nsg(fn(&Context<'_>, &Nsg, &mut Sink)),
    /// Resources of another kind, or many at once; no rule of a group matters.
    Estate(Subject, fn(&Context<'_>, &mut Sink)),
    /// The same where rules of groups anywhere matter: it is not kept by [`crate::Live`].
    Paths(Subject, fn(&Context<'_>, &mut Sink)),
    /// Judged elsewhere: what is said of resources is handed in, see [`crate::Given`].
    Given,
    /// Who gets into which machines: what people have rights for, and what is demanded of them. Nor is this kept by
    /// [`crate::Live`].
    People(Subject, fn(&Context<'_>, &Who<'_, '_>, &mut Sink)),
}

impl Run {
    /// Whether the check looks at VMs, one at a time.
    pub fn is_vm(self) -> bool {
        matches!(self, Self::Vm(_) | Self::Machine(_))
    }

    /// What the input holds nothing of when the check has nothing to say.
    pub fn subject(self) -> Subject {
        match self {
            Self::Vm(_) | Self::Machine(_) => Subject::Machine,
            Self::Nsg(_) => Subject::Nsg,
            Self::Given => Subject::Resource,
            Self::Estate(subject, _) | Self::Paths(subject, _) | Self::People(subject, _) => subject,
        }
    }
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Virtual machines and scale sets.
    Machine,
    /// Network security groups.
    Nsg,
    /// Subnets.
    Subnet,
    /// Virtual networks.
    Network,
    /// Public addresses.
    PublicIp,
    /// Disks and snapshots.
    Disk,
    /// Bastions.
    Bastion,
    /// Vaults for backups.
    Vault,
    /// Policies of just-in-time access.
    JitPolicy,
    /// Subscriptions.
    Subscription,
    /// The directory: people, groups and policies.
    Directory,
    /// Resources of any type.
    Resource,
}

/// A theme of the check list, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Checkpoint {
    /// Accounts and passwords that cannot be guessed.
    Accounts,
    /// Sign-in with Entra ID.
    Entra,
    /// Who may operate or log in.
    Rbac,
    /// Conditional access with multi-factor authentication.
    ConditionalAccess,
    /// Risky people and sign-ins are stopped.
    IdentityProtection,
    /// Just-in-time access.
    Jit,
    /// Source addresses restricted.
    Sources,
    /// Needless ports closed.
    Ports,
    /// UDP closed.
    Udp,
    /// Protection against floods.
    Ddos,
    /// Fewer attack surfaces.
    Hardening,
    /// Updates applied, machines redeployed.
    Updates,
    /// Protection against malware.
    Malware,
    /// Disks encrypted.
    Encryption,
    /// Backups.
    Backup,
    /// Defender for Cloud.
    Defender,
    /// No public address at all.
    NoPublicIp,
}

impl Checkpoint {
    /// All of them, in the order of the check list.
    pub const ALL: [Self; 17] = [
        Self::Accounts,
        Self::Entra,
        Self::Rbac,
        Self::ConditionalAccess,
        Self::IdentityProtection,
        Self::Jit,
        Self::Sources,
        Self::Ports,
        Self::Udp,
        Self::Ddos,
        Self::Hardening,
        Self::Updates,
        Self::Malware,
        Self::Encryption,
        Self::Backup,
        Self::Defender,
        Self::NoPublicIp,
    ];

    /// The name that people select by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Entra => "entra",
            Self::Rbac => "rbac",
            Self::ConditionalAccess => "conditional-access",
            Self::IdentityProtection => "identity-protection",
            Self::Jit => "jit",
            Self::Sources => "sources",
            Self::Ports => "ports",
            Self::Udp => "udp",
            Self::Ddos => "ddos",
            Self::Hardening => "hardening",
            Self::Updates => "updates",
            Self::Malware => "malware",
            Self::Encryption => "encryption",
            Self::Backup => "backup",
            Self::Defender => "defender",
            Self::NoPublicIp => "no-public-ip",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to mend some day.
    Low,
    /// Mend it soon.
    Medium,
    /// Mend it now.
    High,
    /// Attackers find it within hours.
    Critical,
}

impl Severity {
    /// Its name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What it counts in the score.
    pub fn weight(self) -> u64 {
        match self {
            Self::Low => 1,
            Self::Medium => 3,
            Self::High => 5,
            Self::Critical => 10,
        }
    }
}

/// Where others say the same.
#[derive(Clone, Copy, Debug)]
pub enum Reference {
    /// Microsoft cloud security benchmark.
    Mcsb(&'static str),
    /// CIS Microsoft Azure Foundations Benchmark 6.0.
    Cis(&'static str),
    /// A recommendation of Defender for Cloud, by assessment key.
    Defender(&'static str),
    /// A built-in Azure Policy definition.
    Policy(&'static str),
    /// A technique of MITRE ATT&CK.
    Attack(&'static str),
    /// A page.
    Page(&'static str),
}

impl Reference {
    /// The reference as text: a name, or the address of a page.
    pub fn text(&self) -> String {
        match self {
            Self::Mcsb(control) => format!("MCSB {control}"),
            Self::Cis(control) => format!("CIS Azure Foundations 6.0 {control}"),
            Self::Defender(key) => format!("Defender for Cloud {key}"),
            Self::Policy(id) => format!("Azure Policy {id}"),
            Self::Attack(id) => format!("MITRE ATT&CK {id}"),
            Self::Page(address) => (*address).to_owned(),
        }
    }
}
