//! The review UI as it was built: files, under a policy that lets nothing else run.

use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tower_http::services::ServeDir;

use super::problem::Problem;
use crate::error::{ErrorCode, Fault};
use crate::host::store::Failure;

/// Scripts and styles from files of this host only, and WebAssembly; nothing inline, no frames.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Where the build puts files whose names change with their content.
const HASHED_FILES: &str = "/assets/";

/// The files of the UI, or none.
#[derive(Clone)]
pub(super) struct Assets {
    files: Option<ServeDir>,
}

impl Assets {
    pub(super) fn new(directory: Option<&Path>) -> Self {
        Self { files: directory.map(|directory| ServeDir::new(directory).precompressed_gzip()) }
    }

    /// Whatever no other address takes: a file of the UI, or a problem.
    pub(super) async fn serve(self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let files = self.files.filter(|_| !path.starts_with("/v1"));
        let Some(mut files) = files else { return nothing_there(&path) };
        let mut response = match files.try_call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                return Problem::from(Failure::internal(format!("`{path}`: {error}")))
                    .into_response();
            }
        };
        match response.status() {
            StatusCode::NOT_FOUND => return nothing_there(&path),
            StatusCode::METHOD_NOT_ALLOWED => {
                let detail = "files are only read";
                let fault = Fault::new(ErrorCode::MethodNotAllowed, "", detail, "use `GET`");
                return Problem::from(fault).into_response();
            }
            _ => {}
        }
        let cache = if path.starts_with(HASHED_FILES) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        response
    }
}

fn nothing_there(path: &str) -> Response {
    let detail = format!("there is nothing at `{}`", crate::read::excerpt(path));
    Problem::from(Fault::new(ErrorCode::NotFound, "", detail, "check the address")).into_response()
}
