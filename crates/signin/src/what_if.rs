//! Which policies meet a sign-in, and what they demand together: for all that a question leaves open at once.
//!
//! What is open is a handful of axes: client, system, risks, place, rules for devices. A policy is for a sign-in where it is
//! for its part on each axis. So the parts of one axis that no policy tells apart are one, and the answer is a diagram: axis by
//! axis, the policies that are left. Ends at which the same is demanded are one.

use estate::{AccessPolicy, Known, NamedLocation, Range, Space, V4, V6};
use hashbrown::HashMap;

use crate::device::Rule;
use crate::directory::{Directory, Subject};
use crate::outcome::{Controls, Demand, Strictness};
use crate::policy::{self, Devices, Doubt, Never, PolicyState, state_of, texts};
use crate::question::{Client, Platform, Question, Risk};
use crate::tri::Tri;

/// Something that a question may leave open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The client.
    Client,
    /// The system.
    Platform,
    /// The risk of the sign-in.
    SignInRisk,
    /// The risk of the person.
    UserRisk,
    /// The place.
    Place,
    /// Whether a rule for devices holds; its text, as one policy writes it.
    Rule(Rule, String),
}

/// A part of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// A client.
    Client(Client),
    /// A system.
    Platform(Platform),
    /// A risk.
    Risk(Risk),
    /// Addresses in the same named places, and countries in the same.
    Place {
        /// The addresses.
        addresses: Space,
        /// Names of the places of addresses that they are in.
        inside: Vec<String>,
        /// The countries.
        countries: Countries,
    },
    /// The rule holds, or not.
    Rule(bool),
}

/// A set of countries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// Any: no policy asks for them.
    Any,
    /// These, by their two letters.
    These(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
    /// None that is known.
    Unknown,
}

/// A policy, and whether it is for the sign-in.
pub struct PolicyAnswer<'e> {
    /// The policy.
    pub policy: &'e AccessPolicy,
    /// Whether it is in force.
    pub state: PolicyState,
    /// Whether it is for the sign-in.
    pub applies: Where,
    /// Why that is not certain, where it is not.
    pub doubts: Vec<Doubt>,
}

/// Where a policy is for a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Nowhere.
    Never(Never),
    /// Wherever what is open leads.
    Always,
    /// In these parts of each axis, as numbers of classes; an axis that is not named does not matter.
    Some(Vec<(usize, Vec<usize>)>),
}

/// A part of what is open: for each axis that matters, the numbers of the classes.
pub type Region = Vec<(usize, Vec<usize>)>;

/// What a question is answered by.
pub struct Answer<'e> {
    /// All policies of the input, by name.
    pub policies: Vec<PolicyAnswer<'e>>,
    /// What each of them demands.
    pub controls: Vec<Controls>,
    /// What is open, with its classes.
    pub axes: Vec<(Axis, Vec<Class>)>,
    /// What is demanded where. Regions do not overlap, and together they are all that is open.
    pub outcomes: Vec<(Demand, Vec<Region>)>,
    /// Whether outcomes tell the policies behind them. Where too many sets of policies meet, they tell how strict these are.
    pub by_policy: bool,
    /// Whether a policy goes by the places that the organisation trusts: addresses that are set elsewhere, and that no list
    /// of Microsoft Graph holds, count as trusted, too.
    pub by_trust: bool,
}

/// More cases than are looked at; a question that leaves less open has fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyCases;

/// How many cases are looked at.
const CASES: usize = 200_000;

/// How many regions are told.
const REGIONS: usize = 4_000;

/// What a policy is for, axis by axis.
struct Row {
    /// By what is not open.
    fixed: Tri,
    never: Option<Never>,
    doubts: Vec<Doubt>,
    /// For each axis and class.
    parts: Vec<Vec<Tri>>,
}

/// Which policies meet a sign-in of somebody, and what they demand.
///
/// # Errors
///
/// Where so much is open that there are too many cases.
pub fn what_if<'e>(
    directory: &Directory<'e>,
    subject: &Subject<'e>,
    question: &Question,
) -> Result<Answer<'e>, TooManyCases> {
    let estate = directory.estate();
    let mut all: Vec<&AccessPolicy> = estate.around.access_policies.iter().collect();
    let name = |policy: &AccessPolicy| {
        let name = policy.name.as_ref().and_then(Known::value).map(|name| name.to_lowercase());
        (name, estate.text(policy.id).to_owned())
    };
    all.sort_by_cached_key(|policy| name(policy));
    let groups = directory.groups_of(subject.id);
    let places = Places::new(directory, &all, question);
    // Rules that say the same are one, however they are written.
    let mut rules: Vec<(Rule, String)> = Vec::new();
    if question.device.is_none() {
        for policy in &all {
            if let (Devices::Some(rule, _), Some(Known::Value(text))) =
                (policy::devices(policy), &policy.device_rule)
                && !rules.iter().any(|(known, _)| *known == rule)
            {
                let text = rule.text().unwrap_or_else(|| text.to_string());
                rules.push((rule, text));
            }
        }
    }
    let mut axes = vec![
        (Axis::Client, one_or_all(question.client, Client::ALL, Class::Client)),
        (Axis::Platform, one_or_all(question.platform, Platform::ALL, Class::Platform)),
        (Axis::SignInRisk, one_or_all(question.sign_in_risk, Risk::ALL, Class::Risk)),
        (Axis::UserRisk, one_or_all(question.user_risk, Risk::ALL, Class::Risk)),
        (Axis::Place, places.classes()),
    ];
    axes.extend(
        rules
            .into_iter()
            .map(|(rule, text)| (Axis::Rule(rule, text), vec![Class::Rule(true), Class::Rule(false)])),
    );
    let rows: Vec<Row> =
        all.iter().map(|policy| row(directory, subject, &groups, question, policy, &places, &axes)).collect();
    let strength = |id: &str| {
        let id = estate.ids().find(id)?;
        estate.around.strengths.of(id).first()
    };
    let controls: Vec<Controls> = all.iter().map(|policy| Controls::of(policy, strength)).collect();
    let policies: Vec<PolicyAnswer<'e>> = all
        .iter()
        .zip(&rows)
        .map(|(policy, row)| PolicyAnswer {
            policy,
            state: state_of(policy),
            applies: row.place(&axes),
            doubts: row.doubts.clone(),
        })
        .collect();
    let diagram = |by_policy| Diagram::new(&policies, &rows, &axes, &controls, by_policy).outcomes();
    let (outcomes, by_policy) = match diagram(true) {
        Ok(outcomes) => (outcomes, true),
        Err(TooManyCases) => (diagram(false)?, false),
    };
    Ok(Answer { policies, controls, axes, outcomes, by_policy, by_trust: places.by_trust })
}

fn one_or_all<T: Copy>(one: Option<T>, all: &[T], class: fn(T) -> Class) -> Vec<Class> {
    one.map_or_else(|| all.iter().copied().map(class).collect(), |one| vec![class(one)])
}

fn row(
    directory: &Directory<'_>,
    subject: &Subject<'_>,
    groups: &[estate::ResourceId],
    question: &Question,
    policy: &AccessPolicy,
    places: &Places<'_>,
    axes: &[(Axis, Vec<Class>)],
) -> Row {
    let mut never = None;
    let mut doubts = Vec::new();
    let mut fixed = Tri::Yes;
    match state_of(policy) {
        PolicyState::Off => never = Some(Never::Off),
        PolicyState::Unknown => {
            fixed = Tri::Maybe;
            doubts.push(Doubt::State);
        }
        PolicyState::On | PolicyState::ReportOnly => {}
    }
    match &policy.workloads {
        Some(Known::Value(programs)) if !programs.is_empty() => {
            if policy.include_users.is_none() {
                never = never.or(Some(Never::Workloads));
            } else {
                fixed = fixed.and(Tri::Maybe);
                doubts.push(Doubt::Condition("clientApplications".to_owned()));
            }
        }
        Some(Known::Unknown(_)) => {
            fixed = fixed.and(Tri::Maybe);
            doubts.push(Doubt::Condition("clientApplications".to_owned()));
        }
        _ => {}
    }
    let person = policy::person(directory, subject, groups, policy);
    for (judged, why) in [person, policy::application(&question.application, policy)] {
        fixed = fixed.and(judged.so);
        // What is certain all the same leaves no doubt.
        doubts.extend(judged.doubts.into_iter().filter(|_| judged.so == Tri::Maybe));
        never = never.or(why);
    }
    match &policy.other_conditions {
        None => {}
        Some(Known::Value(names)) => {
            fixed = fixed.and(Tri::Maybe);
            doubts.extend(names.iter().map(|name| Doubt::Condition(name.to_string())));
        }
        Some(Known::Unknown(_)) => fixed = fixed.and(Tri::Maybe),
    }
    let devices = policy::devices(policy);
    let of_device = match (&devices, &question.device) {
        (Devices::Every, _) => Tri::Yes,
        (Devices::Unread, _) => Tri::Maybe,
        (Devices::Some(rule, include), Some(device)) => {
            let holds = rule.holds(device);
            if *include { holds } else { !holds }
        }
        (Devices::Some(..), None) => Tri::Yes,
    };
    fixed = fixed.and(of_device);
    match of_device {
        Tri::No => never = never.or(Some(Never::Device)),
        Tri::Maybe => doubts.push(Doubt::Device),
        Tri::Yes => {}
    }
    let mut parts = Vec::with_capacity(axes.len());
    for (axis, classes) in axes {
        let part: Vec<Tri> = classes
            .iter()
            .enumerate()
            .map(|(at, class)| match class {
                Class::Client(client) => policy::client(policy, *client),
                Class::Platform(platform) => policy::platform(policy, *platform),
                Class::Risk(risk) if *axis == Axis::SignInRisk => policy::risk(&policy.sign_in_risk, *risk),
                Class::Risk(risk) => policy::risk(&policy.user_risk, *risk),
                Class::Place { .. } => places.holds(policy, at, &mut doubts),
                Class::Rule(so) => match (&devices, axis) {
                    (Devices::Some(own, include), Axis::Rule(rule, _)) if own == rule => {
                        (so == include).into()
                    }
                    _ => Tri::Yes,
                },
            })
            .collect();
        if part.iter().all(|so| *so == Tri::No) {
            never = never.or(Some(match axis {
                Axis::Client => Never::Client,
                Axis::Platform => Never::Platform,
                Axis::SignInRisk => Never::SignInRisk,
                Axis::UserRisk => Never::UserRisk,
                Axis::Place => Never::Place,
                Axis::Rule(..) => Never::Device,
            }));
        }
        let named = match axis {
            Axis::Client => "clientAppTypes",
            Axis::Platform => "platforms",
            Axis::SignInRisk => "signInRiskLevels",
            Axis::UserRisk => "userRiskLevels",
            // These tell why by themselves.
            Axis::Place | Axis::Rule(..) => "",
        };
        if !named.is_empty() && part.contains(&Tri::Maybe) {
            doubts.push(Doubt::Condition(named.to_owned()));
        }
        parts.push(part);
    }
    if never.is_some() {
        (fixed, doubts) = (Tri::No, Vec::new());
    }
    doubts.sort_unstable();
    doubts.dedup();
    Row { fixed, never, doubts, parts }
}

impl Row {
    fn place(&self, axes: &[(Axis, Vec<Class>)]) -> Where {
        if let Some(never) = self.never {
            return Where::Never(never);
        }
        let mut some = Vec::new();
        for (at, (part, (_, classes))) in self.parts.iter().zip(axes).enumerate() {
            let here: Vec<usize> =
                (0..).zip(part).filter(|(_, so)| **so != Tri::No).map(|(at, _)| at).collect();
            if here.len() < classes.len() {
                some.push((at, here));
            }
        }
        if some.is_empty() { Where::Always } else { Where::Some(some) }
    }
}

/// The places that policies name.
struct Places<'e> {
    directory_whole: bool,
    by_id: HashMap<String, &'e NamedLocation>,
    all: Vec<&'e NamedLocation>,
    classes: Vec<PlaceClass<'e>>,
    by_trust: bool,
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
    fn new(directory: &Directory<'e>, policies: &[&AccessPolicy], question: &Question) -> Self {
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

    fn classes(&self) -> Vec<Class> {
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
    fn holds(&self, policy: &AccessPolicy, at: usize, doubts: &mut Vec<Doubt>) -> Tri {
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

/// Policies that are certainly left, then those that may be, as bits.
type State = Box<[u64]>;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Node {
    End(Demand),
    /// The axis, and for each further node the classes that lead there.
    Branch(usize, Vec<(Vec<usize>, usize)>),
}

struct Diagram<'a> {
    rows: &'a [Row],
    strict: Vec<Strictness>,
    by_policy: bool,
    /// The policies in force, or perhaps.
    enforced: Vec<usize>,
    /// For each axis and class the policies that are for it: certainly, then perhaps.
    masks: Vec<Vec<State>>,
    width: usize,
    known: HashMap<(usize, State), usize>,
    numbers: HashMap<Node, usize>,
    nodes: Vec<Node>,
}

impl<'a> Diagram<'a> {
    fn new(
        policies: &[PolicyAnswer<'_>],
        rows: &'a [Row],
        axes: &[(Axis, Vec<Class>)],
        controls: &[Controls],
        by_policy: bool,
    ) -> Self {
        let enforced: Vec<usize> = (0..)
            .zip(policies)
            .filter(|(_, answer)| matches!(answer.state, PolicyState::On | PolicyState::Unknown))
            .filter(|(_, answer)| !matches!(answer.applies, Where::Never(_)))
            .map(|(at, _)| at)
            .collect();
        // One more bit: whether the client is one that can prove nothing.
        let width = (enforced.len() + 1).div_ceil(64);
        let strict = enforced
            .iter()
            .map(|at| controls.get(*at).map_or(Strictness::NOTHING, Controls::strictness))
            .collect();
        let mut diagram = Self {
            rows,
            strict,
            by_policy,
            enforced,
            masks: Vec::new(),
            width,
            known: HashMap::new(),
            numbers: HashMap::new(),
            nodes: Vec::new(),
        };
        diagram.masks = (0..axes.len())
            .map(|axis| {
                let classes = axes.get(axis).map_or(0, |(_, classes)| classes.len());
                let legacy = |class: usize| match axes.get(axis).and_then(|(_, classes)| classes.get(class)) {
                    Some(Class::Client(client)) => matches!(client, Client::ActiveSync | Client::Legacy),
                    _ => true,
                };
                (0..classes)
                    .map(|class| {
                        let so = |row: &Row| row.parts.get(axis).and_then(|part| part.get(class)).copied();
                        diagram.mask(so, legacy(class))
                    })
                    .collect()
            })
            .collect();
        diagram
    }

    fn mask(&self, so: impl Fn(&Row) -> Option<Tri>, legacy: bool) -> State {
        let mut mask = vec![0_u64; 2 * self.width];
        let last = self.enforced.len();
        if let Some(word) = mask.get_mut(last / 64).filter(|_| legacy) {
            *word |= 1 << (last % 64);
        }
        for (bit, row) in
            self.enforced.iter().enumerate().filter_map(|(bit, at)| Some((bit, self.rows.get(*at)?)))
        {
            let so = so(row).unwrap_or(Tri::Maybe);
            let mut set = |word: usize| {
                if let Some(word) = mask.get_mut(word) {
                    *word |= 1 << (bit % 64);
                }
            };
            if so == Tri::Yes {
                set(bit / 64);
            }
            if so != Tri::No {
                set(self.width + bit / 64);
            }
        }
        mask.into()
    }

    fn number(&mut self, node: Node) -> usize {
        let next = self.nodes.len();
        let number = *self.numbers.entry(node.clone()).or_insert(next);
        if number == next {
            self.nodes.push(node);
        }
        number
    }

    fn build(&mut self, axis: usize, state: &State) -> Result<usize, TooManyCases> {
        if let Some(known) = self.known.get(&(axis, state.clone())) {
            return Ok(*known);
        }
        if self.known.len() >= CASES {
            return Err(TooManyCases);
        }
        let number = if axis == self.masks.len() {
            let demand = self.demand(state);
            self.number(Node::End(demand))
        } else {
            let mut next: Vec<(State, Vec<usize>)> = Vec::new();
            let mut at: HashMap<State, usize> = HashMap::new();
            for (class, mask) in self.masks.get(axis).into_iter().flatten().enumerate() {
                let left: State = state.iter().zip(mask).map(|(state, mask)| state & mask).collect();
                let place = *at.entry(left.clone()).or_insert(next.len());
                match next.get_mut(place) {
                    Some((_, classes)) => classes.push(class),
                    None => next.push((left, vec![class])),
                }
            }
            let mut edges: Vec<(Vec<usize>, usize)> = Vec::new();
            for (left, classes) in next {
                let to = self.build(axis + 1, &left)?;
                match edges.iter_mut().find(|(_, same)| *same == to) {
                    Some((all, _)) => all.extend(classes),
                    None => edges.push((classes, to)),
                }
            }
            for (classes, _) in &mut edges {
                classes.sort_unstable();
            }
            match edges.as_slice() {
                [(_, only)] => *only,
                _ => self.number(Node::Branch(axis, edges)),
            }
        };
        self.known.insert((axis, state.clone()), number);
        Ok(number)
    }

    fn demand(&self, state: &State) -> Demand {
        let (must, may) = state.split_at(self.width.min(state.len()));
        let bit =
            |words: &[u64], bit: usize| words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1);
        let left =
            |words: &[u64]| -> Vec<usize> { (0..self.enforced.len()).filter(|at| bit(words, *at)).collect() };
        let certain = left(must);
        let possible: Vec<usize> = left(may).into_iter().filter(|bit| !certain.contains(bit)).collect();
        let strict = |all: &[usize]| {
            all.iter().filter_map(|bit| self.strict.get(*bit).copied()).collect::<Vec<_>>().into_iter()
        };
        let mut together = Strictness::together(strict(&certain), strict(&possible));
        if bit(must, self.enforced.len()) {
            together = together.of_legacy_clients();
        }
        let blocks = |bit: &usize| self.strict.get(*bit).is_some_and(|one| one.blocked == Tri::Yes);
        let blocking: Vec<usize> = certain.iter().copied().filter(blocks).collect();
        // Where nobody gets in, what else is demanded does not matter.
        if together.blocked == Tri::Yes {
            together = Strictness { blocked: Tri::Yes, ..Strictness::NOTHING };
        }
        let (certain, possible) = match (self.by_policy, blocking.is_empty()) {
            (false, _) => (Vec::new(), Vec::new()),
            (true, false) => (blocking, Vec::new()),
            (true, true) => (certain, possible),
        };
        let numbers =
            |bits: Vec<usize>| bits.into_iter().filter_map(|bit| self.enforced.get(bit).copied()).collect();
        Demand { strict: together, certain: numbers(certain), possible: numbers(possible) }
    }

    fn outcomes(mut self) -> Result<Vec<(Demand, Vec<Region>)>, TooManyCases> {
        let start = self.mask(|row| Some(row.fixed), true);
        let root = self.build(0, &start)?;
        let mut found: Vec<(Demand, Vec<Region>)> = Vec::new();
        let mut count = 0;
        let mut left: Vec<(usize, Region)> = vec![(root, Vec::new())];
        while let Some((node, region)) = left.pop() {
            match self.nodes.get(node) {
                None => {}
                Some(Node::End(demand)) => {
                    count += 1;
                    if count > REGIONS {
                        return Err(TooManyCases);
                    }
                    match found.iter_mut().find(|(same, _)| same == demand) {
                        Some((_, regions)) => regions.push(region),
                        None => found.push((demand.clone(), vec![region])),
                    }
                }
                Some(Node::Branch(axis, edges)) => {
                    for (classes, to) in edges {
                        let mut longer = region.clone();
                        longer.push((*axis, classes.clone()));
                        left.push((*to, longer));
                    }
                }
            }
        }
        for (_, regions) in &mut found {
            regions.sort();
        }
        found.sort();
        Ok(found)
    }
}
