//! Learning confidence and showing that it holds: numbers against exact tables, against simulations
//! of known truth, and against Python where it is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects ends"
)]

mod bad_input;
mod bars;
mod certificates;
mod commands;
mod fitting;
mod measures;
mod monitoring;
mod reference;
mod reviewing;
mod rows;
mod support;
