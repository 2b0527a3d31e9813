//! Certificates: what a tier needs before a machine may answer in it, and what was shown.
//!
//! A certificate says that, with high probability over the reviewed answers it was made from, the
//! share of wrong answers at or above a threshold is at most so much. It is bound to the decisions it
//! was made for, to one risk level, and to a time; where it does not hold, a person decides. Making
//! one needs labels and belongs to the command line; here it is only read and held against the tier.

use serde::Serialize;

use crate::json::{Json, format_number};
use crate::limits;
use crate::map::BTreeMap;
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::units::{Score, TimestampMs};
use crate::word::words;

/// Reviewed answers past which nobody is told to wait for more.
const ANSWERS_MAX: i64 = 1 << 40;

/// Separates the digests of what decides from all other digests.
const DECISIONS_DOMAIN: &str = "countersign/decisions/v1";

words! {
    /// Whether a certificate lets a tier answer.
    pub enum CertificateState {
        /// It does.
        InForce = "in_force",
        /// There is none.
        Absent = "absent",
        /// It was made for other decisions: another model, other rules, other tools.
        OtherDecisions = "other_decisions",
        /// Its time is over.
        Expired = "expired",
        /// It shows less than the tier demands.
        TooWeak = "too_weak",
        /// An alarm over wrong answers ended it.
        Ended = "ended",
    }
}

/// What a tier demands of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CertificateDemand {
    /// The greatest share of wrong answers among those that a machine gives, in (0, 1).
    pub tolerated_error: f64,
    /// The greatest probability that the certificate is wrong about that, in (0, 1).
    pub failure_probability: f64,
}

/// What was shown about one tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Certificate {
    /// The tier.
    pub risk_level: RiskLevel,
    /// At or above this probability the draft is the answer.
    pub threshold: Score,
    /// The share of wrong answers that was shown not to be exceeded, in (0, 1).
    pub tolerated_error: f64,
    /// The probability that this is wrong, in (0, 1).
    pub failure_probability: f64,
    /// Reviewed answers at or above the threshold, one of each conversation.
    pub answers: i64,
    /// How many of them were wrong.
    pub errors: i64,
    /// Digest of the reviewed rows.
    pub rows_hash: String,
    /// Digest of the decisions that it was made for.
    pub decision_hash: String,
    /// When it was made.
    pub issued_at: TimestampMs,
    /// When it ends.
    pub expires_at: TimestampMs,
}

impl CertificateDemand {
    /// Reviewed answers without one error that a certificate needs at least.
    #[must_use]
    pub fn answers_min(&self) -> i64 {
        let mut many = 1;
        while !self.shows(many) && many < ANSWERS_MAX {
            many *= 2;
        }
        let mut few = many / 2;
        while many - few > 1 {
            let middle = few + (many - few) / 2;
            if self.shows(middle) { many = middle } else { few = middle }
        }
        many
    }

    /// Whether so many answers without an error are improbable enough if more are wrong than tolerated;
    /// rounding is given its part.
    fn shows(&self, answers: i64) -> bool {
        power(1.0 - self.tolerated_error, answers) <= self.failure_probability * (1.0 + 1e-9)
    }

    /// Whether a certificate lets the tier answer, of decisions with this digest, at this time.
    #[must_use]
    pub fn state(
        &self,
        certificate: Option<&Certificate>,
        decision_hash: &str,
        now: TimestampMs,
    ) -> CertificateState {
        match certificate {
            None => CertificateState::Absent,
            Some(shown) if shown.decision_hash != decision_hash => CertificateState::OtherDecisions,
            Some(shown) if now >= shown.expires_at => CertificateState::Expired,
            Some(shown)
                if shown.tolerated_error > self.tolerated_error
                    || shown.failure_probability > self.failure_probability =>
            {
                CertificateState::TooWeak
            }
            Some(_) => CertificateState::InForce,
        }
    }

    /// Reads a demand.
    ///
    /// # Errors
    /// `invalid_field` for a share that is not between 0 and 1.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let demand = Self {
            tolerated_error: fields.required("tolerated_error", share)?,
            failure_probability: fields.required("failure_probability", share)?,
        };
        fields.finish()?;
        Ok(demand)
    }
}

impl Certificate {
    /// Reads a certificate of one tier.
    ///
    /// # Errors
    /// `invalid_field` if it is another tier's, or if its own figures cannot show what it says.
    pub fn read(node: Node<'_>, risk_level: RiskLevel) -> Read<Self> {
        let hash = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let count = |node: Node<'_>| node.integer(0, crate::json::INTEGER_MAX);
        let mut fields = node.object()?;
        let certificate = Self {
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            threshold: fields.required("threshold", read::score)?,
            tolerated_error: fields.required("tolerated_error", share)?,
            failure_probability: fields.required("failure_probability", share)?,
            answers: fields.required("answers", count)?,
            errors: fields.required("errors", count)?,
            rows_hash: fields.required("rows_hash", hash)?,
            decision_hash: fields.required("decision_hash", hash)?,
            issued_at: fields.required("issued_at", read::timestamp)?,
            expires_at: fields.required("expires_at", read::timestamp)?,
        };
        fields.finish()?;
        if certificate.risk_level != risk_level {
            return Err(node.invalid(
                format!(
                    "a certificate for {} risk stands at {risk_level} risk",
                    certificate.risk_level
                ),
                "certify each tier by itself",
            ));
        }
        let Certificate { tolerated_error, failure_probability, .. } = certificate;
        let shown = CertificateDemand { tolerated_error, failure_probability };
        #[expect(clippy::cast_precision_loss, reason = "counts of answers are small")]
        let errors_fit = certificate.errors as f64 <= tolerated_error * certificate.answers as f64;
        if !errors_fit || !shown.shows(certificate.answers) {
            return Err(node.invalid(
                format!(
                    "{} errors in {} answers show no error of at most {}",
                    certificate.errors,
                    certificate.answers,
                    format_number(tolerated_error)
                ),
                "make the certificate with `countersign confidence certify`",
            ));
        }
        Ok(certificate)
    }
}

impl CertificateState {
    /// Why the tier does not answer, for the reviewer; empty where it does.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InForce => "",
            Self::Absent => "there is no certificate",
            Self::OtherDecisions => "the certificate was made for other decisions",
            Self::Expired => "the certificate has expired",
            Self::TooWeak => "the certificate shows less than is demanded",
            Self::Ended => "an alarm over wrong answers ended the certificate",
        }
    }
}

/// A whole power, by squares: logarithms would bring code into the module.
fn power(base: f64, exponent: i64) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left % 2 == 1 {
            result *= square;
        }
        square *= square;
        left /= 2;
    }
    result
}

/// A share strictly between nothing and all.
pub(crate) fn share(node: Node<'_>) -> Read<f64> {
    let value = node.number()?;
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    Err(node.invalid(
        format!("`{}` is not between 0 and 1", format_number(value)),
        "give a share such as 0.05",
    ))
}

/// What decides whether a draft is answered, without what a certificate must not be bound to: itself,
/// queues, calendars, texts, and the amounts that people may approve.
pub(crate) fn decision_hash(bundle: &Json) -> String {
    let mut covered = BTreeMap::new();
    let Json::Object(fields) = bundle else {
        return String::new();
    };
    for key in ["confidence", "facts", "risk_level_when_missing", "triggers"] {
        covered.insert(key.to_owned(), fields.get(key).cloned().unwrap_or(Json::Null));
    }
    if let Some(Json::Object(actions)) = fields.get("actions") {
        let decides = |(key, _): &(&String, &Json)| *key != "ladder" && *key != "rates";
        let deciding = actions.iter().filter(decides);
        let actions = Json::object(deciding.map(|(key, value)| (key.clone(), value.clone())));
        covered.insert("actions".to_owned(), actions);
    }
    Json::Object(covered).digest(DECISIONS_DOMAIN)
}
