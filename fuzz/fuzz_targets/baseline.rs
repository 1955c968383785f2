//! Any bytes as an earlier report.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = report::read_earlier(bytes);
});
