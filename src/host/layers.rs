//! From a policy's text to what a release puts into force: the policy itself, and every tenant's
//! overlay over it. Compiled before the transaction that stores it, which then looks whether what it
//! was compiled over still is in force.

use crate::compile::{Compiled, Diagnostic, Source, compile, compile_overlay, is_overlay_text};
use crate::error::{ErrorCode, Fault};
use crate::host::store::Failure;
use crate::policy::PolicyReference;
use crate::release::{EVERY_TENANT, OverlayRelease};

/// What is in force: the base, and tenants that have their own policy.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The policy for every tenant.
    pub base: Compiled,
    /// Its text; absent where it was released before texts were kept.
    pub source: Option<String>,
    /// Each tenant, what is in force for it, and its overlay; without one it follows the base.
    pub tenants: Vec<(String, PolicyReference, Option<String>)>,
}

/// A policy under the name of a tenant, or `*`.
#[derive(Clone, Debug)]
pub struct TenantPolicy {
    /// The tenant.
    pub tenant_id: String,
    /// What comes into force.
    pub compiled: Compiled,
    /// The text; of a tenant, the overlay.
    pub source: Option<String>,
}

/// What a release puts into force.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The policy that was written.
    pub own: TenantPolicy,
    /// Of an overlay, the base that it lies over.
    pub base: Option<PolicyReference>,
    /// Of a base, what becomes of tenants' own policies.
    pub overlays: Vec<TenantPolicy>,
    /// The same in short, with what it takes the place of.
    pub carried: Vec<OverlayRelease>,
}

/// Why a text cannot be released.
#[derive(Debug)]
pub enum Refusal {
    /// It does not compile.
    Text(Vec<Diagnostic>),
    /// It compiles, and a tenant's overlay over it does not.
    Overlay(String, Vec<Diagnostic>),
    /// There is nothing to compile it over.
    Ground(Fault),
}

impl Refusal {
    /// The refusal as one fault, with the first diagnostic.
    #[must_use]
    pub fn fault(self) -> Fault {
        let first = |diagnostics: &[Diagnostic]| {
            diagnostics.first().map_or_else(String::new, |told| {
                let Diagnostic { file, line, column, message, help, .. } = told;
                format!("{file}:{line}:{column}: {message} (help: {help})")
            })
        };
        let rejected =
            |detail, help| Fault::new(ErrorCode::PolicyRejected, "/source", detail, help);
        match self {
            Self::Ground(fault) => fault,
            Self::Text(told) => {
                rejected(first(&told), "see every mistake with `POST /v1/policies/check`")
            }
            Self::Overlay(tenant_id, told) => rejected(
                format!("the overlay of the tenant `{tenant_id}` does not fit: {}", first(&told)),
                "mend it with the tenant's owner, or allow it under `may_loosen` of [overlays]",
            ),
        }
    }

    /// The refusal as text for a terminal.
    #[must_use]
    pub fn words(&self) -> String {
        let all = |told: &[Diagnostic]| {
            told.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        match self {
            Self::Text(told) => all(told),
            Self::Overlay(tenant_id, told) => {
                format!("the overlay of the tenant `{tenant_id}` does not fit:\n{}", all(told))
            }
            Self::Ground(fault) => fault.to_string(),
        }
    }
}

/// Compiles what is to come into force for a tenant, or for every one (`*`). A tenant without a text
/// goes back to the base.
///
/// # Errors
/// What the author, or the owner of a tenant's overlay, has to mend.
pub fn candidate(
    ground: Option<&Ground>,
    tenant_id: &str,
    text: Option<&str>,
    file: &str,
) -> Result<Candidate, Refusal> {
    if tenant_id == EVERY_TENANT {
        let Some(text) = text else {
            let help = "send `source`, the policy's text";
            let detail = "a base is not released without a text";
            return Err(Refusal::Ground(Fault::new(
                ErrorCode::PolicyRejected,
                "/source",
                detail,
                help,
            )));
        };
        return base(ground, text, file);
    }
    let Some(ground) = ground else {
        let detail = "no base is in force here";
        let help = "release the policy for every tenant first";
        return Err(Refusal::Ground(Fault::new(ErrorCode::InvalidState, "", detail, help)));
    };
    let compiled = match text {
        None => ground.base.clone(),
        Some(text) => {
            let Some(under) = &ground.source else {
                let detail = "the text of the base in force was not kept";
                let help = "release the base anew, so that overlays can be compiled over it";
                return Err(Refusal::Ground(Fault::new(ErrorCode::InvalidState, "", detail, help)));
            };
            let under = Source { text: under, file: "base.toml" };
            compile_overlay(under, Source { text, file }).map_err(Refusal::Text)?
        }
    };
    let own =
        TenantPolicy { tenant_id: tenant_id.to_owned(), compiled, source: text.map(str::to_owned) };
    let base = Some(ground.base.policy.reference().clone());
    Ok(Candidate { own, base, overlays: Vec::new(), carried: Vec::new() })
}

fn base(ground: Option<&Ground>, text: &str, file: &str) -> Result<Candidate, Refusal> {
    let compiled = compile(text, file).map_err(|diagnostics| match is_overlay_text(text) {
        true => Refusal::Ground(Fault::new(
            ErrorCode::PolicyRejected,
            "/tenant_id",
            "this is an overlay, and no tenant is named",
            "name the tenant that it is for",
        )),
        false => Refusal::Text(diagnostics),
    })?;
    let (mut overlays, mut carried) = (Vec::new(), Vec::new());
    for (tenant_id, replaces, overlay) in ground.iter().flat_map(|ground| &ground.tenants) {
        let compiled = match overlay {
            None => compiled.clone(),
            Some(overlay) => {
                let name = format!("{tenant_id}.toml");
                let over = Source { text: overlay, file: &name };
                compile_overlay(Source { text, file }, over)
                    .map_err(|told| Refusal::Overlay(tenant_id.clone(), told))?
            }
        };
        carried.push(OverlayRelease {
            tenant_id: tenant_id.clone(),
            policy: compiled.policy.reference().clone(),
            replaces: replaces.clone(),
        });
        let (tenant_id, source) = (tenant_id.clone(), overlay.clone());
        overlays.push(TenantPolicy { tenant_id, compiled, source });
    }
    let (tenant_id, source) = (EVERY_TENANT.to_owned(), Some(text.to_owned()));
    let own = TenantPolicy { tenant_id, compiled, source };
    Ok(Candidate { own, base: None, overlays, carried })
}

impl Candidate {
    /// A policy for every tenant that carries no overlay along, and whose text is not kept.
    #[must_use]
    pub fn of(compiled: Compiled) -> Self {
        let (tenant_id, source) = (EVERY_TENANT.to_owned(), None);
        let own = TenantPolicy { tenant_id, compiled, source };
        Self { own, base: None, overlays: Vec::new(), carried: Vec::new() }
    }

    /// Refuses what was compiled over something that is not in force any more.
    ///
    /// # Errors
    /// `stale_version`.
    pub fn require_ground(&self, ground: Option<&Ground>) -> Result<(), Failure> {
        let holds = match &self.base {
            Some(base) => ground.is_some_and(|ground| ground.base.policy.reference() == base),
            None => {
                let tenants = ground.map(|ground| ground.tenants.as_slice()).unwrap_or_default();
                tenants.len() == self.carried.len()
                    && tenants.iter().zip(&self.overlays).zip(&self.carried).all(
                        |(((tenant_id, in_force, source), overlay), carried)| {
                            *tenant_id == carried.tenant_id
                                && *in_force == carried.replaces
                                && *source == overlay.source
                        },
                    )
            }
        };
        holds.then_some(()).ok_or_else(|| {
            Failure::Refused(Fault::new(
                ErrorCode::StaleVersion,
                "",
                "a policy that this one stands on or carries along has changed since",
                "propose it again, and look at what it changes now",
            ))
        })
    }
}
