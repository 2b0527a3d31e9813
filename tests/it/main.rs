//! Core behaviour: golden decisions, rules by tables, properties, and the purity of the core.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects ends"
)]

mod bundle;
mod calendar;
mod canonical;
mod canonical_peers;
mod case;
mod cel_properties;
mod cel_vectors;
mod certificate;
mod chance;
mod compile;
mod compile_actions;
mod confidence;
mod corpus;
mod diagnostics;
mod escalation;
mod event;
mod execution;
mod flat;
mod fuzz;
mod gate;
mod gate_properties;
mod gates;
mod generated;
mod identity;
mod import;
mod inference;
mod metrics;
mod money;
mod overlay;
mod overlay_properties;
mod proposal;
mod request;
mod seed;
mod support;
mod suppression;
mod tidy;
mod verdict;
