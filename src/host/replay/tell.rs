//! A replay in words.

use super::{PolicyReplay, Share, Staffing};

/// The report for people.
pub(super) fn words(replay: &PolicyReplay) -> String {
    let PolicyReplay { decisions, judged, unjudged, changed, .. } = replay;
    let mut lines = vec![format!("{decisions} decisions: {judged} judged, {unjudged} not")];
    for missing in &replay.unjudged_for {
        lines.push(format!("  not recorded: {} ({} decisions)", missing.path, missing.count));
    }
    if replay.of_old > 0 {
        lines.push(format!(
            "{} of {} that the old policy made come out exactly as recorded",
            replay.reproduced, replay.of_old
        ));
    }
    lines.push(format!("{changed} change"));
    for transition in &replay.transitions {
        let examples = match transition.examples.as_slice() {
            [] => String::new(),
            examples => format!("  e.g. {}", examples.join(", ")),
        };
        lines.push(format!(
            "  {} → {}: {}{examples}",
            transition.from, transition.to, transition.count
        ));
    }
    if replay.other_risk_level > 0 {
        lines.push(format!("  another risk level: {}", replay.other_risk_level));
    }
    if replay.other_queue > 0 {
        lines.push(format!("  another queue: {}", replay.other_queue));
    }
    let escalation = &replay.escalation;
    lines.push(format!("escalated: {} → {}", share(&escalation.before), share(&escalation.after)));
    if let (Some(value), Some(bounds)) = (escalation.difference, escalation.difference_interval) {
        let points = |share: f64| format!("{:+.2}", share * 100.0);
        lines.push(format!(
            "  difference {} points ({} to {})",
            points(value),
            points(bounds.low),
            points(bounds.high)
        ));
    }
    for load in &replay.queues {
        lines.push(format!("  queue {}: {} → {}", load.queue, load.before, load.after));
    }
    lines.extend(replay.staffing.as_ref().map(staffing));
    for (what, rules) in [
        ("never fired", &replay.never_fired),
        ("fired and changed nothing", &replay.changes_nothing),
    ] {
        if !rules.is_empty() {
            lines.push(format!("{what}: {}", rules.join(", ")));
        }
    }
    lines.join("\n")
}

fn share(share: &Share) -> String {
    let percent = |value: f64| format!("{:.2}", value * 100.0);
    match (share.value, share.interval) {
        (Some(value), Some(interval)) => format!(
            "{} ({} %, {} to {})",
            share.count,
            percent(value),
            percent(interval.low),
            percent(interval.high)
        ),
        _ => share.count.to_string(),
    }
}

fn staffing(staffing: &Staffing) -> String {
    let mut lines = vec![format!(
        "over {:.1} days: {:.1} → {:.1} cases a day, {:.1} → {:.1} hours of work a day",
        staffing.days,
        staffing.cases_per_day_before,
        staffing.cases_per_day_after,
        staffing.hours_per_day_before,
        staffing.hours_per_day_after
    )];
    for queue in &staffing.queues {
        let source = match queue.measured_cases {
            0 => "assumed".to_owned(),
            cases => format!("measured over {cases} cases"),
        };
        lines.push(format!(
            "  queue {}: {:.1} → {:.1} hours a day at {:.1} minutes a case, {source}",
            queue.queue,
            queue.hours_per_day_before,
            queue.hours_per_day_after,
            queue.minutes_per_case
        ));
    }
    lines.join("\n")
}
