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

use crate::support::{plan, skipped};

fn real_rows() -> Option<Rows> {
    let folder = std::env::var_os("COUNTERSIGN_EVALUATION_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let file = folder.join("confidence.dev.jsonl");
    let Ok(opened) = File::open(&file) else {
        skipped(&format!("`{}` is not there; set COUNTERSIGN_EVALUATION_DATA", file.display()));
        return None;
    };
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
