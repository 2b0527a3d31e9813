//! What the tests share: the default policy, and values from text.

use std::path::PathBuf;
use std::sync::OnceLock;

use countersign::compile::{self, Compiled};
use countersign::{Json, Policy, Request, TimestampMs, Verdict, evaluate};

/// The instant at which the tests decide.
pub(crate) const NOW: &str = "2026-05-09T14:00:00.000Z";

pub(crate) fn now() -> TimestampMs {
    at(NOW)
}

pub(crate) fn at(text: &str) -> TimestampMs {
    TimestampMs::parse(text).unwrap()
}

pub(crate) fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

pub(crate) fn canonical(record: &impl serde::Serialize) -> String {
    compile::to_json(record).unwrap().canonical()
}

pub(crate) fn compile_text(text: &str) -> Compiled {
    compile::compile(text, "policy.toml").unwrap_or_else(|diagnostics| {
        let told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    })
}

/// The default policy, compiled once.
pub(crate) fn compiled() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| compile_text(compile::DEFAULT_POLICY))
}

pub(crate) fn default_policy() -> &'static Policy {
    &compiled().policy
}

/// The verdict of the default policy on a request in JSON.
pub(crate) fn judge(request: &str) -> Verdict {
    let request = Request::read(&json(request)).unwrap();
    evaluate(default_policy(), &request, now())
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with what lies beside the project.
pub(crate) fn shared() -> PathBuf {
    std::env::var_os("COUNTERSIGN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from)
}

/// Holds a checked-in file equal to what the code generates; `UPDATE=1` writes it.
pub(crate) fn assert_fresh(path: &str, generated: &str) {
    assert_fresh_bytes(path, generated.as_bytes());
}

/// As `assert_fresh`, for a file that is no text.
pub(crate) fn assert_fresh_bytes(path: &str, generated: &[u8]) {
    let path = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let stored = std::fs::read(&path).unwrap_or_default();
    assert!(
        stored == generated,
        "{} is stale: run `UPDATE=1 cargo test --features \"compile ts\" --test it`, look at the difference, and commit it",
        path.display()
    );
}
