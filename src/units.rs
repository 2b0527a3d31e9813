//! Units that a number may not be without: instants, scores, identifiers.
//!
//! Nothing here reads a clock; every instant comes from the caller.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::json::write_digits;
use crate::limits::ID_LENGTH_MAX;

/// Milliseconds since 1970-01-01T00:00:00Z, from year 1970 to 9999.
///
/// Written on the wire as RFC 3339 in UTC with three decimals, read with any offset.
///
/// ```
/// use countersign::TimestampMs;
/// let at = TimestampMs::parse("2026-05-09T20:00:00+02:00").unwrap();
/// assert_eq!(at.to_string(), "2026-05-09T18:00:00.000Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct TimestampMs(i64);

impl TimestampMs {
    /// 1970-01-01T00:00:00.000Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// Milliseconds since the epoch; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn new(milliseconds: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&milliseconds).then_some(Self(milliseconds))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This instant moved by `duration_ms`, held inside the range of the type.
    #[must_use]
    pub fn saturating_add(self, duration_ms: i64) -> Self {
        Self(self.0.saturating_add(duration_ms).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Reads RFC 3339 with any offset; digits past the millisecond are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut scan = Scan(text.as_bytes());
        let year = scan.digits(4)?;
        scan.one_of(b"-")?;
        let month = scan.digits(2)?;
        scan.one_of(b"-")?;
        let day = scan.digits(2)?;
        scan.one_of(b"Tt ")?;
        let hour = scan.digits(2)?;
        scan.one_of(b":")?;
        let minute = scan.digits(2)?;
        scan.one_of(b":")?;
        let second = scan.digits(2)?;
        let millisecond = scan.fraction_ms()?;
        let offset_minutes = scan.offset_minutes()?;
        let in_range = scan.0.is_empty()
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 59;
        if !in_range {
            return None;
        }
        let minutes =
            (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
        Self::new((minutes * 60 + second) * 1_000 + millisecond)
    }
}

impl fmt::Display for TimestampMs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, in_day) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
        let (second, millisecond) = (in_day / 1_000 % 60, in_day % 1_000);
        let parts = [
            (year, 4, '-'),
            (month, 2, '-'),
            (day, 2, 'T'),
            (hour, 2, ':'),
            (minute, 2, ':'),
            (second, 2, '.'),
            (millisecond, 3, 'Z'),
        ];
        let mut out = String::with_capacity(24);
        for (number, width, end) in parts {
            write_digits(number.unsigned_abs(), width, &mut out);
            out.push(end);
        }
        formatter.write_str(&out)
    }
}

impl Serialize for TimestampMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A score in [0, 1], never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Score(f64);

impl Score {
    /// A score; `None` for NaN and for what lies outside [0, 1].
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        // Adding zero turns -0 into 0, so that equal scores have equal bytes.
        (0.0..=1.0).contains(&value).then_some(Self(value + 0.0))
    }

    /// The number, in [0, 1].
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// An opaque identifier: 1 to 128 printable ASCII characters, made by the caller or the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Id(String);

impl Id {
    /// An identifier; `None` if it is empty, too long, or not printable ASCII without spaces.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let valid = (1..=ID_LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then(|| Self(text.to_owned()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is left of a timestamp while it is read.
struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        self.next().filter(|byte| wanted.contains(byte))
    }

    fn digit(&mut self) -> Option<i64> {
        self.next().filter(u8::is_ascii_digit).map(|byte| i64::from(byte - b'0'))
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        (0..count).try_fold(0, |value, _| Some(value * 10 + self.digit()?))
    }

    fn fraction_ms(&mut self) -> Option<i64> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        self.next()?;
        let mut milliseconds = self.digit()? * 100;
        for scale in [10, 1, 0, 0, 0, 0, 0, 0] {
            match self.0.first() {
                Some(byte) if byte.is_ascii_digit() => milliseconds += self.digit()? * scale,
                _ => break,
            }
        }
        Some(milliseconds)
    }

    fn offset_minutes(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.digits(2)?;
        self.one_of(b":")?;
        let minutes = self.digits(2)?;
        (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar; years start in March here.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_with_any_offset_and_written_in_utc() {
        let rows = [
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00.000Z")),
            ("2026-05-09T18:00:00Z", Some("2026-05-09T18:00:00.000Z")),
            ("2026-05-09t18:00:00.1239z", Some("2026-05-09T18:00:00.123Z")),
            ("2024-02-29T23:59:59.999-01:30", Some("2024-03-01T01:29:59.999Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("2023-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-05-09T24:00:00Z", None),
            ("2026-05-09T18:00:60Z", None),
            ("2026-05-09T18:00:00", None),
            ("2026-05-09", None),
            ("1969-12-31T23:59:59Z", None),
            ("2026-05-09T18:00:00.Z", None),
            ("2026-05-09T18:00:00+2:00", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let read = TimestampMs::parse(text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn every_day_survives_the_round_trip() {
        for day in 0..2_932_896 {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
    }

    #[test]
    fn a_score_is_never_outside_its_range() {
        for value in [f64::NAN, f64::INFINITY, -0.1, 1.000_000_1] {
            assert!(Score::new(value).is_none(), "{value}");
        }
        assert!(Score::new(-0.0).unwrap().get().is_sign_positive());
    }
}
