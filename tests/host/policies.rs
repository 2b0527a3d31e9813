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
