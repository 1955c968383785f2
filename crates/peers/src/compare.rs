//! What others say, put beside what we say.
//!
//! INVARIANT: every result of every report is told once: as a pair, as a rule without a check of ours, or as one that belongs to no
//! resource that we know. Ours that no other tool finds are told, too.

use std::collections::{HashMap, HashSet};

use crate::defender::is_code;
use crate::own::{Own, OwnStatus};
use crate::row::{Report, Row, Subject, Verdict};
use crate::rules::{Asked, Likeness, Maker, PASS_TELLS_NOTHING, RULES, Rule, Scope, rule};

/// How what they say of a resource stands to what we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// They pass what we find.
    TheyPass,
    /// They find what we pass.
    WePass,
    /// They pass what we find and the team lives with.
    TheyPassSuppressed,
    /// Theirs asks something near what ours asks, and the two differ.
    Otherwise,
    /// They find what we cannot tell.
    WeCannotTell,
    /// They find it, and our check says nothing of this resource.
    OnlyThey,
    /// Both find it.
    Both,
    /// Both pass it.
    BothPass,
    /// They pass, and we do not say so: unknown, or nothing.
    OnlyTheyPass,
    /// They leave it open.
    TheyLeaveOpen,
}

impl Kind {
    /// Every kind, the most worth looking at first.
    pub const ALL: [Self; 10] = [
        Self::TheyPass,
        Self::WePass,
        Self::Otherwise,
        Self::TheyPassSuppressed,
        Self::WeCannotTell,
        Self::OnlyThey,
        Self::Both,
        Self::BothPass,
        Self::OnlyTheyPass,
        Self::TheyLeaveOpen,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::TheyPass => "they_pass_we_find",
            Self::WePass => "they_find_we_pass",
            Self::TheyPassSuppressed => "they_pass_we_suppress",
            Self::Otherwise => "judged_otherwise",
            Self::WeCannotTell => "they_find_we_cannot_tell",
            Self::OnlyThey => "only_they_find",
            Self::Both => "both_find",
            Self::BothPass => "both_pass",
            Self::OnlyTheyPass => "only_they_pass",
            Self::TheyLeaveOpen => "they_leave_open",
        }
    }

    /// Whether one of the two must be wrong, or they judge different things.
    pub fn is_contradiction(self) -> bool {
        matches!(self, Self::TheyPass | Self::WePass)
    }
}

/// A result of theirs beside what we say.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    /// The report, by its place in the list.
    pub report: usize,
    /// What they say.
    pub row: &'a Row,
    /// How both stand.
    pub kind: Kind,
    /// The checks that judge the same.
    pub codes: Vec<&'static str>,
    /// The resource, as we write its id where we know it.
    pub resource: &'a str,
    /// Whether it was told by its name alone.
    pub by_name: bool,
    /// What we say: the first of it.
    pub ours: Vec<&'a Own>,
    /// How much there is of it.
    pub ours_count: usize,
}

/// How much of ours is shown for one result of theirs: for a rule about a whole subscription there may be thousands.
const SHOWN: usize = 20;

/// A rule of theirs that no check of ours judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoCheck<'a> {
    /// The report, by its place in the list.
    pub report: usize,
    /// The rule.
    pub rule: &'a str,
    /// What it is about.
    pub title: &'a str,
    /// How often it fails, passes, is left open.
    pub fail: u64,
    /// Passes.
    pub pass: u64,
    /// Left open.
    pub open: u64,
}

/// A result that belongs to no resource that we know.
#[derive(Clone, Debug)]
pub struct Unmatched<'a> {
    /// The report, by its place in the list.
    pub report: usize,
    /// What they say.
    pub row: &'a Row,
    /// The checks that judge the same.
    pub codes: Vec<&'static str>,
    /// Why it belongs to none.
    pub why: Why,
}

/// Why a result belongs to no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It tells no resource.
    NoName,
    /// The input holds no such resource.
    NotThere,
    /// Several resources have the name.
    Several,
}

impl Why {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoName => "names_no_resource",
            Self::NotThere => "not_in_the_input",
            Self::Several => "several_of_this_name",
        }
    }
}

/// Everything put side by side.
#[derive(Clone, Debug, Default)]
pub struct Comparison<'a> {
    /// What rules of theirs with checks of ours say, in the order of the files.
    pub pairs: Vec<Pair<'a>>,
    /// What only we find, in our order: with whether one of the tools has a rule for it.
    pub only_ours: Vec<(&'a Own, bool)>,
    /// Rules that no check of ours judges, in the order of the files.
    pub no_check: Vec<NoCheck<'a>>,
    /// What belongs to no resource.
    pub unmatched: Vec<Unmatched<'a>>,
}

/// Our side.
#[derive(Clone, Copy)]
pub struct Ours<'a> {
    /// What our checks say.
    pub own: &'a [Own],
    /// Every check that there is.
    pub codes: &'a [&'static str],
    /// Assessments of Defender with the checks that judge the same.
    pub keys: &'a [(&'a str, &'static str)],
    /// Whether the input mentions an id.
    pub known: &'a dyn Fn(&str) -> bool,
}

/// Puts reports beside what we say.
pub fn compare<'a>(ours: &Ours<'a>, reports: &'a [Report]) -> Comparison<'a> {
    let own = ours.own;
    let index = Index::new(own);
    let mut result = Comparison::default();
    let mut found = vec![false; own.len()];
    let mut asked: Vec<&'static str> = Vec::new();
    let mut told: HashSet<(usize, &str, Verdict, bool, &Subject)> = HashSet::new();
    let mut places: HashMap<(usize, &'a str), usize> = HashMap::new();
    for (number, report) in reports.iter().enumerate() {
        let foreign = index.foreign(report, ours.known);
        for row in &report.rows {
            // Some tools write a result for each requirement of each catalogue.
            let names_nothing = row.subject == Subject::of("", None);
            if !names_nothing && !told.insert((number, &*row.rule, row.verdict, row.muted, &row.subject)) {
                continue;
            }
            let Some(judged) = Judged::of(row, ours) else {
                let place = *places.entry((number, &row.rule)).or_insert_with(|| {
                    let (rule, title) = (&*row.rule, &*row.title);
                    result.no_check.push(NoCheck { report: number, rule, title, fail: 0, pass: 0, open: 0 });
                    result.no_check.len() - 1
                });
                if let Some(counts) = result.no_check.get_mut(place) {
                    *match row.verdict {
                        Verdict::Fail => &mut counts.fail,
                        Verdict::Pass => &mut counts.pass,
                        Verdict::Open => &mut counts.open,
                    } += 1;
                }
                continue;
            };
            asked.extend(
                judged.codes.iter().filter(|code| !asked.contains(code)).copied().collect::<Vec<_>>(),
            );
            let elsewhere = judged.scope == Scope::Anything && foreign.contains(&row.tenant.as_deref());
            let place = if elsewhere { Err(Why::NotThere) } else { index.place(row, &judged, ours.known) };
            match place {
                Err(why) => {
                    result.unmatched.push(Unmatched { report: number, row, codes: judged.codes, why });
                }
                Ok((resource, by_name)) => {
                    let numbers = index.about(resource, &judged);
                    let (kind, shown) = stand(row.verdict, &judged, own, &numbers);
                    let (kind, shown) = index.settled(kind, shown, &judged, by_name);
                    if matches!(kind, Kind::Both | Kind::TheyPass) || told_otherwise(kind, row.verdict) {
                        for number in &shown {
                            if let Some(found) = found.get_mut(*number) {
                                *found = true;
                            }
                        }
                    }
                    let ours = shown.iter().take(SHOWN).filter_map(|number| own.get(*number)).collect();
                    let ours_count = shown.len();
                    let codes = judged.codes;
                    result.pairs.push(Pair {
                        report: number,
                        row,
                        kind,
                        codes,
                        resource,
                        by_name,
                        ours,
                        ours_count,
                    });
                }
            }
        }
    }
    for (report, keys) in reports.iter().map(|report| (report, ours.keys)) {
        let Some(maker) = Maker::of_tool(&report.tool) else { continue };
        let rules = RULES.iter().filter(|rule| rule.maker() == maker && rule.likeness == Likeness::Same);
        asked.extend(rules.flat_map(|rule| rule.codes).copied());
        asked.extend(keys.iter().filter(|_| maker == Maker::Defender).map(|(_, code)| *code));
    }
    let left = own.iter().zip(found).filter(|(one, found)| one.status == OwnStatus::Fail && !found);
    result.only_ours = left.map(|(one, _)| (one, asked.contains(&one.code))).collect();
    result
}

/// Whether an id is of a type; any is where it is not told.
fn is_of(id: &str, of: &str) -> bool {
    let Some((provider, kinds)) = of.split_once('/') else { return of.is_empty() };
    let lower = id.to_lowercase();
    let Some((_, rest)) = lower.rsplit_once("/providers/") else { return false };
    let mut parts = rest.split('/');
    let own = parts.next() == Some(provider);
    // Types and names take turns.
    let types: Vec<&str> = parts.step_by(2).collect();
    own && types.join("/") == kinds
}

/// A rule near ours that passes what we find is beside our finding, too.
fn told_otherwise(kind: Kind, verdict: Verdict) -> bool {
    kind == Kind::TheyPassSuppressed || (kind == Kind::Otherwise && verdict == Verdict::Pass)
}

/// What a rule of theirs is held against.
struct Judged {
    codes: Vec<&'static str>,
    open: Option<Asked>,
    scope: Scope,
    likeness: Likeness,
    /// Whether a check may pass and tell nothing by that.
    by_table: bool,
}

impl Judged {
    fn of(row: &Row, ours: &Ours<'_>) -> Option<Self> {
        let id = &*row.rule;
        if let Some(Rule { codes, open, scope, likeness, only, .. }) = rule(id) {
            if only.is_some_and(|only| !row.subject.may_end_in(only)) {
                return None;
            }
            let (codes, open, scope, likeness) = (codes.to_vec(), *open, *scope, *likeness);
            return Some(Self { codes, open, scope, likeness, by_table: true });
        }
        let keys = ours.keys.iter();
        let mut codes: Vec<&'static str> =
            keys.filter(|(key, _)| key.eq_ignore_ascii_case(id)).map(|(_, code)| *code).collect();
        // Our own report, of another day or another team.
        if codes.is_empty() && is_code(id) {
            codes.extend(ours.codes.iter().find(|code| **code == id));
        }
        codes.sort_unstable();
        codes.dedup();
        let (scope, likeness) = (Scope::Same, Likeness::Same);
        (!codes.is_empty()).then_some(Self { codes, open: None, scope, likeness, by_table: false })
    }
}

/// How a verdict of theirs stands to what we say, and what of ours is shown for it.
fn stand(verdict: Verdict, judged: &Judged, own: &[Own], numbers: &[usize]) -> (Kind, Vec<usize>) {
    let of = |wanted: &dyn Fn(&Own) -> bool| -> Vec<usize> {
        numbers.iter().copied().filter(|number| own.get(*number).is_some_and(wanted)).collect()
    };
    let found = of(&|one| one.status.is_found());
    let (certain, perhaps): (Vec<usize>, Vec<usize>) = match judged.open {
        None => (found.clone(), Vec::new()),
        // A finding that does not tell what is open may be about this.
        Some(asked) => {
            let holds = |one: &Own| one.opens.iter().flatten().any(|open| asked.is_in(open));
            (
                of(&|one| one.status.is_found() && holds(one)),
                of(&|one| one.status.is_found() && one.opens.is_none()),
            )
        }
    };
    let unknown = of(&|one| one.status == OwnStatus::Unknown);
    let pass = of(&|one| one.status == OwnStatus::Pass);
    let whole = found.is_empty() && unknown.is_empty() && !pass.is_empty();
    let tells = |one: &Own| !judged.by_table || !PASS_TELLS_NOTHING.contains(&one.code);
    let refutes = whole && pass.iter().all(|number| own.get(*number).is_some_and(tells));
    let lived_with = of(&|one| one.status == OwnStatus::Fail).is_empty();
    match verdict {
        Verdict::Open => (Kind::TheyLeaveOpen, if certain.is_empty() { perhaps } else { certain }),
        Verdict::Fail if !certain.is_empty() => (Kind::Both, certain),
        Verdict::Fail if !perhaps.is_empty() => (Kind::Both, perhaps),
        Verdict::Fail if !unknown.is_empty() => (Kind::WeCannotTell, unknown),
        Verdict::Fail if refutes => (Kind::WePass, pass),
        Verdict::Fail => (Kind::OnlyThey, found),
        Verdict::Pass if !certain.is_empty() && lived_with => (Kind::TheyPassSuppressed, certain),
        Verdict::Pass if !certain.is_empty() => (Kind::TheyPass, certain),
        Verdict::Pass if whole => (Kind::BothPass, pass),
        Verdict::Pass => (Kind::OnlyTheyPass, unknown),
    }
}

/// What we say, by check and by resource.
struct Index<'a> {
    by_resource: HashMap<(&'static str, String), Vec<usize>>,
    by_subscription: HashMap<(&'static str, String), Vec<usize>>,
    by_code: HashMap<&'static str, Vec<usize>>,
    /// By every id that one begins with, for the checks that are asked so.
    by_ancestor: HashMap<(&'static str, String), Vec<usize>>,
    /// Ids by the last part of them, in lower case, each once.
    by_name: HashMap<String, Vec<&'a str>>,
    /// Each id as we write it.
    written: HashMap<String, &'a str>,
    /// Checks that the input has nothing for.
    not_assessed: HashMap<&'static str, usize>,
    /// The subscriptions of everything that we speak of, in lower case.
    subscriptions: HashSet<String>,
}

impl<'a> Index<'a> {
    fn new(own: &'a [Own]) -> Self {
        let mut index = Self {
            by_resource: HashMap::new(),
            by_subscription: HashMap::new(),
            by_code: HashMap::new(),
            by_ancestor: HashMap::new(),
            by_name: HashMap::new(),
            written: HashMap::new(),
            not_assessed: HashMap::new(),
            subscriptions: HashSet::new(),
        };
        for (number, one) in own.iter().enumerate() {
            if one.status == OwnStatus::NotAssessed {
                index.not_assessed.insert(one.code, number);
                continue;
            }
            index.by_code.entry(one.code).or_default().push(number);
            if RULES.iter().any(|rule| rule.scope == Scope::Within && rule.codes.contains(&one.code)) {
                let lower = one.resource.to_lowercase();
                let ends = lower.match_indices('/').map(|(end, _)| end).chain([lower.len()]);
                for above in ends.filter_map(|end| lower.get(..end)).filter(|above| !above.is_empty()) {
                    index.by_ancestor.entry((one.code, above.to_owned())).or_default().push(number);
                }
            }
            let ids = [&one.resource].into_iter().chain(&one.touches);
            for id in ids {
                let lower = id.to_lowercase();
                let all = index.by_resource.entry((one.code, lower.clone())).or_default();
                if all.last() != Some(&number) {
                    all.push(number);
                }
                if index.written.insert(lower.clone(), id).is_none() {
                    let name = lower.rsplit('/').next().unwrap_or_default().to_owned();
                    index.by_name.entry(name).or_default().push(id);
                }
            }
            if let Some(subscription) = subscription(&one.resource) {
                if !index.subscriptions.contains(&subscription) {
                    index.subscriptions.insert(subscription.clone());
                }
                index.by_subscription.entry((one.code, subscription)).or_default().push(number);
            }
        }
        index
    }

    /// Tenants of a report whose subscriptions are none of ours, where it names some. The input does not tell our tenant.
    fn foreign<'r>(&self, report: &'r Report, known: &dyn Fn(&str) -> bool) -> HashSet<Option<&'r str>> {
        let (mut all, mut ours) = (HashSet::new(), HashSet::new());
        for row in &report.rows {
            let Subject::Id(id) = &row.subject else { continue };
            let Some(name) = subscription(id) else { continue };
            all.insert(row.tenant.as_deref());
            if self.subscriptions.contains(&name) || known(&format!("/subscriptions/{name}")) {
                ours.insert(row.tenant.as_deref());
            }
        }
        all.retain(|tenant| !ours.contains(tenant));
        all
    }

    /// The same where checks were not assessed, or judge something near only.
    /// A resource that its name alone tells may be another one: a difference about it refutes nothing.
    fn settled(&self, kind: Kind, shown: Vec<usize>, judged: &Judged, by_name: bool) -> (Kind, Vec<usize>) {
        let untold = || -> Vec<usize> {
            judged.codes.iter().filter_map(|code| self.not_assessed.get(code)).copied().collect()
        };
        match kind {
            Kind::OnlyThey | Kind::WePass if !untold().is_empty() => (Kind::WeCannotTell, untold()),
            _ if kind.is_contradiction()
                && (judged.likeness == Likeness::Related || by_name && judged.scope != Scope::Anything) =>
            {
                (Kind::Otherwise, shown)
            }
            _ => (kind, shown),
        }
    }

    /// The resource that a result is about, and whether its name alone tells it.
    fn place(
        &self,
        row: &'a Row,
        judged: &Judged,
        known: &dyn Fn(&str) -> bool,
    ) -> Result<(&'a str, bool), Why> {
        let (names, of) = match &row.subject {
            Subject::Id(id) => {
                let own = self.written.get(&id.to_lowercase()).copied();
                // A subscription or a watcher of networks needs no finding of its own to hold some, just to be one of ours.
                let ours = |name: String| {
                    self.subscriptions.contains(&name) || known(&format!("/subscriptions/{name}"))
                };
                let held = judged.scope != Scope::Same
                    && subscription(id).map_or(judged.scope == Scope::Anything, ours);
                return match own {
                    Some(id) => Ok((id, false)),
                    None if held || known(id) => Ok((id, false)),
                    None => Err(Why::NotThere),
                };
            }
            Subject::Named { names, of, .. } => (names, of),
        };
        if judged.scope == Scope::Anything {
            return Ok((names.first().map_or("", |name| name), true));
        }
        if names.is_empty() {
            return Err(Why::NoName);
        }
        let mut why = Why::NotThere;
        for name in names {
            let Some(all) = self.by_name.get(&name.to_lowercase()) else { continue };
            let ids: Vec<&str> = all.iter().copied().filter(|id| is_of(id, of)).collect();
            if ids.is_empty() {
                continue;
            }
            let judged: Vec<&&str> = ids.iter().filter(|id| !self.about(id, judged).is_empty()).collect();
            match (judged.as_slice(), ids.as_slice()) {
                ([id], _) => return Ok((id, true)),
                ([], [id]) => return Ok((id, true)),
                _ => why = Why::Several,
            }
        }
        Err(why)
    }

    /// What we say of a resource, in our order.
    fn about(&self, resource: &str, judged: &Judged) -> Vec<usize> {
        let lower = resource.to_lowercase();
        let mut all: Vec<usize> = Vec::new();
        for code in &judged.codes {
            let found = match judged.scope {
                Scope::Same => self.by_resource.get(&(*code, lower.clone())),
                Scope::Within => self.by_ancestor.get(&(*code, lower.clone())),
                Scope::Anything => self.by_code.get(code),
                Scope::Subscription => {
                    subscription(&lower).and_then(|name| self.by_subscription.get(&(*code, name)))
                }
            };
            all.extend(found.into_iter().flatten());
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The subscription of an id, in lower case.
fn subscription(id: &str) -> Option<String> {
    let mut parts = id.split('/').filter(|part| !part.is_empty());
    parts.next().filter(|word| word.eq_ignore_ascii_case("subscriptions"))?;
    parts.next().map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own::{Open, Protocol};
    use crate::row::Form;

    const VM: &str = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web1";
    const NSG: &str =
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/g";

    fn own(code: &'static str, status: OwnStatus, resource: &str, ports: &[u16]) -> Own {
        Own {
            code,
            id: None,
            status,
            resource: resource.to_owned(),
            touches: if resource == VM { vec![NSG.to_owned()] } else { Vec::new() },
            opens: (!ports.is_empty()).then(|| ports.iter().map(|port| tcp(*port)).collect()),
            message: String::new(),
            settled_by: None,
        }
    }

    fn tcp(port: u16) -> Open {
        Open { protocol: Protocol::Tcp, first: port, last: port }
    }

    fn ours<'a>(own: &'a [Own], known: &'a dyn Fn(&str) -> bool) -> Ours<'a> {
        Ours { own, codes: &["ACC002", "DEF003"], keys: &[("KEY", "JIT002")], known }
    }

    fn row(rule: &str, verdict: Verdict, subject: &str) -> Row {
        let subject = match subject.strip_prefix("name:") {
            Some(name) => Subject::Named { names: vec![name.into()], of: "".into(), place: "a.tf:1".into() },
            None => Subject::of(subject, None),
        };
        Row {
            rule: rule.into(),
            title: "".into(),
            verdict,
            muted: false,
            tenant: None,
            subject,
            message: "".into(),
            at: 1,
        }
    }

    fn report(rows: Vec<Row>) -> Vec<Report> {
        let (tool, form) = ("T".to_owned(), Form::Ocsf);
        vec![Report { tool, version: None, form, rows, skipped: 0, first_skipped: None }]
    }

    /// The one kind, or why there is none.
    fn kind(own: &[Own], row: Row) -> Result<Kind, Why> {
        let reports = report(vec![row]);
        let compared = compare(&ours(own, &|_| false), &reports);
        match (compared.pairs.first(), compared.unmatched.first()) {
            (Some(pair), None) => Ok(pair.kind),
            (None, Some(row)) => Err(row.why),
            _ => panic!("{compared:?}"),
        }
    }

    #[test]
    fn verdicts_stand_side_by_side() {
        use OwnStatus::{Fail, NotAssessed, Pass, Suppressed, Unknown};
        let check = |status: OwnStatus, verdict: Verdict, expected: Kind| {
            let ours = [own("ACC002", status, VM, &[]), own("JIT002", status, VM, &[])];
            let named = row("vm_linux_enforce_ssh_authentication", verdict, &VM.to_lowercase());
            assert_eq!(kind(&ours, named), Ok(expected));
            assert_eq!(kind(&ours, row("key", verdict, VM)), Ok(expected));
        };
        check(Fail, Verdict::Fail, Kind::Both);
        check(Suppressed, Verdict::Fail, Kind::Both);
        check(Unknown, Verdict::Fail, Kind::WeCannotTell);
        check(Pass, Verdict::Fail, Kind::WePass);
        check(Fail, Verdict::Pass, Kind::TheyPass);
        check(Suppressed, Verdict::Pass, Kind::TheyPassSuppressed);
        assert!(!Kind::TheyPassSuppressed.is_contradiction());
        check(Unknown, Verdict::Pass, Kind::OnlyTheyPass);
        check(Pass, Verdict::Pass, Kind::BothPass);
        check(Fail, Verdict::Open, Kind::TheyLeaveOpen);
        // A check that was not assessed says so, and not nothing.
        let ours = [own("ACC002", NotAssessed, "", &[]), own("JIT002", Pass, VM, &[])];
        assert_eq!(kind(&ours, row("CKV_AZURE_1", Verdict::Fail, VM)), Ok(Kind::WeCannotTell));
        assert_eq!(kind(&ours, row("CKV_AZURE_1", Verdict::Pass, VM)), Ok(Kind::OnlyTheyPass));
    }

    #[test]
    fn a_rule_that_asks_something_near_never_contradicts() {
        use OwnStatus::{Fail, Pass};
        let check = |status: OwnStatus, verdict: Verdict, expected: Kind| {
            let ours = [own("JIT001", status, VM, &[])];
            assert_eq!(kind(&ours, row("vm_jit_access_enabled", verdict, VM)), Ok(expected));
        };
        check(Fail, Verdict::Fail, Kind::Both);
        check(Pass, Verdict::Pass, Kind::BothPass);
        check(Pass, Verdict::Fail, Kind::Otherwise);
        check(Fail, Verdict::Pass, Kind::Otherwise);
        assert!(!Kind::Otherwise.is_contradiction());
        // One machine's backups beside those of all others.
        let ours = [own("BKP006", Fail, "/subscriptions/s/x/policies/p", &[]), own("BKP001", Pass, VM, &[])];
        let one = row("vm_sufficient_daily_backup_retention_period", Verdict::Pass, VM);
        assert_eq!(kind(&ours, one), Ok(Kind::Otherwise));
    }

    #[test]
    fn a_rule_for_a_port_is_about_that_port() {
        let ours = [own("NET001", OwnStatus::Fail, VM, &[3389]), own("NET007", OwnStatus::Pass, NSG, &[])];
        let check = |rule: &str, verdict: Verdict, expected: Kind| {
            assert_eq!(kind(&ours, row(rule, verdict, NSG)), Ok(expected), "{rule}");
        };
        check("network_rdp_internet_access_restricted", Verdict::Fail, Kind::Both);
        check("network_rdp_internet_access_restricted", Verdict::Pass, Kind::TheyPass);
        check("CKV_AZURE_10", Verdict::Fail, Kind::OnlyThey);
        check("CKV_AZURE_10", Verdict::Pass, Kind::OnlyTheyPass);
        // A group that exposes something today passes NET007: that says nothing of this port.
        let exposes = [own("NET007", OwnStatus::Pass, NSG, &[])];
        assert_eq!(kind(&exposes, row("CKV_AZURE_10", Verdict::Fail, NSG)), Ok(Kind::OnlyThey));
        assert_eq!(kind(&exposes, row("CKV_AZURE_10", Verdict::Pass, NSG)), Ok(Kind::BothPass));
        // What would be let in tells its ports, and TCP is no UDP.
        let latent = [own("NET007", OwnStatus::Fail, NSG, &[22])];
        let ask = |rule: &str, verdict: Verdict| kind(&latent, row(rule, verdict, NSG));
        assert_eq!(ask("CKV_AZURE_10", Verdict::Fail), Ok(Kind::Both));
        assert_eq!(ask("CKV_AZURE_10", Verdict::Pass), Ok(Kind::TheyPass));
        assert_eq!(ask("CKV_AZURE_9", Verdict::Fail), Ok(Kind::OnlyThey));
        assert_eq!(ask("CKV_AZURE_77", Verdict::Fail), Ok(Kind::OnlyThey));
        assert_eq!(ask("AZU-0047", Verdict::Fail), Ok(Kind::Both));
        // Which ports are for management may be set: then it is any other port.
        let other = [own("NET002", OwnStatus::Fail, VM, &[22])];
        assert_eq!(kind(&other, row("CKV_AZURE_10", Verdict::Fail, NSG)), Ok(Kind::Both));
        let latent = [own("NET007", OwnStatus::Fail, NSG, &[])];
        let ssh = |verdict| kind(&latent, row("CKV_AZURE_10", verdict, NSG));
        assert_eq!(ssh(Verdict::Fail), Ok(Kind::Both));
        assert_eq!(ssh(Verdict::Pass), Ok(Kind::OnlyTheyPass), "it may be about another port");
    }

    #[test]
    fn wider_rules_hold_what_is_below() {
        let ours = [
            own("NET019", OwnStatus::Fail, VM, &[]),
            own("DEF003", OwnStatus::Pass, "/subscriptions/s", &[]),
        ];
        let bastion = |subject: &str| kind(&ours, row("network_bastion_host_exists", Verdict::Fail, subject));
        assert_eq!(bastion("/subscriptions/s"), Ok(Kind::Both));
        assert_eq!(bastion("/subscriptions/other"), Err(Why::NotThere));
        let contact = "/subscriptions/S/providers/Microsoft.Security/securityContacts/default";
        let told = row("defender_ensure_notify_emails_to_owners", Verdict::Fail, contact);
        assert_eq!(kind(&ours, told), Ok(Kind::Otherwise));
        // Plans for others than servers are no rule of ours.
        let plans = [own("DEF001", OwnStatus::Fail, "/subscriptions/s", &[])];
        let plan = |name: &str| {
            let id = format!("/subscriptions/s/providers/Microsoft.Security/pricings/{name}");
            let reports = report(vec![row("CKV_AZURE_19", Verdict::Fail, &id)]);
            let compared = compare(&self::ours(&plans, &|_| false), &reports);
            (compared.pairs.first().map(|pair| pair.kind), compared.no_check.len())
        };
        assert_eq!(plan("VirtualMachines"), (Some(Kind::Both), 0));
        assert_eq!(plan("StorageAccounts"), (None, 1));
        let log = "/subscriptions/s/x/networkWatchers/w/flowLogs/l";
        let ours = [own("NET016", OwnStatus::Fail, log, &[])];
        let watcher =
            |subject: &str| kind(&ours, row("network_flow_log_more_than_90_days", Verdict::Fail, subject));
        assert_eq!(watcher("/subscriptions/s/x/networkWatchers/W"), Ok(Kind::Both));
        assert_eq!(watcher("/subscriptions/s/x/networkWatchers/w2"), Ok(Kind::OnlyThey));
    }

    #[test]
    fn results_of_another_tenant_are_not_compared() {
        let ours = [
            own("CAP002", OwnStatus::Fail, "9d3b1b4e-0000-4000-8000-000000000001", &[]),
            own("ACC002", OwnStatus::Fail, VM, &[]),
        ];
        let check = |subscription: &str, tenant: Option<&str>, expected: usize| {
            let policy = row(
                "entra_conditional_access_policy_require_mfa_for_management_api",
                Verdict::Pass,
                "name:p",
            );
            let of = |row: Row, tenant: &str| Row { tenant: Some(tenant.into()), ..row };
            let mut rows = vec![of(row("CKV_AZURE_1", Verdict::Fail, subscription), "t")];
            rows.push(Row { tenant: tenant.map(Box::from), ..policy });
            let reports = report(rows);
            let compared = compare(&self::ours(&ours, &|_| false), &reports);
            assert_eq!(compared.pairs.iter().filter(|pair| pair.kind == Kind::TheyPass).count(), expected);
        };
        check("/subscriptions/other", Some("t"), 0);
        check("/subscriptions/S", Some("t"), 1);
        check("/subscriptions/other", None, 1);
    }

    #[test]
    fn what_belongs_to_no_resource_is_told() {
        let ours = [own("ACC002", OwnStatus::Fail, VM, &[])];
        let ask = |subject: &str| kind(&ours, row("CKV_AZURE_1", Verdict::Fail, subject));
        assert_eq!(ask("name:WEB1"), Ok(Kind::Both));
        assert_eq!(ask("name:web2"), Err(Why::NotThere));
        assert_eq!(ask(&VM.replace("web1", "web2")), Err(Why::NotThere));
        let nothing = Row { subject: Subject::of("", None), ..row("CKV_AZURE_1", Verdict::Fail, "") };
        assert_eq!(kind(&ours, nothing), Err(Why::NoName));
        let two = [ours[0].clone(), own("ACC002", OwnStatus::Pass, &VM.replace("/rg/", "/rg2/"), &[])];
        assert_eq!(kind(&two, row("CKV_AZURE_1", Verdict::Fail, "name:web1")), Err(Why::Several));
        // Of two of one name the one that the check judges is meant.
        let two = [ours[0].clone(), own("NET013", OwnStatus::Pass, "/subscriptions/s/x/web1", &[])];
        assert_eq!(kind(&two, row("CKV_AZURE_1", Verdict::Fail, "name:web1")), Ok(Kind::Both));
        // What has the name and another type is something else.
        let mut group = row("CKV_AZURE_1", Verdict::Fail, "name:web1");
        if let Subject::Named { of, .. } = &mut group.subject {
            *of = "microsoft.network/networksecuritygroups".into();
        }
        assert_eq!(kind(&two, group), Err(Why::NotThere));
        // What has the name may be something else.
        assert_eq!(kind(&two, row("CKV_AZURE_1", Verdict::Pass, "name:web1")), Ok(Kind::Otherwise));
    }

    #[test]
    fn what_only_one_side_has_is_told() {
        let ours = [
            own("ACC002", OwnStatus::Fail, VM, &[]),
            own("ACC001", OwnStatus::Fail, VM, &[]),
            own("ACC003", OwnStatus::Suppressed, VM, &[]),
        ];
        let mut rows = vec![row("CKV_AZURE_1", Verdict::Fail, "/subscriptions/s/x/other")];
        rows.extend(
            [Verdict::Fail, Verdict::Fail, Verdict::Pass].map(|verdict| row("CKV_AZURE_50", verdict, VM)),
        );
        let reports = report(rows);
        let compared = compare(&self::ours(&ours, &|_| true), &reports);
        let left: Vec<_> = compared.only_ours.iter().map(|(one, asked)| (one.code, *asked)).collect();
        assert_eq!(left, [("ACC002", true), ("ACC001", false)]);
        // A tool that is known has its rules whether or not it told anything by them.
        let mut named = report(Vec::new());
        named.iter_mut().for_each(|one| "Prowler".clone_into(&mut one.tool));
        let compared_by_name = compare(&self::ours(&ours, &|_| true), &named);
        let left: Vec<_> = compared_by_name.only_ours.iter().map(|(one, asked)| (one.code, *asked)).collect();
        assert_eq!(left, [("ACC002", true), ("ACC001", false)]);
        let [one] = compared.no_check.as_slice() else { panic!("{compared:?}") };
        // What is told twice is one result.
        assert_eq!((one.rule, one.fail, one.pass, one.open), ("CKV_AZURE_50", 1, 1, 0));
        assert_eq!(compared.pairs[0].kind, Kind::OnlyThey);
    }
}
