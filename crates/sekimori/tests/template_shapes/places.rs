//! Where findings lead: to the file that people wrote, in every form of the output.

use serde_json::{Value, json};

use crate::world::{OPEN, World, at_port, group, group_of, template};

/// The mark is at the rule's port.
fn a_rule() -> World {
    World::new(&[("sub/t.json", &template("", &group_of(OPEN)))])
}

#[test]
fn every_form_names_the_line() {
    let world = a_rule();
    let [(file, line, column)] = &world.places[..] else { panic!() };
    let check = |form: &str| world.run(&["check", "sub/t.json", "--select", "NET001", "--format", form]).out;
    let place = format!("{file}:{line}:{column}");

    let text = check("text");
    assert!(text.contains(&format!("--> {place}\n")), "{text}");
    // The port is shown with its line, and the key that stands there.
    let shown = format!("\n{line} |   \"destinationPortRange\": \"22\"\n");
    assert!(text.contains(&shown), "{shown}{text}");

    let report: Value = serde_json::from_str(&check("json")).unwrap();
    assert_eq!(report["findings"][0]["location"], json!({"file": file, "line": line, "column": column}));

    let sarif: Value = serde_json::from_str(&check("sarif")).unwrap();
    let at = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(at["artifactLocation"]["uri"], json!(file));
    assert_eq!((&at["region"]["startLine"], &at["region"]["startColumn"]), (&json!(line), &json!(column)));

    for form in ["junit", "markdown", "csv", "html"] {
        let out = check(form);
        let told = match form {
            "csv" => out.contains(&format!(",{file},{line},")),
            _ => out.contains(&place) || out.contains(&format!("{file}:{line}")),
        };
        assert!(told, "{form}: {out}");
    }
}

/// What an expression gives stands where the expression stands.
#[test]
fn a_value_of_an_expression_stands_there() {
    let rule = OPEN.replace("\"22\"", "\"[parameters('port')]\"");
    let text = template("\"parameters\": {\"port\": {\"type\": \"string\"}},", &group_of(&rule));
    let world =
        World::new(&[("t.json", &text), ("p.json", "{\"parameters\": {\"port\": {\"value\": \"22\"}}}")]);
    world.open(&["-p", "p.json"]);
    let (_, line, _) = world.places[0];
    let out = world.run(&["check", "t.json", "-p", "p.json", "--select", "NET001"]).out;
    assert!(
        out.contains(&format!("\n{line} |   \"destinationPortRange\": \"[parameters('port')]\"\n")),
        "{out}"
    );
}

/// What is inside of a list or an object stands where it is written.
#[test]
fn a_list_of_a_parameter_file_stands_there() {
    let text = template(
        "\"parameters\": {\"rules\": {\"type\": \"array\"}},",
        &group("\"securityRules\": \"[parameters('rules')]\""),
    );
    let parameters = format!(
        "{{\"parameters\": {{\n \"rules\": {{\"value\": [\n  {{\"name\": \"r\", \"properties\": {}}}]}}}}}}",
        at_port(OPEN)
    );
    let world = World::new(&[("t.json", &text), ("p.json", &parameters)]);
    world.open(&["-p", "p.json"]);
    assert_eq!(world.places[0].0, "p.json");
}

/// What somebody typed stands nowhere but on the command line: what is shown of it is that value.
#[test]
fn a_list_of_the_command_line_is_shown_as_it_is() {
    let text = template(
        "\"parameters\": {\"rules\": {\"type\": \"array\"}},",
        &group("\"securityRules\": \"[parameters('rules')]\""),
    );
    let rule: Value = serde_json::from_str(OPEN).unwrap();
    let world = World::new(&[("t.json", &text)]);
    for rules in [json!([{"name": "r", "properties": rule}]), json!([{"properties": rule, "name": "r"}])] {
        let ran = world.run(&["check", "t.json", "-p", &format!("rules={rules}"), "--select", "NET001"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let shown: Vec<_> = ran.out.lines().filter_map(|line| line.trim().strip_prefix("1 | ")).collect();
        let right = [r#""name": "r""#, r#""sourceAddressPrefix": "*""#, r#""destinationPortRange": "22""#];
        assert!(shown.iter().all(|line| right.contains(line)), "{}", ran.out);
    }
}

#[test]
fn an_object_of_a_variable_stands_there() {
    let text = template(
        &format!(
            "\"variables\": {{\"all\": {{\"ssh\": {OPEN},\n    \"rules\": [\n      {{\"name\": \"r\", \"properties\": \"[variables('ssh')]\"}}]}},\n    \"ssh\": {}}},",
            at_port(OPEN)
        ),
        &group("\"securityRules\": \"[variables('all').rules]\""),
    );
    World::new(&[("t.json", &text)]).open(&[]);
}

/// Columns count characters, and a template may come through a pipe.
#[test]
fn standard_input_and_other_encodings() {
    let world = a_rule();
    let (_, line, column) = &world.places[0];
    let text = std::fs::read(world.path().join("sub/t.json")).unwrap();
    let ran = crate::common::run(&["check", "-", "--select", "NET001"], &text);
    assert!(ran.out.contains(&format!("--> -:{line}:{column}\n")), "{}", ran.out);
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(String::from_utf8(text).unwrap().encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(world.path().join("wide.json"), wide).unwrap();
    let ran = world.run(&["check", "wide.json", "--select", "NET001"]);
    assert!(ran.out.contains(&format!("--> wide.json:{line}:{column}\n")), "{}{}", ran.out, ran.err);
}
