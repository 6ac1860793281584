//! Dates and times of ISO 8601, written as databases compare them.

use time::{
    Date, PrimitiveDateTime, Time, UtcOffset,
    format_description::{FormatItem, well_known::Iso8601},
    macros::format_description,
};

const DAY: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TO_MINUTES: &[FormatItem<'_>] = format_description!("[hour]:[minute]");
const TO_SECONDS: &[FormatItem<'_>] = format_description!("[hour]:[minute]:[second]");
const TO_PARTS: &[FormatItem<'_>] = format_description!("[hour]:[minute]:[second].[subsecond digits:6]");

/// A date, or a date and time, of ISO 8601 as databases compare and keep it: in UTC where it had an offset,
/// with a space between the two. Dates that are none, such as MySQL's `0000-00-00`, are among them.
/// `None` for anything else.
#[must_use]
pub fn as_date(text: &str) -> Option<String> {
    date(text).or_else(|| no_date(text))
}

/// A time of day, or a span of at most 838 hours, as databases compare and keep it. `None` for anything
/// else.
#[must_use]
pub fn as_time(text: &str) -> Option<String> {
    time_of_day(text).or_else(|| duration(text))
}

/// A date, or a date and time, moved to UTC where it has an offset: `2026-01-31`,
/// `2026-01-31 09:30:00`, or with six digits more.
pub(super) fn date(text: &str) -> Option<String> {
    if let Some(day) = day(text) {
        return day.format(DAY).ok();
    }
    let (day_text, rest) = (text.get(..10)?, text.get(10..)?);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = split_offset(rest)?;
    let moment = PrimitiveDateTime::new(day(day_text)?, clock_time(clock)?);
    let utc = moment.assume_offset(offset).checked_to_offset(UtcOffset::UTC)?;
    Some(format!("{} {}", utc.date().format(DAY).ok()?, written(utc.time())?))
}

/// What MySQL keeps in the place of a date that is none, `0000-00-00` or `2026-00-00`, with a time or
/// without.
pub(super) fn no_date(text: &str) -> Option<String> {
    let (day, clock) = match text.split_once(['T', ' ']) {
        Some((day, clock)) => (day, Some(clock_time(clock)?)),
        None => (text, None),
    };
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, day_of_month] = parts[..] else { return None };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let is_none = digits(year, 4)
        && digits(month, 2)
        && digits(day_of_month, 2)
        && (month == "00" || day_of_month == "00")
        && month <= "12"
        && day_of_month <= "31";
    match clock {
        _ if !is_none => None,
        None => Some(day.to_owned()),
        Some(clock) => Some(format!("{day} {}", written(clock)?)),
    }
}

/// A span of hours, minutes and seconds, as MySQL's `TIME` keeps up to 838 hours: `-12:00:00`.
pub(super) fn duration(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (hours, rest) = unsigned.split_once(':')?;
    let is_plain = (2..=3).contains(&hours.len()) && hours.bytes().all(|byte| byte.is_ascii_digit());
    let fits = is_plain && hours.parse::<u16>().is_ok_and(|hours| hours <= 838);
    fits.then(|| clock_time(&format!("00:{rest}")).and_then(written))?
        .map(|clock| format!("{}{hours}{}", &text[..text.len() - unsigned.len()], &clock[2..]))
}

/// A time of day: `09:30:00`, or with six digits more.
pub(super) fn time_of_day(text: &str) -> Option<String> {
    clock_time(text).and_then(written)
}

/// The day in `2026-01-31`.
pub(super) fn day(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    Date::parse(text, DAY).ok().filter(|_| is_plain)
}

/// The day after.
pub(super) fn next_day(day: Date) -> Option<String> {
    day.next_day()?.format(DAY).ok()
}

fn written(time: Time) -> Option<String> {
    time.format(if time.microsecond() == 0 { TO_SECONDS } else { TO_PARTS }).ok()
}

fn clock_time(text: &str) -> Option<Time> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    if !is_plain || text.len() < 5 || text.as_bytes().get(2) != Some(&b':') {
        return None;
    }
    let with_seconds = || Time::parse(text, &Iso8601::TIME).ok();
    Time::parse(text, TO_MINUTES).ok().or_else(with_seconds)
}

/// The clock's part and the offset, which is none where nothing is said.
fn split_offset(text: &str) -> Option<(&str, UtcOffset)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, UtcOffset::UTC));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, UtcOffset::UTC)) };
    let (hours, minutes) = text[at + 1..].split_once(':').or_else(|| text[at + 1..].split_at_checked(2))?;
    let is_plain = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(hours) || !(is_plain(minutes) || minutes.is_empty()) {
        return None;
    }
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    let number = |part: &str| if part.is_empty() { Some(0) } else { part.parse::<i8>().ok() };
    let offset = UtcOffset::from_hms(sign * number(hours)?, sign * number(minutes)?, 0).ok()?;
    Some((&text[..at], offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_databases_compare_them() {
        for (text, expected) in [
            ("2026-01-31", Some("2026-01-31")),
            ("2026-02-30", None),
            ("2026-01-31T09:30", Some("2026-01-31 09:30:00")),
            ("2026-01-31 09:30:15", Some("2026-01-31 09:30:15")),
            ("2026-01-31T09:30:15Z", Some("2026-01-31 09:30:15")),
            ("2026-01-31T09:30:15.25Z", Some("2026-01-31 09:30:15.250000")),
            ("2026-01-31T23:30:00-02:00", Some("2026-02-01 01:30:00")),
            ("2026-01-31T09:30:00+0530", Some("2026-01-31 04:00:00")),
            ("2026-01-31T09", None),
            ("2026-01-31T25:00:00", None),
            ("2026-1-31", None),
            ("20260131", None),
            ("yesterday", None),
            ("2026-01-31T09:30:00+99:00", None),
            ("2026-01-3é T", None),
            ("", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("09:30", Some("09:30:00")),
            ("09:30:01.5", Some("09:30:01.500000")),
            ("9:30", None),
            ("24:00", None),
        ] {
            assert_eq!(time_of_day(text).as_deref(), expected, "{text}");
        }
    }
}
