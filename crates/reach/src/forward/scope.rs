//! Which networks a firewall, gateway or appliance sends packets on to.

use std::collections::{HashMap, HashSet};

use estate::{Estate, Known, ResourceId};

use crate::endpoint::Tri;
use crate::routes::learns;

/// The networks around one, as far as peerings tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Its own and those peered with it; none where its own is not known.
    direct: Option<Vec<ResourceId>>,
    /// Those that further peerings lead to: routes and appliances may carry packets there.
    beyond: Vec<ResourceId>,
    /// Whether something leads out of what is known: a gateway, a network that is not in the input.
    open: bool,
    /// Where it does: networks that nothing leads into from outside of what is known.
    closed: HashSet<ResourceId>,
}

impl Scope {
    /// Around a network.
    pub(super) fn around(estate: &Estate, own: Option<ResourceId>) -> Self {
        let Some(own) = own else { return Self::default() };
        let (first, mut open) = peers(estate, own);
        let mut direct = vec![own];
        direct.extend(first);
        let mut reached = direct.clone();
        let mut at = 1;
        open |= learns(estate, own);
        while let Some(network) = reached.get(at).copied() {
            let (more, more_open) = peers(estate, network);
            open |= more_open || learns(estate, network);
            reached.extend(more.into_iter().filter(|one| !reached.contains(one)).collect::<Vec<_>>());
            at += 1;
        }
        let beyond = reached.into_iter().filter(|one| !direct.contains(one)).collect();
        let closed = if open { closed(estate, own) } else { HashSet::new() };
        Self { direct: Some(direct), beyond, open, closed }
    }

    /// Whether packets are sent on to a network.
    pub(super) fn reaches(&self, network: Option<ResourceId>) -> Tri {
        match (&self.direct, network) {
            (Some(direct), Some(network)) if direct.contains(&network) => Tri::Yes,
            (Some(_), Some(network))
                if !self.beyond.contains(&network) && (!self.open || self.closed.contains(&network)) =>
            {
                Tri::No
            }
            _ => Tri::Maybe,
        }
    }
}

/// Networks that nothing joins to one, nor any gateway or peering to what the input does not hold, however far one goes.
fn closed(estate: &Estate, own: ResourceId) -> HashSet<ResourceId> {
    let mut joined: HashMap<ResourceId, Vec<ResourceId>> = HashMap::new();
    let mut open: Vec<ResourceId> = vec![own];
    for vnet in &estate.vnets {
        let known = match &vnet.peers {
            None => true,
            Some(Known::Unknown(_)) => false,
            Some(Known::Value(peers)) => {
                let inside = peers.iter().filter_map(|peer| peer.vnet);
                for other in inside.filter(|other| estate.vnet(*other).is_some()) {
                    joined.entry(vnet.id).or_default().push(other);
                    joined.entry(other).or_default().push(vnet.id);
                }
                peers.iter().all(|peer| peer.vnet.is_some_and(|other| estate.vnet(other).is_some()))
            }
        };
        if !known || learns(estate, vnet.id) {
            open.push(vnet.id);
        }
    }
    let mut closed: HashSet<ResourceId> = estate.vnets.iter().map(|vnet| vnet.id).collect();
    while let Some(network) = open.pop() {
        if closed.remove(&network) {
            open.extend(joined.get(&network).into_iter().flatten().copied());
        }
    }
    closed
}

/// The networks that are peered with one, told by either side, and whether there may be others.
fn peers(estate: &Estate, own: ResourceId) -> (Vec<ResourceId>, bool) {
    let mut all = Vec::new();
    let mut open = false;
    match estate.vnet(own).map(|vnet| &vnet.peers) {
        Some(Some(Known::Value(peers))) => {
            for peer in peers {
                match peer.vnet.filter(|_| peer.whole) {
                    Some(vnet) => all.push(vnet),
                    None => open = true,
                }
            }
        }
        Some(None) => {}
        Some(Some(Known::Unknown(_))) | None => open = true,
    }
    for vnet in &estate.vnets {
        let Some(Known::Value(peers)) = &vnet.peers else { continue };
        if peers.iter().any(|peer| peer.vnet == Some(own) && peer.whole) && !all.contains(&vnet.id) {
            all.push(vnet.id);
        }
    }
    (all, open)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NETWORKS: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks";

    fn peering(peer: &str) -> Value {
        json!({"name": peer, "properties": {"peeringState": "Connected",
            "remoteVirtualNetwork": {"id": format!("{NETWORKS}/{peer}")}}})
    }

    fn network(name: &str, peerings: Value) -> Value {
        json!({"id": format!("{NETWORKS}/{name}"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "virtualNetworkPeerings": peerings}})
    }

    /// To which of `hub`, `a`, `b`, `c` and `far` packets are sent on that come to `hub`. `a` is peered with `hub`,
    /// `b` with `a`, as it tells itself, `c` with `b`; nothing is peered with `far`.
    fn sent_on(change: impl Fn(&mut [Value]), more: Value) -> String {
        let mut all = vec![
            network("hub", json!([peering("a")])),
            network("a", json!([peering("hub")])),
            network("b", json!([peering("a"), peering("c")])),
            network("c", json!([peering("b")])),
            network("far", json!([])),
        ];
        change(&mut all);
        all.extend(more.as_array().unwrap().iter().cloned());
        let estate = crate::read(&all.into());
        let id = |name| estate.ids().find(&format!("{NETWORKS}/{name}"));
        let scope = Scope::around(&estate, id("hub"));
        let sign = |name| match scope.reaches(id(name)) {
            Tri::Yes => 'y',
            Tri::No => 'n',
            Tri::Maybe => '?',
        };
        ["hub", "a", "b", "c", "far"].map(sign).iter().collect()
    }

    #[test]
    fn packets_are_sent_on_to_peers_and_perhaps_to_theirs() {
        assert_eq!(sent_on(|_| {}, json!([])), "yy??n");
        // Told by one side.
        assert_eq!(sent_on(|all| all[0] = network("hub", json!([])), json!([])), "yy??n");
        assert_eq!(sent_on(|all| all[1] = network("a", json!([])), json!([])), "yy??n");
    }

    #[test]
    fn what_is_not_told_may_lead_anywhere() {
        let unknown = json!({"$unknown": {"reason": "a parameter"}});
        assert_eq!(sent_on(|all| all[0] = network("hub", unknown.clone()), json!([])), "yy??n");
        assert_eq!(
            sent_on(|all| all[2] = network("b", unknown.clone()), json!([])),
            "yynnn",
            "nobody tells of `b`"
        );
        assert_eq!(sent_on(|all| all[3] = network("c", unknown.clone()), json!([])), "yy??n");
        // A peer that is not in the input, and a peering of some subnets.
        assert_eq!(sent_on(|all| all[3] = network("c", json!([peering("gone")])), json!([])), "yy??n");
        let mut some = peering("a");
        some["properties"]["peerCompleteVnets"] = false.into();
        let part = |all: &mut [Value]| {
            all[0] = network("hub", json!([some]));
            all[1] = network("a", json!([]));
        };
        assert_eq!(sent_on(part, json!([])), "y???n");
        // A gateway learns routes.
        for (name, expected) in [("hub", "yy??n"), ("a", "yy??n"), ("c", "yy??n"), ("far", "yy??n")] {
            let subnet = json!([{"id": format!("{NETWORKS}/{name}/subnets/GatewaySubnet"),
                "properties": {"addressPrefix": "10.0.255.0/27"}}]);
            assert_eq!(sent_on(|_| {}, subnet), expected, "{name}");
        }
        // One at either end.
        let both = ["hub", "far"].map(|name| {
            json!({"id": format!("{NETWORKS}/{name}/subnets/GatewaySubnet"), "properties": {"addressPrefix": "10.0.255.0/27"}})
        });
        assert_eq!(sent_on(|_| {}, json!(both)), "yy???");
        let nowhere = Scope::around(&crate::read(&json!([])), None);
        assert_eq!(nowhere.reaches(None), Tri::Maybe);
    }
}
