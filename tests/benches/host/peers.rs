//! Queues that other people keep in PostgreSQL, measured in the same run on the same server.

use std::process::Command;

use serde_json::Value;

use crate::support::{Folder, address};

/// Each one with its cycles in a second; none, said aloud, where they are not installed.
pub(crate) fn measure(count: usize, clients: usize) -> Vec<(String, f64)> {
    let Some(packages) = std::env::var_os("COUNTERSIGN_QUEUE_PEERS") else {
        println!(
            "not measured: pg-boss and graphile-worker (COUNTERSIGN_QUEUE_PEERS names no folder)"
        );
        return Vec::new();
    };
    let folder = Folder::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/benches/host/peers.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(packages)
        .args([count.to_string(), clients.to_string()])
        .env("PEERS_DATABASE", address(folder.path()).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |row: &Value| {
        let name =
            format!("{} {}", row["name"].as_str().unwrap(), row["version"].as_str().unwrap());
        (name, row["cycles_per_second"].as_f64().unwrap())
    };
    rows.iter().map(of).collect()
}
