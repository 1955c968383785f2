//! Rules for devices and conditions of roles: never a panic, and what is read is asked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signin::{Device, Rule};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = signin::condition_holds(text, "Microsoft.Compute/virtualMachines/login/action");
    if let Ok(rule) = Rule::parse(text) {
        let mut device = Device { registered: true, ..Device::default() };
        device.attributes.insert("iscompliant".to_owned(), vec!["True".to_owned()]);
        let _ = rule.holds(&device);
        let _ = rule.holds(&Device::default());
    }
});
