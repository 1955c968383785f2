//! Secrets stand in a configuration that every reader sees.

use estate::{Feed, Known, Origins, ResourceId, Secret};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD010",
    slug: "secret-in-configuration",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::High,
    title: Text { en: "a secret stands in the configuration", ja: "構成に書かれたシークレット" },
    why: Text {
        en: "Tags, user data, settings of extensions and the source of run commands are shown to everybody with the Reader role, and kept in templates, exports and logs. Whoever finds a password or key there takes the account that it belongs to, and no trace tells.",
        ja: "タグ、ユーザー データ、拡張機能の設定、実行コマンドのソースは、閲覧者ロールを持つ全員に表示され、テンプレートやエクスポート、ログにも残ります。そこにパスワードや鍵があれば、読んだ人は痕跡を残さずにそのアカウントを使えます。",
    },
    fix: Text {
        en: "Change the secret first: it counts as known. Keep the new one in Key Vault and let the VM read it with its managed identity; what an extension needs goes to `protectedSettings`, what a run command needs to `protectedParameters`.",
        ja: "まず、漏えいしたものとみなしてシークレットを変更してください。新しいシークレットは Key Vault に保管し、VM のマネージド ID で読み取ります。拡張機能に渡す値は `protectedSettings`、実行コマンドに渡す値は `protectedParameters` に指定してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-8"),
        Reference::Attack("T1552"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/extensions/custom-script-linux"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/user-data"),
    ],
    run: Run::Machine(run),
};

fn kind(secret: Secret) -> &'static str {
    match secret {
        Secret::Password => "password",
        Secret::Token => "token",
        Secret::PrivateKey => "private_key",
        Secret::ConnectionString => "connection_string",
        Secret::SignedAddress => "signed_address",
    }
}

/// A secret and its place, never its value.
struct Place<'e> {
    /// The extension or run command; none for the machine itself.
    record: Option<(ResourceId, &'e Origins)>,
    pointer: &'e str,
    secret: Secret,
}

type Found = estate::Field<Vec<(Box<str>, Secret)>>;

fn places<'e>(found: &'e Found, record: Option<(ResourceId, &'e Origins)>, places: &mut Vec<Place<'e>>) {
    if let Some(Known::Value(all)) = found {
        places.extend(all.iter().map(|(pointer, secret)| Place { record, pointer, secret: *secret }));
    }
}

/// The object that holds a value: reports show what a cause points at, and a secret is nothing to show.
fn around(pointer: &str) -> &str {
    let mut rest = pointer;
    while let Some((before, last)) = rest.rsplit_once('/') {
        rest = before;
        if !last.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
    }
    rest
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let vm = view.vm;
    let mut all = Vec::new();
    places(&vm.upkeep.secrets, None, &mut all);
    for extension in context.extensions(view) {
        places(&extension.secrets, Some((extension.id, &extension.origins)), &mut all);
    }
    for command in context.estate().around.run_commands.of(vm.id) {
        places(&command.secrets, Some((command.id, &command.origins)), &mut all);
        places(&command.parameters, Some((command.id, &command.origins)), &mut all);
    }
    let Some(first) = all.first() else {
        context.known(&vm.upkeep.secrets)?;
        for extension in context.extensions(view) {
            context.known(&extension.secrets)?;
        }
        for command in context.estate().around.run_commands.of(vm.id) {
            context.known(&command.secrets)?;
            context.known(&command.parameters)?;
        }
        // The model of a scale set holds its extensions; others have them in records of their own.
        if vm.profile == "/properties" {
            context.whole(Feed::Machines, view)?;
        }
        return Ok(Verdict::Pass);
    };
    let machine = context.name(vm.id);
    let message = match all.len() {
        1 => say!(
            context.lang,
            "a secret stands in the configuration of `{machine}`, which every reader sees",
            "`{machine}` の構成にシークレットが書かれており、閲覧者ロールを持つ全員が読み取れます"
        ),
        count => say!(
            context.lang,
            "{count} secrets stand in the configuration of `{machine}`, which every reader sees",
            "`{machine}` の構成に {count} 個のシークレットが書かれており、閲覧者ロールを持つ全員が読み取れます"
        ),
    };
    let mut fault = Fault::new(message);
    fault = match first.record {
        Some((id, origins)) => fault.at_record(id, origins, around(first.pointer)),
        None => fault.at(vm, around(first.pointer)),
    };
    for place in &all {
        let (kind, pointer) = (kind(place.secret), crate::remedy::one_line(place.pointer));
        let text = match place.record {
            Some((id, _)) => format!("{kind} in {} at {pointer}", context.name(id)),
            None => format!("{kind} at {pointer}"),
        };
        fault = fault.fact("secret", text);
    }
    fault.verdict()
}
