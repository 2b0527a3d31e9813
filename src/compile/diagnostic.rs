//! What is wrong with a policy, where, and what to do.

use std::fmt;

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::limits;

/// One mistake in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Diagnostic {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line's text.
    pub source_line: String,
    /// The stable code of the fault.
    pub code: ErrorCode,
    /// JSON Pointer to the fault.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Diagnostic {
    /// A fault at a byte of the text.
    pub(super) fn at(file: &str, text: &str, byte: usize, fault: Fault) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let source_line = text.get(line_start..).unwrap_or("").lines().next().unwrap_or("");
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
            source_line: source_line.to_owned(),
            code: fault.code,
            path: fault.path,
            message: fault.detail,
            help: fault.help,
        }
    }

    pub(super) fn too_long(file: &str, bytes: usize) -> Self {
        let detail = format!("{bytes} bytes, at most {} are taken", limits::POLICY_BYTES_MAX);
        let fault = Fault::new(ErrorCode::LimitExceeded, "", detail, "split the policy");
        Self::at(file, "", 0, fault)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, source_line, message, help, .. } = self;
        writeln!(formatter, "{file}:{line}:{column}: {message}")?;
        writeln!(formatter, "  | {source_line}")?;
        writeln!(formatter, "  | {:>column$}", "^")?;
        write!(formatter, "  = help: {help}")
    }
}
