//! Fixes as Terraform.
//!
//! What is there already is taken over by an `import` block (Terraform 1.5) and becomes what the block says. Members of
//! resources that have a block of their own in somebody's code stand in comments, to be put into that block.
//!
//! Sources: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs>,
//! <https://registry.terraform.io/providers/Azure/azapi/latest/docs>,
//! <https://developer.hashicorp.com/terraform/language/import>.

mod blocks;
pub(super) mod names;

pub(super) use blocks::{protocol, rule_items};

use posture::Lang;

use super::arm::left_of;
use super::hcl::{Item, items};
use super::heading;
use super::target::Target;
use super::words::{comment, one_line};
use crate::lang::say;
use crate::plan::Fix;
use crate::write::{Act, Write};

/// What one write is in Terraform.
pub(super) enum Said {
    /// Blocks: kind, labels, contents; the id that is imported with the first.
    Block { kind: &'static str, items: Vec<Item>, import: Option<String> },
    /// Members of a block that is in somebody's code.
    Fragment { kind: String, name: String, lines: Vec<String> },
    /// Nothing.
    Left,
}

/// Fixes as Terraform, with a comment above each and for all that no block can say.
pub fn terraform(fixes: &[&Fix], lang: Lang) -> String {
    let mut labels: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    for fix in fixes {
        let mut text = comment("#", &heading(fix, lang));
        for step in &fix.steps {
            if let Some(target) = Target::read(&step.write.target)
                && let Some(subscription) = target.subscription
            {
                let line = format!("subscription: {}", one_line(&subscription));
                if !text.contains(&line) {
                    text += &comment("#", &line);
                }
            }
        }
        for step in &fix.steps {
            text += &said(&step.write, &mut labels, lang);
        }
        parts.push(text);
    }
    parts.join("\n")
}

fn said(write: &Write, labels: &mut Vec<String>, lang: Lang) -> String {
    match blocks::of(write) {
        Said::Block { kind, items: inner, import } => {
            let label = label(&write.target, labels);
            let mut all = Vec::new();
            if let Some(id) = import {
                all.push(Item::Block(
                    "import".to_owned(),
                    Vec::new(),
                    vec![
                        Item::Attribute("to".to_owned(), format!("{kind}.{label}")),
                        super::hcl::attribute("id", &id.into()),
                    ],
                ));
            }
            all.push(Item::Block("resource".to_owned(), vec![kind.to_owned(), label], inner));
            format!("\n{}", items(&all, 0))
        }
        Said::Fragment { kind, name, lines } => {
            let (kind, name) = (one_line(&kind), one_line(&name));
            let says = say!(
                lang,
                "in the block of `{name}` ({kind}):",
                "`{name}` のブロック ({kind}) に設定してください:"
            );
            let mut text = format!("\n{}", comment("#", &says));
            lines.iter().for_each(|line| text += &comment("#  ", &one_line(line)));
            text
        }
        Said::Left => {
            let line = left_of(write);
            let says = match &write.act {
                Act::Delete { .. } => say!(
                    lang,
                    "remove its block from the code that makes it, or take `--format az` or `--apply`: {line}",
                    "作成元のコードからブロックを削除するか、`--format az` または `--apply` を使用してください: {line}"
                ),
                _ => say!(
                    lang,
                    "Terraform cannot say this; take `--format az` or `--apply`: {line}",
                    "Terraform では表現できません。`--format az` または `--apply` を使用してください: {line}"
                ),
            };
            format!("\n{}", comment("#", &says))
        }
    }
}

/// A name of a block that no other block has.
fn label(target: &str, labels: &mut Vec<String>) -> String {
    let name = target.rsplit('/').next().unwrap_or_default();
    let mut label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .take(60)
        .collect();
    if !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label = format!("r_{label}");
    }
    let mut unique = label.clone();
    let mut number = 2_usize;
    while labels.contains(&unique) {
        unique = format!("{label}_{number}");
        number += 1;
    }
    labels.push(unique.clone());
    unique
}

#[cfg(test)]
mod tests;
