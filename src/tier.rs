//! What confidence each risk level needs, and what must be shown before a machine answers in it.

use serde::Serialize;

use crate::certificate::{Certificate, CertificateDemand};
use crate::read::{self, Node, Read};
use crate::request::RiskLevel;
use crate::units::Score;
use crate::verdict::Disposition;

/// What confidence each risk level needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tiers {
    /// For low risk.
    pub low: Tier,
    /// For medium risk.
    pub medium: Tier,
    /// For high risk.
    pub high: Tier,
    /// For critical risk.
    pub critical: Tier,
}

/// What confidence one risk level needs. A bound that is absent is never reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tier {
    /// At or above it the draft is the answer.
    pub answer: Option<Score>,
    /// At or above it, and under `answer`, the user gets a limited answer.
    pub limited_answer: Option<Score>,
    /// What happens when no signal was measured.
    pub without_signals: Disposition,
    /// What a certificate must show before a draft is the answer; its threshold takes the place of
    /// `answer`.
    pub certified: Option<CertificateDemand>,
    /// What was shown.
    pub certificate: Option<Certificate>,
    /// What a certificate must show before the user gets a limited answer; its threshold takes the place
    /// of `limited_answer`.
    pub limited_certified: Option<CertificateDemand>,
    /// What was shown of limited answers: of all drafts at or above its threshold.
    pub limited_certificate: Option<Certificate>,
}

impl Tiers {
    /// What a risk level needs.
    #[must_use]
    pub const fn of(&self, risk_level: RiskLevel) -> &Tier {
        match risk_level {
            RiskLevel::Low => &self.low,
            RiskLevel::Medium => &self.medium,
            RiskLevel::High => &self.high,
            RiskLevel::Critical => &self.critical,
        }
    }

    /// Reads the tiers of a bundle.
    ///
    /// # Errors
    /// As [`Tier::read`].
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let tiers = Self {
            low: fields.required("low", |node| Tier::read(node, RiskLevel::Low))?,
            medium: fields.required("medium", |node| Tier::read(node, RiskLevel::Medium))?,
            high: fields.required("high", |node| Tier::read(node, RiskLevel::High))?,
            critical: fields.required("critical", |node| Tier::read(node, RiskLevel::Critical))?,
        };
        fields.finish()?;
        Ok(tiers)
    }
}

impl Tier {
    /// Reads a tier, in a bundle as in a policy's text.
    ///
    /// # Errors
    /// `invalid_field` if its bounds contradict each other, or answers need a certificate and a
    /// bound of the author's own stands beside it.
    pub fn read(node: Node<'_>, risk_level: RiskLevel) -> Read<Self> {
        let mut fields = node.object()?;
        let tier = Self {
            answer: fields.optional("answer", read::score)?,
            limited_answer: fields.optional("limited_answer", read::score)?,
            without_signals: fields.required("without_signals", Disposition::read)?,
            certified: fields.optional("certified", CertificateDemand::read)?,
            certificate: fields
                .optional("certificate", |node| Certificate::read(node, risk_level))?,
            limited_certified: fields.optional("limited_certified", CertificateDemand::read)?,
            limited_certificate: fields
                .optional("limited_certificate", |node| Certificate::read(node, risk_level))?,
        };
        fields.finish()?;
        let problem = tier.problem();
        problem.map_or(Ok(tier), |(detail, help)| Err(node.invalid(detail, help)))
    }

    fn problem(&self) -> Option<(&'static str, &'static str)> {
        if self.answer.zip(self.limited_answer).is_some_and(|(answer, limited)| limited > answer) {
            return Some((
                "a limited answer needs more confidence than an answer",
                "make `limited_answer` at most `answer`",
            ));
        }
        let unasked = self.certified.is_none() && self.certificate.is_some();
        if unasked || (self.limited_certified.is_none() && self.limited_certificate.is_some()) {
            return Some((
                "a certificate that nobody asks for",
                "add `certified` or `limited_certified` with what it must show, or take it out",
            ));
        }
        let doubled = self.certified.is_some() && self.answer.is_some();
        if doubled || (self.limited_certified.is_some() && self.limited_answer.is_some()) {
            return Some((
                "the threshold of a certified tier is the certificate's",
                "take `answer` or `limited_answer` out, or what is demanded of it",
            ));
        }
        if self.limited_certified.is_some() && self.certified.is_none() {
            return Some((
                "a limited answer needs a certificate here, and an answer needs none",
                "add `certified`, or take `limited_certified` out",
            ));
        }
        if self.certified.is_some() && self.without_signals == Disposition::Answer {
            return Some((
                "an answer without any signal cannot be certified",
                "use another outcome for `without_signals`",
            ));
        }
        None
    }
}
