//! Any bytes as a source: read, joined and checked without a panic, the same however they arrive.
#![no_main]

use estate::split::{Cut, Splitter};
use estate::{Collector, Estate, Part, SourceIndex};
use libfuzzer_sys::fuzz_target;
use posture::{CHECKS, Lang, Settings};

fn read(bytes: &[u8], chunk: usize) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    for chunk in bytes.chunks(chunk.max(1)) {
        splitter.push(chunk, &mut emit);
    }
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

/// Who gets into which machines, in each form.
fn who(estate: &Estate) {
    let reach = reach::Reach::new(estate);
    let directory = signin::Directory::new(estate);
    let rights = signin::Rights::new(&directory);
    let who = signin::Who::new(&rights, true);
    let ports: estate::PortSet = [estate::Range { first: 22, last: 22 }].into_iter().collect();
    let about = report::who::About::All;
    let question = report::who::Question { who: &who, reach: &reach, ports: &ports, about, reached: None, lang: Lang::Ja };
    let form = report::who::who_form(&question);
    let page = report::who::to_html(&form, Lang::Ja);
    assert!(!page.contains("<script"));
    let _ = report::who::to_text(&form, Lang::En, &report::Page::PLAIN);
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, bytes.len());
    let pieces = read(bytes, 3);
    assert_eq!(whole.count(), pieces.count());
    assert_eq!(whole.problems, pieces.problems);
    let outcome = posture::run(&whole, &reach::tags::Tags::built_in(), CHECKS, &Settings::default(), Lang::En, true);
    assert!(outcome.score.all.is_none_or(|points| points.earned + points.lost + points.unknown == 100));
    who(&whole);
    let collector = Collector::new();
    let mut part = Part::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        collector.read_line(&mut part, SourceIndex(0), line, 0);
    }
    collector.deliver(&mut part);
    let _ = collector.finish();
});
