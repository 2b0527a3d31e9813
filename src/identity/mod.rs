//! Who acts, and what they may do: principals, grants, and the one place that authorizes.
//!
//! Only [`authorize`] (cases) and [`authorize_proposal`] (proposals and what comes of them) make an
//! [`Authorized`], and every command needs one, whichever door it came through. Grants are not
//! ordered across domains. Nobody decides what they asked for.

mod away;
mod cases;
mod proposals;

use serde::Serialize;

pub use away::Away;
pub use cases::{CaseOperation, Need, authorize, meets};
pub use proposals::{ProposalOperation, authorities_of, authorize_proposal};

use crate::case::Case;
use crate::error::{ErrorCode, Fault};
use crate::limits;
use crate::policy::Authority;
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// What a principal is.
    pub enum PrincipalKind {
        /// A human being.
        Person = "person",
        /// A model that acts.
        Agent = "agent",
        /// An application.
        Service = "service",
        /// A module that decides near the user.
        Edge = "edge",
    }
}

words! {
    /// Whether a principal may act at all.
    pub enum PrincipalStatus {
        /// It may.
        Active = "active",
        /// It may not, for now or for ever.
        Suspended = "suspended",
    }
}

words! {
    /// What a grant is for.
    pub enum GrantRole {
        /// Sends cases and decision records, reads its own.
        Caller = "caller",
        /// Claims and decides cases of its queues.
        Reviewer = "reviewer",
        /// Directs the work of its queues: assigns, retimes, merges, opens again.
        Lead = "lead",
        /// Sees the audit log.
        Auditor = "auditor",
        /// Reads and checks policies.
        PolicyOwner = "policy_owner",
        /// Gives grants and credentials.
        Admin = "admin",
        /// The host's own clock-driven work.
        Scheduler = "scheduler",
    }
}

words! {
    /// Through which door a command came.
    pub enum Door {
        /// The REST interface, with a bearer token.
        Api = "api",
        /// The review UI, with a session.
        Ui = "ui",
        /// The command line on the host's machine.
        CommandLine = "command_line",
        /// The host's own clock.
        Scheduler = "scheduler",
    }
}

/// Somebody or something that acts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Principal {
    /// Its id.
    pub principal_id: Id,
    /// What it is.
    pub kind: PrincipalKind,
    /// The tenant that it belongs to.
    pub tenant_id: Id,
    /// The human being, where it is one; several principals may be one person.
    pub person_id: Option<Id>,
    /// The person who answers for it.
    pub owner_person: Option<Id>,
    /// Whether it may act.
    pub status: PrincipalStatus,
    /// Its name for people.
    pub name: String,
    /// Languages that it reads, as BCP 47 tags; empty for every language.
    pub languages: Vec<String>,
    /// What it can do.
    pub skills: Vec<String>,
    /// When it is away, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
}

/// A right, given by somebody, for a while.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Grant {
    /// Its id.
    pub grant_id: Id,
    /// Who has it.
    pub principal_id: Id,
    /// What it is for.
    pub role: GrantRole,
    /// Tenants that it covers; `*` for every one.
    pub tenants: Vec<String>,
    /// Queues that it covers; `*` for every one.
    pub queues: Vec<String>,
    /// Subject that it covers; `any` for every one.
    pub domain: String,
    /// Level within the domain, 0 to 9.
    pub level: i64,
    /// When it begins.
    pub from: TimestampMs,
    /// When it ends.
    pub until: Option<TimestampMs>,
    /// Who gave it.
    pub granted_by: Id,
}

/// Who acts, as a credential proved it, and by which door.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// The principal.
    pub principal: Principal,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// The credential, by id, where there was one.
    pub credential_id: Option<Id>,
    /// By which door.
    pub door: Door,
}

/// What an audit entry says of an actor.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActorReference {
    /// The principal.
    pub principal_id: Id,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name at that time.
    pub name: String,
    /// The human being.
    pub person_id: Option<Id>,
    /// The credential.
    pub credential_id: Option<Id>,
    /// On whose behalf, where it is another's.
    pub on_behalf_of: Option<Id>,
    /// By which door.
    pub door: Door,
    /// How sure the identity is: what the credential proved.
    pub assurance: String,
}

/// A thing that somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Case(CaseOperation),
    Proposal(ProposalOperation),
}

/// Proof that an actor may do one thing to one case or proposal. Only this room makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorized {
    actor: ActorReference,
    right: Right,
    entity_id: Id,
    authorities: Vec<Authority>,
}

impl Authorized {
    fn new(actor: &Actor, right: Right, entity_id: Id) -> Self {
        Self { actor: actor.reference(), right, entity_id, authorities: Vec::new() }
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &ActorReference {
        &self.actor
    }

    /// Which of the authorities that a proposal needs the actor has.
    #[must_use]
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// Whether the proof is for this operation on this case.
    #[must_use]
    pub fn covers(&self, operation: CaseOperation, case_id: &Id) -> bool {
        self.right == Right::Case(operation) && self.entity_id == *case_id
    }

    /// Whether the proof is for this operation on this proposal.
    #[must_use]
    pub fn covers_proposal(&self, operation: ProposalOperation, proposal_id: &Id) -> bool {
        self.right == Right::Proposal(operation) && self.entity_id == *proposal_id
    }
}

impl Actor {
    /// What the audit log says of this actor.
    #[must_use]
    pub fn reference(&self) -> ActorReference {
        let assurance = match self.door {
            Door::Api => "bearer_token",
            Door::Ui => "one_time_link",
            Door::CommandLine => "host_account",
            Door::Scheduler => "host",
        };
        ActorReference {
            principal_id: self.principal.principal_id.clone(),
            kind: self.principal.kind,
            name: self.principal.name.clone(),
            person_id: self.principal.person_id.clone(),
            credential_id: self.credential_id.clone(),
            on_behalf_of: None,
            door: self.door,
            assurance: assurance.to_owned(),
        }
    }

    /// Grants of a role that cover the tenant now.
    pub fn grants_of<'a>(
        &'a self,
        role: GrantRole,
        tenant_id: &'a Id,
        now: TimestampMs,
    ) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(move |grant| {
            grant.role == role && grant.in_force(now) && covers(&grant.tenants, tenant_id.as_str())
        })
    }

    /// Tenants whose cases a role of this actor covers; `*` for every one.
    #[must_use]
    pub fn tenants_of(&self, role: GrantRole, now: TimestampMs) -> Vec<&str> {
        let of_role = self.grants.iter().filter(|grant| grant.role == role && grant.in_force(now));
        let mut tenants: Vec<&str> =
            of_role.flat_map(|grant| grant.tenants.iter().map(String::as_str)).collect();
        tenants.sort_unstable();
        tenants.dedup();
        tenants
    }

    /// Whether the same principal, the same human being, or something they answer for asked.
    fn asked(&self, principal_id: &Id, person_id: Option<&Id>) -> bool {
        let person = self.principal.person_id.as_ref();
        *principal_id == self.principal.principal_id || (person.is_some() && person == person_id)
    }

    fn role(&self, role: GrantRole, tenant_id: &Id, now: TimestampMs) -> Result<(), Fault> {
        self.grants_of(role, tenant_id, now).next().map(|_| ()).ok_or_else(|| {
            denied(
                format!("no grant of the role `{role}` for tenant `{tenant_id}`"),
                "ask an administrator for the grant",
            )
        })
    }
}

impl Grant {
    /// Whether the grant holds at this instant.
    #[must_use]
    pub fn in_force(&self, now: TimestampMs) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Whether it lets its holder read the case: an auditor every case of the tenant, a reviewer
    /// or a lead those of their queues, whether or not they may decide them.
    fn reads(&self, case: &Case, now: TimestampMs) -> bool {
        let by_role = match self.role {
            GrantRole::Auditor => true,
            GrantRole::Reviewer | GrantRole::Lead => self.covers_queue(&case.queue),
            _ => false,
        };
        by_role && self.in_force(now) && covers(&self.tenants, case.tenant_id.as_str())
    }

    /// Whether it covers a queue.
    #[must_use]
    pub fn covers_queue(&self, queue: &str) -> bool {
        covers(&self.queues, queue)
    }

    /// Whether it reaches an authority; a grant for one domain is no grant for another.
    #[must_use]
    pub fn covers_authority(&self, authority: &Authority) -> bool {
        let domain =
            self.domain == "any" || authority.domain == "any" || self.domain == authority.domain;
        domain && self.level >= authority.level
    }

    /// Reads a stored grant.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let grant = Self {
            grant_id: fields.required("grant_id", read::id)?,
            principal_id: fields.required("principal_id", read::id)?,
            role: fields.required("role", GrantRole::read)?,
            tenants: fields.list("tenants", limits::LIST_LENGTH_MAX, read_name)?,
            queues: fields.list("queues", limits::LIST_LENGTH_MAX, read_name)?,
            domain: fields.required("domain", read_name)?,
            level: fields.required("level", |node| node.integer(0, 9))?,
            from: fields.required("from", read::timestamp)?,
            until: fields.optional("until", read::timestamp)?,
            granted_by: fields.required("granted_by", read::id)?,
        };
        fields.finish()?;
        Ok(grant)
    }
}

impl Principal {
    /// Reads a stored principal.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let principal = Self {
            principal_id: fields.required("principal_id", read::id)?,
            kind: fields.required("kind", PrincipalKind::read)?,
            tenant_id: fields.required("tenant_id", read::id)?,
            person_id: fields.optional("person_id", read::id)?,
            owner_person: fields.optional("owner_person", read::id)?,
            status: fields.required("status", PrincipalStatus::read)?,
            name: fields.required("name", read_name)?,
            languages: fields.list("languages", limits::LIST_LENGTH_MAX, read_name)?,
            skills: fields.list("skills", limits::LIST_LENGTH_MAX, read_name)?,
            away: fields.optional("away", Away::read)?,
        };
        fields.finish()?;
        Ok(principal)
    }
}

impl ActorReference {
    /// Reads a stored reference.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let actor = Self {
            principal_id: fields.required("principal_id", read::id)?,
            kind: fields.required("kind", PrincipalKind::read)?,
            name: fields.required("name", read_name)?,
            person_id: fields.optional("person_id", read::id)?,
            credential_id: fields.optional("credential_id", read::id)?,
            on_behalf_of: fields.optional("on_behalf_of", read::id)?,
            door: fields.required("door", Door::read)?,
            assurance: fields.required("assurance", read_name)?,
        };
        fields.finish()?;
        Ok(actor)
    }
}

fn suspended() -> Fault {
    denied("this principal is suspended", "ask an administrator")
}

fn denied(detail: impl Into<String>, help: &str) -> Fault {
    Fault::new(ErrorCode::NotPermitted, "", detail, help)
}

fn covers(list: &[String], name: &str) -> bool {
    list.iter().any(|item| item == "*" || item == name)
}

fn read_name(node: Node<'_>) -> Read<String> {
    node.filled_text(limits::NAME_LENGTH_MAX)
}
