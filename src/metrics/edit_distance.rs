//! How many symbols are added, removed or replaced between two texts, over the longer length.

use std::collections::BTreeMap;

const WORD_LENGTH: usize = 64;

/// The Levenshtein distance of two sequences over the length of the longer, from 0 for equal ones
/// to 1; two empty ones are equal.
///
/// Sixty-four rows of the usual table at a time (Myers 1999, in Hyyrö's form), so that two long
/// texts are compared in a moment.
#[must_use]
pub fn edit_distance<T: Ord>(left: &[T], right: &[T]) -> f64 {
    let longer = left.len().max(right.len());
    if longer == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a text is shorter than 2^53")]
    let share = |distance: usize| distance as f64 / longer as f64;
    let same_start = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left, right) = (rest(left, same_start), rest(right, same_start));
    let from_end = left.iter().rev().zip(right.iter().rev());
    let same_end = from_end.take_while(|(left, right)| left == right).count();
    let cut = |all: &'_ [T]| all.len() - same_end;
    let (left, right) = (start(left, cut(left)), start(right, cut(right)));
    if left.is_empty() || right.is_empty() {
        return share(left.len().max(right.len()));
    }
    share(distance(left, right))
}

/// One word of the column: where the next row is higher by one, and where it is lower.
#[derive(Clone, Copy)]
struct Block {
    up: u64,
    down: u64,
}

fn distance<T: Ord>(pattern: &[T], text: &[T]) -> usize {
    // For each symbol the words in which it occurs, with a bit at each of its places.
    let mut places: BTreeMap<&T, Vec<(usize, u64)>> = BTreeMap::new();
    for (index, symbol) in pattern.iter().enumerate() {
        let (block, bit) = (index / WORD_LENGTH, 1_u64 << (index % WORD_LENGTH));
        let words = places.entry(symbol).or_default();
        match words.last_mut() {
            Some((last, bits)) if *last == block => *bits |= bit,
            _ => words.push((block, bit)),
        }
    }
    let mut blocks = vec![Block { up: !0, down: 0 }; pattern.len().div_ceil(WORD_LENGTH)];
    let last = blocks.len() - 1;
    let last_bit = 1_u64 << ((pattern.len() - 1) % WORD_LENGTH);
    let mut score = pattern.len();
    for symbol in text {
        let mut words = places.get(symbol).map_or(&[][..], Vec::as_slice).iter().peekable();
        // The first row counts up by one with each column.
        let (mut carry_up, mut carry_down) = (true, false);
        for (index, block) in blocks.iter_mut().enumerate() {
            let found = words.next_if(|(word, _)| *word == index).map_or(0, |(_, bits)| *bits);
            let top = if index == last { last_bit } else { 1 << (WORD_LENGTH - 1) };
            (carry_up, carry_down) = block.advance(found, carry_up, carry_down, top);
        }
        if carry_up {
            score += 1;
        } else if carry_down {
            score -= 1;
        }
    }
    score
}

impl Block {
    /// Goes one column on; gives whether its last row rose or fell.
    const fn advance(
        &mut self,
        mut found: u64,
        carry_up: bool,
        carry_down: bool,
        top: u64,
    ) -> (bool, bool) {
        let vertical = found | self.down;
        found |= carry_down as u64;
        let horizontal = ((found & self.up).wrapping_add(self.up) ^ self.up) | found;
        let up = self.down | !(horizontal | self.up);
        let down = self.up & horizontal;
        let (rose, fell) = (up & top != 0, down & top != 0);
        let up = (up << 1) | carry_up as u64;
        let down = (down << 1) | carry_down as u64;
        self.up = down | !(vertical | up);
        self.down = up & vertical;
        (rose, fell)
    }
}

fn rest<T>(all: &[T], from: usize) -> &[T] {
    all.get(from..).unwrap_or(&[])
}

fn start<T>(all: &[T], length: usize) -> &[T] {
    all.get(..length).unwrap_or(&[])
}
