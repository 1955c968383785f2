//! Any text as the Bicep file of a template: every value of the template finds a place in it.
#![no_main]
#![allow(dead_code, reason = "the program also compiles, which is not tried here")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use template::{Value, json};

#[path = "../../crates/sekimori/src/template/bicep.rs"]
mod bicep;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let text = br#"{"parameters":{"a":{"type":"string"}},"variables":{"b":[1,{"c":2}]},"resources":[
{"type":"Microsoft.Network/virtualNetworks","name":"v","tags":{"a":"b"},"properties":{"subnets":[{"name":"s"},{"name":"t"}]}},
{"type":"Microsoft.Network/virtualNetworks","name":"w","properties":{"subnets":[]}},
{"type":"Microsoft.Resources/deployments","name":"m","properties":{"parameters":{"x":{"value":1}}}}],"outputs":{"o":{"type":"int","value":1}}}"#;
    json::read(text, 0).expect("a template is JSON")
});

fn places(value: &Value, size: usize) {
    assert_eq!(value.at.file, 7);
    assert!(value.at.start <= value.at.end && value.at.end as usize <= size);
    value.list().unwrap_or_default().iter().for_each(|item| places(item, size));
    for member in value.object().map(template::Object::members).unwrap_or_default() {
        places(&member.value, size);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mapped = bicep::mapped(&TEMPLATE, bytes, 7);
    places(&mapped, bytes.len().max(String::from_utf8_lossy(bytes).len()));
});
