//! Local accounts still let people in past Entra ID.

use estate::{Feed, Known, OsFamily};
use signin::{Tri, ready};

use super::admin_account::untold;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ENT004",
    slug: "local-sign-in-beside-entra",
    checkpoint: Checkpoint::Entra,
    severity: Severity::Medium,
    title: Text {
        en: "local accounts beside Entra ID", ja: "Entra ID と併存するローカル アカウント"
    },
    why: Text {
        en: "Who knows the local administrator's password or key gets in without MFA, conditional access and a name in the sign-in log. Everything that Entra ID demands is then a door beside an open gate.",
        ja: "ローカル管理者のパスワードや鍵を知っていれば、MFA も条件付きアクセスも経ずに、サインイン ログに名前を残さず入れます。Entra ID で何を要求しても、隣の門が開いたままです。",
    },
    fix: Text {
        en: "Linux: put `PasswordAuthentication no` into /etc/ssh/sshd_config.d/, take the local administrator's keys out of ~/.ssh/authorized_keys, and lock its password (`passwd -l`). Windows: disable the local administrator, or have Windows LAPS change its password after each use.",
        ja: "Linux: /etc/ssh/sshd_config.d/ に `PasswordAuthentication no` を設定し、ローカル管理者の ~/.ssh/authorized_keys から鍵を削除し、パスワードをロック (`passwd -l`) してください。Windows: ローカル管理者を無効にするか、Windows LAPS で使用のたびにパスワードを変更してください。",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Mcsb("IM-1"),
        Reference::Attack("T1078.003"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/devices/howto-manage-local-admin-passwords",
        ),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let os = context.os(view)?;
    let vm = view.vm;
    match ready(context.estate(), vm, context.scale_set_of(vm.id)).extension {
        Tri::No => return Ok(Verdict::NotFor),
        Tri::Yes => {}
        Tri::Maybe => {
            context.whole(Feed::Machines, view)?;
            return Err(vec![context.estate().partial(estate::Kind::Vm, vm.id)]);
        }
    }
    // Without a profile of accounts nothing tells which the machine has.
    if context.known(&vm.admin_username)?.is_none() && vm.password_disabled.is_none() {
        return Err(vec![untold(context, vm)]);
    }
    let keys = context.known(&vm.upkeep.ssh_keys)?.map_or(0, Vec::len);
    let (password, how) = match os {
        OsFamily::Windows => (true, say!(context.lang, "a password", "パスワード")),
        OsFamily::Linux => match &vm.password_disabled {
            Some(Known::Value(false)) => (true, say!(context.lang, "a password", "パスワード")),
            Some(Known::Value(true)) => (false, say!(context.lang, "an SSH key", "SSH 鍵")),
            Some(Known::Unknown(reason)) => return Err(vec![reason.as_ref().clone()]),
            None => return Err(vec![untold(context, vm)]),
        },
    };
    // A machine without passwords was made with a key, if its record names keys at all.
    if !password && keys == 0 {
        return Err(vec![untold(context, vm)]);
    }
    let machine = context.name(vm.id);
    let account = context.known(&vm.admin_username)?.map_or_else(String::new, |name| format!(" `{name}`"));
    let message = say!(
        context.lang,
        "`{machine}` lets people in with Entra ID, and was made with the local administrator{account}, who needs nothing but {how}",
        "`{machine}` は Entra ID でサインインできますが、{how}だけで入れるローカル管理者{account} を持つ構成で作成されています"
    );
    let severity = if password && os == OsFamily::Linux { Severity::Medium } else { Severity::Low };
    let pointer = match os {
        OsFamily::Windows => "/properties/osProfile/adminUsername",
        OsFamily::Linux => "/properties/osProfile/linuxConfiguration",
    };
    Fault::new(message)
        .fact("password", password.to_string())
        .fact("ssh_keys", keys.to_string())
        .severity(severity)
        .at(vm, pointer)
        .verdict()
}
