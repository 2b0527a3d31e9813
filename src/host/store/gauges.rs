//! Counts per tenant and queue, for monitoring.

use super::audit::text_list;
use super::sql::{Connection, params};
use super::{Failure, sql};
use crate::units::TimestampMs;

/// Something that is counted, and the labels of its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// Its name.
    pub name: &'static str,
    /// `gauge` for what goes up and down, `counter` for what only goes up.
    pub kind: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    select: &'static str,
}

/// One count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The values of the labels.
    pub labels: Vec<String>,
    /// The count.
    pub value: i64,
}

/// Every gauge; each statement gives its labels and then the count.
pub const GAUGES: &[Gauge] = &[
    Gauge {
        name: "countersign_cases",
        kind: "gauge",
        help: "Cases by state.",
        labels: &["tenant_id", "queue", "state"],
        select: "SELECT tenant_id, queue, state, count(*) FROM cases WHERE (?1 IS NULL OR tenant_id \
            IN (SELECT value FROM json_each(?1))) AND CAST(?2 AS BIGINT) IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    },
    Gauge {
        name: "countersign_cases_overdue",
        kind: "gauge",
        help: "Open cases after their deadline.",
        labels: &["tenant_id", "queue"],
        select: "SELECT tenant_id, queue, count(*) FILTER (WHERE due_at <= ?2) FROM cases WHERE (?1 IS NULL OR tenant_id \
            IN (SELECT value FROM json_each(?1))) AND state IN ('ready', 'leased', 'waiting', \
            'deferred') GROUP BY 1, 2 ORDER BY 1, 2",
    },
    Gauge {
        name: "countersign_cases_created_total",
        kind: "counter",
        help: "Cases that were sent.",
        labels: &["tenant_id", "queue"],
        select: "SELECT tenant_id, queue, count(*) FROM cases WHERE (?1 IS NULL OR tenant_id \
            IN (SELECT value FROM json_each(?1))) AND CAST(?2 AS BIGINT) IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2",
    },
    Gauge {
        name: "countersign_case_decisions_total",
        kind: "counter",
        help: "Final decisions of people, by verdict.",
        labels: &["tenant_id", "queue", "verdict"],
        select: "SELECT tenant_id, queue, body ->> '$.decision.verdict', count(*) FROM cases WHERE \
            (?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))) AND CAST(?2 AS BIGINT) IS NOT NULL AND \
            state = 'resolved' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    },
    Gauge {
        name: "countersign_decision_records_total",
        kind: "counter",
        help: "Decision records that edges sent.",
        labels: &["tenant_id"],
        select: "SELECT tenant_id, count(*) FROM decision_records WHERE (?1 IS NULL OR tenant_id \
            IN (SELECT value FROM json_each(?1))) AND CAST(?2 AS BIGINT) IS NOT NULL GROUP BY 1 ORDER BY 1",
    },
    Gauge {
        name: "countersign_random_audits",
        kind: "gauge",
        help: "Random audits by what the user got and where they stand.",
        labels: &["tenant_id", "disposition", "state"],
        select: "SELECT tenant_id, disposition, state, count(*) FROM random_audits WHERE (?1 IS NULL \
            OR tenant_id IN (SELECT value FROM json_each(?1))) AND ?2 IS NOT NULL GROUP BY 1, 2, 3 \
            ORDER BY 1, 2, 3",
    },
    Gauge {
        name: "countersign_monitor_alarms",
        kind: "gauge",
        help: "Whether the alarm was raised under the policy that was watched last: 1 or 0.",
        labels: &["tenant_id", "risk_level", "monitor"],
        select: "SELECT tenant_id, risk_level, kind, CASE WHEN raised_at IS NULL THEN 0 ELSE 1 END \
            FROM monitors m WHERE (?1 IS NULL OR tenant_id IN (SELECT value FROM json_each(?1))) AND \
            ?2 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM monitors o WHERE o.tenant_id = m.tenant_id AND \
            o.risk_level = m.risk_level AND o.kind = m.kind AND (o.updated_at, o.monitor_id) > \
            (m.updated_at, m.monitor_id)) ORDER BY 1, 2, 3",
    },
    Gauge {
        name: "countersign_observations_total",
        kind: "counter",
        help: "Ratings and late scores, by kind.",
        labels: &["tenant_id", "kind"],
        select: "SELECT tenant_id, body ->> '$.kind', count(*) FROM observations WHERE (?1 IS NULL \
            OR tenant_id IN (SELECT value FROM json_each(?1))) AND CAST(?2 AS BIGINT) IS NOT NULL GROUP BY 1, 2 \
            ORDER BY 1, 2",
    },
];

impl Gauge {
    /// The counts of these tenants, `None` for every one.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn samples(
        &self,
        connection: &Connection,
        tenants: Option<&[String]>,
        now: TimestampMs,
    ) -> Result<Vec<Sample>, Failure> {
        let mut statement = connection.prepare_cached(self.select)?;
        let samples = statement.query_map(params![tenants.map(text_list), now.as_ms()], |row| {
            let labels: sql::Result<Vec<String>> =
                (0..self.labels.len()).map(|index| row.get(index)).collect();
            Ok(Sample { labels: labels?, value: row.get(self.labels.len())? })
        })?;
        Ok(samples.collect::<Result<_, _>>()?)
    }
}
