//! Who there is and what they may do, as the command line and sign-in change it: each change with
//! its audit entry, in one transaction.

use std::collections::BTreeMap;

use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::host::ids;
use crate::host::store::audit::{self, Entity};
use crate::host::store::fence::Fenced;
use crate::host::store::identity::{self, Credential, CredentialKind, Scope};
use crate::host::store::{Failure, Snapshot, Tx};
use crate::identity::{
    Actor, ActorReference, Door, Grant, GrantRole, Principal, PrincipalKind, PrincipalStatus,
};
use crate::json::Json;
use crate::units::{Id, TimestampMs};

/// The tenant of the host's own principals and of what concerns every tenant.
pub const HOST_TENANT: &str = "host";
/// Every tenant or queue, in a grant.
pub const EVERY: &str = "*";
/// How long a sign-in link may be used, in milliseconds (24 hours).
pub const LINK_DURATION_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long a browser's session lasts, in milliseconds (12 hours).
pub const SESSION_DURATION_MS: i64 = 12 * 60 * 60 * 1_000;

/// The principals that act for the host itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostActor {
    /// Whoever has an account on the host's machine.
    CommandLine,
    /// The host's own clock.
    Scheduler,
}

impl HostActor {
    const fn principal_id(self) -> &'static str {
        match self {
            Self::CommandLine => "prin_command_line",
            Self::Scheduler => "prin_scheduler",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::CommandLine => "Command line",
            Self::Scheduler => "Scheduler",
        }
    }

    const fn role(self) -> GrantRole {
        match self {
            Self::CommandLine => GrantRole::Admin,
            Self::Scheduler => GrantRole::Scheduler,
        }
    }

    const fn door(self) -> Door {
        match self {
            Self::CommandLine => Door::CommandLine,
            Self::Scheduler => Door::Scheduler,
        }
    }
}

/// An id that stands in this program's text.
///
/// # Errors
/// Never for printable ASCII.
pub fn fixed_id(text: &str) -> Result<Id, Failure> {
    Id::new(text).ok_or_else(|| Failure::internal(format!("`{text}` is not an id")))
}

/// One of the host's own actors; made, with its grant, when it is first asked for.
///
/// # Errors
/// Where the store fails.
pub fn host_actor(tx: &Tx<'_>, which: HostActor) -> Result<Actor, Failure> {
    let principal_id = fixed_id(which.principal_id())?;
    if let Some(actor) = actor(tx, &principal_id, None, which.door())? {
        return Ok(actor);
    }
    let principal = Principal {
        principal_id: principal_id.clone(),
        kind: PrincipalKind::Service,
        tenant_id: fixed_id(HOST_TENANT)?,
        person_id: None,
        owner_person: None,
        status: PrincipalStatus::Active,
        name: which.name().to_owned(),
        languages: Vec::new(),
        skills: Vec::new(),
        away: None,
    };
    // Nobody is there before the host's own principals: they make themselves.
    let maker = Actor {
        principal: principal.clone(),
        grants: Vec::new(),
        credential_id: None,
        door: which.door(),
    };
    let grant = NewGrant {
        role: which.role(),
        tenants: vec![EVERY.to_owned()],
        queues: vec![EVERY.to_owned()],
        domain: "any".to_owned(),
        level: 0,
        until: None,
    };
    create_principal(tx, &principal, maker.reference())?;
    let grant = add_grant(tx, &principal, grant, maker.reference())?;
    Ok(Actor { grants: vec![grant], ..maker })
}

/// A principal with its grants, as it acts through a door.
///
/// # Errors
/// Where the store fails.
pub fn actor(
    snapshot: &Snapshot<'_>,
    principal_id: &Id,
    credential_id: Option<Id>,
    door: Door,
) -> Result<Option<Actor>, Failure> {
    let Some(principal) = identity::principal(snapshot, principal_id)? else { return Ok(None) };
    let grants = identity::grants(snapshot, principal_id)?;
    Ok(Some(Actor { principal, grants, credential_id, door }))
}

/// A principal that must exist.
///
/// # Errors
/// `not_found` if it does not.
pub fn require_principal(snapshot: &Snapshot<'_>, principal_id: &Id) -> Result<Principal, Failure> {
    identity::principal(snapshot, principal_id)?.ok_or_else(|| {
        let detail = format!("there is no principal `{principal_id}`");
        Failure::Refused(Fault::new(ErrorCode::NotFound, "", detail, "check the id"))
    })
}

/// Makes a principal.
///
/// # Errors
/// `duplicate` if its id is taken.
pub fn create_principal(
    tx: &Tx<'_>,
    principal: &Principal,
    by: ActorReference,
) -> Result<(), Failure> {
    if identity::principal(tx, &principal.principal_id)?.is_some() {
        let detail = format!("the principal `{}` exists already", principal.principal_id);
        let fault = Fault::new(ErrorCode::Duplicate, "/principal_id", detail, "use another id");
        return Err(Failure::Refused(fault));
    }
    put_principal(tx, principal, "principal_created", by)
}

/// Suspends a principal, or lets it act again.
///
/// # Errors
/// `not_found` if there is none of that id.
pub fn set_status(
    tx: &Tx<'_>,
    principal_id: &Id,
    status: PrincipalStatus,
    by: ActorReference,
) -> Result<(), Failure> {
    let principal = require_principal(tx, principal_id)?;
    let event = match status {
        PrincipalStatus::Active => "principal_activated",
        PrincipalStatus::Suspended => "principal_suspended",
    };
    tx.fence(&Fenced::Status(principal_id.clone(), status))?;
    put_principal(tx, &Principal { status, ..principal }, event, by)
}

/// What a new grant says.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// What it is for.
    pub role: GrantRole,
    /// Tenants that it covers.
    pub tenants: Vec<String>,
    /// Queues that it covers.
    pub queues: Vec<String>,
    /// Subject that it covers.
    pub domain: String,
    /// Level within the subject.
    pub level: i64,
    /// When it ends.
    pub until: Option<TimestampMs>,
}

/// Gives a grant.
///
/// # Errors
/// Where the store fails.
pub fn add_grant(
    tx: &Tx<'_>,
    holder: &Principal,
    grant: NewGrant,
    by: ActorReference,
) -> Result<Grant, Failure> {
    let grant = Grant {
        grant_id: ids::new_id("grant", tx.now)?,
        principal_id: holder.principal_id.clone(),
        role: grant.role,
        tenants: grant.tenants,
        queues: grant.queues,
        domain: grant.domain,
        level: grant.level,
        from: tx.now,
        until: grant.until,
        granted_by: by.principal_id.clone(),
    };
    identity::insert_grant(tx, &holder.tenant_id, &grant)?;
    let entity = Entity { tenant_id: &holder.tenant_id, kind: "grant", id: &grant.grant_id };
    audit::append(tx, entity, "grant_added", one("grant", to_json(&grant)?), by)?;
    Ok(grant)
}

/// A credential that was made now, and its secret, which is shown once.
pub struct NewCredential {
    /// The credential.
    pub credential: Credential,
    /// The secret.
    pub secret: String,
}

/// Makes a credential.
///
/// # Errors
/// Where the store fails, or the system has no random numbers.
pub fn create_credential(
    tx: &Tx<'_>,
    holder: &Principal,
    kind: CredentialKind,
    scope: Scope,
    expires_at: Option<TimestampMs>,
    by: ActorReference,
) -> Result<NewCredential, Failure> {
    let prefix = match kind {
        CredentialKind::Token => "cs",
        CredentialKind::Session => "cs_session",
        CredentialKind::Link => "cs_link",
    };
    let secret = ids::new_secret(prefix)?;
    let credential = Credential {
        tenant_id: holder.tenant_id.clone(),
        credential_id: ids::new_id("cred", tx.now)?,
        principal_id: holder.principal_id.clone(),
        kind,
        scope,
        expires_at,
        revoked_at: None,
        used_at: None,
    };
    identity::insert_credential(tx, &credential, &ids::secret_hash(&secret))?;
    let text = |text: &str| Json::String(text.to_owned());
    let data = Json::Object(BTreeMap::from([
        ("principal_id".to_owned(), text(holder.principal_id.as_str())),
        ("kind".to_owned(), text(kind.as_str())),
        ("scope".to_owned(), text(scope.as_str())),
        // The hash of 256 random bits tells nothing of them, and shows whether it was exchanged.
        ("secret_hash".to_owned(), text(&sha256_text(&ids::secret_hash(&secret)))),
        ("expires_at".to_owned(), expires_at.map_or(Json::Null, |at| text(&at.to_string()))),
    ]));
    credential_event(tx, &credential, "credential_created", data, by)?;
    Ok(NewCredential { credential, secret })
}

/// Revokes a credential; once is enough.
///
/// # Errors
/// Where the store fails.
pub fn revoke_credential(
    tx: &Tx<'_>,
    credential: &Credential,
    by: ActorReference,
) -> Result<(), Failure> {
    if identity::revoke(tx, &credential.credential_id)? {
        tx.fence(&Fenced::Revoked(credential.credential_id.clone()))?;
        credential_event(tx, credential, "credential_revoked", Json::Object(BTreeMap::new()), by)?;
    }
    Ok(())
}

/// Exchanges a sign-in link for a session.
///
/// # Errors
/// `unauthenticated` if the link is not known, used, or over, or its principal may not act.
pub fn exchange_link(tx: &Tx<'_>, secret: &str) -> Result<(Actor, NewCredential), Failure> {
    let refused = || {
        Failure::Refused(Fault::new(
            ErrorCode::Unauthenticated,
            "/token",
            "this sign-in link is not valid any more",
            "ask the operator for a new link",
        ))
    };
    let link = identity::credential_by_hash(tx, &ids::secret_hash(secret))?.ok_or_else(refused)?;
    if link.kind != CredentialKind::Link || !link.is_valid(tx.now) {
        return Err(refused());
    }
    let principal_id = link.principal_id.clone();
    let mut actor = actor(tx, &principal_id, Some(link.credential_id.clone()), Door::Ui)?
        .ok_or_else(refused)?;
    if actor.principal.status != PrincipalStatus::Active {
        return Err(refused());
    }
    if !identity::use_link(tx, &link.credential_id)? {
        return Err(refused());
    }
    credential_event(
        tx,
        &link,
        "credential_used",
        Json::Object(BTreeMap::new()),
        actor.reference(),
    )?;
    let expires_at = Some(tx.now.saturating_add(SESSION_DURATION_MS));
    let session = create_credential(
        tx,
        &actor.principal,
        CredentialKind::Session,
        link.scope,
        expires_at,
        actor.reference(),
    )?;
    actor.credential_id = Some(session.credential.credential_id.clone());
    Ok((actor, session))
}

/// A hash as text.
#[must_use]
pub fn sha256_text(hash: &[u8; 32]) -> String {
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Stores the new form of a principal, with what happened.
pub(super) fn put_principal(
    tx: &Tx<'_>,
    principal: &Principal,
    event: &str,
    by: ActorReference,
) -> Result<(), Failure> {
    identity::put_principal(tx, principal)?;
    let entity =
        Entity { tenant_id: &principal.tenant_id, kind: "principal", id: &principal.principal_id };
    audit::append(tx, entity, event, one("principal", to_json(principal)?), by)
}

fn credential_event(
    tx: &Tx<'_>,
    credential: &Credential,
    event: &str,
    data: Json,
    by: ActorReference,
) -> Result<(), Failure> {
    let entity = Entity {
        tenant_id: &credential.tenant_id,
        kind: "credential",
        id: &credential.credential_id,
    };
    audit::append(tx, entity, event, data, by)
}

fn one(name: &str, value: Json) -> Json {
    Json::Object(BTreeMap::from([(name.to_owned(), value)]))
}
