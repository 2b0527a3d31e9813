//! Calendars: local hours, holidays and half days, worked out into UTC intervals over a horizon
//! that the text states, so that the same text always gives the same bundle.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::calendar::Calendar;
use crate::limits;
use crate::read::{Fields, Node, Read};
use crate::units::TimestampMs;

/// Minutes of the local day, first included and last not.
type Hours = Vec<(i64, i64)>;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Reads a `[[calendar]]` and works it out.
pub(super) fn read(node: Node<'_>) -> Read<Calendar> {
    let mut fields = node.object()?;
    let calendar = fields.required("calendar", |node| node.filled_text(limits::NAME_LENGTH_MAX))?;
    let zone_name =
        fields.required("time_zone", |node| node.filled_text(limits::NAME_LENGTH_MAX))?;
    let zone = fields.required("time_zone", zone)?;
    let from = fields.required("from", date)?;
    let until = fields.required("until", date)?;
    let week = fields.required("hours", week)?;
    let holidays = fields.list("holidays", limits::LIST_LENGTH_MAX, date)?;
    let half_days = half_days(&mut fields)?;
    fields.finish()?;

    let length_days = i64::from((until - from).get_days());
    if !(1..=limits::CALENDAR_DAYS_MAX).contains(&length_days) {
        let detail = format!("the horizon {from} to {until} is {length_days} days");
        let help = format!("make it 1 to {} days", limits::CALENDAR_DAYS_MAX);
        return Err(node.invalid(detail, help));
    }
    let holidays: BTreeSet<Date> = holidays.into_iter().collect();
    let mut open = Vec::new();
    let days = from.series(Span::new().days(1)).take_while(|day| *day < until);
    for day in days.filter(|day| !holidays.contains(day)) {
        let regular = || week.get(&day.weekday().to_monday_zero_offset());
        for (opens, closes) in half_days.get(&day).or_else(regular).into_iter().flatten() {
            let rows = work_out(&zone, day, *opens, *closes);
            open.extend(rows.ok_or_else(|| {
                node.invalid(
                    format!("{day} cannot be worked out in `{zone_name}`"),
                    "use dates from 1970 on, and a zone whose offset is whole minutes",
                )
            })?);
        }
    }
    match (midnight(&zone, from), midnight(&zone, until)) {
        (Some(from), Some(until)) => {
            Ok(Calendar { calendar, time_zone: zone_name, from, until, open })
        }
        _ => Err(node.invalid("the horizon begins before 1970", "use later dates")),
    }
}

/// The rows of one open interval: whenever the wall clock shows a minute of it. Where the clocks
/// change, a skipped minute is never open and a repeated one twice.
fn work_out(zone: &TimeZone, day: Date, opens: i64, closes: i64) -> Option<Vec<i64>> {
    const DAY_SECONDS: i64 = 24 * 60 * 60;
    let day_number = i64::from((day - Date::constant(1970, 1, 1)).get_days());
    let local_second = |minute: i64| day_number * DAY_SECONDS + minute * 60;
    // No offset from UTC is longer than a day.
    let last = Timestamp::from_second(local_second(closes) + DAY_SECONDS).ok()?;
    let mut cursor = Timestamp::from_second(local_second(opens) - DAY_SECONDS).ok()?;
    let mut rows = Vec::new();
    while cursor < last {
        // Until the clocks change next, the offset stays.
        let offset = i64::from(zone.to_offset(cursor).seconds());
        let change = zone.following(cursor).next().map_or(last, |change| change.timestamp());
        let start = cursor.as_second().max(local_second(opens) - offset);
        let end = change.as_second().min(local_second(closes) - offset);
        if start < end {
            let whole = offset % 60 == 0 && start >= 0;
            whole.then_some(())?;
            let opens_minute = (start + offset - local_second(0)) / 60;
            rows.extend([day_number, opens_minute, (end - start) / 60, offset / 60]);
        }
        cursor = change;
    }
    Some(rows)
}

/// The first instant of a local day.
fn midnight(zone: &TimeZone, day: Date) -> Option<TimestampMs> {
    let at = zone.to_ambiguous_timestamp(day.to_datetime(Time::midnight())).compatible().ok()?;
    TimestampMs::new(at.as_millisecond())
}

fn zone(node: Node<'_>) -> Read<TimeZone> {
    let name = node.str()?;
    TimeZone::get(name).map_err(|_| {
        node.invalid(
            format!("there is no time zone `{}`", crate::read::excerpt(name)),
            "use an IANA name such as `Europe/Berlin`",
        )
    })
}

fn date(node: Node<'_>) -> Read<Date> {
    parse_date(node, node.str()?)
}

fn parse_date(node: Node<'_>, text: &str) -> Read<Date> {
    let plain = text.len() == 10;
    text.parse::<Date>().ok().filter(|_| plain).ok_or_else(|| {
        node.invalid(
            format!("`{}` is not a date", crate::read::excerpt(text)),
            "write a date that exists, such as `2026-12-25`",
        )
    })
}

fn week(node: Node<'_>) -> Read<BTreeMap<i8, Hours>> {
    let mut fields = node.object()?;
    let mut week = BTreeMap::new();
    for (name, weekday) in WEEKDAYS {
        let of_day = fields.optional(name, hours)?.unwrap_or_default();
        week.insert(weekday.to_monday_zero_offset(), of_day);
    }
    fields.finish()?;
    if week.values().all(Vec::is_empty) {
        return Err(node.invalid("no day is open", "give hours to at least one day, such as mon"));
    }
    Ok(week)
}

fn half_days(fields: &mut Fields<'_>) -> Read<BTreeMap<Date, Hours>> {
    let read = |node: Node<'_>| {
        let days = node.map(limits::LIST_LENGTH_MAX, hours)?;
        let dated = days.into_iter().map(|(day, hours)| Ok((parse_date(node, &day)?, hours)));
        dated.collect::<Read<BTreeMap<Date, Hours>>>()
    };
    Ok(fields.optional("half_days", read)?.unwrap_or_default())
}

/// Hours of one day, such as `["09:00-12:00", "13:00-17:00"]`: in order, without overlap.
fn hours(node: Node<'_>) -> Read<Hours> {
    const RANGES_MAX: usize = 12;
    let ranges = node.list(RANGES_MAX, |node| {
        let text = node.str()?;
        let parts = text.split_once('-');
        let range = parts.and_then(|(opens, closes)| Some((minute(opens)?, minute(closes)?)));
        let range = range.ok_or_else(|| {
            node.invalid(
                format!("`{}` are no hours", crate::read::excerpt(text)),
                "write `09:00-17:00`",
            )
        })?;
        if range.0 >= range.1 {
            return Err(node.invalid(
                format!("`{text}` ends before it begins"),
                "write the earlier time first; split a night at 24:00",
            ));
        }
        Ok(range)
    })?;
    let overlap = ranges.iter().zip(ranges.iter().skip(1)).any(|(first, next)| next.0 < first.1);
    if overlap {
        return Err(node.invalid("these hours overlap", "write them in order, one after the other"));
    }
    Ok(ranges)
}

fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let two_digits =
        |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok())?.map(i64::from);
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let fits = (hour < 24 && minute < 60) || (hour, minute) == (24, 0);
    fits.then_some(hour * 60 + minute)
}
