//! Any text as `sekimori.toml`: it sets something, or every fault has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match config::parse(text) {
        Ok(config) => {
            for decision in &config.suppress {
                assert!(!decision.reason.trim().is_empty() && decision.until.exists());
                let named = decision.id.is_some() || decision.resource.is_some() || decision.tag.is_some();
                assert!(named || decision.codes.as_ref().is_some_and(|codes| !codes.is_empty()));
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            let lines = text.split('\n').count();
            for fault in faults {
                assert!(fault.line >= 1 && fault.line <= lines && fault.column >= 1);
                for lang in [posture::Lang::En, posture::Lang::Ja] {
                    assert!(!fault.kind.text(lang).is_empty());
                }
            }
        }
    }
});
