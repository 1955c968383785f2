//! The same fix as commands, templates and code.
//!
//! INVARIANT: nothing is left out silently. What a form cannot say stands in it as a comment, or in a list of its own.

mod arm;
mod az;
mod bicep;
mod hcl;
mod patch;
mod rule;
mod target;
mod terraform;
mod words;

use std::fmt;
use std::str::FromStr;

use posture::Lang;

use crate::lang::say;
use crate::plan::Fix;

pub use arm::{Template, template};
pub use az::commands;
pub use bicep::bicep;
pub use patch::{Patch, patch};
pub use terraform::terraform;

/// How a fix is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Commands of `az`, for a POSIX shell.
    Az,
    /// An ARM template.
    Arm,
    /// A Bicep file.
    Bicep,
    /// Terraform blocks of the providers azurerm 4 and azapi 2.
    Terraform,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Az, Self::Arm, Self::Bicep, Self::Terraform];

    /// Its name in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Az => "az",
            Self::Arm => "arm",
            Self::Bicep => "bicep",
            Self::Terraform => "terraform",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is of no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no form of a fix: `az`, `arm`, `bicep` and `terraform` are")]
pub struct NoForm(String);

impl FromStr for Form {
    type Err = NoForm;

    fn from_str(name: &str) -> Result<Self, NoForm> {
        Self::ALL.into_iter().find(|form| form.name() == name).ok_or_else(|| NoForm(name.to_owned()))
    }
}

/// Fixes as the text of a file in one form.
pub fn render(form: Form, fixes: &[&Fix], lang: Lang) -> String {
    match form {
        Form::Az => {
            let mut parts = Vec::new();
            for fix in fixes {
                let mut text = words::comment("#", &heading(fix, lang));
                for step in &fix.steps {
                    for line in commands(&step.write, lang) {
                        text += &line;
                        text.push('\n');
                    }
                }
                parts.push(text);
            }
            parts.join("\n")
        }
        Form::Arm => {
            let mut made = template(fixes);
            if let Some(all) = made.json.as_object_mut() {
                let about = fixes
                    .iter()
                    .map(|fix| heading(fix, lang).lines().map(words::one_line).collect())
                    .collect();
                let mut metadata = serde_json::Map::new();
                metadata.insert("fixes".to_owned(), serde_json::Value::Array(about));
                metadata.insert("left".to_owned(), made.left.clone().into());
                all.insert("metadata".to_owned(), metadata.into());
            }
            format!("{:#}\n", made.json)
        }
        Form::Bicep => bicep(fixes, lang),
        Form::Terraform => terraform(fixes, lang),
    }
}

/// What stands above a fix: what it does, closes, costs and stops. A line each; names from outside may hold more.
pub(crate) fn heading(fix: &Fix, lang: Lang) -> String {
    let mut lines = vec![words::one_line(&fix.title)];
    let mut codes: Vec<&str> = fix.closes.iter().map(|closes| closes.code).collect();
    codes.sort_unstable();
    codes.dedup();
    if !codes.is_empty() {
        let codes = codes.join(", ");
        lines.push(say!(lang, "closes: {codes}", "解消する検出: {codes}"));
    }
    if let Some(cost) = fix.effects.cost.as_deref().map(words::one_line) {
        lines.push(say!(lang, "cost: {cost}", "費用: {cost}"));
    }
    match (fix.effects.deallocates, fix.effects.restart) {
        (true, _) => lines.push(say!(
            lang,
            "the VM is stopped and deallocated",
            "VM は停止され、割り当てが解除されます"
        )),
        (false, true) => lines.push(say!(lang, "the VM may restart", "VM が再起動する場合があります")),
        (false, false) => {}
    }
    if let Some(downtime) = fix.effects.downtime.as_deref().map(words::one_line) {
        lines.push(say!(lang, "meanwhile: {downtime}", "影響: {downtime}"));
    }
    lines.extend(fix.notes.iter().map(|note| words::one_line(note)));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
