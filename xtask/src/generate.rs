//! A made-up estate of any size, as a snapshot: one ARM resource a line, as Resource Graph gives it.
//!
//! Every 50th VM (or as asked) is open to the internet, by a rule of a group of its own; the others share a group
//! that lets one office in. The numbers are exact, so that a check can be held against them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;

use crate::shapes::{Rule, Shape, rules};
use crate::whole;

/// What is in a generated estate.
pub(crate) struct Made {
    /// How many VMs are open to the internet.
    pub(crate) exposed: u32,
    /// How many bytes the file has.
    pub(crate) bytes: u64,
}

/// VMs of one subnet, which share its group.
const SUBNET: u32 = 100;
/// One VM of so many is open, unless somebody asks for more.
pub(crate) const EXPOSED_EVERY: u32 = 50;

const SUBSCRIPTION: &str = "3c1d9f0e-7b52-4a1e-8e60-5d2f6b9a7c41";
const TENANT: &str = "a2f5c7d1-0b4e-4c39-9d83-61e7f0a8b254";

/// Large groups for the NICs of VMs that are not open.
#[derive(Clone, Copy)]
pub(crate) struct Groups {
    /// How many there are; VMs take them in turn.
    pub(crate) count: u32,
    /// How many rules the largest has; the others have as many or fewer, evenly spread.
    pub(crate) rules: u32,
}

/// Writes an estate in which every so-many-th VM is open. `every` is even.
pub(crate) fn generate(vms: u32, every: u32, groups: Option<Groups>, path: &Path) -> Result<Made> {
    write(vms, every, groups, false, path)
}

/// The same with everything that stands around the machines.
pub(crate) fn generate_whole(vms: u32, every: u32, path: &Path) -> Result<Made> {
    write(vms, every, None, true, path)
}

fn write(vms: u32, every: u32, groups: Option<Groups>, whole: bool, path: &Path) -> Result<Made> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut exposed = 0;
    for number in 0..groups.map_or(0, |groups| groups.count) {
        let largest = groups.map_or(0, |groups| groups.rules);
        let count = 1 + number.wrapping_mul(619) % largest.max(1);
        write_group(&mut out, &large_group(number), &rules(Shape::Prefixes, count, 4, u64::from(number)))?;
    }
    for number in 0..vms {
        let subnet = number / SUBNET;
        if number.is_multiple_of(SUBNET) {
            write_network(&mut out, subnet)?;
        }
        let open = number.is_multiple_of(every);
        // Every 25th VM has a public address, every other one of these an open group.
        let public = number.is_multiple_of(every / 2);
        write_vm(&mut out, number, subnet)?;
        if whole {
            whole::around(&mut out, &provider(subnet), number)?;
        }
        let group = match groups {
            _ if open => format!("nsg-own-{number}"),
            Some(groups) => large_group(number % groups.count.max(1)),
            None => closed_group(subnet),
        };
        write_nic(&mut out, number, subnet, public, &group)?;
        if public {
            write_public_ip(&mut out, number)?;
        }
        if open {
            exposed += 1;
            let name = format!("nsg-own-{number}");
            let port = if number.is_multiple_of(2 * every) { "3389" } else { "22" };
            write_group(&mut out, &name, &[simple("allow-remote", 300, "*", port)])?;
        }
    }
    if whole {
        whole::last(&mut out, &provider(0), SUBSCRIPTION)?;
    }
    out.flush()?;
    let bytes = std::fs::metadata(path)?.len();
    Ok(Made { exposed, bytes })
}

fn group_of(subnet: u32) -> String {
    format!("rg-region-{:04}", subnet / 10)
}

fn provider(subnet: u32) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{}/providers", group_of(subnet))
}

fn guid(kind: u32, number: u32) -> String {
    let mixed = number.wrapping_mul(2_654_435_761).wrapping_add(kind);
    format!(
        "{mixed:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        kind & 0xffff,
        number & 0xfff,
        mixed & 0xfff,
        u64::from(number) * 97 + 11
    )
}

fn head(out: &mut impl Write, subnet: u32, kind: &str, id_kind: &str, name: &str) -> Result<()> {
    let group = group_of(subnet);
    write!(
        out,
        r#"{{"id":"{}/{id_kind}/{name}","name":"{name}","type":"{kind}","tenantId":"{TENANT}","kind":"","location":"japaneast","resourceGroup":"{group}","subscriptionId":"{SUBSCRIPTION}","sku":null,"#,
        provider(subnet)
    )?;
    Ok(())
}

fn write_vm(out: &mut impl Write, number: u32, subnet: u32) -> Result<()> {
    let name = format!("vm-{number:06}");
    let provider = provider(subnet);
    head(out, subnet, "microsoft.compute/virtualmachines", "Microsoft.Compute/virtualMachines", &name)?;
    let linux = number.is_multiple_of(2);
    let (os, image, profile) = if linux {
        (
            "Linux",
            r#"{"publisher":"Canonical","offer":"ubuntu-24_04-lts","sku":"server","version":"latest","exactVersion":"24.04.202610130"}"#,
            r#""linuxConfiguration":{"disablePasswordAuthentication":true,"ssh":{"publicKeys":[{"path":"/home/kaede-1874/.ssh/authorized_keys","keyData":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMadeUpMadeUpMadeUpMadeUpMadeUpMadeUpMadeU kaede-1874"}]},"provisionVMAgent":true,"patchSettings":{"patchMode":"AutomaticByPlatform","assessmentMode":"AutomaticByPlatform"}}"#,
        )
    } else {
        (
            "Windows",
            r#"{"publisher":"MicrosoftWindowsServer","offer":"WindowsServer","sku":"2025-datacenter-g2","version":"latest","exactVersion":"26100.6899.251009"}"#,
            r#""windowsConfiguration":{"provisionVMAgent":true,"enableAutomaticUpdates":true,"patchSettings":{"patchMode":"AutomaticByPlatform","assessmentMode":"AutomaticByPlatform","enableHotpatching":false}}"#,
        )
    };
    writeln!(
        out,
        r#""properties":{{"vmId":"{}","provisioningState":"Succeeded","timeCreated":"2026-05-11T04:12:33.1180000Z","hardwareProfile":{{"vmSize":"Standard_D2s_v5"}},"networkProfile":{{"networkInterfaces":[{{"id":"{provider}/Microsoft.Network/networkInterfaces/{name}-nic","properties":{{"primary":true,"deleteOption":"Detach"}}}}]}},"osProfile":{{"computerName":"{name}","adminUsername":"kaede-1874","secrets":[],"allowExtensionOperations":true,{profile}}},"storageProfile":{{"imageReference":{image},"osDisk":{{"osType":"{os}","name":"{name}-os","createOption":"FromImage","caching":"ReadWrite","diskSizeGB":127,"deleteOption":"Detach","managedDisk":{{"id":"{provider}/Microsoft.Compute/disks/{name}-os","storageAccountType":"Premium_LRS"}}}},"dataDisks":[],"diskControllerType":"SCSI"}},"securityProfile":{{"securityType":"TrustedLaunch","encryptionAtHost":true,"uefiSettings":{{"secureBootEnabled":true,"vTpmEnabled":true}}}},"diagnosticsProfile":{{"bootDiagnostics":{{"enabled":true}}}},"extended":{{"instanceView":{{"powerState":{{"code":"PowerState/running"}}}}}}}},"tags":{{"cost-centre":"{}","owner":"team-{}","environment":"production"}},"zones":["1"]}}"#,
        guid(1, number),
        4000 + number % 700,
        number % 37,
    )?;
    Ok(())
}

fn write_nic(out: &mut impl Write, number: u32, subnet: u32, public: bool, group: &str) -> Result<()> {
    let name = format!("vm-{number:06}-nic");
    let provider = provider(subnet);
    head(out, subnet, "microsoft.network/networkinterfaces", "Microsoft.Network/networkInterfaces", &name)?;
    let public_ip = if public {
        format!(
            r#""publicIPAddress":{{"id":"{provider}/Microsoft.Network/publicIPAddresses/vm-{number:06}-pip"}},"#
        )
    } else {
        String::new()
    };
    let group = format!(r#""networkSecurityGroup":{{"id":"{}"}},"#, group_id(group));
    let host = number % SUBNET + 4;
    writeln!(
        out,
        r#""properties":{{"provisioningState":"Succeeded","resourceGuid":"{}","macAddress":"60-45-BD-{:02X}-{:02X}-{:02X}","primary":true,"nicType":"Standard","auxiliaryMode":"None","auxiliarySku":"None","enableIPForwarding":false,"enableAcceleratedNetworking":true,"disableTcpStateTracking":false,"hostedWorkloads":[],"tapConfigurations":[],"dnsSettings":{{"dnsServers":[],"appliedDnsServers":[],"internalDomainNameSuffix":"madeupmadeupmadeup.lx.internal.cloudapp.net"}},{group}"virtualMachine":{{"id":"{provider}/Microsoft.Compute/virtualMachines/vm-{number:06}"}},"ipConfigurations":[{{"name":"ipconfig1","id":"{provider}/Microsoft.Network/networkInterfaces/{name}/ipConfigurations/ipconfig1","etag":"W/\"{}\"","type":"Microsoft.Network/networkInterfaces/ipConfigurations","properties":{{"provisioningState":"Succeeded","primary":true,"privateIPAddress":"10.{}.{}.{host}","privateIPAddressVersion":"IPv4","privateIPAllocationMethod":"Dynamic",{public_ip}"subnet":{{"id":"{provider}/Microsoft.Network/virtualNetworks/vnet-{subnet}/subnets/snet-0"}}}}}}]}},"tags":{{}}}}"#,
        guid(2, number),
        number >> 16 & 255,
        number >> 8 & 255,
        number & 255,
        guid(3, number),
        subnet >> 8 & 255,
        subnet & 255,
    )?;
    Ok(())
}

fn write_public_ip(out: &mut impl Write, number: u32) -> Result<()> {
    let subnet = number / SUBNET;
    let name = format!("vm-{number:06}-pip");
    let provider = provider(subnet);
    let id = format!("{provider}/Microsoft.Network/publicIPAddresses/{name}");
    writeln!(
        out,
        r#"{{"id":"{id}","name":"{name}","type":"microsoft.network/publicipaddresses","tenantId":"{TENANT}","kind":"","location":"japaneast","resourceGroup":"{}","subscriptionId":"{SUBSCRIPTION}","managedBy":"","sku":{{"name":"Standard","tier":"Regional"}},"plan":null,"properties":{{"provisioningState":"Succeeded","resourceGuid":"{}","ipAddress":"20.{}.{}.{}","publicIPAddressVersion":"IPv4","publicIPAllocationMethod":"Static","idleTimeoutInMinutes":4,"ipTags":[],"ipConfiguration":{{"id":"{provider}/Microsoft.Network/networkInterfaces/vm-{number:06}-nic/ipConfigurations/ipconfig1"}}}},"tags":{{}},"identity":null,"zones":["1","2","3"],"extendedLocation":null}}"#,
        group_of(subnet),
        guid(4, number),
        40 + (number >> 16),
        number >> 8 & 255,
        number & 255,
    )?;
    Ok(())
}

/// A rule with one source and one port.
fn simple(name: &str, priority: u32, source: &str, port: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        priority,
        access: "Allow",
        sources: vec![source.to_owned()],
        source_ports: "*".to_owned(),
        ports: port.to_owned(),
    }
}

fn write_group(out: &mut impl Write, name: &str, rules: &[Rule]) -> Result<()> {
    let id = group_id(name);
    write!(
        out,
        r#"{{"id":"{id}","name":"{name}","type":"microsoft.network/networksecuritygroups","tenantId":"{TENANT}","kind":"","location":"japaneast","resourceGroup":"rg-shared","subscriptionId":"{SUBSCRIPTION}","sku":null,"properties":{{"provisioningState":"Succeeded","securityRules":["#
    )?;
    for (index, rule) in rules.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let Rule { name, priority, access, sources, source_ports, ports } = rule;
        let (one, many) = match sources.as_slice() {
            [one] => (format!(r#""sourceAddressPrefix":"{one}","#), String::new()),
            many => (String::new(), format!(r#""{}""#, many.join(r#"",""#))),
        };
        write!(
            out,
            r#"{comma}{{"name":"{name}","id":"{id}/securityRules/{name}","etag":"W/\"0\"","type":"Microsoft.Network/networkSecurityGroups/securityRules","properties":{{"provisioningState":"Succeeded","protocol":"Tcp","sourcePortRange":"{source_ports}","destinationPortRange":"{ports}",{one}"destinationAddressPrefix":"*","access":"{access}","priority":{priority},"direction":"Inbound","sourcePortRanges":[],"destinationPortRanges":[],"sourceAddressPrefixes":[{many}],"destinationAddressPrefixes":[]}}}}"#
        )?;
    }
    writeln!(out, r#"],"defaultSecurityRules":[]}},"tags":{{}}}}"#)?;
    Ok(())
}

/// Writes one VM with a public address behind one group.
pub(crate) fn one_group(rules: &[Rule], path: &Path) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write_network(&mut out, 0)?;
    write_vm(&mut out, 0, 0)?;
    write_nic(&mut out, 0, 0, true, "nsg-one")?;
    write_public_ip(&mut out, 0)?;
    write_group(&mut out, "nsg-one", rules)?;
    Ok(out.flush()?)
}

fn group_id(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shared/providers/Microsoft.Network/networkSecurityGroups/{name}"
    )
}

fn large_group(number: u32) -> String {
    format!("nsg-large-{number}")
}

/// A network with one subnet, and the group that the NICs of its closed VMs share.
fn write_network(out: &mut impl Write, subnet: u32) -> Result<()> {
    let provider = provider(subnet);
    let name = format!("vnet-{subnet}");
    let office = [
        simple("allow-office-rdp", 200, "203.0.113.7/32", "3389"),
        simple("allow-office-ssh", 210, "203.0.113.7/32", "22"),
    ];
    write_group(out, &closed_group(subnet), &office)?;
    head(out, subnet, "microsoft.network/virtualnetworks", "Microsoft.Network/virtualNetworks", &name)?;
    let (high, low) = (subnet >> 8 & 255, subnet & 255);
    writeln!(
        out,
        r#""properties":{{"provisioningState":"Succeeded","addressSpace":{{"addressPrefixes":["10.{high}.{low}.0/24"]}},"subnets":[{{"name":"snet-0","id":"{provider}/Microsoft.Network/virtualNetworks/{name}/subnets/snet-0","type":"Microsoft.Network/virtualNetworks/subnets","properties":{{"provisioningState":"Succeeded","addressPrefix":"10.{high}.{low}.0/24"}}}}],"virtualNetworkPeerings":[],"enableDdosProtection":false}},"tags":{{}}}}"#,
    )?;
    Ok(())
}

fn closed_group(subnet: u32) -> String {
    format!("nsg-office-{subnet}")
}
