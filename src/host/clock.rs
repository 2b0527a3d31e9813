//! The only place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::units::TimestampMs;

/// What the wall clock of this machine says; it may jump, so that the store holds it monotonic.
#[must_use]
pub fn wall_clock() -> TimestampMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    TimestampMs::MIN.saturating_add(milliseconds)
}
