//! Flow logs, and what they write down.

use estate::{FlowLog, Known, ResourceId};

use crate::view::Context;

/// Whether a flow log of a resource is on; none where a record does not tell.
pub(super) fn logged(context: &Context<'_>, resource: ResourceId) -> Option<bool> {
    let logs = context.estate().around.flow_logs.of(resource);
    let on = |log: &FlowLog| log.on.as_ref().and_then(Known::value).copied();
    if logs.iter().any(|log| on(log) == Some(true)) {
        return Some(true);
    }
    logs.iter().all(|log| on(log) == Some(false)).then_some(false)
}

/// What a flow log looks at, as facts call it.
pub(super) fn kind(context: &Context<'_>, log: &FlowLog) -> &'static str {
    let text = context.estate().text(log.owner).to_ascii_lowercase();
    let is = |name: &str| text.rsplit('/').nth(1) == Some(name);
    if is("networksecuritygroups") {
        "nsg"
    } else if is("subnets") {
        "subnet"
    } else if is("networkinterfaces") {
        "network-interface"
    } else {
        "virtual-network"
    }
}
