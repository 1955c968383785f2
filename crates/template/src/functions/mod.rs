//! The functions of template expressions whose results depend on their arguments alone.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions>.
//!
//! INVARIANT: what is not known taints a result and never fails it, and one call with one set of arguments
//! gives one key. What a call gives is bounded: in text, in elements and in depth.

mod cidr;
mod compare;
mod date;
mod encode;
mod format;
mod iso;
mod list;
mod logic;
mod number;
mod object;
mod search;
mod split;
mod text;
mod write;

use std::sync::Arc;

use crate::fault::{Fault, FaultKind};
use crate::json::DEPTH_LIMIT;
use crate::value::{Kind, Member, Object, Part, Span, Unknown, Value, Why};

/// The longest text that a function gives, in bytes.
pub(crate) const TEXT_LIMIT: usize = 4 << 20;

/// The most values, however deep inside of each other, that a list or an object of a function holds.
pub(crate) const ELEMENT_LIMIT: usize = 100_000;

/// What keeps a function from giving a value.
enum Stop {
    /// An argument that matters is not known.
    Unknown,
    /// The call is at fault.
    Fault(FaultKind),
}

impl From<FaultKind> for Stop {
    fn from(kind: FaultKind) -> Self {
        Self::Fault(kind)
    }
}

type Outcome = Result<Value, Stop>;

/// A function: its name, the fewest and the most arguments, what works it out, and its signature.
type Row = (&'static str, usize, usize, fn(&Call<'_>) -> Outcome, &'static str);

const ANY: usize = usize::MAX;

/// Every function.
#[rustfmt::skip]
const FUNCTIONS: &[Row] = &[
    // Lists, and what lists share with texts and objects.
    ("array", 1, 1, list::array, "array(convertToArray)"),
    ("concat", 0, ANY, list::concat, "concat(arg1, arg2, ...) of strings or of arrays"),
    ("contains", 2, 2, list::contains, "contains(container, itemToFind)"),
    ("createArray", 0, ANY, list::create, "createArray(arg1, arg2, ...)"),
    ("empty", 1, 1, list::empty, "empty(itemToTest)"),
    ("first", 1, 1, list::first, "first(arrayOrString)"),
    ("flatten", 1, 1, list::flatten, "flatten(arrayOfArrays)"),
    ("indexFromEnd", 2, 2, list::index_from_end, "indexFromEnd(array, index)"),
    ("indexOf", 2, 2, list::index_of, "indexOf(arrayOrString, itemToFind)"),
    ("intersection", 1, ANY, object::intersection, "intersection(arg1, arg2, ...) of arrays or of objects"),
    ("last", 1, 1, list::last, "last(arrayOrString)"),
    ("lastIndexOf", 2, 2, list::last_index_of, "lastIndexOf(arrayOrString, itemToFind)"),
    ("length", 1, 1, list::length, "length(arrayOrStringOrObject)"),
    ("range", 2, 2, list::range, "range(startIndex, count)"),
    ("skip", 2, 2, list::skip, "skip(arrayOrString, numberToSkip)"),
    ("take", 2, 2, list::take, "take(arrayOrString, numberToTake)"),
    ("tryIndexFromEnd", 2, ANY, object::try_index_from_end, "tryIndexFromEnd(array, index, key, ...)"),
    ("union", 1, ANY, object::union, "union(arg1, arg2, ...) of arrays or of objects"),
    // Address ranges.
    ("cidrHost", 2, 2, cidr::host, "cidrHost(network, hostIndex)"),
    ("cidrSubnet", 3, 3, cidr::subnet, "cidrSubnet(network, newCIDR, subnetIndex)"),
    ("parseCidr", 1, 1, cidr::parse, "parseCidr(network)"),
    // Comparisons.
    ("coalesce", 1, ANY, compare::coalesce, "coalesce(arg1, arg2, ...)"),
    ("equals", 2, 2, compare::equals, "equals(arg1, arg2)"),
    ("greater", 2, 2, compare::greater, "greater(arg1, arg2) of two ints or two strings"),
    ("greaterOrEquals", 2, 2, compare::greater_or_equals, "greaterOrEquals(arg1, arg2) of two ints or two strings"),
    ("less", 2, 2, compare::less, "less(arg1, arg2) of two ints or two strings"),
    ("lessOrEquals", 2, 2, compare::less_or_equals, "lessOrEquals(arg1, arg2) of two ints or two strings"),
    // Dates.
    ("dateTimeAdd", 2, 3, date::add, "dateTimeAdd(base, duration, format)"),
    ("dateTimeFromEpoch", 1, 1, date::from_epoch, "dateTimeFromEpoch(epochTime)"),
    ("dateTimeToEpoch", 1, 1, date::to_epoch, "dateTimeToEpoch(dateTime)"),
    // Logic.
    ("and", 1, ANY, logic::and, "and(arg1, arg2, ...) of booleans"),
    ("bool", 1, 1, logic::bool, "bool(stringOrInt)"),
    ("false", 0, 0, logic::r#false, "false()"),
    ("if", 3, 3, logic::r#if, "if(condition, trueValue, falseValue)"),
    ("not", 1, 1, logic::not, "not(boolean)"),
    ("or", 1, ANY, logic::or, "or(arg1, arg2, ...) of booleans"),
    ("true", 0, 0, logic::r#true, "true()"),
    // Numbers.
    ("add", 2, 2, number::add, "add(operand1, operand2) of ints"),
    ("div", 2, 2, number::div, "div(operand1, operand2) of ints"),
    ("float", 1, 1, number::float, "float(stringOrInt)"),
    ("int", 1, 1, number::int, "int(stringOrInt)"),
    ("max", 1, ANY, number::max, "max(int1, int2, ...) or max(array of ints)"),
    ("min", 1, ANY, number::min, "min(int1, int2, ...) or min(array of ints)"),
    ("mod", 2, 2, number::modulo, "mod(operand1, operand2) of ints"),
    ("mul", 2, 2, number::mul, "mul(operand1, operand2) of ints"),
    ("sub", 2, 2, number::sub, "sub(operand1, operand2) of ints"),
    // Objects.
    ("createObject", 0, ANY, object::create, "createObject(key1, value1, ...)"),
    ("items", 1, 1, object::items, "items(object)"),
    ("json", 1, 1, object::json, "json(string)"),
    ("null", 0, 0, object::null, "null()"),
    ("objectKeys", 1, 1, object::keys, "objectKeys(object)"),
    ("shallowMerge", 1, 1, object::shallow_merge, "shallowMerge(arrayOfObjects)"),
    ("tryGet", 2, ANY, object::try_get, "tryGet(objectOrArray, key, ...)"),
    // Texts.
    ("base64", 1, 1, encode::base64, "base64(inputString)"),
    ("base64ToJson", 1, 1, encode::base64_to_json, "base64ToJson(base64Value)"),
    ("base64ToString", 1, 1, encode::base64_to_string, "base64ToString(base64Value)"),
    ("dataUri", 1, 1, encode::data_uri, "dataUri(stringToConvert)"),
    ("dataUriToString", 1, 1, encode::data_uri_to_string, "dataUriToString(dataUriToConvert)"),
    ("endsWith", 2, 2, search::ends_with, "endsWith(stringToSearch, stringToFind)"),
    ("format", 1, ANY, format::format, "format(formatString, arg1, ...)"),
    ("join", 2, 2, write::join, "join(inputArray, delimiter)"),
    ("padLeft", 2, 3, text::pad_left, "padLeft(valueToPad, totalLength, paddingCharacter)"),
    ("replace", 3, 3, text::replace, "replace(originalString, oldString, newString)"),
    ("split", 2, 2, split::split, "split(inputString, delimiter)"),
    ("startsWith", 2, 2, search::starts_with, "startsWith(stringToSearch, stringToFind)"),
    ("string", 1, 1, write::string, "string(valueToConvert)"),
    ("substring", 1, 3, text::substring, "substring(stringToParse, startIndex, length)"),
    ("toLower", 1, 1, text::to_lower, "toLower(stringToChange)"),
    ("toUpper", 1, 1, text::to_upper, "toUpper(stringToChange)"),
    ("trim", 1, 1, text::trim, "trim(stringToTrim)"),
    ("uri", 2, 2, encode::uri, "uri(baseUri, relativeUri)"),
    ("uriComponent", 1, 1, encode::uri_component, "uriComponent(stringToEncode)"),
    ("uriComponentToString", 1, 1, encode::uri_component_to_string, "uriComponentToString(uriEncodedString)"),
];

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|row| row.0)
}

/// Calls a function; `None` where no function has this name, in any case of letters.
pub(crate) fn call(name: &str, args: &[Value], at: Span) -> Option<Result<Value, Fault>> {
    let (name, least, most, function, takes) =
        *FUNCTIONS.iter().find(|row| row.0.eq_ignore_ascii_case(name))?;
    let call = Call { name, takes, args, at };
    let outcome = if (least..=most).contains(&args.len()) { function(&call) } else { Err(call.wrong()) };
    Some(match outcome {
        Ok(value) => Ok(value.moved(at)),
        Err(Stop::Unknown) => Ok(call.unknown()),
        Err(Stop::Fault(kind)) => Err(Fault::new(kind, at)),
    })
}

/// How much a call compares beside reading its arguments, in steps.
pub(crate) fn comparisons(name: &str, args: &[Value]) -> u64 {
    if !matches!(name, "union" | "intersection") {
        return 0;
    }
    let size = |value: &Value| match &value.kind {
        Kind::List(items) => (items.len() as u64, 0),
        Kind::Object(object) => (0, object.members().len() as u64),
        _ => (0, 0),
    };
    let (items, members) =
        args.iter().map(size).fold((0, 0), |(items, members), (a, b)| (items + a, members + b));
    // Elements are held against each other; each object over all before.
    items.saturating_mul(items) / 8 + members.saturating_mul(args.len() as u64)
}

/// Holds a list or an object against the bounds, for whoever makes one of values that are shared: sharing
/// keeps memory small, and whoever walks the value would go on for ever.
pub(crate) fn bounded(value: Value) -> Result<Value, FaultKind> {
    let mut left = ELEMENT_LIMIT;
    weigh(&value, 0, &mut left)?;
    Ok(value)
}

fn weigh(value: &Value, depth: usize, left: &mut usize) -> Result<(), FaultKind> {
    if depth > DEPTH_LIMIT {
        return Err(FaultKind::TooDeep(DEPTH_LIMIT));
    }
    // A long text counts for as much as it takes to read it.
    let own = 1 + match &value.kind {
        Kind::Text(text) => text.len() / 64,
        Kind::Parts(parts) => parts.len(),
        _ => 0,
    };
    let large = FaultKind::TooLarge { what: "elements of a value", limit: ELEMENT_LIMIT as u64 };
    *left = left.checked_sub(own).ok_or(large)?;
    match &value.kind {
        Kind::List(items) => items.iter().try_for_each(|item| weigh(item, depth + 1, left)),
        Kind::Object(object) => {
            object.members().iter().try_for_each(|member| weigh(&member.value, depth + 1, left))
        }
        _ => Ok(()),
    }
}

/// A text is longer than is worked out.
fn too_long() -> Stop {
    FaultKind::TooLarge { what: "a text, in bytes", limit: TEXT_LIMIT as u64 }.into()
}

/// Whether the value may be of any type: joining two unknown values gives a text or a list.
fn is_vague(value: &Value) -> bool {
    match &value.kind {
        Kind::Unknown(_) => true,
        Kind::Parts(parts) => parts.iter().all(|part| matches!(part, Part::Unknown(_))),
        _ => false,
    }
}

/// The same value, it and all inside of it at one place.
pub(crate) fn respan(value: Value, at: Span) -> Value {
    let kind = match value.kind {
        Kind::List(items) => Kind::List(Arc::new(
            Arc::unwrap_or_clone(items).into_iter().map(|item| respan(item, at)).collect(),
        )),
        Kind::Object(object) => {
            let members = object.members().iter().map(|member| Member {
                name: member.name.clone(),
                at,
                value: respan(member.value.clone(), at),
            });
            Kind::Object(Arc::new(Object::new(members.collect())))
        }
        kind => kind,
    };
    Value::new(kind, at)
}

/// One call of a function.
struct Call<'c> {
    name: &'static str,
    takes: &'static str,
    args: &'c [Value],
    at: Span,
}

impl<'c> Call<'c> {
    /// An argument.
    fn arg(&self, index: usize) -> Result<&'c Value, Stop> {
        self.args.get(index).ok_or_else(|| self.wrong())
    }

    /// An argument that is a number.
    fn int(&self, index: usize) -> Result<i64, Stop> {
        self.int_of(self.arg(index)?)
    }

    fn int_of(&self, value: &Value) -> Result<i64, Stop> {
        match value.kind {
            Kind::Int(number) => Ok(number),
            _ => Err(self.mismatch(value)),
        }
    }

    /// An argument that is a text.
    fn text(&self, index: usize) -> Result<&'c str, Stop> {
        let value = self.arg(index)?;
        match &value.kind {
            Kind::Text(text) => Ok(text),
            Kind::Parts(_) => Err(Stop::Unknown),
            _ => Err(self.mismatch(value)),
        }
    }

    /// The call is given what the function does not take.
    fn wrong(&self) -> Stop {
        FaultKind::Arguments { function: self.name.into(), takes: self.takes }.into()
    }

    /// A value of another type: a fault, unless nobody knows its type.
    fn mismatch(&self, value: &Value) -> Stop {
        if is_vague(value) { Stop::Unknown } else { self.wrong() }
    }

    fn out_of_range(&self) -> Stop {
        FaultKind::Range { function: self.name.into() }.into()
    }

    fn truth(&self, value: bool) -> Outcome {
        Ok(Value::new(Kind::Bool(value), self.at))
    }

    /// What is certain, or else not known.
    fn maybe(&self, value: Option<bool>) -> Outcome {
        value.map_or(Err(Stop::Unknown), |value| self.truth(value))
    }

    fn number(&self, value: i64) -> Outcome {
        Ok(Value::new(Kind::Int(value), self.at))
    }

    fn count(&self, value: usize) -> Outcome {
        self.number(i64::try_from(value).map_err(|_| self.out_of_range())?)
    }

    fn new_text(&self, text: &str) -> Outcome {
        if text.len() > TEXT_LIMIT { Err(too_long()) } else { Ok(Value::of_text(text, self.at)) }
    }

    /// A text of parts. One that is but one unknown value is that value.
    fn new_parts(&self, parts: Vec<Part>) -> Outcome {
        let mut size = 0;
        for part in &parts {
            size += match part {
                Part::Literal(text) => text.len(),
                Part::Unknown(_) => 64,
            };
        }
        if size > TEXT_LIMIT {
            return Err(too_long());
        }
        let value = Value::of_parts(parts, self.at);
        if let Kind::Parts(parts) = &value.kind
            && let [Part::Unknown(unknown)] = &**parts
        {
            return Ok(Value::new(Kind::Unknown(unknown.clone()), self.at));
        }
        Ok(value)
    }

    fn new_list(&self, items: Vec<Value>) -> Outcome {
        Ok(bounded(Value::of_list(items, self.at))?)
    }

    fn new_object(&self, members: Vec<Member>) -> Outcome {
        Ok(bounded(Value::new(Kind::Object(Arc::new(Object::new(members))), self.at))?)
    }

    /// What the call gives as long as nobody knows its arguments.
    fn unknown(&self) -> Value {
        let keys: Vec<String> = self.args.iter().map(Value::key).collect();
        let doubt = self.args.iter().find_map(Value::doubt_within);
        let why = doubt.map_or(Why::Fault, |unknown| unknown.why.clone());
        let key = format!("{}({})", self.name, keys.join(","));
        Value::new(Kind::Unknown(Unknown::new(key, self.label(doubt), why)), self.at)
    }

    /// What the function makes of one unknown part of a text; `rest` tells its other arguments.
    fn changed(&self, unknown: &Arc<Unknown>, rest: &str) -> Part {
        let key = format!("{}({}{rest})", self.name, unknown.key);
        Part::Unknown(Unknown::new(key, self.label(Some(unknown)), unknown.why.clone()))
    }

    /// The label of what is known least: a name that tells people more than the function's. The label of
    /// generated names also tells of which letters they are made, so it stays only where these stay.
    fn label<'l>(&self, doubt: Option<&'l Arc<Unknown>>) -> &'l str {
        const KEEP: &[&str] = &["first", "last", "skip", "substring", "take", "toLower", "trim"];
        match doubt {
            Some(unknown) if text::letters(unknown).is_none() || KEEP.contains(&self.name) => &unknown.label,
            _ => self.name,
        }
    }
}

#[cfg(test)]
mod tests;
