//! Failures that other systems really had, row by row: hosts killed at any instant, stopped past
//! their leases, starved, out of space, lied to by the system; votes and deadlines at one instant.
//!
//! Every row runs in a short form as a test of its own. `make torture` runs the long form:
//! `ROW=f01 MINUTES=10` one row for so long; counts are kept and added up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "a test that finds something else than it expects ends"
)]

#[allow(dead_code, reason = "the tests of the host use the rest")]
#[path = "../host/conformance.rs"]
mod conformance;
#[allow(dead_code, reason = "the tests of the host use the rest")]
#[path = "../host/support.rs"]
mod support;

mod deadlines;
mod disk;
mod histories;
mod leases;
mod ledger;
mod processes;
mod votes;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a row goes on.
pub(crate) struct Limit {
    until: Instant,
    count_max: u64,
}

impl Limit {
    const fn short(until: Instant, count_max: u64) -> Self {
        Self { until, count_max }
    }

    pub(crate) fn goes_on(&self, count: u64) -> bool {
        count < self.count_max && Instant::now() < self.until
    }
}

/// What a row came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    /// Acknowledged, and not there.
    pub(crate) lost: u64,
    /// Done more than once, or by two.
    pub(crate) doubled: u64,
    /// Figures, which are no verdict.
    pub(crate) figures: String,
    /// Why it could not run here.
    pub(crate) skipped: Option<&'static str>,
}

impl Tally {
    pub(crate) fn skipped(why: &'static str) -> Self {
        Self { skipped: Some(why), ..Self::default() }
    }
}

/// A row: its name, its unit, how often in the short form, and the code of both forms.
type Row = (&'static str, &'static str, u64, fn(&Limit) -> Tally);

const ROWS: &[Row] = &[
    ("f01", "kills of one of three hosts", 12, processes::f01_kills),
    ("f02", "completions by an expired holder", 12, leases::f02_late_completion),
    ("f05", "claims whose reply was lost", 40, leases::f05_reply_lost),
    ("f10", "leases over while every host was stopped", 12, leases::f10_all_stopped),
    ("f13", "requests cut off", 300, leases::f13_cut_off),
    ("f15", "claims of four saturating hosts", 400, processes::f15_starvation),
    ("f23", "writes without space", 30, disk::f23_full),
    ("f24", "syncs that failed", 2, disk::f24_sync_fails),
    ("f31", "approvals against rejections", 12, votes::f31_approve_or_reject),
    ("f60", "last votes at one instant", 12, votes::f60_votes_at_once),
    ("f41", "deadlines of three hosts", 24, deadlines::f41_fire_once),
];

fn short(name: &str) {
    let (_, what, count, row) = ROWS.iter().find(|(row, ..)| *row == name).unwrap();
    let tally = row(&Limit::short(Instant::now() + Duration::from_secs(120), *count));
    println!("{name}: {} {what}, {}", tally.count, tally.figures);
    if let Some(why) = tally.skipped {
        println!("{name} did not run: {why}");
        return;
    }
    assert_eq!((tally.lost, tally.doubled), (0, 0), "{name}");
    assert!(tally.count > 0, "{name} tried nothing");
}

macro_rules! rows {
    ($($name:ident $row:literal;)*) => { $(#[test] fn $name() { short($row); })* };
}

rows! {
    f01_what_was_acknowledged_survives_hosts_that_die "f01";
    f02_late_completion_is_refused "f02";
    f05_a_claim_whose_reply_was_lost_is_one_claim "f05";
    f10_nothing_stale_is_taken_after_all_were_stopped "f10";
    f13_requests_that_are_cut_off_leave_nothing_behind "f13";
    f15_several_processes_on_one_file_all_get_their_turn "f15";
    f23_no_space_is_told_and_passes "f23";
    f24_a_sync_that_fails_ends_the_process "f24";
    f31_one_decision_wins "f31";
    f60_the_last_votes_at_one_instant_authorize_once "f60";
    f41_deadlines_fire_once "f41";
}

fn counts_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("torture/counts.json")
}

/// The long form, for `make torture`.
#[test]
#[ignore = "takes as long as MINUTES says"]
fn torture() {
    let text = |name: &str| std::env::var(name).ok();
    let minutes: u64 = text("MINUTES").and_then(|text| text.parse().ok()).unwrap_or(1);
    let wanted = text("ROW").unwrap_or_default().to_lowercase();
    // `F1` is the row `f01`.
    let number = wanted.trim_start_matches('f').parse::<u32>();
    let wanted = number.map_or(wanted, |number| format!("f{number:02}"));
    let path = counts_file();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let read = std::fs::read_to_string(&path).ok();
    let mut counts: BTreeMap<String, Value> =
        read.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut ran = 0;
    for (name, _, _, row) in ROWS.iter().filter(|(name, ..)| wanted.is_empty() || *name == wanted) {
        println!("{name} for {minutes} min");
        let limit = Limit {
            until: Instant::now() + Duration::from_secs(60 * minutes),
            count_max: u64::MAX,
        };
        let tally = row(&limit);
        ran += 1;
        if let Some(why) = tally.skipped {
            println!("{name} did not run: {why}");
            continue;
        }
        let sum = counts.entry((*name).to_owned()).or_insert_with(|| json!({}));
        for (field, more) in
            [("count", tally.count), ("lost", tally.lost), ("doubled", tally.doubled)]
        {
            sum[field] = json!(sum[field].as_u64().unwrap_or(0) + more);
        }
        sum["figures"] = json!(tally.figures);
        std::fs::write(&path, serde_json::to_string_pretty(&counts).unwrap()).unwrap();
    }
    assert!(ran > 0, "there is no row `{wanted}`");
    println!("\n{:4} {:>9} {:>5} {:>7}  verdict", "row", "count", "lost", "doubled");
    let mut bad = Vec::new();
    for (name, what, ..) in ROWS {
        let Some(sum) = counts.get(*name) else {
            println!("{name:4} {:>9} {:>5} {:>7}  not run", "-", "-", "-");
            continue;
        };
        let field = |field: &str| sum[field].as_u64().unwrap_or(0);
        let holds = field("lost") == 0 && field("doubled") == 0 && field("count") > 0;
        if !holds {
            bad.push(*name);
        }
        let verdict = if holds { "holds" } else { "BROKEN" };
        let figures = sum["figures"].as_str().unwrap_or_default();
        println!(
            "{name:4} {:>9} {:>5} {:>7}  {verdict}: {what}. {figures}",
            field("count"),
            field("lost"),
            field("doubled")
        );
    }
    assert!(bad.is_empty(), "{bad:?}");
}
