//! Fixes of rules and public addresses.

use posture::Finding;

use super::{Plan, Planner};

pub(super) fn plan(_planner: &Planner<'_>, _findings: &[&Finding], _plan: &mut Plan) {}
