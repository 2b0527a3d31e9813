//! What an operator says when a host starts.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The settings of one host process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data lies.
    pub data: PathBuf,
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
