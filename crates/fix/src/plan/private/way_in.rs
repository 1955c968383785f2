//! A private way in that leads to the machine with the rules as they will be.

use estate::{
    Bastion, Family, Gateway, Known, PortSet, Prefix, ResourceId, Space, parse_prefix, resource_name,
};
use posture::Finding;
use reach::{Addresses, Protocols, of_space};
use serde_json::Value;

use super::after::{After, one_range, sets, wide};
use super::{Draft, Private, collect_again};
use crate::lang::say;
use crate::proof::{Keep, Need};
use crate::write::Write;

/// What comes from Bastion Developer.
const DEVELOPER: u128 = u128::from_be_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 168, 63, 129, 16]);

impl Draft<'_, '_> {
    /// Whether a write is about a rule for the address of the platform alone, by which Bastion Developer comes: it is a public
    /// one, but nobody's on the internet.
    pub(super) fn is_for_the_platform(&self, write: &Write) -> bool {
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

    /// 2. A private way in that certainly leads to the machine once the rules are closed.
    ///
    /// One that comes from a subnet is told as a flow that has to pass afterwards. Of what lies behind a gateway, and of the
    /// platform, proofs tell no flow for certain: these are worked out here, on the groups as they become.
    pub(super) fn way_in(&mut self, findings: &[&Finding], private: &Private) -> Vec<Keep> {
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
    pub(super) fn networks(&self) -> Vec<ResourceId> {
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
}

/// Where packets come from by a private way.
struct Lead {
    text: String,
    from: [Addresses; 2],
    ports: PortSet,
    /// Whether proofs tell of such packets.
    flow: bool,
}
