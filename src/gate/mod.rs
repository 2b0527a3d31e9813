//! The gate in front of an action: it may be done, people approve it first, or it may not be done.
//!
//! Pure, as a verdict is. The tool's entry in the policy is where it begins; rules, the amount, what
//! is wrong with the arguments and the caller's own words can only raise it. What could not be
//! judged counts against the action. A chain of actions is judged as one: nothing about it is less
//! than about any of its parts, and its amounts add up.

mod facts;
mod inferred;
mod judge;

use serde::Serialize;

pub use facts::{Context, SchemaFault, is_readable};

use crate::error::{ErrorCode, Fault};
use crate::impact::Impact;
use crate::inference::Sighting;
use crate::json::Json;
use crate::limits::PROPOSED_ACTIONS_MAX;
use crate::money::Money;
use crate::policy::{Authority, Policy, PolicyReference};
use crate::read::{Node, Read};
use crate::request::{Action, Request};
use crate::tool::{Enforcement, GateVerdict};
use crate::units::{Score, TimestampMs};

/// Version of the gate record that this code writes.
pub const GATE_VERSION: i64 = 1;

/// Separates the digests of single actions from all other digests.
const ACTION_DOMAIN: &str = "countersign/action/v1";
/// Separates the digests of chains of actions from all other digests.
const CHAIN_DOMAIN: &str = "countersign/chain/v1";

/// What the policy says of an action, or of a chain of actions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gate {
    /// Version of this record; 1.
    pub version: i64,
    /// What happens.
    pub verdict: GateVerdict,
    /// What the actions do together.
    pub impact: Impact,
    /// Who must approve; `null` where nobody has to.
    pub authority: Option<Authority>,
    /// Who else must, where the actions belong to several domains.
    pub further_authorities: Vec<Authority>,
    /// How many people must approve; 0 where nobody has to.
    pub quorum: i64,
    /// Until when an approval is waited for; `null` unless one is.
    pub expires_at: Option<TimestampMs>,
    /// Whether whoever approves must see a preview first.
    pub preview_required: bool,
    /// Who keeps the gate shut: the weakest among the actions.
    pub enforcement: Enforcement,
    /// Whether a rule needs what only the host knows, so that the host's own gate may differ.
    pub provisional: bool,
    /// Why, in one sentence.
    pub reason: String,
    /// Every rule that raised the gate, by action and in the policy's order.
    pub reasons: Vec<GateReason>,
    /// Paths of what a rule needed and did not get, and of what took no part.
    pub unjudged: Vec<String>,
    /// Whether the amounts of all actions are known.
    pub amount_is_known: bool,
    /// Each action by itself.
    pub actions: Vec<ActionGate>,
    /// The policy that said so.
    pub policy: PolicyReference,
    /// Digest over tenant, tool, arguments and target; of a chain, over those of its actions.
    pub action_digest: String,
    /// When, as the caller told the time.
    pub evaluated_at: TimestampMs,
}

/// Why a gate is as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GateReason {
    /// The rule of the policy, the tool's name, or one of the built-in rules: `unknown_tool`,
    /// `inferred`, `amount`, `target`, `count`, `arguments`, `schema`, `requires_approval`, `policy_basis`, `authority`.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// JSON Pointer into the list of actions, where something in it is the reason.
    pub path: Option<String>,
}

/// One action of a gate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActionGate {
    /// The tool, as the caller named it.
    pub tool: String,
    /// Its name for people.
    pub title: String,
    /// The first name of the entry that took it; `null` where none did.
    pub entry: Option<String>,
    /// What happens with this action.
    pub verdict: GateVerdict,
    /// What it does.
    pub impact: Impact,
    /// The amount as the arguments say it.
    pub amount: Option<Money>,
    /// Who keeps its gate shut.
    pub enforcement: Enforcement,
    /// Digest over tenant, tool, arguments and target.
    pub action_digest: String,
    /// Of a tool that no entry took: orders such tools by what they could do, in [0, 1]. `null`
    /// where an entry took it, or where the policy has no model.
    pub high_score: Option<Score>,
    /// What was seen of the action itself and what it was taken for; of a tool that an entry took,
    /// only what contradicts the entry.
    pub seen: Vec<Sighting>,
    /// What could not be seen of a tool that no entry took.
    pub unseen: Vec<String>,
}

/// Classifies one action, or a chain of actions that is approved as one.
///
/// # Errors
/// `invalid_field` for an empty chain, `limit_exceeded` for one that is too long.
pub fn classify(
    policy: &Policy,
    actions: &[Action],
    context: &Context,
    now: TimestampMs,
) -> Result<Gate, Fault> {
    if actions.is_empty() {
        let help = "send at least one action";
        return Err(Fault::new(ErrorCode::InvalidField, "/actions", "there is no action", help));
    }
    if actions.len() > PROPOSED_ACTIONS_MAX {
        let detail = format!("{} actions, at most {PROPOSED_ACTIONS_MAX} are taken", actions.len());
        let help = "send a shorter chain";
        return Err(Fault::new(ErrorCode::LimitExceeded, "/actions", detail, help));
    }
    Ok(judge::judge(policy, actions, context, now))
}

/// The gate of what a request proposes; `None` where it proposes nothing.
#[must_use]
pub fn of_request(policy: &Policy, request: &Request, now: TimestampMs) -> Option<Gate> {
    let proposes = !request.proposed_actions.is_empty();
    proposes.then(|| {
        judge::judge(policy, &request.proposed_actions, &Context::of_request(request), now)
    })
}

impl Gate {
    /// The sum of all amounts, `nothing` where there is none; `None` where it is not known.
    #[must_use]
    pub fn amount_or(&self, nothing: Option<Money>) -> Option<Money> {
        if self.amount_is_known { self.impact.magnitude.or(nothing) } else { None }
    }
}

/// Reads one action, or a list of actions.
///
/// # Errors
/// `invalid_field` or `limit_exceeded`, with the path to the fault.
pub fn read_actions(node: Node<'_>) -> Read<Vec<Action>> {
    match node.json() {
        Json::Array(_) => node.list(PROPOSED_ACTIONS_MAX, Action::read),
        _ => Action::read(node).map(|action| vec![action]),
    }
}
