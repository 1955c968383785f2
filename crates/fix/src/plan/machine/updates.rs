//! Updates: who installs and looks for them, and installing what is missing.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching>,
//! <https://learn.microsoft.com/rest/api/compute/virtual-machines/install-patches>

use std::collections::BTreeSet;

use estate::{Known, SubAssessment};
use serde_json::{Value, json};

use super::Machine;
use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, fact, pick};
use crate::versions::COMPUTE;
use crate::write::at;

const PLATFORM: &str = "AutomaticByPlatform";

/// Whether the platform installs updates on machines of this image.
fn is_supported(machine: &Machine<'_>) -> bool {
    machine.image().is_some_and(|(publisher, plan)| match machine.is_windows() {
        true => publisher == "microsoftwindowsserver" && plan.starts_with("windowsserver:"),
        false => ["canonical", "redhat", "suse", "oracle", "almalinux", "debian", "microsoftcblmariner"]
            .contains(&publisher.as_str()),
    })
}

/// Patch mode and assessment mode, in one write.
pub(super) fn who_installs(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let (waiting, manual): (Vec<_>, Vec<_>) =
        pick(tasks, &["UPD001"]).into_iter().partition(|task| fact(task.finding, "schedule").is_some());
    let family = machine.family();
    if !waiting.is_empty() {
        let question = say!(
            lang,
            "`{name}` waits for a schedule, and has none. Which is it to have?",
            "`{name}` はスケジュールによる更新に設定されていますが、スケジュールが割り当てられていません。どのスケジュールを割り当てますか?"
        );
        let member = format!(
            "osProfile.{family}.patchSettings.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"
        );
        let answers = vec![
            say!(
                lang,
                "a schedule of yours: `az maintenance assignment create --resource-id {id} --maintenance-configuration-id <CONFIGURATION-ID>`",
                "既存のメンテナンス構成を割り当てる場合: `az maintenance assignment create --resource-id {id} --maintenance-configuration-id <構成の ID>`"
            ),
            say!(
                lang,
                "none, the platform chooses the hour: `az vm update --ids {id} --set {member}=false`",
                "スケジュールを使わず、プラットフォームに任せる場合: `az vm update --ids {id} --set {member}=false`"
            ),
        ];
        draft.ask(&waiting, question, answers);
    }
    let unseen = pick(tasks, &["UPD004"]);
    let mut all = manual.clone();
    all.extend(&unseen);
    if all.is_empty() {
        return;
    }
    if machine.has_no_agent() {
        return machine.ask_for_agent(draft, &all);
    }
    let has_profile = at(&machine.record, "properties/osProfile").is_some_and(Value::is_object);
    let can = has_profile && is_supported(machine);
    if !manual.is_empty() && !can {
        let question = say!(
            lang,
            "Azure installs updates by itself on VMs of images that it knows, and the image of `{name}` is none of them, or is not told. Who is to install them?",
            "Azure が更新プログラムを自動でインストールできるのは、対応するイメージから作成した VM だけです。`{name}` のイメージは対象外か、入力から分かりません。更新プログラムはどのように適用しますか?"
        );
        let mut answers = vec![say!(
            lang,
            "Azure Update Manager, by a schedule: `az maintenance assignment create --resource-id {id} --maintenance-configuration-id <CONFIGURATION-ID>`",
            "Azure Update Manager のスケジュールで適用する場合: `az maintenance assignment create --resource-id {id} --maintenance-configuration-id <構成の ID>`"
        )];
        if machine.is_windows() {
            answers.push(say!(
                lang,
                "Windows itself: `az vm update --ids {id} --set osProfile.windowsConfiguration.enableAutomaticUpdates=true osProfile.windowsConfiguration.patchSettings.patchMode=AutomaticByOS`",
                "Windows の自動更新に任せる場合: `az vm update --ids {id} --set osProfile.windowsConfiguration.enableAutomaticUpdates=true osProfile.windowsConfiguration.patchSettings.patchMode=AutomaticByOS`"
            ));
        }
        draft.ask(&manual, question, answers);
        all = unseen.clone();
        if all.is_empty() {
            return;
        }
    }
    let manual = all.iter().any(|task| task.code == "UPD001");
    let settings = format!("properties/osProfile/{family}/patchSettings");
    let mut changes = Vec::new();
    if manual {
        changes.push(edit(&machine.record, format!("{settings}/patchMode"), PLATFORM));
        if machine.is_windows() {
            let automatic = "properties/osProfile/windowsConfiguration/enableAutomaticUpdates";
            changes.push(edit(&machine.record, automatic, true));
        }
    }
    if has_profile {
        changes.push(edit(&machine.record, format!("{settings}/assessmentMode"), PLATFORM));
    }
    let mut steps = Vec::new();
    if !changes.is_empty() {
        let says = match manual {
            true => say!(
                lang,
                "let the platform look for updates and install them",
                "更新プログラムの評価とインストールをプラットフォームに任せます"
            ),
            false => say!(
                lang,
                "let the platform look for updates every day",
                "更新プログラムの定期評価を有効にします"
            ),
        };
        steps.push(edits(says, id, COMPUTE, changes, false));
    }
    let mut notes = Vec::new();
    if !unseen.is_empty() {
        if machine.runs() == Some(false) {
            notes.push(say!(
                lang,
                "`{name}` does not run: it is looked at once it does",
                "`{name}` は停止中のため、評価は起動後に行われます"
            ));
        } else {
            let says = say!(
                lang,
                "look now which updates `{name}` lacks",
                "`{name}` の更新プログラムを今すぐ評価します"
            );
            steps.push(machine.run(says, "assessPatches", None, None));
        }
    }
    if steps.is_empty() {
        let question = say!(
            lang,
            "`{name}` does not run and was made from a disk: it can be looked at only while it runs. When is that?",
            "`{name}` は停止中で、ディスクから作成されているため、起動中にしか評価できません。いつ起動しますか?"
        );
        return draft.ask(
            &all,
            question,
            vec![format!("`az vm start --ids {id}`, `az vm assess-patches --ids {id}`")],
        );
    }
    let title = match manual {
        true => say!(
            lang,
            "Let the platform install updates on `{name}`",
            "`{name}` の更新プログラムの自動インストールを有効にする"
        ),
        false => say!(
            lang,
            "Look regularly which updates `{name}` lacks",
            "`{name}` の更新プログラムの定期評価を有効にする"
        ),
    };
    let downtime = manual.then(|| {
        say!(
            lang,
            "not now; from then on Azure restarts `{name}` outside of business hours where an update needs it",
            "変更時の停止はありません。以後は、更新プログラムに必要な場合に Azure が `{name}` をピーク外の時間帯に再起動します"
        )
    });
    let effects = Effects { restart: manual, downtime, ..Effects::default() };
    draft.fix(&all, Make { kind: "update-mode", title, steps, effects, notes });
}

fn open<'e>(draft: &Draft<'_, 'e>, machine: &Machine<'_>) -> impl Iterator<Item = &'e SubAssessment> {
    let all = draft.estate().around.sub_assessments.of(machine.vm.id).iter();
    let says = |field: &estate::Field<Box<str>>, word: &str| {
        field.as_ref().and_then(Known::value).is_some_and(|its| its.eq_ignore_ascii_case(word))
    };
    all.filter(move |one| says(&one.status, "Unhealthy"))
}

/// Numbers of updates for Windows that findings which an update mends tell, such as `KB5034439`.
fn numbers(draft: &Draft<'_, '_>, machine: &Machine<'_>) -> Vec<String> {
    let mut all = BTreeSet::new();
    for one in open(draft, machine).filter(|one| one.patchable == Some(Known::Value(true))) {
        let Some(record) = draft.record(one.id) else { continue };
        for path in ["properties/displayName", "properties/remediation", "properties/additionalData/kb"] {
            let text = at(&record, path).and_then(Value::as_str).unwrap_or_default();
            for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
                let digits = word.strip_prefix("KB").or_else(|| word.strip_prefix("kb"));
                let is_number = |digits: &str| {
                    (6..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
                };
                if let Some(digits) = digits.filter(|digits| is_number(digits)) {
                    all.insert(format!("KB{digits}"));
                }
            }
        }
    }
    all.into_iter().collect()
}

/// Installing what is missing, and the restart that what is installed waits for.
pub(super) fn install(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let number = |task: &Task<'_>, name: &str| fact(task.finding, name).and_then(|it| it.parse::<u64>().ok());
    let (mendable, other): (Vec<_>, Vec<_>) = pick(tasks, &["DEF007"])
        .into_iter()
        .partition(|task| number(task, "patchable").is_some_and(|count| count > 0));
    if !other.is_empty() {
        let question = say!(
            lang,
            "No update of the system mends the vulnerabilities on `{name}`, or the input does not tell which they are. Who owns the programs?",
            "`{name}` の脆弱性は OS の更新プログラムでは修正できないか、入力から内訳が分かりません。該当するソフトウェアの担当者は誰ですか?"
        );
        let answers = vec![say!(
            lang,
            "update or remove the programs that Defender for Cloud names, or set what it proposes",
            "Defender for Cloud に表示されたソフトウェアを更新または削除するか、提案された設定を適用してください"
        )];
        draft.ask(&other, question, answers);
    }
    let restart = pick(tasks, &["UPD003"]);
    let mut all = pick(tasks, &["UPD002"]);
    all.extend(&mendable);
    let installs = !all.is_empty();
    all.extend(&restart);
    if all.is_empty() {
        return;
    }
    if machine.runs() == Some(false) {
        let question = say!(
            lang,
            "`{name}` does not run, and updates are installed only while it does. May it be started?",
            "`{name}` は停止中です。更新プログラムは起動中にしかインストールできません。起動してもよいですか?"
        );
        let answers = vec![say!(
            lang,
            "start it and plan again: `az vm start --ids {id}`",
            "起動してから計画し直してください: `az vm start --ids {id}`"
        )];
        return draft.ask(&all, question, answers);
    }
    let lost = say!(
        lang,
        "this cannot be undone: have a restore point or a backup of today",
        "元に戻せません。事前に復元ポイントを作成するか、当日のバックアップがあることを確認してください"
    );
    if !installs {
        let says = say!(lang, "restart `{name}`", "`{name}` を再起動します");
        let title = say!(
            lang,
            "Restart `{name}`, so that installed updates take effect",
            "`{name}` を再起動し、インストール済みの更新プログラムを有効にする"
        );
        let effects = Effects {
            restart: true,
            downtime: Some(say!(
                lang,
                "`{name}` is away for some minutes",
                "`{name}` は数分間利用できません"
            )),
            ..Effects::default()
        };
        let steps = vec![machine.run(says, "restart", None, None)];
        return draft.fix(&all, Make { kind: "restart", title, steps, effects, notes: Vec::new() });
    }
    if machine.has_no_agent() {
        return machine.ask_for_agent(draft, &all);
    }
    let mut parameters = json!({"classificationsToInclude": ["Critical", "Security"]});
    let numbers = if machine.is_windows() { numbers(draft, machine) } else { Vec::new() };
    if !numbers.is_empty()
        && let Some(members) = parameters.as_object_mut()
    {
        members.insert("kbNumbersToInclude".to_owned(), json!(numbers));
    }
    let family = if machine.is_windows() { "windowsParameters" } else { "linuxParameters" };
    // One that waits for a restart gets it with what is installed now.
    let reboot = if restart.is_empty() { "IfRequired" } else { "Always" };
    let body = json!({"maximumDuration": "PT2H", "rebootSetting": reboot, family: parameters});
    let says = say!(
        lang,
        "install critical and security updates for up to two hours, and restart where one needs it",
        "緊急更新とセキュリティ更新を最大 2 時間インストールし、必要に応じて再起動します"
    );
    let steps = vec![machine.run(says, "installPatches", Some(body), None)];
    let mut notes = vec![lost];
    for task in &mendable {
        let counts = (number(task, "count"), number(task, "patchable"));
        if let (Some(count), Some(patchable)) = counts
            && count > patchable
        {
            let left = count - patchable;
            notes.push(say!(
                lang,
                "no update mends {left} of the {count} vulnerabilities: these are told again afterwards",
                "{count} 件の脆弱性のうち {left} 件は更新プログラムでは修正されず、適用後も検出されます"
            ));
        }
    }
    if !numbers.is_empty() {
        notes.push(say!(
            lang,
            "updates that findings of Defender for Cloud name are among them: {}",
            "Defender for Cloud の検出結果に挙げられた更新プログラムも対象に含みます: {}",
            numbers.join(", ")
        ));
    }
    let title = say!(
        lang,
        "Install missing updates on `{name}`",
        "`{name}` に不足している更新プログラムをインストールする"
    );
    let effects = Effects {
        restart: true,
        downtime: Some(say!(
            lang,
            "`{name}` may restart once or several times within two hours",
            "`{name}` は 2 時間以内に 1 回以上再起動する可能性があります"
        )),
        ..Effects::default()
    };
    draft.fix(&all, Make { kind: "install-updates", title, steps, effects, notes });
}
