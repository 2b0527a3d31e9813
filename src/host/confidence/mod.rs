//! Learning confidence from reviewed rows, showing that it holds, and watching that it stays so.
//!
//! Native only: an edge gets the fitted numbers in its bundle. Everything here is a pure function of
//! rows and settings, so that the same rows give the same bytes; reading files and printing belong to
//! [`command`].

pub mod binomial;
pub mod certify;
mod certify_command;
pub mod chance;
pub mod command;
pub mod design;
pub mod fit;
pub mod measure;
pub mod monitor;
pub(in crate::host) mod origin;
pub mod outcome;
mod paste;
pub mod reviewers;
pub mod row;
pub mod score;
pub mod solve;
pub mod split;
