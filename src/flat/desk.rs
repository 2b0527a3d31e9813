//! Where one request after the other is laid out flat and decided, without anything new for each.

use crate::fact::{FactPlace, value_at};
use crate::flat::cell::{Buffer, Cell};
use crate::flat::curve::{SIGNAL_MISSING, SIGNAL_UNAVAILABLE};
use crate::flat::plan::Plan;
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
    /// Whether facts of actions are there from the request before.
    proposed: bool,
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
            proposed: false,
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
        let none_failed = self.read_signals(plan, request);
        for read in plan.reads() {
            let slot = usize::from(read.slot);
            let cell = match &read.place {
                FactPlace::Signal(_) => {
                    let reading = self.signals.get(usize::from(read.signal));
                    let present = reading.copied().filter(|reading| *reading >= 0.0);
                    present.map_or(Cell::MISSING, Cell::double)
                }
                FactPlace::SignalsUnavailable if none_failed => Cell::NONE_LISTED,
                place => {
                    let value = value_at(place, read.fact_type, policy, request, 0.0, gate);
                    self.buffer.value(words, &value, read.text_is_read)
                }
            };
            self.buffer.set(slot, cell);
        }
        let proposes = !request.proposed_actions.is_empty() || gate.is_some();
        if proposes || self.proposed {
            self.read_actions(policy, request, gate, proposes);
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
        self.risk_level = request.risk_level;
    }

    /// The readings, and whether no signal failed at all.
    fn read_signals(&mut self, plan: &Plan, request: &Request) -> bool {
        let mut none_failed = true;
        self.signals.fill(SIGNAL_MISSING);
        for (name, signal) in &request.signals {
            let reading = match signal {
                Signal::Present(score) => score.get(),
                Signal::Unavailable => SIGNAL_UNAVAILABLE,
                Signal::Missing => continue,
            };
            none_failed &= reading >= 0.0;
            let index = plan.signal(name).map(usize::from);
            if let Some(place) = index.and_then(|index| self.signals.get_mut(index)) {
                *place = reading;
            }
        }
        none_failed
    }

    fn read_actions(
        &mut self,
        policy: &Policy,
        request: &Request,
        gate: Option<&Gate>,
        proposes: bool,
    ) {
        let plan = policy.plan();
        for read in plan.reads_of_actions() {
            let slot = usize::from(read.slot);
            let cell = if proposes {
                let value = value_at(&read.place, read.fact_type, policy, request, 0.0, gate);
                self.buffer.value(plan.words(), &value, read.text_is_read)
            } else {
                plan.at_rest().get(slot).copied().unwrap_or(Cell::MISSING)
            };
            self.buffer.set(slot, cell);
        }
        self.proposed = proposes;
    }
}
