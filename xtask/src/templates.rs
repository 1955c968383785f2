//! The same machines as an ARM template and as a Terraform plan: what checking them takes, and what it takes Checkov.
//!
//! Each machine has a NIC, a public address and a group of its own, in one network. The files are the same each time.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::bench::{Cost, measure, megabytes};
use crate::peers;
use crate::shell::{cargo, root, run, say};

/// How many machines there are.
const MACHINES: u32 = 1_000;

/// One machine of so many lets everybody in by SSH.
const OPEN_EVERY: u32 = 50;

/// How often each program reads each file; the best run counts.
const RUNS: usize = 3;

/// A program that reads the same files.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Checkov, from PyPI into a folder below `target`
    Checkov,
}

/// How the machines are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// An ARM template
    Arm,
    /// A Terraform plan, as `terraform show -json` prints it
    Terraform,
}

impl Form {
    /// What people call it, what Checkov calls it, and its file.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Arm => ("ARM template", "arm", "machines.template.json"),
            Self::Terraform => ("Terraform plan", "terraform_plan", "machines.plan.json"),
        }
    }

    /// Writes the machines.
    pub(crate) fn write(self, path: &Path) -> Result<()> {
        match self {
            Self::Arm => arm(path),
            Self::Terraform => terraform(path),
        }
    }
}

/// The table of both files.
pub(crate) fn templates(bin: &Path, peer: Option<Peer>) -> Result<String> {
    let checkov = match peer {
        Some(Peer::Checkov) => Some(peers::checkov()?),
        None => None,
    };
    let beside = checkov.as_ref().map_or_else(String::new, |(_, version)| {
        format!(" Beside it Checkov {version} on the same file, in turns, with all its checks of that form.")
    });
    let mut table = format!(
        "\nA template and a plan of {MACHINES} machines, each with a NIC, a public address and a group of its own; whole \
         processes, best of {RUNS} runs.{beside}\n\n| file | size | sekimori check | peak memory | Checkov | peak memory | × |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for form in Form::value_variants() {
        let (title, framework, file) = form.names();
        let path = root().join("target").join(file);
        form.write(&path)?;
        let size = std::fs::metadata(&path)?.len();
        check_counts(bin, &path)?;
        let name = path.display().to_string();
        let own = ["check", &name, "--no-config", "--format", "json"];
        let other =
            ["-f", &name, "--framework", framework, "--skip-download", "--quiet", "--compact", "-o", "json"];
        let (mut ours, mut theirs): (Option<Cost>, Option<Cost>) = (None, None);
        for _ in 0..RUNS {
            keep(&mut ours, measure(&bin.join("sekimori"), &own)?);
            if let Some((program, _)) = &checkov {
                keep(&mut theirs, measure(program, &other)?);
            }
        }
        let Some(ours) = ours else { continue };
        write!(
            table,
            "| {} | {:.1} MB | {:.3} s | {} |",
            title,
            size as f64 / 1e6,
            ours.wall.as_secs_f64(),
            megabytes(ours.memory)
        )?;
        match theirs {
            Some(theirs) => writeln!(
                table,
                " {:.1} s | {} | {:.0} |",
                theirs.wall.as_secs_f64(),
                megabytes(theirs.memory),
                theirs.wall.as_secs_f64() / ours.wall.as_secs_f64()
            )?,
            None => writeln!(table, " – | – | – |")?,
        }
    }
    Ok(table)
}

/// Templates alone, told and not written.
pub(crate) fn of_templates(peer: Option<Peer>) -> Result<String> {
    run(&cargo(), &["build", "--release", "--locked", "-p", "sekimori"])?;
    templates(&root().join("target/release"), peer)
}

fn keep(best: &mut Option<Cost>, cost: Cost) {
    if best.is_none_or(|best| cost.wall < best.wall) {
        *best = Some(cost);
    }
}

/// The check has to find the machines that are open, exactly.
fn check_counts(bin: &Path, file: &Path) -> Result<()> {
    let output = Command::new(bin.join("sekimori"))
        .args(["check", &file.display().to_string(), "--no-config", "--select", "NET001", "--format", "json"])
        .output()?;
    let report: Value = serde_json::from_slice(&output.stdout).context("the check wrote no JSON")?;
    let found = report.pointer("/summary/fail").and_then(Value::as_u64);
    let open = u64::from(MACHINES.div_ceil(OPEN_EVERY));
    if found != Some(open) {
        bail!("{open} machines of {} are open and the check found {found:?}", file.display());
    }
    say(&format!(
        "{}: {open} of {MACHINES} machines are open, and a check finds exactly these",
        file.display()
    ));
    Ok(())
}

/// Where administrators come from.
fn source(number: u32) -> &'static str {
    if number.is_multiple_of(OPEN_EVERY) { "*" } else { "203.0.113.0/24" }
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMadeUpMadeUpMadeUpMadeUpMadeUpMadeUpMadeU kaede-1874";

/// Writes the template: every resource for itself, as tools that make templates write them.
fn arm(path: &Path) -> Result<()> {
    let mut resources = vec![json!({
        "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[variables('network')]",
        "location": "[parameters('location')]", "tags": "[variables('tags')]",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "machines", "properties": {"addressPrefix": "10.0.0.0/20"}}]}})];
    for number in 0..MACHINES {
        resources.extend(arm_machine(number));
    }
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "location": {"type": "string", "defaultValue": "[resourceGroup().location]", "metadata": {"description": "Where machines stand."}},
            "size": {"type": "string", "defaultValue": "Standard_D2s_v5"},
            "adminUsername": {"type": "string", "defaultValue": "kaede-1874"},
            "publicKey": {"type": "string", "defaultValue": KEY}},
        "variables": {
            "network": "machines-vnet", "tags": {"env": "prod", "owner": "platform"},
            "subnet": "[resourceId('Microsoft.Network/virtualNetworks/subnets', variables('network'), 'machines')]"},
        "resources": resources});
    write_json(path, &template)
}

fn arm_machine(number: u32) -> [Value; 4] {
    let name = |end: &str| format!("vm-{number:04}{end}");
    let id = |kind: &str, end: &str| format!("[resourceId('Microsoft.Network/{kind}', '{}')]", name(end));
    let (location, tags) = ("[parameters('location')]", "[variables('tags')]");
    let rule = |name: &str, priority: u32, access: &str, source: &str, port: &str| {
        json!({"name": name, "properties": {"priority": priority, "direction": "Inbound", "access": access,
            "protocol": "Tcp", "sourceAddressPrefix": source, "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": port}})
    };
    [
        json!({"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": name("-nsg"),
            "location": location, "tags": tags,
            "properties": {"securityRules": [rule("ssh", 300, "Allow", source(number), "22"),
                rule("web", 310, "Allow", "AzureLoadBalancer", "443"), rule("rest", 4000, "Deny", "*", "*")]}}),
        json!({"type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2024-05-01", "name": name("-ip"),
            "location": location, "tags": tags, "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"}}),
        json!({"type": "Microsoft.Network/networkInterfaces", "apiVersion": "2024-05-01", "name": name("-nic"),
            "location": location, "tags": tags,
            "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', variables('network'))]",
                id("networkSecurityGroups", "-nsg"), id("publicIPAddresses", "-ip")],
            "properties": {"networkSecurityGroup": {"id": id("networkSecurityGroups", "-nsg")},
                "ipConfigurations": [{"name": "ipconfig1", "properties": {"subnet": {"id": "[variables('subnet')]"},
                    "privateIPAllocationMethod": "Dynamic", "publicIPAddress": {"id": id("publicIPAddresses", "-ip")}}}]}}),
        json!({"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2024-07-01", "name": name(""),
            "location": location, "tags": tags, "identity": {"type": "SystemAssigned"},
            "dependsOn": [id("networkInterfaces", "-nic")],
            "properties": {"hardwareProfile": {"vmSize": "[parameters('size')]"},
                "osProfile": {"computerName": name(""), "adminUsername": "[parameters('adminUsername')]",
                    "linuxConfiguration": {"disablePasswordAuthentication": true,
                        "ssh": {"publicKeys": [{"path": "[format('/home/{0}/.ssh/authorized_keys', parameters('adminUsername'))]",
                            "keyData": "[parameters('publicKey')]"}]},
                        "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}}},
                "storageProfile": {"imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
                    "osDisk": {"name": name("-os"), "createOption": "FromImage", "diskSizeGB": 64, "managedDisk": {"storageAccountType": "Premium_LRS"}}},
                "securityProfile": {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": true, "vTpmEnabled": true}},
                "networkProfile": {"networkInterfaces": [{"id": id("networkInterfaces", "-nic"), "properties": {"deleteOption": "Delete"}}]},
                "diagnosticsProfile": {"bootDiagnostics": {"enabled": true}}}}),
    ]
}

/// A resource of the plan: its values, and what is known only once it is there.
struct Planned {
    kind: &'static str,
    name: &'static str,
    index: Option<u32>,
    values: Value,
    unknown: Value,
}

/// Writes the plan as `terraform show -json` prints it: machines made by `count`.
fn terraform(path: &Path) -> Result<()> {
    let mut all = vec![
        planned(
            "azurerm_resource_group",
            "machines",
            None,
            json!({"location": "japaneast", "managed_by": null, "name": "machines", "tags": null, "timeouts": null}),
            json!({"id": true}),
        ),
        planned(
            "azurerm_virtual_network",
            "machines",
            None,
            json!({"address_space": ["10.0.0.0/16"], "bgp_community": null, "ddos_protection_plan": [], "edge_zone": null, "encryption": [], "flow_timeout_in_minutes": null, "location": "japaneast", "name": "machines-vnet", "resource_group_name": "machines", "tags": {"env": "prod"}, "timeouts": null}),
            json!({"dns_servers": true, "guid": true, "id": true, "subnet": true}),
        ),
        planned(
            "azurerm_subnet",
            "machines",
            None,
            json!({"address_prefixes": ["10.0.0.0/20"], "default_outbound_access_enabled": true, "delegation": [], "name": "machines", "private_endpoint_network_policies": "Disabled", "private_link_service_network_policies_enabled": true, "resource_group_name": "machines", "service_endpoints": null, "timeouts": null, "virtual_network_name": "machines-vnet"}),
            json!({"id": true}),
        ),
    ];
    for number in 0..MACHINES {
        all.extend(terraform_machine(number));
    }
    let address = |one: &Planned| match one.index {
        Some(index) => format!("{}.{}[{index}]", one.kind, one.name),
        None => format!("{}.{}", one.kind, one.name),
    };
    let provider = "registry.terraform.io/hashicorp/azurerm";
    let (mut values, mut changes) = (Vec::new(), Vec::new());
    for one in &all {
        let mut head = json!({"address": address(one), "mode": "managed", "type": one.kind, "name": one.name, "provider_name": provider});
        if let (Some(index), Some(head)) = (one.index, head.as_object_mut()) {
            head.insert("index".to_owned(), index.into());
        }
        let with = |name: &str, value: Value| {
            let mut made = head.clone();
            if let Some(made) = made.as_object_mut() {
                made.insert(name.to_owned(), value);
            }
            made
        };
        let mut value = with("values", one.values.clone());
        if let Some(value) = value.as_object_mut() {
            value.insert("schema_version".to_owned(), 0.into());
            value.insert("sensitive_values".to_owned(), json!({}));
        }
        values.push(value);
        let change = json!({"actions": ["create"], "before": null, "after": one.values, "after_unknown": one.unknown,
            "before_sensitive": false, "after_sensitive": {}});
        changes.push(with("change", change));
    }
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.13.4",
        "planned_values": {"root_module": {"resources": values}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": {"azurerm": {"name": "azurerm", "full_name": provider, "version_constraint": "4.50.0",
                "expressions": {"features": [{}]}}},
            "root_module": {"resources": configured()}},
        "timestamp": "2026-11-27T00:00:00Z", "applyable": true, "complete": true, "errored": false});
    write_json(path, &plan)
}

fn planned(
    kind: &'static str,
    name: &'static str,
    index: Option<u32>,
    values: Value,
    unknown: Value,
) -> Planned {
    Planned { kind, name, index, values, unknown }
}

fn terraform_machine(number: u32) -> [Planned; 5] {
    let name = |end: &str| format!("vm-{number:04}{end}");
    let rule = |name: &str, priority: u32, access: &str, source: &str, port: &str| {
        json!({"access": access, "description": "", "destination_address_prefix": "*", "destination_address_prefixes": [],
            "destination_application_security_group_ids": [], "destination_port_range": port, "destination_port_ranges": [],
            "direction": "Inbound", "name": name, "priority": priority, "protocol": "Tcp", "source_address_prefix": source,
            "source_address_prefixes": [], "source_application_security_group_ids": [], "source_port_range": "*", "source_port_ranges": []})
    };
    let common = |name: String, more: Value| {
        let mut all = json!({"name": name, "location": "japaneast", "resource_group_name": "machines", "tags": {"env": "prod", "owner": "platform"}, "timeouts": null});
        if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
            all.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        all
    };
    let at = Some(number);
    [
        planned(
            "azurerm_network_security_group",
            "machine",
            at,
            common(
                name("-nsg"),
                json!({"security_rule": [
            rule("ssh", 300, "Allow", source(number), "22"), rule("web", 310, "Allow", "AzureLoadBalancer", "443"), rule("rest", 4000, "Deny", "*", "*")]}),
            ),
            json!({"id": true, "security_rule": [{}, {}, {}]}),
        ),
        planned(
            "azurerm_public_ip",
            "machine",
            at,
            common(
                name("-ip"),
                json!({"allocation_method": "Static", "ddos_protection_mode": "VirtualNetworkInherited",
            "ddos_protection_plan_id": null, "domain_name_label": null, "edge_zone": null, "idle_timeout_in_minutes": 4, "ip_tags": null, "ip_version": "IPv4",
            "public_ip_prefix_id": null, "reverse_fqdn": null, "sku": "Standard", "sku_tier": "Regional", "zones": null}),
            ),
            json!({"fqdn": true, "id": true, "ip_address": true}),
        ),
        planned(
            "azurerm_network_interface",
            "machine",
            at,
            common(
                name("-nic"),
                json!({"accelerated_networking_enabled": false, "auxiliary_mode": null,
            "auxiliary_sku": null, "dns_servers": null, "edge_zone": null, "ip_forwarding_enabled": false,
            "ip_configuration": [{"gateway_load_balancer_frontend_ip_configuration_id": null, "name": "ipconfig1",
                "private_ip_address_allocation": "Dynamic", "private_ip_address_version": "IPv4"}]}),
            ),
            json!({"applied_dns_servers": true, "id": true, "internal_domain_name_suffix": true, "ip_configuration": [{"primary": true, "private_ip_address": true,
                "public_ip_address_id": true, "subnet_id": true}], "mac_address": true, "private_ip_address": true, "private_ip_addresses": true, "virtual_machine_id": true}),
        ),
        planned(
            "azurerm_network_interface_security_group_association",
            "machine",
            at,
            json!({"timeouts": null}),
            json!({"id": true, "network_interface_id": true, "network_security_group_id": true}),
        ),
        planned(
            "azurerm_linux_virtual_machine",
            "machine",
            at,
            common(
                name(""),
                json!({"additional_capabilities": [], "admin_password": null,
            "admin_ssh_key": [{"public_key": KEY, "username": "kaede-1874"}], "admin_username": "kaede-1874", "allow_extension_operations": true,
            "availability_set_id": null, "boot_diagnostics": [{"storage_account_uri": null}], "bypass_platform_safety_checks_on_user_schedule_enabled": false,
            "capacity_reservation_group_id": null, "custom_data": null, "dedicated_host_group_id": null, "dedicated_host_id": null,
            "disable_password_authentication": true, "edge_zone": null, "encryption_at_host_enabled": true, "eviction_policy": null,
            "extensions_time_budget": "PT1H30M", "gallery_application": [], "identity": [{"identity_ids": null, "type": "SystemAssigned"}], "license_type": null,
            "max_bid_price": -1, "os_disk": [{"caching": "ReadWrite", "diff_disk_settings": [], "disk_encryption_set_id": null, "disk_size_gb": 64,
                "name": name("-os"), "secure_vm_disk_encryption_set_id": null, "security_encryption_type": null, "storage_account_type": "Premium_LRS", "write_accelerator_enabled": false}],
            "os_image_notification": [], "patch_assessment_mode": "AutomaticByPlatform", "patch_mode": "AutomaticByPlatform", "plan": [], "priority": "Regular",
            "provision_vm_agent": true, "proximity_placement_group_id": null, "reboot_setting": null, "secret": [], "secure_boot_enabled": true, "size": "Standard_D2s_v5",
            "source_image_id": null, "source_image_reference": [{"offer": "ubuntu-24_04-lts", "publisher": "Canonical", "sku": "server", "version": "latest"}],
            "termination_notification": [], "user_data": null, "virtual_machine_scale_set_id": null, "vtpm_enabled": true, "zone": null}),
            ),
            json!({"computer_name": true, "id": true, "identity": [{"principal_id": true, "tenant_id": true}], "network_interface_ids": true,
                "os_disk": [{"id": true}], "private_ip_address": true, "private_ip_addresses": true, "public_ip_address": true, "public_ip_addresses": true,
                "virtual_machine_id": true}),
        ),
    ]
}

/// What the configuration says: which resource takes its ids from which.
fn configured() -> Vec<Value> {
    let one = |kind: &str, name: &str, expressions: Value, counted: bool| {
        let mut made = json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
            "provider_config_key": "azurerm", "expressions": expressions, "schema_version": 0});
        if let (true, Some(made)) = (counted, made.as_object_mut()) {
            made.insert("count_expression".to_owned(), json!({"constant_value": MACHINES}));
        }
        made
    };
    let of =
        |what: &str| json!({"references": [format!("{what}.machines.name"), format!("{what}.machines")]});
    let own = |kind: &str| json!({"references": [format!("{kind}.machine"), "count.index"]});
    let (group, here) = (of("azurerm_resource_group"), json!({"constant_value": "japaneast"}));
    let named = |end: &str| json!({"references": ["count.index"], "constant_value": null, "name": end});
    vec![
        one(
            "azurerm_resource_group",
            "machines",
            json!({"location": here, "name": {"constant_value": "machines"}}),
            false,
        ),
        one(
            "azurerm_virtual_network",
            "machines",
            json!({"name": {"constant_value": "machines-vnet"}, "location": here, "resource_group_name": group}),
            false,
        ),
        one(
            "azurerm_subnet",
            "machines",
            json!({"name": {"constant_value": "machines"}, "resource_group_name": group,
            "virtual_network_name": of("azurerm_virtual_network")}),
            false,
        ),
        one(
            "azurerm_network_security_group",
            "machine",
            json!({"name": named("-nsg"), "resource_group_name": group}),
            true,
        ),
        one(
            "azurerm_public_ip",
            "machine",
            json!({"name": named("-ip"), "resource_group_name": group}),
            true,
        ),
        one(
            "azurerm_network_interface",
            "machine",
            json!({"name": named("-nic"), "resource_group_name": group,
            "ip_configuration": [{"name": {"constant_value": "ipconfig1"}, "subnet_id": {"references": ["azurerm_subnet.machines.id", "azurerm_subnet.machines"]},
                "public_ip_address_id": own("azurerm_public_ip")}]}),
            true,
        ),
        one(
            "azurerm_network_interface_security_group_association",
            "machine",
            json!({"network_interface_id": own("azurerm_network_interface"),
            "network_security_group_id": own("azurerm_network_security_group")}),
            true,
        ),
        one(
            "azurerm_linux_virtual_machine",
            "machine",
            json!({"name": named(""), "resource_group_name": group,
            "network_interface_ids": own("azurerm_network_interface")}),
            true,
        ),
    ]
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    serde_json::to_writer_pretty(&mut out, value)?;
    out.flush()?;
    Ok(())
}
