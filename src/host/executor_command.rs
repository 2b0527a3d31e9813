//! `countersign executor`: who does what was approved, as whoever has an account on the host's
//! machine sees it.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;

use crate::host::command_line::{CommandError, Data, print};
use crate::host::executor::Executors;
use crate::host::webhook::secret::WebhookKey;

#[derive(Debug, Subcommand)]
pub(super) enum ExecutorCommand {
    /// Checks the file of executors, and lists what it says.
    List {
        /// The TOML file, as for `serve`.
        #[arg(long)]
        executors: PathBuf,
    },
    /// Prints the secret that requests to an executor are signed with.
    Secret {
        /// The executor's id in the file.
        executor_id: String,
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(command: ExecutorCommand, out: &mut impl Write) -> Result<(), CommandError> {
    match command {
        ExecutorCommand::List { executors } => {
            let executors = Executors::read_file(&executors).map_err(CommandError::new)?;
            for executor in executors.iter() {
                let (id, url, guarantee) = (&executor.id, &executor.url, executor.guarantee);
                print(out, &format!("{id} {url} {guarantee} {}", executor.tools.join(" ")))?;
            }
            Ok(())
        }
        ExecutorCommand::Secret { executor_id, data } => {
            let place = data.prepare()?;
            let key = WebhookKey::open(&place.webhook_key()).map_err(CommandError::new)?;
            let secret = key.executor_secret(&executor_id).map_err(CommandError::new)?;
            print(out, &secret.text())
        }
    }
}
