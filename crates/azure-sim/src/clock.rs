//! Moments and durations as Azure writes them. Moments are in seconds since 1970, UTC.

const DAY: i64 = 86_400;

/// `2026-01-31T08:00:00Z`
pub(crate) fn rfc3339(moment: i64) -> String {
    // Days into a date: https://howardhinnant.github.io/date_algorithms.html
    let (days, seconds) = (moment.div_euclid(DAY) + 719_468, moment.rem_euclid(DAY));
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A moment with any offset, fractions left out; none for what is not one.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    if !in_range || !matches!(text.get(10..11)?, "T" | "t" | " ") {
        return None;
    }
    let zone = text.get(19..)?.trim_start_matches(|one: char| one == '.' || one.is_ascii_digit());
    let offset = match zone {
        "" | "Z" | "z" => 0,
        zone => {
            let (hours, minutes) =
                (zone.get(1..3)?.parse::<i64>().ok()?, zone.get(4..6)?.parse::<i64>().ok()?);
            (hours * 3600 + minutes * 60) * if zone.starts_with('-') { -1 } else { 1 }
        }
    };
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4 - year.rem_euclid(400) / 100 + of_year;
    Some((era * 146_097 + of_era - 719_468) * DAY + hour * 3600 + minute * 60 + second - offset)
}

/// A duration of days, hours, minutes and seconds (`P1D`, `PT3H`, `PT1H30M`), in seconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
    let mut seconds: i64 = 0;
    let mut some = false;
    for (part, units) in
        [(days, &[('D', DAY)][..]), (time.unwrap_or_default(), &[('H', 3600), ('M', 60), ('S', 1)])]
    {
        let mut number = String::new();
        for letter in part.chars() {
            if letter.is_ascii_digit() && number.len() < 9 {
                number.push(letter);
                continue;
            }
            let (_, unit) = units.iter().find(|(name, _)| *name == letter)?;
            seconds += number.parse::<i64>().ok()? * unit;
            number.clear();
            some = true;
        }
        if !number.is_empty() {
            return None;
        }
    }
    (some && time != Some("")).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_769_846_400, "2026-01-31T08:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
            assert_eq!(moment(text), Some(seconds), "{text}");
        }
        assert_eq!(moment("2026-01-31T17:00:00.1234567+09:00"), Some(1_769_846_400));
        assert_eq!(moment("2026-01-31T08:00:00"), Some(1_769_846_400));
        for odd in [
            "",
            "now",
            "2026-13-01T00:00:00Z",
            "2026-01-31",
            "2026-01-31T08:00:00+",
            "２０２６-01-31T08:00:00Z",
        ] {
            assert_eq!(moment(odd), None, "{odd}");
        }
    }

    #[test]
    fn durations_are_read_or_refused() {
        for (text, seconds) in [("PT5M", 300), ("P1D", DAY), ("PT3H", 10_800), ("P1DT1H30M5S", DAY + 5_405)] {
            assert_eq!(duration(text), Some(seconds), "{text}");
        }
        for odd in ["", "P", "PT", "3H", "PT3", "PTH", "PT3D", "P1H", "PT99999999999H", "P1DT", "PT-3H"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }
}
