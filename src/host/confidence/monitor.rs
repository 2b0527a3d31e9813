//! Watching after a release: two bets that may be looked at after every item.
//!
//! An e-process is the capital of somebody who bets against "nothing has got worse", starting with
//! one. If nothing has, the capital reaches 1/δ with probability at most δ, however often and however
//! long one looks. So an alarm means something, and no alarm is raised for looking.

use crate::host::confidence::binomial::clopper_pearson;

/// Whether the audited error is above what is tolerated.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorWatch {
    tolerated_error: f64,
    ln_alarm: f64,
    ln_capital: f64,
    seen: f64,
    wrong: f64,
    raised: bool,
}

impl ErrorWatch {
    /// Watches for an error above `tolerated_error`; `false_alarm` is the probability of ever crying
    /// wolf. Both are in (0, 1).
    #[must_use]
    pub fn new(tolerated_error: f64, false_alarm: f64) -> Self {
        let ln_alarm = -libm::log(false_alarm);
        Self { tolerated_error, ln_alarm, ln_capital: 0.0, seen: 0.0, wrong: 0.0, raised: false }
    }

    /// Takes one audited answer in; true once the alarm was raised.
    pub fn observe(&mut self, wrong: bool) -> bool {
        // The stake depends on what was seen before alone. It is the stake that grows capital fastest
        // if the error is as seen, and none while the error seen is tolerable.
        let expected = (self.wrong + self.tolerated_error) / (self.seen + 1.0);
        let excess = expected - self.tolerated_error;
        let spread = expected * (1.0 - expected) + excess * excess;
        let stake = if spread > 0.0 { excess / spread } else { 0.0 };
        let stake = stake.clamp(0.0, 0.5 / self.tolerated_error);
        let outcome = f64::from(u8::from(wrong));
        self.ln_capital += libm::log1p(stake * (outcome - self.tolerated_error));
        self.seen += 1.0;
        self.wrong += outcome;
        self.raised |= self.ln_capital >= self.ln_alarm;
        self.raised
    }

    /// Goes on where another watch ended: with its capital and what it saw.
    pub fn resume(&mut self, ln_capital: f64, seen: i64, wrong: i64) {
        self.ln_capital = ln_capital;
        (self.seen, self.wrong) = (real(seen), real(wrong));
    }

    /// The logarithm of the capital.
    #[must_use]
    pub const fn ln_capital(&self) -> f64 {
        self.ln_capital
    }

    /// The capital: the evidence against a tolerable error.
    #[must_use]
    pub fn capital(&self) -> f64 {
        libm::exp(self.ln_capital)
    }
}

/// How the odds of what happens after may differ from those before; a bet on each.
const ODDS_RATIOS: [f64; 5] = [1.2, 1.4, 1.7, 2.5, 5.0];

/// Whether a rate after a release is another than before.
#[derive(Clone, Debug, PartialEq)]
pub struct RateWatch {
    rose: Mixture,
    fell: Mixture,
    ln_alarm: f64,
    raised: Option<Change>,
}

/// How a rate changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It rose.
    Rose,
    /// It fell.
    Fell,
}

impl RateWatch {
    /// Watches for another rate than the one of which `events` in `items` were seen before.
    ///
    /// The rate before is not known exactly: a quarter of `false_alarm` goes to each side of its
    /// interval, and a quarter to each bet.
    #[must_use]
    pub fn new(events: u64, items: u64, false_alarm: f64) -> Self {
        let (low, high) = clopper_pearson(events, items, false_alarm / 4.0);
        Self {
            rose: Mixture::new(high, |ratio| ratio),
            fell: Mixture::new(low, |ratio| 1.0 / ratio),
            ln_alarm: libm::log(4.0 / false_alarm),
            raised: None,
        }
    }

    /// Goes on where another watch over the same rate ended.
    pub fn resume(&mut self, ln_capitals: &[f64]) {
        let bets = self.rose.bets.iter_mut().chain(&mut self.fell.bets);
        for ((_, _, capital), kept) in bets.zip(ln_capitals) {
            *capital = *kept;
        }
    }

    /// The logarithm of the capital of each bet, those on a rise before those on a fall.
    #[must_use]
    pub fn ln_capitals(&self) -> Vec<f64> {
        self.rose.bets.iter().chain(&self.fell.bets).map(|(_, _, capital)| *capital).collect()
    }

    /// The capital of the side that has come further.
    #[must_use]
    pub fn capital(&self) -> f64 {
        libm::exp(self.rose.ln_capital().max(self.fell.ln_capital()).max(-700.0)).max(0.0)
    }

    /// Takes one item in; says how the rate changed once the alarm was raised.
    pub fn observe(&mut self, event: bool) -> Option<Change> {
        let (rose, fell) = (self.rose.observe(event), self.fell.observe(event));
        if self.raised.is_none() {
            let change = |capital: f64, change| (capital >= self.ln_alarm).then_some(change);
            self.raised = change(rose, Change::Rose).or_else(|| change(fell, Change::Fell));
        }
        self.raised
    }
}

/// Bets on several rates against one bound, with an equal part of the capital on each.
#[derive(Clone, Debug, PartialEq)]
struct Mixture {
    /// What an event, and what none, adds to the logarithm of each part, and the part's capital.
    bets: Vec<(f64, f64, f64)>,
}

impl Mixture {
    fn new(bound: f64, ratio: impl Fn(f64) -> f64) -> Self {
        // A bound of 0 or 1 leaves nothing to bet on.
        if bound <= 0.0 || bound >= 1.0 {
            return Self { bets: Vec::new() };
        }
        let bet = |step: &f64| {
            let odds = bound / (1.0 - bound) * ratio(*step);
            let rate = odds / (1.0 + odds);
            (libm::log(rate / bound), libm::log((1.0 - rate) / (1.0 - bound)), 0.0)
        };
        Self { bets: ODDS_RATIOS.iter().map(bet).collect() }
    }

    /// The logarithm of the capital after one more item.
    fn observe(&mut self, event: bool) -> f64 {
        for (on_event, on_none, capital) in &mut self.bets {
            *capital += if event { *on_event } else { *on_none };
        }
        self.ln_capital()
    }

    /// The logarithm of the capital as it stands.
    fn ln_capital(&self) -> f64 {
        let most = self.bets.iter().fold(f64::NEG_INFINITY, |most, (_, _, part)| part.max(most));
        if self.bets.is_empty() {
            return most;
        }
        let sum: f64 = self.bets.iter().map(|(_, _, part)| libm::exp(part - most)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a handful of bets")]
        let parts = self.bets.len() as f64;
        most + libm::log(sum / parts)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of items are far below 2^53")]
const fn real(count: i64) -> f64 {
    count as f64
}
