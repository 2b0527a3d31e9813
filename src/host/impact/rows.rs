//! Rows of described tools with what is known of their impact: for training and for evaluation.

use std::collections::BTreeMap;
use std::path::Path;

use crate::inference::{self, ArgumentInfo, Inference, ToolInfo};
use crate::json::Json;
use crate::limits::{LIST_LENGTH_MAX, TEXT_LENGTH_MAX};
use crate::read::{self, Node, Read};
use crate::request::Action;

/// What a row may say of a tool.
pub(super) const LABELS: [&str; 5] =
    ["mutates", "destructive", "permissions", "money", "open_world"];

/// One described tool.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) server: String,
    pub(super) name: String,
    /// `None` is not known.
    pub(super) labels: BTreeMap<&'static str, bool>,
    /// `read`, `write` or `high`.
    pub(super) impact: Option<String>,
    pub(super) inference: Inference,
}

/// Reads rows, one JSON object a line.
pub(super) fn read_rows(path: &Path) -> Result<Vec<Row>, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(index, line): (usize, &str)| {
        let told = |error: String| format!("`{}` line {}: {error}", path.display(), index + 1);
        let json: Json = serde_json::from_str(line).map_err(|error| told(error.to_string()))?;
        Row::read(Node::root(&json)).map_err(|fault| told(fault.to_string()))
    };
    let rows: Vec<Row> = lines.map(read).collect::<Result<_, _>>()?;
    if rows.is_empty() { Err(format!("`{}` has no rows", path.display())) } else { Ok(rows) }
}

impl Row {
    fn read(node: Node<'_>) -> Read<Self> {
        let text = |node: Node<'_>| node.text(TEXT_LENGTH_MAX);
        let mut fields = node.object()?;
        let description = fields.optional("description", text)?;
        let arguments = fields.list("args", LIST_LENGTH_MAX, |node| {
            let mut fields = node.object()?;
            let name = fields.required("name", text)?;
            Ok(ArgumentInfo { name, argument_type: fields.optional("type", text)? })
        })?;
        let labels = fields.optional("labels", |node| {
            let mut fields = node.object()?;
            let mut labels = BTreeMap::new();
            for label in LABELS {
                if let Some(value) = fields.optional(label, read::bool)? {
                    labels.insert(label, value);
                }
            }
            Ok(labels)
        })?;
        let name = fields.required("name", text)?;
        let info = ToolInfo { description, arguments, ..ToolInfo::default() };
        let action =
            Action { tool: name.clone(), arguments: BTreeMap::new(), tool_info: Some(info) };
        Ok(Self {
            id: fields.required("id", text)?,
            source: fields.optional("source", text)?.unwrap_or_default(),
            server: fields.optional("server", text)?.unwrap_or_default(),
            name,
            labels: labels.unwrap_or_default(),
            impact: fields.optional("impact3", text)?,
            inference: inference::infer(&action),
        })
    }

    pub(super) fn label(&self, label: &str) -> Option<bool> {
        match label {
            "high" => self.impact.as_ref().map(|impact| impact == "high"),
            label => self.labels.get(label).copied(),
        }
    }
}

/// What must not be on both sides of a split: a source, or within it a server. A source of one server
/// only is split by the first word of its tools' names, its namespaces.
pub(super) fn groups(rows: &[&Row], by_source: bool) -> Vec<String> {
    let mut servers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let known = servers.entry(&row.source).or_default();
        if !known.contains(&row.server.as_str()) {
            known.push(&row.server);
        }
    }
    let group = |row: &&Row| {
        if by_source {
            return row.source.clone();
        }
        let one = servers.get(row.source.as_str()).is_some_and(|known| known.len() < 2);
        let namespace = row.name.split(['_', '.', '-', '/']).next().unwrap_or_default();
        format!("{}/{}/{}", row.source, row.server, if one { namespace } else { "" })
    };
    rows.iter().map(group).collect()
}
