//! Any bytes as a template, and behind a line `---` as a parameter file: expanded within bounds, the same each time,
//! every place inside of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use template::expand::{Expanded, Limits, Options, expand};
use template::{Fault, Span, Value, json, wire};

/// What separates a template from its parameters.
const LINE: &[u8] = b"\n---\n";

fn within(at: Span, sizes: [usize; 2]) {
    assert!(at.start <= at.end);
    assert!(sizes.get(at.file as usize).is_some_and(|size| at.end as usize <= *size));
}

fn places(value: &Value, sizes: [usize; 2]) {
    within(value.at, sizes);
    for item in value.list().unwrap_or_default() {
        places(item, sizes);
    }
    for member in value.object().map(template::Object::members).unwrap_or_default() {
        within(member.at, sizes);
        places(&member.value, sizes);
    }
}

fn written(expanded: &Expanded) -> Vec<u8> {
    let mut text = Vec::new();
    let values = expanded.resources.iter().map(|resource| &resource.body);
    for value in values.chain(expanded.outputs.iter().map(|(_, value)| value)) {
        wire::write(value, &|why| format!("{why:?}"), &mut text);
        text.push(b'\n');
    }
    text
}

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.windows(LINE.len()).position(|window| window == LINE);
    let (text, rest) = match at {
        Some(at) => (&bytes[..at], &bytes[at + LINE.len()..]),
        None => (bytes, &b""[..]),
    };
    let Ok(template) = json::read(text, 0) else { return };
    let parameters: Vec<Value> = json::read(rest, 1).into_iter().collect();
    let options = Options {
        parameters: &parameters,
        link: &|_, path| path.ends_with("self.json").then(|| template.clone()),
        limits: Limits { steps: 200_000, turns: 100, values: 10_000, ..Limits::default() },
        ..Options::default()
    };
    let run = || -> Result<Expanded, Fault> { expand(&template, &options) };
    let Ok(expanded) = run() else { return };
    let sizes = [text.len(), rest.len()];
    expanded.faults.iter().for_each(|fault| within(fault.at, sizes));
    expanded.notes.iter().for_each(|note| within(note.at, sizes));
    for resource in &expanded.resources {
        places(&resource.body, sizes);
        for pointer in ["", "/id", "/properties/a~1b/0", "/properties/securityRules/0/properties/access"] {
            within(wire::find(&resource.body, pointer).at, sizes);
        }
    }
    let again = run().expect("what was expanded once is expanded twice");
    assert_eq!(written(&expanded), written(&again));
    assert_eq!(expanded.faults, again.faults);
    assert_eq!(expanded.notes, again.notes);
});
