//! Counts for monitoring, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::App;
use super::auth::Caller;
use super::metrics::{measurable, visible_tenants};
use super::problem::Problem;
use super::query::Parameters;
use crate::host::store::gauges::{GAUGES, Gauge, Sample};

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`
pub(super) async fn scrape(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.none()?;
    let text = app.store.read_as(caller.actor.clone(), move |snapshot| {
        let tenants = visible_tenants(&caller.actor, measurable(), snapshot.now)?;
        let mut text = String::new();
        for gauge in GAUGES {
            let samples = gauge.samples(snapshot.connection, tenants.as_deref(), snapshot.now)?;
            write_gauge(&mut text, gauge, &samples);
        }
        Ok(text)
    });
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text.await?).into_response())
}

/// A gauge without samples still says what it is.
fn write_gauge(text: &mut String, gauge: &Gauge, samples: &[Sample]) {
    let Gauge { name, kind, help, labels, .. } = gauge;
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for Sample { labels: values, value } in samples {
        let pairs = labels.iter().zip(values);
        let pairs: Vec<String> =
            pairs.map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let _ = writeln!(text, "{name}{{{}}} {value}", pairs.join(","));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
