//! The table of routes: every operation of the interface, how it is served and described.

use std::sync::Arc;

use axum::extract::State;
use schemars::{Schema, SchemaGenerator};

use super::App;
use super::auth::Caller;
use super::body::JsonBody;
use super::endpoint::{Endpoint, Key, PROPOSAL_FOLLOWERS};
use super::query::{Parameters, PathId};
use super::routes_watch::watching;
use super::write::Operation;
use super::{
    absence, audit, case_inputs, case_routes, corrections, decisions, description, events, gauges,
    health, inputs, metrics, observations, policies, policy_changes, proposals, release_routes,
    session, show_proposal, webhooks,
};
use crate::case::ReviewVerdict;
use crate::error::ErrorCode;
use crate::host::export::Format;
use crate::host::policy_diff::PolicyDiff;
use crate::host::store::proposals as proposed;
use crate::host::store::webhooks::DeliveryState;
use crate::image::PolicyImage;
use crate::metrics::Breakdown;
use crate::policy::Bundle;
use crate::proposal::ProposalState;
use crate::request::RiskLevel;
use crate::units::{Id, TimestampMs};

pub(super) const NOT_IN_THIS_STATE: &[ErrorCode] = &[
    ErrorCode::SelfApproval,
    ErrorCode::LeaseLost,
    ErrorCode::StaleVersion,
    ErrorCode::AlreadyDecided,
    ErrorCode::InvalidState,
    ErrorCode::Expired,
    ErrorCode::Withdrawn,
];

/// Every operation, in the order of the document.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = Vec::new();
    all.extend(about_the_host());
    all.extend(identity());
    all.extend(case_routes::queue_operations());
    all.extend(case_routes::case_operations());
    all.extend(case_routes::holder_commands());
    all.extend(case_routes::case_movements());
    all.extend(proposal_operations());
    all.extend(proposal_commands());
    all.extend(records_and_policies());
    all.extend(release_routes::endpoints());
    all.extend(events_and_webhooks());
    all.extend(measures());
    all.extend(watching());
    all
}

fn about_the_host() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/healthz", health::alive)
            .named("readHealth", "Says that the process lives.")
            .open()
            .answers::<health::Health>(200, "It lives."),
        Endpoint::get("/readyz", health::ready)
            .named("readReadiness", "Says whether the host can serve.")
            .open()
            .answers::<health::Health>(200, "It can.")
            .refuses(&[ErrorCode::StoreBusy, ErrorCode::StoreLost]),
        Endpoint::get("/v1/openapi.json", description::serve)
            .named("readDescription", "Gives this document.")
            .open()
            .answers::<crate::json::Json>(200, "The document."),
    ]
}

fn identity() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/session", session::sign_in)
            .named("signIn", "Exchanges the secret of a sign-in link, once, for a session.")
            .open()
            .takes(inputs::sign_in)
            .answers::<session::Me>(200, "Who signed in; the cookie is the session.")
            .refuses(&[ErrorCode::Unauthenticated, ErrorCode::NotPermitted]),
        Endpoint::delete("/v1/session", session::sign_out)
            .named("signOut", "Ends the session that the request is made with.")
            .answers_empty(204, "It is over."),
        Endpoint::get("/v1/me", session::me)
            .named("readMe", "Says who the credential is, and what it may do.")
            .answers::<session::Me>(200, "The principal and its grants."),
        Endpoint::post("/v1/me/absence", absence::say)
            .named("sayAbsence", "Says that the caller is away: nothing falls to them meanwhile, and what is theirs goes to who stands in for them, or back to its queue.")
            .keyed(Key::Optional)
            .takes(inputs::absence)
            .answers::<absence::Absence>(200, "The absence.")
            .refuses(&[ErrorCode::InvalidTime, ErrorCode::NotEligible]),
        Endpoint::delete("/v1/me/absence", absence::take_back)
            .named("endAbsence", "Says that the caller is back, or does not go.")
            .answers::<absence::Absence>(200, "There is none any more.")
            .refuses(&[ErrorCode::InvalidState]),
    ]
}

fn proposal_operations() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/proposals", proposals::list)
            .named("listProposals", "Lists the proposed actions that the caller may see, a page at a time.")
            .parameter(
                "view",
                |generator| generator.subschema_for::<proposed::View>(),
                "Which part of the work; `open` where none is given.",
            )
            .parameter(
                "state",
                |generator| generator.subschema_for::<ProposalState>(),
                "Only proposals in this state.",
            )
            .parameter(
                "risk_level",
                |generator| generator.subschema_for::<RiskLevel>(),
                "Only proposals of this risk level.",
            )
            .parameter("tenant_id", |generator| generator.subschema_for::<Id>(), "Only this tenant.")
            .parameter("case_id", |generator| generator.subschema_for::<Id>(), "Only this case.")
            .parameter("q", inputs::name_parameter, "Only proposals with this text in actions, reason or id.")
            .parameter(
                "order",
                |generator| generator.subschema_for::<proposed::Order>(),
                "In which order; `expires` where none is given.",
            )
            .parameter(
                "cursor",
                inputs::cursor,
                "`next_cursor` of the page before, with the same order; to be taken as it is.",
            )
            .parameter("limit", inputs::page_length, "Proposals of one page.")
            .answers::<proposals::Page>(200, "A page of proposals.")
            .refuses(&[ErrorCode::LimitExceeded]),
        Endpoint::post("/v1/proposals", proposals::create)
            .named("createProposal", "Proposes one action, or a chain that is approved as one.")
            .keyed(Key::Required)
            .takes(inputs::proposed)
            .answers::<show_proposal::ProposalAndExecutions>(201, "The proposal, as the policy judged it.")
            .refuses(&[ErrorCode::UnknownTenant, ErrorCode::Duplicate])
            .followed_by(PROPOSAL_FOLLOWERS),
        Endpoint::get("/v1/proposals/{proposal_id}", proposals::one)
            .named("readProposal", "Gives one proposal, its executions, its history, and what the caller may do with it.")
            .of_tenant()
            .answers::<show_proposal::ProposalView>(200, "The proposal."),
        Endpoint::post("/v1/executions/{execution_id}/reconcile", proposals::reconcile)
            .named("reconcileExecution", "Says what came of an execution whose outcome is not known.")
            .keyed(Key::Required)
            .takes(inputs::reconciliation)
            .answers::<show_proposal::ProposalAndExecutions>(200, "The proposal with its executions as they now stand.")
            .refuses(NOT_IN_THIS_STATE)
            .refuses(&[ErrorCode::InFlight]),
    ]
}

fn proposal_commands() -> Vec<Endpoint> {
    let command = |path, name, operation_id, summary| {
        let handler = move |app: State<Arc<App>>,
                            caller: Caller,
                            proposal_id: PathId,
                            operation: Operation,
                            parameters: Parameters,
                            body: JsonBody| {
            proposals::command(name, app, caller, proposal_id, operation, parameters, body)
        };
        Endpoint::post(path, handler)
            .named(operation_id, summary)
            .of_tenant()
            .keyed(Key::Optional)
            .answers::<show_proposal::ProposalAndExecutions>(200, "The proposal as it now stands.")
            .refuses(NOT_IN_THIS_STATE)
            .refuses(&[ErrorCode::QuorumClosed, ErrorCode::ProposalVoid, ErrorCode::InFlight])
            .followed_by(PROPOSAL_FOLLOWERS)
    };
    let keyed = |path, name, operation_id, summary| {
        command(path, name, operation_id, summary).keyed(Key::Required)
    };
    vec![
        keyed(
            "/v1/proposals/{proposal_id}/approve",
            "approve",
            "approveProposal",
            "Agrees to exactly what the digest covers.",
        )
        .takes(inputs::approval),
        keyed(
            "/v1/proposals/{proposal_id}/reject",
            "reject",
            "rejectProposal",
            "Says no, and why.",
        )
        .takes(inputs::reason),
        keyed(
            "/v1/proposals/{proposal_id}/respond",
            "respond",
            "respondToProposal",
            "Says no, and tells the agent what to do instead.",
        )
        .takes(inputs::response),
        keyed(
            "/v1/proposals/{proposal_id}/edit",
            "edit",
            "editProposal",
            "Puts other actions in its place; the answer is the new proposal, without votes.",
        )
        .takes(inputs::edit)
        .refuses(&[ErrorCode::Duplicate]),
        command(
            "/v1/proposals/{proposal_id}/undo",
            "undo",
            "undoApproval",
            "Takes back one's own approval before it takes effect.",
        )
        .takes(inputs::nothing),
        command(
            "/v1/proposals/{proposal_id}/revoke",
            "revoke",
            "revokeApproval",
            "Takes back an approval, or asks to stop what was started.",
        )
        .takes(inputs::reason),
        command(
            "/v1/proposals/{proposal_id}/withdraw",
            "withdraw",
            "withdrawProposal",
            "Takes back what one proposed.",
        )
        .takes(case_inputs::withdraw),
    ]
}

fn records_and_policies() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/decisions", decisions::record)
            .named("recordDecisions", "Takes records of an edge's decisions, without texts.")
            .keyed(Key::Required)
            .takes(inputs::decision_batch)
            .answers::<decisions::Receipt>(202, "What was taken, and what never arrived.")
            .refuses(&[ErrorCode::Duplicate]),
        Endpoint::post("/v1/policies/check", policies::check)
            .named("checkPolicy", "Compiles a policy's text; nothing is stored.")
            .takes(inputs::policy_text)
            .answers::<policies::Check>(200, "The bundle's hash, or every mistake."),
        Endpoint::post("/v1/policies/diff", policy_changes::compare)
            .named(
                "comparePolicy",
                "Says in words what a policy's text changes of the one in force.",
            )
            .takes(inputs::policy_text)
            .answers::<PolicyDiff>(200, "Every change, marked where it loosens.")
            .refuses(&[ErrorCode::PolicyRejected]),
        Endpoint::post("/v1/policies/replay", policy_changes::replay)
            .named(
                "replayPolicy",
                "Judges the tenant's decision records by a policy's text and by the one in force.",
            )
            .takes(inputs::policy_text)
            .answers::<policy_changes::Replayed>(
                200,
                "Which decisions change, and what people would need.",
            )
            .refuses(&[ErrorCode::PolicyRejected]),
        Endpoint::get("/v1/policies/current", policies::current)
            .named("readCurrentPolicy", "Gives the bundle in force.")
            .answers::<Bundle>(200, "The bundle; its tag is its hash.")
            .tagged(),
        Endpoint::get("/v1/policies/current/image", policies::image)
            .named("readCurrentPolicyImage", "Gives the image of the bundle in force.")
            .answers::<PolicyImage>(200, "What an edge loads in place of the bundle."),
        Endpoint::get("/v1/policies/{hash}", policies::by_hash)
            .named("readPolicy", "Gives a bundle that was released here.")
            .answers::<Bundle>(200, "The bundle; its tag is its hash.")
            .tagged(),
        Endpoint::get("/v1/audit/entries", audit::entries)
            .named("listAuditEntries", "Lists audit entries, oldest first, for auditors.")
            .parameter(
                "entity_id",
                |generator| generator.subschema_for::<Id>(),
                "Only entries about this thing.",
            )
            .parameter(
                "after",
                |generator| generator.subschema_for::<Id>(),
                "Only entries after this one.",
            )
            .parameter("limit", inputs::page_length, "Entries of one page.")
            .answers::<audit::Entries>(200, "The entries."),
    ]
}

fn events_and_webhooks() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/events", events::stream)
            .named("streamEvents", "Streams what happens to the cases and proposals that the caller may read.")
            .resumed()
            .parameter(
                "after",
                inputs::position,
                "The `id` of the last event that was handled, or 0 for all; the present where none is given.",
            )
            .parameter(
                "tenant_id",
                |generator| generator.subschema_for::<Id>(),
                "Only this tenant.",
            )
            .answers_empty(200, "Server-sent events, each with a `CaseEvent` or a `ProposalEvent` as its data; it ends only where the right to read does, or the host stops.")
            .or_text("text/event-stream")
            .refuses(&[ErrorCode::LimitExceeded, ErrorCode::TooMany]),
        Endpoint::get("/v1/webhooks", webhooks::list)
            .named("listWebhooks", "Lists the caller's own webhooks, and how deliveries go.")
            .answers::<webhooks::Webhooks>(200, "The webhooks."),
        Endpoint::post("/v1/webhooks", webhooks::create)
            .named("createWebhook", "Has the host call an address when something happens.")
            .keyed(Key::Required)
            .takes(inputs::webhook)
            .answers::<webhooks::Made>(201, "The webhook, and the secret that its deliveries are signed with."),
        Endpoint::delete("/v1/webhooks/{webhook_id}", webhooks::remove)
            .named("removeWebhook", "Removes a webhook, and what it was not told yet.")
            .keyed(Key::Optional)
            .answers_empty(204, "It is gone."),
        Endpoint::get("/v1/webhooks/{webhook_id}/deliveries", webhooks::deliveries)
            .named("listDeliveries", "Lists what a webhook was not told yet, and what was given up.")
            .parameter(
                "state",
                |generator| generator.subschema_for::<DeliveryState>(),
                "Only what waits, or only what was given up.",
            )
            .parameter("cursor", inputs::cursor, "`next_cursor` of the page before.")
            .parameter("limit", inputs::page_length, "Deliveries of one page.")
            .answers::<webhooks::Deliveries>(200, "A page of deliveries, oldest first."),
        Endpoint::post("/v1/webhooks/{webhook_id}/replay", webhooks::replay)
            .named("replayDeliveries", "Tries again what was given up or waits after a failure.")
            .keyed(Key::Optional)
            .takes(inputs::replay)
            .answers::<webhooks::Replayed>(200, "How many deliveries are due now."),
    ]
}

fn measures() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/requests/{request_id}/observations", observations::record)
            .named("recordObservation", "Takes what is known of an answer after it was given.")
            .keyed(Key::Required)
            .takes(inputs::observation)
            .answers::<observations::ObservationOnly<'_>>(201, "What was recorded."),
        of_selection(
            Endpoint::get("/v1/metrics", metrics::all)
                .named("readMetrics", "Gives every measure, each with its definition and counts."),
        ),
        of_selection(
            Endpoint::get("/v1/metrics/{metric}", metrics::one)
                .named("readMetric", "Gives one measure, with its definition and counts."),
        ),
        Endpoint::get("/v1/corrections", corrections::list)
            .named("listCorrections", "Lists what reviewers decided, as rows without a label.")
            .parameter(
                "format",
                |generator| generator.subschema_for::<Format>(),
                "`json` where none is given.",
            )
            .parameter(
                "tenant_id",
                |generator| generator.subschema_for::<Id>(),
                "Only this tenant.",
            )
            .parameter("queue", inputs::name_parameter, "Only this queue.")
            .parameter(
                "verdict",
                |generator| generator.subschema_for::<ReviewVerdict>(),
                "Only these decisions.",
            )
            .parameter("from", instant, "Only what was decided from here on.")
            .parameter("until", instant, "Only what was decided before.")
            .parameter(
                "cursor",
                inputs::cursor,
                "`next_cursor` of the page before; to be taken as it is.",
            )
            .parameter("limit", inputs::corrections_length, "Rows of one page.")
            .answers::<corrections::Page>(200, "A page of corrections.")
            .or_text("application/jsonl")
            .refuses(&[ErrorCode::LimitExceeded]),
        Endpoint::get("/metrics", gauges::scrape)
            .named("scrapeGauges", "Gives counts for monitoring, in the format of Prometheus.")
            .answers_empty(200, "The counts.")
            .or_text("text/plain"),
    ]
}

/// What a question about measures may narrow down.
fn of_selection(endpoint: Endpoint) -> Endpoint {
    endpoint
        .parameter("tenant_id", |generator| generator.subschema_for::<Id>(), "Only this tenant.")
        .parameter("queue", inputs::name_parameter, "Only this queue.")
        .parameter("domain", inputs::name_parameter, "Only this subject.")
        .parameter("release.model", inputs::name_parameter, "Only drafts of this model.")
        .parameter("release.prompt", inputs::name_parameter, "Only drafts of this prompt.")
        .parameter("release.index", inputs::name_parameter, "Only drafts over this index.")
        .parameter("from", instant, "From here on; thirty days back where none is given.")
        .parameter("until", instant, "Before this; the present where none is given.")
        .parameter(
            "by",
            |generator| generator.subschema_for::<Breakdown>(),
            "Also the figures of each value of this.",
        )
        .answers::<metrics::Measured>(200, "The figures and what they mean.")
        .refuses(&[ErrorCode::LimitExceeded])
}

fn instant(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<TimestampMs>()
}
