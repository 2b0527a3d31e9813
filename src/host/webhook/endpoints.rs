//! Endpoints: made, removed and replayed, each with its audit entry, by REST and the command line.

use std::collections::BTreeMap;

use super::address::Target;
use super::secret::{Secret, WebhookKey};
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::people::sha256_text;
use crate::host::store::audit::{self, Entity};
use crate::host::store::events::names;
use crate::host::store::webhooks::{self, Webhook};
use crate::host::store::{Failure, Tx, events};
use crate::identity::{Actor, ActorReference, GrantRole, PrincipalStatus};
use crate::json::Json;
use crate::read::{Node, Read};
use crate::units::Id;

/// Endpoints of one tenant.
const WEBHOOKS_MAX: i64 = 20;

/// What a new endpoint says.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// The address, which was vetted.
    pub url: String,
    /// Names of the events that it gets; empty for every one.
    pub events: Vec<String>,
}

impl NewWebhook {
    /// Reads what is sent to make one.
    ///
    /// # Errors
    /// `invalid_field` where the address is refused or an event is not known.
    pub fn read(node: Node<'_>, allowed: &[std::net::SocketAddr]) -> Read<Self> {
        let words: Vec<(&str, &str)> = names().into_iter().map(|name| (name, name)).collect();
        let url = |node: Node<'_>| {
            Target::read(node, allowed)?;
            node.str().map(str::to_owned)
        };
        let mut fields = node.object()?;
        let new = Self {
            url: fields.required("url", url)?,
            events: fields
                .list("events", words.len(), |node| node.word(&words).map(str::to_owned))?,
        };
        fields.finish()?;
        Ok(new)
    }
}

/// Makes an endpoint that acts for this principal. A caller may have one for what it may read
/// anyway, so that no right to the tenant's other cases is needed or gained.
///
/// # Errors
/// `not_permitted` where the principal sends no cases, `limit_exceeded` where there are too many.
pub fn create(
    tx: &Tx<'_>,
    holder: &Actor,
    new: NewWebhook,
    key: &WebhookKey,
    by: ActorReference,
) -> Result<(Webhook, Secret), Failure> {
    let principal = &holder.principal;
    let (tenant_id, now) = (&principal.tenant_id, tx.now);
    let is_caller = principal.status == PrincipalStatus::Active
        && holder.grants_of(GrantRole::Caller, tenant_id, now).next().is_some();
    if !is_caller {
        return Err(refused(
            ErrorCode::NotPermitted,
            "",
            "a webhook belongs to a principal that sends cases",
            "use its credential, or ask an administrator for the role `caller`",
        ));
    }
    if webhooks::count(tx, tenant_id)? >= WEBHOOKS_MAX {
        let detail = format!("the tenant has {WEBHOOKS_MAX} webhooks already");
        return Err(refused(ErrorCode::LimitExceeded, "", &detail, "remove one"));
    }
    let salt = ids::random()?;
    let secret = key.secret(&salt)?;
    let webhook = Webhook {
        tenant_id: tenant_id.clone(),
        webhook_id: ids::new_id("hook", now)?,
        principal_id: principal.principal_id.clone(),
        url: new.url,
        events: new.events,
        salt,
        secret_hash: secret.hash(),
        created_at: now,
    };
    webhooks::insert(tx, &webhook)?;
    let text = |text: &str| Json::String(text.to_owned());
    let data = [
        ("principal_id", text(webhook.principal_id.as_str())),
        ("url", text(&webhook.url)),
        ("events", Json::Array(webhook.events.iter().map(|name| text(name)).collect())),
        ("secret_hash", text(&sha256_text(&webhook.secret_hash))),
    ];
    record(tx, &webhook, "webhook_created", data, by)?;
    Ok((webhook, secret))
}

/// Removes an endpoint; what it was still to be told goes with it.
///
/// # Errors
/// Where the store fails.
pub fn remove(tx: &Tx<'_>, webhook: &Webhook, by: ActorReference) -> Result<(), Failure> {
    webhooks::delete(tx, webhook)?;
    record(tx, webhook, "webhook_removed", [], by)
}

/// Tries again, from now on, what was given up or waits for its time: all of it, or one event.
///
/// # Errors
/// `not_found` where the event is none of those.
pub fn replay(
    tx: &Tx<'_>,
    webhook: &Webhook,
    event_id: Option<&Id>,
    by: ActorReference,
) -> Result<usize, Failure> {
    let missing = || {
        let detail = "this event is not among those that wait or were given up";
        refused(ErrorCode::NotFound, "/event_id", detail, "see the webhook's deliveries")
    };
    let sequence = match event_id {
        None => None,
        Some(id) => Some(events::sequence_of(tx, &webhook.tenant_id, id)?.ok_or_else(missing)?),
    };
    let count = webhooks::replay(tx, webhook, sequence)?;
    if sequence.is_some() && count == 0 {
        return Err(missing());
    }
    let event_id = event_id.map_or(Json::Null, |id| Json::String(id.as_str().to_owned()));
    record(tx, webhook, "webhook_replayed", [("event_id", event_id)], by)?;
    Ok(count)
}

/// The endpoint of that id, if it is this principal's.
///
/// # Errors
/// `not_found` for everybody else's.
pub fn find(
    snapshot: &crate::host::store::Snapshot<'_>,
    webhook_id: &Id,
    principal_id: Option<&Id>,
) -> Result<Webhook, Failure> {
    let found = webhooks::get(snapshot, webhook_id)?;
    let found = found.filter(|found| principal_id.is_none_or(|id| found.principal_id == *id));
    found
        .ok_or_else(|| refused(ErrorCode::NotFound, "", "there is no such webhook", "check the id"))
}

fn record<const COUNT: usize>(
    tx: &Tx<'_>,
    webhook: &Webhook,
    event: &str,
    data: [(&str, Json); COUNT],
    by: ActorReference,
) -> Result<(), Failure> {
    let entity = Entity { tenant_id: &webhook.tenant_id, kind: "webhook", id: &webhook.webhook_id };
    let data: BTreeMap<String, Json> =
        data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    audit::append(tx, entity, event, Json::Object(data), by)
}

fn refused(code: ErrorCode, path: &str, detail: &str, help: &str) -> Failure {
    Failure::Refused(Fault::new(code, path, detail, help))
}
