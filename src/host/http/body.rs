//! Bodies: JSON in, within a limit, and JSON out.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::BODY_BYTES_MAX;
use super::problem::Problem;
use crate::error::{ErrorCode, Fault};
use crate::host::store::Failure;
use crate::host::store::idempotency::Reply;
use crate::json::Json;

/// How long a body may take to arrive.
const BODY_WAIT_MAX: Duration = Duration::from_secs(20);

/// The JSON value of a body; an empty body is an empty object.
pub(super) struct JsonBody(pub(super) Json);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = require_json(request.headers());
        let reading = Bytes::from_request(request, state);
        let bytes = tokio::time::timeout(BODY_WAIT_MAX, reading).await.map_err(|_| {
            let detail = format!("the body was not there after {} s", BODY_WAIT_MAX.as_secs());
            Fault::new(ErrorCode::TimedOut, "", detail, "send the whole body at once")
        })?;
        let bytes = bytes.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                Fault::new(
                    ErrorCode::LimitExceeded,
                    "",
                    format!("the body has more than {BODY_BYTES_MAX} bytes"),
                    "send less at once",
                )
            }
            _ => invalid_json("the body could not be read to its end".to_owned()),
        })?;
        // Without a body there is nothing whose form could be wrong.
        if !bytes.is_empty() {
            form?;
        }
        Ok(Self(parse(&bytes)?))
    }
}

/// Takes JSON in UTF-8 as it stands; a body without a named type is taken for that too.
fn require_json(headers: &HeaderMap) -> Result<(), Fault> {
    let fault = |name: &str, found: &str, help: &str| {
        let detail = format!("`{}` is not read here", crate::read::excerpt(found));
        Fault::new(ErrorCode::UnsupportedMediaType, format!("/headers/{name}"), detail, help)
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let encoding = text(value);
        if !encoding.trim().eq_ignore_ascii_case("identity") {
            return Err(fault("content-encoding", &encoding, "send the body uncompressed"));
        }
    }
    for value in headers.get_all(header::CONTENT_TYPE) {
        let media_type = text(value);
        if !is_json(&media_type) {
            let help = "send `content-type: application/json`";
            return Err(fault("content-type", &media_type, help));
        }
    }
    Ok(())
}

fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or("").to_ascii_lowercase();
    let named =
        essence.split_once('/').is_some_and(|(_, kind)| kind == "json" || kind.ends_with("+json"));
    let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
    named
        && parameters.all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn parse(bytes: &[u8]) -> Result<Json, Fault> {
    if bytes.is_empty() {
        return Ok(Json::Object(std::collections::BTreeMap::new()));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| invalid_json(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    // The library's message ends with line and column.
    serde_json::from_str(text).map_err(|error| invalid_json(error.to_string()))
}

fn invalid_json(detail: String) -> Fault {
    Fault::new(ErrorCode::InvalidJson, "", detail, "send one JSON value in UTF-8")
}

/// An answer with this record as its body.
///
/// # Errors
/// `internal` if the record has no JSON form.
pub(super) fn reply(status: StatusCode, record: &impl Serialize) -> Result<Reply, Failure> {
    let body = serde_json::to_string(record)
        .map_err(|error| Failure::internal(format!("an answer has no JSON form: {error}")))?;
    Ok(Reply { status: status.as_u16(), body })
}

/// The answer of a read.
pub(super) fn ok(record: &impl Serialize) -> Result<Response, Problem> {
    Ok(send(reply(StatusCode::OK, record)?))
}

/// An answer as it goes out.
pub(super) fn send(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], reply.body).into_response()
}
