//! `countersign backup`, `restore` and `resume`: copies of the data, and what is made of them.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::host::backup::{Copied, Restore, Restored, backup, restore};
use crate::host::command_line::{CommandError, Data, change, print};
use crate::host::store::Failure;
use crate::host::store::instance::{self, Unfinished};
use crate::host::store::sql::Connection;

#[derive(Debug, Args)]
pub(super) struct BackupOptions {
    /// The file to make; it must not be there.
    to: PathBuf,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// The copy.
    copy: PathBuf,
    #[command(flatten)]
    data: Data,
    /// The `countersign.fence` of the lost data: what was revoked since the copy was made.
    #[arg(long, conflicts_with = "without_fence")]
    fence: Option<PathBuf>,
    /// That file is lost too.
    #[arg(long)]
    without_fence: bool,
}

pub(super) fn make(options: &BackupOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let place = options.data.existing()?;
    let Copied { bytes, entries } = backup(&place, &options.to).map_err(CommandError::new)?;
    let to = options.to.display();
    print(out, &format!("{bytes} bytes in `{to}`, {entries} entries of the audit log checked"))
}

pub(super) async fn bring_back(
    options: RestoreOptions,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let RestoreOptions { copy, data, fence, without_fence } = options;
    let place = data.prepare()?;
    let wanted = Restore { copy, fence, without_fence };
    let Restored { unfinished, fenced } =
        restore(&place, &wanted).await.map_err(CommandError::new)?;
    let directory = data.directory.display();
    print(out, &format!("restored in `{directory}`; {fenced} things were taken back again"))?;
    tell(unfinished, out)?;
    print(
        out,
        &format!(
            "nothing leaves this host until `countersign resume --data {directory}`: look at what \
             is unfinished before, in the review UI"
        ),
    )
}

pub(super) async fn resume(data: &Data, out: &mut impl Write) -> Result<(), CommandError> {
    let unfinished = change(data, |tx, _| instance::resume(tx)).await?;
    print(out, "this host acts again")?;
    tell(unfinished, out)
}

fn tell(unfinished: Unfinished, out: &mut impl Write) -> Result<(), CommandError> {
    for (what, count) in unfinished.told().into_iter().filter(|(_, count)| *count > 0) {
        print(out, &format!("  {count} {what}"))?;
    }
    Ok(())
}

/// Since when everything is held, as `doctor` and the start say it.
pub(super) fn held(connection: &Connection) -> Result<Option<String>, Failure> {
    let Some(since) = instance::held_since(connection)? else { return Ok(None) };
    let counts: Vec<String> = instance::unfinished(connection)?
        .told()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join("; ") };
    Ok(Some(format!("restored from a copy, and held since {since}; unfinished: {counts}")))
}
