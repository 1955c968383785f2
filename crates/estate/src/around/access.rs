//! Ways into and out of networks without a public address of the machine's own, and what watches them.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object, Value};

use crate::id::{ResourceId, Use};
use crate::known::{Field, Known};
use crate::record::record;
use crate::wire::{Reader, member};

record! {
    /// A bastion: RDP and SSH through the portal.
    Bastion of |reader, object, _| network_of(reader, object);
    /// `Developer`, `Basic`, `Standard`, `Premium`.
    sku: text at "/sku/name",
    /// `Succeeded`; one that has `Failed` does not work.
    provisioning: text at "/properties/provisioningState",
    /// The subnet that it comes from.
    subnet: [ResourceId, subnet] at "/properties/ipConfigurations",
    /// Whether links let in people without rights in Azure.
    shareable_links: boolean at "/properties/enableShareableLink",
    /// Whether the clipboard is off.
    no_copy_paste: boolean at "/properties/disableCopyPaste",
    /// Whether files may be carried.
    file_copy: boolean at "/properties/enableFileCopy",
    /// Whether people may go on to any address.
    ip_connect: boolean at "/properties/enableIpConnect",
    /// Whether programs of people's own may connect.
    tunneling: boolean at "/properties/enableTunneling",
    /// Whether sessions are recorded.
    recording: boolean at "/properties/enableSessionRecording",
    /// Whether nobody on the internet gets to it.
    private_only: boolean at "/properties/enablePrivateOnlyBastion",
    /// The network of a bastion without a subnet of its own (`Developer`).
    network: id at "/properties/virtualNetwork",
}

/// The subnet of the first IP configuration.
fn subnet(reader: &mut Reader<'_>, object: &Object) -> Field<ResourceId> {
    let text = subnet_text(object)?;
    Some(Known::Value(reader.ids.intern(text, Use::Reference)))
}

fn subnet_text(object: &Object) -> Option<&str> {
    let properties =
        member(object, "properties").and_then(|properties| properties.as_object()).unwrap_or(object);
    let first = member(properties, "ipConfigurations")?.as_array()?.iter().next()?.as_object()?;
    let fields = member(first, "properties").and_then(|properties| properties.as_object()).unwrap_or(first);
    member(member(fields, "subnet")?.as_object()?, "id")?.as_str()
}

/// The network that it stands in.
fn network_of(reader: &mut Reader<'_>, object: &Object) -> Option<ResourceId> {
    if let Some(subnet) = subnet_text(object) {
        return crate::id::parent(subnet).map(|network| reader.ids.intern(network, Use::Reference));
    }
    match reader.id_at(object, "/properties/virtualNetwork") {
        Some(Known::Value(network)) => Some(network),
        _ => None,
    }
}

record! {
    /// A gateway to networks elsewhere.
    Gateway of |reader, object, _| network_of(reader, object);
    /// `Vpn` or `ExpressRoute`.
    kind: text at "/properties/gatewayType",
    /// `VpnGw1`, `Basic`.
    sku: text at "/sku/name",
    /// The same where the source has it among the properties, as Azure answers.
    inner_sku: text at "/properties/sku/name",
    /// The addresses that single people get; empty or none where they may not connect.
    clients: texts at "/properties/vpnClientConfiguration/vpnClientAddressPool/addressPrefixes",
    /// How single people connect, where they may: protocols.
    protocols: texts at "/properties/vpnClientConfiguration/vpnClientProtocols",
    /// How single people sign in: `AAD`, `Certificate`, `Radius`.
    sign_in: texts at "/properties/vpnClientConfiguration/vpnAuthenticationTypes",
}

record! {
    /// A connection of a gateway.
    Connection of |reader, object, _| match reader.id_at(object, "/properties/virtualNetworkGateway1") {
        Some(Known::Value(id)) => Some(id),
        _ => None,
    };
    /// `Connected`, `NotConnected`, `Connecting`.
    status: text at "/properties/connectionStatus",
    /// `IPsec`, `Vnet2Vnet`, `ExpressRoute`.
    kind: text at "/properties/connectionType",
}

record! {
    /// An ExpressRoute circuit.
    Circuit of |_, _, _| None;
    /// `Provisioned` once the provider has done its part.
    provider_state: text at "/properties/serviceProviderProvisioningState",
    /// `Enabled`.
    state: text at "/properties/circuitProvisioningState",
}

record! {
    /// A NAT gateway: a way out for a subnet.
    NatGateway of |_, _, _| None;
    /// Subnets that leave through it.
    subnets: ids at "/properties/subnets",
    /// Addresses that it leaves by.
    public_ips: ids at "/properties/publicIpAddresses",
}

record! {
    /// A DDoS protection plan.
    DdosPlan of |_, _, _| None;
    /// Networks under it.
    networks: ids at "/properties/virtualNetworks",
}

record! {
    /// A flow log: what passed and what did not.
    FlowLog of |reader, object, _| match reader.id_at(object, "/properties/targetResourceId") {
        Some(Known::Value(id)) => Some(id),
        _ => None,
    };
    /// Whether it is on.
    on: boolean at "/properties/enabled",
    /// For how many days it is kept; 0 is for ever.
    days: whole at "/properties/retentionPolicy/days",
    /// Whether it is taken away after these days.
    limited: boolean at "/properties/retentionPolicy/enabled",
    /// Where it is kept.
    storage: id at "/properties/storageId",
    /// Whether Traffic Analytics looks at it.
    analytics: (bool, analytics) at "/properties/flowAnalyticsConfiguration",
}

fn analytics(_: &mut Reader<'_>, value: &Value, _: &str) -> Known<bool> {
    let inner = value.get("networkWatcherFlowAnalyticsConfiguration").and_then(|inner| inner.get("enabled"));
    Known::Value(inner.and_then(|enabled| enabled.as_bool()).unwrap_or(false))
}
