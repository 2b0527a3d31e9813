//! Observations: stored once, never changed, each with its audit entry.

use std::collections::BTreeMap;

use super::audit::{self, Entity};
use super::sql::params;
use super::{Failure, Tx};
use crate::compile::to_json;
use crate::identity::ActorReference;
use crate::json::Json;
use crate::metrics::Observation;

/// Stores an observation.
///
/// # Errors
/// Where the store fails.
pub fn insert(tx: &Tx<'_>, observation: &Observation, by: ActorReference) -> Result<(), Failure> {
    let body = to_json(observation)?;
    let insert = "INSERT INTO observations (tenant_id, observation_id, request_id, received_at, body) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.connection.prepare_cached(insert)?.execute(params![
        observation.tenant_id.as_str(),
        observation.observation_id.as_str(),
        observation.request_id.as_str(),
        observation.received_at.as_ms(),
        body.canonical(),
    ])?;
    let entity = Entity {
        tenant_id: &observation.tenant_id,
        kind: "observation",
        id: &observation.observation_id,
    };
    let data = Json::Object(BTreeMap::from([("observation".to_owned(), body)]));
    audit::append(tx, entity, "observation_recorded", data, by)
}
