//! Narrowing, splitting and removing one rule of a group.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview> (priorities 100 to 4096,
//! unique in each direction; augmented rules), <https://learn.microsoft.com/rest/api/virtualnetwork/security-rules>.

use estate::{
    AddressSpec, Change, Direction, Family, Known, OWN_RULE, PortSet, PortSpec, Range, SecurityRule,
    ServiceTag, resource_name,
};
use reach::{Addresses, prefixes_of};
use serde_json::{Map, Value, json};

use super::{Wanted, behind, put};
use crate::lang::say;
use crate::plan::{Ask, Effects, Fix, Plan, Planner, Step, name_of};
use crate::write::{Act, Write, at, writable};

pub(super) use crate::versions::NETWORK;

/// The longest name that a rule may have.
const NAME_LIMIT: usize = 80;

/// The most prefixes that a rule is narrowed to.
const PREFIX_LIMIT: usize = 1000;

/// What a rule becomes.
struct Outcome {
    /// Ports that stay as they are.
    rest: PortSet,
    /// Ports that only approved sources keep, and these sources.
    narrowed: Option<(PortSet, AddressSpec, Vec<String>)>,
    /// Ports of which somebody has to say who needs them.
    open: PortSet,
    /// Whether just-in-time access has to be there first.
    leases: bool,
}

pub(super) fn plan(planner: &Planner<'_>, wanted: Wanted<'_>, plan: &mut Plan) {
    let Wanted { nsg, rule, .. } = &wanted;
    let id = planner.estate.text(nsg.id);
    let (group, name) = (resource_name(id).to_owned(), rule.name.clone());
    let lang = planner.lang;
    if let Some(ask) = lease_in_force(planner, &wanted) {
        plan.asks.push(ask);
        return;
    }
    let Some(body) = (planner.record)(nsg.id).and_then(|record| body_of(&record, &rule.name)) else {
        plan.asks.push(Ask {
            closes: wanted.closes,
            question: say!(
                lang,
                "the rule `{name}` of `{group}` cannot be read as Azure has it, so what it would become is not told",
                "NSG `{group}` の規則 `{name}` を Azure の形式で読み取れないため、変更後の内容を示せません"
            ),
            answers: vec![say!(
                lang,
                "collect the estate with `sekimori collect`, and plan again",
                "`sekimori collect` で収集してから、もう一度実行してください"
            )],
        });
        return;
    };
    let outcome = match outcome(planner, &wanted) {
        Ok(outcome) => outcome,
        Err(ask) => {
            plan.asks.push(*ask);
            return;
        }
    };
    if !outcome.open.is_empty() {
        plan.asks.push(who_needs_it(planner, &wanted, &outcome.open));
    }
    let target = format!("{id}/securityRules/{name}");
    let write =
        |target: &str, act: Act| Write { target: target.to_owned(), api_version: NETWORK.to_owned(), act };
    let mut steps = Vec::new();
    let mut split = false;
    // What stays open for those whom the team knows is there before the rest is closed.
    if let Some((ports, source, prefixes)) = &outcome.narrowed {
        let mut new = (*rule).clone();
        new.source = source.clone();
        new.destination_ports = PortSpec { ports: ports.clone(), unreadable: None };
        let mut becomes = with_sources(&body, prefixes);
        becomes = with_ports(&becomes, ports, &rule.destination_ports.ports);
        let (to, shown) = (prefixes.join(", "), ports_words(ports, lang));
        if outcome.rest.is_empty() {
            steps.push(Step {
                says: say!(
                    lang,
                    "Narrow the rule `{name}` of `{group}` ({shown}) to {to}",
                    "NSG `{group}` の規則 `{name}` ({shown}) の接続元を {to} に限定します"
                ),
                write: write(&target, Act::Put { was: Some(body.clone()), becomes }),
                change: Some(Change::PutRule { nsg: nsg.id, rule: Box::new(new) }),
            });
        } else {
            let Some((new_name, priority)) = place_beside(plan, &wanted) else {
                plan.asks.push(no_room(planner, wanted));
                return;
            };
            split = true;
            new.name = new_name.clone().into();
            new.priority = Known::Value(priority);
            set_property(&mut becomes, "priority", json!(priority));
            steps.push(Step {
                says: say!(
                    lang,
                    "Add the rule `{new_name}` (priority {priority}) to `{group}`: {shown} for {to}",
                    "NSG `{group}` に規則 `{new_name}` (優先度 {priority}) を追加し、{shown} を {to} に許可します"
                ),
                write: write(&format!("{id}/securityRules/{new_name}"), Act::Put { was: None, becomes }),
                change: Some(Change::PutRule { nsg: nsg.id, rule: Box::new(new) }),
            });
        }
    }
    let shown = ports_words(&rule.destination_ports.ports.difference(&outcome.rest), lang);
    if !outcome.rest.is_empty() {
        let mut rest = (*rule).clone();
        rest.destination_ports = PortSpec { ports: outcome.rest.clone(), unreadable: None };
        let becomes = with_ports(&body, &outcome.rest, &rule.destination_ports.ports);
        steps.push(Step {
            says: say!(
                lang,
                "Take {shown} out of the rule `{name}` of `{group}`; its other ports stay",
                "NSG `{group}` の規則 `{name}` から {shown} を除きます (ほかのポートは変わりません)"
            ),
            write: write(&target, Act::Put { was: Some(body.clone()), becomes }),
            change: Some(Change::PutRule { nsg: nsg.id, rule: Box::new(rest) }),
        });
    } else if outcome.narrowed.is_none() {
        steps.push(Step {
            says: say!(
                lang,
                "Remove the rule `{name}` of `{group}` ({shown})",
                "NSG `{group}` の規則 `{name}` ({shown}) を削除します"
            ),
            write: write(&target, Act::Delete { was: body.clone() }),
            change: Some(Change::DeleteRule { nsg: nsg.id, rule: rule.name.clone() }),
        });
    }
    let title = match (steps.as_slice(), &outcome.narrowed) {
        ([one], _) => one.says.clone(),
        (_, Some((ports, _, prefixes))) => {
            let (shown, to) = (ports_words(ports, lang), prefixes.join(", "));
            say!(
                lang,
                "Split the rule `{name}` of `{group}`: {shown} for {to} alone, its other ports as they are",
                "NSG `{group}` の規則 `{name}` を分割し、{shown} の接続元を {to} に限定します (ほかのポートは変わりません)"
            )
        }
        _ => steps.iter().map(|step| step.says.clone()).collect::<Vec<_>>().join(" "),
    };
    let bodies: Vec<String> =
        steps.iter().map(|step| serde_json::to_string(&step.write).unwrap_or_default()).collect();
    let parts: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let mut notes = Vec::new();
    if split {
        notes.push(say!(
            lang,
            "two rules take the place of one: what the rule opens besides is not touched",
            "1 つの規則を 2 つに分けます。この規則で開いているほかのポートには影響しません"
        ));
    }
    notes.push(say!(
        lang,
        "connections that are open stay open: Azure looks at rules when a connection begins",
        "確立済みの接続は切断されません (NSG の規則は接続の開始時に評価されます)"
    ));
    // Whoever loses the rule needs the lease, whether the findings are about it or not.
    let leases = if outcome.leases { behind(planner, nsg.id) } else { Vec::new() };
    let left_out = v6_left_out(planner, &rule.source, &outcome);
    if !left_out.is_empty() {
        let (shown, n) = (left_out.join(", "), &name);
        notes.push(say!(
            lang,
            "approved sources of IPv6 are not in the rule `{n}`, as one rule is of one family: {shown}",
            "1 つの規則には 1 つのアドレス ファミリしか指定できないため、承認済みの IPv6 の接続元は規則 `{n}` に含まれません: {shown}"
        ));
    }
    put(
        plan,
        Fix {
            leases,
            id: name_of("rule", &parts),
            title,
            closes: wanted.closes,
            steps,
            effects: Effects::default(),
            notes,
            ..Fix::default()
        },
    );
}

/// What becomes of the rule, by the order that the module above has written down.
fn outcome(planner: &Planner<'_>, wanted: &Wanted<'_>) -> Result<Outcome, Box<Ask>> {
    let rule = wanted.rule;
    if let Some(ask) = unreadable(planner, wanted) {
        return Err(Box::new(ask));
    }
    let options = planner.options;
    let mut rest = rule.destination_ports.ports.clone();
    let mut narrowed = None;
    let (mut open, mut leases) = (PortSet::default(), false);
    if !wanted.login.is_empty() {
        if !planner.settings.approved.is_empty() {
            match approved(planner, &rule.source) {
                Some((source, prefixes)) if !prefixes.is_empty() => {
                    narrowed = Some((wanted.login.clone(), source, prefixes));
                    rest = rest.difference(&wanted.login);
                }
                // Nobody of the team comes by it: whoever does is somebody to ask about.
                Some(_) if options.close => rest = rest.difference(&wanted.login),
                _ => open = open.union(&wanted.login),
            }
        } else {
            let waiting = wanted.login.difference(&wanted.leased);
            rest = rest.difference(&wanted.login.intersection(&wanted.leased));
            if options.close || options.lease {
                leases = !options.close && !waiting.is_empty();
                rest = rest.difference(&waiting);
            } else {
                open = open.union(&waiting);
            }
        }
    }
    // A port that people log in through and that is offered, too, has been settled already.
    let offered = wanted.offered.difference(&wanted.login);
    if options.close {
        rest = rest.difference(&offered);
    } else {
        open = open.union(&offered);
    }
    if rest == rule.destination_ports.ports && narrowed.is_none() {
        return Err(Box::new(who_needs_it(planner, wanted, &open)));
    }
    Ok(Outcome { rest, narrowed, open, leases })
}

/// The approved sources that a rule lets in now, and how a rule names them; `None` where nobody can tell here.
fn approved(planner: &Planner<'_>, source: &AddressSpec) -> Option<(AddressSpec, Vec<String>)> {
    let all = &planner.settings.approved;
    let (mut v4, mut v6) = (estate::V4::default(), estate::V6::default());
    for one in all {
        v4 = v4.union(&one.space.v4);
        v6 = v6.union(&one.space.v6);
    }
    // A rule cannot name a tag beside prefixes, so what comes by one would be cut.
    if source.tags.iter().any(|tag| *tag != ServiceTag::Internet) || !source.asgs.is_empty() {
        return None;
    }
    let internet = source.tags.contains(&ServiceTag::Internet);
    if !source.any {
        // `Internet` is what is not private: an approved office network of 10.0.0.0/8 is not let in by it.
        let mut has4 = source.v4.clone();
        let mut has6 = source.v6.clone();
        if internet {
            has4 = has4.union(&public(&v4));
            has6 = has6.union(&v6);
        }
        // What is private is no stranger, and stays.
        let inside = source.v4.difference(&public(&source.v4));
        v4 = v4.intersection(&has4);
        v6 = v6.intersection(&has6);
        if v4.is_empty() && v6.is_empty() {
            return Some((AddressSpec::default(), Vec::new()));
        }
        v4 = v4.union(&inside);
    }
    // One rule is of one family: Azure refuses both in one.
    if !v4.is_empty() {
        v6 = estate::V6::default();
    }
    let wide4: Addresses = v4
        .ranges()
        .iter()
        .map(|range| Range { first: range.first.into(), last: range.last.into() })
        .collect();
    let wide6: Addresses = v6.ranges().iter().copied().collect();
    let mut prefixes = prefixes_of(&wide4, Family::V4, PREFIX_LIMIT + 1);
    prefixes.extend(prefixes_of(&wide6, Family::V6, PREFIX_LIMIT + 1));
    if prefixes.len() > PREFIX_LIMIT {
        return None;
    }
    Some((AddressSpec { v4, v6, ..AddressSpec::default() }, prefixes))
}

/// Approved sources of IPv6 that a narrowed rule lets in no more.
fn v6_left_out(planner: &Planner<'_>, source: &AddressSpec, outcome: &Outcome) -> Vec<String> {
    let v4_only = outcome.narrowed.as_ref().is_some_and(|(_, new, _)| new.v6.is_empty());
    let let_in = source.any || source.tags.contains(&ServiceTag::Internet);
    if !v4_only || !let_in {
        return Vec::new();
    }
    let all = planner.settings.approved.iter().flat_map(|one| one.space.v6.ranges());
    let set: Addresses = all.copied().collect();
    prefixes_of(&set, Family::V6, PREFIX_LIMIT)
}

/// Whether a rule lets in anybody of the internet whom the team has not approved of, as far as it is known.
pub(super) fn lets_strangers_in(planner: &Planner<'_>, rule: &SecurityRule) -> bool {
    let source = &rule.source;
    let network =
        |tag: &ServiceTag| matches!(tag, ServiceTag::VirtualNetwork | ServiceTag::AzureLoadBalancer);
    if source.any || source.unreadable.is_some() || source.tags.iter().any(|tag| !network(tag)) {
        return true;
    }
    let approved = &planner.settings.approved;
    let mut v4 = public(&source.v4);
    let mut v6 = source.v6.clone();
    for one in approved {
        v4 = v4.difference(&one.space.v4);
        v6 = v6.difference(&one.space.v6);
    }
    !v4.is_empty() || !v6.is_empty()
}

/// What is left of a set without addresses that are nobody's on the internet (RFC 1918, RFC 6598, link-local).
fn public(set: &estate::V4) -> estate::V4 {
    let private: estate::V4 = [
        (0x0a00_0000, 0x0aff_ffff),
        (0xac10_0000, 0xac1f_ffff),
        (0xc0a8_0000, 0xc0a8_ffff),
        (0x6440_0000, 0x647f_ffff),
        (0xa9fe_0000, 0xa9fe_ffff),
    ]
    .into_iter()
    .map(|(first, last)| Range { first, last })
    .collect();
    set.difference(&private)
}

/// A rule of which not all is known is not changed: what it would become is not known either.
fn unreadable(planner: &Planner<'_>, wanted: &Wanted<'_>) -> Option<Ask> {
    let rule = wanted.rule;
    let whole = rule.source.unreadable.is_none()
        && rule.destination_ports.unreadable.is_none()
        && matches!(rule.priority, Known::Value(_))
        && matches!(rule.direction, Known::Value(_));
    let (name, group) = (&rule.name, resource_name(planner.estate.text(wanted.nsg.id)));
    (!whole).then(|| Ask {
        closes: wanted.closes.clone(),
        question: say!(
            planner.lang,
            "not all of the rule `{name}` of `{group}` can be read",
            "NSG `{group}` の規則 `{name}` に読み取れない部分があります"
        ),
        answers: vec![say!(
            planner.lang,
            "look at it with `az network nsg rule show`, and change it by hand",
            "`az network nsg rule show` で内容を確認し、手動で変更してください"
        )],
    })
}

/// A rule that a lease has made closes by itself; taking it away would cut somebody off who may be there.
fn lease_in_force(planner: &Planner<'_>, wanted: &Wanted<'_>) -> Option<Ask> {
    let name = &wanted.rule.name;
    let begins = |start: &str| name.get(..start.len()).is_some_and(|its| its.eq_ignore_ascii_case(start));
    let lease = ["SecurityCenter-JITRule", "MicrosoftDefenderForCloud-JITRule", OWN_RULE]
        .iter()
        .any(|start| begins(start));
    let group = resource_name(planner.estate.text(wanted.nsg.id));
    lease.then(|| Ask {
        closes: wanted.closes.clone(),
        question: say!(
            planner.lang,
            "the rule `{name}` of `{group}` belongs to a lease: it is taken away when the lease ends",
            "NSG `{group}` の規則 `{name}` は一時的な許可によるもので、期限が来ると削除されます"
        ),
        answers: vec![say!(
            planner.lang,
            "end the lease, or `sekimori check` again when it is over",
            "許可を終了するか、期限が過ぎてからもう一度 `sekimori check` を実行してください"
        )],
    })
}

fn who_needs_it(planner: &Planner<'_>, wanted: &Wanted<'_>, open: &PortSet) -> Ask {
    let lang = planner.lang;
    let (name, group) = (&wanted.rule.name, resource_name(planner.estate.text(wanted.nsg.id)));
    let shown = ports_words(open, lang);
    let login = open.overlaps(&wanted.login);
    let mut answers = Vec::new();
    if login {
        answers.push(say!(
            lang,
            "`--approve CIDR`: only your people's addresses (or `approved-sources` in sekimori.toml)",
            "`--approve CIDR`: 指定した接続元だけを許可します (sekimori.toml の `approved-sources` でも指定できます)"
        ));
        answers.push(say!(
            lang,
            "`--lease`: closed, and opened by just-in-time access when somebody asks",
            "`--lease`: 閉じておき、要求されたときだけ Just-In-Time (JIT) VM アクセスで開きます"
        ));
    }
    answers.push(say!(lang, "`--close`: nobody needs it", "`--close`: 不要なので閉じます"));
    if !login {
        answers.push(say!(
            lang,
            "leave it open: say why, and until when, with `[[suppress]]` in sekimori.toml",
            "公開したままにします: 理由と期限を sekimori.toml の `[[suppress]]` に記述してください"
        ));
    }
    Ask {
        closes: wanted.closes.clone(),
        question: say!(
            lang,
            "who needs {shown}, which the rule `{name}` of `{group}` opens?",
            "NSG `{group}` の規則 `{name}` で開いている{shown} は、誰が必要としていますか"
        ),
        answers,
    }
}

fn no_room(planner: &Planner<'_>, wanted: Wanted<'_>) -> Ask {
    let (name, group) =
        (wanted.rule.name.clone(), resource_name(planner.estate.text(wanted.nsg.id)).to_owned());
    Ask {
        closes: wanted.closes,
        question: say!(
            planner.lang,
            "there is no free priority beside the rule `{name}` of `{group}`, so it cannot be split",
            "NSG `{group}` の規則 `{name}` の前後に空いている優先度がないため、規則を分割できません"
        ),
        answers: vec![say!(
            planner.lang,
            "give the rules beside it other priorities, and plan again",
            "前後の規則の優先度を変更してから、もう一度実行してください"
        )],
    }
}

/// A name and a priority for a rule that takes over some ports: no other rule of the direction stands between the two, so that
/// for each packet the same rules come before and after as do now.
fn place_beside(plan: &Plan, wanted: &Wanted<'_>) -> Option<(String, u32)> {
    let rule = wanted.rule;
    let Some(Known::Value(rules)) = &wanted.nsg.rules else { return None };
    let mine = *rule.priority.value()?;
    let direction: Direction = *rule.direction.value()?;
    let mut used = Vec::new();
    for other in rules {
        match (other.direction.value(), other.priority.value()) {
            (Some(its), Some(priority)) if *its == direction => used.push(*priority),
            (Some(_), _) => {}
            // It may stand anywhere.
            _ => return None,
        }
    }
    // What other fixes of this plan add to the group is taken, too.
    let added: Vec<&SecurityRule> = plan
        .fixes
        .iter()
        .flat_map(|fix| &fix.steps)
        .filter_map(|step| match &step.change {
            Some(Change::PutRule { nsg, rule }) if *nsg == wanted.nsg.id => Some(&**rule),
            _ => None,
        })
        .collect();
    used.extend(added.iter().filter_map(|rule| rule.priority.value()));
    let free = |priority: u32| (100..=4096).contains(&priority) && !used.contains(&priority);
    let priority = [mine + 1, mine.saturating_sub(1)].into_iter().find(|priority| free(*priority))?;
    let base: String = rule.name.chars().take(NAME_LIMIT - "-approved-99".len()).collect();
    let all = || rules.iter().chain(added.iter().copied());
    let taken = |name: &str| all().any(|rule| rule.name.eq_ignore_ascii_case(name));
    let mut names = std::iter::once(format!("{base}-approved"))
        .chain((2..100).map(|number| format!("{base}-approved-{number}")));
    Some((names.find(|name| !taken(name))?, priority))
}

/// A rule of a group as it is sent and answered by itself.
fn body_of(group: &Value, name: &str) -> Option<Value> {
    let rule = at(group, &format!("properties/securityRules[{name}]"))?;
    let properties = rule.get("properties")?.as_object()?;
    let mut body = Map::new();
    body.insert("properties".to_owned(), writable(&Value::Object(properties.clone())));
    Some(Value::Object(body))
}

fn set_property(body: &mut Value, name: &str, value: Value) {
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(name.to_owned(), value);
    }
}

/// Puts words into the one of two members that is for so many, and takes the other away.
fn with_words(body: &Value, single: &str, list: &str, words: &[String]) -> Value {
    let mut body = body.clone();
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !name.eq_ignore_ascii_case(single) && !name.eq_ignore_ascii_case(list));
        match words {
            [one] => drop(properties.insert(single.to_owned(), one.as_str().into())),
            several => drop(properties.insert(list.to_owned(), several.into())),
        }
    }
    body
}

fn with_sources(body: &Value, prefixes: &[String]) -> Value {
    let mut body = with_words(body, "sourceAddressPrefix", "sourceAddressPrefixes", prefixes);
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.shift_remove("sourceApplicationSecurityGroups");
    }
    body
}

/// The rule with other ports; as it is where they are the same.
fn with_ports(body: &Value, ports: &PortSet, was: &PortSet) -> Value {
    if ports == was {
        return body.clone();
    }
    let words: Vec<String> = ports.ranges().iter().map(|range| port_text(*range)).collect();
    with_words(body, "destinationPortRange", "destinationPortRanges", &words)
}

fn port_text(range: Range<u16>) -> String {
    match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}-{}", range.first, range.last),
    }
}

/// The same with the noun before them.
fn ports_words(ports: &PortSet, lang: posture::Lang) -> String {
    let text = ports_text(ports);
    match ports.count() {
        1 => say!(lang, "port {text}", "ポート {text}"),
        _ => say!(lang, "ports {text}", "ポート {text}"),
    }
}

/// Ports as people write them.
fn ports_text(ports: &PortSet) -> String {
    if ports.is_all() {
        return "*".to_owned();
    }
    ports.ranges().iter().map(|range| port_text(*range)).collect::<Vec<_>>().join(", ")
}
