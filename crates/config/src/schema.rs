//! The schema of the file, for editors.

use posture::CHECKS;
use serde_json::{Map, Value, json};

use crate::choice::{FailOn, Format};
use crate::keys::{KEYS, Kind, SUPPRESS_KEYS};

/// A JSON schema of `sekimori.toml`, as editors read it (draft 7).
pub fn schema() -> Value {
    let properties: Map<String, Value> = KEYS
        .iter()
        .map(|key| {
            let mut value = kind(key.kind);
            if let Some(object) = value.as_object_mut() {
                object.insert("description".to_owned(), format!("{}\n\n{}", key.doc.en, key.doc.ja).into());
            }
            (key.name.to_owned(), value)
        })
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://github.com/sekimori/sekimori/blob/main/docs/schema/sekimori-toml-1.json",
        "title": "sekimori.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// Words that name a check: its code, a prefix, its name or its checkpoint.
fn check_words() -> Value {
    let mut words: Vec<&str> = Vec::new();
    for check in CHECKS {
        for word in [check.code.get(..3).unwrap_or_default(), check.code, check.slug, check.checkpoint.name()]
        {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    // Any case and any prefix will do, so an editor only proposes these.
    json!({"anyOf": [{"enum": words}, {"type": "string", "minLength": 1}]})
}

fn one_or_more(one: Value) -> Value {
    json!({"anyOf": [one, {"type": "array", "items": one}]})
}

fn kind(kind: Kind) -> Value {
    let severities = ["low", "medium", "high", "critical"];
    match kind {
        Kind::Language => json!({"enum": ["ja", "en"]}),
        Kind::Format => json!({"enum": Format::ALL.map(|(_, name, ..)| name)}),
        Kind::FailOn => json!({"enum": FailOn::ALL.map(|(_, name)| name)}),
        Kind::Checks => one_or_more(check_words()),
        Kind::Path => json!({"type": "string", "minLength": 1}),
        Kind::Switch => json!({"type": "boolean"}),
        Kind::Ports => {
            let port = json!({"type": "integer", "minimum": 1, "maximum": 65535});
            json!({"type": "array", "minItems": 1, "items": port})
        }
        Kind::Count => json!({"type": "integer", "minimum": 0, "maximum": 16_777_216}),
        Kind::Severities => json!({"type": "object", "additionalProperties": {"enum": severities}}),
        Kind::Sources => {
            let prefix = json!({"type": "string", "minLength": 2});
            json!({"type": "object", "additionalProperties": one_or_more(prefix)})
        }
        Kind::Suppressions => {
            let mut properties = Map::new();
            for key in &SUPPRESS_KEYS {
                let mut value = match key.name {
                    "code" => one_or_more(check_words()),
                    "id" => json!({"type": "string", "pattern": "^[A-Za-z]{3}[0-9]{3}-[0-9a-fA-F]{16}$"}),
                    _ => json!({"type": "string", "minLength": 1}),
                };
                if let Some(object) = value.as_object_mut() {
                    object
                        .insert("description".to_owned(), format!("{}\n\n{}", key.doc.en, key.doc.ja).into());
                }
                properties.insert(key.name.to_owned(), value);
            }
            let required: Vec<_> =
                SUPPRESS_KEYS.iter().filter(|key| key.required).map(|key| key.name).collect();
            let conditions: Vec<_> = SUPPRESS_KEYS
                .iter()
                .filter(|key| !key.required)
                .map(|key| json!({"required": [key.name]}))
                .collect();
            json!({"type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "properties": properties,
                "required": required,
                "anyOf": conditions,
            }})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_and_the_reader_agree() {
        let schema = jsonschema::validator_for(&schema()).unwrap();
        // The same as JSON, as an editor sees it, and as TOML.
        let check = |json: Value, toml: &str, fine: bool| {
            assert_eq!(schema.is_valid(&json), fine, "schema: {json}");
            assert_eq!(crate::parse(toml).is_ok(), fine, "reader: {toml}");
        };
        check(json!({}), "", true);
        check(json!({"fail-on": "high"}), "fail-on = 'high'", true);
        check(json!({"fail-on": "worst"}), "fail-on = 'worst'", false);
        check(json!({"fail_on": "high"}), "fail_on = 'high'", false);
        check(json!({"select": ["NET"]}), "select = ['NET']", true);
        check(json!({"select": "NET"}), "select = 'NET'", true);
        check(json!({"select": [1]}), "select = [1]", false);
        check(json!({"management-ports": [22]}), "management-ports = [22]", true);
        check(json!({"management-ports": []}), "management-ports = []", false);
        check(json!({"wide-after": -1}), "wide-after = -1", false);
        check(json!({"severity": {"NET001": "low"}}), "severity = {NET001 = 'low'}", true);
        check(json!({"severity": {"NET001": 1}}), "severity = {NET001 = 1}", false);
        check(
            json!({"approved-sources": {"a": "10.0.0.0/8"}}),
            "approved-sources = {a = '10.0.0.0/8'}",
            true,
        );
        check(json!({"approved-sources": {"a": 1}}), "approved-sources = {a = 1}", false);
        let decision = |key: &str, value: &str| {
            (
                json!({"suppress": [{key: value, "reason": "r", "until": "2027-01-01"}]}),
                format!("[[suppress]]\n{key} = '{value}'\nreason = 'r'\nuntil = '2027-01-01'"),
            )
        };
        for (key, value, fine) in [
            ("id", "NET001-0123456789abcdef", true),
            ("id", "x", false),
            ("code", "NET", true),
            ("resource", "a*", true),
            ("tag", "a=b", true),
            ("name", "x", false),
        ] {
            let (json, toml) = decision(key, value);
            check(json, &toml, fine);
        }
        check(
            json!({"suppress": [{"id": "NET001-0123456789abcdef", "reason": "r"}]}),
            "[[suppress]]\nid='NET001-0123456789abcdef'\nreason='r'",
            false,
        );
    }

    #[test]
    fn every_key_is_in_the_schema() {
        let schema = schema();
        for key in &KEYS {
            assert!(schema["properties"][key.name]["description"].as_str().unwrap().contains(key.doc.ja));
        }
    }
}
