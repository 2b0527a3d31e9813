//! Flat facts: numbers, bits and numbered words in one buffer, so that deciding touches no object.
//!
//! A cell has a fixed form, because JavaScript writes cells too, straight into the module's memory.
//! Whatever stands in a cell, reading it gives a value or nothing: no bit pattern can do harm.

use crate::expr::run::{Facts, FlatList, Operand};
#[cfg(feature = "wasm")]
use crate::fact::FactType;
use crate::fact::Value;
use crate::flat::words::{OTHER_TEXT, Words};
#[cfg(feature = "wasm")]
use crate::limits;
use crate::money::{Currency, Money};
use crate::units::TimestampMs;

/// What a cell holds; the numbers are known to `pkg/src/hot-writer.ts`.
pub(crate) mod tag {
    /// Nothing.
    pub(crate) const MISSING: u32 = 0;
    /// A boolean, in `extra`.
    pub(crate) const BOOL: u32 = 1;
    /// A whole number.
    pub(crate) const INT: u32 = 2;
    /// A double.
    pub(crate) const DOUBLE: u32 = 3;
    /// A word of the policy, its number in `extra`.
    pub(crate) const WORD: u32 = 4;
    /// A text, its start in `extra` and its length in `number`.
    pub(crate) const TEXT: u32 = 5;
    /// A text that no condition compares with anything that it could be equal to.
    pub(crate) const OTHER: u32 = 6;
    /// An instant in milliseconds.
    pub(crate) const TIME: u32 = 7;
    /// Minor units, of the currency in `extra`.
    pub(crate) const MONEY: u32 = 8;
    /// A list, its first cell in `extra` and its length in `number`.
    pub(crate) const LIST: u32 = 9;
}

/// One flat fact.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Cell {
    pub(crate) tag: u32,
    pub(crate) extra: u32,
    pub(crate) number: f64,
}

impl Cell {
    pub(crate) const MISSING: Self = Self { tag: tag::MISSING, extra: 0, number: 0.0 };

    /// A list of nothing.
    pub(crate) const NONE_LISTED: Self = Self { tag: tag::LIST, extra: 0, number: 0.0 };

    pub(crate) const fn double(number: f64) -> Self {
        Self { tag: tag::DOUBLE, extra: 0, number }
    }

    pub(crate) const fn word(word: u32) -> Self {
        Self { tag: tag::WORD, extra: word, number: 0.0 }
    }

    pub(crate) const fn bool(value: bool) -> Self {
        Self { tag: tag::BOOL, extra: value as u32, number: 0.0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "integers here are at most 2^53")]
    pub(crate) const fn int(value: i64) -> Self {
        Self { tag: tag::INT, extra: 0, number: value as f64 }
    }

    #[expect(clippy::cast_precision_loss, reason = "minor units are at most 2^53")]
    pub(crate) const fn money(money: Money) -> Self {
        let (minor, currency) = (money.minor(), money.currency());
        Self { tag: tag::MONEY, extra: currency.packed(), number: minor as f64 }
    }
}

/// Cells, and what they refer to.
#[derive(Clone, Copy)]
pub(crate) struct FlatFacts<'a> {
    pub(crate) cells: &'a [Cell],
    pub(crate) texts: &'a [u8],
    pub(crate) words: &'a Words,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a double saturates, and what is then out of range is not found"
)]
impl FlatFacts<'_> {
    #[inline(always)]
    pub(crate) fn cell(&self, at: usize) -> Cell {
        self.cells.get(at).copied().unwrap_or(Cell::MISSING)
    }

    /// The text in a cell, if it holds one.
    pub(crate) fn text(&self, cell: Cell) -> Option<&str> {
        match cell.tag {
            tag::WORD => self.words.text(cell.extra),
            tag::TEXT => {
                let start = cell.extra as usize;
                let bytes = self.texts.get(start..start.checked_add(cell.number as usize)?)?;
                std::str::from_utf8(bytes).ok()
            }
            tag::OTHER => Some(OTHER_TEXT),
            _ => None,
        }
    }

    /// An element of a list.
    pub(crate) fn element(&self, at: u32) -> Operand<'_> {
        self.operand(self.cell(at as usize))
    }

    pub(crate) fn operand(&self, cell: Cell) -> Operand<'_> {
        match cell.tag {
            tag::BOOL => Operand::Bool(cell.extra != 0),
            tag::INT => Operand::Int(cell.number as i64),
            tag::DOUBLE => Operand::Double(cell.number),
            tag::WORD | tag::TEXT | tag::OTHER => {
                self.text(cell).map_or(Operand::Missing, Operand::String)
            }
            tag::TIME => {
                TimestampMs::new(cell.number as i64).map_or(Operand::Missing, Operand::Time)
            }
            tag::MONEY => Currency::unpacked(cell.extra)
                .and_then(|currency| Money::new(cell.number as i64, currency))
                .map_or(Operand::Missing, Operand::Money),
            tag::LIST => Operand::Flat(FlatList::new(self, cell.extra, cell.number as u32)),
            _ => Operand::Missing,
        }
    }
}

impl Facts for FlatFacts<'_> {
    fn fact(&self, slot: u16) -> Operand<'_> {
        self.operand(self.cell(usize::from(slot)))
    }
}

/// The buffer: a cell for each fact, then the elements of lists, and texts beside them.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    pub(crate) cells: Vec<Cell>,
    pub(crate) texts: Vec<u8>,
    /// Where elements of lists begin.
    lists: usize,
    lists_used: usize,
    texts_used: usize,
}

impl Buffer {
    /// Room for so many single cells, and for lists and texts of so many cells and bytes, which grow
    /// where Rust writes them.
    pub(crate) fn new(single: Vec<Cell>, list_cells: usize, text_bytes: usize) -> Self {
        let lists = single.len();
        let mut cells = single;
        cells.resize(lists + list_cells, Cell::MISSING);
        Self { cells, texts: vec![0; text_bytes], lists, lists_used: 0, texts_used: 0 }
    }

    pub(crate) fn facts<'a>(&'a self, words: &'a Words) -> FlatFacts<'a> {
        FlatFacts { cells: &self.cells, texts: &self.texts, words }
    }

    /// Where elements of lists begin.
    #[cfg(feature = "wasm")]
    pub(crate) const fn lists(&self) -> usize {
        self.lists
    }

    /// Forgets lists and texts.
    pub(crate) const fn clear(&mut self) {
        (self.lists_used, self.texts_used) = (0, 0);
    }

    pub(crate) fn set(&mut self, at: usize, cell: Cell) {
        if let Some(place) = self.cells.get_mut(at) {
            *place = cell;
        }
    }

    /// A cell for a text: its word's number, or itself where somebody reads it.
    #[expect(clippy::cast_precision_loss, reason = "texts are at most 64,000 characters long")]
    pub(crate) fn string(&mut self, words: &Words, text: &str, is_read: bool) -> Cell {
        if let Some(word) = words.number(text) {
            return Cell::word(word);
        }
        if !is_read {
            return Cell { tag: tag::OTHER, extra: 0, number: 0.0 };
        }
        let start = self.texts_used;
        let end = start + text.len();
        if end > self.texts.len() {
            self.texts.resize(end, 0);
        }
        if let Some(place) = self.texts.get_mut(start..end) {
            place.copy_from_slice(text.as_bytes());
        }
        self.texts_used = end;
        let extra = u32::try_from(start).unwrap_or(u32::MAX);
        Cell { tag: tag::TEXT, extra, number: text.len() as f64 }
    }

    /// A cell for a list.
    #[expect(clippy::cast_precision_loss, reason = "lists are at most 256 long")]
    pub(crate) fn list<T>(
        &mut self,
        elements: impl ExactSizeIterator<Item = T>,
        mut cell: impl FnMut(&mut Self, T) -> Cell,
    ) -> Cell {
        let (start, length) = (self.lists + self.lists_used, elements.len());
        self.lists_used += length;
        if self.cells.len() < start + length {
            self.cells.resize(start + length, Cell::MISSING);
        }
        for (index, element) in elements.enumerate() {
            let made = cell(self, element);
            self.set(start + index, made);
        }
        let extra = u32::try_from(start).unwrap_or(u32::MAX);
        Cell { tag: tag::LIST, extra, number: length as f64 }
    }

    /// A cell for a value.
    #[expect(clippy::cast_precision_loss, reason = "instants are far below 2^53")]
    pub(crate) fn value(&mut self, words: &Words, value: &Value<'_>, is_read: bool) -> Cell {
        match value {
            Value::Missing => Cell::MISSING,
            Value::Bool(value) => Cell::bool(*value),
            Value::Int(value) => Cell::int(*value),
            Value::Double(value) => Cell::double(*value),
            Value::String(text) => self.string(words, text, is_read),
            Value::Time(time) => Cell { tag: tag::TIME, extra: 0, number: time.as_ms() as f64 },
            Value::Money(money) => Cell::money(*money),
            Value::StringList(list) => {
                self.list(list.iter(), |buffer, text| buffer.string(words, text, is_read))
            }
            Value::IntList(list) => self.list(list.iter(), |_, value| Cell::int(*value)),
            Value::DoubleList(list) => self.list(list.iter(), |_, value| Cell::double(*value)),
        }
    }

    /// What JavaScript cannot read itself: instants and amounts that came as texts.
    #[cfg(feature = "wasm")]
    pub(crate) fn parse(&mut self, words: &Words, at: usize, fact_type: FactType) {
        let facts = self.facts(words);
        let cell = facts.cell(at);
        if !matches!(cell.tag, tag::TEXT | tag::WORD) {
            return;
        }
        let json = crate::Json::String(facts.text(cell).unwrap_or_default().to_owned());
        let made = match crate::fact::of_type(fact_type, &json) {
            Value::Missing => Cell::MISSING,
            value => self.value(words, &value, true),
        };
        self.set(at, made);
    }
}

/// Cells for elements of lists that JavaScript has room for.
#[cfg(feature = "wasm")]
pub(crate) const LIST_CELLS: usize = 2 * limits::LIST_LENGTH_MAX;
/// Bytes for texts that JavaScript has room for.
#[cfg(feature = "wasm")]
pub(crate) const TEXT_BYTES: usize = 16_384;
