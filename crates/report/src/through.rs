//! What forwards packets on their way, and what resources and ports are called.

use estate::{Estate, Family};
use reach::{Through, prefixes_of};
use serde::Serialize;

/// What forwards on the way.
#[derive(Clone, Debug, Serialize)]
pub struct ThroughForm {
    /// `load-balancer` or `firewall`.
    pub kind: String,
    /// Its id.
    pub resource: String,
    /// The name of its rule.
    pub rule: String,
    /// The ports that it listens on.
    pub frontend_port: String,
    /// The ports behind it.
    pub backend_port: String,
    /// Where packets come from behind it, if not from the client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seen_from: Vec<String>,
}

/// How many prefixes of a forwarder are shown.
const PREFIXES: usize = 10;

impl ThroughForm {
    pub(crate) fn of(estate: &Estate, through: &Through, family: Family) -> Self {
        let seen_from = through.seen_from.as_ref().map(|set| prefixes_of(set, family, PREFIXES));
        Self {
            kind: noun(estate.text(through.resource)),
            resource: estate.text(through.resource).to_owned(),
            rule: through.rule.to_string(),
            frontend_port: ports_text(&through.frontend_ports),
            backend_port: ports_text(&through.backend_ports),
            seen_from: seen_from.unwrap_or_default(),
        }
    }
}

/// What a resource is, in the words of `az`: `public-ip`, `load-balancer`, `firewall`.
pub(crate) fn noun(id: &str) -> String {
    let resource_type = estate::resource_type(id).unwrap_or_default().to_ascii_lowercase();
    match resource_type.rsplit('/').next().unwrap_or_default() {
        "publicipaddresses" => "public-ip",
        "publicipprefixes" => "public-ip-prefix",
        "loadbalancers" => "load-balancer",
        "azurefirewalls" => "firewall",
        "applicationgateways" => "application-gateway",
        "networkinterfaces" => "nic",
        other => other,
    }
    .to_owned()
}

/// `22`, `1000-2000`, `80,443` or `*`.
pub fn ports_text(ports: &estate::PortSet) -> String {
    if ports.is_all() {
        return "*".to_owned();
    }
    let texts = ports.ranges().iter().map(|range| match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}-{}", range.first, range.last),
    });
    texts.collect::<Vec<_>>().join(",")
}
