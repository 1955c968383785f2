//! Records that are mostly lists of fields: what they hold, how it is read and how it is joined, in one place.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::expected::Expected;
use crate::id::{ResourceId, Use};
use crate::known::{Field, Known, Reason};
use crate::moment::Moment;
use crate::problem::ProblemKind;
use crate::schema::{At, Source};
use crate::wire::{Reader, SHOWN, member, stated_unknown};

/// The Rust type of a field by the word that a record uses for it.
macro_rules! field_type {
    (text) => { Box<str> };
    (boolean) => { bool };
    (whole) => { u64 };
    (moment) => { $crate::moment::Moment };
    (id) => { $crate::id::ResourceId };
    (ids) => { Vec<$crate::id::ResourceId> };
    (texts) => { Vec<Box<str>> };
    (($type:ty, $read:expr)) => { $type };
    ({$type:ty, $read:expr}) => { $type };
    ([$type:ty, $read:expr]) => { $type };
}

/// How a field is read.
macro_rules! field_read {
    ($reader:ident, $object:ident, $at:ident, $path:ident, text) => {
        $reader.text_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, boolean) => {
        $reader.boolean_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, whole) => {
        $reader.whole_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, moment) => {
        $reader.moment_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, id) => {
        $reader.id_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, ids) => {
        $reader.ids_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, texts) => {
        $reader.texts_at($at, $path)
    };
    ($reader:ident, $object:ident, $at:ident, $path:ident, ($type:ty, $read:expr)) => {{
        let read: fn(&mut $crate::wire::Reader<'_>, &sonic_rs::Value, &str) -> $crate::known::Known<$type> =
            $read;
        $reader.custom_at($at, $path, read)
    }};
    // For what a value may say nothing of.
    ($reader:ident, $object:ident, $at:ident, $path:ident, {$type:ty, $read:expr}) => {{
        let read: fn(
            &mut $crate::wire::Reader<'_>,
            &sonic_rs::Value,
            &'static str,
        ) -> $crate::known::Field<$type> = $read;
        $reader.field_at($at, $path, read)
    }};
    // For what is told otherwise than by one value: the whole resource is looked at.
    ($reader:ident, $object:ident, $at:ident, $path:ident, [$type:ty, $read:expr]) => {{
        let _ = ($at, $path);
        let read: fn(&mut $crate::wire::Reader<'_>, &sonic_rs::Object) -> $crate::known::Field<$type> = $read;
        read($reader, $object)
    }};
}

/// What stands at the pointers of all fields of a resource.
macro_rules! found {
    ($reader:ident, $object:ident, $([$($path:literal)+])*) => {{
        static SCHEMA: std::sync::LazyLock<$crate::schema::Schema> =
            std::sync::LazyLock::new(|| $crate::schema::Schema::of(&[$(&[$($path),+]),*]));
        SCHEMA.read($reader, $object)
    }};
}

/// A record: its owner (the resource that it tells of), and fields by their pointers.
macro_rules! record {
    (
        $(#[$doc:meta])* $name:ident of $owner:expr;
        $($(#[$field_doc:meta])* $field:ident: $kind:tt at $path:literal $(or $other:literal)*,)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// Its id.
            pub id: $crate::id::ResourceId,
            /// The resource that it is a part of, or tells of.
            pub owner: $crate::id::ResourceId,
            /// Where its records stand.
            pub origins: $crate::origin::Origins,
            $($(#[$field_doc])* pub $field: $crate::known::Field<$crate::record::field_type!($kind)>,)*
        }

        impl $crate::record::Around for $name {
            fn read(reader: &mut $crate::wire::Reader<'_>, id: $crate::id::ResourceId, text: &str, object: &sonic_rs::Object) -> Self {
                let owner: fn(&mut $crate::wire::Reader<'_>, &sonic_rs::Object, &str) -> Option<$crate::id::ResourceId> = $owner;
                let mut found = $crate::record::found!(reader, object, $([$path $($other)*])*);
                Self {
                    id,
                    owner: owner(reader, object, text).unwrap_or(id),
                    origins: $crate::origin::Origins::one(reader.origin),
                    $($field: {
                        let (at, path) = found.next();
                        $crate::record::field_read!(reader, object, at, path, $kind)
                    },)*
                }
            }
            fn id(&self) -> $crate::id::ResourceId {
                self.id
            }
            fn owner(&self) -> $crate::id::ResourceId {
                self.owner
            }
            fn origins(&self) -> &$crate::origin::Origins {
                &self.origins
            }
            fn absorb(&mut self, other: Self, conflicts: &mut Vec<&'static str>) {
                $(
                    let name = $path.rsplit('/').next().unwrap_or_default();
                    if $crate::known::join(&mut self.$field, other.$field, name) {
                        conflicts.push($path);
                    }
                )*
                self.origins.absorb(&other.origins);
            }
        }
    };
}

/// A part of a record: fields by their pointers.
macro_rules! fields {
    (
        $(#[$doc:meta])* $name:ident;
        $($(#[$field_doc:meta])* $field:ident: $kind:tt at $path:literal $(or $other:literal)*,)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $crate::known::Field<$crate::record::field_type!($kind)>,)*
        }

        impl $name {
            pub(crate) fn read(reader: &mut $crate::wire::Reader<'_>, object: &sonic_rs::Object) -> Self {
                let mut found = $crate::record::found!(reader, object, $([$path $($other)*])*);
                Self {
                    $($field: {
                        let (at, path) = found.next();
                        $crate::record::field_read!(reader, object, at, path, $kind)
                    },)*
                }
            }

            /// Takes over what another record says; names the pointers of contradictions.
            pub(crate) fn absorb(&mut self, other: Self, conflicts: &mut Vec<&'static str>) {
                $(
                    let name = $path.rsplit('/').next().unwrap_or_default();
                    if $crate::known::join(&mut self.$field, other.$field, name) {
                        conflicts.push($path);
                    }
                )*
            }
        }
    };
}

pub(crate) use {field_read, field_type, fields, found, record};

/// A record of something around machines and networks.
pub(crate) trait Around: Sized {
    /// Reads it. `text` is its id as written.
    fn read(reader: &mut Reader<'_>, id: ResourceId, text: &str, object: &Object) -> Self;
    fn id(&self) -> ResourceId;
    fn owner(&self) -> ResourceId;
    fn origins(&self) -> &crate::origin::Origins;
    /// Takes over what another record of the same resource says; names the pointers of contradictions.
    fn absorb(&mut self, other: Self, conflicts: &mut Vec<&'static str>);
}

/// What a source says that it does not know of a value, or of what is inside of it.
fn unknown_within(value: &Value, levels: usize) -> Option<Reason> {
    if let Some(reason) = stated_unknown(value) {
        return Some(reason);
    }
    let levels = levels.checked_sub(1)?;
    if let Some(items) = value.as_array() {
        return items.iter().find_map(|item| unknown_within(item, levels));
    }
    value.as_object()?.iter().find_map(|(_, member)| unknown_within(member, levels))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

impl Reader<'_> {
    fn read_at<'v, T>(
        &mut self,
        from: impl Source<'v>,
        path: &'static str,
        expected: Expected,
        read: impl FnOnce(&mut Self, &'v Value) -> Option<T>,
    ) -> Field<T> {
        match from.at(self, path) {
            At::Nothing => None,
            At::Unknown(reason) => Some(Known::Unknown(reason)),
            At::Value(value) => {
                if let Some(value) = read(self, value) {
                    return Some(Known::Value(value));
                }
                if let Some(reason) = unknown_within(value, 2) {
                    return Some(Known::unknown(reason));
                }
                Some(self.wrong_at(path, value, expected))
            }
        }
    }

    pub(crate) fn wrong_at<T>(&mut self, path: &str, value: &Value, expected: Expected) -> Known<T> {
        let field: Box<str> = last(path).into();
        let kind = match value.as_str() {
            Some(text) if expected != Expected::Text => {
                let shown: String = text.chars().take(SHOWN).collect();
                ProblemKind::BadValue { field: field.clone(), value: shown.into(), expected }
            }
            _ => ProblemKind::WrongType {
                field: field.clone(),
                expected,
                found: crate::wire::json_type(value),
            },
        };
        self.problem(path.to_owned(), kind);
        Known::unknown(Reason::Unreadable { field })
    }

    /// A text; an empty one is none.
    pub(crate) fn text_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<Box<str>> {
        let text = self.read_at(from, path, Expected::Text, |_, value| value.as_str().map(Box::<str>::from));
        text.filter(|text| text.value().is_none_or(|text| !text.is_empty()))
    }

    pub(crate) fn boolean_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<bool> {
        self.read_at(from, path, Expected::Boolean, |_, value| match value.as_str() {
            Some(text) if ["true", "on", "enabled"].iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                Some(true)
            }
            Some(text) if ["false", "off", "disabled"].iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                Some(false)
            }
            _ => value.as_bool(),
        })
    }

    pub(crate) fn whole_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<u64> {
        self.read_at(from, path, Expected::Number, |_, value| match value.as_str() {
            Some(text) => text.trim().parse().ok(),
            None => value.as_u64(),
        })
    }

    pub(crate) fn moment_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<Moment> {
        let written = self.read_at(from, path, Expected::Moment, |_, value| {
            let text = value.as_str()?;
            if text.is_empty() {
                return Some(None);
            }
            // The year 1 stands for never.
            Moment::parse(text).map(|moment| Some(moment).filter(|moment| moment.0 > 0))
        })?;
        match written {
            Known::Value(moment) => moment.map(Known::Value),
            Known::Unknown(reason) => Some(Known::Unknown(reason)),
        }
    }

    /// An id as a text, or as `{"id":…}`; an empty one is none, and so is an object without one: the model of a
    /// scale set tells of a managed disk by its kind alone.
    pub(crate) fn id_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<ResourceId> {
        let id = self.read_at(from, path, Expected::Text, |reader, value| {
            let text = match value.as_object() {
                Some(object) => match member(object, "id") {
                    Some(id) => id.as_str()?,
                    None => return Some(None),
                },
                None => value.as_str()?,
            };
            Some((!text.is_empty()).then(|| reader.ids.intern(text, Use::Reference)))
        })?;
        match id {
            Known::Value(id) => id.map(Known::Value),
            Known::Unknown(reason) => Some(Known::Unknown(reason)),
        }
    }

    /// Ids in an array, each a text or `{"id":…}`.
    pub(crate) fn ids_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<Vec<ResourceId>> {
        self.read_at(from, path, Expected::Array, |reader, value| {
            let items = value.as_array()?;
            let id = |item: &Value| {
                let text = item.as_str().or_else(|| member(item.as_object()?, "id")?.as_str())?;
                Some(reader.ids.intern(text, Use::Reference))
            };
            items.iter().map(id).collect()
        })
    }

    pub(crate) fn texts_at<'v>(&mut self, from: impl Source<'v>, path: &'static str) -> Field<Vec<Box<str>>> {
        self.read_at(from, path, Expected::Array, |_, value| {
            value.as_array()?.iter().map(|item| item.as_str().map(Box::from)).collect()
        })
    }

    pub(crate) fn custom_at<'v, T>(
        &mut self,
        from: impl Source<'v>,
        path: &'static str,
        read: fn(&mut Self, &Value, &str) -> Known<T>,
    ) -> Field<T> {
        match self.read_at(from, path, Expected::Value, |_, value| Some(value))? {
            Known::Value(value) => Some(read(self, value, path)),
            Known::Unknown(reason) => Some(Known::Unknown(reason)),
        }
    }

    pub(crate) fn field_at<'v, T>(
        &mut self,
        from: impl Source<'v>,
        path: &'static str,
        read: fn(&mut Self, &Value, &'static str) -> Field<T>,
    ) -> Field<T> {
        match self.read_at(from, path, Expected::Value, |_, value| Some(value))? {
            Known::Value(value) => read(self, value, path),
            Known::Unknown(reason) => Some(Known::Unknown(reason)),
        }
    }

    /// The objects of an array under a pointer; one that is none is a problem, and then the list is not known.
    pub(crate) fn objects<'v>(&mut self, value: &'v Value, at: &str) -> Known<Vec<&'v Object>> {
        let Some(items) = value.as_array() else {
            return self.wrong_at(at, value, Expected::Array);
        };
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match self.element(item, format_args!("{at}/{index}")) {
                Some(object) => all.push(object),
                None => return Known::unknown(Reason::Unreadable { field: last(at).into() }),
            }
        }
        Known::Value(all)
    }
}

/// The resource that an id is below: the VM of an extension.
pub(crate) fn parent(reader: &mut Reader<'_>, _: &Object, text: &str) -> Option<ResourceId> {
    crate::rule::owner_of(reader, text)
}

/// The resource that an id is an extension of: what stands before the last `providers`.
pub(crate) fn scope(reader: &mut Reader<'_>, _: &Object, text: &str) -> Option<ResourceId> {
    let lower = text.to_ascii_lowercase();
    let at = lower.rfind("/providers/")?;
    let scope = text.get(..at).filter(|scope| !scope.is_empty())?;
    Some(reader.ids.intern(scope, Use::Reference))
}
