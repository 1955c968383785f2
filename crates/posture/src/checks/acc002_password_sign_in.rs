//! A Linux VM was made with password sign-in over SSH.

use estate::{Known, OsFamily};

use super::admin_account::untold;
use super::guest_results::{About, Looked, looked, with_rules};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::{Cause, Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ACC002",
    slug: "password-sign-in",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::High,
    title: Text {
        en: "Linux accepts passwords over SSH", ja: "SSH のパスワード認証が有効な Linux"
    },
    why: Text {
        en: "A password can be guessed, reused and shared; a key cannot. Where SSH takes passwords, every attempt of every scanner counts. What Azure records is how the VM was made: the machine's own sshd_config may say otherwise now.",
        ja: "パスワードは推測されたり、使い回されたり、共有されたりしますが、鍵ではそれが起こりません。SSH がパスワードを受け付ける限り、スキャナーの試行がそのまま脅威になります。なお Azure に記録されているのは作成時の設定であり、現在の sshd_config とは異なる場合があります。",
    },
    fix: Text {
        en: "Put a key in, try it, then set `PasswordAuthentication no` in /etc/ssh/sshd_config.d/ and reload sshd. Better still: sign in with Entra ID (the AADSSHLoginForLinux extension).",
        ja: "公開鍵を登録して接続を確認したうえで、/etc/ssh/sshd_config.d/ に `PasswordAuthentication no` を設定し、sshd を再読み込みしてください。Entra ID でのサインイン (AADSSHLoginForLinux 拡張機能) をお勧めします。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Defender("22441184-2f7b-d4a0-e00b-4c5eaef4afc9"),
        Reference::Policy("630c64f9-8b6b-4c64-b511-6544ceff6fd6"),
        Reference::Attack("T1110.001"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/linux/create-ssh-keys-detailed"),
    ],
    run: Run::Vm(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let partial = || vec![context.estate().partial(estate::Kind::Vm, vm.id)];
    if !vm.described {
        return sink.unknown(&CHECK, vm.id, vec![context.estate().missing(estate::Kind::Vm, vm.id)]);
    }
    match &vm.os {
        Some(Known::Value(OsFamily::Windows)) => return,
        Some(Known::Value(OsFamily::Linux)) => {}
        Some(Known::Unknown(reason)) => return sink.unknown(&CHECK, vm.id, vec![reason.as_ref().clone()]),
        None => return sink.unknown(&CHECK, vm.id, partial()),
    }
    // What is so now counts before how the machine was made.
    let Looked { failed, kept, .. } = looked(context, view, About::SshPasswords);
    if !failed.is_empty() {
        let machine = context.name(vm.id);
        let message = say!(
            context.lang,
            "`{machine}` takes passwords over SSH",
            "`{machine}` は SSH のパスワード認証を受け付けています"
        );
        return sink.take(context, &CHECK, vm.id, with_rules(Fault::new(message), &failed).verdict());
    }
    if !kept.is_empty() {
        return sink.pass(context, &CHECK, vm.id);
    }
    match &vm.password_disabled {
        Some(Known::Value(true)) => sink.pass(context, &CHECK, vm.id),
        Some(Known::Unknown(reason)) => sink.unknown(&CHECK, vm.id, vec![reason.as_ref().clone()]),
        None => sink.unknown(&CHECK, vm.id, vec![untold(context, vm)]),
        Some(Known::Value(false)) => {
            let lang = context.lang;
            let machine = context.name(vm.id);
            let pointer =
                format!("{}/osProfile/linuxConfiguration/disablePasswordAuthentication", vm.profile);
            sink.fail(Finding {
                check: &CHECK,
                status: Status::Fail,
                severity: CHECK.severity,
                resource: vm.id,
                message: say!(
                    lang,
                    "`{machine}` was made with password sign-in over SSH",
                    "`{machine}` は SSH のパスワード認証が有効な状態で作成されています"
                ),
                cause: Some(Cause::field(vm.id, vm.origins.first(), &pointer)),
                evidence: Vec::new(),
                facts: vec![("disable_password_authentication", "false".to_owned())],
                fix: CHECK.fix.of(lang).into(),
            });
        }
    }
}
