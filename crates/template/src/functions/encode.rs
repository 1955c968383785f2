//! Functions that encode texts: base64, data URIs and URIs.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string>.

use super::{Call, Outcome, Stop, object, text};
use crate::value::Part;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len().div_ceil(3) * 4);
    for group in text.as_bytes().chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * place) & 63) as usize).filter(|_| place <= group.len());
            encoded.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    encoded
}

/// The bytes of base64, white space left out; `None` where it is none.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|digit| **digit == b'=').count();
    let digits = digits.get(..digits.len() - padding)?;
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in group {
            bits = bits << 6
                | match digit {
                    b'A'..=b'Z' => digit - b'A',
                    b'a'..=b'z' => digit - b'a' + 26,
                    b'0'..=b'9' => digit - b'0' + 52,
                    b'+' => 62,
                    b'/' => 63,
                    _ => return None,
                } as u32;
        }
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(bits.to_be_bytes().iter().skip(1).take(group.len() - 1));
    }
    Some(bytes)
}

fn decoded_text(call: &Call<'_>, text: &str) -> Result<String, Stop> {
    let bytes = decoded(text).ok_or_else(|| call.wrong())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn base64(call: &Call<'_>) -> Outcome {
    call.new_text(&encoded(call.text(0)?))
}

pub(super) fn base64_to_string(call: &Call<'_>) -> Outcome {
    call.new_text(&decoded_text(call, call.text(0)?)?)
}

pub(super) fn base64_to_json(call: &Call<'_>) -> Outcome {
    object::parsed(call, &decoded_text(call, call.text(0)?)?)
}

pub(super) fn data_uri(call: &Call<'_>) -> Outcome {
    call.new_text(&format!("data:text/plain;charset=utf8;base64,{}", encoded(call.text(0)?)))
}

pub(super) fn data_uri_to_string(call: &Call<'_>) -> Outcome {
    let uri = call.text(0)?;
    let scheme = uri.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let rest = scheme.and_then(|_| uri.get(5..)).ok_or_else(|| call.wrong())?;
    let (kind, data) = rest.split_once(',').ok_or_else(|| call.wrong())?;
    if kind.to_ascii_lowercase().ends_with(";base64") {
        call.new_text(&decoded_text(call, data)?)
    } else {
        call.new_text(&unescaped(data))
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// What is no escape stays as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digits =
            after.get(..2).filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every character is encoded on its own, so the known parts of a text are.
pub(super) fn uri_component(call: &Call<'_>) -> Outcome {
    let change = |part| match part {
        Part::Literal(text) => Part::Literal(escaped(&text).into()),
        Part::Unknown(unknown) if text::letters(&unknown).is_some() => Part::Unknown(unknown),
        Part::Unknown(unknown) => call.changed(&unknown, ""),
    };
    call.new_parts(text::parts(call, 0)?.into_iter().map(change).collect())
}

pub(super) fn uri_component_to_string(call: &Call<'_>) -> Outcome {
    call.new_text(&unescaped(call.text(0)?))
}

/// Resolves a reference: <https://www.rfc-editor.org/rfc/rfc3986#section-5>.
pub(super) fn uri(call: &Call<'_>) -> Outcome {
    let base = call.arg(0)?;
    let reference = call.text(1)?;
    let plain =
        !reference.starts_with(['/', '?', '#', '.']) && !reference.contains("/.") && !has_scheme(reference);
    if base.doubt().is_some() && text::trail(base).ends_with('/') && plain {
        let mut parts = text::parts(call, 0)?;
        parts.push(Part::Literal(reference.into()));
        return call.new_parts(parts);
    }
    call.new_text(&resolved(call.text(0)?, reference).ok_or_else(|| call.wrong())?)
}

fn has_scheme(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn resolved(base: &str, reference: &str) -> Option<String> {
    if has_scheme(reference) {
        return Some(reference.to_owned());
    }
    let (scheme, rest) = base.split_once("://").filter(|_| has_scheme(base))?;
    let scheme = scheme.to_ascii_lowercase();
    if let Some(rest) = reference.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    let rest = rest.split('#').next()?;
    let (rest, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.to_ascii_lowercase();
    if host.is_empty() {
        return None;
    }
    let path = if path.is_empty() { "/" } else { path };
    let (target, suffix) = reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()));
    let path = if target.is_empty() {
        let query = if suffix.starts_with('?') { "" } else { query };
        return Some(format!("{scheme}://{host}{path}{query}{suffix}"));
    } else if target.starts_with('/') {
        without_dots(target)
    } else {
        let folder = path.get(..=path.rfind('/')?)?;
        without_dots(&format!("{folder}{target}"))
    };
    Some(format!("{scheme}://{host}{path}{suffix}"))
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn texts_are_encoded() {
        check("base64", r#"["one, two, three"]"#, r#""b25lLCB0d28sIHRocmVl""#);
        check("base64", r#"["a"]"#, r#""YQ==""#);
        check("base64", r#"["ab"]"#, r#""YWI=""#);
        check("base64", r#"[""]"#, r#""""#);
        check("base64", r#"[{"$u":"u"}]"#, "base64(u)");
        check("base64ToString", r#"["b25lLCB0d28sIHRocmVl"]"#, r#""one, two, three""#);
        check("base64ToString", r#"["YQ=="]"#, r#""a""#);
        check("base64ToString", r#"["w6k="]"#, r#""é""#);
        for wrong in ["YQ", "Y===", "Y*==", "=YQ=", "===="] {
            check(
                "base64ToString",
                &format!("[{wrong:?}]"),
                "! `base64ToString` takes base64ToString(base64Value)",
            );
        }
        check("base64ToJson", r#"["eydvbmUnOiAnYScsICd0d28nOiAnYid9"]"#, r#"{"one":"a","two":"b",}"#);
        check("dataUri", r#"["Hello"]"#, r#""data:text/plain;charset=utf8;base64,SGVsbG8=""#);
        check("dataUriToString", r#"["data:;base64,SGVsbG8sIFdvcmxkIQ=="]"#, r#""Hello, World!""#);
        check("dataUriToString", r#"["data:text/plain,a%20b"]"#, r#""a b""#);
        check("dataUriToString", r#"["é"]"#, "! `dataUriToString` takes dataUriToString(dataUriToConvert)");
    }

    #[test]
    fn uris_are_joined() {
        let uri = |base: &str, reference: &str, expected: &str| {
            check("uri", &format!("[{base:?},{reference:?}]"), &format!("{expected:?}"));
        };
        uri("http://contoso.org/firstpath", "myscript.sh", "http://contoso.org/myscript.sh");
        uri("http://contoso.org/firstpath/", "myscript.sh", "http://contoso.org/firstpath/myscript.sh");
        uri("http://contoso.org/a/azuredeploy.json", "myscript.sh", "http://contoso.org/a/myscript.sh");
        uri("http://contoso.org/a/b.json/", "myscript.sh", "http://contoso.org/a/b.json/myscript.sh");
        uri("http://Contoso.org", "x", "http://contoso.org/x");
        uri("http://c.org/a/b?q=1#f", "x?y", "http://c.org/a/x?y");
        uri("http://c.org/a/b?q=1", "", "http://c.org/a/b?q=1");
        uri("http://c.org/a/b/c", "../x/./y", "http://c.org/a/x/y");
        uri("http://c.org/a", "/x/../../y", "http://c.org/y");
        uri("http://c.org/a", "https://d.org/z", "https://d.org/z");
        check("uri", r#"["a","b"]"#, "! `uri` takes uri(baseUri, relativeUri)");
        check("uri", r#"[{"$u":"u"},"b"]"#, r#"uri(u,"b")"#);
        check("uri", r#"[{"$p":[{"$u":"u"},"/a/"]},"b/c.json"]"#, r#""{u}/a/b/c.json""#);
    }

    #[test]
    fn components_are_escaped() {
        check(
            "uriComponent",
            r#"["http://contoso.com/resources/nested/azuredeploy.json"]"#,
            r#""http%3A%2F%2Fcontoso.com%2Fresources%2Fnested%2Fazuredeploy.json""#,
        );
        check("uriComponent", r#"["é ~"]"#, r#""%C3%A9%20~""#);
        check("uriComponent", r#"[{"$p":["a/",{"$u":"u"}]}]"#, r#""a%2F{uriComponent(u)}""#);
        check("uriComponentToString", r#"["http%3A%2F%2Fc%C3%A9%"]"#, r#""http://cé%""#);
    }
}
