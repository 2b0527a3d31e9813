//! The hot path: decisions over flat facts.
//!
//! A policy knows which facts it reads and numbers them. A request is laid out as cells in that
//! order, numbers, bits and numbered words; [`crate::evaluate`] decides there as an edge does, so that
//! both cannot differ, and then explains. Deciding allocates nothing.

#[cfg(feature = "wasm")]
pub(crate) mod action;
mod batch;
pub(crate) mod cell;
pub(crate) mod condition;
pub(crate) mod curve;
pub(crate) mod decide;
pub(crate) mod desk;
pub(crate) mod entry;
pub(crate) mod plan;
pub(crate) mod words;

pub use batch::{Decision, evaluate_batch};
