//! Where a configuration that everybody with read access sees holds what nobody should see.
//!
//! INVARIANT: what is found is a place, never a value.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};

/// What a secret looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secret {
    /// A field or variable that is called a password.
    Password,
    /// A field or variable that is called a key, token or secret.
    Token,
    /// A private key.
    PrivateKey,
    /// The key of a storage account, or a connection string with one.
    ConnectionString,
    /// An address with a signature that gives access.
    SignedAddress,
}

impl Secret {
    const WORDS: [(Self, &str); 5] = [
        (Self::Password, "password"),
        (Self::Token, "token"),
        (Self::PrivateKey, "private key"),
        (Self::ConnectionString, "connection string"),
        (Self::SignedAddress, "signed address"),
    ];

    /// Its name in facts, and in what a collector puts in its place.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(secret, _)| *secret == self).map_or("", |(_, word)| word)
    }
}

/// What a collector puts in place of a secret begins so; the word of the [`Secret`] and `]` follow.
pub const REDACTED: &str = "[redacted by sekimori: ";

/// What a value under a name holds, as [`Secret`]s are looked for everywhere: data in base64 is looked into.
pub fn secret_in(name: &str, text: &str) -> Option<Secret> {
    let encoded = ["customData", "userData"].iter().any(|one| name.eq_ignore_ascii_case(one));
    if encoded { in_base64(text) } else { in_named(name, text) }
}

/// Values that stand for a secret which is elsewhere, or that a collector has put in its place.
fn is_placeholder(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    value.len() < 4
        || value.starts_with(['$', '<', '{', '[', '%', '@', '*'])
        || lower.contains("keyvault")
        || lower.contains("vault.azure")
        || ["redacted", "true", "false", "null", "none", "changeme", "xxxx", "sekimori:"]
            .iter()
            .any(|word| lower.starts_with(word))
}

/// What a name says of its value.
fn by_name(name: &str) -> Option<Secret> {
    let letters = || name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    // All words below end in one of these.
    if !letters().next_back().is_some_and(|last| b"ydeswnstg".contains(&last)) {
        return None;
    }
    let bare: String = letters().map(char::from).collect();
    // Names about secrets that are none themselves.
    if [
        "uri",
        "url",
        "id",
        "name",
        "path",
        "file",
        "vault",
        "policy",
        "expiry",
        "length",
        "authentication",
        "type",
    ]
    .iter()
    .any(|end| bare.ends_with(end))
    {
        return None;
    }
    // The folder that a shell is in.
    if name.starts_with('$') || ["pwd", "oldpwd"].contains(&bare.as_str()) && name == name.to_uppercase() {
        return None;
    }
    let password =
        ["password", "passwd", "pwd", "passphrase", "pass"].iter().any(|word| bare.ends_with(word));
    if password && !bare.ends_with("bypass") {
        return Some(Secret::Password);
    }
    if bare.ends_with("connectionstring") {
        return Some(Secret::ConnectionString);
    }
    let token = [
        "secret",
        "token",
        "apikey",
        "accesskey",
        "accountkey",
        "sharedkey",
        "privatekey",
        "storagekey",
        "workspacekey",
    ];
    token.iter().any(|word| bare.ends_with(word)).then_some(Secret::Token)
}

/// What a text is whatever it is called.
fn by_value(text: &str) -> Option<Secret> {
    if let Some(word) = text.strip_prefix(REDACTED).and_then(|rest| rest.strip_suffix(']')) {
        return Secret::WORDS.iter().find(|(_, its)| *its == word).map(|(secret, _)| *secret);
    }
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----") {
        return Some(Secret::PrivateKey);
    }
    if names_password(text) {
        return Some(Secret::Password);
    }
    let behind = |mark: &str| text.find(mark).and_then(|at| text.get(at + mark.len()..));
    if behind("AccountKey=").is_some_and(|rest| !is_placeholder(rest)) {
        return Some(Secret::ConnectionString);
    }
    if behind("sig=").is_some_and(|rest| rest.len() >= 20 && !is_placeholder(rest)) && text.contains("://") {
        return Some(Secret::SignedAddress);
    }
    None
}

/// Whether a text is nothing but a word, as most values are: nothing in it gives anything a value.
fn is_word(text: &str) -> bool {
    let mut dash = false;
    let mut several = false;
    for byte in text.bytes() {
        match byte {
            b'=' | b':' => return false,
            b'-' => dash = true,
            b' ' | b'\t' | b';' | b'&' | b'|' | b'\n' => several = true,
            _ => {}
        }
    }
    // A private key begins with dashes and has lines.
    !(dash && several)
}

/// What a text holds: itself, or a line of it that gives something called a secret a value.
pub(crate) fn in_text(text: &str) -> Option<Secret> {
    if is_word(text) {
        return None;
    }
    if let Some(found) = by_value(text) {
        return Some(found);
    }
    text.lines().take(LINES).find_map(|line| {
        if let Some(found) = in_words(line) {
            return Some(found);
        }
        let line = line.trim().trim_start_matches("export ").trim_start_matches(['-', '#', ' ', '"', '\'']);
        let (name, value) = line.split_once(['=', ':'])?;
        let name = name.trim().trim_end_matches(['"', '\'']);
        let name = name.rsplit([' ', '\t', ';']).next()?;
        if name.is_empty() || name.len() > 64 || is_placeholder(value) {
            return None;
        }
        by_name(name)
    })
}

/// What a word of a command gives: `--password=…`, `TOKEN=…`, `-AdminPassword …`.
fn in_words(line: &str) -> Option<Secret> {
    let mut words = line.split([' ', '\t', ';', '&', '|']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let bare = word.trim_start_matches(['-', '/', '"', '\'']);
        if let Some((name, value)) = bare.split_once('=') {
            if name.len() <= 64
                && !is_placeholder(value)
                && let Some(found) = by_name(name)
            {
                return Some(found);
            }
        } else if word.starts_with('-')
            && let Some(found) = by_name(bare)
            && words.peek().is_some_and(|value| !value.starts_with('-') && !is_placeholder(value))
        {
            return Some(found);
        }
    }
    None
}

/// An address without what gives access: who and with which password, and what follows `?` or `#`.
pub fn bare_address(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            let named = host.rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", rest.get(named..).unwrap_or_default())
        }
        None => address.to_owned(),
    }
}

/// Whether an address names who comes with which password: `https://name:password@host`.
fn names_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        let host = rest.split(['/', ' ', '"', '\'']).next().unwrap_or_default();
        let login = host.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
        login.is_some_and(|(_, password)| !is_placeholder(password))
    })
}

/// How many lines of a text are looked at.
const LINES: usize = 20_000;

/// What a value under a name holds.
pub(crate) fn in_named(name: &str, text: &str) -> Option<Secret> {
    let named = || by_name(name).filter(|_| !is_placeholder(text));
    if is_word(text) { named() } else { by_value(text).or_else(named).or_else(|| in_text(text)) }
}

/// What is base64 of a text: custom data, user data.
pub(crate) fn in_base64(text: &str) -> Option<Secret> {
    match crate::base64::decode(text) {
        Some(bytes) => in_text(&String::from_utf8_lossy(&bytes)),
        None => in_text(text),
    }
}

/// Looks through a value and what is in it: pointers below `at`, at most [`FOUND`] of them.
pub(crate) fn inside(value: &Value, at: &str, found: &mut Vec<(Box<str>, Secret)>) {
    if found.len() >= FOUND {
        return;
    }
    if let Some(object) = value.as_object() {
        for (name, value) in object {
            let pointer = || format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            match value.as_str() {
                Some(text) => found.extend(in_named(name, text).map(|secret| (pointer().into(), secret))),
                None if value.is_object() || value.is_array() => inside(value, &pointer(), found),
                None => {}
            }
        }
    } else if let Some(array) = value.as_array() {
        for (index, value) in array.iter().enumerate() {
            match value.as_str() {
                Some(text) => {
                    found.extend(in_text(text).map(|secret| (format!("{at}/{index}").into(), secret)))
                }
                None => inside(value, &format!("{at}/{index}"), found),
            }
        }
    }
}

/// How many secrets of one resource are told.
const FOUND: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_what_speaks_of_them() {
        for (name, text, expected) in [
            ("adminPassword", "Kx9!pqrs", Some(Secret::Password)),
            ("adminPassword", "[parameters('adminPassword')]", None),
            ("adminPassword", "$(DB_PASSWORD)", None),
            ("disablePasswordAuthentication", "yes!", None),
            ("passwordPolicy", "strict", None),
            ("keyVaultSecretUri", "https://kv.vault.azure.net/secrets/x", None),
            ("storageAccountKey", "abcd1234abcd1234==", Some(Secret::Token)),
            ("commandToExecute", "sh run.sh --password hunter22", Some(Secret::Password)),
            ("commandToExecute", "sh run.sh --password $PASSWORD", None),
            ("commandToExecute", "sh install.sh", None),
            ("note", "the password is kept by Kaede", None),
            ("x", "-----BEGIN RSA PRIVATE KEY-----\nMII\n", Some(Secret::PrivateKey)),
            ("x", "-----BEGIN PUBLIC KEY-----\nMII\n", None),
            (
                "x",
                "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFy",
                Some(Secret::ConnectionString),
            ),
            (
                "fileUri",
                "https://a.blob.core.windows.net/c/f?sv=1&sig=abcdefghijklmnopqrstuv",
                Some(Secret::SignedAddress),
            ),
            ("fileUri", "https://a.blob.core.windows.net/c/f", None),
            ("script", "#!/bin/sh\nexport DB_PASSWORD=hunter22\n", Some(Secret::Password)),
            ("script", "#!/bin/sh\nDB_PASSWORD=${1}\n", None),
            ("script", "[redacted by sekimori: token]", Some(Secret::Token)),
            ("commandToExecute", "bash x.sh --env=prod --password=hunter22", Some(Secret::Password)),
            ("commandToExecute", "powershell -File x.ps1 -AdminPassword P@ss123!zz", Some(Secret::Password)),
            ("commandToExecute", "DB_PASS=hunter22 ./run.sh", Some(Secret::Password)),
            ("commandToExecute", "curl https://a/setup.sh | TOKEN=abcdefgh12 bash", Some(Secret::Token)),
            ("commandToExecute", "powershell -ExecutionPolicy Bypass -File x.ps1", None),
            ("commandToExecute", "docker run -v $PWD:/data img", None),
            ("commandToExecute", "echo PWD=/opt/app", None),
            ("password-rotation", "quarterly", None),
            ("fileUri", "http://user:SECRETPW1@files.example/x.sh", Some(Secret::Password)),
            ("fileUri", "http://files.example:8080/x@y.sh", None),
            ("password", "[redacted by sekimori]", None),
        ] {
            assert_eq!(in_named(name, text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn addresses_are_shown_without_what_gives_access() {
        for (address, shown) in [
            ("http://user:pw@files.example/x.sh?sig=abc", "http://files.example/x.sh"),
            ("https://a.example/x@y#z", "https://a.example/x@y"),
            ("x.sh?sig=1", "x.sh"),
        ] {
            assert_eq!(bare_address(address), shown);
        }
    }

    #[test]
    fn base64_is_looked_into() {
        // "#cloud-config\npassword: hunter22\n"
        let text = "I2Nsb3VkLWNvbmZpZwpwYXNzd29yZDogaHVudGVyMjIK";
        assert_eq!(in_base64(text), Some(Secret::Password));
        assert_eq!(in_base64("aGVsbG8="), None);
        assert_eq!(in_base64("password: hunter22"), Some(Secret::Password), "not base64 at all");
    }

    #[test]
    fn places_are_told() {
        let value: Value = sonic_rs::from_str(
            r#"{"a":[{"password":"hunter22"}],"b/c":{"token":"abcdefgh"},"d":"--password hunter22"}"#,
        )
        .unwrap();
        let mut found = Vec::new();
        inside(&value, "/settings", &mut found);
        let mut places: Vec<_> = found.iter().map(|(place, _)| &**place).collect();
        places.sort_unstable();
        assert_eq!(places, ["/settings/a/0/password", "/settings/b~1c/token", "/settings/d"]);
    }
}
