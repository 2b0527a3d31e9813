//! The figures that confidence has to reach on real rows, where these are there: skipped, and said so,
//! elsewhere. `COUNTERSIGN_EVALUATION_DATA` names another folder than `../shared/data`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use countersign::host::confidence::chance::Chance;
use countersign::host::confidence::fit::fit;
use countersign::host::confidence::measure::Ranked;
use countersign::host::confidence::row::{Row, Rows};
use countersign::host::confidence::score::{BySource, score};
use countersign::host::confidence::split;
use countersign::request::Signal;
use serde_json::Value;

use crate::commands::done;
use crate::support::{plan, skipped};

/// A file of the evaluation data, where it is there.
fn real_file(name: &str) -> Option<String> {
    let folder = std::env::var_os("COUNTERSIGN_EVALUATION_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let file = folder.join(name);
    if !file.exists() {
        skipped(&format!("`{}` is not there; set COUNTERSIGN_EVALUATION_DATA", file.display()));
        return None;
    }
    file.to_str().map(str::to_owned)
}

fn real_rows() -> Option<Rows> {
    let opened = File::open(real_file("confidence.dev.jsonl")?).unwrap();
    Some(Rows::read(BufReader::new(opened)).unwrap().filtered(|row| row.label.is_some()))
}

fn labels(rows: &Rows) -> Vec<f64> {
    rows.rows.iter().map(|row| row.label.unwrap()).collect()
}

fn parts(rows: &Rows, salt: &str) -> (Rows, Rows) {
    let in_test = |row: &Row| split::share(salt, &row.cluster) < 0.4;
    (rows.filtered(|row| !in_test(row)), rows.filtered(in_test))
}

#[test]
fn pooled_rows_are_ordered_and_calibrated() {
    let Some(rows) = real_rows() else { return };
    let (train, test) = parts(&rows, "bars");
    let models = BySource::fit(&train, &plan()).unwrap();
    for (model, report) in models.models.values() {
        assert!(report.residual <= report.tolerance, "{report:?}");
        assert!(model.signals.iter().all(|curve| curve.problem().is_none()));
    }
    let figures = Ranked::new(&models.score(&test), &labels(&test)).figures().unwrap();
    println!("pooled: {figures:?}");
    assert!(figures.aurc <= 0.086, "AURC {}", figures.aurc);
    // Of a test this small, half of the calibration error is chance: 0.02 holds over all rows.
    assert!(figures.ece <= 0.03, "ECE {}", figures.ece);
    let by_chance = Ranked::new(&models.score(&test), &labels(&test)).ece_by_chance();
    println!("of chance alone: ECE {by_chance:.4}");
    assert!(figures.ece <= by_chance + 0.01, "ECE {} against {by_chance} of chance", figures.ece);
}

#[test]
fn with_few_labels_no_source_is_ordered_worse_than_by_the_mean_of_its_signals() {
    let Some(rows) = real_rows() else { return };
    for source in ["clinc150", "azure-mcp-prompts", "frank"] {
        let rows = rows.filtered(|row| row.source == source);
        let (mut learned, mut naive) = (0.0, 0.0);
        for run in 0..10 {
            let (mut pool, test) = parts(&rows, &format!("few/{run}"));
            Chance::new(run).shuffle(&mut pool.rows);
            pool.rows.truncate(25);
            let model = fit(&pool, &plan()).unwrap().model;
            let truth = labels(&test);
            let aurc =
                |probabilities: &[f64]| Ranked::new(probabilities, &truth).figures().unwrap().aurc;
            learned += aurc(&score(&model, &test)) / 10.0;
            naive += aurc(&test.rows.iter().map(mean_reading).collect::<Vec<f64>>()) / 10.0;
        }
        println!("{source}: AURC {learned:.4} with 25 labels, naive mean {naive:.4}");
        assert!(learned <= naive, "{source}: {learned} against {naive}");
    }
}

fn mean_reading(row: &Row) -> f64 {
    let readings = row.readings.iter().filter_map(|(_, signal)| match signal {
        Signal::Present(score) => Some(score.get()),
        Signal::Missing | Signal::Unavailable => None,
    });
    let (sum, count) = readings.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / f64::max(count, 1.0)
}

/// The figures that anybody gets from the same command, with one run where that has ten.
#[test]
fn rows_kept_apart_reach_every_bar_of_learning() {
    let Some(file) = real_file("confidence.dev.jsonl") else { return };
    let told = done(&["eval", "learning", "--rows", &file, "--runs", "1", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let figure = |value: &Value| value.as_f64().unwrap();
    // Every row judged by models that saw nothing of its conversation.
    let pooled = &told["cross_fitted"]["pooled"];
    assert!(figure(&pooled["aurc"]) <= 0.086 && figure(&pooled["ece"]) <= 0.02, "{pooled}");
    for source in ["clinc150", "azure-mcp-prompts", "frank"] {
        let lines = told["few_labels"][source].as_array().unwrap();
        let line = lines.iter().find(|line| line["labels"] == 25).unwrap();
        assert!(figure(&line["aurc"]) <= figure(&line["naive_mean_aurc"]), "{source}: {line}");
    }
    let certified = told["certified"]["pooled"].as_array().unwrap();
    let at_5 = certified.iter().find(|line| line["tolerated_error"] == 0.05).unwrap();
    assert!(figure(&at_5["coverage"]) >= 0.53 && figure(&at_5["none"]) == 0.0, "{at_5}");
    let selective = told["selective_labels"].as_array().unwrap();
    let bias = |labels: &str| {
        figure(&selective.iter().find(|line| line["labels"] == labels).unwrap()["bias"]).abs()
    };
    let weighted = bias("escalated and audited, weighted");
    assert!(weighted <= 0.02 && bias("escalated alone") > 3.0 * weighted, "{selective:?}");
}

#[test]
fn guarantees_fail_as_seldom_and_alarms_come_as_soon_as_they_have_to() {
    let told = done(&["eval", "guarantees", "--runs", "200", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let figure = |value: &Value| value.as_f64().unwrap();
    let certificates = &told["certificates"];
    let allowed = figure(&certificates["failure_probability"]) + figure(&certificates["margin"]);
    assert!(figure(&certificates["violations"]) <= allowed, "{certificates}");
    let rates = told["escalation_rate"].as_array().unwrap();
    let rate = |rate: f64| rates.iter().find(|line| line["rate"] == rate).unwrap();
    assert!(figure(&rate(0.12)["alarms"]) <= 0.05, "{}", rate(0.12));
    assert!(figure(&rate(0.18)["median_items"]) <= 750.0, "{}", rate(0.18));
    let errors = told["audited_error"].as_array().unwrap();
    let error =
        |rate: f64| figure(&errors.iter().find(|line| line["rate"] == rate).unwrap()["alarms"]);
    assert!(error(0.03) <= 0.05 && error(0.05) <= 0.05 && error(0.12) >= 0.99, "{errors:?}");
}

#[test]
fn tools_of_sources_and_servers_that_were_not_seen_reach_the_bars_of_actions() {
    let Some(file) = real_file("actions.dev.jsonl") else { return };
    let out =
        done(&["eval", "actions", "--cross-validate", &file, "--without", "aws-iam", "--json"]);
    let told: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let report = |evaluation: &str, rows: &str| -> Value {
        let of_kind = told.iter().find(|one| one["evaluation"] == evaluation).unwrap();
        let reports = of_kind["reports"].as_array().unwrap();
        reports.iter().find(|one| one["rows"] == rows).unwrap().clone()
    };
    let figure = |value: &Value| value.as_f64().unwrap();
    for (evaluation, f1_min) in [("each server unseen", 0.88), ("each source unseen", 0.84)] {
        let all = report(evaluation, "all without aws-iam");
        let order = &all["order"];
        assert!(figure(&order["best_macro_f1"]) >= f1_min, "{evaluation}: {order}");
        let gate = (figure(&order["gate_recall"]), figure(&order["gate_precision"]));
        assert!(gate.0 >= 0.97 && gate.1 >= 0.64, "{evaluation}: {order}");
        let money = all["figures"].as_array().unwrap().iter().find(|one| one["label"] == "money");
        let money = money.unwrap();
        assert!(figure(&money["recall"]) >= 0.94 && figure(&money["precision"]) > 0.45, "{money}");
    }
}
