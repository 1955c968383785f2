//! Plans that other tools test themselves with, and plans that are no plans any more.

use std::path::PathBuf;

use template::{json, plan, wire};

fn fixtures() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/peer-fixtures");
    let mut all = Vec::new();
    for peer in ["checkov", "trivy"] {
        let Ok(files) = std::fs::read_dir(root.join(peer).join("terraform-plan")) else { continue };
        all.extend(files.filter_map(|file| Some(file.ok()?.path())));
    }
    all.sort();
    all
}

#[test]
fn every_plan_of_other_tools_is_converted() {
    let files = fixtures();
    if files.is_empty() {
        println!("skipped: no peer fixtures beside the repository");
    }
    for file in files {
        let text = std::fs::read(&file).unwrap();
        let outline = json::outline(text.get(..4096).unwrap_or(&text));
        assert!(plan::is_plan(&outline), "{}", file.display());
        let plan = plan::read(&json::read(&text, 0).unwrap())
            .unwrap_or_else(|fault| panic!("{}: {fault:?}", file.display()));
        assert!(plan.faults.is_empty(), "{}: {:?}", file.display(), plan.faults);
        assert!(plan.notes.is_empty(), "{}: {:?}", file.display(), plan.notes);
        assert!(!plan.resources.is_empty(), "{}", file.display());
        for resource in &plan.resources {
            let object = resource.body.object().unwrap();
            for name in ["id", "name", "type"] {
                assert!(
                    object.get(name).is_some_and(|value| value.shown().is_some()),
                    "{}: {name}",
                    resource.address
                );
            }
            assert!(wire::is_id(object.get("id").unwrap()), "{}: {:?}", resource.address, object.get("id"));
            if std::env::var_os("SHOW_PLANS").is_some() {
                let mut line = Vec::new();
                wire::write(&resource.body, &|why| format!("{why:?}"), &mut line);
                println!("{} {}", resource.address, String::from_utf8(line).unwrap());
            }
        }
    }
}
