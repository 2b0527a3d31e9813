//! What is known of a tool, as words with their kinds, ready for rules and model.

use crate::inference::ToolInfo;
use crate::inference::features::DESCRIPTION_WORDS_MAX;
use crate::inference::lexicon::{self, Kinds};
use crate::inference::words::Words;

/// One word of a tool.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) kinds: Kinds,
}

/// Everything that is known of a tool.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: Vec<Word>,
    pub(super) description: Vec<Word>,
    /// How many words of the description stand in its first sentence.
    pub(super) first_sentence: usize,
    /// The first word of the description that says what the tool does, by its place.
    pub(super) description_verb: Option<usize>,
    /// How many words stand before the description comes to the point.
    pub(super) lead: usize,
    /// The words of each argument's name, with its type.
    pub(super) arguments: Vec<(Vec<Word>, String)>,
    pub(super) has_hidden: bool,
    pub(super) has_lookalikes: bool,
    pub(super) has_other_script: bool,
    pub(super) is_cut: bool,
}

/// Words with which descriptions begin before they come to the point.
const LEAD: &str = "a an the this that these it its tool tools function api endpoint method command use used using \
    to for you your can will may lets let allows allow enables users user agent permission \
    permissions simply quickly easily optionally please fast and precise new only deprecated";

impl Sheet {
    pub(super) fn of<'a>(
        name: &str,
        info: Option<&ToolInfo>,
        arguments: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let name = Words::of(name);
        let description = info.and_then(|info| info.description.as_deref()).unwrap_or_default();
        let description = Words::of(description);
        let mut sheet = Self {
            has_hidden: name.has_hidden || description.has_hidden,
            has_lookalikes: name.has_lookalikes || description.has_lookalikes,
            has_other_script: name.has_other_script || description.has_other_script,
            is_cut: name.is_cut || description.is_cut,
            first_sentence: description.first_sentence,
            name: with_kinds(name),
            description: description_words(description),
            description_verb: None,
            lead: 0,
            arguments: Vec::new(),
        };
        for (name, argument_type) in arguments {
            let words = Words::of(name);
            sheet.has_hidden |= words.has_hidden;
            sheet.has_lookalikes |= words.has_lookalikes;
            sheet.arguments.push((with_kinds(words), argument_type.to_ascii_lowercase()));
        }
        sheet.description_verb = verb_place(&sheet.description, sheet.first_sentence);
        let places = 0..sheet.description.len();
        sheet.lead = places.take_while(|place| is_lead(&sheet.description, *place)).count();
        sheet
    }
}

/// `grant` leads only to a permission: alone it is what the tool does, whatever is said after it.
fn is_lead(words: &[Word], place: usize) -> bool {
    let text = |place: usize| words.get(place).map_or("", |word| word.text.as_str());
    match text(place) {
        "grant" | "grants" => text(place + 1).starts_with("permission"),
        word => LEAD.split_ascii_whitespace().any(|lead| lead == word),
    }
}

/// The words of a description; those that neither rules nor model look at have no kinds.
fn description_words(words: Words) -> Vec<Word> {
    let seen = words.first_sentence + DESCRIPTION_WORDS_MAX;
    let word = |(place, text): (usize, String)| {
        let kinds = if place < seen { lexicon::kinds(&text) } else { Kinds::default() };
        Word { kinds, text }
    };
    words.list.into_iter().enumerate().map(word).collect()
}

fn with_kinds(words: Words) -> Vec<Word> {
    words.list.into_iter().map(|text| Word { kinds: lexicon::kinds(&text), text }).collect()
}

/// `Grants permission to delete …`, `Use this tool to list …`: the lead is stepped over, unless
/// nothing else is there.
fn verb_place(words: &[Word], first_sentence: usize) -> Option<usize> {
    let verb = Kinds::READ.with(Kinds::CHANGES);
    let in_first = || words.iter().take(first_sentence).enumerate();
    let place = in_first().find(|(place, word)| !is_lead(words, *place) && word.kinds.has(verb));
    place.or_else(|| in_first().find(|(_, word)| word.kinds.has(verb))).map(|(place, _)| place)
}
