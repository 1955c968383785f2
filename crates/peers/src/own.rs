//! What checks of ours say, in the shape that it is compared in.

/// What a check of ours says of a resource.
#[derive(Clone, Debug)]
pub struct Own {
    /// The check.
    pub code: &'static str,
    /// The id of the finding, where it is one.
    pub id: Option<String>,
    /// What it says.
    pub status: OwnStatus,
    /// The resource; empty where the check was not assessed.
    pub resource: String,
    /// Other resources that it comes from: a group, a NIC.
    pub touches: Vec<String>,
    /// What it finds open, where it is about that and tells it.
    pub opens: Option<Vec<Open>>,
    /// What is said.
    pub message: String,
    /// What would settle it, where nobody can tell.
    pub settled_by: Option<String>,
}

/// Ports that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
}

/// What rules of other tools tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnStatus {
    /// It is not met.
    Fail,
    /// It is not met, and the team lives with it.
    Suppressed,
    /// Nobody can tell.
    Unknown,
    /// The input has nothing for the check.
    NotAssessed,
    /// It is met.
    Pass,
}

impl OwnStatus {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Suppressed => "suppressed",
            Self::Unknown => "unknown",
            Self::NotAssessed => "not_assessed",
            Self::Pass => "pass",
        }
    }

    pub(crate) fn is_found(self) -> bool {
        matches!(self, Self::Fail | Self::Suppressed)
    }
}
