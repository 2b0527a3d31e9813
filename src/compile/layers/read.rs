//! What a base allows its overlays, and what an overlay says of itself.

use super::sections::{self, Shape};
use crate::error::Fault;
use crate::json::Json;
use crate::limits;
use crate::read::{self, Node, Read};
use crate::units::Id;

/// What overlays may loosen: sections, or items as `section.item`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::compile) struct MayLoosen(Vec<String>);

impl MayLoosen {
    /// `[overlays]` of a base; `document` is the whole of it.
    pub(in crate::compile) fn read(node: Node<'_>, document: &Json) -> Read<Self> {
        let mut fields = node.object()?;
        let listed = fields
            .list("may_loosen", limits::LIST_LENGTH_MAX, |node| read_allowed(node, document))?;
        fields.finish()?;
        Ok(Self(listed))
    }

    /// What a base's text allows.
    pub(super) fn of(document: &Json) -> Read<Self> {
        let mut fields = Node::root(document).object()?;
        let allowed = fields.optional("overlays", |node| Self::read(node, document))?;
        Ok(allowed.unwrap_or_default())
    }

    /// Whether an item of a section may be loosened.
    pub(super) fn allows(&self, section: &str, item: Option<&str>) -> bool {
        self.0.iter().any(|allowed| match allowed.split_once('.') {
            None => allowed == section,
            Some((named, name)) => named == section && Some(name) == item,
        })
    }
}

/// A section, or an item that the base has.
fn read_allowed(node: Node<'_>, document: &Json) -> Read<String> {
    let text = node.filled_text(limits::NAME_LENGTH_MAX)?;
    check_name(node, &text, document, "the base")?;
    Ok(text)
}

/// Refuses what names no section, or no item of a document.
fn check_name(node: Node<'_>, text: &str, document: &Json, whose: &str) -> Read<()> {
    let (name, item) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let Some(section) = sections::find(name) else {
        let (detail, help) = sections::unknown(name);
        return Err(node.invalid(detail, help));
    };
    let Some(item) = item else { return Ok(()) };
    let known = sections::names(section, document);
    if known.contains(&item) {
        return Ok(());
    }
    let help = read::suggestion(item, &known)
        .unwrap_or_else(|| "name an item that is there, or the whole section".to_owned());
    Err(node.invalid(format!("{whose} has no {name} `{}`", read::excerpt(item)), help))
}

/// `[overlay]`: what the overlay is called, what it lies over, and what it takes out.
pub(super) struct Head {
    pub(super) id: Id,
    pub(super) version: String,
    pub(super) base: Id,
    /// Sections and items.
    pub(super) without: Vec<(&'static str, String)>,
}

impl Head {
    pub(super) fn read(overlay: &Json, base: &Json) -> Read<Self> {
        let Json::Object(sections) = overlay else {
            return Err(Node::root(overlay).invalid("not a table", "write [overlay]"));
        };
        let mut fields = Node::root(overlay).object()?;
        let head = fields.required("overlay", |node| Self::read_section(node, base))?;
        let base_id = id_of(base);
        if Some(head.base.as_str()) == Some(head.id.as_str()) {
            let detail = format!("the overlay `{}` lies over itself", head.id);
            return Err(fault("/overlay/base", detail, "name the policy that it tightens"));
        }
        if base_id != Some(head.base.as_str()) {
            let known = base_id.unwrap_or("");
            let help = read::suggestion(head.base.as_str(), &[known])
                .unwrap_or_else(|| format!("write `base = \"{known}\"`, or give the other base"));
            let detail = format!(
                "the overlay lies over `{}`, and the base is called `{known}`",
                read::excerpt(head.base.as_str())
            );
            return Err(fault("/overlay/base", detail, help));
        }
        if sections.contains_key("overlays") {
            let help = "take [overlays] out; only a base says what may be loosened";
            return Err(fault("/overlays", "nothing lies over an overlay", help));
        }
        Ok(head)
    }

    fn read_section(node: Node<'_>, base: &Json) -> Read<Self> {
        let mut fields = node.object()?;
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let head = Self {
            id: fields.required("id", read::id)?,
            version: fields.required("version", name)?,
            base: fields.required("base", read::id)?,
            without: fields
                .list("without", limits::LIST_LENGTH_MAX, |node| read_taken_out(node, base))?,
        };
        fields.finish()?;
        Ok(head)
    }
}

/// An item of the base, as `section.item`.
fn read_taken_out(node: Node<'_>, base: &Json) -> Read<(&'static str, String)> {
    let text = node.filled_text(limits::NAME_LENGTH_MAX)?;
    check_name(node, &text, base, "the base")?;
    let (name, item) = text.split_once('.').unwrap_or((&text, ""));
    let section = sections::find(name).filter(|section| {
        let listed = matches!(section.shape, Shape::Items(_) | Shape::Tools | Shape::Ladder);
        listed && !item.is_empty()
    });
    section.map(|section| (section.name, item.to_owned())).ok_or_else(|| {
        let help = "name an item of a list, such as `suppress.quiet_hours`";
        node.invalid(format!("`{}` cannot be taken out", read::excerpt(&text)), help)
    })
}

/// The id of a policy's text.
pub(super) fn id_of(document: &Json) -> Option<&str> {
    match sections::at(document, "/policy/id") {
        Some(Json::String(id)) => Some(id),
        _ => None,
    }
}

pub(super) fn fault(
    path: impl Into<String>,
    detail: impl Into<String>,
    help: impl Into<String>,
) -> Fault {
    Fault::new(crate::error::ErrorCode::InvalidField, path, detail, help)
}
