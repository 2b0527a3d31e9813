//! Files that users need and that the code knows: checked in, and held fresh.

use crate::support::{assert_fresh, compiled};

#[test]
fn the_default_bundle_in_the_package_is_fresh() {
    let bundle = compiled().bundle.canonical();
    assert_fresh("pkg/default-policy.json", &format!("{bundle}\n"));
}

#[cfg(feature = "ts")]
#[test]
fn the_typescript_types_are_fresh() {
    use countersign::{
        audit, calendar, case, compile, confidence, correction, error, execution, expr, fact, gate,
        identity, impact, inference, metrics,
    };
    use countersign::{
        money, policy, proposal, request, routing, suppression, tool, units, verdict,
    };
    use ts_rs::{Config, TS};

    let config = Config::new().with_large_int("number");
    let mut out = String::from(
        "// Generated from the Rust records by `cargo test`; do not edit.\n// Times are RFC 3339 in UTC.\n",
    );
    let mut declare = |docs: Option<String>, declaration: String| {
        let docs = docs.map_or_else(String::new, |docs| docs.trim_end().to_owned() + "\n");
        out.push_str(&format!("\n{docs}export {declaration}\n"));
    };
    macro_rules! declare {
        ($($record:ty),+ $(,)?) => { $(declare(<$record>::docs(), <$record>::decl(&config));)+ };
    }
    declare!(
        units::TimestampMs,
        units::Score,
        units::Id,
        countersign::Json,
        error::ErrorCode,
        request::RiskLevel,
        request::Intent,
        request::ToolStatus,
        request::Role,
        request::Message,
        request::Evidence,
        request::ToolResult,
        request::Action,
        request::Release,
        request::Signal,
        request::Request,
        verdict::Disposition,
        verdict::Verdict,
        verdict::FiredTrigger,
        verdict::DecisionRecord,
        confidence::Orientation,
        confidence::SignalState,
        confidence::ConfidenceModel,
        confidence::SignalCurve,
        confidence::SignalWords,
        confidence::Confidence,
        confidence::Contribution,
        routing::Routing,
        fact::FactType,
        fact::FactSource,
        fact::FactRecord,
        fact::FactDeclaration,
        calendar::Calendar,
        calendar::Sla,
        expr::Op,
        expr::Const,
        expr::Program,
        money::AmountUnit,
        money::Currency,
        money::Money,
        money::Rates,
        impact::Effect,
        impact::Reversibility,
        impact::Impact,
        tool::GateVerdict,
        tool::Enforcement,
        tool::ArgumentType,
        tool::ArgumentRule,
        tool::AmountAt,
        tool::Tool,
        tool::ImpactRule,
        tool::LadderStep,
        tool::ActionPolicy,
        inference::ArgumentInfo,
        inference::ToolHints,
        inference::ToolInfo,
        inference::SightingSource,
        inference::Sighting,
        inference::Weights,
        inference::ImpactModel,
        gate::Gate,
        gate::GateReason,
        gate::ActionGate,
        gate::Context,
        proposal::ProposalState,
        proposal::Requirement,
        proposal::PreviewChange,
        proposal::Preview,
        proposal::Vote,
        proposal::Author,
        proposal::Closing,
        proposal::Proposal,
        proposal::ProposalEvent,
        proposal::ProposalEventData,
        execution::ExecutionState,
        execution::Guarantee,
        execution::AttemptOutcome,
        execution::Approver,
        execution::Attempt,
        execution::Execution,
        policy::TriggerKind,
        policy::Bundle,
        policy::Tiers,
        policy::Tier,
        policy::Trigger,
        policy::Queue,
        policy::Accepts,
        policy::Authority,
        policy::PolicyReference,
        suppression::Suppression,
        suppression::Suppressed,
        case::CaseState,
        case::Purpose,
        case::Attachment,
        case::Case,
        case::Claimed,
        case::ReviewVerdict,
        case::Outcome,
        case::IncorrectReason,
        case::IncorrectEvidence,
        case::Decision,
        case::Work,
        case::Answer,
        case::ReleaseReason,
        case::Event,
        case::CaseEvent,
        case::CaseEventData,
        identity::PrincipalKind,
        identity::PrincipalStatus,
        identity::GrantRole,
        identity::Door,
        identity::Principal,
        identity::Grant,
        identity::ActorReference,
        audit::AuditEntry,
        correction::Correction,
        metrics::ObservationKind,
        metrics::Thumb,
        metrics::Observation,
        metrics::Metric,
        metrics::Unit,
        metrics::Breakdown,
        metrics::Definition,
        metrics::Interval,
        metrics::Spread,
        metrics::Part,
        metrics::Figures,
        metrics::Group,
        metrics::Measure,
        compile::Diagnostic,
    );
    assert_fresh("pkg/src/wire.ts", &out);
}
