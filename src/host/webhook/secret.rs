//! What proves to a receiver that a delivery comes from this host: Standard Webhooks signatures.
//!
//! No secret is stored. Each is made from the endpoint's salt, which lies in the database, and the
//! host's key, which lies in a file of its own beside it: neither alone signs anything, a copy of
//! the database gives nothing away, and there is one small file to guard.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::host::store::Failure;
use crate::host::{ids, key_file};
use crate::units::TimestampMs;

/// Keeps these secrets apart from whatever else the key may make one day.
const DOMAIN: &[u8] = b"countersign/webhook-secret/v1\n";
const EXECUTOR_DOMAIN: &[u8] = b"countersign/executor-secret/v1\n";
const EXECUTION_DOMAIN: &[u8] = b"countersign/execution-key/v1\n";
const KEY_LENGTH: usize = 32;

/// The host's key.
#[derive(Clone)]
pub struct WebhookKey([u8; KEY_LENGTH]);

/// The secret of one endpoint.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl WebhookKey {
    /// Reads the key, which is made when it is first asked for. Only the host's own account may
    /// read the file.
    ///
    /// # Errors
    /// Where the file cannot be read or made, or is not a key.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        key_file::open(path).map(Self)
    }

    /// The secret of the endpoint with this salt.
    ///
    /// # Errors
    /// Never for a key of this length.
    pub fn secret(&self, salt: &[u8; 32]) -> Result<Secret, Failure> {
        Ok(Secret(hmac_sha256(&self.0, &[DOMAIN, salt])?))
    }
}

impl WebhookKey {
    /// The secret that requests to an executor of this name are signed with.
    ///
    /// # Errors
    /// Never for a key of this length.
    pub fn executor_secret(&self, executor: &str) -> Result<Secret, Failure> {
        Ok(Secret(hmac_sha256(&self.0, &[EXECUTOR_DOMAIN, executor.as_bytes()])?))
    }

    /// The idempotency key of one action under an authorization: nobody can guess it, and a crash
    /// cannot mint another.
    ///
    /// # Errors
    /// Never for a key of this length.
    pub fn execution_key(&self, authorization_id: &str, position: i64) -> Result<String, Failure> {
        let position = position.to_string();
        let parts = [EXECUTION_DOMAIN, authorization_id.as_bytes(), b"/", position.as_bytes()];
        Ok(format!("key_{}", ids::base32(&hmac_sha256(&self.0, &parts)?)))
    }
}

impl Secret {
    /// The secret as receivers are given it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0))
    }

    /// What is stored of it, to tell whether the key is still the one that made it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        ids::secret_hash(&self.text())
    }

    /// The header `webhook-signature` of a message that is sent at this instant.
    ///
    /// # Errors
    /// Never for a secret of this length.
    pub fn sign(&self, id: &str, at: TimestampMs, body: &str) -> Result<String, Failure> {
        let timestamp = seconds(at).to_string();
        let parts = [id, ".", &timestamp, ".", body].map(str::as_bytes);
        Ok(format!("v1,{}", STANDARD.encode(hmac_sha256(&self.0, &parts)?)))
    }
}

/// The header `webhook-timestamp`.
#[must_use]
pub const fn seconds(at: TimestampMs) -> i64 {
    at.as_ms() / 1_000
}

pub(in crate::host) fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> Result<[u8; 32], Failure> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.map_err(|_| Failure::internal("a key has no valid length"))?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of the Standard Webhooks specification's reference libraries.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
