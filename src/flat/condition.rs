//! Conditions as they are decided: the usual forms as tests on cells, everything else as its program.
//!
//! A test gives what its part of the program would give: the property in `tests/it/flat.rs` holds
//! them together.

use crate::expr::run::{Stack, run};
use crate::expr::{Const, Op, Program, Truth};
use crate::fact::{FactDeclaration, FactType};
use crate::flat::cell::{Cell, FlatFacts, tag};
use crate::flat::words::{OTHER_TEXT, Words};
use crate::json::INTEGER_MAX;

/// A condition over flat facts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    test: Test,
    /// The facts that it reads, each once.
    slots: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// The fact itself, a truth value.
    Flag(u16),
    /// Whether the fact is there.
    Has(u16),
    /// A number against a bound.
    Number(u16, Comparison, f64),
    /// An amount in minor units against a bound of the packed currency.
    Amount(u16, Comparison, f64, u32),
    /// The text is one of the words.
    Word(u16, Vec<u32>),
    /// One of the texts in the list is one of the words.
    AnyWord(u16, Vec<u32>),
    Not(Box<Test>),
    All(Vec<Test>),
    Any(Vec<Test>),
    /// These steps of the program.
    Steps(usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    const fn of(op: &Op) -> Option<Self> {
        Some(match op {
            Op::Eq => Self::Equal,
            Op::Ne => Self::Unequal,
            Op::Lt => Self::Less,
            Op::Le => Self::LessOrEqual,
            Op::Gt => Self::Greater,
            Op::Ge => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The same with both sides changed.
    const fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    /// Whole numbers in cells are exact doubles, so that one comparison serves both types.
    #[inline(always)]
    fn holds(self, left: f64, right: f64) -> Truth {
        Truth::from(match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        })
    }
}

impl Condition {
    /// The tests that a program comes to. The words must have all texts of the program.
    pub(crate) fn of(program: &Program, facts: &[FactDeclaration], words: &Words) -> Self {
        let mut slots: Vec<u16> = program.slots().collect();
        slots.sort_unstable();
        slots.dedup();
        let ops = program.ops();
        let test = Maker { ops, facts, words }.test().unwrap_or(Test::Steps(0, ops.len()));
        Self { test, slots }
    }

    /// The facts that it reads.
    pub(crate) fn slots(&self) -> &[u16] {
        &self.slots
    }

    pub(crate) fn evaluate(&self, program: &Program, facts: &FlatFacts<'_>) -> Truth {
        self.test.evaluate(program.ops(), facts)
    }

    /// Tells the slots of which the text itself is read.
    pub(crate) fn texts_read(&self, program: &Program, tell: &mut impl FnMut(u16)) {
        self.test.texts_read(program.ops(), tell);
    }
}

impl Test {
    fn evaluate(&self, ops: &[Op], facts: &FlatFacts<'_>) -> Truth {
        match self {
            Self::Flag(slot) => match facts.cell(usize::from(*slot)) {
                Cell { tag: tag::BOOL, extra, .. } => Truth::from(extra != 0),
                _ => Truth::Unknown,
            },
            Self::Has(slot) => Truth::from(facts.cell(usize::from(*slot)).tag != tag::MISSING),
            Self::Number(slot, comparison, bound) => match facts.cell(usize::from(*slot)) {
                Cell { tag: tag::INT | tag::DOUBLE, number, .. } => {
                    comparison.holds(number, *bound)
                }
                _ => Truth::Unknown,
            },
            Self::Amount(slot, comparison, bound, currency) => {
                match facts.cell(usize::from(*slot)) {
                    Cell { tag: tag::MONEY, number, extra } if extra == *currency => {
                        comparison.holds(number, *bound)
                    }
                    _ => Truth::Unknown,
                }
            }
            Self::Word(slot, words) => is_word(facts, facts.cell(usize::from(*slot)), words),
            Self::AnyWord(slot, words) => any_word(facts, facts.cell(usize::from(*slot)), words),
            Self::Not(inner) => match inner.evaluate(ops, facts) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
            },
            Self::All(tests) => fold(tests, Truth::False, Truth::True, ops, facts),
            Self::Any(tests) => fold(tests, Truth::True, Truth::False, ops, facts),
            Self::Steps(start, end) => {
                run(ops.get(*start..*end).unwrap_or_default(), facts, None, &mut Stack::new())
            }
        }
    }

    fn texts_read(&self, ops: &[Op], tell: &mut impl FnMut(u16)) {
        match self {
            Self::Not(inner) => inner.texts_read(ops, tell),
            Self::All(tests) | Self::Any(tests) => {
                for test in tests {
                    test.texts_read(ops, tell);
                }
            }
            Self::Steps(start, end) => {
                for op in ops.get(*start..*end).unwrap_or_default() {
                    if let Op::Fact(slot) = op {
                        tell(*slot);
                    }
                }
            }
            _ => {}
        }
    }
}

/// `decisive` as soon as one comes to it; unknown if one is unknown; else the opposite.
fn fold(
    tests: &[Test],
    decisive: Truth,
    opposite: Truth,
    ops: &[Op],
    facts: &FlatFacts<'_>,
) -> Truth {
    let mut result = opposite;
    for test in tests {
        let found = test.evaluate(ops, facts);
        if found == decisive {
            return found;
        }
        if found == Truth::Unknown {
            result = found;
        }
    }
    result
}

fn is_word(facts: &FlatFacts<'_>, cell: Cell, words: &[u32]) -> Truth {
    match cell.tag {
        tag::WORD => Truth::from(words.contains(&cell.extra)),
        // A word has its number wherever it is written.
        tag::TEXT | tag::OTHER if facts.text(cell).is_some() => Truth::False,
        _ => Truth::Unknown,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a double saturates, and what is then out of range is not found"
)]
fn any_word(facts: &FlatFacts<'_>, cell: Cell, words: &[u32]) -> Truth {
    if cell.tag != tag::LIST {
        return Truth::Unknown;
    }
    let (start, length) = (cell.extra as usize, cell.number as usize);
    let elements = facts.cells.get(start..start.saturating_add(length)).unwrap_or_default();
    Truth::from(
        elements.iter().any(|element| element.tag == tag::WORD && words.contains(&element.extra)),
    )
}

/// A part of a program: its steps, and what it is.
struct Part<'a> {
    start: usize,
    end: usize,
    what: What<'a>,
}

enum What<'a> {
    Fact(u16, FactType),
    Const(&'a Const),
    Test(Test),
    Steps,
}

struct Maker<'a> {
    ops: &'a [Op],
    facts: &'a [FactDeclaration],
    words: &'a Words,
}

impl<'a> Maker<'a> {
    fn test(&self) -> Option<Test> {
        let mut parts: Vec<Part<'a>> = Vec::new();
        let mut at = 0;
        while let Some(op) = self.ops.get(at) {
            let end = at + 1;
            let part = match op {
                Op::Fact(slot) => {
                    let fact = self.facts.get(usize::from(*slot))?;
                    Part { start: at, end, what: What::Fact(*slot, fact.fact_type) }
                }
                Op::Const(constant) => Part { start: at, end, what: What::Const(constant) },
                Op::Has(slot) => Part { start: at, end, what: What::Test(Test::Has(*slot)) },
                // Only the bodies of loops have it, and those are taken as a whole.
                Op::Item(_) => return None,
                Op::Not => {
                    let inner = parts.pop()?;
                    let start = inner.start;
                    let test = Test::Not(Box::new(as_test(inner)));
                    Part { start, end, what: What::Test(test) }
                }
                Op::And(count) | Op::Or(count) => {
                    let is_all = matches!(op, Op::And(_));
                    let from = parts.len().checked_sub(usize::from(*count))?;
                    let joined = parts.split_off(from);
                    let start = joined.first()?.start;
                    let mut tests = Vec::new();
                    for part in joined {
                        match (as_test(part), is_all) {
                            (Test::All(inner), true) | (Test::Any(inner), false) => {
                                tests.extend(inner);
                            }
                            (test, _) => tests.push(test),
                        }
                    }
                    let test = if is_all { Test::All(tests) } else { Test::Any(tests) };
                    Part { start, end, what: What::Test(test) }
                }
                Op::Exists(length) | Op::Every(length) => {
                    let list = parts.pop()?;
                    let end = end + usize::from(*length);
                    let body = self.ops.get(at + 1..end)?;
                    let what = match (op, &list.what) {
                        (Op::Exists(_), What::Fact(slot, FactType::StringList)) => {
                            self.any_word(*slot, body)
                        }
                        _ => None,
                    };
                    let what = what.map_or(What::Steps, What::Test);
                    Part { start: list.start, end, what }
                }
                Op::Choose => {
                    let from = parts.len().checked_sub(3)?;
                    let start = parts.split_off(from).first()?.start;
                    Part { start, end, what: What::Steps }
                }
                Op::Neg | Op::Double | Op::Size => {
                    Part { start: parts.pop()?.start, end, what: What::Steps }
                }
                _ => {
                    let (right, left) = (parts.pop()?, parts.pop()?);
                    let what = self.pair(op, &left.what, &right.what);
                    Part { start: left.start, end, what: what.map_or(What::Steps, What::Test) }
                }
            };
            at = part.end;
            parts.push(part);
        }
        let whole = parts.pop()?;
        parts.is_empty().then(|| as_test(whole))
    }

    fn pair(&self, op: &Op, left: &What<'a>, right: &What<'a>) -> Option<Test> {
        match (op, left, right) {
            (Op::In, What::Fact(slot, FactType::String), What::Const(Const::StringList(list))) => {
                Some(Test::Word(*slot, self.numbers(list)?))
            }
            (Op::In, What::Const(Const::String(text)), What::Fact(slot, FactType::StringList)) => {
                Some(Test::AnyWord(*slot, vec![self.words.number(text)?]))
            }
            (_, What::Fact(slot, fact_type), What::Const(constant)) => {
                self.compared(Comparison::of(op)?, *slot, *fact_type, constant)
            }
            (_, What::Const(constant), What::Fact(slot, fact_type)) => {
                self.compared(Comparison::of(op)?.turned(), *slot, *fact_type, constant)
            }
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "only whole numbers of at most 2^53 are cast")]
    fn compared(
        &self,
        comparison: Comparison,
        slot: u16,
        fact_type: FactType,
        constant: &Const,
    ) -> Option<Test> {
        match (fact_type, constant) {
            (FactType::Int | FactType::Double, Const::Double(bound)) => {
                Some(Test::Number(slot, comparison, *bound))
            }
            (FactType::Int | FactType::Double, Const::Int(bound))
                if (-INTEGER_MAX..=INTEGER_MAX).contains(bound) =>
            {
                Some(Test::Number(slot, comparison, *bound as f64))
            }
            (FactType::Money, Const::Money(bound)) => {
                let currency = bound.currency().packed();
                Some(Test::Amount(slot, comparison, bound.minor() as f64, currency))
            }
            (FactType::String, Const::String(text)) => {
                let test = Test::Word(slot, vec![self.words.number(text)?]);
                match comparison {
                    Comparison::Equal => Some(test),
                    Comparison::Unequal => Some(Test::Not(Box::new(test))),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `list.exists(item, item in ["a", "b"])` and `list.exists(item, item == "a")`.
    fn any_word(&self, slot: u16, body: &[Op]) -> Option<Test> {
        match body {
            [Op::Item(0), Op::Const(Const::StringList(list)), Op::In] => {
                Some(Test::AnyWord(slot, self.numbers(list)?))
            }
            [Op::Item(0), Op::Const(Const::String(text)), Op::Eq] => {
                Some(Test::AnyWord(slot, vec![self.words.number(text)?]))
            }
            _ => None,
        }
    }

    fn numbers(&self, list: &[String]) -> Option<Vec<u32>> {
        list.iter().map(|text| self.words.number(text)).collect()
    }
}

fn as_test(part: Part<'_>) -> Test {
    match part.what {
        What::Test(test) => test,
        What::Fact(slot, FactType::Bool) => Test::Flag(slot),
        _ => Test::Steps(part.start, part.end),
    }
}

/// The texts that a program compares with.
pub(crate) fn texts_of<'a>(program: &'a Program, tell: &mut impl FnMut(&'a str)) {
    for op in program.ops() {
        match op {
            Op::Const(Const::String(text)) => tell(text),
            Op::Const(Const::StringList(list)) => list.iter().for_each(|text| tell(text)),
            _ => {}
        }
    }
}

const _: () = assert!(!OTHER_TEXT.is_empty(), "it must be unequal to an absent text");
