//! What an operator says when a host starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::host::store::StartError;
use crate::host::store::place::Place;

/// Where the records are, if not in the data directory.
#[derive(Clone, Debug, Default, Args)]
pub struct ServerOptions {
    /// A PostgreSQL server that keeps the records, such as `postgres://user@host/name?sslmode=require`;
    /// the keys stay in the data directory.
    #[arg(long, env = "COUNTERSIGN_DATABASE", value_name = "ADDRESS", hide_env_values = true)]
    pub database: Option<String>,
    /// The certificates (PEM) of who may vouch for that server; by default those of the Web.
    #[arg(long, env = "COUNTERSIGN_DATABASE_CA", value_name = "FILE")]
    pub database_ca: Option<PathBuf>,
    /// How many sessions with that server a host holds, for writing and reading together.
    #[arg(long, env = "COUNTERSIGN_DATABASE_SESSIONS", value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(2..=200))]
    pub database_sessions: Option<u16>,
}

impl ServerOptions {
    /// What the environment names, for commands with options enough.
    #[must_use]
    pub fn of_environment() -> Self {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            database: named("COUNTERSIGN_DATABASE").and_then(|address| address.into_string().ok()),
            database_ca: named("COUNTERSIGN_DATABASE_CA").map(PathBuf::from),
            database_sessions: None,
        }
    }

    /// The place with the server, where one was named.
    ///
    /// # Errors
    /// Where its address is not one.
    pub fn at(&self, place: Place) -> Result<Place, StartError> {
        match &self.database {
            Some(address) => {
                let place = place.with_server(address, self.database_ca.as_deref())?;
                Ok(match self.database_sessions {
                    Some(count) => place.with_sessions(count.into()),
                    None => place,
                })
            }
            None => Ok(place),
        }
    }
}

/// The settings of one host process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data lies.
    pub data: PathBuf,
    /// The server that keeps the records, if they do not lie there too.
    pub server: ServerOptions,
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The built review UI, if it is to be served.
    pub ui: Option<PathBuf>,
    /// A policy to put into force; without one, what is in force stays.
    pub policy: Option<PathBuf>,
    /// Whether to make sample reviewers and credentials.
    pub samples: bool,
    /// The operator's file of executors.
    pub executors: Option<PathBuf>,
    /// Addresses on this machine that webhooks may go to; everything else must be public.
    pub webhook_allow: Vec<SocketAddr>,
}

impl Config {
    /// Whether only this machine can reach the host; its cookies then need no TLS.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.listen.ip().is_loopback()
    }
}

/// The machine's name, for the audit log.
#[must_use]
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "host".to_owned(),
        name => name.chars().take(crate::limits::NAME_LENGTH_MAX).collect(),
    }
}
