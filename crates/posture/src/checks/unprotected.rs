//! Rights that people use without a second factor, right by right.

use std::collections::{BTreeMap, BTreeSet};

use estate::{Feed, Reason};
use signin::{Door, Held, Holding, SignIn, Standing, Tri, Verdict, Who};

use super::gets_in::{
    From, are_people, cause, doubts, lacks, names, nearest_hole, place, scope_words, shown,
    tell_other_rights, who_it_is, with_names,
};
use crate::check::Check;
use crate::engine::Sink;
use crate::lang::say;
use crate::verdict::Fault;
use crate::view::Context;

/// What people who have a right come to at the doors that it leads through.
#[derive(Default)]
struct Found {
    /// Classes of which nothing is demanded, each with the door.
    open: BTreeSet<(usize, Door)>,
    /// Whether somebody is protected.
    kept: bool,
    reasons: BTreeSet<Reason>,
}

/// Judges each right that `counts` is about; `login` tells whether people sign in to machines by it, or to Azure.
pub(super) fn judge(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    sink: &mut Sink,
    check: &'static Check,
    login: bool,
    counts: impl Fn(&Held) -> bool,
) {
    let (people_untold, doubts) = (lacks(context, Feed::People), doubts(context, who));
    let (rights_untold, machines_untold) = (lacks(context, Feed::Rights), lacks(context, Feed::Machines));
    tell_other_rights(context, check, sink, if login { From::Azure } else { From::Everywhere });
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    for machines in &who.machines {
        // Where nobody can sign in, nobody does without a second factor.
        let ready = if login { machines.ready.so() } else { Tri::Yes };
        if ready == Tri::No {
            continue;
        }
        let doors: Vec<Door> = match (login, machines.door) {
            (false, _) => vec![Door::Azure],
            (true, Some(door)) => vec![door],
            (true, None) => vec![Door::Windows, Door::Linux],
        };
        for holder in who.holders(machines) {
            for held in holder.held.iter().filter(|held| counts(held)) {
                let so = held.now.or(held.taken).and(ready);
                for grant in &held.grants {
                    let found = found.entry(*grant).or_default();
                    let class = match holder.who {
                        Holding::People(class) => class,
                        Holding::Group(group) => {
                            let id = context.estate().text(group).into();
                            found.reasons.insert(Reason::Members { id });
                            continue;
                        }
                    };
                    let Some(people) = who.people.get(class) else { continue };
                    if people.standing == Standing::Unread {
                        found.reasons.insert(who_it_is(context, people.standing));
                        continue;
                    }
                    // Who may not be there, or may not be let in by their account, does not for certain.
                    let untold = people.standing == Standing::Untold || people.enabled.is_none();
                    let somebody = are_people(people.standing) || people.standing == Standing::Untold;
                    if !somebody || people.enabled == Some(false) {
                        continue;
                    }
                    // A grant that may give it does not, where nobody can tell.
                    let so = if held.certain.contains(grant) { so } else { so.min(Tri::Maybe) };
                    for door in &doors {
                        match who.sign_in(class, *door).map_or(Verdict::Unknown, SignIn::least) {
                            Verdict::Nothing | Verdict::Other if untold => {
                                found.reasons.insert(people_untold.clone());
                            }
                            Verdict::Nothing | Verdict::Other if so == Tri::Yes => {
                                found.open.insert((class, *door));
                            }
                            Verdict::Nothing | Verdict::Other => {
                                let ready = ready == Tri::Yes;
                                let reason = if ready { &rights_untold } else { &machines_untold };
                                found.reasons.insert(reason.clone());
                            }
                            Verdict::Unknown => found.reasons.extend(doubts.iter().cloned()),
                            _ => found.kept = true,
                        }
                    }
                }
            }
        }
    }
    for (number, found) in found {
        let Some(grant) = who.grants.get(number) else { continue };
        let place = place(grant);
        if found.open.is_empty() {
            match (found.reasons.is_empty(), found.kept) {
                (false, _) => sink.unknown(check, place, found.reasons.into_iter().collect()),
                (true, true) => sink.pass(context, check, place),
                (true, false) => {}
            }
            continue;
        }
        let lang = context.lang;
        let classes: BTreeSet<usize> = found.open.iter().map(|(class, _)| *class).collect();
        let holes =
            found.open.iter().filter_map(|(class, door)| nearest_hole(context, who.sign_in(*class, *door)?));
        let hole = holes.min();
        let people = names(who, classes);
        let (count, some) = (people.len(), shown(&people, lang));
        let (role, scope) = (crate::remedy::one_line(&grant.role), scope_words(grant.scope, lang));
        let whom = match (login, count) {
            (true, 1) => say!(
                lang,
                "{some} signs in to VMs of {scope} without MFA and without a managed device",
                "{some} は MFA も管理対象デバイスもなしに、{scope} の VM にサインインできます"
            ),
            (true, _) => say!(
                lang,
                "{count} people sign in to VMs of {scope} without MFA and without a managed device: {some}",
                "{count} 人が MFA も管理対象デバイスもなしに、{scope} の VM にサインインできます: {some}"
            ),
            (false, _) => say!(
                lang,
                "no policy demands MFA of {some} to take over VMs of {scope} by Azure",
                "{scope} の VM を Azure から操作できる {some} に、MFA を要求するポリシーがありません"
            ),
        };
        let why = match &hole {
            None => say!(lang, "no policy is for that", "対象とするポリシーがありません"),
            Some((policy, why)) => say!(lang, "the hole in `{policy}`: {why}", "`{policy}` の抜け穴: {why}"),
        };
        let message = say!(lang, "{whom} ({role}); {why}", "{whom} ({role})。{why}");
        let fault = Fault::new(message)
            .because(cause(context, grant))
            .fact("role", role)
            .fact("scope", grant.scope)
            .fact("people", count.to_string());
        // One policy is the root of all that its hole lets through.
        let fault = match hole {
            Some((policy, why)) => {
                let fix = check.fix.of(lang);
                let fix = say!(
                    lang,
                    "Close the hole in `{policy}` first. {fix}",
                    "まず `{policy}` の抜け穴をふさいでください。{fix}"
                );
                fault.fact("policy", policy).fact("hole", why).fix(fix)
            }
            None => fault,
        };
        sink.fail(with_names(fault, people).finding(context, check, place));
    }
}

/// Who may sign in to machines at which door: certainly, or perhaps; and why others may.
pub(super) fn logins(
    context: &Context<'_>,
    who: &Who<'_, '_>,
) -> (BTreeMap<(usize, Door), Tri>, BTreeSet<Reason>) {
    let (mut all, mut others) = (BTreeMap::new(), BTreeSet::new());
    for machines in who.machines.iter().filter(|machines| machines.ready.so() != Tri::No) {
        let doors = machines.door.map_or_else(|| vec![Door::Windows, Door::Linux], |door| vec![door]);
        for holder in who.holders(machines) {
            let held = holder.held.iter().filter(|held| held.means.is_login());
            let so = held.map(|held| held.now.or(held.taken)).fold(Tri::No, Tri::or).and(machines.ready.so());
            if so == Tri::No {
                continue;
            }
            let people = match holder.who {
                Holding::People(class) => who.people.get(class).map(|people| (class, people)),
                Holding::Group(group) => {
                    others.insert(Reason::Members { id: context.estate().text(group).into() });
                    None
                }
            };
            let Some((class, people)) = people else { continue };
            if people.standing == Standing::Unread {
                others.insert(who_it_is(context, people.standing));
            }
            let somebody = are_people(people.standing) || people.standing == Standing::Untold;
            if !somebody || people.enabled == Some(false) {
                continue;
            }
            let certain = people.enabled == Some(true) && are_people(people.standing) && doors.len() == 1;
            let so = if certain { so } else { so.min(Tri::Maybe) };
            for door in &doors {
                let place = all.entry((class, *door)).or_insert(Tri::No);
                *place = so.or(*place);
            }
        }
    }
    (all, others)
}
