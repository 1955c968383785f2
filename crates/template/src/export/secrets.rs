//! What looks like a secret, by the name that it goes by or by its own looks.
//!
//! INVARIANT: in doubt it is one: who exports loses a tag, not a password.

/// Words in names of what is kept secret, without separators.
const NAMES: [&str; 16] = [
    "password",
    "passwd",
    "passwort",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "credential",
    "connectionstring",
    "connstr",
    "passphrase",
    "sastoken",
    "signature",
];

/// What stands in secrets, lower case.
const MARKS: [&str; 12] = [
    "accountkey=",
    "sharedaccesskey",
    "sharedaccesssignature",
    "sig=",
    "-----begin",
    "password",
    "pwd=",
    "bearer ",
    "secret",
    "token=",
    "ghp_",
    "github_pat_",
];

/// From how many letters and digits without a break on a text may be a key.
const RUN: usize = 32;

/// Whether a name or its value says that the value is a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let bare = bare.to_ascii_lowercase();
    bare == "pw" || bare == "sas" || NAMES.iter().any(|word| bare.contains(word)) || looks_secret(value)
}

/// Whether a text has the looks of a secret, or holds one.
pub(super) fn looks_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    // An address with a name in front: https://user:key@host
    let with_user = text.split_once("://").is_some_and(|(_, rest)| {
        rest.split('/')
            .next()
            .and_then(|host| host.split_once('@'))
            .is_some_and(|(user, _)| user.contains(':'))
    });
    with_user || MARKS.iter().any(|mark| lower.contains(mark)) || text.split(is_break).any(is_key)
}

fn is_break(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || "+/=_-~".contains(c))
}

fn is_key(run: &str) -> bool {
    // An id of a resource or a path is a run with slashes.
    if run.len() < RUN || run.split('/').filter(|part| part.len() > 2).count() > 3 {
        return false;
    }
    let any = |test: fn(&char) -> bool| run.chars().any(|c| test(&c));
    let mixed = any(char::is_ascii_lowercase) && any(char::is_ascii_uppercase) && any(char::is_ascii_digit);
    mixed
        || run.chars().filter(|c| c.is_ascii_hexdigit()).count() >= 40
            && run.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_name_and_looks() {
        for (name, value) in [
            ("db-password", "x"),
            ("API_KEY", "x"),
            ("note", "AccountKey=abc"),
            ("note", "https://u:p@example.com/"),
            ("note", "Zm9vYmFyMTIzQUJDZm9vYmFyMTIzQUJDZm9v"),
            ("sas", "x"),
        ] {
            assert!(is_secret(name, value), "{name} {value}");
        }
        for (name, value) in [
            ("owner", "kaede"),
            ("costCenter", "1234"),
            ("id", "3602ca22-7cff-cf0e-f1ca-bdf1a0c07de6"),
            ("keyword", "shop"),
        ] {
            assert!(!is_secret(name, value), "{name} {value}");
        }
    }
}
