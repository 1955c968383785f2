//! One packet, and sets of protocols.

use std::net::IpAddr;

use estate::Protocol;

/// A set of the protocols that Azure's rules tell apart, the rest being one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocols(u8);

impl Protocols {
    /// TCP.
    pub const TCP: Self = Self(1);
    /// UDP.
    pub const UDP: Self = Self(2);
    /// ICMP.
    pub const ICMP: Self = Self(4);
    /// Encapsulating security payload.
    pub const ESP: Self = Self(8);
    /// Authentication header.
    pub const AH: Self = Self(16);
    /// Every protocol.
    pub const ALL: Self = Self(63);
    /// No protocol.
    pub const NONE: Self = Self(0);
    /// Each protocol by itself.
    pub const EACH: [Self; 6] = [Self::TCP, Self::UDP, Self::ICMP, Self::ESP, Self::AH, Self(32)];

    /// The protocols that a rule of this kind matches.
    pub fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Any => Self::ALL,
            Protocol::Tcp => Self::TCP,
            Protocol::Udp => Self::UDP,
            Protocol::Icmp => Self::ICMP,
            Protocol::Esp => Self::ESP,
            Protocol::Ah => Self::AH,
        }
    }

    /// What is in both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are here and not there.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in it.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether these protocols have ports.
    pub fn have_ports(self) -> bool {
        !self.and(Self::TCP.or(Self::UDP)).is_empty()
    }

    /// The names of the protocols, lower case; `*` for all of them.
    pub fn names(self) -> String {
        if self == Self::ALL {
            return "*".to_owned();
        }
        let each = Self::EACH.into_iter().filter(|one| self.contains(*one));
        each.map(Self::name).collect::<Vec<_>>().join(",")
    }

    /// The name of a single protocol, lower case; `*` for several.
    pub fn name(self) -> &'static str {
        match self {
            Self::TCP => "tcp",
            Self::UDP => "udp",
            Self::ICMP => "icmp",
            Self::ESP => "esp",
            Self::AH => "ah",
            Self(32) => "other",
            _ => "*",
        }
    }
}

/// A concrete packet between this VM and somebody else, seen as a group sees it: after the public
/// address of the VM was translated to the private one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its protocol: a single one.
    pub protocol: Protocols,
    /// The address of the other side.
    pub remote: IpAddr,
    /// The port of the other side.
    pub remote_port: u16,
    /// The port on the VM.
    pub local_port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_protocols_are_sets() {
        let (tcp, udp, icmp) = (Protocols::TCP, Protocols::UDP, Protocols::ICMP);
        let both = tcp.or(udp);
        assert_eq!((tcp.or(both), both.or(tcp)), (both, both));
        assert_eq!((both.and(tcp), both.and(icmp)), (tcp, Protocols::NONE));
        assert_eq!((both.without(tcp), tcp.without(both), tcp.without(icmp)), (udp, Protocols::NONE, tcp));
        assert!(both.contains(tcp) && !tcp.contains(both) && !both.contains(tcp.or(icmp)));
        assert!(Protocols::NONE.is_empty() && !icmp.is_empty());
        assert!(both.have_ports() && icmp.or(udp).have_ports() && !Protocols::ALL.without(both).have_ports());
        assert_eq!(Protocols::EACH.into_iter().fold(Protocols::NONE, Protocols::or), Protocols::ALL);
    }

    #[test]
    fn protocols_are_named_as_rules_name_them() {
        let names = Protocols::EACH.map(Protocols::name);
        assert_eq!(names, ["tcp", "udp", "icmp", "esp", "ah", "other"]);
        assert_eq!(Protocols::TCP.or(Protocols::UDP).name(), "*");
        assert_eq!(Protocols::UDP.or(Protocols::TCP).names(), "tcp,udp");
        assert_eq!(Protocols::ALL.names(), "*");
    }
}
