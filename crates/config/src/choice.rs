//! Choices that files, flags and environment variables share.

use posture::{Severity, Text};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people, in a terminal.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
    /// One file for a browser.
    Html,
    /// For pull requests and wikis.
    Markdown,
    /// For spreadsheets.
    Csv,
    /// For the test pages of build servers.
    Junit,
    /// A workbook, for managers.
    Xlsx,
    /// Events of OCSF, for security lakes and SIEMs.
    Ocsf,
    /// With the columns of Defender for Cloud's own report.
    DefenderCsv,
}

impl Format {
    /// Every form, with its name, what it is for, and how names of files in it end.
    pub const ALL: [(Self, &'static str, Text, &'static [&'static str]); 10] = [
        (Self::Text, "text", Text { en: "for people", ja: "人が読む形式" }, &[".txt"]),
        (Self::Json, "json", Text { en: "for programs", ja: "プログラムで処理する形式" }, &[".json"]),
        (
            Self::Sarif,
            "sarif",
            Text { en: "SARIF 2.1.0, for code scanning", ja: "SARIF 2.1.0 (コード スキャン用)" },
            &[".sarif", ".sarif.json"],
        ),
        (
            Self::Html,
            "html",
            Text {
                en: "one file with pictures, for a browser", ja: "ブラウザーで開く図入りの 1 ファイル"
            },
            &[".html", ".htm"],
        ),
        (
            Self::Markdown,
            "markdown",
            Text { en: "for pull requests and wikis", ja: "プル リクエストや Wiki 用" },
            &[".md", ".markdown"],
        ),
        (Self::Csv, "csv", Text { en: "for spreadsheets", ja: "表計算ソフト用" }, &[".csv"]),
        (
            Self::Junit,
            "junit",
            Text { en: "JUnit XML, for build servers", ja: "JUnit XML (ビルド サーバー用)" },
            &[".xml"],
        ),
        (
            Self::Xlsx,
            "xlsx",
            Text { en: "a workbook of Excel, for managers", ja: "Excel ブック (報告用)" },
            &[".xlsx"],
        ),
        (
            Self::Ocsf,
            "ocsf",
            Text {
                en: "OCSF events, for security lakes and SIEMs",
                ja: "OCSF イベント (SIEM、セキュリティ データ レイク用)",
            },
            &[".ocsf.json"],
        ),
        (
            Self::DefenderCsv,
            "defender-csv",
            Text {
                en: "CSV with the columns of Defender for Cloud",
                ja: "Defender for Cloud の CSV レポートと同じ列の CSV",
            },
            &[".defender.csv"],
        ),
    ];

    /// The form of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, its, ..)| its.eq_ignore_ascii_case(name)).map(|(format, ..)| *format)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or("", |(_, name, ..)| name)
    }

    /// The form that the name of a file tells: the longest ending counts.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let endings =
            Self::ALL.iter().flat_map(|(format, _, _, ends)| ends.iter().map(|end| (*format, *end)));
        endings
            .filter(|(_, end)| name.ends_with(end))
            .max_by_key(|(_, end)| end.len())
            .map(|(format, _)| format)
    }
}

/// From which severity on findings change the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// From this severity on.
    From(Severity),
    /// Findings never do.
    Never,
}

impl FailOn {
    /// Every choice with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::From(Severity::Low), "low"),
        (Self::From(Severity::Medium), "medium"),
        (Self::From(Severity::High), "high"),
        (Self::From(Severity::Critical), "critical"),
        (Self::Never, "never"),
    ];

    /// The choice of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, its)| its.eq_ignore_ascii_case(name)).map(|(choice, _)| *choice)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(choice, _)| *choice == self).map_or("", |(_, name)| name)
    }

    /// Whether a finding of this severity counts.
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            Self::From(least) => severity >= least,
            Self::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_the_form() {
        let check = |name: &str, format: Option<Format>| assert_eq!(Format::of_file(name), format, "{name}");
        check("a.json", Some(Format::Json));
        check("a.sarif.json", Some(Format::Sarif));
        check("A.SARIF", Some(Format::Sarif));
        check("out/a.b.html", Some(Format::Html));
        check("findings.ocsf.json", Some(Format::Ocsf));
        check("ocsf.json", Some(Format::Json));
        check("a.defender.csv", Some(Format::DefenderCsv));
        check("defender.csv", Some(Format::Csv));
        check("r.md", Some(Format::Markdown));
        check("r.xml", Some(Format::Junit));
        check("json", None);
        check("a.pdf", None);
        for (format, name, _, ends) in Format::ALL {
            assert_eq!(Format::of_name(name), Some(format));
            assert!(ends.iter().all(|end| Format::of_file(&format!("x{end}")) == Some(format)));
        }
    }

    #[test]
    fn severities_fail_from_the_least_on() {
        assert!(FailOn::From(Severity::High).fails(Severity::Critical));
        assert!(FailOn::From(Severity::High).fails(Severity::High));
        assert!(!FailOn::From(Severity::High).fails(Severity::Medium));
        assert!(!FailOn::Never.fails(Severity::Critical));
        assert_eq!(FailOn::of_name("Never"), Some(FailOn::Never));
        assert_eq!(FailOn::of_name("none"), None);
    }
}
