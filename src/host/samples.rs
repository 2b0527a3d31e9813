//! Sample people and credentials, so that a new host can be tried at once.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::host::people::{self, HostActor, NewGrant, fixed_id};
use crate::host::store::identity::{self, CredentialKind, Scope};
use crate::host::store::{Failure, Store, Tx};
use crate::identity::{Actor, GrantRole, Principal, PrincipalKind, PrincipalStatus};
use crate::json::Json;
use crate::units::Id;

/// The tenants that the samples work for.
const TENANTS: &[&str] = &["northwind", "meridian-health"];
/// The least level that every sample reviewer has: triage is raised up to it by rules.
const TRIAGE_LEVEL: i64 = 2;

struct Reviewer {
    principal_id: &'static str,
    person_id: &'static str,
    name: &'static str,
    queue: &'static str,
    domain: &'static str,
    level: i64,
    leads: bool,
    skills: &'static [&'static str],
}

const REVIEWERS: &[Reviewer] = &[
    Reviewer {
        principal_id: "prin_mina_okafor",
        person_id: "person_mina_okafor",
        name: "Mina Okafor",
        queue: "low_risk_correction",
        domain: "any",
        level: 2,
        leads: false,
        skills: &[],
    },
    Reviewer {
        principal_id: "prin_jonas_weber",
        person_id: "person_jonas_weber",
        name: "Jonas Weber",
        queue: "billing_dispute",
        domain: "any",
        level: 2,
        leads: false,
        skills: &["billing"],
    },
    Reviewer {
        principal_id: "prin_elodie_martin",
        person_id: "person_elodie_martin",
        name: "Élodie Martin",
        queue: "legal_policy_question",
        domain: "legal",
        level: 3,
        leads: false,
        skills: &["legal_review"],
    },
    Reviewer {
        principal_id: "prin_tariq_haddad",
        person_id: "person_tariq_haddad",
        name: "Tariq Haddad",
        queue: "security_action",
        domain: "security",
        level: 3,
        leads: false,
        skills: &["security_operations"],
    },
    // Two leads, so that what needs two of them can be approved; they direct the work too.
    Reviewer {
        principal_id: "prin_sofia_lindqvist",
        person_id: "person_sofia_lindqvist",
        name: "Sofia Lindqvist",
        queue: "billing_dispute",
        domain: "any",
        level: 4,
        leads: true,
        skills: &["billing"],
    },
    Reviewer {
        principal_id: "prin_kwame_mensah",
        person_id: "person_kwame_mensah",
        name: "Kwame Mensah",
        queue: "billing_dispute",
        domain: "any",
        level: 4,
        leads: true,
        skills: &["billing"],
    },
];

/// A fresh sign-in link of a sample reviewer.
pub struct SampleLink {
    /// Whose it is.
    pub name: String,
    /// What they handle.
    pub queue: String,
    /// The secret of the link.
    pub secret: String,
}

/// Makes the samples where they are not there yet, and a fresh link for each reviewer.
///
/// # Errors
/// Where the store fails, or the file with the edges' tokens cannot be written.
pub async fn prepare(store: &Store, token_file: &Path) -> Result<Vec<SampleLink>, Failure> {
    let links = store.write(|tx| {
        let by = people::host_actor(tx, HostActor::CommandLine)?;
        REVIEWERS.iter().map(|reviewer| link(tx, reviewer, &by)).collect()
    });
    let links = links.await?;
    if !token_file.exists() {
        let tokens = store.write(|tx| {
            let by = people::host_actor(tx, HostActor::CommandLine)?;
            let token = |tenant: &&str| {
                Ok(((*tenant).to_owned(), Json::String(edge_token(tx, tenant, &by)?)))
            };
            TENANTS.iter().map(token).collect::<Result<BTreeMap<_, _>, Failure>>()
        });
        write_secret(token_file, &Json::Object(tokens.await?).canonical())
            .map_err(|error| Failure::internal(format!("`{}`: {error}", token_file.display())))?;
    }
    Ok(links)
}

fn link(tx: &Tx<'_>, reviewer: &Reviewer, by: &Actor) -> Result<SampleLink, Failure> {
    let principal_id = fixed_id(reviewer.principal_id)?;
    let principal = match identity::principal(tx, &principal_id)? {
        Some(principal) => principal,
        None => make_reviewer(tx, reviewer, principal_id, by)?,
    };
    let expires_at = Some(tx.now.saturating_add(people::LINK_DURATION_MS));
    let (kind, scope) = (CredentialKind::Link, Scope::Write);
    let link = people::create_credential(tx, &principal, kind, scope, expires_at, by.reference())?;
    Ok(SampleLink { name: principal.name, queue: reviewer.queue.to_owned(), secret: link.secret })
}

fn make_reviewer(
    tx: &Tx<'_>,
    reviewer: &Reviewer,
    principal_id: Id,
    by: &Actor,
) -> Result<Principal, Failure> {
    let principal = Principal {
        principal_id,
        kind: PrincipalKind::Person,
        tenant_id: fixed_id(TENANTS.first().copied().unwrap_or(people::HOST_TENANT))?,
        person_id: Some(fixed_id(reviewer.person_id)?),
        owner_person: None,
        status: PrincipalStatus::Active,
        name: reviewer.name.to_owned(),
        languages: Vec::new(),
        skills: reviewer.skills.iter().map(|skill| (*skill).to_owned()).collect(),
        away: None,
    };
    people::create_principal(tx, &principal, by.reference())?;
    let tenants: Vec<String> = TENANTS.iter().map(|tenant| (*tenant).to_owned()).collect();
    let grant = |queue: &str, domain: &str, level: i64| NewGrant {
        role: GrantRole::Reviewer,
        tenants: tenants.clone(),
        queues: vec![queue.to_owned()],
        domain: domain.to_owned(),
        level,
        until: None,
    };
    let own = grant(reviewer.queue, reviewer.domain, reviewer.level);
    people::add_grant(tx, &principal, own, by.reference())?;
    // What nobody else may decide ends with the leads.
    let triage_level = if reviewer.leads { reviewer.level } else { TRIAGE_LEVEL };
    people::add_grant(tx, &principal, grant("triage", "any", triage_level), by.reference())?;
    if reviewer.leads {
        for queue in [reviewer.queue, "triage"] {
            let lead = grant(queue, reviewer.domain, reviewer.level);
            let lead = NewGrant { role: GrantRole::Lead, ..lead };
            people::add_grant(tx, &principal, lead, by.reference())?;
        }
    }
    Ok(principal)
}

fn edge_token(tx: &Tx<'_>, tenant: &str, by: &Actor) -> Result<String, Failure> {
    let principal_id = fixed_id(&format!("prin_sample_edge_{}", tenant.replace('-', "_")))?;
    let principal = match identity::principal(tx, &principal_id)? {
        Some(principal) => principal,
        None => make_edge(tx, tenant, principal_id, by)?,
    };
    let (kind, scope) = (CredentialKind::Token, Scope::Write);
    let token = people::create_credential(tx, &principal, kind, scope, None, by.reference())?;
    Ok(token.secret)
}

fn make_edge(
    tx: &Tx<'_>,
    tenant: &str,
    principal_id: Id,
    by: &Actor,
) -> Result<Principal, Failure> {
    let principal = Principal {
        principal_id,
        kind: PrincipalKind::Edge,
        tenant_id: fixed_id(tenant)?,
        person_id: None,
        owner_person: None,
        status: PrincipalStatus::Active,
        name: format!("Sample edge of {tenant}"),
        languages: Vec::new(),
        skills: Vec::new(),
        away: None,
    };
    people::create_principal(tx, &principal, by.reference())?;
    let grant = NewGrant {
        role: GrantRole::Caller,
        tenants: vec![tenant.to_owned()],
        queues: Vec::new(),
        domain: "any".to_owned(),
        level: 0,
        until: None,
    };
    people::add_grant(tx, &principal, grant, by.reference())?;
    Ok(principal)
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}
