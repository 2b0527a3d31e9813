/** The records as the package's client types them; the one place that names where they come from. */
import type { Case, CasesQuery, Measure } from "countersign/client";

export { Client, CountersignError } from "countersign/client";
export type {
  Action,
  ActionGate,
  ArgumentType,
  AuditTally,
  Authority,
  Bundle,
  Case,
  CaseEvent,
  CaseReply,
  CasesReply,
  CaseSummary,
  CaseCertificate,
  CertificateView,
  Correction,
  Execution,
  Gate,
  GateReason,
  HistoryEntry,
  HostEvent,
  Impact,
  Measure,
  Me,
  MetricsReply,
  Money,
  Monitor,
  MonitorEvent,
  MonitorsReply,
  PolicyChange,
  PolicyInForce,
  PolicyRelease,
  PolicyReplay,
  PolicyReplayReply,
  Proposal,
  ProposalCommandReply,
  ProposalEvent,
  ProposalReply,
  ProposalsQuery,
  ProposalSummary,
  QueueSummary,
  QueuesReply,
  ReleaseDetails,
  ReleaseInput,
  Requirement,
  ReviewersReply,
  Tool,
} from "countersign/client";

export type CaseState = Case["state"];
export type Confidence = Case["confidence"];
export type Decision = NonNullable<Case["decision"]>;
export type DecisionOutcome = Decision["outcome"];
export type DecisionVerdict = Decision["verdict"];
export type Evidence = Case["evidence"][number];
export type IncorrectEvidence = Decision["incorrect_evidence"][number];
export type IncorrectReason = IncorrectEvidence["reason"];
export type Figures = Measure["figures"];
export type Group = NonNullable<Measure["groups"]>[number];
export type Part = Figures["parts"][number];
export type Unit = Measure["unit"];
export type Message = Case["messages"][number];
export type PolicyReference = Case["policy"];
export type ToolResult = Case["tool_results"][number];
export type Trigger = Case["triggers"][number];
export type Work = NonNullable<Case["work"]>;
export type { CasesQuery };
