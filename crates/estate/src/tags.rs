//! Tags of a resource, as its record tells them.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

use crate::wire::member;

/// Names and values that people hang on a resource.
///
/// Names are equal without regard to case, values are not
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources>).
///
/// INVARIANT: one allocation, of `name \0 value \0` for each tag: a large estate has many of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tags(Box<str>);

impl Tags {
    /// Reads `tags` of a record. `None` where the record has none that can be read: a tag is only
    /// ever a reason to say less, so one that is not sure is not there.
    pub(crate) fn read(object: &Object) -> Option<Self> {
        let mut text = String::new();
        for (name, value) in member(object, "tags")?.as_object()? {
            let Some(value) = value.as_str() else { continue };
            if !name.contains('\0') && !value.contains('\0') {
                text.extend([name, "\0", value, "\0"]);
            }
        }
        Some(Self(text.into()))
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut parts = self.0.split_terminator('\0');
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// Joins what two records say: what both say where both say something.
    pub(crate) fn join(mine: &mut Option<Self>, theirs: Option<Self>) {
        match (&*mine, theirs) {
            (_, None) => {}
            (None, theirs) => *mine = theirs,
            (Some(a), Some(b)) if *a == b => {}
            (Some(a), Some(b)) => {
                let same = |tag: &(&str, &str)| {
                    b.iter().any(|(name, value)| name.eq_ignore_ascii_case(tag.0) && value == tag.1)
                };
                // The names as they sort first, so that the order of the records does not matter.
                let mut both: Vec<_> = a.iter().filter(same).map(|(n, v)| (n.to_lowercase(), v)).collect();
                both.sort_unstable();
                let text: String = both.iter().flat_map(|(name, value)| [name, "\0", value, "\0"]).collect();
                *mine = Some(Self(text.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Option<Tags> {
        let value: sonic_rs::Value = sonic_rs::from_str(text).unwrap();
        Tags::read(value.as_object().unwrap())
    }

    #[test]
    fn tags_are_read_and_joined() {
        let one = tags(r#"{"tags":{"env":"dev","empty":"","bad":1,"owner":"水野"}}"#);
        let all: Vec<_> = one.as_ref().unwrap().iter().collect();
        assert_eq!(all.len(), 3);
        assert!(all.contains(&("env", "dev")) && all.contains(&("empty", "")));
        assert_eq!(tags(r#"{"tags":{}}"#).unwrap().iter().count(), 0);
        assert_eq!(tags(r#"{"tags":null}"#), None);
        assert_eq!(tags(r#"{"tags":{"$unknown":{"reason":"?"}}}"#).unwrap().iter().count(), 0);
        let two = tags(r#"{"tags":{"ENV":"dev","owner":"other"}}"#);
        let (mut a, mut b) = (one.clone(), two.clone());
        Tags::join(&mut a, two);
        Tags::join(&mut b, one);
        assert_eq!(a, b, "the order of records must not matter");
        assert_eq!(a.unwrap().iter().collect::<Vec<_>>(), [("env", "dev")]);
    }
}
