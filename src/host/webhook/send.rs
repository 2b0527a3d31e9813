//! One attempt: resolve once, connect to what was vetted, send, and look at the status.
//!
//! There is no redirect to follow and no connection to use again. The answer's body is never read:
//! whatever a receiver sends besides its status goes nowhere.

use std::time::Duration;

use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::Target;
use crate::host::outbound::{OutboundError, Outgoing, connect};
use crate::word::words;

/// How long one attempt may take, from the name to the status.
pub const ATTEMPT_DURATION_MAX: Duration = Duration::from_secs(10);

words! {
    /// Why an attempt failed: all that is kept of it, besides the status.
    pub enum AttemptFailure {
        /// The receiver answered, and did not take it.
        Status = "status",
        /// The receiver pointed elsewhere; nothing is followed.
        Redirect = "redirect",
        /// There was no answer in time.
        Timeout = "timeout",
        /// The name has no address.
        UnknownName = "unknown_name",
        /// The address is not a public one, or not valid any more.
        AddressRefused = "address_refused",
        /// There was no connection.
        Connection = "connection",
        /// The certificate was not valid, or it does not speak TLS.
        Tls = "tls",
        /// The answer was not one in HTTP, or its head too long.
        Protocol = "protocol",
        /// The principal that the endpoint acts for may not read the case any more.
        NotPermitted = "not_permitted",
        /// The host's key is another than the one that made the secret.
        SecretLost = "secret_lost",
    }
}

/// What is sent.
pub struct Message {
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`.
    pub timestamp: i64,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The event.
    pub body: String,
}

/// What came of an attempt: the status of a receiver that took it, or why not, with its status.
pub type Outcome = Result<u16, (AttemptFailure, Option<u16>)>;

/// Makes one attempt.
pub async fn send(target: &Target, connector: &TlsConnector, message: Message) -> Outcome {
    let attempt = timeout(ATTEMPT_DURATION_MAX, try_send(target, connector, message));
    attempt.await.unwrap_or(Err((AttemptFailure::Timeout, None)))
}

async fn try_send(target: &Target, connector: &TlsConnector, message: Message) -> Outcome {
    let failed = |error| (AttemptFailure::from(error), None);
    let connected = connect(target, connector).await.map_err(failed)?;
    let outgoing = Outgoing {
        content_type: "application/cloudevents+json; charset=utf-8",
        headers: vec![
            ("webhook-id", message.id),
            ("webhook-timestamp", message.timestamp.to_string()),
            ("webhook-signature", message.signature),
        ],
        body: message.body,
    };
    match connected.post(outgoing, 0).await.map_err(failed)?.status {
        code @ 200..=299 => Ok(code),
        code @ 300..=399 => Err((AttemptFailure::Redirect, Some(code))),
        code => Err((AttemptFailure::Status, Some(code))),
    }
}

impl From<OutboundError> for AttemptFailure {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::UnknownName => Self::UnknownName,
            OutboundError::AddressRefused => Self::AddressRefused,
            OutboundError::Connection => Self::Connection,
            OutboundError::Tls => Self::Tls,
            OutboundError::Protocol => Self::Protocol,
        }
    }
}
