//! The form of plans and states, as the real `terraform` writes them. Its own type `terraform_data` needs no provider. Skipped,
//! and said so, where the command is not there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{run_in, scratch};
use serde_json::{Value, json};

const MAIN: &str = r#"
variable "names" { default = ["a", "b"] }
resource "terraform_data" "one" { input = "known" }
resource "terraform_data" "two" {
  count = 2
  input = terraform_data.one.id
}
module "m" {
  source   = "./m"
  for_each = toset(var.names)
  given    = terraform_data.two[0].id
}
output "o" { value = module.m["a"].out }
"#;

const INNER: &str = r#"
variable "given" {}
resource "terraform_data" "inner" { input = var.given }
output "out" { value = terraform_data.inner.id }
"#;

/// Runs `terraform` in a folder: what it writes, or `None` where there is none.
fn terraform(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("terraform");
    command.args(arguments).current_dir(folder).env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1");
    let output = command.output().ok()?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

fn addresses(module: &Value, to: &mut Vec<String>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        to.push(resource["address"].as_str().unwrap().to_owned());
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        addresses(child, to);
    }
}

#[test]
fn plans_and_states_have_the_form_that_is_read() {
    let folder = scratch();
    let folder = folder.path();
    std::fs::create_dir(folder.join("m")).unwrap();
    std::fs::write(folder.join("main.tf"), MAIN).unwrap();
    std::fs::write(folder.join("m/main.tf"), INNER).unwrap();
    if terraform(folder, &["version"]).is_none() {
        eprintln!("skipped: there is no `terraform` here");
        return;
    }
    terraform(folder, &["init", "-input=false", "-no-color"]);
    terraform(folder, &["plan", "-input=false", "-no-color", "-out", "plan.out"]);
    let text = terraform(folder, &["show", "-json", "plan.out"]).unwrap();
    let plan: Value = serde_json::from_slice(&text).unwrap();
    assert!(plan["format_version"].as_str().unwrap().starts_with("1."));
    let mut found = Vec::new();
    addresses(&plan["planned_values"]["root_module"], &mut found);
    let inner = |key: &str| format!("module.m[\"{key}\"].terraform_data.inner");
    let expected =
        ["terraform_data.one", "terraform_data.two[0]", "terraform_data.two[1]", &inner("a"), &inner("b")];
    assert_eq!(found, expected);
    // What is not known is told beside the values, and by what the configuration refers to.
    let change = |address: &str| {
        let all = plan["resource_changes"].as_array().unwrap();
        all.iter().find(|change| change["address"] == address).unwrap()["change"].clone()
    };
    assert_eq!(change("terraform_data.two[0]")["after_unknown"]["input"], json!(true));
    assert_eq!(change("terraform_data.two[0]")["after"].get("input"), None);
    let root = &plan["configuration"]["root_module"];
    let two = root["resources"].as_array().unwrap().iter().find(|one| one["name"] == "two").unwrap();
    assert_eq!(
        two["expressions"]["input"]["references"],
        json!(["terraform_data.one.id", "terraform_data.one"])
    );
    let call = &root["module_calls"]["m"];
    let given = json!(["terraform_data.two[0].id", "terraform_data.two[0]", "terraform_data.two"]);
    assert_eq!(call["expressions"]["given"]["references"], given);
    let inside = &call["module"]["resources"][0]["expressions"]["input"]["references"];
    assert_eq!(*inside, json!(["var.given"]));
    assert_eq!(call["module"]["outputs"]["out"]["expression"]["references"][0], "terraform_data.inner.id");

    // All three forms are taken for what they are: nothing of Azure in them.
    terraform(folder, &["apply", "-input=false", "-no-color", "-auto-approve", "plan.out"]);
    let state = terraform(folder, &["show", "-json"]).unwrap();
    std::fs::write(folder.join("plan.json"), &text).unwrap();
    std::fs::write(folder.join("state.json"), &state).unwrap();
    for name in ["plan.json", "state.json", "terraform.tfstate"] {
        let ran = run_in(folder, &["expand", name, "--format", "text"], b"", &[]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert_eq!(ran.out, "0 resources\n", "{name}");
        assert!(ran.err.contains("5 of `terraform_data` not looked at"), "{name}: {}", ran.err);
    }
}
