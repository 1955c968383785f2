//! What a deployment may say twice, or somewhere else, or not at all: it is not taken for safe, and what is open stays open.

use serde_json::json;

use crate::world::{HEAD, MACHINE, NARROW, OPEN, World, closed, doubted, group, group_of, open, template};

const DEPLOY: &str = r#""parameters": {"deploy": {"type": "bool"}},"#;

/// How [`MACHINE`] ends.
const MACHINE_END: &str = "'Microsoft.Network/networkInterfaces', 'web')]\"}]}}}";

/// A rule beside its group.
fn beside(name: &str, rule: &str) -> String {
    format!(
        r#"{{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "{name}", "properties": {rule}}}"#
    )
}

/// A deployment of these resources inside of the template, with a member of its own.
fn inner(member: &str, resources: &str) -> String {
    format!(
        r#"{{{member} "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner",
     "properties": {{"mode": "Incremental", "template": {HEAD}"resources": [{resources}]}}}}}}"#
    )
}

fn linked(name: &str) -> String {
    format!(
        r#"{{"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "linked",
     "properties": {{"mode": "Incremental", "templateLink": {{"relativePath": "{name}"}}}}}}"#
    )
}

/// An existing group may be there instead, with any rules.
#[test]
fn a_group_that_may_be_deployed_has_unknown_rules() {
    for rule in [OPEN, NARROW] {
        let text = template(DEPLOY, &group_of(rule)).replace(
            "{\"type\": \"Microsoft.Network/networkSecurityGroups\"",
            "{\"condition\": \"[parameters('deploy')]\", \"type\": \"Microsoft.Network/networkSecurityGroups\"",
        );
        let world = World::new(&[("t.json", &text)]);
        world.doubted(&[], "deploy");
        if rule == OPEN {
            world.open(&["-p", "deploy=true"]);
        } else {
            world.closed(&["-p", "deploy=true"]);
        }
        // Not deployed, and another may be there under its name: nobody says that it is well.
        world.doubted(&["-p", "deploy=false"], "");
    }
}

#[test]
fn a_doubt_of_a_deployment_goes_down_to_its_resources() {
    let condition = "\"condition\": \"[parameters('deploy')]\",";
    let text = template(DEPLOY, &inner(condition, &group_of(NARROW)));
    let world = World::new(&[("t.json", &text)]);
    world.doubted(&[], "deploy");
    world.closed(&["-p", "deploy=true"]);
    // Two levels down.
    let text = template(DEPLOY, &inner(condition, &inner("", &group_of(NARROW))));
    World::new(&[("t.json", &text)]).doubted(&[], "deploy");
    // A rule that denies, and may not be deployed.
    let deny = beside("web/deny", &OPEN.replace("Allow", "Deny").replace("1000", "900"));
    let text = template(DEPLOY, &format!("{}, {}", group_of(OPEN), inner(condition, &deny)));
    let world = World::new(&[("t.json", &text)]);
    world.doubted(&[], "deploy");
    world.closed(&["-p", "deploy=true"]);
    world.open(&["-p", "deploy=false"]);
    // A rule that opens, and may not be deployed.
    let text =
        template(DEPLOY, &format!("{}, {}", group_of(NARROW), inner(condition, &beside("web/ssh", OPEN))));
    World::new(&[("t.json", &text)]).doubted(&[], "deploy");
    // The machine counts as there.
    let text = format!("{HEAD}{DEPLOY} \"resources\": [{}, {}]}}", group_of(OPEN), inner(condition, MACHINE));
    World::new(&[("t.json", &text)]).open(&[]);
}

#[test]
fn two_resources_with_one_id() {
    let twice = |first: &str, second: &str| {
        template("", &format!("{}, {}", group_of(first), inner("", &group_of(second))))
    };
    for (first, second) in [(OPEN, NARROW), (NARROW, OPEN)] {
        doubted(&twice(first, second), "`securityRules` is said twice, and not the same");
    }
    open(&twice(OPEN, OPEN));
    closed(&twice(NARROW, NARROW));
    // Three: the last one does not make it known again.
    let three = format!(
        "{}, {}, {}",
        group_of(OPEN),
        inner("", &group_of(NARROW)),
        inner("", &group_of(NARROW)).replace("\"inner\"", "\"other\"")
    );
    doubted(&template("", &three), "`securityRules` is said twice, and not the same");
    // In another case of letters it is the same id.
    let other = group_of(NARROW).replace("\"name\": \"web\"", "\"name\": \"WEB\"");
    doubted(
        &template("", &format!("{}, {}", group_of(OPEN), inner("", &other))),
        "`securityRules` is said twice",
    );
    // What they do agree in is known, though another part is not.
    let more = group_of(OPEN).replace(
        "\"properties\": {\"securityRules\"",
        "\"properties\": {\"flushConnection\": true, \"securityRules\"",
    );
    assert_ne!(more, group_of(OPEN));
    open(&template("", &format!("{}, {}", group_of(OPEN), inner("", &more))));
}

/// What stands beside the properties is a part of the resource, too: an address of the basic SKU lets everybody in where no
/// group stands before the machine.
#[test]
fn two_resources_with_one_id_that_differ_beside_their_properties() {
    let basic = r#"{"type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2024-05-01", "name": "web",
     "sku": {"name": "Basic"}, "properties": {"publicIPAllocationMethod": "Static"}}"#;
    let without = |resources: &str| {
        let guard = r#""networkSecurityGroup": {"id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"},"#;
        let text = template("", resources);
        assert!(text.contains(guard));
        text.replace(guard, "").replace('§', "")
    };
    closed(&without(&group_of(OPEN)));
    let inner = inner("", basic);
    let before = without(&inner);
    let behind = without(&group_of(OPEN))
        .replace(&format!("{MACHINE_END}\n  ]"), &format!("{MACHINE_END},\n    {inner}\n  ]"));
    assert!(behind.contains("Basic"));
    for text in [before, behind] {
        let report = World::new(&[("t.json", &text)])
            .run(&["check", "t.json", "--select", "NET001", "--all", "--format", "json"])
            .json();
        assert_ne!(report["findings"][0]["status"], "pass", "{report}");
    }
}

#[test]
fn a_linked_template_that_is_not_at_hand_may_open_a_group() {
    let with = |group: &str, link: &str| template("", &format!("{group}, {link}"));
    doubted(&with(&group_of(NARROW), &linked("nowhere.json")), "");
    open(&with(&group_of(OPEN), &linked("nowhere.json")));
    for properties in ["\"securityRules\": []", ""] {
        doubted(&with(&group(properties), &linked("nowhere.json")), "");
    }
    doubted(
        &with(
            &group_of(NARROW).replace("\"properties\"", "\"tags\": {}, \"properties\""),
            &linked("../up.json"),
        ),
        "",
    );
    // At hand it says itself what it adds.
    let text = with(&group_of(NARROW), &linked("empty.json"));
    let empty = format!("{HEAD}\"resources\": []}}");
    World::new(&[("t.json", &text), ("empty.json", &empty)]).closed(&[]);
    // Of one that is linked by a linked one, too.
    let far = format!("{HEAD}\"resources\": [{}]}}", linked("nowhere.json"));
    World::new(&[("t.json", &text), ("empty.json", &far)]).doubted(&[], "");
}

#[test]
fn members_in_another_case_of_letters() {
    let rules = |rule: &str| format!("[{{\"name\": \"r\", \"properties\": {rule}}}]");
    let told = "`SecurityRules` is said twice, and not the same";
    for (first, second) in [(rules(OPEN), "[]".to_owned()), ("[]".to_owned(), rules(OPEN))] {
        doubted(
            &template("", &group(&format!("\"securityRules\": {first}, \"SecurityRules\": {second}"))),
            told,
        );
    }
    // In the same letters the last one counts, as in any JSON.
    closed(&template("", &group(&format!("\"securityRules\": {}, \"securityRules\": []", rules(OPEN)))));
}

/// A third one does not make it known again.
#[test]
fn members_in_another_case_of_letters_and_once_more() {
    let rules = format!("[{{\"name\": \"r\", \"properties\": {OPEN}}}]");
    for (first, third) in [(&*rules, "[]"), ("[]", &*rules)] {
        for last in ["SecurityRules", "securityRules", "SECURITYRULES"] {
            let three = format!("\"securityRules\": {first}, \"SecurityRules\": [], \"{last}\": {third}");
            doubted(&template("", &group(&three)), "is said twice");
        }
    }
}

/// The same by a name that an expression makes.
#[test]
fn members_in_another_case_of_letters_that_expressions_name() {
    let rules = format!("[{{\"name\": \"r\", \"properties\": {OPEN}}}]");
    let named = format!("\"securityRules\": {rules}, \"[concat('Security', 'Rules')]\": []");
    doubted(&template("", &group(&named)), "");
}

/// It may be any member.
#[test]
fn a_member_whose_name_is_not_known() {
    let members = r#""parameters": {"name": {"type": "string"}},"#;
    let rules = format!("[{{\"name\": \"r\", \"properties\": {OPEN}}}]");
    let with = |properties: &str| World::new(&[("t.json", &template(members, &group(properties)))]);
    let world = with(&format!("\"[parameters('name')]\": {rules}"));
    world.doubted(&[], "the parameter `name` has no value");
    world.closed(&["-p", "name=tags"]);
    let ran = world.run(&["check", "t.json", "--select", "NET001", "-p", "name=securityRules"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    let both = with(&format!("\"securityRules\": {rules}, \"[parameters('name')]\": []"));
    both.doubted(&[], "the parameter `name` has no value");
    // Of a rule it may be the source or the access.
    let rule =
        OPEN.replace("\"access\": \"Allow\"", "\"access\": \"Deny\", \"[parameters('name')]\": \"Allow\"");
    with(&format!("\"securityRules\": [{{\"name\": \"r\", \"properties\": {rule}}}]")).doubted(&[], "name");
    // Tags with such names are nobody's business.
    let text = template(members, &group_of(OPEN)).replacen(
        "\"properties\"",
        "\"tags\": {\"[parameters('name')]\": \"x\"}, \"properties\"",
        1,
    );
    open(&text);
}

/// Azure will tell more of a resource than the template does.
#[test]
fn what_azure_adds_to_a_resource_is_looked_for() {
    let web = "reference(resourceId('Microsoft.Network/publicIPAddresses', 'web'))";
    let with = |expression: &str| {
        let rule =
            OPEN.replace("\"*\", \"sourcePortRange", &format!("\"[{expression}]\", \"sourcePortRange"));
        assert_ne!(rule, OPEN);
        template("", &group_of(&rule))
    };
    for expression in [
        "coalesce(tryGet(WEB, 'ipAddress'), '10.0.0.1')",
        "coalesce(WEB.?ipAddress, '10.0.0.1')",
        "if(contains(WEB, 'ipAddress'), '*', '10.0.0.1')",
        "if(contains(WEB, 'ipAddress'), '10.0.0.1', '*')",
        "if(contains(objectKeys(WEB), 'ipAddress'), '*', '10.0.0.1')",
        "if(greater(length(WEB), 3), '*', '10.0.0.1')",
        "if(contains(union(WEB, createObject('a', 1)), 'ipAddress'), '*', '10.0.0.1')",
        "if(contains(reference(resourceId('Microsoft.Network/publicIPAddresses', 'web'), '2024-05-01', 'Full'), 'zones'), '*', '10.0.0.1')",
        "if(equals(tryGet(WEB, 'ipAddress'), null()), '10.0.0.1', '*')",
    ] {
        doubted(&with(&expression.replace("WEB", web)), "");
    }
    // What the template says itself is known.
    closed(&with(&"if(contains(WEB, 'publicIPAllocationMethod'), '10.0.0.1', '*')".replace("WEB", web)));
    open(&with(
        &"if(equals(tryGet(WEB, 'publicIPAllocationMethod'), 'Static'), '*', '10.0.0.1')".replace("WEB", web),
    ));
    closed(&with("if(contains(createObject('a', 1), 'ipAddress'), '*', '10.0.0.1')"));
}

/// The same by another way: through a parameter, a list, another object.
#[test]
fn what_azure_adds_to_a_resource_is_looked_for_by_other_ways() {
    let web = "reference(resourceId('Microsoft.Network/publicIPAddresses', 'web'))";
    let rule = |expression: &str| {
        OPEN.replace("\"*\", \"sourcePortRange", &format!("\"[{expression}]\", \"sourcePortRange"))
    };
    let mut told = Vec::new();
    let mut judge = |name: &str, text: &str| {
        let world = World::new(&[("t.json", text)]);
        let report =
            world.run(&["check", "t.json", "--select", "NET001", "--all", "--format", "json"]).json();
        if report["findings"] != json!([]) || report["errors"] != json!([]) {
            told.push(format!("{name}: {} {}", report["findings"][0]["status"], report["errors"]));
        }
    };
    for expression in [
        "if(contains(createObject('a', WEB).a, 'ipAddress'), '*', '10.0.0.1')",
        "if(contains(first(createArray(WEB)), 'ipAddress'), '*', '10.0.0.1')",
        "if(contains(coalesce(null(), WEB), 'ipAddress'), '*', '10.0.0.1')",
        "if(contains(if(true(), WEB, WEB), 'ipAddress'), '*', '10.0.0.1')",
        "if(empty(filter(createArray(WEB), lambda('r', contains(lambdaVariables('r'), 'ipAddress')))), '10.0.0.1', '*')",
    ] {
        judge(expression, &template("", &group_of(&rule(&expression.replace("WEB", web)))));
    }
    let nested = format!(
        r#"{{"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner",
     "properties": {{"mode": "Incremental", "expressionEvaluationOptions": {{"scope": "inner"}},
       "parameters": {{"address": {{"value": "[{web}]"}}}},
       "template": {HEAD}"parameters": {{"address": {{"type": "object"}}}}, "resources": [{}]}}}}}}"#,
        group_of(&rule("if(contains(parameters('address'), 'ipAddress'), '*', '10.0.0.1')"))
    );
    judge("a parameter of an inner template", &template("", &nested));
    assert!(told.is_empty(), "{told:#?}");
}

/// It may be any group's.
#[test]
fn a_rule_of_a_group_whose_name_is_not_known() {
    let members = r#""parameters": {"group": {"type": "string"}, "full": {"type": "string"}},"#;
    let with =
        |group: &str, name: &str, rule: &str| template(members, &format!("{group}, {}", beside(name, rule)));
    let name = "[concat(parameters('group'), '/ssh')]";
    let world = World::new(&[("t.json", &with(&group_of(NARROW), name, OPEN))]);
    world.doubted(&[], "name");
    world.closed(&["-p", "group=other"]);
    assert_eq!(world.run(&["check", "t.json", "--select", "NET001", "-p", "group=web"]).code, 1);
    // What is open stays so, whatever such a rule says.
    open(&with(&group_of(OPEN), name, NARROW));
    // One that denies opens nothing.
    closed(&with(&group_of(NARROW), name, &OPEN.replace("Allow", "Deny")));
    // Nor does one of a group that is there under the same unknown name.
    let own = group_of(NARROW).replace("\"name\": \"web\"", "\"name\": \"[parameters('group')]\"");
    closed(&with(&format!("{}, {own}", group_of(NARROW)), name, OPEN));
}

/// A name of which not even the parts are known.
#[test]
fn a_rule_of_which_no_part_of_the_name_is_known() {
    let members = r#""parameters": {"full": {"type": "string"}},"#;
    let text = template(members, &format!("{}, {}", group_of(NARROW), beside("[parameters('full')]", OPEN)));
    World::new(&[("t.json", &text)]).doubted(&[], "");
}

/// Where a template goes is not known: another one in the folder may go elsewhere.
#[test]
fn two_templates_that_join_by_placeholders_alone() {
    let deny = OPEN.replace("Allow", "Deny").replace("1000", "900");
    let main = template("", &group_of(OPEN));
    for other in [beside("web/deny", &deny), group_of(NARROW), group("\"securityRules\": []")] {
        let other = format!("{HEAD}\"resources\": [{other}]}}");
        for (one, two) in [("a.json", "b.json"), ("b.json", "a.json")] {
            let world = World::new(&[(&format!("d/{one}"), &main), (&format!("d/{two}"), &other)]);
            let ran = world.run(&["check", "d", "--select", "NET001", "--format", "json"]);
            let report = ran.json();
            assert_eq!((ran.code, &report["errors"]), (1, &json!([])), "{one}: {}", ran.out);
            assert_eq!(report["findings"][0]["location"]["file"], json!(format!("d/{one}")));
        }
    }
    // One that says where both go joins them.
    let other = format!("{HEAD}\"resources\": [{}]}}", beside("web/deny", &deny));
    let world = World::new(&[("d/a.json", &main), ("d/b.json", &other)]);
    let place = ["-g", "web", "--subscription", "00000000-0000-0000-0000-00000000000a"];
    let ran =
        world.run(&[&["check", "d", "--select", "NET001", "--format", "json", "--all"], &place[..]].concat());
    let report = ran.json();
    assert_eq!(
        (ran.code, &report["errors"], &report["findings"][0]["status"]),
        (0, &json!([]), &json!("pass")),
        "{}",
        ran.out
    );
}

/// A network says which group guards a subnet, and the subnet's own resource says nothing.
#[test]
fn a_subnet_that_is_written_again() {
    let text = |child: &str| {
        let guard = r#"{"id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"}"#;
        let text = template("", &format!("{}{child}", group_of(NARROW)));
        let text = text.replace(&format!("\"networkSecurityGroup\": {guard},"), "");
        let text = text.replace(
            "\"addressPrefix\": \"10.0.0.0/24\"}}]}}",
            &format!("\"addressPrefix\": \"10.0.0.0/24\", \"networkSecurityGroup\": {guard}}}}}]}}}}"),
        );
        text.replace("\"sku\": {\"name\": \"Standard\"}", "\"sku\": {\"name\": \"Basic\"}")
    };
    closed(&text(""));
    let child = |more: &str| {
        format!(
            r#", {{"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01", "name": "net/s", "properties": {{"addressPrefix": "10.0.0.0/24"{more}}}}}"#
        )
    };
    doubted(&text(&child("")), "`networkSecurityGroup` is said twice, and not the same");
    closed(&text(&child(
        r#", "networkSecurityGroup": {"id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"}"#,
    )));
}

/// A subnet of a network whose name is not known may be that subnet.
#[test]
fn a_subnet_of_a_network_whose_name_is_not_known() {
    let guard = r#"{"id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"}"#;
    let child = r#"{"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01", "name": "[concat(parameters('net'), '/s')]", "properties": {"addressPrefix": "10.0.0.0/24"}}"#;
    let text =
        template(r#""parameters": {"net": {"type": "string"}},"#, &format!("{}, {child}", group_of(NARROW)));
    let text = text.replace(&format!("\"networkSecurityGroup\": {guard},"), "");
    let text = text.replace(
        "\"addressPrefix\": \"10.0.0.0/24\"}}]}}",
        &format!("\"addressPrefix\": \"10.0.0.0/24\", \"networkSecurityGroup\": {guard}}}}}]}}}}"),
    );
    let text = text.replace("\"sku\": {\"name\": \"Standard\"}", "\"sku\": {\"name\": \"Basic\"}");
    let world = World::new(&[("t.json", &text)]);
    world.closed(&["-p", "net=other"]);
    world.doubted(&["-p", "net=net"], "`networkSecurityGroup` is said twice, and not the same");
    world.doubted(&[], "");
}
