//! How types differ in being written: which are done after the answer, with which states and statuses. All of it is as
//! recorded answers have it.

use super::address::Address;

/// Whether a type is written by an operation that goes on after the answer.
pub(crate) fn is_slow(address: &Address) -> bool {
    let kind = address.kind().to_ascii_lowercase();
    match address.provider.to_ascii_lowercase().as_str() {
        "microsoft.network" => !kind.starts_with("microsoft.network/networkmanagers"),
        "microsoft.compute" => true,
        "microsoft.recoveryservices" => {
            kind == "microsoft.recoveryservices/vaults" || kind.ends_with("/protecteditems")
        }
        _ => false,
    }
}

/// Types that have a `provisioningState` though they are done at once.
pub(crate) fn has_state(address: &Address) -> bool {
    is_slow(address) || address.is_of("Microsoft.Network") || address.is_of("Microsoft.DevTestLab")
}

/// What Azure mostly had done with the answer: 6 of 6 NICs that were made, 24 of 31 balancers that were changed.
fn is_quick(address: &Address, created: bool) -> bool {
    created && address.is("Microsoft.Network/networkInterfaces")
        || address.is("Microsoft.Network/loadBalancers")
}

/// The state that a PUT answers.
pub(crate) fn state_of_put(address: &Address, created: bool) -> &'static str {
    match address.provider.to_ascii_lowercase().as_str() {
        _ if !is_slow(address) || is_quick(address, created) => "Succeeded",
        "microsoft.compute" if created => "Creating",
        "microsoft.recoveryservices" => "Provisioning",
        _ => "Updating",
    }
}

/// The status that a PUT answers.
pub(crate) fn status_of_put(address: &Address, created: bool) -> u16 {
    let kind = address.kind().to_ascii_lowercase();
    let always_200 = [
        "microsoft.security/",
        "microsoft.insights/diagnosticsettings",
        "microsoft.network/networkmanagers",
        "microsoft.recoveryservices/vaults/backuppolicies",
        "microsoft.recoveryservices/vaults/backupconfig",
    ];
    if kind.ends_with("/protecteditems") {
        202
    } else if kind == "microsoft.devtestlab/schedules" {
        201
    } else if !created || always_200.iter().any(|begin| kind.starts_with(begin)) {
        200
    } else {
        201
    }
}

/// The status that a DELETE of what is there answers.
pub(crate) fn status_of_delete(address: &Address) -> u16 {
    if is_slow(address) {
        202
    } else if address.is("Microsoft.Security/alertsSuppressionRules") {
        204
    } else {
        200
    }
}

/// What messages call the operation.
pub(crate) fn name_of(address: &Address, method: &str) -> &'static str {
    let kind = address.kind().to_ascii_lowercase();
    match (method, kind.as_str()) {
        ("DELETE", "microsoft.network/networksecuritygroups/securityrules") => "DeleteSecurityRuleOperation",
        (_, "microsoft.network/networksecuritygroups/securityrules") => "PutSecurityRuleOperation",
        ("DELETE", "microsoft.network/networksecuritygroups") => "DeleteNetworkSecurityGroupOperation",
        (_, "microsoft.network/networksecuritygroups") => "PutNetworkSecurityGroupOperation",
        (_, "microsoft.network/virtualnetworks/subnets") => "PutSubnetOperation",
        (_, "microsoft.network/loadbalancers") => "PutLoadBalancerOperation",
        (_, "microsoft.network/networkinterfaces") => "PutNicOperation",
        (_, "microsoft.compute/virtualmachines/extensions") => "ExtensionOperation",
        (_, "microsoft.compute/virtualmachines") => "VirtualMachineOperation",
        _ => "ResourceOperation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_answered_as_azure_answers_them() {
        let said = |path: &str| {
            let address =
                Address::read(&format!("/subscriptions/s/resourceGroups/g/providers/{path}")).unwrap();
            (
                status_of_put(&address, true),
                status_of_put(&address, false),
                status_of_delete(&address),
                state_of_put(&address, true),
            )
        };
        assert_eq!(
            said("Microsoft.Network/networkSecurityGroups/n/securityRules/r"),
            (201, 200, 202, "Updating")
        );
        assert_eq!(said("Microsoft.Compute/virtualMachines/v/extensions/e"), (201, 200, 202, "Creating"));
        assert_eq!(said("Microsoft.Network/networkInterfaces/n"), (201, 200, 202, "Succeeded"));
        assert_eq!(said("Microsoft.Security/pricings/VirtualMachines"), (200, 200, 200, "Succeeded"));
        assert_eq!(said("Microsoft.Authorization/locks/l"), (201, 200, 200, "Succeeded"));
        assert_eq!(
            said(
                "Microsoft.RecoveryServices/vaults/v/backupFabrics/a/protectionContainers/b/protectedItems/c"
            ),
            (202, 202, 202, "Provisioning")
        );
    }
}
