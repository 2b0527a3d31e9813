// Generated from the Rust records by `cargo test`; do not edit.
// Times are RFC 3339 in UTC.

/**
 * Milliseconds since 1970-01-01T00:00:00Z, from year 1970 to 9999.
 *
 * Written on the wire as RFC 3339 in UTC with three decimals, read with any offset.
 *
 * ```
 * use countersign::TimestampMs;
 * let at = TimestampMs::parse("2026-05-09T20:00:00+02:00").unwrap();
 * assert_eq!(at.to_string(), "2026-05-09T18:00:00.000Z");
 * ```
 */
export type TimestampMs = string;

/**
 * A score in [0, 1], never NaN.
 */
export type Score = number;

/**
 * An opaque identifier: 1 to 128 printable ASCII characters, made by the caller or the host.
 */
export type Id = string;

/**
 * A JSON value that was admitted.
 */
export type Json = unknown;

/**
 * A stable code; its HTTP status and title never change with it.
 */
export type ErrorCode = "invalid_json" | "invalid_field" | "unknown_field" | "unsupported_media_type" | "limit_exceeded" | "unauthenticated" | "not_permitted" | "self_approval" | "not_found" | "method_not_allowed" | "lease_lost" | "stale_version" | "already_decided" | "quorum_closed" | "proposal_void" | "invalid_state" | "duplicate" | "in_flight" | "expired" | "withdrawn" | "idempotency_mismatch" | "policy_rejected" | "unknown_currency" | "unknown_tenant" | "unknown_queue" | "not_eligible" | "invalid_time" | "unknown_policy" | "timed_out" | "too_many" | "internal" | "store_busy" | "store_lost" | "store_full";

/**
 * How much is at stake, ascending.
 */
export type RiskLevel = "low" | "medium" | "high" | "critical";

/**
 * What the user means to do with the answer.
 */
export type Intent = "informational" | "advisory" | "consequential";

/**
 * How a tool call ended.
 */
export type ToolStatus = "succeeded" | "failed" | "unavailable";

/**
 * Who wrote a message.
 */
export type Role = "user" | "assistant" | "system" | "tool";

/**
 * One earlier turn of the conversation.
 */
export type Message = { 
/**
 * Who wrote it.
 */
role: Role, 
/**
 * The text, at most 64,000 characters.
 */
content: string, 
/**
 * When it was written.
 */
at: TimestampMs | null, };

/**
 * A passage that the draft stands on.
 */
export type Evidence = { 
/**
 * The document in the caller's retrieval system.
 */
document_id: string, 
/**
 * Its title, for the reviewer.
 */
title: string | null, 
/**
 * Where it can be read; shown as text, never opened by itself.
 */
url: string | null, 
/**
 * The passage, at most 64,000 characters.
 */
quote: string, 
/**
 * How well it matched, in [0, 1].
 */
score: Score | null, };

/**
 * What a tool said while the draft was made.
 */
export type ToolResult = { 
/**
 * The tool's name.
 */
tool: string, 
/**
 * How the call ended.
 */
status: ToolStatus, 
/**
 * What it said, in short.
 */
summary: string | null, };

/**
 * Something that the model wants done.
 */
export type Action = { 
/**
 * The tool's name.
 */
tool: string, 
/**
 * The arguments, as the tool would get them.
 */
arguments: { [key in string]: Json }, 
/**
 * What the caller says about the tool itself; not trusted, and not part of the digest.
 */
tool_info?: ToolInfo, };

/**
 * Which versions made the draft.
 */
export type Release = { 
/**
 * The model.
 */
model: string | null, 
/**
 * The prompt.
 */
prompt: string | null, 
/**
 * The retrieval index.
 */
index: string | null, };

/**
 * One reading of one signal. "Could not look" is never "found nothing".
 */
export type Signal = number | "missing" | "unavailable";

/**
 * What an edge asks about one question.
 */
export type Request = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * The caller's id of this request, made by the caller.
 */
request_id: Id | null, 
/**
 * The tenant; the host takes it from the credential and refuses another.
 */
tenant_id: Id, 
/**
 * The conversation that it belongs to.
 */
conversation_id: Id | null, 
/**
 * What the user asked, at most 64,000 characters.
 */
user_question: string, 
/**
 * What the model would answer.
 */
model_draft: string | null, 
/**
 * Earlier turns, oldest first, at most 200.
 */
messages: Array<Message>, 
/**
 * What the draft stands on, at most 64.
 */
evidence: Array<Evidence>, 
/**
 * What tools said, at most 64.
 */
tool_results: Array<ToolResult>, 
/**
 * The subject, such as `billing` or `medical`.
 */
domain: string | null, 
/**
 * What the user means to do with the answer.
 */
intent: Intent | null, 
/**
 * BCP 47 language tag of the question.
 */
language: string | null, 
/**
 * The caller's estimate of what is at stake.
 */
risk_level: RiskLevel | null, 
/**
 * Whether the user asked for a person.
 */
asks_for_person: boolean | null, 
/**
 * Signals by name; a name that is absent is missing.
 */
signals: { [key in string]: Signal }, 
/**
 * A judge's score of the draft, in [0, 1].
 */
judge_score: Score | null, 
/**
 * The user's rating of an answer they got, 1 to 5.
 */
feedback_rating: number | null, 
/**
 * What the model wants done, at most 32.
 */
proposed_actions: Array<Action>, 
/**
 * The caller's own facts, as the policy declares them, at most 64.
 */
facts: { [key in string]: Json }, 
/**
 * Which versions made the draft.
 */
release: Release | null, 
/**
 * Where the trace can be read; shown as text.
 */
trace_url: string | null, 
/**
 * JSON Pointers of fields that this version does not know; they took no part.
 */
unknown_fields: Array<string>, };

/**
 * What happens with a draft, from the least to the most cautious.
 */
export type Disposition = "answer" | "limited_answer" | "escalate" | "refuse";

/**
 * What the policy says of one request.
 */
export type Verdict = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * The request's id, where it has one.
 */
request_id: Id | null, 
/**
 * The tenant.
 */
tenant_id: Id, 
/**
 * What happens.
 */
disposition: Disposition, 
/**
 * What the user is told instead of the draft, for a limited answer or a refusal.
 */
user_message: string | null, 
/**
 * What is at stake: the greatest of what the caller and the rules say.
 */
risk_level: RiskLevel, 
/**
 * How sure the system is, and why.
 */
confidence: Confidence, 
/**
 * Whether a certificate let this risk level answer; absent where none is asked for.
 */
certificate: CertificateState | null, 
/**
 * Whether a certificate let this risk level give limited answers; absent where none is asked for.
 */
limited_certificate: CertificateState | null, 
/**
 * Every rule that fired, in the policy's order.
 */
triggers: Array<FiredTrigger>, 
/**
 * Rules that fired and were cancelled, with what cancelled them.
 */
suppressed: Array<Suppressed>, 
/**
 * Rules on trial that would have fired; they changed nothing.
 */
shadow: Array<FiredTrigger>, 
/**
 * Where the case goes, if a person decides.
 */
routing: Routing | null, 
/**
 * Why, in one sentence.
 */
reason: string, 
/**
 * Paths of facts that a rule needed and did not get, and of fields that took no part.
 */
unjudged: Array<string>, 
/**
 * The policy that said so.
 */
policy: PolicyReference, 
/**
 * When, as the caller told the time.
 */
evaluated_at: TimestampMs, 
/**
 * Digest over policy, instant and every fact that was read.
 */
digest: string, };

/**
 * A rule that fired.
 */
export type FiredTrigger = { 
/**
 * The rule's name.
 */
id: string, 
/**
 * Why such rules exist.
 */
kind: TriggerKind, 
/**
 * What it asks for.
 */
disposition: Disposition, 
/**
 * The risk level that it raises the request to.
 */
risk_level: RiskLevel | null, 
/**
 * Why it fired, in words.
 */
reason: string, 
/**
 * Facts that it needed and did not get; if any, it fired for want of them.
 */
unjudged: Array<string>, };

/**
 * What a decision record keeps: features, no text.
 */
export type DecisionRecord = { 
/**
 * The request's id, where it has one.
 */
request_id: Id | null, 
/**
 * When it was decided.
 */
evaluated_at: TimestampMs, 
/**
 * What was decided.
 */
disposition: Disposition, 
/**
 * What was at stake.
 */
risk_level: RiskLevel, 
/**
 * The confidence, in (0, 1).
 */
probability: number, 
/**
 * The rules that fired.
 */
trigger_ids: Array<string>, 
/**
 * The rules on trial that would have fired.
 */
shadow_trigger_ids: Array<string>, 
/**
 * The queue, if a person decides.
 */
queue: string | null, 
/**
 * The policy's digest.
 */
policy_hash: string, 
/**
 * The decision's digest.
 */
digest: string, 
/**
 * Every fact that the policy records, by path; a missing one is absent.
 */
facts: { [key in string]: Json }, 
/**
 * Signals by name: the reading, or why there is none.
 */
signals: Json, };

/**
 * Which end of a signal is good.
 */
export type Orientation = "higher_is_better" | "lower_is_better";

/**
 * How a signal arrived.
 */
export type SignalState = "present" | "missing" | "unavailable";

/**
 * The model in a policy.
 */
export type ConfidenceModel = { 
/**
 * Names the fit: which judgement or which rows the numbers come from.
 */
model_version: string, 
/**
 * What the numbers were learned from; absent while they are judgement alone.
 */
fit: Fit | null, 
/**
 * Log-odds of a right draft whose signals are all typical, in nats.
 */
base: number, 
/**
 * One curve per signal, in the order in which they are explained.
 */
signals: Array<SignalCurve>, };

/**
 * What a model was learned from.
 */
export type Fit = { 
/**
 * Labelled rows.
 */
labels: number, 
/**
 * Digest of these rows and of how they were fitted: the same digest, the same numbers.
 */
hash: string, 
/**
 * Share of the conversations that was held back, and may certify the model; in [0, 1].
 */
held_back: number, };

/**
 * What one signal adds to the log-odds.
 */
export type SignalCurve = { 
/**
 * The signal's name in a request.
 */
name: string, 
/**
 * Its name for the reviewer.
 */
label: string, 
/**
 * Which end is good.
 */
orientation: Orientation, 
/**
 * Ascending readings, after orientation, at which the curve bends; at least two, in [0, 1].
 */
knots: Array<number>, 
/**
 * What each segment between two knots adds from its start to its end, in nats; never negative.
 */
weights: Array<number>, 
/**
 * The typical share of each segment, in [0, 1]; there the segment adds nothing.
 */
centers: Array<number>, 
/**
 * What a missing signal adds, in nats; never positive.
 */
missing: number, 
/**
 * What an unavailable signal adds on top of `missing`, in nats; never positive.
 */
unavailable: number, 
/**
 * Whether a missing reading counts as the worst one.
 */
required: boolean, 
/**
 * Words for the reviewer.
 */
words: SignalWords, };

/**
 * What a reviewer reads beside a signal.
 */
export type SignalWords = { 
/**
 * It raises the odds.
 */
good: string, 
/**
 * It hardly moves the odds.
 */
fair: string, 
/**
 * It lowers the odds.
 */
weak: string, 
/**
 * It was not measured.
 */
missing: string, 
/**
 * It was needed and failed.
 */
unavailable: string, };

/**
 * A probability, and exactly what it is made of.
 */
export type Confidence = { 
/**
 * That the draft is right, in (0, 1).
 */
probability: number, 
/**
 * Its log-odds in nats: base and contributions added up in order.
 */
logit: number, 
/**
 * The log-odds before any signal.
 */
base: number, 
/**
 * What each signal of the model adds, in the model's order.
 */
contributions: Array<Contribution>, 
/**
 * The model that gave it.
 */
model_version: string, };

/**
 * What one signal adds.
 */
export type Contribution = { 
/**
 * The signal's name.
 */
signal: string, 
/**
 * Its name for the reviewer.
 */
label: string, 
/**
 * How it arrived.
 */
state: SignalState, 
/**
 * The reading as it was sent, where there is one.
 */
value: number | null, 
/**
 * What it adds to the log-odds, in nats.
 */
contribution: number, 
/**
 * What that means, in a word or two.
 */
word: string, };

/**
 * Whether a certificate lets a tier answer.
 */
export type CertificateState = "in_force" | "absent" | "other_decisions" | "expired" | "too_weak" | "ended";

/**
 * What a tier demands of a certificate.
 */
export type CertificateDemand = { 
/**
 * The greatest share of wrong answers among those that a machine gives, in (0, 1).
 */
tolerated_error: number, 
/**
 * The greatest probability that the certificate is wrong about that, in (0, 1).
 */
failure_probability: number, };

/**
 * What was shown about one tier.
 */
export type Certificate = { 
/**
 * The tier.
 */
risk_level: RiskLevel, 
/**
 * At or above this probability the draft is the answer.
 */
threshold: Score, 
/**
 * The share of wrong answers that was shown not to be exceeded, in (0, 1).
 */
tolerated_error: number, 
/**
 * The probability that this is wrong, in (0, 1).
 */
failure_probability: number, 
/**
 * Reviewed answers at or above the threshold, one of each conversation.
 */
answers: number, 
/**
 * How many of them were wrong.
 */
errors: number, 
/**
 * Digest of the reviewed rows.
 */
rows_hash: string, 
/**
 * Digest of the decisions that it was made for.
 */
decision_hash: string, 
/**
 * When it was made.
 */
issued_at: TimestampMs, 
/**
 * When it ends.
 */
expires_at: TimestampMs, };

/**
 * Where a case goes.
 */
export type Routing = { 
/**
 * The queue.
 */
queue: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * When the case is to be resolved.
 */
due_at: TimestampMs, 
/**
 * The same, in milliseconds from now.
 */
sla_ms: number, 
/**
 * From 0 (low risk) to 3 (critical); higher is taken first.
 */
priority: number, 
/**
 * What a reviewer must be allowed to decide.
 */
authority: Authority, 
/**
 * What a reviewer must be able to do.
 */
skills: Array<string>, };

/**
 * The type of a fact.
 */
export type FactType = "bool" | "int" | "double" | "string" | "time" | "money" | "string_list" | "int_list" | "double_list";

/**
 * Who vouches for a fact.
 */
export type FactSource = "caller" | "model" | "host";

/**
 * What a decision record keeps of a fact.
 */
export type FactRecord = "value" | "nothing";

/**
 * One fact that the policy reads.
 */
export type FactDeclaration = { 
/**
 * Its path, such as `request.domain` or `facts.customer_tier`.
 */
path: string, 
/**
 * Its type.
 */
type: FactType, 
/**
 * Who vouches for it.
 */
source: FactSource, 
/**
 * What a decision record keeps of it.
 */
record: FactRecord, };

/**
 * The open hours of one office, over a stated horizon.
 */
export type Calendar = { 
/**
 * Its name.
 */
calendar: string, 
/**
 * The IANA name of its time zone, for people.
 */
time_zone: string, 
/**
 * From here on the intervals are known.
 */
from: TimestampMs, 
/**
 * From here on they are not.
 */
until: TimestampMs, 
/**
 * Open intervals in order, four numbers each: local day since 1970-01-01, local minute of the
 * day at which it opens, length in minutes, offset of local time from UTC in minutes.
 */
open: Array<number>, };

/**
 * How soon a case is to be resolved.
 */
export type Sla = { "duration_ms": number } | { "business_ms": number } | { "business_days": number };

/**
 * One step of a program; operands are taken from the stack, the left one pushed first.
 */
export type Op = { "fact": number } | { "const": Const } | { "has": number } | { "item": number } | "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "in" | { "and": number } | { "or": number } | "not" | "choose" | "add" | "sub" | "mul" | "div" | "rem" | "neg" | "double" | "size" | "at" | "contains" | "starts_with" | "ends_with" | { "exists": number } | { "every": number };

/**
 * A constant in a program.
 */
export type Const = { "bool": boolean } | { "int": number } | { "double": number } | { "string": string } | { "time": TimestampMs } | { "money": Money } | { "string_list": Array<string> } | { "int_list": Array<number> } | { "double_list": Array<number> };

/**
 * A program that was checked against the facts of its policy, with the text that it came from.
 */
export type Program = { 
/**
 * The condition as its author wrote it, for people; it decides nothing.
 */
cel: string, 
/**
 * What is evaluated.
 */
ops: Array<Op>, };

/**
 * The unit in which a tool takes amounts.
 */
export type AmountUnit = "major" | "minor";

/**
 * A currency of ISO 4217 that has a number of decimals.
 */
export type Currency = string;

/**
 * An amount in whole minor units, from 0 to 2^53 − 1.
 */
export type Money = { amount: string; amount_minor: number; currency: Currency };

/**
 * What one unit of each currency is worth in the base currency.
 */
export type Rates = { 
/**
 * The currency in which limits are written and amounts compared.
 */
base: Currency, 
/**
 * From when on the rates are too old to be used.
 */
until: TimestampMs | null, 
/**
 * Billionths of the base currency for one unit of another, by code.
 */
billionths: { [key in string]: number }, };

/**
 * What an action changes.
 */
export type Effect = "money" | "permissions" | "data" | "external_state" | "communication";

/**
 * How far an action can be undone, ascending in harm.
 */
export type Reversibility = "read_only" | "reversible" | "externally_reversible" | "irreversible";

/**
 * What an action, or a chain of them, does.
 */
export type Impact = { 
/**
 * What it changes, without repetition.
 */
effects: Array<Effect>, 
/**
 * How far it can be undone.
 */
reversibility: Reversibility, 
/**
 * How much money, in the policy's base currency; over a chain, the sum. `null` where there is
 * none, or where it is not known: see the gate's `unjudged`.
 */
magnitude: Money | null, 
/**
 * What it is done to; over a chain, of its first action that has one.
 */
target: string | null, 
/**
 * What is at stake.
 */
tier: RiskLevel, };

/**
 * What happens with an action, from the least to the most cautious.
 */
export type GateVerdict = "allow" | "require_approval" | "deny";

/**
 * Who keeps a gate shut, from the weakest to the strongest.
 */
export type Enforcement = "advisory" | "host" | "executor";

/**
 * The type of one argument.
 */
export type ArgumentType = "string" | "number" | "integer" | "bool" | "list" | "object" | "any";

/**
 * What one argument must be.
 */
export type ArgumentRule = { 
/**
 * Its type.
 */
type: ArgumentType, 
/**
 * Whether it may not be left out.
 */
required: boolean, };

/**
 * Where the arguments say how much money an action moves.
 */
export type AmountAt = { 
/**
 * JSON Pointer into the arguments.
 */
pointer: string, 
/**
 * The unit of the number there.
 */
unit: AmountUnit, 
/**
 * JSON Pointer to the currency's code; `null` where the currency is fixed.
 */
currency_pointer: string | null, 
/**
 * The currency, where the tool knows one only.
 */
currency: Currency | null, };

/**
 * What the policy says of one tool, or of a family of tools.
 */
export type Tool = { 
/**
 * Its names; `*` in one stands for any characters.
 */
names: Array<string>, 
/**
 * Its name for people.
 */
title: string, 
/**
 * What it changes.
 */
effects: Array<Effect>, 
/**
 * How far that can be undone.
 */
reversibility: Reversibility, 
/**
 * What is at stake at least.
 */
tier: RiskLevel, 
/**
 * What happens with it where no rule asks for more.
 */
verdict: GateVerdict, 
/**
 * Where its amount stands.
 */
amount: AmountAt | null, 
/**
 * JSON Pointer to what it is done to.
 */
target: string | null, 
/**
 * JSON Pointer to how many things it touches: a number, or a list.
 */
count: string | null, 
/**
 * Its arguments; others are not known. `null` where the policy does not say.
 */
arguments: { [key in string]: ArgumentRule } | null, 
/**
 * JSON Schema of the arguments as a whole; the host checks it before anybody is asked.
 */
schema?: Json, 
/**
 * Who keeps its gate shut.
 */
enforcement: Enforcement, 
/**
 * Who may approve it at least.
 */
authority: Authority, 
/**
 * How many people approve it at least.
 */
quorum: number, 
/**
 * Whether they must see a preview first.
 */
preview_required: boolean, 
/**
 * How long an approval is waited for, in milliseconds.
 */
expires_ms: number, };

/**
 * A rule over actions. It can only raise what a tool's entry says.
 */
export type ImpactRule = { 
/**
 * Its name.
 */
id: string, 
/**
 * When it fires; where that cannot be judged, it fires.
 */
when: Program, 
/**
 * What happens with the action at least.
 */
then: GateVerdict, 
/**
 * What is at stake at least.
 */
tier: RiskLevel | null, 
/**
 * Who may approve it at least.
 */
authority: Authority | null, 
/**
 * How many people approve it at least; 0 where the rule does not say.
 */
quorum: number, 
/**
 * Whether they must see a preview first.
 */
preview_required: boolean, 
/**
 * How long an approval is waited for at most, in milliseconds.
 */
expires_ms: number | null, 
/**
 * Why, in words; `{path}` stands for a fact's value.
 */
why: string, };

/**
 * One step of the ladder: who may approve up to which amount.
 */
export type LadderStep = { 
/**
 * Whose ladder; `any` for the domains that have none of their own.
 */
domain: string, 
/**
 * The level of authority.
 */
level: number, 
/**
 * What people of that level are called.
 */
title: string, 
/**
 * Up to which amount, included; `null` on the last step.
 */
limit: Money | null, 
/**
 * How many of them.
 */
quorum: number, };

/**
 * Everything that a policy says of actions.
 */
export type ActionPolicy = { 
/**
 * What currencies are worth.
 */
rates: Rates | null, 
/**
 * The known tools.
 */
tools: Array<Tool>, 
/**
 * Every other tool.
 */
unknown_tool: Tool, 
/**
 * The rules, in the order in which they are listed in a gate.
 */
rules: Array<ImpactRule>, 
/**
 * Who may approve how much.
 */
ladder: Array<LadderStep>, 
/**
 * What orders tools that it does not know; `null` where nothing does.
 */
impact_model?: ImpactModel, };

/**
 * One argument that a tool takes.
 */
export type ArgumentInfo = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its type, in the words of JSON Schema.
 */
type: string | null, };

/**
 * The annotations of the Model Context Protocol.
 */
export type ToolHints = { 
/**
 * It changes nothing.
 */
read_only: boolean | null, 
/**
 * It may destroy something.
 */
destructive: boolean | null, 
/**
 * Once or twice is the same.
 */
idempotent: boolean | null, 
/**
 * It reaches what is outside.
 */
open_world: boolean | null, };

/**
 * What a caller says about a tool.
 */
export type ToolInfo = { 
/**
 * What the tool says that it does, at most 64,000 characters.
 */
description: string | null, 
/**
 * The arguments that it takes, at most 256.
 */
arguments: Array<ArgumentInfo>, 
/**
 * What its server says of it.
 */
hints: ToolHints, };

/**
 * Where something was seen.
 */
export type SightingSource = "name" | "description" | "argument" | "value" | "hint" | "letters";

/**
 * One thing that was seen of an action, and what it was taken for.
 */
export type Sighting = { 
/**
 * Where.
 */
source: SightingSource, 
/**
 * The word, or the beginning of the text.
 */
saw: string, 
/**
 * What it was taken for, in words.
 */
says: string, 
/**
 * JSON Pointer into the action, where it stands in its arguments.
 */
path: string | null, };

/**
 * What one vector of weights answers.
 */
export type Weights = string;

/**
 * The model: how likely a tool changes something, and so on.
 */
export type ImpactModel = { 
/**
 * It changes something.
 */
changes: Weights, 
/**
 * If it changes something, that is of high impact.
 */
high_if_changes: Weights, 
/**
 * It destroys.
 */
destructive: Weights, 
/**
 * It changes rights.
 */
permissions: Weights, 
/**
 * It reaches outside.
 */
open_world: Weights, 
/**
 * From which score on a tool is taken for one of high impact.
 */
high_from: number, };

/**
 * What the policy says of an action, or of a chain of actions.
 */
export type Gate = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * What happens.
 */
verdict: GateVerdict, 
/**
 * What the actions do together.
 */
impact: Impact, 
/**
 * Who must approve; `null` where nobody has to.
 */
authority: Authority | null, 
/**
 * Who else must, where the actions belong to several domains.
 */
further_authorities: Array<Authority>, 
/**
 * How many people must approve; 0 where nobody has to.
 */
quorum: number, 
/**
 * Until when an approval is waited for; `null` unless one is.
 */
expires_at: TimestampMs | null, 
/**
 * Whether whoever approves must see a preview first.
 */
preview_required: boolean, 
/**
 * Who keeps the gate shut: the weakest among the actions.
 */
enforcement: Enforcement, 
/**
 * Whether a rule needs what only the host knows, so that the host's own gate may differ.
 */
provisional: boolean, 
/**
 * Why, in one sentence.
 */
reason: string, 
/**
 * Every rule that raised the gate, by action and in the policy's order.
 */
reasons: Array<GateReason>, 
/**
 * Paths of what a rule needed and did not get, and of what took no part.
 */
unjudged: Array<string>, 
/**
 * Whether the amounts of all actions are known.
 */
amount_is_known: boolean, 
/**
 * Each action by itself.
 */
actions: Array<ActionGate>, 
/**
 * The policy that said so.
 */
policy: PolicyReference, 
/**
 * Digest over tenant, tool, arguments and target; of a chain, over those of its actions.
 */
action_digest: string, 
/**
 * When, as the caller told the time.
 */
evaluated_at: TimestampMs, };

/**
 * Why a gate is as it is.
 */
export type GateReason = { 
/**
 * The rule of the policy, the tool's name, or one of the built-in rules: `unknown_tool`,
 * `inferred`, `amount`, `target`, `count`, `arguments`, `schema`, `requires_approval`, `policy_basis`, `authority`.
 */
rule: string, 
/**
 * Why, in words.
 */
reason: string, 
/**
 * JSON Pointer into the list of actions, where something in it is the reason.
 */
path: string | null, };

/**
 * One action of a gate.
 */
export type ActionGate = { 
/**
 * The tool, as the caller named it.
 */
tool: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * The first name of the entry that took it; `null` where none did.
 */
entry: string | null, 
/**
 * What happens with this action.
 */
verdict: GateVerdict, 
/**
 * What it does.
 */
impact: Impact, 
/**
 * The amount as the arguments say it.
 */
amount: Money | null, 
/**
 * Who keeps its gate shut.
 */
enforcement: Enforcement, 
/**
 * Digest over tenant, tool, arguments and target.
 */
action_digest: string, 
/**
 * Of a tool that no entry took: orders such tools by what they could do, in [0, 1]. `null`
 * where an entry took it, or where the policy has no model.
 */
high_score: Score | null, 
/**
 * What was seen of the action itself and what it was taken for; of a tool that an entry took,
 * only what contradicts the entry.
 */
seen: Array<Sighting>, 
/**
 * What could not be seen of a tool that no entry took.
 */
unseen: Array<string>, };

/**
 * For whom an action is proposed, and what is known around it.
 */
export type Context = { 
/**
 * The tenant; the host takes it from the credential.
 */
tenant_id: Id, 
/**
 * The subject.
 */
domain: string | null, 
/**
 * What the user means to do.
 */
intent: Intent | null, 
/**
 * BCP 47 language tag.
 */
language: string | null, 
/**
 * The caller's estimate of what is at stake.
 */
risk_level: RiskLevel | null, 
/**
 * Whether the user asked for a person.
 */
asks_for_person: boolean | null, 
/**
 * The caller's own facts.
 */
facts: { [key in string]: Json }, };

/**
 * Where a proposal stands.
 */
export type ProposalState = "previewing" | "pending" | "approved" | "consumed" | "rejected" | "expired" | "withdrawn" | "superseded" | "void" | "revoked";

/**
 * What must be so before the actions may be done: what the gate said, without its reasons.
 */
export type Requirement = { 
/**
 * What the policy says.
 */
verdict: GateVerdict, 
/**
 * What is at stake.
 */
tier: RiskLevel, 
/**
 * Who must approve: of each of these authorities, as many people as the quorum.
 */
authorities: Array<Authority>, 
/**
 * How many people; one person may stand for several authorities.
 */
quorum: number, 
/**
 * Whether they must see a preview first.
 */
preview_required: boolean, 
/**
 * Who keeps the gate shut.
 */
enforcement: Enforcement, 
/**
 * Digest over tenant, tool, arguments and target of every action.
 */
action_digest: string, 
/**
 * The policy that said so.
 */
policy: PolicyReference, };

/**
 * One difference that an action would make.
 */
export type PreviewChange = { 
/**
 * What would change, in the executor's words.
 */
subject: string, 
/**
 * What it is now.
 */
before: Json, 
/**
 * What it would be.
 */
after: Json, };

/**
 * What a dry run said.
 */
export type Preview = { 
/**
 * What would change, at most 200.
 */
changes: Array<PreviewChange>, 
/**
 * In the executor's words.
 */
note: string | null, 
/**
 * The state that the preview saw, by action; the execution names it, and is refused where it
 * moved on.
 */
preconditions: Array<string | null>, 
/**
 * When it arrived.
 */
previewed_at: TimestampMs, };

/**
 * One person's approval.
 */
export type Vote = { 
/**
 * Who, and by which door.
 */
by: ActorReference, 
/**
 * Which of the needed authorities they have.
 */
authorities: Array<Authority>, 
/**
 * In their words.
 */
note: string | null, 
/**
 * What exactly they approved.
 */
binding_digest: string, 
/**
 * When.
 */
voted_at: TimestampMs, };

/**
 * Who changed what a proposal says.
 */
export type Author = { 
/**
 * Who.
 */
principal_id: Id, 
/**
 * The human being.
 */
person_id: Id | null, 
/**
 * Whether they may approve what they wrote.
 */
may_approve: boolean, };

/**
 * How a proposal ended.
 */
export type Closing = { 
/**
 * Why, in words.
 */
reason: string, 
/**
 * What the agent is told to do instead, where somebody wrote it.
 */
message: string | null, 
/**
 * Who ended it; `null` where time or the policy did.
 */
by: ActorReference | null, 
/**
 * When.
 */
closed_at: TimestampMs, };

/**
 * What a model wants done, and where that stands.
 */
export type Proposal = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
proposal_id: Id, 
/**
 * The tenant, from the credential of who proposed it.
 */
tenant_id: Id, 
/**
 * How often it changed.
 */
revision: number, 
/**
 * Where it stands.
 */
state: ProposalState, 
/**
 * The first of its line; edits and renewals keep it.
 */
root_proposal_id: Id, 
/**
 * The proposal in whose place it stands.
 */
supersedes: Id | null, 
/**
 * The proposal that stands in its place.
 */
superseded_by: Id | null, 
/**
 * The case that it belongs to.
 */
case_id: Id | null, 
/**
 * The request that it comes from.
 */
request_id: Id | null, 
/**
 * The conversation that it belongs to.
 */
conversation_id: Id | null, 
/**
 * The principal that proposed it.
 */
requested_by: Id, 
/**
 * The person who answers for that principal.
 */
requested_by_person: Id | null, 
/**
 * Who edited it since.
 */
authors: Array<Author>, 
/**
 * The agent's own words for it; nobody decides from these.
 */
summary: string | null, 
/**
 * What is to be done, in this order; what is executed are these bytes in canonical form.
 */
actions: Array<Action>, 
/**
 * For whom, and what is known around it.
 */
context: Context, 
/**
 * What must be so before it is done.
 */
required: Requirement, 
/**
 * The gate with all its reasons, as the policy gave it.
 */
gate: Gate, 
/**
 * Digest over what the policy says of each tool.
 */
tools_digest: string, 
/**
 * The executor of each action; `null` where whoever proposed it acts.
 */
executors: Array<string | null>, 
/**
 * What a dry run said.
 */
preview: Preview | null, 
/**
 * Makes the digest of equal proposals differ.
 */
nonce: string, 
/**
 * What is approved and signed: see `proposal::binding`.
 */
binding_digest: string, 
/**
 * Who approved it so far.
 */
votes: Array<Vote>, 
/**
 * When it was proposed.
 */
created_at: TimestampMs, 
/**
 * Until when it can be approved, and executed.
 */
expires_at: TimestampMs, 
/**
 * How long an approval can be taken back, in milliseconds.
 */
undo_window_ms: number, 
/**
 * The right to execute it once; there is one exactly from the approval on.
 */
authorization_id: Id | null, 
/**
 * When the approval takes effect.
 */
effective_at: TimestampMs | null, 
/**
 * When somebody asked to stop what was already started.
 */
stop_requested_at: TimestampMs | null, 
/**
 * How it ended, where it ended without an execution.
 */
closing: Closing | null, };

/**
 * An event as it is sent, in the form of CloudEvents 1.0.
 */
export type ProposalEvent = { 
/**
 * The version of the envelope: `1.0`.
 */
specversion: string, 
/**
 * The event's id, which is that of its audit entry; the same however often it is sent.
 */
id: Id, 
/**
 * Whose it is: `/tenants/{tenant}`.
 */
source: string, 
/**
 * What happened: `dev.countersign.` and the event's name.
 */
type: string, 
/**
 * The proposal, or the execution.
 */
subject: Id, 
/**
 * When.
 */
time: TimestampMs, 
/**
 * The media type of the data.
 */
datacontenttype: string, 
/**
 * Its position among the tenant's events, from 1, without gaps.
 */
sequence: number, 
/**
 * The facts.
 */
data: ProposalEventData, };

/**
 * The facts of an event: how proposal and execution stood once it had happened.
 */
export type ProposalEventData = { 
/**
 * The proposal.
 */
proposal_id: Id, 
/**
 * Where the proposal stood.
 */
state: ProposalState, 
/**
 * What was at stake.
 */
risk_level: RiskLevel, 
/**
 * The proposal that stands in its place.
 */
superseded_by: Id | null, 
/**
 * The case that it belongs to.
 */
case_id: Id | null, 
/**
 * The request that it comes from.
 */
request_id: Id | null, 
/**
 * The execution, where the event is one of an execution.
 */
execution_id: Id | null, 
/**
 * Where the execution stood.
 */
execution_state: ExecutionState | null, 
/**
 * Which change of proposal or execution this is.
 */
revision: number, };

/**
 * What the host says of the policy in force.
 */
export type Manifest = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * The tenant that it is for; `*` for every one.
 */
tenant_id: string, 
/**
 * Rises by one with each release.
 */
sequence: number, 
/**
 * The policy.
 */
policy: PolicyReference, 
/**
 * Digest of the image of its bundle, in the form that this host writes; an edge that loaded an
 * image has no other proof of what is in it.
 */
image_hash: string, 
/**
 * Since when it is in force.
 */
released_at: TimestampMs, 
/**
 * From this instant on, nobody may rely on it: a newer manifest must be read.
 */
valid_until: TimestampMs, 
/**
 * Risk levels whose certificate an alarm ended for the tenant that asked: at these a draft that the
 * policy would answer goes to a person.
 */
certificates_void: Array<RiskLevel>, };

/**
 * A manifest with the host's signature.
 */
export type SignedManifest = { 
/**
 * What is signed, in canonical form, after `countersign/policy-manifest/v1` and a line feed.
 */
manifest: Manifest, 
/**
 * Always `Ed25519`.
 */
algorithm: string, 
/**
 * The first characters of the public key's SHA-256, in hex.
 */
key_id: string, 
/**
 * The signature, in base 64.
 */
signature: string, };

/**
 * The image of a policy, as the host gives it.
 */
export type PolicyImage = { 
/**
 * The policy.
 */
policy: PolicyReference, 
/**
 * The image's digest, which the signed manifest names too.
 */
image_hash: string, 
/**
 * The image, in base 64.
 */
image: string, };

/**
 * Where a release stands.
 */
export type ReleaseState = "pending" | "released" | "withdrawn" | "expired";

/**
 * What becomes of a tenant's own policy when its base is released anew.
 */
export type OverlayRelease = { 
/**
 * The tenant.
 */
tenant_id: string, 
/**
 * The same overlay over the new base.
 */
policy: PolicyReference, 
/**
 * What is in force for the tenant before.
 */
replaces: PolicyReference, };

/**
 * A policy that somebody wants in force.
 */
export type PolicyRelease = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
release_id: Id, 
/**
 * Where it stands.
 */
state: ReleaseState, 
/**
 * The tenant whose overlay it is; `*` for a base, which holds for all others.
 */
tenant_id: string, 
/**
 * The policy.
 */
policy: PolicyReference, 
/**
 * Of an overlay, the base that it was compiled over.
 */
base: PolicyReference | null, 
/**
 * Of a base, what becomes of the tenants that have an overlay.
 */
overlays: Array<OverlayRelease>, 
/**
 * The policy in force when it was proposed; it is confirmed only under this one.
 */
replaces: PolicyReference, 
/**
 * Sections of the bundle that differ, by name.
 */
changes: Array<string>, 
/**
 * Digest over both hashes and the changes; whoever confirms names it.
 */
changes_hash: string, 
/**
 * Why, in the words of whoever proposed it.
 */
reason: string | null, 
/**
 * Who proposed it.
 */
proposed_by: Id, 
/**
 * The human being behind that.
 */
proposed_by_person: Id | null, 
/**
 * When.
 */
proposed_at: TimestampMs, 
/**
 * From this instant on, nobody can confirm it.
 */
expires_at: TimestampMs, 
/**
 * Who took it back; null where nobody did.
 */
withdrawn_by: Id | null, 
/**
 * When it was withdrawn, or expired.
 */
closed_at: TimestampMs | null, 
/**
 * Who confirmed it.
 */
approved_by: Id | null, 
/**
 * When it was put into force.
 */
released_at: TimestampMs | null, 
/**
 * Its place among all releases.
 */
sequence: number | null, };

/**
 * Where an execution stands.
 */
export type ExecutionState = "prepared" | "started" | "unknown" | "succeeded" | "failed" | "cancelled";

/**
 * What an executor promises of a request that comes twice.
 */
export type Guarantee = "none" | "queryable" | "idempotent";

/**
 * How an attempt ended.
 */
export type AttemptOutcome = "succeeded" | "refused" | "drifted" | "unknown";

/**
 * Who stands behind an execution.
 */
export type Approver = { 
/**
 * The principal.
 */
principal_id: Id, 
/**
 * The human being.
 */
person_id: Id | null, 
/**
 * Their name at that time.
 */
name: string, 
/**
 * When they approved.
 */
approved_at: TimestampMs, };

/**
 * One request to the executor.
 */
export type Attempt = { 
/**
 * Its id.
 */
attempt_id: Id, 
/**
 * When it was made durable, before anything was sent.
 */
started_at: TimestampMs, 
/**
 * The executor must not act on the request after this.
 */
not_after: TimestampMs, 
/**
 * When its end was known.
 */
ended_at: TimestampMs | null, 
/**
 * How it ended.
 */
outcome: AttemptOutcome | null, 
/**
 * What was said, in words of this host.
 */
detail: string | null, };

/**
 * One action of an approved proposal.
 */
export type Execution = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
execution_id: Id, 
/**
 * The tenant.
 */
tenant_id: Id, 
/**
 * How often it changed.
 */
revision: number, 
/**
 * Where it stands.
 */
state: ExecutionState, 
/**
 * The proposal that was approved.
 */
proposal_id: Id, 
/**
 * The authorization that it uses.
 */
authorization_id: Id, 
/**
 * Its place among the actions of the proposal, from 0.
 */
position: number, 
/**
 * What is done, exactly.
 */
action: Action, 
/**
 * What was approved.
 */
binding_digest: string, 
/**
 * Who approved it; empty where the policy alone allowed it.
 */
approved_by: Array<Approver>, 
/**
 * Who does it.
 */
executor: string, 
/**
 * What they promise of a request that comes twice.
 */
guarantee: Guarantee, 
/**
 * Derived from the authorization once, and the same for every attempt.
 */
idempotency_key: string, 
/**
 * The state that the preview saw.
 */
precondition: string | null, 
/**
 * Every request so far, at most 100.
 */
attempts: Array<Attempt>, 
/**
 * Until when the executor heeds the key; after this nothing is sent again.
 */
resend_until: TimestampMs | null, 
/**
 * When it is sent or asked about next; `null` where nothing happens by itself.
 */
next_attempt_at: TimestampMs | null, 
/**
 * What the executor gave back.
 */
result: Json | null, 
/**
 * Why it failed, or was cancelled.
 */
reason: string | null, 
/**
 * Who found out what happened, where the executor did not say.
 */
reconciled_by: ActorReference | null, 
/**
 * When somebody asked to stop it.
 */
stop_requested_at: TimestampMs | null, 
/**
 * When it was prepared.
 */
created_at: TimestampMs, 
/**
 * When it ended.
 */
closed_at: TimestampMs | null, };

/**
 * Why a rule exists: the six kinds of trigger.
 */
export type TriggerKind = "low_confidence" | "high_stakes" | "policy_boundary" | "tool_risk" | "user_escalation" | "quality_failure";

/**
 * Everything that an edge needs to decide.
 */
export type Bundle = { 
/**
 * Version of the bundle format; 2.
 */
bundle_version: number, 
/**
 * The policy's name.
 */
id: Id, 
/**
 * The policy's version, as its owner names it.
 */
version: string, 
/**
 * The facts that its conditions read, by slot.
 */
facts: Array<FactDeclaration>, 
/**
 * How confidence is computed.
 */
confidence: ConfidenceModel, 
/**
 * What confidence each risk level needs.
 */
tiers: Tiers, 
/**
 * The risk level of a request that names none.
 */
risk_level_when_missing: RiskLevel, 
/**
 * What is audited at random; nothing where it is absent.
 */
sampling: Sampling | null, 
/**
 * The rules, in the order in which they are listed in a verdict.
 */
triggers: Array<Trigger>, 
/**
 * What cancels rules that fired, the first that holds before the next.
 */
suppressions: Array<Suppression>, 
/**
 * What it says of actions.
 */
actions: ActionPolicy, 
/**
 * Open hours that deadlines count by.
 */
calendars: Array<Calendar>, 
/**
 * Where cases go: the first queue that accepts.
 */
queues: Array<Queue>, 
/**
 * The queue for what no other accepts.
 */
fallback_queue: string, 
/**
 * What the user is told, by BCP 47 language; `default` for every other.
 */
limited_answer: { [key in string]: string }, 
/**
 * Limited answers for one purpose, by name and by language.
 */
templates: { [key in string]: { [key in string]: string } }, 
/**
 * What the user is told on a refusal, by language; `default` for every other.
 */
refusal: { [key in string]: string }, 
/**
 * How long a claim lasts without a sign of life, in milliseconds.
 */
lease_duration_ms: number, 
/**
 * How long a decision can be taken back, in milliseconds; 0 for not at all.
 */
undo_window_ms: number, 
/**
 * What it says about the work of people; only hosts read it.
 */
work: Json | null, };

/**
 * What is audited at random, and when the host raises the alarm over it.
 */
export type Sampling = { 
/**
 * Share of the answers, in [0, 1].
 */
answer: number, 
/**
 * Share of the limited answers, in [0, 1].
 */
limited_answer: number, 
/**
 * Share of the refusals, in [0, 1].
 */
refuse: number, 
/**
 * Share of what a person judged that another judges too, without seeing what the first one said;
 * in [0, 1].
 */
second_review: number, 
/**
 * Days after which an audit that nobody judged counts as a wrong answer for the alarm.
 */
judged_within_days: number, 
/**
 * The share of wrong answers above which the host raises the alarm, where a certificate does not
 * say it; in (0, 1).
 */
tolerated_error: number, 
/**
 * The probability of ever raising an alarm over nothing, for each that watches; in (0, 1).
 */
false_alarm: number, };

/**
 * Why a draft was right or not.
 */
export type Label = "correct" | "model_error" | "retrieval_error" | "stale_knowledge" | "tool_error" | "policy_violation" | "over_refusal" | "policy_gap" | "temporary_policy" | "one_off_context" | "unclear" | "reviewer_preference" | "reviewer_error";

/**
 * What is watched.
 */
export type MonitorKind = "wrong_answers" | "wrong_sent" | "escalation_rate";

/**
 * What became of a rate.
 */
export type MonitorChange = "rose" | "fell";

/**
 * Items, and how many of them were of the kind that is counted.
 */
export type Tally = { 
/**
 * All of them.
 */
items: number, 
/**
 * Wrong answers, or requests that went to a person.
 */
events: number, };

/**
 * One watch over one risk level of one tenant, since a policy came into force.
 */
export type Monitor = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
monitor_id: Id, 
/**
 * The tenant.
 */
tenant_id: Id, 
/**
 * The policy that decided what is watched.
 */
policy_hash: string, 
/**
 * The risk level.
 */
risk_level: RiskLevel, 
/**
 * What is watched.
 */
kind: MonitorKind, 
/**
 * The greatest share of wrong answers that is tolerated; null for a rate.
 */
tolerated_error: number | null, 
/**
 * What the rate was before; null for wrong answers, and while it is still being learned.
 */
baseline: Tally | null, 
/**
 * What was seen since.
 */
seen: Tally, 
/**
 * How many of the wrong answers are audits that nobody judged, or not in time; 0 for a rate.
 */
unjudged: number, 
/**
 * The capital of a bet against "nothing has got worse", which began with 1.
 */
capital: number, 
/**
 * The capital at which the alarm is raised.
 */
alarm_at: number, 
/**
 * When it was raised.
 */
raised_at: TimestampMs | null, 
/**
 * How the rate had changed by then.
 */
change: MonitorChange | null, 
/**
 * When the certificate was made that the alarm ended, if it ended one.
 */
ended_certificate: TimestampMs | null, 
/**
 * When the first item was seen.
 */
since: TimestampMs, 
/**
 * When the last one was.
 */
updated_at: TimestampMs, };

/**
 * An alarm as it is sent, in the form of CloudEvents 1.0.
 */
export type MonitorEvent = { 
/**
 * The version of the envelope: `1.0`.
 */
specversion: string, 
/**
 * The event's id, which is that of its audit entry; the same however often it is sent.
 */
id: Id, 
/**
 * Whose it is: `/tenants/{tenant}`.
 */
source: string, 
/**
 * What happened: `dev.countersign.` and the event's name.
 */
type: string, 
/**
 * The monitor.
 */
subject: Id, 
/**
 * When.
 */
time: TimestampMs, 
/**
 * The media type of the data.
 */
datacontenttype: string, 
/**
 * Its position among the tenant's events, from 1, without gaps.
 */
sequence: number, 
/**
 * The monitor as it stood when the alarm was raised.
 */
data: Monitor, };

/**
 * What confidence each risk level needs.
 */
export type Tiers = { 
/**
 * For low risk.
 */
low: Tier, 
/**
 * For medium risk.
 */
medium: Tier, 
/**
 * For high risk.
 */
high: Tier, 
/**
 * For critical risk.
 */
critical: Tier, };

/**
 * What confidence one risk level needs. A bound that is absent is never reached.
 */
export type Tier = { 
/**
 * At or above it the draft is the answer.
 */
answer: Score | null, 
/**
 * At or above it, and under `answer`, the user gets a limited answer.
 */
limited_answer: Score | null, 
/**
 * What happens when no signal was measured.
 */
without_signals: Disposition, 
/**
 * What a certificate must show before a draft is the answer; its threshold takes the place of
 * `answer`.
 */
certified: CertificateDemand | null, 
/**
 * What was shown.
 */
certificate: Certificate | null, 
/**
 * What a certificate must show before the user gets a limited answer; its threshold takes the place
 * of `limited_answer`.
 */
limited_certified: CertificateDemand | null, 
/**
 * What was shown of limited answers: of all drafts at or above its threshold.
 */
limited_certificate: Certificate | null, };

/**
 * One rule.
 */
export type Trigger = { 
/**
 * Its name.
 */
id: string, 
/**
 * Why it exists.
 */
kind: TriggerKind, 
/**
 * When it fires.
 */
when: Program, 
/**
 * Slots of facts without which it fires too.
 */
required: Array<number>, 
/**
 * What it asks for.
 */
then: Disposition, 
/**
 * Whether a refusal outweighs a person.
 */
final: boolean, 
/**
 * Whether it is on trial: it is recorded where it fires, and changes nothing.
 */
shadow: boolean, 
/**
 * The texts of its limited answer, by the name of a template; `null` for the policy's own.
 */
template: string | null, 
/**
 * The risk level that it raises the request to.
 */
risk_level: RiskLevel | null, 
/**
 * The latest deadline that it allows, in milliseconds from now.
 */
sla_ms_max: number | null, 
/**
 * The level of authority that its case needs at least.
 */
authority_level_min: number, 
/**
 * Why, in words; `{path}` stands for a fact's value.
 */
why: string, };

/**
 * A place where cases wait for people of one kind.
 */
export type Queue = { 
/**
 * Its name in the API.
 */
queue: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * Which cases it takes.
 */
accepts: Accepts, 
/**
 * How soon its cases are resolved.
 */
sla: Sla, 
/**
 * The calendar of its business time.
 */
calendar: string | null, 
/**
 * The shortest deadline that it can serve, in milliseconds; what is more urgent goes elsewhere.
 */
sla_ms_min: number, 
/**
 * What a reviewer must be allowed to decide.
 */
authority: Authority, 
/**
 * What a reviewer must be able to do.
 */
skills: Array<string>, };

/**
 * Which cases a queue takes; an empty list takes all.
 */
export type Accepts = { 
/**
 * Subjects.
 */
domains: Array<string>, 
/**
 * Languages: a tag takes its own regions too, `pt` takes `pt-BR`.
 */
languages: Array<string>, 
/**
 * Tenants.
 */
tenants: Array<string>, 
/**
 * Kinds of trigger, one of which fired.
 */
triggers: Array<TriggerKind>, 
/**
 * The least risk level.
 */
risk_level_min: RiskLevel, 
/**
 * The greatest risk level.
 */
risk_level_max: RiskLevel, 
/**
 * A further condition; unknown does not accept.
 */
when: Program | null, };

/**
 * The right that a decision needs: a level within a domain. Domains are not ordered.
 */
export type Authority = { 
/**
 * The subject; `any` where the level alone counts.
 */
domain: string, 
/**
 * The level, from 1.
 */
level: number, };

/**
 * Names a policy in a verdict, a case, an audit entry.
 */
export type PolicyReference = { 
/**
 * The policy's name.
 */
id: Id, 
/**
 * Its version.
 */
version: string, 
/**
 * The digest of its bundle.
 */
hash: string, };

/**
 * A rule that cancels others.
 */
export type Suppression = { 
/**
 * Its name.
 */
id: string, 
/**
 * When it holds; unknown does not.
 */
when: Program, 
/**
 * The triggers that it cancels, by name; `low_confidence` for the confidence that is needed.
 */
cancels: Array<string>, 
/**
 * What the user gets instead: an answer, or a limited answer.
 */
then: Disposition, 
/**
 * The texts of the limited answer; `null` for the policy's own.
 */
template: string | null, 
/**
 * Why, in words; `{path}` stands for a fact's value.
 */
why: string, };

/**
 * A rule that fired and was cancelled.
 */
export type Suppressed = { 
/**
 * The suppression's name.
 */
by: string, 
/**
 * Why it holds, in words.
 */
reason: string, 
/**
 * The rule as it fired.
 */
trigger: FiredTrigger, };

/**
 * Why a case went to another place.
 */
export type RerouteKind = "assigned" | "transferred" | "delegated" | "escalated" | "handed_over" | "overflowed" | "reassigned";

/**
 * What makes another case follow from a resolved one.
 */
export type FollowUp = "reopen" | "appeal" | "correct_released" | "quality_review";

/**
 * What a user is told about a case.
 */
export type NoticeKind = "received" | "expected" | "overdue";

/**
 * Where a case is offered, and to whom.
 */
export type Place = { 
/**
 * The queue.
 */
queue: string, 
/**
 * What a reviewer must be allowed to decide.
 */
authority: Authority, 
/**
 * What a reviewer must be able to do.
 */
skills: Array<string>, 
/**
 * To whom alone, if to one.
 */
assigned_to: Id | null, };

/**
 * A question to the customer.
 */
export type Waiting = { 
/**
 * What is asked.
 */
question: string, 
/**
 * Who asked.
 */
asked_by: Id, 
/**
 * When.
 */
asked_at: TimestampMs, 
/**
 * When it reached the customer; the clocks stand still from then on.
 */
delivered_at: TimestampMs | null, 
/**
 * How long an answer is waited for.
 */
until: TimestampMs, };

/**
 * What one of several reviewers said.
 */
export type CaseVote = { 
/**
 * The human being.
 */
person_id: Id | null, 
/**
 * What they would decide.
 */
decision: Decision, };

/**
 * What the user was told.
 */
export type UserNotice = { 
/**
 * What it is about.
 */
kind: NoticeKind, 
/**
 * The text, in the user's language where the policy has it.
 */
text: string, 
/**
 * When an answer is expected.
 */
expected_at: TimestampMs, 
/**
 * For which deadline.
 */
deadline_version: number, };

/**
 * Which clock.
 */
export type ClockKind = "first_touch" | "resolution";

/**
 * What is done at a mark.
 */
export type MarkAction = "warn" | "escalate" | "reassign" | "raise_authority" | "expire";

/**
 * A step of a case, at its instant.
 */
export type Mark = { 
/**
 * Which clock.
 */
clock: ClockKind, 
/**
 * How much of the time is over, in percent; 100 is the deadline.
 */
percent: number, 
/**
 * When.
 */
at: TimestampMs, 
/**
 * What is done.
 */
then: MarkAction, 
/**
 * The queue that it goes to.
 */
queue: string | null, 
/**
 * What the user gets where it expires: the name of a template.
 */
template: string | null, 
/**
 * Who is paged.
 */
page: string | null, 
/**
 * When it was done.
 */
fired_at: TimestampMs | null, };

/**
 * The deadlines of a case and the marks before and after them.
 */
export type Timing = { 
/**
 * When it is to be resolved.
 */
due_at: TimestampMs, 
/**
 * The same without later changes of mind: only pauses move it.
 */
original_due_at: TimestampMs, 
/**
 * When somebody is to have looked at it.
 */
first_touch_due_at: TimestampMs | null, 
/**
 * What is done when.
 */
marks: Array<Mark>, };

/**
 * Where a case stands.
 */
export type CaseState = "ready" | "leased" | "waiting" | "deferred" | "held" | "resolved" | "expired" | "withdrawn";

/**
 * What was raised about a case, and under which policy.
 */
export type Rejudged = { 
/**
 * The policy that came into force.
 */
policy: PolicyReference, 
/**
 * Its place among the releases for the case's tenant.
 */
sequence: number, 
/**
 * When the case was judged by it.
 */
judged_at: TimestampMs, 
/**
 * What is at stake from here on.
 */
risk_level: RiskLevel, 
/**
 * Where the case waits from here on.
 */
queue: string, 
/**
 * From 0 to 3; higher is taken first.
 */
priority: number, 
/**
 * What a reviewer must be allowed to decide.
 */
authority: Authority, 
/**
 * What a reviewer must be able to do.
 */
skills: Array<string>, 
/**
 * The clocks, where the deadline is earlier; absent where it stays.
 */
timing: Timing | null, 
/**
 * Rules that fire now and did not.
 */
triggers: Array<FiredTrigger>, 
/**
 * Each difference in words.
 */
changes: Array<string>, };

/**
 * Why a case exists.
 */
export type Purpose = "primary" | "second" | "audit" | "canary" | "quality" | "appeal" | "label" | "reconcile" | "post_answer";

/**
 * A file that came with the question; named, not carried.
 */
export type Attachment = { 
/**
 * Its name.
 */
name: string, 
/**
 * Where it can be read; shown as text.
 */
url: string | null, 
/**
 * Its media type.
 */
media_type: string | null, };

/**
 * What a person handles.
 */
export type Case = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
case_id: Id, 
/**
 * The tenant, from the credential of who sent it.
 */
tenant_id: Id, 
/**
 * How often it changed; commands may name the one they saw.
 */
revision: number, 
/**
 * Where it stands.
 */
state: CaseState, 
/**
 * How often it was claimed or taken away; a holder's commands name theirs.
 */
epoch: number, 
/**
 * Who holds it; there is a holder exactly where the state is `leased`.
 */
leased_by: Id | null, 
/**
 * From this instant on, anybody else may claim.
 */
lease_until: TimestampMs | null, 
/**
 * Why it exists.
 */
purpose: Purpose, 
/**
 * The case that it follows from.
 */
parent_case_id: Id | null, 
/**
 * What makes two cases the same.
 */
dedupe_key: string | null, 
/**
 * The request that it comes from.
 */
request_id: Id | null, 
/**
 * The conversation that it belongs to.
 */
conversation_id: Id | null, 
/**
 * The principal that sent it.
 */
requested_by: Id, 
/**
 * The person who answers for that principal.
 */
requested_by_person: Id | null, 
/**
 * What the user asked.
 */
user_question: string, 
/**
 * What the model would answer.
 */
model_draft: string | null, 
/**
 * Earlier turns.
 */
messages: Array<Message>, 
/**
 * What the draft stands on.
 */
evidence: Array<Evidence>, 
/**
 * What tools said.
 */
tool_results: Array<ToolResult>, 
/**
 * Files that came with the question.
 */
attachments: Array<Attachment>, 
/**
 * What the model wants done.
 */
proposed_actions: Array<Action>, 
/**
 * Proposals that the answer depends on.
 */
proposal_ids: Array<Id>, 
/**
 * Where the trace can be read.
 */
trace_url: string | null, 
/**
 * The subject.
 */
domain: string | null, 
/**
 * The language.
 */
language: string | null, 
/**
 * What the user means to do with the answer.
 */
intent: Intent | null, 
/**
 * Which versions made the draft.
 */
release: Release | null, 
/**
 * The caller's own facts.
 */
facts: { [key in string]: Json }, 
/**
 * The signals as they were sent.
 */
signals: { [key in string]: Signal }, 
/**
 * What is at stake.
 */
risk_level: RiskLevel, 
/**
 * Why it is here, in one sentence.
 */
reason_for_escalation: string, 
/**
 * Every rule that fired.
 */
triggers: Array<FiredTrigger>, 
/**
 * How sure the system was, and why.
 */
confidence: Confidence, 
/**
 * What could not be judged.
 */
unjudged: Array<string>, 
/**
 * The digest of the host's own decision.
 */
verdict_digest: string, 
/**
 * The policy that applied.
 */
policy: PolicyReference, 
/**
 * What the edge said, if it said anything.
 */
claimed: Claimed | null, 
/**
 * Where edge and host differ, in words.
 */
differences: Array<string>, 
/**
 * The queue that holds it.
 */
queue: string, 
/**
 * To whom alone it is offered, if to one.
 */
assigned_to: Id | null, 
/**
 * Principals and people who may not work on it.
 */
excluded: Array<Id>, 
/**
 * From 0 to 3; higher is taken first.
 */
priority: number, 
/**
 * What a reviewer must be allowed to decide.
 */
authority: Authority, 
/**
 * What a reviewer must be able to do.
 */
skills: Array<string>, 
/**
 * When it was sent.
 */
created_at: TimestampMs, 
/**
 * When it is to be resolved.
 */
due_at: TimestampMs, 
/**
 * The same, under the name that senders use.
 */
sla_deadline: TimestampMs, 
/**
 * Which deadline this is, from 1: each change of mind makes another one.
 */
deadline_version: number, 
/**
 * The first deadline, moved by pauses alone.
 */
original_due_at: TimestampMs, 
/**
 * When somebody is to have looked at it.
 */
first_touch_due_at: TimestampMs | null, 
/**
 * When somebody took it for the first time.
 */
first_touched_at: TimestampMs | null, 
/**
 * What is done on the way to the deadlines and after them.
 */
marks: Array<Mark>, 
/**
 * Since when the clocks stand still.
 */
paused_at: TimestampMs | null, 
/**
 * What the user was told about it.
 */
notices: Array<UserNotice>, 
/**
 * How long a decision can be taken back, in milliseconds.
 */
undo_window_ms: number, 
/**
 * The question to the customer, while an answer is waited for.
 */
waiting: Waiting | null, 
/**
 * Until when it is put off.
 */
deferred_until: TimestampMs | null, 
/**
 * The revision with which the user wrote again; the draft does not know of it.
 */
stale_since: number | null, 
/**
 * What a holder saved and did not decide yet.
 */
work: Work | null, 
/**
 * How many reviewers are asked.
 */
reviewers_needed: number, 
/**
 * What those of several said who were asked already.
 */
votes: Array<CaseVote>, 
/**
 * Whether they disagreed, so that one more decides alone.
 */
adjudicating: boolean, 
/**
 * What was decided.
 */
decision: Decision | null, 
/**
 * The human being who decided.
 */
decided_by_person: Id | null, 
/**
 * When the decision takes effect.
 */
effective_at: TimestampMs | null, 
/**
 * What the user gets, once it is released.
 */
answer: Answer | null, 
/**
 * When it ended.
 */
closed_at: TimestampMs | null, 
/**
 * The case that it is the same as.
 */
merged_into: Id | null, 
/**
 * Cases that were opened about what it ended with.
 */
reopened_as: Array<Id>, 
/**
 * What the caller said is at stake; with the next four, what the case needs to be judged again.
 */
claimed_risk_level: RiskLevel | null, 
/**
 * Whether the user asked for a person.
 */
asks_for_person: boolean | null, 
/**
 * A judge's score of the draft, in [0, 1].
 */
judge_score: Score | null, 
/**
 * The user's rating of an answer they got, 1 to 5.
 */
feedback_rating: number | null, 
/**
 * JSON Pointers of fields of the request that were not known.
 */
unknown_fields: Array<string>, 
/**
 * What policies raised that were released while it was open, oldest first, the last 20.
 */
rejudgings: Array<Rejudged>, };

/**
 * What an edge said of a request: advice, checked by the host.
 */
export type Claimed = { 
/**
 * What it decided.
 */
disposition: Disposition, 
/**
 * Under which policy, by digest.
 */
policy_hash: string, 
/**
 * The digest of its decision.
 */
digest: string, 
/**
 * When it decided.
 */
evaluated_at: TimestampMs, };

/**
 * What the reviewer says of the draft.
 */
export type ReviewVerdict = "accepted" | "edited" | "rejected" | "replaced";

/**
 * What the user gets.
 */
export type Outcome = "send" | "limited" | "refuse" | "ask" | "regenerate" | "nothing";

/**
 * What is wrong with a piece of evidence.
 */
export type IncorrectReason = "irrelevant" | "outdated" | "misquoted" | "wrong_scope";

/**
 * A piece of evidence that does not support the answer.
 */
export type IncorrectEvidence = { 
/**
 * The document.
 */
document_id: string, 
/**
 * What is wrong with it.
 */
reason: IncorrectReason, };

/**
 * What a reviewer decided.
 */
export type Decision = { 
/**
 * What they say of the draft.
 */
verdict: ReviewVerdict, 
/**
 * What the user gets.
 */
outcome: Outcome, 
/**
 * The text that the user gets, where there is one.
 */
answer: string | null, 
/**
 * A short code for the reason.
 */
reason_code: string | null, 
/**
 * Which rule it rests on.
 */
policy_reason: string | null, 
/**
 * Remarks for colleagues.
 */
notes: string | null, 
/**
 * What should have been found.
 */
missing_evidence: Array<string>, 
/**
 * What should not have been used.
 */
incorrect_evidence: Array<IncorrectEvidence>, 
/**
 * A query that finds better.
 */
better_retrieval_query: string | null, 
/**
 * Visible, active time that the reviewer spent, in milliseconds.
 */
active_ms: number, 
/**
 * Who decided.
 */
decided_by: Id, 
/**
 * When.
 */
decided_at: TimestampMs, };

/**
 * What a holder saved; the next holder finds it.
 */
export type Work = { 
/**
 * Who saved it.
 */
by: Id, 
/**
 * The text as it stands.
 */
text: string | null, 
/**
 * Remarks.
 */
notes: string | null, 
/**
 * What should have been found.
 */
missing_evidence: Array<string>, 
/**
 * What should not have been used.
 */
incorrect_evidence: Array<IncorrectEvidence>, 
/**
 * A query that finds better.
 */
better_retrieval_query: string | null, 
/**
 * When it was saved.
 */
saved_at: TimestampMs, };

/**
 * What the user gets.
 */
export type Answer = { 
/**
 * The text, where there is one.
 */
text: string | null, 
/**
 * What kind of answer it is.
 */
outcome: Outcome, 
/**
 * When it was released.
 */
released_at: TimestampMs, };

/**
 * Why a case went back to its queue.
 */
export type ReleaseReason = "released" | "skipped" | "timeout";

/**
 * One thing that happened; its name on the wire is [`Event::name`].
 */
export type Event = { 
/**
 * The case as it was then.
 */
case: Case, } | { 
/**
 * Who.
 */
leased_by: Id, 
/**
 * Until when.
 */
lease_until: TimestampMs, 
/**
 * Which claim this is.
 */
epoch: number, 
/**
 * When it was taken for the first time.
 */
first_touched_at: TimestampMs, } | { 
/**
 * Until when.
 */
lease_until: TimestampMs, } | { 
/**
 * What they saved.
 */
work: Work, } | { 
/**
 * Why.
 */
reason: ReleaseReason, 
/**
 * In the holder's words.
 */
note: string | null, 
/**
 * The epoch from here on; a lost lease raises it.
 */
epoch: number, } | { 
/**
 * Why.
 */
kind: RerouteKind, 
/**
 * Where to.
 */
place: Place, 
/**
 * In words.
 */
note: string | null, 
/**
 * The epoch from here on; a lost lease raises it.
 */
epoch: number, 
/**
 * How the clocks go on, where they stood still.
 */
timing: Timing | null, } | { 
/**
 * What, and how long an answer is waited for.
 */
waiting: Waiting, } | { 
/**
 * When.
 */
delivered_at: TimestampMs, } | { 
/**
 * What.
 */
message: Message, 
/**
 * How the clocks go on, where they stood still.
 */
timing: Timing | null, } | { 
/**
 * How the clocks go on, where they stood still.
 */
timing: Timing | null, } | { 
/**
 * Until when.
 */
until: TimestampMs, 
/**
 * In the holder's words.
 */
reason: string | null, } | Record<symbol, never> | { 
/**
 * What.
 */
decision: Decision, 
/**
 * The human being who decided.
 */
person_id: Id | null, 
/**
 * When it takes effect.
 */
effective_at: TimestampMs, } | { 
/**
 * What.
 */
vote: CaseVote, 
/**
 * Who decides now, where they disagree.
 */
adjudication: Authority | null, } | { 
/**
 * Why it could not be kept.
 */
reason: string | null, } | { 
/**
 * When.
 */
released_at: TimestampMs, } | { 
/**
 * Why.
 */
kind: FollowUp, 
/**
 * The other case.
 */
case_id: Id, 
/**
 * In words.
 */
reason: string | null, } | { 
/**
 * Which clock.
 */
clock: ClockKind, 
/**
 * How much, in percent.
 */
percent: number, 
/**
 * Of which deadline.
 */
deadline_version: number, 
/**
 * How much later than it should this was seen, in milliseconds.
 */
late_ms: number, 
/**
 * When.
 */
fired_at: TimestampMs, } | { 
/**
 * Which clock.
 */
clock: ClockKind, 
/**
 * How much, in percent.
 */
percent: number, 
/**
 * Of which deadline.
 */
deadline_version: number, 
/**
 * How much later than it should this was seen, in milliseconds.
 */
late_ms: number, 
/**
 * When.
 */
fired_at: TimestampMs, } | { 
/**
 * From 0 to 3.
 */
priority: number, 
/**
 * Which deadline this is.
 */
deadline_version: number, 
/**
 * The clocks, where they changed.
 */
timing: Timing | null, 
/**
 * In words.
 */
reason: string | null, } | { 
/**
 * The proposal.
 */
proposal_id: Id, } | { 
/**
 * What.
 */
notice: UserNotice, } | { 
/**
 * What the user gets.
 */
answer: Answer, } | { 
/**
 * In their words.
 */
reason: string | null, 
/**
 * When.
 */
withdrawn_at: TimestampMs, } | { 
/**
 * What, and under which policy.
 */
rejudged: Rejudged, } | { 
/**
 * The other.
 */
into: Id, 
/**
 * When.
 */
merged_at: TimestampMs, };

/**
 * An event as it is sent, in the form of CloudEvents 1.0.
 */
export type CaseEvent = { 
/**
 * The version of the envelope: `1.0`.
 */
specversion: string, 
/**
 * The event's id, which is that of its audit entry; the same however often it is sent.
 */
id: Id, 
/**
 * Whose it is: `/tenants/{tenant}`.
 */
source: string, 
/**
 * What happened: `dev.countersign.` and the event's name.
 */
type: string, 
/**
 * The case.
 */
subject: Id, 
/**
 * When.
 */
time: TimestampMs, 
/**
 * The media type of the data.
 */
datacontenttype: string, 
/**
 * Its position among the tenant's events, from 1, without gaps.
 */
sequence: number, 
/**
 * The facts.
 */
data: CaseEventData, };

/**
 * The facts of an event: how the case stood once it had happened.
 */
export type CaseEventData = { 
/**
 * The case.
 */
case_id: Id, 
/**
 * The request that it comes from.
 */
request_id: Id | null, 
/**
 * Where the case stood.
 */
state: CaseState, 
/**
 * The queue that held it.
 */
queue: string, 
/**
 * Which change of the case this is.
 */
revision: number, 
/**
 * What kind of answer was released; null before that.
 */
outcome: Outcome | null, 
/**
 * What the user is told, where that is what happened.
 */
notice: UserNotice | null, 
/**
 * Who is to be paged: the id of a `[[notify]]` of the policy.
 */
page: string | null, 
/**
 * The answer that was released, for who asked for it; null for everybody else.
 */
answer: Answer | null, 
/**
 * The question to the customer, for who asked for an answer; null for everybody else.
 */
question: string | null, };

/**
 * What a principal is.
 */
export type PrincipalKind = "person" | "agent" | "service" | "edge";

/**
 * Whether a principal may act at all.
 */
export type PrincipalStatus = "active" | "suspended";

/**
 * What a grant is for.
 */
export type GrantRole = "caller" | "reviewer" | "lead" | "auditor" | "policy_owner" | "admin" | "scheduler";

/**
 * Through which door a command came.
 */
export type Door = "api" | "ui" | "command_line" | "scheduler";

/**
 * Somebody or something that acts.
 */
export type Principal = { 
/**
 * Its id.
 */
principal_id: Id, 
/**
 * What it is.
 */
kind: PrincipalKind, 
/**
 * The tenant that it belongs to.
 */
tenant_id: Id, 
/**
 * The human being, where it is one; several principals may be one person.
 */
person_id: Id | null, 
/**
 * The person who answers for it.
 */
owner_person: Id | null, 
/**
 * Whether it may act.
 */
status: PrincipalStatus, 
/**
 * Its name for people.
 */
name: string, 
/**
 * Languages that it reads, as BCP 47 tags; empty for every language.
 */
languages: Array<string>, 
/**
 * What it can do.
 */
skills: Array<string>, 
/**
 * When it is away, if that was said.
 */
away: Away | null, };

/**
 * A time during which somebody is away.
 */
export type Away = { 
/**
 * When it begins.
 */
from: TimestampMs, 
/**
 * When it ends.
 */
until: TimestampMs, 
/**
 * Who gets what was theirs alone, where they may decide it; without one it goes back to its queue.
 */
delegate: Id | null, 
/**
 * When what they had was passed on.
 */
begun_at: TimestampMs | null, };

/**
 * A right, given by somebody, for a while.
 */
export type Grant = { 
/**
 * Its id.
 */
grant_id: Id, 
/**
 * Who has it.
 */
principal_id: Id, 
/**
 * What it is for.
 */
role: GrantRole, 
/**
 * Tenants that it covers; `*` for every one.
 */
tenants: Array<string>, 
/**
 * Queues that it covers; `*` for every one.
 */
queues: Array<string>, 
/**
 * Subject that it covers; `any` for every one.
 */
domain: string, 
/**
 * Level within the domain, 0 to 9.
 */
level: number, 
/**
 * When it begins.
 */
from: TimestampMs, 
/**
 * When it ends.
 */
until: TimestampMs | null, 
/**
 * Who gave it.
 */
granted_by: Id, };

/**
 * What an audit entry says of an actor.
 */
export type ActorReference = { 
/**
 * The principal.
 */
principal_id: Id, 
/**
 * What it is.
 */
kind: PrincipalKind, 
/**
 * Its name at that time.
 */
name: string, 
/**
 * The human being.
 */
person_id: Id | null, 
/**
 * The credential.
 */
credential_id: Id | null, 
/**
 * On whose behalf, where it is another's.
 */
on_behalf_of: Id | null, 
/**
 * By which door.
 */
door: Door, 
/**
 * How sure the identity is: what the credential proved.
 */
assurance: string, };

/**
 * One thing that happened, who did it, and by which door.
 */
export type AuditEntry = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
entry_id: Id, 
/**
 * The tenant.
 */
tenant_id: Id, 
/**
 * The kind of thing that changed, such as `case`.
 */
entity_kind: string, 
/**
 * The thing.
 */
entity_id: Id, 
/**
 * Its position among the entries of that thing, from 1.
 */
entity_version: number, 
/**
 * What happened, by name.
 */
event: string, 
/**
 * What belongs to it.
 */
data: Json, 
/**
 * When.
 */
at: TimestampMs, 
/**
 * Who.
 */
actor: ActorReference, 
/**
 * On which host.
 */
host: string, };

/**
 * One resolved case as a correction of its draft.
 */
export type Correction = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * The tenant.
 */
tenant_id: Id, 
/**
 * The case.
 */
case_id: Id, 
/**
 * The request.
 */
request_id: Id | null, 
/**
 * The conversation.
 */
conversation_id: Id | null, 
/**
 * The queue that held it.
 */
queue: string, 
/**
 * The subject.
 */
domain: string | null, 
/**
 * The language.
 */
language: string | null, 
/**
 * What was at stake.
 */
risk_level: RiskLevel, 
/**
 * The rules that fired, by id.
 */
trigger_ids: Array<string>, 
/**
 * What the reviewer said of the draft.
 */
verdict: ReviewVerdict, 
/**
 * What kind of answer the user got.
 */
outcome: Outcome, 
/**
 * What the user asked.
 */
user_question: string, 
/**
 * What the model would have answered.
 */
model_draft: string | null, 
/**
 * What the user got.
 */
released_answer: string | null, 
/**
 * What the draft stood on.
 */
evidence: Array<Evidence>, 
/**
 * What should have been found.
 */
missing_evidence: Array<string>, 
/**
 * What should not have been used.
 */
incorrect_evidence: Array<IncorrectEvidence>, 
/**
 * A query that finds better.
 */
better_retrieval_query: string | null, 
/**
 * Which rule the decision rests on.
 */
policy_reason: string | null, 
/**
 * Remarks for colleagues.
 */
notes: string | null, 
/**
 * A short code for the reason.
 */
reason_code: string | null, 
/**
 * Who decided.
 */
decided_by: Id, 
/**
 * When.
 */
decided_at: TimestampMs, 
/**
 * When the answer was released.
 */
released_at: TimestampMs, 
/**
 * Which versions made the draft.
 */
release: Release | null, 
/**
 * The policy that applied.
 */
policy: PolicyReference, 
/**
 * Why the draft was not right; null until somebody says so, and null is no training data.
 */
label: string | null, };

/**
 * What kind of thing was observed.
 */
export type ObservationKind = "rating" | "judge_score";

/**
 * A rating without a scale.
 */
export type Thumb = "up" | "down";

/**
 * Something observed of the answer to one request.
 */
export type Observation = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Its id.
 */
observation_id: Id, 
/**
 * The tenant, from the credential of who sent it.
 */
tenant_id: Id, 
/**
 * The request whose answer it is about.
 */
request_id: Id, 
/**
 * What kind it is.
 */
kind: ObservationKind, 
/**
 * The rating, 1 to 5.
 */
rating: number | null, 
/**
 * The rating, where it has no scale.
 */
thumb: Thumb | null, 
/**
 * The judge's score, in [0, 1].
 */
judge_score: Score | null, 
/**
 * Who rated, by an opaque name of the sender's.
 */
rated_by: string | null, 
/**
 * Whether the rater belongs to the staff.
 */
is_staff: boolean, 
/**
 * When it was observed.
 */
observed_at: TimestampMs, 
/**
 * When the answer reached the user, where the sender knows.
 */
delivered_at: TimestampMs | null, 
/**
 * When the host got it.
 */
received_at: TimestampMs, };

/**
 * Decisions of one hour that were alike, dropped before they could be sent.
 */
export type DroppedGroup = { 
/**
 * The hour in which they were decided, by its beginning.
 */
hour: TimestampMs, 
/**
 * What was decided.
 */
disposition: Disposition, 
/**
 * The subject, where the policy lets records say it.
 */
domain: string | null, 
/**
 * Which versions made the drafts.
 */
release: Release, 
/**
 * How many.
 */
count: number, };

/**
 * What is measured.
 */
export type Metric = "escalation_rate" | "approval_rate" | "rejection_rate" | "handling_time" | "sla_miss_rate" | "draft_acceptance" | "edit_distance" | "repeat_reasons" | "satisfaction";

/**
 * What a measure is counted in.
 */
export type Unit = "share" | "seconds" | "distance";

/**
 * Along what a measure is broken down.
 */
export type Breakdown = "day" | "queue" | "domain" | "tenant" | "release";

/**
 * What a measure means.
 */
export type Definition = { 
/**
 * Its name for people.
 */
title: string, 
/**
 * What it says, in one sentence.
 */
meaning: string, 
/**
 * What stands above the line.
 */
numerator: string, 
/**
 * What stands below the line.
 */
denominator: string, 
/**
 * By which instant something belongs to a period.
 */
counted_by: string, 
/**
 * What is left out, and what is counted apart.
 */
out: string, 
/**
 * What the full definition asks for and this host cannot know yet.
 */
not_yet: string | null, };

/**
 * Bounds of a share, after Wilson.
 */
export type Interval = { 
/**
 * The lower bound.
 */
low: number, 
/**
 * The upper bound.
 */
high: number, };

/**
 * How single values spread.
 */
export type Spread = { 
/**
 * The mean.
 */
mean: number, 
/**
 * The value that half do not exceed.
 */
p50: number, 
/**
 * The value that nine in ten do not exceed.
 */
p90: number, };

/**
 * Something counted beside the measure itself.
 */
export type Part = { 
/**
 * What.
 */
name: string, 
/**
 * How many.
 */
numerator: number, 
/**
 * Of how many; null where it is a count alone.
 */
denominator: number | null, 
/**
 * The share; null where it is none, or nothing was counted.
 */
value: number | null, };

/**
 * What was counted.
 */
export type Figures = { 
/**
 * Above the line: a count, or a sum in the measure's unit.
 */
numerator: number, 
/**
 * Below the line: a count.
 */
denominator: number, 
/**
 * One over the other; null where nothing was counted.
 */
value: number | null, 
/**
 * Where a share lies with 95 % confidence; null for other measures, and where nothing was counted.
 */
interval: Interval | null, 
/**
 * How single values spread; null for shares, and where nothing was counted.
 */
spread: Spread | null, 
/**
 * What is counted apart, or splits the whole, by name.
 */
parts: Array<Part>, };

/**
 * The figures of one value of a breakdown.
 */
export type Group = { 
/**
 * The value: a day, a queue, a subject, a tenant or a release; null where it is not known.
 */
key: string | null, 
/**
 * Its figures.
 */
figures: Figures, };

/**
 * One measure with its definition, so that a figure is never read without its meaning.
 */
export type Measure = { 
/**
 * Version of this record; 1.
 */
version: number, 
/**
 * Which measure.
 */
metric: Metric, 
/**
 * What it is counted in.
 */
unit: Unit, 
/**
 * What it means.
 */
definition: Definition, 
/**
 * The figures of the whole selection.
 */
figures: Figures, 
/**
 * The same for each value of the breakdown, in order; null where none was asked for.
 */
groups: Array<Group> | null, };

/**
 * One mistake in a policy.
 */
export type Diagnostic = { 
/**
 * The file, as it was named.
 */
file: string, 
/**
 * The line, from 1.
 */
line: number, 
/**
 * The column in characters, from 1.
 */
column: number, 
/**
 * The line's text; of a very long one, the part around the fault.
 */
source_line: string, 
/**
 * The stable code of the fault.
 */
code: ErrorCode, 
/**
 * JSON Pointer to the fault.
 */
path: string, 
/**
 * What is wrong.
 */
message: string, 
/**
 * What to do.
 */
help: string, };
