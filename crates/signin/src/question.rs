//! A sign-in, of which some may be left open.

use std::net::IpAddr;

use crate::device::Device;

/// What somebody signs in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// Applications that signing in to a machine is, by the names that people give them here.
///
/// Sources: <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows>,
/// <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux>.
const KNOWN: [(&str, &str, &str); 3] = [
    ("windows-vm", "372140e0-b3b7-4226-8ef9-d57986796201", "Microsoft Azure Windows Virtual Machine Sign-in"),
    ("linux-vm", "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0", "Azure Linux VM Sign-In"),
    ("azure-management", "797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API"),
];

/// Applications that people take for these, and that signing in to a machine is not.
///
/// Source: <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows>; Azure Virtual Desktop's
/// pages name the others.
const ALIKE: [(&str, &str); 3] = [
    ("270efc09-cd0d-444b-a71f-39af4910ec45", "Windows Cloud Login"),
    ("a4a365df-50f1-4397-bc59-1a1564b8bb9c", "Microsoft Remote Desktop"),
    ("9cdead84-a844-4324-93f2-b2e6bb768d07", "Azure Virtual Desktop"),
];

/// What an application is called that people take for that of signing in to a machine; none for any other.
pub fn looks_like_machine(id: &str) -> Option<&'static str> {
    ALIKE.iter().find(|(its, _)| id.eq_ignore_ascii_case(its)).map(|(_, name)| *name)
}

impl Application {
    /// The application of a short name (`windows-vm`, `linux-vm`, `azure-management`) or of an id; none for anything else.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = |(short, id, _): &&(&str, &str, &str)| {
            text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(id)
        };
        if let Some((_, id, name)) = KNOWN.iter().find(fits) {
            return Some(Self { id: (*id).to_owned(), name: (*name).to_owned() });
        }
        let number = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        number.then(|| Self { id: text.to_ascii_lowercase(), name: text.to_ascii_lowercase() })
    }

    /// Whether to sign in to it is to sign in to a machine.
    pub fn is_machine(&self) -> bool {
        let machines = KNOWN.iter().filter(|(short, ..)| short.ends_with("-vm"));
        machines.into_iter().any(|(_, id, _)| self.id.eq_ignore_ascii_case(id))
    }

    /// Whether it is Resource Manager, for which Microsoft's own rules demand more than for others.
    pub fn is_management(&self) -> bool {
        self.id.eq_ignore_ascii_case("797f4846-ba00-4fd7-ba43-dac1f8f63013")
    }
}

/// Declares words of a closed list.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$each_doc:meta])* $each:ident = $word:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$each_doc])* $each,)*
        }

        impl $name {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$each),*];

            /// As Microsoft Graph writes it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$each => $word,)*
                }
            }

            /// The one of a word, in any case.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| word.eq_ignore_ascii_case(one.word()))
            }
        }
    };
}

words! {
    /// The system of a device, as it says itself.
    Platform:
    /// Android.
    Android = "android",
    /// iOS and iPadOS.
    Ios = "iOS",
    /// Windows.
    Windows = "windows",
    /// Windows Phone.
    WindowsPhone = "windowsPhone",
    /// macOS.
    MacOs = "macOS",
    /// Linux.
    Linux = "linux",
    /// Any other, or none that is told.
    Other = "unknown",
}

words! {
    /// What somebody signs in with.
    Client:
    /// A browser.
    Browser = "browser",
    /// A program that asks for more than a password where it has to.
    Modern = "mobileAppsAndDesktopClients",
    /// Exchange ActiveSync.
    ActiveSync = "exchangeActiveSync",
    /// Protocols that know nothing but a password.
    Legacy = "other",
}

words! {
    /// How likely it is that somebody else signs in, or has taken over an account.
    Risk:
    /// No sign of it.
    No = "none",
    /// Low.
    Low = "low",
    /// Medium.
    Medium = "medium",
    /// High.
    High = "high",
}

words! {
    /// How a sign-in comes to the device that it is for.
    Flow:
    /// On the device itself.
    Direct = "none",
    /// By a code that somebody types on another device.
    DeviceCode = "deviceCodeFlow",
    /// From another device that is signed in.
    Transfer = "authenticationTransfer",
}

impl Risk {
    /// Those of somebody of whom there is a sign that somebody else has the account.
    pub const SOME: &'static [Self] = &[Self::Low, Self::Medium, Self::High];
}

impl Client {
    /// Those that ask for more than a password where they have to.
    pub const MODERN: &'static [Self] = &[Self::Browser, Self::Modern];
}

/// Where somebody signs in from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The public address.
    pub address: Option<IpAddr>,
    /// The country, by its two letters.
    pub country: Option<String>,
}

/// A sign-in. What is none is left open.
#[derive(Clone, Debug)]
pub struct Question {
    /// What somebody signs in to.
    pub application: Application,
    /// From where.
    pub place: Place,
    /// From which system.
    pub platform: Option<Platform>,
    /// With what.
    pub client: Option<Client>,
    /// The risk of the sign-in.
    pub sign_in_risk: Option<Risk>,
    /// The risk of the person.
    pub user_risk: Option<Risk>,
    /// By which flow.
    pub flow: Option<Flow>,
    /// From which device.
    pub device: Option<Device>,
    /// Whether it is told that there is a risk of the person, and not which.
    pub user_is_at_risk: bool,
    /// Whether clients that know nothing but a password are left aside: nobody signs in to a machine by these.
    pub no_legacy_clients: bool,
    /// Whether it is told that the older settings of multifactor authentication trust no addresses: no list holds these.
    pub no_trusted_addresses: bool,
}

impl Question {
    /// A sign-in to an application of which all else is open.
    pub fn open(application: Application) -> Self {
        Self {
            application,
            place: Place::default(),
            platform: None,
            client: None,
            sign_in_risk: None,
            user_risk: None,
            flow: None,
            device: None,
            user_is_at_risk: false,
            no_legacy_clients: false,
            no_trusted_addresses: false,
        }
    }
}
