//! Identifiers and secrets that the host makes.
//!
//! An id is a prefix and a UUIDv7 in Crockford's base 32: 26 characters that sort by time. A secret
//! is 256 random bits; only its hash is stored.

use sha2::{Digest as _, Sha256};

use crate::units::{Id, TimestampMs};

/// Crockford's alphabet, in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The random source of the system failed; nothing may be made without it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub struct RandomError;

/// Random bytes from the system.
///
/// # Errors
/// [`RandomError`] where the system has none.
pub fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], RandomError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// A new id with this prefix, such as `case` or `prin`.
///
/// # Errors
/// [`RandomError`] where the system has no random numbers.
pub fn new_id(prefix: &str, now: TimestampMs) -> Result<Id, RandomError> {
    let mut bytes: [u8; 16] = random()?;
    let time = now.as_ms().to_be_bytes();
    for (byte, of_time) in bytes.iter_mut().zip(time.iter().skip(2)) {
        *byte = *of_time;
    }
    // Version 7 and variant 2 of RFC 9562.
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x70;
    *variant = (*variant & 0x3f) | 0x80;
    Id::new(&format!("{prefix}_{}", base32(&bytes))).ok_or(RandomError)
}

/// A new secret of 256 bits that begins with this prefix.
///
/// # Errors
/// [`RandomError`] where the system has no random numbers.
pub fn new_secret(prefix: &str) -> Result<String, RandomError> {
    let bytes: [u8; 32] = random()?;
    Ok(format!("{prefix}_{}", base32(&bytes)))
}

/// What is stored of a secret. 256 random bits need no salt and no slow hash.
#[must_use]
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Bytes in base 32, the first bits padded with zeros to a whole character.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    let length = (bytes.len() * 8).div_ceil(5);
    let mut held = 0_u32;
    let mut held_bits = length * 5 - bytes.len() * 8;
    let mut out = String::with_capacity(length);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        held_bits += 8;
        while held_bits >= 5 {
            held_bits -= 5;
            let digit = usize::try_from((held >> held_bits) & 31).unwrap_or(0);
            out.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
        }
        held &= (1 << held_bits) - 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_26_characters_and_sort_by_time() {
        let at = |milliseconds| TimestampMs::new(milliseconds).unwrap();
        let instants = [0, 1, 1_700_000_000_000, 1_700_000_000_001, 253_402_300_799_999];
        let ids = instants.map(|instant| new_id("case", at(instant)).unwrap());
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.as_str().len() == "case_".len() + 26));
    }

    #[test]
    fn base32_writes_every_bit() {
        assert_eq!(base32(&[]), "");
        assert_eq!(base32(&[0xff]), "7z");
        assert_eq!(base32(&[0; 16]), "0".repeat(26));
        assert_eq!(base32(&[0xff; 16]), format!("7{}", "z".repeat(25)));
        assert_eq!(base32(&[0, 0, 0, 0, 31]), "0000000z");
    }
}
