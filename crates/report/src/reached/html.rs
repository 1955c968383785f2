//! The answer as one HTML file: the picture, and everything that it stands on in tables. No script.

use std::fmt::Write;

use posture::Lang;

use super::graph::draw;
use super::text::way_title;
use super::{PathForm, Reached, RowForm, name_of};
use crate::html::{escape, hash};
use crate::picture::STYLE as PICTURE;
use crate::words::pick;

pub(crate) const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #ffffff; --ground: #f5f6f8; --ink: #1c2128; --dim: #57606a; --line: #d0d7de; }\n\
@media (prefers-color-scheme: dark) { :root { --paper: #161b22; --ground: #0d1117; --ink: #e6edf3; --dim: #9da7b3; --line: #3d444d; } }\n\
* { box-sizing: border-box; }\n\
body { margin: 0 auto; max-width: 80rem; padding: 1rem 1.25rem 3rem; background: var(--ground); color: var(--ink); \
font: 16px/1.6 system-ui, 'Segoe UI', 'Hiragino Sans', 'Noto Sans CJK JP', 'Yu Gothic UI', Meiryo, sans-serif; overflow-wrap: anywhere; }\n\
h1 { font-size: 1.6rem; line-height: 1.3; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1rem 0 .25rem; }\n\
.brand, .dim { color: var(--dim); } .brand { margin: 0; font-weight: 600; }\n\
.picture { overflow: auto; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem; }\n\
.picture svg { max-width: 100%; height: auto; }\n\
.picture:focus-visible { outline: 3px solid #0b57d0; }\n\
.table { overflow: auto; }\n\
table { border-collapse: collapse; width: 100%; background: var(--paper); } caption { text-align: left; font-weight: 600; padding: .5rem 0; }\n\
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }\n\
code { font-family: ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'Noto Sans Mono CJK JP', monospace; font-size: .875em; }\n\
@media print { body { background: none; } .picture, .table { overflow: visible; } }\n";

/// The answer as one HTML file.
pub fn to_html(reached: &Reached, lang: Lang) -> String {
    let style = format!("{STYLE}{PICTURE}");
    let title = match (reached.verdict, lang) {
        ("reachable", Lang::En) => format!("{} can be reached", reached.name),
        ("reachable", Lang::Ja) => format!("{} に到達できます", reached.name),
        ("unknown", Lang::En) => format!("{} may be reached", reached.name),
        ("unknown", Lang::Ja) => format!("{} に到達できる可能性があります", reached.name),
        (_, Lang::En) => format!("{} cannot be reached", reached.name),
        (_, Lang::Ja) => format!("{} には到達できません", reached.name),
    };
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n<header>\n<p class=\"brand\">Sekimori <span lang=\"ja\">関守</span></p>\n",
        pick(lang, "en", "ja"),
        hash(&style),
        escape(&title)
    );
    let (from, ports) = (name_of(&reached.from, lang), &reached.ports);
    let _ = write!(
        out,
        "<h1>{}</h1>\n<p class=\"dim\">{}</p>\n</header>\n<main>\n",
        escape(&title),
        escape(&pick(
            lang,
            format!("from {from}, ports {ports}"),
            format!("送信元: {from}、ポート: {ports}")
        ))
    );
    if reached.verdict != "unreachable" {
        let label = pick(lang, "Picture of the ways in", "到達経路の図");
        let _ = writeln!(
            out,
            "<div class=\"picture\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\">\n{}</div>",
            draw(reached, lang, false)
        );
    }
    for address in &reached.addresses {
        let own = address.address.as_deref().unwrap_or(pick(lang, "no address yet", "アドレス未割り当て"));
        let _ = writeln!(
            out,
            "<h2>{} <span class=\"dim\">{}</span></h2>",
            escape(own),
            escape(&name_of(&address.nic, lang))
        );
        if address.ways.is_empty() {
            let _ =
                writeln!(out, "<p>{}</p>", pick(lang, "Nothing gets in.", "到達できる経路はありません。"));
        }
        for way in &address.ways {
            rows(&mut out, &way_title(way, lang), &way.rows, lang);
            if let Some(note) = &way.note {
                let _ = writeln!(out, "<p>{}</p>", escape(note));
            }
        }
    }
    paths(&mut out, reached, lang);
    if !reached.unknown.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ul>", pick(lang, "Could not be judged", "判定できなかったこと"));
        for row in &reached.unknown {
            let settled = pick(lang, "settled by", "解決方法");
            let _ = writeln!(
                out,
                "<li>{} – {settled}: <code>{}</code></li>",
                escape(&row.reason),
                escape(&row.settled_by)
            );
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// The head of a table.
pub(crate) fn head(out: &mut String, caption: &str, columns: &[&str]) {
    let _ = writeln!(
        out,
        "<div class=\"table\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\"><table>\n<caption>{0}</caption>\n<thead><tr>",
        escape(caption)
    );
    for column in columns {
        let _ = write!(out, "<th scope=\"col\">{column}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

fn rows(out: &mut String, caption: &str, rows: &[RowForm], lang: Lang) {
    let columns = match lang {
        Lang::En => ["What", "Who", "Decided by", "Proof"],
        Lang::Ja => ["対象", "送信元", "判定した規則", "証拠"],
    };
    head(out, caption, &columns);
    for row in rows {
        let rules: Vec<_> = row.decided_by.iter().map(|rule| escape(&rule.text())).collect();
        let rules = if rules.is_empty() {
            pick(lang, "no group looks", "NSG なし").to_owned()
        } else {
            rules.join("<br>")
        };
        let sure = if row.certain { "" } else { pick(lang, " (possible)", " (可能性あり)") };
        let proof =
            row.witness.as_ref().map(|packet| format!("{} {} → {}", packet.protocol, packet.from, packet.to));
        let _ = writeln!(
            out,
            "<tr><td>{}{sure}</td><td>{}</td><td>{rules}</td><td><code>{}</code>{}</td></tr>",
            escape(&row.what(lang)),
            escape(&row.sources.text(lang)),
            escape(&proof.unwrap_or_default()),
            row.unknown.iter().map(|reason| format!("<br>{}", escape(reason))).collect::<String>(),
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn paths(out: &mut String, reached: &Reached, lang: Lang) {
    if reached.paths.is_empty() {
        return;
    }
    let title = pick(lang, "Over other machines", "ほかのマシンを経由する経路");
    let columns = match lang {
        Lang::En => ["Path", "Steps"],
        Lang::Ja => ["経路", "各ステップ"],
    };
    head(out, title, &columns);
    for path in &reached.paths {
        let _ = writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", escape(&path_text(path, lang)), steps(path));
    }
    out.push_str("</tbody></table></div>\n");
    if reached.more_paths > 0 {
        let more = reached.more_paths;
        let _ =
            writeln!(out, "<p>{}</p>", pick(lang, format!("And {more} more."), format!("ほか {more} 件。")));
    }
}

fn path_text(path: &PathForm, lang: Lang) -> String {
    let mut names: Vec<String> = path.hops.first().map(|hop| name_of(&hop.from, lang)).into_iter().collect();
    names.extend(path.hops.iter().map(|hop| name_of(&hop.to, lang)));
    let sure = if path.certain { "" } else { pick(lang, " (possible)", " (可能性あり)") };
    format!("{}{sure}", names.join(" → "))
}

fn steps(path: &PathForm) -> String {
    let each = path.hops.iter().map(|hop| {
        let rules: Vec<_> = hop.outward.iter().chain(&hop.inward).map(super::RuleForm::text).collect();
        let packet = &hop.packet;
        format!(
            "<code>{}</code> {}",
            escape(&format!("{} {} → {}", packet.protocol, packet.from, packet.to)),
            escape(&rules.join(" → "))
        )
    });
    each.collect::<Vec<_>>().join("<br>")
}
