//! What stands in an address: ids and query parameters, read by the same reader as bodies.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;

use super::problem::Problem;
use crate::error::{ErrorCode, Fault};
use crate::json::Json;
use crate::read::{Fields, Node, Read};
use crate::units::Id;

/// The parameters of a query, each at most once.
pub(super) struct Parameters(Json);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = pairs.map_err(|_| {
            Fault::new(
                ErrorCode::InvalidField,
                "/query",
                "the query is not readable",
                "encode it as a form",
            )
        })?;
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            let path = format!("/query/{}", pointer_part(&name));
            if parameters.insert(name, Json::String(value)).is_some() {
                let help = "give each parameter once";
                return Err(Fault::new(ErrorCode::InvalidField, path, "given twice", help).into());
            }
        }
        // Under a key of its own, so that faults are told as lying in the query.
        Ok(Self(Json::Object(BTreeMap::from([("query".to_owned(), Json::Object(parameters))]))))
    }
}

impl Parameters {
    /// Reads the parameters; one that nobody reads is refused.
    pub(super) fn read<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> Read<T>) -> Read<T> {
        Node::root(&self.0).object()?.required("query", |node| {
            let mut fields = node.object()?;
            let value = read(&mut fields)?;
            fields.finish()?;
            Ok(value)
        })
    }

    /// Reads a query that has no parameters.
    pub(super) fn none(&self) -> Read<()> {
        self.read(|_| Ok(()))
    }
}

/// A whole number in a parameter's text.
pub(super) fn whole(node: Node<'_>, min: usize, max: usize) -> Read<usize> {
    let number = node.str()?.parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| {
        let help = format!("give a whole number from {min} to {max}");
        node.invalid(format!("not a whole number from {min} to {max}"), help)
    })
}

/// The id in an address such as `/v1/cases/{case_id}`; what cannot be an id names nothing.
pub(super) struct PathId(pub(super) Id);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await.ok();
        let id = path.and_then(|Path(text)| Id::new(&text));
        Ok(Self(id.ok_or_else(nothing_there)?))
    }
}

/// A name as a part of a JSON Pointer.
fn pointer_part(name: &str) -> String {
    crate::read::excerpt(name).replace('~', "~0").replace('/', "~1")
}

fn nothing_there() -> Fault {
    Fault::new(ErrorCode::NotFound, "", "there is nothing of that name", "check the id")
}
