//! Boot diagnostics: what the screen shows when a machine does not start.

use super::Machine;
use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, pick};
use crate::versions::COMPUTE;

pub(super) fn plan(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["HRD009"]);
    if tasks.is_empty() {
        return;
    }
    let (lang, name) = (draft.lang(), &machine.name);
    let title = say!(lang, "Switch on boot diagnostics of `{name}`", "`{name}` のブート診断を有効にする");
    let edit = edit(&machine.record, "properties/diagnosticsProfile/bootDiagnostics/enabled", true);
    let says = say!(
        lang,
        "switch on boot diagnostics, with storage that Azure manages",
        "マネージド ストレージ アカウントでブート診断を有効にします"
    );
    draft.fix(
        &tasks,
        Make {
            kind: "boot-diagnostics",
            title,
            steps: vec![edits(says, machine.id, COMPUTE, vec![edit], false)],
            effects: Effects::default(),
            notes: Vec::new(),
        },
    );
}
