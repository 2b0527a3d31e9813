//! Where reviewed rows come from: a file, or what a host's people decided.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::host::clock::wall_clock;
use crate::host::command_line::CommandError;
use crate::host::confidence::command::tell;
use crate::host::confidence::outcome::{self, Labels, Outcome};
use crate::host::confidence::row::{Beyond, Kept, ROWS_MAX, Rows};
use crate::host::config::ServerOptions;
use crate::host::store::apart;
use crate::host::store::outcomes::outcomes;
use crate::host::store::place::Place;
use crate::host::store::replay::on_view;

#[derive(Debug, Args)]
pub(in crate::host) struct Origin {
    /// The rows, one JSON object a line: {id, signals, label, conversation_id?, risk_level?, propensity?, …}.
    #[arg(long, conflicts_with = "data", required_unless_present = "data")]
    rows: Option<PathBuf>,
    /// The data directory of a host: what its people decided, and what random audits found.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Only this tenant of the host.
    #[arg(long, requires = "data")]
    tenant: Option<String>,
}

impl Origin {
    /// The rows; `labels` says how those are given that several people of a host judged.
    pub(in crate::host) fn read(&self, labels: Labels) -> Result<Rows, CommandError> {
        if let Some(file) = &self.rows {
            let (rows, Kept { seen, share }) = read_kept(file, Beyond::Thinned)?;
            if share < 1.0 {
                tell(&format!(
                    "{seen} rows are more than the {ROWS_MAX} that are kept: {} stand for them, of one conversation in {}, chosen by digest",
                    rows.rows.len(),
                    1.0 / share
                ));
            }
            return Ok(rows);
        }
        let Some(data) = &self.data else {
            return Err(CommandError::new("give `--rows` or `--data`"));
        };
        Ok(outcome::rows(&stored(data, self.tenant.as_deref())?, labels))
    }
}

/// What a host's people found.
pub(in crate::host) fn stored(
    data: &Path,
    tenant: Option<&str>,
) -> Result<Vec<Outcome>, CommandError> {
    let server = ServerOptions::of_environment();
    let place = Place::existing(data).and_then(|place| server.at(place));
    let place = place.map_err(CommandError::new)?;
    let tenants = tenant.map(|tenant| vec![tenant.to_owned()]);
    let found = apart(|| {
        on_view(&place.database(), wall_clock(), |snapshot| outcomes(snapshot, tenants.as_deref()))
    });
    let found = found.map_err(CommandError::new)?;
    if found.is_empty() {
        return Err(CommandError::new("nobody decided anything there yet"));
    }
    Ok(found)
}

/// Reads every row of a file.
pub(in crate::host) fn read_rows(file: &Path) -> Result<Rows, CommandError> {
    read_kept(file, Beyond::Refused).map(|(rows, _)| rows)
}

fn read_kept(file: &Path, beyond: Beyond) -> Result<(Rows, Kept), CommandError> {
    let told = |error: &dyn std::fmt::Display| {
        CommandError::new(format_args!("`{}`: {error}", file.display()))
    };
    let opened = BufReader::new(File::open(file).map_err(|error| told(&error))?);
    let read = Rows::read_at_most(opened, ROWS_MAX, beyond);
    let (rows, kept) = read.map_err(|error| told(&error))?;
    if rows.rows.is_empty() {
        return Err(told(&"there is no row"));
    }
    Ok((rows, kept))
}
