//! Cases: the stored row against the case that its events give.

use std::collections::BTreeSet;

use super::Report;
use super::entries::{Fold, Folded};
use crate::case::Case;
use crate::compile::to_json;
use crate::host::store::sql::{self, Connection, OptionalExtension as _, Value};
use crate::host::store::{Failure, StartError};
use crate::json::{Json, StoredJson};
use crate::units::{Id, TimestampMs};

/// Compares one case with its row.
pub(super) fn compare(
    connection: &Connection,
    fold: &Fold,
    report: &mut Report,
) -> Result<(), StartError> {
    report.cases += 1;
    let mut statement = connection.prepare_cached(
        "SELECT body, revision, state, queue, priority, risk_level, language, domain, due_at, \
         created_at, leased_by, lease_until, effective_at, epoch, requested_by, requested_by_person, \
         dedupe_key \
         FROM cases WHERE tenant_id = ?1 AND case_id = ?2",
    )?;
    let row = statement.query_row([&fold.key.tenant_id, &fold.key.id], |row| {
        let body: String = row.get(0)?;
        let columns: sql::Result<Vec<Value>> = (1..17).map(|index| row.get(index)).collect();
        Ok((body, columns?))
    });
    let Some((body, columns)) = row.optional()? else {
        report.fault(&fold.key, None, "there are entries, and no case");
        return Ok(());
    };
    let Some(Folded::Case(case)) = &fold.folded else {
        report.fault(&fold.key, None, "the entries do not begin with the case's creation");
        return Ok(());
    };
    let expected = to_json(case).map_err(Failure::Refused)?;
    if body != expected.canonical() {
        let names = differing_fields(&expected, &body);
        report.fault(
            &fold.key,
            None,
            format!("the stored case is not what its events give: {names}"),
        );
    }
    for ((name, expected), found) in columns_of(case).into_iter().zip(&columns) {
        if expected != *found {
            report.fault(&fold.key, None, format!("the column `{name}` is not the case's"));
        }
    }
    Ok(())
}

/// The columns beside a case, in the order in which they are selected.
fn columns_of(case: &Case) -> [(&'static str, Value); 16] {
    let text = |text: &str| Value::Text(text.to_owned());
    let maybe = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let instant = |at: TimestampMs| Value::Integer(at.as_ms());
    [
        ("revision", Value::Integer(case.revision)),
        ("state", text(case.state.as_str())),
        ("queue", text(&case.queue)),
        ("priority", Value::Integer(case.priority)),
        ("risk_level", text(case.risk_level.as_str())),
        ("language", maybe(case.language.as_deref())),
        ("domain", maybe(case.domain.as_deref())),
        ("due_at", instant(case.due_at)),
        ("created_at", instant(case.created_at)),
        ("leased_by", maybe(case.leased_by.as_ref().map(Id::as_str))),
        ("lease_until", case.lease_until.map_or(Value::Null, instant)),
        ("effective_at", case.effective_at.map_or(Value::Null, instant)),
        ("epoch", Value::Integer(case.epoch)),
        ("requested_by", text(case.requested_by.as_str())),
        ("requested_by_person", maybe(case.requested_by_person.as_ref().map(Id::as_str))),
        ("dedupe_key", maybe(case.dedupe_key.as_deref())),
    ]
}

pub(super) fn differing_fields(expected: &Json, body: &str) -> String {
    let (Json::Object(expected), Ok(StoredJson(Json::Object(found)))) =
        (expected, serde_json::from_str(body))
    else {
        return "it is not an object".to_owned();
    };
    let names: BTreeSet<&str> = expected.keys().chain(found.keys()).map(String::as_str).collect();
    let differs = |name: &&str| expected.get(*name) != found.get(*name);
    let names: Vec<&str> = names.into_iter().filter(differs).collect();
    if names.is_empty() {
        "its form is not canonical".to_owned()
    } else {
        crate::read::quoted(&names)
    }
}
