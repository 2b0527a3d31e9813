//! What the outside is told when something happened to a proposal or to an execution of it: compact
//! facts. No argument, no result and nothing that anybody wrote is in it.

use serde::Serialize;

use crate::case::{source_of, type_of};
use crate::execution::{Execution, ExecutionState};
use crate::proposal::{Proposal, ProposalState};
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};

/// An event as it is sent, in the form of CloudEvents 1.0.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposalEvent {
    /// The version of the envelope: `1.0`.
    pub specversion: String,
    /// The event's id, which is that of its audit entry; the same however often it is sent.
    pub id: Id,
    /// Whose it is: `/tenants/{tenant}`.
    pub source: String,
    /// What happened: `dev.countersign.` and the event's name.
    pub r#type: String,
    /// The proposal, or the execution.
    pub subject: Id,
    /// When.
    pub time: TimestampMs,
    /// The media type of the data.
    pub datacontenttype: String,
    /// Its position among the tenant's events, from 1, without gaps.
    pub sequence: i64,
    /// The facts.
    pub data: ProposalEventData,
}

/// The facts of an event: how proposal and execution stood once it had happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposalEventData {
    /// The proposal.
    pub proposal_id: Id,
    /// Where the proposal stood.
    pub state: ProposalState,
    /// What was at stake.
    pub risk_level: RiskLevel,
    /// The proposal that stands in its place.
    pub superseded_by: Option<Id>,
    /// The case that it belongs to.
    pub case_id: Option<Id>,
    /// The request that it comes from.
    pub request_id: Option<Id>,
    /// The execution, where the event is one of an execution.
    pub execution_id: Option<Id>,
    /// Where the execution stood.
    pub execution_state: Option<ExecutionState>,
    /// Which change of proposal or execution this is.
    pub revision: i64,
}

impl ProposalEvent {
    /// The envelope of an event: its id, its subject and its time, and what is in it.
    #[must_use]
    pub fn new(
        (id, subject, time): (Id, Id, TimestampMs),
        tenant_id: &Id,
        sequence: i64,
        name: &str,
        data: ProposalEventData,
    ) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: source_of(tenant_id),
            r#type: type_of(name),
            subject,
            time,
            datacontenttype: "application/json".to_owned(),
            sequence,
            data,
        }
    }
}

impl ProposalEventData {
    /// The facts of an event of a proposal.
    #[must_use]
    pub fn of(proposal: &Proposal) -> Self {
        Self {
            proposal_id: proposal.proposal_id.clone(),
            state: proposal.state,
            risk_level: proposal.required.tier,
            superseded_by: proposal.superseded_by.clone(),
            case_id: proposal.case_id.clone(),
            request_id: proposal.request_id.clone(),
            execution_id: None,
            execution_state: None,
            revision: proposal.revision,
        }
    }

    /// The facts of an event of one of its executions.
    #[must_use]
    pub fn of_execution(proposal: &Proposal, execution: &Execution) -> Self {
        Self {
            execution_id: Some(execution.execution_id.clone()),
            execution_state: Some(execution.state),
            revision: execution.revision,
            ..Self::of(proposal)
        }
    }

    /// Reads stored facts.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let data = Self {
            proposal_id: fields.required("proposal_id", read::id)?,
            state: fields.required("state", ProposalState::read)?,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            superseded_by: fields.optional("superseded_by", read::id)?,
            case_id: fields.optional("case_id", read::id)?,
            request_id: fields.optional("request_id", read::id)?,
            execution_id: fields.optional("execution_id", read::id)?,
            execution_state: fields.optional("execution_state", ExecutionState::read)?,
            revision: fields
                .required("revision", |node| node.integer(1, crate::json::INTEGER_MAX))?,
        };
        fields.finish()?;
        Ok(data)
    }
}
