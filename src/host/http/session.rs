//! Signing in with a one-time link, signing out, and who one is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::{Caller, SESSION_COOKIE, csrf_token, require_own_origin};
use super::body::{JsonBody, ok};
use super::problem::Problem;
use super::query::Parameters;
use crate::error::ErrorCode;
use crate::host::people::{self, SESSION_DURATION_MS};
use crate::host::store::{Failure, Snapshot, identity, policies};
use crate::identity::{Actor, Away, GrantRole, PrincipalKind};
use crate::limits::NAME_LENGTH_MAX;
use crate::policy::PolicyReference;
use crate::read::Node;
use crate::units::{Id, TimestampMs};

/// Who one is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Me {
    principal: MyPrincipal,
    tenants: Vec<String>,
    grants: Vec<MyGrant>,
    csrf_token: String,
    policy: PolicyReference,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct MyPrincipal {
    principal_id: Id,
    kind: PrincipalKind,
    name: String,
    tenant_id: Id,
    languages: Vec<String>,
    skills: Vec<String>,
    /// When one is away.
    away: Option<Away>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct MyGrant {
    grant_id: Id,
    role: GrantRole,
    tenants: Vec<String>,
    queues: Vec<String>,
    domain: String,
    level: i64,
    from: TimestampMs,
    until: Option<TimestampMs>,
}

/// `GET /v1/me`
pub(super) async fn me(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let Caller { actor, csrf_token, .. } = caller;
    let me = app.store.read(move |snapshot| describe(snapshot, actor, csrf_token)).await?;
    ok(&me)
}

/// `POST /v1/session`: exchanges the secret of a sign-in link for a session.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    require_own_origin(&headers)?;
    let mut fields = Node::root(&body).object()?;
    let token = fields.required("token", |node| node.filled_text(NAME_LENGTH_MAX))?;
    fields.finish()?;
    let write = app.store.write(move |tx| {
        let (actor, session) = people::exchange_link(tx, &token)?;
        let me = describe(tx, actor, csrf_token(&session.secret))?;
        Ok((me, session.secret))
    });
    let (me, secret) = write.await?;
    let mut response = ok(&me)?;
    set_cookie(&mut response, &secret, SESSION_DURATION_MS / 1_000, app.secure_cookies)?;
    Ok(response)
}

/// `DELETE /v1/session`
pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let Caller { actor, .. } = caller;
    let write = app.store.write(move |tx| {
        let id = actor.credential_id.as_ref();
        let credential = id.map(|id| identity::credential(tx, id)).transpose()?.flatten();
        // A bearer token signs nobody out: it is revoked by who gave it.
        let session =
            credential.filter(|credential| credential.kind == identity::CredentialKind::Session);
        let session = session.ok_or_else(|| {
            let detail = "this is not a session";
            crate::error::Fault::new(
                ErrorCode::NotPermitted,
                "",
                detail,
                "sign out where you signed in",
            )
        })?;
        people::revoke_credential(tx, &session, actor.reference())
    });
    write.await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, "", 0, app.secure_cookies)?;
    Ok(response)
}

fn describe(snapshot: &Snapshot<'_>, actor: Actor, csrf_token: String) -> Result<Me, Failure> {
    let Actor { principal, grants, .. } = actor;
    let now = snapshot.now;
    let grants: Vec<_> = grants.into_iter().filter(|grant| grant.in_force(now)).collect();
    let mut tenants: Vec<String> = grants.iter().flat_map(|grant| grant.tenants.clone()).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let grants = grants.into_iter().map(|grant| MyGrant {
        grant_id: grant.grant_id,
        role: grant.role,
        tenants: grant.tenants,
        queues: grant.queues,
        domain: grant.domain,
        level: grant.level,
        from: grant.from,
        until: grant.until,
    });
    Ok(Me {
        tenants,
        grants: grants.collect(),
        csrf_token,
        policy: policies::of_tenant(snapshot, &principal.tenant_id)?.reference().clone(),
        now,
        principal: MyPrincipal {
            principal_id: principal.principal_id,
            kind: principal.kind,
            name: principal.name,
            tenant_id: principal.tenant_id,
            languages: principal.languages,
            skills: principal.skills,
            // One that is over is none.
            away: principal.away.filter(|away| now < away.until),
        },
    })
}

fn set_cookie(
    response: &mut Response,
    secret: &str,
    age_s_max: i64,
    secure: bool,
) -> Result<(), Failure> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s_max}{secure}"
    );
    let value =
        HeaderValue::from_str(&text).map_err(|_| Failure::internal("a cookie is not ASCII"))?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}
