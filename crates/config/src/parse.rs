//! From the text of a file to what it sets.

use std::collections::BTreeMap;

use posture::{Approved, Day, Lang, Pattern, Severity, Suppression, TagPattern};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, value::Datetime};

use crate::choice::{FailOn, Format};
use crate::fault::{Fault, FaultKind};
use crate::keys::{KEYS, SUPPRESS_KEYS};
use crate::select::{close, named_or_foreign};
use crate::values::{approved_source, by_code, finding_id, language, narrow_enough, severity};

/// A value with the line that it stands on.
#[derive(Clone, Debug, PartialEq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// The line, from one.
    pub line: usize,
}

/// What a file sets. Nothing else than what it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Language of the output.
    pub lang: Option<Set<Lang>>,
    /// Form of the report.
    pub format: Option<Set<Format>>,
    /// From which severity on findings change the exit code.
    pub fail_on: Option<Set<FailOn>>,
    /// The checks to run, as words that name them.
    pub select: Option<Set<Vec<String>>>,
    /// The checks to leave out.
    pub ignore: Option<Set<Vec<String>>>,
    /// The checks that must be judged.
    pub require: Option<Set<Vec<String>>>,
    /// An earlier report.
    pub baseline: Option<Set<String>>,
    /// Whether only new findings change the exit code.
    pub fail_on_new: Option<Set<bool>>,
    /// Ports that administrators log in through.
    pub management_ports: Option<Set<Vec<u16>>>,
    /// From how many addresses on a source is wide.
    pub wide_after: Option<Set<u128>>,
    /// How many addresses people need.
    pub needed_addresses: Option<Set<u128>>,
    /// Severities by code.
    pub severity: Option<Set<BTreeMap<&'static str, Severity>>>,
    /// Where the team's people come from.
    pub approved_sources: Option<Set<Vec<Approved>>>,
    /// What the team lives with.
    pub suppress: Vec<Suppression>,
}

/// Reads a file.
///
/// # Errors
///
/// Everything that is wrong with it, in its order.
pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut reader = Reader { text, starts, faults: Vec::new() };
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.fault(at, FaultKind::Syntax(error.message().to_owned()));
            return Err(reader.faults);
        }
    };
    let config = reader.config(table.get_ref());
    match reader.faults.is_empty() {
        true => Ok(config),
        false => {
            // Tables come by name; people read their files from the top.
            reader.faults.sort_by_key(|fault| (fault.line, fault.column));
            reader.faults.truncate(TOLD);
            Err(reader.faults)
        }
    }
}

type Value<'v> = Spanned<DeValue<'v>>;

struct Reader<'t> {
    text: &'t str,
    /// Where lines start: a file may have a key on each of a hundred thousand.
    starts: Vec<usize>,
    faults: Vec<Fault>,
}

/// The largest width that a team may set, a /8: a check that nothing can fail would be none.
const COUNT: u128 = 1 << 24;

/// How many faults are looked for, and how many of them are told: the first in the file.
const FAULTS: usize = 10_000;
const TOLD: usize = 50;

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    fn fault(&mut self, at: usize, kind: FaultKind) {
        if self.faults.len() >= FAULTS {
            return;
        }
        let line = self.line(at);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..at).unwrap_or_default().chars().count() + 1;
        self.faults.push(Fault { line, column, kind });
    }

    fn bad<T>(&mut self, key: &str, value: &Value<'_>, expected: &'static str) -> Option<T> {
        self.fault(value.span().start, FaultKind::BadValue { key: key.to_owned(), expected });
        None
    }

    fn unknown(&mut self, at: usize, key: &str, names: impl Iterator<Item = &'static str>) {
        if self.faults.len() >= FAULTS {
            return;
        }
        let nearest = close(key, names).unwrap_or_default();
        self.fault(at, FaultKind::UnknownKey { key: key.to_owned(), nearest });
    }

    fn config(&mut self, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let line = self.line(key.span().start);
            match name {
                "lang" => {
                    let lang = value.get_ref().as_str().and_then(|text| language(text).ok());
                    let lang = lang.or_else(|| self.bad(name, value, "ja or en"));
                    config.lang = lang.map(|value| Set { value, line });
                }
                "format" => {
                    let format = value.get_ref().as_str().and_then(Format::of_name);
                    let format = format
                        .or_else(|| self.bad(name, value, "text, json, sarif, html, markdown, csv or junit"));
                    config.format = format.map(|value| Set { value, line });
                }
                "fail-on" => {
                    let choice = value.get_ref().as_str().and_then(FailOn::of_name);
                    let choice =
                        choice.or_else(|| self.bad(name, value, "low, medium, high, critical or never"));
                    config.fail_on = choice.map(|value| Set { value, line });
                }
                "select" => config.select = self.checks(name, value).map(|value| Set { value, line }),
                "ignore" => config.ignore = self.checks(name, value).map(|value| Set { value, line }),
                "require" => config.require = self.checks(name, value).map(|value| Set { value, line }),
                "baseline" => config.baseline = self.string(name, value).map(|value| Set { value, line }),
                "fail-on-new" => {
                    let switch = value.get_ref().as_bool().or_else(|| self.bad(name, value, "true or false"));
                    config.fail_on_new = switch.map(|value| Set { value, line });
                }
                "management-ports" => {
                    config.management_ports = self.ports(name, value).map(|value| Set { value, line });
                }
                "wide-after" => config.wide_after = self.count(name, value).map(|value| Set { value, line }),
                "needed-addresses" => {
                    config.needed_addresses = self.count(name, value).map(|value| Set { value, line });
                }
                "severity" => {
                    config.severity = self.severities(name, value).map(|value| Set { value, line });
                }
                "approved-sources" => {
                    config.approved_sources = self.sources(name, value).map(|value| Set { value, line });
                }
                "suppress" => config.suppress = self.suppressions(name, value),
                other => self.unknown(key.span().start, other, KEYS.iter().map(|key| key.name)),
            }
        }
        config
    }

    fn string(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
        match text {
            Some(text) => Some(text.to_owned()),
            None => self.bad(key, value, "a text that is not empty"),
        }
    }

    /// A string or several.
    fn strings(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<(usize, String)>> {
        let one = |value: &Value<'_>| Some((value.span().start, value.get_ref().as_str()?.to_owned()));
        let all: Option<Vec<_>> = match value.get_ref() {
            DeValue::Array(array) => array.iter().map(one).collect(),
            _ => one(value).map(|one| vec![one]),
        };
        all.or_else(|| self.bad(key, value, "a string or a list of strings"))
    }

    /// Words that name checks.
    fn checks(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<String>> {
        let words = self.strings(key, value)?;
        let mut fine = true;
        for (at, word) in &words {
            if let Err(no) = named_or_foreign(word) {
                self.fault(*at, FaultKind::NoCheck { word: word.clone(), nearest: no.nearest });
                fine = false;
            }
        }
        fine.then(|| words.into_iter().map(|(_, word)| word).collect())
    }

    fn ports(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<u16>> {
        let one = |value: &Value<'_>| {
            let number = value.get_ref().as_integer()?;
            u16::from_str_radix(number.as_str(), number.radix()).ok().filter(|port| *port > 0)
        };
        let ports: Option<Vec<u16>> =
            value.get_ref().as_array().and_then(|array| array.iter().map(one).collect());
        let ports = ports.filter(|ports| !ports.is_empty());
        ports.or_else(|| self.bad(key, value, "a list of ports from 1 to 65535"))
    }

    fn count(&mut self, key: &str, value: &Value<'_>) -> Option<u128> {
        let number = value.get_ref().as_integer();
        let number = number.and_then(|number| u128::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| *number <= COUNT);
        number.or_else(|| self.bad(key, value, "a whole number from 0 to 16777216"))
    }

    fn severities(&mut self, key: &str, value: &Value<'_>) -> Option<BTreeMap<&'static str, Severity>> {
        let Some(table) = value.get_ref().as_table() else { return self.bad(key, value, "a table") };
        let mut words = Vec::new();
        for (word, value) in table {
            let name: &str = word.get_ref();
            if let Err(no) = named_or_foreign(name) {
                let kind = FaultKind::NoCheck { word: name.to_owned(), nearest: no.nearest };
                self.fault(word.span().start, kind);
                continue;
            }
            let its = value.get_ref().as_str().and_then(|text| severity(text).ok());
            let Some(its) = its.or_else(|| self.bad(name, value, "low, medium, high or critical")) else {
                continue;
            };
            words.push((name.to_owned(), its));
        }
        Some(by_code(&words))
    }

    fn sources(&mut self, key: &str, value: &Value<'_>) -> Option<Vec<Approved>> {
        let Some(table) = value.get_ref().as_table() else { return self.bad(key, value, "a table") };
        let mut all = Vec::new();
        for (name, value) in table {
            let name: &str = name.get_ref();
            let Some(prefixes) = self.strings(name, value) else { continue };
            match approved_source(name, prefixes.into_iter().map(|(_, text)| text).collect()) {
                Ok(approved) => all.push(approved),
                Err(fault) => {
                    let _: Option<()> = self.bad(name, value, fault.0);
                }
            }
        }
        match narrow_enough(&all) {
            Ok(()) => Some(all),
            Err(fault) => self.bad(key, value, fault.0),
        }
    }

    fn suppressions(&mut self, key: &str, value: &Value<'_>) -> Vec<Suppression> {
        let Some(array) = value.get_ref().as_array() else {
            let _: Option<()> = self.bad(key, value, "a list of tables");
            return Vec::new();
        };
        let mut all = Vec::new();
        for entry in array.iter() {
            match entry.get_ref().as_table() {
                Some(table) => all.extend(self.suppression(entry.span().start, table)),
                None => {
                    let _: Option<()> = self.bad(key, entry, "a list of tables");
                }
            }
        }
        all
    }

    fn suppression(&mut self, at: usize, table: &DeTable<'_>) -> Option<Suppression> {
        let (mut id, mut codes, mut resource, mut tag) = (None, None, None, None);
        let (mut reason, mut until) = (None, None);
        let before = self.faults.len();
        for (key, value) in table {
            let name: &str = key.get_ref();
            match name {
                "id" => {
                    let its = value.get_ref().as_str().and_then(|text| finding_id(text).ok());
                    id = its.or_else(|| {
                        self.bad(name, value, "the id of a finding, such as NET001-0123456789abcdef")
                    });
                }
                "code" => {
                    codes = self.checks(name, value).map(|words| {
                        let all = words.iter().filter_map(|word| named_or_foreign(word).ok());
                        all.flatten().map(|check| check.code).collect::<Vec<_>>()
                    });
                }
                "resource" => resource = self.string(name, value).map(|text| Pattern::new(&text)),
                "tag" => tag = self.string(name, value).map(|text| TagPattern::new(&text)),
                "reason" => reason = self.string(name, value),
                "until" => until = self.day(name, value),
                other => self.unknown(key.span().start, other, SUPPRESS_KEYS.iter().map(|key| key.name)),
            }
        }
        for key in SUPPRESS_KEYS.iter().filter(|key| key.required) {
            if !table.keys().any(|its| its.get_ref() == key.name) {
                self.fault(at, FaultKind::Missing(key.name));
            }
        }
        if self.faults.len() > before {
            return None;
        }
        // An empty list of codes says nothing.
        let codes = codes.filter(|codes| !codes.is_empty());
        if id.is_none() && codes.is_none() && resource.is_none() && tag.is_none() {
            self.fault(at, FaultKind::NoCondition);
            return None;
        }
        Some(Suppression { id, codes, resource, tag, reason: reason?, until: until?, line: self.line(at) })
    }

    fn day(&mut self, key: &str, value: &Value<'_>) -> Option<Day> {
        let day = match value.get_ref() {
            DeValue::Datetime(Datetime { date: Some(date), time: None, offset: None }) => {
                Some(Day { year: date.year, month: date.month, day: date.day })
            }
            DeValue::String(text) => Day::parse(text.trim()),
            _ => None,
        };
        day.filter(|day| day.exists()).or_else(|| self.bad(key, value, "a day such as 2027-03-31"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let faults = parse(text).err().unwrap_or_default();
        faults
            .iter()
            .map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.kind.text(Lang::En)))
            .collect()
    }

    #[test]
    fn everything_can_be_set() {
        let config = parse(
            r#"
lang = "ja"
format = "html"
fail-on = "high"
select = ["NET", "accounts"]
ignore = "NET004"
require = ["exposed-management-port"]
baseline = "old.json"
fail-on-new = true
management-ports = [22, 2222]
wide-after = 0x10
needed-addresses = 8
severity = { NET004 = "low", udp = "critical" }
[approved-sources]
office = "203.0.113.7"
vpn = ["198.51.100.0/28", "2001:db8::/48"]
[[suppress]]
code = ["NET004", "NET005"]
resource = "bastion-*"
reason = "関所"
until = 2027-03-31
[[suppress]]
id = "NET001-0123456789abcdef"
tag = "environment=lab"
reason = "lab"
until = "2026-12-01"
"#,
        )
        .unwrap();
        assert_eq!(config.lang, Some(Set { value: Lang::Ja, line: 2 }));
        assert_eq!(config.fail_on.unwrap().value, FailOn::From(Severity::High));
        assert_eq!(config.ignore.unwrap().value, ["NET004"]);
        assert_eq!(config.management_ports.unwrap().value, [22, 2222]);
        assert_eq!(config.wide_after.unwrap().value, 16);
        let severities: Vec<_> = config.severity.unwrap().value.into_iter().collect();
        assert_eq!(severities, [("NET003", Severity::Critical), ("NET004", Severity::Low)]);
        let sources = config.approved_sources.unwrap().value;
        assert_eq!(sources.iter().map(|its| its.name.as_str()).collect::<Vec<_>>(), ["office", "vpn"]);
        assert_eq!(config.suppress.len(), 2);
        assert_eq!(config.suppress[0].until, Day { year: 2027, month: 3, day: 31 });
        assert_eq!(config.suppress[0].line, 17);
        assert_eq!(config.suppress[1].until, Day { year: 2026, month: 12, day: 1 });
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let check = |text: &str, expected: &[&str]| assert_eq!(faults(text), expected, "{text}");
        check("fail_on = 'low'", &["1:1 no key is called `fail_on`; did you mean `fail-on`?"]);
        check("\n  formt = 1", &["2:3 no key is called `formt`; did you mean `format`?"]);
        check("lang = 'fr'", &["1:8 `lang` takes ja or en"]);
        check("wide-after = -1", &["1:14 `wide-after` takes a whole number from 0 to 16777216"]);
        check("management-ports = [0]", &["1:20 `management-ports` takes a list of ports from 1 to 65535"]);
        check("management-ports = []", &["1:20 `management-ports` takes a list of ports from 1 to 65535"]);
        check("select = ['NET', 'portz']", &["1:18 no check is called `portz`; did you mean `ports`?"]);
        check("[severity]\nNETO01 = 'low'", &["2:1 no check is called `NETO01`; did you mean `NET001`?"]);
        check("[severity]\nNET001 = 'mild'", &["2:10 `NET001` takes low, medium, high or critical"]);
        check(
            "[approved-sources]\na = '12.0.0.0/8'\nb = '13.0.0.0/32'",
            &["1:1 `approved-sources` takes prefixes of a /8 together at the most (IPv6: /16)"],
        );
        check(
            "[approved-sources]\na = 'home'",
            &["2:5 `a` takes an address or a prefix such as 203.0.113.0/24"],
        );
        check("[[suppress]]\ncode = 'NET'", &["1:1 `reason` is missing", "1:1 `until` is missing"]);
        check(
            "[[suppress]]\nreason = 'x'\nuntil = 2027-01-01",
            &["1:1 this would suppress everything; give an `id`, `code`, `resource` or `tag`"],
        );
        check(
            "[[suppress]]\nid='NET001-0123456789abcdef'\nreason = ' '\nuntil = '2027-02-30'",
            &["3:10 `reason` takes a text that is not empty", "4:9 `until` takes a day such as 2027-03-31"],
        );
        check(
            "[[suppress]]\nid='NET001-0123456789abcdef'\nreasn = 'x'\nuntil = 2027-02-03",
            &["1:1 `reason` is missing", "3:1 no key is called `reasn`; did you mean `reason`?"],
        );
        let id = |id: &str| format!("[[suppress]]\nid='{id}'\nreason='r'\nuntil=2027-01-01");
        assert!(faults(&id("net001-0123456789ABCDEF")).is_empty());
        for wrong in ["NET01-0123456789abcdef", "NET001-0123", "NET001", "XYZ001-0123456789abcdef"] {
            assert!(faults(&id(wrong)).concat().contains("takes the id of a finding"), "{wrong}");
        }
        check("suppress = 1", &["1:12 `suppress` takes a list of tables"]);
        assert!(faults("a = ").concat().contains("this is not TOML"));
        assert!(faults("lang = 'ja'\nlang = 'en'").concat().starts_with("2:1 this is not TOML"));
        // Columns are told in characters.
        check("# 関守\nlang = 1", &["2:8 `lang` takes ja or en"]);
    }

    #[test]
    fn faults_are_told_in_japanese() {
        let faults = parse("fail_on = 1\nlang = 2\n[[suppress]]\nuntil = 1\ncode = 'x'").unwrap_err();
        for fault in faults {
            let text = fault.kind.text(Lang::Ja);
            assert!(text.chars().any(|c| ('\u{3040}'..'\u{30ff}').contains(&c)), "{text}");
        }
    }
}
