//! The hot path's side for actions, as `hot.rs` is for requests.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use super::{Engine, instant};
use crate::fact::FactType;
use crate::flat::action::{ActionDesk, GateAnswer};
use crate::flat::cell::{LIST_CELLS, TEXT_BYTES};
use crate::flat::plan::Derived;
use crate::policy::Policy;

/// The bits of an answer, from the lowest: that there is one, verdict (2), tier (2), whether amounts are
/// known, provisional, preview required, quorum (4), that there is an authority, its level (4), that
/// there are further ones, that the ladder took a step, and from bit 20 how many rules fired.
mod bit {
    pub(super) const DECIDED: u32 = 1;
    pub(super) const VERDICT: u32 = 1;
    pub(super) const TIER: u32 = 3;
    pub(super) const AMOUNT_KNOWN: u32 = 5;
    pub(super) const PROVISIONAL: u32 = 6;
    pub(super) const PREVIEW: u32 = 7;
    pub(super) const QUORUM: u32 = 8;
    pub(super) const AUTHORITY: u32 = 12;
    pub(super) const LEVEL: u32 = 13;
    pub(super) const FURTHER: u32 = 17;
    pub(super) const CLIMBS: u32 = 18;
    pub(super) const FIRED: u32 = 20;
}

/// What JavaScript writes to and reads from; its memory never moves within the module's.
pub(super) struct SharedAction {
    pub(super) desk: ActionDesk,
    /// The number of the decision.
    pub(super) nonce: Vec<f64>,
    /// The authority's domain, then the rules that fired, by index.
    pub(super) fired: Vec<u32>,
}

impl SharedAction {
    pub(super) fn new(policy: &Policy) -> RefCell<Self> {
        RefCell::new(Self {
            desk: ActionDesk::new(policy, LIST_CELLS, TEXT_BYTES),
            nonce: vec![0.0],
            fired: vec![0; 1 + policy.actions().rules.len()],
        })
    }

    /// Instants and amounts that came as texts.
    fn complete(&mut self, policy: &Policy) {
        let plan = policy.plan();
        for (slot, derived) in plan.derived() {
            let slot = usize::from(*slot);
            if let Derived::Parsed(fact_type @ (FactType::Time | FactType::Money)) = derived
                && plan.is_used_by_rules(slot)
            {
                self.desk.buffer.parse(plan.words(), slot, *fact_type);
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "levels and quorums are small, and none is negative"
    )]
    fn tell(&mut self, answer: &GateAnswer) -> u32 {
        let (domain, level) = answer.authority.unwrap_or_default();
        let told = std::iter::once(domain).chain(self.desk.fired.iter().copied());
        for (place, index) in self.fired.iter_mut().zip(told) {
            *place = index.into();
        }
        bit::DECIDED
            | (answer.verdict as u32) << bit::VERDICT
            | (answer.tier as u32) << bit::TIER
            | u32::from(answer.amount_is_known) << bit::AMOUNT_KNOWN
            | u32::from(answer.provisional) << bit::PROVISIONAL
            | u32::from(answer.preview_required) << bit::PREVIEW
            | (answer.quorum as u32 & 15) << bit::QUORUM
            | u32::from(answer.authority.is_some()) << bit::AUTHORITY
            | (level as u32 & 15) << bit::LEVEL
            | u32::from(answer.has_further) << bit::FURTHER
            | u32::from(answer.climbs) << bit::CLIMBS
            | (self.desk.fired.len() as u32) << bit::FIRED
    }
}

#[wasm_bindgen]
impl Engine {
    /// The index of the entry that takes the tool; -1 where none does.
    pub fn tool_index(&self, name: &str) -> i32 {
        let actions = self.policy.actions();
        let found = actions.tool(name);
        let index = actions
            .tools
            .iter()
            .position(|tool| found.is_some_and(|found| std::ptr::eq(found, tool)));
        index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1)
    }

    /// Classifies the action that was written, of the tool of that index: 0 where nothing was written
    /// for the decision of this number, or it is no usual one after all.
    pub fn judge_action(&self, nonce: f64, tool: usize, now_ms: f64) -> u32 {
        let (Ok(mut shared), Ok(now)) = (self.shared_action.try_borrow_mut(), instant(now_ms))
        else {
            return 0;
        };
        let shared = &mut *shared;
        let written = shared.nonce.first_mut().map(std::mem::take);
        let signed = written.is_some_and(|written| written.total_cmp(&nonce).is_eq());
        let Some(tool) = self.policy.actions().tools.get(tool).filter(|_| signed) else {
            return 0;
        };
        shared.complete(&self.policy);
        match shared.desk.judge(&self.policy, tool, now) {
            Some(answer) => shared.tell(&answer),
            None => 0,
        }
    }
}
