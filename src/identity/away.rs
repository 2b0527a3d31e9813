//! Absence: a time during which nothing falls to somebody, and who stands in for them.

use serde::Serialize;

use super::Principal;
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};

/// A time during which somebody is away.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Away {
    /// When it begins.
    pub from: TimestampMs,
    /// When it ends.
    pub until: TimestampMs,
    /// Who gets what was theirs alone, where they may decide it; without one it goes back to its queue.
    pub delegate: Option<Id>,
    /// When what they had was passed on.
    pub begun_at: Option<TimestampMs>,
}

impl Away {
    /// Whether it lasts at this instant.
    #[must_use]
    pub fn covers(&self, now: TimestampMs) -> bool {
        self.from <= now && now < self.until
    }

    /// Reads a stored absence.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let away = Self {
            from: fields.required("from", read::timestamp)?,
            until: fields.required("until", read::timestamp)?,
            delegate: fields.optional("delegate", read::id)?,
            begun_at: fields.optional("begun_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(away)
    }
}

impl Principal {
    /// Whether it is away at this instant.
    #[must_use]
    pub fn is_away(&self, now: TimestampMs) -> bool {
        self.away.as_ref().is_some_and(|away| away.covers(now))
    }
}
