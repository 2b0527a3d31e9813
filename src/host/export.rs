//! `countersign corrections export`: everything that decided cases teach, into one file.

use std::io::Write;

use crate::correction::Correction;
use crate::host::store::corrections::{CorrectionCursor, CorrectionQuery, page};
use crate::host::store::place::Database;
use crate::host::store::{Failure, StartError};
use crate::word::words;

/// Corrections that are held in memory at once.
const PAGE: usize = 200;

words! {
    /// How rows are written.
    pub enum Format {
        /// One JSON object a line.
        Jsonl = "jsonl",
        /// One JSON document.
        Json = "json",
    }
}

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StartError),
    /// The file cannot be written.
    #[error("the export cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

impl From<Failure> for ExportError {
    fn from(failure: Failure) -> Self {
        Self::Store(failure.into())
    }
}

/// Writes every correction that the query selects, and gives how many there are; a host may be
/// running on the same data.
///
/// # Errors
/// Where the database cannot be read, or the output cannot be written.
pub fn export_corrections(
    database: &Database,
    query: CorrectionQuery,
    format: Format,
    out: &mut impl Write,
) -> Result<usize, ExportError> {
    // One view, so that a decision that is taken meanwhile is in it wholly or not at all.
    let connection = database.open_read_only()?;
    let mut query = CorrectionQuery { limit: PAGE, ..query };
    let mut count = 0;
    if format == Format::Json {
        out.write_all(b"[")?;
    }
    loop {
        let corrections = page(&connection, &query, |_| true).map_err(StartError::from)?;
        match format {
            Format::Jsonl => json_lines(&corrections, out)?,
            Format::Json => json_items(&corrections, count == 0, out)?,
        }
        count += corrections.len();
        let Some(last) = corrections.last().filter(|_| corrections.len() == PAGE) else { break };
        let (case_id, tenant_id) = (last.case_id.clone(), last.tenant_id.clone());
        query.after = Some(CorrectionCursor { case_id, tenant_id });
    }
    if format == Format::Json {
        out.write_all(b"\n]\n")?;
    }
    out.flush()?;
    Ok(count)
}

/// Writes each correction as one line.
///
/// # Errors
/// Where the output cannot be written.
pub fn json_lines(corrections: &[Correction], out: &mut impl Write) -> std::io::Result<()> {
    for correction in corrections {
        serde_json::to_writer(&mut *out, correction)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn json_items(
    corrections: &[Correction],
    mut is_first: bool,
    out: &mut impl Write,
) -> std::io::Result<()> {
    for correction in corrections {
        out.write_all(if is_first { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, correction)?;
        is_first = false;
    }
    Ok(())
}
