//! What somebody can do to get into a machine, and the actions of Azure that it takes.
//!
//! Sources: <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows>,
//! <https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations>.

use crate::question::Application;
use crate::rights::Action;

/// What somebody can do to get into a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// Sign in to it with an account of the directory.
    Login,
    /// The same as its administrator.
    LoginAsAdmin,
    /// Have Azure run a command on it as its administrator.
    RunCommand,
    /// Put an extension on it: one resets passwords and keys, another runs scripts.
    Extension,
    /// Sit at its serial console, past every network.
    SerialConsole,
    /// Copy its disk, and everything on it.
    DiskCopy,
    /// Give anybody any role, themselves included.
    GiveRights,
}

impl Means {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::Login,
        Self::LoginAsAdmin,
        Self::RunCommand,
        Self::Extension,
        Self::SerialConsole,
        Self::DiskCopy,
        Self::GiveRights,
    ];

    /// A stable name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LoginAsAdmin => "login-as-admin",
            Self::RunCommand => "run-command",
            Self::Extension => "extension",
            Self::SerialConsole => "serial-console",
            Self::DiskCopy => "disk-copy",
            Self::GiveRights => "give-rights",
        }
    }

    /// Whether it is to sign in to the machine itself, and not to Azure.
    pub fn is_login(self) -> bool {
        matches!(self, Self::Login | Self::LoginAsAdmin)
    }

    /// Whether it makes somebody the machine's administrator.
    pub fn takes_over(self) -> bool {
        matches!(self, Self::LoginAsAdmin | Self::RunCommand | Self::Extension | Self::GiveRights)
    }
}

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// A machine of its own.
    Machine,
    /// A scale set, or an instance of one.
    ScaleSet,
    /// Either.
    Either,
    /// The disk that a machine starts from.
    Disk,
}

/// Actions each of which lets somebody give any role: by an assignment, by one of those that Privileged Identity Management
/// keeps, or by writing anything into a role of their own.
pub const GIVE_RIGHTS: [&str; 4] = [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write",
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
    "Microsoft.Authorization/roleDefinitions/write",
];

/// What it takes to copy a disk.
pub(crate) const COPY_DISK: Action<'_> = Action::Control("Microsoft.Compute/disks/beginGetAccess/action");

/// What each takes: one of its actions.
pub(crate) const ACTIONS: [(Means, On, Action<'_>); 20] = [
    (Means::Login, On::Either, Action::Data("Microsoft.Compute/virtualMachines/login/action")),
    (Means::LoginAsAdmin, On::Either, Action::Data("Microsoft.Compute/virtualMachines/loginAsAdmin/action")),
    (Means::RunCommand, On::Machine, Action::Control("Microsoft.Compute/virtualMachines/runCommand/action")),
    (Means::RunCommand, On::Machine, Action::Control("Microsoft.Compute/virtualMachines/runCommands/write")),
    (
        Means::RunCommand,
        On::ScaleSet,
        Action::Control("Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"),
    ),
    (
        Means::RunCommand,
        On::ScaleSet,
        Action::Control("Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands/write"),
    ),
    (Means::Extension, On::Machine, Action::Control("Microsoft.Compute/virtualMachines/extensions/write")),
    (
        Means::Extension,
        On::ScaleSet,
        Action::Control("Microsoft.Compute/virtualMachineScaleSets/extensions/write"),
    ),
    (
        Means::Extension,
        On::ScaleSet,
        Action::Control("Microsoft.Compute/virtualMachineScaleSets/virtualMachines/extensions/write"),
    ),
    // The model of a set names its extensions.
    (Means::Extension, On::ScaleSet, Action::Control("Microsoft.Compute/virtualMachineScaleSets/write")),
    (Means::SerialConsole, On::Either, Action::Control("Microsoft.SerialConsole/serialPorts/connect/action")),
    (Means::DiskCopy, On::Disk, COPY_DISK),
    // Whoever gives roles at the disk alone gives themselves that one.
    (Means::DiskCopy, On::Disk, Action::Control(GIVE_RIGHTS[0])),
    (Means::DiskCopy, On::Disk, Action::Control(GIVE_RIGHTS[1])),
    (Means::DiskCopy, On::Disk, Action::Control(GIVE_RIGHTS[2])),
    (Means::DiskCopy, On::Disk, Action::Control(GIVE_RIGHTS[3])),
    (Means::GiveRights, On::Either, Action::Control(GIVE_RIGHTS[0])),
    (Means::GiveRights, On::Either, Action::Control(GIVE_RIGHTS[1])),
    (Means::GiveRights, On::Either, Action::Control(GIVE_RIGHTS[2])),
    (Means::GiveRights, On::Either, Action::Control(GIVE_RIGHTS[3])),
];

/// What people sign in to for a machine of Windows, of Linux, and to do something in Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// A machine of Windows.
    Windows,
    /// A machine of Linux.
    Linux,
    /// Resource Manager: the portal, `az`, and everything else that acts on Azure.
    Azure,
}

impl Door {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Windows, Self::Linux, Self::Azure];

    /// A stable name: the one that `what-if` takes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Windows => "windows-vm",
            Self::Linux => "linux-vm",
            Self::Azure => "azure-management",
        }
    }

    /// The application.
    pub fn application(self) -> Application {
        Application::named(self.word())
            .unwrap_or_else(|| Application { id: self.word().to_owned(), name: self.word().to_owned() })
    }
}
