//! Outbound is kept: by what is there, or by a NAT gateway on the subnet.

use estate::{Family, IpConfiguration, Known, Nic, ResourceId, Sku, resource_name, resource_type};
use posture::{WayOut, way_out_without_address};
use serde_json::{Value, json};

use super::{Draft, Private, Public, collect_again};
use crate::lang::say;
use crate::plan::draft::region;
use crate::plan::network::address;
use crate::plan::{Planner, Step, name_of};
use crate::versions::NETWORK;
use crate::write::{Act, Edit, Write};

/// The longest name of a NAT gateway or public address.
const NAME_LIMIT: usize = 80;

impl<'p> Draft<'_, 'p> {
    /// 1. Outbound is kept: what is there, or a NAT gateway.
    pub(super) fn way_out(&mut self, addresses: &[Public<'p>], private: &Private) {
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
}

fn by_nat_gateway(lang: posture::Lang) -> String {
    say!(
        lang,
        "`--nat-gateway ID`: the one to go out by",
        "`--nat-gateway ID`: 送信に使う NAT ゲートウェイを指定します"
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
