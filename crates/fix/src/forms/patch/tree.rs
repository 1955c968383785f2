//! Code as a tree that keeps where everything stands, in one shape for Terraform, Bicep and ARM templates.
//!
//! INVARIANT: nothing is nested deeper than [`DEPTH`], so that whoever walks a tree may recurse; what is, is [`Kind::Code`].

/// The deepest nesting that is taken apart.
pub(super) const DEPTH: usize = 64;

/// How code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Terraform,
    Bicep,
    Json,
}

/// A value, and the bytes that it takes.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Object(Vec<Member>),
    List(Vec<Node>),
    Text(String),
    /// A number, `true`, `false` or `null`.
    Word(String),
    /// An expression: what it gives is not known here.
    Code,
}

/// A member of an object, or a block.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) start: usize,
    pub(super) value: Node,
    /// What stands between the name of a block and its body; nothing for a member that is no block.
    pub(super) block: Option<Vec<String>>,
}

impl Node {
    pub(super) fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    pub(super) fn list(&self) -> &[Self] {
        match &self.kind {
            Kind::List(all) => all,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.block.is_none() && member.key.eq_ignore_ascii_case(key))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.member(key).map(|member| &member.value)
    }

    /// The text of a member.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// The blocks of this name.
    pub(super) fn blocks<'n>(&'n self, key: &'n str) -> impl Iterator<Item = &'n Member> {
        self.members().iter().filter(move |member| member.block.is_some() && member.key == key)
    }

    /// Where an expression in it stands.
    pub(super) fn code(&self) -> Option<usize> {
        match &self.kind {
            Kind::Code => Some(self.start),
            Kind::List(all) => all.iter().find_map(Self::code),
            Kind::Object(members) => members.iter().find_map(|member| member.value.code()),
            Kind::Text(_) | Kind::Word(_) => None,
        }
    }

    /// The value, where it holds no expression.
    pub(super) fn plain(&self) -> Option<serde_json::Value> {
        match &self.kind {
            Kind::Text(text) => Some(text.as_str().into()),
            Kind::Word(word) => serde_json::from_str(word).ok(),
            Kind::List(all) => all.iter().map(Self::plain).collect(),
            Kind::Object(members) => members
                .iter()
                .map(|member| Some((member.key.clone(), member.value.plain()?)))
                .collect::<Option<serde_json::Map<_, _>>>()
                .map(Into::into),
            Kind::Code => None,
        }
    }
}

impl Member {
    pub(super) fn end(&self) -> usize {
        self.value.end
    }

    pub(super) fn label(&self, at: usize) -> &str {
        self.block.as_deref().and_then(|labels| labels.get(at)).map_or("", String::as_str)
    }
}
