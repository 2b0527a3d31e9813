//! Alarms: seldom where nothing changed, soon where something did.

use countersign::host::confidence::chance::Chance;
use countersign::host::confidence::monitor::{Change, ErrorWatch, RateWatch};

const RUNS: usize = 300;

fn rate_alarms(after: f64) -> Vec<(usize, Change)> {
    let mut chance = Chance::new(5);
    let run = |_| {
        let before = (0..2_000).filter(|_| chance.share() < 0.12).count() as u64;
        let mut watch = RateWatch::new(before, 2_000, 0.05);
        (1..=4_000).find_map(|item| Some((item, watch.observe(chance.share() < after)?)))
    };
    (0..RUNS).filter_map(run).collect()
}

#[test]
fn the_escalation_rate_is_watched_on_both_sides() {
    assert!(rate_alarms(0.12).len() * 20 <= RUNS);
    for (rate, change, median_max) in [(0.18, Change::Rose, 750), (0.06, Change::Fell, 500)] {
        let mut alarms = rate_alarms(rate);
        alarms.sort_by_key(|(item, _)| *item);
        assert!(alarms.len() > RUNS * 9 / 10, "{rate}: {}", alarms.len());
        assert!(alarms[RUNS / 2].0 <= median_max, "{rate}: {:?}", alarms[RUNS / 2]);
        assert!(alarms.iter().all(|(_, found)| *found == change), "{rate}");
    }
}

#[test]
fn the_audited_error_is_watched() {
    let alarms = |rate: f64| {
        let mut chance = Chance::new(6);
        let run = |_: &usize| {
            let mut watch = ErrorWatch::new(0.05, 0.05);
            let raised = (0..2_000).any(|_| watch.observe(chance.share() < rate));
            raised && watch.capital() >= 20.0
        };
        (0..RUNS).filter(run).count()
    };
    assert!(alarms(0.05) * 20 <= RUNS, "{}", alarms(0.05));
    assert_eq!(alarms(0.12), RUNS);
}

#[test]
fn rates_at_the_ends_are_watched_without_a_bet_that_cannot_be_made() {
    let mut none_before = RateWatch::new(0, 500, 0.05);
    assert!((0..500).all(|_| none_before.observe(false).is_none()));
    assert!((0..500).any(|_| none_before.observe(true) == Some(Change::Rose)));
    let mut no_items = RateWatch::new(0, 0, 0.05);
    assert!((0..500).all(|item| no_items.observe(item % 2 == 0).is_none()));
}

#[test]
fn a_watch_that_goes_on_from_what_was_stored_is_the_same_watch() {
    let mut chance = Chance::new(7);
    let (mut whole, mut rates) = (ErrorWatch::new(0.05, 0.05), RateWatch::new(60, 500, 0.05));
    let (mut ln_capital, mut seen, mut wrong) = (0.0, 0, 0);
    let mut ln_capitals = Vec::new();
    for _ in 0..200 {
        let item = chance.share() < 0.1;
        let mut resumed = ErrorWatch::new(0.05, 0.05);
        resumed.resume(ln_capital, seen, wrong);
        resumed.observe(item);
        whole.observe(item);
        ln_capital = resumed.ln_capital();
        (seen, wrong) = (seen + 1, wrong + i64::from(item));
        assert!((ln_capital - whole.ln_capital()).abs() < 1e-12);

        let mut again = RateWatch::new(60, 500, 0.05);
        again.resume(&ln_capitals);
        again.observe(item);
        rates.observe(item);
        ln_capitals = again.ln_capitals();
        assert_eq!(ln_capitals, rates.ln_capitals());
    }
}
