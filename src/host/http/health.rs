//! Whether the process lives, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use super::body::ok;
use super::problem::Problem;
use crate::host::store::{Ending, Failure, policies};

#[derive(Serialize, JsonSchema)]
pub(super) struct Health {
    status: &'static str,
}

/// `GET /healthz`
pub(super) async fn alive() -> Result<Response, Problem> {
    ok(&Health { status: "ok" })
}

/// `GET /readyz`: the database can be read, a policy is in force, and writes were never lost.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    match *app.store.ending().borrow() {
        Ending::None => {}
        Ending::Lost => return Err(Failure::Lost.into()),
        Ending::Outdated => return Err(Failure::Outdated.into()),
    }
    app.store.read(|snapshot| policies::in_force(snapshot).map(|_| ())).await?;
    ok(&Health { status: "ok" })
}
