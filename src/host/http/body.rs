//! Bodies: JSON in, within a limit, and JSON out.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::BODY_BYTES_MAX;
use super::problem::Problem;
use crate::error::{ErrorCode, Fault};
use crate::host::store::Failure;
use crate::host::store::idempotency::Reply;
use crate::json::Json;

/// The JSON value of a body; an empty body is an empty object.
pub(super) struct JsonBody(pub(super) Json);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
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
        Ok(Self(parse(&bytes)?))
    }
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
