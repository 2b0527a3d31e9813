//! Requests that leave the host: connect to what was resolved once, send one request, read at most
//! so much of the answer. There is no redirect to follow and no connection to use again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
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

use crate::host::store::Failure;
use crate::host::webhook::address::{Target, Unreachable};

/// How long connecting to one of several addresses may take.
const CONNECT_DURATION_MAX: Duration = Duration::from_secs(4);
/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16_384;

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutboundError {
    /// The name has no address.
    UnknownName,
    /// The address is one that may not be used.
    AddressRefused,
    /// There was no connection.
    Connection,
    /// The certificate was not valid, or it does not speak TLS.
    Tls,
    /// The answer was not one in HTTP, or too long.
    Protocol,
}

/// What goes out.
pub(super) struct Outgoing {
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// What came back.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Empty where no body was asked for.
    pub body: Bytes,
}

/// A connection over which nothing was sent yet.
pub(super) struct Connected<'a> {
    target: &'a Target,
    stream: Box<dyn Stream>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// TLS as a browser would trust it: Mozilla's roots, and no certificate of this host's own.
///
/// # Errors
/// Never with the versions of TLS that are built in.
pub(super) fn connector() -> Result<TlsConnector, Failure> {
    connector_trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn connector_trusting(roots: RootCertStore) -> Result<TlsConnector, Failure> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::internal(format!("TLS: {error}")))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Connects to the first of the target's addresses that answers.
pub(super) async fn connect<'a>(
    target: &'a Target,
    connector: &TlsConnector,
) -> Result<Connected<'a>, OutboundError> {
    let stream = dial(target).await?;
    if !target.tls {
        return Ok(Connected { target, stream: Box::new(stream) });
    }
    // Brackets belong to the address as it is written, not to the name.
    let name = target.name.trim_matches(['[', ']']).trim_end_matches('.').to_owned();
    let name = ServerName::try_from(name).map_err(|_| OutboundError::Tls)?;
    let stream = connector.connect(name, stream).await.map_err(|_| OutboundError::Tls)?;
    Ok(Connected { target, stream: Box::new(stream) })
}

async fn dial(target: &Target) -> Result<TcpStream, OutboundError> {
    let addresses: Vec<SocketAddr> = target.resolve().await.map_err(|error| match error {
        Unreachable::Unknown => OutboundError::UnknownName,
        Unreachable::Refused => OutboundError::AddressRefused,
    })?;
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(CONNECT_DURATION_MAX, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(OutboundError::Connection)
}

impl Connected<'_> {
    /// Sends the request; of the answer's body at most so many bytes are read, and none for zero.
    pub(super) async fn post(
        self,
        outgoing: Outgoing,
        body_bytes_max: usize,
    ) -> Result<Answer, OutboundError> {
        let protocol = |_: hyper::Error| OutboundError::Protocol;
        let Self { target, stream } = self;
        let handshake = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(protocol)?;
        let mut request = Request::post(&target.path)
            .header(header::HOST, &target.authority)
            .header(header::USER_AGENT, concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, outgoing.content_type)
            .header(header::CONNECTION, "close");
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(outgoing.body)));
        let request = request.map_err(|_| OutboundError::Protocol)?;
        let answer = async {
            let answer = sender.send_request(request).await.map_err(protocol)?;
            let status = answer.status().as_u16();
            if body_bytes_max == 0 {
                return Ok(Answer { status, body: Bytes::new() });
            }
            let body = Limited::new(answer.into_body(), body_bytes_max).collect().await;
            let body = body.map_err(|_| OutboundError::Protocol)?.to_bytes();
            Ok(Answer { status, body })
        };
        tokio::pin!(answer);
        // The connection goes with this call: what the other side still sends is not waited for.
        tokio::pin!(connection);
        tokio::select! {
            answer = &mut answer => answer,
            _ = &mut connection => answer.await,
        }
    }
}
