//! What templates would deploy, construct by construct. Each case is a template as its page of the documentation writes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use template::expand::{Expanded, Given, Limits, NoteKind, Options, expand};
use template::{FaultKind, Value, What, Why, json, wire};

const HEAD: &str = r#""$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","#;

fn read(text: &str) -> Value {
    json::read(text.as_bytes(), 0).unwrap_or_else(|fault| panic!("{fault:?}\n{text}"))
}

fn with(body: &str, options: &Options<'_>) -> Expanded {
    expand(&read(&format!("{{{HEAD}{body}}}")), options).unwrap()
}

fn of(body: &str) -> Expanded {
    with(body, &Options::default())
}

/// The keys of outputs, of a template without faults.
fn outputs(body: &str, expected: &[(&str, &str)]) {
    let expanded = of(body);
    assert_eq!(expanded.faults, [], "{body}");
    for (name, value) in expected {
        let found = expanded.outputs.iter().find(|(its, _)| **its == **name);
        assert_eq!(found.unwrap_or_else(|| panic!("no output {name}")).1.key(), *value, "{name}");
    }
}

/// An expression alone.
fn value(expression: &str, expected: &str) {
    outputs(
        &format!(
            r#""resources":[],"outputs":{{"o":{{"type":"object","value":{}}}}}"#,
            serde_json::json!(expression)
        ),
        &[("o", expected)],
    );
}

fn ids(expanded: &Expanded) -> Vec<String> {
    let place = "/subscriptions/{subscription}/resourcegroups/{resourcegroup}/providers/";
    expanded.resources.iter().map(|resource| resource.id.replace(place, "")).collect()
}

/// The kinds of faults.
fn faults(body: &str) -> Vec<FaultKind> {
    of(body).faults.into_iter().map(|fault| fault.kind).collect()
}

fn at(expanded: &Expanded, resource: usize, pointer: &str) -> String {
    wire::find(&expanded.resources[resource].body, pointer).key()
}

#[test]
fn texts_are_expressions_only_in_brackets() {
    value("[add(1, 2)]", "3");
    value("[[add(1, 2)]", r#""[add(1, 2)]""#);
    value("[add(1, 2)", r#""[add(1, 2)""#);
    value("add(1, 2)]", r#""add(1, 2)]""#);
    value("[concat('it''s ', 'so')]", r#""it's so""#);
}

#[test]
fn members_and_elements_are_reached() {
    let body = r#""resources":[],"variables":{"v":{"A":[1,{"b":"c"}]}},"outputs":{
        "one":{"type":"string","value":"[variables('V').a[1].B]"},
        "safe":{"type":"string","value":"[coalesce(variables('v')?.x?.y, 'none')]"},
        "tried":{"type":"string","value":"[coalesce(tryGet(variables('v'), 'x', 'y'), 'none')]"},
        "beyond":{"type":"string","value":"[coalesce(variables('v').A[?7], 'none')]"}}"#;
    let none = r#""none""#;
    outputs(body, &[("one", r#""c""#), ("safe", none), ("tried", none), ("beyond", none)]);
}

#[test]
fn a_branch_that_is_not_taken_is_not_worked_out() {
    value("[if(true(), 'a', variables('missing'))]", r#""a""#);
    value("[if(equals(1, 2), fail('no'), 'b')]", r#""b""#);
    value("[and(false(), variables('missing'))]", "false");
    value("[or(true(), fail('no'))]", "true");
    value("[coalesce(null(), 'a', variables('missing'))]", r#""a""#);
}

#[test]
fn lambdas_work_on_lists_and_objects() {
    value("[map(range(1, 3), lambda('x', mul(lambdaVariables('x'), 2)))]", "[2,4,6,]");
    value(
        "[map(createArray('a','b'), lambda('x', 'i', concat(lambdaVariables('x'), string(lambdaVariables('i')))))]",
        r#"["a0","b1",]"#,
    );
    value("[filter(range(1, 5), lambda('x', greater(lambdaVariables('x'), 3)))]", "[4,5,]");
    value(
        "[reduce(range(1, 4), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))]",
        "10",
    );
    value(
        "[sort(createArray(3,1,2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]",
        "[1,2,3,]",
    );
    value(
        "[toObject(createArray('a','b'), lambda('x', lambdaVariables('x')), lambda('x', concat(lambdaVariables('x'), '!')))]",
        r#"{"a":"a!","b":"b!",}"#,
    );
    value(
        "[groupBy(range(0, 4), lambda('x', string(mod(lambdaVariables('x'), 2))))]",
        r#"{"0":[0,2,],"1":[1,3,],}"#,
    );
    value("[mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))]", r#"{"a":2,}"#);
    value(
        "[map(range(0, 2), lambda('x', map(range(0, 2), lambda('y', add(mul(lambdaVariables('x'), 10), lambdaVariables('y'))))))]",
        "[[0,1,],[10,11,],]",
    );
}

#[test]
fn ids_are_made_at_every_scope() {
    let place = "/subscriptions/{subscription}/resourceGroups/{resourceGroup}";
    value(
        "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]",
        &format!(r#""{place}/providers/Microsoft.Network/virtualNetworks/v/subnets/s""#),
    );
    value(
        "[resourceId('other', 'Microsoft.Network/virtualNetworks', 'v')]",
        r#""/subscriptions/{subscription}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/v""#,
    );
    value(
        "[resourceId('11111111-1111-1111-1111-111111111111', 'rg', 'Microsoft.Compute/disks', 'd')]",
        r#""/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Compute/disks/d""#,
    );
    value(
        "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
        r#""/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/r""#,
    );
    value(
        "[tenantResourceId('Microsoft.Management/managementGroups', 'm')]",
        r#""/providers/Microsoft.Management/managementGroups/m""#,
    );
    value(
        "[extensionResourceId(resourceId('Microsoft.Compute/disks', 'd'), 'Microsoft.Authorization/locks', 'l')]",
        &format!(
            r#""{place}/providers/Microsoft.Compute/disks/d/providers/Microsoft.Authorization/locks/l""#
        ),
    );
    value("[resourceGroup().id]", &format!(r#""{place}""#));
    value("[last(split(resourceId('Microsoft.Network/virtualNetworks', 'v'), '/'))]", r#""v""#);
}

#[test]
fn children_have_ids_in_every_notation() {
    let body = r#""resources":[
        {"type":"Microsoft.Network/networkSecurityGroups","name":"n","resources":[
            {"type":"securityRules","name":"a","properties":{}},
            {"type":"Microsoft.Network/networkSecurityGroups/securityRules","name":"n/b","properties":{}},
            {"type":"Microsoft.Authorization/locks","name":"l","properties":{}}]},
        {"type":"Microsoft.Network/networkSecurityGroups/securityRules","name":"n/c","properties":{}},
        {"type":"Microsoft.Compute/virtualMachines/providers/guestConfigurationAssignments","name":"m/Microsoft.GuestConfiguration/g","properties":{}},
        {"type":"Microsoft.Insights/diagnosticSettings","name":"d","scope":"Microsoft.Network/networkSecurityGroups/n","properties":{}}]"#;
    let expanded = of(body);
    assert_eq!(expanded.faults, []);
    assert_eq!(
        ids(&expanded),
        [
            "microsoft.network/networksecuritygroups/n",
            "microsoft.network/networksecuritygroups/n/securityrules/a",
            "microsoft.network/networksecuritygroups/n/securityrules/b",
            "microsoft.network/networksecuritygroups/n/providers/microsoft.authorization/locks/l",
            "microsoft.network/networksecuritygroups/n/securityrules/c",
            "microsoft.compute/virtualmachines/m/providers/microsoft.guestconfiguration/guestconfigurationassignments/g",
            "microsoft.network/networksecuritygroups/n/providers/microsoft.insights/diagnosticsettings/d",
        ]
    );
}

#[test]
fn loops_make_resources_properties_variables_and_outputs() {
    let body = r#""variables":{"copy":[{"name":"names","count":2,"input":"[concat('v', copyIndex('names', 1))]"}]},
        "resources":[{"type":"Microsoft.Network/networkSecurityGroups","name":"[concat('n', copyIndex())]",
            "copy":{"name":"groups","count":"[length(variables('names'))]"},
            "properties":{"copy":[{"name":"securityRules","count":2,"input":{"name":"[format('r{0}-{1}', copyIndex(), copyIndex('securityRules'))]"}}]}}],
        "outputs":{"names":{"type":"array","value":"[variables('names')]"},
            "ids":{"type":"array","copy":{"count":2,"input":"[copyIndex()]"}}}"#;
    outputs(body, &[("names", r#"["v1","v2",]"#), ("ids", "[0,1,]")]);
    let expanded = of(body);
    assert_eq!(
        ids(&expanded),
        ["microsoft.network/networksecuritygroups/n0", "microsoft.network/networksecuritygroups/n1"]
    );
    assert_eq!(at(&expanded, 1, "/properties/securityRules/0/name"), r#""r1-0""#);
}

#[test]
fn conditions_decide_what_is_there() {
    let body = r#""parameters":{"p":{"type":"bool"}},"resources":[
        {"type":"Microsoft.Network/networkSecurityGroups","name":"no","condition":false,"properties":{"x":"[variables('missing')]"}},
        {"type":"Microsoft.Network/networkSecurityGroups","name":"yes","condition":"[not(false())]","properties":{}},
        {"type":"Microsoft.Network/networkInterfaces","name":"maybe","condition":"[parameters('p')]","properties":{"a":1}},
        {"type":"Microsoft.Network/azureFirewalls","name":"maybe","condition":"[parameters('p')]","properties":{"a":1}}]"#;
    let expanded = of(body);
    assert_eq!(expanded.faults, []);
    assert_eq!(ids(&expanded).len(), 3);
    assert_eq!(at(&expanded, 1, "/properties/a"), "1", "what could be attacked is there");
    let properties = wire::find(&expanded.resources[2].body, "/properties");
    assert!(matches!(properties.doubt().unwrap().why, Why::Condition(_)), "what could protect is not known");
    let conditions = expanded.notes.iter().filter(|note| matches!(note.kind, NoteKind::Condition { .. }));
    assert_eq!(conditions.count(), 2);
}

#[test]
fn symbolic_names_are_references() {
    let body = r#""languageVersion":"2.0","resources":{
        "net":{"type":"Microsoft.Network/virtualNetworks","name":"v","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}},
        "old":{"type":"Microsoft.Network/virtualNetworks","name":"old","existing":true},
        "many":{"type":"Microsoft.Network/publicIPAddresses","name":"[format('p{0}', copyIndex())]","copy":{"name":"many","count":2},"properties":{"n":"[copyIndex()]"}}},
        "outputs":{"prefix":{"type":"string","value":"[reference('net').addressSpace.addressPrefixes[0]]"},
            "each":{"type":"int","value":"[reference('many[1]').n]"},
            "all":{"type":"array","value":"[map(references('many'), lambda('p', lambdaVariables('p').n))]"},
            "old":{"type":"string","value":"[reference('old').addressSpace]"},
            "name":{"type":"string","value":"[resourceInfo('net').name]"}}"#;
    let expanded = of(body);
    assert_eq!(ids(&expanded).len(), 3, "what is there already is not deployed");
    let expected = [("prefix", r#""10.0.0.0/16""#), ("each", "1"), ("all", "[0,1,]"), ("name", r#""v""#)];
    outputs(body, &expected);
    let old = &expanded.outputs.iter().find(|(name, _)| &**name == "old").unwrap().1;
    assert!(matches!(old.doubt().unwrap().why, Why::Existing(_)));
}

#[test]
fn references_give_what_the_template_says() {
    let body = r#""resources":[
        {"type":"Microsoft.Network/publicIPAddresses","name":"p","location":"japaneast","properties":{"dnsSettings":{"domainNameLabel":"x"}}},
        {"type":"Microsoft.Network/networkSecurityGroups","name":"n","properties":{"made":"[reference(resourceId('Microsoft.Network/publicIPAddresses','p')).dnsSettings.domainNameLabel]"}}],
        "outputs":{"place":{"type":"string","value":"[reference('p', '2023-09-01', 'Full').location]"},
            "address":{"type":"string","value":"[reference('p').ipAddress]"},
            "key":{"type":"string","value":"[listKeys('p', '2023-09-01').keys[0].value]"},
            "partial":{"type":"string","value":"[reference('Microsoft.Network/publicIPAddresses/p').dnsSettings.domainNameLabel]"}}"#;
    outputs(body, &[("place", r#""japaneast""#), ("partial", r#""x""#)]);
    let expanded = of(body);
    assert_eq!(at(&expanded, 1, "/properties/made"), r#""x""#);
    for name in ["address", "key"] {
        let value = &expanded.outputs.iter().find(|(its, _)| &**its == name).unwrap().1;
        assert!(matches!(value.doubt().unwrap().why, Why::Runtime(_)), "{name}");
    }
}

fn nested(scope: &str) -> String {
    format!(
        r#""parameters":{{"p":{{"type":"string","defaultValue":"outer"}}}},"variables":{{"v":"outer"}},"resources":[
        {{"type":"Microsoft.Resources/deployments","name":"inside","resourceGroup":"other","properties":{{"mode":"Incremental",
            "expressionEvaluationOptions":{{"scope":"{scope}"}},"parameters":{{"p":{{"value":"[concat(parameters('p'), '-given')]"}}}},
            "template":{{"$schema":"x","contentVersion":"1.0.0.0","parameters":{{"p":{{"type":"string"}}}},"variables":{{"v":"inner"}},
                "resources":[{{"type":"Microsoft.Network/networkSecurityGroups","name":"[parameters('p')]","properties":{{"v":"[variables('v')]","g":"[resourceGroup().name]"}}}}],
                "outputs":{{"id":{{"type":"string","value":"[resourceId('Microsoft.Network/networkSecurityGroups', parameters('p'))]"}}}}}}}}}}],
        "outputs":{{"id":{{"type":"string","value":"[reference('inside').outputs.id.value]"}}}}"#
    )
}

#[test]
fn nested_deployments_have_a_scope() {
    let inner = of(&nested("inner"));
    assert_eq!(inner.faults, []);
    assert_eq!(
        &*inner.resources[0].id,
        "/subscriptions/{subscription}/resourcegroups/other/providers/microsoft.network/networksecuritygroups/outer-given"
    );
    assert_eq!(at(&inner, 0, "/properties/v"), r#""inner""#);
    assert_eq!(at(&inner, 0, "/properties/g"), r#""other""#);
    outputs(
        &nested("inner"),
        &[(
            "id",
            r#""/subscriptions/{subscription}/resourceGroups/other/providers/Microsoft.Network/networkSecurityGroups/outer-given""#,
        )],
    );
    // With outer scope expressions see what stands around; the resource goes to the deployment's group all the same.
    let outer = of(&nested("outer"));
    assert_eq!(
        &*outer.resources[0].id,
        "/subscriptions/{subscription}/resourcegroups/other/providers/microsoft.network/networksecuritygroups/outer"
    );
    assert_eq!(at(&outer, 0, "/properties/v"), r#""outer""#);
}

#[test]
fn with_symbolic_names_nested_deployments_see_themselves() {
    let body = nested("inner").replace(r#""expressionEvaluationOptions":{"scope":"inner"},"#, "");
    let symbolic = body
        .replace(
            r#""resources":[
        {"type":"Microsoft.Resources/deployments""#,
            r#""languageVersion":"2.0","resources":{"d":
        {"type":"Microsoft.Resources/deployments""#,
        )
        .replacen("}}}}}],\n", "}}}}}},\n", 1);
    let symbolic = symbolic.replace("reference('inside')", "reference('d')");
    let expanded = expand(&read(&format!("{{{HEAD}{symbolic}}}")), &Options::default()).unwrap();
    assert_eq!(expanded.faults, []);
    assert_eq!(at(&expanded, 0, "/properties/v"), r#""inner""#);
}

#[test]
fn a_child_is_waited_for_by_its_own_name() {
    let body = r#""resources":[{"type":"A.B/c","name":"p","resources":[
        {"type":"d","name":"one","properties":{}},{"type":"d","name":"two","dependsOn":["one"],"properties":{}}]},
        {"type":"A.B/e","name":"loops","copy":{"name":"none","count":0},"properties":{}},
        {"type":"A.B/e","name":"last","dependsOn":["none"],"properties":{}}]"#;
    assert_eq!(of(body).faults, []);
}

#[test]
fn scopes_above_a_resource_group() {
    let body = r#""$schema":"https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#","resources":[
        {"type":"Microsoft.Resources/resourceGroups","name":"g","location":"japanwest","properties":{}},
        {"type":"Microsoft.Resources/deployments","name":"d","resourceGroup":"g","properties":{"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},
            "template":{"resources":[{"type":"Microsoft.Network/virtualNetworks","name":"v","location":"[resourceGroup().location]","properties":{}}]}}},
        {"type":"Microsoft.Authorization/policyAssignments","name":"a","properties":{}}]"#;
    let options = Options {
        place: Given { subscription: Some("s1".to_owned()), ..Given::default() },
        ..Options::default()
    };
    let expanded = with(body, &options);
    assert_eq!(expanded.faults, []);
    let ids: Vec<&str> = expanded.resources.iter().map(|resource| &*resource.id).collect();
    assert_eq!(
        ids,
        [
            "/subscriptions/s1/resourcegroups/g",
            "/subscriptions/s1/resourcegroups/g/providers/microsoft.network/virtualnetworks/v",
            "/subscriptions/s1/providers/microsoft.authorization/policyassignments/a",
        ]
    );
    assert_eq!(at(&expanded, 1, "/location"), r#""japanwest""#);
}

#[test]
fn linked_templates_are_read_where_they_are() {
    let body = |link: &str| {
        format!(
            r#""parameters":{{"base":{{"type":"string","defaultValue":"[deployment().properties.templateLink.uri]"}}}},"resources":[
            {{"type":"Microsoft.Resources/deployments","name":"l","properties":{{"mode":"Incremental","templateLink":{{{link}}},"parameters":{{"n":{{"value":"x"}}}}}}}}]"#
        )
    };
    let linked = r#"{"parameters":{"n":{"type":"string"}},"resources":[{"type":"Microsoft.Network/virtualNetworks","name":"[parameters('n')]","properties":{}}]}"#;
    let find =
        |_: u32, path: &str| (path == "nested/net.json").then(|| json::read(linked.as_bytes(), 1).unwrap());
    let options = Options { link: &find, ..Options::default() };
    for link in [
        r#""relativePath":"nested/net.json""#,
        r#""uri":"[uri(parameters('base'), 'nested/net.json')]""#,
        r#""uri":"[uri(deployment().properties.templateLink.uri, concat('nested/', 'net.json'))]""#,
        r#""uri":"https://example.com/a/b/nested/net.json?sig=x""#,
    ] {
        let expanded = with(&body(link), &options);
        assert_eq!(expanded.faults, [], "{link}");
        assert_eq!(ids(&expanded), ["microsoft.network/virtualnetworks/x"], "{link}");
        assert_eq!(expanded.resources[0].at.file, 1);
    }
    let away = with(&body(r#""uri":"https://example.com/other.json?sig=secret""#), &options);
    assert_eq!(away.faults, []);
    assert_eq!(away.notes[0].kind, NoteKind::Link("https://example.com/other.json".into()));
}

#[test]
fn user_functions_see_their_arguments_alone() {
    let body = r#""variables":{"v":"outside"},"functions":[{"namespace":"contoso","members":{
            "twice":{"parameters":[{"name":"x","type":"string"}],"output":{"type":"string","value":"[concat(parameters('x'), parameters('X'))]"}},
            "four":{"parameters":[{"name":"x","type":"string"}],"output":{"type":"string","value":"[contoso.twice(contoso.twice(parameters('x')))]"}}}}],
        "resources":[],"outputs":{"o":{"type":"string","value":"[contoso.four('ab')]"}}"#;
    outputs(body, &[("o", r#""abababab""#)]);
}

#[test]
fn parameters_come_from_files_and_defaults() {
    let body = r#""parameters":{"a":{"type":"string","defaultValue":"[concat(parameters('b'), '!')]"},"b":{"type":"string"},
            "c":{"type":"object","nullable":true},"k":{"type":"string"},"n":{"type":"int"}},
        "resources":[],"outputs":{"a":{"type":"string","value":"[parameters('a')]"},"c":{"type":"bool","value":"[equals(parameters('c'), null())]"},
            "k":{"type":"string","value":"[parameters('k')]"},"n":{"type":"int","value":"[add(parameters('n'), 1)]"}}"#;
    let first = read(
        r#"{"parameters":{"b":{"value":"first"},"k":{"reference":{"keyVault":{"id":"x"},"secretName":"s"}}}}"#,
    );
    let second = read(r#"{"B":{"value":"second"}}"#);
    let given = [first, second];
    let expanded = with(body, &Options { parameters: &given, ..Options::default() });
    assert_eq!(expanded.faults, []);
    let key = |name: &str| expanded.outputs.iter().find(|(its, _)| &**its == name).unwrap().1.clone();
    assert_eq!(key("a").key(), r#""second!""#);
    assert_eq!(key("c").key(), "true");
    assert!(matches!(&key("k").doubt().unwrap().why, Why::KeyVault(_)));
    assert_eq!(key("n").doubt().unwrap().why, Why::Parameter("n".into()));
    assert_eq!(expanded.notes.len(), 1, "just the parameter without a value");
}

#[test]
fn secrets_never_become_values() {
    let body = r##""definitions":{"account":{"type":"object","properties":{"name":{"type":"string"},"word":{"$ref":"#/definitions/secret"}}},"secret":{"type":"securestring"}},
        "parameters":{"p":{"type":"secureString"},"q":{"type":"SecureString","defaultValue":"planted-1"},"o":{"type":"secureObject"},"a":{"$ref":"#/definitions/account"},"empty":{"type":"securestring","defaultValue":""}},
        "variables":{"v":"[concat('x-', parameters('p'), parameters('q'))]"},
        "resources":[{"type":"Microsoft.Compute/virtualMachines","name":"[concat('m', parameters('p'))]","tags":{"t":"[base64(variables('v'))]","o":"[string(parameters('o'))]","w":"[parameters('a').word]","n":"[parameters('a').name]"},"properties":{}}],
        "outputs":{"o":{"type":"securestring","value":"planted-2"},"e":{"type":"string","value":"[parameters('empty')]"}}"##;
    let given = [read(
        r#"{"parameters":{"p":{"value":"planted-3"},"o":{"value":{"x":"planted-4"}},"a":{"value":{"name":"n1","word":"planted-5"}}}}"#,
    )];
    let expanded = with(body, &Options { parameters: &given, ..Options::default() });
    assert_eq!(expanded.faults, []);
    let mut text = Vec::new();
    for value in expanded
        .resources
        .iter()
        .map(|resource| &resource.body)
        .chain(expanded.outputs.iter().map(|(_, value)| value))
    {
        wire::write(value, &|why| format!("{why:?}"), &mut text);
    }
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("planted"), "{text}");
    assert!(text.contains(r#""n":"n1""#) && text.contains(r#""""#), "{text}");
}

#[test]
fn types_are_checked_and_referred_to() {
    let check = |parameter: &str, value: &str, expected: &[FaultKind]| {
        let body = format!(
            r##""definitions":{{"port":{{"type":"int","minValue":1,"maxValue":9}},"loop":{{"$ref":"#/definitions/loop"}}}},"parameters":{{"p":{parameter}}},"resources":[]"##
        );
        let given = [read(&format!(r#"{{"p":{{"value":{value}}}}}"#))];
        let expanded = with(&body, &Options { parameters: &given, ..Options::default() });
        let kinds: Vec<_> = expanded.faults.into_iter().map(|fault| fault.kind).collect();
        assert_eq!(kinds, expected, "{parameter} {value}");
    };
    let rule = |rule| FaultKind::NotAllowed { name: "p".into(), rule };
    let wrong = |name: &str, expected: &str, found| FaultKind::Type {
        name: name.into(),
        expected: expected.into(),
        found,
    };
    check(r##"{"$ref":"#/definitions/port"}"##, "5", &[]);
    check(r##"{"$ref":"#/definitions/port"}"##, "10", &[rule("maxValue")]);
    check(r##"{"$ref":"#/definitions/port"}"##, "\"x\"", &[wrong("parameters.p", "int", "string")]);
    check(
        r##"{"$ref":"#/definitions/none"}"##,
        "1",
        &[FaultKind::Missing { what: What::Type, name: "#/definitions/none".into() }],
    );
    check(
        r##"{"$ref":"#/definitions/loop"}"##,
        "1",
        &[FaultKind::Cycle { what: What::Type, name: "$ref".into() }],
    );
    check(r#"{"type":"string","allowedValues":["A","b"]}"#, "\"a\"", &[]);
    check(r#"{"type":"string","allowedValues":["A","b"]}"#, "\"c\"", &[rule("allowedValues")]);
    check(r#"{"type":"string","minLength":3}"#, "\"ab\"", &[rule("minLength")]);
    check(
        r#"{"type":"array","items":{"type":"object","properties":{"x":{"type":"int"}}}}"#,
        r#"[{"x":1},{"x":"a"},{}]"#,
        &[
            wrong("parameters.p[1].x", "int", "string"),
            FaultKind::Missing { what: What::Property, name: "p[2].x".into() },
        ],
    );
}

#[test]
fn unknown_names_are_the_same_everywhere() {
    let body = r#""parameters":{"n":{"type":"string"}},"variables":{"nic":"[concat(parameters('n'), '-', uniqueString(resourceGroup().id))]"},"resources":[
        {"type":"Microsoft.Network/networkInterfaces","name":"[variables('nic')]","properties":{}},
        {"type":"Microsoft.Compute/virtualMachines","name":"[parameters('n')]","properties":{"networkProfile":{"networkInterfaces":[{"id":"[resourceId('Microsoft.Network/networkInterfaces', format('{0}-{1}', parameters('n'), uniqueString(resourceGroup().id)))]"}]}}}]"#;
    let expanded = of(body);
    let mut text = Vec::new();
    wire::write(&expanded.resources[1].body, &|_| String::new(), &mut text);
    let vm: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let nic =
        vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"].as_str().unwrap().to_lowercase();
    assert_eq!(nic, *expanded.resources[0].id);
    assert!(nic.contains("/{n}-{uniquestring~"), "{nic}");
}

#[test]
fn mistakes_are_told_where_they_are() {
    let kinds = |body: &str| faults(body);
    let output = |expression: &str| {
        format!(
            r#""variables":{{"a":"[variables('b')]","b":"[variables('a')]"}},"resources":[],"outputs":{{"o":{{"type":"string","value":"{expression}"}}}}"#
        )
    };
    let missing = |what, name: &str| FaultKind::Missing { what, name: name.into() };
    assert_eq!(kinds(&output("[variables('c')]")), [missing(What::Variable, "c")]);
    assert_eq!(kinds(&output("[parameters('c')]")), [missing(What::Parameter, "c")]);
    assert_eq!(kinds(&output("[nothing('c')]")), [FaultKind::NoFunction("nothing".into())]);
    assert_eq!(kinds(&output("[own.nothing('c')]")), [FaultKind::NoFunction("own.nothing".into())]);
    assert_eq!(kinds(&output("[fail('stop here')]")), [FaultKind::Failed("stop here".into())]);
    assert!(matches!(
        kinds(&output("[variables('a')]"))[..],
        [FaultKind::Cycle { what: What::Variable, .. }]
    ));
    assert_eq!(kinds(&output("[concat('a'")), []);
    assert_eq!(
        kinds(&output("[concat('a']")),
        [FaultKind::Expression("a comma or a closing parenthesis is due")]
    );
    assert_eq!(kinds(&output("[copyIndex('x')]")), [missing(What::Copy, "x")]);
    let resource = |members: &str| {
        format!(
            r#""resources":[{{"type":"Microsoft.Network/virtualNetworks","name":"v","properties":{{}}}},{{{members}}}]"#
        )
    };
    assert_eq!(
        kinds(&resource(r#""type":"Microsoft.Network/virtualNetworks","name":"V","properties":{}"#)).len(),
        1
    );
    assert_eq!(
        kinds(&resource(r#""type":"Microsoft.Network/virtualNetworks/subnets","name":"a","properties":{}"#)),
        [FaultKind::Segments("Microsoft.Network/virtualNetworks/subnets".into())]
    );
    assert_eq!(kinds(&resource(r#""name":"a""#)), [FaultKind::Lacks("type")]);
    assert_eq!(
        kinds(&resource(r#""type":"A.B/c","name":"a","dependsOn":["nobody"]"#)),
        [missing(What::Resource, "nobody")]
    );
    assert_eq!(
        kinds(&resource(r#""type":"A.B/c","name":"a","dependsOn":["a"]"#)),
        [FaultKind::Depends("a".into())]
    );
    assert_eq!(
        kinds(&resource(
            r#""type":"A.B/c","name":"a","dependsOn":["v", "[resourceId('Microsoft.Network/virtualNetworks', 'v')]"]"#
        )),
        []
    );
}

#[test]
fn bombs_are_bounded() {
    let limits = Limits { steps: 2_000_000, turns: 10_000, values: 100_000, ..Limits::default() };
    let bounded = |body: &str| {
        let expanded = with(body, &Options { limits, ..Options::default() });
        let kinds: Vec<_> = expanded.faults.into_iter().map(|fault| fault.kind).collect();
        assert!(!kinds.is_empty(), "{}", &body[..body.len().min(300)]);
        kinds
    };
    // A list of lists of itself.
    let mut variables = vec![r#""v0":"[createArray('x')]""#.to_owned()];
    variables.extend(
        (1..60)
            .map(|n| format!(r#""v{n}":"[createArray(variables('v{}'), variables('v{}'))]""#, n - 1, n - 1)),
    );
    let list = format!(
        r#""variables":{{{}}},"resources":[],"outputs":{{"o":{{"type":"array","value":"[variables('v59')]"}}}}"#,
        variables.join(",")
    );
    bounded(&list);
    // A text that doubles.
    let mut variables = vec![r#""v0":"xxxxxxxxxxxxxxxx""#.to_owned()];
    variables.extend(
        (1..60).map(|n| format!(r#""v{n}":"[concat(variables('v{}'), variables('v{}'))]""#, n - 1, n - 1)),
    );
    bounded(&list.replace(
        &list[..list.find("},\"resources").unwrap()],
        &format!(r#""variables":{{{}"#, variables.join(",")),
    ));
    // One variable after the other, very deep.
    let mut variables = vec![r#""v0":"x""#.to_owned()];
    variables.extend((1..5_000).map(|n| format!(r#""v{n}":"[concat(variables('v{}'))]""#, n - 1)));
    bounded(&format!(
        r#""variables":{{{}}},"resources":[],"outputs":{{"o":{{"type":"string","value":"[variables('v4999')]"}}}}"#,
        variables.join(",")
    ));
    // Loops.
    let many = r#""resources":[{"type":"A.B/c","name":"[string(copyIndex())]","copy":{"name":"l","count":1000000000}}]"#;
    assert!(matches!(bounded(many)[..], [FaultKind::TooLarge { what: "turns of a loop", .. }]));
    let inside = r#""variables":{"copy":[{"name":"a","count":9999,"input":{"copy":[{"name":"b","count":9999,"input":"x"}]}}]},"resources":[],"outputs":{"o":{"type":"array","value":"[variables('a')]"}}"#;
    bounded(inside);
    let less = r#""resources":[{"type":"A.B/c","name":"a","copy":{"name":"l","count":-1}}]"#;
    assert!(matches!(bounded(less)[..], [FaultKind::Range { .. }]));
    // A user-defined function that calls itself.
    bounded(
        r#""functions":[{"namespace":"n","members":{"f":{"parameters":[],"output":{"type":"string","value":"[n.f()]"}}}}],"resources":[],"outputs":{"o":{"type":"string","value":"[n.f()]"}}"#,
    );
}

#[test]
fn a_template_that_links_itself_ends() {
    let text = r#"{"resources":[{"type":"Microsoft.Resources/deployments","name":"l","properties":{"mode":"Incremental","templateLink":{"relativePath":"self.json"}}}]}"#;
    let find = |_: u32, _: &str| Some(json::read(text.as_bytes(), 0).unwrap());
    let expanded = expand(&read(text), &Options { link: &find, ..Options::default() }).unwrap();
    assert!(matches!(expanded.faults[..], [template::Fault { kind: FaultKind::Cycle { .. }, .. }]));
}

#[test]
fn what_is_no_template_is_told() {
    let check = |text: &str, expected: FaultKind| {
        assert_eq!(expand(&read(text), &Options::default()).unwrap_err().kind, expected, "{text}");
    };
    check("[]", FaultKind::Not("an ARM template"));
    check("{}", FaultKind::Lacks("resources"));
    let odd = expand(&read(r#"{"resources":7}"#), &Options::default()).unwrap();
    assert_eq!(odd.faults[0].kind, FaultKind::Lacks("resources"));
    let odd =
        expand(&read(r#"{"resources":[7, null, [], {"type":[], "name":{}}]}"#), &Options::default()).unwrap();
    assert!(odd.faults.len() > 3, "{:?}", odd.faults);
}

#[test]
fn values_keep_their_places() {
    let text = format!(
        r#"{{{HEAD}"variables":{{"rules":[{{"port":22}}],"port":"80"}},"resources":[{{"type":"A.B/c","name":"n","properties":{{"list":"[variables('rules')]","one":"[variables('port')]"}}}}]}}"#
    );
    let expanded = expand(&read(&text), &Options::default()).unwrap();
    let stands = |pointer: &str| {
        let at = wire::find(&expanded.resources[0].body, pointer).at;
        &text[at.start as usize..at.end as usize]
    };
    assert_eq!(stands("/properties/list/0/port"), "22");
    assert_eq!(stands("/properties/one"), r#""[variables('port')]""#);
    assert_eq!(stands("/properties/list"), r#""[variables('rules')]""#);
}
