//! A simulation of the host: several processes on one file, people, agents and executors in any
//! order, crashes, lost answers, clocks that jump, hosts that act late. The real interface, store and
//! core stand against a small model written from the tables of states; every step is compared.
//!
//! A history follows from its seed. `SEEDS=1000` or `MINUTES=10` runs more of them, `SEED=7` one
//! again, `STEPS=400` makes them longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that finds something else than it expects ends"
)]

mod carry_steps;
mod case_steps;
mod chance;
mod model;
mod planted;
mod plants;
mod policy_steps;
mod proposal_steps;
mod records;
mod sink;
mod site;
mod steps;
mod world;

use std::time::{Duration, Instant};

use steps::{Counts, run, shrink};

/// Histories of the short form, and steps of one.
const SEEDS: u64 = 8;
const STEPS: usize = 300;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn every_history_is_one_that_the_model_allows() {
    let site = site::Site::new();
    let steps: Vec<usize> =
        (0..asked("STEPS").and_then(|count| count.try_into().ok()).unwrap_or(STEPS)).collect();
    let begun = Instant::now();
    let until = asked("MINUTES").map(|minutes| Duration::from_secs(60 * minutes));
    let first = asked("SEED").unwrap_or(1);
    let count = if asked("SEED").is_some() { 1 } else { asked("SEEDS").unwrap_or(SEEDS) };
    let mut counts = Counts::new();
    let mut seed = first;
    while until.map_or(seed < first + count, |until| begun.elapsed() < until) {
        match run(&site, seed, &steps) {
            Ok(of_one) => {
                for (name, (done, refused)) in of_one {
                    let sum = counts.entry(name).or_default();
                    *sum = (sum.0 + done, sum.1 + refused);
                }
            }
            Err(broken) => {
                println!("seed {seed}, step {}: {}", broken.step, broken.told);
                if asked("NO_SHRINK").is_none() {
                    let (kept, last) = shrink(&site, seed, broken, &steps);
                    println!("{} steps are enough: {}", kept.len(), last.told);
                    println!("  {}", last.trace.join("\n  "));
                }
                panic!("SEED={seed} STEPS={} shows it again", steps.len());
            }
        }
        seed += 1;
    }
    let total: u64 = counts.values().map(|(done, refused)| done + refused).sum();
    println!("{} histories, {total} commands in {:?}", seed - first, begun.elapsed());
    for (name, (done, refused)) in &counts {
        println!("  {name:12} {done:6} done {refused:6} refused");
    }
    if asked("SEED").is_none() {
        for name in ["claim", "decide", "undo", "approve", "edit", "revoke", "reconcile"] {
            let of_it = counts.get(name).copied().unwrap_or_default();
            assert!(of_it.0 > 0 && of_it.1 > 0, "`{name}` was hardly tried: {of_it:?}");
        }
    }
}
