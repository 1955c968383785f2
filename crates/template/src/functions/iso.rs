//! Reads dates and durations as ISO 8601 writes them.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date>.
//!
//! A year of a duration has 365 days and a month 30: <https://github.com/Azure/bicep/issues/8188>.

use super::date::{DAY, Moment, days, days_in};

/// Reads the front of a text.
struct Reader<'t>(&'t str);

impl<'t> Reader<'t> {
    fn sign(&mut self, signs: &[char]) -> Option<char> {
        let sign = self.0.chars().next().filter(|c| signs.contains(c))?;
        self.0 = self.0.get(sign.len_utf8()..)?;
        Some(sign)
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.0.get(..count).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.0 = self.0.get(count..)?;
        digits.parse().ok()
    }

    /// All digits that come.
    fn run(&mut self) -> &'t str {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end).unwrap_or(("", self.0));
        self.0 = rest;
        digits
    }
}

/// Reads a date as ISO 8601 writes it, and with a space for the `T`. Without a zone it is in UTC.
pub(super) fn moment(text: &str) -> Option<Moment> {
    let mut reader = Reader(text.trim());
    let year = reader.digits(4)?;
    let dashes = reader.sign(&['-']).is_some();
    let month = reader.digits(2)?;
    if dashes {
        reader.sign(&['-'])?;
    }
    let day = reader.digits(2)?;
    if year < 1 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let (mut seconds, mut ticks) = (days(year, month, day) * DAY, 0);
    if reader.sign(&['T', 't', ' ']).is_some() {
        let hour = reader.digits(2)?;
        let colons = reader.sign(&[':']).is_some();
        let minute = reader.digits(2)?;
        let more =
            if colons { reader.sign(&[':']).is_some() } else { reader.0.starts_with(char::is_numeric) };
        let second = if more { reader.digits(2)? } else { 0 };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        seconds += hour * 3600 + minute * 60 + second;
        if more && reader.sign(&['.', ',']).is_some() {
            ticks = fraction(reader.run())?;
        }
    }
    if let Some(sign @ ('+' | '-')) = reader.sign(&['Z', 'z', '+', '-']) {
        let hours = reader.digits(2)?;
        reader.sign(&[':']);
        let minutes = if reader.0.is_empty() { 0 } else { reader.digits(2)? };
        if hours > 14 || minutes > 59 {
            return None;
        }
        let offset = hours * 3600 + minutes * 60;
        seconds -= if sign == '-' { -offset } else { offset };
    }
    if reader.0.is_empty() { Moment::new(seconds, ticks) } else { None }
}

/// The digits behind a point, in ticks; what is smaller is cut away.
fn fraction(digits: &str) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    format!("{digits:0<7}").get(..7)?.parse().ok()
}

/// Reads a duration: seconds and ticks, both with its sign.
pub(super) fn duration(text: &str) -> Result<Option<(i64, i64)>, std::num::ParseIntError> {
    let mut reader = Reader(text.trim());
    let negative = reader.sign(&['-']).is_some();
    if reader.sign(&['P']).is_none() {
        return Ok(None);
    }
    let (mut units, mut in_time, mut parts) = ("YMWD", false, 0);
    let (mut years, mut months, mut seconds, mut ticks): (i64, i64, i64, i64) = (0, 0, 0, 0);
    while !reader.0.is_empty() {
        if !in_time && reader.sign(&['T']).is_some() {
            (units, in_time) = ("HMS", true);
            if reader.0.is_empty() {
                return Ok(None);
            }
            continue;
        }
        let digits = reader.run();
        if digits.is_empty() {
            return Ok(None);
        }
        let count: i64 = digits.parse()?;
        let behind = if in_time && reader.sign(&['.']).is_some() { Some(reader.run()) } else { None };
        let Some(unit) = reader.0.chars().next().filter(char::is_ascii) else {
            return Ok(None);
        };
        // Every unit once, the larger first.
        let Some((_, left)) = units.split_once(unit) else {
            return Ok(None);
        };
        (units, parts) = (left, parts + 1);
        reader.0 = reader.0.get(1..).unwrap_or_default();
        let each = match (unit, in_time) {
            ('Y', _) => {
                years = count;
                0
            }
            ('M', false) => {
                months = count;
                0
            }
            ('W', _) => 7 * DAY,
            ('D', _) => DAY,
            ('H', _) => 3600,
            ('M', true) => 60,
            _ => 1,
        };
        seconds = seconds.saturating_add(count.saturating_mul(each));
        match behind.map(fraction) {
            None => {}
            Some(Some(fraction)) if unit == 'S' => ticks = fraction,
            Some(_) => return Ok(None),
        }
    }
    let years = years.saturating_add(months / 12);
    let days = years.saturating_mul(365).saturating_add(months % 12 * 30);
    let seconds = seconds.saturating_add(days.saturating_mul(DAY));
    let sign = if negative { -1 } else { 1 };
    Ok((parts > 0).then_some((seconds.saturating_mul(sign), ticks * sign)))
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    fn added(base: &str, duration: &str, expected: &str) {
        check("dateTimeAdd", &format!("[{base:?},{duration:?}]"), expected);
    }

    #[test]
    fn durations_are_added() {
        let base = "2020-04-07 14:53:14Z";
        added(base, "P3Y", r#""2023-04-07T14:53:14Z""#);
        added(base, "-P9D", r#""2020-03-29T14:53:14Z""#);
        added(base, "PT1H", r#""2020-04-07T15:53:14Z""#);
        // Years and months have 365 and 30 days.
        added("2022-09-01T00:00:00Z", "P10Y", r#""2032-08-29T00:00:00Z""#);
        added("2024-01-01T00:00:00Z", "P1Y", r#""2024-12-31T00:00:00Z""#);
        added("2024-01-01", "P12M", r#""2024-12-31T00:00:00Z""#);
        added("2024-01-01", "P1M", r#""2024-01-31T00:00:00Z""#);
        added("20240101T101112Z", "P1DT1H2M3.5S", r#""2024-01-02T11:13:15Z""#);
        added("2024-01-01T01:00:00+02:00", "PT0S", r#""2023-12-31T23:00:00Z""#);
        added("2024-01-01T00:00:00.25", "-PT0.5S", r#""2023-12-31T23:59:59Z""#);
        let wrong = "! `dateTimeAdd` takes dateTimeAdd(base, duration, format)";
        for duration in ["", "P", "PT", "1D", "P1", "P1H", "PT1D", "P1D1Y", "P1.5D", "P1DT", "PTS", "P1é"] {
            added(base, duration, wrong);
        }
        for base in
            ["", "2024", "2024-13-01", "2023-02-29", "2024-01-01T", "2024-01-01T25:00", "0000-01-01", "é"]
        {
            added(base, "P1D", wrong);
        }
        added("9999-12-31", "P1D", "! `dateTimeAdd`: out of range");
        added("0001-01-01", "-PT1S", "! `dateTimeAdd`: out of range");
        added(base, "P99999999999999999999Y", "! `dateTimeAdd`: out of range");
        added(base, "P9223372036854775807Y", "! `dateTimeAdd`: out of range");
        check("dateTimeAdd", r#"[{"$u":"u"},"P1D"]"#, r#"dateTimeAdd(u,"P1D")"#);
        check("dateTimeAdd", r#"["2020-04-07","P1D","M d"]"#, r#""4 8""#);
    }
}
