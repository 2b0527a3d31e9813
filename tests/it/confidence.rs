//! What the confidence model promises, by property: of the default model, and of models of any shape.

use std::collections::BTreeMap;

use countersign::Score;
use countersign::confidence::{
    ConfidenceModel, Orientation, SignalCurve, SignalState, SignalWords,
};
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

/// A curve of any shape that a bundle may hold: one to six segments, flat ones among them.
fn curve(name: String) -> impl Strategy<Value = SignalCurve> {
    let knots = prop::collection::btree_set(0..=1_000_u32, 2..=7);
    let numbers = prop::collection::vec((prop_oneof![Just(0.0), 0.0..=4.0_f64], 0.0..=1.0_f64), 6);
    (knots, numbers, any::<bool>(), any::<bool>(), -3.0..=0.0_f64, -3.0..=0.0_f64).prop_map(
        move |(knots, numbers, lower_is_better, required, missing, unavailable)| {
            let knots: Vec<f64> = knots.into_iter().map(|knot| f64::from(knot) / 1_000.0).collect();
            let (weights, centers) = numbers.into_iter().take(knots.len() - 1).unzip();
            let orientation = match lower_is_better {
                true => Orientation::LowerIsBetter,
                false => Orientation::HigherIsBetter,
            };
            let (name, label, words) = (name.clone(), name.clone(), SignalWords::default());
            SignalCurve {
                name,
                label,
                orientation,
                knots,
                weights,
                centers,
                missing,
                unavailable,
                required,
                words,
            }
        },
    )
}

fn any_model() -> impl Strategy<Value = ConfidenceModel> {
    let curves: Vec<_> = (0..4).map(|number| curve(format!("anything/{number}"))).collect();
    (curves, -3.0..=3.0_f64).prop_map(|(signals, base)| ConfidenceModel {
        model_version: "any".to_owned(),
        fit: None,
        base,
        signals,
    })
}

proptest! {
    // Each case holds four signals and five readings of each against one another: 100,000 pairs.
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn no_model_is_lowered_by_a_better_reading_or_raised_by_hiding_a_required_one(
        model in any_model(),
        states in prop::collection::vec(signal(), 4),
        readings in prop::collection::vec(0.0..=1.0_f64, 5),
    ) {
        let signals: BTreeMap<String, Signal> =
            model.signals.iter().map(|curve| curve.name.clone()).zip(states).collect();
        for (index, curve) in model.signals.iter().enumerate() {
            prop_assert_eq!(curve.problem(), None);
            let assess = |signal: Signal| {
                let mut signals = signals.clone();
                signals.insert(curve.name.clone(), signal);
                let confidence = model.assess(&signals);
                let part = confidence.contributions[index].contribution;
                (confidence.probability, part)
            };
            let mut better: Vec<f64> = readings.clone();
            better.sort_by(f64::total_cmp);
            if curve.orientation == Orientation::LowerIsBetter {
                better.reverse();
            }
            let present: Vec<(f64, f64)> = better
                .iter()
                .map(|reading| assess(Signal::Present(Score::new(*reading).unwrap())))
                .collect();
            for (at, worse) in present.iter().enumerate() {
                for better in &present[at..] {
                    prop_assert!(worse.0 <= better.0 && worse.1 <= better.1);
                }
            }
            let (missing, unavailable) = (assess(Signal::Missing), assess(Signal::Unavailable));
            prop_assert!(unavailable.0 <= missing.0);
            prop_assert!(missing.1 <= 0.0, "a typical reading adds nothing, a missing one no more");
            if curve.required {
                prop_assert!(present.iter().all(|present| missing.0 <= present.0));
            }
        }
    }
}

#[test]
fn the_word_for_the_reviewer_follows_from_what_the_reading_does() {
    let model = model(false);
    for curve in &model.signals {
        for step in 0..=100_u32 {
            let reading = Score::new(f64::from(step) / 100.0).unwrap();
            let signals = BTreeMap::from([(curve.name.clone(), Signal::Present(reading))]);
            let confidence = model.assess(&signals);
            let part =
                confidence.contributions.iter().find(|part| part.signal == curve.name).unwrap();
            let expected = match part.contribution {
                effect if effect >= 0.15 => &curve.words.good,
                effect if effect <= -0.15 => &curve.words.weak,
                _ => &curve.words.fair,
            };
            assert_eq!(&part.word, expected, "{} at {}", curve.name, reading.get());
        }
    }
}

#[test]
fn a_model_that_names_a_signal_twice_is_refused() {
    let mut model = model(false);
    model.signals.push(model.signals[0].clone());
    let json = countersign::compile::to_json(&model).unwrap();
    let fault = ConfidenceModel::read(countersign::read::Node::root(&json)).unwrap_err();
    assert!(fault.detail.contains("stands twice"), "{fault}");
}
