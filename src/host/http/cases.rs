//! Cases: sent, listed, read, and moved.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::auth::Caller;
use super::body::{JsonBody, ok, reply};
use super::problem::Problem;
use super::query::{Parameters, PathId, whole};
use super::show::{self, CaseOnly};
use super::write::Operation;
use crate::case::{Case, CaseState, Command, Escalation};
use crate::error::{ErrorCode, Fault};
use crate::host::store::idempotency::Reply;
use crate::host::store::inbox::{self, Cursor, ListQuery, Order, View};
use crate::host::store::{Failure, Snapshot, Tx, cases, monitors, moves, policies};
use crate::host::{ids, work};
use crate::identity::{Actor, CaseOperation, authorize};
use crate::json::Json;
use crate::limits::NAME_LENGTH_MAX;
use crate::read::{self, Fields, Node, Read};
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};

/// Cases of one page.
const PAGE: usize = 100;
const PAGE_MAX: usize = 500;

#[derive(Serialize, JsonSchema)]
/// A page of cases.
#[schemars(rename = "CasesReply")]
pub(super) struct Page {
    #[schemars(with = "Vec<show::CaseSummary>")]
    cases: Vec<Json>,
    next_cursor: Option<String>,
    now: TimestampMs,
}

/// `GET /v1/cases`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let query = parameters.read(read_list_query)?;
    let page = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let listed = inbox::list(snapshot, &caller.actor, &query)?;
        let is_full = listed.len() == query.limit;
        let next_cursor = listed.last().filter(|_| is_full).map(|last| write_cursor(&last.cursor));
        Ok(Page {
            cases: listed.iter().map(show::summary).collect(),
            next_cursor,
            now: snapshot.now,
        })
    });
    ok(&page.await?)
}

/// `GET /v1/cases/{case_id}`
pub(super) async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(case_id): PathId,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let tenant_id = parameters.read(read_tenant)?;
    let view = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let case = find(snapshot, &caller.actor, &case_id, tenant_id.as_ref())?;
        show::view(snapshot, &caller.actor, case)
    });
    ok(&view.await?)
}

/// `POST /v1/cases`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    operation: Operation,
    parameters: Parameters,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    parameters.none()?;
    let write = operation.with_key(&body)?;
    write.run(&app, caller.key, move |tx, actor| open(tx, actor, body.clone())).await
}

/// Performs a command, and answers with the case.
pub(super) fn moved(
    tx: &Tx<'_>,
    actor: &Actor,
    case: Case,
    command: Command,
) -> Result<Reply, Failure> {
    let case = moves::perform(tx, actor, case, command)?;
    let case = show::shown_to(actor, case, tx.now);
    reply(StatusCode::OK, &CaseOnly { case: &case })
}

/// How long a claim lasts under the policy in force for the case's tenant.
pub(super) fn claim_command(snapshot: &Snapshot<'_>, case: &Case) -> Result<Command, Failure> {
    let policy = policies::of_tenant(snapshot, &case.tenant_id)?;
    let lease_duration_ms = policy.bundle().lease_duration_ms;
    Ok(Command::Claim { lease_duration_ms })
}

/// What a caller sends, which is its own tenant's.
pub(super) fn read_escalation(
    actor: &Actor,
    mut body: Json,
    now: TimestampMs,
) -> Result<Escalation, Failure> {
    let own = &actor.principal.tenant_id;
    if let Json::Object(fields) = &mut body {
        let named = fields.entry("tenant_id".to_owned()).or_insert(Json::Null);
        if *named == Json::Null {
            *named = Json::String(own.as_str().to_owned());
        }
    }
    let escalation = Escalation::read(&body, now)?;
    if escalation.request.tenant_id != *own {
        // Whether the foreign tenant exists is not told.
        return Err(Failure::Refused(Fault::new(
            ErrorCode::UnknownTenant,
            "/tenant_id",
            format!("this credential is for the tenant `{own}`"),
            "leave `tenant_id` out, or use the credential of that tenant",
        )));
    }
    Ok(escalation)
}

fn open(tx: &Tx<'_>, actor: &Actor, body: Json) -> Result<Reply, Failure> {
    let escalation = read_escalation(actor, body, tx.now)?;
    let tenant_id = &actor.principal.tenant_id;
    let in_force = monitors::cautious(tx, policies::of_tenant(tx, tenant_id)?, tenant_id)?;
    let claimed = escalation.claimed.as_ref().map(|claimed| {
        policies::find(tx, &claimed.policy_hash)?.ok_or_else(|| {
            Failure::Refused(Fault::new(
                ErrorCode::UnknownPolicy,
                "/claimed/policy_hash",
                "no policy of that hash was released here",
                "load the bundle from `GET /v1/policies/current`, and evaluate again",
            ))
        })
    });
    let claimed = claimed.transpose()?;
    let verdict = escalation.judge(&in_force, claimed.as_deref(), tx.now);
    let case_id = match &escalation.case_id {
        Some(case_id) => case_id.clone(),
        None => ids::new_id("case", tx.now)?,
    };
    let case = escalation.open(case_id, actor, &in_force, verdict, tx.now)?;
    let case = moves::create(tx, actor, work::prepared(&in_force, case)?)?;
    let case = work::merge_duplicate(tx, case)?;
    let case = work::placed(tx, &in_force, case)?;
    reply(StatusCode::CREATED, &CaseOnly { case: &case })
}

/// The one case of that id that the actor may know of.
pub(super) fn find(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    case_id: &Id,
    tenant_id: Option<&Id>,
) -> Result<Case, Failure> {
    let may_read = |case: &Case| authorize(actor, CaseOperation::Read, case, snapshot.now).is_ok();
    let found = cases::find(snapshot, case_id)?.into_iter();
    let mut found =
        found.filter(|case| tenant_id.is_none_or(|id| case.tenant_id == *id)).filter(may_read);
    match (found.next(), found.next()) {
        (Some(case), None) => Ok(case),
        (None, _) => Err(Failure::Refused(Fault::new(
            ErrorCode::NotFound,
            "",
            "there is no such case",
            "check the id",
        ))),
        // Callers choose ids: two tenants may have chosen the same.
        (Some(_), Some(_)) => Err(Failure::Refused(Fault::new(
            ErrorCode::InvalidField,
            "/query/tenant_id",
            "cases of several tenants have this id",
            "say which one: add `?tenant_id=…`",
        ))),
    }
}

pub(super) fn read_tenant(fields: &mut Fields<'_>) -> Read<Option<Id>> {
    fields.optional("tenant_id", read::id)
}

fn read_list_query(fields: &mut Fields<'_>) -> Read<ListQuery> {
    let name = |node: Node<'_>| node.filled_text(NAME_LENGTH_MAX);
    let view = fields.optional("view", View::read)?.unwrap_or(View::Open);
    let order = fields.optional("order", Order::read)?.unwrap_or(Order::Due);
    let mut equal = Vec::new();
    if let Some(queue) = fields.optional("queue", name)? {
        equal.push(("queue", queue));
    }
    if let Some(state) = fields.optional("state", CaseState::read)? {
        equal.push(("state", state.as_str().to_owned()));
    }
    if let Some(risk_level) = fields.optional("risk_level", RiskLevel::read)? {
        equal.push(("risk_level", risk_level.as_str().to_owned()));
    }
    if let Some(language) = fields.optional("language", name)? {
        equal.push(("language", language));
    }
    if let Some(tenant_id) = fields.optional("tenant_id", read::id)? {
        equal.push(("tenant_id", tenant_id.as_str().to_owned()));
    }
    Ok(ListQuery {
        view,
        order,
        equal,
        text: fields.optional("q", name)?,
        after: fields.optional("cursor", |node| read_cursor(node, order))?,
        limit: fields.optional("limit", |node| whole(node, 1, PAGE_MAX))?.unwrap_or(PAGE),
    })
}

/// Keys, case and tenant with a character between that none of them has.
fn write_cursor(cursor: &Cursor) -> String {
    let keys: Vec<String> = cursor.keys.iter().map(ToString::to_string).collect();
    format!("{} {} {}", keys.join(","), cursor.case_id, cursor.tenant_id)
}

fn read_cursor(node: Node<'_>, order: Order) -> Read<Cursor> {
    let cursor = |text: &str| {
        let mut parts = text.splitn(3, ' ');
        let keys: Result<Vec<i64>, _> = parts.next()?.split(',').map(str::parse).collect();
        let keys = keys.ok().filter(|keys| keys.len() == order.key_count())?;
        let case_id = Id::new(parts.next()?)?;
        let tenant_id = Id::new(parts.next()?)?;
        let (case_id, tenant_id) = (case_id.as_str().to_owned(), tenant_id.as_str().to_owned());
        Some(Cursor { keys, case_id, tenant_id })
    };
    cursor(node.str()?).ok_or_else(|| {
        node.invalid(
            "not a cursor of this order",
            "send `next_cursor` as it was given, with the same order",
        )
    })
}
