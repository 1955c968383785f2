//! Any text as an expression of a template that has parameters, variables, functions and a resource to ask for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use template::expand::{Limits, Options, expand};
use template::{json, wire};

const AROUND: &str = r#"{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
"parameters":{"p":{"type":"string"},"s":{"type":"secureString"},"n":{"type":"int","defaultValue":3}},
"variables":{"list":[1,"b",[true],null],"object":{"a":{"b":[0,1]},"c":"[parameters('p')]"},"text":"[concat('a-', parameters('p'), '/é')]"},
"functions":[{"namespace":"own","members":{"twice":{"parameters":[{"name":"a","type":"string"}],"output":{"type":"string","value":"[concat(parameters('a'), parameters('a'))]"}}}}],
"resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2024-01-01","name":"[variables('text')]","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]}}}],
"outputs":{"o":{"type":"object","value":VALUE}}}"#;

fuzz_target!(|text: &str| {
    let value = serde_json::to_string(&format!("[{text}]")).expect("a text is JSON");
    let text = AROUND.replace("VALUE", &value);
    let template = json::read(text.as_bytes(), 0).expect("what is around is JSON");
    let options = Options {
        limits: Limits { steps: 200_000, values: 10_000, ..Limits::default() },
        ..Options::default()
    };
    let expanded = expand(&template, &options).expect("what is around is a template");
    assert_eq!(expanded.resources.len(), 1);
    for fault in &expanded.faults {
        assert!(fault.at.end as usize <= text.len());
        assert!(fault.kind.to_string().len() < 4000);
    }
    for (_, value) in &expanded.outputs {
        wire::write(value, &|why| format!("{why:?}"), &mut Vec::new());
        assert!(value.key().len() < 4000);
    }
});
