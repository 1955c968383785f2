//! What a resource looks like in Azure Resource Manager, put together piece by piece.

use hashbrown::HashMap;

use super::block::Block;
use super::estate::Estate;
use super::version::Documented;
use crate::value::{Kind, Span, Value};

/// Members of an object.
#[derive(Clone, Default)]
pub(super) struct Props {
    all: Vec<(&'static str, Value)>,
}

/// A resource, or a part of one, without its id, name and type.
#[derive(Default)]
pub(super) struct Body {
    /// Beside `properties`: `sku`, `identity`.
    pub(super) top: Props,
    pub(super) properties: Props,
    /// Set where the properties are one value: those of `azapi_resource`.
    pub(super) whole: Option<Value>,
}

impl Props {
    pub(super) fn set(&mut self, name: &'static str, value: Value) {
        match self.all.iter_mut().find(|(own, _)| *own == name) {
            Some((_, slot)) => *slot = value,
            None => self.all.push((name, value)),
        }
    }

    pub(super) fn maybe(&mut self, name: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Takes attributes as they are: Azure's name, Terraform's.
    pub(super) fn take(&mut self, block: &Block<'_>, names: &[(&'static str, &str)]) {
        for (name, attribute) in names {
            self.maybe(name, block.filled(attribute));
        }
    }

    /// Takes an attribute, or what the provider documents for one that is left out.
    pub(super) fn or(
        &mut self,
        estate: &Estate<'_>,
        block: &Block<'_>,
        (name, attribute): (&'static str, &str),
        default: Documented,
    ) {
        let value = block.filled(attribute);
        self.set(name, value.unwrap_or_else(|| default.value(block, attribute, estate.version)));
    }

    /// An object inside, unless it is empty.
    pub(super) fn inner(&mut self, name: &'static str, inner: Self, at: Span) {
        if !inner.all.is_empty() {
            self.set(name, inner.object(at));
        }
    }

    pub(super) fn text(&mut self, name: &'static str, text: &str, at: Span) {
        self.set(name, Value::of_text(text, at));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all.iter().any(|(own, _)| *own == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds elements to a list. One that is not known stays so beside them. An element takes the place of one with
    /// its name: plans tell rules, routes and subnets of what stands already twice.
    pub(super) fn append(&mut self, name: &'static str, more: Vec<Value>, at: Span) {
        let place = self.all.iter().position(|(own, _)| *own == name);
        let (mut all, at) = match place.and_then(|place| self.all.get(place)) {
            Some((_, Value { kind: Kind::List(items), at })) => (items.to_vec(), *at),
            Some((_, unknown)) => (vec![unknown.clone()], unknown.at),
            None => (Vec::new(), at),
        };
        let named = |value: &Value| value.object().and_then(|own| own.text("name")).map(str::to_lowercase);
        let mut places: HashMap<String, usize> = HashMap::new();
        for (index, value) in all.iter().enumerate() {
            places.extend(named(value).map(|name| (name, index)));
        }
        for value in more {
            let known = named(&value).and_then(|name| places.remove(&name));
            match known.and_then(|index| all.get_mut(index)) {
                Some(slot) => *slot = value,
                None => all.push(value),
            }
        }
        let list = Value::of_list(all, at);
        match place.and_then(|place| self.all.get_mut(place)) {
            Some((_, slot)) => *slot = list,
            None => self.all.push((name, list)),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.all.retain(|(own, _)| *own != name);
    }

    /// Takes elements of a name out of a list.
    pub(super) fn remove_named(&mut self, list: &str, name: &str) {
        let Some((_, value)) = self.all.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(list)) else {
            return;
        };
        let Some(items) = value.list() else { return };
        let is = |item: &Value| {
            let own = item.object().and_then(|own| own.text("name").map(str::to_lowercase));
            own.is_some_and(|own| own == name)
        };
        if items.iter().any(is) {
            *value = Value::of_list(items.iter().filter(|item| !is(item)).cloned().collect(), value.at);
        }
    }

    pub(super) fn object(self, at: Span) -> Value {
        Value::of_object(self.all, at)
    }

    pub(super) fn into_members(self) -> Vec<(&'static str, Value)> {
        self.all
    }
}

/// A list of objects, one for each block; unknown where the blocks are.
pub(super) fn list_of<'p>(
    block: &Block<'p>,
    name: &str,
    mut make: impl FnMut(&Block<'p>, usize) -> Value,
) -> Option<Value> {
    let blocks = block.blocks(name);
    if blocks.unknown.is_some() {
        return blocks.unknown;
    }
    // An element has the place of its block, its members that of the attributes that they come from.
    let all = blocks.all.iter().enumerate().map(|(index, block)| make(block, index).moved(block.whole()));
    let all: Vec<Value> = all.collect();
    (!all.is_empty()).then(|| Value::of_list(all, block.get(name).map_or(block.at, |value| value.at)))
}

/// `{"name": …, "properties": {…}}`
pub(super) fn named(block: &Block<'_>, properties: Props) -> Value {
    let mut whole = Props::default();
    whole.maybe("name", block.filled("name"));
    whole.set("properties", properties.object(block.at));
    whole.object(block.at)
}

/// Makes one list of some.
pub(super) fn joined(lists: impl IntoIterator<Item = Option<Value>>, at: Span) -> Option<Value> {
    let mut all = Vec::new();
    for list in lists.into_iter().flatten() {
        match list.list() {
            Some(items) => all.extend(items.iter().cloned()),
            None => return Some(list),
        }
    }
    (!all.is_empty()).then(|| Value::of_list(all, at))
}

/// Whether something is `true`; anything but a flag is not.
pub(super) fn is(value: &Value, flag: bool) -> bool {
    matches!(value.kind, Kind::Bool(own) if own == flag)
}

/// The opposite of a flag; what is unknown stays so.
pub(super) fn opposite(value: Value) -> Value {
    match value.kind {
        Kind::Bool(flag) => Value::new(Kind::Bool(!flag), value.at),
        _ => value,
    }
}

/// A text for `true` and one for `false`; what is unknown stays so.
pub(super) fn word(value: Value, yes: &str, no: &str) -> Value {
    match value.kind {
        Kind::Bool(flag) => Value::of_text(if flag { yes } else { no }, value.at),
        _ => value,
    }
}
