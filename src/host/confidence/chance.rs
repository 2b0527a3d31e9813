//! Numbers that look like chance and are the same on every run: for resampling and simulation, never
//! for secrets.

/// The generator SplitMix64.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A stream of its own for each seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in [0, 1).
    pub const fn share(&mut self) -> f64 {
        share_of(self.bits())
    }

    /// An index below `length`; 0 where there is none.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the product's upper half is below `length`"
    )]
    pub const fn index(&mut self, length: usize) -> usize {
        ((self.bits() as u128 * length as u128) >> 64) as usize
    }

    /// Brings the items into an order by chance.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// The upper 53 bits as a number in [0, 1).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
pub const fn share_of(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
