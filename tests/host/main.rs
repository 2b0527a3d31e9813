//! The host over HTTP, on SQLite and on PostgreSQL: what it refuses, the whole path of a case, races, and what is
//! left when its process is killed or its database edited.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "a test that finds something else than it expects ends"
)]

mod absence;
mod acting;
mod actions;
mod admission;
mod approvals;
mod audits;
mod backup;
mod conformance;
mod contract;
mod corpus;
mod crash;
mod decisions;
mod desk;
mod events;
mod hostile;
mod identity;
mod impact;
mod journey;
mod layers;
mod lists;
mod measures;
mod monitors;
mod policies;
mod queues;
mod races;
mod refusals;
mod releases;
mod replay;
mod second_reviews;
mod server;
mod sink;
mod sla;
mod start;
mod store;
mod support;
mod tamper;
mod webhooks;
