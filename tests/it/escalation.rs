//! What becomes of a request that is sent as a case: the host's word, the caller's where it is the
//! more cautious, and always a place.

use countersign::case::{Case, Escalation};
use countersign::compile::DEFAULT_POLICY;
use countersign::{Id, Policy};

use crate::case::service;
use crate::support::{at, compile_text, default_policy, json, now};

const SURE: &str = r#""version":1,"tenant_id":"t","user_question":"q","model_draft":"d","risk_level":"low",
    "signals":{"retrieval_score":0.9,"rerank_margin":0.3,"answer_groundedness":0.95,"tool_success":1}"#;

fn open(fields: &str, in_force: &Policy, claimed: Option<&Policy>) -> Case {
    let escalation = Escalation::read(&json(&format!("{{{SURE}{fields}}}")), now()).unwrap();
    let verdict = escalation.judge(in_force, claimed, now());
    let case_id = Id::new("case_1").unwrap();
    escalation.open(case_id, &service("shop"), in_force, verdict, now()).unwrap()
}

#[test]
fn a_case_that_the_host_would_answer_gets_a_place_all_the_same() {
    let case = open("", default_policy(), None);
    assert_eq!((case.queue.as_str(), case.state.as_str()), ("triage", "ready"));
    let case = open(r#","reason_for_escalation":"the caller is unsure""#, default_policy(), None);
    assert_eq!(case.reason_for_escalation, "the caller says: the caller is unsure");
}

#[test]
fn a_claimed_deadline_may_shorten_and_never_lengthen() {
    let check = |deadline: &str, expected: &str| {
        let fields =
            format!(r#","domain":"billing","asks_for_person":true,"sla_deadline":"{deadline}""#);
        let case = open(&fields, default_policy(), None);
        assert_eq!((case.due_at, case.sla_deadline), (at(expected), at(expected)), "{deadline}");
    };
    // Asked for a person: one hour from 14:00.
    check("2026-05-09T14:20:00Z", "2026-05-09T14:20:00Z");
    check("2026-05-09T15:00:00Z", "2026-05-09T15:00:00Z");
    check("2026-05-11T00:00:00Z", "2026-05-09T15:00:00Z");
}

#[test]
fn what_the_edge_said_otherwise_is_recorded() {
    let claim = |disposition: &str, hash: &str| {
        format!(
            r#","judge_score":0.1,"claimed":{{"disposition":"{disposition}","policy_hash":"{hash}",
                "digest":"sha256:0","evaluated_at":"2026-05-09T13:59:59Z"}}"#
        )
    };
    let hash = &default_policy().reference().hash;
    assert!(open(&claim("escalate", hash), default_policy(), None).differences.is_empty());
    let case = open(&claim("answer", hash), default_policy(), None);
    assert_eq!(case.differences, ["the edge said `answer`, the host says `escalate`"]);
    let case = open(&claim("escalate", "sha256:other"), default_policy(), None);
    assert_eq!(case.differences, ["the edge used another policy than the one in force"]);
}

#[test]
fn of_two_policies_the_more_cautious_decides_whichever_is_in_force() {
    let stricter =
        compile_text(&DEFAULT_POLICY.replacen("answer = 0.60", "answer = 0.99", 1)).policy;
    let riskier = DEFAULT_POLICY.replacen(
        "when = 'facts.vulnerable_user'",
        "when = 'evidence.count == 0'",
        1,
    );
    let riskier = riskier.replacen(
        "[[fact]]\n",
        "[[fact]]\npath = \"evidence.count\"\ntype = \"int\"\n\n[[fact]]\n",
        1,
    );
    let riskier = compile_text(&riskier).policy;
    let default = default_policy();
    for (in_force, claimed) in [(default, &riskier), (&riskier, default)] {
        let case = open("", in_force, Some(claimed));
        assert_eq!(case.risk_level.as_str(), "high");
        assert_eq!(case.policy, *in_force.reference());
        assert!(case.triggers.iter().any(|trigger| trigger.id == "vulnerable_user"));
    }
    for (in_force, claimed) in [(default, &stricter), (&stricter, default)] {
        let case = open("", in_force, Some(claimed));
        assert!(
            case.triggers.iter().any(|trigger| trigger.id == "low_confidence"),
            "{:?}",
            case.triggers
        );
    }
}
