//! Sizes of machines that Azure has taken out, or has said when it will. As of 26 November 2026.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-machines/sizes/lifecycle/retirements-and-capacity-restrictions>
//! (25 September 2026) and the pages of the series that are named below.

/// A series of sizes and its last day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retired {
    /// What Microsoft calls the series.
    pub(crate) series: &'static str,
    /// The letters before the number, lower case.
    family: &'static str,
    /// The letters behind it; none where all do.
    letters: Option<&'static [&'static str]>,
    /// `v2`; empty for a first version.
    version: &'static str,
    /// The day that its machines are stopped.
    pub(crate) end: &'static str,
    /// What Microsoft advises in its place; empty where it names nothing alike.
    pub(crate) successor: &'static str,
}

const fn row(
    series: &'static str,
    (family, letters, version): (&'static str, Option<&'static [&'static str]>, &'static str),
    end: &'static str,
    successor: &'static str,
) -> Retired {
    Retired { series, family, letters, version, end, successor }
}

const RETIRED: [Retired; 37] = [
    // https://learn.microsoft.com/azure/virtual-machines/sizes/migration-guides/av1-series-retirement
    // Its successor of then, Av2, has an end of its own.
    row("Av1", ("a", None, ""), "2024-08-31", "Bsv2, Dsv6"),
    // https://learn.microsoft.com/azure/virtual-machines/migration/sizes/d-ds-dv2-dsv2-ls-series-migration-guide
    row("D", ("d", Some(&["", "i"]), ""), "2028-05-01", "Dsv6, Dasv6"),
    row("Ds", ("ds", None, ""), "2028-05-01", "Dsv6, Dasv6"),
    row("Dv2", ("d", Some(&["", "i"]), "v2"), "2028-05-01", "Dsv6, Dasv6"),
    row("Dsv2", ("ds", None, "v2"), "2028-05-01", "Dsv6, Dasv6"),
    row("Dv3", ("d", Some(&[""]), "v3"), "2029-11-15", "Dv5, Dsv6"),
    row("Dsv3", ("d", Some(&["s"]), "v3"), "2029-11-15", "Dsv5, Dsv6"),
    row("Ev3", ("e", Some(&["", "i"]), "v3"), "2029-11-15", "Ev5, Esv6"),
    row("Esv3", ("e", Some(&["s", "is"]), "v3"), "2029-11-15", "Esv5, Esv6"),
    row("Ls", ("l", Some(&["s"]), ""), "2028-05-01", "Lsv4, Lasv4"),
    row("Lsv2", ("l", Some(&["s"]), "v2"), "2028-11-15", "Lsv4, Lasv4"),
    row("Av2/Amv2", ("a", Some(&["", "m"]), "v2"), "2028-11-15", "Bsv2, Dsv6"),
    row("B (v1)", ("b", None, ""), "2028-11-15", "Bsv2, Basv2"),
    row("F", ("f", Some(&[""]), ""), "2028-11-15", "Dlsv6, Falsv6"),
    row("Fs", ("f", Some(&["s"]), ""), "2028-11-15", "Dlsv6, Falsv6"),
    row("Fsv2", ("f", Some(&["s"]), "v2"), "2028-11-15", "Dlsv6, Falsv6"),
    row("G", ("g", None, ""), "2028-11-15", "Lsv4, Lasv4"),
    row("Gs", ("gs", None, ""), "2028-11-15", "Lsv4, Lasv4"),
    // https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/msv2-mdsv2-retirement
    row("M192idms_v2", ("m", Some(&["idms"]), "v2"), "2027-03-31", "Msv3, Mdsv3"),
    row("M192ids_v2", ("m", Some(&["ids"]), "v2"), "2027-03-31", "Msv3, Mdsv3"),
    row("M192ims_v2", ("m", Some(&["ims"]), "v2"), "2027-03-31", "Msv3, Mdsv3"),
    row("M192is_v2", ("m", Some(&["is"]), "v2"), "2027-03-31", "Msv3, Mdsv3"),
    // https://learn.microsoft.com/azure/virtual-machines/sizes/migration-guides/nv-series-retirement, nc-series-…,
    // ncv2-series-… and nd-series-retirement
    row("NV", ("nv", Some(&[""]), ""), "2023-09-06", "NVads A10 v5"),
    row("NC", ("nc", Some(&["", "r"]), ""), "2023-09-06", "NC A100 v4"),
    row("NCv2", ("nc", Some(&["s", "rs"]), "v2"), "2023-09-06", "NC A100 v4"),
    row("ND", ("nd", Some(&["s", "rs"]), ""), "2023-09-06", "NC A100 v4"),
    // https://learn.microsoft.com/azure/virtual-machines/ncv3-nc6s-nc12s-nc24s-retirement
    row("NCv3", ("nc", Some(&["s", "rs"]), "v3"), "2025-09-30", "NC A100 v4"),
    // https://azure.microsoft.com/updates?id=516070
    row("NVv3", ("nv", Some(&["s"]), "v3"), "2026-09-30", "NVads A10 v5"),
    row("NVv4", ("nv", Some(&["as"]), "v4"), "2026-09-30", "NVads A10 v5"),
    // https://azure.microsoft.com/updates?id=548497
    row("NP", ("np", Some(&["s"]), ""), "2027-05-31", ""),
    // https://azure.microsoft.com/updates/hbseries-azure-virtual-machines-will-be-retired-by-31-august-2024/
    row("HB", ("hb", Some(&["rs"]), ""), "2024-08-31", "HBv5, HBv4"),
    // https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/hbv2-series-retirement and hc-series-retirement
    row("HBv2", ("hb", Some(&["rs"]), "v2"), "2027-05-31", "HBv5, HBv4"),
    row("HC", ("hc", Some(&["rs"]), ""), "2027-05-31", "HBv5, HX"),
    // https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/dcsv2-series-retirement and dcsv3-series-retirement
    row("DCsv2", ("dc", Some(&["s"]), "v2"), "2026-06-30", "DCasv6, DCesv6"),
    row("DCas_cc_v5/DCads_cc_v5", ("dc", Some(&["as", "ads"]), "cc_v5"), "2026-09-01", "DCasv6, DCesv6"),
    row("ECas_cc_v5/ECads_cc_v5", ("ec", Some(&["as", "ads"]), "cc_v5"), "2026-09-01", "ECasv6, ECesv6"),
    row("DCsv3/DCdsv3", ("dc", Some(&["s", "ds"]), "v3"), "2029-10-31", "DCasv6, DCesv6"),
];

/// The series of a size (`Standard_DS11-1_v2`), if it is one that ends.
pub(crate) fn retired(size: &str) -> Option<&'static Retired> {
    let size = size.trim().to_ascii_lowercase();
    let name = size.strip_prefix("standard_").or_else(|| size.strip_prefix("basic_"))?;
    let name = name.strip_suffix("_promo").unwrap_or(name);
    // What has a third part (`nc4as_t4_v3`) is of a series of its own.
    let (name, version) = name.split_once('_').unwrap_or((name, ""));
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (family, rest) = name.split_at_checked(digits)?;
    let letters = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    RETIRED.iter().find(|row| {
        row.family == family && row.version == version && row.letters.is_none_or(|all| all.contains(&letters))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_apart() {
        for (size, expected) in [
            ("Basic_A1", Some("Av1")),
            ("Standard_A2", Some("Av1")),
            ("Standard_A2m_v2", Some("Av2/Amv2")),
            ("Standard_D2", Some("D")),
            ("Standard_DS11-1_v2", Some("Dsv2")),
            ("Standard_DS2_v2_Promo", Some("Dsv2")),
            ("standard_b2ms", Some("B (v1)")),
            ("Standard_NV6", Some("NV")),
            ("Standard_NV12s_v3", Some("NVv3")),
            ("Standard_NC24rs_v3", Some("NCv3")),
            ("Standard_M192is_v2", Some("M192is_v2")),
            ("Standard_HB120-16rs_v2", Some("HBv2")),
            ("Standard_HB60rs", Some("HB")),
            ("Standard_DC2s_v2", Some("DCsv2")),
            ("Standard_F2s_v2", Some("Fsv2")),
            ("Standard_D2s_v5", None),
            ("Standard_D2_v3", Some("Dv3")),
            ("Standard_E64is_v3", Some("Esv3")),
            ("Standard_E4-2s_v3", Some("Esv3")),
            ("Standard_DC4as_cc_v5", Some("DCas_cc_v5/DCads_cc_v5")),
            ("Standard_NP10s", Some("NP")),
            ("Standard_DC4as_v5", None),
            ("Standard_D2s_v4", None),
            ("Standard_B2s_v2", None),
            ("Standard_NC4as_T4_v3", None),
            ("Standard_NV6ads_A10_v5", None),
            ("Standard_M128ms", None),
            ("Standard_M192s_v2", None),
            ("Standard_FX4mds", None),
            ("Standard_L8s_v3", None),
            ("Standard", None),
            ("", None),
        ] {
            assert_eq!(retired(size).map(|row| row.series), expected, "{size}");
        }
    }

    #[test]
    fn ends_are_days() {
        for row in &RETIRED {
            assert_eq!(estate::Moment::parse(row.end).map(|end| end.day()).as_deref(), Some(row.end));
        }
    }
}
