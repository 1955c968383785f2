use posture::Lang;
use serde_json::json;

use super::{bicep, string};
use crate::forms::tests::{fix, hostile};
use crate::write::Act;

const NSG: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n-1";

#[test]
fn parents_are_declared_once() {
    let put = |becomes| Act::Put { was: None, becomes };
    let one = json!({"id": "x", "properties": {"priority": 100, "description": "it's ${x}", "a-b": [], "c": [1.5, null]}});
    let text = bicep(
        &[&fix(&[
            (&format!("{NSG}/securityRules/a"), put(one)),
            (&format!("{NSG}/securityRules/b"), put(json!({"properties": {}}))),
            (NSG, Act::Delete { was: json!({}) }),
        ])],
        Lang::En,
    );
    assert_eq!(
        text,
        r"// fix.bicep: az deployment group create --subscription s --resource-group g --template-file fix.bicep
targetScope = 'resourceGroup'

// narrow `ssh`
resource n_1 'Microsoft.Network/networkSecurityGroups@2024-05-01' existing = {
  name: 'n-1'
}

resource a 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {
  parent: n_1
  name: 'a'
  properties: {
    priority: 100
    description: 'it\'s \${x}'
    'a-b': []
    c: [
      json('1.5')
      null
    ]
  }
}
resource b 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {
  parent: n_1
  name: 'b'
  properties: {}
  dependsOn: [
    a
  ]
}

// Bicep cannot say this; take `--format az` or `--apply`:
//   delete /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n-1
"
    );
}

/// Whether texts end on their lines and brackets close.
fn is_whole(text: &str) -> bool {
    let mut depth = 0_i32;
    for line in text.lines().filter(|line| !line.starts_with("//")) {
        let (mut chars, mut inside) = (line.chars(), false);
        while let Some(c) = chars.next() {
            match c {
                '\\' if inside => drop(chars.next()),
                '\'' => inside = !inside,
                '$' if inside && chars.clone().next() == Some('{') => return false,
                '{' | '[' | '(' if !inside => depth += 1,
                '}' | ']' | ')' if !inside => depth -= 1,
                _ => {}
            }
        }
        if inside || depth < 0 {
            return false;
        }
    }
    depth == 0
}

#[test]
fn texts_stay_texts() {
    assert_eq!(string("a'b\\${c}\n\u{1}$d"), r"'a\'b\\\${c}\n\u{1}$d'");
    let text = bicep(&[&hostile(), &hostile()], Lang::Ja);
    assert!(is_whole(&text), "{text}");
    assert!(!is_whole("a: 'x${y}'") && !is_whole("a: {") && !is_whole("a: 'b"));
}
