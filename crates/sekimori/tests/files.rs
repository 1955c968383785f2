//! Reports in files: named, whole or not at all.
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
use std::process::Command;

use common::{Ran, example, run_in, scratch};

fn check(folder: &Path, arguments: &[&str]) -> Ran {
    let example = example();
    run_in(folder, &[&["check", &example, "--fail-on", "never"], arguments].concat(), b"", &[])
}

/// What every form starts with.
fn form_of(text: &str) -> &'static str {
    let text = text.trim_start_matches('\u{feff}');
    match () {
        () if text.starts_with("<!DOCTYPE html>") => "html",
        () if text.starts_with("{\"$schema\":") => "sarif",
        () if text.starts_with("{\n  \"schema\": \"sekimori.check/1\"") => "json",
        () if text.starts_with("<?xml") => "junit",
        () if text.starts_with("# ") => "markdown",
        () if text.starts_with("id,code,") => "csv",
        () if text.starts_with("critical[") => "text",
        () => "nothing known",
    }
}

#[test]
fn names_tell_the_form_and_one_run_writes_several() {
    let folder = scratch();
    let names = [
        ("a.html", "html"),
        ("b.sarif", "sarif"),
        ("c.json", "json"),
        ("d.md", "markdown"),
        ("e.csv", "csv"),
        ("f.xml", "junit"),
        ("g.txt", "text"),
        ("h.sarif.json", "sarif"),
        ("関守 レポート.HTML", "html"),
    ];
    let mut arguments = Vec::new();
    for (name, _) in &names {
        arguments.extend(["-o", name]);
    }
    let ran = check(folder.path(), &arguments);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    for (name, form) in names {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(form_of(&text), form, "{name}");
        assert!(ran.err.contains(&format!("wrote {name}")), "{}", ran.err);
    }
    assert!(ran.err.contains("look at it in a browser: file:///"), "{}", ran.err);
    assert!(
        ran.err.contains("%E9%96%A2%E5%AE%88%20"),
        "the address is one that a browser takes: {}",
        ran.err
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len(), "nothing else is left");
    // The same as on standard output.
    let printed = check(folder.path(), &["--format", "csv"]).out;
    assert_eq!(printed, fs::read_to_string(folder.path().join("e.csv")).unwrap());
}

#[test]
fn the_flag_says_what_the_name_does_not() {
    let folder = scratch();
    let form = |arguments: &[&str], file: &str| {
        let ran = check(folder.path(), arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        form_of(&fs::read_to_string(folder.path().join(file)).unwrap())
    };
    assert_eq!(form(&["--format", "sarif", "-o", "results"], "results"), "sarif");
    assert_eq!(form(&["--format", "sarif", "-o", "results.json"], "results.json"), "sarif");
    assert_eq!(form(&["--format", "csv", "-o", "x", "-o", "y.json"], "y.json"), "json");
    assert_eq!(form(&["--format", "csv", "-o", "x", "-o", "y.json"], "x"), "csv");
    let idle = check(folder.path(), &["--format", "csv", "-o", "a.json", "-o", "b.html"]);
    assert!(idle.code == 2 && idle.err.contains("--format has no effect"), "{}", idle.err);
    let both = check(folder.path(), &["--format", "markdown", "-o", "-", "-o", "z.html"]);
    assert_eq!(form_of(&both.out), "markdown");
    assert_eq!(form_of(&check(folder.path(), &["-o", "-"]).out), "text");
    let lost = check(folder.path(), &["-o", "report"]);
    assert!(lost.code == 2 && lost.err.contains("tells no form"), "{}", lost.err);
    let twice = check(folder.path(), &["-o", "a.json", "-o", "a.json"]);
    assert!(twice.code == 2 && twice.err.contains("twice"), "{}", twice.err);
    assert!(!folder.path().join("a.json").exists());
    let dotted = check(folder.path(), &["-o", "a.json", "-o", "./a.json"]);
    assert!(dotted.code == 2 && dotted.err.contains("twice"), "{}", dotted.err);
}

#[test]
fn a_report_never_takes_the_place_of_what_it_is_about() {
    let folder = scratch();
    let estate = folder.path().join("estate");
    fs::create_dir(&estate).unwrap();
    for name in ["vms", "nics", "nsgs", "public-ips", "vnets"] {
        let from = common::root().join(format!("examples/small-company/{name}.json"));
        fs::copy(from, estate.join(format!("{name}.json"))).unwrap();
    }
    let before = fs::read(estate.join("nsgs.json")).unwrap();
    let here = |arguments: &[&str]| run_in(folder.path(), arguments, b"", &[]);
    let ran = here(&["check", "estate", "-o", "estate/nsgs.json"]);
    assert!(ran.code == 2 && ran.err.contains("is read as a source"), "{}", ran.err);
    assert_eq!(fs::read(estate.join("nsgs.json")).unwrap(), before);
    // Reports beside the estate are not read as a part of it.
    let arguments =
        ["check", "estate", "-o", "estate/r.json", "-o", "estate/r.sarif.json", "-o", "estate/r.html"];
    for _ in 0..2 {
        let ran = here(&arguments);
        assert_eq!(ran.code, 1, "{}", ran.err);
    }
}

#[test]
fn what_cannot_be_written_is_told_before_the_work() {
    let folder = scratch();
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    for path in ["none/a.html", "folder.json", "/proc/sekimori.html"] {
        let ran = check(folder.path(), &["-o", "fine.json", "-o", path]);
        assert_eq!(ran.code, 2, "{path}");
        assert!(ran.err.contains(&format!("cannot write `{path}`")), "{}", ran.err);
        assert!(!ran.err.contains(".sekimori-"), "{}", ran.err);
        assert!(!folder.path().join("fine.json").exists(), "nothing is written where something cannot be");
    }
    let told = run_in(folder.path(), &["check", &example(), "-o", "none/a.html", "--lang", "ja"], b"", &[]);
    assert!(told.err.contains("`none/a.html` に書き込めません"), "{}", told.err);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = scratch();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write anywhere, so another user tries.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = env!("CARGO_BIN_EXE_sekimori");
    let command = format!("'{program}' check - -o closed/a.json </dev/null");
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let mut shell = Command::new(if root { "setpriv" } else { "sh" });
    if root {
        let copy = folder.path().join("sekimori");
        fs::copy(program, &copy).unwrap();
        shell.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c"]);
        shell.arg(command.replace(program, &copy.display().to_string()));
    } else {
        shell.args(["-c", &command]);
    }
    let ran = shell.current_dir(folder.path()).env("LANG", "C").output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{told}");
    assert!(told.contains("cannot write `closed/a.json`: Permission denied"), "{told}");
    assert_eq!(fs::read_dir(&closed).unwrap().count(), 0);
}

#[test]
fn of_nothing_there_is_no_report() {
    let folder = scratch();
    let arguments = ["check", "-", "-o", "a.html", "-o", "b.sarif", "-o", "c.json"];
    let ran = run_in(folder.path(), &arguments, b"[{\"a\":1}]", &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("-:1:2: ") && ran.err.contains("nothing usable could be read"), "{}", ran.err);
    assert!(!folder.path().join("a.html").exists() && !folder.path().join("b.sarif").exists());
    assert!(fs::read_to_string(folder.path().join("c.json")).unwrap().contains("\"errors\": ["));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_report_and_nothing_half() {
    let folder = scratch();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=16k", "sekimori-test"])
        .arg(&disk)
        .output()
        .is_ok_and(|output| output.status.success());
    if mounted {
        fs::write(disk.join("a.html"), "the old report").unwrap();
        let ran = check(folder.path(), &["-o", "disk/a.html"]);
        let left: Vec<_> = fs::read_dir(&disk).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let old = fs::read_to_string(disk.join("a.html")).unwrap();
        let _ = Command::new("umount").arg(&disk).status();
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("cannot write `disk/a.html`: No space left on device"), "{}", ran.err);
        assert_eq!((left.len(), old.as_str()), (1, "the old report"));
    } else {
        eprintln!("skipped in part: no small disk can be mounted here (root can)");
    }
    let full = check(folder.path(), &["--format", "html", "-o", "/dev/full"]);
    assert!(full.code == 2 && full.err.contains("cannot write `/dev/full`"), "{}", full.err);
    let program = env!("CARGO_BIN_EXE_sekimori");
    let command = format!("'{program}' check '{}' >/dev/full", example());
    let ran = Command::new("sh").args(["-c", &command]).env("LANG", "C").output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[cfg(unix)]
#[test]
fn a_reader_who_goes_away_is_no_error() {
    let program = env!("CARGO_BIN_EXE_sekimori");
    for form in ["text", "html", "json"] {
        let command = format!(
            "set -o pipefail; '{program}' check '{}' --fail-on never --format {form} | head -c 1 >/dev/null",
            example()
        );
        let ran = Command::new("bash").args(["-c", &command]).env("LANG", "C").output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{form}: {}", String::from_utf8_lossy(&ran.stderr));
        assert!(ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[cfg(unix)]
#[test]
fn a_named_pipe_gets_the_report() {
    let folder = scratch();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let ran = check(folder.path(), &["--format", "json", "-o", "pipe"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(form_of(&reader.join().unwrap()), "json");
}

#[cfg(unix)]
#[test]
fn links_and_rights_stay_as_they_were() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = scratch();
    let real = folder.path().join("real.json");
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("real.json", folder.path().join("link.json")).unwrap();
    let ran = check(folder.path(), &["-o", "link.json", "-o", "new.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(fs::symlink_metadata(folder.path().join("link.json")).unwrap().is_symlink());
    assert_eq!(form_of(&fs::read_to_string(&real).unwrap()), "json");
    // A link whose file is not there yet leads there; one in a circle leads nowhere.
    symlink("later.json", folder.path().join("ahead.json")).unwrap();
    symlink("circle.json", folder.path().join("circle.json")).unwrap();
    assert_eq!(check(folder.path(), &["-o", "ahead.json"]).code, 0);
    assert!(fs::symlink_metadata(folder.path().join("ahead.json")).unwrap().is_symlink());
    assert_eq!(form_of(&fs::read_to_string(folder.path().join("later.json")).unwrap()), "json");
    let circle = check(folder.path(), &["-o", "circle.json"]);
    assert!(circle.code == 2 && circle.err.contains("links lead in a circle"), "{}", circle.err);
    assert!(fs::symlink_metadata(folder.path().join("circle.json")).unwrap().is_symlink());
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("real.json"), 0o600, "a private report stays private");
    assert_eq!(mode("new.json") & 0o600, 0o600);
}
