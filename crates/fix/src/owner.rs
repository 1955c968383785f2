//! Who owns a resource besides the people of the portal: code that would undo a fix, or a service that would.
//!
//! INVARIANT: nothing is concluded from absence: a resource without marks may be owned all the same.

use estate::{Estate, ResourceId, resource_group, resource_name};
use posture::Lang;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::lang::say;
use crate::write::{Act, Write};

/// Who owns a resource, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Who.
    pub kind: OwnerKind,
    /// What shows it: `managed_by: terraform`, `managedBy: /subscriptions/…`, the name of a group.
    pub mark: String,
}

/// What owns a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerKind {
    /// Terraform or OpenTofu.
    Terraform,
    /// Bicep, or a template of Azure Resource Manager.
    Bicep,
    /// The Azure Developer CLI, which deploys Bicep or Terraform.
    DeveloperCli,
    /// A deployment stack.
    DeploymentStack,
    /// Pulumi.
    Pulumi,
    /// Crossplane.
    Crossplane,
    /// Ansible.
    Ansible,
    /// A service of Azure, such as AKS or Azure Databricks, in a group that it manages.
    Service,
}

impl OwnerKind {
    fn name(self, lang: Lang) -> String {
        match self {
            Self::Terraform => "Terraform".to_owned(),
            Self::Bicep => "Bicep".to_owned(),
            Self::DeveloperCli => "Azure Developer CLI".to_owned(),
            Self::DeploymentStack => say!(lang, "a deployment stack", "デプロイ スタック"),
            Self::Pulumi => "Pulumi".to_owned(),
            Self::Crossplane => "Crossplane".to_owned(),
            Self::Ansible => "Ansible".to_owned(),
            Self::Service => say!(lang, "a service of Azure", "Azure のサービス"),
        }
    }
}

impl Owner {
    /// The same for people: who, by what mark, and what that means for a fix.
    pub fn text(&self, lang: Lang) -> String {
        let (name, mark) = (self.kind.name(lang), &self.mark);
        match self.kind {
            OwnerKind::Service => say!(
                lang,
                "{name} manages the resource (`{mark}`): it may refuse the change, or take it back",
                "このリソースは{name}によって管理されています (`{mark}`)。変更が拒否されたり、元に戻されたりする可能性があります"
            ),
            _ => say!(
                lang,
                "{name} owns the resource (`{mark}`): make the change in the code, or the next deployment takes it back",
                "このリソースは {name} で管理されています (`{mark}`)。コード側にも同じ変更を加えないと、次回のデプロイで元に戻ります"
            ),
        }
    }
}

/// Tags that name a tool in their values.
const TOOL_TAGS: [&str; 16] = [
    "managed_by",
    "managedby",
    "managed-by",
    "managed by",
    "provisioner",
    "provisioned_by",
    "provisionedby",
    "provisioned-by",
    "created_by",
    "createdby",
    "created-by",
    "creator",
    "deployed_by",
    "deployedby",
    "deployed-by",
    "iac",
];

/// What values of such tags say, as words.
const TOOLS: [(&str, OwnerKind); 9] = [
    ("terraform", OwnerKind::Terraform),
    ("opentofu", OwnerKind::Terraform),
    ("terragrunt", OwnerKind::Terraform),
    ("bicep", OwnerKind::Bicep),
    ("pulumi", OwnerKind::Pulumi),
    ("crossplane", OwnerKind::Crossplane),
    ("ansible", OwnerKind::Ansible),
    ("azd", OwnerKind::DeveloperCli),
    ("deploymentstack", OwnerKind::DeploymentStack),
];

/// Tags that tools and services put on what they make, by the beginnings of their names.
const MARKS: [(&str, OwnerKind); 12] = [
    // https://learn.microsoft.com/azure/developer/azure-developer-cli/faq
    ("azd-env-name", OwnerKind::DeveloperCli),
    ("azd-service-name", OwnerKind::DeveloperCli),
    ("crossplane-", OwnerKind::Crossplane),
    ("crossplane.io", OwnerKind::Crossplane),
    ("pulumi:", OwnerKind::Pulumi),
    ("terraform", OwnerKind::Terraform),
    ("opentofu", OwnerKind::Terraform),
    ("tf_", OwnerKind::Terraform),
    // https://learn.microsoft.com/azure/aks/faq
    ("aks-managed-", OwnerKind::Service),
    ("databricks-", OwnerKind::Service),
    ("ms-resource-usage", OwnerKind::Service),
    ("hidden-managed-by", OwnerKind::Service),
];

/// Groups that services make for themselves, by the beginnings of their names.
const GROUPS: [&str; 8] = [
    "mc_",
    "databricks-rg-",
    "azurebackuprg_",
    "synapseworkspace-managedrg-",
    "managed-rg-",
    "ma_",
    "mrg-",
    "asr-",
];

/// Who owns a resource, as its record tells: Azure's nested shape.
pub fn owner(record: &Value) -> Option<Owner> {
    let record = record.as_object()?;
    let text = |name: &str| record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // A disk says by the same member which machine it is attached to.
    let disk = text("type").or(text("id")).is_some_and(|it| {
        let it = it.to_ascii_lowercase();
        it.contains("microsoft.compute/disks")
    });
    if let Some(by) = text("managedBy").filter(|_| !disk) {
        let stack = by.to_ascii_lowercase().contains("/deploymentstacks/");
        let kind = if stack { OwnerKind::DeploymentStack } else { OwnerKind::Service };
        return Some(Owner { kind, mark: format!("managedBy: {by}") });
    }
    let tags = record.get("tags").and_then(Value::as_object);
    tags.and_then(by_tags).or_else(|| by_group(text("id")?))
}

fn by_tags(tags: &Map<String, Value>) -> Option<Owner> {
    let mut found = None;
    for (name, value) in tags {
        let value = value.as_str().unwrap_or_default();
        let lower = name.trim().to_ascii_lowercase();
        let kind = if TOOL_TAGS.contains(&lower.as_str()) {
            let words = value.to_ascii_lowercase();
            let mut words = words.split(|c: char| !c.is_ascii_alphanumeric());
            words.find_map(|word| TOOLS.iter().find(|(tool, _)| *tool == word).map(|(_, kind)| *kind))
        } else {
            let no = ["false", "no", "0"].iter().any(|no| value.trim().eq_ignore_ascii_case(no));
            let mark = MARKS.iter().find(|(start, _)| lower.starts_with(start));
            mark.filter(|_| !no).map(|(_, kind)| *kind)
        };
        // The order of tags does not matter.
        let mark = format!("{name}: {value}");
        if let Some(kind) = kind
            && found.as_ref().is_none_or(|before: &Owner| mark < before.mark)
        {
            found = Some(Owner { kind, mark });
        }
    }
    found
}

/// Who owns a resource by the name of the group that it is in.
fn by_group(id: &str) -> Option<Owner> {
    let group = resource_group(id)?;
    let lower = group.to_ascii_lowercase();
    GROUPS
        .iter()
        .any(|start| lower.starts_with(start))
        .then(|| Owner { kind: OwnerKind::Service, mark: group.to_owned() })
}

/// Who owns what some writes change: the resource itself, what it is a part of, or its group.
pub(crate) fn of_writes<'w>(
    estate: &Estate,
    record: &dyn Fn(ResourceId) -> Option<Value>,
    writes: impl Iterator<Item = &'w Write>,
) -> Option<Owner> {
    let mut all: Vec<&str> = Vec::new();
    for write in writes {
        for id in [write.target.as_str(), write.root()] {
            if !all.contains(&id) {
                all.push(id);
            }
        }
    }
    all.into_iter().find_map(|id| {
        let of = |id: &str| owner(&record(estate.ids().find(id)?)?);
        of(id).or_else(|| by_group(id)).or_else(|| {
            let at = id.to_ascii_lowercase().find("/providers/")?;
            of(id.get(..at)?)
        })
    })
}

/// A lock that stands in the way of a write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lock {
    /// Its id.
    pub(crate) id: String,
    /// What it is for, in lower case: the id of a resource, group or subscription.
    scope: String,
    /// `ReadOnly`, `CanNotDelete`; none where the input does not tell.
    level: Option<String>,
}

impl Lock {
    /// What people are told of it.
    pub(crate) fn text(&self, lang: Lang) -> String {
        let (name, id) = (resource_name(&self.id), &self.id);
        let level = self.level.as_deref().unwrap_or("?");
        say!(
            lang,
            "the lock `{name}` ({level}) stops this: remove it first, and put it back afterwards: `az lock delete --ids {id}`",
            "ロック `{name}` ({level}) があるため、この変更は拒否されます。先にロックを解除し、変更後に再設定してください: `az lock delete --ids {id}`"
        )
    }

    /// What people are told of one that stops the way back alone.
    pub(crate) fn way_back(&self, lang: Lang) -> String {
        let (name, id) = (resource_name(&self.id), &self.id);
        say!(
            lang,
            "the lock `{name}` does not stop this, but its way back, which deletes: `az lock delete --ids {id}` first",
            "ロック `{name}` があるため、変更はできますが、元に戻すときの削除が拒否されます。元に戻す前に解除してください: `az lock delete --ids {id}`"
        )
    }

    /// Whether it stops a write: `ReadOnly` stops writes and actions, `CanNotDelete` deletions alone, and what is within a
    /// resource, group or subscription inherits both.
    ///
    /// Source: <https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources>
    pub(crate) fn stops(&self, write: &Write) -> bool {
        let deletions = self.level.as_deref().is_some_and(|level| level.eq_ignore_ascii_case("CanNotDelete"));
        let target = write.target.to_ascii_lowercase();
        let within =
            target.strip_prefix(&self.scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        within && (!deletions || matches!(write.act, Act::Delete { .. }))
    }
}

/// The locks that an estate holds, by id.
pub(crate) fn locks(estate: &Estate, record: &dyn Fn(ResourceId) -> Option<Value>) -> Vec<Lock> {
    const OF_LOCKS: &str = "/providers/microsoft.authorization/locks/";
    let locks = estate.others.iter().filter(|other| &*other.resource_type == "microsoft.authorization/locks");
    let read = |id: ResourceId| {
        let text = estate.text(id);
        let lower = text.to_ascii_lowercase();
        let scope = lower.get(..lower.rfind(OF_LOCKS)?)?.to_owned();
        let level = record(id).and_then(|record| {
            let level = record.get("properties").and_then(|inner| inner.get("level"));
            level.or_else(|| record.get("level")).and_then(Value::as_str).map(str::to_owned)
        });
        Some(Lock { id: text.to_owned(), scope, level })
    };
    let mut all: Vec<Lock> = locks.filter_map(|lock| read(lock.id)).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(record: &Value, expected: Option<OwnerKind>) {
        assert_eq!(owner(record).map(|owner| owner.kind), expected, "{record}");
    }

    #[test]
    fn marks_tell_owners_and_other_words_do_not() {
        let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";
        let tagged = |name: &str, value: &str| json!({"id": id, "tags": {name: value}});
        for (name, value, kind) in [
            ("managed_by", "terraform", Some(OwnerKind::Terraform)),
            ("ManagedBy", "Terraform", Some(OwnerKind::Terraform)),
            ("managed-by", "OpenTofu 1.9", Some(OwnerKind::Terraform)),
            ("provisioner", "terragrunt", Some(OwnerKind::Terraform)),
            ("terraform", "true", Some(OwnerKind::Terraform)),
            ("terraform", "false", None),
            ("iac", "bicep", Some(OwnerKind::Bicep)),
            ("azd-env-name", "prod", Some(OwnerKind::DeveloperCli)),
            ("crossplane-kind", "x", Some(OwnerKind::Crossplane)),
            ("createdBy", "kaede", None),
            ("managed_by", "the platform team", None),
            ("aks-managed-poolName", "a", Some(OwnerKind::Service)),
            ("environment", "terraform", None),
        ] {
            check(&tagged(name, value), kind);
        }
        let disk = json!({"id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/d",
            "type": "Microsoft.Compute/disks", "managedBy": id});
        check(&disk, None);
        check(&json!({"id": id, "managedBy": "/subscriptions/s/x/y"}), Some(OwnerKind::Service));
        let stack = "/subscriptions/s/providers/Microsoft.Resources/deploymentStacks/d";
        check(&json!({"id": id, "managedBy": stack}), Some(OwnerKind::DeploymentStack));
        check(&json!({"id": id}), None);
        check(
            &json!({"id": id.replace("/rg/", "/MC_rg_aks_japaneast/"), "tags": {}}),
            Some(OwnerKind::Service),
        );
    }
}
