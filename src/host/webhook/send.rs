//! One attempt: resolve once, connect to what was vetted, send, and look at the status.
//!
//! There is no redirect to follow and no connection to use again. The answer's body is never read:
//! whatever a receiver sends besides its status goes nowhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::{Target, Unreachable};
use crate::host::store::Failure;
use crate::word::words;

/// How long one attempt may take, from the name to the status.
pub const ATTEMPT_DURATION_MAX: Duration = Duration::from_secs(10);
/// How long connecting to one of several addresses may take.
const CONNECT_DURATION_MAX: Duration = Duration::from_secs(4);
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16_384;

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

/// TLS as a browser would trust it: Mozilla's roots, and no certificate of this host's own.
///
/// # Errors
/// Never with the versions of TLS that are built in.
pub fn connector() -> Result<TlsConnector, Failure> {
    connector_trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn connector_trusting(roots: RootCertStore) -> Result<TlsConnector, Failure> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::internal(format!("TLS: {error}")))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Makes one attempt.
pub async fn send(target: &Target, connector: &TlsConnector, message: Message) -> Outcome {
    let attempt = timeout(ATTEMPT_DURATION_MAX, try_send(target, connector, message));
    attempt.await.unwrap_or(Err((AttemptFailure::Timeout, None)))
}

async fn try_send(target: &Target, connector: &TlsConnector, message: Message) -> Outcome {
    let stream = connect(target).await.map_err(|failure| (failure, None))?;
    if !target.tls {
        return exchange(target, stream, message).await;
    }
    let tls = |_| (AttemptFailure::Tls, None);
    // Brackets belong to the address as it is written, not to the name.
    let name = target.name.trim_matches(['[', ']']).trim_end_matches('.').to_owned();
    let name = ServerName::try_from(name).map_err(|_| (AttemptFailure::Tls, None))?;
    let stream = connector.connect(name, stream).await.map_err(tls)?;
    exchange(target, stream, message).await
}

/// The first of the vetted addresses that answers.
async fn connect(target: &Target) -> Result<TcpStream, AttemptFailure> {
    let addresses: Vec<SocketAddr> = target.resolve().await.map_err(|error| match error {
        Unreachable::Unknown => AttemptFailure::UnknownName,
        Unreachable::Refused => AttemptFailure::AddressRefused,
    })?;
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(CONNECT_DURATION_MAX, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(AttemptFailure::Connection)
}

async fn exchange<S>(target: &Target, stream: S, message: Message) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let protocol = |_: hyper::Error| (AttemptFailure::Protocol, None);
    let handshake = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(protocol)?;
    let request = Request::post(&target.path)
        .header(header::HOST, &target.authority)
        .header(header::USER_AGENT, concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
        .header(header::CONNECTION, "close")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.timestamp)
        .header("webhook-signature", message.signature)
        .body(Full::new(Bytes::from(message.body)));
    let request = request.map_err(|_| (AttemptFailure::Protocol, None))?;
    let answer = async { sender.send_request(request).await };
    tokio::pin!(answer);
    // The connection goes with this call: what the receiver still sends is not waited for.
    tokio::pin!(connection);
    let answer = tokio::select! {
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    };
    let status = answer.map_err(protocol)?.status();
    match status.as_u16() {
        code @ 200..=299 => Ok(code),
        code @ 300..=399 => Err((AttemptFailure::Redirect, Some(code))),
        code => Err((AttemptFailure::Status, Some(code))),
    }
}
