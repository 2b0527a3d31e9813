//! `countersign policy release` and `policy key`: what the operator proposes, and what edges are given.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::host::command_line::{CommandError, Data, change, id, print};
use crate::host::layers::candidate;
use crate::host::policy_command::read_policy;
use crate::host::release_key::ReleaseKey;
use crate::host::store::{policies, releases};
use crate::limits::NOTE_LENGTH_MAX;
use crate::release::{EVERY_TENANT, OverlayRelease};

#[derive(Debug, Args)]
pub(super) struct ReleaseOptions {
    /// The TOML file; absent with `--back-to-base`.
    #[arg(required_unless_present = "back_to_base")]
    file: Option<PathBuf>,
    /// The tenant whose overlay it is; without it, the policy is for every tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Takes the tenant's own policy out of force: it follows the base from then on.
    #[arg(long, requires = "tenant", conflicts_with = "file")]
    back_to_base: bool,
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
    let ReleaseOptions { file, data, reason, tenant, back_to_base: _ } = options;
    let is_long = reason.as_ref().is_some_and(|text| text.chars().count() > NOTE_LENGTH_MAX);
    if is_long || reason.as_ref().is_some_and(|text| text.trim().is_empty()) {
        let told = format!("--reason takes 1 to {NOTE_LENGTH_MAX} characters");
        return Err(CommandError::new(told));
    }
    let tenant_id = match &tenant {
        None => EVERY_TENANT.to_owned(),
        Some(tenant) => id(tenant)?.as_str().to_owned(),
    };
    let text = file.as_deref().map(read_policy).transpose()?;
    let name = file.map_or_else(String::new, |file| file.display().to_string());
    let release = change(&data, move |tx, by| {
        let ground = policies::ground(tx)?;
        let candidate = candidate(ground.as_ref(), &tenant_id, text.as_deref(), &name);
        match candidate {
            Ok(candidate) => releases::propose(tx, &candidate, reason.clone(), by).map(Ok),
            Err(refusal) => Ok(Err(refusal.words())),
        }
    });
    let release = release.await?.map_err(CommandError::new)?;
    print(out, release.release_id.as_str())?;
    print(out, &format!("  {} replaces {}", release.policy.hash, release.replaces.hash))?;
    print(out, &format!("  changes: {}", release.changes.join(", ")))?;
    for overlay in &release.overlays {
        let OverlayRelease { tenant_id, policy, .. } = overlay;
        print(out, &format!("  with the overlay of `{tenant_id}`: {}", policy.hash))?;
    }
    print(out, &format!("  changes_hash: {}", release.changes_hash))?;
    print(
        out,
        &format!(
            "  another person with the role policy_owner for {} confirms it until {}: \
             POST /v1/policies/releases/{}/approve {{\"changes_hash\": …}}",
            tenant.as_deref().unwrap_or("every tenant"),
            release.expires_at,
            release.release_id
        ),
    )
}

/// Raises the sequence of everything in force.
pub(super) async fn raise_sequence(
    at_least: i64,
    data: &Data,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let places = change(data, move |tx, by| {
        policies::raise_sequence(tx, at_least, &by)?;
        policies::places(tx)
    });
    for place in places.await? {
        print(out, &format!("{} {}", place.tenant_id, place.sequence))?;
    }
    Ok(())
}

/// Prints the public key that manifests are verified with.
pub(super) fn key(data: &Data, out: &mut impl Write) -> Result<(), CommandError> {
    let place = data.prepare()?;
    let key = ReleaseKey::open(&place.release_key()).map_err(CommandError::new)?;
    print(out, &key.public_text())
}
