//! Evaluates a checked program: no failure, no allocation, no loop without a bound.
//!
//! Whole numbers are reckoned in 64 bits; what does not fit, a division by 0 and an index outside of
//! its list have no result, so that what depends on them is unknown. Doubles follow IEEE 754.

use std::cmp::Ordering;

use crate::expr::{Const, Op, Truth};
use crate::fact::Value;
use crate::flat::cell::FlatFacts;
use crate::limits;
use crate::money::Money;
use crate::units::TimestampMs;

/// What lies on the stack.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a> {
    /// Missing, or without a result.
    Missing,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(&'a str),
    Time(TimestampMs),
    Money(Money),
    Borrowed(&'a [&'a str]),
    Owned(&'a [String]),
    Ints(&'a [i64]),
    Doubles(&'a [f64]),
    /// A list in a buffer of flat facts.
    Flat(FlatList<'a>),
}

/// A list of which each element is made when it is asked for.
#[derive(Clone, Copy)]
pub(crate) struct FlatList<'a> {
    facts: &'a FlatFacts<'a>,
    start: u32,
    length: u32,
}

impl<'a> FlatList<'a> {
    pub(crate) const fn new(facts: &'a FlatFacts<'a>, start: u32, length: u32) -> Self {
        Self { facts, start, length }
    }
}

/// Where a program finds the facts.
pub(crate) trait Facts {
    /// The fact in a slot.
    fn fact(&self, slot: u16) -> Operand<'_>;
}

impl Facts for [Value<'_>] {
    fn fact(&self, slot: u16) -> Operand<'_> {
        self.get(usize::from(slot)).map_or(Operand::Missing, of_fact)
    }
}

/// The operands of a program: their number was bounded when it was checked.
pub(crate) struct Stack<'a> {
    operands: [Operand<'a>; limits::STACK_DEPTH_MAX],
    depth: usize,
}

impl<'a> Stack<'a> {
    pub(crate) const fn new() -> Self {
        Self { operands: [Operand::Missing; limits::STACK_DEPTH_MAX], depth: 0 }
    }

    fn push(&mut self, operand: Operand<'a>) {
        if let Some(place) = self.operands.get_mut(self.depth) {
            *place = operand;
            self.depth += 1;
        }
    }

    fn pop(&mut self) -> Option<Operand<'a>> {
        self.depth = self.depth.checked_sub(1)?;
        self.operands.get(self.depth).copied()
    }
}

/// The elements that the loops around are at, the innermost first.
pub(crate) struct Items<'i, 'a> {
    item: Operand<'a>,
    outer: Option<&'i Items<'i, 'a>>,
}

/// The truth that the operations come to; what lay on the stack before stays there.
pub(crate) fn run<'a>(
    ops: &'a [Op],
    facts: &'a (impl Facts + ?Sized),
    items: Option<&Items<'_, 'a>>,
    stack: &mut Stack<'a>,
) -> Truth {
    let mut rest = ops;
    while let Some((op, after)) = rest.split_first() {
        rest = after;
        let result = match op {
            Op::Exists(length) | Op::Every(length) => {
                let (body, after) = after.split_at(usize::from(*length).min(after.len()));
                rest = after;
                let list = stack.pop().unwrap_or(Operand::Missing);
                let decisive = Truth::from(matches!(op, Op::Exists(_)));
                operand(each(decisive, list, body, facts, items, stack))
            }
            _ => step(op, facts, items, stack),
        };
        stack.push(result);
    }
    stack.pop().map_or(Truth::Unknown, truth)
}

/// `decisive` if an element comes to it; unknown if one is unknown; else the opposite.
fn each<'a>(
    decisive: Truth,
    list: Operand<'a>,
    body: &'a [Op],
    facts: &'a (impl Facts + ?Sized),
    outer: Option<&Items<'_, 'a>>,
    stack: &mut Stack<'a>,
) -> Truth {
    let Some(length) = length(list) else {
        return Truth::Unknown;
    };
    let mut result = opposite(decisive);
    for index in 0..length {
        let items = Items { item: at(list, index), outer };
        let found = run(body, facts, Some(&items), stack);
        if found == decisive {
            return found;
        }
        if found == Truth::Unknown {
            result = found;
        }
    }
    result
}

fn step<'a>(
    op: &'a Op,
    facts: &'a (impl Facts + ?Sized),
    items: Option<&Items<'_, 'a>>,
    stack: &mut Stack<'a>,
) -> Operand<'a> {
    let fact = |slot: u16| facts.fact(slot);
    let mut pop = || stack.pop().unwrap_or(Operand::Missing);
    match op {
        Op::Fact(slot) => fact(*slot),
        Op::Const(constant) => of_const(constant),
        Op::Has(slot) => Operand::Bool(!matches!(fact(*slot), Operand::Missing)),
        Op::Item(outwards) => {
            let mut found = items;
            for _ in 0..*outwards {
                found = found.and_then(|items| items.outer);
            }
            found.map_or(Operand::Missing, |items| items.item)
        }
        Op::Not => operand(opposite(truth(pop()))),
        Op::And(count) => operand(fold(*count, Truth::False, pop)),
        Op::Or(count) => operand(fold(*count, Truth::True, pop)),
        Op::Choose => {
            let (right, left) = (pop(), pop());
            match truth(pop()) {
                Truth::True => left,
                Truth::False => right,
                Truth::Unknown => Operand::Missing,
            }
        }
        Op::Neg => match pop() {
            Operand::Int(value) => value.checked_neg().map_or(Operand::Missing, Operand::Int),
            Operand::Double(value) => Operand::Double(-value),
            _ => Operand::Missing,
        },
        Op::Double => match pop() {
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is meant")]
            Operand::Int(value) => Operand::Double(value as f64),
            other => other,
        },
        Op::Size => {
            let found = pop();
            let size = match found {
                Operand::String(text) => Some(text.chars().count()),
                list => length(list),
            };
            let size = size.and_then(|size| i64::try_from(size).ok());
            size.map_or(Operand::Missing, Operand::Int)
        }
        Op::Exists(_) | Op::Every(_) => Operand::Missing,
        _ => {
            let (right, left) = (pop(), pop());
            pair(op, left, right)
        }
    }
}

fn pair<'a>(op: &Op, left: Operand<'a>, right: Operand<'a>) -> Operand<'a> {
    if let (Operand::Missing, _) | (_, Operand::Missing) = (left, right) {
        return Operand::Missing;
    }
    match (op, left, right) {
        (Op::At, list, Operand::Int(index)) => {
            usize::try_from(index).map_or(Operand::Missing, |index| at(list, index))
        }
        (Op::In, item, list) => operand(contains(list, item)),
        (Op::Contains, Operand::String(text), Operand::String(part)) => {
            Operand::Bool(text.contains(part))
        }
        (Op::StartsWith, Operand::String(text), Operand::String(part)) => {
            Operand::Bool(text.starts_with(part))
        }
        (Op::EndsWith, Operand::String(text), Operand::String(part)) => {
            Operand::Bool(text.ends_with(part))
        }
        (
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem,
            Operand::Int(left),
            Operand::Int(right),
        ) => {
            let result = match op {
                Op::Add => left.checked_add(right),
                Op::Sub => left.checked_sub(right),
                Op::Mul => left.checked_mul(right),
                Op::Div => left.checked_div(right),
                _ => left.checked_rem(right),
            };
            result.map_or(Operand::Missing, Operand::Int)
        }
        (Op::Add | Op::Sub | Op::Mul | Op::Div, Operand::Double(left), Operand::Double(right)) => {
            Operand::Double(match op {
                Op::Add => left + right,
                Op::Sub => left - right,
                Op::Mul => left * right,
                _ => left / right,
            })
        }
        _ => operand(compare(op, left, right)),
    }
}

/// What is no number is unequal to all, and neither less nor greater.
fn compare(op: &Op, left: Operand<'_>, right: Operand<'_>) -> Truth {
    let ordering = match (left, right) {
        (Operand::Bool(left), Operand::Bool(right)) => Some(left.cmp(&right)),
        (Operand::Int(left), Operand::Int(right)) => Some(left.cmp(&right)),
        (Operand::Double(left), Operand::Double(right)) => left.partial_cmp(&right),
        (Operand::Int(left), Operand::Double(right)) => mixed(left, right),
        (Operand::Double(left), Operand::Int(right)) => mixed(right, left).map(Ordering::reverse),
        (Operand::String(left), Operand::String(right)) => Some(left.cmp(right)),
        (Operand::Time(left), Operand::Time(right)) => Some(left.cmp(&right)),
        // Amounts of two currencies cannot be compared: that is unknown, never false.
        (Operand::Money(left), Operand::Money(right)) => {
            if left.currency() != right.currency() {
                return Truth::Unknown;
            }
            Some(left.minor().cmp(&right.minor()))
        }
        _ => return same_lists(op, left, right),
    };
    Truth::from(match op {
        Op::Eq => ordering == Some(Ordering::Equal),
        Op::Ne => ordering != Some(Ordering::Equal),
        Op::Lt => ordering == Some(Ordering::Less),
        Op::Le => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Op::Gt => ordering == Some(Ordering::Greater),
        _ => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    })
}

fn same_lists(op: &Op, left: Operand<'_>, right: Operand<'_>) -> Truth {
    let (Some(left_length), Some(right_length)) = (length(left), length(right)) else {
        return Truth::Unknown;
    };
    let mut indexes = 0..left_length;
    let same = left_length == right_length
        && indexes.all(|index| compare(&Op::Eq, at(left, index), at(right, index)) == Truth::True);
    Truth::from(same == (*op == Op::Eq))
}

/// A whole number against a double, exactly.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the double is within the whole numbers of 64 bits when it is cast"
)]
fn mixed(left: i64, right: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if right.is_nan() {
        return None;
    }
    if right >= BEYOND {
        return Some(Ordering::Less);
    }
    if right < -BEYOND {
        return Some(Ordering::Greater);
    }
    let whole = right as i64;
    let below = right - whole as f64;
    Some(left.cmp(&whole).then(0.0_f64.total_cmp(&(below + 0.0))))
}

fn contains(list: Operand<'_>, item: Operand<'_>) -> Truth {
    let Some(length) = length(list) else {
        return Truth::Unknown;
    };
    let is_item = |index| compare(&Op::Eq, at(list, index), item) == Truth::True;
    Truth::from((0..length).any(is_item))
}

fn length(list: Operand<'_>) -> Option<usize> {
    match list {
        Operand::Borrowed(list) => Some(list.len()),
        Operand::Owned(list) => Some(list.len()),
        Operand::Ints(list) => Some(list.len()),
        Operand::Doubles(list) => Some(list.len()),
        Operand::Flat(list) => usize::try_from(list.length).ok(),
        _ => None,
    }
}

fn at(list: Operand<'_>, index: usize) -> Operand<'_> {
    let found = match list {
        Operand::Borrowed(list) => list.get(index).map(|text| Operand::String(text)),
        Operand::Owned(list) => list.get(index).map(|text| Operand::String(text)),
        Operand::Ints(list) => list.get(index).copied().map(Operand::Int),
        Operand::Doubles(list) => list.get(index).copied().map(Operand::Double),
        Operand::Flat(list) => u32::try_from(index)
            .ok()
            .filter(|index| *index < list.length)
            .map(|index| list.facts.element(list.start.saturating_add(index))),
        _ => None,
    };
    found.unwrap_or(Operand::Missing)
}

fn of_fact<'a>(value: &'a Value<'a>) -> Operand<'a> {
    match value {
        Value::Missing => Operand::Missing,
        Value::Bool(value) => Operand::Bool(*value),
        Value::Int(value) => Operand::Int(*value),
        Value::Double(value) => Operand::Double(*value),
        Value::String(value) => Operand::String(value),
        Value::Time(value) => Operand::Time(*value),
        Value::Money(value) => Operand::Money(*value),
        Value::StringList(values) => Operand::Borrowed(values),
        Value::IntList(values) => Operand::Ints(values),
        Value::DoubleList(values) => Operand::Doubles(values),
    }
}

fn of_const(constant: &Const) -> Operand<'_> {
    match constant {
        Const::Bool(value) => Operand::Bool(*value),
        Const::Int(value) => Operand::Int(*value),
        Const::Double(value) => Operand::Double(*value),
        Const::String(value) => Operand::String(value),
        Const::Time(value) => Operand::Time(*value),
        Const::Money(value) => Operand::Money(*value),
        Const::StringList(values) => Operand::Owned(values),
        Const::IntList(values) => Operand::Ints(values),
        Const::DoubleList(values) => Operand::Doubles(values),
    }
}

const fn truth(operand: Operand<'_>) -> Truth {
    match operand {
        Operand::Bool(true) => Truth::True,
        Operand::Bool(false) => Truth::False,
        _ => Truth::Unknown,
    }
}

const fn operand<'a>(truth: Truth) -> Operand<'a> {
    match truth {
        Truth::True => Operand::Bool(true),
        Truth::False => Operand::Bool(false),
        Truth::Unknown => Operand::Missing,
    }
}

const fn opposite(truth: Truth) -> Truth {
    match truth {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        Truth::Unknown => Truth::Unknown,
    }
}

/// `decisive` if any operand is; unknown if any is unknown; else the opposite.
fn fold<'a>(count: u16, decisive: Truth, mut pop: impl FnMut() -> Operand<'a>) -> Truth {
    let mut result = opposite(decisive);
    for _ in 0..count {
        let found = truth(pop());
        if found == decisive || (found == Truth::Unknown && result != decisive) {
            result = found;
        }
    }
    result
}
