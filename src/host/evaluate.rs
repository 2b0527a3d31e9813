//! Decides requests, and classifies actions, from a file, one JSON object a line: what an edge would
//! say, said on the host.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::gate::{self, Context, classify};
use crate::json::Json;
use crate::policy::Policy;
use crate::read::Node;
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
    each_line(requests, out, |value| to_json(&evaluate(policy, &Request::read(value)?, now)))
}

/// Writes the canonical gate on each line of the file, whose lines are `{actions, context}`.
///
/// # Errors
/// At the first line that is not one; the lines before it are classified.
pub fn classify_file(
    policy: &Policy,
    gates: &Path,
    now: TimestampMs,
    out: &mut impl Write,
) -> Result<(), EvaluateError> {
    each_line(gates, out, |value| {
        let mut fields = Node::root(value).object()?;
        let actions = fields.required("actions", gate::read_actions)?;
        let context = fields.required("context", Context::read)?;
        fields.finish()?;
        to_json(&classify(policy, &actions, &context, now)?)
    })
}

fn each_line(
    file: &Path,
    out: &mut impl Write,
    decide: impl Fn(&Json) -> Result<Json, Fault>,
) -> Result<(), EvaluateError> {
    for (index, line) in BufReader::new(std::fs::File::open(file)?).lines().enumerate() {
        let decided = parse(&line?)
            .and_then(|value| decide(&value))
            .map_err(|fault| EvaluateError::Line { line: index + 1, fault })?;
        writeln!(out, "{}", decided.canonical())?;
    }
    Ok(())
}

fn parse(line: &str) -> Result<Json, Fault> {
    serde_json::from_str::<Json>(line).map_err(|error| {
        Fault::new(ErrorCode::InvalidJson, "", error.to_string(), "write one JSON object a line")
    })
}
