//! Reads fields out of ARM-shaped JSON: nested or flattened, keys in any case, wrong types reported.

use std::borrow::Cow;
use std::fmt::Arguments;

use sonic_rs::{JsonContainerTrait, JsonType, JsonValueTrait, Object, Value};

use crate::expected::Expected;
use crate::id::{IdsBuilder, ResourceId, Use};
use crate::known::{Field, Known, Reason};
use crate::origin::{Origin, Place};
use crate::problem::{At, Problem, ProblemKind};

/// The fields of a resource or of a part of one: those of `properties` where it has such a member,
/// else its own.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'v> {
    object: &'v Object,
    /// Its members, where somebody has listed them: many times quicker to go through than the parser's object.
    listed: Option<&'v [Member<'v>]>,
    /// Set when `properties` as a whole is not known yet: then every field is unknown.
    unknown: Option<&'v Value>,
    /// Whether a field that is named twice is unknown.
    careful: bool,
}

/// A name and what stands under it.
pub(crate) type Member<'v> = (&'v str, &'v Value);

/// What a name stands for.
enum Found<'v> {
    Nothing,
    One(&'v Value),
    Twice,
}

pub(crate) fn is_named(key: &str, name: &str) -> bool {
    key.len() == name.len() && (key == name || key.eq_ignore_ascii_case(name))
}

/// A member of an object as it stands, `null` left out.
pub(crate) fn member<'v>(object: &'v Object, name: &str) -> Option<&'v Value> {
    let (_, value) = object.iter().find(|(key, _)| is_named(key, name))?;
    (!value.is_null()).then_some(value)
}

impl<'v> Fields<'v> {
    /// The fields of an object, which may be nested or flattened.
    pub(crate) fn of(object: &'v Object) -> Self {
        let Some(properties) = member(object, "properties") else { return Self::own(object) };
        if stated_unknown(properties).is_some() {
            return Self { unknown: Some(properties), ..Self::own(object) };
        }
        Self::own(properties.as_object().unwrap_or(object))
    }

    /// Just the members of the object itself. Where one is named twice the first counts.
    pub(crate) fn own(object: &'v Object) -> Self {
        Self { object, listed: None, careful: false, unknown: None }
    }

    /// The members in a list, for objects of which many fields are read.
    pub(crate) fn list(&self) -> Vec<Member<'v>> {
        let mut all = Vec::with_capacity(self.object.len());
        all.extend(self.object.iter());
        all
    }

    /// The same fields, looked for in a list of them.
    pub(crate) fn listed(self, listed: &'v [Member<'v>]) -> Self {
        Self { listed: Some(listed), ..self }
    }

    fn any(&self, mut is: impl FnMut(&str) -> bool) -> Option<&'v Value> {
        let found = match self.listed {
            Some(all) => all.iter().copied().find(|(key, _)| is(key)),
            None => self.object.iter().find(|(key, _)| is(key)),
        };
        found.map(|(_, value)| value)
    }

    /// The same, and a field that is named twice is unknown: for what decides who may enter. Not
    /// for every object, as it costs a walk through all members for each field.
    pub(crate) fn careful(self) -> Self {
        Self { careful: true, ..self }
    }

    /// Whether nothing is known of any field.
    pub(crate) fn is_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    /// A field as it stands, `null` left out.
    pub(crate) fn raw(&self, name: &str) -> Option<&'v Value> {
        self.any(|key| is_named(key, name)).filter(|value| !value.is_null())
    }

    /// Whether one of these fields is there, in one walk over the members.
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        self.unknown.is_some() || self.any(|key| names.iter().any(|name| is_named(key, name))).is_some()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.any(|key| is_named(key, name)).is_some()
    }

    fn find(&self, name: &str) -> Found<'v> {
        let Some(first) = self.any(|key| is_named(key, name)) else { return Found::Nothing };
        let mut times = 0;
        let twice = self.careful
            && self
                .any(|key| {
                    times += usize::from(is_named(key, name));
                    times > 1
                })
                .is_some();
        if twice { Found::Twice } else { Found::One(first) }
    }
}

/// How much of a value that cannot be read is shown: enough to find it, too little for a secret.
pub(crate) const SHOWN: usize = 40;

/// Where a value is read from and where problems go.
pub(crate) struct Reader<'c> {
    pub(crate) ids: &'c IdsBuilder,
    pub(crate) problems: &'c mut Vec<Problem>,
    pub(crate) origin: Origin,
}

pub(crate) fn json_type(value: &Value) -> Expected {
    match value.get_type() {
        JsonType::Null => Expected::Null,
        JsonType::Boolean => Expected::Boolean,
        JsonType::Number => Expected::Number,
        JsonType::String => Expected::Text,
        JsonType::Object => Expected::Object,
        JsonType::Array => Expected::Array,
    }
}

/// `{"$unknown":{"reason":"…"}}`: a source says that the value is not known yet.
pub(crate) fn stated_unknown(value: &Value) -> Option<Reason> {
    let object = value.as_object()?;
    if object.len() != 1 {
        return None;
    }
    let unknown = member(object, "$unknown")?.as_object()?;
    let reason = member(unknown, "reason").and_then(|reason| reason.as_str()).unwrap_or("not known yet");
    Some(Reason::Stated { reason: reason.into() })
}

impl Reader<'_> {
    pub(crate) fn problem(&mut self, pointer: String, kind: ProblemKind) {
        let place = Place { origin: self.origin, pointer: pointer.into() };
        self.problems.push(Problem { at: At::Place(place), kind });
    }

    fn unreadable<T>(&mut self, at: Arguments<'_>, name: &str, kind: ProblemKind) -> Known<T> {
        self.problem(format!("{at}/{name}"), kind);
        Known::unknown(Reason::Unreadable { field: name.into() })
    }

    /// A field read with `read`; anything that it does not take is a problem.
    fn typed<'v, T>(
        &mut self,
        fields: Fields<'v>,
        name: &'static str,
        at: Arguments<'_>,
        expected: Expected,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Field<T> {
        if let Some(reason) = fields.unknown.and_then(stated_unknown) {
            return Some(Known::unknown(reason));
        }
        let value = match fields.find(name) {
            Found::Nothing => return None,
            Found::Twice => {
                let kind = ProblemKind::DuplicateField { field: name.into() };
                return Some(self.unreadable(at, name, kind));
            }
            Found::One(value) if value.is_null() => return None,
            Found::One(value) => value,
        };
        if let Some(value) = read(value) {
            return Some(Known::Value(value));
        }
        if let Some(reason) = stated_unknown(value) {
            return Some(Known::unknown(reason));
        }
        let kind = ProblemKind::WrongType { field: name.into(), expected, found: json_type(value) };
        Some(self.unreadable(at, name, kind))
    }

    /// Whether a field stands both in `properties` and beside it: nobody can tell which one counts.
    pub(crate) fn both_shapes(&mut self, object: &Object, name: &str) -> Option<Box<Reason>> {
        let nested = member(object, "properties")?.as_object()?;
        let beside = object.iter().any(|(key, _)| is_named(key, name));
        if !beside || member(nested, name).is_none() && member(object, name).is_none() {
            return None;
        }
        self.problem(format!("/{name}"), ProblemKind::DuplicateField { field: name.into() });
        Some(Box::new(Reason::Unreadable { field: name.into() }))
    }

    pub(crate) fn text<'v>(
        &mut self,
        fields: Fields<'v>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<&'v str> {
        self.typed(fields, name, at, Expected::Text, |value| value.as_str())
    }

    pub(crate) fn boolean(
        &mut self,
        fields: Fields<'_>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<bool> {
        self.typed(fields, name, at, Expected::Boolean, |value| match value.as_str() {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => value.as_bool(),
        })
    }

    pub(crate) fn object<'v>(
        &mut self,
        fields: Fields<'v>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<&'v Object> {
        self.typed(fields, name, at, Expected::Object, |value| {
            if stated_unknown(value).is_some() { None } else { value.as_object() }
        })
    }

    /// An array; a field that is not there is an empty one.
    pub(crate) fn array<'v>(
        &mut self,
        fields: Fields<'v>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<&'v [Value]> {
        self.typed(fields, name, at, Expected::Array, |value| value.as_array().map(|array| array.as_slice()))
    }

    /// A word of a closed list, compared without regard to case.
    pub(crate) fn word<T: Copy>(
        &mut self,
        fields: Fields<'_>,
        name: &'static str,
        at: Arguments<'_>,
        words: &[(&str, T)],
        expected: Expected,
    ) -> Field<T> {
        let text = match self.text(fields, name, at)? {
            Known::Value(text) => text,
            Known::Unknown(reason) => return Some(Known::Unknown(reason)),
        };
        match words.iter().find(|(word, _)| text.trim().eq_ignore_ascii_case(word)) {
            Some((_, meaning)) => Some(Known::Value(*meaning)),
            None => Some(self.bad(at, name, text, expected)),
        }
    }

    /// A value that Azure would not accept.
    pub(crate) fn bad<T>(
        &mut self,
        at: Arguments<'_>,
        name: &str,
        value: &str,
        expected: Expected,
    ) -> Known<T> {
        let shown: String = value.chars().take(SHOWN).collect();
        let kind = ProblemKind::BadValue { field: name.into(), value: shown.into(), expected };
        self.unreadable(at, name, kind)
    }

    /// A field that points at a resource: `{"id":"…"}`.
    pub(crate) fn reference(
        &mut self,
        fields: Fields<'_>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<ResourceId> {
        match self.object(fields, name, at)? {
            Known::Value(object) => Some(self.required_id(object, format_args!("{at}/{name}"))),
            Known::Unknown(reason) => Some(Known::Unknown(reason)),
        }
    }

    /// The id in `{"id":"…"}`; a reference without one is a problem.
    fn required_id(&mut self, object: &Object, at: Arguments<'_>) -> Known<ResourceId> {
        self.id_of(object, at)
            .unwrap_or_else(|| self.unreadable(at, "id", ProblemKind::MissingField { field: "id".into() }))
    }

    /// The id in `{"id":"…"}`.
    pub(crate) fn id_of(&mut self, object: &Object, at: Arguments<'_>) -> Field<ResourceId> {
        let id = self.text(Fields::own(object), "id", at)?;
        Some(id.map(|id| self.ids.intern(id, Use::Reference)))
    }

    /// The ids of an array of `{"id":"…"}`.
    pub(crate) fn references(
        &mut self,
        fields: Fields<'_>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<Vec<ResourceId>> {
        let items = match self.array(fields, name, at)? {
            Known::Value(items) => items,
            Known::Unknown(reason) => return Some(Known::Unknown(reason)),
        };
        let mut ids = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            if let Some(reason) = stated_unknown(item) {
                return Some(Known::unknown(reason));
            }
            let Some(object) = self.element(item, format_args!("{at}/{name}/{index}")) else {
                return Some(Known::unknown(Reason::Unreadable { field: name.into() }));
            };
            match self.required_id(object, format_args!("{at}/{name}/{index}")) {
                Known::Value(id) => ids.push(id),
                Known::Unknown(reason) => return Some(Known::Unknown(reason)),
            }
        }
        Some(Known::Value(ids))
    }

    /// An element of an array that has to be an object. `None` is one that is not known: reported,
    /// unless the source itself says so.
    pub(crate) fn element<'v>(&mut self, value: &'v Value, at: Arguments<'_>) -> Option<&'v Object> {
        if stated_unknown(value).is_some() {
            return None;
        }
        let object = value.as_object();
        if object.is_none() {
            let pointer = at.to_string();
            let field = pointer.rsplit('/').next().unwrap_or_default().into();
            let kind = ProblemKind::WrongType { field, expected: Expected::Object, found: json_type(value) };
            self.problem(pointer, kind);
        }
        object
    }

    /// The texts of an array of strings (or numbers, which templates write for ports).
    pub(crate) fn texts(
        &mut self,
        fields: Fields<'_>,
        name: &'static str,
        at: Arguments<'_>,
        mut each: impl FnMut(&mut Self, usize, &str),
    ) -> Option<Box<Reason>> {
        let items = match self.array(fields, name, at)? {
            Known::Value(items) => items,
            Known::Unknown(reason) => return Some(reason),
        };
        let mut unknown = None;
        for (index, item) in items.iter().enumerate() {
            if let Some(text) = item.as_str() {
                each(self, index, text);
            } else if let Some(number) = item.as_u64() {
                each(self, index, &number.to_string());
            } else if let Some(reason) = stated_unknown(item) {
                unknown = Some(Box::new(reason));
            } else {
                let kind = ProblemKind::WrongType {
                    field: name.into(),
                    expected: Expected::Text,
                    found: json_type(item),
                };
                self.problem(format!("{at}/{name}/{index}"), kind);
                unknown = Some(Box::new(Reason::Unreadable { field: name.into() }));
            }
        }
        unknown
    }

    /// A string or a whole number as text.
    pub(crate) fn text_or_number<'v>(
        &mut self,
        fields: Fields<'v>,
        name: &'static str,
        at: Arguments<'_>,
    ) -> Field<Cow<'v, str>> {
        self.typed(fields, name, at, Expected::TextOrWhole, |value| match value.as_str() {
            Some(text) => Some(Cow::Borrowed(text)),
            // Some writers have but one kind of number: 100.0.
            None => {
                let whole = |number: &f64| number.fract() == 0.0 && (0.0..=4e9).contains(number);
                let number =
                    value.as_u64().or_else(|| value.as_f64().filter(whole).map(|number| number as u64));
                number.map(|number| Cow::Owned(number.to_string()))
            }
        })
    }
}
