//! Commands for subnets, backups and plans of Defender for Cloud.
//!
//! NICs have none here: `az network nic ip-config update` (2.91.0) writes a NIC back without its application security groups
//! when those are not said again, so that taking an address off changes who gets in.
//!
//! Sources: <https://learn.microsoft.com/cli/azure/network/vnet/subnet>, <https://learn.microsoft.com/cli/azure/backup/protection>,
//! <https://learn.microsoft.com/cli/azure/security/pricing>.

use serde_json::Value;

use super::line::{Line, tame};
use crate::forms::target::Target;
use crate::write::{Act, Edit, Write};

pub(super) fn commands(write: &Write, target: &Target) -> Option<Vec<String>> {
    if target.scope.is_some() || !tame(&write.target) {
        return None;
    }
    let line = match (target.kind().to_ascii_lowercase().as_str(), &write.act) {
        ("microsoft.network/virtualnetworks/subnets", Act::Edit { edits, .. }) => subnet(write, edits),
        ("microsoft.security/pricings", Act::Put { becomes, .. }) => pricing(target, becomes),
        (kind, Act::Put { was: None, becomes })
            if kind.starts_with("microsoft.recoveryservices/vaults/backupfabrics/") =>
        {
            backup(target, becomes)
        }
        _ => None,
    };
    Some(vec![line?.text()])
}

fn subnet(write: &Write, edits: &[Edit]) -> Option<Line> {
    let mut line = Line::new("network vnet subnet update").with("--ids", [&write.target]);
    for edit in edits {
        let becomes = edit.becomes.as_ref()?;
        line = match edit.path.as_str() {
            "properties/networkSecurityGroup" => {
                line.with("--network-security-group", [becomes.get("id")?.as_str().filter(|id| tame(id))?])
            }
            "properties/defaultOutboundAccess" => {
                line.with("--default-outbound", [becomes.as_bool()?.to_string()])
            }
            _ => return None,
        };
    }
    Some(line)
}

fn pricing(target: &Target, becomes: &Value) -> Option<Line> {
    let all = becomes.get("properties")?.as_object()?;
    if !all.keys().all(|name| name == "pricingTier" || name == "subPlan") {
        return None;
    }
    let text = |name: &str| all.get(name)?.as_str().filter(|text| tame(text));
    let subscription = target.subscription.as_deref().filter(|_| target.group.is_none())?;
    let line = Line::new("security pricing create")
        .with("--subscription", [subscription])
        .with("--name", [target.name()])
        .with("--tier", [text("pricingTier")?]);
    match all.get("subPlan") {
        None | Some(Value::Null) => Some(line),
        Some(_) => Some(line.with("--subplan", [text("subPlan")?])),
    }
}

fn backup(target: &Target, becomes: &Value) -> Option<Line> {
    let all = becomes.get("properties")?;
    let text = |name: &str| all.get(name)?.as_str().filter(|text| tame(text));
    let kind = text("protectedItemType")?.to_ascii_lowercase();
    if !["microsoft.compute/virtualmachines", "azureiaasvmprotecteditem"].contains(&kind.as_str()) {
        return None;
    }
    let policy = Target::read(text("policyId")?)
        .filter(|policy| policy.name_at(0).eq_ignore_ascii_case(target.name_at(0)))?;
    Some(
        Line::new("backup protection enable-for-vm")
            .with("--subscription", [target.subscription.as_deref()?])
            .with("--resource-group", [target.group.as_deref()?])
            .with("--vault-name", [target.name_at(0)])
            .with("--policy-name", [policy.name()])
            .with("--vm", [text("sourceResourceId")?]),
    )
}
