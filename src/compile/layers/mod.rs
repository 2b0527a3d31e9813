//! Layered policies: a base, and an overlay of one tenant that may only tighten it, become one
//! ordinary bundle.
//!
//! The two are put together as text and compiled like any policy. Then the bundle is held against
//! the base's: whatever could make it less cautious, for any request, is refused where the overlay
//! says it, unless the base lists it under `may_loosen`. In doubt it is refused.

mod actions;
mod merge;
mod read;
mod routes;
mod sections;
mod strict;
mod work;

use super::diagnostic::Diagnostic;
use super::document::{self, Document, split_place};
use super::{Compiled, compile, compile_document, too_long};
use crate::error::Fault;
use crate::json::Json;
use merge::Merged;
use read::Head;

pub(super) use read::MayLoosen;

/// A text and the name of its file in diagnostics.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The text.
    pub text: &'a str,
    /// The file.
    pub file: &'a str,
}

/// Compiles an overlay over its base into one bundle.
///
/// # Errors
/// Every fault that was found, each with its place: of the base, of the overlay, and everything in
/// which the overlay loosens what the base does not let it.
pub fn compile_overlay(base: Source<'_>, overlay: Source<'_>) -> Result<Compiled, Vec<Diagnostic>> {
    too_long(overlay)?;
    let text = document::parse(overlay.text, overlay.file)?;
    let own = |faults: Vec<Fault>| -> Vec<Diagnostic> {
        faults.into_iter().map(|fault| text.locate(fault)).collect()
    };
    if !is_overlay(text.json()) {
        let help = "add [overlay] with `id`, `version` and `base`, or compile it without a base";
        return Err(own(vec![read::fault("", "this is a whole policy, not an overlay", help)]));
    }
    let base_text = document::parse(base.text, base.file)?;
    if is_overlay(base_text.json()) {
        let help = "give the policy that both lie over; nothing lies over an overlay";
        let fault = read::fault("/overlay", "the base is an overlay itself", help);
        return Err(vec![base_text.locate(fault)]);
    }
    let base = compile(base.text, base.file)?;
    let head = Head::read(text.json(), base_text.json()).map_err(|fault| own(vec![fault]))?;
    let may = MayLoosen::of(base_text.json()).map_err(|fault| vec![base_text.locate(fault)])?;
    let missed = strict::taken_out(&base.policy, &head, may.clone());
    if !missed.is_empty() {
        return Err(own(missed));
    }
    let merged = merge::merge(base_text.json(), text.json(), &head).map_err(own)?;
    let places = Places { base: &base_text, overlay: &text, merged: &merged };
    let located = |faults: Vec<Fault>| -> Vec<Diagnostic> {
        faults.into_iter().map(|fault| places.locate(fault)).collect()
    };
    let compiled = compile_document(&merged.document).map_err(located)?;
    let faults = strict::loosened(&base.policy, &compiled.policy, may);
    match faults.is_empty() {
        true => Ok(compiled),
        false => Err(faults.into_iter().map(|fault| places.locate_said(fault)).collect()),
    }
}

/// Whether a text is one of an overlay, as far as it can be read.
#[must_use]
pub fn is_overlay_text(text: &str) -> bool {
    document::parse(text, "").is_ok_and(|document| is_overlay(document.json()))
}

/// The id of the base that an overlay lies over.
#[must_use]
pub fn base_of(text: &str) -> Option<String> {
    let document = document::parse(text, "").ok()?;
    match sections::at(document.json(), "/overlay/base") {
        Some(Json::String(base)) => Some(base.clone()),
        _ => None,
    }
}

pub(super) fn is_overlay(document: &Json) -> bool {
    matches!(document, Json::Object(fields) if fields.contains_key("overlay"))
}

/// From the pointers of what was put together to the two texts.
struct Places<'a> {
    base: &'a Document<'a>,
    overlay: &'a Document<'a>,
    merged: &'a Merged,
}

impl Places<'_> {
    /// A fault where its value was written.
    fn locate(&self, fault: Fault) -> Diagnostic {
        let (pointer, within) = split_place(&fault.path);
        let Merged { written, items, moved, .. } = self.merged;
        // The base compiles by itself, so that the fault of an item lies in what was changed of it.
        if let Some(place) = longest(written, pointer).or_else(|| longest(items, pointer)) {
            return self.overlay.locate(Fault { path: format!("{place}{within}"), ..fault });
        }
        let place = longest(moved, pointer).unwrap_or_else(|| pointer.to_owned());
        self.base.locate(Fault { path: format!("{place}{within}"), ..fault })
    }

    /// A fault of the overlay: at the field that it says, or the item.
    fn locate_said(&self, fault: Fault) -> Diagnostic {
        let (pointer, _) = split_place(&fault.path);
        let Merged { written, items, .. } = self.merged;
        let place = longest(written, pointer).or_else(|| longest(items, pointer));
        let path = place.unwrap_or_else(|| "/overlay".to_owned());
        self.overlay.locate(Fault { path, ..fault })
    }
}

/// Where the value of a pointer came from: by the longest pointer around it that is known.
fn longest(places: &std::collections::BTreeMap<String, String>, pointer: &str) -> Option<String> {
    let mut around = pointer;
    loop {
        if let Some(place) = places.get(around) {
            let rest = pointer.get(around.len()..).unwrap_or("");
            return Some(format!("{place}{rest}"));
        }
        around = around.rsplit_once('/')?.0;
    }
}
