//! `sekimori fix`: plans, changes made in a stand-in for Azure, faults in the middle, and the way back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod azure;
mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use azure::{Sim, TENANT, of_world, principal};
use azure_sim::{Change, Conflict, Fault, Script, World, Writes};
use common::{Ran, example_resources, run_in, scratch};
use serde_json::{Value, json};

const GROUP: &str = "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Network/networkSecurityGroups/nsg-remote";
const RULE: &str = "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Network/networkSecurityGroups/nsg-remote/securityRules/allow-rdp";

/// Narrows one rule: what most of these tests make and take back.
const NARROW: [&str; 8] =
    ["fix", "estate.json", "--select", "NET001", "--resource", "app1", "--approve", "203.0.113.0/24"];

struct Place {
    sim: Sim,
    folder: tempfile::TempDir,
}

impl Place {
    fn new(faults: Vec<Script>) -> Self {
        Self::with(example_resources(), Writes::default(), faults)
    }

    fn with(resources: Vec<Value>, writes: Writes, faults: Vec<Script>) -> Self {
        let folder = scratch();
        std::fs::write(folder.path().join("estate.json"), serde_json::to_string(&resources).unwrap())
            .unwrap();
        let mut world = World::new(TENANT, []);
        resources.into_iter().for_each(|resource| world.add(resource));
        // An operation that nobody asks after is done a second later.
        world.set_writes(Writes { seconds: 1, ..writes });
        let sim = of_world(world, faults);
        std::fs::write(folder.path().join("authority.pem"), &sim.authority).unwrap();
        Self { sim, folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn live<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--cloud", &self.sim.base, "--authority", "authority.pem", "--hurry"]].concat()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.path(), &self.live(arguments), b"", &principal("C"))
    }

    fn apply(&self) -> Ran {
        self.run(&[&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", "undo"]].concat())
    }

    fn undo(&self) -> Ran {
        self.run(&["fix", "--undo", "undo", "--yes"])
    }

    /// Starts it, for tests that end it in the middle.
    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekimori"));
        command
            .args(self.live(arguments))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.env("SOURCE_DATE_EPOCH", "1795424400").envs(principal("C"));
        command.spawn().unwrap()
    }

    /// The source of the rule, as Azure has it now.
    fn source(&self) -> String {
        let rule = self.sim.resource(RULE).unwrap_or_else(|| panic!("the rule is gone"));
        rule["properties"]["sourceAddressPrefix"].as_str().unwrap_or("several").to_owned()
    }

    /// The rules of the group without what Azure adds to them.
    fn rules(&self) -> Vec<Value> {
        let group = self.sim.resource(GROUP).unwrap();
        let of = |rule: &Value| json!([rule["name"], plain(&rule["properties"])]);
        let mut rules: Vec<Value> =
            group["properties"]["securityRules"].as_array().unwrap().iter().map(of).collect();
        rules.sort_by_key(|rule| rule[0].as_str().unwrap().to_owned());
        rules
    }
}

/// Properties without what is empty or written by Azure alone.
fn plain(properties: &Value) -> Value {
    let kept = properties.as_object().unwrap().iter().filter(|(name, value)| {
        *name != "provisioningState" && !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty())
    });
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn script(when: &str, fault: Fault, times: usize) -> Script {
    Script { when: when.to_owned(), fault, after: 0, times }
}

const OPEN: &str = "*";
const NARROWED: &str = "203.0.113.0/24";

/// Fails where a document is not what its published schema says.
fn fits(schema: &str, document: &Value) {
    let path = common::root().join("docs/schema").join(schema);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(document).map(|one| format!("{}: {one}", one.instance_path)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn documents_are_what_their_schemas_say() {
    let folder = scratch();
    for estate in ["small-company", "watched-estate"] {
        let estate = common::root().join("examples").join(estate).display().to_string();
        for more in [["--approve", "203.0.113.0/24"], ["--close", "--lease"]] {
            let ran =
                run_in(folder.path(), &[&["fix", &estate, "--format", "json"], &more[..]].concat(), b"", &[]);
            assert!(ran.code == 1 || ran.code == 3, "{}", ran.err);
            let document = ran.json();
            fits("fix-1.json", &document);
            assert!(!document["fixes"].as_array().unwrap().is_empty());
            let japanese = [("LANG", "ja_JP.UTF-8")];
            let ran = run_in(
                folder.path(),
                &[&["fix", &estate, "--format", "json"], &more[..]].concat(),
                b"",
                &japanese,
            );
            fits("fix-1.json", &ran.json());
        }
    }
    let place = Place::new(Vec::new());
    let applied =
        [&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", "undo", "--format", "json"]]
            .concat();
    fits("fix-applied-1.json", &place.run(&applied).json());
    for _ in 0..2 {
        fits(
            "fix-applied-1.json",
            &place.run(&["fix", "--undo", "undo", "--yes", "--format", "json"]).json(),
        );
    }
}

#[test]
fn a_plan_says_what_it_does_and_proves_it() {
    let folder = scratch();
    let example = common::example();
    let plan = |more: &[&str]| {
        let arguments = [&["fix", &example, "--select", "NET001", "--format", "json"], more].concat();
        run_in(folder.path(), &arguments, b"", &[])
    };
    let asked = plan(&[]);
    assert_eq!(asked.code, 1, "{}", asked.err);
    let asked = asked.json();
    assert_eq!(asked["schema"], "sekimori.fix/1");
    assert_eq!(asked["fixes"], json!([]));
    let questions: Vec<&str> =
        asked["asks"].as_array().unwrap().iter().map(|ask| ask["question"].as_str().unwrap()).collect();
    assert!(questions.iter().any(|one| one.starts_with("who needs port 3389")), "{questions:?}");
    let narrowed = plan(&["--approve", "203.0.113.0/24"]).json();
    let fix = narrowed["fixes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fix| fix["title"].as_str().unwrap().contains("allow-rdp"));
    let fix = fix.unwrap();
    assert_eq!(fix["proof"]["status"], "proved");
    assert_eq!(fix["proof"]["machines"].as_array().unwrap().len(), 3, "all behind the shared group");
    assert_eq!(fix["steps"][0]["does"], "put");
    assert_eq!(fix["steps"][0]["write"]["act"]["becomes"]["properties"]["sourceAddressPrefix"], NARROWED);
    let gone: Vec<&str> =
        fix["proof"]["gone"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    for closes in fix["closes"].as_array().unwrap() {
        assert!(gone.contains(&closes["id"].as_str().unwrap()), "{closes}");
    }
    // The same question gives the same names.
    let again = plan(&["--approve", "203.0.113.0/24"]).json();
    assert_eq!(narrowed["fixes"], again["fixes"]);
    // What has to stay stops it, with the packet.
    for more in [
        &["--keep", "internet -> app1:3389"][..],
        &["--my-address", "198.51.100.7"],
        &["--keep", "198.51.100.0/24 → app2:3389"],
    ] {
        let refused = plan(&[&["--approve", "203.0.113.0/24"], more].concat());
        assert_eq!(refused.code, 1);
        let refused = refused.json();
        let fix = refused["fixes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|fix| fix["id"] == fix["id"] && fix["title"].as_str().unwrap().contains("allow-rdp"));
        let why = fix.unwrap()["proof"]["refused"][0].as_str().unwrap().to_owned();
        assert!(
            why.contains(":3389") && why.contains("nsg-remote/securityRules/allow-rdp"),
            "{more:?}: {why}"
        );
    }
    let batch = r#"{"vm":"app1","direction":"inbound","protocol":"TCP","local":"10.20.2.4:3389","remote":"198.51.100.7:50000"}"#;
    std::fs::write(folder.path().join("flows"), batch).unwrap();
    let refused = plan(&["--approve", "203.0.113.0/24", "--keep-file", "flows"]).json();
    assert!(refused.to_string().contains("it stops `198.51.100.7:50000"), "{refused}");
    let locked =
        plan(&["--approve", "203.0.113.0/24", "--my-address", "198.51.100.7", "--lock-me-out"]).json();
    assert!(locked["fixes"].as_array().unwrap().iter().all(|fix| fix["proof"]["refused"] == json!([])));
}

#[test]
fn a_change_is_made_read_back_and_taken_back() {
    let place = Place::new(Vec::new());
    let before = place.rules();
    let made = place.apply();
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    assert_eq!(place.source(), NARROWED);
    let undo = std::fs::read_to_string(place.path().join("undo")).unwrap();
    for part in [
        "sekimori.undo/1",
        "\"state\":\"intended\"",
        "\"state\":\"operation\"",
        "\"state\":\"done\"",
        azure::CLIENT,
    ] {
        assert!(undo.contains(part), "{part}: {undo}");
    }
    assert!(!undo.contains("hunter2") && !undo.contains("eyJ"), "{undo}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(place.path().join("undo")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Another run finds nothing to do, and never writes over an undo file.
    let again = place.apply();
    assert_eq!(again.code, 2, "{}{}", again.out, again.err);
    assert!(again.err.contains("cannot make the undo file"), "{}", again.err);
    let back = place.undo();
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(place.rules(), before);
    let nothing = place.undo();
    assert_eq!(nothing.code, 0);
    assert!(nothing.err.contains("nothing to take back"), "{}", nothing.err);
    assert_eq!(place.rules(), before);
}

#[test]
fn nothing_is_changed_where_somebody_has_to_be_asked() {
    let place = Place::new(Vec::new());
    let run = |more: &[&str], language: &str| {
        let arguments = [&NARROW[..], &["--apply"], more].concat();
        let ran = run_in(place.path(), &place.live(&arguments), b"", &principal(language));
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        assert_eq!(place.source(), OPEN);
        ran.err
    };
    assert!(run(&["--yes"], "C").contains("--my-address 203.0.113.7"));
    assert!(run(&["--yes"], "ja_JP.UTF-8").contains("自分の接続経路"));
    assert!(run(&["--lock-me-out"], "C").contains("--yes"));
    assert!(run(&["--yes", "--format", "az"], "C").contains("leave --format out"));
    let patch = place.run(&["fix", "estate.json", "--format", "patch"]);
    assert!(patch.code == 2 && patch.err.contains("--code"), "{}", patch.err);
    std::fs::write(place.path().join("undo"), "mine").unwrap();
    assert!(run(&["--yes", "--lock-me-out", "--undo-file", "undo"], "C").contains("so nothing was changed"));
    assert_eq!(std::fs::read_to_string(place.path().join("undo")).unwrap(), "mine");
    let wrong = place.run(&["fix", "--undo", "undo", "--yes"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("no whole first line") || wrong.err.contains("no undo file"), "{}", wrong.err);
    let absent = place.run(&["fix", "--undo", "nowhere"]);
    assert_eq!(absent.code, 2);
    assert!(absent.err.contains("cannot use the undo file"), "{}", absent.err);
    for (arguments, part) in [
        (&["--keep", "nonsense"][..], "is no flow"),
        (&["--keep", "internet -> nobody:22"], "nobody"),
        (&["--keep", "nowhere -> app1:22"], "nowhere"),
        (&["--keep-file", "estate.json"], "estate.json:1"),
        (&["--my-address", "home"], "--my-address"),
        (&["--code", "nowhere"], "--code takes a folder"),
        (&["--private", "nobody"], "nobody"),
    ] {
        let ran = place.run(&[&["fix", "estate.json"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(part), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn faults_of_azure_end_in_the_plan_or_in_the_truth() {
    let put = "PUT securityRules/allow-rdp";
    // After these the rule is narrowed all the same.
    for (name, fault, times) in [
        ("cut before it got there", Fault::Cut, 2),
        ("cut after it was taken", Fault::CutAfter, 1),
        ("throttled", Fault::Throttled(Some(0)), 3),
        ("unavailable", Fault::Unavailable, 2),
        ("another operation (429)", Fault::Refused(Conflict::Retryable), 2),
        ("another operation (409)", Fault::Refused(Conflict::InProgress), 2),
        ("another write", Fault::Refused(Conflict::ConcurrentWrite), 2),
        ("superseded", Fault::Canceled, 2),
        ("another ETag", Fault::Changed, 2),
    ] {
        let place = Place::new(vec![script(put, fault, times)]);
        let before = place.rules();
        let made = place.apply();
        assert_eq!((made.code, place.source().as_str()), (0, NARROWED), "{name}: {}{}", made.out, made.err);
        assert_eq!(place.undo().code, 0, "{name}");
        assert_eq!(place.rules(), before, "{name}");
    }
    // And after these it is as it was, and said so.
    for (name, fault, part) in [
        ("not allowed", Fault::Forbidden, "AuthorizationFailed"),
        ("a failed operation", Fault::Failed, "Azure could not do it"),
    ] {
        let place = Place::new(vec![script(put, fault, 1)]);
        let before = place.rules();
        let made = place.apply();
        assert_eq!(made.code, 1, "{name}: {}{}", made.out, made.err);
        assert!(made.out.contains("FAILED") && made.out.contains(part), "{name}: {}", made.out);
        let back = place.undo();
        assert_eq!(back.code, 0, "{name}: {}{}", back.out, back.err);
        assert_eq!(place.rules(), before, "{name}");
    }
}

#[test]
fn what_others_do_meanwhile_is_never_lost() {
    let other = json!({"id": format!("{GROUP}/securityRules/of-others"), "name": "of-others", "properties": {
        "priority": 150, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "10.0.0.0/8",
        "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443"}});
    let meanwhile = Fault::Meanwhile(vec![Change::Put(other)]);
    let place = Place::new(vec![script("PUT securityRules/allow-rdp", meanwhile, 1)]);
    let made = place.apply();
    assert_eq!((made.code, place.source().as_str()), (0, NARROWED), "{}{}", made.out, made.err);
    let has = |place: &Place| place.rules().iter().any(|rule| rule[0] == "of-others");
    assert!(has(&place));
    assert_eq!(place.undo().code, 0);
    assert!(has(&place) && place.source() == OPEN);
    // Somebody has changed the very rule since the input was read: it stays as they made it.
    let place = Place::new(Vec::new());
    let mut rule = place.sim.resource(RULE).unwrap();
    rule["properties"]["sourceAddressPrefix"] = json!("192.0.2.0/24");
    place.sim.meanwhile(&Change::Put(rule));
    let made = place.apply();
    assert_eq!(made.code, 1, "{}{}", made.out, made.err);
    assert!(made.err.contains("has been changed since"), "{}", made.err);
    assert_eq!(place.source(), "192.0.2.0/24");
    // And since it was made: taking it back does not touch it.
    let place = Place::new(Vec::new());
    assert_eq!(place.apply().code, 0);
    let mut rule = place.sim.resource(RULE).unwrap();
    rule["properties"]["sourceAddressPrefix"] = json!("192.0.2.0/24");
    place.sim.meanwhile(&Change::Put(rule));
    let back = place.undo();
    assert_eq!(back.code, 1, "{}{}", back.out, back.err);
    assert!(back.out.contains("somebody else has changed"), "{}", back.out);
    assert_eq!(place.source(), "192.0.2.0/24");
}

/// All that has to do with the group and came so far.
fn requests(place: &Place) -> usize {
    place
        .sim
        .seen()
        .iter()
        .filter(|seen| seen.path.contains("networkSecurityGroups") || seen.path.contains("/operations/"))
        .count()
}

#[cfg(unix)]
#[test]
fn a_process_that_is_killed_leaves_the_way_back() {
    let arguments = [&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", "undo"]].concat();
    let slow = || Writes { polls: 4, retry_after: 0, ..Writes::default() };
    // Killed once so many requests have come: before the write, after it, while it is followed, while it is read back.
    for moment in 0..9 {
        let place = Place::with(example_resources(), slow(), Vec::new());
        let before = place.rules();
        let mut child = place.start(&arguments);
        let mut ended = None;
        while requests(&place) < moment && ended.is_none() {
            std::thread::sleep(Duration::from_millis(1));
            ended = child.try_wait().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let source = place.source();
        assert!(source == OPEN || source == NARROWED, "{moment}: {source}");
        if place.path().join("undo").exists() {
            let back = place.undo();
            // Killed while the first line was being written: nothing was sent.
            let none = back.code == 2 && back.err.contains("nothing was written to Azure");
            assert!(back.code == 0 || none, "{moment}: {}{}", back.out, back.err);
        }
        assert_eq!(place.rules(), before, "{moment}");
    }
}

#[cfg(unix)]
#[test]
fn who_asks_to_stop_gets_an_end_that_is_true() {
    let arguments = [&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", "undo"]].concat();
    let slow = Writes { polls: 3, retry_after: 1, ..Writes::default() };
    let place = Place::with(example_resources(), slow, Vec::new());
    let mut child = place.start(&arguments);
    let put = |seen: &azure_sim::Seen| seen.method == "PUT";
    while !place.sim.seen().iter().any(put) && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let code = child.wait().unwrap().code().expect("it ends by itself");
    // The write that was under way was followed to its end.
    assert_eq!((code, place.source().as_str()), (0, NARROWED));
    assert_eq!(place.undo().code, 0);
    assert_eq!(place.source(), OPEN);
}

#[cfg(unix)]
#[test]
fn who_asks_twice_to_stop_is_let_go_at_once() {
    let arguments = [&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", "undo"]].concat();
    // Azure asks to wait for a minute before the operation is asked after.
    let slow = Writes { polls: 50, retry_after: 60, seconds: 600, ..Writes::default() };
    let place = Place::with(example_resources(), slow, Vec::new());
    let before = place.rules();
    let mut child = place.start(&arguments);
    while !place.sim.seen().iter().any(|seen| seen.method == "PUT") && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let interrupt = || Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let first = interrupt();
    std::thread::sleep(Duration::from_millis(300));
    let second = interrupt();
    assert!(first.success() && second.success());
    assert_eq!(child.wait().unwrap().code(), Some(1), "it says that not all is as planned");
    // What it left behind is in the undo file.
    assert!(std::fs::read_to_string(place.path().join("undo")).unwrap().contains("intended"));
    let back = place.undo();
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(place.rules(), before);
}

#[test]
fn without_its_undo_file_nothing_more_is_written() {
    let meanwhile = Fault::Throttled(Some(1));
    let place = Place::new(vec![script("GET /operations/", meanwhile, 1)]);
    let mut child =
        place.start(&[&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", "undo"]].concat());
    let undo = place.path().join("undo");
    while !std::fs::read_to_string(&undo).unwrap_or_default().contains("\"operation\"")
        && child.try_wait().unwrap().is_none()
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::fs::remove_file(&undo).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn what_nobody_has_selected_or_all_live_with_is_not_closed_in_silence() {
    let folder = scratch();
    let example = common::example();
    let fix = |more: &[&str]| {
        run_in(folder.path(), &[&["fix", &example, "--format", "json"], more].concat(), b"", &[])
    };
    let suppress =
        "[[suppress]]\ncode = 'NET001'\nresource = '*/app2'\nreason = 'the partner'\nuntil = 2099-01-01\n";
    std::fs::write(folder.path().join("sekimori.toml"), suppress).unwrap();
    let refused = fix(&["--select", "NET001", "--resource", "app1", "--approve", "203.0.113.0/24"]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    let why = refused.json()["fixes"][0]["proof"]["refused"][0].as_str().unwrap().to_owned();
    assert!(why.contains("app2:3389, where NET001 is suppressed"), "{why}");
    std::fs::remove_file(folder.path().join("sekimori.toml")).unwrap();
    let told = run_in(
        folder.path(),
        &["fix", &example, "--select", "NET001", "--resource", "app1", "--approve", "203.0.113.0/24"],
        b"",
        &[],
    );
    assert!(told.out.contains("no finding about app2, app3 was selected"), "{}", told.out);
    for (more, part) in [
        (&["--finding", "NET001-0"][..], "no finding `NET001-0`"),
        (&["--resource", "nosuch"], "no resource `nosuch`"),
    ] {
        let ran = fix(more);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(part), "{}", ran.err);
    }
}

#[test]
fn two_runs_at_once_do_not_harm_each_other() {
    for conflict in [Conflict::Waits, Conflict::Retryable, Conflict::Superseded, Conflict::InProgress] {
        let writes = Writes { polls: 2, conflict, ..Writes::default() };
        let place = Place::with(example_resources(), writes, Vec::new());
        let before = place.rules();
        let run = |name: &str| {
            place.start(&[&NARROW[..], &["--apply", "--yes", "--lock-me-out", "--undo-file", name]].concat())
        };
        let (mut one, mut other) = (run("one"), run("other"));
        let codes = [one.wait().unwrap().code().unwrap(), other.wait().unwrap().code().unwrap()];
        assert_eq!(place.source(), NARROWED, "{conflict:?} {codes:?}");
        for name in ["one", "other"] {
            if place.path().join(name).exists() {
                let back = place.run(&["fix", "--undo", name, "--yes"]);
                assert!(back.code <= 1, "{conflict:?}: {}{}", back.out, back.err);
            }
        }
        assert_eq!(place.rules(), before, "{conflict:?}");
    }
}

#[test]
fn a_machine_becomes_private_in_order() {
    let place = Place::new(Vec::new());
    let plan = |more: &[&str]| {
        place.run(&[&["fix", "estate.json", "--private", "app1", "--format", "json"], more].concat())
    };
    let none = plan(&[]);
    assert_eq!(none.code, 1);
    assert!(none.json()["asks"][0]["question"].as_str().unwrap().contains("no private way"), "{}", none.out);
    // A way that does not lead there is none.
    let wrong = plan(&["--relay", "192.0.2.0/28", "--close"]).json();
    assert!(wrong["fixes"][0]["proof"]["refused"][0].as_str().unwrap().contains("private way"), "{wrong}");
    let gateway = "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Network/natGateways/out";
    let right = plan(&["--relay", "10.20.0.0/16", "--nat-gateway", gateway]).json();
    let steps: Vec<&str> = right["fixes"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["says"].as_str().unwrap())
        .collect();
    assert!(steps[0].starts_with("Put the NAT gateway `out`"), "{steps:?}");
    assert!(steps.last().unwrap().starts_with("Take the public address `pip-app1`"), "{steps:?}");
    assert_eq!(right["fixes"][0]["proof"]["status"], "proved");
    assert!(right["fixes"][0]["effects"]["cost"].as_str().unwrap().contains("NAT gateway"));
    let made = place.run(&[
        "fix",
        "estate.json",
        "--private",
        "app1",
        "--relay",
        "10.20.0.0/16",
        "--apply",
        "--yes",
        "--lock-me-out",
        "--undo-file",
        "undo",
    ]);
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    let nic = "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Network/networkInterfaces/app1-nic";
    let address = |place: &Place| {
        place
            .sim
            .resource(nic)
            .unwrap()
            .pointer("/properties/ipConfigurations/0/properties/publicIPAddress")
            .cloned()
    };
    assert_eq!(address(&place), None);
    assert_eq!(place.undo().code, 0);
    assert!(address(&place).is_some());
}

#[test]
fn a_machine_that_was_stopped_runs_again_whatever_becomes_of_its_change() {
    let vm = "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Compute/virtualMachines/app1";
    let what = ["fix", "--select", "ENC001", "--resource", "app1", "--apply", "--yes", "--undo-file", "undo"];
    let runs = |place: &Place| {
        let machine = place.sim.resource(vm).unwrap();
        let view = machine.pointer("/properties/extended/instanceView/powerState/code").cloned();
        let at_host = machine.pointer("/properties/securityProfile/encryptionAtHost").cloned();
        (view.unwrap_or_default(), at_host.unwrap_or_default())
    };
    let running = json!("PowerState/running");
    // Without a word nothing is stopped.
    let place = Place::new(Vec::new());
    let asked = place.run(&what);
    assert_eq!(asked.code, 1, "{}{}", asked.out, asked.err);
    assert!(asked.err.contains("--restart"), "{}", asked.err);
    assert_eq!(runs(&place), (running.clone(), Value::Null));
    let made = place.run(&[&what[..], &["--restart"]].concat());
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    assert_eq!(runs(&place), (running.clone(), json!(true)));
    let back = place.undo();
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(runs(&place).0, running);
    assert_ne!(runs(&place).1, json!(true));
    // Azure does not take the change: the machine is not left where it was stopped.
    let place = Place::new(vec![script("PATCH virtualMachines/app1", Fault::Forbidden, 1)]);
    let failed = place.run(&[&what[..], &["--restart"]].concat());
    assert_eq!(failed.code, 1, "{}{}", failed.out, failed.err);
    assert!(failed.out.contains("FAILED"), "{}", failed.out);
    assert_eq!(runs(&place), (running, Value::Null));
}

#[test]
fn the_same_fix_as_commands_and_code() {
    let place = Place::new(Vec::new());
    for (form, part) in [
        ("az", "az network nsg rule update"),
        ("arm", "\"type\": \"Microsoft.Network/networkSecurityGroups/securityRules\""),
        ("bicep", "resource allow_rdp 'Microsoft.Network/networkSecurityGroups/securityRules@"),
        ("terraform", "resource \"azurerm_network_security_rule\" \"allow_rdp\""),
    ] {
        let ran = place.run(&[&NARROW[..], &["--format", form]].concat());
        assert_eq!(ran.code, 0, "{form}: {}", ran.err);
        assert!(ran.out.contains(part) && ran.out.contains(NARROWED), "{form}: {}", ran.out);
    }
    let code = place.path().join("code");
    std::fs::create_dir(&code).unwrap();
    let text = "resource \"azurerm_network_security_group\" \"remote\" {\n  name = \"nsg-remote\"\n  security_rule {\n    name = \"allow-rdp\"\n    source_address_prefix = \"*\"\n  }\n}\n";
    std::fs::write(code.join("main.tf"), text).unwrap();
    let ran = place.run(&[&NARROW[..], &["--code", "code", "--format", "patch"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out
            .contains("-    source_address_prefix = \"*\"\n+    source_address_prefix = \"203.0.113.0/24\""),
        "{}",
        ran.out
    );
}
