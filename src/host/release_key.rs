//! The key that signs manifests of policies: Ed25519, its seed in a file beside the database.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::compile::to_json;
use crate::host::key_file;
use crate::host::store::Failure;
use crate::json::sha256_name;
use crate::release::{MANIFEST_DOMAIN, Manifest, SignedManifest};

/// Hex digits of a key's id.
const KEY_ID_LENGTH: usize = 16;

/// The host's signing key.
pub struct ReleaseKey(Ed25519KeyPair);

impl ReleaseKey {
    /// Reads the key, which is made when it is first asked for.
    ///
    /// # Errors
    /// Where the file cannot be read or made, or is not a key.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&key_file::open(path)?);
        pair.map(Self).map_err(|_| Failure::internal(format!("{} is no key", path.display())))
    }

    /// The public key, in base 64: what edges are given, by another way than the manifests.
    #[must_use]
    pub fn public_text(&self) -> String {
        STANDARD.encode(self.0.public_key())
    }

    /// Signs a manifest.
    ///
    /// # Errors
    /// Never for a record of this kind.
    pub fn sign(&self, manifest: Manifest) -> Result<SignedManifest, Failure> {
        let text = format!("{MANIFEST_DOMAIN}\n{}", to_json(&manifest)?.canonical());
        let name = sha256_name(&[self.0.public_key().as_ref()]);
        let hex = name.strip_prefix("sha256:").unwrap_or(&name);
        Ok(SignedManifest {
            manifest,
            algorithm: "Ed25519".to_owned(),
            key_id: hex.chars().take(KEY_ID_LENGTH).collect(),
            signature: STANDARD.encode(self.0.sign(text.as_bytes())),
        })
    }
}
