//! A place that policies trust is as wide as a provider, or the world.

use estate::{AccessPolicy, Feed, Known, NamedLocation};
use reach::{internet, of_space};
use signin::{PolicyState, state_of};

use super::gets_in::{names_any, policy_name};
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
    run: Run::Estate(Subject::Directory, run),
};

/// More addresses than an organisation mostly leaves by.
const WIDE: u128 = 4096;

/// The same of IPv6: the /48 that one organisation mostly gets (RFC 6177).
const WIDE_6: u128 = 1 << 80;

fn run(context: &Context<'_>, sink: &mut Sink) {
    for place in &context.estate().around.named_locations {
        sink.take(context, &CHECK, place.id, judge(context, place));
    }
}

/// A policy in force that does not look at who comes from a place.
fn sparing<'e>(context: &Context<'e>, place: &NamedLocation) -> Option<&'e AccessPolicy> {
    let id = context.estate().text(place.id);
    let trusted = place.trusted == Some(Known::Value(true));
    let spares = |policy: &&AccessPolicy| {
        let words: &[&str] = if trusted { &[id, "AllTrusted"] } else { &[id] };
        state_of(policy) == PolicyState::On && names_any(&policy.exclude_locations, words)
    };
    let all = context.estate().around.access_policies.iter().filter(spares);
    all.min_by_key(|policy| policy_name(context, policy))
}

fn judge(context: &Context<'_>, place: &NamedLocation) -> Judged {
    let Some(policy) = sparing(context, place) else { return Ok(Verdict::NotFor) };
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
