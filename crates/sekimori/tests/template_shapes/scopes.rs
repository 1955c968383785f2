//! Deployments inside of deployments, and templates in files of their own.

use serde_json::json;

use crate::world::{HEAD, MACHINE, NARROW, OPEN, World, group_of, open, template};

/// A deployment inside of the template, with these members of its properties.
fn nested(properties: &str) -> String {
    format!(
        r#"{{"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner",
     "properties": {{"mode": "Incremental", {properties}}}}}"#
    )
}

/// A group that is open to what a name gives.
fn open_to(expression: &str) -> String {
    let rule = OPEN.replace("\"*\", \"sourcePortRange", &format!("\"{expression}\", \"sourcePortRange"));
    assert_ne!(rule, OPEN);
    group_of(&rule)
}

/// Without a word about it, expressions inside see what is outside.
#[test]
fn an_inner_template_sees_what_its_scope_says() {
    let with = |scope: &str, outer: &str, inner: &str| {
        let properties = format!(
            r#"{scope} "template": {{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
       "contentVersion": "1.0.0.0", "variables": {{"from": "{inner}"}}, "resources": [
       {}]}}"#,
            open_to("[variables('from')]")
        );
        template(&format!("\"variables\": {{\"from\": \"{outer}\"}},"), &nested(&properties))
    };
    let (wide, narrow) = ("*", "203.0.113.7");
    let outer = r#""expressionEvaluationOptions": {"scope": "outer"},"#;
    let inner = r#""expressionEvaluationOptions": {"scope": "Inner"},"#;
    for scope in ["", outer] {
        open(&with(scope, wide, narrow));
        crate::world::closed(&with(scope, narrow, wide));
    }
    open(&with(inner, narrow, wide));
    crate::world::closed(&with(inner, wide, narrow));
}

#[test]
fn an_inner_template_takes_parameters() {
    let with = |value: &str| {
        let properties = format!(
            r#""expressionEvaluationOptions": {{"scope": "inner"}}, "parameters": {{"from": {{"value": {value}}}}},
       "template": {{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
       "contentVersion": "1.0.0.0", "parameters": {{"from": {{"type": "string"}}}}, "resources": [
       {}]}}"#,
            open_to("[parameters('from')]")
        );
        template("\"variables\": {\"any\": \"Internet\"},", &nested(&properties))
    };
    open(&with("\"[variables('any')]\""));
    crate::world::closed(&with("\"10.0.0.0/8\""));
}

/// The file beside a template, and one that it links itself, by paths from the file that links.
#[test]
fn a_linked_template_is_read_where_it_stands() {
    let link = |path: &str| nested(&format!("\"templateLink\": {{\"relativePath\": \"{path}\"}}"));
    let with = |rule: &str| {
        let main = template("", &link("parts/one.json"));
        let one = format!("{HEAD}\"resources\": [{}]}}", link("more/two.json"));
        let two = format!("{HEAD}\"resources\": [\n {}]}}", group_of(rule));
        World::new(&[("t.json", &main), ("parts/one.json", &one), ("parts/more/two.json", &two)])
    };
    with(OPEN).open(&[]);
    with(NARROW).closed(&[]);
}

/// The address that a template makes out of its own.
#[test]
fn a_linked_template_may_be_named_by_an_address() {
    let link = r#"{"uri": "[uri(deployment().properties.templateLink.uri, 'nested/group.json')]", "contentVersion": "1.0.0.0"}"#;
    let main = template("", &nested(&format!("\"templateLink\": {link}")));
    let group = format!("{HEAD}\"resources\": [\n {}]}}", group_of(OPEN));
    World::new(&[("t.json", &main), ("nested/group.json", &group)]).open(&[]);
}

#[test]
fn a_linked_template_that_is_not_at_hand_is_told() {
    let link = |path: &str| nested(&format!("\"templateLink\": {{\"relativePath\": \"{path}\"}}"));
    let world = World::new(&[
        ("in/t.json", &template("", &format!("{}, {}", group_of(OPEN), link("nowhere.json")))),
        ("in/up.json", &template("", &format!("{}, {}", group_of(OPEN), link("../secret.json")))),
        ("secret.json", "{\"resources\": [\"kaede-secret\"]}"),
    ]);
    for (file, name) in [("in/t.json", "nowhere.json"), ("in/up.json", "../secret.json")] {
        let ran = world.run(&["check", file, "--select", "NET001", "--format", "json"]);
        let report = ran.json();
        assert_eq!((ran.code, &report["errors"]), (1, &json!([])), "{}", ran.out);
        let told = format!("the linked template `{name}` is not at hand: what it deploys is not looked at");
        assert!(report["notices"].to_string().contains(&told), "{}", report["notices"]);
        // A template does not choose which files of a machine are read.
        assert!(!ran.out.contains("kaede-secret"));
    }
}

/// Nothing is said to be well where nothing is told.
#[test]
fn a_template_that_is_nothing_but_a_link_elsewhere_tells_nothing() {
    let link =
        nested("\"templateLink\": {\"uri\": \"https://example.com/templates/web.json?sig=kaede-secret\"}");
    let world = World::new(&[("t.json", &format!("{HEAD}\"resources\": [{link}]}}"))]);
    let ran = world.run(&["check", "t.json", "--format", "json"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.out.contains("the linked template `https://example.com/templates/web.json` is not at hand"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("kaede-secret"));
}

/// In a folder a linked template is a part, and no template of its own.
#[test]
fn a_folder_holds_a_template_and_its_parts() {
    let main = template("", &nested("\"templateLink\": {\"relativePath\": \"z/group.json\"}"));
    let group = format!("{HEAD}\"resources\": [\n {}]}}", group_of(OPEN));
    let parameters = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters": {}}"#;
    let world =
        World::new(&[("d/t.json", &main), ("d/z/group.json", &group), ("d/t.parameters.json", parameters)]);
    let ran = world.run(&["check", "d", "--select", "NET001", "--format", "json"]);
    let report = ran.json();
    assert_eq!(
        (ran.code, &report["errors"], &report["estate"]["nsgs"]),
        (1, &json!([]), &json!(1)),
        "{}",
        ran.out
    );
    let at = &report["findings"][0]["location"];
    assert_eq!((&at["file"], at["line"].as_u64()), (&json!("d/z/group.json"), Some(world.places[0].1)));
}

#[test]
fn a_template_for_a_subscription_makes_its_group() {
    let text = format!(
        r#"{{"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
  "contentVersion": "1.0.0.0", "resources": [
    {{"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "web", "location": "japaneast"}},
    {{"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "resourceGroup": "web",
     "properties": {{"mode": "Incremental", "expressionEvaluationOptions": {{"scope": "inner"}},
       "template": {}}}}}]}}"#,
        template("", &group_of(OPEN)).replace("\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",", "")
    );
    assert!(text.contains(MACHINE));
    let world = World::new(&[("t.json", &text)]);
    world.open(&[]);
    let row = world.judged(&["--subscription", "00000000-0000-0000-0000-00000000000a"]);
    let id = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/web";
    assert_eq!(row["resource"], id);
}
