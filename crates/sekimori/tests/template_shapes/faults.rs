//! Templates that nobody can deploy: the line, and an exit code that says so. One whose work has no bound would never end
//! here.

use serde_json::json;

use crate::world::{HEAD, OPEN, World, group, group_of, template};

/// What is at fault, in both languages, at the first mark, with this exit code.
fn faulty(files: &[(&str, &str)], code: i32, en: &str, ja: &str) {
    let world = World::new(files);
    let (file, line, column) = &world.places[0];
    let ran = world.run(&["check", "t.json", "--select", "NET001", "--format", "json"]);
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    let first = ran.json()["errors"][0].clone();
    let at = json!({"file": file, "line": line, "column": column, "message": en});
    for member in ["file", "line", "column", "message"] {
        assert_eq!(first[member], at[member], "{first}");
    }
    for lang in ["en", "ja"] {
        let told = if lang == "en" { en } else { ja };
        let ran = world.run(&["check", "t.json", "--select", "NET001", "--lang", lang]);
        let text = ran.out + &ran.err;
        assert!(text.contains(told), "{told}: {text}");
        assert!(text.contains(&format!("{file}:{line}:{column}")), "{text}");
    }
    assert_eq!(world.run(&["expand", "t.json"]).code, 3);
}

fn alone(text: &str, code: i32, en: &str, ja: &str) {
    faulty(&[("t.json", text)], code, en, ja);
}

#[test]
fn broken_json() {
    let text =
        template("", &group_of(OPEN)).replace('§', "").replace("1000, \"direction\"", "1000 §\"direction\"");
    alone(&text, 2, "not JSON: a comma is due", "JSON として読み取れません: コンマがありません");
    let text = template("", &group_of(OPEN)).replace('§', "");
    let text = text.trim_end().trim_end_matches('}').to_owned() + "§";
    alone(&text, 2, "not JSON: it ends in the middle of a value", "値の途中で終わっています");
}

#[test]
fn no_resources() {
    alone(&format!("§{HEAD}\"parameters\": {{}}}}"), 2, "`resources` is missing", "`resources` がありません");
}

#[test]
fn variables_that_are_defined_by_each_other() {
    let rule = OPEN.replace("\"*\", \"sourcePortRange", "\"[variables('a')]\", \"sourcePortRange");
    let text = template(
        "\"variables\": {\"a\": \"[variables('b')]\",\n    \"b\": §\"[variables('a')]\"},",
        &group_of(&rule),
    );
    let text = text.replacen("§\"22\"", "\"22\"", 1);
    alone(&text, 3, "variable `a` is defined by itself", "変数 `a` の定義が循環しています");
}

#[test]
fn a_loop_without_bounds() {
    let address = |count: &str| {
        format!(
            r#"{}, {{"type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2024-05-01", "name": "[concat('p', copyIndex())]",
      "copy": {{"name": "all", "count": §{count}}}, "properties": {{}}}}"#,
            group("")
        )
    };
    let (en, ja) = ("turns of a loop: more than 10000", "大きすぎます (ループの回数): 上限は 10000 です");
    alone(&template("", &address("1000000000")), 3, en, ja);
    alone(&template("", &address("\"[mul(100000, 100000)]\"")), 3, en, ja);
    let rules = r#""copy": [{"name": "securityRules", "count": §1000000000, "input": {"name": "r"}}]"#;
    alone(&template("", &group(rules)), 3, en, ja);
}

#[test]
fn a_text_that_doubles_sixty_times() {
    let mut variables = "\"v0\": \"kaede-kaede-kaede\"".to_owned();
    for number in 1..60 {
        let mark = if number == 18 { "§" } else { "" };
        variables += &format!(
            ",\n    \"v{number}\": {mark}\"[concat(variables('v{0}'), variables('v{0}'))]\"",
            number - 1
        );
    }
    let rule = OPEN.replace("\"priority\"", "\"description\": \"[variables('v59')]\", \"priority\"");
    let text = template(
        &format!("\"variables\": {{{variables}}},"),
        &group(&format!("\"securityRules\": [{{\"name\": \"r\", \"properties\": {rule}}}]")),
    );
    alone(&text, 3, "a text, in bytes: more than 4194304", "大きすぎます (文字列のバイト数)");
}

#[test]
fn nesting_without_end() {
    let list = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let text = template(&format!("\"variables\": {{\"a\": {}§{}}},", &list[..127], &list[127..]), &group(""));
    alone(&text, 2, "nested deeper than 128 levels", "入れ子が 128 段を超えています");
    // The place is that in the expression.
    let calls = format!("[{}§{}1{}]", "string(".repeat(201), "string(".repeat(20_000), ")".repeat(20_201));
    let text = template("\"variables\": {},", &group(&format!("\"x\": \"{calls}\"")));
    alone(
        &text,
        3,
        "the expression cannot be read: it is nested too deep",
        "式を解釈できません: 入れ子が深すぎます",
    );
}

#[test]
fn templates_that_link_themselves() {
    let link = |path: &str| {
        format!(
            r#"§{{"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "self",
     "properties": {{"mode": "Incremental", "templateLink": {{"relativePath": "{path}"}}}}}}"#
        )
    };
    let with = |path: &str| format!("{HEAD}\"resources\": [\n  {}]}}", link(path));
    faulty(
        &[("t.json", &with("t.json"))],
        2,
        "resource `self` is defined by itself",
        "リソース `self` の定義が循環しています",
    );
    faulty(
        &[("t.json", &with("u.json")), ("u.json", &with("t.json"))],
        2,
        "resource `self` is defined by itself",
        "リソース `self` の定義が循環しています",
    );
}

#[test]
fn what_does_not_exist_is_named() {
    let with = |expression: &str| {
        // A fault of the expression itself stands in it.
        let mark = if expression.contains('§') { "" } else { "§" };
        let rule =
            OPEN.replace("\"*\", \"sourcePortRange", &format!("{mark}\"{expression}\", \"sourcePortRange"));
        template("", &group(&format!("\"securityRules\": [{{\"name\": \"r\", \"properties\": {rule}}}]")))
    };
    alone(&with("[parameters('nobody')]"), 3, "no parameter `nobody`", "パラメーター `nobody` がありません");
    alone(&with("[variables('nobody')]"), 3, "no variable `nobody`", "変数 `nobody` がありません");
    alone(&with("[nobody('x')]"), 3, "no function `nobody`", "関数 `nobody` はありません");
    let (en, ja) = (
        "the expression cannot be read: a comma or a closing parenthesis is due",
        "式を解釈できません: コンマまたは閉じ括弧がありません",
    );
    alone(&with("[concat('x'§]"), 3, en, ja);
}

#[test]
fn a_parameter_file_alone_is_told_what_to_do_with() {
    let text = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters": {}}"#;
    let world = World::new(&[("p.json", text), ("t.json", &template("", &group("")))]);
    let ran = world.run(&["check", "p.json"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("`p.json` is a parameter file: name the template, and give this with --parameters"),
        "{}",
        ran.err
    );
    let ja = world.run(&["check", "p.json", "--lang", "ja"]);
    assert!(ja.err.contains("`p.json` はパラメーター ファイルです"), "{}", ja.err);
    let ran = world.run(&["check", "t.json", "-p", "nowhere.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no file `nowhere.json`"), "{}", ran.err);
}
