//! Several reviewers of one draft: how far they agree, and what is probably true.
//!
//! Each reviewer has two rates of their own: how often they see that a right draft is right, and that
//! a wrong one is wrong. One rate for both would be worse than a vote wherever many reviewers share a
//! leaning.

use serde::Serialize;

/// One reviewer's word on one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Index of the item.
    pub item: usize,
    /// Index of the reviewer.
    pub reviewer: usize,
    /// Whether they said that the draft is right.
    pub right: bool,
}

/// How far a reviewer can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReviewerRates {
    /// Share of right drafts that they call right.
    pub sees_right: f64,
    /// Share of wrong drafts that they call wrong.
    pub sees_wrong: f64,
}

/// What is probably true of every item, and of every reviewer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consensus {
    /// Probability that each item's draft is right; for one without a judgement, the share of all.
    pub probabilities: Vec<f64>,
    /// Every reviewer.
    pub reviewers: Vec<ReviewerRates>,
    /// Share of right drafts.
    pub share_right: f64,
    /// Rounds until nothing moved.
    pub rounds: usize,
}

/// What is believed of a reviewer before their first judgement, worth one judgement of each kind.
const RIGHT_BEFORE: f64 = 0.7;
const STRENGTH_BEFORE: f64 = 1.0;
const ROUNDS_MAX: usize = 1_000;
const SETTLED: f64 = 1e-9;

/// Dawid and Skene's model of two classes, by expectation and maximisation from the votes.
#[must_use]
pub fn consensus(items: usize, reviewers: usize, judgements: &[Judgement]) -> Consensus {
    let mut probabilities = votes(items, judgements);
    let mut rates = Vec::new();
    let mut share_right = 0.5;
    let mut rounds = 0;
    while rounds < ROUNDS_MAX {
        rounds += 1;
        let judged: Vec<f64> = probabilities.iter().flatten().copied().collect();
        share_right = (judged.iter().sum::<f64>() + 1.0) / (real(judged.len()) + 2.0);
        rates = reviewer_rates(reviewers, judgements, &probabilities);
        let next = posteriors(items, judgements, &rates, share_right);
        let pairs = probabilities.iter().flatten().zip(next.iter().flatten());
        let moved = pairs.fold(0.0_f64, |most, (before, after)| most.max((before - after).abs()));
        probabilities = next;
        if moved < SETTLED {
            break;
        }
    }
    let probabilities =
        probabilities.into_iter().map(|value| value.unwrap_or(share_right)).collect();
    Consensus { probabilities, reviewers: rates, share_right, rounds }
}

/// Each item's share of votes for right; absent without a vote.
fn votes(items: usize, judgements: &[Judgement]) -> Vec<Option<f64>> {
    let mut counts = vec![(0.0, 0.0); items];
    for judgement in judgements {
        if let Some((right, all)) = counts.get_mut(judgement.item) {
            *right += f64::from(u8::from(judgement.right));
            *all += 1.0;
        }
    }
    counts.into_iter().map(|(right, all)| (all > 0.0).then(|| right / all)).collect()
}

fn reviewer_rates(
    reviewers: usize,
    judgements: &[Judgement],
    probabilities: &[Option<f64>],
) -> Vec<ReviewerRates> {
    // Of right and of wrong drafts: those that the reviewer saw as such, and all.
    let before = (RIGHT_BEFORE * STRENGTH_BEFORE, STRENGTH_BEFORE);
    let mut counts = vec![(before, before); reviewers];
    for judgement in judgements {
        let probability = probabilities.get(judgement.item).copied().flatten();
        let Some((probability, (on_right, on_wrong))) =
            probability.zip(counts.get_mut(judgement.reviewer))
        else {
            continue;
        };
        on_right.1 += probability;
        on_wrong.1 += 1.0 - probability;
        if judgement.right { on_right.0 += probability } else { on_wrong.0 += 1.0 - probability }
    }
    let rates = |(on_right, on_wrong): ((f64, f64), (f64, f64))| ReviewerRates {
        sees_right: on_right.0 / on_right.1,
        sees_wrong: on_wrong.0 / on_wrong.1,
    };
    counts.into_iter().map(rates).collect()
}

fn posteriors(
    items: usize,
    judgements: &[Judgement],
    rates: &[ReviewerRates],
    share_right: f64,
) -> Vec<Option<f64>> {
    let prior = libm::log(share_right) - libm::log1p(-share_right);
    let mut logits: Vec<Option<f64>> = vec![None; items];
    for judgement in judgements {
        let Some((logit, rates)) =
            logits.get_mut(judgement.item).zip(rates.get(judgement.reviewer))
        else {
            continue;
        };
        let says = if judgement.right {
            rates.sees_right / (1.0 - rates.sees_wrong)
        } else {
            (1.0 - rates.sees_right) / rates.sees_wrong
        };
        *logit = Some(logit.unwrap_or(prior) + libm::log(says));
    }
    logits.into_iter().map(|logit| Some(1.0 / (1.0 + libm::exp(-logit?)))).collect()
}

/// Krippendorff's alpha of two classes: 1 for full agreement, 0 for that of chance. Items with one
/// judgement do not count; absent where nobody could disagree.
#[must_use]
pub fn agreement(items: usize, judgements: &[Judgement]) -> Option<f64> {
    let mut counts = vec![(0.0, 0.0); items];
    for judgement in judgements {
        if let Some((right, wrong)) = counts.get_mut(judgement.item) {
            if judgement.right { *right += 1.0 } else { *wrong += 1.0 }
        }
    }
    let pairable = counts.iter().filter(|(right, wrong)| right + wrong >= 2.0);
    let (mut all_right, mut all_wrong, mut seen): (f64, f64, f64) = (0.0, 0.0, 0.0);
    for (right, wrong) in pairable {
        all_right += right;
        all_wrong += wrong;
        seen += right * wrong / (right + wrong - 1.0);
    }
    let expected = all_right * all_wrong / (all_right + all_wrong - 1.0);
    (expected > 0.0).then(|| 1.0 - seen / expected)
}

#[expect(clippy::cast_precision_loss, reason = "counts of items are far below 2^53")]
const fn real(count: usize) -> f64 {
    count as f64
}
