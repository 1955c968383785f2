//! Plans of Defender for Cloud, their parts, and Defender for Endpoint, which comes with them.
//!
//! Sources: <https://learn.microsoft.com/rest/api/defenderforcloud/pricings/update>,
//! <https://learn.microsoft.com/azure/defender-for-cloud/integration-defender-for-endpoint>

use estate::{Known, OsFamily, Plan as DefenderPlan, resource_name, resource_subscription};
use serde_json::Value;

use super::subscription;
use crate::lang::say;
use crate::plan::draft::{Draft, Make, Task, edit, edits, fact, flag, grouped, pick, text};
use crate::plan::{Effects, Step};
use crate::versions::{PRICINGS, SECURITY_SETTINGS};
use crate::write::at;

/// The plan for servers of a subscription, as the input has it: its id and its record.
pub(super) fn servers(draft: &Draft<'_, '_>, subscription: &str) -> Option<(String, Value)> {
    let estate = draft.estate();
    let owner = estate.ids().find(subscription)?;
    let is =
        |plan: &&DefenderPlan| resource_name(estate.text(plan.id)).eq_ignore_ascii_case("VirtualMachines");
    let plan = estate.around.plans.of(owner).iter().find(is)?;
    Some((estate.text(plan.id).to_owned(), draft.record(plan.id)?))
}

/// Whether a plan is on in full; `Standard` without a word of which is.
pub(super) fn is_full(record: &Value) -> bool {
    let is =
        |path: &str, wanted: &str| text(record, path).is_some_and(|its| its.eq_ignore_ascii_case(wanted));
    is("properties/pricingTier", "Standard") && !is("properties/subPlan", "P1")
}

/// What a plan costs: the numbers are Microsoft's, and change.
pub(super) fn cost(draft: &Draft<'_, '_>, subscription: &str) -> String {
    let estate = draft.estate();
    let name = resource_subscription(subscription).unwrap_or_default();
    let machines = estate.vms.iter().filter(|vm| {
        resource_subscription(estate.text(vm.id)).is_some_and(|its| its.eq_ignore_ascii_case(name))
    });
    let count = machines.count();
    say!(
        draft.lang(),
        "Defender for Servers is paid by server and hour, here for {count} VMs that the input holds and all that come: see the price list, https://azure.microsoft.com/pricing/details/defender-for-cloud/",
        "Defender for Servers はサーバー単位の時間課金です。対象は入力に含まれる {count} 台の VM と、今後作成される VM です。料金は価格表で確認してください: https://azure.microsoft.com/ja-jp/pricing/details/defender-for-cloud/"
    )
}

/// The step that switches a plan on in full; nothing where it is.
pub(super) fn step(draft: &Draft<'_, '_>, id: &str, record: &Value) -> Option<Step> {
    if is_full(record) {
        return None;
    }
    let says = say!(
        draft.lang(),
        "switch on Defender for Servers in plan 2",
        "Defender for Servers プラン 2 を有効にします"
    );
    let changes =
        vec![edit(record, "properties/pricingTier", "Standard"), edit(record, "properties/subPlan", "P2")];
    Some(edits(says, id, PRICINGS, changes, true))
}

/// Plans and their parts: one write a subscription.
pub(super) fn plans(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["DEF001", "DEF002", "DEF004", "JIT007"]);
    for (subscription, tasks) in grouped(&tasks, |task| subscription(draft, task)) {
        let lang = draft.lang();
        let name = resource_subscription(&subscription).unwrap_or_default().to_owned();
        let Some((id, record)) = servers(draft, &subscription) else {
            let question = say!(
                lang,
                "The input holds no plan of the subscription `{name}`, so that nobody can see what is paid for. Which plan of Defender for Servers is it to have?",
                "入力にサブスクリプション `{name}` のプランがなく、現在の契約内容を確認できません。Defender for Servers のどのプランを使用しますか?"
            );
            let answers = vec![
                say!(
                    lang,
                    "plan 2: `az security pricing create --subscription {name} -n VirtualMachines --tier standard --subplan P2`",
                    "プラン 2 の場合: `az security pricing create --subscription {name} -n VirtualMachines --tier standard --subplan P2`"
                ),
                say!(
                    lang,
                    "collect again with the right `Microsoft.Security/pricings/read`, and plan again",
                    "`Microsoft.Security/pricings/read` の権限でもう一度収集し、計画し直してください"
                ),
            ];
            draft.ask(&tasks, question, answers);
            continue;
        };
        let mut changes = Vec::new();
        let upgrades = !is_full(&record);
        if upgrades {
            changes.push(edit(&record, "properties/pricingTier", "Standard"));
            changes.push(edit(&record, "properties/subPlan", "P2"));
        }
        let mut parts: Vec<&str> = Vec::new();
        for task in pick(&tasks, &["DEF004"]) {
            for part in fact(task.finding, "off").unwrap_or_default().split(", ") {
                let path = format!("properties/extensions[{part}]/isEnabled");
                // Azure writes it as a word.
                if at(&record, &path).is_some() && !parts.contains(&part) {
                    parts.push(part);
                    changes.push(edit(&record, path, "True"));
                }
            }
        }
        if changes.is_empty() {
            let question = say!(
                lang,
                "What the plan of `{name}` lacks is not in its record. What does Defender for Cloud show under Environment settings?",
                "サブスクリプション `{name}` のプランに不足している設定は、レコードから分かりません。Defender for Cloud の [環境設定] を確認してください。"
            );
            draft.ask(
                &tasks,
                question,
                vec![format!("`az security pricing show --subscription {name} -n VirtualMachines`")],
            );
            continue;
        }
        let title = match upgrades {
            true => say!(
                lang,
                "Switch on Defender for Servers, plan 2, in `{name}`",
                "サブスクリプション `{name}` で Defender for Servers プラン 2 を有効にする"
            ),
            false => say!(
                lang,
                "Switch on parts of Defender for Servers in `{name}`",
                "サブスクリプション `{name}` で Defender for Servers の機能を有効にする"
            ),
        };
        let says = match upgrades {
            true => say!(
                lang,
                "set the plan of the subscription to Standard, P2",
                "サブスクリプションのプランを Standard、P2 に変更します"
            ),
            false => say!(lang, "switch on {}", "{} を有効にします", parts.join(", ")),
        };
        let mut notes = Vec::new();
        if upgrades {
            notes.push(say!(
                lang,
                "undoing it stops the cost, and brings back nothing that was paid",
                "元に戻すと以後の課金は止まりますが、支払い済みの料金は返金されません"
            ));
            notes.push(say!(
                lang,
                "with the plan Defender for Cloud puts Defender for Endpoint on VMs by itself",
                "プランを有効にすると、Defender for Cloud が VM に Microsoft Defender for Endpoint を自動で展開します"
            ));
        }
        if parts.contains(&"FileIntegrityMonitoring") {
            notes.push(say!(
                lang,
                "file integrity monitoring needs a Log Analytics workspace, which the plan asks for in the portal",
                "ファイルの整合性の監視には Log Analytics ワークスペースが必要です (ポータルで指定します)"
            ));
        }
        let cost = upgrades.then(|| cost(draft, &subscription));
        draft.fix(
            &tasks,
            Make {
                kind: "defender-plan",
                title,
                steps: vec![edits(says, &id, PRICINGS, changes, true)],
                effects: Effects { cost, ..Effects::default() },
                notes,
            },
        );
    }
}

/// Defender for Endpoint: the plan and its integration put it on machines; an extension that somebody makes by hand is not
/// onboarded.
pub(super) fn endpoint(draft: &mut Draft<'_, '_>, tasks: &[Task<'_>]) {
    let estate = draft.estate();
    let windows = |task: &Task<'_>| {
        let vm = estate.vm(task.finding.resource);
        vm.is_some_and(|vm| vm.os == Some(Known::Value(OsFamily::Windows)))
    };
    let mut wanted = pick(tasks, &["MAL004", "MAL001"]);
    // Machines with Windows get Microsoft Antimalware, see `machine::malware`.
    wanted.retain(|task| task.code != "MAL001" || !windows(task));
    for (subscription, tasks) in grouped(&wanted, |task| subscription(draft, task)) {
        let lang = draft.lang();
        let name = resource_subscription(&subscription).unwrap_or_default().to_owned();
        let setting = format!("{subscription}/providers/Microsoft.Security/settings/WDATP");
        let integration = draft.record_of(&setting);
        let on = integration.as_ref().and_then(|record| flag(record, "properties/enabled"));
        let plan = servers(draft, &subscription);
        let (Some((id, plan)), Some(integration), Some(on)) = (plan, integration, on) else {
            let question = say!(
                lang,
                "Defender for Endpoint comes with Defender for Servers and its integration, and the input does not tell of both for `{name}`. Are they to be on?",
                "Microsoft Defender for Endpoint は Defender for Servers とその統合機能によって展開されます。サブスクリプション `{name}` の両方の設定は入力から分かりません。有効にしますか?"
            );
            let answers = vec![say!(
                lang,
                "yes: `az security pricing create --subscription {name} -n VirtualMachines --tier standard --subplan P2`, then `az security setting update --subscription {name} -n WDATP --data-export-settings enabled=true`",
                "有効にする場合: `az security pricing create --subscription {name} -n VirtualMachines --tier standard --subplan P2` の後に `az security setting update --subscription {name} -n WDATP --data-export-settings enabled=true` を実行してください"
            )];
            draft.ask(&tasks, question, answers);
            continue;
        };
        let tier = text(&plan, "properties/pricingTier").unwrap_or_default();
        let paid = tier.eq_ignore_ascii_case("Standard");
        if paid && on {
            let question = say!(
                lang,
                "Defender for Endpoint is on for the subscription `{name}`, and these VMs do not have it: are they new, of a system that it is not for, or kept from it?",
                "サブスクリプション `{name}` では Microsoft Defender for Endpoint が有効ですが、これらの VM には展開されていません。新しい VM、対応していない OS、除外対象のいずれかですか?"
            );
            let answers = vec![say!(
                lang,
                "new ones get it within a day; for others see the recommendation in Defender for Cloud, and the log of MDE.Windows or MDE.Linux",
                "新しい VM には 1 日以内に展開されます。それ以外は、Defender for Cloud の推奨事項と MDE.Windows または MDE.Linux のログを確認してください"
            )];
            draft.ask(&tasks, question, answers);
            continue;
        }
        let mut steps: Vec<Step> =
            if paid { Vec::new() } else { step(draft, &id, &plan).into_iter().collect() };
        if !on {
            let says = say!(
                lang,
                "let Defender for Cloud put Defender for Endpoint on VMs",
                "Microsoft Defender for Endpoint の統合を有効にします"
            );
            // The interface takes the setting whole.
            let changes = vec![edit(&integration, "properties/enabled", true)];
            steps.push(edits(says, &setting, SECURITY_SETTINGS, changes, true));
        }
        let effects = Effects { cost: (!paid).then(|| cost(draft, &subscription)), ..Effects::default() };
        let notes = vec![
            say!(
                lang,
                "Defender for Cloud puts MDE.Windows or MDE.Linux on each VM by itself, which takes up to a day: put no such extension there by hand",
                "MDE.Windows または MDE.Linux は Defender for Cloud が各 VM に自動で展開します (最長 1 日)。手動では追加しないでください"
            ),
            say!(
                lang,
                "undoing it leaves VMs onboarded: they are offboarded in Defender for Endpoint itself",
                "元に戻しても、VM は Defender for Endpoint にオンボードされたままです。解除は Defender for Endpoint 側で行います"
            ),
        ];
        let title = say!(
            lang,
            "Have Defender for Endpoint put on the VMs of `{name}`",
            "サブスクリプション `{name}` の VM に Microsoft Defender for Endpoint を展開する"
        );
        draft.fix(&tasks, Make { kind: "defender-for-endpoint", title, steps, effects, notes });
    }
}
