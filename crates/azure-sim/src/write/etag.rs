//! Conditions of a write on the ETag of what is there.
//!
//! `If-Match` is honoured for whole resources of the network. For a rule, written by itself, it is not: whether Azure does is
//! not settled, and nobody should rely on it. <https://learn.microsoft.com/rest/api/azure/#etag-support>

use serde_json::Value;

use super::address::Address;
use super::store::text;
use crate::answers::Answer;

/// The ETag of what has none.
pub(crate) const NONE: &str = "W/\"0\"";

/// The conditions of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
}

impl Conditions {
    /// Whether the conditions hold for what there is.
    pub(crate) fn check(&self, address: &Address, existing: Option<&Value>) -> Result<(), Answer> {
        if self.if_none_match.as_deref() == Some("*") && existing.is_some() {
            return Err(changed(address));
        }
        let Some(wanted) = self.if_match.as_deref() else { return Ok(()) };
        // Only resources of their own: a part has no ETag that its parent has not.
        if address.list().is_some() || !address.is_of("Microsoft.Network") {
            return Ok(());
        }
        // What was given without one is answered with this one.
        let etag = existing.map(|existing| text(existing, "/etag"));
        let etag = etag.map(|etag| if etag.is_empty() { NONE } else { etag });
        let holds = etag.is_some_and(|etag| wanted == "*" || bare(wanted) == bare(etag));
        if holds { Ok(()) } else { Err(changed(address)) }
    }
}

/// 412, in Azure's words.
pub(crate) fn changed(address: &Address) -> Answer {
    Answer::error(
        412,
        "PreconditionFailed",
        &format!(
            "Precondition failed. Etag provided in if-match header does not match etag of the resource {}.",
            address.id()
        ),
    )
}

fn bare(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_of_the_resource_and_not_of_its_parts() {
        let check = |path: &str, if_match: Option<&str>, if_none_match: Option<&str>, etag: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let all = Conditions { if_match: own(if_match), if_none_match: own(if_none_match) };
            let there = etag.map(|etag| json!({"etag": etag}));
            all.check(&Address::read(path).unwrap(), there.as_ref()).map_err(|answer| answer.status)
        };
        let group = "/subscriptions/s/providers/Microsoft.Network/networkSecurityGroups/n";
        let rule = format!("{group}/securityRules/r");
        let now = Some("W/\"1\"");
        assert_eq!(check(group, Some("W/\"1\""), None, now), Ok(()));
        assert_eq!(check(group, Some("\"1\""), None, now), Ok(()));
        assert_eq!(check(group, Some("*"), None, now), Ok(()));
        assert_eq!(check(group, Some("W/\"0\""), None, now), Err(412));
        assert_eq!(check(group, Some("W/\"0\""), None, None), Err(412));
        assert_eq!(check(group, Some("*"), None, None), Err(412));
        assert_eq!(check(&rule, Some("W/\"0\""), None, now), Ok(()));
        assert_eq!(check(&rule, None, Some("*"), now), Err(412));
        assert_eq!(check(&rule, None, Some("*"), None), Ok(()));
        assert_eq!(check("/providers/Microsoft.Compute/virtualMachines/v", Some("0"), None, now), Ok(()));
    }
}
