//! The REST interface: decode, ask the core, store, encode.

mod absence;
mod assets;
mod audit;
mod audits;
mod auth;
mod body;
mod case_commands;
mod case_inputs;
mod case_routes;
mod cases;
mod certificates;
mod corrections;
mod decisions;
mod description;
mod endpoint;
mod events;
mod gauges;
mod health;
mod inputs;
mod metrics;
mod monitors;
mod observations;
mod policies;
mod policy_changes;
mod position;
mod problem;
mod proposals;
mod query;
mod queues;
mod release_routes;
mod releases;
mod routes;
mod routes_watch;
mod session;
mod show;
mod show_proposal;
mod streams;
mod webhooks;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::watch;

use crate::error::{ErrorCode, Fault};
use crate::host::executor::Executors;
use crate::host::sampling_key::SamplingKey;
use crate::host::store::{Failure, Store};
use crate::host::webhook::Settings;
use assets::Assets;
pub use description::{document, problems_page};
use problem::Problem;
pub use streams::Streams;

/// Bytes of a request's body.
const BODY_BYTES_MAX: usize = 2_000_000;

/// What every handler has.
pub struct App {
    /// The store.
    pub store: Arc<Store>,
    /// The built review UI.
    pub ui: Option<PathBuf>,
    /// Whether cookies are for TLS only.
    pub secure_cookies: bool,
    /// Who does what was approved.
    pub executors: Arc<Executors>,
    /// Where the key lies that signs manifests of policies.
    pub release_key: PathBuf,
    /// What random audits are picked by.
    pub sampling_key: SamplingKey,
    /// What the operator says of webhooks.
    pub webhooks: Settings,
    /// The streams of events that are open.
    pub streams: Streams,
    /// Turns true when the host is asked to stop, which streams would hold up.
    pub stopping: watch::Receiver<bool>,
}

/// Every address of the host.
pub fn router(app: App) -> Router {
    let assets = Assets::new(app.ui.as_deref());
    let fallback = move |request: Request| {
        let assets = assets.clone();
        async move { assets.serve(request).await }
    };
    let served = routes::endpoints()
        .into_iter()
        .fold(Router::new(), |router, endpoint| router.route(endpoint.path, endpoint.handler));
    served
        .fallback(fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(finish))
        .with_state(Arc::new(app))
}

async fn method_not_allowed(request: Request) -> Problem {
    Problem::from(Fault::new(
        ErrorCode::MethodNotAllowed,
        "",
        format!("`{}` is not taken at this address", request.method()),
        "use one that the header `allow` lists, or see `GET /v1/openapi.json`",
    ))
}

/// Runs every request to its end, even where its caller has gone, and turns a panic into a problem.
async fn finish(request: Request, next: Next) -> Response {
    let answered = tokio::spawn(next.run(request)).await;
    let mut response = answered.unwrap_or_else(|error| {
        Problem::from(Failure::internal(format!("a handler panicked: {error}"))).into_response()
    });
    let headers = response.headers_mut();
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, assets::CONTENT_SECURITY_POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What a reviewer may see must not stay in a cache.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
