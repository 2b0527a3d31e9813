//! Rows of known truth, and rows from text.

use std::io::Write as _;

use countersign::confidence::ConfidenceModel;
use countersign::host::confidence::chance::Chance;
use countersign::host::confidence::design::Settings;
use countersign::host::confidence::fit::Plan;
use countersign::host::confidence::row::Rows;

/// Says that a test did not run, past the harness, which keeps what a test that passes prints.
pub(crate) fn skipped(why: &str) {
    std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}

pub(crate) fn rows(text: &str) -> Rows {
    Rows::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

pub(crate) fn plan() -> Plan {
    let settings = Settings::default();
    Plan { model_version: "test".to_owned(), prior: None, held_back: 0.0, settings }
}

pub(crate) fn plan_with(prior: &ConfidenceModel) -> Plan {
    Plan { prior: Some(prior.clone()), ..plan() }
}

/// Drafts whose chance of being right is known: it rises with `good`, and not with `noise`; `tool` is
/// missing for every fourth, and unavailable, which costs much, for every tenth.
pub(crate) fn simulated(count: usize, seed: u64) -> (String, Vec<f64>) {
    let mut chance = Chance::new(seed);
    let mut lines = String::new();
    let mut truth = Vec::new();
    for index in 0..count {
        let (good, noise) = (chance.share(), chance.share());
        let (tool, effect) = match index % 20 {
            0 | 10 => ("\"unavailable\"".to_owned(), -2.0),
            1 | 5 | 9 | 13 | 17 => ("null".to_owned(), 0.0),
            _ => {
                let tool = chance.share();
                (format!("{tool:.4}"), 1.5 * (tool - 0.5))
            }
        };
        let logit = 0.5 + 4.0 * (good - 0.5) + effect;
        let probability = 1.0 / (1.0 + libm::exp(-logit));
        let label = u8::from(chance.share() < probability);
        lines.push_str(&format!(
            "{{\"id\":\"row:{seed}:{index}\",\"risk_level\":\"high\",\"label\":{label},\
             \"signals\":{{\"good\":{good:.6},\"noise\":{noise:.6},\"tool\":{tool}}}}}\n"
        ));
        truth.push(probability);
    }
    (lines, truth)
}
