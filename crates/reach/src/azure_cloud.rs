//! A small part of the `AzureCloud` service tags: one prefix of each region.
//!
//! A rule that lets `AzureCloud` in lets every customer of Azure in. These prefixes are certainly
//! in the tags, so such a rule is proved open with a packet; the rest of the tags is unknown to
//! this build. From Microsoft's published list of the public cloud, change number 374 (2025-10).

/// Some prefixes that the tag with this lower-case name certainly holds.
pub(crate) fn sample(tag: &str) -> &'static [&'static str] {
    let region = match tag.strip_prefix("azurecloud") {
        Some("") => "japaneast",
        Some(region) => region.trim_start_matches('.'),
        None => return &[],
    };
    let found = REGIONS.binary_search_by_key(&region, |(name, _)| name);
    found.ok().and_then(|index| REGIONS.get(index)).map_or(&[], |(_, prefix)| std::slice::from_ref(prefix))
}

const REGIONS: [(&str, &str); 71] = [
    ("australiacentral", "4.199.128.0/17"),
    ("australiacentral2", "4.254.128.0/17"),
    ("australiaeast", "4.196.0.0/15"),
    ("australiasoutheast", "4.199.0.0/17"),
    ("austriaeast", "68.210.0.0/17"),
    ("belgiumcentral", "9.160.0.0/17"),
    ("brazilne", "23.97.112.224/27"),
    ("brazilse", "108.140.0.0/16"),
    ("brazilsouth", "4.160.0.0/16"),
    ("canadacentral", "4.172.0.0/15"),
    ("canadaeast", "4.229.0.0/17"),
    ("centralfrance", "4.176.0.0/16"),
    ("centralindia", "4.186.0.0/16"),
    ("centralus", "172.168.0.0/15"),
    ("centraluseuap", "134.138.128.0/17"),
    ("chilec", "57.156.0.0/17"),
    ("eastasia", "4.191.0.0/16"),
    ("eastus", "4.156.0.0/15"),
    ("eastus2", "4.152.0.0/15"),
    ("eastus2euap", "20.1.0.0/17"),
    ("germanyn", "20.113.192.0/18"),
    ("germanywc", "4.182.0.0/16"),
    ("indonesiacentral", "48.193.0.0/17"),
    ("israelcentral", "51.4.0.0/17"),
    ("israelnorthwest", "51.4.128.0/17"),
    ("italynorth", "9.235.0.0/16"),
    ("japaneast", "4.214.0.0/15"),
    ("japanwest", "4.190.128.0/17"),
    ("jioindiacentral", "4.240.128.0/17"),
    ("jioindiawest", "20.244.128.0/17"),
    ("koreacentral", "4.181.0.0/16"),
    ("koreasouth", "4.243.0.0/16"),
    ("malaysiasouth", "85.211.0.0/17"),
    ("malaysiawest", "85.211.128.0/17"),
    ("mexicocentral", "68.155.0.0/16"),
    ("newzealandnorth", "172.204.0.0/16"),
    ("northcentralus", "40.116.0.0/16"),
    ("northeurope", "4.208.0.0/15"),
    ("northeurope2", "40.80.4.0/22"),
    ("norwaye", "4.177.0.0/16"),
    ("norwayw", "4.220.128.0/17"),
    ("polandcentral", "20.215.0.0/16"),
    ("qatarcentral", "4.170.0.0/15"),
    ("southafricanorth", "4.167.0.0/16"),
    ("southafricawest", "172.209.0.0/17"),
    ("southcentralus", "13.84.0.0/15"),
    ("southcentralus2", "48.216.0.0/17"),
    ("southeastasia", "4.145.0.0/16"),
    ("southeastus", "68.154.128.0/17"),
    ("southeastus3", "74.7.0.0/17"),
    ("southfrance", "98.65.0.0/16"),
    ("southindia", "74.224.0.0/16"),
    ("spaincentral", "68.221.0.0/16"),
    ("swedencentral", "4.165.0.0/16"),
    ("swedensouth", "20.91.0.0/17"),
    ("switzerlandn", "4.163.0.0/16"),
    ("switzerlandw", "4.226.128.0/17"),
    ("taiwannorth", "70.157.0.0/16"),
    ("taiwannorthwest", "167.105.128.0/17"),
    ("uaecentral", "74.243.0.0/17"),
    ("uaenorth", "4.161.0.0/16"),
    ("uksouth", "4.158.0.0/15"),
    ("ukwest", "172.186.0.0/16"),
    ("usstagec", "57.152.128.0/17"),
    ("usstagee", "20.99.0.0/17"),
    ("westcentralus", "52.161.0.0/16"),
    ("westeurope", "13.80.0.0/15"),
    ("westindia", "57.159.128.0/17"),
    ("westus", "172.184.0.0/15"),
    ("westus2", "4.154.0.0/15"),
    ("westus3", "172.180.0.0/15"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(REGIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(sample("azurecloud.westeurope").len(), 1);
        assert!(sample("azurecloud.atlantis").is_empty());
        assert!(sample("storage").is_empty());
    }
}
