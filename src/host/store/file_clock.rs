//! The time of records in a file. A file has no clock of its own, and each process could be told another
//! time by the machine's; so the hosts of a file agree on one instant of the machine's running time
//! (which nobody sets, and which goes on while the machine sleeps), and count from it.

use std::fs::File;
use std::sync::Mutex;
use std::time::Instant;

use super::sql::Connection;
use super::{Failure, StartError, meta};
use crate::host::clock::wall_clock;
use crate::units::TimestampMs;

/// How far two readings of the running time may differ before the machine must have slept, in
/// milliseconds: the system tells it in hundredths of a second.
const READING_MS_MAX: i64 = 50;
/// How often it is read before the process's own count is given up.
const READINGS_MAX: usize = 3;

/// What the hosts of a file agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Anchor {
    /// Which run of the machine.
    boot_id: String,
    /// An instant of it, in milliseconds since its start.
    boot_ms: i64,
    /// The time at that instant.
    at: TimestampMs,
}

/// The time that all hosts of a file share.
#[derive(Debug)]
pub(super) struct FileClock {
    anchor: Anchor,
    /// An instant of this process, and the running time of the machine then.
    read: Mutex<(Instant, i64)>,
    /// Locked as long as this process uses the file: who opens it and finds nobody may set the time.
    _use: File,
}

impl FileClock {
    /// Joins the hosts that are there, or sets the time where there are none. The store's lock must be
    /// held. `None` where the system does not tell how long it has been running.
    pub(super) fn join(connection: &Connection, used: File) -> Result<Option<Self>, StartError> {
        let (Some(boot_id), Some(boot_ms)) = (boot_id(), boot_ms()) else { return Ok(None) };
        let is_alone = used.try_lock().is_ok();
        let known = stored(connection)?.filter(|known| known.boot_id == boot_id);
        let wall = wall_clock();
        let anchor = match known {
            // Whoever comes later takes the time of those who are there. One that comes first takes a
            // later time from the machine, whose clock may have been mended, but never an earlier one.
            Some(known) if !is_alone || wall <= known.at_running(boot_ms) => known,
            _ => {
                let anchor = Anchor { boot_id, boot_ms, at: wall };
                let upsert = "INSERT INTO meta (name, value) VALUES ('clock_anchor', ?1) \
                    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
                connection.execute(upsert, [anchor.text()]).map_err(Failure::from)?;
                anchor
            }
        };
        if is_alone {
            let _ = used.unlock();
        }
        used.lock_shared()
            .map_err(|error| Failure::internal(format!("the lock of those who use it: {error}")))?;
        let boot_ms = self::boot_ms().unwrap_or(boot_ms);
        Ok(Some(Self { anchor, read: Mutex::new((Instant::now(), boot_ms)), _use: used }))
    }

    /// The time.
    pub(super) fn now(&self) -> TimestampMs {
        let Ok(mut last) = self.read.lock() else { return self.anchor.at };
        let mut counted = last.1;
        for _ in 0..READINGS_MAX {
            let read = boot_ms();
            let passed = i64::try_from(last.0.elapsed().as_millis()).unwrap_or(i64::MAX);
            counted = last.1.saturating_add(passed);
            match read {
                // This process was stopped between the two: it is read once more.
                Some(read) if counted - read > READING_MS_MAX => {}
                // The machine slept.
                Some(read) if read - counted > READING_MS_MAX => {
                    *last = (Instant::now(), read);
                    return self.anchor.at_running(read);
                }
                _ => return self.anchor.at_running(counted),
            }
        }
        // This process is told that more passed than did.
        if let Some(read) = boot_ms() {
            *last = (Instant::now(), read);
            counted = read;
        }
        self.anchor.at_running(counted)
    }
}

impl Anchor {
    fn at_running(&self, boot_ms: i64) -> TimestampMs {
        self.at.saturating_add(boot_ms.saturating_sub(self.boot_ms))
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.boot_id, self.boot_ms, self.at.as_ms())
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let boot_id = words.next()?.to_owned();
        let mut number = || words.next()?.parse().ok();
        Some(Self { boot_id, boot_ms: number()?, at: TimestampMs::new(number()?)? })
    }
}

/// How far the time of the hosts is ahead of this machine's clock, in milliseconds, where they agreed
/// on one since the machine was started.
///
/// # Errors
/// Where the database fails.
pub fn ahead_ms(connection: &Connection) -> Result<Option<i64>, Failure> {
    let known = stored(connection)?.filter(|known| Some(&known.boot_id) == boot_id().as_ref());
    let now = known.zip(boot_ms()).map(|(known, boot_ms)| known.at_running(boot_ms));
    Ok(now.map(|now| now.as_ms().saturating_sub(wall_clock().as_ms())))
}

fn stored(connection: &Connection) -> Result<Option<Anchor>, Failure> {
    Ok(meta(connection, "clock_anchor")?.as_deref().and_then(Anchor::read))
}

fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty() && !id.contains(' '))
}

/// How long this machine has been running, in milliseconds.
fn boot_ms() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split(' ').next()?.split_once('.')?;
    let (seconds, hundredths): (i64, i64) = (seconds.parse().ok()?, hundredths.parse().ok()?);
    seconds.checked_mul(1_000)?.checked_add(hundredths.checked_mul(10)?)
}
