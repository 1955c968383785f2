//! What a team may set for itself.

/// Limits and ports that checks go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// TCP ports that administrators log in through.
    pub management_ports: Vec<u16>,
    /// A port is open to the internet when more IPv4 addresses than this reach it.
    pub wide_after: u128,
    /// People who log in need no more IPv4 addresses than this.
    pub needed: u128,
}

impl Default for Settings {
    fn default() -> Self {
        // The ports that Defender for Cloud's just-in-time access guards.
        // https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage
        Self { management_ports: vec![22, 3389, 5985, 5986], wide_after: 256, needed: 16 }
    }
}
