//! A made-up organisation: machines, people in groups, roles at scopes and policies of conditional access, to measure who gets
//! in. Every figure of it comes from its number, so that it is the same each time.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::bench::{measure, megabytes};
use crate::shell::root;

/// How much there is of it.
const MACHINES: u32 = 20_000;
const PEOPLE: u32 = 50_000;
const POLICIES: u32 = 200;
const GROUPS: u32 = 400;
const SUBSCRIPTIONS: u32 = 20;
const RESOURCE_GROUPS: u32 = 50;

const ADMIN_LOGIN: &str = "1c0163c0-47e6-4577-8991-ea5c82e286e4";
const USER_LOGIN: &str = "fb879df8-f326-4884-b1cf-06f3ad86be52";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// The id of the thing of a kind with a number.
fn id(kind: u32, number: u32) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// A number below a limit that looks like chance.
fn some(seed: u32, limit: u32) -> u32 {
    let mixed = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u32::try_from((mixed >> 33) % u64::from(limit)).unwrap_or_default()
}

fn graph(path: &str, value: Vec<Value>) -> Value {
    json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/{path}"), "value": value})
}

fn subscription(number: u32) -> String {
    format!("/subscriptions/{}", id(1, number))
}

fn machines(out: &mut impl Write) -> Result<()> {
    for number in 0..SUBSCRIPTIONS {
        let network = format!("{}/resourceGroups/net/providers/Microsoft.Network", subscription(number));
        writeln!(
            out,
            "{}",
            json!({"id": format!("{network}/networkSecurityGroups/n"), "properties": {"securityRules": [{"name": "ssh", "properties": {
            "priority": 300, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "203.0.113.0/24",
            "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22"}}]}})
        )?;
        writeln!(
            out,
            "{}",
            json!({"id": format!("{network}/virtualNetworks/v"), "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
            "subnets": [{"name": "s", "id": format!("{network}/virtualNetworks/v/subnets/s"), "properties": {"addressPrefix": "10.0.0.0/8",
                "networkSecurityGroup": {"id": format!("{network}/networkSecurityGroups/n")}}}]}})
        )?;
    }
    for number in 0..MACHINES {
        let own = subscription(number % SUBSCRIPTIONS);
        let group = format!("{own}/resourceGroups/rg{}/providers", number / SUBSCRIPTIONS % RESOURCE_GROUPS);
        let vm = format!("{group}/Microsoft.Compute/virtualMachines/vm{number}");
        let nic = format!("{group}/Microsoft.Network/networkInterfaces/nic{number}");
        let (system, handler) = if some(number, 2) == 0 {
            ("Linux", "AADSSHLoginForLinux")
        } else {
            ("Windows", "AADLoginForWindows")
        };
        writeln!(
            out,
            "{}",
            json!({"id": vm, "identity": {"type": "SystemAssigned", "principalId": id(9, number)}, "properties": {
            "storageProfile": {"osDisk": {"osType": system, "managedDisk": {"id": format!("{group}/Microsoft.Compute/disks/d{number}")}}},
            "osProfile": {"adminUsername": format!("adm{number}")}, "networkProfile": {"networkInterfaces": [{"id": nic}]}}})
        )?;
        writeln!(
            out,
            "{}",
            json!({"id": format!("{vm}/extensions/aad"), "properties": {
            "publisher": "Microsoft.Azure.ActiveDirectory", "type": handler, "provisioningState": "Succeeded"}})
        )?;
        let [_, b, c, d] = number.to_be_bytes();
        let subnet =
            format!("{own}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s");
        writeln!(
            out,
            "{}",
            json!({"id": nic, "properties": {"virtualMachine": {"id": vm}, "ipConfigurations": [{"name": "a", "properties": {
            "privateIPAddress": format!("10.{b}.{c}.{d}"), "subnet": {"id": subnet}}}]}})
        )?;
    }
    Ok(())
}

fn roles(out: &mut impl Write) -> Result<()> {
    let mut count = 0;
    let mut give = |scope: &str, role: &str, kind: &str| -> Result<()> {
        count += 1;
        let principal = if kind == "Group" { id(3, some(count, GROUPS)) } else { id(2, some(count, PEOPLE)) };
        writeln!(
            out,
            "{}",
            json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", id(5, count)), "properties": {
            "scope": scope, "principalId": principal, "principalType": kind,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}")}})
        )?;
        Ok(())
    };
    for number in 0..SUBSCRIPTIONS {
        let own = subscription(number);
        for (role, kind) in [
            (CONTRIBUTOR, "Group"),
            (OWNER, "Group"),
            (CONTRIBUTOR, "Group"),
            (OWNER, "User"),
            (OWNER, "User"),
        ] {
            give(&own, role, kind)?;
        }
        for group in 0..RESOURCE_GROUPS {
            let scope = format!("{own}/resourceGroups/rg{group}");
            for (role, kind) in
                [(ADMIN_LOGIN, "Group"), (USER_LOGIN, "Group"), (ADMIN_LOGIN, "Group"), (USER_LOGIN, "User")]
            {
                give(&scope, role, kind)?;
            }
        }
    }
    Ok(())
}

fn directory(out: &mut impl Write) -> Result<()> {
    let person = |number| {
        json!({"id": id(2, number), "displayName": format!("P {number}"), "userPrincipalName": format!("p{number}@c.example"),
            "userType": if number % 50 == 0 { "Guest" } else { "Member" }, "accountEnabled": true})
    };
    writeln!(out, "{}", graph("users", (0..PEOPLE).map(person).collect()))?;
    let group = |number| json!({"id": id(3, number), "displayName": format!("G {number}")});
    writeln!(out, "{}", graph("groups", (0..GROUPS).map(group).collect()))?;
    // A department, a place, a project; some have something more.
    let mut members: Vec<Vec<Value>> = (0..GROUPS).map(|_| Vec::new()).collect();
    for number in 0..PEOPLE {
        let team = number % 150;
        let more = (some(number, 50) == 0).then(|| 300 + some(number + 1, GROUPS - 300));
        for group in [team, 150 + team % 50, 200 + team * 7 % 100].into_iter().chain(more) {
            if let Some(members) = members.get_mut(group as usize) {
                members.push(json!({"id": id(2, number)}));
            }
        }
    }
    for (number, members) in (0..).zip(members) {
        writeln!(out, "{}", graph(&format!("groups/{}/transitiveMembers", id(3, number)), members))?;
    }
    writeln!(out, "{}", graph("roleManagement/directory/roleAssignments", Vec::new()))?;
    let defaults = json!({"id": id(8, 0), "isEnabled": false});
    writeln!(out, "{}", graph("policies/identitySecurityDefaultsEnforcementPolicy", vec![defaults]))?;
    let place = |number: u32| {
        json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "id": id(6, number), "displayName": format!("L{number}"),
            "isTrusted": false, "ipRanges": [{"cidrAddress": format!("198.51.{}.0/24", 100 + number)}]})
    };
    writeln!(out, "{}", graph("identity/conditionalAccess/namedLocations", (0..20).map(place).collect()))?;
    writeln!(out, "{}", graph("identity/conditionalAccess/policies", (0..POLICIES).map(policy).collect()))?;
    Ok(())
}

/// A policy of some kind, for some people, some applications, some of the time.
fn policy(number: u32) -> Value {
    const APPLICATIONS: [&str; 4] = [
        "All",
        "372140e0-b3b7-4226-8ef9-d57986796201",
        "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ];
    let of = |all: &[&'static str], seed: u32| {
        all.get(some(seed, 4) as usize % all.len()).copied().unwrap_or_default()
    };
    let application = if number < 60 { of(&APPLICATIONS, number).to_owned() } else { id(7, number) };
    let group = vec![id(3, some(number + 7, GROUPS))];
    let (users, groups) =
        if number.is_multiple_of(4) { (vec!["All"], Vec::new()) } else { (Vec::new(), group) };
    let spared = if number.is_multiple_of(3) { vec![id(3, some(number + 9, GROUPS))] } else { Vec::new() };
    let state = of(&["enabled", "enabled", "enabledForReportingButNotEnforced", "disabled"], number + 3);
    let platforms =
        number.is_multiple_of(6).then(|| json!({"includePlatforms": ["windows"], "excludePlatforms": []}));
    let locations = number
        .is_multiple_of(4)
        .then(|| json!({"includeLocations": ["All"], "excludeLocations": [id(6, number % 20)]}));
    json!({"id": id(4, number), "displayName": format!("Policy {number}"), "state": state, "conditions": {
        "users": {"includeUsers": users, "includeGroups": groups, "excludeUsers": [], "excludeGroups": spared},
        "applications": {"includeApplications": [application], "excludeApplications": []}, "clientAppTypes": ["all"],
        "platforms": platforms, "locations": locations, "userRiskLevels": [],
        "signInRiskLevels": if number.is_multiple_of(11) { vec!["high"] } else { Vec::new() }},
        "grantControls": {"operator": "OR", "builtInControls": [of(&["mfa", "mfa", "compliantDevice", "block"], number + 5)]}})
}

/// A table: what it takes to work out who gets into which machines, against the tree of the same lines.
pub(crate) fn people(bin: &Path) -> Result<String> {
    let file = root().join("target/people.ndjson");
    let mut out = BufWriter::new(std::fs::File::create(&file)?);
    machines(&mut out)?;
    roles(&mut out)?;
    directory(&mut out)?;
    out.flush()?;
    let bytes = std::fs::metadata(&file)?.len();
    let name = file.display().to_string();
    let mut table = format!(
        "\nWho gets into {MACHINES} machines of {SUBSCRIPTIONS} subscriptions: {PEOPLE} people in {GROUPS} groups, {POLICIES} policies, {:.0} MB; \
         best of 3 runs.\n\n| work | wall | × tree | peak memory |\n|---|---|---|---|\n",
        bytes as f64 / 1e6
    );
    let mut tree = None;
    for (what, program, arguments) in [
        ("tree of every line (sonic-rs)", "xtask", vec!["tree", &name]),
        ("who --all, JSON", "sekimori", vec!["who", &name, "--all", "--format", "json"]),
        (
            "who --person, JSON",
            "sekimori",
            vec!["who", &name, "--person", "p7@c.example", "--format", "json"],
        ),
        (
            "checks of people and policies",
            "sekimori",
            vec!["check", &name, "--no-config", "--select", "ENT,RBA,CAP,IDP", "--format", "json"],
        ),
    ] {
        let mut best: Option<crate::bench::Cost> = None;
        for _ in 0..3 {
            let cost = measure(&bin.join(program), &arguments)?;
            best = Some(best.filter(|best| best.wall < cost.wall).unwrap_or(cost));
        }
        let Some(best) = best else { continue };
        let wall = best.wall.as_secs_f64();
        let base = *tree.get_or_insert(wall);
        writeln!(table, "| {what} | {wall:.2} s | {:.2} | {} |", wall / base, megabytes(best.memory))?;
    }
    std::fs::remove_file(&file)?;
    Ok(table)
}
