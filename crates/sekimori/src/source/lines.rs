//! Where the lines of a source start, without keeping them: newlines counted block by block.

/// How many bytes one count is for.
pub(crate) const BLOCK: u64 = 1 << 14;

/// The newlines of a source.
#[derive(Default)]
pub(crate) struct Lines {
    /// For each block, how many newlines are before it.
    before: Vec<u64>,
    /// For each block, the last block before it that holds a newline.
    last: Vec<Option<u32>>,
}

/// Counts newlines in one stretch of a source.
pub(crate) struct Counter {
    counts: Vec<u32>,
    filled: u64,
}

impl Counter {
    pub(crate) fn new() -> Self {
        Self { counts: Vec::new(), filled: 0 }
    }

    /// Counts the next bytes.
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.filled.is_multiple_of(BLOCK) {
                self.counts.push(0);
            }
            let room = usize::try_from(BLOCK - self.filled % BLOCK).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            if let Some(count) = self.counts.last_mut() {
                *count += u32::try_from(memchr::memchr_iter(b'\n', now).count()).unwrap_or(u32::MAX);
            }
            self.filled += now.len() as u64;
            bytes = rest;
        }
    }

    pub(crate) fn counts(self) -> Vec<u32> {
        self.counts
    }
}

impl Lines {
    /// Puts the counts of all blocks together.
    pub(crate) fn new(counts: impl IntoIterator<Item = u32>) -> Self {
        let mut lines = Self::default();
        let (mut sum, mut last) = (0u64, None);
        for (index, count) in (0u32..).zip(counts) {
            lines.before.push(sum);
            lines.last.push(last);
            sum += u64::from(count);
            if count > 0 {
                last = Some(index);
            }
        }
        lines
    }

    /// How many newlines are before a block, and the last block before it that holds one.
    pub(crate) fn at(&self, block: u64) -> (u64, Option<u64>) {
        let index = usize::try_from(block).unwrap_or(usize::MAX);
        let before = self.before.get(index).copied().unwrap_or(0);
        (before, self.last.get(index).copied().flatten().map(u64::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_however_bytes_arrive() {
        let mut text = vec![b'x'; 3 * BLOCK as usize + 5];
        for at in [0, 5, BLOCK as usize - 1, 3 * BLOCK as usize] {
            text[at] = b'\n';
        }
        for step in [1000, BLOCK as usize, text.len()] {
            let mut counter = Counter::new();
            for part in text.chunks(step) {
                counter.add(part);
            }
            let counts = counter.counts();
            assert_eq!(counts, [3, 0, 0, 1]);
            let lines = Lines::new(counts);
            assert_eq!(lines.at(0), (0, None));
            assert_eq!(lines.at(3), (3, Some(0)));
        }
    }
}
