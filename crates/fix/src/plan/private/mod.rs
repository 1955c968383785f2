//! The public address of a machine taken away, in order: it still gets out, its people still get in by a private way, the rules
//! that let the internet in are closed, and only then the address goes.
//!
//! Sources: <https://learn.microsoft.com/azure/nat-gateway/nat-overview> (a NAT gateway serves whole subnets, takes Standard
//! addresses only, and no Basic resource may be in the subnet), <https://learn.microsoft.com/azure/bastion/bastion-nsg> (Bastion
//! comes from its subnet), <https://learn.microsoft.com/azure/bastion/quickstart-developer> (Bastion Developer comes from
//! 168.63.129.16, to ports 22 and 3389), <https://learn.microsoft.com/azure/nat-gateway/nat-gateway-resource> (a NAT gateway is
//! of the region of its network, serves no two networks, and IPv4 alone).

mod after;
mod way_in;
mod way_out;

use estate::{IpConfiguration, Known, Nic, ResourceId, Vm, resource_name};
use posture::{Finding, Settings};
use reach::Addresses;

use super::network::{address, closes, rules_of};
use super::tell_owner;
use super::{Ask, Closes, Effects, Fix, Options, Plan, Planner, Step, name_of};
use crate::lang::say;
use crate::owner;
use crate::proof::Keep;
use crate::write::{Act, Write};

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

pub(super) fn collect_again(lang: posture::Lang) -> String {
    say!(
        lang,
        "collect the estate with `sekimori collect`, and plan again",
        "`sekimori collect` で収集してから、もう一度実行してください"
    )
}
