//! Sign-in with Entra ID: the extension, and the identity that it needs first.
//!
//! Sources: <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows>,
//! <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux>

use estate::Known;
use serde_json::{Map, Value, json};

use super::{Machine, Wanted};
use crate::lang::say;
use crate::plan::draft::{Draft, Make, Task, edit, edits, pick, text};
use crate::plan::{Effects, Step};
use crate::versions::COMPUTE;
use crate::write::at;

const PUBLISHER: &str = "Microsoft.Azure.ActiveDirectory";

/// Publishers of images that the extension for Linux is made for.
const LINUX: [&str; 10] = [
    "almalinux",
    "canonical",
    "debian",
    "kinvolk",
    "microsoftcblmariner",
    "openlogic",
    "oracle",
    "redhat",
    "resf",
    "suse",
];

/// The step that gives a machine an identity of its own and keeps those that are lent to it; nothing where it has one.
pub(super) fn step(draft: &Draft<'_, '_>, machine: &Machine<'_>) -> Option<Step> {
    if machine.vm.upkeep.system_identity == Some(Known::Value(true)) {
        return None;
    }
    let kind = text(&machine.record, "identity/type").unwrap_or_default().to_ascii_lowercase();
    let becomes =
        if kind.contains("userassigned") { "SystemAssigned, UserAssigned" } else { "SystemAssigned" };
    let says = say!(
        draft.lang(),
        "give `{}` a system-assigned managed identity",
        "`{}` にシステム割り当てマネージド ID を付与します",
        machine.name
    );
    let mut changes = vec![edit(&machine.record, "identity/type", becomes)];
    // Those that are lent to it are named again, as the command line of Azure does.
    let path = "identity/userAssignedIdentities";
    let lent = at(&machine.record, path).and_then(Value::as_object).filter(|lent| !lent.is_empty());
    if let Some(lent) = lent {
        let lent: Map<String, Value> = lent.keys().map(|id| (id.clone(), json!({}))).collect();
        changes.push(edit(&machine.record, path, lent));
    }
    Some(edits(says, machine.id, COMPUTE, changes, false))
}

/// Whether an image is one that the extension is made for; none for an image of one's own.
fn is_supported(machine: &Machine<'_>) -> Option<bool> {
    let (publisher, plan) = machine.image()?;
    if !machine.is_windows() {
        return Some(LINUX.contains(&publisher.as_str()));
    }
    let later = ["2019", "2022", "2025"].iter().any(|year| plan.contains(year));
    let client = ["windows-10", "windows-11", "win10", "win11"].iter().any(|word| plan.contains(word));
    Some(publisher == "microsoftwindowsserver" && later || publisher == "microsoftwindowsdesktop" && client)
}

pub(super) fn plan(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["ENT001", "ENT002"]);
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let wants_extension = tasks.iter().any(|task| task.code == "ENT001");
    if tasks.is_empty() {
        return;
    }
    let handler = if machine.is_windows() { "AADLoginForWindows" } else { "AADSSHLoginForLinux" };
    if wants_extension {
        if machine.has_no_agent() {
            return machine.ask_for_agent(draft, &tasks);
        }
        if is_supported(machine) != Some(true) {
            let question = say!(
                lang,
                "Is the operating system of `{name}` one that {handler} supports? Its image does not tell.",
                "`{name}` の OS は {handler} に対応していますか? イメージからは判断できません。"
            );
            let answers = vec![
                say!(
                    lang,
                    "it is: `az vm identity assign --ids {id}`, then `az vm extension set --ids {id} --publisher {PUBLISHER} --name {handler}`",
                    "対応している場合: `az vm identity assign --ids {id}` の後に `az vm extension set --ids {id} --publisher {PUBLISHER} --name {handler}` を実行してください"
                ),
                say!(
                    lang,
                    "it is not: make the VM anew from a newer image: `sekimori export {id} --hardened`",
                    "対応していない場合: 新しいイメージから VM を作り直してください: `sekimori export {id} --hardened`"
                ),
            ];
            return draft.ask(&tasks, question, answers);
        }
    }
    let mut steps: Vec<Step> = step(draft, machine).into_iter().collect();
    let first = !steps.is_empty();
    if wants_extension {
        let says =
            say!(lang, "put {handler} on `{name}`", "`{name}` に拡張機能 {handler} をインストールします");
        let wanted = Wanted {
            publisher: PUBLISHER,
            handler,
            version: if machine.is_windows() { "2.0" } else { "1.0" },
            upgrades: false,
            settings: None,
        };
        let Some(step) = machine.put_extension(draft, says, &wanted) else {
            return machine.ask_about_extension(draft, &tasks, handler);
        };
        steps.push(step);
    }
    let mut notes = vec![say!(
        lang,
        "people need the role Virtual Machine User Login or Virtual Machine Administrator Login on the VM: Owner and Contributor alone do not let anybody sign in",
        "サインインするユーザーには、VM に対する「仮想マシンのユーザー ログイン」または「仮想マシンの管理者ログイン」ロールが必要です (所有者や共同作成者だけではサインインできません)"
    )];
    if first {
        notes.push(say!(
            lang,
            "taking the identity back removes it from the directory, with every role that it was given meanwhile",
            "元に戻すとマネージド ID はディレクトリから削除され、その間に割り当てたロールも失われます"
        ));
    }
    if machine.is_windows() {
        notes.push(say!(
            lang,
            "the VM joins the directory: its computer name has to be unique there, and a VM that is joined to a domain of Active Directory stays as it is and has to be made hybrid joined instead",
            "VM は Microsoft Entra 参加済みになります。コンピューター名はテナント内で一意である必要があります。Active Directory ドメインに参加している VM には適用できず、ハイブリッド参加を構成する必要があります"
        ));
        notes.push(say!(
            lang,
            "Microsoft names Windows Server 2025 and Windows 11 24H2 as supported since the end of 2025; older ones take the extension, and support for them should be looked up",
            "2025 年末以降、Microsoft がサポート対象として挙げているのは Windows Server 2025 と Windows 11 24H2 以降です。それより古い OS のサポート状況は確認してください"
        ));
    }
    let title = if wants_extension {
        say!(
            lang,
            "Let people sign in to `{name}` with Entra ID",
            "`{name}` で Entra ID によるサインインを有効にする"
        )
    } else {
        say!(
            lang,
            "Give `{name}` the identity that sign-in with Entra ID needs",
            "`{name}` に Entra ID でのサインインに必要なマネージド ID を付与する"
        )
    };
    draft.fix(&tasks, Make { kind: "entra-sign-in", title, steps, effects: Effects::default(), notes });
}
