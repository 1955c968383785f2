//! The workbook: what is in it, whatever names the input holds, and that an office opens it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use calamine::{Data, Reader, Xlsx, open_workbook};
use common::{root, run};
use serde_json::{Value, json};

/// The cells of each sheet, as text.
type Book = BTreeMap<String, Vec<Vec<String>>>;

fn written(source: &str, lang: &str, folder: &Path) -> PathBuf {
    let path = folder.join(format!("report-{lang}.xlsx"));
    let name = path.display().to_string();
    let ran = run(&["check", source, "--lang", lang, "--output", &name], b"");
    assert!([0, 1, 3].contains(&ran.code), "{}", ran.err);
    path
}

fn book(path: &Path) -> Book {
    let mut workbook: Xlsx<_> = open_workbook(path).unwrap();
    let names = workbook.sheet_names();
    let sheet = |name: String| {
        let formulas = workbook.worksheet_formula(&name).unwrap();
        assert_eq!(formulas.used_cells().count(), 0, "{name}: nothing is a formula");
        let range = workbook.worksheet_range(&name).unwrap();
        let cell = |cell: &Data| match cell {
            Data::String(text) => text.clone(),
            Data::Float(number) => number.to_string(),
            other => other.to_string(),
        };
        (name, range.rows().map(|row| row.iter().map(cell).collect()).collect())
    };
    names.into_iter().map(sheet).collect()
}

fn example(name: &str) -> String {
    root().join("examples").join(name).display().to_string()
}

#[test]
fn it_holds_what_the_report_holds_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let source = example("watched-estate");
    let report = run(&["check", &source, "--format", "json"], b"").json();
    let count = |list: &str| report[list].as_array().unwrap().len();
    for (lang, sheets) in [
        ("en", ["Summary", "Findings", "VMs", "Compliance", "Unknown", "Checks"]),
        ("ja", ["概要", "検出結果", "仮想マシン別", "適合状況", "不明", "チェック一覧"]),
    ] {
        let book = book(&written(&source, lang, folder.path()));
        for sheet in sheets {
            assert!(book.contains_key(sheet), "{sheet}: {:?}", book.keys());
        }
        assert_eq!(book[sheets[1]].len(), count("findings") + 1);
        assert_eq!(book[sheets[2]].len() as u64, report["estate"]["vms"].as_u64().unwrap() + 1);
        let controls: usize = report["compliance"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["controls"].as_array().unwrap().len())
            .sum();
        assert_eq!(book[sheets[3]].len(), controls + 1);
        // By machine: the numbers are those of the findings.
        let machines = &book[sheets[2]];
        for row in &machines[1..] {
            let own = report["findings"].as_array().unwrap().iter().filter(|finding| {
                finding["resource"].as_str().unwrap().ends_with(&format!("/virtualMachines/{}", row[0]))
                    && finding["status"] == "fail"
            });
            let sum: f64 = row[4..8].iter().map(|cell| cell.parse::<f64>().unwrap()).sum();
            assert!((sum - own.count() as f64).abs() < 0.5, "{row:?}");
        }
        let score = report["score"]["all"]["earned"].to_string();
        assert!(book[sheets[0]].iter().flatten().any(|cell| *cell == score), "{score}");
    }
}

/// Names that would be formulas, links or too long, and characters that no cell may hold.
#[test]
fn hostile_names_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let long = "n".repeat(40_000);
    for name in ["=1+1", "@SUM(A1)", "=HYPERLINK(1)", "-2+3", "a\u{8}b\u{b}c", "x]y[z", &long] {
        let id =
            format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/{name}");
        let vm = json!({"id": id, "type": "Microsoft.Compute/virtualMachines", "properties": {
            "osProfile": {"adminUsername": "admin", "linuxConfiguration": {"disablePasswordAuthentication": false}},
            "storageProfile": {"osDisk": {"osType": "Linux"}}}});
        let source = folder.path().join("vm.json");
        std::fs::write(&source, vm.to_string()).unwrap();
        let book = book(&written(&source.display().to_string(), "en", folder.path()));
        let findings = &book["Findings"];
        assert!(findings.len() > 1, "{name:.20}");
        for cell in book.values().flatten().flatten() {
            assert!(cell.encode_utf16().count() <= 32_767);
            assert!(!cell.contains(|c: char| c.is_control() && c != '\n'), "{cell:?}");
        }
        if name.len() < 100 && !name.contains(char::is_control) {
            assert!(book["VMs"].iter().any(|row| row[0] == name), "{name}");
        }
    }
}

#[test]
fn the_same_report_is_the_same_workbook_but_for_the_moment() {
    let folder = tempfile::tempdir().unwrap();
    let source = example("small-company");
    let one = book(&written(&source, "ja", folder.path()));
    let other = book(&written(&source, "ja", folder.path()));
    let rest = |book: &Book| {
        book.iter().filter(|(name, _)| *name != "概要").map(|(_, rows)| rows.clone()).collect::<Vec<_>>()
    };
    assert_eq!(rest(&one), rest(&other));
    let answer: Value = run(&["check", &source, "--format", "json"], b"").json();
    assert!(answer["findings"].as_array().is_some());
}

#[test]
#[ignore = "needs LibreOffice: cargo xtask test --full"]
fn an_office_opens_it_and_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    for (lang, words) in [
        ("en", ["Azure VM security report", "What gives the most points next", "Page 1 of"]),
        ("ja", ["Azure VM セキュリティ点検レポート", "次に取り組むと得点が大きい項目", "不適合"]),
    ] {
        let path = written(&example("watched-estate"), lang, folder.path());
        let ran = Command::new("soffice")
            .args(["--headless", "--convert-to", "pdf", "--outdir"])
            .arg(folder.path())
            .arg(&path)
            .env("HOME", folder.path())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let text = Command::new("pdftotext")
            .args(["-layout"])
            .arg(path.with_extension("pdf"))
            .arg("-")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        for word in words {
            assert!(text.contains(word), "{lang}: {word}");
        }
        let pages = text.matches('\u{c}').count();
        assert!((10..60).contains(&pages), "{pages} pages");
    }
}
