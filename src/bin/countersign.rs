//! The `countersign` command.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use countersign::host::command_line::{CommandLine, run};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let filter =
        EnvFilter::try_from_env("COUNTERSIGN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            // Not `print!`: a closed pipe is an error here, not a panic.
            let mut out = std::io::stdout();
            runtime.block_on(run(command_line, &mut out)).map_err(|error| error.to_string())
        }
        Err(error) => Err(format!("no runtime: {error}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
