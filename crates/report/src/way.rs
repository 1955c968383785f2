//! A way in, step by step: internet, public address, what forwards, groups, NIC, VM.

use std::borrow::Cow;

use estate::{Origin, Pointer, ResourceId, resource_name};
use posture::{Finding, Lang, PortEvidence, grouped};

use crate::Report;
use crate::clean::clean;
use crate::words::{pick, words};

/// What a step of a way in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Internet,
    PublicIp,
    /// A load balancer or firewall.
    Forwarder,
    /// A security admin rule that decides before the groups.
    Admin,
    SubnetGroup,
    NicGroup,
    Nic,
    Vm,
}

/// One step.
pub(crate) struct Step {
    pub(crate) kind: Kind,
    /// What it is called, harmless to show; empty where there is no group.
    pub(crate) name: String,
    /// What is worth knowing of it: an address, a rule with its priority.
    pub(crate) detail: String,
    /// Where it stands in its source.
    pub(crate) place: Option<(Origin, Pointer)>,
    /// The resource.
    pub(crate) resource: Option<ResourceId>,
}

/// The steps of a way in.
pub(crate) fn steps(report: &Report<'_>, finding: &Finding, open: &PortEvidence) -> Vec<Step> {
    let estate = report.estate;
    let lang = report.lang;
    let name = |id: ResourceId| clean(resource_name(estate.text(id))).into_owned();
    let plain = |kind, id: ResourceId, origin: Option<Origin>| Step {
        kind,
        name: name(id),
        detail: String::new(),
        place: origin.map(|origin| (origin, Pointer::from(""))),
        resource: Some(id),
    };
    let mut steps = vec![Step {
        kind: Kind::Internet,
        name: words(lang).internet.to_owned(),
        detail: width(open, lang),
        place: None,
        resource: None,
    }];
    let record = estate.public_ip(open.via);
    let mut public = plain(Kind::PublicIp, open.via, record.map(|record| record.origins.first()));
    let address = record.and_then(|record| record.address.as_ref()?.value());
    public.detail = address.map(ToString::to_string).unwrap_or_default();
    steps.push(public);
    if let Some(through) = &open.through {
        let ports = crate::through::ports_text;
        let translated = format!("{} → {}", ports(&through.frontend_ports), ports(&through.backend_ports));
        steps.push(Step {
            kind: Kind::Forwarder,
            name: name(through.resource),
            detail: format!("{} ({translated})", clean(&through.rule)),
            place: through.place.as_ref().map(|place| (place.origin, place.pointer.clone())),
            resource: Some(through.resource),
        });
    }
    if let Some(rule) = open.decided_by.iter().find(|rule| rule.level == "admin") {
        steps.push(Step {
            kind: Kind::Admin,
            name: name(rule.nsg),
            detail: "AlwaysAllow".to_owned(),
            place: rule.place.clone(),
            resource: Some(rule.nsg),
        });
    }
    for (level, kind) in [("subnet", Kind::SubnetGroup), ("nic", Kind::NicGroup)] {
        let by = open.decided_by.iter().find(|rule| rule.level == level);
        steps.push(match by {
            None => Step { kind, name: String::new(), detail: String::new(), place: None, resource: None },
            Some(rule) => {
                let own = clean(rule.rule.rsplit('/').next().unwrap_or(&rule.rule)).into_owned();
                let detail = match rule.priority {
                    Some(priority) => format!("{own} ({priority})"),
                    None => own,
                };
                Step {
                    kind,
                    name: name(rule.nsg),
                    detail,
                    place: rule.place.clone(),
                    resource: Some(rule.nsg),
                }
            }
        });
    }
    let set = estate.scale_set(finding.resource).map(|set| set.origins.first());
    let nic = estate.nic(open.nic).map(|nic| nic.origins.first());
    steps.push(plain(Kind::Nic, open.nic, nic.or(set)));
    let vm = estate.vm(finding.resource).map(|vm| vm.origins.first()).or(set);
    steps.push(plain(Kind::Vm, finding.resource, vm));
    steps
}

/// What a kind of step is called before its name.
pub(crate) fn label(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Internet => "",
        Kind::PublicIp => pick(lang, "public IP", "パブリック IP"),
        Kind::Forwarder => pick(lang, "forwarded by", "転送"),
        Kind::Admin => pick(lang, "security admin rule", "セキュリティ管理規則"),
        Kind::SubnetGroup => words(lang).subnet_group,
        Kind::NicGroup => words(lang).nic_group,
        Kind::Nic => "NIC",
        Kind::Vm => "VM",
    }
}

/// `internet → pip1 (20.1.2.3) → subnet group: nsg1 / allow-rdp (300) → NIC group: none → web1`.
pub(crate) fn line(report: &Report<'_>, finding: &Finding, open: &PortEvidence) -> String {
    let words = words(report.lang);
    let texts: Vec<_> = steps(report, finding, open)
        .into_iter()
        .filter_map(|step| match step.kind {
            Kind::Internet | Kind::Vm => Some(step.name),
            Kind::PublicIp if step.detail.is_empty() => Some(step.name),
            Kind::Forwarder | Kind::Admin => {
                Some(format!("{}: {} / {}", label(step.kind, report.lang), step.name, step.detail))
            }
            Kind::PublicIp => Some(format!("{} ({})", step.name, step.detail)),
            Kind::SubnetGroup | Kind::NicGroup => {
                let label = label(step.kind, report.lang);
                Some(match step.name.is_empty() {
                    true => format!("{label}: {}", words.none),
                    false => format!("{label}: {} / {}", step.name, step.detail),
                })
            }
            // The NIC says nothing that the other steps do not, on one line.
            Kind::Nic => None,
        })
        .collect();
    texts.join(" → ")
}

/// How many addresses come in, in words; empty where that is not known in numbers.
pub(crate) fn width(open: &PortEvidence, lang: Lang) -> String {
    match open.sources.internet_ipv4_addresses {
        0 => String::new(),
        1 => pick(lang, "1 internet address".to_owned(), "インターネットのアドレス 1 個".to_owned()),
        count => {
            let count = grouped(count);
            pick(lang, format!("{count} internet addresses"), format!("インターネットのアドレス {count} 個"))
        }
    }
}

/// The prefixes that come in: the first `most` of them.
pub(crate) fn ranges(open: &PortEvidence, most: usize) -> String {
    let mut ranges: Vec<_> =
        open.sources.ranges.iter().take(most).map(|range| Cow::Borrowed(range.as_str())).collect();
    if open.sources.ranges.len() > ranges.len() || open.sources.more_ranges {
        ranges.push(Cow::Borrowed("…"));
    }
    ranges.join(", ")
}

/// Who comes in: how many addresses, which prefixes, and which of them the team has approved of.
pub(crate) fn sources(open: &PortEvidence, lang: Lang) -> String {
    let ranges = ranges(open, 4);
    let width = width(open, lang);
    let mut text = if width.is_empty() { ranges } else { format!("{width} ({ranges})") };
    if !open.sources.approved.is_empty() {
        let names: Vec<_> = open.sources.approved.iter().map(|name| clean(name)).collect();
        let names = names.join(pick(lang, ", ", "、"));
        text += &pick(lang, format!("; approved among them: {names}"), format!("。うち承認済み: {names}"));
    }
    text
}
