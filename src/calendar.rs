//! Business time: deadlines over open hours, from intervals that the compiler worked out.
//!
//! Time zones, holidays and half days end in the compiler. A bundle holds the open intervals over a
//! stated horizon, so that a deadline is a search in a list, the same everywhere, without a
//! time-zone database. Past the horizon the cautious deadline stands in, and the caller is told.

use serde::Serialize;

use crate::limits;
use crate::read::{self, Node, Read};
use crate::units::TimestampMs;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

/// The open hours of one office, over a stated horizon.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Calendar {
    /// Its name.
    pub calendar: String,
    /// The IANA name of its time zone, for people.
    pub time_zone: String,
    /// From here on the intervals are known.
    pub from: TimestampMs,
    /// From here on they are not.
    pub until: TimestampMs,
    /// Open intervals in order, four numbers each: local day since 1970-01-01, local minute of the
    /// day at which it opens, length in minutes, offset of local time from UTC in minutes.
    pub open: Vec<i64>,
}

/// How soon a case is to be resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sla {
    /// After so many milliseconds, open or not.
    DurationMs(i64),
    /// After so many open milliseconds.
    BusinessMs(i64),
    /// At the same local time, so many working days later; what arrives outside open hours counts
    /// from the next opening.
    BusinessDays(i64),
}

/// A deadline, and whether the calendar could tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub due_at: TimestampMs,
    /// False where the calendar does not reach so far: then it is the cautious deadline, counted
    /// as if every hour were open.
    pub is_known: bool,
}

/// One open interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interval {
    day: i64,
    opens_minute: i64,
    start_ms: i64,
    end_ms: i64,
}

impl Interval {
    fn new([day, opens_minute, length, offset]: &[i64; 4]) -> Self {
        let start_ms = (day * DAY_MINUTES + opens_minute - offset) * MINUTE_MS;
        let end_ms = start_ms + length * MINUTE_MS;
        Self { day: *day, opens_minute: *opens_minute, start_ms, end_ms }
    }
}

impl Sla {
    /// The deadline of what arrives now; a calendar is needed for business time only.
    #[must_use]
    pub fn deadline(&self, calendar: Option<&Calendar>, now: TimestampMs) -> Deadline {
        let known = match self {
            Self::DurationMs(duration_ms) => Some(now.saturating_add(*duration_ms)),
            Self::BusinessMs(open_ms) => {
                calendar.and_then(|calendar| calendar.after(*open_ms, now))
            }
            Self::BusinessDays(days) => {
                calendar.and_then(|calendar| calendar.days_later(*days, now))
            }
        };
        Deadline {
            due_at: known.unwrap_or_else(|| now.saturating_add(self.cautious_ms())),
            is_known: known.is_some(),
        }
    }

    /// The same count with every hour open: never later than the business time.
    #[must_use]
    pub const fn cautious_ms(&self) -> i64 {
        match self {
            Self::DurationMs(duration_ms) | Self::BusinessMs(duration_ms) => *duration_ms,
            // A local day may have 23 hours.
            Self::BusinessDays(days) => days.saturating_mul(23 * 60 * MINUTE_MS),
        }
    }

    /// Whether a calendar is needed.
    #[must_use]
    pub const fn needs_calendar(&self) -> bool {
        matches!(self, Self::BusinessMs(_) | Self::BusinessDays(_))
    }

    /// Reads an SLA from a bundle.
    ///
    /// # Errors
    /// `invalid_field` if it is not exactly one of the three.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let duration = |node: Node<'_>| node.integer(0, limits::DURATION_MS_MAX);
        let mut fields = node.object()?;
        let readings = [
            fields.optional("duration_ms", duration)?.map(Self::DurationMs),
            fields.optional("business_ms", duration)?.map(Self::BusinessMs),
            fields.optional("business_days", |node| node.integer(1, 366))?.map(Self::BusinessDays),
        ];
        fields.finish()?;
        let mut found = readings.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(sla), None) => Ok(sla),
            _ => Err(node.invalid("not exactly one kind of SLA", "compile the policy again")),
        }
    }
}

impl Calendar {
    /// Reads a calendar from a bundle.
    ///
    /// # Errors
    /// `invalid_field` if intervals overlap, go back, or leave the horizon.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let number = |node: Node<'_>| node.integer(-DAY_MINUTES, 4_000_000);
        let mut fields = node.object()?;
        let calendar = Self {
            calendar: fields.required("calendar", name)?,
            time_zone: fields.required("time_zone", name)?,
            from: fields.required("from", read::timestamp)?,
            until: fields.required("until", read::timestamp)?,
            open: fields.list("open", limits::CALENDAR_NUMBERS_MAX, number)?,
        };
        fields.finish()?;
        if !calendar.is_ordered() {
            return Err(node.invalid("the intervals are not in order", "compile the policy again"));
        }
        Ok(calendar)
    }

    fn intervals(&self) -> impl Iterator<Item = Interval> + '_ {
        self.rows().iter().map(Interval::new)
    }

    fn rows(&self) -> &[[i64; 4]] {
        self.open.as_chunks().0
    }

    fn is_ordered(&self) -> bool {
        let mut last_ms = self.from.as_ms();
        let ordered = self.intervals().all(|interval| {
            let follows = last_ms <= interval.start_ms && interval.start_ms < interval.end_ms;
            last_ms = interval.end_ms;
            follows
        });
        ordered && self.open.len().is_multiple_of(4) && last_ms <= self.until.as_ms()
    }

    /// Intervals that are not over; none where now lies outside the horizon.
    fn ahead_of(&self, now: TimestampMs) -> impl Iterator<Item = Interval> + '_ {
        let rows = self.rows();
        let over = rows.partition_point(|row| Interval::new(row).end_ms <= now.as_ms());
        let skipped = if self.from <= now && now < self.until { over } else { rows.len() };
        rows.iter().skip(skipped).map(Interval::new)
    }

    /// How much open time lies between two instants; `None` where the calendar does not know both.
    #[must_use]
    pub fn open_between(&self, from: TimestampMs, until: TimestampMs) -> Option<i64> {
        if from < self.from || until > self.until {
            return None;
        }
        let ahead = self.ahead_of(from).take_while(|interval| interval.start_ms < until.as_ms());
        let open_ms = ahead.map(|interval| {
            let start_ms = interval.start_ms.max(from.as_ms());
            (interval.end_ms.min(until.as_ms()) - start_ms).max(0)
        });
        Some(open_ms.sum())
    }

    /// The instant at which so much open time has passed.
    #[must_use]
    pub fn after(&self, open_ms: i64, now: TimestampMs) -> Option<TimestampMs> {
        let mut left_ms = open_ms;
        for interval in self.ahead_of(now) {
            let start_ms = interval.start_ms.max(now.as_ms());
            let length_ms = interval.end_ms - start_ms;
            if left_ms <= length_ms {
                return TimestampMs::new(start_ms + left_ms);
            }
            left_ms -= length_ms;
        }
        None
    }

    /// The same local time so many working days later; where that is not an open time, the last
    /// moment of that day that is open, or its first.
    fn days_later(&self, days: i64, now: TimestampMs) -> Option<TimestampMs> {
        let mut ahead = self.ahead_of(now);
        let first = ahead.next()?;
        let start_ms = now.as_ms().max(first.start_ms);
        let local_ms = first.opens_minute * MINUTE_MS + (start_ms - first.start_ms);
        let mut day = first.day;
        let mut left = days;
        let target = ahead.find(|interval| {
            if interval.day != day {
                day = interval.day;
                left -= 1;
            }
            left == 0
        })?;
        // It is the first of its day, and the others of that day come next.
        let of_day = ahead.take_while(|interval| interval.day == target.day);
        std::iter::once(target)
            .chain(of_day)
            .filter(|interval| interval.opens_minute * MINUTE_MS <= local_ms)
            .last()
            .or(Some(target))
            .and_then(|interval| {
                let into_ms = (local_ms - interval.opens_minute * MINUTE_MS).max(0);
                TimestampMs::new(interval.end_ms.min(interval.start_ms + into_ms))
            })
    }
}
