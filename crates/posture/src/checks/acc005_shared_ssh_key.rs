//! One SSH key opens several machines.

use std::collections::BTreeSet;

use estate::{Known, OsFamily, Reason, ResourceId, Vm};

use super::admin_account::untold;
use super::shared::{by_what, sample};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "ACC005",
    slug: "shared-ssh-key",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::Medium,
    title: Text { en: "one SSH key opens several VMs", ja: "複数の仮想マシンで共通の SSH 鍵" },
    why: Text {
        en: "Whoever holds the private key, or steals it from one laptop or pipeline, is the administrator of all these VMs at once. Nobody can tell from a log which person came in, and taking the key back means going to each VM.",
        ja: "秘密鍵を持つ人、または 1 台の PC やパイプラインから秘密鍵を盗んだ攻撃者は、これらすべての仮想マシンの管理者になれます。ログからは誰が接続したのか区別できず、鍵を無効にするには 1 台ずつ作業することになります。",
    },
    fix: Text {
        en: "Give each person a key of their own, on the VMs that they need alone: `az vm user update --ids <VM-ID> --username <NAME> --ssh-key-value <PUBLIC-KEY-FILE>`, then take the shared one out of ~/.ssh/authorized_keys. Better still: sign in with Entra ID (the AADSSHLoginForLinux extension), where certificates last for minutes.",
        ja: "利用者ごとに別の鍵を、必要な仮想マシンにだけ登録し (`az vm user update --ids <VM-ID> --username <名前> --ssh-key-value <公開鍵ファイル>`)、共通の鍵を ~/.ssh/authorized_keys から削除してください。短時間だけ有効な証明書を使う Entra ID でのサインイン (AADSSHLoginForLinux 拡張機能) をお勧めします。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1552.004"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/linux/create-ssh-keys-detailed"),
    ],
    run: Run::Estate(Subject::Machine, run),
};

const KEYS: &str = "/osProfile/linuxConfiguration/ssh/publicKeys";

/// Fingerprints of the keys that a machine was made with.
fn keys(context: &Context<'_>, vm: &Vm) -> Result<Vec<String>, Vec<Reason>> {
    if !vm.described {
        return Err(vec![context.estate().missing(estate::Kind::Vm, vm.id)]);
    }
    if vm.os == Some(Known::Value(OsFamily::Windows)) {
        return Ok(Vec::new());
    }
    match &vm.upkeep.ssh_keys {
        Some(Known::Unknown(reason)) => Err(vec![reason.as_ref().clone()]),
        Some(Known::Value(keys)) if !keys.is_empty() => Ok(keys.iter().map(|key| key.to_string()).collect()),
        // Without passwords a machine has a key; with them the record of one without keys leaves them out:
        // https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#linuxconfiguration
        _ if vm.password_disabled == Some(Known::Value(false)) => Ok(Vec::new()),
        _ => Err(vec![untold(context, vm)]),
    }
}

fn run(context: &Context<'_>, sink: &mut Sink) {
    let keys = by_what(context, &CHECK, sink, |vm| keys(context, vm));
    let (mut alone, mut sharing): (BTreeSet<ResourceId>, BTreeSet<ResourceId>) = Default::default();
    for (key, holders) in keys {
        let shared = holders.are_apart();
        let machines = holders.sorted(context);
        let set = if shared { &mut sharing } else { &mut alone };
        set.extend(machines.iter().map(|vm| vm.id));
        let Some(first) = machines.first().filter(|_| shared) else { continue };
        let lang = context.lang;
        let count = machines.len();
        let some = sample(context, &machines);
        let shown = listed(&some.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>(), lang);
        let message = say!(
            lang,
            "the SSH key `{key}` opens {count} VMs: {shown}{}",
            "SSH 鍵 `{key}` で {count} 台の仮想マシンに接続できます: {shown}{}",
            if count > 3 { " …" } else { "" }
        );
        let pointer = format!("{}{KEYS}", first.profile);
        // One machine may be the first of several keys.
        let name = format!("{pointer}/{key}").into();
        let cause = Cause { key: name, ..Cause::field(first.id, first.origins.first(), &pointer) };
        let fault =
            Fault::new(message).because(cause).fact("fingerprint", key).fact("machines", count.to_string());
        let fault = some.into_iter().fold(fault, |fault, name| fault.fact("sample", name));
        sink.take(context, &CHECK, first.id, fault.verdict());
    }
    for machine in alone.difference(&sharing) {
        sink.pass(context, &CHECK, *machine);
    }
}
