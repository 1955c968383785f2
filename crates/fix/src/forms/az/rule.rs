//! Commands for rules of security groups.
//!
//! Source: <https://learn.microsoft.com/cli/azure/network/nsg/rule>. `create` fills in what is not said (port 80, any
//! protocol), so that everything is; `update` leaves what is not said.

use super::line::{Line, tame};
use crate::forms::rule::{Rule, Side};
use crate::forms::target::Target;
use crate::write::{Act, Write};

pub(super) fn commands(write: &Write, target: &Target) -> Option<Vec<String>> {
    if !target.is("microsoft.network/networksecuritygroups/securityrules") || target.scope.is_some() {
        return None;
    }
    let (subscription, group) = (target.subscription.as_deref()?, target.group.as_deref()?);
    if ![subscription, group, target.name_at(0), target.name()].iter().all(|name| tame(name)) {
        return None;
    }
    let line = |verb: &str| {
        Line::new(&format!("network nsg rule {verb}"))
            .with("--subscription", [subscription])
            .with("--resource-group", [group])
            .with("--nsg-name", [target.name_at(0)])
            .with("--name", [target.name()])
    };
    match &write.act {
        Act::Delete { .. } => Some(vec![line("delete").text()]),
        Act::Put { was: None, becomes } => {
            let rule = Rule::read(becomes)?;
            let one =
                |side: &Side| side.groups.len() <= 1 && (side.groups.is_empty() || side.prefixes.is_empty());
            (one(&rule.source) && one(&rule.destination)).then_some(())?;
            Some(vec![say(line("create"), None, &rule)?.text()])
        }
        Act::Put { was: Some(was), becomes } => {
            let (was, rule) = (Rule::read(was)?, Rule::read(becomes)?);
            let kept =
                was.source.groups == rule.source.groups && was.destination.groups == rule.destination.groups;
            (kept && was != rule).then_some(())?;
            Some(vec![say(line("update"), Some(&was), &rule)?.text()])
        }
        _ => None,
    }
}

/// Says the fields of a rule; those alone that are not as they were.
fn say(mut line: Line, was: Option<&Rule>, rule: &Rule) -> Option<Line> {
    let scalar = |line: Line, option: &str, was: Option<&String>, is: &String| -> Option<Line> {
        match was.is_some_and(|was| was.eq_ignore_ascii_case(is)) {
            true => Some(line),
            false => tame(is).then(|| line.with(option, [is])),
        }
    };
    line = scalar(line, "--priority", was.map(|was| &was.priority), &rule.priority)?;
    line = scalar(line, "--direction", was.map(|was| &was.direction), &rule.direction)?;
    line = scalar(line, "--access", was.map(|was| &was.access), &rule.access)?;
    line = scalar(line, "--protocol", was.map(|was| &was.protocol), &rule.protocol)?;
    let list = |line: Line, option: &str, was: Option<&Vec<String>>, is: &Vec<String>| -> Option<Line> {
        match (was == Some(is), is.is_empty()) {
            (true, _) => Some(line),
            (false, true) => was.is_none().then_some(line),
            (false, false) => is.iter().all(|word| tame(word)).then(|| line.with(option, is)),
        }
    };
    for (name, was, is) in [
        ("source", was.map(|was| &was.source), &rule.source),
        ("destination", was.map(|was| &was.destination), &rule.destination),
    ] {
        line = list(line, &format!("--{name}-address-prefixes"), was.map(|was| &was.prefixes), &is.prefixes)?;
        line = list(line, &format!("--{name}-asgs"), was.map(|was| &was.groups), &is.groups)?;
        line = list(line, &format!("--{name}-port-ranges"), was.map(|was| &was.ports), &is.ports)?;
    }
    match (was.and_then(|was| was.description.as_ref()), &rule.description) {
        (was, Some(is)) if was != Some(is) => {
            (tame(is) && !is.is_empty()).then(|| line.with("--description", [is]))
        }
        (Some(_), None) => Some(line.with("--description", ["null"])),
        _ => Some(line),
    }
}
