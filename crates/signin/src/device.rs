//! Rules for devices, in the words of dynamic groups: `device.isCompliant -eq True -and device.model -startsWith "Surface"`.
//!
//! Source: <https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices>

use std::collections::BTreeMap;

use crate::tri::Tri;

/// A device that somebody signs in from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Whether the directory knows it. Of one that it does not know, no attribute has a value.
    pub registered: bool,
    /// Its attributes, by their names in lower case: `iscompliant` is `True`. Some have several values.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Whether attributes that are not told have no value, and not one that nobody told.
    pub complete: bool,
}

/// Why a rule could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Where, in bytes from the start.
    pub at: usize,
}

impl Device {
    /// Whether it is known to be compliant or joined to a domain of the organisation's own.
    fn is_managed(&self) -> bool {
        let is = |name: &str, value: &str| {
            self.attributes.get(name).into_iter().flatten().any(|told| told.eq_ignore_ascii_case(value))
        };
        is("iscompliant", "True") || is("trusttype", "ServerAD")
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// All of them.
    All(Vec<Rule>),
    /// One of them.
    Any(Vec<Rule>),
    /// Not this one.
    Not(Box<Rule>),
    /// A comparison of an attribute.
    Compare {
        /// The attribute, lower case, without `device.`.
        attribute: String,
        /// How.
        operator: Operator,
        /// With what, in lower case; `None` stands for `null`.
        values: Vec<Option<String>>,
    },
}

/// How an attribute is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The same.
    Equals,
    /// Begins so.
    Starts,
    /// Ends so.
    Ends,
    /// Holds it.
    Contains,
    /// One of a list.
    In,
}

/// How deep rules may be nested.
const DEPTH: usize = 64;

impl Rule {
    /// Whether a device that it holds for is one that the organisation manages: compliant, or joined to a domain and the
    /// directory. Whoever has a password may join one to the directory alone.
    ///
    /// Source: <https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices>
    pub fn proves_managed(&self) -> bool {
        match self {
            Self::All(all) => all.iter().any(Self::proves_managed),
            Self::Any(all) => !all.is_empty() && all.iter().all(Self::proves_managed),
            Self::Not(_) => false,
            Self::Compare { attribute, operator, values } => {
                let proof: &[&str] = match attribute.as_str() {
                    "iscompliant" => &["true"],
                    "trusttype" => &["serverad"],
                    _ => return false,
                };
                matches!(operator, Operator::Equals | Operator::In)
                    && !values.is_empty()
                    && values.iter().all(|value| value.as_deref().is_some_and(|value| proof.contains(&value)))
            }
        }
    }

    /// Reads a rule.
    ///
    /// # Errors
    ///
    /// Where it is none, or one of a kind that is not known here.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let mut parser = Parser { text, at: 0 };
        let rule = parser.any(DEPTH)?;
        parser.space();
        if parser.at == text.len() { Ok(rule) } else { Err(parser.error()) }
    }

    /// Whether a device is meant.
    pub fn holds(&self, device: &Device) -> Tri {
        match self {
            Self::All(all) => all.iter().fold(Tri::Yes, |so, rule| so.and(rule.holds(device))),
            Self::Any(all) => all.iter().fold(Tri::No, |so, rule| so.or(rule.holds(device))),
            Self::Not(rule) => !rule.holds(device),
            Self::Compare { attribute, operator, values } => {
                let told = device.attributes.get(attribute).filter(|_| device.registered);
                if told.is_none() && device.registered && !device.complete {
                    return Tri::Maybe;
                }
                // Azure tells these of managed devices alone.
                if attribute.starts_with("extensionattribute") && device.registered && !device.is_managed() {
                    return Tri::Maybe;
                }
                let lists = ["systemlabels", "physicalids"].contains(&attribute.as_str());
                let fits = |told: &String, value: &String| {
                    let told = told.to_lowercase();
                    match operator {
                        Operator::Equals | Operator::In => told == *value,
                        Operator::Starts => told.starts_with(value),
                        Operator::Ends => told.ends_with(value),
                        // Of a list one whole entry.
                        Operator::Contains if lists => told == *value,
                        Operator::Contains => told.contains(value),
                    }
                };
                let holds = |value: &Option<String>| match (told, value) {
                    // What holds of a device without attributes where none is asked for is not documented.
                    (None, None) if !device.registered => Tri::Maybe,
                    (None, None) => Tri::Yes,
                    (Some(_), None) | (None, Some(_)) => Tri::No,
                    (Some(all), Some(value)) => all.iter().any(|told| fits(told, value)).into(),
                };
                values.iter().map(holds).fold(Tri::No, Tri::or)
            }
        }
    }

    /// A single comparison in one way of writing; none for any other rule.
    pub(crate) fn text(&self) -> Option<String> {
        let Self::Compare { attribute, operator, values } = self else { return None };
        let word = match operator {
            Operator::Equals => "-eq",
            Operator::Starts => "-startsWith",
            Operator::Ends => "-endsWith",
            Operator::Contains => "-contains",
            Operator::In => "-in",
        };
        let quoted: Vec<String> = values
            .iter()
            .map(|value| value.as_ref().map_or_else(|| "null".to_owned(), |value| format!("\"{value}\"")))
            .collect();
        let list =
            if *operator == Operator::In { format!("[{}]", quoted.join(", ")) } else { quoted.join(", ") };
        Some(format!("device.{attribute} {word} {list}"))
    }

    /// Whether it is one comparison.
    pub(crate) fn is_comparison(&self) -> bool {
        matches!(self, Self::Compare { .. })
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self) -> RuleError {
        RuleError { at: self.at }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a sign if it comes next.
    fn sign(&mut self, sign: char) -> bool {
        self.space();
        let here = self.rest().starts_with(sign);
        self.at += if here { sign.len_utf8() } else { 0 };
        here
    }

    /// The next word: letters, digits, dots and dashes.
    fn peek(&mut self) -> String {
        self.space();
        let word = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        self.rest().chars().take_while(word).collect()
    }

    /// Takes a word if it comes next, in any case; the dash before it may be missing.
    fn word(&mut self, word: &str) -> bool {
        let next = self.peek();
        let here = next.trim_start_matches('-').eq_ignore_ascii_case(word);
        self.at += if here { next.len() } else { 0 };
        here
    }

    fn any(&mut self, depth: usize) -> Result<Rule, RuleError> {
        let mut all = vec![self.all(depth)?];
        while self.word("or") {
            all.push(self.all(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Rule::Any(all) })
    }

    fn all(&mut self, depth: usize) -> Result<Rule, RuleError> {
        let mut all = vec![self.one(depth)?];
        while self.word("and") {
            all.push(self.one(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Rule::All(all) })
    }

    fn one(&mut self, depth: usize) -> Result<Rule, RuleError> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.error()) };
        if self.word("not") {
            return Ok(Rule::Not(Box::new(self.one(depth)?)));
        }
        if self.sign('(') {
            let rule = self.any(depth)?;
            return if self.sign(')') { Ok(rule) } else { Err(self.error()) };
        }
        let name = self.peek();
        let Some(attribute) = name.to_ascii_lowercase().strip_prefix("device.").map(str::to_owned) else {
            return Err(self.error());
        };
        self.at += name.len();
        let word = self.peek();
        let operator = word.trim_start_matches('-').to_ascii_lowercase();
        let (operator, not) = match operator.as_str() {
            "eq" => (Operator::Equals, false),
            "ne" => (Operator::Equals, true),
            "startswith" => (Operator::Starts, false),
            "notstartswith" => (Operator::Starts, true),
            "endswith" => (Operator::Ends, false),
            "notendswith" => (Operator::Ends, true),
            "contains" => (Operator::Contains, false),
            "notcontains" => (Operator::Contains, true),
            "in" => (Operator::In, false),
            "notin" => (Operator::In, true),
            _ => return Err(self.error()),
        };
        self.at += word.len();
        let values = self.values()?;
        let compare = Rule::Compare { attribute, operator, values };
        Ok(if not { Rule::Not(Box::new(compare)) } else { compare })
    }

    fn values(&mut self) -> Result<Vec<Option<String>>, RuleError> {
        let end = if self.sign('[') {
            ']'
        } else if self.sign('(') {
            ')'
        } else {
            return Ok(vec![self.value()?]);
        };
        let mut all = vec![self.value()?];
        while self.sign(',') {
            all.push(self.value()?);
        }
        if self.sign(end) { Ok(all) } else { Err(self.error()) }
    }

    fn value(&mut self) -> Result<Option<String>, RuleError> {
        self.space();
        let quote = self.rest().chars().next().filter(|first| ['"', '\''].contains(first));
        if let Some(quote) = quote {
            let inner = self.rest().get(1..).unwrap_or_default();
            let Some(end) = inner.find(quote) else { return Err(self.error()) };
            // Case does not count.
            let value = inner.get(..end).unwrap_or_default().to_lowercase();
            self.at += end + 2;
            return Ok(Some(value));
        }
        let word = self.peek();
        if word.is_empty() {
            return Err(self.error());
        }
        self.at += word.len();
        Ok((!word.eq_ignore_ascii_case("null")).then(|| word.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(registered: bool, attributes: &[(&str, &str)]) -> Device {
        let attributes =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
        Device { registered, attributes: attributes.collect(), complete: true }
    }

    #[test]
    fn rules_hold_as_microsoft_documents() {
        let surface = device(
            true,
            &[
                ("iscompliant", "True"),
                ("model", "Surface Laptop"),
                ("trusttype", "AzureAD"),
                ("systemlabels", "AzureResource"),
            ],
        );
        let unknown = device(false, &[("iscompliant", "True")]);
        for (rule, of_surface, of_unknown) in [
            ("device.isCompliant -eq True", Tri::Yes, Tri::No),
            // Of a device that is not registered what is compared negatively holds.
            ("device.isCompliant -ne True", Tri::No, Tri::Yes),
            ("device.model -startsWith \"surface\" -and device.trustType -eq \"AzureAD\"", Tri::Yes, Tri::No),
            (
                "device.model -notStartsWith \"Surface\" -or device.trustType -in [\"AzureAD\",\"ServerAD\"]",
                Tri::Yes,
                Tri::Yes,
            ),
            ("(device.model -contains \"Pro\") -or -not (device.isCompliant -eq True)", Tri::No, Tri::Yes),
            ("device.extensionAttribute1 -eq null", Tri::Yes, Tri::Maybe),
            ("device.systemLabels -contains \"Azure\"", Tri::No, Tri::No),
            ("device.systemLabels -contains \"azureresource\"", Tri::Yes, Tri::No),
            ("device.model -notIn [\"Surface Laptop\"]", Tri::No, Tri::Yes),
        ] {
            let parsed = Rule::parse(rule).unwrap();
            assert_eq!((parsed.holds(&surface), parsed.holds(&unknown)), (of_surface, of_unknown), "{rule}");
        }
        let some = Device { complete: false, ..surface };
        assert_eq!(Rule::parse("device.displayName -eq \"saw\"").unwrap().holds(&some), Tri::Maybe);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for bad in [
            "",
            "device.model",
            "device.model -eq",
            "device.model -like \"x\"",
            "user.department -eq \"x\"",
            "(device.model -eq \"x\"",
            "device.model -eq \"x",
            "device.model -eq \"x\" device.model -eq \"y\"",
        ] {
            assert!(Rule::parse(bad).is_err(), "{bad}");
        }
        assert!(Rule::parse(&"(".repeat(100_000)).is_err());
        assert!(Rule::parse(&"-not ".repeat(100_000)).is_err());
    }
}
