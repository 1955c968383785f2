//! A role of the team's own gives everything, or lets people sign in to machines by a wildcard.

use estate::{Feed, Known, Permission, RoleDefinition};
use signin::{GIVE_RIGHTS, fits};

use super::gets_in::{From, tell_other_rights};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA005",
    slug: "custom-administrator-role",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::Medium,
    title: Text {
        en: "a custom role with everything in it", ja: "すべてを許可するカスタム ロール"
    },
    why: Text {
        en: "A role with `*` is an owner under another name: nobody who counts owners finds it. A wildcard of data actions lets people sign in to VMs as administrators, which neither Owner nor Contributor does.",
        ja: "`*` を含むロールは名前を変えた所有者であり、所有者を数えても見つかりません。データ アクションのワイルドカードは、所有者や共同作成者にも許されない VM への管理者サインインまで許可します。",
    },
    fix: Text {
        en: "Name the actions that the work needs: `az role definition update --role-definition <FILE>`. For signing in to VMs use the two built-in roles.",
        ja: "業務に必要な操作だけを列挙してください: `az role definition update --role-definition <ファイル>`。VM へのサインインには組み込みの 2 つのロールを使用してください。",
    },
    feed: Some(Feed::Rights),
    refs: &[Reference::Mcsb("PA-7"), Reference::Policy("a451c1ef-c6ca-483d-87ed-f49761e3ffb5")],
    run: Run::Estate(Subject::Subscription, run),
};

const LOGIN: &str = "Microsoft.Compute/virtualMachines/loginAsAdmin/action";
const DELETE: &str = "Microsoft.Compute/virtualMachines/delete";

fn run(context: &Context<'_>, sink: &mut Sink) {
    tell_other_rights(context, &CHECK, sink, From::Roles);
    for role in &context.estate().around.role_definitions {
        if says(&role.kind, "CustomRole") {
            sink.take(context, &CHECK, role.id, judge(context, role));
        }
    }
}

fn judge(context: &Context<'_>, role: &RoleDefinition) -> Judged {
    let lang = context.lang;
    let name = role.title.as_ref().and_then(Known::value).map(|title| crate::remedy::one_line(title));
    let name = name.unwrap_or_else(|| context.name(role.id));
    let Some(all) = context.known(&role.permissions)? else {
        return Err(vec![super::subscriptions::partial(context, role.id)]);
    };
    let gives = |one: &Permission, action: &str| {
        one.actions.iter().any(|given| fits(given, action))
            && !one.not_actions.iter().any(|given| fits(given, action))
    };
    // A wildcard that is not taken back.
    let login = |one: &Permission| {
        one.data_actions.iter().any(|action| action.contains('*') && fits(action, LOGIN))
            && !one.not_data_actions.iter().any(|action| fits(action, LOGIN))
    };
    let rights = all.iter().any(|one| GIVE_RIGHTS.iter().any(|action| gives(one, action)));
    let (message, which) = if rights && all.iter().any(|one| gives(one, DELETE)) {
        let message = say!(
            lang,
            "the role `{name}` lets people do everything in Azure, and give any role",
            "ロール `{name}` は、ロールの割り当てを含む Azure のすべての操作を許可します"
        );
        (message, "actions")
    } else if rights {
        let message = say!(
            lang,
            "the role `{name}` lets people give any role",
            "ロール `{name}` は任意のロールの割り当てを許可します"
        );
        (message, "actions")
    } else if all.iter().any(login) {
        let message = say!(
            lang,
            "the role `{name}` lets people sign in to VMs as administrators, by a wildcard",
            "ロール `{name}` はワイルドカードにより VM への管理者サインインを許可します"
        );
        (message, "dataActions")
    } else {
        return Ok(Verdict::Pass);
    };
    Fault::new(message)
        .fact("wildcard_in", which)
        .at_record(role.id, &role.origins, "/properties/permissions")
        .verdict()
}
