//! The policy's words: every text that a fact is compared with, by number.

/// What a text is that is none of the policy's words: equal to none of them.
pub(crate) const OTHER_TEXT: &str = "\u{0}another text";

/// Texts in order, each found without comparing it with more than one or two of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Words {
    texts: Vec<String>,
    /// Twice as many places as words at least, so that a search soon comes upon an empty one: the
    /// word's number and 1, or 0. Who asks chooses no word, so that nobody can make searches long.
    places: Vec<u32>,
}

impl Words {
    /// The words of a list that is in order.
    pub(crate) fn of(texts: Vec<String>) -> Self {
        let mut places = vec![0; (texts.len() * 2).next_power_of_two()];
        let mask = places.len() - 1;
        for (number, text) in (1_u32..).zip(&texts) {
            let mut at = hash(text) & mask;
            while places.get(at).is_some_and(|place| *place != 0) {
                at = (at + 1) & mask;
            }
            if let Some(place) = places.get_mut(at) {
                *place = number;
            }
        }
        Self { texts, places }
    }

    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }

    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(String::as_str)
    }

    /// The number of a text, if it is a word.
    pub(crate) fn number(&self, text: &str) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = hash(text) & mask;
        loop {
            let number = self.places.get(at)?.checked_sub(1)?;
            if self.text(number) == Some(text) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }
}

/// The length and both ends of a text tell words apart well enough.
fn hash(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
    };
    let mixed =
        (first ^ last.rotate_left(23) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn a_word_has_its_number_and_any_other_text_has_none() {
        for count in [0, 1, 2, 3, 100, 5_000] {
            let texts: Vec<String> = (0..count).map(|index| format!("{index:04}")).collect();
            let words = Words::of(texts.clone());
            for (number, text) in (0..).zip(&texts) {
                assert_eq!(words.number(text), Some(number), "{text} of {count}");
                assert_eq!(words.text(number), Some(text.as_str()));
            }
            for other in ["", "another", "00000", "a text longer than its two ends"] {
                assert_eq!(words.number(other), None, "{other} of {count}");
            }
        }
        let alike = ["policy_a_score", "policy_b_score", "policy_c_score"];
        let words = Words::of(alike.map(str::to_owned).to_vec());
        assert_eq!(alike.map(|text| words.number(text)), [Some(0), Some(1), Some(2)]);
    }
}
