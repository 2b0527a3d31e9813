//! Durations as an owner writes them: `30 s`, `15 min`, `4 h`, `2 d`; and SLAs, which may also count
//! open hours: `4 business hours`, `1 business day`.

use crate::calendar::Sla;
use crate::limits::DURATION_MS_MAX;
use crate::read::{Node, Read};

const UNITS: &[(&str, i64)] =
    &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A duration in milliseconds.
pub(super) fn read(node: Node<'_>) -> Read<i64> {
    let text = node.str()?;
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let scale = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, scale)| *scale);
    let duration = digits.parse::<i64>().ok().zip(scale);
    let duration_ms = duration.and_then(|(count, scale)| count.checked_mul(scale));
    duration_ms.filter(|duration_ms| *duration_ms <= DURATION_MS_MAX).ok_or_else(|| {
        node.invalid(
            format!("`{}` is not a duration of at most 366 days", crate::read::excerpt(text)),
            "write a whole number and `ms`, `s`, `min`, `h` or `d`, such as `4 h`",
        )
    })
}

/// An SLA.
pub(super) fn read_sla(node: Node<'_>) -> Read<Sla> {
    let text = node.str()?;
    let Some((count, unit)) = text.split_once(" business ") else {
        return read(node).map(Sla::DurationMs);
    };
    let count = count.parse::<i64>().ok().filter(|count| (1..=366).contains(count));
    let sla = count.and_then(|count| match unit {
        "day" | "days" => Some(Sla::BusinessDays(count)),
        "hour" | "hours" => Some(Sla::BusinessMs(count * 3_600_000)),
        _ => None,
    });
    sla.ok_or_else(|| {
        node.invalid(
            format!("`{}` is not a business time of at most 366 days", crate::read::excerpt(text)),
            "write `1 business day` or `4 business hours`",
        )
    })
}
