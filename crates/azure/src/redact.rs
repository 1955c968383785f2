//! What never enters a snapshot: secrets that people put where everybody with read rights can see them.
//!
//! Azure does not return protected settings and passwords, but scripts, connection strings and signed links stand in
//! extensions' public settings, tags, connections and user data all the same.

use estate::secret_in;
use serde_json::Value;

/// What stands in place of something that may hold a secret and was not seen to.
pub(crate) const REDACTED: &str = "[redacted by sekimori]";

/// Names of fields that hold secrets, in lower case: any field that ends so.
const SECRET: [&str; 25] = [
    "password",
    "passphrase",
    "secret",
    "sharedkey",
    "customdata",
    "userdata",
    "commandtoexecute",
    "connectionstring",
    "sastoken",
    "storageaccountkey",
    "accesskey",
    "accountkey",
    "privatekey",
    "apikey",
    "protectedsettings",
    "authorizationkey",
    "pwd",
    "passwd",
    "script",
    "arguments",
    "token",
    "credential",
    "protectedparameters",
    "additionalunattendcontent",
    "sslcertificates",
];

/// Names that end like one of a secret and hold none.
const HARMLESS: [&str; 2] = ["disablepassword", "haspassword"];

/// Takes secrets out of a record: how many.
pub fn redact(record: &mut Value) -> usize {
    match record {
        Value::Object(members) => {
            let mut count = 0;
            // A parameter tells by another member what it is: `{"name":"password","value":…}`.
            let named = members.get("name").and_then(Value::as_str).is_some_and(is_secret);
            let named = members.get("name").filter(|_| named).and_then(Value::as_str).map(str::to_owned);
            for (name, value) in members.iter_mut() {
                let called = match &named {
                    Some(called) if name == "value" => called,
                    _ => name,
                };
                count += match is_secret(called) && holds_text(value) {
                    true => replace(called, value),
                    false => redact(value),
                };
            }
            count
        }
        Value::Array(items) => items.iter_mut().map(redact).sum(),
        Value::String(text) if is_signed(text) || secret_in("", text).is_some() => replace("", record),
        _ => 0,
    }
}

/// Puts a mark in place of a secret: which kind it was, so that checks can tell that it stood there.
fn replace(name: &str, value: &mut Value) -> usize {
    let kind = value.as_str().and_then(|text| secret_in(name, text));
    *value = Value::from(match kind {
        Some(kind) => format!("{}{}]", estate::REDACTED, kind.word()),
        None => REDACTED.to_owned(),
    });
    1
}

/// A flag such as `disablePasswordAuthentication` is no secret: only text, and objects of it, can be. What nobody knows yet
/// is none, and its reason is worth telling.
fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => !members.is_empty() && !is_unknown(members),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `{"$unknown":{"reason":"…"}}`
fn is_unknown(members: &serde_json::Map<String, Value>) -> bool {
    members.len() == 1
        && members.get("$unknown").is_some_and(|why| why.get("reason").is_some_and(Value::is_string))
}

fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect();
    SECRET.iter().any(|secret| name.ends_with(secret)) && !HARMLESS.contains(&name.as_str())
}

/// A link that carries its own right to read, or an account key.
fn is_signed(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    has("sig=") && (has("se=") || has("sv="))
        || has("accountkey=")
        || has("sharedaccesskey=")
        || has("-----begin") && has("private key-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_go_and_everything_else_stays() {
        let mut record = json!({"id": "/x", "tags": {"db-password": "hunter2", "owner": "a"}, "properties": {
            "settings": {"commandToExecute": "curl -u a:b", "fileUris": ["https://s.blob/x?sv=1&sig=abc&se=2", "https://s.blob/x"],
                "port": 22},
            "sharedKey": "abc", "userData": "", "osProfile": {"adminPassword": null, "customData": "aGk=",
                "linuxConfiguration": {"disablePasswordAuthentication": true,
                    "ssh": {"publicKeys": [{"keyData": "ssh-rsa AAAA"}]}}},
            "protectedSettings": {"a": "b"}, "connection": "Endpoint=sb://x;SharedAccessKey=abc",
            "parameters": [{"name": "DbPassword", "value": "hunter3"}, {"name": "size", "value": "small"}],
            "note": "the password is not here", "secretUrl": "https://vault/secrets/a"}});
        assert_eq!(redact(&mut record), 8);
        let text = record.to_string();
        for gone in
            ["hunter2", "hunter3", "curl -u", "sig=abc", "\"abc\"", "aGk=", "\"b\"", "SharedAccessKey"]
        {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        for kept in [
            "ssh-rsa AAAA",
            "\"https://s.blob/x\"",
            "not here",
            "secrets/a",
            "\"port\":22",
            "\"value\":\"small\"",
            "\"db-password\":\"[redacted by sekimori: password]\"",
            "\"value\":\"[redacted by sekimori: password]\"",
            "\"adminPassword\":null",
            "\"owner\":\"a\"",
            "\"disablePasswordAuthentication\":true",
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
    }
}
