//! The nine measures of a review workflow: one definition each, computed from plain rows.
//!
//! Rows are what records, cases and observations say, without their texts. [`measure`] counts them
//! by the definition, for a period, a filter and a breakdown; it reads no clock and no store, so
//! that the same rows always give the same figures.

mod definition;
mod dropped;
mod edit_distance;
mod figures;
mod items;
mod observation;
mod rows;

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::limits::METRIC_GROUPS_MAX;
use crate::request::Release;
use crate::units::TimestampMs;
use crate::word::words;

pub use definition::Definition;
pub use dropped::{DroppedGroup, total as dropped_total};
pub use edit_distance::edit_distance;
pub use figures::{Figures, Interval, Part, Spread, share_interval};
pub use observation::{OBSERVATION_VERSION, Observation, ObservationKind, Thumb};
pub use rows::{
    CaseRow, Dimensions, DraftUse, DroppedRow, Ending, ObservationRow, RecordRow, Rows, Touch,
};

use items::Item;

/// Version of the measure that this code writes.
pub const MEASURE_VERSION: i64 = 1;

words! {
    /// What is measured.
    pub enum Metric {
        /// How much goes to people.
        EscalationRate = "escalation_rate",
        /// How many drafts people let through, changed or not.
        ApprovalRate = "approval_rate",
        /// How many drafts people turn down.
        RejectionRate = "rejection_rate",
        /// How long people work on a case.
        HandlingTime = "handling_time",
        /// How many deadlines are missed.
        SlaMissRate = "sla_miss_rate",
        /// How many drafts go out as they are.
        DraftAcceptance = "draft_acceptance",
        /// How much is changed in drafts that go out.
        EditDistance = "edit_distance",
        /// How often the same reason comes back.
        RepeatReasons = "repeat_reasons",
        /// How content users are with their answers.
        Satisfaction = "satisfaction",
    }
}

words! {
    /// What a measure is counted in.
    pub enum Unit {
        /// A share, from 0 to 1.
        Share = "share",
        /// Seconds.
        Seconds = "seconds",
        /// A distance, from 0 for equal to 1 for nothing in common.
        Distance = "distance",
    }
}

words! {
    /// Along what a measure is broken down.
    pub enum Breakdown {
        /// Days in UTC.
        Day = "day",
        /// Queues.
        Queue = "queue",
        /// Subjects.
        Domain = "domain",
        /// Tenants.
        Tenant = "tenant",
        /// Releases: model, prompt and index together.
        Release = "release",
    }
}

/// What is counted: a period, its end excluded, and equal dimensions where they are given.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The first instant.
    pub from: TimestampMs,
    /// The first instant after it.
    pub until: TimestampMs,
    /// The instant at which it is asked; what is due later is not due yet.
    pub now: TimestampMs,
    /// Only this queue.
    pub queue: Option<String>,
    /// Only this subject.
    pub domain: Option<String>,
    /// Only these versions, of those that are given.
    pub release: Release,
}

/// One measure with its definition, so that a figure is never read without its meaning.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measure {
    /// Version of this record; 1.
    pub version: i64,
    /// Which measure.
    pub metric: Metric,
    /// What it is counted in.
    pub unit: Unit,
    /// What it means.
    pub definition: Definition,
    /// The figures of the whole selection.
    pub figures: Figures,
    /// The same for each value of the breakdown, in order; null where none was asked for.
    pub groups: Option<Vec<Group>>,
}

/// The figures of one value of a breakdown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Group {
    /// The value: a day, a queue, a subject, a tenant or a release; null where it is not known.
    pub key: Option<String>,
    /// Its figures.
    pub figures: Figures,
}

impl Metric {
    /// What the measure is counted in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::HandlingTime => Unit::Seconds,
            Self::EditDistance => Unit::Distance,
            Self::EscalationRate
            | Self::ApprovalRate
            | Self::RejectionRate
            | Self::SlaMissRate
            | Self::DraftAcceptance
            | Self::RepeatReasons
            | Self::Satisfaction => Unit::Share,
        }
    }
}

/// Computes one measure.
///
/// # Errors
/// `limit_exceeded` where the breakdown has more values than are given at once.
pub fn measure(
    metric: Metric,
    rows: &Rows,
    selection: &Selection,
    by: Option<Breakdown>,
) -> Result<Measure, Fault> {
    let items = items::items(metric, rows, selection);
    let chosen: Vec<&Item<'_>> =
        items.iter().filter(|item| item.is_in(metric, selection)).collect();
    let groups = by.map(|by| groups(metric, &chosen, selection, by)).transpose()?;
    let figures = figures::figures(metric, &in_queue(metric, &chosen, selection.queue.as_deref()));
    let (unit, definition) = (metric.unit(), metric.definition());
    Ok(Measure { version: MEASURE_VERSION, metric, unit, definition, figures, groups })
}

fn groups(
    metric: Metric,
    items: &[&Item<'_>],
    selection: &Selection,
    by: Breakdown,
) -> Result<Vec<Group>, Fault> {
    let mut keys: Vec<Option<String>> = items.iter().map(|item| item.key(by)).collect();
    if let (Breakdown::Queue, Some(queue)) = (by, &selection.queue) {
        keys.retain(|key| key.as_ref() == Some(queue));
    }
    if metric == Metric::EscalationRate && by == Breakdown::Queue {
        // What nobody had to see is in no queue, and counts below the line of each.
        keys.retain(Option::is_some);
    }
    keys.sort();
    keys.dedup();
    if keys.len() > METRIC_GROUPS_MAX {
        return Err(Fault::new(
            ErrorCode::LimitExceeded,
            "/query/by",
            format!("{} groups, at most {METRIC_GROUPS_MAX} are given", keys.len()),
            "choose a shorter period, or a filter",
        ));
    }
    let group = |key: Option<String>| {
        let figures = if metric == Metric::EscalationRate && by == Breakdown::Queue {
            figures::figures(metric, &in_queue(metric, items, key.as_deref()))
        } else {
            let own: Vec<&Item<'_>> =
                items.iter().copied().filter(|item| item.key(by) == key).collect();
            figures::figures(metric, &in_queue(metric, &own, selection.queue.as_deref()))
        };
        Group { key, figures }
    };
    Ok(keys.into_iter().map(group).collect())
}

/// The items as one queue sees them: every verdict is below the line of each queue's escalation
/// rate, so a verdict that went elsewhere stays, as one that did not come here.
fn in_queue<'a>(metric: Metric, items: &[&Item<'a>], queue: Option<&str>) -> Vec<Item<'a>> {
    let own = |item: &&Item<'a>| match queue {
        Some(queue) if metric == Metric::EscalationRate => item.seen_from(queue),
        _ => (*item).clone(),
    };
    items.iter().map(own).collect()
}
