//! Measures the host as it is: the real program, asked over HTTP by clients on the same machine.
//!
//!     cargo bench --features "host postgres" --bench host
//!     DURABLE=1 .ci/with-postgres cargo bench --features "host postgres" --bench host
//!
//! The first measures SQLite, the second PostgreSQL; `ROWS=cycles,leases` measures some of the rows.
//! Each row is printed with its bar and whether it was met, and written to target/bench/. The machine
//! is shared with the clients and with whatever else runs there: each row names what a sync of the same
//! disk took at that time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a measurement that cannot be made ends"
)]

#[allow(dead_code, reason = "the tests of the host use the rest")]
#[path = "../../host/conformance.rs"]
mod conformance;
#[allow(dead_code, reason = "the tests of the host use the rest")]
#[path = "../../host/support.rs"]
mod support;

mod claims;
mod client;
mod clock;
mod cycles;
mod peers;
mod probe;
mod site;

use std::path::Path;

use serde_json::{Value, json};

/// Which way a figure is good.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// A figure that explains another one.
    None,
}

/// What was measured.
pub(crate) struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    bar: Bar,
    note: String,
}

impl Row {
    pub(crate) fn new(
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        bar: Bar,
        note: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), value, unit, bar, note: note.into() }
    }

    /// Whether the bar was met, in words.
    fn verdict(&self) -> String {
        let (met, bar) = match self.bar {
            Bar::None => return String::new(),
            Bar::AtLeast(bar) => (self.value >= bar, bar),
            Bar::AtMost(bar) => (self.value <= bar, bar),
        };
        let sign = if matches!(self.bar, Bar::AtLeast(_)) { "≥" } else { "≤" };
        let share = 100.0 * (self.value / bar - 1.0);
        let met = if met { "met".to_owned() } else { format!("MISSED by {:.0} %", share.abs()) };
        format!("{sign} {bar}: {met}")
    }

    fn json(&self) -> Value {
        let (least, most) = match self.bar {
            Bar::AtLeast(bar) => (Some(bar), None),
            Bar::AtMost(bar) => (None, Some(bar)),
            Bar::None => (None, None),
        };
        json!({
            "row": self.name, "value": self.value, "unit": self.unit, "at_least": least,
            "at_most": most, "verdict": self.verdict(), "note": self.note,
        })
    }
}

type Measure = fn() -> Vec<Row>;

const SQLITE: &[(&str, Measure)] = &[
    ("cycles", cycles::on_one_file),
    ("grouping", cycles::with_slow_syncs),
    ("sharing", cycles::of_four_processes),
    ("leases", clock::abandoned_leases),
    ("deadlines", clock::deadlines),
    ("claims", claims::by_size),
];

const POSTGRES: &[(&str, Measure)] = &[
    ("cycles", cycles::on_a_server),
    ("leases", clock::abandoned_leases),
    ("deadlines", clock::deadlines),
];

/// A number from the environment.
pub(crate) fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let wanted = std::env::var("ROWS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let (engine, measures) = match support::server() {
        None => ("sqlite", SQLITE),
        Some(_) => ("postgres", POSTGRES),
    };
    let mut rows: Vec<Value> = Vec::new();
    for (name, measure) in measures {
        if !wanted.is_empty() && !wanted.contains(name) {
            continue;
        }
        for row in measure() {
            let value = format!("{:.*}", usize::from(row.value < 100.0) * 2, row.value);
            println!("{engine}: {:44} {value:>9} {:16} {}", row.name, row.unit, row.verdict());
            if !row.note.is_empty() {
                println!("    {}", row.note);
            }
            rows.push(row.json());
        }
    }
    assert!(!rows.is_empty(), "there is no such row: {wanted:?}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("bench");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("host-{engine}.json"));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let report = json!({ "engine": engine, "cores": cores, "load": load.trim(), "rows": rows });
    std::fs::write(&file, serde_json::to_string_pretty(&report).unwrap()).unwrap();
    println!("{} (load {})", file.display(), load.trim());
}
