//! Azure's own definitions, as far as they are about machines, networks, backups and Defender for Cloud.
//!
//! What the program holds is the conditions alone: what a definition is for, what it asks for, which values its parameters have.
//! Templates that would be deployed, descriptions and roles are left out. Source:
//! <https://github.com/Azure/azure-policy>, folders `Compute`, `Network`, `Security Center`, `Guest Configuration` and `Backup` of
//! its built-in definitions, published under the MIT licence.

use serde_json::{Map, Value, json};

use crate::library::Document;
use crate::record::member;

/// The name of the document that holds them.
pub const NAME: &str = "builtin";

/// How large the definitions may be: those that the program holds have 1 MB.
const LARGEST: usize = 64 << 20;

/// What the program holds.
static OWN: &[u8] = include_bytes!("../data/definitions.json.zst");

/// Some definitions in a form to keep.
pub struct Pack {
    /// When they were published, as people say it: `2026-04-29`.
    pub date: String,
    /// The definitions.
    pub definitions: Vec<Value>,
}

/// What is wrong with a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPack;

impl Pack {
    /// What the program holds.
    ///
    /// # Errors
    ///
    /// Never but for a program that was built of something else.
    pub fn own() -> Result<Self, BadPack> {
        Self::from_bytes(OWN)
    }

    /// Reads a pack.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadPack> {
        let text = zstd::bulk::decompress(bytes, LARGEST).map_err(|_| BadPack)?;
        let json: Value = serde_json::from_slice(&text).map_err(|_| BadPack)?;
        let date = member(&json, "date").and_then(Value::as_str).ok_or(BadPack)?.to_owned();
        let definitions = member(&json, "definitions").and_then(Value::as_array).ok_or(BadPack)?.clone();
        Ok(Self { date, definitions })
    }

    /// Makes a pack of definitions as Azure publishes them; what is none is left out.
    pub fn of(date: &str, published: Vec<Value>) -> Self {
        let mut definitions: Vec<Value> = published.iter().filter_map(trimmed).collect();
        definitions.sort_by_cached_key(|one| member(one, "name").map(ToString::to_string));
        definitions.dedup_by_key(|one| member(one, "name").map(ToString::to_string));
        Self { date: date.to_owned(), definitions }
    }

    /// The form to keep.
    ///
    /// # Errors
    ///
    /// When it cannot be packed, which does not happen.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadPack> {
        let json = json!({"date": self.date, "definitions": self.definitions});
        zstd::bulk::compress(json.to_string().as_bytes(), 19).map_err(|_| BadPack)
    }

    /// The same as a document.
    pub fn document(&self) -> Document {
        // A line for each value: the parser of conditions takes no endless lines.
        let text = serde_json::to_string_pretty(&Value::Array(self.definitions.clone())).unwrap_or_default();
        Document { name: NAME.into(), text }
    }
}

/// What is kept of a definition.
fn trimmed(published: &Value) -> Option<Value> {
    let properties = member(published, "properties")?;
    let rule = member(properties, "policyRule")?;
    let then = member(rule, "then")?;
    let mut kept = Map::new();
    for name in ["displayName", "mode"] {
        if let Some(value) = member(properties, name) {
            kept.insert(name.into(), value.clone());
        }
    }
    kept.insert("policyType".into(), "BuiltIn".into());
    let metadata = member(properties, "metadata");
    let about = |name: &str| metadata.and_then(|all| member(all, name)).cloned();
    kept.insert(
        "metadata".into(),
        json!({"category": about("category"), "version": about("version"), "deprecated": about("deprecated")}),
    );
    let mut parameters = Map::new();
    for (name, value) in member(properties, "parameters").and_then(Value::as_object).into_iter().flatten() {
        let mut own = Map::new();
        for part in ["type", "defaultValue"] {
            if let Some(value) = member(value, part) {
                own.insert(part.into(), value.clone());
            }
        }
        parameters.insert(name.clone(), Value::Object(own));
    }
    kept.insert("parameters".into(), Value::Object(parameters));
    let mut outcome = Map::new();
    outcome.insert("effect".into(), member(then, "effect")?.clone());
    let mut details = Map::new();
    for name in ["type", "name", "kind", "resourceGroupName", "existenceScope", "existenceCondition"] {
        if let Some(value) = member(then, "details").and_then(|all| member(all, name)) {
            details.insert(name.into(), value.clone());
        }
    }
    if !details.is_empty() {
        outcome.insert("details".into(), Value::Object(details));
    }
    kept.insert("policyRule".into(), json!({"if": member(rule, "if")?, "then": outcome}));
    let name = member(published, "name")?.as_str()?;
    Some(json!({
        "id": format!("/providers/Microsoft.Authorization/policyDefinitions/{name}"),
        "name": name,
        "properties": kept,
    }))
}
