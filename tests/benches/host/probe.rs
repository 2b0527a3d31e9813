//! What the disk can do at this moment: appends that are synced one by one.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const DURATION: Duration = Duration::from_millis(700);

/// Syncs in a second, each of 4 KiB that were appended.
pub(crate) fn syncs_per_second(folder: &Path) -> f64 {
    let path = folder.join("probe");
    let mut file = File::create(&path).unwrap();
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < DURATION {
        file.write_all(&[0x5a; 4_096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path).unwrap();
    rate
}

/// The value below which so many of the hundred lie.
pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}
