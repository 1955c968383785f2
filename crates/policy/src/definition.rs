//! A policy definition, as Azure writes it.
//!
//! Source: <https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-basics>.

use std::collections::BTreeMap;

use posture::{Checkpoint, Severity};
use regorus::Source;
use regorus::languages::azure_policy::ast::{JsonValue, PolicyDefinition};
use regorus::languages::azure_policy::parser::{self, ParseError};
use serde_json::Value;

use crate::condition::{Leaves, Node, message};
use crate::expression::is_too_deep;
use crate::fault::{Fault, FaultKind};
use crate::record::member;

/// What a policy does with what its condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `audit`
    Audit,
    /// `deny`
    Deny,
    /// `append`
    Append,
    /// `modify`
    Modify,
    /// `auditIfNotExists`
    AuditIfNotExists,
    /// `deployIfNotExists`
    DeployIfNotExists,
    /// `disabled`: nothing is judged.
    Disabled,
    /// Effects of which no state of a resource tells whether they are met: `manual`, `denyAction`, `addToNetworkGroup`.
    Other,
}

impl Effect {
    /// An effect by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "audit" => Self::Audit,
            "deny" => Self::Deny,
            "append" => Self::Append,
            "modify" => Self::Modify,
            "auditifnotexists" => Self::AuditIfNotExists,
            "deployifnotexists" => Self::DeployIfNotExists,
            "disabled" => Self::Disabled,
            "manual" | "denyaction" | "addtonetworkgroup" | "mutate" => Self::Other,
            _ => return None,
        })
    }

    /// Its name, as Azure writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Deny => "deny",
            Self::Append => "append",
            Self::Modify => "modify",
            Self::AuditIfNotExists => "auditIfNotExists",
            Self::DeployIfNotExists => "deployIfNotExists",
            Self::Disabled => "disabled",
            Self::Other => "manual",
        }
    }

    /// Whether it asks for another resource.
    pub(crate) fn is_existence(self) -> bool {
        matches!(self, Self::AuditIfNotExists | Self::DeployIfNotExists)
    }
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) default: Option<Value>,
    pub(crate) allowed: Option<Vec<Value>>,
}

/// What has to exist beside a resource.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    /// The type, in lower case.
    pub(crate) resource_type: String,
    /// Its name equals the parameter [`CANDIDATE`]; none where any name will do.
    pub(crate) name: Option<Node>,
    /// A name that is written as it is.
    pub(crate) plain_name: Option<String>,
    /// The resource group, if it is written as it is.
    pub(crate) group: Option<String>,
    /// Its resource group equals the parameter [`CANDIDATE`], where that has to be worked out.
    pub(crate) group_is: Option<Node>,
    /// Whether it may be anywhere in the subscription.
    pub(crate) in_subscription: bool,
    pub(crate) condition: Option<Node>,
}

/// The parameter that a name is compared with.
pub(crate) const CANDIDATE: &str = "sekimori candidate";

/// A definition.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    /// Its id, or its name where it has none, in lower case.
    pub(crate) key: String,
    /// The last part of its id.
    pub(crate) name: String,
    pub(crate) title: String,
    /// The title in Japanese, where the team wrote one.
    pub(crate) title_ja: Option<String>,
    pub(crate) category: String,
    pub(crate) deprecated: bool,
    pub(crate) indexed: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) effect: String,
    pub(crate) condition: Node,
    pub(crate) details: Option<Details>,
    pub(crate) severity: Option<Severity>,
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) built_in: bool,
    /// Where it was written.
    pub(crate) file: String,
    pub(crate) line: usize,
}

/// A piece of a document that holds one thing.
pub(crate) struct Piece<'d> {
    pub(crate) file: &'d str,
    pub(crate) text: &'d str,
    /// The line of the document that it starts on, from 1.
    pub(crate) line: usize,
    pub(crate) json: Value,
}

impl Piece<'_> {
    /// `properties`, or the piece itself.
    pub(crate) fn properties(&self) -> &Value {
        member(&self.json, "properties").unwrap_or(&self.json)
    }

    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        member(&self.json, name).and_then(Value::as_str)
    }

    /// Its id, or its name.
    pub(crate) fn key(&self) -> String {
        let name = self.text_of("id").or_else(|| self.text_of("name"));
        let file = || self.file.rsplit(['/', '\\']).next().unwrap_or(self.file).trim_end_matches(".json");
        name.unwrap_or_else(file).to_ascii_lowercase()
    }

    pub(crate) fn fault(&self, kind: FaultKind) -> Fault {
        Fault { file: self.file.to_owned(), line: self.line, column: 1, kind }
    }
}

impl Definition {
    /// Reads a definition. What is wrong with its conditions is told and does not stand in the way of the rest.
    pub(crate) fn read(
        piece: &Piece<'_>,
        leaves: &mut Leaves,
        faults: &mut Vec<Fault>,
    ) -> Result<Self, Fault> {
        if is_too_deep(piece.text) {
            return Err(piece.fault(FaultKind::Definition("an expression is nested too deep".into())));
        }
        let parsed = parse(piece)?;
        let properties = piece.properties();
        let own = |name: &str| member(properties, name).and_then(Value::as_str);
        let metadata = member(properties, "metadata");
        let about = |name: &str| metadata.and_then(|all| member(all, name));
        let line = piece.line;
        let wrong = |text: String| piece.fault(FaultKind::Definition(text));
        let before = leaves.all.len();
        let condition = leaves.take(&parsed.policy_rule.condition, line).map_err(wrong)?;
        let details = details(&parsed, leaves, line).map_err(wrong)?;
        tell_leaves(piece, leaves, before, faults);
        let key = piece.key();
        let extra = about("sekimori");
        let extra = |name: &str| extra.and_then(|all| member(all, name)).and_then(Value::as_str);
        let named =
            |name: &str| Checkpoint::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
        let unknown = |what: &str| piece.fault(FaultKind::Metadata(what.to_owned()));
        let severity = match extra("severity").map(|name| (name, severity(name))) {
            Some((name, None)) => return Err(unknown(&format!("severity `{name}`"))),
            found => found.and_then(|(_, severity)| severity),
        };
        let checkpoint = match extra("checkpoint").map(|name| (name, named(name))) {
            Some((name, None)) => return Err(unknown(&format!("checkpoint `{name}`"))),
            found => found.and_then(|(_, checkpoint)| checkpoint),
        };
        let effect = &parsed.policy_rule.then_block.effect.raw;
        if !effect.trim_start().starts_with('[') && Effect::parse(effect).is_none() {
            return Err(piece.fault(FaultKind::Definition(format!("there is no effect `{effect}`"))));
        }
        let parameters = parameters(properties);
        let declared = |name: &String| {
            *name == CANDIDATE || parameters.iter().any(|one| one.name.eq_ignore_ascii_case(name))
        };
        let mut used = Vec::new();
        condition.leaves(&mut used);
        for node in details.iter().flat_map(|own| [&own.name, &own.group_is, &own.condition]).flatten() {
            node.leaves(&mut used);
        }
        let asked =
            used.iter().filter_map(|number| leaves.get(*number)).flat_map(|leaf| &leaf.needs.parameters);
        if let Some(name) = asked.into_iter().find(|name| !declared(name)) {
            return Err(piece.fault(FaultKind::Definition(format!("the parameter `{name}` is not declared"))));
        }
        let name = estate::resource_name(&key).to_owned();
        Ok(Self {
            title: own("displayName").map_or_else(|| name.clone(), str::to_owned),
            title_ja: extra("ja").map(str::to_owned),
            category: about("category").and_then(Value::as_str).unwrap_or_default().to_owned(),
            deprecated: about("deprecated").and_then(Value::as_bool) == Some(true)
                || own("displayName").is_some_and(|title| title.starts_with("[Deprecated")),
            indexed: own("mode").is_some_and(|mode| mode.eq_ignore_ascii_case("Indexed")),
            effect: effect.clone(),
            parameters,
            condition,
            details,
            severity,
            checkpoint,
            built_in: own("policyType").is_some_and(|kind| kind.eq_ignore_ascii_case("BuiltIn")),
            file: piece.file.to_owned(),
            line,
            key,
            name,
        })
    }

    /// The values of its parameters, by name in lower case; those that were given before the defaults.
    pub(crate) fn values(&self, given: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for parameter in &self.parameters {
            let key = parameter.name.to_ascii_lowercase();
            if let Some(value) = given.get(&key).or(parameter.default.as_ref()) {
                values.insert(key, value.clone());
            }
        }
        values
    }

    /// The parameter that has a value which is not allowed.
    pub(crate) fn not_allowed(&self, given: &BTreeMap<String, Value>) -> Option<String> {
        let wrong = |parameter: &&Parameter| {
            let value = given.get(&parameter.name.to_ascii_lowercase());
            let same = |one: &Value, other: &Value| match (one.as_str(), other.as_str()) {
                (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
                _ => one == other,
            };
            match (value, &parameter.allowed) {
                (Some(Value::Array(values)), Some(allowed)) => {
                    !values.iter().all(|value| allowed.iter().any(|one| same(one, value)))
                }
                (Some(value), Some(allowed)) => !allowed.iter().any(|one| same(one, value)),
                _ => false,
            }
        };
        self.parameters.iter().find(wrong).map(|parameter| parameter.name.clone())
    }

    /// What it does, by the values of its parameters; none where a parameter that decides has no value.
    pub(crate) fn effect(&self, values: &BTreeMap<String, Value>) -> Result<Effect, String> {
        let text = match parameter_in(&self.effect) {
            Some(name) => values
                .get(&name.to_ascii_lowercase())
                .and_then(Value::as_str)
                .ok_or_else(|| name.to_owned())?
                .to_owned(),
            None => self.effect.clone(),
        };
        Effect::parse(&text).ok_or(text)
    }
}

/// The parameter that an expression consists of: `[parameters('effect')]`.
pub(crate) fn parameter_in(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let (function, rest) = inner.split_once('(')?;
    let name = rest.strip_suffix(')')?.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (function.trim().eq_ignore_ascii_case("parameters") && !name.contains('\'')).then_some(name)
}

/// A severity by its name.
pub(crate) fn severity(name: &str) -> Option<Severity> {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        .into_iter()
        .find(|one| one.name().eq_ignore_ascii_case(name))
}

fn parse(piece: &Piece<'_>) -> Result<PolicyDefinition, Fault> {
    let source = Source::from_contents(piece.file.to_owned(), piece.text.to_owned())
        .map_err(|error| piece.fault(FaultKind::Definition(message(&error.to_string()))))?;
    let long = std::num::NonZeroU32::new(u32::MAX);
    parser::parse_policy_definition_with_max_col(&source, long).map_err(|error| {
        let (line, column) = place(&error);
        let line = if line == 0 { piece.line } else { piece.line + line - 1 };
        let kind = FaultKind::Definition(message(&error.to_string()));
        Fault { file: piece.file.to_owned(), line, column, kind }
    })
}

/// The line and column of an error, from 1; zeros where it has none.
fn place(error: &ParseError) -> (usize, usize) {
    let span = match error {
        ParseError::Lexer(text) => {
            // `--> file:line:column` stands before what it says.
            let at = text.split("--> ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
            let mut numbers = at.rsplit(':').map(|part| part.trim().parse().unwrap_or(0));
            let column = numbers.next().unwrap_or(0);
            return (numbers.next().unwrap_or(0), column);
        }
        ParseError::UnexpectedToken { span, .. }
        | ParseError::MissingKey { span, .. }
        | ParseError::UnrecognizedKey { span, .. }
        | ParseError::ExtraKeysInLogical { span, .. }
        | ParseError::LogicalOperatorNotArray { span, .. }
        | ParseError::MissingOperator { span }
        | ParseError::MultipleLhsOperands { span }
        | ParseError::MissingLhsOperand { span }
        | ParseError::ExprParse { span, .. }
        | ParseError::MultipleCountCollections { span }
        | ParseError::MissingCountCollection { span }
        | ParseError::InvalidCountName { span }
        | ParseError::MisplacedCountName { span }
        | ParseError::MultipleOperators { span }
        | ParseError::DuplicateKey { span, .. }
        | ParseError::Custom { span, .. } => span,
    };
    (span.line as usize, span.col as usize)
}

/// Tells which of the new leaves cannot be worked out.
fn tell_leaves(piece: &Piece<'_>, leaves: &Leaves, from: usize, faults: &mut Vec<Fault>) {
    let aliases = crate::alias::Aliases::get();
    for leaf in leaves.all.iter().skip(from) {
        let (line, column) = leaf.place;
        let mut tell = |kind| faults.push(Fault { file: piece.file.to_owned(), line, column, kind });
        // Aliases of types that are not read cannot matter: there is no such resource in the input.
        let strange = |alias: &&String| !aliases.holds(alias) && aliases.is_near(alias);
        let unknown: Vec<&String> = leaf.needs.aliases.iter().filter(strange).collect();
        for alias in &unknown {
            tell(FaultKind::Alias((*alias).clone(), aliases.nearest(alias).map(str::to_owned)));
        }
        if let (Err(error), true) = (&leaf.program, leaf.is_unworkable()) {
            tell(FaultKind::Condition(error.clone()));
        }
    }
}

fn parameters(properties: &Value) -> Vec<Parameter> {
    let all = member(properties, "parameters").and_then(Value::as_object);
    let read = |(name, value): (&String, &Value)| Parameter {
        name: name.clone(),
        default: member(value, "defaultValue").cloned(),
        allowed: member(value, "allowedValues").and_then(Value::as_array).cloned(),
    };
    all.into_iter().flatten().map(read).collect()
}

fn details(parsed: &PolicyDefinition, leaves: &mut Leaves, line: usize) -> Result<Option<Details>, String> {
    let Some(JsonValue::Object(_, entries)) = &parsed.policy_rule.then_block.details else { return Ok(None) };
    let text = |name: &str| {
        entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(name)).and_then(|entry| {
            match &entry.value {
                JsonValue::Str(_, text) => Some(text.as_str()),
                _ => None,
            }
        })
    };
    let Some(resource_type) = text("type") else { return Ok(None) };
    let is_plain = |text: &&str| !text.starts_with('[') || text.starts_with("[[");
    let mut equals = |name: &str| match text(name) {
        Some(expression) if !is_plain(&expression) => {
            let leaf =
                serde_json::json!({"value": expression, "equals": format!("[parameters('{CANDIDATE}')]")});
            leaves.made(&leaf.to_string(), line).map(Some)
        }
        _ => Ok(None),
    };
    let (name, group_is) = (equals("name")?, equals("resourceGroupName")?);
    let condition = match &parsed.policy_rule.then_block.existence_condition {
        Some(condition) => Some(leaves.take(condition, line)?),
        None => None,
    };
    Ok(Some(Details {
        resource_type: resource_type.to_ascii_lowercase(),
        name,
        plain_name: text("name").filter(is_plain).map(str::to_ascii_lowercase),
        group: text("resourceGroupName").filter(is_plain).map(str::to_ascii_lowercase),
        group_is,
        in_subscription: text("existenceScope")
            .is_some_and(|scope| scope.eq_ignore_ascii_case("Subscription")),
        condition,
    }))
}
