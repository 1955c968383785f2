//! Any bytes as a plan or state of Terraform: converted, completed and written, every place inside of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use template::complete::complete;
use template::{json, plan, wire};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = json::read(bytes, 0) else { return };
    let Ok(plan) = plan::read(&text) else { return };
    for fault in &plan.faults {
        assert!(fault.at.end as usize <= bytes.len());
    }
    for resource in plan.resources {
        let body = complete(resource.body);
        wire::write(&body, &|why| format!("{why:?}"), &mut Vec::new());
        for pointer in ["", "/id", "/properties/ipConfigurations/0/properties/subnet/id"] {
            assert!(wire::find(&body, pointer).at.end as usize <= bytes.len());
        }
    }
});
