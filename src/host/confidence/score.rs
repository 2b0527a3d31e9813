//! The probability that models give rows: what an edge would say of them.

use std::collections::BTreeMap;

use crate::confidence::ConfidenceModel;
use crate::host::confidence::fit::{FitError, FitReport, Plan, fit};
use crate::host::confidence::row::{Row, Rows};
use crate::request::Signal;

/// The probabilities, in the order of the rows.
#[must_use]
pub fn score(model: &ConfidenceModel, rows: &Rows) -> Vec<f64> {
    let scorer = Scorer::new(model, &rows.names);
    rows.rows.iter().map(|row| scorer.probability(row)).collect()
}

/// A model with its signals' places among the names of some rows.
struct Scorer<'a> {
    model: &'a ConfidenceModel,
    places: Vec<Option<usize>>,
}

impl<'a> Scorer<'a> {
    fn new(model: &'a ConfidenceModel, names: &[String]) -> Self {
        let place = |name: &String| names.iter().position(|known| known == name);
        Self { model, places: model.signals.iter().map(|curve| place(&curve.name)).collect() }
    }

    fn probability(&self, row: &Row) -> f64 {
        let reading =
            |place: &Option<usize>| place.map_or(Signal::Missing, |place| row.reading(place));
        let curves = self.model.signals.iter().zip(&self.places);
        let logit =
            curves.fold(self.model.base, |sum, (curve, place)| sum + curve.adds(reading(place)));
        1.0 / (1.0 + libm::exp(-logit))
    }
}

/// One model for each source of rows, and one over all for a source that none was fitted for.
///
/// Sources measure different signals, and the same name on different scales; one curve for all would
/// fit none of them. The model over all knows every signal, and is the stated fallback.
#[derive(Clone, Debug, PartialEq)]
pub struct BySource {
    /// The model of each source.
    pub models: BTreeMap<String, (ConfidenceModel, FitReport)>,
    /// The model of all other sources.
    pub pooled: ConfidenceModel,
    /// How it came about.
    pub pooled_report: FitReport,
}

impl BySource {
    /// Fits them.
    ///
    /// # Errors
    /// As [`fit`].
    pub fn fit(rows: &Rows, plan: &Plan) -> Result<Self, FitError> {
        let pooled = fit(rows, plan)?;
        let mut models = BTreeMap::new();
        for source in rows.sources() {
            let fitted = fit(&rows.filtered(|row| row.source == source), plan)?;
            if fitted.report.labels > 0 {
                models.insert(source, (fitted.model, fitted.report));
            }
        }
        Ok(Self { models, pooled: pooled.model, pooled_report: pooled.report })
    }

    /// The probabilities, in the order of the rows.
    #[must_use]
    pub fn score(&self, rows: &Rows) -> Vec<f64> {
        let pooled = Scorer::new(&self.pooled, &rows.names);
        let scorers: BTreeMap<&str, Scorer<'_>> = self
            .models
            .iter()
            .map(|(source, (model, _))| (source.as_str(), Scorer::new(model, &rows.names)))
            .collect();
        let scorer =
            |row: &Row| scorers.get(row.source.as_str()).unwrap_or(&pooled).probability(row);
        rows.rows.iter().map(scorer).collect()
    }
}
