//! The answer as one HTML file: the picture, and everything that it stands on in tables. No script.

use std::fmt::Write;

use posture::Lang;
use signin::{Means, Verdict};

use super::text::{People, account_text, can_lines, entra_text, head as title_text, ways_text};
use super::words::{means_word, scope_text, some, tri_text};
use super::{ClassForm, HolderForm, SignInForm, WhoForm};
use crate::html::{escape, hash};
use crate::picture::{Graph, Kind, STYLE as PICTURE, svg};
use crate::reached::html::{STYLE, head};
use crate::what_if::verdict_text;
use crate::words::pick;

/// How many classes of machines and rows of people a picture shows, and how many names a cell.
const CLASSES: usize = 12;
const HOLDERS: usize = 16;
const NAMES: usize = 40;

/// How many classes of machines have tables.
const TABLES: usize = 200;

/// The answer as one HTML file.
pub fn to_html(form: &WhoForm, lang: Lang) -> String {
    let style = format!(
        "{STYLE}{PICTURE}.weak {{ font-weight: 600; color: #a40e26; }}\n@media (prefers-color-scheme: dark) {{ .weak {{ color: #ff8f8a; }} }}\n"
    );
    let title = title_text(form, lang);
    let people = People::of(form);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{0}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{1}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{2}</title>\n<style>{style}</style>\n</head>\n<body>\n<header>\n<p class=\"brand\">Sekimori <span lang=\"ja\">関守</span></p>\n\
         <h1>{2}</h1>\n</header>\n<main>\n",
        pick(lang, "en", "ja"),
        hash(&style),
        escape(&title),
    );
    if !form.machine_classes.is_empty() {
        let label = pick(lang, "Picture of who gets in", "ログイン経路の図");
        let _ = writeln!(
            out,
            "<div class=\"picture\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\">\n{}</div>",
            svg(&graph(form, &people, lang), &title, false)
        );
    }
    for (at, class) in form.machine_classes.iter().enumerate().take(TABLES) {
        tables(&mut out, form, &people, at, class, lang);
    }
    if let more @ 1.. = form.machine_classes.len().saturating_sub(TABLES) {
        let text = match lang {
            Lang::En => format!("And {more} more classes of machines: see the JSON form."),
            Lang::Ja => format!("ほか {more} 種類のマシンは JSON 形式で確認できます。"),
        };
        let _ = writeln!(out, "<p>{text}</p>");
    }
    if !form.unknown.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ul>", pick(lang, "Could not be judged", "判定できなかったこと"));
        for row in &form.unknown {
            let settled = match row.settled_by.is_empty() {
                true => String::new(),
                false => {
                    let settled = pick(lang, "settled by", "解決方法");
                    format!(" – {settled}: <code>{}</code>", escape(&row.settled_by))
                }
            };
            let _ = writeln!(out, "<li>{}{settled}</li>", escape(&row.reason));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn sign_in_of<'f>(form: &'f WhoForm, holder: &HolderForm, login: bool) -> Option<&'f SignInForm> {
    let at = if login { holder.sign_in } else { holder.sign_in_to_azure };
    form.sign_ins.get(at?)
}

/// From left to right: who, by which role, which machines; and what reaches these without any role.
fn graph(form: &WhoForm, people: &People<'_>, lang: Lang) -> Graph {
    let mut graph = Graph::default();
    for (at, class) in form.machine_classes.iter().enumerate().take(CLASSES) {
        let names: Vec<String> = form
            .machines
            .iter()
            .filter(|machine| machine.class == at)
            .map(|machine| machine.name.clone())
            .collect();
        let machines = graph.node(
            &format!("machines {at}"),
            Kind::Target,
            some(&names, 2, lang),
            if class.system == "unknown" { String::new() } else { class.system.to_owned() },
        );
        for holder in class.holders.iter().take(HOLDERS) {
            let names = people.names(holder, lang);
            for login in [true, false] {
                let all: Vec<_> = holder.can.iter().filter(|can| can.what.is_login() == login).collect();
                if all.is_empty() {
                    continue;
                }
                let verdict = sign_in_of(form, holder, login).map(|sign_in| sign_in.verdict);
                let demands = verdict.map_or(String::new(), |verdict| short(verdict, lang).to_owned());
                let key = format!("people {:?} {:?} {login}", holder.people, holder.group);
                let who = graph.node(&key, Kind::Start, some(&names, 1, lang), demands);
                let commands = all.iter().any(|can| can.what == Means::RunCommand);
                for can in all {
                    let certain = can.so.0 == signin::Tri::Yes;
                    for grant in can.grants.iter().filter_map(|at| form.grants.get(*at)) {
                        let title = crate::clean(&grant.role).into_owned();
                        let detail = scope_text(&grant.scope, lang).replace('`', "");
                        let key = format!("role {} {}", grant.role, grant.scope);
                        let role = graph.node(&key, Kind::Way, title, detail);
                        // Whoever runs commands needs no console; there is little room.
                        let minor =
                            matches!(can.what, Means::Extension | Means::SerialConsole | Means::DiskCopy);
                        let label = if minor && commands { "" } else { means_word(can.what, lang) };
                        graph.edge(who, role, label, certain);
                        graph.edge(role, machines, "", certain);
                    }
                }
            }
        }
        let accounts = form.machines.iter().any(|machine| machine.class == at && machine.account.is_some());
        if accounts && !form.is_of_person() && !class.ways.is_empty() {
            let start = graph.node(
                "anybody",
                Kind::Start,
                pick(lang, "whoever has its password or key", "パスワードまたは鍵を持つ人").to_owned(),
                pick(lang, "no rule of Entra ID", "Entra ID のルールなし").to_owned(),
            );
            // Of many machines that of the network around is mostly the same.
            let few = form.machine_classes.len() < 3;
            for way in class.ways.iter().filter(|way| few || way.from == "internet") {
                let title = match way.from {
                    "internet" => pick(lang, "internet", "インターネット"),
                    _ => pick(lang, "the network around", "仮想ネットワーク"),
                };
                let from = graph.node(way.from, Kind::Way, title.to_owned(), String::new());
                graph.edge(start, from, "", true);
                graph.edge(from, machines, &format!("tcp {}", way.ports), way.certain);
            }
        }
    }
    graph.lay_out();
    graph
}

fn short(verdict: Verdict, lang: Lang) -> &'static str {
    match verdict {
        Verdict::Nothing => pick(lang, "a password is enough", "パスワードのみ"),
        Verdict::Unknown => pick(lang, "demands not known", "要求は不明"),
        Verdict::Other => pick(lang, "no MFA", "MFA なし"),
        Verdict::MfaOrDevice => pick(lang, "MFA or managed device", "MFA または管理対象デバイス"),
        Verdict::Managed | Verdict::Device => pick(lang, "managed device", "管理対象デバイス"),
        Verdict::Mfa => "MFA",
        Verdict::MfaAndDevice => pick(lang, "MFA and managed device", "MFA と管理対象デバイス"),
        Verdict::Blocked => pick(lang, "blocked", "ブロック"),
    }
}

fn tables(out: &mut String, form: &WhoForm, people: &People<'_>, at: usize, class: &ClassForm, lang: Lang) {
    let members: Vec<_> = form.machines.iter().filter(|machine| machine.class == at).collect();
    let names: Vec<String> = members.iter().map(|machine| machine.name.clone()).collect();
    let _ = writeln!(out, "<h2>{}</h2>", escape(&some(&names, NAMES, lang)));
    let _ =
        writeln!(out, "<p>{}: {}</p>", pick(lang, "Ways in", "到達経路"), escape(&ways_text(class, lang)));
    let columns = match lang {
        Lang::En => ["Who", "What, by which right", "What is demanded", "Holes"],
        Lang::Ja => ["ユーザー", "操作と権限", "要求", "抜け穴"],
    };
    for login in [true, false] {
        let all: Vec<&HolderForm> = class
            .holders
            .iter()
            .filter(|holder| holder.can.iter().any(|can| can.what.is_login() == login))
            .collect();
        let caption = match login {
            true => entra_text(class, !all.is_empty(), lang),
            false => pick(
                lang,
                "By Azure, past the network and the machine's own sign-in",
                "Azure の操作によって (ネットワークやマシンのサインインに関係なく)",
            )
            .to_owned(),
        };
        if all.is_empty() {
            if login {
                let _ = writeln!(out, "<p>{}</p>", escape(&caption));
            }
            continue;
        }
        // Each table has a name of its own.
        head(out, &format!("{}: {caption}", some(&names, 2, lang)), &columns);
        for holder in all {
            let names = some(&people.names(holder, lang), NAMES, lang);
            let can: Vec<String> =
                can_lines(form, holder, login, lang).iter().map(|line| escape(line)).collect();
            let sign_in = sign_in_of(form, holder, login);
            let (demands, holes) = sign_in.map_or_else(Default::default, |sign_in| demanded(sign_in, lang));
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{demands}</td><td>{holes}</td></tr>",
                escape(&names),
                can.join("<br>"),
            );
        }
        out.push_str("</tbody></table></div>\n");
    }
    let accounts: Vec<_> =
        members.iter().filter_map(|machine| Some((machine, machine.account.as_ref()?))).collect();
    if !accounts.is_empty() && !form.is_of_person() {
        let title = pick(
            lang,
            "Accounts of the machines themselves: no rule of Entra ID holds",
            "マシン自体のアカウント (Entra ID のルールは適用されません)",
        );
        let _ = writeln!(out, "<h3>{title}</h3>\n<ul>");
        for (machine, account) in accounts.iter().take(NAMES) {
            let _ = writeln!(
                out,
                "<li>{}</li>",
                escape(&account_text(account, Some(&machine.name.as_str()), lang))
            );
        }
        out.push_str("</ul>\n");
        if let more @ 1.. = accounts.len().saturating_sub(NAMES) {
            let more = pick(lang, format!("And {more} more."), format!("ほか {more} 件。"));
            let _ = writeln!(out, "<p>{more}</p>");
        }
    }
    let (extension, identity) = class.entra.so;
    let _ = writeln!(
        out,
        "<p class=\"dim\">{}: {} · {}: {}</p>",
        pick(lang, "Extension for Entra ID", "Entra ID ログイン拡張機能"),
        tri_text(extension, lang),
        pick(lang, "identity of its own", "システム割り当て ID"),
        tri_text(identity, lang),
    );
}

/// What is demanded where, and the holes, as cells.
fn demanded(sign_in: &SignInForm, lang: Lang) -> (String, String) {
    let mut demands: Vec<String> = Vec::new();
    for outcome in &sign_in.outcomes {
        let class = if outcome.what.has_mfa() { "" } else { " class=\"weak\"" };
        let mut text = format!("<span{class}>{}</span>", escape(verdict_text(outcome.what, lang)));
        let policies: Vec<String> = outcome
            .policies
            .iter()
            .chain(&outcome.possible_policies)
            .map(|name| format!("<code>{}</code>", escape(name)))
            .collect();
        if !policies.is_empty() {
            text += &format!(" – {}", policies.join(", "));
        }
        if sign_in.outcomes.len() > 1 {
            for place in &outcome.texts {
                text += &format!("<br><span class=\"dim\">{}</span>", escape(place));
            }
        }
        demands.push(text);
    }
    if demands.is_empty() {
        demands.push(escape(verdict_text(Verdict::Unknown, lang)));
    }
    let near = sign_in.holes.iter().any(|hole| hole.near);
    let holes: Vec<String> = sign_in
        .holes
        .iter()
        .filter(|hole| hole.near || !near)
        .map(|hole| format!("<code>{}</code>: {}", escape(&hole.policy), escape(&hole.text)))
        .collect();
    (demands.join("<br>"), holes.join("<br>"))
}
