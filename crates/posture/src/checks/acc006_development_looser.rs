//! A machine for development or tests is set up looser than one in production might be.

use estate::{Known, Reason, Tags, resource_group, resource_name};
use reach::Protocols;

use super::acc001_guessable_admin_name::is_guessable;
use super::admin_account::{admin_name, untold};
use super::net001_exposed_management_port::services;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::exposure::{one_by_one, open_ports};
use crate::lang::{Lang, Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Cause, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ACC006",
    slug: "development-looser",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::High,
    title: Text {
        en: "a development VM is less guarded than production",
        ja: "本番環境より対策の緩い検証用仮想マシン",
    },
    why: Text {
        en: "\"It is only a test environment\" is no defence: scanners find every address alike. A test machine holds copies of real data, keys and a way into the company's network, and nobody watches it.",
        ja: "「検証環境だから」は通用しません。スキャナーは本番と検証を区別せずに攻撃します。検証用の仮想マシンにも実データのコピーや鍵、社内ネットワークへの経路があり、監視も手薄なため、侵入の足掛かりになります。",
    },
    fix: Text {
        en: "Guard it as production: close management ports or open them just in time, sign in with keys or Entra ID, give the administrator a name that nobody can guess. Delete the VM when the test is over: `az vm delete --ids <VM-ID>`.",
        ja: "本番環境と同じ対策をしてください。管理ポートは閉じるか必要なときだけ開き、鍵または Entra ID でサインインし、推測できない管理者名にします。検証が終わったら仮想マシンを削除してください: `az vm delete --ids <VM-ID>`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1133"),
        Reference::Attack("T1110"),
    ],
    run: Run::Machine(run),
};

/// Tags that tell what a machine is for.
const TAGS: [&str; 11] = [
    "environment",
    "env",
    "environmenttype",
    "envtype",
    "stage",
    "tier",
    "usage",
    "purpose",
    "環境",
    "用途",
    "ステージ",
];

/// Words for what is not production.
const WORDS: [&str; 34] = [
    "dev",
    "devel",
    "develop",
    "developer",
    "development",
    "demo",
    "eval",
    "evaluation",
    "hyouka",
    "kaihatsu",
    "kensho",
    "kenshou",
    "shiken",
    "lab",
    "nonprod",
    "nonproduction",
    "playground",
    "poc",
    "pilot",
    "preprod",
    "preproduction",
    "qa",
    "sandbox",
    "sbx",
    "stg",
    "stage",
    "staging",
    "test",
    "testing",
    "trial",
    "tst",
    "uat",
    "verification",
    "verify",
];

/// Words beside these that say nothing of what a machine is for.
const PLAIN: [&str; 14] = [
    "ap", "api", "app", "batch", "client", "db", "host", "machine", "node", "server", "srv", "sv", "vm",
    "web",
];

/// The same in Japanese, where no space parts words.
const JAPANESE: [&str; 8] =
    ["開発", "検証", "試験", "テスト", "評価", "ステージング", "お試し", "サンドボックス"];

/// What a machine was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign<'e> {
    Tag(&'e str, &'e str),
    Name(&'e str),
    Group(&'e str, &'e str),
}

impl Sign<'_> {
    fn text(self, lang: Lang) -> String {
        match self {
            Self::Tag(name, value) => {
                let (name, value) = (one_line(name), one_line(value));
                say!(lang, "its tag `{name}` is `{value}`", "タグ `{name}` の値が `{value}`")
            }
            Self::Name(word) => {
                let word = one_line(word);
                say!(lang, "its name has the word `{word}`", "名前に `{word}` を含む")
            }
            Self::Group(group, word) => {
                let (group, word) = (one_line(group), one_line(word));
                say!(
                    lang,
                    "its resource group `{group}` has the word `{word}`",
                    "リソース グループ名 `{group}` に `{word}` を含む"
                )
            }
        }
    }

    fn fact(self) -> String {
        match self {
            Self::Tag(name, value) => format!("tag:{}={}", one_line(name), one_line(value)),
            Self::Name(word) => format!("vm_name:{}", one_line(word)),
            Self::Group(_, word) => format!("resource_group:{}", one_line(word)),
        }
    }
}

/// The words of a text: letters between digits and separators, `webDev` being two.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).flat_map(|letters| {
        let mut rest = letters;
        std::iter::from_fn(move || {
            let mut before = false;
            let hump = rest.char_indices().find(|(_, c)| {
                let here = before && c.is_uppercase();
                before = c.is_lowercase();
                here
            });
            let (word, later) = rest.split_at_checked(hump.map_or(rest.len(), |(at, _)| at))?;
            rest = later;
            (!word.is_empty()).then_some(word)
        })
    })
}

/// Whether a word is one for what is not production, alone or beside one that says nothing: `testvm`, `webdev`.
fn is_told_by(word: &str) -> bool {
    WORDS.iter().any(|its| {
        let (from, until) = (word.get(..its.len()), word.len().checked_sub(its.len()));
        let begins = from.is_some_and(|start| start.eq_ignore_ascii_case(its));
        let rest = begins.then(|| word.get(its.len()..)).flatten();
        let end = until.and_then(|at| Some((word.get(..at)?, word.get(at..)?)));
        let before = end.filter(|(_, end)| end.eq_ignore_ascii_case(its)).map(|(before, _)| before);
        let plain = |rest: &str| rest.is_empty() || PLAIN.iter().any(|its| rest.eq_ignore_ascii_case(its));
        rest.is_some_and(plain) || before.is_some_and(plain)
    })
}

/// The word that tells that something is not production.
fn tells(text: &str) -> Option<&str> {
    let latin = || words(text).find(|word| is_told_by(word));
    // `non-prod` is one word, however it is parted.
    let joined = || text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase);
    let whole = || WORDS.iter().any(|its| joined().eq(its.chars())).then_some(text);
    let japanese =
        || JAPANESE.iter().find_map(|word| text.find(word).and_then(|at| text.get(at..at + word.len())));
    latin().or_else(whole).or_else(japanese)
}

/// Why a machine is taken to be for development or tests. A tag that tells what it is for is believed before names.
fn sign<'e>(id: &'e str, tags: Option<&'e Tags>) -> Option<Sign<'e>> {
    let mut told = false;
    for (name, value) in tags.into_iter().flat_map(|tags| tags.iter()) {
        let plain = |c: &char| c.is_alphanumeric();
        let is = |wanted: &&str| name.chars().filter(plain).flat_map(char::to_lowercase).eq(wanted.chars());
        if TAGS.iter().any(is) && !value.trim().is_empty() {
            if tells(value).is_some() {
                return Some(Sign::Tag(name, value));
            }
            // `tier: web` or `purpose: sales` tells nothing of it.
            told |= words(value).any(|word| {
                ["prod", "production", "prd", "live"].iter().any(|its| word.eq_ignore_ascii_case(its))
            }) || value.contains("本番");
        }
    }
    if told {
        return None;
    }
    let group = resource_group(id).unwrap_or_default();
    tells(resource_name(id)).map(Sign::Name).or_else(|| tells(group).map(|word| Sign::Group(group, word)))
}

/// Something that production would not be allowed.
struct Loose {
    text: String,
    fact: (&'static str, String),
    cause: Option<Cause>,
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let vm = view.vm;
    let Some(sign) = sign(context.estate().text(vm.id), vm.tags.as_ref()) else {
        return Ok(Verdict::NotFor);
    };
    let lang = context.lang;
    let mut loose: Vec<Loose> = Vec::new();
    let mut unknown: Vec<Reason> = Vec::new();
    let ports = open_ports(context, view, Protocols::TCP, &context.ports[0], context.settings.wide_after);
    let field =
        |pointer: &str| Some(Cause::field(vm.id, vm.origins.first(), &format!("{}{pointer}", vm.profile)));
    if ports.open.is_empty() {
        unknown.extend(ports.unknown);
    } else {
        let open = one_by_one(ports.open);
        let what = services(open.iter().map(|open| open.ports.first), lang);
        loose.push(Loose {
            text: say!(lang, "the internet reaches {what}", "{what} がインターネットに公開されています"),
            fact: ("open_to_internet", what),
            cause: open.into_iter().next().and_then(|open| open.cause),
        });
    }
    match &vm.password_disabled {
        Some(Known::Value(false)) => loose.push(Loose {
            text: say!(lang, "SSH accepts passwords", "SSH でパスワード認証が有効です"),
            fact: ("disable_password_authentication", "false".to_owned()),
            cause: field("/osProfile/linuxConfiguration/disablePasswordAuthentication"),
        }),
        Some(Known::Unknown(reason)) => unknown.push(reason.as_ref().clone()),
        // Windows has no such setting, and the administrator's name below tells where there is no profile.
        Some(Known::Value(true)) => {}
        None if vm.os == Some(Known::Value(estate::OsFamily::Windows)) => {}
        None => unknown.push(untold(context, vm)),
    }
    match admin_name(context, vm) {
        Ok(name) if is_guessable(name) => {
            let name = one_line(name);
            loose.push(Loose {
                text: say!(
                    lang,
                    "the administrator's name `{name}` can be guessed",
                    "管理者名 `{name}` は推測されやすい名前です"
                ),
                fact: ("admin_username", name),
                cause: field("/osProfile/adminUsername"),
            });
        }
        Ok(_) => {}
        Err(reasons) => unknown.extend(reasons),
    }
    if loose.is_empty() {
        return if unknown.is_empty() { Ok(Verdict::Pass) } else { Err(unknown) };
    }
    let (machine, by) = (context.name(vm.id), sign.text(lang));
    let texts: Vec<String> = loose.iter().map(|one| one.text.clone()).collect();
    let message = match lang {
        Lang::En => {
            format!("`{machine}` is not for production ({by}), yet less guarded: {}", texts.join("; "))
        }
        Lang::Ja => format!("検証・開発用の `{machine}` ({by}) は対策が不十分です: {}", texts.join("。")),
    };
    let mut fault = Fault::new(message).fact("recognised_by", sign.fact());
    for one in loose {
        fault = fault.fact(one.fact.0, one.fact.1);
        if fault.cause.is_none() {
            fault.cause = one.cause;
        }
    }
    fault.verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_recognised_by_words() {
        let check = |vm: &str, group: &str, expected: Option<Sign<'_>>| {
            let id = format!(
                "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}"
            );
            assert_eq!(sign(&id, None), expected, "{vm} in {group}");
        };
        check("web-dev01", "rg", Some(Sign::Name("dev")));
        check("webDev", "rg", Some(Sign::Name("Dev")));
        check("STG-web", "rg", Some(Sign::Name("STG")));
        check("m", "rg-poc", Some(Sign::Group("rg-poc", "poc")));
        for name in ["testvm01", "devweb01", "vmtest", "webtest01", "stgweb1"] {
            assert!(
                matches!(
                    sign(
                        &format!(
                            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/{name}"
                        ),
                        None
                    ),
                    Some(Sign::Name(_))
                ),
                "{name}"
            );
        }
        check("kensho-web01", "rg", Some(Sign::Name("kensho")));
        check("m", "検証用", Some(Sign::Group("検証用", "検証")));
        for name in [
            "latest",
            "contest",
            "devil",
            "devops",
            "web-prod",
            "labor",
            "m",
            "attestation",
            "devicevm",
            "testament1",
        ] {
            check(name, "rg", None);
        }
    }
}
