//! What each measure means, in words: the one text that the API, the review UI and the docs show.

use serde::Serialize;

use super::Metric;

/// What a measure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Definition {
    /// Its name for people.
    pub title: &'static str,
    /// What it says, in one sentence.
    pub meaning: &'static str,
    /// What stands above the line.
    pub numerator: &'static str,
    /// What stands below the line.
    pub denominator: &'static str,
    /// By which instant something belongs to a period.
    pub counted_by: &'static str,
    /// What is left out, and what is counted apart.
    pub out: &'static str,
    /// What the full definition asks for and this host cannot know yet.
    pub not_yet: Option<&'static str>,
}

impl Metric {
    /// What the measure means.
    #[must_use]
    pub const fn definition(self) -> Definition {
        match self {
            Self::EscalationRate => Definition {
                title: "Escalation rate",
                meaning: "How much of what users ask goes to a person.",
                numerator: "requests whose effective verdict is to escalate",
                denominator: "all requests with a verdict",
                counted_by: "evaluated_at, the time of the first verdict",
                out: "Random audits. One count per request: a decision record and the case of the same request are one. A case without a record counts as escalated. Decisions whose records an edge had no room for count by their hour, shown apart as without_record; those that went to a person count by their cases. Of one queue, the numerator is what went to it; the denominator stays all requests.",
                not_yet: Some(
                    "A person asked for later is not told apart. Actions and their gates are not counted.",
                ),
            },
            Self::ApprovalRate => Definition {
                title: "Approval rate",
                meaning: "How many drafts a person lets through, as they are or after a change.",
                numerator: "drafts accepted or edited",
                denominator: "final decisions of people",
                counted_by: "decided_at, once the decision can no longer be undone",
                out: "A decision that can still be undone is not final. Cases that expired or were withdrawn are shown as the undecided share.",
                not_yet: Some(
                    "Only one reviewer decides a case, so there is no quorum to count once. Approvals of actions are not counted.",
                ),
            },
            Self::RejectionRate => Definition {
                title: "Rejection rate",
                meaning: "How many drafts a person turns down, with or without an answer of their own.",
                numerator: "drafts rejected or replaced",
                denominator: "final decisions of people",
                counted_by: "decided_at, once the decision can no longer be undone",
                out: "As the approval rate; the two add up to 100 %.",
                not_yet: Some(
                    "Only one reviewer decides a case, so there is no quorum to count once. Approvals of actions are not counted.",
                ),
            },
            Self::HandlingTime => Definition {
                title: "Handling time",
                meaning: "How long a person actively works on a case.",
                numerator: "active seconds, those of decisions that were undone included",
                denominator: "cases that people decided, with a measured time",
                counted_by: "decided_at, once the decision can no longer be undone",
                out: "Time without activity for 60 seconds is not active; no touch counts longer than its claim lasted. Decisions that came without a measured time are counted apart. Percentiles are nearest-rank.",
                not_yet: Some(
                    "A claim that ends without a decision does not report its time. There are no several voters, bulk decisions or moves between queues to share a time among.",
                ),
            },
            Self::SlaMissRate => Definition {
                title: "SLA miss rate",
                meaning: "How many answers were not released by their deadline.",
                numerator: "cases not released by the time they were due, open and expired ones included",
                denominator: "cases that have become due",
                counted_by: "due_at",
                out: "A case that was withdrawn before it was due has no obligation.",
                not_yet: Some(
                    "Deadlines do not move and clocks do not pause yet. Actions are not counted.",
                ),
            },
            Self::DraftAcceptance => Definition {
                title: "Draft acceptance",
                meaning: "How many drafts reach the user exactly as the model wrote them.",
                numerator: "released texts that equal the draft, in normal form NFC and trimmed",
                denominator: "cases decided with a draft",
                counted_by: "decided_at, once the decision can no longer be undone",
                out: "Cases without a draft are counted apart.",
                not_yet: Some("A case has one draft, so the first is the only one."),
            },
            Self::EditDistance => Definition {
                title: "Edit distance",
                meaning: "How much of a draft a person changes before it goes out: 0 is nothing, 1 is everything.",
                numerator: "edit distances between draft and released text: characters added, removed or replaced, over the longer length",
                denominator: "drafts accepted, each at 0, or edited",
                counted_by: "decided_at, once the decision can no longer be undone",
                out: "Rejected and replaced drafts are counted apart. A character is what a reader takes for one. Percentiles are nearest-rank.",
                not_yet: Some("Template texts are not known, so none is taken off."),
            },
            Self::RepeatReasons => Definition {
                title: "Repeat reasons",
                meaning: "How often a case comes for the reason that another one was resolved for in the 30 days before.",
                numerator: "cases with tenant, subject and first trigger of one resolved in the 30 days before",
                denominator: "cases escalated",
                counted_by: "created_at",
                out: "A conversation that comes back within 7 days of being resolved is counted apart.",
                not_yet: Some(
                    "Questions are not clustered by intent yet, so different questions of one subject and trigger look alike: read it as an upper bound.",
                ),
            },
            Self::Satisfaction => Definition {
                title: "Satisfaction",
                meaning: "How many of the rated answers users found good.",
                numerator: "ratings of 4 or 5, and thumbs up",
                denominator: "ratings: the last of each user for each answer",
                counted_by: "delivered_at",
                out: "Ratings later than 7 days after delivery, of staff, and of requests that the host knows nothing of.",
                not_yet: None,
            },
        }
    }
}
