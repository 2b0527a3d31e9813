//! The two clocks of a case: by when somebody looks at it, by when it is resolved, and what is done
//! on the way. What happens at which instant stands in the case, so that it is the same on every host
//! and does not change when a policy does.

use serde::Serialize;

use crate::calendar::{Calendar, Sla};
use crate::case::Case;
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::read::{self, Fields, Node, Read};
use crate::units::TimestampMs;
use crate::word::words;

words! {
    /// Which clock.
    pub enum ClockKind {
        /// Until somebody takes the case for the first time.
        FirstTouch = "first_touch",
        /// Until it is resolved.
        Resolution = "resolution",
    }
}

words! {
    /// What is done at a mark.
    pub enum MarkAction {
        /// Those who can do something are told.
        Warn = "warn",
        /// It goes to another queue, or to a higher authority.
        Escalate = "escalate",
        /// It is taken from whoever has it, and offered to everybody.
        Reassign = "reassign",
        /// It needs a higher authority from then on.
        RaiseAuthority = "raise_authority",
        /// It ends, and the user gets what the policy says.
        Expire = "expire",
    }
}

/// A point on a clock, as a policy names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Which clock.
    pub clock: ClockKind,
    /// How much of the time is over, in percent; 100 is the deadline.
    pub percent: i64,
    /// What is done.
    pub then: MarkAction,
    /// The queue that it goes to.
    pub queue: Option<String>,
    /// What the user gets where it expires: the name of a template.
    pub template: Option<String>,
    /// Who is paged: the id of a `[[notify]]`.
    pub page: Option<String>,
}

/// A step of a case, at its instant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mark {
    /// Which clock.
    pub clock: ClockKind,
    /// How much of the time is over, in percent; 100 is the deadline.
    pub percent: i64,
    /// When.
    pub at: TimestampMs,
    /// What is done.
    pub then: MarkAction,
    /// The queue that it goes to.
    pub queue: Option<String>,
    /// What the user gets where it expires: the name of a template.
    pub template: Option<String>,
    /// Who is paged.
    pub page: Option<String>,
    /// When it was done.
    pub fired_at: Option<TimestampMs>,
}

/// The deadlines of a case and the marks before and after them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timing {
    /// When it is to be resolved.
    pub due_at: TimestampMs,
    /// The same without later changes of mind: only pauses move it.
    pub original_due_at: TimestampMs,
    /// When somebody is to have looked at it.
    pub first_touch_due_at: Option<TimestampMs>,
    /// What is done when.
    pub marks: Vec<Mark>,
}

impl Step {
    /// Reads a step of a compiled policy.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let step = Self::read_fields(&mut fields)?;
        fields.finish()?;
        Ok(step)
    }

    fn read_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        Ok(Self {
            clock: fields.required("clock", ClockKind::read)?,
            percent: fields.required("percent", |node| node.integer(1, limits::SLA_PERCENT_MAX))?,
            then: fields.required("then", MarkAction::read)?,
            queue: fields.optional("queue", name)?,
            template: fields.optional("template", name)?,
            page: fields.optional("page", name)?,
        })
    }

    fn at(&self, at: TimestampMs) -> Mark {
        let Self { clock, percent, then, queue, template, page } = self.clone();
        Mark { clock, percent, at, then, queue, template, page, fired_at: None }
    }
}

impl Mark {
    /// Whether nobody kept the time that the clock gives.
    #[must_use]
    pub const fn is_breach(&self) -> bool {
        self.percent >= 100
    }

    /// Reads a stored mark.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let step = Step::read_fields(&mut fields)?;
        let at = fields.required("at", read::timestamp)?;
        let fired_at = fields.optional("fired_at", read::timestamp)?;
        fields.finish()?;
        Ok(Self { fired_at, ..step.at(at) })
    }
}

impl Timing {
    /// The clocks of a case that begins now and is due then.
    #[must_use]
    pub fn begin(
        steps: &[Step],
        first_touch: Option<&Sla>,
        calendar: Option<&Calendar>,
        now: TimestampMs,
        due_at: TimestampMs,
    ) -> Self {
        let first_touch_due_at =
            first_touch.map(|sla| sla.deadline(calendar, now).due_at.min(due_at));
        let marks = steps.iter().filter_map(|step| {
            let due_at = match step.clock {
                ClockKind::FirstTouch => first_touch_due_at?,
                ClockKind::Resolution => due_at,
            };
            Some(step.at(share(calendar, now, due_at, step.percent)))
        });
        Self { due_at, original_due_at: due_at, first_touch_due_at, marks: marks.collect() }
    }

    /// Reads stored clocks.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let timing = Self {
            due_at: fields.required("due_at", read::timestamp)?,
            original_due_at: fields.required("original_due_at", read::timestamp)?,
            first_touch_due_at: fields.optional("first_touch_due_at", read::timestamp)?,
            marks: fields.list("marks", limits::SLA_STEPS_MAX, Mark::read)?,
        };
        fields.finish()?;
        Ok(timing)
    }
}

impl Case {
    /// The clocks as they stand.
    #[must_use]
    pub fn timing(&self) -> Timing {
        Timing {
            due_at: self.due_at,
            original_due_at: self.original_due_at,
            first_touch_due_at: self.first_touch_due_at,
            marks: self.marks.clone(),
        }
    }

    /// The clocks that go on now after a pause: as much time is left as there was when it began, in
    /// open hours where the queue counts those. `None` where they do not stand still.
    #[must_use]
    pub fn resumed(&self, calendar: Option<&Calendar>, now: TimestampMs) -> Option<Timing> {
        let paused_at = self.paused_at?;
        let moved = |at: TimestampMs| resume(calendar, at, paused_at, now);
        let marks = self.marks.iter().map(|mark| match mark.fired_at {
            None => Mark { at: moved(mark.at), ..mark.clone() },
            Some(_) => mark.clone(),
        });
        Some(Timing {
            due_at: moved(self.due_at),
            original_due_at: moved(self.original_due_at),
            first_touch_due_at: self.first_touch_due_at.map(moved),
            marks: marks.collect(),
        })
    }

    /// The clocks with another deadline: the steps count anew from now, and may each be taken again.
    #[must_use]
    pub fn retimed(
        &self,
        calendar: Option<&Calendar>,
        due_at: TimestampMs,
        now: TimestampMs,
    ) -> Timing {
        let marks = self.marks.iter().map(|mark| match mark.clock {
            ClockKind::FirstTouch => mark.clone(),
            ClockKind::Resolution => {
                let at = share(calendar, now, due_at, mark.percent);
                Mark { at, fired_at: None, ..mark.clone() }
            }
        });
        Timing { due_at, marks: marks.collect(), ..self.timing() }
    }

    /// The next mark whose time has come or will: none while the clocks stand still, or once nothing
    /// is left to be done.
    #[must_use]
    pub fn next_mark(&self) -> Option<&Mark> {
        if !self.state.is_open() || self.paused_at.is_some() {
            return None;
        }
        let waits = |mark: &&Mark| {
            let moot = mark.clock == ClockKind::FirstTouch && self.first_touched_at.is_some();
            mark.fired_at.is_none() && !moot
        };
        self.marks.iter().filter(waits).min_by_key(|mark| (mark.at, mark.percent))
    }
}

/// The instant at which so many percent of the time between two instants are over.
fn share(
    calendar: Option<&Calendar>,
    from: TimestampMs,
    until: TimestampMs,
    percent: i64,
) -> TimestampMs {
    let part = |length_ms: i64| length_ms.saturating_mul(percent) / 100;
    let by_wall = from.saturating_add(part((until.as_ms() - from.as_ms()).max(0)));
    // What is exactly the deadline must not depend on where a calendar closes.
    if percent == 100 {
        return until.max(from);
    }
    let open = calendar
        .and_then(|calendar| calendar.after(part(calendar.open_between(from, until)?), from));
    open.unwrap_or(by_wall)
}

/// An instant that lay ahead when the clock stopped, as far ahead of now.
fn resume(
    calendar: Option<&Calendar>,
    at: TimestampMs,
    paused_at: TimestampMs,
    now: TimestampMs,
) -> TimestampMs {
    if at <= paused_at {
        return at;
    }
    let open =
        calendar.and_then(|calendar| calendar.after(calendar.open_between(paused_at, at)?, now));
    open.unwrap_or_else(|| {
        at.saturating_add((now.as_ms() - paused_at.as_ms()).clamp(0, INTEGER_MAX))
    })
}
