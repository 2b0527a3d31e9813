//! `countersign eval …`: measures the product on rows with known outcomes, and on simulated ones.

mod certified;
pub mod confidence;
mod curves;
mod guarantees;
mod learning;

use std::io::Write;

use clap::Subcommand;

use crate::host::command_line::CommandError;
use crate::host::impact::{self, EvalActions};

#[derive(Debug, Subcommand)]
pub(super) enum EvalCommand {
    /// Classifies described tools, and measures it.
    Actions(EvalActions),
    /// Fits confidence to one set of rows, and measures it on another.
    Confidence(confidence::Options),
    /// Measures learning within one set of rows: splits, few labels, certificates, selective labels.
    Learning(learning::Options),
    /// Measures the guarantees on simulated outcomes of known risk.
    Guarantees(guarantees::Options),
}

pub(super) fn run(command: EvalCommand, out: &mut impl Write) -> Result<(), CommandError> {
    match command {
        EvalCommand::Actions(options) => impact::evaluate(&options, out),
        EvalCommand::Confidence(options) => confidence::run(&options, out),
        EvalCommand::Learning(options) => learning::run(&options, out),
        EvalCommand::Guarantees(options) => guarantees::run(&options, out),
    }
}
