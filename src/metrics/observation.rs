//! What is known of an answer only after it was given: a user's rating, a judge's late score.

use serde::Serialize;

use crate::error::{ErrorCode, Fault};
use crate::limits::NAME_LENGTH_MAX;
use crate::read::{self, Fields, Node, Read};
use crate::units::{Id, Score, TimestampMs};
use crate::word::words;

/// Version of the observation that this code writes.
pub const OBSERVATION_VERSION: i64 = 1;
/// How far a sender's clock may be ahead, in milliseconds.
const CLOCK_AHEAD_MS_MAX: i64 = 5 * 60 * 1_000;
/// The least rating, of 5, that counts as good.
const POSITIVE_RATING_MIN: i64 = 4;

words! {
    /// What kind of thing was observed.
    pub enum ObservationKind {
        /// A user rated the answer.
        Rating = "rating",
        /// A judge scored the answer after it was given.
        JudgeScore = "judge_score",
    }
}

words! {
    /// A rating without a scale.
    pub enum Thumb {
        /// Good.
        Up = "up",
        /// Not good.
        Down = "down",
    }
}

/// Something observed of the answer to one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observation {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub observation_id: Id,
    /// The tenant, from the credential of who sent it.
    pub tenant_id: Id,
    /// The request whose answer it is about.
    pub request_id: Id,
    /// What kind it is.
    pub kind: ObservationKind,
    /// The rating, 1 to 5.
    pub rating: Option<i64>,
    /// The rating, where it has no scale.
    pub thumb: Option<Thumb>,
    /// The judge's score, in [0, 1].
    pub judge_score: Option<Score>,
    /// Who rated, by an opaque name of the sender's.
    pub rated_by: Option<String>,
    /// Whether the rater belongs to the staff.
    pub is_staff: bool,
    /// When it was observed.
    pub observed_at: TimestampMs,
    /// When the answer reached the user, where the sender knows.
    pub delivered_at: Option<TimestampMs>,
    /// When the host got it.
    pub received_at: TimestampMs,
}

impl Observation {
    /// Reads what a sender says, and adds what the host knows.
    ///
    /// # Errors
    /// `invalid_field` where kind and values contradict each other, or a time lies in the future.
    pub fn read(
        node: Node<'_>,
        observation_id: Id,
        tenant_id: Id,
        request_id: Id,
        received_at: TimestampMs,
    ) -> Read<Self> {
        let mut fields = node.object()?;
        let observation =
            Self::read_fields(&mut fields, observation_id, tenant_id, request_id, received_at)?;
        fields.finish()?;
        observation.settle(node)?;
        Ok(observation)
    }

    /// Reads a stored observation.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field` if the record is not one.
    pub fn read_stored(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let observation_id = fields.required("observation_id", read::id)?;
        let tenant_id = fields.required("tenant_id", read::id)?;
        let request_id = fields.required("request_id", read::id)?;
        let received_at = fields.required("received_at", read::timestamp)?;
        let observation =
            Self::read_fields(&mut fields, observation_id, tenant_id, request_id, received_at)?;
        fields.finish()?;
        Ok(observation)
    }

    /// Whether a rating is good; `None` for what is no rating.
    #[must_use]
    pub fn is_positive(&self) -> Option<bool> {
        match (self.rating, self.thumb) {
            (Some(rating), _) => Some(rating >= POSITIVE_RATING_MIN),
            (None, Some(thumb)) => Some(thumb == Thumb::Up),
            (None, None) => None,
        }
    }

    fn read_fields(
        fields: &mut Fields<'_>,
        observation_id: Id,
        tenant_id: Id,
        request_id: Id,
        received_at: TimestampMs,
    ) -> Read<Self> {
        Ok(Self {
            version: fields.required("version", |node| {
                node.integer(OBSERVATION_VERSION, OBSERVATION_VERSION)
            })?,
            observation_id,
            tenant_id,
            request_id,
            kind: fields.required("kind", ObservationKind::read)?,
            rating: fields.optional("rating", |node| node.integer(1, 5))?,
            thumb: fields.optional("thumb", Thumb::read)?,
            judge_score: fields.optional("judge_score", read::score)?,
            rated_by: fields.optional("rated_by", |node| node.filled_text(NAME_LENGTH_MAX))?,
            is_staff: fields.optional("is_staff", read::bool)?.unwrap_or(false),
            observed_at: fields.optional("observed_at", read::timestamp)?.unwrap_or(received_at),
            delivered_at: fields.optional("delivered_at", read::timestamp)?,
            received_at,
        })
    }

    /// Refuses values that do not belong to the kind, and times that cannot be.
    fn settle(&self, node: Node<'_>) -> Read<()> {
        let fault = |field: &str, detail: &str, help: &str| {
            let path = format!("{}/{field}", node.pointer());
            Err(Fault::new(ErrorCode::InvalidField, path, detail, help))
        };
        let in_future = |at: TimestampMs| at > self.received_at.saturating_add(CLOCK_AHEAD_MS_MAX);
        match (self.kind, self.rating, self.thumb, self.judge_score) {
            (ObservationKind::Rating, _, _, Some(_)) => {
                return fault(
                    "judge_score",
                    "a rating has no judge's score",
                    "send it as an observation of its own",
                );
            }
            (ObservationKind::Rating, None, None, None) => {
                return fault(
                    "rating",
                    "there is neither `rating` nor `thumb`",
                    "add one of the two",
                );
            }
            (ObservationKind::Rating, Some(_), Some(_), None) => {
                return fault(
                    "thumb",
                    "there are both `rating` and `thumb`",
                    "send one of the two",
                );
            }
            (ObservationKind::JudgeScore, None, None, None) => {
                return fault("judge_score", "`judge_score` is missing", "add `judge_score`");
            }
            (ObservationKind::JudgeScore, Some(_), _, _) => {
                return fault(
                    "rating",
                    "a judge's score has no rating",
                    "send it as an observation of its own",
                );
            }
            (ObservationKind::JudgeScore, None, Some(_), _) => {
                return fault(
                    "thumb",
                    "a judge's score has no thumb",
                    "send it as an observation of its own",
                );
            }
            (ObservationKind::Rating, ..) | (ObservationKind::JudgeScore, ..) => {}
        }
        if in_future(self.observed_at) {
            return fault(
                "observed_at",
                "the time lies in the future",
                "send the time at which it was observed",
            );
        }
        match self.delivered_at {
            Some(delivered_at) if in_future(delivered_at) => fault(
                "delivered_at",
                "the time lies in the future",
                "send it once the answer is delivered",
            ),
            Some(delivered_at) if delivered_at > self.observed_at => fault(
                "delivered_at",
                "the answer was delivered after it was observed",
                "check the two times",
            ),
            _ => Ok(()),
        }
    }
}
