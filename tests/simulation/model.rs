//! What should happen, said once more and otherwise: who may do what to a case, a proposal or an
//! execution, and where it stands then. Written from the tables of states, not from the code.

use std::collections::BTreeSet;

use countersign::case::Case;
use countersign::execution::{Execution, Guarantee};
use countersign::identity::{GrantRole, PrincipalKind};
use countersign::policy::Authority;
use countersign::proposal::{Proposal, Requirement};
use countersign::tool::GateVerdict;

use crate::site::{Person, Right};

impl Person {
    pub(crate) fn is(&self, person: &str) -> bool {
        self.human() == person
    }

    /// Who counts once.
    pub(crate) fn human(&self) -> &'static str {
        self.person.unwrap_or(self.name)
    }

    fn rights<'a>(
        &'a self,
        role: GrantRole,
        tenant: &'a str,
        now_ms: i64,
    ) -> impl Iterator<Item = &'a Right> {
        self.rights.iter().filter(move |right| {
            right.role == role
                && (right.tenant == "*" || right.tenant == tenant)
                && right.until_ms.is_none_or(|until| now_ms < until)
        })
    }

    pub(crate) fn has(&self, role: GrantRole, tenant: &str, now_ms: i64) -> bool {
        self.is_active && self.rights(role, tenant, now_ms).next().is_some()
    }

    /// Of what is needed, what this person's rights reach.
    pub(crate) fn reaches(
        &self,
        needed: &[Authority],
        tenant: &str,
        now_ms: i64,
    ) -> Vec<Authority> {
        let fits = |right: &Right, needed: &Authority| {
            let domain = [right.domain, needed.domain.as_str()].contains(&"any")
                || right.domain == needed.domain;
            domain && right.level >= needed.level
        };
        let reaches = |needed: &&Authority| {
            self.rights(GrantRole::Reviewer, tenant, now_ms).any(|right| fits(right, needed))
        };
        needed.iter().filter(reaches).cloned().collect()
    }

    /// They asked for it, or answer for who did.
    pub(crate) fn asked(&self, requested_by: &str, behind: Option<&str>) -> bool {
        self.name == requested_by || (self.person.is_some() && self.person == behind)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CaseModel {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) requested_by: String,
    pub(crate) behind: Option<String>,
    pub(crate) authority: Authority,
    pub(crate) queue: String,
    pub(crate) undo_ms: i64,
    pub(crate) state: &'static str,
    pub(crate) epoch: i64,
    pub(crate) holder: Option<&'static str>,
    pub(crate) lease_until_ms: i64,
    pub(crate) decider: Option<&'static str>,
    pub(crate) effective_ms: i64,
    pub(crate) work: Option<String>,
}

impl CaseModel {
    pub(crate) fn is_own(&self, person: &Person) -> bool {
        person.asked(&self.requested_by, self.behind.as_deref())
    }

    pub(crate) fn may_work(&self, person: &Person, now_ms: i64) -> bool {
        person.is_active
            && person.kind == PrincipalKind::Person
            && !self.is_own(person)
            && !person
                .reaches(std::slice::from_ref(&self.authority), &self.tenant, now_ms)
                .is_empty()
    }

    pub(crate) fn lease_is_over(&self, now_ms: i64) -> bool {
        self.lease_until_ms <= now_ms
    }

    pub(crate) fn holds(&self, person: &Person, epoch: i64, now_ms: i64) -> bool {
        self.state == "leased"
            && self.holder == Some(person.name)
            && self.epoch == epoch
            && !self.lease_is_over(now_ms)
    }

    pub(crate) fn claim(&mut self, person: &Person, lease_ms: i64, now_ms: i64) {
        // Taken from somebody, it is offered anew in between.
        self.epoch += if self.state == "leased" { 2 } else { 1 };
        self.state = "leased";
        self.holder = Some(person.name);
        self.lease_until_ms = now_ms + lease_ms;
    }

    pub(crate) fn go(&mut self, state: &'static str) {
        self.state = state;
        self.holder = None;
    }

    pub(crate) fn decide(&mut self, person: &Person, now_ms: i64) {
        self.decider = Some(person.name);
        self.effective_ms = now_ms + self.undo_ms;
        self.go(if self.undo_ms == 0 { "resolved" } else { "held" });
    }

    pub(crate) fn same(&self, case: &Case) -> Result<(), String> {
        let leased_by = case.leased_by.as_ref().map(countersign::Id::as_str);
        let until = case.lease_until.map(countersign::TimestampMs::as_ms);
        let decided_by = case.decision.as_ref().map(|decision| decision.decided_by.as_str());
        let fits = case.state.as_str() == self.state
            && case.epoch == self.epoch
            && leased_by == self.holder
            && until == self.holder.map(|_| self.lease_until_ms)
            && decided_by == self.decider
            && case.work.as_ref().and_then(|work| work.text.as_ref()) == self.work.as_ref()
            && case.answer.is_some() == (self.state == "resolved");
        let told = || format!("expected {self:?}, found {case:?}");
        if fits { Ok(()) } else { Err(told()) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Ballot {
    pub(crate) name: &'static str,
    pub(crate) human: &'static str,
    pub(crate) authorities: Vec<Authority>,
}

#[derive(Clone, Debug)]
pub(crate) struct ProposalModel {
    pub(crate) id: String,
    pub(crate) root: String,
    pub(crate) tenant: String,
    pub(crate) requested_by: String,
    pub(crate) behind: Option<String>,
    /// Who wrote what it now says, and may therefore not approve it.
    pub(crate) barred: BTreeSet<String>,
    pub(crate) required: Requirement,
    pub(crate) tools: Vec<String>,
    /// The actions in canonical form.
    pub(crate) text: String,
    /// The name of what its tools were, by the variant of the policy.
    pub(crate) renamed: bool,
    pub(crate) has_preview: bool,
    pub(crate) digest: String,
    pub(crate) state: &'static str,
    pub(crate) ballots: Vec<Ballot>,
    pub(crate) undo_ms: i64,
    pub(crate) expires_ms: i64,
    pub(crate) effective_ms: i64,
    pub(crate) stop_requested: bool,
    pub(crate) has_executors: bool,
}

pub(crate) const LIVE: &[&str] = &["previewing", "pending", "approved"];

impl ProposalModel {
    pub(crate) fn is_live(&self) -> bool {
        LIVE.contains(&self.state)
    }

    pub(crate) fn is_own(&self, person: &Person) -> bool {
        person.asked(&self.requested_by, self.behind.as_deref())
    }

    pub(crate) fn in_time(&self, now_ms: i64) -> bool {
        now_ms < self.expires_ms
    }

    pub(crate) fn is_effective(&self, now_ms: i64) -> bool {
        self.effective_ms <= now_ms
    }

    /// The authorities of somebody who may decide it at all.
    pub(crate) fn decides(&self, person: &Person, now_ms: i64) -> Option<Vec<Authority>> {
        if !person.is_active || person.kind != PrincipalKind::Person || self.is_own(person) {
            return None;
        }
        let needed = &self.required.authorities;
        if needed.is_empty() {
            return person.has(GrantRole::Reviewer, &self.tenant, now_ms).then(Vec::new);
        }
        let reached = person.reaches(needed, &self.tenant, now_ms);
        (!reached.is_empty()).then_some(reached)
    }

    pub(crate) fn may_approve(&self, person: &Person, digest: &str, now_ms: i64) -> bool {
        self.state == "pending"
            && self.in_time(now_ms)
            && digest == self.digest
            && self.decides(person, now_ms).is_some()
            && !self.barred.contains(person.human())
            && self.ballots.iter().all(|ballot| !person.is(ballot.human))
    }

    pub(crate) fn approve(&mut self, person: &Person, now_ms: i64) {
        let authorities = self.decides(person, now_ms).unwrap_or_default();
        let (name, human) = (person.name, person.human());
        self.ballots.push(Ballot { name, human, authorities });
        if suffice(&self.ballots, &self.required) {
            self.state = "approved";
            self.effective_ms = now_ms + self.undo_ms;
        }
    }

    pub(crate) fn same(&self, proposal: &Proposal) -> Result<(), String> {
        let voters: Vec<&str> =
            proposal.votes.iter().map(|vote| vote.by.principal_id.as_str()).collect();
        let ours: Vec<&str> = self.ballots.iter().map(|ballot| ballot.name).collect();
        let has_right = matches!(self.state, "approved" | "consumed");
        let told = || format!("expected {self:?}, found {proposal:?}");
        let fits = proposal.state.as_str() == self.state
            && voters == ours
            && proposal.binding_digest == self.digest
            && proposal.stop_requested_at.is_some() == self.stop_requested
            && (!has_right || proposal.authorization_id.is_some())
            && (!has_right
                || proposal.effective_at.is_some_and(|at| at.as_ms() == self.effective_ms));
        if fits { Ok(()) } else { Err(told()) }
    }
}

/// Of each authority, as many distinct people as the quorum.
pub(crate) fn suffice(ballots: &[Ballot], required: &Requirement) -> bool {
    let quorum = usize::try_from(required.quorum.max(1)).unwrap();
    let people = |ballots: &mut dyn Iterator<Item = &Ballot>| {
        ballots.map(|ballot| ballot.human).collect::<BTreeSet<_>>().len()
    };
    let of_each = required.authorities.iter().all(|needed| {
        people(&mut ballots.iter().filter(|ballot| ballot.authorities.contains(needed))) >= quorum
    });
    of_each && people(&mut ballots.iter()) >= quorum
}

pub(crate) fn needs_people(required: &Requirement) -> bool {
    required.verdict == GateVerdict::RequireApproval
}

#[derive(Clone, Debug)]
pub(crate) struct ExecutionModel {
    pub(crate) id: String,
    pub(crate) proposal: String,
    pub(crate) root: String,
    pub(crate) position: i64,
    pub(crate) key: String,
    pub(crate) guarantee: Guarantee,
    pub(crate) state: &'static str,
    pub(crate) attempts: usize,
    pub(crate) not_after_ms: i64,
    pub(crate) resend_until_ms: i64,
    pub(crate) stop_requested: bool,
}

impl ExecutionModel {
    pub(crate) fn is_settled(&self, now_ms: i64) -> bool {
        now_ms > self.not_after_ms
    }

    /// Whether it may be sent once more. What is known to be absent counts for the last request only.
    pub(crate) fn may_resend(&self, absent_after: Option<usize>, now_ms: i64) -> bool {
        !self.stop_requested
            && match self.guarantee {
                Guarantee::Idempotent => now_ms < self.resend_until_ms,
                Guarantee::Queryable => {
                    absent_after == Some(self.attempts) && self.is_settled(now_ms)
                }
                Guarantee::None => false,
            }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, "succeeded" | "failed" | "cancelled")
    }

    pub(crate) fn same(&self, execution: &Execution) -> Result<(), String> {
        let fits = execution.state.as_str() == self.state
            && execution.attempts.len() == self.attempts
            && execution.idempotency_key == self.key
            && execution.stop_requested_at.is_some() == self.stop_requested;
        let told = || format!("expected {self:?}, found {execution:?}");
        if fits { Ok(()) } else { Err(told()) }
    }
}
