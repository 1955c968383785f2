//! What policies of just-in-time access cover, which requests run, and which rules Defender for Cloud made for them.
//!
//! Sources: <https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview>,
//! <https://learn.microsoft.com/rest/api/defenderforcloud/> (jitNetworkAccessPolicies 2020-01-01).

use estate::{
    Family, JitMachine, JitPolicy, JitRequest, Known, Moment, PortSet, Prefix, Range, Reason, ResourceId,
    SecurityRule, parse_prefix, resource_subscription,
};
use reach::{Addresses, Protocols, every_address};

use super::net001_exposed_management_port::services;
use crate::exposure::{PortEvidence, listed};
use crate::lang::Lang;
use crate::view::{Context, VmView};

/// What Defender for Cloud makes a rule for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// To close the ports of a policy.
    ToClose,
    /// To open a port for a request.
    ToOpen,
}

/// Both generations of names: `SecurityCenter-JITRule-1170687618-8C18…` opens, `SecurityCenter-JITRule_-1105480617_9EF6…`
/// closes; since 2023 they begin with `MicrosoftDefenderForCloud-JITRule`
/// (release notes of Defender for Cloud, "JIT rules revised"). None for any other rule.
pub(super) fn made_by_defender(name: &str) -> Option<Made> {
    // What decides is told as `securityRules/<name>`.
    let name = name.rsplit('/').next().unwrap_or(name);
    let rest = ["SecurityCenter-JITRule", "MicrosoftDefenderForCloud-JITRule"].iter().find_map(|start| {
        let (its, rest) = name.split_at_checked(start.len())?;
        its.eq_ignore_ascii_case(start).then_some(rest)
    })?;
    let (made, rest) = match rest.strip_prefix('_') {
        Some(rest) => (Made::ToClose, rest.strip_prefix('-').unwrap_or(rest)),
        None => {
            let rest = rest.strip_prefix('-')?;
            (Made::ToOpen, rest.strip_prefix('-').unwrap_or(rest))
        }
    };
    let (number, mark) = rest.split_once(['-', '_'])?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_mark = mark.len() == 32 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_number && is_mark).then_some(made)
}

/// What policies say of one machine.
pub(super) struct Covered<'e> {
    policies: Vec<(&'e JitPolicy, &'e JitMachine)>,
}

/// What policies say of a machine; none where no policy that can be read names it.
pub(super) fn covered<'e>(context: &Context<'e>, vm: ResourceId) -> Option<Covered<'e>> {
    let mut policies = context.estate().around.jit_of(vm).peekable();
    policies.peek()?;
    Some(Covered { policies: policies.collect() })
}

impl Covered<'_> {
    /// The ports of a protocol that policies cover.
    pub(super) fn ports(&self, protocol: Protocols) -> PortSet {
        let all = self.policies.iter().flat_map(|(_, machine)| &machine.ports);
        let here =
            all.filter(|port| &*port.protocol == "*" || port.protocol.eq_ignore_ascii_case(protocol.name()));
        let ports = here.filter_map(|port| u16::try_from(port.number).ok());
        ports.map(|port| Range { first: port, last: port }).collect()
    }

    /// Why policies may cover further ports; none where they are told in full.
    pub(super) fn doubt(&self, context: &Context<'_>) -> Option<Reason> {
        let (policy, _) = self.policies.iter().find(|(_, machine)| machine.more_ports)?;
        Some(partial(context, policy.id))
    }

    /// Whether a request for a port runs that accounts for what rules let in; the reason where nobody can tell.
    pub(super) fn is_asked_for(
        &self,
        context: &Context<'_>,
        vm: ResourceId,
        port: u16,
        rules: &[&SecurityRule],
    ) -> Result<bool, Reason> {
        let mut unknown = None;
        for (policy, _) in &self.policies {
            let moment = context.moment(&policy.origins);
            match &policy.requests {
                Some(Known::Unknown(reason)) => unknown = Some(reason.as_ref().clone()),
                // A policy that nobody has asked anything of has no `requests`.
                None => {}
                Some(Known::Value(requests)) => {
                    let here =
                        requests.iter().filter(|request| request.vm == vm && request.port == u64::from(port));
                    for request in here {
                        let all: Vec<_> = rules.iter().map(|rule| accounts_for(request, rule)).collect();
                        let accounts = match (all.contains(&Some(false)), all.contains(&None)) {
                            (true, _) => Some(false),
                            (false, true) => None,
                            (false, false) => Some(true),
                        };
                        match (runs(request, moment), accounts) {
                            (Some(false), _) | (_, Some(false)) => {}
                            (Some(true), Some(true)) => return Ok(true),
                            _ => unknown = Some(partial(context, policy.id)),
                        }
                    }
                }
            }
        }
        unknown.map_or(Ok(false), Err)
    }
}

/// Addresses of each family that prefixes name, and the first of them that is none: a service tag.
pub(super) fn addresses_of(sources: &[Box<str>]) -> ([Addresses; 2], Option<Reason>) {
    let (mut v4, mut v6, mut unknown) = (Addresses::empty(), Addresses::empty(), None);
    for source in sources {
        let source = source.trim();
        match parse_prefix(source) {
            Some(Prefix::V4(range)) => {
                let range = Range { first: u128::from(range.first), last: u128::from(range.last) };
                v4 = v4.union(&[range].into_iter().collect());
            }
            Some(Prefix::V6(range)) => v6 = v6.union(&[range].into_iter().collect()),
            None if is_anybody(source) => v4 = every_address(Family::V4),
            None => unknown = Some(Reason::ServiceTag { tag: source.into() }),
        }
    }
    ([v4, v6], unknown)
}

fn is_anybody(source: &str) -> bool {
    source == "*" || ["any", "internet"].iter().any(|word| source.eq_ignore_ascii_case(word))
}

/// Whether a request asked for everybody that a rule lets in: what is wider was made for another one. None where nobody can
/// tell.
pub(super) fn accounts_for(request: &JitRequest, rule: &SecurityRule) -> Option<bool> {
    if request.sources.is_empty() || rule.source.unreadable.is_some() {
        return None;
    }
    if request.sources.iter().any(|source| is_anybody(source.trim())) {
        return Some(true);
    }
    let ([v4, v6], unknown) = addresses_of(&request.sources);
    let named: Addresses = rule
        .source
        .v4
        .ranges()
        .iter()
        .map(|range| Range { first: u128::from(range.first), last: u128::from(range.last) })
        .collect();
    let within = !rule.source.any
        && rule.source.tags.is_empty()
        && rule.source.asgs.is_empty()
        && v4.contains_all(&named)
        && rule.source.v6.ranges().iter().all(|range| v6.contains_all(&[*range].into_iter().collect()));
    match (within, unknown) {
        (true, _) => Some(true),
        (false, None) => Some(false),
        (false, Some(_)) => None,
    }
}

/// Whether a request runs at a moment; none where nobody can tell.
pub(super) fn runs(request: &JitRequest, moment: Option<Moment>) -> Option<bool> {
    is_running(&request.status, request.until, moment)
}

fn is_running(status: &str, until: Option<Moment>, moment: Option<Moment>) -> Option<bool> {
    // Besides `Initiated` and `Revoked` Azure answers words that are not documented.
    if status.eq_ignore_ascii_case("Revoked") {
        return Some(false);
    }
    Some(until? > moment?)
}

/// The reason for what depends on a policy of which the input holds a part only.
pub(super) fn partial(context: &Context<'_>, policy: ResourceId) -> Reason {
    Reason::Partial {
        resource_type: "Microsoft.Security/locations/jitNetworkAccessPolicies".into(),
        id: context.estate().text(policy).into(),
    }
}

/// Why a policy of the subscription of a machine may name the machine, though none that could be read does.
pub(super) fn may_be_named(context: &Context<'_>, vm: ResourceId) -> Option<Reason> {
    let estate = context.estate();
    let subscription = |id| resource_subscription(estate.text(id)).map(str::to_ascii_lowercase);
    let mine = subscription(vm);
    let mut others =
        estate.around.jit_policies.iter().filter(|policy| !matches!(policy.machines, Some(Known::Value(_))));
    others.find(|policy| subscription(policy.id) == mine).map(|policy| match &policy.machines {
        Some(Known::Unknown(reason)) => reason.as_ref().clone(),
        _ => partial(context, policy.id),
    })
}

/// Whether just-in-time access is for such a machine: a single one, not what a scale set makes.
pub(super) fn is_single(context: &Context<'_>, view: &VmView<'_>) -> bool {
    context.estate().vm(view.vm.id).is_some() && context.scale_set_of(view.vm.id).is_none()
}

/// Ports as a sentence names them: `RDP (TCP 3389)`, `UDP 3389`.
pub(super) fn port_names(ports: &[&PortEvidence], lang: Lang) -> String {
    let of = |protocol: Protocols| {
        let here = ports.iter().filter(move |open| open.protocol == protocol).map(|open| open.ports.first);
        let mut all: Vec<u16> = here.collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (tcp, udp) = (of(Protocols::TCP), of(Protocols::UDP));
    let mut words = Vec::new();
    if !tcp.is_empty() {
        words.push(services(tcp.into_iter(), lang));
    }
    words.extend(udp.into_iter().map(|port| format!("UDP {port}")));
    listed(&words, lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_defender_are_told_by_name() {
        let mark = "9EF6964FE766478B9EC568B32FB82045";
        for (name, expected) in [
            (format!("SecurityCenter-JITRule_-1105480617_{mark}"), Some(Made::ToClose)),
            (format!("SecurityCenter-JITRule_1105480617_{mark}"), Some(Made::ToClose)),
            (format!("SecurityCenter-JITRule-1170687618-{mark}"), Some(Made::ToOpen)),
            (format!("SecurityCenter-JITRule--1170687618-{mark}"), Some(Made::ToOpen)),
            (format!("securitycenter-jitrule-1170687618-{}", mark.to_lowercase()), Some(Made::ToOpen)),
            (format!("MicrosoftDefenderForCloud-JITRule-1170687618-{mark}"), Some(Made::ToOpen)),
            (format!("MicrosoftDefenderForCloud-JITRule_-1170687618_{mark}"), Some(Made::ToClose)),
            (format!("securityRules/SecurityCenter-JITRule-1170687618-{mark}"), Some(Made::ToOpen)),
            ("SecurityCenter-JITRule-1170687618".to_owned(), None),
            (format!("SecurityCenter-JITRule-x-{mark}"), None),
            (format!("SecurityCenter-JITRule-1170687618-{mark}0"), None),
            (format!("my-SecurityCenter-JITRule-1170687618-{mark}"), None),
            ("allow-rdp".to_owned(), None),
        ] {
            assert_eq!(made_by_defender(&name), expected, "{name}");
        }
    }

    #[test]
    fn requests_run_until_their_end() {
        let (now, later) = (Some(Moment(100)), Some(Moment(101)));
        for (status, until, moment, expected) in [
            ("Initiated", later, now, Some(true)),
            ("Initiating", later, now, Some(true)),
            ("Revoked", later, now, Some(false)),
            ("revoked", None, None, Some(false)),
            ("Initiated", now, now, Some(false)),
            ("Initiated", None, now, None),
            ("Initiated", later, None, None),
        ] {
            assert_eq!(is_running(status, until, moment), expected, "{status} {until:?} {moment:?}");
        }
    }
}
