//! Conditions in images of policies.

use super::{Const, Op, Program, check};
use crate::fact::FactDeclaration;
use crate::image::{Bytes, Imaged};

impl Imaged for Program {
    fn put(&self, image: &mut Vec<u8>) {
        self.cel.put(image);
        self.ops.put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        Some(Self { cel: Imaged::take(bytes)?, ops: Imaged::take(bytes)? })
    }
}

impl Program {
    /// Whether it is one that can be evaluated over these facts.
    pub(crate) fn holds(&self, facts: &[FactDeclaration]) -> bool {
        check::check(&self.ops, facts).is_ok()
    }
}

/// Operations without an operand, by their place.
const BARE: &[Op] = &[
    Op::Eq,
    Op::Ne,
    Op::Lt,
    Op::Le,
    Op::Gt,
    Op::Ge,
    Op::In,
    Op::Not,
    Op::Choose,
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::Div,
    Op::Rem,
    Op::Neg,
    Op::Double,
    Op::Size,
    Op::At,
    Op::Contains,
    Op::StartsWith,
    Op::EndsWith,
];

impl Imaged for Op {
    fn put(&self, image: &mut Vec<u8>) {
        let (place, number) = match self {
            Self::Const(constant) => {
                image.push(0);
                return constant.put(image);
            }
            Self::Fact(number) => (1, number),
            Self::Has(number) => (2, number),
            Self::Item(number) => (3, number),
            Self::And(number) => (4, number),
            Self::Or(number) => (5, number),
            Self::Exists(number) => (6, number),
            Self::Every(number) => (7, number),
            bare => {
                let place = BARE.iter().position(|op| op == bare).unwrap_or(BARE.len());
                return image.push(u8::try_from(place + 8).unwrap_or(u8::MAX));
            }
        };
        image.push(place);
        number.put(image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let place = bytes.byte()?;
        if place == 0 {
            return Const::take(bytes).map(Self::Const);
        }
        if let Some(bare) = place.checked_sub(8) {
            return BARE.get(usize::from(bare)).cloned();
        }
        let number = u16::take(bytes)?;
        Some(match place {
            1 => Self::Fact(number),
            2 => Self::Has(number),
            3 => Self::Item(number),
            4 => Self::And(number),
            5 => Self::Or(number),
            6 => Self::Exists(number),
            _ => Self::Every(number),
        })
    }
}

impl Imaged for Const {
    fn put(&self, image: &mut Vec<u8>) {
        let place = self.fact_type();
        place.put(image);
        match self {
            Self::Bool(value) => value.put(image),
            Self::Int(value) => value.put(image),
            Self::Double(value) => value.put(image),
            Self::String(value) => value.put(image),
            Self::Time(value) => value.put(image),
            Self::Money(value) => value.put(image),
            Self::StringList(values) => values.put(image),
            Self::IntList(values) => values.put(image),
            Self::DoubleList(values) => values.put(image),
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        use crate::fact::FactType;
        Some(match FactType::take(bytes)? {
            FactType::Bool => Self::Bool(Imaged::take(bytes)?),
            FactType::Int => Self::Int(Imaged::take(bytes)?),
            FactType::Double => Self::Double(Imaged::take(bytes)?),
            FactType::String => Self::String(Imaged::take(bytes)?),
            FactType::Time => Self::Time(Imaged::take(bytes)?),
            FactType::Money => Self::Money(Imaged::take(bytes)?),
            FactType::StringList => Self::StringList(Imaged::take(bytes)?),
            FactType::IntList => Self::IntList(Imaged::take(bytes)?),
            FactType::DoubleList => Self::DoubleList(Imaged::take(bytes)?),
        })
    }
}
