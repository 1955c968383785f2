//! What would take for ever, or all memory: it is told, and ends soon.

use super::{Expanded, Limits, Options, expand};
use crate::{FaultKind, Kind, Span, Value, json, wire};

const SCHEMA: &str = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

/// A template of these members, after Azure's own.
fn template(rest: &str) -> String {
    format!(r#"{{"$schema":"{SCHEMA}","contentVersion":"1.0.0.0",{rest}}}"#)
}

fn expanded(rest: &str) -> Expanded {
    let template = json::read(template(rest).as_bytes(), 0).unwrap();
    expand(&template, &Options::default()).unwrap()
}

/// Expands, and looks for a fault.
fn check(rest: &str, expected: impl Fn(&FaultKind) -> bool) {
    let expanded = expanded(rest);
    let found = expanded.faults.iter().any(|fault| expected(&fault.kind));
    assert!(found, "{:?}", &expanded.faults[..expanded.faults.len().min(5)]);
}

fn too_large(what: &'static str) -> impl Fn(&FaultKind) -> bool {
    move |kind| matches!(kind, FaultKind::TooLarge { what: its, .. } if its.starts_with(what))
}

const LONG: usize = 1_000_000;

/// A loop of resources whose properties are this.
fn looped(count: usize, rest: &str) -> String {
    format!(
        r#""resources":[{{"type":"Microsoft.Network/publicIPAddresses","apiVersion":"2024-01-01","name":"[concat('a', copyIndex())]","copy":{{"name":"c","count":{count}}},{rest}}}]"#
    )
}

#[test]
fn values_of_values_do_not_grow_for_ever() {
    let mut variables = r#""v0":"x""#.to_owned();
    for index in 1..60 {
        variables += &format!(r#","v{index}":["[variables('v{0}')]","[variables('v{0}')]"]"#, index - 1);
    }
    check(
        &format!(
            r#""variables":{{{variables}}},"resources":[],"outputs":{{"o":{{"type":"array","value":"[variables('v59')]"}}}}"#
        ),
        too_large("values"),
    );
}

#[test]
fn calls_end_before_the_stack_does() {
    let (open, close) = (r#"{"a":"#.repeat(100), "}".repeat(100));
    let mut variables = r#""v0":"x""#.to_owned();
    for index in 1..2_000 {
        let expression = format!("{}variables('v{}'){}", "trim(".repeat(50), index - 1, ")".repeat(50));
        variables += &format!(r#","v{index}":{open}"[{expression}]"{close}"#);
    }
    check(
        &format!(
            r#""variables":{{{variables}}},"resources":[],"outputs":{{"o":{{"type":"object","value":"[variables('v1999')]"}}}}"#
        ),
        |kind| matches!(kind, FaultKind::TooDeep(_)),
    );
}

#[test]
fn a_long_name_of_a_loop_is_one_for_all_turns() {
    let long = "x".repeat(LONG);
    let rest = format!(
        r#""resources":[{{"type":"a/b","name":"[concat('a', copyIndex('{long}'))]","copy":{{"name":"{long}","count":10000}}}}]"#
    );
    check(&rest, too_large("work"));
}

/// An output of 10,000 elements, each of them this, where the variable `l` is a long text.
fn long(input: &str) -> String {
    let long = "x".repeat(LONG);
    format!(
        r#""variables":{{"l":"{long}"}},"resources":[],"outputs":{{"o":{{"type":"array","copy":{{"count":10000,"input":{input}}}}}}}"#
    )
}

#[test]
fn long_texts_are_not_copied_for_nothing() {
    check(&long(r#""[resourceId('a/b',variables('l'))]""#), too_large("work"));
    check(&long(r#"{"[concat(variables('l'),string(copyIndex()))]":1}"#), too_large("work"));
    check(&long(r#"{"[variables('l')]":1}"#), too_large("values"));
}

#[test]
fn long_literals_are_shared() {
    let long = "x".repeat(LONG);
    let rest = format!(
        r#""resources":[],"outputs":{{"o":{{"type":"array","value":"[map(range(0,10000),lambda('i','{long}'))]"}}}}"#
    );
    check(&rest, too_large("values"));
}

#[test]
fn long_names_of_resources_are_refused() {
    let long = "x".repeat(LONG);
    let rest = format!(
        r#""variables":{{"l":"{long}"}},"resources":[{{"type":"a/b","name":"[variables('l')]","copy":{{"name":"c","count":10000}}}}]"#
    );
    check(&rest, too_large("an id"));
}

#[test]
fn long_names_are_told_without_their_ends() {
    let told = expanded(&long(r#""[parameters(variables('l'))]""#)).faults;
    assert!(told.iter().all(|fault| fault.kind.to_string().len() < 1_000));
}

#[test]
fn what_resources_share_is_counted_for_each() {
    let shared = "[parameters('big')]";
    let rest = format!(
        r#""parameters":{{"big":{{"type":"array","defaultValue":[{}]}}}},{}"#,
        vec!["1"; 50_000].join(","),
        looped(1_000, &format!(r#""properties":{{"a":"{shared}"}}"#))
    );
    check(&rest, too_large("values of all resources"));
}

#[test]
fn loops_in_loops_end() {
    let inner = r#""properties":{},"resources":[{"type":"x","name":"[string(copyIndex('d'))]","copy":{"name":"d","count":10000}}]"#;
    check(&looped(10_000, inner), too_large("resources"));
    let deployments = format!(
        r#""resources":[{{"type":"Microsoft.Resources/deployments","apiVersion":"2022-09-01","name":"[concat('d', copyIndex())]","copy":{{"name":"c","count":10000}},"properties":{{"mode":"Incremental","expressionEvaluationOptions":{{"scope":"inner"}},"template":{{"$schema":"{SCHEMA}","variables":{{{}}},"resources":[]}}}}}}]"#,
        (0..10_000).map(|index| format!(r#""v{index}":1"#)).collect::<Vec<_>>().join(",")
    );
    check(&deployments, too_large("work"));
}

#[test]
fn dependencies_of_many_take_no_square() {
    // On a loop, and on ids that are found by type and name alone.
    let many = 10_000;
    let rest = format!(
        r#""resources":[{{"type":"Microsoft.Network/publicIPAddresses","name":"[concat('a', copyIndex())]","copy":{{"name":"c","count":{many}}}}},
{{"type":"Microsoft.Network/networkInterfaces","name":"[concat('n', copyIndex())]","copy":{{"name":"d","count":{many}}},"dependsOn":["c","[resourceId('elsewhere','Microsoft.Network/publicIPAddresses',concat('a', copyIndex()))]"]}}]"#
    );
    let expanded = expanded(&rest);
    assert_eq!((expanded.resources.len(), expanded.faults.len()), (2 * many, 0), "{:?}", expanded.faults);
    let rest = looped(10_000, &format!(r#""dependsOn":[{}]"#, vec![r#""c""#; 10_000].join(",")));
    check(&rest, too_large("work"));
}

#[test]
fn many_resources_with_one_name_take_no_square() {
    let expanded = expanded(
        r#""resources":[{"type":"a/b","name":"x","existing":true,"copy":{"name":"c","count":10000}},{"type":"a/b","name":"y","condition":false,"copy":{"name":"d","count":10000}}]"#,
    );
    assert!(expanded.resources.is_empty());
}

#[test]
fn many_parameters_are_read_and_told() {
    let file: Vec<String> = (0..100_000).map(|index| format!(r#""p{index}":{{"value":{index}}}"#)).collect();
    let file = json::read(format!(r#"{{"parameters":{{{}}}}}"#, file.join(",")).as_bytes(), 1).unwrap();
    let text = template(
        r#""parameters":{"p7":{"type":"int"}},"resources":[],"outputs":{"o":{"type":"int","value":"[parameters('p7')]"}}"#,
    );
    let template = json::read(text.as_bytes(), 0).unwrap();
    let expanded = expand(&template, &Options { parameters: &[file], ..Options::default() }).unwrap();
    assert_eq!(expanded.outputs[0].1.key(), "7");
    assert_eq!(expanded.faults.len(), 1_000);
}

#[test]
fn comparisons_are_counted() {
    let many = |count: usize| vec!["variables('m')"; count].join(",");
    let members: Vec<String> = (0..10_000).map(|index| format!(r#""m{index}":{index}"#)).collect();
    let rest = format!(
        r#""variables":{{"m":{{{}}}}},"resources":[],"outputs":{{"o":{{"type":"object","value":"[union({})]"}}}}"#,
        members.join(","),
        many(5_000)
    );
    check(&rest, too_large("work"));
    let allowed: Vec<String> = (0..10_000).map(|index| format!("[{index}]")).collect();
    let allowed = allowed.join(",");
    let rest = format!(
        r#""parameters":{{"p":{{"type":"array","allowedValues":[{allowed}],"defaultValue":[{allowed}]}}}},"resources":[]"#
    );
    assert!(expanded(&rest).faults.is_empty());
    let declared: Vec<String> =
        (0..10_000).map(|index| format!(r#""m{index}":{{"type":"int","nullable":true}}"#)).collect();
    let rest = format!(
        r#""parameters":{{"p":{{"type":"array","items":{{"type":"object","properties":{{{}}}}},"defaultValue":[{}]}}}},"resources":[]"#,
        declared.join(","),
        vec!["{}"; 10_000].join(",")
    );
    expanded(&rest);
}

#[test]
fn work_ends_where_steps_do() {
    let text = template(&looped(10_000, r#""properties":{"a":{"b":[1,2,3]}},"dependsOn":["c","c"]"#));
    let template = json::read(text.as_bytes(), 0).unwrap();
    let limits = Limits { steps: 1_000, ..Limits::default() };
    let expanded = expand(&template, &Options { limits, ..Options::default() }).unwrap();
    assert_eq!(expanded.faults.len(), 1, "{:?}", expanded.faults);
    assert!(too_large("work")(&expanded.faults[0].kind));
}

/// The same value with everything in it at one place, as templates that were compiled have many.
fn at_one_place(value: &Value) -> Value {
    let at = Span { file: 0, start: 3, end: 9 };
    let kind = match &value.kind {
        Kind::List(items) => return Value::of_list(items.iter().map(at_one_place).collect(), at),
        Kind::Object(object) => {
            let members = object.members().iter();
            return Value::of_object(
                members.map(|member| (&*member.name, at_one_place(&member.value))).collect(),
                at,
            );
        }
        kind => kind.clone(),
    };
    Value::new(kind, at)
}

#[test]
fn expressions_at_one_place_are_not_mixed_up() {
    let text = template(
        r#""resources":[],"outputs":{"a":{"type":"int","value":"[add(1,1)]"},"b":{"type":"int","value":"[add(2,2)]"}}"#,
    );
    let template = at_one_place(&json::read(text.as_bytes(), 0).unwrap());
    let expanded = expand(&template, &Options::default()).unwrap();
    let outputs: Vec<_> = expanded.outputs.iter().map(|(_, value)| value.key()).collect();
    assert_eq!(outputs, ["2", "4"]);
}

#[test]
fn what_holds_no_expression_is_shared() {
    let text = template(
        r#""resources":[],"outputs":{"a":{"type":"object","value":{"b":[1,{"c":"d"}],"e":"[add(1,1)]"}}}"#,
    );
    let template = json::read(text.as_bytes(), 0).unwrap();
    let expanded = expand(&template, &Options::default()).unwrap();
    let made = &expanded.outputs[0].1;
    assert_eq!(made.key(), r#"{"b":[1,{"c":"d",},],"e":2,}"#);
    let raw = wire::find(&template, "/outputs/a/value/b");
    assert!(wire::find(made, "/b").is_very(raw));
}
