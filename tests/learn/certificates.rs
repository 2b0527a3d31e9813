//! Exact tails, and certificates that are wrong as seldom as they say.

use countersign::certificate::CertificateDemand;
use countersign::host::confidence::binomial::{clopper_pearson, ln_at_most};
use countersign::host::confidence::certify::{Finding, Tested, learn_then_test};
use countersign::host::confidence::chance::Chance;

/// k, n, rate and ln P(Bin(n, rate) ≤ k), computed with sixty decimals.
const TABLE: &str = include_str!("binomial.tsv");

#[test]
fn binomial_tails_are_exact_to_twelve_digits() {
    let mut count = 0;
    for line in TABLE.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let (k, n) = (fields[0].parse().unwrap(), fields[1].parse().unwrap());
        let (rate, expected): (f64, f64) = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        let found = ln_at_most(k, n, rate);
        let off = (found - expected).abs() / expected.abs().max(1.0);
        assert!(off <= 1e-12, "{line}: {found}, off by {off:e}");
        let absolute = (libm::exp(found) - libm::exp(expected)).abs();
        assert!(absolute <= 1e-12, "{line}: the probability is off by {absolute:e}");
        count += 1;
    }
    assert!(count > 500, "{count}");
}

#[test]
fn bounds_of_a_rate_are_those_of_tables() {
    let rows = [
        (0, 10, 0.0, 0.308_497_1),
        (5, 10, 0.187_086_0, 0.812_914_0),
        (10, 10, 0.691_502_9, 1.0),
        (3, 200, 0.003_104_1, 0.043_208_3),
    ];
    for (k, n, low, high) in rows {
        let found = clopper_pearson(k, n, 0.025);
        assert!(
            (found.0 - low).abs() < 1e-6 && (found.1 - high).abs() < 1e-6,
            "{k} of {n}: {found:?}"
        );
    }
}

#[test]
fn the_least_number_of_answers_is_that_of_the_formula() {
    let rows = [
        (0.10, 0.1, 22),
        (0.05, 0.1, 45),
        (0.05, 0.05, 59),
        (0.02, 0.1, 114),
        (0.02, 0.05, 149),
        (0.01, 0.05, 299),
        (0.5, 0.5, 1),
    ];
    for (tolerated_error, failure_probability, expected) in rows {
        let demand = CertificateDemand { tolerated_error, failure_probability };
        assert_eq!(demand.answers_min(), expected, "{tolerated_error} {failure_probability}");
    }
}

const DEMAND: CertificateDemand =
    CertificateDemand { tolerated_error: 0.1, failure_probability: 0.1 };

/// Scores whose error is `worst` at 0, and falls in a straight line to none at 1.
fn sample(chance: &mut Chance, rows: usize, worst: f64) -> Vec<Tested> {
    let row = |_| {
        let probability = chance.share();
        Tested { probability, wrong: chance.share() < worst * (1.0 - probability) }
    };
    (0..rows).map(row).collect()
}

#[test]
fn the_true_risk_is_above_what_was_certified_as_seldom_as_was_promised() {
    let mut chance = Chance::new(11);
    let (mut above, mut none) = (0, 0);
    for _ in 0..500 {
        let (fit, calibration) = (sample(&mut chance, 500, 0.5), sample(&mut chance, 1_000, 0.5));
        match learn_then_test(&fit, &calibration, &DEMAND) {
            Finding::Certified(test) => above += u32::from(0.25 * (1.0 - test.threshold) > 0.1),
            Finding::NoCertificate { .. } => none += 1,
        }
    }
    // Two standard errors above one in ten.
    assert!(above <= 63, "{above} of 500");
    assert!(none <= 75, "{none} of 500 without a certificate");
}

#[test]
fn a_start_that_knows_nothing_of_the_calibration_rows_still_keeps_the_promise() {
    // The rows of the fit are of another kind, so the start is a bad one.
    let mut chance = Chance::new(12);
    let mut above = 0;
    for _ in 0..500 {
        let (fit, calibration) = (sample(&mut chance, 500, 0.05), sample(&mut chance, 1_000, 0.5));
        if let Finding::Certified(test) = learn_then_test(&fit, &calibration, &DEMAND) {
            above += u32::from(0.25 * (1.0 - test.threshold) > 0.1);
        }
    }
    assert!(above <= 63, "{above} of 500");
}

#[test]
fn where_there_is_no_certificate_the_rows_that_are_missing_are_told() {
    let mut chance = Chance::new(13);
    let demand = CertificateDemand { tolerated_error: 0.02, failure_probability: 0.1 };
    let (fit, few) = (sample(&mut chance, 2_000, 0.05), sample(&mut chance, 60, 0.05));
    let Finding::NoCertificate { answers_min, rows_needed, .. } =
        learn_then_test(&fit, &few, &demand)
    else {
        panic!("sixty rows cannot show 2 %");
    };
    assert_eq!(answers_min, 114);
    let needed = usize::try_from(rows_needed.unwrap()).unwrap();
    assert!((54..4_000).contains(&needed), "{needed}");
    // With as many, most attempts succeed.
    let attempt = |_: &u32| {
        let enough = sample(&mut chance, 60 + needed, 0.05);
        matches!(learn_then_test(&fit, &enough, &demand), Finding::Certified(_))
    };
    let certified = (0..100).filter(attempt).count();
    assert!(certified >= 40, "{certified} of 100");

    let hopeless: Vec<Tested> =
        (0..500).map(|_| Tested { probability: 0.9, wrong: chance.share() < 0.3 }).collect();
    let finding = learn_then_test(&hopeless, &hopeless, &demand);
    assert!(matches!(finding, Finding::NoCertificate { rows_needed: None, .. }), "{finding:?}");
    let nothing = learn_then_test(&[], &[], &demand);
    assert!(matches!(nothing, Finding::NoCertificate { failed: None, rows_needed: None, .. }));
}
