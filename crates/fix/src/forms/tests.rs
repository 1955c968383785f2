use posture::Lang;
use serde_json::json;

use super::{Form, render};
use crate::plan::{Effects, Fix, Step};
use crate::write::{Act, Edit, Write};

/// A fix of these writes.
pub(super) fn fix(writes: &[(&str, Act)]) -> Fix {
    let steps = writes.iter().map(|(target, act)| Step {
        says: String::new(),
        write: Write { target: (*target).to_owned(), api_version: "2024-05-01".to_owned(), act: act.clone() },
        change: None,
    });
    Fix {
        id: "narrow-1".to_owned(),
        title: "narrow `ssh`".to_owned(),
        closes: Vec::new(),
        steps: steps.collect(),
        effects: Effects::default(),
        notes: Vec::new(),
        ..Fix::default()
    }
}

#[test]
fn forms_have_names() {
    for form in Form::ALL {
        assert_eq!(form.to_string().parse(), Ok(form));
    }
    assert!("Az".parse::<Form>().unwrap_err().to_string().contains("`terraform`"));
}

#[test]
fn a_heading_stays_a_comment() {
    let mut one = fix(&[(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v",
        Act::Run { action: "start".to_owned(), body: None, undo: None },
    )]);
    one.title = "a\nreboot\r\u{2028}b */ // x".to_owned();
    one.effects = Effects { cost: Some("1 USD\nrm".to_owned()), restart: true, ..Effects::default() };
    assert_eq!(
        render(Form::Az, &[&one, &one], Lang::En).split("\n\n").next().unwrap(),
        "# a\u{fffd}reboot\u{fffd}\u{fffd}b */ // x\n# cost: 1 USD\u{fffd}rm\n# the VM may restart\naz vm start --ids /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
    );
    let arm: serde_json::Value = serde_json::from_str(&render(Form::Arm, &[&one], Lang::Ja)).unwrap();
    assert_eq!(arm["metadata"]["fixes"][0][2], "VM が再起動する場合があります");
    assert_eq!(arm["metadata"]["left"].as_array().unwrap().len(), 1);
    for form in [Form::Bicep, Form::Terraform] {
        let text = render(form, &[&one], Lang::En);
        assert!(text.lines().all(|line| !line.starts_with("reboot") && !line.starts_with('b')), "{text}");
    }
}

/// Writes of every kind, with names that no form may let out of their place.
pub(super) fn hostile() -> Fix {
    let group = "/subscriptions/s/resourceGroups/g/providers";
    let name = "x'${a}%{b}\"\\";
    let some = |value| Edit { path: "properties/a/b".to_owned(), was: None, becomes: Some(value) };
    let mut all: Vec<(String, Act)> = Vec::new();
    for kind in [
        "Microsoft.Network/networkSecurityGroups/n/securityRules",
        "Microsoft.Compute/virtualMachines",
        "A.B/c/d/e",
    ] {
        let target = format!("{group}/{kind}/{name}");
        let rule = json!({"properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "TCP",
            "sourceAddressPrefixes": [name, "b"], "sourcePortRange": "*", "destinationAddressPrefix": "*",
            "destinationPortRange": "22", "description": name}});
        all.push((target.clone(), Act::Put { was: Some(json!({})), becomes: rule }));
        all.push((
            target.clone(),
            Act::Put {
                was: None,
                becomes: json!({"location": "[x]", "properties": {name: [{"a": name, "bcd": 1.5}]}}),
            },
        ));
        all.push((
            target.clone(),
            Act::Edit { edits: vec![some(json!({name: name, "z": {"a": null}}))], whole: false },
        ));
        all.push((target.clone(), Act::Delete { was: json!({}) }));
        all.push((
            target,
            Act::Run { action: "start".to_owned(), body: Some(json!({"a": [name]})), undo: None },
        ));
    }
    let extension = json!({"properties": {"publisher": name, "type": name, "typeHandlerVersion": "1.0", "settings": {name: name, "b": {"c": 1}}}});
    let machine = format!("{group}/Microsoft.Compute/virtualMachines/v/extensions/{name}");
    all.push((machine, Act::Put { was: Some(json!({})), becomes: extension }));
    let all: Vec<(&str, Act)> = all.iter().map(|(target, act)| (target.as_str(), act.clone())).collect();
    fix(&all)
}
