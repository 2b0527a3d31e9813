//! The check that evaluation relies on: types, slots, depth, and a bound on the steps.
//!
//! Its sentences are fixed, because an edge carries this code: the compiler says more.

use crate::expr::Op;
use crate::fact::{FactDeclaration, FactType};
use crate::limits;

/// A sentence that says which rule is broken.
type Checked = Result<FactType, &'static str>;

const TOO_LONG: &str = "the condition has more than 512 steps";
const TOO_DEEP: &str = "the condition nests deeper than 32";
const TOO_COSTLY: &str = "the condition may take more than 100000 steps";
const TOO_MANY_LOOPS: &str = "loops nest deeper than 2";
const _: () = assert!(
    limits::PROGRAM_LENGTH_MAX == 512
        && limits::STACK_DEPTH_MAX == 32
        && limits::CONDITION_STEPS_MAX == 100_000
        && limits::LOOP_DEPTH_MAX == 2,
    "the sentences name the limits"
);
const NO_OPERAND: &str = "an operation finds no operand";
const MISFIT: &str = "an operation finds types that do not fit";

/// Checks a whole condition.
pub(super) fn check(ops: &[Op], facts: &[FactDeclaration]) -> Result<(), &'static str> {
    if ops.len() > limits::PROGRAM_LENGTH_MAX {
        return Err(TOO_LONG);
    }
    let found = Checker { facts, items: Vec::new(), depth: 0 }.body(ops)?;
    if found != FactType::Bool {
        return Err("the condition does not come to a truth value");
    }
    if steps_max(ops) > limits::CONDITION_STEPS_MAX { Err(TOO_COSTLY) } else { Ok(()) }
}

/// The most steps that these operations take: a loop runs over the longest list there is.
pub(super) fn steps_max(ops: &[Op]) -> usize {
    let mut steps = 0_usize;
    let mut rest = ops;
    while let Some((op, after)) = rest.split_first() {
        rest = after;
        steps = steps.saturating_add(1);
        if let Op::Exists(length) | Op::Every(length) = op {
            let (body, after) = after.split_at(usize::from(*length).min(after.len()));
            let each = steps_max(body).saturating_mul(limits::LIST_LENGTH_MAX);
            steps = steps.saturating_add(each);
            rest = after;
        }
    }
    steps
}

/// The type of a list's elements.
pub(crate) const fn element(list: FactType) -> Option<FactType> {
    match list {
        FactType::StringList => Some(FactType::String),
        FactType::IntList => Some(FactType::Int),
        FactType::DoubleList => Some(FactType::Double),
        _ => None,
    }
}

struct Checker<'a> {
    facts: &'a [FactDeclaration],
    /// The types of the loops' elements, the innermost last.
    items: Vec<FactType>,
    /// What lies on the stacks of the loops around.
    depth: usize,
}

impl Checker<'_> {
    /// The type of the one value that the operations leave.
    fn body(&mut self, ops: &[Op]) -> Checked {
        let mut stack: Vec<FactType> = Vec::new();
        let mut rest = ops;
        while let Some((op, after)) = rest.split_first() {
            rest = after;
            let result = match op {
                Op::Exists(length) | Op::Every(length) => {
                    let split = after.split_at_checked(usize::from(*length));
                    let (body, after) = split.ok_or("a loop reaches past the end")?;
                    rest = after;
                    self.each(body, &mut stack)?
                }
                _ => self.step(op, &mut stack)?,
            };
            stack.push(result);
            if self.depth + stack.len() > limits::STACK_DEPTH_MAX {
                return Err(TOO_DEEP);
            }
        }
        match stack.as_slice() {
            [found] => Ok(*found),
            _ => Err("the condition does not come to one value"),
        }
    }

    fn each(&mut self, body: &[Op], stack: &mut Vec<FactType>) -> Checked {
        let item = stack.pop().and_then(element).ok_or(MISFIT)?;
        if self.items.len() >= limits::LOOP_DEPTH_MAX {
            return Err(TOO_MANY_LOOPS);
        }
        self.items.push(item);
        self.depth += stack.len();
        let found = self.body(body)?;
        self.depth -= stack.len();
        self.items.pop();
        expect(found, FactType::Bool)
    }

    fn step(&self, op: &Op, stack: &mut Vec<FactType>) -> Checked {
        let declared =
            |slot: u16| self.facts.get(usize::from(slot)).ok_or("there is no fact in a slot");
        let mut pop = || stack.pop().ok_or(NO_OPERAND);
        Ok(match op {
            Op::Fact(slot) => declared(*slot)?.fact_type,
            Op::Const(constant) => constant.fact_type(),
            Op::Has(slot) => declared(*slot).map(|_| FactType::Bool)?,
            Op::Item(outwards) => {
                let item = self.items.iter().rev().nth(usize::from(*outwards));
                *item.ok_or("there is no such loop")?
            }
            Op::Not => expect(pop()?, FactType::Bool)?,
            Op::And(count) | Op::Or(count) => {
                for _ in 0..*count {
                    expect(pop()?, FactType::Bool)?;
                }
                FactType::Bool
            }
            Op::Choose => {
                let (right, left) = (pop()?, pop()?);
                expect(pop()?, FactType::Bool)?;
                expect(right, left)?
            }
            Op::Neg => number(pop()?)?,
            Op::Double => number(pop()?).map(|_| FactType::Double)?,
            Op::Size => {
                let found = pop()?;
                let sized = found == FactType::String || element(found).is_some();
                sized.then_some(FactType::Int).ok_or(MISFIT)?
            }
            Op::Exists(_) | Op::Every(_) => return Err(NO_OPERAND),
            _ => {
                let (right, left) = (pop()?, pop()?);
                pair(op, left, right).ok_or(MISFIT)?
            }
        })
    }
}

/// The type of an operation on two values, if it takes them.
pub(crate) fn pair(op: &Op, left: FactType, right: FactType) -> Option<FactType> {
    let fits = match op {
        Op::Add | Op::Sub | Op::Mul | Op::Div => {
            return (is_number(left) && left == right).then_some(left);
        }
        Op::Rem => {
            return (left == FactType::Int && right == FactType::Int).then_some(left);
        }
        Op::At => return element(left).filter(|_| right == FactType::Int),
        Op::In => element(right).is_some_and(|item| same_kind(left, item)),
        Op::Eq | Op::Ne => same_kind(left, right),
        Op::Contains | Op::StartsWith | Op::EndsWith => {
            left == FactType::String && right == FactType::String
        }
        _ => element(left).is_none() && same_kind(left, right),
    };
    fits.then_some(FactType::Bool)
}

/// Whether it is one of the two types of numbers.
pub(crate) const fn is_number(found: FactType) -> bool {
    matches!(found, FactType::Int | FactType::Double)
}

fn same_kind(left: FactType, right: FactType) -> bool {
    left == right || (is_number(left) && is_number(right))
}

fn number(found: FactType) -> Checked {
    if is_number(found) { Ok(found) } else { Err(MISFIT) }
}

fn expect(found: FactType, wanted: FactType) -> Checked {
    if found == wanted { Ok(found) } else { Err(MISFIT) }
}
