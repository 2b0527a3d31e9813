//! Wrong policies, one mistake each: the place, the words, and the help.

use countersign::compile::{DEFAULT_POLICY, compile};

/// Replaces `from` in the default policy by `to` and expects the first diagnostic to begin so, and
/// to stand on the line with the marked text.
fn check(from: &str, to: &str, expected: &str, on_line: &str) {
    assert!(DEFAULT_POLICY.contains(from), "{from}");
    let text = DEFAULT_POLICY.replacen(from, to, 1);
    let diagnostics = compile(&text, "policy.toml").expect_err(to);
    let first = &diagnostics[0];
    let told = format!("{}; {}", first.message, first.help);
    assert!(told.starts_with(expected), "{told}\nexpected {expected}");
    assert!(first.source_line.contains(on_line), "`{}` for {to}", first.source_line);
    let shown = first.to_string();
    assert!(
        shown.starts_with(&format!("policy.toml:{}:{}: ", first.line, first.column)),
        "{shown}"
    );
    assert_eq!(text.lines().nth(first.line - 1), Some(first.source_line.as_str()));
}

#[test]
fn a_mistake_is_told_where_it_stands_with_its_mend() {
    check("undo_window = ", "undo_windw = ", "`undo_window` is missing", "[policy]");
    check(
        "lease = \"10 min\"",
        "lease = \"10 minutes\"",
        "`10 minutes` is not a duration",
        "lease",
    );
    check("lease = \"10 min\"", "lease = \"10 ms\"", "a lease lasts 1 s to 24 h", "lease");
    check(
        "fallback_queue = \"triage\"",
        "fallback_queue = \"triag\"",
        "the fallback queue `triag` does not exist; did you mean `triage`?",
        "fallback_queue",
    );
    check("id = \"default\"", "id = \"default", "invalid basic string", "id = ");
    check(
        "path = \"request.intent\"",
        "path = \"request.intend\"",
        "there is no fact `request.intend`; did you mean `request.intent`?",
        "[[fact]]",
    );
    check(
        "type = \"int\"",
        "type = \"double\"",
        "`request.feedback_rating` is of type `int`",
        "[[fact]]",
    );
    check("base = 0.85", "base = \"0.85\"", "expected a number, got a string", "base");
    check(
        "gains = [0.6, 0.8]",
        "gains = [0.6, -0.8]",
        "signal `retrieval_score`: a segment falls",
        "[[confidence.signal]]",
    );
    check(
        "gains = [0.6, 0.8]",
        "gains = [0.6]",
        "signal `retrieval_score`: segments and knots do not match",
        "[[confidence.signal]]",
    );
    check("answer = 0.60", "answer = 60", "`60` is not in [0, 1]", "answer = 60");
    check(
        "limited_answer = 0.40",
        "limited_answer = 0.9",
        "a limited answer needs more confidence",
        "[confidence.tiers.low]",
    );
    check(
        "kind = \"high_stakes\"",
        "kind = \"high_stake\"",
        "`high_stake` is not one of",
        "kind = ",
    );
    check(
        "then = \"refuse\"",
        "required = [\"request.intents\"]\nthen = \"refuse\"",
        "the fact `request.intents` is not declared; did you mean `request.intent`?",
        "required",
    );
    check(
        "when = 'facts.vulnerable_user'",
        "when = 'facts.vulnerable_usr'",
        "the fact `facts.vulnerable_usr` is not declared; did you mean",
        "facts.vulnerable_usr",
    );
    check(
        "final = true\nrisk_level = \"high\"",
        "final = true\nrisk_lvl = \"high\"",
        "the field `risk_lvl` is not known; did you mean `risk_level`?",
        "risk_lvl",
    );
    check(
        "then = \"refuse\"\nfinal = true",
        "then = \"escalate\"\nfinal = true",
        "only a refusal can be final",
        "[[trigger]]",
    );
    check(
        "why = \"the judge gave the draft {request.judge_score}",
        "why = \"the judge gave the draft {request.judge_scor}",
        "the message names `request.judge_scor`, which is not declared; did you mean",
        "why = ",
    );
    check(
        "id = \"safety_urgent\"",
        "id = \"high_stakes_advice\"",
        "`high_stakes_advice` stands twice",
        "[[trigger]]",
    );
    check(
        "queue = \"billing_dispute\"",
        "queue = \"triage\"",
        "`triage` stands twice",
        "[[queue]]",
    );
    check(
        "authority = { domain = \"legal\", level = 3 }",
        "authority = { domain = \"legal\", level = 30 }",
        "`30` is not a whole number from 0 to 9",
        "level = 30",
    );
    check("[refusal]\ndefault", "[refusal]\nen", "there is no text under `default`", "[refusal]");
    check("[limited_answer]", "[limited_answers]", "`limited_answer` is missing", "#");
}

#[test]
fn several_mistakes_are_told_together() {
    let text = DEFAULT_POLICY
        .replacen("kind = \"tool_risk\"", "kind = \"tools\"", 1)
        .replacen("sla = \"30 min\"", "sla = \"soon\"", 1)
        .replacen("base = 0.85", "base = true", 1);
    assert_eq!(compile(&text, "policy.toml").unwrap_err().len(), 3);
}

#[test]
fn hostile_text_is_refused_and_nothing_else_happens() {
    let rows = [
        String::new(),
        "\u{0}".to_owned(),
        "x".repeat(1_000_001),
        format!("a = {}{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("a = {}1{}", "{b=".repeat(2_000), "}".repeat(2_000)),
        "a = 99999999999999999999".to_owned(),
        "a = nan".to_owned(),
        "[policy]\nid = 1\nid = 2".to_owned(),
    ];
    for text in rows {
        assert!(compile(&text, "policy.toml").is_err(), "{}", &text[..text.len().min(60)]);
    }
}

#[test]
fn what_is_wrong_with_the_work_of_people_is_told_with_its_mend() {
    let check = |from: &str, to: &str, expected: &str| {
        assert!(DEFAULT_POLICY.contains(from), "{from}");
        let text = DEFAULT_POLICY.replacen(from, to, 1);
        let told = countersign::compile::compile(&text, "policy.toml").expect_err(to);
        assert!(told[0].message.starts_with(expected), "{}\nexpected {expected}", told[0].message);
        assert!(!told[0].help.is_empty() && told[0].line > 1, "{to}");
    };
    let warn = "{ at = 50, then = \"warn\" }";
    let step = |to: &str, expected: &str| check(warn, to, expected);
    step("{ at = 50, then = \"wran\" }", "`wran` is not one of");
    step("{ at = 0, then = \"warn\" }", "`0` is not a whole number from 1 to 1000");
    step("{ at = 80, then = \"reassign\" }", "there are two steps at 80 % of this clock");
    step("{ at = 50, then = \"warn\", page = \"on_cal\" }", "there is no notify `on_cal`");
    step("{ at = 50, then = \"escalate\", queue = \"triag\" }", "there is no queue `triag`");
    step(
        "{ at = 50, then = \"warn\", queue = \"triage\" }",
        "only an escalation goes to another queue",
    );
    step("{ at = 150, then = \"expire\" }", "a case that expires leaves its user without a word");
    step("{ at = 150, then = \"expire\", template = \"sorry\" }", "there is no template `sorry`");
    step(
        "{ at = 50, then = \"expire\", template = \"sorry\" }",
        "a case expires before its deadline",
    );
    step("{ at = 50, then = \"warn\", template = \"sorry\" }", "only what expires has a template");
    check("first_touch = \"10 min\"\n", "", "the queue has no first touch to count by");
    check(
        "first_touch = \"10 min\"",
        "first_touch = \"10 business hours\"",
        "business time needs a calendar",
    );
    let queue = "queue = \"triage\"\ntitle = \"Triage\"";
    let overflow = |to: &str| format!("{queue}\noverflow = {{ waiting = 9, queue = \"{to}\" }}");
    check(queue, &overflow("triage"), "a full queue cannot send its cases to itself");
    check(queue, &overflow("nowhere"), "there is no queue `nowhere`");
    check(queue, &format!("{queue}\nreviewers = 10"), "`10` is not a whole number from 1 to 9");
    check("waiting = \"2 d\"", "open_leases_max = 0", "`0` is not a whole number from 1 to 1000");
    check("[notice.expected]", "[notice.expcted]", "the field `expcted` is not known");
}
