//! The part of Resource Graph's language that questions of a collector need, evaluated over rows:
//! `TABLE | where type in~ ('a', 'b') | where id > 'x' | project a, b | order by id asc`, and
//! `TABLE | summarize count_ = count() by column | order by column asc`. Everything else is refused, as Azure refuses a
//! query that it does not understand.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A query that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) table: String,
    types: Option<Vec<String>>,
    columns: Option<Vec<String>>,
    counted_by: Option<String>,
    order: Option<String>,
}

impl Query {
    /// Reads a query; else what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut steps = split(text).into_iter();
        let table = steps.next().unwrap_or_default();
        if table.is_empty() || !table.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("`{table}` is no table"));
        }
        let mut query = Self {
            table: table.to_ascii_lowercase(),
            types: None,
            columns: None,
            counted_by: None,
            order: None,
        };
        for step in steps {
            let (word, rest) = step.split_once(char::is_whitespace).unwrap_or((step.as_str(), ""));
            let rest = rest.trim();
            match word.to_ascii_lowercase().as_str() {
                "where" => {
                    query.types = Some(types(rest).ok_or_else(|| format!("`{step}` is not supported"))?)
                }
                "project" => {
                    query.columns = Some(rest.split(',').map(|name| name.trim().to_owned()).collect())
                }
                "summarize" => {
                    let by = rest
                        .strip_prefix("count_ = count() by ")
                        .ok_or_else(|| format!("`{step}` is not supported"))?;
                    query.counted_by = Some(by.trim().to_owned());
                }
                "order" => {
                    let by = rest.strip_prefix("by ").and_then(|rest| rest.trim().strip_suffix(" asc"));
                    query.order =
                        Some(by.ok_or_else(|| format!("`{step}` is not supported"))?.trim().to_owned());
                }
                _ => return Err(format!("`{word}` is not supported")),
            }
        }
        Ok(query)
    }

    /// Whether pages can go on: rows without an id have no token.
    pub(crate) fn has_pages(&self) -> bool {
        let columns = self.columns.as_ref();
        self.counted_by.is_some()
            || columns.is_none_or(|all| all.iter().any(|name| name.eq_ignore_ascii_case("id")))
    }

    /// The rows that it gives, of those of its table.
    pub(crate) fn over<'r>(&self, rows: impl Iterator<Item = &'r Value>) -> Vec<Value> {
        let fits = |row: &&Value| {
            let its = row.get("type").and_then(Value::as_str).unwrap_or_default();
            self.types.as_ref().is_none_or(|types| types.iter().any(|one| one.eq_ignore_ascii_case(its)))
        };
        let mut found: Vec<Value> = match &self.counted_by {
            None => rows.filter(fits).map(|row| self.projected(row)).collect(),
            Some(column) => {
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                for row in rows.filter(fits) {
                    let key = row.get(column).and_then(Value::as_str).unwrap_or_default();
                    *counts.entry(key.to_owned()).or_default() += 1;
                }
                counts
                    .into_iter()
                    .map(|(key, count)| serde_json::json!({column: key, "count_": count}))
                    .collect()
            }
        };
        if let Some(order) = &self.order {
            let key =
                |row: &Value| row.get(order).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            found.sort_by_cached_key(key);
        }
        found
    }

    fn projected(&self, row: &Value) -> Value {
        let Some(columns) = &self.columns else { return row.clone() };
        let mut out = Map::new();
        for name in columns {
            out.insert(name.clone(), row.get(name).cloned().unwrap_or_default());
        }
        Value::Object(out)
    }
}

/// The steps between bars, which do not count inside quotes.
fn split(text: &str) -> Vec<String> {
    let (mut steps, mut quoted) = (vec![String::new()], false);
    for one in text.chars() {
        match one {
            '|' if !quoted => steps.push(String::new()),
            _ => {
                quoted ^= one == '\'';
                if let Some(last) = steps.last_mut() {
                    last.push(one);
                }
            }
        }
    }
    steps.into_iter().map(|step| step.trim().to_owned()).collect()
}

/// The types of `type in~ ('a', 'b')`.
fn types(text: &str) -> Option<Vec<String>> {
    let list = text.strip_prefix("type in~")?.trim().strip_prefix('(')?.strip_suffix(')')?;
    let unquoted = |one: &str| Some(one.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned());
    list.split(',').map(unquoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_is_evaluated_and_not_looked_up() {
        let rows = [
            json!({"id": "/B", "type": "a/x", "subscriptionId": "s", "properties": {"p": 1}}),
            json!({"id": "/a", "type": "A/X", "subscriptionId": "s"}),
            json!({"id": "/c", "type": "a/y", "subscriptionId": "t"}),
        ];
        let run = |text: &str| Query::read(text).map(|query| query.over(rows.iter()));
        assert_eq!(
            run("resources | where type in~ ('a/x') | project id, properties | order by id asc").unwrap(),
            [json!({"id": "/a", "properties": null}), json!({"id": "/B", "properties": {"p": 1}})]
        );
        assert_eq!(run("Resources").unwrap().len(), 3);
        assert_eq!(
            run("resources | summarize count_ = count() by subscriptionId | order by subscriptionId asc")
                .unwrap(),
            [json!({"subscriptionId": "s", "count_": 2}), json!({"subscriptionId": "t", "count_": 1})]
        );
        for wrong in [
            "",
            "resources | take 5",
            "resources | where name == 'x'",
            "resources | where type in~ 'a'",
            "a b",
            "resources | order by id desc",
        ] {
            assert!(Query::read(wrong).is_err(), "{wrong}");
        }
        assert!(!Query::read("resources | project name").unwrap().has_pages());
        assert!(Query::read("resources | project Id").unwrap().has_pages());
    }
}
