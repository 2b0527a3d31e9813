//! Faults to plant, one at a time: in a copy of the sources `from`, which must be there exactly once,
//! becomes `to`, where `PLANTED` asks whether this one is switched on.

/// One fault.
pub(crate) struct Plant {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

const fn plant(
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Plant {
    Plant { name, file, from, to }
}

const CASE: &str = "src/case/apply/mod.rs";
const LEASE: &str = "src/case/apply/lease.rs";
const DECIDE: &str = "src/case/apply/decide.rs";
const FOLD: &str = "src/case/apply/fold.rs";
const PROPOSAL: &str = "src/proposal/apply.rs";
const EXECUTION: &str = "src/execution/apply.rs";
const RIGHTS: &str = "src/identity/mod.rs";
const CASE_RIGHTS: &str = "src/identity/cases.rs";
const PROPOSAL_RIGHTS: &str = "src/identity/proposals.rs";
const PROPOSE: &str = "src/host/propose.rs";
const CARRY: &str = "src/host/executor/carry.rs";

/// Faults that chance meets too seldom to demand that a minute finds them: the long form tries them
/// and tells which were found.
pub(crate) const SELDOM: &[&str] = &[
    "case_anybody_undoes",
    "start_tools_unchecked",
    "execution_absence_not_settled",
    "execution_reconciled_early",
    "execution_answer_of_another",
    "execution_old_refusal_counts",
    "execution_old_absence_counts",
    "execution_plan_goes_on",
    "store_proposal_rows_unchecked",
    "case_mark_fires_again",
    "case_mark_fires_early",
    "case_decided_unseen",
    "case_put_off_past_its_deadline",
    "case_anybody_leads",
];

#[rustfmt::skip]
pub(crate) const PLANTS: &[Plant] = &[
    // Cases: leases, and who holds them.
    plant("case_epoch_unchecked", LEASE, "&& case.epoch == epoch", "&& (PLANTED || case.epoch == epoch)"),
    plant("case_lease_outlived", LEASE, "        && !is_over(case, now);", "        && (PLANTED || !is_over(case, now));"),
    plant("case_anybody_holds", LEASE, "let holds = case.leased_by", "let holds = PLANTED && case.epoch == epoch || case.leased_by"),
    plant("case_live_lease_claimed", CASE, "(Leased, Command::Claim { lease_duration_ms }) if lease::is_over(case, now)", "(Leased, Command::Claim { lease_duration_ms }) if PLANTED || lease::is_over(case, now)"),
    plant("case_live_lease_reaped", CASE, "(Leased, Command::Timeout) if lease::is_over(case, now)", "(Leased, Command::Timeout) if PLANTED || lease::is_over(case, now)"),
    plant("case_lease_one_millisecond_longer", LEASE, "case.lease_until.is_none_or(|until| until <= now)", "case.lease_until.is_none_or(|until| until < now || !PLANTED && until == now)"),
    plant("case_reaper_keeps_epoch", LEASE, "const fn timeout(case: &Case) -> Event {\n    released(case.epoch + 1,", "fn timeout(case: &Case) -> Event {\n    released(case.epoch + i64::from(!PLANTED),"),
    plant("case_reaper_resolves", CASE, "Ok(vec![lease::timeout(case)])", "Ok(vec![if PLANTED { Event::AnswerReleased { released_at: now } } else { lease::timeout(case) }])"),
    plant("case_released_early", CASE, "(Held, Command::Finalize { depends }) if decide::is_effective(case, now)", "(Held, Command::Finalize { depends }) if PLANTED || decide::is_effective(case, now)"),
    plant("case_undone_late", DECIDE, "    if is_effective(case, now) {\n        return Err(refusal(CaseState::Resolved", "    if !PLANTED && is_effective(case, now) {\n        return Err(refusal(CaseState::Resolved"),
    plant("case_anybody_undoes", DECIDE, "if decider != Some(", "if !PLANTED && decider != Some("),
    plant("case_withdrawn_after_the_end", CASE, "(state, Command::Withdraw { reason }) if !state.is_terminal()", "(state, Command::Withdraw { reason }) if PLANTED || !state.is_terminal()"),
    plant("case_undone_keeps_decision", FOLD, "self.decision.take().map(", "if PLANTED { self.decision.clone() } else { self.decision.take() }.map("),
    plant("case_work_of_another_lost", FOLD, "                self.go(CaseState::Ready);\n                self.epoch = *epoch;\n            }\n            Event::CaseRerouted", "                self.go(CaseState::Ready);\n                if PLANTED { self.work = None; }\n                self.epoch = *epoch;\n            }\n            Event::CaseRerouted"),

    plant("case_decided_unseen", DECIDE, "None if case.stale_since.is_some() => {", "None if !PLANTED && case.stale_since.is_some() => {"),
    plant("case_put_off_past_its_deadline", "src/case/apply/wait.rs", "until > case.due_at", "!PLANTED && until > case.due_at"),
    plant("case_anybody_leads", CASE_RIGHTS, "leads.any(covers).then_some(())", "(PLANTED || leads.any(covers)).then_some(())"),
    plant("case_mark_fires_again", "src/case/timing.rs", "mark.fired_at.is_none() && !moot", "(PLANTED || mark.fired_at.is_none()) && !moot"),
    plant("case_mark_fires_early", "src/host/work.rs", "filter(|mark| mark.at <= tx.now)", "filter(|mark| PLANTED || mark.at <= tx.now)"),

    // Who may do what.
    plant("sender_reviews_own_case", CASE_RIGHTS, "    if !is_own(actor, case) {\n        return Ok(());", "    if PLANTED || !is_own(actor, case) {\n        return Ok(());"),
    plant("model_decides_case", CASE_RIGHTS, "    if actor.principal.kind != PrincipalKind::Person {\n        return Err(denied(\"only a person decides a case\"", "    if !PLANTED && actor.principal.kind != PrincipalKind::Person {\n        return Err(denied(\"only a person decides a case\""),
    plant("suspended_reviews_case", CASE_RIGHTS, "if actor.principal.status != PrincipalStatus::Active {", "if !PLANTED && actor.principal.status != PrincipalStatus::Active {"),
    plant("two_accounts_two_people", RIGHTS, "|| (person.is_some() && person == person_id)", "|| (!PLANTED && person.is_some() && person == person_id)"),
    plant("grant_never_ends", RIGHTS, "self.from <= now && self.until.is_none_or(|until| now < until)", "self.from <= now && (PLANTED || self.until.is_none_or(|until| now < until))"),
    plant("grant_for_any_domain", RIGHTS, "domain && self.level", "(PLANTED || domain) && self.level"),
    plant("grant_of_any_level", RIGHTS, "self.level >= authority.level", "(PLANTED || self.level >= authority.level)"),
    plant("model_decides_action", PROPOSAL_RIGHTS, "if actor.principal.kind != PrincipalKind::Person {", "if !PLANTED && actor.principal.kind != PrincipalKind::Person {"),
    plant("requester_votes", PROPOSAL_RIGHTS, "    if is_own(actor, proposal) {", "    if !PLANTED && is_own(actor, proposal) {"),

    // Proposals: votes, quorum, what exactly is approved.
    plant("proposal_any_digest_approved", PROPOSAL, "if binding_digest != proposal.binding_digest {", "if !PLANTED && binding_digest != proposal.binding_digest {"),
    plant("proposal_author_votes", PROPOSAL, "    if wrote {", "    if !PLANTED && wrote {"),
    plant("proposal_person_votes_twice", PROPOSAL, "if proposal.votes.iter().any(|earlier| earlier.person() == person) {", "if !PLANTED && proposal.votes.iter().any(|earlier| earlier.person() == person) {"),
    plant("proposal_person_is_account", "src/proposal/record.rs", "self.by.person_id.as_ref().unwrap_or(&self.by.principal_id)", "self.by.person_id.as_ref().filter(|_| !PLANTED).unwrap_or(&self.by.principal_id)"),
    plant("proposal_approved_after_expiry", PROPOSAL, "            in_time(proposal, now)?;\n            let vote", "            if !PLANTED { in_time(proposal, now)?; }\n            let vote"),
    plant("proposal_undone_late", PROPOSAL, "    if is_effective(proposal, now) {\n        return", "    if !PLANTED && is_effective(proposal, now) {\n        return"),
    plant("proposal_undo_keeps_vote", PROPOSAL, "self.votes.retain(|vote| vote.person() != person_id);", "self.votes.retain(|vote| PLANTED || vote.person() != person_id);"),
    plant("proposal_started_early", PROPOSAL, "(State::Approved, Command::Start) if is_effective(proposal, now)", "(State::Approved, Command::Start) if PLANTED || is_effective(proposal, now)"),
    plant("proposal_expires_early", PROPOSAL, "if state.is_live() && now >= proposal.expires_at", "if state.is_live() && (PLANTED || now >= proposal.expires_at)"),
    plant("proposal_authorization_reused", PROPOSAL, "Event::ApprovalConsumed { .. } => self.state = ProposalState::Consumed,", "Event::ApprovalConsumed { .. } => if !PLANTED { self.state = ProposalState::Consumed },"),
    plant("proposal_one_is_quorum", "src/proposal/record.rs", "unwrap_or(usize::MAX).max(1);", "unwrap_or(usize::MAX).max(1).min(if PLANTED { 1 } else { usize::MAX });"),
    plant("proposal_editor_always_counts", "src/proposal/open.rs", "tier < RiskLevel::High && moves", "PLANTED || tier < RiskLevel::High && moves"),
    plant("proposal_digest_without_expiry", "src/proposal/binding.rs", "text(&proposal.expires_at.to_string())", "text(&if PLANTED { String::new() } else { proposal.expires_at.to_string() })"),
    plant("proposal_digest_without_actions", "src/proposal/binding.rs", "text(&proposal.required.action_digest)", "text(if PLANTED { \"\" } else { &proposal.required.action_digest })"),
    plant("proposal_edit_leaves_the_earlier", PROPOSE, "    approvals::perform(tx, actor, earlier, proposal::Command::Supersede { successor_id })?;", "    if !PLANTED { approvals::perform(tx, actor, earlier, proposal::Command::Supersede { successor_id })?; }"),

    // What is checked again before it is done.
    plant("start_digest_unchecked", PROPOSE, "if binding::digest(proposal, instance_id) != proposal.binding_digest {", "if !PLANTED && binding::digest(proposal, instance_id) != proposal.binding_digest {"),
    plant("start_denied_all_the_same", PROPOSE, "if required.verdict == GateVerdict::Deny {", "if !PLANTED && required.verdict == GateVerdict::Deny {"),
    plant("start_tools_unchecked", PROPOSE, "if judged.tools_digest != proposal.tools_digest ||", "if !PLANTED && judged.tools_digest != proposal.tools_digest ||"),
    plant("start_rights_unchecked", PROPOSE, "let votes = store::identity::rights_now(snapshot, proposal, required)?;", "let votes = if PLANTED { proposal.votes.clone() } else { store::identity::rights_now(snapshot, proposal, required)? };"),
    plant("start_policy_unchecked", PROPOSE, "let needed = [Some(&required),", "let needed = [Some(&required).filter(|_| !PLANTED),"),

    // Executions: one effect, and nothing said that is not known.
    plant("execution_without_promise_resent", EXECUTION, "Guarantee::None => fault(", "Guarantee::None if PLANTED => Ok(()),\n        Guarantee::None => fault("),
    plant("execution_resent_after_key", EXECUTION, "Guarantee::Idempotent if kept => Ok(()),", "Guarantee::Idempotent if PLANTED || kept => Ok(()),"),
    plant("execution_absence_not_settled", EXECUTION, "Guarantee::Queryable if is_absent => settled(execution, now),", "Guarantee::Queryable if is_absent => if PLANTED { Ok(()) } else { settled(execution, now) },"),
    plant("execution_resent_after_stop", EXECUTION, "    if execution.stop_requested_at.is_some() {", "    if !PLANTED && execution.stop_requested_at.is_some() {"),
    plant("execution_reconciled_early", EXECUTION, "            settled(execution, now)?;\n", "            if !PLANTED { settled(execution, now)?; }\n"),
    plant("execution_new_key_each_time", EXECUTION, "self.attempts.push(attempt.clone());", "self.attempts.push(attempt.clone());\n                if PLANTED && self.attempts.len() > 1 { self.idempotency_key.push('x'); }"),
    plant("execution_unknown_is_failed", EXECUTION, "                self.state = ExecutionState::Unknown;", "                self.state = if PLANTED { ExecutionState::Failed } else { ExecutionState::Unknown };"),
    plant("execution_answer_of_another", "src/host/executor/messages.rs", "let fits = found == wanted;", "let fits = PLANTED || found == wanted;"),
    plant("execution_failure_is_an_answer", "src/host/executor/messages.rs", "if answer.status >= 500 ||", "if !PLANTED && answer.status >= 500 ||"),
    plant("execution_old_refusal_counts", CARRY, "if !is_last(&execution, seen) && !matches!", "if !PLANTED && !is_last(&execution, seen) && !matches!"),
    plant("execution_old_absence_counts", CARRY, "if is_absent && !is_last(&execution, seen) {", "if !PLANTED && is_absent && !is_last(&execution, seen) {"),
    plant("execution_plan_goes_on", CARRY, "    stop_plan(tx, &by, &proposal, \"an earlier step did not succeed\")?;", "    if !PLANTED { stop_plan(tx, &by, &proposal, \"an earlier step did not succeed\")?; }"),
    plant("execution_given_up_alive", CARRY, "let overdue = execution.last_attempt()", "let overdue = PLANTED || execution.last_attempt()"),
    plant("execution_sent_after_expiry", CARRY, "tx.now >= proposal.expires_at)", "!PLANTED && tx.now >= proposal.expires_at)"),
    plant("execution_steps_out_of_order", "src/host/store/executions.rs", "    let mut statement = snapshot.connection.prepare_cached(select)?;\n    let rows =\n", "    let select = &if PLANTED { select.replace(\"b.position < e.position\", \"b.position > e.position\") } else { select.to_owned() };\n    let mut statement = snapshot.connection.prepare_cached(select)?;\n    let rows =\n"),

    // The store: nothing half, nothing twice, nothing forgotten.
    plant("store_case_stale_write", "src/host/store/cases.rs", "WHERE tenant_id = ?1 AND case_id = ?2 AND revision = ?3\";", "WHERE tenant_id = ?1 AND case_id = ?2 AND revision = ?3\";\n    let update = &if PLANTED { update.replace(\"AND revision = ?3\", \"AND ?3 >= 0\") } else { update.to_owned() };"),
    plant("store_case_rows_unchecked", "src/host/store/cases.rs", "        _ => Err(Failure::Refused(stale())),", "        _ if PLANTED => Ok(()),\n        _ => Err(Failure::Refused(stale())),"),
    plant("store_proposal_rows_unchecked", "src/host/store/proposals.rs", "    if changed != 1 {\n        return Err(Failure::Refused(crate::proposal::Edit::stale()));", "    if !PLANTED && changed != 1 {\n        return Err(Failure::Refused(crate::proposal::Edit::stale()));"),
    plant("store_audit_entry_forgotten", "src/host/store/moves.rs", "fn record(tx: &Tx<'_>, case: &Case, event: &Event, proof: &Authorized) -> Result<(), Failure> {", "fn record(tx: &Tx<'_>, case: &Case, event: &Event, proof: &Authorized) -> Result<(), Failure> {\n    if PLANTED && event.name() == \"work_saved\" { return Ok(()); }"),
    plant("store_event_forgotten", "src/host/store/events.rs", "    let next = \"INSERT INTO event_sequences", "    if PLANTED && name == \"case_released\" { return Ok(()); }\n    let next = \"INSERT INTO event_sequences"),
    plant("store_idempotency_row_forgotten", "src/host/http/write.rs", "            if let Some(key) = &key {\n", "            if let Some(key) = key.as_ref().filter(|_| !PLANTED) {\n"),
    plant("store_key_for_any_body", "src/host/store/idempotency.rs", "Some((digest, _)) if digest != key.body_digest", "Some((digest, _)) if !PLANTED && digest != key.body_digest"),
    plant("store_refused_job_kept", "src/host/store/writer.rs", "\"ROLLBACK TO job; RELEASE job\"", "if PLANTED { \"RELEASE job\" } else { \"ROLLBACK TO job; RELEASE job\" }"),
    plant("store_commit_now_and_then", "src/host/store/writer.rs", "connection.execute_batch(\"COMMIT\")?;", "connection.execute_batch(if PLANTED && now.as_ms() % 97 == 1 { \"ROLLBACK\" } else { \"COMMIT\" })?;"),
    plant("store_time_goes_back", "src/host/store/writer.rs", "stored.and_then(TimestampMs::new).unwrap_or(TimestampMs::MIN)", "stored.and_then(TimestampMs::new).filter(|_| !PLANTED).unwrap_or(TimestampMs::MIN)"),
    plant("store_order_of_queue", "src/host/store/next.rs", "        (-self.priority, self.turn, self.due_at, self.created_at, &self.case_id)", "        (-self.priority, self.turn, if PLANTED { -self.due_at } else { self.due_at }, self.created_at, &self.case_id)"),
    plant("store_lease_never_reaped", "src/host/store/cases.rs", "    let rows = statement.query_map(params![snapshot.now.as_ms(), limit], |row| {", "    let select = &if PLANTED { select.replace(\"next_at <= ?1\", \"next_at < ?1 - 60000\") } else { select.to_owned() };\n    let mut statement = snapshot.connection.prepare_cached(select)?;\n    let rows = statement.query_map(params![snapshot.now.as_ms(), limit], |row| {"),
    plant("store_policy_remembered", "src/host/store/policies.rs", "known.get(hash).cloned()", "if PLANTED { known.values().next().cloned() } else { known.get(hash).cloned() }"),

    // Releases of policies.
    plant("release_confirmed_by_proposer", "src/release.rs", "        if self.is_by(actor) {", "        if !PLANTED && self.is_by(actor) {"),
    plant("release_confirmed_twice", "src/release.rs", "if self.state != ReleaseState::Pending {", "if !PLANTED && self.state != ReleaseState::Pending {"),
    plant("release_over_another", "src/release.rs", "if self.replaces.hash != in_force.hash {", "if !PLANTED && self.replaces.hash != in_force.hash {"),
    plant("release_of_other_changes", "src/release.rs", "if self.changes_hash != changes_hash {", "if !PLANTED && self.changes_hash != changes_hash {"),
];
