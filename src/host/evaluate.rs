//! Decides requests from a file, one JSON object a line: what an edge would say, said on the host.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::json::Json;
use crate::policy::Policy;
use crate::request::Request;
use crate::units::TimestampMs;
use crate::verdict::evaluate;

/// Why a line was not decided.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The file cannot be read, or the output cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A line is not a request.
    #[error("line {line}: {fault}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// Writes the canonical verdict on each line of the file.
///
/// # Errors
/// At the first line that is not a request; the lines before it are decided.
pub fn evaluate_file(
    policy: &Policy,
    requests: &Path,
    now: TimestampMs,
    out: &mut impl Write,
) -> Result<(), EvaluateError> {
    for (index, line) in BufReader::new(std::fs::File::open(requests)?).lines().enumerate() {
        let verdict = decide(policy, &line?, now)
            .map_err(|fault| EvaluateError::Line { line: index + 1, fault })?;
        writeln!(out, "{verdict}")?;
    }
    Ok(())
}

fn decide(policy: &Policy, line: &str, now: TimestampMs) -> Result<String, Fault> {
    let value = serde_json::from_str::<Json>(line).map_err(|error| {
        Fault::new(ErrorCode::InvalidJson, "", error.to_string(), "write one JSON object a line")
    })?;
    let verdict = evaluate(policy, &Request::read(&value)?, now);
    Ok(to_json(&verdict)?.canonical())
}
