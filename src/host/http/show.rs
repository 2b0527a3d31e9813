//! What a principal gets to see of a case, its history, and what they may do with it.

use schemars::JsonSchema;
use serde::Serialize;

use super::certificates::{Standing, standing};
use crate::audit::AuditEntry;
use crate::case::{Case, CaseState, Command, Event, Mark, Purpose, apply};
use crate::error::Fault;
use crate::host::store::audit::{Entity, entries_of};
use crate::host::store::inbox::Listed;
use crate::host::store::{Failure, Snapshot, identity, monitors, policies};
use crate::identity::{Actor, CaseOperation, Door, GrantRole, Principal, PrincipalKind, authorize};
use crate::json::Json;
use crate::limits::LEASE_DURATION_MS_MIN;
use crate::policy::TriggerKind;
use crate::read::Node;
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};

/// Characters of the question in a list.
const QUESTION_LENGTH_MAX: usize = 280;

/// The answer of every command.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CommandReply")]
pub(super) struct CaseOnly<'a> {
    pub(super) case: &'a Case,
}

/// One case with its history.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CaseReply")]
pub(super) struct CaseView {
    case: Case,
    history: Vec<HistoryEntry>,
    review: Review,
    /// Whether this risk level may answer by itself by now, where that takes certificates, and what one
    /// needs.
    certificates: Vec<Standing>,
    may: May,
    now: TimestampMs,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CaseHistoryEntry")]
pub(super) struct HistoryEntry {
    entry_id: Id,
    event: String,
    at: TimestampMs,
    actor: HistoryActor,
    data: Json,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct HistoryActor {
    principal_id: Id,
    name: String,
    kind: PrincipalKind,
    door: Door,
}

/// What the actor may do now.
#[derive(Serialize, JsonSchema)]
pub(super) struct May {
    claim: bool,
    decide: bool,
    /// Say what they would decide, where several reviewers are asked.
    vote: bool,
    undo: bool,
    /// Ask for a higher authority.
    escalate: bool,
    /// Assign, move, retime, merge, open again.
    direct: bool,
    why_not: Option<String>,
}

/// How far several reviewers are.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CaseReview")]
pub(super) struct Review {
    /// How many are asked.
    needed: i64,
    /// How many have said what they would decide.
    cast: usize,
    /// Whether they disagreed, so that one more decides alone.
    adjudicating: bool,
}

/// The case as the actor may see it.
pub(super) fn view(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    case: Case,
) -> Result<CaseView, Failure> {
    let entity = Entity { tenant_id: &case.tenant_id, kind: "case", id: &case.case_id };
    let staff = is_staff(actor, &case, snapshot.now);
    let entries = entries_of(snapshot, entity)?;
    let may = May::of(actor, &case, snapshot.now);
    let blind = is_blind(&case);
    let sender = apparent_sender(snapshot, &case)?;
    let history = entries.into_iter().map(|mut entry| {
        // What others think of it must not sway those who are still to say.
        let hidden = blind && matches!(entry.event.as_str(), "vote_recorded" | "work_saved");
        if let Some(sender) = sender.as_ref().filter(|_| entry.event == "case_created") {
            entry.actor.principal_id = sender.principal_id.clone();
            entry.actor.name.clone_from(&sender.name);
            (entry.actor.kind, entry.actor.door) = (sender.kind, Door::Api);
        }
        HistoryEntry::of(entry, staff && !hidden)
    });
    let review = Review {
        needed: case.reviewers_needed,
        cast: case.votes.len(),
        adjudicating: case.adjudicating,
    };
    let history = history.collect();
    let policy = policies::of_tenant(snapshot, &case.tenant_id)?;
    let policy = monitors::cautious(snapshot, policy, &case.tenant_id)?;
    let certificates = standing(&policy, case.risk_level, snapshot.now);
    Ok(CaseView { case: shown(case, staff), history, review, certificates, may, now: snapshot.now })
}

/// While several reviewers are still to say what they think, nobody reads what another said.
fn is_blind(case: &Case) -> bool {
    case.takes_votes() && case.state.is_open()
}

/// The case as the actor may see it, alone.
pub(super) fn shown_to(actor: &Actor, case: Case, now: TimestampMs) -> Case {
    let staff = is_staff(actor, &case, now);
    shown(case, staff)
}

/// Who sent a case gets the answer once it is released, and neither drafts nor remarks before.
fn shown(case: Case, staff: bool) -> Case {
    let case = blinded(case);
    let votes = if is_blind(&case) || !staff { Vec::new() } else { case.votes.clone() };
    if staff {
        // Who is told of nothing may be a sample.
        let notices = if case.state.is_terminal() { case.notices.clone() } else { Vec::new() };
        return Case { votes, notices, ..case };
    }
    let decision = case.decision.filter(|_| case.answer.is_some());
    Case { work: None, votes, decision, ..case }
}

/// Until nothing can change it any more, a random audit and a second review look like any case that
/// somebody sent: who knows that the user has the answer already judges it in another way.
fn blinded(case: Case) -> Case {
    if !hides_purpose(case.purpose, case.state) {
        return case;
    }
    let purpose = case.purpose;
    let primary = Case { purpose: Purpose::Primary, ..case };
    match purpose {
        // Who was excluded is who judged it first.
        Purpose::Second => Case { parent_case_id: None, excluded: Vec::new(), ..primary },
        _ => Case { claimed: None, differences: Vec::new(), ..primary },
    }
}

/// Whom the history of a second review names as its sender while it is to look like any case: who sent
/// the first one, and not the host.
fn apparent_sender(snapshot: &Snapshot<'_>, case: &Case) -> Result<Option<Principal>, Failure> {
    let is_hidden = hides_purpose(case.purpose, case.state) && case.purpose == Purpose::Second;
    if is_hidden { identity::principal(snapshot, &case.requested_by) } else { Ok(None) }
}

fn hides_purpose(purpose: Purpose, state: CaseState) -> bool {
    purpose.is_hidden() && !state.is_terminal()
}

fn is_staff(actor: &Actor, case: &Case, now: TimestampMs) -> bool {
    let roles = [GrantRole::Reviewer, GrantRole::Lead, GrantRole::Auditor];
    roles.iter().any(|role| actor.grants_of(*role, &case.tenant_id, now).next().is_some())
}

impl May {
    /// Asked of the same functions that decide when it is tried.
    fn of(actor: &Actor, case: &Case, now: TimestampMs) -> Self {
        let lease_duration_ms = LEASE_DURATION_MS_MIN;
        let epoch = case.epoch;
        let claim = try_out(actor, case, Command::Claim { lease_duration_ms }, now);
        // Deciding needs the holder's lease, as a sign of life does, and the right to decide.
        let holds =
            try_out(actor, case, Command::Heartbeat { epoch, lease_duration_ms }, now).is_ok();
        let judges = holds && authorize(actor, CaseOperation::Decide, case, now).is_ok();
        let (decide, vote) = (judges && !case.takes_votes(), judges && case.takes_votes());
        let open = case.state.is_open();
        let escalate = open && authorize(actor, CaseOperation::Escalate, case, now).is_ok();
        let direct = !matches!(case.state, CaseState::Withdrawn | CaseState::Expired)
            && authorize(actor, CaseOperation::Direct, case, now).is_ok();
        let undo = try_out(actor, case, Command::Undo, now).is_ok();
        let why_not =
            claim.as_ref().err().filter(|_| !judges && !undo).map(|fault| fault.detail.clone());
        Self { claim: claim.is_ok(), decide, vote, undo, escalate, direct, why_not }
    }
}

fn try_out(
    actor: &Actor,
    case: &Case,
    command: Command,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    let proof = authorize(actor, command.operation(), case, now)?;
    apply(case, command, &proof, now)
}

impl HistoryEntry {
    pub(super) fn of(entry: AuditEntry, staff: bool) -> Self {
        let data = match (entry.event.as_str(), entry.data) {
            // The thing itself stands beside its history.
            ("case_created" | "approval_requested" | "execution_prepared", _) => {
                Json::Object(std::collections::BTreeMap::new())
            }
            (_, data) if staff => data,
            _ => Json::Object(std::collections::BTreeMap::new()),
        };
        let actor = HistoryActor {
            principal_id: entry.actor.principal_id,
            name: entry.actor.name,
            kind: entry.actor.kind,
            door: entry.actor.door,
        };
        Self { entry_id: entry.entry_id, event: entry.event, at: entry.at, actor, data }
    }
}

/// A row of a list, as [`summary`] makes it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes what is made from the stored case without reading it")]
pub(super) struct CaseSummary {
    case_id: Id,
    tenant_id: Id,
    revision: i64,
    state: CaseState,
    epoch: i64,
    queue: String,
    priority: i64,
    risk_level: RiskLevel,
    language: Option<String>,
    domain: Option<String>,
    /// The first 280 characters.
    user_question: String,
    reason_for_escalation: String,
    created_at: TimestampMs,
    due_at: TimestampMs,
    leased_by: Option<Id>,
    leased_by_name: Option<String>,
    lease_until: Option<TimestampMs>,
    purpose: Purpose,
    /// To whom alone it is offered.
    assigned_to: Option<Id>,
    /// Since when its clocks stand still.
    paused_at: Option<TimestampMs>,
    /// Until when it is put off.
    deferred_until: Option<TimestampMs>,
    /// Since which revision the draft does not know what the user wrote.
    stale_since: Option<i64>,
    /// What is done on the way to its deadlines and after them.
    marks: Vec<Mark>,
    /// The probability.
    confidence: Option<f64>,
    trigger_kinds: Vec<TriggerKind>,
}

/// A row of a list, from the stored case.
pub(super) fn summary(listed: &Listed) -> Json {
    const AS_STORED: &[&str] = &[
        "case_id",
        "tenant_id",
        "revision",
        "state",
        "epoch",
        "queue",
        "priority",
        "risk_level",
        "language",
        "domain",
        "reason_for_escalation",
        "created_at",
        "due_at",
        "leased_by",
        "lease_until",
        "purpose",
        "assigned_to",
        "paused_at",
        "deferred_until",
        "stale_since",
        "marks",
    ];
    let mut row: std::collections::BTreeMap<String, Json> = AS_STORED
        .iter()
        .map(|name| ((*name).to_owned(), field(&listed.case, name).clone()))
        .collect();
    let mut put = |name: &str, value| row.insert(name.to_owned(), value);
    if let Json::String(question) = field(&listed.case, "user_question") {
        put("user_question", Json::String(question.chars().take(QUESTION_LENGTH_MAX).collect()));
    }
    let purpose = Purpose::read(Node::root(field(&listed.case, "purpose")));
    let state = CaseState::read(Node::root(field(&listed.case, "state")));
    if let (Ok(purpose), Ok(state)) = (purpose, state)
        && hides_purpose(purpose, state)
    {
        put("purpose", Json::String(Purpose::Primary.as_str().to_owned()));
    }
    put("confidence", field(field(&listed.case, "confidence"), "probability").clone());
    put("leased_by_name", listed.leased_by_name.clone().map_or(Json::Null, Json::String));
    put("trigger_kinds", Json::Array(trigger_kinds(&listed.case)));
    Json::Object(row)
}

fn trigger_kinds(case: &Json) -> Vec<Json> {
    let Json::Array(triggers) = field(case, "triggers") else { return Vec::new() };
    let mut kinds: Vec<Json> = Vec::new();
    for trigger in triggers {
        let kind = field(trigger, "kind");
        if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
    kinds
}

fn field<'a>(value: &'a Json, name: &str) -> &'a Json {
    match value {
        Json::Object(fields) => fields.get(name).unwrap_or(&Json::Null),
        _ => &Json::Null,
    }
}
