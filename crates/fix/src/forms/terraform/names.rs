//! Members of Azure's resources under the names that azurerm 4 gives them.

/// Members of VMs: Azure's path, azurerm's name, and the system whose VMs alone have it.
pub(in crate::forms) const MACHINE: [(&str, &str, Option<&str>); 14] = [
    ("properties/osProfile/linuxConfiguration/patchSettings/patchMode", "patch_mode", Some("linux")),
    ("properties/osProfile/windowsConfiguration/patchSettings/patchMode", "patch_mode", Some("windows")),
    (
        "properties/osProfile/linuxConfiguration/patchSettings/assessmentMode",
        "patch_assessment_mode",
        Some("linux"),
    ),
    (
        "properties/osProfile/windowsConfiguration/patchSettings/assessmentMode",
        "patch_assessment_mode",
        Some("windows"),
    ),
    (
        "properties/osProfile/linuxConfiguration/patchSettings/automaticByPlatformSettings/rebootSetting",
        "reboot_setting",
        Some("linux"),
    ),
    (
        "properties/osProfile/windowsConfiguration/patchSettings/automaticByPlatformSettings/rebootSetting",
        "reboot_setting",
        Some("windows"),
    ),
    (
        "properties/osProfile/linuxConfiguration/patchSettings/automaticByPlatformSettings/bypassPlatformSafetyChecksOnUserSchedule",
        "bypass_platform_safety_checks_on_user_schedule_enabled",
        Some("linux"),
    ),
    (
        "properties/osProfile/windowsConfiguration/patchSettings/automaticByPlatformSettings/bypassPlatformSafetyChecksOnUserSchedule",
        "bypass_platform_safety_checks_on_user_schedule_enabled",
        Some("windows"),
    ),
    (
        "properties/osProfile/linuxConfiguration/disablePasswordAuthentication",
        "disable_password_authentication",
        Some("linux"),
    ),
    (
        "properties/osProfile/windowsConfiguration/enableAutomaticUpdates",
        "automatic_updates_enabled",
        Some("windows"),
    ),
    ("properties/osProfile/allowExtensionOperations", "allow_extension_operations", None),
    ("properties/securityProfile/encryptionAtHost", "encryption_at_host_enabled", None),
    ("properties/securityProfile/uefiSettings/secureBootEnabled", "secure_boot_enabled", None),
    ("properties/securityProfile/uefiSettings/vTpmEnabled", "vtpm_enabled", None),
];
