//! Reviewed rows: the signals of one draft, and whether it was right.
//!
//! Read as a stream, a JSON object a line; the readings are kept under interned names. A row that says
//! something impossible ends the reading with its line. However long a stream is, no more than so many
//! rows are kept: of a longer one whole conversations are left out, by digest, and that is said.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, Read as _};

use sha2::{Digest as _, Sha256};

use crate::error::{ErrorCode, Fault};
use crate::host::confidence::split::{THIN_SALT, pick, share};
use crate::host::evaluate::EvaluateError;
use crate::json::Json;
use crate::limits;
use crate::read::{self, Node, Read};
use crate::request::{RiskLevel, Signal, ToolStatus, read_signal};

/// Bytes of one row.
const LINE_BYTES_MAX: u64 = 1_000_000;
/// Rows that are kept in memory: what a fit learns from more of them is far below what it cannot know.
pub const ROWS_MAX: usize = 500_000;
/// The least probability with which a label may have been asked for: rarer ones would outweigh
/// a thousand others each.
const PROPENSITY_MIN: f64 = 0.001;

/// What is done where there are more rows than are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Nothing is read: every row is asked for.
    Refused,
    /// Some conversations stand for all.
    Thinned,
}

/// How many rows there were, and which share of the conversations was kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    /// Rows that were read, each of them checked.
    pub seen: usize,
    /// Share of the conversations that are kept, in (0, 1].
    pub share: f64,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// Where it comes from: rows of one source have the same signals, on the same scales.
    pub source: String,
    /// The conversation or document that it belongs to. Rows of one are not independent, and never
    /// stand on both sides of a split.
    pub cluster: String,
    /// What was at stake.
    pub risk_level: Option<RiskLevel>,
    /// Readings by the index of the signal's name; an absent one is missing.
    pub readings: Vec<(usize, Signal)>,
    /// Whether the draft was right: 1, 0, or how likely it is after several reviewers; in [0, 1].
    pub label: Option<f64>,
    /// The probability with which its label was asked for: 1 for what was escalated, the audit's rate
    /// for what was answered.
    pub propensity: f64,
    /// Whether somebody was to be asked and nobody answered: a random audit that was lost, or is open.
    pub unjudged: bool,
    /// Whether another rule than that of confidence sent it to a person, so that no threshold matters.
    pub by_rule: bool,
    /// Digest of the decisions of the policy that decided it.
    pub decision_hash: Option<String>,
}

/// Rows with the names of their signals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The names, in the order in which they first stood.
    pub names: Vec<String>,
    /// The rows, in their order.
    pub rows: Vec<Row>,
}

impl Kept {
    fn keeps(&self, row: &Row) -> bool {
        self.share >= 1.0 || share(THIN_SALT, &row.cluster) < self.share
    }
}

fn id_digest(id: &str) -> [u8; 16] {
    let mut short = [0; 16];
    for (byte, of_digest) in short.iter_mut().zip(Sha256::digest(id)) {
        *byte = of_digest;
    }
    short
}

impl Row {
    /// The reading of the signal of that index.
    #[must_use]
    pub fn reading(&self, name: usize) -> Signal {
        let found = self.readings.iter().find(|(index, _)| *index == name);
        found.map_or(Signal::Missing, |(_, signal)| *signal)
    }
}

impl Rows {
    /// Reads rows, one a line; empty lines are passed over.
    ///
    /// # Errors
    /// At the first line that is not a row, or whose id stood before, and where there are too many.
    pub fn read(from: impl BufRead) -> Result<Self, EvaluateError> {
        Self::read_at_most(from, ROWS_MAX, Beyond::Refused).map(|(rows, _)| rows)
    }

    /// Reads rows, and keeps at most so many; says which share of the conversations that is.
    ///
    /// # Errors
    /// As [`Rows::read`].
    pub fn read_at_most(
        mut from: impl BufRead,
        rows_max: usize,
        beyond: Beyond,
    ) -> Result<(Self, Kept), EvaluateError> {
        let mut rows = Self::default();
        let mut index_of: BTreeMap<String, usize> = BTreeMap::new();
        // Of the ids of kept rows: what is left out cannot count twice.
        let mut ids: HashSet<[u8; 16]> = HashSet::new();
        let mut kept = Kept { seen: 0, share: 1.0 };
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            from.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break;
            }
            let refused = |fault| EvaluateError::Line { line: number, fault };
            if line.trim_ascii().is_empty() {
                continue;
            }
            if line.len() as u64 > LINE_BYTES_MAX {
                let detail = format!("a row has at most {LINE_BYTES_MAX} bytes");
                let code = ErrorCode::LimitExceeded;
                return Err(refused(Fault::new(code, "", detail, "send shorter rows")));
            }
            let value: Json = serde_json::from_slice(&line).map_err(|error| {
                let help = "write one JSON object a line; a number is finite";
                refused(Fault::new(ErrorCode::InvalidJson, "", error.to_string(), help))
            })?;
            let row = read_row(&value, &mut rows.names, &mut index_of).map_err(refused)?;
            kept.seen += 1;
            if !kept.keeps(&row) {
                continue;
            }
            if !ids.insert(id_digest(&row.id)) {
                let detail = format!("the id `{}` stood before", read::excerpt(&row.id));
                let help = "give each row once: a row that stands twice would count twice";
                return Err(refused(Fault::new(ErrorCode::InvalidField, "/id", detail, help)));
            }
            rows.rows.push(row);
            while rows.rows.len() > rows_max {
                kept.share *= 0.5;
                let thinned = rows.rows.iter().any(|row| kept.keeps(row));
                if beyond == Beyond::Refused || !thinned {
                    let detail = format!("there are more than {rows_max} rows");
                    let code = ErrorCode::LimitExceeded;
                    let help = "send fewer, or more conversations with fewer rows each";
                    return Err(refused(Fault::new(code, "", detail, help)));
                }
                rows.rows.retain(|row| kept.keeps(row));
                ids = rows.rows.iter().map(|row| id_digest(&row.id)).collect();
            }
        }
        Ok((rows, kept))
    }

    /// The rows for which `keep` holds, under the same names.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&Row) -> bool) -> Self {
        let rows = self.rows.iter().filter(|row| keep(row)).cloned().collect();
        Self { names: self.names.clone(), rows }
    }

    /// One row of each conversation, chosen by its id: rows of one are not independent. The rows come
    /// in the order of their conversations.
    #[must_use]
    pub fn one_of_each_conversation(mut self) -> Self {
        let conversation = |left: &Row, right: &Row| {
            (&left.source, &left.cluster).cmp(&(&right.source, &right.cluster))
        };
        self.rows.sort_by(|left, right| {
            conversation(left, right).then_with(|| pick(&left.id).total_cmp(&pick(&right.id)))
        });
        self.rows.dedup_by(|later, first| conversation(later, first).is_eq());
        self
    }

    /// The sources, in ascending order.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let mut sources: Vec<String> = self.rows.iter().map(|row| row.source.clone()).collect();
        sources.sort();
        sources.dedup();
        sources
    }
}

fn read_row(
    value: &Json,
    names: &mut Vec<String>,
    index_of: &mut BTreeMap<String, usize>,
) -> Read<Row> {
    let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
    let mut fields = Node::root(value).object()?;
    let id = fields.required("id", name)?;
    let source = fields.optional("source", name)?.unwrap_or_else(|| "rows".to_owned());
    let conversation = fields.optional("conversation_id", name)?;
    let tool_status = fields.optional("tool_status", |node| match node.str()? {
        "unavailable" => Ok(ToolStatus::Unavailable),
        _ => Ok(ToolStatus::Succeeded),
    })?;
    let mut readings = Vec::new();
    let signals = fields.required("signals", |node| node.map(limits::FACTS_MAX, read_signal))?;
    for (name, signal) in signals {
        let next = names.len();
        let index = *index_of.entry(name.clone()).or_insert(next);
        if index == next {
            names.push(name.clone());
        }
        // Where no tool could be called, the signals about tools are unavailable, not unmeasured.
        let no_tool = tool_status == Some(ToolStatus::Unavailable) && name.contains("tool");
        match signal {
            Signal::Missing if no_tool => readings.push((index, Signal::Unavailable)),
            Signal::Missing => {}
            Signal::Present(_) | Signal::Unavailable => readings.push((index, signal)),
        }
    }
    readings.shrink_to_fit();
    Ok(Row {
        cluster: conversation.unwrap_or_else(|| cluster_of(&source, &id)),
        risk_level: fields.optional("risk_level", RiskLevel::read)?,
        readings,
        label: fields.optional("label", read_label)?,
        propensity: fields.optional("propensity", read_propensity)?.unwrap_or(1.0),
        unjudged: fields.optional("unjudged", name)?.is_some(),
        by_rule: !fields.list("rules", limits::TRIGGERS_MAX, name)?.is_empty(),
        decision_hash: fields.optional("decision_hash", name)?,
        id,
        source,
    })
}

fn read_label(node: Node<'_>) -> Read<f64> {
    if let Json::Bool(is_right) = node.json() {
        return Ok(f64::from(u8::from(*is_right)));
    }
    node.score().map(crate::units::Score::get).map_err(|fault| Fault {
        help: "send 1 for right, 0 for wrong, a probability between, or null where nobody judged"
            .to_owned(),
        ..fault
    })
}

fn read_propensity(node: Node<'_>) -> Read<f64> {
    let value = node.number()?;
    if (PROPENSITY_MIN..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(node.invalid(
        format!("`{value}` is not in [{PROPENSITY_MIN}, 1]"),
        "send the probability with which the label was asked for",
    ))
}

/// The document of a row of the public sources, whose ids end in what varies within a document: the
/// system that summarised it, the trial of the task. Any other row stands for itself.
fn cluster_of(source: &str, id: &str) -> String {
    let varies = source == "frank" || source.starts_with("tau-bench") || source == "faithbench";
    let document = id.rsplit_once(':').filter(|_| varies).map_or(id, |(document, _)| document);
    document.to_owned()
}
