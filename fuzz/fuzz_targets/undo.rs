//! Any bytes as an undo file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fix::undo::read_anything(bytes));
