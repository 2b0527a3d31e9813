//! Names and descriptions of tools as plain words: letters that only look Latin are folded, what
//! cannot be seen is dropped and reported, and `updateUser`, `update_user` and `update-user` are one.

/// Characters of a description that are read; what comes after them is reported as not seen.
pub(super) const READ_LENGTH_MAX: usize = 4_000;
/// Words of one text that are read.
const WORDS_MAX: usize = 600;
/// Characters of one word that are read.
const WORD_LENGTH_MAX: usize = 40;

/// The words of a text, and what is odd about its letters.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// In lower case, in order.
    pub(super) list: Vec<String>,
    /// How many of them stand in the first sentence.
    pub(super) first_sentence: usize,
    /// Whether there are characters that a reader does not see.
    pub(super) has_hidden: bool,
    /// Whether letters of another script stand for Latin ones.
    pub(super) has_lookalikes: bool,
    /// Whether there are words that are in no script that is read here.
    pub(super) has_other_script: bool,
    /// Whether the text goes on after what was read.
    pub(super) is_cut: bool,
}

/// Letters that are drawn like Latin ones, each with the letter that a reader takes it for.
const LOOKALIKES: &str =
    "аaвbсcԁdеeѕsіiјjкkӏlмmнhоoрpԛqгrтtуyхxԝwѵvαaβbεeιiκkνvοoρpτtυuχxγyıiɡgՍsօo";

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self::default();
        let mut word = String::new();
        let mut length = 0;
        let mut was_lower = false;
        let mut characters = text.chars();
        let mut sentence_ended = false;
        for character in characters.by_ref().take(READ_LENGTH_MAX) {
            let folded = match fold(character) {
                Folded::Hidden => {
                    words.has_hidden = true;
                    continue;
                }
                Folded::Mark => continue,
                Folded::Lookalike(letter) => {
                    words.has_lookalikes = true;
                    letter
                }
                Folded::Plain(letter) => letter,
            };
            let upper = folded.is_ascii_uppercase();
            let in_word = is_in_word(folded);
            if !in_word || (upper && was_lower) {
                words.end(&mut word, &mut length);
            }
            if in_word {
                words.has_other_script |= !folded.is_ascii();
                if length < WORD_LENGTH_MAX {
                    word.push(folded.to_ascii_lowercase());
                }
                length += 1;
            } else if sentence_ended && folded.is_ascii_whitespace() && words.first_sentence == 0 {
                words.first_sentence = words.list.len();
            }
            sentence_ended = matches!(folded, '.' | '!' | '?' | ';' | '\n');
            was_lower = folded.is_ascii_lowercase() || folded.is_ascii_digit();
        }
        words.is_cut = characters.next().is_some();
        words.end(&mut word, &mut length);
        if words.first_sentence == 0 {
            words.first_sentence = words.list.len();
        }
        words
    }

    fn end(&mut self, word: &mut String, length: &mut usize) {
        if word.is_empty() {
            return;
        }
        *length = 0;
        if self.list.len() < WORDS_MAX {
            self.list.push(std::mem::take(word));
        } else {
            self.is_cut = true;
            word.clear();
        }
    }
}

enum Folded {
    Plain(char),
    Lookalike(char),
    Mark,
    Hidden,
}

fn fold(character: char) -> Folded {
    if character.is_ascii() {
        let hidden = character.is_ascii_control() && !character.is_ascii_whitespace();
        return if hidden { Folded::Hidden } else { Folded::Plain(character) };
    }
    let code = u32::from(character);
    let letter = |offset: u32, first: u8| {
        char::from_u32(u32::from(first) + offset)
            .map_or(Folded::Plain(character), Folded::Lookalike)
    };
    match code {
        // Zero-width, joining, direction, variation and tag characters; the soft hyphen.
        0x00ad
        | 0x034f
        | 0x061c
        | 0x115f
        | 0x1160
        | 0x17b4
        | 0x17b5
        | 0x180b..=0x180f
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x206f
        | 0x3164
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xffa0
        | 0xe0000..=0xe0fff => Folded::Hidden,
        0x0080..=0x009f => Folded::Hidden,
        0x0300..=0x036f => Folded::Mark,
        // Full-width forms, and the letters of mathematics, which repeat A to Z, a to z.
        0xff01..=0xff5e => letter(code - 0xff01, b'!'),
        0x1d400..=0x1d6a3 => {
            let offset = (code - 0x1d400) % 52;
            if offset < 26 { letter(offset, b'A') } else { letter(offset - 26, b'a') }
        }
        0x24b6..=0x24cf => letter(code - 0x24b6, b'A'),
        0x24d0..=0x24e9 => letter(code - 0x24d0, b'a'),
        0x00c0..=0x024f => plain_latin(character),
        _ => lookalike(character),
    }
}

/// Accents off, where that is common: nobody is deceived by them, and the word is the same.
fn plain_latin(character: char) -> Folded {
    const PLAIN: &str =
        "àaáaâaãaäaåaçcèeéeêeëeìiíiîiïiñnòoóoôoõoöoøoùuúuûuüuýyÿyąaćcčcęeěełlńnřrśsšsůužzźzżz";
    pair(PLAIN, lower(character)).map_or(Folded::Plain(character), Folded::Plain)
}

fn lookalike(character: char) -> Folded {
    pair(LOOKALIKES, lower(character)).map_or(Folded::Plain(character), Folded::Lookalike)
}

/// The small letter, in the alphabets of the two tables: what the language brings for all of them is
/// larger than everything else here.
fn lower(character: char) -> char {
    let code = u32::from(character);
    let small = match code {
        0xc0..=0xde | 0x391..=0x3a9 | 0x410..=0x42f => code + 0x20,
        0x100..=0x137 | 0x14a..=0x177 => code | 1,
        0x139..=0x148 | 0x179..=0x17e => code + code % 2,
        0x400..=0x40f => code + 0x50,
        0x531..=0x556 => code + 0x30,
        0x51a | 0x51c | 0x474 => code + 1,
        _ => code,
    };
    char::from_u32(small).unwrap_or(character)
}

/// Letters and digits; beyond ASCII everything but spaces, signs and punctuation that are common.
fn is_in_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    let between = matches!(u32::from(character), 0x80..=0xbf | 0xd7 | 0xf7 | 0x1680 | 0x2000..=0x2bff
        | 0x2e00..=0x2e7f | 0x3000..=0x3003 | 0x3008..=0x3020 | 0xff01..=0xff0f | 0xff1a..=0xff20);
    !between
}

fn pair(table: &str, wanted: char) -> Option<char> {
    let mut letters = table.chars();
    while let (Some(from), Some(to)) = (letters.next(), letters.next()) {
        if from == wanted {
            return Some(to);
        }
    }
    None
}
