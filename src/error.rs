//! The registry of problems: one stable code for each way in which something can be refused.
//!
//! The same codes stand in the core, the host, the npm package and the review UI.

use serde::{Serialize, Serializer};

macro_rules! error_codes {
    ($($(#[$doc:meta])+ $name:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// A stable code; its HTTP status and title never change with it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum ErrorCode {
            $(
                $(#[$doc])+
                #[cfg_attr(feature = "ts", ts(rename = $code))]
                #[cfg_attr(feature = "schema", schemars(rename = $code))]
                $name,
            )+
        }

        impl ErrorCode {
            /// Every code, in the order of the registry.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it stands on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// The title: what the code means, without the particulars.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

error_codes! {
    /// The text is not JSON, or not JSON that is admitted.
    InvalidJson = "invalid_json", 400, "the body is not valid JSON";
    /// A field is missing, of the wrong type, or out of its range.
    InvalidField = "invalid_field", 400, "a field is missing or not valid";
    /// A field that nobody knows, where that is refused.
    UnknownField = "unknown_field", 400, "a field is not known";
    /// The body is in a form that is not read: another media type, or compressed.
    UnsupportedMediaType = "unsupported_media_type", 415, "the form of the body is not read";
    /// Too long, too many, too deep.
    LimitExceeded = "limit_exceeded", 413, "a limit is exceeded";
    /// No credential, or one that is not valid now.
    Unauthenticated = "unauthenticated", 401, "no valid credential";
    /// The principal has no right to do this.
    NotPermitted = "not_permitted", 403, "not permitted";
    /// Who asked for it may not decide it.
    SelfApproval = "self_approval", 403, "nobody decides what they asked for";
    /// Nothing of that name that this principal may see.
    NotFound = "not_found", 404, "not found";
    /// The address is known, and takes other methods only.
    MethodNotAllowed = "method_not_allowed", 405, "the method is not allowed here";
    /// The lease is held by another, or its epoch is over.
    LeaseLost = "lease_lost", 409, "the lease is lost";
    /// The object was changed since it was read.
    StaleVersion = "stale_version", 409, "the object has changed";
    /// A decision was already taken.
    AlreadyDecided = "already_decided", 409, "already decided";
    /// Enough people approved it before.
    QuorumClosed = "quorum_closed", 409, "enough people have approved already";
    /// What was proposed does not stand any more; another proposal may.
    ProposalVoid = "proposal_void", 409, "the proposal does not stand any more";
    /// The state does not allow this command.
    InvalidState = "invalid_state", 409, "not possible in this state";
    /// An object of that id exists already.
    Duplicate = "duplicate", 409, "exists already";
    /// A request with this idempotency key is being worked on.
    InFlight = "in_flight", 409, "the same request is being worked on";
    /// The time for it is over.
    Expired = "expired", 410, "expired";
    /// It was withdrawn.
    Withdrawn = "withdrawn", 410, "withdrawn";
    /// The idempotency key was used for another body.
    IdempotencyMismatch = "idempotency_mismatch", 422, "the idempotency key was used for another request";
    /// A policy that does not compile, or a bundle that is not valid.
    PolicyRejected = "policy_rejected", 422, "the policy is not valid";
    /// A currency that is not in ISO 4217, or has no decimals of its own.
    UnknownCurrency = "unknown_currency", 422, "the currency is not known";
    /// A tenant that does not exist here.
    UnknownTenant = "unknown_tenant", 422, "the tenant is not known";
    /// A queue that the policy does not have.
    UnknownQueue = "unknown_queue", 422, "the queue is not known";
    /// A principal who is not known, or may not work on it.
    NotEligible = "not_eligible", 422, "the principal cannot take it";
    /// A time that has passed, or lies beyond what is allowed.
    InvalidTime = "invalid_time", 422, "the time does not fit";
    /// A policy version that was never in force here.
    UnknownPolicy = "unknown_policy", 422, "the policy is not known";
    /// The request did not arrive in time.
    TimedOut = "timed_out", 408, "the request took too long to arrive";
    /// Too many requests.
    TooMany = "too_many", 429, "too many requests";
    /// A fault of ours; the log has the particulars under the id given.
    Internal = "internal", 500, "internal error";
    /// The store cannot take the write now.
    StoreBusy = "store_busy", 503, "the store is busy";
    /// The store failed; the host stops.
    StoreLost = "store_lost", 503, "the store is lost";
    /// The disk is full.
    StoreFull = "store_full", 507, "the store is full";
}

impl ErrorCode {
    /// What a caller does about it in general; a [`Fault`] says it for the particular case.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::InvalidJson => {
                "Send one JSON value in UTF-8, without duplicate keys, and with whole numbers of at most 2^53 − 1."
            }
            Self::InvalidField => "Mend the field that `path` names; `help` says what it takes.",
            Self::UnknownField => "Take the field out, or spell it as `help` suggests.",
            Self::UnsupportedMediaType => {
                "Send `content-type: application/json`, in UTF-8 and not compressed."
            }
            Self::UnknownCurrency => {
                "Send a currency of ISO 4217 that has a number of decimals, such as `USD`."
            }
            Self::LimitExceeded => "Send less: `detail` names the limit.",
            Self::Unauthenticated => "Send a bearer token that is valid, or sign in again.",
            Self::NotPermitted => "Use a credential that has the right, or ask for the grant.",
            Self::SelfApproval => "Leave it to another person.",
            Self::NotFound => "Check the address and the id; what another tenant has is not found.",
            Self::MethodNotAllowed => "Use a method that the header `allow` lists.",
            Self::LeaseLost => {
                "Keep the text, claim the case again, and send it with the new epoch."
            }
            Self::StaleVersion => "Read the object again, and decide on what it says now.",
            Self::AlreadyDecided => "Read the case again: the decision stands in it.",
            Self::QuorumClosed => "Nothing is left to do: read the proposal again.",
            Self::ProposalVoid => "Read `superseded_by`, and decide on the proposal that it names.",
            Self::InvalidState => "Read the object again: its state says which commands it takes.",
            Self::Duplicate => {
                "Use another id; a retry of the same request carries the same idempotency key."
            }
            Self::InFlight => "Wait a moment, and send the same request with the same key again.",
            Self::Expired => "Nothing comes of it any more; send a new one.",
            Self::Withdrawn => "Nothing comes of it any more; send a new one.",
            Self::IdempotencyMismatch => "Use a new idempotency key for a new request.",
            Self::PolicyRejected => {
                "Mend the policy where `path` points; `policy check` says more."
            }
            Self::UnknownTenant => "Leave `tenant_id` out, or use the credential of that tenant.",
            Self::UnknownQueue => "Use a queue that `GET /v1/queues` lists.",
            Self::NotEligible => "Name somebody who may work on it: `detail` says what is missing.",
            Self::InvalidTime => "Send a time within what `detail` says.",
            Self::UnknownPolicy => {
                "Load the bundle from `GET /v1/policies/current`, and evaluate again."
            }
            Self::TimedOut => "Send the whole request at once; check the connection.",
            Self::TooMany => "Wait for `retry_after_ms`, then send fewer requests.",
            Self::Internal => "Send it again; if it stays, tell the operator the `id`.",
            Self::StoreBusy => "Send it again after `retry_after_ms`.",
            Self::StoreLost => "Send it again with the same idempotency key once the host is back.",
            Self::StoreFull => "Send it again once an operator made space.",
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why something was refused: a code, where the fault lies, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} at `{path}`: {detail}; {help}", code = .code.as_str())]
pub struct Fault {
    /// The stable code.
    pub code: ErrorCode,
    /// JSON Pointer to the fault; empty for the whole.
    pub path: String,
    /// What is wrong, with the value found and the limit.
    pub detail: String,
    /// What to do.
    pub help: String,
}

impl Fault {
    /// A fault that lies at `path`.
    pub fn new(
        code: ErrorCode,
        path: impl Into<String>,
        detail: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, path: path.into(), detail: detail.into(), help: help.into() }
    }
}
