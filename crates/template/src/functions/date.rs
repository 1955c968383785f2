//! Functions of dates, in UTC and by the calendar that .NET has: the years 1 to 9999.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date>.
//!
//! Without a format the result is `yyyy-MM-ddTHH:mm:ssZ`: <https://github.com/Azure/bicep/issues/11804>.

use super::{Call, Outcome, Stop, iso};

/// A moment, in seconds since 1970 and in ten-millionths of a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) ticks: i64,
}

const TICKS: i64 = 10_000_000;
pub(super) const DAY: i64 = 86_400;
const ISO: &str = "yyyy-MM-ddTHH:mm:ssZ";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Days since 1970, counting years from March so that the leap day is the last of its year.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Moment {
    /// Within the years that a date may have.
    pub(super) fn new(seconds: i64, ticks: i64) -> Option<Self> {
        let seconds = seconds.checked_add(ticks.div_euclid(TICKS))?;
        let bounds = days(1, 1, 1) * DAY..days(10_000, 1, 1) * DAY;
        bounds.contains(&seconds).then_some(Self { seconds, ticks: ticks.rem_euclid(TICKS) })
    }
}

pub(super) fn add(call: &Call<'_>) -> Outcome {
    let (base, duration) = (call.text(0)?, call.text(1)?);
    let format = if call.args.len() > 2 { call.text(2)? } else { ISO };
    let base = iso::moment(base).ok_or_else(|| call.wrong())?;
    let duration = iso::duration(duration).map_err(|_| call.out_of_range())?;
    let (seconds, ticks) = duration.ok_or_else(|| call.wrong())?;
    let seconds = base.seconds.checked_add(seconds);
    let moment = seconds.and_then(|seconds| Moment::new(seconds, base.ticks + ticks));
    written(call, moment, format)
}

pub(super) fn from_epoch(call: &Call<'_>) -> Outcome {
    written(call, Moment::new(call.int(0)?, 0), ISO)
}

pub(super) fn to_epoch(call: &Call<'_>) -> Outcome {
    call.number(iso::moment(call.text(0)?).ok_or_else(|| call.wrong())?.seconds)
}

fn written(call: &Call<'_>, moment: Option<Moment>, format: &str) -> Outcome {
    let moment: Moment = moment.ok_or_else(|| call.out_of_range())?;
    let text = write(moment, format).ok_or_else(|| -> Stop { call.wrong() })?;
    call.new_text(&text)
}

/// The text of seconds since 1970 in a format of .NET, without one in that of `utcNow`; `None` where the
/// format or the year is out of bounds.
#[cfg(test)]
fn format_date(seconds: i64, format: Option<&str>) -> Option<String> {
    write(Moment::new(seconds, 0)?, format.unwrap_or("yyyyMMddTHHmmssZ"))
}

/// The standard formats, in the culture that stands for none:
/// <https://learn.microsoft.com/dotnet/standard/base-types/standard-date-and-time-format-strings>.
fn write(moment: Moment, format: &str) -> Option<String> {
    let mut letters = format.chars();
    let custom = match (letters.next()?, letters.next()) {
        (letter, None) => match letter {
            'd' => "MM/dd/yyyy",
            'D' => "dddd, dd MMMM yyyy",
            'f' => "dddd, dd MMMM yyyy HH:mm",
            'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
            'g' => "MM/dd/yyyy HH:mm",
            'G' => "MM/dd/yyyy HH:mm:ss",
            'M' | 'm' => "MMMM dd",
            'O' | 'o' => "yyyy-MM-ddTHH:mm:ss.fffffffZ",
            'R' | 'r' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
            's' => "yyyy-MM-ddTHH:mm:ss",
            't' => "HH:mm",
            'T' => "HH:mm:ss",
            'u' => "yyyy-MM-dd HH:mm:ssZ",
            'Y' | 'y' => "yyyy MMMM",
            _ => return None,
        },
        _ => format,
    };
    write_custom(moment, custom)
}

/// The custom formats:
/// <https://learn.microsoft.com/dotnet/standard/base-types/custom-date-and-time-format-strings>.
fn write_custom(moment: Moment, format: &str) -> Option<String> {
    let (year, month, day) = civil(moment.seconds.div_euclid(DAY));
    let second = moment.seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let name = |names: &[&'static str], index: i64| names.get(usize::try_from(index).ok()?).copied();
    let weekday = name(&DAYS, (moment.seconds.div_euclid(DAY) + 4).rem_euclid(7))?;
    let month_name = name(&MONTHS, month - 1)?;
    let mut text = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        let mut count = 1;
        while "yMdHhmsfFtzgK".contains(c) && c != 'K' && chars.next_if_eq(&c).is_some() {
            count += 1;
        }
        let made = match c {
            'y' if count <= 2 => format!("{:0count$}", year % 100),
            'y' => format!("{year:0count$}", count = count.min(99)),
            'M' | 'd' if count >= 4 => (if c == 'M' { month_name } else { weekday }).to_owned(),
            'M' | 'd' if count == 3 => (if c == 'M' { month_name } else { weekday }).get(..3)?.to_owned(),
            'M' => format!("{month:0count$}"),
            'd' => format!("{day:0count$}"),
            'H' => format!("{hour:0count$}", count = count.min(2)),
            'h' => format!("{:0count$}", (hour + 11) % 12 + 1, count = count.min(2)),
            'm' => format!("{minute:0count$}", count = count.min(2)),
            's' => format!("{second:0count$}", count = count.min(2)),
            'f' | 'F' if count > 7 => return None,
            'f' => format!("{:07}", moment.ticks).get(..count)?.to_owned(),
            'F' => format!("{:07}", moment.ticks).get(..count)?.trim_end_matches('0').to_owned(),
            't' => (if hour < 12 { "AM" } else { "PM" }).get(..count.min(2))?.to_owned(),
            'z' if count == 1 => "+0".to_owned(),
            'z' if count == 2 => "+00".to_owned(),
            'z' => "+00:00".to_owned(),
            'g' => "A.D.".to_owned(),
            'K' => "Z".to_owned(),
            '\\' => chars.next()?.to_string(),
            '%' if chars.peek().is_some_and(|next| *next != '%') => String::new(),
            '%' => return None,
            '\'' | '"' => {
                let mut quoted = String::new();
                loop {
                    match chars.next()? {
                        end if end == c => break quoted,
                        '\\' => quoted.push(chars.next()?),
                        other => quoted.push(other),
                    }
                }
            }
            other => other.to_string(),
        };
        text += &made;
        if text.len() > super::TEXT_LIMIT {
            return None;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::tests::check;

    #[test]
    fn days_are_counted() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 11_017);
        let mut day = days(1, 1, 1);
        for year in 1..=9999 {
            for month in 1..=12 {
                assert_eq!(civil(day), (year, month, 1));
                day += days_in(year, month);
                assert_eq!(civil(day - 1), (year, month, days_in(year, month)));
            }
        }
        assert_eq!(day, days(10_000, 1, 1));
    }

    #[test]
    fn epochs_are_seconds() {
        check("dateTimeFromEpoch", "[1683040573]", r#""2023-05-02T15:16:13Z""#);
        check("dateTimeFromEpoch", "[-1]", r#""1969-12-31T23:59:59Z""#);
        check("dateTimeFromEpoch", "[9223372036854775807]", "! `dateTimeFromEpoch`: out of range");
        check("dateTimeToEpoch", r#"["2023-05-02T15:16:13Z"]"#, "1683040573");
        check("dateTimeToEpoch", r#"["1970-01-01"]"#, "0");
    }

    #[test]
    fn dates_have_formats() {
        let check = |format: &str, expected: Option<&str>| {
            // 2019-03-05 17:53:18, a Tuesday.
            assert_eq!(format_date(1_551_808_398, Some(format)).as_deref(), expected, "{format}");
        };
        assert_eq!(format_date(1_551_808_398, None).as_deref(), Some("20190305T175318Z"));
        check("d", Some("03/05/2019"));
        check("M d", Some("3 5"));
        check("u", Some("2019-03-05 17:53:18Z"));
        check("s", Some("2019-03-05T17:53:18"));
        check("o", Some("2019-03-05T17:53:18.0000000Z"));
        check("R", Some("Tue, 05 Mar 2019 17:53:18 GMT"));
        check("D", Some("Tuesday, 05 March 2019"));
        check("G", Some("03/05/2019 17:53:18"));
        check("yyyyMMddHHmmss", Some("20190305175318"));
        check("yy-MMM-dd h:mm tt", Some("19-Mar-05 5:53 PM"));
        check("%d", Some("5"));
        check("'day' d\\d", Some("day 5d"));
        check("zzz K ff FFF", Some("+00:00 Z 00 "));
        check("q", None);
        check("", None);
        check("'open", None);
        check("ffffffff", None);
    }
}
