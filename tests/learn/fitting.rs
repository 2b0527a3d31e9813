//! What a fit promises: the optimum, the prior where there is nothing to learn, the truth where there
//! is much, and a word about everything that it could not do.

use countersign::compile::{self, DEFAULT_POLICY, to_json};
use countersign::confidence::{ConfidenceModel, Orientation};
use countersign::host::confidence::fit::{Plan, fit};
use countersign::host::confidence::row::Rows;
use countersign::host::confidence::score::{BySource, score};
use countersign::read::Node;

use crate::support::{plan, plan_with, rows, simulated};

fn expert() -> ConfidenceModel {
    let compiled = compile::compile(DEFAULT_POLICY, "default.toml").unwrap();
    compiled.policy.bundle().confidence.clone()
}

fn notes(rows: &Rows, plan: &Plan) -> String {
    fit(rows, plan).unwrap().report.notes.join("\n")
}

#[test]
fn without_labels_the_model_is_the_experts() {
    let rows = rows(r#"{"id":"a","signals":{"retrieval_score":0.4}}"#);
    let fitted = fit(&rows, &plan_with(&expert())).unwrap();
    for (learned, prior) in fitted.model.signals.iter().zip(&expert().signals) {
        assert_eq!((&learned.knots, &learned.centers), (&prior.knots, &prior.centers));
        let sums = [&learned.weights, &prior.weights].map(|weights| weights.iter().sum::<f64>());
        assert!((sums[0] - sums[1]).abs() < 1e-6, "{}: {sums:?}", prior.name);
        assert!((learned.unavailable - prior.unavailable).abs() < 1e-6, "{}", prior.name);
    }
    assert!((fitted.model.base - expert().base).abs() < 1e-6);
    assert!(fitted.report.notes.iter().any(|note| note.contains("no row has a label")));
}

#[test]
fn with_many_labels_the_model_is_near_the_truth_and_its_curves_may_be_a_bundles() {
    let fitted = fit(&rows(&simulated(4_000, 1).0), &plan()).unwrap();
    assert!(fitted.report.residual <= fitted.report.tolerance, "{:?}", fitted.report);
    let (fresh, truth) = simulated(2_000, 2);
    let given = score(&fitted.model, &rows(&fresh));
    let off: f64 = given.iter().zip(&truth).map(|(given, truth)| (given - truth).abs()).sum();
    assert!(off / 2_000.0 < 0.025, "{}", off / 2_000.0);
    let json = to_json(&fitted.model).unwrap();
    assert_eq!(ConfidenceModel::read(Node::root(&json)).unwrap(), fitted.model);
}

#[test]
fn the_same_rows_give_the_same_bytes_and_other_rows_another_name() {
    let text = simulated(300, 3).0;
    let bytes = |text: &str, plan: &Plan| {
        to_json(&fit(&rows(text), plan).unwrap().model).unwrap().canonical()
    };
    assert_eq!(bytes(&text, &plan()), bytes(&text, &plan()));
    let name = |text: &str, plan: &Plan| fit(&rows(text), plan).unwrap().model.fit.unwrap().hash;
    let names = [
        name(&text, &plan()),
        name(&simulated(300, 4).0, &plan()),
        name(&text, &Plan { held_back: 0.4, ..plan() }),
        name(&text, &plan_with(&expert())),
    ];
    assert!((1..names.len()).all(|index| !names[..index].contains(&names[index])), "{names:?}");
}

#[test]
fn a_conversation_that_is_held_back_has_no_part_in_the_fit() {
    let text = simulated(400, 5).0;
    let plan = Plan { held_back: 0.4, ..plan() };
    let all = fit(&rows(&text), &plan).unwrap();
    assert!((120..200).contains(&all.report.held_back), "{}", all.report.held_back);
    let kept = rows(&text)
        .filtered(|row| !countersign::host::confidence::split::is_held_back(&row.cluster, 0.4));
    let of_kept = fit(&kept, &plan).unwrap();
    assert_eq!(all.model, of_kept.model);
}

#[test]
fn what_could_not_be_learned_is_said() {
    let constant = "{\"id\":\"a\",\"signals\":{\"s\":0.5},\"label\":1}\n{\"id\":\"b\",\"signals\":{\"s\":0.5},\"label\":0}";
    assert!(notes(&rows(constant), &plan()).contains("`s` always has the same reading"));
    let all_right = simulated(50, 6).0.replace("\"label\":0", "\"label\":1");
    assert!(notes(&rows(&all_right), &plan()).contains("every label says right"));
    let three = simulated(3, 7).0;
    assert!(notes(&rows(&three), &plan()).contains("3 labels are few"));
    let unlabelled = format!("{}{{\"id\":\"x\",\"signals\":{{}}}}", simulated(30, 8).0);
    assert!(notes(&rows(&unlabelled), &plan()).contains("1 rows have no label"));
    let told = notes(&rows(&simulated(30, 9).0), &plan_with(&expert()));
    assert!(told.contains("`good` is not in the policy"), "{told}");
    assert!(told.contains("`tool_success` is in no row"), "{told}");
    let again = fit(&rows(&simulated(30, 9).0), &plan()).unwrap().model;
    let told = notes(&rows(&simulated(30, 9).0), &plan_with(&again));
    assert!(told.contains("fitted to 30 labels before"), "{told}");
    let many: Vec<String> = (0..65).map(|index| format!("\"s{index:02}\":0.5")).collect();
    let lines: Vec<String> = many
        .chunks(40)
        .enumerate()
        .map(|(line, some)| {
            format!("{{\"id\":\"{line}\",\"label\":1,\"signals\":{{{}}}}}", some.join(","))
        })
        .collect();
    let error = fit(&rows(&lines.join("\n")), &plan()).unwrap_err().to_string();
    assert!(error.contains("65 signals"), "{error}");
}

#[test]
fn one_class_alone_still_gives_a_model_that_is_finite() {
    let wrong = simulated(200, 10).0.replace("\"label\":1", "\"label\":0");
    let model = fit(&rows(&wrong), &plan()).unwrap().model;
    assert!(model.signals.iter().all(|curve| curve.problem().is_none()));
    let given = score(&model, &rows(&wrong));
    assert!(given.iter().all(|probability| *probability > 0.0 && *probability < 0.2));
}

#[test]
fn orientation_and_required_signals_keep_their_meaning() {
    let mut prior = expert();
    prior.signals.retain(|curve| curve.name == "policy_classifier_score");
    prior.signals[0].required = true;
    assert_eq!(prior.signals[0].orientation, Orientation::LowerIsBetter);
    let lines: String = (0..400)
        .map(|index| {
            let reading = f64::from(index) / 400.0;
            let label = u8::from(reading < 0.5 || index % 5 == 0);
            format!("{{\"id\":\"{index}\",\"label\":{label},\"signals\":{{\"policy_classifier_score\":{reading}}}}}\n")
        })
        .collect();
    let model = fit(&rows(&lines), &plan_with(&prior)).unwrap().model;
    let given = score(
        &model,
        &rows(
            r#"{"id":"low","signals":{"policy_classifier_score":0.1}}
               {"id":"high","signals":{"policy_classifier_score":1}}
               {"id":"hidden","signals":{}}
               {"id":"failed","signals":{"policy_classifier_score":"unavailable"}}"#,
        ),
    );
    assert!(given[0] > 0.8 && given[1] < 0.5, "{given:?}");
    assert!(given[2] <= given[1] && given[3] <= given[2], "{given:?}");
}

#[test]
fn rare_labels_count_for_those_that_nobody_asked_for() {
    // Of two kinds of drafts the right ones are labelled one time in ten.
    let mut lines = String::new();
    for index in 0..400 {
        let (signal, label, propensity) =
            if index % 4 == 0 { (0.9, 1, 0.1) } else { (0.1, 0, 1.0) };
        lines.push_str(&format!(
            "{{\"id\":\"{index}\",\"label\":{label},\"propensity\":{propensity},\"signals\":{{\"s\":{signal}}}}}\n"
        ));
    }
    let fitted = fit(&rows(&lines), &plan()).unwrap();
    assert!(
        (fitted.report.base_rate - 1_000.0 / 1_300.0).abs() < 1e-9,
        "{}",
        fitted.report.base_rate
    );
}

#[test]
fn a_source_that_was_not_seen_is_judged_by_the_model_over_all() {
    let lines = simulated(200, 11).0.replace("{\"id\"", "{\"source\":\"one\",\"id\"");
    let train = rows(&lines);
    let models = BySource::fit(&train, &plan()).unwrap();
    let other = rows(r#"{"id":"x","source":"two","signals":{"good":0.9,"unheard_of":0.1}}"#);
    assert_eq!(models.score(&other), score(&models.pooled, &other));
    assert_eq!(models.score(&train), score(&models.models["one"].0, &train));
}

#[test]
fn audits_in_vain_are_stood_for_by_those_that_were_judged() {
    // Of what was answered every tenth was to be judged; half of these were lost.
    let row = |id: usize, more: &str| format!("{{\"id\":\"r{id}\",\"signals\":{{}},{more}}}\n");
    let escalated: String = (0..100).map(|id| row(id, "\"label\":0")).collect();
    let audited = |rate: &str| -> String {
        (100..110).map(|id| row(id, &format!("\"label\":1,\"propensity\":{rate}"))).collect()
    };
    let lost: String =
        (110..120).map(|id| row(id, "\"unjudged\":\"lost\",\"propensity\":0.1")).collect();
    let base = |text: String| fit(&rows(&text), &plan()).unwrap();
    let holed = base(format!("{escalated}{}{lost}", audited("0.1")));
    let whole = base(format!("{escalated}{}", audited("0.05")));
    assert!((holed.model.base - whole.model.base).abs() < 1e-9);
    assert!(
        holed.report.notes.iter().any(|note| note.contains("10 random audits have no judgement"))
    );
    assert_eq!(holed.report.unlabelled, 10);
}
