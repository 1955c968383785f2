//! What a check of a team's own says of itself.

use posture::{CHECKS, Check, Checkpoint, Lang};
use serde::Deserialize;

use crate::check::{Parts, make};
use crate::definition::severity;

/// A text in both languages; one stands for both where the other is not there.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    One(String),
    Both {
        #[serde(default)]
        en: Option<String>,
        #[serde(default)]
        ja: Option<String>,
    },
}

impl Words {
    pub(super) fn of(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::One(text), _) => text.clone(),
            (Self::Both { en, ja }, Lang::En) => en.clone().or_else(|| ja.clone()).unwrap_or_default(),
            (Self::Both { en, ja }, Lang::Ja) => ja.clone().or_else(|| en.clone()).unwrap_or_default(),
        }
    }

    fn both(&self) -> [String; 2] {
        [self.of(Lang::En), self.of(Lang::Ja)]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    code: String,
    severity: String,
    checkpoint: String,
    title: Words,
    #[serde(default)]
    why: Option<Words>,
    #[serde(default)]
    fix: Option<Words>,
}

/// The longest text that metadata may hold.
const LONGEST: usize = 2_000;

/// The check that metadata describe.
///
/// # Errors
///
/// What is wrong with them, in a few words.
pub(super) fn read(value: &serde_json::Value) -> Result<&'static Check, String> {
    let metadata = Metadata::deserialize(value).map_err(|error| error.to_string())?;
    let code = metadata.code;
    let (letters, digits) = code.split_at(code.find(|c: char| c.is_ascii_digit()).unwrap_or(code.len()));
    let right = (3..=8).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.len() == 3
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !right {
        return Err(format!(
            "code: `{code}` is not three to eight capital letters and three digits, such as OWN001"
        ));
    }
    if letters == "POL"
        || CHECKS.iter().any(|check| check.code.trim_end_matches(|c: char| c.is_ascii_digit()) == letters)
    {
        return Err(format!("code: `{letters}` is taken by checks of the program; choose other letters"));
    }
    let checkpoint = Checkpoint::ALL
        .into_iter()
        .find(|one| one.name().eq_ignore_ascii_case(&metadata.checkpoint))
        .ok_or_else(|| {
            let all: Vec<_> = Checkpoint::ALL.iter().map(|one| one.name()).collect();
            format!("checkpoint: `{}` is none of {}", metadata.checkpoint, all.join(", "))
        })?;
    let severity = severity(&metadata.severity)
        .ok_or_else(|| format!("severity: `{}` is none of low, medium, high, critical", metadata.severity))?;
    let title = metadata.title.both();
    let why = metadata.why.as_ref().map_or_else(|| title.clone(), Words::both);
    let fix = metadata.fix.as_ref().map(Words::both).unwrap_or_default();
    let texts = [&title, &why, &fix];
    if title.iter().any(String::is_empty)
        || texts.iter().any(|both| both.iter().any(|text| text.len() > LONGEST))
    {
        return Err(format!("title, why, fix: empty, or longer than {LONGEST} bytes"));
    }
    Ok(make(Parts {
        slug: code.to_ascii_lowercase(),
        code,
        checkpoint,
        severity,
        title,
        why,
        fix,
        policy: None,
    }))
}
