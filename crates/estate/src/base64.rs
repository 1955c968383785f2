//! Base64, as custom data and SSH keys are written.

use std::sync::LazyLock;

/// Decodes base64 (RFC 4648, padding optional); `None` for anything else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4 + 1);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end().trim_end_matches('=').bytes() {
        match VALUES.get(usize::from(byte)).copied() {
            Some(value @ 0..64) => bits = bits << 6 | u32::from(value),
            _ if byte == b'\r' || byte == b'\n' => continue,
            _ => return None,
        }
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What each byte stands for; 255 for one that is no letter.
static VALUES: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let mut values = [255; 256];
    let url = [(b'-', 62), (b'_', 63)];
    for (letter, value) in LETTERS.iter().copied().zip(0_u8..).chain(url) {
        if let Some(slot) = values.get_mut(usize::from(letter)) {
            *slot = value;
        }
    }
    values
});

/// Writes bytes without padding, as fingerprints of SSH keys are shown.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 2);
    let mut push =
        |bits: u32| text.push(char::from(LETTERS.get(bits as usize & 63).copied().unwrap_or(b'A')));
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..=chunk.len() as u32 {
            push(bits >> (18 - 6 * index));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (bytes, text) in
            [(&b""[..], ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg")]
        {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
        assert_eq!(decode("Zm9v\r\nYg==").as_deref(), Some(&b"foob"[..]));
        assert_eq!(decode("no base64!"), None);
    }
}
