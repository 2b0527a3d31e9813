//! What an edge dropped while it had no room: counts in the place of decision records.

use serde::Serialize;

use crate::error::Fault;
use crate::json::INTEGER_MAX;
use crate::limits::{DROPPED_GROUPS_MAX, NAME_LENGTH_MAX};
use crate::read::{self, Node, Read};
use crate::request::{Release, read_release};
use crate::units::TimestampMs;
use crate::verdict::Disposition;

/// Decisions of one hour that were alike, dropped before they could be sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DroppedGroup {
    /// The hour in which they were decided, by its beginning.
    pub hour: TimestampMs,
    /// What was decided.
    pub disposition: Disposition,
    /// The subject, where the policy lets records say it.
    pub domain: Option<String>,
    /// Which versions made the drafts.
    pub release: Release,
    /// How many.
    pub count: i64,
}

impl DroppedGroup {
    /// Reads one group.
    ///
    /// # Errors
    /// `invalid_field`, `missing_field` or `unknown_field` where it is none.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let group = Self {
            hour: fields.required("hour", read::timestamp)?,
            disposition: fields.required("disposition", Disposition::read)?,
            domain: fields.optional("domain", name)?,
            release: fields.optional("release", read_release)?.unwrap_or_default(),
            count: fields.required("count", |node| node.integer(1, INTEGER_MAX))?,
        };
        fields.finish()?;
        Ok(group)
    }

    /// Reads the groups before the record with this sequence number; together they are no more than
    /// the numbers that lie before it.
    ///
    /// # Errors
    /// As [`DroppedGroup::read`], and `invalid_field` where more were dropped than can have been.
    pub fn read_all(node: Node<'_>, sequence: i64) -> Read<Vec<Self>> {
        let groups = node.list(DROPPED_GROUPS_MAX, Self::read)?;
        if total(&groups) > sequence {
            let detail = format!("more than the {sequence} records before this batch");
            return Err(too_many(node, detail));
        }
        Ok(groups)
    }
}

/// How many decisions the groups stand for.
#[must_use]
pub fn total(groups: &[DroppedGroup]) -> i64 {
    groups.iter().fold(0, |sum, group| sum.saturating_add(group.count))
}

fn too_many(node: Node<'_>, detail: String) -> Fault {
    node.invalid(detail, "count each record once: as it is, or in a group")
}
