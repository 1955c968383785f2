//! What all that is demanded of somebody comes to, with the rules that stand beside policies.

use estate::DirectoryList;

use crate::directory::Directory;
use crate::outcome::{Demand, Strictness};
use crate::policy::PolicyState;
use crate::question::Application;
use crate::tri::Tri;
use crate::what_if::{Answer, Axis, Class, Region};

/// What the input tells of the rules of signing in besides the policies that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether it holds all policies, so that what it does not hold is not there.
    pub whole: bool,
    /// Whether Microsoft's own rules hold, if that is told.
    pub defaults: Option<bool>,
}

impl Rules {
    /// Looks at an estate.
    pub fn of(directory: &Directory<'_>) -> Self {
        let around = &directory.estate().around;
        let own = around.security_defaults.iter().find_map(|own| own.on.as_ref()?.value().copied());
        Self { whole: around.lists(DirectoryList::Policies), defaults: own }
    }

    /// Whether Microsoft's own rules hold, or may: these keep legacy clients out, and ask some people for MFA at some times.
    /// They are off where a policy is on.
    pub fn defaults_may_hold(self, answer: &Answer<'_>) -> bool {
        let on = answer.policies.iter().any(|answer| answer.state == PolicyState::On);
        self.defaults.unwrap_or(!on)
    }

    /// How strict all of it is together; where rules may be missing, what these would demand is not known.
    pub fn strictness(self, application: &Application, answer: &Answer<'_>, demand: &Demand) -> Strictness {
        let own = demand.strict;
        let least = |so: Tri, least: bool| if least { so.max(Tri::Maybe) } else { so };
        let missing = !self.whole || self.defaults_may_hold(answer);
        // Microsoft's own rules demand MFA of everybody for Resource Manager.
        let management = self.defaults == Some(true) && application.is_management();
        let mfa = if management { Tri::Yes } else { own.mfa };
        Strictness {
            blocked: least(own.blocked, missing),
            mfa: least(mfa, missing),
            device: least(own.device, !self.whole),
            either: least(own.either.max(mfa), missing),
            anything: own.anything,
        }
    }
}

/// What all that is demanded of somebody comes to, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A password is enough.
    Nothing,
    /// Nobody can tell.
    Unknown,
    /// Controls that prove neither a second factor nor a managed device.
    Other,
    /// A second factor, or a managed device.
    MfaOrDevice,
    /// Nothing more of whoever comes with a managed device, and of no others.
    Managed,
    /// A managed device.
    Device,
    /// A second factor.
    Mfa,
    /// Both.
    MfaAndDevice,
    /// Nobody gets in.
    Blocked,
}

impl Verdict {
    /// What one demand of an answer comes to.
    pub fn of(rules: Rules, application: &Application, answer: &Answer<'_>, demand: &Demand) -> Self {
        let strict = rules.strictness(application, answer, demand);
        // What is certain is the least, whatever else may be demanded.
        match (strict.blocked, strict.mfa, strict.device, strict.either) {
            (Tri::Yes, ..) => Self::Blocked,
            (_, Tri::Yes, Tri::Yes, _) => Self::MfaAndDevice,
            (_, Tri::Yes, ..) => Self::Mfa,
            (_, _, Tri::Yes, _) => Self::Device,
            (_, _, _, Tri::Yes) => Self::MfaOrDevice,
            (Tri::No, Tri::No, Tri::No, Tri::No) if strict.anything == Tri::Yes => Self::Other,
            (Tri::No, Tri::No, Tri::No, Tri::No) => Self::Nothing,
            _ => Self::Unknown,
        }
    }

    /// The same of a part of what is open: whoever comes with a device of the organisation's own has what would be demanded.
    pub fn of_case(
        rules: Rules,
        application: &Application,
        answer: &Answer<'_>,
        demand: &Demand,
        regions: &[Region],
    ) -> Self {
        let verdict = Self::of(rules, application, answer, demand);
        let managed = !regions.is_empty() && regions.iter().all(|region| has_managed_device(answer, region));
        match verdict {
            Self::Nothing | Self::Other if managed => Self::Managed,
            other => other,
        }
    }

    /// A stable name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::MfaAndDevice => "mfa-and-managed-device",
            Self::Mfa => "mfa",
            Self::Managed => "nothing-from-managed-device",
            Self::Device => "managed-device",
            Self::MfaOrDevice => "mfa-or-managed-device",
            Self::Other => "other-controls",
            Self::Nothing => "nothing",
            Self::Unknown => "unknown",
        }
    }

    /// Whether who gets in has certainly given a second factor or has a managed device, or nobody gets in.
    pub fn is_protected(self) -> bool {
        self.has_mfa() || matches!(self, Self::Managed | Self::Device | Self::MfaOrDevice)
    }

    /// Whether who gets in has certainly given a second factor, or nobody gets in.
    pub fn has_mfa(self) -> bool {
        matches!(self, Self::Mfa | Self::MfaAndDevice | Self::Blocked)
    }
}

/// Whether a part of what is open is of managed devices alone.
fn has_managed_device(answer: &Answer<'_>, region: &Region) -> bool {
    region.iter().any(|(axis, here)| match answer.axes.get(*axis) {
        Some((Axis::Rule(rule, _), classes)) => {
            let holds = here.iter().all(|at| classes.get(*at) == Some(&Class::Rule(true)));
            holds && rule.proves_managed()
        }
        _ => false,
    })
}
