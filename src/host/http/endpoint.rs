//! One address with one method: how it is served, and what its description says. Router and
//! document are both made from these, so that nothing is served that is not described.

use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::App;
use crate::error::ErrorCode;
use crate::units::Id;

/// Gives the schema of something, and leaves what it refers to with the generator.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// Whether a call needs a credential.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Open,
    /// A bearer token or a session.
    Caller,
}

/// Whether a write takes an idempotency key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    None,
    Optional,
    Required,
}

/// A parameter of the query.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) schema: Describe,
}

/// An answer other than a problem.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) meaning: &'static str,
    /// None for an answer without a body.
    pub(super) schema: Option<Describe>,
    /// The media type of a body that is text, instead of or beside JSON.
    pub(super) text: Option<&'static str>,
}

/// Calls that may follow from an answer, and what of it they take.
pub(super) struct Followers {
    pub(super) parameter: &'static str,
    pub(super) pointer: &'static str,
    pub(super) operations: &'static [&'static str],
}

/// Calls that may follow from an answer with a case.
pub(super) const CASE_FOLLOWERS: &Followers = &Followers {
    parameter: "case_id",
    pointer: "/case/case_id",
    operations: &["readCase", "claimCase", "withdrawCase"],
};
/// Calls that may follow from an answer with a proposal.
pub(super) const PROPOSAL_FOLLOWERS: &Followers = &Followers {
    parameter: "proposal_id",
    pointer: "/proposal/proposal_id",
    operations: &["readProposal", "editProposal", "withdrawProposal"],
};

/// One operation.
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) operation_id: &'static str,
    pub(super) summary: &'static str,
    pub(super) handler: MethodRouter<Arc<App>>,
    pub(super) access: Access,
    pub(super) key: Key,
    pub(super) body: Option<Describe>,
    pub(super) query: Vec<Parameter>,
    pub(super) answers: Vec<Answer>,
    pub(super) problems: Vec<ErrorCode>,
    /// Whether a bundle's tag may be sent along.
    pub(super) is_tagged: bool,
    /// Whether the id of the last event may be sent along.
    pub(super) is_resumed: bool,
    /// Operations to which a part of the answer can be handed.
    pub(super) followers: Option<&'static Followers>,
}

impl Endpoint {
    pub(super) fn get<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<App>>) -> Self {
        Self::new("get", path, routing::get(handler))
    }

    pub(super) fn post<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<App>>) -> Self {
        Self::new("post", path, routing::post(handler))
    }

    pub(super) fn delete<T: 'static>(
        path: &'static str,
        handler: impl Handler<T, Arc<App>>,
    ) -> Self {
        Self::new("delete", path, routing::delete(handler))
    }

    fn new(method: &'static str, path: &'static str, handler: MethodRouter<Arc<App>>) -> Self {
        Self {
            method,
            path,
            operation_id: "",
            summary: "",
            handler,
            access: Access::Caller,
            key: Key::None,
            body: None,
            query: Vec::new(),
            answers: Vec::new(),
            problems: Vec::new(),
            is_tagged: false,
            is_resumed: false,
            followers: None,
        }
    }

    /// The operation's name, which never changes, and what it does.
    pub(super) fn named(mut self, operation_id: &'static str, summary: &'static str) -> Self {
        self.operation_id = operation_id;
        self.summary = summary;
        self
    }

    pub(super) fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    pub(super) fn takes(mut self, body: Describe) -> Self {
        self.body = Some(body);
        self
    }

    pub(super) fn keyed(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    pub(super) fn parameter(
        mut self,
        name: &'static str,
        schema: Describe,
        meaning: &'static str,
    ) -> Self {
        self.query.push(Parameter { name, meaning, schema });
        self
    }

    /// The parameter that tells things of the same id apart.
    pub(super) fn of_tenant(self) -> Self {
        self.parameter(
            "tenant_id",
            |generator| generator.subschema_for::<Id>(),
            "The tenant, where several have this id.",
        )
    }

    pub(super) fn answers<T: JsonSchema>(mut self, status: u16, meaning: &'static str) -> Self {
        let schema: Describe = |generator| generator.subschema_for::<T>();
        self.answers.push(Answer { status, meaning, schema: Some(schema), text: None });
        self
    }

    pub(super) fn answers_empty(mut self, status: u16, meaning: &'static str) -> Self {
        self.answers.push(Answer { status, meaning, schema: None, text: None });
        self
    }

    /// The last answer's body is, or may be, text of this media type.
    pub(super) fn or_text(mut self, media_type: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.text = Some(media_type);
        }
        self
    }

    pub(super) fn tagged(mut self) -> Self {
        self.is_tagged = true;
        self.answers_empty(304, "The bundle is the one that `If-None-Match` names.")
    }

    pub(super) fn resumed(mut self) -> Self {
        self.is_resumed = true;
        self
    }

    pub(super) fn followed_by(mut self, followers: &'static Followers) -> Self {
        self.followers = Some(followers);
        self
    }

    /// Problems of this operation, besides those that follow from its form.
    pub(super) fn refuses(mut self, problems: &[ErrorCode]) -> Self {
        self.problems.extend(problems);
        self
    }

    pub(super) fn is_write(&self) -> bool {
        self.method != "get"
    }

    /// The names in braces in the path.
    pub(super) fn path_names(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Every problem that the operation can answer with, in the registry's order.
    pub(super) fn all_problems(&self) -> Vec<ErrorCode> {
        let mut codes = self.problems.clone();
        codes.push(ErrorCode::Internal);
        // Whoever takes a credential also looks at the query.
        if self.path.starts_with("/v1") || self.access == Access::Caller {
            codes.extend([ErrorCode::InvalidField, ErrorCode::UnknownField]);
        }
        if self.access == Access::Caller {
            codes.extend([
                ErrorCode::Unauthenticated,
                ErrorCode::NotPermitted,
                ErrorCode::StoreBusy,
                ErrorCode::StoreLost,
            ]);
        }
        if !self.query.is_empty() {
            codes.push(ErrorCode::LimitExceeded);
        }
        if self.path_names().next().is_some() {
            codes.push(ErrorCode::NotFound);
        }
        if self.body.is_some() {
            codes.extend([
                ErrorCode::InvalidJson,
                ErrorCode::LimitExceeded,
                ErrorCode::UnsupportedMediaType,
                ErrorCode::TimedOut,
            ]);
        }
        if self.key != Key::None {
            codes.push(ErrorCode::IdempotencyMismatch);
        }
        if self.is_write() {
            codes.extend([ErrorCode::StoreBusy, ErrorCode::StoreLost, ErrorCode::StoreFull]);
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}
