//! What to do about an open port, as sentences and as commands of `az`.

use estate::{Kind, Known, resource_group, resource_subscription};

use crate::exposure::PortEvidence;
use crate::lang::say;
use crate::view::{Cause, Context};

/// A word that a shell takes as it is.
pub(crate) fn shell(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let word = one_line(word);
    let ours = word == "<SUBNET-ID>";
    if ours || !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A name from outside as a part of a line of ours: it must not start lines of its own.
pub(crate) fn one_line(name: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    name.chars().map(|c| if breaks(c) { '\u{fffd}' } else { c }).collect()
}

/// What to do about an open port.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// People log in through it: let in only them.
    Narrow,
    /// Programs offer something through it: close it unless it is meant to be public.
    Close,
}

/// `--subscription … --resource-group …` of a resource: commands must not go to whichever
/// subscription happens to be the default one.
pub(crate) fn scope(id: &str) -> String {
    let subscription = resource_subscription(id);
    let subscription = subscription.map(|id| format!("--subscription {} ", shell(id))).unwrap_or_default();
    format!("{subscription}--resource-group {}", shell(resource_group(id).unwrap_or_default()))
}

/// How many causes a remedy has commands for.
const REMEDIES: usize = 10;

/// The commands that narrow or remove what lets packets in: one for each rule, group and address
/// behind the evidence, and for `cause` where there is none.
pub(crate) fn remedy(
    context: &Context<'_>,
    evidence: &[PortEvidence],
    cause: Option<&Cause>,
    remedy: Remedy,
) -> String {
    let mut seen: Vec<&Cause> = Vec::new();
    let mut texts: Vec<(String, String, String)> = Vec::new();
    let of_evidence = evidence.iter().filter_map(|open| Some((open.cause.as_ref()?, Some(open))));
    for (cause, open) in of_evidence.chain(cause.map(|cause| (cause, None))) {
        if seen.len() == REMEDIES
            || seen.iter().any(|other| other.resource == cause.resource && other.key == cause.key)
        {
            continue;
        }
        seen.push(cause);
        let (mut what, mut command, mut close) = one_remedy(context, open, cause, remedy);
        if context.estate().coverage.deploys(cause.origin.source) && !command.is_empty() {
            // Nothing is there yet that a command could change.
            what = say!(
                context.lang,
                "{what}: in the template, where the position points",
                "{what} (テンプレートの表示位置を修正します)"
            );
            command.clear();
            close.clear();
        }
        // What is said of several rules is said once.
        let planned = context.estate().coverage.deploys(cause.origin.source);
        match texts.iter_mut().find(|(its, ..)| *its == what && (planned || !command.is_empty())) {
            Some((_, commands, closes)) => {
                *commands += &command;
                *closes += &close;
            }
            None => texts.push((what, command, close)),
        }
    }
    let lang = context.lang;
    let or = say!(lang, "or close it\n", "不要であれば閉じてください\n");
    let text: String = texts
        .into_iter()
        .map(|(what, command, close)| match close.is_empty() {
            true => format!("{what}\n{command}"),
            false => format!("{what}\n{command}{or}{close}"),
        })
        .collect();
    text.trim_end().to_owned()
}

/// What to do about one cause: in words, the commands for it, and those that close it altogether.
fn one_remedy(
    context: &Context<'_>,
    open: Option<&PortEvidence>,
    cause: &Cause,
    remedy: Remedy,
) -> (String, String, String) {
    let lang = context.lang;
    let estate = context.estate();
    let scope = scope(estate.text(cause.resource));
    let name = shell(&context.name(cause.resource));
    let none = String::new;
    if let Some(fix) = forwarder_remedy(context, open, cause) {
        return fix;
    }
    let Some(nsg) = estate.nsg(cause.resource) else {
        let subnet = open.and_then(|open| open.subnet).map_or("<SUBNET-ID>", |subnet| estate.text(subnet));
        let subnet = shell(subnet);
        let what = say!(
            lang,
            "no group guards this address: put one on its subnet",
            "このアドレスを守るネットワーク セキュリティ グループがありません。サブネットに関連付けてください"
        );
        let command =
            format!("  az network vnet subnet update --ids {subnet} --network-security-group <NSG>\n");
        return (what, command, none());
    };
    let own =
        matches!(&nsg.rules, Some(Known::Value(rules)) if rules.iter().any(|rule| rule.name == cause.key));
    if !own {
        let what = say!(
            lang,
            "one of Azure's default rules lets it in: deny it before, with a rule of `{name}`",
            "Azure の既定の規則で許可されています。`{name}` に、優先度がより高い拒否規則を追加してください"
        );
        return (what, none(), none());
    }
    let rule = shell(&cause.key);
    let close = format!("  az network nsg rule delete {scope} --nsg-name {name} --name {rule}\n");
    let approved = match context.settings.approved.is_empty() {
        true => say!(lang, "<YOUR-ADDRESS>", "<接続元アドレス>"),
        false => approved_prefixes(context),
    };
    match remedy {
        Remedy::Narrow => (
            say!(
                lang,
                "let in only the addresses that your people come from",
                "接続元のアドレスだけを許可してください"
            ),
            format!(
                "  az network nsg rule update {scope} --nsg-name {name} --name {rule} --source-address-prefixes {approved}\n"
            ),
            close,
        ),
        Remedy::Close => (
            say!(
                lang,
                "close it, unless it is meant for everybody",
                "すべての人に公開する必要がなければ閉じてください"
            ),
            close,
            none(),
        ),
    }
}

/// What to do about a rule of a load balancer or firewall, or a security admin rule.
fn forwarder_remedy(
    context: &Context<'_>,
    open: Option<&PortEvidence>,
    cause: &Cause,
) -> Option<(String, String, String)> {
    let (lang, estate) = (context.lang, context.estate());
    let id = estate.text(cause.resource);
    let (scope, name, rule) = (scope(id), shell(&context.name(cause.resource)), shell(&cause.key));
    let kind = estate.slot(cause.resource).map(|slot| slot.kind);
    if estate.admin_rules.iter().any(|admin| admin.id == cause.resource) {
        let what = say!(
            lang,
            "a security admin rule delivers it whatever the groups say: make it `Allow`, so that groups decide",
            "セキュリティ管理規則 (AlwaysAllow) により、NSG に関係なく通信が許可されます。`Allow` に変更して NSG で判定してください"
        );
        return Some((what, String::new(), String::new()));
    }
    match kind? {
        Kind::LoadBalancer => {
            let nat = open
                .and_then(|open| open.through.as_ref()?.place.as_ref())
                .is_none_or(|place| !place.pointer.starts_with("/properties/loadBalancingRules"));
            let noun = if nat { "inbound-nat-rule" } else { "rule" };
            let what = say!(
                lang,
                "no group guards what the load balancer forwards to: put one on the subnet, or stop forwarding",
                "ロード バランサーの転送先を守るネットワーク セキュリティ グループがありません。サブネットに関連付けるか、転送をやめてください"
            );
            let subnet =
                open.and_then(|open| open.subnet).map_or("<SUBNET-ID>", |subnet| estate.text(subnet));
            let command = format!(
                "  az network vnet subnet update --ids {} --network-security-group <NSG>
",
                shell(subnet)
            );
            let close = format!(
                "  az network lb {noun} delete {scope} --lb-name {name} --name {rule}
"
            );
            Some((what, command, close))
        }
        Kind::Firewall | Kind::RuleGroup => {
            let what = say!(
                lang,
                "a firewall translates it to the VM: let in only the addresses that your people come from, or remove the rule `{rule}`",
                "ファイアウォールの DNAT 規則 `{rule}` で VM に転送されています。接続元を限定するか、規則を削除してください"
            );
            let command = match kind? {
                Kind::Firewall => format!(
                    "  az network firewall nat-rule delete {scope} --firewall-name {name} --collection-name <COLLECTION> --name {rule}
"
                ),
                _ => {
                    let policy = id.rsplit('/').nth(2).unwrap_or_default();
                    format!(
                        "  az network firewall policy rule-collection-group collection rule remove {scope} --policy-name {} --rcg-name {name} --collection-name <COLLECTION> --name {rule}
",
                        shell(policy)
                    )
                }
            };
            Some((what, String::new(), command))
        }
        _ => None,
    }
}

/// The approved sources as arguments of a command.
fn approved_prefixes(context: &Context<'_>) -> String {
    let prefixes = context.settings.approved.iter().flat_map(|approved| &approved.prefixes);
    prefixes.map(|prefix| shell(prefix)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_for_shells() {
        assert_eq!(shell("web-1"), "web-1");
        assert_eq!(shell("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(shell(""), "''");
    }
}
