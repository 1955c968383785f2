//! What a change exposes, closes, widens or narrows, for people and programs.

use std::collections::BTreeMap;
use std::fmt::Write;

use estate::{Reason, resource_name};
use posture::{Lang, grouped, reason_text, settled_by};
use reach::difference::{Difference, Kind, Witness};
use reach::{Addresses, Reach, Start, internet, prefixes_of};
use serde::Serialize;

use crate::clean::clean;
use crate::reached::{RuleForm, WitnessForm, end, rules};
use crate::style::Page;
use crate::through::{noun, ports_text};
use crate::words::pick;

/// The version of the JSON form.
pub const SCHEMA: &str = "sekimori.diff/1";

/// How many prefixes of a set are shown.
const RANGES: usize = 50;

/// Two estates compared.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The version of this form.
    pub schema: &'static str,
    /// Where packets were asked to come from.
    pub from: String,
    /// The differences, by machine.
    pub differences: Vec<DifferenceForm>,
    /// Machines that could not be compared, and why.
    pub unknown: Vec<UnknownForm>,
    /// How many differences of each kind there are.
    pub summary: BTreeMap<&'static str, usize>,
}

/// A difference.
#[derive(Clone, Debug, Serialize)]
pub struct DifferenceForm {
    /// `appeared`, `widened`, `moved`, `doubted`, `narrowed` or `vanished`.
    pub kind: &'static str,
    /// The machine.
    pub resource: String,
    /// Set when just the newer or just the older estate has it: `added`, `removed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<&'static str>,
    /// Its protocol.
    pub protocol: &'static str,
    /// The ports: `22`, `1000-2000` or `*`.
    pub ports: String,
    /// Who got there.
    pub before: SideForm,
    /// Who gets there.
    pub after: SideForm,
    /// A packet that gets through on one side only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<ProofForm>,
}

/// Who gets there in one estate.
#[derive(Clone, Debug, Serialize)]
pub struct SideForm {
    /// How many of the internet's IPv4 addresses certainly do.
    pub internet_ipv4_addresses: u128,
    /// The prefixes that certainly do, the first of them.
    pub ranges: Vec<String>,
    /// Whether others may.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
    /// Whether it is all of the internet.
    #[serde(skip)]
    pub everyone: bool,
}

/// A packet that tells the two estates apart.
#[derive(Clone, Debug, Serialize)]
pub struct ProofForm {
    /// `new` or `old`: where it gets through.
    pub passes_in: &'static str,
    /// Whether it certainly does.
    pub certain: bool,
    /// The packet.
    #[serde(flatten)]
    pub packet: WitnessForm,
    /// What has the public address; none for a way inside the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The rules that let it through there.
    pub decided_by: Vec<RuleForm>,
}

/// A machine that could not be compared in full.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnknownForm {
    /// The machine.
    pub resource: String,
    /// Why.
    pub reason: String,
    /// What would settle it.
    pub settled_by: String,
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Appeared => "appeared",
        Kind::Widened => "widened",
        Kind::Moved => "moved",
        Kind::Doubted => "doubted",
        Kind::Narrowed => "narrowed",
        Kind::Vanished => "vanished",
    }
}

fn word_ja(kind: &str) -> &'static str {
    match kind {
        "appeared" => "新たに公開",
        "widened" => "送信元が拡大",
        "moved" => "送信元が変化",
        "doubted" => "確実性が変化",
        "narrowed" => "送信元が縮小",
        _ => "閉鎖",
    }
}

/// What a machine's differences become: `old` and `new` are the estates, `machine` is whether one lacks it.
pub fn difference_form(
    (old, new): (&Reach<'_>, &Reach<'_>),
    resource: &str,
    machine: Option<&'static str>,
    difference: &Difference,
) -> DifferenceForm {
    let side = |set: &reach::MustMay| {
        let outside = internet(difference.family);
        SideForm {
            internet_ipv4_addresses: match difference.family {
                estate::Family::V4 => set.must.intersection(outside).count(),
                estate::Family::V6 => 0,
            },
            ranges: prefixes_of(&set.must, difference.family, RANGES),
            uncertain: set.must != set.may,
            everyone: everyone(&set.must, outside),
        }
    };
    DifferenceForm {
        kind: word(difference.kind),
        resource: resource.to_owned(),
        machine,
        protocol: difference.protocol.name(),
        ports: ports_text(&[difference.ports].into_iter().collect()),
        before: side(&difference.before),
        after: side(&difference.after),
        witness: difference
            .witness
            .as_ref()
            .map(|witness| proof(if witness.now { new } else { old }, witness)),
    }
}

/// Nearly all of the internet: what is missing is the networks' own.
fn everyone(set: &Addresses, outside: &Addresses) -> bool {
    !set.is_empty() && outside.difference(set).count() < outside.count() / 256
}

fn proof(reach: &Reach<'_>, witness: &Witness) -> ProofForm {
    let estate = reach.estate();
    let packet = witness.packet;
    ProofForm {
        passes_in: if witness.now { "new" } else { "old" },
        certain: witness.certain,
        packet: WitnessForm {
            from: end(Some(packet.remote), packet.remote_port, packet.protocol),
            to: end(witness.to, packet.local_port, packet.protocol),
            protocol: packet.protocol.name(),
        },
        via: match &witness.way.start {
            Start::Internet { via, .. } => {
                let id = estate.text(*via);
                Some(format!("{} {id}", noun(id)))
            }
            Start::Network => None,
        },
        decided_by: rules(estate, &witness.way.endpoint, witness.opening.rules, witness.opening.admin),
    }
}

/// A machine that could not be compared.
pub fn unknown_form(resource: &str, reason: &Reason, lang: Lang) -> UnknownForm {
    UnknownForm {
        resource: resource.to_owned(),
        reason: reason_text(reason, lang),
        settled_by: settled_by(reason, lang),
    }
}

/// Puts the differences together.
pub fn compared(from: &str, differences: Vec<DifferenceForm>, mut unknown: Vec<UnknownForm>) -> Compared {
    let mut summary: BTreeMap<&'static str, usize> = BTreeMap::new();
    for kind in ["appeared", "widened", "moved", "doubted", "narrowed", "vanished"] {
        summary.insert(kind, differences.iter().filter(|one| one.kind == kind).count());
    }
    unknown.sort();
    unknown.dedup();
    Compared { schema: SCHEMA, from: from.to_owned(), differences, unknown, summary }
}

impl Compared {
    /// Whether somebody gets somewhere now who did not before, or may.
    pub fn is_wider(&self) -> bool {
        let wider = ["appeared", "widened", "moved", "doubted"];
        self.differences.iter().any(|one| wider.contains(&one.kind))
    }
}

impl SideForm {
    fn text(&self, lang: Lang) -> String {
        let count = self.internet_ipv4_addresses;
        let mut text = if self.everyone {
            pick(lang, "the whole internet".to_owned(), "インターネット全体".to_owned())
        } else if self.ranges.is_empty() {
            pick(lang, "nobody".to_owned(), "なし".to_owned())
        } else {
            let mut ranges = self.ranges.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            if self.ranges.len() > 3 {
                ranges += ", …";
            }
            match (count, lang) {
                (0, _) => ranges,
                (1, Lang::En) => format!("1 internet address ({ranges})"),
                (_, Lang::En) => format!("{} internet addresses ({ranges})", grouped(count)),
                (_, Lang::Ja) => format!("インターネットのアドレス {} 個 ({ranges})", grouped(count)),
            }
        };
        if self.uncertain {
            text += pick(lang, ", perhaps others", " (ほかにもある可能性)");
        }
        text
    }
}

/// The comparison as text.
pub fn to_text(compared: &Compared, lang: Lang, page: &Page) -> String {
    let style = page.style;
    let mut out = String::new();
    for one in &compared.differences {
        let mark = match one.kind {
            "appeared" => "+",
            "vanished" => "-",
            "doubted" => "?",
            _ => "~",
        };
        let name = clean(resource_name(&one.resource)).into_owned();
        let kind = pick(lang, one.kind, word_ja(one.kind));
        let what = match one.ports.as_str() {
            "*" => one.protocol.to_ascii_uppercase(),
            ports => format!("{} {ports}", one.protocol.to_ascii_uppercase()),
        };
        let machine = match (one.machine, lang) {
            (Some("added"), Lang::En) => " (a new machine)",
            (Some("added"), Lang::Ja) => " (新しいマシン)",
            (Some(_), Lang::En) => " (the machine is gone)",
            (Some(_), Lang::Ja) => " (なくなったマシン)",
            (None, _) => "",
        };
        let _ = writeln!(out, "{mark} {}", style.bold(&format!("{name}  {what}  {kind}{machine}")));
        let _ = writeln!(out, "    {} → {}", one.before.text(lang), one.after.text(lang));
        if let Some(proof) = &one.witness {
            let rules: Vec<_> = proof.decided_by.iter().map(RuleForm::text).collect();
            let only = match (proof.passes_in, proof.certain, lang) {
                ("new", true, Lang::En) => "passes now",
                ("new", true, Lang::Ja) => "変更後に通過",
                ("new", false, Lang::En) => "may pass now",
                ("new", false, Lang::Ja) => "変更後に通過する可能性あり",
                (_, true, Lang::En) => "passed before",
                (_, true, Lang::Ja) => "変更前に通過",
                (_, false, Lang::En) => "may have passed before",
                (_, false, Lang::Ja) => "変更前に通過した可能性あり",
            };
            let text = format!(
                "{only}: {} {} → {}  {}",
                proof.packet.protocol,
                proof.packet.from,
                proof.packet.to,
                rules.join(" → ")
            );
            let _ = writeln!(out, "    {}", style.dim(text.trim_end()));
        }
    }
    for row in &compared.unknown {
        let name = clean(resource_name(&row.resource)).into_owned();
        let settled = pick(lang, "settled by", "解決方法");
        let _ = writeln!(out, "? {name}  {}\n    {settled}: {}", clean(&row.reason), clean(&row.settled_by));
    }
    let counts: Vec<_> = ["appeared", "widened", "moved", "doubted", "narrowed", "vanished"]
        .into_iter()
        .filter_map(|kind| {
            let count = compared.summary.get(kind).copied().filter(|count| *count > 0)?;
            Some(pick(lang, format!("{count} {kind}"), format!("{} {count} 件", word_ja(kind))))
        })
        .collect();
    let total = match (counts.is_empty(), lang) {
        (true, Lang::En) => "no exposure differs".to_owned(),
        (true, Lang::Ja) => "公開状況に違いはありません".to_owned(),
        (false, Lang::En) => counts.join(", "),
        (false, Lang::Ja) => counts.join("、"),
    };
    let _ = writeln!(out, "{}", style.bold(&total));
    out
}
