//! Guest attestation: somebody looks at what the chip says of how a machine started.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-machines/boot-integrity-monitoring-overview>

use super::{Machine, Wanted, identity};
use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, fact, pick};

const HANDLER: &str = "GuestAttestation";

pub(super) fn plan(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["HRD004"]);
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let Some(first) = tasks.first() else { return };
    if fact(first.finding, "attestation").is_some() {
        let question = say!(
            lang,
            "`{name}` did not start as it should: is that an update of its boot loader, or somebody else's work?",
            "`{name}` は正常に起動していません。ブート ローダーの更新によるものですか? それとも改ざんの可能性がありますか?"
        );
        let answers = vec![say!(
            lang,
            "look at the alert in Defender for Cloud and at the log of the boot; where in doubt, make the VM anew: `sekimori export {id} --hardened`",
            "Defender for Cloud のアラートと起動ログを確認してください。疑わしい場合は VM を作り直してください: `sekimori export {id} --hardened`"
        )];
        return draft.ask(&tasks, question, answers);
    }
    if machine.has_no_agent() {
        return machine.ask_for_agent(draft, &tasks);
    }
    let publisher = match machine.is_windows() {
        true => "Microsoft.Azure.Security.WindowsAttestation",
        false => "Microsoft.Azure.Security.LinuxAttestation",
    };
    let mut steps: Vec<_> = identity::step(draft, machine).into_iter().collect();
    let says = say!(lang, "put {HANDLER} on `{name}`", "`{name}` に拡張機能 {HANDLER} をインストールします");
    let wanted = Wanted { publisher, handler: HANDLER, version: "1.0", upgrades: true, settings: None };
    let Some(step) = machine.put_extension(draft, says, &wanted) else {
        return machine.ask_about_extension(draft, &tasks, HANDLER);
    };
    steps.push(step);
    let title =
        say!(lang, "Have the start of `{name}` attested", "`{name}` のブート整合性の監視を有効にする");
    let notes = vec![say!(
        lang,
        "what is attested shows in Defender for Cloud, some time after the extension is in place",
        "構成証明の結果は、拡張機能のインストール後しばらくすると Defender for Cloud に表示されます"
    )];
    draft.fix(&tasks, Make { kind: "guest-attestation", title, steps, effects: Effects::default(), notes });
}
