//! A script that runs on a machine comes over the network without encryption.

use estate::{Feed, Inside, Known, Reason};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, is_one_of};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD014",
    slug: "script-in-clear",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text {
        en: "a script is loaded from where others can change it",
        ja: "他者が書き換えられる場所から取得されるスクリプト",
    },
    why: Text {
        en: "The custom script extension runs what it loads as root or SYSTEM. Over HTTP anybody on the way can change the script, and on a branch of GitHub's whoever may write to it; the VM runs what they wrote, again each time that the VM is made anew.",
        ja: "カスタム スクリプト拡張機能は、取得したスクリプトを root または SYSTEM の権限で実行します。HTTP では通信経路上の誰もが、GitHub のブランチではそこに書き込める誰もがスクリプトを書き換えられ、VM を作り直すたびにそのコードが実行されます。",
    },
    fix: Text {
        en: "Keep the script in a storage account, load it over `https://` with the managed identity of the VM, and change the extension: `az vm extension set --ids <VM-ID> --name CustomScript --publisher Microsoft.Azure.Extensions --settings <FILE>`.",
        ja: "スクリプトをストレージ アカウントに保存し、VM のマネージド ID を使って `https://` で取得するように拡張機能を変更してください: `az vm extension set --ids <VM-ID> --name CustomScript --publisher Microsoft.Azure.Extensions --settings <ファイル>`",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Attack("T1557"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/extensions/custom-script-linux"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-machines/extensions/custom-script-windows",
        ),
    ],
    run: Run::Machine(run),
};

/// Extensions that load scripts and run them.
///
/// Sources: the two pages above; version 1 for Linux: <https://github.com/Azure/azure-linux-extensions>.
const SCRIPTS: [(&str, &str); 3] = [
    ("Microsoft.Compute", "CustomScriptExtension"),
    ("Microsoft.Azure.Extensions", "CustomScript"),
    ("Microsoft.OSTCExtensions", "CustomScriptForLinux"),
];

fn starts(address: &str, start: &str) -> bool {
    address.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn in_clear(address: &str) -> bool {
    starts(address.trim(), "http://")
}

/// Whether an address names a branch or tag of GitHub's, which its owner moves as they like, not a commit.
fn is_moving(address: &str) -> bool {
    let address = address.trim();
    let host = ["https://raw.githubusercontent.com/", "http://raw.githubusercontent.com/"];
    let Some(start) = host.iter().find(|start| starts(address, start)) else { return false };
    let commit = address.get(start.len()..).and_then(|path| path.split('/').nth(2)).unwrap_or_default();
    !(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// An address without what stands behind `?`: a signature may, and it is a secret.
fn shown(address: &str) -> String {
    one_line(&estate::bare_address(address))
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let (mut first, mut addresses, mut hidden, mut any) = (None, Vec::new(), false, false);
    let (mut moved, mut moving) = (None, Vec::new());
    for extension in context.extensions(view).filter(|extension| is_one_of(extension, &SCRIPTS)) {
        any = true;
        let Some(Known::Value(scripts)) = &extension.scripts else {
            hidden = true;
            continue;
        };
        hidden |= scripts.is_empty();
        for (index, script) in scripts.iter().enumerate() {
            if in_clear(script) {
                first = first.or(Some((extension, index)));
                addresses.push(shown(script));
            }
            if is_moving(script) {
                moved = moved.or(Some((extension, index)));
                moving.push(shown(script));
            }
        }
    }
    let clear = first.is_some();
    let Some((extension, index)) = first.or(moved) else {
        context.extension(view, &[])?;
        // Addresses in protected settings are shown to nobody.
        return match any && hidden {
            true => Err(vec![Reason::InsideMachine { what: Inside::Settings }]),
            false => Ok(Verdict::Pass),
        };
    };
    let machine = context.name(view.vm.id);
    let message = match clear {
        true => say!(
            context.lang,
            "`{machine}` runs scripts that it loads over `http://`",
            "`{machine}` は `http://` で取得したスクリプトを実行します"
        ),
        false => say!(
            context.lang,
            "`{machine}` runs scripts of a branch or tag on GitHub, and not of one fixed version",
            "`{machine}` は GitHub のブランチやタグから取得した、内容が固定されていないスクリプトを実行します"
        ),
    };
    let pointer = format!("/properties/settings/fileUris/{index}");
    let mut fault = Fault::new(message).at_record(extension.id, &extension.origins, &pointer);
    if !clear {
        fault = fault.severity(Severity::Low);
    }
    for address in addresses {
        fault = fault.fact("in_clear", address);
    }
    for address in moving {
        fault = fault.fact("not_a_fixed_version", address);
    }
    fault.verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let commit = format!("https://raw.githubusercontent.com/o/r/{}/x.sh", "a".repeat(40));
        for (address, clear, moving) in [
            ("http://example.com/x.sh", true, false),
            ("HTTP://example.com/x.sh", true, false),
            ("https://example.com/http://x.sh", false, false),
            ("https://raw.githubusercontent.com/o/r/main/x.sh", false, true),
            (&*commit, false, false),
        ] {
            assert_eq!((in_clear(address), is_moving(address)), (clear, moving), "{address}");
        }
        assert_eq!(shown("http://a/b?sig=secret"), "http://a/b");
    }
}
