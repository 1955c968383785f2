//! Tells templates and parameter files from other JSON, by what they hold.

use crate::value::Value;

/// Whether the outermost members are those of a template.
pub fn is_template(outline: &[(String, Option<String>)]) -> bool {
    let has = |name: &str| outline.iter().any(|(its, _)| its.eq_ignore_ascii_case(name));
    let schema = outline.iter().find(|(name, _)| name == "$schema").and_then(|(_, schema)| schema.as_deref());
    match schema.map(str::to_ascii_lowercase) {
        Some(schema) => schema.contains("deploymenttemplate"),
        // Not every template in the wild names its schema.
        None => has("resources") && has("contentVersion"),
    }
}

/// Whether the outermost members are those of a parameter file.
pub fn is_parameters(outline: &[(String, Option<String>)]) -> bool {
    let schema = outline.iter().find(|(name, _)| name == "$schema").and_then(|(_, schema)| schema.as_deref());
    match schema.map(str::to_ascii_lowercase) {
        Some(schema) => schema.contains("deploymentparameters"),
        None => {
            outline.iter().any(|(name, _)| name == "parameters")
                && outline.iter().all(|(name, _)| matches!(name.as_str(), "parameters" | "contentVersion"))
        }
    }
}

/// Whether something looks like a template as a whole.
pub(super) fn looks_like_one(template: &Value) -> bool {
    template.object().is_some_and(|object| object.get("resources").is_some())
}
