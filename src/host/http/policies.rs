//! Policies: the one in force, any that was released, and a check of a new text.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok};
use super::problem::Problem;
use super::query::{Parameters, PathId};
use crate::compile::{Diagnostic, Source, compile, compile_overlay, is_overlay_text};
use crate::error::{ErrorCode, Fault};
use crate::host::store::{Failure, policies};
use crate::image::{PolicyImage, image_hash};
use crate::limits::POLICY_BYTES_MAX;
use crate::read::Node;

/// `GET /v1/policies/current`
pub(super) async fn current(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters.none()?;
    let tenant_id = caller.actor.principal.tenant_id;
    let read = app.store.read(move |snapshot| {
        let hash = policies::of_tenant(snapshot, &tenant_id)?.reference().hash.clone();
        let bundle = policies::bundle(snapshot, &tenant_id, &hash)?;
        Ok((hash, bundle.ok_or_else(|| Failure::internal("the policy in force is not stored"))?))
    });
    let (hash, bundle) = read.await?;
    send(&hash, bundle, &headers)
}

/// `GET /v1/policies/current/image`
pub(super) async fn image(
    State(app): State<Arc<App>>,
    _: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let policy = app.store.read(policies::in_force).await?;
    let image = policy.image();
    ok(&PolicyImage {
        policy: policy.reference().clone(),
        image_hash: image_hash(&image),
        image: STANDARD.encode(&image),
    })
}

/// `GET /v1/policies/{hash}`
pub(super) async fn by_hash(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
    PathId(hash): PathId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters.none()?;
    let wanted = hash.clone();
    let tenant_id = caller.actor.principal.tenant_id;
    let read =
        app.store.read(move |snapshot| policies::bundle(snapshot, &tenant_id, wanted.as_str()));
    let bundle = read.await?;
    let bundle = bundle.ok_or_else(|| {
        Fault::new(
            ErrorCode::NotFound,
            "",
            "no policy of that hash was released here",
            "check the hash",
        )
    })?;
    send(hash.as_str(), bundle, &headers)
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyCheck")]
pub(super) struct Check {
    bundle_hash: Option<String>,
    diagnostics: Vec<Told>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyDiagnostic")]
pub(super) struct Told {
    severity: &'static str,
    #[serde(flatten)]
    diagnostic: Diagnostic,
}

/// `POST /v1/policies/check`: compiles a text; nothing is stored.
pub(super) async fn check(
    State(app): State<Arc<App>>,
    _: Caller,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let mut fields = Node::root(&body).object()?;
    let source = fields.required("source", |node| node.text(POLICY_BYTES_MAX))?;
    fields.finish()?;
    // A long text takes long enough to hold up others.
    let is_overlay = is_overlay_text(&source);
    let ground = if is_overlay { app.store.read(policies::ground).await? } else { None };
    let under = ground.and_then(|ground| ground.source);
    let compiled = spawn_blocking(move || match &under {
        // An overlay is held against the base in force.
        Some(under) => compile_overlay(
            Source { text: under, file: "base.toml" },
            Source { text: &source, file: "overlay.toml" },
        ),
        None => compile(&source, "policy.toml"),
    });
    let compiled = compiled.await;
    let compiled =
        compiled.map_err(|error| Failure::internal(format!("the compiler panicked: {error}")))?;
    let told = |diagnostic| Told { severity: "error", diagnostic };
    ok(&match compiled {
        Ok(compiled) => Check {
            bundle_hash: Some(compiled.policy.reference().hash.clone()),
            diagnostics: Vec::new(),
        },
        Err(diagnostics) => {
            Check { bundle_hash: None, diagnostics: diagnostics.into_iter().map(told).collect() }
        }
    })
}

/// A bundle under its hash never changes: whoever has it already gets nothing.
fn send(hash: &str, bundle: String, headers: &HeaderMap) -> Result<Response, Problem> {
    let tag = HeaderValue::from_str(&format!("\"{hash}\""))
        .map_err(|_| Failure::internal("the hash of a policy is not ASCII"))?;
    let known = headers.get(header::IF_NONE_MATCH) == Some(&tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], bundle).into_response()
    };
    response.headers_mut().insert(header::ETAG, tag);
    // The tag may be kept, the answer to "which is in force" may not.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
