//! What a policy says about the work of people: how many are asked, what happens on the way to a
//! deadline, where a full queue sends its cases, and what users are told.
//!
//! It stands in the bundle as one value that only hosts read, so that edges do not carry its reader.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar::{Calendar, Sla};
use crate::case::{Case, MarkAction, NoticeKind, Place, Step, Timing, UserNotice};
use crate::error::{ErrorCode, Fault};
use crate::limits;
use crate::policy::{Authority, Policy};
use crate::read::{Node, Read};
use crate::units::{Id, TimestampMs};

/// How long a customer is waited for where a policy does not say it.
pub const WAITING_MS: i64 = 2 * 24 * 60 * 60 * 1_000;
/// How many cases one reviewer holds at once where a policy does not say it.
pub const OPEN_LEASES: i64 = 20;

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkPolicy {
    /// How long a customer is waited for, in milliseconds.
    pub waiting_ms: i64,
    /// How many cases one reviewer holds at once.
    pub open_leases_max: i64,
    /// What queues say of it; a queue that is not here asks one reviewer and does nothing on the way.
    pub queues: Vec<QueueWork>,
    /// Who is paged.
    pub notify: Vec<Notify>,
    /// What users are told, by kind of notice and language; nothing where it is empty.
    pub notices: BTreeMap<String, BTreeMap<String, String>>,
}

/// What one queue says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueWork {
    /// The queue.
    pub queue: String,
    /// How many reviewers are asked.
    pub reviewers: i64,
    /// How soon somebody looks at a case.
    pub first_touch: Option<Sla>,
    /// What is done on the way to the deadlines and after them.
    pub steps: Vec<Step>,
    /// Where cases go while too many wait.
    pub overflow: Option<Overflow>,
}

/// Where a full queue sends what comes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overflow {
    /// So many that wait are enough.
    pub ready_max: i64,
    /// Where the rest goes.
    pub queue: String,
}

/// Somebody who is paged: the events of a page name it, and webhooks carry them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notify {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub title: String,
}

impl WorkPolicy {
    /// What the policy says.
    ///
    /// # Errors
    /// `policy_rejected` if it cannot be read.
    pub fn of(policy: &Policy) -> Result<Self, Fault> {
        let Some(value) = &policy.bundle().work else { return Ok(Self::nothing()) };
        Self::read(Node::root(value))
            .map_err(|fault| Fault { code: ErrorCode::PolicyRejected, ..fault })
    }

    fn nothing() -> Self {
        Self {
            waiting_ms: WAITING_MS,
            open_leases_max: OPEN_LEASES,
            queues: Vec::new(),
            notify: Vec::new(),
            notices: BTreeMap::new(),
        }
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let duration = |node: Node<'_>| node.integer(0, limits::DURATION_MS_MAX);
        let texts = |node: Node<'_>| {
            node.map(limits::LIST_LENGTH_MAX, |node| node.filled_text(limits::NOTE_LENGTH_MAX))
        };
        let mut fields = node.object()?;
        let work = Self {
            waiting_ms: fields.required("waiting_ms", duration)?,
            open_leases_max: fields.required("open_leases_max", |node| node.integer(1, 1_000))?,
            queues: fields.list("queues", limits::QUEUES_MAX, QueueWork::read)?,
            notify: fields.list("notify", limits::LIST_LENGTH_MAX, Notify::read)?,
            notices: fields.required("notices", |node| node.map(limits::LIST_LENGTH_MAX, texts))?,
        };
        fields.finish()?;
        Ok(work)
    }

    /// What a queue says.
    #[must_use]
    pub fn queue(&self, queue: &str) -> Option<&QueueWork> {
        self.queues.iter().find(|work| work.queue == queue)
    }

    /// How many reviewers a queue asks.
    #[must_use]
    pub fn reviewers(&self, queue: &str) -> i64 {
        self.queue(queue).map_or(1, |work| work.reviewers)
    }

    /// The clocks of a case that begins now in a queue.
    #[must_use]
    pub fn begin(
        &self,
        policy: &Policy,
        queue: &str,
        now: TimestampMs,
        due_at: TimestampMs,
    ) -> Timing {
        let work = self.queue(queue);
        let steps = work.map_or(&[][..], |work| &work.steps);
        let first_touch = work.and_then(|work| work.first_touch.as_ref());
        Timing::begin(steps, first_touch, calendar_of(policy, queue), now, due_at)
    }

    /// What a user is told now, where the policy says anything of the kind.
    #[must_use]
    pub fn notice(&self, kind: NoticeKind, case: &Case) -> Option<UserNotice> {
        let texts = self.notices.get(kind.as_str())?;
        let language = case.language.as_deref().unwrap_or("");
        let primary = language.split('-').next().unwrap_or("");
        let text = texts.get(language).or_else(|| texts.get(primary));
        let text = text.or_else(|| texts.get("default"))?;
        Some(UserNotice {
            kind,
            text: text.replace("{expected_at}", &case.due_at.to_string()),
            expected_at: case.due_at,
            deadline_version: case.deadline_version,
        })
    }
}

/// The calendar by which a queue counts: none where every hour counts.
#[must_use]
pub fn calendar_of<'a>(policy: &'a Policy, queue: &str) -> Option<&'a Calendar> {
    let queue = policy.queue(queue).filter(|queue| queue.sla.needs_calendar())?;
    policy.calendar(queue.calendar.as_deref()?)
}

/// The place of a case in another queue: nothing lowers the level that it needs.
#[must_use]
pub fn place_in(policy: &Policy, case: &Case, queue: &str) -> Option<Place> {
    let queue = policy.queue(queue)?;
    let level = queue.authority.level.max(case.authority.level);
    Some(Place {
        queue: queue.queue.clone(),
        authority: Authority { domain: queue.authority.domain.clone(), level },
        skills: queue.skills.clone(),
        assigned_to: None,
    })
}

/// The place where a case is, for somebody alone or for everybody.
#[must_use]
pub fn place_of(case: &Case, assigned_to: Option<Id>) -> Place {
    Place {
        queue: case.queue.clone(),
        authority: case.authority.clone(),
        skills: case.skills.clone(),
        assigned_to,
    }
}

/// The place where a case is, one level higher, as far as the ladder of the policy goes.
#[must_use]
pub fn place_above(policy: &Policy, case: &Case) -> Place {
    let place = place_of(case, None);
    let level = (case.authority.level + 1).min(highest(policy, &case.authority.domain));
    let level = level.max(case.authority.level);
    Place { authority: Authority { level, ..place.authority.clone() }, ..place }
}

/// The highest level that anybody may have in a subject, by the ladder.
fn highest(policy: &Policy, domain: &str) -> i64 {
    const LEVEL_MAX: i64 = 9;
    let ladder = policy.actions().ladder.iter();
    let of_domain =
        ladder.filter(|step| domain == "any" || step.domain == "any" || step.domain == domain);
    of_domain.map(|step| step.level).max().unwrap_or(LEVEL_MAX)
}

impl QueueWork {
    fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let work = Self {
            queue: fields.required("queue", name)?,
            reviewers: fields
                .required("reviewers", |node| node.integer(1, limits::REVIEWERS_MAX))?,
            first_touch: fields.optional("first_touch", Sla::read)?,
            steps: fields.list("steps", limits::SLA_STEPS_MAX, Step::read)?,
            overflow: fields.optional("overflow", |node| {
                let mut fields = node.object()?;
                let overflow = Overflow {
                    ready_max: fields.required("ready_max", |node| node.integer(1, 1_000_000))?,
                    queue: fields.required("queue", name)?,
                };
                fields.finish()?;
                Ok(overflow)
            })?,
        };
        fields.finish()?;
        Ok(work)
    }

    /// Whether a step ends a case.
    #[must_use]
    pub fn expires(&self) -> bool {
        self.steps.iter().any(|step| step.then == MarkAction::Expire)
    }
}

impl Notify {
    fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let notify =
            Self { id: fields.required("id", name)?, title: fields.required("title", name)? };
        fields.finish()?;
        Ok(notify)
    }
}
