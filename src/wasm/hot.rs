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
use crate::certificate::CertificateState;
use crate::fact::{FactSource, FactType};
use crate::flat::cell::{Cell, LIST_CELLS, TEXT_BYTES, tag};
use crate::flat::curve::{SIGNAL_MISSING, SIGNAL_UNAVAILABLE};
use crate::flat::decide::{Answer, decide};
use crate::flat::desk::Desk;
use crate::flat::plan::Derived;
use crate::money::Currency;
use crate::policy::{Policy, TriggerKind};
use crate::request::RiskLevel;
use crate::tool::Tool;
use crate::verdict::Disposition;

/// The numbers that lie in the memory: the decision's own, which is taken out when it is decided, the
/// probability, and the deadline in milliseconds.
mod at {
    pub(super) const NONCE: usize = 0;
    pub(super) const PROBABILITY: usize = 1;
    pub(super) const SLA_MS: usize = 2;
    pub(super) const COUNT: usize = 3;
}

/// The bits of an answer, from the lowest: that there is one, disposition (2), risk level (2), what the
/// confidence asks for (3; 0 where it allows an answer, or is cancelled), the certificate's state from
/// 1 (3), that something was suppressed, that a rule on trial fired, the state of the certificate for
/// limited answers (3), and from bit 16 how many fired.
mod bit {
    pub(super) const DECIDED: u32 = 1;
    pub(super) const DISPOSITION: u32 = 1;
    pub(super) const RISK_LEVEL: u32 = 3;
    pub(super) const LOW: u32 = 5;
    pub(super) const CERTIFICATE: u32 = 8;
    pub(super) const SUPPRESSED: u32 = 11;
    pub(super) const SHADOW: u32 = 12;
    pub(super) const LIMITED_CERTIFICATE: u32 = 13;
    pub(super) const FIRED: u32 = 16;
}

/// What JavaScript writes to and reads from; its memory never moves within the module's.
pub(super) struct Shared {
    desk: Desk,
    answer: Vec<f64>,
    /// The level in the lowest four bits, the queue's index from 1 above them, 0 where no person
    /// decides; then the rules that fired, by index.
    fired: Vec<u32>,
}

impl Shared {
    pub(super) fn new(policy: &Policy) -> RefCell<Self> {
        let cells = LIST_CELLS + policy.plan().signals().len();
        RefCell::new(Self {
            desk: Desk::new(policy, cells, TEXT_BYTES),
            answer: vec![0.0; at::COUNT],
            fired: vec![0; 1 + policy.bundle().triggers.len()],
        })
    }

    fn put(&mut self, at: usize, number: f64) {
        if let Some(place) = self.answer.get_mut(at) {
            *place = number;
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

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "indexes, levels and durations are small, and none is negative"
    )]
    fn tell(&mut self, answer: &Answer) -> u32 {
        self.put(at::PROBABILITY, answer.odds.probability);
        let mut place = 0;
        if let Some(found) = answer.place {
            self.put(at::SLA_MS, found.sla_ms as f64);
            place = (found.queue as u32 + 1) << 4 | found.level as u32;
        }
        let low = answer.low.filter(|low| low.cancelled_by.is_none());
        let mut suppressed = answer.low.is_some_and(|low| low.cancelled_by.is_some());
        let mut count = 0;
        let mut places = self.fired.iter_mut();
        if let Some(first) = places.next() {
            *first = place;
        }
        for one in &self.desk.fired {
            if one.cancelled_by.is_some() {
                suppressed = true;
            } else if let Some(place) = places.next() {
                *place = one.trigger.into();
                count += 1;
            }
        }
        bit::DECIDED
            | (answer.disposition as u32) << bit::DISPOSITION
            | (answer.risk_level as u32) << bit::RISK_LEVEL
            | low.map_or(0, |low| low.disposition as u32) << bit::LOW
            | state(answer.certificates.answer) << bit::CERTIFICATE
            | state(answer.certificates.limited_answer) << bit::LIMITED_CERTIFICATE
            | u32::from(suppressed) << bit::SUPPRESSED
            | u32::from(!self.desk.shadow.is_empty()) << bit::SHADOW
            | count << bit::FIRED
    }
}

/// A certificate's state in three bits; 0 where none is asked for.
fn state(state: Option<CertificateState>) -> u32 {
    state.map_or(0, |state| state as u32 + 1)
}

/// Everything that JavaScript has to know to write and to read, in one record.
#[derive(Serialize)]
struct Table<'a> {
    words: &'a [String],
    facts: Vec<FactRow<'a>>,
    signals: &'a [String],
    language_is_read: bool,
    tenant_is_read: bool,
    triggers: Vec<TriggerRow<'a>>,
    queues: Vec<QueueRow<'a>>,
    rules: Vec<&'a str>,
    tools: &'a [Tool],
    domains: &'a [String],
    currencies: Vec<CurrencyRow>,
    cells: usize,
    list_start: usize,
    list_cells: usize,
    texts: usize,
    text_bytes: usize,
    readings: usize,
    answer: usize,
    /// Of the first rule that fired; the place stands before it.
    fired: usize,
    action_cells: usize,
    action_list_start: usize,
    action_texts: usize,
    action_nonce: usize,
    action_fired: usize,
}

/// A currency of which the policy knows what it is worth.
#[derive(Serialize)]
struct CurrencyRow {
    code: Currency,
    packed: u32,
}

#[derive(Serialize)]
struct FactRow<'a> {
    path: &'a str,
    #[serde(rename = "type")]
    fact_type: FactType,
    text_is_read: bool,
    /// Whether a condition names it.
    is_used: bool,
    is_used_by_rules: bool,
    is_of_host: bool,
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
            let (text_is_read, is_used) = (plan.text_is_read(slot), plan.is_used(slot));
            facts.push(FactRow {
                path,
                fact_type,
                text_is_read,
                is_used,
                is_used_by_rules: plan.is_used_by_rules(slot),
                is_of_host: fact.source == FactSource::Host,
            });
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
        let mut rules = Vec::new();
        for one in &bundle.actions.rules {
            rules.push(one.id.as_str());
        }
        let mut currencies = Vec::new();
        if let Some(rates) = &bundle.actions.rates {
            let others = rates.billionths.keys().filter_map(|code| Currency::new(code));
            for code in std::iter::once(rates.base).chain(others) {
                currencies.push(CurrencyRow { code, packed: code.packed() });
            }
        }
        let action = self.shared_action.borrow();
        encode::value(&Table {
            rules,
            tools: &bundle.actions.tools,
            domains: plan.domains(),
            currencies,
            action_cells: action.desk.buffer.cells.as_ptr().addr(),
            action_list_start: action.desk.buffer.lists(),
            action_texts: action.desk.buffer.texts.as_ptr().addr(),
            action_nonce: action.nonce.as_ptr().addr(),
            action_fired: action.fired.as_ptr().addr() + size_of::<u32>(),
            words: plan.words().texts(),
            facts,
            signals: plan.signals(),
            language_is_read: plan.language_is_read(),
            tenant_is_read: plan.tenant_is_read(),
            triggers,
            queues,
            cells: buffer.cells.as_ptr().addr(),
            list_start: buffer.lists(),
            list_cells: LIST_CELLS,
            texts: buffer.texts.as_ptr().addr(),
            text_bytes: buffer.texts.len(),
            readings: shared.desk.signals.as_ptr().addr(),
            answer: shared.answer.as_ptr().addr(),
            fired: shared.fired.as_ptr().addr() + size_of::<u32>(),
        })
    }

    /// Decides what was written: 0 where that was not for the decision of this number, or the
    /// instant is none. `risk_level` is an index, 4 for none.
    pub fn judge_flat(&self, nonce: f64, risk_level: u32, now_ms: f64) -> u32 {
        let (Ok(mut shared), Ok(now)) = (self.shared.try_borrow_mut(), instant(now_ms)) else {
            return 0;
        };
        let shared = &mut *shared;
        let written = shared.answer.get_mut(at::NONCE).map(std::mem::take);
        if written.is_none_or(|written| written.total_cmp(&nonce).is_ne()) {
            return 0;
        }
        let level = usize::try_from(risk_level).unwrap_or(usize::MAX);
        shared.desk.risk_level = RiskLevel::WORDS.get(level).map(|(_, level)| *level);
        shared.complete(&self.policy);
        let answer = decide(&self.policy, &mut shared.desk, now);
        shared.tell(&answer)
    }
}

/// The module's memory, whose buffer is another one whenever it has grown.
#[wasm_bindgen]
#[must_use]
#[expect(unreachable_pub, reason = "JavaScript reaches it")]
pub fn shared_memory() -> JsValue {
    wasm_bindgen::memory()
}
