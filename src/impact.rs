//! What an action does to the world: which effects, how far it can be undone, how much, to whom.
//!
//! Everything is ordered and combined by the maximum, so that one more action, or one more reason,
//! never makes a chain of actions look smaller.

use serde::Serialize;

use crate::money::Money;
use crate::request::RiskLevel;
use crate::word::words;

words! {
    /// What an action changes.
    pub enum Effect {
        /// Money moves, or a claim on it.
        Money = "money",
        /// Somebody may do more, or less.
        Permissions = "permissions",
        /// Stored data is changed, removed or taken out.
        Data = "data",
        /// Something outside the system changes.
        ExternalState = "external_state",
        /// Somebody is told something.
        Communication = "communication",
    }
}

words! {
    /// How far an action can be undone, ascending in harm.
    pub enum Reversibility {
        /// It changes nothing.
        ReadOnly = "read_only",
        /// We can undo it ourselves.
        Reversible = "reversible",
        /// It can be undone with somebody else's help.
        ExternallyReversible = "externally_reversible",
        /// It cannot be undone.
        Irreversible = "irreversible",
    }
}

/// What an action, or a chain of them, does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Impact {
    /// What it changes, without repetition.
    pub effects: Vec<Effect>,
    /// How far it can be undone.
    pub reversibility: Reversibility,
    /// How much money, in the policy's base currency; over a chain, the sum. `null` where there is
    /// none, or where it is not known: see the gate's `unjudged`.
    pub magnitude: Option<Money>,
    /// What it is done to; over a chain, of its first action that has one.
    pub target: Option<String>,
    /// What is at stake.
    pub tier: RiskLevel,
}

impl Effect {
    /// Each of these once, in order.
    pub(crate) fn each_once(effects: &[Self]) -> Vec<Self> {
        let all = Self::WORDS.iter().map(|(_, effect)| *effect);
        all.filter(|effect| effects.contains(effect)).collect()
    }
}

impl Impact {
    /// What both do together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.effects.extend(other.effects);
        self.effects = Effect::each_once(&self.effects);
        Self {
            effects: self.effects,
            reversibility: self.reversibility.max(other.reversibility),
            magnitude: match (self.magnitude, other.magnitude) {
                (Some(left), Some(right)) => left.plus(right),
                (left, right) => left.or(right),
            },
            target: self.target.or(other.target),
            tier: self.tier.max(other.tier),
        }
    }
}
