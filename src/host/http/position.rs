//! Where a reader of events stands: one sequence per tenant.
//!
//! Who reads one tenant has its plain sequence. Who reads several has one for each, in a form that
//! only this host reads, so that none of them has to wait for, or tell of, another.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{ErrorCode, Fault};
use crate::json::{INTEGER_MAX, Json};
use crate::read::{Node, Read};
use crate::units::Id;

/// Tenants that one stream may cover.
pub(super) const TENANTS_MAX: usize = 200;
/// Characters of a position.
const LENGTH_MAX: usize = 40_000;

/// A position; a tenant that is not in it is read from its first event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position(BTreeMap<Id, i64>);

/// A position as it was sent, before it is known which tenants the reader has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// A plain sequence.
    Sequence(i64),
    /// One for each tenant.
    Each(Position),
}

impl Position {
    pub(super) fn get(&self, tenant_id: &Id) -> i64 {
        self.0.get(tenant_id).copied().unwrap_or(0)
    }

    pub(super) fn set(&mut self, tenant_id: &Id, sequence: i64) {
        self.0.insert(tenant_id.clone(), sequence);
    }

    /// The position as an event's id. A reader of one tenant has its sequence alone.
    pub(super) fn text(&self, only: Option<&Id>) -> String {
        if let Some(only) = only {
            return self.get(only).to_string();
        }
        let of = |(tenant_id, sequence): (&Id, &i64)| {
            (tenant_id.as_str().to_owned(), Json::String(sequence.to_string()))
        };
        URL_SAFE_NO_PAD.encode(Json::Object(self.0.iter().map(of).collect()).canonical())
    }
}

impl Given {
    /// Reads a position that this host gave.
    pub(super) fn read(node: Node<'_>) -> Read<Self> {
        let text = node.text(LENGTH_MAX)?;
        Self::parse(&text).ok_or_else(|| {
            node.invalid(
                "this is not a position among the events",
                "send an event's `id` as it was given, or 0 for everything",
            )
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let sequence = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|number| *number <= INTEGER_MAX);
            number.filter(|_| digits)
        };
        if let Some(sequence) = sequence(text) {
            return Some(Self::Sequence(sequence));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let Ok(Json::Object(fields)) = serde_json::from_slice(&bytes) else { return None };
        let of = |(tenant_id, value): (String, Json)| match value {
            Json::String(text) => Some((Id::new(&tenant_id)?, sequence(&text)?)),
            _ => None,
        };
        let each: Option<BTreeMap<Id, i64>> = fields.into_iter().map(of).collect();
        Some(Self::Each(Position(each?)))
    }

    /// The position of a reader of these tenants.
    ///
    /// # Errors
    /// `invalid_field` for one plain sequence where there are several tenants.
    pub(super) fn among(self, only: Option<&Id>) -> Result<Position, Fault> {
        match (self, only) {
            (Self::Each(position), _) => Ok(position),
            (Self::Sequence(0), _) => Ok(Position::default()),
            (Self::Sequence(sequence), Some(only)) => {
                Ok(Position(BTreeMap::from([(only.clone(), sequence)])))
            }
            (Self::Sequence(_), None) => Err(Fault::new(
                ErrorCode::InvalidField,
                "/query/after",
                "a plain sequence says nothing to a reader of several tenants",
                "send an event's `id` as it was given, or add `?tenant_id=…`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_was_given() {
        let id = |text: &str| Id::new(text).unwrap();
        let mut position = Position::default();
        position.set(&id("north,wind=1"), 42);
        position.set(&id("contoso"), INTEGER_MAX);
        let given = Given::parse(&position.text(None)).unwrap();
        assert_eq!(given.among(None).unwrap(), position);
        let contoso = id("contoso");
        assert_eq!(position.text(Some(&contoso)), INTEGER_MAX.to_string());
        let plain = Given::parse("7").unwrap();
        assert_eq!(plain.clone().among(Some(&contoso)).unwrap().get(&contoso), 7);
        assert!(plain.among(None).is_err());
        for bad in ["", "-1", "+1", "1.0", "7 ", "e30=", "bm9uZQ", "eyJhIjoxfQ", "9007199254740992"]
        {
            assert_eq!(Given::parse(bad), None, "{bad}");
        }
    }
}
