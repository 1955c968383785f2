//! What a field should hold. Put into words by the `report` crate, in each language.

/// What was expected, or what was found instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A JSON number.
    Number,
    /// A JSON string.
    Text,
    /// A string or a whole number.
    TextOrWhole,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// Anything but `null`.
    Value,
    /// A whole number between two others.
    From(u32, u32),
    /// A port that is not smaller than the one that a range begins with.
    LastPort,
    /// A port, or a range of ports.
    Ports,
    /// A port, a range of ports, or `*`.
    PortsOrAny,
    /// An IP address.
    Address,
    /// An IP prefix.
    Prefix,
    /// An IP prefix or the name of a service tag.
    PrefixOrTag,
    /// An address, a prefix, the name of a service tag, or `*`.
    AddressOrTag,
    /// A moment, as RFC 3339 writes it.
    Moment,
    /// One of these words.
    OneOf(&'static [&'static str]),
}
