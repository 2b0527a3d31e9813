//! What can never happen: an overlay that is taken, and a request or an action that comes out less
//! cautious than in its base.
//!
//! Overlays are put together by chance from parts that tighten, loosen, or may do either; those that
//! are refused say nothing here. `COUNTERSIGN_OVERLAYS` says how many, `COUNTERSIGN_SEED` which.

use countersign::case::MarkAction;
use countersign::compile::{DEFAULT_POLICY, Source, compile, compile_overlay};
use countersign::gate::{Context, Gate};
use countersign::policy::Authority;
use countersign::read::Node;
use countersign::request::Action;
use countersign::work::WorkPolicy;
use countersign::{Policy, Request, TimestampMs, Verdict, classify, evaluate};

use crate::chance::Chance;
use crate::support::{at, json, now};

const REQUESTS: usize = 120;
const DOMAINS: [&str; 8] =
    ["billing", "legal", "security", "safety", "medical", "general", "financial", "other"];
const KINDS: [&str; 6] = [
    "low_confidence",
    "high_stakes",
    "policy_boundary",
    "tool_risk",
    "user_escalation",
    "quality_failure",
];
const TOOLS: [&str; 16] = [
    "kb.search",
    "data.export",
    "mail.send",
    "billing.refund",
    "issue_refund",
    "billing.write_off",
    "payouts.adjust",
    "account.delete",
    "admin.grant",
    "config.update",
    "orders.get",
    "nobody.knows",
    "delete_everything",
    "get_rows",
    "appointments.cancel",
    "account.lock",
];

const QUEUES: &str = r#"[[queue]]
queue = "calm"
title = "Calm"
sla = "3 d"
authority = { domain = "any", level = 1 }
accepts = { risk_level_min = "high", domains = ["general", "other"] }
reviewers = 2
steps = [{ at = 100, then = "escalate" }]

[[queue]]
queue = "swift"
title = "Swift"
sla = "10 min"
sla_min = "5 min"
authority = { domain = "any", level = 3 }
accepts = { risk_level_max = "medium", domains = ["general"] }
steps = [{ at = 100, then = "escalate" }, { at = 400, then = "expire", template = "tool_back_soon" }]"#;

/// The default policy, and two that make it hard: rules and queues that go against the order of
/// risk, so that one more rule sends a case to people who have more time.
fn bases() -> Vec<String> {
    let mut contrary = DEFAULT_POLICY.replace("sla = \"4 h\"\nwhy", "why");
    contrary.push_str(
        r#"
[[fact]]
path = "action.tier"
type = "string"

[[trigger]]
id = "only_if_asked"
kind = "tool_risk"
when = 'actions.verdict == "require_approval"'
then = "escalate"
sla = "20 min"
why = "asked"

[[suppress]]
id = "low_tier"
when = 'actions.tier == "low" && confidence < 0.5'
cancels = ["judge_not_content", "user_not_content"]
then = "limited_answer"
why = "low"

[[impact]]
id = "medium_only"
when = 'action.tier == "medium" && action.count > 3'
then = "deny"
why = "medium"
"#,
    );
    let contrary = contrary.replace(
        "[[queue]]\nqueue = \"triage\"",
        &format!("{QUEUES}\n[[queue]]\nqueue = \"triage\""),
    );
    let amounts = format!(
        "{DEFAULT_POLICY}\n[[trigger]]\nid = \"much\"\nkind = \"tool_risk\"\n\
         when = 'actions.amount > money(\"100 USD\")'\nthen = \"escalate\"\nrisk_level = \"critical\"\nwhy = \"much\"\n"
    );
    vec![DEFAULT_POLICY.to_owned(), contrary, amounts]
}

/// A part of an overlay.
fn part(chance: &mut Chance, index: usize) -> String {
    let risks = ["low", "medium", "high", "critical"];
    let risk = chance.one(&risks);
    let slas = ["5 min", "15 min", "30 min", "1 h", "2 h", "4 h", "1 d", "3 d"];
    let sla = chance.one(&slas);
    let level = chance.below(5);
    let domain = chance.one(&DOMAINS);
    let tool = chance.one(&TOOLS);
    let then = chance.one(&["answer", "limited_answer", "escalate", "refuse"]);
    let verdict = chance.one(&["allow", "require_approval", "deny"]);
    let quorum = 1 + chance.below(3);
    match chance.below(16) {
        0 | 1 => {
            let mut text = format!(
                "[[trigger]]\nid = \"t{index}\"\nkind = \"{}\"\nwhen = 'request.domain == \"{domain}\" || facts.customer_tier == \"pro\"'\nthen = \"{then}\"\nwhy = \"x\"\n",
                chance.one(&KINDS)
            );
            let fields = [
                format!("risk_level = \"{risk}\"\n"),
                format!("sla = \"{sla}\"\n"),
                format!("authority_level_min = {level}\n"),
                "final = true\n".to_owned(),
            ];
            for (place, field) in fields.iter().enumerate() {
                if chance.below(if place == 3 { 6 } else { 2 }) == 0 {
                    text.push_str(field);
                }
            }
            text
        }
        2 | 3 => {
            let id = chance.one(&[
                "judge_not_content",
                "near_restricted_behaviour",
                "vulnerable_user",
                "action_proposed",
                "asks_for_person",
                "restricted_behaviour",
                "tool_back_soon",
            ]);
            let field = match chance.below(5) {
                0 => format!("then = \"{then}\""),
                1 => format!("risk_level = \"{risk}\""),
                2 => format!("sla = \"{sla}\""),
                3 => format!("authority_level_min = {level}"),
                _ => "shadow = false".to_owned(),
            };
            format!("[[trigger]]\nid = \"{id}\"\n{field}\n")
        }
        4 => format!(
            "[confidence.tiers.{}]\n{} = {}\n",
            chance.one(&["low", "medium"]),
            chance.one(&["answer", "limited_answer"]),
            0.3 + chance.below(8) as f64 / 10.0
        ),
        5 => format!(
            "[confidence.tiers.{}]\nwithout_signals = \"{then}\"\n",
            chance.one(&["low", "medium", "high"])
        ),
        6 => format!("[policy]\nrisk_level_when_missing = \"{risk}\"\n"),
        7 | 8 => {
            let names = [
                "data.export",
                "mail.send",
                "billing.refund",
                "kb.search",
                "config.update",
                "tickets.comment",
                "account.delete",
            ];
            let field = match chance.below(7) {
                0 => format!("verdict = \"{verdict}\""),
                1 => format!("tier = \"{risk}\""),
                2 => format!("quorum = {quorum}"),
                3 => "effects = [\"data\", \"money\", \"communication\"]".to_owned(),
                4 => "reversibility = \"irreversible\"".to_owned(),
                5 => "expires = \"2 h\"".to_owned(),
                _ => "arguments = { customer_id = \"string\", amount = \"any\", currency = \"string\" }".to_owned(),
            };
            format!("[[tool]]\nnames = [\"{}\"]\n{field}\n", chance.one(&names))
        }
        9 => {
            let field = match chance.below(3) {
                0 => format!("tier = \"{risk}\""),
                1 => "effects = [\"external_state\", \"money\"]".to_owned(),
                _ => format!("authority = {{ domain = \"any\", level = {level} }}"),
            };
            format!("[unknown_tool]\n{field}\n")
        }
        10 | 11 => format!(
            "[[impact]]\nid = \"i{index}\"\nwhen = 'action.tool == \"{tool}\" || action.count > 2'\nthen = \"require_approval\"\nquorum = {quorum}\ntier = \"{risk}\"\nauthority = {{ domain = \"security\", level = {level} }}\nwhy = \"x\"\n"
        ),
        12 => {
            let limit = 50 + chance.below(2_000);
            let (first, last) = (1 + chance.below(4), 2 + chance.below(3));
            let domain = chance.one(&["any", "billing"]);
            format!(
                "[[authority]]\ndomain = \"{domain}\"\nlevel = {first}\ntitle = \"a\"\nlimit = \"{limit} USD\"\n\n[[authority]]\ndomain = \"{domain}\"\nlevel = {last}\ntitle = \"b\"\nquorum = {quorum}\n"
            )
        }
        13 => {
            let queue = chance.one(&[
                "triage",
                "billing_dispute",
                "low_risk_correction",
                "security_action",
            ]);
            match chance.below(2) {
                0 => format!("[[queue]]\nqueue = \"{queue}\"\nsla = \"{sla}\"\n"),
                _ => {
                    let domain = match queue {
                        "billing_dispute" => "billing",
                        "security_action" => "security",
                        _ => "any",
                    };
                    format!(
                        "[[queue]]\nqueue = \"{queue}\"\nauthority = {{ domain = \"{domain}\", level = {level} }}\n"
                    )
                }
            }
        }
        14 => format!(
            "[[queue]]\nqueue = \"q{index}\"\ntitle = \"Q\"\nsla = \"{sla}\"\nauthority = {{ domain = \"any\", level = {level} }}\naccepts = {{ domains = [\"{domain}\"], risk_level_max = \"{}\" }}\nreviewers = {}\nsteps = [{{ at = {}, then = \"escalate\" }}{}]\n",
            chance.one(&["medium", "critical"]),
            1 + chance.below(2),
            chance.one(&["90", "100", "100", "110"]),
            chance.one(&[
                "",
                "",
                ", { at = 300, then = \"expire\", template = \"tool_back_soon\" }",
                ", { at = 500, then = \"expire\", template = \"tool_back_soon\" }"
            ])
        ),
        _ => format!(
            "[[suppress]]\nid = \"wait_for_tool\"\nthen = \"{}\"\n",
            chance.one(&["answer", "limited_answer"])
        ),
    }
}

fn request(chance: &mut Chance) -> Request {
    let mut fields = vec![
        "\"tenant_id\": \"northwind\"".to_owned(),
        "\"user_question\": \"Why?\"".to_owned(),
        "\"model_draft\": \"So.\"".to_owned(),
    ];
    let score = |chance: &mut Chance| chance.below(11) as f64 / 10.0;
    if chance.below(4) > 0 {
        fields.push(format!("\"domain\": \"{}\"", chance.one(&DOMAINS)));
    }
    if chance.below(2) == 0 {
        let risk = chance.one(&["low", "medium", "high", "critical"]);
        fields.push(format!("\"risk_level\": \"{risk}\""));
    }
    if chance.below(3) == 0 {
        let intent = chance.one(&["advisory", "informational", "consequential"]);
        fields.push(format!("\"intent\": \"{intent}\""));
    }
    if chance.below(5) == 0 {
        fields.push("\"asks_for_person\": true".to_owned());
    }
    if chance.below(3) == 0 {
        fields.push(format!("\"judge_score\": {}", score(chance)));
    }
    if chance.below(4) == 0 {
        fields.push(format!("\"feedback_rating\": {}", 1 + chance.below(5)));
    }
    let mut signals = Vec::new();
    for name in
        ["retrieval_score", "answer_groundedness", "policy_classifier_score", "rerank_margin"]
    {
        if chance.below(3) > 0 {
            signals.push(format!("\"{name}\": {}", score(chance)));
        }
    }
    if chance.below(2) == 0 {
        signals.push(format!("\"tool_success\": {}", chance.one(&["\"unavailable\"", "1", "0"])));
    }
    fields.push(format!("\"signals\": {{{}}}", signals.join(", ")));
    let facts = [
        "\"customer_tier\": \"pro\"",
        "\"vulnerable_user\": true",
        "\"tool_retry_minutes\": 10",
        "\"account_age_days\": 4",
    ];
    let facts: Vec<&str> = facts.into_iter().filter(|_| chance.below(4) == 0).collect();
    fields.push(format!("\"facts\": {{{}}}", facts.join(", ")));
    let count = chance.below(3);
    let actions: Vec<String> = (0..count).map(|_| action(chance)).collect();
    fields.push(format!("\"proposed_actions\": [{}]", actions.join(", ")));
    Request::read(&json(&format!("{{{}}}", fields.join(", ")))).unwrap()
}

fn action(chance: &mut Chance) -> String {
    let arguments = [
        "\"customer_id\": \"c\"",
        "\"account_id\": \"a\"",
        "\"principal_id\": \"p\"",
        "\"amount\": 40",
        "\"amount\": 700",
        "\"amount\": 30000",
        "\"currency\": \"USD\"",
        "\"to\": [\"a\", \"b\", \"c\", \"d\"]",
        "\"records\": 500",
        "\"reason\": \"late\"",
        "\"policy_basis\": \"exception\"",
        "\"query\": \"DROP TABLE users\"",
    ];
    let mut taken: Vec<&str> = Vec::new();
    for argument in arguments {
        let name = argument.split(':').next().unwrap();
        if chance.below(2) == 0 && !taken.iter().any(|other| other.starts_with(name)) {
            taken.push(argument);
        }
    }
    let tool = chance.one(&TOOLS);
    format!("{{\"tool\": \"{tool}\", \"arguments\": {{{}}}}}", taken.join(", "))
}

fn not_less(before: &Verdict, after: &Verdict) -> Result<(), String> {
    let told = |what: &str| Err(format!("{what}\nbefore {before:#?}\nafter {after:#?}"));
    if after.disposition < before.disposition {
        return told("disposition");
    }
    if after.risk_level < before.risk_level {
        return told("risk level");
    }
    let Some(was) = &before.routing else { return Ok(()) };
    let Some(is) = &after.routing else { return told("a case that was opened is not") };
    match () {
        () if is.due_at > was.due_at => told("deadline"),
        () if is.authority.level < was.authority.level => told("authority"),
        () if is.priority < was.priority => told("priority"),
        () => Ok(()),
    }
}

/// What the work in the queue of a case comes to: how many are asked, when somebody higher is, and
/// when it ends unseen.
fn work_of(policy: &Policy, verdict: &Verdict) -> Option<(i64, i64, i64)> {
    let work = WorkPolicy::of(policy).unwrap();
    let queue = verdict.routing.as_ref()?.queue.clone();
    let steps = work.queue(&queue).map_or(Vec::new(), |work| work.steps.clone());
    let first = |then| {
        let meant = steps.iter().filter(|step| step.then == then);
        meant.map(|step| step.percent).min().unwrap_or(i64::MAX)
    };
    Some((work.reviewers(&queue), first(MarkAction::Escalate), first(MarkAction::Expire)))
}

fn not_lower(before: &Gate, after: &Gate) -> Result<(), String> {
    let needed = |gate: &Gate| -> Vec<Authority> {
        gate.authority.iter().chain(&gate.further_authorities).cloned().collect()
    };
    let levels = needed(after);
    let authorities = needed(before).iter().all(|authority| {
        levels.iter().any(|other| {
            (authority.domain == "any" || authority.domain == other.domain)
                && other.level >= authority.level
        })
    });
    let later = before.expires_at.zip(after.expires_at).is_some_and(|(was, is)| is > was);
    let fine = after.verdict >= before.verdict
        && after.impact.tier >= before.impact.tier
        && after.impact.reversibility >= before.impact.reversibility
        && before.impact.effects.iter().all(|effect| after.impact.effects.contains(effect))
        && after.quorum >= before.quorum
        && after.preview_required >= before.preview_required
        && after.provisional >= before.provisional
        && after.enforcement >= before.enforcement
        && authorities
        && !later;
    fine.then_some(()).ok_or_else(|| format!("before {before:#?}\nafter {after:#?}"))
}

fn instants() -> [TimestampMs; 3] {
    // The second is late on the last day before a half day; the third past the calendar.
    [now(), at("2026-12-23T15:59:00Z"), at("2030-01-05T10:00:00Z")]
}

fn gate_of(policy: &Policy, actions: &[Action], now: TimestampMs) -> Option<Gate> {
    let context = Context::read(Node::root(&json(r#"{"tenant_id":"northwind"}"#))).unwrap();
    classify(policy, actions, &context, now).ok()
}

#[test]
fn what_an_overlay_makes_of_its_base_is_never_less_cautious() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_OVERLAYS", 90);
    let (mut taken, mut stricter) = (0, 0);
    let bases: Vec<(String, Policy)> = bases()
        .into_iter()
        .map(|text| {
            let policy = compile(&text, "base.toml").unwrap_or_else(|told| panic!("{}", told[0]));
            (text, policy.policy)
        })
        .collect();
    for _ in 0..count {
        let (text, base) = &bases[chance.below(bases.len())];
        let mut overlay =
            "[overlay]\nid = \"northwind\"\nversion = \"1\"\nbase = \"default\"\n\n".to_owned();
        for index in 0..=chance.below(3) {
            let part = part(&mut chance, index);
            // The same table twice is no TOML.
            let head = part.lines().next().unwrap_or("").to_owned();
            if head.starts_with("[[") || !overlay.contains(&head) {
                overlay.push_str(&part);
                overlay.push('\n');
            }
        }
        let sources =
            (Source { text, file: "base.toml" }, Source { text: &overlay, file: "northwind.toml" });
        let Ok(merged) = compile_overlay(sources.0, sources.1) else { continue };
        taken += 1;
        for _ in 0..REQUESTS {
            let request = request(&mut chance);
            let now = instants()[chance.below(3)];
            let before = evaluate(base, &request, now);
            let after = evaluate(&merged.policy, &request, now);
            if let Err(told) = not_less(&before, &after) {
                panic!("{overlay}\n{request:#?}\n{told}");
            }
            if let Some(was) = work_of(base, &before) {
                let is = work_of(&merged.policy, &after).unwrap();
                let fine = is.0 >= was.0 && is.1 <= was.1 && is.2 >= was.2;
                assert!(fine, "{overlay}\n{request:#?}\nfrom {was:?} to {is:?}");
            }
            let told = |verdict: &Verdict| {
                let routing = verdict.routing.as_ref();
                let due = routing.map(|routing| (routing.due_at, routing.authority.level));
                (verdict.disposition, verdict.risk_level, due)
            };
            stricter += usize::from(told(&after) != told(&before));
            let (before, after) = (
                gate_of(base, &request.proposed_actions, now),
                gate_of(&merged.policy, &request.proposed_actions, now),
            );
            if let Some((before, after)) = before.zip(after)
                && let Err(told) = not_lower(&before, &after)
            {
                panic!("{overlay}\n{request:#?}\n{told}");
            }
        }
    }
    println!("{taken} of {count} overlays were taken, {stricter} decisions stricter");
    assert!(taken * 8 > count, "{taken} of {count} overlays were taken");
    assert!(stricter > taken, "{stricter} decisions differ");
}
