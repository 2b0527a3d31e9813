//! What looking at an action adds to its gate: everything for a tool that no entry takes, and what
//! speaks against the entry of one that it takes.

use crate::gate::judge::Judged;
use crate::impact::{Effect, Reversibility};
use crate::inference::{self, Inference, SightingSource};
use crate::money::Money;
use crate::policy::Policy;
use crate::read::quoted;
use crate::request::RiskLevel;
use crate::tool::GateVerdict;
use crate::units::{Score, TimestampMs};

/// Words that one reason repeats; the rest stands under `seen`.
const WORDS_TOLD_MAX: usize = 4;

impl Judged<'_> {
    /// Looks at the action itself.
    pub(super) fn look(&mut self, policy: &Policy, now: TimestampMs) {
        if self.is_known() {
            self.look_for_contradictions();
            return;
        }
        let inference = inference::infer(self.action);
        self.high_score = policy.actions().impact_model.as_ref().and_then(|model| {
            let likelihoods = model.judge(&inference.features);
            Score::new(likelihoods.high_score(!inference.reads))
        });
        self.add_amounts(policy, &inference, now);
        let raises = self.raise(&inference);
        if raises {
            self.tell("inferred", told(&inference), None);
        }
        self.seen = inference.seen;
        self.unseen = inference.unseen;
    }

    /// An entry that says `read_only` is contradicted by a statement that changes something, or by a
    /// server that says so; one that says less than `irreversible`, by a statement that destroys.
    fn look_for_contradictions(&mut self) {
        let inference = inference::contradictions(self.action);
        let statement = inference.seen.iter().any(|seen| seen.source == SightingSource::Value);
        let destroys = statement && inference.tier == RiskLevel::Critical;
        let reads = self.tool.reversibility == Reversibility::ReadOnly;
        if inference.seen.is_empty() || !(reads || destroys) {
            return;
        }
        self.raise(&inference);
        self.verdict = self.verdict.max(GateVerdict::RequireApproval);
        let reason =
            format!("{} does more than its entry says: {}", self.tool.title, told(&inference));
        self.tell("inferred", reason, None);
        self.seen = inference.seen;
    }

    /// Whether the tier, the effects or the reversibility are more than they were.
    fn raise(&mut self, inference: &Inference) -> bool {
        let before = (self.tier, self.reversibility, self.effects.len());
        self.tier = self.tier.max(inference.tier);
        self.reversibility = self.reversibility.max(inference.reversibility);
        self.effects.extend(&inference.effects);
        self.effects = Effect::each_once(&self.effects);
        before != (self.tier, self.reversibility, self.effects.len())
    }

    /// Amounts that stand elsewhere than where the policy looks. They add up with the one there; one
    /// that cannot be read, or money without an amount, makes the sum unknown.
    fn add_amounts(&mut self, policy: &Policy, inference: &Inference, now: TimestampMs) {
        let own = self.tool.amount.as_ref().map(|at| at.pointer.as_str());
        let others = inference.amounts.iter().filter(|(path, _)| Some(path.as_str()) != own);
        let rates = policy.actions().rates.as_ref();
        for (path, money) in others {
            let sum = money.and_then(|money| rates?.to_base(money, now));
            let sum = match (sum, self.magnitude) {
                (Some(more), Some(known)) => more.plus(known),
                (sum, _) => sum,
            };
            match sum.filter(|_| self.magnitude_is_known) {
                Some(sum) => self.magnitude = Some(sum),
                None => {
                    let (magnitude, known): (Option<Money>, bool) = (None, false);
                    (self.magnitude, self.magnitude_is_known) = (magnitude, known);
                    self.object("amount", "an amount that cannot be judged".to_owned(), path);
                }
            }
        }
        let moves_money = inference.effects.contains(&Effect::Money);
        if moves_money && self.magnitude.is_none() {
            self.magnitude_is_known = false;
        }
    }
}

/// `the name says `delete` (removes or replaces what was there)`, for the first few.
fn told(inference: &Inference) -> String {
    let mut told: Vec<String> = Vec::new();
    let heard =
        |source, says: &str| source != SightingSource::Hint || !says.ends_with("not believed");
    for seen in inference.seen.iter().filter(|seen| heard(seen.source, &seen.says)) {
        let place = match seen.source {
            SightingSource::Name => "its name says",
            SightingSource::Description => "its description says",
            SightingSource::Argument => "it takes",
            SightingSource::Value => "it is given",
            SightingSource::Hint => "its server says",
            SightingSource::Letters => "it has",
        };
        let line = format!("{place} {} ({})", quoted(&[&seen.saw]), seen.says);
        if told.len() < WORDS_TOLD_MAX {
            told.push(line);
        }
    }
    if told.is_empty() {
        return "nothing says that it only looks".to_owned();
    }
    told.join(", ")
}
