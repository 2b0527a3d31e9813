//! A policy as an edge loads it: a compact image of a bundle that was read and checked before.
//!
//! The bundle stays the authority. Whoever has it makes the image from it, the same bytes every time;
//! the module of an edge maps the image and carries no reader of bundles. An image names the bundle
//! that it was made from and ends with nothing left over: what is damaged, of another version, or no
//! image is refused. A checksum finds damage and proves no origin: that is for the signed manifest,
//! which names the image's digest beside the bundle's.

mod checked;
mod form;
mod records;

pub(crate) use checked::Checked;
pub(crate) use form::{Bytes, Imaged};

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::json::{sha256, sha256_name};
use crate::policy::{Bundle, Policy, PolicyReference};

/// Version of the form that this code reads and writes; an image of any other is refused.
pub const IMAGE_VERSION: u8 = 2;

/// What every image begins with: no text does, and what turns line ends or strips high bits spoils it.
pub const IMAGE_MAGIC: [u8; 8] = *b"\x89CSI\r\n\x1a\n";

/// Separates the digests of images from all other digests.
const IMAGE_DOMAIN: &[u8] = b"countersign/policy-image/v1\n";

/// The bytes of a SHA-256 digest.
const DIGEST_BYTES: usize = 32;

impl Policy {
    /// The image of its bundle.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        written(self.bundle(), &self.reference().hash, self.decision_hash())
    }

    /// Maps an image.
    ///
    /// # Errors
    /// `policy_rejected` if it is no image, of another version, or damaged.
    pub fn of_image(image: &[u8]) -> Result<Self, Fault> {
        let rejected =
            |detail: &str, help: &str| Err(Fault::new(ErrorCode::PolicyRejected, "", detail, help));
        let Some([version, rest @ ..]) = image.strip_prefix(&IMAGE_MAGIC) else {
            return rejected("this is no image of a policy", "pass what the policy compiler wrote");
        };
        if *version != IMAGE_VERSION {
            let help = "use a module of the compiler's release, or load the bundle";
            return rejected("the image is of another version than this module", help);
        }
        match mapped(rest) {
            Some(checked) => Ok(Self::of(checked)),
            None => rejected("the image is damaged", "fetch it again, or load the bundle"),
        }
    }
}

/// The image of a policy, as the host gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyImage {
    /// The policy.
    pub policy: PolicyReference,
    /// The image's digest, which the signed manifest names too.
    pub image_hash: String,
    /// The image, in base 64.
    pub image: String,
}

/// What an image is called: `sha256:` and the digest of its content, which it carries itself.
#[must_use]
pub fn image_hash(image: &[u8]) -> String {
    let content = image.get(IMAGE_MAGIC.len() + 1 + DIGEST_BYTES..).unwrap_or_default();
    sha256_name(&[IMAGE_DOMAIN, content])
}

fn written(bundle: &Bundle, hash: &str, decision_hash: &str) -> Vec<u8> {
    let mut content = Vec::new();
    hash.to_owned().put(&mut content);
    decision_hash.to_owned().put(&mut content);
    bundle.put(&mut content);
    let mut image = IMAGE_MAGIC.to_vec();
    image.push(IMAGE_VERSION);
    image.extend(sha256(&[IMAGE_DOMAIN, &content]));
    image.append(&mut content);
    image
}

fn mapped(rest: &[u8]) -> Option<Checked> {
    let (digest, content) = rest.split_first_chunk::<DIGEST_BYTES>()?;
    if sha256(&[IMAGE_DOMAIN, content]) != *digest {
        return None;
    }
    let mut bytes = Bytes::new(content);
    let (hash, decision_hash) = (String::take(&mut bytes)?, String::take(&mut bytes)?);
    let bundle = Bundle::take(&mut bytes)?;
    if !bytes.is_empty() || !bundle.programs_hold() {
        return None;
    }
    Checked::of(bundle, hash, decision_hash)
}
