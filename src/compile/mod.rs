//! The policy compiler: typed TOML in, a canonical bundle out, or diagnostics that say how to mend.
//!
//! The text is turned into the same values that callers send, so that one reader checks both; a map
//! from JSON Pointers to places in the text gives each fault its line and column. Native only: an
//! edge gets bundles.

mod actions;
mod calendar;
pub mod cel;
mod checks;
mod condition;
mod confidence;
mod diagnostic;
mod document;
mod duration;
mod impact_model;
mod import;
mod layers;
mod rules;
mod schema;
mod source;
mod work;

pub use diagnostic::Diagnostic;
pub use impact_model::builtin as builtin_impact_model;
pub use import::draft_tools;
pub use layers::{Source, base_of, compile_overlay, is_overlay_text};
pub use schema::schema_faults;

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::json::{Json, StoredJson};
use crate::limits;
use crate::policy::Policy;
use crate::read::{Node, Read};

/// The policy that a host starts with: the source, to be copied and changed.
pub const DEFAULT_POLICY: &str = include_str!("default.toml");

/// A policy that compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What is evaluated.
    pub policy: Policy,
    /// What is sent to edges: its canonical form has the digest that names the policy.
    pub bundle: Json,
}

/// Compiles the text of a policy; `file` is its name in diagnostics.
///
/// # Errors
/// Every fault that was found, each with its place.
pub fn compile(text: &str, file: &str) -> Result<Compiled, Vec<Diagnostic>> {
    too_long(Source { text, file })?;
    let document = document::parse(text, file)?;
    if layers::is_overlay(document.json()) {
        let help = "compile it over its base: `--base base.toml`";
        let code = crate::error::ErrorCode::InvalidField;
        let fault = Fault::new(code, "/overlay", "this is an overlay, not a whole policy", help);
        return Err(vec![document.locate(fault)]);
    }
    compile_document(document.json())
        .map_err(|faults| faults.into_iter().map(|fault| document.locate(fault)).collect())
}

fn too_long(source: Source<'_>) -> Result<(), Vec<Diagnostic>> {
    let bytes = source.text.len();
    let fits = bytes <= limits::POLICY_BYTES_MAX;
    fits.then_some(()).ok_or_else(|| vec![Diagnostic::too_long(source.file, bytes)])
}

fn compile_document(document: &Json) -> Result<Compiled, Vec<Fault>> {
    let bundle = source::read(document)?;
    let bundle = to_json(&bundle).map_err(|fault| vec![fault])?;
    // Reading the bundle back repeats every check on which evaluation relies.
    let policy = Policy::load(&bundle).map_err(|fault| vec![fault])?;
    Ok(Compiled { policy, bundle })
}

/// Reads another TOML file of an operator with the reader for policies.
///
/// # Errors
/// Every fault that was found, each with its place.
pub fn read_toml<T>(
    text: &str,
    file: &str,
    read: impl FnOnce(Node<'_>) -> Read<T>,
) -> Result<T, Vec<Diagnostic>> {
    let document = document::parse(text, file)?;
    read(Node::root(document.json())).map_err(|fault| vec![document.locate(fault)])
}

/// As [`read_toml`], and gives the line of each value by JSON Pointer.
///
/// # Errors
/// Every fault that was found, each with its place.
pub fn read_toml_with_lines<T>(
    text: &str,
    file: &str,
    read: impl FnOnce(Node<'_>) -> Read<T>,
) -> Result<(T, BTreeMap<String, usize>), Vec<Diagnostic>> {
    let document = document::parse(text, file)?;
    let value = read(Node::root(document.json())).map_err(|fault| vec![document.locate(fault)])?;
    Ok((value, document.lines()))
}

/// Reads a duration such as `15 min`, in milliseconds.
///
/// # Errors
/// `invalid_field` if it is not one, or longer than 366 days.
pub fn read_duration(node: Node<'_>) -> Read<i64> {
    duration::read(node)
}

/// The JSON value of a record.
///
/// # Errors
/// `internal` if the record has a number that JSON cannot hold.
pub fn to_json(record: &impl serde::Serialize) -> Result<Json, Fault> {
    let value = serde_json::to_value(record).and_then(serde_json::from_value::<StoredJson>);
    value.map(|StoredJson(value)| value).map_err(|error| {
        let code = crate::error::ErrorCode::Internal;
        Fault::new(code, "", format!("the record has no JSON form: {error}"), "report this")
    })
}
