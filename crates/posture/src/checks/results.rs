//! Results of looking at a machine: how old they are, and which machines have any of their own.

use estate::{Assessment, Field, Known, Moment, Origins, ResourceId, resource_name};

use crate::view::{Context, VmView};

/// What was looked at longer ago tells nothing of now: Azure looks at least every day where it looks at all.
const KEPT_DAYS: i64 = 7;

/// How old a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// New enough to count.
    Fresh,
    /// Too old.
    Old,
    /// Nobody tells, or nobody looked yet.
    Untold,
}

fn age_at(now: Option<Moment>, at: &Field<Moment>) -> Age {
    match (now, at) {
        // Azure writes the first day of the first year where there is none.
        (Some(now), Some(Known::Value(at))) if at.0 > 0 => {
            if now.days_since(*at) < KEPT_DAYS {
                Age::Fresh
            } else {
                Age::Old
            }
        }
        _ => Age::Untold,
    }
}

/// How old a result is, at the moment that its source tells of.
pub(crate) fn age(context: &Context<'_>, origins: &Origins, at: &Field<Moment>) -> Age {
    age_at(context.moment(origins), at)
}

/// Whether it is one machine of its own: a scale set and its instances are made anew, not looked after one by one.
pub(crate) fn stands_alone(context: &Context<'_>, view: &VmView<'_>) -> bool {
    let of_set = |segment: &str| segment.eq_ignore_ascii_case("virtualMachineScaleSets");
    context.estate().vm(view.vm.id).is_some() && !context.estate().text(view.vm.id).split('/').any(of_set)
}

/// What Defender for Cloud says of a machine under one of these keys.
pub(crate) fn assessment<'e>(
    context: &Context<'e>,
    machine: ResourceId,
    keys: &[&str],
) -> Option<&'e Assessment> {
    let estate = context.estate();
    estate.around.assessments.of(machine).iter().find(|assessment| {
        let key = resource_name(estate.text(assessment.id));
        keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_grow_old_after_a_week() {
        let moment = |text: &str| Moment::parse(text);
        let now = moment("2026-11-26T09:00:00Z");
        for (at, expected) in [
            ("2026-11-26T08:00:00Z", Age::Fresh),
            ("2026-11-19T10:00:00Z", Age::Fresh),
            ("2026-11-19T09:00:00Z", Age::Old),
            ("2026-11-27", Age::Fresh),
            ("0001-01-01T00:00:00Z", Age::Untold),
        ] {
            assert_eq!(age_at(now, &moment(at).map(Known::Value)), expected, "{at}");
        }
        assert_eq!(age_at(now, &None), Age::Untold);
        assert_eq!(age_at(None, &moment("2026-11-26").map(Known::Value)), Age::Untold);
    }
}
