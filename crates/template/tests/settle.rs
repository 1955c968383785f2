//! What a deployment may say twice, elsewhere or not at all is not taken for certain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use template::expand::{Expanded, Options, expand};
use template::{Value, Why, json, wire};

fn of(resources: &str) -> Expanded {
    let text = format!(
        r#"{{"parameters":{{"p":{{"type":"bool"}},"n":{{"type":"string"}}}},"resources":[{resources}]}}"#
    );
    let expanded = expand(&json::read(text.as_bytes(), 0).unwrap(), &Options::default()).unwrap();
    assert_eq!(expanded.faults, [], "{text}");
    expanded
}

/// The value at a pointer into the resource whose id ends so.
fn at<'e>(expanded: &'e Expanded, end: &str, pointer: &str) -> &'e Value {
    let found = expanded.resources.iter().find(|resource| resource.id.ends_with(end));
    wire::find(&found.unwrap_or_else(|| panic!("no {end}")).body, pointer)
}

fn why(value: &Value) -> Option<Why> {
    value.doubt().map(|unknown| unknown.why.clone())
}

fn nested(condition: &str, inside: &str) -> String {
    format!(
        r#"{{"type":"Microsoft.Resources/deployments","name":"d","condition":{condition},"properties":{{"mode":"Incremental","expressionEvaluationOptions":{{"scope":"inner"}},"template":{{"resources":[{inside}]}}}}}}"#
    )
}

const RULE: &str = r#"{"type":"Microsoft.Network/networkSecurityGroups/securityRules","name":"g/deny","properties":{"access":"Deny"}}"#;

#[test]
fn what_is_in_a_deployment_is_no_surer_than_it() {
    let sure = of(&nested("true", RULE));
    assert_eq!(at(&sure, "/deny", "/properties/access").key(), r#""Deny""#);
    let doubtful = of(&nested(r#""[parameters('p')]""#, RULE));
    assert!(matches!(why(at(&doubtful, "/deny", "/properties")), Some(Why::Condition(_))));
}

#[test]
fn a_subnet_that_is_written_again_without_its_group_may_have_none() {
    let network = r#"{"type":"Microsoft.Network/virtualNetworks","name":"v","properties":{"subnets":[{"name":"s","properties":{"networkSecurityGroup":{"id":"/subscriptions/x/g"}}}]}}"#;
    let subnet = |properties: &str| {
        format!(
            r#"{network},{{"type":"Microsoft.Network/virtualNetworks/subnets","name":"v/s","properties":{{{properties}}}}}"#
        )
    };
    let lost = of(&subnet(""));
    assert_eq!(
        why(at(&lost, "/subnets/s", "/properties/networkSecurityGroup")),
        Some(Why::Twice("networkSecurityGroup".into()))
    );
    let kept = of(&subnet(r#""networkSecurityGroup":{"id":"/subscriptions/x/g"}"#));
    assert_eq!(why(at(&kept, "/subnets/s", "/properties/networkSecurityGroup")), None);
}

#[test]
fn two_that_do_not_agree_are_not_known_where_they_differ() {
    let one = |sku: &str, size: u8| {
        format!(
            r#"{{"type":"Microsoft.Network/publicIPAddresses","name":"a","sku":{{"name":"{sku}"}},"properties":{{"same":1,"size":{size}}}}}"#
        )
    };
    let expanded = of(&(one("Basic", 1) + "," + &nested("true", &one("Standard", 2))));
    assert_eq!(expanded.resources.len(), 1);
    assert_eq!(at(&expanded, "/a", "/properties/same").key(), "1");
    assert_eq!(why(at(&expanded, "/a", "/properties/size")), Some(Why::Twice("size".into())));
    assert_eq!(why(at(&expanded, "/a", "/sku")), Some(Why::Twice("sku".into())));
}

#[test]
fn what_may_open_a_group_is_in_it() {
    let group =
        r#"{"type":"Microsoft.Network/networkSecurityGroups","name":"g","properties":{"securityRules":[]}}"#;
    let count = |more: &str| {
        let expanded = of(&format!("{group}{more}"));
        at(&expanded, "/networksecuritygroups/g", "/properties/securityRules").list().unwrap().len()
    };
    let rule = |name: &str, access: &str| {
        format!(
            r#",{{"type":"Microsoft.Network/networkSecurityGroups/securityRules","name":"{name}","properties":{{"access":"{access}"}}}}"#
        )
    };
    assert_eq!(count(""), 0);
    assert_eq!(count(&rule("[concat(parameters('n'), '/r')]", "Allow")), 1);
    assert_eq!(count(&rule("[parameters('n')]", "Allow")), 1);
    assert_eq!(count(&rule("[concat(parameters('n'), '/r')]", "Deny")), 0);
    assert_eq!(count(&rule("g/r", "Allow")), 0, "it is read with its group elsewhere");
    let link = r#",{"type":"Microsoft.Resources/deployments","name":"l","properties":{"mode":"Incremental","templateLink":{"relativePath":"none.json"}}}"#;
    assert_eq!(count(link), 1);
}

#[test]
fn what_azure_adds_is_not_missing() {
    let check = |expression: &str, known: Option<&str>| {
        let resources = format!(
            r#"{{"type":"A.B/c","name":"own","properties":{{"told":1}}}},{{"type":"A.B/c","name":"o","properties":{{"v":"{expression}"}}}}"#
        );
        let expanded = of(&resources);
        let value = at(&expanded, "/c/o", "/properties/v");
        match known {
            Some(known) => assert_eq!(value.key(), known, "{expression}"),
            None => assert!(matches!(why(value), Some(Why::Runtime(_))), "{expression}: {}", value.key()),
        }
    };
    check("[reference('own').told]", Some("1"));
    check("[reference('own').more]", None);
    check("[tryGet(reference('own'), 'more')]", None);
    check("[contains(reference('own'), 'told')]", Some("true"));
    check("[contains(first(createArray(reference('own'))), 'more')]", None);
    check("[length(coalesce(null(), reference('own')))]", None);
    check("[resourceGroup().more]", None);
    check("[contains(createObject('a', 1), 'more')]", Some("false"));
}
