//! A bundle that was checked: what images are made from, and policies.

use crate::certificate::decision_hash;
use crate::error::{ErrorCode, Fault};
use crate::json::Json;
use crate::policy::{BUNDLE_DOMAIN, Bundle, Queue};
use crate::read::Node;

/// A bundle with its digests. To write an image takes no more, so that what reads bundles for an edge
/// carries nothing that decides.
pub(crate) struct Checked {
    pub(crate) bundle: Bundle,
    pub(crate) fallback: Queue,
    pub(crate) hash: String,
    pub(crate) decision_hash: String,
}

impl Checked {
    /// Reads a bundle.
    pub(crate) fn read(value: &Json) -> Result<Self, Fault> {
        let rejected = |fault: Fault| Fault { code: ErrorCode::PolicyRejected, ..fault };
        let node = Node::root(value);
        let bundle = Bundle::read(node).map_err(rejected)?;
        let no_fallback = format!("the fallback queue `{}` does not exist", bundle.fallback_queue);
        Self::of(bundle, value.digest(BUNDLE_DOMAIN), decision_hash(value))
            .ok_or_else(|| rejected(node.invalid(no_fallback, "name one of the queues")))
    }

    /// `None` if its fallback queue does not exist.
    pub(super) fn of(bundle: Bundle, hash: String, decision_hash: String) -> Option<Self> {
        let is_fallback = |queue: &&Queue| queue.queue == bundle.fallback_queue;
        let fallback = bundle.queues.iter().find(is_fallback).cloned()?;
        Some(Self { bundle, fallback, hash, decision_hash })
    }

    /// Its image.
    #[cfg(feature = "reader")]
    pub(crate) fn image(&self) -> Vec<u8> {
        super::written(&self.bundle, &self.hash, &self.decision_hash)
    }
}
