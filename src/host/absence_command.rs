//! `countersign principal away` and `back`: what the operator says of somebody who cannot.

use std::io::Write;

use clap::Args;

use crate::host::absence;
use crate::host::command_line::{CommandError, Data, change, id, instant, print};
use crate::units::TimestampMs;

#[derive(Debug, Args)]
pub(super) struct AwayOptions {
    /// Who is away.
    principal_id: String,
    #[command(flatten)]
    data: Data,
    /// From this instant in RFC 3339; now without it.
    #[arg(long, value_parser = instant)]
    from: Option<TimestampMs>,
    /// Until this instant.
    #[arg(long, value_parser = instant)]
    until: TimestampMs,
    /// Who gets what was theirs alone; without it, it goes back to its queue.
    #[arg(long)]
    delegate: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct BackOptions {
    /// Who is back.
    principal_id: String,
    #[command(flatten)]
    data: Data,
}

pub(super) async fn away(options: AwayOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let AwayOptions { principal_id, data, from, until, delegate } = options;
    let principal_id = id(&principal_id)?;
    let delegate = delegate.as_deref().map(id).transpose()?;
    let said = change(&data, move |tx, by| {
        absence::leave(tx, &principal_id, from, until, delegate.clone(), by)
    });
    let away = said.await?;
    print(out, &format!("away from {} until {}", away.from, away.until))
}

pub(super) async fn back(options: BackOptions) -> Result<(), CommandError> {
    let principal_id = id(&options.principal_id)?;
    change(&options.data, move |tx, by| absence::come_back(tx, &principal_id, by)).await
}
