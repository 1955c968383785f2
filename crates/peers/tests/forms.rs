//! Files of each form, whole and broken. Those in `files` are written by hand in the shapes that the tools write.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use peers::{Fault, Form, LIMIT, Report, Row, Subject, Verdict, read};

const PROWLER: &[u8] = include_bytes!("files/prowler.ocsf.json");
const PROWLER_CSV: &[u8] = include_bytes!("files/prowler.csv");
const CHECKOV: &[u8] = include_bytes!("files/checkov.sarif");
const DEFENDER: &[u8] = include_bytes!("files/defender.csv");

fn one(bytes: &[u8]) -> Report {
    let mut all = read(bytes).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn told(row: &Row) -> (&str, Verdict, bool, usize) {
    (&row.rule, row.verdict, row.muted, row.at)
}

fn last_part(row: &Row) -> &str {
    match &row.subject {
        Subject::Id(id) => id.rsplit('/').next().unwrap(),
        Subject::Named { names, .. } => names.first().map_or("", |name| name),
    }
}

#[test]
fn prowlers_events() {
    let report = one(PROWLER);
    assert_eq!((report.tool.as_str(), report.version.as_deref()), ("Prowler", Some("5.46.0")));
    assert_eq!((report.form, report.skipped), (Form::Ocsf, 0));
    let rows = &report.rows;
    assert_eq!(told(&rows[0]), ("network_rdp_internet_access_restricted", Verdict::Fail, false, 1));
    assert_eq!(told(&rows[1]), ("vm_ensure_using_managed_disks", Verdict::Pass, true, 2));
    assert_eq!(told(&rows[2]), ("appinsights_ensure_is_configured", Verdict::Open, false, 3));
    assert_eq!(rows.iter().map(last_part).collect::<Vec<_>>(), ["nsg-remote", "app1", "AppInsights"]);
    assert_eq!(&*rows[0].title, "RDP is restricted");
    // One event a line says the same.
    let lines: Vec<String> = serde_json::from_slice::<Vec<serde_json::Value>>(PROWLER)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(one(lines.join("\n").as_bytes()), report);
}

#[test]
fn prowlers_table() {
    let report = one(PROWLER_CSV);
    assert_eq!((report.form, report.version.as_deref()), (Form::ProwlerCsv, Some("5.46.0")));
    assert_eq!(told(&report.rows[0]), ("network_ssh_internet_access_restricted", Verdict::Pass, false, 2));
    assert_eq!(&*report.rows[0].message, "Security Group \"nsg-remote\"; fine");
    assert_eq!(told(&report.rows[1]), ("vm_linux_enforce_ssh_authentication", Verdict::Fail, true, 3));
    assert_eq!(&*report.rows[1].message, "two\nlines");
}

#[test]
fn checkovs_results() {
    let report = one(CHECKOV);
    assert_eq!((report.tool.as_str(), report.version.as_deref()), ("Checkov", Some("3.3.30")));
    assert_eq!((report.skipped, report.first_skipped), (1, Some(3)));
    assert_eq!(told(&report.rows[0]), ("CKV_AZURE_1", Verdict::Fail, false, 1));
    assert_eq!(&*report.rows[0].title, "No basic authentication");
    let named = Subject::Named {
        names: vec!["dns1".into()],
        of: "microsoft.compute/virtualmachines".into(),
        place: "vms.json:7".into(),
    };
    assert_eq!(report.rows[0].subject, named);
    assert_eq!(told(&report.rows[1]), ("CKV_AZURE_50", Verdict::Fail, true, 2));
}

#[test]
fn defenders_table() {
    let report = one(DEFENDER);
    assert_eq!((report.tool.as_str(), report.form), ("Defender for Cloud", Form::DefenderCsv));
    let key = "805651bc-6ecd-4c73-9b55-97a19d0582d0";
    assert_eq!(told(&report.rows[0]), (key, Verdict::Fail, false, 2));
    assert_eq!(&*report.rows[0].message, "d, with a comma");
    assert_eq!(report.rows[1].verdict, Verdict::Open);
    assert!(report.rows[1].muted);
    // In the shape of it, ours.
    let ours = one(b"resourceId,recommendationName,state\n/subscriptions/s,DEF003,Unknown\n");
    assert_eq!((ours.tool.as_str(), ours.rows[0].verdict), ("Sekimori", Verdict::Open));
}

#[test]
fn kinds_of_sarif() {
    let report = one(br#"{"version":"2.1.0","runs":[{"results":[
        {"rule":{"index":0},"kind":"pass","locations":[{"logicalLocations":[{"name":"x","fullyQualifiedName":"/subscriptions/s"}]}]},
        {"ruleId":"b","kind":"review"},
        {"ruleId":"c","suppressions":[{"kind":"external","status":"rejected"}]},
        {"ruleId":"d","level":7,"message":{"text":[1,{}]},"locations":[]},
        {"ruleId":"e","level":"none"},
        {"ruleId":"f","level":"error","baselineState":"absent"},
        {"ruleId":"g","level":"error","baselineState":"unchanged"}
    ],"tool":{"driver":{"rules":[{"id":"a"}]}}}]}"#);
    assert_eq!(report.tool, "SARIF");
    let rows: Vec<_> = report.rows.iter().map(told).collect();
    let expected = [
        ("a", Verdict::Pass, false, 1),
        ("b", Verdict::Open, false, 2),
        ("c", Verdict::Fail, false, 3),
        ("d", Verdict::Fail, false, 4),
        ("e", Verdict::Open, false, 5),
        ("f", Verdict::Open, false, 6),
        ("g", Verdict::Fail, false, 7),
    ];
    assert_eq!(rows, expected);
    assert_eq!(report.rows[0].subject, Subject::Id("/subscriptions/s".into()));
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    let check = |bytes: &[u8], expected: &str| {
        assert_eq!(read(bytes).unwrap_err().to_string(), expected, "{}", String::from_utf8_lossy(bytes));
    };
    check(b"", "the file is empty");
    check(b"\xef\xbb\xbf \n", "the file is empty");
    check(b"[{\"class_uid\":2004},\n{\"mess", "line 2, column 6: EOF while parsing a string");
    check(b"[1,2]", "none of 2 results tells a rule and an outcome; the first is number 1");
    check(b"[] x", "line 1, column 4: trailing characters");
    check(b"{\"runs\":[{\"results\":{}}]}", "line 1, column 20: invalid type: map, expected a list");
    let no_form = "neither OCSF nor SARIF, no table of Prowler and none of Defender for Cloud";
    check(b"\n{\"schema\":\"sekimori.check/1\"}", &format!("line 2: {no_form}"));
    check(b"{\"class_uid\":2003,\"status_code\":\"pass\"}\n\n{}", &format!("line 3: {no_form}"));
    check(b"hello\nworld", &format!("line 1: {no_form}"));
    check(b"a,b,c\n1,2,3\n", &format!("line 1: {no_form}"));
    check(b"CHECK_ID;STATUS;RESOURCE_NAME\n", "line 1: the table lacks the columns RESOURCE_UID");
    check(b"resourceId,state\n", "line 1: the table lacks the columns recommendationName");
    check(
        b"resourceId,recommendationName,state\na,\"b,c\n",
        "line 2: a quoted cell begins here and does not end",
    );
    check(b"resourceId,state\n\x82\xa0,x\n", "line 2: the text is not UTF-8");
    check(
        b"resourceId,recommendationName,state\na,b,c\nd,e,f\n",
        "none of 2 results tells a rule and an outcome; the first is number 2",
    );
    check(b"[{},{}]", "none of 2 results tells a rule and an outcome; the first is number 1");
    // One that has another shape does not stand in the way of the others.
    for odd in [
        "{\"metadata\":\"x\"}",
        "{\"class_uid\":1e400}",
        "{\"resources\":{}}",
        "null",
        "{\"message\":1,\"message\":2}",
    ] {
        let text = format!(
            "[{odd},{{\"class_uid\":2004,\"metadata\":{{\"event_code\":\"a\"}},\"status_code\":\"FAIL\"}}]"
        );
        let reports = read(text.as_bytes()).unwrap();
        let (rows, skipped): (usize, usize) = (
            reports.iter().map(|report| report.rows.len()).sum(),
            reports.iter().map(|report| report.skipped).sum(),
        );
        assert_eq!((rows, skipped), (1, 1), "{odd}");
    }
    // Nothing found is nothing wrong.
    assert!(one(b"[]").rows.is_empty());
    assert!(one(b"resourceId,recommendationName,state\n").rows.is_empty());
}

#[test]
fn every_cut_of_a_file_is_read_or_refused() {
    for whole in [PROWLER, PROWLER_CSV, CHECKOV, DEFENDER] {
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
        for at in (0..whole.len()).step_by(7) {
            let mut broken = whole.to_vec();
            broken[at] = b'"';
            let _ = read(&broken);
            broken[at] = 0xff;
            let _ = read(&broken);
        }
    }
}

#[test]
fn nonsense_of_any_size_is_refused() {
    let deep = "[".repeat(1_000_000);
    assert!(matches!(read(deep.as_bytes()), Err(Fault::Json { .. })));
    let wide = format!("{{\"message\":[{}1],\"class_uid\":1}}", "1,".repeat(5_000_000));
    assert!(matches!(read(wide.as_bytes()), Err(Fault::NoResults { .. })));
    let long = "x".repeat(100 << 20);
    assert!(matches!(read(long.as_bytes()), Err(Fault::NoForm { line: 1 })));
    let results = format!("{{\"runs\":[{{\"results\":[{}{{}}]}}]}}", "{},".repeat(1_000_000));
    assert!(matches!(read(results.as_bytes()), Err(Fault::Json { .. })));
    let mut table = String::from("resourceId,recommendationName,state\n");
    table += &"a,b,healthy\n".repeat(1_000_001);
    assert!(matches!(read(table.as_bytes()), Err(Fault::TooMany { .. })));
    assert_eq!(LIMIT, 256 << 20);
}
