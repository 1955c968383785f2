//! A place that policies trust is as wide as a provider, or the world.

use estate::{AccessPolicy, Feed, Known, NamedLocation};
use reach::{internet, of_space};
use signin::{PolicyState, Tri, Who, state_of};

use super::gets_in::{
    controls, is_for_all_applications, is_for_every_risk, is_for_everybody_somewhere, is_for_modern_clients,
    is_none, may_name, names_any, policy_name, protects, spares_others,
};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP008",
    slug: "wide-trusted-place",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::Medium,
    title: Text { en: "a trusted place that is too wide", ja: "広すぎる「信頼できる場所」" },
    why: Text {
        en: "From there nothing is demanded. A place of more than a few thousand addresses is a provider's or a cloud's: attackers rent one of them for an hour.",
        ja: "この場所からは何も要求されません。数千を超えるアドレスの範囲はプロバイダーやクラウドのものであり、攻撃者はその 1 つを 1 時間単位で借りられます。",
    },
    fix: Text {
        en: "Name the addresses that your offices leave by, one by one, and leave trust to devices where people move about.",
        ja: "拠点の出口のアドレスだけを登録し、移動する利用者については場所ではなくデバイスを条件にしてください。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-7"),
        Reference::Attack("T1556.009"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

/// More addresses than an organisation mostly leaves by.
const WIDE: u128 = 4096;

/// The same of IPv6: the /48 that one organisation mostly gets (RFC 6177).
const WIDE_6: u128 = 1 << 80;

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    for place in &context.estate().around.named_locations {
        sink.take(context, &CHECK, place.id, judge(context, who, place));
    }
}

/// The words by which policies name a place.
fn words<'e>(context: &Context<'e>, place: &NamedLocation) -> Vec<&'e str> {
    let own = context.estate().text(place.id);
    match place.trusted {
        Some(Known::Value(true)) => vec![own, "AllTrusted"],
        _ => vec![own],
    }
}

/// A policy in force that demands something elsewhere and does not look at who comes from a place. Others only let nobody in
/// from elsewhere.
fn sparing<'e>(context: &Context<'e>, place: &NamedLocation) -> Option<&'e AccessPolicy> {
    let words = words(context, place);
    let spares = |policy: &&AccessPolicy| {
        let strict = controls(context, policy).strictness();
        let demands = strict.mfa.or(strict.device).or(strict.either);
        state_of(policy) == PolicyState::On
            && strict.blocked != Tri::Yes
            && demands == Tri::Yes
            && names_any(&policy.exclude_locations, &words)
    };
    let all = context.estate().around.access_policies.iter().filter(spares);
    all.min_by_key(|policy| policy_name(context, policy))
}

/// Whether another policy demands something of everybody who comes from a place, and whom a policy is for.
fn is_covered(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    place: &NamedLocation,
    sparing: &AccessPolicy,
) -> Tri {
    let words = words(context, place);
    let here = |policy: &AccessPolicy| {
        let open = is_none(&policy.include_locations).or(may_name(&policy.include_locations, &["All"]));
        let include = open.or(may_name(&policy.include_locations, &words));
        include.and(!may_name(&policy.exclude_locations, &words))
    };
    let covers = |policy: &AccessPolicy| {
        let always = is_for_every_risk(policy).and(is_for_modern_clients(policy)).and(here(policy));
        let everybody = is_for_everybody_somewhere(policy).and(is_for_all_applications(policy));
        let own = always.and(everybody).and(protects(context, policy));
        if own == Tri::No { own } else { own.and(!spares_others(context, who, policy, sparing)) }
    };
    context.estate().around.access_policies.iter().map(covers).fold(Tri::No, Tri::or)
}

fn judge(context: &Context<'_>, who: &Who<'_, '_>, place: &NamedLocation) -> Judged {
    let Some(policy) = sparing(context, place) else { return Ok(Verdict::NotFor) };
    match is_covered(context, who, place, policy) {
        Tri::Yes => return Ok(Verdict::Pass),
        Tri::Maybe => return Err(vec![estate::Reason::SignInRules]),
        Tri::No => {}
    }
    let name = place.name.as_ref().and_then(Known::value).map(|name| crate::remedy::one_line(name));
    let (name, policy) = (name.unwrap_or_else(|| context.name(place.id)), policy_name(context, policy));
    let Some(ranges) = context.known(&place.ranges)? else {
        let Some(countries) = context.known(&place.countries)?.filter(|all| !all.is_empty()) else {
            return Ok(Verdict::NotFor);
        };
        let countries =
            countries.iter().map(|one| crate::remedy::one_line(one)).collect::<Vec<_>>().join(", ");
        let message = say!(
            context.lang,
            "`{policy}` demands nothing of who comes from `{name}`: whole countries ({countries})",
            "`{policy}` は `{name}` (国全体: {countries}) からのサインインに何も要求しません"
        );
        return Fault::new(message)
            .fact("policy", policy)
            .at_record(place.id, &place.origins, "/countriesAndRegions")
            .verdict();
    };
    let of = |family| of_space(ranges, family).intersection(internet(family)).count();
    let (outside, six) = (of(estate::Family::V4), of(estate::Family::V6));
    if outside <= WIDE && six <= WIDE_6 {
        return Ok(Verdict::Pass);
    }
    let count = crate::exposure::grouped(if outside > WIDE { outside } else { six });
    let message = say!(
        context.lang,
        "`{policy}` demands nothing of who comes from `{name}`: {count} addresses",
        "`{policy}` は `{name}` ({count} アドレス) からのサインインに何も要求しません"
    );
    Fault::new(message)
        .fact("addresses", count)
        .fact("policy", policy)
        .at_record(place.id, &place.origins, "/ipRanges")
        .verdict()
}
