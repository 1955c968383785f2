//! Fixes of single machines: updates, extensions, encryption, identity.
//!
//! INVARIANT: a machine of which the input holds no record, or which is of a scale set, is asked about and never changed.

mod attestation;
mod diagnostics;
mod encryption;
mod identity;
mod malware;
mod password;
mod trusted_launch;
mod updates;

use std::collections::BTreeMap;

use estate::{Extension, Known, OsFamily, PowerState, ResourceId, Vm};
use posture::{Finding, Lang};
use serde_json::{Value, json};

use super::coverage::{By, tasks_of};
use super::draft::{Draft, Task, is_of_type, put, region, run, text};
use super::{Plan, Planner, Step};
use crate::lang::say;
use crate::versions::COMPUTE;
use crate::write::{at, writable};

type Theme = fn(&mut Draft<'_, '_>, &Machine<'_>, &[Task<'_>]);

/// What can be planned for a machine, in the order in which it should be done.
const THEMES: [Theme; 9] = [
    diagnostics::plan,
    identity::plan,
    attestation::plan,
    malware::plan,
    updates::who_installs,
    password::plan,
    updates::install,
    trusted_launch::plan,
    encryption::plan,
];

pub(super) fn plan(planner: &Planner<'_>, findings: &[&Finding], plan: &mut Plan) {
    let mut draft = Draft::new(planner, plan);
    let mut by_machine: BTreeMap<String, (ResourceId, Vec<Task<'_>>)> = BTreeMap::new();
    for task in tasks_of(By::Machine, findings) {
        let id = task.finding.resource;
        // Services have what is not of a machine: recommendations for disks and subscriptions.
        let key = planner.estate.text(id).to_ascii_lowercase();
        by_machine.entry(key).or_insert_with(|| (id, Vec::new())).1.push(task);
    }
    let mut machines = Vec::new();
    for (id, tasks) in by_machine.into_values() {
        match Machine::read(&draft, id) {
            Ok(machine) => machines.push((machine, tasks)),
            Err(why) => why.ask(&mut draft, id, &tasks),
        }
    }
    for theme in THEMES {
        for (machine, tasks) in &machines {
            theme(&mut draft, machine, tasks);
        }
    }
}

/// A machine that can be changed.
pub(super) struct Machine<'p> {
    vm: &'p Vm,
    /// Its id.
    id: &'p str,
    name: String,
    /// What the input says of it.
    record: Value,
    os: OsFamily,
    location: String,
}

/// Why a machine cannot be changed here.
enum NotHere {
    ScaleSet,
    NoRecord,
    Part,
}

impl NotHere {
    fn ask(self, draft: &mut Draft<'_, '_>, id: ResourceId, tasks: &[Task<'_>]) {
        let (lang, name) = (draft.lang(), draft.name(id));
        let (question, answer) = match self {
            Self::ScaleSet => (
                say!(
                    lang,
                    "`{name}` is of a scale set: the change belongs into the model, and instances get it when they are made anew or upgraded. When is that to be?",
                    "`{name}` はスケール セットに属しています。変更はスケール セット モデルに加え、インスタンスのアップグレードまたは再作成で反映します。いつ反映しますか?"
                ),
                say!(
                    lang,
                    "change the model of the scale set, then roll it out: `az vmss update-instances`",
                    "スケール セット モデルを変更し、`az vmss update-instances` で反映してください"
                ),
            ),
            Self::NoRecord => (
                say!(
                    lang,
                    "The input holds no record of `{name}`, and nothing is changed that cannot be seen.",
                    "入力に `{name}` のレコードがありません。現在の設定を確認できないリソースは変更できません。"
                ),
                say!(
                    lang,
                    "collect again with the right to read the VM: `sekimori collect`",
                    "VM を読み取れる権限でもう一度収集してください: `sekimori collect`"
                ),
            ),
            Self::Part => (
                say!(
                    lang,
                    "The record of `{name}` is a part only: its operating system or its region is missing.",
                    "`{name}` のレコードは一部しかなく、OS の種類またはリージョンが分かりません。"
                ),
                say!(
                    lang,
                    "collect again, or export the VM in full: `az vm show --ids <VM-ID>`",
                    "もう一度収集するか、VM 全体をエクスポートしてください: `az vm show --ids <VM-ID>`"
                ),
            ),
        };
        draft.ask(tasks, question, vec![answer]);
    }
}

impl<'p> Machine<'p> {
    fn read(draft: &Draft<'_, 'p>, id: ResourceId) -> Result<Self, NotHere> {
        let estate = draft.estate();
        let text = estate.text(id);
        let of_set = text.split('/').any(|word| word.eq_ignore_ascii_case("virtualMachineScaleSets"));
        let Some(vm) = estate.vm(id).filter(|_| !of_set) else {
            return Err(if of_set { NotHere::ScaleSet } else { NotHere::NoRecord });
        };
        if !is_of_type(text, "Microsoft.Compute/virtualMachines") {
            return Err(NotHere::NoRecord);
        }
        let record = draft.record(id).filter(|_| vm.described).ok_or(NotHere::NoRecord)?;
        let Some(Known::Value(os)) = vm.os else { return Err(NotHere::Part) };
        let location = region(&record).ok_or(NotHere::Part)?;
        Ok(Self { vm, id: text, name: draft.name(id), record, os, location })
    }

    fn is_windows(&self) -> bool {
        self.os == OsFamily::Windows
    }

    /// `windowsConfiguration` or `linuxConfiguration`.
    fn family(&self) -> &'static str {
        if self.is_windows() { "windowsConfiguration" } else { "linuxConfiguration" }
    }

    /// Whether it was said that no agent is on it, or that it takes no extensions.
    fn has_no_agent(&self) -> bool {
        let off = |field: &estate::Field<bool>| *field == Some(Known::Value(false));
        off(&self.vm.upkeep.agent) || off(&self.vm.upkeep.extensions_allowed)
    }

    /// Whether it runs; none where the input does not tell.
    fn runs(&self) -> Option<bool> {
        let power = self.vm.power.as_ref()?.value()?;
        Some(*power == PowerState::Running)
    }

    /// Whether nothing of it is on a host: not just stopped, as from within.
    fn is_deallocated(&self) -> bool {
        let codes = [
            text(&self.record, "powerState"),
            text(&self.record, "properties/extended/instanceView/powerState/code"),
            text(&self.record, "properties/instanceView/powerState/code"),
        ];
        let statuses = at(&self.record, "properties/instanceView/statuses").and_then(Value::as_array);
        let statuses = statuses.into_iter().flatten().filter_map(|one| one.get("code")?.as_str());
        codes.into_iter().flatten().chain(statuses).any(|code| {
            let code = code.to_ascii_lowercase();
            code.ends_with("deallocated") && (code.starts_with("powerstate/") || code.starts_with("vm "))
        })
    }

    /// What the extensions are that the input holds of it.
    fn extensions<'e>(&self, draft: &Draft<'_, 'e>) -> &'e [Extension] {
        draft.estate().around.extensions.of(self.vm.id)
    }

    /// An extension by publisher and type.
    fn extension<'e>(&self, draft: &Draft<'_, 'e>, publisher: &str, handler: &str) -> Option<&'e Extension> {
        let is = |field: &estate::Field<Box<str>>, wanted: &str| {
            field.as_ref().and_then(Known::value).is_some_and(|its| its.eq_ignore_ascii_case(wanted))
        };
        self.extensions(draft).iter().find(|one| is(&one.publisher, publisher) && is(&one.handler, handler))
    }

    /// The publisher of its image in lower case, and its offer and plan together; nothing for an image of one's own.
    fn image(&self) -> Option<(String, String)> {
        let image = self.vm.upkeep.image.as_ref()?.value()?;
        if image.publisher.is_empty() {
            return None;
        }
        let plan = format!("{}:{}", image.offer, image.sku).to_ascii_lowercase();
        Some((image.publisher.to_ascii_lowercase(), plan))
    }

    /// A step that has Azure do something to it.
    fn run(&self, says: String, action: &str, body: Option<Value>, undo: Option<&str>) -> Step {
        run(says, self.id, COMPUTE, (action, body, undo))
    }

    /// A step that puts an extension on it, or anew on it; nothing where what is there cannot be read, or is something else of
    /// the same name.
    fn put_extension(&self, draft: &Draft<'_, '_>, says: String, wanted: &Wanted<'_>) -> Option<Step> {
        let there = self.extension(draft, wanted.publisher, wanted.handler);
        let name = there.map_or(wanted.handler, |there| estate::resource_name(draft.estate().text(there.id)));
        let target = format!("{}/extensions/{name}", self.id);
        let was = match there {
            Some(there) => Some(draft.record(there.id)?),
            None => {
                // Another one has the name.
                let id = draft.estate().ids().find(&target);
                if id.is_some_and(|id| self.extensions(draft).iter().any(|one| one.id == id)) {
                    return None;
                }
                None
            }
        };
        let mut properties = json!({
            "publisher": wanted.publisher,
            "type": wanted.handler,
            "typeHandlerVersion": wanted.version,
            "autoUpgradeMinorVersion": true,
        });
        if let Some(object) = properties.as_object_mut() {
            if wanted.upgrades {
                object.insert("enableAutomaticUpgrade".to_owned(), json!(true));
            }
            if let Some(settings) = &wanted.settings {
                object.insert("settings".to_owned(), settings.clone());
            }
        }
        let becomes = match &was {
            None => json!({"location": self.location, "properties": properties}),
            Some(was) => again(was)?,
        };
        Some(put(says, target, COMPUTE, was.as_ref(), becomes))
    }

    /// Asks, because no extension can be put on it.
    fn ask_for_agent(&self, draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
        let (lang, name) = (draft.lang(), &self.name);
        let question = say!(
            lang,
            "`{name}` takes no extensions (HRD013): is it an appliance, or may the VM agent be installed?",
            "`{name}` では拡張機能を利用できません (HRD013)。仮想アプライアンスですか? それとも VM エージェントをインストールできますか?"
        );
        let id = self.id;
        let answers = vec![
            say!(
                lang,
                "install the agent, allow extensions, and plan again: `az vm update --ids {id} --set osProfile.allowExtensionOperations=true`",
                "エージェントをインストールし、拡張機能を許可してから計画し直してください: `az vm update --ids {id} --set osProfile.allowExtensionOperations=true`"
            ),
            say!(
                lang,
                "an appliance: suppress the findings with that reason",
                "仮想アプライアンスの場合: その理由を添えて検出結果を抑制してください"
            ),
        ];
        draft.ask(tasks, question, answers);
    }

    /// Asks, because an extension of another kind has the name, or the one that is there cannot be read.
    fn ask_about_extension(&self, draft: &mut Draft<'_, '_>, tasks: &[Task<'_>], handler: &str) {
        let (lang, name, id) = (draft.lang(), &self.name, self.id);
        let question = say!(
            lang,
            "`{name}` has an extension in the place of {handler} that the input does not tell enough of. What is it?",
            "`{name}` の {handler} に当たる拡張機能の設定が、入力からは十分に分かりません。内容を確認してください。"
        );
        draft.ask(tasks, question, vec![format!("`az vm extension list --ids {id}`")]);
    }

    /// What is said of a VM that has to be stopped: what goes, and what comes back.
    fn stop_notes(&self, draft: &Draft<'_, '_>) -> Vec<String> {
        let lang = draft.lang();
        let mut notes = vec![say!(
            lang,
            "what is on the temporary disk is lost when the VM is deallocated",
            "VM の割り当てを解除すると、一時ディスクの内容は失われます"
        )];
        let name = &self.name;
        if self.runs().is_none() {
            notes.push(say!(
                lang,
                "the input does not tell whether `{name}` runs; if it does not, leave out the first and the last step",
                "`{name}` が実行中かどうかは入力から分かりません。停止中の場合は、最初と最後の手順を省いてください"
            ));
        }
        notes.extend(self.addresses_lost(draft));
        notes
    }

    /// The public addresses that change when the VM is deallocated.
    ///
    /// Source: <https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#ip-address-assignment>
    fn addresses_lost(&self, draft: &Draft<'_, '_>) -> Vec<String> {
        let (estate, lang) = (draft.estate(), draft.lang());
        let mut notes = Vec::new();
        let nics = self.vm.nics.iter().filter_map(|id| estate.nic(*id));
        let all = nics.filter_map(|nic| nic.ip_configurations.as_ref()?.value()).flatten();
        for public in all.filter_map(|ip| ip.public_ip.as_ref()?.value()) {
            let name = draft.name(*public);
            let record = draft.record(*public);
            let how = record.as_ref().and_then(|it| text(it, "properties/publicIPAllocationMethod"));
            let standard = record.as_ref().and_then(|it| text(it, "sku/name"));
            let standard = standard.is_some_and(|sku| sku.to_ascii_lowercase().starts_with("standard"));
            match how {
                Some(how) if how.eq_ignore_ascii_case("Dynamic") => {
                    let address = record.as_ref().and_then(|it| text(it, "properties/ipAddress"));
                    let address = address.map(|its| format!(" {its}")).unwrap_or_default();
                    notes.push(say!(
                        lang,
                        "the public address{address} of `{name}` is dynamic: it is lost, and another one comes when the VM starts",
                        "`{name}` のパブリック IP アドレス{address} は動的割り当てのため失われ、起動時に別のアドレスが割り当てられます"
                    ));
                }
                Some(_) => {}
                None if standard => {}
                None => notes.push(say!(
                    lang,
                    "whether the public address of `{name}` is dynamic, and so is lost, the input does not tell",
                    "`{name}` のパブリック IP アドレスが動的割り当てかどうかは入力から分かりません (動的な場合は失われます)"
                )),
            }
        }
        notes
    }

    /// The steps that stop the VM, change it and start it again; the change alone where it is deallocated.
    fn while_stopped(&self, lang: Lang, change: Step) -> Vec<Step> {
        if self.is_deallocated() {
            return vec![change];
        }
        let name = &self.name;
        let stop =
            say!(lang, "stop `{name}` and take it from its host", "`{name}` を停止し、割り当てを解除します");
        // One that does not run stays so; Azure has no way back from deallocated to stopped.
        if self.runs() == Some(false) {
            return vec![self.run(stop, "deallocate", None, None), change];
        }
        let start = say!(lang, "start `{name}`", "`{name}` を起動します");
        vec![
            self.run(stop, "deallocate", None, Some("start")),
            change,
            self.run(start, "start", None, Some("deallocate")),
        ]
    }
}

/// An extension that is wanted.
struct Wanted<'w> {
    publisher: &'w str,
    handler: &'w str,
    version: &'w str,
    /// Whether Azure may put newer versions in place by itself.
    upgrades: bool,
    settings: Option<Value>,
}

/// An extension once more as it is, so that Azure puts it in place anew: it does where the tag changes. Nothing where secrets
/// were taken out of its record: the word in their place would be written to Azure.
///
/// Source: <https://learn.microsoft.com/rest/api/compute/virtual-machine-extensions/create-or-update>, `forceUpdateTag`
fn again(was: &Value) -> Option<Value> {
    let mut body = writable(was);
    if body.to_string().contains(estate::REDACTED.trim_end_matches([':', ' '])) {
        return None;
    }
    let members = body.get_mut("properties")?.as_object_mut()?;
    let before = members.get("forceUpdateTag").and_then(Value::as_str).unwrap_or_default();
    let tag = if before == "sekimori-1" { "sekimori-2" } else { "sekimori-1" };
    members.insert("forceUpdateTag".to_owned(), json!(tag));
    Some(body)
}
