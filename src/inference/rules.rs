//! The floor: what a tool is taken for by rules that only ever raise.

use crate::inference::lexicon::Kinds;
use crate::inference::sheet::{Sheet, Word};

/// Words of arguments that say that money moves.
const MONEY_ARGUMENTS: &str = "amount amounts price payment payments card currency iban cost fee total subtotal \
    amt salary tip budget invoice refund wallet";

/// What the rules make of a tool.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The name says that it only looks.
    pub(super) name_reads: bool,
    /// The name says that it changes something.
    pub(super) name_changes: Option<usize>,
    /// The description says that it only looks.
    pub(super) description_reads: bool,
    /// The description says that it changes something, by the word's place.
    pub(super) description_changes: Option<usize>,
    /// The description begins with a verb that can only mean a change.
    pub(super) description_insists: bool,
    /// Words that make it what it is, as `(where, word, kind)`.
    pub(super) marks: Vec<Mark>,
}

/// A word that raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: Place,
    pub(super) index: usize,
    pub(super) kind: Kinds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Name,
    Description,
    Argument,
}

/// Whether a word in an argument's name says that money moves.
pub(super) fn is_money_word(word: &str) -> bool {
    MONEY_ARGUMENTS.split_ascii_whitespace().any(|listed| listed == word)
}

impl Reading {
    pub(super) fn of(sheet: &Sheet) -> Self {
        let mut reading = Self::default();
        reading.read_name(&sheet.name);
        if let Some(place) = sheet.description_verb {
            let kinds = sheet.description.get(place).map(|word| word.kinds).unwrap_or_default();
            let reads =
                kinds.has(Kinds::READ) && (!kinds.has(Kinds::CHANGES) || kinds.has(Kinds::NOUN));
            reading.description_reads = reads;
            let strong = kinds.has(Kinds::WRITE.with(Kinds::DESTROY))
                && !kinds.has(Kinds::READ.with(Kinds::NOUN));
            reading.description_insists = strong && place <= sheet.lead;
            reading.description_changes = (!reads && kinds.has(Kinds::CHANGES)).then_some(place);
        }
        if reading.may_change() {
            reading.mark(sheet);
        }
        reading
    }

    /// Whether it changes something, for all that is known.
    pub(super) fn changes(&self) -> bool {
        if self.name_changes.is_some() {
            return true;
        }
        if self.name_reads {
            return self.description_insists;
        }
        self.description_changes.is_some() || !self.description_reads
    }

    /// Whether it may change something, whatever its description says that it does not.
    pub(super) fn may_change(&self) -> bool {
        self.name_changes.is_some() || !self.name_reads || self.description_insists
    }

    fn read_name(&mut self, name: &[Word]) {
        let is =
            |place: usize, kind: Kinds| name.get(place).is_some_and(|word| word.kinds.has(kind));
        let pure_read = |place: usize| is(place, Kinds::READ) && !is(place, Kinds::NOUN);
        let last = name.len().saturating_sub(1);
        let strong = name.iter().position(|word| {
            word.kinds.has(Kinds::DESTROY.with(Kinds::WRITE))
                && !word.kinds.has(Kinds::NOUN)
                && !word.kinds.has(Kinds::READ)
        });
        let any_change = name.iter().position(|word| word.kinds.has(Kinds::CHANGES));
        if pure_read(0) {
            // `get_or_create`, `list_and_delete`: two verbs.
            let joined = name.windows(2).position(|pair| {
                matches!(pair, [joint, verb] if (joint.text == "and" || joint.text == "or") && verb.kinds.has(Kinds::CHANGES))
            });
            self.name_changes = joined.map(|place| place + 1);
            self.name_reads = self.name_changes.is_none();
        } else if pure_read(last) {
            let first_changes = is(0, Kinds::CHANGES) && !is(0, Kinds::NOUN);
            self.name_changes = first_changes.then_some(0);
            self.name_reads = !first_changes;
        } else if let Some(place) = strong {
            self.name_changes = Some(place);
        } else if is(0, Kinds::READ) && !is(0, Kinds::CHANGES)
            || is(last, Kinds::READ) && !is(last, Kinds::CHANGES)
        {
            self.name_reads = true;
        } else if let Some(inner) = (0..name.len()).find(|place| pure_read(*place)) {
            let before = any_change.filter(|place| *place < inner);
            self.name_changes = before;
            self.name_reads = before.is_none();
        } else {
            self.name_changes = any_change;
        }
    }

    fn mark(&mut self, sheet: &Sheet) {
        let hard =
            Kinds::DESTROY.with(Kinds::OPEN).with(Kinds::PAY).with(Kinds::GRANT).with(Kinds::RUN);
        let nouns = Kinds::MONEY.with(Kinds::RIGHTS).with(Kinds::PUBLIC);
        let kinds = |wanted: Kinds| {
            Kinds::NAMES.iter().filter(move |(kind, _)| kind.has(wanted)).map(|(kind, _)| *kind)
        };
        for (index, word) in sheet.name.iter().enumerate() {
            for kind in kinds(hard.with(nouns)).filter(|kind| word.kinds.has(*kind)) {
                self.marks.push(Mark { at: Place::Name, index, kind });
            }
        }
        for (index, word) in sheet.description.iter().enumerate().take(sheet.first_sentence) {
            let wanted =
                if Some(index) == sheet.description_verb { hard.with(nouns) } else { nouns };
            for kind in kinds(wanted).filter(|kind| word.kinds.has(*kind)) {
                self.marks.push(Mark { at: Place::Description, index, kind });
            }
        }
        for (index, (words, _)) in sheet.arguments.iter().enumerate() {
            if words.iter().any(|word| is_money_word(&word.text)) {
                self.marks.push(Mark { at: Place::Argument, index, kind: Kinds::MONEY });
            }
            let rights = |word: &Word| word.kinds.has(Kinds::RIGHTS);
            if words.iter().any(rights) {
                self.marks.push(Mark { at: Place::Argument, index, kind: Kinds::RIGHTS });
            }
        }
    }

    /// What the model sees of the rules.
    pub(super) fn flags(&self) -> Vec<&'static str> {
        let mut flags = Vec::new();
        let mut add = |holds: bool, flag| {
            if holds {
                flags.push(flag);
            }
        };
        add(self.changes(), "changes");
        add(!self.changes(), "reads");
        add(self.name_reads, "name reads");
        add(self.name_changes.is_some(), "name changes");
        add(self.description_reads, "description reads");
        add(self.description_changes.is_some(), "description changes");
        add(!self.name_reads && self.name_changes.is_none(), "name silent");
        add(self.name_changes.is_some() && self.description_changes.is_some(), "both change");
        add(self.name_reads && self.description_reads, "both read");
        flags
    }
}
