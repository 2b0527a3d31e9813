//! What is wrong with a policy, where, and what to do.

use std::fmt;

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::limits;

/// Of a longer line, what is around the fault is shown, with this many characters on either side.
const SHOWN_CHARS: usize = 120;
/// Stands for what is not shown of a line.
const CUT: char = '…';

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
    /// The line's text; of a very long one, the part around the fault.
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
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column,
            source_line: around(source_line, column),
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

/// A line, or the part of it around a column.
fn around(line: &str, column: usize) -> String {
    if line.chars().nth(SHOWN_CHARS * 2).is_none() {
        return line.to_owned();
    }
    let skipped = (column - 1).saturating_sub(SHOWN_CHARS);
    let mut rest = line.chars().skip(skipped);
    let mut shown = String::new();
    shown.extend((skipped > 0).then_some(CUT));
    shown.extend(rest.by_ref().take(SHOWN_CHARS * 2));
    shown.extend(rest.next().map(|_| CUT));
    shown
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, source_line, message, help, .. } = self;
        writeln!(formatter, "{file}:{line}:{column}: {message}")?;
        let cut = source_line.starts_with(CUT) && *column > SHOWN_CHARS + 1;
        let under = if cut { SHOWN_CHARS + 2 } else { *column };
        writeln!(formatter, "  | {source_line}")?;
        writeln!(formatter, "  | {:>under$}", "^")?;
        write!(formatter, "  = help: {help}")
    }
}
