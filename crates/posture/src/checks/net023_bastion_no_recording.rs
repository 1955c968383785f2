//! Nobody can see later what somebody did over a bastion.

use estate::Bastion;

use super::bastions::sku;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET023",
    slug: "bastion-no-recording",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Low,
    title: Text {
        en: "sessions over a bastion are not recorded", ja: "セッションが記録されない Bastion"
    },
    why: Text {
        en: "With a shared account or a stolen one, the log of the machine tells little. A recording shows who did what, and that it is made keeps people careful.",
        ja: "共有アカウントや盗まれたアカウントでは、VM のログだけでは何が起きたのかほとんど分かりません。セッションを記録しておけば、誰が何をしたのかを確認でき、不正の抑止にもなります。",
    },
    fix: Text {
        en: "Record sessions: `az network bastion update --ids <BASTION-ID> --sku name=Premium --enable-session-recording true`, then give it a container to write to. The Premium SKU alone can.",
        ja: "セッションの記録を有効にし (`az network bastion update --ids <Bastion の ID> --sku name=Premium --enable-session-recording true`)、保存先のコンテナーを設定してください。利用できるのは Premium SKU だけです。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("LT-3"),
        Reference::Page("https://learn.microsoft.com/azure/bastion/session-recording"),
    ],
    run: Run::Estate(Subject::Bastion, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for bastion in &context.estate().around.bastions {
        sink.take(context, &CHECK, bastion.id, judge(context, bastion));
    }
}

fn judge(context: &Context<'_>, bastion: &Bastion) -> Judged {
    let sku = sku(context, bastion)?;
    // Absent means off.
    // https://learn.microsoft.com/rest/api/virtualnetwork/bastion-hosts/get#bastionhost
    if context.known(&bastion.recording)? == Some(&true) {
        return Ok(Verdict::Pass);
    }
    let name = context.name(bastion.id);
    let message = match sku.eq_ignore_ascii_case("Premium") {
        true => say!(
            context.lang,
            "the bastion `{name}` records no sessions",
            "Bastion `{name}` でセッションの記録が有効になっていません"
        ),
        false => say!(
            context.lang,
            "the bastion `{name}` records no sessions: its SKU, {sku}, cannot",
            "Bastion `{name}` はセッションを記録していません ({sku} SKU では利用できません)"
        ),
    };
    Fault::new(message)
        .fact("sku", sku)
        .at_record(bastion.id, &bastion.origins, "/properties/enableSessionRecording")
        .verdict()
}
