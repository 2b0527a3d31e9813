//! The key by which random audits are picked: in a file beside the database, and on no edge.

use std::path::Path;

use crate::host::confidence::chance::share_of;
use crate::host::key_file;
use crate::host::store::Failure;
use crate::host::webhook::secret::hmac_sha256;
use crate::units::Id;

/// Keeps these picks apart from whatever else the key may make one day.
const DOMAIN: &[u8] = b"countersign/random-audit/v1\n";

/// The host's key.
#[derive(Clone)]
pub struct SamplingKey([u8; 32]);

impl SamplingKey {
    /// Reads the key, which is made when it is first asked for.
    ///
    /// # Errors
    /// Where the file cannot be read or made, or is not a key.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        key_file::open(path).map(Self)
    }

    /// Whether a request of this name is audited at this rate: always the same answer, which nobody
    /// without the key can tell before.
    ///
    /// # Errors
    /// Never for a key of this length.
    pub fn picks(&self, tenant_id: &Id, name: &str, rate: f64) -> Result<bool, Failure> {
        // An id has no line feed, so that no two pairs look alike.
        let parts = [DOMAIN, tenant_id.as_str().as_bytes(), b"\n", name.as_bytes()];
        let digest = hmac_sha256(&self.0, &parts)?;
        let bits = digest.iter().take(8).fold(0, |bits, byte| (bits << 8) | u64::from(*byte));
        Ok(share_of(bits) < rate)
    }
}
