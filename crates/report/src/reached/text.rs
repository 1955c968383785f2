//! The answer as text, for a terminal.

use std::fmt::Write;

use posture::Lang;

use super::{HopForm, Reached, RowForm, WayForm, name_of};
use crate::clean::clean;
use crate::style::Page;
use crate::words::pick;

/// The answer as text.
pub fn to_text(reached: &Reached, lang: Lang, page: &Page) -> String {
    let mut out = String::new();
    let style = page.style;
    let from = name_of(&reached.from, lang);
    let ports = match reached.ports.as_str() {
        "*" => String::new(),
        ports => pick(lang, format!(" on port {ports}"), format!(" (ポート {ports})")),
    };
    let over = match (reached.directly, lang) {
        (true, _) => "",
        (false, Lang::En) => ", over other machines",
        (false, Lang::Ja) => " (ほかのマシンを経由)",
    };
    let head = match (reached.verdict, lang) {
        ("reachable", Lang::En) => format!("{} can be reached from {from}{ports}", reached.name),
        ("reachable", Lang::Ja) => format!("{} には{}から到達できます{ports}", reached.name, spaced(&from)),
        ("unknown", Lang::En) => format!("{} may be reached from {from}{ports}", reached.name),
        ("unknown", Lang::Ja) => {
            format!("{} には{}から到達できる可能性があります{ports}", reached.name, spaced(&from))
        }
        (_, Lang::En) => format!("{} cannot be reached from {from}{ports}", reached.name),
        (_, Lang::Ja) => format!("{} には{}から到達できません{ports}", reached.name, spaced(&from)),
    };
    let _ = writeln!(out, "{}", style.bold(&format!("{head}{over}")));
    for address in reached.addresses.iter().filter(|_| !reached.from_vm) {
        let nic = name_of(&address.nic, lang);
        let own = address.address.as_deref().unwrap_or(pick(lang, "no address yet", "アドレス未割り当て"));
        let _ = writeln!(out, "\n{} {own}  ({nic})", style.frame("●"));
        if address.ways.is_empty() {
            let _ = writeln!(
                out,
                "  {}",
                style.good(pick(lang, "nothing gets in", "到達できる経路はありません"))
            );
        }
        address.ways.iter().for_each(|way| write_way(&mut out, way, lang, page));
    }
    if !reached.paths.is_empty() {
        let title = match reached.from_vm {
            true => pick(lang, "Paths", "経路"),
            false => pick(lang, "Over other machines", "ほかのマシンを経由する経路"),
        };
        let _ = writeln!(out, "\n{}", style.bold(title));
        for path in &reached.paths {
            let mut line = path.hops.first().map(|hop| name_of(&hop.from, lang)).unwrap_or_default();
            for hop in &path.hops {
                let _ = write!(line, " → {}", hop_text(hop, lang));
            }
            let sure = if path.certain { "" } else { pick(lang, "  (possible)", "  (可能性あり)") };
            let _ = writeln!(out, "  {line}{sure}");
            for hop in &path.hops {
                let rules: Vec<_> =
                    hop.outward.iter().chain(&hop.inward).map(super::RuleForm::text).collect();
                let packet = &hop.packet;
                let text =
                    format!("{} {} → {}  {}", packet.protocol, packet.from, packet.to, rules.join(" → "));
                let _ = writeln!(out, "      {}", style.dim(text.trim_end()));
            }
        }
        if reached.more_paths > 0 {
            let more = reached.more_paths;
            let _ = writeln!(out, "  {}", pick(lang, format!("and {more} more"), format!("ほか {more} 件")));
        }
    }
    if !reached.unknown.is_empty() {
        let title = pick(lang, "Could not be judged", "判定できなかったこと");
        let _ = writeln!(out, "\n{}", style.bold(title));
        for row in &reached.unknown {
            let settled = pick(lang, "settled by", "解決方法");
            let _ = writeln!(out, "  {}\n    {settled}: {}", clean(&row.reason), clean(&row.settled_by));
        }
    }
    out
}

fn write_way(out: &mut String, way: &WayForm, lang: Lang, page: &Page) {
    let _ = writeln!(out, "  {}", way_title(way, lang));
    for row in &way.rows {
        write_row(out, row, lang, page);
    }
    if let Some(note) = &way.note {
        let _ = writeln!(out, "    {} {}", page.style.dim("!"), clean(note));
    }
}

/// The ways in to each address, one below the other.
pub(crate) fn write_ways(out: &mut String, reached: &Reached, lang: Lang, page: &Page) {
    let ways = reached.addresses.iter().flat_map(|address| &address.ways);
    ways.for_each(|way| write_way(out, way, lang, page));
}

/// Japanese sets Latin letters apart from its own with a space.
fn spaced(words: &str) -> String {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii());
    let before = if latin(words.chars().next()) { " " } else { "" };
    let after = if latin(words.chars().next_back()) { " " } else { "" };
    format!("{before}{words}{after}")
}

fn hop_text(hop: &HopForm, lang: Lang) -> String {
    let port = hop.packet.to.rsplit(':').next().unwrap_or_default();
    let alike = match hop.alike {
        0 => String::new(),
        more => pick(lang, format!(" and {more} like it"), format!(" (同様のもの ほか {more} 件)")),
    };
    let via = hop.via.as_deref().map(|via| name_of(via, lang)).map(|via| match lang {
        Lang::En => format!(" by {via}"),
        Lang::Ja => format!(" {via} 経由"),
    });
    let protocol = hop.packet.protocol.to_ascii_uppercase();
    format!("{}{alike} ({protocol} {port}{})", name_of(&hop.to, lang), via.unwrap_or_default())
}

/// `from the internet, by web-pip (20.1.2.3), forwarded by lb / ssh (50022 → 22)`.
pub(super) fn way_title(way: &WayForm, lang: Lang) -> String {
    if way.start == "network" {
        return pick(
            lang,
            "from the virtual network, its peers and what is connected to it",
            "仮想ネットワーク、ピアリング先、接続されたネットワークから",
        )
        .to_owned();
    }
    let forwarded = way.through.as_ref().map(|through| {
        let name = name_of(&through.resource, lang);
        let rule = clean(&through.rule);
        let ports = format!("{} → {}", through.frontend_port, through.backend_port);
        pick(
            lang,
            format!(", forwarded by {name} / {rule} ({ports})"),
            format!("、{name} / {rule} による転送 ({ports})"),
        )
    });
    let forwarded = forwarded.unwrap_or_default();
    let via = &way.via_name;
    pick(
        lang,
        format!("from the internet, by {via}{forwarded}"),
        format!("インターネットから {via} 経由{forwarded}"),
    )
}

fn write_row(out: &mut String, row: &RowForm, lang: Lang, page: &Page) {
    let style = page.style;
    let sure = if row.certain { "" } else { pick(lang, " (possible)", " (可能性あり)") };
    let _ = writeln!(out, "    {}{sure}  ← {}", style.bold(&row.what(lang)), row.sources.text(lang));
    if row.source_ports != "*" {
        let ports = &row.source_ports;
        let text = pick(lang, format!("from ports {ports}"), format!("送信元ポート {ports}"));
        let _ = writeln!(out, "      {text}");
    }
    let rules: Vec<_> = row.decided_by.iter().map(super::RuleForm::text).collect();
    let rules = match rules.is_empty() {
        true => pick(lang, "no group looks", "NSG なし").to_owned(),
        false => rules.join(" → "),
    };
    let witness = row.witness.as_ref().map(|packet| format!("{} → {}", packet.from, packet.to));
    let text = [rules, witness.unwrap_or_default()].join("   ");
    let _ = writeln!(out, "      {}", style.dim(text.trim_end()));
    for reason in &row.unknown {
        let _ = writeln!(out, "      {}", clean(reason));
    }
}
