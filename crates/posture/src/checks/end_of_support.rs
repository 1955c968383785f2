//! When systems get no more security updates, and which system a machine has. As of 26 November 2026.

use std::borrow::Cow;

use Longer::{Free, Licensed, No};
use estate::{Image, Known, Upkeep};

/// Updates after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Longer {
    /// None, or some that are bought where Azure does not know of it.
    No,
    /// Until then, for every machine of Azure's, at no cost.
    Free(&'static str),
    /// Until then, for machines of this licence.
    Licensed(&'static str, &'static str),
}

/// A system and its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    family: &'static str,
    version: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// The last day of its security updates.
    end: &'static str,
    longer: Longer,
}

/// The days of a system on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// The last day of support.
    pub(crate) end: &'static str,
    /// The last day of updates that Azure's machines get after it at no cost.
    pub(crate) free_until: Option<&'static str>,
}

const fn row(
    (family, version): (&'static str, &'static str),
    name: &'static str,
    end: &'static str,
    longer: Longer,
) -> System {
    System { family, version, name, end, longer }
}

const PRO: &str = "UBUNTU_PRO";
const ELS: &str = "RHEL_ELS_6";

const SYSTEMS: [System; 80] = [
    // https://learn.microsoft.com/lifecycle/products/?terms=Windows%20Server, and for what is free in Azure
    // https://learn.microsoft.com/lifecycle/faq/extended-security-updates
    row(("windows-server", "2008 r2"), "Windows Server 2008 R2", "2020-01-14", Free("2024-01-09")),
    row(("windows-server", "2008"), "Windows Server 2008", "2020-01-14", Free("2024-01-09")),
    row(("windows-server", "2012 r2"), "Windows Server 2012 R2", "2023-10-10", Free("2026-10-13")),
    row(("windows-server", "2012"), "Windows Server 2012", "2023-10-10", Free("2026-10-13")),
    row(("windows-server", "2016"), "Windows Server 2016", "2027-01-12", Free("2030-01-12")),
    row(("windows-server", "2019"), "Windows Server 2019", "2029-01-09", No),
    row(("windows-server", "2022"), "Windows Server 2022", "2031-10-14", No),
    row(("windows-server", "2025"), "Windows Server 2025", "2034-11-14", No),
    // https://learn.microsoft.com/lifecycle/products/windows-server-semiannual-channel and …-annual-channel
    row(("windows-server", "1709"), "Windows Server, version 1709", "2019-04-09", No),
    row(("windows-server", "1803"), "Windows Server, version 1803", "2019-11-12", No),
    row(("windows-server", "1809"), "Windows Server, version 1809", "2020-11-10", No),
    row(("windows-server", "1903"), "Windows Server, version 1903", "2020-12-08", No),
    row(("windows-server", "1909"), "Windows Server, version 1909", "2021-05-11", No),
    row(("windows-server", "2004"), "Windows Server, version 2004", "2021-12-14", No),
    row(("windows-server", "20h2"), "Windows Server, version 20H2", "2022-08-09", No),
    row(("windows-server", "23h2"), "Windows Server, version 23H2", "2026-05-12", No),
    // https://learn.microsoft.com/windows/release-health/release-information: Enterprise and Education
    row(("windows-10-enterprise", "20h2"), "Windows 10 Enterprise 20H2", "2023-05-09", No),
    row(("windows-10-enterprise", "21h1"), "Windows 10 Enterprise 21H1", "2022-12-13", No),
    row(("windows-10-enterprise", "21h2"), "Windows 10 Enterprise 21H2", "2024-06-11", No),
    row(("windows-10-enterprise", "22h2"), "Windows 10 Enterprise 22H2", "2025-10-14", Free("2028-10-10")),
    row(("windows-10-pro", "20h2"), "Windows 10 Pro 20H2", "2022-05-10", No),
    row(("windows-10-pro", "21h1"), "Windows 10 Pro 21H1", "2022-12-13", No),
    row(("windows-10-pro", "21h2"), "Windows 10 Pro 21H2", "2023-06-13", No),
    row(("windows-10-pro", "22h2"), "Windows 10 Pro 22H2", "2025-10-14", Free("2028-10-10")),
    // https://learn.microsoft.com/windows/release-health/windows11-release-information
    row(("windows-11-enterprise", "21h2"), "Windows 11 Enterprise 21H2", "2024-10-08", No),
    row(("windows-11-enterprise", "22h2"), "Windows 11 Enterprise 22H2", "2025-10-14", No),
    row(("windows-11-enterprise", "23h2"), "Windows 11 Enterprise 23H2", "2026-11-10", No),
    row(("windows-11-enterprise", "24h2"), "Windows 11 Enterprise 24H2", "2027-10-12", No),
    row(("windows-11-enterprise", "25h2"), "Windows 11 Enterprise 25H2", "2028-10-10", No),
    row(("windows-11-pro", "21h2"), "Windows 11 Pro 21H2", "2023-10-10", No),
    row(("windows-11-pro", "22h2"), "Windows 11 Pro 22H2", "2024-10-08", No),
    row(("windows-11-pro", "23h2"), "Windows 11 Pro 23H2", "2025-11-11", No),
    row(("windows-11-pro", "24h2"), "Windows 11 Pro 24H2", "2026-10-13", No),
    row(("windows-11-pro", "25h2"), "Windows 11 Pro 25H2", "2027-10-12", No),
    // https://ubuntu.com/about/release-cycle; the days are those of the package distro-info-data
    row(("ubuntu", "14.04"), "Ubuntu 14.04 LTS", "2019-04-25", Licensed(PRO, "2024-04-25")),
    row(("ubuntu", "16.04"), "Ubuntu 16.04 LTS", "2021-04-30", Licensed(PRO, "2026-04-23")),
    row(("ubuntu", "18.04"), "Ubuntu 18.04 LTS", "2023-05-31", Licensed(PRO, "2028-04-26")),
    row(("ubuntu", "20.04"), "Ubuntu 20.04 LTS", "2025-05-29", Licensed(PRO, "2030-04-23")),
    row(("ubuntu", "22.04"), "Ubuntu 22.04 LTS", "2027-06-01", Licensed(PRO, "2032-04-21")),
    row(("ubuntu", "24.04"), "Ubuntu 24.04 LTS", "2029-05-31", Licensed(PRO, "2034-04-25")),
    row(("ubuntu", "26.04"), "Ubuntu 26.04 LTS", "2031-05-29", Licensed(PRO, "2036-04-23")),
    row(("ubuntu", "22.10"), "Ubuntu 22.10", "2023-07-20", No),
    row(("ubuntu", "23.04"), "Ubuntu 23.04", "2024-01-25", No),
    row(("ubuntu", "23.10"), "Ubuntu 23.10", "2024-07-11", No),
    row(("ubuntu", "24.10"), "Ubuntu 24.10", "2025-07-10", No),
    row(("ubuntu", "25.04"), "Ubuntu 25.04", "2026-01-15", No),
    row(("ubuntu", "25.10"), "Ubuntu 25.10", "2026-07-09", No),
    row(("ubuntu", "26.10"), "Ubuntu 26.10", "2027-07-15", No),
    // https://wiki.debian.org/LTS: updates go on by themselves until the end of long-term support
    row(("debian", "8"), "Debian 8", "2020-06-30", No),
    row(("debian", "9"), "Debian 9", "2022-06-30", No),
    row(("debian", "10"), "Debian 10", "2024-06-30", No),
    row(("debian", "11"), "Debian 11", "2026-08-31", No),
    row(("debian", "12"), "Debian 12", "2028-06-30", No),
    row(("debian", "13"), "Debian 13", "2030-06-30", No),
    // https://access.redhat.com/support/policy/updates/errata
    row(("rhel", "6"), "Red Hat Enterprise Linux 6", "2020-11-30", Licensed(ELS, "2024-06-30")),
    row(("rhel", "7"), "Red Hat Enterprise Linux 7", "2024-06-30", Licensed(ELS, "2028-06-30")),
    row(("rhel", "8"), "Red Hat Enterprise Linux 8", "2029-05-31", No),
    row(("rhel", "9"), "Red Hat Enterprise Linux 9", "2032-05-31", No),
    row(("rhel", "10"), "Red Hat Enterprise Linux 10", "2035-05-31", No),
    // https://wiki.centos.org/About/Product; 9 and 10 are streams: https://centos.org/stream9/
    row(("centos", "6"), "CentOS 6", "2020-11-30", No),
    row(("centos", "7"), "CentOS 7", "2024-06-30", No),
    row(("centos", "8"), "CentOS 8", "2021-12-31", No),
    row(("centos", "8 stream"), "CentOS Stream 8", "2024-05-31", No),
    row(("centos", "9"), "CentOS Stream 9", "2027-05-31", No),
    // https://wiki.almalinux.org/release-notes/ and https://wiki.rockylinux.org/rocky/version/
    row(("almalinux", "8"), "AlmaLinux 8", "2029-05-31", No),
    row(("almalinux", "9"), "AlmaLinux 9", "2032-05-31", No),
    row(("almalinux", "10"), "AlmaLinux 10", "2035-05-31", No),
    row(("rocky", "8"), "Rocky Linux 8", "2029-05-31", No),
    row(("rocky", "9"), "Rocky Linux 9", "2032-05-31", No),
    // https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf
    row(("oracle", "6"), "Oracle Linux 6", "2021-03-31", No),
    row(("oracle", "7"), "Oracle Linux 7", "2024-12-31", No),
    row(("oracle", "8"), "Oracle Linux 8", "2029-07-31", No),
    row(("oracle", "9"), "Oracle Linux 9", "2032-06-30", No),
    // https://www.suse.com/lifecycle: general support
    row(("sles", "12.5"), "SUSE Linux Enterprise Server 12 SP5", "2024-10-31", No),
    row(("sles", "15.2"), "SUSE Linux Enterprise Server 15 SP2", "2021-12-31", No),
    row(("sles", "15.3"), "SUSE Linux Enterprise Server 15 SP3", "2022-12-31", No),
    row(("sles", "15.4"), "SUSE Linux Enterprise Server 15 SP4", "2023-12-31", No),
    row(("sles", "15.5"), "SUSE Linux Enterprise Server 15 SP5", "2024-12-31", No),
    row(("sles", "15.6"), "SUSE Linux Enterprise Server 15 SP6", "2025-12-31", No),
    row(("sles", "15.7"), "SUSE Linux Enterprise Server 15 SP7", "2031-07-31", No),
];

impl System {
    /// Its days on a machine with this licence.
    pub(crate) fn days(&self, licence: Option<&str>) -> Days {
        let has = |wanted: &str| licence.is_some_and(|licence| licence.eq_ignore_ascii_case(wanted));
        match self.longer {
            Free(until) => Days { end: self.end, free_until: Some(until) },
            Licensed(wanted, until) if has(wanted) => Days { end: until, free_until: None },
            No | Licensed(..) => Days { end: self.end, free_until: None },
        }
    }
}

/// A family of systems and a version, as they are listed.
type Named = (&'static str, Cow<'static, str>);

fn listed((family, version): &Named) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.family == *family && system.version == version)
}

/// Where a machine's system is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The machine says so.
    ByMachine,
    /// It was made from such an image, and may have been upgraded since.
    ByImage,
}

/// The system of a machine; what it says of itself comes before its image. None where it is not listed.
pub(crate) fn system_of(upkeep: &Upkeep) -> Option<(&'static System, Told)> {
    let name = upkeep.os_name.as_ref().and_then(Known::value);
    let version = upkeep.os_version.as_ref().and_then(Known::value);
    if let (Some(name), Some(version)) = (name, version) {
        return Some((listed(&named(name, version)?)?, Told::ByMachine));
    }
    let image = upkeep.image.as_ref()?.value()?;
    Some((listed(&imaged(image)?)?, Told::ByImage))
}

/// The licence that a machine has, by its record or the image that it was made from.
pub(crate) fn licence(upkeep: &Upkeep) -> Option<&str> {
    let told = upkeep.licence.as_ref().and_then(Known::value).map(|licence| &**licence);
    told.or_else(|| {
        let image = upkeep.image.as_ref()?.value()?;
        let pro = |text: &str| text.to_ascii_lowercase().split(['-', '_']).any(|word| word == "pro");
        let canonical = image.publisher.eq_ignore_ascii_case("Canonical");
        (canonical && (pro(&image.offer) || pro(&image.sku))).then_some(PRO)
    })
}

/// Versions of Windows Server in texts; those whose name begins another's come later.
const SERVERS: [&str; 16] = [
    "2008 r2", "2008", "2012 r2", "2012", "2016", "2019", "2022", "2025", "1709", "1803", "1809", "1903",
    "1909", "2004", "20h2", "23h2",
];

fn server(text: &str) -> Option<Named> {
    let text = text.replace(['-', '_'], " ").replace("2012r2", "2012 r2").replace("2008r2", "2008 r2");
    let version = SERVERS.into_iter().find(|version| text.contains(version))?;
    Some(("windows-server", version.into()))
}

/// Windows 10 or 11 of an edition; long-term ones have ends of their own and are not listed.
fn client(ten: bool, edition: &str, version: &'static str) -> Option<Named> {
    let has = |words: &[&str]| words.iter().any(|word| edition.contains(word));
    if has(&["ltsc", "ltsb", "iot"]) {
        return None;
    }
    let enterprise = has(&["ent", "education", "multi-session", "avd", "evd", "virtual desktops"]);
    let family = match (ten, enterprise, has(&["pro"])) {
        (true, true, _) => "windows-10-enterprise",
        (true, false, true) => "windows-10-pro",
        (false, true, _) => "windows-11-enterprise",
        (false, false, true) => "windows-11-pro",
        _ => return None,
    };
    Some((family, version.into()))
}

/// What a machine says of itself: `ubuntu` and `22.04`, `Windows Server 2019 Datacenter` and `10.0.17763.1`.
fn named(name: &str, version: &str) -> Option<Named> {
    let name = name.trim().to_ascii_lowercase();
    let version = version.trim().to_ascii_lowercase();
    if name.contains("windows server") {
        return server(&name);
    }
    if name.contains("windows") {
        // https://learn.microsoft.com/windows/release-health/release-information
        let version = match version.split('.').nth(2)? {
            "19042" => "20h2",
            "19043" => "21h1",
            "19044" | "22000" => "21h2",
            "19045" | "22621" => "22h2",
            "22631" => "23h2",
            "26100" => "24h2",
            "26200" => "25h2",
            _ => return None,
        };
        return client(name.contains("windows 10"), &name, version);
    }
    let major = version.split('.').next().unwrap_or_default();
    let family = match name.as_str() {
        "ubuntu" => {
            return Some(("ubuntu", version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".").into()));
        }
        "sles" | "suse" => return Some(("sles", version.replace("-sp", ".").into())),
        "debian" => "debian",
        "rhel" | "redhat" => "rhel",
        // The stream of CentOS 8 has no second part.
        "centos" if version == "8" => return Some(("centos", "8 stream".into())),
        "centos" => "centos",
        "almalinux" => "almalinux",
        "rocky" => "rocky",
        "oracle" | "ol" => "oracle",
        _ => return None,
    };
    Some((family, major.to_owned().into()))
}

/// `22_04-lts-gen2` to `22.04`.
fn year_and_month(text: &str) -> Option<String> {
    text.as_bytes().windows(5).find_map(|window| match window {
        [a, b, b'.' | b'_', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()) => {
            let digits = [*a, *b, b'.', *c, *d];
            std::str::from_utf8(&digits).ok().map(str::to_owned)
        }
        _ => None,
    })
}

/// The main version in the sku of an image: `79-gen2`, `8_10`, `rhel-lvm94`, `10-lvm-gen2`.
fn major(sku: &str) -> Option<String> {
    let from = sku.find(|c: char| c.is_ascii_digit())?;
    let digits: String = sku.get(from..)?.chars().take_while(char::is_ascii_digit).collect();
    let count = if digits.starts_with("10") || digits.starts_with("11") { 2 } else { 1 };
    digits.get(..count).map(str::to_owned)
}

/// What the name of an image tells.
fn imaged(image: &Image) -> Option<Named> {
    let publisher = image.publisher.to_ascii_lowercase();
    let offer = image.offer.to_ascii_lowercase();
    let sku = image.sku.to_ascii_lowercase();
    match publisher.as_str() {
        "canonical" => Some(("ubuntu", year_and_month(&sku).or_else(|| year_and_month(&offer))?.into())),
        "microsoftwindowsserver" => server(&sku),
        // `sql2019-ws2022`
        "microsoftsqlserver" => server(offer.split_once("-ws")?.1),
        "microsoftwindowsdesktop" => {
            let versions = ["20h2", "21h1", "21h2", "22h2", "23h2", "24h2", "25h2"];
            let version = versions.into_iter().find(|version| sku.contains(version))?;
            let eleven = sku.contains("win11") || offer.contains("windows-11");
            client(!eleven, &sku, version)
        }
        "debian" => Some(("debian", offer.strip_prefix("debian-")?.split('-').next()?.to_owned().into())),
        "credativ" => Some(("debian", major(&sku)?.into())),
        "redhat" if offer.starts_with("rhel") => Some(("rhel", major(&sku)?.into())),
        "openlogic" if offer.starts_with("centos") => Some(("centos", major(&sku)?.into())),
        "almalinux" => Some(("almalinux", major(&sku)?.into())),
        "resf" => Some(("rocky", major(&sku)?.into())),
        "oracle" if offer == "oracle-linux" => Some(("oracle", major(&sku)?.into())),
        // `sles-15-sp5-basic`; systems for SAP have ends of their own.
        "suse" => {
            let mut parts = offer.strip_prefix("sles-")?.split('-');
            let (main, pack) = (parts.next()?, parts.next()?.strip_prefix("sp")?);
            Some(("sles", format!("{main}.{pack}").into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days() {
        for system in &SYSTEMS {
            let more = match system.longer {
                No => None,
                Free(day) | Licensed(_, day) => Some(day),
            };
            for day in [Some(system.end), more].into_iter().flatten() {
                assert_eq!(
                    estate::Moment::parse(day).map(|end| end.day()).as_deref(),
                    Some(day),
                    "{}",
                    system.name
                );
            }
            assert!(more.is_none_or(|more| more > system.end), "{}", system.name);
        }
    }

    #[test]
    fn machines_say_what_they_are() {
        for (name, version, expected) in [
            ("ubuntu", "22.04", Some("Ubuntu 22.04 LTS")),
            ("ubuntu", "18.04.6", Some("Ubuntu 18.04 LTS")),
            ("rhel", "8.10", Some("Red Hat Enterprise Linux 8")),
            ("centos", "7.9.2009", Some("CentOS 7")),
            ("centos", "8.3.2011", Some("CentOS 8")),
            ("centos", "8", Some("CentOS Stream 8")),
            ("debian", "12.5", Some("Debian 12")),
            ("sles", "12-SP5", Some("SUSE Linux Enterprise Server 12 SP5")),
            ("sles", "15.6", Some("SUSE Linux Enterprise Server 15 SP6")),
            ("sles", "15", None),
            ("Microsoft Windows Server 2012 R2 Datacenter", "6.3.9600", Some("Windows Server 2012 R2")),
            ("Windows Server 2019 Datacenter", "10.0.17763.1", Some("Windows Server 2019")),
            ("Microsoft Windows 11 Enterprise", "10.0.22631.3007", Some("Windows 11 Enterprise 23H2")),
            ("Microsoft Windows 10 Pro", "10.0.19045.1", Some("Windows 10 Pro 22H2")),
            ("Microsoft Windows 10 Enterprise LTSC", "10.0.19044.1", None),
            ("Windows 11", "10.0.22631.1", None),
            ("flatcar", "3815.2.0", None),
        ] {
            let found = named(name, version).as_ref().and_then(listed).map(|system| system.name);
            assert_eq!(found, expected, "{name} {version}");
        }
    }

    #[test]
    fn images_tell_what_is_in_them() {
        for (publisher, offer, sku, expected) in [
            ("Canonical", "UbuntuServer", "18.04-LTS", Some("Ubuntu 18.04 LTS")),
            ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", Some("Ubuntu 22.04 LTS")),
            ("Canonical", "ubuntu-24_04-lts", "server", Some("Ubuntu 24.04 LTS")),
            ("MicrosoftWindowsServer", "WindowsServer", "2012-R2-Datacenter", Some("Windows Server 2012 R2")),
            ("MicrosoftWindowsServer", "WindowsServer", "2012-Datacenter", Some("Windows Server 2012")),
            (
                "MicrosoftWindowsServer",
                "WindowsServer",
                "2022-datacenter-azure-edition",
                Some("Windows Server 2022"),
            ),
            ("MicrosoftSQLServer", "sql2012sp4-ws2012r2", "enterprise", Some("Windows Server 2012 R2")),
            ("MicrosoftSQLServer", "sql2019-ws2022", "standard-gen2", Some("Windows Server 2022")),
            ("MicrosoftSQLServer", "sql2019-ubuntu2004", "standard", None),
            ("MicrosoftWindowsDesktop", "windows-11", "win11-23h2-ent", Some("Windows 11 Enterprise 23H2")),
            ("MicrosoftWindowsDesktop", "Windows-10", "win10-22h2-pro-g2", Some("Windows 10 Pro 22H2")),
            ("MicrosoftWindowsDesktop", "Windows-10", "win10-21h2-ent-ltsc", None),
            ("Debian", "debian-11", "11-gen2", Some("Debian 11")),
            ("RedHat", "RHEL", "79-gen2", Some("Red Hat Enterprise Linux 7")),
            ("RedHat", "RHEL", "8_10", Some("Red Hat Enterprise Linux 8")),
            ("RedHat", "rhel-byos", "rhel-lvm94", Some("Red Hat Enterprise Linux 9")),
            ("RedHat", "RHEL", "10-lvm-gen2", Some("Red Hat Enterprise Linux 10")),
            ("OpenLogic", "CentOS", "7_9-gen2", Some("CentOS 7")),
            ("Oracle", "Oracle-Linux", "ol79-lvm-gen2", Some("Oracle Linux 7")),
            ("Oracle", "oracle-database-19-3", "oracle-database-19-0904", None),
            ("SUSE", "sles-15-sp5-basic", "gen2", Some("SUSE Linux Enterprise Server 15 SP5")),
            ("SUSE", "sles-sap-15-sp5", "gen2", None),
            ("kinvolk", "flatcar", "stable", None),
        ] {
            let image = Image {
                publisher: publisher.into(),
                offer: offer.into(),
                sku: sku.into(),
                ..Image::default()
            };
            let found = imaged(&image).as_ref().and_then(listed).map(|system| system.name);
            assert_eq!(found, expected, "{publisher} {offer} {sku}");
        }
    }

    #[test]
    fn licences_make_it_longer() {
        let system = |name: &str| SYSTEMS.iter().find(|system| system.name == name).unwrap();
        let ubuntu = system("Ubuntu 20.04 LTS");
        assert_eq!(ubuntu.days(None).end, "2025-05-29");
        assert_eq!(ubuntu.days(Some("ubuntu_pro")).end, "2030-04-23");
        assert_eq!(ubuntu.days(Some("Windows_Server")).end, "2025-05-29");
        assert_eq!(system("Windows Server 2016").days(None).free_until, Some("2030-01-12"));
        let image = Image {
            publisher: "Canonical".into(),
            offer: "0001-com-ubuntu-pro-focal".into(),
            sku: "pro-20_04-lts".into(),
            ..Image::default()
        };
        let upkeep = |image| Upkeep { image: Some(Known::Value(Box::new(image))), ..Upkeep::default() };
        assert_eq!(licence(&upkeep(image.clone())), Some(PRO));
        assert_eq!(licence(&upkeep(Image { publisher: "X".into(), ..image })), None);
    }
}
