//! Comparisons that can never hold: out of a fact's range, or against each other.

use std::cmp::Ordering;

use crate::compile::cel::emit::path_of;
use crate::compile::cel::parse::{Expr, Kind};
use crate::compile::cel::{Told, meaning};
use crate::expr::{Const, Op};

/// One fact against constants.
struct Comparison<'a> {
    at: usize,
    path: String,
    op: Op,
    values: Vec<&'a Const>,
}

/// Tells the first comparison that can never hold where it stands.
pub(super) fn check(expr: &Expr) -> Result<(), Told> {
    let parts: Vec<&Expr> = match &expr.kind {
        Kind::All(parts) => {
            together(parts)?;
            parts.iter().collect()
        }
        Kind::Any(parts) => parts.iter().collect(),
        Kind::Choose(parts) => parts.iter().collect(),
        Kind::Not(inner) => vec![inner],
        Kind::Call { target, arguments, .. } => {
            target.iter().map(AsRef::as_ref).chain(arguments).collect()
        }
        _ => return within_range(expr),
    };
    parts.into_iter().try_for_each(check)
}

fn within_range(expr: &Expr) -> Result<(), Told> {
    let Some(comparison) = comparison(expr) else {
        return Ok(());
    };
    let Some((least, greatest)) = meaning::range(&comparison.path) else {
        return Ok(());
    };
    let never = comparison.values.iter().all(|value| {
        number(value).is_some_and(|value| match comparison.op {
            Op::Gt => value >= greatest,
            Op::Ge => value > greatest,
            Op::Lt => value <= least,
            Op::Le => value < least,
            Op::Eq | Op::In => value < least || value > greatest,
            _ => false,
        })
    });
    if !never {
        return Ok(());
    }
    let path = &comparison.path;
    let help = if greatest.is_finite() {
        format!("`{path}` lies from {least} to {greatest}")
    } else {
        format!("`{path}` is at least {least}")
    };
    Err(Told::new(comparison.at, "this comparison can never hold", help))
}

/// Tells two parts of a conjunction that exclude each other.
fn together(parts: &[Expr]) -> Result<(), Told> {
    let comparisons: Vec<Comparison<'_>> = parts.iter().filter_map(comparison).collect();
    for (index, right) in comparisons.iter().enumerate() {
        let excluded = comparisons.iter().take(index).any(|left| {
            left.path == right.path && !(may_agree(left, right) && may_agree(right, left))
        });
        if excluded {
            let detail = format!("the conditions on `{}` can never hold together", right.path);
            return Err(Told::new(right.at, detail, "join them by `||`, or change a bound"));
        }
    }
    Ok(())
}

/// Whether what `left` admits may be admitted by `right`; in doubt it may.
fn may_agree(left: &Comparison<'_>, right: &Comparison<'_>) -> bool {
    let order = |left: &Const, right: &Const| ordering(left, right);
    let holds = |value: &Const| match (&right.op, right.values.as_slice()) {
        (Op::Eq | Op::In, values) => {
            values.iter().any(|known| order(value, known).is_none_or(Ordering::is_eq))
        }
        (op, [bound]) => order(value, bound).is_none_or(|found| match op {
            Op::Ne => found.is_ne(),
            Op::Lt => found.is_lt(),
            Op::Le => found.is_le(),
            Op::Gt => found.is_gt(),
            _ => found.is_ge(),
        }),
        _ => true,
    };
    match (&left.op, left.values.as_slice(), &right.op, right.values.as_slice()) {
        (Op::Eq | Op::In, values, ..) => values.iter().any(|value| holds(value)),
        (Op::Gt | Op::Ge, [least], Op::Lt | Op::Le, [greatest]) => {
            let both_included = left.op == Op::Ge && right.op == Op::Le;
            order(least, greatest)
                .is_none_or(|found| found.is_lt() || (found.is_eq() && both_included))
        }
        _ => true,
    }
}

fn comparison(expr: &Expr) -> Option<Comparison<'_>> {
    let Kind::Pair(op, left, right) = &expr.kind else {
        return None;
    };
    let (fact, constant, op) = match (op, &left.kind, &right.kind) {
        (Op::In, _, Kind::List(_)) => (left, right, Op::In),
        (Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge, _, Kind::Literal(_)) => {
            (left, right, op.clone())
        }
        (Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge, Kind::Literal(_), _) => {
            (right, left, mirrored(op))
        }
        _ => return None,
    };
    let path = path_of(fact)?;
    let values = match &constant.kind {
        Kind::Literal(value) => vec![value],
        Kind::List(elements) => elements
            .iter()
            .map(|element| match &element.kind {
                Kind::Literal(value) => Some(value),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    Some(Comparison { at: fact.at, path, op, values })
}

fn mirrored(op: &Op) -> Op {
    match op {
        Op::Lt => Op::Gt,
        Op::Le => Op::Ge,
        Op::Gt => Op::Lt,
        Op::Ge => Op::Le,
        other => other.clone(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "literals are at most 2^53")]
fn number(value: &Const) -> Option<f64> {
    match value {
        Const::Int(value) => Some(*value as f64),
        Const::Double(value) => Some(*value),
        _ => None,
    }
}

fn ordering(left: &Const, right: &Const) -> Option<Ordering> {
    match (left, right) {
        (Const::String(left), Const::String(right)) => Some(left.cmp(right)),
        (Const::Bool(left), Const::Bool(right)) => Some(left.cmp(right)),
        (Const::Money(left), Const::Money(right)) if left.currency() == right.currency() => {
            Some(left.minor().cmp(&right.minor()))
        }
        (Const::Time(left), Const::Time(right)) => Some(left.cmp(right)),
        _ => number(left)?.partial_cmp(&number(right)?),
    }
}
