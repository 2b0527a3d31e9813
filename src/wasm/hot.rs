//! The hot path's side of the module: JavaScript writes facts into the desk's memory, asks once, and
//! reads the answer from there.
//!
//! Every decision has a number that stands in the memory too and is taken out with it. Writing to
//! memory that has moved does nothing and says nothing; then the number is not there, and nothing is
//! decided.

use std::cell::RefCell;

use serde::Serialize;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use super::{Engine, encode, instant};
use crate::fact::FactType;
use crate::flat::cell::{Cell, LIST_CELLS, TEXT_BYTES, tag};
use crate::flat::decide::{Answer, decide};
use crate::flat::desk::{Desk, SIGNAL_MISSING, SIGNAL_UNAVAILABLE};
use crate::flat::plan::Derived;
use crate::policy::{Policy, TriggerKind};
use crate::request::RiskLevel;
use crate::verdict::Disposition;

/// Numbers of the answer before the rules that fired, by index.
mod at {
    pub(super) const NONCE: usize = 0;
    pub(super) const DISPOSITION: usize = 1;
    pub(super) const RISK_LEVEL: usize = 2;
    pub(super) const PROBABILITY: usize = 3;
    /// What the confidence asks for; 0 where it allows an answer, or is cancelled.
    pub(super) const LOW: usize = 4;
    /// The certificate's state, from 1; 0 where none is asked for.
    pub(super) const CERTIFICATE: usize = 5;
    /// The queue's index; -1 where no person decides.
    pub(super) const QUEUE: usize = 6;
    pub(super) const SLA_MS: usize = 7;
    pub(super) const LEVEL: usize = 8;
    pub(super) const SUPPRESSED: usize = 9;
    pub(super) const SHADOW: usize = 10;
    pub(super) const FIRED: usize = 11;
    pub(super) const RULES: usize = 12;
}

/// What JavaScript writes to and reads from; its memory never moves within the module's.
pub(super) struct Shared {
    pub(super) desk: Desk,
    pub(super) answer: Vec<f64>,
}

impl Shared {
    pub(super) fn new(policy: &Policy) -> RefCell<Self> {
        let cells = LIST_CELLS + policy.plan().signals().len();
        let answer = vec![0.0; at::RULES + policy.bundle().triggers.len()];
        RefCell::new(Self { desk: Desk::new(policy, cells, TEXT_BYTES), answer })
    }

    fn put(&mut self, at: usize, number: impl Into<f64>) {
        if let Some(place) = self.answer.get_mut(at) {
            *place = number.into();
        }
    }

    /// What follows from what JavaScript wrote: facts about signals, and texts that are none.
    fn complete(&mut self, policy: &Policy) {
        let Desk { buffer, signals, .. } = &mut self.desk;
        let plan = policy.plan();
        let reading =
            |index: u16| signals.get(usize::from(index)).copied().unwrap_or(SIGNAL_MISSING);
        for (slot, derived) in plan.derived() {
            let slot = usize::from(*slot);
            match derived {
                Derived::Signal(index) => {
                    let reading = reading(*index);
                    let present = (0.0..=1.0).contains(&reading);
                    buffer.set(slot, if present { Cell::double(reading) } else { Cell::MISSING });
                }
                Derived::Unavailable(in_order) => {
                    let start = buffer.cells.len() - plan.signals().len();
                    let mut length = 0;
                    for (index, word) in in_order {
                        if reading(*index).total_cmp(&SIGNAL_UNAVAILABLE).is_eq() {
                            buffer.set(start + length, Cell::word(*word));
                            length += 1;
                        }
                    }
                    #[expect(clippy::cast_precision_loss, reason = "there are few signals")]
                    let number = length as f64;
                    let extra = u32::try_from(start).unwrap_or(u32::MAX);
                    buffer.set(slot, Cell { tag: tag::LIST, extra, number });
                }
                Derived::Parsed(fact_type) => buffer.parse(plan.words(), slot, *fact_type),
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "indexes and durations are far below 2^53")]
    fn tell(&mut self, answer: &Answer) {
        self.put(at::DISPOSITION, answer.disposition as u8);
        self.put(at::RISK_LEVEL, answer.risk_level as u8);
        self.put(at::PROBABILITY, answer.odds.probability);
        let low = answer.low.filter(|low| low.cancelled_by.is_none());
        self.put(at::LOW, low.map_or(0, |low| low.disposition as u8));
        self.put(at::CERTIFICATE, answer.certificate.map_or(0, |state| state as u8 + 1));
        self.put(at::QUEUE, answer.place.map_or(-1.0, |place| place.queue as f64));
        if let Some(place) = answer.place {
            self.put(at::SLA_MS, place.sla_ms as f64);
            self.put(at::LEVEL, place.level as f64);
        }
        let cancelled_low = answer.low.is_some_and(|low| low.cancelled_by.is_some());
        let mut suppressed = u32::from(cancelled_low);
        let mut fired: u16 = 0;
        for index in 0..self.desk.fired.len() {
            let Some(one) = self.desk.fired.get(index).copied() else {
                break;
            };
            if one.cancelled_by.is_some() {
                suppressed += 1;
            } else {
                self.put(at::RULES + usize::from(fired), one.trigger);
                fired += 1;
            }
        }
        self.put(at::SUPPRESSED, suppressed);
        self.put(at::SHADOW, self.desk.shadow.len() as f64);
        self.put(at::FIRED, fired);
    }
}

/// Everything that JavaScript has to know to write and to read, in one record.
#[derive(Serialize)]
struct Table<'a> {
    words: &'a [String],
    facts: Vec<FactRow<'a>>,
    signals: &'a [String],
    model_signals: usize,
    language_is_read: bool,
    triggers: Vec<TriggerRow<'a>>,
    queues: Vec<QueueRow<'a>>,
    cells: usize,
    list_start: usize,
    list_cells: usize,
    texts: usize,
    text_bytes: usize,
    readings: usize,
    answer: usize,
    answer_length: usize,
}

#[derive(Serialize)]
struct FactRow<'a> {
    path: &'a str,
    #[serde(rename = "type")]
    fact_type: FactType,
    text_is_read: bool,
}

#[derive(Serialize)]
struct TriggerRow<'a> {
    id: &'a str,
    kind: TriggerKind,
    disposition: Disposition,
    risk_level: Option<RiskLevel>,
}

#[derive(Serialize)]
struct QueueRow<'a> {
    queue: &'a str,
    title: &'a str,
    domain: &'a str,
    skills: &'a [String],
}

#[wasm_bindgen]
impl Engine {
    /// What the policy reads, and where in the module's memory it is written.
    ///
    /// # Errors
    /// Throws if the runtime cannot build objects.
    pub fn table(&self) -> Result<JsValue, JsValue> {
        let (plan, bundle) = (self.policy.plan(), self.policy.bundle());
        let shared = self.shared.borrow();
        let buffer = &shared.desk.buffer;
        let mut facts = Vec::new();
        for (slot, fact) in bundle.facts.iter().enumerate() {
            let (path, fact_type) = (fact.path.as_str(), fact.fact_type);
            facts.push(FactRow { path, fact_type, text_is_read: plan.text_is_read(slot) });
        }
        let mut triggers = Vec::new();
        for one in &bundle.triggers {
            let (kind, disposition, risk_level) = (one.kind, one.then, one.risk_level);
            triggers.push(TriggerRow { id: &one.id, kind, disposition, risk_level });
        }
        let mut queues = Vec::new();
        for one in &bundle.queues {
            let (queue, title) = (one.queue.as_str(), one.title.as_str());
            queues.push(QueueRow {
                queue,
                title,
                domain: &one.authority.domain,
                skills: &one.skills,
            });
        }
        encode::value(&Table {
            words: plan.words(),
            facts,
            signals: plan.signals(),
            model_signals: bundle.confidence.signals.len(),
            language_is_read: plan.language_is_read(),
            triggers,
            queues,
            cells: buffer.cells.as_ptr().addr(),
            list_start: buffer.lists(),
            list_cells: LIST_CELLS,
            texts: buffer.texts.as_ptr().addr(),
            text_bytes: buffer.texts.len(),
            readings: shared.desk.signals.as_ptr().addr(),
            answer: shared.answer.as_ptr().addr(),
            answer_length: shared.answer.len(),
        })
    }

    /// Decides what was written: `false` where that was not for the decision of this number, or the
    /// instant is none. `risk_level` is an index, 4 for none.
    pub fn judge_flat(&self, nonce: f64, risk_level: u32, now_ms: f64) -> bool {
        let (Ok(mut shared), Ok(now)) = (self.shared.try_borrow_mut(), instant(now_ms)) else {
            return false;
        };
        let shared = &mut *shared;
        let written = shared.answer.get_mut(at::NONCE).map(std::mem::take);
        if written.is_none_or(|written| written.total_cmp(&nonce).is_ne()) {
            return false;
        }
        let level = usize::try_from(risk_level).unwrap_or(usize::MAX);
        shared.desk.risk_level = RiskLevel::WORDS.get(level).map(|(_, level)| *level);
        shared.complete(&self.policy);
        let answer = decide(&self.policy, &mut shared.desk, now);
        shared.tell(&answer);
        true
    }
}

/// The module's memory, whose buffer is another one whenever it has grown.
#[wasm_bindgen]
#[must_use]
pub fn shared_memory() -> JsValue {
    wasm_bindgen::memory()
}
