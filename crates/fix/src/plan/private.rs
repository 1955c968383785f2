//! The public address of a machine taken away, in order: it still gets out, its people still get in by a private way, the rules
//! that let the internet in are closed, and only then the address goes.
//!
//! Sources: <https://learn.microsoft.com/azure/nat-gateway/nat-overview> (a NAT gateway serves whole subnets, takes Standard
//! addresses only, and no Basic resource may be in the subnet), <https://learn.microsoft.com/azure/bastion/bastion-nsg> (Bastion
//! comes from its subnet).

use estate::{Family, IpConfiguration, Known, Nic, PortSet, Range, ResourceId, Sku, Vm, resource_name};
use posture::{Finding, Settings, WayOut, way_out_without_address};
use reach::{Addresses, Protocols};
use serde_json::{Value, json};

use super::network::{address, closes, rules_of};
use super::tell_owner;
use super::{Ask, Closes, Effects, Fix, Options, Plan, Planner, Step, name_of};
use crate::lang::say;
use crate::owner;
use crate::proof::{Keep, Need};
use crate::write::{Act, Edit, Write};

use crate::versions::NETWORK;

/// What a person has said of the way to a machine without a public address.
#[derive(Clone, Debug, Default)]
pub struct Private {
    /// The NAT gateway to go out by: its id.
    pub nat_gateway: Option<String>,
    /// Where a relay or jump host comes from, of each family, with what people call it.
    pub relays: Vec<(String, [Addresses; 2])>,
}

/// Makes the plan for one machine. What has to pass afterwards is told with it: the private ways.
///
/// # Errors
///
/// What somebody has to decide or make first.
pub fn private(
    planner: &Planner<'_>,
    vm: &Vm,
    findings: &[&Finding],
    private: &Private,
) -> Result<(Fix, Vec<Keep>), Vec<Ask>> {
    let mut draft = Draft {
        planner,
        vm,
        name: resource_name(planner.estate.text(vm.id)).to_owned(),
        closes: findings
            .iter()
            .filter(|finding| finding.resource == vm.id && finding.check.code == "NET004")
            .map(|finding| closes(planner, finding))
            .collect(),
        steps: Vec::new(),
        notes: Vec::new(),
        effects: Effects::default(),
        asks: Vec::new(),
    };
    let addresses = draft.addresses();
    if addresses.is_empty() && draft.asks.is_empty() {
        let name = draft.name.clone();
        draft.ask(
            say!(
                planner.lang,
                "`{name}` has no public address of its own",
                "`{name}` にはパブリック IP アドレスがありません"
            ),
            Vec::new(),
        );
        return Err(draft.asks);
    }
    draft.way_out(&addresses, private);
    let keeps = draft.way_in(findings, private);
    draft.rules(findings);
    for (nic, ip, id) in &addresses {
        draft.address(nic, ip, *id);
    }
    if !draft.asks.is_empty() {
        return Err(draft.asks);
    }
    let name = &draft.name;
    let targets: Vec<&str> = draft.steps.iter().map(|step| step.write.target.as_str()).collect();
    let title = say!(
        planner.lang,
        "Make `{name}` private: out, in, rules, address",
        "`{name}` をプライベートにする (送信経路、接続経路、規則、アドレスの順)"
    );
    let mut fix = Fix {
        id: name_of("private", &targets),
        title,
        closes: draft.closes,
        steps: draft.steps,
        effects: draft.effects,
        notes: draft.notes,
        ..Fix::default()
    };
    tell_owner(planner, &owner::locks(planner.estate, planner.record), &mut fix);
    Ok((fix, keeps))
}

struct Draft<'d, 'p> {
    planner: &'d Planner<'p>,
    vm: &'d Vm,
    name: String,
    closes: Vec<Closes>,
    steps: Vec<Step>,
    notes: Vec<String>,
    effects: Effects,
    asks: Vec<Ask>,
}

type Public<'p> = (&'p Nic, &'p IpConfiguration, ResourceId);

impl<'p> Draft<'_, 'p> {
    fn ask(&mut self, question: String, answers: Vec<String>) {
        self.asks.push(Ask { closes: self.closes.clone(), question, answers });
    }

    /// The public addresses of the machine's own.
    fn addresses(&mut self) -> Vec<Public<'p>> {
        let (lang, name) = (self.planner.lang, self.name.clone());
        let mut all = Vec::new();
        for id in &self.vm.nics {
            let nic = self.planner.estate.nic(*id);
            let configurations = nic.and_then(|nic| nic.ip_configurations.as_ref()?.value());
            let (Some(nic), Some(configurations)) = (nic, configurations) else {
                self.ask(
                    say!(
                        lang,
                        "not all NICs of `{name}` are known",
                        "`{name}` の NIC をすべて確認できません"
                    ),
                    vec![say!(
                        lang,
                        "collect the estate with `sekimori collect`",
                        "`sekimori collect` で収集してください"
                    )],
                );
                continue;
            };
            for ip in configurations {
                match &ip.public_ip {
                    Some(Known::Value(id)) => all.push((nic, ip, *id)),
                    Some(Known::Unknown(reason)) => {
                        let why = posture::reason_text(reason, lang);
                        self.ask(
                            say!(
                                lang,
                                "the public address of `{name}` is not known: {why}",
                                "`{name}` のパブリック IP アドレスを確認できません: {why}"
                            ),
                            Vec::new(),
                        );
                    }
                    None => {}
                }
            }
        }
        all
    }

    /// 1. Outbound is kept: what is there, or a NAT gateway.
    fn way_out(&mut self, addresses: &[Public<'p>], private: &Private) {
        let lang = self.planner.lang;
        let mut done: Vec<ResourceId> = Vec::new();
        for (nic, ip, _) in addresses {
            let subnet = match &ip.subnet {
                Some(Known::Value(subnet)) => *subnet,
                _ => {
                    let name = self.name.clone();
                    self.ask(
                        say!(
                            lang,
                            "the subnet of `{name}` is not known",
                            "`{name}` のサブネットを確認できません"
                        ),
                        Vec::new(),
                    );
                    continue;
                }
            };
            if done.contains(&subnet) {
                continue;
            }
            done.push(subnet);
            let way = way_out_without_address(self.planner.reach, self.vm, nic, ip);
            let short = resource_name(self.planner.estate.text(subnet)).to_owned();
            match way {
                Ok(WayOut::NatGateway) => self.notes.push(say!(
                    lang,
                    "out: by the NAT gateway of `{short}`, as now",
                    "送信: 現在と同じく、サブネット `{short}` の NAT ゲートウェイを使用します"
                )),
                Ok(WayOut::Balancer) => self.notes.push(say!(
                    lang,
                    "out: by the load balancer that is there",
                    "送信: 既存のロード バランサーを使用します"
                )),
                Ok(WayOut::Elsewhere) => self.notes.push(say!(
                    lang,
                    "out: by the appliance or gateway that routes lead to",
                    "送信: ルートで指定された仮想アプライアンスまたはゲートウェイを使用します"
                )),
                Ok(WayOut::Default) if private.nat_gateway.is_none() => self.notes.push(say!(
                    lang,
                    "out: by the address that Azure lends (default outbound access), which may change; --nat-gateway names a better way",
                    "送信: Azure の既定の送信アクセスを使用します (アドレスは変わることがあります)。--nat-gateway で NAT ゲートウェイを指定できます"
                )),
                Ok(WayOut::Default | WayOut::Nowhere | WayOut::PublicAddress) => {
                    self.nat_gateway(nic, subnet, private);
                }
                Err(reasons) => {
                    let why =
                        reasons.first().map(|reason| posture::reason_text(reason, lang)).unwrap_or_default();
                    let name = self.name.clone();
                    self.ask(
                        say!(
                            lang,
                            "whether `{name}` gets out without its address cannot be told: {why}",
                            "アドレスを外したあと `{name}` が送信できるかどうか判定できません: {why}"
                        ),
                        vec![say!(
                            lang,
                            "`--nat-gateway ID`: the one to go out by",
                            "`--nat-gateway ID`: 送信に使う NAT ゲートウェイを指定します"
                        )],
                    );
                }
            }
        }
    }

    /// Steps that put a NAT gateway on a subnet, made anew where none was named.
    fn nat_gateway(&mut self, nic: &Nic, subnet: ResourceId, private: &Private) {
        let (planner, lang) = (self.planner, self.planner.lang);
        let estate = planner.estate;
        let id = estate.text(subnet).to_owned();
        let short = resource_name(&id).to_owned();
        let neighbours = neighbours(planner, subnet, self.vm.id);
        let basic = neighbours.iter().chain([&self.vm.id]).find(|vm| has_basic_address(planner, **vm));
        if let Some(vm) = basic {
            let machine = resource_name(estate.text(*vm)).to_owned();
            self.ask(
                say!(
                    lang,
                    "`{machine}` in the subnet `{short}` has an address of the Basic SKU, beside which no NAT gateway may be",
                    "サブネット `{short}` の `{machine}` に Basic SKU のアドレスがあるため、NAT ゲートウェイを関連付けられません"
                ),
                vec![say!(
                    lang,
                    "move that address to the Standard SKU first (NET008)",
                    "先にアドレスを Standard SKU にアップグレードしてください (NET008)"
                )],
            );
            return;
        }
        let gateway = match &private.nat_gateway {
            Some(id) => id.clone(),
            None => {
                let record = (planner.record)(nic.id);
                let location =
                    record.as_ref().and_then(|record| record.get("location")).and_then(Value::as_str);
                let (Some(location), Some(group)) = (location, group_of(&id)) else {
                    self.ask(
                        say!(
                            lang,
                            "the location of `{short}` is not known",
                            "`{short}` の場所を確認できません"
                        ),
                        vec![say!(lang, "`--nat-gateway ID`", "`--nat-gateway ID` を指定してください")],
                    );
                    return;
                };
                let ip = format!("{group}/providers/Microsoft.Network/publicIPAddresses/{short}-nat-ip");
                let gateway = format!("{group}/providers/Microsoft.Network/natGateways/{short}-nat");
                self.steps.push(step(
                    say!(
                        lang,
                        "Make the public address `{short}-nat-ip` for the way out",
                        "送信用のパブリック IP アドレス `{short}-nat-ip` を作成します"
                    ),
                    &ip,
                    Act::Put {
                        was: None,
                        becomes: json!({"location": location, "sku": {"name": "Standard"},
                            "properties": {"publicIPAllocationMethod": "Static"}}),
                    },
                ));
                self.steps.push(step(
                    say!(
                        lang,
                        "Make the NAT gateway `{short}-nat`",
                        "NAT ゲートウェイ `{short}-nat` を作成します"
                    ),
                    &gateway,
                    Act::Put {
                        was: None,
                        becomes: json!({"location": location, "sku": {"name": "Standard"},
                            "properties": {"idleTimeoutInMinutes": 4, "publicIpAddresses": [{"id": ip}]}}),
                    },
                ));
                gateway
            }
        };
        let name = resource_name(&gateway).to_owned();
        self.steps.push(step(
            say!(
                lang,
                "Put the NAT gateway `{name}` on the subnet `{short}`",
                "サブネット `{short}` に NAT ゲートウェイ `{name}` を関連付けます"
            ),
            &id,
            Act::Edit {
                edits: vec![Edit {
                    path: "properties/natGateway".to_owned(),
                    was: None,
                    becomes: Some(json!({ "id": gateway })),
                }],
                whole: true,
            },
        ));
        self.effects.cost = Some(say!(
            lang,
            "a NAT gateway and its address are paid for by the hour and by the data that goes through",
            "NAT ゲートウェイとそのアドレスは、時間と処理データ量に応じて課金されます"
        ));
        if !neighbours.is_empty() {
            let names: Vec<&str> = neighbours.iter().map(|vm| resource_name(estate.text(*vm))).collect();
            let names = names.join(", ");
            self.notes.push(say!(
                lang,
                "the others in the subnet go out by it, too: {names}",
                "サブネット内のほかの VM もこれを使って送信します: {names}"
            ));
        }
    }

    /// 2. A private way in that leads to the machine, by what is there: told as flows that have to pass afterwards.
    fn way_in(&mut self, findings: &[&Finding], private: &Private) -> Vec<Keep> {
        let (planner, lang) = (self.planner, self.planner.lang);
        let estate = planner.estate;
        let login = self.login_ports();
        let keep = |text: String, from: [Addresses; 2]| Keep {
            text,
            from,
            machine: self.vm.id,
            protocols: Protocols::TCP,
            ports: login.clone(),
            need: Need::Way,
        };
        let mut keeps: Vec<Keep> = private
            .relays
            .iter()
            .map(|(text, from)| keep(format!("{text} → {}", self.name), from.clone()))
            .collect();
        let mut ways: Vec<String> = private.relays.iter().map(|(text, _)| text.clone()).collect();
        let facts = findings
            .iter()
            .filter(|finding| finding.resource == self.vm.id && finding.check.code == "NET004")
            .flat_map(|finding| &finding.facts);
        for (_, way) in facts.filter(|(name, _)| *name == "private_ways") {
            ways.push(way.clone());
            let bastion = estate.around.bastions.iter().find(|bastion| {
                way.strip_prefix("bastion ")
                    .is_some_and(|name| name.eq_ignore_ascii_case(resource_name(estate.text(bastion.id))))
            });
            let subnet = bastion.and_then(|bastion| bastion.subnet.as_ref()?.value());
            let space = subnet.and_then(|id| estate.subnet(*id)?.space.as_ref()?.value());
            if let Some(space) = space {
                let v4 = |range: &Range<u32>| Range { first: range.first.into(), last: range.last.into() };
                let from =
                    [space.v4.ranges().iter().map(v4).collect(), space.v6.ranges().iter().copied().collect()];
                keeps.push(keep(format!("{way} → {}", self.name), from));
            }
        }
        let name = self.name.clone();
        if ways.is_empty() {
            self.ask(
                say!(
                    lang,
                    "there is no private way to `{name}`: without its address nobody could log in",
                    "`{name}` へのプライベートな経路がありません。アドレスを外すと誰もログインできなくなります"
                ),
                vec![
                    say!(
                        lang,
                        "make one: `az network bastion create --sku Developer …`, or a VPN gateway, and collect again",
                        "`az network bastion create --sku Developer …` または VPN ゲートウェイで経路を作成し、収集し直してください"
                    ),
                    say!(
                        lang,
                        "`--relay PREFIX`: where your relay or jump host comes from",
                        "`--relay PREFIX`: 中継サーバーや踏み台の送信元を指定します"
                    ),
                ],
            );
            return Vec::new();
        }
        let ways = ways.join(", ");
        self.notes.push(say!(lang, "in: by {ways}", "接続: {ways} を使用します"));
        keeps
    }

    /// The ports by which people log in to it.
    fn login_ports(&self) -> PortSet {
        let port = match self.vm.os.as_ref().and_then(|os| os.value()) {
            Some(estate::OsFamily::Windows) => 3389,
            _ => 22,
        };
        PortSet::one(port)
    }

    /// 3. Rules that let the internet in are closed where the group guards this machine alone.
    fn rules(&mut self, findings: &[&Finding]) {
        let (planner, lang) = (self.planner, self.planner.lang);
        let mine: Vec<&Finding> =
            findings.iter().copied().filter(|finding| finding.resource == self.vm.id).collect();
        if !planner.options.close
            && let Some(offered) =
                mine.iter().find(|finding| matches!(finding.check.code, "NET002" | "NET003"))
        {
            let (name, what) = (self.name.clone(), offered.message.clone());
            self.ask(
                say!(
                    lang,
                    "`{name}` offers something to the internet by its address: {what}",
                    "`{name}` はこのアドレスでサービスを公開しています: {what}"
                ),
                vec![
                    say!(
                        lang,
                        "publish it through a load balancer or application gateway first",
                        "先にロード バランサーやアプリケーション ゲートウェイ経由で公開してください"
                    ),
                    say!(lang, "`--close`: nobody needs it", "`--close`: 不要なので閉じます"),
                ],
            );
            return;
        }
        let options = Options { close: true, ..planner.options.clone() };
        let settings = Settings { approved: Vec::new(), ..planner.settings.clone() };
        let closing = Planner {
            estate: planner.estate,
            reach: planner.reach,
            settings: &settings,
            options: &options,
            lang,
            record: planner.record,
        };
        let mut plan = Plan::default();
        rules_of(&closing, &mine, &mut plan);
        for fix in plan.fixes {
            let shared = fix.steps.iter().any(|step| self.guards_others(&step.write));
            if shared {
                let mut names: Vec<&str> =
                    fix.steps.iter().map(|step| resource_name(&step.write.target)).collect();
                names.dedup();
                let names = names.join(", ");
                let group =
                    fix.steps.first().map(|step| resource_name(step.write.root())).unwrap_or_default();
                self.notes.push(say!(
                    lang,
                    "others are behind `{group}`, so its rule `{names}` stays: without the address it lets nobody in here",
                    "NSG `{group}` はほかの VM と共有しているため、規則 `{names}` は変更しません (アドレスを外せばこの VM には届きません)"
                ));
                continue;
            }
            for closes in fix.closes {
                if !self.closes.contains(&closes) {
                    self.closes.push(closes);
                }
            }
            self.steps.extend(fix.steps);
        }
    }

    /// Whether a group that a write changes guards other machines, too.
    fn guards_others(&self, write: &Write) -> bool {
        let estate = self.planner.estate;
        let Some(group) = estate.ids().find(write.root()) else { return true };
        let is = |field: &Option<Known<ResourceId>>| field.as_ref().and_then(Known::value) == Some(&group);
        estate.vms.iter().filter(|vm| vm.id != self.vm.id).any(|vm| {
            vm.nics.iter().filter_map(|id| estate.nic(*id)).any(|nic| {
                let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
                let subnets = ips.filter_map(|ip| estate.subnet(*ip.subnet.as_ref()?.value()?));
                is(&nic.nsg) || subnets.into_iter().any(|subnet| is(&subnet.nsg))
            })
        }) || !estate.scale_sets.is_empty()
    }

    /// 4. The address goes.
    fn address(&mut self, nic: &Nic, ip: &IpConfiguration, id: ResourceId) {
        let lang = self.planner.lang;
        match address::dissociate(self.planner, nic, ip, id) {
            Some((step, notes)) => {
                self.steps.push(step);
                self.notes.extend(notes);
                self.effects.downtime = Some(say!(
                    lang,
                    "whoever comes by the public address is cut off when it goes",
                    "アドレスを外した時点で、そのアドレスを経由する接続は切断されます"
                ));
            }
            None => {
                let name = self.name.clone();
                self.ask(
                    say!(
                        lang,
                        "the record of the NIC of `{name}` does not tell enough to change it",
                        "`{name}` の NIC のレコードに、変更に必要な情報がありません"
                    ),
                    vec![say!(
                        lang,
                        "collect the estate with `sekimori collect`, and plan again",
                        "`sekimori collect` で収集してから、もう一度実行してください"
                    )],
                );
            }
        }
    }
}

fn step(says: String, target: &str, act: Act) -> Step {
    Step {
        says,
        write: Write { target: target.to_owned(), api_version: NETWORK.to_owned(), act },
        change: None,
    }
}

/// `/subscriptions/…/resourceGroups/…` of an id.
fn group_of(id: &str) -> Option<&str> {
    let end = id.match_indices('/').nth(4)?.0;
    id.get(..end)
}

/// The other machines in a subnet.
fn neighbours(planner: &Planner<'_>, subnet: ResourceId, but: ResourceId) -> Vec<ResourceId> {
    let estate = planner.estate;
    let inside = |nic: &Nic| {
        let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
        ips.into_iter().any(|ip| ip.subnet.as_ref().and_then(Known::value) == Some(&subnet))
    };
    let vms = estate.vms.iter().filter(|vm| vm.id != but);
    vms.filter(|vm| vm.nics.iter().filter_map(|id| estate.nic(*id)).any(inside)).map(|vm| vm.id).collect()
}

fn has_basic_address(planner: &Planner<'_>, vm: ResourceId) -> bool {
    let estate = planner.estate;
    let nics = estate.vm(vm).into_iter().flat_map(|vm| &vm.nics).filter_map(|id| estate.nic(*id));
    let ips = nics.filter_map(|nic| nic.ip_configurations.as_ref()?.value()).flatten();
    ips.filter(|ip| ip.family == Family::V4)
        .filter_map(|ip| estate.public_ip(*ip.public_ip.as_ref()?.value()?))
        .any(|address| matches!(address.sku, Some(Known::Value(Sku::Basic)) | None))
}
