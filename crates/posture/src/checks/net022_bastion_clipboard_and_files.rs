//! Text and files pass through a bastion.

use estate::Bastion;

use super::bastions::sku;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET022",
    slug: "bastion-clipboard-and-files",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Low,
    title: Text {
        en: "a bastion carries the clipboard or files",
        ja: "クリップボードやファイルの転送を許可している Bastion",
    },
    why: Text {
        en: "What can be copied out of a session leaves the company by the laptop it is copied to; what can be copied in brings tools along. Copy and paste is on unless somebody switches it off.",
        ja: "セッションからコピーできる情報は、手元の PC を経由して社外に持ち出せます。逆に、攻撃ツールを持ち込むこともできます。コピーと貼り付けは、無効にしない限り許可されています。",
    },
    fix: Text {
        en: "Switch both off where people do not need them: `az network bastion update --ids <BASTION-ID> --disable-copy-paste true --enable-file-copy false`. Copy and paste can be switched off on the Standard and Premium SKU.",
        ja: "業務に必要なければ両方とも無効にしてください: `az network bastion update --ids <Bastion の ID> --disable-copy-paste true --enable-file-copy false`。コピーと貼り付けを無効にできるのは Standard と Premium の SKU です。",
    },
    feed: None,
    refs: &[
        Reference::Attack("T1048"),
        Reference::Page("https://learn.microsoft.com/azure/bastion/configuration-settings"),
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
    // Absent: copy and paste is allowed, files are not.
    // https://learn.microsoft.com/rest/api/virtualnetwork/bastion-hosts/get#bastionhost
    let paste = context.known(&bastion.no_copy_paste)? != Some(&true);
    let files = context.known(&bastion.file_copy)? == Some(&true);
    let name = context.name(bastion.id);
    let (en, ja) = match (paste, files) {
        (false, false) => return Ok(Verdict::Pass),
        (true, false) => ("the clipboard", "クリップボードの転送"),
        (false, true) => ("files", "ファイルの転送"),
        (true, true) => ("the clipboard and files", "クリップボードとファイルの転送"),
    };
    let message = say!(
        context.lang,
        "the bastion `{name}` carries {en} in and out",
        "Bastion `{name}` で{ja}が許可されています"
    );
    let pointer = if paste { "/properties/disableCopyPaste" } else { "/properties/enableFileCopy" };
    let word = |allowed: bool| if allowed { "allowed" } else { "off" };
    Fault::new(message)
        .fact("copy_paste", word(paste))
        .fact("file_copy", word(files))
        .fact("sku", sku)
        .at_record(bastion.id, &bastion.origins, pointer)
        .verdict()
}
