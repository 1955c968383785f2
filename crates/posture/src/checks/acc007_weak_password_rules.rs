//! A machine takes passwords that can be guessed, or accounts without any.

use estate::Feed;

use super::guest_results::{About, names, verdict};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::Judged;
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ACC007",
    slug: "weak-password-rules",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::Medium,
    title: Text { en: "a VM takes weak passwords", ja: "弱いパスワードを許可している VM" },
    why: Text {
        en: "A port that is open for an hour is enough to try the passwords that everybody uses. What the machine itself refuses, nobody can choose: short ones, old ones again, none at all.",
        ja: "ポートが 1 時間開いているだけで、よく使われるパスワードはすべて試されます。短いパスワード、使い回し、パスワードなしのアカウントは、VM 側の設定で禁止すれば誰も使えません。",
    },
    fix: Text {
        en: "Set the rules for passwords in the image or by a group policy (Windows: Account Policies; Linux: `/etc/security/pwquality.conf`, `/etc/shadow`), lock accounts without a password (`passwd -l <USER>`), and let people sign in with Entra ID instead.",
        ja: "イメージまたはグループ ポリシーでパスワードの規則を設定してください (Windows: アカウント ポリシー、Linux: `/etc/security/pwquality.conf`、`/etc/shadow`)。パスワードのないアカウントはロックし (`passwd -l <ユーザー>`)、サインインには Entra ID を使用してください。",
    },
    feed: Some(Feed::GuestConfiguration),
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Policy("a2d0e922-65d0-40c4-8f87-ea6da2d307a2"),
        Reference::Policy("bf16e0bb-31e1-4646-8202-60a235cc7e74"),
        Reference::Policy("ea53dbee-c6c9-4f0e-9f9e-de0039b78023"),
        Reference::Policy("f6ec09a3-78bf-4f8f-99dc-6c77182d0f99"),
        Reference::Attack("T1110"),
        Reference::Page("https://learn.microsoft.com/azure/governance/machine-configuration/"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    verdict(context, view, About::Passwords, |machine, failed| {
        let names = names(context, failed);
        say!(
            context.lang,
            "`{machine}` does not keep rules for passwords: {names}",
            "`{machine}` はパスワードの規則を満たしていません: {names}"
        )
    })
}
