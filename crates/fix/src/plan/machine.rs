//! Fixes of single machines: updates, extensions, encryption, identity.

use posture::Finding;

use super::{Plan, Planner};

pub(super) fn plan(_planner: &Planner<'_>, _findings: &[&Finding], _plan: &mut Plan) {}
