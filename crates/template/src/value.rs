//! Values of templates and plans: JSON, what is not known yet, and where each of them was written.
//!
//! INVARIANT: an unknown value is told by its key: two unknowns with one key are the same value, whatever
//! it will be. So names that nobody knows yet still tell that they are one name.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

/// A stretch of bytes in one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The number of the file.
    pub file: u32,
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last one.
    pub end: u32,
}

/// A value, and where it was written.
#[derive(Clone, Debug)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it was written. What an expression gives stands where the expression stands; what is
    /// inside of it stands where it was written itself.
    pub at: Span,
}

/// What a value is. Large ones are shared, so copies cost nothing.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number. Templates have none; parameters of plans do.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A text of which some parts are not known; never without one that is not. Literal parts are neither empty nor next to each other.
    Parts(Arc<[Part]>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// An object.
    Object(Arc<Object>),
    /// A value that is not known, of any type.
    Unknown(Arc<Unknown>),
}

/// A part of a text.
#[derive(Clone, Debug)]
pub enum Part {
    /// That is known.
    Literal(Arc<str>),
    /// That is not.
    Unknown(Arc<Unknown>),
}

impl Part {
    /// About how many bytes it takes to tell it.
    pub(crate) fn shown_length(&self) -> usize {
        match self {
            Self::Literal(text) => text.len(),
            Self::Unknown(_) => 64,
        }
    }
}

/// A value that is not known before the deployment.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// Tells it from others: two with one key are the same value. Never a secret.
    pub key: Box<str>,
    /// A short name for people, without slashes: `vmName`, `uniqueString`.
    pub label: Box<str>,
    /// Why it is not known.
    pub why: Why,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A parameter has no value.
    Parameter(Box<str>),
    /// A parameter is a secret, whose value is never read.
    Secret(Box<str>),
    /// A parameter is read from a Key Vault at deployment.
    KeyVault(Box<str>),
    /// The function asks Azure at deployment (`listKeys`, `reference` of what stands elsewhere).
    Runtime(Box<str>),
    /// The function gives something else each time (`utcNow`, `newGuid`).
    EachTime(Box<str>),
    /// The function's algorithm is Azure's own (`uniqueString`).
    Generated(Box<str>),
    /// It depends on where the template is deployed (`subscription().subscriptionId`).
    Scope(Box<str>),
    /// A linked template is not at hand.
    Link(Box<str>),
    /// A resource stands elsewhere (`existing`), or has no such property before the deployment.
    Existing(Box<str>),
    /// It is said twice, and not the same.
    Twice(Box<str>),
    /// The condition of a resource is not known.
    Condition(Box<str>),
    /// The expression is at fault, which is told elsewhere.
    Fault,
    /// Terraform knows it after it was applied.
    Apply(Box<str>),
    /// Terraform keeps it to itself.
    Sensitive(Box<str>),
}

/// The longest key that is kept as it is.
const KEY_LIMIT: usize = 400;

/// The longest name that is told to people, in bytes.
const NAME_LIMIT: usize = 400;

/// A name as it is told: a long one without its end.
pub(crate) fn shortened(name: Box<str>) -> Box<str> {
    if name.len() <= NAME_LIMIT {
        return name;
    }
    let ends = name.char_indices().map(|(at, _)| at).take_while(|at| *at <= NAME_LIMIT);
    format!("{}…", name.get(..ends.last().unwrap_or_default()).unwrap_or_default()).into()
}

impl Why {
    /// The same with a name that is not too long to be told.
    fn shortened(self) -> Self {
        let of: fn(Box<str>) -> Self = match &self {
            Self::Parameter(_) => Self::Parameter,
            Self::Secret(_) => Self::Secret,
            Self::KeyVault(_) => Self::KeyVault,
            Self::Runtime(_) => Self::Runtime,
            Self::EachTime(_) => Self::EachTime,
            Self::Generated(_) => Self::Generated,
            Self::Scope(_) => Self::Scope,
            Self::Link(_) => Self::Link,
            Self::Existing(_) => Self::Existing,
            Self::Condition(_) => Self::Condition,
            Self::Twice(_) => Self::Twice,
            Self::Apply(_) => Self::Apply,
            Self::Sensitive(_) => Self::Sensitive,
            Self::Fault => return self,
        };
        match self.name() {
            Some(name) if name.len() > NAME_LIMIT => of(shortened(name.into())),
            _ => self,
        }
    }

    /// What it names.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Parameter(name)
            | Self::Secret(name)
            | Self::KeyVault(name)
            | Self::Runtime(name)
            | Self::EachTime(name)
            | Self::Generated(name)
            | Self::Scope(name)
            | Self::Link(name)
            | Self::Existing(name)
            | Self::Condition(name)
            | Self::Twice(name)
            | Self::Apply(name)
            | Self::Sensitive(name) => Some(name),
            Self::Fault => None,
        }
    }
}

impl Unknown {
    /// An unknown value. A long key is kept as its hash.
    pub fn new(key: impl Into<String>, label: &str, why: Why) -> Arc<Self> {
        let mut key: String = key.into();
        if key.len() > KEY_LIMIT {
            key = format!("#{:032x}", hash(key.as_bytes()));
        }
        let why = why.shortened();
        Arc::new(Self { key: key.into(), label: plain_label(label), why })
    }
}

/// A label without what would act in a name, and not too long.
fn plain_label(label: &str) -> Box<str> {
    const LIMIT: usize = 60;
    let acts = |c: char| matches!(c, '/' | '{' | '}' | '"' | '\\') || c.is_control();
    // Most labels are names already.
    if label.len() <= LIMIT && !label.contains(acts) {
        return label.into();
    }
    let plain: String = label.chars().map(|c| if acts(c) { '.' } else { c }).take(LIMIT).collect();
    plain.into()
}

/// FNV-1a in 128 bits (<https://www.rfc-editor.org/rfc/rfc9923>), which is enough to tell keys apart.
fn hash(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// An object: members in the order in which they were written, found in any case of letters.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Vec<Member>,
    /// Whether Azure adds members that nobody else knows.
    open: bool,
    // Few objects are large, so what most of them lack takes no room.
    index: OnceLock<Box<HashMap<Box<str>, usize>>>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: Arc<str>,
    /// Where the name was written.
    pub at: Span,
    /// Its value.
    pub value: Value,
}

/// Objects with more members than this are looked up in an index.
const INDEXED: usize = 12;

impl Object {
    /// An object of these members. Of members with one name the last one counts, at the place of the first.
    pub fn new(members: Vec<Member>) -> Self {
        Self { members: last_of_each(members, false), index: OnceLock::new(), open: false }
    }

    /// The same of members as somebody wrote them: one that stands there twice, in different letters, is not known.
    pub fn as_written(members: Vec<Member>) -> Self {
        Self { members: last_of_each(members, true), index: OnceLock::new(), open: false }
    }

    /// The same as Azure tells it: with members that nobody but Azure knows.
    pub fn opened(&self) -> Self {
        Self { members: self.members.clone(), index: OnceLock::new(), open: true }
    }

    /// Whether there are members that nobody but Azure knows.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Its members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The members of an object that is made anew: copied only where somebody else has the object, too.
    pub(crate) fn into_members(object: Arc<Self>) -> Vec<Member> {
        match Arc::try_unwrap(object) {
            Ok(object) => object.members,
            Err(shared) => shared.members.clone(),
        }
    }

    /// The member of a name, in any case of letters.
    pub fn member(&self, name: &str) -> Option<&Member> {
        if self.members.len() <= INDEXED {
            return self.members.iter().find(|member| member.name.eq_ignore_ascii_case(name));
        }
        let index = self.index.get_or_init(|| {
            let all = self.members.iter().enumerate();
            Box::new(all.map(|(at, member)| (member.name.to_ascii_lowercase().into(), at)).collect())
        });
        let at = *index.get(name.to_ascii_lowercase().as_str())?;
        self.members.get(at)
    }

    /// The value of a name, in any case of letters.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.member(name).map(|member| &member.value)
    }

    /// The same, `null` left out.
    pub fn some(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !matches!(value.kind, Kind::Null))
    }

    /// The text of a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }
}

fn last_of_each(members: Vec<Member>, written: bool) -> Vec<Member> {
    // Few objects have a name twice, so most of them stay as they are.
    if members.len() <= INDEXED {
        let before = |at: usize| members.get(..at).unwrap_or_default();
        let mut all = members.iter().enumerate();
        let is_twice =
            all.any(|(at, one)| before(at).iter().any(|other| other.name.eq_ignore_ascii_case(&one.name)));
        if !is_twice {
            return members;
        }
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<Member> = Vec::with_capacity(members.len());
    let mut doubted = Vec::new();
    for member in members {
        let place = *places.entry(member.name.to_ascii_lowercase()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(slot) if !written || slot.name == member.name && !doubted.contains(&place) => *slot = member,
            // Which of two names in different letters Azure takes is not documented.
            Some(slot) => {
                let at = member.value.at;
                let why = Why::Twice(member.name.as_ref().into());
                let value = Value::unknown(format!("twice@{}:{}", at.file, at.start), &member.name, why, at);
                *slot = Member { value, ..member };
                doubted.push(place);
            }
            None => kept.push(member),
        }
    }
    kept
}

impl Value {
    /// A value at a place.
    pub fn new(kind: Kind, at: Span) -> Self {
        Self { kind, at }
    }

    /// A text.
    pub fn of_text(text: &str, at: Span) -> Self {
        Self::new(Kind::Text(text.into()), at)
    }

    /// A list.
    pub fn of_list(items: Vec<Self>, at: Span) -> Self {
        Self::new(Kind::List(Arc::new(items)), at)
    }

    /// An object.
    pub fn of_object(members: Vec<(&str, Self)>, at: Span) -> Self {
        let member = |(name, value): (&str, Self)| Member { name: name.into(), at, value };
        Self::new(Kind::Object(Arc::new(Object::new(members.into_iter().map(member).collect()))), at)
    }

    /// A value that is not known.
    pub fn unknown(key: impl Into<String>, label: &str, why: Why, at: Span) -> Self {
        Self::new(Kind::Unknown(Unknown::new(key, label, why)), at)
    }

    /// Whether it is the very value that another one is: parts that values share are not looked into.
    pub(crate) fn is_very(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(value), Kind::Bool(other)) => value == other,
            (Kind::Int(value), Kind::Int(other)) => value == other,
            (Kind::Float(value), Kind::Float(other)) => value == other,
            (Kind::Text(value), Kind::Text(other)) => Arc::ptr_eq(value, other),
            (Kind::List(value), Kind::List(other)) => Arc::ptr_eq(value, other),
            (Kind::Object(value), Kind::Object(other)) => Arc::ptr_eq(value, other),
            _ => false,
        }
    }

    /// The same value at another place.
    pub fn moved(mut self, at: Span) -> Self {
        self.at = at;
        self
    }

    /// The text, if it is one that is known.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object> {
        match &self.kind {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The same as Azure tells it, with all that is inside: see [`Object::opened`].
    pub(crate) fn opened(&self) -> Self {
        let kind = match &self.kind {
            Kind::List(items) => Kind::List(Arc::new(items.iter().map(Self::opened).collect())),
            Kind::Object(object) => {
                // What is left open, Azure may fill.
                let each = object.members().iter().filter(|member| !member.value.is_null());
                let members =
                    each.map(|member| Member { value: member.value.opened(), ..member.clone() }).collect();
                Kind::Object(Arc::new(Object::new(members).opened()))
            }
            kind => kind.clone(),
        };
        Self::new(kind, self.at)
    }

    /// The same, with what is inside as it is.
    pub(crate) fn opened_itself(&self) -> Self {
        match &self.kind {
            Kind::Object(object) => Self::new(Kind::Object(Arc::new(object.opened())), self.at),
            _ => self.clone(),
        }
    }

    /// Whether there are members in it that nobody but Azure knows.
    pub(crate) fn is_open_within(&self) -> bool {
        match &self.kind {
            Kind::List(items) => items.iter().any(Self::is_open_within),
            Kind::Object(object) => {
                object.is_open() || object.members().iter().any(|member| member.value.is_open_within())
            }
            _ => false,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What is not known of the value itself (not of what is inside of it), if something is.
    pub fn doubt(&self) -> Option<&Arc<Unknown>> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(unknown),
            Kind::Parts(parts) => parts.iter().find_map(|part| match part {
                Part::Unknown(unknown) => Some(unknown),
                Part::Literal(_) => None,
            }),
            _ => None,
        }
    }

    /// What is not known of the value or anything inside of it, if something is. Values are never nested
    /// deeper than [`crate::json::DEPTH_LIMIT`].
    pub fn doubt_within(&self) -> Option<&Arc<Unknown>> {
        match &self.kind {
            Kind::List(items) => items.iter().find_map(Self::doubt_within),
            Kind::Object(object) => object.members().iter().find_map(|member| member.value.doubt_within()),
            _ => self.doubt(),
        }
    }

    /// The text with placeholders for what is not known: `nic-{vmName}`. One unknown has one placeholder.
    pub fn shown(&self) -> Option<Cow<'_, str>> {
        match &self.kind {
            Kind::Text(text) => Some(Cow::Borrowed(text)),
            Kind::Int(number) => Some(Cow::Owned(number.to_string())),
            Kind::Parts(parts) => {
                let mut shown = String::with_capacity(parts.iter().map(Part::shown_length).sum());
                for part in parts.iter() {
                    match part {
                        Part::Literal(text) => shown.push_str(text),
                        Part::Unknown(unknown) => unknown.show(&mut shown),
                    }
                }
                Some(Cow::Owned(shown))
            }
            Kind::Unknown(unknown) => Some(Cow::Owned(unknown.shown())),
            _ => None,
        }
    }

    /// A text made of parts: known where all of them are.
    pub fn of_parts(parts: impl IntoIterator<Item = Part>, at: Span) -> Self {
        let mut joined = Joined::default();
        parts.into_iter().for_each(|part| joined.push(&part));
        joined.value(at)
    }

    /// The parts of a text; `None` where it is none. An unknown value counts as a text.
    pub fn parts(&self) -> Option<Vec<Part>> {
        match &self.kind {
            Kind::Text(text) => Some(vec![Part::Literal(text.clone())]),
            Kind::Parts(parts) => Some(parts.to_vec()),
            Kind::Unknown(unknown) => Some(vec![Part::Unknown(unknown.clone())]),
            _ => None,
        }
    }

    /// The name of its type, as the function `type` of Bicep and error messages of Azure write it.
    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "bool",
            Kind::Int(_) | Kind::Float(_) => "int",
            Kind::Text(_) | Kind::Parts(_) => "string",
            Kind::List(_) => "array",
            Kind::Object(_) => "object",
            Kind::Unknown(_) => "unknown",
        }
    }

    /// What tells the value from others: equal keys are equal values. Bounded in length.
    pub fn key(&self) -> String {
        let mut key = String::new();
        self.write_key(&mut key);
        if key.len() > KEY_LIMIT { format!("#{:032x}", hash(key.as_bytes())) } else { key }
    }

    fn write_key(&self, key: &mut String) {
        use fmt::Write;
        match &self.kind {
            Kind::Null => key.push_str("null"),
            Kind::Bool(value) => drop(write!(key, "{value}")),
            Kind::Int(value) => drop(write!(key, "{value}")),
            Kind::Float(value) => drop(write!(key, "{value:?}")),
            Kind::Text(text) => drop(write!(key, "{text:?}")),
            Kind::Parts(parts) => {
                key.push('"');
                for part in parts.iter() {
                    match part {
                        Part::Literal(text) => drop(write!(key, "{}", text.escape_debug())),
                        Part::Unknown(unknown) => drop(write!(key, "{{{}}}", unknown.key)),
                    }
                }
                key.push('"');
            }
            Kind::List(items) => {
                key.push('[');
                for item in items.iter() {
                    item.write_key(key);
                    key.push(',');
                }
                key.push(']');
            }
            Kind::Object(object) => {
                key.push('{');
                for member in object.members() {
                    let _ = write!(key, "{:?}:", member.name);
                    member.value.write_key(key);
                    key.push(',');
                }
                key.push('}');
            }
            Kind::Unknown(unknown) => key.push_str(&unknown.key),
        }
    }
}

/// A text that is put together part by part.
#[derive(Default)]
pub(crate) struct Joined {
    parts: Vec<Part>,
    /// What is known behind the last of them.
    literal: String,
}

impl Joined {
    /// Adds what is known.
    pub(crate) fn text(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    /// Adds a part.
    pub(crate) fn push(&mut self, part: &Part) {
        match part {
            Part::Literal(text) => self.literal.push_str(text),
            Part::Unknown(_) => {
                self.close();
                self.parts.push(part.clone());
            }
        }
    }

    /// Adds parts.
    pub(crate) fn extend<'p>(&mut self, parts: impl IntoIterator<Item = &'p Part>) {
        parts.into_iter().for_each(|part| self.push(part));
    }

    fn close(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Literal(self.literal.as_str().into()));
            self.literal.clear();
        }
    }

    /// The text: known where all of its parts are.
    pub(crate) fn value(mut self, at: Span) -> Value {
        if self.parts.is_empty() {
            return Value::of_text(&self.literal, at);
        }
        self.close();
        Value::new(Kind::Parts(self.parts.into()), at)
    }
}

impl Unknown {
    /// Its placeholder in names: `{vmName}`. Unknowns that share a label are told apart by a number made of the key.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        self.show(&mut shown);
        shown
    }

    fn show(&self, to: &mut String) {
        use fmt::Write;
        let key = self.key.strip_prefix("parameters.").unwrap_or(&self.key);
        to.push('{');
        to.push_str(&self.label);
        if !key.eq_ignore_ascii_case(&self.label) {
            let _ = write!(to, "~{:010x}", hash(self.key.as_bytes()) & 0xff_ffff_ffff);
        }
        to.push('}');
    }
}
