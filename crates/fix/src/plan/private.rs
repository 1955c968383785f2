//! The public address of a machine taken away, in order: it still gets out, its people still get in by a private way, the rules
//! that let the internet in are closed, and only then the address goes.
//!
//! Sources: <https://learn.microsoft.com/azure/nat-gateway/nat-overview> (a NAT gateway serves whole subnets, takes Standard
//! addresses only, and no Basic resource may be in the subnet), <https://learn.microsoft.com/azure/bastion/bastion-nsg> (Bastion
//! comes from its subnet), <https://learn.microsoft.com/azure/bastion/quickstart-developer> (Bastion Developer comes from
//! 168.63.129.16, to ports 22 and 3389), <https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource> (a NAT gateway is
//! of the region of its network, serves no two networks, and IPv4 alone).

use estate::split::{Cut, Splitter};
use estate::{
    Bastion, Collector, Direction, Estate, Family, Gateway, IpConfiguration, Known, Nic, Part, PortSet,
    Prefix, Range, ResourceId, Sku, SourceIndex, Space, Vm, parse_prefix, resource_name, resource_type,
};
use posture::{Finding, Settings, WayOut, way_out_without_address};
use reach::{Addresses, Endpoint, Level, Protocols, Reach, of_space};
use serde_json::{Value, json};

use super::draft::region;

use super::network::{address, closes, rules_of};
use super::tell_owner;
use super::{Ask, Closes, Effects, Fix, Options, Plan, Planner, Step, name_of};
use crate::lang::say;
use crate::owner;
use crate::proof::{Keep, Need};
use crate::versions::NETWORK;
use crate::write::{Act, Edit, State, Write};

/// The longest name of a NAT gateway or public address.
const NAME_LIMIT: usize = 80;

/// What comes from Bastion Developer.
const DEVELOPER: u128 = u128::from_be_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 168, 63, 129, 16]);

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
    draft.rules(findings);
    let keeps = draft.way_in(findings, private);
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

/// Makes of plans for several machines one run: what an earlier fix makes, such as the NAT gateway of a subnet that they share,
/// a later one neither makes again nor begins without.
pub fn share(fixes: &mut [Fix]) {
    let same = |one: &Write, other: &Write| {
        let shared = matches!(one.act, Act::Put { .. } | Act::Edit { .. });
        shared && one.target.eq_ignore_ascii_case(&other.target) && one.act == other.act
    };
    for later in 1..fixes.len() {
        let (before, rest) = fixes.split_at_mut(later);
        let Some(fix) = rest.first_mut() else { continue };
        for earlier in before {
            let count = fix.steps.len();
            fix.steps.retain(|step| !earlier.steps.iter().any(|made| same(&made.write, &step.write)));
            if fix.steps.len() < count && !fix.after.contains(&earlier.id) {
                fix.after.push(earlier.id.clone());
            }
        }
    }
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
        if !self.asks.iter().any(|ask| ask.question == question) {
            self.asks.push(Ask { closes: self.closes.clone(), question, answers });
        }
    }

    fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
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
        for (nic, ip, _) in addresses {
            let Some(Known::Value(subnet)) = ip.subnet else {
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
            };
            let way = way_out_without_address(self.planner.reach, self.vm, nic, ip);
            if ip.family == Family::V6 {
                self.way_out_v6(ip, way.ok());
                continue;
            }
            // A load balancer that only lets in gives no way out.
            let way = match way {
                Ok(WayOut::Balancer) => match address::balancer_gives(self.planner, ip) {
                    Ok(true) => Ok(WayOut::Balancer),
                    Ok(false) => Ok(WayOut::Nowhere),
                    Err(_) if private.nat_gateway.is_some() => Ok(WayOut::Nowhere),
                    Err(balancer) => {
                        let name = self.name.clone();
                        self.ask(
                            say!(
                                lang,
                                "whether `{name}` gets out without its address cannot be told: the rules of the load balancer `{balancer}` are not known",
                                "アドレスを外したあと `{name}` が送信できるかどうか判定できません: ロード バランサー `{balancer}` の規則を確認できません"
                            ),
                            vec![by_nat_gateway(lang), collect_again(lang)],
                        );
                        continue;
                    }
                },
                way => way,
            };
            let short = resource_name(self.planner.estate.text(subnet)).to_owned();
            match way {
                Ok(WayOut::NatGateway) => self.note(say!(
                    lang,
                    "out: by the NAT gateway of `{short}`, as now",
                    "送信: 現在と同じく、サブネット `{short}` の NAT ゲートウェイを使用します"
                )),
                Ok(WayOut::Balancer) => self.note(say!(
                    lang,
                    "out: by the load balancer that is there",
                    "送信: 既存のロード バランサーを使用します"
                )),
                Ok(WayOut::Elsewhere) => self.note(say!(
                    lang,
                    "out: by the appliance or gateway that routes lead to",
                    "送信: ルートで指定された仮想アプライアンスまたはゲートウェイを使用します"
                )),
                Ok(WayOut::Default) if private.nat_gateway.is_none() => self.note(say!(
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
                    // Whatever the doubt is about: what no route leads elsewhere goes by the gateway that was named.
                    if private.nat_gateway.is_some() {
                        self.note(say!(
                            lang,
                            "out: what no learnt route leads elsewhere goes by the NAT gateway ({why})",
                            "送信: 学習したルートの対象でない通信は NAT ゲートウェイを使用します ({why})"
                        ));
                        match self.planner.estate.subnet(subnet).is_some_and(|subnet| subnet.translated) {
                            true => self.note(say!(
                                lang,
                                "the subnet `{short}` keeps the NAT gateway that it has",
                                "サブネット `{short}` の現在の NAT ゲートウェイは変更しません"
                            )),
                            false => self.nat_gateway(nic, subnet, private),
                        }
                        continue;
                    }
                    let name = self.name.clone();
                    self.ask(
                        say!(
                            lang,
                            "whether `{name}` gets out without its address cannot be told: {why}",
                            "アドレスを外したあと `{name}` が送信できるかどうか判定できません: {why}"
                        ),
                        vec![by_nat_gateway(lang)],
                    );
                }
            }
        }
    }

    /// The same of IPv6, which no NAT gateway serves and for which Azure lends no address.
    fn way_out_v6(&mut self, ip: &IpConfiguration, way: Option<WayOut>) {
        let lang = self.planner.lang;
        if way == Some(WayOut::Elsewhere) {
            return self.note(say!(
                lang,
                "out by IPv6: by the appliance or gateway that routes lead to",
                "IPv6 の送信: ルートで指定された仮想アプライアンスまたはゲートウェイを使用します"
            ));
        }
        let (name, part) = (self.name.clone(), ip.name.clone());
        self.ask(
            say!(
                lang,
                "does `{name}` need IPv6 to the internet? Without the public address of `{part}` it certainly has none, as a NAT gateway serves IPv4 alone",
                "`{name}` はインターネットへの IPv6 通信が必要ですか? `{part}` のパブリック IP アドレスを外すと IPv6 の送信経路は確保されません (NAT ゲートウェイは IPv4 のみ対応です)"
            ),
            vec![
                say!(
                    lang,
                    "it needs none: take that address off first (`az network nic ip-config update … --remove publicIPAddress`), collect, and plan again",
                    "不要な場合: 先にこのアドレスの関連付けを解除し (`az network nic ip-config update … --remove publicIPAddress`)、収集し直してください"
                ),
                say!(
                    lang,
                    "it does: give it another way, such as an outbound rule of a load balancer with an IPv6 frontend, and then take the address off by hand",
                    "必要な場合: IPv6 フロントエンドを持つロード バランサーのアウトバウンド規則などで経路を用意してから、手動で解除してください"
                ),
            ],
        );
    }

    /// Steps that put a NAT gateway on a subnet, made anew where none was named.
    fn nat_gateway(&mut self, nic: &Nic, subnet: ResourceId, private: &Private) {
        let (planner, lang) = (self.planner, self.planner.lang);
        let estate = planner.estate;
        let id = estate.text(subnet).to_owned();
        let short = resource_name(&id).to_owned();
        // One NIC after another of the same subnet.
        let made = |step: &Step| step.write.target == id && matches!(&step.write.act, Act::Edit { .. });
        if self.steps.iter().any(made) {
            return;
        }
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
            Some(named) => match self.is_fit(named, nic, &id) {
                true => named.clone(),
                false => return,
            },
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
                let [new, new_ip] = names(&id);
                let ip = format!("{group}/providers/Microsoft.Network/publicIPAddresses/{new_ip}");
                let gateway = format!("{group}/providers/Microsoft.Network/natGateways/{new}");
                let known = |id: &str| estate.ids().find(id).is_some_and(|id| (planner.record)(id).is_some());
                if known(&gateway) || known(&ip) {
                    self.ask(
                        say!(
                            lang,
                            "there is a NAT gateway `{new}` or an address `{new_ip}` already, which does not serve `{short}`",
                            "NAT ゲートウェイ `{new}` またはアドレス `{new_ip}` がすでにありますが、サブネット `{short}` には関連付けられていません"
                        ),
                        vec![by_nat_gateway(lang)],
                    );
                    return;
                }
                self.steps.push(step(
                    say!(
                        lang,
                        "Make the public address `{new_ip}` for the way out",
                        "送信用のパブリック IP アドレス `{new_ip}` を作成します"
                    ),
                    &ip,
                    Act::Put {
                        was: None,
                        becomes: json!({"location": location, "sku": {"name": "Standard"},
                            "properties": {"publicIPAllocationMethod": "Static"}}),
                    },
                ));
                self.steps.push(step(
                    say!(lang, "Make the NAT gateway `{new}`", "NAT ゲートウェイ `{new}` を作成します"),
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

    /// Whether a NAT gateway that a person has named can serve a subnet; asks what is wrong with it else.
    fn is_fit(&mut self, named: &str, nic: &Nic, subnet: &str) -> bool {
        let (planner, lang) = (self.planner, self.planner.lang);
        let gateway_type = resource_type(named).is_some_and(|its| {
            its.eq_ignore_ascii_case("Microsoft.Network/natGateways") && named.split('/').count() == 9
        });
        let in_group = group_of(named).is_some_and(|group| {
            let group = group.to_ascii_lowercase();
            group.starts_with("/subscriptions/") && group.contains("/resourcegroups/")
        });
        if !gateway_type || !in_group || named.split('/').skip(1).any(str::is_empty) {
            self.ask(
                say!(
                    lang,
                    "`{named}` is no id of a NAT gateway",
                    "`{named}` は NAT ゲートウェイの ID ではありません"
                ),
                vec![say!(
                    lang,
                    "`--nat-gateway /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/natGateways/NAME`",
                    "`--nat-gateway /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/natGateways/NAME` の形式で指定してください"
                )],
            );
            return false;
        }
        let name = resource_name(named).to_owned();
        let id = planner.estate.ids().find(named);
        let Some(record) = id.and_then(|id| (planner.record)(id)) else {
            self.note(say!(
                lang,
                "the input holds no record of the NAT gateway `{name}`: its region and addresses were not looked at",
                "入力に NAT ゲートウェイ `{name}` のレコードがないため、リージョンとアドレスは確認していません"
            ));
            return true;
        };
        let theirs = region(&record);
        let mine = (planner.record)(nic.id).as_ref().and_then(region);
        if let (Some(theirs), Some(mine)) = (&theirs, &mine)
            && theirs != mine
        {
            self.ask(
                say!(
                    lang,
                    "the NAT gateway `{name}` is in {theirs}, and the NIC in {mine}",
                    "NAT ゲートウェイ `{name}` のリージョンは {theirs} ですが、NIC のリージョンは {mine} です"
                ),
                vec![by_nat_gateway(lang)],
            );
            return false;
        }
        let filled = |name: &str| {
            let list = record.get("properties").and_then(|properties| properties.get(name));
            list.and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        };
        if !filled("publicIpAddresses") && !filled("publicIpPrefixes") {
            self.ask(
                say!(
                    lang,
                    "the NAT gateway `{name}` has no public address, so nothing gets out by it",
                    "NAT ゲートウェイ `{name}` にパブリック IP アドレスがないため、送信に使用できません"
                ),
                vec![
                    say!(
                        lang,
                        "give it one, and collect again",
                        "アドレスを関連付けてから、収集し直してください"
                    ),
                    by_nat_gateway(lang),
                ],
            );
            return false;
        }
        let network = |subnet: &str| subnet.to_ascii_lowercase().split("/subnets/").next().map(str::to_owned);
        let served = record.pointer("/properties/subnets").and_then(Value::as_array).into_iter().flatten();
        let other =
            served.filter_map(|one| one.get("id")?.as_str()).find(|one| network(one) != network(subnet));
        if let Some(other) = other {
            let other = network(other).unwrap_or_default();
            let other = resource_name(&other).to_owned();
            self.ask(
                say!(
                    lang,
                    "the NAT gateway `{name}` serves the network `{other}`, and no two networks can share one",
                    "NAT ゲートウェイ `{name}` は仮想ネットワーク `{other}` で使用中で、複数の仮想ネットワークでは共有できません"
                ),
                vec![by_nat_gateway(lang)],
            );
            return false;
        }
        true
    }

    /// 2. A private way in that certainly leads to the machine once the rules are closed.
    ///
    /// One that comes from a subnet is told as a flow that has to pass afterwards. Of what lies behind a gateway, and of the
    /// platform, proofs tell no flow for certain: these are worked out here, on the groups as they become.
    fn way_in(&mut self, findings: &[&Finding], private: &Private) -> Vec<Keep> {
        let (planner, lang) = (self.planner, self.planner.lang);
        let Some(login) = self.login_ports(findings) else { return Vec::new() };
        let (vm, name) = (self.vm.id, self.name.clone());
        let keep = |text: &str, from: &[Addresses; 2], ports: &PortSet| Keep {
            text: format!("{text} → {name}"),
            from: from.clone(),
            machine: vm,
            protocols: Protocols::TCP,
            ports: ports.clone(),
            need: Need::Way,
        };
        let networks = self.networks();
        let after = After::new(planner, self.vm, &networks, &self.steps);
        let mut keeps = Vec::new();
        let (mut ways, mut doubted) = (Vec::new(), Vec::new());
        for (text, from) in &private.relays {
            ways.push(text.clone());
            // Behind a gateway: the person says that it is there, and the groups have to let it in.
            if !(self.is_behind(from, &networks) && after.lets_in(from, &login) == Some(true)) {
                keeps.push(keep(text, from, &login));
            }
        }
        let facts = findings
            .iter()
            .filter(|finding| finding.resource == self.vm.id && finding.check.code == "NET004")
            .flat_map(|finding| &finding.facts);
        for (_, way) in facts.filter(|(name, _)| *name == "private_ways") {
            let mut leads = self.leads(way, &networks, &login);
            leads.retain(|lead| after.lets_in(&lead.from, &lead.ports).unwrap_or(lead.flow));
            if leads.is_empty() {
                doubted.push(way.clone());
            }
            for lead in leads {
                if lead.flow {
                    keeps.push(keep(&lead.text, &lead.from, &lead.ports));
                }
                ways.push(lead.text);
            }
        }
        if !ways.is_empty() {
            let ways = ways.join(", ");
            self.note(say!(lang, "in: by {ways}", "接続: {ways} を使用します"));
            for way in doubted {
                self.note(say!(
                    lang,
                    "whether {way} leads there afterwards, too, is not proved",
                    "変更後も {way} から接続できるかどうかは確認できていません"
                ));
            }
            return keeps;
        }
        let relay = say!(
            lang,
            "`--relay PREFIX`: where your relay or jump host comes from",
            "`--relay PREFIX`: 中継サーバーや踏み台の送信元を指定します"
        );
        match doubted.is_empty() {
            true => self.ask(
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
                    relay,
                ],
            ),
            false => {
                let doubted = doubted.join(", ");
                self.ask(
                    say!(
                        lang,
                        "where do people come from who log in to `{name}`? By {doubted} it cannot be proved that rules still let them in",
                        "`{name}` にログインする人の接続元はどこですか? {doubted} からは、変更後も規則で許可されることを確認できません"
                    ),
                    vec![
                        relay,
                        say!(
                            lang,
                            "add a rule that lets the private way in to the login port, and collect again",
                            "ログイン用ポートへの接続をプライベートな経路から許可する規則を追加し、収集し直してください"
                        ),
                    ],
                );
            }
        }
        Vec::new()
    }

    /// The networks that the machine is in, and those that are connected to them: of the latter only bastions and gateways
    /// that serve the machine are told by facts.
    fn networks(&self) -> Vec<ResourceId> {
        let estate = self.planner.estate;
        let nics = self.vm.nics.iter().filter_map(|id| estate.nic(*id));
        let ips = nics.filter_map(|nic| nic.ip_configurations.as_ref()?.value()).flatten();
        let own = ips.filter_map(|ip| estate.subnet(*ip.subnet.as_ref()?.value()?)?.vnet);
        let mut all: Vec<ResourceId> = Vec::new();
        for id in own {
            let peers = estate.vnet(id).and_then(|vnet| vnet.peers.as_ref()?.value());
            let peers = peers.into_iter().flatten().filter_map(|peer| peer.vnet);
            for id in std::iter::once(id).chain(peers) {
                if !all.contains(&id) {
                    all.push(id);
                }
            }
        }
        all
    }

    /// Whether addresses lie behind a gateway that serves the networks: they are nobody's on the internet, or written down as a
    /// connected network's, and not the networks' own.
    fn is_behind(&self, from: &[Addresses; 2], networks: &[ResourceId]) -> bool {
        let estate = self.planner.estate;
        let gateways = &estate.around.gateways;
        networks.iter().any(|network| !gateways.of(*network).is_empty())
            && [Family::V4, Family::V6].into_iter().zip(from).all(|(family, from)| {
                let spaces = networks.iter().filter_map(|id| estate.vnet(*id)?.space.as_ref()?.value());
                let own = spaces.fold(Addresses::empty(), |sum, space| sum.union(&of_space(space, family)));
                let sites = estate.local_gateways.iter().filter_map(|site| site.space.as_ref()?.value());
                let sites = sites.fold(Addresses::empty(), |sum, space| sum.union(&of_space(space, family)));
                !from.overlaps(&own) && !from.difference(&sites).overlaps(reach::internet(family))
            })
    }

    /// Where packets come from by a private way that a fact names, as far as the estate tells.
    fn leads(&self, way: &str, networks: &[ResourceId], login: &PortSet) -> Vec<Lead> {
        let estate = self.planner.estate;
        let named = |id: ResourceId, name: &str| resource_name(estate.text(id)).eq_ignore_ascii_case(name);
        if let Some(name) = way.strip_prefix("bastion ") {
            let here = networks.iter().flat_map(|network| estate.around.bastions.of(*network));
            let here: Vec<&Bastion> = here.filter(|bastion| named(bastion.id, name)).collect();
            // Of two that are called alike nobody can tell which one it is.
            let [bastion] = here.as_slice() else { return Vec::new() };
            let text = way.to_owned();
            let sku = bastion.sku.as_ref().and_then(Known::value);
            if sku.is_some_and(|sku| sku.eq_ignore_ascii_case("Developer")) {
                let ports = login.intersection(&PortSet::one(22).union(&PortSet::one(3389)));
                let from = [one_range(DEVELOPER, DEVELOPER), Addresses::empty()];
                return vec![Lead { text, from, ports, flow: false }];
            }
            let subnet = bastion.subnet.as_ref().and_then(Known::value);
            let space = subnet.and_then(|id| estate.subnet(*id)?.space.as_ref()?.value());
            let lead = |space: &Space| Lead { text, from: sets(space), ports: login.clone(), flow: true };
            return space.map(lead).into_iter().collect();
        }
        let kinds = ["vpn gateway ", "expressroute gateway "];
        let Some(name) = kinds.into_iter().find_map(|kind| way.strip_prefix(kind)) else { return Vec::new() };
        let here = networks.iter().flat_map(|network| estate.around.gateways.of(*network));
        let here: Vec<&Gateway> = here.filter(|gateway| named(gateway.id, name)).collect();
        let [gateway] = here.as_slice() else { return Vec::new() };
        let mut all = Vec::new();
        let pools = gateway.clients.as_ref().and_then(Known::value).into_iter().flatten();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for pool in pools {
            match parse_prefix(pool) {
                Some(Prefix::V4(range)) => v4.push(wide(&range)),
                Some(Prefix::V6(range)) => v6.push(range),
                None => {}
            }
        }
        let mut lead = |text: String, from: [Addresses; 2]| {
            all.push(Lead { text, from, ports: login.clone(), flow: false });
        };
        lead(way.to_owned(), [v4.into_iter().collect(), v6.into_iter().collect()]);
        for connection in estate.around.connections.of(gateway.id) {
            let up = connection.status.as_ref().and_then(Known::value);
            if !up.is_some_and(|status| status.eq_ignore_ascii_case("Connected")) {
                continue;
            }
            let Some(record) = (self.planner.record)(connection.id) else { continue };
            let end = |name: &str| {
                let id = record.pointer(&format!("/properties/{name}/id")).and_then(Value::as_str);
                id.and_then(|id| estate.ids().find(id))
            };
            let site = end("localNetworkGateway2");
            let site = estate.local_gateways.iter().find(|one| Some(one.id) == site);
            let site = site.and_then(|site| Some((site.id, site.space.as_ref()?.value()?)));
            let other = end("virtualNetworkGateway2").and_then(|other| {
                let vnets = estate.vnets.iter();
                let vnet = vnets.into_iter().find(|vnet| {
                    estate.around.gateways.of(vnet.id).iter().any(|gateway| gateway.id == other)
                })?;
                Some((vnet.id, vnet.space.as_ref()?.value()?))
            });
            for (id, space) in site.into_iter().chain(other) {
                let beyond = resource_name(estate.text(id));
                lead(format!("{way} ({beyond})"), sets(space));
            }
        }
        all
    }

    /// The ports by which people log in to it: those that findings tell to be open, and the one of its operating system.
    /// Asks where nothing tells.
    fn login_ports(&mut self, findings: &[&Finding]) -> Option<PortSet> {
        let lang = self.planner.lang;
        let managed = self.planner.settings.management_ports.iter().map(|port| PortSet::one(*port));
        let managed = managed.fold(PortSet::default(), |sum, port| sum.union(&port));
        let usual = match self.vm.os.as_ref().and_then(|os| os.value()) {
            Some(estate::OsFamily::Windows) => Some(3389),
            Some(estate::OsFamily::Linux) => Some(22),
            None => None,
        };
        let usual = usual.filter(|port| managed.contains(*port));
        let mut ports = usual.map(PortSet::one).unwrap_or_default();
        let told = findings.iter().filter(|finding| {
            finding.resource == self.vm.id && matches!(finding.check.code, "NET001" | "NET005" | "JIT002")
        });
        let open = told.flat_map(|finding| &finding.evidence);
        for open in open.filter(|open| open.protocol.contains(Protocols::TCP)) {
            ports = ports.union(&managed.intersection(&[open.ports].into_iter().collect()));
        }
        if ports.is_empty() {
            let name = self.name.clone();
            self.ask(
                say!(
                    lang,
                    "by which port do people log in to `{name}`? Neither its operating system nor an open management port tells",
                    "`{name}` にはどのポートでログインしますか? OS の種類が不明か、管理ポートの設定に含まれておらず、判定できません"
                ),
                vec![
                    collect_again(lang),
                    say!(
                        lang,
                        "`management-ports` of the settings: the ports that people log in by",
                        "設定の `management-ports`: ログインに使用するポート"
                    ),
                ],
            );
            return None;
        }
        Some(ports)
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
        // Without the address such rules let nobody in from the internet, but they are there.
        for ask in plan.asks {
            let answers = ask.answers.join("; ");
            self.note(match answers.is_empty() {
                true => ask.question,
                false => format!("{}: {answers}", ask.question),
            });
        }
        for fix in plan.fixes {
            if fix.steps.iter().all(|step| self.is_for_the_platform(&step.write)) {
                continue;
            }
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

    /// Whether a write is about a rule for the address of the platform alone, by which Bastion Developer comes: it is a public
    /// one, but nobody's on the internet.
    fn is_for_the_platform(&self, write: &Write) -> bool {
        let Some((group, name)) = write.target.split_once("/securityRules/") else { return false };
        let group = self.planner.estate.ids().find(group).and_then(|id| self.planner.estate.nsg(id));
        let rules = group.and_then(|group| group.rules.as_ref()?.value());
        let rule = rules.and_then(|rules| rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)));
        rule.is_some_and(|rule| {
            let source = &rule.source;
            let named = source.any || !source.tags.is_empty() || !source.asgs.is_empty();
            let v4: Addresses = source.v4.ranges().iter().map(wide).collect();
            let platform = one_range(DEVELOPER, DEVELOPER);
            !named && source.unreadable.is_none() && source.v6.is_empty() && v4 == platform
        })
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

/// Where packets come from by a private way.
struct Lead {
    text: String,
    from: [Addresses; 2],
    ports: PortSet,
    /// Whether proofs tell of such packets.
    flow: bool,
}

/// The machine behind its groups as the steps of a plan make them.
struct After<'d, 'p> {
    planner: &'d Planner<'p>,
    vm: &'d Vm,
    /// The machine, what it stands in, and nothing else; none where the records do not tell.
    estate: Option<Estate>,
}

impl<'d, 'p> After<'d, 'p> {
    fn new(planner: &'d Planner<'p>, vm: &'d Vm, networks: &[ResourceId], steps: &[Step]) -> Self {
        let estate = planner.estate;
        let mut ids: Vec<ResourceId> = vec![vm.id];
        ids.extend(networks);
        let known = |field: &Option<Known<ResourceId>>| field.as_ref().and_then(Known::value).copied();
        for nic in vm.nics.iter().filter_map(|id| estate.nic(*id)) {
            ids.push(nic.id);
            ids.extend(known(&nic.nsg));
            let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
            for subnet in ips.filter_map(|ip| estate.subnet(known(&ip.subnet)?)) {
                ids.push(subnet.id);
                ids.extend(known(&subnet.nsg));
                ids.extend(known(&subnet.route_table));
            }
        }
        ids.sort_by_key(|id| estate.text(*id).to_ascii_lowercase());
        ids.dedup();
        // A group or network of which there is no record may do anything; subnets stand in their networks.
        let told = |id: &&ResourceId| {
            estate.subnet(**id).is_some()
                || estate.route_table(**id).is_some()
                || (planner.record)(**id).is_some()
        };
        let whole = ids.iter().all(|id| told(&id) || networks.contains(id));
        let mut records: Vec<Value> = ids
            .into_iter()
            .filter_map(|id| {
                let mut record = (planner.record)(id)?;
                record.as_object_mut()?.insert("id".to_owned(), json!(estate.text(id)));
                Some(record)
            })
            .collect();
        let made = whole && steps.iter().all(|step| make(&mut records, &step.write).is_some());
        Self { planner, vm, estate: made.then(|| read(&records)) }
    }

    /// Whether all packets from some addresses certainly get to all of these TCP ports, on one of its addresses.
    /// None where the records do not tell.
    fn lets_in(&self, from: &[Addresses; 2], ports: &PortSet) -> Option<bool> {
        if ports.is_empty() {
            return Some(false);
        }
        let estate = self.estate.as_ref()?;
        let mine = self.planner.estate.text(self.vm.id);
        let vm = estate.ids().find(mine).and_then(|id| estate.vm(id));
        let reach = Reach::new(estate);
        let nics = vm.into_iter().flat_map(|vm| &vm.nics).filter_map(|id| estate.nic(*id));
        Some(nics.into_iter().any(|nic| {
            let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
            ips.into_iter().any(|ip| {
                let [v4, v6] = from;
                let senders = if ip.family == Family::V4 { v4 } else { v6 };
                let mut endpoint = Endpoint::new(estate, nic, ip);
                // The tag of a network holds what is connected to it, who comes by a gateway included.
                // https://learn.microsoft.com/azure/virtual-network/service-tags-overview
                let tag = &mut endpoint.network.tag;
                (tag.must, tag.may) = (tag.must.union(senders), tag.may.union(senders));
                let levels = [&endpoint.subnet_level, &endpoint.nic_level];
                !senders.is_empty()
                    && self.is_not_overruled(nic, estate, &ip.name, senders, ports)
                    && levels.into_iter().all(|level| passes(&reach, level, &endpoint, senders, ports))
            })
        }))
    }

    /// Whether no admin rule stops packets: steps change none of these, so that what they let through now they do afterwards.
    fn is_not_overruled(
        &self,
        nic: &Nic,
        theirs: &Estate,
        part: &str,
        senders: &Addresses,
        ports: &PortSet,
    ) -> bool {
        let estate = self.planner.estate;
        if estate.admin_rules.is_empty() {
            return true;
        }
        let nic = estate.ids().find(theirs.text(nic.id)).and_then(|id| estate.nic(id));
        let ips = nic.and_then(|nic| nic.ip_configurations.as_ref()?.value());
        let ip = ips.and_then(|ips| ips.iter().find(|ip| *ip.name == *part));
        let (Some(nic), Some(ip)) = (nic, ip) else { return false };
        let mut endpoint = Endpoint::new(estate, nic, ip);
        let tag = &mut endpoint.network.tag;
        (tag.must, tag.may) = (tag.must.union(senders), tag.may.union(senders));
        let passage = self.planner.reach.passing(endpoint, Direction::Inbound, senders);
        passage.unknown.is_empty()
            && ports.ranges().iter().all(|range| {
                let ports: PortSet = [*range].into_iter().collect();
                let here = passage.openings.iter().filter(|opening| {
                    opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains_all(&ports)
                });
                let must = here.fold(Addresses::empty(), |sum, opening| sum.union(&opening.internet.must));
                must.contains_all(senders)
            })
    }
}

/// Whether a group lets all packets from some addresses through to all of these TCP ports.
fn passes(
    reach: &Reach<'_>,
    level: &Level,
    endpoint: &Endpoint,
    senders: &Addresses,
    ports: &PortSet,
) -> bool {
    let answer = match level {
        Level::Open => return true,
        Level::Unknown(_) => return false,
        Level::Group(id) => reach.decided(*id, Direction::Inbound, endpoint),
    };
    answer.is_some_and(|answer| {
        let good = answer.regions().filter_map(|(addresses, cells)| {
            let here: Vec<_> = cells
                .filter(|cell| cell.protocols.contains(Protocols::TCP) && cell.local_ports.overlaps(ports))
                .collect();
            let covered = here.iter().fold(PortSet::default(), |sum, cell| sum.union(cell.local_ports));
            let allowed = here.iter().all(|cell| cell.verdict.access == reach::RuleAccess::Allow);
            (allowed && covered.contains_all(ports)).then_some(addresses)
        });
        good.fold(Addresses::empty(), |sum, more| sum.union(&more)).contains_all(senders)
    })
}

/// Makes a write in records, if it is one of a rule or of a whole record among them; nothing where it cannot be made.
fn make(records: &mut [Value], write: &Write) -> Option<()> {
    let id = |record: &Value| record.get("id").and_then(Value::as_str).map(str::to_owned);
    let is = |record: &Value, wanted: &str| id(record).is_some_and(|id| id.eq_ignore_ascii_case(wanted));
    let Some((group, rule)) = write.target.split_once("/securityRules/") else {
        // NICs and subnets change nothing that lets packets in from the network.
        return Some(());
    };
    let record = records.iter_mut().find(|record| is(record, group))?;
    let rules = record.get_mut("properties")?.get_mut("securityRules")?.as_array_mut()?;
    let name = |one: &Value| one.get("name").and_then(Value::as_str).map(str::to_owned);
    let place = rules.iter().position(|one| name(one).is_some_and(|name| name.eq_ignore_ascii_case(rule)));
    if write.state(place.and_then(|place| rules.get(place))) != State::Was {
        return None;
    }
    match &write.act {
        Act::Put { becomes, .. } => {
            let new = json!({"name": rule, "properties": becomes.get("properties")?});
            match place.and_then(|place| rules.get_mut(place)) {
                Some(old) => *old = new,
                None => rules.push(new),
            }
        }
        Act::Delete { .. } => drop(rules.remove(place?)),
        Act::Edit { .. } | Act::Run { .. } => return None,
    }
    Some(())
}

/// An estate of a few records.
fn read(records: &[Value]) -> Estate {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

fn wide(range: &Range<u32>) -> Range<u128> {
    Range { first: range.first.into(), last: range.last.into() }
}

fn one_range(first: u128, last: u128) -> Addresses {
    [Range { first, last }].into_iter().collect()
}

/// A space as sets of each family.
fn sets(space: &Space) -> [Addresses; 2] {
    [Family::V4, Family::V6].map(|family| of_space(space, family))
}

fn by_nat_gateway(lang: posture::Lang) -> String {
    say!(
        lang,
        "`--nat-gateway ID`: the one to go out by",
        "`--nat-gateway ID`: 送信に使う NAT ゲートウェイを指定します"
    )
}

fn collect_again(lang: posture::Lang) -> String {
    say!(
        lang,
        "collect the estate with `sekimori collect`, and plan again",
        "`sekimori collect` で収集してから、もう一度実行してください"
    )
}

/// What the NAT gateway of a subnet and its address are called: subnets of several networks may be called alike.
fn names(subnet: &str) -> [String; 2] {
    let (network, short) = match subnet.to_ascii_lowercase().find("/subnets/") {
        Some(end) => (resource_name(subnet.get(..end).unwrap_or_default()), resource_name(subnet)),
        None => ("", resource_name(subnet)),
    };
    let mut base = format!("{network}-{short}");
    let room = NAME_LIMIT - "-nat-ip".len();
    if base.chars().count() > room {
        let mark = name_of("", &[subnet]);
        base = base.chars().take(room - mark.len()).chain(mark.chars()).collect();
    }
    [format!("{base}-nat"), format!("{base}-nat-ip")]
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
