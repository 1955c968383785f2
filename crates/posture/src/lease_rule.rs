//! Rules that this product opens a port with for a while, and how they tell their end.
//!
//! INVARIANT: the name begins with `sekimori-`, followed by the id of the lease; the description carries
//! `until=<RFC 3339>`, so that whoever finds the rule, with nothing else at hand, knows when it has to go. Azure takes
//! descriptions of up to 140 characters.

use estate::{Moment, OWN_RULE, SecurityRule};

/// What a rule tells of its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeaseRule<'r> {
    /// The id of the lease.
    pub(crate) lease: &'r str,
    /// Its end as written; none where the rule tells none.
    pub(crate) written: Option<&'r str>,
    /// Its end; none where it cannot be read.
    pub(crate) until: Option<Moment>,
}

const UNTIL: &str = "until=";

/// What a rule tells of its lease; none for a rule of somebody else.
pub(crate) fn lease_rule(rule: &SecurityRule) -> Option<LeaseRule<'_>> {
    read(&rule.name, rule.description.as_deref())
}

fn read<'r>(name: &'r str, description: Option<&'r str>) -> Option<LeaseRule<'r>> {
    let (start, lease) = name.split_at_checked(OWN_RULE.len())?;
    if !start.eq_ignore_ascii_case(OWN_RULE) || lease.is_empty() {
        return None;
    }
    let words = description.unwrap_or_default().split([' ', ';', ',']);
    let mut ends = words.filter_map(|word| word.strip_prefix(UNTIL));
    let written = ends.next();
    // A day alone, or two ends, are no end: the contract is a moment.
    let one = written.filter(|text| ends.next().is_none() && text.contains(['T', 't']));
    Some(LeaseRule { lease, written, until: one.and_then(Moment::parse) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_tell_their_end() {
        let until = |description: &str| read("sekimori-7f3a", Some(description)).unwrap().until;
        let end = Moment::parse("2026-11-26T09:00:00Z");
        assert_eq!(until("until=2026-11-26T09:00:00Z"), end);
        assert_eq!(until("lease of kaede; until=2026-11-26T18:00:00+09:00; gate g1"), end);
        for bad in [
            "",
            "until=",
            "until=tomorrow",
            "until=2026-11-26",
            "until 2026-11-26T09:00:00Z",
            "until=2026-11-26T09:00:00Z until=2027-11-26T09:00:00Z",
        ] {
            assert_eq!(until(bad), None, "{bad}");
        }
        assert_eq!(read("sekimori-7f3a", None).unwrap().until, None);
        assert_eq!(read("SEKIMORI-7f3a", Some("x")).unwrap().lease, "7f3a");
        for other in ["sekimori", "sekimori-", "my-sekimori-1", "allow-ssh", "関守-1"] {
            assert_eq!(read(other, Some("until=2026-11-26T09:00:00Z")), None, "{other}");
        }
    }
}
