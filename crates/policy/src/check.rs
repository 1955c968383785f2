//! The check that stands for a policy, so that it is shown, selected and suppressed like any other.

use std::sync::{Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;
use posture::{CHECKS, Check, Checkpoint, Reference, Run, Severity, Text};

use crate::definition::{Definition, Effect};

/// Checks that were made, by what they consist of. Each is kept for good: whoever reads the same definitions again gets the
/// same checks, and does not take more memory.
fn made() -> &'static Mutex<HashMap<String, &'static Check>> {
    static MADE: OnceLock<Mutex<HashMap<String, &'static Check>>> = OnceLock::new();
    MADE.get_or_init(Mutex::default)
}

/// What a check is made of.
pub(crate) struct Parts {
    pub(crate) code: String,
    pub(crate) slug: String,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) severity: Severity,
    pub(crate) title: [String; 2],
    pub(crate) why: [String; 2],
    pub(crate) fix: [String; 2],
    pub(crate) policy: Option<String>,
}

/// Makes a check, or gives the one that was made of the same.
pub(crate) fn make(parts: Parts) -> &'static Check {
    let key = format!(
        "{}\0{}\0{:?}\0{:?}\0{:?}\0{:?}\0{:?}\0{:?}",
        parts.code,
        parts.slug,
        parts.checkpoint,
        parts.severity,
        parts.title,
        parts.why,
        parts.fix,
        parts.policy
    );
    let mut made = made().lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(key).or_insert_with(|| {
        let keep = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let text = |[en, ja]: [String; 2]| Text { en: keep(en), ja: keep(ja) };
        let refs: Vec<Reference> = parts.policy.into_iter().map(|id| Reference::Policy(keep(id))).collect();
        Box::leak(Box::new(Check {
            code: keep(parts.code),
            slug: keep(parts.slug),
            checkpoint: parts.checkpoint,
            severity: parts.severity,
            title: text(parts.title),
            why: text(parts.why),
            fix: text(parts.fix),
            feed: None,
            refs: Box::leak(refs.into_boxed_slice()),
            run: Run::Given,
        }))
    })
}

/// The check of ours that refers to a built-in definition.
pub fn counterpart(name: &str) -> Option<&'static Check> {
    let same =
        |reference: &Reference| matches!(reference, Reference::Policy(id) if id.eq_ignore_ascii_case(name));
    CHECKS.iter().copied().find(|check| check.refs.iter().any(same))
}

/// The check that stands for a definition.
pub(crate) fn check_of(definition: &Definition, effect: Effect) -> &'static Check {
    let own = counterpart(&definition.name);
    let checkpoint = definition
        .checkpoint
        .or_else(|| own.map(|check| check.checkpoint))
        .unwrap_or_else(|| of_category(&definition.category));
    let severity = definition.severity.or_else(|| own.map(|check| check.severity)).unwrap_or(match effect {
        Effect::Deny => Severity::High,
        Effect::Audit | Effect::AuditIfNotExists => Severity::Medium,
        _ => Severity::Low,
    });
    let code = code_of(&definition.name);
    let is_guid = is_guid(&definition.name);
    make(Parts {
        slug: code.to_ascii_lowercase(),
        code,
        checkpoint,
        severity,
        title: [
            definition.title.clone(),
            definition.title_ja.clone().unwrap_or_else(|| definition.title.clone()),
        ],
        why: [
            "An Azure Policy definition says so; what it asks for stands in the facts.".into(),
            "Azure Policy の定義による判定です。求められる内容は証拠欄に示します。".into(),
        ],
        fix: match own {
            Some(check) => [check.fix.en.into(), check.fix.ja.into()],
            None => [
                format!(
                    "bring the resource in line with the policy: az policy definition show --name {}",
                    definition.name
                ),
                format!(
                    "ポリシーに合わせて設定を変更してください: az policy definition show --name {}",
                    definition.name
                ),
            ],
        },
        policy: is_guid.then(|| definition.name.clone()),
    })
}

/// `POL-` and the start of the number that a definition has for a name, or the name itself.
fn code_of(name: &str) -> String {
    if is_guid(name) {
        return format!("POL-{}", name.get(..8).unwrap_or(name));
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let code: String = name.chars().map(plain).take(64).collect();
    if code == name {
        return format!("POL-{code}");
    }
    // What cannot stand in a code makes names alike that are not.
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(name.as_bytes());
    let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    let code =
        code.trim_matches('-').get(..40.min(code.trim_matches('-').len())).unwrap_or_default().to_owned();
    if code.is_empty() { format!("POL-{number:08x}") } else { format!("POL-{code}-{number:08x}") }
}

fn is_guid(name: &str) -> bool {
    name.len() == 36 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn of_category(category: &str) -> Checkpoint {
    match category.to_ascii_lowercase().as_str() {
        "backup" | "site recovery" => Checkpoint::Backup,
        "network" => Checkpoint::Ports,
        "security center" | "monitoring" => Checkpoint::Defender,
        "azure update manager" => Checkpoint::Updates,
        "key vault" | "azure active directory" | "managed identity" => Checkpoint::Entra,
        _ => Checkpoint::Hardening,
    }
}
