//! The change as a patch of the code that owns the resource.
//!
//! INVARIANT: no text makes this panic or run long, and nothing is guessed. Where a value comes from elsewhere, or two places
//! could be meant, that is said in place of a patch.

mod diff;
mod edit;
mod json;
mod read;
mod rules;
mod scan;
mod template;
mod terraform;
mod tree;

use posture::Lang;

use super::target::Target;
use crate::lang::say;
use crate::write::Write;
use diff::Change;
use edit::{Op, Source, Stop, Why};
use tree::{Node, Syntax};

/// What is to be done to code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// A change of one file.
    Diff {
        /// The file.
        file: String,
        /// A unified diff, as `git apply` takes it.
        diff: String,
        /// What the file holds then.
        text: String,
    },
    /// The resource is here, and what is to change has to be changed by hand.
    Elsewhere {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// Why, in the asked language.
        says: String,
    },
    /// Several places could be meant.
    Several {
        /// Each file and line.
        places: Vec<(String, usize)>,
    },
}

/// A place in code that is of the resource.
struct Spot<'s> {
    /// The number of the file.
    file: usize,
    /// Where it begins.
    at: usize,
    what: What<'s>,
}

enum What<'s> {
    /// Members change.
    Members(Vec<(&'s Node, Op)>),
    /// All of it goes: what is beside it, and what it is called by others.
    Goes { siblings: Vec<(usize, usize)>, range: (usize, usize), symbol: Option<String> },
    /// Text is added.
    Text(Change),
    /// Nothing can be done here.
    Stops(Stop),
}

/// The patch of whichever of `files` (name and text: `.tf`, `.bicep`, `.json`) owns what is written. Nothing where none does.
pub fn patch(files: &[(&str, &str)], write: &Write, lang: Lang) -> Option<Patch> {
    let target = Target::read(&write.target)?;
    let mut sources = Vec::new();
    for (name, text) in files {
        let lower = name.to_ascii_lowercase();
        let syntax = match lower.rsplit('.').next() {
            Some("tf") => Syntax::Terraform,
            Some("bicep") => Syntax::Bicep,
            Some("json" | "jsonc") => Syntax::Json,
            _ => continue,
        };
        if let Some(root) = read::read(text, syntax) {
            sources.push(Source { name, text, syntax, root });
        }
    }
    let mut spots = terraform::spots(&sources, write, &target);
    spots.extend(template::spots(&sources, write, &target));
    let line = |file: usize, at: usize| {
        let source = sources.get(file)?;
        let before = source.text.as_bytes().get(..at).unwrap_or_default();
        Some((source.name.to_owned(), before.iter().filter(|byte| **byte == b'\n').count() + 1))
    };
    let spot = match spots.as_slice() {
        [] => return None,
        [spot] => spot,
        several => {
            let places = several.iter().filter_map(|spot| line(spot.file, spot.at)).collect();
            return Some(Patch::Several { places });
        }
    };
    let source = sources.get(spot.file)?;
    let changes = match &spot.what {
        What::Members(all) => edit::changes(source, all),
        What::Goes { siblings, range, symbol } => {
            match symbol.as_deref().and_then(|symbol| used(&sources, symbol, spot)) {
                Some((file, at)) => {
                    let (file, line) = line(file, at)?;
                    return Some(Patch::Elsewhere { file, line, says: says(Why::Used, lang) });
                }
                None => Ok(edit::removal(source, siblings, *range, &[range.0])),
            }
        }
        What::Text(change) => Ok(vec![change.clone()]),
        What::Stops(stop) => Err(*stop),
    };
    let stop = match changes {
        Ok(changes) if changes.is_empty() => Stop { at: spot.at, why: Why::Same },
        Ok(mut changes) => {
            if source.text.contains("\r\n") {
                changes.iter_mut().for_each(|change| change.text = change.text.replace('\n', "\r\n"));
            }
            let text = diff::changed(source.text, &changes);
            match diff::diff(source.name, source.text, changes).zip(text) {
                Some((diff, text)) => {
                    return Some(Patch::Diff { file: source.name.to_owned(), diff, text });
                }
                None => Stop { at: spot.at, why: Why::Hand },
            }
        }
        Err(stop) => stop,
    };
    let (file, line) = line(spot.file, stop.at)?;
    Some(Patch::Elsewhere { file, line, says: says(stop.why, lang) })
}

/// Where something else names what goes.
fn used(sources: &[Source<'_>], symbol: &str, spot: &Spot<'_>) -> Option<(usize, usize)> {
    let What::Goes { range, .. } = &spot.what else { return None };
    let part = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let syntax = sources.get(spot.file)?.syntax;
    for (file, source) in sources.iter().enumerate().filter(|(_, source)| source.syntax == syntax) {
        // A symbol of Bicep is known in its own file alone.
        if syntax == Syntax::Bicep && file != spot.file {
            continue;
        }
        for (at, _) in source.text.match_indices(symbol) {
            let bytes = source.text.as_bytes();
            let whole =
                !part(at.checked_sub(1).and_then(|at| bytes.get(at))) && !part(bytes.get(at + symbol.len()));
            let inside = file == spot.file && range.0 <= at && at < range.1;
            if whole && !inside {
                return Some((file, at));
            }
        }
    }
    None
}

fn says(why: Why, lang: Lang) -> String {
    match why {
        Why::Code => say!(
            lang,
            "the value comes from an expression: change what it is made of",
            "値が式で決まります。式の元になる値を変更してください"
        ),
        Why::Hand => say!(
            lang,
            "the resource is defined here: make the change by hand",
            "リソースはここで定義されています。手作業で変更してください"
        ),
        Why::Same => say!(
            lang,
            "the code says so already: deploy it",
            "コードは既に変更後の内容です。デプロイしてください"
        ),
        Why::Used => say!(
            lang,
            "what is to be removed is referred to here: change that first",
            "削除するリソースがここから参照されています。先に参照を変更してください"
        ),
    }
}

#[cfg(test)]
mod tests;
