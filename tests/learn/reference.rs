//! The same figures and the same optimum from Python's libraries; skipped, and said so, where they are
//! not there. `COUNTERSIGN_PYTHON` names another interpreter.

use std::path::Path;
use std::process::Command;

use countersign::host::confidence::chance::Chance;
use countersign::host::confidence::design::{Column, Design, Settings, expert_curve};
use countersign::host::confidence::measure::Ranked;
use countersign::host::confidence::row::Row;
use countersign::host::confidence::solve::solve;

use crate::support::{rows, simulated, skipped};

fn python() -> Option<String> {
    let python = std::env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import numpy, scipy, sklearn"]).output();
    found.is_ok_and(|output| output.status.success()).then_some(python)
}

#[test]
fn python_finds_the_same_figures_and_no_better_optimum() {
    let Some(python) = python() else {
        skipped("no python3 with numpy, scipy and scikit-learn; set COUNTERSIGN_PYTHON");
        return;
    };
    let mut chance = Chance::new(31);
    let probabilities: Vec<f64> =
        (0..997).map(|_| libm::round(chance.share() * 200.0) / 200.0).collect();
    let labels: Vec<f64> =
        probabilities.iter().map(|p| f64::from(u8::from(chance.share() < *p))).collect();
    let figures = Ranked::new(&probabilities, &labels).figures().unwrap();

    let read = rows(&simulated(400, 32).0);
    let rows: Vec<&Row> = read.rows.iter().collect();
    let weights: Vec<f64> = rows.iter().map(|_| 0.5 + chance.share()).collect();
    let settings = Settings::default();
    let column = |(name, text): (usize, &String)| {
        Column::new(name, &expert_curve(text), &rows, &weights, settings.segments_max)
    };
    let columns: Vec<Column> = read.names.iter().enumerate().map(column).collect();
    let design = Design::new(&columns, &rows, 0.3, &settings);
    let truth: Vec<f64> = rows.iter().map(|row| row.label.unwrap()).collect();
    let solution = solve(&design, &truth, &weights).unwrap();
    let mut multipliers: Vec<f64> = Vec::new();
    design.each_row(|_, row| multipliers.extend(row));
    // JSON has no infinity: bounds that are none are null there.
    let bounds = |values: &[f64]| -> Vec<Option<f64>> {
        values.iter().map(|value| value.is_finite().then_some(*value)).collect()
    };
    let given = serde_json::json!({
        "probabilities": probabilities, "labels": labels, "figures": figures,
        "width": design.width, "multipliers": multipliers, "quadratic": design.quadratic,
        "linear": design.linear, "lower": bounds(&design.lower), "upper": bounds(&design.upper),
        "truth": truth, "weights": weights, "point": solution.point, "objective": solution.objective,
    });
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference.json");
    std::fs::write(&file, given.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/learn/reference.py");
    let output = Command::new(python).arg(script).arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    println!("{told}");
}
