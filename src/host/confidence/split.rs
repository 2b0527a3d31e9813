//! Which conversations are held back, and which labels an audit would have asked for: by digest of
//! the name, so that every command gives the same answer and nobody can choose it.

use sha2::{Digest as _, Sha256};

use crate::host::confidence::chance::share_of;

/// Separates the split of conversations from all other shares.
const PART_SALT: &str = "countersign/confidence/part/v1";
/// Separates the choice among one conversation's rows.
const PICK_SALT: &str = "countersign/confidence/pick/v1";
/// Separates the choice of the conversations that stand for more than are kept.
pub(super) const THIN_SALT: &str = "countersign/confidence/thin/v1";
/// Separates the audit's choice.
const AUDIT_SALT: &str = "countersign/confidence/audit/v1";

/// What share of the conversations is held back to certify the model, unless told otherwise.
pub const HELD_BACK: f64 = 0.4;

/// Whether a conversation is held back.
#[must_use]
pub fn is_held_back(cluster: &str, held_back: f64) -> bool {
    share(PART_SALT, cluster) < held_back
}

/// The rank of a row among those of its conversation: the least stands for all.
#[must_use]
pub fn pick(id: &str) -> f64 {
    share(PICK_SALT, id)
}

/// Whether an audit at this rate would have asked for the row's label.
#[must_use]
pub fn is_audited(id: &str, rate: f64) -> bool {
    share(AUDIT_SALT, id) < rate
}

/// A number in [0, 1) that the salt and the name determine.
#[must_use]
pub fn share(salt: &str, name: &str) -> f64 {
    let digest = Sha256::new().chain_update(salt).chain_update(b"\n").chain_update(name).finalize();
    share_of(digest.iter().take(8).fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
}
