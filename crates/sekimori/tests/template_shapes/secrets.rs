//! Values of secure parameters stay where they are.

use crate::world::{OPEN, World, group_of, template};

const WORDS: [&str; 4] = ["Tr0ub4dor-Kaede", "Gehe1m-Kaede", "VHIwdWI0ZG9y", "T-Kaede-3"];

/// Every way from a parameter to something that is told: a property, an output, a name, a text that is put together.
fn world() -> World {
    let text = template(
        r#""parameters": {
    "adminPassword": {"type": "securestring"},
    "more": {"type": "secureObject"},
    "typed": {"type": "object", "properties": {"inner": {"type": "securestring"}, "port": {"type": "int"}}}},
  "variables": {"command": "[concat('set-password ', parameters('adminPassword'))]"},
  "outputs": {
    "plain": {"type": "string", "value": "[parameters('adminPassword')]"},
    "secure": {"type": "securestring", "value": "[parameters('more').key]"}},"#,
        &group_of(&OPEN.replace("\"22\"", "\"[parameters('typed').port]\"")),
    );
    let text = text
        .replace(
            "\"adminUsername\": \"kaede-1874\",",
            r#""adminUsername": "kaede-1874", "adminPassword": "[parameters('adminPassword')]",
         "customData": "[base64(variables('command'))]", "secrets": "[parameters('more').list]","#,
        )
        .replace("\"computerName\": \"web\"", "\"computerName\": \"[parameters('typed').inner]\"");
    let text = text.replace(
        "    {\"type\": \"Microsoft.Compute/virtualMachines\"",
        r#"    {"type": "Microsoft.Compute/virtualMachines/extensions", "apiVersion": "2024-11-01", "name": "web/run", "properties": {
      "publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1",
      "settings": {"commandToExecute": "[variables('command')]"},
      "protectedSettings": {"commandToExecute": "echo Gehe1m-Kaede"}}},
    {"type": "Microsoft.Compute/virtualMachines""#,
    );
    let parameters = r#"{"parameters": {"adminPassword": {"value": "Tr0ub4dor-Kaede"},
  "more": {"value": {"key": "Gehe1m-Kaede", "list": ["Gehe1m-Kaede"]}},
  "typed": {"value": {"inner": "T-Kaede-3", "port": 22}}}}"#;
    World::new(&[("t.json", &text), ("p.json", parameters)])
}

#[test]
fn no_form_of_the_output_tells_a_secret() {
    let world = world();
    for form in ["json", "sarif", "html", "text", "csv", "junit", "markdown", "ocsf", "defender-csv"] {
        for lang in ["en", "ja"] {
            let ran =
                world.run(&["check", "t.json", "-p", "p.json", "--format", form, "--all", "--lang", lang]);
            assert_eq!(ran.code, 1, "{form}: {}", ran.err);
            for word in WORDS {
                assert!(!ran.out.contains(word) && !ran.err.contains(word), "{form} {lang}: {word}");
            }
        }
    }
    for form in ["json", "text"] {
        let ran = world.run(&["expand", "t.json", "-p", "p.json", "--format", form]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        for word in WORDS {
            assert!(!ran.out.contains(word) && !ran.err.contains(word), "expand {form}: {word}");
        }
    }
    // What is no secret beside one is read.
    world.open(&["-p", "p.json"]);
}

#[test]
fn nor_does_an_error() {
    let world = world();
    let given = [
        // A text where an object is due, and the other way round.
        ("more=\"Gehe1m-Kaede\"", "more"),
        ("adminPassword={\"a\":\"Tr0ub4dor-Kaede\"}", "adminPassword"),
        ("typed={\"inner\":{\"x\":\"T-Kaede-3\"},\"port\":22}", "typed"),
        ("typed={\"inner\":\"T-Kaede-3\",\"port\":\"x\"}", "typed.port"),
        ("other=Tr0ub4dor-Kaede", "other"),
    ];
    for (pair, name) in given {
        let ran = world.run(&["check", "t.json", "-p", "p.json", "-p", pair, "--format", "text"]);
        assert_eq!(ran.code, 3, "{pair}: {}{}", ran.out, ran.err);
        assert!((ran.out.clone() + &ran.err).contains(name), "{pair}: {}", ran.out);
        for word in WORDS {
            assert!(
                !ran.out.contains(word) && !ran.err.contains(word),
                "{pair}: {word}: {}{}",
                ran.out,
                ran.err
            );
        }
    }
}

/// What nobody reads is not said to be harmless.
#[test]
fn start_up_data_that_is_not_read_is_unknown() {
    let with = |data: &str| {
        let text = template("\"parameters\": {\"data\": {\"type\": \"securestring\"}},", &group_of(OPEN));
        let text = text.replace(
            "\"computerName\": \"web\"",
            &format!("\"computerName\": \"web\", \"customData\": \"{data}\""),
        );
        let world = World::new(&[("t.json", &text)]);
        let report =
            world.run(&["check", "t.json", "--select", "HRD010", "--all", "--format", "json"]).json();
        let status = report["findings"][0]["status"].as_str().map(str::to_owned);
        status.unwrap_or_else(|| report["unknown"][0]["reason"].as_str().unwrap().to_owned())
    };
    assert_eq!(with("[base64('#!/bin/sh\\necho welcome')]"), "pass");
    assert_eq!(with("[base64('export DB_PASSWORD=Tr0ub4dor-Kaede')]"), "fail");
    let reason = with("[base64(parameters('data'))]");
    assert!(reason.contains("`data` is a secret, and not read"), "{reason}");
}
