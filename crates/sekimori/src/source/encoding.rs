//! How the bytes of a source are to be understood, told from its first bytes.

use std::io::{self, Read};

/// The encoding of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, perhaps with a mark in front.
    Plain,
    /// Compressed with zstd.
    Zstd,
    /// UTF-16 as Windows PowerShell's `>` writes it; `true` for big endian.
    Utf16 { big: bool },
}

impl Encoding {
    /// Tells the encoding of a source.
    pub(crate) fn of(prefix: &[u8]) -> Self {
        match prefix {
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xff, 0xfe, ..] => Self::Utf16 { big: false },
            [0xfe, 0xff, ..] => Self::Utf16 { big: true },
            _ => Self::Plain,
        }
    }

    /// The text of a source.
    pub(crate) fn decode<'r>(self, bytes: impl Read + Send + 'r) -> io::Result<Box<dyn Read + Send + 'r>> {
        Ok(match self {
            Self::Plain => Box::new(bytes),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(bytes)?;
                // Frames with a window over 128 MiB are refused: nothing that we read needs one.
                decoder.window_log_max(27)?;
                Box::new(decoder)
            }
            Self::Utf16 { big } => Box::new(Utf16 {
                bytes,
                big,
                pending: Vec::new(),
                at: 0,
                rest: Vec::new(),
                first: true,
                done: false,
            }),
        })
    }
}

/// Turns UTF-16 into UTF-8. Halves of characters become the replacement character.
struct Utf16<R> {
    bytes: R,
    big: bool,
    pending: Vec<u8>,
    at: usize,
    /// Bytes that do not make a whole character yet.
    rest: Vec<u8>,
    first: bool,
    done: bool,
}

impl<R: Read> Utf16<R> {
    fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0u8; 1 << 16];
        let count = self.bytes.read(&mut buffer)?;
        self.rest.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let end = count == 0;
        let mut units: Vec<u16> = self
            .rest
            .chunks_exact(2)
            .map(|pair| match *pair {
                [a, b] if self.big => u16::from_be_bytes([a, b]),
                [a, b] => u16::from_le_bytes([a, b]),
                _ => 0,
            })
            .collect();
        // A first half of a character waits for its second.
        if !end && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        self.rest.drain(..units.len() * 2);
        if end {
            self.rest.clear();
        }
        let mut text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if self.first && !text.is_empty() {
            self.first = false;
            if text.starts_with('\u{feff}') {
                text.remove(0);
            }
        }
        self.done = end;
        self.pending = text.into_bytes();
        self.at = 0;
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.pending.len() && !self.done {
            self.fill()?;
        }
        let left = self.pending.get(self.at..).unwrap_or_default();
        let count = left.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), left.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_becomes_utf8_however_it_is_cut() {
        let text = "\u{feff}{\"a\":\"関守 🚪\"}\r\n";
        for big in [false, true] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            assert_eq!(Encoding::of(&bytes), Encoding::Utf16 { big });
            for step in [1, 2, 3, 7, 1000] {
                struct Slow<'b>(&'b [u8], usize);
                impl Read for Slow<'_> {
                    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                        let count = self.0.len().min(self.1).min(out.len());
                        out[..count].copy_from_slice(&self.0[..count]);
                        self.0 = &self.0[count..];
                        Ok(count)
                    }
                }
                let mut out = String::new();
                Encoding::of(&bytes).decode(Slow(&bytes, step)).unwrap().read_to_string(&mut out).unwrap();
                assert_eq!(out, text.trim_start_matches('\u{feff}'), "{step}");
            }
        }
    }
}
