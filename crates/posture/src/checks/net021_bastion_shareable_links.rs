//! Links let people in who have no rights in Azure.

use estate::Bastion;

use super::bastions::sku;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET021",
    slug: "bastion-shareable-links",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Medium,
    title: Text { en: "a bastion hands out links", ja: "共有可能リンクが有効な Bastion" },
    why: Text {
        en: "A shareable link opens the login of a machine to whoever holds it: no sign-in to Azure, no role, no conditional access. It is passed on in mails and chats, and works until somebody takes it away.",
        ja: "共有可能リンクがあれば、Azure へのサインインもロールも条件付きアクセスもなしに、誰でも VM のログイン画面に到達できます。リンクはメールやチャットで広まり、誰かが削除するまで有効です。",
    },
    fix: Text {
        en: "Switch links off: `az network bastion update --ids <BASTION-ID> --enable-shareable-link false`; give people a role instead.",
        ja: "共有可能リンクを無効にし (`az network bastion update --ids <Bastion の ID> --enable-shareable-link false`)、利用者にはロールを割り当ててください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PA-7"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/bastion/shareable-link"),
    ],
    run: Run::Estate(Subject::Bastion, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for bastion in &context.estate().around.bastions {
        sink.take(context, &CHECK, bastion.id, judge(context, bastion));
    }
}

fn judge(context: &Context<'_>, bastion: &Bastion) -> Judged {
    match context.known(&bastion.shareable_links)? {
        Some(true) => {}
        Some(false) => return Ok(Verdict::Pass),
        // Absent means off, in a record that tells the rest.
        // https://learn.microsoft.com/rest/api/virtualnetwork/bastion-hosts/get#bastionhost
        None => return sku(context, bastion).map(|_| Verdict::Pass),
    }
    let name = context.name(bastion.id);
    let message = say!(
        context.lang,
        "the bastion `{name}` hands out links that let in people without rights in Azure",
        "Bastion `{name}` で、Azure の権限がなくても接続できる共有可能リンクが有効になっています"
    );
    Fault::new(message).at_record(bastion.id, &bastion.origins, "/properties/enableShareableLink").verdict()
}
