//! Every bound in one place: what is longer, deeper or more is refused with
//! `limit_exceeded` and the limit in the message.

/// Nesting of any JSON value that is admitted.
pub const JSON_DEPTH_MAX: usize = 32;
/// Levels that a stored record may lie around a value that was admitted.
pub const STORED_DEPTH_MAX: usize = 8;
/// Unicode scalar values in an identifier; printable ASCII only.
pub const ID_LENGTH_MAX: usize = 128;
/// Characters of a short text: a name, a domain, a language tag, a reason code.
pub const NAME_LENGTH_MAX: usize = 200;
/// Characters of one human-written remark: a note, a reason, a query.
pub const NOTE_LENGTH_MAX: usize = 8_000;
/// Characters of one long text: a question, a draft, a quote, a message.
pub const TEXT_LENGTH_MAX: usize = 64_000;
/// Entries of `evidence`.
pub const EVIDENCE_MAX: usize = 64;
/// Entries of `tool_results`.
pub const TOOL_RESULTS_MAX: usize = 64;
/// Entries of `messages`.
pub const MESSAGES_MAX: usize = 200;
/// Entries of `proposed_actions`.
pub const PROPOSED_ACTIONS_MAX: usize = 32;
/// Entries of `attachments`.
pub const ATTACHMENTS_MAX: usize = 32;
/// Entries of a caller's own `facts`.
pub const FACTS_MAX: usize = 64;
/// Entries of a list-valued fact, or of a list constant in a policy.
pub const LIST_LENGTH_MAX: usize = 256;
/// Unknown fields that are listed by name; the rest is counted.
pub const UNKNOWN_FIELDS_MAX: usize = 32;
/// Entries of a reviewer's lists: missing and incorrect evidence.
pub const MARKS_MAX: usize = 64;

/// Facts that one policy may declare.
pub const POLICY_FACTS_MAX: usize = 512;
/// Triggers of one policy.
pub const TRIGGERS_MAX: usize = 2_000;
/// Suppressions of one policy.
pub const SUPPRESSIONS_MAX: usize = 200;
/// Named limited answers of one policy.
pub const TEMPLATES_MAX: usize = 200;
/// Queues of one policy.
pub const QUEUES_MAX: usize = 500;
/// Signals of one confidence model.
pub const SIGNALS_MAX: usize = 64;
/// Knots of one signal's curve.
pub const KNOTS_MAX: usize = 16;
/// Operations of one compiled condition.
pub const PROGRAM_LENGTH_MAX: usize = 512;
/// Bytes of the text of one condition.
pub const CONDITION_BYTES_MAX: usize = 4_096;
/// Levels to which a condition's text may nest.
pub const CONDITION_DEPTH_MAX: usize = 64;
/// Steps that one condition may take, whatever the facts are.
pub const CONDITION_STEPS_MAX: usize = 100_000;
/// Loops of a condition within one another.
pub const LOOP_DEPTH_MAX: usize = 2;
/// Values that a condition may hold on its stack at once.
pub const STACK_DEPTH_MAX: usize = 32;

/// Bytes of the text of one policy.
pub const POLICY_BYTES_MAX: usize = 1_000_000;

/// Records of one batch of decision records.
pub const DECISION_RECORDS_MAX: usize = 1_000;

/// Groups that stand in one batch for records that an edge had no room for.
pub const DROPPED_GROUPS_MAX: usize = 300;
/// Shortest lease, in milliseconds.
pub const LEASE_DURATION_MS_MIN: i64 = 1_000;
/// Longest lease, in milliseconds.
pub const LEASE_DURATION_MS_MAX: i64 = 24 * 60 * 60 * 1_000;
/// Longest SLA or undo window, in milliseconds (one year).
pub const DURATION_MS_MAX: i64 = 366 * 24 * 60 * 60 * 1_000;

/// Longest time that a random audit may wait for its judgement, in days.
pub const JUDGED_WITHIN_DAYS_MAX: i64 = 366;

/// Calendars of one policy.
pub const CALENDARS_MAX: usize = 50;
/// Numbers of one calendar's intervals: ten years of three intervals a day.
pub const CALENDAR_NUMBERS_MAX: usize = 44_000;
/// Days over which a calendar may reach.
pub const CALENDAR_DAYS_MAX: i64 = 3_660;

/// Groups of one measure's breakdown.
pub const METRIC_GROUPS_MAX: usize = 1_000;
/// Decision records, cases or observations that one question about measures may read.
pub const METRIC_ROWS_MAX: usize = 1_000_000;
/// Longest period of one question about measures, in milliseconds (one year).
pub const METRIC_PERIOD_MS_MAX: i64 = 366 * 24 * 60 * 60 * 1_000;
/// Tools of one policy.
pub const TOOLS_MAX: usize = 2_000;
/// Rules over actions of one policy.
pub const IMPACT_RULES_MAX: usize = 1_000;
/// Steps of the ladder of authority of one policy.
pub const LADDER_STEPS_MAX: usize = 200;
/// Rates of one policy: every currency has one.
pub const RATES_MAX: usize = 200;
/// People who may be asked to approve one action.
pub const QUORUM_MAX: i64 = 9;
/// Differences of one preview.
pub const PREVIEW_CHANGES_MAX: usize = 200;
/// Requests to an executor for one execution.
pub const ATTEMPTS_MAX: usize = 100;
/// Steps of one queue's clocks.
pub const SLA_STEPS_MAX: usize = 32;
/// Latest step of a clock, in percent of the time that it gives.
pub const SLA_PERCENT_MAX: i64 = 1_000;
/// People who may be asked about one case before somebody adjudicates.
pub const REVIEWERS_MAX: i64 = 9;
/// Cases that may follow from one case.
pub const FOLLOW_UPS_MAX: usize = 100;
/// Notices to a user about one case.
pub const NOTICES_MAX: usize = 100;
