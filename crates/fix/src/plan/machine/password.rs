//! Passwords over SSH. Azure does not change `disablePasswordAuthentication` of a machine that exists, so a script in the guest
//! does it, or the machine is made anew.
//!
//! Source: <https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#linuxconfiguration>

use serde_json::json;

use super::Machine;
use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, pick};

/// Where the change stands in the guest. OpenSSH takes the first value that it reads, and files in the order of their names.
const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-sekimori.conf";

/// What is run in the guest: nothing is changed unless the administrator of the VM, or where no name is known somebody, can get
/// in with a key, and what sshd does not take is taken back. Why it gave up is in the last line: the end of what says that
/// nothing was changed is read by whoever follows the operation.
fn script(administrator: Option<&str>) -> Vec<String> {
    let keys = "'^[^#]*(ssh-(rsa|ed25519)|ecdsa-sha2-|sk-(ssh|ecdsa))'";
    let mut lines = vec!["set -eu".to_owned(), "found=no".to_owned()];
    match administrator {
        Some(name) => lines.extend([
            format!("user={}", quoted(name)),
            "home=$(getent passwd -- \"$user\" | cut -d: -f6)".to_owned(),
            format!(
                "if [ -n \"$home\" ] && grep -Eqs {keys} \"$home/.ssh/authorized_keys\"; then found=yes; fi"
            ),
        ]),
        None => lines.extend([
            "for file in /home/*/.ssh/authorized_keys; do".to_owned(),
            format!("  if grep -Eqs {keys} \"$file\"; then found=yes; fi"),
            "done".to_owned(),
        ]),
    }
    lines.extend([
        "if grep -qs aad_certhandler /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*; then found=yes; fi".to_owned(),
        "if [ \"$found\" = no ]; then echo 'sekimori: no authorised key, nothing was changed' >&2; exit 1; fi"
            .to_owned(),
        "if ! grep -Eqi '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config.d/' /etc/ssh/sshd_config; then \
         echo 'sekimori: sshd does not read /etc/ssh/sshd_config.d, nothing was changed' >&2; exit 1; fi"
            .to_owned(),
        format!("umask 077; printf '%s\\n' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no' > {DROP_IN}"),
        format!(
            "if ! sshd -t || ! sshd -T | grep -qi '^passwordauthentication no'; then rm -f {DROP_IN}; \
             echo 'sekimori: sshd does not take it, nothing was changed' >&2; exit 1; fi"
        ),
        "systemctl reload ssh 2>/dev/null || systemctl reload sshd".to_owned(),
    ]);
    lines
}

/// Text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

pub(super) fn plan(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["ACC002"]);
    if tasks.is_empty() {
        return;
    }
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let anew = say!(
        lang,
        "make the VM anew, with keys alone: `sekimori export {id} --hardened`",
        "SSH キーだけを使用する VM として作り直す場合: `sekimori export {id} --hardened`"
    );
    if machine.runs() == Some(false) || machine.has_no_agent() {
        let question = say!(
            lang,
            "Azure cannot switch off passwords of `{name}` from outside: a script in the guest can, while it runs and has an agent. Which way is it to be?",
            "`{name}` のパスワード認証は Azure から無効にできません。VM が実行中でエージェントがある場合は、ゲスト内のスクリプトで無効にできます。どの方法にしますか?"
        );
        let start = say!(
            lang,
            "start it, see to the agent, and plan again: `az vm start --ids {id}`",
            "起動してエージェントを確認し、計画し直してください: `az vm start --ids {id}`"
        );
        return draft.ask(&tasks, question, vec![start, anew]);
    }
    let undo = format!("rm -f {DROP_IN} && (systemctl reload ssh || systemctl reload sshd)");
    let way_back = say!(
        lang,
        "the way back: `az vm run-command invoke --ids {id} --command-id RunShellScript --scripts '{undo}'`",
        "元に戻すには次を実行します: `az vm run-command invoke --ids {id} --command-id RunShellScript --scripts '{undo}'`"
    );
    // Whoever has no key is locked out, and no record of Azure tells who that is.
    if !draft.planner.options.passwords_off {
        let question = say!(
            lang,
            "`{name}` takes passwords over SSH: does everybody who signs in to it have a key? A script in the guest would write `PasswordAuthentication no` to `{DROP_IN}` and reload sshd; people without a key cannot sign in any more",
            "`{name}` は SSH のパスワード認証を受け付けます。サインインする全員が SSH キーを持っていますか? ゲスト内のスクリプトで `{DROP_IN}` に `PasswordAuthentication no` を書き込み、sshd を再読み込みします。SSH キーを持たないユーザーはサインインできなくなります"
        );
        let answer = say!(
            lang,
            "`--passwords-off`: everybody has a key, run the script; {way_back}",
            "`--passwords-off`: 全員が SSH キーを持っているので、スクリプトを実行します。{way_back}"
        );
        return draft.ask(&tasks, question, vec![answer, anew]);
    }
    let administrator = machine.vm.admin_username.as_ref().and_then(|name| name.value());
    let administrator = administrator.filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
    let script = script(administrator.map(|name| &**name));
    let body = json!({"commandId": "RunShellScript", "script": script});
    let says = say!(
        lang,
        "run a script in `{name}` that switches off passwords over SSH",
        "`{name}` で SSH のパスワード認証を無効にするスクリプトを実行します"
    );
    let steps = vec![machine.run(says, "runCommand", Some(body), None)];
    let text = script.join("\n");
    let notes = vec![
        say!(lang, "the script:\n{text}", "実行するスクリプト:\n{text}"),
        say!(
            lang,
            "it changes nothing where the administrator has no authorised key, or where sshd does not read `/etc/ssh/sshd_config.d`: what it writes tells",
            "管理者の SSH キーが登録されていない場合や、sshd が `/etc/ssh/sshd_config.d` を読み込まない場合は、何も変更しません。その場合は出力で分かります"
        ),
        way_back,
        say!(
            lang,
            "the record of the VM keeps how it was made: the finding goes away once machine configuration (`LinuxNoPasswordForSSH`) has looked at the VM, or when it is made anew",
            "VM のレコードには作成時の設定が残ります。検出結果は、マシン構成 (`LinuxNoPasswordForSSH`) による評価の後、または VM を作り直した後に解消されます"
        ),
        anew,
    ];
    let title = say!(
        lang,
        "Switch off passwords over SSH on `{name}`",
        "`{name}` で SSH のパスワード認証を無効にする"
    );
    let effects = Effects {
        downtime: Some(say!(
            lang,
            "none for sessions that are there; people without a key cannot sign in any more",
            "接続中のセッションには影響しません。SSH キーを持たないユーザーはサインインできなくなります"
        )),
        ..Effects::default()
    };
    draft.fix(&tasks, Make { kind: "ssh-passwords", title, steps, effects, notes });
}
