//! Moments as Azure writes them.

/// A moment, in seconds since the beginning of 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

const DAY: i64 = 86_400;

impl Moment {
    /// Reads `2026-11-26T09:00:00.1234567Z`, with an offset or without one (then it is UTC), or a day alone.
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (day, rest) = text.split_at_checked(10)?;
        let mut parts = day.split('-');
        let mut number = |digits: usize| -> Option<i64> { whole(parts.next()?, digits) };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day)
        {
            return None;
        }
        let midnight = days_before(year, month, day) * DAY;
        let Some(clock) = rest.strip_prefix(['T', 't', ' ']) else {
            return rest.is_empty().then_some(Self(midnight));
        };
        let (clock, offset) = match clock.find(['Z', 'z', '+', '-']) {
            None => (clock, 0),
            Some(at) => {
                let (clock, zone) = clock.split_at_checked(at)?;
                (clock, offset(zone)?)
            }
        };
        let clock = clock.split_once('.').map_or(clock, |(clock, _)| clock);
        let mut parts = clock.split(':');
        let mut number = |limit: i64| whole(parts.next()?, 2).filter(|number| *number < limit);
        let (hours, minutes, seconds) = (number(24)?, number(60)?, number(61)?);
        parts.next().is_none().then_some(Self(midnight + hours * 3600 + minutes * 60 + seconds - offset))
    }

    /// How many whole days lie between an earlier moment and this one; less than none where it is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(DAY)
    }

    /// The day, as `2026-11-26`.
    pub fn day(self) -> String {
        // https://howardhinnant.github.io/date_algorithms.html: the civil calendar by eras of 400 years.
        let z = self.0.div_euclid(DAY) + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

fn whole(text: &str, digits: usize) -> Option<i64> {
    let all_digits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

/// `Z`, `+09:00`: how many seconds it is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    Some(sign * (whole(hours, 2)? * 3600 + whole(minutes, 2)? * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// How many days lie between the beginning of 1970 and a day.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_azure_writes_them() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-02", DAY),
            ("2026-11-26T09:00:00.1234567Z", 1_795_683_600),
            ("2026-11-26T18:00:00+09:00", 1_795_683_600),
            ("2026-11-26T04:00:00.5-0500", 1_795_683_600),
            ("2026-11-26 09:00:00", 1_795_683_600),
            ("2024-02-29T00:00:00", 1_709_164_800),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
        ] {
            assert_eq!(Moment::parse(text), Some(Moment(seconds)), "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2025-02-29",
            "2026-11-26T25:00:00Z",
            "2026-11-26T09:00",
            "2026-11-26T09:00:00X",
            "2026-11-26T09:00:00+9",
            "2026-11-26X",
            "11/26/2026 9:00",
            "２０２６-11-26",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_come_back() {
        for text in ["1970-01-01", "2024-02-29", "2026-11-26", "1999-12-31", "2000-03-01", "0001-01-01"] {
            assert_eq!(Moment::parse(text).map(Moment::day).as_deref(), Some(text));
        }
        let (earlier, later) = (Moment(0), Moment(3 * DAY + 5));
        assert_eq!((later.days_since(earlier), earlier.days_since(later)), (3, -4));
    }
}
