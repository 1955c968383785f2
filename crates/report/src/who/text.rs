//! The answer as text, for a terminal.

use std::fmt::Write;

use posture::Lang;
use signin::{Tri, Verdict};

use super::words::{grant_text, means_text, name, principal, some, standing_text};
use super::{AccountForm, CanForm, ClassForm, HolderForm, PersonForm, SignInForm, WayForm, WhoForm};
use crate::clean::clean;
use crate::reached::write_ways;
use crate::style::Page;
use crate::what_if::verdict_text;
use crate::words::{counted, pick};

/// How many classes of machines, rows of people, names and places are told.
const CLASSES: usize = 40;
const HOLDERS: usize = 30;
const NAMES: usize = 6;
const PLACES: usize = 3;
const DEMANDS: usize = 60;

/// The answer as text.
pub fn to_text(form: &WhoForm, lang: Lang, page: &Page) -> String {
    let mut out = String::new();
    let style = page.style;
    let people = People::of(form);
    let _ = writeln!(out, "{}", style.bold(&head(form, lang)));
    if form.security_defaults == Some(true) {
        let note = pick(
            lang,
            "security defaults are on: Microsoft demands MFA of people for Azure always, and of others where it finds it necessary",
            "セキュリティの既定値群が有効です。Azure の操作には常に、その他には Microsoft が必要と判断した場合に MFA が要求されます",
        );
        let _ = writeln!(out, "{}", style.dim(note));
    }
    for (at, class) in form.machine_classes.iter().enumerate().take(CLASSES) {
        out.push('\n');
        write_class(&mut out, form, &people, (at, class), lang, page);
    }
    if let more @ 1.. = form.machine_classes.len().saturating_sub(CLASSES) {
        let _ = match lang {
            Lang::En => writeln!(out, "\nand {more} more classes of machines: --format json"),
            Lang::Ja => writeln!(out, "\nほか {more} 種類のマシン: --format json で確認できます"),
        };
    }
    if !form.sign_ins.is_empty() {
        let title = pick(lang, "What conditional access demands", "条件付きアクセスの要求");
        let _ = writeln!(out, "\n{}", style.bold(title));
        for (at, sign_in) in form.sign_ins.iter().enumerate().take(DEMANDS) {
            let _ = writeln!(out, "  {} {}", style.frame(&format!("[{}]", at + 1)), door_text(sign_in, lang));
            sign_in_lines(&mut out, sign_in, lang, page);
        }
        if let more @ 1.. = form.sign_ins.len().saturating_sub(DEMANDS) {
            let _ = match lang {
                Lang::En => writeln!(out, "  and {more} more: --format json"),
                Lang::Ja => writeln!(out, "  ほか {more} 件: --format json で確認できます"),
            };
        }
    }
    if form.machine_classes.iter().any(|class| class.holders.iter().any(acts)) {
        let note = pick(
            lang,
            "note: in the public cloud Microsoft itself demands MFA of people who change something in Azure, whatever policies say (https://aka.ms/mfaforazure); programs need none",
            "注意: パブリック クラウドでは、Azure のリソースを変更するユーザーに対して、ポリシーにかかわらず Microsoft が MFA を要求します (https://aka.ms/mfaforazure)。サービス プリンシパルは対象外です",
        );
        let _ = writeln!(out, "\n{}", style.dim(note));
    }
    if !form.unknown.is_empty() {
        let title = pick(lang, "Could not be judged", "判定できなかったこと");
        let _ = writeln!(out, "\n{}", style.bold(title));
        for row in &form.unknown {
            let settled = pick(lang, "settled by", "解決方法");
            let _ = writeln!(out, "  {}", clean(&row.reason));
            if !row.settled_by.is_empty() {
                let _ = writeln!(out, "    {settled}: {}", clean(&row.settled_by));
            }
        }
    }
    out
}

/// The people of each class.
pub(super) struct People<'f>(Vec<Vec<&'f PersonForm>>);

impl<'f> People<'f> {
    pub(super) fn of(form: &'f WhoForm) -> Self {
        let classes = form.people.iter().flat_map(|person| &person.classes).max().map_or(0, |last| last + 1);
        let mut all: Vec<Vec<&PersonForm>> = vec![Vec::new(); classes];
        for person in &form.people {
            for class in &person.classes {
                if let Some(class) = all.get_mut(*class) {
                    class.push(person);
                }
            }
        }
        Self(all)
    }

    /// The names of everybody in a row.
    pub(super) fn names(&self, holder: &HolderForm, lang: Lang) -> Vec<String> {
        let group = holder.group.iter().map(|group| match lang {
            Lang::En => format!("whoever is in the group `{}`", principal(group)),
            Lang::Ja => format!("グループ `{}` のメンバー", principal(group)),
        });
        let people = holder.people.iter().filter_map(|class| self.0.get(*class)).flatten();
        let mut names: Vec<String> =
            people.map(|person| format!("{}{}", name(person), standing_text(person, lang))).collect();
        names.sort();
        group.chain(names).collect()
    }

    fn is_person(&self, holder: &HolderForm) -> bool {
        let mut people = holder.people.iter().filter_map(|class| self.0.get(*class)).flatten();
        people.any(|person| !matches!(person.what, signin::Standing::Program | signin::Standing::Gone))
    }
}

pub(super) fn head(form: &WhoForm, lang: Lang) -> String {
    let machines = form.machines.len();
    let title = &form.title;
    match (form.asked.get("machine").is_some(), form.asked.get("person").is_some(), lang) {
        (true, _, Lang::En) => format!("Who gets into {title}"),
        (true, _, Lang::Ja) => format!("{title} に入れるユーザー"),
        (_, true, Lang::En) => match machines {
            0 if !form.unknown.is_empty() => {
                format!("{title} has no right that is known to lead into a machine")
            }
            0 => format!("{title} has no right that leads into a machine"),
            _ => format!("{title} gets into {}", counted(machines, "machine", "machines")),
        },
        (_, true, Lang::Ja) => match machines {
            0 if !form.unknown.is_empty() => {
                format!("{title} には、分かる範囲ではマシンに入れる権限がありません")
            }
            0 => format!("{title} には、マシンに入れる権限がありません"),
            _ => format!("{title} が入れるマシン: {machines} 台"),
        },
        (_, _, Lang::En) => format!("Who gets into {}", counted(machines, "machine", "machines")),
        (_, _, Lang::Ja) => format!("{machines} 台のマシンに入れるユーザー"),
    }
}

fn acts(holder: &HolderForm) -> bool {
    holder.can.iter().any(|can| !can.what.is_login())
}

fn logs_in(holder: &HolderForm) -> bool {
    holder.can.iter().any(|can| can.what.is_login())
}

fn write_class(
    out: &mut String,
    form: &WhoForm,
    people: &People<'_>,
    (at, class): (usize, &ClassForm),
    lang: Lang,
    page: &Page,
) {
    let style = page.style;
    let members: Vec<_> = form.machines.iter().filter(|machine| machine.class == at).collect();
    let names: Vec<String> = members.iter().map(|machine| machine.name.clone()).collect();
    let system = match class.system {
        "windows" => "Windows",
        "linux" => "Linux",
        _ => pick(lang, "system not told", "OS 不明"),
    };
    let _ = writeln!(out, "{} {}  ({system})", style.frame("●"), some(&names, NAMES, lang));
    let _ = writeln!(out, "  {}: {}", pick(lang, "ways in", "到達経路"), ways_text(class, lang));
    if let Some(reached) = &form.reach {
        write_ways(out, reached, lang, page);
    }
    let login: Vec<&HolderForm> = class.holders.iter().filter(|holder| logs_in(holder)).collect();
    let azure: Vec<&HolderForm> = class.holders.iter().filter(|holder| acts(holder)).collect();
    let _ = writeln!(out, "\n  {}", style.bold(&entra_text(class, !login.is_empty(), lang)));
    holders(out, form, people, &login, true, lang, page);
    if !azure.is_empty() {
        let title = pick(
            lang,
            "By Azure, past the network and the machine's own sign-in",
            "Azure の操作によって (ネットワークやマシンのサインインに関係なく)",
        );
        let _ = writeln!(out, "\n  {}", style.bold(title));
        holders(out, form, people, &azure, false, lang, page);
    }
    let accounts: Vec<(&str, &AccountForm)> = members
        .iter()
        .filter_map(|machine| Some((machine.name.as_str(), machine.account.as_ref()?)))
        .collect();
    if !accounts.is_empty() && !form.is_of_person() {
        let title = pick(
            lang,
            "Accounts of the machines themselves: no rule of Entra ID holds",
            "マシン自体のアカウント (Entra ID のルールは適用されません)",
        );
        let _ = writeln!(out, "\n  {}", style.bold(title));
        for (machine, account) in accounts.iter().take(NAMES) {
            let _ = writeln!(
                out,
                "    {}",
                account_text(account, Some(machine).filter(|_| names.len() > 1), lang)
            );
        }
        if let more @ 1.. = accounts.len().saturating_sub(NAMES) {
            let _ =
                writeln!(out, "    {}", pick(lang, format!("and {more} more"), format!("ほか {more} 件")));
        }
    }
}

pub(super) fn ways_text(class: &ClassForm, lang: Lang) -> String {
    let ways: &[WayForm] = &class.ways;
    let others = match (ways.is_empty(), class.all_ways_known) {
        (true, true) => {
            return pick(lang, "no packet gets to its login", "ログイン ポートには到達できません").to_owned();
        }
        (true, false) => return pick(lang, "not known", "不明です").to_owned(),
        (false, true) => "",
        (false, false) => pick(lang, "; there may be others", "。ほかの経路は不明です"),
    };
    let each = ways.iter().map(|way| {
        let sure = if way.certain { "" } else { pick(lang, " (possible)", " (可能性あり)") };
        match (way.from, lang) {
            ("internet", Lang::En) => {
                format!(
                    "tcp {} from {} addresses of the internet{sure}",
                    way.ports,
                    posture::grouped(way.internet_ipv4_addresses)
                )
            }
            ("internet", Lang::Ja) => format!(
                "tcp {}: インターネットの {} アドレスから{sure}",
                way.ports,
                posture::grouped(way.internet_ipv4_addresses)
            ),
            (_, Lang::En) => format!("tcp {} from the network around{sure}", way.ports),
            (_, Lang::Ja) => format!("tcp {}: 仮想ネットワークから{sure}", way.ports),
        }
    });
    each.collect::<Vec<_>>().join("; ") + others
}

pub(super) fn entra_text(class: &ClassForm, anybody: bool, lang: Lang) -> String {
    let extension = match class.system {
        "windows" => "AADLoginForWindows",
        "linux" => "AADSSHLoginForLinux",
        _ => "AADLoginForWindows / AADSSHLoginForLinux",
    };
    let nobody = match (anybody, lang) {
        (true, _) => String::new(),
        (false, Lang::En) => ": no right for it is known".to_owned(),
        (false, Lang::Ja) => ": 権限を持つユーザーは確認できません".to_owned(),
    };
    let (own, identity) = class.entra.so;
    let text = match (own.and(identity), own, lang) {
        (Tri::Yes, _, Lang::En) => "With Entra ID".to_owned(),
        (Tri::Yes, _, Lang::Ja) => "Entra ID でのサインイン".to_owned(),
        (Tri::No, Tri::No, Lang::En) => {
            format!("With Entra ID: not now, as the extension {extension} is not in place; these would")
        }
        (Tri::No, Tri::No, Lang::Ja) => {
            format!(
                "Entra ID でのサインイン: 拡張機能 {extension} がないため現在はできません。以下は追加した場合"
            )
        }
        (Tri::No, _, Lang::En) => {
            "With Entra ID: not now, as the machine has no identity of its own; these would".to_owned()
        }
        (Tri::No, _, Lang::Ja) => {
            "Entra ID でのサインイン: システム割り当て ID がないため現在はできません。以下は追加した場合"
                .to_owned()
        }
        (Tri::Maybe, _, Lang::En) => {
            format!("With Entra ID: perhaps, as whether the extension {extension} is in place is not known")
        }
        (Tri::Maybe, _, Lang::Ja) => {
            format!(
                "Entra ID でのサインイン: 拡張機能 {extension} の有無が不明なため、可能かどうか分かりません"
            )
        }
    };
    text + &nobody
}

fn holders(
    out: &mut String,
    form: &WhoForm,
    people: &People<'_>,
    all: &[&HolderForm],
    login: bool,
    lang: Lang,
    page: &Page,
) {
    // Those of whom the least is demanded first.
    let sign_in = |holder: &HolderForm| {
        let at = if login { holder.sign_in } else { holder.sign_in_to_azure };
        at.and_then(|at| Some((at, form.sign_ins.get(at)?)))
    };
    let mut rows: Vec<(&HolderForm, Option<(usize, &SignInForm)>)> =
        all.iter().map(|holder| (*holder, sign_in(holder))).collect();
    rows.sort_by_key(|(_, sign_in)| sign_in.map_or(Verdict::Unknown, |(_, sign_in)| sign_in.verdict));
    for (holder, sign_in) in rows.iter().take(HOLDERS).cloned() {
        let names = people.names(holder, lang);
        let _ = writeln!(out, "    {}", page.style.frame(&some(&names, NAMES, lang)));
        for line in can_lines(form, holder, login, lang) {
            let _ = writeln!(out, "      {line}");
        }
        match sign_in {
            Some((at, sign_in)) => {
                let _ = writeln!(out, "      {}", page.style.bold(&least_text(at, sign_in, lang)));
            }
            None if holder.group.is_some() || people.is_person(holder) => {}
            None => {
                let text = pick(
                    lang,
                    "policies for people are not for programs",
                    "ユーザー向けのポリシーはサービス プリンシパルには適用されません",
                );
                let _ = writeln!(out, "      {}", page.style.dim(text));
            }
        }
    }
    if let more @ 1.. = rows.len().saturating_sub(HOLDERS) {
        let _ = match lang {
            Lang::En => writeln!(out, "    and {more} more rows: --format json"),
            Lang::Ja => writeln!(out, "    ほか {more} 行: --format json で確認できます"),
        };
    }
}

/// What somebody can do, by which rights: what the same rights give stands together.
pub(super) fn can_lines(form: &WhoForm, holder: &HolderForm, login: bool, lang: Lang) -> Vec<String> {
    let mut groups: Vec<(&[usize], Vec<&CanForm>)> = Vec::new();
    for can in holder.can.iter().filter(|can| can.what.is_login() == login) {
        match groups.iter_mut().find(|(grants, _)| **grants == *can.grants) {
            Some((_, all)) => all.push(can),
            None => groups.push((&can.grants, vec![can])),
        }
    }
    let mut lines = Vec::new();
    for (grants, all) in groups {
        let what: Vec<String> = all
            .iter()
            // Whoever is administrator is a person who logs in, too.
            .filter(|can| {
                can.what != signin::Means::Login
                    || !all.iter().any(|other| other.what == signin::Means::LoginAsAdmin)
            })
            .map(|can| {
                let sure = match (can.so.0, can.so.1) {
                    (Tri::Yes, _) => "",
                    (_, Tri::Yes) => pick(lang, " once a role is taken", " (ロールの有効化後)"),
                    _ => pick(lang, " (possible)", " (可能性あり)"),
                };
                format!("{}{sure}", means_text(can.what, lang))
            })
            .collect();
        let by: Vec<String> = grants
            .iter()
            .filter_map(|at| form.grants.get(*at))
            .map(|grant| {
                let own = holder.group.as_ref() == Some(&grant.principal);
                let group =
                    grant.principal.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
                grant_text(grant, group && !own, lang)
            })
            .collect();
        let what = what.join(", ");
        let by = some(&by, NAMES, lang);
        lines.push(match lang {
            Lang::En => format!("{what} – by {by}"),
            Lang::Ja => format!("{what} – {by}"),
        });
    }
    lines
}

/// The least that is demanded, and where the rest of it stands.
pub(super) fn least_text(at: usize, sign_in: &SignInForm, lang: Lang) -> String {
    let same = sign_in.outcomes.iter().all(|outcome| outcome.what == sign_in.verdict);
    let verdict = verdict_text(sign_in.verdict, lang);
    let number = at + 1;
    match (same, lang) {
        (true, Lang::En) => format!("{verdict} [{number}]"),
        (true, Lang::Ja) => format!("{verdict} [{number}]"),
        (false, Lang::En) => format!("at the least: {verdict} [{number}]"),
        (false, Lang::Ja) => format!("最も緩い場合: {verdict} [{number}]"),
    }
}

/// What people sign in to.
pub(super) fn door_text(sign_in: &SignInForm, lang: Lang) -> &'static str {
    match sign_in.application {
        "windows-vm" => pick(lang, "to sign in to a Windows machine", "Windows マシンへのサインイン"),
        "linux-vm" => pick(lang, "to sign in to a Linux machine", "Linux マシンへのサインイン"),
        _ => pick(lang, "to sign in to Azure", "Azure へのサインイン"),
    }
}

fn sign_in_lines(out: &mut String, sign_in: &SignInForm, lang: Lang, page: &Page) {
    let style = page.style;
    if sign_in.outcomes.is_empty() {
        let _ = writeln!(out, "    {}", verdict_text(Verdict::Unknown, lang));
        return;
    }
    for same in sign_in.outcomes.chunk_by(|one, other| one.what == other.what).take(PLACES) {
        let Some(first) = same.first() else { continue };
        let verdict = verdict_text(first.what, lang);
        let verdict = if first.what.has_mfa() { style.good(verdict) } else { style.bold(verdict) };
        let mut policies: Vec<String> = Vec::new();
        for name in same.iter().flat_map(|outcome| outcome.policies.iter().chain(&outcome.possible_policies))
        {
            let name = format!("`{}`", clean(name));
            if !policies.contains(&name) {
                policies.push(name);
            }
        }
        let by = match policies.is_empty() {
            true => String::new(),
            false => pick(lang, " – by ", " – ").to_owned() + &some(&policies, PLACES, lang),
        };
        let _ = writeln!(out, "    {verdict}{by}");
        let places: Vec<&String> = same.iter().flat_map(|outcome| &outcome.texts).collect();
        if sign_in.outcomes.len() > 1 {
            for place in places.iter().take(PLACES) {
                let _ = writeln!(out, "      {}", style.dim(place));
            }
            if let more @ 1.. = places.len().saturating_sub(PLACES) {
                let more = pick(lang, format!("and {more} more cases"), format!("ほか {more} 通り"));
                let _ = writeln!(out, "      {}", style.dim(&more));
            }
        }
    }
    let near: Vec<_> = sign_in.holes.iter().filter(|hole| hole.near).collect();
    let holes = if near.is_empty() { sign_in.holes.iter().collect() } else { near };
    for hole in holes.iter().take(PLACES) {
        let policy = clean(&hole.policy);
        let _ = match lang {
            Lang::En => writeln!(out, "    the hole in `{policy}`: {}", hole.text),
            Lang::Ja => writeln!(out, "    `{policy}` の抜け穴: {}", hole.text),
        };
    }
}

pub(super) fn account_text(account: &AccountForm, machine: Option<&&str>, lang: Lang) -> String {
    let name = account.name.as_deref().map(|name| clean(name).into_owned());
    let name = name.unwrap_or_else(|| pick(lang, "an account", "アカウント").to_owned());
    let place = machine.map(|machine| format!("{machine}: ")).unwrap_or_default();
    let mut ways: Vec<String> = Vec::new();
    match account.password {
        "yes" => ways.push(pick(lang, "a password", "パスワード").to_owned()),
        "unknown" => ways.push(pick(lang, "perhaps a password", "パスワード (不明)").to_owned()),
        _ => {}
    }
    match account.ssh_keys {
        Some(0) => {}
        Some(keys) => ways.push(match lang {
            Lang::En => counted(keys, "SSH key", "SSH keys"),
            Lang::Ja => format!("SSH 鍵 {keys} 個"),
        }),
        None => ways.push(pick(lang, "perhaps SSH keys", "SSH 鍵 (不明)").to_owned()),
    }
    let ways = ways.join(pick(lang, " and ", " と "));
    let shared = match (account.keys_open_others, lang) {
        (0, _) => String::new(),
        (others, Lang::En) => {
            format!("; a key of it opens {} too", counted(others, "other machine", "other machines"))
        }
        (others, Lang::Ja) => format!("。同じ鍵でほかに {others} 台に接続できます"),
    };
    match lang {
        Lang::En => format!("{place}`{name}`, made with {ways}{shared}"),
        Lang::Ja => format!("{place}`{name}` (作成時: {ways}){shared}"),
    }
}
