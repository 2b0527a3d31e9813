//! `countersign policy test`: what a policy must say of requests and actions, written as a table
//! beside it, and held against what it does say.

mod expect;
mod read;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::compile::{Compiled, to_json};
use crate::error::Fault;
use crate::gate::classify;
use crate::host::clock::wall_clock;
use crate::host::command_line::{CommandError, print};
use crate::json::Json;
use crate::policy::Policy;
use crate::units::TimestampMs;
use crate::verdict::evaluate;

use expect::Expected;
use read::{Subject, Suite, Test};

/// Runs the tests of a policy, and tells those that fail.
pub(super) fn run(
    compiled: &Compiled,
    policy_file: &Path,
    tests: Option<PathBuf>,
    now: Option<TimestampMs>,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let file = tests.unwrap_or_else(|| policy_file.with_extension("tests.toml"));
    let text = std::fs::read_to_string(&file)
        .map_err(|error| CommandError::new(format!("`{}`: {error}", file.display())))?;
    let name = file.display().to_string();
    let suite = read::read(&text, &name).map_err(|diagnostics| {
        let told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        CommandError::new(told.join("\n"))
    })?;
    let now = suite.now.or(now).unwrap_or_else(wall_clock);
    let failed = tell(&suite, &compiled.policy, &name, now, out)?;
    let count = suite.tests.len();
    if failed > 0 {
        return Err(CommandError::new(format!("{failed} of {count} tests failed")));
    }
    print(out, &format!("{count} tests passed"))
}

/// Runs each test, and gives how many failed.
fn tell(
    suite: &Suite,
    policy: &Policy,
    file: &str,
    now: TimestampMs,
    out: &mut impl Write,
) -> Result<usize, CommandError> {
    let mut failed = 0;
    for test in &suite.tests {
        let said = say(policy, test, test.now.unwrap_or(now));
        let said = said.map_err(|fault| {
            CommandError::new(format!("{file}:{}: {}: {fault}", test.line, test.name))
        })?;
        let broken: Vec<&Expected> =
            test.expected.iter().filter(|expected| !expected.holds(&said)).collect();
        failed += usize::from(!broken.is_empty());
        for expected in broken {
            print(
                out,
                &format!("{file}:{}: {}: {}", expected.line, test.name, expected.told(&said)),
            )?;
        }
    }
    Ok(failed)
}

/// What the policy says of the subject of a test: a verdict or a gate.
fn say(policy: &Policy, test: &Test, now: TimestampMs) -> Result<Json, Fault> {
    match &test.subject {
        Subject::Request(request) => to_json(&evaluate(policy, request, now)),
        Subject::Actions(actions, context) => to_json(&classify(policy, actions, context, now)?),
    }
}
