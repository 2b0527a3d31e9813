//! `countersign policy`: what owners do with a policy's text.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::compile::{
    Compiled, DEFAULT_POLICY, Source, compile, compile_overlay, draft_tools, is_overlay_text,
};
use crate::host::clock::wall_clock;
use crate::host::command_line::{CommandError, Data, instant, print};
use crate::host::confidence;
use crate::host::evaluate::{classify_file, evaluate_file, outlook};
use crate::host::release_command::{self, ReleaseOptions};
use crate::host::{policy_diff, policy_test, replay};
use crate::units::TimestampMs;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Says what is wrong with a policy.
    Check {
        /// The TOML file.
        file: PathBuf,
        /// The base, where the file is an overlay of a tenant.
        #[arg(long)]
        base: Option<PathBuf>,
    },
    /// Compiles a policy to a bundle.
    Compile {
        /// The TOML file.
        file: PathBuf,
        /// The base, where the file is an overlay of a tenant.
        #[arg(long)]
        base: Option<PathBuf>,
        /// Writes the bundle's image, which an edge loads faster, in place of the bundle.
        #[arg(long)]
        image: bool,
        /// Where to write it; standard output without it.
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Holds a policy against its table tests, and tells those that fail.
    Test {
        /// The policy's TOML file.
        file: PathBuf,
        /// The base, where the file is an overlay of a tenant.
        #[arg(long)]
        base: Option<PathBuf>,
        /// The tests; `my-policy.tests.toml` beside `my-policy.toml` without it.
        #[arg(long)]
        tests: Option<PathBuf>,
        /// The instant of the decisions where the tests name none; the present without it.
        #[arg(long, value_parser = instant)]
        now: Option<TimestampMs>,
    },
    /// Says in words what differs between two policies, and what of it loosens.
    Diff {
        /// The TOML file before.
        old: PathBuf,
        /// The TOML file after.
        new: PathBuf,
        /// The base of those that are overlays of a tenant.
        #[arg(long)]
        base: Option<PathBuf>,
        /// Prints the changes as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs two policies over requests or decision records, and tells which decisions change.
    Replay(Box<replay::command::Options>),
    /// Decides requests, one JSON object a line, and prints their verdicts.
    Evaluate {
        /// The requests.
        requests: PathBuf,
        /// The policy's TOML file; the default policy without it.
        #[arg(long)]
        policy: Option<PathBuf>,
        /// The instant of the decisions in RFC 3339; the present without it.
        #[arg(long, value_parser = instant)]
        now: Option<TimestampMs>,
    },
    /// Proposes a policy to a host's data; a second person puts it into force.
    Release(ReleaseOptions),
    /// Raises the sequence of what is in force, after a backup was restored: edges refuse a lower one.
    Sequence {
        /// Above the highest that any edge has seen.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
        at_least: i64,
        #[command(flatten)]
        data: Data,
    },
    /// Prints the public key that edges verify manifests with.
    Key {
        #[command(flatten)]
        data: Data,
    },
    /// What tools say of themselves.
    #[command(subcommand)]
    Tools(ToolsCommand),
    /// Classifies actions, one JSON object `{actions, context}` a line, and prints their gates.
    Classify {
        /// The actions, each line with its context.
        actions: PathBuf,
        /// The policy's TOML file; the default policy without it.
        #[arg(long)]
        policy: Option<PathBuf>,
        /// The instant of the decisions in RFC 3339; the present without it.
        #[arg(long, value_parser = instant)]
        now: Option<TimestampMs>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ToolsCommand {
    /// Drafts `[[tool]]` entries, each for review, from a tool list of MCP or an OpenAPI document.
    Import {
        /// The list or document, in JSON.
        file: PathBuf,
    },
}

pub(super) async fn run(command: PolicyCommand, out: &mut impl Write) -> Result<(), CommandError> {
    match command {
        PolicyCommand::Release(options) => release_command::release(options, out).await,
        PolicyCommand::Sequence { at_least, data } => {
            release_command::raise_sequence(at_least, &data, out).await
        }
        PolicyCommand::Key { data } => release_command::key(&data, out),
        PolicyCommand::Check { file, base } => {
            let compiled = compile_layered(&file, base.as_deref())?;
            print(out, &format!("{}: {}", file.display(), compiled.policy.reference().hash))?;
            confidence::command::tell_certificates(&compiled.policy, wall_clock(), out)?;
            print(out, &outlook(&compiled.policy, wall_clock()))
        }
        PolicyCommand::Compile { file, base, image, output } => {
            let compiled = compile_layered(&file, base.as_deref())?;
            let bytes = match image {
                true => compiled.policy.image(),
                false => format!(
                    "{}
",
                    compiled.bundle.canonical()
                )
                .into_bytes(),
            };
            match output {
                None => out.write_all(&bytes).map_err(CommandError::new),
                Some(output) => std::fs::write(&output, bytes)
                    .map_err(|error| CommandError::new(format!("`{}`: {error}", output.display()))),
            }
        }
        PolicyCommand::Test { file, base, tests, now } => {
            policy_test::run(&compile_layered(&file, base.as_deref())?, &file, tests, now, out)
        }
        PolicyCommand::Diff { old, new, base, json } => {
            let base = base.as_deref();
            let old = compile_layered(&old, base)?.policy;
            let new = compile_layered(&new, base)?.policy;
            let diff = policy_diff::diff(&old, &new).map_err(CommandError::new)?;
            match json {
                true => print(out, &serde_json::to_string(&diff).map_err(CommandError::new)?),
                false => policy_diff::tell(&diff, out),
            }
        }
        PolicyCommand::Replay(options) => replay::command::run(&options, out),
        PolicyCommand::Evaluate { requests, policy, now } => {
            let compiled = compile_file_or_default(policy.as_deref())?;
            let now = now.unwrap_or_else(wall_clock);
            evaluate_file(&compiled.policy, &requests, now, out).map_err(CommandError::new)
        }
        PolicyCommand::Classify { actions, policy, now } => {
            let compiled = compile_file_or_default(policy.as_deref())?;
            let now = now.unwrap_or_else(wall_clock);
            classify_file(&compiled.policy, &actions, now, out).map_err(CommandError::new)
        }
        PolicyCommand::Tools(ToolsCommand::Import { file }) => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| CommandError::new(format!("`{}`: {error}", file.display())))?;
            let document = serde_json::from_str(&text).map_err(CommandError::new)?;
            print(out, draft_tools(&document).map_err(CommandError::new)?.trim_end())
        }
    }
}

pub(super) fn compile_file(file: &Path) -> Result<Compiled, CommandError> {
    compile_layered(file, None)
}

/// Compiles a whole policy, or an overlay over its base; a base that no overlay needs is left aside.
pub(super) fn compile_layered(file: &Path, base: Option<&Path>) -> Result<Compiled, CommandError> {
    let text = read_policy(file)?;
    let name = file.display().to_string();
    let compiled = match base.filter(|_| is_overlay_text(&text)) {
        None => compile(&text, &name),
        Some(base) => {
            let (base_text, base_name) = (read_policy(base)?, base.display().to_string());
            let base = Source { text: &base_text, file: &base_name };
            compile_overlay(base, Source { text: &text, file: &name })
        }
    };
    compiled.map_err(|diagnostics| {
        let told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        CommandError::new(told.join("\n"))
    })
}

pub(super) fn read_policy(file: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(file)
        .map_err(|error| CommandError::new(format!("`{}`: {error}", file.display())))
}

pub(super) fn compile_file_or_default(file: Option<&Path>) -> Result<Compiled, CommandError> {
    match file {
        Some(file) => compile_file(file),
        None => compile(DEFAULT_POLICY, "default.toml")
            .map_err(|_| CommandError::new("the default policy does not compile".to_owned())),
    }
}
