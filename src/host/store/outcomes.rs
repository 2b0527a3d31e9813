//! What people found of drafts: every reviewed request, and every random audit, judged or not.

use std::collections::BTreeMap;

use super::audit::text_list;
use super::random_audits::{self, AuditState, RandomAudit};
use super::sql::params;
use super::{Failure, Snapshot, cases, policies};
use crate::case::{Case, Purpose};
use crate::host::confidence::outcome::{Found, Outcome, Unjudged};
use crate::label::Label;
use crate::suppression::LOW_CONFIDENCE;
use crate::units::Id;
use crate::verdict::Disposition;

/// Stands among the rules of a request that its caller gave to people although no rule asked for it.
const SENT_BY_CALLER: &str = "sent_by_caller";

/// The outcomes of these tenants, `None` for all of them, in the order of their decisions.
///
/// # Errors
/// Where the store fails.
pub fn outcomes(
    snapshot: &Snapshot<'_>,
    tenants: Option<&[String]>,
) -> Result<Vec<Outcome>, Failure> {
    let mut gathered = Gathered::default();
    let select = "SELECT body FROM random_audits \
        WHERE ?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1)) ORDER BY audit_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query(params![tenants.map(text_list)])?;
    while let Some(row) = rows.next()? {
        gathered.audit(random_audits::read(&row.get::<_, String>(0)?)?);
    }
    let select = "SELECT body FROM cases WHERE state = 'resolved' \
        AND (?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))) \
        ORDER BY created_at, case_id";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let mut rows = statement.query(params![tenants.map(text_list)])?;
    while let Some(row) = rows.next()? {
        gathered.case(&cases::read(&row.get::<_, String>(0)?)?);
    }
    let mut decided_by: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut outcomes = gathered.outcomes;
    for outcome in &mut outcomes {
        let hash = &outcome.policy_hash;
        if !decided_by.contains_key(hash) {
            let policy = policies::find(snapshot, hash)?;
            let decisions = policy.map(|policy| policy.decision_hash().to_owned());
            decided_by.insert(hash.clone(), decisions);
        }
        outcome.decision_hash = decided_by.get(hash).cloned().flatten();
    }
    outcomes
        .sort_by(|left, right| (left.evaluated_at, &left.id).cmp(&(right.evaluated_at, &right.id)));
    Ok(outcomes)
}

/// Outcomes, and where the one of a request or of a case stands among them.
#[derive(Default)]
struct Gathered {
    outcomes: Vec<Outcome>,
    places: BTreeMap<String, usize>,
}

impl Gathered {
    fn audit(&mut self, audit: RandomAudit) {
        let tenant = audit.tenant_id.as_str();
        let named = match &audit.request_id {
            Some(request_id) => of_request(tenant, request_id),
            None => format!("{tenant}/audit/{}", audit.audit_id),
        };
        let place = self.outcomes.len();
        self.places.insert(named.clone(), place);
        if let Some(case_id) = &audit.case_id {
            self.places.insert(of_case(tenant, case_id), place);
        }
        let unjudged = match audit.state {
            AuditState::Wanted | AuditState::Open => Some(Unjudged::Open),
            AuditState::Lost => Some(Unjudged::Lost),
            AuditState::Judged => None,
        };
        self.outcomes.push(Outcome {
            conversation: named.clone(),
            id: named,
            disposition: audit.disposition,
            risk_level: audit.risk_level,
            signals: audit.signals,
            rules: rules(audit.trigger_ids),
            propensity: audit.propensity,
            evaluated_at: audit.evaluated_at,
            policy_hash: audit.policy_hash,
            decision_hash: None,
            found: Vec::new(),
            unjudged,
        });
    }

    fn case(&mut self, case: &Case) {
        let judges = [Purpose::Primary, Purpose::Audit, Purpose::Second, Purpose::Quality];
        let Some(decision) = case.decision.as_ref().filter(|_| judges.contains(&case.purpose))
        else {
            return;
        };
        let found = Found { reviewer: decision.decided_by.clone(), label: Label::of(decision) };
        let tenant = case.tenant_id.as_str();
        let own = of_case(tenant, &case.case_id);
        let named = case.request_id.as_ref().map(|id| of_request(tenant, id));
        let parent = case.parent_case_id.as_ref().map(|id| of_case(tenant, id));
        let known = [named.as_ref(), parent.as_ref(), Some(&own)];
        let place = known.into_iter().flatten().find_map(|name| self.places.get(name)).copied();
        let conversation =
            case.conversation_id.as_ref().map(|id| format!("{tenant}/conversation/{id}"));
        let place = place.unwrap_or_else(|| {
            let id = named.clone().unwrap_or_else(|| own.clone());
            self.places.insert(id.clone(), self.outcomes.len());
            self.outcomes.push(opened(case, id));
            self.outcomes.len() - 1
        });
        self.places.insert(own, place);
        if let Some(outcome) = self.outcomes.get_mut(place) {
            outcome.conversation = conversation.unwrap_or_else(|| outcome.conversation.clone());
            outcome.found.push(found);
        }
    }
}

/// What was given to people, whatever it was: its label was asked for with certainty.
fn opened(case: &Case, id: String) -> Outcome {
    let asked =
        |trigger: &&crate::verdict::FiredTrigger| trigger.disposition != Disposition::Answer;
    let fired = case.triggers.iter().filter(asked).map(|trigger| trigger.id.clone());
    let mut rules = rules(fired.collect());
    if !case.triggers.iter().any(|trigger| trigger.disposition == Disposition::Escalate) {
        rules.push(SENT_BY_CALLER.to_owned());
    }
    Outcome {
        conversation: id.clone(),
        id,
        disposition: Disposition::Escalate,
        risk_level: case.risk_level,
        signals: case.signals.clone(),
        rules,
        propensity: 1.0,
        evaluated_at: case.claimed.as_ref().map_or(case.created_at, |said| said.evaluated_at),
        policy_hash: case.policy.hash.clone(),
        decision_hash: None,
        found: Vec::new(),
        unjudged: None,
    }
}

/// The rules besides that of confidence.
fn rules(mut trigger_ids: Vec<String>) -> Vec<String> {
    trigger_ids.retain(|id| id != LOW_CONFIDENCE);
    trigger_ids
}

fn of_request(tenant: &str, request_id: &Id) -> String {
    format!("{tenant}/request/{request_id}")
}

fn of_case(tenant: &str, case_id: &Id) -> String {
    format!("{tenant}/case/{case_id}")
}
