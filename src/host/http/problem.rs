//! Problem details (RFC 9457): every refusal has the same form.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::store::Failure;

/// What the code stands after in a problem's type.
pub(super) const PROBLEM_TYPE: &str = "urn:countersign:problem:";
/// After how long a busy host may be asked again, in milliseconds.
const RETRY_AFTER_MS: i64 = 1_000;

/// A refusal as it is sent.
#[derive(Debug)]
pub(super) struct Problem {
    fault: Fault,
    /// Names the entry in the log that has the particulars.
    incident: Option<String>,
}

/// A refusal (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemDetails<'a> {
    /// `urn:countersign:problem:` and the code.
    r#type: String,
    /// The stable code.
    code: ErrorCode,
    /// What the code means, without the particulars.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong, with the value found and the limit.
    detail: &'a str,
    /// JSON Pointer to the fault; absent for the whole.
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'a str,
    /// What to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    help: &'a str,
    /// After how long to ask again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<i64>,
    /// Names the entry in the host's log that has the particulars.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if fault.code == ErrorCode::Internal {
            return Self::from(Failure::internal(fault.to_string()));
        }
        Self { fault, incident: None }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(fault) if fault.code != ErrorCode::Internal => Self::from(fault),
            Failure::Busy
            | Failure::Conflict
            | Failure::Unreachable(_)
            | Failure::Unknown
            | Failure::Full
            | Failure::Outdated
            | Failure::Lost => {
                tracing::warn!(%failure, "a write was not taken");
                Self { fault: failure.fault(), incident: None }
            }
            failure => {
                let incident = ids::new_secret("err").unwrap_or_else(|_| "err".to_owned());
                let incident: String = incident.chars().take(30).collect();
                tracing::error!(%incident, %failure, "internal error");
                let fault = Failure::Internal(String::new()).fault();
                Self { fault, incident: Some(incident) }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { fault, incident } = self;
        let code = fault.code;
        let busy = matches!(
            code,
            ErrorCode::StoreBusy | ErrorCode::StoreLost | ErrorCode::StoreFull | ErrorCode::TooMany
        );
        let body = ProblemDetails {
            r#type: format!("{PROBLEM_TYPE}{}", code.as_str()),
            code,
            title: code.title(),
            status: code.status(),
            detail: &fault.detail,
            path: &fault.path,
            help: &fault.help,
            retry_after_ms: busy.then_some(RETRY_AFTER_MS),
            id: incident.as_deref(),
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let status =
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, text).into_response();
        let mut set = |name: HeaderName, value| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        set(header::CONTENT_TYPE, "application/problem+json");
        if busy {
            set(header::RETRY_AFTER, "1");
        }
        if code == ErrorCode::Unauthenticated {
            set(header::WWW_AUTHENTICATE, "Bearer");
        }
        response
    }
}
