//! What the model sees of a tool: words and their kinds by their place, hashed into a
//! fixed number of buckets and counted in whole numbers.

use crate::inference::lexicon::Kinds;
use crate::inference::rules::Reading;
use crate::inference::sheet::{Sheet, Word};

/// Buckets of one weight vector.
pub const BUCKETS: usize = 2_048;
/// Words of a description that the model sees.
pub(super) const DESCRIPTION_WORDS_MAX: usize = 48;
/// Arguments that the model sees.
const ARGUMENTS_MAX: usize = 48;

/// One bucket, and how much of it a tool has.
pub type Feature = (usize, i32);

/// The buckets that a tool falls into, in order. Kinds weigh twice a word and what the rules say
/// three times, so that what holds for tools never seen is learnt before the words of those seen.
pub(super) fn features(sheet: &Sheet, reading: &Reading) -> Vec<Feature> {
    let mut seen = Features { buckets: Vec::new() };
    for flag in reading.flags() {
        seen.add(&["r", flag], 3);
    }
    for (place, word) in sheet.name.iter().enumerate() {
        seen.word("n", word);
        if place == 0 {
            seen.word("n0", word);
        }
        if place + 1 == sheet.name.len() {
            seen.word("n1", word);
        }
    }
    let first = sheet.description.iter().take(sheet.first_sentence);
    for word in first.take(DESCRIPTION_WORDS_MAX) {
        seen.word("d", word);
    }
    for word in sheet.description.iter().skip(sheet.first_sentence).take(DESCRIPTION_WORDS_MAX) {
        seen.kinds("D", word.kinds);
    }
    if let Some(word) = sheet.description_verb.and_then(|place| sheet.description.get(place)) {
        seen.word("v", word);
    }
    for (words, argument_type) in sheet.arguments.iter().take(ARGUMENTS_MAX) {
        for word in words {
            seen.word("a", word);
        }
        seen.add(&["t", argument_type], 1);
    }
    let count = match sheet.arguments.len() {
        0 => "0",
        1 => "1",
        2 => "2",
        3..=5 => "3",
        _ => "6",
    };
    seen.add(&["#", count], 1);
    if sheet.description.is_empty() {
        seen.add(&["#", "no description"], 1);
    }
    seen.buckets
}

struct Features {
    /// In order of their buckets.
    buckets: Vec<Feature>,
}

impl Features {
    fn word(&mut self, place: &str, word: &Word) {
        self.add(&[place, &word.text], 1);
        self.kinds(place, word.kinds);
    }

    fn kinds(&mut self, place: &str, kinds: Kinds) {
        for (kind, name) in Kinds::NAMES {
            if kinds.has(*kind) {
                self.add(&["k", place, name], 2);
            }
        }
    }

    /// FNV-1a over the parts, each ended by a byte that no text has.
    fn add(&mut self, parts: &[&str], count: i32) {
        let mut hash = 0x811c_9dc5_u32;
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0xff])) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        hash ^= hash >> 15;
        let bucket = usize::try_from(hash).unwrap_or(0) % BUCKETS;
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Err(place) => self.buckets.insert(place, (bucket, count)),
            Ok(place) => {
                if let Some((_, held)) = self.buckets.get_mut(place) {
                    *held = count.max(*held);
                }
            }
        }
    }
}
