//! Where one request after the other is laid out flat and decided, without anything new for each.

use crate::fact::{FactPlace, value_at};
use crate::flat::cell::{Buffer, Cell};
use crate::flat::curve::{SIGNAL_MISSING, SIGNAL_UNAVAILABLE};
use crate::gate::Gate;
use crate::policy::Policy;
use crate::request::{Request, RiskLevel, Signal};

/// A rule that fired.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fired {
    pub(crate) trigger: u16,
    /// It could not be judged, and fired for want of it.
    pub(crate) is_unknown: bool,
    /// The suppression that cancelled it.
    pub(crate) cancelled_by: Option<u16>,
}

/// The facts of one request, and which rules fired.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) buffer: Buffer,
    /// Readings in [0, 1] by the plan's order, or one of the two numbers above.
    pub(crate) signals: Vec<f64>,
    pub(crate) risk_level: Option<RiskLevel>,
    pub(crate) fired: Vec<Fired>,
    /// Rules on trial that would have fired.
    pub(crate) shadow: Vec<Fired>,
    /// Rules, none of them on trial, that could not be judged.
    pub(crate) unknown: Vec<u16>,
    /// Suppressions that hold.
    pub(crate) holding: Vec<u16>,
}

impl Desk {
    /// A desk for requests under a policy, with room for lists and texts that somebody else writes.
    pub(crate) fn new(policy: &Policy, list_cells: usize, text_bytes: usize) -> Self {
        let plan = policy.plan();
        Self {
            buffer: Buffer::new(plan.at_rest().to_vec(), list_cells, text_bytes),
            signals: vec![SIGNAL_MISSING; plan.signals().len()],
            risk_level: None,
            fired: Vec::new(),
            shadow: Vec::new(),
            unknown: Vec::new(),
            holding: Vec::new(),
        }
    }

    /// Lays out a request; the confidence is worked out when it is decided.
    pub(crate) fn read(&mut self, policy: &Policy, request: &Request, gate: Option<&Gate>) {
        let (plan, facts) = (policy.plan(), &policy.bundle().facts);
        let words = plan.words();
        self.buffer.clear();
        let proposes = !request.proposed_actions.is_empty() || gate.is_some();
        for (slot, (place, fact)) in plan.places().iter().zip(facts).enumerate() {
            if !plan.is_used(slot) {
                continue;
            }
            let cell = match place {
                FactPlace::Actions(_) if !proposes => {
                    plan.at_rest().get(slot).copied().unwrap_or(Cell::MISSING)
                }
                _ => {
                    let value = value_at(place, fact.fact_type, policy, request, 0.0, gate);
                    self.buffer.value(words, &value, plan.text_is_read(slot))
                }
            };
            self.buffer.set(slot, cell);
        }
        let texts = [
            (Some(request.tenant_id.as_str()), false),
            (request.domain.as_deref(), false),
            (request.language.as_deref(), plan.language_is_read()),
        ];
        for (index, (text, is_read)) in texts.into_iter().enumerate() {
            let cell = text.map_or(Cell::MISSING, |text| self.buffer.string(words, text, is_read));
            self.buffer.set(facts.len() + index, cell);
        }
        for (name, reading) in plan.signals().iter().zip(&mut self.signals) {
            *reading = match request.signals.get(name) {
                Some(Signal::Present(score)) => score.get(),
                Some(Signal::Unavailable) => SIGNAL_UNAVAILABLE,
                Some(Signal::Missing) | None => SIGNAL_MISSING,
            };
        }
        self.risk_level = request.risk_level;
    }
}
