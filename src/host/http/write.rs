//! Writes: the caller is looked at again, the idempotency key is heeded, and state, audit entry and
//! answer are stored together.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

use super::App;
use super::auth::CallerKey;
use super::body::send;
use super::problem::Problem;
use crate::error::{ErrorCode, Fault};
use crate::host::store::idempotency::{self, IdempotencyKey, Reply};
use crate::host::store::{Failure, Tx};
use crate::identity::Actor;
use crate::json::Json;
use crate::units::Id;

/// Separates digests of bodies from all other digests.
const BODY_DOMAIN: &str = "countersign/idempotent-body/v1";
const KEY_HEADER: &str = "idempotency-key";
const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Method and address of a write, and the caller's idempotency key.
pub(super) struct Operation {
    name: String,
    key: Option<Id>,
}

impl<S: Send + Sync> FromRequestParts<S> for Operation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let name = format!("{} {target}", parts.method);
        let Some(value) = parts.headers.get(KEY_HEADER) else {
            return Ok(Self { name, key: None });
        };
        let key = value.to_str().ok().and_then(Id::new).ok_or_else(|| {
            key_fault("an idempotency key is 1 to 128 printable ASCII characters without spaces")
        })?;
        Ok(Self { name, key: Some(key) })
    }
}

impl Operation {
    /// The write that this body asks for.
    pub(super) fn with(self, body: &Json) -> Write {
        let Self { name: operation, key } = self;
        let body_digest = body.digest(BODY_DOMAIN);
        Write { key: key.map(|key| IdempotencyKey { key, operation, body_digest }) }
    }

    /// The same, where a retry without a key could do something twice.
    pub(super) fn with_key(self, body: &Json) -> Result<Write, Fault> {
        if self.key.is_none() {
            return Err(key_fault("the header `idempotency-key` is missing"));
        }
        Ok(self.with(body))
    }
}

/// One write, on its way to the store.
pub(super) struct Write {
    key: Option<IdempotencyKey>,
}

impl Write {
    /// Runs the job in a transaction, unless its answer is there already.
    pub(super) async fn run(
        self,
        app: &App,
        caller: CallerKey,
        job: impl Fn(&Tx<'_>, &Actor) -> Result<Reply, Failure> + Send + 'static,
    ) -> Result<Response, Problem> {
        Ok(self.answer(app, caller, job).await?.into_response())
    }

    /// The same, where the answer gets something that is not kept with it.
    pub(super) async fn answer(
        self,
        app: &App,
        caller: CallerKey,
        job: impl Fn(&Tx<'_>, &Actor) -> Result<Reply, Failure> + Send + 'static,
    ) -> Result<Answered, Failure> {
        let Self { key } = self;
        let write = app.store.write(move |tx| {
            let actor = caller.actor(tx)?;
            tx.narrow(&actor)?;
            let (tenant_id, principal_id) =
                (&actor.principal.tenant_id, &actor.principal.principal_id);
            if let Some(key) = &key
                && let Some(reply) = idempotency::find(tx, tenant_id, principal_id, key)?
            {
                return Ok((reply, true));
            }
            let reply = job(tx, &actor)?;
            if let Some(key) = &key {
                idempotency::keep(tx, tenant_id, principal_id, key, &reply)?;
            }
            Ok((reply, false))
        });
        let (reply, replayed) = write.await?;
        Ok(Answered { reply, replayed })
    }
}

/// The answer of a write.
pub(super) struct Answered {
    pub(super) reply: Reply,
    replayed: bool,
}

impl Answered {
    /// The answer as it goes out.
    pub(super) fn into_response(self) -> Response {
        let mut response = send(self.reply);
        if self.replayed {
            response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
        }
        response
    }
}

fn key_fault(detail: &str) -> Fault {
    let path = format!("/headers/{KEY_HEADER}");
    Fault::new(
        ErrorCode::InvalidField,
        path,
        detail,
        "send a new key for each new request, the same one for a retry",
    )
}
