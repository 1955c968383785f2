//! What of a body in Azure's shape is a secret by its name.
//!
//! INVARIANT: nothing that is named like a secret is kept, wherever it stands, and nothing that it stands in has a
//! place that takes in its text.

use super::block::beginning;
use crate::value::{Kind, Member, Object, Value, Why};

/// Members that are secrets as a whole.
const WHOLE: [&str; 6] =
    ["customData", "userData", "protectedSettings", "protectedParameters", "connectionString", "sasUrl"];

/// Ends of names of secrets.
const ENDS: [&str; 6] = ["password", "passphrase", "secret", "token", "secretvalue", "accesskey"];

/// Whether a member of this name is a secret.
fn is_secret(name: &str, value: &Value) -> bool {
    let lower = name.to_ascii_lowercase();
    if WHOLE.iter().any(|own| lower.eq_ignore_ascii_case(own)) {
        return true;
    }
    let text = matches!(value.kind, Kind::Text(_) | Kind::Parts(_) | Kind::Int(_) | Kind::Float(_));
    let named = ENDS.iter().any(|end| lower.ends_with(end));
    // Objects of such a name hold `{"value": …}`; a flag (`disablePassword…`) tells something else.
    let held = value.object().is_some_and(|object| object.get("value").is_some());
    // Public keys are none, nor are names of keys that are looked up elsewhere.
    let key = lower.ends_with("key") && !lower.ends_with("publickey") && text;
    named && (text || held || value.list().is_some()) || key
}

/// Whether the value of an object is a secret because its name is one: `{"name": "adminPassword", "value": …}`.
fn names_secret(object: &Object) -> bool {
    let kind = object.text("type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("secure"));
    let named = object.text("name").is_some_and(|name| {
        let lower = name.to_ascii_lowercase();
        lower.contains("secret") || ENDS.iter().any(|end| lower.ends_with(end)) || lower.ends_with("key")
    });
    kind || named
}

/// The same value without secrets, and whether it has some. Values are nested no deeper than what is read.
pub(super) fn hidden(value: Value, address: &str) -> (Value, bool) {
    let at = value.at;
    match &value.kind {
        Kind::List(items) => {
            let mut some = false;
            let item = |item: &Value| {
                let (item, secret) = hidden(item.clone(), address);
                some |= secret;
                item
            };
            let all = items.iter().map(item).collect();
            (Value::of_list(all, if some { beginning(at) } else { at }), some)
        }
        Kind::Object(object) => {
            let mut some = false;
            let by_name = names_secret(object);
            let member = |member: &Member| {
                let secret = is_secret(&member.name, &member.value)
                    || by_name
                        && ["value", "secureValue"].iter().any(|own| member.name.eq_ignore_ascii_case(own));
                let set = !member.value.is_null() && member.value.text() != Some("");
                let address = format!("{address}.{}", member.name);
                let value = if secret && set {
                    some = true;
                    let why = Why::Sensitive(address.as_str().into());
                    Value::unknown(address.clone(), &address, why, beginning(member.value.at))
                } else {
                    let (value, secret) = hidden(member.value.clone(), &address);
                    some |= secret;
                    value
                };
                Member { value, ..member.clone() }
            };
            let members = object.members().iter().map(member).collect();
            let at = if some { beginning(at) } else { at };
            (Value::new(Kind::Object(Object::new(members).into()), at), some)
        }
        Kind::Unknown(unknown) => {
            let secret = matches!(unknown.why, Why::Sensitive(_));
            (value, secret)
        }
        _ => (value, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn check(text: &str, expected: bool) {
        let (value, secret) = hidden(json::read(text.as_bytes(), 0).unwrap(), "x");
        assert_eq!(secret, expected, "{text}");
        assert!(!format!("{value:?}").contains("S3cret"), "{text}");
    }

    #[test]
    fn secrets_are_told_by_name_wherever_they_stand() {
        check(r#"{"a": [{"adminPassword": "S3cret"}]}"#, true);
        check(r#"{"runAsPassword": {"value": "S3cret"}}"#, true);
        check(r#"{"protectedParameters": [{"name": "p", "value": "S3cret"}]}"#, true);
        check(r#"{"parameters": [{"name": "dbSecret", "value": "S3cret"}]}"#, true);
        check(r#"{"x": {"type": "secureString", "value": "S3cret"}}"#, true);
        check(r#"{"storageAccountKey": "S3cret", "sharedKey": "S3cret"}"#, true);
        check(r#"{"properties": {"auth": {"clientSecret": "S3cret", "token": "S3cret"}}}"#, true);
        check(r#"{"adminPassword": ""}"#, false);
        check(r#"{"disablePasswordAuthentication": true, "publicKeys": [{"keyData": "ssh-rsa"}]}"#, false);
        check(
            r#"{"publicKey": "ssh-rsa", "keyUrl": "https://v/keys/k", "activeKey": {"keyUrl": "u"}}"#,
            false,
        );
        check(r#"{"secretUrl": "https://v/secrets/s", "name": "primary", "value": "x"}"#, false);
    }
}
