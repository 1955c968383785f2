//! One name is the administrator of many machines.

use super::admin_account::admin_name;
use super::shared::{by_what, sample};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "ACC004",
    slug: "shared-admin-name",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::Low,
    title: Text {
        en: "one name is the administrator of several VMs",
        ja: "複数の仮想マシンで共通の管理者名",
    },
    why: Text {
        en: "Whoever learns the name from one VM has it for all of them: half of every sign-in is known. With one name there is often one password, and one VM taken is all of them taken.",
        ja: "1 台から名前が漏れると、すべての仮想マシンでサインイン情報の半分が知られたことになります。名前が共通だとパスワードも共通であることが多く、1 台の侵害が全台に広がります。",
    },
    fix: Text {
        en: "Give each VM an administrator of its own, with a name that nobody can work out, or sign in with Entra ID, where people have accounts and VMs need none: `az vm user update --ids <VM-ID> --username <NAME> --ssh-key-value <PUBLIC-KEY-FILE>`.",
        ja: "仮想マシンごとに推測できない名前の管理者を用意するか、Entra ID でのサインインに切り替えて仮想マシンごとのアカウントをなくしてください: `az vm user update --ids <VM-ID> --username <名前> --ssh-key-value <公開鍵ファイル>`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1078.003"),
        Reference::Page("https://learn.microsoft.com/cli/azure/vm/user"),
    ],
    run: Run::Estate(Subject::Machine, run),
};

/// Two may be a pair that is made alike: from the third machine on a name is a habit.
const SEVERAL: usize = 3;

fn run(context: &Context<'_>, sink: &mut Sink) {
    // Windows does not tell cases of letters apart, and attackers try each name as it is.
    let names = by_what(context, &CHECK, sink, |vm| Ok(vec![admin_name(context, vm)?.to_lowercase()]));
    for holders in names.into_values() {
        if holders.count() < SEVERAL || !holders.are_apart() {
            for vm in holders.sorted(context) {
                sink.pass(context, &CHECK, vm.id);
            }
            continue;
        }
        let machines = holders.sorted(context);
        let Some(first) = machines.first() else { continue };
        let lang = context.lang;
        let count = machines.len();
        let name = one_line(admin_name(context, first).unwrap_or_default());
        let some = sample(context, &machines);
        let shown = listed(&some.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>(), lang);
        let message = say!(
            lang,
            "`{name}` is the administrator of {count} VMs: {shown}{}",
            "`{name}` が {count} 台の仮想マシンの管理者名になっています: {shown}{}",
            if count > 3 { " …" } else { "" }
        );
        let fault = Fault::new(message)
            .at(first, "/properties/osProfile/adminUsername")
            .fact("admin_username", name)
            .fact("machines", count.to_string());
        let fault = some.into_iter().fold(fault, |fault, name| fault.fact("sample", name));
        sink.take(context, &CHECK, first.id, fault.verdict());
    }
}
