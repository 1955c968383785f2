//! Functions of address ranges, IPv4 and IPv6.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Call, Outcome, Stop};
use crate::value::{Kind, Member, Value};

struct Network {
    /// The first address.
    base: u128,
    prefix: u32,
    /// How many bits an address has: 32 or 128.
    bits: u32,
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (base, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= bits)?;
        let network = Self { base, prefix, bits };
        Some(Self { base: base & !network.hosts(), ..network })
    }

    /// The bits that tell hosts apart.
    fn hosts(&self) -> u128 {
        let width = self.bits - self.prefix;
        u128::MAX.checked_shr(128 - width).unwrap_or(0)
    }

    fn last(&self) -> u128 {
        self.base | self.hosts()
    }

    fn written(&self, address: u128) -> String {
        match u32::try_from(address) {
            Ok(address) if self.bits == 32 => Ipv4Addr::from(address).to_string(),
            _ => Ipv6Addr::from(address).to_string(),
        }
    }
}

fn network(call: &Call<'_>) -> Result<Network, Stop> {
    Network::read(call.text(0)?).ok_or_else(|| call.wrong())
}

pub(super) fn parse(call: &Call<'_>) -> Outcome {
    let network = network(call)?;
    let mask = (u128::MAX >> (128 - network.bits)) & !network.hosts();
    // Ranges of one or two addresses have none to spare.
    let reserved = u128::from(network.bits == 32 && network.prefix < 31);
    let mut members = vec![("network", network.base), ("netmask", mask)];
    if network.bits == 32 {
        members.push(("broadcast", network.last()));
    }
    members.push(("firstUsable", network.base + reserved));
    members.push(("lastUsable", network.last() - reserved));
    let member = |name: &str, value| Member { name: name.into(), at: call.at, value };
    let mut members: Vec<Member> = members
        .into_iter()
        .map(|(name, address)| member(name, Value::of_text(&network.written(address), call.at)))
        .collect();
    members.push(member("cidr", Value::new(Kind::Int(network.prefix.into()), call.at)));
    call.new_object(members)
}

pub(super) fn subnet(call: &Call<'_>) -> Outcome {
    let (prefix, index) = (call.int(1)?, call.int(2)?);
    let network = network(call)?;
    let fits = |prefix: &u32| (network.prefix..=network.bits).contains(prefix);
    let prefix = u32::try_from(prefix).ok().filter(fits).ok_or_else(|| call.out_of_range())?;
    let index = u128::try_from(index).map_err(|_| call.out_of_range())?;
    let left = 128 - (prefix - network.prefix);
    if u128::MAX.checked_shr(left).unwrap_or(0) < index {
        return Err(call.out_of_range());
    }
    let start = index.checked_shl(network.bits - prefix).unwrap_or(0);
    call.new_text(&format!("{}/{prefix}", network.written(network.base | start)))
}

/// The first host is the address behind the network's own.
pub(super) fn host(call: &Call<'_>) -> Outcome {
    let index = call.int(1)?;
    let network = network(call)?;
    let index = u128::try_from(index).map_err(|_| call.out_of_range())?;
    let broadcast = u128::from(network.bits == 32 && network.prefix < 31);
    let host = network.base.checked_add(1).and_then(|first| first.checked_add(index));
    let host = host.filter(|host| *host <= network.last() - broadcast).ok_or_else(|| call.out_of_range())?;
    call.new_text(&network.written(host))
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn ranges_are_taken_apart() {
        check(
            "parseCidr",
            r#"["10.144.0.0/20"]"#,
            r#"{"network":"10.144.0.0","netmask":"255.255.240.0","broadcast":"10.144.15.255","firstUsable":"10.144.0.1","lastUsable":"10.144.15.254","cidr":20,}"#,
        );
        check(
            "parseCidr",
            r#"["fdad:3236:5555::/48"]"#,
            r#"{"network":"fdad:3236:5555::","netmask":"ffff:ffff:ffff::","firstUsable":"fdad:3236:5555::","lastUsable":"fdad:3236:5555:ffff:ffff:ffff:ffff:ffff","cidr":48,}"#,
        );
        check(
            "parseCidr",
            r#"["10.0.0.7/32"]"#,
            r#"{"network":"10.0.0.7","netmask":"255.255.255.255","broadcast":"10.0.0.7","firstUsable":"10.0.0.7","lastUsable":"10.0.0.7","cidr":32,}"#,
        );
        check(
            "parseCidr",
            r#"["::/0"]"#,
            r#"{"network":"::","netmask":"::","firstUsable":"::","lastUsable":"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff","cidr":0,}"#,
        );
        for wrong in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", "10.0.0.0/+8", "10.0.0.0/"] {
            check("parseCidr", &format!("[{wrong:?}]"), "! `parseCidr` takes parseCidr(network)");
        }
    }

    #[test]
    fn ranges_hold_ranges_and_hosts() {
        check("cidrSubnet", r#"["10.144.0.0/20",24,0]"#, r#""10.144.0.0/24""#);
        check("cidrSubnet", r#"["10.144.0.0/20",24,4]"#, r#""10.144.4.0/24""#);
        check("cidrSubnet", r#"["10.144.0.0/20",24,15]"#, r#""10.144.15.0/24""#);
        check("cidrSubnet", r#"["10.144.0.0/20",24,16]"#, "! `cidrSubnet`: out of range");
        check("cidrSubnet", r#"["10.144.0.0/20",19,0]"#, "! `cidrSubnet`: out of range");
        check("cidrSubnet", r#"["10.144.3.9/20",20,0]"#, r#""10.144.0.0/20""#);
        check("cidrSubnet", r#"["fdad:3236:5555::/48",52,3]"#, r#""fdad:3236:5555:3000::/52""#);
        check("cidrSubnet", r#"["::/0",128,7]"#, r#""::7/128""#);
        check("cidrSubnet", r#"[{"$u":"a"},24,0]"#, "cidrSubnet(a,24,0)");
        check("cidrHost", r#"["10.144.3.0/24",0]"#, r#""10.144.3.1""#);
        check("cidrHost", r#"["10.144.3.0/24",253]"#, r#""10.144.3.254""#);
        check("cidrHost", r#"["10.144.3.0/24",254]"#, "! `cidrHost`: out of range");
        check("cidrHost", r#"["10.144.3.0/24",-1]"#, "! `cidrHost`: out of range");
        check("cidrHost", r#"["fdad:3236:5555:3000::/52",4]"#, r#""fdad:3236:5555:3000::5""#);
    }
}
