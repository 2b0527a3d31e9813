//! The audit log, for auditors.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::ok;
use super::problem::Problem;
use super::query::{Parameters, whole};
use crate::audit::AuditEntry;
use crate::error::{ErrorCode, Fault};
use crate::host::store::Failure;
use crate::host::store::audit::{EntryQuery, search};
use crate::identity::GrantRole;
use crate::read;

/// Entries of one page, at most.
const PAGE_MAX: usize = 500;
const PAGE: usize = 100;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditReply")]
pub(super) struct Entries {
    entries: Vec<AuditEntry>,
}

/// `GET /v1/audit/entries`
pub(super) async fn entries(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (entity_id, after, limit) = parameters.read(|fields| {
        Ok((
            fields.optional("entity_id", read::id)?,
            fields.optional("after", read::id)?,
            fields.optional("limit", |node| whole(node, 1, PAGE_MAX))?.unwrap_or(PAGE),
        ))
    })?;
    let entries = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let tenants = caller.actor.tenants_of(GrantRole::Auditor, snapshot.now);
        if tenants.is_empty() {
            let detail = "the audit log is for auditors";
            let help = "ask an administrator for the role `auditor`";
            return Err(Failure::Refused(Fault::new(ErrorCode::NotPermitted, "", detail, help)));
        }
        let tenants =
            (!tenants.contains(&"*")).then(|| tenants.into_iter().map(str::to_owned).collect());
        let limit = i64::try_from(limit).unwrap_or(1);
        search(snapshot, &EntryQuery { tenants, entity_id, after, limit })
    });
    ok(&Entries { entries: entries.await? })
}
