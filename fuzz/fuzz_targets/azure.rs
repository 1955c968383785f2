//! Any bytes as what comes from Azure, or from a snapshot that was begun.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| azure::read_anything(bytes));
