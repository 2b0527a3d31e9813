//! Which way a condition goes as facts of a known order grow: whether it can only begin to hold, or
//! only end. Told from the text alone; in doubt it may do both.

use crate::compile::cel::emit::path_of;
use crate::compile::cel::meaning;
use crate::compile::cel::parse::{Expr, Kind, parse};
use crate::expr::{Const, Op};

/// What becomes of a condition's truth as the facts grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) enum Direction {
    /// It reads none of them.
    Still,
    /// It can only begin to hold.
    Up,
    /// It can only end.
    Down,
    /// Nobody can say.
    Either,
}

use Direction::{Down, Either, Still, Up};

impl Direction {
    const fn with(self, other: Self) -> Self {
        match (self, other) {
            (Still, other) | (other, Still) => other,
            (Up, Up) => Up,
            (Down, Down) => Down,
            _ => Either,
        }
    }

    const fn flipped(self) -> Self {
        match self {
            Up => Down,
            Down => Up,
            other => other,
        }
    }
}

/// Which way the condition goes as the facts that grow do: words in the order of their list, numbers
/// up, truths from false to true, lists by more elements.
#[must_use]
pub(in crate::compile) fn direction(text: &str, grows: &dyn Fn(&str) -> bool) -> Direction {
    parse(text).map_or(Either, |tree| of(&tree, grows))
}

fn of(expr: &Expr, grows: &dyn Fn(&str) -> bool) -> Direction {
    if !mentions(expr, grows) {
        return Still;
    }
    match &expr.kind {
        Kind::All(parts) | Kind::Any(parts) => {
            parts.iter().fold(Still, |found, part| found.with(of(part, grows)))
        }
        Kind::Not(inner) => of(inner, grows).flipped(),
        Kind::Choose(parts) => {
            let [condition, yes, no] = parts.as_ref();
            match of(condition, grows) {
                Still => of(yes, grows).with(of(no, grows)),
                _ => Either,
            }
        }
        Kind::Pair(op, left, right) => pair(op, left, right, grows),
        Kind::Call { target: Some(list), name, arguments } => {
            let free = !arguments.iter().any(|part| mentions(part, grows));
            let is_fact = path_of(list).is_some_and(|path| grows(&path));
            match name.as_str() {
                "exists" if free && is_fact => Up,
                "all" if free && is_fact => Down,
                _ => Either,
            }
        }
        Kind::Name(_) | Kind::Field(..) => Up,
        _ => Either,
    }
}

fn pair(op: &Op, left: &Expr, right: &Expr, grows: &dyn Fn(&str) -> bool) -> Direction {
    let fact = |expr: &Expr| path_of(expr).filter(|path| grows(path));
    match (fact(left), fact(right)) {
        // An element in a list that grows.
        (None, Some(_)) if *op == Op::In && !mentions(left, grows) => Up,
        (Some(path), None) if !mentions(right, grows) => match op {
            Op::Gt | Op::Ge => Up,
            Op::Lt | Op::Le => Down,
            Op::Eq | Op::Ne | Op::In => among_words(op, &path, right),
            _ => Either,
        },
        (None, Some(path)) if !mentions(left, grows) => match op {
            Op::Lt | Op::Le => Up,
            Op::Gt | Op::Ge => Down,
            Op::Eq | Op::Ne => among_words(op, &path, left),
            _ => Either,
        },
        _ => Either,
    }
}

/// A word that is held against words: the truth for each, from the least word to the greatest.
fn among_words(op: &Op, path: &str, constant: &Expr) -> Direction {
    let word = |expr: &Expr| match &expr.kind {
        Kind::Literal(Const::String(word)) => Some(word.clone()),
        _ => None,
    };
    let listed: Option<Vec<String>> = match &constant.kind {
        Kind::List(elements) => elements.iter().map(word).collect(),
        _ => word(constant).map(|word| vec![word]),
    };
    let (Some(listed), Some(words)) = (listed, meaning::words(path)) else { return Either };
    let holds = |known: &&str| listed.iter().any(|word| word == known) != (*op == Op::Ne);
    let truths: Vec<bool> = words.iter().map(holds).collect();
    if truths.is_sorted() {
        Up
    } else if truths.iter().rev().is_sorted() {
        Down
    } else {
        Either
    }
}

fn mentions(expr: &Expr, grows: &dyn Fn(&str) -> bool) -> bool {
    if path_of(expr).is_some_and(|path| grows(&path)) {
        return true;
    }
    let any = |parts: &[Expr]| parts.iter().any(|part| mentions(part, grows));
    match &expr.kind {
        Kind::Literal(_) | Kind::Name(_) => false,
        Kind::Field(inner, _) | Kind::Not(inner) | Kind::Negate(inner) => mentions(inner, grows),
        Kind::Index(left, right) | Kind::Pair(_, left, right) => {
            mentions(left, grows) || mentions(right, grows)
        }
        Kind::Call { target, arguments, .. } => {
            target.as_ref().is_some_and(|target| mentions(target, grows)) || any(arguments)
        }
        Kind::List(parts) | Kind::All(parts) | Kind::Any(parts) => any(parts),
        Kind::Choose(parts) => any(parts.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_goes_one_way_or_nobody_can_say() {
        let rows = [
            ("request.domain == \"legal\"", Still),
            ("actions.verdict in [\"require_approval\", \"deny\"]", Up),
            ("actions.verdict == \"require_approval\"", Either),
            ("actions.verdict == \"deny\"", Up),
            ("actions.verdict != \"allow\"", Up),
            ("actions.verdict == \"allow\"", Down),
            ("!(actions.verdict == \"allow\")", Up),
            ("\"deny\" == actions.verdict", Up),
            ("\"money\" in actions.effects", Up),
            ("!(\"money\" in actions.effects)", Down),
            ("actions.effects.exists(effect, effect == \"money\")", Up),
            ("actions.effects.all(effect, effect == \"money\")", Down),
            ("size(actions.effects) > 1", Either),
            ("actions.quorum >= 2", Up),
            ("2 > actions.quorum", Down),
            ("actions.quorum == 2", Either),
            ("actions.provisional || request.domain == \"legal\"", Up),
            ("actions.provisional && actions.tier == \"low\"", Either),
            ("request.domain == \"legal\" ? actions.provisional : actions.quorum > 1", Up),
            ("actions.provisional ? actions.quorum > 1 : false", Either),
            ("actions.provisional == true", Either),
        ];
        let grows = |path: &str| path.starts_with("actions.");
        for (text, expected) in rows {
            assert_eq!(direction(text, &grows), expected, "{text}");
        }
    }
}
