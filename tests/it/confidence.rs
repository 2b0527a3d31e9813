//! What the confidence model promises, by property.

use std::collections::BTreeMap;

use countersign::Score;
use countersign::confidence::{ConfidenceModel, SignalState};
use countersign::request::Signal;
use proptest::prelude::*;

use crate::support::default_policy;

const NAMES: [&str; 7] = [
    "retrieval_score",
    "rerank_margin",
    "answer_groundedness",
    "tool_success",
    "policy_classifier_score",
    "route_quality",
    "self_confidence",
];

fn signal() -> impl Strategy<Value = Signal> {
    prop_oneof![
        4 => (0.0..=1.0).prop_map(|value| Signal::Present(Score::new(value).unwrap())),
        1 => Just(Signal::Missing),
        1 => Just(Signal::Unavailable),
    ]
}

fn signals() -> impl Strategy<Value = BTreeMap<String, Signal>> {
    prop::collection::vec(signal(), NAMES.len())
        .prop_map(|values| NAMES.iter().map(|name| (*name).to_owned()).zip(values).collect())
}

fn model(required: bool) -> ConfidenceModel {
    let mut model = default_policy().bundle().confidence.clone();
    model.signals.iter_mut().for_each(|curve| curve.required = required);
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn contributions_add_up_to_the_logit_exactly(signals in signals()) {
        let confidence = model(false).assess(&signals);
        let sum = confidence.contributions.iter().fold(confidence.base, |sum, part| sum + part.contribution);
        prop_assert_eq!(sum.to_bits(), confidence.logit.to_bits());
        prop_assert!(confidence.probability > 0.0 && confidence.probability < 1.0);
    }

    #[test]
    fn a_better_reading_never_lowers_the_probability(
        signals in signals(), index in 0..NAMES.len(), readings in (0.0..=1.0_f64, 0.0..=1.0_f64),
    ) {
        let name = NAMES[index];
        let assess = |reading: f64| {
            let mut signals = signals.clone();
            signals.insert(name.to_owned(), Signal::Present(Score::new(reading).unwrap()));
            model(false).assess(&signals).probability
        };
        let (low, high) = (readings.0.min(readings.1), readings.0.max(readings.1));
        // The policy classifier is the one signal whose higher readings are worse.
        let (worse, better) = if name == "policy_classifier_score" { (high, low) } else { (low, high) };
        prop_assert!(assess(worse) <= assess(better));
    }

    #[test]
    fn unavailable_is_no_better_than_missing_and_missing_no_better_than_typical(
        signals in signals(), index in 0..NAMES.len(),
    ) {
        let model = model(false);
        let assess = |signal: Signal| {
            let mut signals = signals.clone();
            signals.insert(NAMES[index].to_owned(), signal);
            model.assess(&signals)
        };
        let missing = assess(Signal::Missing);
        prop_assert!(assess(Signal::Unavailable).probability <= missing.probability);
        prop_assert!(missing.contributions[index].contribution <= 0.0);
    }

    #[test]
    fn hiding_a_required_signal_never_helps(signals in signals(), index in 0..NAMES.len()) {
        let model = model(true);
        let mut hidden = signals.clone();
        hidden.remove(NAMES[index]);
        let present = model.assess(&signals);
        if present.contributions[index].state == SignalState::Present {
            prop_assert!(model.assess(&hidden).probability <= present.probability);
        }
    }
}
