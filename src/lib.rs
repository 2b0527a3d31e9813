//! Human-in-the-loop for LLM systems: decide at the edge, review in one inbox, audit everything.
//!
//! The core is pure. [`evaluate`] says what happens with a draft: answer, limited answer, a person,
//! or a refusal. [`classify`] says whether an action may be done, by whom it must be approved, or
//! that it may not. [`case::apply`] moves a case between the people who handle it, [`proposal::apply`] and
//! [`execution::apply`] an action from the model's wish to its outcome. All take values and
//! an instant, and give values back; none reads a clock, a file, or a random number.

pub mod audit;
pub mod calendar;
pub mod case;
pub mod certificate;
pub mod confidence;
pub mod correction;
pub mod error;
pub mod execution;
pub mod expr;
pub mod fact;
pub mod flat;
pub mod gate;
pub mod identity;
pub mod image;
pub mod impact;
pub mod inference;
pub mod json;
pub mod label;
pub mod limits;
pub mod map;
pub mod metrics;
pub mod money;
pub mod monitor;
#[cfg(any(feature = "wasm", feature = "reader"))]
mod packed;
pub mod policy;
pub mod proposal;
pub mod read;
pub mod release;
pub mod request;
pub mod routing;
pub mod sampling;
#[cfg(feature = "schema")]
mod schema;
pub mod suppression;
pub mod tier;
pub mod tool;
pub mod units;
pub mod verdict;
mod word;
pub mod work;

#[cfg(feature = "compile")]
pub mod compile;
#[cfg(feature = "host")]
pub mod host;
// A module of its own, beside the one of the bindings.
#[cfg(feature = "reader")]
#[path = "wasm/reader.rs"]
pub mod reader;
#[cfg(feature = "wasm")]
pub mod wasm;

pub use error::{ErrorCode, Fault};
pub use flat::evaluate_batch;
pub use gate::{Gate, classify};
pub use json::Json;
pub use policy::Policy;
pub use request::{Request, RiskLevel};
pub use units::{Id, Score, TimestampMs};
pub use verdict::{Disposition, Verdict, evaluate};
