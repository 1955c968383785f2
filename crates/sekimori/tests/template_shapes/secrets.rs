//! Values of secure parameters stay where they are.

use serde_json::json;

use crate::world::{OPEN, World, group, group_of, template};

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
        // A text where an object is due, and other values that the type does not allow.
        ("more=\"Gehe1m-Kaede\"", "more"),
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

/// A password may look like an object: it stays a text, and a secret.
#[test]
fn a_secret_of_the_command_line_is_a_text() {
    let world = world();
    for pair in ["adminPassword={\"a\":\"Tr0ub4dor-Kaede\"}", "adminPassword=[\"Tr0ub4dor-Kaede\"]"] {
        for command in [&["check", "t.json", "--all"][..], &["expand", "t.json"]] {
            for form in ["text", "json"] {
                let ran = world.run(&[command, &["-p", "p.json", "-p", pair, "--format", form]].concat());
                assert_eq!(ran.code, i32::from(command[0] == "check"), "{pair}: {}{}", ran.out, ran.err);
                for word in WORDS {
                    assert!(!ran.out.contains(word) && !ran.err.contains(word), "{pair} {form}: {word}");
                }
            }
        }
    }
}

/// What is shown of an object from the command line is not what stands beside it.
#[test]
fn a_secret_beside_a_rule_of_the_command_line() {
    let text = template(
        r#""parameters": {"configurationOfAllMachines": {"type": "object", "properties": {"key": {"type": "securestring"}, "rules": {"type": "array"}}}},"#,
        &group("\"securityRules\": \"[parameters('configurationOfAllMachines').rules]\""),
    );
    let rule: serde_json::Value = serde_json::from_str(OPEN).unwrap();
    for length in [1, 8, 20, 40, 70] {
        let name = "r".repeat(length);
        let rules = json!([{"name": name, "properties": rule}]);
        let pair = format!("configurationOfAllMachines={{\"key\":\"Tr0ub4dor-Kaede\",\"rules\":{rules}}}");
        let world = World::new(&[("t.json", &text)]);
        let ran = world.run(&["check", "t.json", "-p", &pair, "--select", "NET001"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        for part in ["Tr0ub", "4dor", "Kaede"] {
            assert!(!ran.out.contains(part) && !ran.err.contains(part), "{part}: {}", ran.out);
        }
    }
}

/// A literal secret beside what is shown, on one line, and so a template that a program wrote.
#[test]
fn a_literal_password_is_never_shown() {
    let plain = "\"computerName\": \"web\"";
    let text = template("", &group_of(OPEN)).replace('§', "").replace(
        plain,
        &format!(
            "{plain}, \"adminPassword\": \"Tr0ub4dor-Kaede\", \"customData\": \"[base64('DB_PASSWORD=Gehe1m-Kaede')]\""
        ),
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let short = r#"{"name":"r","properties":{"adminPassword":"Tr0ub4dor-Kaede","#;
    let one_line = value.to_string();
    let beside = one_line.replace(r#"{"name":"r","properties":{"#, short);
    let beside = beside.replace(
        r#"{"properties":{"access":"#,
        r#"{"properties":{"adminPassword":"Tr0ub4dor-Kaede","access":"#,
    );
    assert!(!one_line.contains('\n') && beside.matches("Tr0ub4dor").count() > 1, "{beside}");
    for text in [&one_line, &beside, &text] {
        let world = World::new(&[("t.json", text)]);
        for lang in ["en", "ja"] {
            for words in [&["--all"][..], &["--select", "NET001,ACC,HRD"]] {
                let ran = world.run(&[&["check", "t.json", "--lang", lang], words].concat());
                assert_eq!(ran.code, 1, "{}", ran.err);
                assert!(ran.out.contains("--> t.json:"), "{}", ran.out);
                for word in WORDS {
                    assert!(!ran.out.contains(word) && !ran.err.contains(word), "{word}: {}", ran.out);
                }
            }
        }
    }
}

/// Secure values of a part of a type, wherever the type says so.
#[test]
fn secure_parts_of_types_are_not_expanded() {
    let with = |kind: &str, value: &str| {
        let text = template(
            &format!(
                r##""languageVersion": "2.0", "definitions": {{
    "key": {{"type": "securestring"}},
    "a": {{"type": "object", "properties": {{"kind": {{"type": "string", "allowedValues": ["a"]}}, "key": {{"$ref": "#/definitions/key"}}}}}},
    "b": {{"type": "object", "properties": {{"kind": {{"type": "string", "allowedValues": ["b"]}}, "size": {{"type": "int"}}}}}}}},
  "parameters": {{"given": {kind}}},
  "outputs": {{"told": {{"type": "object", "value": {{"all": "[parameters('given')]"}}}}}},"##
            ),
            &group_of(OPEN),
        )
        .replace("\"resources\": [", "\"resources\": {\n")
        .replace('§', "");
        // Symbolic names, as version 2.0 wants them.
        let mut number = 0;
        let text: String = text.lines().fold(String::new(), |mut made, line| {
            let line = match line.trim_start().starts_with("{\"type\": \"Microsoft.") {
                true => {
                    number += 1;
                    line.replacen("{\"type\"", &format!("\"r{number}\": {{\"type\""), 1)
                }
                false => line.to_owned(),
            };
            made.push_str(&line);
            made.push('\n');
            made
        });
        let text = text.trim_end().strip_suffix("]\n}").unwrap().to_owned() + "}\n}\n";
        let text =
            text.replace("\"computerName\": \"web\"", "\"computerName\": \"[string(parameters('given'))]\"");
        let parameters = format!(r#"{{"parameters": {{"given": {{"value": {value}}}}}}}"#);
        World::new(&[("t.json", &text), ("p.json", &parameters)])
    };
    let cases = [
        (
            r#"{"type": "array", "prefixItems": [{"type": "string"}, {"type": "securestring"}], "items": false}"#,
            r#"["web-here", "Tr0ub4dor-Kaede"]"#,
        ),
        (
            r##"{"type": "array", "prefixItems": [{"$ref": "#/definitions/a"}]}"##,
            r#"[{"kind": "a", "key": "Tr0ub4dor-Kaede"}]"#,
        ),
        (
            r##"{"type": "object", "discriminator": {"propertyName": "kind", "mapping": {"a": {"$ref": "#/definitions/a"}, "b": {"$ref": "#/definitions/b"}}}}"##,
            r#"{"kind": "a", "key": "Tr0ub4dor-Kaede"}"#,
        ),
        (
            r##"{"type": "array", "items": {"type": "object", "discriminator": {"propertyName": "kind", "mapping": {"a": {"$ref": "#/definitions/a"}, "b": {"$ref": "#/definitions/b"}}}}}"##,
            r#"[{"kind": "a", "key": "Tr0ub4dor-Kaede"}]"#,
        ),
        (
            r##"{"type": "object", "additionalProperties": {"$ref": "#/definitions/key"}}"##,
            r#"{"any": "Tr0ub4dor-Kaede"}"#,
        ),
    ];
    for (kind, value) in cases {
        let world = with(kind, value);
        for form in ["json", "text"] {
            let ran = world.run(&["expand", "t.json", "-p", "p.json", "--format", form]);
            assert_eq!(ran.code, 0, "{kind}: {}{}", ran.out, ran.err);
            assert!(!ran.out.contains("Kaede") && !ran.err.contains("Kaede"), "{kind} {form}: {}", ran.out);
        }
        let ran = world.run(&["check", "t.json", "-p", "p.json", "--all", "--format", "json"]);
        assert!(!ran.out.contains("Kaede") && !ran.err.contains("Kaede"), "{kind}");
    }
    // Near by: a tuple without a secret is read.
    let world = with(r#"{"type": "array", "prefixItems": [{"type": "string"}]}"#, r#"["web-here"]"#);
    assert!(world.run(&["expand", "t.json", "-p", "p.json"]).out.contains("web-here"));
    // And a default stands in the template, but in nothing that is written.
    let world = with(
        r#"{"type": "array", "prefixItems": [{"type": "securestring"}], "defaultValue": ["Tr0ub4dor-Kaede"]}"#,
        "null",
    );
    let ran = world.run(&["expand", "t.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("Kaede") && !ran.err.contains("Kaede"), "{}", ran.out);
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
