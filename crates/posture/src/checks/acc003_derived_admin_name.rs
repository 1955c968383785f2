//! The administrator's name is made from what everybody can read of the machine.

use estate::{Tags, resource_group, resource_name};

use super::admin_account::admin_name;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Lang, Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ACC003",
    slug: "derived-admin-name",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::Medium,
    title: Text {
        en: "the administrator's name follows from the VM",
        ja: "仮想マシンの情報から推測できる管理者名",
    },
    why: Text {
        en: "Names of machines stand in certificates, DNS and error pages, and the name of a company or an owner is no secret. Attackers put such words into the names that they try, so this one saves them half of the guessing.",
        ja: "仮想マシンの名前は証明書や DNS、エラー ページから知られ、会社名や担当者名も秘密ではありません。攻撃者はこうした単語を組み合わせて管理者名を試すため、推測の手間が半分になります。",
    },
    fix: Text {
        en: "Make another administrator whose name has nothing to do with the VM, the company or a person, then remove this one: `az vm user update --ids <VM-ID> --username <NAME> --ssh-key-value <PUBLIC-KEY-FILE>`. Better still: sign in with Entra ID.",
        ja: "仮想マシン・会社・個人のいずれとも関係のない名前の管理者を作成し、このアカウントを削除してください: `az vm user update --ids <VM-ID> --username <名前> --ssh-key-value <公開鍵ファイル>`。Entra ID でのサインインをお勧めします。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1110"),
        Reference::Page("https://learn.microsoft.com/cli/azure/vm/user"),
    ],
    run: Run::Machine(run),
};

/// Words that say nothing of a machine or its owner.
const PLAIN: [&str; 62] = [
    "adm",
    "admin",
    "app",
    "application",
    "azure",
    "backend",
    "central",
    "cloud",
    "data",
    "database",
    "default",
    "demo",
    "dev",
    "develop",
    "development",
    "east",
    "eastus",
    "frontend",
    "group",
    "host",
    "infra",
    "instance",
    "internal",
    "japan",
    "japaneast",
    "japanwest",
    "linux",
    "local",
    "machine",
    "main",
    "managed",
    "master",
    "network",
    "node",
    "north",
    "primary",
    "prod",
    "production",
    "project",
    "public",
    "resource",
    "resources",
    "root",
    "server",
    "service",
    "south",
    "srv",
    "stage",
    "staging",
    "system",
    "team",
    "test",
    "ubuntu",
    "user",
    "virtual",
    "vm",
    "web",
    "west",
    "westus",
    "win",
    "windows",
    "worker",
];

/// How many letters a word has that tells something.
const TELLING: usize = 4;

/// How many letters a word has that tells something inside a longer one.
const TELLING_INSIDE: usize = 5;

/// Where a word of a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source<'e> {
    Name,
    Group(&'e str),
    Tag(&'e str),
}

impl Source<'_> {
    fn fact(self) -> String {
        match self {
            Self::Name => "vm_name".to_owned(),
            Self::Group(_) => "resource_group".to_owned(),
            Self::Tag(name) => format!("tag:{}", one_line(name)),
        }
    }

    fn text(self, lang: Lang) -> String {
        match self {
            Self::Name => say!(lang, "its own name", "仮想マシン名"),
            Self::Group(name) => {
                let name = one_line(name);
                say!(lang, "the resource group `{name}`", "リソース グループ名 `{name}`")
            }
            Self::Tag(name) => {
                let name = one_line(name);
                say!(lang, "its tag `{name}`", "タグ `{name}` の値")
            }
        }
    }
}

/// The words of a text: letters without the digits and separators between them, and without the words at either
/// end that say nothing.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let letters = text.split(|c: char| !c.is_alphabetic());
    letters.map(bare).filter(|word| word.chars().nth(TELLING - 1).is_some())
}

fn bare(word: &str) -> &str {
    let ends = |word: &str, plain: &str| {
        let at = word.len().checked_sub(plain.len())?;
        let (rest, end) = word.split_at_checked(at)?;
        end.eq_ignore_ascii_case(plain).then_some(rest.len())
    };
    let starts = |word: &str, plain: &str| {
        word.get(..plain.len()).is_some_and(|start| start.eq_ignore_ascii_case(plain)).then_some(plain.len())
    };
    let mut word = word;
    loop {
        // The longest first: `webadmin` holds nothing, though `admin` ends in `min`.
        let start = PLAIN.iter().filter_map(|plain| starts(word, plain)).max().unwrap_or(0);
        let rest = word.get(start..).unwrap_or_default();
        let end = PLAIN.iter().filter_map(|plain| ends(rest, plain)).min().unwrap_or(rest.len());
        let next = rest.get(..end).unwrap_or_default();
        if next.len() == word.len() {
            return word;
        }
        word = next;
    }
}

/// Whether a word of a name is the other word, or has it at one of its ends.
fn is_made_from(name: &str, word: &str) -> bool {
    let long = word.chars().nth(TELLING_INSIDE - 1).is_some();
    let at_start = || name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let at_end = || {
        let from = name.len().checked_sub(word.len());
        from.and_then(|from| name.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    name.eq_ignore_ascii_case(word) || (long && (at_start() || at_end()))
}

/// The first word of what is known of a machine that its administrator's name is made from.
fn derived<'e>(admin: &str, id: &'e str, tags: Option<&'e Tags>) -> Option<(Source<'e>, &'e str)> {
    let made_from =
        |text: &'e str| words(text).find(|word| words(admin).any(|name| is_made_from(name, word)));
    if let Some(word) = made_from(resource_name(id)) {
        return Some((Source::Name, word));
    }
    let group = resource_group(id).unwrap_or_default();
    if let Some(word) = made_from(group) {
        return Some((Source::Group(group), word));
    }
    // Azure leaves `tags` out where there are none:
    // https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
    let tags = tags.into_iter().flat_map(|tags| tags.iter());
    // Tags of the portal's own: nobody reads them.
    let told = tags.filter(|(name, _)| !name.starts_with("hidden-"));
    let mut told = told.filter_map(|(name, value)| Some((Source::Tag(name), made_from(value)?)));
    told.next()
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let vm = view.vm;
    let name = admin_name(context, vm)?;
    let Some((source, word)) = derived(name, context.estate().text(vm.id), vm.tags.as_ref()) else {
        return Ok(Verdict::Pass);
    };
    let lang = context.lang;
    let (machine, name, from) = (context.name(vm.id), one_line(name), source.text(lang));
    let message = say!(
        lang,
        "the administrator of `{machine}` is called `{name}`: `{word}` is a word of {from}",
        "`{machine}` の管理者名 `{name}` には、{from}に含まれる単語 `{word}` が使われています"
    );
    Fault::new(message)
        .at(vm, "/properties/osProfile/adminUsername")
        .fact("admin_username", name)
        .fact("made_from", source.fact())
        .fact("word", word)
        .verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(admin: &str, vm: &str, group: &str, expected: Option<(Source<'_>, &str)>) {
        let id = format!(
            "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}"
        );
        assert_eq!(derived(admin, &id, None), expected, "{admin} on {vm} in {group}");
    }

    #[test]
    fn names_are_told_from_machines_by_words() {
        let own = |word| Some((Source::Name, word));
        check("kaede", "kaede-web01", "rg", own("kaede"));
        check("KaedeAdmin", "kaedeweb", "rg", own("kaede"));
        check("kaede_adm1", "web-Kaede-02", "rg", own("Kaede"));
        check("admin-sakura9", "m", "rg-sakura-prod", Some((Source::Group("rg-sakura-prod"), "sakura")));
        check("ktanaka", "tanaka-pc", "rg", own("tanaka"));
        check("kaede-1874", "m", "rg", None);
        // Words that say nothing, and too short ones.
        check("linuxadmin", "linux-server-01", "rg-prod", None);
        check("webadm", "web-prod", "web-rg", None);
        check("abc-7", "abc-01", "rg", None);
        // A part of another word.
        check("primrose", "rose-01", "rg", None);
        check("kaeda", "kaede-01", "rg", None);
    }

    #[test]
    fn words_that_say_nothing_leave_nothing() {
        assert_eq!(bare("webadmin"), "");
        assert_eq!(bare("prodserver"), "");
        assert_eq!(bare("AdminKaedeWeb"), "Kaede");
        assert!(PLAIN.windows(2).all(|pair| pair[0] < pair[1]), "sorted");
    }
}
