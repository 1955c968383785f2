//! Any text and pointer: a value is found in bounds, or not at all.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (pointer, text) = input;
    let (start, end) = estate::locate(text, pointer);
    assert!(start <= end && end <= text.len().max(start));
    if let Some((start, end)) = estate::find(text, pointer) {
        assert!(start <= end);
    }
});
