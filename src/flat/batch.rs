//! Many requests at once, for replays and servers: what is decided, without the explanation.

use crate::flat::decide::{Answer, decide};
use crate::flat::desk::{Desk, Fired};
use crate::gate;
use crate::policy::{Policy, Queue, Trigger};
use crate::request::{Request, RiskLevel};
use crate::units::TimestampMs;
use crate::verdict::Disposition;

/// What is decided of one request; [`crate::evaluate`] says the same with its reasons.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    policy: &'a Policy,
    desk: &'a Desk,
    answer: Answer,
}

impl<'a> Decision<'a> {
    /// What happens.
    #[must_use]
    pub const fn disposition(&self) -> Disposition {
        self.answer.disposition
    }

    /// What is at stake.
    #[must_use]
    pub const fn risk_level(&self) -> RiskLevel {
        self.answer.risk_level
    }

    /// The confidence, in (0, 1).
    #[must_use]
    pub const fn probability(&self) -> f64 {
        self.answer.odds.probability
    }

    /// The rules of the policy that fired, in its order; too little confidence is none of them.
    pub fn triggers(&self) -> impl Iterator<Item = &'a Trigger> + use<'a> {
        self.rules(&self.desk.fired)
    }

    /// The rules on trial that would have fired.
    pub fn shadow(&self) -> impl Iterator<Item = &'a Trigger> + use<'a> {
        self.rules(&self.desk.shadow)
    }

    /// What the confidence asks for, where that is more than an answer and nothing cancels it.
    #[must_use]
    pub fn low_confidence(&self) -> Option<Disposition> {
        let low = self.answer.low.filter(|low| low.cancelled_by.is_none());
        low.map(|low| low.disposition)
    }

    /// The queue, if a person decides.
    #[must_use]
    pub fn queue(&self) -> Option<&'a Queue> {
        self.policy.bundle().queues.get(self.answer.place?.queue)
    }

    /// When the case is to be resolved, if a person decides.
    #[must_use]
    pub fn due_at(&self) -> Option<TimestampMs> {
        self.answer.place.map(|place| place.due_at)
    }

    fn rules(&self, fired: &'a [Fired]) -> impl Iterator<Item = &'a Trigger> + use<'a> {
        let triggers = &self.policy.bundle().triggers;
        let standing = fired.iter().filter(|one| one.cancelled_by.is_none());
        standing.filter_map(|one| triggers.get(usize::from(one.trigger)))
    }
}

/// Decides one request after the other at one instant, and tells each decision while it stands.
///
/// ```
/// # let bundle = countersign::compile::compile(countersign::compile::DEFAULT_POLICY, "policy.toml").unwrap();
/// # let policy = bundle.policy;
/// # let request = |text: &str| {
/// #     countersign::Request::read(&serde_json::from_str(text).unwrap()).unwrap()
/// # };
/// use countersign::{Disposition, TimestampMs, evaluate_batch};
///
/// let requests = [
///     request(r#"{"tenant_id": "northwind", "user_question": "Where is my parcel?", "domain": "safety"}"#),
///     request(r#"{"tenant_id": "northwind", "user_question": "When do you open?"}"#),
/// ];
/// let mut escalated = Vec::new();
/// evaluate_batch(&policy, &requests, TimestampMs::MIN, |request, decision| {
///     if decision.disposition() == Disposition::Escalate {
///         escalated.push((&request.user_question, decision.triggers().count()));
///     }
/// });
/// assert_eq!(escalated, [(&"Where is my parcel?".to_owned(), 2)]);
/// ```
pub fn evaluate_batch<'r>(
    policy: &Policy,
    requests: impl IntoIterator<Item = &'r Request>,
    now: TimestampMs,
    mut tell: impl FnMut(&'r Request, Decision<'_>),
) {
    let mut desk = Desk::new(policy, 0, 0);
    for request in requests {
        let gate = gate::of_request(policy, request, now);
        desk.read(policy, request, gate.as_ref());
        let answer = decide(policy, &mut desk, now);
        tell(request, Decision { policy, desk: &desk, answer });
    }
}
