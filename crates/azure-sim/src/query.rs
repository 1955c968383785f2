//! The part of Resource Graph's language that questions of a collector need, evaluated over rows:
//! `TABLE | where type in~ ('a', 'b') | project a, b = tostring(c.d) | order by id asc`,
//! `TABLE | summarize count_ = count() by a, b | order by a asc`, and `where todatetime(a.b) >= datetime(MOMENT)`. Everything
//! else is refused, as Azure refuses a query that it does not understand.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A query that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) table: String,
    conditions: Vec<Condition>,
    columns: Option<Vec<Column>>,
    counted_by: Option<Vec<String>>,
    order: Option<String>,
}

/// What rows are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// A column is one of these, in any case.
    OneOf(String, Vec<String>),
    /// A moment in the row is this one or later; both in UTC, to the second.
    NotBefore(Vec<String>, String),
}

/// A column of the answer: its name, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    name: String,
    path: Vec<String>,
}

impl Query {
    /// Reads a query; else what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut steps = split(text, '|').into_iter();
        let table = steps.next().unwrap_or_default();
        if table.is_empty() || !table.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("`{table}` is no table"));
        }
        let mut query = Self {
            table: table.to_ascii_lowercase(),
            conditions: Vec::new(),
            columns: None,
            counted_by: None,
            order: None,
        };
        for step in steps {
            let (word, rest) = step.split_once(char::is_whitespace).unwrap_or((step.as_str(), ""));
            let rest = rest.trim();
            let unsupported = || format!("`{step}` is not supported");
            match word.to_ascii_lowercase().as_str() {
                "where" => query.conditions.push(condition(rest).ok_or_else(unsupported)?),
                "project" => {
                    let columns: Option<Vec<Column>> =
                        split(rest, ',').iter().map(|one| column(one)).collect();
                    query.columns = Some(columns.ok_or_else(unsupported)?);
                }
                "summarize" => {
                    let by = rest.strip_prefix("count_ = count() by ").ok_or_else(unsupported)?;
                    query.counted_by = Some(split(by, ','));
                }
                "order" => {
                    let by = rest.strip_prefix("by ").and_then(|rest| rest.trim().strip_suffix(" asc"));
                    query.order = Some(by.ok_or_else(unsupported)?.trim().to_owned());
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
            || columns.is_none_or(|all| all.iter().any(|column| column.name.eq_ignore_ascii_case("id")))
    }

    /// The rows that it gives, of those of its table.
    pub(crate) fn over<'r>(&self, rows: impl Iterator<Item = &'r Value>) -> Vec<Value> {
        let fits = |row: &&Value| self.conditions.iter().all(|condition| condition.holds(row));
        let mut found: Vec<Value> = match &self.counted_by {
            None => rows.filter(fits).map(|row| self.projected(row)).collect(),
            Some(columns) => {
                let mut counts: BTreeMap<Vec<&str>, u64> = BTreeMap::new();
                for row in rows.filter(fits) {
                    let field = |column: &String| row.get(column).and_then(Value::as_str).unwrap_or_default();
                    *counts.entry(columns.iter().map(field).collect()).or_default() += 1;
                }
                let row = |(key, count): (Vec<&str>, u64)| {
                    let named = columns.iter().cloned().zip(key.into_iter().map(Value::from));
                    let all: Map<String, Value> =
                        named.chain([("count_".to_owned(), count.into())]).collect();
                    Value::Object(all)
                };
                counts.into_iter().map(row).collect()
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
        for column in columns {
            out.insert(column.name.clone(), at(row, &column.path).cloned().unwrap_or_default());
        }
        Value::Object(out)
    }
}

impl Condition {
    fn holds(&self, row: &Value) -> bool {
        match self {
            Self::OneOf(column, all) => {
                let its = row.get(column).and_then(Value::as_str).unwrap_or_default();
                all.iter().any(|one| one.eq_ignore_ascii_case(its))
            }
            Self::NotBefore(path, moment) => {
                let its = at(row, path).and_then(Value::as_str).and_then(|text| text.get(..19));
                its.is_some_and(|its| its >= moment.as_str())
            }
        }
    }
}

fn at<'r>(row: &'r Value, path: &[String]) -> Option<&'r Value> {
    path.iter().try_fold(row, |value, name| value.get(name))
}

/// `properties.a.b`.
fn path(text: &str) -> Option<Vec<String>> {
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let names: Vec<&str> = text.trim().split('.').collect();
    names.iter().all(is_name).then(|| names.into_iter().map(str::to_owned).collect())
}

/// `id`, or `power = tostring(properties.a.b)`.
fn column(text: &str) -> Option<Column> {
    match text.split_once('=') {
        None => {
            let path = path(text)?;
            (path.len() == 1).then(|| Column { name: text.trim().to_owned(), path })
        }
        Some((name, from)) => {
            let from = from.trim().strip_prefix("tostring(")?.strip_suffix(')')?;
            Some(Column { name: name.trim().to_owned(), path: path(from)? })
        }
    }
}

/// `type in~ ('a', 'b')`, `id in~ ('x')`, `todatetime(properties.a) >= datetime(2026-11-26T00:00:00Z)`.
fn condition(text: &str) -> Option<Condition> {
    if let Some((column, list)) = text.split_once(" in~ ") {
        let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
        let unquoted = |one: &String| Some(one.strip_prefix('\'')?.strip_suffix('\'')?.to_owned());
        let all: Option<Vec<String>> = split(list, ',').iter().map(unquoted).collect();
        let known = matches!(column.trim(), "type" | "id");
        return known.then_some(Condition::OneOf(column.trim().to_owned(), all?));
    }
    let (path_text, rest) = text.strip_prefix("todatetime(")?.split_once(')')?;
    let moment = rest.trim().strip_prefix(">=")?.trim().strip_prefix("datetime(")?.strip_suffix(')')?;
    Some(Condition::NotBefore(path(path_text)?, moment.get(..19)?.to_owned()))
}

/// The parts between marks, which do not count inside quotes and brackets.
fn split(text: &str, mark: char) -> Vec<String> {
    let (mut parts, mut quoted, mut depth) = (vec![String::new()], false, 0usize);
    for one in text.chars() {
        match one {
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if one == mark && !quoted && depth == 0 {
            parts.push(String::new());
            continue;
        }
        quoted ^= one == '\'';
        if let Some(last) = parts.last_mut() {
            last.push(one);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
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
            "resources | where kind in~ ('x')",
            "resources | project id, x = toupper(name)",
            "resources | where todatetime(a) > datetime(2026-11-26T00:00:00Z)",
        ] {
            assert!(Query::read(wrong).is_err(), "{wrong}");
        }
        let moments = [
            json!({"id": "/1", "properties": {"at": {"t": "2026-11-26T00:00:00.123Z"}, "target": "/x"}}),
            json!({"id": "/2", "properties": {"at": {"t": "2026-11-25T23:59:59Z"}}}),
        ];
        let later = "resourcechanges | where todatetime(properties.at.t) >= datetime(2026-11-26T00:00:00Z) | project id, target = tostring(properties.target)";
        assert_eq!(Query::read(later).unwrap().over(moments.iter()), [json!({"id": "/1", "target": "/x"})]);
        assert_eq!(run("resources | where id in~ ('/A', '/c') | where type in~ ('a/y')").unwrap().len(), 1);
        assert!(!Query::read("resources | project name").unwrap().has_pages());
        assert!(Query::read("resources | project Id").unwrap().has_pages());
    }
}
