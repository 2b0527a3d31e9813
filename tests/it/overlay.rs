//! Overlays: what a tenant may write over a base, what is refused and where it is told.

use countersign::compile::{DEFAULT_POLICY, Diagnostic, Source, compile, compile_overlay};

use crate::support::{compiled, json, now};

const HEAD: &str = "[overlay]\nid = \"northwind\"\nversion = \"1\"\nbase = \"default\"\n";

fn over(base: &str, overlay: &str) -> Result<countersign::compile::Compiled, Vec<Diagnostic>> {
    compile_overlay(
        Source { text: base, file: "base.toml" },
        Source { text: overlay, file: "northwind.toml" },
    )
}

fn allowing(names: &str) -> String {
    format!("{DEFAULT_POLICY}\n[overlays]\nmay_loosen = [{names}]\n")
}

/// Expects the first diagnostic of each overlay to begin so, on the line with the marked text.
fn refused(rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (overlay, expected, on_line) in rows {
        let text = format!("{HEAD}{overlay}");
        let Err(diagnostics) = over(DEFAULT_POLICY, &text) else {
            wrong.push(format!("taken: {overlay}"));
            continue;
        };
        let first = &diagnostics[0];
        let told = format!("{}; {}", first.message, first.help);
        let line = text.lines().nth(first.line - 1);
        let placed = first.file == "northwind.toml"
            && line == Some(first.source_line.as_str())
            && first.source_line.contains(on_line);
        if !told.starts_with(expected) || !placed {
            wrong.push(format!("{first}\nexpected {expected}\non {on_line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Every way in which an overlay could loosen the base: where it is told, and in which words.
#[test]
fn whatever_loosens_the_base_is_told_where_it_stands() {
    let rows = [
        // Taken out.
        (
            "without = [\"trigger.judge_not_content\"]",
            "trigger.judge_not_content loosens the base: a rule of the base is taken out; leave it in",
            "without",
        ),
        (
            "without = [\"queue.billing_dispute\"]",
            "queue.billing_dispute loosens the base: a queue",
            "without",
        ),
        ("without = [\"tool.mail.send\"]", "tool.mail.send loosens the base: an entry", "without"),
        (
            "without = [\"impact.large_export\"]",
            "impact.large_export loosens the base: a rule over",
            "without",
        ),
        (
            "without = [\"authority.any\"]",
            "authority.any loosens the base: a part of the base",
            "without",
        ),
        // Triggers.
        (
            "[[trigger]]\nid = \"judge_not_content\"\nthen = \"limited_answer\"",
            "trigger.judge_not_content loosens the base: `then` is `limited_answer`, the base has `escalate`; write at least `escalate`",
            "then =",
        ),
        (
            "[[trigger]]\nid = \"judge_not_content\"\nwhen = 'request.judge_score < 0.3'",
            "trigger.judge_not_content loosens the base: its condition is another",
            "when =",
        ),
        (
            "[[trigger]]\nid = \"vulnerable_user\"\nrisk_level = \"medium\"",
            "trigger.vulnerable_user loosens the base: `risk_level` is `medium`, the base has `high`",
            "risk_level",
        ),
        (
            "[[trigger]]\nid = \"safety_urgent\"\nsla = \"1 h\"",
            "trigger.safety_urgent loosens the base: `sla` is 1 h, the base has 15 min; write at most `15 min`",
            "sla",
        ),
        (
            "[[trigger]]\nid = \"action_proposed\"\nauthority_level_min = 1",
            "trigger.action_proposed loosens the base: `authority_level_min` is `1`, the base has `2`",
            "authority_level_min",
        ),
        (
            "[[trigger]]\nid = \"asks_for_person\"\nshadow = true",
            "trigger.asks_for_person loosens the base: a rule on trial changes nothing",
            "shadow",
        ),
        (
            "[[trigger]]\nid = \"asks_for_person\"\nkind = \"quality_failure\"",
            "trigger.asks_for_person loosens the base: `kind` is another",
            "kind",
        ),
        (
            "[[trigger]]\nid = \"restricted_behaviour\"\nfinal = false",
            "trigger.restricted_behaviour loosens the base: the refusal is not final any more",
            "final",
        ),
        (
            "[[trigger]]\nid = \"never\"\nkind = \"policy_boundary\"\nwhen = 'request.domain == \"safety\"'\nthen = \"refuse\"\nfinal = true\nwhy = \"no\"",
            "trigger.never loosens the base: a final refusal keeps a case from people",
            "final",
        ),
        (
            "[[trigger]]\nid = \"vip\"\nkind = \"user_escalation\"\nwhen = 'facts.customer_tier == \"pro\"'\nthen = \"escalate\"\nwhy = \"pro\"",
            "trigger.vip loosens the base: a user's wish for a person outweighs every refusal",
            "kind",
        ),
        // A deadline that the queue of the base cannot serve takes the case to people of less authority.
        (
            "[[trigger]]\nid = \"press\"\nkind = \"high_stakes\"\nwhen = 'facts.customer_tier == \"press\"'\nthen = \"escalate\"\nsla = \"1 h\"\nwhy = \"press\"",
            "trigger.press loosens the base: a case of `low_confidence` may go from the queue `legal_policy_question` (1 business day, level 3) to `triage` (4 h, level 1); what would help is `authority_level_min = 3`",
            "[[trigger]]",
        ),
        (
            "[[trigger]]\nid = \"weak\"\nkind = \"quality_failure\"\nwhen = 'facts.customer_tier == \"weak\"'\nthen = \"escalate\"\nauthority_level_min = 4\nwhy = \"weak\"",
            "trigger.weak loosens the base: a case of `low_confidence` may go from the queue `security_action` (30 min, level 3) to `triage` (4 h, level 1); what would help is `sla = \"30 min\"`",
            "[[trigger]]",
        ),
        // Suppressions.
        (
            "[[suppress]]\nid = \"calm\"\nwhen = 'request.judge_score > 0.9'\ncancels = [\"user_not_content\"]\nthen = \"answer\"\nwhy = \"calm\"",
            "suppress.calm loosens the base: a suppression cancels rules",
            "[[suppress]]",
        ),
        (
            "[[suppress]]\nid = \"wait_for_tool\"\ncancels = [\"low_confidence\", \"judge_not_content\"]",
            "suppress.wait_for_tool loosens the base: it cancels `judge_not_content` too; take `judge_not_content` out",
            "cancels",
        ),
        (
            "[[suppress]]\nid = \"wait_for_tool\"\nwhen = 'request.risk_level == \"low\"'",
            "suppress.wait_for_tool loosens the base: its condition is another",
            "when",
        ),
        // Confidence.
        (
            "[confidence.tiers.low]\nanswer = 0.5",
            "tier.low loosens the base: `answer` is 0.5, the base needs 0.6; write at least 0.6",
            "answer",
        ),
        (
            "[confidence.tiers.medium]\nlimited_answer = 0.3",
            "tier.medium loosens the base: `limited_answer` is 0.3",
            "limited_answer",
        ),
        (
            "[confidence.tiers.critical]\nanswer = 0.99",
            "tier.critical loosens the base: `answer` is 0.99, the base asks a person; take `answer` out",
            "answer",
        ),
        (
            "[confidence.tiers.low]\nwithout_signals = \"answer\"",
            "tier.low loosens the base: `without_signals` is `answer`",
            "without_signals",
        ),
        (
            "[confidence.tiers.high]\ncertified = { tolerated_error = 0.05, failure_probability = 0.1 }",
            "tier.high loosens the base: a certificate has to show less",
            "certified",
        ),
        ("[confidence]\nbase = 2.0", "confidence loosens the base: `base` is another", "base"),
        (
            "[[confidence.signal]]\nname = \"retrieval_score\"\nmissing = -0.1",
            "signal.retrieval_score loosens the base: another curve",
            "[[confidence.signal]]",
        ),
        // Head.
        (
            "[policy]\nrisk_level_when_missing = \"low\"",
            "policy.risk_level_when_missing loosens the base: `risk_level_when_missing` is `low`",
            "risk_level_when_missing",
        ),
        (
            "[policy]\nundo_window = \"1 s\"",
            "policy.undo_window loosens the base: `undo_window` is 1 s, the base has 10 s",
            "undo_window",
        ),
        (
            "[policy]\nfallback_queue = \"low_risk_correction\"",
            "policy.fallback_queue loosens the base: a case of",
            "fallback_queue",
        ),
        (
            "[sampling]\nanswer = 0.01",
            "sampling loosens the base: `answer` is `0.01`, the base has `0.03`; write at least `0.03`",
            "answer",
        ),
        // Tools.
        (
            "[[tool]]\nnames = [\"data.export\"]\ntier = \"low\"",
            "tool.data.export loosens the base: `tier` is `low`, the base has `medium`",
            "tier",
        ),
        (
            "[[tool]]\nnames = [\"account.delete\"]\nverdict = \"allow\"",
            "tool.account.delete loosens the base: `verdict` is `allow`",
            "verdict",
        ),
        (
            "[[tool]]\nnames = [\"account.delete\"]\nquorum = 1",
            "tool.account.delete loosens the base: `quorum` is `1`, the base has `2`",
            "quorum",
        ),
        (
            "[[tool]]\nnames = [\"account.delete\"]\npreview = false",
            "tool.account.delete loosens the base: no preview is needed any more",
            "preview",
        ),
        (
            "[[tool]]\nnames = [\"admin.grant\"]\nauthority = { domain = \"any\", level = 3 }",
            "tool.admin.grant loosens the base: people of `any` decide",
            "authority",
        ),
        (
            "[[tool]]\nnames = [\"account.delete\"]\nauthority = { domain = \"any\", level = 2 }",
            "tool.account.delete loosens the base: level 2 is enough, the base asks for 3",
            "authority",
        ),
        (
            "[[tool]]\nnames = [\"admin.grant\"]\nexpires = \"8 h\"",
            "tool.admin.grant loosens the base: `expires` is 8 h, the base has 4 h",
            "expires",
        ),
        (
            "[[tool]]\nnames = [\"admin.grant\"]\neffects = [\"data\"]",
            "tool.admin.grant loosens the base: `permissions` is not in `effects`",
            "effects",
        ),
        (
            "[[tool]]\nnames = [\"account.delete\"]\nreversibility = \"reversible\"",
            "tool.account.delete loosens the base: `reversibility` is `reversible`",
            "reversibility",
        ),
        (
            "[[tool]]\nnames = [\"data.export\"]\nreversibility = \"irreversible\"",
            "tool.data.export loosens the base: a tool that only reads is looked at",
            "reversibility",
        ),
        (
            "[[tool]]\nnames = [\"billing.refund\"]\namount = \"/total\"",
            "tool.billing.refund loosens the base: `amount` is another",
            "amount",
        ),
        (
            "[[tool]]\nnames = [\"billing.refund\"]\narguments = { customer_id = \"string\", amount = \"any\", currency = \"string\", note = \"string?\" }",
            "tool.billing.refund loosens the base: the argument `note` is taken where the base objects",
            "arguments",
        ),
        (
            "[[tool]]\nnames = [\"crm.note\"]\ntitle = \"Note\"\neffects = [\"data\"]\nreversibility = \"reversible\"",
            "tool.crm.note loosens the base: an entry of its own",
            "names",
        ),
        (
            "[unknown_tool]\ntier = \"low\"",
            "unknown_tool loosens the base: `tier` is `low`",
            "tier",
        ),
        (
            "[[impact]]\nid = \"money_above_5000\"\ntier = \"medium\"",
            "impact.money_above_5000 loosens the base: `tier` is `medium`",
            "tier",
        ),
        (
            "[[impact]]\nid = \"money_above_50\"\nwhen = '\"money\" in action.effects && actions.amount > money(\"500 USD\")'",
            "impact.money_above_50 loosens the base: its condition is another",
            "when",
        ),
        // Limits, quorum and authority of the ladder.
        (
            "[[authority]]\ndomain = \"any\"\nlevel = 2\ntitle = \"specialist\"\nlimit = \"1000 USD\"\n[[authority]]\ndomain = \"any\"\nlevel = 4\ntitle = \"lead\"\nquorum = 2",
            "authority.any loosens the base: 1000.00 USD needs 1 of level 2, in the base 1 of level 3; lower the limits",
            "[[authority]]",
        ),
        (
            "[[authority]]\ndomain = \"any\"\nlevel = 4\ntitle = \"lead\"",
            "authority.any loosens the base: 25000.00 USD, as an exception, needs 1 of level 4, in the base 2 of level 4",
            "[[authority]]",
        ),
        ("[rates]\nper_unit = { EUR = \"0.5\" }", "rates loosens the base: `", "[rates]"),
        // Queues and calendars.
        (
            "[[queue]]\nqueue = \"billing_dispute\"\nsla = \"8 h\"",
            "queue.billing_dispute loosens the base: its cases may wait for 8 h, in the base 4 h",
            "sla",
        ),
        (
            "[[queue]]\nqueue = \"billing_dispute\"\nauthority = { domain = \"billing\", level = 1 }",
            "queue.billing_dispute loosens the base: level 1 is enough",
            "authority",
        ),
        (
            "[[queue]]\nqueue = \"security_action\"\nskills = [\"greeting\"]",
            "queue.security_action loosens the base: `security_operations` is not in `skills`",
            "skills",
        ),
        (
            "[[queue]]\nqueue = \"security_action\"\naccepts = { domains = [\"security\", \"employment\"] }",
            "queue.security_action loosens the base: `accepts` is another",
            "accepts",
        ),
        (
            "[[queue]]\nqueue = \"slow\"\ntitle = \"Slow\"\nsla = \"2 d\"\nauthority = { domain = \"any\", level = 2 }\naccepts = { tenants = [\"northwind\"] }",
            "queue.slow loosens the base: a case of",
            "[[queue]]",
        ),
        // Another queue that would take the base's cases: who decides, and what a late one brings.
        (
            "[[queue]]\nqueue = \"quiet\"\ntitle = \"Quiet\"\nsla = \"10 min\"\nauthority = { domain = \"any\", level = 4 }\naccepts = { tenants = [\"northwind\"] }",
            "queue.quiet loosens the base: a case of `low_confidence` may go from the queue `security_action` (30 min, level 3) to `quiet` (10 min, level 4): somebody higher is asked at 100 % of the time, in the other later; what would help is `steps = [{ at = 100, then = \"escalate\" }]` there",
            "[[queue]]",
        ),
        (
            "[template.sorry]\ndefault = \"Sorry.\"\n[[queue]]\nqueue = \"short\"\ntitle = \"Short\"\nsla = \"10 min\"\nauthority = { domain = \"any\", level = 4 }\naccepts = { tenants = [\"northwind\"] }\nsteps = [{ at = 90, then = \"escalate\" }, { at = 100, then = \"expire\", template = \"sorry\" }]",
            "queue.short loosens the base: a case of `low_confidence` may go from the queue `security_action` (30 min, level 3) to `short` (10 min, level 4): nobody ends a case so soon, in the other it ends at 100 %",
            "[[queue]]",
        ),
        (
            "[[queue]]\nqueue = \"billing_dispute\"\nreviewers = 2",
            "queue.billing_dispute loosens the base: its reviewers, or what is done",
            "[[queue]]",
        ),
        // The terms of work.
        (
            "[work]\nwaiting = \"3 d\"",
            "work.waiting loosens the base: `waiting` is 3 d, the base has 2 d; write at most `2 d`",
            "waiting",
        ),
        (
            "[policy]\nlease = \"1 h\"",
            "policy.lease loosens the base: `lease` is 1 h, the base has 10 min; write at most `10 min`",
            "lease",
        ),
        (
            "[[calendar]]\ncalendar = \"legal_office\"\nfrom = \"2026-02-01\"",
            "calendar.legal_office loosens the base: other open hours",
            "[[calendar]]",
        ),
        (
            "[[fact]]\npath = \"facts.recipient_is_new\"\nsource = \"caller\"",
            "fact.facts.recipient_is_new loosens the base: `source` is another",
            "source",
        ),
        (
            "[[fact]]\npath = \"facts.recipient_is_new\"\nrecord = \"value\"",
            "fact.facts.recipient_is_new loosens the base: decision records keep its value",
            "record",
        ),
    ];
    refused(&rows);
}

/// What an author gets wrong about overlays themselves.
#[test]
fn a_wrong_overlay_is_told_so_that_it_can_be_mended_at_once() {
    let rows = [
        (
            "[[trigger]]\nid = \"judge_not_contend\"\nthen = \"escalate\"",
            "the base has no trigger `judge_not_contend`; did you mean `judge_not_content`?",
            "[[trigger]]",
        ),
        (
            "[[queue]]\nqueue = \"triag\"\nsla = \"2 h\"",
            "the base has no queue `triag`; did you mean `triage`?",
            "[[queue]]",
        ),
        (
            "[triger]\nid = 1",
            "an overlay has no section `triger` here; did you mean `trigger`?",
            "[triger]",
        ),
        ("[policy]\nid = \"x\"", "an overlay has no field `id` here", "id"),
        (
            "[work]\nwaitng = \"1 d\"",
            "an overlay has no field `waitng` here; did you mean `waiting`?",
            "waitng",
        ),
        (
            "[policy]\nleese = \"5 min\"",
            "an overlay has no field `leese` here; did you mean `lease`?",
            "leese",
        ),
        (
            "[overlays]\nmay_loosen = []",
            "nothing lies over an overlay; take [overlays] out",
            "[overlays]",
        ),
        (
            "without = [\"trigger.nothing_such\"]",
            "the base has no trigger `nothing_such`",
            "without",
        ),
        ("without = [\"tier.low\"]", "`tier.low` cannot be taken out", "without"),
        (
            "[[queue]]\nqueue = \"triage\"\nsla = \"2 h\"\n[[queue]]\nqueue = \"triage\"\nsla = \"1 h\"",
            "the overlay changes `triage` twice",
            "[[queue]]",
        ),
        (
            "[[trigger]]\nid = \"mine\"\nkind = \"policy_boundary\"\nwhen = 'facts.nowhere > 1'\nthen = \"escalate\"\nwhy = \"x\"",
            "the fact `facts.nowhere` is not declared",
            "facts.nowhere",
        ),
        (
            "[impact_model]\nbuiltin = true",
            "an overlay has no section `impact_model` here",
            "[impact_model]",
        ),
    ];
    refused(&rows);
    let first = |base: &str, overlay: &str| {
        let told = over(base, overlay).expect_err(overlay);
        format!("{}:{}: {}; {}", told[0].file, told[0].line, told[0].message, told[0].help)
    };
    let unknown = first(DEFAULT_POLICY, &HEAD.replace("\"default\"", "\"defaults\""));
    assert_eq!(
        unknown,
        "northwind.toml:4: the overlay lies over `defaults`, and the base is called `default`; did you mean `default`?"
    );
    let cycle = first(DEFAULT_POLICY, &HEAD.replace("\"default\"", "\"northwind\""));
    assert!(
        cycle.starts_with("northwind.toml:4: the overlay `northwind` lies over itself"),
        "{cycle}"
    );
    let twofold = first(HEAD, HEAD);
    assert!(twofold.starts_with("base.toml:1: the base is an overlay itself"), "{twofold}");
    let whole = first(DEFAULT_POLICY, DEFAULT_POLICY);
    assert!(whole.contains("this is a whole policy, not an overlay"), "{whole}");
    let alone = compile(HEAD, "northwind.toml").unwrap_err();
    assert_eq!(alone[0].message, "this is an overlay, not a whole policy");
    let wrong = first(&DEFAULT_POLICY.replacen("base = 0.85", "base = true", 1), HEAD);
    assert!(wrong.starts_with("base.toml:"), "{wrong}");
}

#[test]
fn a_base_says_what_overlays_may_loosen_and_only_that_is_taken() {
    let trigger = "[[trigger]]\nid = \"judge_not_content\"\nthen = \"limited_answer\"\n";
    let tier = "[confidence.tiers.low]\nanswer = 0.5\n";
    let both = format!("{HEAD}{trigger}{tier}");
    assert_eq!(over(DEFAULT_POLICY, &both).unwrap_err().len(), 2);
    assert_eq!(over(&allowing("\"trigger.judge_not_content\""), &both).unwrap_err().len(), 1);
    assert_eq!(over(&allowing("\"trigger\""), &both).unwrap_err().len(), 1);
    let merged = over(&allowing("\"trigger.judge_not_content\", \"tier.low\""), &both).unwrap();
    assert_eq!(merged.policy.bundle().tiers.low.answer.unwrap().get(), 0.5);
    let row = |names: &str| compile(&allowing(names), "base.toml").unwrap_err().remove(0);
    assert!(row("\"triger\"").message.starts_with("there is no section `triger`"));
    let told = row("\"trigger.judge_not_contents\"");
    assert!(told.message.starts_with("the base has no trigger `judge_not_contents`"), "{told}");
    assert!(told.help.starts_with("did you mean `judge_not_content`?"), "{told}");
    // What the base says of overlays is for the compiler alone.
    let said = compile(&allowing("\"trigger\""), "base.toml").unwrap();
    assert_eq!(said.policy.reference(), compiled().policy.reference());
}

/// Terms of work, where the base says more of them than the default policy does.
#[test]
fn no_queue_of_an_overlay_asks_fewer_people_and_nobody_holds_more_than_in_the_base() {
    let base = DEFAULT_POLICY
        .replacen("waiting = \"2 d\"", "waiting = \"2 d\"\nopen_leases_max = 5", 1)
        .replacen("queue = \"billing_dispute\"", "queue = \"billing_dispute\"\nreviewers = 2", 1);
    let queue = "[[queue]]\nqueue = \"own\"\ntitle = \"Own\"\nsla = \"1 h\"\nauthority = { domain = \"billing\", level = 2 }\naccepts = { domains = [\"billing\"] }\nsteps = [{ at = 100, then = \"escalate\" }]\n";
    let first = |overlay: &str| {
        over(&base, &format!("{HEAD}{overlay}")).map_err(|told| told[0].message.clone())
    };
    for (overlay, expected) in [
        (
            queue.to_owned(),
            "queue.own loosens the base: a case of `low_confidence` may go from the queue `billing_dispute` (4 h, level 2) to `own` (1 h, level 2): 2 reviewers are asked, in the other 1",
        ),
        (
            "[work]\nopen_leases_max = 6\n".to_owned(),
            "work.open_leases_max loosens the base: `open_leases_max` is 6, the base has 5",
        ),
    ] {
        assert_eq!(first(&overlay).unwrap_err(), expected);
    }
    assert!(first(&format!("{queue}reviewers = 2\n[work]\nopen_leases_max = 2\n")).is_ok());
    let may = format!("{base}\n[overlays]\nmay_loosen = [\"work.open_leases_max\", \"queue\"]\n");
    let loose = format!("{HEAD}{queue}[work]\nopen_leases_max = 9\n");
    assert!(over(&may, &loose).is_ok());
}

#[test]
fn an_overlay_that_only_tightens_makes_one_ordinary_bundle() {
    let overlay = format!(
        "{HEAD}without = [\"suppress.wait_for_tool\"]\n{}",
        r#"
[policy]
risk_level_when_missing = "high"
lease = "5 min"

[confidence.tiers.medium]
answer = 0.8

[confidence.tiers.low]
certified = { tolerated_error = 0.05, failure_probability = 0.1 }

[[fact]]
path = "facts.account_age_days"
type = "int"

[[trigger]]
id = "new_account"
kind = "policy_boundary"
when = 'facts.account_age_days < 30'
then = "escalate"
risk_level = "high"
why = "the account is {facts.account_age_days} days old"

[[trigger]]
id = "judge_not_content"
sla = "2 h"
authority_level_min = 3

[[tool]]
names = ["billing.refund"]
verdict = "require_approval"
quorum = 2

[[authority]]
domain = "billing"
level = 3
title = "senior"
limit = "100 USD"

[[authority]]
domain = "billing"
level = 4
title = "lead"
quorum = 2

[[impact]]
id = "write_offs"
when = 'action.tool == "billing.write_off"'
then = "deny"
why = "nobody writes off here"

[[queue]]
queue = "northwind_billing"
title = "Northwind billing"
sla = "2 h"
authority = { domain = "billing", level = 2 }
accepts = { domains = ["billing"], tenants = ["northwind"] }
reviewers = 2
steps = [{ at = 100, then = "escalate" }]

[work]
waiting = "1 d"
open_leases_max = 5

[[queue]]
queue = "triage"
sla = "2 h"

[limited_answer]
default = "Please ask Northwind's people."
"#
    );
    let merged = over(DEFAULT_POLICY, &overlay).unwrap_or_else(|told| panic!("{}", told[0]));
    let bundle = merged.policy.bundle();
    assert_eq!(merged.policy.reference().id.as_str(), "northwind");
    assert_eq!(bundle.queues[0].queue, "northwind_billing");
    assert_eq!(bundle.fallback_queue, "triage");
    assert_eq!(bundle.triggers.len(), compiled().policy.bundle().triggers.len() + 1);
    assert!(bundle.suppressions.is_empty());
    assert_eq!(bundle.tiers.low.answer, None);
    assert_eq!(bundle.limited_answer["default"], "Please ask Northwind's people.");
    assert!(bundle.limited_answer.contains_key("de"), "the base's other languages stay");
    let refund = merged.policy.actions().tool("issue_refund").unwrap();
    assert_eq!(refund.quorum, 2);
    let request = json(r#"{"tenant_id":"northwind","user_question":"?","domain":"billing"}"#);
    let request = countersign::Request::read(&request).unwrap();
    let verdict = countersign::evaluate(&merged.policy, &request, now());
    assert_eq!(verdict.routing.unwrap().queue, "northwind_billing");
}
