//! Places that policies name: addresses and countries that none of them tells apart are one class.

use estate::{AccessPolicy, Known, NamedLocation, Range, Space, V4, V6};
use hashbrown::HashMap;

use crate::directory::Directory;
use crate::policy::{self, Doubt, PolicyState, state_of, texts};
use crate::question::Question;
use crate::tri::Tri;
use crate::what_if::{Class, Countries};

/// The places that policies name.
pub(crate) struct Places<'e> {
    directory_whole: bool,
    by_id: HashMap<String, &'e NamedLocation>,
    all: Vec<&'e NamedLocation>,
    classes: Vec<PlaceClass<'e>>,
    pub(crate) by_trust: bool,
    no_trusted_addresses: bool,
}

struct PlaceClass<'e> {
    addresses: Space,
    /// Places of addresses that these are in.
    inside: Vec<&'e NamedLocation>,
    countries: Countries,
    /// Places of countries that these are in; none where the country is not known and no place asks for that.
    country_of: Vec<(&'e NamedLocation, Tri)>,
}

impl<'e> Places<'e> {
    pub(crate) fn new(directory: &Directory<'e>, policies: &[&AccessPolicy], question: &Question) -> Self {
        let around = &directory.estate().around;
        // Ids have no order of their own.
        let mut all: Vec<&NamedLocation> = around.named_locations.iter().collect();
        all.sort_by_key(|place| directory.estate().text(place.id));
        let by_id: HashMap<String, &NamedLocation> = all
            .iter()
            .map(|place| (directory.estate().text(place.id).to_ascii_lowercase(), *place))
            .collect();
        let mut used: Vec<&NamedLocation> = Vec::new();
        let mut by_trust = false;
        for policy in policies.iter().filter(|policy| state_of(policy) != PolicyState::Off) {
            for field in [&policy.include_locations, &policy.exclude_locations] {
                let Some(Known::Value(names)) = field else { continue };
                for name in names {
                    let trusted = name.eq_ignore_ascii_case("AllTrusted");
                    by_trust |= trusted;
                    let fits = |place: &&&NamedLocation| {
                        trusted && place.trusted != Some(Known::Value(false)) && place.trusted.is_some()
                            || directory.estate().text(place.id).eq_ignore_ascii_case(name)
                    };
                    for place in all.iter().filter(fits) {
                        if !used.iter().any(|known| known.id == place.id) {
                            used.push(place);
                        }
                    }
                }
            }
        }
        let (of_addresses, of_countries): (Vec<_>, Vec<_>) =
            used.into_iter().partition(|place| place.countries.is_none());
        let addresses = by_addresses(&of_addresses, question);
        let countries = by_countries(&of_countries, question);
        let mut classes = Vec::new();
        for (space, inside) in &addresses {
            for (countries, country_of) in &countries {
                classes.push(PlaceClass {
                    addresses: space.clone(),
                    inside: inside.clone(),
                    countries: countries.clone(),
                    country_of: country_of.clone(),
                });
            }
        }
        Self {
            directory_whole: around.lists(estate::DirectoryList::Locations),
            by_id,
            all,
            classes,
            by_trust,
            no_trusted_addresses: question.no_trusted_addresses,
        }
    }

    pub(crate) fn classes(&self) -> Vec<Class> {
        let name = |place: &&NamedLocation| match &place.name {
            Some(Known::Value(name)) => name.to_string(),
            _ => "?".to_owned(),
        };
        let class = |class: &PlaceClass<'_>| Class::Place {
            addresses: class.addresses.clone(),
            inside: class.inside.iter().map(name).collect(),
            countries: class.countries.clone(),
        };
        self.classes.iter().map(class).collect()
    }

    /// Whether a policy is for a class of places.
    pub(crate) fn holds(&self, policy: &AccessPolicy, at: usize, doubts: &mut Vec<Doubt>) -> Tri {
        let mut own = Vec::new();
        let so = self.holds_by(policy, at, &mut own);
        // What is certain all the same leaves no doubt.
        doubts.extend(own.into_iter().filter(|_| so == Tri::Maybe));
        so
    }

    fn holds_by(&self, policy: &AccessPolicy, at: usize, doubts: &mut Vec<Doubt>) -> Tri {
        let before = doubts.len();
        let include = texts(&policy.include_locations, "locations", doubts);
        let exclude = texts(&policy.exclude_locations, "locations", doubts);
        let unread = doubts.len() > before;
        if include.is_empty() && !unread {
            // Graph writes both where there is such a condition.
            if exclude.is_empty() {
                return Tri::Yes;
            }
            doubts.push(Doubt::Condition("locations".to_owned()));
            return Tri::Maybe;
        }
        let include = include.iter().map(|name| self.is_in(name, at, doubts)).fold(Tri::No, Tri::or);
        let exclude = exclude.iter().map(|name| self.is_in(name, at, doubts)).fold(Tri::No, Tri::or);
        policy::chosen(include, exclude, unread)
    }

    fn is_in(&self, name: &str, at: usize, doubts: &mut Vec<Doubt>) -> Tri {
        if name.eq_ignore_ascii_case("All") {
            return Tri::Yes;
        }
        let Some(class) = self.classes.get(at) else { return Tri::Maybe };
        if name.eq_ignore_ascii_case("AllTrusted") {
            let trusted = |place: &&&NamedLocation| place.trusted == Some(Known::Value(true));
            if class.inside.iter().any(|place| trusted(&place)) {
                return Tri::Yes;
            }
            let unread = |place: &&&NamedLocation| {
                matches!(place.trusted, Some(Known::Unknown(_)))
                    || trusted(place) && matches!(place.ranges, Some(Known::Unknown(_)))
            };
            let whole = self.directory_whole && !self.all.iter().any(|place| unread(&place));
            if !whole {
                doubts.push(Doubt::Location("AllTrusted".to_owned()));
                return Tri::Maybe;
            }
            // The older settings know addresses of IPv4 alone.
            if self.no_trusted_addresses || class.addresses.v4.is_empty() {
                return Tri::No;
            }
            doubts.push(Doubt::TrustedAddresses);
            return Tri::Maybe;
        }
        // Some kinds of places have no record, or one that tells neither addresses nor countries.
        let place = self.by_id.get(&name.to_ascii_lowercase());
        let told = |place: &&&NamedLocation| {
            matches!(
                (&place.ranges, &place.countries),
                (Some(Known::Value(_)), None) | (None, Some(Known::Value(_)))
            )
        };
        let Some(place) = place.filter(told) else {
            doubts.push(Doubt::Location(name.to_owned()));
            return Tri::Maybe;
        };
        // By the phone of who signs in, and not by the address.
        let by_address = place.lookup.as_ref().is_none_or(|lookup| {
            lookup.value().is_some_and(|lookup| lookup.eq_ignore_ascii_case("clientIpAddress"))
        });
        if !by_address {
            doubts.push(Doubt::Country);
            return Tri::Maybe;
        }
        if place.countries.is_some() {
            let so = class.country_of.iter().find(|(other, _)| other.id == place.id);
            return so.map_or(Tri::No, |(_, so)| *so);
        }
        class.inside.iter().any(|other| other.id == place.id).into()
    }
}

type OfAddresses<'e> = Vec<(Space, Vec<&'e NamedLocation>)>;

/// Addresses that no place tells apart.
fn by_addresses<'e>(places: &[&'e NamedLocation], question: &Question) -> OfAddresses<'e> {
    // An address of IPv4 may be written as one of IPv6.
    let asked = match question.place.address.map(|address| address.to_canonical()) {
        None => Space { v4: V4::all(), v6: V6::all() },
        Some(std::net::IpAddr::V4(address)) => {
            let one = address.to_bits();
            Space { v4: [Range { first: one, last: one }].into_iter().collect(), v6: V6::empty() }
        }
        Some(std::net::IpAddr::V6(address)) => {
            let one = address.to_bits();
            Space { v4: V4::empty(), v6: [Range { first: one, last: one }].into_iter().collect() }
        }
    };
    let mut classes: OfAddresses<'e> = vec![(asked, Vec::new())];
    for place in places {
        let Some(Known::Value(space)) = &place.ranges else { continue };
        let mut next = Vec::with_capacity(classes.len() + 1);
        for (own, inside) in classes {
            let within = Space { v4: own.v4.intersection(&space.v4), v6: own.v6.intersection(&space.v6) };
            let outside = Space { v4: own.v4.difference(&space.v4), v6: own.v6.difference(&space.v6) };
            let some = |space: &Space| !space.v4.is_empty() || !space.v6.is_empty();
            if some(&within) {
                let inside: Vec<_> = inside.iter().copied().chain([*place]).collect();
                next.push((within, inside));
            }
            if some(&outside) {
                next.push((outside, inside));
            }
        }
        classes = next;
    }
    classes
}

type OfCountries<'e> = Vec<(Countries, Vec<(&'e NamedLocation, Tri)>)>;

/// Countries that no place tells apart.
fn by_countries<'e>(places: &[&'e NamedLocation], question: &Question) -> OfCountries<'e> {
    if places.is_empty() {
        return vec![(Countries::Any, Vec::new())];
    }
    let named = |place: &NamedLocation| match &place.countries {
        Some(Known::Value(all)) => all.iter().map(|country| country.to_ascii_uppercase()).collect(),
        _ => Vec::new(),
    };
    let holds = |country: &str| -> Vec<(&'e NamedLocation, Tri)> {
        places
            .iter()
            .map(|place| (*place, Tri::from(named(place).iter().any(|one| one == country))))
            .collect()
    };
    if let Some(country) = &question.place.country {
        let country = country.to_ascii_uppercase();
        let of = holds(&country);
        return vec![(Countries::These(vec![country]), of)];
    }
    let mut all: Vec<String> = places.iter().flat_map(|place| named(place)).collect();
    all.sort_unstable();
    all.dedup();
    let mut classes: OfCountries<'e> = Vec::new();
    for country in &all {
        let of = holds(country);
        match classes.iter_mut().find(|(_, its)| its.iter().map(|(_, so)| so).eq(of.iter().map(|(_, so)| so)))
        {
            Some((Countries::These(same), _)) => same.push(country.clone()),
            _ => classes.push((Countries::These(vec![country.clone()]), of)),
        }
    }
    classes.push((Countries::AllBut(all), places.iter().map(|place| (*place, Tri::No)).collect()));
    let unknown = |place: &&'e NamedLocation| {
        let so = match &place.unknown_countries {
            Some(Known::Value(so)) => (*so).into(),
            None => Tri::No,
            Some(Known::Unknown(_)) => Tri::Maybe,
        };
        (*place, so)
    };
    classes.push((Countries::Unknown, places.iter().map(unknown).collect()));
    classes
}
