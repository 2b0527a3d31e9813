//! Suppressions: where a rule that fired is cancelled, and what the user gets instead of a person.
//!
//! A suppression is the only thing in a policy that lowers caution, so it is narrow: it names the
//! rules that it cancels, it holds only where its condition is true (never where it is unknown), and
//! it never reaches a user who asked for a person, high stakes, or the risk of a tool.

use serde::Serialize;

use crate::expr::Program;
use crate::fact::{FactDeclaration, Value};
use crate::limits;
use crate::policy::{Policy, TriggerKind};
use crate::read::{Node, Read};
use crate::verdict::{Disposition, FiredTrigger, fill};

/// The name of the rule that every policy has: the confidence that the risk level needs.
pub const LOW_CONFIDENCE: &str = "low_confidence";

/// A rule that cancels others.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Suppression {
    /// Its name.
    pub id: String,
    /// When it holds; unknown does not.
    pub when: Program,
    /// The triggers that it cancels, by name; `low_confidence` for the confidence that is needed.
    pub cancels: Vec<String>,
    /// What the user gets instead: an answer, or a limited answer.
    pub then: Disposition,
    /// The texts of the limited answer; `null` for the policy's own.
    pub template: Option<String>,
    /// Why, in words; `{path}` stands for a fact's value.
    pub why: String,
}

/// A rule that fired and was cancelled.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Suppressed {
    /// The suppression's name.
    pub by: String,
    /// Why it holds, in words.
    pub reason: String,
    /// The rule as it fired.
    pub trigger: FiredTrigger,
}

impl Suppression {
    /// Reads a suppression from a bundle.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>, facts: &[FactDeclaration]) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let suppression = Self {
            id: fields.required("id", name)?,
            when: fields.required("when", |node| Program::read(node, facts))?,
            cancels: fields.list("cancels", limits::LIST_LENGTH_MAX, name)?,
            then: fields.required("then", Disposition::read)?,
            template: fields.optional("template", name)?,
            why: fields.required("why", |node| node.filled_text(limits::NOTE_LENGTH_MAX))?,
        };
        fields.finish()?;
        if suppression.then > Disposition::LimitedAnswer {
            let help = "compile the policy again";
            return Err(node.invalid("a suppression gives an answer or a limited answer", help));
        }
        Ok(suppression)
    }
}

/// Whether rules of this kind may be cancelled.
#[must_use]
pub const fn may_cancel(kind: TriggerKind) -> bool {
    !matches!(kind, TriggerKind::UserEscalation | TriggerKind::HighStakes | TriggerKind::ToolRisk)
}

/// What is told of a rule that was cancelled.
pub(crate) fn told(
    policy: &Policy,
    by: &Suppression,
    trigger: FiredTrigger,
    facts: &[Value<'_>],
) -> Suppressed {
    Suppressed { by: by.id.clone(), reason: fill(policy, &by.why, facts), trigger }
}
