//! Any bytes as a policy definition, initiative or assignment, judged on a machine and a group; and as what own checks said.
#![no_main]

use std::sync::LazyLock;

use estate::split::{Cut, Splitter};
use estate::{Collector, Estate, Origin, Part, SourceIndex};
use libfuzzer_sys::fuzz_target;
use policy::{Document, Library, Pack};
use posture::Lang;

const ESTATE: &str = r#"{"id":"/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/a","name":"a","type":"Microsoft.Compute/virtualMachines","location":"japaneast","tags":{"env":"dev"},"properties":{"provisioningState":"Succeeded","hardwareProfile":{"vmSize":"Standard_B2s"}}}
{"id":"/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/g","name":"g","type":"Microsoft.Network/networkSecurityGroups","location":"japaneast","properties":{"securityRules":[{"name":"r","properties":{"direction":"Inbound","access":"Allow","sourceAddressPrefix":"*"}}]}}
"#;

static WORLD: LazyLock<Estate> = LazyLock::new(|| {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(ESTATE.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(said) = serde_json::from_str(text) {
        let taken = policy::take(said, &WORLD, Lang::Ja);
        assert!(taken.faults.iter().all(|fault| !fault.kind.text(Lang::Ja).is_empty()));
        return;
    }
    let none = Pack { date: String::new(), definitions: Vec::new() };
    let library = Library::read(&[Document { name: "x.json".into(), text: text.to_owned() }], &none);
    for fault in &library.faults {
        assert!(!fault.kind.text(Lang::En).is_empty());
    }
    let read = |origin: Origin| {
        let from = usize::try_from(origin.offset).ok()?;
        ESTATE.as_bytes().get(from..from + origin.len as usize).map(<[u8]>::to_vec)
    };
    let judgement = policy::judge(&library, &WORLD, &read, "2026-11-27T00:00:00Z", Lang::En);
    assert!(judgement.given.len() <= judgement.rows.len() * 3);
});
