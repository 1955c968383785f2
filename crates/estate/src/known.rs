//! A value that may be unknown, and why.

use crate::coverage::Feed;

/// A value, or the reason why nobody can tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// The value is known.
    Value(T),
    /// The value exists but is not known.
    Unknown(Box<Reason>),
}

/// A field of a record: `None` when the record says nothing about it.
pub type Field<T> = Option<Known<T>>;

/// Why a value is unknown. Rendered for people by the `report` crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The input refers to a resource that it does not hold.
    Missing {
        /// The type of the resource, as Azure writes it.
        resource_type: Box<str>,
        /// Its id.
        id: Box<str>,
    },
    /// The input holds a part of the resource only.
    Partial {
        /// The type of the resource, as Azure writes it.
        resource_type: Box<str>,
        /// Its id.
        id: Box<str>,
    },
    /// The value stands in the input but cannot be read; a problem tells where.
    Unreadable {
        /// The name of the field.
        field: Box<str>,
    },
    /// Two records of one resource disagree; a problem tells where.
    Conflict {
        /// The name of the field.
        field: Box<str>,
    },
    /// The source itself says that the value is not known yet (`{"$unknown":{"reason":…}}`).
    Stated {
        /// What the source says.
        reason: Box<str>,
    },
    /// The list of service tags does not hold this one.
    ServiceTag {
        /// The tag as the rule writes it.
        tag: Box<str>,
    },
    /// The way leads through something that this build does not judge yet.
    NotModelled {
        /// The type of the resource, as Azure writes it.
        resource_type: Box<str>,
        /// Its id.
        id: Box<str>,
    },
    /// Who is in a group of the directory is not told.
    Members {
        /// The id of the group.
        id: Box<str>,
    },
    /// Whether a right holds depends on a role, a condition or a place that the input does not tell.
    Rights,
    /// What policies of conditional access demand depends on what the input does not tell.
    SignInRules,
    /// Rules of one priority contradict each other, and which of them comes first is not known.
    SamePriority,
    /// The group applies to some addresses only, and this one has no address yet.
    NoAddress,
    /// Admin rules of several network managers apply, and which manager comes first is not known.
    SeveralManagers,
    /// A firewall or gateway sends from any address of its subnet, and not one rule decides on all of these.
    SomeOfSubnet {
        /// The id of the firewall or gateway.
        id: Box<str>,
    },
    /// The network uses internet addresses as its own, and the internet's owner of one may send, too.
    OwnSpace {
        /// The id of the network.
        id: Box<str>,
    },
    /// A route leads to these addresses, and no record tells who has them.
    Routed {
        /// The id of the route table.
        id: Box<str>,
    },
    /// A security admin rule may be deployed to the network, or may not.
    AdminRule {
        /// The id of the rule.
        id: Box<str>,
    },
    /// A peered network sends on what comes from elsewhere, and no record tells from where.
    Forwarded {
        /// The id of the network.
        id: Box<str>,
    },
    /// A network appliance may send packets on to it.
    Appliance {
        /// The id of its NIC.
        id: Box<str>,
    },
    /// A firewall translates to it, and a network rule of the firewall may deny what comes.
    FirewallDenies {
        /// The id of the firewall.
        id: Box<str>,
    },
    /// Something forwards to instances of a scale set, and its model does not say so: they may be of an older one.
    OlderModel {
        /// The id of the scale set.
        id: Box<str>,
    },
    /// Nobody can tell whether a firewall takes over a translation of the policy that its own is based on.
    InheritedTranslation {
        /// The id of the base policy.
        id: Box<str>,
    },
    /// A peering carries some subnets of a network and not others.
    SubnetPeering {
        /// The id of the network.
        id: Box<str>,
    },
    /// A rule names ports, and the protocol has none.
    PortlessProtocol,
    /// No record tells which public address packets of a machine to the internet come from.
    SenderAddress {
        /// The id of its NIC.
        id: Box<str>,
    },
    /// A route sends packets to an appliance or a gateway, which decides by itself where they go.
    SentElsewhere {
        /// The id of the NIC that they come from.
        id: Box<str>,
    },
    /// A route may widen the `VirtualNetwork` tag to internet addresses.
    RouteWidensVirtualNetwork {
        /// The id of the route table.
        id: Box<str>,
    },
    /// A gateway may have learnt routes, which no configuration holds.
    LearntRoutes {
        /// The id of the gateway, of the subnet that is kept for one, or of the network that lends one.
        id: Box<str>,
    },
    /// A service endpoint has routes of its own to addresses of Azure.
    ServiceEndpointRoutes {
        /// The id of the subnet.
        id: Box<str>,
    },
    /// A route for a service tag may be more specific than another one.
    RouteByTag {
        /// The tag.
        tag: Box<str>,
    },
    /// No source was asked for facts of this kind.
    NotAsked {
        /// The kind.
        feed: Feed,
    },
    /// A source was asked for facts of this kind, and what it tells is not whole.
    NotWhole {
        /// The kind.
        feed: Feed,
        /// The right that was missing, if it was one.
        action: Option<Box<str>>,
    },
    /// What a source tells was so too long ago.
    OldResult {
        /// The kind.
        feed: Feed,
    },
    /// The machine was not looked at yet, or could not be.
    NoResult {
        /// The kind.
        feed: Feed,
    },
    /// A schedule of updates may apply, and what it does is not told.
    Schedule {
        /// Its id.
        id: Box<str>,
    },
    /// The machine alone knows.
    InsideMachine {
        /// What.
        what: Inside,
    },
    /// Azure has dropped what goes to these addresses at some times and not at others.
    AzureRoute {
        /// The prefix of its route.
        prefix: Box<str>,
    },
    /// A policy or a check of a team's own cannot be judged.
    Policy {
        /// What is missing.
        gap: PolicyGap,
        /// Its name, or what the check itself says.
        what: Box<str>,
    },
}

/// What is missing for a policy to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyGap {
    /// The catalogue does not hold an alias.
    Alias,
    /// The record of the resource does not tell a field.
    Field,
    /// Resources of a type are not read, or not all of them.
    Type,
    /// What a function gives is known to Azure alone.
    Function,
    /// Whether the subscription is in a management group is not told.
    Scope,
    /// A parameter has no value.
    Parameter,
    /// A condition cannot be worked out.
    Condition,
    /// The check says so itself.
    Own,
}

/// What only a machine itself can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inside {
    /// Which accounts it has, and how they sign in.
    Accounts,
    /// Whether its malware protection is on and fresh.
    Malware,
    /// Whether its disks are encrypted from within.
    Encryption,
    /// Which system it runs.
    System,
    /// Whether the system installs updates by itself.
    Updates,
    /// What the settings of an extension are that Azure shows to nobody.
    Settings,
}

impl<T> Known<T> {
    /// An unknown value.
    pub fn unknown(reason: Reason) -> Self {
        Self::Unknown(Box::new(reason))
    }

    /// The value, if it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The same with the value borrowed.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Value(value) => Known::Value(value),
            Self::Unknown(reason) => Known::Unknown(reason.clone()),
        }
    }

    /// Changes the value and keeps an unknown as it is.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Value(value) => Known::Value(change(value)),
            Self::Unknown(reason) => Known::Unknown(reason),
        }
    }
}

/// Joins what two records say about one field. A contradiction becomes unknown, and so does a
/// value that only one of the two could read, so that the order of the records does not matter.
/// Returns whether the two contradict each other.
pub(crate) fn join<T: PartialEq>(mine: &mut Field<T>, theirs: Field<T>, field: &str) -> bool {
    match (mine.as_ref(), theirs) {
        (_, None) => false,
        (None, Some(theirs)) => {
            *mine = Some(theirs);
            false
        }
        (Some(Known::Unknown(a)), Some(Known::Unknown(b))) => {
            if b < *a {
                *mine = Some(Known::Unknown(b));
            }
            false
        }
        (Some(Known::Unknown(_)), Some(Known::Value(_))) => false,
        (Some(Known::Value(_)), Some(unknown @ Known::Unknown(_))) => {
            *mine = Some(unknown);
            false
        }
        (Some(Known::Value(a)), Some(Known::Value(b))) => {
            if *a == b {
                return false;
            }
            *mine = Some(Known::unknown(Reason::Conflict { field: field.into() }));
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: Field<u8>, b: Field<u8>, expected: Field<u8>) {
        let mut left = a.clone();
        let mut right = b.clone();
        let one = join(&mut left, b, "f");
        let other = join(&mut right, a, "f");
        assert_eq!(left, expected);
        assert_eq!((left, one), (right, other), "the order of records must not matter");
    }

    #[test]
    fn records_complete_each_other() {
        let unknown = || Some(Known::unknown(Reason::NoAddress));
        check(None, None, None);
        check(Some(Known::Value(1)), None, Some(Known::Value(1)));
        check(Some(Known::Value(1)), Some(Known::Value(1)), Some(Known::Value(1)));
        check(Some(Known::Value(1)), unknown(), unknown());
        check(
            Some(Known::Value(1)),
            Some(Known::Value(2)),
            Some(Known::unknown(Reason::Conflict { field: "f".into() })),
        );
    }
}
