//! Exact binomial probabilities in logarithms, and the bounds on a rate that follow from them.
//!
//! The point probability is Loader's: the deviance of the count from its mean, with the errors of
//! Stirling's formula, so that nothing large is subtracted from anything large. Tails are sums of
//! ratios from there, on the side that is small.

/// ln P(Bin(n, rate) = k).
#[must_use]
pub fn ln_point(k: u64, n: u64, rate: f64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    let (count, size) = (real(k), real(n));
    if rate <= 0.0 {
        return if k == 0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if rate >= 1.0 {
        return if k == n { 0.0 } else { f64::NEG_INFINITY };
    }
    if k == 0 {
        return size * libm::log1p(-rate);
    }
    if k == n {
        return size * libm::log(rate);
    }
    let rest = size - count;
    let error = stirling_error(size) - stirling_error(count) - stirling_error(rest);
    let deviance = deviance(count, size * rate) + deviance(rest, size * (1.0 - rate));
    let scale = libm::log(std::f64::consts::TAU) + libm::log(count) + libm::log1p(-count / size);
    error - deviance - 0.5 * scale
}

/// ln P(Bin(n, rate) ≤ k).
#[must_use]
pub fn ln_at_most(k: u64, n: u64, rate: f64) -> f64 {
    if k >= n || rate <= 0.0 {
        return 0.0;
    }
    if rate >= 1.0 {
        return f64::NEG_INFINITY;
    }
    if real(k) < real(n) * rate {
        return lower_tail(k, n, rate).min(0.0);
    }
    // The tail above is the lower tail of the failures.
    ln_complement(lower_tail(n - k - 1, n, 1.0 - rate))
}

/// P(Bin(n, rate) ≤ k).
#[must_use]
pub fn at_most(k: u64, n: u64, rate: f64) -> f64 {
    libm::exp(ln_at_most(k, n, rate))
}

/// Bounds of Clopper and Pearson on a rate of which `k` in `n` was seen: each is wrong with at most
/// the probability given for its side.
#[must_use]
pub fn clopper_pearson(k: u64, n: u64, per_side: f64) -> (f64, f64) {
    let bound = libm::log(per_side);
    let lower = if k == 0 {
        0.0
    } else {
        // P(at least k) rises with the rate: the lower bound is where it reaches the side's share.
        bisect(|rate| ln_complement(ln_at_most(k - 1, n, rate)) < bound)
    };
    let upper = if k >= n { 1.0 } else { bisect(|rate| ln_at_most(k, n, rate) > bound) };
    (lower, upper)
}

/// Where `is_below` turns from true to false, in [0, 1].
fn bisect(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The sum of point probabilities from `k` down, where they fall all the way.
fn lower_tail(k: u64, n: u64, rate: f64) -> f64 {
    let odds = (1.0 - rate) / rate;
    let (mut term, mut sum, mut at) = (1.0, 1.0, k);
    while at > 0 {
        term *= real(at) / real(n - at + 1) * odds;
        sum += term;
        at -= 1;
        if term < sum * 1e-17 {
            break;
        }
    }
    ln_point(k, n, rate) + libm::log(sum)
}

/// ln(1 − e^x) for x ≤ 0, exact at both ends.
fn ln_complement(ln: f64) -> f64 {
    if ln > -std::f64::consts::LN_2 {
        libm::log(-libm::expm1(ln))
    } else {
        libm::log1p(-libm::exp(ln))
    }
}

/// What Stirling's formula misses of ln n!.
fn stirling_error(n: f64) -> f64 {
    /// The errors of the whole numbers from 1 to 15, of which the series would have too few digits.
    const SMALL: [f64; 15] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
        0.007_573_675_487_951_841,
        0.006_942_840_107_209_53,
        0.006_408_994_188_004_207,
        0.005_951_370_112_758_847_5,
        0.005_554_733_551_962_801,
    ];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count from 1 to 15"
    )]
    if n < 16.0 {
        return SMALL.get((n as usize).saturating_sub(1)).copied().unwrap_or(0.0);
    }
    let square = n * n;
    let series = 1.0 / 1_260.0
        - (1.0 / 1_680.0 - (1.0 / 1_188.0 - 691.0 / 360_360.0 / square) / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - series / square) / square) / n
}

/// x ln(x / mean) + mean − x, without cancellation where both are near.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) + mean - x;
    }
    let ratio = difference / (x + mean);
    let mut sum = difference * ratio;
    let mut term = 2.0 * x * ratio;
    for odd in 1..1_000 {
        term *= ratio * ratio;
        let next = sum + term / f64::from(2 * odd + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn real(count: u64) -> f64 {
    count as f64
}
