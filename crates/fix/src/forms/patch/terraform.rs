//! Where Terraform code has what is written.

use serde_json::{Value, json};

use super::diff::Change;
use super::edit::{Op, Source, Stop, Why, indent, line_end, reindent, unit};
use super::rules;
use super::template;
use super::tree::{Kind, Member, Node, Syntax};
use super::{Spot, What};
use crate::forms::hcl::{Item, attribute, items};
use crate::forms::rule::Rule;
use crate::forms::target::{Target, parent};
use crate::forms::terraform::{names::MACHINE, rule_items};
use crate::write::{Act, Edit, Write};

/// A resource of Terraform.
#[derive(Clone, Copy)]
struct Resource<'s> {
    file: usize,
    member: &'s Member,
}

impl Resource<'_> {
    fn kind(&self) -> &str {
        self.member.label(0)
    }
}

/// What a member is compared with: known, or not known here.
enum Match {
    Yes,
    No,
    Maybe,
}

struct Code<'s> {
    sources: &'s [Source<'s>],
    all: Vec<Resource<'s>>,
}

pub(super) fn spots<'s>(sources: &'s [Source<'s>], write: &Write, target: &Target) -> Vec<Spot<'s>> {
    let mut all = Vec::new();
    for (file, source) in sources.iter().enumerate().filter(|(_, source)| source.syntax == Syntax::Terraform)
    {
        all.extend(source.root.blocks("resource").map(|member| Resource { file, member }));
    }
    let code = Code { sources, all };
    let mut spots = match (target.kind().to_ascii_lowercase().as_str(), &write.act) {
        ("microsoft.network/networksecuritygroups/securityrules", act) => code.rule(act, target),
        ("microsoft.network/networkinterfaces", Act::Edit { edits, .. }) => {
            code.edited(target, &["azurerm_network_interface"], edits, interface)
        }
        ("microsoft.compute/virtualmachines", Act::Edit { edits, .. }) => code.machine(target, edits),
        ("microsoft.compute/virtualmachines/extensions", act) => code.extension(act, write, target),
        ("microsoft.compute/disks", Act::Edit { edits, .. }) => {
            code.edited(target, &["azurerm_managed_disk"], edits, disk)
        }
        ("microsoft.security/pricings", Act::Put { becomes, .. }) => code.pricing(becomes, target),
        _ => Vec::new(),
    };
    if spots.is_empty() {
        spots = code.azapi(write, target);
    }
    spots
}

impl<'s> Code<'s> {
    fn of_kind(&self, kinds: &'s [&'s str]) -> impl Iterator<Item = Resource<'s>> + '_ {
        self.all.iter().copied().filter(|one| kinds.contains(&one.kind()))
    }

    /// Whether a member says a name, itself or by naming the resource that has it.
    fn says(&self, file: usize, node: Option<&Node>, name: &str) -> Match {
        let Some(node) = node else { return Match::Maybe };
        let same = |text: &str| if text.eq_ignore_ascii_case(name) { Match::Yes } else { Match::No };
        match &node.kind {
            Kind::Text(text) => same(text.rsplit('/').next().unwrap_or_default()),
            Kind::Code => {
                let text = self.sources.get(file).and_then(|source| source.text.get(node.start..node.end));
                let mut steps = text.unwrap_or_default().trim().split('.');
                let (Some(kind), Some(label), Some("name" | "id"), None) =
                    (steps.next(), steps.next(), steps.next(), steps.next())
                else {
                    return Match::Maybe;
                };
                let named = self.all.iter().find(|one| one.kind() == kind && one.member.label(1) == label);
                match named.and_then(|one| one.member.value.text_of("name")) {
                    Some(text) => same(text),
                    None => Match::Maybe,
                }
            }
            _ => Match::No,
        }
    }

    /// Resources with the name of the target, in no other group than its.
    fn named(&self, kinds: &'s [&'s str], name: &str, group: Option<&str>) -> Vec<Resource<'s>> {
        let own = |one: &Resource<'s>| {
            let value = &one.member.value;
            let elsewhere = group.is_some_and(|group| {
                matches!(self.says(one.file, value.get("resource_group_name"), group), Match::No)
            });
            value.text_of("name").is_some_and(|its| its.eq_ignore_ascii_case(name)) && !elsewhere
        };
        self.of_kind(kinds).filter(own).collect()
    }

    /// Those whose member names `name`; where none is sure to, those that may, as places where nothing can be done.
    fn within(
        &self,
        all: Vec<Resource<'s>>,
        member: &str,
        name: &str,
    ) -> Result<Vec<Resource<'s>>, Vec<Spot<'s>>> {
        let (mut sure, mut maybe) = (Vec::new(), Vec::new());
        for one in all {
            let node = one.member.value.get(member);
            match self.says(one.file, node, name) {
                Match::Yes => sure.push(one),
                Match::Maybe => {
                    let at = node.map_or(one.member.start, |node| node.start);
                    maybe.push(stops(one, at, Why::Code));
                }
                Match::No => {}
            }
        }
        if sure.is_empty() && !maybe.is_empty() { Err(maybe) } else { Ok(sure) }
    }

    fn goes(&self, one: Resource<'s>) -> Spot<'s> {
        let siblings = self.sources.get(one.file).map(|source| source.root.members()).unwrap_or_default();
        let what = What::Goes {
            siblings: siblings.iter().map(|member| (member.start, member.end())).collect(),
            range: (one.member.start, one.member.end()),
            symbol: Some(format!("{}.{}", one.kind(), one.member.label(1))),
        };
        Spot { file: one.file, at: one.member.start, what }
    }

    fn rule(&self, act: &Act, target: &Target) -> Vec<Spot<'s>> {
        let (was, becomes) = match act {
            Act::Put { was, becomes } => (was.as_ref().and_then(Rule::read), Rule::read(becomes)),
            Act::Delete { .. } => (None, None),
            _ => return Vec::new(),
        };
        let delete = matches!(act, Act::Delete { .. });
        let change = |file: usize, at: usize, node: &'s Node| match &becomes {
            Some(rule) => {
                let ops = rules::ops(was.as_ref(), rule, true).into_iter().map(|op| (node, op)).collect();
                Spot { file, at, what: What::Members(ops) }
            }
            None => Spot { file, at, what: What::Stops(Stop { at, why: Why::Hand }) },
        };
        let group = target.group.as_deref();
        let own = self.named(&["azurerm_network_security_rule"], target.name(), group);
        let (own, maybe) = match self.within(own, "network_security_group_name", target.name_at(0)) {
            Ok(own) => (own, Vec::new()),
            Err(maybe) => (Vec::new(), maybe),
        };
        let mut spots = Vec::new();
        for one in own {
            spots.push(match delete {
                true => self.goes(one),
                false => change(one.file, one.member.start, &one.member.value),
            });
        }
        let groups = self.named(&["azurerm_network_security_group"], target.name_at(0), group);
        for one in &groups {
            let all = &one.member.value;
            for block in all.blocks("security_rule") {
                if !block.value.text_of("name").is_some_and(|its| its.eq_ignore_ascii_case(target.name())) {
                    continue;
                }
                let range = (block.start, block.end());
                let siblings = all.members().iter().map(|member| (member.start, member.end())).collect();
                spots.push(match delete {
                    true => Spot {
                        file: one.file,
                        at: range.0,
                        what: What::Goes { siblings, range, symbol: None },
                    },
                    false => change(one.file, range.0, &block.value),
                });
            }
        }
        if !spots.is_empty() {
            return spots;
        }
        if !maybe.is_empty() {
            return maybe;
        }
        for one in groups {
            let by = |member: &&Member| {
                member.block.is_some() && member.key == "dynamic" && member.label(0) == "security_rule"
                    || member.block.is_none() && member.key == "security_rule"
            };
            if let Some(by) = one.member.value.members().iter().find(by) {
                spots.push(stops(one, by.start, Why::Code));
            } else if let (Act::Put { was: None, .. }, Some(rule)) = (act, &becomes) {
                spots.extend(self.added(one, target, rule));
            }
        }
        spots
    }

    /// A rule that is not there yet: beside the others of its group, as they are.
    fn added(&self, group: Resource<'s>, target: &Target, rule: &Rule) -> Option<Spot<'s>> {
        let source = self.sources.get(group.file)?;
        let mut inner = vec![attribute("name", &target.name().into())];
        let last = group.member.value.blocks("security_rule").last();
        let (at, text) = match last {
            Some(block) => {
                inner.extend(rule_items(rule));
                let pad = indent(source.text, block.start);
                let text = items(&[Item::Block("security_rule".to_owned(), Vec::new(), inner)], 0);
                let text = reindent(text.trim_end(), &pad, &unit(source.text));
                (line_end(source.text, block.end()), format!("\n\n{pad}{text}"))
            }
            None => {
                let reference = format!("azurerm_network_security_group.{}", group.member.label(1));
                for (name, of) in
                    [("resource_group_name", "resource_group_name"), ("network_security_group_name", "name")]
                {
                    inner.push(Item::Attribute(name.to_owned(), format!("{reference}.{of}")));
                }
                inner.extend(rule_items(rule));
                let kind = "azurerm_network_security_rule";
                let taken = |label: &str| {
                    self.all.iter().any(|one| one.kind() == kind && one.member.label(1) == label)
                };
                let base: String = target
                    .name()
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
                    .collect();
                let base = if base.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    base
                } else {
                    format!("r_{base}")
                };
                let mut label = base.clone();
                let mut number = 2_usize;
                while taken(&label) {
                    label = format!("{base}_{number}");
                    number += 1;
                }
                let block = Item::Block("resource".to_owned(), vec![kind.to_owned(), label], inner);
                let text = reindent(items(&[block], 0).trim_end(), "", &unit(source.text));
                (line_end(source.text, group.member.end()), format!("\n\n{text}"))
            }
        };
        let what = What::Text(Change { start: at, end: at, text });
        Some(Spot { file: group.file, at: group.member.start, what })
    }

    /// Members of a resource that has the target's name.
    fn edited(
        &self,
        target: &Target,
        kinds: &'s [&'s str],
        edits: &[Edit],
        op: fn(&'s Node, &Edit) -> Option<(&'s Node, Op)>,
    ) -> Vec<Spot<'s>> {
        let named = self.named(kinds, target.name(), target.group.as_deref());
        named
            .into_iter()
            .map(|one| {
                let ops: Option<Vec<_>> = edits.iter().map(|edit| op(&one.member.value, edit)).collect();
                match ops {
                    Some(ops) => Spot { file: one.file, at: one.member.start, what: What::Members(ops) },
                    None => stops(one, one.member.start, Why::Hand),
                }
            })
            .collect()
    }

    fn machine(&self, target: &Target, edits: &[Edit]) -> Vec<Spot<'s>> {
        let kinds = &["azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine"];
        if let [edit] = edits
            && edit.path.eq_ignore_ascii_case("identity/type")
            && let Some(kind) = &edit.becomes
        {
            let named = self.named(kinds, target.name(), target.group.as_deref());
            return named.into_iter().filter_map(|one| self.identity(one, kind)).collect();
        }
        // azurerm sets the type where one of the two is on.
        let firmware = edits.iter().any(|edit| edit.path.to_ascii_lowercase().contains("/uefisettings/"));
        let kind = |edit: &Edit| edit.path.eq_ignore_ascii_case("properties/securityProfile/securityType");
        let edits: Vec<Edit> = edits.iter().filter(|edit| !(firmware && kind(edit))).cloned().collect();
        self.edited(target, kinds, &edits, |node, edit| {
            let (_, name, _) = MACHINE.iter().find(|(path, ..)| path.eq_ignore_ascii_case(&edit.path))?;
            Some((node, set(name, edit.becomes.clone())))
        })
    }

    fn identity(&self, one: Resource<'s>, kind: &Value) -> Option<Spot<'s>> {
        let source = self.sources.get(one.file)?;
        let all = &one.member.value;
        let what = match (all.blocks("identity").next(), all.members().last()) {
            (Some(block), _) => What::Members(vec![(&block.value, set("type", Some(kind.clone())))]),
            (None, Some(last)) if line_end(source.text, last.end()) < all.end => {
                let pad = indent(source.text, last.start);
                let block = Item::Block("identity".to_owned(), Vec::new(), vec![attribute("type", kind)]);
                let text = reindent(items(&[block], 0).trim_end(), &pad, &unit(source.text));
                let at = line_end(source.text, last.end());
                What::Text(Change { start: at, end: at, text: format!("\n\n{pad}{text}") })
            }
            _ => What::Stops(Stop { at: one.member.start, why: Why::Hand }),
        };
        Some(Spot { file: one.file, at: one.member.start, what })
    }

    fn extension(&self, act: &Act, write: &Write, target: &Target) -> Vec<Spot<'s>> {
        let named = self.named(&["azurerm_virtual_machine_extension"], target.name(), None);
        let machine = parent(&write.target).rsplit('/').next().unwrap_or_default();
        let own = match self.within(named, "virtual_machine_id", machine) {
            Ok(own) => own,
            Err(maybe) => return maybe,
        };
        let known = [
            ("publisher", "publisher"),
            ("type", "type"),
            ("typeHandlerVersion", "type_handler_version"),
            ("autoUpgradeMinorVersion", "auto_upgrade_minor_version"),
            ("enableAutomaticUpgrade", "automatic_upgrade_enabled"),
        ];
        own.into_iter()
            .map(|one| match act {
                Act::Delete { .. } => self.goes(one),
                Act::Put { was, becomes } => {
                    let ops: Option<Vec<_>> = template::differences(was.as_ref(), becomes)
                        .into_iter()
                        .map(|(name, value)| {
                            let (_, its) = known.iter().find(|(known, _)| *known == name)?;
                            Some((&one.member.value, set(its, value)))
                        })
                        .collect();
                    match ops {
                        Some(ops) => Spot { file: one.file, at: one.member.start, what: What::Members(ops) },
                        None => stops(one, one.member.start, Why::Hand),
                    }
                }
                _ => stops(one, one.member.start, Why::Hand),
            })
            .collect()
    }

    fn pricing(&self, becomes: &Value, target: &Target) -> Vec<Spot<'s>> {
        let of = |name: &str| becomes.get("properties").and_then(|all| all.get(name)).cloned();
        let own = |one: &Resource<'s>| {
            // Without one it is the plan of VMs.
            let kind = one.member.value.get("resource_type");
            kind.map_or(Some("VirtualMachines"), Node::text)
                .is_some_and(|its| its.eq_ignore_ascii_case(target.name()))
        };
        let all = self.of_kind(&["azurerm_security_center_subscription_pricing"]).filter(own);
        all.map(|one| {
            let node = &one.member.value;
            let mut ops = vec![(node, set("tier", of("pricingTier")))];
            if let Some(plan) = of("subPlan") {
                ops.push((node, set("subplan", Some(plan))));
            }
            Spot { file: one.file, at: one.member.start, what: What::Members(ops) }
        })
        .collect()
    }

    /// Resources in Azure's own words.
    fn azapi(&self, write: &Write, target: &Target) -> Vec<Spot<'s>> {
        let own = |one: &Resource<'s>| {
            let kind = one.member.value.text_of("type").and_then(|kind| kind.split_once('@'));
            kind.is_some_and(|(kind, _)| target.is(&kind.to_ascii_lowercase()))
        };
        let mut spots = Vec::new();
        for one in self.named(&["azapi_resource"], target.name(), None).into_iter().filter(own) {
            if let Act::Delete { .. } = write.act {
                spots.push(self.goes(one));
                continue;
            }
            let body = one.member.value.get("body");
            spots.push(match (body, body.and_then(|body| template::ops(write, body))) {
                (Some(_), Some(ops)) => {
                    Spot { file: one.file, at: one.member.start, what: What::Members(ops) }
                }
                (body, _) => stops(one, body.map_or(one.member.start, |body| body.start), Why::Hand),
            });
        }
        spots
    }
}

fn stops<'s>(one: Resource<'s>, at: usize, why: Why) -> Spot<'s> {
    Spot { file: one.file, at: one.member.start, what: What::Stops(Stop { at, why }) }
}

fn set(name: &str, value: Option<Value>) -> Op {
    Op { path: Vec::new(), keys: vec![name.to_owned()], new: value.map(|value| (name.to_owned(), value)) }
}

fn interface<'s>(node: &'s Node, edit: &Edit) -> Option<(&'s Node, Op)> {
    if edit.path.eq_ignore_ascii_case("properties/enableIPForwarding") {
        return Some((node, set("ip_forwarding_enabled", edit.becomes.clone())));
    }
    let name = edit
        .path
        .strip_prefix("properties/ipConfigurations[")?
        .strip_suffix("]/properties/publicIPAddress")?;
    let named =
        |block: &&Member| block.value.text_of("name").is_some_and(|its| its.eq_ignore_ascii_case(name));
    let block = node.blocks("ip_configuration").find(named)?;
    let id = match &edit.becomes {
        Some(value) => Some(value.get("id").filter(|id| id.is_string())?.clone()),
        None => None,
    };
    Some((&block.value, set("public_ip_address_id", id)))
}

fn disk<'s>(node: &'s Node, edit: &Edit) -> Option<(&'s Node, Op)> {
    let op = match edit.path.as_str() {
        "properties/networkAccessPolicy" => set("network_access_policy", edit.becomes.clone()),
        "properties/publicNetworkAccess" => {
            let on = edit.becomes.as_ref()?.as_str()?.eq_ignore_ascii_case("Enabled");
            set("public_network_access_enabled", Some(json!(on)))
        }
        _ => return None,
    };
    Some((node, op))
}
