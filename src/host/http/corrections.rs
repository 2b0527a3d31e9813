//! Corrections: what decided cases teach, a page at a time, for those who may read the cases.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::ok;
use super::metrics::visible_tenants;
use super::problem::Problem;
use super::query::{Parameters, whole};
use crate::case::{Case, ReviewVerdict};
use crate::correction::Correction;
use crate::host::export::{Format, json_lines};
use crate::host::store::Failure;
use crate::host::store::corrections::{CorrectionCursor, CorrectionQuery, page};
use crate::identity::{CaseOperation, GrantRole, authorize};
use crate::limits::NAME_LENGTH_MAX;
use crate::read::{self, Fields, Node, Read};
use crate::units::Id;

/// Corrections of one page.
const PAGE: usize = 200;
const PAGE_MAX: usize = 1_000;
/// Tells where the next page begins, beside a body that is lines only.
const CURSOR_HEADER: HeaderName = HeaderName::from_static("x-next-cursor");

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CorrectionsPage")]
pub(super) struct Page {
    corrections: Vec<Correction>,
    next_cursor: Option<String>,
}

/// `GET /v1/corrections`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let (format, query) = parameters.read(read_query)?;
    let found = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let roles = [GrantRole::Reviewer, GrantRole::Lead, GrantRole::Auditor];
        let tenants = visible_tenants(&caller.actor, &roles, snapshot.now)?;
        let query = CorrectionQuery { tenants, ..query };
        let may_read =
            |case: &Case| authorize(&caller.actor, CaseOperation::Read, case, snapshot.now).is_ok();
        let corrections = page(snapshot.connection, &query, may_read)?;
        let is_full = corrections.len() == query.limit;
        let next_cursor = corrections.last().filter(|_| is_full).map(write_cursor);
        Ok(Page { corrections, next_cursor })
    });
    let found = found.await?;
    match format {
        Format::Json => ok(&found),
        Format::Jsonl => lines(&found),
    }
}

fn lines(page: &Page) -> Result<Response, Problem> {
    let mut body = Vec::new();
    json_lines(&page.corrections, &mut body)
        .map_err(|error| Failure::internal(format!("corrections have no JSON form: {error}")))?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    let cursor = page.next_cursor.as_deref().and_then(|cursor| HeaderValue::from_str(cursor).ok());
    if let Some(cursor) = cursor {
        headers.insert(CURSOR_HEADER, cursor);
    }
    Ok(response)
}

fn read_query(fields: &mut Fields<'_>) -> Read<(Format, CorrectionQuery)> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let format = fields.optional("format", Format::read)?.unwrap_or(Format::Json);
    let query = CorrectionQuery {
        // The caller's are filled in once it is known who calls.
        tenants: Some(Vec::new()),
        tenant_id: fields.optional("tenant_id", read::id)?,
        from: fields.optional("from", read::timestamp)?,
        until: fields.optional("until", read::timestamp)?,
        verdict: fields.optional("verdict", ReviewVerdict::read)?,
        queue: fields.optional("queue", name)?,
        after: fields.optional("cursor", read_cursor)?,
        limit: fields.optional("limit", |node| whole(node, 1, PAGE_MAX))?.unwrap_or(PAGE),
    };
    Ok((format, query))
}

/// Case and tenant with a character between that neither of them has.
fn write_cursor(last: &Correction) -> String {
    format!("{} {}", last.case_id, last.tenant_id)
}

fn read_cursor(node: Node<'_>) -> Read<CorrectionCursor> {
    let parts = node.str()?.split_once(' ');
    let ids = parts.and_then(|(case, tenant)| Some((Id::new(case)?, Id::new(tenant)?)));
    let (case_id, tenant_id) = ids.ok_or_else(|| {
        node.invalid("not a cursor of this list", "send `next_cursor` as it was given")
    })?;
    Ok(CorrectionCursor { case_id, tenant_id })
}
