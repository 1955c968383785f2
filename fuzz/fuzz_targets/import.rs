//! Any bytes as results of another tool: read or refused with a place, and no result is told twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peers::{Ours, Own, OwnStatus, compare};

fuzz_target!(|bytes: &[u8]| {
    let reports = match peers::read(bytes) {
        Ok(reports) => reports,
        Err(fault) => {
            for lang in [posture::Lang::En, posture::Lang::Ja] {
                assert!(!report::beside::fault_text(&fault, lang).is_empty());
            }
            return;
        }
    };
    let own = ["ACC002", "NET001", "NET016"].map(|code| Own {
        code,
        id: None,
        status: OwnStatus::Fail,
        resource: "/subscriptions/s/a/web1".to_owned(),
        touches: vec!["/subscriptions/s/a/g".to_owned()],
        opens: None,
        message: String::new(),
        settled_by: None,
    });
    let ours = Ours { own: &own, codes: &["ACC002", "NET001"], keys: &[], known: &|id| id.len() % 2 == 0 };
    let compared = compare(&ours, &reports);
    let rows: usize = reports.iter().map(|report| report.rows.len()).sum();
    let counted: u64 = compared.no_check.iter().map(|one| one.fail + one.pass + one.open).sum();
    // Equal results count once.
    assert!(rows as u64 >= counted + (compared.pairs.len() + compared.unmatched.len()) as u64);
    let files = vec![String::new(); reports.len()];
    let answer = report::beside::beside(&compared, &files, &reports);
    let text = report::beside::to_text(&answer, posture::Lang::Ja, &report::Page::PLAIN);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
});
