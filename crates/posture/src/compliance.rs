//! What checks say of the controls of catalogues that teams are audited by.
//!
//! A control stands here where a check refers to it. It is not met where one of its checks fails, unknown where one of them
//! cannot tell, and met only where each of them was judged. What a catalogue says of other things is not looked at.

use crate::check::{Check, Checkpoint, Reference};
use crate::engine::Outcome;
use crate::lang::{Lang, Text};
use crate::settings::Settings;
use crate::view::{Finding, Status};

/// A catalogue of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Catalogue {
    /// The checkpoints of Microsoft's advice on remote access to VMs.
    Checkpoints,
    /// The Microsoft cloud security benchmark, version 1.
    Mcsb,
    /// CIS Microsoft Azure Foundations Benchmark 6.0.
    Cis,
}

impl Catalogue {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Checkpoints, Self::Mcsb, Self::Cis];

    /// The name that people select by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checkpoints => "checkpoints",
            Self::Mcsb => "mcsb",
            Self::Cis => "cis",
        }
    }

    /// What it is called.
    pub fn title(self, lang: Lang) -> &'static str {
        let text = match self {
            Self::Checkpoints => Text {
                en: "Checkpoints of remote access",
                ja: "リモート アクセスのチェックポイント",
            },
            Self::Mcsb => Text {
                en: "Microsoft cloud security benchmark v1",
                ja: "Microsoft クラウド セキュリティ ベンチマーク v1",
            },
            Self::Cis => Text {
                en: "CIS Microsoft Azure Foundations Benchmark 6.0",
                ja: "CIS Microsoft Azure Foundations Benchmark 6.0",
            },
        };
        text.of(lang)
    }
}

/// How a control stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Met {
    /// A check of it fails.
    No,
    /// Nobody can tell.
    Unknown,
    /// Each of its checks was judged, and passed.
    Yes,
    /// There is nothing that it is about.
    Nothing,
}

impl Met {
    /// A stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "not-met",
            Self::Unknown => "unknown",
            Self::Yes => "met",
            Self::Nothing => "not-applicable",
        }
    }
}

/// A control, and what checks say of it.
pub struct Control<'o> {
    /// Its number, or the name of the checkpoint.
    pub id: &'static str,
    /// What it asks for; none for a checkpoint, which has a word of its own.
    pub title: Option<Text>,
    /// The checkpoint, if it is one.
    pub checkpoint: Option<Checkpoint>,
    /// How it stands.
    pub met: Met,
    /// The checks that were asked, by code.
    pub checks: Vec<&'static str>,
    /// What fails, as in the outcome.
    pub failed: Vec<&'o Finding>,
    /// How much more fails and is suppressed by a decision of the team: the control is not met all the same.
    pub suppressed: usize,
    /// Checks that cannot tell, or have no facts to go by.
    pub unknown: Vec<&'static str>,
    /// How many resources passed its checks, each counted by each check.
    pub passed: u64,
}

/// The controls of a catalogue that checks refer to, in its order.
pub fn compliance<'o>(outcome: &'o Outcome, settings: &Settings, catalogue: Catalogue) -> Vec<Control<'o>> {
    let control = |id: &'static str, title, checkpoint, is_of: &dyn Fn(&Check) -> bool| {
        let port = port_of(catalogue, id);
        let counts = |finding: &&Finding| {
            finding.status == Status::Fail && is_of(finding.check) && concerns(finding, port)
        };
        let ran: Vec<_> = outcome.by_check.iter().filter(|its| is_of(its.check)).collect();
        let failed: Vec<&Finding> = outcome.findings.iter().filter(counts).collect();
        let suppressed = outcome.suppressed.iter().filter(|row| counts(&&row.finding)).count();
        let untold = |code: &str| outcome.score.untold.contains(&code);
        // A port that the team has taken out of the management ports is not looked at, and a finding for other ports may not
        // tell of this one.
        let other = port.is_some_and(|port| {
            let all = outcome.findings.iter().filter(|finding| is_of(finding.check));
            !settings.management_ports.contains(&port) || all.into_iter().any(tells_not_all)
        });
        let unknown: Vec<&str> = ran
            .iter()
            .filter(|its| its.unknown > 0 || other || untold(its.check.code))
            .map(|its| its.check.code)
            .collect();
        let passed = ran.iter().map(|its| its.pass).sum();
        // Where one port of a check is open, the other control of the check is met by what it does not say.
        let spoken = passed > 0 || ran.iter().any(|its| its.fail > 0);
        let met = match (failed.is_empty() && suppressed == 0, unknown.is_empty(), spoken) {
            (false, ..) => Met::No,
            (true, false, _) => Met::Unknown,
            (true, true, true) => Met::Yes,
            (true, true, false) => Met::Nothing,
        };
        let checks = ran.iter().map(|its| its.check.code).collect();
        Control { id, title, checkpoint, met, checks, failed, suppressed, unknown, passed }
    };
    let mut all: Vec<Control<'_>> = match catalogue {
        Catalogue::Checkpoints => Checkpoint::ALL
            .into_iter()
            .map(|one| control(one.name(), None, Some(one), &|check| check.checkpoint == one))
            .collect(),
        Catalogue::Mcsb => MCSB
            .iter()
            .map(|(id, title)| {
                let is = |one: &Reference| matches!(one, Reference::Mcsb(its) if its == id);
                control(id, Some(*title), None, &|check| check.refs.iter().any(is))
            })
            .collect(),
        Catalogue::Cis => CIS
            .iter()
            .map(|(id, title, _)| {
                let is = |one: &Reference| matches!(one, Reference::Cis(its) if its == id);
                control(id, Some(*title), None, &|check| check.refs.iter().any(is))
            })
            .collect(),
    };
    all.retain(|control| !control.checks.is_empty());
    all
}

/// The controls of catalogues that a finding speaks of, each with what it asks for. A control of one port is not spoken of by a
/// finding for another.
pub fn controls_of(finding: &Finding) -> impl Iterator<Item = (Catalogue, &'static str, Text)> {
    finding.check.refs.iter().filter_map(|reference| {
        let (catalogue, id, title) = match *reference {
            Reference::Mcsb(id) => (Catalogue::Mcsb, id, MCSB.iter().find(|(its, _)| *its == id)?.1),
            Reference::Cis(id) => (Catalogue::Cis, id, CIS.iter().find(|(its, ..)| *its == id)?.1),
            _ => return None,
        };
        let counts = finding.status == Status::Pass || concerns(finding, port_of(catalogue, id));
        counts.then_some((catalogue, id, title))
    })
}

/// The port that a control is about, where it is about one.
fn port_of(catalogue: Catalogue, id: &str) -> Option<u16> {
    let own = CIS.iter().filter(|_| catalogue == Catalogue::Cis).find(|(its, ..)| *its == id);
    own.and_then(|(.., port)| *port)
}

fn concerns(finding: &Finding, port: Option<u16>) -> bool {
    port.is_none_or(|port| {
        let holds = |ports: &estate::Range<u16>| (ports.first..=ports.last).contains(&port);
        finding.evidence.iter().any(|its| holds(&its.ports))
    })
}

/// Whether a finding about ports says that of others nobody can tell.
fn tells_not_all(finding: &Finding) -> bool {
    finding.facts.iter().any(|(name, _)| *name == OTHER_PORTS)
}

/// The fact that says so.
pub(crate) const OTHER_PORTS: &str = "other_ports";

const fn text(en: &'static str, ja: &'static str) -> Text {
    Text { en, ja }
}

/// Controls of the benchmark, in words of ours.
///
/// Source: <https://learn.microsoft.com/security/benchmark/azure/overview>
const MCSB: [(&str, Text); 26] = [
    ("NS-1", text("networks are divided by groups and rules", "ネットワークが NSG などで分割されている")),
    ("NS-2", text("services are reached by private ways", "サービスにプライベート接続で到達する")),
    ("NS-3", text("the edge to the internet is filtered", "インターネットとの境界がフィルターされている")),
    ("NS-5", text("floods are kept off", "DDoS から保護されている")),
    ("IM-1", text("people sign in with one directory", "ID が 1 つのディレクトリで管理されている")),
    (
        "IM-3",
        text("programs and machines have identities of their own", "アプリとマシンが管理対象 ID を使う"),
    ),
    ("IM-6", text("sign-in takes more than a password", "強力な認証を使う")),
    ("IM-7", text("access depends on conditions", "条件に基づいてアクセスを制限する")),
    ("IM-8", text("secrets do not lie open", "資格情報とシークレットが露出していない")),
    ("PA-1", text("administrators are few and apart", "高い特権を持つユーザーが限定されている")),
    ("PA-2", text("nobody has rights all the time", "永続的なアクセス権がない")),
    ("PA-4", text("rights are looked at again", "アクセス権が定期的に見直されている")),
    ("PA-5", text("emergency access is prepared", "緊急アクセスが準備されている")),
    ("PA-7", text("people have the least rights that do", "最小限の権限だけが付与されている")),
    ("DP-4", text("data at rest is encrypted", "保存データが暗号化されている")),
    ("LT-1", text("threats are detected", "脅威が検出される")),
    ("LT-3", text("logs are kept for investigations", "調査のためのログが記録されている")),
    ("LT-4", text("networks are logged", "ネットワーク ログが記録されている")),
    ("IR-4", text("incidents are investigated", "インシデントが調査されている")),
    ("PV-4", text("machines are configured by a baseline", "マシンの構成がベースラインに従っている")),
    ("PV-5", text("vulnerabilities are looked for", "脆弱性が評価されている")),
    ("PV-6", text("vulnerabilities are mended soon", "脆弱性が速やかに修復されている")),
    ("ES-1", text("attacks on machines are detected and answered", "EDR が使われている")),
    ("ES-2", text("machines are protected against malware", "マルウェア対策ソフトウェアが使われている")),
    ("BR-1", text("backups are made by themselves", "定期的に自動バックアップされている")),
    ("BR-2", text("backups are protected", "バックアップ データが保護されている")),
];

/// Recommendations of the benchmark, in words of ours, and the port that one is about.
const CIS: [(&str, Text, Option<u16>); 8] = [
    ("7.1", text("RDP is not open to the internet", "RDP がインターネットに公開されていない"), Some(3389)),
    ("7.2", text("SSH is not open to the internet", "SSH がインターネットに公開されていない"), Some(22)),
    ("7.3", text("UDP is not open to the internet", "UDP がインターネットに公開されていない"), None),
    (
        "7.4",
        text(
            "HTTP(S) from the internet is looked at and limited",
            "インターネットからの HTTP(S) が評価、制限されている",
        ),
        None,
    ),
    ("7.7", text("public IP addresses are looked at", "パブリック IP アドレスが評価されている"), None),
    ("8.1.3.3", text("machines have endpoint protection", "エンドポイント保護が導入されている"), None),
    ("8.1.10", text("machines are looked at for updates", "更新プログラムの状態が評価されている"), None),
    ("8.4.1", text("there is a bastion", "Azure Bastion がある"), None),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CHECKS;

    #[test]
    fn every_control_that_a_check_refers_to_has_a_title() {
        for check in CHECKS {
            for reference in check.refs {
                match reference {
                    Reference::Mcsb(id) => assert!(MCSB.iter().any(|(its, _)| its == id), "{id}"),
                    Reference::Cis(id) => assert!(CIS.iter().any(|(its, ..)| its == id), "{id}"),
                    _ => {}
                }
            }
        }
    }
}
