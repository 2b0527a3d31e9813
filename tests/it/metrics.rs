//! The nine measures: each by rows whose figures were worked out by hand.

use countersign::case::{Purpose, ReviewVerdict};
use countersign::metrics::{
    Breakdown, CaseRow, Dimensions, DraftUse, DroppedRow, Ending, Figures, Measure, Metric,
    Observation, ObservationRow, RecordRow, Rows, Selection, Touch, edit_distance, measure,
    share_interval,
};
use countersign::read::Node;
use countersign::request::Release;
use countersign::{Disposition, ErrorCode, Id, TimestampMs};

use crate::support::{at, json};

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// An instant of November 2026, as `day hour:minute`.
fn on(text: &str) -> TimestampMs {
    let (day, time) = text.split_once(' ').unwrap();
    at(&format!("2026-11-{day}T{time}:00Z"))
}

fn dimensions(queue: Option<&str>, domain: &str) -> Dimensions {
    let release = Release { model: Some("m1".to_owned()), ..Release::default() };
    let queue = queue.map(str::to_owned);
    Dimensions { tenant_id: id("t"), queue, domain: Some(domain.to_owned()), release }
}

fn record(request_id: Option<&str>, disposition: Disposition, evaluated_at: &str) -> RecordRow {
    let escalated = disposition == Disposition::Escalate;
    RecordRow {
        dimensions: dimensions(escalated.then_some("billing"), "billing"),
        request_id: request_id.map(id),
        digest: format!("digest of {} {evaluated_at}", request_id.unwrap_or("nobody")),
        evaluated_at: on(evaluated_at),
        disposition,
    }
}

/// An open case of the billing queue, due four hours after it was sent on the 10th at 9.
fn open(request_id: &str) -> CaseRow {
    CaseRow {
        dimensions: dimensions(Some("billing"), "billing"),
        purpose: Purpose::Primary,
        request_id: Some(id(request_id)),
        claimed_digest: None,
        conversation_id: None,
        trigger_id: Some("tool_down".to_owned()),
        created_at: on("10 09:00"),
        due_at: on("10 13:00"),
        ending: Ending::Open,
        draft: None,
        touches: Vec::new(),
    }
}

/// The same, decided at 10 and released at `released_at`.
fn resolved(request_id: &str, verdict: ReviewVerdict, released_at: &str) -> CaseRow {
    let released_at = on(released_at);
    let decided_at = released_at.saturating_add(-10_000);
    let ending = Ending::Resolved { verdict, decided_at, released_at, answered: true };
    CaseRow { ending, draft: Some(DraftUse { same: false, distance: 0.5 }), ..open(request_id) }
}

fn november() -> Selection {
    Selection {
        from: on("01 00:00"),
        until: on("30 00:00"),
        now: on("20 00:00"),
        queue: None,
        domain: None,
        release: Release::default(),
    }
}

fn of(metric: Metric, rows: &Rows) -> Figures {
    measure(metric, rows, &november(), None).unwrap().figures
}

fn check(metric: Metric, rows: &Rows, numerator: f64, denominator: i64) -> Figures {
    let figures = of(metric, rows);
    let found = (figures.numerator, figures.denominator);
    assert!((found.0 - numerator).abs() < 1e-9 && found.1 == denominator, "{metric}: {found:?}");
    figures
}

fn part(figures: &Figures, name: &str) -> (i64, Option<i64>) {
    let found = figures.parts.iter().find(|part| part.name == name);
    found.map_or((0, None), |part| (part.numerator, part.denominator))
}

fn cases(cases: Vec<CaseRow>) -> Rows {
    Rows { cases, ..Rows::default() }
}

#[test]
fn a_request_has_one_verdict_the_more_cautious_one() {
    let rows = Rows {
        records: vec![
            record(Some("req_1"), Disposition::Answer, "10 08:00"),
            record(Some("req_2"), Disposition::Escalate, "10 08:00"),
            // Sent twice: the first answered, the second escalated.
            record(Some("req_3"), Disposition::Answer, "10 08:00"),
            record(Some("req_3"), Disposition::Escalate, "10 08:05"),
            record(Some("req_4"), Disposition::LimitedAnswer, "10 08:00"),
            record(Some("req_5"), Disposition::Refuse, "10 08:00"),
            record(None, Disposition::Answer, "10 08:01"),
            record(None, Disposition::Answer, "10 08:02"),
            record(None, Disposition::Escalate, "10 08:03"),
            // Before the period.
            record(Some("req_6"), Disposition::Escalate, "10 08:00"),
        ],
        cases: vec![
            // Of the record of the same request, and of the one of the same digest.
            open("req_2"),
            CaseRow {
                request_id: None,
                claimed_digest: Some("digest of nobody 10 08:03".to_owned()),
                ..open("-")
            },
            // The host was more cautious than the edge.
            open("req_4"),
            // Without any record.
            open("req_7"),
            CaseRow { request_id: None, ..open("-") },
            // No verdict of its own.
            CaseRow { purpose: Purpose::Audit, ..open("req_8") },
        ],
        ..Rows::default()
    };
    let mut rows = rows;
    rows.records.last_mut().unwrap().evaluated_at = at("2026-10-31T23:59:59.999Z");
    // Escalated: req_2, req_3, req_4, the one without a name, req_7, and the case without a request.
    let figures = check(Metric::EscalationRate, &rows, 6.0, 10);
    assert_eq!(figures.value, Some(0.6));
    let interval = figures.interval.unwrap();
    // Wilson at 95 % for 6 of 10, from a table.
    assert!((interval.low - 0.312_674).abs() < 1e-6 && (interval.high - 0.831_820).abs() < 1e-6);
}

#[test]
fn decisions_of_which_only_a_count_is_left_are_counted() {
    let dropped = |disposition, day: &str, domain: &str, count| DroppedRow {
        dimensions: dimensions(None, domain),
        hour: on(day),
        disposition,
        count,
    };
    let rows = Rows {
        records: vec![record(Some("req_1"), Disposition::Answer, "10 08:00")],
        cases: vec![open("req_2")],
        dropped: vec![
            dropped(Disposition::Answer, "10 08:00", "billing", 5),
            dropped(Disposition::Refuse, "10 09:00", "legal", 3),
            // Their cases are counted already.
            dropped(Disposition::Escalate, "10 08:00", "billing", 7),
            // After the period.
            dropped(Disposition::Answer, "30 00:00", "billing", 9),
        ],
        ..Rows::default()
    };
    let figures = check(Metric::EscalationRate, &rows, 1.0, 10);
    assert_eq!(part(&figures, "without_record"), (8, None));
    let legal = Selection { domain: Some("legal".to_owned()), ..november() };
    let figures = measure(Metric::EscalationRate, &rows, &legal, None).unwrap().figures;
    assert_eq!((figures.numerator, figures.denominator), (0.0, 3));
    // Two counts that no edge can reach do not wrap around.
    let rows = Rows {
        dropped: vec![dropped(Disposition::Answer, "10 08:00", "billing", i64::MAX); 2],
        ..Rows::default()
    };
    assert_eq!(of(Metric::EscalationRate, &rows).denominator, i64::MAX);
}

#[test]
fn a_queue_s_escalation_rate_is_its_share_of_all_requests() {
    let mut elsewhere = record(Some("req_2"), Disposition::Escalate, "11 08:00");
    elsewhere.dimensions.queue = Some("legal".to_owned());
    let rows = Rows {
        records: vec![
            record(Some("req_1"), Disposition::Escalate, "10 08:00"),
            elsewhere,
            record(Some("req_3"), Disposition::Answer, "10 08:00"),
            record(Some("req_4"), Disposition::Answer, "11 08:00"),
        ],
        ..Rows::default()
    };
    let legal = Selection { queue: Some("legal".to_owned()), ..november() };
    let figures = measure(Metric::EscalationRate, &rows, &legal, None).unwrap().figures;
    assert_eq!((figures.numerator, figures.denominator), (1.0, 4));
    let table =
        |by| groups(&measure(Metric::EscalationRate, &rows, &november(), Some(by)).unwrap());
    assert_eq!(
        table(Breakdown::Queue),
        [("billing".to_owned(), 1.0, 4), ("legal".to_owned(), 1.0, 4)]
    );
    assert_eq!(
        table(Breakdown::Day),
        [("2026-11-10".to_owned(), 1.0, 2), ("2026-11-11".to_owned(), 1.0, 2)]
    );
    assert_eq!(table(Breakdown::Release), [("m1 · – · –".to_owned(), 2.0, 4)]);
    assert_eq!(table(Breakdown::Tenant), [("t".to_owned(), 2.0, 4)]);
    assert_eq!(table(Breakdown::Domain), [("billing".to_owned(), 2.0, 4)]);
}

fn groups(measure: &Measure) -> Vec<(String, f64, i64)> {
    let groups = measure.groups.as_ref().unwrap().iter();
    groups
        .map(|group| {
            let key = group.key.clone().unwrap_or_else(|| "-".to_owned());
            (key, group.figures.numerator, group.figures.denominator)
        })
        .collect()
}

#[test]
fn approval_and_rejection_share_the_final_decisions() {
    let rows = cases(vec![
        resolved("req_1", ReviewVerdict::Accepted, "10 10:00"),
        resolved("req_2", ReviewVerdict::Edited, "10 10:00"),
        resolved("req_3", ReviewVerdict::Edited, "10 10:00"),
        resolved("req_4", ReviewVerdict::Rejected, "10 10:00"),
        resolved("req_5", ReviewVerdict::Replaced, "10 10:00"),
        open("req_6"),
        CaseRow { ending: Ending::Withdrawn { at: on("10 09:30") }, ..open("req_7") },
        CaseRow { ending: Ending::Expired { at: on("11 09:30") }, ..open("req_8") },
        CaseRow {
            purpose: Purpose::Canary,
            ..resolved("req_9", ReviewVerdict::Rejected, "10 10:00")
        },
    ]);
    let approved = check(Metric::ApprovalRate, &rows, 3.0, 5);
    let rejected = check(Metric::RejectionRate, &rows, 2.0, 5);
    assert!((approved.value.unwrap() + rejected.value.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(part(&approved, "undecided"), (2, Some(7)));
    assert_eq!(part(&rejected, "undecided"), (2, Some(7)));
}

#[test]
fn handling_time_is_active_time_within_the_claims() {
    let touched = |request_id: &str, touches: &[(i64, i64)]| {
        let touch =
            |(active_ms, held_ms): &(i64, i64)| Touch { active_ms: *active_ms, held_ms: *held_ms };
        let touches = touches.iter().map(touch).collect();
        CaseRow { touches, ..resolved(request_id, ReviewVerdict::Edited, "10 10:00") }
    };
    let rows = cases(vec![
        touched("req_1", &[(42_000, 60_000)]),
        // Decided, undone, decided again.
        touched("req_2", &[(30_000, 60_000), (10_000, 60_000)]),
        // No longer than the claim.
        touched("req_3", &[(90_000, 20_000)]),
        touched("req_4", &[(0, 60_000)]),
        CaseRow { touches: vec![Touch { active_ms: 5_000, held_ms: 9_000 }], ..open("req_5") },
    ]);
    // 42 + 40 + 20 seconds.
    let figures = check(Metric::HandlingTime, &rows, 102.0, 3);
    let spread = figures.spread.unwrap();
    assert_eq!((spread.mean, spread.p50, spread.p90), (34.0, 40.0, 42.0));
    assert_eq!((figures.interval, part(&figures, "not_measured")), (None, (1, None)));
}

#[test]
fn an_obligation_is_missed_where_nothing_was_released_by_then() {
    let ended = |ending| CaseRow { ending, ..open("req") };
    let rows = cases(vec![
        resolved("req_1", ReviewVerdict::Accepted, "10 13:00"),
        resolved("req_2", ReviewVerdict::Accepted, "10 13:01"),
        open("req_3"),
        // Not due yet on the 20th.
        CaseRow { due_at: on("20 00:01"), ..open("req_4") },
        ended(Ending::Withdrawn { at: on("10 12:59") }),
        ended(Ending::Withdrawn { at: on("10 13:00") }),
        ended(Ending::Expired { at: on("10 13:00") }),
    ]);
    check(Metric::SlaMissRate, &rows, 4.0, 5);
}

#[test]
fn drafts_are_accepted_whole_and_edited_by_some_distance() {
    let drafted = |verdict, draft| CaseRow { draft, ..resolved("req", verdict, "10 10:00") };
    let same = Some(DraftUse { same: true, distance: 0.0 });
    let changed = |distance| Some(DraftUse { same: false, distance });
    let rows = cases(vec![
        drafted(ReviewVerdict::Accepted, same),
        // Only white space was changed.
        drafted(ReviewVerdict::Edited, same),
        drafted(ReviewVerdict::Edited, changed(0.25)),
        drafted(ReviewVerdict::Edited, changed(0.5)),
        drafted(ReviewVerdict::Rejected, changed(1.0)),
        drafted(ReviewVerdict::Replaced, changed(0.9)),
        drafted(ReviewVerdict::Replaced, None),
    ]);
    let accepted = check(Metric::DraftAcceptance, &rows, 2.0, 6);
    assert_eq!(part(&accepted, "without_draft"), (1, None));
    let distance = check(Metric::EditDistance, &rows, 0.75, 4);
    let spread = distance.spread.unwrap();
    assert_eq!((spread.mean, spread.p50, spread.p90), (0.1875, 0.0, 0.5));
    assert_eq!(part(&distance, "rejected"), (1, None));
    assert_eq!(part(&distance, "replaced"), (2, None));
}

#[test]
fn a_reason_repeats_within_thirty_days_of_being_resolved() {
    let sent = |created_at: &str, trigger: &str, domain: &str| CaseRow {
        created_at: on(created_at),
        trigger_id: Some(trigger.to_owned()),
        dimensions: dimensions(Some("billing"), domain),
        ..open("req")
    };
    let conversation = |case: CaseRow| CaseRow { conversation_id: Some(id("conv_1")), ..case };
    let before = CaseRow {
        created_at: at("2026-10-01T09:00:00Z"),
        ..conversation(resolved("req", ReviewVerdict::Edited, "03 09:00"))
    };
    let rows = cases(vec![
        before,
        // Before it was resolved; within 30 days after; after 30 days.
        sent("03 08:59", "tool_down", "billing"),
        sent("04 09:00", "tool_down", "billing"),
        sent("29 09:00", "tool_down", "billing"),
        sent("04 09:00", "low_confidence", "billing"),
        sent("04 09:00", "tool_down", "legal"),
        // The same conversation: within 7 days the same matter, later a repeated reason.
        conversation(sent("09 09:00", "tool_down", "billing")),
        conversation(sent("11 09:00", "tool_down", "billing")),
    ]);
    let figures = check(Metric::RepeatReasons, &rows, 3.0, 6);
    assert_eq!(part(&figures, "reopened"), (1, None));
}

#[test]
fn the_last_rating_of_each_user_within_a_week_counts() {
    let rating = |request: &str, by: &str, positive, observed_at: &str| ObservationRow {
        tenant_id: id("t"),
        request_id: id(request),
        rated_by: (!by.is_empty()).then(|| by.to_owned()),
        is_staff: false,
        is_positive: positive,
        observed_at: on(observed_at),
        delivered_at: None,
    };
    let staff = ObservationRow { is_staff: true, ..rating("req_1", "s", false, "10 09:00") };
    let late = ObservationRow {
        delivered_at: Some(on("05 09:00")),
        ..rating("req_5", "", true, "12 09:01")
    };
    let rows = Rows {
        records: vec![
            record(Some("req_1"), Disposition::Answer, "10 08:00"),
            record(Some("req_2"), Disposition::LimitedAnswer, "10 08:00"),
            record(Some("req_3"), Disposition::Refuse, "10 08:00"),
            record(Some("req_4"), Disposition::Escalate, "10 08:00"),
            record(Some("req_5"), Disposition::Answer, "05 08:00"),
        ],
        cases: vec![
            resolved("req_4", ReviewVerdict::Edited, "10 10:00"),
            resolved("req_6", ReviewVerdict::Accepted, "10 10:00"),
            open("req_7"),
        ],
        dropped: Vec::new(),
        observations: vec![
            // The user changed their mind.
            rating("req_1", "u1", true, "10 09:00"),
            rating("req_1", "u1", false, "10 10:00"),
            rating("req_1", "u2", true, "10 09:00"),
            staff,
            // Exactly a week after, and a moment later by another.
            rating("req_2", "u1", true, "17 08:00"),
            rating("req_2", "u2", true, "17 08:01"),
            // A refusal is no answer; an open case has none; nobody knows of req_9.
            rating("req_3", "u1", true, "10 09:00"),
            rating("req_7", "u1", true, "10 09:00"),
            rating("req_9", "u1", true, "10 09:00"),
            // Before the answer was released, and after.
            rating("req_4", "u1", false, "10 09:00"),
            rating("req_4", "u2", true, "10 11:00"),
            late,
        ],
    };
    // u1 of req_1 no, u2 of req_1 yes, u1 of req_2 yes, u2 of req_4 yes.
    let figures = check(Metric::Satisfaction, &rows, 3.0, 4);
    assert_eq!(part(&figures, "auto"), (2, Some(3)));
    assert_eq!(part(&figures, "edited"), (1, Some(1)));
    // Delivered: req_1, req_2, req_4, req_5, req_6.
    assert_eq!(part(&figures, "rated"), (3, Some(5)));
}

#[test]
fn nothing_counted_gives_no_value() {
    for (_, metric) in Metric::WORDS {
        let figures = of(*metric, &Rows::default());
        assert_eq!((figures.denominator, figures.value, figures.interval), (0, None, None));
        assert!(figures.spread.is_none() && figures.parts.is_empty(), "{metric}");
    }
}

#[test]
fn filters_choose_by_equal_dimensions() {
    let elsewhere = CaseRow {
        dimensions: dimensions(Some("legal"), "legal"),
        ..resolved("req_2", ReviewVerdict::Rejected, "10 10:00")
    };
    let rows = cases(vec![resolved("req_1", ReviewVerdict::Accepted, "10 10:00"), elsewhere]);
    let text = |text: &str| Some(text.to_owned());
    let model = |name: &str| Release { model: text(name), ..Release::default() };
    let rows_of = [
        (november(), 2),
        (Selection { queue: text("legal"), ..november() }, 1),
        (Selection { domain: text("billing"), ..november() }, 1),
        (Selection { domain: text("none"), ..november() }, 0),
        (Selection { release: model("m1"), ..november() }, 2),
        (Selection { release: model("m2"), ..november() }, 0),
        (Selection { until: on("10 09:59"), ..november() }, 0),
        (Selection { from: on("10 10:00"), ..november() }, 0),
    ];
    for (selection, expected) in rows_of {
        let found = measure(Metric::ApprovalRate, &rows, &selection, None).unwrap();
        assert_eq!(found.figures.denominator, expected, "{selection:?}");
    }
}

#[test]
fn more_groups_than_are_given_at_once_are_refused() {
    let of_domain = |number: usize| CaseRow {
        dimensions: dimensions(Some("billing"), &format!("domain_{number}")),
        ..open("req")
    };
    let rows = cases((0..1_001).map(of_domain).collect());
    let refused = measure(Metric::SlaMissRate, &rows, &november(), Some(Breakdown::Domain));
    assert_eq!(refused.unwrap_err().code, ErrorCode::LimitExceeded);
}

#[test]
fn the_interval_of_a_share_is_wilson_s() {
    // From published tables at 95 %.
    let rows =
        [(0.0, 10, 0.0, 0.277_533), (10.0, 10, 0.722_467, 1.0), (1.0, 2, 0.094_531, 0.905_469)];
    for (hits, total, low, high) in rows {
        let interval = share_interval(hits, total).unwrap();
        assert!((interval.low - low).abs() < 1e-6, "{hits} of {total}: {interval:?}");
        assert!((interval.high - high).abs() < 1e-6, "{hits} of {total}: {interval:?}");
    }
    assert!(share_interval(0.0, 0).is_none());
}

/// The distance by the table that everybody knows, for comparison.
fn plain_distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.iter().enumerate() {
        let mut next = vec![index + 1];
        for (column, to) in right.iter().enumerate() {
            let replaced = row[column] + usize::from(from != to);
            next.push(replaced.min(row[column + 1] + 1).min(next[column] + 1));
        }
        row = next;
    }
    row[right.len()]
}

proptest::proptest! {
    #[test]
    fn the_edit_distance_is_levenshtein_s_over_the_longer_length(
        left in proptest::collection::vec(0_u8..4, 0..300),
        right in proptest::collection::vec(0_u8..4, 0..300),
    ) {
        let longer = left.len().max(right.len()).max(1);
        let expected = plain_distance(&left, &right) as f64 / longer as f64;
        proptest::prop_assert!((edit_distance(&left, &right) - expected).abs() < 1e-12);
    }
}

#[test]
fn an_observation_says_one_thing_at_a_time_that_can_be() {
    let read = |body: &str| {
        let body = json(body);
        let (now, tenant) = (on("10 09:00"), id("t"));
        Observation::read(Node::root(&body), id("obs_1"), tenant, id("req_1"), now)
    };
    let taken = [
        (r#"{"version":1,"kind":"rating","rating":4}"#, Some(true)),
        (r#"{"version":1,"kind":"rating","rating":3,"rated_by":"u","is_staff":true}"#, Some(false)),
        (
            r#"{"version":1,"kind":"rating","thumb":"up","delivered_at":"2026-11-10T08:00:00Z"}"#,
            Some(true),
        ),
        (
            r#"{"version":1,"kind":"rating","thumb":"down","observed_at":"2026-11-10T09:04:00Z"}"#,
            Some(false),
        ),
        (r#"{"version":1,"kind":"judge_score","judge_score":0.4}"#, None),
    ];
    for (body, positive) in taken {
        assert_eq!(read(body).unwrap().is_positive(), positive, "{body}");
    }
    let refused = [
        (r#"{"version":1,"kind":"rating"}"#, "/rating"),
        (r#"{"version":1,"kind":"rating","rating":6}"#, "/rating"),
        (r#"{"version":1,"kind":"rating","rating":4.5}"#, "/rating"),
        (r#"{"version":1,"kind":"rating","rating":4,"thumb":"up"}"#, "/thumb"),
        (r#"{"version":1,"kind":"rating","rating":4,"judge_score":0.4}"#, "/judge_score"),
        (r#"{"version":1,"kind":"judge_score"}"#, "/judge_score"),
        (r#"{"version":1,"kind":"judge_score","judge_score":1.1}"#, "/judge_score"),
        (r#"{"version":1,"kind":"judge_score","judge_score":1,"rating":4}"#, "/rating"),
        (r#"{"version":1,"kind":"judge_score","judge_score":1,"thumb":"up"}"#, "/thumb"),
        (
            r#"{"version":1,"kind":"rating","rating":4,"observed_at":"2026-11-10T09:06:00Z"}"#,
            "/observed_at",
        ),
        (
            r#"{"version":1,"kind":"rating","rating":4,"delivered_at":"2026-11-10T09:01:00Z"}"#,
            "/delivered_at",
        ),
        (r#"{"version":2,"kind":"rating","rating":4}"#, "/version"),
        (r#"{"version":1,"kind":"praise","rating":4}"#, "/kind"),
        (r#"{"version":1,"kind":"rating","ratng":4}"#, "/ratng"),
    ];
    for (body, path) in refused {
        assert_eq!(read(body).unwrap_err().path, path, "{body}");
    }
}
