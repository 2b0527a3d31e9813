//! What owners do with a policy before it is released: test it, compare it, replay it.

use crate::support::{Folder, program};

/// The default policy, and the tests beside it.
const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/compile/default.toml");

fn write(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Whether a command succeeds, and what it says on both ways out.
fn say(arguments: &[&str]) -> (bool, String, String) {
    let output = program(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn done(arguments: &[&str]) -> String {
    let (success, out, told) = say(arguments);
    assert!(success, "{arguments:?}: {told}");
    out
}

fn fails(arguments: &[&str]) -> (String, String) {
    let (success, out, told) = say(arguments);
    assert!(!success, "{arguments:?}: {out}");
    (out, told)
}

#[test]
fn the_default_policy_says_what_its_tests_expect() {
    let told = done(&["policy", "test", DEFAULT]);
    assert!(told.ends_with(" tests passed\n"), "{told}");
}

#[test]
fn a_test_that_fails_is_told_with_its_line_what_was_expected_and_what_was_found() {
    let folder = Folder::new();
    let tests = "now = 2026-05-11T14:00:00Z\n\n\
        [[test]]\nname = \"low risk\"\nrequest = { risk_level = \"low\" }\n\
        expect = { disposition = \"answer\", triggers_include = [\"low_confidence\"] }\n\n\
        [[test]]\nname = \"a refund\"\nactions = [{ proposed_action = \"issue_refund\", amount = 9000, currency = \"USD\" }]\n\
        [test.expect]\nverdict = \"require_approval\"\nquorum = 2\n\
        authority = { domain = \"payments\", level = 1 }\n";
    let file = write(&folder, "my.tests.toml", tests);
    let (out, told) = fails(&["policy", "test", DEFAULT, "--tests", &file]);
    let lines: Vec<&str> = out.lines().collect();
    let first = ":6: low risk: `disposition`: expected \"answer\", found \"limited_answer\"";
    assert!(lines[0].ends_with(first), "{out}");
    assert!(lines.iter().any(|line| line.contains(":13: a refund: `quorum`: expected 2, found 1")));
    assert!(
        lines.iter().any(|line| line.contains(":14: a refund: `authority`: expected {")),
        "{out}"
    );
    assert_eq!(told.trim(), "2 of 2 tests failed");
}

#[test]
fn a_test_that_could_never_hold_is_a_mistake_at_its_place() {
    let folder = Folder::new();
    let rows = [
        ("request = {}\nexpect = { disposition = \"answr\" }", ":4:", "did you mean `answer`?"),
        (
            "request = { domian = \"x\" }\nexpect = { queue = \"triage\" }",
            ":3:",
            "`domian` is not known",
        ),
        ("request = {}\nexpect = {}", ":4:", "the test expects nothing"),
        ("request = {}\nexpect = { verdict = \"allow\" }", ":4:", "`verdict` is not known"),
        ("expect = { queue = \"triage\" }", ":1:", "one request, or about actions"),
        ("request = {}\nexpect = { due_at = 2026-05-11T14:00:00Z }", ":4:", "14:00:00.000Z"),
    ];
    for (test, place, message) in rows {
        let file = write(&folder, "t.toml", &format!("[[test]]\nname = \"t\"\n{test}\n"));
        let (_, told) = fails(&["policy", "test", DEFAULT, "--tests", &file]);
        assert!(told.contains(place) && told.contains(message), "{test}: {told}");
    }
    let (_, told) = fails(&["policy", "test", DEFAULT, "--tests", "nowhere.toml"]);
    assert!(told.contains("nowhere.toml"), "{told}");
}

/// The default policy with these replacements.
fn changed(folder: &Folder, replacements: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(DEFAULT).unwrap();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    write(folder, "changed.toml", &text)
}

#[test]
fn a_difference_is_told_in_words_and_marked_where_it_loosens() {
    let folder = Folder::new();
    assert_eq!(done(&["policy", "diff", DEFAULT, DEFAULT]), "the two policies say the same\n");
    let rows = [
        ("version = \"1\"", "version = \"2\"", "  policy: `version` was `1`, is `2`"),
        (
            "limited_answer = 0.40",
            "limited_answer = 0.30",
            "! tier `low`: `limited_answer` was 0.4, is 0.3",
        ),
        (
            "limited_answer = 0.40",
            "limited_answer = 0.50",
            "  tier `low`: `limited_answer` was 0.4, is 0.5",
        ),
        (
            "certified = { tolerated_error = 0.02, failure_probability = 0.1 }",
            "answer = 0.9",
            "! tier `high`: `certified` was failure_probability 0.1, tolerated_error 0.02, is nothing",
        ),
        (
            "'request.judge_score < 0.6'",
            "'request.judge_score < 0.4'",
            "? trigger `judge_not_content`: `when` was `request.judge_score < 0.6`, is `request.judge_score < 0.4`",
        ),
        (
            "'request.judge_score < 0.6'",
            "'request.judge_score  <  0.6'",
            "  trigger `judge_not_content`: `when` was",
        ),
        (
            "id = \"judge_not_content\"",
            "id = \"judge_not_content\"\nshadow = true",
            "! trigger `judge_not_content`: `shadow` was no, is yes",
        ),
        (
            "id = \"user_not_content\"",
            "id = \"other\"",
            "! trigger `user_not_content` is gone: when `request.feedback_rating <= 2`, then `escalate`",
        ),
        (
            "sla = \"4 h\"\nsla_min = \"30 min\"",
            "sla = \"8 h\"\nsla_min = \"30 min\"",
            "! queue `billing_dispute`: `sla` was 4 h, is 8 h",
        ),
        (
            "names = [\"mail.send\", \"email.send\"]",
            "names = [\"mail.send\"]",
            "  tool `mail.send` is new",
        ),
        (
            "verdict = \"allow\"\ntarget = \"/to\"",
            "verdict = \"require_approval\"\ntarget = \"/to\"",
            "  tool `mail.send, email.send`: `verdict` was `allow`, is `require_approval`",
        ),
        (
            "actions.amount > money(\"5000 USD\")'",
            "actions.amount > money(\"6000 USD\")'",
            "? impact `money_above_5000`: `when` was",
        ),
        (
            "EUR = \"1.10\"",
            "EUR = \"1.20\"",
            "? rates: `billionths.EUR` was 1100000000, is 1200000000",
        ),
        ("answer = 0.03", "answer = 0.01", "! sampling: `answer` was 0.03, is 0.01"),
        ("waiting = \"2 d\"", "waiting = \"3 d\"", "! work: `waiting_ms` was 2 d, is 3 d"),
        (
            "first_touch = \"10 min\"",
            "first_touch = \"10 min\"\nreviewers = 2",
            "  work in queue `security_action`: `reviewers` was 1, is 2",
        ),
        (
            "  { at = 50, then = \"warn\" },\n  { at = 80, then = \"warn\", page = \"on_call\" },",
            "  { at = 50, then = \"warn\" },",
            "? work in queue `security_action`: `steps` was at 100 % of first touch warn paging `on_call`; at 50 % warn; at 80 %",
        ),
        (
            "title = \"Leads of the queue\"",
            "title = \"Leads\"",
            "  notify `leads`: `title` was `Leads of the queue`, is `Leads`",
        ),
        (
            "Your answer is late.",
            "We are late.",
            "  notice `overdue`: the text for `default` is another",
        ),
    ];
    for (from, to, told) in rows {
        let after = changed(&folder, &[(from, to)]);
        let said = done(&["policy", "diff", DEFAULT, &after]);
        assert!(said.lines().any(|line| line.starts_with(told)), "{to}: {said}");
        // What the work of people says stands in one place, and so does what is audited.
        let parts = ["sampling", "work", "notify", "notice"];
        let once = parts.iter().any(|part| told[2..].starts_with(part));
        assert!(!once || said.contains("\n1 change: "), "{to}: {said}");
    }
    let after = changed(&folder, &[rows[1], rows[4]].map(|(from, to, _)| (from, to)));
    let told = done(&["policy", "diff", DEFAULT, &after, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["loosening"], &told["unclear"]), (&1.into(), &1.into()), "{told:#}");
    assert_eq!(told["changes"][0]["section"], "tier");
    assert_eq!(told["changes"][0]["lean"], "loosens");
}

#[test]
fn facts_in_another_order_are_no_change_of_conditions() {
    let folder = Folder::new();
    let fact = "[[fact]]\npath = \"facts.region\"\ntype = \"string\"\n\n";
    let first = "[[fact]]\npath = \"request.domain\"";
    let after = changed(&folder, &[(first, &format!("{fact}{first}"))]);
    let told = done(&["policy", "diff", DEFAULT, &after]);
    assert!(
        told.starts_with("  fact `facts.region` is new") && told.contains("\n1 change: "),
        "{told}"
    );
}
