//! The check that evaluation relies on: types, slots, depth, and a bound on the steps.

use crate::expr::Op;
use crate::fact::{FactDeclaration, FactType};
use crate::limits;

/// Checks a whole condition.
pub(super) fn check(ops: &[Op], facts: &[FactDeclaration]) -> Result<(), String> {
    if ops.len() > limits::PROGRAM_LENGTH_MAX {
        return Err(format!("the condition has more than {} steps", limits::PROGRAM_LENGTH_MAX));
    }
    let found = Checker { facts, items: Vec::new(), depth: 0 }.body(ops)?;
    if found != FactType::Bool {
        return Err(format!("the condition comes to a `{found}`, not to a truth value"));
    }
    let steps = steps_max(ops);
    if steps > limits::CONDITION_STEPS_MAX {
        return Err(format!(
            "the condition may take {steps} steps, at most {} are taken",
            limits::CONDITION_STEPS_MAX
        ));
    }
    Ok(())
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
    fn body(&mut self, ops: &[Op]) -> Result<FactType, String> {
        let mut stack: Vec<FactType> = Vec::new();
        let mut rest = ops;
        while let Some((op, after)) = rest.split_first() {
            rest = after;
            let result = match op {
                Op::Exists(length) | Op::Every(length) => {
                    let (body, after) = after
                        .split_at_checked(usize::from(*length))
                        .ok_or_else(|| format!("{op:?} reaches past the end"))?;
                    rest = after;
                    self.each(op, body, &mut stack)?
                }
                _ => self.step(op, &mut stack)?,
            };
            stack.push(result);
            if self.depth + stack.len() > limits::STACK_DEPTH_MAX {
                return Err(format!("the condition nests deeper than {}", limits::STACK_DEPTH_MAX));
            }
        }
        match stack.as_slice() {
            [found] => Ok(*found),
            _ => Err("the condition does not come to one value".to_owned()),
        }
    }

    fn each(
        &mut self,
        op: &Op,
        body: &[Op],
        stack: &mut Vec<FactType>,
    ) -> Result<FactType, String> {
        let list = stack.pop().ok_or_else(|| format!("{op:?} finds no operand"))?;
        let item = element(list).ok_or_else(|| format!("a `{list}` has no elements"))?;
        if self.items.len() >= limits::LOOP_DEPTH_MAX {
            return Err(format!("loops nest deeper than {}", limits::LOOP_DEPTH_MAX));
        }
        self.items.push(item);
        self.depth += stack.len();
        let found = self.body(body)?;
        self.depth -= stack.len();
        self.items.pop();
        expect(found, FactType::Bool)
    }

    fn step(&self, op: &Op, stack: &mut Vec<FactType>) -> Result<FactType, String> {
        let declared = |slot: u16| {
            let fact = self.facts.get(usize::from(slot));
            fact.ok_or_else(|| format!("there is no fact in slot {slot}"))
        };
        let mut pop = || stack.pop().ok_or_else(|| format!("{op:?} finds no operand"));
        Ok(match op {
            Op::Fact(slot) => declared(*slot)?.fact_type,
            Op::Const(constant) => constant.fact_type(),
            Op::Has(slot) => declared(*slot).map(|_| FactType::Bool)?,
            Op::Item(outwards) => {
                let item = self.items.iter().rev().nth(usize::from(*outwards));
                *item.ok_or_else(|| "there is no such loop".to_owned())?
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
                sized.then_some(FactType::Int).ok_or_else(|| format!("a `{found}` has no size"))?
            }
            Op::Exists(_) | Op::Every(_) => return Err("a loop has no body".to_owned()),
            _ => {
                let (right, left) = (pop()?, pop()?);
                pair(op, left, right)?
            }
        })
    }
}

/// The type of an operation on two values.
pub(crate) fn pair(op: &Op, left: FactType, right: FactType) -> Result<FactType, String> {
    let fits = match op {
        Op::Add | Op::Sub | Op::Mul | Op::Div => {
            number(left)?;
            return match number(right)? {
                same if same == left => Ok(same),
                _ => Err(format!("a `{left}` and a `{right}` cannot be reckoned together")),
            };
        }
        Op::Rem => {
            expect(right, FactType::Int)?;
            return expect(left, FactType::Int);
        }
        Op::At => {
            expect(right, FactType::Int)?;
            return element(left).ok_or_else(|| format!("a `{left}` has no elements"));
        }
        Op::In => element(right).is_some_and(|item| same_kind(left, item)),
        Op::Eq | Op::Ne => same_kind(left, right),
        Op::Contains | Op::StartsWith | Op::EndsWith => {
            expect(right, FactType::String)?;
            expect(left, FactType::String)?;
            true
        }
        _ => element(left).is_none() && same_kind(left, right),
    };
    if fits {
        return Ok(FactType::Bool);
    }
    Err(format!("a `{left}` cannot be compared with a `{right}` in this way"))
}

fn same_kind(left: FactType, right: FactType) -> bool {
    left == right || (number(left).is_ok() && number(right).is_ok())
}

fn number(found: FactType) -> Result<FactType, String> {
    let fits = matches!(found, FactType::Int | FactType::Double);
    fits.then_some(found).ok_or_else(|| format!("expected a number, found a `{found}`"))
}

/// The type that was wanted.
pub(crate) fn expect(found: FactType, wanted: FactType) -> Result<FactType, String> {
    let fits = found == wanted;
    fits.then_some(wanted).ok_or_else(|| format!("expected a `{wanted}`, found a `{found}`"))
}
