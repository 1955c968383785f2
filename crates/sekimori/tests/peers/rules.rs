//! Which check of ours judges what a rule of a peer judges.

/// How we judge what a rule of a peer judges.
pub(crate) enum Ours {
    /// By a check.
    Check(&'static str),
    /// By a check of a machine with a public address behind the group.
    Behind(&'static str),
    /// By a check of a machine that has the NIC.
    At(&'static str),
    /// By asking whether the internet reaches a port through the group.
    Port(u16),
    /// Not by these checks; docs/peers.md says why.
    Elsewhere,
}

use Ours::{At, Behind, Check, Elsewhere, Port};

/// Every rule of a peer in the fixtures that is about machines and networks.
pub(crate) const RULES: [(&str, Ours); 62] = [
    ("CKV_AZURE_1", Check("ACC002")),
    ("CKV_AZURE_49", Check("ACC002")),
    ("CKV_AZURE_149", Check("ACC002")),
    ("CKV_AZURE_178", Check("ACC002")),
    ("AZU-0039", Check("ACC002")),
    ("Azure Instance Using Basic Authentication", Check("ACC002")),
    ("CKV_AZURE_2", Elsewhere),
    ("Azure Managed Disk Without Encryption", Elsewhere),
    ("CKV_AZURE_93", Check("ENC003")),
    ("AZU-0038", Elsewhere),
    ("CKV_AZURE_97", Check("ENC001")),
    ("CKV_AZURE_151", Check("ENC001")),
    ("CKV_AZURE_92", Check("ENC007")),
    ("CKV_AZURE_251", Check("ENC006")),
    ("CKV2_AZURE_14", Elsewhere),
    ("CKV_AZURE_95", Check("UPD001")),
    ("CKV_AZURE_177", Check("UPD001")),
    ("CKV_AZURE_45", Check("HRD010")),
    ("CKV_AZURE_50", Elsewhere),
    ("CKV2_AZURE_10", Check("MAL001")),
    ("CKV_AZURE_9", Port(3389)),
    ("CKV_AZURE_10", Port(22)),
    ("CKV_AZURE_160", Port(80)),
    ("CKV_AZURE_77", Behind("NET003")),
    ("Network Security Group With Unrestricted Access To RDP", Port(3389)),
    ("Network Security Group With Unrestricted Access To SSH", Port(22)),
    ("AZU-0047", Behind("NET001")),
    ("AZU-0048", Port(3389)),
    ("AZU-0050", Port(22)),
    ("AZU-0051", Behind("NET010")),
    ("CKV2_AZURE_31", Check("NET013")),
    ("CKV_AZURE_119", At("NET004")),
    ("AZU-0076", At("NET004")),
    ("AZU-0068", Check("NET006")),
    ("AZU-0074", Behind("NET002")),
    ("AZU-0075", At("NET012")),
    ("CKV_AZURE_12", Check("NET016")),
    ("AZU-0049", Check("NET016")),
    ("CKV_AZURE_19", Check("DEF001")),
    ("CKV_AZURE_79", Elsewhere),
    ("CKV_AZURE_234", Elsewhere),
    ("AZU-0045", Check("DEF001")),
    ("CKV_AZURE_20", Check("DEF003")),
    ("CKV_AZURE_21", Check("DEF003")),
    ("CKV_AZURE_22", Check("DEF003")),
    ("AZU-0044", Check("DEF003")),
    ("AZU-0062", Check("DEF003")),
    ("AZU-0063", Check("DEF003")),
    ("AZU-0064", Check("DEF003")),
    ("AZU-0037", Check("HRD010")),
    ("CKV_AZURE_39", Elsewhere),
    ("AZU-0030", Elsewhere),
    ("AZU-0052", Elsewhere),
    ("Bastion host exists", Check("NET019")),
    ("VM has a public IP on a NIC", Check("NET004")),
    ("VM protected by Azure Backup", Check("BKP001")),
    ("assessment parsed", Elsewhere),
    ("recorded pricings: peer filter selects exactly 1", Elsewhere),
    ("all inbound ports allowed", Elsewhere),
    ("effective inbound", Elsewhere),
    ("effective outbound", Elsewhere),
    ("flow", Elsewhere),
];

/// How we judge a rule.
pub(crate) fn ours(rule: &str) -> &'static Ours {
    let known = |name: &str| rule == name || name.starts_with("effective") && rule.starts_with(name);
    let found = RULES.iter().find(|(name, _)| known(name));
    &found.unwrap_or_else(|| panic!("no mapping for {rule}")).1
}

/// Where we say otherwise than a peer, or nothing: by rule and a part of the file and resource, what we say (nothing where
/// the check is not about the resource), and why.
pub(crate) const DIFFERS: [(&str, &str, &str, &str); 25] = [
    ("CKV_AZURE_12", "FAILED3", "pass", "a log whose retention is switched off is kept for ever"),
    ("CKV_AZURE_12", "FAILED4", "pass", "a log whose retention is switched off is kept for ever"),
    (
        "CKV_AZURE_92",
        "fail2.json Microsoft.Compute/virtualMachines.fail-windows",
        "pass",
        "ENC007 is about the disk that a machine starts from; the data disk here is a managed disk and a blob at once, which Azure refuses",
    ),
    (
        "CKV2_AZURE_10",
        "bad_2",
        "pass",
        "the extension is there; MAL001 does not ask whether its minor version is kept new",
    ),
    (
        "CKV_AZURE_178",
        "virtual_machine.fail",
        "pass",
        "the provider switches passwords off unless it is told otherwise; without a key nobody signs in",
    ),
    (
        "CKV_AZURE_178",
        "scale_set.fail",
        "pass",
        "the provider switches passwords off unless it is told otherwise; without a key nobody signs in",
    ),
    (
        "AZU-0051",
        "good0",
        "fail",
        "the rule allows a network, and the default rule of every group lets out to anywhere else",
    ),
    ("AZU-0062", "bad1", "pass", "no address, but owners hear of alerts"),
    ("AZU-0063", "bad1", "pass", "owners do not hear of alerts, but an address does"),
    (
        "CKV_AZURE_93",
        "disks.",
        "",
        "keys are judged of disks of machines; ENC004 speaks of disks that belong to none",
    ),
    (
        "CKV_AZURE_93",
        "azurerm_managed_disk.",
        "",
        "keys are judged of disks of machines; ENC004 speaks of disks that belong to none",
    ),
    (
        "CKV_AZURE_160",
        "RULE-1Pass-1Fail",
        "unknown",
        "whether the rule is deployed depends on a parameter without a value",
    ),
    (
        "CKV_AZURE_95",
        "ScaleSetsAutoOSImage",
        "",
        "UPD001 is about machines: images of scale sets are replaced, not patched",
    ),
    (
        "CKV_AZURE_177",
        "virtualMachineScaleSets.",
        "",
        "UPD001 is about machines: images of scale sets are replaced, not patched",
    ),
    (
        "CKV_AZURE_177",
        "scale_set.",
        "",
        "UPD001 is about machines: images of scale sets are replaced, not patched",
    ),
    (
        "CKV_AZURE_177",
        "virtualMachines.missing",
        "unknown",
        "its image is named by variables that the template does not have",
    ),
    (
        "CKV2_AZURE_10",
        "bad_",
        "unknown",
        "no known extension, and nobody told whether protection that comes with the system is on",
    ),
    ("CKV2_AZURE_31", "azurerm_subnet.pass", "", "delegated subnets hold services, not machines"),
    ("CKV_AZURE_77", "fail3", "unknown", "the source is written as Azure does not take it"),
    ("CKV_AZURE_77", "fail4", "unknown", "the source is written as Azure does not take it"),
    (
        "CKV_AZURE_45",
        "azurerm_virtual_machine.no_secret",
        "unknown",
        "start-up data of a plan is kept secret, and not read",
    ),
    (
        "CKV_AZURE_45",
        "azurerm_virtual_machine.secret",
        "unknown",
        "start-up data of a plan is kept secret, and not read",
    ),
    ("AZU-0037", "bad0", "unknown", "start-up data of a plan is kept secret, and not read"),
    ("AZU-0068", "bad", "unknown", "the subnet is not in the plan, and may have a group"),
    ("AZU-0039", "good1", "unknown", "the machine has no disk, which the provider requires"),
];
