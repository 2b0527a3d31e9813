//! Who may do what to a case: a row a rule, through the one function that says so.

use countersign::identity::{CaseOperation, PrincipalStatus, authorize};

use crate::case::{case, reviewer, service};
use crate::support::{at, now};

fn check(
    what: &str,
    outcome: Result<(), &str>,
    told: Result<countersign::identity::Authorized, countersign::Fault>,
) {
    let told = told.map(|_| ()).map_err(|fault| fault.code.as_str());
    assert_eq!(told, outcome, "{what}");
}

#[test]
fn a_reviewer_needs_tenant_queue_authority_language_and_skill() {
    let case = case();
    let work =
        |actor: &countersign::identity::Actor| authorize(actor, CaseOperation::Work, &case, now());
    check("everything fits", Ok(()), work(&reviewer("ana")));
    let mut actor = reviewer("ana");
    actor.grants[0].tenants = vec!["another".to_owned()];
    check("a foreign tenant's case answers like an absent one", Err("not_found"), work(&actor));
    let mut actor = reviewer("ana");
    actor.grants[0].queues = vec!["triage".to_owned()];
    check("another queue's case answers like an absent one", Err("not_found"), work(&actor));
    let mut actor = reviewer("ana");
    actor.grants[0].level = 1;
    check("too low a level", Err("not_permitted"), work(&actor));
    let mut actor = reviewer("ana");
    actor.grants[0].domain = "legal".to_owned();
    check("another domain's level is no level here", Err("not_permitted"), work(&actor));
    let mut actor = reviewer("ana");
    actor.grants[0].until = Some(now());
    check("a grant that ended", Err("not_found"), work(&actor));
    let mut actor = reviewer("ana");
    actor.grants[0].from = at("2026-05-09T14:00:00.001Z");
    check("a grant that has not begun", Err("not_found"), work(&actor));
    let mut actor = reviewer("ana");
    actor.principal.languages = vec!["de".to_owned()];
    check("a language that they do not read", Err("not_permitted"), work(&actor));
    let mut actor = reviewer("ana");
    actor.principal.skills.clear();
    check("a skill that they do not have", Err("not_permitted"), work(&actor));
    let mut actor = reviewer("ana");
    actor.principal.status = PrincipalStatus::Suspended;
    check("suspended", Err("not_permitted"), work(&actor));
    let mut actor = reviewer("ana");
    actor.principal.kind = countersign::identity::PrincipalKind::Agent;
    check("a model does not review", Err("not_permitted"), work(&actor));
}

#[test]
fn nobody_decides_what_they_asked_for_by_any_account() {
    let mut case = case();
    let actor = reviewer("ana");
    case.requested_by = actor.principal.principal_id.clone();
    check(
        "the same principal",
        Err("self_approval"),
        authorize(&actor, CaseOperation::Decide, &case, now()),
    );
    let mut case = crate::case::case();
    case.requested_by_person = actor.principal.person_id.clone();
    check(
        "the same person by another account",
        Err("self_approval"),
        authorize(&actor, CaseOperation::Work, &case, now()),
    );
}

#[test]
fn a_caller_sees_and_withdraws_only_its_own() {
    let case = case();
    let own = service("shop");
    check("its own", Ok(()), authorize(&own, CaseOperation::Read, &case, now()));
    check("its own, taken back", Ok(()), authorize(&own, CaseOperation::Withdraw, &case, now()));
    let other = service("another");
    check("another's", Err("not_found"), authorize(&other, CaseOperation::Read, &case, now()));
    check(
        "another's, taken back",
        Err("not_found"),
        authorize(&other, CaseOperation::Withdraw, &case, now()),
    );
    check(
        "a caller does not decide",
        Err("self_approval"),
        authorize(&own, CaseOperation::Decide, &case, now()),
    );
    check(
        "only the scheduler lets time pass",
        Err("not_permitted"),
        authorize(&own, CaseOperation::PassTime, &case, now()),
    );
}

mod needs {
    //! A claim looks up what a reviewer may take; it must be what they are let take.

    use countersign::case::Case;
    use countersign::identity::{CaseOperation, Need, authorize, meets};
    use countersign::policy::Authority;
    use countersign::{Id, TimestampMs};
    use proptest::prelude::*;

    use crate::case::{case, lead, reviewer};
    use crate::support::now;

    const NAMES: &[&str] = &["billing", "legal", "any", "*"];
    const SKILLS: &[&str] = &["billing", "fraud", "tax"];
    const LANGUAGES: &[&str] = &["en", "pt", "pt-BR", "de"];

    fn some(names: &[&str], bits: usize) -> Vec<String> {
        let chosen = names.iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
        chosen.map(|(_, name)| (*name).to_owned()).collect()
    }

    proptest! {
        #[test]
        fn who_meets_a_need_is_who_may_work_on_its_cases(
            (skills, has, reads, language) in (0..8_usize, 0..8_usize, 0..16_usize, 0..5_usize),
            (domain, own_domain) in (0..3_usize, 0..3_usize),
            (level, own_level) in (0..4_i64, 0..4_i64),
            (queues, leads, ended) in (0..4_usize, any::<bool>(), any::<bool>()),
        ) {
            let mut actor = if leads { lead("ana") } else { reviewer("ana") };
            actor.principal.skills = some(SKILLS, has);
            actor.principal.languages = some(LANGUAGES, reads);
            let grant = &mut actor.grants[0];
            grant.queues = vec![if queues == 0 { "other" } else { NAMES[queues] }.to_owned()];
            grant.domain = NAMES[own_domain].to_owned();
            grant.level = own_level;
            grant.until = ended.then_some(TimestampMs::MIN);
            let case = Case {
                skills: some(SKILLS, skills),
                language: LANGUAGES.get(language).map(|tag| (*tag).to_owned()),
                authority: Authority { domain: NAMES[domain].to_owned(), level },
                queue: "billing".to_owned(),
                ..case()
            };
            let may = authorize(&actor, CaseOperation::Work, &case, now()).is_ok();
            prop_assert_eq!(meets(&actor, &Need::of(&case), now()), may);
            let assigned_to = Id::new("prin_bo");
            let other = Need { assigned_to, ..Need::of(&case) };
            prop_assert!(!meets(&actor, &other, now()));
        }
    }
}
