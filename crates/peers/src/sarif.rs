//! SARIF 2.1.0 of any tool; of templates it tells files and lines, and resources by what stands there.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>, sections 3.14 (runs),
//! 3.27 (results) and 3.28 (locations).

use serde::Deserialize;

use crate::json::{List, number, text};
use crate::read::ROWS;
use crate::row::{Form, Report, Row, Subject, Verdict, kept};

/// A run of a tool.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Run {
    tool: Option<Tool>,
    results: Option<List<Finding, ROWS>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    driver: Option<Driver>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Driver {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    version: Option<String>,
    #[serde(rename = "semanticVersion", deserialize_with = "text")]
    semantic_version: Option<String>,
    rules: Option<List<RuleForm, 100_000>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RuleForm {
    #[serde(deserialize_with = "text")]
    id: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(rename = "shortDescription")]
    short_description: Option<Message>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message {
    #[serde(deserialize_with = "text")]
    text: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Finding {
    #[serde(rename = "ruleId", deserialize_with = "text")]
    rule_id: Option<String>,
    #[serde(rename = "ruleIndex", deserialize_with = "number")]
    rule_index: Option<u64>,
    rule: Option<RuleReference>,
    #[serde(deserialize_with = "text")]
    kind: Option<String>,
    #[serde(deserialize_with = "text")]
    level: Option<String>,
    #[serde(rename = "baselineState", deserialize_with = "text")]
    baseline_state: Option<String>,
    message: Option<Message>,
    locations: Option<List<Location, 1000>>,
    suppressions: Option<List<Suppression, 1000>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RuleReference {
    #[serde(deserialize_with = "text")]
    id: Option<String>,
    #[serde(deserialize_with = "number")]
    index: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Suppression {
    #[serde(deserialize_with = "text")]
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Location {
    #[serde(rename = "physicalLocation")]
    physical: Option<Physical>,
    #[serde(rename = "logicalLocations")]
    logical: Option<List<Logical, 1000>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Physical {
    #[serde(rename = "artifactLocation")]
    artifact: Option<Artifact>,
    region: Option<Region>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Artifact {
    #[serde(deserialize_with = "text")]
    uri: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Region {
    #[serde(rename = "startLine", deserialize_with = "number")]
    start_line: Option<u64>,
    snippet: Option<Message>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Logical {
    #[serde(rename = "fullyQualifiedName", deserialize_with = "text")]
    full: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
}

impl Run {
    /// What the run says.
    pub(crate) fn report(self) -> Report {
        let driver = self.tool.and_then(|tool| tool.driver).unwrap_or_default();
        let rules = driver.rules.map(|rules| rules.0).unwrap_or_default();
        let mut report = Report {
            tool: driver.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "SARIF".to_owned()),
            version: driver.semantic_version.or(driver.version),
            form: Form::Sarif,
            rows: Vec::new(),
            skipped: 0,
            first_skipped: None,
        };
        for (index, finding) in self.results.into_iter().flat_map(|all| all.0).enumerate() {
            match finding.row(&rules, index + 1) {
                Some(row) => report.rows.push(row),
                None => {
                    report.skipped += 1;
                    report.first_skipped.get_or_insert(index + 1);
                }
            }
        }
        report
    }
}

impl Finding {
    fn row(self, rules: &[RuleForm], at: usize) -> Option<Row> {
        let reference = self.rule.unwrap_or_default();
        let index = self.rule_index.or(reference.index).and_then(|index| usize::try_from(index).ok());
        let listed = index.and_then(|index| rules.get(index));
        let id = self.rule_id.or(reference.id).or_else(|| listed?.id.clone());
        let id = id.filter(|id| !id.trim().is_empty())?;
        let described = listed.or_else(|| rules.iter().find(|rule| rule.id.as_deref() == Some(&id)));
        let title = described.and_then(|rule| {
            let short = rule.short_description.as_ref().and_then(|text| text.text.as_deref());
            short.or(rule.name.as_deref())
        });
        // Section 3.27.9: a result without a kind is a failure.
        let verdict = match self.kind.as_deref() {
            // Sections 3.27.24 and 3.27.10: what an earlier run found, and what is no problem.
            _ if self.baseline_state.as_deref() == Some("absent") => Verdict::Open,
            None | Some("fail") if self.level.as_deref() == Some("none") => Verdict::Open,
            None | Some("fail") => Verdict::Fail,
            Some("pass") => Verdict::Pass,
            Some(_) => Verdict::Open,
        };
        let muted = List::all(self.suppressions.as_ref()).iter().any(|one| {
            // Section 3.35.3: without a status it is accepted.
            matches!(one.status.as_deref(), None | Some("accepted"))
        });
        let message = self.message.and_then(|message| message.text).unwrap_or_default();
        Some(Row {
            rule: kept(id.trim()),
            title: kept(title.unwrap_or_default()),
            verdict,
            muted,
            tenant: None,
            subject: subject(List::all(self.locations.as_ref())),
            message: kept(&message),
            at,
        })
    }
}

/// What a result is about: a resource where its name is an id, else what stands at its place.
fn subject(locations: &[Location]) -> Subject {
    let logical: Vec<&Logical> = locations.iter().flat_map(|one| List::all(one.logical.as_ref())).collect();
    let texts = || logical.iter().flat_map(|one| [one.full.as_deref(), one.name.as_deref()]).flatten();
    for text in texts() {
        if let id @ Subject::Id(_) = Subject::of(text, None) {
            return id;
        }
    }
    let physical = locations.iter().find_map(|one| one.physical.as_ref());
    let region = physical.and_then(|one| one.region.as_ref());
    let snippet = region.and_then(|region| region.snippet.as_ref()?.text.as_deref()).unwrap_or_default();
    let names = texts().chain(named(snippet)).map(kept).collect();
    let file = physical.and_then(|one| one.artifact.as_ref()?.uri.as_deref()).unwrap_or_default();
    let line = region.and_then(|region| region.start_line);
    let place = match line {
        Some(line) if !file.is_empty() => format!("{file}:{line}"),
        _ => file.to_owned(),
    };
    Subject::Named { names, of: kept(&type_in(snippet)), place: kept(&place) }
}

/// The name of the resource that a piece of a template is, and the one that Terraform calls it by. A name that is known at
/// deployment only is none.
fn named(snippet: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let lines = snippet.lines().map(str::trim);
    let told = lines.clone().find_map(|line| {
        let line = line.trim_start_matches('{').trim_start();
        let rest = line.strip_prefix("\"name\"").or_else(|| line.strip_prefix("name"))?;
        quoted(rest.trim_start().strip_prefix([':', '='])?)
    });
    names.extend(told.filter(|name| !name.contains(['[', '$', '{'])));
    // What has a name of its own, be it one that is known at deployment only, is not called by its label.
    let has_name =
        |line: &str| line.strip_prefix("name").is_some_and(|rest| rest.trim_start().starts_with('='));
    if lines.clone().any(has_name) {
        return names;
    }
    let block = lines.clone().find_map(|line| line.strip_prefix("resource \""));
    names.extend(block.and_then(|rest| quoted(rest.split_once(' ')?.1)));
    names
}

/// What Terraform calls types of resources, and Azure.
const TERRAFORM: [(&str, &str); 18] = [
    ("azurerm_linux_virtual_machine", "microsoft.compute/virtualmachines"),
    ("azurerm_windows_virtual_machine", "microsoft.compute/virtualmachines"),
    ("azurerm_virtual_machine", "microsoft.compute/virtualmachines"),
    ("azurerm_linux_virtual_machine_scale_set", "microsoft.compute/virtualmachinescalesets"),
    ("azurerm_windows_virtual_machine_scale_set", "microsoft.compute/virtualmachinescalesets"),
    ("azurerm_orchestrated_virtual_machine_scale_set", "microsoft.compute/virtualmachinescalesets"),
    ("azurerm_managed_disk", "microsoft.compute/disks"),
    ("azurerm_network_interface", "microsoft.network/networkinterfaces"),
    ("azurerm_network_security_group", "microsoft.network/networksecuritygroups"),
    ("azurerm_public_ip", "microsoft.network/publicipaddresses"),
    ("azurerm_virtual_network", "microsoft.network/virtualnetworks"),
    ("azurerm_subnet", "microsoft.network/virtualnetworks/subnets"),
    ("azurerm_bastion_host", "microsoft.network/bastionhosts"),
    ("azurerm_route_table", "microsoft.network/routetables"),
    ("azurerm_lb", "microsoft.network/loadbalancers"),
    ("azurerm_firewall", "microsoft.network/azurefirewalls"),
    ("azurerm_recovery_services_vault", "microsoft.recoveryservices/vaults"),
    ("azurerm_network_watcher_flow_log", "microsoft.network/networkwatchers/flowlogs"),
];

/// The type of the resource that a piece of a template is: of a Terraform block, an ARM or a Bicep resource. Empty where it is
/// not told; a Terraform type that we have no name for is given as it is, so that it is nothing of ours.
fn type_in(snippet: &str) -> String {
    for line in snippet.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("resource ") {
            let Some(written) = quoted(rest).or_else(|| quoted(rest.split_once(' ')?.1)) else { continue };
            let written = written.split('@').next().unwrap_or(written).to_ascii_lowercase();
            let known = TERRAFORM.iter().find(|(own, _)| *own == written);
            return known.map_or(written, |(_, of)| (*of).to_owned());
        }
        let rest = line.trim_start_matches('{').trim_start().strip_prefix("\"type\"");
        if let Some(written) = rest.and_then(|rest| quoted(rest.trim_start().strip_prefix(':')?))
            && written.contains('/')
        {
            return written.to_ascii_lowercase();
        }
    }
    String::new()
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| "\"'".contains(*c))?;
    let (name, _) = text.get(1..)?.split_once(quote)?;
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_from_what_stands_there() {
        let check = |snippet: &str, expected: &str| assert_eq!(type_in(snippet), expected, "{snippet}");
        check(
            "resource \"azurerm_network_security_group\" \"main\" {",
            "microsoft.network/networksecuritygroups",
        );
        check("resource \"azurerm_storage_account\" \"main\" {", "azurerm_storage_account");
        check(
            "resource vm 'Microsoft.Compute/virtualMachines@2024-03-01' = {",
            "microsoft.compute/virtualmachines",
        );
        check("{\n \"type\": \"Microsoft.Compute/disks\",", "microsoft.compute/disks");
        check("name = \"web1\"", "");
        check("resource", "");
    }

    #[test]
    fn names_are_read_from_what_stands_there() {
        let check = |snippet: &str, expected: &[&str]| assert_eq!(named(snippet), expected, "{snippet}");
        check("  {\n \"type\": \"x\",\n \"name\": \"web1\",", &["web1"]);
        check("{\"name\": \"web1\"}", &["web1"]);
        check("resource \"azurerm_linux_virtual_machine\" \"main\" {\n  name = \"web1\"", &["web1"]);
        check("resource \"azurerm_linux_virtual_machine\" \"main\" {\n  name = var.name", &[]);
        check("resource \"azurerm_linux_virtual_machine\" \"main\" {\n", &["main"]);
        check("resource vm 'Microsoft.Compute/virtualMachines@2024-03-01' = {\n  name: 'web1'", &["web1"]);
        check("\"name\": \"[parameters('x')]\"", &[]);
        check("name = \"${var.x}-vm\"", &[]);
        check("names = [\"a\"]", &[]);
        check("name =", &[]);
        check("", &[]);
    }
}
