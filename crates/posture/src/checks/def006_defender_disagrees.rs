//! Defender for Cloud and a check of ours do not say the same of a machine.
//!
//! It needs what the other checks said, so the engine calls [`compare`] once these have looked at a machine.
//!
//! INVARIANT: only checks that failed or passed are compared. One that is not about the machine, or could not tell, says
//! nothing that Defender could contradict.

use estate::{Assessment, Feed, Known, ResourceId};

use super::assessed::{Health, health, key};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF006",
    slug: "defender-disagrees",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Low,
    title: Text {
        en: "Defender for Cloud says otherwise", ja: "Defender for Cloud との判定の食い違い"
    },
    why: Text {
        en: "Two who look at one thing and see two are worth a third look: one of them is out of date, or knows something that the other does not, such as what runs inside the machine.",
        ja: "同じ対象の判定が食い違うときは、どちらかの情報が古いか、VM 内部の状態のように片方しか知らない事実があります。確認が必要です。",
    },
    fix: Text {
        en: "Look at the machine itself. Defender for Cloud may be up to a day behind; where it is wrong for good, exempt the machine there, and where the check is, suppress the finding with that reason.",
        ja: "VM の実際の設定を確認してください。Defender for Cloud の反映には最大で 1 日程度かかることがあります。Defender 側が誤っている場合は除外を設定し、チェック側が誤っている場合は理由を添えて抑制してください。",
    },
    feed: Some(Feed::Security),
    refs: &[Reference::Page(
        "https://learn.microsoft.com/azure/defender-for-cloud/review-security-recommendations",
    )],
    run: Run::Vm(|_, _, _| ()),
};

/// What a check said of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It is met.
    Pass,
    /// It is not.
    Fail,
    /// Nobody can tell.
    Unknown,
}

/// Whether Defender says the same as all of ours under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Agrees,
    /// With the check of ours that says otherwise.
    Disagrees(&'static str),
    /// Ours do not say anything that can be compared.
    Nothing,
}

/// Several checks may look at one recommendation, each at a part of it: it is contradicted when all of them say otherwise.
fn answer(found: Health, ours: impl Iterator<Item = (&'static str, Said)>) -> Answer {
    let (same, other) = match found {
        Health::Healthy => (Said::Pass, Said::Fail),
        Health::Unhealthy => (Said::Fail, Said::Pass),
    };
    let mut answer = Answer::Nothing;
    let mut open = false;
    for (code, said) in ours {
        if said == same {
            return Answer::Agrees;
        }
        open |= said == Said::Unknown;
        if said == other && answer == Answer::Nothing {
            answer = Answer::Disagrees(code);
        }
    }
    if open { Answer::Nothing } else { answer }
}

/// Compares what checks said of a machine with what Defender says of it. Findings of the machine, from number `from` on,
/// that Defender agrees with say so.
pub(crate) fn compare(
    context: &Context<'_>,
    machine: ResourceId,
    said: &[(&'static Check, Said)],
    from: usize,
    sink: &mut Sink,
) {
    let (mut compared, mut contradicted) = (false, false);
    for assessment in context.estate().around.assessments.of(machine) {
        let Some(found) = health(assessment) else { continue };
        let key = key(context, assessment);
        let ours = said.iter().filter(|(check, _)| looks_at(check, key));
        match answer(found, ours.clone().map(|(check, said)| (check.code, *said))) {
            Answer::Nothing => continue,
            Answer::Agrees if found == Health::Unhealthy => {
                for finding in sink.findings.iter_mut().skip(from) {
                    // What rests on Defender's own word is no second witness.
                    let of_defender =
                        finding.cause.as_ref().is_some_and(|cause| cause.resource == assessment.id);
                    let is_ours = finding.resource == machine && looks_at(finding.check, key) && !of_defender;
                    if is_ours && !finding.facts.iter().any(|(name, _)| *name == "defender") {
                        finding.facts.push(("defender", "agrees".to_owned()));
                    }
                }
            }
            Answer::Agrees => {}
            Answer::Disagrees(code) => {
                contradicted = true;
                let fault = fault(context, machine, assessment, found, code);
                sink.take(context, &CHECK, machine, fault.verdict());
            }
        }
        compared = true;
    }
    if compared && !contradicted {
        sink.take(context, &CHECK, machine, Ok(Verdict::Pass));
    }
}

/// Whether a check looks at what a recommendation is about.
pub(crate) fn looks_at(check: &Check, key: &str) -> bool {
    let is_key = |one: &Reference| matches!(one, Reference::Defender(its) if its.eq_ignore_ascii_case(key));
    check.refs.iter().any(is_key)
}

fn fault(
    context: &Context<'_>,
    machine: ResourceId,
    assessment: &Assessment,
    found: Health,
    code: &'static str,
) -> Fault {
    let (name, key) = (context.name(machine), one_line(key(context, assessment)));
    let title = assessment.title.as_ref().and_then(Known::value).map(|title| one_line(title));
    let title = title.unwrap_or_else(|| key.clone());
    let message = match found {
        Health::Healthy => say!(
            context.lang,
            "{code} finds fault with `{name}`, and Defender for Cloud does not: {title}",
            "`{name}` について、{code} は問題を検出していますが、Defender for Cloud は正常と判定しています: {title}"
        ),
        Health::Unhealthy => say!(
            context.lang,
            "Defender for Cloud finds fault with `{name}`, and {code} does not: {title}",
            "`{name}` について、Defender for Cloud は問題を検出していますが、{code} は検出していません: {title}"
        ),
    };
    let (defender, ours) = match found {
        Health::Healthy => ("Healthy", "fail"),
        Health::Unhealthy => ("Unhealthy", "pass"),
    };
    let mut fault = Fault::new(message)
        .fact("defender", defender)
        .fact("check", code)
        .fact("check_says", ours)
        .fact("recommendation", key);
    if let Some(Known::Value(changed)) = &assessment.changed {
        fault = fault.fact("since", changed.day());
    }
    fault.at_record(assessment.id, &assessment.origins, "/properties/status/code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_under_one_key() {
        use Health::{Healthy, Unhealthy};
        use Said::{Fail, Pass, Unknown};
        let check = |found, ours: &[Said], expected| {
            let ours = ours.iter().map(|said| ("A", *said));
            assert_eq!(answer(found, ours), expected);
        };
        check(Healthy, &[], Answer::Nothing);
        check(Healthy, &[Pass], Answer::Agrees);
        check(Healthy, &[Fail], Answer::Disagrees("A"));
        check(Healthy, &[Unknown], Answer::Nothing);
        check(Unhealthy, &[Fail], Answer::Agrees);
        check(Unhealthy, &[Pass], Answer::Disagrees("A"));
        // One that looks at a part of it is no contradiction.
        check(Unhealthy, &[Pass, Fail], Answer::Agrees);
        check(Healthy, &[Fail, Pass], Answer::Agrees);
        check(Unhealthy, &[Pass, Unknown], Answer::Nothing);
    }
}
