//! Answers that were recorded, for what nobody can work out but Azure itself: which flows pass, which groups are in
//! force. INVARIANT: they come from recordings and from nowhere else; to a question that none of them asks there is no
//! answer.

use std::collections::BTreeMap;

use serde_json::Value;

/// A question that was asked, and what Azure said.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The path of the request, without host and query.
    pub path: String,
    /// Its body; null without one.
    pub body: Value,
    /// The status that was answered in the end.
    pub status: u16,
    /// The body of the answer.
    pub answer: Value,
    /// How often it is said before that the answer is being worked on (202).
    pub polls: usize,
}

/// The answer to a question, if it was recorded.
pub(crate) fn answer<'r>(all: &'r [Recording], path: &str, body: &str) -> Option<(usize, &'r Recording)> {
    let asked: Value = serde_json::from_str(body).unwrap_or_default();
    let fits =
        |one: &Recording| same_path(&one.path, path) && (one.body.is_null() || is_asked(&one.body, &asked));
    all.iter().enumerate().find(|(_, one)| fits(one))
}

fn same_path(one: &str, other: &str) -> bool {
    one.trim_matches('/').eq_ignore_ascii_case(other.trim_matches('/'))
}

/// Whether all that was recorded is asked, and nothing else but the NIC, which older questions leave out.
fn is_asked(recorded: &Value, asked: &Value) -> bool {
    let (recorded, asked) = (members(recorded), members(asked));
    let extra = |name: &String| name == "targetnicresourceid" || recorded.contains_key(name);
    recorded.iter().all(|(name, value)| asked.get(name) == Some(value)) && asked.keys().all(extra)
}

/// Names and values without case: ids, protocols and directions are written in many ways.
fn members(value: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase();
    let all = value.as_object().into_iter().flatten();
    all.filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_lowercase(), text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_recorded_is_answered() {
        let recorded = Recording {
            path: "/subscriptions/s/w/ipFlowVerify".to_owned(),
            body: json!({"targetResourceId": "/VM", "protocol": "TCP", "localPort": "22"}),
            status: 200,
            answer: json!({"access": "Deny"}),
            polls: 0,
        };
        let all = [recorded];
        let path = "subscriptions/S/w/ipflowverify";
        let asked = |body: Value| answer(&all, path, &body.to_string()).is_some();
        assert!(asked(
            json!({"targetResourceId": "/vm", "protocol": "Tcp", "localPort": "22", "targetNicResourceId": "/n"})
        ));
        assert!(!asked(json!({"targetResourceId": "/vm", "protocol": "Tcp", "localPort": "23"})));
        assert!(!asked(json!({"targetResourceId": "/vm", "protocol": "Tcp"})));
        assert!(!asked(json!({"targetResourceId": "/vm", "protocol": "Tcp", "localPort": "22", "more": 1})));
        assert!(answer(&all, "subscriptions/s/w/other", "{}").is_none());
    }
}
