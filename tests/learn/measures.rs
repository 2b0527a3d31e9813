//! Figures by hand, and their independence of the order of equal rows.

use countersign::host::confidence::chance::Chance;
use countersign::host::confidence::measure::Ranked;

#[test]
fn the_figures_of_four_rows_are_those_of_pencil_and_paper() {
    // Descending: right, wrong, right, wrong.
    let figures = Ranked::new(&[0.2, 0.9, 0.6, 0.8], &[0.0, 1.0, 1.0, 0.0]).figures().unwrap();
    let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");
    near(figures.aurc, (0.0 + 1.0 / 2.0 + 1.0 / 3.0 + 2.0 / 4.0) / 4.0);
    near(figures.augrc, (0.0 + 1.0 + 1.0 + 2.0) / 4.0 / 4.0);
    near(figures.auroc.unwrap(), 3.0 / 4.0);
    near(figures.brier, (0.04 + 0.01 + 0.16 + 0.64) / 4.0);
    near(figures.ece, (0.2 + 0.1 + 0.4 + 0.8) / 4.0);
    near(figures.coverage_at_5, 0.25);
}

#[test]
fn equal_probabilities_have_no_order() {
    let mut chance = Chance::new(1);
    let mut rows: Vec<(f64, f64)> = (0..500)
        .map(|_| {
            (
                f64::from(u32::try_from(chance.index(8)).unwrap()) / 8.0,
                f64::from(u8::from(chance.share() < 0.6)),
            )
        })
        .collect();
    let figures = |rows: &[(f64, f64)]| {
        let (probabilities, labels): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
        Ranked::new(&probabilities, &labels).figures().unwrap()
    };
    let before = figures(&rows);
    chance.shuffle(&mut rows);
    let after = figures(&rows);
    assert!((before.aurc - after.aurc).abs() < 1e-12);
    assert_eq!(before.auroc, after.auroc);
    assert_eq!(before.coverage_at_10, after.coverage_at_10);
    assert!((before.ece - after.ece).abs() < 1e-12);
    let constant: Vec<(f64, f64)> = rows.iter().map(|(_, label)| (0.5, *label)).collect();
    let wrong = rows.iter().map(|(_, label)| 1.0 - label).sum::<f64>() / 500.0;
    assert!((figures(&constant).aurc - wrong).abs() < 1e-12, "no order is the base rate");
}

#[test]
fn one_class_alone_has_no_auroc_and_no_rows_have_no_figures() {
    assert_eq!(Ranked::new(&[0.3, 0.4], &[1.0, 1.0]).figures().unwrap().auroc, None);
    assert_eq!(Ranked::new(&[], &[]).figures(), None);
}

#[test]
fn probabilities_that_are_right_have_the_calibration_error_of_chance() {
    let mut chance = Chance::new(31);
    let probabilities: Vec<f64> = (0..2_000).map(|_| chance.share()).collect();
    let drawn = |of: &dyn Fn(f64) -> f64, chance: &mut Chance| {
        let label = |p: &f64| f64::from(u8::from(chance.share() < of(*p)));
        let labels: Vec<f64> = probabilities.iter().map(label).collect();
        let ranked = Ranked::new(&probabilities, &labels);
        (ranked.figures().unwrap().ece, ranked.ece_by_chance())
    };
    let (right, by_chance) = drawn(&|p| p, &mut chance);
    assert!(
        (0.01..0.05).contains(&by_chance) && (right - by_chance).abs() < 0.015,
        "{right} {by_chance}"
    );
    let (wrong, same) = drawn(&|p| p * p, &mut chance);
    assert!((same - by_chance).abs() < 1e-12 && wrong > 3.0 * by_chance, "{wrong} {same}");
}
