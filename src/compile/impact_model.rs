//! `[impact_model]`: what orders tools that the policy does not know.

use crate::compile::document;
use crate::inference::ImpactModel;
use crate::read::{self, Node, Read};

/// The weights that `countersign impact train` made, as they stand in a policy.
const BUILTIN: &str = include_str!("impact_model.toml");

/// `builtin = true`, or the weights themselves.
pub(super) fn read(node: Node<'_>) -> Read<ImpactModel> {
    let mut fields = node.object()?;
    let model = match fields.optional("builtin", read::bool)? {
        Some(true) => builtin()
            .ok_or_else(|| node.invalid("the built-in model cannot be read", "report this"))?,
        _ => ImpactModel::read_fields(&mut fields)?,
    };
    fields.finish()?;
    Ok(model)
}

/// The model that comes with this version.
#[must_use]
pub fn builtin() -> Option<ImpactModel> {
    let document = document::parse(BUILTIN, "impact_model.toml").ok()?;
    ImpactModel::read(Node::root(document.json())).ok()
}
