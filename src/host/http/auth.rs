//! Who calls: a bearer token, or the session of a browser with its guards.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use sha2::{Digest as _, Sha256};

use super::App;
use super::problem::Problem;
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::people;
use crate::host::store::identity::{self, Credential, CredentialKind, Scope};
use crate::host::store::{Failure, Snapshot};
use crate::identity::{Actor, Door, PrincipalStatus};
use crate::units::Id;

/// The name of the session's cookie.
pub(super) const SESSION_COOKIE: &str = "countersign_session";
/// The header that proves that a write comes from a page of this host.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";
/// Keeps CSRF tokens apart from every other hash of a secret.
const CSRF_DOMAIN: &[u8] = b"countersign/csrf/v1\n";

/// Who calls, as the credential proved.
pub(super) struct Caller {
    pub(super) actor: Actor,
    pub(super) key: CallerKey,
    /// Proves that a write comes from a page of this host; empty for bearer tokens, which need none.
    pub(super) csrf_token: String,
}

/// What a write needs to look at the caller again, in its own transaction.
#[derive(Clone)]
pub(super) struct CallerKey {
    credential_id: Id,
    is_write: bool,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let (secret, kind) = presented(&parts.headers)?;
        let is_write = parts.method != Method::GET && parts.method != Method::HEAD;
        let csrf_token = match kind {
            CredentialKind::Session => csrf_token(&secret),
            CredentialKind::Token | CredentialKind::Link => String::new(),
        };
        if is_write && kind == CredentialKind::Session {
            require_own_page(&parts.headers, &csrf_token)?;
        }
        let hash = ids::secret_hash(&secret);
        let read = app.store.read(move |snapshot| {
            let credential = identity::credential_by_hash(snapshot, &hash)?
                .filter(|credential| credential.kind == kind)
                .ok_or_else(|| Failure::Refused(unauthenticated()))?;
            let key = CallerKey { credential_id: credential.credential_id.clone(), is_write };
            Ok((admit(snapshot, credential, is_write)?, key))
        });
        let (actor, key) = read.await?;
        Ok(Self { actor, key, csrf_token })
    }
}

impl CallerKey {
    /// The caller as of this view: a right that was revoked meanwhile counts no more.
    pub(super) fn actor(&self, snapshot: &Snapshot<'_>) -> Result<Actor, Failure> {
        let credential = identity::credential(snapshot, &self.credential_id)?;
        let credential = credential.ok_or_else(|| Failure::Refused(unauthenticated()))?;
        admit(snapshot, credential, self.is_write)
    }
}

/// Refuses a request that a page of another origin made a browser send.
pub(super) fn require_own_origin(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if origin.is_some_and(|(_, authority)| Some(authority) == host) {
        return Ok(());
    }
    Err(Fault::new(
        ErrorCode::NotPermitted,
        "/headers/origin",
        "the request comes from a page of another origin",
        "send it from a page of this host, or with a bearer token",
    ))
}

/// The token that a page of this host sends along; made from the session's secret.
pub(super) fn csrf_token(session_secret: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(CSRF_DOMAIN);
    hasher.update(session_secret.as_bytes());
    ids::base32(&hasher.finalize())
}

/// The secret that the request carries, and what it must be a secret of.
fn presented(headers: &HeaderMap) -> Result<(String, CredentialKind), Fault> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| text.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.map(|(_, token)| token.trim().to_owned());
        return token.map(|token| (token, CredentialKind::Token)).ok_or_else(unauthenticated);
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let session = pairs.find(|(name, _)| *name == SESSION_COOKIE);
    session
        .map(|(_, secret)| (secret.to_owned(), CredentialKind::Session))
        .ok_or_else(unauthenticated)
}

fn require_own_page(headers: &HeaderMap, csrf_token: &str) -> Result<(), Fault> {
    require_own_origin(headers)?;
    let given = headers.get(CSRF_HEADER).map(|value| value.as_bytes());
    if given == Some(csrf_token.as_bytes()) {
        return Ok(());
    }
    Err(Fault::new(
        ErrorCode::NotPermitted,
        "/headers/x-csrf-token",
        "a write with a session needs the session's `x-csrf-token`",
        "send the `csrf_token` that `GET /v1/me` gives",
    ))
}

fn admit(
    snapshot: &Snapshot<'_>,
    credential: Credential,
    is_write: bool,
) -> Result<Actor, Failure> {
    if !credential.is_valid(snapshot.now) {
        return Err(Failure::Refused(unauthenticated()));
    }
    let door = match credential.kind {
        CredentialKind::Session => Door::Ui,
        CredentialKind::Token | CredentialKind::Link => Door::Api,
    };
    let actor =
        people::actor(snapshot, &credential.principal_id, Some(credential.credential_id), door)?
            .ok_or_else(|| Failure::Refused(unauthenticated()))?;
    if actor.principal.status != PrincipalStatus::Active {
        return Err(denied("this principal is suspended", "ask an administrator"));
    }
    if is_write && credential.scope != Scope::Write {
        return Err(denied(
            "this credential is for reading only",
            "use one with the scope `write`",
        ));
    }
    Ok(actor)
}

fn denied(detail: &str, help: &str) -> Failure {
    Failure::Refused(Fault::new(ErrorCode::NotPermitted, "", detail, help))
}

fn unauthenticated() -> Fault {
    Fault::new(
        ErrorCode::Unauthenticated,
        "",
        "no credential that is valid now",
        "send `Authorization: Bearer …`, or sign in with a fresh link",
    )
}
