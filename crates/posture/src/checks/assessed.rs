//! What Defender for Cloud says of a resource, by the keys of its recommendations.

use estate::{Assessment, ResourceId, resource_name};

use crate::verdict::says;
use crate::view::Context;

/// What a recommendation found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nothing to do.
    Healthy,
    /// Something to do.
    Unhealthy,
}

/// What an assessment found; none where it does not apply to the resource, or nobody can tell.
pub(crate) fn health(assessment: &Assessment) -> Option<Health> {
    if says(&assessment.status, "Unhealthy") {
        Some(Health::Unhealthy)
    } else if says(&assessment.status, "Healthy") {
        Some(Health::Healthy)
    } else {
        None
    }
}

/// The key of the recommendation that an assessment is of: the last part of its id.
pub(crate) fn key<'e>(context: &Context<'e>, assessment: &Assessment) -> &'e str {
    resource_name(context.estate().text(assessment.id))
}

/// The first assessment of a resource under one of these keys that found this.
pub(crate) fn found<'e>(
    context: &Context<'e>,
    resource: ResourceId,
    keys: &[&str],
    wanted: Health,
) -> Option<&'e Assessment> {
    context.estate().around.assessments.of(resource).iter().find(|assessment| {
        let key = key(context, assessment);
        health(assessment) == Some(wanted) && keys.iter().any(|its| its.eq_ignore_ascii_case(key))
    })
}
