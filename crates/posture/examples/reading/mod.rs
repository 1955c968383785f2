//! Reads an estate for a measurement.

use std::io::Read;

use estate::split::{Cut, Splitter};
use estate::{Collector, Estate, Part, SourceIndex};

/// The estate that the first argument names, one resource a line.
pub(crate) fn estate() -> Estate {
    let path = std::env::args().nth(1).expect("the path of an estate, one resource a line");
    let mut file = std::fs::File::open(path).expect("the estate can be opened");
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).expect("the estate can be read");
        if read == 0 {
            break;
        }
        splitter.push(buffer.get(..read).unwrap_or_default(), &mut emit);
    }
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}
