//! The pointers of a kind of record as a tree: one walk through a resource finds what stands at all of them.
//!
//! A record has many fields, most of which a resource does not have. To look for each by itself goes through the same
//! members again and again, and takes many times as long as to parse them.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::expected::Expected;
use crate::known::Reason;
use crate::problem::ProblemKind;
use crate::wire::{Reader, is_named, json_type, member, stated_unknown};

/// What stands at the end of a pointer.
#[derive(Clone)]
pub(crate) enum At<'v> {
    Nothing,
    Value(&'v Value),
    Unknown(Box<Reason>),
}

/// Fields by their pointers in ARM's nested shape; a field with several has the first that is there.
pub(crate) struct Schema {
    /// The pointers of each field.
    fields: &'static [&'static [&'static str]],
    /// Parts of the resource itself, and of its properties.
    own: Names,
    properties: Names,
    parts: Vec<Part>,
}

/// A member that pointers go through or end in.
struct Part {
    name: &'static str,
    /// The pointer to it.
    path: &'static str,
    /// Which pointers end here, by their numbers.
    ends: Vec<usize>,
    /// What is looked at in it.
    inner: Names,
}

/// Members that are looked for in one object.
#[derive(Default)]
struct Names {
    /// Their numbers among the parts; 128 of them at most are looked for.
    parts: Vec<usize>,
    /// A bit for each length of a name: most members of an object are of another.
    lengths: u64,
}

impl Names {
    fn may_have(&self, key: &str) -> bool {
        self.lengths >> (key.len() & 63) & 1 == 1
    }
}

/// What was found in a resource, field by field.
pub(crate) struct Found<'v> {
    fields: std::slice::Iter<'static, &'static [&'static str]>,
    slots: std::vec::IntoIter<At<'v>>,
}

impl<'v> Found<'v> {
    /// What stands at the first pointer of the next field that leads anywhere, and that pointer.
    pub(crate) fn next(&mut self) -> (At<'v>, &'static str) {
        let paths = self.fields.next().copied().unwrap_or_default();
        let mut first = (At::Nothing, paths.first().copied().unwrap_or_default());
        for path in paths {
            let at = self.slots.next().unwrap_or(At::Nothing);
            if matches!(first.0, At::Nothing) && !matches!(at, At::Nothing) {
                first = (at, path);
            }
        }
        first
    }
}

impl Schema {
    pub(crate) fn of(fields: &'static [&'static [&'static str]]) -> Self {
        let mut schema =
            Self { fields, own: Names::default(), properties: Names::default(), parts: Vec::new() };
        for (slot, path) in fields.iter().copied().flatten().enumerate() {
            schema.add(slot, path);
        }
        schema
    }

    fn add(&mut self, slot: usize, path: &'static str) {
        let nested = path.starts_with(PROPERTIES);
        let mut from = if nested { PROPERTIES.len() } else { 1 };
        let mut above: Option<usize> = None;
        while let Some(rest) = path.get(from..).filter(|rest| !rest.is_empty()) {
            let name = rest.split('/').next().unwrap_or_default();
            let end = from + name.len();
            let siblings = self.names(above, nested);
            let known = siblings.parts.clone();
            let known = known.into_iter().find(|at| self.parts.get(*at).is_some_and(|it| it.name == name));
            let at = known.unwrap_or(self.parts.len());
            if known.is_none() {
                let siblings = self.names(above, nested);
                siblings.parts.push(at);
                siblings.lengths |= 1 << (name.len() & 63);
                let path = path.get(..end).unwrap_or_default();
                self.parts.push(Part { name, path, ends: Vec::new(), inner: Names::default() });
            }
            if end == path.len()
                && let Some(part) = self.parts.get_mut(at)
            {
                part.ends.push(slot);
            }
            above = Some(at);
            from = end + 1;
        }
    }

    fn names(&mut self, above: Option<usize>, nested: bool) -> &mut Names {
        match above.and_then(|above| self.parts.get_mut(above)) {
            Some(part) => &mut part.inner,
            None if nested => &mut self.properties,
            None => &mut self.own,
        }
    }

    /// Walks through a resource, nested or flattened. A part that is no object is told once.
    pub(crate) fn read<'v>(&self, reader: &mut Reader<'_>, object: &'v Object) -> Found<'v> {
        let slots: usize = self.fields.iter().map(|paths| paths.len()).sum();
        let mut slots = vec![At::Nothing; slots];
        self.walk(reader, &self.own, object, &mut slots);
        match member(object, "properties") {
            Some(properties) => match (stated_unknown(properties), properties.as_object()) {
                (Some(reason), _) => self.all_unknown(&self.properties, &reason, &mut slots),
                (None, inner) => self.walk(reader, &self.properties, inner.unwrap_or(object), &mut slots),
            },
            None => self.walk(reader, &self.properties, object, &mut slots),
        }
        Found { fields: self.fields.iter(), slots: slots.into_iter() }
    }

    fn walk<'v>(&self, reader: &mut Reader<'_>, names: &Names, object: &'v Object, slots: &mut [At<'v>]) {
        if names.parts.is_empty() {
            return;
        }
        let mut seen = 0_u128;
        for (key, value) in object.iter().filter(|(key, _)| names.may_have(key)) {
            for (at, bit) in names.parts.iter().zip((0..128).map(|bit| 1_u128 << bit)) {
                let Some(part) = self.parts.get(*at).filter(|part| is_named(key, part.name)) else {
                    continue;
                };
                // Of members with one name the first counts.
                let first = seen & bit == 0;
                seen |= bit;
                if first && !value.is_null() {
                    self.part(reader, part, value, slots);
                }
            }
        }
    }

    fn part<'v>(&self, reader: &mut Reader<'_>, part: &Part, value: &'v Value, slots: &mut [At<'v>]) {
        if let Some(reason) = stated_unknown(value) {
            return self.below(part, &reason, slots);
        }
        for slot in &part.ends {
            if let Some(slot) = slots.get_mut(*slot) {
                *slot = At::Value(value);
            }
        }
        if part.inner.parts.is_empty() {
            return;
        }
        match value.as_object() {
            Some(object) => self.walk(reader, &part.inner, object, slots),
            None => self.all_unknown(&part.inner, &no_object(reader, part.path, part.name, value), slots),
        }
    }

    /// Nothing is known of a part and of what is in it.
    fn below(&self, part: &Part, reason: &Reason, slots: &mut [At<'_>]) {
        for slot in &part.ends {
            if let Some(slot) = slots.get_mut(*slot) {
                *slot = At::Unknown(Box::new(reason.clone()));
            }
        }
        self.all_unknown(&part.inner, reason, slots);
    }

    fn all_unknown(&self, names: &Names, reason: &Reason, slots: &mut [At<'_>]) {
        for part in names.parts.iter().filter_map(|at| self.parts.get(*at)) {
            self.below(part, reason, slots);
        }
    }
}

/// Where the pointers of most fields begin.
const PROPERTIES: &str = "/properties/";

fn no_object(reader: &mut Reader<'_>, path: &str, name: &str, value: &Value) -> Box<Reason> {
    let field: Box<str> = name.into();
    let kind =
        ProblemKind::WrongType { field: field.clone(), expected: Expected::Object, found: json_type(value) };
    reader.problem(path.to_owned(), kind);
    Box::new(Reason::Unreadable { field })
}

/// Follows one pointer through a resource, nested or flattened.
fn follow<'v>(reader: &mut Reader<'_>, object: &'v Object, path: &'static str) -> At<'v> {
    let (mut object, mut from) = (object, 1);
    if path.starts_with(PROPERTIES) {
        from = PROPERTIES.len();
        if let Some(properties) = member(object, "properties") {
            if let Some(reason) = stated_unknown(properties) {
                return At::Unknown(Box::new(reason));
            }
            object = properties.as_object().unwrap_or(object);
        }
    }
    loop {
        let name = path.get(from..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let end = from + name.len();
        let Some(value) = member(object, name) else { return At::Nothing };
        if let Some(reason) = stated_unknown(value) {
            return At::Unknown(Box::new(reason));
        }
        if end >= path.len() {
            return At::Value(value);
        }
        match value.as_object() {
            Some(inner) => object = inner,
            None => {
                let path = path.get(..end).unwrap_or_default();
                return At::Unknown(no_object(reader, path, name, value));
            }
        }
        from = end + 1;
    }
}

/// Where a field is read from.
pub(crate) trait Source<'v> {
    /// What stands at its pointer.
    fn at(self, reader: &mut Reader<'_>, path: &'static str) -> At<'v>;
}

impl<'v> Source<'v> for At<'v> {
    fn at(self, _: &mut Reader<'_>, _: &'static str) -> Self {
        self
    }
}

impl<'v> Source<'v> for &'v Object {
    fn at(self, reader: &mut Reader<'_>, path: &'static str) -> At<'v> {
        follow(reader, self, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdsBuilder;
    use crate::origin::{Origin, SourceIndex};
    use sonic_rs::Value;

    const FIELDS: &[&[&str]] = &[
        &["/properties/os/windows/mode", "/properties/os/linux/mode"],
        &["/properties/os"],
        &["/properties/os/windows"],
        &["/properties/size"],
        &["/plan/publisher"],
        &["/properties/size"],
    ];

    /// What stands at an end, and the problems that were told on the way.
    fn shown(at: &At<'_>) -> String {
        match at {
            At::Nothing => "nothing".to_owned(),
            At::Value(value) => value.to_string(),
            At::Unknown(reason) => format!("{reason:?}"),
        }
    }

    fn with<T>(text: &str, ask: impl FnOnce(&mut Reader<'_>, &Object) -> T) -> (T, Vec<String>) {
        let value: Value = sonic_rs::from_str(text).unwrap();
        let (ids, mut problems) = (IdsBuilder::default(), Vec::new());
        let origin = Origin { source: SourceIndex(0), offset: 0, len: 0 };
        let mut reader = Reader { ids: &ids, problems: &mut problems, origin };
        let told = ask(&mut reader, value.as_object().unwrap());
        (told, problems.iter().map(|problem| format!("{problem:?}")).collect())
    }

    #[test]
    fn one_walk_finds_what_each_pointer_leads_to() {
        for text in [
            r#"{"properties":{"os":{"Windows":{"mode":1},"linux":{"mode":2}},"SIZE":"a"},"plan":{"publisher":"p"}}"#,
            r#"{"os":{"linux":{"mode":2}},"size":"a","plan":null}"#,
            r#"{"properties":{"os":{"windows":null,"linux":{"mode":{"$unknown":{"reason":"r"}}}}}}"#,
            r#"{"properties":{"os":{"$unknown":{"reason":"r"}},"size":null}}"#,
            r#"{"properties":{"$unknown":{"reason":"r"}},"plan":{"$unknown":{"reason":"s"}}}"#,
            r#"{"properties":{"size":1,"Size":2,"os":{"windows":{"mode":1}},"os":{"windows":{"mode":2}}}}"#,
            r#"{"properties":{"size":null,"Size":2}}"#,
            r#"{"properties":7,"size":3}"#,
            r#"{"properties":null,"size":3,"plan":{}}"#,
            r#"{"properties":{"os":"text"},"plan":[]}"#,
            r#"{"properties":{"os":{"windows":5,"linux":{"mode":2}}}}"#,
            "{}",
        ] {
            let (one_walk, told) = with(text, |reader, object| {
                let mut found = Schema::of(FIELDS).read(reader, object);
                FIELDS.iter().map(|_| shown(&found.next().0)).collect::<Vec<_>>()
            });
            let (each, mut expected) = with(text, |reader, object| {
                let each = |paths: &&[&'static str]| {
                    let ends: Vec<At<'_>> = paths.iter().map(|path| follow(reader, object, path)).collect();
                    shown(ends.iter().find(|at| !matches!(at, At::Nothing)).unwrap_or(&At::Nothing))
                };
                FIELDS.iter().map(each).collect::<Vec<_>>()
            });
            assert_eq!(one_walk, each, "{text}");
            // A part that is no object is told once, however many fields are in it.
            expected.sort_unstable();
            expected.dedup();
            let mut told_sorted = told.clone();
            told_sorted.sort_unstable();
            assert_eq!(told_sorted, expected, "{text}");
        }
    }

    #[test]
    fn a_field_tells_which_of_its_pointers_leads_somewhere() {
        let (path, _) = with(r#"{"properties":{"os":{"linux":{"mode":2}}}}"#, |reader, object| {
            Schema::of(FIELDS).read(reader, object).next().1
        });
        assert_eq!(path, "/properties/os/linux/mode");
    }
}
