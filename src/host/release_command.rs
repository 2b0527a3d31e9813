//! `countersign policy release` and `policy key`: what the operator proposes, and what edges are given.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::host::command_line::{CommandError, Data, change, print};
use crate::host::policy_command::compile_file;
use crate::host::release_key::ReleaseKey;
use crate::host::store::releases;
use crate::limits::NOTE_LENGTH_MAX;

#[derive(Debug, Args)]
pub(super) struct ReleaseOptions {
    /// The TOML file.
    file: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Why, for whoever confirms it.
    #[arg(long)]
    reason: Option<String>,
}

/// Proposes a policy, and prints what a second person confirms.
pub(super) async fn release(
    options: ReleaseOptions,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let ReleaseOptions { file, data, reason } = options;
    let is_long = reason.as_ref().is_some_and(|text| text.chars().count() > NOTE_LENGTH_MAX);
    if is_long || reason.as_ref().is_some_and(|text| text.trim().is_empty()) {
        let told = format!("--reason takes 1 to {NOTE_LENGTH_MAX} characters");
        return Err(CommandError::new(told));
    }
    let compiled = compile_file(&file)?;
    let release =
        change(&data, move |tx, by| releases::propose(tx, &compiled, reason.clone(), by)).await?;
    print(out, release.release_id.as_str())?;
    print(out, &format!("  {} replaces {}", release.policy.hash, release.replaces.hash))?;
    print(out, &format!("  changes: {}", release.changes.join(", ")))?;
    print(out, &format!("  changes_hash: {}", release.changes_hash))?;
    print(
        out,
        &format!(
            "  a person with the role policy_owner for every tenant confirms it: \
             POST /v1/policies/releases/{}/approve {{\"changes_hash\": …}}",
            release.release_id
        ),
    )
}

/// Prints the public key that manifests are verified with.
pub(super) fn key(data: &Data, out: &mut impl Write) -> Result<(), CommandError> {
    let place = data.prepare()?;
    let key = ReleaseKey::open(&place.release_key()).map_err(CommandError::new)?;
    print(out, &key.public_text())
}
