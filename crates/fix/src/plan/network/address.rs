//! Taking a public address away from a machine that nobody needs it on.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-network/ip-services/remove-public-ip-address-vm> (dissociating keeps
//! the address resource), <https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses> (a dynamic
//! address is lost when nothing holds it), <https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections>
//! (a way out is given by outbound rules, and by load-balancing rules that do not say otherwise; never by inbound NAT rules).

use estate::{Change, IpConfiguration, Known, Nic, Reason, ResourceId, resource_name};
use posture::Finding;
use serde_json::{Value, json};

use super::rule::NETWORK;
use super::{closes, put};
use crate::lang::say;
use crate::plan::{Ask, Effects, Fix, Plan, Planner, Step, name_of};
use crate::write::{Act, Edit, Write, at};

pub(super) fn plan(planner: &Planner<'_>, findings: &[&Finding], plan: &mut Plan) {
    for finding in findings.iter().filter(|finding| finding.check.code == "NET004") {
        let Some(vm) = planner.estate.vm(finding.resource) else { continue };
        for nic in vm.nics.iter().filter_map(|id| planner.estate.nic(*id)) {
            let Some(Known::Value(all)) = &nic.ip_configurations else { continue };
            for ip in all {
                let Some(Known::Value(address)) = &ip.public_ip else { continue };
                match off(planner, finding, nic, ip, *address) {
                    Ok(fix) => put(plan, fix),
                    Err(ask) => plan.asks.push(*ask),
                }
            }
        }
    }
}

/// The step that takes an address away, with what is to be said of it; an error for a record that does not tell.
pub(in crate::plan) fn dissociate(
    planner: &Planner<'_>,
    nic: &Nic,
    ip: &IpConfiguration,
    address: ResourceId,
) -> Option<(Step, Vec<String>)> {
    let lang = planner.lang;
    let record = (planner.record)(nic.id)?;
    let path = format!("properties/ipConfigurations[{}]/properties/publicIPAddress", ip.name);
    let was = at(&record, &path)?.get("id")?.as_str()?;
    let name = resource_name(planner.estate.text(address)).to_owned();
    let (card, part) = (resource_name(planner.estate.text(nic.id)), &ip.name);
    let step = Step {
        says: say!(
            lang,
            "Take the public address `{name}` off `{part}` of the NIC `{card}`; the address itself is kept",
            "NIC `{card}` の `{part}` からパブリック IP アドレス `{name}` の関連付けを解除します (リソースは削除しません)"
        ),
        write: Write {
            target: planner.estate.text(nic.id).to_owned(),
            api_version: NETWORK.to_owned(),
            act: Act::Edit {
                edits: vec![Edit { path, was: Some(json!({ "id": was })), becomes: None }],
                whole: true,
            },
        },
        change: Some(Change::SetPublicIp { nic: nic.id, ip_configuration: ip.name.clone(), public_ip: None }),
    };
    let mut notes = Vec::new();
    let method = (planner.record)(address);
    let method = method.as_ref().and_then(|record| at(record, "properties/publicIPAllocationMethod"));
    match method.and_then(Value::as_str) {
        Some(method) if method.eq_ignore_ascii_case("Static") => {}
        Some(_) => notes.push(say!(
            lang,
            "`{name}` is dynamic: its number is lost, and undoing this gives another one",
            "`{name}` は動的割り当てのため、現在のアドレスは失われます。元に戻しても別のアドレスになります"
        )),
        None => notes.push(say!(
            lang,
            "whether `{name}` keeps its number is not told: a dynamic one is lost",
            "`{name}` の割り当て方法が分かりません。動的割り当ての場合、現在のアドレスは失われます"
        )),
    }
    Some((step, notes))
}

/// Whether a load balancer gives an IPv4 address a way out: by an outbound rule for a pool that it is in, or by a
/// load-balancing rule with a public frontend that does not say otherwise.
///
/// # Errors
///
/// The name of a load balancer of which the input does not tell enough.
pub(in crate::plan) fn balancer_gives(planner: &Planner<'_>, ip: &IpConfiguration) -> Result<bool, String> {
    let Known::Value(parts) = &ip.forwarded_by else { return Err(ip.name.to_string()) };
    for part in parts.iter() {
        let pool = planner.estate.text(*part);
        let lower = pool.to_ascii_lowercase();
        if !lower.contains("/loadbalancers/") {
            continue;
        }
        let Some(end) = lower.find("/backendaddresspools/") else { continue };
        let id = pool.get(..end).unwrap_or_default();
        let record = planner.estate.ids().find(id).and_then(|id| (planner.record)(id));
        let Some(record) = record else { return Err(resource_name(id).to_owned()) };
        if gives(&record, pool) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the record of a load balancer has a rule by which a pool sends.
fn gives(record: &Value, pool: &str) -> bool {
    let list = |name: &str| {
        let list = record.get("properties").and_then(|properties| properties.get(name));
        list.and_then(Value::as_array).into_iter().flatten()
    };
    let id = |value: &Value| value.get("id").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let wanted = pool.to_ascii_lowercase();
    let public: Vec<String> = list("frontendIPConfigurations")
        .filter(|front| {
            let has = |name: &str| front.pointer(&format!("/properties/{name}/id")).is_some();
            has("publicIPAddress") || has("publicIPPrefix")
        })
        .filter_map(id)
        .collect();
    let is_for = |rule: &Value| {
        let one = rule.pointer("/properties/backendAddressPool").into_iter();
        let several = rule.pointer("/properties/backendAddressPools").and_then(Value::as_array);
        one.chain(several.into_iter().flatten()).any(|its| id(its).is_some_and(|its| its == wanted))
    };
    // A rule serves the packets of its own protocol alone.
    let serves = |rule: &Value| {
        let protocol = rule.pointer("/properties/protocol").and_then(Value::as_str);
        !protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case("Udp"))
    };
    let sends = |rule: &Value| {
        let off = rule.pointer("/properties/disableOutboundSnat").and_then(Value::as_bool);
        let front = rule.pointer("/properties/frontendIPConfiguration").and_then(id);
        off != Some(true) && front.is_some_and(|front| public.contains(&front))
    };
    list("outboundRules").any(|rule| is_for(rule) && serves(rule))
        || list("loadBalancingRules").any(|rule| is_for(rule) && serves(rule) && sends(rule))
}

fn off(
    planner: &Planner<'_>,
    finding: &Finding,
    nic: &Nic,
    ip: &IpConfiguration,
    address: ResourceId,
) -> Result<Fix, Box<Ask>> {
    let lang = planner.lang;
    let (name, machine) = (
        resource_name(planner.estate.text(address)).to_owned(),
        resource_name(planner.estate.text(finding.resource)).to_owned(),
    );
    let ask = |question: String, answers: Vec<String>| {
        Box::new(Ask { closes: vec![closes(planner, finding)], question, answers })
    };
    let migrate = say!(
        lang,
        "`sekimori fix --private {machine}`: a private way first, then the address is taken off",
        "`sekimori fix --private {machine}`: 先にプライベートな経路を確保してから、アドレスを外します"
    );
    let doubt = |reason: &Reason| posture::reason_text(reason, lang);
    // Somebody may be using it: whoever gets in by it, or may.
    let exposure = planner.reach.from_internet(nic, ip);
    let mine = exposure.ways.iter().filter(|way| way.via == address);
    for way in mine {
        if let Some(reason) = way.unknown.first() {
            let why = doubt(reason);
            return Err(ask(
                say!(
                    lang,
                    "whether anybody comes to `{machine}` by `{name}` cannot be told: {why}",
                    "`{name}` 経由で `{machine}` に接続できるかどうか判定できません: {why}"
                ),
                vec![migrate],
            ));
        }
        if !way.openings.is_empty() {
            return Err(ask(
                say!(
                    lang,
                    "`{machine}` is reached from the internet by `{name}`: is that meant?",
                    "`{machine}` は `{name}` 経由でインターネットから接続できます。意図したものですか"
                ),
                vec![
                    migrate,
                    say!(
                        lang,
                        "close what is open first (`--close`), and plan again",
                        "先に開いているポートを閉じてから (`--close`)、もう一度実行してください"
                    ),
                ],
            ));
        }
    }
    let vm = planner.estate.vm(finding.resource);
    let left = vm.map(|vm| posture::way_out_without_address(planner.reach, vm, nic, ip));
    let mut notes = Vec::new();
    // A load balancer that only lets in gives no way out.
    let left = match left {
        Some(Ok(posture::WayOut::Balancer)) => match balancer_gives(planner, ip) {
            Ok(true) if ip.family == estate::Family::V4 => Some(Ok(posture::WayOut::Balancer)),
            Ok(_) => Some(Ok(posture::WayOut::Nowhere)),
            Err(balancer) => {
                return Err(ask(
                    say!(
                        lang,
                        "whether `{machine}` gets out to the internet without `{name}` cannot be told: the rules of the load balancer `{balancer}` are not known",
                        "`{name}` を外したあと `{machine}` がインターネットに送信できるかどうか判定できません: ロード バランサー `{balancer}` の規則を確認できません"
                    ),
                    vec![migrate],
                ));
            }
        },
        other => other,
    };
    match left {
        Some(Ok(posture::WayOut::Nowhere)) | None => {
            return Err(ask(
                say!(
                    lang,
                    "`{name}` is the only way by which `{machine}` gets out to the internet",
                    "`{name}` は `{machine}` がインターネットに送信する唯一の経路です"
                ),
                vec![migrate],
            ));
        }
        Some(Err(reasons)) => {
            let why = reasons.first().map(doubt).unwrap_or_default();
            return Err(ask(
                say!(
                    lang,
                    "whether `{machine}` gets out to the internet without `{name}` cannot be told: {why}",
                    "`{name}` を外したあと `{machine}` がインターネットに送信できるかどうか判定できません: {why}"
                ),
                vec![migrate],
            ));
        }
        Some(Ok(posture::WayOut::Default)) => notes.push(say!(
            lang,
            "afterwards it goes out by an address that Azure lends: a NAT gateway is better",
            "外したあとは Azure の既定の送信アクセスで送信します。NAT ゲートウェイの利用を推奨します"
        )),
        Some(Ok(_)) => {}
    }
    let Some((step, more)) = dissociate(planner, nic, ip, address) else {
        return Err(ask(
            say!(
                lang,
                "the record of the NIC of `{machine}` does not tell enough to change it",
                "`{machine}` の NIC のレコードに、変更に必要な情報がありません"
            ),
            vec![say!(
                lang,
                "collect the estate with `sekimori collect`, and plan again",
                "`sekimori collect` で収集してから、もう一度実行してください"
            )],
        ));
    };
    notes.extend(more);
    Ok(Fix {
        id: name_of("address", &[&step.write.target, &ip.name, "off"]),
        title: step.says.clone(),
        closes: vec![closes(planner, finding)],
        steps: vec![step],
        effects: Effects {
            downtime: Some(say!(
                lang,
                "whoever comes or goes by that address is cut off",
                "このアドレスを経由する接続は切断されます"
            )),
            ..Effects::default()
        },
        notes,
        ..Fix::default()
    })
}
