//! Any bytes as a kept list of service tags, and as a published one: read in bounds, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reach::tags::{Tags, read_published};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tags) = Tags::from_bytes(bytes.to_vec()) {
        for name in tags.names() {
            let _ = tags.of(name);
        }
    }
    if let Ok(tags) = read_published(bytes, "2026-01-01") {
        for name in tags.names() {
            assert!(tags.of(name).is_some(), "what was read is kept whole");
        }
    }
});
