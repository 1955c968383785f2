//! Fixes of services around machines: Defender for Cloud, just-in-time access, backup.

use posture::Finding;

use super::{Plan, Planner};

pub(super) fn plan(_planner: &Planner<'_>, _findings: &[&Finding], _plan: &mut Plan) {}
