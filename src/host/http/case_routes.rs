//! The part of the table of routes that is about queues and cases.

use std::sync::Arc;

use axum::extract::State;

use super::App;
use super::auth::Caller;
use super::body::JsonBody;
use super::endpoint::{CASE_FOLLOWERS, Endpoint, Key};
use super::query::{Parameters, PathId};
use super::routes::NOT_IN_THIS_STATE;
use super::write::Operation;
use super::{case_commands, case_inputs, cases, inputs, queues, show};
use crate::case::CaseState;
use crate::error::ErrorCode;
use crate::host::store::inbox::{Order, View};
use crate::request::RiskLevel;
use crate::units::Id;

/// A case moved; who moves it next needs its new epoch and revision.
const MOVED: &str = "The case as it now stands.";
pub(super) fn queue_operations() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/queues", queues::list)
            .named("listQueues", "Lists the queues of the policy in force, with counts of cases.")
            .answers::<queues::Queues>(200, "The queues, in the policy's order."),
        Endpoint::post("/v1/queues/{queue}/claim", queues::claim_next)
            .named("claimNextCase", "Claims the case of a queue that is next.")
            .keyed(Key::Optional)
            .takes(inputs::nothing)
            .answers::<show::CaseOnly<'_>>(200, MOVED)
            .refuses(NOT_IN_THIS_STATE)
            .refuses(&[ErrorCode::UnknownQueue])
            .followed_by(CASE_FOLLOWERS),
    ]
}

pub(super) fn case_operations() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/cases", cases::list)
            .named("listCases", "Lists the cases that the caller may see, a page at a time.")
            .parameter(
                "view",
                |generator| generator.subschema_for::<View>(),
                "Which part of the work; `open` where none is given.",
            )
            .parameter("queue", inputs::name_parameter, "Only cases of this queue.")
            .parameter(
                "state",
                |generator| generator.subschema_for::<CaseState>(),
                "Only cases in this state.",
            )
            .parameter(
                "risk_level",
                |generator| generator.subschema_for::<RiskLevel>(),
                "Only cases of this risk level.",
            )
            .parameter("language", inputs::name_parameter, "Only cases in this language.")
            .parameter(
                "tenant_id",
                |generator| generator.subschema_for::<Id>(),
                "Only cases of this tenant.",
            )
            .parameter(
                "q",
                inputs::name_parameter,
                "Only cases with this text in their question, reason or id.",
            )
            .parameter(
                "order",
                |generator| generator.subschema_for::<Order>(),
                "In which order; `due` where none is given.",
            )
            .parameter(
                "cursor",
                inputs::cursor,
                "`next_cursor` of the page before, with the same order; to be taken as it is.",
            )
            .parameter("limit", inputs::page_length, "Cases of one page.")
            .answers::<cases::Page>(200, "A page of cases.")
            .refuses(&[ErrorCode::LimitExceeded]),
        Endpoint::post("/v1/cases", cases::create)
            .named("createCase", "Gives a request to the people behind the host.")
            .keyed(Key::Required)
            .takes(inputs::escalation)
            .answers::<show::CaseOnly<'_>>(201, "The case that was opened.")
            .refuses(&[ErrorCode::UnknownTenant, ErrorCode::UnknownPolicy, ErrorCode::Duplicate])
            .followed_by(CASE_FOLLOWERS),
        Endpoint::get("/v1/cases/{case_id}", cases::one)
            .named("readCase", "Gives one case, its history, and what the caller may do with it.")
            .of_tenant()
            .answers::<show::CaseView>(200, "The case."),
    ]
}

pub(super) fn holder_commands() -> Vec<Endpoint> {
    let command = |path, name, operation_id, summary| {
        let handler = move |app: State<Arc<App>>,
                            caller: Caller,
                            case_id: PathId,
                            operation: Operation,
                            parameters: Parameters,
                            body: JsonBody| {
            case_commands::command(name, app, caller, case_id, operation, parameters, body)
        };
        Endpoint::post(path, handler)
            .named(operation_id, summary)
            .of_tenant()
            .keyed(Key::Optional)
            .answers::<show::CaseOnly<'_>>(200, MOVED)
            .refuses(NOT_IN_THIS_STATE)
            .followed_by(CASE_FOLLOWERS)
    };
    vec![
        command(
            "/v1/cases/{case_id}/claim",
            "claim",
            "claimCase",
            "Takes a case; the answer's `epoch` goes with every command of the holder.",
        )
        .takes(inputs::nothing),
        command(
            "/v1/cases/{case_id}/heartbeat",
            "heartbeat",
            "heartbeatCase",
            "Says that the holder is still there.",
        )
        .takes(case_inputs::epoch),
        command(
            "/v1/cases/{case_id}/save",
            "save",
            "saveWork",
            "Keeps work that is not decided yet; the next holder finds it.",
        )
        .takes(case_inputs::save),
        command(
            "/v1/cases/{case_id}/release",
            "release",
            "releaseCase",
            "Gives a case back to its queue.",
        )
        .takes(case_inputs::epoch),
        command(
            "/v1/cases/{case_id}/skip",
            "skip",
            "skipCase",
            "Passes a case over, and says why.",
        )
        .takes(case_inputs::skip),
        command("/v1/cases/{case_id}/decide", "decide", "decideCase", "Decides a case.")
            .keyed(Key::Required)
            .takes(case_inputs::decide),
        command(
            "/v1/cases/{case_id}/vote",
            "vote",
            "voteOnCase",
            "Says what one would decide, where several reviewers are asked.",
        )
        .keyed(Key::Required)
        .takes(case_inputs::decide),
        command(
            "/v1/cases/{case_id}/undo",
            "undo",
            "undoDecision",
            "Takes back one's own decision, while it is held.",
        )
        .takes(inputs::nothing),
        command(
            "/v1/cases/{case_id}/withdraw",
            "withdraw",
            "withdrawCase",
            "Takes back a case that one sent.",
        )
        .takes(case_inputs::withdraw),
    ]
}

pub(super) fn case_movements() -> Vec<Endpoint> {
    let command = |path, name, operation_id, summary| {
        let handler = move |app: State<Arc<App>>,
                            caller: Caller,
                            case_id: PathId,
                            operation: Operation,
                            parameters: Parameters,
                            body: JsonBody| {
            case_commands::command(name, app, caller, case_id, operation, parameters, body)
        };
        Endpoint::post(path, handler)
            .named(operation_id, summary)
            .of_tenant()
            .keyed(Key::Optional)
            .refuses(NOT_IN_THIS_STATE)
            .followed_by(CASE_FOLLOWERS)
    };
    let moves = |path, name, operation_id, summary| {
        command(path, name, operation_id, summary).answers::<show::CaseOnly<'_>>(200, MOVED)
    };
    let opens = |path, name, operation_id, summary| {
        command(path, name, operation_id, summary)
            .keyed(Key::Required)
            .answers::<show::CaseOnly<'_>>(201, "The case that was opened.")
            .takes(inputs::reason)
    };
    vec![
        moves(
            "/v1/cases/{case_id}/assign",
            "assign",
            "assignCase",
            "Offers a case to one reviewer alone; for leads.",
        )
        .takes(case_inputs::assign)
        .refuses(&[ErrorCode::NotEligible]),
        moves(
            "/v1/cases/{case_id}/transfer",
            "transfer",
            "transferCase",
            "Moves a case to another queue: what one holds, or any as a lead.",
        )
        .takes(case_inputs::transfer)
        .refuses(&[ErrorCode::UnknownQueue]),
        moves(
            "/v1/cases/{case_id}/delegate",
            "delegate",
            "delegateCase",
            "Gives what one holds to a colleague.",
        )
        .takes(case_inputs::delegate)
        .refuses(&[ErrorCode::NotEligible]),
        moves(
            "/v1/cases/{case_id}/escalate",
            "escalate",
            "escalateCase",
            "Asks for a higher authority, or for another queue that has it.",
        )
        .takes(case_inputs::escalate)
        .refuses(&[ErrorCode::UnknownQueue]),
        moves(
            "/v1/cases/{case_id}/handover",
            "handover",
            "handOverCase",
            "Gives back what one holds with the work done so far, at the end of a shift.",
        )
        .takes(case_inputs::handover)
        .refuses(&[ErrorCode::NotEligible]),
        moves(
            "/v1/cases/{case_id}/ask_customer",
            "ask_customer",
            "askCustomer",
            "Asks the customer, and waits; the clocks stand still once the question is delivered.",
        )
        .takes(case_inputs::question),
        moves(
            "/v1/cases/{case_id}/deliver",
            "deliver",
            "deliverQuestion",
            "Says that the question reached the customer; for who sent the case.",
        )
        .takes(inputs::nothing),
        moves(
            "/v1/cases/{case_id}/append_turn",
            "append_turn",
            "appendTurn",
            "Adds what the user wrote since; the draft is stale then. For who sent the case.",
        )
        .keyed(Key::Required)
        .takes(case_inputs::turn)
        .refuses(&[ErrorCode::LimitExceeded]),
        moves(
            "/v1/cases/{case_id}/defer",
            "defer",
            "deferCase",
            "Puts off what one holds until a time before its deadline.",
        )
        .takes(case_inputs::defer)
        .refuses(&[ErrorCode::InvalidTime]),
        moves(
            "/v1/cases/{case_id}/set_priority",
            "set_priority",
            "setPriority",
            "Makes a case more or less urgent; for leads.",
        )
        .takes(case_inputs::priority),
        moves(
            "/v1/cases/{case_id}/set_due",
            "set_due",
            "setDue",
            "Gives a case another deadline; for leads.",
        )
        .takes(case_inputs::due)
        .refuses(&[ErrorCode::InvalidTime]),
        moves(
            "/v1/cases/{case_id}/merge",
            "merge",
            "mergeCase",
            "Ends a case that is the same as another; for leads.",
        )
        .takes(case_inputs::merge),
        opens(
            "/v1/cases/{case_id}/reopen",
            "reopen",
            "reopenCase",
            "Opens a case about one that turned out not to be finished; for leads.",
        ),
        opens(
            "/v1/cases/{case_id}/appeal",
            "appeal",
            "appealCase",
            "Opens a case about a decision that the user does not accept, for other reviewers.",
        ),
        opens(
            "/v1/cases/{case_id}/correct_released",
            "correct_released",
            "correctReleased",
            "Opens a case about a released answer that is wrong.",
        ),
        opens(
            "/v1/cases/{case_id}/quality_review",
            "quality_review",
            "reviewQuality",
            "Opens a case in which others look at how it was decided; for leads.",
        ),
    ]
}
