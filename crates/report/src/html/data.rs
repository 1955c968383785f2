//! The findings as data for `page.js`: compact, with every text once.

use hashbrown::HashMap;
use posture::{Finding, PortEvidence};
use serde::Serialize;

use crate::clean::clean;
use crate::facts::facts;
use crate::way::Kind;
use crate::words::{checkpoint_word, pick, severity_word, words};
use crate::{Report, way};

/// How many ways in a finding shows.
const WAYS: usize = 3;

#[derive(Serialize)]
struct Data<'r> {
    lang: &'static str,
    words: serde_json::Value,
    /// What severities are called, the least first.
    severities: Vec<&'static str>,
    checks: Vec<CheckForm<'r>>,
    checkpoints: Vec<&'static str>,
    /// Every text that stands more than once.
    texts: Vec<String>,
    blocks: Vec<BlockForm>,
    /// Whether there is an earlier check to tell new findings by.
    compared: bool,
}

#[derive(Serialize)]
struct CheckForm<'r> {
    code: &'r str,
    slug: &'r str,
    title: &'r str,
    why: &'r str,
    checkpoint: usize,
}

/// One root cause.
#[derive(Serialize)]
struct BlockForm {
    fix: String,
    rows: Vec<RowForm>,
}

/// One finding. Short names, as there may be a hundred thousand.
#[derive(Serialize)]
struct RowForm {
    /// Check, by number.
    c: usize,
    /// Severity, by number.
    s: usize,
    /// Resource id, by number of its text.
    r: usize,
    /// What is so.
    m: String,
    /// Where its cause stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<String>,
    /// The finding's id.
    i: String,
    /// 1 where it is new.
    #[serde(skip_serializing_if = "is_zero")]
    n: u8,
    /// The ways in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    w: Vec<WayForm>,
    /// What else proves it: labels and values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    f: Vec<(String, String)>,
    /// How many more ways there are.
    #[serde(skip_serializing_if = "is_zero")]
    x: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// One way in. Steps are pairs of texts by number: name and detail.
#[derive(Serialize, PartialEq)]
struct WayForm {
    /// Public IP, what forwards (or none), admin rule (or none), subnet's group, NIC's group, NIC, VM.
    s: [[usize; 2]; 7],
    /// How many addresses come in.
    a: u64,
    /// 1 where everybody does, of either family.
    #[serde(skip_serializing_if = "is_zero")]
    e: u8,
    /// Which, by number of a text.
    f: usize,
    /// The ports.
    o: String,
    /// A packet that gets through.
    t: String,
}

#[derive(Default)]
struct Texts {
    index: HashMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        let next = self.index.len();
        *self.index.entry_ref(text).or_insert(next)
    }

    fn list(self) -> Vec<String> {
        let mut list = vec![String::new(); self.index.len()];
        let mut all: Vec<_> = self.index.into_iter().collect();
        all.sort_unstable_by_key(|(_, number)| *number);
        for (slot, (text, _)) in list.iter_mut().zip(all) {
            *slot = text;
        }
        list
    }
}

/// The data of a page, as JSON that cannot end a script element.
pub(super) fn of(report: &Report<'_>, blocks: &[Vec<&Finding>]) -> String {
    let lang = report.lang;
    let mut texts = Texts::default();
    let mut checkpoints = Vec::new();
    let checks = report
        .checks
        .iter()
        .map(|check| {
            let word = checkpoint_word(check.checkpoint, lang);
            let checkpoint = checkpoints.iter().position(|its| *its == word).unwrap_or_else(|| {
                checkpoints.push(word);
                checkpoints.len() - 1
            });
            CheckForm {
                code: check.code,
                slug: check.slug,
                title: check.title.of(lang),
                why: check.why.of(lang),
                checkpoint,
            }
        })
        .collect();
    let severities = SEVERITIES.iter().map(|severity| severity_word(*severity, lang)).collect();
    let blocks = blocks
        .iter()
        .map(|block| {
            let rows: Vec<_> = block.iter().map(|finding| row(report, finding, &mut texts)).collect();
            let fix = block.first().map(|first| lines(&first.fix)).unwrap_or_default();
            BlockForm { fix, rows }
        })
        .collect();
    let data = Data {
        lang: pick(lang, "en", "ja"),
        words: labels(report),
        severities,
        checks,
        checkpoints,
        texts: texts.list(),
        blocks,
        compared: report.comparison.is_some(),
    };
    // Serialising to memory fails only for maps with keys that are no strings; there are none.
    serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c")
}

const SEVERITIES: [posture::Severity; 4] =
    [posture::Severity::Low, posture::Severity::Medium, posture::Severity::High, posture::Severity::Critical];

fn lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn row(report: &Report<'_>, finding: &Finding, texts: &mut Texts) -> RowForm {
    let place = finding.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer));
    let id = finding.id(report.estate);
    let mut ways: Vec<WayForm> = Vec::new();
    let mut more = 0u8;
    for open in &finding.evidence {
        let form = way_form(report, finding, open, texts);
        let same = |other: &WayForm| other.s == form.s && other.a == form.a && other.f == form.f;
        let (at, room) = (ways.iter().position(same), ways.len() < WAYS);
        match at.and_then(|at| ways.get_mut(at)) {
            Some(other) => {
                other.o += ", ";
                other.o += &form.o;
            }
            None if room => ways.push(form),
            None => more = more.saturating_add(1),
        }
    }
    RowForm {
        c: report.checks.iter().position(|check| check.code == finding.check.code).unwrap_or(0),
        s: SEVERITIES.iter().position(|severity| *severity == finding.severity).unwrap_or(0),
        r: texts.number(&clean(report.estate.text(finding.resource))),
        m: clean(&finding.message).into_owned(),
        p: place.map(|at| at.shown()),
        n: u8::from(report.is_new(&id) == Some(true)),
        i: id,
        w: ways,
        f: facts(finding, report.lang),
        x: more,
    }
}

fn way_form(report: &Report<'_>, finding: &Finding, open: &PortEvidence, texts: &mut Texts) -> WayForm {
    let steps = way::steps(report, finding, open);
    let empty = texts.number("");
    let kinds = [
        Kind::PublicIp,
        Kind::Forwarder,
        Kind::Admin,
        Kind::SubnetGroup,
        Kind::NicGroup,
        Kind::Nic,
        Kind::Vm,
    ];
    let numbers = kinds.map(|kind| match steps.iter().find(|step| step.kind == kind) {
        Some(step) => [texts.number(&step.name), texts.number(&step.detail)],
        None => [empty, empty],
    });
    let packet = match &open.witness {
        Some((from, to)) => format!("{} {from} → {to}", open.protocol.name()),
        None => String::new(),
    };
    let protocol = open.protocol.name().to_ascii_uppercase();
    WayForm {
        s: numbers,
        a: u64::try_from(open.sources.internet_ipv4_addresses).unwrap_or(u64::MAX),
        e: u8::from(open.sources.everyone),
        f: texts.number(&way::ranges(open, 4)),
        o: format!("{protocol} {}", open.port_text()),
        t: packet,
    }
}

/// The words that the script shows.
fn labels(report: &Report<'_>) -> serde_json::Value {
    let lang = report.lang;
    let words = words(lang);
    let own: [(&str, &str, &str); 32] = [
        ("by", "Show", "表示"),
        ("byCause", "By root cause", "根本原因別"),
        ("byVm", "By resource", "リソース別"),
        ("byCheckpoint", "By checkpoint", "点検項目別"),
        ("search", "Search", "検索"),
        ("searchHint", "name, id, code, rule, address", "名前、ID、コード、規則、アドレス"),
        ("severity", "Severity", "重大度"),
        ("allChecks", "All checks", "すべてのチェック"),
        ("check", "Check", "チェック"),
        ("onlyNew", "New ones only", "新規のみ"),
        ("reset", "Reset", "リセット"),
        ("filtered", "filtered by", "絞り込み"),
        ("more", "Show {n} more", "さらに {n} 件を表示"),
        ("cause", "{n} of 1 root cause", "根本原因 1 件中 {n} 件"),
        ("causes", "{n} of {all} root causes", "根本原因 {all} 件中 {n} 件"),
        ("resource", "{n} of 1 resource", "リソース 1 個中 {n} 個"),
        ("resources", "{n} of {all} resources", "リソース {all} 個中 {n} 個"),
        ("checkpoint", "{n} of 1 checkpoint", "点検項目 1 件中 {n} 件"),
        ("checkpoints", "{n} of {all} checkpoints", "点検項目 {all} 件中 {n} 件"),
        ("printed", "The first {n} of {all} are printed.", "{all} 件中、先頭の {n} 件を印刷しています。"),
        ("addresses", "{n} addresses", "アドレス {n} 個"),
        ("address", "1 address", "アドレス 1 個"),
        ("publicIp", "public IP", "パブリック IP"),
        ("affected", "Affected", "影響を受けるリソース"),
        ("copy", "Copy", "コピー"),
        ("copied", "Copied", "コピーしました"),
        ("selected", "Selected: press Ctrl+C", "選択しました。Ctrl+C でコピーできます"),
        ("findings", "{n} findings", "検出 {n} 件"),
        ("finding", "1 finding", "検出 1 件"),
        ("moreWays", "{n} more ways in", "ほかに {n} 件の経路"),
        ("moreResources", "and {n} more", "ほか {n} 件"),
        ("alsoChecks", "Also found", "同じ原因による検出"),
    ];
    let mut map: serde_json::Map<String, serde_json::Value> =
        own.iter().map(|(key, en, ja)| ((*key).to_owned(), pick(lang, *en, *ja).into())).collect();
    let nothing = crate::sentences::nothing(report);
    let shared = [
        ("nothing", nothing.as_str()),
        ("internet", words.internet),
        ("subnetGroup", words.subnet_group),
        ("nicGroup", words.nic_group),
        ("noGroup", words.none),
        ("forwarder", way::label(Kind::Forwarder, lang)),
        ("admin", way::label(Kind::Admin, lang)),
        ("way", words.way_in),
        ("proof", words.proof),
        ("sources", words.sources),
        ("position", words.position),
        ("why", words.why),
        ("fix", words.fix),
        ("new", words.new),
    ];
    map.extend(shared.iter().map(|(key, text)| ((*key).to_owned(), (*text).into())));
    map.into()
}
