//! `sekimori tags`: a newer list of service tags, and lists that are none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{Ran, estate, root, rule, run, run_in, scratch};

fn here(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let data = folder.join("data").display().to_string();
    run_in(folder, arguments, input.as_bytes(), &[("XDG_DATA_HOME", &data)])
}

/// A list in which `Storage` is one block.
fn list(change: u64, cloud: &str, prefix: &str) -> String {
    format!(
        r#"{{"changeNumber":{change},"cloud":"{cloud}","values":[{{"name":"Storage","id":"Storage","properties":{{"addressPrefixes":["{prefix}"]}}}}]}}"#
    )
}

#[test]
fn a_newer_list_is_gone_by_from_then_on() {
    let folder = scratch();
    let text = estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "Storage", "22")));
    let addresses = || {
        let report =
            here(folder.path(), &["check", "-", "--format", "json", "--select", "NET001"], &text).json();
        let count =
            report["findings"][0]["evidence"]["ports"][0]["sources"]["internet_ipv4_addresses"].clone();
        (count, report["tags_data"].as_str().unwrap().to_owned())
    };
    let built_in = addresses();
    assert_eq!(built_in.1, "2025-10-25");
    let name = "ServiceTags_Public_20261116.json";
    fs::write(folder.path().join(name), list(999, "Public", "9.9.0.0/16")).unwrap();
    let ran = here(folder.path(), &["tags", "update", name], "");
    assert_eq!((ran.code, ran.out.as_str()), (0, "Public 999 of 2026-11-16: 1 service tag\n"), "{}", ran.err);
    assert_eq!(addresses(), (65_536.into(), "2026-11-16".to_owned()));
    let version = here(folder.path(), &["version", "--verbose"], "").out;
    assert!(version.contains("service tags of: 2026-11-16"), "{version}");
    let shown = here(folder.path(), &["tags", "show", "STORAGE"], "").out;
    assert_eq!(shown, "STORAGE: 65,536 IPv4 addresses (2026-11-16)\n9.9.0.0/16\n");
    // A flow goes by it, too.
    let flow = here(
        folder.path(),
        &[
            "flow",
            "-",
            "--vm",
            "m",
            "--direction",
            "inbound",
            "--protocol",
            "TCP",
            "--local",
            "10.0.0.4:22",
            "--remote",
            "9.9.1.1:*",
            "--format",
            "json",
        ],
        &text,
    );
    assert_eq!(flow.json()["access"], "Allow", "{}", flow.err);
    // An older list of the same cloud than the product's own does not count.
    fs::write(folder.path().join("old.json"), list(3, "Public", "9.9.0.0/16")).unwrap();
    here(folder.path(), &["tags", "update", "old.json", "--date", "2020-01-01"], "");
    assert_eq!(addresses(), built_in);
    let older = here(folder.path(), &["tags", "update", "old.json", "--date", "2020-01-01"], "");
    assert!(
        older.err.contains("older than the program's own (2025-10-25), which stays in use"),
        "{}",
        older.err
    );
    // Another cloud's does.
    fs::write(folder.path().join("gov.json"), list(3, "AzureGovernment", "9.9.0.0/23")).unwrap();
    here(folder.path(), &["tags", "update", "gov.json", "--date", "2020-01-01"], "");
    assert_eq!(addresses(), (512.into(), "2020-01-01".to_owned()));
    assert_eq!(here(folder.path(), &["tags", "reset"], "").code, 0);
    assert_eq!(addresses(), built_in);
    assert_eq!(here(folder.path(), &["tags", "reset"], "").code, 0, "once more is no error");
}

#[test]
fn what_is_no_list_changes_nothing() {
    let folder = scratch();
    let cases = [
        ("nonsense", "is no list of service tags"),
        ("{}", "is no list of service tags"),
        (r#"{"changeNumber":1,"cloud":"Public","values":[]}"#, "holds no service tag"),
        (&list(1, "Public", "9.9.0.0/99"), "`9.9.0.0/99` of `Storage` is no prefix"),
    ];
    for (text, told) in cases {
        fs::write(folder.path().join("tags.json"), text).unwrap();
        let ran = here(folder.path(), &["tags", "update", "tags.json", "--date", "2026-01-01"], "");
        assert!(ran.code == 2 && ran.err.contains(told), "{}", ran.err);
        assert!(!folder.path().join("data").exists());
    }
    assert_eq!(here(folder.path(), &["tags", "update", "none.json"], "").code, 2);
    let undated = here(folder.path(), &["tags", "update", "tags.json"], "");
    assert!(
        undated.code == 2 && undated.err.contains("does not tell when it was published"),
        "{}",
        undated.err
    );
    fs::write(folder.path().join("tags.json"), list(1, "Public", "9.9.0.0/9")).unwrap();
    assert_eq!(here(folder.path(), &["tags", "update", "tags.json", "--date", "2026-02-30"], "").code, 2);
    // What was kept and is broken is told, not passed over.
    let kept = folder.path().join("data/sekimori/service-tags.bin");
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(&kept, "SKTAGS1\nbroken").unwrap();
    let ran = here(folder.path(), &["tags", "show", "--lang", "ja"], "");
    assert!(ran.code == 2 && ran.err.contains("を利用できません"), "{}", ran.err);
    let version = here(folder.path(), &["version", "--verbose"], "");
    assert!(version.code == 0 && version.err.contains("cannot be used"), "{}", version.err);
}

#[test]
fn typos_in_tags_are_told() {
    let ran = run(&["tags", "show", "AzureCloud.japaneas"], b"");
    assert!(ran.code == 2 && ran.err.contains("did you mean `AzureCloud.japaneast`?"), "{}", ran.err);
    let far = run(&["tags", "show", "zzz"], b"");
    assert!(far.code == 2 && !far.err.contains("did you mean"), "{}", far.err);
    let own = run(&["tags", "show", "internet"], b"");
    assert!(own.code == 2 && own.err.contains("worked out for each network"), "{}", own.err);
    let all = run(&["tags", "show", "--format", "json"], b"").json();
    assert_eq!(all["tags"].as_array().unwrap().len(), 3039);
}

/// Where the published list is at hand, the product's own is made from it anew and must be the same.
#[test]
fn the_list_of_the_product_is_the_published_one() {
    let published = root().join("../shared/azure/service-tags/ServiceTags_Public.json");
    if !published.exists() {
        eprintln!("skipped: the published list is not here");
        return;
    }
    let folder = scratch();
    let arguments =
        ["tags", "update", &published.display().to_string(), "--date", "2025-10-25", "--to", "tags.bin"];
    assert_eq!(here(folder.path(), &arguments, "").code, 0);
    let own = fs::read(root().join("crates/reach/data/service-tags-public.bin")).unwrap();
    assert!(fs::read(folder.path().join("tags.bin")).unwrap() == own, "the list is another one");
}
