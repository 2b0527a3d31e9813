//! Failures that other systems really had, row by row: hosts killed at any instant, stopped past
//! their leases, starved, out of space, lied to by the system; votes and deadlines at one instant.
//!
//! Every row runs in a short form as a test of its own, on SQLite and on PostgreSQL where it is about
//! both. `make torture` runs the long form: `ROW=f01 ENGINE=sqlite MINUTES=10` one row for so long;
//! counts are kept and added up.

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

mod bits;
mod clocks;
mod cluster;
mod deadlines;
mod disk;
mod fairness;
mod feeds;
mod ground;
mod histories;
mod instants;
mod leases;
mod ledger;
mod power;
mod processes;
mod proxy;
mod races;
mod readers;
mod reapers;
mod servers;
mod traffic;
mod versions;
mod votes;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use ground::{Engine, Ground};

/// How long the short form may take at most.
const SHORT_MAX: Duration = Duration::from_secs(120);

/// What a row came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    /// Acknowledged, and not there.
    pub(crate) lost: u64,
    /// Done more than once, or by two, or otherwise than it was told.
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

/// A row of the table of failures: its name, what is counted, how much of it in the short form, what
/// it runs on, and the code of both forms.
struct Row {
    name: &'static str,
    what: &'static str,
    short: u64,
    engines: &'static [Engine],
    run: fn(&Ground) -> Tally,
}

fn short(name: &str, engine: Engine) {
    let begun = Instant::now();
    let row = ROWS.iter().find(|row| row.name == name && row.engines.contains(&engine)).unwrap();
    let tally = match engine.absent() {
        Some(why) => Tally::skipped(why),
        None => {
            let until = Instant::now() + SHORT_MAX;
            (row.run)(&Ground { engine, until, count_max: row.short })
        }
    };
    let name = format!("{name} on {}", engine.name());
    let took_ms = begun.elapsed().as_millis();
    println!("{name}: {} {}, {} ({took_ms} ms)", tally.count, row.what, tally.figures);
    if let Some(why) = tally.skipped {
        println!("{name} did not run: {why}");
        return;
    }
    assert_eq!((tally.lost, tally.doubled), (0, 0), "{name}");
    assert!(tally.count > 0, "{name} tried nothing");
}

/// The table, and a test of each row's short form on everything that it runs on.
macro_rules! rows {
    (
        both { $($both:ident $both_row:literal $both_what:literal $both_short:literal $both_run:path;)* }
        sqlite { $($file:ident $file_row:literal $file_what:literal $file_short:literal $file_run:path;)* }
        postgres { $($server:ident $server_row:literal $server_what:literal $server_short:literal $server_run:path;)* }
    ) => {
        const ROWS: &[Row] = &[
            $(Row { name: $both_row, what: $both_what, short: $both_short,
                engines: &Engine::ALL, run: $both_run },)*
            $(Row { name: $file_row, what: $file_what, short: $file_short,
                engines: &[Engine::Sqlite], run: $file_run },)*
            $(Row { name: $server_row, what: $server_what, short: $server_short,
                engines: &[Engine::Postgres], run: $server_run },)*
        ];

        mod on_sqlite {
            $(#[test] fn $both() { super::short($both_row, super::Engine::Sqlite) })*
            $(#[test] fn $file() { super::short($file_row, super::Engine::Sqlite) })*
        }

        mod on_postgres {
            $(#[test] fn $both() { super::short($both_row, super::Engine::Postgres) })*
            $(#[test] fn $server() { super::short($server_row, super::Engine::Postgres) })*
        }
    };
}

rows! {
    both {
        f01_what_was_acknowledged_survives_hosts_that_die
            "f01" "kills of one of three hosts" 12 processes::f01_kills;
        f02_late_completion_is_refused
            "f02" "completions by an expired holder" 12 leases::f02_late_completion;
        f03_a_completion_and_a_rescue_never_both_win
            "f03" "decisions at the end of a lease" 16 races::f03_rescue_races_completion;
        f04_a_claim_takes_one_and_tells_it
            "f04" "cases claimed by more than there were" 12 races::f04_never_more_than_one;
        f05_a_claim_whose_reply_was_lost_is_one_claim
            "f05" "claims whose reply was lost" 16 leases::f05_reply_lost;
        f06_the_same_person_with_an_old_lease_is_somebody_else
            "f06" "decisions sent to a host that was replaced" 8 reapers::f06_same_name_again;
        f07_leases_end_by_their_own_time_alone
            "f07" "leases over when all who knew them had died" 12 reapers::f07_reaper_dies;
        f08_who_does_not_know_a_queue_releases_and_no_more
            "f08" "leases over at hosts without their queue" 6 reapers::f08_unknown_queue;
        f09_no_clock_of_a_machine_ends_a_lease
            "f09" "leases under clocks that jump" 6 clocks::f09_clocks;
        f10_nothing_stale_is_taken_after_all_were_stopped
            "f10" "leases over while every host was stopped" 12 leases::f10_all_stopped;
        f13_requests_that_are_cut_off_leave_nothing_behind
            "f13" "requests cut off" 100 leases::f13_cut_off;
        f16_the_quiet_and_the_plain_have_their_turn
            "f16" "cases among a flood" 4 fairness::f16_noisy_tenant;
        f18_nobody_needs_a_hint
            "f18" "events heard at another host" 30 feeds::f18_no_hint;
        f19_no_event_is_skipped
            "f19" "events while transactions were held open" 40 feeds::f19_held_open;
        f20_no_deadlock_shows
            "f20" "commands of sixteen on the same four cases" 160 races::f20_no_deadlock_shows;
        f27_a_migration_that_was_cut_short_is_done_again
            "f27m" "starts that ended in a migration" 4 versions::f27_cut_migration;
        f27_an_older_release_stops_where_a_newer_one_came
            "f27" "hosts of the older release" 3 versions::f27_newer_schema;
        f31_one_decision_wins
            "f31" "approvals against rejections" 12 votes::f31_approve_or_reject;
        f41_deadlines_fire_once
            "f41" "deadlines of three hosts" 24 deadlines::f41_fire_once;
        f42_nothing_fires_after_it_was_settled
            "f42" "deadlines moved, paused or met as they fire" 9 races::f42_at_the_deadline;
        f46_state_and_entry_are_one
            "f46" "ends at a step of a write" 12 instants::f46_every_step;
        f60_the_last_votes_at_one_instant_authorize_once
            "f60" "last votes at one instant" 12 votes::f60_votes_at_once;
    }
    sqlite {
        f15_several_processes_on_one_file_all_get_their_turn
            "f15" "claims of four saturating hosts" 200 processes::f15_starvation;
        f21_what_was_acknowledged_survives_a_loss_of_power
            "f21" "losses of power" 4 power::f21_power;
        f22_a_flipped_bit_is_found
            "f22" "flipped bits" 60 bits::f22_flipped_bit;
        f23_no_space_is_told_and_passes
            "f23" "writes without space" 30 disk::f23_full;
        f24_a_sync_that_fails_ends_the_process
            "f24" "syncs that failed" 2 disk::f24_sync_fails;
        f25_readers_that_overlap_do_not_let_the_log_grow
            "f25" "rounds of more than the log may hold" 1 readers::f25_long_readers;
    }
    postgres {
        f11_hosts_outlive_a_server_that_crashes
            "f11" "crashes of the server" 3 servers::f11_restarts;
        f11_a_synchronous_follower_takes_over_without_loss
            "f11s" "followers that took over" 1 servers::f11_standby;
        f12_a_commit_without_an_answer_has_one_outcome
            "f12" "lines cut at COMMIT" 12 servers::f12_cut_at_commit;
        f14_few_sessions_serve_many_or_say_so
            "f14" "calls over two sessions" 60 servers::f14_few_sessions;
        f17_an_old_view_holds_nobody_up
            "f17" "cycles around an old view" 3 servers::f17_pinned;
    }
}

/// Rows that nothing here can try, and why.
const NOT_TRIED: &[(&str, &str)] = &[
    ("f15 postgres", "there is no file that processes share"),
    ("f21 postgres", "what a server keeps over a loss of power is the server's own affair"),
    ("f22 postgres", "a server looks after its own files: use its checksums"),
    ("f23 postgres", "the server's disk cannot be filled without a file system of its own"),
    ("f24 postgres", "a server ends itself after a sync that failed"),
];

fn counts_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("torture/counts.json")
}

/// `F1` is the row `f01`, `F11s` is `f11s`.
fn row_name(asked: &str) -> String {
    let name = asked.to_lowercase();
    let number = name.trim_start_matches('f');
    let digits = number.trim_end_matches(|character: char| character.is_alphabetic());
    match digits.parse::<u32>() {
        Ok(digits_read) => format!("f{digits_read:02}{}", &number[digits.len()..]),
        Err(_) => name,
    }
}

/// The long form, for `make torture`.
#[test]
#[ignore = "takes as long as MINUTES says"]
fn torture() {
    let text = |name: &str| std::env::var(name).ok();
    let minutes: u64 = text("MINUTES").and_then(|text| text.parse().ok()).unwrap_or(1);
    let wanted = row_name(&text("ROW").unwrap_or_default());
    let wanted_engine = text("ENGINE").unwrap_or_default().to_lowercase();
    let path = counts_file();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let read = std::fs::read_to_string(&path).ok();
    let mut counts: BTreeMap<String, Value> =
        read.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut rows: Vec<(&Row, Engine)> =
        ROWS.iter().flat_map(|row| row.engines.iter().map(move |engine| (row, *engine))).collect();
    rows.sort_by_key(|(row, engine)| (row.name, engine.name()));
    let mut skipped: BTreeMap<String, &str> = BTreeMap::new();
    let mut ran = 0;
    for (row, engine) in &rows {
        let is_wanted = (wanted.is_empty() || row.name == wanted)
            && (wanted_engine.is_empty() || engine.name() == wanted_engine);
        if !is_wanted {
            continue;
        }
        let name = format!("{} {}", row.name, engine.name());
        println!("{name} for {minutes} min");
        let tally = match engine.absent() {
            Some(why) => Tally::skipped(why),
            None => {
                let until = Instant::now() + Duration::from_secs(60 * minutes);
                (row.run)(&Ground { engine: *engine, until, count_max: u64::MAX })
            }
        };
        ran += 1;
        if let Some(why) = tally.skipped {
            println!("{name} did not run: {why}");
            skipped.insert(name, why);
            continue;
        }
        let sum = counts.entry(name).or_insert_with(|| json!({}));
        for (field, more) in
            [("count", tally.count), ("lost", tally.lost), ("doubled", tally.doubled)]
        {
            sum[field] = json!(sum[field].as_u64().unwrap_or(0) + more);
        }
        sum["figures"] = json!(tally.figures);
        std::fs::write(&path, serde_json::to_string_pretty(&counts).unwrap()).unwrap();
    }
    assert!(ran > 0, "there is no row `{wanted}` {wanted_engine}");
    println!("\n{:13} {:>9} {:>5} {:>7}  verdict", "row", "count", "lost", "doubled");
    let mut bad = Vec::new();
    for (row, engine) in &rows {
        let name = format!("{} {}", row.name, engine.name());
        let Some(sum) = counts.get(&name) else {
            let why = skipped.get(&name).copied().unwrap_or("not asked for");
            println!("{name:13} {:>9} {:>5} {:>7}  not run: {why}", "-", "-", "-");
            continue;
        };
        let field = |field: &str| sum[field].as_u64().unwrap_or(0);
        let holds = field("lost") == 0 && field("doubled") == 0 && field("count") > 0;
        let verdict = if holds { "holds" } else { "BROKEN" };
        println!(
            "{name:13} {:>9} {:>5} {:>7}  {verdict}: {}. {}",
            field("count"),
            field("lost"),
            field("doubled"),
            row.what,
            sum["figures"].as_str().unwrap_or_default()
        );
        if !holds {
            bad.push(name);
        }
    }
    for (name, why) in NOT_TRIED {
        println!("{name:13} {:>9} {:>5} {:>7}  not tried: {why}", "-", "-", "-");
    }
    assert!(bad.is_empty(), "{bad:?}");
}
